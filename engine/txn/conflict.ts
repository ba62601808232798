/**
 * Waiting for another transaction ('Conflicts', 2 to 4). A row operation has answered ROW_WAIT, the statement is undone:
 *
 *   1  publish the edge: session.waitsFor, state waiting
 *   2  ask the holder's slot for a ring; read the slot again: has it ended?
 *   3  look for a cycle
 *   4  sleep on the own doorbell, 100 ms at most; from 2
 *
 * An embedded thread blocks; a server worker goes on with other connections: all its waiting sessions share one waitAsync on
 * the doorbell, and who joins them while it sleeps takes steps 2 and 3 itself. A wait ends with the holder (run the statement
 * again), with 40P01, 57014 or 55P03.
 */

import { buryDead, hasDead } from '../../shm/deaths.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { renewEpoch } from '../../shm/epoch.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { NO_THREAD } from '../../shm/types.ts';
import { doorbellOf, ringDoorbell, SLEEP_MAX_MS, waitDoorbell, waitDoorbellAsync } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { returnAllCredit } from '../storage/log/credit.ts';
import { durableHorizon, tailLsn } from '../storage/log/flush.ts';
import { whenDurable } from '../storage/log/when-durable.ts';
import { breakDeadlock } from './deadlock.ts';
import { rollbackOrphans } from './rollback.ts';
import { sessionAt } from './sessions.ts';
import { askForWake, isRunning, slotOf } from './slots.ts';
import { dropSnapshot, meetDependency } from './snapshot.ts';
import { DEPENDENCY, READ_COMMITTED, SEEN_STAMP, type Transaction, type Transactions } from './transactions.ts';
import { WouldWait } from './would-wait.ts';
import { SESSION_IDLE, SESSION_VICTIM, SESSION_WAITING } from './txn.layout.ts';
import {
  TXN_THREAD_BYTES,
  addSessionWaits,
  addTxnSharedReruns,
  addTxnSharedWaiting,
  exchangeSessionState,
  loadSessionCancel,
  loadSessionState,
  loadSessionThread,
  loadTxnSlotNumber,
  loadTxnSlotSession,
  storeSessionState,
  storeSessionWaitsFor,
  storeSessionWaitsForHolder,
  storeSessionWaitsForReader,
  storeTxnThreadBlocked,
} from './txn.layout.gen.ts';

const testing = TESTING;

const DEADLOCK_HINT = 'run the transaction again';

/**
 * Blocks until the transaction that the last ROW_WAIT was about has ended. For threads that may block; the statement has been
 * undone. 55P03 when the holder belongs to this thread (it could never end) or past the lock timeout; 40P01 as a victim of a
 * deadlock; 57014 when cancelled. After an error the transaction is to be rolled back, or back to a savepoint.
 */
export function waitForConflict(tx: Transaction): void {
  const txns = tx.context;
  const { i32 } = txns;
  const session = sessionAt(txns, tx.session);
  if (!tx.mayBlock && tx.lockTimeout !== 0) throw new WouldWait();
  if (isOwnThread(txns, tx.waitsFor)) throw heldByOwnThread(tx);
  if (tx.lockTimeout === 0) throw notAvailable(tx);
  const blocked = txns.threadsBase + txns.shm.thread * TXN_THREAD_BYTES;
  beginWait(tx, session);
  storeTxnThreadBlocked(i32, blocked, tx.session + 1);
  const deadline = waitDeadline(tx);
  let failure: SqlError | null = null;
  try {
    for (;;) {
      const seen = doorbellOf(txns.shm);
      takeBackDead(txns);
      if (!stillHeld(txns, tx.waitsFor)) break;
      breakDeadlock(txns, tx.session);
      failure = whyStop(tx, session, deadline);
      if (failure !== null) break;
      if (testing) yieldPoint('wait.beforeSleep');
      renewEpoch(txns.shm);
      waitDoorbell(txns.shm, seen, Math.min(SLEEP_MAX_MS, Math.max(1, deadline - performance.now())));
    }
  } finally {
    storeTxnThreadBlocked(i32, blocked, 0);
    const state = endWait(txns, session);
    if (state === SESSION_VICTIM && failure === null) failure = deadlocked();
  }
  if (failure !== null) throw failed(tx, failure);
  addTxnSharedReruns(i32, txns.shared, 1);
  tx.reruns++;
}

/**
 * For DDL whose way is barred by transactions that only read: they have no number, so the edge names the session of one of them.
 * Sleeps until the doorbell has rung since `seen`, 100 ms at most; then the caller looks again. `isOwnThreads`: some are sessions of
 * this thread. Throws as waitForConflict() does.
 */
