/**
 * 'Conflicts', 2 and 3, on event loops: on each of two loops one session takes the rows in one order and one in the other. Each ring of
 * waits has a victim, who may sit on the other loop and is woken there with a reason; all others get what they want.
 */

import { ok } from 'node:assert/strict';
import { flushAll } from '../../../engine/storage/log/flush.ts';
import type { InterleavingCase } from '../case.ts';
import { onLoop, updateAll } from './event-loops.ts';
import { freshRows, inEngine, ownSession, ownStore, settle, type TxnPayload } from './txn-store.ts';

const LOOPS = 2;

export const interleaving: InterleavingCase<TxnPayload, readonly boolean[]> = {
  name: 'TX-T15: deadlocks of sessions on event loops',
  sessions: LOOPS,
  setup: () => freshRows(2),
  session: (payload, session) =>
    onLoop(payload, (store, own, at) => {
      const { id } = payload;
      const rows = at === session ? [id, id + 1] : [id + 1, id];
      return updateAll(store, own, rows, session * 2 + at + 1, () => undefined);
    }),
  check({ id }, results) {
    for (const result of results) ok(result.ok, JSON.stringify(result));
    const won = results.flatMap((result) => (result.ok ? result.value : []));
    // A victim leaves its row to the others: at least one of each order comes through, or all of one.
    ok(won.filter((value) => value).length >= 1, `${won}`);
    const { txns } = ownStore();
    inEngine(ownStore(), () => flushAll(txns.log));
    const session = ownSession();
    session.begin();
    const [first, second] = [session.get(id)!.v, session.get(id + 1)!.v];
    session.commit();
    // Whoever came last has written both.
    ok(first === second && won[first - 1], `rows ${first}, ${second}, won ${won}`);
    settle();
  },
  teardown() {},
};
