/** Every cell of docs/values.md: what a program gives becomes the value of SQL, and comes back with the face that was asked for. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { SMALL } from '../../test/sql/with-database.ts';
import { type Database, open, type OpenOptions } from './api.ts';

// Types of TypeScript do not know Temporal yet.
// biome-ignore lint/suspicious/noExplicitAny: see above
const { Temporal } = globalThis as any;

const DATE = new Date('2026-11-21T12:30:00.123Z');
const BYTES = [0xa0, 0xee, 0xbc, 0x99, 0x9c, 0x0b, 0x4e, 0xf8, 0xbb, 0x6d, 0x6b, 0xb9, 0xbd, 0x38, 0x0a, 0x11];

/** Values of a type, and the text that the database makes of them. */
const TAKEN: { readonly [type: string]: readonly (readonly [unknown, string])[] } = {
  boolean: [[true, 'true'], [false, 'false'], [1, 'true'], [0, 'false'], ['yes', 'true']],
  smallint: [[-32768, '-32768'], [7n, '7'], ['12', '12']],
  integer: [[2147483647, '2147483647'], [-1n, '-1'], [' 12 ', '12']],
  bigint: [[9007199254740992, '9007199254740992'], [2n ** 63n - 1n, '9223372036854775807'], ['-5', '-5']],
  real: [[0.1, '0.1'], [3n, '3'], ['NaN', 'NaN']],
  'double precision': [[0.1, '0.1'], [-0, '-0'], [Number.POSITIVE_INFINITY, 'Infinity'], [3n, '3'], ['1e300', '1e+300']],
  numeric: [[0.1, '0.1'], [1e21, '1000000000000000000000'], [12345678901234567890n, '12345678901234567890'], ['1.50', '1.50']],
  text: [['ä', 'ä'], [1.5, '1.5'], [2n, '2'], [true, 'true'], [DATE, '2026-11-21T12:30:00.123Z'], [Temporal.PlainDate.from('2026-11-21'), '2026-11-21']],
  varchar: [['a', 'a'], [1, '1']],
  'char(3)': [['a', 'a  '], [12, '12 ']],
  bytea: [
    [new Uint8Array([1, 255]), '\\x01ff'], [Buffer.from('a'), '\\x61'], [new Uint16Array([1]), '\\x0100'],
    [new Uint8Array([9]).buffer, '\\x09'], ['\\x0a', '\\x0a'],
  ],
  date: [[DATE, '2026-11-21'], [Temporal.PlainDate.from('2026-11-21'), '2026-11-21'], ['21 Nov 2026', '2026-11-21']],
  time: [[DATE, '12:30:00.123'], [Temporal.PlainTime.from('12:30'), '12:30:00'], ['1:00 pm', '13:00:00']],
  timestamp: [
    [DATE, '2026-11-21 12:30:00.123'], [Temporal.PlainDateTime.from('2026-11-21T12:30:00.000001'), '2026-11-21 12:30:00.000001'],
    [Number.NEGATIVE_INFINITY, '-infinity'], ['2026-11-21', '2026-11-21 00:00:00'],
  ],
  timestamptz: [
    [DATE, '2026-11-21 12:30:00.123+00'], [Temporal.Instant.from('2026-11-21T12:30Z'), '2026-11-21 12:30:00+00'],
    [Temporal.ZonedDateTime.from('2026-11-21T12:30[Europe/Zurich]'), '2026-11-21 11:30:00+00'],
    [Number.POSITIVE_INFINITY, 'infinity'], ['2026-11-21 12:00+02', '2026-11-21 10:00:00+00'],
  ],
  interval: [
    [Temporal.Duration.from({ days: 1, hours: 2 }), '1 day 02:00:00'], [{ months: 14, days: 3, microseconds: 1 }, '1 year 2 mons 3 days 00:00:00.000001'],
    ['90 min', '01:30:00'],
  ],
  uuid: [[new Uint8Array(BYTES), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'], ['A0EEBC999C0B4EF8BB6D6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']],
  json: [[{ a: [1, null] }, '{"a":[1,null]}'], [[1n], '[1]'], [7, '7'], [true, 'true'], ['"a"', '"a"'], ['{"a" : 1}', '{"a" : 1}']],
  jsonb: [[{ a: 1 }, '{"a": 1}'], [12345678901234567890n, '12345678901234567890'], ['[1,2]', '[1, 2]']],
}; // biome-ignore format: a table

/** An expression of SQL and what a row holds of it, under the options that say so. */
const GIVEN: readonly (readonly [string, OpenOptions, unknown])[] = [
  ['true', {}, true],
  ['7::smallint', {}, 7],
  ['7::integer', {}, 7],
  ['9007199254740991::bigint', {}, 9007199254740991],
  ['9007199254740993::bigint', {}, 9007199254740993n],
  ['7::bigint', { int8: 'bigint' }, 7n],
  ['9007199254740993::bigint', { int8: 'number' }, 9007199254740992],
  ['0.5::real', {}, 0.5],
  ["'-0'::double precision", {}, -0],
  ['1.50::numeric', {}, '1.50'],
  ['1.50::numeric', { numeric: 'number' }, 1.5],
  ["'ä'::text", {}, 'ä'],
  ["'a'::varchar", {}, 'a'],
  ["'a'::char(3)", {}, 'a  '],
  ["'\\x01ff'::bytea", {}, new Uint8Array([1, 255])],
  ["date '2026-11-21'", {}, '2026-11-21'],
  ["date '2026-11-21'", { times: 'temporal' }, Temporal.PlainDate.from('2026-11-21')],
  ["time '12:30'", {}, '12:30:00'],
  ["time '12:30:00.000001'", { times: 'temporal' }, Temporal.PlainTime.from('12:30:00.000001')],
  ["timestamp '2026-11-21 12:30:00.123456'", {}, DATE],
  ["timestamp 'infinity'", {}, Number.POSITIVE_INFINITY],
  ["timestamp '294276-12-31 23:59:59'", {}, '294276-12-31 23:59:59'],
  ["timestamp '275760-09-13'", {}, new Date(8.64e15)],
  ["timestamp '2026-11-21 12:30:00.123456'", { times: 'temporal' }, Temporal.PlainDateTime.from('2026-11-21T12:30:00.123456')],
  ["timestamp '2026-11-21 12:30'", { times: 'text' }, '2026-11-21 12:30:00'],
  ["timestamptz '2026-11-21 13:30:00.123+01'", {}, DATE],
  ["timestamptz '-infinity'", {}, Number.NEGATIVE_INFINITY],
  ["timestamptz '2026-11-21 12:30:00.123456Z'", { times: 'temporal' }, Temporal.Instant.from('2026-11-21T12:30:00.123456Z')],
  ["timestamptz '2026-11-21 12:30Z'", { times: 'text' }, '2026-11-21 12:30:00+00'],
  ["interval '1 day'", {}, '1 day'],
  ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", {}, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['\'{"a":[1,null]}\'::json', {}, { a: [1, null] }],
  ['\'{"a":1}\'::jsonb', {}, { a: 1 }],
  ['\'{"a":1}\'::jsonb', { json: 'text' }, '{"a": 1}'],
];

/** Values that no parameter of the type takes, and the code that says so. */
const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['boolean', 2, '22P02'],
  ['boolean', {}, '22P02'],
  ['integer', 1.5, '22P02'],
  ['integer', Number.NaN, '22P02'],
  ['integer', 2 ** 31, '22003'],
  ['integer', true, '22P02'],
  ['smallint', -32769n, '22003'],
  ['bigint', 2n ** 63n, '22003'],
  ['bigint', 1e19, '22003'],
  ['real', 1e300, '22003'],
  ['numeric', true, '22P02'],
  ['text', {}, '22P02'],
  ['text', 'a\0b', '22021'],
  ['bytea', 7, '22P02'],
  ['date', 7, '22P02'],
  ['date', new Date(Number.NaN), '22007'],
  ['date', '2026-02-30', '22008'],
  ['timestamptz', 'no time', '22007'],
  ['interval', {}, '22P02'],
  ['uuid', new Uint8Array(3), '22P02'],
  ['uuid', 'x', '22P02'],
  ['json', '{', '22P02'],
];

let db: Database;
before(() => {
  db = open(':memory:', { ...SMALL, times: 'text', json: 'text' });
});
after(() => db.close());

test('what a program gives becomes the value that the table says', () => {
  for (const [type, cases] of Object.entries(TAKEN)) {
    const statement = db.prepare<{ text: string }>(`select cast($1::${type} as text) as text`);
    const kept = type.startsWith('char') ? db.prepare<{ text: string }>(`select $1::${type} as text`) : statement;
    for (const [value, text] of cases) strictEqual(kept.get(value)?.text, text, `${type} ${String(value)}`);
    deepStrictEqual([kept.get(null)?.text, kept.get(undefined)?.text], [null, null], type);
  }
});

test('a row holds the face that the table says', () => {
  const databases = new Map<string, Database>();
  for (const [expression, options, wanted] of GIVEN) {
    const key = JSON.stringify(options);
    const database = databases.get(key) ?? open(':memory:', { ...SMALL, ...options });
    databases.set(key, database);
    const got = database.prepare<{ v: unknown }>(`select ${expression} as v`).get()?.v;
    ok(String(got) === String(wanted) && Object.is(typeof got, typeof wanted), `${expression}: ${String(got)}`);
    strictEqual((got as object | null)?.constructor, (wanted as object).constructor, expression);
    if (typeof wanted !== 'object') ok(Object.is(got, wanted), expression);
    else if (!(wanted instanceof Uint8Array)) deepStrictEqual(JSON.stringify(got), JSON.stringify(wanted));
  }
  for (const database of databases.values()) database.close();
});

test('what does not fit is an error with its code, which names the parameter', () => {
  for (const [type, value, code] of REFUSED) {
    throws(() => db.prepare(`select $1::${type}`).get(value), { name: 'SqlError', code }, `${type} ${String(value)}`);
  }
});

test('the table has a row for every type, and every type is tried in both directions', () => {
  const text = readFileSync(join(import.meta.dirname, '../../docs/values.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([a-z, ]+) \|/gm)].flatMap(([, types]) => types.split(', '));
  const tried = Object.keys(TAKEN).map((type) => type.replace(/\(.*/, ''));
  deepStrictEqual([...rows].sort(), [...tried].sort());
  const given = GIVEN.map(([expression]) => expression).join(' ').replaceAll('true', 'boolean'); // biome-ignore format: short
  for (const type of rows) ok(new RegExp(`\\b${type}\\b`).test(given), type);
});
