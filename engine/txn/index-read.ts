/**
 * Reading rows through an index: by one key, and by a range with a cursor.
 *
 *   entry (key, row id)  ->  the version of the row that the snapshot sees  ->  its key equals the entry's key?  ->  a row
 *
 * SM-B2: entries are not versioned, so a row is accepted only if the version that is seen has the very key of the entry (not
 * merely one in the range): a stale and a fresh entry of one row never both count.
 *
 * Nothing is held between an index leaf and a heap page. Hot file: free functions, no allocation per row.
 */

import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import {
  type Cursor,
  createCursor,
  cursorAfter,
  cursorBound,
  cursorKey,
  nextBatch,
  previousBatch,
} from '../storage/btree/cursor.ts';
import { lookupI32, lookupI64, lookupKey } from '../storage/btree/lookup.ts';
import { FOUND_MORE, FOUND_ROW_PAGE, FOUND_ROW_SLOT } from '../storage/btree/tree.ts';
import { type ByteViews, copyWords } from '../storage/rows/byte-views.ts';
import { imageLayout, paddedLength } from '../storage/rows/row-image.ts';
import {
  createKeyScratch,
  type IndexKind,
  type IndexRuntime,
  KEY_OK,
  type KeyScratch,
  type TableRuntime,
} from '../storage/rows/runtime.ts';
import { noteStale } from './dead-list.ts';
import { readRow } from './row-read.ts';
import { checkBound } from './snapshot.ts';
import { ROW_PAGE, ROW_SLOT, type Transaction } from './transactions.ts';
import { hasKey } from './unique.ts';

const testing = TESTING;

/**
 * The row of `table` whose index at `position` has this key, for kind 'i32': its image goes to byte 0 of `out`, in the current
 * layout; its row id to tx.ints. Returns its length, 0 when the transaction sees none. Of several, the one with the lowest row id.
 */
export function findRowI32(tx: Transaction, table: TableRuntime, position: number, key: number, out: ByteViews): number {
  const txns = tx.context;
  const index = table.indexes[position];
  const tree = txns.tree;
  if (lookupI32(tree, index.root, key)) {
    const page = tree.found[FOUND_ROW_PAGE];
    const slot = tree.found[FOUND_ROW_SLOT];
    const more = tree.found[FOUND_MORE];
    const length = readCurrent(tx, table, page, slot, out);
    if (length > 0 && hasWordKey(tx, index, key, out)) {
      tx.ints[ROW_PAGE] = page;
      tx.ints[ROW_SLOT] = slot;
      return length;
    }
    if (more === 0) return missed(tx);
    txns.key.i32[0] = key;
    txns.key.i32[1] = 0;
    txns.key.length = 4;
    return findFurther(tx, table, index, txns.key, page, slot, out);
  }
  return missed(tx);
}

/** Whether the image at byte 0 of `out` has the key, for kind 'i32'. */
function hasWordKey(tx: Transaction, index: IndexRuntime, key: number, out: ByteViews): boolean {
  if (index.word >= 0) return out.i32[index.word] === key;
  const own = tx.context.otherKey;
  return index.extract(out.i32, out.u16, out.u8, out.f64, 0, own) === KEY_OK && own.i32[0] === key;
}

/** The same for kind 'i64': high word signed, low word unsigned. */
export function findRowI64(
  tx: Transaction,
  table: TableRuntime,
  position: number,
  high: number,
  low: number,
  out: ByteViews,
): number {
  const txns = tx.context;
  const index = table.indexes[position];
  const tree = txns.tree;
  if (lookupI64(tree, index.root, high, low)) {
    const page = tree.found[FOUND_ROW_PAGE];
    const slot = tree.found[FOUND_ROW_SLOT];
    const more = tree.found[FOUND_MORE];
    const length = readCurrent(tx, table, page, slot, out);
    if (length > 0) {
      const own = txns.otherKey;
      if (
        index.extract(out.i32, out.u16, out.u8, out.f64, 0, own) === KEY_OK &&
        own.i32[0] === high &&
        own.i32[1] === (low | 0)
      ) {
        tx.ints[ROW_PAGE] = page;
        tx.ints[ROW_SLOT] = slot;
        return length;
      }
    }
    if (more === 0) return missed(tx);
    txns.key.i32[0] = high;
    txns.key.i32[1] = low | 0;
    txns.key.length = 8;
    return findFurther(tx, table, index, txns.key, page, slot, out);
  }
  return missed(tx);
}

