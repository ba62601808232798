/** Stories that once had more than one answer, in short. */

import { fail } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { startPeer } from '../oracle/postgresql.ts';
import { toldBy } from './told.ts';

let peer: PGlite;
before(async () => {
  peer = await startPeer();
});
after(() => peer.close());

const FOUND: { readonly [name: string]: string } = {
  'timestamps that are more than 63 bits of microseconds are stored, ordered and found': `
    create table ta (id int4 primary key, c0 timestamp, c1 timestamptz);
    create index ta_i0 on ta (c0);
    create index ta_i1 on ta (c1 desc, id);
    insert into ta values (1, '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00'), (2, 'infinity', 'infinity'),
      (3, '-infinity', '-infinity'), (4, '4714-11-24 00:00:00 BC', '4714-11-24 00:00:00+00 BC'), (5, null, null),
      (6, '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775808+00'), (7, '2024-02-29 12:30:00', '1969-12-31 23:59:59+00');
    update ta set c0 = '294276-12-30 00:00:00' where id = 7;
    select * from ta order by c0, id;
    select * from ta order by c1 desc, id limit 3;
    select * from ta where c0 > '294247-01-10 04:00:54.775807' order by id;
    select max(c0) as x0, min(c1) as x1 from ta where c0 < 'infinity';
    select extract(epoch from c0) as x0, extract(epoch from c1) as x1, extract(epoch from c0 - interval '0.4321 s') as x2 from ta order by id;
    select id from ta where c1 in ('294276-12-31 23:59:59.999999+00', 'infinity') order by id`,
  'a NULL is looked for in a long list': `
    create table ta (id int4 primary key, c0 interval, c1 numeric, c2 bytea, c3 char(3));
    insert into ta values (1, null, null, null, null), (2, '1 day', 1.50, '\\x01', 'a');
    select id from ta where c0 in ('1 day', '2 days', '3 days', '4 days', '5 days', '6 days', '7 days', '8 days', '9 days', '1 hour');
    select id from ta where c1 not in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    select id from ta where c1 in (1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, null);
    select id from ta where c2 in ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', '\\x01');
    select id from ta where c3 in ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'k')`,
  'blanks at the end of char(n) do not count in an index': `
    create table ta (id int4 primary key, c0 char(4), c1 int4);
    create index ta_i0 on ta (c0);
    create index ta_i1 on ta (c0 desc, c1);
    create index ta_i2 on ta using hash (c0);
    insert into ta values (1, 'a', 1), (2, 'ab', 2), (3, 'b', 3), (4, null, 4), (5, '', 5), (6, 'abcd', 6);
    select id from ta where c0 = 'a';
    select id from ta where c0 = 'a   ' and c1 = 1;
    select id from ta where c0 = 'abcd' or c0 = '';
    select id from ta where c0 in ('ab  ');
    select id from ta where c0 >= 'ab' order by id;
    select id from ta where c0 < 'ab' order by id;
    select id from ta where c0 > 'a' and c0 < 'abcdx' order by id;
    select id, c0 from ta order by c0 desc, c1;
    delete from ta where c0 = 'b';
    update ta set c0 = 'bb' where c0 = 'ab';
    select id, c0 from ta where c0 = 'bb' order by id;
    create unique index ta_i3 on ta (c0);
    insert into ta values (7, 'a ', 7);
    insert into ta values (7, 'c ', 7) on conflict (c0) do nothing returning id, c0`,
  'the extreme of nothing but NULL, counted only sometimes': `
    create table ta (id int4 primary key, c1 bool);
    insert into ta values (1, true), (2, false), (3, null);
    select id as x0, min(null::float8) filter (where c1) as x1, max(null::int8) as x2, min(null::text) as x3, max(null::date) filter (where (id > 1)) as x4,
      count(null::date) filter (where c1) as x5, string_agg(null::text, ',') filter (where c1) as x6 from ta group by id order by 1;
    select min(null::float8) filter (where c1) as x0, sum(null::numeric) filter (where c1) as x1, avg(null::int4) as x2 from ta`,
  'RETURNING of a row that ON CONFLICT changes may be NULL where the inserted one is not': `
    create table ta (id int4 primary key, c0 text);
    insert into ta values (1, 'a'), (1, 'b') on conflict (id) do nothing returning c0 as x0;
    insert into ta values (1, 'a') on conflict (id) do update set c0 = null returning *;
    insert into ta values (1, 'a') on conflict (id) do update set c0 = null returning c0 is null as x0, coalesce(c0, 'none') as x1`,
  'literals of every type are compared with statistics': `
    create table ta (id int4 primary key, c0 interval, c1 bytea, c2 date, c3 timestamptz, c4 jsonb);
    insert into ta values (1, '1 day', '\\x01', '2024-01-01', '2024-01-01 00:00:00+00', '1'),
      (2, '2 days', '\\x02', '2024-01-02', '2024-01-02 00:00:00+00', '2'), (3, '3 days', '\\x03', '2024-01-03', '2024-01-03 00:00:00+00', '3');
    analyze ta;
    select id from ta where c0 > '1 day' order by id;
    select id from ta where c1 > '\\x01' order by id;
    select id from ta where c2 > '2024-01-01' order by id;
    select id from ta where c3 > '2024-01-01 00:00:00+00' order by id;
    select id from ta where c4 > '1' order by id`,
  'literals of another type than the column are the same in items and in GROUP BY': `
    create table ta (id int8 primary key, c0 numeric, c1 float8);
    insert into ta values (1, 1.5, 2), (5, 2.5, 3), (6, 2.5, null);
    select id > 3 as x0, count(*) as x1 from ta group by id > 3 order by 1;
    select id > 4 as x0, count(*) as x1 from ta group by id > 4 order by 1;
    select c0 + 1 as x0, c1 * 2 as x1, count(*) as x2 from ta group by c0 + 1, c1 * 2 order by 1, 2;
    select distinct on (id + 1) id, c0 as x0 from ta order by id + 1 desc, id`,
  'literals that a type reads are the same in items and in GROUP BY': `
    create table ta (id int4 primary key, c0 date, c1 interval, c2 timestamptz, c3 bytea, c4 uuid, c5 bool, c6 jsonb);
    insert into ta values (1, '2024-01-01', '1 day', '2024-01-01 00:00:00+00', '\\x01', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', true, '1');
    select c0 > '2023-01-01' as x0, count(*) as x1 from ta group by c0 > '2023-01-01';
    select c1 between '1 day' and '24:00:00' as x0, count(*) as x1 from ta group by c1 between '1 day' and '24:00:00';
    select c2 < '2024-06-01 00:00:00' as x0, count(*) as x1 from ta group by c2 < '2024-06-01 00:00:00';
    select c3 = '\\x01' as x0, c4 = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' as x1, count(*) as x2 from ta group by c3 = '\\x01', c4 = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    select c5 = 'yes' as x0, c6 = '1' as x1, count(*) as x2 from ta group by c5 = 'yes', c6 = '1';
    select distinct on (c0 <> '2024-01-02') id from ta order by c0 <> '2024-01-02', id;
    select c0 > '2023-01-01' as x0, count(*) as x1 from ta group by c0 > '2023-01-02'`,
  'ON CONFLICT comes before constraints that it does not watch': `
    create table ta (id int4 primary key, c0 int4 unique, c1 int4, unique (c0, c1));
    insert into ta values (1, 1, 1), (2, 2, 2);
    insert into ta values (3, 1, 1) on conflict (c0, c1) do nothing returning id;
    insert into ta values (1, 2, 2) on conflict (c0, c1) do update set c1 = 7 returning *;
    insert into ta values (1, 2, 9) on conflict (c0, c1) do nothing`,
  'the expression of an index fails only for a row that is put in': `
    create table ta (id int4 primary key, c0 int4 unique, c1 int2);
    create index ta_i0 on ta (abs(c1), c0);
    create unique index ta_i1 on ta ((c0 / 2));
    insert into ta values (1, 1, 1), (2, 4, 2);
    insert into ta values (3, 1, -32768) on conflict (c0) do update set c1 = ta.c1 + 5, c0 = excluded.c0 returning *;
    insert into ta values (2, 9, -32768), (4, 14, 4) on conflict (id) do nothing returning *;
    insert into ta values (5, 20, 5), (6, 30, -32768) on conflict (c0) do nothing;
    insert into ta values (1, 40, -32768) on conflict do nothing;
    insert into ta values (1, 1, 1) on conflict (c0) do update set c1 = -32768;
    select * from ta where abs(c1) = 6 order by id`,
  'a condition that fails does so only for rows that those in front of it let through': `
    create table ta (id int4 primary key, c0 char(3), c1 text, c2 int4, c3 float4, c4 numeric);
    insert into ta values (1, 'a_c', 'a', 1, 1.5, 2), (2, '12', 'b', 0, 0, 0), (3, 'abc', 'A', 2, 2, 1.5);
    select id from ta where lower(c1) = 'a' and 4 / c2 > 1 order by id;
    select id from ta where c0 between 'a' and 'b' and c3 / c3 = 1 and upper(c1) = 'A' and 1.0 / c4 < 1;
    select id from ta where c2 >= 0 and c0 >= 'a' and 4 / c2 > 1 and c3 > 0 and c0 < 'b' order by id;
    update ta set c2 = 7 where c0 > 'a' and 1 / c2 >= 0 returning id;
    select count(*) as x0 from ta where initcap(c1) = 'A' and 7 / c2 = 1`,
  'a function that changes a byte or a bit leaves its argument as it is': `
    create table ta (id int4 primary key, c0 bytea);
    insert into ta values (1, '\\x6162'), (2, '\\x00ff'), (3, null);
    select id, c0 || set_byte(c0, 0, 65) as x0, set_byte(c0, 1, 0) || c0 as x1, set_bit(c0, 3, 1) || c0 as x2 from ta order by id;
    select c0 as x0, reverse(c0) as x1, c0 || reverse(c0) as x2, btrim(c0, '\\x00'::bytea) || c0 as x3 from ta order by id;
    update ta set c0 = set_byte(c0, 0, 7) where set_byte(c0, 0, 1) <> c0 returning id, c0, set_bit(c0, 0, 1) as x0, c0 as x1`,
  'RETURNING of a plain NULL beside an expression of many arms': `
    create table ta (id int4 primary key, c0 int4);
    insert into ta values (1, 1), (2, 2) returning null::int4 as x0, case c0 ${Array.from({ length: 40 }, (_, at) => `when ${at + 2} then ${at}`).join(' ')} end as x1;
    update ta set c0 = null where id = 1 returning null::text as x0, case id ${Array.from({ length: 40 }, (_, at) => `when ${at + 1} then ${at}`).join(' ')} end as x1`,
  'the expression of an index that is gone neither costs nor fails': `
    create table ta (id int4 primary key, c0 int2);
    create index ta_i0 on ta (abs(c0));
    insert into ta values (1, -1);
    insert into ta values (2, -32768);
    drop index ta_i0;
    insert into ta values (2, -32768);
    update ta set c0 = -32768 where id = 1;
    update ta set c0 = -5;
    create index ta_i1 on ta (abs(c0));
    insert into ta values (3, 5);
    select id from ta where abs(c0) = 5 order by id`,
  'NaN of few digits is summed and compared as NaN': `
    create table ta (id int4 primary key, c0 numeric, c1 numeric(9,2));
    insert into ta values (1, 'NaN', 1.5), (2, 7.25, null);
    select sum(c0::numeric(9,2)) as x0, avg(c0::numeric(9,2)) as x1, min(c0::numeric(9,2)) as x2, max(c0::numeric(9,2)) as x3 from ta;
    select min((c1 * 2)::numeric(12,0)) as x0, max(c1 * 1234567890.12) as x1, sum(c1 * 2) as x2 from ta;
    select greatest(c1, c0::numeric(9,2)) as x0 from ta`,
  'what constants decide is not evaluated': `
    create table ta (id int4 primary key, c0 int4, c1 bool);
    insert into ta values (1, 0, true), (2, null, false), (3, 2147483647, null);
    select id from ta where not (null > 1/c0);
    select id, null + 1/c0 as x0 from ta;
    select id from ta where false and 1/c0 > 1;
    select id from ta where 1/c0 > 1 and false;
    select id, 1/c0 > 1 or true as x0 from ta;
    select id, case when false then 1/c0 when true then 5 else 1/c0 end as x0 from ta;
    select id, coalesce(null, 5, 1/c0) as x0, coalesce(null, null) as x1 from ta;
    select id, null in (c0, 2) as x0, c0 in (1, null) as x1, 1/c0 between null and null as x2 from ta;
    select id, (null::int4 is null) as x0, not null::bool as x1, (1/c0 = null) is null as x2 from ta;
    select id, c1 and null as x0, c1 or null as x1, null and c1 and true as x2 from ta;
    select sum(1/c0) filter (where false) as x0 from ta;
    select c0 + null as x0, count(*) as x1 from ta group by c0 order by 2;
    select count(*) from ta having null and true;
    insert into ta values (9, 1/null::int4, null) returning case when false then 1/c0 else id end as x0;
    update ta set c0 = null::int4 + 1/c0 where true or 1/c0 = 1;
    delete from ta where false or null`,
  'groups of timestamps that are more than 63 bits': `
    create table ta (id int4 primary key, c0 timestamp);
    insert into ta values (1, '294276-12-31 23:59:59.999999'), (2, '294276-12-31 23:59:59.999999'), (3, '4714-11-24 00:00:00 BC');
    select c0, count(*) as x0 from ta group by c0 order by 1;
    select distinct c0 from ta order by 1 desc;
    select max(c0) as x0 from ta`,
};

for (const [name, script] of Object.entries(FOUND)) {
  test(name, async () => {
    const failure = await toldBy(script, peer);
    if (failure !== null) fail(failure.why);
  });
}
