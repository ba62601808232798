/**
 * Statements about arrays whose answers are compared with PostgreSQL's. A line that is no statement is an expression, whose text is asked
 * for.
 */

const lines = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => (/^(select|insert|update|delete|create|alter|drop|with) /.test(line) ? line : `select (${line})::text`));

/** Without tables: the direct evaluator is asked, too. */
export const ARRAY_VALUES = lines(`
'{1,2,3}'::int[]
'{{1,2},{3,4}}'::int[]
'[0:1]={5,6}'::int[]
'{}'::int[]
'{1,2'::int[]
'1,2'::int[]
'{1,,2}'::int[]
'{1}x'::int[]
'{{1},{2,3}}'::int[]
'{{1},2}'::int[]
'{a,"b c",NULL,"NULL","",x\\,y}'::text[]
'{1,null}'::int[]
'[2:1]={}'::int[]
'[1:2]={1}'::int[]
'{1, 2 , 3 }'::int[]
'{"a"b}'::text[]
'{x y}'::text[]
'{1,b}'::int[]
array[1,2,3]
array[1,2.5]
array[]::int[]
array[]
array[[1,2],[3,4]]
array[array[1],array[2]]
array[[1],[2,3]]
array['a','b']
array[null]
array[1,'2']
array[1,'x']
array[1,true]
array[1,2]::text[]
array[1,2]::varchar(1)[]
array['abc']::varchar(2)[]
array[1.555,2]::numeric(5,1)[]
'{abc}'::varchar(2)[]
(array[1,2,3])[2]
(array[1,2,3])[5]
(array[[1,2],[3,4]])[2][1]
(array[[1,2],[3,4]])[2]
(array[1,2,3,4])[2:3]
(array[1,2,3,4])[:2]
(array[1,2,3,4])[3:]
(array[1,2,3,4])[:]
(array[[1,2,3],[4,5,6]])[1:2][2:3]
(array[[1,2,3],[4,5,6]])[2][2:3]
(array[1,2,3])[null]
('[0:2]={1,2,3}'::int[])[0:1]
(5)[1]
1 = any(array[1,2])
3 = any(array[1,2])
3 = any(array[1,null])
null = any(array[1,2])
1 = all(array[1,1])
1 <> all(array[2,3])
1 <> all(array[2,null])
5 > all(array[1,2,3])
5 > any('{7,8}')
'b' = any('{a,b}')
'a' like any(array['b%','a%'])
1 = any('{}')
1 = all('{}'::int[])
1 = any(5)
1.5 = any(array[1,2])
1 = any(null::int[])
array[1,2] || array[3]
array[1,2] || 3
0 || array[1,2]
array[1,2] || '{3,4}'
array[1,2] || null
null || array[1]
array[1,2] || array[[3,4]]
array[[1,2]] || array[3,4]
array['a'] || 'b'
array[1] || array['a']
array[1,2] || array[3.5]
'a' || array['b']
1 || array[2.5]
array[1,2] = array[1,2]
array[1,2] < array[1,3]
array[1,2] < array[1,2,0]
array[1,null] = array[1,null]
array[1,null] > array[1,2]
array[1] = array[1::bigint]
array[1,2] @> array[2]
array[1,2] <@ array[2,1,3]
array[1,2] && array[3,2]
array[1,2] && array[3]
array[1,null] @> array[null]::int[]
array_length(array[1,2,3],1)
array_length(array[1,2,3],2)
array_length('{}'::int[],1)
array_ndims(array[[1],[2]])
array_dims('[0:1]={5,6}'::int[])
array_lower('[0:1]={5,6}'::int[],1)
array_upper('[0:1]={5,6}'::int[],1)
cardinality(array[[1,2],[3,4]])
cardinality('{}'::text[])
array_position(array['a','b','c'],'b')
array_position(array[1,4,2,4],4,3)
array_position(array[1,null],null)
array_position(array[[1]],1)
array_positions(array[1,2,1],1)
array_append(array[1],2)
array_append(null::int[],2)
array_prepend(0,array[1])
array_cat(array[1],array[2])
array_remove(array[1,2,1],1)
array_remove(array[1,null],null)
array_replace(array[1,2,1],1,9)
array_to_string(array[1,null,3],',')
array_to_string(array[1,null,3],',','*')
array_to_string(array[[1,2],[3,4]],'-')
string_to_array('a,b,c',',')
string_to_array('abc',null)
string_to_array('a,b',',','b')
string_to_array('',',')
string_to_array('xx','x')
array_fill(7,array[2,2])
array_fill(7,array[2],array[5])
array_fill('x'::text,array[2])
array_fill(null::int,array[2])
trim_array(array[1,2,3],2)
trim_array(array[1,2,3],4)
array(select generate_series(1,3))
array(select x from generate_series(1,3) x where x > 5)
array(select array[x,x+1] from generate_series(1,2) x)
(select array_agg(x) from generate_series(1,3) x)
(select array_agg(x order by x desc) from generate_series(1,3) x)
(select array_agg(distinct x % 2) from generate_series(1,5) x)
(select array_agg(x) from generate_series(1,0) x)
(select array_agg(array[x, x*2]) from generate_series(1,2) x)
(select array_agg(x::text || 'a') filter (where x > 1) from generate_series(1,3) x)
(select max(a) from (values (array[1,2]),(array[1,3])) v(a))
concat(variadic array['a','b'])
concat_ws(',', variadic array[1,2])
format('%s %s', variadic array['x','y'])
num_nulls(variadic array[1,null])
greatest(variadic array[1,2])
array[1,2]::text
array[date '2026-01-02', '2026-02-03']
array[interval '1 day']
array[true,false]
array['\\x01'::bytea]
pg_typeof(array[1,2])
pg_typeof(array['a'::varchar])
pg_typeof('{}'::timestamptz[])
array[1,2] is distinct from array[1,2]
array[1,2] in (array[1,2], array[3])
case when true then array[1] else array[2.5] end
coalesce(null::int[], '{5}')
array[array[1,2]] @> array[2]
array_upper(array[1,2,3], 1) + 1
array[1,2,3] <> '{1,2,3}'
array[4,5,6]::bigint[]
array['1','2']::int[]
array['1','x']::int[]
'{1,2}'::text::int[]
array[1,2]::numeric[]
array[1,1.0]::text[]
'{{{{{{{1}}}}}}}'::int[]
'{"a\\"b","c\\\\d"}'::text[]
array[E'a\\nb', 'x}y', '{']
select a[1], a[2:3], a from (values ('{1,2,3}'::int[])) t(a)
select unnest(array[1,2,3])
select * from unnest(array[1,2], array['a','b','c']) as t(x, y)
select * from unnest(array['a','b']) with ordinality as t(x, n)
select * from unnest(array[[1,2],[3,4]])
select unnest(array[1,2]), unnest(array['x','y','z'])
select * from generate_subscripts(array[5,6,7], 1) g
select generate_subscripts(array[5,6,7], 1, true)
select x from (values (1),(2),(3)) v(x) where x = any(array[1,3])
select x from (values (1),(2),(3)) v(x) where x = any('{1,3}'::int[])
select array_agg(x), y from (values (1,'a'),(2,'b'),(3,'a')) v(x,y) group by y order by y
select a, count(*) from (values (array[1,2]),(array[1,2]),(array[2])) v(a) group by a order by a
select distinct a from (values (array[1,2]),(array[1,2]),(array[2])) v(a) order by a desc
select x.a from (values (array[1,2])) x(a) join (values (array[1,2])) y(a) on x.a = y.a
select array_agg(x) over (order by x) from generate_series(1,3) x
`);

