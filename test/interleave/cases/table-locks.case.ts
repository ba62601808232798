/** TX-T14: a user and DDL meet at one table; DDL is alone with it. */

import { finish, giveUp, type LockStore } from '../../../engine/txn/locks-fixture.ts';
import {
  lockTable,
  parkTables,
  resumeTables,
  TABLE_ACCESS,
  TABLE_WRITE,
  unparkTables,
  useTable,
} from '../../../engine/txn/table-locks.ts';
import { ROW_DONE, type Transaction } from '../../../engine/txn/transactions.ts';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, type LockPayload, sessionStore, startQuickly } from './locks-store.ts';

const TABLE = 321;

export const interleaving: InterleavingCase<LockPayload, number> = {
  name: 'TX-T14: DDL and a user of one table',
  sessions: 2,
  setup: () => freshRows(1),
  session: (payload, session, run) => {
    const { words } = payload;
    const { found } = sessionStore(payload);
    const { locks } = found;
    for (let tries = 1; ; tries++) {
      const tx = startQuickly(found);
      if (session === 0 && run % 3 === 2) {
        readParked(found, tx, words);
        return tries;
      }
      if (session === 1) {
        while (lockTable(locks, tx, TABLE, TABLE_ACCESS) !== ROW_DONE) yieldPoint('case.wait');
        if (Atomics.load(words, 0) !== 0) throw new Error('DDL is not alone with its table');
        Atomics.store(words, 1, 1);
        yieldPoint('case.changed');
        Atomics.store(words, 1, 0);
        finish(tx);
        return tries;
      }
      if (!useTable(locks, tx, TABLE, run % 2 === 0 ? TABLE_ACCESS : TABLE_WRITE)) {
        Atomics.add(words, 0, 1);
        if (Atomics.load(words, 1) !== 0) throw new Error('a table is used while it is being changed');
        yieldPoint('case.used');
        Atomics.sub(words, 0, 1);
        finish(tx);
        return tries;
      }
      giveUp(tx);
      yieldPoint('case.wait');
    }
  },
  check: (_, results) => {
    for (const result of results) if (!result.ok) throw new Error(result.message);
  },
  teardown: () => {},
};

/** A session that keeps its list: what DDL does while its thread is not in the engine is seen when it comes back. */
function readParked(found: LockStore, tx: Transaction, words: Int32Array): void {
  const { locks } = found;
  parkTables(locks, tx.session);
  for (let read = 0; read < 2; ) {
    enterEngine(locks.shm);
    resumeTables(locks, tx.session);
    const refused = useTable(locks, tx, TABLE, TABLE_ACCESS);
    if (!refused) {
      yieldPoint('case.used');
      if (Atomics.load(words, 1) !== 0) throw new Error('a table is used while it is being changed');
      read++;
    }
    leaveEngine(locks.shm);
    yieldPoint(refused ? 'case.wait' : 'case.parked');
  }
  unparkTables(locks, tx.session);
  finish(tx);
}
