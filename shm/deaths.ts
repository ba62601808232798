/**
 * Dead threads: finding them and releasing what they held (architecture.md, Threads).
 *
 *   ATTACHED --dead, critical count > 0--> the handle is poisoned
 *      |
 *      +-----dead, outside--> BURYING --hold, epoch, early buriers--> DEAD --late buriers--> FREE
 *
 * Burying has two halves. The early one runs wherever somebody waited too long, perhaps with latches held: it is short,
 * waits for nothing and allocates nothing. The late one may roll back a transaction; it runs where a thread enters the
 * engine, or a background job asks (buryDead). A slot is held by the generation of whoever buries it, so that a burier
 * that dies itself is replaced; both halves can run again from the start.
 *
 * SM-L1, SM-L7: a wait that lasted too long comes here through sleepOnWord() (wait.ts).
 */

import {
  CONTROL_DEAD,
  compareExchangeThreadUndertaker,
  loadControlDead,
  loadThreadGeneration,
  loadThreadState,
  loadThreadToldDead,
  loadThreadUndertaker,
  setThreadHeldFrame,
  storeThreadEpoch,
  storeThreadOldestSnapshot,
  storeThreadState,
  storeThreadToldDead,
  storeThreadUndertaker,
  threadCritical,
  threadHeldFrame,
  threadOsStart,
  threadOsThread,
} from './control.layout.gen.ts';
import {
  THREAD_STATE_ATTACHED,
  THREAD_STATE_BURYING,
  THREAD_STATE_DEAD,
  THREAD_STATE_FREE,
  THREAD_STATE_LATE_BURYING,
} from './control.layout.ts';
import { enterCritical, leaveCritical, poison } from './critical.ts';
import { countReaderDown } from './frame-readers.ts';
import { osThreadRuns } from './os-thread.ts';
import { type Burier, CONTROL_BASE, frameBase, type SharedMemory, threadSlot } from './shared-memory.ts';
import { type ByteOffset, NO_THREAD, type ThreadNumber } from './types.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

/**
 * Registers what this thread does for a dead one. 'early': at once, wherever a wait ran out: no wait, no allocation, no
 * latch. 'late': at a safe place, the engine's entry; may wait and write. In order of registration.
 */
export function registerBurier(shm: SharedMemory, half: 'early' | 'late', burier: Burier): void {
  (half === 'early' ? shm.earlyBuriers : shm.lateBuriers).push(burier);
}

/** False when the thread in the slot is certainly gone. Does I/O: for the rare case only. */
export function isAlive(shm: SharedMemory, thread: ThreadNumber): boolean {
  const slot = threadSlot(shm, thread);
  if (loadThreadToldDead(shm.i32, slot) !== 0) return false;
  if (thread === shm.thread) return true;
  return osThreadRuns(threadOsThread(shm.i32, slot), threadOsStart(shm.f64, slot));
}

/** Told by a thread's parent that saw it end, where the system itself does not tell. Generation: of threadGeneration(). */
export function markDead(shm: SharedMemory, thread: ThreadNumber, generation: number): void {
  const slot = threadSlot(shm, thread);
  if (loadThreadGeneration(shm.i32, slot) === generation) storeThreadToldDead(shm.i32, slot, 1);
}

/** Tells the slot's threads apart over time; for markDead(). */
export function threadGeneration(shm: SharedMemory, thread: ThreadNumber): number {
  return loadThreadGeneration(shm.i32, threadSlot(shm, thread));
}

/**
 * Looks for dead threads and runs the early half of their burial; poisons the handle when one died inside a critical
 * section (it does not throw then: the caller's checkPoison does). Does I/O for each attached thread.
 */
export function checkDeaths(shm: SharedMemory): void {
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const state = loadThreadState(shm.i32, threadSlot(shm, thread));
    if (state === THREAD_STATE_ATTACHED) {
      if (!isAlive(shm, thread)) foundDead(shm, thread);
    } else if (state === THREAD_STATE_BURYING || state === THREAD_STATE_LATE_BURYING) {
      takeOver(shm, thread, state);
    }
  }
}

