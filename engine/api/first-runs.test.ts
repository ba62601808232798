/** A first run that is interpreted answers what the compiled ones behind it do: rows, their order, errors and places of errors. */

import { deepStrictEqual, strictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import { firstRuns } from '../../codegen/jit/first-run.ts';
import { compiledCharacters } from '../../codegen/rows/compile.ts';
import { SqlError } from '../../shm/errors.ts';
import { type Database, open, type Statement } from './api.ts';

const { oneOf } = firstRuns;
let db: Database;

before(() => {
  firstRuns.oneOf = 1;
  db = open(':memory:', { pool: 0 });
  db.exec(`create table v (id integer primary key, b boolean, s smallint, l bigint, r real, f double precision, n numeric, m numeric(8, 2),
      t text, c char(5), y bytea, d date, h time, o timestamp, z timestamptz, i interval, u uuid);
    insert into v values (1, true, 2, 9007199254740993, 1.5, 2.5, 1.50, 3.25, 'one', 'ab', '\\x00ff', '2020-02-29', '12:00', '2020-02-29 12:00:01',
      '2020-02-29 12:00+00', '1 day', '00000000-0000-0000-0000-000000000001');
    alter table v add column late integer default 7;
    insert into v values (2, false, -3, -5, 'nan', 'infinity', 100, -0.5, 'Zwei', 'ab   ', '', 'infinity', '00:00', '-infinity', 'infinity',
      '-1 mon', '00000000-0000-0000-0000-0000000000ff', 1);
    insert into v (id) values (3);
    insert into v (id, t, l, n, late) values (4, repeat('long ', 3000), 3, 1.5, 0);
    create index on v (s desc nulls last);
    create table many (id integer primary key, a integer);
    insert into many select g, -g from generate_series(1, 100) g;
    create table empty (id integer primary key, a integer)`);
});
after(() => {
  firstRuns.oneOf = oneOf;
  db.close();
});

function answerOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { code: error.code, message: error.message, position: error.position };
  }
}

/** Runs it until all its code is made; returns whether the first run had none. Each run answers the same. */
function same(how: (statement: Statement) => unknown, text: string): boolean {
  const statement = db.prepare(text);
  const before = compiledCharacters();
  const first = answerOf(() => how(statement));
  const made = compiledCharacters() - before;
  for (let run = 0; run < 6; run++)
    deepStrictEqual(
      answerOf(() => how(statement)),
      first,
      text,
    );
  return made === 0;
}

const COLUMNS = ['b', 's', 'l', 'r', 'f', 'n', 'm', 't', 'c', 'y', 'd', 'h', 'o', 'z', 'i', 'u', 'late'];
const EXPRESSIONS = [
  's + 1',
  'l * 2',
  'l + 9223372036854775807',
  'f / 2',
  'r * 2',
  'n * m',
  'm / 3',
  'n / (id - 2)',
  'upper(t)',
  'length(t)',
  "t || '-' || id",
  "coalesce(t, 'none')",
  'case when b then s when s is null then id else -id end',
  'greatest(s, id, late)',
  "d - date '2020-01-01'",
  "o + interval '1 day'",
  'i * 2',
  "c = 'ab'",
  'b and s > 0',
  'b or null',
  'not b',
  's is distinct from 2',
  'id in (1, 3, s)',
  'id not in (1, null)',
  "t like 'o%'",
  'substr(t, 1, 3)',
  'n::integer',
  'l::text',
  'm::numeric(4, 1)',
];
const CONDITIONS = [
  'id = 1',
  'id between 2 and 3',
  'id in (1, 4, 9)',
  's = 2',
  's > -5',
  'l < 4',
  'n = 1.5',
  "t > 'a'",
  'b',
  'late < 5 or f > 1',
];
const ENDS = [
  '',
  'order by id desc',
  'order by t, id',
  'order by f desc nulls first, id',
  'limit 2',
  'order by s limit 2 offset 1',
  'order by late, id limit 1',
];

