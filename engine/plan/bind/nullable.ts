/** An expression whose parts may have become NULL where they could not be before: its own type follows (SBLR-N6). */

import type { BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { withNullable } from '../../sblr/types.ts';
import { childrenOf, withChildren } from './tree.ts';

const may = (node: BoundExpression): boolean => node.type.nullable;

function becomesNull(node: BoundExpression): boolean {
  switch (node.op) {
    case 'call':
      return primitiveOf(node.primitive).strict && node.arguments.some(may);
    case 'and':
    case 'or':
    case 'not':
    case 'in':
      return childrenOf(node).some(may);
    case 'case':
      return may(node.otherwise) || node.whens.some(({ result }) => may(result));
    case 'coalesce':
    case 'extreme':
      return node.arguments.every(may);
    case 'let':
      return may(node.body);
    case 'subquery':
      return node.kind === 'any' && node.outer.some(({ expression }) => may(expression));
    default:
      return false;
  }
}

/** The same node, nullable where its parts make it so. */
export function renulled(node: BoundExpression): BoundExpression {
  const whole = node.op === 'let' && may(node.value) ? { ...node, body: withLocal(node.body, node.local) } : node;
  return may(whole) || !becomesNull(whole) ? whole : ({ ...whole, type: withNullable(whole.type, true) } as BoundExpression);
}

/** Reads of a local may be NULL. */
function withLocal(node: BoundExpression, local: number): BoundExpression {
  if (node.op === 'local') return node.local === local ? { ...node, type: withNullable(node.type, true) } : node;
  return renulled(withChildren(node, (child) => withLocal(child, local)));
}
