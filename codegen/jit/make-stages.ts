/**
 * From stages to what runs: the sink of each, its source, and what is collected between them.
 */

import type { HashAggregate, Sort, TopN, WindowFrames } from '../../engine/plan/physical.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { AggregateSink } from './aggregate.ts';
import type { Builder } from './builder.ts';
import { gatedStage } from './gated-stage.ts';
import { type Collected, StoreSink } from './collected.ts';
import type { Emitter } from './emitter.ts';
import { emitValue } from './expressions.ts';
import { functionSource } from './function-source.ts';
import { GatherPlace, type GatherShape, GatherStage } from './gather-stage.ts';
import type { Groups } from './groups.ts';
import { buildOf } from './join-build.ts';
import { buildCollector, keptBuilds, tailSource } from './join-stages.ts';
import { switched } from './join-tail.ts';
import { recursionSink, recursionSource, workSource } from './recursion.ts';
import type { RowStore } from './row-store.ts';
import { rowIdSource } from './row-id-source.ts';
import { finishedRows, SortSink } from './sort.ts';
import { MergedSort } from './sorter-merge.ts';
import type { Sorter } from './sorter.ts';
import { sharedSteps } from './row-share.ts';
import type { RowSorter } from './row-sorter.ts';
import { haveKeys, KeySortSink, sortedSource } from './key-sort-sink.ts';
import { catalogSource, type MadeStage, pointSource, pointsSource, rangeSource, scanSource, valuesSource } from './sources.ts';
import { spoolSink, spoolSource } from './spools.ts';
import { compileDrain, compileLimits, type DrainCode, type RowShape, type Sink } from './stage-code.ts';
import { storedPlace, storedStage } from './stored-rows.ts';
import type { ProgramStage } from './stage-list.ts';
import { type GroupRoom, groupRoom, groupsStage, NO_GROUPS, type RunningStage, sortedStage } from './stage-run.ts';
import type { Collector } from './collector.ts';
import { type Fill, isCollecting, isSpreadStep, type Stage } from './stages.ts';
import type { State } from './state.ts';
import type { StepState } from './steps.ts';
import { boxedCode } from './value.ts';
import { watched } from './watched-stage.ts';
import { WindowSink, windowSource } from './window-sink.ts';

const numberOf = (state: StepState): number => ('begins' in state ? -1 - state.begins : state.counter);

/** Makes the stages of a list; `last`: the sink of those that fill nothing; `elsewhere`: what others begin. */
export function makeStages(
  builder: Builder,
  stages: readonly Stage[],
  last: Sink,
  elsewhere: readonly StepState[] = [],
): ProgramStage[] {
  // What the heads of one fill have in common begins with the first of them.
  let begun = new Set<number>();
  noteFinished(builder, stages, last);
  return stages.map((stage, index) => {
    const { fills, isTail } = stage;
    const collector = fills === null ? null : collectorOf(builder, fills);
    const one = switched(builder, stage, collector?.sink ?? last, collector?.room ?? NO_GROUPS, (...given) =>
      makeStage(builder, ...given),
    );
    if (!isTail) begun = new Set(elsewhere.map(numberOf));
    const own = one.limits.filter((state) => !begun.has(numberOf(state)));
    for (const state of own) begun.add(numberOf(state));
    const program: ProgramStage = {
      stage: gathered(builder, stage, one, collector),
      isTail,
      begin: collector === null || isTail ? null : collector.begin,
      end: isLast(stages, index) ? (collector?.end ?? null) : null,
      limits: compileLimits(builder, own),
      isKept: keptBuilds(builder, stage),
    };
    return builder.counted.size === 0 ? program : watched(builder, stage, program, collector?.part ?? -1);
  });
}

/**
 * Orders behind which nothing is done but to hand their rows out: of few rows they keep what will be handed out. A row in bytes is
 * handed out when it is written: those wait for their order as columns.
 */
function noteFinished(builder: Builder, stages: readonly Stage[], { row }: Sink): void {
  if (builder.few === null || row === undefined || typeof builder.format !== 'string') return;
  for (const { source, steps, fills } of stages) {
    if ((source.node === 'Sort' || source.node === 'TopN') && steps.length === 0 && fills === null)
      builder.finished.set(source, row);
  }
}

/** None behind it fills the same. */
function isLast(stages: readonly Stage[], index: number): boolean {
  const next = stages[index + 1];
  return next === undefined || !next.isTail;
}

