/**
 * 'Conflicts', 3, on event loops: two loops with two sessions each. Whoever ends wakes who waits for it, whether that is on its own loop
 * or on the other one, waits already or is about to: here a loop is woken by its doorbell alone, so a ring that is lost is a hang. One
 * has a row at a time.
 *
 *   first loop    H1: row 0, then 2     H2: row 1
 *   second loop   F:  row 0             J:  row 2, then 1      once H1 waits for J, and F for H1, only the end of H2 helps J
 */

import { deepStrictEqual, ok } from 'node:assert/strict';
import { flushAll } from '../../../engine/storage/log/flush.ts';
import type { InterleavingCase } from '../case.ts';
import { onLoop, SESSIONS_A_LOOP, updateAll } from './event-loops.ts';
import { freshRows, inEngine, ownSession, ownStore, settle, type TxnPayload } from './txn-store.ts';

const LOOPS = 2;
const ROWS = 3;
const WANTED = [
  [[0, 2], [1]],
  [[0], [2, 1]],
];

interface Payload extends TxnPayload {
  /** Of each row: how many have it. */
  readonly owners: Int32Array;
}

export const interleaving: InterleavingCase<Payload, readonly boolean[]> = {
  name: 'TX-T15: sessions of event loops that wait for rows',
  sessions: LOOPS,
  setup: () => ({ ...freshRows(ROWS), owners: new Int32Array(new SharedArrayBuffer(ROWS * 4)) }),
  session: (payload, session) =>
    onLoop(payload, (store, own, at) => {
      const { id, owners } = payload;
      const rows = WANTED[session][at].map((row) => id + row);
      return updateAll(store, own, rows, session * SESSIONS_A_LOOP + at + 1, (row, has) => {
        const before = Atomics.add(owners, row - id, has ? 1 : -1);
        ok(!has || before === 0, `row ${row - id} has two owners`);
      });
    }),
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    deepStrictEqual(
      results.flatMap((result) => (result.ok ? result.value : [])),
      [true, true, true, true],
    );
    const { txns } = ownStore();
    inEngine(ownStore(), () => flushAll(txns.log));
    const session = ownSession();
    session.begin();
    const rows = Array.from({ length: ROWS }, (_, row) => session.get(id + row)!.v);
    session.commit();
    // Each was written last by one that wanted it.
    ok([1, 3].includes(rows[0]) && [2, 4].includes(rows[1]) && [1, 4].includes(rows[2]), `rows ${rows}`);
    settle();
  },
  teardown() {},
};
