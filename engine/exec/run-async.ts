/** Running statements on an event loop: it never blocks in a wait for a row or for the disk, and turns while a long statement runs. */

import { foregroundSlice } from '../jobs/marks.ts';
import { type Program, RUN_PAUSED, RUN_RERUN, RUN_WAIT, type RunStatus } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import { failSerializationAsync, waitForConflictAsync } from '../txn/conflict.ts';
import { undoStatement } from '../txn/rollback.ts';
import { dependencyMet } from '../txn/snapshot.ts';
import { READ_COMMITTED, type Transaction } from '../txn/transactions.ts';
import { untilDone } from './define-async.ts';
import type { Engine } from './engine.ts';
import {
  attemptOnce,
  clearRows,
  entered,
  hasRows,
  isOrdinary,
  limitWait,
  type Outcome,
  STALE,
  type StatementRun,
  stepAgain,
  undoFailed,
} from './run.ts';

/**
 * Milliseconds that a statement runs between two turns of the event loop (SBLR-E3). With 5 a point read beside a heavy statement took
 * 17 ms at the 99th percentile of eight clients on two processors, with 1 it takes 11.
 */
const SLICE = 1;

/**
 * The same for sessions of an event loop: it never blocks in a wait for a row, and never for the disk. What has nobody in its way and
 * is done within a slice has its outcome at once; a session that does not hold its answers back waits for the disk.
 */
export function runProgramAsync(
  engine: Engine,
  session: Session,
  program: Program,
  run: StatementRun,
  version: number,
): Outcome | Promise<Outcome> {
  const block = session.transaction;
  const own = block === null && program.writes;
  const tx = entered(engine, () => {
    if (program.writes) foregroundSlice(engine.jobs);
    if (block !== null) return block;
    return own ? session.beginOwn() : session.reader();
  });
  run.tx = tx;
  const of: Attempted = { engine, session, program, run, version, tx, own, inBlock: block !== null };
  let status: ReturnType<typeof attemptOnce>;
  try {
    run.pauseAt = performance.now() + SLICE;
    status = entered(engine, () => attemptOnce(engine, session, tx, program, run, version));
  } catch (error) {
    if (!session.holdsAnswers) return failed(of, error);
    return failedAtOnce(of, error);
  }
  const isOver = status !== RUN_WAIT && status !== RUN_RERUN && status !== RUN_PAUSED;
  if (isOver && session.holdsAnswers && !isPutOff(of)) return ended(of, status as Outcome);
  return goOn(of, status);
}

/** The run pauses when it has run for a slice from now on. */
export function pauseAfterSlice(run: StatementRun): void {
  run.pauseAt = performance.now() + SLICE;
  run.pause ??= () => performance.now() >= run.pauseAt;
}

/** One run of a program in a session. */
interface Attempted {
  readonly engine: Engine;
  readonly session: Session;
  readonly program: Program;
  readonly run: StatementRun;
  readonly version: number;
  readonly tx: Transaction;
  /** The transaction is the statement's own; the session is in a block. Else it is the reader. */
  readonly own: boolean;
  readonly inBlock: boolean;
}

/** Behind the last attempt, where answers are held back: nothing is waited for. */
function ended({ engine, session, run, tx, own, inBlock }: Attempted, outcome: Outcome): Outcome {
  return entered(engine, () => {
    if (own) {
      if (outcome === STALE) session.rollbackOwn(tx);
      else session.commitOwn(tx);
      return outcome;
    }
    if (hasRows(run) || !inBlock) session.meetDependency(tx);
    if (!inBlock) session.readerUsed();
    return outcome;
  });
}

function failedAtOnce({ engine, session, tx, own, inBlock }: Attempted, error: unknown): never {
  entered(engine, () => {
    if (tx.open && isOrdinary(error, tx)) {
      session.meetDependency(tx);
      if (own) session.rollbackOwn(tx);
    }
    if (inBlock) session.failBlock();
    else if (!own) session.readerUsed();
  });
  throw error;
}

/** It commits, and foreign keys have put something off to that: it may have to wait for others. */
const isPutOff = ({ own, session }: Attempted): boolean => own && session.deferral.events.length > 0;

/** The rest of a run that has to wait, for somebody or for the disk. */
async function goOn(of: Attempted, first: ReturnType<typeof attemptOnce>): Promise<Outcome> {
  const { engine, session, run, tx, own, inBlock } = of;
  let outcome: Outcome;
  try {
    outcome = await attemptAsync(of, first);
    if (outcome !== STALE && isPutOff(of)) await untilDone(engine, tx, () => session.deferral.settle?.(tx));
    if (session.holdsAnswers) return ended(of, outcome);
    if (hasRows(run) && !own) await whenDependencyMet(engine, session, tx);
  } catch (error) {
    return await failed(of, error);
  }
  if (own) {
    if (outcome === STALE) entered(engine, () => session.rollbackOwn(tx));
    else {
      entered(engine, () => session.precommit(tx));
      await entered(engine, () => session.whenDurable(tx));
    }
  } else if (!inBlock) entered(engine, () => session.readerUsed());
  return outcome;
}

async function failed({ engine, session, tx, own, inBlock }: Attempted, error: unknown): Promise<never> {
  try {
    if (tx.open && isOrdinary(error, tx)) {
      await whenDependencyMet(engine, session, tx);
      if (own) entered(engine, () => tx.open && session.rollbackOwn(tx));
    }
    if (inBlock) session.failBlock();
  } finally {
    if (!inBlock && !own) entered(engine, () => session.readerUsed());
  }
  throw error;
}

async function attemptAsync(of: Attempted, first: ReturnType<typeof attemptOnce>): Promise<Outcome> {
  const { engine, session, program, run, version, tx } = of;
  for (let status = first; ; ) {
    if (status === RUN_PAUSED) status = await untilUnpaused(engine, session, tx, run);
    if (status !== RUN_WAIT && status !== RUN_RERUN) return status;
    clearRows(run);
    run.counts?.fill(0);
    try {
      if (status === RUN_RERUN && tx.isolation !== READ_COMMITTED) await entered(engine, () => failSerializationAsync(tx));
      entered(engine, () => undoStatement(tx, true));
      if (status === RUN_WAIT) await waitUntilDeadlineAsync(engine, session, tx, run);
    } catch (error) {
      entered(engine, () => undoFailed(tx, error));
      throw error;
    }
    run.pauseAt = performance.now() + SLICE;
    status = entered(engine, () => attemptOnce(engine, session, tx, program, run, version));
  }
}

async function waitUntilDeadlineAsync(engine: Engine, session: Session, tx: Transaction, run: StatementRun): Promise<void> {
  session.settlePortals();
  const limit = limitWait(session, tx);
  try {
    const { waitsFor } = run;
    if (waitsFor == null) await entered(engine, () => waitForConflictAsync(tx));
    else await run.context.waits?.waitAsync(waitsFor, tx, (body) => entered(engine, body));
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
