/**
 * Table locks (TX-T14): a transaction uses tables, to read or to write, from first use to its end; DDL wants one for itself.
 *
 *   tableWords[thread][hash of table]    how many of the thread's transactions use such a table: says only whether to look
 *   tableLists[session]                  the tables that the session's transaction uses, and how
 *   tableIntents[hash of table]          how many intentions there are on such a table: users look here
 *   list of intentions, in the heap      table, transaction, what is refused to others; in the order in which they came
 *
 *   user   publish the use (list, then word); no intention? then it is in use
 *   DDL    publish the intention (list, then word); look at the words of all threads; where one is set, look at the lists
 *
 * Of a user and a DDL that come together one sees the other. Who sees an intention decides under the intentions' latch, and so
 * does DDL: a use that is published but not yet decided has a negative mode, and DDL looks again rather than wait for one that
 * may be withdrawn. DDL waits for the users it finds and for the intentions before its own; new users queue behind it. An
 * intention stays until its transaction ends, also while it waits, so that DDL is not overtaken.
 *
 * Who waits has a transaction number, as every edge of the waits-for graph has; a user that only reads draws one when it must
 * wait. DDL that finds a user without a number cannot name it: tx.waitsFor is 0 then, and it looks again after at most 100 ms;
 * users that leave ring its doorbell.
 *
 * Parked lists: a session that reads without a block keeps its list from statement to statement, so that a use costs a look at the
 * list. Between two calls its thread shows no epoch, and then the list counts for nothing. Entering the engine stores the epoch
 * (a fence), then resumeTables() looks for intentions; DDL publishes its intention, then looks at the epoch: one sees the other.
 *
 * After useTable() the caller reads the catalog's version of the table, not before.
 */

import { threadGeneration } from '../../shm/deaths.ts';
import { loadInOrder, storeInOrder } from '../../shm/in-order.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { doorbellOf, waitOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { becomeWriter } from './begin.ts';
import { waitForReaders } from './conflict.ts';
import type { Locks } from './locks.ts';
import {
  LOCK_SHARED_INTENT_FIRST,
  loadTableListAll,
  loadTableListCount,
  peekTableListAll,
  peekTableListCount,
  peekTableUseMode,
  peekTableUseTable,
  TABLE_LIST_COUNT,
  TABLE_LIST_NUMBER,
  TABLE_USE_MODE,
  TABLE_USE_TABLE,
  loadTableListNumber,
  setTableIntentGranted,
  setTableListGeneration,
  setTableListThread,
  storeTableListAll,
  storeTableListCount,
  storeTableListParked,
  storeTableUseMode,
} from './locks.layout.gen.ts';
import { TABLE_ACCESS, TABLE_LIST_MAX, TABLE_WRITE } from './locks.layout.ts';
import { adoptOwner } from './row-lock-owners.ts';
import { isRunning } from './slots.ts';
import { findRefusal, freeIntents, intentBefore, ownIntent, publishIntent, ringIntents, takeEnded } from './table-intents.ts';
import {
  clearList,
  hashOf,
  intentWord,
  isLiveList,
  isMaybeUsed,
  isOwnList,
  isParked,
  latchOf,
  listOf,
  modeIn,
  numberOfList,
  threadWord,
  useAt,
} from './table-lists.ts';
import { ROW_DONE, ROW_WAIT, type Transaction } from './transactions.ts';

export { TABLE_ACCESS, TABLE_WRITE };

const testing = TESTING;

/** Milliseconds between two looks at a use that is published but not decided. */
const UNDECIDED_MS = 1;

// ---- using a table ----

/**
 * The transaction uses a table, TABLE_ACCESS or TABLE_WRITE, until its end. True: another one wants the table for itself or has
 * it; tx.waitsFor says which; nothing was done. Called again for the same table it costs a look at the list. No latch, no hold.
 */
