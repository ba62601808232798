/** UNIQUE and PRIMARY KEY that are DEFERRABLE: when they are looked at, who waits for whom, and what refuses them. Answers are PostgreSQL 15's. */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import type { Database } from '../../engine/api/api.ts';
import { answer } from './steps.ts';
import type { SqlThread } from './threads.ts';
import { twoThreads, waitsForEnd } from './two-threads.ts';

const threads = twoThreads();
const { database } = threads;

const ROWS = 'insert into t values (1, 1, 1), (2, 2, 2), (3, 3, 3)';
const MAKE = `drop table if exists t; create table t (k int primary key deferrable, v int unique deferrable initially deferred, w int unique);
  ${ROWS}`;

/** 'statement; ...' and '' or the SQLSTATE of each that is refused; what is left of it is rolled back. */
const STATEMENTS: readonly (readonly [string, string])[] = [
  ['update t set k = k + 1', ''],
  ['update t set w = w + 1', '23505'],
  ['update t set k = 3', '23505'],
  ['insert into t values (9, 1, 9)', '23505'],
  ['begin; insert into t values (9, 1, 9)', ''],
  ['begin; insert into t values (9, 1, 9); commit', '23505'],
  ['begin; insert into t values (9, 1, 9); set constraints t_v_key immediate', '23505'],
  ['begin; set constraints t_v_key immediate; insert into t values (9, 1, 9)', '23505'],
  ['begin; set constraints all deferred; update t set k = 7; set constraints all immediate', '23505'],
  ['begin; set constraints all deferred; update t set k = 7; update t set k = w; commit', ''],
  ['begin; insert into t values (9, 1, 9); update t set v = 9 where k = 9; commit', ''],
  ['begin; insert into t values (9, 1, 9); delete from t where k = 1; commit', ''],
  ['begin; insert into t values (9, 9, 9); savepoint s; insert into t values (8, 9, 8); rollback to s; commit', ''],
  [
    'begin; insert into t values (9, 9, 9); savepoint s; delete from t where k = 9; rollback to s; insert into t values (8, 9, 8); commit',
    '23505',
  ],
  [
    'begin; insert into t values (9, 1, 9); savepoint s; delete from t where k = 1; set constraints all immediate; rollback to s; commit',
    '23505',
  ],
  ['begin; insert into t values (9, 1, 9); savepoint s; delete from t where k = 9; rollback to s; commit', '23505'],
  [
    'begin; savepoint s; set constraints all immediate; rollback to s; insert into t values (9, 1, 9); delete from t where k = 9; commit',
    '',
  ],
  ['begin; savepoint s; insert into t values (9, 1, 9); rollback to s; truncate t; commit', ''],
  ['begin; set constraints t_w_key deferred', '42809'],
  ['insert into t values (9, 9, 9) on conflict do nothing', '55000'],
  ['insert into t values (9, 9, 9) on conflict (k) do update set w = 8', '55000'],
  ['insert into t values (9, 9, 9) on conflict on constraint t_v_key do nothing', '55000'],
  ['insert into t values (9, 9, 3) on conflict (w) do nothing', ''],
  ['insert into t select 9, 9, 9 where false on conflict do nothing', ''],
  ['create table r (k int references t)', '55000'],
  ['create table r (k int references t (v))', '55000'],
  ['select k, count(*), v from t group by k', '42803'],
  ['alter table t alter constraint t_pkey not deferrable', '42809'],
  ['alter table t add unique (w, k) deferrable', ''],
  ['create table twice (a int); insert into twice values (1), (1); alter table twice add unique (a) deferrable', '23505'],
  [
    'create unique index t_i on t (k, w); alter table t add constraint t_i unique using index t_i deferrable; update t set k = 1, w = k',
    '23505',
  ],
  ['begin; insert into t values (9, 1, 9); alter table t add column x int', '55006'],
  ['begin; insert into t values (9, 1, 9); truncate t', '55006'],
  ['begin; insert into t values (9, 1, 9); drop table t', '55006'],
  ['begin; insert into t values (9, 1, 9); create index on t (w)', '55006'],
  ['begin; insert into t values (9, 1, 9); alter table t rename to u; commit', '23505'],
  [
    'create table n (a int, b int, unique nulls not distinct (a, b) deferrable); insert into n values (1, null), (1, null)',
    '23505',
  ],
  ['create table n (a int unique deferrable); insert into n values (null), (null)', ''],
  [
    'create table p (a int, primary key (a) deferrable initially deferred) partition by range (a); create table p1 partition of p for values from (0) to (9); begin; insert into p values (1), (1)',
    '',
  ],
  [
    'create table p (a int, primary key (a) deferrable initially deferred) partition by range (a); create table p1 partition of p for values from (0) to (9); begin; set constraints p_pkey immediate; insert into p values (1), (1)',
    '23505',
  ],
  ['with w as (insert into t values (9, 9, 9) returning k) insert into t select k, 10, 10 from w', '23505'],
  [
    'merge into t using (values (1), (20)) s (k) on t.k = s.k when matched then update set k = 20 when not matched then insert values (s.k, 20, 20)',
    '23505',
  ],
  ['do_copy', '23505'],
];

