/**
 * An open database, as one thread of a program uses it: synchronous statements on this thread, sessions for event loops, queries on
 * another thread, and the handle by which further threads attach.
 */

import { isPoisoned } from '../../shm/critical.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { nodeThreads } from '../../shm/node-modules.ts';
import { Connection } from '../exec/connection.ts';
import { copyFrom, copyStatement, copyTo } from '../exec/copy-files.ts';
import type { Engine } from '../exec/engine.ts';
import { argumentsOf, type GivenValues } from '../exec/given.ts';
import { entered } from '../exec/run.ts';
import type { Notification } from '../session/notifications.ts';
import { Session } from '../session/session.ts';
import { AsyncSession, type QueryOptions } from './async-session.ts';
import { createEngine } from './engine-parts.ts';
import type { DatabaseBackupProgress, DatabaseCheckProgress, DatabaseNotice, DatabaseReport, ScriptResult } from './answers.ts';
import type { Kernel, KernelHandle } from './kernel.ts';
import type { SharedOptions } from './options.ts';
import { QueryThread, type Rows } from './query-thread.ts';
import { type DatabaseStats, databaseStats } from './stats.ts';
import { Statement } from './statement.ts';
import { transactionOf, type TransactionFunction } from './transaction-function.ts';

/** What another thread attaches by: can be posted, or given as workerData. */
export interface DatabaseHandle {
  /** @internal */
  readonly kernel: KernelHandle;
  /** @internal */
  readonly options: SharedOptions;
}

export interface BackupOptions {
  /** Called after each MiB. */
  readonly progress?: (progress: DatabaseBackupProgress) => void;
  readonly signal?: AbortSignal;
}

/** Milliseconds of copying between two turns of the event loop. */
const BACKUP_SLICE = 10;

export interface ExplainOptions {
  readonly format?: 'text' | 'json' | 'dot' | 'svg';
  readonly sblr?: boolean;
  readonly codegen?: boolean;
  /** Runs the statement, and tells what each node gave. */
  readonly analyze?: boolean;
}

/** Of one thread. */
export class Database implements Disposable {
  /** @internal */
  readonly kernel: Kernel;
  /** @internal */
  readonly engine: Engine;
  readonly #options: SharedOptions;
  readonly #connection: Connection;
  readonly #sessions = new Set<AsyncSession>();
  readonly #onClose: (() => void) | null;
  #queries: QueryThread | null = null;
  #isOpen = true;

