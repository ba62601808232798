/** Rewrites of the bound form, each of which gives the same rows. */

import type { BoundPlanned, BoundRelation, ColumnId } from '../../sblr/bound.ts';
import { inlineWith, relationsRead } from './inline.ts';
import type { Planner } from './planner.ts';
import { pushDown } from './push-down.ts';
import { unnest } from './unnest.ts';

/** `isFlat`: there is nothing that inlineWith() and unnest() look for (StatementColumns). */
export function rewrite<Statement extends BoundPlanned>(statement: Statement, planner: Planner, isFlat: boolean): Statement {
  if (isFlat && statement.kind === 'query') {
    const root = pushDown(statement.root, [], true);
    return root === statement.root ? statement : { ...statement, root };
  }
  const fresh = (): ColumnId => planner.freshColumn();
  const elsewhere = statement.kind === 'query' ? new Set<number>() : relationsRead({ ...statement, source: null });
  const relation = (node: BoundRelation): BoundRelation => pushDown(unnest(inlineWith(node, fresh, elsewhere), fresh));
  return statement.kind === 'query'
    ? { ...statement, root: relation(statement.root) }
    : { ...statement, source: relation(statement.source) };
}
