/** pgbench, unmodified, against both servers in turn: its tables, its transactions a second, and its slow ones. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type BenchContext, limitOf, type Measure } from '../../harness/measure.ts';
import { client, fill, filled, rate, seconds, withBoth } from './servers.ts';

const SECONDS = 10;
const SCALE = 10;

const common = { unit: 'transactions/s', better: 'higher', peerName: 'PostgreSQL', needs: ['postgresql'] } as const;

const argumentsOf = (kind: string, mode: string, clients: number): string[] => [
  ...(kind === '' ? [] : [kind]),
  ...['-M', mode, '-c', String(clients)],
];

/** `kind`: -S, or nothing for TPC-B. */
function pgbenchMeasure(mode: string, clients: number, kind: string, bar: number, aim: number): Measure {
  const args = argumentsOf(kind, mode, clients);
  return {
    ...common,
    name: `pgbench ${kind === '' ? 'TPC-B' : kind}, ${mode}, ${clients} client${clients === 1 ? '' : 's'}`,
    ...{ bar, aim },
    setup: (context) =>
      withBoth(
        context,
        (server) => {
          filled(server, context.size(SCALE, 1));
          if (!context.small) rate(server.port, [...args, '-T', '2']);
        },
        ({ port }) => rate(port, [...args, ...(context.small ? ['-t', '20'] : ['-T', String(SECONDS)])]),
      ),
  };
}

function initialMeasure(scale: number): Measure {
  return {
    ...common,
    ...{ name: `pgbench -i, scale ${scale}`, unit: 's', better: 'lower', bar: 1, aim: 2 },
    setup: (context) =>
      withBoth(
        context,
        () => {},
        (server) => seconds(() => fill(server, context.size(scale, 1))),
      ),
  };
}

/** Milliseconds below which 99 of a hundred transactions took. */
function slowest(context: BenchContext, port: number, args: readonly string[]): number {
  const prefix = 'transactions';
  const length = context.small ? ['-t', '20'] : ['-T', String(SECONDS)];
  const log = ['-l', `--log-prefix=${prefix}`, ...(context.small ? [] : ['--sampling-rate=0.2'])];
  client('pgbench', port, ['-n', '-j', '1', ...length, ...log, ...args], context.directory);
  const times: number[] = [];
  for (const file of readdirSync(context.directory).filter((name) => name.startsWith(prefix))) {
    const path = join(context.directory, file);
    for (const line of readFileSync(path, 'utf8').split('\n')) if (line !== '') times.push(Number(line.split(' ')[2]) / 1000);
    rmSync(path);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
}

function slowestMeasure(kind: string, limit: number, aim: number): Measure {
  const args = argumentsOf(kind, 'prepared', 32);
  return {
    ...{ unit: 'ms', better: 'lower', peerName: 'limit', needs: ['postgresql'], bar: 1, aim: limit / aim },
    name: `pgbench ${kind === '' ? 'TPC-B' : kind}, prepared, 32 clients, p99`,
    setup: async (context) => {
      const running = await withBoth(
        context,
        (server) => filled(server, context.size(SCALE, 1)),
        (server) => slowest(context, server.port, args),
      );
      return { ...running, peer: limitOf(limit) };
    },
  };
}

export const pgbenchMeasures: readonly Measure[] = [
  initialMeasure(50),
  initialMeasure(SCALE),
  pgbenchMeasure('prepared', 8, '-S', 1.3, 1.6),
  pgbenchMeasure('prepared', 32, '-S', 1.5, 1.9),
  pgbenchMeasure('simple', 8, '-S', 1.5, 2.2),
  pgbenchMeasure('simple', 32, '-S', 1.7, 2.5),
  pgbenchMeasure('prepared', 1, '-S', 0.7, 1),
  pgbenchMeasure('prepared', 8, '', 1.1, 1.3),
  pgbenchMeasure('prepared', 32, '', 1.8, 2.5),
  slowestMeasure('-S', 3, 1),
  slowestMeasure('', 20, 10),
];
