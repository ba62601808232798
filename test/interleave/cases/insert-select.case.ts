/**
 * TX-T4: 'insert into rows select ... from rows' against sessions that insert and change rows: the statement copies the rows of its
 * snapshot once each, also when it has to run again, and never its own copies.
 */

import { STATEMENT_WRITING } from '../../../engine/api/kernel.ts';
import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, IDS, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

const COPY = IDS / 2;

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'TX-T4: a statement does not meet its own rows',
  sessions: 3,
  setup: () => freshRun(3),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    if (session === 1) {
      rows.transact((tx) => {
        rows.insert(tx, ids[2] + 1, 1);
        rows.update(tx, ids[0], () => 4);
      });
      return [];
    }
    if (session === 2) {
      // In the way of the copy: the statement waits, and runs again.
      const tx = rows.kernel.begin();
      rows.insert(tx, ids[1] + COPY, 9);
      rows.kernel.rollback(tx);
      return [];
    }
    let copied: number[] = [];
    rows.transact((tx) => {
      rows.insert(tx, ids[2] + 2, 2);
      const status = rows.kernel.statement(tx, STATEMENT_WRITING, true, () => {
        copied = [];
        const from: [number, number][] = [];
        rows.table.scan(tx, ([id, v]) => {
          if (Math.floor((id as number) / IDS) === Math.floor(ids[0] / IDS)) from.push([id as number, v as number]);
        });
        for (const [id, v] of from) {
          rows.table.encode(rows.image, [id + COPY, v, ''], tx);
          const inserted = rows.table.insert(tx, rows.image);
          if (inserted !== ROW_DONE) return inserted;
          copied.push(id);
        }
        return ROW_DONE;
      });
      if (status !== ROW_DONE) throw new Error(`the statement ended with ${status}`);
    });
    return copied.sort((a, b) => a - b);
  },
  check: ({ ids }, results) => {
    const [copied] = allDone(results);
    const [a, b, c] = ids;
    const without = [a, b, c, c + 2].join();
    const all = [a, b, c, c + 1, c + 2].join();
    if (copied.join() !== without && copied.join() !== all) throw new Error(`the statement copied ${copied}`);
    const rows = ownRows();
    const tx = rows.kernel.begin({ readOnly: true });
    const found = rows.scan(tx, ids).map(([id]) => id);
    rows.kernel.rollback(tx);
    const expected = [a, b, c, c + 1, c + 2, ...copied.map((id) => id + COPY)];
    if (found.join() !== expected.join()) throw new Error(`there are ${found}, not ${expected}`);
    checkOwn();
  },
  teardown: endRun,
};
