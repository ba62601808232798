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

test('what is done to a partitioned table or a parent is done below it, and tables come and go', () => {
  run([
    ["create table e (id bigint, at date not null, kind text default 'k') partition by range (at)", 0],
    ["create table e24 partition of e for values from ('2024-01-01') to ('2025-01-01')", 0],
    ['create table e25 (kind text, id bigint, at date not null, constraint foo check (id > 0))', 0],
    ["insert into e25 values ('z', 5, '2025-03-03')", 1],
    [
      "alter table e attach partition e25 for values from ('2025-04-01') to ('2026-01-01')",
      '23514 partition constraint of relation "e25" is violated by some row',
    ],
    ["alter table e attach partition e25 for values from ('2025-01-01') to ('2026-01-01')", 0],
    ['select tableoid::regclass, * from e', [['e25', 5, '2025-03-03', 'z']]],
    ['create index e_kind on e (kind)', 0],
    ['alter table e add primary key (id, at)', 0],
    ["insert into e values (1, '2024-02-02', 'q')", 1],
    ["insert into e values (1, '2025-02-02')", 1],
    ["insert into e values (1, '2024-02-02', 'q')", '23505 duplicate key value violates unique constraint "e24_pkey"'],
    [
      "select indexrelid::regclass, pg_get_indexdef(indexrelid) from pg_index where indrelid in ('e'::regclass,'e24'::regclass,'e25'::regclass) order by 1",
      [
        ['e_kind', 'CREATE INDEX e_kind ON ONLY public.e USING btree (kind)'],
        ['e24_kind_idx', 'CREATE INDEX e24_kind_idx ON public.e24 USING btree (kind)'],
        ['e25_kind_idx', 'CREATE INDEX e25_kind_idx ON public.e25 USING btree (kind)'],
        ['e_pkey', 'CREATE UNIQUE INDEX e_pkey ON ONLY public.e USING btree (id, at)'],
        ['e24_pkey', 'CREATE UNIQUE INDEX e24_pkey ON public.e24 USING btree (id, at)'],
        ['e25_pkey', 'CREATE UNIQUE INDEX e25_pkey ON public.e25 USING btree (id, at)'],
      ],
    ],
    [
      'select inhrelid::regclass, inhparent::regclass from pg_inherits order by 1',
      [
        ['e24', 'e'],
        ['e25', 'e'],
        ['e24_kind_idx', 'e_kind'],
        ['e25_kind_idx', 'e_kind'],
        ['e24_pkey', 'e_pkey'],
        ['e25_pkey', 'e_pkey'],
      ],
    ],
    [
      "select relname, relkind, relispartition, relhassubclass, pg_get_expr(relpartbound, oid) from pg_class where relname like 'e%' and relnamespace = 'public'::regnamespace order by 1",
      [
        ['e', 'p', false, true, null],
        ['e24', 'r', true, false, "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"],
        ['e24_kind_idx', 'i', true, false, null],
        ['e24_pkey', 'i', true, false, null],
        ['e25', 'r', true, false, "FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')"],
        ['e25_kind_idx', 'i', true, false, null],
        ['e25_pkey', 'i', true, false, null],
        ['e_kind', 'I', false, true, null],
        ['e_pkey', 'I', false, true, null],
      ],
    ],
    ['select partstrat, partattrs::text, pg_get_partkeydef(partrelid) from pg_partitioned_table', [['r', '2', 'RANGE (at)']]],
    [
      "select pg_get_partition_constraintdef('e25'::regclass)",
      [["((at IS NOT NULL) AND (at >= '2025-01-01'::date) AND (at < '2026-01-01'::date))"]],
    ],
    ["select pg_partition_ancestors('e25'::regclass)", [['e25'], ['e']]],
    ['alter table e add column extra int default 7 check (extra > 0)', 0],
    [
      'select * from e order by id, at',
      [
        [1, '2024-02-02', 'q', 7],
        [1, '2025-02-02', 'k', 7],
        [5, '2025-03-03', 'z', 7],
      ],
    ],
    [
      'select * from e25 order by id, at',
      [
        ['k', 1, '2025-02-02', 7],
        ['z', 5, '2025-03-03', 7],
      ],
    ],
    ['alter table e25 drop column extra', '42P16 cannot drop inherited column "extra"'],
    ['alter table e24 add column own int', '42809 cannot add column to a partition'],
    ['alter table e rename column kind to sort', 0],
    ['select sort from e25', [['z'], ['k']]],
    ['alter table e alter column sort set not null', 0],
    ['alter table e drop column extra', 0],
    [
      'select * from e25',
      [
        ['z', 5, '2025-03-03'],
        ['k', 1, '2025-02-02'],
      ],
    ],
    ['drop index e24_kind_idx', '2BP01 cannot drop index e24_kind_idx because index e_kind requires it'],
    ['drop index e_kind', 0],
    [
      "select indexrelid::regclass from pg_index where indrelid in ('e'::regclass,'e24'::regclass,'e25'::regclass) order by 1",
      [['e_pkey'], ['e24_pkey'], ['e25_pkey']],
    ],
    ['alter table e detach partition e24', 0],
    [
      'select tableoid::regclass, * from e',
      [
        ['e25', 5, '2025-03-03', 'z'],
        ['e25', 1, '2025-02-02', 'k'],
      ],
    ],
    ["insert into e24 values (9, '2030-01-01', 's')", 1],
    ['alter table e drop column at', '42P16 cannot drop column "at" because it is part of the partition key of relation "e"'],
    ['truncate e', 0],
    ['select count(*) from e', [[0]]],
    ['analyze e', 0],
    ['create table p (a int primary key, b text)', 0],
    ['create table c (x int) inherits (p)', 0],
    ['alter table p add column n int', 0],
    ['select * from c', []],
    ['alter table c no inherit p', 0],
    [
      "select attname, attislocal, attinhcount from pg_attribute where attrelid = 'c'::regclass and attnum > 0",
      [
        ['a', true, 0],
        ['b', true, 0],
        ['x', true, 0],
        ['n', true, 0],
      ],
    ],
    ['alter table c inherit p', 0],
    ['alter table p drop column n', 0],
    [
      "select attname, attislocal, attinhcount from pg_attribute where attrelid = 'c'::regclass and attnum > 0",
      [
        ['a', true, 1],
        ['b', true, 1],
        ['x', true, 0],
        ['n', true, 0],
      ],
    ],
    ['alter table p add constraint pos check (a > 0)', 0],
    ['insert into c values (-1)', '23514 new row for relation "c" violates check constraint "pos"'],
    ['alter table c drop constraint pos', '42P16 cannot drop inherited constraint "pos" of relation "c"'],
    ['alter table p drop constraint pos', 0],
    ['insert into c values (-1)', 1],
    ["select conname, conislocal, coninhcount from pg_constraint where conrelid = 'c'::regclass", []],
    ['create table ref (id int primary key)', 0],
    ['insert into ref values (1)', 1],
    ['create table pf (k int references ref, v int) partition by list (k)', 0],
    ['create table pf1 partition of pf for values in (1)', 0],
    ['create table pf2 partition of pf for values in (2)', 0],
    ['insert into pf values (1, 1)', 1],
    ['insert into pf values (2, 1)', '23503 insert or update on table "pf2" violates foreign key constraint "pf_k_fkey"'],
    ['delete from ref', '23503 update or delete on table "ref" violates foreign key constraint "pf_k_fkey" on table "pf1"'],
    [
      "select conname, conrelid::regclass, coninhcount from pg_constraint where confrelid = 'ref'::regclass",
      [
        ['pf_k_fkey', 'pf', 0],
        ['pf_k_fkey', 'pf1', 1],
        ['pf_k_fkey', 'pf2', 1],
      ],
    ],
    ['alter table pf drop constraint pf_k_fkey', 0],
    ['insert into pf values (2, 1)', 1],
    [
      'alter table pf add foreign key (k) references ref',
      '23503 insert or update on table "pf2" violates foreign key constraint "pf_k_fkey"',
    ],
    ['delete from pf where k = 2', 1],
    ['alter table pf add foreign key (k) references ref', 0],
    ['insert into pf values (2, 1)', '23503 insert or update on table "pf2" violates foreign key constraint "pf_k_fkey"'],
    ['drop table ref cascade', 0],
    ['insert into pf values (2, 1)', 1],
  ]);
});

