/**
 * The one long task that each thread of the pool runs (Piscina calls runPoolThread in a thread of its own).
 *
 *   seat: ASKED --task begins--> ATTACHING --in the engine--> RUNNING --stopped, or an error--> FREE
 *
 * The seat lies in memory of the pool alone: the host, which may be blocked and see no events, reads there how far the
 * thread is. A thread that finds its seat not ASKED any more touches nothing: the pool was stopped before it came.
 */

import { constants, setPriority } from 'node:os';
import { threadGeneration } from '../../shm/deaths.ts';
import { POOL_NONE, POOL_STARTED } from './jobs.layout.ts';
import type { Jobs } from './jobs.ts';
import { runPoolLoop } from './pool-loop.ts';

export const SEAT_FREE = 0;
export const SEAT_ASKED = 1;
export const SEAT_ATTACHING = 2;
export const SEAT_RUNNING = 3;

/** Words of a seat: state, thread slot + 1, generation of the thread in the slot. */
export const SEAT_WORDS = 4;
export const SEAT_THREAD = 1;
export const SEAT_GENERATION = 2;

/** What the thread is told. */
export interface PoolTask {
  /** URL of a module that exports attachPoolThread: AttachPoolThread. */
  readonly attach: string;
  /** Given to attachPoolThread(). */
  readonly handle: unknown;
  readonly seats: Int32Array;
  readonly seat: number;
  /** No more threads can be started. */
  readonly isLast: boolean;
}

export interface AttachedPoolThread {
  /** Of the attached thread, with all handlers. */
  readonly jobs: Jobs;
  /** Gives the thread's slot back. */
  readonly detach: () => void;
}

/** Attaches the calling thread, in the role THREAD_ROLE_POOL, to the open database behind the handle. */
export type AttachPoolThread = (handle: unknown) => AttachedPoolThread | Promise<AttachedPoolThread>;

/** Attaches, runs jobs until the pool is stopped, detaches. Any error ends the thread: what it left is buried by others. */
export async function runPoolThread(task: PoolTask): Promise<void> {
  const { seats } = task;
  const word = task.seat * SEAT_WORDS;
  if (Atomics.compareExchange(seats, word, SEAT_ASKED, SEAT_ATTACHING) !== SEAT_ASKED) return;
  try {
    const { attachPoolThread } = (await import(task.attach)) as { attachPoolThread: AttachPoolThread };
    const { jobs, detach } = await attachPoolThread(task.handle);
    Atomics.store(seats, word + SEAT_GENERATION, threadGeneration(jobs.shm, jobs.shm.thread));
    Atomics.store(seats, word + SEAT_THREAD, jobs.shm.thread + 1);
    Atomics.store(seats, word, SEAT_RUNNING);
    if (!task.isLast) askAgain(jobs);
    lowerPriority();
    runPoolLoop(jobs);
    detach();
    Atomics.store(seats, word + SEAT_THREAD, 0);
  } catch (error) {
    leaveSeat(seats, word);
    // Piscina would catch it and keep the thread, with its slot attached. Thrown here it ends the thread and reaches the host.
    queueMicrotask(() => {
      throw error;
    });
    return new Promise(() => undefined);
  }
  leaveSeat(seats, word);
}

/** The thread that was asked for is there: from now on one more can be. */
function askAgain(jobs: Jobs): void {
  if (Atomics.compareExchange(jobs.i32, jobs.poolWord, POOL_STARTED, POOL_NONE) === POOL_STARTED) {
    Atomics.notify(jobs.i32, jobs.poolWord);
  }
}

function leaveSeat(seats: Int32Array, word: number): void {
  Atomics.store(seats, word, SEAT_FREE);
  Atomics.notify(seats, word);
}

/** Linux lowers the calling thread alone; elsewhere the same call would lower the whole process. */
function lowerPriority(): void {
  if (process.platform === 'linux') setPriority(0, POOL_PRIORITY);
}

/** Half-way down: a pool thread that holds a latch still gets its turn soon. */
const POOL_PRIORITY = Math.floor(constants.priority.PRIORITY_BELOW_NORMAL / 2);
