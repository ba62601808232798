/**
 * The kernel as one thread uses it: opening and attaching, tables, transactions, statements, checks, closing. Generated code is
 * specialised against what lies below (codegen/rows, engine/txn); this puts the parts together.
 *
 *   openKernel(directory)          the thread that opens: host of the database in this process
 *   kernel.handle  ->  attachKernel(handle)      any other worker thread: the same memory, the same pages
 *
 * Every call enters the engine (shm/entry.ts) and leaves it again, so that between two calls a thread holds nothing back.
 */

import { assert } from '../../shm/assert.ts';
import { isPoisoned } from '../../shm/critical.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { handleClosed, SQLSTATE, SqlError } from '../../shm/errors.ts';
import { handleOf, type SharedMemoryHandle, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED, THREAD_ROLE_POOL } from '../../shm/threads.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { foregroundSlice } from '../jobs/marks.ts';
import { createPool, endPool, type Pool, stopPool } from '../jobs/pool.ts';
import { drainJobs } from '../jobs/run.ts';
import { giveBackSpares } from '../storage/btree/pages.ts';
import { type BackupProgress, copyDatabase } from '../storage/backup.ts';
import { checkpoint, writeAllPages } from '../storage/checkpoint.ts';
import { type CheckListener, type CheckReport, checkDatabase } from '../storage/check.ts';
import { closeDatabaseFiles } from '../storage/database-files.ts';
import { flushAll } from '../storage/log/flush.ts';
import { closeLog } from '../storage/log/open.ts';
import { settleWaiting } from '../storage/log/when-durable.ts';
import type { Column } from '../storage/rows/row-layout.ts';
import type { VfsLock } from '../storage/vfs/vfs.ts';
import type { World } from '../storage/world.ts';
import { begin, beginStatement, endStatement, savepoint } from '../txn/begin.ts';
import { commit, commitDurable, whenCommitDurable } from '../txn/commit.ts';
import { failSerialization, waitForConflict } from '../txn/conflict.ts';
import { becomeCollector, collect, endCollecting } from '../txn/collector.ts';
import { leaveTransactions } from '../txn/open.ts';
import { installReadHook } from '../txn/page-hooks.ts';
import { recycle, rollback, rollbackTo, undoStatement } from '../txn/rollback.ts';
import { closeSession, openSession } from '../txn/sessions.ts';
import { stampEnded, stampQueueLength } from '../txn/stamper.ts';
import {
  type BeginOptions,
  COMMIT_STAMP,
  DURABLE_COMMIT,
  DURABLE_OFF,
  DURABLE_RELAXED,
  LAST_COMMIT,
  READ_COMMITTED,
  ROW_DUPLICATE,
  ROW_RERUN,
  ROW_WAIT,
  type RowStatus,
  type Savepoint,
  type Transaction,
} from '../txn/transactions.ts';
import { checkpointPorts, createKernelJobs } from './background.ts';
import { type KernelOptions, type KernelSettings, kernelSettings, systemWorld } from './kernel-options.ts';
import {
  assembleParts,
  attachKernelLog,
  type KernelParts,
  type KernelPlace,
  openCache,
  registerKernelRecords,
} from './kernel-parts.ts';
import { registerDroppedJob } from './dropped-tables.ts';
import { KernelTables } from './kernel-tables.ts';
import { type OpenedDatabase, openDatabase, type RecoveryFigures } from './open-database.ts';
import { structureCheckers, type TableFigures } from './structure-check.ts';
import type { Table } from './table.ts';
import type { IndexDefinition, TableDefinition } from './table-definition.ts';

/** What another thread needs to attach: can be posted, or given as workerData. */
export interface KernelHandle {
  readonly memory: SharedMemoryHandle;
  readonly settings: KernelSettings;
  readonly place: KernelPlace;
}

/** What check() found. Sound: no problems. */
export type KernelReport = CheckReport & TableFigures;

/** What only the thread that opened the database has. */
interface Host {
  readonly lock: VfsLock;
  readonly pool: Pool | null;
  readonly recovered: RecoveryFigures | null;
}

/** Opens or creates the database in a directory. The calling thread hosts it until close(). */
export function openKernel(directory: string, options: KernelOptions = {}): Kernel {
  const settings = kernelSettings(options);
  const opened = openDatabase(directory, settings, options.world ?? systemWorld());
  return finishOpen(opened);
}

