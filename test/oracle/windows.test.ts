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
/** Every row three times. */
const again = (by: number): string => ROWS_T.replaceAll(/\((\d), /g, (_, id) => `(${Number(id) + by}, `);

let peer: PGlite;
let database: OracleDatabase;
let engine: Database;
before(async () => {
  peer = await startPeer(CREATE_IN_C, ROWS_T, again(4), again(8));
  engine = openEngine(CREATE_IN_C, ROWS_T, again(4), again(8));
  database = new OracleDatabase();
  database.addTable(TABLE_T);
  for (const text of [ROWS_T, again(4), again(8)]) runOurs(text, database, TABLES);
});
after(() => {
  engine.close();
  return peer.close();
});

// ---- random windows ----

const ORDERS = ['id', 'a, id', 'id desc', 'b desc nulls last, id', 'a', 'k', 'b nulls first'];
const ENDS = [
  'unbounded preceding',
  '2 preceding',
  '1 preceding',
  'current row',
  '1 following',
  '3 following',
  'unbounded following',
];
const RANGES: readonly (readonly [order: string, offset: readonly string[]])[] = [
  ['a', ['1', '0', '3']],
  ['b desc', ['1', '100']],
  ['n nulls first', ['1.5', '0.25']],
  ['f desc nulls last', ['1', '0.5']],
  ['d', ["'1 day'", "'1 month'"]],
  ['ts desc', ["'1 hour'", "'1 year'"]],
  ['tz', ["'1 day'"]],
  ['iv', ["'1 day'"]],
];
const EXCLUDES = ['', '', '', ' exclude current row', ' exclude group', ' exclude ties', ' exclude no others'];
const PLACES = [
  'row_number()',
  'rank()',
  'dense_rank()',
  'percent_rank()',
  'cume_dist()',
  'ntile(4)',
  'ntile(a)',
  'lag(s)',
  'lead(b)',
  'lag(a, 2)',
  'lead(a, id, -1)',
  'lag(n, 1, 0)',
  "lead(s, 2, 'none')",
];
const FRAMED = [
  'count(*)',
  'count(a)',
  'sum(a)',
  'sum(b)',
  'avg(a)',
  'sum(n)',
  'avg(n)',
  'min(s)',
  'max(a)',
  'max(n)',
  'sum(f)',
  'bool_and(k)',
  'bool_or(k)',
  "string_agg(v, ',')",
  'first_value(id)',
  'last_value(s)',
  'nth_value(id, 2)',
  'count(*) filter (where k)',
  'sum(a) filter (where id > 3)',
  'stddev(a)',
  'var_pop(n)',
];

function randomFrame(random: Random, offsets: readonly string[] | null): string {
  const unit = offsets === null ? pick(random, ['rows', 'groups']) : 'range';
  const end = (): string => {
    const text = pick(random, ENDS);
    return offsets === null ? text : text.replace(/^\d/, () => pick(random, offsets));
  };
  const exclude = pick(random, EXCLUDES);
  return random() < 0.2 ? `${unit} ${end()}${exclude}` : `${unit} between ${end()} and ${end()}${exclude}`;
}

function randomWindow(random: Random): string {
  const partition = pick(random, ['', '', 'partition by k', 'partition by s, k']);
  const [order, offsets] = random() < 0.4 ? pick(random, RANGES) : [pick(random, ORDERS), null];
  const frame = random() < 0.25 ? '' : ` ${randomFrame(random, offsets)}`;
  return `${partition} order by ${order}${frame}`;
}

test('random windows give what PostgreSQL gives', async () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 500; round++) {
    const window = randomWindow(random);
    // Among peers the order is not said: such functions see their rows in an order that is.
    const isTotal = /order by (id|a, id|b desc nulls last, id)/.test(window);
    const list = [
      ...FRAMED.filter((call) => isTotal || !/string_agg|_value|sum\(f\)/.test(call)),
      ...PLACES.slice(isTotal ? 0 : 1),
    ];
    const call = pick(random, isTotal ? list : list.filter((one) => !/^(lag|lead|ntile|row)/.test(one)));
    if (!isTotal && window.includes(' rows ')) continue;
    const text = `select id::text, (${call} over (${window}))::text from t order by id`;
    const theirs = await runTheirs(text, peer);
    strictEqual(runOurs(text, database), theirs, `seed ${SEED}, round ${round}: ${text}`);
    strictEqual(runEngine(text, engine), theirs, `seed ${SEED}, round ${round}, the engine: ${text}`);
  }
});

