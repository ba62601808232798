/**
 * Transactions as one thread sees them: the context that everything in this folder is given first, the Transaction object,
 * and what row operations answer. Nothing here is shared between threads; what is lies in the regions of txn.layout.ts.
 *
 * Where to look:
 *   begin, statements, end     begin.ts, commit.ts, rollback.ts, bury.ts
 *   rows                       row-read.ts, row-insert.ts, row-update.ts (and delete), unique.ts
 *   stamps and snapshots       stamps.ts, slots.ts, snapshot.ts, visibility.ts
 *   versions and undo          versions.ts, chunk-spill.ts, undo.ts, undo-spill.ts
 *   conflicts                  conflict.ts, deadlock.ts, sessions.ts
 *   afterwards                 stamper.ts, collector.ts, page-hooks.ts
 *
 * Doubles live in `times` (a Float64Array), because a double that is stored in an object or leaves a function would be
 * allocated on every row.
 */

import type { SharedMemory } from '../../shm/shared-memory.ts';
import type { PageCache } from '../storage/cache/page-cache.ts';
import type { Log } from '../storage/log/log-context.ts';
import type { RoomSearch } from '../storage/space/free-classes.ts';
import type { Space } from '../storage/space/space.ts';
import type { IndexChange, LeafWitness, Tree } from '../storage/btree/tree.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import type { NextAppend } from './append-next.ts';
import type { CollectScratch } from './collect-scratch.ts';
import type { PageVerdicts } from './index-only.ts';
import type { KeyScratch, OverflowReader, TableRuntime } from '../storage/rows/runtime.ts';

/** read uncommitted is served as read committed. */
export const READ_COMMITTED = 1;
/** One snapshot for the transaction; the first updater wins. */
export const REPEATABLE_READ = 2;
/** The same, and reads are validated at commit (TX-T16). */
export const SERIALIZABLE = 3;
export type Isolation = typeof READ_COMMITTED | typeof REPEATABLE_READ | typeof SERIALIZABLE;

/** The answer waits for the disk. */
export const DURABLE_COMMIT = 0;
/** The answer does not wait; the log is flushed within relaxedMilliseconds. */
export const DURABLE_RELAXED = 1;
/** The answer does not wait, and nobody flushes for it. */
export const DURABLE_OFF = 2;
export type DurabilityMode = typeof DURABLE_COMMIT | typeof DURABLE_RELAXED | typeof DURABLE_OFF;

/** The row operation is done. Its result is in tx.ints. */
export const ROW_DONE = 1;
/** Somebody holds the row or key: tx.waitsFor is the transaction's number. Undo the statement, wait, run it again ('Conflicts'). */
export const ROW_WAIT = 2;
/** The row has a committed version that the snapshot does not see: run the statement again on a fresh snapshot. */
export const ROW_RERUN = 3;
/** There is no row the statement can see: nothing done. */
export const ROW_GONE = 4;
/** Another row has the key of a unique index: tx.ints[DUPLICATE_INDEX], [ROW_PAGE], [ROW_SLOT] say which. Nothing done. */
export const ROW_DUPLICATE = 5;
export type RowStatus = typeof ROW_DONE | typeof ROW_WAIT | typeof ROW_RERUN | typeof ROW_GONE | typeof ROW_DUPLICATE;

/** tx.ints: the row an operation was about (after an insert: where it lies; after a duplicate: whom it met). */
export const ROW_PAGE = 0;
export const ROW_SLOT = 1;
/** tx.ints: position in table.indexes of the index that refused a duplicate. */
export const DUPLICATE_INDEX = 2;

/** tx.times: the snapshot; reads see what committed at it or before. */
export const SNAPSHOT = 0;
/** tx.times: versions above this stamp make a dependency when they decide what is seen; Infinity: none can (TX-T9). */
export const WATCH = 1;
/** tx.times: highest stamp above the durable horizon that decided what was seen; 0 = none (TX-T9). */
export const DEPENDENCY = 2;
/** tx.times: stamp of the session's last commit (TX-T19). */
export const LAST_COMMIT = 3;
/** tx.times: transaction number * 2^20, 0 before it is drawn: own stamps are in (-base - 2^20, -base]. */
export const OWN_BASE = 4;
/** tx.times: -(base + statement): what the next write puts into the row (TX-T2). */
export const OWN_STAMP = 5;
/** tx.times: -(base + limit): own versions with a stamp at or above it are seen (TX-T4). */
export const OWN_LIMIT = 6;
/** tx.times: stamp of the version that the last row operation met; the one it was refused for after ROW_RERUN. */
export const SEEN_STAMP = 7;
/** tx.times: this transaction's commit stamp. */
export const COMMIT_STAMP = 8;
/** tx.times: end of its commit record. */
export const COMMIT_END = 9;