function finishOpen(opened: OpenedDatabase): Kernel {
  const { parts, place, settings, lock, recovered } = opened;
  const jobs = createKernelJobs(parts);
  const handle: KernelHandle = { memory: handleOf(parts.shm), settings, place };
  const pool =
    settings.poolThreads === 0
      ? null
      : createPool(jobs, { threads: settings.poolThreads, attach: new URL('./pool-attach.ts', import.meta.url).href, handle });
  const kernel = new Kernel(parts, jobs, handle, { lock, pool, recovered });
  kernel.enter(() => kernel.tables.start(opened.tablesRoot, place.clean));
  return kernel;
}

/** Attaches the calling thread to a database that another thread of this process has open. */
export function attachKernel(handle: KernelHandle, world: World = systemWorld()): Kernel {
  return attachAs(handle, world, THREAD_ROLE_ATTACHED);
}

/** The same for a thread of the pool. */
export const attachPoolKernel = (handle: KernelHandle): Kernel => attachAs(handle, systemWorld(), THREAD_ROLE_POOL);

function attachAs(handle: KernelHandle, world: World, role: number): Kernel {
  const shm = viewSharedMemory(handle.memory);
  attachThread(shm, role);
  registerKernelRecords();
  const cache = openCache(shm, world, handle.place.directory);
  const log = attachKernelLog(cache, handle.settings, handle.place);
  const parts = assembleParts(cache, log, handle.settings, handle.place);
  installReadHook(cache, null);
  return new Kernel(parts, createKernelJobs(parts), handle, null);
}

const DURABILITY = { commit: DURABLE_COMMIT, relaxed: DURABLE_RELAXED, off: DURABLE_OFF } as const;

/** Of one thread. */
export class Kernel {
  readonly parts: KernelParts;
  readonly jobs: Jobs;
  readonly handle: KernelHandle;
  readonly #host: Host | null;
  readonly tables: KernelTables;
  /** This thread's own session, opened when first needed. */
  #session = -1;
  /** Stamp of the last commit of each session of this thread (TX-T19). */
  readonly #lastCommits = new Map<number, number>();
  /** Transactions of this thread that have not ended. */
  readonly #openTransactions = new Set<Transaction>();
  /** Sessions that openSession() gave out. */
  readonly #sessions = new Set<number>();
  #open = true;

  constructor(parts: KernelParts, jobs: Jobs, handle: KernelHandle, host: Host | null) {
    this.parts = parts;
    this.jobs = jobs;
    this.handle = handle;
    this.#host = host;
    this.tables = new KernelTables(this);
    registerDroppedJob(this);
  }

  /** What recovery did when this database was opened; null for a new one, and in attached threads. */
  get recovered(): RecoveryFigures | null {
    return this.#host?.recovered ?? null;
  }

  /** This thread has not closed it. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** This thread opened the database. */
  get isHost(): boolean {
    return this.#host !== null;
  }

  /** Runs `body` inside the engine. Throws 57P01 after close(). */
  enter<Result>(body: () => Result): Result {
    if (!this.#open) throw handleClosed('the database');
    const { shm } = this.parts;
    enterEngine(shm);
    let thrown: unknown;
    try {
      return body();
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      leaveEngine(shm, thrown);
    }
  }

  // ---- tables ----

  /** Makes a table in a transaction of its own. 42P07 when the name is taken. */
  createTable(definition: TableDefinition): Table {
    return this.#own((tx) => this.tables.create(tx, definition));
  }

  /** Makes a table; it goes again if the transaction is rolled back. A temporary table lives until close(). */
  createTableIn(tx: Transaction, definition: TableDefinition): Table {
    return this.enter(() => this.tables.create(tx, definition));
  }

  /** Drops a table in a transaction of its own. 42P01. */
  dropTable(name: string): void {
    this.#own((tx) => this.tables.drop(tx, name));
    this.enter(() => this.tables.freeDroppedTables());
  }

  dropTableIn(tx: Transaction, name: string): void {
    this.enter(() => this.tables.drop(tx, name));
  }

  /** Makes an index of a table that may have rows, in a transaction of its own. 23505, 42704. */
  createIndex(table: string, definition: IndexDefinition): Table {
    return this.#own((tx) => this.tables.createIndex(tx, table, definition));
  }

  /** Adds a column at the end; rows are not rewritten. In a transaction of its own. 42710, 23502. */
  addColumn(table: string, column: Column): Table {
    return this.#own((tx) => this.tables.addColumn(tx, table, column));
  }

  /** The table with this name, as a new transaction or the given one sees it. 42P01. */
  table(name: string, tx?: Transaction): Table {
    if (tx !== undefined) return this.enter(() => this.tables.byName(tx, name));
    return this.#own((own) => this.tables.byName(own, name));
  }

  /** The table with this id; it is known to this boot. */
  tableById(id: number): Table {
    return this.tables.byId(id);
  }

  /** Runs `body` in a transaction of its own, and commits it. */
  #own<Result>(body: (tx: Transaction) => Result): Result {
    return this.enter(() => {
      const tx = this.begin();
      try {
        const result = body(tx);
        this.commit(tx);
        return result;
      } catch (error) {
        if (tx.open && !isPoisoned(this.parts.shm)) this.rollback(tx);
        throw error;
      }
    });
  }

