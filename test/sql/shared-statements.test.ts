/** Statements that threads and sessions share (SBLR-N2, N3): what is bound once, and what must be bound anew. */

import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { attach, type Database } from '../../engine/api/api.ts';
import type { SqlCatalog } from '../../engine/api/sql-catalog.ts';
import { entered } from '../../engine/exec/run.ts';
import { withDatabase } from './with-database.ts';

const ITEM = 'create table item (id integer primary key, name text not null, price numeric(10,2), at timestamptz)';

/** Statements that this thread has bound itself while `body` ran. */
function bound(db: Database, body: () => void): number {
  const before = db.engine.cache.bound;
  body();
  return db.engine.cache.bound - before;
}

/** Forgets what this thread knows, as if it were another one. */
function forget(db: Database): void {
  db.engine.sharing.flush();
  db.engine.cache.clear();
}

/** In a worker: its answers, and how many statements it bound. */
function elsewhere(db: Database, texts: readonly string[]): Promise<{ rows: unknown[]; bound: number }> {
  const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { attach } = await import(workerData.api);
    const db = attach(workerData.handle);
    const rows = workerData.texts.map((text) => db.prepare(text).all());
    const { bound } = db.engine.cache;
    db.close();
    parentPort.postMessage({ rows, bound });`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { handle: db.handle, texts, api: new URL('../../engine/api/api.ts', import.meta.url).href },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test(
  'what one thread has bound another one runs without binding it',
  withDatabase(async (db) => {
    db.exec(
      `${ITEM}; insert into item values (1, 'nut', 0.05, '2026-01-02'), (2, 'bolt', 9007199254740993.5 - 9007199254740990, null)`,
    );
    const texts = [
      'select id, name, price, at from item where id = 1',
      "select name, count(*) as n, sum(price), case when max(price) > 1.5 then 'much' else 'little' end as c from item where price between 0 and 99.5 and name like 'n%' group by 1 having count(*) > 0 order by n desc, 1 limit 10",
      "update item set price = price * 2, name = name || 'x' where id in (1, 7, 9) and at < timestamptz '2030-01-01' returning *",
      "insert into item values (30, 'x', 1, now() - interval '1 day'), (31, 'y', null, null) on conflict (id) do update set name = excluded.name returning id, name",
      'select -0.0::float8 as zero, 9223372036854775807 as big, 1e400::numeric as huge, $$a$$::bytea as bytes',
      'select relname from pg_class where relname = $$item$$',
      'delete from item where id >= 30 returning id',
    ];
    const here = texts.map((text) => db.prepare(text).all());
    db.exec("delete from item; insert into item values (1, 'nut', 0.05, '2026-01-02'), (2, 'bolt', 3.50, null)");
    const there = await elsewhere(db, texts);
    deepStrictEqual(there.rows, here);
    strictEqual(there.bound, 0);
  }),
);

test(
  'a shared statement gives the bound form that was bound, and the same plan',
  withDatabase((db) => {
    db.exec(ITEM);
    const text =
      "select name, -0.0::float8, interval '1 day' from item where price > 1.5 and id = $1 order by at desc nulls last";
    const first = db.prepare(text);
    first.all(1);
    const { shape } = db.connection.prepare(text);
    forget(db);
    const other = db.connection.prepare(text).shape;
    ok(other !== shape && other.tokens === null);
    deepStrictEqual(other.parts, shape.parts);
    deepStrictEqual(other.module, shape.module);
  }),
);

test(
  'after DDL a statement is bound anew, and shared again',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 'nut', 1, null)`);
    const text = 'select * from item where id = 1';
    db.prepare(text).all();
    forget(db);
    strictEqual(
      bound(db, () => db.prepare(text).all()),
      0,
    );
    db.exec('create index item_name on item (name)');
    forget(db);
    strictEqual(
      bound(db, () => db.prepare(text).all()),
      1,
    );
    forget(db);
    strictEqual(
      bound(db, () => db.prepare(text).all()),
      0,
    );
    db.exec("drop table item; create table item (id integer, other text); insert into item values (1, 'x')");
    forget(db);
    deepStrictEqual(db.prepare(text).all(), [{ id: 1, other: 'x' }]);
    db.exec('drop table item');
    forget(db);
    throws(() => db.prepare(text), { code: '42P01', position: 15 });
  }),
);

