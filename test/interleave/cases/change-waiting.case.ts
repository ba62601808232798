/**
 * Changes in place of rows that wait to be stamped: two add one to a counter of two rows in statements of read committed, the second
 * time over a row whose stamp is another committed transaction's and still in flight; one of them takes its second addition back. A
 * third stamps, collects, and reads twice in one snapshot. Whoever resolves a stamp, it is resolved once, and to the same time.
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { collectAll } from '../../../engine/txn/collector.ts';
import { commitDurable } from '../../../engine/txn/commit.ts';
import { rollback } from '../../../engine/txn/rollback.ts';
import { slotsInUse } from '../../../engine/txn/slots.ts';
import { stampEnded } from '../../../engine/txn/stamper.ts';
import { REPEATABLE_READ, ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { freshRows, inEngine, ownSession, ownStore, sessionOf, sessionStore, settle, type TxnPayload } from './txn-store.ts';

const ROWS = 2;

const counter = (note: string): number => (note === '' ? 0 : Number(note));
/** Always four characters, so that a row keeps its length. */
const noteOf = (count: number): string => String(count).padStart(4, '0');

export const interleaving: InterleavingCase<TxnPayload, number[]> = {
  name: 'TX-T3: two change rows in place that wait to be stamped',
  sessions: 3,
  setup() {
    const payload = freshRows(ROWS);
    const session = ownSession();
    session.begin();
    for (let row = 0; row < ROWS; row++) session.rewrite(payload.id + row, () => noteOf(0));
    session.commit();
    return payload;
  },
  session(payload, session) {
    const store = sessionStore(payload);
    store.txns.options.stampAtCommit = 0;
    const own = sessionOf(payload);
    return inEngine(store, () => {
      if (session === 2) {
        const seen: number[] = [];
        own.begin({ isolation: REPEATABLE_READ });
        for (let look = 0; look < 2; look++) {
          for (let row = 0; row < ROWS; row++) seen.push(counter(own.get(payload.id + row)!.note));
          stampEnded(store.txns, 100);
          collectAll(store.txns);
        }
        own.commit();
        return seen;
      }
      let done = 0;
      for (let turn = 0; turn < 2; turn++) {
        const tx = own.begin();
        let status = ROW_DONE as number;
        for (let row = 0; row < ROWS && status === ROW_DONE; row++)
          status = own.rewrite(payload.id + row, (note) => noteOf(counter(note) + 1));
        if (status !== ROW_DONE || (session === 1 && turn === 1)) {
          rollback(tx);
          continue;
        }
        own.commit();
        commitDurable(tx);
        done++;
      }
      return [done];
    });
  },
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const [first, second, reader] = results.map((result) => (result.ok ? result.value : []));
    deepStrictEqual(reader.slice(0, ROWS), reader.slice(ROWS), 'a snapshot sees one state');
    deepStrictEqual(reader[0], reader[1], 'and no half of a transaction');
    const session = ownSession();
    session.begin();
    for (let row = 0; row < ROWS; row++) {
      deepStrictEqual(counter(session.get(id + row)!.note), first[0] + second[0], 'what was acknowledged is there');
    }
    session.commit();
    const { txns } = ownStore();
    inEngine(ownStore(), () => stampEnded(txns, 1000));
    deepStrictEqual(slotsInUse(txns), 0, 'no slot is still taken');
    settle();
  },
  teardown() {},
};
