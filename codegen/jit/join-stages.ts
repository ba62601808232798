/** Stages of joins: what collects their build side, and what comes of it when the rows of the other side are at their end. */

import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { BoundExpression, ColumnId } from '../../engine/sblr/bound.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { Builder } from './builder.ts';
import type { Collector } from './collector.ts';
import { type ColumnReader, eachColumn, nullValue, operandsOf } from './emitter.ts';
import { buildOf, type JoinBuild } from './join-build.ts';
import { type GatherFill, type Part, runsOf } from './gather-fill.ts';
import type { JoinStore, RowsImage } from './join-store.ts';
import { HAS_REST, type PieceJoin } from './join-pieces.ts';
import { lazily, storeRoom, type TailCode, tailPlace, tailStage } from './join-tail.ts';
import { columnsOf, eachNode, expressionsOf } from './needed.ts';
import type { MadeStage } from './sources.ts';
import { compileDrain, type DrainCode, type RowShape, type Sink } from './stage-code.ts';
import type { GroupRoom } from './stage-run.ts';
import type { Collecting, Fill, Stage, Step, Tail } from './stages.ts';
import type { State } from './state.ts';

export function buildCollector(builder: Builder, node: Collecting, { needed, lacks }: Fill): Collector {
  const build = buildOf(builder, node);
  const sink: Sink = { kind: 'build', emit: (emitter) => build.emit(emitter, needed, lacks) };
  const { part } = build.store;
  return {
    sink,
    room: storeRoom(part),
    part,
    begin: begunStore(part),
    end: finishedStore(part),
    gathered: new MergedBuild(part),
  };
}

/** The rows of several threads, in the order in which one would have collected them. */
class MergedBuild implements GatherFill {
  readonly #part: number;

  constructor(part: number) {
    this.#part = part;
  }

  #of(c: State): JoinStore {
    return c.parts[this.#part] as JoinStore;
  }

  count(c: State): number {
    return this.#of(c).count;
  }

  isFull(c: State): boolean {
    return this.#of(c).isSpilled;
  }

  image(c: State): unknown {
    return this.#of(c).rowsImage();
  }

  merge(c: State, parts: readonly Part[]): boolean {
    return this.#of(c).merge(
      parts.map(({ image }) => image as RowsImage | null),
      runsOf(parts, 0),
    );
  }
}

const begunStore = (part: number) => (c: State) => (c.parts[part] as JoinStore).begin();
const finishedStore = (part: number) => (c: State) => (c.parts[part] as JoinStore).finish();

/**
 * Subplans and steps of recursions run again and again: a build side that reads nothing of what changes from run to run is collected
 * once. Null: the stage serves none.
 */
export function keptBuilds(builder: Builder, { builds }: Stage): ((c: State) => boolean) | null {
  const parts = builds.filter(({ build }) => !changes(builder, build)).map((node) => buildOf(builder, node).store.part);
  return parts.length === 0 ? null : (c) => parts.some((part) => (c.parts[part] as JoinStore).keep());
}

/** Reads columns of the plan around it, or the rows that a recursion gave last. */
function changes(builder: Builder, root: PhysicalNode): boolean {
  let found = false;
  eachNode(root, (node) => {
    found ||= node.node === 'WorkScan' || (node.node === 'ApplyMemo' && changes(builder, builder.subplans[node.plan].root));
    for (const expression of expressionsOf(node)) {
      eachColumn(expression, (column) => {
        found ||= builder.outer.has(column);
      });
      for (const plan of subplansOf(expression)) found ||= changes(builder, builder.subplans[plan].root);
    }
  });
  return found;
}

const subplansOf = (expression: BoundExpression): number[] => [
  ...(expression.op === 'subplan' ? [expression.plan] : []),
  ...operandsOf(expression).flatMap(subplansOf),
];

/** What a join has left over: rows of the build side that found no match, and everything that went to a file. */
export function tailSource(builder: Builder, stage: Stage, { join, needed }: Tail, sink: Sink, room: GroupRoom): MadeStage {
  const build = buildOf(builder, join);
  build.left = needed;
  const isOuter = join.kind === 'right' || join.kind === 'full';
  const code = isOuter ? unmatchedCode(builder, stage, build, sink) : null;
  const drainBy = (step: Step) =>
    lazily(builder, () => {
      const shape: RowShape = { kind: 'groups', columns: build.parked.readers('g', true) };
      return compileDrain(builder, { ...stage, steps: [step, ...stage.steps] }, shape, sink, new Set(), false).drain;
    });
  const tail: TailCode = {
    probes: drainBy(join),
    pieces: drainBy(pieceOf(join, 'matches')),
    rest: HAS_REST.has(join.kind) ? drainBy(pieceOf(join, 'rest')) : null,
  };
  const part = builder.part(tailPlace);
  const running = tailStage(part, build.store.part, tail, code?.drain ?? null, room, sink.kind === 'rows');
  return { stage: running, limits: code?.limits ?? [] };
}

/** A merge has no rows that wait. */
const pieceOf = (join: Collecting, pass: PieceJoin['pass']): Step =>
  join.node === 'MergeJoin' ? join : { node: 'PieceJoin', join, pass };

function unmatchedCode(builder: Builder, stage: Stage, build: JoinBuild, sink: Sink): DrainCode {
  const shape: RowShape = {
    kind: 'groups',
    columns: beside(builder, build.node, build.readers('g', true)),
    choose: (emitter) => {
      const store = build.store.name(emitter);
      emitter.emit(`if(${emitter.hoist(`${store}_matched`, `${store}.matched`)}[g]!==0)break r;`);
    },
  };
  return compileDrain(builder, stage, shape, sink, new Set(), false);
}

/** These columns, and NULL for those of the other side. */
function beside(
  builder: Builder,
  { input }: Collecting,
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
