/**
 * Real threads that run SQL on a test's database, a step at a time, in the order that the test says:
 *
 *   const call = await one.step('update ...')     comes back when it is answered, or when it waits for another transaction
 *   call.isAnswered, call.code, call.rows; await call.answered
 *
 * Whether a thread waits is read from its session's slot in shared memory, so no test guesses by the clock.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Database } from '../../engine/api/api.ts';
import { sessionAt } from '../../engine/txn/sessions.ts';
import { SESSION_WAITING } from '../../engine/txn/txn.layout.ts';
import { loadSessionState } from '../../engine/txn/txn.layout.gen.ts';
import { fromPlain, type SqlError } from '../../shm/errors.ts';
import type { ThreadAnswer, ThreadData, ThreadRequest } from './sql-thread.ts';

/** A statement that a thread was sent. */
export interface Call {
  isAnswered: boolean;
  /** SQLSTATE of its error; '' while it is not answered, and when it went well. */
  code: string;
  error: unknown;
  value: unknown;
  /** Rows of a text, as objects. */
  readonly rows: Record<string, unknown>[];
  /** Resolves with the call itself when it is answered, well or not. */
  readonly answered: Promise<Call>;
}

/** Longest time a statement of a test may take, on a busy machine. */
const LIMIT_MS = 60_000;

export class SqlThread {
  readonly worker: Worker;
  readonly #database: Database;
  readonly #open = new Map<number, (answer: ThreadAnswer) => void>();
  /** Its session's slot. */
  session = -1;
  #next = 1;

  private constructor(database: Database, worker: Worker) {
    this.#database = database;
    this.worker = worker;
    worker.on('message', (answer: ThreadAnswer) => {
      if (answer.kind !== 'ready') this.#open.get(answer.number)?.(answer);
    });
  }

  /** Starts a thread; it has attached when this resolves. */
  static async start(
    database: Database,
    limits: { stackSizeMb?: number; maxOldGenerationSizeMb?: number } = {},
  ): Promise<SqlThread> {
    const workerData: ThreadData = { handle: database.handle };
    const worker = new Worker(new URL('./sql-thread.ts', import.meta.url), { workerData, resourceLimits: limits });
    const thread = new SqlThread(database, worker);
    thread.session = await new Promise<number>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`a test's thread ended with ${code} before it had attached`)));
      worker.once('message', (answer: ThreadAnswer) => resolve(answer.kind === 'ready' ? answer.session : -1));
    });
    worker.removeAllListeners('exit');
    // What ends it later is the test's to see: worker.once('exit').
    worker.removeAllListeners('error');
    worker.on('error', () => {});
    return thread;
  }

  /** Its session waits for another transaction. */
  get isWaiting(): boolean {
    const { txns } = this.#database.engine;
    return loadSessionState(txns.i32, sessionAt(txns, this.session)) === SESSION_WAITING;
  }

  /** Sends a text without waiting for anything. */
  send(text: string, ...values: unknown[]): Call {
    return this.#send((number) => ({ number, text, values }));
  }

  /** Sends a function of (database, ...values); it closes over nothing. */
  call<Values extends unknown[]>(body: (database: Database, ...values: Values) => unknown, ...values: Values): Call {
    return this.#send((number) => ({ number, body: body.toString(), values }));
  }

  #send(request: (number: number) => ThreadRequest): Call {
    const number = this.#next++;
    const { promise, resolve } = Promise.withResolvers<Call>();
    const call: Call = { isAnswered: false, code: '', error: null, value: undefined, rows: [], answered: promise };
    this.#open.set(number, (answer) => {
      this.#open.delete(number);
      call.isAnswered = true;
      if (answer.kind === 'error') {
        call.error = fromPlain(answer.error);
        call.code = (call.error as SqlError).code ?? String(call.error);
      } else if (answer.kind === 'done') {
        call.value = answer.value;
        if (Array.isArray(answer.value)) call.rows.push(...answer.value);
      }
      resolve(call);
    });
    this.worker.postMessage(request(number));
    return call;
  }

  /** Sends a text and comes back when it is answered, or waits. */
  async step(text: string, ...values: unknown[]): Promise<Call> {
    const call = this.send(text, ...values);
    await this.settle(call);
    return call;
  }

  /** Until the call is answered or waits. */
  async settle(call: Call): Promise<void> {
    const end = performance.now() + LIMIT_MS;
    while (!call.isAnswered) {
      if (this.isWaiting) {
        // An answer may be under way, and the state of a wait that has ended a moment old.
        await sleep(5);
        if (this.isWaiting) return;
      }
      await sleep(1);
      if (performance.now() > end) throw new Error('a statement neither ends nor waits');
    }
  }

  /** Runs a text to its end; an error is thrown. */
  async run(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
    const call = await this.send(text, ...values).answered;
    if (call.error !== null) throw call.error;
    return call.rows;
  }

  /** Closes its handle and waits until the thread is gone. */
  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.worker.once('exit', resolve));
    this.worker.postMessage('close' satisfies ThreadRequest);
    await gone;
  }
}

/** Runs `body` with so many threads, and closes them behind it. */
export async function withThreads(
  database: Database,
  count: number,
  body: (...threads: SqlThread[]) => Promise<void>,
): Promise<void> {
  const threads = await Promise.all(Array.from({ length: count }, () => SqlThread.start(database)));
  try {
    await body(...threads);
  } finally {
    await Promise.all(threads.map((thread) => thread.close()));
  }
}
