/** Calls by name: functions, types used as functions, functions without parentheses; aggregates.ts and windows.ts have the others. */

import type { BoundExpression, BoundSortKey } from '../../sblr/bound.ts';
import { foldParts, typeNamed } from '../../sblr/resolve-type.ts';
import type { Signature } from '../../sblr/semantics.ts';
import type { SourceCallNode, SourceSortItem, SourceValueFunctionNode } from '../../sblr/source.gen.ts';
import { elementOf, sqlType, type TypeName } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { bindAggregate, bindGrouping, isAggregate } from './aggregates.ts';
import { bindVariadic } from './arrays.ts';
import type { Clause } from './clause.ts';
import { castExplicit, constantNode, settled } from './coerce.ts';
import { ambiguousFunction, fault, noFunction, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { inOrder } from './named-arguments.ts';
import { candidateCall } from './operators.ts';
import { type Candidate, canCast, resolveOperator, resolveSignature } from './resolve.ts';
import { bindRoutineCall } from './routines.ts';
import { bindSetCall, givesRows } from './set-calls.ts';
import type { BindState } from './state.ts';
import { bindWindowCall, isWindow } from './windows.ts';
import { bindWithinGroup, isWithinGroup } from './within-group.ts';

/** The signatures under a call's name. */
export function signaturesOf(source: SourceCallNode, state: BindState): { name: string; signatures: readonly Signature[] } {
  const { semantics } = state;
  const parts = foldParts(source.name, semantics);
  const name = parts[parts.length - 1];
  const isKnownPlace = parts.length === 1 || (parts.length === 2 && semantics.searchPath.includes(parts[0]));
  const known = isKnownPlace && Object.hasOwn(semantics.functions, name);
  return { name: parts.join('.'), signatures: known ? semantics.functions[name] : [] };
}

/** The candidate that a call means. 42883, 42725 */
export function callCandidate(
  state: BindState,
  name: string,
  signatures: readonly Signature[],
  types: readonly TypeName[],
  at: number,
): Candidate {
  const resolution = resolveSignature(signatures, types, state.semantics);
  if (resolution.found !== null) return resolution.found;
  if (signatures.length === 0 && state.semantics.unsupportedFunctions?.includes(name.toLowerCase()))
    throw unsupported(`the function ${name.toLowerCase()} is`, at);
  throw resolution.ambiguous ? ambiguousFunction(name, types, state.semantics, at) : noFunction(name, types, state.semantics, at);
}

/** A call of a type's name with one argument is a cast, unless a function takes exactly that argument. */
function castByName(
  source: SourceCallNode,
  clause: Clause,
  name: string,
  args: readonly BoundExpression[],
): BoundExpression | null {
  const { state } = clause;
  const rule = args.length === 1 ? typeNamed(name, state.semantics) : undefined;
  if (rule === undefined || !canCast(args[0].type.name, rule.name, 'explicit', state.semantics)) return null;
  return castExplicit(state, args[0], sqlType(rule.name), source.at);
}

const isGrouping = (source: SourceCallNode, name: string, { semantics }: BindState): boolean =>
  semantics.groupingFunction !== undefined && name === semantics.groupingFunction && source.over === null;

function refuseAggregateSyntax(source: SourceCallNode, name: string): void {
  const say = (what: string): never => {
    throw fault(SQLSTATE.wrong_object_type, `${what} specified, but ${name} is not an aggregate function`, source.at);
  };
  if (source.distinct) say('DISTINCT');
  if (source.order.length > 0) say('ORDER BY');
  if (source.filter !== null) say('FILTER');
}

export function bindCall(source: SourceCallNode, clause: Clause): BoundExpression {
  const { state } = clause;
  const { name, signatures } = signaturesOf(source, state);
  if (signatures.length === 0 && !isGrouping(source, name, state) && source.over === null && !source.star) {
    const made = bindRoutineCall(source, foldParts(source.name, state.semantics), clause);
    if (made !== null) return made;
  }
  const given = inOrder(source, name, state);
  if (given !== source.arguments) return bindCall({ ...source, arguments: [...given], names: [] }, clause);
  if (isGrouping(source, name, state)) return bindGrouping(source, clause);
  if (isWithinGroup(source, name, state)) return bindWithinGroup(source, clause, name);
  if (source.over !== null) return bindWindowCall(source, clause, name, signatures);
  const fitting = signatures.filter((one) => one.variadic === true || one.arguments.length === source.arguments.length);
  if (signatures.length > 0 && (fitting.length > 0 ? fitting : signatures).every(isAggregate))
    return bindAggregate(source, clause, name, signatures);
  if (signatures.length > 0 && signatures.every(isWindow))
    throw fault(SQLSTATE.wrong_object_type, `window function ${name} requires an OVER clause`, source.at);
  if (signatures.length > 0 && signatures.every(givesRows)) return bindSetCall(source, clause, name, signatures);
  const args = source.arguments.map((argument) => bindExpr(argument, clause));
  const types = args.map((argument) => argument.type.name);
  if (source.variadic) return bindVariadic(name, signatures, args, source.at, state);
  const plain = signatures.some(isAggregate) ? signatures.filter((one) => !isAggregate(one)) : signatures;
  const exact = plain.some(
    (one) => one.arguments.length === types.length && one.arguments.every((type, index) => type === types[index]),
  );
  const cast = exact ? null : castByName(source, clause, name, args);
  if (cast !== null) return cast;
  if (plain.length > 0 && !source.star) refuseAggregateSyntax(source, name);
  if (source.star) throw noFunction(name, [], state.semantics, source.at);
  return candidateCall(state, callCandidate(state, name, plain, types, source.at), args, source.at);
}

/** CURRENT_DATE and the like; a precision is an argument. */
export function bindValueFunction(source: SourceValueFunctionNode, { state }: Clause): BoundExpression {
  const name = state.semantics.valueFunctions[source.name.toLowerCase()];
  const signatures = name === undefined ? [] : (state.semantics.functions[name] ?? []);
  const args = source.precision === null ? [] : [constantNode(state, source.precision, sqlType('int4'), source.at)];
  const types = args.map((argument) => argument.type.name);
  return candidateCall(state, callCandidate(state, source.name, signatures, types, source.at), args, source.at);
}

// ---- order ----

/** Values of the type can be told apart or put in order. 42883 */
export function mustCompare(state: BindState, type: TypeName, kind: 'equality' | 'ordering', at: number): void {
  const { comparison } = state.semantics;
  const operator = kind === 'equality' ? comparison.equal : comparison.less;
  if (resolveOperator(operator, [type, type], state.semantics).found !== null) {
    const element = elementOf(type);
    if (element !== null) mustCompare(state, element, kind, at);
    return;
  }
  throw fault(
    SQLSTATE.undefined_function,
    `could not identify an ${kind} operator for type ${type}`,
    at,
    kind === 'ordering' ? 'Use an explicit ordering operator or modify the query.' : undefined,
  );
}

/** How a sort key treats NULLs where it does not say so. */
export function nullsFirst(item: SourceSortItem, { semantics }: BindState): boolean {
  if (item.nulls !== 'default') return item.nulls === 'first';
  switch (semantics.nullOrder) {
    case 'first':
      return true;
    case 'last':
      return false;
    case 'highest':
      return item.descending;
    case 'lowest':
      return !item.descending;
  }
}

/** ORDER BY x USING >: the operator says the direction. 42809 */
function withDirection(item: SourceSortItem, { semantics }: BindState): SourceSortItem {
  if (item.using === null) return item;
  const operator = item.using.parts[item.using.parts.length - 1];
  const { less, greater } = semantics.comparison;
  if (operator === less || operator === greater) return { ...item, using: null, descending: operator === greater };
  throw fault(
    SQLSTATE.wrong_object_type,
    `operator ${operator} is not a valid ordering operator`,
    item.using.at,
    'Ordering operators must be "<" or ">" members of btree operator families.',
  );
}

/** A sort key over an expression that is bound already. */
export function sortKey(source: SourceSortItem, expression: BoundExpression, state: BindState): BoundSortKey {
  const item = withDirection(source, state);
  const node = settled(state, expression, item.at);
  mustCompare(state, node.type.name, 'ordering', item.expression.at);
  return { expression: node, descending: item.descending, nullsFirst: nullsFirst(item, state) };
}
