/**
 * Flushing: one thread leads, all others wait for it (SM-W3).
 *
 *   1  leader word: 0 -> own thread number + 1
 *   2  commit latch: note the end of the last commit record and its stamp
 *   3  end = how far the ring is complete, at least to 2's end and to what was asked for (log.ts)
 *   4  make sure that prepared segments hold it: the only place where a flush may fail without consequence (SM-W4)
 *   5  write [written, end) as batches; fdatasync
 *   6  visible horizon, durable horizon = 2's stamp; durableLsn = end
 *   7  leader word: 0; count up durableSequence, wake sleepers, ring the doorbells that were asked for, once
 *
 * A failure in 5 is final: nobody can know what is on the disk, so the handle is poisoned and nothing is acknowledged any
 * more (SM-W4). With durability = commit every flush ends with its fdatasync, so no batch is written before that of the
 * last (SM-W2); otherwise pressure on the ring writes without one, and who needs the disk catches up on it.
 *
 * A thread that dies while it leads has left a flush half done: who waits for it finds that and poisons the handle.
 */

import { checkPoison, poison } from '../../../shm/critical.ts';
import { SqlError } from '../../../shm/errors.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import { loadInOrder } from '../../../shm/in-order.ts';
import { threadSlot } from '../../../shm/shared-memory.ts';
import { slotsTaken } from '../../../shm/threads.ts';
import { checkDeaths } from '../../../shm/deaths.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { ringDoorbell, waitOnWord } from '../../../shm/wait.ts';
import { loadThreadPendingLog } from '../../../shm/control.layout.gen.ts';
import {
  arrive,
  gathered,
  gatherTime,
  handOverTime,
  handsOver,
  leaveLeader,
  leaveLooker,
  lookForEnd,
  lookTime,
  missing,
  noteFlushTime,
  noteProcessor,
  noteProcessorTime,
  sleepTime,
  takeArrived,
} from './gather.ts';
import type { Log } from './log-context.ts';
import {
  addLogSharedCommitOverhead,
  addLogSharedDurableSequence,
  addLogSharedFlushes,
  addLogSharedLeads,
  addLogSharedSleepers,
  compareExchangeLogSharedLeader,
  exchangeLogSharedCommitOverhead,
  LOG_SHARED_COMMIT_LATCH,
  LOG_SHARED_DOORBELLS,
  LOG_SHARED_DURABLE_HORIZON,
  LOG_SHARED_LAST_FLUSH_AT,
  LOG_SHARED_VISIBLE_HORIZON,
  LOG_SHARED_DURABLE_LSN,
  LOG_SHARED_DURABLE_SEQUENCE,
  LOG_SHARED_SLEEPERS,
  LOG_SHARED_WRITTEN_LSN,
  loadLogSharedCommitEnd,
  loadLogSharedDurableHorizon,
  loadLogSharedDurableSequence,
  loadLogSharedLeader,
  loadLogSharedSleepers,
  loadLogSharedLastFlushAt,
  loadLogSharedLastStamp,
  loadLogSharedSegment,
  loadLogSharedSegmentOffset,
  loadLogSharedTail,
  loadLogSharedVisibleHorizon,
  loadLogSharedWrittenTurn,
  logSharedDurableSequenceWord,
  storeLogSharedLeader,
} from './log-shared.layout.gen.ts';
import { loadGuarded53, loadShared53, storeGuarded53 } from '../../../shm/shared53.ts';
import { BLOCK_HALVES, TURN_BYTES } from './units.ts';
import { ensureSpace, syncWritten, writeBatches } from './write.ts';

const testing = TESTING;

/** Longest sleep before a waiter looks after the one it waits for (SM-L1). */
const WAIT_MS = 100;
const SPINS = 200;

/** Log position up to which the log is on disk. */
export const durableLsn = (log: Log): number => loadShared53(log.control, log.shared + LOG_SHARED_DURABLE_LSN);

/** Log position up to which the ring has been handed to the files. */
export const writtenLsn = (log: Log): number => loadShared53(log.control, log.shared + LOG_SHARED_WRITTEN_LSN);

/** Stamp up to which commits are on disk, and the one at which reading snapshots are taken (TX-T8). */
export const durableHorizon = (log: Log): number => loadLogSharedDurableHorizon(log.control, log.shared);
export const visibleHorizon = (log: Log): number => loadLogSharedVisibleHorizon(log.control, log.shared);

