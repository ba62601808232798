/**
 * Functions that wait: pg_sleep() and advisory locks. The function throws its wish out of the running code; the statement is taken back,
 * waits as it would for a row, without holding the thread of an event loop, and runs again. What a function has done by then is kept by
 * what it was asked for, so that running again does not do it twice.
 *
 *   run      pg_sleep(1) -> not done yet: FunctionWait -> undo, wait -> noted as done
 *   again    pg_sleep(1) -> done: goes on
 *
 * Statements that call one of them give no rows before their end, like those that write (codegen/jit/statement.ts).
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { doorbellOf, waitDoorbell } from '../../shm/wait.ts';
import type { Session } from '../session/session.ts';
import { ADVISORY_HELD, type AdvisoryWish, letGoAdvisory, letGoAllAdvisory, stopWaiting, takeAdvisory } from '../txn/advisory.ts';
import { waitDeadline, waitForHolder, waitForHolderAsync } from '../txn/conflict.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { LockWish } from '../values/context.ts';

/** Milliseconds between two looks of a sleeper at whether it was cancelled. */
const SLEEP_LOOK_MS = 20;

/** What is waited for: a time by performance.now(), or a lock. */
export type Wish = { readonly until: number } | { readonly lock: AdvisoryWish };

/** Not an error: it leaves running code, and the statement runs again behind the wait. */
export class FunctionWait {
  readonly key: string;
  readonly wish: Wish;

  constructor(key: string, wish: Wish) {
    this.key = key;
    this.wish = wish;
  }
}

/** What the functions of one statement have done so far, by what they were asked for. */
export class FunctionWaits {
  readonly #session: Session;
  /** Results, in the order of the calls. */
  readonly #done = new Map<string, unknown[]>();
  /** Calls of this run. */
  readonly #calls = new Map<string, number>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** A statement begins. */
  begin(): void {
    if (this.#done.size > 0) this.#done.clear();
    if (this.#calls.size > 0) this.#calls.clear();
  }

  /** It runs again. */
  again(): void {
    if (this.#calls.size > 0) this.#calls.clear();
  }

  /** Does something once, however often the statement runs. */
  once<Result>(key: string, body: () => Result): Result {
    const call = this.#calls.get(key) ?? 0;
    this.#calls.set(key, call + 1);
    let results = this.#done.get(key);
    if (results === undefined) {
      results = [];
      this.#done.set(key, results);
    }
    if (call === results.length) results.push(body());
    return results[call] as Result;
  }

  sleep(seconds: number): void {
    if (!(seconds > 0)) return;
    const key = `sleep ${seconds}`;
    this.once(key, () => {
      throw new FunctionWait(key, { until: performance.now() + seconds * 1000 });
    });
  }

  /** Takes a lock; `waits`: or waits for it. False: somebody has it. */
  lock(asked: LockWish, waits: boolean): boolean {
    const { txns, slot, processId } = this.#session;
    const wish = this.#here(asked);
    const key = `${waits ? 'lock' : 'try'} ${JSON.stringify(wish)}`;
    return this.once(key, () => {
      const inTheWay = takeAdvisory(txns, slot, processId, wish, waits);
      if (inTheWay !== ADVISORY_HELD && waits) throw new FunctionWait(key, { lock: wish });
      return inTheWay === ADVISORY_HELD;
    });
  }

  letGo(asked: LockWish): boolean {
    const { txns, slot } = this.#session;
    const wish = this.#here(asked);
    return this.once(`let go ${JSON.stringify(wish)}`, () => letGoAdvisory(txns, slot, wish, wish.shared));
  }

  #here(wish: LockWish): AdvisoryWish {
    return { ...wish, database: this.#session.databaseId };
  }

  letGoAll(): void {
    const { txns, slot } = this.#session;
    this.once('let go all', () => letGoAllAdvisory(txns, slot));
  }

  /** The wait is over: the call that asked for it has its result. */
  met({ key }: FunctionWait): void {
    const results = this.#done.get(key) ?? [];
    results.push(true);
    this.#done.set(key, results);
  }

  /** Waits on the calling thread. 57014, 55P03, 40P01 */
  wait(wait: FunctionWait, tx: Transaction): void {
    const { wish } = wait;
    if ('until' in wish) this.#sleepUntil(wish.until, tx);
    else this.#lockUntil(wish.lock, tx);
    this.met(wait);
  }

  #sleepUntil(until: number, tx: Transaction): void {
    const { shm } = tx.context;
    for (;;) {
      const rest = this.#restOf(until);
      if (rest <= 0) return;
      waitDoorbell(shm, doorbellOf(shm), Math.max(1, Math.min(rest, SLEEP_LOOK_MS)));
    }
  }

  /** Milliseconds; 57014 */
  #restOf(until: number): number {
    const session = this.#session;
    if (session.isCancelled()) throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
    return until - performance.now();
  }

  #lockUntil(wish: AdvisoryWish, tx: Transaction): void {
    const { txns, slot, processId } = this.#session;
    const deadline = waitDeadline(tx);
    try {
      for (;;) {
        const seen = doorbellOf(txns.shm);
        const holder = takeAdvisory(txns, slot, processId, wish, true);
        if (holder === ADVISORY_HELD) return;
        waitForHolder(tx, holder, seen, deadline);
      }
    } catch (error) {
      stopWaiting(txns, slot, wish);
      throw error;
    }
  }

  /** The same for sessions of an event loop. `inside`: runs something inside the engine. */
  async waitAsync(wait: FunctionWait, tx: Transaction, inside: <Result>(body: () => Result) => Result): Promise<void> {
    const { wish } = wait;
    if ('until' in wish) {
      for (let rest = this.#restOf(wish.until); rest > 0; rest = this.#restOf(wish.until))
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, Math.min(rest, SLEEP_LOOK_MS))));
    } else await this.#lockAsync(wish.lock, tx, inside);
    this.met(wait);
  }

  async #lockAsync(wish: AdvisoryWish, tx: Transaction, inside: <Result>(body: () => Result) => Result): Promise<void> {
    const { txns, slot, processId } = this.#session;
    const deadline = waitDeadline(tx);
    try {
      for (;;) {
        const holder = inside(() => takeAdvisory(txns, slot, processId, wish, true));
        if (holder === ADVISORY_HELD) return;
        await inside(() => waitForHolderAsync(tx, holder, deadline));
      }
    } catch (error) {
      inside(() => stopWaiting(txns, slot, wish));
      throw error;
    }
  }
}
