/**
 * The control plane's list of plugins: which versions of each dialect there are, which one is current, and the way back.
 *
 *   load     file --verify--> probe --> a version more, not used yet (the first of a dialect is, at once)
 *   swap     version --> worker 1, worker 2, ... one after another; refused by one: those before it go back, the error says why
 *   rollback to the version that was current before
 *   fault    a version's code looped or exhausted the heap of a worker: after three such cases it is rolled back
 *
 * Changes come one after another, in the order in which they were asked for.
 */

import { plainError } from '../../engine/sblr/parse-error.ts';
import type { Manifest } from '../contract/connection.ts';
import { BUILT_IN, type PluginNumber } from './loaded-plugin.ts';
import { type PluginFile, readPluginFile } from './plugin-file.ts';
import type { SentPlugin } from './worker-plugins.ts';

/** Versions of a dialect that there is a way back to. */
const HISTORY_MAX = 5;
/** Versions of a dialect that are kept at most; the oldest ones that are in no history are forgotten. */
const VERSIONS_MAX = 10;

/** Cases in which a version ends a worker before it is rolled back (C3). */
export const FAULTS_MAX = 3;

/** A version of a dialect. */
export interface PluginVersion {
  readonly number: PluginNumber;
  readonly manifest: Manifest;
  /** BUILT_IN: it comes with the server. */
  readonly sha256: string;
  /** Where it was read from; empty: built in. */
  readonly path: string;
  readonly loadedAt: Date;
  readonly isCurrent: boolean;
  /** Workers that it has ended. */
  readonly faults: number;
  /** The last of them. */
  readonly lastFault: string;
}

/** What changes the plugins of one worker. Rejects when it refuses; one that ends meanwhile refuses nothing: who takes its place joins. */
export interface PluginWorker {
  usePlugin(sent: SentPlugin): Promise<void>;
  removeDialect(dialect: string): Promise<void>;
}

export interface ShelfHost {
  /** Workers that answer now. */
  workers(): readonly PluginWorker[];
  /** A dialect that was not served is served from now on: its port is listened on. The workers have it. */
  serve(manifest: Manifest): Promise<void>;
  /** The version tries itself in a thread of its own. */
  probe(text: string, file: PluginFile): Promise<void>;
  readFile(path: string): Promise<string>;
  /** Something has changed without being asked for. */
  warn(message: string): void;
}

interface Entry {
  readonly number: PluginNumber;
  readonly manifest: Manifest;
  readonly sha256: string;
  readonly path: string;
  readonly text: string | null;
  readonly loadedAt: Date;
  faults: number;
  lastFault: string;
}

export class Shelf {
  readonly #host: ShelfHost;
  readonly #entries: Entry[] = [];
  /** By dialect: what was current, the last one first; the first of them is current. */
  readonly #current = new Map<string, Entry[]>();
  #nextNumber: PluginNumber = 0;
  /** What is current of a dialect has changed. */
  onChange: (() => void) | null = null;
  #last: Promise<unknown> = Promise.resolve();

  /** `builtIn`: manifests of what comes with the server, current from the beginning. */
  constructor(host: ShelfHost, builtIn: readonly Manifest[]) {
    this.#host = host;
    for (const manifest of builtIn) {
      const entry = this.#add(manifest, BUILT_IN, '', null);
      this.#current.set(manifest.dialect, [entry]);
    }
  }

  #add(manifest: Manifest, sha256: string, path: string, text: string | null): Entry {
    const entry = { number: this.#nextNumber++, manifest, sha256, path, text, loadedAt: new Date(), faults: 0, lastFault: '' };
    this.#entries.push(entry);
    return entry;
  }

  /** What a worker that begins uses. */
  get sent(): SentPlugin[] {
    return [...this.#current.values()].map(([current]) => sentOf(current));
  }

  list(): PluginVersion[] {
    return this.#entries.map((entry) => this.#versionOf(entry));
  }

  #versionOf(entry: Entry): PluginVersion {
    const { number, manifest, sha256, path, loadedAt, faults, lastFault } = entry;
    const isCurrent = this.#current.get(manifest.dialect)?.[0] === entry;
    return { number, manifest, sha256, path, loadedAt, isCurrent, faults, lastFault };
  }

  /** After whatever was asked for before. */
  #inTurn<Answer>(step: () => Promise<Answer>): Promise<Answer> {
    const turn = this.#last.then(step, step);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Reads, verifies and tries a file. The same file again is the version that it was. 42P17, 58P01 */
  load(path: string): Promise<PluginVersion> {
    return this.#inTurn(() => this.#load(path));
  }

  async #load(path: string): Promise<PluginVersion> {
    const text = await this.#host.readFile(path);
    const file = readPluginFile(text, path);
    const { manifest, sha256 } = file;
    const known = this.#entries.find((one) => one.sha256 === sha256 && one.manifest.dialect === manifest.dialect);
    if (known !== undefined) return this.#versionOf(known);
    await this.#host.probe(text, file);
    const entry = this.#add(manifest, sha256, path, text);
    this.#forgetOld(manifest.dialect);
    if (!this.#current.has(manifest.dialect)) await this.#swap(entry);
    return this.#versionOf(entry);
  }

