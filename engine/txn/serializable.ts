/**
 * Serializable isolation (TX-T16): a transaction's reads are recorded, and its commit is refused when a serializable commit that
 * its snapshot does not see has changed what it read. So everything it read is still true when it commits, and the order of
 * commits is a serial order. What writes alone could do is refused by the rows themselves (first updater wins).
 *
 *   first read   the snapshot is shown in the thread's word; then: are sets above it gone already? 40001
 *   commit       make the change set          (serializable-changes.ts)
 *                validate against the sets above the snapshot, without a latch
 *                latch; validate against those that came since; ... T7's latch, commit record, stamp ...; link the set; unlatch
 *   end          the thread's word; now and then free the sets that nobody can ask for
 *
 *   newest -> set -> set -> ... -> oldest       one a commit, falling stamps; freed from the oldest end
 *
 * A set may be freed when the visible horizon has reached its stamp, so that no new snapshot lies below, and every open serializable
 * transaction's snapshot has too. Who frees says first up to where ('freed'), then reads the words of the threads; who begins
 * shows its snapshot first, then reads 'freed': one of the two sees the other (as TX-T6). The horizon of the look before is
 * taken, so that a transaction has time between its snapshot and its first read.
 *
 * Transactions that only read need no validation: a snapshot is a beginning of the serial order. Reads that are recorded: rows
 * by id through the hooks; ranges of keys and whole tables by whoever scans them (noteRange, noteTable).
 */

import { heapBlockBytes, heapFree } from '../../shm/allocator.ts';
import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { visibleHorizon } from '../storage/log/flush.ts';
import type { IndexRuntime, KeyScratch } from '../storage/rows/runtime.ts';
import type { Locks } from './locks.ts';
import {
  addLockSharedFailures,
  changeSetNewer,
  changeSetOlder,
  changeSetOlderStamp,
  changeSetSize,
  changeSetStamp,
  LOCK_SHARED_SERIAL_LATCH,
  loadLockSharedFreed,
  loadSerialThreadOldest,
  lockSharedAnythingStamp,
  lockSharedFreedBefore,
  lockSharedNewest,
  lockSharedNewestStamp,
  lockSharedOldest,
  lockSharedSetBytes,
  lockSharedSetCount,
  lockSharedSinceFreed,
  SERIAL_THREAD_BYTES,
  setChangeSetNewer,
  setChangeSetOlder,
  setChangeSetOlderStamp,
  setChangeSetStamp,
  setLockSharedAnythingStamp,
  setLockSharedFreedBefore,
  setLockSharedNewest,
  setLockSharedNewestStamp,
  setLockSharedOldest,
  setLockSharedSetBytes,
  setLockSharedSetCount,
  setLockSharedSinceFreed,
  storeLockSharedFreed,
  storeSerialThreadOldest,
} from './locks.layout.gen.ts';
import { changesWhatWasRead, makeChangeSet } from './serializable-changes.ts';
import { addRange, addRow, addTable, clearReadSet, createReadSet, type ReadSet } from './serializable-reads.ts';
import { COMMIT_STAMP, DEPENDENCY, SEEN_STAMP, SERIALIZABLE, SNAPSHOT, type Transaction } from './transactions.ts';

const testing = TESTING;

/** Commits between two looks for sets that can be freed; fewer when the sets take an eighth of the heap. */
const COMMITS_PER_LOOK = 32;

const latchOf = (locks: Locks): number => locks.shared + LOCK_SHARED_SERIAL_LATCH;
const ownWord = (locks: Locks): number => locks.serialThreads + locks.shm.thread * SERIAL_THREAD_BYTES;

