/** What all branches of an OR demand is found, and the condition stays what it was for every value, NULL included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BoundExpression } from '../../sblr/bound.ts';
import { sqlType } from '../../sblr/types.ts';
import { factored } from './factor.ts';

const BOOL = sqlType('bool');
const column = (number: number): BoundExpression => ({ op: 'column', column: number, type: BOOL });
const and = (...operands: BoundExpression[]): BoundExpression => ({ op: 'and', operands, type: BOOL });
const or = (...operands: BoundExpression[]): BoundExpression => ({ op: 'or', operands, type: BOOL });
const [a, b, c, d] = [0, 1, 2, 3].map(column);

type Logic = boolean | null;

function outcome(node: BoundExpression, values: readonly Logic[]): Logic {
  if (node.op === 'column') return values[node.column];
  assert(node.op === 'and' || node.op === 'or');
  const inner = node.operands.map((operand) => outcome(operand, values));
  const decides = node.op === 'or';
  return inner.includes(decides) ? decides : inner.includes(null) ? null : !decides;
}

const ALL: readonly Logic[] = [true, false, null];
const everything = ALL.flatMap((p) => ALL.flatMap((q) => ALL.flatMap((r) => ALL.map((s) => [p, q, r, s]))));

for (const [name, from, to] of [
  ['two branches', or(and(a, b), and(a, c)), and(a, or(b, c))],
  ['three branches in any order', or(and(b, a), and(a, c), and(d, a)), and(a, or(b, c, d))],
  ['two common conditions', or(and(a, b, c), and(b, a, d)), and(a, b, or(c, d))],
  ['a branch that demands nothing else', or(a, and(a, b)), a],
  ['nothing in common', or(and(a, b), and(c, d)), null],
  ['no conjunction', or(a, b), null],
] as const) {
  test(`common conditions of an OR: ${name}`, () => {
    const found = factored(from);
    assert.deepEqual(found, to ?? from);
    for (const values of everything) assert.equal(outcome(found, values), outcome(from, values));
  });
}
