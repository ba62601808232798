/** How long nobody is answered when the process is killed under load. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type BenchContext, limitOf, type Measure, type Running } from '../../harness/measure.ts';
import { client, fill, startOurs } from './servers.ts';

const LIMIT_S = 2;

async function setup(context: BenchContext): Promise<Running> {
  const data = join(context.directory, 'ours');
  let server = await startOurs(context, data);
  fill(server, context.size(10, 1));
  return {
    async ours() {
      const env = {
        ...process.env,
        PGHOST: '127.0.0.1',
        PGUSER: 'postgres',
        PGDATABASE: 'postgres',
        PGPORT: String(server.port),
      };
      const load = spawn('pgbench', ['-n', '-M', 'prepared', '-c', '8', '-T', '60'], { env, stdio: 'ignore' });
      const over = once(load, 'exit');
      await new Promise((resolve) => setTimeout(resolve, context.small ? 200 : 5000));
      await server.stop('SIGKILL');
      const begun = performance.now();
      server = await startOurs(context, data);
      client('psql', server.port, ['-X', '-q', '-c', 'select 1']);
      const taken = (performance.now() - begun) / 1000;
      await over;
      return taken;
    },
    peer: limitOf(LIMIT_S),
    teardown: () => server.stop(),
  };
}

export const restartMeasures: readonly Measure[] = [
  {
    ...{ name: 'kill -9 under TPC-B, restart to first answer', unit: 's', better: 'lower', peerName: 'limit', bar: 1, aim: 4 },
    ...{ needs: ['postgresql'] },
    setup,
  },
];
