/** Rights as PostgreSQL 15 decides them, statement by statement: every answer was compared with its own. */
import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import { open, SqlError } from '../../engine/api/api.ts';

/** Lines `statement => answer`: rows, those of one column as a list; the number of changes; the code of the error. */
function told(lines: string): void {
  using db = open(':memory:', { pool: 0 });
  const answer = (text: string): unknown => {
    try {
      const statement = db.prepare(text).raw();
      if (!statement.reader) return statement.run().changes;
      const rows = statement.all();
      return rows.every((row) => row.length === 1) ? rows.flat() : rows;
    } catch (error) {
      if (error instanceof SqlError) return error.code;
      throw error;
    }
  };
  for (const line of lines.trim().split('\n')) {
    const at = line.lastIndexOf(' => ');
    const [text, expected] = [line.slice(0, at).trim(), line.slice(at + 4)];
    deepStrictEqual(answer(text), JSON.parse(expected), text);
  }
}

test('rights to single columns: what is read, given or referred to, and no more; also through views', () => {
  told(`
    create table t (a int primary key, b int, c text, d int default 5) => 0
    insert into t values (1,2,'x',3),(2,3,'y',4) => 2
    create role r1 => 0
    create role r2 => 0
    create role r3 => 0
    create role grp => 0
    grant grp to r3 => 0
    grant select (a, b), update (b) on t to r1 => 0
    grant insert (a, c) on t to r1 => 0
    select relacl from pg_class where relname = 't' => [null]
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=ar/scratchbird"]],["b",["r1=rw/scratchbird"]],["c",["r1=a/scratchbird"]],["d",null]]
    set role r1 => 0
    select a, b from t order by a => [[1,2],[2,3]]
    select a from t where c = 'x' => "42501"
    select count(*) from t => [2]
    select * from t => "42501"
    select t from t => "42501"
    select t.* from t => "42501"
    select b from t order by c => "42501"
    select a from t where b > 2 => [2]
    update t set b = b + 1 where a = 1 => 1
    update t set b = 1 where c = 'x' => "42501"
    update t set c = 'q' => "42501"
    update t set b = d => "42501"
    update t set b = 5 returning c => "42501"
    insert into t (a, c) values (3, 'z') => 1
    insert into t (a, b) values (4, 1) => "42501"
    insert into t values (4, 1) => "42501"
    insert into t (a, c) values (4, 'k') returning a => [4]
    insert into t (a, c) values (5, 'k') returning c => "42501"
    insert into t (a, c) values (5, 'k') on conflict (a) do nothing => 1
    insert into t (a, c) values (5, 'k') on conflict (a) do update set b = 9 => 1
    insert into t (a, c) values (5, 'k') on conflict (a) do update set c = 'w' => "42501"
    insert into t (a, c) values (5, 'k') on conflict (a) do update set b = excluded.d => "42501"
    delete from t => "42501"
    delete from t where a = 1 => "42501"
    select x.a from t x join t y using (a) order by 1 => [1,2,3,4,5]
    select x.a from t x join t y using (c) => "42501"
    select x.a from t x natural join t y => "42501"
    select (select max(b) from t) => [9]
    select (select max(c) from t) => "42501"
    with w as (select a from t) select * from w order by 1 => [1,2,3,4,5]
    with w as (select * from t) select a from w => "42501"
    select has_column_privilege('t','a','select'), has_column_privilege('t','c','select'), has_table_privilege('t','select'), has_any_column_privilege('t','select'), has_any_column_privilege('t','insert') => [[true,false,false,true,true]]
    select has_column_privilege('t',1::int2,'update'), has_column_privilege('t',2::int2,'update') => [[false,true]]
    create table mine (a int references t (a)) => "42501"
    grant select (a) on t to r2 => 0
    grant select on t to r2 => "42501"
    reset role => 0
    grant select (a) on t to r1 with grant option => 0
    set role r1 => 0
    grant select (a) on t to r2 => 0
    grant select (a, b) on t to r2 => 0
    grant select on t to r2 => "42501"
    reset role => 0
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=ar*/scratchbird","r2=r/r1"]],["b",["r1=rw/scratchbird"]],["c",["r1=a/scratchbird"]],["d",null]]
    revoke select (a) on t from r1 => "2BP01"
    revoke grant option for select (a) on t from r1 => "2BP01"
    revoke select (a) on t from r1 cascade => 0
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=a/scratchbird"]],["b",["r1=rw/scratchbird"]],["c",["r1=a/scratchbird"]],["d",null]]
    grant references (a) on t to r1 => 0
    grant delete (a) on t to r1 => "0LP01"
    grant select (zz) on t to r1 => "42703"
    grant all (a, c) on t to r2 => 0
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=ax/scratchbird","r2=arwx/scratchbird"]],["b",["r1=rw/scratchbird"]],["c",["r1=a/scratchbird","r2=arwx/scratchbird"]],["d",null]]
    revoke all on t from r2 => 0
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=ax/scratchbird"]],["b",["r1=rw/scratchbird"]],["c",["r1=a/scratchbird"]],["d",null]]
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird"]]
    create view v as select a, b, c from t => 0
    grant select (a), update (b), insert (a) on v to r1 => 0
    set role r1 => 0
    select a from v order by 1 => [1,2,3,4,5]
    select b from v => "42501"
    select * from v => "42501"
    update v set b = 7 where a = 1 => 1
    update v set b = 8 where c = 'x' => "42501"
    update v set c = 'm' => "42501"
    insert into v (a) values (77) => 1
    insert into v (a, b) values (78, 1) => "42501"
    delete from v => "42501"
    reset role => 0
    create view vi with (security_invoker) as select a, b, c from t => 0
    grant select on vi to r1 => 0
    set role r1 => 0
    select a from vi => "42501"
    reset role => 0
    revoke select on vi from r1 => 0
    grant all on vi to r1 => 0
    revoke all on t from r1 => 0
    grant select (a, b, c), update (b) on t to r1 => 0
    set role r1 => 0
    select a from vi order by a limit 1 => [1]
    update vi set b = 3 where a = 1 => 1
    update vi set c = 'n' where a = 1 => "42501"
    reset role => 0
    alter table t owner to r2 => 0
    select relacl from pg_class where relname = 't' => [["r2=arwdDxt/r2"]]
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 order by attnum => [["a",["r1=r/r2"]],["b",["r1=rw/r2"]],["c",["r1=r/r2"]],["d",null]]
    alter table t drop column c => "2BP01"
    alter table t drop column c cascade => 0
    select attname, attacl from pg_attribute where attrelid = 't'::regclass and attnum > 0 and not attisdropped order by attnum => [["a",["r1=r/r2"]],["b",["r1=rw/r2"]],["d",null]]
    create table p (id int primary key, q int unique) => 0
    set role r1 => 0
    reset role => 0
    grant references (id) on p to r1 => 0
    set role r1 => 0
    reset role => 0
  `);
});

