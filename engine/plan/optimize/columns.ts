/** Which columns expressions read, and which parts of a relation are needed above. */

import type { BoundExpression, BoundSortKey, ColumnId } from '../../sblr/bound.ts';
import { walkExpression } from '../bind/tree.ts';
import { primitiveOf } from '../../sblr/primitives.ts';

/** Adds the columns that an expression reads. */
export function collectColumns(expression: BoundExpression, into: Set<ColumnId>): void {
  walkExpression(expression, (node) => {
    if (node.op === 'column') into.add(node.column);
    return true;
  });
}

export function columnsOf(...expressions: readonly (BoundExpression | null)[]): Set<ColumnId> {
  const columns = new Set<ColumnId>();
  for (const expression of expressions) if (expression !== null) collectColumns(expression, columns);
  return columns;
}

export function withSortColumns(keys: readonly BoundSortKey[], into: ReadonlySet<ColumnId>): Set<ColumnId> {
  const columns = new Set(into);
  for (const { expression } of keys) collectColumns(expression, columns);
  return columns;
}

/** True when it reads no column but `outer` ones and gives one value for the whole run of its plan: the key of an index lookup. */
export function isRunConstant(expression: BoundExpression, outer: ReadonlySet<ColumnId>): boolean {
  let constant = true;
  walkExpression(expression, (node) => {
    if (node.op === 'column' ? !outer.has(node.column) : node.op === 'local' || node.op === 'let') constant = false;
    else if (node.op === 'call' && primitiveOf(node.primitive).volatility === 'volatile') constant = false;
    return constant;
  });
  return constant;
}

/** True when leaving it out, or evaluating it once more, makes a difference. */
export function isVolatile(expression: BoundExpression): boolean {
  let volatile = false;
  walkExpression(expression, (node) => {
    if (node.op === 'call' && primitiveOf(node.primitive).volatility === 'volatile') volatile = true;
    return !volatile;
  });
  return volatile;
}

/** The conditions of a conjunction. */
export function conjuncts(condition: BoundExpression | null): BoundExpression[] {
  if (condition === null) return [];
  return condition.op === 'and' ? condition.operands.flatMap(conjuncts) : [condition];
}

/** One condition of several; null for none. */
export function conjunction(conditions: readonly BoundExpression[]): BoundExpression | null {
  if (conditions.length === 0) return null;
  if (conditions.length === 1) return conditions[0];
  const nullable = conditions.some(({ type }) => type.nullable);
  return { op: 'and', operands: conditions, type: { ...conditions[0].type, nullable } };
}
