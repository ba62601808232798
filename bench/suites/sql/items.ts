/**
 * The table of the measures of SQL, in our database and in better-sqlite3, both through their usual calls: prepare, get, run.
 * What is equal on both sides is said in kernel/items.ts: cache, durability, checkpoints.
 */
import { join } from 'node:path';
import { open, type Database, type OpenOptions, type Statement } from '../../../engine/api/api.ts';
import type { BenchContext } from '../../harness/measure.ts';
import { CACHE_BYTES } from '../kernel/items.ts';

const MIB = 1 << 20;
export const CHECKPOINT_BYTES = 512 * MIB;

/** Small runs leave out what takes its time once. */
export const sqlOptions = ({ small }: BenchContext): OpenOptions => (small ? { logSegment: MIB, pool: 0 } : {});

export interface SqlItems {
  readonly database: Database;
  readonly insert: Statement;
  readonly get: Statement;
  readonly update: Statement;
  readonly sum: Statement;
}

export const CREATE_ITEM =
  'create table item (id integer primary key, a integer not null, price double precision not null, name text not null)';

export function openSqlItems(directory: string, options: OpenOptions = {}): SqlItems {
  const database = open(join(directory, 'sql'), { cacheSize: CACHE_BYTES, checkpointEvery: CHECKPOINT_BYTES, ...options });
  return { database, ...statementsOf(database) };
}

export function createSqlItems(directory: string, options: OpenOptions = {}): SqlItems {
  const database = open(join(directory, 'sql'), { cacheSize: CACHE_BYTES, checkpointEvery: CHECKPOINT_BYTES, ...options });
  database.exec(CREATE_ITEM);
  return { database, ...statementsOf(database) };
}

export function statementsOf(database: Database): Omit<SqlItems, 'database'> {
  return {
    insert: database.prepare('insert into item values ($1, $2, $3, $4)'),
    get: database.prepare('select id, a, price, name from item where id = $1'),
    update: database.prepare('update item set price = price + 1 where id = $1'),
    sum: database.prepare('select sum(price) as sum from item where a < 500'),
  };
}

/** Inserts rows 0 to `rows` - 1 in one durable transaction, one call a row. */
export function insertAllSql({ database, insert }: SqlItems, rows: number, names: readonly string[]): void {
  const mask = names.length - 1;
  database.transaction(() => {
    for (let key = 0; key < rows; key++) insert.run(key, key % 1000, key * 0.5, names[key & mask]);
  })();
}

export function fillSqlItems(directory: string, rows: number, names: readonly string[], options: OpenOptions = {}): SqlItems {
  const items = createSqlItems(directory, options);
  insertAllSql(items, rows, names);
  items.database.kernel.tidy();
  items.database.checkpoint();
  items.database.exec('analyze item');
  return items;
}

/** Reads keys[from] to keys[to - 1]; returns the sum of `a`, as an int32. */
export function readSqlItems({ get }: SqlItems, keys: Int32Array, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at++) sum = (sum + (get.get(keys[at])?.a as number)) | 0;
  return sum;
}

export function updateSqlItems({ update }: SqlItems, keys: Int32Array, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    if (update.run(keys[at]).changes !== 1) throw new Error(`there is no item ${keys[at]}`);
  }
}
