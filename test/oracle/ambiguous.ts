/**
 * Statements whose meaning hangs on a rule: aliases that hide columns, positions, unknown literals, mixed numbers, NULL everywhere,
 * parameters of no type, grouping, and what INSERT, UPDATE and DELETE refuse. Over t and g; a line each.
 */
export const AMBIGUOUS: readonly string[] = `
select a as s from t order by s
select a as s, s as a from t order by a, s
select a as x, b as x from t order by x
select a as x, a as x from t order by x
select a+1 as a from t group by a
select a+1 as q from t group by q
select a as b, count(*) from t group by b
select s as b, count(*) from t group by b
select a, count(*) from t group by 1 order by 2
select a from t order by 3
select a from t order by 0
select a from t group by 2
select a from t order by 'x'
select a from t order by 1.5
select a from t order by null
select a from t group by 'x'
select 'x' from t order by 1
select 'x' as q from t group by q
select null as q from t group by q
select $1 from t order by 1
select $1 as x, a from t where a = $1
select a = $1, $1 from t
select $1, a = $1 from t
select $1::int, $1 from t
select $2 from t
select $1 || 'a', $2 + 1
select $1 + $2
select $1 = $2
select $1 is null
select $1
select a from t where $1
select a from t limit $1 offset $2
select a from t limit 'x'
select a from t limit 1.5
select a from t limit a
select a from t limit true
select sum(a) from t where sum(a) > 1
select sum(sum(a)) from t
select a, sum(b) from t
select a+1, sum(b) from t group by a+1
select a+2, sum(b) from t group by a+1
select (a+1)*2, sum(b) from t group by a+1
select a, sum(b) from t group by a having b > 1
select a, sum(b) q from t group by a having q > 1
select sum(b) from t having count(*) > 1
select a from t having count(*) > 1
select 1 from t having true
select id, s, count(*) from t group by id
select s, v, id+1 from t group by id, a
select t.* from t group by id
select * from t group by a
select count(*) from t group by sum(a)
select a from t order by sum(a)
select a from t group by a order by sum(b)
select a from t group by a order by b
select count(*) from t order by a
select distinct a from t order by b
select distinct a, b from t order by b
select distinct a+1 from t order by a+1
select distinct a as x from t order by x
select distinct on (a) a, b from t order by a, b
select distinct on (a) a, b from t order by b, a
select distinct on (a, b) a, b from t order by b, a
select distinct on (1) a from t order by 1
select distinct on (x) a as x from t
select distinct j from t
select distinct k from t order by k desc nulls last
select count(distinct a) from t
select count(distinct j) from t
select string_agg(distinct s, ',' order by s) from t
select string_agg(distinct s, ',' order by a) from t
select string_agg(s, ',' order by a desc) from t
select count(*) filter (where a > 1) from t
select count(*) filter (where a) from t
select lower(distinct s) from t
select lower(*) from t
select lower(s) filter (where k) from t
select count() from t
select sum(*) from t
select nosuch(a) from t
select nosuch from t
select t.nosuch from t
select u.a from t
select t.a from t as u
select public.t.a from t
select public.t.a from t u
select other.t.a from t
select a from nosuch
select a from nosuch.t
select * from t as u(x, y)
select x, y, b from t as u(x, y)
select a from t as u(x, y)
select *
select u.* from t
select t.*, a from t
select *, * from t
select a a from t
select 1, 1
select 1 as "X", 2 as X
select case when a then 1 end from t
select case a when 1 then 'x' else 2 end from t
select case a when 's' then 2 end from t
select coalesce(null, null)
select coalesce(null, 1)
select coalesce('x', 1)
select coalesce(a, 's') from t
select coalesce(a, s) from t
select greatest(null, 'x')
select greatest(a, b, n, f) from t
select a in (1, 2, 3.5) from t
select a in (1, 'x') from t
select $1 not in ('1', a, 3000000000) from t
select a in (1, s) from t
select s in (1, 2) from t
select a in (null) from t
select a in (b, 1, 2) from t
select $1 in (1, 2)
select a in ($1, $2) from t
select a between $1 and $2 from t
select a between '1' and '2.5' from t
select 'x' like 'y'
select s like $1 from t
select s like 'a' escape 'b' from t
select s similar to 'a' escape 'b' from t
select s ilike a from t
values (1, 'a'), (2, null)
values (1), ('x')
values (1), (2.5), (null)
values (1, 2), (3)
values (1), (2) order by column1 desc limit 1
values (1), (2) order by 1
values ($1, 2)
values ('a') order by 1
select 1 where false
select true, false, null, 'x', 1, 1.5, 3000000000, 99999999999999999999, 1e3, 1e-3
select current_date, current_timestamp, current_user, localtimestamp(2)
select now(), date '2020-01-01', interval '1 day', timestamp '2020-01-01 00:00'
select int '5', '5'::int, cast('5' as int), 5::text, a::text, upper(s)::varchar(3) from t
select 'x'::int
select date 'nonsense'
select a from t for update
select a from t for update of u
select a from t group by a for update
select distinct a from t for share
select count(*) from t for update
insert into t values (1)
insert into t values (1, 2, 3, 'a', 'b', 'c', 1, 2, 3, 4, 5, true, null, null, null, null, null, null, null)
insert into t values (1, 2, 3, 'a', 'b', 'c', 1, 2, 3, 4, 5, true, null, null, null, null, null, null, null, 20)
insert into t (id, a) values (1)
insert into t (id) values (1, 2)
insert into t (id, id) values (1, 2)
insert into t (nosuch) values (1)
insert into t (id, k) values (1, 1)
insert into t (id, a) values (1, '5')
insert into t (id, a) values (1, 's'::text)
insert into t (id, s) values (1, 5)
insert into t (id, a) values (1, 5.5)
insert into t (id, d) values (1, 5)
insert into t (id, a) values ($1, $2) returning *
insert into t (id, a, s) values ($1, $2, $3), ($4, $5, $6) returning id, a + 1 as x, s
insert into t default values
insert into t (id) select a from t
insert into t (id, s) select a, 'x' from t
insert into t (id, a) select a, 'x' from t
insert into t (id, a) select a, s from t
insert into t (id, a) select a from t
insert into t (id, d) select a, '2020-01-01' from t
insert into t (id, a) values (default, default)
insert into t (id, a) values (1, 2), (3, default)
insert into t as q (id) values (1) returning q.id, t.id
insert into t as q (id) values (1) returning q.id
insert into t (id) values (1) returning sum(id)
insert into g values (1)
insert into g (id) values (1)
insert into g (id) values (default)
insert into g (id) overriding system value values (1)
insert into g (id) overriding user value values (1)
insert into g (m) values (1)
insert into g (id) select a from t
insert into g (x) values (1) on conflict do nothing
insert into g (x) values (1) on conflict (id) do nothing
insert into g (x) values (1) on conflict (e) do update set x = excluded.x + g.x
insert into g (x) values (1) on conflict (e) do update set x = x + 1 where g.x > excluded.x returning *
insert into g (x) values (1) on conflict (lower(w)) do nothing
insert into g (x) values (1) on conflict (nosuch) do nothing
insert into g (x) values (1) on conflict do update set x = 1
insert into g (x) values (1) on conflict on constraint g_pkey do nothing
insert into g (x) values (1) on conflict on constraint g_lower do nothing
insert into g (x) values (1) on conflict on constraint nosuch do nothing
insert into g (x) values (1) on conflict (e) do update set id = 3
insert into g (x) values (1) on conflict (e) do update set id = default
insert into g (x) values (1) on conflict (e) do update set x = excluded.nosuch
insert into g (x) values (1) on conflict (e) do update set x = (excluded.e)
insert into g (x) values (1) returning excluded.x
update t set a = 1
update t set a = b, b = a where id = $1 returning *
update t set a = 's'
update t set a = s
update t set nosuch = 1
update t set a = 1, a = 2
update t set a = sum(b)
update t set (a, b) = (1, 2)
update t set (a, b) = (1, 2, 3)
update t set a = default where k
update t u set a = u.b where t.id = 1
update t u set a = u.b where u.id = 1
update g set id = 1
update g set id = default
update g set m = 1
update g set x = $1, e = $2 where id = $3
update nosuch set a = 1
delete from t
delete from t where a = $1 returning id
delete from t where s
delete from t u where t.a = 1
delete from nosuch
`
  .trim()
  .split('\n');
