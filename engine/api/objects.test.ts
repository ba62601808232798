import { deepStrictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import { openPostgreSQL } from '../../test/peer/postgresql.ts';
import { SqlError } from '../../shm/errors.ts';
import { open } from './api.ts';

const postgres = await openPostgreSQL();
after(() => postgres.close());

/** How a statement ends: its rows, or its error. */
type Ending =
  | { readonly rows: readonly unknown[] }
  | { readonly code: string; readonly message: string; readonly detail: string };

/** Rows come in no order of their own. */
const inOrder = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

/** PostgreSQL shows the row. */
const detailOf = (code: string, detail: string | undefined): string =>
  code === '23514' || code === '44000' ? '' : (detail ?? '');

async function theirs(sql: string): Promise<Ending> {
  try {
    const { rows } = await postgres.query(sql);
    return { rows: inOrder(rows) };
  } catch (error) {
    const { code, message, detail } = error as { code: string; message: string; detail?: string };
    return { code, message, detail: detailOf(code, detail) };
  }
}

function ours(db: ReturnType<typeof open>, sql: string): Ending {
  try {
    return { rows: inOrder(db.prepare(sql).all()) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { code: error.code, message: error.message, detail: detailOf(error.code, error.detail) };
  }
}

/** Statements one after the other: each ends as in PostgreSQL, with its rows or the words of its error. */
async function alike(text: string, name: string): Promise<void> {
  using db = open(':memory:');
  await postgres.exec(`create schema ${name}; set search_path = ${name}`);
  db.exec(`create schema ${name}; set search_path = ${name}`);
  const differences: unknown[] = [];
  for (const sql of text.split('\n').filter((line) => line.trim() !== '')) {
    const expected = await theirs(sql);
    const found = ours(db, sql);
    if (JSON.stringify(expected) !== JSON.stringify(found)) differences.push({ sql, expected, found });
  }
  await postgres.exec('rollback; reset search_path');
  deepStrictEqual(differences, []);
}

test('schemas, views, ALTER TABLE: what depends refuses or goes along', () =>
  alike(
    `
create schema app
create schema app
create schema if not exists app
create table app.t (a int primary key, b text default 'x', c int check (c > 0))
insert into app.t values (1, 'one', 5), (2, 'two', 6)
create view app.v as select a, b from app.t where a > 0
select * from app.v
alter table app.t rename to u
alter table app.u rename column b to bb
select * from app.v
select a, bb from app.u
drop table app.u
alter table app.u drop column bb
alter table app.u drop column c
select * from app.u
insert into app.u values (3, 'three')
alter table app.u add column d int default 7
alter table app.u add column e text not null default 'eee', add f serial
select * from app.u
insert into app.u (a) values (4)
select * from app.u
alter table app.u alter column d type text using d::text || '!'
select * from app.u
alter table app.u alter column d type int
alter table app.u add constraint pos check (a > 1)
alter table app.u add constraint pos check (a > 0)
insert into app.u (a) values (-1)
alter table app.u add unique (d)
alter table app.u add unique (f)
alter table app.u alter column d set not null
alter table app.u alter column d drop not null
alter table app.u set schema public
select * from u
select * from app.v
drop schema app
drop schema app cascade
select * from u
create view v2 as select * from u
create view v3 as select a from v2
drop table u
drop view v2
drop table u cascade
select * from v3
create table p (id int primary key, x text)
create table c (id int, pid int references p, q int references p(id) on delete cascade)
create table c2 (id int, pid text references p)
create table c3 (id int, pid int references p(x))
drop table p
drop table c
drop table p
comment on schema public is 'x'
create table self (id int primary key, parent int references self)
drop table self
`,
    'objects',
  ));

test('generated columns are computed, and nobody else sets them', () =>
  alike(
    `
create table g (net int generated always as (price * 2) stored, price int, t text generated always as ('p' || price) stored)
insert into g (price) values (1), (2)
insert into g values (default, 5)
insert into g values (1, 5)
update g set price = 10 where price = 1
update g set net = 5
update g set net = default
select * from g
create index on g (net)
create index on g ((net + 1))
update g set price = 11 where price = 10
select * from g where net + 1 = 23
alter table g add column h int generated always as (price + 100) stored
select * from g
alter table g drop column price
alter table g drop column price cascade
create table bad (a int generated always as (b) stored, b int generated always as (1) stored)
create table bad (a int generated always as (a + 1) stored)
create table bad (a timestamptz generated always as (now()) stored)
alter table g alter column h drop expression
`,
    'generated',
  ));

test('foreign keys: rows that refer, rows that are referred to, all actions, put off or not', () =>
  alike(
    `
create table p (id int primary key, x text)
create table c (id int primary key, pid int references p)
insert into c values (1, 1)
insert into p values (1, 'a'), (2, 'b'), (3, 'c')
insert into c values (1, 1), (2, 2), (3, null)
delete from p where id = 1
delete from p where id = 3
update p set id = 10 where id = 2
update p set x = 'z' where id = 2
update c set pid = 7 where id = 1
update c set pid = 2 where id = 1
delete from p where id = 1
drop table c
create table c (id int primary key, pid int references p on delete cascade on update cascade)
insert into p values (5, 'e')
insert into c values (1, 2), (2, 2), (3, 5)
update p set id = 20 where id = 2
select * from c
delete from p where id = 20
select * from c
drop table c
create table c (id int primary key, a int default 5 references p on delete set null, b int default 5 references p on delete set default)
insert into p values (6, 'f')
insert into c values (1, 6, 6)
delete from p where id = 6
select * from c
delete from p where id = 5
select * from c
create table s (id int primary key, up int references s on delete cascade)
insert into s values (1, 2), (2, 1)
insert into s values (3, 1), (4, 3)
delete from s where id = 1
select * from s
create table dp (id int primary key)
create table dc (id int, pid int references dp deferrable initially deferred)
begin
insert into dc values (1, 1)
commit
begin
insert into dc values (1, 1)
insert into dp values (1)
commit
select * from dc
begin
delete from dp
insert into dp values (1)
commit
begin
delete from dp
set constraints all immediate
rollback
insert into dc values (2, 9)
create table k2 (a int, b text, primary key (b, a))
create table k2c (x text, y int, foreign key (y, x) references k2 (a, b) match full)
insert into k2 values (1, 'one')
insert into k2c values ('one', 1)
insert into k2c values ('two', 1)
insert into k2c values (null, 1)
insert into k2c values (null, null)
create table r (id int primary key)
create table rc (rid int references r on delete restrict)
insert into r values (1)
insert into rc values (1)
delete from r
create table b8 (id bigint primary key)
create table b8c (v int references b8)
insert into b8 values (7)
insert into b8c values (7)
insert into b8c values (8)
delete from b8
alter table k2c add constraint zz foreign key (y) references r
alter table rc add constraint zz foreign key (rid) references dp not valid
alter table rc validate constraint zz
with x as (insert into p values (77, 'q') returning id) insert into c select 9, id, id from x
select * from c
truncate dp
insert into p values (88,'x'), (89, 'y') on conflict do nothing
insert into c values (100, 88, 89) on conflict (id) do update set a = 1
insert into c values (100, 88, 89) on conflict (id) do update set a = 12345
`,
    'keys',
  ));

test('partial and covering indexes, tables made from queries and from other tables', () =>
  alike(
    `
create table pt (id int primary key, email text, active bool, n int)
create unique index pt_email on pt (email) where active
insert into pt values (1, 'a', true, 1), (2, 'a', false, 2), (3, 'a', null, 3)
insert into pt values (4, 'a', true, 4)
insert into pt values (4, 'a', true, 4) on conflict (email) where active do update set n = 99
insert into pt values (4, 'a', true, 4) on conflict (email) do nothing
update pt set active = true where id = 2
create index pt_n on pt (n) include (email) where n > 1
create index concurrently pt_x on pt (lower(email)) where active and n > 0
select * from pt where n = 99
create table ct as select id, email, n * 2 as m from pt
select * from ct
create table ct2 (x, y) as select 1, 'a'::text with no data
select * from ct2
create table if not exists ct as select 1
create table ct3 as select 1 as a, 2 as a
create table lk (like pt including all, extra int default 4, check (extra > 0))
insert into lk (id, email, active) values (1, 'q', true)
insert into lk (id, email, active) values (2, 'q', true)
insert into lk (id, email, active) values (1, 'r', true)
select * from lk
create table lk2 (a int, like pt, b int, primary key (id))
select * from lk2
create sequence so start 5 increment 2 minvalue 1 maxvalue 9 cycle owned by lk.extra
alter table pt drop column active
insert into pt values (5, 'a', 7)
alter table pt add constraint pt_pk2 unique (email) include (n)
comment on column pt.n is 'number'
comment on constraint pt_pkey on pt is 'key'
drop index pt_n
create index on pt (nothing) where id > 0
create index on pt (id) where id > random()
create table dropme (a int references pt)
insert into dropme values (77)
alter table dropme rename constraint dropme_a_fkey to dfk
insert into dropme values (77)
alter table dropme drop constraint dfk
insert into dropme values (77)
`,
    'indexed',
  ));

test('functions in SQL take the place of their calls', () =>
  alike(
    `
create function add_one(i integer) returns integer language sql immutable as $$ select i + 1 $$
select add_one(1), add_one(add_one(5))
create function add_one(i integer) returns integer language sql as 'select 1'
create or replace function add_one(i integer) returns text language sql as 'select 1'
create or replace function add_one(i integer) returns integer language sql as 'select i + 10'
select add_one(1)
create table ft (k int primary key, v text)
insert into ft values (1, 'one'), (2, 'two')
create function vof(int) returns text language sql stable strict as 'select v from ft where k = $1'
select k, vof(k), vof(null), vof(7) from ft order by k
create function two(a int, b int default 5) returns int return a * b
select two(2), two(2, 3), two(b => 4, a => 1)
select two('x')
select two(1, 2, 3)
create function atom(a int) returns text begin atomic select v from ft where k = a; end;
select atom(2)
drop table ft
alter table ft rename to ft2
select atom(2)
select vof(1)
drop function add_one(int)
select add_one(1)
drop function nothing(int)
drop function if exists nothing(int)
create view fv as select two(k) as t from ft2
select * from fv
drop function two
drop function two cascade
create function bad(a int) returns int language sql as 'select nothing'
create function ov(a int) returns text language sql as $$ select 'int' $$
create function ov(a text) returns text language sql as $$ select 'text' $$
select ov(1), ov('a'), ov('a'::text)
comment on function ov(int) is 'x'
drop function ov
insert into ft2 values (add_m(1), 'x')
create function add_m(i int) returns int language sql as 'select i + 100'
insert into ft2 values (add_m(1), 'x')
update ft2 set v = ov(k) where k = add_m(1)
select * from ft2 where k > add_m(0)
`,
    'routines',
  ));

test('functions in SQL that give rows stand in FROM', () =>
  alike(
    `
create table rt (k int primary key, g int, v text)
insert into rt values (1, 1, 'one'), (2, 1, 'two'), (3, 2, 'three'), (4, null, 'four')
create function ofg(int) returns setof text language sql stable as 'select v from rt where g = $1'
select * from ofg(1)
select ofg, length(ofg) from ofg(1)
select x from ofg(1) as x
select y from ofg(1) as x(y)
select rt.k, o from rt, ofg(rt.g) as o
select rt.k, o from rt left join ofg(rt.k - 1) as o on true
select rt.k, o from rt left join lateral ofg(rt.k - 1) as o on length(o) > 3
create function tab(wanted int) returns table (key int, name text) language sql as 'select k, v from rt where g = wanted'
select * from tab(1)
select name, key from tab(1 + 1) as t
select t.a, t.b from tab(1) as t(a, b)
select key from tab(1) union all select key from tab(2)
select (select count(*) from tab(rt.g)) as n, k from rt
select * from rt where exists (select from tab(rt.g) t where t.key > rt.k)
create function whole(int) returns setof rt language sql as 'select * from rt where k >= $1'
select * from whole(3)
select w.v, w.k from whole(2) w where w.g = 1
create function outs(a int, out b int, out c text) language sql as 'select a + 1, v from rt where k = a'
select * from outs(1)
select * from outs(77)
select rt.k, o.* from rt, outs(rt.k) o
create function oneout(a int, out b int) language sql as 'select a * 2'
select oneout(4), * from oneout(5)
create function both(inout a int, inout b int) language sql as 'select b, a'
select * from both(1, 2)
create function single(a int) returns table (z int) language sql as 'select a union all select a + 1'
select * from single(1)
select s.z from single(1) s
create function sr(a int) returns setof int strict language sql as 'select a'
select * from sr(null)
select * from sr(1)
select k, s from rt, sr(g) s
select * from ofg(1) with ordinality
select * from single(5) with ordinality as s(a, n)
create function few(a int) returns table (x int, y int) language sql as 'select a'
create function many(a int) returns table (x int, y int) language sql as 'select a, a, a'
create function wrong(a int) returns table (x int, y int) language sql as $$ select a, date '2020-01-01' $$
create function wrong1(a int) returns setof int language sql as $$ select date '2020-01-01' $$
create function castto(a int) returns table (x text, y numeric(6,2)) language sql as 'select a, a'
select * from castto(3)
create function tv(a int default 3) returns setof int return a
create function gen(n int default 3) returns setof int language sql as 'select generate_series(1, n)'
select * from gen()
select * from gen(n => 2)
select * from gen('x')
select * from gen(1, 2)
create function atomset(a int) returns setof text begin atomic select v from rt where k = a; end
select * from atomset(2)
create type pair as (a int, b text)
create function pairs(int) returns setof pair language sql as 'select k, v from rt where g = $1'
select b, a from pairs(1)
drop type pair
drop function whole
drop table rt
create view rv as select * from tab(1)
select * from rv
drop function tab
create or replace function tab(wanted int) returns setof int language sql as 'select 1'
create or replace function gen(n int default 3) returns setof int language sql as 'select n'
select * from gen(7)
create function dup(a int) returns table (a int) language sql as 'select 1'
create function noret(a int) language sql as 'select 1'
create function badret(out a int) returns text language sql as 'select 1'
create function agg(lo int) returns table (g int, n bigint) language sql as 'select g, count(*) from rt where k >= lo group by g order by g limit 10'
select * from agg(2)
select a.k, b.n from rt a join agg(1) b on a.g = b.g
create function nested(x int) returns table (k int) language sql as 'select t.key from tab(x) t where t.key > x'
select * from nested(1)
create function fin(q int) returns setof int language sql as 'with w as (select k from rt where k > q) select a.k from w a, w b where a.k = b.k and a.k > q'
select * from fin(2)
`,
    'rowroutines',
  ));

test('views of one table are changed through, and WITH CHECK OPTION looks at each row', () =>
  alike(
    `
create table ub (id int primary key, name text default 'dd', n int)
insert into ub values (1, 'a', 1), (2, 'b', 5), (3, 'c', 9)
create view uv as select id as key, name, n from ub where n > 2
select * from uv
update uv set name = 'x' where key = 2
update uv set name = 'y' where key = 1
delete from uv where key = 3
insert into uv (key, n) values (4, 1)
insert into uv values (5, 'e', 50) returning *
select * from ub order by id
create view cv as select * from ub where n > 2 with check option
insert into cv values (6, 'f', 1)
insert into cv values (6, 'f', 10)
update cv set n = 0 where id = 6
update cv set n = null where id = 6
create view lv as select id, n from uv2
create view lv as select key, n from uv where key < 100 with local check option
insert into lv values (7, 1)
insert into lv values (700, 10)
create view lc as select key, n from uv where key < 100 with cascaded check option
insert into lc values (8, 1)
create view ev as select id, n * 2 as d, name from ub
insert into ev (id, name) values (20, 'q')
insert into ev (id, d) values (21, 5)
update ev set d = 4
update ev set name = 'z' where id = 20
create view av as select count(*) from ub
insert into av values (1)
update av set count = 1
delete from av
create view jv as select a.id from ub a, ub b
delete from jv
select id, name, n from ub order by id
alter view uv alter column name set default 'viewdefault'
insert into uv (key, n) values (30, 30)
select * from uv where key = 30
create view wv as select 1 as a union select 2 with check option
update uv u set name = s.name from ub s where s.id = u.key and u.key = 2 returning u.key, u.name
update ev set name = 'dd2' where d = 20
delete from ev where d = 100 returning id, d, name
select id, name from ub order by id
`,
    'through',
  ));
