/** What an expression says, as a text that is the same for expressions that say the same: over attributes and values that are known. */

import type { BoundExpression, ColumnId } from '../../sblr/bound.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { childrenOf } from '../bind/tree.ts';

/** Types do not count: those of the arguments say what a primitive is. */
export function shapeOf(
  node: BoundExpression,
  columnName: (column: ColumnId) => string,
  known: (node: BoundExpression) => RowValue | undefined,
): string {
  if (node.op === 'column') return `#${columnName(node.column)}`;
  const value = known(node);
  if (value !== undefined) return JSON.stringify(value, exact);
  const { primitive, test, negated, equal, less, kind, local, index } = node as Partial<{
    readonly [field in 'primitive' | 'test' | 'negated' | 'equal' | 'less' | 'kind' | 'local' | 'index']: unknown;
  }>;
  const head = [node.op, primitive, test, negated, equal, less, kind, local, index].filter((one) => one !== undefined).join(' ');
  return `${head}(${childrenOf(node)
    .map((child) => shapeOf(child, columnName, known))
    .join()})`;
}

const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
