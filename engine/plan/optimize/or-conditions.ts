/**
 * What an OR says whichever of its operands holds.
 *
 *   (a.x = b.x and a.y = 1) or (a.x = b.x and b.z = 2)    ->    a.x = b.x and (a.y = 1 or b.z = 2)         factored
 *   (a.y = 1 and b.z = 2) or (a.y = 3 and b.z = 4)        says of a alone: a.y = 1 or a.y = 3              restrictions
 */

import type { BoundExpression } from '../../sblr/bound.ts';
import { conjunction, conjuncts } from './columns.ts';
import { holdsSubquery } from './may-fail.ts';

/** The same for two expressions that differ in their places in the text only. */
const textOf = (expression: BoundExpression): string =>
  JSON.stringify(expression, (key, value) => (key === 'at' ? 0 : typeof value === 'bigint' ? `${value}n` : value));

/** A condition as conjuncts: what all operands of an OR say stands before it. */
export function factored(condition: BoundExpression): BoundExpression[] {
  if (condition.op === 'and') return condition.operands.flatMap(factored);
  if (condition.op !== 'or' || holdsSubquery(condition)) return [condition];
  const operands = condition.operands.map(conjuncts);
  const texts = operands.map((conditions) => new Map(conditions.map((one) => [textOf(one), one])));
  const common = [...texts[0]].filter(([text]) => texts.every((one) => one.has(text)));
  if (common.length === 0) return [condition];
  const rests = texts.map((one) =>
    conjunction([...one].filter(([text]) => !common.some(([other]) => other === text)).map(([, rest]) => rest)),
  );
  const shared = common.map(([, one]) => one);
  // An operand that says no more than what is shared: so does the OR.
  if (rests.includes(null)) return shared;
  return [...shared, { ...condition, operands: rests as BoundExpression[] }];
}

/** What an OR says of the rows of which `reads` tells; null: nothing. */
export function restriction(condition: BoundExpression, reads: (condition: BoundExpression) => boolean): BoundExpression | null {
  if (condition.op !== 'or' || holdsSubquery(condition)) return null;
  const operands: BoundExpression[] = [];
  for (const operand of condition.operands) {
    const own = conjunction(conjuncts(operand).filter(reads));
    if (own === null) return null;
    operands.push(own);
  }
  return { ...condition, operands };
}