function foundDead(shm: SharedMemory, thread: ThreadNumber): void {
  const slot = threadSlot(shm, thread);
  if (threadCritical(shm.i32, slot) !== 0) {
    // Only a slot that is still the dead thread's says anything.
    if (loadThreadState(shm.i32, slot) === THREAD_STATE_ATTACHED && !isAlive(shm, thread)) {
      poison(shm, `thread ${thread} died inside a critical section`);
    }
    return;
  }
  if (!claim(shm, slot)) return;
  if (testing) yieldPoint('deaths.claimed');
  if (loadThreadState(shm.i32, slot) === THREAD_STATE_ATTACHED && !isAlive(shm, thread)) {
    storeThreadState(shm.i32, slot, THREAD_STATE_BURYING);
    buryEarly(shm, thread);
  }
  release(shm, slot);
}

/** Goes on with a burial whose burier died in it. */
function takeOver(shm: SharedMemory, thread: ThreadNumber, state: number): void {
  const slot = threadSlot(shm, thread);
  if (!claim(shm, slot)) return;
  if (loadThreadState(shm.i32, slot) === state) {
    if (state === THREAD_STATE_BURYING) buryEarly(shm, thread);
    else becomeDead(shm, slot);
  }
  release(shm, slot);
}

function buryEarly(shm: SharedMemory, thread: ThreadNumber): void {
  const slot = threadSlot(shm, thread);
  // Counting the hold down and forgetting it are one: who dies in between leaves a count that nobody can tell.
  enterCritical(shm);
  const held = threadHeldFrame(shm.i32, slot);
  if (held !== 0) countReaderDown(shm.i32, frameBase(shm, held - 1));
  setThreadHeldFrame(shm.i32, slot, 0);
  leaveCritical(shm);
  storeThreadEpoch(shm.i32, slot, 0);
  for (const burier of shm.earlyBuriers) burier(shm, thread);
  if (testing) yieldPoint('deaths.buriedEarly');
  becomeDead(shm, slot);
}

function becomeDead(shm: SharedMemory, slot: ByteOffset): void {
  storeThreadState(shm.i32, slot, THREAD_STATE_DEAD);
  Atomics.add(shm.i32, (CONTROL_BASE + CONTROL_DEAD) >>> 2, 1);
}

/** True when some slot waits for its late burial: one load, for the engine's entry. */
export function hasDead(shm: SharedMemory): boolean {
  return loadControlDead(shm.i32, CONTROL_BASE) !== 0;
}

/**
 * Runs the late buriers for every dead thread; their slots are free afterwards. Call it where nothing is held. An error
 * of a burier poisons the handle: what the dead thread left can then be put right by recovery only.
 */
export function buryDead(shm: SharedMemory): void {
  if (shm.thread === NO_THREAD) return;
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const slot = threadSlot(shm, thread);
    if (loadThreadState(shm.i32, slot) !== THREAD_STATE_DEAD || !claim(shm, slot)) continue;
    if (loadThreadState(shm.i32, slot) === THREAD_STATE_DEAD) buryLate(shm, thread, slot);
    release(shm, slot);
  }
}

function buryLate(shm: SharedMemory, thread: ThreadNumber, slot: ByteOffset): void {
  // From here on it is not counted as waiting, so that a burier that enters the engine itself does not come back here.
  storeThreadState(shm.i32, slot, THREAD_STATE_LATE_BURYING);
  Atomics.sub(shm.i32, (CONTROL_BASE + CONTROL_DEAD) >>> 2, 1);
  try {
    for (const burier of shm.lateBuriers) burier(shm, thread);
  } catch (error) {
    throw poison(shm, `could not clean up after thread ${thread}`, error);
  }
  if (testing) yieldPoint('deaths.buriedLate');
  storeThreadOldestSnapshot(shm.i32, slot, 0);
  storeThreadState(shm.i32, slot, THREAD_STATE_FREE);
}

/** Takes the slot for burying; false while another living thread has it. */
function claim(shm: SharedMemory, slot: ByteOffset): boolean {
  if (shm.thread === NO_THREAD) return false;
  const before = loadThreadUndertaker(shm.i32, slot);
  if (before !== 0 && generationLives(shm, before)) return false;
  const own = loadThreadGeneration(shm.i32, shm.threadBase);
  return compareExchangeThreadUndertaker(shm.i32, slot, before, own) === before;
}

function release(shm: SharedMemory, slot: ByteOffset): void {
  storeThreadUndertaker(shm.i32, slot, 0);
}

function generationLives(shm: SharedMemory, generation: number): boolean {
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const slot = threadSlot(shm, thread);
    if (loadThreadGeneration(shm.i32, slot) !== generation) continue;
    if (loadThreadState(shm.i32, slot) === THREAD_STATE_ATTACHED) return isAlive(shm, thread);
  }
  return false;
}
