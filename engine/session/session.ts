/**
 * A session: the transaction it is in, its savepoints, its settings, and what its statements may ask of it. Of one thread.
 *
 *   no block      a statement that writes has a transaction of its own; those that only read share `reader`, which never ends by
 *                 itself: a fresh snapshot for each statement is all that a read needs (TX-T8)
 *   block         BEGIN ... COMMIT: `transaction` is it. After an error it only rolls back (25P02), or back to a savepoint
 *
 * Nothing here runs statements (engine/exec), and nothing waits for the disk but where it says so.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { tailLsn } from '../storage/log/flush.ts';
import { whenDurable } from '../storage/log/when-durable.ts';
import { begin, checkOpen } from '../txn/begin.ts';
import { commit, commitDurable, whenCommitDurable } from '../txn/commit.ts';
import type { Locks } from '../txn/locks.ts';
import { recycle, rollback } from '../txn/rollback.ts';
import { cancelSession, clearSessionCancel, closeSession, openSession, sessionCancelled } from '../txn/sessions.ts';
import { dependencyMet, meetDependency } from '../txn/snapshot.ts';
import { holdParked, parkTables, releaseTables, resumeTables, unparkTables } from '../txn/table-locks.ts';
import {
  COMMIT_END,
  COMMIT_STAMP,
  DURABLE_COMMIT,
  DURABLE_OFF,
  DURABLE_RELAXED,
  type DurabilityMode,
  type Isolation,
  LAST_COMMIT,
  READ_COMMITTED,
  REPEATABLE_READ,
  SERIALIZABLE,
  type Transaction,
  type Transactions,
} from '../txn/transactions.ts';
import { type Dialect, type SessionRules, USUAL_SESSIONS } from '../../plugins/contract/contract.ts';
import type { BlockWatcher } from './block-watcher.ts';
import { Deferral } from './deferral.ts';
import { Identity } from './identity.ts';
import { NotificationHub, SessionNotifications } from './notifications.ts';
import { Savepoints } from './savepoints.ts';
import { pathSchemas, Settings } from './settings.ts';

export type Durability = 'commit' | 'relaxed' | 'off';

const DURABILITY: { readonly [name in Durability]: DurabilityMode } = {
  commit: DURABLE_COMMIT,
  relaxed: DURABLE_RELAXED,
  off: DURABLE_OFF,
};

const ISOLATION: { readonly [name: string]: Isolation } = {
  'read uncommitted': READ_COMMITTED,
  'read committed': READ_COMMITTED,
  'repeatable read': REPEATABLE_READ,
  serializable: SERIALIZABLE,
};

/** What BEGIN and SET TRANSACTION say; null: as the session's settings say. */
export interface Characteristics {
  readonly isolation: string | null;
  readonly readOnly: boolean | null;
}

export const NO_CHARACTERISTICS: Characteristics = { isolation: null, readOnly: null };

/** Something that reads on between the calls of others: it takes what it still wants before the session does something else. */
export interface OpenCursor {
  settle(): void;
}

/** A cursor with a transaction of its own. */
export interface OpenPortal extends OpenCursor {
  close(): void;
}

export interface SessionOptions {
  readonly user: string;
  readonly database: string;
  /** Its number, as the catalog's schemas name it; left out, 0: the first one. */
  readonly databaseId?: number;
  /** The name of the first one; left out: `database`. */
  readonly firstDatabase?: string;
  readonly durability: Durability;
  /**
   * Nothing here waits for the disk: `barrier` says how far the log must have come before what was answered may leave (TX-T9). The
   * owner holds its answers back until then.
   */
  readonly holdsAnswers?: boolean;
  /** `:name`, `@name` and `$name` are parameters. True. */
  readonly namedParameters?: boolean;
  /** How its texts are read; null: as the engine's own dialect says. */
  readonly dialect?: Dialect | null;
}

/** The handle is poisoned or closed: nothing can be undone any more. */
const isHandleLost = (error: unknown): boolean => error instanceof SqlError && error.code.startsWith('57P');

