/**
 * Changing some words of a row where it lies: the short way of an update that leaves the row's length, layout and index keys as
 * they are, right after the row was read.
 *
 *   1  the read left a witness: frame, version and place of the image it copied (row-read.ts)
 *   2  room for a back version and an undo entry, log credit                no latch
 *   3  latch the frame if its version is still the witness's                only tried: so the image is the one that was read
 *   4  old image -> back version; undo entry; record of the words that differ; words in place; unlatch
 *
 * Hot file: one latch, one reservation, no allocation, and nothing is looked up twice. Any doubt is answered with false, nothing
 * changed: row-update.ts does it the ordinary way.
 *
 * Step 4 is one function, longer than a screen, that writes each structure word by word through one view of its memory. To leave the
 * parts to those who do them elsewhere (versions.ts, undo.ts, heap-change.ts) costs a third of the whole update: each call hands over
 * ten numbers, which V8 tags and checks again, and reads and checks the arrays again.
 */

import { frameSegment } from '../../shm/shared-memory.ts';
import { tryLatchVersion, unlatchFrame, unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { pageChanged, pageTouched } from '../storage/cache/page-cache.ts';
import { changedWords, HOME_SLOT_BITS, heapChangeBytes } from '../storage/heap/heap-change.ts';
import { heapInsertBytes } from '../storage/heap/heap-records.ts';
import { clearAllVisible, heapRewriteWords, PAGE_BYTES } from '../storage/heap/heap-page.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { START } from '../storage/log/log-context.ts';
import {
  LOG_RECORD_AUX32,
  LOG_RECORD_AUX32_SECOND,
  LOG_RECORD_BYTES,
  LOG_RECORD_PAGE,
  LOG_RECORD_SLOT,
  LOG_RECORD_TABLE,
  LOG_RECORD_TRANSACTION,
  LOG_RECORD_TYPE,
  setLogRecordPrevious,
} from '../storage/log/log-record.layout.gen.ts';
import { publish, reserve } from '../storage/log/log.ts';
import { RECORD, RECORD_GROUP_END } from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import {
  paddedLength,
  ROW_DELETED,
  ROW_HEADER_BYTES,
  ROW_OVERFLOW,
  ROW_PLACE_FLAGS,
  ROW_REKEYED,
} from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { claim } from './index-change.ts';
import { COPY_AT, COPY_FRAME, COPY_PAGE, COPY_SLOT, COPY_VERSION } from './row-read.ts';
import { ASKED, RESOLVED, resolveStamp, STAMP_COMMITTED } from './slots.ts';
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
import {
  setTxnSlotLastLsn,
  setTxnSlotUndoCount,
  setUndoEntryBefore,
  setVersionChunkUsed,
  txnSlotLastChunk,
  txnSlotLastLsn,
  txnSlotUndoCount,
  UNDO_ENTRY_BACK,
  UNDO_ENTRY_BYTES,
  UNDO_ENTRY_PAGE,
  UNDO_ENTRY_SLOT,
  UNDO_ENTRY_SPARE,
  UNDO_ENTRY_TABLE,
  VERSION_BYTES,
  VERSION_CHUNK_BYTES,
  VERSION_LENGTH,
  VERSION_PAGE,
  VERSION_SLOT,
  VERSION_TABLE,
} from './txn.layout.gen.ts';
import { addUndo, reserveUndo } from './undo.ts';
import { appendVersion, reserveVersion, RUN_STARTED, startRun } from './versions.ts';
import { isOwn } from './visibility.ts';

const testing = TESTING;

const HEADER_WORDS = ROW_HEADER_BYTES >> 2;

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
  if (table.logged) writeLogged(tx, table, page, slot, views, row, frame, v, old, length);
  else writeUnlogged(tx, table, page, slot, views, row, frame, v, old);
  unlatchFrame(shm, frame);
  return true;
}

