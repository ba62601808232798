/** Statements of one row run as one function (engine/exec/direct.ts): what may come in between, and what they leave behind. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { SqlThread } from '../../test/sql/threads.ts';
import { withDatabase } from '../../test/sql/with-database.ts';

const ITEM = 'create table item (id integer primary key, n integer not null, name text)';

test(
  'a point read sees each commit, its own transaction, and the table as it is now',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 10, 'one'), (2, 20, null)`);
    const get = db.prepare('select id, n, name from item where id = $1');
    for (let round = 0; round < 3; round++) deepStrictEqual(get.get(1), { id: 1, n: 10, name: 'one' });
    strictEqual(get.get(3), undefined);
    strictEqual(get.get(null), undefined);
    deepStrictEqual(get.all(2), [{ id: 2, n: 20, name: null }]);
    deepStrictEqual(get.all(3), []);
    deepStrictEqual(get.run(2), { changes: 0, rows: [{ id: 2, n: 20, name: null }] });
    deepStrictEqual(get.raw().get(2), [2, 20, null]);
    deepStrictEqual(get.raw(false).get(2), { id: 2, n: 20, name: null });
    db.exec('begin; update item set n = 11 where id = 1');
    deepStrictEqual(get.get(1), { id: 1, n: 11, name: 'one' });
    db.exec('rollback');
    deepStrictEqual(get.get(1), { id: 1, n: 10, name: 'one' });
    db.exec('drop table item');
    throws(() => get.get(1), { code: '42P01', position: 25 });
    db.exec(`create table item (name text, n integer, id integer primary key); insert into item values ('new', 5, 1)`);
    deepStrictEqual(get.get(1), { id: 1, n: 5, name: 'new' });
  }),
);

test(
  'a table made in a transaction that is rolled back is gone for statements that used it',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 10, 'one')`);
    const get = db.prepare('select n from item where id = $1');
    deepStrictEqual(get.get(1), { n: 10 });
    db.exec('begin; drop table item; create table item (id integer primary key, n text); insert into item values (1, $$x$$)');
    deepStrictEqual(get.get(1), { n: 'x' });
    deepStrictEqual(get.get(1), { n: 'x' });
    db.exec('rollback');
    deepStrictEqual(get.get(1), { n: 10 });
  }),
);

test(
  'changes by key in a block: counts, RETURNING, errors that fail it, savepoints',
  withDatabase((db) => {
    db.exec(ITEM);
    const insert = db.prepare('insert into item values ($1, $2, $3)');
    const update = db.prepare('update item set n = n + $2 where id = $1 returning n, name');
    const remove = db.prepare('delete from item where id = $1');
    const lock = db.prepare('select n from item where id = $1 for update');
    db.exec('begin');
    for (let id = 1; id <= 3; id++) deepStrictEqual(insert.run(id, id * 10, `item ${id}`), { changes: 1 });
    deepStrictEqual(update.run(2, 1), { changes: 1, rows: [{ n: 21, name: 'item 2' }] });
    deepStrictEqual(update.run(9, 1), { changes: 0, rows: [] });
    deepStrictEqual(update.get(2, 1), { n: 22, name: 'item 2' });
    deepStrictEqual(lock.get(3), { n: 30 });
    strictEqual(lock.get(9), undefined);
    db.exec('savepoint here');
    throws(() => insert.run(2, 0, 'again'), { code: '23505' });
    throws(() => insert.run(4, 0, 'failed'), { code: '25P02' });
    throws(() => lock.get(3), { code: '25P02' });
    db.exec('rollback to savepoint here');
    throws(() => update.run(1, 2147483647), { code: '22003', position: 23 });
    db.exec('rollback to savepoint here');
    throws(() => insert.run(5, null, 'x'), { code: '23502' });
    db.exec('rollback to savepoint here');
    deepStrictEqual(remove.run(1), { changes: 1 });
    deepStrictEqual(remove.run(1), { changes: 0 });
    db.exec('commit');
    deepStrictEqual(db.prepare('select id, n from item order by id').raw().all(), [
      [2, 22],
      [3, 30],
    ]);
  }),
);

test(
  'values of other types, literals and the clock are read anew each time',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 10, 'one')`);
    const get = db.prepare('select id, $2::text as given, $3::float8 as d, $4::int8 as big from item where id = $1');
    for (const id of [1, 1n, '1', ' 1 ']) {
      deepStrictEqual(get.get(id, 'a', 1.5, 7), { id: 1, given: 'a', d: 1.5, big: 7 });
    }
    deepStrictEqual(get.get(1, 12, -0, 2n ** 62n), { id: 1, given: '12', d: -0, big: 2n ** 62n });
    deepStrictEqual(get.get(1, null, null, undefined), { id: 1, given: null, d: null, big: null });
    throws(() => get.get(1.5, 'a', 1, 1), { code: '22P02' });
    throws(() => get.get(2 ** 31, 'a', 1, 1), { code: '22003' });
    throws(() => get.get(1, 'a\0b', 1, 1), { code: '22021' });
    throws(() => get.get(1, `${'a'.repeat(50)}\0`, 1, 1), { code: '22021' });
    throws(() => get.get(1, '\ud800', 1, 1), { code: '22021' });
    throws(() => get.get(1, 'a', 1), { code: '08P01' });
    deepStrictEqual(get.get(1, 'é', 2, 3), { id: 1, given: 'é', d: 2, big: 3 });
    const zone = db.prepare("select '2026-01-01 12:00'::timestamptz as at, n from item where id = 1");
    const noon = new Date('2026-01-01T12:00:00Z').getTime();
    strictEqual((zone.get() as { at: Date }).at.getTime(), noon);
    db.exec("set timezone = 'Asia/Tokyo'");
    strictEqual((zone.get() as { at: Date }).at.getTime() === noon, false);
  }),
);

test(
  'a value that runs the same statement while it is read',
  withDatabase((db) => {
    db.exec(`${ITEM}; insert into item values (1, 10, 'one'), (2, 20, 'two')`);
    const get = db.prepare('select n, $2::text as other from item where id = $1');
    get.get(1, 'x');
    const inner: unknown[] = [];
    const value = {
      get [Symbol.toStringTag]() {
        inner.push(get.get(2, 'inner'));
        return 'Temporal.PlainDate';
      },
      toString: () => '2026-11-21',
    };
    deepStrictEqual(get.get(1, value), { n: 10, other: '2026-11-21' });
    deepStrictEqual(inner[0], { n: 20, other: 'inner' });
  }),
);

test(
  'who meets a row that another thread changes waits for it, and changes what that one left',
  withDatabase(async (db) => {
    db.exec(`${ITEM}; insert into item values (1, 10, 'one')`);
    const other = await SqlThread.start(db);
    try {
      const add = db.prepare('update item set n = n + 1 where id = $1');
      db.exec('begin');
      deepStrictEqual(add.run(1), { changes: 1 });
      await other.step('begin');
      await other.step('insert into item values (2, 0, $$two$$)');
      const call = await other.step('update item set n = n + 100 where id = 1');
      strictEqual(call.isAnswered, false);
      db.exec('commit');
      await call.answered;
      strictEqual(call.code, '');
      // Now the other one has it: this one waits until its statement's time is up.
      db.exec('set statement_timeout = 50; begin');
      throws(() => add.run(1), { code: '57014' });
      db.exec('rollback; set statement_timeout = 0');
      await other.step('commit');
      deepStrictEqual(add.run(1), { changes: 1 });
      deepStrictEqual(db.prepare('select n from item where id = $1').get(1), { n: 112 });
    } finally {
      await other.close();
    }
  }),
);