export class Session {
  readonly txns: Transactions;
  readonly locks: Locks;
  /** Its slot in shared memory: node of the waits-for graph. */
  readonly slot: number;
  readonly settings = new Settings();
  readonly database: string;
  readonly databaseId: number;
  readonly firstDatabase: string;
  /** What clients know it by: pg_backend_pid(). */
  processId: number;
  /** The block it is in. */
  transaction: Transaction | null = null;
  /** The block was opened by a batch of statements, not by BEGIN. */
  isImplicit = false;
  /** When the block began, microseconds. */
  transactionTime = 0;
  /** Number of its temporary objects' schema once it has made some, else 0: names may then find what no other session sees. */
  temporary = 0;
  readonly cursors = new Set<OpenCursor>();
  /** Cursors outside blocks, each in a transaction of its own. */
  readonly portals = new Set<OpenPortal>();
  /** Session slots of portals that have ended. */
  readonly #freePortals: number[] = [];
  /** When the running statement's time is up, by performance.now(); Infinity: never. */
  deadline = Number.POSITIVE_INFINITY;
  /** Called before a transaction of the session commits: what it does belongs to it, and what it throws rolls it back. */
  beforeCommit: ((tx: Transaction) => void) | null = null;
  watcher: BlockWatcher | null = null;
  /** Asked before a setting becomes another: throws 42704, 42501. */
  maySet: ((name: string, value: string | null) => void) | null = null;
  readonly identity: Identity;
  readonly notifications: SessionNotifications;
  readonly holdsAnswers: boolean;
  readonly namedParameters: boolean;
  #dialect: Dialect | null;
  /** What was answered rests on the log up to here; for sessions that hold their answers back. */
  barrier = 0;
  readonly deferral = new Deferral();
  #durability: DurabilityMode;
  #reader: Transaction | null = null;
  #isParked = false;
  #lastCommit = 0;
  readonly #savepoints = new Savepoints(this.settings, this.deferral);
  #isOpen = true;
  #scope = '';
  #path: readonly string[] = [];
  /** Of the settings that it was made from. */
  #pathVersion = -1;
  #scopeSettings: string | null = null;
  #scopeTemporary = 0;
  #scopeUser = '';

  constructor(txns: Transactions, locks: Locks, options: SessionOptions) {
    this.txns = txns;
    this.locks = locks;
    this.slot = openSession(txns);
    this.processId = this.slot + 1;
    this.identity = new Identity(this.settings, options.user);
    this.database = options.database;
    this.databaseId = options.databaseId ?? 0;
    this.firstDatabase = options.firstDatabase ?? options.database;
    this.#durability = DURABILITY[options.durability];
    this.notifications = new SessionNotifications(NotificationHub.of(txns.shm, this.databaseId), () => this.processId);
    this.holdsAnswers = options.holdsAnswers ?? false;
    this.namedParameters = options.namedParameters ?? true;
    this.#dialect = options.dialect ?? null;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** 'idle', 'active' in a block, 'failed' in one that can only be rolled back. */
  get status(): 'idle' | 'active' | 'failed' {
    if (this.transaction === null) return 'idle';
    return this.transaction.failed ? 'failed' : 'active';
  }

  get dialect(): Dialect | null {
    return this.#dialect;
  }

  get rules(): SessionRules {
    return this.#dialect?.sessions ?? USUAL_SESSIONS;
  }

  /** Another version of it, between statements. */
  set dialect(dialect: Dialect | null) {
    this.#dialect = dialect;
    this.#scopeSettings = null;
  }

  get searchPath(): readonly string[] {
    const { version } = this.settings;
    if (version !== this.#pathVersion) {
      this.#pathVersion = version;
      this.#path = pathSchemas(this.settings.get('search_path'));
    }
    return this.#path;
  }

  /** Sessions of one scope read a text alike: their role, the settings that change meaning, and their own objects are the same. */
  get scope(): string {
    const { user } = this;
    const { key } = this.settings;
    if (key !== this.#scopeSettings || user !== this.#scopeUser || this.temporary !== this.#scopeTemporary) {
      this.#scopeSettings = key;
      this.#scopeUser = user;
      this.#scopeTemporary = this.temporary;
      const tongue = this.#dialect === null ? '' : `${this.#dialect.name} ${this.#dialect.version}`;
      this.#scope = `${this.databaseId} ${user}\0${this.temporary}${this.namedParameters ? '' : 'n'}\0${tongue}\0${key}\0`;
    }
    return this.#scope;
  }

  // ---- transactions of single statements ----

  /** Stamp of the last commit: what begins later sees it. */
  get lastCommit(): number {
    return this.#lastCommit;
  }

  /** It sees a commit of another session. */
  sees(stamp: number): void {
    this.#lastCommit = Math.max(this.#lastCommit, stamp);
  }

  /**
   * The transaction of statements that only read, outside a block, inside the engine. It has no snapshot between them, and its tables
   * are parked (TX-T14).
   */
  reader(): Transaction {
    const reader = this.#reader;
    if (reader === null || !this.#isParked) return this.#newReader();
    resumeTables(this.locks, this.slot);
    reader.times[LAST_COMMIT] = this.#lastCommit;
    return reader;
  }

  #newReader(): Transaction {
    if (!this.#isParked) {
      this.#isParked = true;
      parkTables(this.locks, this.slot);
    }
    this.#reader ??= begin(this.txns, this.slot, { durability: this.#durability, lockTimeout: this.settings.lockTimeout });
    this.#reader.times[LAST_COMMIT] = this.#lastCommit;
    return this.#reader;
  }

  /** Behind a statement of reader(): one that had to take a number (it waited for DDL), or that failed, is replaced. */
  readerUsed(): void {
    const reader = this.#reader;
    if (reader !== null && (reader.number !== 0 || reader.failed)) this.#dropReader();
  }

  #dropReader(): void {
    const reader = this.#reader;
    if (reader === null) return;
    this.#reader = null;
    rollback(reader);
    recycle(reader);
  }

