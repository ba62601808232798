/**
 * TPC-H's data in each engine: the tables with their primary keys, then the rows in the order of the key, then the other indexes, then
 * statistics. Every engine has the same indexes.
 */
import { join } from 'node:path';
import { open, type Database } from '../../../../engine/api/api.ts';
import { openSqlite, type SqliteDatabase } from '../../../harness/peers.ts';
import { type PostgresqlServer, startPostgresql } from '../../../harness/postgresql.ts';
import { customers, nations, orders, type Order, partSuppliers, parts, regions, type Row, sizesOf, suppliers } from './rows.ts';
import { createIndexes, createTable, TABLES, type TpchTable } from './schema.ts';

const MIB = 1 << 20;
/** Every engine's cache, and what a sort or hash table may take. */
export const CACHE_BYTES = 2048 * MIB;
export const WORK_MEMORY = 256 * MIB;

/** Rows of a table, of all but orders and lineitem, which are drawn together. */
function* plainRows(name: string, scale: number): Generator<Row> {
  const sizes = sizesOf(scale);
  if (name === 'region') yield* regions();
  else if (name === 'nation') yield* nations();
  else if (name === 'supplier') yield* suppliers(sizes);
  else if (name === 'part') yield* parts(sizes);
  else if (name === 'partsupp') yield* partSuppliers(sizes);
  else if (name === 'customer') yield* customers(sizes);
}

function* tableRows(name: string, scale: number): Generator<Row> {
  if (name !== 'orders' && name !== 'lineitem') {
    yield* plainRows(name, scale);
    return;
  }
  for (const { order, lines } of orders(sizesOf(scale)) as Generator<Order>) {
    if (name === 'orders') yield order;
    else yield* lines;
  }
}

const texts = new Map<number, string>();

/** '1995-06-17' of days since 1970; there are a few thousand. */
function dateText(days: number): string {
  let text = texts.get(days);
  if (text === undefined) {
    text = new Date(days * 86_400_000).toISOString().slice(0, 10);
    texts.set(days, text);
  }
  return text;
}

/** The row with dates as texts. */
function withDates({ columns }: TpchTable, row: Row): (string | number)[] {
  return row.map((value, index) => (columns[index][1] === 'date' ? dateText(value as number) : value));
}

const parameters = ({ columns }: TpchTable, of: (index: number) => string): string =>
  columns.map((_, index) => of(index)).join(', ');

const ROWS_A_TRANSACTION = 500_000;

/** Our database with the data. */
export function loadOurs(directory: string, scale: number, cacheBytes = CACHE_BYTES): Database {
  const database = open(join(directory, 'ours'), { cacheSize: cacheBytes });
  for (const table of TABLES) {
    database.exec(createTable(table, false));
    const insert = database.prepare(`insert into ${table.name} values (${parameters(table, (index) => `$${index + 1}`)})`);
    let inTransaction = 0;
    for (const row of tableRows(table.name, scale)) {
      if (inTransaction === 0) database.exec('begin');
      insert.run(...withDates(table, row));
      if (++inTransaction < ROWS_A_TRANSACTION) continue;
      database.exec('commit');
      inTransaction = 0;
    }
    if (inTransaction > 0) database.exec('commit');
    for (const index of createIndexes(table)) database.exec(index);
  }
  database.kernel.tidy();
  database.checkpoint();
  database.exec('analyze');
  return database;
}

export function loadSqlite(directory: string, scale: number): SqliteDatabase {
  const database = openSqlite(join(directory, 'peer.sqlite'));
  database.pragma('journal_mode = WAL');
  database.pragma(`cache_size = -${CACHE_BYTES / 1024}`);
  database.pragma('synchronous = OFF');
  for (const table of TABLES) {
    database.exec(createTable(table, true));
    const insert = database.prepare(`insert into ${table.name} values (${parameters(table, () => '?')})`);
    database.transaction(() => {
      for (const row of tableRows(table.name, scale)) {
        const values = withDates(table, row);
        // Money is a real there.
        insert.run(...values.map((value, index) => (table.columns[index][1].startsWith('decimal') ? Number(value) : value)));
      }
    })();
    for (const index of createIndexes(table)) database.exec(index);
  }
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.exec('analyze');
  return database;
}

/** Rows as COPY's text format has them. */
export function* copyLines(table: TpchTable, scale: number): Generator<string> {
  for (const row of tableRows(table.name, scale)) yield withDates(table, row).join('\t');
}

/** A server with the data; one thread a query. */
export async function loadPostgresql(directory: string, scale: number): Promise<PostgresqlServer> {
  const server = await startPostgresql(directory, {
    shared_buffers: `${CACHE_BYTES / MIB}MB`,
    work_mem: `${WORK_MEMORY / MIB}MB`,
    maintenance_work_mem: '512MB',
    max_wal_size: '8GB',
    max_parallel_workers_per_gather: '0',
    synchronous_commit: 'off',
  });
  for (const table of TABLES) {
    await server.client.query(createTable(table, false));
    await server.copy(table.name, copyLines(table, scale));
    for (const index of createIndexes(table)) await server.client.query(index);
  }
  await server.client.query('vacuum analyze');
  return server;
}
