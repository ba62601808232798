/**
 * The build side of a hash join: its rows, and a table of them by their keys (SBLR-V6). Rows of one key are chained in the order in
 * which they came. A row with a NULL among its keys is in no chain, where NULLs do not match.
 *
 *   words   head[place of the key's hash] -> row -> next[row] -> ... -> 0
 *   one int4 key without NULLs that match: place = ((key - base) * factor) >>> shift; where the keys lie close together that is
 *   key - base itself, else the upper bits of a product
 *   map     canonical key -> row -> next[row] -> ... -> 0                     keys that are no words
 */

import { RowStore, type StoreColumn } from './row-store.ts';

export interface JoinShape {
  /** 'int': one word, in column `key`; 'words': hashes are given; 'map': canonical values are given; 'none': no keys. */
  readonly mode: 'int' | 'words' | 'map' | 'none';
  /** Of 'int': the column of the key. */
  key: number;
  /** Rows note that they have matched. */
  readonly marks: boolean;
}

const GOLDEN = -1640531535;
const NO_WORDS = new Int32Array(1);
const NO_MARKS = new Uint8Array(0);
/** Keys that take up to so many times as many places as there are of them have a place each. */
const SPARSE = 4;
const DIRECT_MIN = 1024;

export class JoinStore extends RowStore {
  readonly #shape: JoinShape;
  /** Of 'words': the hash of each row. */
  hashes: number[] | Int32Array = NO_WORDS;
  /** Of 'map': canonical keys. */
  readonly map = new Map<unknown, number>();
  readonly #keys: unknown[] = [];
  /** Rows that are in no chain. */
  readonly unlinked: number[] = [];
  head: Int32Array = NO_WORDS;
  next: Int32Array = NO_WORDS;
  base = 0;
  factor = 0;
  shift = 0;
  matched: Uint8Array = NO_MARKS;

  constructor(columns: readonly StoreColumn[], shape: JoinShape) {
    super(columns);
    this.#shape = shape;
  }

  override begin(): void {
    super.begin();
    this.#clear();
  }

  #clear(): void {
    this.map.clear();
    this.#keys.length = 0;
    this.unlinked.length = 0;
    this.head = NO_WORDS;
    this.next = NO_WORDS;
    this.hashes = this.#shape.mode === 'words' ? new Int32Array(this.capacity) : NO_WORDS;
    this.matched = NO_MARKS;
  }

  override more(): number {
    const row = super.more();
    if (this.#shape.mode === 'words' && this.hashes.length < this.capacity) {
      const hashes = new Int32Array(this.capacity);
      hashes.set(this.hashes);
      this.hashes = hashes;
    }
    return row;
  }

  /** The canonical key of a row that is written. */
  keepKey(row: number, key: unknown): void {
    this.#keys[row] = key;
  }

  /** A NULL is among its keys. */
  unlink(row: number): void {
    this.unlinked.push(row);
  }

  /** All rows are there. */
  finish(): void {
    this.encodeTexts();
    const { mode, marks } = this.#shape;
    if (marks) this.matched = new Uint8Array(this.count + 1);
    if (mode === 'none') return;
    this.next = new Int32Array(this.count + 1);
    if (mode === 'map') this.#linkKeys();
    else if (mode === 'int') this.#linkInts();
    else this.#linkHashes();
  }

  /** A power of two, twice the rows at least. */
  #places(): number {
    return 1 << (32 - Math.clz32(Math.max(8, this.count * 2 - 1)));
  }

  #linkHashes(): void {
    const { hashes, next, unlinked } = this;
    const head = new Int32Array(this.#places());
    const mask = head.length - 1;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) left--;
      else {
        const at = hashes[row] & mask;
        next[row] = head[at];
        head[at] = row;
      }
    }
    this.head = head;
  }

  #linkInts(): void {
    const keys = this.data[this.#shape.key] as Int32Array;
    const { next, unlinked } = this;
    this.#choosePlaces(keys);
    const { head, base, factor, shift } = this;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) left--;
      else {
        const at = Math.imul((keys[row] - base) | 0, factor) >>> shift;
        next[row] = head[at];
        head[at] = row;
      }
    }
  }

  #choosePlaces(keys: Int32Array): void {
    let least = 0;
    let greatest = -1;
    if (this.count > this.unlinked.length) {
      least = 0x7fffffff;
      greatest = -0x80000000;
      const skipped = new Set(this.unlinked);
      for (let row = 1; row <= this.count; row++) {
        if (skipped.size > 0 && skipped.has(row)) continue;
        const key = keys[row];
        if (key < least) least = key;
        if (key > greatest) greatest = key;
      }
    }
    const range = greatest - least + 1;
    if (range <= Math.max(DIRECT_MIN, this.count * SPARSE)) {
      this.base = least;
      this.factor = 1;
      this.shift = 0;
      this.head = new Int32Array(Math.max(1, range));
      return;
    }
    const places = this.#places();
    this.base = 0;
    this.factor = GOLDEN;
    this.shift = Math.clz32(places) + 1;
    this.head = new Int32Array(places);
  }

  #linkKeys(): void {
    const { next, map, unlinked } = this;
    const keys = this.#keys;
    let left = unlinked.length - 1;
    for (let row = this.count; row > 0; row--) {
      if (left >= 0 && unlinked[left] === row) {
        left--;
        continue;
      }
      next[row] = map.get(keys[row]) ?? 0;
      map.set(keys[row], row);
    }
    keys.length = 0;
  }

  override get bytes(): number {
    const { mode } = this.#shape;
    const table = mode === 'none' ? 0 : mode === 'map' ? 64 : mode === 'int' ? 12 : 16;
    return super.bytes + table * this.count;
  }

  override drop(): void {
    super.drop();
    this.#clear();
  }
}
