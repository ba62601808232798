/** Definitions from one thread while another one changes and reads rows: each sees whole tables, and nobody hangs. */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import type { Database } from '../../engine/api/api.ts';
import { withThreads } from './threads.ts';
import { problemsOf, withDatabase } from './with-database.ts';

test(
  'indexes are made and dropped, and tables emptied and made anew, while another thread changes rows',
  withDatabase(
    async (db) => {
      db.exec(`create table t (id integer primary key, v integer not null, note text);
        create table log (id serial primary key, what text not null);
        create table empty (id integer)`);
      const change = (database: Database, count: number): { [code: string]: number } => {
        const codes: { [code: string]: number } = {};
        const insert = database.prepare('insert into t values ($1, $2, $3) on conflict (id) do update set v = excluded.v');
        const update = database.prepare('update t set v = v + 1 where v % 7 = $1 and id % 5 = $2');
        const remove = database.prepare('delete from t where id = $1');
        const note = database.prepare("insert into log (what) values ('changed')");
        const look = database.prepare('select count(*) as n, count(distinct id) as ids from t where v >= 0');
        const one = database.transaction((round: number) => {
          insert.run(round % 300, round, `note ${round}`);
          if (round % 10 === 0) update.run(round % 7, round % 5);
          if (round % 3 === 0) remove.run((round * 7) % 300);
          note.run();
        });
        for (let round = 0; round < count; round++) {
          try {
            one.retry(20)(round);
            const row = look.get() as { n: number; ids: number };
            if (row.n !== row.ids) throw new Error(`${row.n} rows of ${row.ids} ids`);
            codes.done = (codes.done ?? 0) + 1;
          } catch (error) {
            const { code } = error as { code?: string };
            // Between a drop and the next create of another transaction.
            if (code !== '42P01') throw error;
            codes[code] = (codes[code] ?? 0) + 1;
          }
        }
        return codes;
      };
      const define = (database: Database, count: number): number => {
        let made = 0;
        const all = database.transaction((text: string) => database.exec(text)).retry(50);
        for (let round = 0; round < count; round++) {
          all(`create index t_v on t (v desc, id); insert into log (what) values ('indexed')`);
          all(
            `create unique index t_both on t ((id * 2), note); create table side_${round} (id serial primary key, v text unique)`,
          );
          all(`insert into side_${round} (v) values ('a'), ('b'); drop index t_v`);
          if (round % 3 === 0) all('truncate t');
          if (round % 4 === 1) {
            all(`drop table t; create table t (id integer primary key, v integer not null, note text);
              insert into t values (1000, 1, 'new')`);
          } else all('drop index t_both');
          all(`drop table side_${round}; insert into log (what) values ('dropped')`);
          made++;
        }
        return made;
      };
      await withThreads(db, 2, async (one, two) => {
        const calls = [one.call(change, 400), two.call(define, 12)];
        for (const call of calls) strictEqual((await call.answered).code, '', String((call.error as Error)?.stack));
        ok(Number((calls[0].value as { done: number }).done) > 0);
        strictEqual(calls[1].value, 12);
      });
      const byIndex = db.prepare('select id from t where v >= 0 order by v desc, id').all().length;
      deepStrictEqual(db.prepare('select count(*) as n from t').get(), { n: byIndex });
      deepStrictEqual(db.prepare("select count(*) as n from log where what <> 'changed'").get(), { n: 24 });
      deepStrictEqual(db.prepare("select tablename from pg_tables where schemaname = 'public' order by 1").raw().all().flat(), [
        'empty',
        'log',
        't',
      ]);
      strictEqual(problemsOf(db), '');
    },
    { durability: 'off' },
  ),
);

test(
  'a statement that has waited for a definition says how many rows it changed, and uses the indexes as they are then',
  withDatabase(async (db) => {
    db.exec('create table t (id integer primary key, v integer); create index t_a on t (v); create index t_b on t (v desc, id)');
    db.exec('insert into t values (1, 10), (2, 20)');
    await withThreads(db, 2, async (one, two) => {
      const prepared = (database: Database, text: string, times: number): unknown => {
        // Compiled for the table as it is: every second time it is run anew.
        const kept = database as Database & { kept?: Map<string, ReturnType<Database['prepare']>> };
        kept.kept ??= new Map();
        const statement = kept.kept.get(text) ?? database.prepare(text);
        kept.kept.set(text, statement);
        return statement.run(...(times === 0 ? [] : [times]));
      };
      const insert = 'insert into t values ($1, 0)';
      const select = 'select id from t where v = 10 order by id';
      const update = 'update t set v = v + 0 where v = 20 returning id';
      await two.call(prepared, insert, 100).answered;
      for (const [at, end] of ['commit', 'rollback', 'commit', 'rollback'].entries()) {
        for (const change of [
          'drop index t_a',
          'create index t_c on t (id, v)',
          'truncate t; insert into t values (1, 10), (2, 20)',
        ]) {
          await one.run(`begin; ${change}`);
          for (const [text, values, right] of [
            [insert, 200 + at, { changes: 1 }],
            [update, 0, { changes: 1, rows: [{ id: 2 }] }],
            [select, 0, { changes: 0, rows: [{ id: 1 }] }],
          ] as const) {
            const call = two.call(prepared, text, values);
            await two.settle(call);
            if (text === insert) ok(!call.isAnswered, `${text} waits for ${change}`);
            await one.run(end);
            await call.answered;
            strictEqual(call.code, '', String((call.error as Error)?.stack));
            deepStrictEqual(call.value, right, `${change}, ${end}: ${text}`);
            await one.run('begin');
            await one.run('delete from t where id >= 100');
            await one.run(`commit; begin; ${end === 'commit' ? 'select 1' : change}`);
          }
          await one.run('rollback; drop index if exists t_c; drop index if exists t_a; create index t_a on t (v)');
        }
      }
    });
    strictEqual(problemsOf(db), '');
  }),
);

test(
  'a definition that waits for a reader which waits for its thread is a deadlock, and somebody gets 40P01',
  withDatabase(async (db) => {
    db.exec('create table t (id integer primary key, v integer); insert into t values (1, 1); create table other (id integer)');
    db.exec('insert into other values (1)');
    await withThreads(db, 2, async (one, two) => {
      // Thread one: a session that has only read t, and has no number; and its own connection, which then waits for two.
      const reader = one.call(async (database) => {
        const session = database.session();
        await session.run('begin isolation level repeatable read');
        await session.run('select v from t');
      });
      strictEqual((await reader.answered).code, '');
      await two.run('begin; update other set id = 2');
      const waits = one.send('update other set id = 3');
      await one.settle(waits);
      ok(!waits.isAnswered);
      const drop = two.send('drop table t');
      const loser = await Promise.race([waits.answered, drop.answered]);
      strictEqual(loser.code, '40P01');
      if (loser === drop) await two.run('rollback');
      // Thread one is free to end the reader when it is the victim; here it goes with the handle.
    });
  }),
);
