/**
 * What a serializable transaction has read (TX-T16): rows by their id, ranges of keys, whole tables. Private to its thread: it
 * is the reader that validates.
 *
 *   rows      open addressing, (page, slot + 1, table) each; past ROWS_MAX the tables of all rows count as read whole
 *   ranges    (index, low bound, high bound), their keys as order-preserving bytes; past RANGES_MAX likewise
 *
 * A range also covers what is not there. More is recorded than was read, never less: a refused commit costs a retry, a missed
 * one an anomaly.
 *
 * Hot where rows are noted: no allocation but when a set grows.
 */

import type { ByteViews } from '../storage/rows/byte-views.ts';
import type { IndexKind, KeyScratch } from '../storage/rows/runtime.ts';
import type { Transaction } from './transactions.ts';

/** Rows that one transaction notes one by one. */
export const ROWS_MAX = 16384;
/** Ranges of keys of one transaction. */
export const RANGES_MAX = 1024;

/** A bound: the key itself belongs to the range. */
export const BOUND_INCLUSIVE = 1;
/** A bound: a key that begins with it counts as equal to it. */
export const BOUND_PREFIX = 2;

const ROW_WORDS = 3;
const RANGE_WORDS = 8;
const FIRST_ROWS = 64;

export interface ReadSet {
  /** The transaction, null while the object is spare. */
  tx: Transaction | null;
  /** Its snapshot: changes above it are those it has not seen. */
  snapshot: number;
  rows: Int32Array;
  rowMask: number;
  rowCount: number;
  ranges: Int32Array;
  rangeCount: number;
  /** Keys of the bounds. */
  bytes: Uint8Array;
  byteCount: number;
  /** Tables of which anything was read; those that count as read whole. */
  readonly touched: Set<number>;
  readonly whole: Set<number>;
  /** Tables it has changed. */
  readonly changed: Set<number>;
  /** Its own change set in the heap until it is linked, 0 = none; bytes of it. */
  set: number;
  setBytes: number;
  /** It holds the latch of serializable committers. */
  latched: boolean;
}

export function createReadSet(): ReadSet {
  return {
    tx: null,
    snapshot: 0,
    rows: new Int32Array(FIRST_ROWS * ROW_WORDS),
    rowMask: FIRST_ROWS - 1,
    rowCount: 0,
    ranges: new Int32Array(8 * RANGE_WORDS),
    rangeCount: 0,
    bytes: new Uint8Array(256),
    byteCount: 0,
    touched: new Set(),
    whole: new Set(),
    changed: new Set(),
    set: 0,
    setBytes: 0,
    latched: false,
  };
}

/** Forgets everything; what has grown large is not kept. */
export function clearReadSet(reads: ReadSet): void {
  reads.tx = null;
  if (reads.rowMask >= 1024) {
    reads.rows = new Int32Array(FIRST_ROWS * ROW_WORDS);
    reads.rowMask = FIRST_ROWS - 1;
  } else if (reads.rowCount > 0) reads.rows.fill(0);
  reads.rowCount = 0;
  reads.rangeCount = 0;
  reads.byteCount = 0;
  reads.touched.clear();
  reads.whole.clear();
  reads.changed.clear();
  reads.set = 0;
  reads.setBytes = 0;
}

// ---- noting ----

