/**
 * TX-T3, SM-W5: the stamps of a committed transaction are resolved by its stamper, by the next writer of each row and by the page
 * writer at once; its slot is given away when the walk over its own undo list is through, not before and not twice.
 */

import { slotsInUse } from '../../../engine/txn/slots.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, number> = {
  name: 'TX-T3: stamper, next writer and page writer',
  sessions: 3,
  setup: () => freshRun(4),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    if (session === 2) {
      rows.kernel.tidy();
      rows.kernel.checkpoint();
      rows.kernel.tidy();
      return 0;
    }
    // Twice each row: the second version of a transaction lies over a back version that carries its stamp too.
    rows.transact((tx) => {
      for (const id of ids) rows.update(tx, id, (v) => v + 1);
      for (const id of ids) rows.update(tx, id, (v) => v + 10);
    });
    return 0;
  },
  check: ({ ids }, results) => {
    allDone(results);
    const rows = ownRows();
    const found = ids.map((id) => rows.readNow(id));
    if (found.some((v) => v !== 22)) throw new Error(`the rows have ${found}`);
    rows.kernel.tidy();
    if (slotsInUse(rows.kernel.parts.txns) !== 0) throw new Error('a slot is still taken');
    checkOwn();
  },
  teardown: endRun,
};
