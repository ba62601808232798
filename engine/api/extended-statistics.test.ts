/** CREATE STATISTICS: what is gathered is what PostgreSQL gathers, estimates are right by it, and it goes with what it is about. */
import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgreSQL } from '../../test/peer/postgresql.ts';
import { type Database, open } from './api.ts';

// City, country and continent depend on each other; `other` on nothing; `note` is often NULL.
const ROWS = 4000;
const TABLE = `create table t (id int, city int, country int, note text, price numeric(8,2));
  insert into t select g, g % 100, g % 100 / 10, case when g % 3 = 0 then null else 'n' || g % 100 / 25 end, (g % 7) / 4.0
  from generate_series(1, ${ROWS}) g`;

const filled = (): Database => {
  const db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec(TABLE);
  return db;
};

const CREATED = [
  'create statistics a on city, country from t',
  'create statistics b (dependencies, ndistinct) on note, city, country from t',
  'create statistics c (mcv) on country, upper(note) from t',
  'create statistics d on (price * 2) from t',
  'create statistics if not exists d on (price * 3) from t',
];

const GATHERED = `select statistics_name::text as name, attnames::text, exprs is not null as has_expressions, kinds::text,
  n_distinct::text, dependencies::text, array_length(most_common_vals, 1) as common,
  (select sum(one::numeric(10,6)) from unnest(most_common_freqs) one)::text as covered,
  (select sum(one::numeric(10,6)) from unnest(most_common_base_freqs) one)::text as base
  from pg_stats_ext order by 1`;
const OF_EXPRESSIONS = `select statistics_name::text as name, null_frac::numeric(6,4)::text, n_distinct::text,
  most_common_freqs::numeric(6,4)[]::text as common from pg_stats_ext_exprs order by 1, n_distinct, 4`;
const DEFINED = `select pg_get_statisticsobjdef(s.oid) as text, stxkind::text, stxkeys::text, stxname::text,
  pg_statistics_obj_is_visible(s.oid) as seen from pg_statistic_ext s order by stxname`;

test('what is gathered and shown is what PostgreSQL gathers and shows', async () => {
  using db = filled();
  const peer = await openPostgreSQL();
  try {
    await peer.exec(TABLE);
    for (const sql of [...CREATED, 'analyze t']) {
      db.exec(sql);
      await peer.exec(sql);
    }
    for (const sql of [GATHERED, OF_EXPRESSIONS]) {
      const { rows } = await peer.query(sql);
      deepEqual(db.prepare(sql).all(), rows);
      ok(rows.length > 1);
    }
    const { rows } = await peer.query<{ text: string }>(DEFINED);
    // Types of constants, which PostgreSQL adds to the text.
    const plain = rows.map((row) => ({ ...row, text: row.text.replaceAll('::numeric', '') }));
    deepEqual(db.prepare(DEFINED).all(), plain);
  } finally {
    await peer.close();
  }
});

const rowsOf = (db: Database, sql: string): number => JSON.parse(db.explain(sql, { format: 'json' }))[0].Plan['Plan Rows'];

/** Conditions and groups with the rows that there are. */
const ESTIMATED: readonly (readonly [statistics: string, query: string])[] = [
  ['(dependencies) on city, country', 'select * from t where city = 57 and country = 5'],
  ['(dependencies) on city, country', 'select * from t where city in (57, 58) and country = 5'],
  ['(dependencies) on city, country, price', 'select * from t where city = 57 and country = 5 and price = 0.25'],
  ['(mcv) on city, country', 'select * from t where city = 57 and country = 5'],
  ['(mcv) on city, country', 'select * from t where city = 57 and country = 9'],
  ['(mcv) on city, country', 'select * from t where city < 20 and country > 0'],
  ['(mcv) on city, country', 'select * from t where city between 30 and 50 or country = 4'],
  ['(mcv) on country, note', 'select * from t where country = 3 and note is null'],
  ['(mcv) on city, (city % 5)', 'select * from t where city = 40 and city % 5 = 0'],
  ['(ndistinct) on city, country, note', 'select city, country, note from t group by city, country, note'],
  ['(ndistinct) on city, country, note', 'select country, note from t group by country, note'],
  ['(ndistinct) on country, (city % 5)', 'select country, city % 5 from t group by country, city % 5'],
  ['on (id % 3)', 'select * from t where id % 3 = 1'],
  ['on (id % 50)', 'select id % 50 from t group by id % 50'],
  ['on upper(note)', `select * from t where upper(note) in ('N1', 'N2')`],
  ['on coalesce(note, country::text)', `select * from t where coalesce(note, country::text) = 'n3'`],
];

test('estimates of conditions and groups that depend on each other are right, and were not before', () => {
  using db = filled();
  db.exec('analyze t');
  const before: boolean[] = [];
  for (const [statistics, query] of ESTIMATED) {
    const there = (db.prepare(query).all() as unknown[]).length;
    const isRight = (): boolean => {
      const rows = rowsOf(db, query);
      // Of what is nowhere, nearly nothing; the size of the table is an estimate, too.
      return there === 0 ? rows <= 2 : rows >= there / 1.7 && rows <= there * 1.7;
    };
    before.push(isRight());
    db.exec(`create statistics s ${statistics} from t; analyze t`);
    ok(isRight(), `${rowsOf(db, query)} rows are expected, there are ${there}: ${query}`);
    db.exec('drop statistics s');
    equal(isRight(), before.at(-1), query);
  }
  ok(before.filter((isRight) => !isRight).length > ESTIMATED.length / 3);
});

