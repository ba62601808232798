/**
 * Expressions as canonical text: parentheses only where precedence needs them (precedence.ts), casts as `::`, special syntax only
 * for functions that cannot be called by their names.
 */

import type {
  SourceCallNode,
  SourceCaseNode,
  SourceExpression,
  SourceFrame,
  SourceOperatorNode,
  SourceSortItem,
  SourceWindowSpec,
} from '../../engine/sblr/source.gen.ts';
import { clause, joinWords, quotedString } from '../kit/text.ts';
import { boundsText, windowText as windowTextOf, type WindowWords } from '../kit/windows.ts';
import { LEVEL } from './precedence.ts';
import { constantText, identifier, liftedText, marked, nameText, operatorText, typeText } from './render-names.ts';
import { queryText } from './render-query.ts';

/** Tighter than any operator. */
const ATOM = 20;

const OPERATOR_LEVELS: { readonly [operator: string]: number } = {
  ...{ '+': LEVEL.add, '-': LEVEL.add, '*': LEVEL.multiply, '/': LEVEL.multiply, '%': LEVEL.multiply, '^': LEVEL.power },
  ...{ '<': LEVEL.compare, '>': LEVEL.compare, '=': LEVEL.compare, '<=': LEVEL.compare, '>=': LEVEL.compare },
  '<>': LEVEL.compare,
};

const isSign = (node: SourceOperatorNode): boolean =>
  node.left === null && node.name.parts.length === 1 && (node.name.parts[0] === '-' || node.name.parts[0] === '+');

function operatorLevel(node: SourceOperatorNode): number {
  if (isSign(node)) return LEVEL.sign;
  if (node.left === null || node.name.parts.length > 1) return LEVEL.other;
  return OPERATOR_LEVELS[node.name.parts[0]] ?? LEVEL.other;
}

/** How tightly a node holds together. */
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
    case 'quantified':
      return LEVEL.is;
    case 'in':
    case 'inQuery':
    case 'between':
    case 'like':
      return LEVEL.match;
    case 'operator':
      return operatorLevel(node);
    case 'collate':
      return LEVEL.collate;
    case 'constant':
      return node.text.startsWith('-') && node.kind !== 'string' ? LEVEL.sign : ATOM;
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

/** Where b_expr stands: a bound of BETWEEN, DEFAULT. */
export const restrictedText = (node: SourceExpression): string => operand(node, ATOM);

const not = (negated: boolean): string => (negated ? 'NOT ' : '');

export function expressionText(node: SourceExpression): string {
  switch (node.op) {
    case 'column':
      return nameText(node.name);
    case 'star':
      return node.qualifier === null ? '*' : `${nameText(node.qualifier)}.*`;
    case 'literal':
      return liftedText(node.kind);
    case 'constant':
      return constantText(node);
    case 'parameter':
      return node.name === null ? `$${node.number}` : `:${node.name}`;
    case 'typedLiteral':
      return typedLiteralText(node);
    case 'call':
      return callText(node);
    case 'valueFunction':
      return `${node.name.toUpperCase()}${node.precision === null ? '' : `(${node.precision})`}`;
    case 'operator':
      return operationText(node);
    case 'and':
      return node.operands.map((one) => operand(one, LEVEL.and + 1)).join(' AND ');
    case 'or':
      return node.operands.map((one) => operand(one, LEVEL.or + 1)).join(' OR ');
    case 'not':
      return `NOT ${operand(node.operand, LEVEL.not)}`;
    case 'special':
      return `${node.function.toUpperCase()}(${expressionList(node.arguments)})`;
    case 'case':
      return caseText(node);
    case 'cast':
      return `${operand(node.operand, ATOM)}::${typeText(node.type, expressionText)}`;
    case 'row':
      return `ROW(${expressionList(node.items)})`;
    case 'array':
      return `ARRAY[${expressionList(node.items)}]`;
    case 'default':
      return 'DEFAULT';
    case 'collate':
      return `${operand(node.operand, LEVEL.collate)} COLLATE ${nameText(node.collation)}`;
    case 'grouping':
      return groupingText(node);
    default:
      return testText(node);
  }
}

