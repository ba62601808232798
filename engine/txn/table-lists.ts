/**
 * What table locks look at: the words of the threads and the lists of the sessions (table-locks.ts has the whole picture).
 *
 * A list is written by the thread of its session alone, without a latch: an entry first, then the count. Only the list of a dead
 * thread is cleared by others, under the intentions' latch.
 */

import { loadThreadEpoch, THREAD_GENERATION } from '../../shm/control.layout.gen.ts';
import { threadGeneration } from '../../shm/deaths.ts';
import { storeInOrder } from '../../shm/in-order.ts';
import { threadSlot } from '../../shm/shared-memory.ts';
import { isAttached } from '../../shm/threads.ts';
import type { Locks } from './locks.ts';
import {
  LOCK_SHARED_INTENT_LATCH,
  loadTableListAll,
  loadTableListCount,
  loadTableListNumber,
  loadTableListParked,
  loadTableUseMode,
  loadTableUseTable,
  peekTableListAll,
  peekTableListCount,
  peekTableUseTable,
  storeTableListAll,
  TABLE_LIST_BYTES,
  TABLE_LIST_COUNT,
  TABLE_LIST_ENTRIES,
  TABLE_LIST_NUMBER,
  TABLE_USE_BYTES,
  tableListGeneration,
  tableListThread,
} from './locks.layout.gen.ts';
import { sessionAt } from './sessions.ts';
import { isRunning } from './slots.ts';
import { loadSessionTransaction } from './txn.layout.gen.ts';

/** Words of a thread. Word 0 counts its transactions whose list is full: they count as using all tables. */
export const TABLE_WORDS = 256;

export const hashOf = (table: number): number => 1 + ((table >>> 0) % (TABLE_WORDS - 1));
export const intentWord = (locks: Locks, table: number): number => (locks.tableIntents >>> 2) + hashOf(table);
export const threadWord = (locks: Locks, thread: number, hash: number): number =>
  (locks.tableWords >>> 2) + thread * TABLE_WORDS + hash;
export const listOf = (locks: Locks, session: number): number => locks.tableLists + session * TABLE_LIST_BYTES;
export const useAt = (list: number, index: number): number => list + TABLE_LIST_ENTRIES + index * TABLE_USE_BYTES;
export const latchOf = (locks: Locks): number => locks.shared + LOCK_SHARED_INTENT_LATCH;

/** True when the list is the calling thread's. Once a row: its own generation stays while it is attached, so a plain load. */
export const isOwnList = (locks: Locks, list: number): boolean =>
  tableListThread(locks.i32, list) === locks.shm.thread + 1 &&
  tableListGeneration(locks.i32, list) === locks.i32[(locks.shm.threadBase + THREAD_GENERATION) >>> 2];

/** Takes everything off a list, and out of the words of its thread. */
export function clearList(locks: Locks, list: number): void {
  const { i32 } = locks;
  const thread = tableListThread(i32, list) - 1;
  const count = peekTableListCount(i32, list);
  if (peekTableListAll(i32, list) !== 0) {
    Atomics.sub(i32, threadWord(locks, thread, 0), 1);
    storeTableListAll(i32, list, 0);
  }
  storeInOrder(i32, (list + TABLE_LIST_NUMBER) >>> 2, 0);
  // The entries stay where they are: who looks whether somebody wants the tables still finds them.
  storeInOrder(i32, (list + TABLE_LIST_COUNT) >>> 2, 0);
  for (let index = 0; index < count; index++) {
    const word = threadWord(locks, thread, hashOf(peekTableUseTable(i32, useAt(list, index))));
    locks.shm.atomic.add(word << 2, -1);
  }
}

/** False: no transaction uses such a table, its hash taken for it. */
export function isMaybeUsed(locks: Locks, table: number): boolean {
  const hash = hashOf(table);
  for (let thread = 0; thread < locks.shm.threadSlots; thread++) {
    if (Atomics.load(locks.i32, threadWord(locks, thread, hash)) !== 0) return true;
    if (Atomics.load(locks.i32, threadWord(locks, thread, 0)) !== 0) return true;
  }
  return false;
}

/** How a list uses a table; negative: not decided yet; 0: not at all. */
export function modeIn(locks: Locks, list: number, table: number): number {
  const { i32 } = locks;
  const count = loadTableListCount(i32, list);
  for (let index = 0; index < count; index++) {
    if (loadTableUseTable(i32, useAt(list, index)) === (table | 0)) return loadTableUseMode(i32, useAt(list, index));
  }
  return loadTableListAll(i32, list);
}

/**
 * True when the list counts for nothing now: a parked one whose thread is not in the engine. The calling thread is in it, but for the
 * session that asks: another one of its sessions is between two statements.
 */
export function isParked(locks: Locks, list: number): boolean {
  if (loadTableListParked(locks.i32, list) === 0) return false;
  const thread = tableListThread(locks.i32, list) - 1;
  return thread === locks.shm.thread || loadThreadEpoch(locks.i32, threadSlot(locks.shm, thread)) === 0;
}

const isOfLivingThread = (locks: Locks, list: number): boolean => {
  const thread = tableListThread(locks.i32, list) - 1;
  return isAttached(locks.shm, thread) && threadGeneration(locks.shm, thread) === tableListGeneration(locks.i32, list);
};

/** Under the latch. What a dead thread has left counts until its transaction has been rolled back, and is cleared then. */
export function isLiveList(locks: Locks, list: number): boolean {
  if (isOfLivingThread(locks, list)) return true;
  const number = loadTableListNumber(locks.i32, list);
  if (number !== 0 && isRunning(locks.txns, number)) return true;
  clearList(locks, list);
  return false;
}

/** Number of the list's transaction, 0: it has none. */
export function numberOfList(locks: Locks, session: number, list: number): number {
  if (!isOfLivingThread(locks, list)) return loadTableListNumber(locks.i32, list);
  const number = loadSessionTransaction(locks.i32, sessionAt(locks.txns, session));
  // What ended between two steps is gone when one looks again.
  return number !== 0 && isRunning(locks.txns, number) ? number : 0;
}
