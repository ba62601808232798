/** What clients cost that are connected and ask nothing. */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type BenchContext, limitOf, type Measure, type Running } from '../../harness/measure.ts';
import { fill, rate, startOurs } from './servers.ts';

const CLIENTS = 2000;
const LIMIT_KIB = 100;
/** Milliseconds that memory settles in. */
const SETTLE_MS = 2000;

const STARTUP = Buffer.from('\0\0\0\0\0\x03\0\0user\0postgres\0database\0postgres\0\0', 'latin1');
STARTUP.writeInt32BE(STARTUP.length);

/** A connection that has been told ReadyForQuery. */
function idleClient(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(STARTUP));
    socket.on('error', reject);
    socket.on('data', (bytes: Buffer) => {
      if (bytes.at(-6) === 0x5a) resolve(socket);
    });
  });
}

async function idleClients(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count)
    sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, count - sockets.length) }, () => idleClient(port)))));
  return sockets;
}

/** KiB of the process that are in memory. */
function memoryOf(pid: number): number {
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  if (found === null) throw new Error('the system does not tell what memory a process has');
  return Number(found[1]);
}

const settled = (small: boolean): Promise<void> => new Promise((resolve) => setTimeout(resolve, small ? 10 : SETTLE_MS));

const SETTINGS = ['--max-connections', String(CLIENTS + 200)];

async function memory(context: BenchContext): Promise<Running> {
  const server = await startOurs(context, join(context.directory, 'ours'), SETTINGS);
  // What is loaded with the first clients is not theirs.
  for (const socket of await idleClients(server.port, context.size(100, 4))) socket.destroy();
  return {
    async ours() {
      await settled(context.small);
      const before = memoryOf(server.pid);
      const count = context.size(CLIENTS, 20);
      const sockets = await idleClients(server.port, count);
      await settled(context.small);
      const each = (memoryOf(server.pid) - before) / count;
      for (const socket of sockets) socket.destroy();
      return Math.max(each, 0.1);
    },
    peer: limitOf(LIMIT_KIB),
    teardown: () => server.stop(),
  };
}

async function speed(context: BenchContext): Promise<Running> {
  const server = await startOurs(context, join(context.directory, 'ours'), SETTINGS);
  fill(server, 1);
  const reads = (): number =>
    rate(server.port, ['-S', '-M', 'prepared', '-c', '8', ...(context.small ? ['-t', '20'] : ['-T', '5'])]);
  reads();
  return {
    async ours() {
      const sockets = await idleClients(server.port, context.size(CLIENTS, 20));
      const found = reads();
      for (const socket of sockets) socket.destroy();
      await settled(context.small);
      return found;
    },
    peer: reads,
    teardown: () => server.stop(),
  };
}

export const connectionMeasures: readonly Measure[] = [
  {
    ...{ name: 'memory of an idle connection', unit: 'KiB', better: 'lower', peerName: 'limit', bar: 1, aim: 3.33 },
    setup: memory,
  },
  {
    ...{
      name: '-S beside 2,000 idle connections',
      unit: 'transactions/s',
      better: 'higher',
      peerName: 'without them',
      bar: 0.95,
    },
    ...{ aim: 1, needs: ['postgresql'] },
    setup: speed,
  },
];