export function waitForReaders(tx: Transaction, reader: number, seen: number, deadline: number, isOwnThreads: boolean): void {
  const txns = tx.context;
  const { i32 } = txns;
  if (!tx.mayBlock && performance.now() < deadline) throw new WouldWait(reader, seen);
  if (isOwnThreads) throw heldByOwnThread(tx);
  const session = sessionAt(txns, tx.session);
  const blocked = txns.threadsBase + txns.shm.thread * TXN_THREAD_BYTES;
  tx.waitsFor = 0;
  storeSessionWaitsForReader(i32, session, reader + 1);
  beginWait(tx, session);
  storeTxnThreadBlocked(i32, blocked, tx.session + 1);
  let failure: SqlError | null = null;
  try {
    takeBackDead(txns);
    breakDeadlock(txns, tx.session);
    failure = whyStop(tx, session, deadline);
    if (failure === null) {
      if (testing) yieldPoint('wait.readers');
      renewEpoch(txns.shm);
      waitDoorbell(txns.shm, seen, Math.min(SLEEP_MAX_MS, Math.max(1, deadline - performance.now())));
    }
  } finally {
    storeTxnThreadBlocked(i32, blocked, 0);
    if (endWait(txns, session) === SESSION_VICTIM && failure === null) failure = deadlocked();
    storeSessionWaitsForReader(i32, session, 0);
  }
  if (failure !== null) throw failed(tx, failure);
}

/**
 * One sleep for an advisory lock that a session has (advisory.ts): 100 ms at most, or until the doorbell has rung since `seen`; then the
 * caller looks again. Throws as waitForConflict() does.
 */
export function waitForHolder(tx: Transaction, holder: number, seen: number, deadline: number): void {
  const { shm } = tx.context;
  if (loadSessionThread(tx.context.i32, sessionAt(tx.context, holder)) === shm.thread + 1) throw heldByOwnThread(tx);
  const edge = holderEdge(tx, holder, deadline);
  const blocked = tx.context.threadsBase + shm.thread * TXN_THREAD_BYTES;
  storeTxnThreadBlocked(tx.context.i32, blocked, tx.session + 1);
  let failure: SqlError | null = null;
  try {
    failure = edge.look();
    if (failure === null) {
      if (testing) yieldPoint('wait.holder');
      renewEpoch(shm);
      waitDoorbell(shm, seen, Math.min(SLEEP_MAX_MS, Math.max(1, deadline - performance.now())));
    }
  } finally {
    storeTxnThreadBlocked(tx.context.i32, blocked, 0);
    failure = edge.end(failure);
  }
  if (failure !== null) throw failed(tx, failure);
}

/** The same for event loops; it looks again every few milliseconds. */
export async function waitForHolderAsync(tx: Transaction, holder: number, deadline: number): Promise<void> {
  const edge = holderEdge(tx, holder, deadline);
  let failure: SqlError | null = null;
  try {
    failure = edge.look();
    if (failure === null) await new Promise((resolve) => setTimeout(resolve, HOLDER_LOOK_MS));
    failure ??= edge.look();
  } finally {
    failure = edge.end(failure);
  }
  if (failure !== null) throw failed(tx, failure);
}

/** Milliseconds between two looks of an event loop at a lock that somebody has. */
const HOLDER_LOOK_MS = 5;

interface HolderEdge {
  look(): SqlError | null;
  end(failure: SqlError | null): SqlError | null;
}

function holderEdge(tx: Transaction, holder: number, deadline: number): HolderEdge {
  const txns = tx.context;
  const session = sessionAt(txns, tx.session);
  tx.waitsFor = 0;
  storeSessionWaitsForHolder(txns.i32, session, holder + 1);
  beginWait(tx, session);
  return {
    look: () => {
      takeBackDead(txns);
      breakDeadlock(txns, tx.session);
      return whyStop(tx, session, deadline);
    },
    end: (failure) => {
      const isVictim = endWait(txns, session) === SESSION_VICTIM;
      storeSessionWaitsForHolder(txns.i32, session, 0);
      return isVictim && failure === null ? deadlocked() : failure;
    },
  };
}

/** When a wait that begins now is over, by performance.now(). */
export const waitDeadline = (tx: Transaction): number =>
  tx.lockTimeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + tx.lockTimeout;

