/** Rows of WITH, of recursions, and rows that wait behind a limit, with a work_mem that they outgrow many times: the same answers, from files. */
import { deepStrictEqual, ok } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { spilledBytes } from '../storage/space/spill-files.ts';
import { type Database, open } from './api.ts';

let db: Database;
before(() => {
  db = open(':memory:', { pool: 0 });
  db.exec('create table t (id int primary key, a int, big bigint, n numeric, c text, d date, x float8)');
  db.exec(`insert into t select g, g % 17, case when g % 5 = 0 then null when g % 7 = 0 then 9007199254740993 + g else g end, g / 8.0,
    case when g % 11 = 0 then null else 'täxt number ' || g end, date '2020-01-01' + g % 900, g * 0.25 from generate_series(1, 6000) g`);
});
after(() => db.close());

/** The rows of a query with room for all, and with 64 kB, where bytes go to files. */
function both(query: string, spills = true): unknown[] {
  db.exec("set work_mem = '64MB'");
  const wanted = db.prepare(query).raw().all();
  db.exec("set work_mem = '64kB'");
  const earlier = spilledBytes();
  const found = db.prepare(query).raw().all();
  ok(!spills || spilledBytes() > earlier, `nothing went to a file: ${query}`);
  db.exec("set work_mem = '64MB'");
  ok(wanted.length > 0, query);
  // Of thousands of rows no difference is printed: that takes minutes.
  ok(isDeepStrictEqual(found, wanted), query);
  return wanted;
}

test('WITH: columns of all kinds, read in their order, twice, joined with themselves, in a subquery for each row', () => {
  both('with w as materialized (select * from t) select * from w');
  both('with w as materialized (select * from t) select * from w where id % 3 = 0 union all select * from w where a = 1');
  both('with w as materialized (select * from t) select v.id, w.c from w join w v on v.id = w.id + 1 where w.a < 3 order by 1');
  both(`with w as materialized (select * from t) select id, (select c from w where w.id = t.id + 1), (select max(x) from w where w.id < 5 and w.a > t.a % 2)
    from t where id % 900 = 1 order by id`);
  both(
    'with w as materialized (select * from t), v as materialized (select id, c, big from w where a <> 3) select count(*), max(c), sum(big) from v, (select 1) s',
  );
  both(
    `with w as (delete from t where id > 6000 returning *), v as materialized (select * from t) select count(*), max(v.c) from v where id not in (select id from w)`,
  );
});

test('WITH RECURSIVE: what one step gives goes to a file, and the next one reads it from there', () => {
  both(`with recursive r as (select id, 1 as depth, c from t union all select id, depth + 1, c || depth from r where depth < 4)
    select depth, count(*), max(c), sum(id) from r group by depth order by depth`);
  both(`with recursive r as (select id, 0 as depth, c from t where id % 2 = 0 union all
      select t.id, depth + 1, t.c from r join t on t.id = r.id + 1 where depth < 3) select * from r order by id, depth, c`);
  both(
    "with recursive r(n, pad) as (select 1, repeat('x', 100) union all select n + 1, pad from r where n < 3000) select sum(n), max(pad) from r",
    false,
  );
});

test('rows that a limit inside lets through wait in a file, and a reader that stops in the middle gives it back', () => {
  both('select count(*), max(c), sum(id) from (select * from t order by x desc offset 10 limit 5000) s where a > 1', false);
  db.exec("set work_mem = '64kB'");
  const query = db.prepare('with w as materialized (select * from t) select w.id, v.c from w, w v where w.id = v.id limit 5000');
  let seen = 0;
  for (const _ of query.iterate()) if (++seen === 3000) break;
  deepStrictEqual(db.prepare('with w as materialized (select * from t) select * from w limit 2').raw().all().length, 2);
  db.exec("set work_mem = '64MB'");
});
