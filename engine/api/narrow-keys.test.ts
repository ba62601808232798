import { deepStrictEqual, match, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { open } from './api.ts';

const planOf = (db: ReturnType<typeof open>, sql: string): string => db.prepare(`explain ${sql}`).raw().all().join('\n');

test('an index of small integers answers for larger ones: what its type does not hold is found nowhere', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table t (id smallint primary key, a integer, b smallint); create index on t (a); create index on t (b)');
  const insert = db.prepare('insert into t values ($1, $2, $3)');
  db.transaction(() => {
    for (let id = -2000; id < 2000; id++) insert.run(id, id * 3, id % 50 === 0 ? null : id % 50);
  })();
  db.exec('analyze t');
  const ids = (where: string, ...values: unknown[]): unknown[] =>
    db
      .prepare(`select id from t where ${where} order by id`)
      .raw()
      .all(...values)
      .flat();
  match(planOf(db, 'select * from t where id = 7'), /IndexPoint/);
  deepStrictEqual(ids('id = 7'), [7]);
  deepStrictEqual(ids('7 = id'), [7]);
  deepStrictEqual(ids('id = 40000'), []);
  deepStrictEqual(ids('id = 65543'), []);
  deepStrictEqual(ids('id = 7::bigint'), [7]);
  deepStrictEqual(ids('id = $1::int', 12), [12]);
  deepStrictEqual(ids('id = $1::int', 65548), []);
  deepStrictEqual(ids('id = $1::int', null), []);
  match(planOf(db, 'select * from t where a = 21::bigint'), /IndexRange/);
  deepStrictEqual(ids('a = 21::bigint'), [7]);
  deepStrictEqual(ids('a = 4294967317'), []);
  match(planOf(db, 'select * from t where id in (3, 70000, 5)'), /IndexPoints/);
  deepStrictEqual(ids('id in (5, 70000, 3, 65541)'), [3, 5]);
  deepStrictEqual(ids('b = 49 and id > 1990'), [1999]);
  deepStrictEqual(ids('b = -65487'), []);
  // Made smaller is another matter: that fails for what does not fit.
  deepStrictEqual(ids('a::smallint = 21'), [7]);
  deepStrictEqual(ids('id::bigint::int::smallint = 7'), [7]);
  db.exec('delete from t where id = 8; update t set a = -1 where id = 9');
  deepStrictEqual(ids('id in (8, 9)'), [9]);
});

/** A column of each, values of a larger type with which it is compared, and those near which it differs whether one is counted in. */
const RANGES: readonly { readonly column: string; readonly values: readonly string[] }[] = [
  { column: 'i2', values: ['0', '70000', '-70000', '32767', '32768', '-32768', '-32769', '9000000000', '-9000000000'] },
  { column: 'i2', values: ['7.5', '-7.5', '7.0', '32767.5', '-32768.5', '1e20', "'NaN'::numeric", "'-infinity'::numeric"] },
  {
    column: 'i4',
    values: ['2147483647', '2147483648', '-2147483649', '-2147483648', '9223372036854775807', '3::bigint', '3::smallint'],
  },
  { column: 'i4', values: ['0.5', '2147483646.999', '2147483647.001', "'infinity'::numeric", '-0.0'] },
  { column: 'i8', values: ['9223372036854775807.5', '9223372036854775808', '-9223372036854775808.5', '9007199254740993.5', '5'] },
  {
    column: 'd',
    values: ["timestamp '2020-02-29 00:00'", "timestamp '2020-02-29 00:00:00.000001'", "timestamp '2020-02-28 23:59:59.999999'"],
  },
  {
    column: 'd',
    values: [
      "timestamp 'infinity'",
      "timestamp '-infinity'",
      "timestamp '4713-11-24 00:00 BC'",
      "timestamp '294276-12-31 23:59'",
    ],
  },
  {
    column: 'd',
    values: [
      "timestamptz '2020-02-29 00:00+00'",
      "timestamptz '2020-02-29 05:00+00'",
      "timestamptz '-infinity'",
      "timestamptz 'infinity'",
    ],
  },
  {
    column: 't',
    values: ["timestamptz '2020-03-29 01:00+00'", "timestamptz '2020-10-25 00:30+00'", "timestamptz '2020-10-25 01:00+00'"],
  },
  {
    column: 't',
    values: ["timestamptz 'infinity'", "date '2020-02-29'", "date '-infinity'", "timestamptz '2020-03-29 01:30+00'"],
  },
  {
    column: 'z',
    values: ["timestamp '2020-03-29 02:30'", "timestamp '2020-10-25 02:30'", "date '2020-02-29'", "date 'infinity'"],
  },
];

