/** Which columns of a plan's rows are numbers as they lie in a table: their numerics are scaled integers, never NaN. */

import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { isNumber } from './exact-inputs.ts';

/** Columns that come from tables as they lie there, or are computed from such so that they are numbers, too. */
export function storedColumns(node: PhysicalNode, into: Set<ColumnId> = new Set()): Set<ColumnId> {
  for (const side of ['input', 'build'] as const) {
    if (side in node) storedColumns((node as unknown as Record<string, PhysicalNode>)[side], into);
  }
  if ('table' in node && 'columns' in node) for (const { column } of node.columns) into.add(column);
  if ('inner' in node) for (const { column } of node.inner.columns) into.add(column);
  if (node.node === 'HashAggregate') {
    // Of a char(n) the padding stays as it is.
    for (const { column, expression } of node.keys)
      if (expression.op === 'column' && expression.type.name === 'char' && into.has(expression.column)) into.add(column);
  }
  if (node.node === 'Compute') {
    for (const { column, expression } of node.columns) if (isNumber(expression, into)) into.add(column);
  }
  return into;
}