test('statistics of a partitioned table are gathered of its partitions, whose columns may lie in another order', () => {
  using db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec(`create table p (id int, city int, country int) partition by range (id);
    create table p1 partition of p for values from (0) to (2000);
    create table p2 (country int, gone int, city int, id int); alter table p2 drop column gone;
    alter table p attach partition p2 for values from (2000) to (10000);
    insert into p select g, g % 100, g % 100 / 10 from generate_series(1, 4000) g;
    create statistics s on city, country, (city % 5) from p; analyze p`);
  const none = 'select * from p where city = 57 and country = 9';
  ok(rowsOf(db, none) <= 4);
  ok(Math.abs(rowsOf(db, 'select * from p where city = 57 and country = 5') - 40) < 15);
  db.exec('drop statistics s');
  ok(rowsOf(db, none) > 20);
});

const names = (db: Database): string =>
  db
    .prepare('select string_agg(pg_get_statisticsobjdef(oid), $$; $$ order by oid) from pg_statistic_ext')
    .raw()
    .get()?.[0] as string;

test('statistics follow their table and columns by whatever name, and go with them', () => {
  using db = filled();
  db.exec(`create schema x; create statistics x.s on city, (country + 1) from t; create statistics u on id, price from t;
    comment on statistics u is 'uneven'; alter statistics u rename to "V"; alter statistics "V" set statistics 20;
    alter table t rename column country to land; alter table t rename to towns; analyze towns`);
  equal(names(db), 'CREATE STATISTICS x.s ON city, (land + 1) FROM towns; CREATE STATISTICS public."V" ON id, price FROM towns');
  const comment = `select obj_description(oid, 'pg_statistic_ext'), stxstattarget from pg_statistic_ext where stxname = 'V'`;
  deepEqual(db.prepare(comment).raw().get(), ['uneven', 20]);
  equal(rowsOf(db, 'select city, land + 1 from towns group by 1, 2'), 100);
  // Another type: what was gathered is forgotten, the expression means the same.
  db.exec('alter table towns alter land type bigint');
  equal(db.prepare('select count(*)::int from pg_stats_ext').raw().get()?.[0], 1);
  db.exec('alter table towns drop column price');
  equal(names(db), 'CREATE STATISTICS x.s ON city, (land + 1) FROM towns');
  db.exec('begin; drop statistics x.s; rollback; alter statistics x.s set schema public');
  throws(() => db.exec('drop statistics x.s'), { code: '42704', message: 'statistics object "x.s" does not exist' });
  db.exec('drop table towns; drop schema x');
  equal(names(db), null);
});

const REFUSED: readonly (readonly [sql: string, code: string])[] = [
  ['create statistics s on city from t', '42P17'],
  ['create statistics s on city, city from t', '42701'],
  ['create statistics s on (city + 1), (city + 1) from t', '42701'],
  ['create statistics s on city, nowhere from t', '42703'],
  ['create statistics s on city, ctid from t', '0A000'],
  ['create statistics s on city, (random()) from t', '0A000'],
  ['create statistics s (histogram) on city, country from t', '42601'],
  ['create statistics s (mcv) on (city + 1) from t', '42601'],
  ['create statistics s on city, country from t, t', '0A000'],
  ['create statistics s on city, country from nowhere', '42P01'],
  ['create statistics s on city, country from v', '42809'],
  ['create statistics there on city, country from t', '42710'],
  ['create statistics s on id, city, country, note, price, (1 + id), (2 + id), (3 + id), (4 + id) from t', '54011'],
  ['alter statistics nowhere rename to s', '42704'],
  ['alter statistics there set statistics -2', '22023'],
  ['alter statistics there rename to other', '42710'],
  ['drop statistics nowhere', '42704'],
  ['comment on statistics nowhere is null', '42704'],
];

test('what cannot be is refused as PostgreSQL refuses it; other roles change nothing', () => {
  using db = filled();
  db.exec(`create view v as select * from t; create statistics there on city, country from t; create statistics other on id, city from t;
    create role reader; grant select on t to reader`);
  for (const [sql, code] of REFUSED) throws(() => db.exec(sql), { code }, sql);
  db.exec('drop statistics if exists nowhere; alter statistics if exists nowhere set statistics 1; set role reader');
  for (const sql of [
    'create statistics public.s on city, id from t',
    'drop statistics there',
    'alter statistics there set statistics 1',
  ])
    throws(() => db.exec(sql), { code: '42501' }, sql);
  db.exec('reset role');
  throws(() => db.exec('alter statistics there owner to nobody'), { code: '42704' });
  db.exec('alter statistics there owner to reader');
  throws(() => db.exec('drop role reader'), { code: '2BP01', detail: /owner of statistics object there/ });
});
