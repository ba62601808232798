/** Ends of all kinds: threads that die at work, stacks and heaps that are used up, handles that are closed, functions that throw. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open, type SqlError } from '../../engine/api/api.ts';
import { SqlThread } from './threads.ts';
import { problemsOf, SMALL, withDatabase } from './with-database.ts';

const API = new URL('../../engine/api/api.ts', import.meta.url).href;

/** To root nothing is forbidden: the child is somebody else then, who must be able to read the sources. */
const OTHER_USER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const WITHOUT_RIGHTS =
  spawnSync(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(API)})`], OTHER_USER).status !==
    0 && 'another user cannot read the sources';

const tables = (db: Database): void => {
  db.exec('create table t (id integer primary key, v integer not null); create index t_v on t (v)');
  const insert = db.prepare('insert into t values ($1, 0)');
  db.transaction(() => {
    for (let id = 0; id < 500; id++) insert.run(id);
  })();
};

const exited = (thread: SqlThread): Promise<unknown> => new Promise((resolve) => thread.worker.once('exit', resolve));

// ---- threads ----

test(
  'a thread that is terminated in the middle of its transaction is rolled back for, and nobody waits for it for ever',
  withDatabase(async (database, place) => {
    let db = database;
    tables(db);
    let poisoned = 0;
    for (let round = 0; round < 4; round++) {
      const thread = await SqlThread.start(db);
      const busy = new Int32Array(new SharedArrayBuffer(4));
      const call = thread.call(
        (inside, number, word) => {
          const update = inside.prepare('update t set v = $2 where id = $1');
          const insert = inside.prepare('insert into t values ($1, $2)');
          inside.exec('begin');
          for (let id = 0; id < 200; id++) update.run(id, number);
          inside.exec('savepoint s; create table made (x integer)');
          Atomics.store(word, 0, 1);
          for (let id = 1000; ; id++) {
            insert.run(id, number);
            update.run(id % 500, number);
          }
        },
        1000 + round,
        busy,
      );
      while (Atomics.load(busy, 0) === 0 && !call.isAnswered) await new Promise((resolve) => setTimeout(resolve, 1));
      strictEqual(call.isAnswered, false, String(call.error));
      await new Promise((resolve) => setTimeout(resolve, round * 7));
      const gone = exited(thread);
      await thread.worker.terminate();
      await gone;
      try {
        deepStrictEqual(db.prepare('update t set v = v + 1 where id < 200').run(), { changes: 200 });
        deepStrictEqual(db.prepare('select count(*) as n, min(v) as least, max(v) as most from t where id < 200').get(), {
          n: 200,
          least: round + 1,
          most: round + 1,
        });
        deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: 500 });
        throws(() => db.prepare('select * from made'), { code: '42P01' });
        db.exec('create table made (y integer); drop table made');
        strictEqual(problemsOf(db), '');
      } catch (error) {
        // It died inside a critical section: the handle says so, and opening again recovers.
        if ((error as SqlError).code !== '57P02') throw error;
        poisoned++;
        db = place.reopen();
        deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: 500 });
        db.exec(`update t set v = ${round + 1} where id < 200`);
        strictEqual(problemsOf(db), '');
      }
    }
    ok(poisoned < 4, 'not every death is inside a critical section');
  }),
);

test(
  'a thread that runs out of memory inside a statement dies alone',
  withDatabase(async (db) => {
    tables(db);
    db.exec('create table wide (id integer primary key, v text)');
    const insert = db.prepare('insert into wide values ($1, $2)');
    db.transaction(() => {
      for (let id = 0; id < 3000; id++) insert.run(id, `${id}`.padEnd(2000, 'wide'));
    })();
    const thread = await SqlThread.start(db, { maxOldGenerationSizeMb: 96 });
    const gone = exited(thread);
    thread.call((inside) => {
      inside.exec('begin; update t set v = 7 where id = 1');
      const kept: unknown[] = [];
      for (;;) kept.push(inside.prepare('select id, v from wide').all());
    });
    await gone;
    deepStrictEqual(db.prepare('update t set v = v + 1 where id = 1 returning v').all(), [{ v: 1 }]);
    strictEqual(problemsOf(db), '');
  }),
);

test(
  'a stack that is used up is 54001 or the RangeError of the program, and the next call works',
  withDatabase((db) => {
    tables(db);
    const select = db.prepare('select v from t where id = $1');
    const update = db.prepare('update t set v = v + 1 where id = $1');
    let calls = 0;
    const dive = (depth: number): number => {
      update.run(depth % 500);
      select.get(1);
      calls++;
      return dive(depth + 1) + 1;
    };
    throws(
      () => db.transaction(() => dive(0))(),
      (error: Error) => error instanceof RangeError || (error as SqlError).code === '54001',
    );
    ok(calls > 10);
    strictEqual(db.inTransaction, false);
    deepStrictEqual(db.prepare('select max(v) as most from t').get(), { most: 0 });
    const deep = `select ${'('.repeat(30_000)}1${')'.repeat(30_000)}`;
    throws(() => db.prepare(deep), { code: '54001' });
    const chain = `select ${Array.from({ length: 20_000 }, () => 'v').join(' + ')} as sum from t where id = 1`;
    try {
      deepStrictEqual(db.prepare(chain).get(), { sum: 0 });
    } catch (error) {
      strictEqual((error as SqlError).code, '54001');
    }
    deepStrictEqual(select.get(1), { v: 0 });
    strictEqual(problemsOf(db), '');
  }),
);

// ---- opening ----

test(
  'a second process is told who has the directory open',
  withDatabase((_db, { directory }) => {
    const script = `
      const { open } = await import(${JSON.stringify(API)});
      try { open(${JSON.stringify(directory)}); console.log('opened'); } catch (error) { console.log(error.code, error.message); }`;
    const child = spawnSync(process.execPath, [...process.execArgv, '--input-type=module', '--eval', script], {
      encoding: 'utf8',
    });
    ok(child.stdout.startsWith('55006 '), child.stdout + child.stderr);
    ok(child.stdout.includes(String(process.pid)), child.stdout);
    // And so is this one, when it has it open already.
    throws(() => open(directory, SMALL), { code: '55006' });
  }),
);

test('where no database can be the error names the place', () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-place-'));
  try {
    const file = join(root, 'file');
    writeFileSync(file, 'no directory');
    for (const path of [file, join(file, 'below')]) {
      throws(
        () => open(path, SMALL),
        (error: SqlError) => /^[0-9A-Z]{5}$/.test(error.code) && error.message.includes(file),
      );
    }
    throws(() => open(join(root, 'none'), { ...SMALL, create: false }), { code: '3D000' });
    strictEqual(existsSync(join(root, 'none')), false);
    throws(
      () => open(join(root, 'odd'), { ...SMALL, cacheSize: 'many' }),
      (error: Error) => error.message.includes('cacheSize'),
    );
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('a directory without the right to write is refused with its path, and left as it was', { skip: WITHOUT_RIGHTS }, () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-rights-'));
  const directory = join(root, 'db');
  try {
    const db = open(directory, SMALL);
    db.exec('create table t (x integer)');
    db.close();
    for (const path of [root, directory]) chmodSync(path, 0o555);
    const script = `
      const { open } = await import(${JSON.stringify(API)});
      for (const path of ${JSON.stringify([directory, join(root, 'new')])}) {
        try { open(path); console.log('opened'); } catch (error) { console.log(error.code, error.message.includes(path)); }
      }`;
    const child = spawnSync(process.execPath, [...process.execArgv, '--input-type=module', '--eval', script], {
      encoding: 'utf8',
      ...OTHER_USER,
    });
    strictEqual(child.stdout, '58030 true\n58030 true\n', child.stderr);
    for (const path of [root, directory]) chmodSync(path, 0o755);
    const again = open(directory, SMALL);
    deepStrictEqual(again.prepare('select count(*) as n from t').get(), { n: 0 });
    again.close();
  } finally {
    for (const path of [root, directory]) chmodSync(path, 0o755);
    rmSync(root, { recursive: true, force: true });
  }
});

// ---- handles ----

test('a closed database, its statements, sessions and iterators say that they are closed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-closed-'));
  try {
    const db = open(join(root, 'db'), SMALL);
    tables(db);
    const select = db.prepare('select v from t where id = $1');
    const move = db.transaction((id: number) => select.get(id));
    const session = db.session();
    await session.run('begin');
    await session.run('update t set v = 9 where id = 9');
    const rows = db.prepare('select id from t order by id').iterate();
    strictEqual(rows.next().value?.id, 0);
    const other = db.session();
    await other.close();
    await rejects(other.run('select 1'), { code: '08003' });
    db.close();
    db.close();
    throws(() => db.prepare('select 1'), { code: '57P01' });
    throws(() => db.exec('select 1'), { code: '57P01' });
    throws(() => db.session(), { code: '57P01' });
    throws(() => select.get(1), { code: '57P01' });
    throws(() => select.iterate(1).next(), { code: '57P01' });
    throws(() => move(1), { code: '57P01' });
    throws(() => db.query('select 1'), { code: '57P01' });
    throws(() => db.check(), { code: '57P01' });
    await rejects(session.run('select 1'), (error: SqlError) => error.code === '57P01' || error.code === '08003');
    await session.close();
    const again = open(join(root, 'db'), SMALL);
    deepStrictEqual(again.prepare('select v from t where id = 9').get(), { v: 0 });
    again.close();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test(
  'an iterator that is open at commit, rollback, or another statement gives what it saw when it began',
  withDatabase((db) => {
    tables(db);
    const all = db.prepare('select id, v from t order by id');
    for (const end of ['commit', 'rollback', 'rollback to s; commit']) {
      db.exec('begin; update t set v = 5; savepoint s');
      const rows = all.iterate();
      rows.next();
      db.exec('update t set v = 6');
      db.exec(end);
      const rest = [...rows];
      strictEqual(rest.length, 499, end);
      ok(
        rest.every(({ v }) => v === 5),
        end,
      );
      db.exec('update t set v = 0');
    }
    // One that is given up half way holds nothing.
    for (const row of all.iterate()) if (row.id === 3) break;
    using some = all.iterate();
    some.next();
    some.return?.();
    db.exec('drop index t_v; drop table t');
    throws(() => all.get(), { code: '42P01' });
  }),
);

test(
  'functions of transactions: what they throw comes out, and takes back what it must',
  withDatabase((db) => {
    tables(db);
    const set = db.prepare('update t set v = $2 where id = $1');
    const values = (): unknown => db.prepare('select v from t where id < 3 order by id').raw().all().flat();
    const inner = db.transaction((id: number, fails: boolean) => {
      set.run(id, 1);
      if (fails) throw new TypeError('inner');
    });
    const outer = db.transaction((fails: boolean) => {
      set.run(0, 1);
      throws(() => inner(1, true), TypeError);
      inner(2, false);
      if (fails) throw new RangeError('outer');
    });
    throws(() => outer(true), RangeError);
    deepStrictEqual(values(), [0, 0, 0]);
    outer(false);
    deepStrictEqual(values(), [1, 0, 1]);
    // What is not an error is thrown as well.
    throws(
      () =>
        db.transaction(() => {
          set.run(1, 8);
          throw 'text';
        })(),
      (thrown: unknown) => thrown === 'text',
    );
    // An error that is swallowed does not let half of it be committed.
    throws(
      () =>
        db.transaction(() => {
          set.run(1, 8);
          try {
            db.exec('select 1/0');
          } catch {}
        })(),
      { code: '25P02' },
    );
    // Ends of its own, and the end of the whole database.
    db.transaction(() => {
      set.run(1, 2);
      db.exec('commit');
    })();
    deepStrictEqual(values(), [1, 2, 1]);
    throws(() => db.transaction(() => db.close())(), { code: '57P01' });
    strictEqual(db.isOpen, false);
  }),
);

test(
  'a row whose key is too long for an index is refused as a whole, and its transaction goes on and ends',
  withDatabase((db) => {
    const long = 'x'.repeat(3000);
    for (const index of ['index i on t (b)', 'index i on t using hash (b)', 'unique index i on t (b)', 'index i on t (b, c)']) {
      db.exec(`create table t (a integer primary key, b text, c text); create unique index t_c on t (c); create ${index}`);
      const insert = db.prepare('insert into t values ($1, $2, $3)');
      insert.run(1, 'short', 'one');
      throws(() => insert.run(2, long, 'two'), { code: '54000' }, index);
      throws(() => db.exec(`insert into t values (3, 'short 3', 'three'), (4, '${long}', 'four')`), { code: '54000' });
      db.exec("begin; insert into t values (5, 'short 5', 'five'); savepoint s");
      throws(() => insert.run(2, long, 'two'), { code: '54000' });
      db.exec('rollback to s; savepoint u');
      throws(() => db.prepare('update t set b = $1 where a = 5').run(long), { code: '54000' });
      db.exec("rollback to u; insert into t values (2, 'short 2', 'two'); commit");
      throws(() => insert.run(6, 'short 6', 'two'), { code: '23505' });
      db.exec('begin');
      throws(() => insert.run(7, long, 'seven'), { code: '54000' });
      db.exec('rollback');
      deepStrictEqual(db.prepare('select a, b from t order by b').raw().all(), [
        [1, 'short'],
        [2, 'short 2'],
        [5, 'short 5'],
      ]);
      strictEqual(problemsOf(db), '');
      db.exec('drop table t');
    }
  }),
);
