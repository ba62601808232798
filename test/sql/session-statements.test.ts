/** PREPARE and EXECUTE, cursors, LISTEN and NOTIFY, LOCK, VACUUM, DISCARD: as PostgreSQL has them. */
import { deepStrictEqual, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Database, type Notification, open, SqlError } from '../../engine/api/api.ts';

/** What a statement answers: rows as arrays, or the code of its error. */
function answer(db: Database, text: string): unknown {
  try {
    const statement = db.prepare(text).raw();
    return statement.reader ? statement.all() : statement.run().changes;
  } catch (error) {
    if (error instanceof SqlError) return error.code;
    throw error;
  }
}

/** Lines of `statement -> answer`; fetched rows of one column are shown as a list. */
function story(db: Database, lines: readonly (readonly [string, unknown])[]): void {
  for (const [text, expected] of lines) {
    const found = answer(db, text);
    const isOneColumn = Array.isArray(found) && found.every((row) => Array.isArray(row) && row.length === 1);
    deepStrictEqual(isOneColumn ? found.flat() : found, expected, text);
  }
}

function openFilled(): Database {
  const db = open(':memory:', { pool: 0 });
  db.exec("create table t (a int primary key, b text); insert into t select g, 'r' || g from generate_series(1, 5) g");
  return db;
}

test('prepared statements of SQL: types, values, faults; they outlive transactions', () => {
  using db = openFilled();
  story(db, [
    ['prepare p (int) as select b from t where a = $1', 0],
    ['prepare p as select 1', '42P05'],
    ['execute p (3)', ['r3']],
    ['execute p (1 + 1)', ['r2']],
    ["execute p ('4')", ['r4']],
    ['execute p (1.6)', ['r2']],
    ['execute p (null)', []],
    ['execute p', '42601'],
    ["execute p ('x')", '22P02'],
    ['execute q', '26000'],
    ['begin', 0],
    ['prepare change as update t set b = $2 where a = $1', 0],
    ["execute change (1, 'one')", 1],
    ['rollback', 0],
    ['execute p (1)', ['r1']],
    ["execute change (1, 'one')", 1],
    ['execute p (1)', ['one']],
    ['prepare broken as select nope from t', '42703'],
    ['drop table t', 0],
    ['execute p (1)', '42P01'],
    ['create table t (a int primary key, b text)', 0],
    ["insert into t values (1, 'anew')", 1],
    ['execute p (1)', ['anew']],
    ['deallocate p', 0],
    ['execute p (1)', '26000'],
    ['deallocate all', 0],
    ['execute change (1, null)', '26000'],
  ]);
  deepStrictEqual(db.prepare('prepare r as select 1 as x, now() as y').run(), { changes: 0 });
  deepStrictEqual(
    db
      .prepare('execute r')
      .columns()
      .map(({ name }) => name),
    ['x', 'y'],
  );
});

test('a cursor moves where FETCH and MOVE say, and ends with its block', () => {
  using db = openFilled();
  story(db, [
    ['declare c cursor for select a from t', '25P01'],
    ['begin', 0],
    ['declare c scroll cursor for select a from t order by a', 0],
    ['fetch c', [1]],
    ['fetch 3 from c', [2, 3, 4]],
    ['fetch backward 2 from c', [3, 2]],
    ['fetch absolute -1 from c', [5]],
    ['fetch next from c', []],
    ['fetch prior from c', [5]],
    ['fetch absolute 2 from c', [2]],
    ['fetch relative 0 from c', [2]],
    ['fetch relative 2 from c', [4]],
    ['fetch relative -1 from c', [3]],
    ['fetch 0 from c', [3]],
    ['move -2 in c', 2],
    ['fetch all from c', [2, 3, 4, 5]],
    ['fetch backward all from c', [5, 4, 3, 2, 1]],
    ['fetch first from c', [1]],
    ['move all in c', 4],
    ['declare d no scroll cursor for select a from t order by a', 0],
    ['fetch 2 from d', [1, 2]],
    ["insert into t values (6, 'new')", 1],
    ['fetch absolute 4 from d', [4]],
    ['fetch all from d', [5]],
    ['savepoint s', 0],
    ['declare e cursor for values (1)', 0],
    ['declare d cursor for values (1)', '42P03'],
    ['fetch d', '25P02'],
    ['rollback to s', 0],
    ['fetch e', '34000'],
    ['rollback to s', 0],
    ['fetch backward from d', '55000'],
    ['rollback', 0],
    ['fetch c', '34000'],
  ]);
});

