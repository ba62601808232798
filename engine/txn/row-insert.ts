/**
 * Inserting a row: unique checks, the heap row, its index entries (SM-B1, SM-B3). Rows that come in the order of their key are
 * appended (row-append.ts); this is the way of all others.
 *
 *   1  keys of unique indexes: look for others that have them         nothing changed yet, so a duplicate costs no log
 *   2  undo entry, log credit                                        reserved before the latch (SM-W1)
 *   3  latch the thread's insert page; slot, image, record, undo entry; unlatch
 *   4  an entry into each index; if a unique one refuses after all, the row is undone
 *
 * Hot file: one latch, one reservation in the log, one copy of the image into the page and one into the log, an undo entry
 * joined with the last one. No allocation.
 */

import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { latchPage, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapPlace, heapWriteImage, NO_SLOT } from '../storage/heap/heap-page.ts';
import { heapInsertBytes, logHeapInsert } from '../storage/heap/heap-records.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { PREVIOUS, START } from '../storage/log/log-context.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_LOCKED, ROW_REKEYED } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { beginWrite, isRefused } from './begin.ts';
import { appendNext } from './append-next.ts';
import { appendRow } from './row-append.ts';
import { claim, ENTRY_NEW, extractKey, insertEntry, refusesDuplicates } from './index-change.ts';
import { insertListed, isListed } from './index-keys.ts';
import { insertPageOf, nextInsertPage } from './insert-page.ts';
import { undoTo } from './rollback.ts';
import {
  OWN_STAMP,
  ROW_DONE,
  ROW_PAGE,
  ROW_SLOT,
  ROW_WAIT,
  type RowStatus,
  SERIALIZABLE,
  type Transaction,
} from './transactions.ts';
import { setTxnSlotLastLsn, txnSlotLastLsn } from './txn.layout.gen.ts';
import { addInsertUndo, INSERT_UNDO_BYTES, reserveUndo, undoEntries, undoRowsInLast } from './undo.ts';
import { checkUnique } from './unique.ts';

const testing = TESTING;

/**
 * Inserts the image at byte offset `row` of `views` (the table's current layout; stamp and back are set here). ROW_DONE: it
 * lies at tx.ints[ROW_PAGE], [ROW_SLOT]. ROW_DUPLICATE and ROW_WAIT: nothing was done. Errors: 53100, 53200, 53300, 54000,
 * 25006; after one the statement is to be undone.
 */
export function insertRow(tx: Transaction, table: TableRuntime, views: ByteViews, row: number): RowStatus {
  const txns = tx.context;
  const indexes = table.indexes;
  beginWrite(tx, table);
  if (isRefused(tx, table)) return ROW_WAIT;
  if (appendNext(tx, table, views, row) || appendRow(tx, table, views, row)) return ROW_DONE;
  for (let at = 0; at < indexes.length; at++) {
    const index = indexes[at];
    if (!index.unique) continue;
    extractKey(txns, index, views, row, txns.key);
    if (!refusesDuplicates(index, txns.key)) continue;
    const verdict = checkUnique(tx, table, at, txns.key, 0, 0);
    if (verdict !== ROW_DONE) return verdict;
  }
  const entries = undoEntries(tx);
  const rows = undoRowsInLast(tx);
  const lsn = txnSlotLastLsn(txns.f64, tx.slot);
  placeRow(tx, table, views, row);
  if (tx.isolation === SERIALIZABLE && txns.hooks.rowChanged !== null) {
    txns.hooks.rowChanged(tx, table, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT], row);
  }
  if (testing) yieldPoint('insert.placed');
  for (let at = 0; at < indexes.length; at++) {
    const page = tx.ints[ROW_PAGE];
    const slot = tx.ints[ROW_SLOT];
    if (isListed(indexes[at])) {
      insertListed(tx, table, at, views, row, page, slot);
      continue;
    }
    // The key of a table's only index is still there from the check.
    if (indexes.length > 1 || !indexes[at].unique) extractKey(txns, indexes[at], views, row, txns.key);
    const status = insertEntry(tx, table, at, txns.key, page, slot);
    if (status === ENTRY_NEW || status === ROW_DONE) continue;
    const waitsFor = tx.waitsFor;
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

/** The heap part: where it lies is in tx.ints. */
function placeRow(tx: Transaction, table: TableRuntime, views: ByteViews, row: number): void {
  const txns = tx.context;
  const { cache, log, shm } = txns;
  const { logged } = table;
  const length = imageLength(views.i32, row);
  const bytes = heapInsertBytes(length);
  reserveUndo(tx);
  // Before the credit is taken: a page that is added uses it up.
  let page = insertPageOf(txns, table);
  if (logged) {
    // Whichever rows this one is taken back with: it may begin an entry that rows are appended to, and be undone alone.
    takeCredit(log, bytes, INSERT_UNDO_BYTES);
    claim(tx, INSERT_UNDO_BYTES);
  }
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = 0;
  views.i32[(row + 12) >> 2] &= ~(ROW_LOCKED | ROW_REKEYED);
  for (;;) {
    const frame = latchPage(cache, page);
    const v = frameSegment(shm, frame);
    const at = frameOffset(shm, frame);
    const slot = heapPlace(v, at, length);
    if (slot === NO_SLOT) {
      unlatchFrameUnchanged(shm, frame);
      nextInsertPage(txns, table, page, length);
      page = insertPageOf(txns, table);
      if (logged) takeCredit(log, bytes);
      continue;
    }
    heapWriteImage(v, at, slot, views.i32, row);
    addInsertUndo(tx, table.id, page, slot);
    if (logged) {
      const record = reserve(log, bytes);
      log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
      startRecord(log, record, bytes, RECORD.heapInsert, RECORD_GROUP_END, tx.number >>> 0, table.id, page, slot);
      logHeapInsert(log as unknown as ByteViews, record, views.i32, row);
      publish(log, record, bytes);
      setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
      pageChanged(cache, frame, log.scratch);
    } else pageTouched(cache, frame);
    unlatchPage(cache, frame);
    txns.insertFrames[table.id & 63] = frame;
    tx.ints[ROW_PAGE] = page;
    tx.ints[ROW_SLOT] = slot;
    return;
  }
}
