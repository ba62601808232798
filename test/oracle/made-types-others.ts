/** Statements about enums, domains, rows and ranges whose answers are compared with PostgreSQL's, in this order. */

const lines = (text: string): readonly string[] => text.trim().split('\n');

export const ENUMS = lines(`
create type mood as enum ('sad', 'ok', 'happy')
create type mood as enum ('x')
create table tm (id int primary key, m mood, ms mood[])
insert into tm values (1, 'ok', '{sad,happy}'), (2, 'happy', null), (3, 'sad', '{}')
insert into tm values (4, 'bad')
insert into tm values (4, 'ok'::mood, array['ok','sad']::mood[])
select id, m::text, ms::text from tm order by m, id
select id from tm where m > 'sad' order by id
create table tdef (id int primary key, m mood default 'ok', ms mood[] default '{sad}', check (m <> 'sad'))
insert into tdef values (1, default, default), (2, 'happy', null)
insert into tdef values (3, 'sad')
alter table tdef add column n mood default 'happy'
create index on tdef (id) where m = 'ok'
create table te (m mood default 'bad')
select id, m::text, ms::text, n::text from tdef order by id
select id from tm where m = 'ok' order by id
select m::text, count(*) from tm group by m order by m
select max(m)::text, min(m)::text from tm
select 'ok'::mood < 'happy'::mood, 'ok'::mood = 'ok'
select 'ok'::mood = 'nope'
select enum_range(null::mood)::text, enum_first(null::mood)::text, enum_last('ok'::mood)::text
select enum_range('ok'::mood, null)::text
alter type mood add value 'great' after 'happy'
alter type mood add value 'meh' before 'ok'
alter type mood add value 'meh'
alter type mood add value if not exists 'meh'
alter type mood add value 'z' after 'nope'
alter type mood rename value 'ok' to 'okay'
select id, m::text from tm order by m desc, id
select enum_range(null::mood)::text
insert into tm values (5, 'meh')
select id from tm where m < 'okay' order by id
create index tm_m on tm (m)
select id from tm where m = 'happy'
select pg_typeof(m)::text, pg_typeof(ms)::text from tm limit 1
update tm set m = 'great' where id = 1
update tm set ms[1] = 'meh' where id = 1
select m::text, ms::text, ms[1]::text from tm where id = 1
select id from tm where 'meh' = any(ms)
select m = any(array['okay','great']::mood[]) from tm order by id
drop type mood
`);

export const DOMAINS = lines(`
create domain posint as int check (value > 0)
create table td (id int primary key, p posint, n posint default 7)
insert into td values (1, 5)
insert into td values (2, -5)
insert into td values (2, null)
update td set p = 0 where id = 1
select 5::posint, 0::posint
select '5'::posint + 1, pg_typeof(5::posint)::text
select '-1'::posint
select id, p, n from td order by id
create domain nn as text not null default 'dflt'
create table tn (a int, b nn)
insert into tn (a) values (1)
insert into tn values (2, null)
select null::nn
select a, b from tn
alter domain posint add constraint small check (value < 100)
insert into td values (3, 1000)
alter domain posint add constraint tiny check (value < 6)
alter domain posint drop constraint small
insert into td values (3, 1000)
alter domain posint drop constraint small
alter domain posint set default 3
insert into td (id) values (9)
select id, p, n from td order by id
alter domain posint set not null
create domain dd as posint check (value < 50)
select 10::dd, 60::dd
`);

