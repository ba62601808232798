/**
 * Threads: taking a slot, giving it back, and the words in it that upper floors use.
 *
 * A slot (control.layout.ts) is how other threads see this one: its epoch, oldest snapshot, doorbell, cancel word, and
 * whether it lives. Their number is fixed (SM-S6). What happens to the slot of a dead thread: deaths.ts. Critical
 * sections and poison: critical.ts. Entering the engine: entry.ts.
 */

import { assert } from './assert.ts';
import {
  CONTROL_ATTACHES,
  compareExchangeControlSlotsTaken,
  compareExchangeThreadState,
  loadControlSlotsTaken,
  peekControlSlotsTaken,
  loadThreadCancel,
  loadThreadEpoch,
  loadThreadOldestSnapshot,
  loadThreadState,
  setThreadCritical,
  setThreadDepth,
  setThreadEntries,
  setThreadHeldFrame,
  setThreadOsStart,
  setThreadOsThread,
  setThreadRole,
  storeThreadCancel,
  storeThreadEpoch,
  storeThreadGeneration,
  storeThreadOldestSnapshot,
  storeThreadPendingLog,
  storeThreadPendingLog2,
  storeThreadState,
  storeThreadToldDead,
  storeThreadUndertaker,
  THREAD_BYTES,
  threadCritical,
  threadDepth,
  threadHeldFrame,
  threadRole,
} from './control.layout.gen.ts';
import { THREAD_STATE_ATTACHED, THREAD_STATE_CHANGING, THREAD_STATE_FREE } from './control.layout.ts';
import { checkPoison, enterCritical, leaveCritical } from './critical.ts';
import { buryDead, checkDeaths } from './deaths.ts';
import { outOfSlots } from './errors.ts';
import { ownOsThread } from './os-thread.ts';
import { CONTROL_BASE, type SharedMemory, threadSlot } from './shared-memory.ts';
import { stallsOn } from './shared53.ts';
import { type ByteOffset, NO_THREAD, type Stamp, type ThreadNumber } from './types.ts';
import { ringDoorbell } from './wait.ts';

export const THREAD_ROLE_HOST = 1;
export const THREAD_ROLE_ENGINE = 2;
export const THREAD_ROLE_POOL = 3;
export const THREAD_ROLE_ATTACHED = 4;

/** Takes a free slot for the calling thread. Throws 53300 when there is none, 57P02 when the handle is poisoned. */
export function attachThread(shm: SharedMemory, role: number): ThreadNumber {
  assert(shm.thread === NO_THREAD, 'a thread attaches once');
  checkPoison(shm);
  let thread = takeSlot(shm, role);
  if (thread === NO_THREAD) {
    // Slots of threads that died without a word come back once somebody has looked.
    checkDeaths(shm);
    checkPoison(shm);
    thread = takeSlot(shm, role);
  }
  if (thread === NO_THREAD) throw outOfSlots('thread', shm.threadSlots);
  stallsOn(shm.i32, () => {
    checkDeaths(shm);
    checkPoison(shm);
  });
  return thread;
}

function takeSlot(shm: SharedMemory, role: number): ThreadNumber {
  const os = ownOsThread();
  for (let thread = 0; thread < shm.threadSlots; thread++) {
    const slot = threadSlot(shm, thread);
    if (compareExchangeThreadState(shm.i32, slot, THREAD_STATE_FREE, THREAD_STATE_CHANGING) !== THREAD_STATE_FREE) continue;
    raiseSlotsTaken(shm, thread + 1);
    initialiseSlot(shm, slot, role);
    setThreadOsThread(shm.i32, slot, os.id);
    setThreadOsStart(shm.f64, slot, os.start);
    storeThreadState(shm.i32, slot, THREAD_STATE_ATTACHED);
    shm.thread = thread;
    shm.threadBase = slot;
    return thread;
  }
  return NO_THREAD;
}

/** Before the thread shows anything in its slot: who saw what it has done finds the slot among those that were taken. */
function raiseSlotsTaken({ i32 }: SharedMemory, count: number): void {
  for (;;) {
    const taken = loadControlSlotsTaken(i32, CONTROL_BASE);
    if (taken >= count || compareExchangeControlSlotsTaken(i32, CONTROL_BASE, taken, count) === taken) return;
  }
}

/** Slots from this number on were never taken: whoever looks at what threads show need not look at them. */
export const slotsTaken = ({ i32 }: SharedMemory): number => peekControlSlotsTaken(i32, CONTROL_BASE);

