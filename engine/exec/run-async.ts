/** Running statements on an event loop: it never blocks in a wait for a row or for the disk, and turns while a long statement runs. */

import { foregroundSlice } from '../jobs/marks.ts';
import { type Program, RUN_PAUSED, RUN_RERUN, RUN_WAIT, type RunStatus } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import { failSerializationAsync, waitForConflictAsync } from '../txn/conflict.ts';
import { undoStatement } from '../txn/rollback.ts';
import { dependencyMet } from '../txn/snapshot.ts';
import { READ_COMMITTED, type Transaction } from '../txn/transactions.ts';
import type { Engine } from './engine.ts';
import {
  attemptOnce,
  entered,
  isOrdinary,
  limitWait,
  type Outcome,
  STALE,
  type StatementRun,
  stepAgain,
  undoFailed,
} from './run.ts';

/** Milliseconds that a statement runs between two turns of the event loop (SBLR-E3). */
const SLICE = 5;

/** The same for sessions of an event loop: it never blocks in a wait for a row, and never for the disk. */
export async function runProgramAsync(
  engine: Engine,
  session: Session,
  program: Program,
  run: StatementRun,
  version: number,
): Promise<Outcome> {
  const block = session.transaction;
  const own = block === null && program.writes;
  const tx = entered(engine, () => {
    if (program.writes) foregroundSlice(engine.jobs);
    if (block !== null) return block;
    return own ? session.beginOwn() : session.reader();
  });
  run.tx = tx;
  let outcome: Outcome;
  try {
    outcome = await attemptAsync(engine, session, tx, program, run, version);
    if (run.rows.length > 0 && !own) await whenDependencyMet(engine, session, tx);
  } catch (error) {
    if (isOrdinary(error) && tx.open) {
      await whenDependencyMet(engine, session, tx);
      if (own) entered(engine, () => tx.open && session.rollbackOwn(tx));
    }
    if (block !== null) session.failBlock();
    throw error;
  } finally {
    if (block === null && !own) entered(engine, () => session.readerUsed());
  }
  if (own) {
    if (outcome === STALE) entered(engine, () => session.rollbackOwn(tx));
    else {
      entered(engine, () => session.precommit(tx));
      await entered(engine, () => session.whenDurable(tx));
    }
  }
  return outcome;
}

async function attemptAsync(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
): Promise<Outcome> {
  for (;;) {
    run.pauseAt = performance.now() + SLICE;
    let status = entered(engine, () => attemptOnce(engine, session, tx, program, run, version));
    if (status === RUN_PAUSED) status = await untilUnpaused(engine, session, tx, run);
    if (status !== RUN_WAIT && status !== RUN_RERUN) return status;
    run.rows.length = 0;
    try {
      if (status === RUN_RERUN && tx.isolation !== READ_COMMITTED) await entered(engine, () => failSerializationAsync(tx));
      entered(engine, () => undoStatement(tx, true));
      if (status === RUN_WAIT) await waitUntilDeadlineAsync(engine, session, tx);
    } catch (error) {
      entered(engine, () => undoFailed(tx, error));
      throw error;
    }
  }
}

async function waitUntilDeadlineAsync(engine: Engine, session: Session, tx: Transaction): Promise<void> {
  session.settlePortals();
  const limit = limitWait(session, tx);
  try {
    await entered(engine, () => waitForConflictAsync(tx));
  } finally {
    tx.lockTimeout = limit;
  }
}

/** The event loop turns after each slice; tables that are read stay as they are meanwhile. */
async function untilUnpaused(engine: Engine, session: Session, tx: Transaction, run: StatementRun): Promise<RunStatus> {
  session.cursorOpened(run);
  try {
    for (;;) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      run.pauseAt = performance.now() + SLICE;
      const status = entered(engine, () => {
        engine.active = session;
        return stepAgain(tx, run);
      });
      if (status !== RUN_PAUSED) return status;
    }
  } finally {
    session.cursorClosed(run);
  }
}

async function whenDependencyMet(engine: Engine, session: Session, tx: Transaction): Promise<void> {
  if (!dependencyMet(tx)) await entered(engine, () => session.whenDependencyMet(tx));
}
