/**
 * Advisory locks: keys that sessions hold by agreement, shared or alone, until they let go or their transaction ends.
 *
 *   entry      (key, session) -> times held, of each kind; or what the session waits for      region 'advisoryLocks', one latch
 *   take       under the latch: is somebody in the way, by what he holds or by having waited for longer? else it is held
 *   wait       entry with a ticket; edge to the session in the way (session.waitsForHolder); sleep on the doorbell; take again
 *   let go     under the latch; then a ring for all that wait for the key: they look again
 *
 * Who waits publishes its entry under the latch, in the same hold in which it found somebody in the way; so whoever lets go behind
 * that sees it and rings. Entries of sessions that are gone (their slot is free, or another's by now) are taken back by whoever meets
 * them: a thread that dies leaves nothing to be cleared.
 */

import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { regionOf, type RegionRequest } from '../../shm/shared-memory.ts';
import { ringDoorbell } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import {
  ADVISORY_LOCK_BYTES,
  ADVISORY_SHARED_BYTES,
  ADVISORY_SHARED_LATCH,
  advisoryLockExclusive,
  advisoryLockExclusiveToEnd,
  advisoryLockGeneration,
  advisoryLockHigh,
  advisoryLockLow,
  advisoryLockProcess,
  advisoryLockSession,
  advisoryLockShared,
  advisoryLockSharedToEnd,
  advisoryLockSpace,
  advisoryLockTicket,
  advisoryLockWaits,
  advisorySharedTicket,
  advisorySharedUsed,
  setAdvisoryLockExclusive,
  setAdvisoryLockExclusiveToEnd,
  setAdvisoryLockGeneration,
  setAdvisoryLockHigh,
  setAdvisoryLockLow,
  setAdvisoryLockProcess,
  setAdvisoryLockSession,
  setAdvisoryLockShared,
  setAdvisoryLockSharedToEnd,
  setAdvisoryLockSpace,
  setAdvisoryLockTicket,
  setAdvisoryLockWaits,
  setAdvisorySharedTicket,
  setAdvisorySharedUsed,
} from './advisory.layout.gen.ts';
import { ADVISORY_LOCKS_MAX } from './advisory.layout.ts';
import { sessionAt } from './sessions.ts';
import type { Transactions } from './transactions.ts';
import { SESSION_FREE } from './txn.layout.ts';
import { loadSessionGeneration, loadSessionState, loadSessionThread } from './txn.layout.gen.ts';

const testing = TESTING;

export interface AdvisoryKey {
  /** 1: one int8; 2: two int4. */
  readonly space: 1 | 2;
  /** Number of the database that it is of: others have keys of their own. */
  readonly database: number;
  readonly high: number;
  readonly low: number;
}

/** Numbers of databases go up to 2^31; two that differ by 2^30 would share their keys, and wait where they need not. */
const spaceOf = ({ space, database }: AdvisoryKey): number => space | (database << 2) | 0;

/** What is asked for: a key, shared or alone, until the transaction ends or longer. */
export interface AdvisoryWish extends AdvisoryKey {
  readonly shared: boolean;
  readonly toEnd: boolean;
}

export interface AdvisoryRow extends AdvisoryKey {
  readonly session: number;
  readonly process: number;
  readonly shared: boolean;
  readonly granted: boolean;
}

/** It is held now. */
export const ADVISORY_HELD = -1;

const SHARE = 1;
const ALONE = 2;

export const advisoryRegions = (): RegionRequest[] => [
  { name: 'advisoryLocks', bytes: ADVISORY_SHARED_BYTES + ADVISORY_LOCKS_MAX * ADVISORY_LOCK_BYTES },
];

const baseOf = (txns: Transactions): number => regionOf(txns.shm, 'advisoryLocks');
const entryAt = (base: number, index: number): number => base + ADVISORY_SHARED_BYTES + index * ADVISORY_LOCK_BYTES;

const isOf = (i32: Int32Array, at: number, key: AdvisoryKey): boolean =>
  advisoryLockHigh(i32, at) === key.high && advisoryLockLow(i32, at) === key.low && advisoryLockSpace(i32, at) === spaceOf(key);

/** The session that has the entry is still there. */
function isLive(txns: Transactions, at: number): boolean {
  const session = sessionAt(txns, advisoryLockSession(txns.i32, at) - 1);
  const isThere = loadSessionState(txns.i32, session) !== SESSION_FREE;
  return isThere && loadSessionGeneration(txns.i32, session) === advisoryLockGeneration(txns.i32, at);
}

const isAlone = (i32: Int32Array, at: number): boolean =>
  advisoryLockExclusive(i32, at) > 0 || advisoryLockExclusiveToEnd(i32, at) > 0;
const isShared = (i32: Int32Array, at: number): boolean =>
  advisoryLockShared(i32, at) > 0 || advisoryLockSharedToEnd(i32, at) > 0;

function clear(i32: Int32Array, at: number): void {
  i32.fill(0, at >>> 2, (at + ADVISORY_LOCK_BYTES) >>> 2);
}

// ---- taking ----

