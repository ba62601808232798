/**
 * TX-T10: of two that change a row at repeatable read the later one fails, and hears of it only when the commit that caused it is on
 * disk: a transaction that begins right then sees what that commit has left, and can change the row.
 */

import { ok } from 'node:assert/strict';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { failSerialization, waitForConflict } from '../../../engine/txn/conflict.ts';
import { rollback, undoStatement } from '../../../engine/txn/rollback.ts';
import { REPEATABLE_READ, ROW_DONE, ROW_RERUN, ROW_WAIT } from '../../../engine/txn/transactions.ts';
import type { Session } from '../../../engine/txn/txn-fixture.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

/** As a statement at repeatable read is run: it never runs again on what it does not see. */
function update(own: Session, id: number, v: number): void {
  for (;;) {
    const status = own.update(id, v);
    if (status === ROW_DONE) return;
    ok(status === ROW_WAIT || status === ROW_RERUN, `status ${status}`);
    if (status === ROW_RERUN) failSerialization(own.tx!);
    undoStatement(own.tx!, true);
    waitForConflict(own.tx!);
  }
}

/** Adds 1 to the row's v; 40001 when somebody else has changed it meanwhile. */
function addOne(own: Session, id: number): number {
  const tx = own.begin({ isolation: REPEATABLE_READ });
  try {
    const v = own.get(id)!.v + 1;
    update(own, id, v);
    own.commit();
    commitDurable(tx);
    return v;
  } catch (error) {
    rollback(tx);
    throw error;
  }
}

/** What the session wrote, and how often it failed before. */
type Outcome = readonly [v: number, failures: number];

export const interleaving: InterleavingCase<TxnPayload, Outcome> = {
  name: 'TX-T10: an immediate retry after 40001 succeeds',
  sessions: 2,
  setup: () => freshRows(1),
  session(payload) {
    const store = sessionStore(payload);
    const own = sessionOf(payload);
    try {
      return [inEngine(store, () => addOne(own, payload.id)), 0];
    } catch (error) {
      if ((error as { code?: string }).code !== '40001') throw error;
      // The other one has committed, once, and that is all it does: this run meets nobody.
      return [inEngine(store, () => addOne(own, payload.id)), 1];
    }
  },
  check(_, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const outcomes = results.map((result) => (result.ok ? result.value : [0, 0]));
    const written = outcomes.map(([v]) => v).sort();
    ok(written[0] === 1 && written[1] === 2, JSON.stringify(outcomes));
    settle();
  },
  teardown() {},
};
