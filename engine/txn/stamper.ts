/**
 * Stamping: after a commit every row of the transaction gets its commit stamp in place of the one in flight, then the slot is
 * given away (TX-T3). The committer does it for small transactions; others wait in their slots for a job (stampEnded).
 *
 *   for each undo entry, from the front: latch the row's page; stamp still this transaction's? store the commit stamp
 *                                        the back version it made carries this transaction's stamp too? the same
 *   a run of back versions is done       its chunk learns the stamp, and counts one run less
 *   a piece is done                      free it
 *   all is done                          the slot is free
 *
 * Stamping is not logged, but is a change (SM-W5): the page's LSN becomes at least the end of the commit record, its recovery
 * position at most the transaction's first: so recovery, which finds the pages a winner's records name, stamps them again.
 *
 * A stamper that dies leaves the slot to others; whoever goes on repeats at most a piece: an entry that is stamped
 * already is passed over.
 */

import { SqlError } from '../../shm/errors.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { storeInOrder } from '../../shm/in-order.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { latchPage, pageChanged, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapImageOffset, slotEntry } from '../storage/heap/heap-page.ts';
import { PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT, PAGE_KEYS_LEFT, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { pageFlags, pageOwner, pageSlotCount, pageType, setPageFlags, setPageGreatestStamp } from '../storage/page.layout.gen.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import {
  ROW_BODY,
  ROW_DELETED,
  ROW_FORWARD,
  ROW_LOCKED,
  ROW_REKEYED,
  stubBodyPage,
  stubBodySlot,
} from '../storage/rows/row-image.ts';
import { freeTemporaryPages } from '../storage/space/temporary-pages.ts';
import { isBodyOf } from './row-place.ts';
import { FORESEEN_MAX, foreseeRows } from './foresee-rows.ts';
import { releaseSlot } from './slots.ts';
import { stampNumber } from './stamps.ts';
import type { Transactions } from './transactions.ts';
import { TXN_STAMPABLE, TXN_STAMPING, UNDO_INSERT, UNDO_LOCK, UNDO_OTHER, UNDO_RUN, UNDO_VOID } from './txn.layout.ts';
import {
  TXN_SLOT_BYTES,
  TXN_SLOT_THREAD,
  UNDO_ENTRY_BYTES,
  UNDO_PIECE_BYTES,
  VERSION_BYTES,
  addTxnSharedStampQueue,
  compareExchangeTxnSlotState,
  loadTxnSharedStampQueue,
  loadTxnSlotNumber,
  loadTxnSlotStamp,
  loadTxnSlotState,
  setTxnSlotUndoCount,
  setTxnSlotWalked,
  setTxnSlotWalkedRuns,
  storeTxnSlotState,
  txnSlotCommitLsn,
  txnSlotFirstLsn,
  txnSlotUndoCount,
  txnSlotUndoFirst,
  txnSlotUndoPieces,
  txnSlotUndoSpilled,
  txnSlotWalked,
  txnSlotWalkedRuns,
  undoEntryBack,
  undoEntryCount,
  undoEntryFlags,
  undoEntryKind,
  undoEntryPage,
  undoEntrySlot,
  undoEntryTable,
} from './txn.layout.gen.ts';
import { releaseRow } from './undo-change.ts';
import { givePiece, PIECE_ENTRIES } from './undo-piece.ts';
import { freeUndo, unlinkFirstPiece } from './undo.ts';
import { nextSpilled, readFirstSpilled, unlinkFirstSpilled } from './undo-spill.ts';
import { chunkOfAddress, finishRun, noteStamp, residentVersion } from './versions.ts';

const testing = TESTING;

/** txns.scratch: the commit stamp that is given out. */
export const GIVEN = 5;

/** txns.ints: the chunk whose run is being walked, -1 = none; the number of the transaction. */
const RUN_CHUNK = 10;
const NUMBER = 11;
/** Runs met in the piece that is being walked. */
const RUNS_MET = 15;

