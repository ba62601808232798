/**
 * SM-W3 on event loops: a loop with two sessions commits and waits for the disk, beside a thread that blocks. Whoever
 * leads rings who asked, also one that asked while it stepped down: a ring that is lost is a hang, for here a loop is woken by its
 * doorbell alone. Who is answered is on disk. What comes before the flush is one step.
 */

import { ok } from 'node:assert/strict';
import { commit, commitDurable, whenCommitDurable } from '../../../engine/txn/commit.ts';
import { durableLsn } from '../../../engine/storage/log/flush.ts';
import { ROW_DONE, COMMIT_END, type Transaction } from '../../../engine/txn/transactions.ts';
import type { Session, TxnStore } from '../../../engine/txn/txn-fixture.ts';
import { setYieldHook } from '../../../shm/yield-point.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

/** Of the database, on the loop. */
const SESSIONS = 2;

function committed(store: TxnStore, own: Session, id: number): Transaction {
  const hook = setYieldHook(null);
  try {
    return inEngine(store, () => {
      const tx = own.begin();
      ok(own.update(id, 100) === ROW_DONE);
      commit(tx);
      return tx;
    });
  } finally {
    setYieldHook(hook);
  }
}

export const interleaving: InterleavingCase<TxnPayload, readonly boolean[]> = {
  name: 'SM-W3: sessions of an event loop wait for a flush',
  sessions: 2,
  setup: () => freshRows(1 + SESSIONS),
  async session(payload, session) {
    const { id } = payload;
    const store = sessionStore(payload);
    if (session === 0) {
      const tx = committed(store, sessionOf(payload), id);
      inEngine(store, () => commitDurable(tx));
      return [true];
    }
    return Promise.all(
      Array.from({ length: SESSIONS }, async (_, at) => {
        const tx = committed(store, sessionOf(payload, at), id + 1 + at);
        await inEngine(store, () => whenCommitDurable(tx));
        return durableLsn(store.txns.log) >= tx.times[COMMIT_END];
      }),
    );
  },
  check(_, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    ok(results.every((result) => result.ok && result.value.every((durable) => durable)));
    settle();
  },
  teardown() {},
};