  /** `version`: as its manifest says, the one loaded last where there are several; or `#` and its number. 42704, 42P17 */
  swap(dialect: string, version: string): Promise<PluginVersion> {
    return this.#inTurn(async () => {
      const entry = this.#find(dialect, version);
      await this.#swap(entry);
      return this.#versionOf(entry);
    });
  }

  /** Reads a file and uses it: what a changed file in the directory of plugins asks for. */
  replace(path: string): Promise<PluginVersion> {
    return this.#inTurn(async () => {
      const { number } = await this.#load(path);
      const entry = this.#entries.find((one) => one.number === number) as Entry;
      await this.#swap(entry);
      return this.#versionOf(entry);
    });
  }

  /** Back to what was current before. 55000: there was nothing. */
  rollback(dialect: string): Promise<PluginVersion> {
    return this.#inTurn(() => this.#rollback(dialect));
  }

  async #rollback(dialect: string): Promise<PluginVersion> {
    const before = this.#historyOf(dialect)[1];
    if (before === undefined) throw plainError('55000', `the dialect "${dialect}" has had one version only`);
    await this.#rollOut(before);
    this.#historyOf(dialect).shift();
    this.onChange?.();
    return this.#versionOf(before);
  }

  /** Without `version`: the dialect is served no more; else that version is forgotten. 55006: it is in use. */
  unload(dialect: string, version?: string): Promise<void> {
    return this.#inTurn(async () => {
      if (version === undefined) {
        this.#historyOf(dialect);
        await Promise.all(this.#host.workers().map((worker) => worker.removeDialect(dialect)));
        this.#current.delete(dialect);
        this.onChange?.();
        return;
      }
      const entry = this.#find(dialect, version);
      const history = this.#current.get(dialect) ?? [];
      if (history[0] === entry) throw plainError('55006', `version ${version} of the dialect "${dialect}" is the current one`);
      if (history.includes(entry)) history.splice(history.indexOf(entry), 1);
      this.#entries.splice(this.#entries.indexOf(entry), 1);
    });
  }

  #historyOf(dialect: string): Entry[] {
    const history = this.#current.get(dialect);
    if (history === undefined) throw plainError('42704', `the dialect "${dialect}" is not served`);
    return history;
  }

  #find(dialect: string, version: string): Entry {
    const found = this.#entries.findLast(
      ({ manifest, number }) => manifest.dialect === dialect && (manifest.version === version || `#${number}` === version),
    );
    if (found === undefined) throw plainError('42704', `there is no version ${version} of the dialect "${dialect}"`);
    return found;
  }

  async #swap(entry: Entry): Promise<void> {
    const { manifest } = entry;
    const history = this.#current.get(manifest.dialect);
    if (history?.[0] === entry) return;
    await this.#rollOut(entry);
    if (history === undefined) await this.#serve(manifest);
    this.#current.set(manifest.dialect, [entry, ...(history ?? []).filter((one) => one !== entry)].slice(0, HISTORY_MAX));
    this.#forgetOld(manifest.dialect);
    this.onChange?.();
  }

  /** The port is opened last: who comes is served. */
  async #serve(manifest: Manifest): Promise<void> {
    try {
      await this.#host.serve(manifest);
    } catch (error) {
      await Promise.all(this.#host.workers().map((worker) => worker.removeDialect(manifest.dialect)));
      throw error;
    }
  }

  /** A version's text is as large as its code. What comes with the server is always there. */
  #forgetOld(dialect: string): void {
    const history = this.#current.get(dialect) ?? [];
    const own = this.#entries.filter(({ manifest }) => manifest.dialect === dialect);
    const unused = own.slice(0, -1).filter((entry) => entry.text !== null && !history.includes(entry));
    for (const entry of unused.slice(0, Math.max(0, own.length - VERSIONS_MAX)))
      this.#entries.splice(this.#entries.indexOf(entry), 1);
  }

  /** One worker after another; never all at once. */
  async #rollOut(entry: Entry): Promise<void> {
    const before = this.#current.get(entry.manifest.dialect)?.[0];
    const done = new Set<PluginWorker>();
    try {
      for (;;) {
        const worker = this.#host.workers().find((one) => !done.has(one));
        if (worker === undefined) break;
        done.add(worker);
        await worker.usePlugin(sentOf(entry));
      }
    } catch (error) {
      for (const worker of done) {
        if (before === undefined) await worker.removeDialect(entry.manifest.dialect);
        else await worker.usePlugin(sentOf(before));
      }
      throw error;
    }
  }

  /** A worker that began with `sent` answers now: what has changed since then goes to it. */
  joined(worker: PluginWorker): Promise<void> {
    return this.#inTurn(async () => {
      for (const sent of this.sent) await worker.usePlugin(sent);
    });
  }

  /** A version's code has ended a worker. Resolves when that has been dealt with. */
  fault(number: PluginNumber, why: string): Promise<void> {
    const entry = this.#entries.find((one) => one.number === number);
    if (entry === undefined) return Promise.resolve();
    entry.faults++;
    entry.lastFault = why;
    const { manifest, faults } = entry;
    this.#host.warn(`plugin ${manifest.name} ${manifest.version} has ended a worker (${why}), for the ${faults}. time`);
    if (faults < FAULTS_MAX) return Promise.resolve();
    return this.#inTurn(async () => {
      const history = this.#current.get(manifest.dialect);
      if (history?.[0] !== entry) return;
      if (history.length < 2) {
        this.#host.warn(`plugin ${manifest.name} ${manifest.version} stays: there is no version before it`);
        return;
      }
      const { manifest: to } = await this.#rollback(manifest.dialect);
      this.#host.warn(`plugin ${manifest.name} ${manifest.version} was rolled back to ${to.version}`);
    });
  }
}

const sentOf = ({ number, text, manifest }: Entry): SentPlugin => ({ number, text, dialect: manifest.dialect });
