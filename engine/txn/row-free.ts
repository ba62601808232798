/**
 * Freeing the slot of a tombstone that every snapshot sees, after its index entries are gone (SM-B4). Nobody's change: it is
 * logged without a transaction and never undone. A row that had moved gives up body and stub in one group (SM-W6).
 */

import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { fetchFrame, latchPage, latchResident, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapFreeSlot, heapImageOffset, heapRoom } from '../storage/heap/heap-page.ts';
import { HEAP_FREE_SLOT_BYTES } from '../storage/heap/heap-records.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { groupBegin, groupCancel, groupEnd, groupRecord } from '../storage/log/group.ts';
import { PREVIOUS } from '../storage/log/log-context.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { ROW_DELETED, ROW_FORWARD, stubBodyPage, stubBodySlot } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { noteFreeBytes } from '../storage/space/free-classes.ts';
import { isBodyOf } from './row-place.ts';
import type { Transactions } from './transactions.ts';
import { addTxnSharedDeadRows } from './txn.layout.gen.ts';

const testing = TESTING;

/** txns.scratch: the collector's bound of this round (collector.ts). */
const OLDEST = 6;

/** Frees the row if it is a tombstone that every snapshot sees. No latch, no hold. */
export function freeTombstone(txns: Transactions, table: TableRuntime, page: number, slot: number): void {
  if (table.logged) takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const row = heapImageOffset(v, at, slot);
  const forwarded = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0;
  if (forwarded) {
    const bodyPage = stubBodyPage(v.i32, row);
    const bodySlot = stubBodySlot(v.i32, row);
    unlatchFrameUnchanged(txns.shm, frame);
    freeMoved(txns, table, page, slot, bodyPage, bodySlot);
    return;
  }
  if (row < 0 || !isDead(txns, v, row)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  heapFreeSlot(v, at, slot);
  if (table.logged) {
    const { log } = txns;
    const record = reserve(log, HEAP_FREE_SLOT_BYTES);
    log.scratch[PREVIOUS] = 0;
    startRecord(log, record, HEAP_FREE_SLOT_BYTES, RECORD.heapFreeSlot, RECORD_GROUP_END, 0, table.id, page, slot);
    publish(log, record, HEAP_FREE_SLOT_BYTES);
    pageChanged(txns.cache, frame, log.scratch);
  } else pageTouched(txns.cache, frame);
  const room = heapRoom(v, at);
  unlatchPage(txns.cache, frame);
  addTxnSharedDeadRows(txns.i32, txns.shared, 1);
  noteFreeBytes(txns.space, page, room);
  if (testing) yieldPoint('collect.slotFreed');
}

const isDead = (txns: Transactions, v: ByteViews, row: number): boolean =>
  (v.i32[(row + 12) >> 2] & ROW_DELETED) !== 0 && v.f64[row >> 3] >= 0 && v.f64[row >> 3] <= txns.scratch[OLDEST];

/** Body and stub. If the row has moved meanwhile it stays, and is met again. */
function freeMoved(txns: Transactions, table: TableRuntime, page: number, slot: number, bodyPage: number, bodySlot: number): void {
  const { cache, log, shm } = txns;
  fetchFrame(cache, page);
  fetchFrame(cache, bodyPage);
  if (table.logged) groupBegin(log, HEAP_FREE_SLOT_BYTES * 2);
  const homeFirst = page >>> 0 < bodyPage >>> 0;
  const first = latchResident(cache, homeFirst ? page : bodyPage);
  const second = first < 0 ? -1 : latchResident(cache, homeFirst ? bodyPage : page);
  const home = homeFirst ? first : second;
  const body = homeFirst ? second : first;
  let freed = false;
  if (second >= 0) {
    const v = frameSegment(shm, home);
    const at = frameOffset(shm, home);
    const stub = heapImageOffset(v, at, slot);
    const b = frameSegment(shm, body);
    const bodyAt = frameOffset(shm, body);
    const row = heapImageOffset(b, bodyAt, bodySlot);
    const still = stub >= 0 && (v.i32[(stub + 12) >> 2] & ROW_FORWARD) !== 0 && row >= 0 && isBodyOf(b, row, page, slot);
    if (still && isDead(txns, b, row)) {
      freed = true;
      heapFreeSlot(b, bodyAt, bodySlot);
      heapFreeSlot(v, at, slot);
      if (table.logged) {
        groupRecord(log, RECORD.heapFreeSlot, 0, table.id, bodyPage, bodySlot, 0);
        groupRecord(log, RECORD.heapFreeSlot, 0, table.id, page, slot, 0);
        groupEnd(log);
        pageChanged(cache, body, log.scratch);
        pageChanged(cache, home, log.scratch);
      } else {
        pageTouched(cache, body);
        pageTouched(cache, home);
      }
    }
  }
  if (second >= 0) unlatchPage(cache, second);
  if (first >= 0) unlatchPage(cache, first);
  if (table.logged && !freed) groupCancel(log);
  if (freed) addTxnSharedDeadRows(txns.i32, txns.shared, 1);
}
