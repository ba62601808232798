/** LIMIT, OFFSET, WITH TIES. */

import type { BoundExpression, BoundRelation, BoundSortKey } from '../../sblr/bound.ts';
import type { SourceExpression, SourceSelectNode } from '../../sblr/source.gen.ts';
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

/** `order`: keys by which the rows are sorted, for WITH TIES. */
export function limited(
  root: BoundRelation,
  source: Pick<SourceSelectNode, 'limit' | 'offset' | 'ties' | 'at'>,
  clause: Clause,
  order: readonly BoundSortKey[] = [],
): BoundRelation {
  const offset = bindCount(source.offset, clause, 'OFFSET');
  const limit = bindCount(source.limit, clause, 'LIMIT');
  if (source.ties && order.length === 0)
    throw fault(SQLSTATE.syntax_error, 'WITH TIES cannot be specified without ORDER BY clause', source.limit?.at ?? source.at);
  if (source.ties && source.limit?.op === 'constant' && source.limit.kind === 'null')
    throw fault(
      SQLSTATE.invalid_row_count_in_limit_clause,
      'row count cannot be null in FETCH FIRST ... WITH TIES clause',
      source.limit.at,
    );
  return limit === null && offset === null
    ? root
    : {
        op: 'limit',
        input: root,
        limit,
        offset,
        ties: source.ties ? order : [],
      };
}
