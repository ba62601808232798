import { deepStrictEqual, rejects, strictEqual, throws } from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open } from '../api/api.ts';
import { implementations } from '../values/functions.ts';

const functions = implementations as { [name: string]: (...given: never[]) => unknown };
const upper = functions['text.upper'];
let fails = false;

before(() => {
  functions['text.upper'] = (text: never) => {
    if (fails) throw new TypeError('a bug');
    return upper(text);
  };
});
after(() => {
  functions['text.upper'] = upper;
});

const withBug = <Result>(body: () => Result): Result => {
  fails = true;
  try {
    return body();
  } finally {
    fails = false;
  }
};

test('a bug that throws leaves no transaction open: what the statement did is taken back, and nobody waits for it', async () => {
  using db = open(':memory:', { pool: 0 });
  db.exec("create table t (id integer primary key, name text); insert into t values (1, 'a'), (2, 'b')");
  const names = (): unknown[] => db.prepare('select name from t order by id').raw().all().flat();
  const change = db.prepare('update t set name = upper(name) where id > 0');
  throws(() => withBug(() => change.run()), TypeError);
  deepStrictEqual(names(), ['a', 'b']);
  const session = db.session();
  fails = true;
  await rejects(() => session.run('update t set name = upper(name)'), TypeError);
  fails = false;
  // Neither has kept a lock.
  db.exec("set lock_timeout = 100; update t set name = 'c' where id = 1");
  strictEqual(change.run().changes, 2);
  deepStrictEqual(names(), ['C', 'B']);
  await session.close();
});

test('a bug inside a block fails it, and a rollback ends it', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec("create table t (id integer primary key, name text); insert into t values (1, 'a')");
  const change = db.prepare('update t set name = upper(name)');
  const [begin, show, savepoint] = ['begin', 'show search_path', 'savepoint s'].map((text) => db.prepare(text));
  begin.run();
  db.exec('insert into t values (2, null); savepoint before');
  throws(() => withBug(() => change.run()), TypeError);
  // What was prepared before is refused like the rest.
  for (const statement of [begin, savepoint, change]) throws(() => statement.run(), { code: '25P02' });
  throws(() => show.all(), { code: '25P02' });
  db.exec('rollback to before');
  strictEqual(change.run().changes, 2);
  db.exec('rollback');
  deepStrictEqual(db.prepare('select id, name from t').raw().all(), [[1, 'a']]);
});
