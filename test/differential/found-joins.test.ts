/** Stories about several relations that once had more than one answer, in short. */

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

const LONG = `repeat('a value that does not fit a page. ', 400)`;

const FOUND: { readonly [name: string]: string } = {
  'a side of a set operation whose range of an index is empty says nothing about the other side': `
    create table ta (id int4 primary key, c0 int4);
    create table tb (id int4 primary key, c0 int4);
    insert into ta values (1, 2), (2, 3), (3, null);
    insert into tb values (3, 2), (4, 3), (5, null);
    select id from ta where id < null union select id from tb order by id;
    select id from ta where id > 5 and id < 3 union all select id from tb order by id;
    select id from tb except select id from ta where id < null::int4 order by id`,
  'equal conditions on either side of a join are told apart by their values, whatever these are': `
    create table ta (id int8 primary key, c0 numeric(38,10));
    create table tb (id int8 primary key, c0 float8);
    insert into ta values (1, 2), (2, 1), (9223372036854775807, 9223372036854775807);
    insert into tb values (1, 'NaN'), (2, 'Infinity'), (9223372036854775807, 5);
    select a.id from ta a where a.id = any (select i.c0 from ta i where a.id < '9223372036854775807'::int8) and a.id is distinct from '7' order by a.id;
    select a.id from tb a join tb b on a.id = b.id and a.c0 = b.c0 where a.c0 >= 'Infinity' and b.c0 >= 'NaN' order by a.id;
    select a.id from tb a join tb b on a.id = b.id where a.id < 9223372036854775807 and b.id <> 1 order by a.id`,
  'several sides of a set operation go into one sort, some of which look whether a value is NULL': `
    create table ta (id int4 primary key, c0 int4);
    insert into ta values (1, 7), (2, null), (3, 5);
    select timestamp '2024-02-28 10:00:00' + id * interval '1 hour' as x0 from ta where id > 1
      union (select timestamp '2024-02-28 10:00:00' + id * interval '1 hour' from ta
        union select date_trunc('day', timestamp '2024-02-28 10:00:00' + id * interval '1 hour') from ta) order by x0 desc;
    select id as x0 from ta union all select c0 from ta order by 1;
    select a.id, b.x from ta as a left join (select id as x from ta union all select c0 from ta) as b on a.id = b.x or b.x is null order by 1, 2`,
  'many values stand beside subqueries whose answers are conditions': `
    create table ta (id int4 primary key, c0 int4, c1 int4);
    insert into ta values (1, 7, 1), (2, null, 1), (21, 5, 1), (22, 1, 2);
    select a.id from ta as a where a.c1 <> 3 and (not exists (select 1 from ta as i where i.id = a.c0 and i.c1 <> 7)
      or exists (select 1 from ta as i where i.c0 = a.id) or a.id not in (select c0 from ta i where i.c1 = a.c1)
      or a.id in (20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, null)) order by a.id`,
  'the row with which a limit is reached finds all its matches by an index, and all rows of what is beside it': `
    create table ta (id int8 primary key, c0 int4);
    insert into ta select g, g / 3 from generate_series(1, 3000) g;
    create index ta_i0 on ta (c0);
    analyze ta;
    select a.id, b.id as b from (select * from ta order by id limit 4) as a join ta as b on a.c0 = b.c0 order by 1, 2;
    select a.id, b.id as b from (select * from ta where id > 4 order by id limit 1) as a left join ta as b on a.c0 = b.c0 order by 1, 2;
    select a.id, b.x from (select * from ta order by id limit 2) as a, lateral (select a.id + i as x from generate_series(1, 3) i) as b order by 1, 2;
    select a.id, b.id as b from (select * from ta order by id limit 4) as a join ta as b on a.c0 = b.c0 order by 1, 2 limit 5`,
  'literals of arrays are the same in DISTINCT ON, GROUP BY and ORDER BY': `
    create table ta (id int8 primary key);
    insert into ta values (1), (2), (3);
    select distinct on (to_jsonb(id % 2) #>> '{}') id from ta order by to_jsonb(id % 2) #>> '{}', id;
    select to_jsonb(id) #>> '{b,1}' as x0, count(*) as x1 from ta group by to_jsonb(id) #>> '{b,1}';
    select count(*) as x0 from ta group by array[id % 2] || '{1,2}' order by array[id % 2] || '{1,2}'`,
  'rows are joined by char(n)': `
    create table ta (id int4 primary key, c0 char(3), c1 char(3));
    insert into ta values (1, 'a', 'ab'), (2, null, 'a'), (3, 'ab', null), (4, 'abc', 'abc'), (5, 'a  ', 'x');
    select a.id, b.id as b from ta a join ta b on a.c0 = b.c1 order by 1, 2;
    select count(b.id) as x0, count(distinct b.c0) as x1 from ta a full join ta b on a.id = b.id and a.c0 = b.c0;
    select a.id from ta a where c0 not in (select c1 from ta where c1 is not null) order by 1`,
  'a row that a condition leaves out behind its page has matched nothing of a right join': `
    create table ta (id int8 primary key, c0 uuid);
    insert into ta values (1, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'), (2, '00000000-0000-0000-0000-000000000000'), (3, null);
    select count(*) as x0 from ta as a left join (select id::int4 as y1 from ta where c0 is distinct from 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') as b
      on a.id = b.y1 where a.id <= 1;
    select a.id, b.y1 from (select id::int4 as y1 from ta where c0 is distinct from 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11') as b
      full join ta as a on a.id = b.y1 order by a.id`,
  'rows with values in chains that are changed by what others hold get chains of their own': `
    create table ta (id int8 primary key, c0 int8 not null, c1 text);
    insert into ta values (1, 10, null), (2, 5, ${LONG}), (3, 7, 'x');
    update ta as a set c0 = b.id from ta as b where a.id = b.id;
    update ta as a set c0 = b.id + 1 from ta as b where a.id = b.id;
    update ta as a set c0 = 8 where not exists (select 1 from ta b where b.id = a.id + 100);
    merge into ta as a using ta as b on a.id = b.id when matched then update set c0 = b.c0 + 1;
    merge into ta as a using ta as b on a.id = b.id when matched then update set c0 = b.c0 + 1;
    select id, c0, length(c1) as x0 from ta order by id`,
  'WITH is read in subqueries around it, in RETURNING, and by subqueries of a subquery that it belongs to': `
    create table ta (id int4 primary key, c0 int4);
    create table tb (id int4 primary key, c0 int4);
    insert into ta values (1, 7), (2, null), (3, 5);
    with x as (select 20 as m) insert into tb (id, c0) values ((select m from x), 1) returning (select x.m from x) as x0;
    with x as (select 20 as m), y as (select m + 1 as m from x) update tb set c0 = (select m from x) returning (select m from y) as x0;
    with x as (select 2 as m) delete from tb returning (select m from x) as x0;
    select id, (with x as (select ta.c0) select (select c0 from x)) as x0 from ta order by id;
    select id, (with x as (select ta.c0) select (select x.c0 + y.c0 from x, x y)) as x0 from ta order by id;
    select id from ta where exists (with x as (select ta.c0 as z) select 1 from ta i where i.id in (select z - 4 from x)) order by id;
    select id, (with recursive r(n) as (select ta.id union all select n + 1 from r where n < 4) select count(*) from r) as x0 from ta order by id`,
  'the least of what is NULL in every branch is NULL, of whatever type': `
    create table ta (id int4 primary key, c0 int4);
    insert into ta values (1, 7), (2, null), (3, 5);
    select c0 from ta group by 1 having min(case when id > 3 then null::int4 end) < 0;
    select c0, min(case when id > 3 then null::int2 end) as x0, max(case when id > 2 then null::date end) as x1 from ta group by 1 order by 1;
    select max(case when id > 2 then null::float8 end) as x0, min(case when id > 2 then null::float4 end) as x1,
      max(case when id > 1 then null::timestamp else null end) as x2, min(coalesce(null::int8, null)) as x3,
      max(case when id > 1 then null::numeric end) as x4, sum(case when id > 1 then null::int4 end) as x5,
      min(case when id > 1 then null::text end) as x6, avg(case when id > 1 then null::float8 end) as x7 from ta`,
};

for (const [name, script] of Object.entries(FOUND))
  test(name, async () => {
    const failure = await toldBy(script, peer);
    if (failure !== null) fail(failure.why);
  });
