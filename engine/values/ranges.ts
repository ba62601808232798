/** Ranges: made, brought to their canonical form, compared by their bounds, cut and joined. Multiranges are lists of them. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { MultirangeValue, RangeValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { compareBounds, comparisonFor, lowerBound, upperBound } from './compare-nested.ts';
import { outOfRange } from './errors.ts';

export const emptyRange = (element: string): RangeValue => ({
  kind: 'range',
  element,
  empty: true,
  lower: null,
  upper: null,
  lowerInclusive: false,
  upperInclusive: false,
});

const isDiscrete = (element: string): boolean => element === 'int4' || element === 'int8' || element === 'date';

/** The next value of a discrete type; infinities of dates stay. 22003, 22008 */
function next(element: string, value: RowValue): RowValue {
  if (element === 'int4') {
    if (value === 2147483647) throw outOfRange('integer');
    return (value as number) + 1;
  }
  if (element === 'date') {
    if (!Number.isFinite(value)) return value;
    return (value as number) + 1;
  }
  const whole = BigInt(value as number | bigint) + 1n;
  if (whole > 9223372036854775807n) throw outOfRange('bigint');
  return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
}

/** [a,b) for types whose values can be counted. 22000 when the bounds are the wrong way round. */
export function makeRange(
  element: string,
  lower: RowValue,
  upper: RowValue,
  lowerInclusive: boolean,
  upperInclusive: boolean,
): RangeValue {
  let low = { value: lower, inclusive: lowerInclusive && lower !== null };
  let high = { value: upper, inclusive: upperInclusive && upper !== null };
  if (lower !== null && upper !== null) {
    const order = (comparisonFor(element) as unknown as (a: RowValue, b: RowValue) => number)(lower, upper);
    if (order > 0) throw new SqlError('22000', 'range lower bound must be less than or equal to range upper bound');
    if (order === 0 && !(low.inclusive && high.inclusive)) return emptyRange(element);
  }
  if (isDiscrete(element)) {
    if (low.value !== null && !low.inclusive && Number.isFinite(Number(low.value)))
      low = { value: next(element, low.value), inclusive: true };
    if (high.value !== null && high.inclusive && Number.isFinite(Number(high.value)))
      high = { value: next(element, high.value), inclusive: false };
    if (low.value !== null && high.value !== null && low.inclusive && !high.inclusive) {
      const order = (comparisonFor(element) as unknown as (a: RowValue, b: RowValue) => number)(low.value, high.value);
      if (order >= 0) return emptyRange(element);
    }
  }
  return {
    kind: 'range',
    element,
    empty: false,
    lower: low.value,
    upper: high.value,
    lowerInclusive: low.inclusive,
    upperInclusive: high.inclusive,
  };
}

/** '[)' and the like. 42601 */
export function boundFlags(flags: string | null): readonly [boolean, boolean] {
  if (flags === null) throw new SqlError('22000', 'range constructor flags argument must not be null');
  if (!/^[[(][\])]$/.test(flags))
    throw new SqlError(SQLSTATE.syntax_error, 'invalid range bound flags', {
      hint: 'Valid values are "[]", "[)", "(]", and "()".',
    });
  return [flags[0] === '[', flags[1] === ']'];
}

export const containsValue = (range: RangeValue, value: RowValue): boolean => {
  if (range.empty) return false;
  const compare = comparisonFor(range.element) as unknown as (a: RowValue, b: RowValue) => number;
  if (range.lower !== null) {
    const order = compare(range.lower, value);
    if (order > 0 || (order === 0 && !range.lowerInclusive)) return false;
  }
  if (range.upper === null) return true;
  const order = compare(range.upper, value);
  return order > 0 || (order === 0 && range.upperInclusive);
};

export const containsRange = (a: RangeValue, b: RangeValue): boolean =>
  b.empty ||
  (!a.empty &&
    compareBounds(a.element, lowerBound(a), lowerBound(b)) <= 0 &&
    compareBounds(a.element, upperBound(a), upperBound(b)) >= 0);

export const overlaps = (a: RangeValue, b: RangeValue): boolean =>
  !a.empty &&
  !b.empty &&
  compareBounds(a.element, lowerBound(a), upperBound(b)) <= 0 &&
  compareBounds(a.element, lowerBound(b), upperBound(a)) <= 0;

export const isBefore = (a: RangeValue, b: RangeValue): boolean =>
  !a.empty && !b.empty && compareBounds(a.element, upperBound(a), lowerBound(b)) < 0;