/** Numbers that open() fixes. */
export interface TxnOptions {
  /** Transaction slots, a power of two. 1,024. */
  slots: number;
  /** Session slots. 4,096. */
  sessions: number;
  /** Bytes of a version chunk: a power of two from 16 KiB to 64 KiB. */
  chunkBytes: number;
  /** Logical version chunks: 32 GiB of back versions at 64 KiB each. */
  chunks: number;
  /** Entries up to which a committer stamps its own rows; more are left to a job. */
  stampAtCommit: number;
  /** Bytes of resident undo pieces of one transaction; beyond them its list goes to temporary pages. */
  undoBytes: number;
}

export const TXN_DEFAULTS: TxnOptions = {
  slots: 1024,
  sessions: 4096,
  chunkBytes: 65536,
  chunks: 524288,
  stampAtCommit: 256,
  undoBytes: 1048576,
};

/**
 * What later parts add at the places where rows are read and written. Each is null until it is put in; the engine runs
 * without them, with the isolation levels up to repeatable read.
 */
export interface TxnHooks {
  /**
   * Row locks (TX-T13): a change meets a row whose lock flag is set. Called with the page latched; true: somebody else holds
   * the row in a mode that forbids the change; tx.waitsFor is set.
   */
  rowLocked: ((tx: Transaction, table: TableRuntime, page: number, slot: number) => boolean) | null;
  /** Table locks (TX-T14): before the first use of a table by a transaction that writes. True: wait, tx.waitsFor is set. */
  tableUsed: ((tx: Transaction, table: TableRuntime) => boolean) | null;
  /** Serializable (TX-T16): a serializable transaction has read this row by its id (seen or not). */
  rowRead: ((tx: Transaction, table: TableRuntime, page: number, slot: number) => void) | null;
  /** Serializable: it is about to change this row. `image` is the new one, or -1 for a delete. */
  rowChanged: ((tx: Transaction, table: TableRuntime, page: number, slot: number, image: number) => void) | null;
  /** Serializable: validates, and holds its latch; `precommitted` lets go. Throws 40001. */
  validate: ((tx: Transaction) => void) | null;
  precommitted: ((tx: Transaction) => void) | null;
  /** Undoes an entry of kind UNDO_OTHER, at byte offset `entry` of the heap; any thread may be asked to. */
  undoOther: ((txns: Transactions, slot: number, entry: number) => void) | null;
  /** A transaction that has written is about to get its commit record; it can no longer fail (null but while there is DDL). */
  committing: ((tx: Transaction) => void) | null;
  /** The wall clock is more than 10 s behind the last stamp, by so many microseconds (TX-T1). */
  clockBehind: ((microseconds: number) => void) | null;
  /** The session's transaction uses a table; asked by any thread, of sessions of others. */
  usesTables: ((session: number) => boolean) | null;
  /** In place of a ring of the own doorbell: sessions of this thread's event loop wait for one that has just ended here. */
  ownRing: (() => void) | null;
  /** Whatever the outcome: locks and recorded reads of the transaction are to be released. */
  ended: ((tx: Transaction) => void) | null;
}

/** Finds what a table id stands for: undo, stamping and collection meet tables the statement does not name. */
export type TableFinder = (id: number) => TableRuntime | undefined;

/** Per-thread context. */
export interface Transactions {
  readonly shm: SharedMemory;
  readonly cache: PageCache;
  readonly log: Log;
  readonly space: Space;
  readonly tree: Tree;
  readonly options: TxnOptions;
  readonly findTable: TableFinder;
  readonly readOverflow: OverflowReader;
  readonly hooks: TxnHooks;
  /** Views of the control segment. */
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  /** The versions and heap segments. */
  readonly versions: ByteViews;
  readonly heap: ByteViews;

  /** Byte offsets in the control segment. */
  readonly shared: number;
  readonly slotsBase: number;
  readonly slotMask: number;
  readonly sessionsBase: number;
  readonly threadsBase: number;
  readonly chunksBase: number;

  /** log2 of a chunk's bytes, and of its 8-byte units. */
  readonly chunkShift: number;
  readonly unitShift: number;
  readonly unitMask: number;
  /** Chunks that fit the versions segment. */
  readonly places: number;

  /** Chunk this thread writes to: its logical number (-1: none), its byte offset in the versions segment, bytes used. */
  chunk: number;
  chunkPlace: number;
  chunkUsed: number;

  /** Copies of horizons, the sequences under which they were read, and where they stand (snapshot.ts). */
  readonly horizons: Float64Array;
  readonly horizonSequences: Int32Array;
  readonly horizonOffsets: Int32Array;
  /** Index of the word that counts this thread's snapshots. */
  readonly snapshotsWord: number;
  /** Transactions of this thread that hold a snapshot. */
  readonly snapshots: Transaction[];
  /** Free Transaction objects. */
  readonly spare: Transaction[];

