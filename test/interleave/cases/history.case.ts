/**
 * TX-T9, TX-T10, TX-T16: random transactions of three sessions at one isolation level, in whatever order their steps come: the history
 * shows nothing that the level does not allow (histories/graph.ts).
 */

import { anomalies, LEVELS, type Level, type Recorded } from '../../histories/graph.ts';
import { runTransactions } from '../../histories/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { allDone, endRun, freshRun, type KernelPayload, sessionRows } from './kernel-store.ts';

const levels = Object.keys(LEVELS) as Level[];

interface Part {
  readonly level: Level;
  readonly history: readonly Recorded[];
}

export const interleaving: InterleavingCase<KernelPayload, Part> = {
  name: 'TX-T9, TX-T10, TX-T16: random histories',
  sessions: 3,
  setup: () => freshRun(3),
  session: (payload, session, run) => {
    const level = levels[run % levels.length];
    const rows = sessionRows(payload);
    return { level, history: runTransactions(rows, { level, seed: run, session, transactions: 2, ids: payload.ids }) };
  },
  check: (_payload, results) => {
    const parts = allDone(results);
    const found = anomalies(
      parts.flatMap(({ history }) => history),
      parts[0].level,
    );
    if (found.length > 0) throw new Error(`${parts[0].level}: ${found.join('; ')}\n${JSON.stringify(parts)}`);
  },
  teardown: endRun,
};
