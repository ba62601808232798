/** Which relations call something volatile: they are run as often as they are written, and where. */

import type { BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import { eachExpression, inputsOf } from '../../sblr/relation-tree.ts';
import { walkExpression } from '../bind/tree.ts';
import { isVolatile } from './columns.ts';

/** Calls something volatile, here or in a subquery. */
export function relationIsVolatile(relation: BoundRelation): boolean {
  let found = relation.op === 'change';
  eachExpression(relation, (expression) => {
    found ||= isVolatile(expression) || holdsVolatileQuery(expression);
  });
  return found || inputsOf(relation).some(relationIsVolatile);
}

function holdsVolatileQuery(expression: BoundExpression): boolean {
  let found = false;
  walkExpression(expression, (node) => {
    if (node.op === 'subquery') found ||= relationIsVolatile(node.relation);
    return !found;
  });
  return found;
}
