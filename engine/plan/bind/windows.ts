/** Calls with OVER: window functions and aggregates over frames. Each becomes a column of a Window below. */

import type { BoundColumn, BoundExpression, BoundRelation } from '../../sblr/bound.ts';
import type { BoundFrame, BoundWindow, BoundWindowCall } from '../../sblr/bound-relations.ts';
import { resultType } from '../../sblr/result-types.ts';
import type { AggregateSignature, Signature, WindowSignature } from '../../sblr/semantics.ts';
import type { SourceCallNode, SourceWindow } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { aggregateCall, bindFilter, isAggregate } from './aggregates.ts';
import { callCandidate } from './calls.ts';
import { type Clause, columnNode } from './clause.ts';
import { castCommon } from './coerce.ts';
import { fault, noFunction, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { castArguments } from './operators.ts';
import { commonType } from './resolve.ts';
import { sameExpression, sameKeys, sameOrNull } from './same.ts';
import type { BindState } from './state.ts';
import { NamedWindows, type WindowSpec } from './window-spec.ts';

export const isWindow = (signature: Signature): signature is WindowSignature => 'window' in signature;

type Call = Omit<BoundWindowCall, 'column'>;

interface OneWindow {
  readonly partition: readonly BoundExpression[];
  readonly order: WindowSpec['order'];
  readonly functions: BoundWindowCall[];
}

/** The windows of a block: calls over the same partition and order share one. */
export class BlockWindows {
  readonly named: NamedWindows;
  private readonly state: BindState;
  private readonly list: OneWindow[] = [];

  constructor(state: BindState, sources: readonly SourceWindow[]) {
    this.state = state;
    this.named = new NamedWindows(sources);
  }

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  owns(column: number): boolean {
    return this.list.some(({ functions }) => functions.some((one) => one.column === column));
  }

  /** The column of a call; equal ones share it. */
  add({ partition, order }: WindowSpec, call: Call, at: number): BoundColumn {
    const { state } = this;
    let window = this.list.find((one) => sameExpressions(one.partition, partition, state) && sameKeys(one.order, order, state));
    if (window === undefined) {
      window = { partition, order, functions: [] };
      this.list.push(window);
    }
    let found = window.functions.find((one) => sameCall(one, call, state));
    if (found === undefined) {
      found = { ...call, column: state.newColumn() };
      window.functions.push(found);
    }
    return columnNode(found.column, found.type, at, state);
  }

  /** What puts the windows over a relation; `above`: what their expressions are over its columns. */
  over(above: (node: BoundExpression) => BoundExpression): (input: BoundRelation) => BoundRelation {
    const windows = this.list.map((window) => placed(window, above));
    return (input) => windows.reduce<BoundRelation>((below, window) => ({ ...window, input: below }), input);
  }
}

function placed(
  { partition, order, functions }: OneWindow,
  above: (node: BoundExpression) => BoundExpression,
): Omit<BoundWindow, 'input'> {
  const orNull = (node: BoundExpression | null): BoundExpression | null => (node === null ? null : above(node));
  return {
    op: 'window',
    partition: partition.map(above),
    order: order.map((key) => ({ ...key, expression: above(key.expression) })),
    functions: functions.map((call) => {
      const { startValue, endValue, rangeKey } = call.frame;
      const values = { startValue: orNull(startValue), endValue: orNull(endValue), rangeKey: orNull(rangeKey) };
      const frame: BoundFrame = { ...call.frame, ...values };
      return { ...call, arguments: call.arguments.map(above), filter: orNull(call.filter), frame };
    }),
  };
}

const sameExpressions = (a: readonly BoundExpression[], b: readonly BoundExpression[], state: BindState): boolean =>
  a.length === b.length && a.every((node, index) => sameExpression(node, b[index], state));

const sameFrame = (a: BoundFrame, b: BoundFrame, state: BindState): boolean =>
  a.unit === b.unit &&
  a.start === b.start &&
  a.end === b.end &&
  a.exclude === b.exclude &&
  sameOrNull(a.startValue, b.startValue, state) &&
  sameOrNull(a.endValue, b.endValue, state);

const sameCall = (a: Call, b: Call, state: BindState): boolean =>
  a.primitive === b.primitive &&
  sameExpressions(a.arguments, b.arguments, state) &&
  sameOrNull(a.filter, b.filter, state) &&
  sameFrame(a.frame, b.frame, state);

// ---- calls ----

/** 42P20, 42803: where windows are not. */
export function windowsOf(clause: Clause, at: number): BlockWindows {
  if (clause.inAggregate)
    throw fault(SQLSTATE.grouping_error, 'aggregate function calls cannot contain window function calls', at);
  if (clause.inWindow) throw fault(SQLSTATE.windowing_error, 'window function calls cannot be nested', at);
  if (clause.windows !== null) return clause.windows;
  const where = clause.name.startsWith('window ') ? 'window definitions' : clause.name;
  throw fault(SQLSTATE.windowing_error, `window functions are not allowed in ${where}`, at);
}

export function bindWindowCall(
  source: SourceCallNode,
  clause: Clause,
  name: string,
  signatures: readonly (Signature | AggregateSignature | WindowSignature)[],
): BoundExpression {
  const { over, at } = source;
  const usable = signatures.filter((one) => isAggregate(one) || isWindow(one));
  if (over === null || (usable.length === 0 && signatures.length > 0))
    throw fault(SQLSTATE.wrong_object_type, `OVER specified, but ${name} is not a window function nor an aggregate function`, at);
  if (source.withinGroup.length > 0) throw unsupported(`OVER for the ordered-set aggregate ${name} is`, at);
  if (source.distinct) throw unsupported('DISTINCT for window functions is', at);
  const windows = windowsOf(clause, at);
  const inside: Clause = { ...clause, inWindow: true };
  const filter = source.filter === null ? null : bindFilter(source.filter, inside);
  const spec = windows.named.over(over, clause);
  const found = usable.every(isWindow) && usable.length > 0 ? pureCall(source, inside, name, usable) : null;
  if (found === null && source.order.length > 0) throw unsupported('ORDER BY in aggregates of windows is', at);
  const call = found ?? aggregateCall(source, inside, name, usable);
  return windows.add(spec, { ...call, filter, frame: spec.frame }, at);
}

interface PureCall {
  readonly primitive: string;
  readonly arguments: readonly BoundExpression[];
  readonly type: SqlType;
}

const NOT_NULL: ReadonlySet<string> = new Set(['row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist']);

function pureCall(source: SourceCallNode, inside: Clause, name: string, signatures: readonly Signature[]): PureCall {
  const { state } = inside;
  if (source.filter !== null) throw unsupported('FILTER for window functions that are no aggregates is', source.at);
  if (source.order.length > 0) throw unsupported('ORDER BY in window functions is', source.at);
  if (source.star) throw noFunction(name, [], state.semantics, source.at);
  const given = source.arguments.map((argument) => bindExpr(argument, inside));
  const types = given.map((argument) => argument.type.name);
  const candidate = callCandidate(state, name, signatures, types, source.at);
  const args = withCommonType(given, candidate.types, () => noFunction(name, types, state.semantics, source.at), source, state);
  const cast = castArguments(state, candidate, args, source.at);
  const { primitive, result } = candidate.signature;
  const isOne = candidate.types.filter((type) => type === 'any').length === 1;
  const type = resultType(
    cast.result,
    result === 'any' && isOne ? 'same' : undefined,
    cast.arguments.map((argument) => argument.type),
    !NOT_NULL.has(primitive),
  );
  return { primitive, arguments: cast.arguments, type };
}

/** Several arguments for 'any' are of one type: lag's value and its default. */
function withCommonType(
  given: readonly BoundExpression[],
  types: readonly string[],
  error: () => Error,
  source: SourceCallNode,
  state: BindState,
): readonly BoundExpression[] {
  const places = types.flatMap((type, index) => (type === 'any' ? [index] : []));
  if (places.length < 2) return given;
  const names = places.map((place) => given[place].type.name);
  if (commonType(names, state.semantics).clash >= 0) throw error();
  const common = castCommon(
    state,
    places.map((place) => given[place]),
    'arguments',
    places.map((place) => source.arguments[place].at),
  );
  return given.map((node, index) => (types[index] === 'any' ? common.nodes[places.indexOf(index)] : node));
}
