/** Functions that somebody has made in defaults, checks, generated columns, indexes, domains and policies; and what rests on them. */
import { deepStrictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlError } from '../../shm/errors.ts';
import { type Database, open } from './api.ts';

function answer(db: Database, sql: string): unknown {
  try {
    const statement = db.prepare(sql);
    if (/^select|returning/.test(sql)) return statement.raw().all();
    statement.run();
    return 'done';
  } catch (error) {
    return `${(error as SqlError).code} ${(error as SqlError).message}`;
  }
}

const STEPS: readonly (readonly [string, unknown])[] = [
  ["create function twice(i int) returns int immutable language sql as 'select i * 2'", 'done'],
  ["create function loose(i int) returns int language sql as 'select i * 2'", 'done'],
  ["create function day(t timestamptz) returns date immutable language sql as 'select t::date'", 'done'],
  ["create function positive(i int) returns bool immutable language sql as 'select i > 0'", 'done'],
  ['create table setting (v int)', 'done'],
  ['insert into setting values (41)', 'done'],
  ["create function setting() returns int language sql as 'select v + 1 from public.setting'", 'done'],
  [
    `create table t (id int default twice(21), c int default setting(), g int generated always as (twice(id)) stored, ts timestamptz default '2020-01-01', check (positive(id)))`,
    'done',
  ],
  ['insert into t default values', 'done'],
  ['insert into t (id) values (-1)', '23514 new row for relation "t" violates check constraint "t_id_check"'],
  ['insert into t (id) values (5) returning id, c, g', [[5, 42, 10]]],
  ['create table no (a int, g int generated always as (loose(a)) stored)', '42P17 generation expression is not immutable'],
  ['create index on t (loose(id))', '42P17 functions in index expression must be marked IMMUTABLE'],
  ['create index by_day on t (day(ts))', 'done'],
  ['create unique index by_sum on t (twice(c + id))', 'done'],
  ['insert into t (id) values (5)', '23505 duplicate key value violates unique constraint "by_sum"'],
  ['insert into t (id) values (5) on conflict (twice(c + id)) do update set c = 7 returning id, c', [[5, 7]]],
  ['alter table t add column z int default twice(7)', 'done'],
  ['alter table t add constraint z_positive check (positive(z))', 'done'],
  ["select pg_get_constraintdef(oid) from pg_constraint where conname = 'z_positive'", [['CHECK (positive(z))']]],
  ['create domain counted as int default twice(1) check (positive(value))', 'done'],
  ['select (-3)::counted', '23514 value for domain counted violates check constraint "counted_check"'],
  ['create schema aside', 'done'],
  ['set search_path = aside', 'done'],
  ['insert into public.t (id) values (77) returning id, c, z', [[77, 42, 14]]],
  ['reset search_path', 'done'],
  ['drop function positive', '2BP01 cannot drop function positive(integer) because other objects depend on it'],
  ['drop function day', '2BP01 cannot drop function day(timestamp with time zone) because other objects depend on it'],
  ['drop function setting', '2BP01 cannot drop function setting() because other objects depend on it'],
  ['drop function positive cascade', 'done'],
  ['insert into t (id, z) values (-5, -1) returning id', [[-5]]],
  ['select (-3)::counted', [[-3]]],
  ['drop function setting cascade', 'done'],
  ['insert into t (id) values (8) returning id, c', [[8, null]]],
  ['drop function twice cascade', 'done'],
  ["select column_name from information_schema.columns where table_name = 't' order by 1", [['c'], ['id'], ['ts'], ['z']]],
  ["select indexname from pg_indexes where tablename = 't'", [['by_day']]],
];

test('functions stand in definitions and are not dropped under them', () => {
  using db = open(':memory:', { pool: 0 });
  for (const [sql, expected] of STEPS) deepStrictEqual(answer(db, sql), expected, sql);
  deepStrictEqual(db.check().problems, []);
});
