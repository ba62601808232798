/**
 * Row locks without a change (TX-T13): FOR UPDATE and its weaker kinds, foreign keys.
 *
 *   header of the row            ROW_LOCKED: somebody may hold a lock. Set under the page latch, before the lock counts
 *   map, (page, slot) ->         lock -> lock -> ...       one for each transaction that holds the row, with its mode
 *   owner entry of a session ->  lock -> lock -> ...       the same locks, by transaction
 *
 *   held by another:     key share   share   no key update   update      a mode forbids all that the modes before it forbid,
 *   key share                                                  x         so a transaction has one lock a row, in its highest mode
 *   share                                           x          x
 *   no key update                      x            x          x
 *   update                  x          x            x          x
 *
 * A change asks only where it finds the flag (hook rowLocked), with the page latched. A lock is added with the page latched
 * too, so of a locker and a changer one sees the other. Removing takes the map's latch alone and leaves the flag: whoever
 * meets it and finds no holder clears it, under the page latch. Latches: page, then the map's; never the other way round.
 *
 * A lock counts while its transaction runs. What a dead thread left is released when its session's slot is used again (by way of
 * the orphans, if its transaction has not been rolled back by then). Locks set after a savepoint stay when it is rolled back.
 *
 * Hot where foreign keys are checked: no allocation in JavaScript.
 */

