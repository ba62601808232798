/**
 * The queue of background work: putting jobs in, taking them out, and what happens to the job of a thread that dies.
 *
 *   put --once?--> pending bit --> ring --> take: slot of the taker, bit cleared --> run --> slot cleared
 *                                   ^                          |                       |
 *                                   +------ thread dies -------+------ more to do -----+
 *
 * Bit and entry change together in one critical section: a death between them would leave a bit that keeps the kind out of
 * the queue for good. The ring's entry is taken straight into the taker's slot, so a job is always in the ring or in a slot
 * (J3). The bit is cleared before the job runs: what is found during the run is queued again (J2).
 */

import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical, poison } from '../../shm/critical.ts';
import { registerBurier } from '../../shm/deaths.ts';
import { ringBufferCount, ringBufferPut, ringBufferTake } from '../../shm/ring-buffer.ts';
import { NO_THREAD } from '../../shm/types.ts';
import { sleepOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { isUrgent, jobName, jobThread, type Jobs } from './jobs.ts';
import {
  addJobsSharedRetries,
  jobThreadA,
  jobThreadB,
  jobThreadC,
  jobThreadEntry,
  jobThreadPool,
  JOBS_SHARED_WORK,
  setJobThreadEntry,
  setJobThreadPool,
} from './jobs.layout.gen.ts';
import { ATTENTION_BEHIND, ENTRY_ATTEMPTS_SHIFT, ENTRY_KIND, ENTRY_ONCE, POOL_NONE, POOL_WANTED } from './jobs.layout.ts';

const testing = TESTING;

/** A job that was begun so often and never ended takes the database with it rather than one thread after the other. */
export const ATTEMPTS_MAX = 3;

/** Jobs in the queue, just now. */
export const queuedJobs = (jobs: Jobs): number => ringBufferCount(jobs.shm, jobs.ring);

/**
 * Queues a job with arguments of its own. False when the queue is full: the caller does the work itself, or leaves it to the
 * next run of a job that looks for all there is to do.
 */
export function putJob(jobs: Jobs, kind: number, a: number, b: number, c: number): boolean {
  if (queuedJobs(jobs) >= jobs.limit) return false;
  return enqueue(jobs, kind, a, b, c);
}

/** Queues a job without arguments, unless one of its kind is queued (J2). False when the queue is full. */
export function putJobOnce(jobs: Jobs, kind: number): boolean {
  if (isPending(jobs, kind)) return true;
  if (queuedJobs(jobs) >= jobs.limit) return false;
  return enqueue(jobs, kind | ENTRY_ONCE, 0, 0, 0);
}

/** True while a job of the kind that is queued once waits in the queue. */
export const isPending = (jobs: Jobs, kind: number): boolean => (Atomics.load(jobs.i32, jobs.pendingWord) & (1 << kind)) !== 0;

/** Puts an entry into the ring, with its bit and its count; true when it, or one that does as well, is in the queue now. */
function enqueue(jobs: Jobs, entry: number, a: number, b: number, c: number): boolean {
  const { shm, i32 } = jobs;
  assert(shm.thread !== NO_THREAD, 'who queues a job is attached');
  const kind = entry & ENTRY_KIND;
  const bit = 1 << kind;
  const isOnce = (entry & ENTRY_ONCE) !== 0;
  const urgent = isUrgent(kind);
  jobs.entry[0] = entry;
  jobs.entry[1] = a;
  jobs.entry[2] = b;
  jobs.entry[3] = c;
  enterCritical(shm);
  if (isOnce && (Atomics.or(i32, jobs.pendingWord, bit) & bit) !== 0) {
    leaveCritical(shm);
    return true;
  }
  if (urgent) Atomics.add(i32, jobs.urgentWord, 1);
  const isIn = ringBufferPut(shm, jobs.ring, jobs.entry, 0);
  if (!isIn) {
    if (isOnce) Atomics.and(i32, jobs.pendingWord, ~bit);
    if (urgent) Atomics.sub(i32, jobs.urgentWord, 1);
  }
  leaveCritical(shm);
  if (!isIn) return false;
  if (testing) yieldPoint('jobs.queued');
  if (urgent) callForHelp(jobs);
  Atomics.add(i32, jobs.workWord, 1);
  Atomics.notify(i32, jobs.workWord, 1);
  return true;
}

function callForHelp(jobs: Jobs): void {
  Atomics.or(jobs.i32, jobs.attentionWord, ATTENTION_BEHIND);
  if (Atomics.load(jobs.i32, jobs.runningWord) === 0) wantPool(jobs);
}

/** Asks the host for one more thread, unless somebody has: it looks on entry, and is woken if it sits in its event loop. */
export function wantPool(jobs: Jobs): void {
  if (Atomics.load(jobs.i32, jobs.poolWord) !== POOL_NONE) return;
  if (Atomics.compareExchange(jobs.i32, jobs.poolWord, POOL_NONE, POOL_WANTED) === POOL_NONE) {
    Atomics.notify(jobs.i32, jobs.poolWord);
  }
}

/** Takes the oldest job into the own slot; false when there is none. The slot is empty, and is emptied by endJob(). */
export function takeJob(jobs: Jobs): boolean {
  const { shm, i32 } = jobs;
  const slot = jobThread(jobs, shm.thread);
  enterCritical(shm);
  const found = ringBufferTake(shm, jobs.ring, i32, slot >>> 2);
  if (found) {
    const entry = jobThreadEntry(i32, slot);
    const kind = entry & ENTRY_KIND;
    if ((entry & ENTRY_ONCE) !== 0) Atomics.and(i32, jobs.pendingWord, ~(1 << kind));
    if (isUrgent(kind)) Atomics.sub(i32, jobs.urgentWord, 1);
  }
  leaveCritical(shm);
  if (testing) yieldPoint('jobs.taken');
  return found;
}

/** The job in the own slot is done, or queued again. */
export function endJob(jobs: Jobs): void {
  setJobThreadEntry(jobs.i32, jobThread(jobs, jobs.shm.thread), 0);
}

/** Queues a job that was begun. There is room (Jobs.limit) but for a moment; so this waits, holding nothing. */
export function putBack(jobs: Jobs, entry: number, a: number, b: number, c: number): void {
  for (;;) {
    const seen = Atomics.load(jobs.i32, jobs.workWord);
    if (enqueue(jobs, entry, a, b, c)) return;
    sleepOnWord(jobs.shm, jobs.shared + JOBS_SHARED_WORK, seen);
  }
}

/**
 * Queues a job again that its thread could not end; false when that has happened too often. A job can run again from the
 * start (J1), so it does not matter how far it came.
 */
export function retryJob(jobs: Jobs, entry: number, a: number, b: number, c: number): boolean {
  const attempts = (entry >>> ENTRY_ATTEMPTS_SHIFT) + 1;
  if (attempts >= ATTEMPTS_MAX) return false;
  addJobsSharedRetries(jobs.i32, jobs.shared, 1);
  putBack(jobs, (entry & (ENTRY_KIND | ENTRY_ONCE)) | (attempts << ENTRY_ATTEMPTS_SHIFT), a, b, c);
  return true;
}

/** Counts the calling thread among those of the pool, or not. */
export function setPoolThread(jobs: Jobs, isPool: boolean): void {
  const slot = jobThread(jobs, jobs.shm.thread);
  enterCritical(jobs.shm);
  setJobThreadPool(jobs.i32, slot, isPool ? 1 : 0);
  Atomics.add(jobs.i32, jobs.runningWord, isPool ? 1 : -1);
  leaveCritical(jobs.shm);
}

/** Every thread that may bury others calls this once: what a dead thread was doing for all comes back into the queue. */
export function registerJobsBurier(jobs: Jobs): void {
  registerBurier(jobs.shm, 'early', (shm, thread) => {
    const slot = jobThread(jobs, thread);
    // Word and count are one: between them a death of the burier would count the dead thread down twice.
    enterCritical(shm);
    if (jobThreadPool(shm.i32, slot) !== 0) {
      setJobThreadPool(shm.i32, slot, 0);
      Atomics.sub(shm.i32, jobs.runningWord, 1);
    }
    leaveCritical(shm);
  });
  registerBurier(jobs.shm, 'late', (shm, thread) => {
    const slot = jobThread(jobs, thread);
    const entry = jobThreadEntry(shm.i32, slot);
    if (entry === 0) return;
    const { i32 } = shm;
    if (!retryJob(jobs, entry, jobThreadA(i32, slot), jobThreadB(i32, slot), jobThreadC(i32, slot))) {
      throw poison(shm, `${ATTEMPTS_MAX} threads died of the same background work: ${jobName(entry & ENTRY_KIND)}`);
    }
    setJobThreadEntry(i32, slot, 0);
  });
}
