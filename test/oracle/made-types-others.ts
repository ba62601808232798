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