const hashOf = (page: number, slot: number): number => {
  const mixed = Math.imul(page ^ (slot << 19), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** Word where the row is, or the empty place where it belongs. */
function rowWord(rows: Int32Array, mask: number, page: number, slot: number): number {
  let at = hashOf(page, slot) & mask;
  while (rows[at * ROW_WORDS + 1] !== 0 && (rows[at * ROW_WORDS] !== page || rows[at * ROW_WORDS + 1] !== slot + 1)) {
    at = (at + 1) & mask;
  }
  return at * ROW_WORDS;
}

/** The row with this home was read, or found not to be there. */
export function addRow(reads: ReadSet, table: number, page: number, slot: number): void {
  if (reads.whole.size > 0 && reads.whole.has(table)) return;
  const word = rowWord(reads.rows, reads.rowMask, page, slot);
  if (reads.rows[word + 1] !== 0) return;
  if (reads.rowCount >= ROWS_MAX) {
    rowsBecomeTables(reads);
    addTable(reads, table);
    return;
  }
  reads.rows[word] = page;
  reads.rows[word + 1] = slot + 1;
  reads.rows[word + 2] = table;
  reads.rowCount++;
  reads.touched.add(table);
  if (reads.rowCount * 2 > reads.rowMask) growRows(reads);
}

function growRows(reads: ReadSet): void {
  const old = reads.rows;
  const mask = reads.rowMask * 2 + 1;
  const rows = new Int32Array((mask + 1) * ROW_WORDS);
  for (let from = 0; from < old.length; from += ROW_WORDS) {
    if (old[from + 1] === 0) continue;
    const word = rowWord(rows, mask, old[from], old[from + 1] - 1);
    rows[word] = old[from];
    rows[word + 1] = old[from + 1];
    rows[word + 2] = old[from + 2];
  }
  reads.rows = rows;
  reads.rowMask = mask;
}

function rowsBecomeTables(reads: ReadSet): void {
  const { rows } = reads;
  for (let word = 0; word < rows.length; word += ROW_WORDS) if (rows[word + 1] !== 0) reads.whole.add(rows[word + 2]);
  rows.fill(0);
  reads.rowCount = 0;
}

/** The whole table was read. */
export function addTable(reads: ReadSet, table: number): void {
  reads.touched.add(table);
  reads.whole.add(table);
}

/**
 * Keys of an index from `low` to `high` were read; null: from the beginning, or to the end. Flags are BOUND_...
 */
export function addRange(
  reads: ReadSet,
  table: number,
  index: number,
  kind: IndexKind,
  low: KeyScratch | null,
  lowFlags: number,
  high: KeyScratch | null,
  highFlags: number,
): void {
  if (reads.whole.has(table)) return;
  if (reads.rangeCount >= RANGES_MAX) {
    for (let range = 0; range < reads.rangeCount; range++) reads.whole.add(reads.ranges[range * RANGE_WORDS + 7]);
    reads.rangeCount = 0;
    reads.byteCount = 0;
    addTable(reads, table);
    return;
  }
  if ((reads.rangeCount + 1) * RANGE_WORDS > reads.ranges.length) {
    const more = new Int32Array(reads.ranges.length * 2);
    more.set(reads.ranges);
    reads.ranges = more;
  }
  const at = reads.rangeCount * RANGE_WORDS;
  reads.ranges[at] = index;
  reads.ranges[at + 3] = lowFlags;
  reads.ranges[at + 6] = highFlags;
  reads.ranges[at + 7] = table;
  addBound(reads, at + 1, kind, low);
  addBound(reads, at + 4, kind, high);
  reads.rangeCount++;
  reads.touched.add(table);
}

/** ranges[word] = where the key is in `bytes`, ranges[word + 1] = its length, -1 = none. */
function addBound(reads: ReadSet, word: number, kind: IndexKind, key: KeyScratch | null): void {
  reads.ranges[word] = reads.byteCount;
  reads.ranges[word + 1] = -1;
  if (key === null) return;
  const length = orderedLength(kind, key);
  if (reads.byteCount + length > reads.bytes.length) {
    const more = new Uint8Array(Math.max(reads.bytes.length * 2, reads.byteCount + length));
    more.set(reads.bytes);
    reads.bytes = more;
  }
  putOrdered(kind, key, reads.bytes, reads.byteCount);
  reads.ranges[word + 1] = length;
  reads.byteCount += length;
}

// ---- keys as bytes ----

/** Bytes of a key in the form in which keys of all kinds are compared here. */
export const orderedLength = (kind: IndexKind, key: KeyScratch): number => (kind === 'i32' ? 4 : kind === 'i64' ? 8 : key.length);

/** Writes a key so that comparing bytes orders keys as their index does. */
export function putOrdered(kind: IndexKind, key: KeyScratch, to: Uint8Array, at: number): void {
  if (kind === 'bytes') {
    for (let i = 0; i < key.length; i++) to[at + i] = key.u8[i];
    return;
  }
  putWord(key.i32[0] ^ 0x80000000, to, at);
  if (kind === 'i64') putWord(key.i32[1], to, at + 4);
}

function putWord(word: number, to: Uint8Array, at: number): void {
  to[at] = word >>> 24;
  to[at + 1] = word >>> 16;
  to[at + 2] = word >>> 8;
  to[at + 3] = word;
}

// ---- asking ----

/** The row with this home was noted. */
export const hasRow = (reads: ReadSet, page: number, slot: number): boolean =>
  reads.rowCount > 0 && reads.rows[rowWord(reads.rows, reads.rowMask, page, slot) + 1] !== 0;

/** True when a noted range of the index holds the key: `length` bytes at `at` of `views`; any key at all if it is negative. */
export function hasKey(reads: ReadSet, index: number, views: ByteViews, at: number, length: number): boolean {
  const { ranges } = reads;
  for (let range = 0; range < reads.rangeCount; range++) {
    const word = range * RANGE_WORDS;
    if (ranges[word] !== index) continue;
    if (length < 0 || isInRange(reads, word, views.u8, at, length)) return true;
  }
  return false;
}

function isInRange(reads: ReadSet, word: number, u8: Uint8Array, at: number, length: number): boolean {
  const { ranges } = reads;
  if (ranges[word + 2] >= 0) {
    const order = compareToBound(reads, ranges[word + 1], ranges[word + 2], ranges[word + 3], u8, at, length);
    if (order < 0 || (order === 0 && (ranges[word + 3] & BOUND_INCLUSIVE) === 0)) return false;
  }
  if (ranges[word + 5] < 0) return true;
  const order = compareToBound(reads, ranges[word + 4], ranges[word + 5], ranges[word + 6], u8, at, length);
  return order < 0 || (order === 0 && (ranges[word + 6] & BOUND_INCLUSIVE) !== 0);
}

/** Below 0, 0, above 0: where a key lies against a bound. */
function compareToBound(
  reads: ReadSet,
  boundAt: number,
  boundLength: number,
  flags: number,
  u8: Uint8Array,
  at: number,
  length: number,
): number {
  const { bytes } = reads;
  const common = Math.min(boundLength, length);
  for (let i = 0; i < common; i++) {
    const difference = u8[at + i] - bytes[boundAt + i];
    if (difference !== 0) return difference;
  }
  return length > boundLength && (flags & BOUND_PREFIX) !== 0 ? 0 : length - boundLength;
}
