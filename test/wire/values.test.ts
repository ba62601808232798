/** Values of each type on the wire, in text and binary form, against what PostgreSQL sends and takes. */

import { deepStrictEqual } from 'node:assert';
import { after, before, test } from 'node:test';
import type { PGlite } from '@electric-sql/pglite';
import type { Database } from '../../engine/api/api.ts';
import { OutputRun } from '../../engine/exec/output-run.ts';
import { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import { Output } from '../../plugins/contract/output.ts';
import type { ValueForm } from '../../plugins/contract/row-format.ts';
import { dataRows } from '../../parsers/postgresql/row-formats.ts';
import { openEngine, startPeer } from '../oracle/postgresql.ts';
import { VALUES } from './type-values.ts';

const ZONES = ['UTC', 'Europe/Berlin', 'America/St_Johns'];

let peer: PGlite;
let engine: Database;

before(async () => {
  peer = await startPeer();
  engine = openEngine();
  VALUES.forEach(([type, , values], number) => {
    engine.exec(`create table t${number} (id int primary key, x ${type}, y ${type} not null)`);
    const insert = engine.prepare(`insert into t${number} values ($1, $2::${type}, $2::${type})`);
    values.forEach((value, id) => {
      insert.run(id, value);
    });
    engine.exec(`insert into t${number} select ${values.length}, null, y from t${number} where id = 0`);
  });
});
after(() => {
  engine.close();
  return peer.close();
});

/** Values of the rows in `bytes`, null or hex. */
function valuesOf(bytes: Buffer): (string | null)[][] {
  const rows: (string | null)[][] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + bytes.readInt32BE(at + 1);
    const count = bytes.readInt16BE(at + 5);
    const row: (string | null)[] = [];
    let value = at + 7;
    for (let column = 0; column < count; column++) {
      const length = bytes.readInt32BE(value);
      row.push(length < 0 ? null : bytes.toString('hex', value + 4, value + 4 + length));
      value += 4 + Math.max(0, length);
    }
    deepStrictEqual(value, end, 'the length of a row');
    rows.push(row);
    at = end;
  }
  return rows;
}

function written(text: string, form: ValueForm, given: EncodedValues | readonly unknown[] = [], mark = 1 << 20): Buffer {
  const { connection } = engine;
  const prepared = connection.prepare(text);
  const output = new Output(mark, 16);
  const run = new OutputRun(connection, prepared, dataRows(prepared.shape.output.map(() => form)), output);
  const pieces: Buffer[] = [];
  for (let state = run.begin(given); ; state = run.resume()) {
    pieces.push(output.take());
    if (state === 'done') return Buffer.concat(pieces);
  }
}

const ours = (text: string, form: ValueForm): (string | null)[] => valuesOf(written(text, form)).map(([value]) => value);

/** From the image of a row, from an expression, from rows kept in memory, from an image behind an index, from a point. */
const waysTo = (number: number, count: number): { readonly [way: string]: string } => ({
  image: `select x from t${number}`,
  'not null': `select y from t${number} where id < ${count}`,
  value: `select coalesce(x, null) from t${number}`,
  kept: `select x from (select id, x from t${number} offset 0) s order by id`,
  index: `select x from t${number} where id >= 0 order by id`,
});

interface Sent {
  readonly text: readonly string[];
  readonly binary: readonly string[];
}

async function theirs(type: string, send: string, values: readonly string[]): Promise<Sent> {
  const list = values.map((value, id) => `(${id}, '${value.replaceAll("'", "''")}'::${type})`).join(',');
  const text = type === 'char(5)' ? `rpad(x::text, 5)` : type === 'boolean' ? "case when x then 't' else 'f' end" : 'x::text';
  const query = `select encode(convert_to(${text}, 'UTF8'), 'hex') a, encode(${send}(x), 'hex') b from (values ${list}) v (id, x) order by id`;
  const { rows } = await peer.query<{ a: string; b: string }>(query);
  return { text: rows.map(({ a }) => a), binary: rows.map(({ b }) => b) };
}

