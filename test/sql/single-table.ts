/**
 * Statements of one table, in the order in which they run.
 * One statement a line; what has no SELECT in front of it gets one.
 */

import { lines } from './lines.ts';

/** They change the tables that those behind them read. */
export const STATEMENTS: readonly string[] = lines(`
create table t (id int primary key, a int, b text, n numeric(8,2), f float8, d date, ok bool)
insert into t values (1, 10, 'x', 1.50, 0.5, '2020-01-01', true), (2, 20, 'y', 2.25, -1.5, '2020-02-01', false), (3, 10, 'x', null, 'NaN', null, null), (4, null, null, 3.75, 2, '2019-12-31', true), (5, 20, 'z', -4.00, 'inf', '2021-01-01', false)
create table u (x int, y text, constraint u_x unique (x), z int default 7)
insert into u (x, y) values (1, 'a') on conflict do nothing
insert into u (x, y) values (1, 'b') on conflict do nothing
insert into u (x, y) values (1, 'b') on conflict (x) do update set y = excluded.y where u.y <> 'zz' returning *
insert into u (x, y) values (1, 'c') on conflict (x) do update set y = excluded.y where u.y = 'zz' returning *
insert into u (x, y) values (1, 'c') on conflict on constraint u_x do update set (y, z) = (excluded.y || u.y, default) returning x, y, z
insert into u (x, y) values (1, 'c') on conflict (x) do update set (y, z) = (select 'q', 9) returning x, y, z
insert into u as v (x, y) values (1, 'c') on conflict (x) do update set y = v.y || excluded.y returning *
insert into u (x, y) values (1, 'c') on conflict (y) do nothing
insert into u (x, y) values (2, 'c'), (2, 'd') on conflict (x) do update set y = excluded.y
insert into u (x, y) values (2, 'c'), (2, 'd') on conflict (x) do nothing returning *
insert into u (nope) values (1)
insert into u (x, x) values (1, 2)
insert into u (x, y) values (1)
insert into u (x) values (1, 2)
insert into u values (1, 'a', 3, 4)
insert into u (x, y) select id + 10, b from t where id < 3 returning *
insert into u select id + 20 from t where id = 1
insert into u (y, x) values (default, 30), ('k', default) returning x, y, z
insert into u default values returning *
insert into u (x) select distinct a from t where a is not null order by 1 limit 1 returning x
insert into t (id, a, b, ok) values (9, 10, 'x', true) on conflict (a, b) do nothing returning id
select count(distinct a), count(distinct b), count(*), count(a), sum(distinct a), avg(distinct a), min(distinct b), string_agg(distinct b, ',') from t
select count(*) filter (where ok), sum(a) filter (where a > 10), string_agg(b, ',' order by id desc) filter (where b <> 'z') from t
select string_agg(b, ',' order by b, id), string_agg(b, ',' order by id desc), bool_and(ok), bool_or(ok), every(ok) from t
select variance(a), stddev(a), var_pop(a), var_samp(n), stddev_pop(n), stddev_samp(f), corr(a, id), covar_pop(a, id), regr_slope(a, id), bit_and(a), bit_or(a), bit_xor(a) from t where id <> 5 and id <> 3
select sum(a), avg(a), sum(n), avg(n), sum(f), avg(f), min(d), max(d), min(b), max(b), min(f), max(f) from t
select count(*) from t having count(*) > 2
select 1 from t having count(*) > 100
select sum(a) from t where false
select 1 having true
select 1 having false
select a from t having true
select a + 1, count(*) from t group by a + 1 order by 1 nulls first
select a, b, count(*) from t group by 1, 2 order by 1, 2
select a as k, count(*) from t group by k order by k desc nulls last
select a, b from t group by a
select b from t group by 3
select count(*) from t group by count(*)
select a from t where count(*) > 1
select t.*, count(*) from t group by id order by id
select a, sum(n) s from t group by a having sum(n) > 1 order by s
select distinct a from t order by a
select distinct a, b from t order by b, a
select distinct a from t order by b
select distinct on (a) a, id from t order by a, id desc
select distinct on (a) a, id from t order by id
select distinct on (1) a, id from t order by a nulls first, id
select distinct on (a, b) id from t order by a, b, id
select distinct on (zz) id from t
values (1, 'a'), (2, 'b')
values (1, 'a'), (2, 2.5)
values (1), (2.5) order by 1 desc limit 1
values (1, 2), (3)
values (1), ('x')
table u
select id from t order by id limit all
select id from t order by id limit null offset null
select id from t order by id fetch first 2 rows only
select id from t order by id offset 1 row fetch next row only
select id from t order by id offset 2 rows
select id from t order by id limit 2 offset 10
select id from t limit -1
select id from t offset -1
select id from t limit 'x'
select id from t order by id limit 1.5
select id from t order by id limit 1 + 1
select id from t limit a
select (1, 2) < (1, 3), (1, null) < (2, 1), (1, null) = (1, null), (1, 2) = (1, 2), (1, 2) <> (1, 3), row(1, 2) >= row(1, 2), (1, 2) is distinct from (1, null), (1, 'a') in ((1, 'a'), (2, 'b'))
select (1, 2) = (1, 2, 3)
select id from t where (a, b) = (10, 'x') order by id
select id from t where (a, id) > (10, 1) order by id
select id from t where (a, b) in ((10, 'x'), (20, 'z')) order by id
select row(1, null) is null, row(null, null) is null, row(1, 2) is not null
select id from t where a is distinct from 10 order by id
select id from t where a is not distinct from null order by id
select id from t where a between symmetric 20 and 15 order by id
select id from t where a not between symmetric 20 and 15 order by id
select id from t where b like 'X' escape '!' or b ilike 'X' order by id
select id from t where b similar to '(x|y)' order by id
select id, case a when 10 then 'ten' when 20 then 'twenty' else 'none' end, case when a > 10 then 1 end from t order by id
select d at time zone 'UTC' from t where id = 1
select cast(a as text), a::text, text(a), varchar(3) 'abcd' from t where id = 1
select cast(n as int), n::int, int4(n) from t where id = 1
update t set a = a + 1 where id = 1 returning id, a
update t set (a, b) = (5, 'q') where id = 1 returning a, b
update t set (a, b) = row(6, default) where id = 1 returning a, b
update t set (a, b) = (select 7, 'w') where id = 1 returning a, b
update t set (a) = (5) where id = 1 returning a
update t set (a, b) = (5) where id = 1
update t set a = default where id = 1 returning *
update t set nope = 1
update t set a = 1, a = 2
update t as q set a = q.id * 10 where q.id = 2 returning q.a, q.*
update t set id = id + 1 where id > 100
update t set a = 'x'
update t set ok = 1
delete from t where id = 5 returning *
delete from t as z where z.id = 100 returning z.id
truncate table u
truncate u, t
truncate only u restart identity
truncate u cascade
truncate u continue identity restrict
truncate nope
select count(*) from t
select * from t where 1
select * from t where id = 'x'
select nope from t
select t.nope from t
select z.a from t
select * from nope
select id id, a as "A b", b "from" from t
select id as order from t
select 1 as a, 2 as a order by a
select id + 1 as x from t order by x + 1
select a as b, b as a from t order by b
select * , id from t limit 0
select id from t for update
select id from t for update of t nowait
select id from t for share skip locked
select id from t for no key update
select count(*) from t for update
create temp table tt (a int)
create table if not exists t (a int)
drop table if exists nope
drop table nope
create index t_lower on t (lower(b))
create index on nope (a)
create index on t (nope)
select current_date - d from t where id = 1 and false
select 'a' 'b'
select 'a'
select 'b'
select date '2020-01-01' + 1 as x, -a as neg, not ok as inv from t where id = 2
select a from t group by a having a > 5 order by sum(n) nulls first
select sum(a + 1) * 2 + count(*) from t group by b order by b
select max(a) - min(a), round(avg(n), 2) from t
select all id from t where id = 1
select count(all a), count(*) filter (where a = 10) as c10 from t
select sum(sum(a)) from t
select count() from t
select sum(*) from t
select lower(*) from t
select lower(distinct b) from t
select sum(b) from t
select a, a from t order by 3
select a from t order by -1
select a from t order by 'x'
select a from t group by 'x'
select coalesce(sum(a), 0) from t where id > 1000
select * from only t where id = 1
`);