// ---- named cases ----

const CASES: readonly string[] = [
  'select id::text, (rank() over w)::text, (sum(a) over w)::text from t window w as (partition by k order by id) order by id',
  'select id::text, (sum(a) over (w rows 1 preceding))::text from t window w as (partition by k order by id) order by id',
  'select id::text, (sum(a) over w2)::text from t window w as (partition by k), w2 as (w order by id desc) order by id',
  'select (sum(sum(a)) over (order by k))::text, k::text from t group by k order by k',
  'select (rank() over (order by count(*) desc, k))::text from t group by k order by 1',
  'select distinct (count(*) over (partition by k))::text as x from t order by x',
  'select id::text from t order by row_number() over (order by id desc), id',
  'select distinct on (rank() over (order by k)) id::text from t order by rank() over (order by k), id',
  'select (row_number() over ())::text from t where id = 1',
  'select (count(*) over ())::text from t limit 2',
  'select (sum(a) over (order by id rows between 1 following and 1 preceding))::text from t',
  'select (lag(a, -1) over (order by id))::text from t order by id',
  'select (lag(a, null) over (order by id))::text from t order by id',
  'select (ntile(null) over (order by id))::text from t order by id',
  'select (nth_value(a, null) over (order by id))::text from t order by id',
  'select (first_value(a) over (partition by id > 3 order by id rows between 1 preceding and 1 preceding))::text from t order by id',
  "select (sum(1) over (order by '1'::time + iv range between '1 hour' preceding and current row))::text from t order by 1",
  'select (count(*) over (order by f range between 1 preceding and 1 following))::text, f::text from t order by f, 1',
  // Refused.
  'select id from t where row_number() over () = 1',
  'select count(*) from t having row_number() over () = 1',
  'select count(*) from t group by row_number() over ()',
  'select sum(row_number() over ()) from t',
  'select row_number() over (order by row_number() over ()) from t',
  'select lag(row_number() over ()) over () from t',
  'select row_number() from t',
  'select abs(a) over () from t',
  'select nothing(a) over () from t',
  'select sum(distinct a) over () from t',
  'select string_agg(s, s order by s) over () from t',
  'select rank() filter (where true) over () from t',
  'select sum(a) over w from t',
  'select sum(a) over (w partition by k) from t window w as (order by id)',
  'select sum(a) over (w order by k) from t window w as (order by id)',
  'select sum(a) over (w) from t window w as (order by id rows 1 preceding)',
  'select 1 from t window w as (order by id), w as (order by a)',
  'select 1 from t window w as (order by nothing)',
  'select sum(a) over (order by id rows between current row and 1 preceding) from t',
  'select sum(a) over (order by id rows between unbounded following and current row) from t',
  'select sum(a) over (rows between 1 following and unbounded preceding) from t',
  'select sum(a) over (rows 1 following) from t',
  'select sum(a) over (order by id rows a preceding) from t',
  'select sum(a) over (order by id rows 1.5 preceding) from t',
  'select sum(a) over (order by id rows -1 preceding) from t',
  'select sum(a) over (order by id rows null preceding) from t',
  'select sum(a) over (order by id range -1 preceding) from t',
  'select sum(a) over (order by id range null preceding) from t',
  'select sum(a) over (order by id, a range 1 preceding) from t',
  'select sum(a) over (range 1 preceding) from t',
  'select sum(a) over (groups 1 preceding) from t',
  'select sum(a) over (order by s range 1 preceding) from t',
  'select sum(a) over (order by a range 1.5 preceding) from t',
  'select sum(a) over (order by ts range 1 preceding) from t',
  'select ntile(0) over () from t',
  'select nth_value(a, 0) over () from t',
  'select lag(a, 1, s) over () from t',
  'select lag() over () from t',
  'select count() over () from t',
  'select (sum(a) over (partition by j))::text from t order by 1',
];

test('windows by name, by definition, and those that are refused', async () => {
  const wrong: string[] = [];
  for (const text of CASES) {
    const theirs = await runTheirs(text, peer);
    const [oracle, ours] = [runOurs(text, database), runEngine(text, engine)];
    if (oracle !== theirs || ours !== theirs) wrong.push(`${text}\n  oracle ${oracle}\n  engine ${ours}\n  theirs ${theirs}`);
  }
  deepStrictEqual(wrong, []);
});
