/** Statistics that are gathered by themselves, once enough rows of a table have changed. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open } from './api.ts';
import type { KernelOptions } from './kernel-options.ts';

const OPTIONS: KernelOptions = { pool: 0, analyzeEvery: 1, analyzeThreshold: 50, analyzeScale: 0.1 };

const reltuples = (db: Database, name: string): number =>
  Number((db.prepare('select reltuples as n from pg_class where relname = $1').get(name) as { n: number }).n);
const rowsKnown = (db: Database, name: string): number | undefined => {
  const row = db.prepare('select count(*) as n from pg_stats where tablename = $1').get(name) as { n: number };
  return Number(row.n);
};

/** Writing calls look after what is due now and then. */
function work(db: Database, calls = 600): void {
  db.exec('create table if not exists other (n int)');
  const insert = db.prepare('update other set n = n where n < 0');
  for (let call = 0; call < calls; call++) {
    insert.run();
    if (call % 128 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
  }
}

test('a table has statistics once enough of its rows have changed, and newer ones when as many have again', () => {
  using db = open(':memory:', OPTIONS);
  db.exec('create table t (id int primary key, a int)');
  db.exec('insert into t select g, g % 7 from generate_series(1, 30) g');
  work(db);
  strictEqual(rowsKnown(db, 't'), 0);
  db.exec('insert into t select g, g % 7 from generate_series(31, 3000) g');
  work(db);
  strictEqual(rowsKnown(db, 't'), 2);
  const known = (): unknown =>
    (db.prepare("select n_distinct as n from pg_stats where tablename = 't' and attname = 'a'").get() as { n: number }).n;
  strictEqual(known(), 7);
  // Fewer than 50 and a tenth of 3,000: they stay as they are.
  db.exec('update t set a = 100 + id where id <= 300');
  work(db);
  strictEqual(known(), 7);
  db.exec('update t set a = 100 + id where id <= 300');
  work(db);
  ok(known() !== 7);
  ok(reltuples(db, 't') > 2500);
});

test('ANALYZE counts as well, and what it has seen is not looked at again', () => {
  using db = open(':memory:', OPTIONS);
  db.exec('create table t (id int); insert into t select g from generate_series(1, 500) g; analyze t');
  const changed = (): unknown =>
    (db.prepare("select n_mod_since_analyze as n from pg_stat_all_tables where relname = 't'").get() as { n: unknown }).n;
  strictEqual(Number(changed()), 0);
  db.exec('delete from t where id <= 20');
  strictEqual(Number(changed()), 20);
});

test('it can be left out, and what is set is shown', () => {
  using db = open(':memory:', { pool: 0, analyzeEvery: 0 });
  db.exec('create table t (id int); insert into t select g from generate_series(1, 5000) g');
  work(db);
  strictEqual(rowsKnown(db, 't'), 0);
  const shown = db.prepare("select name, setting from pg_settings where name like 'autovacuum%' order by name").raw().all();
  deepStrictEqual(shown, [
    ['autovacuum', 'off'],
    ['autovacuum_analyze_scale_factor', '0.1'],
    ['autovacuum_analyze_threshold', '50'],
    ['autovacuum_naptime', '0'],
  ]);
});

test('changes count once they are committed: what nobody sees is not gathered, and not forgotten', async () => {
  await using db = open(':memory:', OPTIONS);
  db.exec('create table t (id int); insert into t values (0)');
  const other = db.session();
  await other.run('begin');
  await other.run('insert into t select g from generate_series(1, 3000) g');
  work(db);
  strictEqual(rowsKnown(db, 't'), 0);
  await other.run('commit');
  work(db);
  strictEqual(rowsKnown(db, 't'), 1);
  await other.run('begin');
  await other.run('delete from t');
  await other.run('rollback');
  const changed = db.prepare("select n_mod_since_analyze as n from pg_stat_all_tables where relname = 't'").get();
  strictEqual(Number((changed as { n: unknown }).n), 0);
  await other.close();
});

test('a pool gathers them while nobody writes', async () => {
  await using db = open(':memory:', { ...OPTIONS, pool: 1, analyzeEvery: 5 });
  db.exec('create table t (id int); insert into t select g from generate_series(1, 5000) g');
  // Threads of the pool run at low priority: beside other work they begin late.
  for (let turn = 0; turn < 4800 && rowsKnown(db, 't') === 0; turn++) await new Promise((resolve) => setTimeout(resolve, 25));
  strictEqual(rowsKnown(db, 't'), 1);
});