export const ROWS = lines(`
create type pair as (a int, b text)
create table tp (id int primary key, p pair, ps pair[])
insert into tp values (1, row(1, 'x'), array[row(2,'y')::pair])
insert into tp values (2, '(3,"a b")', '{"(4,z)"}')
insert into tp values (3, row(5))
insert into tp values (3, row('q', 'r'))
insert into tp values (3, null, null)
select id, p::text, ps::text from tp order by id
select id, (p).a, (p).b from tp order by id
select (p).c from tp
select (ps[1]).b from tp order by id
update tp set p.a = 10 where id = 1
update tp set p.b = 'new' where id = 3
update tp set ps[1].a = 99 where id = 2
select id, p::text, ps::text from tp order by id
select id from tp where p = '(10,x)'
select row(1, 'a', null)::text
select row(1, 2) = row(1, 2), row(1, 2) < row(1, 3)
select row(1,null) is null, row(null,null) is null, row(1,2) is not null
select tp::text from tp order by id
select (tp).id from tp order by 1
select t::text from (select 1 as a, 'b' as b) t
select '(1,2)'::pair::text
select '(1)'::pair
select '1,2)'::pair
select row(1,'x')::pair::text
select (row(1,'x')::pair).b
select p is null, p is not null from tp order by id
select row_to_json(t)::text from (select 1 as a, 'x' as b) t
select row_to_json(tp)::text from tp order by id
select row_to_json(row(1,'a'))::text
select to_json(array[1,2])::text
select array_to_json(array[1,2])::text
select p::text, count(*) from tp group by p order by 1
select array_agg(row(1,2))::text
drop type pair
drop type pair cascade
select * from tp order by id
drop type nosuch
drop type if exists nosuch
select 'tp'::regclass::text
select 'nosuch'::regclass
select 'int4'::regtype::text, 'integer'::regtype::text, 'text[]'::regtype::text, 'mood'::regtype::text
select 'public'::regnamespace::text
select 23::regtype::text, 1007::oid::regtype::text
select 'character varying'::regtype::oid, 'int[]'::regtype::oid
`);

export const RANGES = lines(`
select int4range(1, 5)::text, int4range(1, 5, '[]')::text, numrange(1.5, 2.5, '()')::text
select '[1,5]'::int4range::text, 'empty'::int4range::text, '(,5)'::int4range::text, '[1,1)'::int4range::text
select '[5,1]'::int4range
select '[1,5'::int4range
select int4range(1,5) @> 3, int4range(1,5) @> int4range(2,3), int4range(1,5) && int4range(4,9), 3 <@ int4range(1,5)
select int4range(1,5) << int4range(7,9), int4range(1,5) -|- int4range(5,9), int4range(1,5) &< int4range(2,9), int4range(7,9) >> int4range(1,2)
select (int4range(1,5) + int4range(4,9))::text, (int4range(1,5) * int4range(4,9))::text, (int4range(1,5) - int4range(3,9))::text
select (int4range(1,5) + int4range(7,9))::text
select (int4range(1,9) - int4range(3,4))::text
select lower(int4range(1,5)), upper(int4range(1,5)), lower_inc(int4range(1,5)), upper_inc(int4range(1,5)), isempty(int4range(1,1)), lower_inf(int4range(null,5)), upper_inf(int4range(null,5))
select range_merge(int4range(1,2), int4range(5,6))::text
select daterange('2026-01-01','2026-02-01')::text, daterange('2026-01-01','2026-02-01','[]')::text
select tsrange('2026-01-01 10:00','2026-01-01 12:00')::text
create table tr (id int, r int4range, d daterange)
insert into tr values (1, '[1,5)', '[2026-01-01,2026-02-01)'), (2, '[3,9]', null), (3, 'empty', null)
select id, r::text, d::text from tr order by r, id
select id from tr where r @> 4 order by id
select id from tr where r && '[5,6]' order by id
select id, lower(r), upper(r) from tr order by id
select int4range(1,5) = '[1,4]', int4range(1,5) < int4range(1,6)
select '{[1,3),[5,7)}'::int4multirange::text, '{[1,3),[2,7)}'::int4multirange::text
select int4multirange(int4range(1,3), int4range(5,7))::text
select '{[1,3),[5,7)}'::int4multirange @> 2, '{[1,3),[5,7)}'::int4multirange @> 4
select range_agg(r)::text from tr
select unnest('{[1,3),[5,7)}'::int4multirange)::text
`);

