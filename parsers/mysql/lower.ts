/** Nodes of the source form, made from what the grammar has read. `at` is the operator of an operation, the first token of anything else. */

import type {
  SourceCallNode,
  SourceConstantNode,
  SourceExpression,
  SourceName,
  SourceSelectNode,
  SourceType,
} from '../../engine/sblr/source.gen.ts';
import type { SqlToken } from '../kit/token.ts';

/** While a node is being made. */
export type Writable<Node> = { -readonly [field in keyof Node]: Node[field] };

export const nameOf = (parts: readonly SqlToken[]): SourceName => ({
  ...{ op: 'name', at: parts[0].ordinal },
  parts: parts.map((part) => part.value),
  quoted: parts.map(() => false),
});

/** A name that the grammar itself gives: functions behind special syntax, types behind keywords. */
export const ownName = (at: number, ...parts: string[]): SourceName => ({
  op: 'name',
  at,
  parts,
  quoted: parts.map(() => false),
});

export const constant = (at: number, kind: SourceConstantNode['kind'], text: string): SourceConstantNode => ({
  ...{ op: 'constant', at, kind, text },
});
export const textConstant = (at: number, text: string): SourceConstantNode => constant(at, 'string', text);

export const callOf = (
  at: number,
  name: string,
  args: readonly SourceExpression[],
  more: Partial<SourceCallNode> = {},
): SourceCallNode => ({
  ...{ op: 'call', at, name: ownName(at, name), arguments: args, names: [], star: false, distinct: false, variadic: false },
  ...{ order: [], withinGroup: [], filter: null, over: null },
  ...more,
});

export const operation = (
  at: number,
  name: string,
  left: SourceExpression | null,
  right: SourceExpression,
): SourceExpression => ({
  ...{ op: 'operator', at, name: ownName(at, name), left, right },
});

export const columnOf = (name: SourceName): SourceExpression => ({ op: 'column', at: name.at, name });

export const typeOf = (at: number, name: string, modifiers: readonly SourceExpression[] = []): SourceType => ({
  ...{ op: 'type', at, name: ownName(at, name), modifiers, dimensions: 0, fields: null },
});

export const castOf = (at: number, operand: SourceExpression, type: string): SourceExpression => ({
  ...{ op: 'cast', at, operand, type: typeOf(at, type) },
});

/** A sign is taken into a number that stands alone. */
export function negated(at: number, operand: SourceExpression): SourceExpression {
  if (operand.op !== 'constant' || (operand.kind !== 'integer' && operand.kind !== 'decimal'))
    return operation(at, '-', null, operand);
  const { text } = operand;
  return constant(at, operand.kind, text.startsWith('-') ? text.slice(1) : `-${text}`);
}

/** AND and OR of many are one node: what is joined on the left is taken in. */
export function joined(op: 'and' | 'or', at: number, left: SourceExpression, right: SourceExpression): SourceExpression {
  if (left.op === op) {
    (left.operands as SourceExpression[]).push(right);
    return left;
  }
  return { op, at, operands: [left, right] };
}

export const emptySelect = (at: number): Writable<SourceSelectNode> => ({
  ...{ op: 'select', at, with: null, distinct: 'none', distinctOn: [], items: [], from: [], where: null, group: [] },
  ...{ having: null, windows: [], order: [], limit: null, offset: null, ties: false, locking: [] },
});

/** A number with an exponent as plain digits: 1.5e2 -> 150. */
export function withoutExponent(text: string): string {
  const [, whole, fraction = '', exponent] = /^(\d*)(?:\.(\d*))?[eE]([+-]?\d+)$/.exec(text) as unknown as string[];
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const before = point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0');
  const after = point >= digits.length ? '' : '0'.repeat(Math.max(-point, 0)) + digits.slice(Math.max(point, 0));
  return `${before.replace(/^0+(?=\d)/, '')}.${after === '' ? '0' : after}`;
}

/**
 * The engine's name of an index: MySQL's are of their table, the engine's of their schema. What is told of duplicates names it so, too:
 * "Duplicate entry '1' for key 'item.PRIMARY'".
 */
export const keyName = (table: SourceName, index: string): string => `${table.parts[table.parts.length - 1]}.${index}`;

/** MySQL's name of such an index. */
export const shownKey = (name: string): string => name.slice(name.indexOf('.') + 1);
