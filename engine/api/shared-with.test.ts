/** WITH is collected once a statement, wherever it is read. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './api.ts';

function numbers() {
  const db = open(':memory:', { pool: 0 });
  db.exec('create table t (a int); insert into t select generate_series(1, 5); create sequence s');
  const rows = (sql: string, ...values: unknown[]): unknown[][] =>
    db
      .prepare(sql)
      .raw()
      .all(...values) as unknown[][];
  return { db, rows, [Symbol.dispose]: () => db.close() };
}

test('subqueries read the rows that others of the statement read', () => {
  using made = numbers();
  const { rows } = made;
  deepStrictEqual(rows('with w as materialized (select random() as r) select (select r from w) = (select r from w)'), [[true]]);
  deepStrictEqual(rows('with w as (select a, random() as r from t) select count(*) from w where r = (select max(r) from w)'), [
    [1],
  ]);
  const drawn = "with w as (select nextval('s') as n from t) select count(*), (select max(n) from w), (select min(n) from w)";
  deepStrictEqual(rows(`${drawn} from w`), [[5, 5, 1]]);
  deepStrictEqual(rows(`${drawn} from t`), [[5, 10, 6]]);
  // Of WITH that reads another one, and of one inside a subquery.
  const other = 'v as (select n * 2 as m from w) select (select max(m) from v), (select max(n) from w), count(*) from v';
  deepStrictEqual(rows(`with w as (select nextval('s') as n from t), ${other}`), [[30, 15, 5]]);
  const inside = "with w as (select nextval('s') as n from t) select (select max(n) from w) - (select min(n) from w)";
  deepStrictEqual(rows(`select (${inside}), count(*) from t`), [[4, 5]]);
  deepStrictEqual(rows("select nextval('s')"), [[21]]);
});

test('each execution has its own, of its own values', () => {
  using made = numbers();
  const statement = made.db
    .prepare('with w as (select a + $1 as n from t) select (select max(n) from w), (select count(*) from w where n > 6)')
    .raw();
  deepStrictEqual(statement.all(1), [[6, 0]]);
  deepStrictEqual(statement.all(4), [[9, 3]]);
  made.db.exec('delete from t where a = 5');
  deepStrictEqual(statement.all(4), [[8, 2]]);
});

test('what hangs on a row around it is collected for each', () => {
  using made = numbers();
  const query =
    'select a, (with w as (select b.a from t as b where b.a <= t.a) select (select count(*) from w) + (select max(a) from w))';
  deepStrictEqual(
    made.rows(`${query} from t order by a`),
    [1, 2, 3, 4, 5].map((a) => [a, 2 * a]),
  );
  const recursive =
    'with recursive w as (select 1 as n union all select n + 1 from w where n < (select count(*) from t)) select max(n), (select sum(n) from w) from w';
  deepStrictEqual(made.rows(recursive), [[5, 15]]);
});

test('nobody reads it: it is not run; it fails: the next execution begins anew', () => {
  using made = numbers();
  const { db, rows } = made;
  const lazy =
    'with w as (select 1 / (a - 3) as n from t) select case when $1 then (select max(n) from w) + (select min(n) from w) end';
  deepStrictEqual(rows(lazy, false), [[null]]);
  throws(() => rows(lazy, true), { code: '22012' });
  db.exec('update t set a = 6 where a = 3');
  deepStrictEqual(rows(lazy, true), [[0]]);
  const changed = db.prepare(
    'with w as (select max(a) as n from t) update t set a = a + (select n from w) where a < (select n from w)',
  );
  strictEqual(changed.run().changes, 4);
});

test('rows that changes have given are read through others', () => {
  using made = numbers();
  const changes = 'with one as (insert into t select a + 5 from t returning a), w as materialized (select sum(a) as n from one)';
  const next =
    'two as (insert into t select n from w returning a), v as materialized (select a, (select n from w) as n from two)';
  deepStrictEqual(made.rows(`${changes} select (select n from w), (select count(*) from w), (select count(*) from t)`), [
    [40, 1, 5],
  ]);
  deepStrictEqual(made.rows(`${changes}, ${next} select (select a from v), (select n from v), (select n from w)`), [
    [105, 105, 105],
  ]);
});
