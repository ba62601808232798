/**
 * SM-L4, SM-P1, TX-T8: a scan sees one moment: two sessions move amounts between rows, on one page and from page to page; every sum
 * that a scan or an index finds is the one that was there at the start.
 */

import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, sessionRows } from './kernel-store.ts';

const LONG = 'long '.repeat(300);

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'SM-L4, SM-P1, TX-T8: a scan against moving rows',
  sessions: 3,
  setup: () => freshRun(4, 'a note '),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    if (session === 2) {
      const sums: number[] = [];
      for (let count = 0; count < 3; count++) {
        const tx = rows.kernel.begin({ readOnly: true });
        sums.push(rows.scan(tx, ids).reduce((sum, [, v]) => sum + v, 0));
        rows.kernel.rollback(tx);
      }
      return sums;
    }
    const [from, to] = session === 0 ? [0, 1] : [1, 2];
    rows.transact((tx) => {
      rows.update(tx, ids[from], (v) => v - 5, session === 0 ? LONG : undefined);
      rows.update(tx, ids[to], (v) => v + 5);
    });
    return [];
  },
  check: (_, results) => {
    const [, , sums] = allDone(results);
    if (sums.some((sum) => sum !== 0)) throw new Error(`a scan found the sums ${sums.join(', ')}`);
    checkOwn();
  },
  teardown: endRun,
};
