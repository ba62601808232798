/**
 * Taking back one entry of an undo list: the index entries it brought, then the heap row, each with a compensation record
 * (SM-W7). Works on the transaction's slot, so that any thread can do it for a dead one.
 *
 *   compensation records of one entry    name as next to undo
 *   index entries                        the transaction's last record: if we die, all of the entry is undone again, which
 *                                        finds the index entries gone; the row is still the transaction's, so nobody else
 *                                        has put the same entry in meanwhile
 *   heap, the last one                   the record before the entry: from here the row may be somebody else's
 * Rows of one page that were inserted together are freed by one record, for the same reason. Where that goes back to the middle of a
 * record of several rows, it says how many of them are left (aux32 of heapUndo): recovery goes on from there.
 *
 * The file credit comes from what the changes claimed: this never meets 53100.
 */

import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { indexRemove } from '../storage/btree/remove.ts';
import { entryRecordBytes } from '../storage/btree/records.ts';
import { kindNumber } from '../storage/btree/insert.ts';
import { latchPage, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapCapacity, heapFreeSlot, heapImageOffset } from '../storage/heap/heap-page.ts';
import { HEAP_FREE_SLOT_BYTES, heapInsertBytes, heapReplace, logHeapInsert } from '../storage/heap/heap-records.ts';
import { releaseUndo, takeCredit } from '../storage/log/credit.ts';
import { PREVIOUS, START } from '../storage/log/log-context.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { setLogRecordAux16, setLogRecordAux32 } from '../storage/log/log-record.layout.gen.ts';
import { RECORD, RECORD_COMPENSATION, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLayout, imageLength, ROW_FORWARD, stubBodyPage, stubBodySlot } from '../storage/rows/row-image.ts';
import type { IndexRuntime, TableRuntime } from '../storage/rows/runtime.ts';
import { findKey } from './index-change.ts';
import { eachUndoneKey, isListed } from './index-keys.ts';
import { isBodyOf, latchRow, NO_ROW, PLACE_AT, PLACE_PAGE, PLACE_ROW, PLACE_SLOT } from './row-place.ts';
import { voidVersion } from './chunk-spill.ts';
import { copyNewest } from './row-read.ts';
import type { Transactions } from './transactions.ts';
import { UNDO_DELETE, UNDO_INSERT, UNDO_LOCK, UNDO_OTHER, UNDO_RUN, UNDO_UPDATE, UNDO_VOID } from './txn.layout.ts';
import {
  loadTxnSlotNumber,
  setTxnSlotLastChunk,
  setTxnSlotLastLsn,
  setTxnSlotUndoCredit,
  setUndoEntryCount,
  setUndoEntryFlags,
  setUndoEntryKind,
  txnSlotLastLsn,
  txnSlotUndoCredit,
  undoEntryBack,
  undoEntryBefore,
  undoEntryCount,
  undoEntryFlags,
  undoEntryKind,
  undoEntryPage,
  undoEntrySlot,
  undoEntrySpare,
  undoEntryTable,
} from './txn.layout.gen.ts';
import { stampNumber } from './stamps.ts';
import { dropLastUndo } from './undo.ts';
import { chunkOfAddress, finishRun } from './versions.ts';
import { copyVersion } from './visibility.ts';

const testing = TESTING;

/** undoEntry: leave the row to its former owner, or keep it for this transaction (holdStamp()). */
export const LET_GO = 0;
export const KEEP_LOCK = 1;

/** txns.scratch: the stamp under which KEEP_LOCK keeps rows. */
export const HOLD_STAMP = 3;

/** Gives `bytes` of what the transaction claimed to the thread. */
export function releaseClaim(txns: Transactions, slot: number, bytes: number): void {
  const have = txnSlotUndoCredit(txns.f64, slot);
  const given = bytes < have ? bytes : have;
  setTxnSlotUndoCredit(txns.f64, slot, have - given);
  releaseUndo(txns.log, given);
}

/**
 * Undoes the entry at byte offset `entry` of the heap, the last one with LET_GO, for an insert its rows from number `firstRow`
 * on. With KEEP_LOCK rows that were somebody else's before stay this transaction's, unchanged, and the entry stays in the list.
 */