type Test = Extract<
  SourceExpression,
  { op: 'isTest' | 'isDistinct' | 'in' | 'inQuery' | 'between' | 'like' | 'subquery' | 'quantified' | 'subscript' | 'field' }
>;

function testText(node: Test): string {
  switch (node.op) {
    case 'isTest':
      return `${operand(node.operand, LEVEL.is + 1)} IS ${not(node.negated)}${node.test.toUpperCase()}`;
    case 'isDistinct':
      return `${operand(node.left, LEVEL.is + 1)} IS ${not(node.negated)}DISTINCT FROM ${operand(node.right, LEVEL.is + 1)}`;
    case 'in':
      return `${operand(node.operand, LEVEL.match + 1)} ${not(node.negated)}IN (${expressionList(node.list)})`;
    case 'inQuery':
      return `${operand(node.operand, LEVEL.match + 1)} ${not(node.negated)}IN (${queryText(node.query)})`;
    case 'between': {
      const kind = node.symmetric ? 'BETWEEN SYMMETRIC' : 'BETWEEN';
      const bounds = `${restrictedText(node.low)} AND ${operand(node.high, LEVEL.match + 1)}`;
      return `${operand(node.operand, LEVEL.match + 1)} ${not(node.negated)}${kind} ${bounds}`;
    }
    case 'like': {
      const kind = node.kind === 'similar' ? 'SIMILAR TO' : node.kind.toUpperCase();
      const mark = node.escape === null ? '' : ` ESCAPE ${operand(node.escape, LEVEL.escape + 1)}`;
      const pattern = operand(node.pattern, LEVEL.escape + 1);
      return `${operand(node.operand, LEVEL.match + 1)} ${not(node.negated)}${kind} ${pattern}${mark}`;
    }
    case 'subquery': {
      const kind = node.kind === 'scalar' ? '' : node.kind === 'exists' ? 'EXISTS ' : 'ARRAY';
      return `${kind}(${queryText(node.query)})`;
    }
    case 'quantified':
      return quantifiedText(node);
    case 'subscript':
      return `${indirect(node.operand, true)}[${bound(node.lower)}${node.slice ? ':' : ''}${bound(node.upper)}]`;
    case 'field':
      return `${indirect(node.operand, false)}.${marked(node.name, node.quoted)}`;
  }
}

/** `$1:` and the like: blanks keep a parameter's name and the colon apart. */
const bound = (node: SourceExpression | null): string => (node === null ? '' : ` ${expressionText(node)} `);

/** What subscripts and fields may follow without parentheses; (a).b is no column of a table a. */
function indirect(node: SourceExpression, isSubscript: boolean): string {
  const mayStand =
    node.op === 'subscript' || node.op === 'field' || node.op === 'parameter' || (isSubscript && node.op === 'column');
  return mayStand ? expressionText(node) : `(${expressionText(node)})`;
}

function typedLiteralText(node: Extract<SourceExpression, { op: 'typedLiteral' }>): string {
  const { type, text } = node;
  const fields = type.fields === null ? '' : ` ${type.fields.toUpperCase()}`;
  const modifiers = type.modifiers.length === 0 ? '' : `(${expressionList(type.modifiers)})`;
  if (fields === '') return `${nameText(type.name)}${modifiers} ${quotedString(text)}`;
  return `${nameText(type.name)} ${quotedString(text)}${fields}${modifiers}`;
}

function operationText(node: SourceOperatorNode): string {
  const operator = operatorText(node.name);
  const level = operatorLevel(node);
  if (node.left === null) {
    const right = operand(node.right, isSign(node) ? LEVEL.sign : LEVEL.other + 1);
    // A number that stands alone would take the sign in; two signs would begin a comment.
    const isNumber = node.right.op === 'constant' && (node.right.kind === 'integer' || node.right.kind === 'decimal');
    return isSign(node) && operator === '-' && isNumber ? `- (${right})` : `${operator} ${right}`;
  }
  const left = operand(node.left, level === LEVEL.compare ? level + 1 : level);
  return `${left} ${operator} ${operand(node.right, level + 1)}`;
}

