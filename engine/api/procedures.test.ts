/** Procedures in SQL: how they are made, called, refused and shown. Words and values as PostgreSQL 15 has them. */
import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import type { SqlError } from '../../shm/errors.ts';
import { type Database, open } from './api.ts';

function answer(db: Database, sql: string): unknown {
  try {
    const statement = db.prepare(sql);
    if (/^(select|call)/.test(sql)) return statement.raw().all();
    statement.run();
    return 'done';
  } catch (error) {
    return `${(error as SqlError).code} ${(error as SqlError).message}`;
  }
}

const STEPS: readonly (readonly [string, unknown])[] = [
  ['create table t (a int)', 'done'],
  [
    "create procedure p2(a int, inout b int, out c text) language sql as $$ insert into t values (a); select b + a, 'x' || $1 $$",
    'done',
  ],
  ['call p2(1, 2, null)', [[3, 'x1']]],
  ['call p2(1, c => null, b => 7)', [[8, 'x1']]],
  ['call p2(1)', '42883 procedure p2(integer) does not exist'],
  ['select p2(1, 2, null)', '42883 function p2(integer, integer, unknown) does not exist'],
  ['call abs(1)', '42809 abs(integer) is not a procedure'],
  ['call p2((select 1), 2, null)', '0A000 cannot use subquery in CALL argument'],
  ['delete from t', 'done'],
  ['create procedure p3(a int) begin atomic insert into t values (p3.a); insert into t select t.a from t; end', 'done'],
  ['call p3(7)', []],
  ['select a from t', [[7], [7]]],
  ['drop table t', '2BP01 cannot drop table t because other objects depend on it'],
  ['create procedure above(a int, b int default 5) language sql as $$ call p3(a + b); delete from t where a = 7 $$', 'done'],
  ['call above(b => 1, a => 2)', []],
  ['call above(10)', []],
  [
    'select a, count(*) from t group by a order by a',
    [
      [3, 4],
      [15, 2],
    ],
  ],
  ['create procedure fails(a int) language sql as $$ insert into t values (99); select 1 / a $$', 'done'],
  ['call fails(0)', '22012 division by zero'],
  ['select count(*) from t where a = 99', [[0]]],
  ['create procedure ends() language sql as $$ commit $$', 'done'],
  ['call ends()', '0A000 COMMIT is not allowed in an SQL function'],
  ['create procedure again() language sql as $$ select 1 $$', 'done'],
  ['create or replace procedure again() language sql as $$ call again() $$', 'done'],
  ['call again()', '54001 procedures call one another without end'],
  [
    'create procedure x(out a int) language sql as $$ insert into t values (1) $$',
    '42P13 return type mismatch in function declared to return record',
  ],
  ['create procedure x() language sql strict as $$ select 1 $$', '42P13 invalid attribute in procedure definition'],
  ['create procedure x(a int) language sql as $$ select nosuch $$', '42703 column "nosuch" does not exist'],
  ['create or replace function p3(a int) returns int language sql as $$ select 1 $$', '42809 cannot change routine kind'],
  ['drop function p3', '42809 p3 is not a function'],
  ['create procedure over(a int) language sql as $$ delete from t $$', 'done'],
  ['create procedure over(a text) language sql as $$ insert into t values (length(a)) $$', 'done'],
  ['call over(1)', []],
  ["call over('four')", []],
  ['select a from t', [[4]]],
  ['drop procedure over', '42725 procedure name "over" is not unique'],
  ['drop procedure over(int), over(text)', 'done'],
  [
    "select pg_get_functiondef('p3'::regproc), prokind, prorettype::regtype::text from pg_proc where proname = 'p3'",
    [
      [
        'CREATE OR REPLACE PROCEDURE public.p3(IN a integer)\n LANGUAGE sql\nBEGIN ATOMIC\n INSERT INTO t VALUES (p3.a);\n INSERT INTO t SELECT t.a FROM t;\nEND\n',
        'p',
        'void',
      ],
    ],
  ],
  [
    "select routine_name, routine_type, data_type from information_schema.routines where routine_schema = 'public' and routine_name < 'b' order by 1",
    [
      ['above', 'PROCEDURE', null],
      ['again', 'PROCEDURE', null],
    ],
  ],
  ['alter procedure above(int, int) rename to beyond', 'done'],
  ['create role somebody', 'done'],
  ['revoke execute on procedure beyond(int, int) from public', 'done'],
  ['set role somebody', 'done'],
  ['call beyond(1)', '42501 permission denied for procedure beyond'],
  ['reset role', 'done'],
  ['create table secret (a int)', 'done'],
  ['create procedure tell(a int) security definer language sql as $$ insert into secret values (a) $$', 'done'],
  ['set role somebody', 'done'],
  ['call tell(3)', []],
  ['select current_user', [['somebody']]],
  ['select * from secret', '42501 permission denied for table secret'],
  ['reset role', 'done'],
  ['drop table t cascade', 'done'],
  ['call p3(1)', '42883 procedure p3(integer) does not exist'],
];

test('procedures do what their statements do', () => {
  using db = open(':memory:', { pool: 0 });
  for (const [sql, expected] of STEPS) deepStrictEqual(answer(db, sql), expected, sql);
});

test('on an event loop a call waits for rows without blocking it, in the block it is called in or in its own', async () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table r (id int primary key, v int); insert into r values (1, 0)');
  db.exec('create procedure bump(n int, inout b text) language sql as $$ update r set v = v + n where id = 1; select b || n $$');
  await using one = db.session();
  await using other = db.session();
  await one.run('begin');
  deepStrictEqual((await one.run('call bump($1, $2)', [1, 'x'])).rows, [{ b: 'x1' }]);
  const waiting = other.run('call bump(2, null)');
  await one.run('rollback');
  await waiting;
  strictEqual((db.prepare('select v from r').get() as { v: number }).v, 2);
});
