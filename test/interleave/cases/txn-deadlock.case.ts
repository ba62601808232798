/**
 * 'Conflicts', 2, the deadlock check: each of three sessions changes a row of its own, then its neighbour's. Whoever closes the
 * ring finds it; exactly one is the victim, and the others go on.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { waitForConflict } from '../../../engine/txn/conflict.ts';
import { rollback, undoStatement } from '../../../engine/txn/rollback.ts';
import { ROW_DONE, ROW_RERUN, ROW_WAIT } from '../../../engine/txn/transactions.ts';
import type { Session } from '../../../engine/txn/txn-fixture.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, ownSession, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

const SESSIONS = 3;

/** As a statement is run: undone, waited, and run again. */
function update(own: Session, id: number, v: number): void {
  for (;;) {
    const status = own.update(id, v);
    if (status === ROW_DONE) return;
    ok(status === ROW_WAIT || status === ROW_RERUN, `status ${status}`);
    undoStatement(own.tx!, true);
    if (status === ROW_WAIT) waitForConflict(own.tx!);
    // Its commit is in its slot and not yet in the horizon: a moment later it is. Elsewhere the next run takes that long.
    else yieldPoint('case.wait');
  }
}

export const interleaving: InterleavingCase<TxnPayload, boolean> = {
  name: 'deadlock check: three sessions in a ring',
  sessions: SESSIONS,
  setup: () => freshRows(SESSIONS),
  session(payload, session) {
    const store = sessionStore(payload);
    return inEngine(store, () => {
      const own = sessionOf(payload);
      const tx = own.begin();
      try {
        update(own, payload.id + session, 1000 + session);
        update(own, payload.id + ((session + 1) % SESSIONS), 2000 + session);
        own.commit();
        commitDurable(tx);
        return true;
      } catch (error) {
        rollback(tx);
        if ((error as { code?: string }).code !== '40P01') throw error;
        return false;
      }
    });
  },
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const won = results.map((result) => result.ok && result.value);
    // Run one after the other they do not meet at all.
    ok(won.filter((value) => !value).length <= 1, `${won}`);
    const session = ownSession();
    session.begin();
    const rows = Array.from({ length: SESSIONS }, (_, row) => session.get(id + row)!.v);
    session.commit();
    const possible = rows.map((v, row) => {
      const before = (row + SESSIONS - 1) % SESSIONS;
      const writers = [won[row] ? 1000 + row : -1, won[before] ? 2000 + before : -1];
      return writers.includes(v);
    });
    deepStrictEqual(possible, [true, true, true], `rows ${rows}, won ${won}`);
    settle();
  },
  teardown() {},
};
