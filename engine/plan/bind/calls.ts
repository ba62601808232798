/** Calls by name: functions, aggregates (SBLR-N5), types used as functions, functions without parentheses. */

import type { BoundExpression, BoundSortKey } from '../../sblr/bound.ts';
import { foldParts, typeNamed } from '../../sblr/resolve-type.ts';
import type { AggregateSignature, Signature } from '../../sblr/semantics.ts';
import type { SourceCallNode, SourceSortItem, SourceValueFunctionNode } from '../../sblr/source.gen.ts';
import { resultType } from '../../sblr/result-types.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import type { BlockAggregates, Clause } from './clause.ts';
import { castExplicit, constantNode, settled, toBoolean } from './coerce.ts';
import { ambiguousFunction, fault, noFunction, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { inOrder } from './named-arguments.ts';
import { candidateCall, castArguments } from './operators.ts';
import { type Candidate, canCast, resolveOperator, resolveSignature } from './resolve.ts';
import { sameExpression } from './same.ts';
import type { BindState } from './state.ts';

/** Aggregates that answer something for no rows too. */
const NEVER_NULL: ReadonlySet<string> = new Set(['count.star', 'count', 'regr_count.float8']);

function signaturesOf(source: SourceCallNode, state: BindState): { name: string; signatures: readonly Signature[] } {
  const { semantics } = state;
  const parts = foldParts(source.name, semantics);
  const name = parts[parts.length - 1];
  const isKnownPlace = parts.length === 1 || (parts.length === 2 && semantics.searchPath.includes(parts[0]));
  const known = isKnownPlace && Object.hasOwn(semantics.functions, name);
  return { name: parts.join('.'), signatures: known ? semantics.functions[name] : [] };
}

const isAggregate = (signature: Signature): signature is AggregateSignature => 'aggregate' in signature;

function refuseUnsupported(source: SourceCallNode): void {
  if (source.over !== null) throw unsupported('window functions are', source.at);
  if (source.withinGroup.length > 0) throw unsupported('WITHIN GROUP is', source.at);
  if (source.variadic) throw unsupported('VARIADIC is', source.at);
}

/** The candidate that a call means. 42883, 42725 */
function callCandidate(
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

function refuseAggregateSyntax(source: SourceCallNode, name: string): void {
  const say = (what: string): never => {
    throw fault(SQLSTATE.wrong_object_type, `${what} specified, but ${name} is not an aggregate function`, source.at);
  };
  if (source.distinct) say('DISTINCT');
  if (source.order.length > 0) say('ORDER BY');
  if (source.filter !== null) say('FILTER');
}

export function bindCall(source: SourceCallNode, clause: Clause): BoundExpression {
  refuseUnsupported(source);
  const { state } = clause;
  const { name, signatures } = signaturesOf(source, state);
  const given = inOrder(source, name, state);
  if (given !== source.arguments) return bindCall({ ...source, arguments: [...given], names: [] }, clause);
  const fitting = signatures.filter((one) => one.variadic === true || one.arguments.length === source.arguments.length);
  if (signatures.length > 0 && (fitting.length > 0 ? fitting : signatures).every(isAggregate))
    return bindAggregate(source, clause, name, signatures);
  const args = source.arguments.map((argument) => bindExpr(argument, clause));
  const types = args.map((argument) => argument.type.name);
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

// ---- aggregates ----

function aggregatesOf(clause: Clause, at: number): BlockAggregates {
  if (clause.inAggregate) throw fault(SQLSTATE.grouping_error, 'aggregate function calls cannot be nested', at);
  if (clause.aggregates === null)
    throw fault(SQLSTATE.grouping_error, `aggregate functions are not allowed in ${clause.name}`, at);
  return clause.aggregates;
}

function bindAggregate(source: SourceCallNode, clause: Clause, name: string, signatures: readonly Signature[]): BoundExpression {
  const { state } = clause;
  const aggregates = aggregatesOf(clause, source.at);
  if (!source.star && source.arguments.length === 0 && signatures.some((one) => one.arguments.length === 0))
    throw fault(SQLSTATE.wrong_object_type, `${name}(*) must be used to call a parameterless aggregate function`, source.at);
  const inside: Clause = { ...clause, inAggregate: true };
  const args = source.arguments.map((argument) => bindExpr(argument, inside));
  const types = args.map((argument) => argument.type.name);
  const candidate = callCandidate(state, name, signatures, types, source.at);
  const cast = castArguments(state, candidate, args, source.at);
  const order = source.order.map((item) => bindSortKey(item, inside));
  if (source.distinct) checkDistinct(source, cast.arguments, order, state);
  const { primitive, rule } = candidate.signature;
  const nullable = !NEVER_NULL.has(primitive);
  const aggregate = {
    primitive,
    arguments: cast.arguments,
    distinct: source.distinct,
    order,
    filter: source.filter === null ? null : bindFilter(source.filter, inside),
    type: resultType(
      cast.result,
      rule,
      cast.arguments.map((argument) => argument.type),
      nullable,
    ),
  };
  return aggregates.add(aggregate, source.at);
}

function bindFilter(source: NonNullable<SourceCallNode['filter']>, inside: Clause): BoundExpression {
  return toBoolean(inside.state, bindExpr(source, inside), 'FILTER', source.at);
}

function checkDistinct(
  source: SourceCallNode,
  args: readonly BoundExpression[],
  order: readonly BoundSortKey[],
  state: BindState,
): void {
  if (source.star) throw fault(SQLSTATE.syntax_error, 'DISTINCT needs an argument', source.at);
  for (const [index, argument] of args.entries()) mustCompare(state, argument.type.name, 'equality', source.arguments[index].at);
  const foreign = order.findIndex((key) => !args.some((argument) => sameExpression(argument, key.expression, state)));
  if (foreign >= 0)
    throw fault(
      SQLSTATE.invalid_column_reference,
      'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
      source.order[foreign].at,
    );
}

// ---- order ----

/** Values of the type can be told apart or put in order. 42883 */
export function mustCompare(state: BindState, type: TypeName, kind: 'equality' | 'ordering', at: number): void {
  const { comparison } = state.semantics;
  const operator = kind === 'equality' ? comparison.equal : comparison.less;
  if (resolveOperator(operator, [type, type], state.semantics).found !== null) return;
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

const bindSortKey = (item: SourceSortItem, clause: Clause): BoundSortKey =>
  sortKey(item, bindExpr(item.expression, clause), clause.state);
