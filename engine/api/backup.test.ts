import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { open } from './api.ts';

const small = { cacheSize: '2MB', logSegment: '1MB', pool: 0 } as const;

function inDirectory(body: (directory: string) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'scratchbird-backup-'));
    try {
      await body(directory);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

test(
  'a copy made while rows are written holds every commit from before its last step, and nothing that was not committed',
  inDirectory((directory) => {
    const database = open(join(directory, 'one'), { ...small, durability: 'off' });
    database.exec('create table t (id integer primary key, v text); create index t_v on t (v)');
    const insert = database.prepare('insert into t values ($1, $2)');
    const update = database.prepare('update t set v = $2 where id = $1');
    let next = 0;
    const write = (count: number): void => {
      database.transaction(() => {
        for (let n = 0; n < count; n++, next++) insert.run(next, `row ${next}`.padEnd(400, '.'));
      })();
    };
    write(5000);
    let steps = 0;
    let before = 0;
    const copy = database.kernel.backup(join(directory, 'two'));
    for (;;) {
      before = next;
      if (copy.next().done === true) break;
      if (steps++ < 200) {
        write(50);
        update.run(steps, 'changed');
      }
    }
    strictEqual(steps > 10, true);
    database.exec('begin');
    write(10);
    database.exec('rollback');
    const copied = open(join(directory, 'two'), small);
    const report = copied.check();
    deepStrictEqual(report.problems, []);
    const rows = copied.prepare('select id, v from t order by id').raw().all() as [number, string][];
    strictEqual(rows.length >= before, true, `${rows.length} rows of ${before}`);
    rows.forEach(([id, text], at) => {
      strictEqual(id, at);
      strictEqual(text === 'changed' || text.startsWith(`row ${id}.`), true, `row ${id} is ${text}`);
    });
    copied.close();
    deepStrictEqual(database.check().problems, []);
    database.close();
  }),
);

test(
  'checkpoints wait for the copy, and go on behind it',
  inDirectory((directory) => {
    const database = open(join(directory, 'one'), small);
    database.exec('create table t (id integer primary key)');
    const copy = database.kernel.backup(join(directory, 'two'));
    copy.next();
    strictEqual(database.checkpoint(), false);
    copy.return();
    strictEqual(database.checkpoint(), true);
    database.close();
  }),
);

test(
  'a directory that holds a database is left alone',
  inDirectory((directory) => {
    const database = open(join(directory, 'one'), small);
    open(join(directory, 'two'), small).close();
    throws(() => database.kernel.backup(join(directory, 'two')).next(), { code: '42P04' });
    strictEqual(database.checkpoint(), true);
    database.close();
  }),
);

test(
  'the asynchronous call tells how far it is',
  inDirectory(async (directory) => {
    const database = open(join(directory, 'one'), small);
    database.exec('create table t (id integer primary key); insert into t values (1), (2)');
    let last = { copied: 0, total: 0 };
    await database.backup(join(directory, 'two'), { progress: (progress) => (last = progress) });
    strictEqual(last.copied > 0 && last.copied <= last.total, true);
    database.close();
    const copied = open(join(directory, 'two'), small);
    deepStrictEqual(copied.prepare('select count(*) as n from t').get(), { n: 2 });
    copied.close();
  }),
);
