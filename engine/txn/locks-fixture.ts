/** For tests of locks and serializable validation: transactions over a store, one table (id int4 with a unique index, value int4). */

import { createSharedMemory, type SharedMemory } from '../../shm/shared-memory.ts';
import { joinStore, openStore, type Store } from '../storage/btree/btree-fixture.ts';
import { createIndex } from '../storage/btree/create.ts';
import { cacheRegions } from '../storage/cache/page-cache.ts';
import { createDatabaseFiles } from '../storage/database-files.ts';
import { LOG_REGION } from '../storage/log/open.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { ROW_SCRATCH_BYTES, rowWordOf } from '../storage/rows/row-image.ts';
import { layoutRow } from '../storage/rows/row-layout.ts';
import { type IndexRuntime, KEY_OK, type TableRuntime } from '../storage/rows/runtime.ts';
import { createHeapMap } from '../storage/space/heap-map.ts';
import { registerSpaceRecords } from '../storage/space/records.ts';
import { spaceRegions } from '../storage/space/space.ts';
import type { Vfs } from '../storage/vfs/vfs.ts';
import { begin, beginStatement, endStatement, STATEMENT_SIMPLE } from './begin.ts';
import { commit, commitDurable } from './commit.ts';
import { createLocks, lockRegions, type Locks } from './locks.ts';
import { createTransactions, txnRegions } from './open.ts';
import { recycle, rollback } from './rollback.ts';
import { insertRow } from './row-insert.ts';
import { updateRow } from './row-update.ts';
import { closeSession, openSession } from './sessions.ts';
import {
  COMMIT_STAMP,
  ROW_DONE,
  ROW_PAGE,
  ROW_SLOT,
  type RowStatus,
  SERIALIZABLE,
  type Transaction,
  type Transactions,
  TXN_DEFAULTS,
} from './transactions.ts';

export const TABLE = 100;

const OPTIONS = { ...TXN_DEFAULTS, slots: 16, sessions: 32, chunkBytes: 16384, chunks: 64 };
const COLUMNS = [
  { name: 'id', kind: 'int32', nullable: false },
  { name: 'value', kind: 'int32', nullable: false },
] as const;

export interface LockStore {
  store: Store;
  txns: Transactions;
  locks: Locks;
  table: TableRuntime;
  image: ByteViews;
}

/** Where the table lies: what another thread needs besides the memory. */
export interface LockTable {
  mapRoot: number;
  root: number;
}

export const lockMemory = (heapBytes = 4 << 20): SharedMemory =>
  createSharedMemory({
    frames: 512,
    framesPerSegment: 512,
    threadSlots: 16,
    ringBytes: 1 << 20,
    heapBytes,
    versionBytes: 1 << 20,
    regions: [LOG_REGION, ...cacheRegions(), ...spaceRegions(), ...txnRegions(OPTIONS, 16), ...lockRegions(OPTIONS, 16)],
  });

/** A new database with the table, for the calling thread. */
export function createLockStore(vfs: Vfs, shm: SharedMemory, directory: string, memory?: number): LockStore {
  registerSpaceRecords();
  createDatabaseFiles(vfs, directory);
  const store = openStore(vfs, shm, {}, directory);
  return lockStore(store, newTable(store), memory);
}

export const newTable = (store: Store): LockTable => ({
  root: createIndex(store.tree, 'i32', true),
  mapRoot: createHeapMap(store.space, TABLE, false),
});

/** The same for another thread, which is attached. */
export const joinLockStore = (vfs: Vfs, shm: SharedMemory, directory: string, place: LockTable): LockStore =>
  lockStore(joinStore(vfs, shm, 1, directory), place);

