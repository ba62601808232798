/**
 * SM-W2, SM-W3, TX-T7: two sessions commit with a flush each, whoever leads; a crash at any step keeps every commit that was
 * acknowledged, and never a later one without an earlier one: stamps and log have one order.
 */

import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, type KernelPayload, sessionRows } from './kernel-store.ts';

const COMMITS = 2;

interface Outcome {
  /** Stamps of the session's commits; empty: the crash. */
  readonly stamps: readonly number[];
  /** Commits of sessions 0 and 1 that had been acknowledged when the crash came. */
  readonly acknowledged: readonly number[];
}

export const interleaving: InterleavingCase<KernelPayload, Outcome> = {
  name: 'SM-W2, SM-W3, TX-T7: two commits and a crash',
  sessions: 3,
  setup: () => freshCrash(2),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { words, ids } = payload;
    if (session === 2) {
      const acknowledged = [words[0], words[1]];
      crash(payload);
      return { stamps: [], acknowledged };
    }
    const stamps: number[] = [];
    for (let count = 1; count <= COMMITS; count++) {
      stamps.push(rows.transact((tx) => void rows.update(tx, ids[session], () => count)));
      words[session] = count;
    }
    return { stamps, acknowledged: [] };
  },
  check: (payload, results) => {
    const [first, second, { acknowledged }] = allDone(results);
    afterCrash(payload, (rows) => {
      const kept = [0, 1].map((session) => rows.readNow(payload.ids[session]) ?? -1);
      for (const session of [0, 1]) {
        if (kept[session] < acknowledged[session]) throw new Error(`acknowledged ${acknowledged}, kept ${kept}`);
      }
      const newest = Math.max(...[first, second].map(({ stamps }, session) => stamps[kept[session] - 1] ?? 0));
      const lost = [first, second].flatMap(({ stamps }, session) => stamps.slice(kept[session]));
      if (lost.some((stamp) => stamp < newest)) throw new Error(`a commit is lost that is older than one that was kept: ${kept}`);
    });
  },
  teardown: endRun,
};
