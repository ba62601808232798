import { deepStrictEqual, strictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../engine/api/api.ts';
import { table, tableColumn, uniqueIndex } from '../../engine/plan/bind/catalog-fixture.ts';
import { pick, type Random, randomFrom } from '../../engine/sblr/source-fixture.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { OracleDatabase, openEngine, runEngine, runOurs, runTheirs, startPeer } from './postgresql.ts';

const SEED = Number(process.env.SEED ?? 1);

const TABLES = [
  table(
    30,
    'a',
    [
      tableColumn(1, 'id', sqlType('int4'), { notNull: true }),
      tableColumn(2, 'x', sqlType('int4')),
      tableColumn(3, 's', sqlType('text')),
    ],
    [uniqueIndex(31, 'a_pkey', [1], true)],
  ),
  table(40, 'b', [tableColumn(1, 'id', sqlType('int4')), tableColumn(2, 'y', sqlType('int4'))]),
];
const CREATE = 'create table a (id int primary key, x int, s text collate "C"); create table b (id int, y int)';
const ROWS = [
  "insert into a values (1, 10, 'p'), (2, 20, 'q'), (3, null, 'r'), (4, 40, null)",
  'insert into b values (1, 100), (2, 200), (2, 200), (5, 500), (null, 7)',
];

let peer: PGlite;
let database: OracleDatabase;
let engine: Database;
before(async () => {
  peer = await startPeer(CREATE, ...ROWS);
  engine = openEngine(CREATE, ...ROWS);
  database = new OracleDatabase();
  for (const one of TABLES) database.addTable(one);
  for (const text of ROWS) runOurs(text, database, TABLES);
});
after(() => {
  engine.close();
  return peer.close();
});

/** RETURNING gives its rows in no order that is said. */
function sorted(answer: string): string {
  if (!answer.startsWith('[')) return answer;
  const rows = (JSON.parse(answer) as unknown[]).map((row) => JSON.stringify(row));
  return rows.sort().join();
}

/** One after the other; after each the tables are compared. */
async function story(statements: readonly string[]): Promise<void> {
  const wrong: string[] = [];
  for (const text of statements) {
    for (const one of [
      text,
      'select id::text, x::text, s from a order by id',
      'select id::text, y::text from b order by id, y',
    ]) {
      const theirs = sorted(await runTheirs(one, peer));
      const [oracle, ours] = [sorted(runOurs(one, database, TABLES)), sorted(runEngine(one, engine))];
      if (oracle !== theirs || ours !== theirs)
        wrong.push(`${one} (after ${text})\n  oracle ${oracle}\n  engine ${ours}\n  theirs ${theirs}`);
    }
  }
  deepStrictEqual(wrong, []);
}

test('statements that change rows in WITH: all see what was there before', () =>
  story([
    'with d as (delete from b where id = 2 returning *) select id::text, y::text from d',
    'with i as (insert into b values (2, 200), (2, 200) returning y) select sum(y)::text from i',
    'with u as (update a set x = x + 1 returning id, x) select a.id::text, a.x::text, u.x::text from a join u using (id)',
    'with u as (update a set x = x - 1) select count(*)::text from a where x is null',
    'with d as (delete from b where y = 500 returning id), i as (insert into a select id, 5 from d returning id) select (select id from i)::text',
    'with d as (delete from a where id = 5 returning id) insert into b select id, 500 from d',
    'with d as (delete from a returning *) insert into b select id, x from d where false returning id::text',
    "insert into a values (1, 10, 'p'), (2, 20, 'q'), (3, null, 'r'), (4, 40, null)",
    'with m as (select max(id) as id from a), u as (update a set s = null from m where a.id = m.id returning a.id) delete from b using u where b.y > 400 returning u.id::text, b.id::text',
    'with i as (insert into a values (9, 9) on conflict (id) do update set x = 0 returning id, x), j as (select id + 1 as id from i) select j.id::text, (select count(*) from a)::text from j',
    'with i as (insert into a values (9, 9) on conflict (id) do update set x = excluded.x + a.x returning id, x) select id::text, x::text from i',
    'with x as (delete from a where id = 9 returning id), y as (insert into b select id, 1 from x returning id, y) update a set x = y.y from y where a.id = 1 returning a.id::text, a.x::text',
    'with d as (delete from b where id = 9) insert into b values (5, 500)',
    'with d as (delete from b) select * from d',
    'select * from (with d as (delete from b returning *) select * from d) s',
    'with c as (with d as (delete from b returning *) select * from d) select * from c',
    'with recursive d as (delete from b returning *) select count(*)::text from d where false',
    'with d (n) as (delete from b where y = 100 returning id) select n::text from d',
    'insert into b values (1, 100), (2, 200), (2, 200), (5, 500), (null, 7)',
    'with i as (insert into a values (1)) select 1',
    "with u as (update a set x = case id when 1 then 10 when 2 then 20 when 4 then 40 end, s = substr('pqr', id, 1) returning 1) select count(*)::text from u",
    'update a set s = null where id = 4',
  ]));

test('MERGE does what PostgreSQL does', () =>
  story([
    'merge into a using b on a.id = b.id when matched then update set x = y',
    'merge into a using (select id, max(y) as y from b group by id) s on a.id = s.id when matched then update set x = s.y, s = a.s || s.id when not matched and s.id is not null then insert (id, x) values (s.id, s.y)',
    'merge into a t using (values (1, 7), (2, 8), (20, 9)) v(id, x) on t.id = v.id when matched and t.id = 1 then delete when matched then update set x = v.x + t.x when not matched then insert values (v.id, v.x, default)',
    'merge into a using b on a.id = b.id when matched and false then delete when not matched then do nothing',
    "merge into a using (select 30 as id) v on a.id = v.id when not matched and v.id < 10 then insert values (v.id) when not matched then insert (s, id) values ('new', v.id)",
    'merge into a using (select 30 as id) v on a.id = v.id when not matched then insert values (v.id) when matched then do nothing',
    'merge into b using a on a.id = b.id when matched then delete when not matched then insert (id, y) values (a.id, a.x)',
    'merge into a using (values (40), (40)) v(id) on a.id = v.id when not matched then insert (id) values (v.id)',
    'merge into a using (values (30, 1), (30, 2)) v(id, x) on a.id = v.id when matched then update set x = v.x',
    'merge into a using (values (30, 1), (30, 2)) v(id, x) on a.id = v.id when matched and v.x = 1 then update set x = v.x',
    'merge into a using (values (30, 1), (30, 2)) v(id, x) on a.id = v.id when matched then delete',
    'merge into a using a o on a.id = o.id + 1 when matched then update set x = o.id when not matched then do nothing',
    'merge into a using (values (null::int)) v(id) on a.id = v.id when not matched then insert default values',
    'merge into a using (values (50)) v(id) on false when not matched then insert (id, x) values (v.id, (select count(*) from b))',
    'with c as (select 51 as id) merge into a using c on a.id = c.id when not matched then insert (id) values (c.id)',
    'merge into a using generate_series(60, 62) g on a.id = g when not matched and g <> 61 then insert (id, x) values (g, g * 2) when not matched then do nothing',
    'merge into a using b on true when matched then update set id = 1',
    'merge into a using (select 1 as id) v on a.id = v.id when not matched then insert (id) values (a.id)',
    'merge into a using (select 1 as id) v on a.id = v.id when matched then delete when matched then do nothing',
    'merge into a using (select 1 as id) v on a.id = v.id when not matched then insert (id, x) values (1)',
    'merge into a using (select 1 as id) v on a.id = v.id when not matched then insert (id) values (1, 2)',
    'merge into a using (select 1 as id) v on a.id = v.id when not matched then insert (id, id) values (1, 2)',
    'merge into a using (select 1 as id) v on a.id = v.id when matched then update set nothing = 1',
    'merge into a using a on true when matched then delete',
    'merge into a using nothing on true when matched then delete',
    'merge into nothing using a on true when matched then delete',
    'merge into a using b on a.id = b.id when matched and sum(b.y) > 1 then delete',
    'merge into a using b on a.id = b.id when matched then insert values (1)',
    'merge into a using b on a.id = b.id when not matched then delete',
    'merge into a using b on a.id = b.id',
    'delete from a where id > 4',
    "merge into a using (values (1, 10, 'p'), (2, 20, 'q'), (3, null, 'r'), (4, 40, null)) v(id, x, s) on a.id = v.id when matched then update set x = v.x, s = v.s when not matched then insert values (v.id, v.x, v.s)",
  ]));

test('UPDATE ... FROM and DELETE ... USING change what PostgreSQL changes', () =>
  story([
    'update a set x = y from b where a.id = b.id',
    'update a set x = a.x + b.y, s = s || b.id::text from b where a.id = b.id returning a.id::text, b.y::text, a.s',
    'update a t set x = c.total from (select id, sum(y)::int as total from b group by id) c where c.id = t.id',
    'update a set x = one.x from a one where one.id = a.id + 1 returning a.id::text, one.id::text, a.x::text',
    'update a set s = null from b left join a c on c.id = b.id where a.id = b.id and c.id is not null',
    'update a set x = x + 1 from b returning a.id::text',
    'update a set x = g from generate_series(1, 1) g where id = g',
    'update a set x = b.y from b where false',
    'update b set y = y + 1 from a where a.id = b.id and a.x > 0 returning *',
    'update a set id = a.id + 10 from b where b.id = a.id returning *',
    'update a set x = 1 from a',
    'update a set x = nothing from b',
    'update a set x = id from b',
    'delete from b using a where a.id = b.id and a.x is null',
    'delete from b using a where a.id = b.id returning a.s, b.y::text',
    'delete from b using a one, a two where one.id = two.id and one.id = b.id',
    'delete from a using b where b.id is null and a.id = 3 returning a.id::text',
    'delete from a using a where true',
    'with c as (select id from b where y = 500) update a set x = 5 from c where a.id = c.id - 1 returning a.id::text',
    'with c as (select id from b where y = 500) delete from a using c where a.id = c.id - 1 returning a.id::text',
  ]));

// ---- random changes ----

/** Relations with one row for each id, so that it is said which row goes with which. */
const SOURCES = [
  '(select id, max(y) as y from b group by id)',
  '(select distinct on (id) id, y from b order by id, y desc nulls last)',
  '(select g as id, g * 2 as y from generate_series(1, 12, 2) g)',
  '(select o.id, o.x as y from a o where o.id % 2 = 0)',
  '(select id, (row_number() over (order by id))::int as y from a)',
  '(select q.id, count(*)::int as y from b q left join a r on r.id = q.id group by q.id)',
];
const CONDITIONS = ['v.y > 10', 't.x is null', 't.x < v.y', "t.s is distinct from 'p'", 'v.id in (select id from b)', 'true'];
const VALUES = ['v.y', 't.x + 1', 'coalesce(t.x, 0) + v.y', '(select count(*)::int from b)', 'null', 'v.id'];

function randomChange(random: Random): string {
  const source = pick(random, SOURCES);
  const condition = (from = CONDITIONS): string => pick(random, from);
  const ofSource = ['v.y > 10', 'v.id in (select id from b)', 'v.id % 3 = 0'];
  switch (pick(random, ['update', 'delete', 'merge', 'merge', 'with', 'insert'])) {
    case 'update':
      return `update a t set x = ${pick(random, VALUES)} from ${source} v where v.id = t.id and ${condition()} returning t.id, t.x, v.y`;
    case 'delete':
      return `delete from a t using ${source} v where v.id = t.id and v.id > 6 and ${condition()} returning t.id, v.y`;
    case 'insert':
      return `insert into b select id, y from ${source} v where ${condition(ofSource)} and (select count(*) from b) < 30`;
    case 'with': {
      const inner = `with d as (delete from b where y % 5 = ${Math.floor(random() * 5)} returning id, y)`;
      return random() < 0.5
        ? `${inner} insert into b select id, coalesce(y, 0) + 1 from d`
        : `${inner} select count(*), sum(y), (select count(*) from b), (select max(id) from d) from d`;
    }
    default: {
      const matched = `when matched and ${condition()} then ${random() < 0.3 ? 'delete' : `update set x = ${pick(random, VALUES)}, s = left(t.s || 'm', 5)`}`;
      const rest = random() < 0.5 ? ` when matched then ${random() < 0.5 ? 'do nothing' : "update set s = 'z'"}` : '';
      const insert = ` when not matched and v.id is not null and ${condition(ofSource)} then insert (id, x) values (v.id, v.y)`;
      return `merge into a t using ${source} v on t.id = v.id ${matched}${rest}${random() < 0.7 ? insert : ''}`;
    }
  }
}

test('random changes beside other relations leave what PostgreSQL leaves', async () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 150; round++) {
    const text = randomChange(random);
    for (const one of [text, 'select * from a', 'select * from b']) {
      const theirs = sorted(await runTheirs(one, peer));
      strictEqual(
        sorted(runOurs(one, database, TABLES)),
        theirs,
        `seed ${SEED}, round ${round}, the oracle: ${one} after ${text}`,
      );
      strictEqual(sorted(runEngine(one, engine)), theirs, `seed ${SEED}, round ${round}: ${one} after ${text}`);
    }
  }
});
