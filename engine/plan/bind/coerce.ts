/**
 * Casts, written out (SBLR-N7): one node from the cast table, behind it one that applies modifiers. An operand of no type yet becomes
 * what is asked of it: a constant is read by the type's input function, a parameter gets the type.
 */

import type { BoundCall, BoundConstant, BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { castBounds, resultType } from '../../sblr/result-types.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { CastContext, CastRule, ResultRule } from '../../sblr/semantics.ts';
import {
  elementOf,
  isEnumType,
  isRowType,
  typeId,
  type SqlType,
  sqlType,
  type TypeName,
  withNullable,
} from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { callFolded } from './fold.ts';
import { cannotCast, fault, mustBeType, typesDoNotMatch } from './errors.ts';
import { canCast, castRule, commonType } from './resolve.ts';
import { asDomain } from './domains.ts';
import { rowAs } from './records.ts';
import type { BindState } from './state.ts';
import { walkExpression } from './tree.ts';

/** A call of a primitive on arguments of its types; nullable as the primitive says. */
export function callNode(
  state: BindState,
  primitive: string,
  args: readonly BoundExpression[],
  result: TypeName,
  rule: ResultRule | undefined,
  at: number,
): BoundCall {
  const { strict, mayBeNull } = primitiveOf(primitive);
  const nullable = mayBeNull || (strict && args.some((argument) => argument.type.nullable));
  const types = args.map((argument) => argument.type);
  const node: BoundCall = { op: 'call', primitive, arguments: args, type: resultType(result, rule, types, nullable), at };
  state.positions.set(node, at);
  return node;
}

export function constantNode(state: BindState, value: BoundConstant['value'], type: SqlType, at: number): BoundConstant {
  const node: BoundConstant = { op: 'constant', value, type: withNullable(type, value === null) };
  state.positions.set(node, at);
  return node;
}

/** The same value under another type's name. */
function relabeled(state: BindState, node: BoundExpression, type: SqlType): BoundExpression {
  const at = state.positions.get(node);
  const copy = { ...node, type: withNullable(type, node.type.nullable) } as BoundExpression;
  if (at !== undefined) state.positions.set(copy, at);
  return copy;
}

const givenTexts = (state: BindState, { given = [] }: CastRule, at: number): BoundExpression[] =>
  given.map((text) => constantNode(state, text, sqlType('text'), at));

function applyRule(state: BindState, rule: CastRule, node: BoundExpression, at: number): BoundExpression {
  const plain = sqlType(rule.to);
  if (rule.primitive === null) return relabeled(state, node, castBounds(node.type, plain));
  const call = callNode(state, rule.primitive, [node, ...givenTexts(state, rule, at)], rule.to, undefined, at);
  return callFolded(state, relabeled(state, call, castBounds(node.type, plain)) as BoundCall);
}

/** A label that is written out: its number stays the same. 22P02 */
function enumConstant(state: BindState, text: string, type: TypeName, at: number): BoundExpression {
  const made = state.useType(typeId(type));
  const label = made?.labels.find((one) => one.label === text);
  if (label !== undefined) return constantNode(state, label.number, sqlType(type), at);
  throw fault(SQLSTATE.invalid_text_representation, `invalid input value for enum ${made?.name ?? type}: "${text}"`, at);
}

/** A string of no type read as a value of one. 22P02 and the like when the constant is none. */
function readText(state: BindState, text: string, type: TypeName, at: number): BoundExpression {
  const { semantics } = state;
  if (isEnumType(type)) return enumConstant(state, text, type, at);
  const string = constantNode(state, text, sqlType('text'), at);
  const rule = castRule('unknown', type, semantics) ?? castRule('text', type, semantics);
  if (type === 'text' || type === 'unknown') return constantNode(state, text, sqlType(type), at);
  if (rule === undefined) throw cannotCast('unknown', type, semantics, at);
  if (rule.primitive === null) return constantNode(state, text, sqlType(type), at);
  const args = [string, ...givenTexts(state, rule, at)];
  return callFolded(state, callNode(state, rule.primitive, args, type, undefined, at), true);
}

function typed(state: BindState, node: BoundExpression, type: TypeName, asked: number): BoundExpression {
  const at = state.positions.get(node) ?? asked;
  if (node.op === 'constant')
    return node.value === null ? constantNode(state, null, sqlType(type), at) : readText(state, String(node.value), type, at);
  if (node.op === 'parameter') {
    const resolved = state.resolveParameter(node, sqlType(type));
    if (resolved !== null) return resolved;
    return convertLiteral(state, { ...node, type: state.parameters[node.index] as SqlType }, type, at);
  }
  throw fault(SQLSTATE.internal_error, `${node.op} of no type`, at);
}

/** A literal that stands in the bound form twice, with two types: read as the first, then cast. */
function convertLiteral(state: BindState, node: BoundExpression, type: TypeName, at: number): BoundExpression {
  if (canCast(node.type.name, type, 'implicit', state.semantics)) return castTo(state, node, sqlType(type), 'implicit', at);
  throw fault(
    SQLSTATE.ambiguous_parameter,
    `the literal is read as ${shownType(node.type.name, state.semantics)} and as ${shownType(type, state.semantics)}`,
    at,
    'cast it to the type that is meant',
  );
}

/** Casts without regard to modifiers; the caller has seen that the cast exists (canCast). */
export function castTo(
  state: BindState,
  node: BoundExpression,
  type: SqlType,
  context: CastContext,
  at: number,
): BoundExpression {
  const from = node.type.name;
  if (from === type.name) return node;
  if (context !== 'explicit') state.notes?.cast(node, type);
  const row = isRowType(type.name) && from === 'record' ? rowAs(node, type.name, at, state) : null;
  if (row !== null) return row;
  if (from === 'unknown') return typed(state, node, type.name, at);
  const rule = castRule(from, type.name, state.semantics);
  if (rule === undefined || !canCast(from, type.name, context, state.semantics))
    throw cannotCast(from, type.name, state.semantics, at);
  return applyRule(state, rule, node, at);
}

const hasModifiers = (type: SqlType): boolean => type.length >= 0;

/** Makes a value fit the modifiers of a type: cut or refused, rounded. */
function applyModifiers(state: BindState, node: BoundExpression, type: SqlType, explicit: boolean, at: number): BoundExpression {
  if (!hasModifiers(type) || (node.type.length === type.length && node.type.scale === type.scale)) return node;
  const element = elementOf(type.name);
  if (element !== null) return modifiedArray(state, node, type, element, explicit, at);
  const rule = castRule(type.name, type.name, state.semantics);
  if (rule === undefined || rule.primitive === null) return relabeled(state, node, type);
  const more: BoundExpression[] = [constantNode(state, type.length, sqlType('int4'), at)];
  const wanted = primitiveOf(rule.primitive).arguments;
  if (wanted.length > 2)
    more.push(
      wanted[2] === 'bool'
        ? constantNode(state, explicit, sqlType('bool'), at)
        : constantNode(state, Math.max(type.scale, 0), sqlType('int4'), at),
    );
  const call = callNode(state, rule.primitive, [node, ...more], type.name, undefined, at);
  return callFolded(state, relabeled(state, call, type) as BoundCall);
}

/** The same of an array's elements. */
function modifiedArray(
  state: BindState,
  node: BoundExpression,
  type: SqlType,
  element: TypeName,
  explicit: boolean,
  at: number,
): BoundExpression {
  const number = (value: number): BoundExpression => constantNode(state, value, sqlType('int4'), at);
  const args = [
    node,
    constantNode(state, element, sqlType('text'), at),
    number(type.length),
    number(Math.max(type.scale, 0)),
    constantNode(state, explicit, sqlType('bool'), at),
  ];
  const call = callNode(state, 'array.modify', args, type.name, undefined, at);
  return callFolded(state, relabeled(state, call, type) as BoundCall);
}

/** CAST(node AS type). 42846 */
export function castExplicit(state: BindState, node: BoundExpression, type: SqlType, at: number): BoundExpression {
  if (!canCast(node.type.name, type.name, 'explicit', state.semantics))
    throw cannotCast(node.type.name, type.name, state.semantics, at);
  return checked(state, applyModifiers(state, castTo(state, node, type, 'explicit', at), type, true, at), type, at);
}

const checked = (state: BindState, node: BoundExpression, { domain }: SqlType, at: number): BoundExpression =>
  domain === undefined ? node : asDomain(state, node, domain, at);

/** Where an expression begins in the text. */
function placeOf(state: BindState, node: BoundExpression, at: number): number {
  let place = at;
  walkExpression(node, (one) => {
    place = Math.min(place, state.positions.get(one) ?? place);
    return true;
  });
  return place;
}

/** A value for a stored column: assignment casts. 42804; when it runs 22001, 22003. */
export function castAssign(
  state: BindState,
  node: BoundExpression,
  column: { readonly name: string; readonly type: SqlType },
  at: number,
  what = 'expression',
): BoundExpression {
  const { type } = column;
  if (!canCast(node.type.name, type.name, 'assignment', state.semantics)) {
    const [wanted, given] = [shownType(type.name, state.semantics), shownType(node.type.name, state.semantics)];
    throw fault(
      SQLSTATE.datatype_mismatch,
      `column "${column.name}" is of type ${wanted} but ${what} is of type ${given}`,
      placeOf(state, node, at),
      'You will need to rewrite or cast the expression.',
    );
  }
  const cast = castTo(state, node, type, 'assignment', at);
  const fitted = applyModifiers(state, cast, type, false, at);
  if (fitted !== cast && state.notes !== null) state.notes.isFitted = true;
  return checked(state, fitted, type, at);
}

/** What a clause asks for: WHERE a boolean, LIMIT a bigint. 42804 */
export function castClause(
  state: BindState,
  node: BoundExpression,
  type: TypeName,
  what: string,
  at: number,
  context: CastContext = 'implicit',
): BoundExpression {
  if (!canCast(node.type.name, type, context, state.semantics)) throw mustBeType(what, type, node.type.name, state.semantics, at);
  return castTo(state, node, sqlType(type), context, at);
}

export const toBoolean = (state: BindState, node: BoundExpression, what: string, at: number): BoundExpression =>
  castClause(state, node, 'bool', what, at);

/** What is still of no type at the output or as a key becomes text. */
export const settled = (state: BindState, node: BoundExpression, at: number): BoundExpression =>
  node.type.name === 'unknown' ? castTo(state, node, sqlType(state.semantics.unknownBecomes), 'implicit', at) : node;

/** Modifiers, scale and digits that all of several types of one name share. */
function sharedType(name: TypeName, given: readonly SqlType[]): SqlType {
  const types = given.map(({ domain: _, ...type }): SqlType => type);
  const nullable = types.some((type) => type.nullable);
  const [first, ...others] = types;
  if (others.every((type) => type.length === first.length && type.scale === first.scale))
    return { ...first, nullable, digits: types.some((type) => type.digits === 0) ? 0 : Math.max(...types.map((t) => t.digits)) };
  if (name !== 'numeric' || types.some((type) => type.scale < 0)) return sqlType(name, nullable);
  return sqlType(name, nullable);
}

/** All of several expressions as their common type: CASE, COALESCE, VALUES, IN. 42804 */
export function castCommon(
  state: BindState,
  nodes: readonly BoundExpression[],
  what: string,
  places: readonly number[],
  whatOf: (index: number) => string = () => what,
): { readonly nodes: readonly BoundExpression[]; readonly type: SqlType } {
  const { semantics } = state;
  const names = nodes.map((node) => node.type.name);
  const common = commonType(names, semantics);
  if (common.clash >= 0)
    throw typesDoNotMatch(what, common.type as TypeName, names[common.clash], semantics, places[common.clash]);
  const name = common.type ?? semantics.unknownBecomes;
  const cast = nodes.map((node, index) => {
    if (!canCast(node.type.name, name, 'implicit', semantics))
      throw fault(
        SQLSTATE.cannot_coerce,
        `${whatOf(index)} could not convert type ${shownType(node.type.name, semantics)} to ${shownType(name, semantics)}`,
        places[index],
      );
    return castTo(state, node, sqlType(name), 'implicit', places[index]);
  });
  if (semantics.algorithm === 'mysql' && name === 'numeric') return sameScale(state, cast, places);
  const known = cast.filter((node, index) => names[index] !== 'unknown' || node.op !== 'constant' || node.value !== null);
  const type = sharedType(name, known.length > 0 ? known.map((node) => node.type) : [sqlType(name)]);
  const nullable = cast.some((node) => node.type.nullable);
  return { nodes: cast, type: withNullable(type, nullable) };
}

/** Numerics side by side all have the scale of the longest, as far as each has one. */
function sameScale(
  state: BindState,
  nodes: readonly BoundExpression[],
  places: readonly number[],
): { readonly nodes: readonly BoundExpression[]; readonly type: SqlType } {
  const isNull = (node: BoundExpression): boolean => node.op === 'constant' && node.value === null;
  const scales = nodes.filter((node) => !isNull(node)).map(({ type }) => type.scale);
  const nullable = nodes.some(({ type }) => type.nullable);
  if (scales.length === 0 || scales.includes(-1)) return { nodes, type: sqlType('numeric', nullable) };
  const type = sqlType('numeric', nullable, WIDEST, Math.max(...scales));
  return { nodes: nodes.map((node, index) => applyModifiers(state, node, type, false, places[index])), type };
}

/** Digits of the widest numeric of dialects whose values share a scale. */
const WIDEST = 65;
