/** The two servers of a wire measure, each a process of its own on a free port of loopback, with the tables of pgbench. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startPostgresql } from '../../harness/postgresql.ts';

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** `node engine/server/main.ts` on a new database. */
export async function startOurs(directory: string, settings: readonly string[] = []): Promise<RunningServer> {
  const port = await freePort();
  const main = join(import.meta.dirname, '../../../engine/server/main.ts');
  const args = [
    main,
    '--data',
    join(directory, 'ours'),
    '--port',
    String(port),
    '--listen',
    '127.0.0.1',
    '--cache',
    '1GB',
    '--slow-query=-1',
    ...settings,
  ];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await untilReady(server);
  return {
    port,
    async stop() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

function untilReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
    server.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (text.includes('ready for clients')) resolve();
    });
  });
}

export async function startPeer(directory: string): Promise<RunningServer> {
  const port = await freePort();
  const server = await startPostgresql(directory, {
    ...{ listen_addresses: '127.0.0.1', port: String(port), shared_buffers: '1GB', max_wal_size: '8GB', max_connections: '300' },
  });
  return { port, stop: () => server.stop() };
}

const ENVIRONMENT = { PGHOST: '127.0.0.1', PGUSER: 'postgres', PGDATABASE: 'postgres' };

export function pgbench(port: number, args: readonly string[]): string {
  const env = { ...process.env, ...ENVIRONMENT, PGPORT: String(port) };
  return execFileSync('pgbench', args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}

export const fill = (port: number, scale: number): string => pgbench(port, ['-i', '-q', '-s', String(scale)]);

/** Transactions a second. */
export function rate(port: number, args: readonly string[]): number {
  const text = pgbench(port, ['-n', '-j', '1', ...args]);
  const found = /tps = ([\d.]+)/.exec(text);
  if (found === null || !/failed transactions: 0 /.test(text)) throw new Error(`pgbench: ${text}`);
  return Number(found[1]);
}