  /** Results that must not be allocated: resolved stamp, found addresses. */
  readonly scratch: Float64Array;
  readonly ints: Int32Array;
  /** Room for one row image, its older versions, and a version record. */
  readonly image: ByteViews;
  readonly other: ByteViews;
  /** Entries of an undo list that come back from temporary pages. */
  readonly spill: ByteViews;
  /** Frames that a move of a row has latched (row-move.ts). */
  readonly moved: Int32Array;
  /** Recovery position and LSN of a page that is stamped. */
  readonly stampLsns: Float64Array;
  readonly key: KeyScratch;
  readonly otherKey: KeyScratch;
  /** Witnesses of the unique checks of one insert or update, one for each index position. */
  readonly witnesses: LeafWitness[];
  readonly change: IndexChange;
  /** makeChunkRoom() of chunk-room.ts, which stands above what calls it. */
  readonly makeRoom: (txns: Transactions, numbers: boolean, tries: number) => void;
  /** What the collector works with (collector.ts). */
  readonly collecting: CollectScratch;
  /** What pages have said of their rows (index-only.ts); null until it is asked for. */
  pageVerdicts: PageVerdicts | null;
  /** This thread's insert page of a table (SM-F1): (table id, page) at 2 * (table id & 63); 0 = none. */
  readonly insertPages: Int32Array;
  /** The frame in which that page was last seen, at table id & 63. Not trusted. */
  readonly insertFrames: Int32Array;
  /** Usual room of a row, by table id & 63: see row-read.ts. */
  readonly rowWords: Int32Array;
  /** What this thread's last append left (append-next.ts). */
  readonly next: NextAppend;
  /** Where the search for a page with room goes on, by table id. */
  readonly searches: Map<number, RoomSearch>;
}

/** A transaction, readers included. Objects are reused; none is valid after its end. */
export interface Transaction {
  readonly context: Transactions;
  /** Doubles: SNAPSHOT, WATCH, ... */
  readonly times: Float64Array;
  /** Small integers: ROW_PAGE, ROW_SLOT, DUPLICATE_INDEX. */
  readonly ints: Int32Array;
  /** Session slot; its generation when it was opened. */
  session: number;
  isolation: Isolation;
  durability: DurabilityMode;
  readOnly: boolean;
  /** False after commit or rollback. */
  open: boolean;
  /** True once it cannot go on and can only be rolled back. */
  failed: boolean;
  /** Transaction number as int32, 0 before the first write (TX-T2). */
  number: number;
  /** Byte offset of its slot in the control segment, 0 before the first write. */
  slot: number;
  /** Statement number that writes carry, and the highest that reads see (TX-T4). */
  statement: number;
  limit: number;
  /** Something was written under the current statement number. */
  statementUsed: boolean;
  /** The next write begins a new statement number: a portal or savepoint was made (TX-T4). */
  advance: boolean;
  /** The running statement sees all of its own: its limit moves with its number (STATEMENT_SIMPLE). */
  simple: boolean;
  /** It reads at a chosen time of the past. */
  asOf: boolean;
  /** A snapshot is taken and counts in the thread's minimum. */
  snapshotTaken: boolean;
  /** Number (int32) of the transaction that the last ROW_WAIT is about. */
  waitsFor: number;
  /** Runs of the current statement that met a conflict. */
  reruns: number;
  /** Id of the table that it was last seen to use for writing: it does so to its end (TX-T14). -1: none yet. */
  writtenTable: number;
  /** Milliseconds a wait may take; 0: none is allowed (55P03 at once); -1: no bound. */
  lockTimeout: number;
  /** False: its thread runs an event loop. Where it would have to wait for somebody, WouldWait is thrown (would-wait.ts). */
  mayBlock: boolean;
  /** What it runs now is to end: a look for work that is no statement of generated code; null: nobody asks. */
  cancelled: (() => boolean) | null;
  /** Undo piece and byte offset of the next entry in it: where the hot path appends. */
  undoPiece: number;
  undoAt: number;
  undoEnd: number;
  /** Byte offset of the last entry, 0 = none that the next insert may join. */
  undoLast: number;
  /** Start of the running statement: entries, rows in the last of them, and the transaction's last record then. */
  markEntries: number;
  markRows: number;
  markLsn: number;
  /** That record was one that may grow: rows it had by then; 0 = it is not. */
  markGrown: number;
}

/** A place in a transaction to go back to. */
export interface Savepoint {
  readonly entries: number;
  readonly rows: number;
  readonly lsn: number;
}

export interface BeginOptions {
  isolation?: Isolation;
  durability?: DurabilityMode;
  readOnly?: boolean;
  /** AS OF this stamp: read only, at a time of the past. 72000 where versions of that time are gone. */
  asOf?: number;
  /** Milliseconds, see Transaction.lockTimeout. */
  lockTimeout?: number;
}