test('a deferrable key is looked at behind the statement, or at the commit', () => {
  const db = database();
  let before = 'create';
  for (const [text, expected] of STATEMENTS) {
    db.exec(/alter|create/.test(before) ? `drop table if exists n, p, twice; ${MAKE}` : `delete from t; ${ROWS}`);
    before = text;
    let code = '';
    try {
      if (text === 'do_copy') db.copyFrom('copy t from stdin', [Buffer.from('8\t8\t8\n8\t9\t9\n')]);
      else for (const statement of text.split('; ')) db.exec(statement);
    } catch (error) {
      code = (error as { code: string }).code;
    }
    strictEqual(code, expected, text);
    db.exec('rollback');
  }
});

test('what is refused names the key', () => {
  const db = database();
  db.exec(MAKE);
  const detailOf = (text: string): string | undefined => {
    try {
      db.exec(text);
    } catch (error) {
      return `${(error as Error).message} ${(error as { detail?: string }).detail}`;
    }
    return undefined;
  };
  strictEqual(
    detailOf('begin; update t set v = 7; commit'),
    'duplicate key value violates unique constraint "t_v_key" Key (v)=(7) already exists.',
  );
  db.exec('rollback');
});

/** Of rows with k 1, 1, 2, 2, 2 and 3. */
const DOUBLED: readonly (readonly [string, unknown])[] = [
  ['select w from t where k = 1 order by w', [[1], [4]]],
  ['select count(*) from t where k = 2', [[3]]],
  ['select w from t where k = any (array[1, 2]) order by w', [[1], [2], [4], [5], [6]]],
  [
    'select k, count(*) from t group by k order by k',
    [
      [1, 2],
      [2, 3],
      [3, 1],
    ],
  ],
  ['select distinct k from t order by k', [[1], [2], [3]]],
  ['select count(distinct k) from t', [[3]]],
  ['select k from t union select k from t order by 1', [[1], [2], [3]]],
  ['select o.v from t o left join t i on i.k = o.w order by 1', [[1], [1], [2], [2], [2], [3], [4], [5], [6]]],
  ['select count(*) from t a join t b using (k)', [[14]]],
  ['select w from t where w in (select k from t) order by 1', [[1], [2], [3]]],
  [
    'select w, (select count(*) from t i where i.k = t.w) from t order by w limit 2',
    [
      [1, 2],
      [2, 3],
    ],
  ],
  ['select k from t order by k limit 3', [[1], [1], [2]]],
  [
    'select k, w from t order by k, w desc limit 2',
    [
      [1, 4],
      [1, 1],
    ],
  ],
  [
    'select row_number() over (partition by k order by w), k from t where k = 1',
    [
      [1, 1],
      [2, 1],
    ],
  ],
  ['select (select w from t where k = 1)', '21000 more than one row returned by a subquery used as an expression'],
];

test('while a key is there twice nothing takes it for unique', () => {
  const db = database();
  db.exec(MAKE);
  db.exec('analyze t; begin; set constraints all deferred; insert into t values (1, 4, 4), (2, 5, 5), (2, 6, 6)');
  for (const [text, expected] of DOUBLED) deepStrictEqual(answer(db, text), expected, text);
  db.exec('rollback; begin; set constraints all deferred; insert into t values (1, 4, 4)');
  strictEqual(answer(db, 'update t set v = v + 10 where k = 1'), 2);
  strictEqual(answer(db, 'delete from t where k = 1'), 2);
  db.exec('commit');
});

