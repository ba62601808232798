/** Measures of SQL from one thread, beside better-sqlite3: reads, writes, commits, sums and groups. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { openSqlite, type SqliteDatabase } from '../../harness/peers.ts';
import { operationsPerSecond, ratePerSecond, seconds } from '../../harness/rate.ts';
import {
  fillSqliteItems,
  insertAllSqlite,
  itemNames,
  openSqliteItems,
  randomKeys,
  readSqliteItems,
  type SqliteItems,
  updateSqliteItems,
} from '../kernel/items.ts';
import { createSqlItems, fillSqlItems, insertAllSql, readSqlItems, type SqlItems, sqlOptions, updateSqlItems } from './items.ts';

const BATCH = 1000;
const KEYS = 1_000_000;

function rounds(length: number): () => number {
  let at = -BATCH;
  return () => {
    at = at + 2 * BATCH > length ? 0 : at + BATCH;
    return at;
  };
}

function same(what: string, ours: unknown, theirs: unknown): void {
  if (ours !== theirs) throw new Error(`${what}: ours is ${String(ours)}, the peer's ${String(theirs)}`);
}

function close(ours: SqlItems, theirs: SqliteItems | undefined): void {
  ours.database.close();
  theirs?.database.close();
}

interface Pair {
  readonly rows: number;
  readonly ours: SqlItems;
  readonly theirs: SqliteItems | undefined;
}

function fillBoth(context: BenchContext, full: number, small: number): Pair {
  const rows = context.size(full, small);
  const names = itemNames();
  const ours = fillSqlItems(context.directory, rows, names, sqlOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  return { rows, ours, theirs };
}

/** `get` by primary key, the row as an object. `inTransaction`: all reads of a turn in one, on both sides. */
function get(context: BenchContext, inTransaction: boolean): Running {
  const { rows, ours, theirs } = fillBoth(context, 1_000_000, 5000);
  const keys = randomKeys(context.size(KEYS, 4 * BATCH), 0, rows);
  const sum = readSqlItems(ours, keys, 0, BATCH);
  context.digest(sum);
  if (theirs !== undefined) same('sum of the rows read', sum, readSqliteItems(theirs, keys, 0, BATCH));
  const rate = async (database: { exec(sql: string): unknown }, read: (from: number) => void): Promise<number> => {
    const next = rounds(keys.length);
    if (inTransaction) database.exec('begin');
    const result = await operationsPerSecond(context, BATCH, () => read(next()));
    if (inTransaction) database.exec('commit');
    return result;
  };
  return {
    ours: () => rate(ours.database, (from) => void readSqlItems(ours, keys, from, from + BATCH)),
    peer: theirs && (() => rate(theirs.database, (from) => void readSqliteItems(theirs, keys, from, from + BATCH))),
    teardown: () => close(ours, theirs),
  };
}

/** Into a new database each turn; the commit, on disk, is part of the time. */
function insert(context: BenchContext): Running {
  const rows = context.size(1_000_000, 3000);
  const names = itemNames();
  let turn = 0;
  const place = (): string => {
    const directory = join(context.directory, `${turn++}`);
    mkdirSync(directory);
    return directory;
  };
  const ours = async (count: number): Promise<number> => {
    const items = createSqlItems(place(), sqlOptions(context));
    const time = await seconds(() => insertAllSql(items, count, names));
    items.database.close();
    return count / time;
  };
  const theirs = async (count: number): Promise<number> => {
    const items = openSqliteItems(place());
    const time = await seconds(() => insertAllSqlite(items, count, names));
    items.database.close();
    return count / time;
  };
  context.digest(rows);
  return { ours: () => ours(rows), peer: context.hasPeer ? () => theirs(rows) : undefined };
}

/** Each turn one transaction with its durable commit. */
function update(context: BenchContext): Running {
  const { rows, ours, theirs } = fillBoth(context, 1_000_000, 5000);
  const changes = context.size(200_000, 2000);
  const keys = randomKeys(changes, 0, rows);
  const turn = (database: { exec(sql: string): unknown }, body: () => void): Promise<number> =>
    seconds(() => {
      database.exec('begin');
      body();
      database.exec('commit');
    });
  context.digest(changes);
  return {
    ours: async () => changes / (await turn(ours.database, () => updateSqlItems(ours, keys, 0, changes))),
    peer: theirs && (async () => changes / (await turn(theirs.database, () => updateSqliteItems(theirs, keys, 0, changes)))),
    teardown: () => close(ours, theirs),
  };
}

/** One session that waits for the disk after each row. */
function durableCommit(context: BenchContext): Running {
  const { rows, ours, theirs } = fillBoth(context, 100_000, 2000);
  const keys = randomKeys(65536, 0, rows);
  let at = 0;
  context.digest(rows);
  const one = (change: (from: number) => void): number =>
    ratePerSecond(context, () => {
      at = (at + 1) & 65535;
      change(at);
      return 1;
    });
  return {
    ours: () => one((from) => updateSqlItems(ours, keys, from, from + 1)),
    peer: theirs && (() => one((from) => updateSqliteItems(theirs, keys, from, from + 1))),
    teardown: () => close(ours, theirs),
  };
}

const GROUPS = 'select a, count(*) as n, sum(price) as sum from item group by a';

