/**
 * Stages as they run: each drives its source to the end, or until its rows have reached the caller's bound (RUN_FULL) or a change
 * must stop (c.stopped). Between two calls nothing is held; places are in the state's parts (SBLR-E3).
 */

import { implementations } from '../../engine/values/functions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Groups } from './groups.ts';
import type { ScanReader } from './scan-source.ts';
import type { Sorter } from './sorter.ts';
import type { Drain } from './stage-code.ts';
import type { State } from './state.ts';

/** The stage is at its end; its rows fill the caller's room; c.stopped says why it stops. */
export const STAGE_DONE = 0;
export const STAGE_FULL = 1;
export const STAGE_STOPPED = 2;
/** It has run for long: the event loop is to turn. */
export const STAGE_PAUSED = 3;
/** Another plan is to run instead. */
export const STAGE_REPLAN = 4;

export interface RunningStage {
  begin(c: State): void;
  run(c: State): number;
  /** Of a stage of at most one row: all that it does. */
  readonly one?: ((c: State) => unknown) | undefined;
}

/** Makes room for the groups of so many rows; looks for an overflow that a page has left behind. */
export interface GroupRoom {
  reserve(c: State, rows: number): void;
  look(c: State): void;
}

export const NO_GROUPS: GroupRoom = { reserve: () => {}, look: () => {} };

export const groupRoom = (part: number): GroupRoom => ({
  reserve: (c, rows) => (c.parts[part] as Groups).reserve(rows),
  look: (c) => {
    // The primitive raises its error.
    if ((c.parts[part] as Groups).late >= 0) implementations['float8.add'](Number.MAX_VALUE, Number.MAX_VALUE);
  },
});

const ROWS_A_PAGE = 512;

/**
 * Between morsels, nothing held: 57014 when the statement is to end; true when it is to pause, which it does only once it has `moved`
 * since it was called: however short its time, it gets to its end.
 */
export function look(c: State, moved: boolean): boolean {
  const { run } = c;
  if (run.canceled()) throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
  return moved && run.pause?.() === true;
}

/** After a drain: what it means for the stage; -1: go on. */
export function verdict(c: State, isRows: boolean): number {
  if (c.stopped !== 0) return STAGE_STOPPED;
  if (c.finished) return STAGE_DONE;
  if (isRows && (c.full || c.rows.length >= c.max)) return STAGE_FULL;
  if (!c.due) return -1;
  c.due = false;
  return STAGE_PAUSED;
}

export function scanStage(part: number, drain: Drain, groups: GroupRoom, isRows: boolean): RunningStage {
  return {
    begin: (c) => (c.parts[part] as ScanReader).begin(c),
    run: (c) => {
      const reader = c.parts[part] as ScanReader;
      for (let moved = false; ; moved = true) {
        if (reader.taken < c.count) {
          groups.reserve(c, c.count);
          reader.taken = drain(c, c.copies, reader.taken, c.count);
          const end = verdict(c, isRows);
          if (end >= 0) return end;
        }
        if (look(c, moved)) return STAGE_PAUSED;
        groups.reserve(c, ROWS_A_PAGE);
        if (!reader.nextPage(c)) return STAGE_DONE;
        groups.look(c);
      }
    },
  };
}

/** With `isRows`, `one` answers a row of the result, or undefined; with `isMany` it has put rows where they belong. */
export function oneStage(
  part: number,
  one: (c: State) => unknown,
  groups: GroupRoom,
  isRows: boolean,
  isMany = false,
): RunningStage {
  return {
    begin: (c) => {
      (c.parts[part] as { done: boolean }).done = false;
    },
    run: (c) => {
      const place = c.parts[part] as { done: boolean };
      if (!place.done) {
        place.done = true;
        groups.reserve(c, 1);
        const row = one(c);
        // True: it is written already.
        if (isRows && row !== undefined && row !== true) c.rows.push(row);
      }
      return c.stopped !== 0 ? STAGE_STOPPED : STAGE_DONE;
    },
    one: isMany ? undefined : one,
  };
}

interface ListPlace {
  list: readonly unknown[][];
  at: number;
}

const ROWS_AT_ONCE = 1024;

/** Rows of values: all of them at once, or one batch after the other. */
export function listStage(
  part: number,
  first: (c: State) => readonly unknown[][],
  further: ((c: State) => readonly unknown[][]) | null,
  drain: Drain,
  groups: GroupRoom,
  isRows: boolean,
): RunningStage {
  return {
    begin: (c) => {
      const place = c.parts[part] as ListPlace;
      place.list = first(c);
      place.at = 0;
    },
    run: (c) => {
      const place = c.parts[part] as ListPlace;
      let moved = false;
      for (;;) {
        while (place.at < place.list.length) {
          if (look(c, moved)) return STAGE_PAUSED;
          moved = true;
          const to = Math.min(place.list.length, place.at + ROWS_AT_ONCE);
          groups.reserve(c, to - place.at);
          place.at = drain(c, place.list, place.at, to);
          const end = verdict(c, isRows);
          if (end >= 0) return end;
        }
        if (further === null) return STAGE_DONE;
        place.list = further(c);
        place.at = 0;
        if (place.list.length === 0) return STAGE_DONE;
      }
    },
  };
}

export function sortedStage(part: number, sorter: number, drain: Drain, groups: GroupRoom, isRows: boolean): RunningStage {
  const next = (c: State): readonly unknown[][] => (c.parts[sorter] as Sorter).nextRows();
  return listStage(
    part,
    (c) => {
      (c.parts[sorter] as Sorter).finish();
      return next(c);
    },
    next,
    drain,
    groups,
    isRows,
  );
}

/** Groups as rows: those in memory, then part by part those whose rows wait in a file. */
export function groupsStage(part: number, from: number, drain: Drain, groups: GroupRoom, isRows: boolean): RunningStage {
  const placeOf = (c: State): { at: number; fills: boolean } => c.parts[part] as never;
  return {
    begin: (c) => {
      const place = placeOf(c);
      place.at = 0;
      place.fills = false;
      (c.parts[from] as Groups).finish();
    },
    run: (c) => {
      const place = placeOf(c);
      const source = c.parts[from] as Groups;
      for (let moved = false; ; moved = true) {
        if (look(c, moved)) return STAGE_PAUSED;
        if (place.fills) {
          place.fills = source.fillOn(c);
        } else if (place.at < source.count) {
          const to = Math.min(source.count, place.at + ROWS_AT_ONCE);
          groups.reserve(c, to - place.at);
          place.at = drain(c, null, place.at, to);
          const end = verdict(c, isRows);
          if (end >= 0) return end;
        } else {
          if (!source.nextPart()) return STAGE_DONE;
          place.at = 0;
          place.fills = true;
        }
      }
    },
  };
}
