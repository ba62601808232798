/**
 * Sorting rows by keys that are bytes (SBLR-V7): eight bytes at a time as two words, which move with the rows' numbers, for the keys
 * themselves lie apart and each look at one is a miss of the cache. Many rows by radix, few by merging; rows that agree go on with the
 * next eight bytes. Of equal keys the row with the lower number comes first.
 *
 * Hot file: typed arrays, no comparator, no objects a row.
 */

import { type PackedKeys, packedOrder } from './packed-sort.ts';

/** Fewer rows are sorted by insertion, by merging, by radix. */
const INSERTION_MAX = 24;
const MERGE_MAX = 1024;
const RUN = 16;
/** Rows whose keys are touched before they are compared. */
const TOUCHED = 512;
const DIGITS = 4;
const RADIX = 256;
const NO_WORDS = new Uint32Array(0);

/** Order of two keys; a key that the other one begins with comes first. */
export function compareKeys(a: Uint8Array, from: number, end: number, b: Uint8Array, at: number, bEnd: number): number {
  const length = Math.min(end - from, bEnd - at);
  for (let index = 0; index < length; index++) {
    const difference = a[from + index] - b[at + index];
    if (difference !== 0) return difference;
  }
  return end - from - (bEnd - at);
}

export class KeySort {
  readonly #keys: Uint8Array;
  /** Key of row n: from ends[n - 1] to ends[n]. */
  readonly #ends: Int32Array;
  order: Int32Array;
  /** Of keys that are one word each (packed-sort.ts). */
  packed: PackedKeys | null = null;
  /** What was touched: nothing may leave it out. */
  seen = 0;
  /** Bytes that all keys begin with; -1: the rows came in order. */
  depth = -1;
  #high = NO_WORDS;
  #low = NO_WORDS;
  #orderB = new Int32Array(0);
  #highB = NO_WORDS;
  #lowB = NO_WORDS;
  readonly #counts = new Int32Array(DIGITS * RADIX);

  /** Sorts rows 1 to `count`; the result is `order`. */
  constructor(keys: Uint8Array, ends: Int32Array, count: number) {
    this.#keys = keys;
    this.#ends = ends;
    const isSorted = this.#isSorted(count);
    this.packed = isSorted || count <= MERGE_MAX ? null : packedOrder(keys, ends, count);
    this.order = this.packed?.order ?? new Int32Array(count);
    if (this.packed !== null) return;
    for (let index = 0; index < count; index++) this.order[index] = index + 1;
    if (isSorted) return;
    this.#high = new Uint32Array(count);
    this.#low = new Uint32Array(count);
    this.#orderB = new Int32Array(count);
    this.#highB = new Uint32Array(count);
    this.#lowB = new Uint32Array(count);
    this.#sort(0, count, 0);
  }

