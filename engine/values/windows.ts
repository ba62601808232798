/**
 * Window functions over sorted rows: `windowColumn(rows, call, out, first, last)` fills in one function's answers for the rows of some
 * partitions. Arguments are columns over the sorted rows. Linear in the rows, except where a frame leaves rows behind that an aggregate
 * cannot take out again (windows-moving.ts).
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { FrameCursor, groupOf, type WindowFrame, type WindowRows } from './windows-frames.ts';
import { movingColumn } from './windows-moving.ts';

export { frameOffset, type WindowFrame, type WindowRange, type WindowRows } from './windows-frames.ts';

export interface WindowCall {
  /** 'row_number', 'lag.default' and the like (WINDOW_FUNCTIONS), or an aggregate primitive. */
  readonly primitive: string;
  /** Values of each argument, by row. */
  readonly arguments: readonly ArrayLike<RowValue>[];
  /** FILTER of an aggregate: rows count where it is true; null: all. */
  readonly filter: ArrayLike<RowValue> | null;
  readonly frame: WindowFrame;
}

type Fill = (rows: WindowRows, call: WindowCall, out: RowValue[], first: number, last: number) => void;

/** Answers in `out` for the rows of the partitions from `first` on, before `last`. */
export function windowColumn(rows: WindowRows, call: WindowCall, out: RowValue[], first: number, last: number): void {
  const fill = WINDOW_FUNCTIONS[call.primitive];
  if (fill === undefined) movingColumn(rows, call, out, first, last);
  else fill(rows, call, out, first, last);
}

// ---- by place in the partition ----

function rowNumber({ partitions }: WindowRows, _: WindowCall, out: RowValue[], first: number, last: number): void {
  for (let partition = first; partition < last; partition++) {
    const from = partitions[partition];
    const to = partitions[partition + 1];
    for (let row = from; row < to; row++) out[row] = row - from + 1;
  }
}

/** Functions that say the same for all peers: `answer` of the partition, the group of peers and its number in the partition, from 0. */
function byPeers(answer: (from: number, to: number, groupFrom: number, groupTo: number, group: number) => number): Fill {
  return ({ partitions, peers }, _, out, first, last) => {
    if (first >= last) return;
    let place = groupOf(peers, partitions[first]);
    for (let partition = first; partition < last; partition++) {
      const from = partitions[partition];
      const to = partitions[partition + 1];
      for (let group = 0; peers[place] < to; group++, place++) {
        const groupTo = peers[place + 1];
        const value = answer(from, to, peers[place], groupTo, group);
        for (let row = peers[place]; row < groupTo; row++) out[row] = value;
      }
    }
  };
}

/** Buckets of the partition; the number of buckets is that of its first row. 22014 */
function ntile(
  { partitions }: WindowRows,
  { arguments: [counts] }: WindowCall,
  out: RowValue[],
  first: number,
  last: number,
): void {
  for (let partition = first; partition < last; partition++) {
    const from = partitions[partition];
    const to = partitions[partition + 1];
    const buckets = counts[from] as number | null;
    if (buckets !== null && buckets <= 0)
      throw new SqlError(SQLSTATE.invalid_argument_for_ntile_function, 'argument of ntile must be greater than zero');
    const size = buckets === null ? 0 : Math.floor((to - from) / buckets);
    // The first buckets have a row more.
    const larger = buckets === null ? 0 : (to - from) % buckets;
    const inLarger = larger * (size + 1);
    for (let row = from; row < to; row++) {
      const place = row - from;
      if (buckets === null) out[row] = null;
      else if (place < inLarger) out[row] = Math.floor(place / (size + 1)) + 1;
      else out[row] = larger + Math.floor((place - inLarger) / size) + 1;
    }
  }
}

/** LAG, LEAD: the value some rows before or behind, else the default at hand. */
function shifted(direction: number): Fill {
  return ({ partitions }, { arguments: [values, offsets, defaults] }, out, first, last) => {
    for (let partition = first; partition < last; partition++) {
      const from = partitions[partition];
      const to = partitions[partition + 1];
      for (let row = from; row < to; row++) {
        const offset = offsets === undefined ? 1 : (offsets[row] as number | null);
        const place = row + direction * (offset ?? 0);
        if (offset === null) out[row] = null;
        else if (place >= from && place < to) out[row] = values[place];
        else out[row] = defaults === undefined ? null : defaults[row];
      }
    }
  };
}

// ---- by place in the frame ----

function framed(place: (cursor: FrameCursor, call: WindowCall, row: number) => number): Fill {
  return (rows, call, out, first, last) => {
    const cursor = new FrameCursor(rows, call.frame);
    const [values] = call.arguments;
    for (let partition = first; partition < last; partition++) {
      cursor.begin(partition);
      for (let row = cursor.from; row < cursor.to; row++) {
        cursor.move(row);
        const found = place(cursor, call, row);
        out[row] = found < 0 ? null : values[found];
      }
    }
  };
}

/** 22016 */
function nthPlace(cursor: FrameCursor, { arguments: [, numbers] }: WindowCall, row: number): number {
  const number = numbers[row] as number | null;
  if (number === null) return -1;
  if (number <= 0)
    throw new SqlError(SQLSTATE.invalid_argument_for_nth_value_function, 'argument of nth_value must be greater than zero');
  return cursor.rowAt(number - 1);
}

/** Window functions that are no aggregates. */
export const WINDOW_FUNCTIONS: { readonly [primitive: string]: Fill } = {
  row_number: rowNumber,
  rank: byPeers((from, _to, groupFrom) => groupFrom - from + 1),
  dense_rank: byPeers((_from, _to, _groupFrom, _groupTo, group) => group + 1),
  percent_rank: byPeers((from, to, groupFrom) => (to - from > 1 ? (groupFrom - from) / (to - from - 1) : 0)),
  cume_dist: byPeers((from, to, _groupFrom, groupTo) => (groupTo - from) / (to - from)),
  ntile,
  lag: shifted(-1),
  'lag.offset': shifted(-1),
  'lag.default': shifted(-1),
  lead: shifted(1),
  'lead.offset': shifted(1),
  'lead.default': shifted(1),
  first_value: framed((cursor) => cursor.rowAt(0)),
  last_value: framed((cursor) => cursor.rowAt(cursor.size() - 1)),
  nth_value: framed(nthPlace),
};
