/**
 * What is computed right below a grouping and read by it once stands in the grouping itself: generated code then adds numbers as they
 * come, and nothing is put down between two nodes.
 *
 *   Compute(v := a * b) -> HashAggregate(sum(v))      becomes      HashAggregate(sum(a * b))
 */

import type { BoundAggregate, BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { HashAggregate, PhysicalNode } from '../physical.ts';
import { walkExpression } from '../bind/tree.ts';
import { collectColumns, isVolatile } from './columns.ts';
import { holdsSubquery, replaceColumns } from './may-fail.ts';

/** Expressions of a grouping, each as often as it is evaluated. */
function* expressionsOf({ keys, aggregates }: HashAggregate): Generator<BoundExpression> {
  for (const { expression } of keys) yield expression;
  for (const { arguments: given, filter, order } of aggregates) {
    yield* given;
    if (filter !== null) yield filter;
    for (const { expression } of order) yield expression;
  }
}

/** Columns that are read in exactly one place; what is read twice is better kept in a local. */
function readOnce(node: HashAggregate): Set<ColumnId> {
  const counts = new Map<ColumnId, number>();
  for (const expression of expressionsOf(node)) {
    walkExpression(expression, (inner) => {
      if (inner.op === 'column') counts.set(inner.column, (counts.get(inner.column) ?? 0) + 1);
      return true;
    });
  }
  return new Set([...counts].filter(([, count]) => count === 1).map(([column]) => column));
}

/** The grouping with what it can take in of the Compute below it. */
export function absorbComputed(node: HashAggregate): HashAggregate {
  const { input } = node;
  if (input.node !== 'Compute') return node;
  const once = readOnce(node);
  const taken = new Map<ColumnId, BoundExpression>();
  for (const { column, expression } of input.columns) {
    const isOwn = input.columns.some((other) => other.column !== column && reads(other.expression, column));
    if (!isOwn && once.has(column) && !isVolatile(expression) && !holdsSubquery(expression)) taken.set(column, expression);
  }
  if (taken.size === 0) return node;
  const left = input.columns.filter(({ column }) => !taken.has(column));
  const below: PhysicalNode = left.length === 0 ? input.input : { ...input, columns: left };
  const over = (expression: BoundExpression): BoundExpression => replaceColumns(expression, (column) => taken.get(column));
  return absorbComputed({
    ...node,
    input: below,
    keys: node.keys.map((key) => ({ ...key, expression: over(key.expression) })),
    aggregates: node.aggregates.map(
      (one): BoundAggregate => ({
        ...one,
        arguments: one.arguments.map(over),
        filter: one.filter === null ? null : over(one.filter),
        order: one.order.map((key) => ({ ...key, expression: over(key.expression) })),
      }),
    ),
  });
}

function reads(expression: BoundExpression, column: ColumnId): boolean {
  const columns = new Set<ColumnId>();
  collectColumns(expression, columns);
  return columns.has(column);
}
