/** Event loops that wait for transactions that only read (conflict.ts, waitForReaders). */

import type { SqlError } from '../../shm/errors.ts';
import { SLEEP_MAX_MS, waitDoorbellAsync } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { beginWait, deadlocked, endWait, failed, takeBackDead, whyStop } from './conflict.ts';
import { breakDeadlock } from './deadlock.ts';
import { sessionAt } from './sessions.ts';
import type { Transaction } from './transactions.ts';
import { SESSION_VICTIM } from './txn.layout.ts';
import { storeSessionWaitsForReader } from './txn.layout.gen.ts';

const testing = TESTING;

/** Keeps the event loop alive: it is cleared long before. */
const KEEP_ALIVE_MS = 1 << 30;

/**
 * Resolves when the doorbell has rung since `seen`, or after 100 ms; then the caller looks again. `enter` runs something inside the
 * engine. Rejects as waitForReaders() throws; sessions of this thread may be waited for.
 */
export async function waitForReadersAsync(
  tx: Transaction,
  reader: number,
  seen: number,
  deadline: number,
  enter: <Result>(body: () => Result) => Result,
): Promise<void> {
  const txns = tx.context;
  const session = sessionAt(txns, tx.session);
  let failure: SqlError | null = enter(() => {
    tx.waitsFor = 0;
    storeSessionWaitsForReader(txns.i32, session, reader + 1);
    beginWait(tx, session);
    takeBackDead(txns);
    breakDeadlock(txns, tx.session);
    if (testing) yieldPoint('wait.readersAsync');
    return whyStop(tx, session, deadline);
  });
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    const left = Math.min(SLEEP_MAX_MS, Math.max(1, deadline - performance.now()));
    if (failure === null) await waitDoorbellAsync(txns.shm, seen, left);
  } finally {
    clearInterval(keepAlive);
    enter(() => {
      if (endWait(txns, session) === SESSION_VICTIM && failure === null) failure = deadlocked();
      storeSessionWaitsForReader(txns.i32, session, 0);
    });
  }
  if (failure !== null) throw failed(tx, failure);
}
