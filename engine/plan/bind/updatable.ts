/**
 * Which views can be changed through, as PostgreSQL says: one table or such a view in FROM, and nothing that makes a row of the view
 * something else than one row of it. Columns that are columns of it can be given values.
 */

import { foldParts } from '../../sblr/resolve-type.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SourceCallNode, SourceQuery, SourceSelectNode, SourceTableRefNode } from '../../sblr/source.gen.ts';
import { isAggregate } from './aggregates.ts';
import { givesRows } from './set-calls.ts';

/** The query of a view that can be changed through. */
export interface UpdatableQuery extends SourceSelectNode {
  readonly from: readonly [SourceTableRefNode];
}

/** Why nobody can change rows through a view of this query; null: everybody with the right can. */
export function notUpdatable(query: SourceQuery, columns: number, semantics: DialectSemantics): string | null {
  if (query.op === 'setOperation') return 'Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.';
  if (query.op === 'values') return 'Views that do not select from a single table or view are not automatically updatable.';
  if (query.distinct !== 'none') return 'Views containing DISTINCT are not automatically updatable.';
  if (query.group.length > 0) return 'Views containing GROUP BY are not automatically updatable.';
  if (query.having !== null) return 'Views containing HAVING are not automatically updatable.';
  const returned = callOf(query.items, semantics);
  if (returned !== null) return `Views that return ${returned} functions are not automatically updatable.`;
  if (query.with !== null) return 'Views containing WITH are not automatically updatable.';
  if (query.limit !== null || query.offset !== null) return 'Views containing LIMIT or OFFSET are not automatically updatable.';
  const [from] = query.from;
  if (query.from.length !== 1 || from.op !== 'tableRef')
    return 'Views that do not select from a single table or view are not automatically updatable.';
  if (from.sample !== null) return 'Views containing TABLESAMPLE are not automatically updatable.';
  if (columns === 0) return 'Views that have no updatable columns are not automatically updatable.';
  return null;
}

/** The first call of a kind that makes of several rows one, or of one several. */
function callOf(node: unknown, semantics: DialectSemantics): 'aggregate' | 'window' | 'set-returning' | null {
  if (typeof node !== 'object' || node === null) return null;
  const { op } = node as { op?: string };
  if (op === 'subquery') return null;
  if (op === 'call') {
    const { name, over } = node as SourceCallNode;
    const parts = foldParts(name, semantics);
    const last = parts[parts.length - 1];
    const signatures = Object.hasOwn(semantics.functions, last) ? semantics.functions[last] : [];
    if (over !== null) return 'window';
    if (signatures.some(isAggregate)) return 'aggregate';
    if (signatures.some(givesRows)) return 'set-returning';
  }
  for (const value of Object.values(node)) {
    const found = callOf(value, semantics);
    if (found !== null) return found;
  }
  return null;
}
