/**
 * A session of an event loop: its own transaction and settings; nothing in it blocks the loop. Statements of one session run one
 * after the other, in the order of the calls; sessions run beside each other, and commits of one tick share a flush.
 */

import { Connection } from '../exec/connection.ts';
import { bytesOf, copyStatement } from '../exec/copy-files.ts';
import { CopyIn } from '../exec/copy-in.ts';
import type { Engine } from '../exec/engine.ts';
import { argumentsOf, type GivenValues } from '../exec/given.ts';
import { entered } from '../exec/run.ts';
import type { Notification } from '../session/notifications.ts';
import { Session, type SessionOptions } from '../session/session.ts';
import { SqlError } from '../../shm/errors.ts';

/** What a statement answers. */
export interface AsyncResult<Row = Record<string, unknown>> {
  readonly rows: Row[];
  readonly changes: number;
}

export interface QueryOptions {
  /** Aborting it cancels the statement: 57014. */
  readonly signal?: AbortSignal;
}

export class AsyncSession implements AsyncDisposable {
  /** @internal */
  readonly connection: Connection;
  #last: Promise<unknown> = Promise.resolve();
  readonly #onClose: () => void;
  #isOpen = true;

  /** @internal */
  constructor(engine: Engine, options: SessionOptions, onClose: () => void) {
    this.#onClose = onClose;
    const session = entered(engine, () => new Session(engine.txns, engine.locks, options));
    this.connection = new Connection(engine, session);
  }

  /** Runs one statement; resolves when its effect is on disk, as the durability says. */
  run<Row = Record<string, unknown>>(
    text: string,
    values: GivenValues = [],
    options: QueryOptions = {},
  ): Promise<AsyncResult<Row>> {
    return this.#inTurn(() => this.#runNow<Row>(text, values, options));
  }

  /** Runs a COPY ... FROM STDIN over pieces of text or bytes as they come; answers how many rows came in. */
  copyFrom(text: string, pieces: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>): Promise<number> {
    return this.#inTurn(async () => {
      const { connection } = this;
      const prepared = connection.prepare(text);
      const copy = new CopyIn(connection, prepared, copyStatement(connection, prepared, 'from'), true);
      copy.begin();
      try {
        for await (const piece of pieces) await copy.feed(bytesOf(piece));
      } catch (error) {
        // What the pieces themselves threw: a COPY that has failed has been given up.
        if (!(error instanceof SqlError)) copy.abort(String(error));
        throw error;
      }
      await copy.finish();
      return copy.rows;
    });
  }

  /** Behind whatever this session is doing. */
  #inTurn<Value>(body: () => Promise<Value>): Promise<Value> {
    if (!this.#isOpen) return Promise.reject(new SqlError('08003', 'the session is closed'));
    const turn = this.#last.then(body, body);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #runNow<Row>(text: string, values: GivenValues, { signal }: QueryOptions): Promise<AsyncResult<Row>> {
    const { connection } = this;
    signal?.throwIfAborted();
    const cancel = (): void => connection.session.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const { rows, changes } = await connection.runAsync(connection.prepare(text), argumentsOf(values), 'object');
      return { rows: rows as Row[], changes };
    } finally {
      signal?.removeEventListener('abort', cancel);
      connection.session.clearCancel();
    }
  }

  /** Runs `body` in a transaction: committed when it resolves, rolled back when it rejects. */
  async transaction<Value>(body: (session: AsyncSession) => Promise<Value>, isolation?: string): Promise<Value> {
    await this.run(isolation === undefined ? 'begin' : `begin isolation level ${isolation}`);
    try {
      const value = await body(this);
      await this.run('commit');
      return value;
    } catch (error) {
      if (this.connection.session.transaction !== null) await this.run('rollback');
      throw error;
    }
  }

  /** Called with what is sent on the channels that this session listens on (LISTEN). */
  onNotification(listener: ((notification: Notification) => void) | null): void {
    this.connection.session.notifications.onNotification = listener;
  }

  /** 'idle', 'active' in a transaction, 'failed' in one that can only be rolled back. */
  get status(): 'idle' | 'active' | 'failed' {
    return this.connection.session.status;
  }

  /** Waits for what runs, rolls back what is open. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    const rest = this.#last;
    this.#isOpen = false;
    await rest;
    this.#onClose();
    this.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
