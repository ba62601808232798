/** COPY: rows as text, CSV and binary, in and out; what goes wrong tells its line. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withDatabase } from '../../test/sql/with-database.ts';
import type { SqlError } from '../../shm/errors.ts';
import type { Database } from './api.ts';

const T = "create table t (a int primary key, b text, c numeric(8,2), d date default date '2026-01-01')";

const bytesOf = (database: Database, text: string): Buffer => Buffer.concat([...database.copyTo(text)]);
const textOf = (database: Database, text: string): string => bytesOf(database, text).toString();
const rowsOf = (database: Database): unknown[] => database.prepare('select * from t order by a').raw().all();

/** A piece a byte, and all at once. */
const waysOf = (text: string): (readonly (Buffer | string)[])[] => [
  [text],
  [...Buffer.from(text)].map((byte) => Buffer.from([byte])),
];

/** What comes in, by options, and the rows that it makes. */
const COMING: readonly (readonly [options: string, input: string, rows: readonly unknown[][]])[] = [
  ['', '1\tx\t1.5\t2020-02-02\n2\t\\N\t\\N\t\\N\n', [[1, 'x', '1.50', '2020-02-02'], [2, null, null, null]]],
  ['', '1\ta\\tb\\\\c\\nd\\x41\\101\\q\t0\t2020-01-01', [[1, 'a\tb\\c\ndAAq', '0.00', '2020-01-01']]],
  ['', '1\ta\\\nb\t0\t2020-01-01\n2\t\t0\t2020-01-01\n\\.\nmore', [[1, 'a\nb', '0.00', '2020-01-01'], [2, '', '0.00', '2020-01-01']]],
  ['', '1\tx\t1\t2020-01-01\r\n2\ty\t1\t2020-01-01\r\n', [[1, 'x', '1.00', '2020-01-01'], [2, 'y', '1.00', '2020-01-01']]],
  ['', '1\tx\t1\t2020-01-01\r2\ty\t1\t2020-01-01', [[1, 'x', '1.00', '2020-01-01'], [2, 'y', '1.00', '2020-01-01']]],
  ["delimiter '|', null 'nil', header", 'skipped\n1|nil|2|2020-01-01\n', [[1, null, '2.00', '2020-01-01']]],
  ['format csv', '1,"x, ""y""\nz",1,2020-01-01\n2,,,\n3,"",1,\n', [[1, 'x, "y"\nz', '1.00', '2020-01-01'], [2, null, null, null], [3, '', '1.00', null]]],
  ['format csv, header match', 'a,b,c,d\n1,"ab"c"d",1,\n', [[1, 'abcd', '1.00', null]]],
  [`format csv, quote '''', escape '\\', delimiter ';'`, `1;'it\\'s \\\\';1;\n`, [[1, "it's \\", '1.00', null]]],
  ["format csv, null 'NULL', force_not_null (b), force_null (c)", '1,NULL,"NULL",NULL\n', [[1, 'NULL', null, null]]],
]; // biome-ignore format: a table

test(
  'rows come in as text and CSV, in pieces of any length',
  withDatabase((database) => {
    database.exec(T);
    for (const [options, input, rows] of COMING) {
      for (const pieces of waysOf(input)) {
        strictEqual(database.copyFrom(`copy t from stdin${options === '' ? '' : ` (${options})`}`, pieces), rows.length, input);
        deepStrictEqual(rowsOf(database), rows, `${options}: ${input}`);
        database.exec('delete from t');
      }
    }
  }),
);

test(
  'columns that are not listed have their defaults; WHERE chooses',
  withDatabase((database) => {
    database.exec(T);
    strictEqual(database.copyFrom("copy t (b, a) from stdin where a % 2 = 0 and t.b <> 'q'", ['x\t1\ny\t2\nq\t4\nz\t6\n']), 2);
    deepStrictEqual(rowsOf(database), [
      [2, 'y', null, '2026-01-01'],
      [6, 'z', null, '2026-01-01'],
    ]);
    database.exec('create table i (id int generated always as identity, x int, y int generated always as (x + 1) stored)');
    strictEqual(database.copyFrom('copy i (x) from stdin', ['5\n6\n']), 2);
    strictEqual(database.copyFrom('copy i (id, x) from stdin', ['50\t7\n']), 1);
    deepStrictEqual(database.prepare('select * from i order by x').raw().all(), [
      [1, 5, 6],
      [2, 6, 7],
      [50, 7, 8],
    ]);
  }),
);

const FAILING: readonly (readonly [options: string, input: string, code: string, context: string])[] = [
  ['', '1\tx\t1\t2020-01-01\nq\tx\t1\t2020-01-01\n', '22P02', 'COPY t, line 2, column a: "q"'],
  ['', '1\tx\t1\n', '22P04', 'COPY t, line 1'],
  ['', '1\tx\t1\t2020-01-01\t5\n', '22P04', 'COPY t, line 1'],
  ['', '1\tx\t1\t2020-01-01\n2\tx\t1\t2020-01-01\n3\ty\t1\t2020-01-01\n2\tx\t1\t2020-01-01\n', '23505', 'COPY t, line 4'],
  ['', '1\tx\t1\t2020-01-01\n\\N\tx\t1\t2020-01-01\n', '23502', 'COPY t, line 2'],
  ['', '1\tx\t1234567.5\t2020-01-01\n', '22003', 'COPY t, line 1'],
  ['', '1\tx\t1\tnever\n', '22007', 'COPY t, line 1, column d: "never"'],
  ['format csv', '1,"x\ny",1,\n2,"x', '22P04', ''],
  ['format csv, header match', 'a,b,e,d\n', '22P04', 'COPY t, line 1'],
]; // biome-ignore format: a table