/**
 * Stamps the rows of the transaction in `slot`, whose state is `from`: TXN_PRECOMMITTED for its committer, TXN_STAMPABLE for
 * others; and gives the slot away. With a budget it stops after so many
 * entries, at the end of a piece, and returns false: the slot waits for the next stamper. No latch, no hold. When a page cannot
 * be read (58030, XX001) the slot waits likewise.
 */
export function stampTransaction(txns: Transactions, slot: number, from: number, budget: number): boolean {
  const { i32, ints, scratch, heap } = txns;
  if (compareExchangeTxnSlotState(i32, slot, from, TXN_STAMPING) !== from) return false;
  storeInOrder(i32, (slot + TXN_SLOT_THREAD) >>> 2, txns.shm.thread + 1);
  scratch[GIVEN] = loadTxnSlotStamp(i32, slot);
  ints[NUMBER] = loadTxnSlotNumber(i32, slot);
  // A run that began in an earlier piece goes on: walked keeps its chunk + 1.
  ints[RUN_CHUNK] = txnSlotWalked(i32, slot) - 1;
  txns.stampLsns[0] = txnSlotFirstLsn(txns.f64, slot);
  txns.stampLsns[1] = txnSlotCommitLsn(txns.f64, slot);
  let left = budget;
  try {
    while (txnSlotUndoCount(i32, slot) > 0) {
      if (left <= 0) {
        storeTxnSlotState(i32, slot, TXN_STAMPABLE);
        return false;
      }
      left -= txnSlotUndoSpilled(i32, slot) > 0 ? stampSpilled(txns, slot) : stampPiece(txns, slot, heap, from === TXN_STAMPABLE);
    }
  } catch (error) {
    // A page that cannot be read now: whoever tries again goes on from here. Anything else ends this thread, and who buries it
    // finds the slot as it is.
    if (error instanceof SqlError) storeTxnSlotState(i32, slot, TXN_STAMPABLE);
    throw error;
  }
  if (ints[RUN_CHUNK] >= 0) endRun(txns, slot, 0);
  freeUndo(txns, slot);
  if (testing) yieldPoint('stamp.done');
  releaseSlot(txns, slot);
  return true;
}

/** The first resident piece; returns how many entries it had. `far`: its rows are not where who has just changed them left them. */
function stampPiece(txns: Transactions, slot: number, heap: ByteViews, far: boolean): number {
  const { i32 } = txns;
  const count = txnSlotUndoCount(i32, slot);
  const entries = txnSlotUndoPieces(i32, slot) > 1 ? PIECE_ENTRIES : count;
  const first = txnSlotUndoFirst(i32, slot) + UNDO_PIECE_BYTES;
  txns.ints[RUNS_MET] = 0;
  stampEntries(txns, slot, heap, first, entries, far);
  enterCritical(txns.shm);
  endPiece(txns, slot, entries);
  const piece = unlinkFirstPiece(txns, slot);
  leaveCritical(txns.shm);
  givePiece(txns, piece);
  return entries;
}

/** The first page of spilled entries. */
function stampSpilled(txns: Transactions, slot: number): number {
  const entries = readFirstSpilled(txns, slot);
  txns.ints[RUNS_MET] = 0;
  stampEntries(txns, slot, txns.spill, 0, entries, true);
  const next = nextSpilled(txns, slot);
  enterCritical(txns.shm);
  endPiece(txns, slot, entries);
  const page = unlinkFirstSpilled(txns, slot, next, entries);
  leaveCritical(txns.shm);
  freeTemporaryPages(txns.space, page, 1);
  return entries;
}

function stampEntries(txns: Transactions, slot: number, views: ByteViews, first: number, entries: number, far: boolean): void {
  for (let at = 0; at < entries; at++) {
    const entry = first + at * UNDO_ENTRY_BYTES;
    if (far && at % FORESEEN_MAX === 0) foreseeRows(txns.shm, views, entry, Math.min(FORESEEN_MAX, entries - at));
    stampEntry(txns, slot, views, entry);
  }
}

