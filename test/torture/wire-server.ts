/** A server in a process of its own, on a port that stays the same, to be killed and started again; and clients of it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';

/** The server from source; or the built command, where SCRATCHBIRD_SERVER names its file: how long the product takes to start. */
const BUILT = process.env.SCRATCHBIRD_SERVER;
const COMMAND = BUILT === undefined ? [join(import.meta.dirname, '../../engine/server/main.ts')] : [BUILT, 'start'];

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export class WireServer {
  readonly data: string;
  readonly port: number;
  readonly #settings: readonly string[];
  #process: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  /** The last lines of its log. */
  said = '';

  constructor(data: string, port: number, settings: readonly string[] = []) {
    this.data = data;
    this.port = port;
    this.#settings = settings;
  }

  /** Until it takes clients; rejects with what it said when it ends before. */
  async start(): Promise<void> {
    const args = [...COMMAND, '--data', this.data, '--port', String(this.port), '--listen', '127.0.0.1', ...this.#settings];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process = child;
    this.#ended = new Promise((resolve) => child.once('exit', () => resolve()));
    this.said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${this.said}`)));
      child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
        this.said = (this.said + piece).slice(-4000);
        if (this.said.includes('ready for clients')) resolve();
      });
    });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#process?.kill(signal);
    await this.#ended;
  }

  /** MiB of it that are in memory. */
  get memory(): number {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${this.#process?.pid}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) / 1024;
  }

  async client(): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' });
    // The server is killed: who asks next is told.
    client.on('error', () => {});
    await client.connect();
    return client;
  }
}