function initialiseSlot(shm: SharedMemory, slot: ByteOffset, role: number): void {
  const { i32 } = shm;
  setThreadCritical(i32, slot, 0);
  setThreadDepth(i32, slot, 0);
  setThreadHeldFrame(i32, slot, 0);
  setThreadEntries(i32, slot, 0);
  setThreadRole(i32, slot, role);
  storeThreadEpoch(i32, slot, 0);
  storeThreadOldestSnapshot(i32, slot, 0);
  storeThreadPendingLog(i32, slot, 0);
  storeThreadPendingLog2(i32, slot, 0);
  storeThreadCancel(i32, slot, 0);
  storeThreadToldDead(i32, slot, 0);
  storeThreadUndertaker(i32, slot, 0);
  // 0 stands for 'nobody' in the undertaker word; the number wraps, so it may come up.
  let generation = (Atomics.add(i32, (CONTROL_BASE + CONTROL_ATTACHES) >>> 2, 1) + 1) | 0;
  if (generation === 0) generation = (Atomics.add(i32, (CONTROL_BASE + CONTROL_ATTACHES) >>> 2, 1) + 1) | 0;
  storeThreadGeneration(i32, slot, generation);
}

/** Gives the slot back. The thread holds nothing and is outside the engine; upper floors have cleared what is theirs. */
export function detachThread(shm: SharedMemory): void {
  assert(shm.thread !== NO_THREAD, 'a thread that detaches is attached');
  const slot = shm.threadBase;
  assert(threadCritical(shm.i32, slot) === 0, 'a thread detaches outside critical sections');
  assert(threadDepth(shm.i32, slot) === 0, 'a thread detaches outside the engine');
  assert(threadHeldFrame(shm.i32, slot) === 0, 'a thread that detaches holds no frame');
  storeThreadState(shm.i32, slot, THREAD_STATE_CHANGING);
  storeThreadOldestSnapshot(shm.i32, slot, 0);
  shm.thread = NO_THREAD;
  shm.threadBase = shm.threadsBase + shm.threadSlots * THREAD_BYTES;
  storeThreadState(shm.i32, slot, THREAD_STATE_FREE);
  stallsOn(shm.i32, null);
}

/** True while some thread, alive or not yet known to be dead, has the slot. */
export function isAttached(shm: SharedMemory, thread: ThreadNumber): boolean {
  return loadThreadState(shm.i32, threadSlot(shm, thread)) === THREAD_STATE_ATTACHED;
}

/** True while the slot means something: attached, or left by a dead thread and not yet cleaned up behind. */
export function isSlotUsed(shm: SharedMemory, thread: ThreadNumber): boolean {
  const state = loadThreadState(shm.i32, threadSlot(shm, thread));
  return state !== THREAD_STATE_FREE && state !== THREAD_STATE_CHANGING;
}

/** How many threads are attached. */
export function attachedThreads(shm: SharedMemory): number {
  let count = 0;
  for (let thread = 0; thread < shm.threadSlots; thread++) if (isAttached(shm, thread)) count++;
  return count;
}

/** Other threads than this one that are inside the engine, those of a role left out. */
export function othersInEngine(shm: SharedMemory, except: number): number {
  let count = 0;
  for (let thread = 0, slots = slotsTaken(shm); thread < slots; thread++) {
    if (thread === shm.thread || !isAttached(shm, thread) || roleOf(shm, thread) === except) continue;
    if (loadThreadEpoch(shm.i32, threadSlot(shm, thread)) !== 0) count++;
  }
  return count;
}

/** One of THREAD_ROLE_... of the thread in the slot. */
export function roleOf(shm: SharedMemory, thread: ThreadNumber): number {
  return threadRole(shm.i32, threadSlot(shm, thread));
}

/** Publishes the minimum over this thread's snapshots (TX-T6); 0 = none. */
export function publishOldestSnapshot(shm: SharedMemory, snapshot: Stamp): void {
  // Whoever died half-way would leave a word that nobody can read.
  enterCritical(shm);
  storeThreadOldestSnapshot(shm.i32, shm.threadBase, snapshot);
  leaveCritical(shm);
}

/** The published minimum of a thread's snapshots; 0 = none. A dead thread's stays until its late burial is over. */
export function oldestSnapshotOf(shm: SharedMemory, thread: ThreadNumber): Stamp {
  return loadThreadOldestSnapshot(shm.i32, threadSlot(shm, thread));
}

/** Asks a thread to end what it runs, for a reason above 0, and wakes it if it waits. */
export function requestCancel(shm: SharedMemory, thread: ThreadNumber, reason: number): void {
  storeThreadCancel(shm.i32, threadSlot(shm, thread), reason);
  ringDoorbell(shm, thread);
}

/** The reason for which the calling thread is to end what it runs; 0 = go on. Read once a morsel. */
export function cancelReason(shm: SharedMemory): number {
  return loadThreadCancel(shm.i32, shm.threadBase);
}

/** Takes the request back, before the next statement. */
export function clearCancel(shm: SharedMemory): void {
  storeThreadCancel(shm.i32, shm.threadBase, 0);
}

/** Cleans up behind dead threads now: looks for them, and runs both halves of their burial. Holds nothing. */
export function collectDeadThreads(shm: SharedMemory): void {
  checkDeaths(shm);
  checkPoison(shm);
  buryDead(shm);
}
