/**
 * TX-T6, TX-T17: readers take snapshots and follow back versions while the collector moves its bound and frees chunks: what a
 * snapshot once saw it sees until it is given back.
 */

import { REPEATABLE_READ } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, endRun, freshRun, type KernelPayload, sessionRows } from './kernel-store.ts';

/** A few back versions of this length fill a chunk. */
const NOTE = 'n'.repeat(1_700);
const UPDATES = 12;

export const interleaving: InterleavingCase<KernelPayload, readonly string[]> = {
  name: 'TX-T6, TX-T17: snapshots against freed chunks',
  sessions: 3,
  setup: () => freshRun(1, NOTE),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const [id] = payload.ids;
    if (session === 1) {
      for (let count = 1; count <= UPDATES; count++) rows.transact((tx) => void rows.update(tx, id, () => count));
      return [];
    }
    if (session === 2) {
      for (let count = 0; count < 4; count++) rows.kernel.tidy();
      return [];
    }
    const seen: string[] = [];
    for (let count = 0; count < 3; count++) {
      const tx = rows.kernel.begin({ isolation: REPEATABLE_READ });
      seen.push([rows.read(tx, id), rows.read(tx, id), rows.read(tx, id)].join());
      rows.kernel.rollback(tx);
    }
    return seen;
  },
  check: (_, results) => {
    const [seen] = allDone(results);
    let last = 0;
    for (const one of seen) {
      const [a, b, c] = one.split(',').map(Number);
      if (a !== b || b !== c || !(a >= last && a <= UPDATES)) throw new Error(`snapshots saw ${seen.join(' | ')}`);
      last = a;
    }
  },
  teardown: endRun,
};
