/**
 * A million facts with two dimensions, in our database and in better-sqlite3, for joins, orders and windows:
 *
 *   fact   id, person (of 10,000), place (of 100), part (of 1,000), amount, note (a text, almost all different)
 *   person id, kind (of 10), name     place  id, name
 */
import { join } from 'node:path';
import { open, type Database } from '../../../engine/api/api.ts';
import type { BenchContext } from '../../harness/measure.ts';
import { openSqlite, type SqliteDatabase } from '../../harness/peers.ts';
import { Random } from './tpch/random.ts';

const MIB = 1 << 20;
const CACHE_BYTES = 512 * MIB;
const PEOPLE = 10_000;
const PLACES = 100;
export const PARTITIONS = 1000;

const CREATE = [
  'create table fact (id integer primary key, person integer not null, place integer not null, part integer not null, amount integer not null, note text not null)',
  'create table person (id integer primary key, kind integer not null, name text not null)',
  'create table place (id integer primary key, name text not null)',
];

interface Loader {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: (string | number)[]): unknown };
}

/** Both engines through the calls that they have in common. */
function load(database: Loader, facts: number, parameter: (index: number) => string): void {
  for (const sql of CREATE) database.exec(sql);
  const random = new Random(11);
  const insert = (table: string, columns: number) =>
    database.prepare(
      `insert into ${table} values (${Array.from({ length: columns }, (_, index) => parameter(index)).join(', ')})`,
    );
  database.exec('begin');
  const place = insert('place', 2);
  for (let id = 0; id < PLACES; id++) place.run(id, `place ${id}`);
  const person = insert('person', 3);
  for (let id = 0; id < PEOPLE; id++) person.run(id, id % 10, `person ${id}`);
  const fact = insert('fact', 6);
  for (let id = 0; id < facts; id++) {
    const note = `${random.next().toString(36)} note ${id % 97}`;
    fact.run(
      id,
      random.between(0, PEOPLE - 1),
      random.between(0, PLACES - 1),
      random.between(0, PARTITIONS - 1),
      random.between(1, 10_000),
      note,
    );
  }
  database.exec('commit');
  database.exec('analyze');
}

export interface Star {
  readonly ours: Database;
  readonly theirs: SqliteDatabase | undefined;
  close(): void;
}

export function fillStar(context: BenchContext, facts: number): Star {
  const ours = open(join(context.directory, 'ours'), {
    cacheSize: CACHE_BYTES,
    ...(context.small ? { logSegment: MIB, pool: 0 } : {}),
  });
  ours.exec('set max_parallel_workers_per_gather = 0');
  load(ours, facts, (index) => `$${index + 1}`);
  ours.kernel.tidy();
  ours.checkpoint();
  if (!context.hasPeer) return { ours, theirs: undefined, close: () => ours.close() };
  const theirs = openSqlite(join(context.directory, 'peer.sqlite'));
  theirs.pragma('journal_mode = WAL');
  theirs.pragma(`cache_size = -${CACHE_BYTES / 1024}`);
  load(theirs, facts, () => '?');
  const close = (): void => {
    ours.close();
    theirs.close();
  };
  return { ours, theirs, close };
}
