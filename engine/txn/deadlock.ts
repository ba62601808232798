/**
 * Deadlock detection: looking for a cycle in the waits-for graph ('Conflicts', 2).
 *
 *   node   a session that waits; or a blocked thread, which waits with all its sessions
 *   edge   the number of the transaction it waits for -> that transaction's slot -> its session
 *
 * Every node has at most one edge, so the way from the session that asks is a path: it ends, or comes back to itself. Whoever
 * starts to wait publishes its edge first and looks afterwards; so of the sessions that close a cycle the last one to look sees
 * all of it. The edges of a cycle are read twice before a victim is chosen, the youngest; it may sit on another thread, and is
 * woken with the reason in its session slot.
 */

import { ringDoorbell } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { sessionAt } from './sessions.ts';
import { isRunning, slotOf } from './slots.ts';
import type { Transactions } from './transactions.ts';
import { SESSION_VICTIM, SESSION_WAITING } from './txn.layout.ts';
import {
  TXN_THREAD_BYTES,
  addTxnSharedDeadlocks,
  compareExchangeSessionState,
  loadSessionAge,
  loadSessionState,
  loadSessionThread,
  loadSessionWaits,
  loadSessionWaitsFor,
  loadTxnSlotNumber,
  loadTxnSlotSession,
  loadTxnThreadBlocked,
} from './txn.layout.gen.ts';

const testing = TESTING;

const NONE = -1;

/** The session whose edge a session waits by: its own, or the one its whole thread is blocked for; NONE if it does not wait. */
function waitingSession(txns: Transactions, session: number): number {
  const at = sessionAt(txns, session);
  if (loadSessionState(txns.i32, at) === SESSION_WAITING) return session;
  const thread = loadSessionThread(txns.i32, at);
  if (thread === 0) return NONE;
  const blocked = loadTxnThreadBlocked(txns.i32, txns.threadsBase + (thread - 1) * TXN_THREAD_BYTES);
  if (blocked === 0) return NONE;
  return loadSessionState(txns.i32, sessionAt(txns, blocked - 1)) === SESSION_WAITING ? blocked - 1 : NONE;
}

/** The session of the transaction that a waiting session waits for; NONE when that has ended. */
function heldBy(txns: Transactions, session: number): number {
  const number = loadSessionWaitsFor(txns.i32, sessionAt(txns, session));
  const slot = slotOf(txns, number);
  if (!isRunning(txns, number)) return NONE;
  const holder = loadTxnSlotSession(txns.i32, slot) - 1;
  return holder >= 0 && loadTxnSlotNumber(txns.i32, slot) === number ? holder : NONE;
}

/** The path of the last search: sessions, and which of their waits it was. */
interface Path {
  sessions: number[];
  waits: number[];
}

/** From `start` on until it ends (false) or comes back; then path holds the cycle only. */
function findCycle(txns: Transactions, start: number, path: Path): boolean {
  path.sessions.length = 0;
  path.waits.length = 0;
  let session = start;
  while (path.sessions.length <= txns.options.sessions) {
    const waiting = waitingSession(txns, session);
    if (waiting === NONE) return false;
    const seen = path.sessions.indexOf(waiting);
    if (seen >= 0) {
      path.sessions.splice(0, seen);
      path.waits.splice(0, seen);
      return true;
    }
    path.sessions.push(waiting);
    path.waits.push(loadSessionWaits(txns.i32, sessionAt(txns, waiting)));
    const holder = heldBy(txns, waiting);
    if (holder === NONE) return false;
    session = holder;
  }
  return false;
}

/** Every edge of the cycle is still the one that was seen. */
function stillThere(txns: Transactions, path: Path): boolean {
  for (let at = 0; at < path.sessions.length; at++) {
    const session = path.sessions[at];
    const entry = sessionAt(txns, session);
    if (loadSessionState(txns.i32, entry) !== SESSION_WAITING || loadSessionWaits(txns.i32, entry) !== path.waits[at])
      return false;
    const holder = heldBy(txns, session);
    if (holder === NONE || waitingSession(txns, holder) !== path.sessions[(at + 1) % path.sessions.length]) return false;
  }
  return true;
}

/** The session of a cycle whose transaction began last. */
function youngest(txns: Transactions, sessions: readonly number[]): number {
  let victim = sessions[0];
  for (const session of sessions) {
    const older = loadSessionAge(txns.i32, sessionAt(txns, victim));
    // Ages wrap: compared by difference.
    if (((loadSessionAge(txns.i32, sessionAt(txns, session)) - older) | 0) > 0) victim = session;
  }
  return victim;
}

/**
 * Looks for a cycle through the waits of `session`, which has published its edge, and ends it: the victim's session is marked
 * and its thread woken. Returns the victim, or -1 when there is no deadlock.
 */
export function breakDeadlock(txns: Transactions, session: number): number {
  const path: Path = { sessions: [], waits: [] };
  if (!findCycle(txns, session, path)) return NONE;
  if (testing) yieldPoint('deadlock.found');
  if (!stillThere(txns, path)) return NONE;
  const victim = youngest(txns, path.sessions);
  const at = sessionAt(txns, victim);
  if (compareExchangeSessionState(txns.i32, at, SESSION_WAITING, SESSION_VICTIM) !== SESSION_WAITING) return NONE;
  addTxnSharedDeadlocks(txns.i32, txns.shared, 1);
  if (testing) yieldPoint('deadlock.victim');
  const thread = loadSessionThread(txns.i32, at);
  if (thread !== 0) ringDoorbell(txns.shm, thread - 1);
  return victim;
}
