/**
 * Undo lists (TX-T15): what a transaction has changed, in order, in the heap segment, so that any thread can stamp its rows
 * or roll it back.
 *
 *   slot.undoFirst -> piece -> piece -> ... -> slot.undoLast       4 KiB each: header, 127 entries of 32 bytes
 *   slot.spillFirst -> page -> ... -> slot.spillLast               the first entries, once the list is long (undo-spill.ts)
 *
 * Inserts of rows into one page, in slots that follow each other, are one entry. A mark (savepoint, start of a statement) is a
 * number of entries and a number of rows in the last one. Rollback takes entries off the end; the stamper walks from the front.
 *
 * Room for an entry is reserved before the page latch; addUndo() runs under it and can not fail. While a transaction runs, only
 * its thread touches the list; the count in the slot is written after the entry, so that whoever buries the thread finds
 * whole entries only.
 *
 * Hot: one entry a change. No allocation but of pieces.
 */

import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { HEAP_FREE_SLOT_BYTES } from '../storage/heap/heap-records.ts';
import type { Transaction, Transactions } from './transactions.ts';
import { UNDO_INSERT } from './txn.layout.ts';
import {
  UNDO_ENTRY_BACK,
  UNDO_ENTRY_BYTES,
  UNDO_ENTRY_PAGE,
  UNDO_ENTRY_SLOT,
  UNDO_ENTRY_SPARE,
  UNDO_ENTRY_TABLE,
  UNDO_PIECE_BYTES,
  setTxnSlotUndoCount,
  setTxnSlotUndoFirst,
  setTxnSlotUndoLast,
  setTxnSlotUndoPieces,
  setUndoEntryBefore,
  setUndoEntryCount,
  setUndoPieceNext,
  setUndoPiecePrevious,
  txnSlotLastLsn,
  txnSlotUndoCount,
  txnSlotUndoFirst,
  txnSlotUndoLast,
  txnSlotUndoPieces,
  txnSlotUndoSpilled,
  undoEntryCount,
  undoEntryKind,
  undoEntryPage,
  undoEntrySlot,
  undoEntryTable,
  undoPieceNext,
  undoPiecePrevious,
} from './txn.layout.gen.ts';
import { givePiece, linkPiece, PIECE_BYTES, PIECE_ENTRIES, takePiece } from './undo-piece.ts';
import { fetchSpilledUndo, spillUndo } from './undo-spill.ts';

const testing = TESTING;

/**
 * What an insert that begins an entry claims for its heap part (SM-W7): one record frees all rows of an entry, and one before it
 * those from a mark on. More than one mark never lies inside an entry: a savepoint ends it (begin.ts), and what was taken back to
 * the start of a statement is joined by nothing.
 */
export const INSERT_UNDO_BYTES = 2 * HEAP_FREE_SLOT_BYTES;

/** Rows that one entry can stand for. */
const ROWS_MAX = 65535;

/** Makes sure that the next entry has room. No latch, no hold. 53200 when the heap is full. */
export function reserveUndo(tx: Transaction): void {
  if (tx.undoAt !== tx.undoEnd) return;
  addPiece(tx);
}

function addPiece(tx: Transaction): void {
  const txns = tx.context;
  const slot = tx.slot;
  if ((txnSlotUndoPieces(txns.i32, slot) + 1) * PIECE_BYTES > txns.options.undoBytes) spillUndo(txns, slot);
  let piece = takePiece(txns);
  if (piece === 0) {
    spillUndo(txns, slot);
    piece = takePiece(txns);
    if (piece === 0) throw outOfMemory('the heap for undo lists', PIECE_BYTES);
  }
  linkPiece(txns, slot, piece);
  tx.undoPiece = piece;
  tx.undoAt = piece + UNDO_PIECE_BYTES;
  tx.undoEnd = piece + UNDO_PIECE_BYTES + PIECE_ENTRIES * UNDO_ENTRY_BYTES;
  tx.undoLast = 0;
}

/**
 * Adds an entry for a change of row (page, slot). Its `before` is the transaction's last record so far, so it is called before
 * the change's record is noted. reserveUndo() was called. A spare of UNDO_OTHER is its own.
 */
export function addUndo(
  tx: Transaction,
  kind: number,
  flags: number,
  table: number,
  page: number,
  rowSlot: number,
  back: number,
  spare: number,
): void {
  const { heap, i32, f64 } = tx.context;
  const at = tx.undoAt;
  // Written by words through one view: with one for each width it takes V8 twice as long.
  const words = heap.i32;
  const word = at >> 2;
  words[word] = kind | (flags << 8) | (1 << 16);
  words[word + (UNDO_ENTRY_TABLE >> 2)] = table;
  words[word + (UNDO_ENTRY_PAGE >> 2)] = page;
  words[word + (UNDO_ENTRY_SLOT >> 2)] = rowSlot;
  words[word + (UNDO_ENTRY_BACK >> 2)] = back;
  words[word + (UNDO_ENTRY_SPARE >> 2)] = spare;
  setUndoEntryBefore(heap.f64, at, txnSlotLastLsn(f64, tx.slot));
  tx.undoLast = at;
  tx.undoAt = at + UNDO_ENTRY_BYTES;
  if (testing) yieldPoint('undo.written');
  setTxnSlotUndoCount(i32, tx.slot, txnSlotUndoCount(i32, tx.slot) + 1);
}

