/** Temporary and unlogged objects: whose they are, and when they go. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Database, open } from '../../engine/api/api.ts';
import { ROW_DONE } from '../../engine/txn/transactions.ts';
import { problemsOf, SMALL, withDatabase } from './with-database.ts';

/** Relations that are temporary, as the system tables of this boot have them, whoever made them. */
const temporaries = (db: Database): number => {
  const { engine } = db;
  return (engine.catalog as unknown as { kernel: typeof db.kernel }).kernel.enter(() => {
    const tx = db.kernel.begin();
    let count = 0;
    try {
      db.kernel.statement(tx, 0, false, () => {
        db.kernel.tables.byId(TEMPORARY_OBJECTS).scan(tx, () => void count++);
        return ROW_DONE;
      });
    } finally {
      db.kernel.rollback(tx);
    }
    return count;
  });
};

const { SYS_TEMPORARY_OBJECTS: TEMPORARY_OBJECTS } = await import('../../engine/catalog/system-tables.ts');

const names = (rows: unknown[]): unknown[] => rows.map((row) => Object.values(row as object)[0]);

test(
  "a temporary table is its session's alone, hides one of the same name, and goes with the session",
  withDatabase(async (db) => {
    db.exec('create table t (x integer); insert into t values (1)');
    const one = db.session();
    const two = db.session();
    await one.run('create temporary table t (x integer primary key, s serial, y text unique)');
    await one.run("insert into t (x, y) values (10, 'a'), (11, 'b')");
    deepStrictEqual(names((await one.run('select x from t order by x')).rows), [10, 11]);
    deepStrictEqual(names((await two.run('select x from t')).rows), [1]);
    await two.run('create temporary table t (z integer)');
    await two.run('create temporary sequence numbers');
    await two.run("insert into t values (nextval('numbers'))");
    deepStrictEqual((await two.run('select z from t')).rows, [{ z: 1 }]);
    strictEqual(temporaries(db) > 4, true);
    await one.close();
    await two.run("insert into t values (nextval('numbers'))");
    await two.close();
    strictEqual(temporaries(db), 0);
    deepStrictEqual(db.prepare('select x from t').all(), [{ x: 1 }]);
    strictEqual(problemsOf(db), '');
  }),
);

test(
  'a session that ends inside a block takes its temporary tables along too',
  withDatabase(async (db) => {
    const session = db.session();
    await session.run('create temporary table kept (x integer)');
    await session.run('begin');
    await session.run('create temporary table open (x integer)');
    await session.run('insert into kept values (1)');
    await session.close();
    strictEqual(temporaries(db), 0);
    const readOnly = db.session();
    await readOnly.run('create temporary table r (x integer)');
    await readOnly.run('set default_transaction_read_only = on');
    await readOnly.close();
    strictEqual(temporaries(db), 0);
  }),
);

test(
  'on commit delete rows and on commit drop happen with the commit, preserve rows does not',
  withDatabase((db) => {
    db.exec(`create temporary table kept (x integer) on commit preserve rows;
      create temporary table emptied (x integer primary key) on commit delete rows;`);
    db.exec('begin; insert into kept values (1); insert into emptied values (1), (2)');
    deepStrictEqual(db.prepare('select count(*) as n from emptied').get(), { n: 2 });
    db.exec('create temporary table gone (x integer) on commit drop; insert into gone values (1)');
    db.exec('commit');
    deepStrictEqual(db.prepare('select count(*) as n from emptied').get(), { n: 0 });
    deepStrictEqual(db.prepare('select count(*) as n from kept').get(), { n: 1 });
    throws(() => db.prepare('select * from gone'), { code: '42P01' });
    db.exec('insert into emptied values (1)');
    deepStrictEqual(db.prepare('select count(*) as n from emptied').get(), { n: 0 });
    db.exec('begin; insert into emptied values (1); rollback');
    deepStrictEqual(db.prepare('select count(*) as n from emptied').get(), { n: 0 });
    db.exec('begin; create temporary table never (x integer) on commit drop; rollback');
    throws(() => db.prepare('select * from never'), { code: '42P01' });
    // A transaction that only reads may write to what is temporary.
    db.exec('begin read only; insert into emptied values (5); commit');
    deepStrictEqual(db.prepare('select count(*) as n from emptied').get(), { n: 0 });
    throws(() => db.exec('create table p (x integer) on commit drop'), { code: '42P16' });
    strictEqual(problemsOf(db), '');
  }),
);

