/**
 * Statements that are spread over threads answer what one thread answers, in the same order; what ends a statement ends it for all of
 * its threads. `SEED=` and `ROUNDS=` go further.
 */

import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatherTask, joinGather } from '../../codegen/jit/gather-task.ts';
import { type Database, open } from '../../engine/api/api.ts';
import type { Helpers } from '../../engine/plan/program.ts';
import { randomFrom } from '../../engine/sblr/source-fixture.ts';

const SEED = Number(process.env.SEED ?? 1);
const ROUNDS = Number(process.env.ROUNDS ?? 25);
const ROWS = 12_000;

let directory: string;
let db: Database;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'scratchbird-gather-'));
  db = open(join(directory, 'db'), { pool: 2, cacheSize: '64MB' });
  db.exec(`create table t (id int primary key, g int, k text, c char(3) not null, l bigint not null, n numeric(12,2) not null, w numeric,
    d date, f float8, b bool, s int2 not null)`);
  db.exec(`insert into t select i, nullif(i % 7, 3), nullif('key ' || (i * 7919 % 23), 'key 5'), chr(65 + i % 4), i * 1000003::bigint,
    (i * 7919 % 100000) / 100.0, case when i % 5 = 0 then null else i / 8.0 end, date '2020-01-01' + (i * 31 % 700), i / 3.0, i % 3 = 0,
    i % 100 from generate_series(1, ${ROWS}) as s(i)`);
  db.exec('create table u (id int primary key, v text, m int)');
  db.exec("insert into u select i, 'v' || (i % 11), i % 10 from generate_series(0, 499) as s(i)");
  db.exec('create table w (g int, x int8)');
  db.exec('insert into w select i % 9, i from generate_series(1, 40) as s(i)');
  db.exec('analyze');
  db.exec('set parallel_setup_cost = 0; set max_parallel_workers_per_gather = 2');
  // The first thread comes when it is first asked for, the second when that is there.
  const deadline = performance.now() + 120_000;
  // Long enough for a thread to come while it runs.
  const text = "select count(*) from t where md5(md5(k || l)) like 'a%'";
  // It is the statement that asks for them.
  while ((used(db, text) < 2 || helpersOf(db).running < 2) && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});
