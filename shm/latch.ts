/**
 * Word latch: mutual exclusion over one word of the control segment, for anything that is not a frame (SM-L1 without
 * readers). A zeroed word is a free latch.
 *
 *    31   30          29                          0
 *   +----+-----------+----------------------------+
 *   | 0  | sleepers  | holding thread + 1, 0 free |
 *   +----+-----------+----------------------------+
 *
 *   acquire   CAS 0 -> own; else spin, then mark sleepers, then sleep while the word is as marked (bounded)
 *   release   exchange 0; wake one sleeper if any was marked
 *
 * A sleeper that gets the latch marks it again, for there may be more asleep. If the one that was woken dies before it
 * gets here, the bound of the others' sleep makes up for it. Waiting is no critical section, holding is: a thread that
 * dies while it only waits leaves nothing behind. Nothing waits, allocates or throws while holding one. Hot.
 */

import { assert } from './assert.ts';
import { enterCritical, leaveCritical } from './critical.ts';
import type { SharedMemory } from './shared-memory.ts';
import { type ByteOffset, NO_THREAD } from './types.ts';
import { sleepOnWord, spinPause } from './wait.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

const SLEEPERS = 0x40000000;

/** Takes the latch, waiting for it if need be. Throws when the handle is poisoned. Not reentrant. */
export function acquireLatch(shm: SharedMemory, byteOffset: ByteOffset): void {
  if (testing) yieldPoint('latch.acquire');
  assert(shm.thread !== NO_THREAD, 'a thread attaches before it takes a latch');
  enterCritical(shm);
  if (shm.atomic.compareExchange(byteOffset, 0, shm.thread + 1) === 0) return;
  leaveCritical(shm);
  acquireSlowly(shm, byteOffset);
}

/** Takes the latch if it is free; never waits. */
export function tryAcquireLatch(shm: SharedMemory, byteOffset: ByteOffset): boolean {
  assert(shm.thread !== NO_THREAD, 'a thread attaches before it takes a latch');
  enterCritical(shm);
  if (shm.atomic.compareExchange(byteOffset, 0, shm.thread + 1) === 0) return true;
  leaveCritical(shm);
  return false;
}

/** Gives the latch back. */
export function releaseLatch(shm: SharedMemory, byteOffset: ByteOffset): void {
  const word = byteOffset >>> 2;
  const before = shm.atomic.exchange(byteOffset, 0);
  assert((before & ~SLEEPERS) === shm.thread + 1, 'a latch is released by the thread that holds it');
  if ((before & SLEEPERS) !== 0) Atomics.notify(shm.i32, word, 1);
  leaveCritical(shm);
  if (testing) yieldPoint('latch.released');
}

/** True while the calling thread holds it: for assertions. */
export function holdsLatch(shm: SharedMemory, byteOffset: ByteOffset): boolean {
  return (Atomics.load(shm.i32, byteOffset >>> 2) & ~SLEEPERS) === shm.thread + 1;
}

function acquireSlowly(shm: SharedMemory, byteOffset: ByteOffset): void {
  const word = byteOffset >>> 2;
  let mark = 0;
  for (let turn = 0; ; turn++) {
    const seen = Atomics.load(shm.i32, word);
    if (seen === 0) {
      enterCritical(shm);
      if (Atomics.compareExchange(shm.i32, word, 0, (shm.thread + 1) | mark) === 0) return;
      leaveCritical(shm);
      continue;
    }
    if (spinPause(turn)) continue;
    assert((seen & ~SLEEPERS) !== shm.thread + 1, 'a latch is not taken twice by one thread');
    if ((seen & SLEEPERS) === 0 && Atomics.compareExchange(shm.i32, word, seen, seen | SLEEPERS) !== seen) continue;
    sleepOnWord(shm, byteOffset, seen | SLEEPERS);
    mark = SLEEPERS;
  }
}