/** Log position up to which room is reserved: everything written so far lies below it. */
export function tailLsn(log: Log): number {
  for (;;) {
    const before = loadLogSharedWrittenTurn(log.control, log.shared);
    const unit = loadLogSharedTail(log.control, log.shared);
    // The turn is read again: between the two reads the log may have moved on, but not by three turns unnoticed.
    if (loadLogSharedWrittenTurn(log.control, log.shared) === before) {
      return (before + (((unit >>> 30) - before) & 3)) * TURN_BYTES + (unit & 0x3fffffff) * 8;
    }
  }
}

/**
 * Returns when the log is on disk up to `lsn`: leads a flush, or waits for the one under way. Blocks; no latch may be held.
 * Throws 57P02 when the log can not be written any more, 53100 if not even the reserve of a full disk is left.
 */
export function flushTo(log: Log, lsn: number): void {
  while (durableLsn(log) < lsn) step(log, lsn, true);
}

/**
 * The same for a committer whose record ends at `lsn`: it may wait a moment for threads that commit beside it, so that one flush
 * serves them all (gather.ts).
 */
export function flushCommit(log: Log, lsn: number): void {
  if (durableLsn(log) >= lsn) return;
  const { control, shared } = log;
  const before = log.answeredAt;
  arrive(log);
  const worked = missing(log) === 0 ? 0 : log.world.clock.now() - before;
  let isGathered = false;
  let isHandedOver = false;
  for (;;) {
    const sequence = loadLogSharedDurableSequence(control, shared);
    if (durableLsn(log) >= lsn) break;
    if (loadLogSharedLeader(control, shared) !== 0) awaitFlush(log, sequence);
    else {
      const milliseconds = isGathered ? 0 : gatherTime(log, worked);
      isGathered = true;
      if (milliseconds > 0) gather(log, sequence, milliseconds);
      else if (isHandedOver || !handsOver(log)) step(log, lsn, true);
      else {
        isHandedOver = true;
        handOver(log);
      }
    }
  }
  // Who led has looked at the clock.
  if (log.answeredAt !== before) leaveLooker(log);
  else {
    log.answeredAt = log.world.clock.now();
    leaveLeader(log);
  }
}

/** Waits until those who are expected have come and the last of them has led, or the time is up. */
function gather(log: Log, sequence: number, milliseconds: number): void {
  const { control, shared } = log;
  const looks = lookTime(log);
  const sleeps = looks === 0 ? 0 : sleepTime(log) / 1000;
  if (sleeps > 0) sleepUntilFlushed(log, sequence, sleeps);
  if (!lookForEnd(log, sequence, looks)) {
    sleepUntilFlushed(log, sequence, milliseconds);
  }
  const isSame = loadLogSharedDurableSequence(control, shared) === sequence;
  gathered(log, isSame && loadLogSharedLeader(control, shared) === 0);
}

/** Tells who looks that there is a flush to lead, and gives it the time to. All who wait find nothing ended, and look at what they wait for. */
function handOver(log: Log): void {
  const sequence = addLogSharedDurableSequence(log.control, log.shared, 1) + 1;
  if (testing) yieldPoint('flush.handedOver');
  lookForEnd(log, sequence | 0, handOverTime());
}

/** Waits until who leads has stepped down, with a bound. */
function awaitFlush(log: Log, sequence: number): void {
  const { control, shared } = log;
  if (lookForEnd(log, sequence, lookTime(log))) return;
  sleepUntilFlushed(log, sequence, WAIT_MS);
  // A leader that died cannot be replaced, for nobody knows how far it got: burying it poisons the handle (open.ts).
  if (loadLogSharedDurableSequence(control, shared) === sequence) checkDeaths(log.shm);
  checkPoison(log.shm);
}

/** The same under the name that says what the caller wants. */
export const waitDurable = flushTo;

/** Everything that was published before the call is on disk when it returns. Returns the position. */
export function flushAll(log: Log): number {
  const lsn = tailLsn(log);
  flushTo(log, lsn);
  return lsn;
}

/**
 * Leads one flush if nobody does and something below `lsn` is not on disk yet. Returns false if another thread leads: its
 * end is told by the doorbell (askForDoorbell), or durableLsn().
 */
export function tryFlush(log: Log, lsn: number): boolean {
  checkPoison(log.shm);
  if (durableLsn(log) >= lsn) return true;
  if (compareExchangeLogSharedLeader(log.control, log.shared, 0, log.shm.thread + 1) !== 0) return false;
  lead(log, lsn, true);
  return true;
}

