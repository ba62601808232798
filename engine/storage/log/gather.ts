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
 * Who was woken on the processor of the one that led would run after it, and wait for it to sleep: it moves to another one (keepApart).
 *
 * Where the disk interrupts one processor only, a flush that is led there is a fifth quicker: nobody has to wake another processor
 * to say that it has ended, twice a flush. So it is measured which processors have quick flushes, and who completes a group leaves the
 * lead to one that looks on a quicker one (handsOver): it says that something has ended, though nothing has, and whoever looked finds
 * itself the one to lead. Should that one not come, the other leads as ever.
 *
 * A wait that was in vain makes the next ones rarer. Nothing here decides what is durable: only who leads, and when.
 */

import { loadInOrder, storeInOrder } from '../../../shm/in-order.ts';
import { leaveProcessor, processorNow } from '../../../shm/processors.ts';
import { slotsTaken } from '../../../shm/threads.ts';
import { CORES, isScheduled, spinOnWord } from '../../../shm/wait.ts';
import type { Log } from './log-context.ts';
import {
  LOG_SHARED_ARRIVED,
  LOG_SHARED_DURABLE_SEQUENCE,
  LOG_SHARED_FLUSH_TIME,
  LOG_SHARED_LOOKER_PROCESSOR,
  LOG_SHARED_PREVIOUS,
  LOG_SHARED_PROCESSOR,
  LOG_SHARED_PROCESSOR_TIME,
  LOG_SHARED_TAKEN,
  peekLogSharedFlushTime,
  peekLogSharedGatherPause,
  peekLogSharedProcessor,
  loadLogSharedGatherPenalty,
  loadLogSharedSleepers,
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

/** Processors are told apart modulo so many. */
const PROCESSORS = 64;
/** So often one leads itself that would leave it to another: what its processor is good for may have changed. */
const HANDS_OVER_MAX = 32;

/** Index of the word with the time of flushes that end on a processor. */
export const processorTimeWord = ({ shared }: Log, processor: number): number =>
  ((shared + LOG_SHARED_PROCESSOR_TIME) >>> 2) + (processor & (PROCESSORS - 1));

/** Whether who could lead leaves that to a committer that looks for the end of a flush where flushes are quicker, by a 16th and more. */
export function handsOver(log: Log): boolean {
  const { control, shared } = log;
  const looker = loadInOrder(control, (shared + LOG_SHARED_LOOKER_PROCESSOR) >>> 2) - 1;
  const own = looker < 0 ? looker : processorNow();
  if (own < 0 || own === looker) return false;
  const ownTime = control[processorTimeWord(log, own)];
  const lookersTime = control[processorTimeWord(log, looker)];
  if (lookersTime === 0 || lookersTime > ownTime - (ownTime >> 4)) return false;
  log.handedOver = (log.handedOver + 1) % HANDS_OVER_MAX;
  return log.handedOver !== 0;
}

/** How long who has left the lead to another looks whether that one takes it, microseconds. */
export const handOverTime = (): number => (isScheduled() ? 0 : LOOK_MAX);

/** Microseconds of looking, at most. */
const LOOK_MAX = 400;
/** Sleeping for a time takes about so much longer than that, microseconds. */
const SLEEP_OVER = 100;
/** Shorter sleeps are none, microseconds. */
const SLEEP_MIN = 200;

/**
 * How long a committer that waits for a flush looks for its end before it sleeps, microseconds: 0 where that takes long, or where those
 * who are expected have no core each.
 */
export function lookTime(log: Log): number {
  if (isScheduled() || expectedThreads(log) > CORES || isHeldUp(log)) return 0;
  return peekLogSharedFlushTime(log.control, log.shared) <= 2 * LOOK_MAX ? LOOK_MAX : 0;
}

/** How long it may sleep before that, if nobody leads yet, microseconds; 0: it is not worth it. */
export function sleepTime(log: Log): number {
  const time = peekLogSharedFlushTime(log.control, log.shared) - LOOK_MAX / 2 - SLEEP_OVER;
  return time < SLEEP_MIN ? 0 : time;
}

/** A thread moves at most so often, microseconds: where it does not help, it shall not cost. */
const APART_EVERY = 2000;

/** Somebody has not gone on since the last flush, and may wait for the processor of the caller, who had better sleep. */
function isHeldUp({ control, shared }: Log): boolean {
  return loadLogSharedSleepers(control, shared) > 0 || loadInOrder(control, (shared + LOG_SHARED_LOOKER_PROCESSOR) >>> 2) !== 0;
}

/** Looks for the end of a flush for so many microseconds, at most; true when it has come. */
export function lookForEnd(log: Log, sequence: number, microseconds: number): boolean {
  if (microseconds === 0) return false;
  const { control, shared } = log;
  const word = (shared + LOG_SHARED_LOOKER_PROCESSOR) >>> 2;
  const processor = processorNow() + 1;
  storeInOrder(control, word, processor);
  const hasEnded = spinOnWord(control, shared + LOG_SHARED_DURABLE_SEQUENCE, sequence, microseconds);
  if (loadInOrder(control, word) === processor) storeInOrder(control, word, 0);
  return hasEnded;
}

/** By who has led: if it was woken on the processor of one that looks, that one cannot go on until it has left. */
export function leaveLooker(log: Log): void {
  const looker = loadInOrder(log.control, (log.shared + LOG_SHARED_LOOKER_PROCESSOR) >>> 2) - 1;
  if (looker >= 0) keepApart(log, looker);
}

/** By who waited for another one's flush, when it has ended: the leader goes on where it is. */
export function leaveLeader(log: Log): void {
  keepApart(log, peekLogSharedProcessor(log.control, log.shared) - 1);
}

/** If the thread runs on the processor of another one, it moves to one of its own, as long as all that are expected have one. */
function keepApart(log: Log, others: number): void {
  const now = log.answeredAt;
  if (others < 0 || isScheduled() || processorNow() !== others || now - log.apartAt < APART_EVERY) return;
  if (expectedThreads(log) > CORES) return;
  log.apartAt = now;
  leaveProcessor(others);
}

/** By who led and steps down: the place where it goes on. */
export function noteProcessor(log: Log): void {
  const processor = processorNow() + 1;
  if (peekLogSharedProcessor(log.control, log.shared) !== processor) {
    storeInOrder(log.control, (log.shared + LOG_SHARED_PROCESSOR) >>> 2, processor);
  }
}

/** By who leads, behind its fdatasync: how long that and writing took, microseconds, for the processor where it goes on. */
export function noteProcessorTime(log: Log, microseconds: number): void {
  const processor = processorNow();
  if (processor < 0) return;
  const word = processorTimeWord(log, processor);
  const before = log.control[word];
  // A mean of about the last 32, and none counts more than twice the mean.
  const now = Math.min(Math.max(microseconds, 1) * 16, before === 0 ? 16_000_000 : before * 2);
  storeInOrder(log.control, word, before === 0 ? now : Math.max(1, before + Math.round((now - before) / 32)));
}

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
  // What a single slow one says is soon forgotten: it is a mean of about the last eight, and none counts more than twice the mean.
  const most = before === 0 ? 1_000_000 : before * 2 + 8;
  const now = Math.max(0, Math.min(microseconds, most));
  const mean = before === 0 ? now : Math.round(before + (now - before) / 8);
  if (mean !== before) storeInOrder(control, (shared + LOG_SHARED_FLUSH_TIME) >>> 2, mean);
}
