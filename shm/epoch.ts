/**
 * Epochs: when may something be used again that a thread could still be reading without a latch (SM-L6, SM-F2)?
 *
 *   reader   on entry to the engine: slot.epoch = the current epoch; on exit: 0
 *   freer    unlinks the thing, then e = advanceEpoch(); it may be used again once epochPassed(e)
 *
 * A thread that enters after the advance shows e or later. One that loaded the epoch before it and stores it after the
 * freer looked shows an older one: it began to read after that look, so it cannot reach the thing; at most it delays
 * others. Epochs are odd, so that 0 means outside; they wrap and are compared by difference.
 */

import { CONTROL_EPOCH, loadControlEpoch, loadThreadEpoch, storeThreadEpoch } from './control.layout.gen.ts';
import { CONTROL_BASE, type SharedMemory, threadSlot } from './shared-memory.ts';
import type { Epoch } from './types.ts';

/** The epoch that a thread which enters now shows. */
export function currentEpoch(shm: SharedMemory): Epoch {
  return loadControlEpoch(shm.i32, CONTROL_BASE);
}

/** Begins a new epoch. What was unlinked before the call is out of reach once epochPassed() of the result. */
export function advanceEpoch(shm: SharedMemory): Epoch {
  return (Atomics.add(shm.i32, (CONTROL_BASE + CONTROL_EPOCH) >>> 2, 2) + 2) | 0;
}

/** The oldest epoch that a thread inside the engine shows; the current one when all are outside. */
export function oldestEpoch(shm: SharedMemory): Epoch {
  const current = currentEpoch(shm);
  let oldest = 0;
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const epoch = loadThreadEpoch(shm.i32, threadSlot(shm, thread));
    if (epoch !== 0) oldest = Math.min(oldest, (epoch - current) | 0);
  }
  return (current + oldest) | 0;
}

/** True once no thread can still be reading what was unlinked before the advanceEpoch() that returned this epoch. */
export function epochPassed(shm: SharedMemory, epoch: Epoch): boolean {
  return ((oldestEpoch(shm) - epoch) | 0) >= 0;
}

/**
 * Shows the current epoch: between two morsels, when nothing that was read so far is used any more. Outside the engine it does
 * nothing: who is there holds nothing back, and has no exit at which the epoch would be cleared.
 */
export function renewEpoch(shm: SharedMemory): void {
  const own = loadThreadEpoch(shm.i32, shm.threadBase);
  const current = currentEpoch(shm);
  if (own !== 0 && own !== current) storeThreadEpoch(shm.i32, shm.threadBase, current);
}