/** For relaxed durability: flushes if the last flush is `relaxedMilliseconds` ago and nobody leads. `now` in microseconds. */
export function flushIfDue(log: Log, now: number): void {
  const last = loadLogSharedLastFlushAt(log.control, log.shared);
  if (now - last >= log.options.relaxedMilliseconds * 1000 || now < last) tryFlush(log, tailLsn(log));
}

/**
 * Frees ring space: writes what is complete, unless a thread is at it. With `wait` it returns after something has changed
 * or a short sleep, and the caller looks again.
 */
export function makeRoom(log: Log, wait: boolean): void {
  const lsn = tailLsn(log);
  const sync = log.options.durability === 'commit';
  if (writtenLsn(log) < lsn) {
    if (wait) step(log, lsn, sync);
    else if (compareExchangeLogSharedLeader(log.control, log.shared, 0, log.shm.thread + 1) === 0) lead(log, 0, sync);
  } else if (wait) {
    // All is written: the rest is credit in other threads' hands.
    sleepUntilFlushed(log, loadLogSharedDurableSequence(log.control, log.shared), 1);
  }
}

/** Leads once, or sleeps until somebody who leads has stepped down. */
function step(log: Log, lsn: number, sync: boolean): void {
  const { control, shared } = log;
  checkPoison(log.shm);
  const sequence = loadLogSharedDurableSequence(control, shared);
  if ((sync ? durableLsn(log) : writtenLsn(log)) >= lsn) return;
  if (compareExchangeLogSharedLeader(control, shared, 0, log.shm.thread + 1) === 0) {
    lead(log, lsn, sync);
    return;
  }
  awaitFlush(log, sequence);
}

function sleepUntilFlushed(log: Log, sequence: number, milliseconds: number): void {
  addLogSharedSleepers(log.control, log.shared, 1);
  waitOnWord(log.shm, log.control, log.shared + LOG_SHARED_DURABLE_SEQUENCE, sequence, milliseconds);
  addLogSharedSleepers(log.control, log.shared, -1);
}

/**
 * Segment and offset up to which batches have been written: nothing below changes any more. Waits for a flush under way. For who
 * copies the log.
 */
export function writtenPlace(log: Log): { readonly segment: number; readonly offset: number } {
  const { control, shared } = log;
  for (;;) {
    checkPoison(log.shm);
    const sequence = loadLogSharedDurableSequence(control, shared);
    if (compareExchangeLogSharedLeader(control, shared, 0, log.shm.thread + 1) === 0) {
      const segment = loadLogSharedSegment(control, shared);
      const offset = loadLogSharedSegmentOffset(control, shared);
      stepDown(log);
      return { segment, offset };
    }
    sleepUntilFlushed(log, sequence, WAIT_MS);
    if (loadLogSharedDurableSequence(control, shared) === sequence) checkDeaths(log.shm);
  }
}

/** The leader word is ours. Always steps down. */
function lead(log: Log, target: number, sync: boolean): void {
  let overhead = 0;
  let written = false;
  try {
    const { control, shared } = log;
    // Before the tail is read: from here on no record that lies below it grows (growing.ts).
    addLogSharedLeads(control, shared, 1);
    if (testing) yieldPoint('flush.leads');
    takeArrived(log);
    acquireLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
    const commitEnd = loadLogSharedCommitEnd(control, shared);
    const stamp = loadLogSharedLastStamp(control, shared);
    // Before the tail is read: whatever overhead is counted by now belongs to records below it.
    overhead = exchangeLogSharedCommitOverhead(control, shared, 0);
    // No commit record lies between commitEnd and the tail. One that comes later waits for the next flush: were it on disk with this
    // one, it would be acknowledged, and the horizon that makes it visible would stay behind it.
    const tail = tailLsn(log);
    releaseLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
    if (testing) yieldPoint('flush.noted');
    const end = Math.min(completeTo(log, Math.max(target, commitEnd)), tail);
    ensureSpace(log, end);
    written = true;
    const began = log.world.clock.now();
    writeBatches(log, end, overhead * BLOCK_HALVES);
    if (sync) {
      if (testing) yieldPoint('flush.written');
      syncWritten(log);
      becameDurable(log, end, stamp, began);
    }
  } catch (error) {
    if (!written && error instanceof SqlError && error.code !== '57P02') {
      // Nothing was written: a full disk, met in time.
      addLogSharedCommitOverhead(log.control, log.shared, overhead);
      throw error;
    }
    throw poison(log.shm, 'the log could not be written', error);
  } finally {
    stepDown(log);
  }
}

