/**
 * Moving a row that no longer fits its page: as it is, in one log group (SM-W6); the change that needed the room follows as an
 * ordinary record on the body's page. So rollback never has to move anything.
 *
 *   first move     body on a page with room, stub at home                        2 pages
 *   second move    body on another page, stub names that one, old body freed     3 pages
 *
 * Pages are latched in the order of their numbers (SM-L5, left before right); what was seen before is verified under the
 * latches, and if it has changed, nothing is done: the caller looks again.
 *
 * The group is nobody's change: whoever has the row in flight keeps it, stamp and back word move along.
 */

import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { latchResident, latchPage, fetchFrame, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import {
  bodyBytes,
  heapCapacity,
  heapForward,
  heapFreeSlot,
  heapImageOffset,
  heapPlace,
  heapRoom,
  heapWriteBody,
  NO_SLOT,
} from '../storage/heap/heap-page.ts';
import {
  HEAP_FORWARD_BYTES,
  HEAP_FREE_SLOT_BYTES,
  heapBodyBytes,
  logHeapBody,
  logHeapForward,
} from '../storage/heap/heap-records.ts';
import { groupBegin, groupCancel, groupEnd, groupRecord } from '../storage/log/group.ts';
import { LOG_RECORD_BYTES } from '../storage/log/log-record.layout.gen.ts';
import { RECORD } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_FORWARD, stubBodyPage, stubBodySlot } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { insertPageOf, nextInsertPage } from './insert-page.ts';
import { isBodyOf } from './row-place.ts';
import type { Transactions } from './transactions.ts';

const testing = TESTING;

/** txns.moved: frames of home, old body, new body; -1 = not latched. */
const HOME = 0;
const OLD = 1;
const NEW = 2;

/**
 * Moves the row with this home to a page with room for an image of `length` bytes. It may do nothing, if others change the row
 * or the pages meanwhile: the caller tries its change again in any case. No latch, no hold. 53100 when the disk is full.
 */
export function moveRow(txns: Transactions, table: TableRuntime, page: number, slot: number, length: number): void {
  const need = bodyBytes(length);
  const body = whereIsBody(txns, page, slot);
  for (;;) {
    const target = insertPageOf(txns, table);
    if (target === page || target === body || !hasRoom(txns, target, need)) {
      nextInsertPage(txns, table, target, need);
      continue;
    }
    if (testing) yieldPoint('move.target');
    moveTo(txns, table, page, slot, body, target, need);
    return;
  }
}

/** Page of the body, or -1 when the row is at home. */
function whereIsBody(txns: Transactions, page: number, slot: number): number {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const row = heapImageOffset(v, frameOffset(txns.shm, frame), slot);
  const forwarded = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0;
  const body = forwarded ? stubBodyPage(v.i32, row) : -1;
  unlatchFrameUnchanged(txns.shm, frame);
  return body;
}

function hasRoom(txns: Transactions, page: number, need: number): boolean {
  const frame = latchPage(txns.cache, page);
  const room = heapRoom(frameSegment(txns.shm, frame), frameOffset(txns.shm, frame));
  unlatchFrameUnchanged(txns.shm, frame);
  return room >= need;
}

function moveTo(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  body: number,
  target: number,
  need: number,
): void {
  const { log } = txns;
  if (table.logged) groupBegin(log, heapBodyBytes(need) + HEAP_FORWARD_BYTES + HEAP_FREE_SLOT_BYTES);
  const moved = latchAll(txns, page, body, target) && moveLatched(txns, table, page, slot, body, target, need);
  if (table.logged && !moved) groupCancel(log);
  if (moved) {
    if (table.logged) groupEnd(log);
    for (let at = HOME; at <= NEW; at++) {
      if (txns.moved[at] < 0) continue;
      if (table.logged) pageChanged(txns.cache, txns.moved[at], log.scratch);
      else pageTouched(txns.cache, txns.moved[at]);
    }
  }
  unlatchAll(txns);
}

