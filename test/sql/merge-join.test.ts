/**
 * Merge joins: taken where indexes give both orders or the order is wanted above, with the rows and the order that hash joins and sorts
 * have, whatever the keys: duplicates on both sides, NULLs, several columns, directions.
 */

import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../engine/api/api.ts';
import type { CostHooks } from '../../engine/plan/optimize/cost.ts';
import { loadSpaceSharedSpillNumber } from '../../engine/storage/space/space.layout.gen.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { withDatabase } from './with-database.ts';

const planOf = (db: Database, text: string): string =>
  db
    .prepare(`explain ${text}`)
    .all()
    .map((row) => String(Object.values(row as object)[0]))
    .join('\n');

const rowsOf = (db: Database, text: string): string[] =>
  db
    .prepare(text)
    .raw()
    .all()
    .map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)));

/** Runs of the same statement need texts of their own: plans are kept by them. */
let runs = 0;
function by(db: Database, hooks: CostHooks | null, text: string): { rows: string[]; plan: string } {
  db.engine.planHooks = hooks;
  const named = text.replace('select', `select ${runs++} is null as run,`);
  const answer = { rows: rowsOf(db, named).map((row) => row.replace('[false,', '[')), plan: planOf(db, named) };
  db.engine.planHooks = null;
  return answer;
}

const filled = (db: Database): void => {
  db.exec(`create table a (id int primary key, k int, l bigint, t text, n numeric(9, 2), f float8, d timestamptz);
    create table b (id int primary key, k int, l bigint, t text, n numeric, f float8, d timestamptz)`);
  for (const [table, rows, range] of [
    ['a', 3000, 1300],
    ['b', 4000, 1700],
  ] as const) {
    db.exec(`insert into ${table} select g, nullif(g * 7919 % ${range}, 13), (g * 31 % ${range}) * 5000000000000007,
      nullif('key ' || g * 7 % ${range}, 'key 21'), (g * 11 % ${range}) / 4.0, case g % 97 when 5 then 'NaN'::float8 when 7 then -0.0
      when 9 then 0 else g % ${range} / 8.0 end, '2024-01-01 00:00+00'::timestamptz + (g % ${range}) * interval '1 hour'
      from generate_series(1, ${rows}) g`);
    db.exec(`create index ${table}_k on ${table} (k); create index ${table}_tk on ${table} (t desc nulls last, k)`);
    db.exec(`vacuum analyze ${table}`);
  }
};

const QUERIES: readonly string[] = [
  ...['k', 'l', 't', 'n', 'f', 'd'].flatMap((key) => [
    `select a.id, b.id, a.${key} from a join b on a.${key} = b.${key} order by a.${key}, a.id, b.id`,
    `select a.id, b.id from a full join b on a.${key} = b.${key} and a.id < 9000 order by a.id, b.id`,
  ]),
  'select a.id, b.id from a left join b on a.k = b.k and b.id % 3 = 0 order by a.k desc nulls last, a.id, b.id',
  'select a.id, b.id from b right join a on a.t = b.t and a.id > b.id order by a.t nulls first, a.id, b.id',
  'select a.id from a where exists (select 1 from b where b.k = a.k and b.id > a.id) order by a.k, a.id',
  'select a.id from a where not exists (select 1 from b where b.k = a.k and b.t = a.t) order by a.k desc, a.id',
  'select a.id, b.id from a join b on a.t = b.t and a.k = b.k order by a.t desc, a.k, a.id, b.id',
  'select a.k, count(*), max(b.id) from a join b on a.k = b.k group by a.k order by a.k',
  'select a.id, b.id, c.id from a join b on a.k = b.k join a c on c.k = b.k where a.id < 400 order by b.k, a.id, b.id, c.id',
  'select a.id, b.id from a join b on a.k::int8 = b.k::int8 order by a.id, b.id',
  'select count(*) from a cross join b where a.k = b.k and a.n < b.n',
];

test(
  'merges give what hash joins and sorts give, in memory and past it',
  withDatabase(
    (db) => {
      filled(db);
      const { space } = db.kernel.parts;
      let spilled = 0;
      for (const text of QUERIES) {
        const hashed = by(db, { joins: ['hash', 'loop'] }, text);
        const merged = by(db, { joins: ['merge'] }, text);
        match(merged.plan, /MergeJoin/, text);
        doesNotMatch(hashed.plan, /MergeJoin/, text);
        ok(hashed.rows.length > 0, text);
        deepStrictEqual(merged.rows, hashed.rows, text);
        db.exec("set work_mem = '64kB'");
        const before = loadSpaceSharedSpillNumber(space.shm.i32, space.shared);
        deepStrictEqual(by(db, { joins: ['merge'] }, text).rows, hashed.rows, `${text} past its memory`);
        if (loadSpaceSharedSpillNumber(space.shm.i32, space.shared) > before) spilled++;
        strictEqual(spillUsed(space), 0);
        db.exec('reset work_mem');
      }
      ok(spilled > QUERIES.length / 2);
    },
    { cacheSize: '16MB' },
  ),
);

test(
  'a merge is taken where indexes give the order that is wanted, and nothing is sorted then',
  withDatabase(
    (db) => {
      filled(db);
      const shape = (text: string): string => planOf(db, text).replace(/\(cost[^\n]*/g, '');
      const ordered = shape('select a.k, b.k from a join b on a.k = b.k order by a.k');
      match(
        ordered,
        /^MergeJoin Inner[\s\S]*Merge Condition: [ab]\.k = [ab]\.k[\s\S]*IndexOnly using [ab]_k[\s\S]*IndexOnly using [ab]_k/,
      );
      doesNotMatch(ordered, /Sort/);
      // By a column of the other side, backwards, and with what only the input has behind it.
      match(shape('select a.k, b.k from a join b on a.k = b.k order by b.k desc'), /^MergeJoin[\s\S]*Direction: backward/);
      match(shape('select a.t, b.k from a left join b on a.t = b.t order by a.t desc nulls last, a.k'), /^MergeJoin Left/);
      // No order that either side could be read in.
      doesNotMatch(shape('select a.id, b.id from a join b on a.n = b.n'), /MergeJoin/);
      // A full join without an equality is refused, as in PostgreSQL; with one it may be merged.
      match(by(db, { joins: ['merge'] }, 'select a.id, b.id from a full join b on a.k = b.k').plan, /MergeJoin Full/);
    },
    { cacheSize: '16MB' },
  ),
);
