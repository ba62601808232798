/** Arrays: made, read, cut, changed and joined. Nothing here changes an array that is there. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ArrayValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { DIMENSIONS_MAX, ITEMS_MAX, tooManyDimensions, tooManyItems } from './array-text.ts';
import { comparisonFor } from './compare-nested.ts';

export const emptyArray = (element: string): ArrayValue => ({ kind: 'array', element, lengths: [], lowers: [], items: [] });

/** One dimension, from 1. */
export const arrayOfItems = (element: string, items: readonly RowValue[]): ArrayValue =>
  items.length === 0 ? emptyArray(element) : { kind: 'array', element, lengths: [items.length], lowers: [1], items };

const subscriptError = (message: string, detail?: string): SqlError =>
  new SqlError(SQLSTATE.array_subscript_error, message, { detail });

/** Arrays of one shape as one of a dimension more; empty ones leave nothing. 2202E */
export function stackArrays(element: string, arrays: readonly (ArrayValue | null)[]): ArrayValue {
  const given = arrays.filter((array): array is ArrayValue => array !== null && array.lengths.length > 0);
  if (given.length === 0) return emptyArray(element);
  const [first] = given;
  if (first.lengths.length >= DIMENSIONS_MAX) throw tooManyDimensions(first.lengths.length + 1);
  const isAlike = ({ lengths, lowers }: ArrayValue): boolean =>
    lengths.length === first.lengths.length &&
    lengths.every((length, index) => length === first.lengths[index]) &&
    lowers.every((lower, index) => lower === first.lowers[index]);
  if (given.length !== arrays.length || !given.every(isAlike))
    throw subscriptError('multidimensional arrays must have array expressions with matching dimensions');
  return {
    kind: 'array',
    element,
    lengths: [given.length, ...first.lengths],
    lowers: [1, ...first.lowers],
    items: given.flatMap(({ items }) => items),
  };
}

/** Place among the items; -1: there is none. */
function placeOf({ lengths, lowers }: ArrayValue, indexes: readonly number[]): number {
  if (indexes.length !== lengths.length) return -1;
  let place = 0;
  for (let at = 0; at < lengths.length; at++) {
    const offset = indexes[at] - lowers[at];
    if (offset < 0 || offset >= lengths[at]) return -1;
    place = place * lengths[at] + offset;
  }
  return indexes.length === 0 ? -1 : place;
}

export function itemAt(array: ArrayValue, indexes: readonly number[]): RowValue {
  const place = placeOf(array, indexes);
  return place < 0 ? null : array.items[place];
}

/** Bounds that were left out are those of the array. */
export interface Bounds {
  readonly lower: number | null;
  readonly upper: number | null;
}

/** The bounds of each dimension of the array; null: nothing is left. */
function within(array: ArrayValue, bounds: readonly Bounds[]): { from: number; to: number }[] | null {
  const { lengths, lowers } = array;
  if (bounds.length > lengths.length) return null;
  const cut: { from: number; to: number }[] = [];
  for (let at = 0; at < lengths.length; at++) {
    const first = lowers[at];
    const last = first + lengths[at] - 1;
    const from = Math.max(bounds[at]?.lower ?? first, first);
    const to = Math.min(bounds[at]?.upper ?? last, last);
    if (from > to) return null;
    cut.push({ from: from - first, to: to - first });
  }
  return cut;
}

/** The places of a part, in order. */
function placesIn(lengths: readonly number[], cut: readonly { from: number; to: number }[]): number[] {
  let places = [0];
  for (let at = 0; at < lengths.length; at++) {
    const next: number[] = [];
    for (const place of places)
      for (let index = cut[at].from; index <= cut[at].to; index++) next.push(place * lengths[at] + index);
    places = next;
  }
  return places;
}

/** A part, from 1. */
export function sliceOf(array: ArrayValue, bounds: readonly Bounds[]): ArrayValue {
  const cut = within(array, bounds);
  if (cut === null) return emptyArray(array.element);
  const lengths = cut.map(({ from, to }) => to - from + 1);
  const items = placesIn(array.lengths, cut).map((place) => array.items[place]);
  return { kind: 'array', element: array.element, lengths, lowers: lengths.map(() => 1), items };
}

/** With another item at a place; of one dimension it grows, NULLs between. 2202E */
export function withItem(array: ArrayValue, indexes: readonly number[], value: RowValue): ArrayValue {
  const { element } = array;
  if (indexes.length > DIMENSIONS_MAX) throw tooManyDimensions(indexes.length);
  if (array.lengths.length === 0)
    return { kind: 'array', element, lengths: indexes.map(() => 1), lowers: [...indexes], items: [value] };
  if (indexes.length !== array.lengths.length) throw subscriptError('wrong number of array subscripts');
  if (indexes.length === 1) return withOneItem(array, indexes[0], value);
  const place = placeOf(array, indexes);
  if (place < 0) throw subscriptError('array subscript out of range');
  return { ...array, items: array.items.with(place, value) };
}

