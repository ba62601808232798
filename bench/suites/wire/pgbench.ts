/** pgbench, unmodified, against both servers in turn. */
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { fill, rate, type RunningServer, startOurs, startPeer } from './servers.ts';

const SECONDS = 10;
const SCALE = 10;

async function withBoth(
  { directory, hasPeer }: BenchContext,
  prepare: (server: RunningServer) => void,
  turn: (server: RunningServer) => number,
): Promise<Running> {
  const ours = await startOurs(directory);
  const peer = hasPeer ? await startPeer(directory) : null;
  prepare(ours);
  if (peer !== null) prepare(peer);
  return {
    ours: () => turn(ours),
    peer: peer === null ? undefined : () => turn(peer),
    async teardown() {
      await ours.stop();
      await peer?.stop();
    },
  };
}

const common = { unit: 'transactions/s', better: 'higher', peerName: 'PostgreSQL', needs: ['postgresql'] } as const;

/** `kind`: -S, or nothing for TPC-B. */
function pgbenchMeasure(mode: string, clients: number, kind: string, bar: number, aim: number): Measure {
  const args = [...(kind === '' ? [] : [kind]), '-M', mode, '-c', String(clients)];
  return {
    ...common,
    name: `pgbench ${kind === '' ? 'TPC-B' : kind}, ${mode}, ${clients} client${clients === 1 ? '' : 's'}`,
    ...{ bar, aim },
    setup: (context) =>
      withBoth(
        context,
        ({ port }) => {
          fill(port, context.size(SCALE, 1));
          rate(port, [...args, '-T', '1']);
        },
        ({ port }) => rate(port, [...args, '-T', String(context.size(SECONDS, 1))]),
      ),
  };
}

const seconds = (body: () => unknown): number => {
  const begun = performance.now();
  body();
  return (performance.now() - begun) / 1000;
};

export const pgbenchMeasures: readonly Measure[] = [
  {
    ...common,
    ...{ name: 'pgbench -i', unit: 's', better: 'lower', bar: 1, aim: 2 },
    setup: (context) =>
      withBoth(
        context,
        () => {},
        ({ port }) => seconds(() => fill(port, context.size(SCALE, 1))),
      ),
  },
  pgbenchMeasure('prepared', 8, '-S', 1.3, 1.6),
  pgbenchMeasure('prepared', 32, '-S', 1.5, 1.9),
  pgbenchMeasure('simple', 8, '-S', 1.5, 2.2),
  pgbenchMeasure('simple', 32, '-S', 1.7, 2.5),
  pgbenchMeasure('prepared', 1, '-S', 0.7, 1),
  pgbenchMeasure('prepared', 8, '', 1.1, 1.3),
  pgbenchMeasure('prepared', 32, '', 1.8, 2.5),
];