/** In plans, changes, views and definitions. */
export const MIXED = lines(`
create type e as enum ('a','b','c')
create table x1 (id int primary key, a int[], m e, r int4range, j jsonb[])
insert into x1 select g, array[g % 3, g], (array['a','b','c']::e[])[g % 3 + 1], int4range(g, g + 3), array[('{"k":' || g % 4 || '}')::jsonb] from generate_series(1, 50) g
select count(*) from x1 where a = array[1,4]
select count(*) from x1 where m = 'b' and r @> 10
select m::text, count(*) from x1 group by m order by m
select j::text, count(*) from x1 group by j order by j
select id from x1 order by j, id desc limit 3
select id from x1 order by r desc limit 2
select array_agg(distinct m order by m)::text from x1
select x.id from x1 x join x1 y on x.m = y.m and x.a = y.a where x.id < 4 order by 1
select x.m::text, (select count(*) from x1 y where y.m > x.m) from x1 x where id < 4 order by id
select a[1], sum(a[2]) from x1 group by a[1] order by 1
select id, rank() over (partition by m order by a) from x1 where id < 8 order by id
select count(distinct a), count(distinct m), count(distinct r) from x1
select max(m)::text, min(m)::text from x1
select id from x1 where m in ('a','c') order by id limit 3
select id from x1 where m between 'b' and 'c' order by id limit 3
select case m when 'a' then 1 when 'b' then 2 else 3 end from x1 where id < 4 order by id
select coalesce(m, 'a')::text, nullif(m, 'a')::text, greatest(m, 'b')::text from x1 where id < 4 order by id
select m || '!' from x1 where id = 1
select m::text::e::text, 'c'::text::e::text from x1 where id = 1
select id from x1 where (m, id) > ('b', 48) order by id
select id from x1 where row(m, id) = row('b'::e, 49)
update x1 set m = 'c' where m = 'a' and id < 5 returning id, m::text
delete from x1 where m = 'c' and id < 5 returning id
insert into x1 (id, m) values (100, 'a') on conflict (id) do update set m = excluded.m returning m::text
with t as (select m, count(*) n from x1 group by m) select m::text, n from t order by m
select m::text from x1 where id = 1 union select 'c'::e::text order by 1
select array[m, 'b']::text from x1 where id = 1
select m = any('{a,b}') from x1 where id = 1
select unnest(enum_range(null::e))::text
create table x2 (like x1)
create view v1 as select id, m, a[1] as first from x1
select id, m::text, first from v1 where id < 4 order by id
create domain email as text check (value ~ '@')
create table x4 (id int, e email, es text[])
insert into x4 values (1, 'a@b', '{}')
insert into x4 values (2, 'ab', '{}')
insert into x4 select 3, 'zz'
select e || 'x', length(e), upper(e) from x4
select * from x4 where e = 'a@b'
select max(e) from x4
create table x5 (id int primary key, tags text[] default '{}' not null, check (cardinality(tags) < 3))
insert into x5 values (1, '{a,b}'), (2, default)
insert into x5 values (3, '{a,b,c}')
update x5 set tags = tags || 'z' where id = 2 returning tags::text
update x5 set tags = array_remove(tags, 'z')
select id, tags::text from x5 order by id
select (array[1,2,3])[1:2] || 4, array_length(tags, 1) from x5 where id = 1
begin
create type gone as enum ('q')
create table x6 (g gone)
insert into x6 values ('q')
rollback
select 'q'::gone
select x.* from x5 x where x.id = 1
select (x).tags[1] from x5 x where x.id = 1
select count(x) from x5 x
select array_agg(x.id order by x.tags desc)::text from x5 x
select json_build_object('a', tags, 'b', id)::text from x5 where id = 1
select to_jsonb(tags)::text, to_json(x)::text from x5 x where id = 1
select jsonb_agg(x)::text from x5 x where id = 1
select array(select id from x5 order by id desc)::text
select * from x5 where tags = array(select 'a' union select 'b' order by 1)
select string_agg(t, ',' order by t) from x5, unnest(tags) t
select id, t, o from x5 cross join lateral unnest(tags) with ordinality as u(t, o) order by id, o
select generate_series(1,2), unnest(array['x','y','z'])
select array_agg(a) from (values (1),(null),(3)) v(a)
select array_agg(array[a]) from (values (1),(3)) v(a)
select array[1,2,3] is null, null::int[] is null
select array_to_string(array(select m from x1 where id < 8 order by m), ',')
select array_cat(array[[1,2]], array[[3,4]])::text
drop type e cascade
create type e2 as enum ('a','b')
create domain pos2 as int check (value > 0)
create table t (id int primary key, x text)
insert into t values (1, 'a'), (2, 'b')
alter table t add column k e2 default 'b'
alter table t add column p pos2 default 5
alter table t add column arr int[] default '{1,2}'
alter table t alter column x type e2 using x::e2
select id, x::text, k::text, p, arr::text from t order by id
alter table t alter column x type text
alter table t alter column k set default 'a'
insert into t (id) values (3)
select id, x, k::text, p, arr::text from t order by id
alter table t add column bad pos2 default -1
alter table t add column g int[] generated always as (array[id, id * 2]) stored
select g::text from t order by id
create index ti on t ((arr[1]))
select id from t where arr[1] = 1 order by id
create unique index tu on t (k) where id = 1
select row(t.*)::text from t where id = 1
create table s (t t)
insert into s select t from t where id = 1
select (s.t).id, (t).k::text from s
`);
