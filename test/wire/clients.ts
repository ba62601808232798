/** Clients that others have written, unmodified: node's pg and postgres, and psql and pgbench where they are installed. */

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import pg from 'pg';
import postgres from 'postgres';

const AT = { host: '127.0.0.1', user: 'postgres', database: 'postgres' };

async function nodePg(port: number): Promise<void> {
  const client = new pg.Client({ ...AT, port });
  await client.connect();
  await client.query(
    'create table by_pg (id int primary key, n text, j jsonb, t timestamptz, b bytea, g bigint, f float8, o boolean)',
  );
  const values = [1, 'ä', { a: [1] }, new Date(0), Buffer.from([1, 2, 255]), '9007199254740993', 1.5, true];
  const { rows } = await client.query('insert into by_pg values ($1, $2, $3, $4, $5, $6, $7, $8) returning *', values);
  deepEqual(Object.values(rows[0]), values);
  await rejects(client.query('insert into by_pg (id) values (1)'), { code: '23505', constraint: 'by_pg_pkey', table: 'by_pg' });
  await rejects(client.query('select * from nowhere'), { code: '42P01', position: '15' });
  const named = { name: 'one', text: 'select n from by_pg where id = $1' };
  for (const [id, found] of [[1, 1], [2, 0]]) equal((await client.query({ ...named, values: [id] })).rows.length, found); // biome-ignore format: one step
  await client.query('begin');
  await rejects(client.query('select 1 / 0'), { code: '22012' });
  await rejects(client.query('select 1'), { code: '25P02' });
  await client.query('rollback');
  await client.query('drop table by_pg');
  await client.end();
}

async function postgresJs(port: number): Promise<void> {
  const sql = postgres({ ...AT, port, max: 2, onnotice: () => {} });
  await sql`create table by_postgres (id int primary key, n text)`;
  await sql`insert into by_postgres ${sql([{ id: 1, n: 'a' }, { id: 2, n: null }])}`; // biome-ignore format: one step
  const changed = await sql.begin(async (tx) => {
    await tx`update by_postgres set n = ${'b'} where id = ${2}`;
    return await tx`select n from by_postgres order by id`;
  });
  deepEqual(changed.map(({ n }) => n), ['a', 'b']); // biome-ignore format: one step
  const found = await Promise.all(
    [1, 2, 1, 2].map((id) => sql`select id, ${new Date(5)}::timestamptz as t from by_postgres where id = ${id}`),
  );
  deepEqual(found.map(([row]) => [row.id, Number(row.t)]), [[1, 5], [2, 5], [1, 5], [2, 5]]); // biome-ignore format: one step
  const batches: number[][] = [];
  for await (const rows of sql`select g from generate_series(1, 5) as g`.cursor(2)) batches.push(rows.map(({ g }) => g));
  deepEqual(batches, [[1, 2], [3, 4], [5]]);
  await sql`drop table by_postgres`;
  await sql.end();
}

/** Runs a program; what it wrote to both streams. */
async function output(program: string, args: readonly string[], port: number, input = ''): Promise<string> {
  const environment = { PGHOST: AT.host, PGPORT: String(port), PGUSER: AT.user, PGDATABASE: AT.database };
  const child = spawn(program, args, { env: { ...process.env, ...environment } });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  child.stdin.end(input);
  await new Promise((resolve) => child.once('close', resolve));
  return text;
}

async function psql(port: number): Promise<void> {
  const script = `\\set VERBOSITY verbose
create table by_psql (a int, b text);
\\copy by_psql from pstdin
1\tone
2\t\\N
\\.
select * from by_psql order by a;
select 1 / 0;
copy by_psql to stdout with (format csv, header);
drop table by_psql;
`;
  const text = await output('psql', ['-X', '-At'], port, script);
  match(text, /^CREATE TABLE\nCOPY 2\n1\|one\n2\|\n(ERROR: {2}22012.*\n(LOCATION.*\n)?)?a,b\n1,one\n2,\nDROP TABLE\n/);
}

async function pgbench(port: number): Promise<void> {
  match(await output('pgbench', ['-i', '-s', '1', '-q'], port), /done in/);
  for (const mode of ['simple', 'extended', 'prepared']) {
    const text = await output('pgbench', ['-n', '-M', mode, '-c', '4', '-t', '15'], port);
    match(text, /transactions actually processed: 60\/60/, text);
  }
  const client = new pg.Client({ ...AT, port });
  await client.connect();
  const sums =
    await client.query(`select (select sum(abalance) from pgbench_accounts) a, (select sum(bbalance) from pgbench_branches) b,
    (select sum(tbalance) from pgbench_tellers) c, (select sum(delta) from pgbench_history) d, (select count(*) from pgbench_history) n`);
  const { a, b, c, d, n } = sums.rows[0];
  deepEqual([a, b, c, n], [d, d, d, '180']);
  await client.end();
}

const isInstalled = (program: string): boolean => spawnSync(program, ['--version']).status === 0;

export async function clientSteps(context: TestContext, port: number): Promise<void> {
  await context.test('pg', () => nodePg(port));
  await context.test('postgres', () => postgresJs(port));
  await context.test('psql', { skip: isInstalled('psql') ? false : 'psql is not installed' }, () => psql(port));
  await context.test('pgbench', { skip: isInstalled('pgbench') ? false : 'pgbench is not installed' }, () => pgbench(port));
}