/** Step 4 but for the unlatching: `length` bytes of image, padded. */
function writeLogged(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
  frame: number,
  v: ByteViews,
  old: number,
  length: number,
): void {
  const txns = tx.context;
  const { i32, f64, log, versions, heap, chunk, chunkUsed } = txns;
  const txnSlot = tx.slot;
  const tableId = table.id;
  const now = v.i32;
  const next = views.i32;
  const from = old >> 2;
  const to = row >> 2;
  const words = length >> 2;

  // The back version, and while it is copied, where the images differ (VERSION, versions.ts).
  const kept = versions.i32;
  let at = (txns.chunkPlace + chunkUsed) >> 2;
  kept[at + (VERSION_TABLE >> 2)] = tableId;
  kept[at + (VERSION_PAGE >> 2)] = page;
  kept[at + (VERSION_SLOT >> 2)] = slot; // and flags, which are 0
  kept[at + (VERSION_LENGTH >> 2)] = VERSION_BYTES + length;
  at += VERSION_BYTES >> 2;
  for (let word = 0; word < HEADER_WORDS; word++) kept[at + word] = now[from + word];
  let first = 0;
  let last = HEADER_WORDS - 1;
  for (let word = HEADER_WORDS; word < words; word++) {
    const before = now[from + word];
    kept[at + word] = before;
    if (before === next[to + word]) continue;
    if (first === 0) first = word;
    last = word;
  }
  if (first === 0) first = HEADER_WORDS;
  const changes = last - first + 1;
  const back = (chunk << txns.unitShift) | (chunkUsed >>> 3);
  const used = chunkUsed + VERSION_BYTES + length;
  txns.chunkUsed = used;
  setVersionChunkUsed(i32, txns.chunksBase + chunk * VERSION_CHUNK_BYTES, used);
  const isRun = txnSlotLastChunk(i32, txnSlot) !== chunk;
  if (isRun) startRun(txns, txnSlot);
  if (testing) yieldPoint('versions.appended');

  // The undo entry (UNDO_ENTRY, undo.ts): kind, flags and count are one word.
  const entries = heap.i32;
  const entry = tx.undoAt;
  const lastLsn = txnSlotLastLsn(f64, txnSlot);
  entries[entry >> 2] = UNDO_UPDATE | (isRun ? UNDO_RUN << 8 : 0) | (1 << 16);
  entries[(entry + UNDO_ENTRY_TABLE) >> 2] = tableId;
  entries[(entry + UNDO_ENTRY_PAGE) >> 2] = page;
  entries[(entry + UNDO_ENTRY_SLOT) >> 2] = slot;
  entries[(entry + UNDO_ENTRY_BACK) >> 2] = back;
  entries[(entry + UNDO_ENTRY_SPARE) >> 2] = 0;
  setUndoEntryBefore(heap.f64, entry, lastLsn);
  tx.undoLast = entry;
  tx.undoAt = entry + UNDO_ENTRY_BYTES;
  if (testing) yieldPoint('undo.written');
  setTxnSlotUndoCount(i32, txnSlot, txnSlotUndoCount(i32, txnSlot) + 1);

  // The record (LOG_RECORD, heap-change.ts), and the words in place.
  const bytes = heapChangeBytes(changes);
  claim(tx, heapInsertBytes(length));
  const record = reserve(log, bytes);
  const ring = log.i32;
  let write = record >> 2;
  ring[write] = bytes;
  ring[write + (LOG_RECORD_TYPE >> 2)] = RECORD.heapChange | (RECORD_GROUP_END << 8) | (first << 16);
  ring[write + (LOG_RECORD_TRANSACTION >> 2)] = tx.number;
  ring[write + (LOG_RECORD_TABLE >> 2)] = tableId;
  setLogRecordPrevious(log.f64, record, lastLsn);
  ring[write + (LOG_RECORD_PAGE >> 2)] = page;
  ring[write + (LOG_RECORD_SLOT >> 2)] = slot | (changes << 16);
  ring[write + (LOG_RECORD_AUX32 >> 2)] = page;
  ring[write + (LOG_RECORD_AUX32_SECOND >> 2)] = slot | (tx.statement << HOME_SLOT_BITS);
  write += LOG_RECORD_BYTES >> 2;
  ring[write] = now[from];
  ring[write + 1] = now[from + 1];
  write += 2;
  for (let word = first; word <= last; word++, write++) {
    const after = next[to + word];
    ring[write] = now[from + word];
    ring[write + changes] = after;
    now[from + word] = after;
  }
  v.f64[old >> 3] = tx.times[OWN_STAMP];
  now[(old + 8) >> 2] = back;
  clearAllVisible(v, old & ~(PAGE_BYTES - 1));
  publish(log, record, bytes);
  setTxnSlotLastLsn(f64, txnSlot, log.scratch[START]);
  pageChanged(txns.cache, frame, log.scratch);
}

