/** Two threads in each other's way: locks of rows, timeouts, cancelling, unique keys, ON CONFLICT, deadlocks, sequences. */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import type { Database } from '../../engine/api/api.ts';
import { cancelSession } from '../../engine/txn/sessions.ts';
import type { Call, SqlThread } from './threads.ts';
import { twoThreads, waitsForEnd } from './two-threads.ts';
import { problemsOf } from './with-database.ts';

const threads = twoThreads();

/** Tables t, of rows (id, v) 1 to 5, and u, whose k is unique, as new; and two threads. */
function withTwo(body: (one: SqlThread, two: SqlThread, db: Database) => Promise<void>): () => Promise<void> {
  return () =>
    threads.run(async (one, two, db) => {
      db.exec('drop table if exists t; drop table if exists u');
      db.exec('create table t (id integer primary key, v integer not null); create table u (k integer unique, who text)');
      db.exec('insert into t values (1, 10), (2, 20), (3, 30), (4, 40), (5, 50)');
      await body(one, two, db);
    });
}

const LOCKS = ['for key share', 'for share', 'for no key update', 'for update'] as const;

/** PostgreSQL's table of the modes that exclude each other, in the order of LOCKS. */
const EXCLUDES = ['...x', '..xx', '.xxx', 'xxxx'];

test(
  'locks of rows exclude each other as in PostgreSQL, with NOWAIT and SKIP LOCKED',
  withTwo(async (one, two) => {
    for (const [at, held] of LOCKS.entries()) {
      await one.run('begin');
      await one.run(`select v from t where id = 3 ${held}`);
      for (const [other, wanted] of LOCKS.entries()) {
        const excludes = EXCLUDES[at][other] === 'x';
        const what = `${held} against ${wanted}`;
        strictEqual((await two.step(`select v from t where id = 3 ${wanted} nowait`)).code, excludes ? '55P03' : '', what);
        const skipped = await two.run(`select id from t order by id ${wanted} skip locked`);
        deepStrictEqual(
          skipped.map(({ id }) => id),
          excludes ? [1, 2, 4, 5] : [1, 2, 3, 4, 5],
          what,
        );
      }
      const change = await two.step('delete from t where id = 3');
      ok(!change.isAnswered, `${held} holds back a delete`);
      await one.run('rollback');
      strictEqual((await change.answered).code, '');
      await two.run('insert into t values (3, 30)');
    }
    await one.run('begin; update t set v = 31 where id = 3');
    strictEqual((await two.step('select v from t where id = 3 for update nowait')).code, '55P03');
    strictEqual((await two.run('select id from t for update skip locked')).length, 4);
    deepStrictEqual(await two.run('select v from t where id = 3'), [{ v: 30 }]);
    await one.run('rollback');
  }),
);

test(
  'changes beside other relations, too: each row once, and by what is there when they go on',
  withTwo(async (one, two, db) => {
    db.exec("insert into u values (1, 'a'), (2, 'b'), (6, 'c')");
    await one.run('begin; update t set v = 11 where id = 2');
    const update = await two.step('update t set v = t.v + u.k from u where u.k = t.id returning t.id, t.v');
    ok(!update.isAnswered);
    await one.run('commit');
    deepStrictEqual((await update.answered).rows, [
      { id: 1, v: 11 },
      { id: 2, v: 13 },
    ]);
    await one.run('begin; delete from t where id = 2; update u set k = 7 where k = 6');
    const text =
      'merge into t using u on t.id = u.k when matched then update set v = 0 when not matched then insert values (u.k, -1)';
    const merge = await two.step(text);
    ok(!merge.isAnswered);
    await one.run('commit');
    strictEqual((await merge.answered).code, '');
    deepStrictEqual(await two.run('select id, v from t where v <= 0 order by id'), [
      { id: 1, v: 0 },
      { id: 2, v: -1 },
      { id: 7, v: -1 },
    ]);
    await one.run('begin; update t set v = 31 where id = 3');
    const moved = await two.step('with d as (delete from t where id = 3 returning v) insert into u select v, null from d');
    ok(!moved.isAnswered);
    await one.run('commit');
    strictEqual((await moved.answered).code, '');
    deepStrictEqual(await two.run('select k from u where who is null'), [{ k: 31 }]);
    deepStrictEqual(await two.run('select id from t where id = 3'), []);
    // What one thread has planned another one runs.
    await one.run('delete from t where id = 7');
    await one.run(text);
    await one.run('with d as (delete from t where id = 4 returning v) insert into u select v, null from d');
    await two.run('with d as (delete from t where id = 4 returning v) insert into u select v, null from d');
    deepStrictEqual(await one.run('select count(*), sum(v) from t'), [{ count: 5, sum: 48 }]);
    const windows =
      'select id, sum(id) over (order by id rows 1 preceding) as s, rank() over (order by v) as r from t order by id limit 1';
    deepStrictEqual(await one.run(windows), await two.run(windows));
  }),
);