const LIKE_WORDS: { readonly [operator: string]: string } = {
  ...{ '~~': 'LIKE', '!~~': 'NOT LIKE', '~~*': 'ILIKE', '!~~*': 'NOT ILIKE' },
};

function quantifiedText(node: Extract<SourceExpression, { op: 'quantified' }>): string {
  const inside = node.query === null ? expressionText(node.array as SourceExpression) : queryText(node.query);
  const name = node.operator;
  const operator = name.parts.length === 1 ? (LIKE_WORDS[name.parts[0]] ?? name.parts[0]) : operatorText(name);
  return `${operand(node.left, ATOM)} ${operator} ${node.quantifier.toUpperCase()} (${inside})`;
}

function caseText(node: SourceCaseNode): string {
  const whens = node.whens.map((when) => `WHEN ${expressionText(when.condition)} THEN ${expressionText(when.result)}`);
  return joinWords([
    'CASE',
    node.operand !== null && expressionText(node.operand),
    ...whens,
    node.otherwise !== null && `ELSE ${expressionText(node.otherwise)}`,
    'END',
  ]);
}

/** Functions whose names are words of the grammar: only their own syntax calls them. */
function specialCall(node: SourceCallNode): string | null {
  if (node.name.parts.length !== 1 || node.name.quoted[0]) return null;
  const [first, second] = node.arguments;
  switch (node.name.parts[0]) {
    case 'extract':
      return `extract(${expressionText(first)} FROM ${expressionText(second)})`;
    case 'position':
      return `position(${restrictedText(second)} IN ${restrictedText(first)})`;
    case 'normalize':
      return `normalize(${expressionText(first)}${second?.op === 'constant' ? `, ${second.text}` : ''})`;
    default:
      return null;
  }
}

function callText(node: SourceCallNode): string {
  const special = specialCall(node);
  if (special !== null) return special;
  const last = node.arguments.length - 1;
  const args = node.arguments.map((argument, index) => {
    const name = node.names[index] ?? '';
    const variadic = node.variadic && index === last ? 'VARIADIC ' : '';
    return `${variadic}${name === '' ? '' : `${identifier(name)} => `}${expressionText(argument)}`;
  });
  const inside = joinWords([
    node.star && '*',
    node.distinct && 'DISTINCT',
    args.join(', '),
    clause('ORDER BY', orderText(node.order)),
  ]);
  return joinWords([
    `${nameText(node.name)}(${inside})`,
    node.withinGroup.length > 0 && `WITHIN GROUP (ORDER BY ${orderText(node.withinGroup)})`,
    node.filter !== null && `FILTER (WHERE ${expressionText(node.filter)})`,
    node.over !== null && `OVER ${windowText(node.over)}`,
  ]);
}

export function orderText(items: readonly SourceSortItem[]): string {
  return items
    .map(({ expression, descending, nulls, using }) => {
      const direction = using === null ? descending && 'DESC' : `USING ${operatorText(using)}`;
      return joinWords([expressionText(expression), direction, nulls !== 'default' && `NULLS ${nulls.toUpperCase()}`]);
    })
    .join(', ');
}

/** A window by its name, or its specification in parentheses. */
export const windowText = (spec: SourceWindowSpec): string => windowTextOf(spec, WINDOW_WORDS);

const EXCLUSIONS: { readonly [kind in SourceFrame['exclude']]: string } = {
  none: '',
  current: 'EXCLUDE CURRENT ROW',
  group: 'EXCLUDE GROUP',
  ties: 'EXCLUDE TIES',
};

const frameText = (frame: SourceFrame): string => joinWords([boundsText(frame, restrictedText), EXCLUSIONS[frame.exclude]]);

const WINDOW_WORDS: WindowWords = { identifier, expressions: expressionList, order: orderText, frame: frameText };

const GROUPING_WORDS = { rollup: 'ROLLUP ', cube: 'CUBE ', sets: 'GROUPING SETS ', set: '', distinct: 'DISTINCT ' } as const;

const groupingText = (node: Extract<SourceExpression, { op: 'grouping' }>): string =>
  `${GROUPING_WORDS[node.kind]}(${expressionList(node.items)})`;
