/**
 * Row locks by their transaction: each session has an entry that lists those of its transaction, the last one first, so that
 * they go with it (row-locks.ts has the whole picture).
 *
 * The list belongs to the session's thread; a new lock is linked under the map's latch, so that whoever comes after a dead
 * thread finds whole locks only.
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { mapFindLatched, mapLatch, mapRemoveLatched, mapReturn, mapSetLatched, mapUnlatch } from '../../shm/hash-map.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import type { Locks } from './locks.ts';
import {
  addLockSharedRowBytes,
  LOCK_SHARED_ORPHAN_LATCH,
  loadLockSharedRowBytes,
  lockSharedOrphans,
  ROW_LOCK_BYTES,
  ROW_LOCK_OWNER_BYTES,
  rowLockNext,
  rowLockNumber,
  rowLockOwned,
  rowLockOwnerLast,
  rowLockOwnerNumber,
  rowLockPage,
  rowLockSlot,
  setLockSharedOrphans,
  setRowLockMode,
  setRowLockNext,
  setRowLockNumber,
  setRowLockOwned,
  setRowLockOwnerLast,
  setRowLockOwnerNumber,
  setRowLockPage,
  setRowLockSlot,
  setRowLockTable,
} from './locks.layout.gen.ts';
import { isRunning } from './slots.ts';
import type { Transaction } from './transactions.ts';

const testing = TESTING;

/** Bytes of the heap counted for one lock: itself, and its entry of the map, which several may share. */
export const BYTES_PER_LOCK = ROW_LOCK_BYTES + 16;

const ownerOf = (locks: Locks, session: number): number => locks.rowOwners + session * ROW_LOCK_OWNER_BYTES;

/** Room for one more lock. 53200 past lock_memory or when the heap is full. */
export function reserveLock(locks: Locks, tx: Transaction): number {
  adoptOwner(locks, tx);
  const full = loadLockSharedRowBytes(locks.i32, locks.shared) + BYTES_PER_LOCK > locks.memory;
  const lock = full ? 0 : heapAllocate(locks.shm, ROW_LOCK_BYTES);
  if (lock === 0) throw outOfMemory('the memory for row locks (lock_memory)', BYTES_PER_LOCK);
  return lock;
}

/** The owner entry of the session is this transaction's, which has a number. What a dead thread left in it is put away. */
export function adoptOwner(locks: Locks, tx: Transaction): void {
  const { i32 } = locks;
  const owner = ownerOf(locks, tx.session);
  const before = rowLockOwnerNumber(i32, owner);
  if (before === tx.number) return;
  const last = rowLockOwnerLast(i32, owner);
  setRowLockOwnerLast(i32, owner, 0);
  setRowLockOwnerNumber(i32, owner, tx.number);
  if (last === 0) return;
  if (isRunning(locks.txns, before)) addOrphans(locks, last);
  else releaseList(locks, last);
  releaseOrphans(locks);
}

/** Number of the transaction whose locks the session's owner entry holds, 0 = none. */
export const ownerNumber = (locks: Locks, session: number): number => rowLockOwnerNumber(locks.i32, ownerOf(locks, session));

/** Under the map's latch, so that who buries the thread finds whole locks only. */
export function fillLock(
  locks: Locks,
  tx: Transaction,
  table: number,
  page: number,
  slot: number,
  mode: number,
  lock: number,
  next: number,
): void {
  const heap = locks.heap;
  const owner = ownerOf(locks, tx.session);
  setRowLockNext(heap.i32, lock, next);
  setRowLockNumber(heap.i32, lock, tx.number);
  setRowLockPage(heap.i32, lock, page);
  setRowLockSlot(heap.u16, lock, slot);
  setRowLockMode(heap.u16, lock, mode);
  setRowLockTable(heap.u32, lock, table);
  setRowLockOwned(heap.i32, lock, rowLockOwnerLast(locks.i32, owner));
  setRowLockOwnerLast(locks.i32, owner, lock);
}

/** The session's transaction has ended: its row locks go. No latch held. */
export function releaseRowLocks(locks: Locks, session: number): void {
  const owner = ownerOf(locks, session);
  const last = rowLockOwnerLast(locks.i32, owner);
  setRowLockOwnerNumber(locks.i32, owner, 0);
  setRowLockOwnerLast(locks.i32, owner, 0);
  if (last !== 0) releaseList(locks, last);
}

/** Removes the locks of a list that nobody else knows any more. */
function releaseList(locks: Locks, last: number): void {
  const { shm, heap, rowMap } = locks;
  for (let lock = last; lock !== 0; ) {
    const before = rowLockOwned(heap.i32, lock);
    const page = rowLockPage(heap.i32, lock);
    const rowSlot = rowLockSlot(heap.u16, lock);
    const stripe = mapLatch(shm, rowMap, page, rowSlot);
    const entry = unlinkLock(locks, stripe, page, rowSlot, lock);
    mapUnlatch(shm, stripe);
    mapReturn(shm, entry);
    heapFree(shm, lock, ROW_LOCK_BYTES);
    addLockSharedRowBytes(locks.i32, locks.shared, -BYTES_PER_LOCK);
    if (testing) yieldPoint('rowLock.released');
    lock = before;
  }
}

/** The transaction of these locks is still to be rolled back: until then they count. */
function addOrphans(locks: Locks, last: number): void {
  const { shm, i32, heap, shared } = locks;
  acquireLatch(shm, shared + LOCK_SHARED_ORPHAN_LATCH);
  let end = last;
  while (rowLockOwned(heap.i32, end) !== 0) end = rowLockOwned(heap.i32, end);
  setRowLockOwned(heap.i32, end, lockSharedOrphans(i32, shared));
  setLockSharedOrphans(i32, shared, last);
  releaseLatch(shm, shared + LOCK_SHARED_ORPHAN_LATCH);
}

/** Releases the orphans whose transactions have been rolled back meanwhile. */
function releaseOrphans(locks: Locks): void {
  const { shm, i32, heap, shared } = locks;
  if (lockSharedOrphans(i32, shared) === 0) return;
  acquireLatch(shm, shared + LOCK_SHARED_ORPHAN_LATCH);
  let kept = 0;
  let ended = 0;
  for (let lock = lockSharedOrphans(i32, shared); lock !== 0; ) {
    const before = rowLockOwned(heap.i32, lock);
    if (isRunning(locks.txns, rowLockNumber(heap.i32, lock))) {
      setRowLockOwned(heap.i32, lock, kept);
      kept = lock;
    } else {
      setRowLockOwned(heap.i32, lock, ended);
      ended = lock;
    }
    lock = before;
  }
  setLockSharedOrphans(i32, shared, kept);
  releaseLatch(shm, shared + LOCK_SHARED_ORPHAN_LATCH);
  releaseList(locks, ended);
}

/** Under the map's latch. Returns the row's entry of the map if it is not needed any more, else 0. */
function unlinkLock(locks: Locks, stripe: number, page: number, slot: number, lock: number): number {
  const { shm } = locks;
  const heap = locks.heap.i32;
  const next = rowLockNext(heap, lock);
  const first = mapFindLatched(shm, stripe, page, slot);
  if (first === lock) {
    if (next === 0) return mapRemoveLatched(shm, stripe, page, slot);
    mapSetLatched(shm, stripe, page, slot, next);
    return 0;
  }
  let before = first;
  while (rowLockNext(heap, before) !== lock) before = rowLockNext(heap, before);
  setRowLockNext(heap, before, next);
  return 0;
}
