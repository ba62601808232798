/**
 * psql's \d of a table among ten thousand. What psql sends for it is not written here: psql itself is asked for it (-E), for a few
 * tables, and the statements of each are timed together over a connection, in the order in which psql sends them.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type BenchContext, limitOf, type Measure, type Running } from '../../harness/measure.ts';
import type { PgClient } from '../../harness/postgresql.ts';
import { median } from '../../harness/run-measure.ts';
import { client as run, startOurs } from '../wire/servers.ts';

const TABLES = 10_000;
/** Tables that are described, and more of them that only warm up. */
const DESCRIBED = 20;
const WARM = 5;
const LIMIT_MS = 20;
const BATCH = 100;

const require = createRequire(new URL('../../package.json', import.meta.url));

/** Some columns, a key, an index, a check, and a reference to the table before. */
function definition(number: number): string {
  const before = number === 0 ? '' : ` references app.t${number - 1} on delete cascade`;
  return `create table app.t${number} (id integer primary key, name varchar(50) not null default 'x',
    amount numeric(10,2) check (amount > 0), parent integer${before}, made timestamptz default now());
    create index t${number}_name on app.t${number} (name, made desc);`;
}

async function fill(client: PgClient, tables: number): Promise<void> {
  await client.query('set synchronous_commit = off; create schema app');
  for (let from = 0; from < tables; from += BATCH) {
    const count = Math.min(BATCH, tables - from);
    await client.query(Array.from({ length: count }, (_, at) => definition(from + at)).join('\n'));
  }
}

/** What psql sends for \d. */
function statementsOf(port: number, table: string): string[] {
  const shown = run('psql', port, ['-X', '-E', '-c', `\\d ${table}`]);
  if (!shown.includes('Referenced by:')) throw new Error(`psql: ${shown}`);
  return [...shown.matchAll(/\*+ QUERY \*+\n(.*?)\n\*+\n/gs)].map(([, text]) => text);
}

async function setUp(context: BenchContext): Promise<Running> {
  const tables = context.size(TABLES, 100);
  const server = await startOurs(context, join(context.directory, 'described'));
  const { Client } = require('pg') as { Client: new (options: object) => PgClient };
  const client = new Client({ host: '127.0.0.1', port: server.port, user: 'postgres', database: 'postgres' });
  await client.connect();
  await fill(client, tables);
  const count = context.size(DESCRIBED + WARM, 2);
  const all = Array.from({ length: count }, (_, at) =>
    statementsOf(server.port, `app.t${((at * 7919 + 13) % (tables - 2)) + 1}`),
  );
  context.digest(all[0].length);
  const describe = async (statements: readonly string[]): Promise<number> => {
    const begun = performance.now();
    for (const statement of statements) await client.query(statement);
    return performance.now() - begun;
  };
  for (const statements of all) await describe(statements);
  return {
    async ours() {
      const times: number[] = [];
      for (const statements of all.slice(context.size(WARM, 0))) times.push(await describe(statements));
      return median(times);
    },
    peer: limitOf(LIMIT_MS),
    async teardown() {
      await client.end();
      await server.stop();
    },
  };
}

export const describeMeasures: readonly Measure[] = [
  {
    name: '\\d of a table among 10,000',
    unit: 'ms',
    better: 'lower',
    peerName: 'limit',
    needs: ['postgresql'],
    bar: 1,
    aim: 4,
    setup: setUp,
  },
];