test('grants have grantors: what rests on a right that goes refuses, or goes along; defaults, owners and roles that go', () => {
  told(`
    create role a => 0
    create role b => 0
    create role c => 0
    create role d => 0
    create table t (x int, y int) => 0
    grant select on t to a with grant option => 0
    set role a => 0
    grant select on t to b with grant option => 0
    grant select, insert on t to c => 0
    grant all on t to c => 0
    reset role => 0
    set role b => 0
    grant select on t to c => 0
    grant select on t to a with grant option => "0LP01"
    reset role => 0
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird","a=r*/scratchbird","b=r*/a","c=r/a","c=r/b"]]
    revoke select on t from a => "2BP01"
    revoke grant option for select on t from a => "2BP01"
    set role d => 0
    grant select on t to c => "42501"
    revoke select on t from c => "42501"
    reset role => 0
    revoke select on t from a cascade => 0
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird"]]
    grant select on t to public with grant option => "0LP01"
    grant insert on t to a => 0
    set role a => 0
    grant insert on t to b => 0
    revoke insert on t from b => 0
    revoke all on t from b => 0
    reset role => 0
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird","a=a/scratchbird"]]
    grant select on t to a, b, public => 0
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird","a=ar/scratchbird","b=r/scratchbird","=r/scratchbird"]]
    revoke all on t from a, b, public => 0
    select relacl from pg_class where relname = 't' => [["scratchbird=arwdDxt/scratchbird"]]
    alter table t owner to a => 0
    select relacl from pg_class where relname = 't' => [["a=arwdDxt/a"]]
    create sequence s => 0
    grant usage on sequence s to a => 0
    grant select, update on s to b with grant option => 0
    select relacl from pg_class where relname = 's' => [["scratchbird=rwU/scratchbird","a=U/scratchbird","b=r*w*/scratchbird"]]
    grant execute on sequence s to a => "0LP01"
    create function f(int) returns int language sql as 'select $1' => 0
    select proacl from pg_proc where proname = 'f' => [null]
    revoke all on function f(int) from public => 0
    select proacl from pg_proc where proname = 'f' => [["scratchbird=X/scratchbird"]]
    grant execute on function f to b => 0
    select proacl from pg_proc where proname = 'f' => [["scratchbird=X/scratchbird","b=X/scratchbird"]]
    set role a => 0
    select f(1) => "42501"
    reset role => 0
    set role b => 0
    select f(1) => [1]
    reset role => 0
    create type m as enum ('x') => 0
    revoke usage on type m from public => 0
    grant usage on type m to a => 0
    select typacl from pg_type where typname = 'm' => [["scratchbird=U/scratchbird","a=U/scratchbird"]]
    create domain dom as int => 0
    grant usage on domain dom to b => 0
    select typacl from pg_type where typname = 'dom' => [["=U/scratchbird","scratchbird=U/scratchbird","b=U/scratchbird"]]
    create schema sc => 0
    grant usage on schema sc to a => 0
    grant create on schema sc to b => 0
    select nspacl from pg_namespace where nspname = 'sc' => [["scratchbird=UC/scratchbird","a=U/scratchbird","b=C/scratchbird"]]
    select nspacl from pg_namespace where nspname = 'public' => [["pg_database_owner=UC/pg_database_owner","=U/pg_database_owner"]]
    select has_schema_privilege('a','sc','usage'), has_schema_privilege('a','sc','create'), has_schema_privilege('b','sc','create') => [[true,false,true]]
    alter default privileges grant select on tables to a => 0
    alter default privileges in schema sc grant insert on tables to b => 0
    alter default privileges for role a revoke execute on functions from public => 0
    select defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl from pg_default_acl order by 1,2,3 => [["scratchbird","-","r",["scratchbird=arwdDxt/scratchbird","a=r/scratchbird"]],["scratchbird","sc","r",["b=a/scratchbird"]],["a","-","f",["a=X/a"]]]
    create table t2 (x int) => 0
    create table sc.t3 (x int) => 0
    select relname, relacl from pg_class where relname in ('t2','t3') order by 1 => [["t2",["scratchbird=arwdDxt/scratchbird","a=r/scratchbird"]],["t3",["scratchbird=arwdDxt/scratchbird","a=r/scratchbird","b=a/scratchbird"]]]
    alter default privileges revoke select on tables from a => 0
    select defaclrole::regrole, defaclnamespace, defaclobjtype, defaclacl from pg_default_acl where defaclnamespace = 0 order by 1,2,3 => [["a",0,"f",["a=X/a"]]]
    alter default privileges grant execute on functions to public => 0
    select count(*) from pg_default_acl where defaclobjtype = 'f' => [1]
    drop role b => "2BP01"
    drop owned by b => 0
    drop role b => 0
    select relacl from pg_class where relname = 's' => [["scratchbird=rwU/scratchbird","a=U/scratchbird"]]
    grant a to c with admin option => 0
    grant a to c => 0
    grant a to d => 0
    set role c => 0
    grant a to d => 0
    revoke a from d => 0
    grant d to c => "42501"
    reset role => 0
    select roleid::regrole, member::regrole, admin_option from pg_auth_members where roleid > 16000 order by 1,2 => [["a","c",true]]
    revoke a from d => 0
    revoke admin option for a from c => 0
    select roleid::regrole, member::regrole, admin_option from pg_auth_members where roleid > 16000 order by 1,2 => [["a","c",false]]
    grant c to a => "0LP01"
    reassign owned by a to d => 0
    select relname, relowner::regrole from pg_class where relname in ('t') order by 1 => [["t","d"]]
    select relacl from pg_class where relname = 't' => [["d=arwdDxt/d"]]
    set role a => 0
    reassign owned by d to a => "42501"
    drop owned by d => "42501"
    reset role => 0
    drop role d => "2BP01"
    drop owned by d => 0
    drop role d => 0
    drop owned by a => 0
    drop role a => 0
    set role c => 0
    alter table t2 owner to c => "42501"
    create role zz => "42501"
    alter role c createrole => "42501"
    reset role => 0
    alter role c createrole => 0
    set role c => 0
    create role zz => 0
    grant zz to c => 0
    create role sup superuser => "42501"
    drop role zz => 0
    reset role => 0
    select pg_has_role('c','a','member'), pg_has_role('c','c','usage') => "42704"
    create table own (x int) => 0
    create role o1 => 0
    create role o2 => 0
    alter table own owner to o1 => 0
    set role o1 => 0
    revoke select on own from o1 => 0
    select * from own => "42501"
    select relacl from pg_class where relname = 'own' => [["o1=awdDxt/o1"]]
    grant select on own to o1 => 0
    select * from own => []
    grant select on own to o2 => 0
    grant insert on own to o2 granted by o2 => "0A000"
    grant insert on own to o2 granted by o1 => 0
    alter table own owner to o2 => "42501"
    reset role => 0
    grant o2 to o1 => 0
    set role o1 => 0
    alter table own owner to o2 => "42501"
    reset role => 0
    grant create on schema public to o2 => 0
    set role o1 => 0
    alter table own owner to o2 => 0
    select relacl from pg_class where relname = 'own' => [["o2=arwdDxt/o2"]]
    reset role => 0
    select relname, relowner::regrole from pg_class where relname = 'own' => [["own","o2"]]
    select grantor, grantee, table_name, privilege_type, is_grantable from information_schema.table_privileges where table_name = 'own' order by 1,2,4 => [["o2","o2","own","DELETE","YES"],["o2","o2","own","INSERT","YES"],["o2","o2","own","REFERENCES","YES"],["o2","o2","own","SELECT","YES"],["o2","o2","own","TRIGGER","YES"],["o2","o2","own","TRUNCATE","YES"],["o2","o2","own","UPDATE","YES"]]
    select grantor, grantee, routine_name, privilege_type, is_grantable from information_schema.routine_privileges where routine_name = 'f' order by 1,2,4 => [["scratchbird","scratchbird","f","EXECUTE","YES"]]
    grant all privileges on all tables in schema public to o1 => 0
    grant select on nothing to o1 => "42P01"
    grant select on t to nobody => "42P01"
    grant usage on schema nix to o1 => "3F000"
    drop table own => 0
    drop owned by o1 => 0
    drop role o1 => 0
  `);
});

