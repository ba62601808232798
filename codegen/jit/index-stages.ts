/**
 * Stages over ranges of an index: one range, or the values of a list one after the other; their rows, or what their entries say
 * (index-only.ts).
 */

import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { canonical } from './helpers.ts';
import type { EntryReader } from './index-only.ts';
import type { IndexReader, RangeShape } from './index-source.ts';
import { type GroupRoom, look, type RunningStage, STAGE_DONE, STAGE_PAUSED, verdict } from './stage-run.ts';
import type { Drain } from './stage-code.ts';
import type { State } from './state.ts';

/** Rows between looks at the cancel word. */
const ROWS_A_LOOK = 256;

/** Where a stage is among its ranges. */
export interface RangePlace {
  values: readonly RowValue[];
  next: number;
  /** A range has been begun and is not at its end. */
  isOpen: boolean;
}

/** Of this stage only: others may fill the same part. */
export const rangePlace = (): RangePlace => ({ values: [], next: 0, isOpen: false });

/** The ranges that the reader in part `reader` goes through; the place is part `place`. */
export interface Ranges {
  readonly reader: number;
  readonly place: number;
  begin(c: State): void;
  /** Begins to read the next range. False: there is none. */
  next(c: State): boolean;
}

const placeOf = (c: State, { place }: Ranges): RangePlace => c.parts[place] as RangePlace;

export function oneRange(reader: number, place: number, values: (c: State) => boolean, shape: RangeShape): Ranges {
  return {
    reader,
    place,
    begin: (c) => {
      (c.parts[place] as RangePlace).isOpen = values(c) && (c.parts[reader] as IndexReader).begin(c, shape);
    },
    next: () => false,
  };
}

/** The values of a list one after the other, each once. */
export function pointRanges(
  reader: number,
  place: number,
  listOf: (c: State) => readonly RowValue[],
  type: BoundExpression['type'],
): Ranges {
  const shape: RangeShape = { equal: 1, low: 'none', high: 'none', backward: false };
  return {
    reader,
    place,
    begin: (c) => {
      const distinct = new Map<unknown, RowValue>();
      for (const value of listOf(c)) if (value !== null) distinct.set(canonical(type.name, value), value);
      Object.assign(c.parts[place] as RangePlace, { values: [...distinct.values()], next: 0, isOpen: false });
    },
    next: (c) => {
      const at = c.parts[place] as RangePlace;
      const range = c.parts[reader] as IndexReader;
      while (at.next < at.values.length) {
        range.values[0] = at.values[at.next++];
        if (range.begin(c, shape)) return true;
      }
      return false;
    },
  };
}

/** The rows of the ranges. */
export function rangesStage(ranges: Ranges, drain: Drain, groups: GroupRoom, isRows: boolean): RunningStage {
  const nextRow = (c: State, place: RangePlace, reader: IndexReader): boolean => {
    for (;;) {
      if (place.isOpen && reader.next(c)) return true;
      place.isOpen = ranges.next(c);
      if (!place.isOpen) return false;
    }
  };
  return {
    begin: ranges.begin,
    run: (c) => {
      const place = placeOf(c, ranges);
      const reader = c.parts[ranges.reader] as IndexReader;
      for (let row = 0; ; row++) {
        if (row % ROWS_A_LOOK === 0 && look(c, row > 0)) return STAGE_PAUSED;
        if (!nextRow(c, place, reader)) return STAGE_DONE;
        groups.reserve(c, 1);
        drain(c, c.out, 0, 1);
        const end = verdict(c, isRows);
        if (end >= 0) return end;
      }
    },
  };
}

/** What the entries of the ranges say: through the EntryReader in part `part`. */
export function entriesStage(part: number, ranges: Ranges, drain: Drain, groups: GroupRoom, isRows: boolean): RunningStage {
  const fill = (c: State, place: RangePlace, entries: EntryReader): boolean => {
    for (;;) {
      if (place.isOpen && entries.fill(c)) return true;
      place.isOpen = ranges.next(c);
      if (!place.isOpen) return false;
      entries.begin(c, c.parts[ranges.reader] as IndexReader);
    }
  };
  return {
    begin: (c) => {
      ranges.begin(c);
      (c.parts[part] as EntryReader).begin(c, c.parts[ranges.reader] as IndexReader);
    },
    run: (c) => {
      const place = placeOf(c, ranges);
      const entries = c.parts[part] as EntryReader;
      for (let moved = false; ; moved = true) {
        if (entries.taken < entries.count) {
          groups.reserve(c, entries.count);
          entries.taken = drain(c, entries.images, entries.taken, entries.count);
          const end = verdict(c, isRows);
          if (end >= 0) return end;
          continue;
        }
        if (look(c, moved)) return STAGE_PAUSED;
        if (!fill(c, place, entries)) return STAGE_DONE;
      }
    },
  };
}