function query(context: BenchContext, sql: string): Running {
  const { rows, ours, theirs } = fillBoth(context, 1_000_000, 5000);
  const mine = ours.database.prepare(sql).raw();
  const other = theirs?.database.prepare(sql).raw();
  const check = (all: unknown[]): string => {
    const sorted = (all as number[][]).map((row) => row.map(Number).join(' ')).sort();
    return sorted.join('\n');
  };
  const expected = check(mine.all());
  context.digest(expected);
  if (other !== undefined) same(sql, expected, check(other.all() as unknown as unknown[]));
  return {
    ours: async () => rows * (await operationsPerSecond(context, 1, () => void mine.all())),
    peer: other && (async () => rows * (await operationsPerSecond(context, 1, () => void other.all()))),
    teardown: () => close(ours, theirs),
  };
}

// ---- a transaction like TPC-B's ----

const TPCB_SCHEMA = [
  'create table branches (bid integer primary key, bbalance integer not null)',
  'create table tellers (tid integer primary key, bid integer not null, tbalance integer not null)',
  'create table accounts (aid integer primary key, bid integer not null, abalance integer not null)',
  'create table history (tid integer, bid integer, aid integer, delta integer, mtime bigint)',
];
const ACCOUNTS = 100_000;
const TELLERS = 10;

interface Executor {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
}

function fillBank(database: Executor, accounts: number): void {
  for (const statement of TPCB_SCHEMA) database.exec(statement);
  database.exec('begin');
  database.exec('insert into branches values (1, 0)');
  const teller = database.prepare('insert into tellers values (?, 1, 0)'.replace('?', placeholder(database, 1)));
  for (let n = 1; n <= TELLERS; n++) teller.run(n);
  const account = database.prepare(`insert into accounts values (${placeholder(database, 1)}, 1, 0)`);
  for (let n = 1; n <= accounts; n++) account.run(n);
  database.exec('commit');
}

/** Ours takes $1, SQLite takes ?. */
const placeholder = (database: Executor, number: number): string => ('pragma' in database ? '?' : `$${number}`);

/** Each transaction of five statements, durable. */
function bankTransactions(context: BenchContext, database: Executor, accounts: number): () => number {
  const p = (number: number): string => placeholder(database, number);
  const account = database.prepare(`update accounts set abalance = abalance + ${p(1)} where aid = ${p(2)}`);
  const balance = database.prepare(`select abalance from accounts where aid = ${p(1)}`);
  const teller = database.prepare(`update tellers set tbalance = tbalance + ${p(1)} where tid = ${p(2)}`);
  const branch = database.prepare(`update branches set bbalance = bbalance + ${p(1)} where bid = ${p(2)}`);
  const history = database.prepare(`insert into history values (${p(1)}, ${p(2)}, ${p(3)}, ${p(4)}, ${p(5)})`);
  const begin = database.prepare('begin');
  const commit = database.prepare('commit');
  let n = 1;
  return () =>
    ratePerSecond(context, () => {
      n = (n * 48271) % 2147483647;
      const aid = 1 + (n % accounts);
      const tid = 1 + (n % TELLERS);
      const delta = (n % 10_000) - 5000;
      begin.run();
      account.run(delta, aid);
      balance.get(aid);
      teller.run(delta, tid);
      branch.run(delta, 1);
      history.run(tid, 1, aid, delta, n);
      commit.run();
      return 1;
    });
}

function bank(context: BenchContext): Running {
  const accounts = context.size(ACCOUNTS, 1000);
  const ours = createSqlItems(context.directory, sqlOptions(context)).database;
  fillBank(ours, accounts);
  let theirs: SqliteDatabase | undefined;
  if (context.hasPeer) {
    theirs = openSqlite(join(context.directory, 'bank.sqlite'));
    theirs.pragma('journal_mode = WAL');
    theirs.pragma('synchronous = FULL');
    fillBank(theirs, accounts);
  }
  context.digest(accounts);
  return {
    ours: bankTransactions(context, ours, accounts),
    peer: theirs && bankTransactions(context, theirs, accounts),
    teardown: () => {
      ours.close();
      theirs?.close();
    },
  };
}

const SQLITE = { better: 'higher', peerName: 'better-sqlite3', needs: ['better-sqlite3'] } as const;

export const singleMeasures: readonly Measure[] = [
  { name: 'get by primary key', unit: 'rows/s', ...SQLITE, bar: 4, aim: 6, setup: (context) => get(context, false) },
  {
    name: 'get by primary key in one transaction',
    unit: 'rows/s',
    ...SQLITE,
    bar: 2,
    aim: 3,
    setup: (context) => get(context, true),
  },
  { name: 'update by primary key in one transaction', unit: 'rows/s', ...SQLITE, bar: 2, aim: 4, setup: update },
  { name: 'insert in one transaction', unit: 'rows/s', ...SQLITE, bar: 1, aim: 2, setup: insert },
  { name: 'durable autocommit, 1 session', unit: 'commits/s', ...SQLITE, bar: 1, aim: 1.3, setup: durableCommit },
  { name: 'TPC-B-like, durable', unit: 'transactions/s', ...SQLITE, bar: 1, aim: 2, setup: bank },
  {
    name: 'filtered sum',
    unit: 'rows/s',
    ...SQLITE,
    bar: 3,
    aim: 8,
    setup: (context) => query(context, 'select sum(price) as sum from item where a < 500'),
  },
  { name: '1000-group GROUP BY', unit: 'rows/s', ...SQLITE, bar: 3, aim: 8, setup: (context) => query(context, GROUPS) },
];