export function beginWait(tx: Transaction, session: number): void {
  const txns = tx.context;
  // What it holds would hold others back while it sleeps.
  if (tx.isolation === READ_COMMITTED && !tx.asOf) dropSnapshot(tx);
  returnAllCredit(txns.log);
  storeSessionWaitsFor(txns.i32, session, tx.waitsFor);
  addSessionWaits(txns.i32, session, 1);
  storeSessionState(txns.i32, session, SESSION_WAITING);
  addTxnSharedWaiting(txns.i32, txns.shared, 1);
  if (testing) yieldPoint('wait.edge');
}

/** Returns the state the wait ended in. */
export function endWait(txns: Transactions, session: number): number {
  const state = exchangeSessionState(txns.i32, session, SESSION_IDLE);
  storeSessionWaitsFor(txns.i32, session, 0);
  addTxnSharedWaiting(txns.i32, txns.shared, -1);
  return state;
}

/** The holder's thread may be dead: whoever waits for it rolls it back. Nothing is held here. */
export function takeBackDead(txns: Transactions): void {
  if (hasDead(txns.shm)) buryDead(txns.shm);
  rollbackOrphans(txns, txns.options.slots);
}

/** Asks for a ring first and looks afterwards: whoever ends in between rings. */
function stillHeld(txns: Transactions, number: number): boolean {
  const slot = slotOf(txns, number);
  if (loadTxnSlotNumber(txns.i32, slot) !== number) return false;
  askForWake(txns, slot);
  if (testing) yieldPoint('wait.asked');
  return isRunning(txns, number);
}

/** Why a wait should end without what it waits for, or null. */
export function whyStop(tx: Transaction, session: number, deadline: number): SqlError | null {
  const { i32 } = tx.context;
  if (loadSessionState(i32, session) === SESSION_VICTIM) return deadlocked();
  if (loadSessionCancel(i32, session) !== 0) {
    return new SqlError(SQLSTATE.query_canceled, 'the statement was cancelled while it waited for a lock');
  }
  return performance.now() >= deadline ? notAvailable(tx) : null;
}

/** The transaction belongs to another session of the calling thread, which cannot go on while this one blocks. */
function isOwnThread(txns: Transactions, number: number): boolean {
  const slot = slotOf(txns, number);
  if (!isRunning(txns, number)) return false;
  const holder = loadTxnSlotSession(txns.i32, slot) - 1;
  if (holder < 0 || loadSessionThread(txns.i32, sessionAt(txns, holder)) !== txns.shm.thread + 1) return false;
  return loadTxnSlotNumber(txns.i32, slot) === number;
}

/** The transaction can only be rolled back, or back to a savepoint. */
export function failed(tx: Transaction, error: SqlError): SqlError {
  tx.failed = true;
  return error;
}

export const deadlocked = (): SqlError =>
  new SqlError(SQLSTATE.deadlock_detected, 'deadlock: this transaction waited for others that waited for it', {
    hint: DEADLOCK_HINT,
  });

const notAvailable = (tx: Transaction): SqlError =>
  failed(
    tx,
    new SqlError(SQLSTATE.lock_not_available, 'another transaction has the row or table', {
      hint: 'wait for it, or raise the lock timeout',
    }),
  );

const heldByOwnThread = (tx: Transaction): SqlError =>
  failed(
    tx,
    new SqlError(SQLSTATE.lock_not_available, 'another transaction of this thread has the row or table', {
      hint: 'end that transaction first: this thread cannot do so while it waits here',
    }),
  );

// ---- event loops ----

