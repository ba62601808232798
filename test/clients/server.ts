/** The server that the clients talk to: ours in a process of its own, or PostgreSQL. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { postgresqlPrograms, startPostgresql } from '../../bench/harness/postgresql.ts';
import { ROOT } from '../check/project.ts';
import type { Place } from './place.ts';

export const isPeer = process.env.SCRATCHBIRD_CLIENTS === 'postgresql';

export interface ClientServer {
  readonly place: Place;
  stop(): Promise<void>;
}

/** Programs of PostgreSQL's package may lie beside those on the path. */
export const PROGRAM_PATH = [process.env.PATH ?? '', postgresqlPrograms() ?? ''].join(delimiter);

const require = createRequire(import.meta.url);

/** Whether a package, or a program ('!psql'), is not here. */
export function missing(name: string): boolean {
  try {
    if (name.startsWith('!')) execFileSync(name.slice(1), ['--version'], { stdio: 'ignore', env: { PATH: PROGRAM_PATH } });
    else require.resolve(name);
    return false;
  } catch {
    return true;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** As `npm start` does; it is told to stop by its process id. */
async function startOurs(directory: string, port: number): Promise<() => Promise<void>> {
  const flags = { data: join(directory, 'data'), listen: '127.0.0.1', port: String(port), workers: '2', pin: 'off' };
  const given = Object.entries({ ...flags, cache: '64MB', 'log-level': 'error' }).flatMap(([name, value]) => [
    `--${name}`,
    value,
  ]);
  const child = spawn(process.execPath, [join(ROOT, 'engine/server/main.ts'), ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', () => resolve());
  });
  await Promise.race([ready, ended, accepting(port)]);
  if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
  await accepting(port);
  return async () => {
    process.kill(child.pid as number, 'SIGTERM');
    await ended;
  };
}

async function accepting(port: number): Promise<void> {
  const { connect } = await import('node:net');
  for (let attempt = 0; attempt < 300; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const [isOpen] = await Promise.race([
      once(socket, 'connect').then(() => [true]),
      once(socket, 'close').then(() => [false]),
    ]).catch(() => [false]);
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`nobody listens on port ${port}`);
}

export async function startClientServer(): Promise<ClientServer> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-clients-'));
  const port = await freePort();
  const settings = { listen_addresses: '127.0.0.1', port: String(port) };
  const stop = isPeer ? await startPeer(directory, settings) : await startOurs(directory, port);
  return {
    place: { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' },
    async stop() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function startPeer(directory: string, settings: Record<string, string>): Promise<() => Promise<void>> {
  const server = await startPostgresql(directory, settings);
  return () => server.stop();
}
