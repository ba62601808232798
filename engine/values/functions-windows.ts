/**
 * What a RANGE frame reaches to (engine/sblr/primitives-windows.ts). Sizes below 0 and NULL are errors; a key of NULL reaches to nothing.
 * Sums that the key's own type could not hold are in a wider one, so that they are never an overflow.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import type { Instant } from './calendar.ts';
import { comparisons } from './compare.ts';
import type { ValueContext } from './context.ts';
import { numericAdd, numericSub } from './decimal-short.ts';
import type { Implementation } from './functions.ts';
import { timeFunctions } from './functions-time.ts';
import { type Int8, int8Of } from './integers.ts';

const NO_TIME: IntervalValue = { months: 0, days: 0, microseconds: 0 };
const compareIntervals = comparisons.interval as (a: IntervalValue, b: IntervalValue) => number;

/** 22004, 22013 */
function refuse(offset: RowValue, isStart: boolean): void {
  if (offset === null)
    throw new SqlError(SQLSTATE.null_value_not_allowed, `frame ${isStart ? 'starting' : 'ending'} offset must not be null`);
  throw new SqlError(SQLSTATE.invalid_preceding_or_following_size, 'invalid preceding or following size in window function');
}

type Reach<Key, Offset> = (key: Key, offset: Offset, isStart: boolean, context: ValueContext) => RowValue;

function reaching<Key extends RowValue, Offset extends RowValue>(
  isSize: (offset: Offset) => boolean,
  reach: Reach<Key, Offset>,
): Implementation {
  return (key: Key | null, offset: Offset | null, isStart: boolean, context: ValueContext) => {
    if (offset === null) refuse(offset, isStart);
    if (key === null) return null;
    if (!isSize(offset as Offset)) refuse(offset, isStart);
    return reach(key, offset as Offset, isStart, context);
  };
}

const INT8_MAX = 2n ** 63n - 1n;
const INT8_MIN = -(2n ** 63n);
/** Of keys of 32 bits: an end beyond int8 lies beyond all of them as well. */
function clampedSum(key: Int8, offset: Int8, sign: bigint): Int8 {
  const near = Number(key) + Number(sign) * Number(offset);
  if (Number.isSafeInteger(near) && Number.isSafeInteger(Number(offset))) return near;
  const sum = BigInt(key) + sign * BigInt(offset);
  return int8Of(sum > INT8_MAX ? INT8_MAX : sum < INT8_MIN ? INT8_MIN : sum);
}

/** PostgreSQL's rule: from an infinity an infinite step back to the other one reaches everything. */
function floatSum(key: number, offset: number, sign: number, isStart: boolean): number {
  const isEverything = offset === Infinity && key === -sign * Infinity;
  if (isEverything) return isStart ? -Infinity : NaN;
  return key + sign * offset;
}
function numericSum(key: string, offset: string, sign: number, isStart: boolean): string {
  const isEverything = offset === 'Infinity' && key === (sign > 0 ? '-Infinity' : 'Infinity');
  if (isEverything) return isStart ? '-Infinity' : 'NaN';
  return sign > 0 ? numericAdd(key, offset) : numericSub(key, offset);
}

const isSpan = (offset: IntervalValue): boolean => compareIntervals(offset, NO_TIME) >= 0;

const table: { [primitive: string]: Implementation } = {};
for (const [name, sign, does] of [
  ['before', -1, 'sub'],
  ['after', 1, 'add'],
] as const) {
  const isCount = (offset: Int8): boolean => offset >= 0;
  table[`window.${name}.int4`] = reaching<Int8, Int8>(isCount, (key, offset) => clampedSum(key, offset, BigInt(sign)));
  table[`window.${name}.int8`] = reaching<Int8, Int8>(isCount, (key, offset) =>
    (sign > 0 ? numericAdd : numericSub)(String(key), String(offset)),
  );
  table[`window.${name}.numeric`] = reaching<string, string>(
    (offset) => offset !== 'NaN' && !offset.startsWith('-'),
    (key, offset, isStart) => numericSum(key, offset, sign, isStart),
  );
  table[`window.${name}.float8`] = reaching<number, number>(
    (offset) => offset >= 0,
    (key, offset, isStart) => floatSum(key, offset, sign, isStart),
  );
  table[`window.${name}.timestamp`] = reaching<Instant, IntervalValue>(isSpan, (key, offset) =>
    timeFunctions[`timestamp.${does}.interval`](key, offset),
  );
  table[`window.${name}.timestamptz`] = reaching<Instant, IntervalValue>(isSpan, (key, offset, _, context) =>
    timeFunctions[`timestamptz.${does}.interval`](key, offset, context),
  );
  table[`window.${name}.interval`] = reaching<IntervalValue, IntervalValue>(isSpan, (key, offset) =>
    timeFunctions[`interval.${does}`](key, offset),
  );
}

export const windowTargets: { readonly [primitive: string]: Implementation } = table;