/**
 * Takes a lock for a session of the calling thread. ADVISORY_HELD, or the slot of a session in the way. `ticket`: of a session that
 * waits, 0: it does not yet; with `waits` it does from now on when somebody is in the way (waitingTicket() tells its ticket). 53200
 */
export function takeAdvisory(txns: Transactions, session: number, process: number, wish: AdvisoryWish, waits: boolean): number {
  const { i32, shm } = txns;
  const base = baseOf(txns);
  const latch = base + ADVISORY_SHARED_LATCH;
  acquireLatch(shm, latch);
  let own = 0;
  let free = 0;
  const used = advisorySharedUsed(i32, base);
  for (let index = 0; index < used; index++) {
    const at = entryAt(base, index);
    if (advisoryLockSession(i32, at) !== 0 && !isLive(txns, at)) clear(i32, at);
    if (advisoryLockSession(i32, at) === 0) free = at;
    else if (advisoryLockSession(i32, at) === session + 1 && isOf(i32, at, wish)) own = at;
  }
  const inTheWay = blocker(txns, base, used, session, own, wish);
  const isNeeded = inTheWay === ADVISORY_HELD || waits;
  if (own === 0 && isNeeded) own = free !== 0 ? free : newEntry(i32, base, used);
  const isFull = own === 0 && isNeeded;
  if (!isFull && isNeeded) {
    if (advisoryLockSession(i32, own) === 0) nameEntry(txns, own, session, process, wish);
    if (inTheWay === ADVISORY_HELD) hold(i32, own, wish);
    else if (advisoryLockWaits(i32, own) === 0) beginWaiting(i32, base, own, wish);
  }
  releaseLatch(shm, latch);
  if (isFull)
    throw new SqlError(SQLSTATE.out_of_memory, 'out of shared memory', {
      hint: `there are ${ADVISORY_LOCKS_MAX} advisory locks at most`,
    });
  if (testing) yieldPoint('advisory.taken');
  return inTheWay;
}

/** A session in the way, by what it holds, or because it has waited for longer; what one holds oneself is in nobody's way. */
function blocker(txns: Transactions, base: number, used: number, session: number, own: number, wish: AdvisoryWish): number {
  const { i32 } = txns;
  const hasSome = own !== 0 && (isAlone(i32, own) || isShared(i32, own));
  const waiting = own !== 0 && advisoryLockWaits(i32, own) !== 0 ? advisoryLockTicket(i32, own) : 0;
  for (let index = 0; index < used; index++) {
    const at = entryAt(base, index);
    const other = advisoryLockSession(i32, at);
    if (other === 0 || other === session + 1 || !isOf(i32, at, wish)) continue;
    if (isAlone(i32, at) || (!wish.shared && isShared(i32, at))) return other - 1;
    const waits = advisoryLockWaits(i32, at);
    const wasFirst = waiting === 0 || ((advisoryLockTicket(i32, at) - waiting) | 0) < 0;
    if (!hasSome && waits !== 0 && wasFirst && (waits === ALONE || !wish.shared)) return other - 1;
  }
  return ADVISORY_HELD;
}

/** 0: there is no room. */
function newEntry(i32: Int32Array, base: number, used: number): number {
  if (used >= ADVISORY_LOCKS_MAX) return 0;
  setAdvisorySharedUsed(i32, base, used + 1);
  return entryAt(base, used);
}

function nameEntry(txns: Transactions, at: number, session: number, process: number, key: AdvisoryKey): void {
  const { high, low } = key;
  const { i32 } = txns;
  setAdvisoryLockGeneration(i32, at, loadSessionGeneration(i32, sessionAt(txns, session)));
  setAdvisoryLockProcess(i32, at, process);
  setAdvisoryLockSpace(i32, at, spaceOf(key));
  setAdvisoryLockHigh(i32, at, high);
  setAdvisoryLockLow(i32, at, low);
  setAdvisoryLockSession(i32, at, session + 1);
}

function hold(i32: Int32Array, at: number, { shared, toEnd }: AdvisoryWish): void {
  setAdvisoryLockWaits(i32, at, 0);
  if (shared && toEnd) setAdvisoryLockSharedToEnd(i32, at, advisoryLockSharedToEnd(i32, at) + 1);
  else if (shared) setAdvisoryLockShared(i32, at, advisoryLockShared(i32, at) + 1);
  else if (toEnd) setAdvisoryLockExclusiveToEnd(i32, at, advisoryLockExclusiveToEnd(i32, at) + 1);
  else setAdvisoryLockExclusive(i32, at, advisoryLockExclusive(i32, at) + 1);
}

function beginWaiting(i32: Int32Array, base: number, at: number, { shared }: AdvisoryWish): void {
  const ticket = (advisorySharedTicket(i32, base) + 1) | 0 || 1;
  setAdvisorySharedTicket(i32, base, ticket);
  setAdvisoryLockTicket(i32, at, ticket);
  setAdvisoryLockWaits(i32, at, shared ? SHARE : ALONE);
}

// ---- letting go ----

/** What becomes of an entry. */
type Change = (i32: Int32Array, at: number) => void;

