/**
 * SM-B3: a key whose row another transaction has deleted in flight. While that may still be rolled back, the version it would fall
 * back to has the key, and an insert of it waits; then it is a duplicate or goes in.
 */

import { ROW_DONE, ROW_DUPLICATE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

let runs = 0;

interface Payload extends KernelPayload {
  readonly rollsBack: boolean;
}

export const interleaving: InterleavingCase<Payload, number> = {
  name: 'SM-B3: an insert against a delete that may be rolled back',
  sessions: 3,
  setup: () => ({ ...freshRun(1), rollsBack: ++runs % 2 === 0 }),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const [id] = payload.ids;
    const tx = rows.kernel.begin();
    const status = session === 0 ? rows.remove(tx, id) : rows.insert(tx, id, session);
    if (session === 0 && payload.rollsBack) rows.kernel.rollback(tx);
    else rows.kernel.commit(tx);
    return status;
  },
  check: ({ ids, rollsBack }, results) => {
    const [removed, ...inserted] = allDone(results);
    const done = inserted.filter((status) => status === ROW_DONE).length;
    if (inserted.some((status) => status !== ROW_DONE && status !== ROW_DUPLICATE)) throw new Error(`inserts: ${inserted}`);
    if (done > (rollsBack ? 0 : 1)) throw new Error(`${done} rows were inserted with one key`);
    const rows = ownRows();
    const tx = rows.kernel.begin({ readOnly: true });
    const left = rows.scan(tx, ids).length;
    rows.kernel.rollback(tx);
    const expected = (rollsBack || removed !== ROW_DONE ? 1 : 0) + done;
    if (left !== expected) throw new Error(`${left} rows have the key, not ${expected}`);
    checkOwn();
  },
  teardown: endRun,
};