test('what may not be seen is not seen: not by EXPLAIN, functions, views, policies or references', () => {
  told(`
    create role r1 => 0
    grant create on schema public to r1 => 0
    create table p (id int primary key, q int unique) => 0
    set role r1 => 0
    create table ch (x int references p) => "42501"
    create table ch (x int references p (q)) => "42501"
    reset role => 0
    grant references (id) on p to r1 => 0
    set role r1 => 0
    create table ch (x int references p) => 0
    create table ch2 (x int references p (q)) => "42501"
    create table ch3 (x int references p (id)) => 0
    insert into ch values (1) => "23503"
    reset role => 0
    insert into p values (1, 1) => 1
    set role r1 => 0
    insert into ch values (1) => 1
    reset role => 0
    delete from p => "23503"
    create function f() returns int security definer language sql as 'select count(*)::int from p' => 0
    set role r1 => 0
    select * from p => "42501"
    select f() => [1]
    explain select * from p => "42501"
    create table pc as select * from p => "42501"
    with q as (select * from p) select 1 => "42501"
    select 1 where exists (select * from p) => "42501"
    insert into ch select id from p => "42501"
    merge into p using ch on p.id = ch.x when matched then delete => "42501"
    lock table p => "25P01"
    truncate p => "0A000"
    copy p to stdout => "0A000"
    analyze p => 0
    create index on p (q) => "42501"
    comment on table p is 'x' => "42501"
    alter table p add z int => "42501"
    drop table p => "42501"
    reset role => 0
    create table rls (who text, v int) => 0
    insert into rls values ('r1', 1), ('x', 0) => 2
    alter table rls enable row level security => 0
    create policy p1 on rls using (who = current_user) => 0
    grant select, insert, update, delete on rls to r1 => 0
    set role r1 => 0
    select * from rls => [["r1",1]]
    select * from rls where 1/v > 0 => [["r1",1]]
    select count(*) from rls => [1]
    update rls set v = 5 => 1
    delete from rls where v = 0 => 0
    insert into rls values ('x', 3) => "42501"
    insert into rls values ('r1', 3) => 1
    insert into rls values ('r1', 3) returning * => [["r1",3]]
    reset role => 0
    select * from rls order by 1, 2 => [["r1",3],["r1",3],["r1",5],["x",0]]
    create view rv as select * from rls => 0
    create view ri with (security_invoker=true) as select * from rls => 0
    grant select on rv, ri to r1 => 0
    set role r1 => 0
    select * from rv order by 1, 2 => [["r1",3],["r1",3],["r1",5],["x",0]]
    select * from ri order by 1, 2 => [["r1",3],["r1",3],["r1",5]]
    select 1 from rls r where 1/(case when r.who = 'x' then 0 else 1 end) = 1 => [1,1,1]
    reset role => 0
    create table sec (id int, secret text, pub boolean) => 0
    insert into sec values (1, 'hidden', false), (2, 'open', true) => 2
    create view sb with (security_barrier) as select id, secret from sec where pub => 0
    grant select on sb to r1 => 0
    set role r1 => 0
    select * from sb where secret::int > 0 => "22P02"
    select id from sb where 1 / (id - 1) > 0 => [2]
    reset role => 0
    create function leak(text) returns boolean language sql cost 0.0000001 as 'select ($1 || '''')::int > 0' => 0
    grant execute on function leak(text) to r1 => 0
    set role r1 => 0
    select * from sb where leak(secret) => "22P02"
    reset role => 0
  `);
});
