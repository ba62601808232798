/**
 * TX-T18, SM-B2, SM-B4: keys change and change back, a row is deleted and its key used again, while the collector removes what nobody
 * sees: a reader finds through the index exactly the rows that its snapshot has in the heap, and in the end no entry is left over.
 */

import { REPEATABLE_READ } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, readonly string[]> = {
  name: 'TX-T18, SM-B2, SM-B4: marked versions and their entries',
  sessions: 3,
  setup: () => freshRun(2),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    const [first, second] = ids;
    if (session === 1) {
      rows.transact((tx) => void rows.update(tx, first, () => first));
      rows.transact((tx) => void rows.remove(tx, second));
      rows.transact((tx) => void rows.update(tx, first, () => 0));
      rows.transact((tx) => void rows.insert(tx, second, 0));
      return [];
    }
    if (session === 2) {
      for (let count = 0; count < 4; count++) rows.kernel.tidy();
      return [];
    }
    const seen: string[] = [];
    for (let count = 0; count < 2; count++) {
      const tx = rows.kernel.begin({ isolation: REPEATABLE_READ });
      for (let again = 0; again < 2; again++) {
        const heap = rows.scan(tx, ids).filter(([, v]) => v === 0);
        seen.push(`${rows.idsWith(tx, 0, ids).join()}=${heap.map(([id]) => id).join()}`);
      }
      rows.kernel.rollback(tx);
    }
    return seen;
  },
  check: ({ ids }, results) => {
    const [seen] = allDone(results);
    for (const one of seen) {
      const [index, heap] = one.split('=');
      if (index !== heap) throw new Error(`by index = by heap: ${seen.join(' | ')}`);
    }
    if (seen[0] !== seen[1] || seen[2] !== seen[3]) throw new Error(`a snapshot changed: ${seen.join(' | ')}`);
    const rows = ownRows();
    const tx = rows.kernel.begin({ readOnly: true });
    const found = rows.idsWith(tx, 0, ids).join();
    rows.kernel.rollback(tx);
    if (found !== ids.join()) throw new Error(`the index has ${found}`);
    rows.kernel.tidy();
    const { problems } = rows.kernel.check();
    if (problems.length > 0) throw new Error(problems[0].what);
  },
  teardown: endRun,
};
