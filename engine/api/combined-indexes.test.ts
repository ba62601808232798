/** Several indexes of one table together: row ids that are cut and put together, and rows that change meanwhile. */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';

const ROWS = 8000;

function filled(): Database {
  const db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table t (id int primary key, a int, b int, c text, pad text)');
  db.exec(
    'create index t_a on t (a); create index t_b on t (b); create index t_c on t (c); create index t_h on t using hash (c)',
  );
  db.exec(
    `insert into t select g, case when g % 211 = 0 then null else (g * 7919) % 400 end, (g * 104729) % 300, 'c' || (g * 31) % 500, repeat('x', 60) from generate_series(1, ${ROWS}) g`,
  );
  db.exec('analyze t');
  return db;
}

const planOf = (db: Database, sql: string): string => db.prepare(`explain ${sql}`).raw().all().join('\n');
const idsOf = (db: Database, where: string, ...values: unknown[]): unknown[] =>
  db
    .prepare(`select id from t where ${where} order by id`)
    .raw()
    .all(...values)
    .flat();

/** Conditions that indexes answer, and the same where none does. */
const CONDITIONS: readonly (readonly [string, string, RegExp])[] = [
  ['a = 17 and b = 23', 'a + 0 = 17 and b + 0 = 23', /RowIdIntersection/],
  ['a = 17 or b = 23', 'a + 0 = 17 or b + 0 = 23', /RowIdUnion/],
  ["a = 17 or c = 'c7' or b between 3 and 4", "a + 0 = 17 or c || '' = 'c7' or b + 0 between 3 and 4", /RowIdUnion/],
  ["(a = 17 or a = 90 or b = 23) and c < 'c25'", "(a + 0 in (17, 90) or b + 0 = 23) and c || '' < 'c25'", /RowIdUnion/],
  ['a in (1, 2, 3) or (b = 5 and id > 100)', 'a + 0 in (1, 2, 3) or (b + 0 = 5 and id + 0 > 100)', /RowIdUnion/],
  ['a = 17 or a = 17', 'a + 0 = 17', /./],
  ['a = 400000 or b = 23', 'b + 0 = 23', /RowIdUnion/],
];

test('conditions on several indexes find what a scan finds', () => {
  using db = filled();
  for (const [indexed, plain, shape] of CONDITIONS) {
    match(planOf(db, `select id, pad from t where ${indexed}`), shape);
    deepStrictEqual(idsOf(db, indexed), idsOf(db, plain), indexed);
  }
  deepStrictEqual(idsOf(db, 'a = $1 or b = $2', 17, null), idsOf(db, 'a + 0 = 17'));
  deepStrictEqual(idsOf(db, 'a = $1 and b = $2', null, 3), []);
  doesNotMatch(planOf(db, 'select id from t where a = 1 or pad is null'), /RowId/);
});

test('rows that have changed since are found by what they are now, and by who sees what they were', async () => {
  using db = filled();
  const where = 'a = 17 or b = 23';
  const before = idsOf(db, where);
  await using old = db.session();
  const seen = async (): Promise<unknown[]> => {
    const { rows } = await old.run(`select id from t where ${where} order by id`);
    return rows.map((row) => (row as { id: number }).id);
  };
  await old.run('begin isolation level repeatable read');
  deepStrictEqual(await seen(), before);
  db.exec('update t set a = 17 where id in (5, 6)');
  db.exec('update t set b = 24 where b = 23 and id % 2 = 0');
  db.exec('delete from t where a = 17 and id % 3 = 0');
  deepStrictEqual(idsOf(db, where), idsOf(db, 'a + 0 = 17 or b + 0 = 23'));
  deepStrictEqual(await seen(), before);
  await old.run('commit');
  deepStrictEqual(await seen(), idsOf(db, 'a + 0 = 17 or b + 0 = 23'));
  const { changes } = db.prepare("update t set pad = 'changed' where a = 17 and b between 0 and 30").run();
  const [[wanted]] = db
    .prepare('select count(*)::int from t where a + 0 = 17 and b + 0 between 0 and 30')
    .raw()
    .all() as number[][];
  strictEqual(changes, wanted);
});