function withOneItem({ element, lowers, items }: ArrayValue, index: number, value: RowValue): ArrayValue {
  const [lower] = lowers;
  const first = Math.min(lower, index);
  const count = Math.max(lower + items.length, index + 1) - first;
  if (count > ITEMS_MAX) throw tooManyItems();
  const made = new Array<RowValue>(count).fill(null);
  items.forEach((item, at) => {
    made[lower - first + at] = item;
  });
  made[index - first] = value;
  return { kind: 'array', element, lengths: [count], lowers: [first], items: made };
}

/** With the items of another array in a part. 2202E */
export function withSlice(array: ArrayValue, bounds: readonly Bounds[], given: ArrayValue): ArrayValue {
  const { element, lengths, lowers } = array;
  if (lengths.length === 0) return filledSlice(element, bounds, given);
  if (bounds.length > lengths.length) throw subscriptError('wrong number of array subscripts');
  const full = lengths.map((length, at) => ({
    lower: bounds[at]?.lower ?? lowers[at],
    upper: bounds[at]?.upper ?? lowers[at] + length - 1,
  }));
  for (const { lower, upper } of full) if (lower > upper) throw subscriptError('upper bound cannot be less than lower bound');
  const wanted = full.reduce((product, { lower, upper }) => product * (upper - lower + 1), 1);
  if (given.items.length < wanted) throw subscriptError('source array too small');
  if (lengths.length === 1) {
    const [{ lower, upper }] = full;
    let made = array;
    for (let index = lower; index <= upper; index++) made = withOneItem(made, index, given.items[index - lower]);
    return made;
  }
  const cut = full.map(({ lower, upper }, at) => ({ from: lower - lowers[at], to: upper - lowers[at] }));
  if (cut.some(({ from, to }, at) => from < 0 || to >= lengths[at])) throw subscriptError('array subscript out of range');
  const items = [...array.items];
  placesIn(lengths, cut).forEach((place, at) => {
    items[place] = given.items[at];
  });
  return { ...array, items };
}

function filledSlice(element: string, bounds: readonly Bounds[], given: ArrayValue): ArrayValue {
  const full = bounds.map(({ lower, upper }) => {
    if (lower === null || upper === null)
      throw subscriptError(
        'array slice subscript must provide both boundaries',
        'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
      );
    if (lower > upper) throw subscriptError('upper bound cannot be less than lower bound');
    return { lower, length: upper - lower + 1 };
  });
  const wanted = full.reduce((product, { length }) => product * length, 1);
  if (given.items.length < wanted) throw subscriptError('source array too small');
  return {
    kind: 'array',
    element,
    lengths: full.map(({ length }) => length),
    lowers: full.map(({ lower }) => lower),
    items: given.items.slice(0, wanted),
  };
}

/** One behind the other; of two dimensions an array of one is a row. 2202E */
export function concatenate(a: ArrayValue, b: ArrayValue): ArrayValue {
  if (a.lengths.length === 0) return b;
  if (b.lengths.length === 0) return a;
  const depth = a.lengths.length - b.lengths.length;
  const incompatible = (detail: string): SqlError => subscriptError('cannot concatenate incompatible arrays', detail);
  if (Math.abs(depth) > 1)
    throw incompatible(`Arrays of ${a.lengths.length} and ${b.lengths.length} dimensions are not compatible for concatenation.`);
  const inner = (array: ArrayValue, from: number): string => array.lengths.slice(from).join(' ');
  const items = [...a.items, ...b.items];
  const { element } = a;
  if (depth === 0) {
    if (inner(a, 1) !== inner(b, 1) || a.lowers.slice(1).join(' ') !== b.lowers.slice(1).join(' '))
      throw incompatible('Arrays with differing element dimensions are not compatible for concatenation.');
    return { ...a, lengths: [a.lengths[0] + b.lengths[0], ...a.lengths.slice(1)], items };
  }
  const [outer, row] = depth > 0 ? [a, b] : [b, a];
  if (inner(outer, 1) !== inner(row, 0))
    throw incompatible('Arrays with differing dimensions are not compatible for concatenation.');
  return { kind: 'array', element, lengths: [outer.lengths[0] + 1, ...outer.lengths.slice(1)], lowers: outer.lowers, items };
}

const mustBeFlat = (message: string): SqlError => new SqlError('22000', message);

export function append(array: ArrayValue, value: RowValue): ArrayValue {
  if (array.lengths.length > 1) throw mustBeFlat('argument must be empty or one-dimensional array');
  if (array.lengths.length === 0) return arrayOfItems(array.element, [value]);
  return { ...array, lengths: [array.lengths[0] + 1], items: [...array.items, value] };
}

export function prepend(value: RowValue, array: ArrayValue): ArrayValue {
  if (array.lengths.length > 1) throw mustBeFlat('argument must be empty or one-dimensional array');
  if (array.lengths.length === 0) return arrayOfItems(array.element, [value]);
  // The first index stays.
  return { ...array, lengths: [array.lengths[0] + 1], items: [value, ...array.items] };
}

