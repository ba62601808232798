/**
 * Pieces of undo lists: their size, and linking one to the end of a list (undo.ts).
 */

import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import type { Transactions } from './transactions.ts';
import {
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