test('columns of all types, expressions, conditions and orders are the same in the first run', () => {
  let interpreted = 0;
  for (const column of [...COLUMNS, ...EXPRESSIONS])
    if (same((statement) => statement.raw().all(), `select id, ${column} from v order by id`)) interpreted++;
  // Behind their own computation, and read from a page or an index.
  for (const condition of CONDITIONS)
    for (const end of ENDS)
      if (same((statement) => statement.all(), `select id, t, s from v where ${condition} ${end}`)) interpreted++;
  for (const expression of EXPRESSIONS)
    if (same((statement) => statement.all(), `select id from v where (${expression}) is null`)) interpreted++;
  strictEqual(interpreted > 80, true, `${interpreted} were interpreted`);
});

test('errors, their places and limits are the same', () => {
  const given: readonly (readonly [string, ...unknown[]])[] = [
    ['select id from v where 1 / (id - 3) > 5'],
    ['select id, 10 / (late - 7) from v'],
    ['select t from v where id = 10 / $1::integer', 0],
    ['select t from v where id in (1, 10 / $1::integer, 10 / ($1::integer + 1))', 0],
    ['select id from v limit $1', -1],
    ['select id from v order by id limit $1 offset $2', 1, -1],
    ['select id from v order by id limit $1', null],
    ['select id from v order by id limit 0'],
    ['select s + 32767::smallint from v where id = 1'],
    ['select id from v where id = $1', null],
    ['select id from v where s > $1 and t <> $2', -100, 'x'],
    ['select id from v where l = $1', 9007199254740993n],
    ['select id from empty where a = 1'],
    ['select late from v order by late fetch first 1 row with ties'],
  ];
  for (const [text, ...values] of given) same((statement) => statement.all(...values), text);
});

test('a run that meets many rows is compiled in its midst', () => {
  same((statement) => statement.all(), 'select id, a from many where a < 0');
  same((statement) => statement.all(), 'select id from many where a % 2 = 0 order by a');
  same((statement) => [...statement.iterate()], 'select id, a + 1 as b from many');
  same((statement) => statement.get(), 'select id from many where a < -90');
});

test('of a first run that was begun by iterate() nothing comes twice', () => {
  const statement = db.prepare('select id as one from many');
  const rows = statement.iterate();
  const seen = [rows.next().value, rows.next().value];
  strictEqual(statement.all().length, 100);
  deepStrictEqual(new Set([...seen, ...rows].map((row) => (row as { one: number }).one)).size, 100);
});

test('what is defined between the first run and the second is seen', () => {
  db.exec(
    'create table moving (id integer primary key, a integer); create index moving_a on moving (a); insert into moving values (1, 2)',
  );
  const texts = [
    'select a from moving where id = 1',
    'select id from moving where a = 2 order by id',
    'select * from moving order by id',
  ];
  const statements = texts.map((text) => db.prepare(text));
  for (const statement of statements) strictEqual(statement.all().length, 1);
  db.exec('drop index moving_a; alter table moving add column b integer default 3; insert into moving values (5, 2, 4)');
  deepStrictEqual(
    statements.map((statement) => statement.all()),
    [
      [{ a: 2 }],
      [{ id: 1 }, { id: 5 }],
      [
        { id: 1, a: 2, b: 3 },
        { id: 5, a: 2, b: 4 },
      ],
    ],
  );
  const last = db.prepare('select a as last from moving');
  last.all();
  db.exec('drop table moving');
  deepStrictEqual(
    answerOf(() => last.all()),
    { code: '42P01', message: 'relation "moving" does not exist', position: 23 },
  );
});

test('what a first run reads counts for serializable transactions', () => {
  db.exec('create table doctor (id integer primary key, duty boolean); insert into doctor values (1, true), (2, true)');
  const other = db.session();
  return (async () => {
    await other.run('begin isolation level serializable');
    db.exec('begin isolation level serializable');
    strictEqual(db.prepare('select id as mine from doctor where duty').all().length, 2);
    strictEqual((await other.run('select id as theirs from doctor where duty')).rows.length, 2);
    await other.run('update doctor set duty = false where id = 2');
    await other.run('commit');
    const failed = answerOf(() => {
      db.exec('update doctor set duty = false where id = 1');
      db.exec('commit');
    });
    strictEqual((failed as { code: string }).code, '40001');
    db.exec('rollback');
    await other.close();
  })();
});