test('foreign keys to partitioned tables, and what else reads and changes them', () => {
  run([
    ['create table par (id int primary key, v int) partition by range (id)', 0],
    ['create table par1 partition of par for values from (0) to (10)', 0],
    ['create table par2 (v int, id int not null)', 0],
    ['alter table par attach partition par2 for values from (10) to (20)', 0],
    ['create table chi (r int references par on delete cascade, n int)', 0],
    ['insert into par values (1,1),(11,1)', 2],
    ['insert into chi values (1,1),(11,2)', 2],
    ['insert into chi values (2,1)', '23503 insert or update on table "chi" violates foreign key constraint "chi_r_fkey"'],
    ['delete from par where id = 11', 1],
    ['select * from chi', [[1, 1]]],
    ['delete from par1', 1],
    ['select * from chi', []],
    [
      'update par set id = 12',
      '0A000 moving rows between partitions that foreign key "chi_r_fkey" refers to with an action is not supported',
    ],
    ['insert into par values (5,5)', 1],
    ['insert into chi values (5,5)', 1],
    [
      'update par set id = 6 where id = 5',
      '0A000 moving rows between partitions that foreign key "chi_r_fkey" refers to with an action is not supported',
    ],
    ['update par set v = 9', 1],
    ['select * from par', [[5, 9]]],
    ['drop table par', '2BP01 cannot drop table par because other objects depend on it'],
    [
      'alter table par add constraint neg check (v > 100)',
      '23514 check constraint "neg" of relation "par1" is violated by some row',
    ],
    ['create table chi2 (r int references par)', 0],
    ['insert into chi2 values (5)', 1],
    [
      'delete from par where id = 5',
      '23503 update or delete on table "par" violates foreign key constraint "chi2_r_fkey" on table "chi2"',
    ],
    ['truncate par', '0A000 cannot truncate a table referenced in a foreign key constraint'],
    ['truncate par cascade', 0],
    ['select count(*) from chi2', [[0]]],
    ['with m as (insert into par values (7,7) returning *) select * from m', [[7, 7]]],
    ['with m as (update par set v = 8 returning id, v) select * from m', [[7, 8]]],
    ['with m as (delete from par returning id, v) select * from m', [[7, 8]]],
    ['create view pv as select * from par', 0],
    ['select * from pv', []],
    ['create table tt as select * from par', 0],
    ['create table ee (a int) partition by range ((a % 10))', 0],
    ['create table ee1 partition of ee for values from (0) to (5)', 0],
    ['insert into ee values (13), (21)', 2],
    ['insert into ee values (15)', '23514 no partition of relation "ee" found for row'],
    ['select tableoid::regclass, a from ee where a % 10 = 3', [['ee1', 13]]],
    ["select relname from pg_class where relkind='p' order by 1", [['ee'], ['par']]],
  ]);
});

