/** What programs with node's drivers get: 32 connections of `pg` or `postgres` read rows by key. */
import { createRequire } from 'node:module';
import type { Measure } from '../../harness/measure.ts';
import { filled, withBoth } from './servers.ts';

const CONNECTIONS = 32;
const SECONDS = 5;

const require = createRequire(new URL('../../package.json', import.meta.url));
const TEXT = 'select abalance from pgbench_accounts where aid = $1';

/** Runs a read by key; `close` ends the connection. */
interface Reader {
  read(key: number): Promise<unknown>;
  close(): Promise<unknown>;
}

interface PgClient {
  connect(): Promise<void>;
  query(query: { name: string; text: string; values: readonly unknown[] }): Promise<unknown>;
  end(): Promise<void>;
}

async function pgReaders(port: number): Promise<Reader[]> {
  const { Client } = require('pg') as { Client: new (options: object) => PgClient };
  return await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      const client = new Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' });
      await client.connect();
      return {
        read: (key: number) => client.query({ name: 'read', text: TEXT, values: [key] }),
        close: () => client.end(),
      };
    }),
  );
}

type PostgresClient = {
  unsafe(text: string, values: readonly unknown[], options: object): Promise<unknown>;
  end(): Promise<void>;
};

async function postgresReaders(port: number): Promise<Reader[]> {
  const make = require('postgres') as (options: object) => PostgresClient;
  const options = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres', max: CONNECTIONS };
  const client = make(options);
  const read = (key: number) => client.unsafe(TEXT, [key], { prepare: true });
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, key) => read(key)));
  let open = CONNECTIONS;
  const close = async (): Promise<void> => {
    if (--open === 0) await client.end();
  };
  return Array.from({ length: CONNECTIONS }, () => ({ read, close }));
}

/** Reads a second, each connection waiting for its answer before it asks again. */
async function readsOf(readers: readonly Reader[], milliseconds: number, keys: number): Promise<number> {
  const begun = performance.now();
  let count = 0;
  await Promise.all(
    readers.map(async ({ read }) => {
      for (; performance.now() - begun < milliseconds; count++) await read(1 + Math.floor(Math.random() * keys));
    }),
  );
  return (count / (performance.now() - begun)) * 1000;
}

function driverMeasure(name: string, connect: (port: number) => Promise<Reader[]>): Measure {
  return {
    ...{ unit: 'reads/s', better: 'higher', peerName: 'PostgreSQL', needs: ['postgresql'], bar: 1.2, aim: 1.5 },
    name: `node's ${name}, ${CONNECTIONS} connections`,
    setup: (context) => {
      const scale = context.size(10, 1);
      return withBoth(
        context,
        (server) => filled(server, scale),
        async ({ port }) => {
          const readers = await connect(port);
          if (!context.small) await readsOf(readers, 1000, scale * 100_000);
          const reads = await readsOf(readers, context.small ? 20 : SECONDS * 1000, scale * 100_000);
          await Promise.all(readers.map(({ close }) => close()));
          return reads;
        },
      );
    },
  };
}

export const driverMeasures: readonly Measure[] = [driverMeasure('pg', pgReaders), driverMeasure('postgres', postgresReaders)];
