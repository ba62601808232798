/**
 * Changing, deleting and locking a row.
 *
 *   1  room for a back version and an undo entry, log credit               no latch
 *   2  latch the page the row lies on (row-place.ts); may it be changed?
 *   3  old image -> back version; record of the words that differ, or both images; new image in place; undo entry; unlatch
 *   4  entries into the indexes whose key has changed (SM-B1)
 *
 * A row that no longer fits its page is moved first, as it is, in a log group of its own (row-move.ts); then 1 again.
 *
 * Hot file: one latch, one reservation, no allocation. What 1 needs to know of the old image is guessed and checked in 2.
 */

import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { changedWords, heapChangeBytes, logHeapChange, WHOLE_IMAGES } from '../storage/heap/heap-change.ts';
import {
  clearAllVisible,
  heapChangeWords,
  heapImageOffset,
  heapMarkDeleted,
  heapResize,
  heapWriteImage,
} from '../storage/heap/heap-page.ts';
import {
  heapDeleteBytes,
  heapInsertBytes,
  heapUpdateBytes,
  logHeapDelete,
  logHeapUpdateBefore,
  logImage,
} from '../storage/heap/heap-records.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { PREVIOUS, START } from '../storage/log/log-context.ts';
import { setLogRecordAux32, setLogRecordAux32Second } from '../storage/log/log-record.layout.gen.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import {
  imageLayout,
  imageLength,
  paddedLength,
  ROW_BODY,
  ROW_HOME_BYTES,
  ROW_LOCKED,
  ROW_REKEYED,
} from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { beginWrite, isRefused } from './begin.ts';
import { claim, ENTRY_NEW, extractKey, insertEntry, refusesDuplicates } from './index-change.ts';
import { changeListed, isListed } from './index-keys.ts';
import { undoTo } from './rollback.ts';
import { changeInPlace } from './row-change.ts';
import { moveRow } from './row-move.ts';
import { checkChange, latchRow, NO_ROW, PLACE_AT, PLACE_PAGE, PLACE_ROW, PLACE_SLOT } from './row-place.ts';
import {
  OWN_STAMP,
  ROW_DONE,
  ROW_GONE,
  ROW_PAGE,
  ROW_SLOT,
  ROW_WAIT,
  type RowStatus,
  SERIALIZABLE,
  type Transaction,
  type Transactions,
} from './transactions.ts';
import { UNDO_DELETE, UNDO_LOCK, UNDO_RUN, UNDO_UPDATE, VERSION_DELETED, VERSION_LOCK, VERSION_MARKED } from './txn.layout.ts';
import { VERSION_BYTES, setTxnSlotLastLsn, setUndoEntrySpare, txnSlotLastLsn, undoEntrySpare } from './txn.layout.gen.ts';
import { addUndo, reserveUndo, undoEntries, undoRowsInLast } from './undo.ts';
import { checkUnique } from './unique.ts';
import { appendVersion, reserveVersion, RUN_STARTED } from './versions.ts';

const testing = TESTING;

/** Indexes whose new entries an undo entry can name; a table's further indexes keep entries of undone changes until they are met. */
export const NAMED_INDEXES = 31;

/** Not done, and nothing was changed: the row's old image is longer than was guessed, or the page has no room. */
const TOO_LONG = -1;
const NO_ROOM = -2;

/**
 * Replaces row (page, slot) by the image at byte offset `row` of `views` (current layout; stamp and back are set here). The
 * transaction has read a version of it. ROW_DONE; ROW_GONE; ROW_WAIT, ROW_RERUN, ROW_DUPLICATE: nothing was done. Errors as
 * insertRow().
 */
export function updateRow(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
): RowStatus {
  const txns = tx.context;
  beginWrite(tx, table);
  if (isRefused(tx, table)) return ROW_WAIT;
  if (tx.isolation === SERIALIZABLE && txns.hooks.rowChanged !== null) txns.hooks.rowChanged(tx, table, page, slot, row);
  if (changeInPlace(tx, table, page, slot, views, row)) return ROW_DONE;
  const entries = undoEntries(tx);
  const rows = undoRowsInLast(tx);
  const lsn = txnSlotLastLsn(txns.f64, tx.slot);
  const length = imageLength(views.i32, row);
  for (let guess = length + 64; ; ) {
    reserveChange(tx, table, guess, heapUpdateBytes(guess, length));
    const status = replaceImage(tx, table, page, slot, views, row, guess);
    if (status === TOO_LONG) guess = txns.ints[OLD_LENGTH];
    else if (status === NO_ROOM) moveRow(txns, table, page, slot, length);
    else if (status !== ROW_DONE) return status as RowStatus;
    else break;
  }
  if (testing) yieldPoint('update.heapChanged');
  if (txns.ints[CHANGED_KEYS] === 0) return ROW_DONE;
  return changeEntries(tx, table, page, slot, views, row, entries, rows, lsn);
}