test('catalogs show it, and LIKE takes it over', () => {
  const db = database();
  db.exec(`${MAKE}; drop table if exists l; create table l (like t including all)`);
  const shown = db
    .prepare(
      `select conname, condeferrable, condeferred, pg_get_constraintdef(c.oid) as def, indisunique, indimmediate, pg_get_indexdef(indexrelid) as index
       from pg_constraint c join pg_index on indexrelid = conindid where conrelid in ('t'::regclass, 'l'::regclass) order by 1`,
    )
    .raw()
    .all();
  const of = (table: string): unknown[] => [
    [
      `${table}_pkey`,
      true,
      false,
      'PRIMARY KEY (k) DEFERRABLE',
      true,
      false,
      `CREATE UNIQUE INDEX ${table}_pkey ON public.${table} USING btree (k)`,
    ],
    [
      `${table}_v_key`,
      true,
      true,
      'UNIQUE (v) DEFERRABLE INITIALLY DEFERRED',
      true,
      false,
      `CREATE UNIQUE INDEX ${table}_v_key ON public.${table} USING btree (v)`,
    ],
    [
      `${table}_w_key`,
      false,
      false,
      'UNIQUE (w)',
      true,
      true,
      `CREATE UNIQUE INDEX ${table}_w_key ON public.${table} USING btree (w)`,
    ],
  ];
  deepStrictEqual(shown, [...of('l'), ...of('t')]);
});

/** Two threads with their own table of keys 1 to 3. */
function withTwo(body: (one: SqlThread, two: SqlThread, db: Database) => Promise<void>): () => Promise<void> {
  return () =>
    threads.run(async (one, two, db) => {
      db.exec(MAKE);
      await body(one, two, db);
      for (const key of ['k', 'v', 'w'])
        deepStrictEqual(db.prepare(`select ${key} from t group by 1 having count(*) > 1`).all(), [], 'a key is there twice');
    });
}

test(
  'who brings a key that another one has brought waits for it at the commit, and is refused or goes in',
  withTwo(async (one, two) => {
    for (const [end, code] of [
      ['commit', '23505'],
      ['rollback', ''],
    ]) {
      const key = end === 'commit' ? 9 : 10;
      await one.run('begin');
      await one.run(`insert into t values (${key}, ${key}, ${key})`);
      await two.run('begin');
      const put = await two.step(`insert into t values (${key + 10}, ${key}, ${key + 10})`);
      strictEqual((await put.answered).code, '', 'the deferred key is not looked at yet');
      const commit = await two.step('commit');
      ok(!commit.isAnswered);
      await one.run(end);
      strictEqual((await commit.answered).code, code);
    }
  }),
);

test(
  'who brings a key whose row another one has taken away waits behind its statement',
  withTwo(async (one, two) => {
    const back = [two, 'insert into t values (1, 10, 10)'] as const;
    await waitsForEnd([one, 'delete from t where k = 1'], back, 'rollback', '23505');
    await waitsForEnd([one, 'update t set k = 11 where k = 1'], back, 'commit', '');
  }),
);

test(
  'of two that wait for each other at their commits one gives way',
  withTwo(async (one, two) => {
    await one.run('begin');
    await two.run('begin');
    await one.run('insert into t values (20, 20, 20)');
    await two.run('insert into t values (21, 21, 21)');
    await one.run('insert into t values (22, 21, 22)');
    await two.run('insert into t values (23, 20, 23)');
    const first = await one.step('commit');
    const second = await two.step('commit');
    deepStrictEqual([(await first.answered).code, (await second.answered).code].sort(), ['', '40P01']);
  }),
);

const ROUNDS = 60;

test(
  'nothing doubled commits, whatever two threads do to the keys',
  withTwo(async (one, two) => {
    const swaps = (db: Database, rounds: number, seed: number): number => {
      let state = seed;
      const draw = (below: number): number => {
        state = (state * 1103515245 + 12345) & 0x7fffffff;
        return Math.floor((state / 0x80000000) * below);
      };
      let done = 0;
      for (let round = 0; round < rounds; round++) {
        try {
          db.exec('begin');
          for (let step = 0; step < 3; step++) {
            const key = 30 + draw(8);
            const other = 30 + draw(8);
            const texts = [
              `insert into t values (${key}, ${other}, ${round * 8 + step * 1000 + (seed << 16)})`,
              `update t set k = ${key} where k = ${other}`,
              `update t set v = ${other} where v = ${key}`,
              `delete from t where k = ${key}`,
            ];
            db.exec(texts[draw(4)]);
          }
          db.exec('commit');
          done++;
        } catch (error) {
          if (!['23505', '40P01', '40001'].includes((error as { code: string }).code)) throw error;
          db.exec('rollback');
        }
      }
      return done;
    };
    const calls = [one.call(swaps, ROUNDS, 1), two.call(swaps, ROUNDS, 2)];
    for (const call of calls) {
      await call.answered;
      strictEqual(call.code, '');
      ok((call.value as number) > 0);
    }
  }),
);