/** In the order of page numbers; false if one is not in the cache any more. */
function latchAll(txns: Transactions, page: number, body: number, target: number): boolean {
  const { moved, cache } = txns;
  moved.fill(-1);
  fetchFrame(cache, page);
  if (body >= 0 || body < -1) fetchFrame(cache, body);
  fetchFrame(cache, target);
  for (let turn = 0, after = -1; turn < 3; turn++) {
    let which = -1;
    let least = Number.MAX_SAFE_INTEGER;
    for (let at = HOME; at <= NEW; at++) {
      const id = at === HOME ? page : at === OLD ? body : target;
      const order = id >>> 0;
      if (moved[at] < 0 && !(at === OLD && body === -1) && order > after && order < least) {
        which = at;
        least = order;
      }
    }
    if (which < 0) return true;
    const frame = latchResident(cache, least | 0);
    if (frame < 0) return false;
    moved[which] = frame;
    after = least;
  }
  return true;
}

function unlatchAll(txns: Transactions): void {
  for (let at = NEW; at >= HOME; at--) if (txns.moved[at] >= 0) unlatchPage(txns.cache, txns.moved[at]);
}

function moveLatched(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  body: number,
  target: number,
  need: number,
): boolean {
  const { moved, shm } = txns;
  const home = frameSegment(shm, moved[HOME]);
  const homeAt = frameOffset(shm, moved[HOME]);
  const stub = heapImageOffset(home, homeAt, slot);
  if (stub < 0) return false;
  const forwarded = (home.i32[(stub + 12) >> 2] & ROW_FORWARD) !== 0;
  if (forwarded !== (body !== -1)) return false;
  if (forwarded && stubBodyPage(home.i32, stub) !== body) return false;
  const oldSlot = forwarded ? stubBodySlot(home.i32, stub) : slot;
  const from = forwarded ? frameSegment(shm, moved[OLD]) : home;
  const fromAt = forwarded ? frameOffset(shm, moved[OLD]) : homeAt;
  const row = heapImageOffset(from, fromAt, oldSlot);
  if (row < 0 || (forwarded && !isBodyOf(from, row, page, slot))) return false;
  const v = frameSegment(shm, moved[NEW]);
  const at = frameOffset(shm, moved[NEW]);
  const newSlot = heapPlace(v, at, Math.max(need, bodyBytes(imageLength(from.i32, row))));
  if (newSlot === NO_SLOT) return false;
  heapWriteBody(v, at, newSlot, from.i32, row, page, slot);
  if (table.logged) logMove(txns, table, page, slot, body, oldSlot, target, newSlot, heapCapacity(v, at, newSlot), from, row);
  heapForward(home, homeAt, slot, target, newSlot);
  if (forwarded) heapFreeSlot(from, fromAt, oldSlot);
  return true;
}

function logMove(
  txns: Transactions,
  table: TableRuntime,
  page: number,
  slot: number,
  body: number,
  oldSlot: number,
  target: number,
  newSlot: number,
  capacity: number,
  from: ByteViews,
  row: number,
): void {
  const { log } = txns;
  const group = log.group as unknown as ByteViews;
  const length = imageLength(from.i32, row);
  const bodyRecord = groupRecord(log, RECORD.heapBody, 0, table.id, target, newSlot, heapBodyBytes(length) - LOG_RECORD_BYTES);
  logHeapBody(log.group as unknown as ByteViews, bodyRecord, capacity, page, slot, from.i32, row);
  const forward = groupRecord(log, RECORD.heapForward, 0, table.id, page, slot, HEAP_FORWARD_BYTES - LOG_RECORD_BYTES);
  logHeapForward(group, forward, target, newSlot);
  if (body !== -1) groupRecord(log, RECORD.heapFreeSlot, 0, table.id, body, oldSlot, 0);
}