/** The same for a table without log. */
function writeUnlogged(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  views: ByteViews,
  row: number,
  frame: number,
  v: ByteViews,
  old: number,
): void {
  const txns = tx.context;
  const changed = changedWords(v.i32, old, views.i32, row);
  const first = changed >>> 16;
  const back = appendVersion(txns, tx.slot, table.id, page, slot, 0, v.i32, old);
  addUndo(tx, UNDO_UPDATE, txns.ints[RUN_STARTED] !== 0 ? UNDO_RUN : 0, table.id, page, slot, back, 0);
  heapRewriteWords(v, old, tx.times[OWN_STAMP], back, first, changed & 0xffff, views.i32, row + first * 4);
  pageTouched(txns.cache, frame);
}

/** Under the latch: an ordinary row that the transaction sees as it is, whose length, layout and keys stay. */
function mayChange(tx: Transaction, table: TableRuntime, v: ByteViews, old: number, views: ByteViews, row: number): boolean {
  const { times } = tx;
  const word = v.i32[(old + 12) >> 2];
  if (((word ^ views.i32[(row + 12) >> 2]) & ~ROW_REKEYED) !== 0 || (word & UNUSUAL) !== 0) return false;
  const { indexes } = table;
  for (let index = 0; index < indexes.length; index++) {
    const key = indexes[index].word;
    if (key >= 0) {
      if (v.i32[(old >> 2) + key] !== views.i32[(row >> 2) + key]) return false;
    } else if (!indexes[index].sameKey(v, old, views, row)) return false;
  }
  const stamp = v.f64[old >> 3];
  if (stamp < 0) {
    // Its own, and not above the statement's limit (TX-T4).
    if (times[OWN_BASE] !== 0 && stamp <= -times[OWN_BASE] && stamp >= times[OWN_LIMIT]) return true;
    return resolveOld(tx, v, old);
  }
  if (stamp > times[SNAPSHOT]) return false;
  times[SEEN_STAMP] = stamp;
  if (stamp > times[WATCH] && stamp > times[DEPENDENCY]) times[DEPENDENCY] = stamp;
  return true;
}

/**
 * A stamp in flight: if its transaction has committed, and the snapshot sees that, the row gets the stamp it is going to have, before it
 * is copied (TX-T3). False: nothing was changed, and anything else is looked at the ordinary way.
 */
function resolveOld(tx: Transaction, v: ByteViews, old: number): boolean {
  const txns = tx.context;
  const { scratch } = txns;
  const { times } = tx;
  if (isOwn(tx, v, old)) return false;
  scratch[ASKED] = v.f64[old >> 3];
  if (resolveStamp(txns) !== STAMP_COMMITTED || scratch[RESOLVED] > times[SNAPSHOT]) return false;
  const stamp = scratch[RESOLVED];
  times[SEEN_STAMP] = stamp;
  if (stamp > times[WATCH] && stamp > times[DEPENDENCY]) times[DEPENDENCY] = stamp;
  v.f64[old >> 3] = stamp;
  if (testing) yieldPoint('change.resolved');
  return true;
}
