/** LIMIT and OFFSET. */

import type { BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import type { SourceExpression, SourceSelectNode, SourceValuesNode } from '../../sblr/source.gen.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { Clause } from './clause.ts';
import { castClause } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { fault } from './errors.ts';
import { bindExpr } from './expressions.ts';

/** LIMIT and OFFSET: a number without columns. */
function bindCount(source: SourceExpression | null, clause: Clause, what: string): BoundExpression | null {
  if (source === null) return null;
  const named = { ...clause, name: what, aggregates: null };
  const node = bindExpr(source, named);
  const isOwn = (id: number): boolean =>
    clause.scope.relations.some(({ columns }) => columns.some(({ column }) => column === id));
  if (readsColumns(node, isOwn))
    throw fault(SQLSTATE.invalid_column_reference, `argument of ${what} must not contain variables`, source.at);
  return castClause(clause.state, node, 'int8', what, source.at, 'assignment');
}

export function limited(root: BoundRelation, source: SourceSelectNode | SourceValuesNode, clause: Clause): BoundRelation {
  const offset = bindCount(source.offset, clause, 'OFFSET');
  const limit = bindCount(source.limit, clause, 'LIMIT');
  return limit === null && offset === null ? root : { op: 'limit', input: root, limit, offset, ties: [] };
}
