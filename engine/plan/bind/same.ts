/**
 * When two bound expressions are the same (GROUP BY and its items, DISTINCT and ORDER BY, index expressions). Types of the outermost
 * nodes do not count: a cast that leaves the value as it is changes nothing else. Lifted literals are the same when their texts are,
 * and then belong to what shapes the module, whatever the answer (SBLR-N2).
 */

import type {
  BoundAggregate,
  BoundCall,
  BoundConstant,
  BoundExpression,
  BoundParameter,
  BoundSortKey,
} from '../../sblr/bound.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { sqlType } from '../../sblr/types.ts';
import { implementations } from '../../values/functions.ts';
import { callFolded } from './fold.ts';
import { readNumber } from './literals.ts';
import { sameSubquery } from './same-subquery.ts';
import type { BindState } from './state.ts';
import { childrenOf, withChildren } from './tree.ts';

function sameValue(a: RowValue, b: RowValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0;
  if (typeof a === 'object' && typeof b === 'object') return JSON.stringify(a, big) === JSON.stringify(b, big);
  return Object.is(a, b);
}
const big = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

function sameParameter(a: BoundParameter, b: BoundParameter, state: BindState): boolean {
  if (a.index === b.index) return true;
  const [left, right] = [state.liftedLiteral(a), state.liftedLiteral(b)];
  if (left === null || right === null) return false;
  state.shaping.add(left.index).add(right.index);
  return left.text === right.text && a.type.name === b.type.name;
}

/** Reads a text as of a type that is made of others, which it is given by name. */
const READS_MADE = 'text.to.any';

/** A lifted literal against a constant, of the catalog or where literals are not lifted: by the value of the literal's text. */
function sameAsConstant(parameter: BoundParameter, constant: BoundConstant, state: BindState): boolean {
  const literal = state.liftedLiteral(parameter);
  if (literal === null) return false;
  state.shaping.add(literal.index);
  if (String(constant.value) === literal.text) return true;
  const isText = state.environment.literals[literal.index].type.name === 'unknown';
  if (!isText || parameter.type.name !== constant.type.name) return false;
  const { name } = parameter.type;
  const textOf = (value: string): BoundConstant => ({ op: 'constant', value, type: sqlType('text') });
  const isMade = implementations[`text.to.${name}`] === undefined;
  const primitive = isMade ? READS_MADE : `text.to.${name}`;
  const given = isMade ? [textOf(literal.text), textOf(name)] : [textOf(literal.text)];
  const read = callFolded(state, { op: 'call', primitive, arguments: given, type: parameter.type, at: 0 });
  return read.op === 'constant' && sameValue(read.value, constant.value);
}

/** A lifted literal against text that is read when the statement runs, for what it means hangs on the session: a time. */
function sameAsRead(parameter: BoundParameter, call: BoundCall, state: BindState): boolean {
  const literal = state.liftedLiteral(parameter);
  const [argument, type] = call.arguments;
  if (literal === null || argument?.op !== 'constant') return false;
  const { name } = parameter.type;
  const isMade = call.primitive === READS_MADE && type?.op === 'constant' && type.value === name;
  if (!isMade && call.primitive !== `text.to.${name}`) return false;
  state.shaping.add(literal.index);
  return argument.value === literal.text;
}

/** A cast of a lifted literal against a constant: casts of literals that are not lifted (GROUP BY, ORDER BY) are folded. */
function sameAsFolded(call: BoundCall, constant: BoundConstant, state: BindState): boolean {
  const [argument] = call.arguments;
  if (call.arguments.length !== 1 || argument.op !== 'parameter' || call.type.name !== constant.type.name) return false;
  const literal = state.liftedLiteral(argument);
  if (literal === null) return false;
  state.shaping.add(literal.index);
  if (state.environment.literals[literal.index].type.name === 'unknown') return false;
  const { value } = readNumber(literal.text, state.semantics, call.at);
  const folded = callFolded(state, { ...call, arguments: [{ op: 'constant', value, type: argument.type }] });
  return folded.op === 'constant' && sameValue(folded.value, constant.value);
}

