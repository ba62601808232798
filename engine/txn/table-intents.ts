/**
 * The list of intentions: which transactions want a table for themselves, or have it (table-locks.ts has the whole picture).
 *
 * In the heap, in the order in which they came. Everything here is under the intentions' latch, but for giving memory back: an
 * intention that is taken off is freed after the latch is let go (SM-L7). One whose transaction has ended counts for nothing, and
 * whoever comes by takes it off.
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { ringDoorbell } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { Locks } from './locks.ts';
import {
  lockSharedIntentFirst,
  lockSharedIntentLast,
  setLockSharedIntentFirst,
  setLockSharedIntentLast,
  setTableIntentGranted,
  setTableIntentNext,
  setTableIntentNumber,
  setTableIntentRefuses,
  setTableIntentTable,
  setTableIntentThread,
  TABLE_INTENT_BYTES,
  tableIntentGranted,
  tableIntentNext,
  tableIntentNumber,
  tableIntentRefuses,
  tableIntentTable,
  tableIntentThread,
} from './locks.layout.gen.ts';
import { isRunning } from './slots.ts';
import { intentWord, latchOf } from './table-lists.ts';
import type { Transaction } from './transactions.ts';

const testing = TESTING;

/** Adds the intention at the end of the list, or makes the one that is there as strong. */
export function publishIntent(locks: Locks, tx: Transaction, table: number, refuses: number): void {
  const { i32, shm, heap } = locks;
  const fresh = heapAllocate(shm, TABLE_INTENT_BYTES);
  if (fresh === 0) throw outOfMemory('the heap for table locks', TABLE_INTENT_BYTES);
  acquireLatch(shm, latchOf(locks));
  const own = ownIntent(locks, tx.number, table);
  if (own !== 0) {
    if (tableIntentRefuses(heap.i32, own) > refuses) {
      setTableIntentRefuses(heap.i32, own, refuses);
      setTableIntentGranted(heap.i32, own, 0);
    }
  } else {
    setTableIntentNext(heap.i32, fresh, 0);
    setTableIntentTable(heap.u32, fresh, table);
    setTableIntentNumber(heap.i32, fresh, tx.number);
    setTableIntentThread(heap.i32, fresh, shm.thread);
    setTableIntentRefuses(heap.i32, fresh, refuses);
    setTableIntentGranted(heap.i32, fresh, 0);
    const last = lockSharedIntentLast(i32, locks.shared);
    if (last === 0) setLockSharedIntentFirst(i32, locks.shared, fresh);
    else setTableIntentNext(heap.i32, last, fresh);
    setLockSharedIntentLast(i32, locks.shared, fresh);
    Atomics.add(i32, intentWord(locks, table), 1);
  }
  releaseLatch(shm, latchOf(locks));
  if (own !== 0) heapFree(shm, fresh, TABLE_INTENT_BYTES);
}

/** Under the latch: the transaction's intention on the table, 0 = none. */
export function ownIntent(locks: Locks, number: number, table: number): number {
  const heap = locks.heap;
  let intent = lockSharedIntentFirst(locks.i32, locks.shared);
  while (intent !== 0 && (tableIntentNumber(heap.i32, intent) !== number || tableIntentTable(heap.u32, intent) !== table >>> 0)) {
    intent = tableIntentNext(heap.i32, intent);
  }
  return intent;
}

/** Under the latch: the first transaction that refuses this use, 0 = none. One that waits for what we hold does not. */
export function findRefusal(locks: Locks, number: number, table: number, mode: number, held: number): number {
  const heap = locks.heap;
  for (let intent = lockSharedIntentFirst(locks.i32, locks.shared); intent !== 0; intent = tableIntentNext(heap.i32, intent)) {
    if (tableIntentTable(heap.u32, intent) !== table >>> 0 || tableIntentNumber(heap.i32, intent) === number) continue;
    const refuses = tableIntentRefuses(heap.i32, intent);
    if (mode < refuses || held >= refuses) continue;
    if (isRunning(locks.txns, tableIntentNumber(heap.i32, intent))) return tableIntentNumber(heap.i32, intent);
  }
  return 0;
}

/** Under the latch: number of a running transaction whose intention on the table came before that of `number`; 0 = none. */
export function intentBefore(locks: Locks, table: number, number: number): number {
  const heap = locks.heap;
  for (let intent = lockSharedIntentFirst(locks.i32, locks.shared); intent !== 0; intent = tableIntentNext(heap.i32, intent)) {
    if (tableIntentTable(heap.u32, intent) !== table >>> 0) continue;
    const holder = tableIntentNumber(heap.i32, intent);
    if (holder === number) return 0;
    if (isRunning(locks.txns, holder)) return holder;
  }
  return 0;
}

/** Wakes the threads whose intentions wait. */
export function ringIntents(locks: Locks): void {
  const heap = locks.heap.i32;
  acquireLatch(locks.shm, latchOf(locks));
  for (let intent = lockSharedIntentFirst(locks.i32, locks.shared); intent !== 0; intent = tableIntentNext(heap, intent)) {
    if (tableIntentGranted(heap, intent) === 0) ringDoorbell(locks.shm, tableIntentThread(heap, intent));
  }
  releaseLatch(locks.shm, latchOf(locks));
}

/** Under the latch: unlinks the intentions of transactions that have ended; returns them, linked. */
export function takeEnded(locks: Locks): number {
  return takeIntents(locks, 0);
}

/** Under the latch: unlinks the intentions of transaction `number`, or of all that have ended if it is 0. */
function takeIntents(locks: Locks, number: number): number {
  const { i32 } = locks;
  const heap = locks.heap;
  let taken = 0;
  let before = 0;
  for (let intent = lockSharedIntentFirst(i32, locks.shared); intent !== 0; ) {
    const next = tableIntentNext(heap.i32, intent);
    const holder = tableIntentNumber(heap.i32, intent);
    if (number === 0 ? isRunning(locks.txns, holder) : holder !== number) before = intent;
    else {
      if (before === 0) setLockSharedIntentFirst(i32, locks.shared, next);
      else setTableIntentNext(heap.i32, before, next);
      if (next === 0) setLockSharedIntentLast(i32, locks.shared, before);
      Atomics.sub(i32, intentWord(locks, tableIntentTable(heap.u32, intent)), 1);
      setTableIntentNext(heap.i32, intent, taken);
      taken = intent;
    }
    intent = next;
  }
  return taken;
}

/** Not under the latch. */
export function freeIntents(locks: Locks, first: number): void {
  for (let intent = first; intent !== 0; ) {
    const next = tableIntentNext(locks.heap.i32, intent);
    heapFree(locks.shm, intent, TABLE_INTENT_BYTES);
    intent = next;
  }
}

/** The transaction has ended: it wants no table any more. */
export function releaseIntents(locks: Locks, number: number): void {
  if (lockSharedIntentFirst(locks.i32, locks.shared) === 0) return;
  acquireLatch(locks.shm, latchOf(locks));
  const taken = takeIntents(locks, number);
  releaseLatch(locks.shm, latchOf(locks));
  freeIntents(locks, taken);
  if (testing) yieldPoint('tableLock.intentGone');
}
