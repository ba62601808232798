/** pg_sleep() and advisory locks: who waits holds up nobody else, and what was done before the wait is not done twice. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

const one = (db: Database, text: string): unknown => db.prepare(text).raw().get()?.[0];
const codeOf = (error: unknown): string => (error instanceof SqlError ? error.code : String(error));

test('a statement sleeps, once for each call, to the end of its time at most; its rows come at the end', async () => {
  using db = open(':memory:', { pool: 0 });
  const began = performance.now();
  deepStrictEqual(db.prepare('select g, pg_sleep(0.02) from generate_series(1, 3) g').raw().all(), [
    [1, ''],
    [2, ''],
    [3, ''],
  ]);
  db.exec("select pg_sleep_for('20 milliseconds'); select pg_sleep_until(now() + interval '20 milliseconds')");
  const took = performance.now() - began;
  ok(took >= 98, `it took ${took} ms`);
  db.exec("create table t (a int); set statement_timeout = '30ms'");
  let code = '';
  try {
    db.exec('insert into t select 1 from pg_sleep(5)');
  } catch (error) {
    code = codeOf(error);
  }
  strictEqual(code, '57014');
  db.exec('reset statement_timeout');
  strictEqual(one(db, 'select count(*)::int from t'), 0);
  const session = db.session();
  const quick: number[] = [];
  const sleeping = session.run('select pg_sleep(0.2)').then(() => quick.length);
  const other = db.session();
  for (let at = 0; at < 3; at++) {
    await other.run('select 1');
    quick.push(at);
  }
  strictEqual(await sleeping, 3);
});

test('advisory locks: counted, shared or alone, of the session or of the transaction', () => {
  using db = open(':memory:', { pool: 0 });
  const all = (text: string): unknown => db.prepare(text).raw().get();
  deepStrictEqual(all('select pg_advisory_lock(1), pg_advisory_lock(1), pg_try_advisory_lock(2, 3)'), ['', '', true]);
  deepStrictEqual(all('select pg_advisory_unlock(1), pg_advisory_unlock(1), pg_advisory_unlock(1)'), [true, true, false]);
  deepStrictEqual(all('select pg_advisory_unlock(2, 3), pg_advisory_unlock_shared(2, 3)'), [true, false]);
  db.exec('begin; select pg_advisory_xact_lock(5), pg_advisory_lock(6); rollback');
  deepStrictEqual(all('select pg_advisory_unlock(5), pg_advisory_unlock(6)'), [false, true]);
  // A wait in the statement has it run again: what was locked before it is locked once.
  all('select pg_try_advisory_lock(7), pg_sleep(0.01)');
  deepStrictEqual(all('select pg_advisory_unlock(7), pg_advisory_unlock(7)'), [true, false]);
});

test('sessions of one loop wait for one another; a ring of them loses one; what is shared is shared', async () => {
  using db = open(':memory:', { pool: 0 });
  const [a, b, c] = [db.session(), db.session(), db.session()];
  const got = async (session: typeof a, text: string): Promise<unknown> =>
    Object.values((await session.run(text)).rows[0] as object)[0];
  await a.run('begin');
  await a.run('select pg_advisory_xact_lock(77)');
  const waits = got(b, 'select pg_advisory_lock(77) is not null').then(() => 'has it');
  strictEqual(await got(c, 'select pg_try_advisory_lock(77)'), false);
  strictEqual(await Promise.race([waits, got(c, 'select 2')]), 2);
  await a.run('commit');
  strictEqual(await waits, 'has it');
  strictEqual(await got(c, 'select pg_try_advisory_lock_shared(8)'), true);
  strictEqual(await got(b, 'select pg_try_advisory_lock_shared(8)'), true);
  strictEqual(await got(a, 'select pg_try_advisory_lock(8)'), false);
  // b: 77, c: 99; each wants the other one.
  await c.run('select pg_advisory_lock(99)');
  const ends = await Promise.all(
    [[b, 'select pg_advisory_lock(99)'] as const, [c, 'select pg_advisory_lock(77)'] as const].map(async ([session, text]) => {
      const end = await session.run(text).then(() => 'done', codeOf);
      await session.run('select pg_advisory_unlock_all()');
      return end;
    }),
  );
  deepStrictEqual(ends.sort(), ['40P01', 'done']);
  await c.run("set lock_timeout = '20ms'");
  await a.run('select pg_advisory_lock(1)');
  strictEqual(await c.run('select pg_advisory_lock(1)').then(() => 'done', codeOf), '55P03');
});

const WORKER = `
  const { workerData, parentPort } = require('node:worker_threads');
  import(workerData.api).then(({ attach }) => {
    const db = attach(workerData.handle);
    db.exec('select pg_advisory_lock(4)');
    parentPort.postMessage('has it');
    if (workerData.dies) return;
    parentPort.once('message', () => { db.exec('select pg_advisory_unlock(4)'); db.close(); parentPort.postMessage('gone'); });
  });`;

test('a thread blocks until another one lets go, or dies', async () => {
  using db = open(':memory:', { pool: 0 });
  const api = new URL('../../engine/api/api.ts', import.meta.url).href;
  for (const dies of [false, true]) {
    const worker = new Worker(WORKER, { eval: true, workerData: { api, handle: db.handle, dies } });
    const said = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
    strictEqual(await said(), 'has it');
    strictEqual(one(db, 'select pg_try_advisory_lock(4)'), false);
    if (dies) await worker.terminate();
    else worker.postMessage('let go');
    strictEqual(one(db, 'select pg_advisory_lock(4)'), '');
    strictEqual(one(db, 'select pg_advisory_unlock(4)'), true);
    await worker.terminate();
  }
});
