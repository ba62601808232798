/**
 * SM-W1, SM-W9: a session appends rows to a record that grows, commits and goes on, another one flushes, a third crashes at any step:
 * what was acknowledged is there, whole transactions only, in heap and index.
 */

import { flushAll } from '../../../engine/storage/log/flush.ts';
import { ROW_DONE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { appendLine, linesOf, prepareLines } from './append-store.ts';
import { afterCrash, allDone, crash, endRun, freshCrash, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

const ROWS = 4;
const COMMITS = 2;

export const interleaving: InterleavingCase<KernelPayload, number> = {
  name: 'SM-W1, SM-W9: a record grows, a flush takes it, a crash',
  sessions: 3,
  setup: () => {
    const payload = freshCrash(1);
    prepareLines(payload.ids[0]);
    return payload;
  },
  session: (payload, session) => {
    const { kernel } = sessionRows(payload);
    const { words, ids } = payload;
    if (session === 2) {
      const acknowledged = words[0];
      crash(payload);
      return acknowledged;
    }
    if (session === 1) {
      for (let count = 0; count < 4; count++) kernel.enter(() => flushAll(kernel.parts.log));
      return 0;
    }
    for (let count = 0; count < COMMITS; count++) {
      const tx = kernel.begin();
      for (let row = 1; row <= ROWS; row++) {
        if (appendLine(kernel, tx, ids[0] + count * ROWS + row) !== ROW_DONE) throw new Error('a row was refused');
      }
      kernel.commit(tx);
      words[0] = count + 1;
    }
    return 0;
  },
  check: (payload, results) => {
    const first = payload.ids[0];
    const [, , acknowledged] = allDone(results);
    const check = (lines: readonly [number[], number[]], commits: number): void => {
      const [heap, index] = lines;
      const whole = (heap.length - 1) % ROWS === 0 && heap.every((id, at) => id === first + at);
      if (!whole || heap.join() !== index.join()) throw new Error(`heap ${heap}, index ${index}`);
      if (heap.length - 1 < commits * ROWS) throw new Error(`acknowledged ${commits}, kept ${heap}`);
    };
    check(linesOf(ownRows().kernel, first), COMMITS);
    afterCrash(payload, (rows) => check(linesOf(rows.kernel, first), acknowledged));
  },
  teardown: endRun,
};
