/**
 * Work on an event loop that is no statement of generated code: a definition, or what foreign keys have put off (would-wait.ts). Where
 * somebody is in its way, what it has done is taken back, it waits without blocking, and is done again.
 */

import { savepoint } from '../txn/begin.ts';
import { waitDeadline, waitForConflictAsync } from '../txn/conflict.ts';
import { rollbackTo } from '../txn/rollback.ts';
import type { Transaction } from '../txn/transactions.ts';
import { waitForReadersAsync } from '../txn/wait-readers.ts';
import { WouldWait } from '../txn/would-wait.ts';
import type { Engine } from './engine.ts';
import { entered } from './run.ts';

/** What `work` answers, in a transaction that is under way; its errors are thrown, with what it did before them still there. */
export async function untilDone<Result>(engine: Engine, tx: Transaction, work: () => Result): Promise<Result> {
  // Readers are looked at again every 100 ms: their time runs from the first look.
  let readersUntil: number | null = null;
  for (;;) {
    const place = entered(engine, () => savepoint(tx));
    let wait: WouldWait;
    try {
      return entered(engine, () => withoutBlocking(tx, work));
    } catch (error) {
      if (!(error instanceof WouldWait)) throw error;
      wait = error;
    }
    const { waitsFor } = tx;
    entered(engine, () => rollbackTo(tx, place));
    if (wait.reader < 0) {
      tx.waitsFor = waitsFor;
      readersUntil = null;
      await entered(engine, () => waitForConflictAsync(tx));
    } else {
      readersUntil ??= waitDeadline(tx);
      await waitForReadersAsync(tx, wait.reader, wait.seen, readersUntil, (body) => entered(engine, body));
    }
  }
}

function withoutBlocking<Result>(tx: Transaction, work: () => Result): Result {
  tx.mayBlock = false;
  try {
    return work();
  } finally {
    tx.mayBlock = true;
  }
}
