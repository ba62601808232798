/** TX-T8: what a reader has seen is there after a crash that comes right after. */

import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, type KernelPayload, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'TX-T8: a reader, then a crash',
  sessions: 3,
  setup: () => freshCrash(2),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    if (session === 2) {
      const seen = ids.map((id) => rows.readNow(id) ?? -1);
      crash(payload);
      return seen;
    }
    for (let count = 1; count <= 2; count++) rows.transact((tx) => void rows.update(tx, ids[session], () => count));
    return [];
  },
  check: (payload, results) => {
    const [, , seen] = allDone(results);
    afterCrash(payload, (rows) => {
      const kept = payload.ids.map((id) => rows.readNow(id) ?? -1);
      if (kept.some((v, at) => v < seen[at])) throw new Error(`a reader saw ${seen}, the crash left ${kept}`);
    });
  },
  teardown: endRun,
};
