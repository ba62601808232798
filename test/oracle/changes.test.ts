import { deepStrictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { table, tableColumn, uniqueIndex } from '../../engine/plan/bind/catalog-fixture.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { OracleDatabase, runOurs, runTheirs, startPeer } from './postgresql.ts';

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
before(async () => {
  peer = await startPeer(CREATE, ...ROWS);
  database = new OracleDatabase();
  for (const one of TABLES) database.addTable(one);
  for (const text of ROWS) runOurs(text, database, TABLES);
});
after(() => peer.close());

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
      const [ours, theirs] = [sorted(runOurs(one, database, TABLES)), sorted(await runTheirs(one, peer))];
      if (ours !== theirs) wrong.push(`${one} (after ${text})\n  ours   ${ours}\n  theirs ${theirs}`);
    }
  }
  deepStrictEqual(wrong, []);
}

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
