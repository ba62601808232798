/** Aggregates (SBLR-N5): calls that become columns of the aggregation below. */

import type { BoundAggregate, BoundExpression, BoundSortKey } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { resultType } from '../../sblr/result-types.ts';
import type { AggregateSignature, Signature } from '../../sblr/semantics.ts';
import type { SourceCallNode } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { blockAt, boundOutside, levelOfAll, remembered } from './aggregate-level.ts';
import { callCandidate, mustCompare, sortKey } from './calls.ts';
import type { BlockAggregates, Clause } from './clause.ts';
import { constantNode, toBoolean } from './coerce.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { castArguments } from './operators.ts';
import { sameExpression } from './same.ts';
import type { BindState } from './state.ts';

/** Aggregates that answer something for no rows too. */
const NEVER_NULL: ReadonlySet<string> = new Set(['count.star', 'count', 'regr_count.float8']);

export const isAggregate = (signature: Signature): signature is AggregateSignature => 'aggregate' in signature;

/** Where the aggregates of a block go. 42803 */
export function aggregatesOf(clause: Clause, at: number): BlockAggregates {
  if (clause.inAggregate) throw fault(SQLSTATE.grouping_error, 'aggregate function calls cannot be nested', at);
  if (clause.aggregates === null)
    throw fault(SQLSTATE.grouping_error, `aggregate functions are not allowed in ${clause.name}`, at);
  return clause.aggregates;
}

/** An aggregate's primitive and arguments, bound where `inside` says. */
export function aggregateCall(
  source: SourceCallNode,
  inside: Clause,
  name: string,
  signatures: readonly Signature[],
): { readonly primitive: string; readonly arguments: readonly BoundExpression[]; readonly type: SqlType } {
  const { state } = inside;
  if (!source.star && source.arguments.length === 0 && signatures.some((one) => one.arguments.length === 0))
    throw fault(SQLSTATE.wrong_object_type, `${name}(*) must be used to call a parameterless aggregate function`, source.at);
  const args = source.arguments.map((argument) => bindExpr(argument, inside));
  const types = args.map((argument) => argument.type.name);
  const candidate = callCandidate(state, name, signatures, types, source.at);
  const cast = castArguments(state, candidate, args, source.at);
  const { primitive, rule } = candidate.signature;
  const given = cast.arguments.map((argument) => argument.type);
  const type = resultType(cast.result, rule, given, !NEVER_NULL.has(primitive));
  return { primitive, arguments: cast.arguments, type };
}

/** Arguments, order and filter of an aggregate, and how many blocks further out it belongs (SBLR-N5). */
function bindParts(source: SourceCallNode, clause: Clause, name: string, signatures: readonly Signature[]) {
  const { state } = clause;
  const inside: Clause = { ...clause, inAggregate: true };
  const plain = aggregateCall(source, inside, name, signatures);
  const call = source.distinct ? { ...plain, ...distinctValues(plain, source.at, state) } : plain;
  const given = source.order.map((item) => sortKey(item, bindExpr(item.expression, inside), state));
  if (source.distinct) checkDistinct(source, call.arguments, given, state);
  const order = source.distinct && given.length === 0 ? distinctOrder(call) : given;
  const filter = source.filter === null ? null : bindFilter(source.filter, inside);
  const all = [...call.arguments, ...order.map(({ expression }) => expression), ...(filter === null ? [] : [filter])];
  return { parts: { ...call, distinct: source.distinct, order, filter }, level: levelOfAll(all, clause) };
}

type Call = Pick<BoundAggregate, 'primitive' | 'arguments'>;

/** JSON is made of values behind DISTINCT: it is they that can be told apart. */
function distinctValues({ primitive, arguments: given }: Call, at: number, state: BindState): Call {
  const [argument] = given;
  if (given.length !== 1 || argument.op !== 'call' || !/^jsonb?_agg/.test(primitive)) return { primitive, arguments: given };
  const [value] = argument.arguments;
  if (primitiveOf(argument.primitive).context) throw unsupported(`DISTINCT in JSON of ${value.type.name} is`, at);
  const made = constantNode(state, argument.primitive, sqlType('text'), at);
  return { primitive: `${primitive}.distinct`, arguments: [value, made] };
}

/** Whose answer hangs on the order of rows: with DISTINCT alone they come in the order of their values. */
const IN_ORDER = /^(string|array|jsonb?(_object)?)_agg|^any_value|\.float[48]$/;

const distinctOrder = ({ primitive, arguments: given }: Call): BoundSortKey[] =>
  IN_ORDER.test(primitive)
    ? given.filter(({ op }) => op !== 'constant').map((expression) => ({ expression, descending: false, nullsFirst: false }))
    : [];

export function bindAggregate(
  source: SourceCallNode,
  clause: Clause,
  name: string,
  signatures: readonly Signature[],
): BoundExpression {
  const { at } = source;
  const forget = remembered(clause);
  const { parts, level } = bindParts(source, clause, name, signatures);
  if (level === 0) return aggregatesOf(clause, at).add(parts, at);
  forget();
  aggregatesOf(blockAt(clause, level), at);
  return boundOutside(clause, level, at, (owner) => bindAggregate(source, owner, name, signatures));
}

const GROUPING_MAX = 31;

/** GROUPING(keys): a bit for each key, set where the row's grouping set is without it. */
export function bindGrouping(source: SourceCallNode, clause: Clause): BoundExpression {
  if (clause.inAggregate) throw fault(SQLSTATE.grouping_error, 'aggregate function calls cannot contain GROUPING', source.at);
  if (clause.aggregates === null)
    throw fault(SQLSTATE.grouping_error, `grouping operations are not allowed in ${clause.name}`, source.at);
  if (source.arguments.length > GROUPING_MAX)
    throw fault(SQLSTATE.too_many_arguments, 'GROUPING must have fewer than 32 arguments', source.at);
  const inside: Clause = { ...clause, aggregates: null, windows: null };
  const args = source.arguments.map((argument) => bindExpr(argument, inside));
  return clause.aggregates.addGrouping(args, source.at);
}

export function bindFilter(source: NonNullable<SourceCallNode['filter']>, inside: Clause): BoundExpression {
  return toBoolean(inside.state, bindExpr(source, inside), 'FILTER', source.at);
}

function checkDistinct(
  source: SourceCallNode,
  args: readonly BoundExpression[],
  order: readonly BoundSortKey[],
  state: BindState,
): void {
  if (source.star) throw fault(SQLSTATE.syntax_error, 'DISTINCT needs an argument', source.at);
  for (const [index, { at }] of source.arguments.entries()) mustCompare(state, args[index].type.name, 'equality', at);
  const foreign = order.findIndex((key) => !args.some((argument) => sameExpression(argument, key.expression, state)));
  if (foreign >= 0)
    throw fault(
      SQLSTATE.invalid_column_reference,
      'in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list',
      source.order[foreign].at,
    );
}
