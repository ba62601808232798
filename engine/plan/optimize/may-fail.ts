/**
 * Which expressions may raise an error by what stands in a row (SBLR-E4): those stay behind what guards them. What fails by constants
 * and parameters alone fails wherever it stands, as soon as a row comes.
 */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { childrenOf, walkExpression, withChildren } from '../bind/tree.ts';

/** Primitives that fail by some of their arguments only: patterns, positions. */
const FAILS_BY: readonly (readonly [RegExp, readonly number[]])[] = [
  [/\.(like|notLike|ilike|notIlike|match|notMatch|matchInsensitive|notMatchInsensitive|substring\.match)$/, [1]],
  [/\.(substring|substring\.similar)$/, [1, 2]],
  [/^(date|timestamp|timestamptz|time|interval)\.extract$/, [0]],
];

const readsColumn = (expression: BoundExpression): boolean => {
  let reads = false;
  walkExpression(expression, (node) => {
    if (node.op === 'column' || node.op === 'local') reads = true;
    return !reads;
  });
  return reads;
};

/** True when some row may make it fail. */
export function mayFail(expression: BoundExpression): boolean {
  if (expression.op === 'subquery' || expression.op === 'subplan') return childrenOf(expression).length > 0;
  if (expression.op === 'call' && primitiveOf(expression.primitive).canFail) {
    const { primitive, arguments: given } = expression;
    const by = FAILS_BY.find(([name]) => name.test(primitive))?.[1];
    if (given.some((argument, index) => (by === undefined || by.includes(index)) && readsColumn(argument))) return true;
  }
  return childrenOf(expression).some(mayFail);
}

/** True when it holds a subquery that reads the block around it. */
export function holdsCorrelated(expression: BoundExpression): boolean {
  if (expression.op === 'subquery' || expression.op === 'subplan') return childrenOf(expression).length > 0;
  return childrenOf(expression).some(holdsCorrelated);
}

/** True when it holds a subquery. */
export const holdsSubquery = (expression: BoundExpression): boolean =>
  expression.op === 'subquery' || expression.op === 'subplan' || childrenOf(expression).some(holdsSubquery);

/** An expression with other ones for some columns. */
export function replaceColumns(
  expression: BoundExpression,
  by: (column: ColumnId) => BoundExpression | undefined,
): BoundExpression {
  if (expression.op === 'column') return by(expression.column) ?? expression;
  return withChildren(expression, (child) => replaceColumns(child, by));
}
