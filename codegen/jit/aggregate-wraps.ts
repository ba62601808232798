/**
 * Aggregates that need more than their states: DISTINCT and ORDER BY inside the call, over those of engine/values.
 */

import type { BoundAggregate } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { type Aggregate, aggregates } from '../../engine/values/aggregates.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { DistinctValues, isOrderless } from './distinct-values.ts';
import { canonical, comparatorOf, keyPart } from './helpers.ts';

/** The aggregate of a bound call; step() takes the arguments, then the sort keys. */
export function aggregateOf(bound: BoundAggregate): Aggregate {
  const base = aggregates[bound.primitive];
  if (base === undefined) {
    throw new SqlError(SQLSTATE.feature_not_supported, `the engine has no aggregate ${bound.primitive}`);
  }
  const inner = bound.distinct ? distinctAggregate(base, bound) : base;
  return bound.order.length > 0 ? orderedAggregate(inner, bound) : inner;
}

/** Bytes that states have grown by since somebody asked. */
let growth = 0;
export function takeGrowth(): number {
  const taken = growth;
  growth = 0;
  return taken;
}
/** What a row of an ordered aggregate takes, about. */
const ROW_BYTES = 64;

function distinctAggregate(base: Aggregate, { arguments: given, primitive, order }: BoundAggregate): Aggregate {
  const mayWait = order.length === 0 && isOrderless(primitive);
  const types = given.map(({ type }) => type.name);
  const keyOf = (values: readonly RowValue[]): unknown => {
    const keys = values.map((value, index) => (value === null ? null : canonical(types[index], value)));
    return keys.length === 1 ? keys[0] : keys.map(keyPart).join('');
  };
  return {
    init: (): DistinctValues => new DistinctValues(base, mayWait),
    step: (state: DistinctValues, ...values: RowValue[]): DistinctValues => {
      growth += state.add(keyOf(values), values);
      return state;
    },
    result: (state: DistinctValues): RowValue => state.result(),
  };
}

function orderedAggregate(inner: Aggregate, { arguments: given, order }: BoundAggregate): Aggregate {
  const compares = order.map((key) => ({ ...key, compare: comparatorOf(key.expression.type.name) }));
  const compareRows = (a: readonly RowValue[], b: readonly RowValue[]): number => {
    for (let index = 0; index < compares.length; index++) {
      const { compare, descending, nullsFirst } = compares[index];
      const x = a[given.length + index];
      const y = b[given.length + index];
      if (x === y) continue;
      if (x === null) return nullsFirst ? -1 : 1;
      if (y === null) return nullsFirst ? 1 : -1;
      const found = compare(x as never, y as never);
      if (found !== 0) return descending ? -found : found;
    }
    return 0;
  };
  return {
    init: (): RowValue[][] => [],
    step: (rows: RowValue[][], ...values: RowValue[]): RowValue[][] => {
      rows.push(values);
      growth += ROW_BYTES;
      return rows;
    },
    result: (rows: RowValue[][]): RowValue => {
      let state = inner.init();
      for (const row of rows.slice().sort(compareRows)) state = inner.step(state, ...row.slice(0, given.length));
      return inner.result(state);
    },
  };
}
