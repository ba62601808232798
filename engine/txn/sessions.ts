/**
 * Session slots: the nodes of the waits-for graph, fixed in number (`max_sessions`), each with a generation so that a slot
 * that was given away is not taken for the session that had it ('Conflicts', 2).
 */

import { assert } from '../../shm/assert.ts';
import { outOfSlots } from '../../shm/errors.ts';
import type { Transactions } from './transactions.ts';
import { SESSION_FREE, SESSION_IDLE } from './txn.layout.ts';
import {
  SESSION_BYTES,
  SESSION_CANCEL,
  addSessionGeneration,
  addTxnSharedSessionNext,
  compareExchangeSessionState,
  loadSessionCancel,
  loadSessionState,
  loadSessionThread,
  storeSessionCancel,
  storeSessionState,
  storeSessionThread,
  storeSessionTransaction,
  storeSessionWaitsFor,
} from './txn.layout.gen.ts';
import { ringDoorbell } from '../../shm/wait.ts';

/** Byte offset of a session's slot. */
export const sessionAt = (txns: Transactions, session: number): number => txns.sessionsBase + session * SESSION_BYTES;

/** Opens a session of the calling thread; returns its slot number. 53300 when all are in use. */
export function openSession(txns: Transactions): number {
  const { i32 } = txns;
  const slots = txns.options.sessions;
  const start = addTxnSharedSessionNext(i32, txns.shared, 1) >>> 0;
  for (let tries = 0; tries < slots; tries++) {
    const session = (start + tries) % slots;
    const at = sessionAt(txns, session);
    if (loadSessionState(i32, at) !== SESSION_FREE) continue;
    if (compareExchangeSessionState(i32, at, SESSION_FREE, SESSION_IDLE) !== SESSION_FREE) continue;
    addSessionGeneration(i32, at, 1);
    storeSessionThread(i32, at, txns.shm.thread + 1);
    storeSessionTransaction(i32, at, 0);
    storeSessionWaitsFor(i32, at, 0);
    storeSessionCancel(i32, at, 0);
    return session;
  }
  throw outOfSlots('session', slots);
}

/** Closes a session that has no open transaction. */
export function closeSession(txns: Transactions, session: number): void {
  const at = sessionAt(txns, session);
  assert(loadSessionThread(txns.i32, at) === txns.shm.thread + 1, 'a session is closed by its thread');
  storeSessionThread(txns.i32, at, 0);
  storeSessionState(txns.i32, at, SESSION_FREE);
}

/** Asks a session of any thread to end what it runs, for a reason above 0; a wait ends with 57014. */
export function cancelSession(txns: Transactions, session: number, reason: number): void {
  const at = sessionAt(txns, session);
  Atomics.store(txns.i32, (at + SESSION_CANCEL) >>> 2, reason);
  const thread = loadSessionThread(txns.i32, at);
  if (thread !== 0) ringDoorbell(txns.shm, thread - 1);
}

/** The reason to end what the session runs, 0 = none. Generated code looks once a morsel. */
export const sessionCancelled = (txns: Transactions, session: number): number =>
  loadSessionCancel(txns.i32, sessionAt(txns, session));

/** The session has ended what it ran. */
export function clearSessionCancel(txns: Transactions, session: number): void {
  storeSessionCancel(txns.i32, sessionAt(txns, session), 0);
}

/** Releases the sessions of a dead thread. Their transactions have been orphaned before. */
export function burySessions(txns: Transactions, thread: number): void {
  for (let session = 0; session < txns.options.sessions; session++) {
    const at = sessionAt(txns, session);
    if (loadSessionThread(txns.i32, at) !== thread + 1) continue;
    storeSessionThread(txns.i32, at, 0);
    storeSessionState(txns.i32, at, SESSION_FREE);
  }
}
