/**
 * What a statement has to collect waits in files once it has outgrown work_mem, and answers the same: sorts, windows, groups, DISTINCT,
 * set operations, aggregates of different values, joins of every kind. In memory or not, rows in order are in order.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import type { Database } from '../../engine/api/api.ts';
import { loadSpaceSharedSpillNumber } from '../../engine/storage/space/space.layout.gen.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { withDatabase } from './with-database.ts';

const ROWS = 12_000;
const SETTINGS = { tight: '64kB', wide: '256MB' } as const;

type Way = 'ordered' | 'any order' | 'in memory';

/** Statements that collect most of their rows. */
const STATEMENTS: readonly (readonly [string, Way])[] = [
  ['select t, id from a order by t, id', 'ordered'],
  ['select id, t from a order by t, id desc', 'ordered'],
  ['select t from a order by id desc', 'ordered'],
  ['select part, t, id from a order by part desc, t, id', 'ordered'],
  ['select amount, t, id from a order by amount, n, t desc, id', 'ordered'],
  ['select n, id from a order by n nulls first, id', 'ordered'],
  ['select t, id from a order by t, id offset 3000 limit 5000', 'ordered'],
  [
    `select id, sum(amount) over (partition by part order by id), rank() over (partition by part order by amount),
      row_number() over (order by t, id), count(*) over (partition by part) from a`,
    'any order',
  ],
  ['select id, sum(amount) over (order by l), dense_rank() over (partition by l % 3 order by part) from a', 'any order'],
  ['select t, part, sum(amount), count(n) from a group by t, part', 'any order'],
  ['select distinct t, part from a', 'any order'],
  ['select distinct t from a order by t', 'ordered'],
  ['select distinct on (t) t, id, amount from a order by t, id', 'ordered'],
  ['select t from a union select u from b', 'any order'],
  ['select t, part from a intersect select u, k from b', 'any order'],
  ['select t from a except all select u from b', 'any order'],
  ['select part % 5, count(distinct t), count(distinct id), count(*) from a group by 1', 'any order'],
  ['select count(*), count(distinct t), sum(distinct id), max(distinct c), avg(distinct n) from a', 'ordered'],
  // In the order of their values they are in memory anyway: up to the limit of a statement's memory.
  ['select length(string_agg(distinct t, $$,$$)) from a', 'in memory'],
  ['select id, id not in (select k from b) as o from a', 'any order'],
  ['select id, t in (select u from b where l > 5) as i, n in (select k from b where k > 20) as k from a', 'any order'],
  ['select a.id, b.k, b.u from (select * from a where amount < 9) a left join b on b.k > a.id + 20000', 'any order'],
  ['select id from a where amount < 50 and not exists (select 1 from b where b.l > a.l * 7 and b.u < a.t)', 'any order'],
  ['select c, count(distinct id), min(distinct id), sum(distinct id) from a group by c', 'any order'],
  ['select count(distinct amount), avg(distinct amount) from a', 'any order'],
  ['select a.id, a.t, b.u from a join b on a.id = b.k', 'any order'],
  ['select a.id, b.k, b.u from a left join b on a.t = b.u and a.part < 500', 'any order'],
  ['select a.id, a.t, b.k, b.l from a full join b on a.l = b.l', 'any order'],
  ['select a.id, b.u, c.id, c.n from a join b on a.id = b.k right join a c on c.id = b.k + 5', 'any order'],
  ['select id, n from a where t in (select u from b)', 'any order'],
];

const rowsOf = (db: Database, text: string, way: Way): string[] => {
  const rows = db
    .prepare(text)
    .raw()
    .all()
    .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)));
  return way === 'ordered' ? rows : rows.sort();
};

test(
  'what outgrows its memory answers the same from files',
  withDatabase(
    (db) => {
      db.exec(`create table a (id int not null, part int not null, amount int not null, l bigint not null, n numeric, t text not null, c char(3) not null);
        create table b (k int, u text, l bigint)`);
      db.exec(`insert into a select i * 7919 % ${ROWS}, i * 31 % 997, i * 104729 % 5000, (i % 4000) * 3000000000::bigint,
        case when i % 11 = 0 then null else (i % 700) / 8.0 end, 'text ' || (i * 7919 % 9000) || ' ä', chr(65 + i % 20)
        from generate_series(1, ${ROWS}) as s(i)`);
      db.exec(
        `insert into b select nullif(i * 3, 9), 'text ' || i || ' ä', i * 3000000000::bigint from generate_series(1, 9000) as s(i)`,
      );
      db.exec('analyze; set max_parallel_workers_per_gather = 0');
      const { space } = db.kernel.parts;
      const filesMade = (): number => loadSpaceSharedSpillNumber(space.shm.i32, space.shared);
      for (const [text, way] of STATEMENTS) {
        db.exec(`set work_mem = '${SETTINGS.wide}'`);
        const before = filesMade();
        const inMemory = rowsOf(db, text, way);
        strictEqual(filesMade(), before, `${text} is in memory`);
        db.exec(`set work_mem = '${SETTINGS.tight}'`);
        deepStrictEqual(rowsOf(db, text, way), inMemory, text);
        strictEqual(filesMade() > before, way !== 'in memory', `${text} went to a file`);
        strictEqual(spillUsed(space), 0);
      }
      const texts = db.prepare('select t, id from a order by t, id').raw().all() as [string, number][];
      ok(texts.every(([text, id], at) => at === 0 || compared(texts[at - 1], [text, id]) < 0));
      const numbers = db.prepare('select part, amount, id from a order by part, amount desc, id').raw().all() as number[][];
      const sorted = numbers.toSorted((x, y) => x[0] - y[0] || y[1] - x[1] || x[2] - y[2]);
      deepStrictEqual(numbers, sorted);
    },
    { cacheSize: '32MB' },
  ),
);

const compared = (a: [string, number], b: [string, number]): number => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]);