after(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

function helpersOf(one: Database): Helpers {
  return one.engine.environment.kernel.helpers as Helpers;
}

/** The lines of a plan. */
function explained(one: Database, text: string): string[] {
  const rows = one.prepare(`explain ${text}`).all();
  return rows.map((row) => String(Object.values(row as object)[0]));
}

/** Threads that took part, at most. */
function used(one: Database, text: string): number {
  const found = explained(one, `analyze ${text}`).flatMap((line) => /Threads Used: (\d+)/.exec(line)?.[1] ?? []);
  return Math.max(0, ...found.map(Number));
}

/** Rows or error by one thread. */
function alone<Result>(run: () => Result): Result {
  db.exec('set max_parallel_workers_per_gather = 0');
  try {
    return run();
  } finally {
    db.exec('set max_parallel_workers_per_gather = 2');
  }
}

function answer(text: string): unknown {
  try {
    return db.prepare(text).all();
  } catch (error) {
    return { code: (error as { code: string }).code };
  }
}

class Queries {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  #one<Item>(of: readonly Item[]): Item {
    return of[Math.floor(this.#random() * of.length)];
  }

  #some(of: readonly string[], most: number): string[] {
    return [...new Set(Array.from({ length: Math.floor(this.#random() * (most + 1)) }, () => this.#one(of)))];
  }

  /** Rows in an order that leaves many of them equal. */
  #ordered(joins: readonly string[], keys: readonly string[]): string {
    const order = keys.map((key) => `${key}${this.#one(['', ' desc', ' nulls first'])}`);
    return (
      `select t.id, ${[...keys, 't.w', 't.k'].join(', ')} from t ${joins.join(' ')} where ${this.#one(CONDITIONS)}` +
      ` order by ${order.length === 0 ? 't.g' : order.join(', ')} ${this.#one(LIMITS)}`
    );
  }

  next(): string {
    const joins = this.#random() < 0.5 ? [] : this.#some(Object.keys(JOINS), 2);
    const columns = joins.flatMap((join) => JOINS[join]);
    const keys = this.#some([...KEYS, ...columns], 3);
    if (this.#random() < 0.25) return this.#ordered(joins, keys);
    const calls = [...this.#some([...CALLS, ...columns.map((column) => `count(${column})`)], 4), 'count(*)'];
    const conditions = this.#some(CONDITIONS, 2);
    const grouped =
      keys.length > 1 && this.#random() < 0.2 ? `${this.#one(['rollup', 'cube'])} (${keys.join(', ')})` : keys.join(', ');
    return (
      `select ${[...keys, ...calls].join(', ')} from t ${joins.join(' ')}` +
      (conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`) +
      (keys.length === 0 ? '' : ` group by ${grouped}`)
    );
  }
}

const LIMITS = ['', 'limit 1', 'limit 10', 'limit 300 offset 20', 'fetch first 5 rows with ties', 'limit 3000'];
const JOINS: { readonly [join: string]: readonly string[] } = {
  'join u on u.id = t.s': ['u.v', 'u.m'],
  'left join w on w.g = t.g': ['w.x'],
  'join (select m, count(*) as many from u group by m) as a on a.m = t.id % 10': ['a.many'],
  'join t o on o.id = t.id + 1': ['o.k', 'o.w % 10', 'o.l % 3', 'o.c'],
  'left join t p on p.l = t.l and p.k = t.k': ['p.g', 'p.b', 'p.d', 'p.k'],
  'right join t r on r.w = t.w and r.s = t.s': ['r.b', 'r.k', 'r.g'],
  'full join w x on x.g = t.g': ['x.x % 4'],
  'left join (select v, min(id) as least from u group by v) as b on b.v = t.k': ['b.least'],
};
const KEYS = ['t.g', 't.k', 't.c', 't.b', 't.d', 't.id % 1000', 't.l % 5', 't.n', 't.s', 't.w'];
const CALLS = [
  ...['count(t.k)', 'sum(t.id)', 'sum(t.l)', 'sum(t.n)', 'sum(t.w)', 'avg(t.g)', 'avg(t.n)', 'avg(t.w)', 'avg(t.l)'],
  ...[
    'min(t.d)',
    'max(t.k)',
    'min(t.l)',
    'max(t.n)',
    'bool_and(t.b)',
    'bit_or(t.s)',
    'min(t.c)',
    'sum(t.f)',
    'count(distinct t.g)',
  ],
  ...['sum(t.n * (1 - t.n))', 'count(*) filter (where t.b)', 'sum(case when t.b then t.n else 0 end)', 'stddev(t.s)', 'max(t.w)'],
  ...['sum(t.l * t.l)', 'string_agg(t.c, t.c)', 'min(t.f)', 'sum(100 / (t.s - 50))'],
];
const CONDITIONS = [
  't.n > 300',
  "t.k like 'key 1%'",
  't.g is not null',
  't.id % 3 = 1',
  "t.d < '2021-01-01'",
  't.w < 1000',
  't.s <> 50',
];

test('subqueries in expressions and different values are spread, too', () => {
  const texts = [
    'select count(*), sum(n) from t where n > (select avg(n) from t where g = 2)',
    `select g, count(*) from t where not exists (select 1 from w where w.g = t.g and w.x > t.s) group by g order by g`,
    'select g, (select max(x) from w where w.g = t.g), count(*) from t group by g order by g',
    'select c, count(distinct l), count(distinct l) filter (where true) from t group by c order by c',
    'select g, count(distinct s), sum(distinct s) from t group by g order by g',
    'select distinct c, s from t',
    'select t.c, u.v, t.k from t join u on u.id = t.id where t.b order by t.id, u.v',
    'with r as (select s, sum(n) as x from t group by s) select s, x from r where x = (select max(x) from r)',
    'select count(*) from t, lateral (select max(x) as x from w where w.g = t.s % 9 and w.x > t.s / 3) m where m.x > 20',
  ];
  for (const text of texts)
    deepStrictEqual(
      answer(text),
      alone(() => answer(text)),
      text,
    );
  for (const at of [0, 1, 4, 7])
    strictEqual(
      explained(db, texts[at]).some((line) => line.includes('Gather')),
      true,
      texts[at],
    );
  deepStrictEqual(answer('select count(*) from t where n > (select x from w)'), { code: '21000' });
});

test('random queries answer the same from three threads as from one, in the same order', async () => {
  const queries = new Queries(randomFrom(SEED));
  let spread = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const text = queries.next();
    const said = `seed ${SEED}, round ${round}: ${text}`;
    const wanted = alone(() => answer(text));
    for (let turn = 0; turn < 2; turn++) {
      deepStrictEqual(answer(text), wanted, said);
      // The first time helpers compile it, the second time they take part.
      if (turn === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }
  const deadline = performance.now() + 20_000;
  while (spread < 2 && performance.now() < deadline) {
    spread = used(db, 'select k, g, count(*), sum(n), max(l) from t group by k, g');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  ok(spread > 1, 'no query was helped with');
});

test('rows that begin at a small table, and go on by indexes, are shared', () => {
  db.engine.planHooks = { joins: ['index'] };
  try {
    const texts = [
      'select t.k, count(*), sum(t.n) from u join t on t.id = u.id where u.m < 9 group by t.k',
      'select t.g, count(*) from u join t on t.id = u.id * 3 left join t o on o.id = t.id + 1 where o.b or o.g = 2 group by t.g',
      'select u.id, t.k, t.w from u join t on t.id = u.id order by t.g, t.w limit 40',
      'select x.id, count(*) from u join t on t.id = u.id join t x on x.id = u.m group by x.id',
      'select sum(100 / (t.s - 50)) from u join t on t.id = u.id',
    ];
    for (const text of texts) {
      const shown = explained(db, text).join('\n');
      match(shown, /Gather[\s\S]*Rows a Share: \d+/, text);
      const wanted = alone(() => answer(text));
      for (let turn = 0; turn < 4; turn++) deepStrictEqual(answer(text), wanted, text);
    }
    // What each thread makes for itself is counted once.
    const rows = (text: string): string[] =>
      explained(db, `analyze ${text}`).flatMap((line) => /rows=(\d+) loops/.exec(line)?.[1] ?? []);
    const wanted = alone(() => rows(texts[1]));
    for (let turn = 0; turn < 4; turn++) deepStrictEqual(rows(texts[1]).slice(1), wanted);
  } finally {
    db.engine.planHooks = null;
  }
});

test('rows that are shared have the same numbers to whoever sees them changed already', async () => {
  db.engine.planHooks = { joins: ['index'] };
  const text = 'select u.id, t.k from u join t on t.id = u.id order by t.s % 2 limit 60';
  const other = db.session();
  try {
    match(explained(db, text).join('\n'), /Rows a Share/);
    db.exec('begin isolation level repeatable read');
    const wanted = answer(text);
    await other.run("update u set v = v || '!' where id % 3 = 0");
    deepStrictEqual(answer(text), wanted);
  } finally {
    db.engine.planHooks = null;
    db.exec('rollback');
    await other.close();
  }
});

test('EXPLAIN shows what is spread, and rows are counted over all threads', () => {
  const text = 'select k, count(*) from t where n > 300 group by k';
  match(explained(db, text).join('\n'), /Gather .*\n *Threads: 3\n *-> *HashAggregate/);
  strictEqual(
    alone(() => explained(db, text).join('\n').includes('Gather')),
    false,
  );
  const scans = (lines: string[]): string[] =>
    lines.filter((line) => line.includes('PageScan')).map((line) => line.trim().replace(/time=\S+ /, ''));
  const wanted = alone(() => scans(explained(db, `analyze ${text}`)));
  deepStrictEqual(scans(explained(db, `analyze ${text}`)), wanted);
});

test('what hangs on the order of rows is not spread, nor what is volatile', () => {
  for (const call of ['sum(f)', 'string_agg(k, c)', 'count(distinct k), count(distinct c)', 'min(f)', 'count(random())']) {
    strictEqual(explained(db, `select ${call} from t`).join('\n').includes('Gather'), false, call);
  }
});

test('an error in any thread is the error of the statement, with its place, and the next statement runs', () => {
  for (let turn = 0; turn < 5; turn++) {
    const text = 'select k, sum(100 / (s - 50)) from t group by k';
    throws(() => db.prepare(text).all(), { code: '22012', position: 19 });
    deepStrictEqual(db.prepare('select count(*) as n from t').all(), [{ n: ROWS }]);
  }
});

test('a statement sees what its own transaction has written, in all threads', () => {
  const text = 'select g, count(*), sum(n), max(k) from t group by g';
  const before = db.prepare(text).all();
  db.exec('begin');
  db.exec("update t set n = n + 1, k = 'zz' where id % 10 = 0");
  db.exec('delete from t where id % 7 = 1');
  const spread = db.prepare(text).all();
  const wanted = alone(() => db.prepare(text).all());
  db.exec('rollback');
  deepStrictEqual(spread, wanted);
  deepStrictEqual(db.prepare(text).all(), before);
});

test('tables of a transaction that has not committed, and temporary ones, are read by all threads', () => {
  db.exec('begin');
  for (const kind of ['table fresh', 'temporary table own']) {
    db.exec(`create ${kind} (k text, n numeric(12,2) not null)`);
    db.exec(`insert into ${kind.split(' ').at(-1)} select k, n from t`);
  }
  const text = (table: string): string => `select k, count(*), sum(n) from ${table} group by k`;
  const wanted = db.prepare(text('t')).all();
  for (let turn = 0; turn < 3; turn++) {
    deepStrictEqual(db.prepare(text('fresh')).all(), wanted);
    deepStrictEqual(db.prepare(text('own')).all(), wanted);
  }
  db.exec('rollback');
});

test('a serializable transaction runs alone', () => {
  db.exec('begin isolation level serializable');
  strictEqual(used(db, 'select count(*) from t'), 0);
  db.exec('commit');
});

test('groups that outgrow work_mem are made again by one thread, through files', () => {
  const text = 'select id, count(*), sum(n) from t group by id';
  const wanted = alone(() => db.prepare(text).all());
  db.exec("set work_mem = '256kB'");
  deepStrictEqual(
    db.prepare(text).all(),
    alone(() => db.prepare(text).all()),
  );
  db.exec("set work_mem = '64MB'");
  deepStrictEqual(db.prepare(text).all(), wanted);
});

test('a statement that is cancelled ends in all threads', () => {
  db.exec("set statement_timeout = '1ms'");
  const text = 'select a.k, count(*), sum(a.n) from t a join t b on a.s = b.s group by a.k';
  throws(() => db.prepare(text).all(), { code: '57014' });
  db.exec('set statement_timeout = 0');
  deepStrictEqual(db.prepare('select count(*) as n from t').all(), [{ n: ROWS }]);
});

/** The pool as `change` has it, for the time of `run`. */
async function withHelpers(change: Partial<Helpers>, run: () => void | Promise<void>): Promise<void> {
  const { kernel } = db.engine.environment;
  const given = kernel.helpers as Helpers;
  const changed = Object.create(given) as Helpers;
  Object.defineProperties(changed, {
    running: { get: () => given.running },
    busy: { get: () => given.busy },
    ...Object.fromEntries(Object.entries(change).map(([name, value]) => [name, { value }])),
  });
  for (const name of ['want', 'receive', 'answer', 'isAlive', 'post'] as const) {
    if (!(name in change))
      Object.defineProperty(changed, name, { value: (given[name] as (...all: unknown[]) => unknown).bind(given) });
  }
  Object.assign(kernel, { helpers: changed });
  try {
    await run();
  } finally {
    Object.assign(kernel, { helpers: given });
  }
}

test('a helper that ends without an answer fails the statement, not the database', async () => {
  const post = (task: unknown): void => void joinGather((task as GatherTask).words, 2, 5, 77);
  const wanted = { code: 'XX000', message: /background thread/ };
  const text = 'select k, count(*) from t group by k';
  await withHelpers({ post, isAlive: () => false }, async () => {
    throws(() => db.prepare(text).all(), wanted);
    // On an event loop, which turns while it waits.
    const session = db.session();
    await session.run('set parallel_setup_cost = 0');
    await rejects(session.run(text), wanted);
    await session.close();
  });
  deepStrictEqual(db.prepare('select count(*) as n from t').all(), [{ n: ROWS }]);
});

test('where others are at work, each of them has a core', async () => {
  const text = 'select k, count(*) from t group by k';
  await withHelpers({ busy: 2 }, () => strictEqual(used(db, text), 0));
});
