/** Order and equality of every type by its name: arrays, rows and ranges by their parts, enums by their numbers. */

import type { ArrayValue, MultirangeValue, NestedValue, RangeValue, RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { compareIntegers, type Comparison, comparisons } from './compare.ts';
import { compareFloats } from './floats.ts';

type Compare = (a: RowValue, b: RowValue) => number;

const nested = ((a: NestedValue, b: NestedValue) => compareNested(a, b)) as unknown as Comparison;

/** Types that are numbers of objects. */
const isNumber = (type: string): boolean => type.startsWith('reg');

/** How two values of a type, neither NULL, are ordered; undefined: the type has no order (json). */
export function findComparison(type: string): Comparison | undefined {
  const found = comparisons[type];
  if (found !== undefined) return found;
  if (type.startsWith('enum:') && !type.endsWith('[]')) return compareFloats;
  if (isNumber(type)) return compareIntegers;
  return /\[\]$|^row:|^record$|range$|vector$/.test(type) ? nested : undefined;
}

/** 42883 */
export function comparisonFor(type: string): Comparison {
  const found = findComparison(type);
  if (found === undefined)
    throw new SqlError(SQLSTATE.undefined_function, `could not identify a comparison function for type ${type}`);
  return found;
}

/** NULLs are equal to each other and above all values. */
function compareItems(compare: Compare, a: RowValue, b: RowValue): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return compare(a, b);
}

const compareLists = (a: readonly number[], b: readonly number[]): number => {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return a[index] < b[index] ? -1 : 1;
  return 0;
};

/** Element by element, then the longer one is greater, then by shape. */
export function compareArrays(a: ArrayValue, b: ArrayValue): number {
  const compare = comparisonFor(a.element) as unknown as Compare;
  const count = Math.min(a.items.length, b.items.length);
  for (let index = 0; index < count; index++) {
    const order = compareItems(compare, a.items[index], b.items[index]);
    if (order !== 0) return order < 0 ? -1 : 1;
  }
  if (a.items.length !== b.items.length) return a.items.length < b.items.length ? -1 : 1;
  if (a.lengths.length !== b.lengths.length) return a.lengths.length < b.lengths.length ? -1 : 1;
  return compareLists(a.lengths, b.lengths) || compareLists(a.lowers, b.lowers);
}

/** 42804 for rows whose fields are of other types. */
function compareRecords(a: RecordValue, b: RecordValue): number {
  const count = Math.min(a.fields.length, b.fields.length);
  for (let index = 0; index < count; index++) {
    const type = a.types[index];
    if (type !== b.types[index] && !areAlike(type, b.types[index]))
      throw new SqlError(
        SQLSTATE.datatype_mismatch,
        `cannot compare dissimilar column types ${type} and ${b.types[index]} at record column ${index + 1}`,
      );
    const order = compareItems(comparisonFor(type) as unknown as Compare, a.fields[index], b.fields[index]);
    if (order !== 0) return order < 0 ? -1 : 1;
  }
  if (a.fields.length !== b.fields.length)
    throw new SqlError(SQLSTATE.datatype_mismatch, 'cannot compare record types with different numbers of columns');
  return 0;
}

const TEXTS = ['text', 'varchar', 'name', 'unknown'];
const areAlike = (a: string, b: string): boolean => TEXTS.includes(a) && TEXTS.includes(b);

/** Bounds: a lower one that is none is below all, an upper one above all; excluded ones lie a little inside. */
export function compareBounds(
  element: string,
  a: { readonly value: RowValue; readonly inclusive: boolean; readonly isLower: boolean },
  b: { readonly value: RowValue; readonly inclusive: boolean; readonly isLower: boolean },
): number {
  if (a.value === null || b.value === null) {
    if (a.value === null && b.value === null) return a.isLower === b.isLower ? 0 : a.isLower ? -1 : 1;
    if (a.value === null) return a.isLower ? -1 : 1;
    return b.isLower ? 1 : -1;
  }
  const order = (comparisonFor(element) as unknown as Compare)(a.value, b.value);
  if (order !== 0) return order < 0 ? -1 : 1;
  const place = ({ inclusive, isLower }: { inclusive: boolean; isLower: boolean }): number => (inclusive ? 0 : isLower ? 1 : -1);
  return Math.sign(place(a) - place(b));
}

export const lowerBound = ({ lower, lowerInclusive }: RangeValue) => ({ value: lower, inclusive: lowerInclusive, isLower: true });
export const upperBound = ({ upper, upperInclusive }: RangeValue) => ({
  value: upper,
  inclusive: upperInclusive,
  isLower: false,
});

/** Empty ranges come first. */
export function compareRanges(a: RangeValue, b: RangeValue): number {
  if (a.empty || b.empty) return a.empty === b.empty ? 0 : a.empty ? -1 : 1;
  return compareBounds(a.element, lowerBound(a), lowerBound(b)) || compareBounds(a.element, upperBound(a), upperBound(b));
}

function compareMultiranges(a: MultirangeValue, b: MultirangeValue): number {
  const count = Math.min(a.ranges.length, b.ranges.length);
  for (let index = 0; index < count; index++) {
    const order = compareRanges(a.ranges[index], b.ranges[index]);
    if (order !== 0) return order;
  }
  return Math.sign(a.ranges.length - b.ranges.length);
}

/** Of one type. */
export function compareNested(a: NestedValue, b: NestedValue): number {
  switch (a.kind) {
    case 'array':
      return compareArrays(a, b as ArrayValue);
    case 'record':
      return compareRecords(a, b as RecordValue);
    case 'range':
      return compareRanges(a, b as RangeValue);
    case 'multirange':
      return compareMultiranges(a, b as MultirangeValue);
  }
}
