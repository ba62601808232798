/**
 * Which rows have had other keys than they have now, for which an index may still hold entries (SM-P2). What is known of it lies in
 * the row, and so in the log: ROW_REKEYED.
 *
 *   set      by an update that changes a key, in the new image; and by the build of an index that met older versions with
 *            other keys
 *   kept     by every later version of the row
 *   cleared  by the collector, when the only version that came before has had its entries taken out; by VACUUM, which
 *            looks at all entries of a table (settle-entries.ts). Unlogged: after a crash it may be there again, which costs
 *            time and nothing else
 *
 * A row that is gone cannot say so any more: its page does, PAGE_KEYS_LEFT, from the freeing of its slot on (heapFreeSlot(): by redo,
 * too), until VACUUM has looked at all entries. So whoever gets the slot is not taken for the one that had it.
 *
 * What is cleared is not logged, but is true only once the log says that the entries are gone: the page is not written before that.
 *
 * A page none of whose rows has it, which does not say that of rows that are gone, and all of whose rows are visible, says so:
 * PAGE_ENTRIES_EXACT (stamper.ts). Then whoever finds an entry for one of its rows needs not look at the row (index-only.ts).
 */

import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { latchPage, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { clearAllVisible, heapImageOffset } from '../storage/heap/heap-page.ts';
import { heapInsertBytes, logHeapInsert } from '../storage/heap/heap-records.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { tailLsn } from '../storage/log/flush.ts';
import { PREVIOUS } from '../storage/log/log-context.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_COMPENSATION, RECORD_GROUP_END } from '../storage/log/records.ts';
import { pageFlags, pageOwner, pageType, setPageFlags } from '../storage/page.layout.gen.ts';
import { PAGE_KEYS_LEFT, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_REKEYED } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { latchRow, NO_ROW, PLACE_PAGE, PLACE_ROW, PLACE_SLOT } from './row-place.ts';
import { copyNewest } from './row-read.ts';
import { noteAllVisible } from './stamper.ts';
import type { Transactions } from './transactions.ts';

const testing = TESTING;
const lsns = new Float64Array(2);

/**
 * The entries of the version at `before`, which had come from no other, are gone. If the row's newest version is its successor, none
 * but its own are left. No latch, no hold.
 */
export function noteEntriesGone(txns: Transactions, table: TableRuntime, page: number, slot: number, before: number): void {
  clearRekeyed(txns, table, page, slot, (v, row) => v.i32[(row + 8) >> 2] === before && v.f64[row >> 3] >= 0);
}

/** Clears the flag of the row, if it is there under the latch and `is` says so of its image. A row that has moved keeps it. */
export function clearRekeyed(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  is: (v: ByteViews, row: number) => boolean,
): void {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const isHeap = pageType(v.u8, at) === PAGE_TYPE_HEAP && pageOwner(v.u32, at) === table.id;
  const row = isHeap ? heapImageOffset(v, at, slot) : -1;
  if (row < 0 || (v.i32[(row + 12) >> 2] & ROW_REKEYED) === 0 || !is(v, row)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  v.i32[(row + 12) >> 2] &= ~ROW_REKEYED;
  noteAllVisible(v, at);
  pageCleared(txns, table, frame);
  unlatchPage(txns.cache, frame);
  if (testing) yieldPoint('exact.cleared');
}

/** No entries are left of rows that are gone from the page. No latch, no hold; the caller collects, so that no slot is freed meanwhile. */
export function clearKeysLeft(txns: Transactions, table: TableRuntime, page: number): void {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const flags = pageFlags(v.u8, at);
  if (pageType(v.u8, at) !== PAGE_TYPE_HEAP || pageOwner(v.u32, at) !== table.id || (flags & PAGE_KEYS_LEFT) === 0) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  setPageFlags(v.u8, at, flags & ~PAGE_KEYS_LEFT);
  noteAllVisible(v, at);
  pageCleared(txns, table, frame);
  unlatchPage(txns.cache, frame);
  if (testing) yieldPoint('exact.keysCleared');
}

function pageCleared(txns: Transactions, table: TableRuntime, frame: number): void {
  if (!table.logged) {
    pageTouched(txns.cache, frame);
    return;
  }
  lsns.fill(tailLsn(txns.log));
  pageChanged(txns.cache, frame, lsns);
}

/**
 * The row has entries for keys that it has no more: the build of an index has made them for older snapshots. Logged, as a change that
 * is never undone. No latch, no hold; nobody else writes to the table.
 */
export function markRekeyed(txns: Transactions, table: TableRuntime, page: number, slot: number): void {
  const { image } = txns.collecting;
  if (!copyNewest(txns, page, slot, image, 0) || (image.i32[3] & ROW_REKEYED) !== 0) return;
  const bytes = heapInsertBytes(imageLength(image.i32, 0));
  if (table.logged) takeCredit(txns.log, bytes);
  const frame = latchRow(txns, page, slot);
  if (frame === NO_ROW) return;
  const v = frameSegment(txns.shm, frame);
  const row = txns.ints[PLACE_ROW];
  v.i32[(row + 12) >> 2] |= ROW_REKEYED;
  clearAllVisible(v, frameOffset(txns.shm, frame));
  if (table.logged) {
    const { log } = txns;
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = 0;
    const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
    startRecord(log, record, bytes, RECORD.heapRestore, flags, 0, table.id, txns.ints[PLACE_PAGE], txns.ints[PLACE_SLOT]);
    logHeapInsert(log as unknown as ByteViews, record, v.i32, row);
    publish(log, record, bytes);
    pageChanged(txns.cache, frame, log.scratch);
  } else pageTouched(txns.cache, frame);
  unlatchPage(txns.cache, frame);
}