export function useTable(locks: Locks, tx: Transaction, table: number, mode: number): boolean {
  const { i32 } = locks;
  const list = listOf(locks, tx.session);
  // The list is the session's own, and so this thread's: plain loads. Once a row, so they count.
  const count = i32[(list + TABLE_LIST_COUNT) >>> 2];
  for (let index = 0; index < count; index++) {
    const use = useAt(list, index);
    if (i32[(use + TABLE_USE_TABLE) >>> 2] !== (table | 0)) continue;
    if (i32[(use + TABLE_USE_MODE) >>> 2] >= mode && isOwnList(locks, list)) return false;
    break;
  }
  return useTableSlow(locks, tx, list, table, mode);
}

function useTableSlow(locks: Locks, tx: Transaction, list: number, table: number, mode: number): boolean {
  const { i32 } = locks;
  if (!isOwnList(locks, list) && !takeOverList(locks, tx, list)) return true;
  if (mode === TABLE_WRITE && tx.number === 0) becomeWriter(tx);
  if (tx.number !== 0) storeInOrder(i32, (list + TABLE_LIST_NUMBER) >>> 2, tx.number);
  const count = peekTableListCount(i32, list);
  let index = 0;
  while (index < count && peekTableUseTable(i32, useAt(list, index)) !== (table | 0)) index++;
  if (index === TABLE_LIST_MAX) return useAll(locks, tx, list, table, mode);
  const use = useAt(list, index);
  const held = index < count ? peekTableUseMode(i32, use) : 0;
  const intents = intentWord(locks, table);
  if (loadInOrder(i32, intents) === 0) {
    if (testing) yieldPoint('tableLock.noIntent');
    publishUse(locks, list, index, table, -mode, held === 0);
    if (testing) yieldPoint('tableLock.published');
    if (loadInOrder(i32, intents) === 0) {
      storeInOrder(i32, (use + TABLE_USE_MODE) >>> 2, mode);
      if (testing) yieldPoint('tableLock.used');
      return false;
    }
  }
  return decideUse(locks, tx, list, index, table, mode, held);
}

/**
 * The entry, then the count, then the thread's word: whoever sees the word finds the entry. The last of these is a fence: what the
 * caller looks at next it looks at behind it.
 */
function publishUse(locks: Locks, list: number, index: number, table: number, mode: number, isNew: boolean): void {
  const { i32, shm } = locks;
  const use = useAt(list, index);
  storeInOrder(i32, (use + TABLE_USE_TABLE) >>> 2, table);
  if (!isNew || peekTableListCount(i32, list) > index) {
    storeTableUseMode(i32, use, mode);
    return;
  }
  storeInOrder(i32, (use + TABLE_USE_MODE) >>> 2, mode);
  storeInOrder(i32, (list + TABLE_LIST_COUNT) >>> 2, index + 1);
  shm.atomic.add(threadWord(locks, shm.thread, hashOf(table)) << 2, 1);
}

/** There are intentions, maybe on this table: under their latch. */
function decideUse(
  locks: Locks,
  tx: Transaction,
  list: number,
  index: number,
  table: number,
  mode: number,
  held: number,
): boolean {
  const { i32, shm } = locks;
  acquireLatch(shm, latchOf(locks));
  const blocker = findRefusal(locks, tx.number, table, mode, held);
  if (blocker === 0) publishUse(locks, list, index, table, Math.max(mode, held), held === 0);
  else if (held !== 0) storeTableUseMode(i32, useAt(list, index), held);
  else if (loadTableListCount(i32, list) > index) {
    storeTableListCount(i32, list, index);
    Atomics.sub(i32, threadWord(locks, shm.thread, hashOf(table)), 1);
  }
  const stale = takeEnded(locks);
  releaseLatch(shm, latchOf(locks));
  freeIntents(locks, stale);
  if (testing) yieldPoint('tableLock.decided');
  if (blocker === 0) return false;
  return waitFor(tx, blocker);
}

/** Who waits stands in the waits-for graph, so it has a number. */
function waitFor(tx: Transaction, number: number): true {
  if (tx.number === 0) becomeWriter(tx);
  tx.waitsFor = number;
  return true;
}

