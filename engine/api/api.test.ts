import { deepStrictEqual, ok, rejects, strictEqual, throws } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { type Database, open, type OpenOptions } from './api.ts';

const SMALL: OpenOptions = { cacheSize: '4MB', logSegment: '1MB', pool: 0 };

function withDatabase(body: (database: Database) => void | Promise<void>, options: OpenOptions = {}): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'scratchbird-api-'));
    const database = open(join(directory, 'db'), { ...SMALL, ...options });
    try {
      await body(database);
    } finally {
      database.close();
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

const ITEM = 'create table item (id integer primary key, name text not null, price numeric(10,2))';

test(
  'what the readme shows',
  withDatabase((db) => {
    db.exec(ITEM);
    const insert = db.prepare('insert into item values ($1, $2, $3)');
    deepStrictEqual(insert.run(1, 'nut', 0.05), { changes: 1 });
    const item = db.prepare('select id, name, price from item where id = $1');
    deepStrictEqual(item.get(1), { id: 1, name: 'nut', price: '0.05' });
    strictEqual(item.get(2), undefined);
    deepStrictEqual(item.all(1), [{ id: 1, name: 'nut', price: '0.05' }]);
    deepStrictEqual([...item.iterate(1)], [{ id: 1, name: 'nut', price: '0.05' }]);
    deepStrictEqual(db.prepare('select id, name from item').raw().all(), [[1, 'nut']]);
    deepStrictEqual(
      item.columns().map(({ name, type }) => `${name} ${type}`),
      ['id int4', 'name text', 'price numeric'],
    );
    deepStrictEqual(insert.parameters(), ['int4', 'text', 'numeric']);
  }),
);

test(
  'a transaction is committed when its function returns and rolled back when it throws; nested ones are savepoints',
  withDatabase((db) => {
    db.exec(ITEM);
    const insert = db.prepare('insert into item values ($1, $2, null)');
    const count = db.prepare('select count(*) as n from item');
    const add = db.transaction((...ids: number[]) => {
      for (const id of ids) insert.run(id, `item ${id}`);
      return ids.length;
    });
    strictEqual(add(1, 2), 2);
    throws(() => add(3, 3), { code: '23505' });
    deepStrictEqual(count.get(), { n: 2 });
    db.transaction(() => {
      insert.run(10, 'outer');
      throws(() => add(11, 11), { code: '23505' });
      insert.run(12, 'outer still');
    })();
    deepStrictEqual(db.prepare('select id from item where id >= 10 order by id').raw().all(), [[10], [12]]);
    strictEqual(db.inTransaction, false);
    throws(() => db.transaction(async () => 1)(), /asynchronous/);
    strictEqual(db.inTransaction, false);
  }),
);

test(
  'an error in a block fails it until it is rolled back, or back to a savepoint',
  withDatabase((db) => {
    db.exec(ITEM);
    db.exec('begin; insert into item values (1, $$a$$, null); savepoint s');
    throws(() => db.exec('insert into item values (1, $$b$$, null)'), { code: '23505' });
    throws(() => db.prepare('select 1'), { code: '25P02' });
    db.exec('rollback to s; insert into item values (2, $$b$$, null); commit');
    deepStrictEqual(db.prepare('select count(*) as n from item').get(), { n: 2 });
    db.exec('begin');
    throws(() => db.exec('select nosuch from item'), { code: '42703', position: 8 });
    strictEqual(db.execute('commit')?.tag, 'ROLLBACK');
  }),
);

test(
  'a text of several statements is one transaction',
  withDatabase((db) => {
    throws(() => db.exec(`${ITEM}; insert into item values (1, 'a', 1); select 1/0`), { code: '22012' });
    throws(() => db.prepare('select * from item'), { code: '42P01' });
    db.exec(`${ITEM}; insert into item values (1, 'a', 1);;`);
    deepStrictEqual(db.prepare('select id from item').all(), [{ id: 1 }]);
  }),
);

test(
  'errors name code, place, and what to do',
  withDatabase((db) => {
    throws(() => db.prepare('selec 1'), {
      name: 'SqlError',
      code: '42601',
      position: 1,
      message: 'syntax error at or near "selec"',
    });
    throws(() => db.prepare("select 'a' +\n 1 + nosuch"), { code: '42703', position: 19 });
    throws(() => db.prepare('select $1 + 1').get(), { code: '08P01' });
    throws(() => db.prepare('select $1::int').get('x'), { code: '22P02' });
    throws(() => db.prepare('select 1; select 2'), { code: '42601' });
    throws(() => db.prepare(''), { code: '42601' });
    db.exec(`${ITEM}; insert into item values (1, 'a', 1)`);
    throws(() => db.exec("insert into item values (1, 'b', 1)"), { code: '23505', detail: 'Key (id)=(1) already exists.' });
  }),
);

test(
  'values of JavaScript become those of SQL and come back by the documented rules',
  withDatabase((db) => {
    db.exec(
      `create table v (i bigint, f double precision, n numeric, t text, b boolean, y bytea, d date, ts timestamptz, iv interval, u uuid, j jsonb)`,
    );
    const at = new Date('2026-11-21T12:00:00.123Z');
    const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
    db.prepare('insert into v values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11)').run(
      9007199254740993n,
      0.1,
      '123456789012345678901234567890.5',
      'ä',
      true,
      new Uint8Array([1, 2]),
      at,
      at,
      '1 day',
      uuid,
      { a: [1, null] },
    );
    const row = db.prepare('select * from v').get();
    deepStrictEqual(
      { ...row, y: [...(row as { y: Uint8Array }).y] },
      {
        i: 9007199254740993n,
        f: 0.1,
        n: '123456789012345678901234567890.5',
        t: 'ä',
        b: true,
        y: [1, 2],
        d: '2026-11-21',
        ts: at,
        iv: '1 day',
        u: uuid,
        j: { a: [1, null] },
      },
    );
    db.prepare('insert into v (i, t) values (:i, :t)').run({ i: null, t: undefined });
    deepStrictEqual(db.prepare('select i, t from v where f is null').get(), { i: null, t: null });
    throws(() => db.prepare('insert into v (i) values ($1)').run(1.5), { code: '22P02' });
    throws(() => db.prepare('insert into v (i) values ($1)').run(2n ** 63n), { code: '22003' });
    throws(() => db.prepare('insert into v (t) values ($1)').run({}), { code: '22P02' });
  }),
);

test(
  'an iterator gives the state when it began, whatever happens meanwhile',
  withDatabase((db) => {
    db.exec('create table n (id integer primary key)');
    const insert = db.prepare('insert into n values ($1)');
    db.transaction(() => {
      for (let id = 0; id < 3000; id++) insert.run(id);
    })();
    const seen: number[] = [];
    for (const row of db.prepare('select id from n').iterate()) {
      seen.push(row.id as number);
      if (seen.length % 100 === 0) db.prepare('delete from n where id = $1').run(2999 - seen.length / 100);
    }
    strictEqual(seen.length, 3000);
    strictEqual(new Set(seen).size, 3000);
    const some = db.prepare('select id from n order by id').iterate();
    strictEqual(some.next().value?.id, 0);
    db.exec('drop table n');
    strictEqual([...some].length, 3000 - 30 - 1);
  }),
);

test(
  'sessions of an event loop wait for each other without blocking it',
  withDatabase(async (db) => {
    db.exec(`${ITEM}; insert into item values (1, 'a', 1)`);
    const one = db.session();
    const two = db.session();
    await one.run('begin');
    await one.run('update item set name = $1 where id = 1', ['one']);
    const waiting = two.run('update item set name = name || $1 where id = 1 returning name', [' two']);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await one.run('commit');
    deepStrictEqual(await waiting, { rows: [{ name: 'one two' }], changes: 1 });
    await rejects(one.run('select 1/0'), { code: '22012' });
    strictEqual(await one.transaction(async (session) => (await session.run('select 7 as n')).rows[0].n), 7);
    await one.close();
    await two.close();
  }),
);

test(
  'the event loop turns while a long statement runs, which can be cancelled or run out of time',
  withDatabase(async (db) => {
    db.exec('create table big (id integer primary key, v text)');
    const insert = db.prepare('insert into big values ($1, $2)');
    db.transaction(() => {
      for (let id = 0; id < 60_000; id++) insert.run(id, `value ${id}`);
    })();
    const session = db.session();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const { rows } = await session.run('select count(*) as n from big where upper(v) <> lower(v)');
    clearInterval(timer);
    deepStrictEqual(rows, [{ n: 60_000 }]);
    ok(turns > 0);
    const abort = new AbortController();
    const long = session.run('select count(*) from big where upper(v) <> lower(v)', [], { signal: abort.signal });
    setTimeout(() => abort.abort(), 2);
    await rejects(long, { code: '57014' });
    await session.run('set statement_timeout = 3');
    await rejects(session.run('select count(*) from big where upper(v) <> lower(v)'), {
      code: '57014',
      message: /statement timeout/,
    });
    await session.run('set statement_timeout = 0');
    strictEqual((await session.run('select count(*) as n from big')).rows[0].n, 60_000);
    await session.close();
  }),
);

test(
  'queries on another thread: all rows, row by row, errors, and what is not wanted any more',
  withDatabase(async (db) => {
    db.exec('create table n (id integer primary key)');
    const insert = db.prepare('insert into n values ($1)');
    db.transaction(() => {
      for (let id = 0; id < 20_000; id++) insert.run(id);
    })();
    deepStrictEqual(await db.query('select count(*) as n from n where id < $1', [100]), [{ n: 100 }]);
    let sum = 0;
    for await (const row of db.query<{ id: number }>('select id from n')) sum += row.id;
    strictEqual(sum, (19_999 * 20_000) / 2);
    let some = 0;
    for await (const _ of db.query('select id from n')) if (++some === 10) break;
    await rejects(async () => db.query('select nosuch from n'), { code: '42703' });
    await rejects(async () => db.query('select 1', [], { signal: AbortSignal.abort(new Error('no')) }), /no/);
    deepStrictEqual(await db.query('select 1 as one'), [{ one: 1 }]);
  }),
);

test(
  'another thread attaches by the handle and sees the same rows',
  withDatabase(async (db) => {
    db.exec(`${ITEM}; insert into item values (1, 'here', null)`);
    const source = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { attach } = await import(workerData.api);
    const db = attach(workerData.handle);
    const before = db.prepare('select name from item where id = 1').get();
    db.prepare('insert into item values (2, $1, null)').run('there');
    db.exec('create table made (x integer)');
    db.close();
    parentPort.postMessage(before);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
      workerData: { handle: db.handle, api: new URL('./api.ts', import.meta.url).href },
    });
    const before = await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    deepStrictEqual(before, { name: 'here' });
    deepStrictEqual(db.prepare('select name from item where id = 2').get(), { name: 'there' });
    deepStrictEqual(db.prepare('select count(*) as n from made').get(), { n: 0 });
  }),
);

test(
  'a prepared statement follows changes of what it reads',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 'a', 1)`);
    const all = db.prepare('select * from item where id = 1');
    deepStrictEqual(all.get(), { id: 1, name: 'a', price: '1.00' });
    db.exec('create index item_name on item (name)');
    deepStrictEqual(all.get(), { id: 1, name: 'a', price: '1.00' });
    db.exec('drop table item');
    throws(() => all.get(), { code: '42P01' });
    db.exec("create table item (id integer, other text); insert into item values (1, 'b')");
    deepStrictEqual(all.get(), { id: 1, other: 'b' });
  }),
);

test('what is in memory is gone when it is closed', () => {
  const database = open(':memory:', SMALL);
  database.exec('create table t (x integer); insert into t values (1)');
  deepStrictEqual(database.prepare('select x from t').all(), [{ x: 1 }]);
  database.close();
  throws(() => database.prepare('select 1'), { code: '57P01' });
  throws(() => open(join(tmpdir(), 'scratchbird-no-such-database'), { create: false }), { code: '3D000' });
});
