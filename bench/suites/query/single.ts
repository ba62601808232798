/** Joins, orders and windows over a million rows, beside better-sqlite3; a join that must spill, beside one that need not. */
import { join } from 'node:path';
import { open } from '../../../engine/api/api.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { seconds } from '../../harness/rate.ts';
import { fillStar } from './star.ts';

const MIB = 1 << 20;
const FACTS = 1_000_000;

interface Reader {
  prepare(sql: string): { raw(toggle?: boolean): { all(): unknown } };
}

/** All rows of a query, as arrays. */
const rowsOf = (database: Reader, sql: string): unknown[][] => database.prepare(sql).raw().all() as unknown[][];

function same(ours: unknown[][], theirs: unknown[][]): void {
  const text = (rows: unknown[][]): string => JSON.stringify(rows.map((row) => row.map(Number)));
  if (ours.length !== theirs.length || text(ours.slice(0, 1000)) !== text(theirs.slice(0, 1000)))
    throw new Error(`the answers differ: ${JSON.stringify(ours[0])} and ${JSON.stringify(theirs[0])}`);
}

/** One query, timed as a whole. */
function query(context: BenchContext, sql: string): Running {
  const { ours, theirs, close } = fillStar(context, context.size(FACTS, 3000));
  const rows = rowsOf(ours, sql);
  context.digest(JSON.stringify(rows.slice(0, 100)));
  if (theirs !== undefined) same(rows, rowsOf(theirs, sql));
  return {
    ours: () => seconds(() => void rowsOf(ours, sql)),
    peer: theirs && (() => seconds(() => void rowsOf(theirs, sql))),
    teardown: close,
  };
}

const JOIN = `select place.name, count(*) as facts, sum(fact.amount) as amount
  from fact join person on person.id = fact.person join place on place.id = fact.place
  where person.kind < 5 group by place.name order by place.name`;

const WINDOWS = `select id, sum(amount) over (partition by part order by id) as running,
  rank() over (partition by part order by amount) as place from fact order by id`;

/** 10M x 1M rows, or a hundredth; work_mem is all that the hash table needs, or a tenth. */
function spilled(context: BenchContext): Running {
  const database = open(join(context.directory, 'ours'), {
    cacheSize: 1024 * MIB,
    ...(context.small ? { logSegment: MIB, pool: 0 } : {}),
  });
  database.exec('set max_parallel_workers_per_gather = 0');
  const [large, small] = [context.size(10_000_000, 5000), context.size(1_000_000, 500)];
  database.exec(
    'create table large (a integer not null, b integer not null); create table small (a integer not null, b integer not null)',
  );
  for (const [table, rows] of [['large', large] as const, ['small', small] as const]) {
    const insert = database.prepare(`insert into ${table} values ($1, $2)`);
    database.transaction(() => {
      for (let row = 0; row < rows; row++) insert.run((row * 7919) % small, row % 1000);
    })();
  }
  database.exec('analyze');
  const sql = 'select count(*), sum(large.b + small.b) from large join small on large.a = small.a';
  const run = (memory: string): Promise<number> => {
    database.exec(`set work_mem = '${memory}'`);
    return seconds(() => context.digest(JSON.stringify(rowsOf(database, sql))));
  };
  // Kilobytes of a million rows of two words and their table.
  const needed = context.small ? 640 : 20_480;
  return {
    ours: () => run(`${needed / 10}kB`),
    peer: () => run(`${needed * 4}kB`),
    teardown: () => database.close(),
  };
}

const beside = (name: string, sql: string, bar: number, aim: number): Measure => ({
  name,
  unit: 's',
  better: 'lower',
  peerName: 'better-sqlite3',
  needs: ['better-sqlite3'],
  bar,
  aim,
  setup: (context) => query(context, sql),
});

export const singleMeasures: readonly Measure[] = [
  beside('3-table join with aggregation', JOIN, 3, 10),
  beside('ORDER BY a text column, LIMIT 100', 'select note, id from fact order by note, id limit 100', 3, 8),
  beside('ORDER BY a text column', 'select note, id from fact order by note, id', 3, 8),
  beside('windows: running sum and rank', WINDOWS, 3, 8),
  {
    name: 'join with a tenth of the memory it needs',
    unit: 's',
    better: 'lower',
    peerName: 'in memory',
    bar: 0.25,
    aim: 0.4,
    setup: spilled,
  },
];