/** The list is full: the transaction uses all tables from now on. */
function useAll(locks: Locks, tx: Transaction, list: number, table: number, mode: number): boolean {
  const { i32, shm } = locks;
  const held = loadTableListAll(i32, list);
  if (held >= mode && Atomics.load(i32, intentWord(locks, table)) === 0) return false;
  acquireLatch(shm, latchOf(locks));
  const blocker = findRefusal(locks, tx.number, table, mode, held);
  if (blocker === 0 && held < mode) {
    storeTableListAll(i32, list, mode);
    if (held === 0) Atomics.add(i32, threadWord(locks, shm.thread, 0), 1);
  }
  const stale = takeEnded(locks);
  releaseLatch(shm, latchOf(locks));
  freeIntents(locks, stale);
  return blocker !== 0 && waitFor(tx, blocker);
}

/**
 * The session's list is of another thread, which died or gave the session back. False: its transaction has not been rolled back
 * yet, tx.waitsFor is set.
 */
function takeOverList(locks: Locks, tx: Transaction, list: number): boolean {
  const { i32, shm } = locks;
  acquireLatch(shm, latchOf(locks));
  const number = loadTableListNumber(i32, list);
  const isFree = loadTableListCount(i32, list) === 0 || number === 0 || !isRunning(locks.txns, number);
  if (isFree) {
    clearList(locks, list);
    setTableListThread(i32, list, shm.thread + 1);
    setTableListGeneration(i32, list, threadGeneration(shm, shm.thread));
  }
  releaseLatch(shm, latchOf(locks));
  return isFree || !waitFor(tx, number);
}

/** The session's transaction has ended: it uses no table any more. Wakes DDL that may have waited for it. */
export function releaseTables(locks: Locks, session: number): void {
  const { i32 } = locks;
  const list = listOf(locks, session);
  const count = peekTableListCount(i32, list);
  if (count === 0 || !isOwnList(locks, list)) return;
  let wanted = peekTableListAll(i32, list) !== 0;
  clearList(locks, list);
  if (testing) yieldPoint('tableLock.released');
  // The ids are still there. An intention that is published after this look finds the list empty.
  for (let index = 0; index < count && !wanted; index++) {
    wanted = loadInOrder(i32, intentWord(locks, peekTableUseTable(i32, useAt(list, index)))) !== 0;
  }
  if (wanted) ringIntents(locks);
}

/** The session's uses count only while its thread is in the engine, from now on. It uses nothing now. */
export function parkTables(locks: Locks, session: number): void {
  const list = listOf(locks, session);
  releaseTables(locks, session);
  storeTableListParked(locks.i32, list, 1);
}

/** A statement on a parked list goes on after its thread has left the engine: its uses count until holdParked(..., false). */
export function holdParked(locks: Locks, session: number, hold: boolean): void {
  storeTableListParked(locks.i32, listOf(locks, session), hold ? 0 : 1);
}

/** The session begins a transaction whose uses count to its end. */
export function unparkTables(locks: Locks, session: number): void {
  const list = listOf(locks, session);
  releaseTables(locks, session);
  storeTableListParked(locks.i32, list, 0);
}

/**
 * Behind enterEngine(), before a statement on a parked list: what somebody else wants for himself is given up, so that the next use
 * is decided in turn.
 */
export function resumeTables(locks: Locks, session: number): void {
  const { i32 } = locks;
  const list = listOf(locks, session);
  // The epoch's store is behind us: an intention published before it is seen by plain loads.
  const count = i32[(list + TABLE_LIST_COUNT) >>> 2];
  // A full list counts as using all tables, whatever becomes of them: it begins anew.
  if (count === TABLE_LIST_MAX) releaseTables(locks, session);
  // An intention stands in the list of all before its own word says so.
  if (i32[(locks.shared + LOCK_SHARED_INTENT_FIRST) >>> 2] === 0) return;
  for (let index = 0; index < count; index++) {
    if (i32[intentWord(locks, i32[(useAt(list, index) + TABLE_USE_TABLE) >>> 2])] === 0) continue;
    releaseTables(locks, session);
    return;
  }
}

