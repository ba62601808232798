/**
 * What storage and txn know of a table and its indexes while they run: numbers, root pages, and functions that
 * codegen/rows has generated and the entry (engine/api) hands in. Storage never looks at columns.
 */

import type { ByteViews } from './byte-views.ts';
import type { RowLayout } from './row-layout.ts';

/** Longest key in bytes; longer ones are refused with 54000. */
export const KEY_BYTES_MAX = 2000;

/** Room of a key scratch: the longest key, and slack for what an encoder writes before it notices. */
export const KEY_SCRATCH_BYTES = 2064;

/**
 * How an index stores its keys:
 *   'i32'    one signed word: key.i32[0]. One bool, int16, int32 or date column, NOT NULL.
 *   'i64'    key.i32[0] signed, then key.i32[1] compared unsigned. One int64, time, timestamp(tz), float or short numeric
 *            column, or a nullable int32, date or such whose NULL fits outside the range of its values.
 *   'bytes'  key.u8[0 .. key.length), compared as unsigned bytes, the shorter first where one is the other's beginning.
 * Descending columns are turned round by the codec: every index is stored ascending.
 */
export type IndexKind = 'i32' | 'i64' | 'bytes';

/** One key, in the form of its index's kind. One for each thread and use; extractors overwrite it. */
export interface KeyScratch {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly bytesView: Buffer;
  /** 4 and 8 for the word kinds. */
  length: number;
  /** How many key columns are NULL: an index where NULLs are distinct never reports such a key as a duplicate. */
  nulls: number;
}

export function createKeyScratch(): KeyScratch {
  const buffer = new ArrayBuffer(KEY_SCRATCH_BYTES);
  return { i32: new Int32Array(4), u8: new Uint8Array(buffer), bytesView: Buffer.from(buffer), length: 0, nulls: 0 };
}

/** What an extractor returns. */
export const KEY_OK = 0;
/** The key is longer than KEY_BYTES_MAX: 54000 (keyTooLong() makes the error). */
export const KEY_TOO_LONG = 1;
/** A key column lies in an overflow chain: let the page go and call `extractWide`. */
export const KEY_OVERFLOW = 2;
export type KeyStatus = 0 | 1 | 2;

/** Makes the key of a row image. Never throws, never allocates for fixed-width columns and text under the C collation. */
export type KeyExtractor = (
  i32: Int32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  f64: Float64Array,
  row: number,
  key: KeyScratch,
) => KeyStatus;

/** Keys of one row in an index that has several entries a row: words of 'i64' keys, two each, ascending, none twice. */
export interface KeyList {
  words: Int32Array;
  count: number;
}

export const createKeyList = (): KeyList => ({ words: new Int32Array(64), count: 0 });

/** Makes all keys of a row image of the current layout. May read pages, so no page held. */
export type KeyLister = (views: ByteViews, row: number, keys: KeyList, read: OverflowReader) => void;

/** 'hash' and 'gin' are trees too: over hashes of keys, over tokens of values. */
export type IndexMethod = 'btree' | 'hash' | 'gin';

/**
 * What an inverted index (gin) makes entries of: the keys and values of a jsonb, its values each with the path to it, the elements of
 * an array.
 */
export type TokenClass = 'jsonb_ops' | 'jsonb_path_ops' | 'array_ops';

/** Reads the value behind the overflow reference at byte offset `reference`. No page may be held or latched. */
export type OverflowReader = (views: ByteViews, reference: number) => Uint8Array;

export interface IndexRuntime {
  readonly id: number;
  /** Root page: fixed for the index's life (SM-F3). */
  readonly root: number;
  readonly kind: IndexKind;
  readonly unique: boolean;
  /** Unique only: two NULL keys are no duplicates. */
  readonly nullsDistinct: boolean;
  /** It may have entries for keys that rows had before it was made: no entry counts without its row (SM-P2). Left out: it has none. */
  readonly inexact?: boolean;
  /** Of kind 'i32', ascending: the word of an image of the current layout that is the key; else -1, and only extract() tells. */
  readonly word: number;
  /** For images of the table's current layout. */
  readonly extract: KeyExtractor;
  /** The same where a key column may lie in an overflow chain: slow, may read pages, so no page held. */
  readonly extractWide: (views: ByteViews, row: number, key: KeyScratch, read: OverflowReader) => KeyStatus;
  /**
   * Whether two images of the current layout have the same key. True is certain; false may also come for equal keys that
   * are spelt differently (a numeric 1.0 and 1.00) or lie in overflow chains: then compare extracted keys.
   */
  readonly sameKey: (a: ByteViews, aRow: number, b: ByteViews, bRow: number) => boolean;
  /** Of an index with several entries a row, all its keys; then extract() finds none. Left out: one entry a row. */
  readonly list?: KeyLister | null;
}

export interface TableRuntime {
  readonly id: number;
  /** Root page of the table's HEAP_MAP. */
  readonly mapRoot: number;
  /** By number; holes are layouts no row uses any more. */
  readonly layouts: readonly (RowLayout | undefined)[];
  /** The one new images are written under. */
  readonly layout: RowLayout;
  /**
   * Copies an image of an older layout into `to` as one of the current layout, missing columns filled in, stamp, back
   * and the deleted flag kept. Returns its length, or -1 when the row no longer fits a page (only the defaults can do that).
   */
  readonly upgrade: (from: ByteViews, row: number, to: ByteViews, toRow: number) => number;
  readonly logged: boolean;
  readonly temporary: boolean;
  readonly indexes: readonly IndexRuntime[];
}