  // ---- sessions and transactions ----

  /** A session of this thread: a node of the waits-for graph; has one transaction at a time. */
  openSession(): number {
    return this.enter(() => {
      const session = openSession(this.parts.txns);
      this.#sessions.add(session);
      return session;
    });
  }

  closeSession(session: number): void {
    this.enter(() => {
      closeSession(this.parts.txns, session);
      this.#lastCommits.delete(session);
      this.#sessions.delete(session);
    });
  }

  /** Begins a transaction, in this thread's own session unless another is given. */
  begin(options: BeginOptions & { session?: number } = {}): Transaction {
    return this.enter(() => {
      if (this.#session < 0) this.#session = openSession(this.parts.txns);
      const session = options.session ?? this.#session;
      const durability = options.durability ?? DURABILITY[this.parts.settings.durability];
      const tx = begin(this.parts.txns, session, { ...options, durability }, this.#lastCommits.get(session) ?? 0);
      this.#openTransactions.add(tx);
      return tx;
    });
  }

  /**
   * Runs a statement: `body` does row operations and returns the last status. When it met somebody else's row, the statement is
   * undone, waits, and runs again ('Conflicts'). Returns ROW_DONE, ROW_GONE or ROW_DUPLICATE. 40P01, 40001, 55P03, 57014; after an
   * error the statement is undone.
   */
  statement(tx: Transaction, kind: number, writes: boolean, body: (tx: Transaction) => RowStatus): RowStatus {
    return this.enter(() => {
      if (writes) foregroundSlice(this.jobs);
      for (;;) {
        beginStatement(tx, kind, writes);
        let status: RowStatus;
        try {
          status = body(tx);
          if (status !== ROW_WAIT && status !== ROW_RERUN) {
            if (status === ROW_DUPLICATE) undoStatement(tx, false);
            endStatement(tx);
            return status;
          }
        } catch (error) {
          this.#failStatement(tx, error);
          throw error;
        }
        this.#beforeRerun(tx, status);
      }
    });
  }

  #beforeRerun(tx: Transaction, status: RowStatus): void {
    try {
      if (tx.isolation !== READ_COMMITTED && status === ROW_RERUN) failSerialization(tx);
      undoStatement(tx, true);
      if (status === ROW_WAIT) waitForConflict(tx);
    } catch (error) {
      this.#failStatement(tx, error);
      throw error;
    }
  }

  /** A statement that failed leaves nothing; what comes out of a poisoned handle is left to recovery. */
  #failStatement(tx: Transaction, error: unknown): void {
    if (!(error instanceof SqlError) || error.code.startsWith('57P') || !tx.open) return;
    undoStatement(tx, false);
    endStatement(tx);
  }

  /** Commits, and waits as the transaction's durability says. The object must not be used afterwards. */
  commit(tx: Transaction): void {
    this.enter(() => {
      commit(tx);
      commitDurable(tx);
      this.#committed(tx);
      recycle(tx);
    });
  }

  /** Commits without waiting for the disk: whenDurable() tells when the answer may go out. */
  precommit(tx: Transaction): void {
    this.enter(() => {
      commit(tx);
      this.#committed(tx);
    });
  }

  /** Resolves when a precommitted transaction is on disk; the object must not be used afterwards. For event loops. */
  async whenDurable(tx: Transaction): Promise<void> {
    await this.enter(() => whenCommitDurable(tx));
    recycle(tx);
  }

