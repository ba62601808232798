/**
 * The statement cache of a thread: text -> prepared statement, and normalised text -> shapes. Second chance: what was asked for since
 * the hand came by last stays (SBLR-N3).
 */

import type { Prepared } from './prepare.ts';
import type { Shape } from './shape.ts';

/** Entries kept unless said otherwise. */
export const CACHED_STATEMENTS = 1000;

/** A compiled shape was measured to take about so much of V8's heap, and so much more a character of its text. */
const SHAPE_BYTES = 13 * 1024;
const TEXT_FACTOR = 50;

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

  *entries(): Iterable<[string, Value]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  *values(): Iterable<Value> {
    for (const { value } of this.#entries.values()) yield value;
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
  /** Statements that were parsed, bound and planned here. */
  bound = 0;

  constructor(size = CACHED_STATEMENTS) {
    this.texts = new SecondChance(size);
    this.shapes = new SecondChance(size);
  }

  /** Shapes that are kept. */
  get count(): number {
    let count = 0;
    for (const shapes of this.shapes.values()) count += shapes.length;
    return count;
  }

  /** About how many bytes of V8's heap they take, compiled. */
  get bytes(): number {
    let bytes = 0;
    for (const [key, shapes] of this.shapes.entries()) bytes += shapes.length * (SHAPE_BYTES + TEXT_FACTOR * key.length);
    for (const [key] of this.texts.entries()) bytes += 2 * key.length;
    return bytes;
  }

  clear(): void {
    this.texts.clear();
    this.shapes.clear();
  }
}
