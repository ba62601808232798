/** Tables, expressions, lists, texts and values as large as they get, through the API: an answer, or an error with its code. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { type Database, open, SqlError } from '../../engine/api/api.ts';

const range = <T>(count: number, item: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => item(index));

function withDatabase(body: (db: Database) => void): () => void {
  return () => {
    const db = open(':memory:', { pool: 0, cacheSize: '64MB' });
    try {
      body(db);
      deepStrictEqual(db.check().problems, []);
      strictEqual(db.prepare('select 1').raw().get()?.toString(), '1', 'it goes on');
    } finally {
      db.close();
    }
  };
}

/** 'fine' or the code of the error, which must be one of SQL. */
function outcome(run: () => unknown): string {
  try {
    run();
    return 'fine';
  } catch (error) {
    ok(error instanceof SqlError && error.code !== 'XX000', String((error as Error).stack).slice(0, 2000));
    return error.code;
  }
}

const value = (db: Database, text: string, ...given: unknown[]): unknown =>
  (
    db
      .prepare(text)
      .raw()
      .get(...(given as never[])) as unknown as unknown[]
  )[0];

test(
  'a table of 1,600 columns is filled, changed, read as object and array, and grouped; more columns are refused',
  withDatabase((db) => {
    const names = range(1600, (at) => `c${at}`);
    db.exec(`create table wide (${names.map((name) => `${name} int4`).join(', ')})`);
    const insert = db.prepare(`insert into wide values (${names.map((_, at) => `$${at + 1}`).join(', ')})`);
    const rows = range(3, (row) => names.map((_, at) => (at % 3 === row ? null : at * (row + 1))));
    for (const row of rows) insert.run(...row);
    db.exec('insert into wide default values');
    const all = [...rows, names.map(() => null)];
    deepStrictEqual(db.prepare('select * from wide').raw().all(), all);
    const objects = db.prepare('select * from wide').all() as { [name: string]: unknown }[];
    deepStrictEqual(
      objects.map((row) => names.map((name) => row[name])),
      all,
    );
    strictEqual(Object.keys(objects[0]).length, 1600);
    db.exec(`update wide set ${names.map((name, at) => `${name} = c${1599 - at}`).join(', ')} where c1 is not null`);
    deepStrictEqual(
      db.prepare('select * from wide').raw().all(),
      all.map((row) => (row[1] === null ? row : [...row].reverse())),
    );
    strictEqual(value(db, `select count(*) from wide where ${names.map((name) => `${name} is null`).join(' and ')}`), 1);
    const some = names.filter((_, at) => at % 4 === 0).map((name) => `coalesce(${name}, 1)`);
    strictEqual(value(db, `select ${some.join(' + ')} from wide limit 1 offset 3`), 400);
    const sums = db
      .prepare(`select ${names.map((name) => `count(${name})`).join(', ')} from wide`)
      .raw()
      .get() as unknown as number[];
    ok(sums.every((sum) => sum >= 1 && sum <= 3));
    strictEqual(
      db
        .prepare(`select ${names.join(', ')} from wide group by ${names.join(', ')}`)
        .raw()
        .all().length,
      4,
    );
    throws(() => db.exec(`create table wider (${range(1601, (at) => `c${at} int4`).join(', ')})`), { code: '54011' });
  }),
);

test(
  'rows of thousands of NULLs, of texts that fill pages, and of too much',
  withDatabase((db) => {
    const names = range(1200, (at) => `c${at}`);
    db.exec(`create table texts (${names.map((name) => `${name} text`).join(', ')})`);
    db.exec(range(50, () => 'insert into texts default values').join(';'));
    strictEqual(value(db, 'select count(*) from texts where c0 is null and c1199 is null'), 50);
    const insert = db.prepare(`insert into texts (c0, c600, c1199) values ($1, $2, $3)`);
    const long = ['x'.repeat(5000), 'é'.repeat(100_000), 'y'.repeat(9000)];
    insert.run(...long);
    deepStrictEqual(db.prepare('select c0, c600, c1199 from texts where c0 is not null').raw().all(), [long]);
    const full = names.map((_, at) => String(at));
    const every = db.prepare(`insert into texts values (${names.map((_, at) => `$${at + 1}`).join(', ')})`);
    const code = outcome(() => every.run(...full));
    ok(code === 'fine' || code === '54000', code);
    if (code === 'fine') deepStrictEqual(db.prepare("select * from texts where c0 = '0'").raw().all(), [full]);
    ok(['fine', '54000'].includes(outcome(() => every.run(...names.map(() => 'z'.repeat(3000))))));
  }),
);

