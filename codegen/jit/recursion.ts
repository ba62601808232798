/**
 * WITH RECURSIVE as a source of rows: those of the base, then those of each run of the step, which reads the rows that came last.
 *
 *   base stages -> next    next <-> work    work -> the stage    step stages (read work) -> next    next <-> work    ...
 *
 * Rows are given on before the step runs again, so a limit behind ends a recursion that would not end. Without ALL one table of the
 * rows that were there stands before the store, for base and step together.
 */

import type { HashDistinct, Recurse, WorkScan } from '../../engine/plan/physical.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Builder } from './builder.ts';
import { StoreSink } from './collected.ts';
import { distinctPart } from './distinct.ts';
import type { Groups } from './groups.ts';
import { HeldPart } from './held-part.ts';
import { makeStages } from './make-stages.ts';
import type { Rename } from './set-operations.ts';
import type { MadeStage } from './sources.ts';
import { NO_SINK, storedSource } from './spools.ts';
import { compileDrain, type Sink } from './stage-code.ts';
import { type ProgramStage, runStages, type StagePlace } from './stage-list.ts';
import { type GroupRoom, type RunningStage, STAGE_DONE } from './stage-run.ts';
import { type Fill, sideStages, type Stage } from './stages.ts';
import type { State } from './state.ts';
import type { StoreCode } from './store-code.ts';
import { type StoredRows, storedPlace, storedStage, viewOf } from './stored-rows.ts';

class RecursionPart extends HeldPart {
  readonly place: StagePlace = { at: -1 };
  /** What runs: the base, the step, or the rows that came last are given on. */
  phase: 'base' | 'step' | 'rows' = 'base';

  close(): void {
    this.place.at = -1;
    this.phase = 'base';
  }
}

interface MadeRecursion {
  /** Where base and step put their rows, and where the last ones are read. */
  readonly next: StoreSink;
  readonly work: StoreCode;
  readonly base: readonly ProgramStage[];
  readonly step: readonly ProgramStage[];
  readonly part: number;
  /** Part of the rows that were there; -1: UNION ALL. */
  readonly seen: number;
}

const nextOf = (builder: Builder, node: Recurse): StoreSink =>
  builder.own(node.columns, () => {
    const columns = node.columns.map(({ column }) => column);
    return new StoreSink(builder, columns, false);
  });

/** What the sides of a recursion fill. */
export const recursionSink = (builder: Builder, { node }: Fill): StoreSink => nextOf(builder, node as Recurse);

const renameOf = (node: Recurse, side: 'base' | 'step'): Rename => ({
  node: 'Rename',
  columns: node.columns.map((given) => ({ column: given.column, source: given[side], type: { ...given.type, nullable: true } })),
});

function madeRecursion(builder: Builder, node: Recurse): MadeRecursion {
  return builder.own(node, () => {
    const next = nextOf(builder, node);
    const work = next.code.twin();
    builder.works.set(node.work, work);
    const columns = node.columns.map(({ column }) => column);
    const distinct: HashDistinct = { node: 'HashDistinct', input: node, columns, estimate: node.estimate };
    const behind = node.all ? [] : [distinct];
    const base = makeStages(builder, sideStages(node, 'base', [renameOf(node, 'base'), ...behind], builder.subplans), NO_SINK);
    const seen = node.all ? -1 : distinctPart(builder, distinct);
    // Rows that were there stay known from step to step.
    const begun = seen < 0 ? [] : [{ begins: seen }];
    const step = makeStages(
      builder,
      sideStages(node, 'step', [renameOf(node, 'step'), ...behind], builder.subplans),
      NO_SINK,
      begun,
    );
    return { next, work, base, step, part: builder.part(() => new RecursionPart()), seen };
  });
}

export function recursionSource(builder: Builder, stage: Stage, node: Recurse, sink: Sink, room: GroupRoom): MadeStage {
  const made = madeRecursion(builder, node);
  const view = made.work.twin(viewOf);
  const columns = view.readers('g', true);
  const { drain, limits } = compileDrain(builder, stage, { kind: 'groups', columns }, sink, new Set(), false);
  const part = builder.part(storedPlace);
  const rows = storedStage(part, made.work.part, view.part, drain, room, sink.kind === 'rows');
  return { stage: recursionStage(made.part, made.base, made.step, made.next.part, made.work.part, made.seen, rows), limits };
}

function recursionStage(
  part: number,
  base: readonly ProgramStage[],
  step: readonly ProgramStage[],
  next: number,
  work: number,
  seen: number,
  rows: RunningStage,
): RunningStage {
  /** What came becomes what came last; false: nothing did. */
  const turn = (c: State): boolean => {
    const came = c.parts[next] as StoredRows;
    c.parts[next] = c.parts[work];
    c.parts[work] = came;
    (c.parts[next] as StoredRows).begin();
    return came.total > 0;
  };
  return {
    begin: (c) => {
      (c.parts[part] as RecursionPart).close();
      if (seen >= 0) (c.parts[seen] as Groups).begin();
    },
    run: (c) => {
      const place = c.parts[part] as RecursionPart;
      for (;;) {
        if (place.phase === 'rows') {
          const status = rows.run(c);
          if (status !== STAGE_DONE || c.finished) return status;
          place.phase = 'step';
          place.place.at = -1;
          continue;
        }
        const status = runStages(c, place.phase === 'base' ? base : step, place.place);
        if (status !== STAGE_DONE) return status;
        c.finished = false;
        if (!turn(c)) return STAGE_DONE;
        rows.begin(c);
        place.phase = 'rows';
      }
    },
  };
}

export function workSource(builder: Builder, stage: Stage, node: WorkScan, sink: Sink, room: GroupRoom): MadeStage {
  const work = builder.works.get(node.work);
  if (work === undefined) throw new SqlError(SQLSTATE.internal_error, 'a recursion is read outside of its step');
  return storedSource(builder, stage, node, work, sink, room);
}
