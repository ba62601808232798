/** array_agg; least and greatest of values that are made of others, and of enums. */

import type { ArrayValue, NestedValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Aggregate } from './aggregates.ts';
import { arrayOfItems, stackArrays } from './arrays.ts';
import { compareNested } from './compare-nested.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';

interface Collected<Item> {
  element: string;
  readonly items: Item[];
}

const begin = <Item>(): Collected<Item> => ({ element: '', items: [] });

/** NULLs are elements too; without any row: NULL. */
const arrayAgg: Aggregate<Collected<RowValue>> = {
  init: begin,
  step(state, value: RowValue, element: string) {
    state.element = element;
    state.items.push(value);
    return state;
  },
  result: ({ element, items }) => (items.length === 0 ? null : arrayOfItems(element, [...items])),
};

/** 22004, 2202E */
const arraysAgg: Aggregate<Collected<ArrayValue>> = {
  init: begin,
  step(state, value: ArrayValue | null, element: string) {
    if (value === null) throw new SqlError(SQLSTATE.null_value_not_allowed, 'cannot accumulate null arrays');
    if (value.lengths.length === 0) throw new SqlError(SQLSTATE.array_subscript_error, 'cannot accumulate empty arrays');
    const [first] = state.items;
    if (first !== undefined && String(first.lengths) !== String(value.lengths))
      throw new SqlError(SQLSTATE.array_subscript_error, 'cannot accumulate arrays of different dimensionality');
    state.element = element;
    state.items.push(value);
    return state;
  },
  result: ({ element, items }) => (items.length === 0 ? null : stackArrays(element, items)),
};

const folded = <Value extends RowValue>(takes: (best: Value, value: Value) => boolean): Aggregate<Value | null> => ({
  init: () => null,
  step: (best, value: Value | null) => (value === null ? best : best === null || takes(best, value) ? value : best),
  result: (best) => best,
});

export const ARRAY_AGGREGATES: { readonly [primitive: string]: Aggregate } = {
  array_agg: arrayAgg,
  'array_agg.arrays': arraysAgg,
  'min.nested': folded<NestedValue>((best, value) => compareNested(value, best) < 0),
  'max.nested': folded<NestedValue>((best, value) => compareNested(value, best) > 0),
  'min.enum': folded<number>((best, value) => value < best),
  'max.enum': folded<number>((best, value) => value > best),
};
