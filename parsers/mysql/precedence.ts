/**
 * MySQL's operators by precedence, from loosest to tightest, and the nodes they make.
 *
 *   OR || | XOR | AND && | NOT | = <=> >= > <= < <> != IS LIKE REGEXP IN BETWEEN | | & | << >> | + - | * / DIV % MOD | ^ | unary - ~ | ! | COLLATE
 */

import type { SourceExpression } from '../../engine/sblr/source.gen.ts';
import { type Build, pending, type PendingOperator } from '../kit/operators.ts';
import type { SqlToken } from '../kit/token.ts';
import { joined, negated, operation } from './lower.ts';

export const LEVEL = {
  or: 1,
  xor: 2,
  and: 3,
  not: 4,
  compare: 5,
  bitOr: 6,
  bitAnd: 7,
  shift: 8,
  add: 9,
  multiply: 10,
  power: 11,
  sign: 12,
  bang: 13,
  collate: 14,
} as const;

/** Operators between two operands, words in lower case among them, and the level of each. */
export const BINARY: ReadonlyMap<string, number> = new Map([
  ...['or', '||'].map((one) => [one, LEVEL.or] as const),
  ['xor', LEVEL.xor],
  ...['and', '&&'].map((one) => [one, LEVEL.and] as const),
  ...['=', '<=>', '>=', '>', '<=', '<', '<>'].map((one) => [one, LEVEL.compare] as const),
  ['|', LEVEL.bitOr],
  ['&', LEVEL.bitAnd],
  ...['<<', '>>'].map((one) => [one, LEVEL.shift] as const),
  ...['+', '-'].map((one) => [one, LEVEL.add] as const),
  ...['*', '/', 'div', '%', 'mod'].map((one) => [one, LEVEL.multiply] as const),
  ['^', LEVEL.power],
]);

const buildBinary: Build = ({ token, extra }, left, right) => {
  const operand = left as SourceExpression;
  switch (extra) {
    case 'or':
    case '||':
      return joined('or', token.ordinal, operand, right);
    case 'and':
    case '&&':
      return joined('and', token.ordinal, operand, right);
    case '<=>':
      return { op: 'isDistinct', at: token.ordinal, left: operand, right, negated: true };
    default:
      return operation(token.ordinal, extra === 'mod' ? '%' : (extra as string), operand, right);
  }
};

export const binary = (token: SqlToken, name: string): PendingOperator =>
  pending(token, BINARY.get(name) as number, 'left', buildBinary, false, false, name);

const buildNot: Build = ({ token }, _left, operand) => ({ op: 'not', at: token.ordinal, operand });
export const not = (token: SqlToken): PendingOperator => pending(token, LEVEL.not, 'right', buildNot, true);
/** `!`: binds tighter than anything between operands. */
export const bang = (token: SqlToken): PendingOperator => pending(token, LEVEL.bang, 'right', buildNot, true);

const buildSign: Build = ({ token }, _left, operand) =>
  token.value === '-'
    ? negated(token.ordinal, operand)
    : token.value === '+'
      ? operand
      : operation(token.ordinal, '~', null, operand);
export const sign = (token: SqlToken): PendingOperator => pending(token, LEVEL.sign, 'right', buildSign, true);

const buildBetween: Build = ({ token, negated: isNegated, extra }, operand, high) => ({
  ...{ op: 'between', at: token.ordinal, operand: operand as SourceExpression, low: extra as SourceExpression, high },
  ...{ symmetric: false, negated: isNegated },
});
export const between = (token: SqlToken, isNegated: boolean, low: SourceExpression): PendingOperator =>
  pending(token, LEVEL.compare, 'left', buildBetween, false, isNegated, low);

const buildRegexp: Build = ({ token, negated: isNegated }, operand, pattern) => {
  const match = operation(token.ordinal, 'regexp', operand, pattern);
  return isNegated ? { op: 'not', at: token.ordinal, operand: match } : match;
};
export const regexp = (token: SqlToken, isNegated: boolean): PendingOperator =>
  pending(token, LEVEL.compare, 'left', buildRegexp, false, isNegated);
