/** Servers for these tests: ours, and MariaDB as it comes from the system's packages, where there is one. */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../wire/with-server.ts';
import { MysqlClient } from './client.ts';

export interface MysqlServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Our server, for clients of MySQL on a port of its own. */
export async function startOurs(
  settings: Record<string, string> = {},
): Promise<MysqlServer & { readonly postgresqlPort: number }> {
  const started = await startServer({ 'mysql-port': '0', workers: '1', ...settings });
  return { port: started.server.portOf('mysql'), postgresqlPort: started.port, stop: () => started.stop() };
}

const PLACES = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/usr/libexec'];
const program = (name: string): string | null =>
  PLACES.map((place) => join(place, name)).find((path) => existsSync(path)) ?? null;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const START_MS = 60_000;

/** MariaDB over a directory of its own, with texts that compare by their characters; null: there is none on this machine. */
export async function startMariaDb(): Promise<MysqlServer | null> {
  const [daemon, install] = [program('mariadbd'), program('mariadb-install-db')];
  if (daemon === null || install === null) return null;
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-mariadb-'));
  const data = join(directory, 'data');
  const common = ['--no-defaults', `--datadir=${data}`, `--user=${userInfo().username}`];
  const made = spawnSync(install, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], { stdio: 'ignore' });
  if (made.status !== 0) return null;
  const port = await freePort();
  const own = [
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${join(directory, 'socket')}`,
    `--pid-file=${join(directory, 'pid')}`,
  ];
  const texts = ['--character-set-server=utf8mb4', '--collation-server=utf8mb4_nopad_bin', '--default-time-zone=+00:00'];
  const sizes = [
    '--innodb-buffer-pool-size=16M',
    '--innodb-log-file-size=8M',
    '--innodb-flush-log-at-trx-commit=0',
    '--skip-log-bin',
  ];
  const mode = ['--sql-mode=ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO'];
  const child = spawn(daemon, [...common, ...own, ...texts, ...sizes, ...mode], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const until = performance.now() + START_MS;
  for (;;) {
    try {
      const client = await MysqlClient.connect({ port });
      client.close();
      return { port, stop };
    } catch (error) {
      if (performance.now() > until || child.exitCode !== null) {
        await stop();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
