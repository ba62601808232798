/** Point reads of eight clients while one statement works for long: no statement keeps the small ones of its worker waiting. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { limitOf } from '../../harness/measure.ts';
import type { PgClient } from '../../harness/postgresql.ts';
import { fill, startOurs } from './servers.ts';

const CLIENTS = 8;
const HEAVY = `select count(*), sum(a.abalance + b.bbalance) from pgbench_accounts a, pgbench_branches b, generate_series(1, 4) s
  where (a.aid + b.bid) % 7 = s % 7`;

type Client = PgClient & { query(text: string, values?: readonly unknown[]): Promise<unknown> };

async function connected(port: number): Promise<Client> {
  const require = createRequire(new URL('../../package.json', import.meta.url));
  const { Client: Made } = require('pg') as { Client: new (options: object) => Client };
  const client = new Made({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
  await client.connect();
  return client;
}

/** Milliseconds of each read until `isOver`. */
async function reads(client: Client, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const begun = performance.now();
    await client.query('select abalance from pgbench_accounts where aid = $1', [1 + Math.floor(Math.random() * 100000)]);
    times.push(performance.now() - begun);
  }
  return times;
}

/** Of the times of all clients, sorted: the one at this share. */
function percentile(times: readonly (readonly number[])[], share: number): number {
  const sorted = times.flat().sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)];
}

async function setup(context: BenchContext, share: number): Promise<Running> {
  const server = await startOurs(context, join(context.directory, 'ours'));
  fill(server, context.size(10, 1));
  const clients = await Promise.all(Array.from({ length: CLIENTS + 1 }, () => connected(server.port)));
  const [heavy, ...small] = clients;
  return {
    async ours() {
      let isOver = false;
      const runs = Promise.all(small.map((client) => reads(client, () => isOver)));
      await heavy.query(HEAVY);
      isOver = true;
      return percentile(await runs, share);
    },
    peer: limitOf(10),
    async teardown() {
      await Promise.all(clients.map((client) => client.end()));
      await server.stop();
    },
  };
}

const common = { unit: 'ms', better: 'lower', peerName: 'limit', bar: 1 } as const;

export const heavyMeasures: readonly Measure[] = [
  { ...common, name: 'point read beside a heavy statement, p50', setup: (context) => setup(context, 0.5) },
  { ...common, name: 'point read beside a heavy statement, p99', setup: (context) => setup(context, 0.99) },
];
