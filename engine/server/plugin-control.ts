/**
 * The control plane's side of plugins: the shelf with workers behind it, and who looks whether code of a plugin comes back (C3).
 *
 *   every LOOK_MS: the clock of each worker; odd and unchanged for STUCK_MS: the worker is ended, its plugin has a fault
 *   a worker ends by itself while its clock is odd: its plugin has a fault, too
 */

import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Manifest } from '../../plugins/contract/connection.ts';
import { CLOCK_WORDS, lookAt, PluginWatch } from '../../plugins/host/clock.ts';
import { probe } from '../../plugins/host/probe.ts';
import { type PluginVersion, type PluginWorker, Shelf } from '../../plugins/host/shelf.ts';
import type { PluginFigures, SentPlugin } from '../../plugins/host/worker-plugins.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';

const LOOK_MS = 250;
/** Milliseconds after which code of a plugin that does not come back is a loop. */
const STUCK_MS = 2000;

/** A version with what all workers say of it. */
export interface PluginReport extends PluginVersion {
  readonly connections: number;
  readonly accepted: number;
  readonly batches: number;
  /** Connections that were closed because it threw. */
  readonly errors: number;
}

/** What the server does for plugins. */
export interface PluginOwner {
  readonly log: Logger;
  /** Workers that answer now. */
  pluginWorkers(): readonly PluginWorker[];
  /** Listens on the port of a dialect that was not served. */
  serveDialect(manifest: Manifest): Promise<void>;
  pluginFigures(): Promise<readonly PluginFigures[]>;
  /** Ends a worker, which is replaced. */
  endWorker(worker: number): void;
}

interface Watched {
  readonly words: Int32Array;
  watch: PluginWatch;
}

export class PluginControl {
  readonly shelf: Shelf;
  readonly #owner: PluginOwner;
  readonly #watched = new Map<number, Watched>();
  readonly #timer: NodeJS.Timeout;

  /** `builtIn`: the dialects that come with the server and are served. */
  constructor(owner: PluginOwner, builtIn: readonly Manifest[]) {
    this.#owner = owner;
    this.shelf = new Shelf(
      {
        workers: () => owner.pluginWorkers(),
        serve: (manifest) => owner.serveDialect(manifest),
        probe,
        readFile: readPlugin,
        warn: (message) => owner.log.warn(message),
      },
      builtIn,
    );
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
  }

  /** What a worker that begins is given; its clock is looked at from now on. */
  begin(worker: number): { readonly plugins: SentPlugin[]; readonly clock: SharedArrayBuffer } {
    const words = new Int32Array(new SharedArrayBuffer(CLOCK_WORDS * 4));
    this.#watched.set(worker, { words, watch: new PluginWatch(words, STUCK_MS) });
    return { plugins: this.shelf.sent, clock: words.buffer as SharedArrayBuffer };
  }

  #look(): void {
    const now = performance.now();
    const { user, system } = process.cpuUsage();
    for (const [worker, { watch }] of this.#watched) {
      const number = watch.stuck(now, (user + system) / 1000);
      if (number < 0) continue;
      this.#watched.delete(worker);
      this.#fault(number, `it did not come back within ${STUCK_MS / 1000} s`, worker);
      this.#owner.endWorker(worker);
    }
  }

  /** A worker has ended: if code of a plugin ran in it, that was why. */
  ended(worker: number): void {
    const watched = this.#watched.get(worker);
    this.#watched.delete(worker);
    if (watched === undefined) return;
    const { plugin } = lookAt(watched.words);
    if (plugin >= 0) this.#fault(plugin, 'its thread ended while it ran', worker);
  }

  #fault(number: number, why: string, worker: number): void {
    this.#owner.log.error({ worker, plugin: number }, `code of a plugin has ended a worker: ${why}`);
    this.shelf.fault(number, why).catch((error: unknown) => this.#owner.log.error({ error }, 'a plugin was not rolled back'));
  }

  async list(): Promise<PluginReport[]> {
    const figures = await this.#owner.pluginFigures();
    return this.shelf.list().map((version) => {
      const own = figures.filter(({ number }) => number === version.number);
      const sum = (of: (one: PluginFigures) => number): number => own.reduce((total, one) => total + of(one), 0);
      const connections = sum((one) => one.connections);
      const accepted = sum((one) => one.accepted);
      return { ...version, connections, accepted, batches: sum((one) => one.batches), errors: sum((one) => one.faults) };
    });
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function readPlugin(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new SqlError(SQLSTATE.undefined_file, `there is no file ${path}`, {
      hint: 'a plugin is a file as `npm run build` makes it',
    });
  }
}
