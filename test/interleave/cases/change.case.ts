/**
 * Changes in place: two add one to a counter of one row, each from what it read, while a third collects and reads twice in one
 * snapshot. A latch that is taken by the version a read has seen proves that nobody came in between: no addition is lost, and
 * back versions keep what a snapshot saw.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { collectAll } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { rollback } from '../../../engine/txn/rollback.ts';
import { REPEATABLE_READ, ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, ownSession, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

const counter = (note: string): number => (note === '' ? 0 : Number(note));
/** Always four characters, so that a row keeps its length. */
const noteOf = (count: number): string => String(count).padStart(4, '0');

export const interleaving: InterleavingCase<TxnPayload, number[]> = {
  name: 'TX-T17: two change a row in place, each from what it read',
  sessions: 3,
  setup() {
    const payload = freshRows(1);
    const session = ownSession();
    session.begin();
    session.update(payload.id, 0, noteOf(0));
    session.commit();
    return payload;
  },
  session(payload, session) {
    const store = sessionStore(payload);
    const own = sessionOf(payload);
    return inEngine(store, () => {
      const seen: number[] = [];
      const tx = own.begin({ isolation: REPEATABLE_READ });
      if (session === 2) {
        for (let look = 0; look < 2; look++) {
          seen.push(counter(own.get(payload.id)!.note));
          collectAll(store.txns);
        }
        own.commit();
        return seen;
      }
      // Twice: the second time over its own version. Whoever meets the other's change gives up.
      let status = ROW_DONE as number;
      for (let turn = 0; turn < 2 && status === ROW_DONE; turn++) {
        const row = own.get(payload.id)!;
        status = own.update(payload.id, row.v, noteOf(counter(row.note) + 1));
      }
      if (status !== ROW_DONE) {
        rollback(tx);
        return [0];
      }
      own.commit();
      commitDurable(tx);
      return [2];
    });
  },
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const [first, second, reader] = results.map((result) => (result.ok ? result.value : []));
    deepStrictEqual(reader[0], reader[1], 'a snapshot sees one state');
    const session = ownSession();
    session.begin();
    deepStrictEqual(counter(session.get(id)!.note), first[0] + second[0], 'what was acknowledged is there');
    session.commit();
    settle();
  },
  teardown() {},
};
