/**
 * VACUUM of one table: takes out the entries of keys that rows have had before, and says of the rows that none are left (SM-P2). The
 * collector does that by itself where a row has had one other key (collect-rows.ts); what is left is rows whose keys changed again
 * before it came by, and those of a process that has crashed.
 *
 *   1  rows with ROW_REKEYED that every snapshot sees as they are, and their stamps; pages that say it of rows that are gone
 *   2  every entry of every index that leads to one of them: is it the row's key? It goes if not
 *   3  the rows that still have that stamp lose the flag: their keys have not changed since 1; the pages lose theirs: only who
 *      collects frees slots of rows that were there, and that is this thread
 *
 * Writers are not stopped; an entry that comes in behind the scan is of a change, and so of another stamp.
 */

import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { createCursor, cursorFirst, cursorKey, nextBatch } from '../storage/btree/cursor.ts';
import { latchPage, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, heapImageOffset } from '../storage/heap/heap-page.ts';
import { pageFlags, pageOwner, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_ENTRIES_EXACT, PAGE_KEYS_LEFT, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { ROW_DELETED, ROW_REKEYED, rowIdOf, rowIdPage, rowIdSlot } from '../storage/rows/row-image.ts';
import { createKeyScratch, type IndexRuntime, type TableRuntime } from '../storage/rows/runtime.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { collectEntry } from './collect-rows.ts';
import { becomeCollector, endCollecting } from './collector.ts';
import { raiseBound } from './collector-bound.ts';
import { clearKeysLeft, clearRekeyed } from './entries-exact.ts';
import { findCurrentKey } from './index-change.ts';
import { isListed } from './index-keys.ts';
import { COLLECTED, OLDEST } from './row-free.ts';
import { copyNewest } from './row-read.ts';
import { noteAllVisible } from './stamper.ts';
import type { Transactions } from './transactions.ts';
import { sameKeys } from './unique.ts';

const testing = TESTING;

/**
 * Takes out all entries of keys that rows of the table have no more and no snapshot needs, and clears the flag of rows that have none
 * left: VACUUM. Rows that are changed meanwhile, or that a snapshot still sees otherwise, keep it. Returns how many rows were settled.
 * `cancelled` is asked now and then. No latch, no hold.
 */
export function settleEntries(txns: Transactions, table: TableRuntime, cancelled: () => boolean): number {
  if (!hasAny(txns, table, cancelled)) return 0;
  if (!becomeCollector(txns, cancelled)) return 0;
  try {
    raiseBound(txns);
    const pages = new Set<number>();
    const rows = rekeyedRows(txns, table, pages, cancelled);
    if (rows.size === 0 && pages.size === 0) return 0;
    if (testing) yieldPoint('settle.found');
    for (const index of table.indexes) if (!isListed(index)) settleIndex(txns, table, index, rows, pages, cancelled);
    if (cancelled()) return 0;
    if (testing) yieldPoint('settle.looked');
    for (const [id, stamp] of rows) {
      clearRekeyed(txns, table, rowIdPage(id), rowIdSlot(id), (v, row) => v.f64[row >> 3] === stamp);
    }
    for (const page of pages) clearKeysLeft(txns, table, page);
    return rows.size;
  } finally {
    endCollecting(txns);
  }
}

/** Whether there is anything to do: behind a load there is not, and the pool collects for a while then. */
function hasAny(txns: Transactions, table: TableRuntime, cancelled: () => boolean): boolean {
  const left = new Set<number>();
  const pages = heapPageCount(txns.space, table.mapRoot);
  for (let number = 0; number < pages && !cancelled(); number++)
    if (hasRekeyed(txns, table, heapPage(txns.space, table.mapRoot, number), left) || left.size > 0) return true;
  return false;
}

/** Rows with the flag that every snapshot sees as they are, by row id: their stamps. `left` gets the pages with theirs. */
function rekeyedRows(txns: Transactions, table: TableRuntime, left: Set<number>, cancelled: () => boolean): Map<number, number> {
  const { image } = txns.collecting;
  const rows = new Map<number, number>();
  const pages = heapPageCount(txns.space, table.mapRoot);
  for (let number = 0; number < pages && !cancelled(); number++) {
    const page = heapPage(txns.space, table.mapRoot, number);
    if (!hasRekeyed(txns, table, page, left)) continue;
    for (let slot = 0; slot < HEAP_SLOTS_MAX; slot++) {
      if (!copyNewest(txns, page, slot, image, 0)) continue;
      const stamp = image.f64[0];
      const isSettled = stamp >= 0 && stamp <= txns.scratch[OLDEST] && (image.i32[3] & ROW_DELETED) === 0;
      if (isSettled && (image.i32[3] & ROW_REKEYED) !== 0) rows.set(rowIdOf(page, slot), stamp);
    }
  }
  return rows;
}

/**
 * Under a latch, which no writer of a row keeps for long: whether rows of the page have the flag. If none has, and nobody has said so
 * since they came to rest, the page says that all are visible (SM-P1).
 */
function hasRekeyed(txns: Transactions, table: TableRuntime, page: number, left: Set<number>): boolean {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const isHeap = pageType(v.u8, at) === PAGE_TYPE_HEAP && pageOwner(v.u32, at) === table.id;
  // It says so itself (SM-P2).
  if (isHeap && (pageFlags(v.u8, at) & PAGE_ENTRIES_EXACT) !== 0) {
    unlatchFrameUnchanged(txns.shm, frame);
    return false;
  }
  let found = false;
  for (let slot = 0; isHeap && slot < HEAP_SLOTS_MAX && !found; slot++) {
    const row = heapImageOffset(v, at, slot);
    found = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_REKEYED) !== 0;
  }
  const hasLeft = isHeap && (pageFlags(v.u8, at) & PAGE_KEYS_LEFT) !== 0;
  if (isHeap && !found && noteAllVisible(v, at)) {
    pageTouched(txns.cache, frame);
    unlatchPage(txns.cache, frame);
  } else unlatchFrameUnchanged(txns.shm, frame);
  if (hasLeft) left.add(page);
  return found;
}

