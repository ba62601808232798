/** ARRAY[...], ARRAY(query), subscripts and slices, comparisons with ANY and ALL of an array, VARIADIC. */

import type { BoundAggregation, BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import type { SourceArrayNode, SourceExpression, SourceQuantifiedNode, SourceSubscriptNode } from '../../sblr/source.gen.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { Signature } from '../../sblr/semantics.ts';
import { arrayOf, elementOf, isArrayType, type SqlType, sqlType, type TypeName, withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { ColumnId } from '../../sblr/bound.ts';
import type { Clause } from './clause.ts';
import { callNode, castCommon, castExplicit, castTo, constantNode, settled } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { fault, noFunction, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { castOperand, operatorCall, operatorCandidate, typeText } from './operators.ts';
import { canCast } from './resolve.ts';
import type { BindState } from './state.ts';

const text = (state: BindState, value: string, at: number): BoundExpression => constantNode(state, value, sqlType('text'), at);

/** A call whose result is never NULL by itself. */
function arrayCall(
  state: BindState,
  primitive: string,
  args: readonly BoundExpression[],
  type: TypeName,
  at: number,
  nullable = false,
): BoundExpression {
  const node = callNode(state, primitive, args, type, undefined, at);
  return node.type.nullable === nullable ? node : withType(state, node, withNullable(node.type, nullable), at);
}

function withType(state: BindState, node: BoundExpression, type: SqlType, at: number): BoundExpression {
  const copy = { ...node, type } as BoundExpression;
  state.positions.set(copy, at);
  return copy;
}

/** ARRAY[a, b]: of their common type, or of `wanted`. Arrays in it are rows of more dimensions. 42P18, 42804 */
export function bindArray(source: SourceArrayNode, clause: Clause, wanted: TypeName | null = null): BoundExpression {
  const { state } = clause;
  const { at, items } = source;
  if (items.length === 0) {
    if (wanted !== null) return arrayCall(state, 'array.make', [text(state, wanted, at)], arrayOf(wanted), at);
    throw fault(
      SQLSTATE.indeterminate_datatype,
      'cannot determine type of empty array',
      at,
      'Explicitly cast to the desired type, for example ARRAY[]::integer[].',
    );
  }
  const bound = items.map((item) => (item.op === 'array' ? bindArray(item, clause, wanted) : bindExpr(item, clause)));
  const isStack = bound.some((item) => isArrayType(item.type.name));
  const nodes = wanted === null ? common(bound, items, state, at) : asked(bound, items, wanted, isStack, state);
  const element = elementOf(nodes[0].type.name) ?? nodes[0].type.name;
  const args = [text(state, element, at), ...nodes];
  return arrayCall(state, isStack ? 'array.stack' : 'array.make', args, arrayOf(element), at);
}

function common(
  bound: readonly BoundExpression[],
  items: readonly SourceExpression[],
  state: BindState,
  at: number,
): readonly BoundExpression[] {
  const places = items.map((item) => item.at);
  const { nodes } = castCommon(state, bound, 'ARRAY', places);
  return nodes.map((node) => settled(state, node, at));
}

/** ARRAY[...]::type[]: each item is cast as if it stood alone. */
const asked = (
  bound: readonly BoundExpression[],
  items: readonly SourceExpression[],
  wanted: TypeName,
  isStack: boolean,
  state: BindState,
): BoundExpression[] =>
  bound.map((item, index) => castExplicit(state, item, sqlType(isStack ? arrayOf(wanted) : wanted), items[index].at));

/** The rows of a query as one array, in their order. */
export function collected(
  relation: BoundRelation,
  column: ColumnId,
  type: SqlType,
  state: BindState,
  at: number,
): { readonly relation: BoundAggregation; readonly column: ColumnId; readonly type: SqlType } {
  const made = state.newColumn();
  const isStack = isArrayType(type.name);
  const array = sqlType(arrayOf(type.name));
  const value: BoundExpression = { op: 'column', column, type };
  const aggregate = {
    column: made,
    primitive: isStack ? 'array_agg.arrays' : 'array_agg',
    arguments: [value, typeText(state, type.name, at)],
    distinct: false,
    order: [],
    filter: null,
    type: array,
  };
  return {
    relation: { op: 'aggregate', input: relation, keys: [], aggregates: [aggregate], sets: [], grouping: [] },
    column: made,
    type: array,
  };
}

/** No rows: an empty array. */
export const orEmpty = (state: BindState, node: BoundExpression, at: number): BoundExpression =>
  arrayCall(state, 'array.orEmpty', [node, typeText(state, node.type.name, at)], node.type.name, at);

// ---- subscripts ----

/** One pair of brackets. */
export interface Subscript {
  readonly at: number;
  readonly lower: BoundExpression | null;
  readonly upper: BoundExpression | null;
  readonly slice: boolean;
}

/** 42804 */
function bindIndex(source: SourceExpression | null, clause: Clause): BoundExpression | null {
  if (source === null) return null;
  const { state } = clause;
  const node = bindExpr(source, clause);
  if (!canCast(node.type.name, 'int4', 'assignment', state.semantics))
    throw fault(SQLSTATE.datatype_mismatch, 'array subscript must have type integer', source.at);
  return castTo(state, node, sqlType('int4'), 'assignment', source.at);
}

/** What stands before the brackets, and all of them. */
function chainOf(source: SourceSubscriptNode): { readonly operand: SourceExpression; readonly chain: SourceSubscriptNode[] } {
  const chain: SourceSubscriptNode[] = [];
  let operand: SourceExpression = source;
  while (operand.op === 'subscript') {
    chain.unshift(operand);
    operand = operand.operand;
  }
  return { operand, chain };
}

/** Bounds that are given, and which they are (array.slice). A lone index beside a slice is the upper bound of one from 1. */
function boundsOf(subscripts: readonly Subscript[], state: BindState): { forms: string; given: BoundExpression[] } {
  let forms = '';
  const given: BoundExpression[] = [];
  for (const { at, lower, upper, slice } of subscripts) {
    const from = slice ? lower : constantNode(state, 1, sqlType('int4'), at);
    const to = slice ? upper : lower;
    forms += `${from === null ? '-' : 'l'}${to === null ? '-' : 'u'}`;
    if (from !== null) given.push(from);
    if (to !== null) given.push(to);
  }
  return { forms, given };
}

/** One letter of a name; the first one has the number 0. */
function letterOf(operand: BoundExpression, subscripts: readonly Subscript[], at: number, state: BindState): BoundExpression {
  const [{ lower, slice }] = subscripts;
  if (slice || lower === null || subscripts.length > 1) throw noSubscripts(operand.type.name, state, at);
  const one = constantNode(state, 1, sqlType('int4'), at);
  const place = operatorCall(state, '+', [lower, one], at);
  const letters = castExplicit(state, operand, sqlType('text'), at);
  return castExplicit(
    state,
    callNode(state, 'text.substring', [letters, place, one], 'text', undefined, at),
    sqlType('char1'),
    at,
  );
}

export function bindSubscript(source: SourceSubscriptNode, clause: Clause): BoundExpression {
  const { state } = clause;
  const { operand: inner, chain } = chainOf(source);
  const operand = bindExpr(inner, clause);
  if (operand.type.name === 'jsonb') return jsonbField(operand, chain, clause);
  const element = operand.type.name === 'name' ? 'char1' : elementOf(operand.type.name);
  if (element === null) throw noSubscripts(operand.type.name, state, source.at);
  const subscripts = bindSubscripts(chain, clause);
  if (operand.type.name === 'name') return letterOf(operand, subscripts, source.at, state);
  if (!subscripts.some(({ slice }) => slice)) {
    const indexes = subscripts.map(({ lower }) => lower as BoundExpression);
    const node = callNode(state, 'array.get', [operand, ...indexes], element, undefined, source.at);
    return withType(state, node, { ...node.type, length: operand.type.length, scale: operand.type.scale }, source.at);
  }
  const { forms, given } = boundsOf(subscripts, state);
  return callNode(
    state,
    'array.slice',
    [operand, text(state, forms, source.at), ...given],
    arrayOf(element),
    undefined,
    source.at,
  );
}

/** One element, by indexes that are bound already. */
export function itemOf(array: BoundExpression, subscripts: readonly Subscript[], at: number, state: BindState): BoundExpression {
  const element = elementOf(array.type.name);
  if (element === null) throw noSubscripts(array.type.name, state, at);
  return callNode(
    state,
    'array.get',
    [array, ...subscripts.map(({ lower }) => lower as BoundExpression)],
    element,
    undefined,
    at,
  );
}

export const bindSubscripts = (chain: readonly SourceSubscriptNode[], clause: Clause): Subscript[] =>
  chain.map(({ at, lower, upper, slice }) => ({
    at,
    lower: bindIndex(lower, clause),
    upper: bindIndex(upper, clause),
    slice,
  }));

export const noSubscripts = (type: TypeName, { semantics }: BindState, at: number) =>
  fault(
    SQLSTATE.datatype_mismatch,
    `cannot subscript type ${shownType(type, semantics)} because it does not support subscripting`,
    at,
  );

/** jsonb: a text is a key, an integer a place. */
function jsonbField(operand: BoundExpression, chain: readonly SourceSubscriptNode[], clause: Clause): BoundExpression {
  const { state } = clause;
  let value = operand;
  for (const { at, lower, slice } of chain) {
    if (slice || lower === null) throw fault(SQLSTATE.datatype_mismatch, 'jsonb subscript does not support slices', at);
    const index = bindExpr(lower, clause);
    const isPlace = index.type.name !== 'unknown' && canCast(index.type.name, 'int4', 'implicit', state.semantics);
    const given = castTo(state, index, sqlType(isPlace ? 'int4' : 'text'), 'implicit', at);
    value = callNode(state, isPlace ? 'jsonb.element' : 'jsonb.field', [value, given], 'jsonb', undefined, at);
  }
  return value;
}

/** column[...] = value: the new array. */
export function assignedArray(
  array: BoundExpression,
  subscripts: readonly Subscript[],
  value: (type: SqlType) => BoundExpression,
  at: number,
  state: BindState,
): BoundExpression {
  const element = elementOf(array.type.name);
  if (element === null) throw noSubscripts(array.type.name, state, at);
  const { length, scale } = array.type;
  const named = text(state, element, at);
  const type = array.type.name;
  if (!subscripts.some(({ slice }) => slice)) {
    const indexes = subscripts.map(({ lower }) => lower as BoundExpression);
    return arrayCall(state, 'array.set', [array, named, value(sqlType(element, true, length, scale)), ...indexes], type, at);
  }
  const { forms, given } = boundsOf(subscripts, state);
  const args = [array, named, value(sqlType(type, true, length, scale)), text(state, forms, at), ...given];
  return arrayCall(state, 'array.setSlice', args, type, at, true);
}

// ---- ANY and ALL ----

/** left operator ANY (array): the comparison with each element. 42809, 42883 */
export function bindQuantifiedArray(source: SourceQuantifiedNode, operator: string, clause: Clause): BoundExpression {
  const { state } = clause;
  const { at, quantifier } = source;
  if (source.array === null) throw fault(SQLSTATE.syntax_error, 'ANY and ALL take a query or an array', at);
  const place = source.array.at;
  const left = bindExpr(source.left, clause);
  let array = bindExpr(source.array, clause);
  if (array.type.name === 'unknown') {
    const element = left.type.name === 'unknown' ? state.semantics.unknownBecomes : left.type.name;
    array = castTo(state, array, sqlType(arrayOf(element)), 'implicit', place);
  }
  const element = elementOf(array.type.name);
  if (element === null) throw fault(SQLSTATE.wrong_object_type, `op ANY/ALL (array) requires array on right side`, at);
  const found = operatorCandidate(state, operator, [left.type.name, element], at);
  if (found.result !== 'bool')
    throw fault(SQLSTATE.wrong_object_type, 'op ANY/ALL (array) requires operator to yield boolean', at);
  const [leftType, elementType] = found.types;
  const operand = castOperand(state, operator, left, sqlType(leftType), source.left.at);
  const wanted =
    elementType === element || isAny(elementType)
      ? array
      : castTo(state, array, sqlType(arrayOf(elementType)), 'implicit', place);
  const { primitive } = found.signature;
  const equal = state.semantics.comparison[quantifier === 'all' ? 'notEqual' : 'equal'];
  if (operator === equal && leftType === elementType) {
    const list = itemsOf(wanted, state, place);
    if (list !== null && list.length > 0) {
      const nullable = operand.type.nullable || list.some((item) => item.type.nullable);
      const negated = quantifier === 'all';
      const same = negated
        ? operatorCandidate(state, state.semantics.comparison.equal, [leftType, elementType], at).signature.primitive
        : primitive;
      return { op: 'in', operand, list, equal: same, negated, type: { ...sqlType('bool'), nullable } };
    }
  }
  const name = quantifier === 'all' ? 'array.all' : 'array.any';
  return callNode(state, name, [operand, wanted, text(state, primitive, at)], 'bool', undefined, at);
}

const isAny = (name: TypeName): boolean => name === 'any';

/** Elements that are written out, or known: a list as IN has it. Null: they are not. */
function itemsOf(array: BoundExpression, state: BindState, at: number): BoundExpression[] | null {
  const element = elementOf(array.type.name) as TypeName;
  if (array.op === 'constant' && array.value !== null && typeof array.value === 'object' && 'kind' in array.value) {
    const { value } = array;
    return value.kind === 'array' ? value.items.map((item) => constantNode(state, item, sqlType(element), at)) : null;
  }
  if (array.op !== 'call' || array.primitive !== 'array.make') return null;
  const items = array.arguments.slice(1);
  return items.every((item) => !readsColumns(item) && (item.op === 'constant' || item.op === 'parameter')) ? items : null;
}

// ---- VARIADIC ----

/** f(a, VARIADIC array): the elements are the last arguments. 42883, 0A000 */
export function bindVariadic(
  name: string,
  signatures: readonly Signature[],
  args: readonly BoundExpression[],
  at: number,
  state: BindState,
): BoundExpression {
  const array = args[args.length - 1];
  const fixed = args.slice(0, -1);
  const given = args.map((argument) => argument.type.name);
  const signature = signatures.find((one) => one.variadic === true && one.arguments.length === args.length);
  if (signature === undefined) throw noFunction(name, given, state.semantics, at);
  if (elementOf(array.type.name) === null && array.type.name !== 'unknown')
    throw fault(SQLSTATE.datatype_mismatch, 'VARIADIC argument must be an array', at);
  const types = signature.arguments;
  const { any } = signature;
  if (any !== undefined && any !== 'output' && any !== 'asJsonb' && any !== 'asJson' && any !== 'to.text')
    throw unsupported('VARIADIC here is', at);
  const own = castTo(state, array, sqlType(array.type.name === 'unknown' ? 'text[]' : array.type.name), 'implicit', at);
  const cast = fixed.map((argument, index) =>
    types[index] === 'any' ? settled(state, argument, at) : castTo(state, argument, sqlType(types[index]), 'implicit', at),
  );
  const asks = constantNode(state, primitiveOf(signature.primitive).context, sqlType('bool'), at);
  const called = [text(state, signature.primitive, at), text(state, any ?? '', at), asks, own, ...cast];
  return callNode(state, 'array.spread', called, signature.result, undefined, at);
}
