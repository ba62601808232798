/**
 * Statements over values at the ends of their types, in the order in which they run.
 * One statement a line.
 */

import { lines } from './lines.ts';

/** Values at the ends of their types. */
export const ENDS: readonly string[] = lines(String.raw`
create table e (id int primary key, i2 int2, i4 int4, i8 int8, f4 float4, f8 float8, n numeric, p numeric(12,3), t text, v varchar(8), c char(5), b bool, d date, ts timestamp, tz timestamptz, tm time, iv interval, u uuid, by bytea, j jsonb)
insert into e values (1, 32767, 2147483647, 9223372036854775807, 1.1, 1e308, 1e30, 999999999.999, 'a', 'vv', 'cc', true, 'infinity', 'infinity', 'infinity', '24:00', '1 mon', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '\xff', '{"a":1}'), (2, -32768, -2147483648, -9223372036854775808, '-0', '-0', -1e-30, -999999999.999, '', '', '', false, '-infinity', '-infinity', '-infinity', '00:00', '-1 day', '00000000-0000-0000-0000-000000000000', '', '[]'), (3, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null), (4, 0, 0, 9007199254740993, 'NaN', 'NaN', 'NaN', 0, 'é', 'é', 'é', null, '2020-02-29', '2020-02-29 12:00:00.000001', '2020-02-29 12:00+02', '12:34:56.7', '1 year 2 mons 3 days 4:05:06', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', '\x00', '"s"')
select i2 + 1 from e where id = 1
select i2 + i2 from e where id = 1
select i4 + 1 from e where id = 1
select i4 * i2 from e where id = 2
select i8 + 1 from e where id = 1
select i8 - 1 from e where id = 2
select i8 - 1 from e where id = 4
select i8 * 2 from e where id = 4
select -i8 from e where id = 2
select abs(i8) from e where id = 2
select i8 / -1 from e where id = 2
select i8 % -1 from e where id = 2
select i4 / -1 from e where id = 2
select -i4 from e where id = 2
select i8::float8, i8::numeric, i8::text, i8::int4 from e where id = 4
select i8::int4 from e where id = 2
select i8 = 9007199254740992, i8 > 9007199254740992, i8 < 9007199254740994, i8 = 9007199254740993.0, i8::float8 = 9007199254740993 from e where id = 4
select sum(i8), avg(i8), min(i8), max(i8), count(i8) from e
select sum(i8) from e where id in (1, 2)
select sum(f8) from e where id in (1, 2)
select sum(f8) + sum(f8) from e where id = 1
select f8 * 10 from e where id = 1
select f8 / 0 from e where id = 1
select f4 * 1e38::float4 * 10 from e where id = 1
select f8 = 0, f8 = '-0', 1 / f8 from e where id = 2
select f8 = 'NaN', f8 > 1e308, f8 = f8 from e where id = 4
select f4, f4::float8, f4 = 1.1, f4 = 1.1::float4, f4::numeric, f4::text from e where id = 1
select n + 1, n * n, n / 3, n::float8, n::text, round(n, 5), n::int8 from e where id = 2
select n::int8 from e where id = 1
select p * p, p + 0.001, p / 7, p::int4, p * 1000, -p, p - p, p % 7, sqrt(p), p ^ 2 from e where id = 1
select sum(p), avg(p), min(p), max(p), sum(p * p), avg(p * 2), count(distinct p) from e
select p from e where p = 999999999.999
select id from e where p > 999999999.998 and p < 1e9
select d + 1, d - 1 from e where id = 4
select d + 1, d > '2020-01-01', d - '2020-01-01'::date from e where id = 1
select d - d from e where id in (1, 4)
select ts + interval '1 day', ts - interval '1 mon', ts::date, ts > 'now' from e where id in (1, 2, 4) order by id
select ts - ts from e where id = 1
select ts - timestamp '2020-01-01' from e where id = 4
select extract(epoch from ts), extract(year from ts), date_trunc('hour', ts) from e where id in (1, 4) order by id
select tz at time zone 'Europe/Berlin', tz::date, tz::time, extract(hour from tz) from e where id = 4
select tm + interval '1 hour', tm - time '1:00', extract(second from tm), tm::text from e where id in (1, 4) order by id
select iv * 2, iv / 2, iv + iv, -iv, extract(month from iv), justify_days(iv) from e where id in (1, 2, 4) order by id
select sum(iv), avg(iv), min(iv), max(iv) from e
select id from e where iv = '30 days' or iv < '0' order by id
select id, u < 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' from e where id < 3 order by id
select id, by || '\x01', length(by), by > '\x00', encode(by, 'hex') from e where id <> 4 order by id
select id, c, c || '|', length(c), c = 'cc', c::text = 'cc', upper(c), c like 'c%' from e order by id
select id, v || c || t, length(v || t) from e order by id
update e set i2 = i2 + 1 where id = 1
update e set i4 = i4 - 1 where id = 2
update e set i8 = i8 + 1 where id = 1
update e set i8 = i8 - 1 where id = 1 returning i8
update e set i8 = 9007199254740992 + 1 where id = 4 returning i8, i8 - 9007199254740992
update e set p = p + 0.0005 where id = 1
update e set p = p + 0.0004 where id = 1 returning p
update e set p = 1234567890 where id = 1
update e set v = 'longer than eight' where id = 1
update e set v = 'eight123   ' where id = 1 returning v, length(v)
update e set c = 'abcde   ' where id = 1 returning c
update e set f4 = 1e39 where id = 1
update e set f4 = 1e308::float8 where id = 1
update e set d = ts::date, ts = d::timestamp where id = 4 returning d, ts
update e set iv = iv * 2, tm = tm + '13 hours' where id = 4 returning iv, tm
update e set n = null, t = null, j = null where id = 4 returning n, t, j
update e set j = j || '{"b": [1, 2.50, null]}' where id = 1 returning j, j -> 'b' ->> 1
update e set j = jsonb_set(j, '{a}', to_jsonb(i8)) where id = 1 returning j
update e set by = by || '\x0102' where id = 1 returning by
update e set id = id + 10
select id from e order by id
update e set id = id + 1
update e set id = 24 - id
select id, i8, ts, p from e order by id
delete from e where i8 = 9007199254740993 returning id, i8
select count(*), count(i8), max(id) from e
insert into e (id, t) values (200, repeat('x', 20000)) returning length(t)
update e set t = t || t where id = 200 returning length(t)
select length(t), md5(t) from e where id = 200
select id, left(t, 3) from e where t > 'x' order by t desc
select length(t), count(*) from e group by length(t) order by 1
select t, count(*) from e where length(t) < 10 group by t order by t
delete from e where t like 'xx%' returning length(t)
select greatest(i8, 5), least(i8, i4), coalesce(i8, -1), nullif(i8, 9223372036854775807) from e where id < 100 order by id
select case when i8 > 0 then i8 else i4 end, case i8 when 9223372036854775806 then 'x' else 'y' end from e where id < 100 order by id
select i8 in (9223372036854775806, 1), i8 not in (1, null), i8 between 0 and 9223372036854775807 from e where id < 100 order by id
select id from e where i8 in (9223372036854775806, -9223372036854775808, 5, 6, 7) order by id
select i8 & 255, i8 | 1, i8 # -1, ~i8, i8 << 1, i8 >> 60 from e where id < 100 order by id
select to_hex(i8), i8::text::int8 = i8, i8::numeric::int8 = i8, mod(i8, 1000), i8 / 1000 from e where id < 100 order by id
select distinct i8 from e order by i8
select i8, count(*) from e group by i8 order by i8 nulls first
select i8 from e order by i8 desc limit 2
select tz from e where tz < '2021-01-01' order by tz
select max(ts), min(ts), max(tz), min(d), max(d), max(tm), min(u), max(t), min(c) from e
`);
