/**
 * From a physical statement to a Program: stages with their sources and sinks (stages.ts draws it).
 */

import { walkExpression } from '../../engine/plan/bind/tree.ts';
import type { PhysicalNode, PhysicalStatement } from '../../engine/plan/physical.ts';
import { identityOf } from '../../engine/plan/optimize/identity.ts';
import type { BytesFormat, CompileEnvironment, Program, RowFormat } from '../../engine/plan/program.ts';
import type { BoundExpression, OutputColumn } from '../../engine/sblr/bound.ts';
import { Builder } from './builder.ts';
import { changeSink, columnsRead } from './change-sink.ts';
import type { Emitter } from './emitter.ts';
import { type Few, fewOf } from './few.ts';
import { buildOf } from './join-build.ts';
import { makeStages } from './make-stages.ts';
import { eachExpressionOf, eachNode, inputsOf } from './needed.ts';
import { emitRow } from './output.ts';
import { gatherProgram } from './gather-program.ts';
import { GeneratedProgram } from './program.ts';
import { Changed, type ProgramParts } from './program-parts.ts';
import type { Sink } from './stage-code.ts';
import { changeStage } from './spools.ts';
import { sharedSpool } from './shared-spool.ts';
import type { ProgramStage } from './stage-list.ts';
import { hasJoins, type Stage, stagesOf } from './stages.ts';
import type { Source } from './unit.ts';
import { UsedTables } from './used-tables.ts';
import { emitBytes } from './wire-output.ts';

export interface Compiled {
  readonly parts: ProgramParts;
  readonly sources: Source[];
}

/** Compiles a statement; where it is expected to meet few rows, for these (few.ts). 0A000 for primitives that the engine has not. */
export function compileStatement(plan: PhysicalStatement, format: RowFormat, given: CompileEnvironment): Program {
  const used = new UsedTables(given);
  const few = fewOf(rootsOf(plan), used.environment);
  const parts = withoutTexts(compileParts(plan, format, used, few));
  return new GeneratedProgram(parts, few, few === null ? null : whole(plan, format, given));
}

/** All the code of a statement; `isShown`: for people. */
export function compileWhole(plan: PhysicalStatement, format: RowFormat, given: CompileEnvironment, isShown = false): Compiled {
  return compileParts(plan, format, new UsedTables(given), null, isShown);
}

/** Made apart: the program keeps no more than this. */
const whole = (plan: PhysicalStatement, format: RowFormat, given: CompileEnvironment) => (): ProgramParts =>
  withoutTexts(compileWhole(plan, format, given));

/** Code that is made when it is first needed keeps the builder, but nobody asks for the texts. */
function withoutTexts({ parts, sources }: Compiled): ProgramParts {
  sources.length = 0;
  return parts;
}

const rootsOf = (plan: PhysicalStatement): PhysicalNode[] => [
  plan.kind === 'query' ? plan.root : plan.source,
  ...(plan.spools ?? []).map(({ root }) => root),
  ...(plan.subplans ?? []).map(({ root }) => root),
];

function compileParts(plan: PhysicalStatement, format: RowFormat, used: UsedTables, few: Few | null, isShown = false): Compiled {
  const { environment } = used;
  const builder = new Builder(environment, format, plan.subplans ?? []);
  builder.few = few;
  builder.isShown = isShown;
  const root = plan.kind === 'query' ? plan.root : plan.source;
  builder.spools = plan.spools ?? [];
  const roots = [root, ...builder.spools.map((spool) => spool.root)];
  for (const one of roots) countUses(builder, one);
  for (const one of rootsOf(plan)) noteCounted(builder, one);
  const read = columnsRead(plan);
  for (const column of read) builder.countUse(column);
  for (const { column, type } of plan.output) builder.types.set(column, type);
  if (few === null && roots.some(isGathered)) builder.gatherProgram = gatherProgram(plan, format, used);
  const changes = builder.spools.filter(({ change }) => change !== undefined);
  const waits = rootsOf(plan).some(waitsInside);
  const holds = waits || plan.kind !== 'query' || changes.length > 0 || roots.some(locksRows);
  const last = lastSink(builder, plan, holds);
  const stages = stagesOf(root, read, plan.subplans ?? []);
  // Parts of a state are made in their order: what a shared spool reads comes before it.
  const before = changes.map((spool) => changeStage(builder, spool));
  for (const spool of builder.spools) if (spool.shared === true) sharedSpool(builder, spool);
  const own = makeStages(builder, stages, last.sink);
  const made = [...before, ...(holds ? own : withExpected(builder, stages, own))];
  const parts: ProgramParts = {
    kernel: environment.kernel,
    output: plan.output,
    writes: holds,
    waits,
    isBytes: typeof format !== 'string',
    simple: roots.length === 1 && !builder.hasSubplans && isSimple(plan, root),
    tables: [...builder.tables],
    isCurrent: currencyOf(used),
    stages: made,
    gathers: builder.gathers,
    makes: builder.parts,
    counters: builder.counters,
    distincts: builder.distincts,
    hasSubplans: builder.hasSubplans,
    cascades: builder.cascades,
    refers: builder.refers,
    changed: plan.kind === 'query' ? null : new Changed(environment.kernel, builder.catalog(plan.table).kernelTable),
    change: last.part,
    copies: roots.some(readsPages),
    sites: builder.sites,
  };
  return { parts, sources: builder.sources };
}

