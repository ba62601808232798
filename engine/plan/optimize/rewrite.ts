/** Rewrites of the bound form, each of which gives the same rows. */

import type { BoundDelete, BoundInsert, BoundQuery, BoundRelation, BoundUpdate } from '../../sblr/bound.ts';
import type { Planner } from './planner.ts';
import { pushDown } from './push-down.ts';

type Planable = BoundQuery | BoundInsert | BoundUpdate | BoundDelete;

export function rewrite<Statement extends Planable>(statement: Statement, _planner: Planner): Statement {
  return statement.kind === 'query'
    ? { ...statement, root: relation(statement.root) }
    : { ...statement, source: relation(statement.source) };
}

const relation = (node: BoundRelation): BoundRelation => pushDown(node, []);