test(
  'who waits for a row goes on with what the other one has left',
  withTwo(async (one, two) => {
    await one.run('begin; update t set v = v + 1 where id = 1');
    const update = await two.step('update t set v = v * 2 where id = 1 returning v');
    ok(!update.isAnswered);
    await one.run('commit');
    deepStrictEqual((await update.answered).rows, [{ v: 22 }]);
    // The row does not fit the predicate any more, or is gone.
    await one.run('begin; update t set v = 99 where id = 2; delete from t where id = 3');
    const moved = await two.step('update t set v = 0 where v = 20 returning id');
    await one.run('commit');
    deepStrictEqual((await moved.answered).rows, []);
    await one.run('begin; delete from t where id = 4');
    const gone = await two.step('select v from t where id = 4 for share');
    ok(!gone.isAnswered);
    await one.run('commit');
    deepStrictEqual((await gone.answered).rows, []);
  }),
);

/** What one holds, and what two then wants: a row, and a table. */
const HELD: readonly (readonly [string, string, string])[] = [
  ['a row', 'update t set v = 0 where id = 1', 'update t set v = 1 where id = 1'],
  ['a row lock', 'select v from t where id = 1 for update', 'select v from t where id = 1 for share'],
  ['a unique key', "insert into u values (1, 'one')", "insert into u values (1, 'two')"],
  ['a table that is read, for DDL', 'select v from t where id = 1', 'drop table t'],
  ['a table that is written, for an index', "insert into u values (7, 'one')", 'create index u_who on u (who)'],
  ['a table that is dropped, for a reader', 'drop table t', 'select v from t where id = 1'],
  ['a table that is dropped, for a writer', 'drop table t', 'insert into t values (9, 9)'],
  ['a table that is emptied', 'truncate t', 'select v from t where id = 1'],
];

for (const [name, hold, want] of HELD) {
  test(
    `a wait for ${name} ends with lock_timeout, with statement_timeout, and when it is cancelled`,
    withTwo(async (one, two, db) => {
      // A session that has read before, too: what it keeps between statements must not keep an old limit.
      await two.run('select v from t where id = 2');
      await one.run('begin');
      await one.run(hold);
      await two.run('set lock_timeout = 60');
      const late = two.send(want);
      strictEqual((await late.answered).code, '55P03');
      await two.run('begin; set local lock_timeout = 30');
      strictEqual((await two.send(want).answered).code, '55P03', 'within a block');
      await two.run('rollback; set lock_timeout = 0; set statement_timeout = 60');
      const slow = await two.send(want).answered;
      strictEqual(slow.code, '57014');
      ok(/statement timeout/.test((slow.error as Error).message), String(slow.error));
      await two.run('set statement_timeout = 0');
      const call = two.send(want);
      await new Promise((resolve) => setTimeout(resolve, 60));
      ok(!call.isAnswered);
      cancelSession(db.engine.txns, two.session, 1);
      strictEqual((await call.answered).code, '57014');
      // The session is as good as new.
      deepStrictEqual(await two.run('select 1 as one'), [{ one: 1 }]);
      const again = two.send(want);
      await new Promise((resolve) => setTimeout(resolve, 30));
      ok(!again.isAnswered);
      await one.run('rollback');
      strictEqual((await again.answered).code, '');
    }),
  );
}

