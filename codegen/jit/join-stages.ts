/** Stages of joins: what collects their build side, and what comes of it when the rows of the other side are at their end. */

import type { HashProbe, LoopJoin, MergeJoin } from '../../engine/plan/physical.ts';
import type { ColumnId } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { Builder } from './builder.ts';
import type { Collector } from './collector.ts';
import { type ColumnReader, nullValue } from './emitter.ts';
import { buildOf } from './join-build.ts';
import type { JoinStore } from './join-store.ts';
import { columnsOf } from './needed.ts';
import type { MadeStage } from './sources.ts';
import { compileDrain, type RowShape, type Sink } from './stage-code.ts';
import { type GroupRoom, NO_GROUPS, STAGE_DONE, storeStage } from './stage-run.ts';
import type { Fill, Stage } from './stages.ts';
import type { State } from './state.ts';

export function buildCollector(builder: Builder, node: HashProbe | LoopJoin | MergeJoin, { needed, lacks }: Fill): Collector {
  const build = buildOf(builder, node);
  const sink: Sink = { kind: 'store', emit: (emitter) => build.emit(emitter, needed, lacks) };
  const { part } = build.store;
  return { sink, room: NO_GROUPS, begin: begunStore(part), end: finishedStore(part) };
}

const begunStore = (part: number) => (c: State) => (c.parts[part] as JoinStore).begin();
const finishedStore = (part: number) => (c: State) => (c.parts[part] as JoinStore).finish();

const NOTHING: MadeStage = { stage: { begin: () => {}, run: () => STAGE_DONE }, limits: [] };

/** Rows of the build side that found no match. */
export function tailSource(builder: Builder, stage: Stage, join: HashProbe | LoopJoin, sink: Sink, room: GroupRoom): MadeStage {
  if (join.kind !== 'right' && join.kind !== 'full') return NOTHING;
  const build = buildOf(builder, join);
  const shape: RowShape = {
    kind: 'groups',
    columns: beside(builder, join, build.readers('g', true)),
    choose: (emitter) => {
      const store = build.store.name(emitter);
      emitter.emit(`if(${emitter.hoist(`${store}_matched`, `${store}.matched`)}[g]!==0)break r;`);
    },
  };
  const { drain, limits } = compileDrain(builder, stage, shape, sink, new Set(), false);
  const part = builder.part(() => ({ at: 0 }));
  return { stage: storeStage(part, build.store.part, drain, room, sink.kind === 'rows'), limits };
}

/** These columns, and NULL for those of the other side. */
function beside(
  builder: Builder,
  { input }: HashProbe | LoopJoin,
  columns: ReadonlyMap<ColumnId, ColumnReader>,
): Map<ColumnId, ColumnReader> {
  const all = new Map<ColumnId, ColumnReader>();
  for (const column of columnsOf(input, builder.subplans)) {
    const type = builder.types.get(column) ?? sqlType('int8');
    all.set(column, () => nullValue(type));
  }
  for (const [column, reader] of columns) all.set(column, reader);
  return all;
}