function lockStore(store: Store, place: LockTable, memory?: number): LockStore {
  const { shm, cache, log, space, tree } = store;
  const layout = layoutRow(COLUMNS);
  const made: { table?: TableRuntime } = {};
  const noOverflow = (): never => {
    throw new Error('the table has no long values');
  };
  const txns = createTransactions({
    ...{ shm, cache, log, space, tree, options: OPTIONS },
    findTable: (id) => (id === TABLE ? made.table : undefined),
    readOverflow: noOverflow,
  });
  const found: LockStore = {
    store,
    txns,
    locks: createLocks(txns, memory),
    table: tableOf(layout, place),
    image: privateViews(ROW_SCRATCH_BYTES),
  };
  Object.defineProperty(made, 'table', { get: () => found.table });
  return found;
}

/** Rows of 24 bytes: header, id, value. Read and written by hand, so that no generated code is between a test and what it tests. */
const ROW_BYTES = 24;

function tableOf(layout: ReturnType<typeof layoutRow>, place: LockTable): TableRuntime {
  return {
    id: TABLE,
    mapRoot: place.mapRoot,
    layouts: [layout],
    layout,
    upgrade: () => -1,
    logged: true,
    temporary: false,
    indexes: [indexOf(place.root)],
  };
}

const indexOf = (root: number): IndexRuntime => ({
  id: 7,
  root,
  kind: 'i32',
  unique: true,
  nullsDistinct: true,
  word: 4,
  extract: (i32, _u16, _u8, _f64, row, key) => {
    key.i32[0] = i32[(row >> 2) + 4];
    key.length = 4;
    key.nulls = 0;
    return KEY_OK;
  },
  extractWide: () => KEY_OK,
  sameKey: (a, aRow, b, bRow) => a.i32[(aRow >> 2) + 4] === b.i32[(bRow >> 2) + 4],
});

/** A transaction in a session of its own. */
export function start(found: LockStore, isolation: Transaction['isolation'] = 1): Transaction {
  const tx = begin(found.txns, openSession(found.txns), { isolation, lockTimeout: 0 });
  beginStatement(tx, STATEMENT_SIMPLE, true);
  return tx;
}

/** The next statement of a transaction, on a fresh snapshot at read committed. */
export function next(tx: Transaction): void {
  endStatement(tx);
  beginStatement(tx, STATEMENT_SIMPLE, true);
}

function encode(found: LockStore, id: number, value: number): void {
  const { i32, f64 } = found.image;
  f64[0] = 0;
  i32[2] = 0;
  i32[3] = rowWordOf(0, found.table.layout.number, ROW_BYTES);
  i32[4] = id;
  i32[5] = value;
}

export function insert(found: LockStore, tx: Transaction, id: number, value: number): RowStatus {
  encode(found, id, value);
  return insertRow(tx, found.table, found.image, 0);
}

export function update(found: LockStore, tx: Transaction, row: Row, id: number, value: number): RowStatus {
  encode(found, id, value);
  return updateRow(tx, found.table, row.page, row.slot, found.image, 0);
}

export interface Row {
  page: number;
  slot: number;
}

/** Committed rows with ids 1 to `count`, value 0. */
export function fill(found: LockStore, count: number): Row[] {
  const tx = start(found);
  const rows: Row[] = [];
  for (let id = 1; id <= count; id++) {
    if (insert(found, tx, id, 0) !== ROW_DONE) throw new Error('the row was not inserted');
    rows.push({ page: tx.ints[ROW_PAGE], slot: tx.ints[ROW_SLOT] });
  }
  finish(tx);
  return rows;
}

/** Commits, and waits for the disk. Returns the stamp. */
export function finish(tx: Transaction): number {
  endStatement(tx);
  commit(tx);
  commitDurable(tx);
  const stamp = tx.times[COMMIT_STAMP];
  closeSession(tx.context, tx.session);
  recycle(tx);
  return stamp;
}

export function giveUp(tx: Transaction): void {
  rollback(tx);
  closeSession(tx.context, tx.session);
  recycle(tx);
}

export const startSerializable = (found: LockStore): Transaction => start(found, SERIALIZABLE);
