/**
 * What a pool thread does for as long as it lives: take a job, do a slice, sleep when there is none.
 *
 * It sleeps in Atomics.wait on the count of queued jobs, at most SLEEP_MAX_MS; then it looks at the marks and the clocks
 * (marks.ts). It is inside the engine only while it runs a slice, so that an idle thread holds no epoch back (SM-F2).
 */

import { checkPoison } from '../../shm/critical.ts';
import { SLEEP_MAX_MS, waitOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { JOBS_SHARED_WORK } from './jobs.layout.gen.ts';
import { POOL_STOPPING } from './jobs.layout.ts';
import type { Jobs } from './jobs.ts';
import { LOOK_EVERY, lookAtMarks, untilPeriodic } from './marks.ts';
import { queuedJobs, setPoolThread } from './queue.ts';
import { runJob } from './run.ts';

const testing = TESTING;

/** True once the pool is to end. */
export const isPoolStopping = (jobs: Jobs): boolean => Atomics.load(jobs.i32, jobs.poolWord) === POOL_STOPPING;

/** Runs jobs until the pool is stopped. Throws what ends this thread only, or 57P02. */
export function runPoolLoop(jobs: Jobs): void {
  setPoolThread(jobs, true);
  while (!isPoolStopping(jobs)) {
    const seen = Atomics.load(jobs.i32, jobs.workWord);
    const ran = runJob(jobs);
    if (jobs.help?.() === true) continue;
    if (ran && ++jobs.entries < LOOK_EVERY) continue;
    lookAtMarks(jobs);
    if (ran || queuedJobs(jobs) > 0) continue;
    if (testing) yieldPoint('pool.sleep');
    waitOnWord(jobs.shm, jobs.i32, jobs.shared + JOBS_SHARED_WORK, seen, untilPeriodic(jobs, SLEEP_MAX_MS));
    checkPoison(jobs.shm);
  }
  setPoolThread(jobs, false);
}

/** Wakes the threads of the pool: to look at the clocks, or at the word that stops them. */
export function wakePool(jobs: Jobs): void {
  Atomics.add(jobs.i32, jobs.workWord, 1);
  Atomics.notify(jobs.i32, jobs.workWord);
}
