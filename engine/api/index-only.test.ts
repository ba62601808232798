/** Index-only reads: what an index holds is read from it, and from rows where their pages do not say that all is visible (SM-P2). */
import { deepStrictEqual, match, ok, strictEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open } from './api.ts';
import type { KernelOptions } from './kernel-options.ts';

const OPTIONS: KernelOptions = { pool: 0 };

const lines = (db: Database, query: string): string =>
  db
    .prepare(`explain analyze ${query}`)
    .all()
    .map((row) => String(Object.values(row as object)[0]))
    .join('\n');
const fetches = (db: Database, query: string): number => {
  const text = lines(db, query);
  match(text, /IndexOnly/);
  return Number(/Heap Fetches: (\d+)/.exec(text)?.[1]);
};
const values = (db: Database, query: string): unknown[] =>
  db
    .prepare(query)
    .all()
    .flatMap((row) => Object.values(row as object));

const RANGE = 'select a from t where a between 100 and 109 order by a';
const TENS = [100, 101, 102, 103, 104, 105, 106, 107, 108, 109];

const seenBy = async (session: ReturnType<Database['session']>): Promise<unknown[]> =>
  (await session.run(RANGE)).rows.map((row) => (row as { a: number }).a);

function filled(db: Database, rows = 5000): void {
  db.exec('create table t (id int primary key, a int, b text)');
  db.exec(`insert into t select g, g, 'row ' || g from generate_series(1, ${rows}) g`);
  db.exec('create index t_a on t (a)');
  db.exec('vacuum analyze t');
}

test('entries count without their rows; where a page has changed, its rows are read', () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  deepStrictEqual(values(db, RANGE), TENS);
  strictEqual(fetches(db, RANGE), 0);
  strictEqual(fetches(db, 'select count(*) from t where id <= 300'), 0);
  // Another column: the page has changed, the key has not.
  db.exec("update t set b = 'changed' where a = 105");
  ok(fetches(db, RANGE) > 0);
  deepStrictEqual(values(db, RANGE), TENS);
  db.exec('vacuum t');
  strictEqual(fetches(db, RANGE), 0);
});

test('the values of a list are read from entries, each once, and from rows where their pages have changed', () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  const list = 'select a from t where a in (7, 105, null, 3, 105, 90000) order by a desc';
  deepStrictEqual(values(db, list), [105, 7, 3]);
  strictEqual(fetches(db, list), 0);
  strictEqual(fetches(db, "select count(*) from t where a = any ('{7, 9, 11}')"), 0);
  db.exec('update t set a = 90000 where a = 7');
  deepStrictEqual(values(db, list), [90000, 105, 3]);
  ok(fetches(db, list) > 0);
  db.exec('vacuum t');
  deepStrictEqual(values(db, list), [90000, 105, 3]);
  strictEqual(fetches(db, list), 0);
});

test('min and max are the first entries of an index, NULLs and conditions or not', () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  db.exec('create table n (k int, v int, t text)');
  db.exec("insert into n select case when g % 10 < 8 then null else g end, g % 7, 'text ' || g from generate_series(1, 3000) g");
  db.exec('create index n_k on n (k); create index n_t on n (t desc); create index n_vk on n (v, k)');
  db.exec('vacuum analyze n');
  const cases: readonly (readonly [string, readonly unknown[]])[] = [
    ['select min(a) from t', [1]],
    ['select max(a) from t where a < 400', [399]],
    ['select min(a), max(a), max(id) as i from t where a > 20', [21, 5000, 5000]],
    ['select min(k), max(k) from n', [8, 2999]],
    ['select max(t) from n', ['text 999']],
    ['select min(t) from n where t > $$text 3$$', ['text 30']],
    ['select max(k) from n where v = 3', [2999]],
    ['select min(k) from n where k > 5000', [null]],
    ['select max(k), min(v) from n where v > 100', [null, null]],
    ['select x, (select max(a) from t where a < x) from (values (10), (1), (9000)) s(x)', [10, 9, 1, null, 9000, 5000]],
  ];
  const plain = (query: string): unknown[] => values(db, query.replace(/(min|max)\(([a-z]+)\)/g, '$1(coalesce($2, $2))'));
  for (const [query, expected] of cases) {
    deepStrictEqual(values(db, query), plain(query), query);
    deepStrictEqual(values(db, query), expected, query);
  }
  for (const query of [
    'select min(a) from t',
    'select max(k) from n',
    'select max(t) from n',
    'select max(k) from n where v = 3',
  ])
    strictEqual(fetches(db, query), 0, query);
  match(lines(db, 'select min(k), max(k) from n'), /InitPlan 1[\s\S]*n_k[\s\S]*InitPlan 2[\s\S]*backward/);
  db.exec('delete from n where k in (8, 2999)');
  deepStrictEqual(values(db, 'select min(k), max(k) from n'), [9, 2998]);
  db.exec('begin; insert into n values (1, 1, null), (7000, 1, null)');
  deepStrictEqual(values(db, 'select min(k), max(k) from n'), [1, 7000]);
  db.exec('rollback');
  deepStrictEqual(values(db, 'select min(k), max(k) from n'), [9, 2998]);
});

