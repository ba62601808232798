/**
 * From a physical statement to a Program: stages with their sources and sinks (stages.ts draws it).
 */

import type { PhysicalNode, PhysicalStatement, TopN } from '../../engine/plan/physical.ts';
import type { CompileEnvironment, Program, RowFormat } from '../../engine/plan/program.ts';
import type { ColumnId, OutputColumn } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import { AggregateSink } from './aggregate.ts';
import { Builder } from './builder.ts';
import { InsertSink } from './change-code.ts';
import { DeleteSink, UpdateSink } from './change-update.ts';
import { eachColumn, Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { emitRow } from './output.ts';
import { GeneratedProgram } from './program.ts';
import type { ProgramStage } from './program-parts.ts';
import { SortSink } from './sort.ts';
import { catalogSource, type MadeStage, pointSource, pointsSource, rangeSource, scanSource, valuesSource } from './sources.ts';
import { compileDrain, compileLimits, type Sink } from './stage-code.ts';
import { groupRoom, groupsStage, NO_GROUPS, sortedStage } from './stage-run.ts';
import { expressionsOf, type Stage, stagesOf } from './stages.ts';
import type { State } from './state.ts';
import type { Source } from './unit.ts';
import { boxedCode } from './value.ts';
import { UsedTables } from './used-tables.ts';

export interface Compiled {
  readonly program: Program;
  readonly sources: readonly Source[];
}

type Filled = AggregateSink | SortSink;

/** Compiles a statement. 0A000 for primitives that the engine has not. */
export function compileStatement(
  plan: PhysicalStatement,
  _parameters: readonly SqlType[],
  format: RowFormat,
  given: CompileEnvironment,
): Compiled {
  const used = new UsedTables(given);
  const { environment } = used;
  const builder = new Builder(environment, format);
  const root = plan.kind === 'query' ? plan.root : plan.source;
  const stages = stagesOf(root);
  for (const stage of stages) for (const expression of expressionsOf(stage)) builder.countUses(expression);
  for (const { column } of plan.output) builder.countUse(column);
  const holds = plan.kind !== 'query' || stages.some(({ steps }) => steps.some(({ node }) => node === 'LockRow'));
  const last = lastSink(builder, plan, holds);
  const made: ProgramStage[] = [];
  let filled: Filled | null = null;
  stages.forEach((stage, index) => {
    const fills = fillOf(builder, stage, neededAfter(stages, index, plan));
    const sink = fills === null ? last.sink : sinkOf(fills);
    const groups = fills instanceof AggregateSink ? groupRoom(fills.part) : NO_GROUPS;
    const one = makeStage(builder, stage, filled, sink, groups);
    made.push({
      stage: one.stage,
      limits: compileLimits(builder, one.limits),
      fills: fills === null ? -1 : fills.part,
      top: fills instanceof SortSink && fills.node.node === 'TopN' ? compileTop(builder, fills.node, fills.part) : null,
    });
    filled = fills;
  });
  const program = new GeneratedProgram({
    kernel: environment.kernel,
    output: plan.output,
    writes: holds,
    simple: isSimple(plan, root),
    tables: [...builder.tables],
    isCurrent: currencyOf(used),
    stages: made,
    makes: builder.parts,
    counters: builder.counters,
    distincts: builder.distincts,
    change: last.part,
    copies: stages[0].source.node === 'PageScan',
    sites: builder.sites,
  });
  return { program, sources: builder.sources };
}

// A closure keeps alive whatever others of the same function have in common: what lives as long as the program is made apart, or it
// would keep the builder and its source texts.
const currencyOf = (used: UsedTables) => (): boolean => used.areCurrent();

function fillOf(builder: Builder, { breaker }: Stage, needed: ReadonlySet<ColumnId>): Filled | null {
  if (breaker === null) return null;
  return breaker.node === 'HashAggregate' ? new AggregateSink(builder, breaker) : new SortSink(builder, breaker, needed);
}

const sinkOf = (fills: Filled): Sink => ({
  kind: fills instanceof AggregateSink ? 'aggregate' : 'sort',
  emit: (emitter) => fills.emit(emitter),
});

/** Columns that later stages and the statement itself read. */
function neededAfter(stages: readonly Stage[], index: number, plan: PhysicalStatement): Set<ColumnId> {
  const needed = new Set<ColumnId>();
  const add = (column: ColumnId): void => void needed.add(column);
  for (const stage of stages.slice(index + 1)) {
    for (const expression of expressionsOf(stage)) eachColumn(expression, add);
    for (const step of stage.steps) {
      if (step.node === 'LockRow') add(step.rowId);
      if (step.node === 'HashDistinct') step.columns.forEach(add);
    }
  }
  for (const { column } of plan.output) add(column);
  if (plan.kind === 'query') return needed;
  for (const { expression } of plan.returning) eachColumn(expression, add);
  if (plan.kind !== 'insert') add(plan.rowId);
  if (plan.kind !== 'delete') {
    for (const { expression } of plan.row.attributes) eachColumn(expression, add);
    for (const { expression } of plan.row.checks) eachColumn(expression, add);
  }
  return needed;
}

function makeStage(builder: Builder, stage: Stage, filled: Filled | null, sink: Sink, groups: typeof NO_GROUPS): MadeStage {
  const { source } = stage;
  const isRows = sink.kind === 'rows';
  switch (source.node) {
    case 'PageScan':
      return scanSource(builder, stage, source, sink, groups);
    case 'IndexPoint':
      return pointSource(builder, stage, source, sink, groups);
    case 'IndexRange':
      return rangeSource(builder, stage, source, sink, groups);
    case 'IndexPoints':
      return pointsSource(builder, stage, source, sink, groups);
    case 'CatalogScan':
      return catalogSource(builder, stage, source, sink, groups);
    case 'ValuesScan':
      return valuesSource(builder, stage, source, sink, groups);
    default: {
      const from = filled as Filled;
      const isGroups = from instanceof AggregateSink;
      const shape = { kind: isGroups ? 'groups' : 'list', columns: from.readers(isGroups ? 'g' : 'w') } as const;
      const { drain, limits } = compileDrain(builder, stage, shape, sink, new Set(), false);
      const part = builder.part(() => ({ list: [], at: 0 }));
      const run = isGroups
        ? groupsStage(part, from.part, drain, groups, isRows)
        : sortedStage(part, from.part, drain, groups, isRows);
      return { stage: run, limits };
    }
  }
}

/** How many rows of the order a TopN keeps: function(c). */
function compileTop(builder: Builder, node: TopN, part: number): (c: State) => void {
  const emitter = new Emitter(builder.unit(), true, '', new Map());
  const { use } = emitter.unit;
  const limit = `${use('limitOf')}(${boxedCode(emitValue(emitter, node.limit), use)})`;
  const offset = node.offset === null ? '0' : `${use('offsetOf')}(${boxedCode(emitValue(emitter, node.offset), use)})`;
  // Nobody asks for a row: nothing is evaluated.
  emitter.emit(`const l=${limit};c.parts[${part}].begin(l,${offset});if(l===0)c.finished=true;`);
  return emitter.unit.compile('top', 'c', `${emitter.prologueText()}${emitter.lines.join('')}`);
}

/** The statement's own sink, and the number of its change part. */
function lastSink(builder: Builder, plan: PhysicalStatement, holds: boolean): { sink: Sink; part: number } {
  switch (plan.kind) {
    case 'query':
      return { sink: rowsSink(builder, plan.output, holds), part: -1 };
    case 'insert': {
      const sink = new InsertSink(builder, plan);
      builder.tables.add(builder.environment.runtime(builder.catalog(plan.table)).id);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
    case 'update': {
      const sink = new UpdateSink(builder, plan);
      const emit = (emitter: Emitter, isImage: boolean): void => sink.emit(emitter, isImage ? { views: 'v', row: 'row' } : null);
      return { sink: { kind: 'change', emit }, part: sink.part };
    }
    case 'delete': {
      const sink = new DeleteSink(builder, plan);
      return { sink: { kind: 'change', emit: (emitter) => sink.emit(emitter) }, part: sink.part };
    }
  }
}

function rowsSink(builder: Builder, output: readonly OutputColumn[], holds: boolean): Sink {
  const row = (emitter: Emitter): string => emitRow(emitter, builder.format, output);
  if (holds) return { kind: 'change', emit: (emitter) => emitter.emit(`c.held.push(${row(emitter)});`) };
  return { kind: 'rows', emit: (emitter) => emitter.emit(`c.rows.push(${row(emitter)});`), row };
}

/** One row by a unique key, or rows of VALUES: sees what its own transaction has written, and writes under the same number (TX-T4). */
function isSimple(plan: PhysicalStatement, root: PhysicalNode): boolean {
  let node = root;
  while ('input' in node) node = node.input;
  if (plan.kind === 'insert') return node.node === 'ValuesScan' && plan.conflict?.action !== 'update';
  return node.node === 'IndexPoint' || (plan.kind === 'query' && node.node === 'ValuesScan');
}
