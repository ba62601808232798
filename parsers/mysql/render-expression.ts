/** Expressions as canonical text: parentheses only where precedence needs them (precedence.ts). */

import { notSupported } from '../../engine/sblr/parse-error.ts';
import type {
  SourceCallNode,
  SourceConstantNode,
  SourceExpression,
  SourceFrame,
  SourceName,
  SourceSortItem,
  SourceType,
  SourceWindowSpec,
} from '../../engine/sblr/source.gen.ts';
import { joinWords } from '../kit/text.ts';
import { boundsText, windowText as windowTextOf, type WindowWords } from '../kit/windows.ts';
import { BINARY, LEVEL } from './precedence.ts';
import { queryText } from './render-query.ts';

/** Tighter than any operator. */
const ATOM = 20;

export const cannot = (what: string): Error => notSupported(`${what} in MySQL's words`, 0);

export const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``;
export const nameText = ({ parts }: SourceName): string => parts.map(identifier).join('.');
export const identifiers = (names: readonly string[]): string => names.map(identifier).join(', ');

const ESCAPES: { readonly [character: string]: string } = {
  '\\': '\\\\',
  "'": "''",
  '\0': '\\0',
  '\n': '\\n',
  '\r': '\\r',
  '\x1a': '\\Z',
};
export const quoted = (text: string): string => `'${Array.from(text, (one) => ESCAPES[one] ?? one).join('')}'`;

function levelOf(node: SourceExpression): number {
  switch (node.op) {
    case 'or':
      return LEVEL.or;
    case 'and':
      return LEVEL.and;
    case 'not':
      return LEVEL.not;
    case 'isTest':
    case 'isDistinct':
    case 'in':
    case 'inQuery':
    case 'between':
    case 'like':
    case 'quantified':
      return LEVEL.compare;
    case 'operator':
      if (node.left === null) return LEVEL.sign;
      return node.name.parts[0] === 'regexp' ? LEVEL.compare : (BINARY.get(node.name.parts[0]) ?? LEVEL.compare);
    case 'constant':
      return node.text.startsWith('-') && node.kind !== 'string' ? LEVEL.sign : ATOM;
    case 'collate':
      return LEVEL.collate;
    default:
      return ATOM;
  }
}

/** In parentheses when it holds together less tightly than `level`. */
function operand(node: SourceExpression, level: number): string {
  const text = expressionText(node);
  return levelOf(node) >= level ? text : `(${text})`;
}

export const expressionList = (nodes: readonly SourceExpression[]): string => nodes.map(expressionText).join(', ');
const not = (negated: boolean): string => (negated ? 'NOT ' : '');

export function expressionText(node: SourceExpression): string {
  switch (node.op) {
    case 'column':
      return nameText(node.name);
    case 'star':
      return node.qualifier === null ? '*' : `${nameText(node.qualifier)}.*`;
    case 'constant':
      return constantText(node);
    case 'parameter':
      return '?';
    case 'call':
      return callText(node);
    case 'operator':
      return operationText(node);
    case 'and':
      return node.operands.map((one) => operand(one, LEVEL.and + 1)).join(' AND ');
    case 'or':
      return node.operands.map((one) => operand(one, LEVEL.or + 1)).join(' OR ');
    case 'not':
      return `NOT ${operand(node.operand, LEVEL.not)}`;
    case 'special':
      if (node.function === 'greatest' || node.function === 'least') throw cannot(node.function.toUpperCase());
      return `${node.function.toUpperCase()}(${expressionList(node.arguments)})`;
    case 'case':
      return caseText(node);
    case 'cast':
      return `CAST(${expressionText(node.operand)} AS ${castTypeText(node.type)})`;
    case 'row':
      return `ROW(${expressionList(node.items)})`;
    case 'default':
      return 'DEFAULT';
    case 'collate':
      return `${operand(node.operand, LEVEL.collate)} COLLATE utf8mb4_0900_bin`;
    case 'subquery':
      if (node.kind === 'array') throw cannot('ARRAY');
      return `${node.kind === 'exists' ? 'EXISTS ' : ''}(${queryText(node.query)})`;
    default:
      return testText(node);
  }
}