// A closure keeps alive whatever others of the same function have in common: what lives as long as the program is made apart, or it
// would keep the builder and its source texts.
const currencyOf = (used: UsedTables) => (): boolean => used.areCurrent();

function countUses(builder: Builder, root: PhysicalNode): void {
  eachNode(root, (node) => {
    eachExpressionOf(node, builder.countExpression);
  });
}

/** What joins have collected is told before those that come after them begin. */
function withExpected(builder: Builder, stages: readonly Stage[], made: readonly ProgramStage[]): readonly ProgramStage[] {
  const lastJoin = stages.findLastIndex(hasJoins);
  return made.map((stage, at) => {
    const { fills } = stages[at];
    if (fills === null || at >= lastJoin || stages[at + 1]?.isTail === true) return stage;
    const { node, side } = fills;
    if (side !== 'build' || !('build' in node)) return stage;
    const identity = identityOf(node.build);
    return { ...stage, expected: { identity, rows: node.build.estimate.rows, part: buildOf(builder, node).store.part } };
  });
}

/** Where each node has its counters. */
function noteCounted(builder: Builder, root: PhysicalNode): void {
  eachNode(root, (node) => {
    if (node.node === 'Counted') builder.counted.set(node.input, node.counter);
  });
}

function someNode(root: PhysicalNode, is: (node: PhysicalNode) => boolean): boolean {
  let found = false;
  eachNode(root, (node) => {
    found ||= is(node);
  });
  return found;
}

const locksRows = (root: PhysicalNode): boolean => someNode(root, ({ node }) => node === 'LockRow');

/** A function in it waits: it gives no rows before its end, for it may run again. */
const waitsInside = (root: PhysicalNode): boolean =>
  someNode(root, (node) => {
    let found = false;
    const look = (one: BoundExpression): boolean => {
      found ||= one.op === 'call' && one.primitive.startsWith('wait.');
      return !found;
    };
    eachExpressionOf(node, (expression) => {
      if (expression.op !== 'column' && expression.op !== 'parameter') walkExpression(expression, look);
    });
    return found;
  });
const isGathered = (root: PhysicalNode): boolean => someNode(root, ({ node }) => node === 'Gather');
const readsPages = (root: PhysicalNode): boolean => someNode(root, ({ node }) => node === 'PageScan');

/** The statement's own sink, and the number of its change part. */
const lastSink = (builder: Builder, plan: PhysicalStatement, holds: boolean): { readonly sink: Sink; readonly part: number } =>
  plan.kind === 'query' ? { sink: rowsSink(builder, plan.output, holds), part: -1 } : changeSink(builder, plan, null);

function rowsSink(builder: Builder, output: readonly OutputColumn[], holds: boolean): Sink {
  const { format } = builder;
  if (typeof format !== 'string') return bytesSink(format, output, holds);
  const row = (emitter: Emitter): string => emitRow(emitter, format, output);
  if (holds) return { kind: 'change', emit: (emitter) => emitter.emit(`c.held.push(${row(emitter)});`) };
  return { kind: 'rows', emit: (emitter) => emitter.emit(`c.rows.push(${row(emitter)});`), row };
}

function bytesSink(format: BytesFormat, output: readonly OutputColumn[], holds: boolean): Sink {
  if (holds) return { kind: 'change', emit: (emitter) => emitBytes(emitter, format, output, 'held') };
  const emit = (emitter: Emitter): void => emitBytes(emitter, format, output, 'output');
  const row = (emitter: Emitter): string => {
    emit(emitter);
    return 'true';
  };
  return { kind: 'rows', emit, row, isFull: 'c.full' };
}

/** One row by a unique key, or rows of VALUES: sees what its own transaction has written, and writes under the same number (TX-T4). */
function isSimple(plan: PhysicalStatement, root: PhysicalNode): boolean {
  if (someNode(root, (node) => inputsOf(node).length > 1 || node.node === 'IndexJoin' || node.node === 'ApplyMemo')) return false;
  let node = root;
  while ('input' in node) node = node.input;
  if (plan.kind === 'insert') return node.node === 'ValuesScan' && plan.conflict?.action !== 'update';
  return node.node === 'IndexPoint' || (plan.kind === 'query' && node.node === 'ValuesScan');
}
