/** Foreign keys under two threads: no reference is lost, nobody is refused without a reason. */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { type Database, open } from '../../engine/api/api.ts';
import { run } from './steps.ts';
import type { SqlThread } from './threads.ts';
import { twoThreads, waitsForEnd } from './two-threads.ts';

const threads = twoThreads();

/** Parents p 1 to 3, children c of them; and two threads. */
function withTwo(body: (one: SqlThread, two: SqlThread, db: Database) => Promise<void>, action = ''): () => Promise<void> {
  return () =>
    threads.run(async (one, two, db) => {
      db.exec('drop table if exists c; drop table if exists p');
      db.exec('create table p (id integer primary key, v integer not null default 0)');
      db.exec(`create table c (id integer primary key, pid integer references p ${action})`);
      db.exec('insert into p (id) values (1), (2), (3)');
      await body(one, two, db);
      const lost = 'select count(*)::int4 as n from c where pid is not null and not exists (select 1 from p where p.id = c.pid)';
      deepStrictEqual(db.prepare(lost).all(), [{ n: 0 }], 'a reference is lost');
    });
}

test(
  'who deletes a row waits for one that refers to it, and is refused when that one has committed',
  withTwo(async (one, two) => {
    await waitsForEnd([one, 'insert into c values (1, 1)'], [two, 'delete from p where id = 1'], 'commit', '23503');
    await waitsForEnd([one, 'insert into c values (2, 2)'], [two, 'delete from p where id = 2'], 'rollback', '');
  }),
);

test(
  'who refers to a row that is being deleted waits, and is refused when it has gone',
  withTwo(async (one, two) => {
    await waitsForEnd([one, 'delete from p where id = 1'], [two, 'insert into c values (1, 1)'], 'commit', '23503');
    await waitsForEnd([one, 'delete from p where id = 2'], [two, 'insert into c values (2, 2)'], 'rollback', '');
  }),
);

test(
  'rows that refer to one row do not wait for each other, nor does who changes no key of it',
  withTwo(async (one, two) => {
    await one.run('begin');
    await one.run('insert into c values (1, 1)');
    const beside = await two.step('insert into c values (2, 1)');
    strictEqual((await beside.answered).code, '');
    const changed = await two.step('update p set v = v + 1 where id = 1');
    strictEqual((await changed.answered).code, '');
    const key = await two.step('update p set id = 10 where id = 1');
    ok(!key.isAnswered);
    await one.run('commit');
    strictEqual((await key.answered).code, '23503');
  }),
);

test(
  'a cascade takes along what has come meanwhile',
  withTwo(async (one, two, db) => {
    await one.run('begin');
    await one.run('insert into c values (1, 1), (2, 2)');
    const gone = await two.step('delete from p where id = 1');
    ok(!gone.isAnswered);
    await one.run('commit');
    strictEqual((await gone.answered).code, '');
    deepStrictEqual(db.prepare('select id from c order by id').all(), [{ id: 2 }]);
  }, 'on delete cascade'),
);

test(
  'at repeatable read nobody deletes what a newer row refers to',
  withTwo(async (one, two) => {
    await two.run('begin isolation level repeatable read');
    await two.run('select count(*) from c');
    await one.run('insert into c values (1, 1)');
    const gone = await two.step('delete from p where id = 1');
    strictEqual((await gone.answered).code, '40001');
    await two.run('rollback');
    await two.run('begin isolation level repeatable read');
    await two.run('select count(*) from c');
    const free = await two.step('delete from p where id = 3');
    strictEqual((await free.answered).code, '');
    await two.run('commit');
  }),
);

test(
  'references put off to the commit are found out there, also when another one has taken the row away',
  withTwo(async (one, two, db) => {
    db.exec('drop table c');
    db.exec('create table c (id int primary key, pid int references p deferrable initially deferred)');
    await one.run('begin');
    await one.run('insert into c values (1, 50)');
    await two.run('insert into p (id) values (50)');
    strictEqual((await (await one.step('commit')).answered).code, '');
    await one.run('begin');
    await one.run('insert into c values (2, 60)');
    strictEqual((await (await one.step('commit')).answered).code, '23503');
  }),
);

const ROUNDS = 120;

test(
  'two threads put in and take away at random: no reference is ever lost',
  withTwo(async (one, two) => {
    const work = async (thread: SqlThread, from: number): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        const parent = 1 + ((round * 7 + from) % 3);
        await (await thread.step(`insert into c values (${from + round}, ${parent})`)).answered;
        await (await thread.step(`delete from p where id = ${parent}`)).answered;
        await (await thread.step(`insert into p (id) values (${parent}) on conflict do nothing`)).answered;
        if (round % 3 === 0) await (await thread.step(`delete from c where pid = ${parent}`)).answered;
      }
    };
    await Promise.all([work(one, 1000), work(two, 5000)]);
  }),
);

test('behind ROLLBACK TO a savepoint what was put off before it is so again, and what was put off behind it is not', () => {
  const refused = '23503 insert or update on table "c" violates foreign key constraint "c_pid_fkey"';
  run([
    ['create table p (id int primary key)', 0],
    ['create table c (pid int references p deferrable initially deferred)', 0],
    ['begin', 0],
    ['insert into c values (1)', 1],
    ['savepoint s', 0],
    ['insert into p values (1)', 1],
    ['set constraints all immediate', 0],
    ['rollback to s', 0],
    ['commit', refused],
    ['begin', 0],
    ['savepoint s', 0],
    ['insert into c values (2)', 1],
    ['set constraints all immediate', refused],
    ['rollback to s', 0],
    ['alter table c add column more int', 0],
    ['insert into c values (3)', 1],
    ['insert into p values (3)', 1],
    ['commit', 0],
    ['select pid from c', [[3]]],
  ]);
});

test('in the role of a replica nothing is looked after; only superusers take it', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec(
    'create table p (id int primary key); create table c (pid int references p on delete cascade); insert into p values (1)',
  );
  const insert = db.prepare('insert into c values (9)');
  const fails = (text: string): string => {
    try {
      db.exec(text);
      return '';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  strictEqual(fails('insert into c values (9)'), '23503');
  db.exec('set session_replication_role = replica');
  insert.run();
  db.exec('insert into c values (1); delete from p');
  deepStrictEqual(db.prepare('select pid from c order by 1').raw().all(), [[1], [9]]);
  db.exec('reset session_replication_role; create role joe; set role joe');
  strictEqual(fails('set session_replication_role = replica'), '42501');
  db.exec('reset role');
  strictEqual(fails('insert into c values (9)'), '23503');
});
