/**
 * Statements whose values hang on a rule, over the table t of test/oracle/tables.ts; a line each, with a name before them. What they
 * mean and which errors they make is in test/oracle/ambiguous.ts.
 */
export const AMBIGUOUS_VALUES: { readonly [name: string]: string } = {
  'aliases that hide columns': `
select id as a, a as id from t order by id, a
select -id as id from t order by id
select -id as id from t order by id + 0
select -id as id from t order by t.id
select -id as id from t order by -id
select a as b, b as a from t order by b nulls first, a
select id % 2 as k, count(*) from t group by k order by 1
select id % 2 as q, count(*) from t group by q order by q
select id % 2 as q, count(*) as k from t group by 1 order by k, q
select id % 2 as id, sum(a) from t group by t.id order by t.id
select k as x, max(id) as k from t group by x order by k
select min(id) as k, k as m from t group by k order by min(t.id)
select s as v from t where v is null or v <> 'z' order by v nulls first, id
select id as s from t where s is not null order by s desc
select upper(s) as s from t where s = 'abc' order by s
select distinct k as a from t order by a nulls first
select distinct id % 3 as id from t order by id desc
select id as "ID", -id as id from t order by "ID"
select id as "ID", -id as id from t order by ID
select id as x, id as x from t order by x
select id x, id + 1 y from t order by x + 0
select 1 as one, id from t order by one, 2 desc
select id, 'id' as q from t order by q, id desc
select t.id from t as t order by t.id desc limit 1
select count(*) as count from t order by count
select id, a from t order by 2 nulls first, 1
select case when id > 2 then 'x' else 'y' end as k, count(*) from t group by case when id > 2 then 'x' else 'y' end order by k
select id from t order by (select 1)
delete from t where id = 99 returning id as a, a as id
update t as u set a = u.a where u.id = 1 returning u.a as id, id as a`,

  'unknown literals': `
select '1' + 1 as x
select 1 + '1' as x
select '1' + '1' as x
select '1' || 1 as x
select '1' || '1' as x
select 1 || 1 as x
select '1.5' + 1 as x
select '1.5' + 1.0 as x
select '1' + 1.5 as x
select 'a' + 1 as x
select -'1' as x
select - '1.5' as x
select '5' / '2' as x
select 5 / '2' as x
select 5.0 / '2' as x
select '10' % 3 as x
select '2020-01-01' + 1 as x
select date '2020-01-01' + '1' as x
select date '2020-01-01' - '2019-12-31' as x
select date '2020-01-01' + interval '1 day' as x
select '2020-01-01'::date + '1 day' as x
select timestamp '2020-01-01' - '1 day' as x
select '1 day' + interval '1 hour' as x
select '1 day' * 2 as x
select interval '1 day' * '2' as x
select 'true' and true as x
select 'x' and true as x
select not 'f' as x
select 'abc' = 'ABC' as x, 'a' < 'b' as y
select 1 = '1' as x, 1.0 = '1' as y, '01' = '1' as z
select 1 = 'a' as x
select '1' in (1, 2) as x, 1 in ('1', '2') as y, '1' in ('01', '1') as z
select 1 in ('a', 2) as x
select '1' between 1 and 2 as x, 1 between '0' and '2' as y, 'b' between 'a' and 'c' as z
select case when true then '1' else 2 end as x
select case when true then 'a' else 2 end as x
select case when false then null else '1' end as x
select case '1' when 1 then 'one' else 'other' end as x
select case 1 when '1' then 2.5 else 3 end as x
select case when true then 1 else '2.5' end as x
select coalesce('1', 2) as x, coalesce(null, '2', 3) as y
select coalesce('a', 2) as x
select coalesce(null, null, 'x') as x, coalesce('1', '2') as y
select nullif('1', 1) as x, nullif(1, '1') as y, nullif('1', '01') as z
select greatest('10', 9) as x, least('10', '9') as y, greatest('10', '9') as z
select greatest('a', 9) as x
select length('abc') as x, upper('a') as y, abs('-1') as z
select round('1.5') as x
select round('2.5'::numeric) as x, round('2.5'::float8) as y
select substr('abc', '2') as x, lpad('a', '3', '-') as y
select 'a' like 'a%' as x, 'A' ilike 'a' as y
select sum('1') as x from t
select max('1') as x, count('1') as y from t
select string_agg('x', ',') as x from t where id < 3
select '1'::int + '2'::numeric as x
select '1'::text::int as x, 1::text || '2' as y
select ' 12 '::int as x, '1e3'::float8 as y, '0x1f'::int as z
select '1.0'::int as x
select ''::int as x
select '{}'::jsonb -> 'a' as x, '{"1": 2}'::jsonb -> '1' as y, '[1, 2]'::jsonb -> 1 as z
select '[1, 2]'::jsonb -> '1' as x
select id from t where id = '1'
select id from t where '3' > id order by id
select id from t where s = 1
select id from t where k = 'yes' order by id
select id from t where d > '2000-01-01' order by id
select id from t where ts < 'tomorrow'::timestamp and id = 3
select id from t where n = '12.5'
select id, a = '2' as x from t order by id
select id from t where a in ('2', -7) order by id
select id from t where id = 1.0
select id from t where id > 1.5 and id < '3'
select id from t where v = '12' and c = 'ab'
select id from t limit '2'
select id from t order by id offset '1' limit '1'`,

  'mixed numbers': `
select pg_typeof(1::int2 + 1::int2)::text as a, pg_typeof(1::int2 + 1)::text as b, pg_typeof(1 + 1::int8)::text as c
select pg_typeof(1::int8 + 1.5)::text as a, pg_typeof(1.5 + 1.5::float8)::text as b, pg_typeof(1.5::float4 + 1)::text as c
select 1::int2 + 1::int2 as a, 1::int2 * 1::int4 as b, 1::int4 - 1::int8 as c, 1::int8 + 1.5 as d, 1.5 * 2::float8 as e
select 32767::int2 + 1::int2 as x
select 32767::int2 + 1 as x
select 2147483647 + 1 as x
select 2147483647 + 1::int8 as x
select 9223372036854775807 + 1 as x
select 9223372036854775807 + 1.0 as x
select -2147483648 / -1 as x
select (-2147483648)::int4 / (-1) as x
select -32768::int2 as x
select (-32768)::int2 as x
select 7 / 2 as a, -7 / 2 as b, 7 / -2 as c, 7 % 3 as d, -7 % 3 as e, 7 % -3 as f
select 7.0 / 2 as a, 1 / 3.0 as b, 2 / 3.0 as c, 10.0 / 3 as d, 100000 / 3.0 as e, 1.00000 / 3 as f, 1 / 3.000000000000000000000 as g
select 1.0 / 7 as a, 1000000000.0 / 7 as b, 0.000001 / 7 as c, 1e20 / 7 as d, 1e-10 / 3 as e, 22.0 / 7.00 as f
select 1.5 % 1 as a, -5.5 % 2 as b, 5 % 2.5 as c, 1e3 % 7 as d
select 1.10 + 2.2 as a, 1.10 * 2.20 as b, 1.10 - 1.1 as c, 1.50 = 1.5 as d, 0.1 + 0.2 = 0.3 as e
select 0.1::float8 + 0.2 as a, 0.1::float4 + 0.2::float8 as b, 1::float8 / 3 as c, 1::float4 / 3 as d
select 1 / 0 as x
select 1.0 / 0 as x
select 1::float8 / 0 as x
select 5 % 0 as x
select 1.5::int as a, 2.5::int as b, -1.5::int as c, (-2.5)::int as d, 2.5::float8::int as e, 3.5::float8::int as f
select 1.5::int2 as a, 99999::int2 as b
select 1e10::int as x
select 'NaN'::float8::int as x
select 'NaN'::numeric + 1 as a, 'NaN'::numeric = 'NaN' as b, 'NaN'::numeric > 1e30 as c, 'NaN'::float8 > 'Infinity' as d
select 'Infinity'::numeric - 'Infinity' as a, 'Infinity'::numeric * 0 as b, 1 / 'Infinity'::numeric as c
select 12.345::numeric(4,1) as a, 0.05::numeric(3,1) as b, 99.95::numeric(3,1) as c
select 12.345::numeric(5,2)::text as a, 5::numeric(5,2) as b, 12345.678::numeric(10) as c, 5::numeric as d
select round(1.005, 2) as a, round(2.5) as b, round(-2.5) as c, round(2.5::float8) as d, round(3.5::float8) as e, round(123.456, -1) as f, round(1, 2) as g
select trunc(1.999, 2) as a, trunc(-1.5) as b, ceil(1.2) as c, floor(-1.2) as d, ceil(1.2::float8) as e, sign(-1.5) as f, sign(-3) as g
select abs(-5) as a, abs(-5.50) as b, mod(7, 3) as c, mod(7.5, 2) as d, power(2, 3) as e, power(2.0, 3) as f, sqrt(4) as g, sqrt(2.0) as h
select power(2, 0.5) as a, power(2.0, 0.5) as b, exp(1.0) as c, ln(10.0) as d, log(100) as e, log(2.0, 64.0) as f
select avg(id) as a, avg(a) as b, avg(n) as c, avg(p) as d, avg(i) as e from t where id < 4
select avg(id::int8) as a, avg(id::numeric(5,2)) as b, avg(id::float8) as c, avg(id::float4) as d from t
select sum(id) as a, sum(id::int2) as b, sum(id::int8) as c, sum(id::numeric) as d, sum(id::float4) as e, sum(id::float8) as f from t
select sum(p) as a, avg(p) as b, min(p) as c, max(n) as d, sum(n) as e from t
select stddev(id) as a, variance(id) as b, var_pop(id) as c, stddev_pop(id::float8) as d from t
select avg(x) as x from (values (1)) as v(x)
select case when true then 1 else 2.5 end as a, case when false then 1::int2 else 2 end as b, coalesce(1::int2, 2::int8) as c
select coalesce(null, 1, 2.0) as a, greatest(1, 2.5, 2) as b, least(1::int8, 2::float8) as c, nullif(1, 1.0) as d, nullif(2, 1.0) as e
select id from t where id = 1::numeric or id = 2::float8 or id = 3::int8 order by id
select id from t where p = 3.14 or p = 3.140 or f = 1.5 order by id
select id from t where r = 2.5 or r = 1e-30 order by id
select id from t where r = 1e-30::float4
select id from t where b = 9007199254740993 or b = 9007199254740992
select id from t where b = 9007199254740993.0
select id from t where b = 9007199254740993::float8
select b + 0.5 as a, b * 2.0 as c, b::float8 as d from t where id = 3
select b * 2 as x from t where id = 4
select a + 1 as x from t where id = 4
select i - 1::int2 as x from t where id = 3
select n * n as x, n / 3 as y, n + p as z from t where id in (1, 4) order by id
select f = 'NaN' as a, f > 1e308 as b, r = 'Infinity' as c from t where id = 3
select id from t order by f nulls first, id
select id from t order by n desc, id
select distinct p::numeric as x from t order by x nulls first
select 3000000000 as a, 3000000000 * 3 as b, 10000000000000000000 as c, 1_000 as d, 0b101 as e, 0x7fffffff + 0 as f
select 5 & 3 as a, 5 | 3 as b, 5 # 3 as c, ~5 as d, 1 << 31 as e, 1::int8 << 40 as f, -8 >> 1 as g
select |/ 16 as a, @ -5 as b, 2 ^ 3 as c, 2.0 ^ 3 as d, 2 ^ -1 as e, -2 ^ 2 as f
select 1.10::text as a, 1e5::text as b, 1.0::float8::text as c, 1e21::float8::text as d, 1e-7::float8::text as e, 100::float4::text as f`,

  'NULL everywhere': `
select 1 in (1, null) as a, 1 in (2, null) as b, null in (1) as c, 1 not in (2, null) as d, 1 not in (1, null) as e, null not in (1) as f
select id from t where a in (2, null) order by id
select id from t where a not in (2, null) order by id
select id from t where a not in (2, 3) order by id
select id from t where null in (id, 1)
select 1 between null and 2 as a, 3 between null and 2 as b, 1 between 0 and null as c, null between 1 and 2 as d, 1 not between 2 and null as e
select id from t where a between null and 5
select id from t where a not between 3 and null order by id
select id from t where a between symmetric 5 and -10 order by id
select true and null as a, false and null as b, true or null as c, false or null as d, not null::bool as e, null and null as f
select null = null as a, null <> null as b, null < 1 as c, null is null as d, null is not distinct from null as e, 1 is distinct from null as f
select (null = 1) is null as a, (null = 1) is unknown as b, null::bool is true as c, null::bool is not true as d, null::bool is false as e, null::bool is not false as f
select id, k and a > 0 as x, k or a > 0 as y, not k as z, k is unknown as w from t order by id
select id from t where k
select id from t where not k
select id from t where k is not true order by id
select id from t where not (a > 0 and k) order by id
select id from t where not (a > 0 or k) order by id
select case null when null then 1 else 2 end as a, case when null then 1 else 2 end as b, case when null is null then 1 end as c, case 1 when null then 1 end as d
select id, case a when null then 'null' when 2 then 'two' else 'other' end as x, case when a > 0 then '+' when a <= 0 then '-' end as y from t order by id
select coalesce(a, -1) as x, nullif(a, 2) as y, greatest(a, 0) as z, least(a, null) as w from t order by id
select nullif(null, 1) as a, nullif(1, null) as b, coalesce(null, null) as c, greatest(null, null) as d
select count(*) as a, count(a) as b, count(null) as c, sum(a) as d, avg(a) as e, min(a) as f, max(a) as g from t where id = 2
select count(*) as a, count(a) as b, sum(a) as c, avg(a) as d, min(s) as e, bool_and(k) as f, string_agg(s, ',') as g, stddev(a) as h from t where false
select count(distinct a) as a, count(distinct k) as b, sum(distinct a::int8) as c from t
select sum(a) filter (where k) as a, count(*) filter (where null) as b, sum(a::int8) filter (where not k) as c from t
select k, count(*) as n, count(a) as m, sum(a::int8) as s from t group by k order by k
select k, count(*) as n from t group by k order by k nulls first
select a, k from t group by a, k order by a desc, k
select max(a) as x from t group by k having max(a) is null
select k from t group by k having null
select id, a from t order by a
select id, a from t order by a desc
select id, a from t order by a nulls first
select id, a from t order by a desc nulls last
select id, k, s from t order by k nulls first, s desc nulls last, id
select distinct k from t order by k
select distinct on (k) k, id from t order by k nulls first, id desc
select id, a + null as x, null || s as y, s || null as z, a * 0 as w from t order by id
select concat(null, 'a', null) as a, concat_ws(',', null, 'a', null, 'b') as b, length(null) as c, upper(null) as d, null like 'a' as e, 'a' like null as f
select substr(null, 1) as a, replace('a', null, 'b') as b, lpad(null, 3) as c, round(null) as d, abs(null::int) as e, extract(year from null::date) as f
select id from t where s like null
select id from t where not (s like '%') order by id
select id from t where s is distinct from 'abc' order by id
select id from t where a is not distinct from null
select id from t where a = null or s = 'abc'
select id from t where (a = null) is null order by id
select id from t limit null
select id from t order by id offset null limit 1
select j -> 'b' as a, j ->> 'b' as b, (j -> 'b') is null as c, j ->> 'nosuch' as d, '{"a": null}'::jsonb ->> 'a' as e, '{"a": null}'::jsonb -> 'a' as f from t where id = 1
select null::int + 1 as a, -null::int as b, not (null > 1) as c, null::text || 'x' as d, cast(null as numeric(5,2)) as e`,
};

/** Statements of a text, a line each. */
export const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');
