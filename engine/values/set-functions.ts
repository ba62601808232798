/**
 * Functions that give rows: `setFunctions[primitive](...arguments, context?)` answers a function that gives one value a call, and
 * undefined when there are no more. The context is handed over to those only whose declaration says so. Where the declaration
 * does not say otherwise they are strict: with a NULL they give no row and are not called.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue, MultirangeValue } from '../storage/rows/nested-value.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import type { Instant } from './calendar.ts';
import { comparisons } from './compare.ts';
import type { ValueContext } from './context.ts';
import { numericAdd } from './decimal-short.ts';
import { timeFunctions } from './functions-time.ts';
import { catalogSetFunctions } from './functions-catalog.ts';
import { encodedSetFunctions } from './encoded-types.ts';
import { furtherSetFunctions } from './functions-further.ts';
import { listSetFunctions } from './functions-lists.ts';
import { pathSetFunctions } from './functions-paths.ts';
import { type Int8, int8Of } from './integers.ts';
import { textSetFunctions } from './set-functions-text.ts';

/** The next value; undefined: the end. */
export type NextValue = () => RowValue | undefined;
// biome-ignore lint/suspicious/noExplicitAny: each takes the types its declaration says.
export type SetFunction = (...given: any[]) => NextValue;

const badStep = (): SqlError => new SqlError(SQLSTATE.invalid_parameter_value, 'step size cannot equal zero');

/** All sums are exact doubles; what lies beyond int4 lies beyond `stop` too. */
function int4Series(start: number, stop: number, step = 1): NextValue {
  if (step === 0) throw badStep();
  let value = start;
  return () => {
    if (step > 0 ? value > stop : value < stop) return undefined;
    const answer = value;
    value += step;
    return answer;
  };
}

const SAFE = 2 ** 52;
function int8Series(start: Int8, stop: Int8, step: Int8 = 1): NextValue {
  if (Number(step) === 0) throw badStep();
  const all = [start, stop, step];
  if (all.every((one) => typeof one === 'number' && Math.abs(one) < SAFE))
    return int4Series(start as number, stop as number, step as number);
  const [last, by] = [BigInt(stop), BigInt(step)];
  let value = BigInt(start);
  return () => {
    if (by > 0n ? value > last : value < last) return undefined;
    const answer = value;
    value += by;
    return int8Of(answer);
  };
}

/** 22023 */
function mustBeFinite(value: string, what: string): void {
  const found = value === 'NaN' ? 'NaN' : /Infinity/.test(value) ? 'infinity' : null;
  if (found !== null) throw new SqlError(SQLSTATE.invalid_parameter_value, `${what} cannot be ${found}`);
}
const compareNumerics = comparisons.numeric as (a: string, b: string) => number;

function numericSeries(start: string, stop: string, step = '1'): NextValue {
  mustBeFinite(start, 'start value');
  mustBeFinite(stop, 'stop value');
  mustBeFinite(step, 'step size');
  const direction = compareNumerics(step, '0');
  if (direction === 0) throw badStep();
  let value = start;
  return () => {
    if (compareNumerics(value, stop) * direction > 0) return undefined;
    const answer = value;
    value = numericAdd(value, step);
    return answer;
  };
}

const compareInstants = comparisons.timestamp as (a: Instant, b: Instant) => number;
const compareIntervals = comparisons.interval as (a: IntervalValue, b: IntervalValue) => number;
const NO_TIME: IntervalValue = { months: 0, days: 0, microseconds: 0 };

/** By the calendar: each value is the one before it and a step. */
function instantSeries(name: 'timestamp' | 'timestamptz'): SetFunction {
  const add = timeFunctions[`${name}.add.interval`] as (value: Instant, step: IntervalValue, context?: ValueContext) => Instant;
  return (start: Instant, stop: Instant, step: IntervalValue, context?: ValueContext) => {
    const direction = compareIntervals(step, NO_TIME);
    if (direction === 0) throw badStep();
    let value = start;
    return () => {
      if (compareInstants(value, stop) * direction > 0) return undefined;
      const answer = value;
      value = add(value, step, context);
      return answer;
    };
  };
}

function subscripts({ lengths, lowers }: ArrayValue, which: number, reverse: boolean): NextValue {
  if (which < 1 || which > lengths.length) return () => undefined;
  const first = lowers[which - 1];
  const last = first + lengths[which - 1] - 1;
  return reverse ? int4Series(last, first, -1) : int4Series(first, last);
}

export const setFunctions: { readonly [primitive: string]: SetFunction } = {
  'generate_series.int4': int4Series,
  'generate_series.int4.step': int4Series,
  'generate_series.int8': int8Series,
  'generate_series.int8.step': int8Series,
  'generate_series.numeric': numericSeries,
  'generate_series.numeric.step': numericSeries,
  'generate_series.timestamp': instantSeries('timestamp'),
  'generate_series.timestamptz': instantSeries('timestamptz'),
  'array.unnest': ({ items }: ArrayValue) => {
    let at = 0;
    return () => (at < items.length ? items[at++] : undefined);
  },
  'multirange.unnest': ({ ranges }: MultirangeValue) => {
    let at = 0;
    return () => (at < ranges.length ? ranges[at++] : undefined);
  },
  'array.subscripts': (array: ArrayValue, which: number) => subscripts(array, which, false),
  'array.subscripts.reverse': subscripts,
  ...textSetFunctions,
  ...catalogSetFunctions,
  ...pathSetFunctions,
  ...listSetFunctions,
  ...furtherSetFunctions,
  ...encodedSetFunctions,
};
