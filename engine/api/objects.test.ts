import { after, test } from 'node:test';
import { besidePostgreSQL } from '../../test/peer/alike.ts';

const { alike, close } = await besidePostgreSQL();
after(close);

test('schemas, views, ALTER TABLE: what depends refuses or goes along', () =>
  alike(
    `
create schema app
create schema app
create schema if not exists app
create table app.t (a int primary key, b text default 'x', c int check (c > 0))
insert into app.t values (1, 'one', 5), (2, 'two', 6)
create view app.v as select a, b from app.t where a > 0
select * from app.v
alter table app.t rename to u
alter table app.u rename column b to bb
select * from app.v
select a, bb from app.u
drop table app.u
alter table app.u drop column bb
alter table app.u drop column c
select * from app.u
insert into app.u values (3, 'three')
alter table app.u add column d int default 7
alter table app.u add column e text not null default 'eee', add f serial
select * from app.u
insert into app.u (a) values (4)
select * from app.u
alter table app.u alter column d type text using d::text || '!'
select * from app.u
alter table app.u alter column d type int
alter table app.u add constraint pos check (a > 1)
alter table app.u add constraint pos check (a > 0)
insert into app.u (a) values (-1)
alter table app.u add unique (d)
alter table app.u add unique (f)
alter table app.u alter column d set not null
alter table app.u alter column d drop not null
alter table app.u set schema public
select * from u
select * from app.v
drop schema app
drop schema app cascade
select * from u
create view v2 as select * from u
create view v3 as select a from v2
drop table u
drop view v2
drop table u cascade
select * from v3
create table p (id int primary key, x text)
create table c (id int, pid int references p, q int references p(id) on delete cascade)
create table c2 (id int, pid text references p)
create table c3 (id int, pid int references p(x))
drop table p
drop table c
drop table p
comment on schema public is 'x'
create table self (id int primary key, parent int references self)
drop table self
`,
    'objects',
  ));

test('generated columns are computed, and nobody else sets them', () =>
  alike(
    `
create table g (net int generated always as (price * 2) stored, price int, t text generated always as ('p' || price) stored)
insert into g (price) values (1), (2)
insert into g values (default, 5)
insert into g values (1, 5)
update g set price = 10 where price = 1
update g set net = 5
update g set net = default
select * from g
create index on g (net)
create index on g ((net + 1))
update g set price = 11 where price = 10
select * from g where net + 1 = 23
alter table g add column h int generated always as (price + 100) stored
select * from g
alter table g drop column price
alter table g drop column price cascade
create table bad (a int generated always as (b) stored, b int generated always as (1) stored)
create table bad (a int generated always as (a + 1) stored)
create table bad (a timestamptz generated always as (now()) stored)
alter table g alter column h drop expression
`,
    'generated',
  ));

test('foreign keys: rows that refer, rows that are referred to, all actions, put off or not', () =>
  alike(
    `
create table p (id int primary key, x text)
create table c (id int primary key, pid int references p)
insert into c values (1, 1)
insert into p values (1, 'a'), (2, 'b'), (3, 'c')
insert into c values (1, 1), (2, 2), (3, null)
delete from p where id = 1
delete from p where id = 3
update p set id = 10 where id = 2
update p set x = 'z' where id = 2
update c set pid = 7 where id = 1
update c set pid = 2 where id = 1
delete from p where id = 1
drop table c
create table c (id int primary key, pid int references p on delete cascade on update cascade)
insert into p values (5, 'e')
insert into c values (1, 2), (2, 2), (3, 5)
update p set id = 20 where id = 2
select * from c
delete from p where id = 20
select * from c
drop table c
create table c (id int primary key, a int default 5 references p on delete set null, b int default 5 references p on delete set default)
insert into p values (6, 'f')
insert into c values (1, 6, 6)
delete from p where id = 6
select * from c
delete from p where id = 5
select * from c
create table s (id int primary key, up int references s on delete cascade)
insert into s values (1, 2), (2, 1)
insert into s values (3, 1), (4, 3)
delete from s where id = 1
select * from s
create table dp (id int primary key)
create table dc (id int, pid int references dp deferrable initially deferred)
begin
insert into dc values (1, 1)
commit
begin
insert into dc values (1, 1)
insert into dp values (1)
commit
select * from dc
begin
delete from dp
insert into dp values (1)
commit
begin
delete from dp
set constraints all immediate
rollback
insert into dc values (2, 9)
create table k2 (a int, b text, primary key (b, a))
create table k2c (x text, y int, foreign key (y, x) references k2 (a, b) match full)
insert into k2 values (1, 'one')
insert into k2c values ('one', 1)
insert into k2c values ('two', 1)
insert into k2c values (null, 1)
insert into k2c values (null, null)
create table r (id int primary key)
create table rc (rid int references r on delete restrict)
insert into r values (1)
insert into rc values (1)
delete from r
create table b8 (id bigint primary key)
create table b8c (v int references b8)
insert into b8 values (7)
insert into b8c values (7)
insert into b8c values (8)
delete from b8
alter table k2c add constraint zz foreign key (y) references r
alter table rc add constraint zz foreign key (rid) references dp not valid
alter table rc validate constraint zz
with x as (insert into p values (77, 'q') returning id) insert into c select 9, id, id from x
select * from c
truncate dp
insert into p values (88,'x'), (89, 'y') on conflict do nothing
insert into c values (100, 88, 89) on conflict (id) do update set a = 1
insert into c values (100, 88, 89) on conflict (id) do update set a = 12345
`,
    'keys',
  ));

