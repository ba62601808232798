/**
 * Aggregates of different values, as groups in two steps: what agrees in keys and value is one group below, and counts once above.
 * Groups may wait in files and be made by several threads; sets of values, one for each group, can do neither.
 *
 *   count(distinct v) group by k     ->     count(v) group by k    above    group by k, v
 */

import type { BoundAggregate, BoundAggregation, ColumnId } from '../../sblr/bound.ts';
import type { SqlType } from '../../sblr/types.ts';
import { isVolatile } from './columns.ts';

/** Answers do not hang on the order in which values come. */
const PLAIN = /^(count|min\.\w+|max\.\w+|(sum|avg)\.(int[248]|numeric))$/;

/** The same in two steps; null: it is something else. */
export function inTwoSteps(relation: BoundAggregation, fresh: () => ColumnId): BoundAggregation | null {
  const { keys, aggregates, sets, input } = relation;
  const [first] = aggregates;
  if (first === undefined || sets.length > 0 || !aggregates.every((one) => isOf(one, first))) return null;
  const [argument] = first.arguments;
  // Numerics of groups are texts: keys of their own in the second step.
  if (isVolatile(argument) || keys.some(({ expression }) => expression.type.name === 'numeric' || isVolatile(expression)))
    return null;
  const column = (id: ColumnId, type: SqlType) => ({ op: 'column', column: id, type }) as const;
  const below = [...keys.map(({ expression }) => expression), argument].map((expression) => ({ column: fresh(), expression }));
  const value = below[keys.length];
  return {
    ...relation,
    input: { op: 'aggregate', input, keys: below, aggregates: [], sets: [], grouping: [] },
    keys: keys.map((key, at) => ({ column: key.column, expression: column(below[at].column, key.expression.type) })),
    aggregates: aggregates.map((one) => ({ ...one, distinct: false, arguments: [column(value.column, argument.type)] })),
  };
}

/** Of different values of the same expression. */
function isOf(one: BoundAggregate, first: BoundAggregate): boolean {
  const { primitive, arguments: given, distinct, order, filter } = one;
  if (!distinct || order.length > 0 || filter !== null || given.length !== 1 || !PLAIN.test(primitive)) return false;
  const [a] = given;
  const [b] = first.arguments;
  return one === first || (a.op === 'column' && b.op === 'column' && a.column === b.column);
}
