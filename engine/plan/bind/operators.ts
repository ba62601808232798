/** Operators and signatures made calls: arguments cast to what the signature asks for. */

import type { BoundCall, BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import {
  elementOf,
  isNestedType,
  isObjectNumber,
  isPolymorphic,
  type SqlType,
  sqlType,
  typeId,
  type TypeName,
} from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { callNode, castTo, constantNode, settled } from './coerce.ts';
import { ambiguousOperator, fault, noOperator } from './errors.ts';
import { type Candidate, resolveOperator } from './resolve.ts';
import type { BindState } from './state.ts';

/** An argument of any type, handed over as the signature says. */
function anyArgument(state: BindState, node: BoundExpression, form: string | undefined, at: number): BoundExpression {
  const isUntyped =
    node.type.name === 'unknown' && (node.op === 'constant' || (node.op === 'parameter' && state.liftedLiteral(node) !== null));
  const value = settled(state, node, at);
  if (form === undefined) return value;
  if (form === 'typeof' && isUntyped) return constantNode(state, 'unknown', sqlType('text'), at);
  const own = value.type.name;
  if (isNestedType(own) || typeId(own) > 0 || isObjectNumber(own) || value.type.domain !== undefined) {
    const shown = value.type.domain === undefined ? own : (`domain:${value.type.domain}` as const);
    const { result } = primitiveOf(`any.${form}`);
    const texts = [constantNode(state, form === 'typeof' ? shown : own, sqlType('text'), at)];
    return callNode(state, `any.${form}`, [value, ...texts], result, undefined, at);
  }
  const type = value.type.name === 'varchar' ? 'text' : value.type.name;
  const name = form === 'typeof' ? `${value.type.name}.typeof` : `${type}.${form}`;
  if (form === 'to.text' && type === 'text') return value;
  const { result } = primitiveOf(name);
  return callNode(state, name, [value], result as TypeName, undefined, at);
}

const undetermined = (at: number) =>
  fault(SQLSTATE.datatype_mismatch, 'could not determine polymorphic type because input has type unknown', at);

/** The name of a type as a primitive takes it; of an array that of its elements. */
export const typeText = (state: BindState, type: TypeName, at: number): BoundExpression =>
  constantNode(state, elementOf(type) ?? type, sqlType('text'), at);

/** Arguments as a candidate takes them, and the type of its result. */
export function castArguments(
  state: BindState,
  candidate: Candidate,
  args: readonly BoundExpression[],
  at: number,
): { readonly arguments: readonly BoundExpression[]; readonly result: TypeName } {
  const { signature, types } = candidate;
  const cast = args.map((argument, index) => {
    const place = state.positions.get(argument) ?? at;
    if (isPolymorphic(types[index]) && types[index] !== 'any') throw undetermined(at);
    const declared = signature.arguments[Math.min(index, signature.arguments.length - 1)];
    if (declared === 'any' || (signature.any !== undefined && isPolymorphic(declared)))
      return anyArgument(state, argument, signature.any, place);
    return castTo(state, argument, sqlType(types[index]), 'implicit', place);
  });
  const first = types.indexOf('any');
  const result = candidate.result === 'any' && first >= 0 ? cast[first].type.name : candidate.result;
  if (isPolymorphic(result) && result !== 'any') throw undetermined(at);
  // A row says of what type it is where a record will do.
  if (signature.named !== undefined)
    cast.push(
      typeText(state, types[signature.named] === 'record' ? args[signature.named].type.name : types[signature.named], at),
    );
  return { arguments: cast, result };
}

export function candidateCall(state: BindState, candidate: Candidate, args: readonly BoundExpression[], at: number): BoundCall {
  const cast = castArguments(state, candidate, args, at);
  return callNode(state, candidate.signature.primitive, cast.arguments, cast.result, candidate.signature.rule, at);
}

const namesOf = (nodes: readonly BoundExpression[]): TypeName[] => nodes.map((node) => node.type.name);

/** The candidate an operator means, or the error that says why not: 42883, 42725. */
export function operatorCandidate(state: BindState, name: string, types: readonly TypeName[], at: number): Candidate {
  const resolution = resolveOperator(name, types, state.semantics);
  if (resolution.found !== null) return resolution.found;
  throw resolution.ambiguous ? ambiguousOperator(name, types, state.semantics, at) : noOperator(name, types, state.semantics, at);
}

/** One operand: prefix. */
export function operatorCall(state: BindState, name: string, operands: readonly BoundExpression[], at: number): BoundCall {
  const call = candidateCall(state, operatorCandidate(state, name, namesOf(operands), at), operands, at);
  const { arguments: given } = call;
  const { casts } = state.semantics.comparison;
  if (casts === undefined || given.every((argument) => argument.op !== 'call' || casts[argument.primitive] === undefined))
    return call;
  // A cast that the statement itself has stays what it is.
  const taken = given.map((argument, index) => (argument === operands[index] ? argument : castFor(state, name, argument)));
  return { ...call, arguments: taken };
}

/** An operand as its operator takes it: a comparison has casts of its own. */
export function castOperand(state: BindState, name: string, node: BoundExpression, type: SqlType, at: number): BoundExpression {
  const cast = castTo(state, node, type, 'implicit', at);
  return cast === node ? node : castFor(state, name, cast);
}

function castFor({ semantics }: BindState, name: string, node: BoundExpression): BoundExpression {
  const { comparison } = semantics;
  const primitive = node.op === 'call' ? comparison.casts?.[node.primitive] : undefined;
  if (node.op !== 'call' || primitive === undefined) return node;
  const { casts, ...names } = comparison;
  return Object.values(names).includes(name) ? { ...node, primitive } : node;
}

/**
 * The comparison that IN, IS DISTINCT, NULLIF and the like make: its primitive and both operands cast to its types. Where the two types
 * differ (float4 = float8) both become the wider one when the same operator has a signature for it.
 */
export function comparison(
  state: BindState,
  name: string,
  left: BoundExpression,
  right: BoundExpression,
  at: number,
): { readonly primitive: string; readonly left: BoundExpression; readonly right: BoundExpression } {
  const call = operatorCall(state, name, [left, right], at);
  if (call.type.name !== 'bool')
    throw fault(SQLSTATE.wrong_object_type, `the comparison requires operator ${name} to yield a boolean`, at);
  return { primitive: call.primitive, left: call.arguments[0], right: call.arguments[1] };
}

/** The primitive that compares two values of one type with an operator. 42883 */
export function comparisonOf(state: BindState, name: string, type: TypeName, at: number): Candidate {
  return operatorCandidate(state, name, [type, type], at);
}
