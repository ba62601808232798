/**
 * Counters: each thread adds to doubles of its own, on cache lines of its own (SM-S3), with plain stores; a reader sums
 * them up. The slot of a thread that ended goes on counting for the next one, so a sum never falls.
 *
 * Numbers 0..COUNTERS_PER_THREAD-1; the floors above agree on who has which.
 */

import { COUNTERS_PER_THREAD, type SharedMemory } from './shared-memory.ts';
import { NO_THREAD } from './types.ts';

/** Adds to a counter of the calling thread; one that is not attached counts in a row that all such threads share. */
export function count(shm: SharedMemory, counter: number, amount: number): void {
  const thread = shm.thread === NO_THREAD ? shm.threadSlots : shm.thread;
  shm.f64[(shm.countersBase >>> 3) + thread * COUNTERS_PER_THREAD + counter] += amount;
}

/** The sum over all threads, present and past; what others add right now may be missing. */
export function sumCounter(shm: SharedMemory, counter: number): number {
  let sum = 0;
  for (let thread = 0; thread <= shm.threadSlots; thread++) {
    sum += shm.f64[(shm.countersBase >>> 3) + thread * COUNTERS_PER_THREAD + counter];
  }
  return sum;
}
