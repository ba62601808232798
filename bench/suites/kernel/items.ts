/**
 * The table that the kernel's measures work on, in our kernel and in better-sqlite3: four columns, an integer key, the same rows.
 *
 *   id int32 (key 0 to rows - 1)   a = id mod 1000   price = id / 2   name = one of 1,024 texts
 *
 * What is equal on both sides, so that neither has it easier:
 *   cache        256 MiB, or what the measure says
 *   log          a commit is answered when it is on disk (SQLite: WAL, synchronous=FULL)
 *   checkpoints  after 512 MiB of log (SQLite's own default of 4 MiB would put its checkpoints into the time of its commits)
 *   statements   prepared; the loops around them have the same shape
 */
import { join } from 'node:path';
import { type Kernel, openKernel } from '../../../engine/api/kernel.ts';
import type { KernelOptions } from '../../../engine/api/kernel-options.ts';
import type { TableDefinition } from '../../../engine/api/table-definition.ts';
import type { BenchContext } from '../../harness/measure.ts';
import { openSqlite, type SqliteDatabase, type SqliteStatement } from '../../harness/peers.ts';
import { createPaths, insertItems, type ItemPaths } from './paths.ts';

const MIB = 1 << 20;
export const CACHE_BYTES = 256 * MIB;
const CHECKPOINT_BYTES = 512 * MIB;
const SQLITE_PAGE_BYTES = 4096;

export const ITEM: TableDefinition = {
  name: 'item',
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'a', kind: 'int32', nullable: false },
    { name: 'price', kind: 'float64', nullable: false },
    { name: 'name', kind: 'text', nullable: false },
  ],
  indexes: [{ name: 'item_id', columns: ['id'], unique: true }],
};

const NAMES = 1024;

/** The texts that rows take their name from: made before the clock runs, for both. */
export const itemNames = (length = 0): string[] => Array.from({ length: NAMES }, (_, n) => `item ${n}`.padEnd(length, '.'));

/** `count` random keys of `from` to `to` - 1, the same in every run. */
export function randomKeys(count: number, from: number, to: number, seed = 1): Int32Array {
  const keys = new Int32Array(count);
  let state = seed;
  for (let at = 0; at < count; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    keys[at] = from + ((state >>> 0) % (to - from));
  }
  return keys;
}

/** Small runs leave out what takes its time once: zeroing of large log files, and starting and ending the pool's threads. */
export const kernelOptions = ({ small }: BenchContext): KernelOptions => (small ? { logSegment: MIB, pool: 0 } : {});

/** Our database with its table of items. */
export interface KernelItems {
  readonly kernel: Kernel;
  readonly paths: ItemPaths;
}

/** A new database with an empty table of items. */
export function createKernelItems(directory: string, options: KernelOptions = {}): KernelItems {
  const kernel = openKernel(join(directory, 'ours'), { cacheSize: CACHE_BYTES, checkpointEvery: CHECKPOINT_BYTES, ...options });
  return { kernel, paths: createPaths(kernel, kernel.createTable(ITEM)) };
}

/** A database with `rows` items, all of it written to its file. */
export function fillKernelItems(
  directory: string,
  rows: number,
  names: readonly string[],
  options: KernelOptions = {},
): KernelItems {
  const items = createKernelItems(directory, options);
  insertAll(items, rows, names);
  items.kernel.tidy();
  items.kernel.checkpoint();
  return items;
}

const BATCH = 1000;

/** Inserts rows 0 to `rows` - 1 in one durable transaction. */
export function insertAll({ kernel, paths }: KernelItems, rows: number, names: readonly string[]): void {
  const tx = kernel.begin();
  for (let from = 0; from < rows; from += BATCH) {
    const to = Math.min(from + BATCH, rows);
    kernel.enter(() => insertItems(paths, tx, from, to, names));
  }
  kernel.commit(tx);
}

/** The same table in SQLite, with the statements of the measures. */
export interface SqliteItems {
  readonly database: SqliteDatabase;
  readonly insert: SqliteStatement;
  readonly get: SqliteStatement;
  readonly update: SqliteStatement;
  readonly sum: SqliteStatement;
}

/** Cache, durability and checkpoints as ours. */
export function setSqlitePragmas(database: SqliteDatabase, cacheBytes = CACHE_BYTES): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma(`cache_size = -${Math.floor(cacheBytes / 1024)}`);
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_BYTES / SQLITE_PAGE_BYTES}`);
}

export function openSqliteItems(directory: string, cacheBytes = CACHE_BYTES): SqliteItems {
  const database = openSqlite(join(directory, 'items.sqlite'));
  setSqlitePragmas(database, cacheBytes);
  database.exec(
    'create table if not exists item (id integer primary key, a integer not null, price real not null, name text not null)',
  );
  return {
    database,
    insert: database.prepare('insert into item values (?, ?, ?, ?)'),
    get: database.prepare('select id, a, price, name from item where id = ?'),
    update: database.prepare('update item set price = price + 1 where id = ?'),
    sum: database.prepare('select sum(price) from item where a < 500').pluck(),
  };
}

export function fillSqliteItems(
  directory: string,
  rows: number,
  names: readonly string[],
  cacheBytes = CACHE_BYTES,
): SqliteItems {
  const items = openSqliteItems(directory, cacheBytes);
  insertAllSqlite(items, rows, names);
  items.database.pragma('wal_checkpoint(TRUNCATE)');
  return items;
}

/** Inserts rows 0 to `rows` - 1 in one durable transaction. */
export function insertAllSqlite({ database, insert }: SqliteItems, rows: number, names: readonly string[]): void {
  database.exec('begin');
  for (let from = 0; from < rows; from += BATCH) insertSqliteBatch(insert, from, Math.min(from + BATCH, rows), names);
  database.exec('commit');
}

function insertSqliteBatch(insert: SqliteStatement, from: number, to: number, names: readonly string[]): void {
  for (let key = from; key < to; key++) insert.run(key, key % 1000, key * 0.5, names[key & (NAMES - 1)]);
}

/** Reads keys[from] to keys[to - 1]; returns the sum of `a`, as an int32. */
export function readSqliteItems({ get }: SqliteItems, keys: Int32Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum = (sum + (get.get(keys[at])?.a as number)) | 0;
  return sum;
}

export function updateSqliteItems({ update }: SqliteItems, keys: Int32Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if (update.run(keys[at]).changes !== 1) throw new Error(`there is no item ${keys[at]}`);
  }
}
