/** A query thread: attaches, runs what it is sent, one query after the other, and sends rows as long as somebody reads them. */

import type { parentPort as ParentPort } from 'node:worker_threads';
import { toPlain } from '../../shm/errors.ts';
import { nodeThreads } from '../../shm/node-modules.ts';
import { attach, type Database } from './api.ts';
import { BATCH_ROWS, CREDITS, type QueryAnswer, type QueryRequest, type QueryWorkerData, STOP } from './query-messages.ts';

type Port = NonNullable<typeof ParentPort>;

/** Works for the thread that began this one, until it says close. */
export function runQueries(): void {
  const { parentPort, workerData } = nodeThreads();
  new QueryLoop(workerData as QueryWorkerData, parentPort as Port).start();
}

class QueryLoop {
  readonly #database: Database;
  readonly #words: Int32Array;
  readonly #port: Port;

  constructor({ handle, words }: QueryWorkerData, port: Port) {
    this.#database = attach(handle);
    this.#words = words;
    this.#port = port;
  }

  start(): void {
    this.#port.on('message', (request: QueryRequest | 'close') => this.#handle(request));
    this.#say({ kind: 'ready', session: this.#database.connection.session.slot });
  }

  #handle(request: QueryRequest | 'close'): void {
    const database = this.#database;
    if (request === 'close') {
      database.close();
      this.#port.close();
      return;
    }
    const { number } = request;
    try {
      if (Atomics.load(this.#words, STOP) !== number) this.#answer(request);
      else this.#say({ kind: 'end', number, changes: 0 });
    } catch (error) {
      if (database.inTransaction) database.exec('rollback');
      this.#say({ kind: 'error', number, error: toPlain(error) });
    } finally {
      database.connection.session.clearCancel();
    }
  }

  #answer({ number, text, values }: QueryRequest): void {
    const statement = this.#database.prepare(text);
    if (!statement.readonly) {
      const { changes, rows } = statement.run(...values);
      if (rows !== undefined && this.#takeCredit(number)) this.#say({ kind: 'rows', number, rows });
      this.#say({ kind: 'end', number, changes });
      return;
    }
    let batch: unknown[] = [];
    using rows = statement.iterate(...values);
    for (const row of rows) {
      batch.push(row);
      if (batch.length < BATCH_ROWS) continue;
      if (!this.#takeCredit(number)) break;
      this.#say({ kind: 'rows', number, rows: batch });
      batch = [];
    }
    if (batch.length > 0 && this.#takeCredit(number)) this.#say({ kind: 'rows', number, rows: batch });
    this.#say({ kind: 'end', number, changes: 0 });
  }

  /** Waits for a credit; false: nobody wants the rest. */
  #takeCredit(number: number): boolean {
    const words = this.#words;
    for (;;) {
      if (Atomics.load(words, STOP) === number) return false;
      const credits = Atomics.load(words, CREDITS);
      if (credits > 0) {
        Atomics.sub(words, CREDITS, 1);
        return true;
      }
      Atomics.wait(words, CREDITS, credits, 1000);
    }
  }

  #say(answer: QueryAnswer): void {
    this.#port.postMessage(answer);
  }
}
