import { after, test } from 'node:test';
import { besidePostgreSQL } from '../../test/peer/alike.ts';

const { alike, close } = await besidePostgreSQL();
after(close);

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

test('functions get other names, schemas and properties', () =>
  alike(
    `
create schema other
create function f(a int) returns int language sql as 'select a + 1'
create function f(a text) returns int language sql as 'select 7'
alter function f(int) rename to g
select g(1), f('x')
select g('x'::text)
alter function g(int) rename to f
alter function f(text) rename to f
alter function f rename to h
alter function nothing(int) rename to h
alter function f(int) strict
select f(null::int)
alter function f(int) called on null input immutable
select f(null::int), f(4)
alter function f(int) set schema other
select other.f(5), f('q')
alter function other.f(int) set schema other
alter function other.f(int) set schema nowhere
create function f(a int) returns int language sql as 'select 100'
alter function f(int) set schema other
select f(1), other.f(1)
create function rows_of(n int) returns setof int language sql as 'select n union all select n'
alter function rows_of rename to twice
select * from twice(4)
select * from rows_of(4)
create function calls(a int) returns int return f(a)
drop function f(int)
drop function calls
drop function f(int)
alter routine twice(int) rename to thrice
select * from thrice(1)
alter procedure thrice(int) rename to x
drop routine thrice
drop procedure f(text)
`,
    'renamedroutines',
  ));
