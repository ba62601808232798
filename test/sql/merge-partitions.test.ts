/** MERGE into partitioned tables, and into tables with children: what each statement answers. Answers are PostgreSQL 15's. */

import { test } from 'node:test';
import { run } from './steps.ts';

const SHOWN = 'select tableoid::regclass, * from m order by k';
/** Rows that stay as they are from the first MERGE on. */
const KEPT = [
  ['m2', 11, 'C', 4],
  ['m2', 12, 'd', 4],
  ['m2', 15, 'new2', 7],
];

test('rows are changed where they lie, move when their key does, and go to the partition that holds them', () => {
  run([
    ['create table m (k int, v text, n int default 7, primary key (k)) partition by range (k)', 0],
    ['create table m1 partition of m for values from (0) to (10)', 0],
    ['create table m2 (n int default 8, v text, k int not null, extra int default 5)', 0],
    ['alter table m2 drop column extra', 0],
    ['alter table m attach partition m2 for values from (10) to (20)', 0],
    ["insert into m values (1,'a',1),(2,'b',2),(11,'c',3),(12,'d',4)", 4],
    ['create table s (k int, v text, d bool)', 0],
    ["insert into s values (1,'A',false),(11,'C',false),(2,'',true),(5,'new',false),(15,'new2',false)", 5],
    [
      'merge into m using s on m.k = s.k when matched and s.d then delete when matched then update set v = s.v, n = n + 1 when not matched then insert (k, v) values (s.k, s.v)',
      5,
    ],
    [SHOWN, [['m1', 1, 'A', 2], ['m1', 5, 'new', 7], ...KEPT]],
    ['merge into m using s on m.k = s.k when matched and m.k = 1 then update set k = 16 when not matched then do nothing', 1],
    [SHOWN, [['m1', 5, 'new', 7], ...KEPT, ['m2', 16, 'A', 2]]],
    [
      "merge into m using (values (99)) s(k) on m.k = s.k when not matched then insert values (s.k, 'x', 1)",
      '23514 no partition of relation "m" found for row',
    ],
    [
      "merge into m using (values (16),(16)) s(k) on m.k = s.k when matched then update set v = 'twice'",
      '21000 MERGE command cannot affect row a second time',
    ],
    [
      'merge into m using (values (5)) s(k) on m.k = s.k when matched then update set k = 50',
      '23514 no partition of relation "m" found for row',
    ],
    [
      "merge into m using (values (5),(6)) s(k) on m.k = s.k when matched and v = 'zzz' then delete when matched then do nothing when not matched and s.k = 7 then insert values (7) when not matched then insert default values",
      '23514 no partition of relation "m" found for row',
    ],
    [SHOWN, [['m1', 5, 'new', 7], ...KEPT, ['m2', 16, 'A', 2]]],
    [
      'merge into m1 using (values (5)) s(k) on m1.k = s.k when matched then update set k = 15',
      '23514 new row for relation "m1" violates partition constraint',
    ],
    [
      "merge into only m using (values (5)) s(k) on m.k = s.k when matched then delete when not matched then insert values (8, 'only', 1)",
      1,
    ],
    [
      "with w as (select 6 as k) merge into m as t using w on t.k = w.k and t.tableoid = 'm1'::regclass when matched then update set v = t.tableoid::regclass::text",
      0,
    ],
    [SHOWN, [['m1', 5, 'new', 7], ['m1', 8, 'only', 1], ...KEPT, ['m2', 16, 'A', 2]]],
    ['create table par (a int primary key, b int)', 0],
    ['create table chi (c int default 3) inherits (par)', 0],
    ['insert into par values (1,1)', 1],
    ['insert into chi values (2,2,9)', 1],
    [
      'merge into par using (values (1),(2),(3)) s(a) on par.a = s.a when matched then update set b = b * 10 when not matched then insert values (s.a, s.a)',
      3,
    ],
    [
      'select tableoid::regclass, * from par order by a',
      [
        ['par', 1, 10],
        ['chi', 2, 20],
        ['par', 3, 3],
      ],
    ],
    ['select * from chi', [[2, 20, 9]]],
    ['merge into par using (values (2)) s(a) on par.a = s.a when matched then delete', 1],
    [
      'select tableoid::regclass, * from par order by a',
      [
        ['par', 1, 10],
        ['par', 3, 3],
      ],
    ],
    ['create table g (k int, x int, y int generated always as (x * 2) stored) partition by list (k)', 0],
    ['create table g1 partition of g for values in (1, 2)', 0],
    ['create table g2 partition of g default', 0],
    ['insert into g (k, x) values (1, 1), (9, 9)', 2],
    [
      'merge into g using (values (1, 5), (9, 6), (3, 7)) s(k, x) on g.k = s.k when matched then update set x = s.x, k = g.k + 1 when not matched then insert (k, x) values (s.k, s.x)',
      3,
    ],
    [
      'select tableoid::regclass, * from g order by k',
      [
        ['g1', 2, 5, 10],
        ['g2', 3, 7, 14],
        ['g2', 10, 6, 12],
      ],
    ],
    ['create table q (k int, parent int) partition by hash (k)', 0],
    ['create table q1 partition of q for values with (modulus 2, remainder 0)', 0],
    ['create table q2 partition of q for values with (modulus 2, remainder 1)', 0],
    ['merge into q using generate_series(1, 10) s on q.k = s when not matched then insert values (s, null)', 10],
    [
      'merge into q using generate_series(1, 20) s on q.k = s when matched and s % 2 = 0 then delete when matched then update set parent = s when not matched and s < 15 then insert values (s, -s)',
      14,
    ],
    [
      'select * from q order by k',
      [
        [1, 1],
        [3, 3],
        [5, 5],
        [7, 7],
        [9, 9],
        [11, -11],
        [12, -12],
        [13, -13],
        [14, -14],
      ],
    ],
  ]);
});

