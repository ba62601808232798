/**
 * WITHIN GROUP. An ordered-set aggregate is an aggregate over ordered rows that takes its direct arguments with each. A hypothetical row's
 * place is counted: rank(h) within group (order by x) is 1 + count(*) filter (where x comes before h).
 */

import type { BoundAggregate, BoundExpression, BoundSortKey } from '../../sblr/bound.ts';
import { resultType } from '../../sblr/result-types.ts';
import type { HypotheticalPlace, Signature } from '../../sblr/semantics.ts';
import type { SourceCallNode } from '../../sblr/source.gen.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { boundOutside, levelOfAll, remembered } from './aggregate-level.ts';
import { aggregatesOf, bindFilter } from './aggregates.ts';
import { callCandidate, sortKey } from './calls.ts';
import type { BlockAggregates, Clause } from './clause.ts';
import { callNode, castCommon, castTo, constantNode } from './coerce.ts';
import { fault, noFunction, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { castArguments, comparison } from './operators.ts';
import { BOOLEAN, type BindState } from './state.ts';

/** What a call says, bound over the rows that it aggregates. */
interface Parts {
  readonly direct: readonly BoundExpression[];
  readonly order: readonly BoundSortKey[];
  readonly filter: BoundExpression | null;
}

type Made = (parts: Parts, aggregates: BlockAggregates) => BoundExpression;

const typesOf = (nodes: readonly BoundExpression[]): TypeName[] => nodes.map((node) => node.type.name);

/** A call with WITHIN GROUP, or one that asks for it. 42883, 42804 */
export function bindWithinGroup(source: SourceCallNode, clause: Clause, name: string): BoundExpression {
  const { state } = clause;
  const { orderedSets, hypotheticals } = state.semantics;
  const { at } = source;
  const signatures = own(orderedSets, name);
  const place = own(hypotheticals, name);
  if (source.withinGroup.length === 0 || (signatures === undefined && place === undefined))
    throw notCalledSo(source, clause, name, signatures);
  if (source.over !== null) throw unsupported(`OVER for the ordered-set aggregate ${name} is`, at);
  if (signatures !== undefined)
    return bound(source, clause, (parts, to) => orderedSet(source, parts, signatures, name, state, to));
  return bound(source, clause, (parts, to) => hypothetical(source, parts, place as HypotheticalPlace, name, state, to));
}

const own = <T>(table: { readonly [name: string]: T } | undefined, name: string): T | undefined =>
  table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;

/** Whether a call is for bindWithinGroup. */
export const isWithinGroup = (source: SourceCallNode, name: string, { semantics }: BindState): boolean =>
  source.withinGroup.length > 0 || own(semantics.orderedSets, name) !== undefined;

function notCalledSo(source: SourceCallNode, clause: Clause, name: string, signatures: readonly Signature[] | undefined): Error {
  const { semantics } = clause.state;
  const types = typesOf(source.arguments.map((argument) => bindExpr(argument, clause)));
  const wanted = (one: Signature): number => (one.primitive === 'mode' ? 1 : one.arguments.length);
  const fits = signatures?.some((one) => wanted(one) === types.length) === true && source.withinGroup.length === 0;
  if (!fits) return noFunction(name, types, semantics, source.at);
  return fault(SQLSTATE.wrong_object_type, `WITHIN GROUP is required for ordered-set aggregate ${name}`, source.at);
}

/** Binds the parts, and puts what is made of them where the aggregate belongs (SBLR-N5). */
function bound(source: SourceCallNode, clause: Clause, make: Made): BoundExpression {
  const { state } = clause;
  const forget = remembered(clause);
  const inside: Clause = { ...clause, inAggregate: true };
  const direct = source.arguments.map((argument) => bindExpr(argument, inside));
  const order = source.withinGroup.map((item) => sortKey(item, bindExpr(item.expression, inside), state));
  const filter = source.filter === null ? null : bindFilter(source.filter, inside);
  const all = [...direct, ...order.map(({ expression }) => expression), ...(filter === null ? [] : [filter])];
  const level = levelOfAll(all, clause);
  if (level > 0) {
    forget();
    return boundOutside(clause, level, source.at, (owner) => bound(source, owner, make));
  }
  const aggregates = aggregatesOf(clause, source.at);
  for (const node of direct) aggregates.direct.push(node);
  return make({ direct, order, filter }, aggregates);
}

function orderedSet(
  source: SourceCallNode,
  { direct, order, filter }: Parts,
  signatures: readonly Signature[],
  name: string,
  state: BindState,
  aggregates: BlockAggregates,
): BoundExpression {
  const given = [...direct, ...order.map(({ expression }) => expression)];
  const isMode = signatures.every((one) => one.primitive === 'mode');
  const type = constantNode(state, comparedAs(given.at(-1)), sqlType('text'), source.at);
  const args = isMode && given.length === 1 ? [...given, type] : given;
  const candidate = callCandidate(state, name, signatures, typesOf(args), source.at);
  const cast = castArguments(state, candidate, args, source.at);
  const { primitive, result } = candidate.signature;
  const value = cast.arguments[isMode ? 0 : cast.arguments.length - 1];
  const rule = result === 'any' ? 'same' : undefined;
  const aggregate: Omit<BoundAggregate, 'column'> = {
    primitive,
    arguments: cast.arguments,
    distinct: false,
    order: order.map((key) => ({ ...key, expression: value })),
    filter,
    type: resultType(cast.result, rule, [value.type], true),
  };
  return aggregates.add(aggregate, source.at);
}

/** The type whose comparison tells values apart. */
const comparedAs = (node: BoundExpression | undefined): string => {
  const name = node?.type.name ?? 'text';
  return name === 'varchar' || name === 'name' ? 'text' : name;
};

// ---- hypothetical rows ----

function hypothetical(
  source: SourceCallNode,
  parts: Parts,
  place: HypotheticalPlace,
  name: string,
  state: BindState,
  aggregates: BlockAggregates,
): BoundExpression {
  const { at } = source;
  const pairs = pairsOf(source, parts, name, state);
  const before = comesBefore(pairs, state, at);
  const counted = (condition: BoundExpression | null): BoundExpression =>
    aggregates.add({ ...COUNT, filter: bothTrue(parts.filter, condition) }, at);
  const number = (value: number): BoundExpression => constantNode(state, value, sqlType('int8'), at);
  const next = (node: BoundExpression): BoundExpression => callNode(state, 'int8.add', [node, number(1)], 'int8', undefined, at);
  const part = (a: BoundExpression, b: BoundExpression): BoundExpression => {
    const [left, right] = [a, b].map((node) => castTo(state, node, sqlType('float8'), 'implicit', at));
    return callNode(state, 'float8.div', [left, right], 'float8', undefined, at);
  };
  switch (place) {
    case 'rank':
      return next(counted(before));
    case 'dense_rank': {
      const keys = pairs.map(({ key }) => key.expression);
      const aggregate = { ...COUNT, primitive: 'count.rows', arguments: keys, distinct: true };
      return next(aggregates.add({ ...aggregate, filter: bothTrue(parts.filter, before) }, at));
    }
    case 'percent_rank': {
      const all = counted(null);
      const none = callNode(state, 'int8.equal', [all, number(0)], 'bool', undefined, at);
      const zero = constantNode(state, 0, sqlType('float8'), at);
      const whens = [{ condition: none, result: zero }];
      return { op: 'case', whens, otherwise: part(counted(before), all), type: sqlType('float8', false) };
    }
    case 'cume_dist': {
      const same = either(before, allSame(pairs, state, at));
      return part(next(counted(same)), next(counted(null)));
    }
  }
}

const COUNT = { primitive: 'count.star', arguments: [], distinct: false, order: [], type: sqlType('int8', false) } as const;

interface Pair {
  readonly key: BoundSortKey;
  /** The hypothetical row's value. */
  readonly value: BoundExpression;
}

/** One direct argument for each sort key, both of one type. 42883 */
function pairsOf(source: SourceCallNode, { direct, order }: Parts, name: string, state: BindState): Pair[] {
  const all = [...direct, ...order.map(({ expression }) => expression)];
  const wrong = (): Error => noFunction(name, typesOf(all), state.semantics, source.at);
  if (direct.length !== order.length) throw wrong();
  return order.map((key, index) => {
    const places = [source.arguments[index].at, source.withinGroup[index].at];
    const { nodes } = castCommon(state, [key.expression, direct[index]], 'WITHIN GROUP', places.reverse());
    return { key: { ...key, expression: nodes[0] }, value: nodes[1] };
  });
}

const bothTrue = (a: BoundExpression | null, b: BoundExpression | null): BoundExpression | null => {
  if (a === null || b === null) return a ?? b;
  return { op: 'and', operands: [a, b], type: { ...BOOLEAN, nullable: a.type.nullable || b.type.nullable } };
};
const either = (a: BoundExpression, b: BoundExpression): BoundExpression => ({
  op: 'or',
  operands: [a, b],
  type: { ...BOOLEAN, nullable: a.type.nullable || b.type.nullable },
});

/** By the keys in turn; never NULL. */
function comesBefore(pairs: readonly Pair[], state: BindState, at: number): BoundExpression {
  const [first, ...rest] = pairs;
  const less = keyBefore(first, state, at);
  if (rest.length === 0) return less;
  return either(less, bothTrue(allSame([first], state, at), comesBefore(rest, state, at)) as BoundExpression);
}

function keyBefore({ key, value }: Pair, state: BindState, at: number): BoundExpression {
  const { less, greater } = state.semantics.comparison;
  const { primitive, left, right } = comparison(state, key.descending ? greater : less, key.expression, value, at);
  const isNull = (operand: BoundExpression, negated: boolean): BoundExpression => ({
    op: 'isTest',
    operand,
    test: 'null',
    negated,
    type: { ...BOOLEAN, nullable: false },
  });
  const fixed = (is: boolean): BoundExpression => constantNode(state, is, { ...BOOLEAN, nullable: false }, at);
  const whens = [
    { condition: isNull(left, false), result: key.nullsFirst ? isNull(right, true) : fixed(false) },
    { condition: isNull(right, false), result: fixed(!key.nullsFirst) },
  ];
  const otherwise = callNode(state, primitive, [left, right], 'bool', undefined, at);
  return { op: 'case', whens, otherwise, type: { ...BOOLEAN, nullable: otherwise.type.nullable } };
}

function allSame(pairs: readonly Pair[], state: BindState, at: number): BoundExpression {
  const same = pairs.map(({ key, value }): BoundExpression => {
    const { primitive, left, right } = comparison(state, state.semantics.comparison.equal, key.expression, value, at);
    return { op: 'isDistinct', equal: primitive, left, right, negated: true, type: { ...BOOLEAN, nullable: false } };
  });
  return same.length === 1 ? same[0] : { op: 'and', operands: same, type: { ...BOOLEAN, nullable: false } };
}
