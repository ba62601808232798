/**
 * Background work: the context of a thread, the kinds of jobs, and what the entry registers (handlers, marks, clocks).
 *
 *   put --> queue in shared memory --> pool threads, or a writing call that does a slice --> handler --> put again: more to do
 *
 * Work is pulled: whoever finds something to do queues it, any thread takes it. The rules (README.md):
 * J1  a handler does a bounded slice, holds nothing when it returns, and can run again from the start.
 * J2  a kind that is queued once is not queued twice; its handler looks for all there is to do.
 * J3  the job a thread runs stands in shared memory, so that another thread runs it when this one dies.
 */

import { assert } from '../../shm/assert.ts';
import { initialiseRingBuffer, ringBufferBytes } from '../../shm/ring-buffer.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import type { ByteOffset } from '../../shm/types.ts';
import type { Clock } from '../storage/world.ts';
import {
  JOB_THREAD_BYTES,
  JOBS_SHARED_ATTENTION,
  JOBS_SHARED_BYTES,
  JOBS_SHARED_PENDING,
  JOBS_SHARED_POOL_STATE,
  JOBS_SHARED_RUNNING,
  JOBS_SHARED_RUNS,
  JOBS_SHARED_URGENT,
  JOBS_SHARED_WORK,
} from './jobs.layout.gen.ts';
import { ENTRY_KIND, KINDS_MAX } from './jobs.layout.ts';

/** Stamps the rows of transactions that ended (TX-T3). */
export const JOB_STAMP = 1;
/** Frees versions, tombstones and index entries that nobody sees (TX-T18). */
export const JOB_COLLECT = 2;
/** Writes dirty pages, oldest first (SM-W5). */
export const JOB_WRITE_PAGES = 3;
/** Moves the checkpoint on (SM-W9). */
export const JOB_CHECKPOINT = 4;
/** Zeroes a log segment ahead of the log (SM-W4). Urgent. */
export const JOB_PREPARE_SEGMENT = 5;
/** Frees retired pages whose time has come (SM-F2). */
export const JOB_FREE_PAGES = 6;
/** Rolls back transactions of dead threads (TX-T15). Urgent: somebody may wait for their rows. */
export const JOB_ROLL_BACK = 7;
/** Makes commits of relaxed durability durable. */
export const JOB_FLUSH = 8;
/** Gathers statistics. */
export const JOB_STATISTICS = 9;
/** Looks for dead threads and cleans up behind them; its handler is part of this folder. */
export const JOB_DEATHS = 10;
/** What the entry likes. */
export const JOB_OTHER = 11;

const URGENT = (1 << JOB_PREPARE_SEGMENT) | (1 << JOB_ROLL_BACK);

const NAMES = [
  ...['none', 'stamp rows', 'collect versions', 'write pages', 'checkpoint', 'prepare a log segment', 'free retired pages'],
  ...['roll back', 'flush the log', 'gather statistics', 'look for dead threads', 'other work'],
];

/** A kind in words. */
export const jobName = (kind: number): string => NAMES[kind] ?? `job ${kind}`;

/** True for a kind that a foreground thread does at once when no pool runs. */
export const isUrgent = (kind: number): boolean => (URGENT & (1 << kind)) !== 0;

/** Pages or rows of a slice. */
export const SLICE = 64;

/**
 * Does a slice of at most `budget` pages or rows; true when there is more to do. It then runs again later with jobs.next as
 * arguments, which is (a, b, c) unless the handler changed it. It runs inside the engine, and holds nothing when it returns
 * (J1). An expected error is a SqlError: it is reported, and the job comes back or is found again by its kind's next run.
 */
export type JobHandler = (jobs: Jobs, a: number, b: number, c: number, budget: number) => boolean;

/** A quantity that grows until a job makes it smaller. */
export interface Mark {
  readonly kind: number;
  /** The quantity now: cheap, some loads. */
  readonly read: () => number;
  /** From here on a pool that runs does it, and no writing call is held up. `first` when left out. */
  readonly early?: number;
  /** From here on the pool is wanted, and no writing call is held up: it takes its time to start. `first` when left out. */
  readonly start?: number;
  /** From here on the job is queued, and the pool is wanted. */
  readonly first: number;
  /** From here on writing calls do slices too. */
  readonly second: number;
}

/** A job that is queued by time. */
export interface Periodic {
  readonly kind: number;
  readonly milliseconds: number;
  /** Cheap; false: nothing to do now. null: always. */
  readonly wanted: (() => boolean) | null;
}

/** Is told of a job's expected failure, once until that kind works again. */
export type JobReporter = (kind: number, error: unknown) => void;

export interface JobsOptions {
  /** Entries of the queue, a power of two, at least four a thread slot; the same for all threads. 1,024. */
  capacity?: number;
  /** Queued jobs at the first and the second mark. 32 and 128. */
  queueFirst?: number;
  queueSecond?: number;
  /** process.emitWarning() when left out. */
  report?: JobReporter;
}

