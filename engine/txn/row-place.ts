/**
 * Where a row lies and who has it: latching the page of a row that is to be changed, and reading its newest version's stamp
 * under that latch.
 *
 * A row that has moved is changed at its body; its home only names it. Everything that waits, locks or conflicts is decided
 * from the header of the body. Undo entries and back versions name the home.
 *
 * Hot: no allocation; results in txns.ints.
 */

import { assert } from '../../shm/assert.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { latchPage } from '../storage/cache/page-cache.ts';
import { heapImageOffset } from '../storage/heap/heap-page.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import {
  bodyHomePage,
  bodyHomeSlot,
  ROW_BODY,
  ROW_DELETED,
  ROW_FORWARD,
  ROW_LOCKED,
  stubBodyPage,
  stubBodySlot,
} from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { ASKED, RESOLVED, resolveStamp, STAMP_ACTIVE, STAMP_COMMITTED } from './slots.ts';
import { stampNumber } from './stamps.ts';
import {
  DEPENDENCY,
  OWN_LIMIT,
  ROW_DONE,
  ROW_GONE,
  ROW_RERUN,
  ROW_WAIT,
  type RowStatus,
  SEEN_STAMP,
  SNAPSHOT,
  type Transaction,
  type Transactions,
  WATCH,
} from './transactions.ts';
import { isOwn } from './visibility.ts';

const testing = TESTING;

/** txns.ints after latchRow(): page and slot where the row lies, byte offsets of page and row in the frame's views. */
export const PLACE_PAGE = 4;
export const PLACE_SLOT = 5;
export const PLACE_AT = 6;
export const PLACE_ROW = 7;

/** No row. */
export const NO_ROW = -1;

/**
 * Latches the page that the row with this home lies on; returns the frame, or NO_ROW with nothing latched. txns.ints[PLACE_*]
 * say where. No latch or hold by the caller; ended by unlatchPage().
 */
export function latchRow(txns: Transactions, page: number, slot: number): number {
  const { cache, shm, ints } = txns;
  for (;;) {
    const frame = latchPage(cache, page);
    const views = frameSegment(shm, frame);
    const at = frameOffset(shm, frame);
    const row = heapImageOffset(views, at, slot);
    const word = row < 0 ? 0 : views.i32[(row + 12) >> 2];
    if (row < 0 || (word & ROW_BODY) !== 0) {
      unlatchFrameUnchanged(shm, frame);
      return NO_ROW;
    }
    if ((word & ROW_FORWARD) === 0) {
      notePlace(ints, page, slot, at, row);
      return frame;
    }
    const bodyPage = stubBodyPage(views.i32, row);
    const bodySlot = stubBodySlot(views.i32, row);
    unlatchFrameUnchanged(shm, frame);
    if (testing) yieldPoint('row.stubRead');
    const bodyFrame = latchBody(txns, page, slot, bodyPage, bodySlot);
    if (bodyFrame >= 0) return bodyFrame;
  }
}

/** NO_ROW: the row has moved on since its stub was read. */
function latchBody(txns: Transactions, page: number, slot: number, bodyPage: number, bodySlot: number): number {
  const { cache, shm, ints } = txns;
  const frame = latchPage(cache, bodyPage);
  const views = frameSegment(shm, frame);
  const at = frameOffset(shm, frame);
  const row = heapImageOffset(views, at, bodySlot);
  if (row >= 0 && isBodyOf(views, row, page, slot)) {
    notePlace(ints, bodyPage, bodySlot, at, row);
    return frame;
  }
  unlatchFrameUnchanged(shm, frame);
  return NO_ROW;
}

/** True when the image at `row` is the body of the row with this home. */
export const isBodyOf = (views: ByteViews, row: number, page: number, slot: number): boolean =>
  (views.i32[(row + 12) >> 2] & ROW_BODY) !== 0 && bodyHomePage(views.i32, row) === page && bodyHomeSlot(views.i32, row) === slot;

function notePlace(ints: Int32Array, page: number, slot: number, at: number, row: number): void {
  ints[PLACE_PAGE] = page;
  ints[PLACE_SLOT] = slot;
  ints[PLACE_AT] = at;
  ints[PLACE_ROW] = row;
}

/**
 * May the transaction change the row whose newest version lies latched at `row` of `views`? ROW_DONE: yes, and the stamp there
 * is resolved; ROW_WAIT: somebody has it (tx.waitsFor); ROW_RERUN: a version that the snapshot does not see; ROW_GONE: deleted,
 * or changed by the same statement before.
 */
export function checkChange(
  tx: Transaction,
  table: TableRuntime,
  views: ByteViews,
  row: number,
  page: number,
  slot: number,
): RowStatus {
  const word = views.i32[(row + 12) >> 2];
  if ((word & ROW_LOCKED) !== 0 && tx.context.hooks.rowLocked !== null) {
    if (tx.context.hooks.rowLocked(tx, table, page, slot)) return ROW_WAIT;
  }
  let stamp = views.f64[row >> 3];
  if (stamp < 0) {
    if (isOwn(tx, views, row)) return stamp < tx.times[OWN_LIMIT] || (word & ROW_DELETED) !== 0 ? ROW_GONE : ROW_DONE;
    const txns = tx.context;
    txns.scratch[ASKED] = stamp;
    const outcome = resolveStamp(txns);
    if (outcome === STAMP_ACTIVE) {
      tx.waitsFor = stampNumber(stamp) | 0;
      return ROW_WAIT;
    }
    assert(outcome === STAMP_COMMITTED, 'a slot is given away after its rows are stamped (TX-T3)');
    stamp = txns.scratch[RESOLVED];
  }
  tx.times[SEEN_STAMP] = stamp;
  if (stamp > tx.times[SNAPSHOT]) return ROW_RERUN;
  if (stamp > tx.times[WATCH] && stamp > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = stamp;
  if ((word & ROW_DELETED) !== 0) return ROW_GONE;
  // A writer resolves the stamp of an ended transaction before it copies the image (TX-T3); its own record covers the page.
  views.f64[row >> 3] = stamp;
  return ROW_DONE;
}
