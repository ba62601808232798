/** Iterators: what they see, what they hold, and what they are not in the way of. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { withDatabase as withDatabaseOf } from '../../test/sql/with-database.ts';
import type { Database } from '../api/api.ts';

/** Nothing here is worth a wait for the disk. */
const withDatabase = (body: (db: Database) => void | Promise<void>) => withDatabaseOf(body, { durability: 'off' });

const ROWS = 6_000;

function fill(db: Database, rows = ROWS): void {
  db.exec('create table n (id integer primary key, v text)');
  const insert = db.prepare('insert into n values ($1, $2)');
  db.transaction(() => {
    for (let id = 0; id < rows; id++) insert.run(id, `value ${id}`);
  })();
}

/** Bytes of the program's heap that are in use, after a collection: what is only left over says nothing. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const portals = (db: Database): number => db.connection.session.portals.size;

test(
  'several iterators are open at once, of one statement too, and none takes more than it is asked for',
  withDatabase((db) => {
    fill(db);
    const up = db.prepare<{ id: number }>('select id from n where id >= $1');
    const all = [up.iterate(0), up.iterate(100), db.prepare<{ id: number }>('select id from n').iterate()];
    for (let id = 0; id < 5000; id++) {
      deepStrictEqual(all.map((one) => one.next().value?.id), [id, id + 100, id]); // biome-ignore format: short
    }
    strictEqual(portals(db), 3);
    for (const one of all) one.return?.();
    strictEqual(portals(db), 0);
    for (const { id } of up.iterate(0)) if (id > 1000) break;
    strictEqual(portals(db), 0);
    strictEqual([...up.iterate(ROWS - 3)].length, 3);
    strictEqual(portals(db), 0);
  }),
);

test(
  'every batch comes as the program wants its values, and is let go of',
  withDatabase((db) => {
    db.exec("create table d (id integer, at date, j json); insert into d values (1, '2026-11-21', '[1]')");
    for (let n = 0; n < 11; n++) db.exec('insert into d select id, at, j from d');
    const read = db.prepare('select at, j from d');
    let seen = 0;
    for (const row of read.iterate()) {
      deepStrictEqual(row, { at: '2026-11-21', j: [1] });
      seen++;
    }
    for (const row of read.raw().iterate()) deepStrictEqual(row, ['2026-11-21', [1]]);
    strictEqual(seen, 2048);
  }),
);

test(
  'an iterator sees the state when it began, while its session changes the rows',
  withDatabase((db) => {
    fill(db);
    const change = db.prepare('update n set v = $2 where id = $1');
    const remove = db.prepare('delete from n where id = $1');
    let seen = 0;
    for (const { id, v } of db.prepare<{ id: number; v: string }>('select id, v from n').iterate()) {
      strictEqual(v, `value ${id}`);
      if (id % 2 === 0) change.run(ROWS - 1 - id, 'changed');
      else if (id % 5 === 0) remove.run(ROWS - 1 - id);
      seen++;
      strictEqual(portals(db) <= 1, true);
    }
    strictEqual(seen, ROWS);
    deepStrictEqual(db.prepare("select count(*) as n from n where v = 'changed'").get(), { n: ROWS / 2 });
    strictEqual(portals(db), 0);
  }),
);

test(
  'its memory does not grow with the result, whatever happens meanwhile',
  withDatabase((db) => {
    fill(db, 100_000);
    const touch = db.prepare('update n set v = v where id = 5');
    const other = db.prepare('select count(*) from n where id < 10');
    // What is made once, for the first run of each, is not the result's.
    touch.run();
    other.get();
    const iterator = db.prepare<{ id: number }>('select id, v from n').iterate();
    iterator.next();
    const before = liveBytes();
    touch.run();
    other.get();
    strictEqual(portals(db), 1);
    // The rest of the rows would be ten times as much.
    ok(liveBytes() - before < 1_000_000);
    let count = 1;
    while (iterator.next().done !== true) count++;
    strictEqual(count, 100_000);
  }),
);

test(
  'a transaction begins, commits and rolls back beside an iterator; one that begins within it sees what it has written',
  withDatabase((db) => {
    fill(db, 3000);
    const outside = db.prepare<{ id: number }>('select id from n').iterate();
    outside.next();
    db.transaction(() => {
      db.exec("delete from n where id >= 1000; insert into n values (9999, 'own')");
      const inside = db.prepare<{ id: number }>('select id from n').iterate();
      inside.next();
      db.exec('delete from n');
      strictEqual([...inside].length, 1000);
      strictEqual([...db.prepare('select id from n').iterate()].length, 0);
    })();
    strictEqual([...outside].length, 2999);
    const rolled = db.prepare('select id from n').iterate();
    throws(() =>
      db.transaction(() => {
        db.exec("insert into n values (1, 'x')");
        const lost = db.prepare('select id from n').iterate();
        lost.next();
        throw new Error('no');
      })(),
    );
    strictEqual([...rolled].length, 0);
  }),
);

test(
  'DDL of the same session makes it take its rest; closing the database ends it',
  withDatabase((db) => {
    fill(db);
    const some = db.prepare<{ id: number }>('select id from n').iterate();
    strictEqual(some.next().value?.id, 0);
    db.exec('drop table n');
    strictEqual(portals(db), 0);
    strictEqual([...some].length, ROWS - 1);
    fill(db, 2000);
    const rest = db.prepare('select id from n').iterate();
    rest.next();
    db.close();
    strictEqual(rest.next().done, true);
  }),
);

test(
  'errors come when their row is met, and end it',
  withDatabase((db) => {
    fill(db, 2000);
    const rows = db.prepare<{ q: number }>('select 10 / (1500 - id) as q from n').iterate();
    let seen = 0;
    throws(
      () => {
        for (const { q } of rows) if (q > -1e9) seen++;
      },
      { code: '22012', position: 11 },
    );
    ok(seen > 0 && seen <= 1500);
    deepStrictEqual([portals(db), rows.next().done], [0, true]);
    db.exec('set statement_timeout = 20');
    const slow = db.prepare('select id from n where md5(v) <> v').iterate();
    throws(
      () => {
        for (const _ of slow) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      },
      { code: '57014' },
    );
    strictEqual(portals(db), 0);
  }),
);

test(
  'DDL of another thread waits for an open iterator; one that is forgotten is given back',
  withDatabase(async (db) => {
    fill(db, 5000);
    let iterator: Iterator<unknown> | null = db.prepare('select id from n').iterate();
    iterator.next();
    const source = `
      import { parentPort, workerData } from 'node:worker_threads';
      const { attach } = await import(workerData.api);
      const db = attach(workerData.handle);
      db.exec("set lock_timeout = '100ms'");
      const codes = [];
      const drop = () => { try { db.exec('drop table n'); codes.push('done'); } catch (error) { codes.push(error.code); } };
      drop();
      parentPort.postMessage('tried');
      parentPort.once('message', () => { drop(); db.close(); parentPort.postMessage(codes); });`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { handle: db.handle, api: new URL('../api/api.ts', import.meta.url).href },
    });
    const heard = (): Promise<unknown> => new Promise((resolve) => worker.once('message', resolve));
    strictEqual(await heard(), 'tried');
    strictEqual(portals(db), 1);
    if (globalThis.gc === undefined) iterator.return?.();
    iterator = null;
    for (let turn = 0; turn < 100 && portals(db) > 0; turn++) {
      globalThis.gc?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
    strictEqual(portals(db), 0);
    worker.postMessage('again');
    deepStrictEqual(await heard(), ['55P03', 'done']);
  }),
);