function testText(node: SourceExpression): string {
  switch (node.op) {
    case 'isTest':
      return `${operand(node.operand, LEVEL.compare)} IS ${not(node.negated)}${node.test.toUpperCase()}`;
    case 'isDistinct': {
      const same = `${operand(node.left, LEVEL.compare)} <=> ${operand(node.right, LEVEL.compare + 1)}`;
      return node.negated ? same : `NOT (${same})`;
    }
    case 'in':
      return `${operand(node.operand, LEVEL.compare)} ${not(node.negated)}IN (${expressionList(node.list)})`;
    case 'inQuery':
      return `${operand(node.operand, LEVEL.compare)} ${not(node.negated)}IN (${queryText(node.query)})`;
    case 'between': {
      if (node.symmetric) throw cannot('BETWEEN SYMMETRIC');
      const bounds = `${operand(node.low, LEVEL.bitOr)} AND ${operand(node.high, LEVEL.compare + 1)}`;
      return `${operand(node.operand, LEVEL.compare)} ${not(node.negated)}BETWEEN ${bounds}`;
    }
    case 'like': {
      if (node.kind !== 'like') throw cannot(node.kind.toUpperCase());
      const mark = node.escape === null ? '' : ` ESCAPE ${operand(node.escape, LEVEL.bitOr)}`;
      return `${operand(node.operand, LEVEL.compare)} ${not(node.negated)}LIKE ${operand(node.pattern, LEVEL.bitOr)}${mark}`;
    }
    case 'quantified': {
      if (node.query === null) throw cannot('a comparison with an array');
      const side = `${node.operator.parts[0]} ${node.quantifier.toUpperCase()} (${queryText(node.query)})`;
      return `${operand(node.left, LEVEL.compare)} ${side}`;
    }
    default:
      throw cannot(node.op);
  }
}

function constantText({ kind, text }: SourceConstantNode): string {
  if (kind === 'string') return quoted(text);
  if (kind === 'null') return 'NULL';
  if (kind === 'boolean') return text.toUpperCase();
  if (kind === 'bits' || kind === 'hexBits') throw cannot('a bit string');
  return text;
}

function operationText(node: Extract<SourceExpression, { op: 'operator' }>): string {
  const name = node.name.parts[0];
  if (node.left === null) {
    // A number that stands alone would take the sign in.
    const isNumber = node.right.op === 'constant' && (node.right.kind === 'integer' || node.right.kind === 'decimal');
    if (isNumber && name === '-') throw cannot('a sign in front of a number');
    return `${name} ${operand(node.right, LEVEL.sign)}`;
  }
  const level = levelOf(node);
  return `${operand(node.left, level)} ${name.toUpperCase()} ${operand(node.right, level + 1)}`;
}

function caseText(node: Extract<SourceExpression, { op: 'case' }>): string {
  const whens = node.whens.map((when) => `WHEN ${expressionText(when.condition)} THEN ${expressionText(when.result)}`);
  return joinWords([
    'CASE',
    node.operand !== null && expressionText(node.operand),
    ...whens,
    node.otherwise !== null && `ELSE ${expressionText(node.otherwise)}`,
    'END',
  ]);
}

function callText(node: SourceCallNode): string {
  if (node.filter !== null || node.withinGroup.length > 0 || node.order.length > 0)
    throw cannot('FILTER and ORDER BY of aggregates');
  const inside = node.star ? '*' : `${node.distinct ? 'DISTINCT ' : ''}${expressionList(node.arguments)}`;
  return joinWords([`${node.name.parts.join('.')}(${inside})`, node.over !== null && `OVER ${windowText(node.over)}`]);
}

const CAST_TYPES: { readonly [name: string]: string } = { bigint: 'SIGNED', text: 'CHAR', varchar: 'CHAR' };

function castTypeText({ name, modifiers }: SourceType): string {
  const own = name.parts[0];
  const sizes = modifiers.length === 0 ? '' : `(${expressionList(modifiers)})`;
  return `${CAST_TYPES[own] ?? own.toUpperCase()}${sizes}`;
}

export const orderText = (items: readonly SourceSortItem[]): string =>
  items
    .map(({ expression, descending, nulls }) => {
      if (nulls !== 'default') throw cannot('NULLS FIRST and NULLS LAST');
      return `${expressionText(expression)}${descending ? ' DESC' : ''}`;
    })
    .join(', ');

/** A window by its name, or its specification in parentheses. */
export const windowText = (spec: SourceWindowSpec): string => windowTextOf(spec, WINDOW_WORDS);

function frameText(frame: SourceFrame): string {
  if (frame.unit === 'groups' || frame.exclude !== 'none') throw cannot('GROUPS and EXCLUDE');
  return boundsText(frame, expressionText);
}

const WINDOW_WORDS: WindowWords = { identifier, expressions: expressionList, order: orderText, frame: frameText };