/** In one critical section with the unlinking of the piece: whoever goes on finds both done, or neither. */
function endPiece(txns: Transactions, slot: number, entries: number): void {
  setTxnSlotWalked(txns.i32, slot, txns.ints[RUN_CHUNK] + 1);
  setTxnSlotWalkedRuns(txns.i32, slot, 0);
  setTxnSlotUndoCount(txns.i32, slot, txnSlotUndoCount(txns.i32, slot) - entries);
}

/** The run in RUN_CHUNK is done with, once: `runs` of this piece have been met, or 0 after the last piece. */
function endRun(txns: Transactions, slot: number, runs: number): void {
  const chunk = txns.ints[RUN_CHUNK];
  noteStamp(txns, chunk, GIVEN);
  enterCritical(txns.shm);
  if (runs === 0) setTxnSlotWalked(txns.i32, slot, 0);
  else setTxnSlotWalkedRuns(txns.i32, slot, runs);
  finishRun(txns, chunk);
  leaveCritical(txns.shm);
}

function stampEntry(txns: Transactions, slot: number, views: ByteViews, entry: number): void {
  const flags = undoEntryFlags(views.u8, entry);
  const kind = undoEntryKind(views.u8, entry);
  const back = undoEntryBack(views.i32, entry);
  if ((flags & UNDO_RUN) !== 0) {
    const runs = ++txns.ints[RUNS_MET];
    // The stamper before this one may have died behind here: it has finished the runs it met.
    if (txns.ints[RUN_CHUNK] >= 0 && runs > txnSlotWalkedRuns(txns.i32, slot)) endRun(txns, slot, runs);
    txns.ints[RUN_CHUNK] = chunkOfAddress(txns, back);
  }
  if ((flags & UNDO_VOID) !== 0 || kind === UNDO_OTHER) return;
  const page = undoEntryPage(views.i32, entry);
  const rowSlot = undoEntrySlot(views.u16, entry);
  if (testing) yieldPoint('stamp.entry');
  if (kind === UNDO_LOCK) {
    releaseRow(txns, slot, page, rowSlot, back);
    return;
  }
  stampRows(txns, undoEntryTable(views.u32, entry), page, rowSlot, kind === UNDO_INSERT ? undoEntryCount(views.u16, entry) : 1);
  if (back !== 0) stampVersion(txns, back);
}

