/** Aggregates over the rows that agree with a row of a block, as groups that are joined with it. */

import type { BoundAggregate, BoundAggregation, BoundExpression, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import { withNullable } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { aggregates } from '../../values/aggregates.ts';
import { isVolatile } from './columns.ts';
import { holdsSubquery } from './may-fail.ts';

type Columns = (BoundRelation & { op: 'project' })['columns'];

/** An aggregate without keys, and the projections above it, the lowest first; null: the relation is something else. */
export function aggregateBelow(
  relation: BoundRelation,
): { readonly aggregate: BoundAggregation; readonly projects: readonly Columns[] } | null {
  const projects: Columns[] = [];
  let node = relation;
  while (node.op === 'project') {
    if (node.columns.some(({ expression }) => isVolatile(expression) || holdsSubquery(expression))) return null;
    projects.unshift(node.columns);
    node = node.input;
  }
  if (node.op !== 'aggregate' || node.keys.length > 0 || node.sets.length > 0) return null;
  return node.aggregates.some((one) => withoutRows(one) === undefined) ? null : { aggregate: node, projects };
}

/** What an aggregate of no rows is; undefined: a join cannot tell it from one of some rows. */
export function withoutRows({ primitive, type }: BoundAggregate): RowValue | undefined {
  const aggregate = aggregates[primitive];
  if (aggregate === undefined) return undefined;
  const value = aggregate.result(aggregate.init());
  return value === null ? (type.nullable ? null : undefined) : type.nullable ? undefined : value;
}

/** The value of an aggregate above a left join with its groups: `column` is NULL where there is no group. */
export function aboveJoin(one: BoundAggregate, column: ColumnId = one.column): BoundExpression {
  const read: BoundExpression = { op: 'column', column, type: withNullable(one.type, true) };
  const value = withoutRows(one);
  if (value === null || value === undefined) return read;
  const type = withNullable(one.type, false);
  return { op: 'coalesce', arguments: [read, { op: 'constant', value, type }], type };
}