/** Row values, row by row over tables of their own. */
export const ROWS: readonly string[] = lines(`
create table t (id int primary key, a int, b text, n numeric(8,2), f float8, d date, ok bool)
insert into t values (1, 10, 'x', 1.50, 0.5, '2020-01-01', true), (2, 20, 'y', 2.25, -1.5, '2020-02-01', false), (3, 10, 'x', null, 'NaN', null, null), (4, null, null, 3.75, 2, '2019-12-31', true), (5, 20, 'z', -4.00, 'inf', '2021-01-01', false)
create table u (x int, y text, constraint u_x unique (x), z int default 7)
create index on t (a, id)
select id from t where (a, b) = (10, 'x') order by id
select id from t where (a, id) > (10, 1) order by id
select id from t where (a, id) >= (10, 3) order by a, id
select id from t where (a, id) < (20, 5) order by a, id
select id from t where (a, b) in ((10, 'x'), (20, 'z')) order by id
select id from t where (a, b) not in ((10, 'x'), (20, 'z')) order by id
select id from t where row(a, b) is null
select id from t where (a, b) is distinct from (10, 'x') order by id
select id from t where (a + 0, id * 2) > (9 + 1, 3) order by id
select id, (a, id) < (10, 3) from t order by id
insert into u (x, y) values (1, 'a') on conflict (x) where z > 0 do nothing
insert into u (x, y) values (1, 'a') on conflict (x) where z > 0 do update set y = 'q' returning *
insert into u (x, y) values (1, 'a') on conflict (x) where nope > 0 do nothing
insert into u (x, y) values (1, 'c') on conflict (x) do update set (y, z) = (select 'q', 9) returning x, y, z
insert into u (x, y) values (1, 'c') on conflict (x) do update set (y, z) = (select excluded.y || u.y, u.z + 1) returning x, y, z
update t set (a, b) = (select 7, 'w') where id = 1 returning a, b
update t set (a, b) = (select a + 1, b || '!') where id = 1 returning a, b
update t set (a, b) = (select 1) where id = 1
update t set (a) = (5) where id = 1 returning a
update t set (a) = row(5) where id = 1 returning a
update t set (a, b) = (5) where id = 1
update t set (a, b) = 5 where id = 1
insert into u (nope) values (1)
insert into u (x, x) values (1, 2)
insert into u (x, y) values (1)
insert into u (x) values (1, 2)
insert into u values (1, 'a', 3, 4)
insert into u (x, y) values (1, 'a', 3), (2, 'b', 4)
insert into u (x, y, z, x) select 1, 'a', 2, 3
insert into u (x) select 1, 'a'
insert into u (x, y) select 1
insert into u select 1, 'a', 3, 4
select distinct on (a) a, id from t order by id
select distinct on (a, b) a, id from t order by a, id
values (1, 2), (3)
insert into u values (1, 'a'), (2)
select (1, 2) < (1, 3), (1, null) < (2, 1), (1, null) = (1, null), (1, 2) = (1, 2), (1, 2) <> (1, 3), row(1, 2) >= row(1, 2), (1, 2) is distinct from (1, null), (1, 'a') in ((1, 'a'), (2, 'b')), (2, 1) not in ((1, 1)), (1, 2, 3) <= (1, 2, 2), (1, 1, null) > (1, 1, 2), (1, null) > (0, 1), (1, 2) is not distinct from (1, 2), (1,2) between (1,1) and (1,3), (1, 2) not between symmetric (1, 3) and (1, 1)
select (1, 2) = (1, 2, 3)
select row() = row()
select row(1) = row(1), row(1) < row(2), (1, 2) != (1, 2)
select row(1, null) is null, row(null, null) is null, row(1, 2) is not null, row(1, null) is not null, row(null, row(null)) is null, row() is null, row() is not null
select (1, 'a') = (1, 2)
select (1, 2) is true
select row(1, 2) is distinct from row(1)
select not (1, 2) < (1, 1), ((1, 2) = (1, 2)) = true
select (1, '2020-01-01') < (1, date '2020-01-02'), (1.5, 2) > (1, 5), ('a', 1) < ('b', 0)
`);