test(
  'what fails leaves nothing behind, and tells its line',
  withDatabase((database) => {
    database.exec(T);
    for (const [options, input, code, context] of FAILING) {
      try {
        database.copyFrom(`copy t from stdin${options === '' ? '' : ` (${options})`}`, [input]);
        ok(false, `taken: ${input}`);
      } catch (error) {
        deepStrictEqual({ code: (error as SqlError).code, context: (error as SqlError).context ?? '' }, { code, context }, input);
      }
      deepStrictEqual(rowsOf(database), []);
      strictEqual(database.inTransaction, false);
    }
  }),
);

test(
  'rows go out as text, CSV and binary, and come in again',
  withDatabase((database) => {
    database.exec(T);
    database.exec(
      `insert into t values (1, e'a\\tb\\\\c\\nd,"e"', 1.5, null), (2, null, null, '2020-02-02'), (3, '', 0, 'infinity'), (4, '\\.', 1, null)`,
    );
    const rows = rowsOf(database);
    strictEqual(
      textOf(database, 'copy t to stdout'),
      '1\ta\\tb\\\\c\\nd,"e"\t1.50\t\\N\n2\t\\N\t\\N\t2020-02-02\n3\t\t0.00\tinfinity\n4\t\\\\.\t1.00\t\\N\n',
    );
    strictEqual(
      textOf(database, 'copy t (a, b) to stdout (format csv, header, force_quote (a))'),
      'a,b\n"1","a\tb\\c\nd,""e"""\n"2",\n"3",""\n"4",\\.\n',
    );
    strictEqual(textOf(database, 'copy (select b from t where a > 3) to stdout (format csv)'), '"\\."\n');
    strictEqual(textOf(database, "copy (values (1, 'x'), (2, null)) to stdout (delimiter ';', null '-')"), '1;x\n2;-\n');
    for (const options of ['', '(format csv)', '(format csv, header)', '(format binary)', "(delimiter '|', null 'q')"]) {
      const bytes = bytesOf(database, `copy t to stdout ${options}`);
      database.exec('begin; delete from t');
      strictEqual(database.copyFrom(`copy t from stdin ${options.replace('header', 'header match')}`, [bytes]), 4);
      deepStrictEqual(rowsOf(database), rows, options);
      database.exec('rollback');
    }
  }),
);

test(
  'a session of an event loop takes rows as they come',
  withDatabase(async (database) => {
    database.exec(T);
    const session = database.session();
    async function* pieces(): AsyncGenerator<string> {
      for (let row = 0; row < 500; row++) {
        if (row % 100 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
        yield `${row}\tx\t1\t2020-01-01\n`;
      }
    }
    strictEqual(await session.copyFrom('copy t from stdin', pieces()), 500);
    strictEqual(database.prepare('select count(*) from t').raw().get()?.[0], 500);
    await session.close();
  }),
);

test(
  'files are for superusers',
  withDatabase((database, { directory }) => {
    database.exec(T);
    const file = join(directory, '..', 'rows.txt');
    writeFileSync(file, '1\tx\t1\t\\N\n2\ty\t2\t\\N\n');
    strictEqual(database.prepare(`copy t from '${file}'`).run().changes, 2);
    strictEqual(database.prepare(`copy t (a, b) to '${file}' (format csv)`).run().changes, 2);
    strictEqual(readFileSync(file, 'utf8'), '1,x\n2,y\n');
    throws(() => database.prepare(`copy t from '${file}.no'`).run(), { code: '58P01' });
    throws(() => database.prepare("copy t to 'rows.txt'").run(), { code: '42602' });
  }),
);

const REFUSED: readonly (readonly [text: string, code: string])[] = [
  ['copy t from stdin (format xml)', '22023'],
  ['copy t from stdin (quote \'"\')', '0A000'],
  ["copy t from stdin (delimiter 'xy')", '0A000'],
  ["copy t from stdin (delimiter 'a')", '22023'],
  ['copy t from stdin (format csv, format csv)', '42601'],
  ['copy t from stdin (colour)', '42601'],
  ['copy t (a, q) from stdin', '42703'],
  ['copy t (a, a) from stdin', '42701'],
  ['copy nothing from stdin', '42P01'],
  ['copy t from stdin (format csv, force_quote (a))', '0A000'],
]; // biome-ignore format: a table

test(
  'options and names are checked',
  withDatabase((database) => {
    database.exec(T);
    for (const [text, code] of REFUSED) throws(() => database.copyFrom(text, []), { code }, text);
    throws(() => database.prepare('copy t from stdin').run(), { code: '0A000' });
  }),
);