interface Waiter {
  readonly tx: Transaction;
  readonly session: number;
  readonly deadline: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The waiting sessions of one thread's event loop. */
interface WaitRoom {
  waiters: Waiter[];
  running: boolean;
  /** The first of the deadlines that its sleep minds. */
  until: number;
  /** It is looked at when what runs now has come to its end. */
  isLooked: boolean;
}

const rooms = new WeakMap<Transactions, WaitRoom>();

/** How long the handle that keeps the event loop alive would sleep, milliseconds: it is cleared before. */
const KEEP_ALIVE_MS = 1 << 30;

/**
 * The same for event loops: resolves when the holder has ended; rejects as waitForConflict() throws. Another session of the
 * same thread may be the holder.
 */
export function waitForConflictAsync(tx: Transaction): Promise<void> {
  if (tx.lockTimeout === 0) return Promise.reject(notAvailable(tx));
  const txns = tx.context;
  const session = sessionAt(txns, tx.session);
  beginWait(tx, session);
  const deadline = waitDeadline(tx);
  let room = rooms.get(txns);
  if (room === undefined) {
    room = createRoom(txns);
    rooms.set(txns, room);
  }
  return new Promise<void>((resolve, reject) => join(txns, room, { tx, session, deadline, resolve, reject }));
}

/**
 * A holder that ends on this thread wakes its waiters before the loop turns: a way round by the doorbell would let the row lie idle
 * until all sockets that can be read have been served.
 */
function createRoom(txns: Transactions): WaitRoom {
  const room: WaitRoom = { waiters: [], running: false, until: Number.POSITIVE_INFINITY, isLooked: false };
  txns.hooks.ownRing = () => {
    if (room.isLooked || room.waiters.length === 0) return;
    room.isLooked = true;
    queueMicrotask(() => lookSoon(txns, room));
  };
  return room;
}

function lookSoon(txns: Transactions, room: WaitRoom): void {
  room.isLooked = false;
  try {
    within(txns, () => look(txns, room));
  } catch (error) {
    rejectAll(room, error);
  }
  // The loop ends with the last waiter.
  if (room.waiters.length === 0 && txns.shm.thread !== NO_THREAD) ringDoorbell(txns.shm, txns.shm.thread);
}

/** The handle is poisoned, or was closed: nobody will end any more. */
function rejectAll(room: WaitRoom, error: unknown): void {
  for (const waiter of room.waiters) waiter.reject(error);
  room.waiters = [];
}

/** A call into the engine of the loop's own: who rolls back for the dead works on pages (SM-F2). */
function within(txns: Transactions, body: () => void): void {
  let thrown: unknown;
  enterEngine(txns.shm);
  try {
    body();
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(txns.shm, thrown);
  }
}

function look(txns: Transactions, room: WaitRoom): void {
  room.waiters = room.waiters.filter((waiter) => !settled(txns, waiter));
}

/** Whoever comes while the loop sleeps asks for its ring itself: nobody else may ring for long. */
function join(txns: Transactions, room: WaitRoom, waiter: Waiter): void {
  if (room.running && settled(txns, waiter)) return;
  room.waiters.push(waiter);
  if (!room.running) void attend(txns, room);
  else if (waiter.deadline < room.until) ringDoorbell(txns.shm, txns.shm.thread);
}

/** One loop a thread: looks after every waiter at each ring. */
async function attend(txns: Transactions, room: WaitRoom): Promise<void> {
  room.running = true;
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    while (room.waiters.length > 0) {
      const seen = doorbellOf(txns.shm);
      within(txns, () => {
        takeBackDead(txns);
        look(txns, room);
      });
      if (room.waiters.length === 0) break;
      let until = Number.POSITIVE_INFINITY;
      for (const waiter of room.waiters) until = Math.min(until, waiter.deadline);
      room.until = until;
      await waitDoorbellAsync(txns.shm, seen, Math.min(SLEEP_MAX_MS, Math.max(1, until - performance.now())));
    }
  } catch (error) {
    rejectAll(room, error);
  } finally {
    clearInterval(keepAlive);
    room.running = false;
  }
}

/** True when the wait is over, one way or the other. */
function settled(txns: Transactions, waiter: Waiter): boolean {
  const { tx, session } = waiter;
  const held = stillHeld(txns, tx.waitsFor);
  if (held) breakDeadlock(txns, tx.session);
  let failure = held ? whyStop(tx, session, waiter.deadline) : null;
  if (held && failure === null) return false;
  if (endWait(txns, session) === SESSION_VICTIM && failure === null) failure = deadlocked();
  if (failure !== null) {
    waiter.reject(failed(tx, failure));
    return true;
  }
  addTxnSharedReruns(txns.i32, txns.shared, 1);
  tx.reruns++;
  waiter.resolve();
  return true;
}

// ---- repeatable read ----

const serializationFailure = (): SqlError =>
  new SqlError(SQLSTATE.serialization_failure, 'a row was changed by a transaction that this one does not see', {
    hint: DEADLOCK_HINT,
  });

/** What ROW_RERUN means above read committed: throws 40001, once the commit that caused it is durable (TX-T10). */
export function failSerialization(tx: Transaction): never {
  noteCause(tx);
  meetDependency(tx);
  throw failed(tx, serializationFailure());
}

/** The same for event loops. */
export async function failSerializationAsync(tx: Transaction): Promise<never> {
  noteCause(tx);
  const { log } = tx.context;
  if (durableHorizon(log) < tx.times[DEPENDENCY]) await whenDurable(log, tailLsn(log));
  throw failed(tx, serializationFailure());
}

function noteCause(tx: Transaction): void {
  if (tx.times[SEEN_STAMP] > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = tx.times[SEEN_STAMP];
}