/** The stage as it runs: spread, where the plan says so. */
function gathered(builder: Builder, stage: Stage, { stage: alone, scan }: MadeStage, collector: Collector | null): RunningStage {
  const { gather, steps, isTail } = stage;
  const program = builder.gatherProgram;
  if (gather === null || program === null || scan === undefined || collector?.gathered === undefined || isTail) return alone;
  if (!steps.every(isSpreadStep)) return alone;
  const { begin, gathered: fill } = collector;
  const { gathers } = builder.within < 0 ? builder : (builder.around as Builder);
  const shape: GatherShape = {
    number: gathers.length,
    within: builder.within,
    helpers: gather.threads - 1,
    counter: gather.counter ?? -1,
    scan,
    fill,
    begin,
    shared: sharedSteps(builder, steps),
    builds: steps.filter(isCollecting).map((step) => buildOf(builder, step).store.part),
    program,
  };
  const made = new GatherStage(shape, builder.part(newPlace), alone);
  gathers.push(made);
  return made;
}

const newPlace = (): GatherPlace => new GatherPlace();

const notRun = (node: string): SqlError => new SqlError(SQLSTATE.feature_not_supported, `the engine does not run ${node}`);

// The sink of a breaker belongs to its node (Builder.own): the stages that fill it and the one behind it meet there.

const aggregateOf = (builder: Builder, node: HashAggregate): AggregateSink =>
  builder.own(node, () => new AggregateSink(builder, node));

/** What fills it comes first: then it is known which columns are needed. */
const orderOf = (builder: Builder, node: Sort | TopN, fills: Fill | null = null): SortSink | KeySortSink =>
  builder.own(node, () => {
    const { needed, lacks } = fills as Fill;
    if (builder.few === null && haveKeys(node.keys)) return new KeySortSink(builder, node, fills as Fill);
    return new SortSink(builder, node, needed, lacks ? null : (builder.finished.get(node) ?? null));
  });

const windowOf = (builder: Builder, node: WindowFrames, fills: Fill | null = null): WindowSink =>
  builder.own(node, () => new WindowSink(builder, node, fills as Fill));

const collectedOf = (builder: Builder, node: Collected, fills: Fill | null = null): StoreSink =>
  builder.own(node, () => new StoreSink(builder, (fills as Fill).needed, (fills as Fill).lacks));

/** The collector of a fill: one for all the stages that fill the same. */
function collectorOf(builder: Builder, fills: Fill): Collector {
  return builder.own(fills, () => {
    const { node } = fills;
    if (!('node' in node)) return storeCollector(spoolSink(builder, node));
    switch (node.node) {
      case 'HashAggregate': {
        const sink = aggregateOf(builder, node);
        const { part, merged } = sink;
        return { sink: sinkOf('aggregate', sink), room: groupRoom(part), part, begin: begunGroups(part), gathered: merged };
      }
      case 'Sort':
      case 'TopN': {
        const sink = orderOf(builder, node, fills);
        const inPages = sink instanceof KeySortSink;
        return {
          sink: sinkOf(inPages ? 'keySort' : 'sort', sink),
          room: inPages ? sink.room : NO_GROUPS,
          part: sink.part,
          begin: compileTop(builder, node, sink.part),
          gathered: inPages ? new MergedSort(sink.part) : undefined,
        };
      }
      case 'WindowFrames': {
        const sink = windowOf(builder, node, fills);
        return { sink: sinkOf('keySort', sink), room: sink.room, part: sink.part, begin: begunSorter(sink.part) };
      }
      case 'HashProbe':
      case 'LoopJoin':
      case 'MergeJoin':
        return buildCollector(builder, node, fills);
      case 'Collected':
        return storeCollector(collectedOf(builder, node, fills));
      case 'Recurse':
        return storeCollector(recursionSink(builder, fills));
      default:
        throw notRun((node as { node: string }).node);
    }
  });
}

const storeCollector = (sink: StoreSink): Collector => ({
  sink: sinkOf('store', sink),
  room: NO_GROUPS,
  part: sink.part,
  begin: begunStore(sink.part),
});

const sinkOf = (kind: Sink['kind'], sink: { emit(emitter: Emitter): void }): Sink => ({
  kind,
  emit: (emitter) => sink.emit(emitter),
});