test(
  'a statement that runs long is cancelled from another thread, and the next one runs',
  withTwo(async (one, _two, db) => {
    db.exec('create table big (id integer primary key, v text)');
    const insert = db.prepare('insert into big values ($1, $2)');
    db.transaction(() => {
      for (let id = 0; id < 30_000; id++) insert.run(id, `value ${id}`);
    })();
    const long = one.call((database) => {
      const slow = database.prepare("select count(*) from big where upper(v) < lower(v) or v like '%a%e%9%8%'");
      for (;;) slow.get();
    });
    // One that comes between two statements is nobody's.
    const cancelled = async (call: Call): Promise<string> => {
      while (!call.isAnswered) {
        cancelSession(db.engine.txns, one.session, 1);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return call.code;
    };
    await new Promise((resolve) => setTimeout(resolve, 50));
    strictEqual(await cancelled(long), '57014');
    deepStrictEqual(await one.run('select count(*) as n from big'), [{ n: 30_000 }]);
    // An index that is being built, too.
    const build = one.call((database) => {
      for (;;) database.exec('create index big_v on big (v); drop index big_v');
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    strictEqual(build.isAnswered, false, String(build.error));
    strictEqual(await cancelled(build), '57014');
    const slow = await one.send('set statement_timeout = 1; create index big_v on big (v)').answered;
    strictEqual(slow.code, '57014', String(slow.error));
    await one.run('set statement_timeout = 0');
    strictEqual(problemsOf(db), '');
    db.exec('create index big_v on big (v); drop table big');
  }),
);

test(
  'two threads insert one key: the second waits, then 23505, or it is in after a rollback',
  withTwo(async (one, two) => {
    for (const level of ['read committed', 'repeatable read', 'serializable']) {
      for (const end of ['commit', 'rollback']) {
        await one.run('delete from u');
        await one.run(`begin isolation level ${level}`);
        await two.run(`begin isolation level ${level}`);
        await two.run('select k from u where k = 1');
        await one.run("insert into u values (1, 'one')");
        const second = await two.step("insert into u values (1, 'two')");
        ok(!second.isAnswered, 'it waits');
        await one.run(end);
        const { code } = await second.answered;
        const what = `${level}, ${end}`;
        if (end === 'rollback') strictEqual(code, '', what);
        else ok(level === 'read committed' ? code === '23505' : code === '23505' || code === '40001', `${code}: ${what}`);
        await two.run('commit');
        deepStrictEqual(await two.run('select who from u'), [{ who: end === 'commit' ? 'one' : 'two' }], what);
      }
    }
    // A key that is given up and taken again.
    await one.run("delete from u; insert into u values (1, 'old')");
    await waitsForEnd([one, 'delete from u where k = 1'], [two, "insert into u values (1, 'new')"], 'commit', '');
  }),
);

test(
  'a deadlock has one victim, which gets 40P01; the other one goes on',
  withTwo(async (one, two) => {
    await one.run('begin; update t set v = v + 1 where id = 1');
    await two.run('begin; update t set v = v + 1 where id = 2');
    const first = one.send('update t set v = v + 1 where id = 2');
    const second = two.send('update t set v = v + 1 where id = 1');
    const loser = await Promise.race([first.answered, second.answered]);
    strictEqual(loser.code, '40P01');
    const [victim, winner, call] = loser === first ? [one, two, second] : [two, one, first];
    await victim.run('rollback');
    strictEqual((await call.answered).code, '');
    await winner.run('commit');
    deepStrictEqual(
      await one.run('select sum(v) as sum from t'),
      [{ sum: 152n }].map(() => ({ sum: 152 })),
    );
    // Between a row and a table.
    await one.run('begin; update t set v = 0 where id = 1');
    await two.run("begin; insert into u values (1, 'two')");
    const drop = one.send('create index u_who on u (who)');
    const update = two.send('update t set v = 1 where id = 1');
    const lost = await Promise.race([drop.answered, update.answered]);
    strictEqual(lost.code, '40P01');
    await (lost === drop ? one : two).run('rollback');
    strictEqual((await (lost === drop ? update : drop).answered).code, '');
    await one.run('rollback');
    await two.run('rollback');
  }),
);

/** Of a function that runs in a thread: what it names must be its own. */
type Transfer = { done: number; tries: number };

test(
  'transfers in opposite orders, run again after 40P01 and 40001, all get through at each level',
  withTwo(async (one, two, db) => {
    const transfers = (database: Database, from: number, to: number, count: number, level: string): Transfer => {
      let tries = 0;
      const take = database.prepare('update t set v = v - 1 where id = $1');
      const give = database.prepare('update t set v = v + 1 where id = $1');
      const move = database
        .transaction((a: number, b: number) => {
          tries++;
          take.run(a);
          give.run(b);
        })
        .retry(1000) as unknown as { [level: string]: (a: number, b: number) => void };
      for (let done = 0; done < count; done++) move[level](from, to);
      return { done: count, tries };
    };
    for (const level of ['readCommitted', 'repeatableRead', 'serializable']) {
      const calls = [one.call(transfers, 1, 2, 150, level), two.call(transfers, 2, 1, 150, level)];
      for (const call of calls) strictEqual((await call.answered).code, '', `${level}: ${String(call.error)}`);
      deepStrictEqual(db.prepare('select id, v from t where id < 3 order by id').raw().all(), [
        [1, 10],
        [2, 20],
      ]);
    }
  }),
);

test(
  'write skew is refused at serializable, and whoever tries again gets on',
  withTwo(async (one, two, db) => {
    db.exec('create table duty (day integer, who integer, here boolean, primary key (day, who))');
    const insert = db.prepare('insert into duty values ($1, $2, true)');
    for (let day = 0; day < 100; day++) for (const who of [1, 2]) insert.run(day, who);
    // Each goes home if the other one is still there: never both.
    const goHome = (database: Database, who: number): number => {
      let gone = 0;
      const others = database.prepare('select count(*) as n from duty where day = $1 and here');
      const leave = database.prepare('update duty set here = false where day = $1 and who = $2');
      const day = database
        .transaction((number: number) => {
          if (Number((others.get(number) as { n: unknown }).n) < 2) return false;
          leave.run(number, who);
          return true;
        })
        .retry(1000);
      for (let number = 0; number < 100; number++) if (day.serializable(number)) gone++;
      return gone;
    };
    const calls = [one.call(goHome, 1), two.call(goHome, 2)];
    for (const call of calls) strictEqual((await call.answered).code, '', String(call.error));
    strictEqual(Number(calls[0].value) + Number(calls[1].value), 100);
    deepStrictEqual(db.prepare('select count(*) as n from duty where here').get(), { n: 100 });
  }),
);

test(
  'ON CONFLICT from two threads: no key twice, no 23505, nothing lost',
  withTwo(async (one, two, db) => {
    db.exec('create table counter (k integer primary key, n integer not null, other integer unique)');
    const count = (database: Database, times: number, isolation: string): number => {
      const upsert = database.prepare(
        'insert into counter (k, n) values ($1, 1) on conflict (k) do update set n = counter.n + 1 returning n',
      );
      const change = database.transaction((k: number) => upsert.run(k).changes).retry(10_000) as unknown as {
        [level: string]: (k: number) => number;
      };
      let changes = 0;
      for (let time = 0; time < times; time++)
        changes += isolation === '' ? upsert.run(time % 7).changes : change[isolation](time % 7);
      return changes;
    };
    for (const isolation of ['', 'repeatableRead']) {
      db.exec('delete from counter');
      const calls = [one.call(count, 300, isolation), two.call(count, 300, isolation)];
      for (const call of calls) strictEqual((await call.answered).value, 300, String(call.error));
      deepStrictEqual(db.prepare('select count(*) as rows, sum(n) as n from counter').get(), { rows: 7, n: 600 });
    }
    const nothing = (database: Database): number => {
      const add = database.prepare('insert into counter values ($1, 0, $1) on conflict do nothing');
      const remove = database.prepare('delete from counter where k = $1');
      let rows = 0;
      for (let k = 100; k < 500; k++) rows += add.run(k).changes - (k % 3 === 0 ? remove.run(k).changes : 0);
      return rows;
    };
    const calls = [one.call(nothing), two.call(nothing)];
    for (const call of calls) strictEqual((await call.answered).code, '', String(call.error));
    deepStrictEqual(db.prepare('select count(*) as n from counter where k >= 100').get(), {
      n: Number(calls[0].value) + Number(calls[1].value),
    });
  }),
);

test(
  'sequences from two threads: no value twice, and none behind one that was seen',
  withTwo(async (one, two, db) => {
    db.exec(`create sequence plain; create sequence cached cache 20; create sequence down increment -3;
      create table made (id bigint generated always as identity primary key, s serial, who integer)`);
    const draw = (database: Database, who: number): number[][] => {
      const next = database.prepare("select nextval('plain') as a, nextval('cached') as b, nextval('down') as c").raw();
      const insert = database.prepare('insert into made (who) values ($1) returning id, s').raw();
      const values: number[][] = [];
      for (let time = 0; time < 400; time++) {
        const row = next.get()?.map(Number) as number[];
        const made = (insert.run(who).rows as unknown[][])[0].map(Number);
        values.push([...row, ...made]);
      }
      return values;
    };
    const calls = [one.call(draw, 1), two.call(draw, 2)];
    const drawn = (await Promise.all(calls.map((call) => call.answered))).map((call) => {
      strictEqual(call.code, '', String(call.error));
      return call.value as number[][];
    });
    for (let column = 0; column < 5; column++) {
      const all = drawn.flatMap((rows) => rows.map((row) => row[column]));
      strictEqual(new Set(all).size, 800, `column ${column}`);
      const direction = column === 2 ? -1 : 1;
      for (const rows of drawn) ok(rows.every((row, at) => at === 0 || (row[column] - rows[at - 1][column]) * direction > 0));
    }
  }),
);