test('WITH HOLD: a cursor keeps what it saw when the block commits, and goes when it does not', () => {
  using db = openFilled();
  story(db, [
    ['begin', 0],
    ['declare h cursor with hold for select a from t order by a', 0],
    ['fetch h', [1]],
    ['delete from t where a = 3', 1],
    ['commit', 0],
    ['fetch 2 from h', [2, 3]],
    ['close h', 0],
    ['close h', '34000'],
    ['begin', 0],
    ['declare h cursor with hold for select a from t', 0],
    ['rollback', 0],
    ['fetch h', '34000'],
    ['declare h cursor with hold for select a from t order by a', 0],
    ['delete from t', 4],
    ['fetch all from h', [1, 2, 4, 5]],
    ['close all', 0],
  ]);
});

test('a cursor that is fetched in turns holds a batch, not the result', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('begin; declare c cursor for select g from generate_series(1, 1000000) g');
  const before = process.memoryUsage().heapUsed;
  const fetch = db.prepare('fetch 1000 from c').raw();
  let sum = 0;
  for (let rows = fetch.all(); rows.length > 0; rows = fetch.all()) for (const [value] of rows) sum += value as number;
  strictEqual(sum, 500_000_500_000);
  strictEqual(process.memoryUsage().heapUsed - before < 100e6, true, 'memory stays bounded');
});

test('LOCK, VACUUM, CHECKPOINT, DISCARD: where they may stand, and what they do', () => {
  using db = openFilled();
  story(db, [
    ['lock table t', '25P01'],
    ['begin', 0],
    ['lock table t, only t in access share mode nowait', 0],
    ['lock t in share row exclusive mode', 0],
    ['lock table nope', '42P01'],
    ['rollback', 0],
    ['vacuum (analyze, verbose off) t', 0],
    ['vacuum (quickly) t', '42601'],
    ['begin', 0],
    ['vacuum', '25001'],
    ['rollback', 0],
    ['checkpoint', 0],
    ['create temporary table x (a int)', 0],
    ['prepare p as select 1', 0],
    ["set work_mem = '6553.6kB'", 0],
    ["set work_mem = '1MB'", 0],
    ['declare c cursor with hold for values (1)', 0],
    ['discard all', 0],
    ['select * from x', '42P01'],
    ['execute p', '26000'],
    ['fetch c', '34000'],
    ['show work_mem', ['64MB']],
    ['begin', 0],
    ['discard all', '25001'],
    ['rollback', 0],
  ]);
});

test('NOTIFY reaches who listens, in every thread, once its transaction has committed', { timeout: 20_000 }, async () => {
  await using db = open(':memory:', { pool: 0 });
  const worker = new Worker(
    `import { parentPort, workerData } from 'node:worker_threads';
     const { attach } = await import(workerData.api);
     const db = attach(workerData.handle);
     db.onNotification((one) => parentPort.postMessage(one));
     db.exec('listen other; listen shared');
     parentPort.on('message', () => { db.exec("notify shared, 'from there'"); });
     parentPort.postMessage('listening');`,
    {
      eval: true,
      workerData: { api: new URL('../../engine/api/api.ts', import.meta.url).href, handle: db.handle },
    },
  );
  try {
    await once(worker, 'message');
    const there: Notification[] = [];
    worker.on('message', (one) => there.push(one));
    const here: Notification[] = [];
    db.onNotification((one) => here.push(one));
    const session = db.session();
    const inSession: Notification[] = [];
    session.onNotification((one) => inSession.push(one));
    await session.run('listen shared');
    db.exec("begin; listen shared; notify shared, 'lost'; rollback");
    db.exec('listen mine; listen shared');
    db.exec("begin; notify shared, 'a'; notify shared, 'a'; notify other, 'b'; notify nobody");
    await turn();
    strictEqual(here.length, 0);
    db.exec('commit');
    db.exec("select pg_notify('mine', 'c')");
    worker.postMessage('now');
    const shown = (list: readonly Notification[]): string[] => list.map(({ channel, payload }) => `${channel} ${payload}`).sort();
    for (let waited = 0; there.length < 3 || here.length < 3; waited++) {
      strictEqual(waited < 1000, true, 'everybody is told');
      await pause(10);
    }
    deepStrictEqual(shown(here), ['mine c', 'shared a', 'shared from there']);
    deepStrictEqual(shown(inSession), ['shared a', 'shared from there']);
    deepStrictEqual(shown(there), ['other b', 'shared a', 'shared from there']);
    strictEqual(here[0].processId, db.prepare('select pg_backend_pid()').raw().get()?.[0]);
    db.exec('unlisten *');
    db.exec("notify shared, 'unheard'");
    await turn();
    strictEqual(here.length, 3);
    for (const text of ['notify "", \'x\'', `notify c, '${'x'.repeat(8000)}'`]) strictEqual(answer(db, text) === 0, false, text);
  } finally {
    await worker.terminate();
  }
});
