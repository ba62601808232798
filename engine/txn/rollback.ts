/**
 * Rollback: of a transaction, to a savepoint, of a statement that is run again (SM-W7, 'Conflicts').
 *
 *   transaction   state aborting; the whole list backwards; abort record; slot free
 *   savepoint     backwards to the mark
 *   statement     to its start. With its locks kept: what it changed stays held by this transaction, unchanged, so that the
 *                 next run gets further ('Conflicts', 1)
 *
 * For the log there is room: file credit comes from what the changes claimed. A page that has to be read may find all frames dirty,
 * and the disk full: a transaction is then left to whoever finds it, as one whose thread is dead (TX-T15); it will not commit, and
 * whoever waits for it gets 53100. Of a statement or a savepoint the error is told, and the transaction can only be rolled back.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { awaitHorizon, writeAbort } from '../storage/log/commit.ts';
import { takeEndCredit } from '../storage/log/credit.ts';
import { PREVIOUS } from '../storage/log/log-context.ts';
import { sessionAt } from './sessions.ts';
import { releaseSlot } from './slots.ts';
import { dropSnapshot } from './snapshot.ts';
import { OWN_STAMP, type Savepoint, type Transaction, type Transactions } from './transactions.ts';
import { TXN_ABORTING, TXN_ORPHANED } from './txn.layout.ts';
import {
  TXN_SLOT_BYTES,
  addTxnSharedUndoQueue,
  compareExchangeTxnSlotState,
  compareExchangeTxnSlotThread,
  loadTxnSharedUndoQueue,
  loadTxnSlotNumber,
  loadTxnSlotState,
  storeSessionTransaction,
  storeTxnSlotSession,
  storeTxnSlotState,
  storeTxnSlotThread,
  txnSlotLastLsn,
  txnSlotUndoCount,
  txnSlotUndoCredit,
  txnSlotUndoLast,
  txnSlotUndoSpilled,
  undoEntryCount,
  undoPiecePrevious,
  UNDO_ENTRY_BYTES,
  UNDO_PIECE_BYTES,
} from './txn.layout.gen.ts';
import { HOLD_STAMP, KEEP_LOCK, LET_GO, MARK_GROWN, MARK_LSN, releaseClaim, undoEntry } from './undo-change.ts';
import { PIECE_ENTRIES } from './undo-piece.ts';
import { freeUndo, lastUndo, resumeUndo } from './undo.ts';

const testing = TESTING;

/**
 * Undoes what the transaction did since a mark: entries, rows in the last of them, its last record then, and the rows that had if it
 * has grown since (0: it has not).
 */
export function undoTo(tx: Transaction, entries: number, rows: number, lsn: number, grown = 0): void {
  if (tx.slot === 0) return;
  tx.context.scratch[MARK_GROWN] = grown;
  const { failed } = tx;
  // Half of it may be left.
  tx.failed = true;
  undoDownTo(tx.context, tx.slot, entries, rows, lsn);
  tx.failed = failed;
  resumeUndo(tx);
}

function undoDownTo(txns: Transactions, slot: number, entries: number, rows: number, lsn: number): void {
  txns.scratch[MARK_LSN] = lsn;
  for (;;) {
    const count = txnSlotUndoCount(txns.i32, slot);
    if (count < entries || count === 0) return;
    const entry = lastUndo(txns, slot);
    if (count === entries) {
      if (undoEntryCount(txns.heap.u16, entry) > rows && rows > 0) undoEntry(txns, slot, entry, rows, LET_GO);
      return;
    }
    undoEntry(txns, slot, entry, 0, LET_GO);
  }
}

/** Goes back to a savepoint, which stays. The transaction can go on, also after an error. */
export function rollbackTo(tx: Transaction, to: Savepoint): void {
  undoTo(tx, to.entries, to.rows, to.lsn);
  tx.failed = false;
  tx.advance = tx.statementUsed;
}

/**
 * Undoes the running statement. `keepLocks`: it is run again, and keeps the rows it held. Afterwards beginStatement() begins the
 * next run, or another statement.
 */
export function undoStatement(tx: Transaction, keepLocks: boolean): void {
  // The next run must see the commit that sent this one back.
  if (keepLocks) awaitHorizon(tx.context.log);
  if (tx.slot === 0) return;
  const txns = tx.context;
  const { slot } = tx;
  // Entries that lie in temporary pages cannot stay as locks: a statement so large starts over without them.
  if (keepLocks && tx.markEntries >= txnSlotUndoSpilled(txns.i32, slot)) keepRows(tx);
  else undoTo(tx, tx.markEntries, tx.markRows, tx.markLsn, tx.markGrown);
  tx.advance = tx.statementUsed;
}

