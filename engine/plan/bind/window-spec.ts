/** Windows of a block: WINDOW's names, what OVER says, frames. */

import type { BoundExpression, BoundSortKey } from '../../sblr/bound.ts';
import type { BoundFrame } from '../../sblr/bound-relations.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceExpression, SourceFrame, SourceWindow, SourceWindowSpec } from '../../sblr/source.gen.ts';
import { sqlType, type TypeName } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { mustCompare, sortKey } from './calls.ts';
import type { Clause } from './clause.ts';
import { callNode, castClause, castTo, constantNode, settled } from './coerce.ts';
import { readsColumns } from './compare.ts';
import { fault, unsupported } from './errors.ts';
import { bindExpr } from './expressions.ts';
import { canCast } from './resolve.ts';
import type { BindState } from './state.ts';

export interface WindowSpec {
  readonly partition: readonly BoundExpression[];
  readonly order: readonly BoundSortKey[];
  readonly frame: BoundFrame;
  readonly hasFrame: boolean;
}

const windowingError = (message: string, at: number, hint?: string): Error => fault(SQLSTATE.windowing_error, message, at, hint);

/** Without a frame clause: the partition up to the last peer. */
const DEFAULT_FRAME: BoundFrame = {
  unit: 'range',
  start: 'unboundedPreceding',
  startValue: null,
  end: 'current',
  endValue: null,
  rangeKey: null,
  exclude: 'none',
};

/** WINDOW's definitions, each bound when it is first asked for. */
export class NamedWindows {
  private readonly sources: readonly SourceWindow[];
  private readonly specs = new Map<string, WindowSpec>();

  constructor(sources: readonly SourceWindow[]) {
    this.sources = sources;
    for (const [index, { name, at }] of sources.entries())
      if (sources.findIndex((one) => one.name === name) < index) throw windowingError(`window "${name}" is already defined`, at);
  }

  /** What OVER means: a name, or a definition that may rest on one. */
  over(source: SourceWindowSpec, clause: Clause): WindowSpec {
    if (source.name !== null) return this.named(source.name, clause, source.at, this.sources.length);
    return this.define(source, clause, this.sources.length);
  }

  /** All of them, for their errors: those that nobody asks for too. */
  check(clause: Clause): void {
    for (const { name, at } of this.sources) this.named(name, clause, at, this.sources.length);
  }

  /** 42704 */
  private named(name: string, clause: Clause, at: number, before: number): WindowSpec {
    const index = this.sources.findIndex((one, place) => one.name === name && place < before);
    if (index < 0) throw fault(SQLSTATE.undefined_object, `window "${name}" does not exist`, at);
    let spec = this.specs.get(name);
    if (spec === undefined) {
      spec = this.define(this.sources[index].spec, clause, index);
      this.specs.set(name, spec);
    }
    return spec;
  }

  private define(source: SourceWindowSpec, clause: Clause, before: number): WindowSpec {
    const base = source.base === null ? null : this.named(source.base, clause, source.at, before);
    if (base !== null) refuseOverrides(source, base);
    const partition = base?.partition ?? source.partition.map((key) => bindPartition(key, clause));
    const order =
      base !== null && base.order.length > 0
        ? base.order
        : source.order.map((item) =>
            sortKey(item, bindExpr(item.expression, windowClause(clause, 'window ORDER BY')), clause.state),
          );
    const frame = source.frame === null ? DEFAULT_FRAME : bindFrame(source.frame, order, clause);
    return { partition, order, frame, hasFrame: source.frame !== null };
  }
}

function refuseOverrides(source: SourceWindowSpec, base: WindowSpec): void {
  const { at } = source;
  if (source.partition.length > 0) throw windowingError(`cannot override PARTITION BY clause of window "${source.base}"`, at);
  if (source.order.length > 0 && base.order.length > 0)
    throw windowingError(`cannot override ORDER BY clause of window "${source.base}"`, at);
  if (!base.hasFrame) return;
  const isPlain = source.order.length === 0 && source.frame === null;
  throw windowingError(
    `cannot copy window "${source.base}" because it has a frame clause`,
    at,
    isPlain ? 'Omit the parentheses in this OVER clause.' : undefined,
  );
}

/** Inside a window's definition: aggregates of the block may stand there, windows may not. */
const windowClause = (clause: Clause, name: string): Clause => ({ ...clause, name, windows: null, inWindow: false });

function bindPartition(source: SourceExpression, clause: Clause): BoundExpression {
  const node = settled(clause.state, bindExpr(source, windowClause(clause, 'window PARTITION BY')), source.at);
  mustCompare(clause.state, node.type.name, 'equality', source.at);
  return node;
}