/** In this order. */
export const ARRAY_TABLES = lines(`
create table ta (id int primary key, a int[], t text[] not null default '{}', n numeric(6,2)[], d date[], v varchar(3)[])
insert into ta values (1, '{1,2,3}', '{a,b}', '{1.555,2}', '{2026-01-02}', '{abc}')
insert into ta values (2, array[4,5], array['x',null], null, null, null)
insert into ta (id, a) values (3, null)
insert into ta values (4, '[0:2]={7,8,9}', '{"q w"}', '{}', '{infinity,NULL}', '{}')
insert into ta values (5, '{}', '{}', null, null, '{abcd}')
insert into ta values (5, '{1.5}', '{}')
insert into ta values (6, array['a'], '{}')
select id, a::text, t::text, n::text, d::text, v::text from ta order by id
select id from ta where a = '{1,2,3}'
select id from ta where 5 = any(a)
select id from ta where a @> array[2]
select id, a[1], a[2:3]::text, array_length(a,1) from ta order by a, id
select id, a::text from ta order by a desc nulls last, id
update ta set a[2] = 20 where id = 1
update ta set a[5] = 50 where id = 1
update ta set a[1] = 1 where id = 3
update ta set a[0] = 0 where id = 2
update ta set a[1:2] = '{100,200}' where id = 1
update ta set a[1:2] = '{100}' where id = 1
update ta set t[1] = upper(t[1]) where id = 1
update ta set v[2] = 'abcde' where id = 1
update ta set a[null] = 1 where id = 1
update ta set id[1] = 1
update ta set a = a || 7 where id = 4
select id, a::text, t::text, v::text from ta order by id
create index ta_a on ta (a)
select id from ta where a = '{4,5}'
select id from ta where a = '[0:2]={0,4,5}'
select id, a::text from ta where a > '{4}' order by a
create table tu (a text[] unique, b int[] primary key)
insert into tu values ('{a}', '{1}')
insert into tu values ('{b}', '{1,2}')
select a::text, b::text from tu order by b desc
insert into tu values ('{c}', '{1}') on conflict do nothing
insert into tu values ('{a}', '{3}')
select count(*), max(a)::text, min(a)::text from ta
select a::text, count(*) from ta group by a order by 1
select x.id, y.id from ta x join ta y on x.a = y.a order by 1, 2
select distinct a::text from ta order by 1
select id, unnest(a) from ta order by 1, 2
select id, u from ta, unnest(a) u order by id, u
select id, u, n from ta, unnest(t) with ordinality x(u, n) order by id, n
select id, (select sum(u) from unnest(a) u) from ta order by id
select array_agg(a)::text from ta where id in (1)
select array_agg(id order by id)::text from ta
select string_agg(array_to_string(a, '-', '?'), ';' order by id) from ta
select t || 'z' from ta where id = 1
select id from ta where t && array['x','A'] order by id
select id from ta where 'x' = any(t)
select id from ta where id = any(array[1,3]) order by id
select id from ta where id = any('{1,3}') order by id
select id from ta where id <> all('{1,3}') order by id
delete from ta where a[1] = 100
select count(*) from ta
select a::text, lag(a) over (order by a)::text from ta order by a
select a::text from ta union select '{4}'::int[]::text order by 1
select a from ta where id=2 union all select array[1] order by 1
with recursive r(p, n) as (select array[1], 1 union all select p || n, n + 1 from r where n < 4) select p::text, n from r order by n
select coalesce(a, '{0}')::text from ta order by id
select case when id > 2 then a end::text from ta order by id
select a is null, a is not null from ta order by id
select a::text, row_number() over (partition by a order by id) from ta order by 1,2
`);