/** txns.ints: bits of the indexes whose key differs; length of the old image. */
const CHANGED_KEYS = 8;
const OLD_LENGTH = 9;

/** Everything that may wait, fail or allocate, before the latch. `old` is the length of the image that is to be replaced. */
function reserveChange(tx: Transaction, table: TableRuntime, old: number, bytes: number): void {
  const txns = tx.context;
  reserveUndo(tx);
  reserveVersion(txns, old + ROW_HOME_BYTES);
  if (table.logged) takeCredit(txns.log, bytes, heapInsertBytes(old));
}

/** Step 2 and 3 for an update. */
function replaceImage(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
  guess: number,
): number {
  const txns = tx.context;
  const { ints, cache, log } = txns;
  const frame = latchRow(txns, page, slot);
  if (frame === NO_ROW) return ROW_GONE;
  const v = frameSegment(txns.shm, frame);
  const at = ints[PLACE_AT];
  const place = ints[PLACE_SLOT];
  const verdict = checkPlaced(tx, table, v, page, slot, guess);
  if (verdict !== ROW_DONE) {
    unlatchFrameUnchanged(txns.shm, frame);
    return verdict;
  }
  const old = ints[PLACE_ROW];
  const flags = compareKeys(txns, table, v, old, views, row) !== 0 ? VERSION_MARKED : 0;
  // SM-P2: from the change of a key on, the row says so.
  const rekeyed = flags !== 0 ? ROW_REKEYED : v.i32[(old + 12) >> 2] & ROW_REKEYED;
  views.i32[(row + 12) >> 2] = (views.i32[(row + 12) >> 2] & ~(ROW_LOCKED | ROW_REKEYED)) | rekeyed;
  const changed = changedWords(v.i32, old, views.i32, row);
  if (changed === WHOLE_IMAGES) return replaceWhole(tx, table, frame, page, slot, flags, views, row);
  const back = appendVersion(txns, tx.slot, table.id, page, slot, flags, v.i32, old);
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = back;
  addUndo(tx, UNDO_UPDATE, ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  const first = changed >>> 16;
  const words = changed & 0xffff;
  if (table.logged) {
    const bytes = heapChangeBytes(words);
    claim(tx, heapInsertBytes(ints[OLD_LENGTH]));
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
    startRecord(log, record, bytes, RECORD.heapChange, RECORD_GROUP_END, tx.number >>> 0, table.id, ints[PLACE_PAGE], place);
    logHeapChange(log as unknown as ByteViews, record, page, slot, tx.statement, changed, v, old, views.i32, row);
    heapChangeWords(v, at, place, tx.times[OWN_STAMP], back, first, words, views.i32, row + first * 4);
    publish(log, record, bytes);
    setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
    pageChanged(cache, frame, log.scratch);
  } else {
    heapChangeWords(v, at, place, tx.times[OWN_STAMP], back, first, words, views.i32, row + first * 4);
    pageTouched(cache, frame);
  }
  unlatchPage(cache, frame);
  return ROW_DONE;
}

/** The same where the images differ in more than some words, with a record that carries both. */
function replaceWhole(
  tx: Transaction,
  table: TableRuntime,
  frame: number,
  page: number,
  slot: number,
  flags: number,
  views: ByteViews,
  row: number,
): number {
  const txns = tx.context;
  const { ints, cache, log } = txns;
  const v = frameSegment(txns.shm, frame);
  const at = ints[PLACE_AT];
  const place = ints[PLACE_SLOT];
  const home = (v.i32[(ints[PLACE_ROW] + 12) >> 2] & ROW_BODY) === 0 ? 0 : ROW_HOME_BYTES;
  if (!heapResize(v, at, place, paddedLength(views.i32, row) + home)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return NO_ROOM;
  }
  const old = heapImageOffset(v, at, place);
  const oldLength = imageLength(v.i32, old);
  const back = appendVersion(txns, tx.slot, table.id, page, slot, flags, v.i32, old);
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = back;
  addUndo(tx, UNDO_UPDATE, ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  if (table.logged) {
    const bytes = heapUpdateBytes(oldLength, imageLength(views.i32, row));
    claim(tx, heapInsertBytes(oldLength));
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
    startRecord(log, record, bytes, RECORD.heapUpdate, RECORD_GROUP_END, tx.number >>> 0, table.id, ints[PLACE_PAGE], place);
    noteHome(log.u32, record, page, slot);
    const after = logHeapUpdateBefore(log as unknown as ByteViews, record, v.i32, old);
    logImage(log.i32, after, views.i32, row);
    heapWriteImage(v, at, place, views.i32, row);
    publish(log, record, bytes);
    setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
    pageChanged(cache, frame, log.scratch);
  } else {
    heapWriteImage(v, at, place, views.i32, row);
    pageTouched(cache, frame);
  }
  unlatchPage(cache, frame);
  return ROW_DONE;
}

/** The record names the page the row lies on now; undo finds it by its home (recovery-undo.ts). */
function noteHome(u32: Uint32Array, record: number, page: number, slot: number): void {
  setLogRecordAux32(u32, record, page);
  setLogRecordAux32Second(u32, record, slot);
}

/** Under the latch: conflict, and whether what was reserved suffices for the old image. */
function checkPlaced(tx: Transaction, table: TableRuntime, v: ByteViews, page: number, slot: number, guess: number): number {
  const { ints } = tx.context;
  const row = ints[PLACE_ROW];
  const verdict = checkChange(tx, table, v, row, page, slot);
  if (verdict !== ROW_DONE) return verdict;
  ints[OLD_LENGTH] = imageLength(v.i32, row);
  const txns = tx.context;
  const need = VERSION_BYTES + paddedLength(v.i32, row);
  return ints[OLD_LENGTH] > guess || txns.chunkUsed + need > txns.options.chunkBytes ? TOO_LONG : ROW_DONE;
}

/** Bits of the indexes whose keys differ between the old image (any layout) and the new one; also in txns.ints. */
function compareKeys(txns: Transactions, table: TableRuntime, v: ByteViews, old: number, views: ByteViews, row: number): number {
  const { indexes } = table;
  let from = v;
  let at = old;
  if (imageLayout(v.i32, old) !== table.layout.number) {
    table.upgrade(v, old, txns.other, 0);
    from = txns.other;
    at = 0;
  }
  let changed = 0;
  for (let index = 0; index < indexes.length; index++) {
    if (!indexes[index].sameKey(from, at, views, row)) changed |= 1 << Math.min(index, NAMED_INDEXES);
  }
  txns.ints[CHANGED_KEYS] = changed;
  return changed;
}

/** Step 4. A unique index that refuses after all takes the change of the heap back with it. */
function changeEntries(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
  entries: number,
  rows: number,
  lsn: number,
): RowStatus {
  const txns = tx.context;
  const changed = txns.ints[CHANGED_KEYS];
  const entry = tx.undoLast;
  for (let at = 0; at < table.indexes.length; at++) {
    if ((changed & (1 << Math.min(at, NAMED_INDEXES))) === 0) continue;
    let status: number = ROW_DONE;
    if (isListed(table.indexes[at])) {
      status = changeListed(tx, table, at, views, row, views.i32[(row + 8) >> 2], page, slot);
    } else {
      extractKey(txns, table.indexes[at], views, row, txns.key);
      if (refusesDuplicates(table.indexes[at], txns.key)) status = checkUnique(tx, table, at, txns.key, page, slot);
      if (status === ROW_DONE) status = insertEntry(tx, table, at, txns.key, page, slot);
    }
    if (status === ENTRY_NEW && at < NAMED_INDEXES) {
      setUndoEntrySpare(txns.heap.i32, entry, undoEntrySpare(txns.heap.i32, entry) | (1 << at));
    }
    if (status === ENTRY_NEW || status === ROW_DONE) continue;
    const { waitsFor } = tx;
    const metPage = tx.ints[ROW_PAGE];
    const metSlot = tx.ints[ROW_SLOT];
    undoTo(tx, entries, rows, lsn);
    tx.waitsFor = waitsFor;
    tx.ints[ROW_PAGE] = metPage;
    tx.ints[ROW_SLOT] = metSlot;
    return status as RowStatus;
  }
  return ROW_DONE;
}

/** Deletes row (page, slot): it stays as a tombstone until no snapshot sees it any more. Statuses as updateRow(). */
export function deleteRow(tx: Transaction, table: TableRuntime, page: number, slot: number): RowStatus {
  const txns = tx.context;
  beginWrite(tx, table);
  if (isRefused(tx, table)) return ROW_WAIT;
  if (tx.isolation === SERIALIZABLE && txns.hooks.rowChanged !== null) txns.hooks.rowChanged(tx, table, page, slot, -1);
  for (let guess = 256; ; ) {
    reserveChange(tx, table, guess, heapDeleteBytes(guess));
    const status = markDeleted(tx, table, page, slot, guess);
    if (status !== TOO_LONG) return status as RowStatus;
    guess = txns.ints[OLD_LENGTH];
  }
}

function markDeleted(tx: Transaction, table: TableRuntime, page: number, slot: number, guess: number): number {
  const txns = tx.context;
  const { ints, cache, log } = txns;
  const frame = latchRow(txns, page, slot);
  if (frame === NO_ROW) return ROW_GONE;
  const v = frameSegment(txns.shm, frame);
  const at = ints[PLACE_AT];
  const place = ints[PLACE_SLOT];
  const verdict = checkPlaced(tx, table, v, page, slot, guess);
  if (verdict !== ROW_DONE) {
    unlatchFrameUnchanged(txns.shm, frame);
    return verdict;
  }
  const row = ints[PLACE_ROW];
  const back = appendVersion(txns, tx.slot, table.id, page, slot, VERSION_MARKED | VERSION_DELETED, v.i32, row);
  addUndo(tx, UNDO_DELETE, ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  if (table.logged) {
    const length = imageLength(v.i32, row);
    const bytes = heapDeleteBytes(length);
    claim(tx, heapInsertBytes(length));
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
    startRecord(log, record, bytes, RECORD.heapDelete, RECORD_GROUP_END, tx.number >>> 0, table.id, ints[PLACE_PAGE], place);
    noteHome(log.u32, record, page, slot);
    logHeapDelete(log as unknown as ByteViews, record, tx.times[OWN_STAMP], v.i32, row);
    heapMarkDeleted(v, at, place, tx.times[OWN_STAMP], back);
    publish(log, record, bytes);
    setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
    pageChanged(cache, frame, log.scratch);
  } else {
    heapMarkDeleted(v, at, place, tx.times[OWN_STAMP], back);
    pageTouched(cache, frame);
  }
  unlatchPage(cache, frame);
  return ROW_DONE;
}

/**
 * Takes the row for this transaction without changing it, as strongly as an update would: its stamp is in flight, its image
 * the old one. For statements that lock what they select before they change it ('Conflicts', 1). Statuses as updateRow().
 */
export function lockRow(tx: Transaction, table: TableRuntime, page: number, slot: number): RowStatus {
  const txns = tx.context;
  beginWrite(tx, table);
  for (let guess = 256; ; ) {
    reserveUndo(tx);
    reserveVersion(txns, guess);
    const status = takeRow(tx, table, page, slot, guess);
    if (status !== TOO_LONG) return status as RowStatus;
    guess = txns.ints[OLD_LENGTH];
  }
}

function takeRow(tx: Transaction, table: TableRuntime, page: number, slot: number, guess: number): number {
  const txns = tx.context;
  const { ints } = txns;
  const frame = latchRow(txns, page, slot);
  if (frame === NO_ROW) return ROW_GONE;
  const v = frameSegment(txns.shm, frame);
  const verdict = checkPlaced(tx, table, v, page, slot, guess);
  const row = ints[PLACE_ROW];
  if (verdict !== ROW_DONE || v.f64[row >> 3] < 0) {
    // Its own in-flight stamp holds it already.
    unlatchFrameUnchanged(txns.shm, frame);
    return verdict;
  }
  holdRow(tx, table, v, frame, page, slot);
  unlatchPage(txns.cache, frame);
  return ROW_DONE;
}

/** Under the latch of its page: the row at PLACE_* carries this transaction's stamp from now on, its image is kept. Unlogged. */
export function holdRow(tx: Transaction, table: TableRuntime, v: ByteViews, frame: number, page: number, slot: number): void {
  const txns = tx.context;
  const row = txns.ints[PLACE_ROW];
  const back = appendVersion(txns, tx.slot, table.id, page, slot, VERSION_LOCK, v.i32, row);
  addUndo(tx, UNDO_LOCK, txns.ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  v.f64[row >> 3] = tx.times[OWN_STAMP];
  v.i32[(row + 8) >> 2] = back;
  clearAllVisible(v, txns.ints[PLACE_AT]);
  pageTouched(txns.cache, frame);
}