function bindFrame(source: SourceFrame, order: readonly BoundSortKey[], clause: Clause): BoundFrame {
  const { unit, start, end, exclude } = source;
  if (unit === 'groups' && order.length === 0) throw windowingError('GROUPS mode requires an ORDER BY clause', source.at);
  const hasOffset = source.startValue !== null || source.endValue !== null;
  if (unit === 'range' && hasOffset) return { unit, start, end, exclude, ...bindRange(source, order, clause) };
  const count = (value: SourceExpression | null): BoundExpression | null =>
    value === null
      ? null
      : castClause(clause.state, frameValue(value, unit, clause), 'int8', unit.toUpperCase(), value.at, 'assignment');
  return { unit, start, end, exclude, startValue: count(source.startValue), endValue: count(source.endValue), rangeKey: null };
}

function frameValue(source: SourceExpression, unit: string, clause: Clause): BoundExpression {
  const name = unit.toUpperCase();
  const node = bindExpr(source, { ...windowClause(clause, `window ${name}`), aggregates: null });
  if (readsColumns(node))
    throw fault(SQLSTATE.invalid_column_reference, `argument of ${name} must not contain variables`, source.at);
  return node;
}

/** Type of a sort key -> type of what it reaches to (window.before.<type>) and of the offset. */
const RANGES: { readonly [type: string]: { readonly key: TypeName; readonly reach: string; readonly offset: TypeName } } = {
  int2: { key: 'int4', reach: 'int4', offset: 'int8' },
  int4: { key: 'int4', reach: 'int4', offset: 'int8' },
  int8: { key: 'int8', reach: 'int8', offset: 'int8' },
  float4: { key: 'float8', reach: 'float8', offset: 'float8' },
  float8: { key: 'float8', reach: 'float8', offset: 'float8' },
  numeric: { key: 'numeric', reach: 'numeric', offset: 'numeric' },
  date: { key: 'timestamp', reach: 'timestamp', offset: 'interval' },
  time: { key: 'interval', reach: 'interval', offset: 'interval' },
  timestamp: { key: 'timestamp', reach: 'timestamp', offset: 'interval' },
  timestamptz: { key: 'timestamptz', reach: 'timestamptz', offset: 'interval' },
  interval: { key: 'interval', reach: 'interval', offset: 'interval' },
};
/** Types of what is reached to where they are not the key's own. */
const REACHED: { readonly [reach: string]: TypeName } = { int4: 'int8', int8: 'numeric' };

type RangeParts = Pick<BoundFrame, 'startValue' | 'endValue' | 'rangeKey'>;

function bindRange(source: SourceFrame, order: readonly BoundSortKey[], clause: Clause): RangeParts {
  const { state } = clause;
  if (order.length !== 1)
    throw windowingError('RANGE with offset PRECEDING/FOLLOWING requires exactly one ORDER BY column', source.at);
  const [{ expression, descending }] = order;
  const rule = RANGES[expression.type.name];
  if (rule === undefined) throw unsupportedRange(`column type ${shownType(expression.type.name, state.semantics)}`, source.at);
  const reach = (value: SourceExpression | null, kind: BoundFrame['start'], isStart: boolean): BoundExpression | null => {
    if (value === null) return null;
    const isBefore = (kind === 'preceding') !== descending;
    const offset = rangeOffset(value, expression.type.name, rule.offset, clause);
    const key = castTo(state, expression, sqlType(rule.key), 'explicit', source.at);
    const primitive = `window.${isBefore ? 'before' : 'after'}.${rule.reach}`;
    const mark = constantNode(state, isStart, sqlType('bool'), source.at);
    const call = callNode(state, primitive, [key, offset, mark], REACHED[rule.reach] ?? rule.key, undefined, value.at);
    return { ...call, type: { ...call.type, nullable: expression.type.nullable } };
  };
  const rangeKey = castTo(state, expression, sqlType(REACHED[rule.reach] ?? rule.key), 'explicit', source.at);
  return {
    startValue: reach(source.startValue, source.start, true),
    endValue: reach(source.endValue, source.end, false),
    rangeKey,
  };
}

function rangeOffset(source: SourceExpression, key: TypeName, type: TypeName, clause: Clause): BoundExpression {
  const { state } = clause;
  const given = frameValue(source, 'range', clause);
  // What is of no type yet is of the key's, where that has sums of its own.
  const isInteger = type === 'int8' && given.type.name === 'unknown';
  const node = isInteger ? castTo(state, given, sqlType(key), 'implicit', source.at) : given;
  if (canCast(node.type.name, type, 'implicit', state.semantics))
    return castTo(state, node, sqlType(type), 'implicit', source.at);
  const { semantics }: BindState = state;
  throw unsupportedRange(
    `column type ${shownType(key, semantics)} and offset type ${shownType(node.type.name, semantics)}`,
    source.at,
    'Cast the offset value to an appropriate type.',
  );
}

const unsupportedRange = (what: string, at: number, hint?: string): Error =>
  unsupported(`RANGE with offset PRECEDING/FOLLOWING for ${what} is`, at, hint);
