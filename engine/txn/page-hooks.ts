/**
 * Stamps on pages that go to the file, and on pages that come from it (SM-W5, SM-W8).
 *
 *   to the file     the copy: stamps of transactions that have committed durably are resolved, its LSN raised to their commit
 *                   records'; 'all rows visible' is set if it holds then (SM-P1)
 *   from an         back words and lock flags are cleared, stamps in flight resolved from the winners that recovery found.
 *   earlier boot    One that is no winner's was a row lock: the change of a loser has been undone from the log. The row is
 *                   as old as can be.
 */

import { loadShared53 } from '../../shm/shared53.ts';
import { durableLsn } from '../storage/log/flush.ts';
import { slotEntry } from '../storage/heap/heap-page.ts';
import { onPageCopy, onPageRead, type PageCache } from '../storage/cache/page-cache.ts';
import { PAGE_ALL_VISIBLE, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { pageFlags, pageLsn, pageSlotCount, setPageLsn } from '../storage/page.layout.gen.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { ROW_FORWARD, ROW_LOCKED } from '../storage/rows/row-image.ts';
import { winnerStamp, type Winners } from '../storage/recovery/winners.ts';
import { hasCommitted, slotOf } from './slots.ts';
import { stampNumber } from './stamps.ts';
import { noteAllVisible } from './stamper.ts';
import type { Transactions } from './transactions.ts';
import { TXN_SLOT_STAMP, loadTxnSlotNumber, loadTxnSlotState, txnSlotCommitLsn } from './txn.layout.gen.ts';

/** Puts the hook for pages that are written into the thread's cache; once a thread. */
export function installCopyHook(txns: Transactions): void {
  onPageCopy(txns.cache, PAGE_TYPE_HEAP, (copy, page) => resolveCopy(txns, copy, page));
}

/** True if nothing on the copy is in flight and all of it is visible: the page in the cache may take that over. */
function resolveCopy(txns: Transactions, copy: ByteViews, page: number): boolean {
  if ((pageFlags(copy.u8, page) & PAGE_ALL_VISIBLE) !== 0) return false;
  const durable = durableLsn(txns.log);
  const count = pageSlotCount(copy.u16, page);
  let resolved = false;
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(copy.u32, page, slot);
    if (entry === 0) continue;
    const row = page + (entry & 0xffff);
    if (copy.f64[row >> 3] < 0 && resolveInCopy(txns, copy, page, row, durable)) resolved = true;
  }
  // What was resolved in the copy is still in flight in the cache: only the copy may say that all is visible.
  return noteAllVisible(copy, page) && !resolved;
}

function resolveInCopy(txns: Transactions, copy: ByteViews, page: number, row: number, durable: number): boolean {
  const number = stampNumber(copy.f64[row >> 3]) | 0;
  const slot = slotOf(txns, number);
  if (loadTxnSlotNumber(txns.i32, slot) !== number || !hasCommitted(loadTxnSlotState(txns.i32, slot))) return false;
  const end = txnSlotCommitLsn(txns.f64, slot);
  const stamp = loadShared53(txns.i32, slot + TXN_SLOT_STAMP);
  // The slot may have been given away since: then the page has been stamped, and is dirty again.
  if (loadTxnSlotNumber(txns.i32, slot) !== number || end === 0 || end > durable) return false;
  copy.f64[row >> 3] = stamp;
  if (pageLsn(copy.f64, page) < end) setPageLsn(copy.f64, page, end);
  return true;
}

/** Puts the hook for heap pages of an earlier boot into a cache; `winners` is what recovery found, null after a clean end. */
export function installReadHook(cache: PageCache, winners: Winners | null): void {
  onPageRead(cache, PAGE_TYPE_HEAP, (views, page) => resolveEarlierBoot(views, page, winners));
}

/** Resolves a page that an earlier boot wrote. True when it changed something. */
export function resolveEarlierBoot(views: ByteViews, page: number, winners: Winners | null): boolean {
  if ((pageFlags(views.u8, page) & PAGE_ALL_VISIBLE) !== 0) return clearBacks(views, page);
  const count = pageSlotCount(views.u16, page);
  let changed = clearBacks(views, page);
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(views.u32, page, slot);
    if (entry === 0) continue;
    const row = page + (entry & 0xffff);
    const stamp = views.f64[row >> 3];
    if (stamp >= 0) continue;
    const won = winners === null ? -1 : winnerStamp(winners, stampNumber(stamp));
    views.f64[row >> 3] = won >= 0 ? won : 0;
    changed = true;
  }
  if (changed) noteAllVisible(views, page);
  return changed;
}

/** Back words and lock flags mean something only in the process that wrote them. */
function clearBacks(views: ByteViews, page: number): boolean {
  const count = pageSlotCount(views.u16, page);
  let changed = false;
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(views.u32, page, slot);
    if (entry === 0) continue;
    const row = page + (entry & 0xffff);
    const word = (row + 12) >> 2;
    if (views.i32[word - 1] !== 0) {
      views.i32[word - 1] = 0;
      changed = true;
    }
    if ((views.i32[word] & ROW_LOCKED) !== 0 && (views.i32[word] & ROW_FORWARD) === 0) {
      views.i32[word] &= ~ROW_LOCKED;
      changed = true;
    }
  }
  return changed;
}