test('without partitions there is no place for a row', () => {
  run([
    ['create table m (k int) partition by range (k)', 0],
    [
      'merge into m using (values (1)) s (k) on m.k = s.k when matched then delete when not matched then insert values (s.k)',
      '23514 no partition of relation "m" found for row',
    ],
    ['merge into m using (values (1)) s (k) on m.k = s.k when matched then delete when not matched then do nothing', 0],
  ]);
});

test('policies of the table that is named decide', () => {
  run([
    ['create role mr', 0],
    ['create table rm (k int, who name default current_user, v int) partition by range (k)', 0],
    ['create table rm1 partition of rm for values from (0) to (10)', 0],
    ['create table rm2 partition of rm for values from (10) to (20)', 0],
    ["insert into rm values (1,'mr',1),(2,'other',2),(11,'mr',3),(3,'fixed',3)", 4],
    ['alter table rm enable row level security', 0],
    ['create policy s on rm for select using (true)', 0],
    ["create policy u on rm for update using (who in ('mr','fixed')) with check (v < 100)", 0],
    ["create policy d on rm for delete using (who = 'mr')", 0],
    ["create policy i on rm for insert with check (who = 'mr')", 0],
    ['grant all on rm to mr', 0],
    ['set role mr', 0],
    ['merge into rm using (values (1)) s(k) on rm.k = s.k when matched then update set v = 50', 1],
    [
      'merge into rm using (values (1)) s(k) on rm.k = s.k when matched then update set v = 100',
      '42501 new row violates row-level security policy for table "rm"',
    ],
    [
      'merge into rm using (values (2)) s(k) on rm.k = s.k when matched then update set v = 50',
      '42501 target row violates row-level security policy (USING expression) for table "rm"',
    ],
    [
      'merge into rm using (values (3)) s(k) on rm.k = s.k when matched then delete',
      '42501 target row violates row-level security policy (USING expression) for table "rm"',
    ],
    ['merge into rm using (values (1)) s(k) on rm.k = s.k when matched then update set k = 12, v = 7', 1],
    [
      "merge into rm using (values (1)) s(k) on rm.k = s.k when not matched then insert values (s.k, 'nobody', 1)",
      '42501 new row violates row-level security policy for table "rm"',
    ],
    ["merge into rm using (values (1)) s(k) on rm.k = s.k when not matched then insert values (s.k, 'mr', 1)", 1],
    ['merge into rm using (values (1)) s(k) on rm.k = s.k when matched then delete', 1],
    ['reset role', 0],
    [
      'select tableoid::regclass, * from rm order by k',
      [
        ['rm1', 2, 'other', 2],
        ['rm1', 3, 'fixed', 3],
        ['rm2', 11, 'mr', 3],
        ['rm2', 12, 'mr', 7],
      ],
    ],
    ['revoke update on rm from mr', 0],
    ['set role mr', 0],
    [
      'merge into rm using (values (12)) s(k) on rm.k = s.k when matched then update set v = 1',
      '42501 permission denied for table rm',
    ],
    ['merge into rm using (values (12)) s(k) on rm.k = s.k when matched then delete', 1],
    ['reset role', 0],
  ]);
});
