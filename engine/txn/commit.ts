/**
 * Commit (TX-T7 to T10).
 *
 *   validate              serializable only; takes its latch (TX-T16)
 *   commit record         reserved, stamped and precommitted under the one global latch (log/commit.ts)
 *   wake who waits        they read the slot: precommitted counts as ended
 *   stamp own rows        if they are few; else the slot waits for a stamper
 *   durable               by commitDurable() or whenCommitDurable(): what the client is answered after
 *
 * A transaction that wrote nothing has no number, no slot and no record.
 */

import { releaseUndo, takeEndCredit } from '../storage/log/credit.ts';
import { raiseVisibleHorizon, reserveCommit } from '../storage/log/commit.ts';
import { durableLsn, flushCommit } from '../storage/log/flush.ts';
import { END, PREVIOUS, STAMP } from '../storage/log/log-context.ts';
import { whenDurable } from '../storage/log/when-durable.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { checkOpen } from './begin.ts';
import { endTransaction } from './rollback.ts';
import { sessionAt } from './sessions.ts';
import { wakeWaiters } from './slots.ts';
import { meetDependency } from './snapshot.ts';
import { stampTransaction } from './stamper.ts';
import { COMMIT_END, COMMIT_STAMP, DURABLE_COMMIT, SERIALIZABLE, type Transaction, type Transactions } from './transactions.ts';
import {
  TXN_SLOT_STAMP,
  TXN_SLOT_STATE,
  addTxnSharedStampQueue,
  setTxnSlotCommitLsn,
  setTxnSlotUndoCredit,
  storeSessionTransaction,
  storeTxnSlotState,
  txnSlotLastLsn,
  txnSlotUndoCount,
  txnSlotUndoCredit,
} from './txn.layout.gen.ts';
import { TXN_PRECOMMITTED, TXN_STAMPABLE } from './txn.layout.ts';
import { releaseClaim } from './undo-change.ts';

const testing = TESTING;

/** A stamp further than this ahead of the wall clock is worth a warning, microseconds (TX-T1). */
const CLOCK_BEHIND = 10_000_000;

/**
 * Commits: precommitted when it returns, with tx.times[COMMIT_STAMP] and [COMMIT_END] (0 for one that wrote nothing). The
 * answer to the client waits for commitDurable(). The caller recycles tx (recycle()). 40001 from the validation of a
 * serializable transaction, which is still to be rolled back.
 */
export function commit(tx: Transaction): void {
  checkOpen(tx);
  const txns = tx.context;
  const { slot } = tx;
  if (slot === 0) {
    endTransaction(tx);
    return;
  }
  const { log } = txns;
  const now = log.world.clock.now();
  let claim = 0;
  if (tx.isolation === SERIALIZABLE && txns.hooks.validate !== null) {
    // Refused, it still needs its claim; accepted, it holds a latch, under which nothing waits for credit.
    takeEndCredit(log);
    txns.hooks.validate(tx);
    claim = txnSlotUndoCredit(txns.f64, slot);
    setTxnSlotUndoCredit(txns.f64, slot, 0);
  } else {
    releaseClaim(txns, slot, txnSlotUndoCredit(txns.f64, slot));
    takeEndCredit(log);
  }
  log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, slot);
  if (txns.hooks.committing !== null) txns.hooks.committing(tx);
  if (testing) yieldPoint('commit.begin');
  reserveCommit(log, tx.number >>> 0, now, slot + TXN_SLOT_STAMP, slot + TXN_SLOT_STATE, TXN_PRECOMMITTED);
  tx.times[COMMIT_STAMP] = log.scratch[STAMP];
  tx.times[COMMIT_END] = log.scratch[END];
  setTxnSlotCommitLsn(txns.f64, slot, log.scratch[END]);
  if (testing) yieldPoint('commit.precommitted');
  if (tx.isolation === SERIALIZABLE && txns.hooks.precommitted !== null) {
    txns.hooks.precommitted(tx);
    releaseUndo(log, claim);
  }
  wakeWaiters(txns, slot);
  storeSessionTransaction(txns.i32, sessionAt(txns, tx.session), 0);
  if (log.scratch[STAMP] - now > CLOCK_BEHIND && txns.hooks.clockBehind !== null)
    txns.hooks.clockBehind(log.scratch[STAMP] - now);
  endTransaction(tx);
  if (txnSlotUndoCount(txns.i32, slot) <= txns.options.stampAtCommit) stampOwn(txns, slot);
  else {
    addTxnSharedStampQueue(txns.i32, txns.shared, 1);
    storeTxnSlotState(txns.i32, slot, TXN_STAMPABLE);
  }
}

/** It has committed: a page that cannot be read is no error of the commit. The stamper's job meets it again, and says so. */
function stampOwn(txns: Transactions, slot: number): void {
  try {
    stampTransaction(txns, slot, TXN_PRECOMMITTED, Number.MAX_SAFE_INTEGER);
  } catch (error) {
    const passes = error instanceof SqlError && (error.code === SQLSTATE.io_error || error.code === SQLSTATE.data_corrupted);
    if (!passes) throw error;
    addTxnSharedStampQueue(txns.i32, txns.shared, 1);
  }
}

/** True when the answer may go out: the commit is on disk, or the session does not ask for that. */
export function isCommitDurable(tx: Transaction): boolean {
  const end = tx.times[COMMIT_END];
  return end === 0 || tx.durability !== DURABLE_COMMIT || durableLsn(tx.context.log) >= end;
}

/** Blocks until the answer may go out: leads a flush or waits for one. For threads that may block. */
export function commitDurable(tx: Transaction): void {
  const end = tx.times[COMMIT_END];
  if (end === 0) {
    // It read what may not be durable yet (TX-T9).
    meetDependency(tx);
    return;
  }
  const { log } = tx.context;
  if (tx.durability === DURABLE_COMMIT) flushCommit(log, end);
  else raiseVisibleHorizon(log, tx.times[COMMIT_STAMP]);
}

/** The same for event loops: resolves when the answer may go out. */
export async function whenCommitDurable(tx: Transaction): Promise<void> {
  const end = tx.times[COMMIT_END];
  const { log } = tx.context;
  if (end === 0) {
    meetDependency(tx);
    return;
  }
  if (tx.durability === DURABLE_COMMIT) await whenDurable(log, end);
  else raiseVisibleHorizon(log, tx.times[COMMIT_STAMP]);
}
