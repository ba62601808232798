/**
 * Gathering: whether a committer flushes at once or lets the threads that commit beside it come along (SM-W3).
 *
 * Two threads that commit one after the other would each flush alone and wait for the flush of the other: as many fdatasyncs as
 * commits, one after the other. So a committer that could lead looks who committed in the last two flushes. While one of these
 * has not come yet it sleeps, about as long as a flush or two take; whoever completes the group leads, and nobody has to be woken to do so.
 *
 *   arrived    threads that wait for the next flush, as committers
 *   taken      those of the last flush      previous  those of the one before       expected = taken or previous
 *
 * It pays only if the disk is what they wait for: with `others` threads expected, a thread that works longer between two commits
 * than their flushes take finds the disk free when it comes. Then each flushes its own, one while the other works, and nobody has to
 * be woken at all. Where the disk is what they wait for, also who came while another led, and was left out, waits for that one to come
 * again: else the two would take turns for ever, each waiting for two flushes.
 *
 * Waking a thread takes as long as a quick disk takes to write: who waits looks at the word for a while before it sleeps, if all that
 * are expected have a core (lookTime).
 *
 * A wait that was in vain makes the next ones rarer. Nothing here decides what is durable: only who leads, and when.
 */

import { loadInOrder, storeInOrder } from '../../../shm/in-order.ts';
import { slotsTaken } from '../../../shm/threads.ts';
import { CORES, isScheduled } from '../../../shm/wait.ts';
import type { Log } from './log-context.ts';
import {
  LOG_SHARED_ARRIVED,
  LOG_SHARED_FLUSH_TIME,
  LOG_SHARED_PREVIOUS,
  LOG_SHARED_TAKEN,
  peekLogSharedFlushTime,
  peekLogSharedGatherPause,
  loadLogSharedGatherPenalty,
  storeLogSharedGatherPause,
  storeLogSharedGatherPenalty,
} from './log-shared.layout.gen.ts';

/** Words of a set of threads: as many as ever attached need. */
const groupsOf = (log: Log): number => (slotsTaken(log.shm) + 31) >>> 5;
/** Flushes without gathering after waits in vain, at most. */
const PENALTY_MAX = 127;
/** A slow disk does not make commits wait longer than this, microseconds. */
const GATHER_MAX = 4000;

/** The calling thread waits for the next flush as a committer. */
export function arrive(log: Log): void {
  const { control } = log;
  const { thread } = log.shm;
  const word = ((log.shared + LOG_SHARED_ARRIVED) >>> 2) + (thread >>> 5);
  const bit = 1 << (thread & 31);
  if ((loadInOrder(control, word) & bit) === 0) Atomics.or(control, word, bit);
}

/**
 * Milliseconds that a committer that has arrived should wait for others before it leads; 0: none is missing, or not worth it. `worked`:
 * microseconds that passed between its last answer and its arrival.
 */
export function gatherTime(log: Log, worked: number): number {
  const { control, shared } = log;
  if (isScheduled() || peekLogSharedGatherPause(control, shared) > 0) return 0;
  const others = missing(log);
  const flush = peekLogSharedFlushTime(control, shared);
  if (others === 0 || worked > flush * others) return 0;
  return Math.min(flush * 2, GATHER_MAX) / 1000;
}

/** Microseconds of looking, at most. */
const LOOK_MAX = 250;
/** Sleeping for a time takes about so much longer than that, microseconds. */
const SLEEP_OVER = 100;

/**
 * How long a committer that waits for a flush looks for its end before it sleeps, microseconds: 0 where that takes long, or where those
 * who are expected have no core each.
 */
export function lookTime(log: Log): number {
  if (isScheduled() || expectedThreads(log) > CORES) return 0;
  return peekLogSharedFlushTime(log.control, log.shared) <= 2 * LOOK_MAX ? LOOK_MAX : 0;
}

/** How long it may sleep before that, if nobody leads yet, microseconds. */
export const sleepTime = (log: Log): number => peekLogSharedFlushTime(log.control, log.shared) - LOOK_MAX / 2 - SLEEP_OVER;

/** How many threads are expected and have not come. */
export const missing = (log: Log): number => countExpected(log, (log.shared + LOG_SHARED_ARRIVED) >>> 2);

/** How many threads are expected. */
const expectedThreads = (log: Log): number => countExpected(log, -1);

/** How many are expected, without those of the set that begins at the word `without`, if there is one. */
function countExpected(log: Log, without: number): number {
  const { control } = log;
  const taken = (log.shared + LOG_SHARED_TAKEN) >>> 2;
  const previous = (log.shared + LOG_SHARED_PREVIOUS) >>> 2;
  let count = 0;
  const groups = groupsOf(log);
  for (let group = 0; group < groups; group++) {
    let rest = loadInOrder(control, taken + group) | loadInOrder(control, previous + group);
    if (without >= 0) rest &= ~loadInOrder(control, without + group);
    for (; rest !== 0; rest &= rest - 1) count++;
  }
  return count;
}

/** A wait of gatherTime() is over: somebody flushed meanwhile, or nobody came. */
export function gathered(log: Log, inVain: boolean): void {
  const { control, shared } = log;
  const penalty = loadLogSharedGatherPenalty(control, shared);
  if (inVain) {
    storeLogSharedGatherPause(control, shared, penalty);
    storeLogSharedGatherPenalty(control, shared, Math.min(penalty * 2 + 1, PENALTY_MAX));
  } else if (penalty > 0) storeLogSharedGatherPenalty(control, shared, penalty >> 1);
}

/** By who leads, before it notes how far the flush goes: whoever arrives from here on waits for the next. */
export function takeArrived(log: Log): void {
  const { control, shared } = log;
  const arrived = (shared + LOG_SHARED_ARRIVED) >>> 2;
  const taken = (shared + LOG_SHARED_TAKEN) >>> 2;
  const previous = (shared + LOG_SHARED_PREVIOUS) >>> 2;
  let any = 0;
  const groups = groupsOf(log);
  for (let group = 0; group < groups; group++) any |= loadInOrder(control, arrived + group);
  // A flush for somebody else (page writer, event loop) says nothing about the committers.
  if (any === 0) return;
  for (let group = 0; group < groups; group++) {
    storeInOrder(control, previous + group, loadInOrder(control, taken + group));
    storeInOrder(control, taken + group, log.shm.atomic.exchange((arrived + group) << 2, 0));
  }
  const pause = peekLogSharedGatherPause(control, shared);
  if (pause > 0) storeLogSharedGatherPause(control, shared, pause - 1);
}

/** By who leads: how long writing and fdatasync took, microseconds. */
export function noteFlushTime(log: Log, microseconds: number): void {
  const { control, shared } = log;
  const before = peekLogSharedFlushTime(control, shared);
  const now = Math.max(0, Math.min(microseconds, 1_000_000));
  // What a single slow one says is soon forgotten: it is a mean of about the last eight.
  const mean = before === 0 ? now : Math.round(before + (now - before) / 8);
  if (mean !== before) storeInOrder(control, (shared + LOG_SHARED_FLUSH_TIME) >>> 2, mean);
}
