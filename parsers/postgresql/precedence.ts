/**
 * PostgreSQL's operators by precedence (gram.y, from loosest to tightest) and the nodes they make.
 *
 *   OR | AND | NOT | IS ISNULL NOTNULL | < > = <= >= <> | BETWEEN IN LIKE ILIKE SIMILAR | ESCAPE | any other operator
 *   | + - | * / % | ^ | AT | COLLATE | unary + and - | ::
 */

import type { SourceExpression, SourceName } from '../../engine/sblr/source.gen.ts';
import { type Build, pending, type PendingOperator } from '../kit/operators.ts';
import type { SqlToken } from '../kit/token.ts';
import { joined, negated, ownName, systemCall } from './lower.ts';
import * as T from './tokens.ts';

export const LEVEL = {
  or: 1,
  and: 2,
  not: 3,
  is: 4,
  compare: 5,
  match: 6,
  escape: 7,
  other: 8,
  add: 9,
  multiply: 10,
  power: 11,
  at: 12,
  collate: 13,
  sign: 14,
  overlaps: 15,
} as const;

/** Levels of operators that are tokens of their own; all others: LEVEL.other. */
const LEVELS = new Map([
  ...[T.Plus, T.Minus].map((type) => [type.tokenTypeIdx, LEVEL.add] as const),
  ...[T.Star, T.Slash, T.Percent].map((type) => [type.tokenTypeIdx, LEVEL.multiply] as const),
  [T.Caret.tokenTypeIdx, LEVEL.power] as const,
  ...[T.Less, T.Greater, T.Equal, T.LessEqual, T.GreaterEqual, T.NotEqual].map(
    (type) => [type.tokenTypeIdx, LEVEL.compare] as const,
  ),
]);

export const levelOf = (token: SqlToken): number => LEVELS.get(token.tokenTypeIdx) ?? LEVEL.other;

const buildOperator: Build = ({ token, extra }, left, right) => ({
  op: 'operator',
  at: token.ordinal,
  name: (extra as SourceName | null) ?? ownName(token.ordinal, token.value),
  left,
  right,
});

/** An operator between two operands; `name` when it was written OPERATOR(schema.name). */
export function binary(token: SqlToken, name: SourceName | null): PendingOperator {
  const level = name === null ? levelOf(token) : LEVEL.other;
  return pending(token, level, level === LEVEL.compare ? 'none' : 'left', buildOperator, false, false, name);
}

/** An operator in front of its operand that is no sign. */
export const prefix = (token: SqlToken, name: SourceName | null): PendingOperator =>
  pending(token, LEVEL.other, 'left', buildOperator, true, false, name);

const buildSign: Build = (own, _left, right) =>
  own.token.tokenType === T.Minus ? negated(own.token.ordinal, right) : buildOperator(own, null, right);

export const sign = (token: SqlToken): PendingOperator => pending(token, LEVEL.sign, 'right', buildSign, true);

const buildNot: Build = ({ token }, _left, operand) => ({ op: 'not', at: token.ordinal, operand });

export const not = (token: SqlToken): PendingOperator => pending(token, LEVEL.not, 'right', buildNot, true);

const buildAnd: Build = ({ token }, left, right) => joined('and', token.ordinal, left as SourceExpression, right);
const buildOr: Build = ({ token }, left, right) => joined('or', token.ordinal, left as SourceExpression, right);

export const and = (token: SqlToken): PendingOperator => pending(token, LEVEL.and, 'left', buildAnd, false);
export const or = (token: SqlToken): PendingOperator => pending(token, LEVEL.or, 'left', buildOr, false);

const buildDistinct: Build = (own, left, right) => ({
  op: 'isDistinct',
  at: own.token.ordinal,
  left: left as SourceExpression,
  right,
  negated: own.negated,
});

export const isDistinct = (token: SqlToken, isNegated: boolean): PendingOperator =>
  pending(token, LEVEL.is, 'none', buildDistinct, false, isNegated);

const buildTimeZone: Build = ({ token }, left, zone) => systemCall(token.ordinal, 'timezone', [zone, left as SourceExpression]);

export const atTimeZone = (token: SqlToken): PendingOperator => pending(token, LEVEL.at, 'left', buildTimeZone, false);

export interface Between {
  readonly low: SourceExpression;
  readonly symmetric: boolean;
}

const buildBetween: Build = ({ token, negated: isNegated, extra }, operand, high) => ({
  op: 'between',
  at: token.ordinal,
  operand: operand as SourceExpression,
  low: (extra as Between).low,
  high,
  symmetric: (extra as Between).symmetric,
  negated: isNegated,
});

export const between = (token: SqlToken, isNegated: boolean, extra: Between): PendingOperator =>
  pending(token, LEVEL.match, 'none', buildBetween, false, isNegated, extra);

export type LikeKind = 'like' | 'ilike' | 'similar';

const buildLike: Build = ({ token, negated: isNegated, extra }, operand, pattern) => ({
  op: 'like',
  at: token.ordinal,
  kind: extra as LikeKind,
  operand: operand as SourceExpression,
  pattern,
  escape: null,
  negated: isNegated,
});

export const like = (token: SqlToken, isNegated: boolean, kind: LikeKind): PendingOperator =>
  pending(token, LEVEL.match, 'none', buildLike, false, isNegated, kind);

export const isLike = (operator: PendingOperator | undefined): operator is PendingOperator => operator?.build === buildLike;

const buildEscape: Build = ({ token, negated: isNegated, extra }, operand, mark) => {
  const { kind, pattern } = extra as { kind: LikeKind; pattern: SourceExpression };
  return { op: 'like', at: token.ordinal, kind, operand: operand as SourceExpression, pattern, escape: mark, negated: isNegated };
};

/** LIKE that has read its pattern and goes on to what is behind ESCAPE. */
export const withEscape = (own: PendingOperator, pattern: SourceExpression): PendingOperator =>
  pending(own.token, LEVEL.match, 'none', buildEscape, false, own.negated, { kind: own.extra, pattern });

const buildOverlaps: Build = ({ token }, left, right) => {
  const items = (row: SourceExpression | null): readonly SourceExpression[] => (row?.op === 'row' ? row.items : []);
  return systemCall(token.ordinal, 'overlaps', [...items(left), ...items(right)]);
};

export const overlaps = (token: SqlToken): PendingOperator => pending(token, LEVEL.overlaps, 'none', buildOverlaps, false);
