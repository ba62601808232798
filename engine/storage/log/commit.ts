/**
 * End records, and the one global latch (TX-T7): under it a committer reserves its commit record, draws its stamp and
 * writes (stamp, precommitted) into its transaction slot. So the order of stamps is the order in the log, and a horizon
 * is one number. The record itself is written after the latch is let go.
 *
 *   latch; reserve 48 bytes; stamp = max(clock, last + 1); slot.stamp, slot.state; commitEnd, precommittedHorizon; unlatch
 *   write the record; publish
 */

import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import { loadGuarded53, loadShared53, storeGuarded53, storeShared53 } from '../../../shm/shared53.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { END_RECORD_BYTES, fileCost, returnCredit } from './credit.ts';
import { publish, reserve, startRecord } from './log.ts';
import type { Log } from './log-context.ts';
import { LOG_RECORD_BYTES } from './log-record.layout.gen.ts';
import {
  LOG_SHARED_COMMIT_END,
  LOG_SHARED_COMMIT_LATCH,
  LOG_SHARED_COMMIT_OVERHEAD,
  LOG_SHARED_LAST_STAMP,
  LOG_SHARED_PRECOMMITTED_HORIZON,
  LOG_SHARED_VISIBLE_HORIZON,
  storeLogSharedLastStamp,
} from './log-shared.layout.gen.ts';
import { RECORD, RECORD_NO_PAGE } from './records.ts';
import { COMMIT_BLOCKS, COMMIT_OVERHEAD } from './units.ts';

const testing = TESTING;

/**
 * Commits: writes the commit record of `transaction` (previous record in log.scratch[PREVIOUS]) and makes it precommitted.
 * Under the commit latch it stores the stamp at `stampOffset` (shared53) and then `stateValue` at `stateOffset` (atomic32);
 * both are byte offsets in the control segment. takeEndCredit() was called. `now` is the clock, microseconds.
 *
 * Afterwards log.scratch[STAMP] is the stamp, [START] and [END] the record's positions; the commit is durable when
 * durableLsn() has reached END.
 */
export function reserveCommit(
  log: Log,
  transaction: number,
  now: number,
  stampOffset: number,
  stateOffset: number,
  stateValue: number,
): void {
  const { control, shared } = log;
  acquireLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
  const at = reserve(log, END_RECORD_BYTES);
  const last = loadGuarded53(control, shared + LOG_SHARED_LAST_STAMP);
  const stamp = now > last ? now : last + 1;
  storeGuarded53(control, stampOffset, stamp);
  Atomics.store(control, stateOffset >>> 2, stateValue);
  if (testing) yieldPoint('commit.stamped');
  storeGuarded53(control, shared + LOG_SHARED_LAST_STAMP, stamp);
  storeGuarded53(control, shared + LOG_SHARED_COMMIT_END, log.scratch[1]);
  storeGuarded53(control, shared + LOG_SHARED_PRECOMMITTED_HORIZON, stamp);
  releaseLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
  if (testing) yieldPoint('commit.unlatched');
  log.scratch[3] = stamp;
  startRecord(log, at, END_RECORD_BYTES, RECORD.commit, 0, transaction, 0, RECORD_NO_PAGE, 0);
  log.f64[(at + LOG_RECORD_BYTES) >>> 3] = stamp;
  endPaid(log);
  publish(log, at, END_RECORD_BYTES);
  if (log.fileCredit > log.fileKept * 2) returnCredit(log);
  if (testing) yieldPoint('commit.published');
}

/**
 * Returns when no commit is between its slot and the horizon: who met the slot's new state takes a snapshot that has it. Should the
 * committer die there, the wait for its latch finds out.
 */
export function awaitHorizon(log: Log): void {
  acquireLatch(log.shm, log.shared + LOG_SHARED_COMMIT_LATCH);
  releaseLatch(log.shm, log.shared + LOG_SHARED_COMMIT_LATCH);
}

/** The record that closes a finished rollback (SM-W7). Previous record in log.scratch[PREVIOUS]; takeEndCredit() was called. */
export function writeAbort(log: Log, transaction: number): void {
  const at = reserve(log, END_RECORD_BYTES);
  startRecord(log, at, END_RECORD_BYTES, RECORD.abort, 0, transaction, 0, RECORD_NO_PAGE, 0);
  log.f64[(at + LOG_RECORD_BYTES) >>> 3] = 0;
  endPaid(log);
  publish(log, at, END_RECORD_BYTES);
  if (log.fileCredit > log.fileKept * 2) returnCredit(log);
}

/** The end record's extra file credit goes to the batch that will hold it: after reserve, so that no leader gets it too early. */
function endPaid(log: Log): void {
  log.fileCredit -= COMMIT_OVERHEAD;
  log.shm.atomic.add(log.shared + LOG_SHARED_COMMIT_OVERHEAD, COMMIT_BLOCKS);
}

/** True when the thread has the credit of one more end record without asking. */
export const hasEndCredit = (log: Log): boolean =>
  log.control[log.creditWord] >= END_RECORD_BYTES && log.fileCredit >= fileCost(END_RECORD_BYTES) + COMMIT_OVERHEAD;

/** Stamp of the last commit record in the ring (transactions.md, Horizons). */
export const precommittedHorizon = (log: Log): number => loadShared53(log.control, log.shared + LOG_SHARED_PRECOMMITTED_HORIZON);

/** Relaxed durability acknowledged this stamp before it was durable: readers may see it. */
export function raiseVisibleHorizon(log: Log, stamp: number): void {
  const at = log.shared + LOG_SHARED_VISIBLE_HORIZON;
  if (loadShared53(log.control, at) >= stamp) return;
  acquireLatch(log.shm, log.shared + LOG_SHARED_COMMIT_LATCH);
  if (loadShared53(log.control, at) < stamp) storeShared53(log.control, at, stamp);
  releaseLatch(log.shm, log.shared + LOG_SHARED_COMMIT_LATCH);
}

/** At open: stamps go on above what the log and the meta page know. */
export function startStamps(log: Log, highestStamp: number): void {
  const { control, shared } = log;
  storeLogSharedLastStamp(control, shared, highestStamp);
  storeShared53(control, shared + LOG_SHARED_PRECOMMITTED_HORIZON, highestStamp);
}
