import { deepStrictEqual, strictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../engine/api/api.ts';
import { CREATE_T, TABLE_T } from '../../engine/plan/bind/catalog-fixture.ts';
import { pick, type Random, randomFrom } from '../../engine/sblr/source-fixture.ts';
import { OracleDatabase, openEngine, runEngine, runOurs, runTheirs, startPeer } from './postgresql.ts';
import { ROWS_T, TABLES } from './tables.ts';

const SEED = Number(process.env.SEED ?? 1);
const CREATE_IN_C = CREATE_T.replace('s text', 's text collate "C"').replace('v varchar(10)', 'v varchar(10) collate "C"');
const again = (by: number): string => ROWS_T.replaceAll(/\((\d), /g, (_, id) => `(${Number(id) + by}, `);

let peer: PGlite;
let database: OracleDatabase;
let engine: Database;
before(async () => {
  peer = await startPeer(CREATE_IN_C, ROWS_T, again(4));
  engine = openEngine(CREATE_IN_C, ROWS_T, again(4));
  database = new OracleDatabase();
  database.addTable(TABLE_T);
  for (const text of [ROWS_T, again(4)]) runOurs(text, database, TABLES);
});
after(() => {
  engine.close();
  return peer.close();
});

const KEYS = ['k', 's', 'a', 'id % 3', 'v', 'coalesce(a, 0)'];

/** Elements of GROUP BY, and the keys that stand in them. */
function randomElement(random: Random, keys: readonly string[], depth = 0): string {
  const some = (): string => Array.from({ length: 1 + Math.floor(random() * 2) }, () => pick(random, keys)).join(', ');
  const set = (): string => pick(random, ['()', `(${some()})`, pick(random, keys)]);
  switch (pick(random, ['key', 'rollup', 'cube', 'sets', 'set'])) {
    case 'key':
      return pick(random, keys);
    case 'rollup':
      return `rollup (${[some(), random() < 0.4 ? `(${some()})` : some()].join(', ')})`;
    case 'cube':
      return `cube (${some()})`;
    case 'set':
      return `(${some()})`;
    default: {
      const inner = (): string => (depth < 1 && random() < 0.3 ? randomElement(random, keys, depth + 1) : set());
      return `grouping sets (${inner()}, ${inner()}${random() < 0.5 ? `, ${inner()}` : ''})`;
    }
  }
}

test('random grouping sets give what PostgreSQL gives', async () => {
  const random = randomFrom(SEED);
  let answered = 0;
  for (let round = 0; round < 300; round++) {
    const keys = Array.from({ length: 3 }, () => pick(random, KEYS));
    const group = Array.from({ length: 1 + Math.floor(random() * 2) }, () => randomElement(random, keys)).join(', ');
    const used = keys.filter((key) => group.includes(key));
    const [first = '1'] = used;
    const items = [...used, 'count(*)', 'sum(a)', `(${first}) is null`, `grouping(${used.length > 0 ? used.join(', ') : 'a'})`];
    const more = pick(random, ['', ' having count(*) > 1', ` having grouping(${first}) = 0`, ` having (${first}) is not null`]);
    const where = pick(random, ['', ' where a > 100', ' where id < 5']);
    const texts = items.map((item) => `(${item})::text`);
    const text = `select ${texts.join(', ')} from t${where} group by ${group}${more} order by ${texts.map((_, at) => at + 1).join(', ')}`;
    const theirs = await runTheirs(text, peer);
    strictEqual(runOurs(text, database), theirs, `seed ${SEED}, round ${round}: ${text}`);
    strictEqual(runEngine(text, engine), theirs, `seed ${SEED}, round ${round}, the engine: ${text}`);
    if (theirs.startsWith('[')) answered++;
  }
  strictEqual(answered > 200, true, `${answered} of 300 gave rows`);
});

const CASES: readonly string[] = [
  'select a::text, k::text, count(*)::text from t group by rollup (a, k) order by a, k, 3',
  "select coalesce(s, 'NULL'), grouping(s)::text, count(*)::text from t group by rollup (s) order by 1, 2, 3",
  'select count(*)::text from t where false group by grouping sets ((), (), (a))',
  'select count(*)::text from t where false group by rollup (a)',
  'select count(*)::text from t group by ()',
  'select a::text, k::text, count(*)::text from t group by distinct rollup (a, k), rollup (a) order by 1, 2, 3',
  'select count(*)::text from t group by distinct grouping sets ((), (), (a, a), (a)) order by 1',
  'select a::text from t group by distinct a, k order by 1',
  'select a::text from t group by all a order by 1',
  'select grouping(a, k)::text, (a + 1)::text from t group by cube (a, k) order by 1, 2',
  'select a::text, s from t group by rollup (id, a), s order by 1, 2',
  'select id::text, s from t group by rollup (id) order by 1, 2',
  'select id::text, s from t group by id, rollup (a) order by 1, 2',
  'select (a + 1)::text, count(*)::text from t group by grouping sets ((a + 1), ()) order by 1, 2',
  'select (coalesce(a, 0) + 1)::text from t group by rollup (coalesce(a, 0)) order by 1',
  'select k::text, (sum(count(*)) over (partition by grouping(k)))::text from t group by rollup (k) order by 1, 2',
  "select 'x'::text, count(*)::text from t group by rollup (1) order by 1",
  'select (case when grouping(k) = 1 then count(distinct a) else 0 end)::text from t group by rollup (k) order by 1',
  'select a from t where grouping(a) = 1 group by a',
  'select grouping(a) from t',
  'select grouping(b) from t group by a',
  'select sum(grouping(a)) from t group by a',
  'select id from t group by cube (a, a, a, a, a, a, a, a, a, a, a, a, a)',
  'select id from t group by cube (a, a, a, a, a, a, a), cube (a, a, a, a, a, a)',
  'select b from t group by rollup (a)',
  'select count(*) from t group by rollup (count(*))',
];

test('grouping sets by name: NULL groups, empty input, dependent columns, refusals', async () => {
  const wrong: string[] = [];
  for (const text of CASES) {
    const theirs = await runTheirs(text, peer);
    const [oracle, ours] = [runOurs(text, database), runEngine(text, engine)];
    if (oracle !== theirs || ours !== theirs) wrong.push(`${text}\n  oracle ${oracle}\n  engine ${ours}\n  theirs ${theirs}`);
  }
  deepStrictEqual(wrong, []);
});
