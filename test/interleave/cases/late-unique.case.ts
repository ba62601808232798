/**
 * SM-B5: transactions bring one key into an index that takes every entry. Each looks at others behind its entry, and before its commit
 * where it has met any: one alone commits.
 */

import { checkOwnKey, isKeyShared } from '../../../engine/txn/late-unique.ts';
import { ROW_DONE, ROW_DUPLICATE, ROW_PAGE, ROW_SLOT } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

/** Position of the index on v, which is not unique. */
const INDEX = 1;
const KEY = 7;

/** True: its row is committed. */
export const interleaving: InterleavingCase<KernelPayload, boolean> = {
  name: 'SM-B5: rows with one key that is looked at later',
  sessions: 3,
  setup: () => freshRun(1),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { kernel, table, image } = rows;
    const [id] = payload.ids;
    const key = id + KEY;
    const tx = kernel.begin();
    try {
      let isShared = false;
      rows.write(tx, () => {
        table.encode(image, [id + 1 + session, key, ''], tx);
        const status = table.insert(tx, image);
        isShared = status === ROW_DONE && isKeyShared(tx, table.runtime, INDEX, image, 0);
        return status;
      });
      const page = tx.ints[ROW_PAGE];
      const slot = tx.ints[ROW_SLOT];
      const status = isShared ? rows.write(tx, () => checkOwnKey(tx, table.runtime, INDEX, page, slot)) : ROW_DONE;
      if (status === ROW_DUPLICATE) kernel.rollback(tx);
      else kernel.commit(tx);
      return status === ROW_DONE;
    } catch (error) {
      // Two that wait for each other: one has to give way.
      if ((error as { code?: string }).code !== '40P01') throw error;
      if (tx.open) kernel.rollback(tx);
      return false;
    }
  },
  check: ({ ids }, results) => {
    const committed = allDone(results).filter((isCommitted) => isCommitted).length;
    const rows = ownRows();
    const tx = rows.kernel.begin({ readOnly: true });
    const left = rows.scan(tx, ids).length;
    rows.kernel.rollback(tx);
    if (committed !== 1 || left !== 2) throw new Error(`${committed} transactions brought the key, ${left - 1} rows have it`);
    checkOwn();
  },
  teardown: endRun,
};
