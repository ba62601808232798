/**
 * Other engines over the table of items, as far as the work is theirs too: node:sqlite as better-sqlite3 (kernel/items.ts), DuckDB
 * with its own file and two threads, PGlite (PostgreSQL as WebAssembly) in memory, for it has no other store that is not slower.
 * Calls of DuckDB and PGlite are asynchronous: a program that uses them pays for that, and so do these loops.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openDuckdb, openPglite, type Pglite } from '../../harness/peers.ts';
import { CACHE_BYTES } from '../kernel/items.ts';

export interface OtherEngine {
  /** The table with items 0 to rows - 1. */
  fill(rows: number): void | Promise<void>;
  /** Reads keys[from] to keys[to - 1], each row as an object; the sum of `a`, as an int32. */
  read(keys: Int32Array, from: number, to: number): number | Promise<number>;
  /** price + 1 for all keys, in one transaction. */
  update(keys: Int32Array): void | Promise<void>;
  /** Items 0 to rows - 1 by a prepared insert a row, in one transaction, into the empty table. */
  insert(rows: number, names: readonly string[]): void | Promise<void>;
  /** Rows as arrays. */
  query(sql: string): unknown[][] | Promise<unknown[][]>;
  close(): void | Promise<void>;
}

const CREATE =
  'create table item (id integer primary key, a integer not null, price double precision not null, name text not null)';
const READ = 'select id, a, price, name from item where id = $1';
const UPDATE = 'update item set price = price + 1 where id = $1';
const INSERT = 'insert into item values ($1, $2, $3, $4)';

/** The rows of kernel/items.ts, made by the engine itself. */
const fillFrom = (series: string): string => `insert into item select i, i % 1000, i * 0.5, 'item ' || (i % 1024) from ${series}`;

export function nodeSqlite(directory: string): OtherEngine {
  const database = new DatabaseSync(join(directory, 'node.sqlite'));
  database.exec(`pragma journal_mode = WAL; pragma synchronous = FULL; pragma cache_size = -${CACHE_BYTES / 1024}`);
  database.exec(CREATE);
  const prepare = (sql: string) => database.prepare(sql.replaceAll(/\$\d/g, '?'));
  const get = prepare(READ);
  const update = prepare(UPDATE);
  const insert = prepare(INSERT);
  return {
    fill(rows) {
      database.exec(
        fillFrom(`(with recursive s(i) as (select 0 union all select i + 1 from s where i < ${rows - 1}) select i from s)`),
      );
      database.exec('pragma wal_checkpoint(TRUNCATE)');
    },
    read(keys, from, to) {
      let sum = 0;
      for (let at = from; at < to; at++) sum = (sum + (get.get(keys[at])?.a as number)) | 0;
      return sum;
    },
    update(keys) {
      database.exec('begin');
      for (const key of keys) update.run(key);
      database.exec('commit');
    },
    insert(rows, names) {
      database.exec('begin');
      for (let key = 0; key < rows; key++) insert.run(key, key % 1000, key * 0.5, names[key & (names.length - 1)]);
      database.exec('commit');
    },
    query: (sql) =>
      database
        .prepare(sql)
        .all()
        .map((row) => Object.values(row)),
    close: () => database.close(),
  };
}

export async function duckdb(directory: string): Promise<OtherEngine> {
  const instance = await openDuckdb(join(directory, 'items.duckdb'), 2);
  const connection = await instance.connect();
  await connection.run(CREATE);
  const get = await connection.prepare(READ);
  const update = await connection.prepare(UPDATE);
  const insert = await connection.prepare(INSERT);
  return {
    fill: async (rows) => void (await connection.run(fillFrom(`range(${rows}) r(i)`))),
    async read(keys, from, to) {
      let sum = 0;
      for (let at = from; at < to; at++) {
        get.bindInteger(1, keys[at]);
        sum = (sum + ((await get.runAndReadAll()).getRowObjects()[0].a as number)) | 0;
      }
      return sum;
    },
    async update(keys) {
      await connection.run('begin');
      for (const key of keys) {
        update.bindInteger(1, key);
        await update.run();
      }
      await connection.run('commit');
    },
    async insert(rows, names) {
      await connection.run('begin');
      for (let key = 0; key < rows; key++) {
        insert.bindInteger(1, key);
        insert.bindInteger(2, key % 1000);
        insert.bindDouble(3, key * 0.5);
        insert.bindVarchar(4, names[key & (names.length - 1)]);
        await insert.run();
      }
      await connection.run('commit');
    },
    query: async (sql) => (await connection.runAndReadAll(sql)).getRows(),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** One for all measures: starting it takes seconds. */
let started: Promise<Pglite> | null = null;

export async function pglite(): Promise<OtherEngine> {
  started ??= openPglite();
  const database = await started;
  await database.exec(`drop table if exists item; ${CREATE}`);
  return {
    fill: async (rows) => void (await database.exec(`${fillFrom(`generate_series(0, ${rows - 1}) i`)}; analyze item`)),
    async read(keys, from, to) {
      let sum = 0;
      for (let at = from; at < to; at++) sum = (sum + ((await database.query(READ, [keys[at]])).rows[0] as { a: number }).a) | 0;
      return sum;
    },
    async update(keys) {
      await database.exec('begin');
      for (const key of keys) await database.query(UPDATE, [key]);
      await database.exec('commit');
    },
    async insert(rows, names) {
      await database.exec('begin');
      for (let key = 0; key < rows; key++) {
        await database.query(INSERT, [key, key % 1000, key * 0.5, names[key & (names.length - 1)]]);
      }
      await database.exec('commit');
    },
    query: async (sql) => (await database.query(sql, [], { rowMode: 'array' })).rows as unknown[][],
    close: async () => void (await database.exec('drop table item')),
  };
}