/** Looks at every entry of an index; of the rows asked about those that are not their keys go, or the row is asked about no more. */
function settleIndex(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  rows: Map<number, number>,
  pages: Set<number>,
  cancelled: () => boolean,
): void {
  const cursor = createCursor(index.kind);
  const own = createKeyScratch();
  cursorFirst(cursor);
  while (!cancelled() && nextBatch(txns.tree, index.root, cursor) > 0) {
    for (let entry = 0; entry < cursor.count; entry++) {
      const id = rowIdOf(cursor.rowPages[entry], cursor.rowSlots[entry]);
      const stamp = rows.get(id);
      if (stamp !== undefined) {
        if (!isSettledEntry(entry, id, stamp)) rows.delete(id);
      } else if (pages.has(rowIdPage(id)) && !isLivingEntry(entry, id)) pages.delete(rowIdPage(id));
    }
  }

  /** It is of a version that counts, or is gone. What is of another version than the newest, the row says itself. */
  function isLivingEntry(entry: number, id: number): boolean {
    cursorKey(cursor, entry, txns.collecting.key);
    return collectEntry(txns, table, index, rowIdPage(id), rowIdSlot(id)) === COLLECTED;
  }

  function isSettledEntry(entry: number, id: number, stamp: number): boolean {
    const { image, key } = txns.collecting;
    const page = rowIdPage(id);
    const slot = rowIdSlot(id);
    if (!copyNewest(txns, page, slot, image, 0) || image.f64[0] !== stamp) return false;
    cursorKey(cursor, entry, key);
    if (findCurrentKey(txns, table, index, image, 0, own) && sameKeys(index, own, key)) return true;
    // Not needed by any snapshot: the row's newest version is seen by all of them.
    return collectEntry(txns, table, index, page, slot) === COLLECTED;
  }
}
