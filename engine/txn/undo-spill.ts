/**
 * Undo lists in temporary pages: the first entries of a list that has grown past its share of the heap (TX-T15).
 *
 *   page header: slotCount = entries, right = next page of the list, extra0 = the one before (both -1 for none)
 *   byte 64: two pieces' entries, 254 of 32 bytes
 *
 * Spilling takes the two oldest resident pieces; rollback brings the last page back as two pieces; the stamper reads from the
 * first page on. Pages are the list's alone: nobody else looks at them.
 */

import { heapFree } from '../../shm/allocator.ts';
import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { latchNewPage, latchPage, pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import {
  pageExtra0,
  pageRight,
  pageSlotCount,
  setPageExtra0,
  setPageRight,
  setPageSlotCount,
} from '../storage/page.layout.gen.ts';
import { PAGE_HEADER_BYTES, PAGE_TYPE_VERSION } from '../storage/page.layout.ts';
import { copyWords } from '../storage/rows/byte-views.ts';
import { formatPage } from '../storage/space/format-page.ts';
import { freeTemporaryPages, takeTemporaryPages } from '../storage/space/temporary-pages.ts';
import type { Transactions } from './transactions.ts';
import {
  UNDO_ENTRY_BYTES,
  UNDO_PIECE_BYTES,
  setTxnSlotSpillFirst,
  setTxnSlotSpillLast,
  setTxnSlotUndoFirst,
  setTxnSlotUndoSpilled,
  setTxnSlotUndoPieces,
  setUndoPiecePrevious,
  txnSlotSpillFirst,
  txnSlotSpillLast,
  txnSlotUndoFirst,
  txnSlotUndoPieces,
  txnSlotUndoSpilled,
  undoPieceNext,
} from './txn.layout.gen.ts';
import { givePiece, linkPiece, PIECE_BYTES, PIECE_ENTRIES, takePiece } from './undo-piece.ts';

const HALF_BYTES = PIECE_ENTRIES * UNDO_ENTRY_BYTES;

/** Entries of a page. */
export const SPILLED_ENTRIES = PIECE_ENTRIES * 2;

const NONE = -1;

/** Moves the two oldest resident pieces, both full, to a temporary page, if the list has more than two. No latch. 53100. */
export function spillUndo(txns: Transactions, slot: number): void {
  const { i32 } = txns;
  if (txnSlotUndoPieces(i32, slot) <= 2) return;
  const first = txnSlotUndoFirst(i32, slot);
  const second = undoPieceNext(txns.heap.i32, first);
  const third = undoPieceNext(txns.heap.i32, second);
  const page = takeTemporaryPages(txns.space, 1);
  const before = txnSlotSpillLast(i32, slot);
  const frame = latchNewPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  formatPage(v, at, page, PAGE_TYPE_VERSION, 0);
  setPageSlotCount(v.u16, at, SPILLED_ENTRIES);
  setPageRight(v.u32, at, NONE);
  setPageExtra0(v.u32, at, before);
  copyWords(v.i32, at + PAGE_HEADER_BYTES, txns.heap.i32, first + UNDO_PIECE_BYTES, HALF_BYTES);
  copyWords(v.i32, at + PAGE_HEADER_BYTES + HALF_BYTES, txns.heap.i32, second + UNDO_PIECE_BYTES, HALF_BYTES);
  pageTouched(txns.cache, frame);
  unlatchPage(txns.cache, frame);
  if (before !== NONE) setNext(txns, before, page);
  // Whoever goes on for a dead thread finds these entries in one place, and counted there.
  enterCritical(txns.shm);
  if (before === NONE) setTxnSlotSpillFirst(i32, slot, page);
  setTxnSlotSpillLast(i32, slot, page);
  setTxnSlotUndoSpilled(i32, slot, txnSlotUndoSpilled(i32, slot) + SPILLED_ENTRIES);
  setTxnSlotUndoFirst(i32, slot, third);
  setUndoPiecePrevious(txns.heap.i32, third, 0);
  setTxnSlotUndoPieces(i32, slot, txnSlotUndoPieces(i32, slot) - 2);
  leaveCritical(txns.shm);
  heapFree(txns.shm, first, PIECE_BYTES);
  heapFree(txns.shm, second, PIECE_BYTES);
}

function setNext(txns: Transactions, page: number, next: number): void {
  const frame = latchPage(txns.cache, page);
  setPageRight(frameSegment(txns.shm, frame).u32, frameOffset(txns.shm, frame), next);
  pageTouched(txns.cache, frame);
  unlatchPage(txns.cache, frame);
}

/** Brings the last page back as two resident pieces; the list has no resident ones. For rollback. 53200 when the heap is full. */
export function fetchSpilledUndo(txns: Transactions, slot: number): void {
  const { i32 } = txns;
  const page = txnSlotSpillLast(i32, slot);
  assert(page !== NONE && txnSlotUndoPieces(i32, slot) === 0, 'entries come back when no others are resident');
  // What was undone before has left two pieces; the thread has kept one of them.
  const first = takePiece(txns);
  const second = first === 0 ? 0 : takePiece(txns);
  if (second === 0) {
    if (first !== 0) givePiece(txns, first);
    throw outOfMemory('the heap for undo lists', PIECE_BYTES);
  }
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const entries = pageSlotCount(v.u16, at);
  const before = pageExtra0(v.u32, at) | 0;
  copyWords(txns.heap.i32, first + UNDO_PIECE_BYTES, v.i32, at + PAGE_HEADER_BYTES, HALF_BYTES);
  copyWords(txns.heap.i32, second + UNDO_PIECE_BYTES, v.i32, at + PAGE_HEADER_BYTES + HALF_BYTES, HALF_BYTES);
  unlatchPage(txns.cache, frame);
  assert(entries === SPILLED_ENTRIES, 'a page of undo entries is full');
  enterCritical(txns.shm);
  linkPiece(txns, slot, first);
  linkPiece(txns, slot, second);
  setTxnSlotUndoSpilled(i32, slot, txnSlotUndoSpilled(i32, slot) - entries);
  setTxnSlotSpillLast(i32, slot, before);
  if (before === NONE) setTxnSlotSpillFirst(i32, slot, NONE);
  leaveCritical(txns.shm);
  // Who dies before this leaves a link to a page that is off the list: the next page to be spilled takes its place.
  if (before !== NONE) setNext(txns, before, NONE);
  freeTemporaryPages(txns.space, page, 1);
}

/** Copies the entries of the first page to txns.spill, from byte 0; returns how many. For the stamper. */
export function readFirstSpilled(txns: Transactions, slot: number): number {
  const page = txnSlotSpillFirst(txns.i32, slot);
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const entries = pageSlotCount(v.u16, at);
  copyWords(txns.spill.i32, 0, v.i32, at + PAGE_HEADER_BYTES, entries * UNDO_ENTRY_BYTES);
  unlatchPage(txns.cache, frame);
  return entries;
}

/** The page behind the first one, -1 if that is the last. */
export function nextSpilled(txns: Transactions, slot: number): number {
  const page = txnSlotSpillFirst(txns.i32, slot);
  if (page === txnSlotSpillLast(txns.i32, slot)) return NONE;
  const frame = latchPage(txns.cache, page);
  const next = pageRight(frameSegment(txns.shm, frame).u32, frameOffset(txns.shm, frame)) | 0;
  unlatchFrameUnchanged(txns.shm, frame);
  return next;
}

/** Takes the first page, with so many entries, off the list; returns it. In a critical section; the caller frees it behind that. */
export function unlinkFirstSpilled(txns: Transactions, slot: number, next: number, entries: number): number {
  const { i32 } = txns;
  const page = txnSlotSpillFirst(i32, slot);
  setTxnSlotSpillFirst(i32, slot, next);
  if (next === NONE) setTxnSlotSpillLast(i32, slot, NONE);
  setTxnSlotUndoSpilled(i32, slot, txnSlotUndoSpilled(i32, slot) - entries);
  return page;
}
