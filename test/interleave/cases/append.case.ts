/**
 * SM-W1, SM-B3: two sessions append to one page and one leaf, one of them goes back to a savepoint, while a third flushes: each row
 * is there with its entry, once, whoever's record grew, and no key is there twice.
 */

import { flushAll } from '../../../engine/storage/log/flush.ts';
import { ROW_DONE, ROW_DUPLICATE } from '../../../engine/txn/transactions.ts';
import type { InterleavingCase } from '../case.ts';
import { appendLine, linesOf, prepareLines } from './append-store.ts';
import { allDone, checkOwn, endRun, freshRun, type KernelPayload, ownRows, sessionRows } from './kernel-store.ts';

export const interleaving: InterleavingCase<KernelPayload, readonly number[]> = {
  name: 'SM-W1, SM-B3: two that append and one that flushes',
  sessions: 3,
  setup: () => {
    const payload = freshRun(1);
    prepareLines(payload.ids[0]);
    return payload;
  },
  session: (payload, session) => {
    const { kernel } = sessionRows(payload);
    const first = payload.ids[0];
    if (session === 2) {
      for (let count = 0; count < 3; count++) kernel.enter(() => flushAll(kernel.parts.log));
      return [];
    }
    const kept: number[] = [];
    const append = (tx: ReturnType<typeof kernel.begin>, id: number): void => {
      const status = appendLine(kernel, tx, id);
      if (status === ROW_DONE) kept.push(id);
      else if (status !== ROW_DUPLICATE) throw new Error(`status ${status}`);
    };
    const tx = kernel.begin();
    for (const id of [10, 20, 30]) append(tx, first + id + session);
    if (session === 1) {
      const mark = kernel.savepoint(tx);
      const before = kept.length;
      for (const id of [40, 50]) append(tx, first + id + session);
      kernel.rollbackTo(tx, mark);
      kept.length = before;
    }
    kernel.commit(tx);
    // A key of both: whoever comes second is refused.
    const last = kernel.begin();
    append(last, first + 900);
    kernel.commit(last);
    return kept;
  },
  check: (payload, results) => {
    const first = payload.ids[0];
    const expected = [first, ...allDone(results).flat()].sort((a, b) => a - b);
    const [heap, index] = linesOf(ownRows().kernel, first);
    if (heap.join() !== expected.join() || index.join() !== expected.join())
      throw new Error(`inserted ${expected}, heap ${heap}, index ${index}`);
    if (new Set(expected).size !== expected.length) throw new Error(`a key twice: ${expected}`);
    checkOwn();
  },
  teardown: endRun,
};
