/**
 * Rows that refer to others: a million into a table with a key of its own and a foreign key, one call a row, in one durable transaction.
 * The rows referred to are 100,000, in random order. Each turn is a new database.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from '../../../engine/api/api.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { openSqlite } from '../../harness/peers.ts';
import { seconds } from '../../harness/rate.ts';
import { CACHE_BYTES, randomKeys, setSqlitePragmas } from '../kernel/items.ts';
import { CHECKPOINT_BYTES, sqlOptions } from '../sql/items.ts';

const ROWS = 1_000_000;
const CUSTOMERS = 100_000;

const SCHEMA = [
  'create table customer (id integer primary key, name text not null)',
  'create table purchase (id integer primary key, customer integer not null references customer, amount integer not null)',
];

interface Executor {
  exec(text: string): unknown;
  prepare(text: string): { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
  close(): void;
}

/** Rows a second of the insert, its commit included. */
async function inserted(database: Executor, customers: number, keys: Int32Array, mark: (at: number) => string): Promise<number> {
  for (const statement of SCHEMA) database.exec(statement);
  const customer = database.prepare(`insert into customer values (${mark(1)}, ${mark(2)})`);
  database.exec('begin');
  for (let id = 0; id < customers; id++) customer.run(id, `customer ${id}`);
  database.exec('commit');
  const purchase = database.prepare(`insert into purchase values (${mark(1)}, ${mark(2)}, ${mark(3)})`);
  const time = await seconds(() => {
    database.exec('begin');
    for (let id = 0; id < keys.length; id++) purchase.run(id, keys[id], id % 1000);
    database.exec('commit');
  });
  let refused = 0;
  try {
    purchase.run(keys.length, customers, 0);
  } catch {
    refused++;
  }
  const { n } = database.prepare('select count(*) as n from purchase').get() as { n: number };
  if (refused !== 1 || Number(n) !== keys.length) throw new Error(`${n} rows, ${refused} refused`);
  database.close();
  return keys.length / time;
}

function setUp(context: BenchContext): Running {
  const customers = context.size(CUSTOMERS, 100);
  const keys = randomKeys(context.size(ROWS, 3000), 0, customers);
  let turn = 0;
  const place = (): string => {
    const directory = join(context.directory, `${turn++}`);
    mkdirSync(directory);
    return directory;
  };
  const ours = (): Promise<number> => {
    const options = { cacheSize: CACHE_BYTES, checkpointEvery: CHECKPOINT_BYTES, ...sqlOptions(context) };
    return inserted(open(place(), options), customers, keys, (at) => `$${at}`);
  };
  const theirs = (): Promise<number> => {
    const database = openSqlite(join(place(), 'purchases.sqlite'));
    setSqlitePragmas(database);
    database.pragma('foreign_keys = on');
    return inserted(database, customers, keys, () => '?');
  };
  context.digest(keys.length);
  return { ours, peer: context.hasPeer ? theirs : undefined };
}

export const foreignKeyMeasures: readonly Measure[] = [
  {
    name: 'foreign-key insert of 1M rows',
    unit: 'rows/s',
    better: 'higher',
    peerName: 'better-sqlite3',
    needs: ['better-sqlite3'],
    bar: 1,
    aim: 2,
    setup: setUp,
  },
];
