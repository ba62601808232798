/**
 * WITH: its rows are collected once an execution, when somebody first reads them, by stages of their own (StageList): they run inside
 * the reading stage, at its beginning.
 */

import type { SpoolPlan, SpoolScan, WorkScan } from '../../engine/plan/physical.ts';
import type { Builder } from './builder.ts';
import { StoreSink } from './collected.ts';
import type { ColumnReader } from './emitter.ts';
import { HeldPart } from './held-part.ts';
import { makeStages } from './make-stages.ts';
import type { MadeStage } from './sources.ts';
import { compileDrain, type Sink } from './stage-code.ts';
import { type ProgramStage, runStages, type StagePlace } from './stage-list.ts';
import { type GroupRoom, type RunningStage, STAGE_DONE, storeStage } from './stage-run.ts';
import { spoolStages, type Stage } from './stages.ts';
import type { StoreCode } from './store-code.ts';

/** Whether the rows of a spool are there, and how far its stages have come. */
class SpoolPart extends HeldPart {
  readonly place: StagePlace = { at: -1 };
  isThere = false;

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
    const sink = spoolSink(builder, spool);
    const stages = makeStages(builder, spoolStages(spool, builder.subplans), NO_SINK);
    return { sink, stages, part: builder.part(() => new SpoolPart()) };
  });
}

/** Of stages that all fill something. */
export const NO_SINK: Sink = {
  kind: 'store',
  emit: () => {
    throw new Error('a stage of a spool or a recursion fills it');
  },
};

export function spoolSource(builder: Builder, stage: Stage, node: SpoolScan, sink: Sink, room: GroupRoom): MadeStage {
  const spool = madeSpool(builder, (builder.spools as readonly SpoolPlan[])[node.spool]);
  const made = storedSource(builder, stage, node, spool.sink.code, sink, room);
  return { ...made, stage: behindStages(made.stage, spool.part, spool.stages) };
}

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
  const given = code.readers('g', true);
  const readers = new Map(columns.map(({ column, source }) => [column, given.get(source) as ColumnReader]));
  const { drain, limits } = compileDrain(builder, stage, { kind: 'groups', columns: readers }, sink, new Set(), false);
  const part = builder.part(() => ({ at: 1 }));
  return { stage: storeStage(part, code.part, drain, room, sink.kind === 'rows'), limits };
}