/** Are they the same, NULLs among them? */
function sameItem(element: string): (a: RowValue, b: RowValue) => boolean {
  const compare = comparisonFor(element) as unknown as (a: RowValue, b: RowValue) => number;
  return (a, b) => (a === null || b === null ? a === b : compare(a, b) === 0);
}

/** Index of the first one from `from` on; null: there is none. 0A000 */
export function positionOf(array: ArrayValue, value: RowValue, from: number | null): number | null {
  if (array.lengths.length > 1)
    throw new SqlError(SQLSTATE.feature_not_supported, 'searching for elements in multidimensional arrays is not supported');
  if (array.lengths.length === 0) return null;
  const same = sameItem(array.element);
  const [lower] = array.lowers;
  for (let at = Math.max(0, (from ?? lower) - lower); at < array.items.length; at++)
    if (same(array.items[at], value)) return lower + at;
  return null;
}

export function positionsOf(array: ArrayValue, value: RowValue): ArrayValue {
  if (array.lengths.length > 1)
    throw new SqlError(SQLSTATE.feature_not_supported, 'searching for elements in multidimensional arrays is not supported');
  const same = sameItem(array.element);
  const found = array.items.flatMap((item, at) => (same(item, value) ? [array.lowers[0] + at] : []));
  return arrayOfItems('int4', found);
}

export function withoutItem(array: ArrayValue, value: RowValue): ArrayValue {
  if (array.lengths.length > 1)
    throw new SqlError(SQLSTATE.feature_not_supported, 'removing elements from multidimensional arrays is not supported');
  const same = sameItem(array.element);
  const items = array.items.filter((item) => !same(item, value));
  if (items.length === array.items.length) return array;
  return items.length === 0 ? emptyArray(array.element) : { ...array, lengths: [items.length], items };
}

export function replaceItem(array: ArrayValue, value: RowValue, by: RowValue): ArrayValue {
  const same = sameItem(array.element);
  return { ...array, items: array.items.map((item) => (same(item, value) ? by : item)) };
}

/** 2202E, 22004 */
export function filled(element: string, value: RowValue, sizes: ArrayValue, lowers: ArrayValue | null): ArrayValue {
  const check = (array: ArrayValue, what: string): void => {
    if (array.lengths.length > 1)
      throw subscriptError('wrong number of array subscripts', `Dimension array must be one dimensional.`);
    if (array.items.includes(null)) throw new SqlError(SQLSTATE.null_value_not_allowed, `${what} cannot be null`);
  };
  check(sizes, 'dimension values');
  if (lowers !== null) check(lowers, 'dimension values');
  const lengths = sizes.items as readonly number[];
  if (lowers !== null && lowers.items.length !== lengths.length)
    throw subscriptError('wrong number of array subscripts', 'Low bound array has different size than dimensions array.');
  if (lengths.length > DIMENSIONS_MAX) throw tooManyDimensions(lengths.length);
  if (lengths.some((length) => length < 0))
    throw new SqlError(SQLSTATE.program_limit_exceeded, `array size exceeds the maximum allowed (${ITEMS_MAX})`);
  const count = lengths.reduce((product, length) => product * length, 1);
  if (count > ITEMS_MAX) throw tooManyItems();
  if (lengths.length === 0 || count === 0) return emptyArray(element);
  const first = (lowers?.items as readonly number[] | undefined) ?? lengths.map(() => 1);
  return { kind: 'array', element, lengths, lowers: first, items: new Array<RowValue>(count).fill(value) };
}

/** Without the last ones of the first dimension. 2202E */
export function trimmed(array: ArrayValue, count: number): ArrayValue {
  const length = array.lengths[0] ?? 0;
  if (count < 0 || count > length) throw subscriptError(`number of elements to trim must be between 0 and ${length}`);
  return sliceOf(array, [{ lower: null, upper: (array.lowers[0] ?? 1) + length - count - 1 }]);
}

/** Does `a` have all that `b` has? NULLs are in nothing. */
export function containsAll(a: ArrayValue, b: ArrayValue): boolean {
  if (b.items.includes(null)) return false;
  const has = memberTest(a);
  return b.items.every(has);
}

export function haveCommon(a: ArrayValue, b: ArrayValue): boolean {
  const has = memberTest(a);
  return b.items.some((item) => item !== null && has(item));
}

const PLAIN = new Set(['bool', 'int2', 'int4', 'int8', 'oid', 'text', 'varchar', 'name', 'uuid', 'date', 'time']);
const FEW = 8;

function memberTest({ element, items }: ArrayValue): (item: RowValue) => boolean {
  if (PLAIN.has(element) && items.length > FEW) {
    const set = new Set(items);
    return (item) => set.has(item);
  }
  const same = sameItem(element);
  return (item) => items.some((one) => one !== null && same(one, item));
}
