/**
 * Deadlock detection: looking for a cycle in the waits-for graph ('Conflicts', 2).
 *
 *   session that waits            -> session of the transaction it waits for      by number: session.waitsFor -> slot -> session
 *   session that waits for an advisory lock -> session that holds it
 *   DDL that waits for a reader    -> session of the reader                        a reader has no number
 *   session of a blocked thread   -> session that its thread is blocked for       a blocked thread waits with all its sessions
 *
 * So a session has two edges at most. Whoever starts to wait publishes its edge first and looks afterwards; so of the sessions
 * that close a cycle the last one to look sees all of it. The edges of a cycle are read twice before a victim is chosen: what both
 * readings saw was there between them, all at once. The victim is the youngest of those that wait; it may sit on another thread,
 * and is woken with the reason in its session slot.
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
  loadSessionWaitsForHolder,
  loadSessionWaitsForReader,
  loadTxnSlotNumber,
  loadTxnSlotSession,
  loadTxnThreadBlocked,
} from './txn.layout.gen.ts';

const testing = TESTING;

const NONE = -1;

/** An edge of a path: from `session`, by its own wait number `waits`, or by its thread (BY_THREAD). */
interface Edge {
  readonly session: number;
  readonly waits: number;
}

/** Edge.waits of an edge that comes from the session's thread. The count of waits is an int32. */
const BY_THREAD = Number.POSITIVE_INFINITY;

const isWaiting = (txns: Transactions, session: number): boolean =>
  loadSessionState(txns.i32, sessionAt(txns, session)) === SESSION_WAITING;

/** The session of the transaction that a session waits for; NONE when it does not wait, or that transaction has ended. */
function heldBy(txns: Transactions, session: number): number {
  if (!isWaiting(txns, session)) return NONE;
  const number = loadSessionWaitsFor(txns.i32, sessionAt(txns, session));
  if (number === 0) {
    const holder = loadSessionWaitsForHolder(txns.i32, sessionAt(txns, session)) - 1;
    return holder >= 0 ? holder : readerOf(txns, session);
  }
  if (!isRunning(txns, number)) return NONE;
  const slot = slotOf(txns, number);
  const holder = loadTxnSlotSession(txns.i32, slot) - 1;
  return holder >= 0 && loadTxnSlotNumber(txns.i32, slot) === number ? holder : NONE;
}

/**
 * DDL waits for a session that only reads. Such a one waits with its thread only: who waits by itself has a number, and DDL finds
 * that when it looks again. NONE when it uses no table any more.
 */
function readerOf(txns: Transactions, session: number): number {
  const reader = loadSessionWaitsForReader(txns.i32, sessionAt(txns, session)) - 1;
  if (reader < 0 || isWaiting(txns, reader)) return NONE;
  return txns.hooks.usesTables?.(reader) === false ? NONE : reader;
}

/** The other session for which the thread of a session is blocked, NONE if it is not. */
function blockedFor(txns: Transactions, session: number): number {
  const thread = loadSessionThread(txns.i32, sessionAt(txns, session));
  if (thread === 0) return NONE;
  const blocked = loadTxnThreadBlocked(txns.i32, txns.threadsBase + (thread - 1) * TXN_THREAD_BYTES) - 1;
  return blocked >= 0 && blocked !== session && isWaiting(txns, blocked) ? blocked : NONE;
}

const waitsOf = (txns: Transactions, session: number): number => loadSessionWaits(txns.i32, sessionAt(txns, session));

/**
 * Goes on from `session`, depth first; `path` is the way there. True when it comes back to the way: then path is the cycle only.
 * Each session is looked at once, so it ends.
 */
function findCycle(txns: Transactions, session: number, path: Edge[], seen: Set<number>): boolean {
  const back = path.findIndex((edge) => edge.session === session);
  if (back >= 0) {
    path.splice(0, back);
    return true;
  }
  if (seen.has(session)) return false;
  seen.add(session);
  const waits = waitsOf(txns, session);
  const holder = heldBy(txns, session);
  if (holder !== NONE) {
    path.push({ session, waits });
    if (findCycle(txns, holder, path, seen)) return true;
    path.pop();
  }
  const blocked = blockedFor(txns, session);
  if (blocked === NONE) return false;
  path.push({ session, waits: BY_THREAD });
  if (findCycle(txns, blocked, path, seen)) return true;
  path.pop();
  return false;
}

/** Every edge of the cycle is still the one that was seen. */
function isStillThere(txns: Transactions, cycle: readonly Edge[]): boolean {
  for (let at = 0; at < cycle.length; at++) {
    const { session, waits } = cycle[at];
    const next = cycle[(at + 1) % cycle.length].session;
    if (waits === BY_THREAD) {
      if (blockedFor(txns, session) !== next) return false;
    } else if (heldBy(txns, session) !== next || waitsOf(txns, session) !== waits) return false;
  }
  return true;
}

/** The session of a cycle that waits itself and whose transaction began last. */
function youngest(txns: Transactions, cycle: readonly Edge[]): number {
  let victim = NONE;
  let youngestAge = 0;
  for (const { session, waits } of cycle) {
    if (waits === BY_THREAD) continue;
    const age = loadSessionAge(txns.i32, sessionAt(txns, session));
    // Ages wrap: compared by difference.
    if (victim !== NONE && ((age - youngestAge) | 0) <= 0) continue;
    victim = session;
    youngestAge = age;
  }
  return victim;
}

/**
 * Looks for a cycle on the ways from `session`, which has published its edge, and ends it: the victim's session is marked and its
 * thread woken. Returns the victim, or -1 when there is no deadlock (any more).
 */
export function breakDeadlock(txns: Transactions, session: number): number {
  const cycle: Edge[] = [];
  if (!findCycle(txns, session, cycle, new Set())) return NONE;
  if (testing) yieldPoint('deadlock.found');
  if (!isStillThere(txns, cycle)) return NONE;
  const victim = youngest(txns, cycle);
  // A cycle of threads alone would be one thread that is blocked for itself.
  if (victim === NONE) return NONE;
  const at = sessionAt(txns, victim);
  if (testing) yieldPoint('deadlock.choose');
  if (compareExchangeSessionState(txns.i32, at, SESSION_WAITING, SESSION_VICTIM) !== SESSION_WAITING) return NONE;
  addTxnSharedDeadlocks(txns.i32, txns.shared, 1);
  if (testing) yieldPoint('deadlock.victim');
  const thread = loadSessionThread(txns.i32, at);
  if (thread !== 0) ringDoorbell(txns.shm, thread - 1);
  return victim;
}
