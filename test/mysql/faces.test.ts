/** The table of types in parsers/README.md, line by line, both ways, in both of MySQL's forms of rows. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { MysqlClient } from './client.ts';
import { startOurs } from './server.ts';

const NUMBERS: { readonly [name: string]: number } = {
  ...{ SHORT: 2, LONG: 3, FLOAT: 4, DOUBLE: 5, TIMESTAMP: 7, LONGLONG: 8, DATE: 10, TIME: 11, DATETIME: 12 },
  ...{ JSON: 245, NEWDECIMAL: 246, BLOB: 252, VAR_STRING: 253, STRING: 254 },
};

interface Face {
  readonly type: string;
  readonly there: string;
  readonly made: string;
  readonly seen: string;
  readonly here: string;
}

const page = readFileSync(join(import.meta.dirname, '../../parsers/README.md'), 'utf8');
const FACES: readonly Face[] = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| engine'))
  .map((line) => {
    const [, type, there, made, seen, here] = line.slice(2, -2).split(' | ');
    return { type, there, made, seen, here };
  });

let server: Awaited<ReturnType<typeof startOurs>>;
let mysql: MysqlClient;
let postgres: pg.Client;

before(async () => {
  server = await startOurs();
  postgres = new pg.Client({ port: server.postgresqlPort, host: '127.0.0.1', user: 'postgres', database: 'postgres' });
  await postgres.connect();
  await postgres.query("create schema face; set timezone = 'UTC'");
  mysql = await MysqlClient.connect({ port: server.port, database: 'face' });
});

after(async () => {
  mysql.close();
  await postgres.end();
  await server.stop();
});

/** A value as PostgreSQL's protocol shows it. */
async function shown(table: string): Promise<{ readonly type: string; readonly value: string }> {
  const text = `select v, format_type(atttypid, atttypmod) from face.${table}, pg_attribute where attrelid = 'face.${table}'::regclass and attname = 'v'`;
  const plain = { getTypeParser: () => (value: string) => value };
  const { rows } = await postgres.query({ text, rowMode: 'array', types: plain as never });
  return { type: rows[0][1], value: rows[0][0] };
}

test('every type has the face that the table says', async () => {
  assert.ok(FACES.length > 20);
  for (const [index, { type, there, made, seen, here }] of FACES.entries()) {
    const name = `t${index}`;
    await postgres.query(`create table face.${name} (v ${type})`);
    await postgres.query(`insert into face.${name} values ($1)`, [there]);
    const { columns, rows } = await mysql.query(`select v from ${name}`);
    assert.deepEqual([columns[0].type, rows[0][0]], [NUMBERS[seen], here], type);
    if (made === '-') continue;
    await mysql.query(`create table m${name} (v ${made})`);
    await mysql.query(`insert into m${name} values ('${here}')`);
    const { type: own, value } = await shown(`m${name}`);
    assert.deepEqual([own, value.trimEnd()], [type, there], made);
  }
});

test('rows in binary form hold the same', async () => {
  for (const [index, { here, seen }] of FACES.entries()) {
    const { id } = await mysql.prepare(`select v, null, v from t${index}`);
    const { rows } = await mysql.execute(id, []);
    const expected = seen === 'DOUBLE' ? String(Number(here)) : seen === 'TIME' ? here.replace('500', '500000') : here;
    assert.deepEqual(rows, [[expected, null, expected]], FACES[index].type);
  }
});

test('what MySQL has no date for is an error', async () => {
  await postgres.query("create table face.far (d date, t timestamp); insert into face.far values ('infinity', '10000-01-01')");
  for (const column of ['d', 't'])
    await assert.rejects(mysql.query(`select ${column} from far`), { number: 1292, state: '22007' });
});
