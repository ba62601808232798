/**
 * Subplans as they run (SBLR-E6): a plan inside a statement, with a state of its own, run by the values that it reads of the block
 * around it. Answers are kept by these values; without any it runs once, when it is first asked. It runs to its end in one call.
 *
 *   scalar   the value of its row, null without one; 21000 with two        any    1, 0, or null
 *   exists   1 or 0                                                        rows   all of them, behind a first one of NULLs
 */

import { closeParts } from './close-parts.ts';
import { HeldPart } from './held-part.ts';
import { refuseSecondRow } from './helpers.ts';
import { runStages, type ProgramStage, type StagePlace } from './stage-list.ts';
import { STAGE_STOPPED } from './stage-run.ts';
import { State } from './state.ts';

export type SubplanKind = 'scalar' | 'exists' | 'any' | 'rows';

/** What a program keeps of it. */
export interface SubplanParts {
  readonly stages: readonly ProgramStage[];
  readonly makes: readonly ((state: State) => unknown)[];
  readonly counters: number;
  readonly copies: boolean;
  readonly kind: SubplanKind;
  /** Columns of a row; columns that it reads of the block around it. */
  readonly width: number;
  readonly outer: number;
  readonly memo: boolean;
}

/** Answers that are kept, and rows in them. */
const ANSWERS_MAX = 16384;
const ROWS_KEPT_MAX = 65536;
/** After so many answers it is looked whether any was asked for again. */
const ANSWERS_TRIED = 2048;

type Answer = number | unknown[] | unknown;

export class SubplanPart extends HeldPart {
  readonly #parts: () => SubplanParts;
  readonly #outside: State;
  #inside: State | null = null;
  /** Of the run that it is in; null: none yet. */
  #run: unknown = null;
  readonly #place: StagePlace = { at: -1 };
  readonly #answers = new Map<unknown, Answer>();
  #kept = 0;
  #hits = 0;
  #keeps = true;
  /** Without outer values: whether the answer is there. */
  #isKnown = false;
  #known: Answer = null;
  /** Filled by generated code: values of the outer columns. */
  readonly outer: unknown[] = [];

  /** `parts` is complete once the program is. */
  constructor(outside: State, parts: () => SubplanParts) {
    super();
    this.#outside = outside;
    this.#parts = parts;
  }

  /** Its state, in the run of the state around it. */
  #open(): State {
    const outside = this.#outside;
    const parts = this.#parts();
    let inside = this.#inside;
    if (inside === null) {
      inside = new State(outside.kernel, parts.copies, outside);
      inside.counters = new Float64Array(parts.counters);
      for (const make of parts.makes) inside.parts.push(make(inside));
      this.#inside = inside;
    }
    if (this.#run === outside.run) return inside;
    this.#run = outside.run;
    this.#keeps = parts.memo;
    inside.open();
    const { tx, parameters, context, canceled, counts } = outside.run;
    const rowsMax = Number.POSITIVE_INFINITY;
    inside.bind({ tx, parameters, context, canceled, counts: counts ?? null, rows: [], rowsMax, changes: 0, pause: null });
    inside.outer = this.outer;
    return inside;
  }

  /** The answer by the values in `outer`, whose canonical key this is. */
  answer(key: unknown): Answer {
    if (this.#run !== this.#outside.run) this.#forget();
    if (!this.#keeps) return this.#ask();
    const known = this.#answers.get(key);
    if (known !== undefined) {
      this.#hits++;
      return known;
    }
    const answer = this.#ask();
    this.#keep(key, answer);
    return answer;
  }

  /** The answer of a plan that reads nothing of the block around it. */
  once(): Answer {
    if (this.#run !== this.#outside.run) this.#forget();
    if (!this.#isKnown) {
      this.#known = this.#ask();
      this.#isKnown = true;
    }
    return this.#known;
  }

  #forget(): void {
    this.#answers.clear();
    this.#kept = 0;
    this.#hits = 0;
    this.#keeps = this.#parts().memo;
    this.#isKnown = false;
    this.#known = null;
  }

  #keep(key: unknown, answer: Answer): void {
    const { kind } = this.#parts();
    this.#kept += kind === 'rows' ? (answer as unknown[]).length : 1;
    if (this.#answers.size >= ANSWERS_MAX || this.#kept > ROWS_KEPT_MAX) {
      this.#answers.clear();
      this.#kept = 0;
    }
    this.#answers.set(key, answer);
    // Hardly ever asked for again: not worth the keeping.
    if (this.#answers.size === ANSWERS_TRIED && this.#hits * 16 < ANSWERS_TRIED) {
      this.#answers.clear();
      this.#keeps = false;
    }
  }

  #ask(): Answer {
    const { kind, stages, width } = this.#parts();
    const inside = this.#open();
    inside.begin();
    const rows: unknown[] = kind === 'rows' ? [new Array(width).fill(null)] : [];
    inside.rows = rows;
    inside.max = kind === 'rows' ? Number.POSITIVE_INFINITY : kind === 'scalar' ? 2 : 1;
    this.#place.at = -1;
    let status: number;
    try {
      status = runStages(inside, stages, this.#place);
    } catch (error) {
      // The place of the call that failed: its number is the statement's.
      if (inside.at >= 0) this.#outside.at = inside.at;
      throw error;
    }
    if (status === STAGE_STOPPED) this.#outside.stopped = inside.stopped;
    switch (kind) {
      case 'rows':
        return rows;
      case 'scalar':
        if (rows.length > 1) refuseSecondRow();
        return rows.length === 0 ? null : rows[0];
      case 'exists':
        return rows.length === 0 ? 0 : 1;
      default:
        return rows.length > 0 ? 1 : inside.unknown ? null : 0;
    }
  }

  close(): void {
    this.#run = null;
    this.#forget();
    const inside = this.#inside;
    if (inside === null) return;
    closeParts(inside.parts);
    inside.shut();
  }
}