/** Changes entries of a session, those of a key or all; then rings for whoever waits for these keys. True: there was one. */
function change(txns: Transactions, session: number, key: AdvisoryKey | null, body: Change): boolean {
  const { i32, shm } = txns;
  const base = baseOf(txns);
  // Entries of a session are its own thread's: whether there is one is seen without the latch.
  if (!hasEntry(i32, base, session)) return false;
  const latch = base + ADVISORY_SHARED_LATCH;
  let isFound = false;
  acquireLatch(shm, latch);
  const used = advisorySharedUsed(i32, base);
  for (let index = 0; index < used; index++) {
    const at = entryAt(base, index);
    if (advisoryLockSession(i32, at) !== session + 1 || !isLive(txns, at) || (key !== null && !isOf(i32, at, key))) continue;
    isFound = true;
    body(i32, at);
    if (!isAlone(i32, at) && !isShared(i32, at) && advisoryLockWaits(i32, at) === 0) clear(i32, at);
  }
  let last = used;
  while (last > 0 && advisoryLockSession(i32, entryAt(base, last - 1)) === 0) last--;
  setAdvisorySharedUsed(i32, base, last);
  releaseLatch(shm, latch);
  if (testing) yieldPoint('advisory.released');
  if (isFound) ringWaiters(txns, base);
  return isFound;
}

function hasEntry(i32: Int32Array, base: number, session: number): boolean {
  const used = Math.min(advisorySharedUsed(i32, base), ADVISORY_LOCKS_MAX);
  for (let index = 0; index < used; index++) if (advisoryLockSession(i32, entryAt(base, index)) === session + 1) return true;
  return false;
}

/** Behind the latch: entries that are read while they change cost a ring for nothing. */
function ringWaiters(txns: Transactions, base: number): void {
  const { i32, shm } = txns;
  const used = Math.min(advisorySharedUsed(i32, base), ADVISORY_LOCKS_MAX);
  for (let index = 0; index < used; index++) {
    const at = entryAt(base, index);
    const session = advisoryLockSession(i32, at);
    if (session === 0 || advisoryLockWaits(i32, at) === 0) continue;
    const thread = loadSessionThread(i32, sessionAt(txns, session - 1));
    if (thread !== 0) ringDoorbell(shm, thread - 1);
  }
}

/** Lets go of a lock that the session holds beyond its transaction, once. False: it holds none. */
export function letGoAdvisory(txns: Transactions, session: number, key: AdvisoryKey, shared: boolean): boolean {
  let isHeld = false;
  change(txns, session, key, (i32, at) => {
    const times = shared ? advisoryLockShared(i32, at) : advisoryLockExclusive(i32, at);
    if (times === 0) return;
    isHeld = true;
    if (shared) setAdvisoryLockShared(i32, at, times - 1);
    else setAdvisoryLockExclusive(i32, at, times - 1);
  });
  return isHeld;
}

/** Lets go of all that the session holds beyond its transaction. */
export function letGoAllAdvisory(txns: Transactions, session: number): void {
  change(txns, session, null, (i32, at) => {
    setAdvisoryLockShared(i32, at, 0);
    setAdvisoryLockExclusive(i32, at, 0);
  });
}

/** The transaction of the session has ended, either way. */
export function endAdvisory(txns: Transactions, session: number): void {
  change(txns, session, null, (i32, at) => {
    setAdvisoryLockSharedToEnd(i32, at, 0);
    setAdvisoryLockExclusiveToEnd(i32, at, 0);
  });
}

/** The session waits for the key no longer, whether it has it or not. */
export function stopWaiting(txns: Transactions, session: number, key: AdvisoryKey): void {
  change(txns, session, key, (i32, at) => setAdvisoryLockWaits(i32, at, 0));
}

// ---- looking ----

/** What sessions hold and wait for, a row a session, key and kind. */
export function advisoryRows(txns: Transactions): AdvisoryRow[] {
  const { i32, shm } = txns;
  const base = baseOf(txns);
  const rows: AdvisoryRow[] = [];
  const latch = base + ADVISORY_SHARED_LATCH;
  acquireLatch(shm, latch);
  const copy = i32.slice(base >>> 2, (base + ADVISORY_SHARED_BYTES + ADVISORY_LOCKS_MAX * ADVISORY_LOCK_BYTES) >>> 2);
  releaseLatch(shm, latch);
  for (let index = 0; index < advisorySharedUsed(copy, 0); index++) {
    const at = entryAt(0, index);
    const session = advisoryLockSession(copy, at) - 1;
    if (session < 0 || !isLive(txns, entryAt(base, index))) continue;
    const word = advisoryLockSpace(copy, at);
    const space = (word & 3) as 1 | 2;
    const head = { session, process: advisoryLockProcess(copy, at), database: word >>> 2, space };
    const key = { ...head, high: advisoryLockHigh(copy, at), low: advisoryLockLow(copy, at) };
    if (isAlone(copy, at)) rows.push({ ...key, shared: false, granted: true });
    if (isShared(copy, at)) rows.push({ ...key, shared: true, granted: true });
    const waits = advisoryLockWaits(copy, at);
    if (waits !== 0) rows.push({ ...key, shared: waits === SHARE, granted: false });
  }
  return rows;
}
