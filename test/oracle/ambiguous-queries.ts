/**
 * Queries over several relations whose meaning hangs on a rule: what a name finds where, which columns are merged, to which block an
 * aggregate belongs. Over t and g; a line each.
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