test('what is not made is refused by name', () => {
  run([
    ['create table p (id int primary key, v int) partition by range (id)', 0],
    ['create table p1 partition of p for values from (0) to (10)', 0],
    ['create view pv as select * from p', 0],
    ['insert into pv values (3, 3)', '0A000 INSERT through a view of a partitioned table is not supported'],
    ['update pv set v = 4', '0A000 changing a partitioned table or one with children through a view is not supported'],
    ['create table f (a float8) partition by hash (a)', '0A000 hash partitions by double precision are not supported'],
  ]);
});

test('SELECT INTO makes a table; a column keeps its collation', () => {
  run([
    ["select 1 as a, 'x' as b into t1", 0],
    ["  select 2 as a, 'y' as b \n into temp table t2 from t1 where a = 1", 0],
    [
      'select * from t1 union all select * from t2',
      [
        [1, 'x'],
        [2, 'y'],
      ],
    ],
    ['with q as (select 1 as z) select z into t4 from q', '0A000 SELECT INTO here is not supported'],
    ['select 1 as v into t5 union select 2', '0A000 SELECT INTO here is not supported'],
    ["select a from t1 where b <> 'into' and a = 1", [[1]]],
    ['create table c (a text, b text collate "C", c varchar collate "POSIX", d int)', 0],
    [
      "select attname, attcollation from pg_attribute where attrelid = 'c'::regclass and attnum > 0 order by attnum",
      [
        ['a', 100],
        ['b', 950],
        ['c', 951],
        ['d', 0],
      ],
    ],
    ['alter table c alter column b type varchar(3)', 0],
    [
      "select collation_name from information_schema.columns where table_name = 'c' order by ordinal_position",
      [[null], [null], ['POSIX'], [null]],
    ],
  ]);
});
