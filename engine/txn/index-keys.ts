/**
 * Indexes with several entries a row (gin): putting them in, taking them out when a change is undone.
 *
 * An entry says that some version of the row has, or had, its key; nobody takes a row for one (index-read.ts: only row ids are read,
 * and the rows are looked at with all conditions). So a stale entry is harmless, and a missing one is not:
 *
 *   insert   an entry for each key of the row
 *   update   an entry for each key that the old image has not. Where one of them was there already, of a version before the old one,
 *            the undo entry does not name the index, and an undo leaves the entries: some snapshot may still see that version
 *   undo     of a named index the entries of those keys that the old image has not
 *   collect  collect-rows.ts, key by key
 */

import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLayout } from '../storage/rows/row-image.ts';
import { createKeyList, type IndexRuntime, type KeyList, type KeyScratch, type TableRuntime } from '../storage/rows/runtime.ts';
import { ENTRY_NEW, insertEntry } from './index-change.ts';
import { ROW_DONE, type Transaction, type Transactions } from './transactions.ts';
import { copyVersion } from './visibility.ts';

/** This thread's lists. */
const newKeys = createKeyList();
const oldKeys = createKeyList();

/** The index has several entries a row. */
export const isListed = ({ list }: IndexRuntime): boolean => list !== undefined && list !== null;

/** All keys of an image of any layout; none where the index has one entry a row. Uses txns.other. No page held. */
export function listKeys(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  views: ByteViews,
  row: number,
  keys: KeyList,
  room: ByteViews = txns.other,
): void {
  keys.count = 0;
  const { list } = index;
  if (list === undefined || list === null) return;
  if (imageLayout(views.i32, row) === table.layout.number) list(views, row, keys, txns.readOverflow);
  else {
    table.upgrade(views, row, room, 0);
    list(room, 0, keys, txns.readOverflow);
  }
}

/** Key `at` of a list. */
export function takeKey(keys: KeyList, at: number, key: KeyScratch): void {
  key.i32[0] = keys.words[2 * at];
  key.i32[1] = keys.words[2 * at + 1];
  key.length = 8;
  key.nulls = 0;
}

export function hasListed(keys: KeyList, high: number, low: number): boolean {
  const { words } = keys;
  let from = 0;
  let to = keys.count;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const own = words[2 * middle];
    if (own < high || (own === high && words[2 * middle + 1] >>> 0 < low >>> 0)) from = middle + 1;
    else to = middle;
  }
  return from < keys.count && words[2 * from] === high && words[2 * from + 1] === low;
}

/** Entries of an inserted row for all keys of the image. */
export function insertListed(
  tx: Transaction,
  table: TableRuntime,
  at: number,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
): void {
  const txns = tx.context;
  listKeys(txns, table, table.indexes[at], views, row, newKeys);
  for (let key = 0; key < newKeys.count; key++) {
    takeKey(newKeys, key, txns.key);
    insertEntry(tx, table, at, txns.key, page, slot);
  }
}

/**
 * Entries of a changed row: for the keys that the version at `back`, which the transaction has replaced, has not. ENTRY_NEW: an undo
 * may take all of them out.
 */
export function changeListed(
  tx: Transaction,
  table: TableRuntime,
  at: number,
  views: ByteViews,
  row: number,
  back: number,
  page: number,
  slot: number,
): number {
  const txns = tx.context;
  const index = table.indexes[at];
  copyVersion(txns, back, txns.image, 0, null);
  listKeys(txns, table, index, txns.image, 0, oldKeys);
  listKeys(txns, table, index, views, row, newKeys);
  let status: number = ENTRY_NEW;
  for (let key = 0; key < newKeys.count; key++) {
    takeKey(newKeys, key, txns.key);
    if (hasListed(oldKeys, txns.key.i32[0], txns.key.i32[1])) continue;
    if (insertEntry(tx, table, at, txns.key, page, slot) !== ENTRY_NEW) status = ROW_DONE;
  }
  return status;
}

/**
 * Calls `remove` with each key, in txns.key, that the image in txns.image has and the version at `back` has not; `back` 0: each of the
 * image's keys. txns.image is overwritten unless `back` is 0.
 */
export function eachUndoneKey(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  back: number,
  remove: () => void,
): void {
  listKeys(txns, table, index, txns.image, 0, newKeys);
  oldKeys.count = 0;
  if (back !== 0) {
    copyVersion(txns, back, txns.image, 0, null);
    listKeys(txns, table, index, txns.image, 0, oldKeys);
  }
  for (let key = 0; key < newKeys.count; key++) {
    takeKey(newKeys, key, txns.key);
    if (!hasListed(oldKeys, txns.key.i32[0], txns.key.i32[1])) remove();
  }
}
