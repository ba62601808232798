/** Primitives of ranges, multiranges and enums (engine/sblr/primitives-ranges.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { MultirangeValue, RangeValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Aggregate } from './aggregates.ts';
import { arrayOfItems } from './arrays.ts';
import type { ValueContext } from './context.ts';
import type { Implementation } from './functions.ts';
import { knownType, SUBTYPES } from './nested-text.ts';
import {
  boundFlags,
  containsRange,
  containsValue,
  difference,
  intersection,
  isAdjacent,
  isBefore,
  makeMultirange,
  makeRange,
  merged,
  multirangeDifference,
  multirangeIntersection,
  multirangeUnion,
  notLeftOf,
  notRightOf,
  overlaps,
  span,
  union,
} from './ranges.ts';

type Range = RangeValue;
type Many = MultirangeValue;

const hasRange = ({ ranges }: Many, range: Range): boolean => range.empty || ranges.some((one) => containsRange(one, range));
const hasAll = (a: Many, b: Many): boolean => b.ranges.every((range) => hasRange(a, range));
const meets = (a: Many, b: Range): boolean => a.ranges.some((one) => overlaps(one, b));
const first = ({ ranges }: Many): Range | undefined => ranges[0];
const last = ({ ranges }: Many): Range | undefined => ranges[ranges.length - 1];

const idOf = (type: string): number => Number(type.slice(type.indexOf(':') + 1));

/** Numbers of an enum's labels from one to another, in order. */
function labels(type: string, from: RowValue, to: RowValue, context: ValueContext): number[] {
  return knownType(idOf(type), context)
    .labels.map(({ number }) => number)
    .filter((number) => (from === null || number >= (from as number)) && (to === null || number <= (to as number)));
}

const table: { [primitive: string]: Implementation } = Object.assign(Object.create(null), {
  'range.contains': containsRange,
  'range.contained': (a: Range, b: Range) => containsRange(b, a),
  'range.has': containsValue,
  'range.holds': (value: RowValue, range: Range) => containsValue(range, value),
  'range.overlaps': overlaps,
  'range.before': isBefore,
  'range.after': (a: Range, b: Range) => isBefore(b, a),
  'range.adjacent': isAdjacent,
  'range.notRight': notRightOf,
  'range.notLeft': notLeftOf,
  'range.union': union,
  'range.intersect': intersection,
  'range.except': difference,
  'range.merge': merged,
  'range.lower': ({ lower }: Range) => lower,
  'range.upper': ({ upper }: Range) => upper,
  'range.isEmpty': ({ empty }: Range) => empty,
  'range.lowerInclusive': ({ lowerInclusive }: Range) => lowerInclusive,
  'range.upperInclusive': ({ upperInclusive }: Range) => upperInclusive,
  'range.lowerInfinite': ({ empty, lower }: Range) => !empty && lower === null,
  'range.upperInfinite': ({ empty, upper }: Range) => !empty && upper === null,
  'multirange.has': ({ ranges }: Many, value: RowValue) => ranges.some((range) => containsValue(range, value)),
  'multirange.holds': (value: RowValue, { ranges }: Many) => ranges.some((range) => containsValue(range, value)),
  'multirange.contains': hasAll,
  'multirange.contains.range': hasRange,
  'multirange.contained': (a: Many, b: Many) => hasAll(b, a),
  'multirange.contained.range': (a: Range, b: Many) => hasRange(b, a),
  'multirange.overlaps': (a: Many, b: Many) => b.ranges.some((range) => meets(a, range)),
  'multirange.overlaps.range': meets,
  'range.overlaps.multirange': (a: Range, b: Many) => meets(b, a),
  'range.contains.multirange': (a: Range, b: Many) => containsRange(a, span(b)),
  'range.contained.multirange': (a: Many, b: Range) => containsRange(b, span(a)),
  'multirange.union': multirangeUnion,
  'multirange.intersect': multirangeIntersection,
  'multirange.except': multirangeDifference,
  'multirange.merge': span,
  'multirange.of': (range: Range) => makeMultirange(range.element, [range]),
  'multirange.lower': (many: Many) => first(many)?.lower ?? null,
  'multirange.upper': (many: Many) => last(many)?.upper ?? null,
  'multirange.isEmpty': ({ ranges }: Many) => ranges.length === 0,
  'multirange.lowerInclusive': (many: Many) => first(many)?.lowerInclusive ?? false,
  'multirange.upperInclusive': (many: Many) => last(many)?.upperInclusive ?? false,
  'multirange.lowerInfinite': (many: Many) => first(many)?.lower === null,
  'multirange.upperInfinite': (many: Many) => last(many)?.upper === null,
  'enum.first': (_: RowValue, type: string, context: ValueContext) => labels(type, null, null, context)[0] ?? null,
  'enum.last': (_: RowValue, type: string, context: ValueContext) => labels(type, null, null, context).at(-1) ?? null,
  'enum.range': (_: RowValue, type: string, context: ValueContext) => arrayOfItems(type, labels(type, null, null, context)),
  'enum.range.between': (from: RowValue, to: RowValue, type: string, context: ValueContext) =>
    arrayOfItems(type, labels(type, from, to, context)),
});

for (const [name, element] of Object.entries(SUBTYPES)) {
  table[`${name}range.make`] = (lower: RowValue, upper: RowValue) => makeRange(element, lower, upper, true, false);
  table[`${name}range.make.flags`] = (lower: RowValue, upper: RowValue, flags: string | null) =>
    makeRange(element, lower, upper, ...boundFlags(flags));
  table[`${name}multirange.make`] = (...ranges: (Range | null)[]) => {
    if (ranges.includes(null))
      throw new SqlError(SQLSTATE.null_value_not_allowed, 'multirange values cannot contain null members');
    return makeMultirange(element, ranges as Range[]);
  };
}

// Where a multirange lies, its span does: the gaps in it do not count.
for (const name of ['before', 'after', 'adjacent', 'notRight', 'notLeft']) {
  const of = table[`range.${name}`] as (a: Range, b: Range) => boolean;
  table[`multirange.${name}`] = (a: Many, b: Many) => of(span(a), span(b));
  table[`multirange.${name}.range`] = (a: Many, b: Range) => of(span(a), b);
  table[`range.${name}.multirange`] = (a: Range, b: Many) => of(a, span(b));
}

export const rangeFunctions: { readonly [primitive: string]: Implementation } = table;

export const RANGE_AGGREGATES: { readonly [primitive: string]: Aggregate } = {
  'range.aggregate': {
    init: () => [],
    step: (state: Range[], value: Range | null) => {
      if (value !== null) state.push(value);
      return state;
    },
    result: (state: Range[]) => (state.length === 0 ? null : makeMultirange(state[0].element, state)),
  },
  'multirange.aggregate': {
    init: () => null,
    step: (state: Many | null, value: Many | null) =>
      value === null ? state : { ...value, ranges: [...(state?.ranges ?? []), ...value.ranges] },
    result: (state: Many | null) => (state === null ? null : makeMultirange(state.element, state.ranges)),
  },
  'multirange.intersection': {
    init: () => null,
    step: (state: Many | null, value: Many | null) =>
      value === null ? state : state === null ? value : multirangeIntersection(state, value),
    result: (state: Many | null) => state,
  },
  'range.intersection': {
    init: () => null,
    step: (state: Range | null, value: Range | null) =>
      value === null ? state : state === null ? value : intersection(state, value),
    result: (state: Range | null) => state,
  },
};