test(
  'on commit works for sessions of an event loop, which do not wait for it',
  withDatabase(async (db) => {
    const session = db.session();
    await session.run('create temporary table emptied (x integer) on commit delete rows');
    await session.transaction(async (inside) => {
      await inside.run('insert into emptied values (1), (2)');
      deepStrictEqual((await inside.run('select count(*) as n from emptied')).rows, [{ n: 2 }]);
    });
    deepStrictEqual((await session.run('select count(*) as n from emptied')).rows, [{ n: 0 }]);
    await session.run('insert into emptied values (1)');
    deepStrictEqual((await session.run('select count(*) as n from emptied')).rows, [{ n: 0 }]);
    await session.close();
  }),
);

test(
  'temporary tables made and dropped again and again do not fill the temporary file',
  withDatabase((db) => {
    const pages = (): number => db.kernel.parts.files.temporary.size();
    const round = (): void => {
      db.exec('create temporary table t (x integer primary key, filler text)');
      const insert = db.prepare('insert into t values ($1, $2)');
      db.transaction(() => {
        for (let x = 0; x < 500; x++) insert.run(x, 'f'.repeat(500));
      })();
      db.exec('drop table t');
    };
    for (let times = 0; times < 8; times++) round();
    const before = pages();
    for (let times = 0; times < 40; times++) round();
    strictEqual(pages() <= before * 2, true, `${before} bytes became ${pages()}`);
  }),
);

test('after a crash nothing temporary is there, unlogged tables are empty, and both can be used', () => {
  const root = mkdtempSync(join(tmpdir(), 'scratchbird-unlogged-'));
  try {
    const directory = join(root, 'db');
    const script = `
      const { open } = await import(${JSON.stringify(new URL('../../engine/api/api.ts', import.meta.url).href)});
      const db = open(${JSON.stringify(directory)}, ${JSON.stringify(SMALL)});
      db.exec(\`create unlogged table u (id serial primary key, v text unique);
        create index u_v on u (upper(v));
        create table l (id serial primary key, v text);
        create temporary table t (id serial primary key);
        create temporary sequence ts;\`);
      for (let i = 0; i < 300; i++) {
        db.exec(\`insert into u (v) values ('\${i}'); insert into l (v) values ('\${i}'); insert into t default values\`);
        if (i === 150) db.checkpoint();
      }
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawnSync(process.execPath, [...process.execArgv, '--input-type=module', '--eval', script], {
      timeout: 60_000,
      encoding: 'utf8',
    });
    strictEqual(child.signal, 'SIGKILL', child.stderr);
    const db = open(directory, SMALL);
    deepStrictEqual(db.prepare('select count(*) as n from u').get(), { n: 0 });
    deepStrictEqual(db.prepare('select count(*) as n, max(id) as last from l').get(), { n: 300, last: 300 });
    throws(() => db.prepare('select * from t'), { code: '42P01' });
    strictEqual(temporaries(db), 0);
    strictEqual(problemsOf(db), '');
    db.exec("insert into u (v) values ('1'); create temporary table t (id serial primary key); insert into t default values");
    throws(() => db.exec("insert into u (v) values ('1')"), { code: '23505' });
    deepStrictEqual(db.prepare("select v from u where upper(v) = '1'").all(), [{ v: '1' }]);
    strictEqual((db.prepare('select id from u').get() as { id: number }).id > 300, true);
    db.close();
    const again = open(directory, SMALL);
    deepStrictEqual(again.prepare('select count(*) as n from u').get(), { n: 1 });
    strictEqual(problemsOf(again), '');
    again.close();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
