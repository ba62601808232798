/**
 * Queries over several relations whose meaning hangs on a rule: what a name finds where, which columns are merged, to which block an
 * aggregate belongs, what the common type is, where a recursion may read itself. Over t and g; a line each.
 */

/** Joins, derived tables, LATERAL. */
export const FROM_LIST: readonly string[] = `
select t.id::text, g.x::text from t join g on t.a = g.x
select t.id::text, g.x::text from t left join g on t.a = g.x
select t.id::text, g.x::text from t right join g on t.a = g.x
select t.id::text, g.x::text from t full join g on t.a = g.x
select t.id::text, g.x::text from t cross join g
select t.id::text, g.x::text from t, g
select t.id::text, g.x::text from t, g where t.id = g.m
select count(*)::text from t, g, t u where t.id = u.id
select * from t join g on true
select g.*, t.id from t join g on true
select id from t, g
select * from t, t
select * from t, t u
select * from t u, g u
select * from t, g join t u on t.id = u.id
select * from t, g join t u on u.id = g.id
select * from t join g using (id)
select id::text, x::text from t join g using (id)
select id::text, x::text, t.id::text, g.id::text from t full join g using (id)
select id::text, x::text from t right join g using (id)
select id::text, x::text from t left join g using (id)
select * from t natural join g
select * from t natural full join t u
select id::text from t natural join g
select * from t join g using (nosuch)
select * from t join g using (a)
select * from t join g using (x)
select * from t join g using (id, id)
select * from (t join g using (id)) join t u using (id)
select * from (t join g on true) join t u using (id)
select u.* from t join g using (id) as u
select u.id, t.id from t join g using (id) as u
select u.x from t join g using (id) as u
select * from t join g using (id) as t
select s.x::text from (select a as x from t) s
select s.x::text from (select a from t) s(x)
select s.x::text from (select a from t) s(x, y)
select x::text from (values (1, 'a'), (2, 'b')) as v(x, y)
select column1::text from (values (1, 'a'), (2, 'b')) as v
select * from (values (1, 'a'), (2, 'b')) as v
select * from (select a, b from t) as s, g
select * from (select a, b from t)
select a from (select a, b from t) order by b
select * from t, (select t.a) s
select * from t, lateral (select t.a + 1 as z) s
select t.id::text, z::text from t, lateral (select t.a + 1 as z) s
select t.id::text, z::text from t left join lateral (select g.x + t.id as z from g where g.m = t.id) s on true
select t.id::text, z::text from t right join lateral (select g.x + t.id as z from g where g.m = t.id) s on true
select t.id::text, z::text from t, g left join lateral (select g.x + t.id as z) s on true
select t.id::text, z::text from t full join lateral (select 1 as z) s on true
select t.id::text, z::text from t, lateral (values (t.a), (t.id)) s(z)
select t.id::text, s.id::text from t left join (t u join g on u.id = g.m) on u.id = t.id
select t.id::text, u.id::text, g.x::text from t left join (t u join g on u.id = g.m) on u.id = t.id
select t.id::text, u.id::text, g.x::text from t left join t u left join g on u.id = g.m on u.id = t.id
select count(*)::text, t.k::text from t join g on t.id = g.m group by t.k
select t.id, g.x from t join g on t.id = g.m group by t.id
select t.id, t.s from t join g on t.id = g.m group by t.id
select t.id, t.s from (select id, s from t) t group by t.id
select id, s from t join g using (id) group by id
select id, e from t join g using (id) group by id
select id, s from t full join g using (id) group by id
select id, e from t right join g using (id) group by id
select sum(t.a)::text from t join g on sum(t.a) > 1
select t.id from t join g on t.id
select t.id from t join g on 'x'
select a.id from t a join g on b.id = a.id join t b on true
select t.a from t u
select u.a from t
select x from t, g where x = a
select aa from t
select t.aa from t
select g.aa from t, g
select * from t for update of u
select t.id::text from t, g where g.id = t.id for update
select t.id::text from t left join g on g.id = t.id for update of t
select s.id::text from (select id from t) s for update
select s.id::text from (select distinct id from t) s for update
select s.id::text from (values (1)) s(id) for update
select s.id::text from (values (1)) s(id) for update of s
select s.id::text from t join g using (id) as s for update of s
select public.t.id from t, g
select g.id from t join g on (id = 1)
select t.*, x from t join g on t.id=g.id order by id
select t.id as q, x from t join g on t.id=g.id order by t.id, g.id
select distinct t.k from t join g on true order by g.id
select $1 = t.a from t join g on g.e = $1
select sum(g.x)::text from t left join g on g.m = t.id having count(*) > 1
insert into g (m, e) select t.id, g.e from t join g on true
select j.id::text, j.x::text from (t join g using (id)) as j
select j.b::text, j.a::text from (t join g using (id)) as j(a, b, c)
select j.* from (t join g using (id)) as j(a, b, c)
select t.id from (t join g using (id)) as j
select id::text from (t join g using (id)) as j
select j.id from (t join g on true) as j
select j.x::text from (t join g on true) as j
select * from (t join g using (id)) as j(a, b, c, d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,s,t,u,v,w,x,y,z)
select j.x::text from (t left join g on g.m = t.id) as j, lateral (select j.x + 1 as z) s
select j.x::text from (t left join g on g.m = t.id) as j join g on j.a = g.x
select j.x::text from (t left join g on g.m = t.id) as j for update of j
select j.x::text from (t join g on g.m = t.id) as j for update
select j.x::text from (t join g on g.m = t.id) as j for update of t
select j.k::text, count(*)::text from (t join g on g.m = t.id) as j group by j.k
select j.k, j.a from (t join g on g.m = t.id) as j group by j.k
select x::text from ((t join g on g.m = t.id) as j join g as h on j.a = h.x) 
select * from (t join g on true) t, g
select * from (t) as j
`
  .trim()
  .split('\n');

