/**
 * Waiting: always bounded, and after the bound somebody looks whether the thread that is waited for still lives
 * (SM-L1: spin about 2 us, then sleep at most 100 ms, then look for a dead thread with an open critical section).
 *
 * Two kinds of sleep:
 *   words      sleepOnWord() blocks in Atomics.wait until the word changes, for latches and states
 *   doorbells  one word a thread, which counts rings. Look, then sleep on what was seen:
 *                const seen = doorbellOf(shm);  ...nothing to do...  waitDoorbell(shm, seen, 100)
 *              A ring between the look and the sleep ends the sleep at once. An event loop uses waitDoorbellAsync().
 *
 * Where a test scheduler has a hook installed, no loop here sleeps: it calls the hook, so that another session can run. There an event
 * loop is woken by its doorbell alone: a ring that never comes is a hang, and not 100 ms that nobody notices.
 */

import { availableParallelism } from 'node:os';
import { THREAD_DOORBELL } from './control.layout.gen.ts';
import { checkPoison } from './critical.ts';
import { checkDeaths } from './deaths.ts';
import { type SharedMemory, threadSlot } from './shared-memory.ts';
import type { ByteOffset, ThreadNumber } from './types.ts';
import { hasYieldHook, TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

/** No sleep is longer, in milliseconds. */
export const SLEEP_MAX_MS = 100;
/** Sleep on a latch or state, in milliseconds: half the bound, so that a death is met within about 100 ms. */
const LATCH_SLEEP_MS = 50;
/** Turns of Atomics.pause (20-50 ns each): about 2 us. Spinning is no use where the holder cannot run meanwhile. */
export const SPIN_LIMIT = availableParallelism() > 1 ? 40 : 0;
/** Looks at a word between two at the clock. */
const SPINS_A_LOOK = 16;
/** Cores: more threads than these do not run at a time. */
export const CORES = availableParallelism();
/** Under a test scheduler: look for deaths at every so many turns. */
const HOOKED_TURNS_PER_CHECK = 64;

/** And how often an event loop turns before it is another thread's turn. */
const LOOP_TURNS_A_LOOK = 4;

let hookedTurns = 0;

/** True when a test scheduler decides who runs: no spinning then. */
export function isScheduled(): boolean {
  return testing && hasYieldHook();
}

/** One turn of a spin loop: true after a pause, false when it is time to sleep. */
export function spinPause(turn: number): boolean {
  if (turn >= SPIN_LIMIT || isScheduled()) return false;
  Atomics.pause();
  return true;
}

/**
 * Looks at the word until it differs from what was expected, at most so long: for what another thread does within the time that
 * waking takes (30 us and more), where there is a core to spare. True when it has changed. Not under a test scheduler.
 */
export function spinOnWord(i32: Int32Array, byteOffset: ByteOffset, expected: number, microseconds: number): boolean {
  if (microseconds <= 0) return false;
  const word = byteOffset >>> 2;
  const until = performance.now() + microseconds / 1000;
  do {
    for (let turn = 0; turn < SPINS_A_LOOK; turn++) {
      if (Atomics.load(i32, word) !== expected) return true;
      Atomics.pause();
    }
  } while (performance.now() < until);
  return false;
}

/**
 * Sleeps until the word differs from what was expected, it is notified, or the time is over. True unless the time ran
 * out; the caller reads its condition again in any case.
 */
export function waitOnWord(
  shm: SharedMemory,
  i32: Int32Array,
  byteOffset: ByteOffset,
  expected: number,
  milliseconds: number,
): boolean {
  if (isScheduled()) {
    yieldPoint('wait.wait');
    checkPoison(shm);
    return ++hookedTurns % HOOKED_TURNS_PER_CHECK !== 0;
  }
  const bound = Math.min(milliseconds, SLEEP_MAX_MS);
  return Atomics.wait(i32, byteOffset >>> 2, expected, bound) !== 'timed-out';
}

/**
 * One bounded sleep on a word of the control segment that a living thread is about to change. When the time runs out
 * it looks for deaths. Throws when the handle is poisoned; else the caller reads the word again.
 */
export function sleepOnWord(shm: SharedMemory, byteOffset: ByteOffset, expected: number): void {
  if (waitOnWord(shm, shm.i32, byteOffset, expected, LATCH_SLEEP_MS)) return;
  checkDeaths(shm);
  checkPoison(shm);
}

/** Rings so far of the own doorbell. Take it before looking for work. */
export function doorbellOf(shm: SharedMemory): number {
  return Atomics.load(shm.i32, (shm.threadBase + THREAD_DOORBELL) >>> 2);
}

/** Wakes a thread, or lets its next sleep end at once. */
export function ringDoorbell(shm: SharedMemory, thread: ThreadNumber): void {
  const word = (threadSlot(shm, thread) + THREAD_DOORBELL) >>> 2;
  Atomics.add(shm.i32, word, 1);
  Atomics.notify(shm.i32, word);
}

/**
 * Blocks until the own doorbell has rung since it read `seen`, at most so many milliseconds (100 at most). Returns the
 * rings now. Looks for deaths when it was not rung, and throws when the handle is poisoned.
 */
export function waitDoorbell(shm: SharedMemory, seen: number, milliseconds: number): number {
  if (testing) yieldPoint('doorbell.beforeWait');
  const rung = waitOnWord(shm, shm.i32, shm.threadBase + THREAD_DOORBELL, seen, milliseconds);
  if (!rung) checkDeaths(shm);
  checkPoison(shm);
  return doorbellOf(shm);
}

/**
 * The same for a thread with an event loop, which goes on meanwhile. The promise does not keep the loop alive: the
 * caller needs a ref'd handle while somebody waits for the answer.
 */
export async function waitDoorbellAsync(shm: SharedMemory, seen: number, milliseconds: number): Promise<number> {
  if (isScheduled()) return awaitRing(shm, seen);
  const bound = Math.min(milliseconds, SLEEP_MAX_MS);
  const wait = Atomics.waitAsync(shm.i32, (shm.threadBase + THREAD_DOORBELL) >>> 2, seen, bound);
  const outcome = wait.async ? await wait.value : wait.value;
  if (outcome === 'timed-out') checkDeaths(shm);
  checkPoison(shm);
  return doorbellOf(shm);
}

/** The loop turns between two looks: other sessions of this thread go on, and only when none does it is another thread's turn. */
async function awaitRing(shm: SharedMemory, seen: number): Promise<number> {
  for (let turn = 0; doorbellOf(shm) === seen; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    // What its own sessions do takes few turns of the loop.
    if (turn % LOOP_TURNS_A_LOOK !== LOOP_TURNS_A_LOOK - 1 || doorbellOf(shm) !== seen) continue;
    checkPoison(shm);
    yieldPoint('doorbell.wait');
  }
  return doorbellOf(shm);
}