/** Backwards over the entries of the statement, which stay in the list: as locks, or void. */
function keepRows(tx: Transaction): void {
  const txns = tx.context;
  const { slot } = tx;
  const { i32 } = txns;
  txns.scratch[HOLD_STAMP] = tx.times[OWN_STAMP];
  txns.scratch[MARK_LSN] = tx.markLsn;
  txns.scratch[MARK_GROWN] = tx.markGrown;
  if (lastUndo(txns, slot) === 0) return;
  let index = txnSlotUndoCount(i32, slot) - 1;
  let piece = txnSlotUndoLast(i32, slot);
  for (; index >= tx.markEntries; index--) {
    const inPiece = (index - txnSlotUndoSpilled(i32, slot)) % PIECE_ENTRIES;
    undoEntry(txns, slot, piece + UNDO_PIECE_BYTES + inPiece * UNDO_ENTRY_BYTES, 0, KEEP_LOCK);
    if (inPiece === 0) piece = undoPiecePrevious(txns.heap.i32, piece);
  }
  // Rows that joined the last entry of the statement before.
  if (index >= 0 && index === tx.markEntries - 1 && tx.markRows > 0) {
    const inPiece = (index - txnSlotUndoSpilled(i32, slot)) % PIECE_ENTRIES;
    const entry = index < txnSlotUndoSpilled(i32, slot) ? 0 : piece + UNDO_PIECE_BYTES + inPiece * UNDO_ENTRY_BYTES;
    if (entry !== 0 && undoEntryCount(txns.heap.u16, entry) > tx.markRows) undoEntry(txns, slot, entry, tx.markRows, KEEP_LOCK);
  }
  // No later insert joins an entry that was undone.
  resumeUndo(tx);
}

/** Rolls the transaction back and ends it; where no page can be read for want of room others do the rest. */
export function rollback(tx: Transaction): void {
  if (!tx.open) return;
  const txns = tx.context;
  if (tx.slot !== 0) {
    storeTxnSlotState(txns.i32, tx.slot, TXN_ABORTING);
    if (testing) yieldPoint('rollback.aborting');
    rollbackSlot(txns, tx.slot);
    storeSessionTransaction(txns.i32, sessionAt(txns, tx.session), 0);
  }
  endTransaction(tx);
}

/** What commit and rollback end with, on the thread's side. */
export function endTransaction(tx: Transaction): void {
  dropSnapshot(tx);
  tx.open = false;
  tx.slot = 0;
  tx.number = 0;
  tx.undoPiece = 0;
  tx.undoAt = 0;
  tx.undoEnd = 0;
  tx.undoLast = 0;
  tx.statementUsed = false;
  const { ended } = tx.context.hooks;
  if (ended !== null) ended(tx);
}

/** The object may be used for another transaction: the caller has no further use for its results. */
export function recycle(tx: Transaction): void {
  if (!tx.open) tx.context.spare.push(tx);
}

/**
 * A slot in state aborting: everything is undone, the abort record written, the slot given away. Returns 53100 where there is no room:
 * the slot is left to others, with what is not undone yet.
 */
function rollbackSlot(txns: Transactions, slot: number): SqlError | null {
  try {
    undoDownTo(txns, slot, 0, 0, 0);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.disk_full) throw error;
    leaveToOthers(txns, slot, txns.shm.thread);
    return error;
  }
  freeUndo(txns, slot);
  if (testing) yieldPoint('rollback.undone');
  releaseClaim(txns, slot, txnSlotUndoCredit(txns.f64, slot));
  takeEndCredit(txns.log);
  txns.log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, slot);
  writeAbort(txns.log, loadTxnSlotNumber(txns.i32, slot) >>> 0);
  if (testing) yieldPoint('rollback.aborted');
  releaseSlot(txns, slot);
  return null;
}

/** A transaction of `thread` that is running, or being rolled back, becomes one that rollbackOrphans() finds. */
export function leaveToOthers(txns: Transactions, slot: number, thread: number): void {
  const { i32, shared } = txns;
  // Its session goes on with another transaction, or is gone.
  storeTxnSlotSession(i32, slot, 0);
  addTxnSharedUndoQueue(i32, shared, 1);
  storeTxnSlotState(i32, slot, TXN_ORPHANED);
  if (testing) yieldPoint('rollback.left');
  // Unless somebody has it already.
  compareExchangeTxnSlotThread(i32, slot, thread + 1, 0);
}

/** Rolls back transactions that nobody has, at most `atMost`; returns how many. No latch, no hold. 53100: they stay as they are. */
export function rollbackOrphans(txns: Transactions, atMost: number): number {
  let done = 0;
  if (loadTxnSharedUndoQueue(txns.i32, txns.shared) === 0) return 0;
  for (let at = 0; at <= txns.slotMask && done < atMost; at++) {
    const slot = txns.slotsBase + at * TXN_SLOT_BYTES;
    if (loadTxnSlotState(txns.i32, slot) !== TXN_ORPHANED) continue;
    if (compareExchangeTxnSlotState(txns.i32, slot, TXN_ORPHANED, TXN_ABORTING) !== TXN_ORPHANED) continue;
    storeTxnSlotThread(txns.i32, slot, txns.shm.thread + 1);
    addTxnSharedUndoQueue(txns.i32, txns.shared, -1);
    const full = rollbackSlot(txns, slot);
    if (full !== null) throw full;
    done++;
  }
  return done;
}
