/** Row-level security, from the outside and beside PostgreSQL: what policies hide is not seen, what they forbid is not made. */
import { deepStrictEqual } from 'node:assert';
import { test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { type Database, open, SqlError } from '../../engine/api/api.ts';
import { openPostgreSQL } from '../peer/postgresql.ts';

/** What a statement answers: rows as texts, or the code and message of its error. */
type Answer = string;

const shown = (rows: readonly (readonly unknown[])[]): string => rows.map((row) => row.map(String).join('|')).join(' ');

function ours(db: Database, text: string): Answer {
  try {
    const statement = db.prepare(text).raw();
    if (!statement.reader) {
      statement.run();
      return '';
    }
    return shown(statement.all() as unknown[][]);
  } catch (error) {
    if (error instanceof SqlError) return `${error.code} ${error.message}`;
    throw error;
  }
}

async function theirs(peer: PGlite, text: string): Promise<Answer> {
  try {
    const { rows } = await peer.query<unknown[]>(text, [], { rowMode: 'array' });
    return shown(rows);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
}

const SETUP = `
  create role alice; create role bob; create role carol; create role staff; grant staff to bob;
  create role free bypassrls;
  create table team (name text primary key, lead text);
  insert into team values ('red', 'alice'), ('blue', 'bob');
  create table doc (id int primary key, owner text not null, team text, level int, body text);
  insert into doc values (1, 'alice', 'red', 1, 'a1'), (2, 'bob', 'blue', 2, 'b2'), (3, 'carol', 'red', 3, 'c3'), (4, 'alice', 'blue', 0, 'a4');
  grant all on doc, team to alice, bob, carol, staff, free;
  grant create on schema public to alice;
  create view shown as select id, owner from doc;
  create view invoked with (security_invoker = true) as select id, owner from doc;
  grant all on shown, invoked to alice, bob, carol`;

/** Statements in order; both databases answer alike. */
const STORY = `
  set role alice
  select count(*) from doc
  reset role
  create policy own on doc using (owner = current_user)
  create policy own on doc using (true)
  set role alice
  select id from doc order by id
  create policy mine on doc
  alter table doc enable row level security
  reset role
  alter table doc enable row level security
  select count(*) from doc
  set role alice
  select id from doc order by id
  select count(*), max(body) from doc
  select d.id, e.id from doc d join doc e on d.owner = e.owner order by 1, 2
  insert into doc values (10, 'alice', 'red', 1, 'x')
  insert into doc values (11, 'bob', 'red', 1, 'x')
  insert into doc values (11, 'alice', 'red', 1, 'x') returning id, owner
  update doc set body = 'u' returning id
  update doc set owner = 'bob' where id = 10
  update doc set owner = 'bob'
  update doc set body = 'v' where id = 2 returning id
  delete from doc where id in (10, 2) returning id
  delete from doc where id = 11
  select id from shown order by id
  select id from invoked order by id
  update shown set owner = 'bob' where id = 3
  update invoked set owner = 'bob' where id = 3
  update invoked set owner = 'bob' where id = 1
  set row_security = off
  select id from doc
  reset row_security
  set role bob
  select id from doc order by id
  set role carol
  select id, body from doc order by id
  set role free
  select count(*) from doc
  reset role
  update doc set owner = 'carol' where id = 3
  create policy team_read on doc for select to staff using (team in (select name from team where lead = current_user))
  set role bob
  select id from doc order by id
  select id from doc where exists (select 1 from team t where t.name = doc.team) order by id
  select id from doc for update
  select id from doc where id = 4 for update
  update doc set body = 'w' where id = 4 returning id
  update doc set body = 'w' where id = 2 returning id
  set role carol
  select id from doc order by id
  reset role
  revoke staff from bob
  set role bob
  select id from doc order by id
  reset role
  grant staff to bob
  create policy low on doc as restrictive using (level < 3)
  set role carol
  select id from doc
  insert into doc values (20, 'carol', 'red', 5, 'x')
  insert into doc values (20, 'carol', 'red', 2, 'x')
  update doc set level = 9 where id = 20
  update doc set level = null where id = 20
  delete from doc where id = 20
  reset role
  drop policy low on doc
  drop policy low on doc
  drop policy if exists low on doc
  alter policy own on doc rename to mine
  alter policy mine on doc using (owner = current_user and level >= 0) with check (owner = current_user and level <= 5)
  set role alice
  insert into doc values (30, 'alice', 'red', 6, 'x')
  insert into doc values (30, 'alice', 'red', 5, 'x')
  insert into doc values (30, 'alice', 'red', 5, 'y') on conflict (id) do update set body = excluded.body returning id, body
  insert into doc values (2, 'alice', 'red', 5, 'y') on conflict (id) do update set body = excluded.body returning id, body
  insert into doc values (2, 'alice', 'red', 5, 'y') on conflict (id) do nothing
  insert into doc values (30, 'alice', 'red', 5, 'y') on conflict (id) do update set level = 9
  insert into doc values (30, 'alice', 'red', 5, 'y') on conflict (id) do update set level = 8 where doc.body = 'nothing'
  merge into doc using (values (30, 4)) v (i, l) on id = i when matched then update set level = l
  select id, level from doc order by id
  merge into doc using (values (30, 9)) v (i, l) on id = i when matched then update set level = l
  merge into doc using (values (31, 9)) v (i, l) on id = i when not matched then insert values (i, 'alice', 'red', l, 'm')
  merge into doc using (values (31, 3)) v (i, l) on id = i when not matched then insert values (i, 'alice', 'red', l, 'm')
  merge into doc using (values (31)) v (i) on id = i when matched then delete
  select id, level from doc order by id
  reset role
  create policy all_seen on doc for select using (true)
  set role alice
  select id from doc order by id
  update doc set body = 'z' where id = 2 returning id
  delete from doc where id = 2 returning id
  merge into doc using (values (2)) v (i) on id = i when matched then delete
  merge into doc using (values (2)) v (i) on id = i when matched then update set body = 'q'
  merge into doc using (values (2)) v (i) on id = i when matched and body = 'none' then delete
  insert into doc values (2, 'alice', 'red', 5, 'y') on conflict (id) do update set body = excluded.body
  reset role
  drop policy all_seen on doc
  drop policy mine on doc
  create policy ins on doc for insert with check (level = 1)
  create policy upd on doc for update using (level = 1) with check (level = 2)
  create policy sel on doc for select using (level > 1)
  create policy bad on doc for select with check (true)
  create policy bad on doc for insert using (true)
  create policy bad on doc using (1)
  create policy bad on doc using (count(*) > 1)
  create policy bad on doc using (nothing = 1)
  create policy bad on nowhere using (true)
  create policy bad on shown using (true)
  alter policy bad on doc to bob
  set role alice
  insert into doc values (40, 'a', 'red', 1, 'x')
  insert into doc values (41, 'a', 'red', 1, 'x') returning id
  insert into doc values (41, 'a', 'red', 1, 'x') returning 1
  update doc set level = 2
  update doc set level = 2 where level = 1
  update doc set level = 2 where id > 0
  delete from doc
  delete from doc where true returning id
  select id, level from doc order by id
  reset role
  select id, level from doc order by id
  drop policy ins on doc
  drop policy upd on doc
  drop policy sel on doc
  drop policy team_read on doc
  set role alice
  select id from doc
  insert into doc values (50, 'alice', 'red', 1, 'x')
  reset role
  alter table doc disable row level security
  set role alice
  select count(*) from doc
  reset role
  alter table doc owner to alice
  alter table doc enable row level security
  set role alice
  select count(*) from doc
  alter table doc force row level security
  select count(*) from doc
  create policy own on doc using (owner = current_user)
  select id from doc order by id
  set row_security = off
  select count(*) from doc
  reset row_security
  alter table doc no force row level security
  select count(*) from doc
  alter table doc rename column owner to keeper
  alter table doc rename to paper
  reset role
  create policy named on paper for select to carol using (paper.level > 0 and exists (select 1 from team where name = paper.team))
  alter table paper rename column level to height
  alter table team rename column name to title
  set role carol
  select id from paper order by id
  reset role
  alter table paper drop column height
  drop table team
  drop role carol
  alter table paper alter column team type varchar(20)
  drop policy named on paper
  create policy round on paper using (exists (select 1 from paper p where p.id > paper.id))
  set role bob
  select id from paper
  reset role
  drop table paper cascade`;

/** Rights on routines, and what the catalogs tell. */
const CATALOGS = `
  create function twice(x int) returns int language sql return x * 2
  set role bob
  select twice(2)
  reset role
  revoke execute on function twice(int) from public
  set role bob
  select twice(2)
  reset role
  grant execute on function twice(int) to staff
  set role bob
  select twice(2)
  reset role
  revoke staff from bob
  set role bob
  select twice(2)
  reset role
  create table kept (id int)
  grant select, insert on kept to bob
  grant select on kept to public
  grant update on kept to alice with grant option
  alter table kept enable row level security, force row level security
  select relrowsecurity, relforcerowsecurity from pg_class where relname = 'kept'
  create policy one on kept for update to bob using (true) with check (false)
  create policy two on kept as restrictive
  select polname, polcmd, polpermissive, cardinality(polroles) from pg_policy order by 1
  select policyname, permissive, roles::text, cmd from pg_policies where tablename = 'kept' order by 1
  select rolname, rolbypassrls, rolinherit from pg_roles where rolname in ('free', 'alice') order by 1
  grant staff to carol with admin option
  select admin_option from pg_auth_members where member = 'carol'::regrole
  select rowsecurity from pg_tables where tablename = 'kept'`;

test('policies say which rows are seen, changed and made, as in PostgreSQL', async () => {
  await using peer = await openPostgreSQL();
  using db = open(':memory:', { pool: 0 });
  await peer.exec(SETUP);
  db.exec(SETUP);
  const differ: unknown[] = [];
  for (const text of `${STORY.trim()}\n${CATALOGS.trim()}`.split(/\n\s*/)) {
    const [own, other] = [ours(db, text), await theirs(peer, text)];
    if (own !== other) differ.push({ text, ours: own, theirs: other });
  }
  deepStrictEqual(differ, []);
  const acl = "select relacl::text from pg_class where relname = 'kept'";
  deepStrictEqual(
    ours(db, acl)
      .slice(1, -1)
      .split(',')
      .slice(1)
      .map((item) => item.split('/')[0]),
    ['bob=ar', '=r', 'alice=w*'],
  );
});