/** Queries and changes of a table with columns of most types. */
export const QUERIES: readonly string[] = lines(`
create table t (id int primary key, a int, b text, n numeric(8,2), f float8, d date, ok bool, ts timestamp, j jsonb, c char(4), l int8, s smallint)
insert into t values (1, 10, 'x', 1.50, 0.5, '2020-01-01', true, '2020-01-01 10:00', '{"k": 1, "z": [1, 2]}', 'ab', 5000000000, 1), (2, 20, 'y', 2.25, -1.5, '2020-02-01', false, '2020-01-02 11:30', '{"k": 2}', 'cd', 6, 2), (3, 10, 'x', null, 'NaN', null, null, null, null, null, null, null), (4, null, null, 3.75, 2, '2019-12-31', true, '2019-12-31 23:59:59.5', '[1]', 'e', 7, -3), (5, 20, 'z', -4.00, 'inf', '2021-01-01', false, '2021-06-01', '"q"', 'ab', -1, 9)
select case (1, 2) when (1, 2) then 'x' end, case (id, a) when (1, 10) then 1 when (2, 20) then 2 else 0 end from t order by id
select id from t order by a using >, id using <
select a, count(*), sum(n), avg(n), min(b), max(d), bool_or(ok), string_agg(b, '-' order by id) from t group by a order by a
select date_trunc('month', d) m, count(*) from t group by m order by m
select extract(year from d) y, sum(a) from t group by extract(year from d) having count(*) > 1 order by 1
select a % 3, count(*) from t group by a % 3 having sum(a) is not null order by 2 desc, 1
select lower(b) || '!', count(*) from t group by lower(b) order by 1 nulls first
select case when a > 10 then 'big' else 'small' end k, count(*) from t group by k order by k
select a, a + 1 from t group by a order by a + 1
select sum(a) / count(*), sum(a) * 1.0 / count(*), round(avg(a), 3) from t
select count(*) filter (where ok) * 100.0 / count(*) from t
select coalesce(b, 'none') as b, count(*) from t group by coalesce(b, 'none') order by 1
select coalesce(b, 'none') as b, count(*) from t group by b order by 1
select min(ts), max(ts), max(ts) - min(ts), avg(ts - timestamp '2020-01-01') from t
select sum(l), avg(l), sum(s), avg(s), sum(s::int8), sum(f) from t where f < 100
select j -> 'k', j ->> 'k', j #> '{z,0}', j @> '{"k":1}', j ? 'k' from t order by id
select id from t where j ->> 'k' = '2'
select id from t where (j ->> 'k')::int > 1
select jsonb_agg(a order by id), json_object_agg(id, b) from t where id < 3
select id from t where c = 'ab' order by id
select id, c || '|', length(c), c = 'ab  ', c like 'ab%' from t order by id
select id from t where d between '2020-01-01' and '2020-12-31' order by id
select id from t where ts::date = '2020-01-01'
select id from t where ts >= '2020-01-01' and ts < '2020-01-02'::date + 1 order by id
select id from t where extract(dow from ts) = 3
select id, d + 1, d - 1, d + interval '1 month', d - date '2020-01-01', ts + '1 hour', ts::time from t order by id
select id from t where n > 1.5 order by id
select id from t where n = 1.5 or a = 20.0 order by id
select id, n * a, n / 3, n + f, a / 3, a / 3.0, -n, n % 1, n ^ 2 from t where id in (1, 2, 4) order by id
select id, a::text || b, a || b, b || a from t order by id
select id, a is null, a = null, not ok, ok and a > 10, ok or a > 10, ok is true, ok is not true, ok is unknown from t order by id
select id from t where not (a = 10) order by id
select id from t where a <> 10 order by id
select id from t where a not in (10, null)
select id from t where b is not null and b <> 'x' order by b desc
select id from t where ok order by id
select id from t where b like '%' || 'x' || '%' order by id
select id from t where b ilike 'X%' order by id
select id from t where b ~ '^[xy]$' order by id
select id from t where upper(b) = 'X' order by id
select id from t where b > 'x' order by id
select id from t where length(b) = 1 and position('x' in b) = 1 order by id
select greatest(a, id, 15), least(n, 2), nullif(a, 10), coalesce(n, a, 0) from t order by id
select id, to_char(d, 'DD Mon YYYY'), to_char(n, 'FM990.00'), to_char(ts, 'HH24:MI') from t order by id
select distinct ok from t order by ok
select distinct on (a) a, b, id from t order by a nulls last, id desc
select distinct a, count(*) from t group by a order by a
select count(distinct (a)) from t
select count(distinct a + 1), sum(distinct n) from t
select string_agg(distinct b, ',' order by b desc) from t
select string_agg(b, ',' order by a) from t where false
select every(ok), bool_and(ok) filter (where ok is not null) from t
select max(id) filter (where a = 10), max(b) from t
select id as "Id", a AS "select" from t limit 1
select t.id, t.* from t where id = 1
select public.t.id from public.t where public.t.id = 1
select x.id from t x where x.a = 10 order by x.id
select x.i from t as x (i, aa) where x.aa = 10 order by i
select t.id from t x
select id from t limit 2 offset 1 rows
select id from t order by 1 desc limit 2
select a, id from t order by 1, 2 desc
select a + 1 as k from t order by k nulls first
select id from t where id = 1 for update
update t set a = a + 1, n = n * 2 where id = 1 returning id, a, n
update t set b = b || '!' where a > 15 returning id, b
update t set (a, b) = (a + 1, upper(b)) where id = 2 returning a, b
update t set d = default, c = 'zz' where id = 3 returning d, c
update t set n = 123456789 where id = 1
update t set c = 'abcdef' where id = 1
update t set s = 40000 where id = 1
update t set id = 2 where id = 1
update t set a = null where id = 4 returning a
update t set a = 1 where id = 999
delete from t where a is null returning id
insert into t (id, a) values (10, 1), (11, 2) returning id, a, b
insert into t (id, a) values (10, 1)
insert into t (id, a) values (10, 1) on conflict do nothing
insert into t (id, a) values (10, 5) on conflict (id) do update set a = excluded.a + t.a returning a
insert into t (id, a) values (10, 5) on conflict (id) do update set a = 0 where t.a > 100 returning a
insert into t (id, a) values (null, 1)
insert into t (a) values (1)
insert into t select id + 100, a, b from t where id < 3 returning id
insert into t (id, b) select id + 200, upper(b) from t where id < 3 order by id desc limit 1 returning *
insert into t (id, d) values (20, '2020-02-30')
insert into t (id, d) values (20, current_date) returning d = current_date
insert into t (id, j) values (21, '{"a":1}'), (22, 'null') returning j
insert into t (id, j) values (23, '{bad')
insert into t (id, n) values (24, 'abc')
insert into t (id, n) values (24, 1.005), (25, '2.5') returning n
insert into t (id, f) values (26, 'nan'), (27, 1) returning f
insert into t (id, ok) values (28, 'yes'), (29, 0::bool) returning ok
insert into t (id, ok) values (30, 1)
insert into t (id, a) values (31, '7'), (32, 7.6) returning a
insert into t (id, b) values (33, 1), (34, true), (35, 1.50) returning b
insert into t (id, c) values (36, 'abc') returning c, length(c)
values (1, null), (null, 'x'), (3, 'y') order by 1 nulls first
values (1), (2) limit 1 offset 1
values (1, 2.5), (2, 3)
select 1 where 1 = 1
select 1 where false
select 'a' as x, 2 as y order by y
select count(*)
select max(1), count(*) from t where id > 10000
select a from t where id > 10000 group by a
select sum(1), count(1) from t
select -5 % 3, -5 / 3, 5 / -3, 2 ^ 3 ^ 2, -2 ^ 2, not true = false, 1 + 2 * 3 - 4 / 2
select 1 < 2 and 2 < 3 or false, not (1 = 2), 1 = 1 is true, null and false, null or true, null = null
select 'a' || 'b' || 'c' = 'abc', 'abc' like 'a%' and true, 1 in (1,2) = true
select cast('12' as int) + 1, '12'::int + 1, int '12' + 1, '2020-01-01'::date + 1, date '2020-01-01' + 1
select 1::text, 1::varchar(3), 1.5::int4, true::text, null::int, '{"a":1}'::jsonb::text, '1'::int::text::int
select cast(1 as numeric(5,2)), 1::numeric(5,2) / 3, cast('2020-01-01' as timestamp)
select "id" from "t" where "id" = 1
select ID from T where Id = 1
select 1 /* c /* nested */ */ + 1 -- end
select current_date is not null, current_timestamp is not null, now() = current_timestamp, localtime is not null
truncate t
select count(*) from t
`);

/** What is not built yet: 0A000. */
export const REFUSED: readonly string[] = lines(`
select * from t tablesample system (10)
`);