/** TX-T10: the commit that is to blame is a dependency: the answer waits until it is durable, so that a retry can succeed. */
function refuse(locks: Locks, tx: Transaction, stamp: number): SqlError {
  tx.times[SEEN_STAMP] = stamp;
  if (stamp > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = stamp;
  addLockSharedFailures(locks.i32, locks.shared, 1);
  return new SqlError(
    SQLSTATE.serialization_failure,
    'could not serialize: what the transaction has read was changed by another',
    {
      hint: 'run the transaction again from its beginning',
    },
  );
}

// ---- recording ----

/** The transaction's reads, shown to those who free change sets from the first one on; null if it need not record any. */
function readsOf(locks: Locks, tx: Transaction): ReadSet | null {
  const reads = locks.readsOf[tx.session];
  if (reads !== null) return reads;
  return tx.readOnly || tx.isolation !== SERIALIZABLE || !tx.snapshotTaken ? null : beginReads(locks, tx);
}

function beginReads(locks: Locks, tx: Transaction): ReadSet {
  const reads = locks.spareReads.pop() ?? createReadSet();
  reads.tx = tx;
  reads.snapshot = tx.times[SNAPSHOT];
  locks.readsOf[tx.session] = reads;
  locks.openReads.push(reads);
  showOldest(locks);
  if (testing) yieldPoint('serializable.shown');
  if (loadLockSharedFreed(locks.i32, locks.shared) > reads.snapshot) {
    throw refuse(locks, tx, loadLockSharedFreed(locks.i32, locks.shared));
  }
  return reads;
}

/** The thread's word is the oldest snapshot of its open serializable transactions. */
function showOldest(locks: Locks): void {
  let oldest = 0;
  for (const reads of locks.openReads) if (oldest === 0 || reads.snapshot < oldest) oldest = reads.snapshot;
  if (loadSerialThreadOldest(locks.i32, ownWord(locks)) === oldest) return;
  // Whoever died half-way would leave a word that nobody can read.
  enterCritical(locks.shm);
  storeSerialThreadOldest(locks.i32, ownWord(locks), oldest);
  leaveCritical(locks.shm);
}

/** Hook: the row with this home was read, or found not to be there. 40001 when it is too late to record reads. */
export function noteRowRead(locks: Locks, tx: Transaction, table: number, page: number, slot: number): void {
  const reads = readsOf(locks, tx);
  if (reads !== null) addRow(reads, table, page, slot);
}

/** Hook: a row of the table is changed. */
export function noteRowChanged(locks: Locks, tx: Transaction, table: number): void {
  const reads = readsOf(locks, tx);
  if (reads !== null) reads.changed.add(table);
}

/**
 * Keys of an index are read from `low` to `high`; null: from the beginning, to the end. Flags: BOUND_INCLUSIVE, BOUND_PREFIX.
 * Called before the scan, also for a lookup of one key, whatever it finds. Does nothing for other isolation levels.
 */
export function noteRange(
  locks: Locks,
  tx: Transaction,
  table: number,
  index: IndexRuntime,
  low: KeyScratch | null,
  lowFlags: number,
  high: KeyScratch | null,
  highFlags: number,
): void {
  const reads = readsOf(locks, tx);
  if (reads !== null) addRange(reads, table, index.id, index.kind, low, lowFlags, high, highFlags);
}

/** The whole table is read. Called before the scan. */
export function noteTable(locks: Locks, tx: Transaction, table: number): void {
  const reads = readsOf(locks, tx);
  if (reads !== null) addTable(reads, table);
}

// ---- validation ----

/**
 * Hook, at the commit of a serializable transaction that has a number: 40001, or it returns with the latch of serializable
 * committers held. From there to releaseValidation() nothing waits, allocates or throws: log credit was taken before.
 */
export function validateSerializable(locks: Locks, tx: Transaction): void {
  const reads = readsOf(locks, tx);
  if (tx.slot === 0 || reads === null) return;
  const { shm, i32, f64, shared } = locks;
  reads.set = makeChangeSet(locks, reads, tx.slot);
  acquireLatch(shm, latchOf(locks));
  const newest = lockSharedNewest(i32, shared);
  const newestStamp = lockSharedNewestStamp(f64, shared);
  let culprit = anythingAbove(locks, reads);
  releaseLatch(shm, latchOf(locks));
  if (testing) yieldPoint('serializable.unlatched');
  if (culprit === 0) culprit = findCulprit(locks, reads, newest, newestStamp, reads.snapshot);
  if (culprit !== 0) throw refuse(locks, tx, culprit);
  if (testing) yieldPoint('serializable.validated');
  acquireLatch(shm, latchOf(locks));
  culprit = anythingAbove(locks, reads);
  const since = Math.max(reads.snapshot, newestStamp);
  if (culprit === 0)
    culprit = findCulprit(locks, reads, lockSharedNewest(i32, shared), lockSharedNewestStamp(f64, shared), since);
  if (culprit !== 0) {
    releaseLatch(shm, latchOf(locks));
    throw refuse(locks, tx, culprit);
  }
  reads.latched = true;
  if (testing) yieldPoint('serializable.latched');
}

/** Under the latch: stamp above the snapshot of a commit that left no set, 0 = none. */
function anythingAbove(locks: Locks, reads: ReadSet): number {
  const stamp = lockSharedAnythingStamp(locks.f64, locks.shared);
  return stamp > reads.snapshot ? stamp : 0;
}

/** Stamp of a set from `newest` down to those above `since` that changes what was read; 0 = none. */
function findCulprit(locks: Locks, reads: ReadSet, newest: number, newestStamp: number, since: number): number {
  const heap = locks.heap;
  let set = newest;
  let stamp = newestStamp;
  while (set !== 0 && stamp > since) {
    if (changesWhatWasRead(locks, reads, set)) return stamp;
    stamp = changeSetOlderStamp(heap.f64, set);
    set = changeSetOlder(heap.i32, set);
  }
  return 0;
}

/** Hook, when the transaction is precommitted: its stamp is drawn, its set is linked, the latch goes. */
export function releaseValidation(locks: Locks, tx: Transaction): void {
  const reads = locks.readsOf[tx.session];
  if (reads === null || !reads.latched) return;
  reads.latched = false;
  const { i32, f64, shared } = locks;
  const stamp = tx.times[COMMIT_STAMP];
  if (reads.set === 0) setLockSharedAnythingStamp(f64, shared, stamp);
  else linkSet(locks, reads, stamp);
  const since = lockSharedSinceFreed(i32, shared) + 1;
  setLockSharedSinceFreed(i32, shared, since);
  const look = since >= COMMITS_PER_LOOK || lockSharedSetBytes(i32, shared) > locks.heap.u8.length / 8;
  releaseLatch(locks.shm, latchOf(locks));
  if (testing) yieldPoint('serializable.linked');
  if (look) freeChangeSets(locks);
}

function linkSet(locks: Locks, reads: ReadSet, stamp: number): void {
  const { i32, f64, shared } = locks;
  const heap = locks.heap;
  const { set } = reads;
  const older = lockSharedNewest(i32, shared);
  setChangeSetStamp(heap.f64, set, stamp);
  setChangeSetOlder(heap.i32, set, older);
  setChangeSetOlderStamp(heap.f64, set, older === 0 ? 0 : lockSharedNewestStamp(f64, shared));
  setChangeSetNewer(heap.i32, set, 0);
  if (older === 0) setLockSharedOldest(i32, shared, set);
  else setChangeSetNewer(heap.i32, older, set);
  setLockSharedNewest(i32, shared, set);
  setLockSharedNewestStamp(f64, shared, stamp);
  setLockSharedSetBytes(i32, shared, lockSharedSetBytes(i32, shared) + heapBlockBytes(changeSetSize(heap.i32, set)));
  setLockSharedSetCount(i32, shared, lockSharedSetCount(i32, shared) + 1);
  reads.set = 0;
}

/** The transaction has ended: nobody need keep change sets for it any more. */
export function endSerializable(locks: Locks, tx: Transaction): void {
  const reads = locks.readsOf[tx.session];
  if (reads === null) return;
  assert(!reads.latched, 'a serializable commit ends after its latch was let go');
  if (reads.set !== 0) heapFree(locks.shm, reads.set, reads.setBytes);
  locks.readsOf[tx.session] = null;
  const last = locks.openReads.pop()!;
  if (last !== reads) locks.openReads[locks.openReads.indexOf(reads)] = last;
  clearReadSet(reads);
  locks.spareReads.push(reads);
  showOldest(locks);
}

// ---- freeing ----

/** Frees the change sets that nobody can ask for any more; returns how many. No latch held. */
export function freeChangeSets(locks: Locks): number {
  const { shm, i32, f64, shared } = locks;
  const heap = locks.heap;
  const horizon = visibleHorizon(locks.txns.log);
  acquireLatch(shm, latchOf(locks));
  setLockSharedSinceFreed(i32, shared, 0);
  const before = lockSharedFreedBefore(f64, shared);
  setLockSharedFreedBefore(f64, shared, horizon);
  if (before > loadLockSharedFreed(i32, shared)) storeLockSharedFreed(i32, shared, before);
  if (testing) yieldPoint('serializable.freed');
  const bound = Math.min(before, oldestShown(locks));
  let taken = 0;
  let count = 0;
  let set = lockSharedOldest(i32, shared);
  while (set !== 0 && changeSetStamp(heap.f64, set) <= bound) {
    const newer = changeSetNewer(heap.i32, set);
    setLockSharedSetBytes(i32, shared, lockSharedSetBytes(i32, shared) - heapBlockBytes(changeSetSize(heap.i32, set)));
    setChangeSetOlder(heap.i32, set, taken);
    taken = set;
    count++;
    set = newer;
  }
  setLockSharedOldest(i32, shared, set);
  setLockSharedSetCount(i32, shared, lockSharedSetCount(i32, shared) - count);
  if (set === 0) {
    setLockSharedNewest(i32, shared, 0);
    setLockSharedNewestStamp(f64, shared, 0);
  }
  releaseLatch(shm, latchOf(locks));
  while (taken !== 0) {
    const next = changeSetOlder(heap.i32, taken);
    heapFree(shm, taken, changeSetSize(heap.i32, taken));
    taken = next;
  }
  return count;
}

/** Oldest snapshot of an open serializable transaction of any thread, or Infinity. */
function oldestShown(locks: Locks): number {
  let oldest = Number.POSITIVE_INFINITY;
  for (let thread = 0; thread < locks.shm.threadSlots; thread++) {
    const shown = loadSerialThreadOldest(locks.i32, locks.serialThreads + thread * SERIAL_THREAD_BYTES);
    if (shown !== 0 && shown < oldest) oldest = shown;
  }
  return oldest;
}

/** Change sets in the heap, and bytes they take: for observation. */
export const changeSets = (locks: Locks): { count: number; bytes: number } => ({
  count: lockSharedSetCount(locks.i32, locks.shared),
  bytes: lockSharedSetBytes(locks.i32, locks.shared),
});
