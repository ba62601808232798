/**
 * Order and its bounds through SQL: every type in both directions, in memory and through runs, LIMIT and OFFSET, cursors, indexes. What
 * PostgreSQL answers is the measure; the way there (an index, runs, batches) changes nothing.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import { type Database, open } from '../../engine/api/api.ts';
import { startPeer } from '../oracle/postgresql.ts';
import { runPeer, Subject, type Text } from '../differential/subject.ts';
import { problemsOf, SMALL, withDatabase } from './with-database.ts';

const ROWS = 400;
/** Values of each column, among them those at the ends of the type; each comes often. */
const COLUMNS: { readonly [name: string]: readonly (string | null)[] } = {
  'b bool': ['true', 'false', null],
  's int2': ['-32768', '32767', '0', '7', null],
  'i int4': ['-2147483648', '2147483647', '0', '-1', '10', '9', null],
  'l int8': ['-9223372036854775808', '9223372036854775807', '9007199254740993', '9007199254740992', '9007199254740994', '-1', '0', null],
  'r float4': ['-0', '0', 'NaN', 'infinity', '-infinity', '1.5', '-1.5', '3.4e38', null],
  'd float8': ['-0', '0', 'NaN', 'infinity', '-infinity', '0.1', '1e308', '-1e-308', '9007199254740993', null],
  'n numeric(8,2)': ['999999.99', '-999999.99', '0.00', '0.01', '-0.01', '10', '9.9', null],
  'w numeric': ['1e40', '1.0', '1.00', '-1e40', 'NaN', '9007199254740993', '9007199254740992.5', '1e-30', '0', null],
  't text': ['', 'a', 'A', 'b', 'ab', 'a b', 'é', 'z', '\u{10000}', '\uffff', 'aaaaaaaaaaaaaaaab', 'aaaaaaaaaaaaaaaaa', null],
  'v varchar(10)': ['', 'a', 'aa', 'B', null],
  'c char(4)': ['a', 'a b', 'ab', 'B', null],
  'y bytea': ['\\x', '\\x00', '\\x0000', '\\xff', '\\x00ff', null],
  'da date': ['-infinity', 'infinity', '4713-01-01 BC', '5874897-12-31', '2020-02-29', '1970-01-01', null],
  'ti time': ['00:00', '24:00', '12:34:56.789012', '12:34:56.789013', null],
  'ts timestamp': ['-infinity', 'infinity', '4713-01-01 00:00 BC', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999998', '2020-01-01', null],
  'tz timestamptz': ['-infinity', 'infinity', '294276-12-31 23:59:59.999999+00', '2020-01-01 00:00+00', '2020-01-01 00:00+01', null],
  'iv interval': ['1 month', '30 days', '29 days 24:00', '-1 day', '1 year', '178000000 years', '-00:00:00.000001', null],
  'u uuid': ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', null],
}; // biome-ignore format: a table

const names = Object.keys(COLUMNS).map((column) => column.split(' ')[0]);
const quoted = (value: string | null): string => (value === null ? 'null' : `'${value.replaceAll("'", "''")}'`);

/** A step through the values that is none of the number of rows. */
const rowOf = (id: number): string =>
  `(${[String(id), ...Object.values(COLUMNS).map((values, at) => quoted(values[(id * (at + 3) + at) % values.length]))].join(', ')})`;

const CREATE = `create table v (id int, ${Object.keys(COLUMNS).join(', ')})`;
const INSERT = `insert into v values ${Array.from({ length: ROWS }, (_, id) => rowOf(id)).join(', ')}`;

let peer: PGlite;
let db: Database;
let subject: Subject;
before(async () => {
  peer = await startPeer(CREATE, INSERT);
  db = open(':memory:', { ...SMALL, times: 'text', json: 'text' });
  subject = new Subject(db);
  subject.define(CREATE);
  subject.define(INSERT);
});
after(async () => {
  strictEqual(problemsOf(db), '');
  db.close();
  await peer.close();
});

/** With room for everything, and with room for a few rows: then runs are written. */
const MEMORIES = ["set work_mem = '4MB'", "set work_mem = '64kB'"];

function everyWay(text: Text): string[] {
  const answers = MEMORIES.map((memory) => {
    db.exec(memory);
    const answer = subject.run(text, 'array');
    return answer.error ?? JSON.stringify(answer.rows);
  });
  return [...new Set(answers)];
}

async function compare(text: string, values: Text['values'] = []): Promise<void> {
  const theirs = await runPeer(peer, { text, values });
  deepStrictEqual(everyWay({ text, values }), [theirs.error ?? JSON.stringify(theirs.rows)], text);
}

const DIRECTIONS = ['', 'asc nulls first', 'desc', 'desc nulls last'];
const ALL = ['id', ...names].join(', ');

test('every type is sorted in both directions, NULLs at either end, in memory and through runs', async () => {
  for (const [at, name] of names.entries()) {
    for (const direction of DIRECTIONS) {
      const other = names[(at + 5) % names.length];
      const order = `from v order by ${name} ${direction}, id`;
      // The other columns make rows so wide that they do not fit.
      const ours = everyWay({ text: `select id, ${name} as value, ${ALL} ${order}`, values: [] }).map((answer) =>
        (JSON.parse(answer) as string[][]).map((row) => row.slice(0, 2)),
      );
      const { rows } = await runPeer(peer, { text: `select id, ${name} ${order}`, values: [] });
      for (const one of ours) deepStrictEqual(one, rows, order);
      await compare(`select ${name}, id from v order by ${name} ${direction}, ${other} desc, id limit 17 offset 5`);
    }
  }
});

test('rows that are equal stay in the order in which they came', () => {
  for (const name of names) {
    const text = `select ${name}::text as value, id as place, ${ALL} from v order by v.${name}`;
    const answers = everyWay({ text, values: [] });
    strictEqual(answers.length, 1, 'in memory and through runs');
    const rows = JSON.parse(answers[0]) as string[][];
    strictEqual(rows.length, ROWS);
    // Equal, though written differently: -0 and 0, 1.0 and 1.00, a month and 30 days.
    if (/^(r|d|w|iv)$/.test(name)) continue;
    for (let at = 1; at < rows.length; at++)
      if (rows[at][0] === rows[at - 1][0]) ok(Number(rows[at][1]) > Number(rows[at - 1][1]), `${name}: ${rows[at]}`);
  }
});

test('expressions, several keys, groups and DISTINCT are sorted alike', async () => {
  for (const text of [
    'select id, i + 0.5 from v where i < 2147483647 order by i + 0.5 desc, id',
    'select id, l::numeric * 2 from v order by l::numeric * 2, id desc',
    'select s, count(*), sum(id) from v group by s order by count(*) desc, s',
    'select distinct n, t from v order by t desc, n nulls first',
    'select distinct on (t) t, id from v order by t, id desc',
    'select id from v order by lower(t) nulls first, length(v), -id',
    'select t || v from v order by 1 desc, id limit 30',
    "select id from v order by case when b then 'x' else t end, i desc nulls last, id",
    'select iv, count(*) from v group by iv order by iv',
    'select d, count(*) from v group by d order by d',
    'select w, count(*) from v group by w order by w',
  ])
    await compare(text);
});

test('LIMIT and OFFSET: numbers, parameters, NULL, none, more than there is, none that counts', async () => {
  const counts = [null, '0', '1', '7', '399', '400', '401', '5000000000', '9223372036854775807'];
  for (const order of ['order by id', 'order by t, id', 'where id >= 10 order by i desc, id']) {
    for (const limit of counts) {
      for (const offset of counts) {
        const ends = { type: 'int8', bare: false };
        await compare(`select id from v ${order} limit $1 offset $2`, [
          { ...ends, text: limit },
          { ...ends, text: offset },
        ]);
      }
    }
    for (const bad of ['-1', '-9223372036854775808']) {
      const given = [{ type: 'int8', text: bad, bare: false }];
      await compare(`select id from v ${order} limit $1`, given);
      await compare(`select id from v ${order} offset $1`, given);
    }
    await compare(`select id from v ${order} limit -1`);
    await compare(`select id from v ${order} offset -1`);
    await compare(`select id from v ${order} limit 9223372036854775807 offset 1`);
    await compare(`select id from v ${order} limit all offset 398`);
    await compare(`select id from v ${order} fetch first row only`);
    await compare(`select id from v ${order} limit 1 / 0`);
  }
});

test('a cursor gives what the whole result gives, however it was made', () => {
  const texts = [
    `select ${ALL} from v`,
    `select ${ALL} from v order by t desc, id`,
    'select id from v where id > 20 order by id desc limit 300 offset 50',
    'select t, count(*) from v group by t',
    'select distinct d, iv from v',
  ];
  for (const memory of MEMORIES) {
    db.exec(memory);
    for (const text of texts) {
      const statement = db.prepare(text).raw();
      deepStrictEqual([...statement.iterate()], statement.all(), text);
    }
  }
});

/** Ranges and points on a table with an index and without one. */
const INDEXES = [
  'create index on v (i, t)',
  'create index on v (i desc, id)',
  'create index on v (t desc nulls last, l)',
  'create index on v (l)',
  'create index on v (d, n desc)',
  'create index on v (ts)',
  'create index on v (n nulls first, id)',
  'create index on v (da desc)',
  'create index on v (w)',
  'create index on v (y, u)',
  'create index on v using hash (t)',
  'create index on v using hash (l)',
  'create index on v using hash (d)',
  'create index on v (lower(t), id)',
  'create index on v ((i / 10), (l % 100))',
];

const CONDITIONS = [
  'i = 10', 'i = 10 and t > \'a\'', 'i between -1 and 10', 'i > 9 and i <= 2147483647', 'i is null', 'i in (9, 10, null)', 'i = -1 and t is null',
  "t = 'a'", "t = ''", "t >= 'a' and t < 'b'", "t > '\uffff'", "t like 'a%'", "t is null and l = 0", "t = 'a' and l < 9007199254740993",
  'l = 9007199254740993', 'l > 9007199254740992', 'l >= 9223372036854775807', 'l <= -9223372036854775808', 'l = 9007199254740993::numeric', 'l < 0.5',
  'd = 0', "d = '-0'", "d > 0 and d < 'infinity'", "d = 'NaN'", "d >= 'infinity'", "d < '-1e-308'", 'd = 0 and n > 0', 'd = 9007199254740993',
  "ts = '294276-12-31 23:59:59.999999'", "ts > '294276-12-31 23:59:59.999998'", "ts < '2020-01-01'", "ts = 'infinity'", "ts <= '-infinity'",
  'n = 10', 'n > 9.9', 'n > 9.895', 'n < -0.005', 'n <= 999999.99', 'n is null', "da = '5874897-12-31'", "da > '2020-02-29'", "da < '1970-01-01'",
  'w = 1', "w = 'NaN'", 'w > 9007199254740992', 'w >= 9007199254740992.5', 'w < 1e-30', "y = '\\x00'", "y > '\\x00' and y <= '\\xff'", "y = '\\x' and u is null",
  "lower(t) = 'a'", "lower(t) > 'a' and id < 200", 'i / 10 = 1', 'i / 10 = 0 and l % 100 = -8', 'i = 1 / 0', '(i, t) > (9, \'a\')', '(i, id) < (10, 50)',
]; // biome-ignore format: a list

test('what an index finds is what a scan finds, whatever the type, the bounds and the direction', async () => {
  const orders = [
    'order by id',
    'order by i desc, id',
    'order by t, id limit 9',
    'order by l desc nulls last, id limit 40',
    'order by n, id offset 3',
  ];
  const queries = CONDITIONS.flatMap((condition, at) => [
    `select count(*) from v where ${condition}`,
    `select id from v where ${condition} ${orders[at % orders.length]}`,
    `select id from v where ${condition} order by i, t, id`,
    `select i, id from v where ${condition} order by i desc, id limit 5`,
  ]);
  const answers = (): string[] => queries.map((text) => everyWay({ text, values: [] }).join(' or '));
  const scanned = answers();
  for (const index of INDEXES) subject.define(index);
  const found = answers();
  subject.define('analyze v');
  const planned = answers();
  for (const [at, text] of queries.entries()) {
    const theirs = await runPeer(peer, { text, values: [] });
    const expected = theirs.error ?? JSON.stringify(theirs.rows);
    deepStrictEqual([scanned[at], found[at], planned[at]], [expected, expected, expected], text);
  }
});

test('values at the ends of their types come as they were put in', async () => {
  for (const name of names) await compare(`select id, ${name} from v where ${name} is not null order by id`);
  await compare(
    'select sum(l), min(l), max(l), avg(l), sum(i), avg(i), sum(n), avg(n), min(ts), max(ts), min(d), max(d), sum(s) from v',
  );
  await compare("select sum(l) filter (where l > 0), max(w), min(w), sum(w) from v where w <> 'NaN'");
  await compare('select id, -l, l + 0, abs(l) from v where l > -9223372036854775808 order by id');
  await compare("select id, ts + interval '1 day' from v where ts < '294276-01-01' and ts > '-infinity' order by id");
});

test(
  'parameters are read beside the names that a sort makes up',
  withDatabase((db) => {
    db.exec('create table t (id integer not null unique, v timestamptz(0) unique)');
    db.exec("insert into t values (52, '-infinity'), (87, '2024-02-29 12:30:00+00'), (88, null)");
    const text = 'select id from t where v in ($1, $2, $3) and $4::bool order by v desc, id desc, id offset $5::int8';
    const times = ['1970-01-01 00:00:00+00', '-infinity', '2024-02-29 12:30:00+00'];
    deepStrictEqual(
      db
        .prepare(text)
        .raw()
        .all(...times, true, 0),
      [[87], [52]],
    );
    deepStrictEqual(
      db
        .prepare(text)
        .raw()
        .all(...times, false, 0),
      [],
    );
  }),
);