  #committed(tx: Transaction): void {
    this.#openTransactions.delete(tx);
    if (tx.times[COMMIT_STAMP] > 0) this.#lastCommits.set(tx.session, Math.max(tx.times[COMMIT_STAMP], tx.times[LAST_COMMIT]));
  }

  /** Takes everything of the transaction back. The object must not be used afterwards. */
  rollback(tx: Transaction): void {
    this.enter(() => {
      this.#openTransactions.delete(tx);
      rollback(tx);
      recycle(tx);
    });
  }

  savepoint(tx: Transaction): Savepoint {
    return this.enter(() => savepoint(tx));
  }

  rollbackTo(tx: Transaction, to: Savepoint): void {
    this.enter(() => rollbackTo(tx, to));
  }

  // ---- upkeep ----

  /** Moves the checkpoint on; false when another thread is at it. */
  checkpoint(): boolean {
    return this.enter(() => checkpoint(this.parts.cache, checkpointPorts(this.parts)));
  }

  /**
   * Copies the database into another directory while everybody works on: what has been committed before the last step is in it. Goes
   * on at each next(); nothing is held in between but the right to checkpoints. 42P04, 53100, 58030.
   */
  *backup(directory: string): Generator<BackupProgress, void, void> {
    const { cache, log } = this.parts;
    const copy = copyDatabase(cache, log, checkpointPorts(this.parts), directory);
    try {
      for (;;) {
        const step = this.enter(() => copy.next());
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      this.enter(() => copy.return());
    }
  }

  /** Stamps, collects and runs what is queued, in this thread. */
  tidy(): void {
    this.enter(() => {
      const { txns } = this.parts;
      while (stampQueueLength(txns) > 0 && stampEnded(txns, 4096) < 4096);
      collect(txns, 1024);
    });
    this.enter(() => this.tables.freeDroppedTables());
    drainJobs(this.jobs);
  }

  /**
   * Verifies every page, row chain and index entry against each other; nobody writes meanwhile, and nothing is collected: threads of the
   * pool would take entries and empty pages out of indexes that are walked. `told` now and then.
   */
  check(told?: CheckListener): KernelReport {
    return this.enter(() => {
      const { space, txns } = this.parts;
      const figures = { rows: 0, entries: 0, staleEntries: 0 };
      becomeCollector(txns, () => false);
      try {
        return { ...checkDatabase(space, structureCheckers(this.parts, figures), told), ...figures };
      } finally {
        endCollecting(txns);
      }
    });
  }

  /**
   * Leaves the database; what this thread has not committed is rolled back. The host stops the pool, writes everything, and gives the
   * directory back; other threads have left.
   */
  close(): void {
    if (!this.#open) return;
    const { shm } = this.parts;
    if (isPoisoned(shm)) {
      this.#abandon();
      return;
    }
    try {
      this.#leave();
    } catch (error) {
      if (isPoisoned(shm)) this.#abandon();
      throw error;
    }
  }

  #leave(): void {
    const { parts } = this;
    for (const tx of [...this.#openTransactions]) this.rollback(tx);
    if (this.#host !== null) this.#closeHost(this.#host);
    this.enter(() => {
      for (const session of this.#sessions) closeSession(parts.txns, session);
      if (this.#session >= 0) closeSession(parts.txns, this.#session);
      leaveTransactions(parts.txns);
      giveBackSpares(parts.tree);
      if (parts.log.waiting.length > 0) {
        // Commits whose promise is still out: they get their answer before the thread forgets them.
        flushAll(parts.log);
        settleWaiting(parts.log);
      }
    });
    this.#open = false;
    closeLog(parts.log);
    closeDatabaseFiles(parts.files);
    detachThread(parts.shm);
    this.#host?.lock.release();
  }

  /** A poisoned handle: nothing of it is written any more. The directory is given back, so that open() can recover it. */
  #abandon(): void {
    this.#open = false;
    if (this.#host !== null && this.#host.pool !== null) this.#abandonPool(this.#host.pool);
    closeDatabaseFiles(this.parts.files);
    this.#host?.lock.release();
  }

  /** Waits until no background thread touches the files any more: another handle may open them. */
  #abandonPool(pool: Pool): void {
    try {
      stopPool(pool);
    } catch (error) {
      // It says what is known: the handle is poisoned.
      if (!(error instanceof SqlError && error.code === SQLSTATE.crash_shutdown)) throw error;
    }
    void endPool(pool);
  }

  #closeHost(host: Host): void {
    if (host.pool !== null) {
      stopPool(host.pool);
      void endPool(host.pool);
    }
    this.tidy();
    this.enter(() => {
      const { cache, log } = this.parts;
      flushAll(log);
      writeAllPages(cache);
      const done = checkpoint(cache, checkpointPorts(this.parts), (meta) => {
        meta.cleanShutdown = true;
      });
      assert(done, 'nobody takes a checkpoint while the database is closed');
    });
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

export { STATEMENT_SIMPLE, STATEMENT_WRITING } from '../txn/begin.ts';
export { ROW_DONE, ROW_DUPLICATE, ROW_GONE } from '../txn/transactions.ts';
