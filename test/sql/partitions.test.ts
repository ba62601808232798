/** Partitioned tables and inheritance, statement by statement: what each answers, as PostgreSQL does. */
import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

type Step = readonly [text: string, expected: unknown];

/** Rows; the number of rows changed; code and message of an error. */
function answer(db: Database, text: string): unknown {
  try {
    const statement = db.prepare(text);
    return statement.reader ? statement.raw().all() : statement.run().changes;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

function run(steps: readonly Step[]): void {
  using db = open(':memory:', { pool: 0 });
  for (const [text, expected] of steps) deepStrictEqual(answer(db, text), expected, text);
}

test('rows of a range-partitioned table go to the partition that holds them, and move when their key does', () => {
  run([
    ["create table e (id bigint, at date not null, kind text default 'k', primary key (id, at)) partition by range (at)", 0],
    ["create table e24 partition of e for values from ('2024-01-01') to ('2025-01-01')", 0],
    ["create table e25 partition of e for values from ('2025-01-01') to ('2026-01-01')", 0],
    ["insert into e values (1,'2024-05-01','k'),(2,'2025-05-01','z')", 2],
    [
      'select tableoid::regclass, id, at, kind from e order by id',
      [
        ['e24', 1, '2024-05-01', 'k'],
        ['e25', 2, '2025-05-01', 'z'],
      ],
    ],
    ["insert into e values (3,'2026-05-01')", '23514 no partition of relation "e" found for row'],
    ["insert into e24 values (3,'2025-05-01')", '23514 new row for relation "e24" violates partition constraint'],
    ['create table ed partition of e default', 0],
    ["insert into e values (3,'2026-05-01') returning id, kind, tableoid::regclass", [[3, 'k', 'ed']]],
    [
      "update e set kind = kind || '!' where at >= '2025-01-01' returning id, kind, tableoid::regclass",
      [
        [2, 'z!', 'e25'],
        [3, 'k!', 'ed'],
      ],
    ],
    ["update e set at = '2024-02-02' where id = 3 returning id, at, tableoid::regclass", [[3, '2024-02-02', 'e24']]],
    ["update e24 set at = '2025-02-02' where id = 3", '23514 new row for relation "e24" violates partition constraint'],
    ["insert into e values (2,'2025-05-01','z') on conflict do nothing", 0],
    [
      "insert into e values (2,'2025-05-01','z') on conflict (id, at) do update set kind = excluded.kind || '2' returning id, kind",
      [[2, 'z2']],
    ],
    ["insert into e values (2,'2025-05-01')", '23505 duplicate key value violates unique constraint "e25_pkey"'],
    ["select id from e where at = '2025-05-01'", [[2]]],
    ["select id from e where at < '2024-12-01' order by 1", [[1], [3]]],
    ['select count(*) from only e', [[0]]],
    [
      "create table e23 partition of e for values from ('2024-06-01') to ('2024-07-01')",
      '42P17 partition "e23" would overlap partition "e24"',
    ],
    ['delete from e where id = 1 returning id, tableoid::regclass', [[1, 'e24']]],
    ['drop table e24', 0],
    ['select id from e', [[2]]],
    ['drop table e', 0],
    ['select 1 from e25', '42P01 relation "e25" does not exist'],
  ]);
});

test('list, hash and sub-partitions', () => {
  const parts = [0, 1, 2].map(
    (rest): Step => [`create table h${rest} partition of h for values with (modulus 3, remainder ${rest})`, 0],
  );
  run([
    ['create table h (id int, t text) partition by hash (id)', 0],
    ...parts,
    ["insert into h select i, 't' || i from generate_series(1,20) i", 20],
    [
      "select tableoid::regclass, string_agg(id::text, ',' order by id) from h group by 1 order by 1",
      [
        ['h0', '2,4,6,8,15,16,18,19,20'],
        ['h1', '3,7,10,13,14'],
        ['h2', '1,5,9,11,12,17'],
      ],
    ],
    ['create table l (k text, v int) partition by list (k)', 0],
    ["create table l1 partition of l for values in ('a','b',null) partition by range (v)", 0],
    ['create table l11 partition of l1 for values from (minvalue) to (10)', 0],
    ['create table l12 partition of l1 for values from (10) to (maxvalue)', 0],
    ["create table l2 partition of l for values in ('c')", 0],
    ["insert into l values ('a',1),('b',11),(null,3),('c',null)", 4],
    ["insert into l values ('a',null)", '23514 no partition of relation "l1" found for row'],
    ["insert into l values ('x',1)", '23514 no partition of relation "l" found for row'],
    ["update l set k = 'c' where v = 11", 1],
    [
      'select tableoid::regclass, k, v from l order by 1, 3',
      [
        ['l11', 'a', 1],
        ['l11', null, 3],
        ['l2', 'c', 11],
        ['l2', 'c', null],
      ],
    ],
    ['select k from l1 for update', [['a'], [null]]],
    ['drop table l1', 0],
    ['select count(*) from l join l2 using (k)', [[4]]],
    [
      'create table q (id int, b int primary key) partition by list (id)',
      '0A000 unique constraint on partitioned table must include all partitioning columns',
    ],
  ]);
});

test('tables that inherit: what is read and changed above is so below, ONLY leaves them out', () => {
  run([
    ['create table base (a int, b text, check (a > 0))', 0],
    ['create table child (c int check (c > 0)) inherits (base)', 0],
    ["insert into base values (1,'x')", 1],
    ["insert into child values (2,'y',3)", 1],
    ["insert into child values (-2,'y',3)", '23514 new row for relation "child" violates check constraint "base_a_check"'],
    [
      'select tableoid::regclass, * from base order by a',
      [
        ['base', 1, 'x'],
        ['child', 2, 'y'],
      ],
    ],
    ['update base set b = b || a', 2],
    ['select * from child', [[2, 'y2', 3]]],
    ['select b from only base', [['x1']]],
    ['delete from only base', 1],
    ['select * from base for update', [[2, 'y2']]],
    ['drop table base', '2BP01 cannot drop table base because other objects depend on it'],
    ['drop table base cascade', 0],
    ['select 1 from child', '42P01 relation "child" does not exist'],
  ]);
});
