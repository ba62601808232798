/** Rows in a plugin's bytes: written as a whole, never twice, whatever the outputs' marks and the portals' limits. */

import { deepStrictEqual, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { withDatabase } from '../../test/sql/with-database.ts';
import { dataRows } from '../../parsers/postgresql/row-formats.ts';
import { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import { Output } from '../../plugins/contract/output.ts';
import type { Database } from '../api/api.ts';
import type { GivenInput } from './connection.ts';
import { OutputRun } from './output-run.ts';

const FILL = `create table t (a int primary key, b text);
  insert into t select i, case when i % 3 = 0 then null else repeat('x', i) end from generate_series(1, 40) as g(i)`;

interface Written {
  readonly bytes: Buffer;
  readonly rows: number;
  readonly tag: string;
  readonly states: readonly string[];
}

function write(database: Database, text: string, mark: number, rowsMax: number, values: GivenInput = []): Written {
  const { connection } = database;
  const prepared = connection.prepare(text);
  const forms = prepared.shape.output.map(() => 'text' as const);
  const output = new Output(mark, 64);
  const run = new OutputRun(connection, prepared, dataRows(forms), output);
  const pieces: Buffer[] = [];
  const states: string[] = [];
  for (let state = run.begin(values, rowsMax); ; state = run.resume(rowsMax)) {
    pieces.push(output.take());
    states.push(state);
    if (state === 'done') return { bytes: Buffer.concat(pieces), rows: run.rows, tag: run.tag, states };
  }
}

const rowBytes = (...values: readonly (string | null)[]): Buffer => {
  const parts = values.map((value) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value ?? '')]);
  });
  const body = Buffer.concat([Buffer.from([0, values.length]), ...parts]);
  const head = Buffer.from([0x44, 0, 0, 0, 0]);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};

const expected = Buffer.concat(
  Array.from({ length: 40 }, (_, index) => rowBytes(String(index + 1), index % 3 === 2 ? null : 'x'.repeat(index + 1))),
);

test(
  'rows have the bytes of the format',
  withDatabase((database) => {
    database.exec(FILL);
    const { bytes, rows, tag, states } = write(database, 'select a, b from t order by a', 1 << 20, 0);
    deepStrictEqual(bytes, expected);
    deepStrictEqual({ rows, tag, states }, { rows: 40, tag: 'SELECT', states: ['done'] });
  }),
);

test(
  'wherever an output is full, no row is lost and none comes twice',
  withDatabase((database) => {
    database.exec(FILL);
    for (let mark = 1; mark < 200; mark += 7) {
      for (const text of ['select a, b from t order by a', 'select a, b from t']) {
        deepStrictEqual(write(database, text, mark, 0).bytes, expected, `${text} with a mark of ${mark}`);
      }
    }
  }),
);

test(
  'a portal gives so many rows at a time',
  withDatabase((database) => {
    database.exec(FILL);
    for (const rowsMax of [1, 7, 40, 41]) {
      const { bytes, states } = write(database, 'select a, b from t', 1 << 20, rowsMax);
      deepStrictEqual(bytes, expected);
      strictEqual(states.length, Math.floor(40 / rowsMax) + 1);
      deepStrictEqual(new Set(states.slice(0, -1)), new Set(states.length > 1 ? ['suspended'] : []));
    }
  }),
);

test(
  'a portal that is open in a block gives what it saw, whatever is done meanwhile',
  withDatabase((database) => {
    database.exec(FILL);
    database.exec('begin');
    const { connection } = database;
    const output = new Output();
    const run = new OutputRun(connection, connection.prepare('select a, b from t'), dataRows(['text', 'text']), output);
    strictEqual(run.begin([], 5), 'suspended');
    database.exec('delete from t where a > 10');
    strictEqual(run.resume(), 'done');
    deepStrictEqual(output.take(), expected);
    database.exec('commit');
  }),
);

test(
  'what a message brings as text becomes the parameters',
  withDatabase((database) => {
    database.exec(FILL);
    const given = new EncodedValues();
    given.begin(Buffer.from('__17__'));
    given.add(2, 2, 'text');
    deepStrictEqual(write(database, 'select a, b from t where a = $1', 100, 0, given).bytes, rowBytes('17', 'x'.repeat(17)));
    given.begin(Buffer.from('none'));
    throws(() => write(database, 'select a, b from t where a = $1', 100, 0, given), { code: '08P01' });
  }),
);

test(
  'an error leaves the output as it was',
  withDatabase((database) => {
    database.exec(FILL);
    const { connection } = database;
    const output = new Output();
    output.at = 3;
    const run = new OutputRun(connection, connection.prepare('select 1 / (30 - a) from t'), dataRows(['text']), output);
    throws(() => run.begin([]), { code: '22012' });
    strictEqual(output.at, 3);
  }),
);

test(
  'statements that are not queries write their rows the same way',
  withDatabase((database) => {
    database.exec(FILL);
    deepStrictEqual(write(database, 'insert into t values (50, null) returning a, b', 100, 0).bytes, rowBytes('50', null));
    strictEqual(write(database, 'show datestyle', 100, 0).bytes.toString().endsWith('ISO, MDY'), true);
    strictEqual(write(database, 'create table u (a int)', 100, 0).tag, 'CREATE TABLE');
  }),
);
