/**
 * What every branch of an OR demands stands before it once, so that it can choose an index or join two tables.
 *
 *   (a and b) or (a and c)   ->   a and (b or c)            a or (a and b)   ->   a
 *
 * Two NULLs and errors included, the value stays: AND distributes over OR in three-valued logic, and `a` was evaluated anyway.
 */

import type { BoundExpression, BoundLogic } from '../../sblr/bound.ts';
import { conjuncts, isVolatile } from './columns.ts';

const BOOLEAN_MAX = 64;

/** Text by which equal expressions are known; places in the text do not count. */
const identity = (expression: BoundExpression): string =>
  JSON.stringify(expression, (name, value: unknown) =>
    name === 'at' ? undefined : typeof value === 'bigint' ? `${value}n` : value,
  );

/** An OR, or what it is once common conditions stand before it. */
export function factored(node: BoundExpression): BoundExpression {
  if (node.op !== 'or' || node.operands.length > BOOLEAN_MAX) return node;
  // Most have nothing to share: one branch is a single condition that is not in the others.
  if (!node.operands.some(({ op }) => op === 'and')) return node;
  const branches = node.operands.map((operand) => conjuncts(operand).map((one) => ({ one, text: identity(one) })));
  const [first, ...others] = branches;
  const isCommon = ({ one, text }: (typeof first)[number]): boolean =>
    !isVolatile(one) && others.every((branch) => branch.some((other) => other.text === text));
  const common = first.filter(isCommon);
  if (common.length === 0) return node;
  const texts = new Set(common.map(({ text }) => text));
  const rests = branches.map((branch) => branch.filter(({ text }) => !texts.has(text)).map(({ one }) => one));
  const shared = common.filter(({ text }, index) => common.findIndex((other) => other.text === text) === index);
  const conditions = shared.map(({ one }) => one);
  // A branch that demands nothing else: the others say no more.
  if (!rests.some((rest) => rest.length === 0))
    conditions.push(
      logic(
        'or',
        rests.map((rest) => logic('and', rest)),
      ),
    );
  return logic('and', conditions);
}

function logic(op: BoundLogic['op'], operands: readonly BoundExpression[]): BoundExpression {
  if (operands.length === 1) return operands[0];
  const nullable = operands.some(({ type }) => type.nullable);
  return { op, operands, type: { ...operands[0].type, nullable } };
}