/** What a node says besides its children. */
function sameHead(a: BoundExpression, b: BoundExpression): boolean {
  switch (a.op) {
    case 'column':
      return b.op === 'column' && a.column === b.column;
    case 'local':
      return b.op === 'local' && a.local === b.local;
    case 'call':
      return b.op === 'call' && a.primitive === b.primitive;
    case 'isTest':
      return b.op === 'isTest' && a.test === b.test && a.negated === b.negated;
    case 'isDistinct':
      return b.op === 'isDistinct' && a.equal === b.equal && a.negated === b.negated;
    case 'extreme':
      return b.op === 'extreme' && a.kind === b.kind && a.less === b.less;
    case 'in':
      return b.op === 'in' && a.equal === b.equal && a.negated === b.negated;
    default:
      return a.op === b.op;
  }
}

export function sameExpression(a: BoundExpression, b: BoundExpression, state: BindState): boolean {
  if (a === b) return true;
  if (a.op === 'parameter' && b.op === 'parameter') return sameParameter(a, b, state);
  if (a.op === 'parameter' && b.op === 'constant') return sameAsConstant(a, b, state);
  if (a.op === 'constant' && b.op === 'parameter') return sameAsConstant(b, a, state);
  if (a.op === 'parameter' && b.op === 'call') return sameAsRead(a, b, state);
  if (a.op === 'call' && b.op === 'parameter') return sameAsRead(b, a, state);
  if (a.op === 'constant' && b.op === 'call') return sameAsFolded(b, a, state);
  if (a.op === 'call' && b.op === 'constant') return sameAsFolded(a, b, state);
  if (a.op === 'constant') return b.op === 'constant' && a.type.name === b.type.name && sameValue(a.value, b.value);
  if (a.op === 'let' && b.op === 'let') return sameLet(a, b, state);
  if (a.op === 'subquery' && b.op === 'subquery') return sameSubquery(a, b, state);
  if (!sameHead(a, b)) return false;
  const [left, right] = [childrenOf(a), childrenOf(b)];
  return left.length === right.length && left.every((child, index) => sameExpression(child, right[index], state));
}

/** Bodies that differ only in the number of the local are the same. */
function sameLet(a: BoundExpression & { op: 'let' }, b: BoundExpression & { op: 'let' }, state: BindState): boolean {
  if (!sameExpression(a.value, b.value, state)) return false;
  return sameExpression(a.body, renamedLocal(b.body, b.local, a.local), state);
}

function renamedLocal(node: BoundExpression, from: number, to: number): BoundExpression {
  if (node.op === 'local') return node.local === from ? { ...node, local: to } : node;
  return withChildrenRenamed(node, from, to);
}

const withChildrenRenamed = (node: BoundExpression, from: number, to: number): BoundExpression =>
  withChildren(node, (child) => renamedLocal(child, from, to));

export const sameKeys = (a: readonly BoundSortKey[], b: readonly BoundSortKey[], state: BindState): boolean =>
  a.length === b.length &&
  a.every(
    (key, index) =>
      key.descending === b[index].descending &&
      key.nullsFirst === b[index].nullsFirst &&
      sameExpression(key.expression, b[index].expression, state),
  );

export const sameOrNull = (a: BoundExpression | null, b: BoundExpression | null, state: BindState): boolean =>
  a === null || b === null ? a === b : sameExpression(a, b, state);

export const sameAggregate = (a: BoundAggregate, b: Omit<BoundAggregate, 'column'>, state: BindState): boolean =>
  a.primitive === b.primitive &&
  a.distinct === b.distinct &&
  a.arguments.length === b.arguments.length &&
  a.arguments.every((argument, index) => sameExpression(argument, b.arguments[index], state)) &&
  sameKeys(a.order, b.order, state) &&
  sameOrNull(a.filter, b.filter, state);
