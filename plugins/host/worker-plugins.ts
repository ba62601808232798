/**
 * The plugins of one worker: for each dialect the version that its next connection uses, and older ones while they have connections.
 *
 *   use(5)   current: 3 -> 5       connections of 3 go on with 3; the last one closes: nothing holds its code any more
 */

import { plainError } from '../../engine/sblr/parse-error.ts';
import type { Manifest, WirePlugin } from '../contract/connection.ts';
import type { PluginClock } from './clock.ts';
import { BUILT_IN, guarded, type LoadedPlugin, type PluginNumber, runScript, selfTest } from './loaded-plugin.ts';
import { readPluginFile } from './plugin-file.ts';

/** What one version has done in this worker; kept while it is current or has connections. */
export interface PluginFigures {
  readonly number: PluginNumber;
  readonly isCurrent: boolean;
  readonly connections: number;
  /** Since it came to this worker. */
  readonly accepted: number;
  readonly batches: number;
  readonly faults: number;
}

/** Number of the first plugin that comes with the server. */
const FIRST_PLUGIN: PluginNumber = 0;

/** A version in use. */
export class UsedPlugin {
  readonly loaded: LoadedPlugin;
  connections = 0;
  accepted = 0;
  batches = 0;
  /** Errors that it threw: each has closed a connection. */
  faults = 0;

  readonly #clock: PluginClock;

  constructor(loaded: LoadedPlugin, clock: PluginClock) {
    this.loaded = loaded;
    this.#clock = clock;
  }

  /** It is the version of the first dialect that comes with the server. */
  get isBuiltIn(): boolean {
    return this.loaded.number === FIRST_PLUGIN;
  }

  /** Its code begins to run. Returns what back() takes. */
  enter(): number {
    return this.#clock.enter(this.loaded.number);
  }

  /** Its code calls the engine. Returns what back() takes. */
  leave(): number {
    return this.#clock.leave();
  }

  /** As it was before enter() or leave(). */
  back(before: number): void {
    this.#clock.restore(before, this.loaded.number);
  }
}

/** A version as the control plane sends it. */
export interface SentPlugin {
  readonly number: PluginNumber;
  /** Text of its file; null: the one that comes with the server. */
  readonly text: string | null;
  readonly dialect: string;
}

export class WorkerPlugins {
  readonly #clock: PluginClock;
  readonly #builtIn: readonly WirePlugin[];
  readonly #current = new Map<string, UsedPlugin>();
  readonly #used = new Map<PluginNumber, UsedPlugin>();

  /** `builtIn`: what comes with the server, not current until use() says so. */
  constructor(clock: PluginClock, builtIn: readonly WirePlugin[]) {
    this.#clock = clock;
    this.#builtIn = builtIn;
  }

  /** The next connections of its dialect get this version. Throws 42P17, and all stays as it was. */
  use({ number, text, dialect }: SentPlugin): Manifest {
    const known = this.#used.get(number);
    const used = known ?? new UsedPlugin(this.#load(number, text, dialect), this.#clock);
    const before = this.#current.get(dialect);
    this.#current.set(dialect, used);
    this.#used.set(number, used);
    if (before !== undefined) this.#dropUnused(before);
    return used.loaded.manifest;
  }

  #load(number: PluginNumber, text: string | null, dialect: string): LoadedPlugin {
    if (text === null) return guarded(this.#ownOf(dialect), number, BUILT_IN, this.#clock);
    const file = readPluginFile(text, `number ${number}`);
    const before = this.#clock.enter(number);
    try {
      const plugin = runScript(file);
      selfTest(plugin);
      return guarded(plugin, number, file.sha256, this.#clock);
    } finally {
      this.#clock.restore(before, number);
    }
  }

  #ownOf(dialect: string): WirePlugin {
    const own = this.#builtIn.find(({ manifest }) => manifest.dialect === dialect);
    if (own === undefined) throw plainError('42704', `no plugin for the dialect "${dialect}" comes with the server`);
    return own;
  }

  /** The dialect takes no new connections. */
  remove(dialect: string): void {
    const before = this.#current.get(dialect);
    this.#current.delete(dialect);
    if (before !== undefined) this.#dropUnused(before);
  }

  /** For a new connection, which close() gives back. Null: the dialect is not served. */
  open(dialect: string): UsedPlugin | null {
    const used = this.#current.get(dialect);
    if (used === undefined) return null;
    used.connections++;
    used.accepted++;
    return used;
  }

  close(used: UsedPlugin): void {
    used.connections--;
    this.#dropUnused(used);
  }

  #dropUnused(used: UsedPlugin): void {
    const { manifest, number } = used.loaded;
    if (used.connections === 0 && this.#current.get(manifest.dialect) !== used) this.#used.delete(number);
  }

  figures(): PluginFigures[] {
    return [...this.#used.values()].map((used) => {
      const { loaded, connections, accepted, batches, faults } = used;
      const isCurrent = this.#current.get(loaded.manifest.dialect) === used;
      return { number: loaded.number, isCurrent, connections, accepted, batches, faults };
    });
  }
}
