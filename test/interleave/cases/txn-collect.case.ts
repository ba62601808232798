/**
 * SM-B4: a row's key was 0, is 10, and nobody sees the 0 any more: the collector takes its entry out. Meanwhile a writer gives
 * the row the 0 again, heap first, then index. Whatever the order, the entry is there at the end, and that of the 10 goes.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { collectAll } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import { entriesOf } from '../../../engine/txn/txn-fixture.ts';
import { closeChunk } from '../../../engine/txn/versions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, ownSession, ownStore, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

const KEY = 1_000_000;

interface Payload extends TxnPayload {
  /** v of this run's row, before and after. */
  readonly first: number;
  readonly second: number;
}

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'SM-B4: collector against a writer that gives a row its old key again',
  sessions: 2,
  setup() {
    const payload = freshRows(1);
    const first = KEY + payload.id * 2;
    const second = first + 1;
    inEngine(ownStore(), () => {
      for (const v of [first, second]) {
        const tx = ownSession().begin();
        ownSession().update(payload.id, v);
        ownSession().commit();
        commitDurable(tx);
      }
      closeChunk(ownStore().txns);
    });
    return { ...payload, first, second };
  },
  session(payload, session) {
    const store = sessionStore(payload);
    return inEngine(store, () => {
      if (session === 0) {
        collectAll(store.txns);
        return ROW_DONE;
      }
      const own = sessionOf(payload);
      const tx = own.begin();
      const status = own.update(payload.id, payload.first);
      own.commit();
      commitDurable(tx);
      closeChunk(store.txns);
      return status;
    });
  },
  check({ first, second }, results) {
    for (const result of results) ok(result.ok && result.value === ROW_DONE, JSON.stringify(result));
    settle();
    const found = entriesOf(ownStore(), 1).map((entry) => Number(entry.split(' ')[0]));
    deepStrictEqual(
      found.filter((key) => key === first || key === second),
      [first],
    );
  },
  teardown() {},
};
