/**
 * TX-T6, TX-T17: a reader takes a snapshot and reads a row twice, while a writer changes the row, and the collector raises its
 * bound and frees what it may; the writer then uses the memory again. The reader sees one state, before or after, both times.
 */

import { ok, strictEqual } from 'node:assert/strict';
import { collect } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { REPEATABLE_READ } from '../../../engine/txn/transactions.ts';
import type { Session, TxnStore } from '../../../engine/txn/txn-fixture.ts';
import { closeChunk } from '../../../engine/txn/versions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

const CHANGES = [100, 200, 300];

/** What the row was at each reading. Between two calls a thread is outside the engine: memory may be used again. */
function read(store: TxnStore, own: Session, id: number): number[] {
  own.begin({ isolation: REPEATABLE_READ });
  const seen = [0, 0].map(() => inEngine(store, () => own.get(id)?.v ?? -1, true));
  own.commit();
  return seen;
}

function write(store: TxnStore, own: Session, id: number): number[] {
  for (const v of CHANGES) {
    inEngine(store, () => {
      const tx = own.begin();
      own.update(id, v);
      own.commit();
      commitDurable(tx);
      // The next version goes to another chunk: to the one that was freed, if it was.
      closeChunk(store.txns);
    });
  }
  return [];
}

export const interleaving: InterleavingCase<TxnPayload, number[]> = {
  name: 'TX-T6: a snapshot against the collector',
  sessions: 3,
  setup: () => freshRows(1),
  session(payload, session) {
    const store = sessionStore(payload);
    const own = sessionOf(payload);
    if (session === 0) return read(store, own, payload.id);
    if (session === 1) return write(store, own, payload.id);
    for (let slice = 0; slice < 4; slice++) inEngine(store, () => collect(store.txns));
    return [];
  },
  check(_payload, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const seen = results[0].ok ? results[0].value : [];
    strictEqual(seen[0], seen[1], 'both readings are of one state');
    ok(seen[0] === 0 || CHANGES.includes(seen[0]), `the row was ${seen[0]}`);
    settle();
  },
  teardown() {},
};
