/**
 * Running a statement that is one straight function (SBLR-G5): reads of at most one row, in a block or outside one, and changes of
 * one row in a block. Everything that run.ts does, in one piece, as long as nobody is in the way; else nothing has been done, and
 * run.ts begins anew.
 *
 *   enter; the block's transaction, or the session's reader; begin statement; use tables; is the catalog the one it was made for?
 *   run; end statement; wait for what the row rests on; leave
 *
 * Hot: nothing is allocated but the row.
 */

import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { foregroundSlice } from '../jobs/marks.ts';
import type { Direct, Program } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE, STATEMENT_WRITING } from '../txn/begin.ts';
import { undoStatement } from '../txn/rollback.ts';
import { dependencyMet, standingSnapshot } from '../txn/snapshot.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Engine } from './engine.ts';
import { answerable, type StatementRun, undoFailed } from './run.ts';

/** True when runDirect() may try: what changes rows has a transaction already. */
export const mayRunDirect = (session: Session, program: Program): boolean =>
  !program.writes || (session.transaction !== null && program.cascades !== true);

/** Nothing was done: a lock is in the way, or the catalog has moved. */
export const NOT_DONE = 0;

/**
 * Runs it: its row, undefined where it has none, or NOT_DONE; `version` is that of the catalog it was prepared under. Errors undo
 * the statement; in a block they fail it.
 */
export function runDirect(engine: Engine, session: Session, program: Program, run: StatementRun, version: number): unknown {
  const { shm } = engine;
  enterEngine(shm, standingSnapshot(engine.txns));
  let thrown: unknown;
  try {
    const block = session.transaction;
    if (program.writes) foregroundSlice(engine.jobs);
    const tx = block === null ? session.reader() : block;
    run.tx = tx;
    run.changes = 0;
    engine.active = session;
    const kind = program.simple || !program.writes ? STATEMENT_SIMPLE : STATEMENT_WRITING;
    beginStatement(tx, kind, program.writes);
    return begun(engine, session, tx, program, run, version);
  } catch (error) {
    thrown = error;
    // Of a block that has failed already, or an entry that failed: nothing has begun.
    session.failBlock();
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}

function begun(engine: Engine, session: Session, tx: Transaction, program: Program, run: StatementRun, version: number): unknown {
  const direct = program.direct as Direct;
  try {
    const isReady = !direct.begin(run) && engine.catalog.isVersion(session, version);
    run.references = null;
    const answer = isReady ? direct.run(run) : NOT_DONE;
    // A foreign key found nothing: what is behind the statement is run.ts's.
    const row = run.references === null ? answer : NOT_DONE;
    const isStopped = typeof row === 'number';
    if (isStopped && program.writes) undoStatement(tx, true);
    endStatement(tx);
    if (!dependencyMet(tx) && (session.transaction === null || row !== undefined)) session.meetDependency(tx);
    if (session.transaction === null) session.readerUsed();
    return isStopped ? NOT_DONE : row;
  } catch (error) {
    undoFailed(tx, error);
    if (session.transaction === null) session.readerUsed();
    else {
      session.failBlock();
      throw answerable(session, tx, error);
    }
    throw error;
  }
}

/** True for a program that runDirectRows() may run. */
export const mayRunRows = (program: Program): boolean =>
  program.direct !== null && program.cascades !== true && program.refers !== true && program.output.length === 0;

/**
 * The same of a program that inserts a row, for many rows in a block: one statement. `next` puts the values of a row into the run's
 * parameters, until it answers false. False: somebody is in the way of one of them, or the catalog has moved; none is in.
 */
export function runDirectRows(
  engine: Engine,
  session: Session,
  program: Program,
  run: StatementRun,
  version: number,
  next: () => boolean,
): boolean {
  const { shm } = engine;
  enterEngine(shm);
  let thrown: unknown;
  const tx = session.transaction as Transaction;
  try {
    foregroundSlice(engine.jobs);
    run.tx = tx;
    run.changes = 0;
    engine.active = session;
    beginStatement(tx, program.simple ? STATEMENT_SIMPLE : STATEMENT_WRITING, true);
    return rowsBegun(engine, session, tx, program, run, version, next);
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}

function rowsBegun(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
  next: () => boolean,
): boolean {
  const direct = program.direct as Direct;
  try {
    run.references = null;
    const isReady = !direct.begin(run) && engine.catalog.isVersion(session, version);
    const isDone = isReady && direct.runRows(run, next);
    if (!isDone) {
      run.changes = 0;
      undoStatement(tx, true);
    }
    endStatement(tx);
    return isDone;
  } catch (error) {
    undoFailed(tx, error);
    session.failBlock();
    throw answerable(session, tx, error);
  }
}
