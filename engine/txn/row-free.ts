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
import { type ByteViews, copyWords } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_DELETED, ROW_FORWARD, stubBodyPage, stubBodySlot } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { noteFreeBytes } from '../storage/space/free-classes.ts';
import { pageOwner, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { chainsOf, freeChains } from './row-overflow.ts';
import { isBodyOf } from './row-place.ts';
import { noteAllVisible } from './stamper.ts';
import type { Transactions } from './transactions.ts';
import { addTxnSharedDeadRows } from './txn.layout.gen.ts';

const testing = TESTING;

/** What came of looking at a row: nothing of it is left to do; another time; not a tombstone that every snapshot sees. */
export const COLLECTED = 0;
export const LATER = 1;
export const NOT_DEAD = 2;
export type Collected = typeof COLLECTED | typeof LATER | typeof NOT_DEAD;

/** txns.scratch: the collector's bound of this round: every snapshot is at it or above. */
export const OLDEST = 6;

/**
 * Frees the row if it is a tombstone that every snapshot sees, and then its overflow chains. COLLECTED: there is no such row (any
 * more); LATER: it has moved meanwhile; NOT_DEAD: it is none. No latch, no hold.
 */
export function freeTombstone(txns: Transactions, table: TableRuntime, page: number, slot: number): Collected {
  if (table.logged) takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const row = isOfTable(v, at, table) ? heapImageOffset(v, at, slot) : -1;
  const forwarded = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0;
  if (forwarded) {
    const bodyPage = stubBodyPage(v.i32, row);
    const bodySlot = stubBodySlot(v.i32, row);
    unlatchFrameUnchanged(txns.shm, frame);
    return freeMoved(txns, table, page, slot, bodyPage, bodySlot);
  }
  if (row < 0 || !isDead(txns, v, row)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return row < 0 ? COLLECTED : NOT_DEAD;
  }
  const { image } = txns.collecting;
  copyWords(image.i32, 0, v.i32, row, paddedLength(v.i32, row));
  heapFreeSlot(v, at, slot);
  noteAllVisible(v, at);
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
  if (testing) yieldPoint('collect.slotFreed');
  noteFreeBytes(txns.space, page, room);
  return rowFreed(txns, table);
}

const isOfTable = (v: ByteViews, at: number, table: TableRuntime): boolean =>
  pageType(v.u8, at) === PAGE_TYPE_HEAP && pageOwner(v.u32, at) === table.id;

/** Nobody can reach what the image in collecting.image names. */
function rowFreed(txns: Transactions, table: TableRuntime): typeof COLLECTED {
  const { image, chains, overflow } = txns.collecting;
  addTxnSharedDeadRows(txns.i32, txns.shared, 1);
  chainsOf(table, image, 0, chains);
  freeChains(overflow, table, chains);
  return COLLECTED;
}

const isDead = (txns: Transactions, v: ByteViews, row: number): boolean =>
  (v.i32[(row + 12) >> 2] & ROW_DELETED) !== 0 && v.f64[row >> 3] >= 0 && v.f64[row >> 3] <= txns.scratch[OLDEST];

/** Body and stub, in one group, if the row has not moved on. */
function freeMoved(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  bodyPage: number,
  bodySlot: number,
): Collected {
  const { cache, log } = txns;
  fetchFrame(cache, page);
  fetchFrame(cache, bodyPage);
  if (table.logged) groupBegin(log, HEAP_FREE_SLOT_BYTES * 2);
  // In the order of their numbers, as a move latches them.
  const homeFirst = page >>> 0 < bodyPage >>> 0;
  const first = latchResident(cache, homeFirst ? page : bodyPage);
  const second = first < 0 ? -1 : latchResident(cache, homeFirst ? bodyPage : page);
  const outcome =
    second < 0
      ? LATER
      : freeBoth(txns, table, page, slot, bodyPage, bodySlot, homeFirst ? first : second, homeFirst ? second : first);
  if (second >= 0) unlatchPage(cache, second);
  if (first >= 0) unlatchPage(cache, first);
  if (outcome === COLLECTED) return rowFreed(txns, table);
  if (table.logged) groupCancel(log);
  return outcome;
}

/** Under both latches. */
function freeBoth(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  bodyPage: number,
  bodySlot: number,
  homeFrame: number,
  bodyFrame: number,
): Collected {
  const { cache, log, shm } = txns;
  const home = frameSegment(shm, homeFrame);
  const homeAt = frameOffset(shm, homeFrame);
  const body = frameSegment(shm, bodyFrame);
  const bodyAt = frameOffset(shm, bodyFrame);
  const stub = heapImageOffset(home, homeAt, slot);
  if (stub < 0 || (home.i32[(stub + 12) >> 2] & ROW_FORWARD) === 0) return LATER;
  const row = heapImageOffset(body, bodyAt, bodySlot);
  if (row < 0 || !isBodyOf(body, row, page, slot)) return LATER;
  if (!isDead(txns, body, row)) return NOT_DEAD;
  copyWords(txns.collecting.image.i32, 0, body.i32, row, paddedLength(body.i32, row));
  heapFreeSlot(body, bodyAt, bodySlot);
  heapFreeSlot(home, homeAt, slot);
  noteAllVisible(body, bodyAt);
  noteAllVisible(home, homeAt);
  if (!table.logged) {
    pageTouched(cache, bodyFrame);
    pageTouched(cache, homeFrame);
    return COLLECTED;
  }
  groupRecord(log, RECORD.heapFreeSlot, 0, table.id, bodyPage, bodySlot, 0);
  groupRecord(log, RECORD.heapFreeSlot, 0, table.id, page, slot, 0);
  groupEnd(log);
  pageChanged(cache, bodyFrame, log.scratch);
  pageChanged(cache, homeFrame, log.scratch);
  return COLLECTED;
}