/** a ends where b begins, with nothing between and nothing in common. */
function meets(a: RangeValue, b: RangeValue): boolean {
  if (a.upper === null || b.lower === null) return false;
  const order = (comparisonFor(a.element) as unknown as (x: RowValue, y: RowValue) => number)(a.upper, b.lower);
  return order === 0 && a.upperInclusive !== b.lowerInclusive;
}
export const isAdjacent = (a: RangeValue, b: RangeValue): boolean => !a.empty && !b.empty && (meets(a, b) || meets(b, a));

export const notRightOf = (a: RangeValue, b: RangeValue): boolean =>
  !a.empty && !b.empty && compareBounds(a.element, upperBound(a), upperBound(b)) <= 0;
export const notLeftOf = (a: RangeValue, b: RangeValue): boolean =>
  !a.empty && !b.empty && compareBounds(a.element, lowerBound(a), lowerBound(b)) >= 0;

type Bound = { readonly value: RowValue; readonly inclusive: boolean };
const between = (element: string, lower: Bound, upper: Bound): RangeValue => ({
  kind: 'range',
  element,
  empty: false,
  lower: lower.value,
  upper: upper.value,
  lowerInclusive: lower.inclusive,
  upperInclusive: upper.inclusive,
});

export function intersection(a: RangeValue, b: RangeValue): RangeValue {
  if (!overlaps(a, b)) return emptyRange(a.element);
  const low = compareBounds(a.element, lowerBound(a), lowerBound(b)) >= 0 ? a : b;
  const high = compareBounds(a.element, upperBound(a), upperBound(b)) <= 0 ? a : b;
  return between(a.element, lowerBound(low), upperBound(high));
}

/** The least range with both in it. */
export function merged(a: RangeValue, b: RangeValue): RangeValue {
  if (a.empty || b.empty) return a.empty ? b : a;
  const low = compareBounds(a.element, lowerBound(a), lowerBound(b)) <= 0 ? a : b;
  const high = compareBounds(a.element, upperBound(a), upperBound(b)) >= 0 ? a : b;
  return between(a.element, lowerBound(low), upperBound(high));
}

/** 22000 when a gap would be left. */
export function union(a: RangeValue, b: RangeValue): RangeValue {
  if (!a.empty && !b.empty && !overlaps(a, b) && !isAdjacent(a, b))
    throw new SqlError('22000', 'result of range union would not be contiguous');
  return merged(a, b);
}

/** What is left of a without b, in order. */
function without(a: RangeValue, b: RangeValue): RangeValue[] {
  if (!overlaps(a, b)) return a.empty ? [] : [a];
  const left: RangeValue[] = [];
  if (compareBounds(a.element, lowerBound(a), lowerBound(b)) < 0)
    left.push(between(a.element, lowerBound(a), { value: b.lower, inclusive: !b.lowerInclusive }));
  if (compareBounds(a.element, upperBound(a), upperBound(b)) > 0)
    left.push(between(a.element, { value: b.upper, inclusive: !b.upperInclusive }, upperBound(a)));
  return left;
}

/** 22000 when two ranges would be left. */
export function difference(a: RangeValue, b: RangeValue): RangeValue {
  const left = without(a, b);
  if (left.length > 1) throw new SqlError('22000', 'result of range difference would not be contiguous');
  return left[0] ?? emptyRange(a.element);
}

// ---- multiranges ----

/** In order; ranges that overlap or touch become one. */
export function makeMultirange(element: string, given: readonly RangeValue[]): MultirangeValue {
  const ranges: RangeValue[] = [];
  const sorted = given
    .filter(({ empty }) => !empty)
    .sort((a, b) => compareBounds(element, lowerBound(a), lowerBound(b)) || compareBounds(element, upperBound(a), upperBound(b)));
  for (const range of sorted) {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && (overlaps(last, range) || isAdjacent(last, range))) ranges[ranges.length - 1] = merged(last, range);
    else ranges.push(range);
  }
  return { kind: 'multirange', element, ranges };
}

export const multirangeUnion = (a: MultirangeValue, b: MultirangeValue): MultirangeValue =>
  makeMultirange(a.element, [...a.ranges, ...b.ranges]);

export const multirangeIntersection = (a: MultirangeValue, b: MultirangeValue): MultirangeValue =>
  makeMultirange(
    a.element,
    a.ranges.flatMap((one) => b.ranges.map((other) => intersection(one, other))),
  );

export function multirangeDifference(a: MultirangeValue, b: MultirangeValue): MultirangeValue {
  let left = [...a.ranges];
  for (const other of b.ranges) left = left.flatMap((one) => without(one, other));
  return makeMultirange(a.element, left);
}

/** From the first bound to the last. */
export const span = ({ element, ranges }: MultirangeValue): RangeValue =>
  ranges.length === 0 ? emptyRange(element) : merged(ranges[0], ranges[ranges.length - 1]);
