/** Conditions that say that two values are equal. */

import type { BoundExpression } from '../../sblr/bound.ts';
import type { JoinKey } from '../physical.ts';

/** `a = b`, or `a IS NOT DISTINCT FROM b`; null: something else. */
export function equalityOf(condition: BoundExpression): JoinKey | null {
  if (condition.op === 'isDistinct' && condition.negated) {
    return { left: condition.left, right: condition.right, equal: condition.equal, nullsMatch: true };
  }
  if (condition.op !== 'call' || !condition.primitive.endsWith('.equal')) return null;
  const [left, right] = condition.arguments;
  return { left, right, equal: condition.primitive, nullsMatch: false };
}