/** Per-thread context. */
export interface Jobs {
  readonly shm: SharedMemory;
  readonly clock: Clock;
  /** Views of the control segment. */
  readonly i32: Int32Array;
  /** Byte offsets in the control segment. */
  readonly shared: ByteOffset;
  readonly ring: ByteOffset;
  readonly threads: ByteOffset;
  /** Indexes of the hot words. */
  readonly attentionWord: number;
  readonly pendingWord: number;
  readonly urgentWord: number;
  readonly workWord: number;
  readonly runningWord: number;
  readonly poolWord: number;
  /** Jobs that put() lets in; the rest of the ring is for jobs that come back. */
  readonly limit: number;
  readonly queueFirst: number;
  readonly queueSecond: number;
  readonly handlers: (JobHandler | null)[];
  readonly marks: Mark[];
  readonly periodics: Periodic[];
  readonly report: JobReporter;
  /** In the host: starts one more thread of the pool (pool.ts). Null: none is left to start. */
  startPool: (() => void) | null;
  /** In a pool thread: takes part in statements that ask for help (helpers.ts); false: none did. Null: it helps nobody. */
  help: (() => boolean) | null;
  /** Arguments for the next slice of the job that runs. */
  readonly next: Int32Array;
  /** An entry on its way into the ring. */
  readonly entry: Int32Array;
  /** Writing calls and slices since this thread last looked at the marks. */
  entries: number;
}

const CAPACITY = 1024;
const ENTRY_WORDS = 4;
const REGION_WORDS = 'jobs';
const REGION_QUEUE = 'jobQueue';
const REGION_THREADS = 'jobThreads';

/** Room in the control segment; for createSharedMemory(). */
export const jobsRegions = (threadSlots: number, capacity: number = CAPACITY): RegionRequest[] => [
  { name: REGION_WORDS, bytes: JOBS_SHARED_BYTES },
  { name: REGION_QUEUE, bytes: ringBufferBytes(capacity, ENTRY_WORDS) },
  { name: REGION_THREADS, bytes: threadSlots * JOB_THREAD_BYTES },
];

/** Sets the queue up in zeroed memory, once, before a context is made. */
export function initialiseJobs(shm: SharedMemory, capacity: number = CAPACITY): void {
  assert(capacity >= 4 * shm.threadSlots, 'the queue of jobs has four entries a thread slot');
  initialiseRingBuffer(shm, regionOf(shm, REGION_QUEUE), capacity, ENTRY_WORDS);
}

/** Makes a thread's context. Register handlers, and where dead threads are buried call registerJobsBurier() (queue.ts). */
export function createJobs(shm: SharedMemory, clock: Clock, options: JobsOptions = {}): Jobs {
  const shared = regionOf(shm, REGION_WORDS);
  const queueFirst = options.queueFirst ?? 32;
  return {
    shm,
    clock,
    i32: shm.i32,
    shared,
    ring: regionOf(shm, REGION_QUEUE),
    threads: regionOf(shm, REGION_THREADS),
    attentionWord: (shared + JOBS_SHARED_ATTENTION) >>> 2,
    pendingWord: (shared + JOBS_SHARED_PENDING) >>> 2,
    urgentWord: (shared + JOBS_SHARED_URGENT) >>> 2,
    workWord: (shared + JOBS_SHARED_WORK) >>> 2,
    runningWord: (shared + JOBS_SHARED_RUNNING) >>> 2,
    poolWord: (shared + JOBS_SHARED_POOL_STATE) >>> 2,
    // Each thread has at most one job that comes back, and may be past the check of the limit once more.
    limit: (options.capacity ?? CAPACITY) - 2 * shm.threadSlots,
    queueFirst,
    queueSecond: options.queueSecond ?? 4 * queueFirst,
    handlers: new Array<JobHandler | null>(KINDS_MAX).fill(null),
    marks: [],
    periodics: [],
    report: options.report ?? warn,
    startPool: null,
    help: null,
    next: new Int32Array(3),
    entry: new Int32Array(ENTRY_WORDS),
    entries: 0,
  };
}

function warn(kind: number, error: unknown): void {
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`background work failed and will be tried again: ${jobName(kind)}: ${reason}`, {
    type: 'ScratchBirdWarning',
  });
}

/** Says how this thread does jobs of a kind. Every thread that may run jobs registers the same kinds. */
export function registerJob(jobs: Jobs, kind: number, handler: JobHandler): void {
  assert(kind > 0 && kind <= ENTRY_KIND, 'kinds of jobs are 1 to 31');
  assert(jobs.handlers[kind] === null, 'a kind of jobs has one handler');
  jobs.handlers[kind] = handler;
}

/** Has the job queued (once) whenever somebody looks and finds the quantity at its mark. */
export function registerMark(jobs: Jobs, mark: Mark): void {
  assert((mark.early ?? mark.first) <= mark.first && mark.first <= mark.second, 'the first mark comes before the second');
  jobs.marks.push(mark);
}

/** Has the job queued (once) every so many milliseconds by whoever looks first: one queueing an interval, over all threads. */
export function registerPeriodic(jobs: Jobs, periodic: Periodic): void {
  assert(periodic.milliseconds > 0, 'an interval is above 0');
  jobs.periodics.push(periodic);
}

/** Byte offset of a thread's slot for the job that it runs. */
export const jobThread = (jobs: Jobs, thread: number): ByteOffset => jobs.threads + thread * JOB_THREAD_BYTES;

/** Pool threads that take from the queue now. */
export const poolThreads = (jobs: Jobs): number => Atomics.load(jobs.i32, jobs.runningWord);

/** Slices run so far of a kind, by all threads. */
export const jobRuns = (jobs: Jobs, kind: number): number => Atomics.load(jobs.i32, runsWord(jobs, kind));

/** Index of the word that counts a kind's slices. */
export const runsWord = (jobs: Jobs, kind: number): number => ((jobs.shared + JOBS_SHARED_RUNS) >>> 2) + kind;