test(
  'CASE of 5,000 branches, IN with 5,000 values, 5,000 conditions and sums of 1,000 items have their value',
  withDatabase((db) => {
    db.exec('create table n (id int4 primary key, v int4, s text)');
    const insert = db.prepare('insert into n values ($1, $2, $3)');
    for (let id = 0; id < 200; id++) insert.run(id, id * 50, id % 10 === 0 ? null : `s${id * 25}`);
    const all = (text: string): unknown[] => db.prepare(text).raw().all().flat();
    const ids = (wanted: (id: number) => boolean): number[] => range(200, (id) => id).filter(wanted);
    const whens = range(5000, (at) => `when ${at} then ${at * 2}`).join(' ');
    deepStrictEqual(
      all(`select case v ${whens} else -1 end from n order by id`),
      range(200, (id) => (id < 100 ? id * 100 : -1)),
    );
    const searched = range(5000, (at) => `when v = ${at} then 'r${at}'`).join(' ');
    deepStrictEqual(
      all(`select case ${searched} end from n order by id`),
      range(200, (id) => (id < 100 ? `r${id * 50}` : null)),
    );
    const list = range(5000, (at) => at).join(', ');
    deepStrictEqual(
      all(`select id from n where v in (${list}) order by id`),
      ids((id) => id < 100),
    );
    deepStrictEqual(
      all(`select id from n where v not in (${list}) order by id`),
      ids((id) => id >= 100),
    );
    deepStrictEqual(all(`select id from n where v not in (${list}, null)`), []);
    const texts = range(5000, (at) => `'s${at}'`).join(', ');
    deepStrictEqual(
      all(`select id from n where s in (${texts}) order by id`),
      ids((id) => id % 10 !== 0),
    );
    const slots = range(5000, (at) => `$${at + 1}`).join(', ');
    deepStrictEqual(
      db
        .prepare(`select id from n where v in (${slots}) order by id`)
        .raw()
        .all(...range(5000, (at) => at))
        .flat(),
      ids((id) => id < 100),
    );
    const conditions = range(5000, (at) => `v = ${at}`).join(' or ');
    deepStrictEqual(
      all(`select id from n where ${conditions} order by id`),
      ids((id) => id < 100),
    );
    const guards = range(5000, (at) => `v <> ${at}`).join(' and ');
    deepStrictEqual(
      all(`select id from n where ${guards} order by id`),
      ids((id) => id >= 100),
    );
    deepStrictEqual(all(`select ${range(300, () => 'id').join(' + ')} from n where id = 3`), [900]);
    deepStrictEqual(all(`select coalesce(${range(2000, () => 'null').join(', ')}, s) from n where id = 1`), ['s25']);
    deepStrictEqual(
      all(`select greatest(${range(2000, (at) => (at === 777 ? 'v' : `${at % 40}`)).join(', ')}) from n where id = 1`),
      [50],
    );
    strictEqual(
      db
        .prepare(`select ${range(1600, (at) => `id + ${at} as x${at}`).join(', ')} from n where id = 7`)
        .raw()
        .all()[0].length,
      1600,
    );
    const values = range(20_000, (at) => `(${at + 1000}, ${at}, 'x')`).join(', ');
    strictEqual(db.prepare(`insert into n values ${values}`).run().changes, 20_000);
  }),
);

const NESTED: { readonly [name: string]: (depth: number) => string } = {
  parentheses: (depth) => `${'('.repeat(depth)}1${')'.repeat(depth)}`,
  signs: (depth) => `${'- '.repeat(depth)}1`,
  not: (depth) => `${'not '.repeat(depth)}true`,
  functions: (depth) => `${'abs('.repeat(depth)}1${')'.repeat(depth)}`,
  cases: (depth) => `${'case when true then '.repeat(depth)}1${' end'.repeat(depth)}`,
  coalesce: (depth) => `${'coalesce(null, '.repeat(depth)}1${')'.repeat(depth)}`,
  casts: (depth) => `1${'::int4'.repeat(depth)}`,
  sums: (depth) => `1${' + 1'.repeat(depth)}`,
  powers: (depth) => `1${' ^ 1'.repeat(depth)}`,
  texts: (depth) => `'a'${" || 'a'".repeat(depth)}`,
  'is null': (depth) => `1${' is null'.repeat(depth)}`,
  lists: (depth) => `${'1 in (1, '.repeat(depth)}1${')'.repeat(depth)}`,
  between: (depth) => `1${' between 1 and 1'.repeat(depth)}`,
  arrows: (depth) => `'{}'::jsonb${" -> 'a'".repeat(depth)}`,
  mixed: (depth) => `${'(case when not (1 = '.repeat(depth)}1${') then 1 else 2 end)'.repeat(depth)}`,
};