  /** Rows often come in their order: from an index, or sorted by more keys before. */
  #isSorted(count: number): boolean {
    const keys = this.#keys;
    const ends = this.#ends;
    for (let row = 2; row <= count; row++) {
      if (compareKeys(keys, ends[row - 2], ends[row - 1], keys, ends[row - 1], ends[row]) > 0) return false;
    }
    return true;
  }

  /** Where keys of `bytes` bytes have at most eight behind `depth`: those bytes as words, in order; else null. */
  words(bytes: number): { high: Uint32Array; low: Uint32Array } | null {
    return this.depth >= 0 && bytes > 0 && bytes <= this.depth + 8 ? { high: this.#high, low: this.#low } : null;
  }

  #sort(from: number, to: number, depth: number): void {
    const count = to - from;
    if (count < 2) return;
    if (count <= INSERTION_MAX) {
      this.#insert(from, to, depth);
      return;
    }
    const common = this.#common(from, to, depth);
    if (common < 0) return;
    const at = depth + common;
    if (this.depth < 0) this.depth = at;
    this.#load(from, to, at);
    if (count > MERGE_MAX) this.#radix(from, to);
    else this.#merge(from, to);
    const high = this.#high;
    const low = this.#low;
    // Words are not needed any more where those of the next bytes are put.
    const isLarge = count > MERGE_MAX;
    for (let start = from, touched = from; start < to; ) {
      if (isLarge && start >= touched) touched = this.#touch(start, Math.min(to, start + TOUCHED), at + 8);
      let end = start + 1;
      while (end < to && high[end] === high[start] && low[end] === low[start]) end++;
      if (end - start > 1) this.#sort(start, end, at + 8);
      start = end;
    }
  }

  /**
   * Reads a byte of each key that will be compared: their lines of the cache are under way together then, and not one after the other.
   */
  #touch(from: number, to: number, depth: number): number {
    const { order } = this;
    const keys = this.#keys;
    const ends = this.#ends;
    const high = this.#high;
    const low = this.#low;
    let sum = 0;
    for (let index = from + 1; index < to; index++) {
      if (high[index] !== high[index - 1] || low[index] !== low[index - 1]) continue;
      sum += keys[ends[order[index] - 1] + depth] | keys[ends[order[index - 1] - 1] + depth];
    }
    this.seen = sum;
    return to;
  }

  /** By whole keys: few rows. */
  #insert(from: number, to: number, depth: number): void {
    const { order } = this;
    const keys = this.#keys;
    const ends = this.#ends;
    for (let index = from + 1; index < to; index++) {
      const row = order[index];
      const end = ends[row];
      const start = Math.min(end, ends[row - 1] + depth);
      let at = index - 1;
      for (; at >= from; at--) {
        const other = order[at];
        const otherEnd = ends[other];
        const difference = compareKeys(keys, Math.min(otherEnd, ends[other - 1] + depth), otherEnd, keys, start, end);
        if (difference < 0 || (difference === 0 && other < row)) break;
        order[at + 1] = other;
      }
      order[at + 1] = row;
    }
  }

  /** Bytes behind `depth` that all keys have in common; -1: they are all the same. */
  #common(from: number, to: number, depth: number): number {
    const { order } = this;
    const keys = this.#keys;
    const ends = this.#ends;
    const first = order[from];
    const start = ends[first - 1] + depth;
    const length = Math.max(0, ends[first] - start);
    let common = length;
    let isSame = true;
    for (let index = from + 1; index < to; index++) {
      const row = order[index];
      const at = ends[row - 1] + depth;
      const rest = Math.max(0, ends[row] - at);
      if (rest !== length) isSame = false;
      if (rest < common) common = rest;
      let same = 0;
      while (same < common && keys[start + same] === keys[at + same]) same++;
      if (same < common) {
        common = same;
        isSame = false;
      }
      if (common === 0 && !isSame) return 0;
    }
    return isSame ? -1 : common;
  }

  /** Eight bytes of each key, as words. */
  #load(from: number, to: number, depth: number): void {
    const { order } = this;
    const keys = this.#keys;
    const ends = this.#ends;
    const high = this.#high;
    const low = this.#low;
    for (let index = from; index < to; index++) {
      const row = order[index];
      const at = ends[row - 1] + depth;
      const end = ends[row];
      if (at + 8 <= end) {
        high[index] = (keys[at] << 24) | (keys[at + 1] << 16) | (keys[at + 2] << 8) | keys[at + 3];
        low[index] = (keys[at + 4] << 24) | (keys[at + 5] << 16) | (keys[at + 6] << 8) | keys[at + 7];
        continue;
      }
      let word = 0;
      let next = 0;
      for (let byte = 0; byte < 4; byte++) word = (word << 8) | (at + byte < end ? keys[at + byte] : 0);
      for (let byte = 4; byte < 8; byte++) next = (next << 8) | (at + byte < end ? keys[at + byte] : 0);
      high[index] = word;
      low[index] = next;
    }
  }

  /** Stable: rows stand in the order of their numbers before. */
  #merge(from: number, to: number): void {
    const count = to - from;
    const { order } = this;
    const high = this.#high;
    const low = this.#low;
    for (let start = from; start < to; start += RUN) {
      const end = Math.min(to, start + RUN);
      for (let index = start + 1; index < end; index++) {
        const h = high[index];
        const l = low[index];
        const row = order[index];
        let at = index - 1;
        while (at >= start && (high[at] > h || (high[at] === h && low[at] > l))) {
          high[at + 1] = high[at];
          low[at + 1] = low[at];
          order[at + 1] = order[at];
          at--;
        }
        high[at + 1] = h;
        low[at + 1] = l;
        order[at + 1] = row;
      }
    }
    let inFirst = true;
    for (let width = RUN; width < count; width *= 2) {
      for (let start = 0; start < count; start += 2 * width) {
        const middle = Math.min(count, start + width);
        const end = Math.min(count, start + 2 * width);
        if (inFirst) mergeRuns(order, high, low, from, this.#orderB, this.#highB, this.#lowB, 0, start, middle, end);
        else mergeRuns(this.#orderB, this.#highB, this.#lowB, 0, order, high, low, from, start, middle, end);
      }
      inFirst = !inFirst;
    }
    if (inFirst) return;
    for (let index = 0; index < count; index++) {
      order[from + index] = this.#orderB[index];
      high[from + index] = this.#highB[index];
      low[from + index] = this.#lowB[index];
    }
  }

  /** By the first word; rows that agree in it by the second. */
  #radix(from: number, to: number): void {
    const high = this.#high;
    this.#byWord(from, to, high, this.#low, this.#highB, this.#lowB);
    for (let start = from; start < to; ) {
      let end = start + 1;
      while (end < to && high[end] === high[start]) end++;
      if (end - start > MERGE_MAX) this.#byWord(start, end, this.#low, high, this.#lowB, this.#highB);
      else if (end - start > 1) this.#merge(start, end);
      start = end;
    }
  }

  /** By the bytes of a word, the last one first; bytes that all have in common are passed over. */
  #byWord(from: number, to: number, word: Uint32Array, other: Uint32Array, wordB: Uint32Array, otherB: Uint32Array): void {
    const count = to - from;
    const counts = this.#counts;
    counts.fill(0);
    const rows = this.order.subarray(from, to);
    const words = word.subarray(from, to);
    const others = other.subarray(from, to);
    countDigits(words, count, counts);
    let inFirst = true;
    for (let digit = 0; digit < DIGITS; digit++) {
      const base = digit * RADIX;
      const shift = digit * 8;
      if (counts[base + ((words[0] >>> shift) & 255)] === count) continue;
      let sum = 0;
      for (let value = 0; value < RADIX; value++) {
        const number = counts[base + value];
        counts[base + value] = sum;
        sum += number;
      }
      if (inFirst) distribute(rows, words, others, this.#orderB, wordB, otherB, shift, counts, base, count);
      else distribute(this.#orderB, wordB, otherB, rows, words, others, shift, counts, base, count);
      inFirst = !inFirst;
    }
    if (inFirst) return;
    rows.set(this.#orderB.subarray(0, count));
    words.set(wordB.subarray(0, count));
    others.set(otherB.subarray(0, count));
  }
}

/** Merges rows `start` to `middle` and `middle` to `end` behind `from` into the same places behind `to`. */
function mergeRuns(
  rows: Int32Array,
  high: Uint32Array,
  low: Uint32Array,
  from: number,
  toRows: Int32Array,
  toHigh: Uint32Array,
  toLow: Uint32Array,
  to: number,
  start: number,
  middle: number,
  end: number,
): void {
  let left = from + start;
  let right = from + middle;
  const leftEnd = right;
  const rightEnd = from + end;
  for (let at = to + start, stop = to + end; at < stop; at++) {
    const isLeft =
      left < leftEnd &&
      (right >= rightEnd || high[left] < high[right] || (high[left] === high[right] && low[left] <= low[right]));
    const index = isLeft ? left++ : right++;
    toRows[at] = rows[index];
    toHigh[at] = high[index];
    toLow[at] = low[index];
  }
}

function countDigits(words: Uint32Array, count: number, counts: Int32Array): void {
  for (let index = 0; index < count; index++) {
    const word = words[index];
    counts[word & 255]++;
    counts[RADIX + ((word >>> 8) & 255)]++;
    counts[2 * RADIX + ((word >>> 16) & 255)]++;
    counts[3 * RADIX + (word >>> 24)]++;
  }
}

function distribute(
  rows: Int32Array,
  words: Uint32Array,
  others: Uint32Array,
  toRows: Int32Array,
  toWords: Uint32Array,
  toOthers: Uint32Array,
  shift: number,
  places: Int32Array,
  base: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    const word = words[index];
    const at = places[base + ((word >>> shift) & 255)]++;
    toRows[at] = rows[index];
    toWords[at] = word;
    toOthers[at] = others[index];
  }
}
