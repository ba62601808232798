/**
 * For tests: transactions over a whole store on a simulated disk, and a table (id, v, note) with a unique index on id and
 * another one on v. Rows are written and read by hand, so that no generated code is between a test and what it tests.
 */

import { createSharedMemory, type SharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { cacheRegions, createPageCache, startPageCache } from '../storage/cache/page-cache.ts';
import { createCursor, cursorFirst, nextBatch } from '../storage/btree/cursor.ts';
import { createIndex } from '../storage/btree/create.ts';
import { createWitness, createTree } from '../storage/btree/tree.ts';
import { collectKey } from '../storage/btree/unique.ts';
import { createDatabaseFiles, openDatabaseFiles } from '../storage/database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../storage/log/flush.ts';
import type { LogOptions } from '../storage/log/log-context.ts';
import { attachLog, firstLogStart, LOG_DEFAULTS, LOG_REGION, type LogStart, startLog } from '../storage/log/open.ts';
import { privateViews, copyWords } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_SCRATCH_BYTES, rowWordOf } from '../storage/rows/row-image.ts';
import { layoutRow } from '../storage/rows/row-layout.ts';
import { createKeyScratch, type IndexRuntime, KEY_OK, type TableRuntime } from '../storage/rows/runtime.ts';
import { createHeapMap, heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { createSpace, spaceRegions } from '../storage/space/space.ts';
import type { Vfs } from '../storage/vfs/vfs.ts';
import { ManualClock, SeededRandom, type World } from '../storage/world.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE, STATEMENT_WRITING, begin } from './begin.ts';
import { commit } from './commit.ts';
import { createTransactions, txnRegions } from './open.ts';
import { insertRow } from './row-insert.ts';
import { readRow } from './row-read.ts';
import { deleteRow, updateRow } from './row-update.ts';
import { openSession } from './sessions.ts';
import { startNumbers } from './slots.ts';
import {
  ROW_DONE,
  ROW_GONE,
  type RowStatus,
  type Transaction,
  type Transactions,
  TXN_DEFAULTS,
  type TxnOptions,
} from './transactions.ts';

export const DIRECTORY = '/database';
export const TABLE_ID = 100;

export const LAYOUT = layoutRow([
  { name: 'id', kind: 'int32', nullable: false },
  { name: 'v', kind: 'int32', nullable: false },
  { name: 'note', kind: 'text', nullable: false },
]);
const ID = LAYOUT.columns[0].at;
const V = LAYOUT.columns[1].at;
const NOTE = LAYOUT.columns[2].at;

export interface FixtureOptions {
  frames?: number;
  ringBytes?: number;
  versionBytes?: number;
  heapBytes?: number;
  txn?: Partial<TxnOptions>;
  boot?: number;
  start?: LogStart;
  /** How many of the table's indexes it has: the first ones. */
  indexes?: number;
  /** False: a table without log. */
  logged?: boolean;
  /** Highest transaction number so far. */
  numbers?: number;
}

export const optionsOf = (given: FixtureOptions): TxnOptions => ({
  ...TXN_DEFAULTS,
  slots: 64,
  sessions: 64,
  chunks: 4096,
  ...given.txn,
});

export interface TxnStore {
  readonly shm: SharedMemory;
  readonly txns: Transactions;
  table: TableRuntime;
  readonly world: World;
}

export const fixtureMemory = (given: FixtureOptions): SharedMemory =>
  createSharedMemory({
    frames: given.frames ?? 512,
    framesPerSegment: 256,
    threadSlots: 16,
    ringBytes: given.ringBytes ?? 256 << 10,
    heapBytes: given.heapBytes ?? 4 << 20,
    versionBytes: given.versionBytes ?? 4 << 20,
    regions: [LOG_REGION, ...cacheRegions(), ...spaceRegions(), ...txnRegions(optionsOf(given), 16)],
  });

export const logOptions = (boot: number, directory = DIRECTORY): LogOptions => ({
  ...LOG_DEFAULTS,
  directory: `${directory}/log`,
  databaseHigh: 1,
  databaseLow: 2,
  boot,
  segmentBytes: 4 << 20,
});

export const fixtureWorld = (vfs: Vfs): World => ({
  vfs,
  clock: new ManualClock(1_700_000_000_000_000, 1),
  random: new SeededRandom(1),
});

const keyOfColumn =
  (at: number): IndexRuntime['extract'] =>
  (i32, _u16, _u8, _f64, row, key) => {
    key.i32[0] = i32[(row + at) >> 2];
    key.length = 4;
    key.nulls = 0;
    return KEY_OK;
  };

const indexOn = (id: number, root: number, at: number, unique: boolean): IndexRuntime => ({
  id,
  root,
  kind: 'i32',
  unique,
  nullsDistinct: true,
  word: at >> 2,
  extract: keyOfColumn(at),
  extractWide: () => KEY_OK,
  sameKey: (a, aRow, b, bRow) => a.i32[(aRow + at) >> 2] === b.i32[(bRow + at) >> 2],
});

export const tableOf = (mapRoot: number, idRoot: number, vRoot: number, logged = true): TableRuntime => ({
  id: TABLE_ID,
  mapRoot,
  layouts: [LAYOUT],
  layout: LAYOUT,
  upgrade: (from, row, to, toRow) => {
    copyWords(to.i32, toRow, from.i32, row, imageLength(from.i32, row));
    return imageLength(from.i32, row);
  },
  logged,
  temporary: false,
  indexes: [indexOn(101, idRoot, ID, true), indexOn(102, vRoot, V, false)],
});

/** An empty database with the table, this thread attached. */
export function createTxnStore(vfs: Vfs, given: FixtureOptions = {}, directory = DIRECTORY): TxnStore {
  vfs.makeDirectory(directory);
  createDatabaseFiles(vfs, directory);
  const shm = fixtureMemory(given);
  attachThread(shm, THREAD_ROLE_HOST);
  const store = joinTxnStore(vfs, shm, given, directory);
  const { cache, log, space, tree } = store.txns;
  startPageCache(cache, { boot: given.boot ?? 1, databaseHigh: 1, databaseLow: 2 }, 1);
  startLog(log, given.start ?? firstLogStart());
  startNumbers(store.txns, given.numbers ?? 0);
  const mapRoot = createHeapMap(space, TABLE_ID);
  const logged = given.logged ?? true;
  const table = tableOf(mapRoot, createIndex(tree, 'i32', logged, false), createIndex(tree, 'i32', logged, false), logged);
  store.table = { ...table, indexes: table.indexes.slice(0, given.indexes ?? 2) };
  return store;
}

/** The views of a thread that is attached; the table is the caller's to set. */
export function joinTxnStore(vfs: Vfs, shm: SharedMemory, given: FixtureOptions, directory = DIRECTORY): TxnStore {
  const world = fixtureWorld(vfs);
  const log = attachLog(shm, world, logOptions(given.boot ?? 1, directory));
  const cache = createPageCache(shm, world, openDatabaseFiles(vfs, directory), {
    durableLsn: () => durableLsn(log),
    flushTo: (lsn) => flushTo(log, lsn),
    endLsn: () => tailLsn(log),
  });
  cache.boot = given.boot ?? 1;
  const space = createSpace(shm, cache, log);
  const tree = createTree(shm, cache, log, space);
  const store: TxnStore = { shm, world, table: tableOf(0, 0, 0), txns: undefined as unknown as Transactions };
  const txns = createTransactions({
    shm,
    cache,
    log,
    space,
    tree,
    findTable: (id) => (id === TABLE_ID ? store.table : undefined),
    readOverflow: () => new Uint8Array(0),
    options: optionsOf(given),
  });
  return Object.assign(store, { txns });
}

const build = privateViews(ROW_SCRATCH_BYTES);
const seen = privateViews(ROW_SCRATCH_BYTES);

/** Writes a row image to `build`. */
export function encode(id: number, v: number, note = ''): typeof build {
  const bytes = Buffer.from(note);
  build.i32.fill(0, 0, (LAYOUT.fixedEnd + bytes.length + 16) >> 2);
  build.i32[ID >> 2] = id;
  build.i32[V >> 2] = v;
  build.u16[NOTE >> 1] = LAYOUT.fixedEnd;
  build.u16[(NOTE >> 1) + 1] = bytes.length;
  build.u8.set(bytes, LAYOUT.fixedEnd);
  build.i32[3] = rowWordOf(0, 0, LAYOUT.fixedEnd + bytes.length);
  return build;
}

export interface Row {
  id: number;
  v: number;
  note: string;
}

const decode = (): Row => ({
  id: seen.i32[ID >> 2],
  v: seen.i32[V >> 2],
  note: seen.bytesView.toString('utf8', seen.u16[NOTE >> 1], seen.u16[NOTE >> 1] + seen.u16[(NOTE >> 1) + 1]),
});

/** A session of the calling thread, for tests that run several in turn. */
export class Session {
  readonly store: TxnStore;
  readonly session: number;
  tx: Transaction | null = null;
  /** Where the last row that was found lies. */
  page = 0;
  slot = 0;
  lastCommit = 0;

  constructor(store: TxnStore) {
    this.store = store;
    this.session = openSession(store.txns);
  }

  begin(options: Parameters<typeof begin>[2] = {}): Transaction {
    this.tx = begin(this.store.txns, this.session, options, this.lastCommit);
    return this.tx;
  }

  private statement<Result>(writes: boolean, kind: number, body: (tx: Transaction) => Result): Result {
    const tx = this.tx!;
    beginStatement(tx, kind, writes);
    const result = body(tx);
    endStatement(tx);
    return result;
  }

  insert(id: number, v: number, note = ''): RowStatus {
    return this.statement(true, STATEMENT_SIMPLE, (tx) => insertRow(tx, this.store.table, encode(id, v, note), 0));
  }

  /** The row with this id as the running statement sees it. */
  find(tx: Transaction, id: number): Row | null {
    const { txns, table } = this.store;
    const key = createKeyScratch();
    const witness = createWitness();
    key.i32[0] = id;
    key.length = 4;
    collectKey(txns.tree, table.indexes[0], key, witness);
    for (let at = 0; at < witness.rowCount; at++) {
      const length = readRow(tx, table, witness.rowPages[at], witness.rowSlots[at], seen, 0);
      if (length === 0 || seen.i32[ID >> 2] !== id) continue;
      this.page = witness.rowPages[at];
      this.slot = witness.rowSlots[at];
      return decode();
    }
    return null;
  }

  get(id: number): Row | null {
    return this.statement(false, STATEMENT_SIMPLE, (tx) => this.find(tx, id));
  }

  /** ROW_GONE when there is no such row. */
  update(id: number, v: number, note?: string, newId = id): RowStatus {
    return this.statement(true, STATEMENT_SIMPLE, (tx) => {
      const row = this.find(tx, id);
      if (row === null) return ROW_GONE;
      return updateRow(tx, this.store.table, this.page, this.slot, encode(newId, v, note ?? row.note), 0);
    });
  }

  /** note = what `change` makes of it */
  rewrite(id: number, change: (note: string) => string): RowStatus {
    return this.statement(true, STATEMENT_SIMPLE, (tx) => {
      const row = this.find(tx, id);
      if (row === null) return ROW_GONE;
      return updateRow(tx, this.store.table, this.page, this.slot, encode(id, row.v, change(row.note)), 0);
    });
  }

  /** v = v + change */
  change(id: number, change: number): RowStatus {
    return this.statement(true, STATEMENT_SIMPLE, (tx) => {
      const row = this.find(tx, id);
      if (row === null) return ROW_GONE;
      return updateRow(tx, this.store.table, this.page, this.slot, encode(id, row.v + change, row.note), 0);
    });
  }

  delete(id: number): RowStatus {
    return this.statement(true, STATEMENT_SIMPLE, (tx) => {
      if (this.find(tx, id) === null) return ROW_GONE;
      return deleteRow(tx, this.store.table, this.page, this.slot);
    });
  }

  /** Every row, by walking the heap. */
  all(): Row[] {
    return this.statement(false, STATEMENT_SIMPLE, (tx) => allRows(this.store, tx));
  }

  /** insert into t select id + add, v, note from t */
  insertSelect(add: number): RowStatus {
    return this.statement(true, STATEMENT_WRITING, (tx) => {
      for (const row of allRows(this.store, tx)) {
        const status = insertRow(tx, this.store.table, encode(row.id + add, row.v, row.note), 0);
        if (status !== ROW_DONE) return status;
      }
      return ROW_DONE;
    });
  }

  commit(): void {
    const tx = this.tx!;
    commit(tx);
    this.lastCommit = Math.max(this.lastCommit, tx.times[8]);
    // Not recycled: tests look at it afterwards.
    this.tx = null;
  }
}

/** What the transaction sees of the table, through the heap. */
export function allRows(store: TxnStore, tx: Transaction): Row[] {
  const { txns, table } = store;
  const rows: Row[] = [];
  const count = heapPageCount(txns.space, table.mapRoot);
  for (let index = 0; index < count; index++) {
    const page = heapPage(txns.space, table.mapRoot, index);
    for (let slot = 0; slot < 300; slot++) if (readRow(tx, table, page, slot, seen, 0) > 0) rows.push(decode());
  }
  return rows.sort((a, b) => a.id - b.id);
}

/** All entries of an index: key and row id. */
export function entriesOf(store: TxnStore, at: number): string[] {
  const cursor = createCursor('i32', 100);
  const found: string[] = [];
  cursorFirst(cursor);
  while (nextBatch(store.txns.tree, store.table.indexes[at].root, cursor) > 0) {
    for (let entry = 0; entry < cursor.count; entry++) {
      found.push(`${cursor.words[entry]} ${cursor.rowPages[entry]}:${cursor.rowSlots[entry]}`);
    }
  }
  return found;
}

/** Seed of a random test, printed, or the one that is asked for. */
export function seedOf(name: string): number {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: SCRATCHBIRD_SEED=${seed}`);
  return seed;
}
