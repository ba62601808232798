/**
 * Changing some words of a row where it lies: the short way of an update that leaves the row's length, layout and index keys as
 * they are, right after the row was read.
 *
 *   1  the read left a witness: frame, version and place of the image it copied (row-read.ts)
 *   2  room for a back version and an undo entry, log credit                no latch
 *   3  latch the frame if its version is still the witness's                only tried: so the image is the one that was read
 *   4  old image -> back version; record of the words that differ; words in place; undo entry; unlatch
 *
 * Hot file: one latch, one reservation, no allocation, and nothing is looked up twice. Any doubt is answered with false, nothing
 * changed: row-update.ts does it the ordinary way.
 */

import { frameSegment } from '../../shm/shared-memory.ts';
import { tryLatchVersion, unlatchFrame, unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { pageChanged, pageTouched } from '../storage/cache/page-cache.ts';
import { changedWords, heapChangeBytes, logHeapChange } from '../storage/heap/heap-change.ts';
import { heapInsertBytes } from '../storage/heap/heap-records.ts';
import { heapRewriteWords } from '../storage/heap/heap-page.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { PREVIOUS, START } from '../storage/log/log-context.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_DELETED, ROW_LENGTH_MASK, ROW_OVERFLOW, ROW_PLACE_FLAGS } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { claim } from './index-change.ts';
import { COPY_AT, COPY_FRAME, COPY_PAGE, COPY_SLOT, COPY_VERSION } from './row-read.ts';
import {
  DEPENDENCY,
  OWN_BASE,
  OWN_LIMIT,
  OWN_STAMP,
  SEEN_STAMP,
  SERIALIZABLE,
  SNAPSHOT,
  type Transaction,
  WATCH,
} from './transactions.ts';
import { UNDO_RUN, UNDO_UPDATE } from './txn.layout.ts';
import { setTxnSlotLastLsn, txnSlotLastLsn } from './txn.layout.gen.ts';
import { addUndo, reserveUndo } from './undo.ts';
import { appendVersion, reserveVersion, RUN_STARTED } from './versions.ts';

const testing = TESTING;

/** What a row must not be for the short way: gone, somewhere else, perhaps locked, or with values in overflow chains. */
const UNUSUAL = ROW_DELETED | ROW_PLACE_FLAGS | ROW_OVERFLOW;

/**
 * Replaces row (page, slot) by the image at byte offset `row` of `views`, as updateRow() does: true. False: nothing was changed.
 * beginWrite() was called; no latch or hold. Errors: those of undo list, versions and credit, nothing changed.
 */
export function changeInPlace(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
): boolean {
  const txns = tx.context;
  const { ints, shm, log } = txns;
  if (ints[COPY_PAGE] !== page || ints[COPY_SLOT] !== slot || tx.isolation === SERIALIZABLE) return false;
  const length = paddedLength(views.i32, row);
  reserveUndo(tx);
  reserveVersion(txns, length);
  if (table.logged) takeCredit(log, heapChangeBytes(length >> 2), heapInsertBytes(length));
  const frame = ints[COPY_FRAME];
  if (testing) yieldPoint('change.reserved');
  if (!tryLatchVersion(shm, frame, ints[COPY_VERSION])) return false;
  if (testing) yieldPoint('change.latched');
  const v = frameSegment(shm, frame);
  const old = ints[COPY_AT];
  if (!mayChange(tx, table, v, old, views, row)) {
    unlatchFrameUnchanged(shm, frame);
    return false;
  }
  const changed = changedWords(v.i32, old, views.i32, row);
  const first = changed >>> 16;
  const words = changed & 0xffff;
  const back = appendVersion(txns, tx.slot, table.id, page, slot, 0, v.i32, old);
  views.f64[row >> 3] = tx.times[OWN_STAMP];
  views.i32[(row + 8) >> 2] = back;
  addUndo(tx, UNDO_UPDATE, ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  if (table.logged) {
    const bytes = heapChangeBytes(words);
    claim(tx, heapInsertBytes(views.i32[(row + 12) >> 2] & ROW_LENGTH_MASK));
    const record = reserve(log, bytes);
    log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
    startRecord(log, record, bytes, RECORD.heapChange, RECORD_GROUP_END, tx.number >>> 0, table.id, page, slot);
    logHeapChange(log as unknown as ByteViews, record, page, slot, tx.statement, changed, v, old, views.i32, row);
    heapRewriteWords(v, old, tx.times[OWN_STAMP], back, first, words, views.i32, row + first * 4);
    publish(log, record, bytes);
    setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
    pageChanged(txns.cache, frame, log.scratch);
  } else {
    heapRewriteWords(v, old, tx.times[OWN_STAMP], back, first, words, views.i32, row + first * 4);
    pageTouched(txns.cache, frame);
  }
  unlatchFrame(shm, frame);
  return true;
}

/** Under the latch: an ordinary row that the transaction sees as it is, whose length, layout and keys stay. */
function mayChange(tx: Transaction, table: TableRuntime, v: ByteViews, old: number, views: ByteViews, row: number): boolean {
  const { times } = tx;
  const word = v.i32[(old + 12) >> 2];
  if (word !== views.i32[(row + 12) >> 2] || (word & UNUSUAL) !== 0) return false;
  const stamp = v.f64[old >> 3];
  if (stamp < 0) {
    // Its own, and not above the statement's limit (TX-T4); anybody else's is looked at the ordinary way.
    if (times[OWN_BASE] === 0 || stamp > -times[OWN_BASE] || stamp < times[OWN_LIMIT]) return false;
  } else {
    if (stamp > times[SNAPSHOT]) return false;
    times[SEEN_STAMP] = stamp;
    if (stamp > times[WATCH] && stamp > times[DEPENDENCY]) times[DEPENDENCY] = stamp;
  }
  const { indexes } = table;
  for (let index = 0; index < indexes.length; index++) {
    const key = indexes[index].word;
    if (key >= 0) {
      if (v.i32[(old >> 2) + key] !== views.i32[(row >> 2) + key]) return false;
    } else if (!indexes[index].sameKey(v, old, views, row)) return false;
  }
  return true;
}
