/** Sums of computed numerics are exact at any size, and have PostgreSQL's digits behind the point, whatever way they are added. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgreSQL } from '../peer/postgresql.ts';
import { open } from '../../engine/api/api.ts';

const CREATE = 'create table t (g int, a numeric(15,2), b numeric(15,2), c numeric(10,4))';

/** Small values, and a few whose products no double holds. */
const ROWS: readonly (readonly (string | number | null)[])[] = [
  ...Array.from({ length: 3000 }, (_, i) => [
    i % 3,
    i % 7 === 0 ? null : String(((i * 7919) % 100_000) / 100),
    String((i % 11) / 100),
    String(i / 10_000),
  ]),
  [1, '9999999999999.99', '9999999999999.99', '999999.9999'],
  [0, '-9999999999999.99', '9999999999999.99', '1'],
  [4, null, null, null],
];

const QUERIES = [
  'select sum(a * (1 - b)), avg(a * (1 - b)), sum(a * (1 - b) * (1 + b)) from t',
  'select g, sum(a * (1 - b)), avg(a * b * c), count(a * b) from t group by g order by g',
  'select sum(case when g = 1 then a * b else 0 end), avg(case when g = 1 then a * b else 0 end) from t',
  'select sum(case when g = 9 then a else 0 end), sum(case g when 0 then a when 1 then c end), sum(case when g = 9 then a end) from t',
  'select g, sum(case when b > 0.05 then a * b when b > 0.02 then c end), avg(case when a is null then 1 else a end) from t group by g order by g',
  'select sum(a * b) filter (where g = 1), sum(a + c), sum(c - a * b) from t',
  'select sum(case when g = 1 then a * b else 0 end) / sum(a * b) from t where b > 0.05',
  'select sum(x) from (select a * b - c * a as x from t) s',
  'select x.g, sum(x.a * y.b), sum(case when x.a > 500 then x.a * y.c else 0 end) from t x join t y on x.c = y.c group by x.g order by x.g',
];

test('sums of computed numerics are those of PostgreSQL, digits and all', async () => {
  const peer = await openPostgreSQL();
  const ours = open(':memory:');
  try {
    await peer.exec(CREATE);
    ours.exec(CREATE);
    const insert = ours.prepare('insert into t values ($1, $2, $3, $4)');
    for (const row of ROWS) insert.run(...row);
    const texts = ROWS.map((row) => `(${row.map((value) => value ?? 'null').join(', ')})`);
    await peer.exec(`insert into t values ${texts.join(', ')}`);
    for (const sql of QUERIES) {
      const { rows } = await peer.query(sql, [], { rowMode: 'array' });
      const text = (all: unknown[][]): unknown => all.map((row) => row.map((value) => (value === null ? null : String(value))));
      assert.deepEqual(text(ours.prepare(sql).raw().all() as unknown[][]), text(rows as unknown[][]), sql);
    }
  } finally {
    ours.close();
    await peer.close();
  }
});
