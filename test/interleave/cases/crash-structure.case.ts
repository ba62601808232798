/**
 * SM-W6: leaves split, rows move to other pages and overflow chains are written when a crash comes, at any step: each structure
 * change is there whole or not at all, whatever became of the transaction around it.
 */

import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, IDS, type KernelPayload, sessionRows } from './kernel-store.ts';

/** Four keys of this length fill a leaf; a value of the other length goes to an overflow chain. */
const KEY = 'k'.repeat(1_850);
const GROWN = 'g'.repeat(1_600);
const BATCHES = 3;
const BATCH = 3;

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'SM-W6: structure changes cut by a crash',
  sessions: 3,
  setup: () => freshCrash(4, 'a short note '),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { words, ids } = payload;
    if (session === 2) {
      const acknowledged = [words[0], words[1]];
      crash(payload);
      return acknowledged;
    }
    for (let count = 1; count <= BATCHES; count++) {
      rows.transact((tx) => {
        if (session === 1) rows.update(tx, ids[count], () => count, `${GROWN}${ids[count]}`);
        else
          for (let one = 0; one < BATCH; one++)
            rows.insert(tx, newId(ids[0], count, one), count, `${one}${count}${KEY}${ids[0]}`);
      });
      words[session] = count;
    }
    return [];
  },
  check: (payload, results) => {
    const [, , [inserted, grown]] = allDone(results);
    const { ids } = payload;
    afterCrash(payload, (rows) => {
      const tx = rows.kernel.begin({ readOnly: true });
      const kept = new Map(rows.scan(tx, ids));
      rows.kernel.rollback(tx);
      for (let count = 1; count <= BATCHES; count++) {
        const found = Array.from({ length: BATCH }, (_, one) => kept.has(newId(ids[0], count, one))).filter(Boolean).length;
        if (found !== BATCH && (found !== 0 || count <= inserted)) throw new Error(`batch ${count}: ${found} of ${BATCH} rows`);
        if (kept.get(ids[count]) !== count && count <= grown) throw new Error(`row ${ids[count]} was not changed`);
      }
      if (ids.some((id) => !kept.has(id))) throw new Error('a row of the start is gone');
    });
  },
  teardown: endRun,
};

const newId = (first: number, count: number, one: number): number => first + IDS / 2 + count * BATCH + one;