test('a key that changes is found where it is now, before and behind VACUUM, and is read by itself once its old entry is gone', () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  db.exec('update t set a = 1000000 + a where a in (103, 107)');
  const left = TENS.filter((a) => a !== 103 && a !== 107);
  deepStrictEqual(values(db, RANGE), left);
  db.exec('vacuum t');
  deepStrictEqual(values(db, RANGE), left);
  deepStrictEqual(values(db, 'select a from t where a > 1000000 order by a desc'), [1000107, 1000103]);
  strictEqual(fetches(db, RANGE), 0);
  // Twice before anything is collected, and back.
  db.exec('update t set a = a - 1000000 where a > 1000000');
  db.exec('update t set a = a + 2000000 where a = 103');
  db.exec('update t set a = a - 2000000 where a > 2000000');
  deepStrictEqual(values(db, RANGE), TENS);
  db.exec('vacuum t');
  deepStrictEqual(values(db, RANGE), TENS);
  strictEqual(fetches(db, RANGE), 0);
  deepStrictEqual(values(db, 'select count(*)::int from t where a > 1000000'), [0]);
});

test('what was deleted, undone or is not committed does not count, nor what a snapshot does not see', async () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  await using other = db.session();
  await other.run('begin isolation level repeatable read');
  deepStrictEqual(await seenBy(other), TENS);
  db.exec('delete from t where a = 101');
  db.exec("insert into t values (9001, 102, 'a second one')");
  db.exec('begin');
  db.exec('update t set a = 5 where a = 104');
  db.exec('savepoint s');
  db.exec('delete from t where a between 100 and 109');
  deepStrictEqual(values(db, RANGE), []);
  db.exec('rollback to s');
  deepStrictEqual(values(db, RANGE), [100, 102, 102, 103, 105, 106, 107, 108, 109]);
  db.exec('rollback');
  const now = [100, 102, 102, 103, 104, 105, 106, 107, 108, 109];
  deepStrictEqual(values(db, RANGE), now);
  deepStrictEqual(await seenBy(other), TENS);
  db.exec('vacuum t');
  deepStrictEqual(values(db, RANGE), now);
  deepStrictEqual(await seenBy(other), TENS);
  await other.run('commit');
  db.exec('vacuum t');
  deepStrictEqual(values(db, RANGE), now);
  strictEqual(fetches(db, RANGE), 0);
});

test('an index that is made while an old snapshot is open has entries of old keys, and never answers alone', async () => {
  using db = open(':memory:', OPTIONS);
  filled(db);
  db.exec('drop index t_a');
  await using other = db.session();
  await other.run('begin isolation level repeatable read');
  await other.run('select 1 from t limit 1');
  db.exec('update t set a = a + 500000 where a between 104 and 109');
  db.exec('create index t_a on t (a)');
  db.exec('vacuum analyze t');
  await other.run('commit');
  db.exec('vacuum t');
  deepStrictEqual(values(db, RANGE), [100, 101, 102, 103]);
  ok(fetches(db, RANGE) > 0);
  db.exec('reindex index t_a');
  deepStrictEqual(values(db, RANGE), [100, 101, 102, 103]);
  db.exec('vacuum t');
  strictEqual(fetches(db, RANGE), 0);
});

