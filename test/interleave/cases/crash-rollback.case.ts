/**
 * SM-W7: a rollback, and commits to the same rows right after it, by the same and by another session; then a crash. Compensation
 * records are redone before what came later, and nothing is undone twice.
 */

import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, IDS, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'SM-W7: rollback against a later commit, and a crash',
  sessions: 3,
  setup: () => freshCrash(2, 'note '),
  session: (payload, session) => {
    const rows = sessionRows(payload);
    const { words, ids } = payload;
    if (session === 2) {
      const acknowledged = [words[0], words[1]];
      crash(payload);
      return acknowledged;
    }
    if (session === 0) {
      const tx = rows.kernel.begin();
      rows.update(tx, ids[0], () => 5000, 'another note');
      const mark = rows.kernel.savepoint(tx);
      rows.update(tx, ids[0], () => 6000);
      rows.kernel.rollbackTo(tx, mark);
      rows.insert(tx, ids[0] + IDS / 2, 7000);
      rows.remove(tx, ids[1]);
      rows.kernel.rollback(tx);
    }
    for (let count = 0; count < 2; count++) {
      rows.transact((tx) => {
        for (const id of ids) if (rows.update(tx, id, (v) => v + 1 + 99 * session) !== ROW_DONE) throw new Error(`no row ${id}`);
      });
      words[session]++;
    }
    return [];
  },
  check: (payload, results) => {
    const [, , [own, other]] = allDone(results);
    const expected = (v: number | null): boolean =>
      v !== null && v % 100 >= own && v % 100 <= 2 && Math.floor(v / 100) >= other && Math.floor(v / 100) <= 2;
    const both = payload.ids.map((id) => ownRows().readNow(id));
    if (both.some((v) => v !== 202)) throw new Error(`the living rows have ${both}`);
    afterCrash(payload, (rows) => {
      const tx = rows.kernel.begin({ readOnly: true });
      const kept = rows.scan(tx, payload.ids).map(([, v]) => v);
      rows.kernel.rollback(tx);
      if (kept.length !== 2 || kept[0] !== kept[1] || !expected(kept[0]))
        throw new Error(`acknowledged ${own} and ${other}, kept ${kept}`);
    });
  },
  teardown: endRun,
};
