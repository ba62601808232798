/** What columns say of each other, and how many values there are: estimates as EXPLAIN shows them. */
import { ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';

const ROWS = 40_000;

function filled(): Database {
  const db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table t (id int primary key, city int, country int, other int, rare int)');
  // A city lies in one country; `other` has nothing to do with either; a value of `rare` comes twice, far apart.
  db.exec(
    `insert into t select g, g % 200, (g % 200) / 10, (g * 7919) / 31 % 40, g % ${ROWS / 2} from generate_series(1, ${ROWS}) g; analyze t`,
  );
  return db;
}

const rowsOf = (db: Database, sql: string): number => JSON.parse(db.explain(sql, { format: 'json' }))[0].Plan['Plan Rows'];

function near(db: Database, sql: string, wanted: number): void {
  const rows = rowsOf(db, sql);
  ok(rows >= wanted / 1.6 && rows <= wanted * 1.6, `${rows} rows are expected, there are ${wanted}: ${sql}`);
}

test('conditions on columns that depend on each other leave what they leave together', () => {
  using db = filled();
  near(db, 'select * from t where city = 57', ROWS / 200);
  near(db, 'select * from t where city = 57 and country = 5', ROWS / 200);
  near(db, 'select * from t where country = 5 and city = 57 and other = 3', ROWS / 200 / 40);
  near(db, 'select * from t where city = 57 and other = 3', ROWS / 200 / 40);
});

test('groups by such columns are as many as there are pairs', () => {
  using db = filled();
  near(db, 'select city, country, count(*) from t group by city, country', 200);
});

test('values of a table that was looked at whole are counted, not guessed', () => {
  using db = filled();
  near(db, 'select rare from t group by rare', ROWS / 2);
});
