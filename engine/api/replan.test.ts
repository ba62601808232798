/** Planning anew while a statement runs, because what came was far from what was expected. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';

const ROWS = 20_000;

/** Comparisons of columns of `part` with each other hold for all rows, which nobody knows: each is expected to leave a half. */
function filled(): Database {
  const db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table part (id int primary key, a int, b int, c int)');
  db.exec('create table maker (id int primary key, name text)');
  db.exec('create table sale (part int, maker int, amount int)');
  db.exec(`insert into part select g, g % 12, g % 12 + 100, g % 12 + 200 from generate_series(1, ${ROWS}) g`);
  db.exec("insert into maker select g, 'm' || g from generate_series(1, 300) g");
  db.exec(`insert into sale select (g * 7919) % ${ROWS} + 1, g % 300 + 1, g from generate_series(1, ${ROWS}) g`);
  db.exec('analyze');
  return db;
}

const ALWAYS = 'p.a < p.b and p.b < p.c and p.a < p.c and p.b > p.a and p.c > p.b and p.c > p.a';
const QUERY = `select count(*) as n, sum(s.amount) as total from sale s join part p on p.id = s.part join maker m on m.id = s.maker
  where p.a = $1 and ${ALWAYS}`;
/** What it finds where p.a is 3. */
function answer(): { n: number; total: number } {
  const amounts = Array.from({ length: ROWS }, (_, at) => at + 1).filter((g) => (((g * 7919) % ROWS) + 1) % 12 === 3);
  return { n: amounts.length, total: amounts.reduce((sum, amount) => sum + amount, 0) };
}

const VALUES = [3];

test('a run whose first pipeline gives far more than was expected goes on with another plan, and has the same answer', () => {
  using db = filled();
  const literal = QUERY.replace('$1', '3');
  const lines = db.explain(literal, { analyze: true });
  match(lines, /Replanned: 1/);
  const wanted = answer();
  deepStrictEqual(db.prepare(literal).get(), wanted);
  deepStrictEqual(db.prepare(literal).get(), wanted);
  const prepared = db.prepare(QUERY);
  for (let turn = 0; turn < 3; turn++) deepStrictEqual(prepared.get(...VALUES), wanted);
  // Values for which it was right leave the statement as it is.
  deepStrictEqual(prepared.get(100), { n: 0, total: null });
  deepStrictEqual(prepared.raw().get(...VALUES), Object.values(wanted));
});

test('where estimates are near enough, or something volatile is called, nothing is planned anew', () => {
  using db = filled();
  const near =
    "select count(*) from sale s join part p on p.id = s.part join maker m on m.id = s.maker where p.a = 3 and m.name > 'm2'";
  doesNotMatch(db.explain(near, { analyze: true }), /Replanned/);
  const drawn = QUERY.replace('$1', '3');
  doesNotMatch(db.explain(`${drawn} and random() < 2`, { analyze: true }), /Replanned/);
});

test('rows go out once, in slices as well', () => {
  using db = filled();
  const rows = `select p.id, m.id as m, s.amount from sale s join part p on p.id = s.part join maker m on m.id = s.maker
    where p.a = 3 and ${ALWAYS}`;
  const all = db.prepare(rows).all();
  strictEqual(new Set(all.map((row) => JSON.stringify(row))).size, all.length);
  const slowly = [...db.prepare(rows).iterate()];
  const sorted = (list: readonly unknown[]): string[] => list.map((row) => JSON.stringify(row)).sort();
  deepStrictEqual(sorted(slowly), sorted(all));
});