/**
 * How far the ring is complete: the tail, or the lowest position that a writer has announced and not published. Waits
 * until that is at least `need`: writers are between reserve() and publish() for well below a microsecond.
 */
function completeTo(log: Log, need: number): number {
  const written = loadGuarded53(log.control, log.shared + LOG_SHARED_WRITTEN_LSN);
  const writtenUnit = (written / 8) | 0;
  for (let turn = 0; ; turn++) {
    let units = (loadLogSharedTail(log.control, log.shared) - writtenUnit) >>> 0;
    // Read behind the tail: whoever reserved below it had taken its slot before.
    const threads = slotsTaken(log.shm);
    for (let thread = 0; thread < threads; thread++) {
      const pending = loadThreadPendingLog(log.control, threadSlot(log.shm, thread));
      if ((pending & 1) === 0) continue;
      // 31 bits of the position: the difference is far smaller, and its sign is what counts.
      const distance = (((pending >>> 1) - writtenUnit) << 1) >> 1;
      if (distance < units) units = distance > 0 ? distance : 0;
    }
    if (written + units * 8 >= need) return written + units * 8;
    if (turn < SPINS) Atomics.pause();
    else waitForWriters(log);
    if (testing) yieldPoint('flush.incomplete');
  }
}

function waitForWriters(log: Log): void {
  waitOnWord(log.shm, log.control, log.shared + LOG_SHARED_SLEEPERS, -1, 1);
  checkDeaths(log.shm);
  checkPoison(log.shm);
}

function becameDurable(log: Log, end: number, stamp: number, began: number): void {
  const { control, shared } = log;
  if (testing) yieldPoint('flush.synced');
  // The visible horizon first: it is never below the durable one. Who is answered by that (40001, TX-T10) begins again with what it was
  // answered for. Relaxed committers raise it too: under the latch.
  acquireLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
  const visible = shared + LOG_SHARED_VISIBLE_HORIZON;
  if (stamp > loadGuarded53(control, visible)) storeGuarded53(control, visible, stamp);
  releaseLatch(log.shm, shared + LOG_SHARED_COMMIT_LATCH);
  if (testing) yieldPoint('flush.visible');
  // Only who leads stores this.
  const horizon = shared + LOG_SHARED_DURABLE_HORIZON;
  if (stamp > loadGuarded53(control, horizon)) storeGuarded53(control, horizon, stamp);
  // Last: whoever finds its commit below is answered, and then everybody has to see it.
  storeGuarded53(control, shared + LOG_SHARED_DURABLE_LSN, end);
  if (testing) yieldPoint('flush.durable');
  const now = log.world.clock.now();
  log.answeredAt = now;
  noteFlushTime(log, now - began);
  noteProcessorTime(log, now - began);
  storeGuarded53(control, shared + LOG_SHARED_LAST_FLUSH_AT, now);
}

function stepDown(log: Log): void {
  const { control, shared } = log;
  addLogSharedFlushes(control, shared, 1);
  noteProcessor(log);
  storeLogSharedLeader(control, shared, 0);
  addLogSharedDurableSequence(control, shared, 1);
  if (loadLogSharedSleepers(control, shared) > 0) Atomics.notify(control, logSharedDurableSequenceWord(shared));
  const groups = (slotsTaken(log.shm) + 31) >>> 5;
  for (let group = 0; group < groups; group++) {
    const word = ((shared + LOG_SHARED_DOORBELLS) >>> 2) + group;
    if (loadInOrder(control, word) === 0) continue;
    ringAll(log, Atomics.exchange(control, word, 0), group * 32);
  }
}

function ringAll(log: Log, threads: number, first: number): void {
  for (let rest = threads; rest !== 0; rest &= rest - 1) {
    ringDoorbell(log.shm, first + 31 - Math.clz32(rest & -rest));
  }
}

/** The calling thread's doorbell rings when the flush under way, or the next, has ended. Once. */
export function askForDoorbell(log: Log): void {
  const { thread } = log.shm;
  Atomics.or(log.control, ((log.shared + LOG_SHARED_DOORBELLS) >>> 2) + (thread >>> 5), 1 << (thread & 31));
}
