/**
 * The two servers of the wire's measures, each a process of its own on a free port of loopback. One pair serves measure after
 * measure: it ends when none has asked for it for a moment. Ours is the product as it is built; in small runs it comes from source.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModules } from '../../../codegen/package/build.ts';
import type { BenchContext, Running } from '../../harness/measure.ts';
import { startPostgresql } from '../../harness/postgresql.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface RunningServer {
  readonly port: number;
  /** Of the process. */
  readonly pid: number;
  /** The scale of pgbench's tables; 0: there are none. */
  scale: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface Pair {
  readonly ours: RunningServer;
  /** Null: it is not installed. */
  readonly peer: RunningServer | null;
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

/** Where the built command lies, made once. */
let built: string | null = null;

function command({ small }: BenchContext): string[] {
  if (small) return [join(ROOT, 'engine/server/main.ts')];
  if (built === null) {
    const parent = join(ROOT, 'tmp');
    mkdirSync(parent, { recursive: true });
    const folder = mkdtempSync(join(parent, 'server-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    buildModules(folder);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    built = join(folder, 'main.js');
  }
  return [built, 'start'];
}

/** A server of ours on the database in `data`, which is made if there is none. */
export async function startOurs(context: BenchContext, data: string, settings: readonly string[] = []): Promise<RunningServer> {
  const port = await freePort();
  const given = ['--data', data, '--port', String(port), '--listen', '127.0.0.1', '--cache', context.small ? '64MB' : '1GB'];
  const args = [...command(context), ...given, '--slow-query=-1', ...settings];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await untilReady(server);
  return {
    port,
    pid: server.pid as number,
    scale: 0,
    async stop(signal = 'SIGTERM') {
      server.kill(signal);
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

async function startPeer(directory: string): Promise<RunningServer> {
  const port = await freePort();
  const server = await startPostgresql(directory, {
    ...{ listen_addresses: '127.0.0.1', port: String(port), shared_buffers: '1GB', max_wal_size: '8GB', max_connections: '300' },
  });
  return { port, pid: 0, scale: 0, stop: () => server.stop() };
}

/** A pair that nobody has asked for so long is ended, milliseconds. */
const LINGER_MS = 500;

let pair: Promise<Pair & { readonly directory: string }> | null = null;
let linger: NodeJS.Timeout | undefined;

async function makePair(context: BenchContext): Promise<Pair & { readonly directory: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-wire-'));
  const ours = await startOurs(context, join(directory, 'ours'));
  return { directory, ours, peer: context.hasPeer ? await startPeer(directory) : null };
}

async function endPair(): Promise<void> {
  const ending = await pair;
  pair = null;
  await Promise.all([ending?.ours.stop(), ending?.peer?.stop()]);
  if (ending !== undefined && ending !== null) rmSync(ending.directory, { recursive: true, force: true });
}

/** A measure over both: `prepare` is done for each, then `turn` gives its figure. */
export async function withBoth(
  context: BenchContext,
  prepare: (server: RunningServer) => void | Promise<void>,
  turn: (server: RunningServer) => number | Promise<number>,
): Promise<Running> {
  clearTimeout(linger);
  pair ??= makePair(context);
  const { ours, peer } = await pair;
  await prepare(ours);
  if (peer !== null) await prepare(peer);
  return {
    ours: () => turn(ours),
    peer: peer === null ? undefined : () => turn(peer),
    teardown() {
      linger = setTimeout(() => void endPair(), LINGER_MS);
    },
  };
}

const ENVIRONMENT = { PGHOST: '127.0.0.1', PGUSER: 'postgres', PGDATABASE: 'postgres' };

/** Runs a client of PostgreSQL's own. Its output. */
export function client(program: 'pgbench' | 'psql', port: number, args: readonly string[], directory?: string): string {
  const env = { ...process.env, ...ENVIRONMENT, PGPORT: String(port) };
  return execFileSync(program, args, {
    ...{ env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 1 << 30 },
    ...(directory === undefined ? {} : { cwd: directory }),
  });
}

export function fill(server: RunningServer, scale: number): void {
  client('pgbench', server.port, ['-i', '-q', '-s', String(scale)]);
  server.scale = scale;
}

/** pgbench's tables of that scale, as they are or made anew. */
export function filled(server: RunningServer, scale: number): void {
  if (server.scale !== scale) fill(server, scale);
}

/** Transactions a second. */
export function rate(port: number, args: readonly string[]): number {
  const text = client('pgbench', port, ['-n', '-j', '1', ...args]);
  const found = /tps = ([\d.]+)/.exec(text);
  if (found === null || !/failed transactions: 0 /.test(text)) throw new Error(`pgbench: ${text}`);
  return Number(found[1]);
}

/** Seconds that it takes. */
export function seconds(body: () => unknown): number {
  const begun = performance.now();
  body();
  return (performance.now() - begun) / 1000;
}
