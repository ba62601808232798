/**
 * TX-T14, 'Conflicts' 2: DDL waits for a session that only reads, whose thread waits, for another session of its own, for DDL's
 * transaction. The reader has no number; the ring ends all the same, with at most one victim.
 *
 *   session 0   changes the row ............ wants the table for itself
 *   session 1   reads the table, no number . changes the row, in another session
 */

import { ok } from 'node:assert/strict';
import { beginStatement, STATEMENT_SIMPLE } from '../../../engine/txn/begin.ts';
import { waitDeadline, waitForConflict } from '../../../engine/txn/conflict.ts';
import { finish, giveUp, type LockStore, type Row, update } from '../../../engine/txn/locks-fixture.ts';
import { undoStatement } from '../../../engine/txn/rollback.ts';
import { lockTable, TABLE_ACCESS, useTable, waitForTableUsers } from '../../../engine/txn/table-locks.ts';
import { ROW_DONE, ROW_WAIT, type Transaction } from '../../../engine/txn/transactions.ts';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, type LockPayload, sessionStore, startQuickly } from './locks-store.ts';

const TABLE = 654;

function waiting(found: LockStore): Transaction {
  const tx = startQuickly(found);
  tx.lockTimeout = -1;
  return tx;
}

function change(found: LockStore, tx: Transaction, row: Row, id: number): void {
  for (;;) {
    const status = update(found, tx, row, id, 1);
    if (status === ROW_DONE) return;
    undoStatement(tx, true);
    if (status === ROW_WAIT) waitForConflict(tx);
    else yieldPoint('case.wait');
    beginStatement(tx, STATEMENT_SIMPLE, true);
  }
}

function take(found: LockStore, tx: Transaction): void {
  while (lockTable(found.locks, tx, TABLE, TABLE_ACCESS) !== ROW_DONE) {
    if (tx.waitsFor !== 0) waitForConflict(tx);
    else waitForTableUsers(found.locks, tx, waitDeadline(tx));
  }
}

/** True: it got through. */
function ends(tx: Transaction, body: () => void): boolean {
  try {
    body();
    finish(tx);
    return true;
  } catch (error) {
    giveUp(tx);
    if ((error as { code?: string }).code !== '40P01') throw error;
    return false;
  }
}

export const interleaving: InterleavingCase<LockPayload, boolean> = {
  name: 'TX-T14: DDL, a reader, and its thread',
  sessions: 2,
  setup: () => freshRows(1),
  session(payload, session) {
    const { found } = sessionStore(payload);
    const { rows, ids } = payload;
    enterEngine(found.store.shm);
    try {
      if (session === 0) {
        const ddl = waiting(found);
        return ends(ddl, () => {
          change(found, ddl, rows[0], ids[0]);
          take(found, ddl);
        });
      }
      const reader = waiting(found);
      while (useTable(found.locks, reader, TABLE, TABLE_ACCESS)) {
        waitForConflict(reader);
        beginStatement(reader, STATEMENT_SIMPLE, false);
      }
      const writer = waiting(found);
      const done = ends(writer, () => change(found, writer, rows[0], ids[0]));
      finish(reader);
      return done;
    } finally {
      leaveEngine(found.store.shm);
    }
  },
  check(_, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const won = results.map((result) => result.ok && result.value);
    ok(won.includes(true), `one victim is enough: ${won}`);
  },
  teardown() {},
};
