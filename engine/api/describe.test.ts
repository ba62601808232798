/** Describing, explaining and parameters: what a program may ask of a statement without running it, and how it gives values. */

import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { withDatabase } from '../../test/sql/with-database.ts';
import { attach, type Database } from './api.ts';

const ITEM = 'create table item (id integer primary key, name text not null, price numeric(10,2), kind varchar(5))';

test(
  'a statement is described without being run: columns with type, limits, origin; parameters',
  withDatabase((db) => {
    db.exec(ITEM);
    const columns = db
      .prepare('select id as n, price, kind, upper(name) as up, now() as at, null as nothing from item')
      .columns();
    deepStrictEqual(columns[0], {
      ...{ name: 'n', type: 'int4', nullable: false, length: null, scale: null },
      ...{ schema: 'public', table: 'item', column: 'id' },
    });
    deepStrictEqual(
      columns.slice(1).map(({ name, type, length, scale, column }) => [name, type, length, scale, column]),
      [
        ['price', 'numeric', 10, 2, 'price'],
        ['kind', 'varchar', 5, null, 'kind'],
        ['up', 'text', null, null, null],
        ['at', 'timestamptz', null, null, null],
        ['nothing', 'text', null, null, null],
      ],
    );
    const insert = db.prepare('insert into item values ($1, $2, $3) returning id');
    deepStrictEqual(insert.parameters(), ['int4', 'text', 'numeric']);
    deepStrictEqual(insert.columns().map(({ name }) => name), ['id']); // biome-ignore format: short
    deepStrictEqual([insert.reader, insert.readonly], [true, false]);
    deepStrictEqual(db.prepare('select count(*) as n from item').get(), { n: 0 });
    const create = db.prepare('create table other (x integer)');
    deepStrictEqual([create.columns(), create.reader, create.readonly], [[], false, false]);
    throws(() => db.prepare('select * from other'), { code: '42P01' });
    deepStrictEqual([db.prepare('show timezone').readonly, db.prepare('explain select 1').readonly], [true, true]);
  }),
);

test(
  'EXPLAIN and SHOW are statements with columns, as objects and as arrays',
  withDatabase((db) => {
    db.exec(ITEM);
    const plan = db.prepare('explain select name from item where id = $1');
    deepStrictEqual(plan.columns().map(({ name, type }) => [name, type]), [['QUERY PLAN', 'text']]); // biome-ignore format: short
    deepStrictEqual(plan.parameters(), ['int4']);
    const lines = plan.raw().all() as string[][];
    // Nobody has counted its rows: a plan is made for more than there are now.
    match(lines[0][0], /^IndexPoint using item_pkey on item/);
    strictEqual([...plan.iterate()].length, lines.length);
    const json = db.prepare('explain (format json) select name from item');
    deepStrictEqual(json.columns().map(({ name, type }) => [name, type]), [['QUERY PLAN', 'json']]); // biome-ignore format: short
    const [{ Plan }] = (json.get() as { 'QUERY PLAN': { Plan: object }[] })['QUERY PLAN'];
    deepStrictEqual((Plan as { [name: string]: string })['Node Type'], 'PageScan');
    strictEqual(JSON.parse(db.explain('select name from item', { format: 'json' }))[0].Plan['Node Type'], 'PageScan');
    match(db.explain('select name from item where id = 7', { sblr: true }), /SBLR:\nuses .*\nexplain\n\s*query name/);
    match(db.explain('select name from item where id = 7', { codegen: true }), /Code:\n/);
    throws(() => db.explain('create table x (y integer)'), { code: '0A000' });
    deepStrictEqual(db.prepare('show timezone').raw().get(), ['UTC']);
    deepStrictEqual(db.prepare('show all').columns().map(({ name }) => name), ['name', 'setting', 'description']); // biome-ignore format: short
  }),
);

test(
  'values are given one by one, as a list, or by name',
  withDatabase((db) => {
    const sum = db.prepare('select $1::int - $2::int as n');
    deepStrictEqual([sum.get(5, 2), sum.get([5, 2])], [{ n: 3 }, { n: 3 }]);
    for (const mark of [':', '$', '@']) {
      const named = db.prepare(`select ${mark}a::int - ${mark}b::int as n, ${mark}a::int as again`);
      deepStrictEqual(named.get({ a: 5, b: 2 }), { n: 3, again: 5 });
      deepStrictEqual(named.get({ [`${mark}a`]: 5, b: 2, more: 1 }), { n: 3, again: 5 });
      deepStrictEqual(named.get(5, 2), { n: 3, again: 5 });
      throws(() => named.get({ a: 1 }), { code: '42P02', message: 'there is no value for parameter :b' });
      throws(() => named.get(1), { code: '08P01', hint: 'give one object with a, b' });
    }
    const at = new Date('2026-11-21T00:00:00Z');
    deepStrictEqual(db.prepare('select :at::timestamptz as at').get(at), { at });
    deepStrictEqual(db.prepare('select :j::json as j').get({ j: { toString: 1 } }), { j: { toString: 1 } });
    throws(() => db.prepare('select :toString::text as t').get({}), { code: '42P02' });
    deepStrictEqual(db.prepare('select $1::json as j').get([1, 2]), { j: [1, 2] });
    throws(() => db.prepare('select :a::int + $1'), { code: '42601', message: /cannot be mixed/ });
    throws(() => db.prepare('select 1 where 1 = ?'), { code: '42601', hint: 'parameters are written $1, $2 ..., or :name' });
    throws(() => sum.get(1), { code: '08P01', message: 'the statement has 2 parameters, but 1 value was given' });
    throws(() => sum.get([1, 2, 3]), { code: '08P01' });
    throws(() => db.prepare('select $2::int'), { code: '42P18' });
  }),
);