export function undoEntry(txns: Transactions, slot: number, entry: number, firstRow: number, mode: number): void {
  const { u8, u32, u16, i32 } = txns.heap;
  if ((undoEntryFlags(u8, entry) & UNDO_VOID) !== 0) {
    settleEntry(txns, slot, entry, mode, false);
    return;
  }
  const kind = undoEntryKind(u8, entry);
  const table = txns.findTable(undoEntryTable(u32, entry));
  assert(kind === UNDO_OTHER || table !== undefined, 'a table with changes that may be undone is known');
  const page = undoEntryPage(i32, entry);
  const rowSlot = undoEntrySlot(u16, entry);
  if (testing) yieldPoint('undo.entry');
  if (kind === UNDO_INSERT) {
    undoInserts(txns, slot, table!, page, rowSlot, firstRow, undoEntryCount(u16, entry), entry, mode);
  } else if (kind === UNDO_UPDATE || kind === UNDO_DELETE) {
    undoChange(txns, slot, table!, page, rowSlot, entry, mode);
  } else if (kind === UNDO_LOCK) {
    if (mode === KEEP_LOCK) return;
    releaseRow(txns, slot, page, rowSlot, undoEntryBack(i32, entry));
    settleEntry(txns, slot, entry, mode, false);
  } else {
    assert(kind === UNDO_OTHER && txns.hooks.undoOther !== null, 'an entry of another kind has somebody who undoes it');
    txns.hooks.undoOther(txns, slot, entry);
    settleEntry(txns, slot, entry, mode, false);
  }
}

/**
 * The entry has been undone. For rows it is said under the latch under which they were given up: were this thread to die in
 * between, whoever goes on would take from the row's next owner.
 */
function settleEntry(txns: Transactions, slot: number, entry: number, mode: number, kept: boolean): void {
  const { u8, i32 } = txns.heap;
  const flags = undoEntryFlags(u8, entry);
  if (mode === KEEP_LOCK) {
    if (kept) setUndoEntryKind(u8, entry, UNDO_LOCK);
    else setUndoEntryFlags(u8, entry, flags | UNDO_VOID);
    return;
  }
  enterCritical(txns.shm);
  if ((flags & UNDO_RUN) !== 0) {
    finishRun(txns, chunkOfAddress(txns, undoEntryBack(i32, entry)));
    setTxnSlotLastChunk(txns.i32, slot, -1);
  }
  dropLastUndo(txns, slot);
  leaveCritical(txns.shm);
}

// ---- updates and deletes ----

function undoChange(
  txns: Transactions,
  slot: number,
  table: TableRuntime,
  page: number,
  rowSlot: number,
  entry: number,
  mode: number,
): void {
  const named = undoEntrySpare(txns.heap.i32, entry);
  const back = undoEntryBack(txns.heap.i32, entry);
  if (named !== 0 && copyNewest(txns, page, rowSlot, txns.image, 0)) {
    for (let at = 0; at < table.indexes.length && at < 31; at++) {
      if ((named & (1 << at)) === 0) continue;
      if (!isListed(table.indexes[at])) removeEntry(txns, slot, table, at, page, rowSlot);
      else {
        removeListed(txns, slot, table, at, page, rowSlot, back);
        copyNewest(txns, page, rowSlot, txns.image, 0);
      }
    }
  }
  const image = txns.image;
  voidVersion(txns, back);
  copyVersion(txns, back, image, 0, null);
  if (testing) yieldPoint('undo.indexesDone');
  const bytes = heapInsertBytes(imageLength(image.i32, 0));
  if (table.logged) {
    releaseClaim(txns, slot, bytes);
    takeCredit(txns.log, bytes);
  }
  const frame = latchRow(txns, page, rowSlot);
  assert(frame !== NO_ROW, 'a changed row is there until its change is stamped or undone');
  const v = frameSegment(txns.shm, frame);
  const at = txns.ints[PLACE_AT];
  const place = txns.ints[PLACE_SLOT];
  const fits = heapReplace(v, at, place, image.i32, 0);
  assert(fits, 'a slot keeps its capacity until the change is stamped');
  // One that was the transaction's own before is still held by an earlier entry.
  const keep = mode === KEEP_LOCK && image.f64[0] >= 0;
  if (keep) holdStamp(txns, v, heapImageOffset(v, at, place), back);
  if (table.logged) {
    const { log } = txns;
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = undoEntryBefore(txns.heap.f64, entry);
    const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
    const number = loadTxnSlotNumber(txns.i32, slot) >>> 0;
    startRecord(log, record, bytes, RECORD.heapRestore, flags, number, table.id, txns.ints[PLACE_PAGE], place);
    logHeapInsert(log as unknown as ByteViews, record, image.i32, 0);
    publish(log, record, bytes);
    setTxnSlotLastLsn(txns.f64, slot, log.scratch[START]);
    pageChanged(txns.cache, frame, log.scratch);
  } else pageTouched(txns.cache, frame);
  settleEntry(txns, slot, entry, mode, keep);
  unlatchPage(txns.cache, frame);
}

