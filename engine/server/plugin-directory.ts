/**
 * The directory of plugins: what lies there when the server starts is loaded, and a file that is new or has changed is used at once.
 *
 *   <name>.plugin.js   a version (plugins/host/plugin-file.ts)
 *   current.json       {"postgresql": "<SHA-256>"}: what was current when the server last ran; none: what comes with it
 *
 * A file that is refused changes nothing but the log. SIGHUP looks again, for file systems that tell nobody of changes.
 */

import { type FSWatcher, mkdirSync, readdirSync, readFileSync, renameSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { BUILT_IN } from '../../plugins/host/loaded-plugin.ts';
import type { Shelf } from '../../plugins/host/shelf.ts';

const ENDING = '.plugin.js';
const CURRENT = 'current.json';
/** A file is read when it has not changed for so long, milliseconds: whoever copies it writes in pieces. */
const SETTLED_MS = 150;

type Current = { readonly [dialect: string]: string };

export class PluginDirectory {
  readonly #path: string;
  readonly #shelf: Shelf;
  readonly #log: Logger;
  #watcher: FSWatcher | null = null;
  /** Size and time of the files that were looked at. */
  readonly #seen = new Map<string, string>();
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  constructor(path: string, shelf: Shelf, log: Logger) {
    this.#path = path;
    this.#shelf = shelf;
    this.#log = log;
  }

  /** Loads what is there, uses what was current, then watches. */
  async start(): Promise<void> {
    mkdirSync(this.#path, { recursive: true });
    const current = this.#readCurrent();
    for (const file of this.#files()) await this.#load(file, current);
    this.#shelf.onChange = () => this.#writeCurrent();
    this.#watcher = watch(this.#path, (_, name) => {
      if (name?.endsWith(ENDING) === true) this.#changed(name);
    });
    this.#watcher.unref();
    this.#watcher.on('error', (error) => this.#log.warn({ error }, 'the directory of plugins is not watched any more'));
  }

  #files(): string[] {
    return readdirSync(this.#path)
      .filter((name) => name.endsWith(ENDING))
      .sort();
  }

  async #load(file: string, current: Current): Promise<void> {
    this.#seen.set(file, this.#stateOf(file));
    try {
      const version = await this.#shelf.load(join(this.#path, file));
      const { dialect } = version.manifest;
      if (!version.isCurrent && current[dialect] === version.sha256) await this.#shelf.swap(dialect, `#${version.number}`);
    } catch (error) {
      this.#log.error({ file, error }, 'a plugin was not loaded');
    }
  }

  #stateOf(file: string): string {
    const found = statSync(join(this.#path, file), { throwIfNoEntry: false });
    return found === undefined ? '' : `${found.size} ${found.mtimeMs}`;
  }

  #changed(file: string): void {
    clearTimeout(this.#waiting.get(file));
    const timer = setTimeout(() => {
      this.#waiting.delete(file);
      void this.#take(file);
    }, SETTLED_MS);
    timer.unref();
    this.#waiting.set(file, timer);
  }

  /** Uses a file that is new or another one. */
  async #take(file: string): Promise<void> {
    const state = this.#stateOf(file);
    if (state === '' || state === this.#seen.get(file)) return;
    this.#seen.set(file, state);
    try {
      const { manifest } = await this.#shelf.replace(join(this.#path, file));
      this.#log.info({ file, plugin: `${manifest.name} ${manifest.version}` }, 'a plugin was replaced');
    } catch (error) {
      this.#log.error({ file, error }, 'a plugin was not replaced; the one before serves on');
    }
  }

  /** SIGHUP: whatever has changed. */
  async reload(): Promise<void> {
    for (const file of this.#files()) await this.#take(file);
  }

  #readCurrent(): Current {
    try {
      return JSON.parse(readFileSync(join(this.#path, CURRENT), 'utf8')) as Current;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log.warn({ error }, `${CURRENT} cannot be read`);
      return {};
    }
  }

  #writeCurrent(): void {
    const current = this.#shelf
      .list()
      .filter(({ isCurrent, sha256 }) => isCurrent && sha256 !== BUILT_IN)
      .map(({ manifest, sha256 }) => [manifest.dialect, sha256]);
    const path = join(this.#path, CURRENT);
    try {
      writeFileSync(`${path}.new`, `${JSON.stringify(Object.fromEntries(current), null, 2)}\n`);
      renameSync(`${path}.new`, path);
    } catch (error) {
      this.#log.error({ error }, `${CURRENT} was not written: the next start uses other versions`);
    }
  }

  close(): void {
    this.#watcher?.close();
    for (const timer of this.#waiting.values()) clearTimeout(timer);
  }
}
