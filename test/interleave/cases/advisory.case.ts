/**
 * Advisory locks: two sessions want a key alone, and let go of it at the end of their transactions. Never have both it, and nobody waits
 * for one who has let go.
 */

import { doorbellOf } from '../../../shm/wait.ts';
import { yieldPoint } from '../../../shm/yield-point.ts';
import { ADVISORY_HELD, advisoryRows, takeAdvisory } from '../../../engine/txn/advisory.ts';
import { waitForHolder } from '../../../engine/txn/conflict.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, sessionRows } from './kernel-store.ts';

const WISH = { space: 1, database: 0, high: 0, low: 7, shared: false, toEnd: true } as const;

export const interleaving: InterleavingCase<KernelPayload, number> = {
  name: 'TX: advisory lock of two',
  sessions: 2,
  setup: () => freshRun(1),
  session: (payload, session) => {
    const { words } = payload;
    let most = 0;
    let left = 0;
    let rows = (): number => 0;
    sessionRows(payload).transact((tx) => {
      const txns = tx.context;
      rows = () => advisoryRows(txns).filter((one) => one.process === session).length;
      for (;;) {
        const seen = doorbellOf(txns.shm);
        const holder = takeAdvisory(txns, tx.session, session, WISH, true);
        if (holder === ADVISORY_HELD) break;
        waitForHolder(tx, holder, seen, Number.POSITIVE_INFINITY);
      }
      most = Atomics.add(words, 0, 1) + 1;
      yieldPoint('advisory.inside');
      Atomics.sub(words, 0, 1);
    });
    left = rows();
    return most + left;
  },
  check: (_, results) => {
    const most = allDone(results);
    if (most.some((one) => one !== 1)) throw new Error(`both had the lock, or one has it still: ${most}`);
    checkOwn();
  },
  teardown: endRun,
};
