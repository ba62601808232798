/**
 * Programs and their executions: stages one after the other over one state. The state of the last execution that was closed serves
 * the next, so a point query makes nothing but its row.
 */

import {
  type Direct,
  type Execution,
  type Program,
  type Run,
  RUN_DONE,
  RUN_FULL,
  RUN_PAUSED,
  RUN_REPLAN,
  RUN_WAIT,
  type RunStatus,
  type StepStatus,
} from '../../engine/plan/program.ts';
import type { OutputColumn } from '../../engine/sblr/bound.ts';
import { TABLE_ACCESS, useTable } from '../../engine/txn/table-locks.ts';
import type { ChangePart } from './change-part.ts';
import { closeParts } from './close-parts.ts';
import { DirectRun } from './direct.ts';
import { type Few, unlessMoved } from './few.ts';
import { giveHeldBytes, SurplusBytes } from './held-bytes.ts';
import { placedAt, type ProgramParts, stateOf } from './program-parts.ts';
import { runStages, type StagePlace } from './stage-list.ts';
import { STAGE_DONE, STAGE_FULL, STAGE_PAUSED, STAGE_REPLAN } from './stage-run.ts';
import type { State } from './state.ts';

class Running implements Execution {
  readonly #parts: ProgramParts;
  readonly #state: State;
  readonly #program: GeneratedProgram;
  readonly #place: StagePlace = { at: -1 };
  #held = 0;
  /** Rows of a join beyond those that the caller has room for. */
  #surplus: unknown[] = [];
  readonly #surplusBytes: SurplusBytes | null;
  #isOpen = false;
  #waits = false;

  constructor(parts: ProgramParts, program: GeneratedProgram) {
    this.#parts = parts;
    this.#program = program;
    this.#state = stateOf(parts);
    this.#surplusBytes = parts.isBytes ? new SurplusBytes() : null;
  }

  isOf(parts: ProgramParts): boolean {
    return this.#parts === parts;
  }

  begin(run: Run): void {
    const state = this.#state;
    state.open();
    state.bind(run);
    this.#place.at = -1;
    this.#held = 0;
    if (this.#surplus.length > 0) this.#surplus = [];
    this.#isOpen = true;
    this.#surplusBytes?.clear();
    clearHeld(state);
    if (this.#parts.change >= 0) (state.parts[this.#parts.change] as ChangePart).begin();
    this.#waits = this.#useTables(state);
  }

  step(): StepStatus {
    const state = this.#state;
    state.max = state.run.rowsMax;
    // Whoever took the last batch has begun another list.
    state.rows = state.run.rows;
    state.output = state.run.output ?? state.output;
    // What changes rows runs to its end before any of its own leaves.
    state.mark = this.#parts.writes ? Number.POSITIVE_INFINITY : state.output.mark;
    // Of a run that has paused they are some already.
    state.written = state.run.written ?? 0;
    state.full = false;
    try {
      const status = this.#run(state);
      state.run.written = state.written;
      return status;
    } catch (error) {
      // Rows before the one that has failed: who gave them wants to know which it was.
      state.run.changes = state.changes;
      throw placedAt(this.#parts, this.#state.at, error);
    }
  }

  #run(c: State): StepStatus {
    if (this.#place.at < 0 && this.#waits) return RUN_WAIT;
    if (this.#surplus.length > 0 && this.#giveSurplus(c)) return RUN_FULL;
    const surplus = this.#surplusBytes;
    if (surplus !== null && !surplus.isEmpty && surplus.give(c)) return RUN_FULL;
    const status = runStages(c, this.#parts.stages, this.#place);
    if (c.written > c.max && surplus !== null) {
      surplus.take(c);
      return RUN_FULL;
    }
    if (c.rows.length > c.max) {
      this.#surplus = c.rows.splice(c.max);
      return RUN_FULL;
    }
    if (status === STAGE_PAUSED) return RUN_PAUSED;
    if (status === STAGE_REPLAN) return RUN_REPLAN;
    if (status !== STAGE_DONE) return status === STAGE_FULL ? RUN_FULL : (c.stopped as RunStatus);
    c.run.changes = c.changes;
    this.#parts.changed?.by(c.tx, c.changes);
    return c.held.length > 0 ? this.#giveHeld(c) : RUN_DONE;
  }

  /** DDL waits for us from here on, or we for it (TX-T14). */
  #useTables(c: State): boolean {
    for (const table of this.#parts.tables) if (useTable(c.kernel.locks, c.tx, table, TABLE_ACCESS)) return true;
    return false;
  }

  /** True: they fill the caller's room. */
  #giveSurplus({ rows, max }: State): boolean {
    for (const row of this.#surplus.splice(0, max)) rows.push(row);
    return this.#surplus.length > 0 || rows.length >= max;
  }

  /** Rows of a statement that writes or locks go out when nothing can undo it any more (TX-T11). */
  #giveHeld(c: State): RunStatus {
    const { held, rows, max } = c;
    if (this.#parts.isBytes) {
      this.#held = giveHeldBytes(c, this.#held);
      return this.#held < held.length ? RUN_FULL : RUN_DONE;
    }
    while (this.#held < held.length && rows.length < max) rows.push(held[this.#held++]);
    return this.#held < held.length ? RUN_FULL : RUN_DONE;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const state = this.#state;
    state.at = -1;
    closeParts(state.parts);
    clearHeld(state);
    state.shut();
    this.#program.giveBack(this);
  }
}

function clearHeld(state: State): void {
  if (state.held.length === 0) return;
  state.held = [];
  if (state.heldBytes.at > 0) state.holdBytes();
}

/** One function does everything, for one row. What a subplan has found is forgotten with a run's end, of which that way knows nothing. */
const isDirect = ({ stages, distincts, hasSubplans, waits }: ProgramParts): boolean =>
  !waits &&
  !hasSubplans &&
  stages.length === 1 &&
  stages[0].stage.one !== undefined &&
  stages[0].begin === null &&
  distincts === 0;

export class GeneratedProgram implements Program {
  readonly output: readonly OutputColumn[];
  readonly writes: boolean;
  readonly simple: boolean;
  readonly direct: Direct | null;
  readonly cascades: boolean;
  readonly refers: boolean;
  #parts: ProgramParts;
  #spare: Running | null = null;
  readonly #few: Few | null;
  #whole: (() => ProgramParts) | null;

  /** `few`: it is compiled for few rows; `whole` compiles it for any number. */
  constructor(parts: ProgramParts, few: Few | null = null, whole: (() => ProgramParts) | null = null) {
    this.#parts = parts;
    this.#few = few;
    this.#whole = whole;
    this.output = parts.output;
    this.writes = parts.writes;
    this.simple = parts.simple;
    this.direct = isDirect(parts) ? new DirectRun(parts) : null;
    this.cascades = parts.cascades;
    this.refers = parts.refers;
  }

  isCurrent(): boolean {
    return this.#parts.isCurrent();
  }

  start(run: Run): Execution {
    if (this.#whole !== null && this.#few?.isOutgrown === true) this.#outgrow(this.#whole);
    let execution = this.#spare;
    if (execution === null) execution = new Running(this.#parts, this);
    else this.#spare = null;
    execution.begin(run);
    return execution;
  }

  /** From here on with all its code. Runs that have begun go on as they are. */
  #outgrow(whole: () => ProgramParts): void {
    const parts = unlessMoved(whole);
    if (parts === null) {
      this.#few?.stay();
      return;
    }
    this.#parts = parts;
    this.#spare = null;
    this.#whole = null;
  }

  giveBack(execution: Running): void {
    if (execution.isOf(this.#parts)) this.#spare = execution;
  }
}
