/**
 * Stages one after the other: of a program, of a subplan, of a recursion's step.
 *
 * A stage that goes on with what the one before it fills (isTail) goes on with its limits, too: a limit that was reached there is
 * still reached.
 */

import { type RunningStage, STAGE_DONE, STAGE_REPLAN } from './stage-run.ts';
import type { State } from './state.ts';

export interface ProgramStage {
  readonly stage: RunningStage;
  readonly isTail: boolean;
  /** What it fills begins empty. Null: it fills nothing, or others have begun. */
  readonly begin: ((c: State) => void) | null;
  /** What it fills is complete. Null: it fills nothing, or others go on. */
  readonly end: ((c: State) => void) | null;
  /** Sets the counters of its limits. */
  readonly limits: ((c: State) => void) | null;
  /** What is expected of the rows that it has collected; null: nobody asks. */
  readonly expected?: Expected | null;
  /** What it is for is there from an earlier run, and would be the same. Null: never. */
  readonly isKept: ((c: State) => boolean) | null;
}

/** What a pipeline collects, for who may plan anew. */
export interface Expected {
  readonly identity: string;
  readonly rows: number;
  /** Part that counts them. */
  readonly part: number;
}

/** How far a list of stages has come. */
export interface StagePlace {
  /** Number of the stage that runs; -1: none yet. */
  at: number;
}

/** Runs them until they are at their end (STAGE_DONE), or what else a stage answers. */
export function runStages(c: State, stages: readonly ProgramStage[], place: StagePlace): number {
  if (place.at < 0) openStage(c, stages, place, 0);
  while (place.at < stages.length) {
    if (!c.finished) {
      const status = stages[place.at].stage.run(c);
      if (status !== STAGE_DONE) return status;
    }
    const { end, expected } = stages[place.at];
    if (expected != null && isFarOff(c, expected)) return STAGE_REPLAN;
    if (end !== null) end(c);
    openStage(c, stages, place, place.at + 1);
  }
  return STAGE_DONE;
}

/** The run is to begin again with another plan. */
function isFarOff(c: State, { identity, rows, part }: Expected): boolean {
  const { breaker } = c.run;
  if (breaker == null || c.rows.length > 0 || c.written > 0) return false;
  const seen = c.parts[part] as { readonly count: number; readonly isSpilled?: boolean };
  return seen.isSpilled !== true && breaker(identity, rows, seen.count);
}

function openStage(c: State, stages: readonly ProgramStage[], place: StagePlace, first: number): void {
  let number = first;
  for (; number < stages.length; number++) {
    const { isKept } = stages[number];
    if (isKept === null || !isKept(c)) break;
  }
  place.at = number;
  if (number >= stages.length) return;
  const { stage, limits, begin, isTail } = stages[number];
  if (!isTail) c.finished = false;
  if (begin !== null) begin(c);
  if (limits !== null) limits(c);
  if (!c.finished) stage.begin(c);
}
