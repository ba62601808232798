/**
 * The statement cache of a thread: text -> prepared statement, and normalised text -> shapes. Second chance: what was asked for since
 * the hand came by last stays (SBLR-N3).
 */

import type { Prepared } from './prepare.ts';
import type { Shape } from './shape.ts';

/** Entries kept unless said otherwise. */
export const CACHED_STATEMENTS = 1000;

/** Bytes of V8's heap that compiled statements may take, by the measure below: joins of sixty tables take megabytes each. */
export const CACHED_BYTES = 64 << 20;
/** Past that, so much is left. */
const BYTES_LEFT = CACHED_BYTES * 0.75;

/** A compiled shape was measured to take about so much of V8's heap, and so much more a character of its code. */
const SHAPE_BYTES = 10 * 1024;
const CODE_FACTOR = 8;

const NO_SHAPES: readonly Shape[] = [];

const bytesOf = (key: string, shapes: readonly Shape[]): number => {
  let bytes = 0;
  for (const { characters } of shapes) bytes += SHAPE_BYTES + 2 * key.length + CODE_FACTOR * characters;
  return bytes;
};

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
    while (this.#entries.size >= this.#size) this.dropOne();
    this.#entries.set(key, { value, used: false });
  }

  /** Drops the oldest that was not used since it was passed; used ones go to the end. Null: there is none. */
  dropOne(): [string, Value] | null {
    for (const [key, entry] of this.#entries) {
      this.#entries.delete(key);
      if (!entry.used) return [key, entry.value];
      entry.used = false;
      this.#entries.set(key, entry);
    }
    return null;
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
  /** What compiled shapes may take at most, those that were dropped since counted as well. */
  #bytes = 0;

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
    for (const [key, shapes] of this.shapes.entries()) bytes += bytesOf(key, shapes);
    for (const [key] of this.texts.entries()) bytes += 2 * key.length;
    return bytes;
  }

  /** So many characters of code were made for a shape. Returns the shapes that are dropped, where they take too much by now. */
  compiled(characters: number): Iterable<Shape> {
    this.#bytes += SHAPE_BYTES + CODE_FACTOR * characters;
    if (this.#bytes <= CACHED_BYTES) return NO_SHAPES;
    this.#bytes = this.bytes;
    return this.#bytes > CACHED_BYTES ? this.#dropShapes() : NO_SHAPES;
  }

  #dropShapes(): Set<Shape> {
    const dropped = new Set<Shape>();
    while (this.#bytes > BYTES_LEFT) {
      const entry = this.shapes.dropOne();
      if (entry === null) break;
      for (const shape of entry[1]) dropped.add(shape);
      this.#bytes -= bytesOf(...entry);
    }
    for (const [text, { shape }] of this.texts.entries()) if (dropped.has(shape)) this.texts.delete(text);
    return dropped;
  }

  clear(): void {
    this.#bytes = 0;
    this.texts.clear();
    this.shapes.clear();
  }
}
