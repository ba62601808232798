/**
 * Critical sections and poison: crash rather than corrupt (architecture.md, Threads; SM-L7).
 *
 * A thread counts the critical sections it is in, in its own slot, with plain stores: others read the count only when
 * the thread is dead, and the system has made its stores visible by then. A thread that ends with the count above 0
 * has left memory that nobody can trust: the handle is poisoned, for all threads, for good, and open() recovers.
 *
 * Inside a critical section: no allocation, no throw, no call that could do either. Hot: plain functions, no closures.
 */

import {
  CONTROL_POISON_REASON,
  CONTROL_POISON_REASON_LENGTH,
  compareExchangeControlPoisoned,
  controlPoisonReasonBytes,
  loadControlPoisoned,
  setControlPoisonReasonBytes,
  storeControlPoisoned,
  THREAD_CRITICAL,
  THREAD_DOORBELL,
} from './control.layout.gen.ts';
import { poisoned, type SqlError } from './errors.ts';
import { CONTROL_BASE, type SharedMemory, threadSlot } from './shared-memory.ts';

const SOUND = 0;
const POISONED = 1;
const BEING_POISONED = 2;

/** One more critical section; nests. */
export function enterCritical(shm: SharedMemory): void {
  shm.i32[(shm.threadBase + THREAD_CRITICAL) >>> 2]++;
}

/** The end of the latest critical section. */
export function leaveCritical(shm: SharedMemory): void {
  shm.i32[(shm.threadBase + THREAD_CRITICAL) >>> 2]--;
}

/** How many critical sections the calling thread is in. */
export function criticalCount(shm: SharedMemory): number {
  return shm.i32[(shm.threadBase + THREAD_CRITICAL) >>> 2];
}

/** True once the memory cannot be trusted any more. */
export function isPoisoned(shm: SharedMemory): boolean {
  return loadControlPoisoned(shm.i32, CONTROL_BASE) !== SOUND;
}

/** Throws the one error of a poisoned handle (57P02), else returns. */
export function checkPoison(shm: SharedMemory): void {
  if (loadControlPoisoned(shm.i32, CONTROL_BASE) !== SOUND) throw poisonError(shm);
}

/**
 * Gives the memory up. The first reason stays; every thread meets it as the same error, at its next entry or wait.
 * Returns that error, for the caller to throw.
 */
export function poison(shm: SharedMemory, reason: string, cause?: unknown): SqlError {
  if (compareExchangeControlPoisoned(shm.i32, CONTROL_BASE, SOUND, BEING_POISONED) === SOUND) {
    const at = CONTROL_BASE + CONTROL_POISON_REASON;
    const written = shm.control.bytesView.write(reason, at, CONTROL_POISON_REASON_LENGTH, 'utf8');
    setControlPoisonReasonBytes(shm.i32, CONTROL_BASE, written);
    storeControlPoisoned(shm.i32, CONTROL_BASE, POISONED);
    ringEveryDoorbell(shm);
  }
  return poisonError(shm, cause);
}

/** The error that poison() made, with the first reason. */
export function poisonError(shm: SharedMemory, cause?: unknown): SqlError {
  // Whoever gave the memory up may be about to write why; if it died at it, the reason stays unknown.
  for (let turn = 0; turn < 1000 && loadControlPoisoned(shm.i32, CONTROL_BASE) === BEING_POISONED; turn++) Atomics.pause();
  const at = CONTROL_BASE + CONTROL_POISON_REASON;
  const bytes = controlPoisonReasonBytes(shm.i32, CONTROL_BASE);
  return poisoned(bytes === 0 ? 'reason unknown' : shm.control.bytesView.toString('utf8', at, at + bytes), cause);
}

function ringEveryDoorbell(shm: SharedMemory): void {
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const word = (threadSlot(shm, thread) + THREAD_DOORBELL) >>> 2;
    Atomics.add(shm.i32, word, 1);
    Atomics.notify(shm.i32, word);
  }
}
