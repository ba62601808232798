/**
 * TX-T2: a reader holds the stamp of a transaction whose slot is stamped, given away and taken by others meanwhile: it reads the row
 * again. It sees what was committed when its snapshot was taken, and never what was rolled back.
 */

import { slotsInUse } from '../../../engine/txn/slots.ts';
import { REPEATABLE_READ } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

/** More than there are slots. */
const FURTHER = 9;

export const interleaving: InterleavingCase<KernelPayload, readonly (number | null)[]> = {
  name: 'TX-T2: slot recycling under a reader',
  sessions: 3,
  setup: () => freshRun(3),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const [id, other, third] = payload.ids;
    if (session === 0) {
      const tx = rows.kernel.begin({ isolation: REPEATABLE_READ });
      const seen = [rows.read(tx, id), rows.read(tx, id), rows.readNow(id)];
      rows.kernel.rollback(tx);
      return seen;
    }
    if (session === 1) {
      rows.transact((tx) => void rows.update(tx, id, () => 1));
      for (let count = 0; count < FURTHER; count++) rows.transact((tx) => void rows.update(tx, other, () => count));
      return [];
    }
    const tx = rows.kernel.begin();
    rows.update(tx, third, () => 50);
    rows.update(tx, id, () => 50);
    rows.kernel.rollback(tx);
    return [];
  },
  check: (_, results) => {
    const [[first, second, later]] = allDone(results);
    const sound = first === second && (first === 0 || first === 1) && (later === 1 || later === first);
    if (!sound) throw new Error(`the reader saw ${first}, ${second} and later ${later}`);
    const { kernel } = ownRows();
    kernel.tidy();
    if (slotsInUse(kernel.parts.txns) !== 0) throw new Error('a slot is still taken');
  },
  teardown: endRun,
};
