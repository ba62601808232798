/**
 * Nodes of the source form, made from what the grammars have read. Names are folded already (PostgreSQL: ASCII to lower case, quoted
 * ones stay). `at` is what PostgreSQL points at in an error: the operator of an operation, the first token of anything else.
 */

import type {
  SourceCallNode,
  SourceConstantNode,
  SourceExpression,
  SourceName,
  SourceRowNode,
  SourceType,
} from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../kit/token.ts';
import { fitsInt8 } from './numbers.ts';

/** While a grammar is recorded, lists hold what is no token. */
export function nameOf(parts: readonly SqlToken[]): SourceName {
  if (parts.length === 1) {
    const only = parts[0];
    return { op: 'name', at: only.ordinal, parts: [only.value], quoted: [only.quoted] };
  }
  return { op: 'name', at: parts[0].ordinal, parts: parts.map((part) => part.value), quoted: parts.map((part) => part.quoted) };
}

/** A name that the parser itself gives: functions behind special syntax, types behind keywords. */
export const ownName = (at: number, name: string): SourceName => ({ op: 'name', at, parts: [name], quoted: [false] });

export const constant = (at: number, kind: SourceConstantNode['kind'], text: string): SourceConstantNode => ({
  op: 'constant',
  at,
  kind,
  text,
});

/** PostgreSQL: an integer beyond int8 is numeric. */
export const integerConstant = (token: SqlToken): SourceConstantNode =>
  constant(token.ordinal, fitsInt8(token.value) ? 'integer' : 'decimal', token.value);

/** A call without anything around its arguments. */
export const plainCall = (at: number, name: SourceName, args: readonly SourceExpression[]): SourceCallNode => ({
  op: 'call',
  at,
  name,
  arguments: args,
  names: [],
  star: false,
  distinct: false,
  variadic: false,
  order: [],
  withinGroup: [],
  filter: null,
  over: null,
});

/** The call that special syntax stands for. */
export const systemCall = (at: number, name: string, args: readonly SourceExpression[]): SourceCallNode =>
  plainCall(at, ownName(at, name), args);

export const typeNode = (
  at: number,
  name: SourceName,
  modifiers: readonly SourceExpression[] = [],
  fields: string | null = null,
): SourceType => ({ op: 'type', at, name, modifiers, dimensions: 0, fields });

export const ownType = (at: number, name: string, modifiers: readonly SourceExpression[] = []): SourceType =>
  typeNode(at, ownName(at, name), modifiers);

/**
 * Unary minus: taken into a number that stands alone, as PostgreSQL does, so that -2147483648 is an int4 and -9223372036854775808 an
 * int8.
 */
export function negated(at: number, operand: SourceExpression): SourceExpression {
  if (operand.op === 'constant' && (operand.kind === 'integer' || operand.kind === 'decimal')) {
    const text = operand.text.startsWith('-') ? operand.text.slice(1) : `-${operand.text}`;
    const isSmallestInt8 = text === '-9223372036854775808';
    const isBeyond = text === '9223372036854775808';
    return constant(at, isSmallestInt8 ? 'integer' : isBeyond ? 'decimal' : operand.kind, text);
  }
  return { op: 'operator', at, name: ownName(at, '-'), left: null, right: operand };
}

/** AND and OR of many are one node: what is joined on the left is taken in. */
export function joined(op: 'and' | 'or', at: number, left: SourceExpression, right: SourceExpression): SourceExpression {
  if (left.op === op) {
    (left.operands as SourceExpression[]).push(right);
    return left;
  }
  return { op, at, operands: [left, right] };
}

export const rowOf = (at: number, items: readonly SourceExpression[]): SourceRowNode => ({ op: 'row', at, items });

/** While a node is being made. */
export type Writable<Node> = { -readonly [field in keyof Node]: Node[field] };