test(
  'values of literals that shape a statement are part of its key; those of others are not',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 'b', 2, null), (2, 'a', 1, null)`);
    const ordered = (by: number, price: number): unknown[] =>
      db.prepare(`select id, name from item where price < ${price} order by ${by}`).raw().all();
    deepStrictEqual([ordered(1, 9), ordered(2, 9)], [[[1, 'b'], [2, 'a']], [[2, 'a'], [1, 'b']]]); // biome-ignore format: rows
    forget(db);
    strictEqual(
      bound(db, () => {
        deepStrictEqual(ordered(2, 8), [[2, 'a'], [1, 'b']]); // biome-ignore format: rows
        deepStrictEqual(ordered(1, 7), [[1, 'b'], [2, 'a']]); // biome-ignore format: rows
      }),
      0,
    );
    throws(() => ordered(3, 9), { code: '42P10' });
  }),
);

test(
  'the class of a literal, the settings and the names of parameters are part of the key',
  withDatabase((db) => {
    const type = (text: string): unknown => db.prepare(text).columns()[0].type;
    for (let round = 0; round < 2; round++) {
      deepStrictEqual(['select 1', 'select 3000000000', 'select 1.5', "select '1'"].map(type), [
        'int4',
        'int8',
        'numeric',
        'text',
      ]);
      deepStrictEqual(db.prepare('select :a::int + :b::int as sum').get({ b: 1, a: 2 }), { sum: 3 });
      deepStrictEqual(db.prepare('select :b::int - :a::int as sum').get({ b: 1, a: 2 }), { sum: -1 });
      forget(db);
    }
    db.exec("set timezone = 'Europe/Bern'".replace('Bern', 'Zurich'));
    const text = "select timestamptz '2026-07-01 12:00' as t";
    deepStrictEqual(db.prepare(text).get(), { t: new Date('2026-07-01T10:00:00Z') });
    db.exec("set timezone = 'UTC'");
    deepStrictEqual(db.prepare(text).get(), { t: new Date('2026-07-01T12:00:00Z') });
  }),
);

test(
  'a table that hides another one is found by statements that were bound before it',
  withDatabase(async (db) => {
    db.exec('create table t (x integer); insert into t values (1)');
    const read = db.prepare('select x from t');
    deepStrictEqual(read.all(), [{ x: 1 }]);
    db.exec('create temporary table t (x integer); insert into t values (2)');
    deepStrictEqual(read.all(), [{ x: 2 }]);
    deepStrictEqual(db.prepare('select x from t').all(), [{ x: 2 }]);
    const other = db.session();
    deepStrictEqual((await other.run('select x from t')).rows, [{ x: 1 }]);
    deepStrictEqual((await elsewhere(db, ['select x from t'])).rows, [[{ x: 1 }]]);
    db.exec('drop table t');
    deepStrictEqual(read.all(), [{ x: 1 }]);
    await other.close();
  }),
);

test(
  'a prepared statement follows settings that change what it means',
  withDatabase((db) => {
    db.exec('create table tables (x integer)');
    const read = db.prepare('select * from tables');
    deepStrictEqual(read.all(), []);
    db.exec('set search_path = information_schema, public');
    ok(read.columns().length > 1);
    ok(read.all().length > 1);
    db.exec('reset search_path');
    deepStrictEqual(read.all(), []);
  }),
);

test(
  'what is bound over uncommitted DDL stays in its transaction',
  withDatabase(async (db) => {
    db.exec('create table t (x integer)');
    const one = db.session();
    await one.run('begin');
    await one.run('drop table t');
    await one.run('create table t (x integer, y integer)');
    deepStrictEqual((await one.run('select * from t')).rows, []);
    db.engine.sharing.flush();
    await one.run('insert into t values (1, 2)');
    await one.run('rollback');
    deepStrictEqual(
      db.prepare('select * from t').columns().map(({ name }) => name), // biome-ignore format: short
      ['x'],
    );
    await one.close();
  }),
);

test(
  'rights are checked for each role, whoever has bound the statement',
  withDatabase(async (db) => {
    db.exec(`${ITEM}; insert into item values (1, 'nut', 1, null)`);
    const { catalog } = db.engine.catalog as SqlCatalog;
    const { session } = db.connection;
    const owner = (db.engine.catalog as SqlCatalog).sessionOf(session);
    const within = (body: () => void): void =>
      entered(db.engine, () => {
        session.begin({ isolation: null, readOnly: null }, 0);
        body();
        session.commitBlock();
      });
    within(() => void catalog.createRole(session.transaction as never, owner, 'ann', { login: true }));
    const { handle } = db;
    const ann = attach({ ...handle, options: { ...handle.options, user: 'ann' } });
    const table = ann.engine.catalog.reader(ann.connection.session, null).findRelation(null, 'item')?.id as number;
    const role = (): number => catalog.reader(null, owner).roles().find(({ name }) => name === 'ann')?.id as number; // biome-ignore format: short
    const text = 'select name from item where id = 1';
    db.prepare(text).get();
    db.engine.sharing.flush();
    throws(() => ann.prepare(text), { code: '42501', message: 'permission denied for table item' });
    within(() => catalog.grant(session.transaction as never, owner, table, role(), ['select']));
    db.prepare(text).get();
    db.engine.sharing.flush();
    strictEqual(
      bound(ann, () => deepStrictEqual(ann.prepare(text).get(), { name: 'nut' })),
      0,
    );
    const change = "update item set name = 'x' where id = 1";
    db.prepare(change).run();
    db.engine.sharing.flush();
    throws(() => ann.prepare(change), { code: '42501' });
    within(() => catalog.grant(session.transaction as never, owner, table, role(), []));
    throws(() => ann.prepare(text), { code: '42501' });
    ann.close();
  }),
);

test(
  'statements that are used once are shared when the event loop turns, once others can have the database; figures say how many',
  withDatabase(async (db) => {
    db.exec(ITEM);
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    db.prepare('select name from item').all();
    await turn();
    strictEqual(db.stats().statements.shared.count, 0);
    strictEqual(db.handle.kernel, db.kernel.handle);
    const before = db.stats().statements.shared.count;
    ok(before >= 1);
    db.prepare('select id from item').all();
    await turn();
    ok(db.stats().statements.shared.count > before);
    const { shared } = db.stats().statements;
    ok(shared.count >= 1 && shared.bytes > 0);
    await rejects(async () => db.query('select nosuch from item'), { code: '42703' });
  }),
);
