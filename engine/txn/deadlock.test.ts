import { strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { setYieldHook, TESTING } from '../../shm/yield-point.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { breakDeadlock } from './deadlock.ts';
import { openSession, sessionAt } from './sessions.ts';
import { drawNumber, releaseSlot } from './slots.ts';
import type { Transactions } from './transactions.ts';
import {
  loadSessionState,
  loadTxnSlotNumber,
  storeSessionAge,
  storeSessionState,
  storeSessionThread,
  storeSessionWaits,
  storeSessionWaitsFor,
  storeTxnThreadBlocked,
  TXN_THREAD_BYTES,
} from './txn.layout.gen.ts';
import { SESSION_VICTIM, SESSION_WAITING } from './txn.layout.ts';
import { createTxnStore } from './txn-fixture.ts';

/** A session with a running transaction. */
interface Node {
  session: number;
  slot: number;
  number: number;
}

function node(txns: Transactions, age: number): Node {
  const session = openSession(txns);
  const slot = drawNumber(txns, session, age);
  storeSessionAge(txns.i32, sessionAt(txns, session), age);
  return { session, slot, number: loadTxnSlotNumber(txns.i32, slot) };
}

function wait(txns: Transactions, from: Node, to: Node): void {
  const at = sessionAt(txns, from.session);
  storeSessionWaitsFor(txns.i32, at, to.number);
  storeSessionWaits(txns.i32, at, 7);
  storeSessionState(txns.i32, at, SESSION_WAITING);
}

const stateOf = (txns: Transactions, at: Node): number => loadSessionState(txns.i32, sessionAt(txns, at.session));
const newTxns = (): Transactions => createTxnStore(new SimulatedVfs({ seed: 1 })).txns;

test('a chain of waits is no deadlock; closed to a ring it ends with its youngest, whoever asks', () => {
  for (let asks = 0; asks < 4; asks++) {
    const txns = newTxns();
    const nodes = [3, 9, 4, 6].map((age) => node(txns, age));
    for (let at = 0; at < 3; at++) wait(txns, nodes[at], nodes[at + 1]);
    strictEqual(breakDeadlock(txns, nodes[0].session), -1);
    wait(txns, nodes[3], nodes[0]);
    strictEqual(breakDeadlock(txns, nodes[asks].session), nodes[1].session);
    strictEqual(stateOf(txns, nodes[1]), SESSION_VICTIM);
    strictEqual(breakDeadlock(txns, nodes[asks].session), -1, 'a ring with a victim is broken');
  }
});

test('a session outside the ring that waits for one in it finds it, and is not the victim', () => {
  const txns = newTxns();
  const [outside, a, b] = [99, 2, 5].map((age) => node(txns, age));
  wait(txns, a, b);
  wait(txns, b, a);
  wait(txns, outside, a);
  strictEqual(breakDeadlock(txns, outside.session), b.session);
});

test('ages wrap: the one that was counted last is the youngest', () => {
  const txns = newTxns();
  const a = node(txns, 0x7fffffff);
  const b = node(txns, -0x80000000);
  wait(txns, a, b);
  wait(txns, b, a);
  strictEqual(breakDeadlock(txns, a.session), b.session);
});

test('a transaction that has ended is waited for by nobody', () => {
  const txns = newTxns();
  const a = node(txns, 1);
  const b = node(txns, 2);
  wait(txns, a, b);
  wait(txns, b, a);
  releaseSlot(txns, b.slot);
  strictEqual(breakDeadlock(txns, a.session), -1);
});

test('a blocked thread waits with all its sessions, those that wait on their own account too', () => {
  const txns = newTxns();
  const [a, free, idle, blocking] = [1, 2, 3, 4].map((age) => node(txns, age));
  // Thread 5 has two sessions: `idle` holds what a wants, and waits for a transaction that will end; `blocking` has the thread.
  for (const { session } of [idle, blocking]) storeSessionThread(txns.i32, sessionAt(txns, session), 6);
  wait(txns, a, idle);
  wait(txns, idle, free);
  strictEqual(breakDeadlock(txns, a.session), -1);
  wait(txns, blocking, a);
  strictEqual(breakDeadlock(txns, blocking.session), -1, 'the thread is not blocked yet');
  storeTxnThreadBlocked(txns.i32, txns.threadsBase + 5 * TXN_THREAD_BYTES, blocking.session + 1);
  strictEqual(breakDeadlock(txns, a.session), blocking.session, 'the youngest that waits in the ring itself');
  strictEqual(stateOf(txns, idle), SESSION_WAITING);
});

test('edges that are not the same at the second reading are no deadlock', { skip: !TESTING }, () => {
  const changes: ((txns: Transactions, a: Node, b: Node) => void)[] = [
    (txns, _a, b) => storeSessionWaits(txns.i32, sessionAt(txns, b.session), 8),
    (txns, a) => storeSessionState(txns.i32, sessionAt(txns, a.session), 1),
    (txns, a) => releaseSlot(txns, a.slot),
  ];
  for (const change of changes) {
    const txns = newTxns();
    const a = node(txns, 1);
    const b = node(txns, 2);
    wait(txns, a, b);
    wait(txns, b, a);
    setYieldHook((name) => {
      if (name === 'deadlock.found') change(txns, a, b);
    });
    try {
      strictEqual(breakDeadlock(txns, a.session), -1);
      strictEqual(stateOf(txns, b), SESSION_WAITING);
    } finally {
      setYieldHook(null);
    }
  }
});
