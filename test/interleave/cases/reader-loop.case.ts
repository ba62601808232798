/**
 * TX-T14, 'Conflicts' 2, on an event loop: DDL there waits, without blocking its thread, for a session that only reads. It is woken by
 * the ring alone when that one ends; and where the reader's thread waits, for another session of its own, for a row that DDL has
 * changed, the ring of waits ends with at most one victim, who may be DDL: it is woken with the reason.
 *
 *   session 0   an event loop: changes the row . wants the table for itself
 *   session 1   reads the table, no number ..... in every other run: changes the row, in another session . ends
 */

import { ok } from 'node:assert/strict';
import { beginStatement, STATEMENT_SIMPLE } from '../../../engine/txn/begin.ts';
import { waitDeadline, waitForConflict, waitForConflictAsync } from '../../../engine/txn/conflict.ts';
import { finish, giveUp, type LockStore, update } from '../../../engine/txn/locks-fixture.ts';
import { undoStatement } from '../../../engine/txn/rollback.ts';
import { lockTable, TABLE_ACCESS, useTable, waitForTableUsers } from '../../../engine/txn/table-locks.ts';
import { ROW_DONE, ROW_WAIT, type Transaction } from '../../../engine/txn/transactions.ts';
import { waitForReadersAsync } from '../../../engine/txn/wait-readers.ts';
import { WouldWait } from '../../../engine/txn/would-wait.ts';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, type LockPayload, sessionStore, startQuickly } from './locks-store.ts';

const TABLE = 655;

type Within = <Result>(body: () => Result) => Result;

const withinOf =
  ({ store }: LockStore): Within =>
  (body) => {
    enterEngine(store.shm);
    try {
      return body();
    } finally {
      leaveEngine(store.shm);
    }
  };

function begin(found: LockStore): Transaction {
  const tx = startQuickly(found);
  tx.lockTimeout = -1;
  return tx;
}

/** One try; what it waits for is in tx. True: it is changed. */
function tryChange(found: LockStore, tx: Transaction, { rows, ids }: LockPayload): boolean {
  const status = update(found, tx, rows[0], ids[0], 1);
  if (status === ROW_DONE) return true;
  undoStatement(tx, true);
  if (status !== ROW_WAIT) tx.waitsFor = 0;
  return false;
}

async function changeAsync(found: LockStore, tx: Transaction, payload: LockPayload, within: Within): Promise<void> {
  while (!within(() => tryChange(found, tx, payload))) {
    if (tx.waitsFor !== 0) await within(() => waitForConflictAsync(tx));
    within(() => beginStatement(tx, STATEMENT_SIMPLE, true));
  }
}

function change(found: LockStore, tx: Transaction, payload: LockPayload): void {
  while (!tryChange(found, tx, payload)) {
    if (tx.waitsFor !== 0) waitForConflict(tx);
    else yieldPoint('case.wait');
    beginStatement(tx, STATEMENT_SIMPLE, true);
  }
}

/** Who is in the way: null, nobody; a reader; or a transaction, in tx. */
function tryTake({ locks }: LockStore, tx: Transaction): WouldWait | null | 'transaction' {
  tx.mayBlock = false;
  try {
    while (lockTable(locks, tx, TABLE, TABLE_ACCESS) !== ROW_DONE) {
      if (tx.waitsFor !== 0) return 'transaction';
      waitForTableUsers(locks, tx, waitDeadline(tx));
    }
    return null;
  } catch (error) {
    if (error instanceof WouldWait) return error;
    throw error;
  } finally {
    tx.mayBlock = true;
  }
}

async function takeAsync(found: LockStore, tx: Transaction, within: Within): Promise<void> {
  for (;;) {
    const wait = within(() => tryTake(found, tx));
    if (wait === null) return;
    if (wait === 'transaction') await within(() => waitForConflictAsync(tx));
    else await waitForReadersAsync(tx, wait.reader, wait.seen, waitDeadline(tx), within);
  }
}

/** False: it was a victim. Anything else is an error of the case. */
function isVictim(tx: Transaction, error: unknown): false {
  giveUp(tx);
  if ((error as { code?: string }).code !== '40P01') throw error;
  return false;
}

async function define(found: LockStore, payload: LockPayload): Promise<boolean> {
  const within = withinOf(found);
  const ddl = within(() => begin(found));
  try {
    await changeAsync(found, ddl, payload, within);
    await takeAsync(found, ddl, within);
    within(() => finish(ddl));
    return true;
  } catch (error) {
    return within(() => isVictim(ddl, error));
  }
}

function read(found: LockStore): Transaction {
  const reader = begin(found);
  while (useTable(found.locks, reader, TABLE, TABLE_ACCESS)) {
    waitForConflict(reader);
    beginStatement(reader, STATEMENT_SIMPLE, false);
  }
  // It has time: the others' turn.
  yieldPoint('case.wait');
  return reader;
}

/** `alone`: in this run it only reads. */
function readAndChange(found: LockStore, payload: LockPayload, alone: boolean): boolean {
  const reader = read(found);
  if (alone) {
    finish(reader);
    return true;
  }
  const writer = begin(found);
  let done = true;
  try {
    change(found, writer, payload);
    finish(writer);
  } catch (error) {
    done = isVictim(writer, error);
  }
  finish(reader);
  return done;
}

export const interleaving: InterleavingCase<LockPayload, boolean> = {
  name: 'TX-T14: DDL on an event loop, a reader, and its thread',
  sessions: 2,
  setup: () => freshRows(1),
  session(payload, session, run) {
    const { found } = sessionStore(payload);
    if (session === 0) return define(found, payload);
    return withinOf(found)(() => readAndChange(found, payload, run % 2 === 0));
  },
  check(_, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const won = results.map((result) => result.ok && result.value);
    ok(won.includes(true), `one victim is enough: ${won}`);
  },
  teardown() {},
};