import { heapFree } from '../../shm/allocator.ts';
import { outOfMemory, SQLSTATE, SqlError } from '../../shm/errors.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import {
  mapFindLatched,
  mapInsertLatched,
  mapLatch,
  mapReserve,
  mapReturn,
  mapSetLatched,
  mapUnlatch,
} from '../../shm/hash-map.ts';
import { lookupFrame } from '../../shm/page-table.ts';
import { frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { pageTouched, unlatchPage } from '../storage/cache/page-cache.ts';
import { clearAllVisible } from '../storage/heap/heap-page.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { ROW_DELETED, ROW_LOCKED } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { becomeWriter, checkOpen } from './begin.ts';
import type { Locks } from './locks.ts';
import {
  addLockSharedRowBytes,
  ROW_LOCK_BYTES,
  rowLockMode,
  rowLockNext,
  rowLockNumber,
  setRowLockMode,
} from './locks.layout.gen.ts';
import { LOCK_KEY_SHARE, LOCK_NO_KEY_UPDATE, LOCK_SHARE, LOCK_UPDATE } from './locks.layout.ts';
import { BYTES_PER_LOCK, fillLock, reserveLock } from './row-lock-owners.ts';
import { latchRow, NO_ROW, PLACE_AT, PLACE_PAGE, PLACE_ROW } from './row-place.ts';
import { ASKED, isRunning, RESOLVED, resolveStamp, STAMP_ACTIVE } from './slots.ts';
import { stampNumber } from './stamps.ts';
import {
  DEPENDENCY,
  OWN_LIMIT,
  ROW_DONE,
  ROW_GONE,
  ROW_RERUN,
  ROW_WAIT,
  type RowStatus,
  SEEN_STAMP,
  SNAPSHOT,
  type Transaction,
  WATCH,
} from './transactions.ts';
import { isOwn } from './visibility.ts';

export { LOCK_KEY_SHARE, LOCK_NO_KEY_UPDATE, LOCK_SHARE, LOCK_UPDATE };

const testing = TESTING;

/** What to do about a row that somebody else holds: answer ROW_WAIT, fail with 55P03 (NOWAIT), or answer ROW_SKIPPED. */
export const LOCK_WAITS = 0;
export const LOCK_NOWAIT = 1;
export const LOCK_SKIPS = 2;

/** acquireRowLock: somebody else holds the row (SKIP LOCKED). Not one of RowStatus: only who asked for it gets it. */
export const ROW_SKIPPED = 6;

/**
 * tx.ints: the mode in which the changes to come need their rows: LOCK_NO_KEY_UPDATE when no key that a foreign key can name
 * is touched. 0 stands for LOCK_UPDATE.
 */
export const CHANGE_MODE = 7;

/** For each mode the modes of others that it cannot be with, as bits. */
const FORBIDS = Int32Array.of(
  0,
  1 << LOCK_UPDATE,
  (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
  (1 << LOCK_SHARE) | (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
  (1 << LOCK_KEY_SHARE) | (1 << LOCK_SHARE) | (1 << LOCK_NO_KEY_UPDATE) | (1 << LOCK_UPDATE),
);

/**
 * Locks the row with this home for the transaction, in a mode LOCK_..., until its end. ROW_DONE: it has it, and the newest
 * version is the one the snapshot sees. ROW_WAIT: tx.waitsFor has it. ROW_RERUN: its newest version is above the snapshot.
 * ROW_GONE: there is no such row to be seen. ROW_SKIPPED under LOCK_SKIPS. After all but ROW_DONE nothing was locked.
 *
 * Draws a transaction number. A row that somebody is changing counts as held against every mode. Errors: 55P03 (LOCK_NOWAIT),
 * 53200 past lock_memory, 53300, 25006.
 */
export function acquireRowLock(
  locks: Locks,
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  mode: number,
  policy: number,
): RowStatus | typeof ROW_SKIPPED {
  const { txns, shm } = locks;
  checkOpen(tx);
  if (tx.readOnly && !table.temporary) {
    throw new SqlError(SQLSTATE.read_only_sql_transaction, 'the transaction only reads, so it cannot lock rows', {
      hint: 'begin one that may write',
    });
  }
  if (tx.number === 0) becomeWriter(tx);
  if (txns.hooks.tableUsed?.(tx, table)) return ROW_WAIT;
  const lock = reserveLock(locks, tx);
  const entry = mapReserve(shm, locks.rowMap, page, slot);
  if (entry === 0) {
    heapFree(shm, lock, ROW_LOCK_BYTES);
    throw outOfMemory('the heap for row locks', ROW_LOCK_BYTES);
  }
  const frame = latchRow(txns, page, slot);
  let status: RowStatus = ROW_GONE;
  let used = 0;
  if (frame !== NO_ROW) {
    const views = frameSegment(shm, frame);
    const row = txns.ints[PLACE_ROW];
    status = checkVersion(tx, views, row);
    if (testing) yieldPoint('rowLock.checked');
    if (status === ROW_DONE) {
      used = addLock(locks, tx, table.id, page, slot, mode, lock, entry);
      if ((used & REFUSED) !== 0) status = ROW_WAIT;
    }
    if (status === ROW_DONE && (views.i32[(row + 12) >> 2] & ROW_LOCKED) === 0) {
      views.i32[(row + 12) >> 2] |= ROW_LOCKED;
      // So that a later boot looks at the page and clears the flag (SM-W8).
      const at = txns.ints[PLACE_AT];
      clearAllVisible(views, at);
      pageTouched(txns.cache, frame);
      unlatchPage(txns.cache, frame);
    } else unlatchFrameUnchanged(shm, frame);
  }
  if (testing) yieldPoint('rowLock.unlatched');
  if ((used & USED_LOCK) !== 0) addLockSharedRowBytes(locks.i32, locks.shared, BYTES_PER_LOCK);
  else heapFree(shm, lock, ROW_LOCK_BYTES);
  if ((used & USED_ENTRY) === 0) mapReturn(shm, entry);
  if (status !== ROW_WAIT || policy === LOCK_WAITS) return status;
  if (policy === LOCK_SKIPS) return ROW_SKIPPED;
  throw new SqlError(SQLSTATE.lock_not_available, `a row of table ${table.id} is locked by another transaction`, {
    hint: 'try again later, or without NOWAIT',
  });
}

/** May the row whose newest version lies latched at `row` be locked, as far as its header goes? */
function checkVersion(tx: Transaction, views: ByteViews, row: number): RowStatus {
  const deleted = (views.i32[(row + 12) >> 2] & ROW_DELETED) !== 0;
  let stamp = views.f64[row >> 3];
  if (stamp < 0) {
    if (isOwn(tx, views, row)) return deleted || stamp < tx.times[OWN_LIMIT] ? ROW_GONE : ROW_DONE;
    const txns = tx.context;
    txns.scratch[ASKED] = stamp;
    if (resolveStamp(txns) === STAMP_ACTIVE) {
      tx.waitsFor = stampNumber(stamp) | 0;
      return ROW_WAIT;
    }
    stamp = txns.scratch[RESOLVED];
  }
  tx.times[SEEN_STAMP] = stamp;
  if (stamp > tx.times[SNAPSHOT]) return ROW_RERUN;
  if (stamp > tx.times[WATCH] && stamp > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = stamp;
  return deleted ? ROW_GONE : ROW_DONE;
}

/** Answer of addLock: bits. REFUSED: tx.waitsFor has the row in a mode that forbids it. */
const USED_LOCK = 1;
const USED_ENTRY = 2;
const REFUSED = 4;

function addLock(
  locks: Locks,
  tx: Transaction,
  table: number,
  page: number,
  slot: number,
  mode: number,
  lock: number,
  entry: number,
): number {
  const { shm, rowMap } = locks;
  const heap = locks.heap;
  const stripe = mapLatch(shm, rowMap, page, slot);
  const first = mapFindLatched(shm, stripe, page, slot);
  const blocker = findBlocker(locks, first, tx.number, mode);
  let used = 0;
  if (blocker !== 0) {
    tx.waitsFor = blocker;
    used = REFUSED;
  } else {
    const own = findOwn(locks, first, tx.number);
    if (own !== 0) {
      if (rowLockMode(heap.u16, own) < mode) setRowLockMode(heap.u16, own, mode);
    } else {
      fillLock(locks, tx, table, page, slot, mode, lock, first);
      used = USED_LOCK;
      if (first !== 0) mapSetLatched(shm, stripe, page, slot, lock);
      else {
        mapInsertLatched(shm, stripe, entry, page, slot, lock);
        used |= USED_ENTRY;
      }
    }
  }
  mapUnlatch(shm, stripe);
  return used;
}

/** Number of a running transaction other than `number` whose lock, in the list from `first`, forbids `mode`; 0 = none. */
function findBlocker(locks: Locks, first: number, number: number, mode: number): number {
  const heap = locks.heap;
  for (let lock = first; lock !== 0; lock = rowLockNext(heap.i32, lock)) {
    const holder = rowLockNumber(heap.i32, lock);
    if (holder === number || ((1 << rowLockMode(heap.u16, lock)) & FORBIDS[mode]) === 0) continue;
    if (isRunning(locks.txns, holder)) return holder;
  }
  return 0;
}

function findOwn(locks: Locks, first: number, number: number): number {
  let lock = first;
  while (lock !== 0 && rowLockNumber(locks.heap.i32, lock) !== number) lock = rowLockNext(locks.heap.i32, lock);
  return lock;
}

/**
 * Hook: a change meets a row with the lock flag, its page latched by latchRow(). True: somebody else holds it in a mode that
 * forbids the change; tx.waitsFor is set. A flag without a holder is cleared.
 */
export function rowLocked(locks: Locks, tx: Transaction, _table: TableRuntime, page: number, slot: number): boolean {
  const { shm, rowMap } = locks;
  const mode = tx.ints[CHANGE_MODE] === 0 ? LOCK_UPDATE : tx.ints[CHANGE_MODE];
  const stripe = mapLatch(shm, rowMap, page, slot);
  const first = mapFindLatched(shm, stripe, page, slot);
  const blocker = findBlocker(locks, first, tx.number, mode);
  mapUnlatch(shm, stripe);
  if (blocker !== 0) {
    tx.waitsFor = blocker;
    return true;
  }
  // Nobody can add a lock while the page is latched here.
  if (first === 0) clearFlag(locks);
  return false;
}

/** The row lies where latchRow() found it, and its page stays in its frame while it is latched. */
function clearFlag(locks: Locks): void {
  const { txns, shm } = locks;
  const frame = lookupFrame(shm, txns.ints[PLACE_PAGE]);
  // The way through the page table may miss a page; the flag is then cleared another time.
  if (frame < 0) return;
  frameSegment(shm, frame).i32[(txns.ints[PLACE_ROW] + 12) >> 2] &= ~ROW_LOCKED;
  pageTouched(txns.cache, frame);
}

/** The strongest mode in which a running transaction other than the given one (0: any) holds the row; 0 = none. For observation. */
export function rowLockModeOf(locks: Locks, page: number, slot: number, except = 0): number {
  const stripe = mapLatch(locks.shm, locks.rowMap, page, slot);
  let mode = 0;
  let lock = mapFindLatched(locks.shm, stripe, page, slot);
  for (; lock !== 0; lock = rowLockNext(locks.heap.i32, lock)) {
    const holder = rowLockNumber(locks.heap.i32, lock);
    if (holder !== except && isRunning(locks.txns, holder)) mode = Math.max(mode, rowLockMode(locks.heap.u16, lock));
  }
  mapUnlatch(locks.shm, stripe);
  return mode;
}
