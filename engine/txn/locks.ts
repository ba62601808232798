/**
 * Putting locks together: what row locks (row-locks.ts), table locks (table-locks.ts) and serializable validation
 * (serializable.ts) want in the control segment, their context of one thread, and the hooks through which transactions call
 * them.
 *
 *   lockRegions(options, threadSlots)   for createSharedMemory
 *   createLocks(txns)                   once a thread, after createTransactions(); fills txns.hooks
 *   buryLocks(locks, thread)            registered by createLocks(): what a dead thread showed of itself
 */

import { registerBurier } from '../../shm/deaths.ts';
import { MAP_BYTES } from '../../shm/hash-map.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { advisorySharedUsed } from './advisory.layout.gen.ts';
import { advisoryRegions, endAdvisory } from './advisory.ts';
import {
  LOCK_SHARED_BYTES,
  ROW_LOCK_OWNER_BYTES,
  SERIAL_THREAD_BYTES,
  storeSerialThreadOldest,
  loadTableListCount,
  TABLE_LIST_BYTES,
} from './locks.layout.gen.ts';
import { TABLE_WRITE } from './locks.layout.ts';
import { ownerNumber, releaseRowLocks } from './row-lock-owners.ts';
import { CHANGE_MODE, rowLocked } from './row-locks.ts';
import { endSerializable, noteRowChanged, noteRowRead, releaseValidation, validateSerializable } from './serializable.ts';
import { createReadSet, type ReadSet } from './serializable-reads.ts';
import { releaseIntents } from './table-intents.ts';
import { listOf, TABLE_WORDS } from './table-lists.ts';
import { releaseTables, useTable } from './table-locks.ts';
import { SERIALIZABLE, type Transaction, type Transactions, TXN_DEFAULTS, type TxnOptions } from './transactions.ts';

/** Bytes of the heap that row locks may take (53200 beyond). */
export const LOCK_MEMORY = 268435456;

/** Bytes of a change set before its scratch grows. */
const BUILD_BYTES = 8192;

/** Per-thread context of everything about locks. */
export interface Locks {
  readonly txns: Transactions;
  readonly shm: SharedMemory;
  /** Views of the control and heap segments. */
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly heap: ByteViews;
  /** Bytes of the heap that row locks may take. */
  readonly memory: number;
  /** Byte offsets in the control segment. */
  readonly shared: number;
  readonly advisory: number;
  readonly rowMap: number;
  readonly rowOwners: number;
  readonly tableWords: number;
  readonly tableIntents: number;
  readonly tableLists: number;
  readonly serialThreads: number;
  /** Scratch for results. */
  readonly ints: Int32Array;
  /** Of this thread's open serializable transactions, in no order; by session. */
  readonly openReads: ReadSet[];
  readonly readsOf: (ReadSet | null)[];
  readonly spareReads: ReadSet[];
  /** Where a change set is put together. */
  build: ByteViews;
}

/** What locks want in the control segment. */
export function lockRegions(options: TxnOptions = TXN_DEFAULTS, threadSlots = 128): RegionRequest[] {
  return [
    ...advisoryRegions(),
    { name: 'locks', bytes: LOCK_SHARED_BYTES },
    { name: 'rowLockMap', bytes: MAP_BYTES },
    { name: 'rowLockOwners', bytes: options.sessions * ROW_LOCK_OWNER_BYTES },
    { name: 'tableWords', bytes: threadSlots * TABLE_WORDS * 4 },
    { name: 'tableIntents', bytes: TABLE_WORDS * 4 },
    { name: 'tableLists', bytes: options.sessions * TABLE_LIST_BYTES },
    { name: 'serialThreads', bytes: threadSlots * SERIAL_THREAD_BYTES },
  ];
}

/** This thread's context; fills the hooks of its transactions. `memory`: bytes of the heap for row locks (lock_memory). */
export function createLocks(txns: Transactions, memory = LOCK_MEMORY): Locks {
  const { shm } = txns;
  const locks: Locks = {
    txns,
    shm,
    i32: txns.i32,
    f64: txns.f64,
    heap: txns.heap,
    memory,
    shared: regionOf(shm, 'locks'),
    advisory: regionOf(shm, 'advisoryLocks'),
    rowMap: regionOf(shm, 'rowLockMap'),
    rowOwners: regionOf(shm, 'rowLockOwners'),
    tableWords: regionOf(shm, 'tableWords'),
    tableIntents: regionOf(shm, 'tableIntents'),
    tableLists: regionOf(shm, 'tableLists'),
    serialThreads: regionOf(shm, 'serialThreads'),
    ints: new Int32Array(8),
    openReads: [],
    readsOf: new Array<ReadSet | null>(txns.options.sessions).fill(null),
    spareReads: [createReadSet()],
    build: privateViews(BUILD_BYTES),
  };
  const { hooks } = txns;
  hooks.rowLocked = (tx, table, page, slot) => rowLocked(locks, tx, table, page, slot);
  hooks.tableUsed = (tx, table) => useTable(locks, tx, table.id, TABLE_WRITE);
  hooks.rowRead = (tx, table, page, slot) => noteRowRead(locks, tx, table.id, page, slot);
  hooks.rowChanged = (tx, table) => noteRowChanged(locks, tx, table.id);
  hooks.validate = (tx) => validateSerializable(locks, tx);
  hooks.precommitted = (tx) => releaseValidation(locks, tx);
  hooks.usesTables = (session) => loadTableListCount(locks.i32, listOf(locks, session)) > 0;
  hooks.ended = (tx) => releaseLocks(locks, tx);
  registerBurier(shm, 'late', (_, thread) => buryLocks(locks, thread));
  return locks;
}

/**
 * The transaction has ended, either way: its locks and recorded reads go. It has no number any more; nobody else has its session
 * yet. What a dead thread's transactions hold counts until they are rolled back, and is cleared by whoever meets it then.
 */
export function releaseLocks(locks: Locks, tx: Transaction): void {
  if (tx.isolation === SERIALIZABLE) endSerializable(locks, tx);
  tx.ints[CHANGE_MODE] = 0;
  releaseTables(locks, tx.session);
  if (advisorySharedUsed(locks.i32, locks.advisory) !== 0) endAdvisory(locks.txns, tx.session);
  const number = ownerNumber(locks, tx.session);
  if (number === 0) return;
  releaseRowLocks(locks, tx.session);
  releaseIntents(locks, number);
}

/** Clears what a dead thread showed. Tables that its transactions wrote to stay in use until those are rolled back. */
export function buryLocks(locks: Locks, thread: number): void {
  storeSerialThreadOldest(locks.i32, locks.serialThreads + thread * SERIAL_THREAD_BYTES, 0);
}
