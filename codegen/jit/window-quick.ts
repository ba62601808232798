/**
 * The window aggregates that are asked for most, as one loop each: sums and counts from the beginning of the partition to the row at hand,
 * or over the whole partition. Sums of int4 are exact doubles here; the answers are those of engine/values.
 */

import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import type { WindowCall, WindowRows } from '../../engine/values/windows.ts';

const SAFE = 2 ** 52;
const SUMS = new Set(['sum.int2', 'sum.int4', 'sum.float8', 'count', 'count.star']);

function isQuick({ primitive, frame, filter }: WindowCall): boolean {
  if (!SUMS.has(primitive) || filter !== null || frame.exclude !== 'none' || frame.start !== 'unboundedPreceding') return false;
  return frame.end === 'current' || frame.end === 'unboundedFollowing';
}

/** Sums of numbers that are all there: answers are numbers, too, unless they grow too large. */
export const isQuickSum = (call: WindowCall): boolean =>
  isQuick(call) && !call.primitive.startsWith('count') && call.arguments[0] instanceof Float64Array;

/** Whether the call is one of these: then its answers for the partitions from `first` on, before `last`, are in `out`. */
export function quickColumn(rows: WindowRows, call: WindowCall, out: RowValue[], first: number, last: number): boolean {
  const { primitive, frame } = call;
  if (!isQuick(call)) return false;
  const [values] = call.arguments;
  const counts = primitive.startsWith('count');
  const isWhole = frame.end === 'unboundedFollowing';
  const byRow = !isWhole && frame.unit === 'rows';
  const ends = isWhole ? rows.partitions : byRow ? null : rows.peers;
  if (values instanceof Float64Array && !counts) return sums(rows, values, ends, primitive === 'sum.float8', out, first, last);
  if (!counts) return false;
  countsOf(rows, primitive === 'count' ? values : null, ends, out, first, last);
  return true;
}

/** Place in `ends` of the first one behind `place`. */
function endBehind(ends: Int32Array, place: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ends[middle] <= place) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Numbers without NULLs. A sum of floats that overflows is left to engine/values, which says so. */
function sums(
  { partitions }: WindowRows,
  values: Float64Array,
  ends: Int32Array | null,
  isFloat: boolean,
  out: RowValue[],
  first: number,
  last: number,
): boolean {
  let end = ends === null ? 0 : endBehind(ends, partitions[first]);
  for (let partition = first; partition < last; partition++) {
    let sum = 0;
    const to = partitions[partition + 1];
    for (let place = partitions[partition]; place < to; ) {
      const stop = ends === null ? place + 1 : ends[end++];
      const from = place;
      for (; place < stop; place++) {
        sum = isFloat && place === partitions[partition] ? values[place] : sum + values[place];
      }
      if (isFloat ? sum - sum !== 0 : sum > SAFE || sum < -SAFE) return false;
      for (let at = from; at < stop; at++) out[at] = sum;
    }
  }
  return true;
}

function countsOf(
  { partitions }: WindowRows,
  values: ArrayLike<RowValue> | null,
  ends: Int32Array | null,
  out: RowValue[],
  first: number,
  last: number,
): void {
  let end = ends === null ? 0 : endBehind(ends, partitions[first]);
  for (let partition = first; partition < last; partition++) {
    let count = 0;
    const to = partitions[partition + 1];
    for (let place = partitions[partition]; place < to; ) {
      const stop = ends === null ? place + 1 : ends[end++];
      const from = place;
      for (; place < stop; place++) if (values === null || values[place] !== null) count++;
      for (let at = from; at < stop; at++) out[at] = count;
    }
  }
}
