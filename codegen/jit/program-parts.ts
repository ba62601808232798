/** What a compiled statement consists of, and what its runs have in common: their state, and where in the text an error belongs. */

import type { KernelAccess } from '../../engine/plan/program.ts';
import type { Transaction } from '../../engine/txn/transactions.ts';
import type { OutputColumn } from '../../engine/sblr/bound.ts';
import { SqlError } from '../../shm/errors.ts';
import type { ProgramStage } from './stage-list.ts';
import type { GatherStage } from './gather-stage.ts';
import { State } from './state.ts';

export interface ProgramParts {
  readonly kernel: KernelAccess;
  readonly output: readonly OutputColumn[];
  readonly writes: boolean;
  /** A function in it waits. */
  readonly waits: boolean;
  /** Rows are written as bytes. */
  readonly isBytes: boolean;
  readonly simple: boolean;
  /** Kernel ids of its tables. */
  readonly tables: readonly number[];
  /** Its tables still have the form that it was compiled for. */
  readonly isCurrent: () => boolean;
  readonly stages: readonly ProgramStage[];
  /** Those of all stages that are spread, by number. */
  readonly gathers: readonly GatherStage[];
  readonly makes: readonly ((state: State) => unknown)[];
  readonly counters: number;
  readonly distincts: number;
  readonly hasSubplans: boolean;
  readonly cascades: boolean;
  readonly refers: boolean;
  /** What its changes are told to. */
  readonly changed: Changed | null;
  /** Part of the change, -1: none. */
  readonly change: number;
  /** Images wait for their page to be let go. */
  readonly copies: boolean;
  /** Token ordinals by site. */
  readonly sites: readonly number[];
}

/** How many rows a statement has changed, for the statistics of its table: not told of each. */
export class Changed {
  readonly #kernel: KernelAccess;
  readonly #table: number;
  #rows = 0;

  constructor(kernel: KernelAccess, table: number) {
    this.#kernel = kernel;
    this.#table = table;
  }

  by(tx: Transaction, rows: number): void {
    this.#rows += rows;
    if (this.#rows < TOLD_EVERY) return;
    this.#kernel.changed?.(tx, this.#table, this.#rows);
    this.#rows = 0;
  }
}

const TOLD_EVERY = 16;

/** A state with the program's parts. */
export function stateOf(parts: ProgramParts): State {
  const state = new State(parts.kernel, parts.copies);
  state.counters = new Float64Array(parts.counters);
  if (parts.isBytes && parts.writes) state.holdBytes();
  for (const make of parts.makes) state.parts.push(make(state));
  return state;
}

/** What a value did wrong has a place in the text: that of the call, by the number of its site. */
export function placedAt({ sites }: ProgramParts, site: number, error: unknown): unknown {
  if (!(error instanceof SqlError) || error.position !== undefined || site < 0 || !/^22|^2BP/.test(error.code)) return error;
  const { code, message, hint, detail } = error;
  const placed = new SqlError(code, message, { position: sites[site], hint, detail, cause: error.cause });
  if (error.stack !== undefined) placed.stack = error.stack;
  return placed;
}