test('an index answers ranges of a larger type of its family as a scan does, at the ends of the types and in every zone', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec(`create table scanned (id int, i2 smallint, i4 integer, i8 bigint, d date, t timestamp, z timestamptz);
    insert into scanned select g, g * 20 - 16000, g, g * 10, date '2020-01-01' + g / 12, timestamp '2020-01-01' + g * interval '2 hours',
      timestamptz '2020-01-01 00:00+00' + g * interval '2 hours' from generate_series(1, 1600) g;
    insert into scanned (id, i2, i4, i8) values (5001, -32768, -2147483648, -9223372036854775808),
      (5002, 32767, 2147483647, 9223372036854775807), (5003, null, null, null), (5004, 32766, 2147483646, 9007199254740993);
    insert into scanned (id, d, t, z) values (5005, 'infinity', 'infinity', 'infinity'), (5006, '-infinity', '-infinity', '-infinity'),
      (5007, '4713-11-24 BC', '4713-11-24 BC', '4713-11-25 BC'), (5008, '2020-02-29', '2020-03-29 02:15', '2020-03-29 00:59:59.999999+00');
    create table indexed as select * from scanned`);
  for (const column of ['i2', 'i4', 'i8', 'd', 't', 'z']) db.exec(`create index on indexed (${column})`);
  db.exec('analyze scanned; analyze indexed');
  const ids = (table: string, where: string): unknown =>
    db.prepare(`select id from ${table} where ${where}`).raw().all().flat().sort();
  let byIndex = 0;
  for (const zone of ['UTC', 'Europe/Berlin', 'Pacific/Apia']) {
    db.exec(`set timezone = '${zone}'`);
    for (const { column, values } of RANGES) {
      if (zone !== 'UTC' && column.startsWith('i')) continue;
      for (const value of values) {
        for (const where of ['<', '<=', '>', '>=', '='].map((operator) => `${column} ${operator} ${value}`)) {
          if (zone === 'UTC' && planOf(db, `select id from indexed where ${where}`).includes('Index')) byIndex++;
          deepStrictEqual(ids('indexed', where), ids('scanned', where), `${where} in ${zone}`);
        }
        const both = `${value} <= ${column} and ${column} <= ${values[0]}`;
        deepStrictEqual(ids('indexed', both), ids('scanned', both), `${both} in ${zone}`);
      }
    }
  }
  ok(byIndex > 60, `${byIndex} answered by an index`);
});

test('plans of ranges of a larger type', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec(`create table t (i2 smallint, i4 integer, i8 bigint, d date, s timestamp, z timestamptz, other text default 'x');
    insert into t select g, g, g, date '2020-01-01' + g, timestamp '2020-01-01' + g * interval '1 day',
      timestamptz '2020-01-01' + g * interval '1 day' from generate_series(1, 5000) g`);
  for (const column of ['i2', 'i4', 'i8', 'd', 's', 'z']) db.exec(`create index on t (${column})`);
  db.exec('analyze t');
  const plan = (where: string): string => planOf(db, `select other from t where ${where}`);
  const few = [
    'i2 < 30',
    'i2 > 4990::bigint',
    'i2 > 40000',
    'i2 = 70000',
    'i4 < 30::bigint',
    'i4 between 7::bigint and 12::smallint',
    'i8 < 9.5',
    'i2 <= 9.5',
    'i4 = 9.0',
  ];
  const days = [
    "d < timestamp '2020-01-10'",
    "d < timestamptz '2020-01-10'",
    "s < date '2020-01-10'",
    "s < timestamptz '2020-01-10'",
  ];
  for (const where of [
    ...few,
    ...days,
    "z < date '2020-01-10'",
    "z < timestamp '2020-01-10'",
    "z < now() - interval '40000 days'",
  ]) {
    match(plan(where), /IndexRange|IndexOnly/, where);
  }
  // What the zone decides is looked at again behind the index.
  match(plan("d < timestamptz '2020-01-10'"), /Filter/);
  // All of it, or most, is no matter for an index.
  for (const where of ['i2 < 40000', 'i2 > -40000', 'i4 < 3000000000', "d < timestamp '9999-01-01'"])
    match(plan(where), /PageScan/, where);
  const prepared = db.prepare('select count(*) from t where i2 > $1::int').raw();
  deepStrictEqual(
    [4998, 40000, -40000, null].map((value) => prepared.get(value)),
    [[2], [0], [5000], [0]],
  );
});

