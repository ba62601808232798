/**
 * TX-T18: the collector takes a deleted row's entries and its slot, while a writer inserts a row with the same unique key, perhaps
 * into that slot, and a reader looks for the key. The reader meets no row or the new one; the new row keeps its entries.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { collectAll } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import { entriesOf } from '../../../engine/txn/txn-fixture.ts';
import { closeChunk } from '../../../engine/txn/versions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, ownSession, ownStore, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

export const interleaving: InterleavingCase<TxnPayload, number> = {
  name: 'TX-T18: collecting a tombstone against an insert of its key',
  sessions: 3,
  setup() {
    const payload = freshRows(1);
    inEngine(ownStore(), () => {
      const tx = ownSession().begin();
      ownSession().delete(payload.id);
      ownSession().commit();
      commitDurable(tx);
      closeChunk(ownStore().txns);
    });
    return payload;
  },
  session(payload, session) {
    const store = sessionStore(payload);
    return inEngine(store, () => {
      const own = sessionOf(payload);
      if (session === 0) collectAll(store.txns);
      else if (session === 1) {
        const tx = own.begin();
        const status = own.insert(payload.id, -payload.id);
        own.commit();
        commitDurable(tx);
        return status;
      } else {
        own.begin();
        const row = own.get(payload.id);
        own.commit();
        return row === null ? 0 : row.v;
      }
      return ROW_DONE;
    });
  },
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const values = results.map((result) => (result.ok ? result.value : 0));
    deepStrictEqual(values.slice(0, 2), [ROW_DONE, ROW_DONE]);
    ok(values[2] === 0 || values[2] === -id, `the reader saw ${values[2]}`);
    settle();
    const keys = (at: number): string[] => entriesOf(ownStore(), at).map((entry) => entry.split(' ')[0]);
    deepStrictEqual(
      keys(0).filter((key) => key === String(id)),
      [String(id)],
    );
    deepStrictEqual(
      keys(1).filter((key) => key === String(-id)),
      [String(-id)],
    );
  },
  teardown() {},
};
