/**
 * Values made of other values: arrays, rows, ranges. Plain objects that are never changed. Each says what its parts are, so that it can
 * be compared, shown and stored by itself; `element`, `types` and `type` are names of engine types (engine/sblr/types.ts).
 */

import type { RowValue } from './row-value.ts';

export interface ArrayValue {
  readonly kind: 'array';
  readonly element: string;
  /** Elements of each dimension; none: the array is empty. */
  readonly lengths: readonly number[];
  /** First index of each dimension. */
  readonly lowers: readonly number[];
  /** The last dimension varies fastest. */
  readonly items: readonly RowValue[];
}

export interface RecordValue {
  readonly kind: 'record';
  readonly types: readonly string[];
  readonly fields: readonly RowValue[];
  /** Of a row of a query, for JSON and programs; not stored. */
  readonly names?: readonly string[];
}

export interface RangeValue {
  readonly kind: 'range';
  /** Type of the bounds. */
  readonly element: string;
  readonly empty: boolean;
  /** null: no bound. */
  readonly lower: RowValue;
  readonly upper: RowValue;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

export interface MultirangeValue {
  readonly kind: 'multirange';
  readonly element: string;
  /** In order; none is empty, none touch. */
  readonly ranges: readonly RangeValue[];
}

export type NestedValue = ArrayValue | RecordValue | RangeValue | MultirangeValue;

export const isNested = (value: unknown): value is NestedValue =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string';
