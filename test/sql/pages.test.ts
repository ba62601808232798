/** What is compared and grouped inside a page answers as outside: char(n) with blanks, years of dates, computed keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPostgreSQL } from '../peer/postgresql.ts';
import { open } from '../../engine/api/api.ts';

const CREATE = 'create table t (g int, c char(6), v varchar(9), d date, a numeric(12,2))';
const TEXTS = ["'ab'", "'ab  '", "''", "'é'", "'abcdef'", 'null', "'b'"];
const DATES = [
  "'1999-12-31'",
  "'2000-02-29'",
  "'2000-03-01'",
  "'0001-01-01'",
  "'0001-12-31 BC'",
  "'infinity'",
  "'-infinity'",
  'null',
];

const rows = (): string =>
  Array.from({ length: 400 }, (_, i) => {
    const amount = i % 13 === 0 ? 'null' : String(i / 4);
    return `(${i % 5}, ${TEXTS[i % 7]}, ${TEXTS[(i * 3) % 7]}, ${DATES[i % 8]}, ${amount})`;
  }).join(', ');

const QUERIES = [
  "select count(*) from t where c = 'ab'",
  "select count(*) from t where c <> 'ab   '",
  "select count(*) from t where c in ('ab', 'b', null)",
  "select count(*) from t where c not in ('ab', '')",
  'select count(*) from t where c = v::char(6)',
  'select count(*) from t where c = v',
  'select c, count(*), sum(a) from t group by c order by c',
  'select distinct c from t order by c',
  'select c, v, count(*) from t group by c, v order by c, v',
  'select c::char(3) as x, count(*) from t group by x order by x',
  'select extract(year from d) as y, count(*), sum(a) from t group by y order by y',
  'select count(*) from t where extract(year from d) = 2000',
  'select count(*) from t where extract(year from d) < 1',
  'select max(extract(year from d)), min(extract(year from d)), sum(extract(year from d)) filter (where g = 1) from t where g <> 2',
  "select y, x, sum(m), count(*) from (select extract(year from d) as y, c as x, a * 2 - g as m from t) s where x <> 'b' group by y, x order by y, x",
  'select sum(m), sum(m * m), max(n) from (select a * 3 as m, a / (g + 1) as n from t) s',
  'select t.c, u.c, count(*) from t join t u on t.c = u.c and t.g = u.g group by t.c, u.c order by 1, 2',
];

test('char(n), years and computed keys inside pages are those of PostgreSQL', async () => {
  const peer = await openPostgreSQL();
  const ours = open(':memory:');
  try {
    for (const sql of [CREATE, `insert into t values ${rows()}`]) {
      await peer.exec(sql);
      ours.exec(sql);
    }
    for (const sql of QUERIES) {
      const answer = await peer.query(sql, [], { rowMode: 'array' });
      const text = (all: unknown[][]): unknown => all.map((row) => row.map((value) => (value === null ? null : String(value))));
      assert.deepEqual(text(ours.prepare(sql).raw().all() as unknown[][]), text(answer.rows as unknown[][]), sql);
    }
  } finally {
    ours.close();
    await peer.close();
  }
});