/** The same for any kind of B+tree index; `key` is not changed. */
export function findRow(tx: Transaction, table: TableRuntime, position: number, key: KeyScratch, out: ByteViews): number {
  const index = table.indexes[position];
  const tree = tx.context.tree;
  if (!lookupKey(tree, index.root, key)) return missed(tx);
  const page = tree.found[FOUND_ROW_PAGE];
  const slot = tree.found[FOUND_ROW_SLOT];
  const more = tree.found[FOUND_MORE];
  const length = acceptRow(tx, table, index, key, page, slot, out);
  if (length > 0) return length;
  return more === 0 ? missed(tx) : findFurther(tx, table, index, key, page, slot, out);
}

/** Nothing was found: true of a snapshot that has not been given up, whose entries and rows are there (TX-T17). */
function missed(tx: Transaction): 0 {
  checkBound(tx);
  return 0;
}

/** Entries of the key behind (page, slot): stale ones come before the fresh one as often as not. */
function findFurther(
  tx: Transaction,
  table: TableRuntime,
  index: IndexRuntime,
  key: KeyScratch,
  page: number,
  slot: number,
  out: ByteViews,
): number {
  const cursor = furtherCursor(index.kind);
  cursorAfter(cursor, key, page, slot);
  cursorBound(cursor, key, -1, 65535);
  while (nextBatch(tx.context.tree, index.root, cursor) > 0) {
    for (let entry = 0; entry < cursor.count; entry++) {
      cursorKey(cursor, entry, entryKey);
      const length = acceptRow(tx, table, index, entryKey, cursor.rowPages[entry], cursor.rowSlots[entry], out);
      if (length > 0) return length;
    }
  }
  return missed(tx);
}

/** This thread's cursors for further entries of one key, made when first needed. */
const furtherCursors: { [kind in IndexKind]: Cursor | null } = { i32: null, i64: null, bytes: null };
const entryKey = createKeyScratch();

function furtherCursor(kind: IndexKind): Cursor {
  const made = furtherCursors[kind] ?? createCursor(kind, 64);
  furtherCursors[kind] = made;
  return made;
}

/**
 * The row of one index entry, if the transaction sees it with that key (SM-B2). Returns its length and sets tx.ints, else 0.
 */
export function acceptRow(
  tx: Transaction,
  table: TableRuntime,
  index: IndexRuntime,
  key: KeyScratch,
  page: number,
  slot: number,
  out: ByteViews,
): number {
  if (testing) yieldPoint('index.entry');
  const length = readCurrent(tx, table, page, slot, out);
  if (length === 0 || !hasKey(tx.context, table, index, out, 0, key)) {
    noteStale(tx.context, table, index, key, page, slot);
    return 0;
  }
  tx.ints[ROW_PAGE] = page;
  tx.ints[ROW_SLOT] = slot;
  return length;
}

/** readRow(), brought to the table's current layout. */
export function readCurrent(tx: Transaction, table: TableRuntime, page: number, slot: number, out: ByteViews): number {
  const length = readRow(tx, table, page, slot, out, 0);
  if (length === 0 || imageLayout(out.i32, 0) === table.layout.number) return length;
  const { other } = tx.context;
  const upgraded = table.upgrade(out, 0, other, 0);
  copyWords(out.i32, 0, other.i32, 0, paddedLength(other.i32, 0));
  return upgraded;
}

/** A scan over an index: a cursor, and where it stands in its batch. Saved as the (key, row id) it stopped at. */
export interface IndexScan {
  readonly index: IndexRuntime;
  readonly cursor: Cursor;
  readonly backward: boolean;
  entry: number;
  readonly key: KeyScratch;
}

/** Begins a scan at a cursor that was placed (cursorFirst, cursorAt, cursorBound...). */
export const createIndexScan = (index: IndexRuntime, cursor: Cursor, backward = false): IndexScan => ({
  index,
  cursor,
  backward,
  entry: 0,
  key: createKeyScratch(),
});

/**
 * The next row of the scan that the transaction sees: image at byte 0 of `out`, row id in tx.ints, its entry's key in scan.key.
 * Returns its length, 0 at the end.
 */
export function nextRow(tx: Transaction, table: TableRuntime, scan: IndexScan, out: ByteViews): number {
  const { cursor, index, key } = scan;
  for (;;) {
    if (scan.entry >= cursor.count) {
      const tree = tx.context.tree;
      const count = scan.backward ? previousBatch(tree, index.root, cursor) : nextBatch(tree, index.root, cursor);
      scan.entry = 0;
      // What is missing from the batch is missing from the snapshot only if that still stands.
      checkBound(tx);
      if (count === 0) return 0;
    }
    const entry = scan.entry++;
    cursorKey(cursor, entry, key);
    const length = acceptRow(tx, table, index, key, cursor.rowPages[entry], cursor.rowSlots[entry], out);
    if (length > 0) return length;
  }
}