/** The row has its old image back, but stays this transaction's: unlogged, as a row lock is. */
function holdStamp(txns: Transactions, v: ByteViews, row: number, back: number): void {
  v.f64[row >> 3] = txns.scratch[HOLD_STAMP];
  v.i32[(row + 8) >> 2] = back;
}

/**
 * A row that was only locked gets its old stamp and back word back; unlogged. If the transaction has changed it after it had
 * locked it, its back word leads elsewhere and it is left alone.
 */
export function releaseRow(txns: Transactions, slot: number, page: number, rowSlot: number, back: number): void {
  const number = loadTxnSlotNumber(txns.i32, slot) >>> 0;
  copyVersion(txns, back, txns.image, 0, null);
  const frame = latchRow(txns, page, rowSlot);
  if (frame === NO_ROW) return;
  const v = frameSegment(txns.shm, frame);
  const row = txns.ints[PLACE_ROW];
  const stamp = v.f64[row >> 3];
  if (stamp < 0 && stampNumber(stamp) === number && v.i32[(row + 8) >> 2] === back) {
    v.f64[row >> 3] = txns.image.f64[0];
    v.i32[(row + 8) >> 2] = txns.image.i32[2];
    pageTouched(txns.cache, frame);
  }
  unlatchPage(txns.cache, frame);
}

// ---- inserts ----

function undoInserts(
  txns: Transactions,
  slot: number,
  table: TableRuntime,
  page: number,
  firstSlot: number,
  firstRow: number,
  count: number,
  entry: number,
  mode: number,
): void {
  for (let row = count - 1; row >= firstRow; row--) {
    if (!copyNewest(txns, page, firstSlot + row, txns.image, 0)) continue;
    toCurrentLayout(txns, table);
    for (let at = table.indexes.length - 1; at >= 0; at--) {
      if (isListed(table.indexes[at])) removeListed(txns, slot, table, at, page, firstSlot + row, 0);
      else removeEntry(txns, slot, table, at, page, firstSlot + row);
    }
  }
  if (testing) yieldPoint('undo.indexesDone');
  for (let row = count - 1; row >= firstRow; row--) freeBody(txns, slot, table, page, firstSlot + row);
  freeSlots(txns, slot, table, page, firstSlot, firstRow, count, entry, mode);
}

/** Keys are extracted from images of the current layout. */
function toCurrentLayout(txns: Transactions, table: TableRuntime): void {
  if (imageLayout(txns.image.i32, 0) === table.layout.number) return;
  const length = table.upgrade(txns.image, 0, txns.other, 0);
  assert(length >= 0, 'a row that was inserted by this transaction fits its page');
  txns.image.bytesView.set(txns.other.bytesView.subarray(0, (length + 7) & ~7));
}

/** Takes the entry of txns.image's key out of the index at position `at`; a key that is too long has none. */
function removeEntry(txns: Transactions, slot: number, table: TableRuntime, at: number, page: number, rowSlot: number): void {
  const index = table.indexes[at];
  if (findKey(txns, index, txns.image, 0, txns.key)) removeKey(txns, slot, table, index, page, rowSlot);
}

/** The same for the entries of an index with several a row. */
function removeListed(
  txns: Transactions,
  slot: number,
  table: TableRuntime,
  at: number,
  page: number,
  rowSlot: number,
  back: number,
): void {
  const index = table.indexes[at];
  eachUndoneKey(txns, table, index, back, () => removeKey(txns, slot, table, index, page, rowSlot));
}

/** Takes the entry of txns.key out of the index. */
function removeKey(
  txns: Transactions,
  slot: number,
  table: TableRuntime,
  index: IndexRuntime,
  page: number,
  rowSlot: number,
): void {
  const { change } = txns;
  change.logged = table.logged;
  change.transaction = loadTxnSlotNumber(txns.i32, slot) >>> 0;
  change.table = table.id;
  change.previous = txnSlotLastLsn(txns.f64, slot);
  change.compensation = true;
  change.lastRecord = 0;
  if (table.logged) releaseClaim(txns, slot, entryRecordBytes(kindNumber(index.kind), txns.key));
  indexRemove(txns.tree, index, txns.key, page, rowSlot, change, null);
  if (change.lastRecord !== 0) setTxnSlotLastLsn(txns.f64, slot, change.lastRecord);
}

