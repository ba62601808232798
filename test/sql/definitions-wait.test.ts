/**
 * Definitions of asynchronous sessions wait for others without blocking the event loop: here all sessions are of one thread, so that a
 * definition which blocked would wait for ever.
 */

import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert';
import { setTimeout as after } from 'node:timers/promises';
import { test } from 'node:test';
import { type AsyncSession, type Database, open } from '../../engine/api/api.ts';
import { problemsOf, SMALL } from './with-database.ts';

type Body = (one: AsyncSession, two: AsyncSession, db: Database) => Promise<void>;

function withSessions(body: Body): () => Promise<void> {
  return async () => {
    using db = open(':memory:', SMALL);
    db.exec('create table t (id integer primary key, v integer)');
    db.exec('insert into t values (1, 10), (2, 20)');
    const [one, two] = [db.session(), db.session()];
    await body(one, two, db);
    await one.close();
    await two.close();
    strictEqual(problemsOf(db), '');
  };
}

/** Whether a promise has been settled some turns of the loop from now. */
async function isSettledSoon(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  let turns = 0;
  const note = (): void => void (isSettled = true);
  promise.then(note, note);
  for (const end = performance.now() + 30; performance.now() < end || turns < 5; turns++) await after(1);
  return isSettled;
}

const DEFINITIONS = [
  'alter table t add column w integer default 7',
  'create index t_v on t (v)',
  'truncate t',
  'drop table t',
  'alter table t add constraint positive check (v > 0)',
];

test(
  'a definition waits for a transaction that writes, and goes on when it has ended',
  withSessions(async (one, two, db) => {
    for (const definition of DEFINITIONS) {
      await one.run('begin');
      await one.run('update t set v = v + 1 where id = 1');
      const defined = two.run(definition);
      ok(!(await isSettledSoon(defined)), definition);
      await one.run('commit');
      strictEqual((await defined).changes, 0);
      if (definition.startsWith('drop')) db.exec('create table t (id integer primary key, v integer)');
      db.exec('insert into t (id, v) values (1, 10), (2, 20) on conflict do nothing');
    }
  }),
);

test(
  'a definition waits for a transaction that only reads, and its timeout counts from the first look',
  withSessions(async (one, two) => {
    await one.run('begin');
    await one.run('select count(*) from t');
    await two.run("set lock_timeout = '250ms'");
    const begun = performance.now();
    await rejects(two.run('drop table t'), { code: '55P03' });
    ok(performance.now() - begun >= 240, 'it waited as long as it may');
    await two.run('set lock_timeout = 0');
    const dropped = two.run('drop table t');
    ok(!(await isSettledSoon(dropped)));
    await one.run('commit');
    await dropped;
    await rejects(one.run('select 1 from t'), { code: '42P01' });
  }),
);

test(
  'in a block a definition that waited leaves what was there before it, and rolls back with the block',
  withSessions(async (one, two, db) => {
    await one.run('begin');
    await one.run('update t set v = 11 where id = 1');
    await two.run('begin');
    await two.run('create table kept (a integer)');
    await two.run('insert into kept values (1)');
    const altered = two.run('alter table t add column w integer default 7');
    ok(!(await isSettledSoon(altered)));
    await one.run('commit');
    await altered;
    deepStrictEqual((await two.run('select v, w from t where id = 1')).rows, [{ v: 11, w: 7 }]);
    deepStrictEqual((await two.run('select a from kept')).rows, [{ a: 1 }]);
    await two.run('rollback');
    deepStrictEqual(db.prepare('select * from t where id = 1').all(), [{ id: 1, v: 11 }]);
    await rejects(one.run('select a from kept'), { code: '42P01' });
  }),
);

test(
  'two definitions that wait for each other: one of them is the victim, the other goes on',
  withSessions(async (one, two, db) => {
    db.exec('create table s (a integer)');
    await one.run('begin');
    await one.run('insert into t values (3, 30)');
    await two.run('begin');
    await two.run('insert into s values (1)');
    const first = one.run('alter table s add column b integer').then(
      () => '',
      (error) => error.code,
    );
    const second = two.run('alter table t add column b integer').then(
      () => '',
      (error) => error.code,
    );
    const loser = await Promise.race([first, second]);
    strictEqual(loser, '40P01');
    await Promise.all([one.run('rollback'), two.run('rollback')]);
    deepStrictEqual([await first, await second].sort(), ['', '40P01']);
  }),
);

test(
  'what foreign keys put off to the commit waits there without blocking',
  withSessions(async (one, two, db) => {
    db.exec('create table child (id integer, t integer references t deferrable initially deferred)');
    for (const end of ['commit', 'rollback']) {
      await two.run('begin');
      await two.run('insert into child values (1, 9)');
      await one.run('insert into t values (9, 90)');
      await one.run('begin');
      await one.run('delete from t where id = 9');
      const committed = two.run('commit').then(
        () => '',
        (error) => error.code,
      );
      ok(!(await isSettledSoon(committed)), end);
      await one.run(end);
      strictEqual(await committed, end === 'commit' ? '23503' : '');
      deepStrictEqual(db.prepare('select t from child').all(), end === 'commit' ? [] : [{ t: 9 }]);
    }
  }),
);

test(
  'EXPLAIN ANALYZE of an asynchronous session waits without blocking',
  withSessions(async (one, two) => {
    await one.run('begin');
    await one.run('update t set v = 12 where id = 1');
    const explained = two.run('explain analyze update t set v = 13 where id = 1');
    ok(!(await isSettledSoon(explained)));
    await one.run('commit');
    ok((await explained).rows.length > 0);
  }),
);
