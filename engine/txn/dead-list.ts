/**
 * What readers have met dead: tombstones and stale index entries that no back version names, because an earlier boot made them
 * and its lists died with it (SM-B4). A list in the heap segment, bounded; what finds no room is met again.
 *
 *   deadFirst -> item (table, row id, index or none, key) -> item -> ...
 *
 * A row of this boot that was changed has a back word; its garbage is found through the chunks, and is not noted here.
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { ROW_DELETED } from '../storage/rows/row-image.ts';
import type { IndexRuntime, KeyScratch, TableRuntime } from '../storage/rows/runtime.ts';
import { collectEntry, collectTombstone, isPageOf } from './collect-rows.ts';
import { copyNewest } from './row-read.ts';
import type { Transactions } from './transactions.ts';
import {
  addTxnSharedDeadCount,
  DEAD_ITEM_BYTES,
  deadItemIndex,
  deadItemKeyBytes,
  deadItemKeyHigh,
  deadItemKeyLow,
  deadItemNext,
  deadItemPage,
  deadItemSlot,
  deadItemTable,
  loadTxnSharedBound,
  loadTxnSharedDeadCount,
  setDeadItemIndex,
  setDeadItemKeyBytes,
  setDeadItemKeyHigh,
  setDeadItemKeyLow,
  setDeadItemNext,
  setDeadItemPage,
  setDeadItemSlot,
  setDeadItemTable,
  setTxnSharedDeadFirst,
  TXN_SHARED_DEAD_LATCH,
  txnSharedDeadFirst,
} from './txn.layout.gen.ts';

/** Items that the list holds at most. */
const DEAD_MAX = 1024;

/** Items that wait for the collector. */
export const metDead = (txns: Transactions): number => loadTxnSharedDeadCount(txns.i32, txns.shared);

const latchOf = (txns: Transactions): number => txns.shared + TXN_SHARED_DEAD_LATCH;
const itemBytes = (keyBytes: number): number => DEAD_ITEM_BYTES + ((keyBytes + 7) & ~7);

/**
 * A reader has found that an index entry leads to no row with its key, or to a tombstone. Notes what of it is dead for everybody,
 * and was left by an earlier boot. No latch, no hold; `key` may be any scratch of the caller.
 */
export function noteStale(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  key: KeyScratch,
  page: number,
  slot: number,
): void {
  if (metDead(txns) >= DEAD_MAX) return;
  const { image } = txns.collecting;
  const isThere = copyNewest(txns, page, slot, image, 0);
  if (isThere && !isSettled(txns)) return;
  if (isThere && (image.i32[3] & ROW_DELETED) !== 0) note(txns, table.id, page, slot, 0, null);
  else note(txns, table.id, page, slot, index.id, key);
}

/** A scan has met a tombstone. The same conditions. */
export function noteTombstone(txns: Transactions, table: TableRuntime, page: number, slot: number): void {
  if (metDead(txns) >= DEAD_MAX) return;
  const { image } = txns.collecting;
  if (!copyNewest(txns, page, slot, image, 0) || (image.i32[3] & ROW_DELETED) === 0 || !isSettled(txns)) return;
  note(txns, table.id, page, slot, 0, null);
}

/** The newest version, in collecting.image, is seen by every snapshot, and this boot has not made it from another one. */
function isSettled(txns: Transactions): boolean {
  const { image } = txns.collecting;
  const stamp = image.f64[0];
  return image.i32[2] === 0 && stamp >= 0 && stamp <= loadTxnSharedBound(txns.i32, txns.shared);
}

function note(txns: Transactions, table: number, page: number, slot: number, index: number, key: KeyScratch | null): void {
  const { shm, heap, i32, shared } = txns;
  const keyBytes = key === null ? 0 : key.length;
  const item = heapAllocate(shm, itemBytes(keyBytes));
  // The heap is full: it will be met again.
  if (item === 0) return;
  setDeadItemTable(heap.u32, item, table);
  setDeadItemPage(heap.i32, item, page);
  setDeadItemSlot(heap.i32, item, slot);
  setDeadItemIndex(heap.i32, item, index);
  setDeadItemKeyBytes(heap.i32, item, keyBytes);
  setDeadItemKeyHigh(heap.i32, item, key === null ? 0 : key.i32[0]);
  setDeadItemKeyLow(heap.i32, item, key === null ? 0 : key.i32[1]);
  if (key !== null) for (let at = 0; at < keyBytes; at++) heap.u8[item + DEAD_ITEM_BYTES + at] = key.u8[at];
  acquireLatch(shm, latchOf(txns));
  setDeadItemNext(heap.i32, item, txnSharedDeadFirst(i32, shared));
  setTxnSharedDeadFirst(i32, shared, item);
  addTxnSharedDeadCount(i32, shared, 1);
  releaseLatch(shm, latchOf(txns));
}

/** Looks at what was met, for as long as collecting.left lasts. By who collects, after raiseBound(). */
export function collectMetDead(txns: Transactions): void {
  const { collecting } = txns;
  while (collecting.left > 0) {
    const item = takeFirst(txns);
    if (item === 0) return;
    collecting.left--;
    try {
      collectItem(txns, item);
    } finally {
      heapFree(txns.shm, item, itemBytes(deadItemKeyBytes(txns.heap.i32, item)));
    }
  }
}

function takeFirst(txns: Transactions): number {
  const { shm, heap, i32, shared } = txns;
  if (metDead(txns) === 0) return 0;
  acquireLatch(shm, latchOf(txns));
  const item = txnSharedDeadFirst(i32, shared);
  if (item !== 0) {
    setTxnSharedDeadFirst(i32, shared, deadItemNext(heap.i32, item));
    addTxnSharedDeadCount(i32, shared, -1);
  }
  releaseLatch(shm, latchOf(txns));
  return item;
}

/** What is still needed, or in the way of writers now, is left: it will be met again. */
function collectItem(txns: Transactions, item: number): void {
  const { heap, collecting } = txns;
  const table = txns.findTable(deadItemTable(heap.u32, item));
  const page = deadItemPage(heap.i32, item);
  const slot = deadItemSlot(heap.i32, item);
  if (table === undefined || !isPageOf(txns, table, page)) return;
  const id = deadItemIndex(heap.i32, item);
  if (id === 0) {
    collectTombstone(txns, table, page, slot);
    return;
  }
  const index = table.indexes.find((candidate) => candidate.id === id);
  if (index === undefined) return;
  const { key } = collecting;
  key.length = deadItemKeyBytes(heap.i32, item);
  key.i32[0] = deadItemKeyHigh(heap.i32, item);
  key.i32[1] = deadItemKeyLow(heap.i32, item);
  for (let at = 0; at < key.length; at++) key.u8[at] = heap.u8[item + DEAD_ITEM_BYTES + at];
  collectEntry(txns, table, index, page, slot);
}
