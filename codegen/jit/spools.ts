/**
 * WITH: its rows are collected once an execution, when somebody first reads them, by stages of their own (StageList): they run inside
 * the reading stage, at its beginning.
 */

import type { PhysicalChange, SpoolPlan, SpoolScan, WorkScan } from '../../engine/plan/physical.ts';
import type { Builder } from './builder.ts';
import { StoreSink } from './collected.ts';
import { changeSink, columnsRead } from './change-sink.ts';
import type { ColumnReader, Emitter } from './emitter.ts';
import { HeldPart } from './held-part.ts';
import { makeStages } from './make-stages.ts';
import { outline } from './outlined.ts';
import type { RowStore } from './row-store.ts';
import type { MadeStage } from './sources.ts';
import { compileDrain, type Sink } from './stage-code.ts';
import { type ProgramStage, runStages, type StagePlace } from './stage-list.ts';
import { type GroupRoom, type RunningStage, STAGE_DONE } from './stage-run.ts';
import { behindShared, sharedRows, sharedSpool } from './shared-spool.ts';
import { spoolStages, type Stage, stagesOf } from './stages.ts';
import type { StoreCode } from './store-code.ts';
import { storedPlace, storedStage, viewOf } from './stored-rows.ts';

/** Whether the rows of a spool are there, and how far its stages have come. */
class SpoolPart extends HeldPart {
  readonly place: StagePlace = { at: -1 };
  isThere = false;
  /** Of a change: rows that the statement had changed before. */
  counted = 0;

  close(): void {
    this.place.at = -1;
    this.isThere = false;
  }
}

interface MadeSpool {
  readonly sink: StoreSink;
  readonly stages: readonly ProgramStage[];
  /** Number of its SpoolPart. */
  readonly part: number;
}

/** The sink of a spool: its stages fill it, and scans read it. */
export const spoolSink = (builder: Builder, spool: SpoolPlan): StoreSink =>
  builder.own(spool.columns, () => {
    const columns = spool.columns.map(({ column }) => column);
    return new StoreSink(builder, columns, false);
  });

function madeSpool(builder: Builder, spool: SpoolPlan): MadeSpool {
  return builder.own(spool, () => {
    if (spool.change !== undefined) return madeChange(builder, spool, spool.change).made;
    const sink = spoolSink(builder, spool);
    const stages = makeStages(builder, spoolStages(spool, builder.subplans), NO_SINK);
    return { sink, stages, part: builder.part(() => new SpoolPart()) };
  });
}

interface MadeChange {
  readonly made: MadeSpool;
  /** Number of the part that begins with each run of the change. */
  readonly part: number;
}

/** A change in a WITH: its stages are those of a statement, but that the rows of RETURNING are collected. */
function madeChange(builder: Builder, spool: SpoolPlan, change: PhysicalChange): MadeChange {
  return builder.own(change, () => {
    const read = columnsRead(change);
    for (const column of read) builder.countUse(column);
    for (const { column, type } of change.output) builder.types.set(column, type);
    const sink = spoolSink(builder, spool);
    // A function of its own: it finds the store as other writers have left it.
    const keep = (emitter: Emitter): void => emitter.emit(`${outline(emitter, (inner) => sink.emit(inner))};`);
    const last = changeSink(builder, change, keep);
    const stages = makeStages(builder, stagesOf(change.source, read, builder.subplans), last.sink);
    return { made: { sink, stages, part: builder.part(() => new SpoolPart()) }, part: last.part };
  });
}

/** The stage before all others that runs a change of a WITH. What it changes is not counted as the statement's. */
export function changeStage(builder: Builder, spool: SpoolPlan): ProgramStage {
  const { made, part } = madeChange(builder, spool, spool.change as PhysicalChange);
  return {
    stage: runningChange(made.part, made.sink.part, part, made.stages),
    isTail: false,
    begin: null,
    end: null,
    limits: null,
    isKept: null,
  };
}

/** Made apart, so that the program does not keep the builder. */
function runningChange(spool: number, store: number, change: number, stages: readonly ProgramStage[]): RunningStage {
  return {
    begin: (c) => {
      (c.parts[spool] as SpoolPart).counted = c.changes;
      (c.parts[store] as RowStore).begin();
      if (change >= 0) (c.parts[change] as { begin(): void }).begin();
    },
    run: (c) => {
      const part = c.parts[spool] as SpoolPart;
      const status = runStages(c, stages, part.place);
      if (status !== STAGE_DONE) return status;
      part.isThere = true;
      c.finished = false;
      c.changes = part.counted;
      return STAGE_DONE;
    },
  };
}

/** Of stages that all fill something. */
export const NO_SINK: Sink = {
  kind: 'store',
  emit: () => {
    throw new Error('a stage of a spool or a recursion fills it');
  },
};

export function spoolSource(builder: Builder, stage: Stage, node: SpoolScan, sink: Sink, room: GroupRoom): MadeStage {
  const plan = builder.spools[node.spool];
  if (plan.change !== undefined && builder.around !== null) {
    const { sink: kept } = madeChange(outermost(builder), plan, plan.change).made;
    const code = builder.own(plan, () => kept.code.inside(builder));
    return storedSource(builder, stage, node, code, sink, room);
  }
  if (plan.shared === true) {
    const { sink: kept, part } = sharedSpool(outermost(builder), plan);
    const code = builder.own(plan.columns, () => kept.code.foundBy(builder, sharedRows(part)));
    const made = storedSource(builder, stage, node, code, sink, room);
    return { ...made, stage: behindShared(made.stage, part) };
  }
  const spool = madeSpool(builder, plan);
  const made = storedSource(builder, stage, node, spool.sink.code, sink, room);
  return { ...made, stage: behindStages(made.stage, spool.part, spool.stages) };
}

/** A change is run by the statement, not by its subplans. */
const outermost = (builder: Builder): Builder => (builder.around === null ? builder : outermost(builder.around));

/** First the rows are collected, then they are read. */
const behindStages = (stage: RunningStage, part: number, stages: readonly ProgramStage[]): RunningStage => ({
  begin: (c) => stage.begin(c),
  run: (c) => {
    const spool = c.parts[part] as SpoolPart;
    if (!spool.isThere) {
      const status = runStages(c, stages, spool.place);
      if (status !== STAGE_DONE) return status;
      spool.isThere = true;
      c.finished = false;
    }
    return stage.run(c);
  },
});

/** A stage over the rows of a store, whose columns have other ids here. */
export function storedSource(
  builder: Builder,
  stage: Stage,
  { columns }: SpoolScan | WorkScan,
  code: StoreCode,
  sink: Sink,
  room: GroupRoom,
): MadeStage {
  const view = code.twin(viewOf);
  const given = view.readers('g', true);
  const readers = new Map(columns.map(({ column, source }) => [column, given.get(source) as ColumnReader]));
  const { drain, limits } = compileDrain(builder, stage, { kind: 'groups', columns: readers }, sink, new Set(), false);
  const part = builder.part(storedPlace);
  return { stage: storedStage(part, code.part, view.part, drain, room, sink.kind === 'rows'), limits };
}
