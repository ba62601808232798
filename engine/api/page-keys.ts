/**
 * Keys of a table's rows as they lie in their pages, for who builds an index of word keys: one hold a page, no row is copied.
 *
 *   readPageKeys()    the keys of one page, or that some row there needs more than its page: it has moved, is of an older layout, or
 *                     has older versions that somebody may still see
 *   rowsInOrder()     all rows of the table lie in the order of their keys, as in a table that was filled in order: then an index is
 *                     built straight from the pages (KeysInOrder), and nothing is collected or sorted
 *
 * Nobody writes to the table meanwhile. Hot: no allocation per row.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { assert } from '../../shm/assert.ts';
import type { SortedEntries } from '../storage/btree/build.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES } from '../storage/heap/heap-page.ts';
import { PAGE_SLOT_COUNT, PAGE_TYPE } from '../storage/page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLayout, ROW_BODY, ROW_DELETED, ROW_FORWARD } from '../storage/rows/row-image.ts';
import { createKeyScratch, type IndexRuntime, KEY_OK, type KeyScratch, type TableRuntime } from '../storage/rows/runtime.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import type { Transaction } from '../txn/transactions.ts';
import { loadTxnSharedBound } from '../txn/txn.layout.gen.ts';
import type { KernelParts } from './kernel-parts.ts';

/** Words of a key that was read: its two, the slot, 1 if it is NULL. */
export const KEY_WORDS = 4;

/** What is needed of an index that is built. */
export interface KeyReader {
  readonly parts: KernelParts;
  readonly table: TableRuntime;
  readonly index: IndexRuntime;
  readonly key: KeyScratch;
  /** KEY_WORDS for each row of the page, in the order of slots. */
  readonly words: Int32Array;
}

/** For an index of kind 'i32' or 'i64'. */
export function createKeyReader(parts: KernelParts, table: TableRuntime, index: IndexRuntime): KeyReader {
  return { parts, table, index, key: createKeyScratch(), words: new Int32Array(HEAP_SLOTS_MAX * KEY_WORDS) };
}

/** How many rows of the page are in reader.words; -1: one needs more than its page. */
export function readPageKeys(reader: KeyReader, page: number): number {
  const { cache, txns } = reader.parts;
  const bound = loadTxnSharedBound(txns.i32, txns.shared);
  const frame = holdPage(cache, page);
  const views = pageViews(cache, frame);
  const at = pagePlace(cache, frame);
  const isHeap = views.u8[at + PAGE_TYPE] === PAGE_TYPE_HEAP;
  const count = isHeap ? readHeldKeys(reader, views, at, bound) : 0;
  releasePage(cache, frame);
  return count;
}

function readHeldKeys(reader: KeyReader, views: ByteViews, at: number, bound: number): number {
  const { words, key, index } = reader;
  const { i32, u16, u32, u8, f64 } = views;
  const layout = reader.table.layout.number;
  const slots = u16[(at + PAGE_SLOT_COUNT) >>> 1];
  const directory = (at + PAGE_BYTES - 4) >>> 2;
  const { extract, word: keyWord } = index;
  let to = 0;
  for (let slot = 0; slot < slots; slot++) {
    const entry = u32[directory - slot];
    if (entry === 0) continue;
    const row = at + (entry & 0x1fff);
    const word = i32[(row + 12) >> 2];
    // It is met at its home.
    if ((word & ROW_BODY) !== 0) continue;
    if ((word & ROW_FORWARD) !== 0) return -1;
    const stamp = f64[row >> 3];
    if (i32[(row + 8) >> 2] !== 0 && !(stamp >= 0 && stamp <= bound)) return -1;
    if ((word & ROW_DELETED) !== 0) continue;
    if (imageLayout(i32, row) !== layout) return -1;
    if (keyWord >= 0) {
      words[to] = i32[(row >> 2) + keyWord];
      words[to + 1] = 0;
      words[to + 3] = 0;
    } else {
      if (extract(i32, u16, u8, f64, row, key) !== KEY_OK) return -1;
      words[to] = key.i32[0];
      words[to + 1] = index.kind === 'i64' ? key.i32[1] : 0;
      words[to + 3] = key.nulls > 0 ? 1 : 0;
    }
    words[to + 2] = slot;
    to += KEY_WORDS;
  }
  return to / KEY_WORDS;
}

/** True: every row is read from its page alone, and each has a greater key than the one before. 57014. */
export function rowsInOrder(reader: KeyReader, tx: Transaction): boolean {
  const { parts, table, words } = reader;
  const pages = heapPageCount(parts.space, table.mapRoot);
  let high = 0;
  let low = -1;
  for (let number = 0; number < pages; number++) {
    checkCancelled(tx);
    const count = readPageKeys(reader, heapPage(parts.space, table.mapRoot, number));
    if (count < 0) return false;
    for (let at = 0; at < count * KEY_WORDS; at += KEY_WORDS) {
      const key = words[at];
      const second = words[at + 1] >>> 0;
      if (low >= 0 && (key < high || (key === high && second <= low))) return false;
      high = key;
      low = second;
    }
  }
  return true;
}

export function checkCancelled(tx: Transaction): void {
  if (tx.cancelled?.() === true) throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
}

/** The entries of a table whose rows are in order. */
export class KeysInOrder implements SortedEntries {
  readonly key: KeyScratch = createKeyScratch();
  readonly #reader: KeyReader;
  readonly #pages: number;
  #next = 0;
  #at = 0;
  #end = 0;

  constructor(reader: KeyReader) {
    this.#reader = reader;
    this.#pages = heapPageCount(reader.parts.space, reader.table.mapRoot);
    this.key.length = reader.index.kind === 'i32' ? 4 : 8;
  }

  next(): boolean {
    while (this.#at === this.#end) {
      if (this.#next === this.#pages) return false;
      this.#turnPage();
    }
    const { words } = this.#reader;
    const to = this.key.i32;
    const at = this.#at;
    to[0] = words[at];
    to[1] = words[at + 1];
    to[3] = words[at + 2];
    this.#at = at + KEY_WORDS;
    return true;
  }

  #turnPage(): void {
    const { parts, table } = this.#reader;
    const page = heapPage(parts.space, table.mapRoot, this.#next++);
    const count = readPageKeys(this.#reader, page);
    assert(count >= 0, 'rows that were in order are so when the index is built');
    this.key.i32[2] = page;
    this.#at = 0;
    this.#end = count * KEY_WORDS;
  }
}
