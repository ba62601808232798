/** Queries on another thread: the owner's side (query-messages.ts has the picture). One thread, started with the first query. */

import type { Worker } from 'node:worker_threads';
import { fromPlain, SqlError, SQLSTATE } from '../../shm/errors.ts';
import { nodeThreads } from '../../shm/node-modules.ts';
import type { Transactions } from '../txn/transactions.ts';
import { cancelSession } from '../txn/sessions.ts';
import type { DatabaseHandle } from './database.ts';
import {
  BATCHES,
  CREDITS,
  QUERY_WORDS,
  type QueryAnswer,
  type QueryRequest,
  type QueryWorkerData,
  STOP,
} from './query-messages.ts';

/** Rows of a query that runs elsewhere: await them all, or go through them once, in order. */
export class Rows<Row> implements PromiseLike<Row[]>, AsyncIterable<Row> {
  readonly #thread: QueryThread;
  readonly #request: QueryRequest;
  readonly #batches: Row[][] = [];
  #isOver = false;
  #error: unknown;
  #wake: (() => void) | null = null;
  #isStarted = false;
  #all: Promise<Row[]> | null = null;
  /** Rows that the statement changed. */
  changes = 0;

  /** @internal */
  constructor(thread: QueryThread, request: QueryRequest) {
    this.#thread = thread;
    this.#request = request;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting a query gives its rows.
  then<Fulfilled = Row[], Rejected = never>(
    fulfilled?: ((rows: Row[]) => Fulfilled | PromiseLike<Fulfilled>) | null,
    rejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#all ??= this.#collect();
    return this.#all.then(fulfilled, rejected);
  }

  async #collect(): Promise<Row[]> {
    const all: Row[] = [];
    for await (const batch of this.#inBatches()) for (const row of batch) all.push(row);
    return all;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Row> {
    for await (const batch of this.#inBatches()) yield* batch;
  }

  async *#inBatches(): AsyncGenerator<Row[]> {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#thread.send(this.#request, this as Rows<unknown>);
    }
    try {
      for (;;) {
        const batch = this.#batches.shift();
        if (batch !== undefined) {
          this.#thread.credit();
          yield batch;
        } else if (this.#error !== undefined) throw this.#error;
        else if (this.#isOver) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#drop();
      if (!this.#isOver && this.#error === undefined) this.#thread.stop(this.#request.number);
    }
  }

  /**
   * From the thread.
   * @internal
   */
  take(rows: Row[]): void {
    this.#batches.push(rows);
    this.#wakeUp();
  }

  /** @internal */
  end(changes: number): void {
    this.changes = changes;
    this.#isOver = true;
    this.#wakeUp();
  }

  /** @internal */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#error ??= error;
    this.#drop();
    this.#wakeUp();
  }

  /** Batches that nobody will read: others may come in their place. */
  #drop(): void {
    for (const _ of this.#batches) this.#thread.credit();
    this.#batches.length = 0;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}

export class QueryThread {
  readonly #handle: DatabaseHandle;
  readonly #txns: Transactions;
  readonly #words = new Int32Array(new SharedArrayBuffer(QUERY_WORDS * 4));
  readonly #open = new Map<number, Rows<unknown>>();
  #worker: Worker | null = null;
  /** Session of the thread, -1 until it has said so. */
  #session = -1;
  #next = 1;

  constructor(handle: DatabaseHandle, txns: Transactions) {
    this.#handle = handle;
    this.#txns = txns;
    this.#words[CREDITS] = BATCHES;
  }

  query<Row>(text: string, values: readonly unknown[], signal: AbortSignal | undefined): Rows<Row> {
    const number = this.#next++;
    const rows = new Rows<Row>(this, { number, text, values });
    if (signal !== undefined) {
      const abort = (): void => {
        rows.fail(signal.reason);
        this.stop(number);
      };
      if (signal.aborted) rows.fail(signal.reason);
      else signal.addEventListener('abort', abort, { once: true });
    }
    return rows;
  }

  send(request: QueryRequest, rows: Rows<unknown>): void {
    this.#open.set(request.number, rows);
    this.#started().postMessage(request);
    this.#worker?.ref();
  }

  #started(): Worker {
    if (this.#worker !== null) return this.#worker;
    const data: QueryWorkerData = { handle: this.#handle, words: this.#words };
    const worker = new (nodeThreads().Worker)(new URL('./query-worker.ts', import.meta.url), { workerData: data });
    worker.on('message', (answer: QueryAnswer) => this.#hear(answer));
    worker.on('error', (error) => this.#failAll(error));
    worker.on('exit', () => {
      this.#worker = null;
      this.#session = -1;
      this.#failAll(new SqlError(SQLSTATE.internal_error, 'the query thread has ended', { hint: 'run the query again' }));
    });
    this.#worker = worker;
    return worker;
  }

  #hear(answer: QueryAnswer): void {
    if (answer.kind === 'ready') {
      this.#session = answer.session;
      return;
    }
    const rows = this.#open.get(answer.number);
    if (answer.kind === 'rows') {
      if (rows === undefined) this.credit();
      else rows.take(answer.rows);
      return;
    }
    this.#open.delete(answer.number);
    if (answer.kind === 'end') rows?.end(answer.changes);
    else rows?.fail(fromPlain(answer.error));
    // Nothing runs: the program may end.
    if (this.#open.size === 0) this.#worker?.unref();
  }

  #failAll(error: unknown): void {
    for (const rows of this.#open.values()) rows.fail(error);
    this.#open.clear();
  }

  /** A batch was read: another one may come. */
  credit(): void {
    Atomics.add(this.#words, CREDITS, 1);
    Atomics.notify(this.#words, CREDITS);
  }

  /** Nobody wants the rest of this query. */
  stop(number: number): void {
    Atomics.store(this.#words, STOP, number);
    Atomics.notify(this.#words, CREDITS);
    if (this.#session >= 0 && this.#open.has(number)) cancelSession(this.#txns, this.#session, 1);
    this.#open.delete(number);
  }

  close(): void {
    this.#failAll(new SqlError(SQLSTATE.admin_shutdown, 'the database is closed'));
    this.#worker?.postMessage('close');
    this.#worker?.unref();
  }
}
