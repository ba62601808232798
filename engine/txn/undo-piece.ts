/**
 * Pieces of undo lists: their size, and linking one to the end of a list (undo.ts).
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import type { ThreadNumber } from '../../shm/types.ts';
import type { Transactions } from './transactions.ts';
import {
  setTxnThreadSparePiece,
  TXN_THREAD_BYTES,
  TXN_THREAD_SPARE_PIECE,
  txnThreadSparePiece,
  setTxnSlotUndoFirst,
  setTxnSlotUndoLast,
  setTxnSlotUndoPieces,
  setUndoPieceNext,
  setUndoPiecePrevious,
  txnSlotUndoLast,
  txnSlotUndoPieces,
} from './txn.layout.gen.ts';

/** Bytes of a piece. */
export const PIECE_BYTES = 4096;
/** Entries of a piece. */
export const PIECE_ENTRIES = 127;

const spareWord = (txns: Transactions): number =>
  (txns.threadsBase + txns.shm.thread * TXN_THREAD_BYTES + TXN_THREAD_SPARE_PIECE) >>> 2;

/** Byte offset of a piece in the heap, 0 when that is full. The one that the thread has left over is the cheapest. */
export function takePiece(txns: Transactions): number {
  const word = spareWord(txns);
  const spare = txns.i32[word];
  if (spare === 0) return heapAllocate(txns.shm, PIECE_BYTES);
  txns.i32[word] = 0;
  return spare;
}

/** The piece is in no list any more. A thread keeps one: most transactions need no more, and the allocator's lists are long ways. */
export function givePiece(txns: Transactions, piece: number): void {
  const word = spareWord(txns);
  if (txns.i32[word] === 0) txns.i32[word] = piece;
  else heapFree(txns.shm, piece, PIECE_BYTES);
}

/** Frees what a thread has kept that leaves or is buried: zeroed first, for who buries may die as well. */
export function freeSpare(txns: Transactions, thread: ThreadNumber): void {
  const own = txns.threadsBase + thread * TXN_THREAD_BYTES;
  const spare = txnThreadSparePiece(txns.i32, own);
  setTxnThreadSparePiece(txns.i32, own, 0);
  if (spare !== 0) heapFree(txns.shm, spare, PIECE_BYTES);
}

/** Makes a piece (byte offset in the heap) the last one of the slot's list. */
export function linkPiece(txns: Transactions, slot: number, piece: number): void {
  const { i32 } = txns;
  const heap = txns.heap.i32;
  const last = txnSlotUndoLast(i32, slot);
  setUndoPieceNext(heap, piece, 0);
  setUndoPiecePrevious(heap, piece, last);
  // Whoever rolls back for a dead thread finds the list whole.
  enterCritical(txns.shm);
  if (last === 0) setTxnSlotUndoFirst(i32, slot, piece);
  else setUndoPieceNext(heap, last, piece);
  setTxnSlotUndoLast(i32, slot, piece);
  setTxnSlotUndoPieces(i32, slot, txnSlotUndoPieces(i32, slot) + 1);
  leaveCritical(txns.shm);
}