test('keys of several columns, descending, NULLs, types that a key says exactly', () => {
  using db = open(':memory:', OPTIONS);
  db.exec(
    `create table k (id int primary key, i8 bigint, n numeric(9,2), d date, z timestamptz, u uuid, v text, w bool, y bytea, s smallint, pad text)`,
  );
  db.exec(`insert into k select g, case when g % 7 = 0 then null else g::bigint * 10000000000 - 5 end, (g - 900) / 4.0, date '2020-01-01' + g,
    timestamptz '2020-01-01 00:00:00+00' + g * interval '1 hour', ('00000000-0000-4000-8000-' || lpad(g::text, 12, '0'))::uuid,
    case when g % 5 = 0 then null else 'täxt ' || (g % 11) end, g % 3 = 0, decode(lpad(to_hex(g), 8, '0'), 'hex'), g % 100, repeat('x', 100)
    from generate_series(1, 1800) g`);
  db.exec('create index k_1 on k (v desc, i8, n desc, id)');
  db.exec('create index k_2 on k (d, z desc, u, w desc)');
  db.exec('create index k_3 on k (y, s desc)');
  db.exec('create index k_4 on k (i8 desc)');
  db.exec('create index k_5 on k (n)');
  db.exec('vacuum analyze k');
  const cases = [
    ["select v, i8, n, id from k where v = 'täxt 3'", 'v, i8, n, id'],
    ['select v, i8, n, id from k where v is null and id > 0', 'v, i8, n, id'],
    ["select d, z, u, w from k where d between date '2021-01-01' and date '2021-03-01'", 'd, z, u, w'],
    ["select y, s from k where y < '\\x00000100'::bytea", 'y, s'],
    ['select i8 from k where i8 < 2000000000000', 'i8'],
    ['select n from k where n between -10 and 30.5', 'n'],
  ];
  for (const [query, columns] of cases) {
    const plain = query.replace(/ where (\w+) /, ' where coalesce($1, $1) ');
    const order = ` order by ${columns
      .split(', ')
      .map((_, at) => at + 1)
      .join(', ')}`;
    const found = db.prepare(query + order).all();
    ok(found.length > 0, query);
    deepStrictEqual(found, db.prepare(plain + order).all(), query);
    if (!query.includes('is null')) strictEqual(fetches(db, query), 0, query);
  }
});

test('floats, char(n) and numerics without scale are read from rows: a key does not say them exactly', () => {
  using db = open(':memory:', OPTIONS);
  db.exec('create table f (x float8, c char(5), n numeric)');
  db.exec(
    "insert into f select case when g = 1 then -0.0::float8 else g end, 'c' || g, (g || '.50')::numeric from generate_series(1, 2000) g",
  );
  for (const column of ['x', 'c', 'n']) db.exec(`create index f_${column} on f (${column})`);
  db.exec('vacuum analyze f');
  strictEqual(Object.is(values(db, 'select x from f where x < 1')[0], -0), true);
  deepStrictEqual(values(db, "select c from f where c = 'c7'"), ['c7   ']);
  deepStrictEqual(values(db, 'select n::text from f where n = 7.5'), ['7.50']);
});

test('what is known of rows stands in their pages: it is there behind a restart and behind a crash', () => {
  const directory = mkdtempSync(join(tmpdir(), 'index-only-'));
  try {
    const db = open(join(directory, 'database'), OPTIONS);
    filled(db);
    db.exec('update t set a = a + 1000000 where a in (101, 102)');
    db.exec('update t set a = a - 999995 where a = 1000102');
    db.close();
    using again = open(join(directory, 'database'), OPTIONS);
    const now = [100, 103, 104, 105, 106, 107, 107, 108, 109];
    deepStrictEqual(values(again, RANGE), now);
    again.exec('vacuum t');
    strictEqual(fetches(again, RANGE), 0);
    deepStrictEqual(values(again, RANGE), now);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
