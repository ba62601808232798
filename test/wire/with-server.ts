/** A server on a free port of this machine, over a database that goes with it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serverOptions } from '../../engine/server/options.ts';
import { Server } from '../../engine/server/server.ts';

export interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** Directory of its database and its Unix socket. */
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startServer(settings: Record<string, string> = {}): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-wire-'));
  const server = new Server(
    serverOptions({
      ...{ data: join(directory, 'data'), port: '0', listen: '127.0.0.1', workers: '2', pin: 'off' },
      ...{ 'log-level': 'silent', 'socket-directory': directory, cache: '64MB', durability: 'off' },
      ...settings,
    }),
  );
  await server.start();
  return {
    server,
    port: server.port,
    directory,
    async stop() {
      await server.stop(1000);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