test('partial and covering indexes, tables made from queries and from other tables', () =>
  alike(
    `
create table pt (id int primary key, email text, active bool, n int)
create unique index pt_email on pt (email) where active
insert into pt values (1, 'a', true, 1), (2, 'a', false, 2), (3, 'a', null, 3)
insert into pt values (4, 'a', true, 4)
insert into pt values (4, 'a', true, 4) on conflict (email) where active do update set n = 99
insert into pt values (4, 'a', true, 4) on conflict (email) do nothing
update pt set active = true where id = 2
create index pt_n on pt (n) include (email) where n > 1
create index concurrently pt_x on pt (lower(email)) where active and n > 0
select * from pt where n = 99
create table ct as select id, email, n * 2 as m from pt
select * from ct
create table ct2 (x, y) as select 1, 'a'::text with no data
select * from ct2
create table if not exists ct as select 1
create table ct3 as select 1 as a, 2 as a
create table lk (like pt including all, extra int default 4, check (extra > 0))
insert into lk (id, email, active) values (1, 'q', true)
insert into lk (id, email, active) values (2, 'q', true)
insert into lk (id, email, active) values (1, 'r', true)
select * from lk
create table lk2 (a int, like pt, b int, primary key (id))
select * from lk2
create sequence so start 5 increment 2 minvalue 1 maxvalue 9 cycle owned by lk.extra
alter table pt drop column active
insert into pt values (5, 'a', 7)
alter table pt add constraint pt_pk2 unique (email) include (n)
comment on column pt.n is 'number'
comment on constraint pt_pkey on pt is 'key'
drop index pt_n
create index on pt (nothing) where id > 0
create index on pt (id) where id > random()
create table dropme (a int references pt)
insert into dropme values (77)
alter table dropme rename constraint dropme_a_fkey to dfk
insert into dropme values (77)
alter table dropme drop constraint dfk
insert into dropme values (77)
`,
    'indexed',
  ));

test('views of one table are changed through, and WITH CHECK OPTION looks at each row', () =>
  alike(
    `
create table ub (id int primary key, name text default 'dd', n int)
insert into ub values (1, 'a', 1), (2, 'b', 5), (3, 'c', 9)
create view uv as select id as key, name, n from ub where n > 2
select * from uv
update uv set name = 'x' where key = 2
update uv set name = 'y' where key = 1
delete from uv where key = 3
insert into uv (key, n) values (4, 1)
insert into uv values (5, 'e', 50) returning *
select * from ub order by id
create view cv as select * from ub where n > 2 with check option
insert into cv values (6, 'f', 1)
insert into cv values (6, 'f', 10)
update cv set n = 0 where id = 6
update cv set n = null where id = 6
create view lv as select id, n from uv2
create view lv as select key, n from uv where key < 100 with local check option
insert into lv values (7, 1)
insert into lv values (700, 10)
create view lc as select key, n from uv where key < 100 with cascaded check option
insert into lc values (8, 1)
create view ev as select id, n * 2 as d, name from ub
insert into ev (id, name) values (20, 'q')
insert into ev (id, d) values (21, 5)
update ev set d = 4
update ev set name = 'z' where id = 20
create view av as select count(*) from ub
insert into av values (1)
update av set count = 1
delete from av
create view jv as select a.id from ub a, ub b
delete from jv
select id, name, n from ub order by id
alter view uv alter column name set default 'viewdefault'
insert into uv (key, n) values (30, 30)
select * from uv where key = 30
create view wv as select 1 as a union select 2 with check option
update uv u set name = s.name from ub s where s.id = u.key and u.key = 2 returning u.key, u.name
update ev set name = 'dd2' where d = 20
delete from ev where d = 100 returning id, d, name
select id, name from ub order by id
`,
    'through',
  ));
