/**
 * Says whether a worker is inside code of a plugin (C3): one word of shared memory a worker, counted up at each way in and out.
 *
 *   word   even: in the engine, or idle    odd: in code of the plugin whose number stands in the second word
 *
 *   host --enter--> plugin --leave--> engine call --enter--> plugin ... --leave--> host
 *
 * The control plane reads both. An odd word that has not changed between two looks says that nothing came back in between; only its
 * worker writes it, and a lost update is none: it is the worker's own.
 */

/** Of the memory of a worker. */
export const CLOCK_WORDS = 2;
const COUNT = 0;
const PLUGIN = 1;

export class PluginClock {
  readonly #words: Int32Array;

  /** `words`: CLOCK_WORDS of memory that the control plane sees too. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  /** Code of a plugin begins; `plugin`: its number. Returns what restore() takes. */
  enter(plugin: number): number {
    const words = this.#words;
    const before = words[COUNT];
    words[PLUGIN] = plugin;
    words[COUNT] = (before + 1) | 1;
    return before;
  }

  /** It calls into the engine. Returns what restore() takes. */
  leave(): number {
    const words = this.#words;
    const before = words[COUNT];
    words[COUNT] = (before + 2) & ~1;
    return before;
  }

  /** The plugin whose code runs, or ran last. */
  get plugin(): number {
    return this.#words[PLUGIN];
  }

  /** Back where enter() or leave() came from: as odd or even as then, and another count. `plugin`: whose code it was or is again. */
  restore(before: number, plugin: number): void {
    const words = this.#words;
    words[PLUGIN] = plugin;
    words[COUNT] = (words[COUNT] + 2 - ((words[COUNT] ^ before) & 1)) | 0;
  }
}

export interface Seen {
  /** Number of the plugin whose code runs; -1: none. */
  readonly plugin: number;
  readonly count: number;
}

/** What the control plane sees of a worker. */
export function lookAt(words: Int32Array): Seen {
  const count = Atomics.load(words, COUNT);
  return { plugin: (count & 1) === 1 ? Atomics.load(words, PLUGIN) : -1, count };
}

/** So many times as long, for code that has no processor or sleeps. */
const PATIENCE = 10;

/** The control plane's memory of when it first saw each count: who has been inside plugin code too long. */
export class PluginWatch {
  readonly #words: Int32Array;
  readonly #most: number;
  #count = 0;
  #since = 0;
  /** What the process had worked then. */
  #worked = 0;
  #looked = 0;

  /** `most`: milliseconds. */
  constructor(words: Int32Array, most: number) {
    this.#words = words;
    this.#most = most;
  }

  /**
   * Number of the plugin that has not come back for longer than that; -1: all is well. `now`: milliseconds; `worked`: those that the
   * process had a processor for, all its threads together. Where it hardly gets one, its code takes its time: that is no fault of it.
   */
  stuck(now: number, worked = now): number {
    const { plugin, count } = lookAt(this.#words);
    // Nobody has looked for as long: the process was stopped, and with it whoever is in there.
    const wasStopped = now - this.#looked > this.#most;
    this.#looked = now;
    if (plugin < 0 || count !== this.#count || wasStopped) {
      this.#count = count;
      this.#since = now;
      this.#worked = worked;
      return -1;
    }
    const isLate = now - this.#since > this.#most && worked - this.#worked > this.#most;
    return isLate || now - this.#since > this.#most * PATIENCE ? plugin : -1;
  }
}