// ---- wanting a table for oneself ----

/**
 * DDL: the transaction wants a table for itself until its end. `refuses`: TABLE_ACCESS, nobody else may use it; TABLE_WRITE,
 * nobody else may write to it (building an index). ROW_DONE: it has it. ROW_WAIT: others still use it, or want it and came
 * before: tx.waitsFor is one of them, or 0 if it only reads; wait (waitForTableUsers() when 0), then call again. The
 * intention stays meanwhile. 53200 when the heap is full.
 */
export function lockTable(locks: Locks, tx: Transaction, table: number, refuses: number): typeof ROW_DONE | typeof ROW_WAIT {
  if (tx.number === 0) becomeWriter(tx);
  adoptOwner(locks, tx);
  publishIntent(locks, tx, table, refuses);
  if (testing) yieldPoint('tableLock.intended');
  locks.ints[DOORBELL_SEEN] = doorbellOf(locks.shm);
  for (;;) {
    acquireLatch(locks.shm, latchOf(locks));
    const user = findUser(locks, tx, table, refuses);
    if (user === NO_USER) setTableIntentGranted(locks.heap.i32, ownIntent(locks, tx.number, table), 1);
    const stale = takeEnded(locks);
    releaseLatch(locks.shm, latchOf(locks));
    freeIntents(locks, stale);
    if (testing) yieldPoint('tableLock.looked');
    if (user === NO_USER) return ROW_DONE;
    if (user === UNDECIDED) {
      // It is between two steps; nobody wakes us when it has taken them.
      waitOnWord(locks.shm, locks.i32, latchOf(locks), 0, UNDECIDED_MS);
      continue;
    }
    tx.waitsFor = locks.ints[FOUND_NUMBER];
    return ROW_WAIT;
  }
}

/**
 * After lockTable() with tx.waitsFor 0: sleeps until a user leaves, at most 100 ms. Blocks the thread. `deadline`: of
 * waitDeadline(), when the waiting began. 55P03 when it has passed, or when a user is another session of this thread; 40P01, 57014.
 */
export function waitForTableUsers(locks: Locks, tx: Transaction, deadline: number): void {
  waitForReaders(tx, locks.ints[FOUND_SESSION], locks.ints[DOORBELL_SEEN], deadline, locks.ints[FOUND_OWN_THREADS] !== 0);
}

const NO_USER = 0;
const USER = 1;
const UNDECIDED = 2;

/** locks.ints: number of the transaction that findUser() has found, 0: it has none. */
const FOUND_NUMBER = 0;
/** locks.ints: the thread's doorbell before lockTable() looked. */
const DOORBELL_SEEN = 1;
/** locks.ints: 1, a user without a number is a session of the calling thread. */
const FOUND_OWN_THREADS = 2;
/** locks.ints: session of a user without a number. */
const FOUND_SESSION = 3;

/** Under the latch: who is in the way of the intention. Someone with a number if there is one. */
function findUser(locks: Locks, tx: Transaction, table: number, refuses: number): number {
  const before = intentBefore(locks, table, tx.number);
  if (before !== 0) {
    locks.ints[FOUND_NUMBER] = before;
    return USER;
  }
  if (!isMaybeUsed(locks, table)) return NO_USER;
  let found = NO_USER;
  for (let session = 0; session < locks.txns.options.sessions; session++) {
    if (session === tx.session) continue;
    const list = listOf(locks, session);
    const mode = modeIn(locks, list, table);
    if (Math.abs(mode) < refuses || isParked(locks, list) || !isLiveList(locks, list)) continue;
    if (mode < 0) return UNDECIDED;
    const number = numberOfList(locks, session, list);
    locks.ints[FOUND_NUMBER] = number;
    if (number !== 0) return USER;
    if (found === NO_USER) locks.ints[FOUND_OWN_THREADS] = 0;
    if (isOwnList(locks, list)) locks.ints[FOUND_OWN_THREADS] = 1;
    locks.ints[FOUND_SESSION] = session;
    found = USER;
  }
  return found;
}