/** Subqueries as values, in every clause. */
export const SUBQUERIES: readonly string[] = `
select id::text from t where a = (select min(x) from g)
select id::text, (select g.x from g where g.m = t.id)::text from t
select (select g.x from g)::text from t
select id::text from t where exists (select 1 from g where g.m = t.id)
select id::text from t where not exists (select from g where g.m = t.id)
select id::text from t where a in (select x from g)
select id::text from t where a not in (select x from g)
select id::text from t where a not in (select a from t)
select id::text from t where a > all (select x from g)
select id::text from t where a >= any (select x from g where g.m < t.id)
select id::text from t where a = some (select a from t)
select id::text from t where a <> all (select null::int)
select id::text from t where a > all (select x from g where false)
select id::text from t where (a, id) in (select x, m from g)
select id::text from t where (id, a) > any (select m, x from g)
select id::text from t where (id, a) <= all (select m, x from g)
select id::text from t where (id, a) = (select 1, 2)
select id::text from t where (id, a) < (select 2, 2)
select id::text from t where (id, a) <> (select m, x from g where m = 1)
select id::text from t where (id, a) = (select m, x from g)
select id::text from t where (id, a) is distinct from (select m, x from g)
select id from t where (id, a) in (select x from g)
select id from t where id in (select x, m from g)
select id from t where id = (select x, m from g)
select (select 1, 2)
select (select * from g)
select exists (select * from g)::text
select id from t where id in (select 'x')
select id from t where s in (select x from g)
select id::text from t where s in (select e from g)
select id from t where $1 in (select x from g)
select id from t where id = (select $1)
select id from t where 'x' in (select x from g)
select id::text from t where '7' in (select x from g)
select (select 'x')
select (select null)
select (select null) + 1
select sum((select max(x) from g))::text from t
select (select sum(t.a) from g)::text from t
select (select sum(t.a) from g limit 1)::text from t
select (select sum(t.a + g.x) from g)::text from t
select (select sum(t.a) + g.x from g limit 1)::text from t
select t.k::text, (select sum(t.a) from g limit 1)::text from t group by t.k
select t.k, (select t.a from g limit 1) from t group by t.k
select t.k::text, (select count(*) from g where g.m = t.k::int)::text from t group by t.k
select t.k::text from t group by t.k having exists (select 1 from g where g.x < max(t.id))
select id from t where (select sum(t.a) from g) > 1
select id from t group by (select sum(t.a) from g)
select (select sum(max(t.a)) from g) from t
select (select sum(max(t.a) + g.x) from g)::text from t
select sum((select max(t.a) from g)) from t
select max((select t.a + max(g.x) from g))::text from t
select (select count(*) from g where g.x = t.a)::text, count(*) from t group by t.a
select (select max(g.x) from g)::text, count(*)::text from t group by (select max(g.x) from g)
select (select max(g.x) from g where g.m > t.id)::text, count(*)::text from t group by (select max(g.x) from g where g.m > t.id)
select (select max(g.x) from g), t.id from t group by (select max(g.x) from g)
select distinct (select max(g.x) from g) as q from t order by (select max(g.x) from g)
select id::text from t order by (select g.x from g where g.m = t.id), id
select id::text from t order by id limit (select min(x) from g)
select id from t limit (select t.id)
select id from t limit t.id
select (select id from t limit g.x) from g
select (select u.id from t u order by id limit g.x offset g.x)::text from g
values ((select max(x)::text from g)), ('a')
select * from (values ((select max(x)::text from g)), ('a')) v
select id::text from t join g on g.x = (select max(x) from g where g.m <= t.id)
select id::text from t join g on exists (select 1 from g h where h.m = t.id and h.x = g.x)
select id::text from t where exists (select 1 from g where exists (select 1 from t u where u.id = t.id and u.a = g.x))
select id::text from t where exists (select 1 from g where g.x in (select u.a + t.id from t u where u.a > g.m))
select id from t where exists (select 1 from g where nosuch = 1)
select id from t where exists (select 1 from g where t.nosuch = 1)
select id from t where exists (select 1 from g where u.x = 1)
select id::text from t where exists (select t.* from g)
select id::text from t, lateral (select (select t.a + g.x from g where g.m = t.id) as z) s where z > 0
select (select (select (select t.id)))::text from t
select (select (select sum(t.id)))::text from t
select (select (select sum(t.id) from g h where h.m = g.m limit 1) from g limit 1)::text from t
select (select (select sum(t.id + g.x) from t u) from g limit 1)::text from t
select case when exists (select 1 from g where x = t.a) then 'y' else 'n' end from t
select coalesce((select x from g where m = t.id), -1)::text from t
select a in (1, (select 2)) from t
select id::text from t where (select true)
select id from t where (select 1)
select (select id from t for update)
insert into g (m, x) values ((select max(m) + 1 from g), (select 3)) returning (select count(*) from t), x
update g set x = (select max(a) from t where t.id = g.m) where exists (select 1 from t)
update g set x = (select m), e = (select t.s from t where t.id = g.x) returning (select t.s from t where t.id = g.m)
update g set (x, e) = (select a, s from t where t.id = g.m)
update g set (x, e) = (select a, s, 1 from t where t.id = g.m)
update g set (x, e) = (select a from t where t.id = g.m)
update g set (x, e) = (select s, a from t where t.id = g.m)
delete from g where x in (select a from t) returning (select sum(g.x))
delete from g where x in (select a from t where t.id = g.m) returning (select g.x)
insert into g (m, x) select id, (select x from g where g.m = t.id) from t on conflict (e) do update set x = (select max(a) from t where t.id = excluded.m)
select count(*) filter (where exists (select 1 from g where g.x = t.a))::text from t
select count((select 1))::text from t
select (select count(*) from g group by x having sum(t.a) > 1) from t
select t.a, (select count(*) from g where g.x = t.b) from t group by t.a
select (select t.a from g group by g.x limit 1)::text from t
select (select t.a + count(*) from g)::text from t
select (select count(*) from g having t.a > 1)::text from t
select id::text from t where row(id) in (select m from g)
select a = all (select 'x'::text) from t
select a < any (select j from t) from t
select j in (select j from t) from t
`
  .trim()
  .split('\n');

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
`
  .trim()
  .split('\n');
