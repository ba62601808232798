/**
 * Running jobs: one slice at a time, in whichever thread has time for it.
 *
 * What goes wrong in a job is nobody's statement (crash rather than corrupt):
 *   SqlError          expected (disk full, I/O): reported once until the kind works again. A job with arguments is tried
 *                     again ATTEMPTS_MAX times; one that is queued once comes back by its mark or its time
 *   57P02             the handle is poisoned: thrown
 *   anything else     a bug: the job goes back for another try, and the error is thrown; in a pool thread it ends the thread.
 *                     After ATTEMPTS_MAX of them the handle is poisoned
 *   inside a critical section: thrown as it is; leaving the engine poisons the handle
 */

import { assert } from '../../shm/assert.ts';
import { criticalCount, poison } from '../../shm/critical.ts';
import { collectDeadThreads } from '../../shm/threads.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { heldFrame, releaseFrame } from '../../shm/frame-latch.ts';
import { NO_FRAME } from '../../shm/types.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { JOB_DEATHS, jobName, jobThread, type Jobs, registerJob, registerPeriodic, runsWord, SLICE } from './jobs.ts';
import { JOBS_SHARED_FAILING, jobThreadA, jobThreadB, jobThreadC, jobThreadEntry } from './jobs.layout.gen.ts';
import { ENTRY_KIND, ENTRY_ONCE } from './jobs.layout.ts';
import { ATTEMPTS_MAX, endJob, putBack, retryJob, takeJob } from './queue.ts';

const testing = TESTING;

/** How often the pool looks for threads that died while nobody waited for them, in milliseconds. */
const DEATHS_EVERY_MS = 1000;

/**
 * Takes a job and does a slice of it; false when the queue is empty, or when this thread is in a job already. The caller
 * holds nothing. Throws what the file's head says.
 */
export function runJob(jobs: Jobs): boolean {
  const { shm } = jobs;
  if (jobThreadEntry(jobs.i32, jobThread(jobs, shm.thread)) !== 0) return false;
  enterEngine(shm);
  let thrown: unknown;
  try {
    assert(criticalCount(shm) === 0 && heldFrame(shm) === NO_FRAME, 'who runs a job holds nothing');
    if (!takeJob(jobs)) return false;
    runTaken(jobs);
    return true;
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}

/** Runs jobs until the queue is empty, in the calling thread: for close() and for tests. Returns how many slices. */
export function drainJobs(jobs: Jobs): number {
  let slices = 0;
  while (runJob(jobs)) slices++;
  return slices;
}

function runTaken(jobs: Jobs): void {
  const { i32, shm } = jobs;
  const slot = jobThread(jobs, shm.thread);
  const entry = jobThreadEntry(i32, slot);
  const kind = entry & ENTRY_KIND;
  const a = jobThreadA(i32, slot);
  const b = jobThreadB(i32, slot);
  const c = jobThreadC(i32, slot);
  jobs.next[0] = a;
  jobs.next[1] = b;
  jobs.next[2] = c;
  const handler = jobs.handlers[kind];
  let hasMore: boolean;
  try {
    assert(handler !== null, 'every thread that runs jobs has a handler for each kind');
    hasMore = handler(jobs, a, b, c, SLICE);
    assert(criticalCount(shm) === 0 && heldFrame(shm) === NO_FRAME, 'a job lets go of everything before it returns (J1)');
  } catch (error) {
    jobFailed(jobs, entry, error);
    return;
  }
  if (testing) yieldPoint('jobs.ran');
  Atomics.add(i32, runsWord(jobs, kind), 1);
  clearFailing(jobs, kind);
  // Queued before the slot is emptied: a death in between has it run twice, never not at all (J3).
  if (hasMore) putBack(jobs, kind | (entry & ENTRY_ONCE), jobs.next[0], jobs.next[1], jobs.next[2]);
  endJob(jobs);
}

function jobFailed(jobs: Jobs, entry: number, error: unknown): void {
  const { shm } = jobs;
  if (criticalCount(shm) !== 0) throw error;
  const held = heldFrame(shm);
  if (held !== NO_FRAME) releaseFrame(shm, held);
  const isExpected = error instanceof SqlError;
  if (isExpected && error.code === SQLSTATE.crash_shutdown) throw error;
  const kind = entry & ENTRY_KIND;
  const slot = jobThread(jobs, shm.thread);
  const comesBack = isExpected && (entry & ENTRY_ONCE) !== 0;
  const isRetried =
    !comesBack && retryJob(jobs, entry, jobThreadA(jobs.i32, slot), jobThreadB(jobs.i32, slot), jobThreadC(jobs.i32, slot));
  endJob(jobs);
  if (isExpected) {
    if (setFailing(jobs, kind)) jobs.report(kind, error);
    return;
  }
  if (!isRetried) throw poison(shm, `background work failed ${ATTEMPTS_MAX} times: ${jobName(kind)}`, error);
  throw error;
}

/** True when the kind worked until now. */
function setFailing(jobs: Jobs, kind: number): boolean {
  return (Atomics.or(jobs.i32, (jobs.shared + JOBS_SHARED_FAILING) >>> 2, 1 << kind) & (1 << kind)) === 0;
}

function clearFailing(jobs: Jobs, kind: number): void {
  const word = (jobs.shared + JOBS_SHARED_FAILING) >>> 2;
  if ((Atomics.load(jobs.i32, word) & (1 << kind)) !== 0) Atomics.and(jobs.i32, word, ~(1 << kind));
}

/** The one job of this folder itself: a thread that died while nobody waited for it still holds a snapshot and its rows. */
export function registerDeathWatch(jobs: Jobs): void {
  registerJob(jobs, JOB_DEATHS, (own) => {
    collectDeadThreads(own.shm);
    return false;
  });
  registerPeriodic(jobs, { kind: JOB_DEATHS, milliseconds: DEATHS_EVERY_MS, wanted: null });
}
