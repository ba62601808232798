/** UNION and the like, WITH, and queries that put many things together, whose meaning hangs on a rule. Over t and g; a line each. */

/** UNION and the like, WITH, WITH RECURSIVE. */
export const COMBINED: readonly string[] = `
select id::text from t union select x::text from g
select id::text from t union all select x::text from g
select id::text from t intersect select x::text from g
select id::text from t except select x::text from g
select k::text from t except all select k::text from t where id = 1
select k::text from t intersect all select k::text from t where id > 1
select id from t union select x, m from g
select id from t union select s from t
select id from t union select 'x'
select id from t union select '5'
select null union select 1
select 1 union select null
select null union select null union select 1
select null union (select null union select 1)
select 'a' union select 'b'
select 1 union select 2.5
select a from t union select b from t
select s from t union select v from t
select v from t union select v from t
select v from t union select c from t
select p from t union select p from t
select p from t union select n from t
select d from t union select ts from t
select j from t union select j from t
select j from t union all select j from t
select id::text as q from t union select e from g order by q
select id::text as q from t union select e from g order by 1 desc limit 2
select id as q from t union select x from g order by q + 1
select id as q from t union select x from g order by id
select id as q from t union select x from g order by t.id
select id as q from t union select x from g order by nosuch
select id as q, id as q from t union select x, m from g order by q
select id as q from t union select x from g order by 2
select id from t union select x from g for update
(select id::text from t order by id limit 1) union all (select x::text from g order by x limit 1)
(select id::text from t limit 1) union all select x::text from g order by 1
select id::text from t union all (select x::text from g union select '99') order by 1
select 1::text union select 2::text except select 2::text
select 1::text union all select 1::text intersect select 2::text
values (1), (2) union values (2), (3)
values ('1'), ('2') union select x::text from g
values (null) union select 1
select * from (select id from t union select x from g) s(z)
select z::text from (select id from t union select x from g) s(z) where z > 2
select count(*)::text from (select id from t union all select x from g) s
select id::text from t where a in (select x from g union select m from g)
select id::text from t where exists (select x from g where g.m = t.id union select id from t u where u.a = t.id)
select id::text, (select x from g where m = t.id union all select -t.id limit 1)::text from t
select $1 union select 1
select $1 union select $2
select id from t union select $1
insert into g (m, x) select id, a from t union select 9, 9
insert into g (m, x) select 1, null union select 2, null
insert into g (m, x) select 1, null
select distinct null union select 1
select null as x group by x union select 1
select 1 limit 1 union select 2
with x as (select id from t) select id::text from x
with x(a, b) as (select id, a from t) select a::text, b::text from x
with x(a, b, c) as (select id, a from t) select a from x
with x(a) as (select id, a from t) select a::text, x.a::text from x
with x as (select id from t), y as (select id + 1 as id from x) select y.id::text from y
with y as (select id from x), x as (select id from t) select * from y
with x as (select * from x) select * from x
with t as (select a from t where a > 0) select a::text from t
with x as (select id from t), x as (select 1) select * from x
with x as (select id from t) select id from public.x
with x as (select id from t) select x.id::text, z.id::text from x join x z on x.id < z.id
with x as (select id from t) select id::text from t where id in (select id from x where x.id > 2)
with x as (select id from t) select id::text from t where exists (select 1 from g where g.m in (select id from x))
with x as (select 1) select 2::text
with x as (select nosuch) select 2
with x as (select id from t) select * from x for update
with x as (select id from t) select * from x for update of x
with x as materialized (select id from t) select id::text from x
with x as not materialized (select id from t) select id::text from x
select (with x as (select t.a) select a from x)::text from t
select (with x as (select max(g.x) + t.a as z from g) select z from x)::text from t
select (with x as (select sum(t.a) as z) select z from x)::text from t
select * from (with x as (select id from t) select * from x) s, x
select id::text from (with x as (select id from t) select * from x) s
with x as (select id from t union select x from g) select id::text from x order by id
with x as (select id from t) (with y as (select id from x) select id::text from y)
with recursive x as (select 1 as n union all select n + 1 from x where n < 5) select n::text from x
with recursive x as (select 1 as n union select (n + 1) % 3 from x) select n::text from x
with recursive x(n) as (values (1) union all select n + 1 from x where n < 5) select sum(n)::text from x
with recursive x(n) as (values (1) union all select n + 1.5 from x where n < 5) select sum(n) from x
with recursive x(n) as (select 1 union all select n + 1 from x where n < 5), y as (select n from x where n > 2) select n::text from y
with recursive y as (select n from x where n > 2), x(n) as (select 1 union all select n + 1 from x where n < 5) select n::text from y
with recursive x as (select n from y), y as (select n from x) select * from x
with recursive x as (select n + 1 from x) select * from x
with recursive x as (select n from x union all select 1) select * from x
with recursive x as (select 1 as n union all select n from x where n in (select n from x)) select * from x
with recursive x as (select 1 as n union all select a.n from x a, x b) select * from x
with recursive x as (select 1 as n union all select a.n from t left join x a on true) select * from x
with recursive x as (select 1 as n union all select a.n from x a left join t on false where n < 0) select n::text from x
with recursive x as (select 1 as n intersect select n from x) select * from x
with recursive x as (select 1 as n union all (select n from x except select 1)) select * from x
with recursive x as (select 1 as n union all (select 2 except select n from x)) select * from x
with recursive x as (select 1 as n union all (select n from x intersect all select 2)) select n::text from x
with recursive x as (select 1 as n union all select n + 1 from x order by 1) select * from x
with recursive x as (select 1 as n union all select n + 1 from x limit 3) select * from x
with recursive x as (select 1 as n union all select n + 1 from x offset 3) select * from x
with recursive x as (select 1 as n union all select sum(n) from x) select * from x
with recursive x as (select 1 as n union all select max(s.n)::int from (select n + 1 as n from x where n < 4) s having max(s.n) < 6) select n::text from x
with recursive x as (select 1 as n union all select n + 1, 2 from x) select * from x
with recursive x as (select null as n union all select n from x where false) select n from x
with recursive x as (select null as n union all select n + 1 from x where false) select n from x
with recursive x as (select 'a' as n union all select n || 'b' from x where length(n) < 4) select n from x
with recursive x as (select 'a'::varchar(3) as n union all select n || 'b' from x where length(n) < 4) select n from x
with recursive x as (select v as n from t union all select v from x, t where false) select n from x
with recursive x as (select p as n from t union all select n + 1 from x where false) select n from x
with recursive x as (select 1 as n), y as (select n + 1 as m from x) select m::text from y
with recursive x(a, b) as (select 1, id from t union all select a + 1, b from x where a < 3) select a::text, b::text from x order by a, b
with recursive x(n) as (with y as (select 1 as n) select n from y union all select x.n + y.n from x, y where x.n < 4) select n::text from x
with recursive x(n) as (with y as (select n from x) select 1 union all select x.n from x) select n::text from x
with recursive x(n) as (with x as (select 7 as n) select n from x) select n::text from x
with recursive x(n) as (select 1 union all select n + 1 from (select n from x where n < 3) s) select n::text from x
with recursive x(n) as (select 1 union all select n + 1 from x where n < (select max(m) from g)) select n::text from x
select id::text, (with recursive x(n) as (select t.id union all select n + 1 from x where n < 4) select count(*) from x)::text from t
select id::text from t where id in (with recursive x(n) as (select 1 union all select n + t.id from x where n < 4) select n from x)
with x as (select 20 as m, 3 as x) insert into g (m, x) select m, x from x returning m
with x as (select 20 as m, 3 as x) insert into g (m, x) values ((select m from x), 1) returning (select x.x from x)
insert into g (m, x) with x as (select 20 as m, 3 as x) select m, x from x
with x as (select 2 as m) update g set x = (select m from x) where m in (select m from x) returning (select m from x)
with x as (select 2 as m) delete from g where m in (select m from x)
with x as (select 1 as a) select sum(x.a)::text from x, t group by x.a
select a from t where a in (select $1)
select a from t where $1 in (select a from t)
select a from t where $1 = any (select s from t)
select $1 in (select 1)
select ($1, $2) in (select a, s from t) from t
select (select $1 where $1 = 1)
select (select $1)
select exists (select $1)
select (select $1 + 1)
select * from (select $1) s
select * from (select $1 as x) s where x = 1
select * from (values ($1)) s(x) where x = 'a'
with x as (select $1 as a) select a + 1 from x
with x as (select $1::int as a) select a + 1 from x
select $1 union all select a from t
select a from t union all select $1
values ($1, 1), (2, $2)
select * from t where a = (select $1)
insert into g (m, x) select $1, $2
insert into g (m, x) select * from (select $1, $2) s
insert into g (m, x) select a, $1 from t
insert into g (m, e) select a, $1 from t union select 1, 'x'
update g set x = (select $1)
update g set (x, e) = (select $1, $2)
update g set (x, e) = ($1, $2)
select count(*) from t, lateral (select sum(t.a)) s
select sum(a) from t group by (select max(x) from g)
select (select max(x) from g) as q, count(*) from t group by q
select (select max(x) from g where g.m = t.id) as q, count(*) from t group by q
select (select max(x) from g where g.m = t.id) as q, count(*) from t group by 1
select (select max(x) from g where g.m = t.id) + 1, count(*) from t group by (select max(x) from g where g.m = t.id)
select (select max(x) from g where g.m = t.id + 1), count(*) from t group by t.id + 1
select t.a as q from t order by (select q)
select t.a as q from t order by (select t.a)
select distinct t.a as q from t order by (select t.a)
select distinct (select t.a) as q from t order by (select t.a)
select distinct on ((select t.k)) id from t order by (select t.k), id
select id from t having (select true)
select count(*) from t having (select count(*) > 0 from g)
select count(*) from t having exists (select 1 from g where g.x = t.a)
select t.a from t group by t.a having exists (select 1 from g where g.x = t.a)
select t.a from t group by t.a having exists (select 1 from g where g.x = sum(t.id))
select t.a, exists (select 1 from g where g.x = sum(t.id)) from t group by t.a
select (select count(*) from g where g.x = sum(t.id)) from t
select (select count(sum(t.id)) from g) from t
select (select count(*) filter (where t.a > 1) from g) from t
select (select count(g.x) filter (where t.a > 1) from g) from t
select (select string_agg(g.e, ',' order by t.a) from g) from t
select (select string_agg(t.s, ',' order by t.id) from g limit 1)::text from t
select count((select count(*) from g where g.x = t.a))::text from t
select sum(t.a) over (), (select sum(t.a)) from t
select (select sum(t.a) over ()) from t
select rank() over (order by (select t.a)) from t
select (select row_number() over () from g limit 1) from t
select t.id from t join g using (id) order by id
select id from t full join g using (id) order by t.id
select id, count(*) from t left join g using (id) group by id order by id
select t.id, count(*) from t left join g using (id) group by id
select g.id, count(*) from t left join g using (id) group by id
select g.id, count(*) from t full join g using (id) group by id
select x.id from t x natural join t y group by x.id
select a.id, b.id from t a, t b where a.id = b.id and a.id in (select c.id from t c where c.id = b.id)
select t.nosuch from t join g using (id)
select unnamed_join.id from t join g using (id)
select * from t a join g b using (id) join t c using (id)
select * from t a join (g b join t c using (id)) using (id)
select * from t a join g b on a.id = b.id join t c using (id)
select * from t a left join g b using (id) left join t c using (a)
select a from t a left join g b using (id) left join t c using (a)
select * from t natural join t u natural join g
select * from t join g on t.id = g.id and count(*) > 1
select * from t join g on (select true)
select * from t join g on t.id = (select max(h.id) from g h where h.x = g.x)
select * from t join lateral (select * from g where g.m = t.id) s on s.id = t.id
select * from t join (select * from g where g.m = t.id) s on true
select * from (t join g on true), lateral (select t.a) s
select * from t, (g join lateral (select t.a as z) s on true)
select * from t left join (g right join lateral (select t.a as z) s on true) on true
select * from t right join (g join lateral (select t.a as z) s on true) on true
select s.a from lateral (select 1 as a) s
select * from lateral (select 1) s
select * from g, lateral (values (g.x), (g.m)) v(q) where q > 1
select * from generate_series(1, 3) as n, lateral (select n + 1) s
select n.n from generate_series(1, 3) as n
select n from generate_series(1, 3) as n
select * from t where (select a from t limit 1) is null
select (select a, b from t limit 1) is null from t
select (1, 2) in (select 1, 2)
select (1, 2) = any (select 1, 2)
select (1, 2) < all (select 1, 2)
select (1, 2) + (select 1, 2)
select 1 in (select 1, 2)
select (1, 2, 3) in (select 1, 2)
select row(1, 2) = (select 1, 2)
select (select 1, 2) = row(1, 2)
select 1 = (select 1 union select 2)
select (select 1) + (select 2.5)
select (select 'a') || 'b', (select 'a') = 'a'
select (select null) is null, coalesce((select null), 1)
select coalesce((select null::int), 1)
select case (select 1) when 1 then 'x' end
select greatest((select 1), 2.5)
select (select current_date) > date '2000-01-01'
select 1 from t group by () having (select count(*)) > 0
select a from t union select b from t order by a limit (select 1)
select a from t union select b from t order by 1 fetch first 2 rows with ties
select a from t union select b from t fetch first 2 rows with ties
(select a from t) union (select b from t) order by b
select a from t union select b from t order by t.b
select a as b from t union select b from t order by b
select a from t where a > any (select b from t union select 1)
with x as (select 1 as a), y as (select a from x union all select 2) select * from x, y
with x(a) as (select 1), y(a) as (select a from x) select x.a, y.a from x, y
with x as (select * from g) select x.* from x join g using (id)
with x as (select 1) select * from t where a in (with y as (select * from x) select * from y)
with x as (select 1 as a) select (with x as (select 2 as a) select a from x) + a from x
with x as (select 1 as a) select * from (with y as (select a from x) select a from y) s
with recursive x(a) as (select 1 union all select a + 1 from x where a < (select max(m) from g)) select * from x
with recursive x(a) as (select 1 union all (select a + 1 from x where a < 5 limit 2)) select * from x
with recursive x(a) as (select 1 union all select distinct a + 1 from x where a < 5) select * from x
with recursive x(a) as (select 1 union all select a + 1 from x where a < 5 group by a) select * from x
with recursive x(a) as (select 1 union all select a + row_number() over () from x where a < 5) select * from x
with recursive x(a) as (select 1::bigint union all select a + row_number() over () from x where a < 5) select * from x
with recursive x(a) as (select 1 union all select a + 1 from x join t on t.id = x.a) select * from x
with recursive x(a) as (select 1 union all select a + 1 from x left join t on t.id = x.a where x.a < 3) select * from x
with recursive x(a) as (select 1 union all select x.a + 1 from t right join x on t.id = x.a where x.a < 3) select * from x
with recursive x(a) as (select 1 union all select x.a + 1 from t full join x on t.id = x.a where x.a < 3) select * from x
with recursive x(a) as (select id from t union select t.id from t, x where t.id = x.a + 1) select * from x
with recursive x as (select id, s from t where id = 1 union all select t.id, t.s from t join x on t.id = x.id + 1) select * from x
with recursive x as (select id, s from t where id = 1 union all select t.id, t.v from t join x on t.id = x.id + 1) select id from x
with recursive x as (select 1 union all select 2) select * from x
with recursive x as (select 1) select * from x
with recursive t as (select 1 as n union all select n + 1 from t where n < 3) select n from t
with recursive x as (select 1 as n union all select n + 1 from public.x) select * from x
delete from g using t where t.id = g.m and exists (select 1 from t u where u.id = t.id)
update g set x = t.a from t where t.id = g.m and t.a in (select a from t)
update g set x = s.a from (select * from t where t.id = g.m) s
update g set x = s.a from lateral (select * from t where t.id = g.m) s
insert into g (m, x) values ((select 1), (select 2)), ((select 3), default)
insert into g (m, x) values (1, (select x from t))
insert into g (m, x) select m, x from g where exists (select 1 from t where t.id = g.m) returning *
select (select max(g.x) as a from g group by a limit 1)::text from t
select (select count(*) from (select g.x % 2 as a from g group by a) q)::text from t
select (select count(*) from (select 1 as s from g group by s) q)::text from t
select (select g.x as a from g order by a limit 1)::text from t
select (select g.x as b from g group by b, x order by b limit 1)::text from t
select (select distinct on (k) g.x as k from g order by k limit 1)::text from t
`
  .trim()
  .split('\n');
