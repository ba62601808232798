/** Memory and handlers for the tests of background work; also the module that attaches a pool thread to them. */
import { enterCritical } from '../../shm/critical.ts';
import { InvariantError } from '../../shm/assert.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import {
  createSharedMemory,
  handleOf,
  type SharedMemory,
  type SharedMemoryHandle,
  viewSharedMemory,
} from '../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_HOST, THREAD_ROLE_POOL } from '../../shm/threads.ts';
import {
  createJobs,
  initialiseJobs,
  JOB_COLLECT,
  JOB_FLUSH,
  JOB_OTHER,
  JOB_STAMP,
  JOB_STATISTICS,
  JOB_WRITE_PAGES,
  type Jobs,
  type JobsOptions,
  jobsRegions,
  registerJob,
} from '../../engine/jobs/jobs.ts';
import type { AttachedPoolThread } from '../../engine/jobs/pool-worker.ts';
import { registerJobsBurier } from '../../engine/jobs/queue.ts';
import { registerDeathWatch } from '../../engine/jobs/run.ts';
import { type ManualClock, SystemClock } from '../../engine/storage/world.ts';

const THREADS = 16;
export const CAPACITY = 64;

/** Words of the region 'words' that tests and handlers share. */
export const WORD_DONE = 0;
export const WORD_BEGUN = 1;
export const WORD_GO = 2;
export const WORD_SUM = 3;
export const WORD_LEVEL = 4;
/** What JOB_FLUSH does: 0 = works, 1 = throws SqlError, 2 = throws InvariantError. */
export const WORD_FAULT = 5;

export const word = (shm: SharedMemory, index: number): number => (shm.regions.words >>> 2) + index * 16;

export const load = (jobs: Jobs, index: number): number => Atomics.load(jobs.i32, word(jobs.shm, index));
export const store = (jobs: Jobs, index: number, value: number): void =>
  void Atomics.store(jobs.i32, word(jobs.shm, index), value);

export function jobsMemory(): SharedMemory {
  const shm = createSharedMemory({
    frames: 8,
    threadSlots: THREADS,
    ringBytes: 65536,
    heapBytes: 1 << 20,
    versionBytes: 65536,
    regions: [{ name: 'words', bytes: 4096 }, ...jobsRegions(THREADS, CAPACITY)],
  });
  initialiseJobs(shm, CAPACITY);
  attachThread(shm, THREAD_ROLE_HOST);
  return shm;
}

/** The context of an attached thread, with all handlers. */
export function jobsOf(shm: SharedMemory, options: JobsOptions = {}, clock: SystemClock | ManualClock = new SystemClock()): Jobs {
  const jobs = createJobs(shm, clock, { capacity: CAPACITY, ...options });
  registerJobsBurier(jobs);
  registerDeathWatch(jobs);
  // Counts the jobs and adds up their first arguments.
  registerJob(jobs, JOB_OTHER, (own, a) => {
    Atomics.add(own.i32, word(own.shm, WORD_SUM), a);
    Atomics.add(own.i32, word(own.shm, WORD_DONE), 1);
    return false;
  });
  // Takes `a` slices.
  registerJob(jobs, JOB_STAMP, (own, a) => {
    Atomics.add(own.i32, word(own.shm, WORD_DONE), 1);
    own.next[0] = a - 1;
    return a > 1;
  });
  // Says that it has begun, and goes on when it may.
  registerJob(jobs, JOB_STATISTICS, (own) => {
    Atomics.add(own.i32, word(own.shm, WORD_BEGUN), 1);
    while (Atomics.load(own.i32, word(own.shm, WORD_GO)) === 0) Atomics.pause();
    Atomics.add(own.i32, word(own.shm, WORD_DONE), 1);
    return false;
  });
  // The same inside a critical section.
  registerJob(jobs, JOB_COLLECT, (own) => {
    enterCritical(own.shm);
    Atomics.add(own.i32, word(own.shm, WORD_BEGUN), 1);
    while (Atomics.load(own.i32, word(own.shm, WORD_GO)) === 0) Atomics.pause();
    throw new Error('nobody lets it go');
  });
  // Lowers the level by a slice.
  registerJob(jobs, JOB_WRITE_PAGES, (own, _a, _b, _c, budget) => {
    const level = Atomics.load(own.i32, word(own.shm, WORD_LEVEL));
    const left = Math.max(0, level - budget);
    Atomics.sub(own.i32, word(own.shm, WORD_LEVEL), level - left);
    Atomics.add(own.i32, word(own.shm, WORD_DONE), 1);
    return left > 0;
  });
  registerJob(jobs, JOB_FLUSH, (own) => {
    Atomics.add(own.i32, word(own.shm, WORD_BEGUN), 1);
    const fault = Atomics.load(own.i32, word(own.shm, WORD_FAULT));
    if (fault === 1) throw new SqlError(SQLSTATE.disk_full, 'no space left');
    if (fault === 2) throw new InvariantError('the test wants it so');
    Atomics.add(own.i32, word(own.shm, WORD_DONE), 1);
    return false;
  });
  return jobs;
}

/** What pool-worker.ts calls in each pool thread. */
export function attachPoolThread(handle: unknown): AttachedPoolThread {
  const shm = viewSharedMemory(handle as SharedMemoryHandle);
  attachThread(shm, THREAD_ROLE_POOL);
  return { jobs: jobsOf(shm), detach: () => detachThread(shm) };
}

/** For createPool(). */
export const poolOptions = (shm: SharedMemory, threads: number) => ({
  threads,
  attach: import.meta.url,
  handle: handleOf(shm),
});