for (const form of ['text', 'binary'] as const) {
  test(`each type in ${form} form is as PostgreSQL sends it, wherever its value lies`, async () => {
    for (const [number, [type, send, values]] of VALUES.entries()) {
      for (const zone of type === 'timestamptz' && form === 'text' ? ZONES : ['UTC']) {
        await peer.exec(`set time zone '${zone}'`);
        engine.exec(`set time zone '${zone}'`);
        const sent = (await theirs(type, send, values))[form];
        for (const [way, text] of Object.entries(waysTo(number, values.length))) {
          const expected = way === 'not null' ? sent : [...sent, null];
          deepStrictEqual(ours(text, form), expected, `${type}, ${way}, ${zone}`);
        }
        values.forEach((_, id) => {
          deepStrictEqual(ours(`select x from t${number} where id = ${id}`, form), [sent[id]], `${type}, point ${id}`);
        });
      }
      await peer.exec(`set time zone 'UTC'`);
      engine.exec(`set time zone 'UTC'`);
    }
  });

  test(`parameters in ${form} form are taken as PostgreSQL sends them`, async () => {
    const given = new EncodedValues();
    for (const [type, send, values] of VALUES) {
      const plain = type.replace(/\(.*/, '').replace('char', 'text').replace('vartext', 'varchar');
      const sent = await theirs(type, send, values);
      for (const [at, hex] of sent[form].entries()) {
        const bytes = Buffer.from(hex, 'hex');
        given.begin(bytes);
        given.add(0, bytes.length, form);
        const [[back]] = valuesOf(written(`select $1::${plain}`, 'binary', given));
        deepStrictEqual(back, sent.binary[at].replace(/^00$/, hex === '' ? '' : '00'), `${type}: ${values[at]}`);
      }
    }
  });
}

test('a function without a result answers an empty text', () => {
  deepStrictEqual(ours("select pg_notify('news', 'x')", 'text'), ['']);
});

test('few rows come in the order asked for, and as many as are asked for', () => {
  const reversed = VALUES[0][2].map((_, id) => Buffer.from(String(id)).toString('hex')).reverse();
  deepStrictEqual(ours('select id from t0 where x is not null order by -id', 'text'), reversed);
  deepStrictEqual(ours('select id from t0 where x is not null order by -id limit 2 offset 1', 'text'), reversed.slice(1, 3));
});

test('rows of all types through outputs that are full at any byte', () => {
  const text = `select ${VALUES.map((_, number) => `t${number}.x`).join(', ')}
    from t0 ${VALUES.slice(1)
      .map((_, index) => `join t${index + 1} on t${index + 1}.id = t0.id`)
      .join(' ')} where t0.id < 2`;
  for (const form of ['text', 'binary'] as const) {
    const whole = written(text, form);
    const row = whole.length / 2;
    for (const mark of [1, 100, row - 1, row, row + 1, 2 * row]) deepStrictEqual(written(text, form, [], Math.ceil(mark)), whole);
  }
});

const REFUSED: readonly (readonly [type: string, form: ValueForm, hex: string, code: string])[] = [
  ['integer', 'text', Buffer.from('x').toString('hex'), '22P02'],
  ['integer', 'text', Buffer.from('2147483648').toString('hex'), '22003'],
  ['integer', 'binary', '000001', '08P01'],
  ['integer', 'binary', '0000000001', '22P03'],
  ['text', 'text', 'ff', '22021'],
  ['text', 'text', 'c328', '22021'],
  ['text', 'text', '6100', '22021'],
  ['text', 'binary', 'e28228', '22021'],
  ['numeric', 'binary', '0001000012340000270f', '22P03'],
  ['numeric', 'binary', '00010000000000002710', '22P03'],
  ['date', 'binary', '7ffffffe', '22008'],
  ['timestamp', 'binary', '7ffffffffffffffe', '22008'],
  ['time', 'binary', 'ffffffffffffffff', '22008'],
  ['jsonb', 'binary', '027b7d', 'XX000'],
  ['json', 'text', Buffer.from('{').toString('hex'), '22P02'],
  ['uuid', 'binary', '00', '08P01'],
  ['boolean', 'text', Buffer.from('maybe').toString('hex'), '22P02'],
]; // biome-ignore format: a table

test('what a message brings is checked, with the codes of PostgreSQL', () => {
  const given = new EncodedValues();
  const codes = REFUSED.map(([type, form, hex]) => {
    const bytes = Buffer.from(hex, 'hex');
    given.begin(bytes);
    given.add(0, bytes.length, form);
    try {
      written(`select $1::${type}`, 'text', given);
      return 'taken';
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  });
  deepStrictEqual(
    codes.map((code, index) => [...REFUSED[index].slice(0, 3), code]),
    REFUSED.map((one) => [...one]),
  );
});
