/** Ordered-set aggregates: they are stepped in the order of WITHIN GROUP, with their direct arguments before the value. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import type { Aggregate } from './aggregates.ts';
import { comparisons } from './compare.ts';
import { addIntervals, multiplyInterval } from './interval.ts';

interface Collected<Value> {
  fraction: number | null;
  readonly values: Value[];
}

/** 22003 */
function checkFraction(fraction: number): void {
  if (fraction >= 0 && fraction <= 1) return;
  throw new SqlError(SQLSTATE.numeric_value_out_of_range, `percentile value ${fraction} is not between 0 and 1`);
}

/** NULLs do not count. */
function ofCollected<Value extends RowValue>(
  pick: (values: readonly Value[], fraction: number) => RowValue,
): Aggregate<Collected<Value>> {
  return {
    init: () => ({ fraction: null, values: [] }),
    step(state, fraction: number | null, value: Value | null) {
      if (value === null) return state;
      state.fraction = fraction;
      state.values.push(value);
      return state;
    },
    result({ fraction, values }) {
      if (values.length === 0 || fraction === null) return null;
      checkFraction(fraction);
      return pick(values, fraction);
    },
  };
}

const between =
  <Value extends RowValue>(mix: (low: Value, high: Value, part: number) => Value) =>
  (values: readonly Value[], fraction: number): RowValue => {
    const place = fraction * (values.length - 1);
    const first = Math.floor(place);
    const second = Math.ceil(place);
    return first === second ? values[first] : mix(values[first], values[second], place - first);
  };

const atLeast = (values: readonly RowValue[], fraction: number): RowValue =>
  values[Math.max(Math.ceil(fraction * values.length) - 1, 0)];

interface Runs {
  best: RowValue;
  bestLength: number;
  value: RowValue;
  length: number;
}
/** The value that is there most often; of several the first one. Equal values lie together. */
const mode: Aggregate<Runs> = {
  init: () => ({ best: null, bestLength: 0, value: null, length: 0 }),
  step(state, value: RowValue, type: string) {
    if (value === null) return state;
    const compare = comparisons[type] as unknown as (a: RowValue, b: RowValue) => number;
    const isSame = state.length > 0 && compare(state.value, value) === 0;
    if (!isSame) state.value = value;
    state.length = isSame ? state.length + 1 : 1;
    if (state.length > state.bestLength) {
      state.best = state.value;
      state.bestLength = state.length;
    }
    return state;
  },
  result: (state) => state.best,
};

export const ORDERED_AGGREGATES: { readonly [primitive: string]: Aggregate } = {
  'percentile_cont.float8': ofCollected(between<number>((low, high, part) => low + part * (high - low))),
  'percentile_cont.interval': ofCollected(
    between<IntervalValue>((low, high, part) => addIntervals(multiplyInterval(addIntervals(high, low, -1), part), low, 1)),
  ),
  percentile_disc: ofCollected(atLeast),
  mode,
};