  /** @internal */
  constructor(kernel: Kernel, options: SharedOptions, onClose: (() => void) | null) {
    this.kernel = kernel;
    this.#options = options;
    this.#onClose = onClose;
    this.engine = createEngine(kernel, options);
    const session = entered(this.engine, () => new Session(this.engine.txns, this.engine.locks, this.#options));
    this.#connection = new Connection(this.engine, session);
  }

  /** Prepares one statement. 42601 and the like, with the position in the text. */
  prepare<Row = Record<string, unknown>>(text: string): Statement<Row> {
    this.#check();
    return new Statement<Row>(this.#connection, text);
  }

  /** Runs all statements of a text, in one transaction unless the text says otherwise. Returns this. */
  exec(text: string): this {
    this.#check();
    this.#connection.script(text);
    return this;
  }

  /** Runs all statements of a text; answers what the last one answered. */
  execute(text: string): ScriptResult | null {
    this.#check();
    return this.#connection.script(text);
  }

  /** A function that runs `body` in a transaction: committed when it returns, rolled back when it throws; nested, a savepoint. */
  transaction<Arguments extends unknown[], Value>(body: (...given: Arguments) => Value): TransactionFunction<Arguments, Value> {
    return transactionOf(this, body);
  }

  /** True while this thread's own session is in a transaction. */
  get inTransaction(): boolean {
    return this.#connection.session.transaction !== null;
  }

  /**
   * The session of prepare() and exec().
   * @internal
   */
  get connection(): Connection {
    return this.#connection;
  }

  /** A session of its own for an event loop. */
  session(): AsyncSession {
    this.#check();
    const session = new AsyncSession(this.engine, this.#options, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    return session;
  }

  /**
   * Runs a statement on another thread, for long work: await it for all rows, or go through them with for await, in batches as they
   * come. It has a session of its own and sees what has been committed.
   */
  query<Row = Record<string, unknown>>(text: string, values: GivenValues = [], options: QueryOptions = {}): Rows<Row> {
    this.#check();
    this.#queries ??= new QueryThread(this.handle, this.engine.txns);
    return this.#queries.query<Row>(text, argumentsOf(values), options.signal);
  }

  /** Runs a COPY ... FROM STDIN over pieces of text or bytes, of any length; answers how many rows came in. */
  copyFrom(text: string, pieces: Iterable<Uint8Array | string>): number {
    this.#check();
    const connection = this.#connection;
    const prepared = connection.prepare(text);
    return copyFrom(connection, prepared, copyStatement(connection, prepared, 'from'), pieces);
  }

  /** Runs a COPY ... TO STDOUT: its bytes, piece by piece; returns how many rows there were. */
  copyTo(text: string): Generator<Buffer, number> {
    this.#check();
    const connection = this.#connection;
    const prepared = connection.prepare(text);
    return copyTo(connection, prepared, copyStatement(connection, prepared, 'to'));
  }

  /** The plan of a statement, as text (default) or as JSON. */
  explain(text: string, options: ExplainOptions = {}): string {
    const words = [`format ${options.format ?? 'text'}`];
    if (options.sblr === true) words.push('sblr');
    if (options.codegen === true) words.push('codegen');
    if (options.analyze === true) words.push('analyze');
    const lines = this.#connection.run(this.#connection.prepare(`explain (${words.join(', ')}) ${text}`), [], 'array').rows;
    return (lines as unknown[][]).map(([line]) => (typeof line === 'string' ? line : JSON.stringify(line, null, 2))).join('\n');
  }

  /** Called with notices and warnings of statements. */
  onNotice(listener: ((notice: DatabaseNotice) => void) | null): void {
    this.#connection.onNotice = listener;
  }

  /** Called with what other sessions NOTIFY on the channels that this one listens on (LISTEN), when the event loop turns. */
  onNotification(listener: ((notification: Notification) => void) | null): void {
    this.#connection.session.notifications.onNotification = listener;
  }

  /** Give it to a worker thread; there attach() gives the same database. */
  get handle(): DatabaseHandle {
    if (this.#isOpen) this.engine.sharing.flush();
    return { kernel: this.kernel.handle, options: this.#options };
  }

  /**
   * Copies the database into a new directory while everybody works on; open() that directory to use the copy. It holds what had been
   * committed when the copy ended, or more. Between steps the event loop turns. 42P04 when the directory holds a database.
   */
  async backup(directory: string, options: BackupOptions = {}): Promise<void> {
    this.#check();
    let turned = performance.now();
    for (const progress of this.kernel.backup(directory)) {
      options.progress?.(progress);
      if (performance.now() - turned < BACKUP_SLICE) continue;
      await new Promise<void>((resolve) => setImmediate(resolve));
      turned = performance.now();
      options.signal?.throwIfAborted();
    }
  }

  /** Moves the checkpoint on. */
  checkpoint(): boolean {
    return this.kernel.checkpoint();
  }

  /** Verifies every page, row and index entry; nobody writes meanwhile. `progress` is told now and then how far it is. */
  check(progress?: (told: DatabaseCheckProgress) => void): DatabaseReport {
    return this.kernel.check(progress);
  }

  /** Figures as of now. */
  stats(): DatabaseStats {
    this.#check();
    return databaseStats(this.kernel, this.engine);
  }

  #check(): void {
    if (!this.#isOpen) {
      throw new SqlError(SQLSTATE.admin_shutdown, `the database is closed (thread ${nodeThreads().threadId})`, {
        hint: 'open it again',
      });
    }
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Rolls back what this thread has open and leaves. The thread that opened the database writes everything and gives the directory
   * back: other threads have left by then. Sessions and queries that run must have ended.
   */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#queries?.close();
    this.engine.sharing.forget();
    this.engine.environment.kernel.helpers?.close();
    try {
      // What a poisoned handle has open is left to recovery.
      if (!isPoisoned(this.engine.shm)) this.#endSessions();
    } finally {
      this.kernel.close();
      this.#onClose?.();
    }
  }

  #endSessions(): void {
    for (const session of this.#sessions) session.connection.close();
    this.#connection.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