test(
  'sessions and queries take a list or names, too; a query can be awaited again',
  withDatabase(async (db) => {
    await using session = db.session();
    deepStrictEqual((await session.run('select $1::int as n', [1])).rows, [{ n: 1 }]);
    deepStrictEqual((await session.run('select :n::int as n', { n: 2 })).rows, [{ n: 2 }]);
    const query = db.query('select :n::int as n', { n: 3 });
    deepStrictEqual([await query, await query], [[{ n: 3 }], [{ n: 3 }]]);
    db.exec('create table t (x integer)');
    const insert = db.query('insert into t values ($1), (2) returning x', [1]);
    deepStrictEqual(await insert, [{ x: 1 }, { x: 2 }]);
    strictEqual(insert.changes, 2);
  }),
);

test(
  'queries that are left early hold nothing back from those that follow',
  withDatabase(async (db) => {
    fill(db, 20_000);
    for (let round = 0; round < 8; round++) {
      for await (const _ of db.query('select id from n')) break;
      const abort = new AbortController();
      const begun = db.query('select id from n', [], { signal: abort.signal }).then(() => undefined);
      abort.abort();
      await rejects(begun, { name: 'AbortError' });
    }
    let seen = 0;
    for await (const _ of db.query('select id from n')) seen++;
    strictEqual(seen, 20_000);
  }),
);

test(
  'a query gives the state when it began, however slow its reader is',
  withDatabase(async (db) => {
    fill(db, 40_000);
    const rows = db.query<{ id: number }>('select id from n order by id')[Symbol.asyncIterator]();
    await rows.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    db.exec('delete from n');
    const { threads } = db.stats();
    let seen = 1;
    while ((await rows.next()).done !== true) seen++;
    deepStrictEqual([seen, threads], [40_000, 2]);
  }),
);

function fill(db: Database, rows: number): void {
  db.exec('create table n (id integer primary key)');
  const insert = db.prepare('insert into n values ($1)');
  db.transaction(() => {
    for (let id = 0; id < rows; id++) insert.run(id);
  })();
}

test(
  'a transaction that others were in the way of runs again where that was asked for',
  withDatabase((db) => {
    db.exec('create table t (id integer primary key, n integer); insert into t values (1, 0)');
    const other = attach(db.handle);
    let tries = 0;
    const body = (): number => {
      const { n } = db.prepare<{ n: number }>('select n from t where id = 1').get() ?? { n: -1 };
      if (++tries <= 2) other.exec('update t set n = n + 10 where id = 1');
      db.prepare('update t set n = $1 where id = 1').run(n + 1);
      return n + 1;
    };
    throws(() => db.transaction(body).repeatableRead(), { code: '40001' });
    tries = 0;
    strictEqual(db.transaction(body).retry(5).repeatableRead(), 31);
    strictEqual(tries, 3);
    tries = -10;
    throws(() => db.transaction(body).retry(1).serializable(), { code: '40001' });
    strictEqual(tries, -8);
    other.close();
  }),
);

test(
  'the plan of a table that was tiny when it was analysed is good for it when it has grown',
  withDatabase((db) => {
    db.exec(`${ITEM}; create index item_name on item (name); insert into item values (1, 'nut', 1, null), (2, 'bolt', 2, null)`);
    db.exec('analyze item');
    match(String(db.explain("select * from item where name = 'nut'")), /^Index\w+ using item_name/);
    match(String(db.explain('update item set price = 3 where id = 2')), /item_pkey/);
  }),
);

test(
  'EXPLAIN ANALYZE runs the statement and tells how many rows each node gave',
  withDatabase((db) => {
    db.exec(`${ITEM}; create table part (item integer, amount integer)`);
    db.exec('insert into part select n % 5, n from generate_series(1, 20) as s(n)');
    const query = `select i.name, (select count(*) from part p where p.item = i.id) from item i join part q on q.item = i.id
      where q.amount > 10`;
    const { length } = db.prepare(query).all();
    const [{ Plan, 'Execution Time': time }] = JSON.parse(db.explain(query, { analyze: true, format: 'json' }));
    strictEqual(Plan['Actual Rows'], length);
    ok(time > 0);
    const lines = db.explain(query, { analyze: true });
    match(lines, /PageScan on part p .*\(actual time=[\d.]+ rows=20 loops=1\)/);
    match(lines, /PageScan on part q .*\(actual time=[\d.]+ rows=10 loops=1\)/);
    match(lines, /Execution Time: [\d.]+ ms/);
    ok(!db.explain(query).includes('actual'));
    // A change is made, as PostgreSQL makes it; with values for its parameters.
    const change = db.prepare('explain analyze update part set amount = 0 where amount > $1');
    match((change.raw().all(15) as string[][])[0][0], /^Update on part .*\(actual time=[\d.]+ rows=5 loops=1\)/);
    strictEqual(db.prepare('select * from part where amount = 0').all().length, 5);
  }),
);

test(
  'EXPLAIN draws the plan',
  withDatabase((db) => {
    db.exec(ITEM);
    const query = 'select a.name from item a join item b on a.id = b.id';
    match(db.explain(query, { format: 'dot' }), /^digraph plan \{.*n1 -> n0.*\}$/s);
    match(db.explain(query, { format: 'svg' }), /^<svg .*HashProbe.*<\/svg>$/s);
  }),
);