test('hash indexes of keys of several kinds, one after the other in one thread', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec('create table t (id int primary key, n double precision, w text, b bigint, p int, q int)');
  for (const column of ['n', 'w', 'b', 'p']) db.exec(`create index on t using hash (${column})`);
  db.exec("insert into t select g, g + 0.5, 'word ' || g, g * 10000000000, g, g from generate_series(1, 300) g; analyze t");
  const id = (where: string): unknown => db.prepare(`select id from t where ${where}`).raw().all().flat();
  for (let turn = 0; turn < 3; turn++) {
    deepStrictEqual(id("w = 'word 17'"), [17]);
    deepStrictEqual(id('n = 18.5'), [18]);
    deepStrictEqual(id('b = 190000000000'), [19]);
    deepStrictEqual(id('p = 20'), [20]);
    deepStrictEqual(id("w = 'word 21' or n = 22.5"), [21, 22]);
  }
});

/** As PostgreSQL 15 and PGlite answer them. */
const BEYOND: readonly (readonly [string, string])[] = [
  ["d > timestamp '2020-01-01'", '5874897-12-31 infinity'],
  ["d <= timestamptz '2020-01-01'", '2020-01-01 4713-01-01 BC'],
  ["timestamp 'infinity' > d", '2020-01-01 4713-01-01 BC 5874897-12-31'],
  ["d in (timestamp '2020-01-01', timestamp '2021-01-01')", '2020-01-01'],
  ["d between timestamp '2000-01-01' and timestamptz '2040-01-01'", '2020-01-01'],
  ["d is distinct from timestamp '2020-01-01'", '4713-01-01 BC 5874897-12-31 infinity'],
  ["d = any (array[timestamp '2020-01-01'])", '2020-01-01'],
  ["nullif(d, timestamp '2020-01-01') is null", '2020-01-01'],
  ["(d, 1) < (timestamp '2030-01-01', 2)", '2020-01-01 4713-01-01 BC'],
  ["case d when timestamp '2020-01-01' then false else true end", '4713-01-01 BC 5874897-12-31 infinity'],
  ['exists (select from moment where t = d)', '2020-01-01 infinity'],
  ['exists (select from moment where z <= d)', '2020-01-01 4713-01-01 BC 5874897-12-31 infinity'],
  ['exists (select from moment where t > d)', '2020-01-01 4713-01-01 BC 5874897-12-31'],
];

test('dates that no timestamp is are compared with timestamps, in a scan, a join or an index, and are cast to none', () => {
  using db = open(':memory:', { pool: 0 });
  db.exec(`set time zone 'Asia/Tokyo';
    create table moment (t timestamp, z timestamptz); insert into moment values ('2020-01-01', '2020-01-01'), ('infinity', '-infinity');
    create table day (d date); insert into day values ('5874897-12-31'), ('2020-01-01'), ('4713-01-01 BC'), ('infinity')`);
  const days = (where: string): string =>
    db.prepare(`select string_agg(d::text, ' ' order by d::text collate "C") from day where ${where}`).raw().all().flat().join();
  for (const [where, found] of BEYOND) deepStrictEqual(days(where), found, where);
  db.exec('create index on day (d); insert into day select null from generate_series(1, 3000); analyze day');
  match(planOf(db, `select d from day where ${BEYOND[0][0]}`), /Index(Range|Only)/);
  for (const [where, found] of BEYOND)
    if (!where.includes('null')) deepStrictEqual(days(`d is not null and ${where}`), found, where);
  for (const failing of ["d::timestamp < timestamp '2020-01-01'", "greatest(d, timestamp '2020-01-01') is null"])
    throws(() => days(failing), { code: '22008' });
});
