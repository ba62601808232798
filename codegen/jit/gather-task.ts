/**
 * What a leader and its helpers share of a stage that is spread (README.md, 'Many threads').
 *
 *   message   the task: plan, stage, parameters, snapshot, what joins look up; once, to all threads of the pool
 *   words     the rest, in shared memory: who takes part, which morsel comes next, whether to stop
 *   answer    what a helper has made of its morsels: groups, rows; or the error that it met
 *
 * Words
 *   STATE    number of helpers that have joined; CLOSED: none may any more
 *   NEXT     the next morsel: who adds 1 has it
 *   STOP     no morsel is begun any more, and what was made of them is of no use
 *   LEFT     helpers that have given their answer; the leader sleeps on it
 *   then for each helper: thread + 1, generation
 */

import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import type { RowFormat } from '../../engine/plan/program.ts';
import { SqlError } from '../../shm/errors.ts';

const STATE = 0;
const NEXT = 1;
const STOP = 2;
export const LEFT = 3;
const HELPERS = 4;

const CLOSED = 1 << 16;

/** Pages of a morsel at most: some hundred microseconds of work. Fewer where a thread would have few morsels. */
const MORSEL_PAGES = 32;
const MORSELS_A_THREAD = 16;

export const morselPages = (pages: number, threads: number): number =>
  Math.max(1, Math.min(MORSEL_PAGES, Math.floor(pages / (threads * MORSELS_A_THREAD))));

/** What is compiled: the same in every thread. `bytes`: a GatherPlan, by v8.serialize(). */
export interface GatherProgram {
  readonly key: string;
  readonly bytes: SharedArrayBuffer;
}

export interface GatherPlan {
  readonly plan: PhysicalStatement;
  readonly format: RowFormat;
  readonly tables: readonly CatalogTable[];
}

/** Values of a StatementContext that do not change while a statement runs. */
export interface GatherContext {
  readonly statementTime: number;
  readonly transactionTime: number;
  readonly timeZone: string;
  readonly user: string;
  readonly sessionUser: string;
  readonly database: string;
  readonly schema: string;
  readonly searchPath: readonly string[];
}

export interface GatherTask {
  readonly kind: 'gather';
  readonly id: number;
  readonly leader: number;
  readonly words: Int32Array;
  readonly program: GatherProgram;
  /** Number of the stage among those of the program that are spread. */
  readonly stage: number;
  readonly pages: number;
  /** Pages of a morsel, or rows (row-share.ts). */
  readonly size: number;
  /** Morsels at most. */
  readonly morsels: number;
  readonly helpersMax: number;
  readonly parameters: { readonly nulls: Uint8Array; readonly numbers: Float64Array; readonly values: readonly unknown[] };
  readonly context: GatherContext;
  readonly times: Float64Array;
  /** What the stage's joins look up, by part. */
  readonly builds: readonly { readonly part: number; readonly build: unknown }[];
  /** Bytes that a helper may take. */
  readonly workMemory: number;
  /** Rows are counted: so many counters. */
  readonly counters: number;
}

export interface GatherError {
  readonly code: string;
  readonly message: string;
  readonly position: number | undefined;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
}

export interface GatherAnswer {
  readonly id: number;
  /** Of the helper among those that joined. */
  readonly number: number;
  /** 'cannot': the leader is to do the stage alone. */
  readonly kind: 'done' | 'failed' | 'cannot';
  readonly error: GatherError | null;
  /** Morsels in the order in which it took them, each with how far it had filled what it fills: pairs. */
  readonly marks: Int32Array;
  readonly fill: unknown;
  readonly dependency: number;
  readonly counts: Float64Array | null;
}

/** How far one thread has come with its morsels. */
export interface Progress {
  /** The morsel at hand, -1: none. */
  morsel: number;
  /** (morsel, how far it has filled). */
  readonly marks: number[];
}

export const gatherWords = (helpersMax: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer((HELPERS + 2 * helpersMax) * 4));

/** The next morsel; -1: none is left, or none is to be begun. */
export function nextMorsel(words: Int32Array, morsels: number): number {
  if (Atomics.load(words, STOP) !== 0) return -1;
  const morsel = Atomics.add(words, NEXT, 1);
  return morsel < morsels ? morsel : -1;
}

export const isTaken = (words: Int32Array, morsels: number): boolean => Atomics.load(words, NEXT) >= morsels;

/** A helper joins; its number, -1: it is too late, or there are enough. */
export function joinGather(words: Int32Array, helpersMax: number, thread: number, generation: number): number {
  for (;;) {
    const state = Atomics.load(words, STATE);
    if (state >= helpersMax) return -1;
    if (Atomics.compareExchange(words, STATE, state, state + 1) !== state) continue;
    Atomics.store(words, HELPERS + 2 * state + 1, generation);
    Atomics.store(words, HELPERS + 2 * state, thread + 1);
    return state;
  }
}

/** A helper's answer is on its way. */
export function leaveGather(words: Int32Array): void {
  Atomics.add(words, LEFT, 1);
  Atomics.notify(words, LEFT);
}

/** Nobody joins any more; how many have. */
export const closeGather = (words: Int32Array): number => Atomics.or(words, STATE, CLOSED) & (CLOSED - 1);

export const joined = (words: Int32Array): number => Atomics.load(words, STATE) & (CLOSED - 1);

export const stopGather = (words: Int32Array): void => void Atomics.store(words, STOP, 1);
export const isStopped = (words: Int32Array): boolean => Atomics.load(words, STOP) !== 0;

/** Thread (-1: it has not said yet) and generation of a helper. */
export const helperThread = (words: Int32Array, number: number): number => Atomics.load(words, HELPERS + 2 * number) - 1;
export const helperGeneration = (words: Int32Array, number: number): number => Atomics.load(words, HELPERS + 2 * number + 1);

export const errorParts = ({ code, message, position, hint, detail }: SqlError): GatherError => ({
  code,
  message,
  position,
  hint,
  detail,
});

export const errorOf = ({ code, message, ...rest }: GatherError): SqlError =>
  new SqlError(code as SqlError['code'], message, rest);