/** A row that moved: its body goes first. Whoever finds the stub without body meanwhile finds no row. */
function freeBody(txns: Transactions, slot: number, table: TableRuntime, page: number, rowSlot: number): void {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const row = heapImageOffset(v, frameOffset(txns.shm, frame), rowSlot);
  const forwarded = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0;
  const bodyPage = forwarded ? stubBodyPage(v.i32, row) : 0;
  const bodySlot = forwarded ? stubBodySlot(v.i32, row) : 0;
  unlatchPage(txns.cache, frame);
  if (!forwarded) return;
  if (table.logged) {
    releaseClaim(txns, slot, HEAP_FREE_SLOT_BYTES);
    takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  }
  const bodyFrame = latchPage(txns.cache, bodyPage);
  const views = frameSegment(txns.shm, bodyFrame);
  const at = frameOffset(txns.shm, bodyFrame);
  const body = heapImageOffset(views, at, bodySlot);
  if (body >= 0 && isBodyOf(views, body, page, rowSlot)) {
    heapFreeSlot(views, at, bodySlot);
    if (table.logged) {
      logFree(txns, slot, RECORD.heapFreeSlot, table.id, bodyPage, bodySlot, 1, txnSlotLastLsn(txns.f64, slot));
      pageChanged(txns.cache, bodyFrame, txns.log.scratch);
    } else pageTouched(txns.cache, bodyFrame);
  }
  unlatchPage(txns.cache, bodyFrame);
}

/** Frees the slots of an entry from row number `firstRow` on, with one record. */
function freeSlots(
  txns: Transactions,
  slot: number,
  table: TableRuntime,
  page: number,
  firstSlot: number,
  firstRow: number,
  count: number,
  entry: number,
  mode: number,
): void {
  if (table.logged) {
    releaseClaim(txns, slot, HEAP_FREE_SLOT_BYTES);
    takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  }
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  freeSlotsOf(v, frameOffset(txns.shm, frame), firstSlot + firstRow, count - firstRow);
  if (table.logged) {
    const previous = firstRow === 0 ? undoEntryBefore(txns.heap.f64, entry) : txns.scratch[MARK_LSN];
    const left = firstRow === 0 ? 0 : txns.scratch[MARK_GROWN];
    logFree(txns, slot, RECORD.heapUndo, table.id, page, firstSlot + firstRow, count - firstRow, previous, left);
    pageChanged(txns.cache, frame, txns.log.scratch);
  } else pageTouched(txns.cache, frame);
  if (firstRow > 0) setUndoEntryCount(txns.heap.u16, entry, firstRow);
  else settleEntry(txns, slot, entry, mode, false);
  unlatchPage(txns.cache, frame);
}

/** txns.scratch: the transaction's last record at the mark that is gone back to, where that lies inside an entry. */
export const MARK_LSN = 4;
/** txns.scratch: rows that record had at the mark, if it may have grown since: the compensation leaves so many to undo; else 0. */
export const MARK_GROWN = 7;

/** Frees those of the slots that are not free yet: also the redo of heapUndo. */
export function freeSlotsOf(v: ByteViews, at: number, firstSlot: number, count: number): void {
  for (let rowSlot = firstSlot + count - 1; rowSlot >= firstSlot; rowSlot--) {
    if (heapCapacity(v, at, rowSlot) !== 0) heapFreeSlot(v, at, rowSlot);
  }
}

function logFree(
  txns: Transactions,
  slot: number,
  type: number,
  table: number,
  page: number,
  rowSlot: number,
  count: number,
  previous: number,
  left = 0,
): void {
  const { log } = txns;
  const record = reserve(log, HEAP_FREE_SLOT_BYTES);
  log.scratch[PREVIOUS] = previous;
  const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
  startRecord(log, record, HEAP_FREE_SLOT_BYTES, type, flags, loadTxnSlotNumber(txns.i32, slot) >>> 0, table, page, rowSlot);
  setLogRecordAux16(log.u16, record, count);
  setLogRecordAux32(log.u32, record, left);
  publish(log, record, HEAP_FREE_SLOT_BYTES);
  setTxnSlotLastLsn(txns.f64, slot, log.scratch[START]);
}