test(
  'expressions nest to the limit, and beyond it the error is 54001',
  withDatabase((db) => {
    db.exec('create table one (id int4); insert into one values (1)');
    for (const [name, nested] of Object.entries(NESTED)) {
      for (const depth of [10, 90]) {
        const code = outcome(() =>
          db
            .prepare(`select ${nested(depth)} from one`)
            .raw()
            .all(),
        );
        // What PostgreSQL has no operator for is no matter of depth.
        ok(code === 'fine' || (code.startsWith('42') && depth > 1), `${name} ${depth}: ${code}`);
      }
      for (const depth of [390, 1000, 50_000]) {
        const code = outcome(() =>
          db
            .prepare(`select ${nested(depth)} from one`)
            .raw()
            .all(),
        );
        ok(code === 'fine' || code === '54001' || code.startsWith('42'), `${name} ${depth}: ${code}`);
        if (depth === 390)
          outcome(() => db.exec(`create table t_${depth} (a int4 check (${nested(depth)} is not null)); drop table t_${depth}`));
      }
    }
    strictEqual(
      outcome(() => db.prepare(`select ${'('.repeat(1000)}1${')'.repeat(1000)}`)),
      '54001',
    );
    strictEqual(
      outcome(() => db.prepare('('.repeat(1_000_000))),
      '54001',
    );
  }),
);

test(
  'statements of a megabyte, values of ten megabytes, names and numbers of any length',
  withDatabase((db) => {
    db.exec('create table big (id int4 primary key, t text, b bytea, n numeric, j jsonb)');
    const text = `x'${'0123456789abcdef'.repeat(2 ** 16)}é`;
    strictEqual(value(db, `select '${text.replaceAll("'", "''")}'`), text);
    strictEqual(value(db, `select /* ${'*'.repeat(2 ** 20)} */ 1 -- ${'-'.repeat(2 ** 20)}`), 1);
    strictEqual(value(db, `select${' '.repeat(2 ** 20)}1`), 1);
    const long = 'äbc'.repeat(2 ** 20 * 2 + 7);
    const bytes = new Uint8Array(10 * 2 ** 20 + 3).map((_, at) => (at * 31) & 255);
    const json = { a: 'z'.repeat(2 ** 20), b: range(20_000, (at) => at) };
    db.prepare('insert into big values (1, $1, $2, $3, $4)').run(long, bytes, '9'.repeat(20_000), json);
    const [row] = db.prepare('select t, b, n, j from big').raw().all() as unknown as [string, Uint8Array, string, object][];
    ok(row[0] === long && Buffer.compare(row[1], bytes) === 0 && row[2] === '9'.repeat(20_000));
    deepStrictEqual(row[3], json);
    strictEqual(value(db, 'select length(t) from big'), long.length);
    db.prepare('update big set t = t || $1 where t = $2').run('end', long);
    strictEqual(value(db, 'select right(t, 4) from big'), 'cend');
    const name = 'n'.repeat(2 ** 20);
    strictEqual(
      outcome(() => db.prepare(`select 1 as ${name}`).all()),
      'fine',
    );
    strictEqual(
      outcome(() => db.prepare(`select ${name}`)),
      '42703',
    );
    strictEqual(value(db, `select ${'9'.repeat(1000)} - ${'9'.repeat(1000)}`), '0');
    ok(['22003', '42601', '54000', 'fine'].includes(outcome(() => db.prepare(`select ${'9'.repeat(500_000)}`).get())));
    ok(['22003', '42601', '54000', 'fine'].includes(outcome(() => db.prepare(`select 1e${'9'.repeat(50_000)}`).get())));
    strictEqual(outcome(() => db.prepare(`select $${'9'.repeat(50)}`)).slice(0, 2), '42');
    strictEqual(outcome(() => db.prepare('select $65536').get()).slice(0, 2), '42');
    ok(['22023', '54000'].includes(outcome(() => db.prepare("select repeat('x', 2147483647)").get())));
    ok(['22023', '54000'].includes(outcome(() => db.prepare("select lpad('x', 2147483647, 'yz')").get())));
    const script = range(5000, (at) => `insert into big (id) values (${at + 10})`).join(';\n');
    db.exec(script);
    strictEqual(value(db, 'select count(*) from big'), 5001);
  }),
);