  #unpark(): void {
    if (!this.#isParked) return;
    this.#isParked = false;
    unparkTables(this.locks, this.slot);
  }

  /** A transaction for one statement that writes. Ended by commitOwn() or rollbackOwn(). */
  beginOwn(): Transaction {
    this.#unpark();
    return this.#begin(NO_CHARACTERISTICS);
  }

  #begin(wanted: Characteristics): Transaction {
    const { settings } = this;
    const defaults = settings.transactions;
    const isolation = ISOLATION[wanted.isolation ?? defaults.isolation];
    const readOnly = wanted.readOnly ?? defaults.readOnly;
    const durability = this.#durability === DURABLE_COMMIT && !defaults.synchronous ? DURABLE_RELAXED : this.#durability;
    return begin(this.txns, this.slot, { isolation, readOnly, durability, lockTimeout: settings.lockTimeout }, this.#lastCommit);
  }

  /** Commits without waiting for the disk. 40001 from validation: the transaction is rolled back then. */
  precommit(tx: Transaction): void {
    try {
      if (this.deferral.events.length > 0) this.deferral.settle?.(tx);
      this.deferral.forget();
      this.beforeCommit?.(tx);
      commit(tx);
    } catch (error) {
      if (tx.open && !isHandleLost(error)) this.rollbackOwn(tx);
      throw error;
    }
    if (tx.times[COMMIT_STAMP] > this.#lastCommit) this.#lastCommit = tx.times[COMMIT_STAMP];
    this.settings.commit();
    if (this.notifications.hasPending) this.#notify(tx);
  }

  /** pg_notify(): with the transaction; of a statement that has none, once it has ended. */
  notify(channel: string, payload: string): void {
    this.notifications.notify(channel, payload);
    if (this.transaction !== null) return;
    queueMicrotask(() => {
      if (this.transaction === null && this.notifications.hasPending) this.notifications.committed((send) => send());
    });
  }

  /** What the transaction said to others leaves once it is durable. */
  #notify(tx: Transaction): void {
    const end = tx.times[COMMIT_END];
    const { log } = this.txns;
    this.notifications.committed((send) => {
      if (end === 0 || tx.durability !== DURABLE_COMMIT) send();
      // A log that cannot be written poisons the handle, which tells everybody.
      else whenDurable(log, end).then(send, () => undefined);
    });
  }

  /** Commits and waits for the disk as the durability says. */
  commitOwn(tx: Transaction): void {
    this.precommit(tx);
    this.#acknowledge(tx);
    recycle(tx);
  }

