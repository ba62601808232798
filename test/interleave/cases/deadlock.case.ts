/**
 * Waits in a ring ('Conflicts', 2): three sessions change three rows in turn, each from another one on. Whoever asks first, the ring
 * ends: at most as many fail with 40P01 as it needs, nobody hangs, and those that commit have changed all their rows.
 */

import type { InterleavingCase } from '../case.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, number> = {
  name: 'TX-T15: deadlock of three',
  sessions: 3,
  setup: () => freshRun(3),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { ids } = payload;
    try {
      rows.transact((tx) => {
        for (const at of [session, (session + 1) % 3]) rows.update(tx, ids[at], (v) => v + 10 ** session);
      });
      return 1;
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01') throw error;
      return 0;
    }
  },
  check: ({ ids }, results) => {
    const done = allDone(results);
    if (done.filter((one) => one === 0).length > 1) throw new Error(`one victim is enough for one ring: ${done}`);
    const found = ids.map((id) => ownRows().readNow(id));
    const expected = ids.map((_, at) => done[at] * 10 ** at + done[(at + 2) % 3] * 10 ** ((at + 2) % 3));
    if (found.join() !== expected.join()) throw new Error(`the rows have ${found}, not ${expected}`);
    checkOwn();
  },
  teardown: endRun,
};