/** A page that left its table meanwhile (dropped, truncated by the same transaction) is not touched. */
function stampRows(txns: Transactions, table: number, page: number, firstSlot: number, count: number): void {
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  let changed = false;
  let bodies = 0;
  if (pageType(v.u8, at) === PAGE_TYPE_HEAP && pageOwner(v.u32, at) === table) {
    for (let slot = firstSlot; slot < firstSlot + count; slot++) {
      const row = heapImageOffset(v, at, slot);
      if (row < 0) continue;
      if ((v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0) bodies++;
      else if (giveStamp(txns, v, row)) changed = true;
    }
    if (changed && count > 1) noteAllVisible(v, at);
  }
  if (changed) pageStamped(txns, table, frame);
  unlatchPage(txns.cache, frame);
  for (let slot = firstSlot; bodies > 0 && slot < firstSlot + count; slot++) stampBody(txns, table, page, slot);
}

function stampBody(txns: Transactions, table: number, page: number, slot: number): void {
  for (;;) {
    const home = latchPage(txns.cache, page);
    const v = frameSegment(txns.shm, home);
    const row = heapImageOffset(v, frameOffset(txns.shm, home), slot);
    const forwarded = row >= 0 && (v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0;
    const bodyPage = forwarded ? stubBodyPage(v.i32, row) : 0;
    const bodySlot = forwarded ? stubBodySlot(v.i32, row) : 0;
    unlatchPage(txns.cache, home);
    if (!forwarded) return;
    const frame = latchPage(txns.cache, bodyPage);
    const views = frameSegment(txns.shm, frame);
    const body = heapImageOffset(views, frameOffset(txns.shm, frame), bodySlot);
    const found = body >= 0 && isBodyOf(views, body, page, slot);
    if (found && giveStamp(txns, views, body)) pageStamped(txns, table, frame);
    unlatchPage(txns.cache, frame);
    if (found) return;
  }
}

/** Stores the commit stamp if the row carries a stamp of the transaction that is stamped. */
function giveStamp(txns: Transactions, v: ByteViews, row: number): boolean {
  const stamp = v.f64[row >> 3];
  if (stamp >= 0 || (stampNumber(stamp) | 0) !== txns.ints[NUMBER]) return false;
  v.f64[row >> 3] = txns.scratch[GIVEN];
  return true;
}

function pageStamped(txns: Transactions, table: number, frame: number): void {
  const runtime = txns.findTable(table);
  if (runtime === undefined || runtime.logged) pageChanged(txns.cache, frame, txns.stampLsns);
  else pageTouched(txns.cache, frame);
}

/** The back version carries the stamp that its writer had; one in a temporary page may keep it (versions.ts says why). */
function stampVersion(txns: Transactions, back: number): void {
  const at = residentVersion(txns, back);
  if (at < 0) return;
  const image = (at + VERSION_BYTES) >> 3;
  const stamp = txns.versions.f64[image];
  if (stamp < 0 && (stampNumber(stamp) | 0) === txns.ints[NUMBER]) txns.versions.f64[image] = txns.scratch[GIVEN];
}

/**
 * Sets 'all rows visible' on a latched heap page, or a copy of one, if every row is a plain one with a commit stamp; and the
 * greatest of these (SM-P1). If none of them has had other keys, nor any that is gone, 'entries exact' as well (SM-P2). Returns true if
 * all are visible.
 */
export function noteAllVisible(v: ByteViews, at: number): boolean {
  const count = pageSlotCount(v.u16, at);
  let greatest = 0;
  let rekeyed = 0;
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(v.u32, at, slot);
    if (entry === 0) continue;
    const row = at + (entry & 0xffff);
    const stamp = v.f64[row >> 3];
    const word = v.i32[(row + 12) >> 2];
    if (stamp < 0 || (word & (ROW_DELETED | ROW_BODY | ROW_FORWARD | ROW_LOCKED)) !== 0) return false;
    if (stamp > greatest) greatest = stamp;
    rekeyed |= word;
  }
  const isExact = (rekeyed & ROW_REKEYED) === 0 && (pageFlags(v.u8, at) & PAGE_KEYS_LEFT) === 0;
  const exact = isExact ? PAGE_ENTRIES_EXACT : 0;
  setPageGreatestStamp(v.f64, at, greatest);
  setPageFlags(v.u8, at, (pageFlags(v.u8, at) & ~PAGE_ENTRIES_EXACT) | PAGE_ALL_VISIBLE | exact);
  return true;
}

/** Stamps transactions that wait for it, about `budget` entries in all; returns the entries it had left. For jobs and slices. */
export function stampEnded(txns: Transactions, budget: number): number {
  let left = budget;
  for (let at = 0; at <= txns.slotMask && left > 0; at++) {
    if (loadTxnSharedStampQueue(txns.i32, txns.shared) === 0) return left;
    const slot = txns.slotsBase + at * TXN_SLOT_BYTES;
    if (loadTxnSlotState(txns.i32, slot) !== TXN_STAMPABLE) continue;
    const entries = txnSlotUndoCount(txns.i32, slot);
    if (stampTransaction(txns, slot, TXN_STAMPABLE, left)) addTxnSharedStampQueue(txns.i32, txns.shared, -1);
    left -= entries;
  }
  return left;
}

/** Transactions that wait to be stamped. */
export const stampQueueLength = (txns: Transactions): number => loadTxnSharedStampQueue(txns.i32, txns.shared);
