/**
 * SM-W5, SM-W8: pages are written while transactions change them and end; a crash at any step. Pages on disk carry stamps in flight
 * of transactions that committed or did not: recovery knows who won, and no acknowledged commit is missing.
 */

import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, type KernelPayload, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, number> = {
  name: 'SM-W5, SM-W8: page writer, writer and crash',
  sessions: 3,
  setup: () => freshCrash(2),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { words, ids } = payload;
    if (session === 2) {
      const acknowledged = words[0];
      crash(payload);
      return acknowledged;
    }
    if (session === 1) {
      rows.kernel.checkpoint();
      rows.kernel.checkpoint();
      return 0;
    }
    for (let count = 1; count <= 2; count++) {
      rows.transact((tx) => {
        for (const id of ids) rows.update(tx, id, () => count);
      });
      words[0] = count;
    }
    const open = rows.kernel.begin();
    for (const id of ids) rows.update(open, id, () => 99);
    rows.kernel.rollback(open);
    return 0;
  },
  check: (payload, results) => {
    const [, , acknowledged] = allDone(results);
    afterCrash(payload, (rows) => {
      const tx = rows.kernel.begin({ readOnly: true });
      const kept = rows.scan(tx, payload.ids).map(([, v]) => v);
      rows.kernel.rollback(tx);
      const [first, second] = kept;
      if (first !== second || first < acknowledged || first > 2) throw new Error(`acknowledged ${acknowledged}, kept ${kept}`);
    });
  },
  teardown: endRun,
};