  /** The answer to a commit may leave: now, or behind the barrier. */
  #acknowledge(tx: Transaction): void {
    if (!this.holdsAnswers) {
      commitDurable(tx);
      return;
    }
    const end = tx.times[COMMIT_END];
    if (end === 0) this.meetDependency(tx);
    else if (tx.durability === DURABLE_COMMIT) this.barrier = Math.max(this.barrier, end);
    else commitDurable(tx);
  }

  /** Resolves when a precommitted transaction may be answered. */
  async whenDurable(tx: Transaction): Promise<void> {
    if (this.holdsAnswers) this.#acknowledge(tx);
    else await whenCommitDurable(tx);
    recycle(tx);
  }

  rollbackOwn(tx: Transaction): void {
    this.deferral.forget();
    rollback(tx);
    recycle(tx);
    this.settings.rollback();
    this.notifications.rolledBack();
  }

  // ---- blocks ----

  /** BEGIN. In a block that a batch has opened it makes that one explicit. False: there was a block already. */
  begin(wanted: Characteristics, now: number, implicit = false): boolean {
    if (this.transaction !== null && !implicit && this.rules.beginInBlock === 'commit') this.commitBlock();
    if (this.transaction !== null) {
      if (implicit) return false;
      const began = this.isImplicit;
      this.isImplicit = false;
      this.setCharacteristics(wanted);
      return began;
    }
    this.settleCursors();
    this.#unpark();
    this.transaction = this.#begin(wanted);
    this.transactionTime = now;
    this.isImplicit = implicit;
    return true;
  }

  get sessionUser(): string {
    return this.identity.sessionUser;
  }

  get user(): string {
    return this.identity.user;
  }

  /** SET of a setting, or of what the running transaction is; null: its initial value. `local`: to the end of the transaction. */
  setSetting(name: string, value: string | null, local: boolean): void {
    const folded = name.toLowerCase();
    const inBlock = this.transaction !== null && this.rules.settings === 'inBlock';
    if (folded === 'transaction_isolation' || folded === 'transaction_read_only') {
      if (value === null || !inBlock) return;
      const isolation = folded === 'transaction_isolation';
      this.setCharacteristics({ isolation: isolation ? value : null, readOnly: isolation ? null : value === 'on' });
    } else {
      this.maySet?.(folded, value);
      this.settings.set(folded, value, inBlock, local);
    }
  }

  /** RESET ALL. */
  resetSettings(): void {
    for (const { name } of this.settings.all()) {
      try {
        this.settings.set(name, null, this.transaction !== null);
      } catch (error) {
        // What cannot be changed is as it was.
        if (!(error instanceof SqlError) || error.code !== '55P02') throw error;
      }
    }
  }

  /** SET TRANSACTION: before the first statement of the block. 25001, 25P01. */
  setCharacteristics(wanted: Characteristics): void {
    const tx = this.#block('SET TRANSACTION');
    if (wanted.isolation !== null) {
      const isolation = ISOLATION[wanted.isolation];
      if (isolation !== tx.isolation && (tx.snapshotTaken || tx.number !== 0)) {
        throw new SqlError(SQLSTATE.active_sql_transaction, 'SET TRANSACTION ISOLATION LEVEL must be called before any query');
      }
      tx.isolation = isolation;
    }
    if (wanted.readOnly === false && tx.readOnly && tx.snapshotTaken) {
      throw new SqlError(SQLSTATE.active_sql_transaction, 'transaction read-write mode must be set before any query');
    }
    if (wanted.readOnly !== null) tx.readOnly = wanted.readOnly;
  }

  #block(what: string): Transaction {
    if (this.transaction !== null) return this.transaction;
    throw new SqlError(SQLSTATE.no_active_sql_transaction, `${what} can only be used in transaction blocks`);
  }

  /** What the block's end must do besides: open cursors take their rows, savepoints go. */
  #leaveBlock(committed: boolean): Transaction | null {
    const tx = this.transaction;
    if (tx !== null) this.watcher?.blockEnds(committed && !tx.failed);
    this.settleCursors();
    this.transaction = null;
    this.isImplicit = false;
    if (this.#savepoints.count > 0) this.#savepoints.clear();
    return tx;
  }

  /** COMMIT, precommitted only; a failed block is rolled back. Returns the transaction to wait for, or null. */
  precommitBlock(): Transaction | null {
    const tx = this.#leaveBlock(true);
    if (tx === null) return null;
    if (tx.failed) {
      this.rollbackOwn(tx);
      return null;
    }
    this.precommit(tx);
    return tx;
  }

  /** COMMIT. False: the block had failed and was rolled back, or there was none. */
  commitBlock(): boolean {
    const tx = this.precommitBlock();
    if (tx === null) return false;
    this.#acknowledge(tx);
    recycle(tx);
    return true;
  }

  rollbackBlock(): void {
    this.cursors.clear();
    const tx = this.#leaveBlock(false);
    if (tx !== null) this.rollbackOwn(tx);
  }

  /** An error in a block: it only rolls back, or back to a savepoint; where the dialect says so it goes on without the statement. */
  failBlock(): void {
    if (this.rules.afterError === 'block' && this.transaction?.open === true) this.transaction.failed = true;
  }

  savepoint(name: string): void {
    const tx = this.#block('SAVEPOINT');
    this.#savepoints.add(name, tx);
  }

  releaseSavepoint(name: string): void {
    checkOpen(this.#block('RELEASE SAVEPOINT'));
    this.#savepoints.release(name);
    this.watcher?.released(this.#savepoints.count);
  }

  get savepointCount(): number {
    return this.#savepoints.count;
  }

  /** The savepoint stays; those behind it go. */
  rollbackToSavepoint(name: string): void {
    const tx = this.#block('ROLLBACK TO SAVEPOINT');
    const to = this.#savepoints.find(name);
    this.watcher?.rolledBackTo(this.#savepoints.count);
    this.#settleCursors();
    this.#savepoints.restore(to, tx);
  }

  // ---- what goes on ----

  /** Before another statement: cursors that are open keep what they saw. */
  #settleCursors(): void {
    for (const cursor of [...this.cursors]) {
      cursor.settle();
      this.cursorClosed(cursor);
    }
  }

  /** A cursor reads on between calls: what it reads stays as it is until cursorClosed(). */
  cursorOpened(cursor: OpenCursor): void {
    this.cursors.add(cursor);
    if (this.#isParked) holdParked(this.locks, this.slot, true);
  }

  cursorClosed(cursor: OpenCursor): void {
    if (this.cursors.delete(cursor) && this.#isParked) holdParked(this.locks, this.slot, false);
  }

  /**
   * A transaction for a cursor outside a block, inside the engine: it only reads, and what the session does is not its business. A
   * session slot of its own keeps its use of tables apart. Ended by closePortal().
   */
  openPortal(lockTimeout: number): Transaction {
    const slot = this.#freePortals.pop() ?? openSession(this.txns);
    unparkTables(this.locks, slot);
    return begin(this.txns, slot, { durability: this.#durability, lockTimeout }, this.#lastCommit);
  }

  closePortal(portal: Transaction): void {
    const slot = portal.session;
    rollback(portal);
    recycle(portal);
    releaseTables(this.locks, slot);
    this.#freePortals.push(slot);
  }

  /** Portals take the rest of their rows and let go of their tables. */
  settlePortals(): void {
    for (const portal of [...this.portals]) portal.settle();
  }

  settleCursors(): void {
    if (this.cursors.size > 0) this.#settleCursors();
  }

  /** Rows and errors may leave once everything they rest on is durable (TX-T9): blocks, or moves the barrier. */
  meetDependency(tx: Transaction): void {
    if (dependencyMet(tx)) return;
    if (this.holdsAnswers) this.barrier = Math.max(this.barrier, tailLsn(this.txns.log));
    else meetDependency(tx);
  }

  /** The same for event loops. */
  async whenDependencyMet(tx: Transaction): Promise<void> {
    if (this.holdsAnswers) {
      this.meetDependency(tx);
      return;
    }
    const { log } = this.txns;
    while (!dependencyMet(tx)) await whenDurable(log, tailLsn(log));
  }

  /** Asks it, from any thread, to end what it runs. */
  cancel(): void {
    cancelSession(this.txns, this.slot, 1);
  }

  isCancelled(): boolean {
    return sessionCancelled(this.txns, this.slot) !== 0 || (this.deadline < Number.POSITIVE_INFINITY && this.isLate());
  }

  /** statement_timeout has passed. */
  isLate(): boolean {
    return performance.now() >= this.deadline;
  }

  /** A statement begins: its time runs. */
  startClock(): void {
    const limit = this.settings.statementTimeout;
    this.deadline = limit === 0 ? Number.POSITIVE_INFINITY : performance.now() + limit;
  }

  clearCancel(): void {
    clearSessionCancel(this.txns, this.slot);
  }

  /** Rolls back what is open and gives the slot back. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.notifications.close();
    this.cursors.clear();
    const tx = this.transaction;
    this.transaction = null;
    if (tx?.open === true) this.rollbackOwn(tx);
    this.#dropReader();
    releaseTables(this.locks, this.slot);
    for (const slot of this.#freePortals) closeSession(this.txns, slot);
    closeSession(this.txns, this.slot);
  }
}
