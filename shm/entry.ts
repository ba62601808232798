/**
 * Entering and leaving the engine: what each call from outside begins and ends with.
 *
 *   enterEngine(shm);
 *   let thrown: unknown;
 *   try { ... } catch (error) { thrown = error; throw error; } finally { leaveEngine(shm, thrown); }
 *
 * On entry the outermost call checks that the handle is sound and that the last call left no critical section open,
 * probes the stack (SM-L7), shows its epoch (SM-F2), and cleans up behind dead threads. On exit it takes the epoch back, lets
 * go of a frame that an error left held, clears a word that may stand between statements, and gives the handle up when an error
 * has come out of a critical section: such a thread lives, but counts as dead (architecture.md, Threads). Nested calls cost a
 * count. Hot.
 */

import {
  CONTROL_DEAD,
  CONTROL_EPOCH,
  CONTROL_POISONED,
  storeThreadEpoch,
  THREAD_CRITICAL,
  THREAD_DEPTH,
  THREAD_ENTRIES,
  THREAD_EPOCH,
} from './control.layout.gen.ts';
import { checkPoison, poison } from './critical.ts';
import { buryDead } from './deaths.ts';
import { handleClosed, SQLSTATE, SqlError } from './errors.ts';
import { heldFrame, releaseFrame } from './frame-latch.ts';
import { CONTROL_BASE, type SharedMemory } from './shared-memory.ts';
import { probeStack } from './stack-probe.ts';
import { NO_FRAME, NO_THREAD } from './types.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;
const storesInOrder = process.arch === 'x64';

/**
 * Begins a call into the engine. Throws 57P01 when the thread has left, 57P02 when the handle is poisoned, 54001 when the stack is
 * nearly used up. `stands`: a word of this thread that is 1 from here on, as if it had stood before, and 0 when the call ends
 * (SharedMemory.clearOnLeave); 0: none.
 */
export function enterEngine(shm: SharedMemory, stands = 0): void {
  // Behind close() there is no slot: what its last place holds now is nobody's.
  if (shm.thread === NO_THREAD) throw handleClosed('the database');
  const depth = (shm.threadBase + THREAD_DEPTH) >>> 2;
  if (shm.i32[depth] !== 0) {
    shm.i32[depth]++;
    return;
  }
  try {
    probeStack();
  } catch (error) {
    throw stackUsedUp(error);
  }
  // Plain loads: an entry pays for one atomic only. What another thread stores this very moment is met next time, and
  // an epoch that is a little old delays others at most.
  const header = CONTROL_BASE >>> 2;
  if (shm.i32[header + (CONTROL_POISONED >>> 2)] !== 0) checkPoison(shm);
  if (shm.i32[(shm.threadBase + THREAD_CRITICAL) >>> 2] !== 0) cameBackCritical(shm);
  if (stands !== 0) {
    // The epoch's store is a fence for this one, too.
    shm.i32[stands] = 1;
    shm.clearOnLeave = stands;
    if (testing) yieldPoint('enter.stands');
  }
  // A fence: what this thread looks at from here on, it looks at behind it.
  shm.atomic.exchange(shm.threadBase + THREAD_EPOCH, shm.i32[header + (CONTROL_EPOCH >>> 2)]);
  shm.i32[depth] = 1;
  shm.i32[(shm.threadBase + THREAD_ENTRIES) >>> 2]++;
  if (shm.i32[header + (CONTROL_DEAD >>> 2)] !== 0) buryOnEntry(shm);
}

function cameBackCritical(shm: SharedMemory): never {
  throw poison(shm, `thread ${shm.thread} came back with a critical section open`);
}

function stackUsedUp(cause: unknown): SqlError {
  return new SqlError(SQLSTATE.statement_too_complex, 'the stack is nearly used up where the database is called', {
    hint: 'call it from less deep, or start the thread with a larger stack',
    cause,
  });
}

function buryOnEntry(shm: SharedMemory): void {
  try {
    buryDead(shm);
  } catch (error) {
    // The caller's finally has not begun: what was entered here is left here.
    leaveEngine(shm, error);
    throw error;
  }
}

/**
 * Ends a call into the engine. Give it what was thrown, if anything: when that came out of a critical section, the handle
 * is poisoned with it as the cause, and the error of the poisoned handle is thrown instead.
 */
export function leaveEngine(shm: SharedMemory, thrown?: unknown): void {
  const depth = (shm.threadBase + THREAD_DEPTH) >>> 2;
  if (--shm.i32[depth] !== 0) return;
  if (shm.i32[(shm.threadBase + THREAD_CRITICAL) >>> 2] !== 0) leftCritical(shm, thrown);
  if (shm.clearOnLeave !== 0) {
    takeBack(shm, shm.clearOnLeave);
    shm.clearOnLeave = 0;
  }
  const held = heldFrame(shm);
  if (held !== NO_FRAME) releaseFrame(shm, held);
  takeBack(shm, (shm.threadBase + THREAD_EPOCH) >>> 2);
}

/** Sets a word to 0 behind all that was done before. Where stores stay in order that takes no fence: who sees it late waits longer. */
function takeBack(shm: SharedMemory, word: number): void {
  if (storesInOrder) shm.i32[word] = 0;
  else Atomics.store(shm.i32, word, 0);
}

function leftCritical(shm: SharedMemory, thrown: unknown): never {
  storeThreadEpoch(shm.i32, shm.threadBase, 0);
  const what = thrown instanceof Error ? `: ${thrown.message}` : '';
  throw poison(shm, `thread ${shm.thread} left a critical section through an error${what}`, thrown);
}

/** True while the calling thread is inside the engine. */
export function isInEngine(shm: SharedMemory): boolean {
  return shm.i32[(shm.threadBase + THREAD_DEPTH) >>> 2] !== 0;
}
