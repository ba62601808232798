/**
 * TX-T9, TX-T19: a session sees its own commits before they are on disk, and nothing that it saw goes back; a writing statement of
 * another session builds on them; what a plain reader has seen, or an answer has shown, survives a crash.
 */

import { commitDurable } from '../../../engine/txn/commit.ts';
import { recycle } from '../../../engine/txn/rollback.ts';
import type { Transaction } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, type KernelPayload, type Rows, sessionRows } from './kernel-store.ts';

function answer(rows: Rows, tx: Transaction): void {
  rows.kernel.enter(() => commitDurable(tx));
  recycle(tx);
}

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'TX-T9, TX-T19: pipelined commits',
  sessions: 3,
  setup: () => freshCrash(1),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { words, ids } = payload;
    const [id] = ids;
    const { kernel } = rows;
    if (session === 2) {
      const seen = rows.readNow(id) ?? -1;
      const acknowledged = words[0] + 100 * words[1];
      crash(payload);
      return [seen, acknowledged];
    }
    const step = session === 0 ? 1 : 100;
    const seen: number[] = [];
    const open: Transaction[] = [];
    for (let count = 0; count < 2; count++) {
      const tx = kernel.begin();
      rows.update(tx, id, (v) => v + step);
      kernel.precommit(tx);
      open.push(tx);
      const reading = kernel.begin({ readOnly: true });
      seen.push(rows.read(reading, id) ?? -1);
      kernel.commit(reading);
    }
    for (const tx of open) {
      answer(rows, tx);
      words[session]++;
    }
    return seen;
  },
  check: (payload, results) => {
    const [first, second, [seen, acknowledged]] = allDone(results);
    const parts = (v: number): [number, number] => [v % 100, Math.floor(v / 100)];
    for (const [session, values] of [first, second].entries()) {
      values.forEach((v, at) => {
        const [own, other] = session === 0 ? parts(v) : parts(v).reverse();
        const [, before] = at === 0 ? [0, 0] : session === 0 ? parts(values[at - 1]) : parts(values[at - 1]).reverse();
        if (own !== at + 1 || other < before) throw new Error(`session ${session} saw ${values}`);
      });
    }
    afterCrash(payload, (rows) => {
      const kept = parts(rows.readNow(payload.ids[0]) ?? -1);
      const least = [parts(seen), parts(acknowledged)];
      if (least.some(([a, b]) => kept[0] < a || kept[1] < b)) throw new Error(`seen and acknowledged ${least}, kept ${kept}`);
    });
  },
  teardown: endRun,
};
