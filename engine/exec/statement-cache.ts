/**
 * The statement cache of a thread: text -> prepared statement, and normalised text -> shapes. Second chance: what was asked for since
 * the hand came by last stays (SBLR-N3).
 */

import type { Prepared } from './prepare.ts';
import type { Shape } from './shape.ts';

/** Entries kept unless said otherwise. */
export const CACHED_STATEMENTS = 1000;

interface Entry<Value> {
  readonly value: Value;
  used: boolean;
}

/** A map of bounded size that forgets what has not been asked for lately. */
class SecondChance<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.value;
  }

  set(key: string, value: Value): void {
    this.#entries.delete(key);
    while (this.#entries.size >= this.#size) this.#dropOne();
    this.#entries.set(key, { value, used: false });
  }

  /** The oldest that was not used since it was passed; used ones go to the end. */
  #dropOne(): void {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.used) return;
      entry.used = false;
      this.#entries.set(key, entry);
    }
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  clear(): void {
    this.#entries.clear();
  }
}

export class StatementCache {
  readonly texts: SecondChance<Prepared>;
  readonly shapes: SecondChance<Shape[]>;
  hits = 0;
  misses = 0;
  compiled = 0;

  constructor(size = CACHED_STATEMENTS) {
    this.texts = new SecondChance(size);
    this.shapes = new SecondChance(size);
  }

  clear(): void {
    this.texts.clear();
    this.shapes.clear();
  }
}