const begunGroups = (part: number) => (c: State) => (c.parts[part] as Groups).begin();
const begunStore = (part: number) => (c: State) => (c.parts[part] as RowStore).begin();
const begunSorter = (part: number) => (c: State) =>
  (c.parts[part] as Sorter | RowSorter).start(Number.POSITIVE_INFINITY, 0, false);

function makeStage(builder: Builder, stage: Stage, sink: Sink, room: GroupRoom): MadeStage {
  const made = openStage(builder, stage, sink, room);
  const { source } = stage;
  return 'gate' in source && source.gate !== undefined ? gatedStage(builder, made, source.gate) : made;
}

function openStage(builder: Builder, stage: Stage, sink: Sink, room: GroupRoom): MadeStage {
  const { source } = stage;
  switch (source.node) {
    case 'PageScan':
      return scanSource(builder, stage, source, sink, room);
    case 'IndexPoint':
      return pointSource(builder, stage, source, sink, room);
    case 'IndexRange':
      return rangeSource(builder, stage, source, sink, room);
    case 'IndexPoints':
      return pointsSource(builder, stage, source, sink, room);
    case 'RowIdFetch':
      return rowIdSource(builder, stage, source, sink, room);
    case 'CatalogScan':
      return catalogSource(builder, stage, source, sink, room);
    case 'ValuesScan':
      return valuesSource(builder, stage, source, sink, room);
    case 'HashAggregate': {
      const from = aggregateOf(builder, source);
      const { drain, limits, part } = drainOf(builder, stage, { kind: 'groups', columns: from.readers('g') }, sink);
      return { stage: groupsStage(part, from.part, drain, room, sink.kind === 'rows'), limits };
    }
    case 'Sort':
    case 'TopN': {
      const from = orderOf(builder, source);
      if (from instanceof KeySortSink) return sortedSource(builder, stage, from, sink, room);
      if (from.finished !== null) {
        const part = builder.part(() => ({ list: [], at: 0 }));
        return { stage: sortedStage(part, from.part, finishedRows(source.keys.length), room, true), limits: [] };
      }
      const { drain, limits, part } = drainOf(builder, stage, { kind: 'list', columns: from.readers('w') }, sink);
      return { stage: sortedStage(part, from.part, drain, room, sink.kind === 'rows'), limits };
    }
    case 'Tail':
      return tailSource(builder, stage, source, sink, room);
    case 'WindowFrames':
      return windowSource(builder, stage, windowOf(builder, source), sink, room);
    case 'FunctionScan':
      return functionSource(builder, stage, source, sink, room);
    case 'SpoolScan':
      return spoolSource(builder, stage, source, sink, room);
    case 'WorkScan':
      return workSource(builder, stage, source, sink, room);
    case 'Recurse':
      return recursionSource(builder, stage, source, sink, room);
    case 'Collected': {
      const from = collectedOf(builder, source);
      const view = from.view();
      const columns = view.readers('g', true);
      const { drain, limits } = compileDrain(builder, stage, { kind: 'groups', columns }, sink, new Set(), false);
      const place = builder.part(storedPlace);
      return { stage: storedStage(place, from.part, view.part, drain, room, sink.kind === 'rows'), limits };
    }
    default:
      throw notRun((source as { node: string }).node);
  }
}

/** The code of rows that were collected, and the part that says how far they have been read. */
function drainOf(builder: Builder, stage: Stage, shape: RowShape, sink: Sink): DrainCode & { part: number } {
  const code = compileDrain(builder, stage, shape, sink, new Set(), false);
  return { ...code, part: builder.part(() => ({ list: [], at: 0 })) };
}

/** How many rows of the order are kept: function(c). */
function compileTop(builder: Builder, node: Sort | TopN, part: number): (c: State) => void {
  if (node.node === 'Sort') return begunSorter(part);
  const emitter = builder.emitter();
  const { use } = emitter.unit;
  const limit = `${use('limitOf')}(${boxedCode(emitValue(emitter, node.limit), use)})`;
  const offset = node.offset === null ? '0' : `${use('offsetOf')}(${boxedCode(emitValue(emitter, node.offset), use)})`;
  // Nobody asks for a row: nothing is evaluated.
  emitter.emit(`const l=${limit};c.parts[${part}].start(l,${offset},${node.ties === true});if(l===0)c.finished=true;`);
  return emitter.unit.compile('top', 'c', `${emitter.prologueText()}${emitter.lines.join('')}`);
}