/** Whether an insert belongs to the last entry: that is about the slots right before it. */
export function insertJoins(tx: Transaction, table: number, page: number, rowSlot: number): boolean {
  const last = tx.undoLast;
  if (last === 0) return false;
  const { u8, u16, i32, u32 } = tx.context.heap;
  const count = undoEntryCount(u16, last);
  return (
    undoEntryKind(u8, last) === UNDO_INSERT &&
    undoEntryPage(i32, last) === page &&
    undoEntrySlot(u16, last) + count === rowSlot &&
    undoEntryTable(u32, last) === table &&
    count < ROWS_MAX
  );
}

/** Has the last entry stand for one row more. */
export function joinInsert(tx: Transaction): void {
  const { u16 } = tx.context.heap;
  setUndoEntryCount(u16, tx.undoLast, undoEntryCount(u16, tx.undoLast) + 1);
}

/** Adds an insert, to the last entry if it belongs there. */
export function addInsertUndo(tx: Transaction, table: number, page: number, rowSlot: number): void {
  if (insertJoins(tx, table, page, rowSlot)) joinInsert(tx);
  else addUndo(tx, UNDO_INSERT, 0, table, page, rowSlot, 0, 0);
}

/** Entries in all, and rows in the last one: a position in the list. */
export const undoEntries = (tx: Transaction): number => (tx.slot === 0 ? 0 : txnSlotUndoCount(tx.context.i32, tx.slot));
export const undoRowsInLast = (tx: Transaction): number =>
  tx.undoLast === 0 ? 0 : undoEntryCount(tx.context.heap.u16, tx.undoLast);

/** Byte offset in the heap of the last entry; 0: the list is empty. Brings spilled entries back if it must. */
export function lastUndo(txns: Transactions, slot: number): number {
  const { i32 } = txns;
  for (;;) {
    const count = txnSlotUndoCount(i32, slot);
    const resident = count - txnSlotUndoSpilled(i32, slot);
    const pieces = txnSlotUndoPieces(i32, slot);
    const inLast = resident - (pieces - 1) * PIECE_ENTRIES;
    if (pieces > 0 && inLast > 0) {
      assert(inLast <= PIECE_ENTRIES, 'the count of an undo list says where its last entry lies');
      return txnSlotUndoLast(i32, slot) + UNDO_PIECE_BYTES + (inLast - 1) * UNDO_ENTRY_BYTES;
    }
    if (count === 0) return 0;
    if (pieces > 0) dropLastPiece(txns, slot);
    else fetchSpilledUndo(txns, slot);
  }
}

/** Takes the last entry off: it has been undone. */
export function dropLastUndo(txns: Transactions, slot: number): void {
  setTxnSlotUndoCount(txns.i32, slot, txnSlotUndoCount(txns.i32, slot) - 1);
}

function dropLastPiece(txns: Transactions, slot: number): void {
  const { i32 } = txns;
  const piece = txnSlotUndoLast(i32, slot);
  const previous = undoPiecePrevious(txns.heap.i32, piece);
  // Who rolls back for a dead thread finds the list whole; a piece that was just unlinked is lost with it.
  enterCritical(txns.shm);
  setTxnSlotUndoLast(i32, slot, previous);
  if (previous === 0) setTxnSlotUndoFirst(i32, slot, 0);
  else setUndoPieceNext(txns.heap.i32, previous, 0);
  setTxnSlotUndoPieces(i32, slot, txnSlotUndoPieces(i32, slot) - 1);
  leaveCritical(txns.shm);
  givePiece(txns, piece);
}

/** After entries were taken off: where the transaction's next entry goes. */
export function resumeUndo(tx: Transaction): void {
  const txns = tx.context;
  tx.undoLast = 0;
  const last = lastUndo(txns, tx.slot);
  const piece = txnSlotUndoLast(txns.i32, tx.slot);
  tx.undoPiece = piece;
  if (piece === 0) {
    tx.undoAt = 0;
    tx.undoEnd = 0;
    return;
  }
  tx.undoAt = last === 0 ? piece + UNDO_PIECE_BYTES : last + UNDO_ENTRY_BYTES;
  tx.undoEnd = piece + UNDO_PIECE_BYTES + PIECE_ENTRIES * UNDO_ENTRY_BYTES;
}

/** Takes the first resident piece off the list; returns it. In a critical section; the caller frees it behind that. */
export function unlinkFirstPiece(txns: Transactions, slot: number): number {
  const { i32 } = txns;
  const piece = txnSlotUndoFirst(i32, slot);
  const next = undoPieceNext(txns.heap.i32, piece);
  setTxnSlotUndoFirst(i32, slot, next);
  if (next === 0) setTxnSlotUndoLast(i32, slot, 0);
  else setUndoPiecePrevious(txns.heap.i32, next, 0);
  setTxnSlotUndoPieces(i32, slot, txnSlotUndoPieces(i32, slot) - 1);
  return piece;
}

/** Frees what is left of the list: every entry has been stamped or undone. */
export function freeUndo(txns: Transactions, slot: number): void {
  while (txnSlotUndoFirst(txns.i32, slot) !== 0) {
    enterCritical(txns.shm);
    const piece = unlinkFirstPiece(txns, slot);
    leaveCritical(txns.shm);
    givePiece(txns, piece);
  }
  setTxnSlotUndoCount(txns.i32, slot, 0);
}
export { PIECE_ENTRIES } from './undo-piece.ts';
