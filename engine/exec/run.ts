/**
 * Running a compiled statement in a session, on the calling thread ('Conflicts', TX-T8 to T11).
 *
 *   enter the engine
 *     transaction: the block's; or, outside one, an own one for a change, the session's reader for a query
 *     begin statement -> start -> step ... DONE | WAIT, RERUN: undo, wait, from the beginning again
 *     own transaction: commit, and wait for the disk; a query: wait for what its rows rest on
 *   leave, rows get their faces
 *
 * Hot: a point query goes through here without an allocation but its row.
 */

import type { RowOutput } from '../../plugins/contract/output.ts';
import { criticalCount } from '../../shm/critical.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { SqlError, SQLSTATE, withoutOverflow } from '../../shm/errors.ts';
import { heldFrame, releaseFrame } from '../../shm/frame-latch.ts';
import { NO_FRAME } from '../../shm/types.ts';
import { foregroundSlice } from '../jobs/marks.ts';
import {
  type Execution,
  type Parameters,
  type Program,
  RUN_DONE,
  RUN_FULL,
  RUN_PAUSED,
  RUN_RERUN,
  RUN_WAIT,
  type Run,
  type RunStatus,
  type StatementContext,
} from '../plan/program.ts';
import type { OpenCursor, Session } from '../session/session.ts';
import { beginStatement, endStatement, savepoint, STATEMENT_SIMPLE, STATEMENT_WRITING } from '../txn/begin.ts';
import { failSerialization, waitForConflict } from '../txn/conflict.ts';
import { rollbackTo, undoStatement } from '../txn/rollback.ts';
import { READ_COMMITTED, type Transaction } from '../txn/transactions.ts';
import type { Engine } from './engine.ts';
import { FunctionWait } from './function-waits.ts';
import { settleReferences } from './references.ts';

/** The catalog has moved between preparing and using the tables: prepare again (TX-T14). */
export const STALE = 4;
export type Outcome = typeof RUN_DONE | typeof RUN_FULL | typeof RUN_PAUSED | typeof STALE;

/** A run of one prepared statement: what generated code reads and writes. */
export interface StatementRun extends Run, OpenCursor {
  execution: Execution | null;
  /** The rows so far; the run begins a new list. */
  takeRows(): unknown[];
  pause: (() => boolean) | null;
  /** When the event loop is to turn, by performance.now(). */
  pauseAt: number;
  counts?: Float64Array | null;
  output?: RowOutput | null;
  /** Where the output was when the statement began: there it begins again. */
  outputStart?: number;
  /** A statement of a foreign key: what it notes is looked after by the one that it belongs to. */
  isInner?: boolean;
  /** RUN_WAIT is about what a function waits for. */
  waitsFor?: FunctionWait | null;
  /** Behind its last step: what is left to be done. */
  behind?: (() => RunStatus) | null;
}

/** It has given rows that nobody has taken. */
export const hasRows = ({ rows, written }: StatementRun): boolean => rows.length > 0 || (written !== undefined && written > 0);

/** What it has given is taken back: it begins again, or has failed. */
export function clearRows(run: StatementRun): void {
  run.rows.length = 0;
  const { output } = run;
  if (output === undefined || output === null) return;
  run.written = 0;
  output.at = run.outputStart ?? output.at;
}

const kindOf = (program: Program): number => (program.simple || !program.writes ? STATEMENT_SIMPLE : STATEMENT_WRITING);

/**
 * Runs a program to its end, or until run.rowsMax rows: RUN_FULL, and run.execution goes on. STALE: nothing was done, `version` is
 * not the catalog's any more. Errors undo the statement; in a block they fail it.
 */
export function runProgram(engine: Engine, session: Session, program: Program, run: StatementRun, version: number): Outcome {
  const { shm } = engine;
  enterEngine(shm);
  let thrown: unknown;
  try {
    return runInside(engine, session, program, run, version);
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}

function runInside(engine: Engine, session: Session, program: Program, run: StatementRun, version: number): Outcome {
  const block = session.transaction;
  if (block !== null) {
    if (program.writes) foregroundSlice(engine.jobs);
    return runInBlock(engine, session, block, program, run, version);
  }
  if (program.writes) return runOwn(engine, session, program, run, version);
  const tx = session.reader();
  run.tx = tx;
  try {
    const outcome = attempt(engine, session, tx, program, run, version);
    session.meetDependency(tx);
    return outcome;
  } finally {
    session.readerUsed();
  }
}

/** The first rows of a cursor, in a transaction of its own (Session.openPortal). */
export function runPortal(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
): Outcome {
  return entered(engine, () => {
    run.tx = tx;
    const outcome = attempt(engine, session, tx, program, run, version);
    session.meetDependency(tx);
    return outcome;
  });
}

function runInBlock(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
): Outcome {
  run.tx = tx;
  try {
    const outcome = attempt(engine, session, tx, program, run, version);
    if (hasRows(run)) session.meetDependency(tx);
    return outcome;
  } catch (error) {
    session.failBlock();
    throw answerable(session, tx, error);
  }
}

function runOwn(engine: Engine, session: Session, program: Program, run: StatementRun, version: number): Outcome {
  foregroundSlice(engine.jobs);
  const tx = session.beginOwn();
  run.tx = tx;
  let outcome: Outcome;
  try {
    outcome = attempt(engine, session, tx, program, run, version);
  } catch (error) {
    const answer = answerable(session, tx, error);
    if (tx.open && isOrdinary(error, tx)) session.rollbackOwn(tx);
    throw answer;
  }
  if (outcome === STALE) session.rollbackOwn(tx);
  else session.commitOwn(tx);
  return outcome;
}

/** Error texts carry data: they leave when what they rest on is durable (TX-T9). */
export function answerable(session: Session, tx: Transaction, error: unknown): unknown {
  if (tx.open && isOrdinary(error, tx)) session.meetDependency(tx);
  return error;
}

/**
 * What was done before an error can be taken back: the handle is not lost, and the error, be it a bug's, has left no critical section
 * open. A page that it held is let go. Inside the engine.
 */
export function isOrdinary(error: unknown, { context: { shm } }: Transaction): boolean {
  if (error instanceof SqlError) return !error.code.startsWith('57P');
  if (criticalCount(shm) > 0) return false;
  const held = heldFrame(shm);
  if (held !== NO_FRAME) releaseFrame(shm, held);
  return true;
}

/** The statement, again and again until nobody is in its way. */
function attempt(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
): Outcome {
  for (;;) {
    const status = attemptOnce(engine, session, tx, program, run, version);
    if (status !== RUN_WAIT && status !== RUN_RERUN) return status;
    clearRows(run);
    run.counts?.fill(0);
    try {
      if (status === RUN_RERUN && tx.isolation !== READ_COMMITTED) failSerialization(tx);
      undoStatement(tx, true);
      if (status === RUN_WAIT) waitUntilDeadline(session, tx, run);
    } catch (error) {
      undoFailed(tx, error);
      throw error;
    }
  }
}

/**
 * A wait for a row ends with the statement's time, too. Portals of the session take their rest first: who is waited for may wait for
 * the tables that they use.
 */
function waitUntilDeadline(session: Session, tx: Transaction, { waitsFor, context }: StatementRun): void {
  session.settlePortals();
  const limit = limitWait(session, tx);
  try {
    if (waitsFor == null) waitForConflict(tx);
    else context.waits?.wait(waitsFor, tx);
  } finally {
    tx.lockTimeout = limit;
  }
}

/** A wait that begins now ends with lock_timeout as it is now, and not beyond the statement's time. Returns the limit before. */
export function limitWait(session: Session, tx: Transaction): number {
  const before = tx.lockTimeout;
  const limit = session.settings.lockTimeout;
  const rest = session.deadline - performance.now();
  tx.lockTimeout = rest < Number.POSITIVE_INFINITY && (limit < 0 || rest < limit) ? Math.max(0, Math.ceil(rest)) : limit;
  return before;
}

export function attemptOnce(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  run: StatementRun,
  version: number,
): RunStatus | typeof STALE {
  run.changes = 0;
  run.references = null;
  run.behind = null;
  run.waitsFor = null;
  if (run.isInner !== true) run.context.waits?.again();
  engine.active = session;
  if ((program.cascades === true || program.refers === true) && run.isInner !== true)
    run.behind = settling(engine, session, tx, run);
  beginStatement(tx, kindOf(program), program.writes);
  try {
    const execution = program.start(run);
    // Its tables are in use by now: what the catalog says of them stays true (TX-T14).
    if (engine.catalog.version(session) !== version) {
      execution.close();
      endStatement(tx);
      return STALE;
    }
    const status = stepped(tx, run, execution);
    if (status !== RUN_DONE) return status;
  } catch (thrown) {
    if (thrown instanceof FunctionWait) return waitsFor(run, thrown);
    const error = withoutOverflow(thrown);
    clearRows(run);
    undoFailed(tx, error);
    throw error;
  }
  return run.behind?.() ?? RUN_DONE;
}

/** A function waits: the statement stops here. */
function waitsFor(run: StatementRun, wait: FunctionWait): RunStatus {
  run.waitsFor = wait;
  run.execution = null;
  return RUN_WAIT;
}

/** What foreign keys ask for behind a statement. Where that stops, all is taken back to here. */
function settling(engine: Engine, session: Session, tx: Transaction, run: StatementRun): () => RunStatus {
  const before = savepoint(tx);
  return () => {
    run.behind = null;
    const { references } = run;
    if (references == null || references.length === 0) return RUN_DONE;
    const status = settleReferences(engine, session, tx, run, references);
    if (status === RUN_DONE) return RUN_DONE;
    const { waitsFor } = tx;
    rollbackTo(tx, before);
    // Nothing is left of the statement; who called takes back what there is.
    beginStatement(tx, STATEMENT_SIMPLE, true);
    tx.waitsFor = waitsFor;
    return status;
  };
}

/** A step of a statement that has begun. */
function stepped(tx: Transaction, run: StatementRun, execution: Execution): RunStatus {
  // Another plan begins by itself (replan.ts).
  const status = execution.step() as RunStatus;
  const goesOn = status === RUN_FULL || status === RUN_PAUSED;
  run.execution = goesOn ? execution : null;
  if (goesOn) return status;
  execution.close();
  if (status === RUN_DONE) endStatement(tx);
  return status;
}

/** Goes on with a statement that has paused. */
export function stepAgain(tx: Transaction, run: StatementRun): RunStatus {
  try {
    const status = stepped(tx, run, run.execution as Execution);
    if (status !== RUN_DONE) return status;
  } catch (thrown) {
    if (thrown instanceof FunctionWait) return waitsFor(run, thrown);
    const error = withoutOverflow(thrown);
    run.execution = null;
    clearRows(run);
    undoFailed(tx, error);
    throw error;
  }
  return run.behind?.() ?? RUN_DONE;
}

export function undoFailed(tx: Transaction, error: unknown): void {
  if (!tx.open || !isOrdinary(error, tx)) return;
  undoStatement(tx, false);
  endStatement(tx);
}

/** Goes on with a run that was full, or has paused, inside the engine. */
export function stepOn(engine: Engine, run: StatementRun): RunStatus {
  const { shm } = engine;
  const execution = run.execution as Execution;
  enterEngine(shm);
  let thrown: unknown;
  try {
    const status = execution.step() as RunStatus;
    if (hasRows(run)) engine.active?.meetDependency(run.tx);
    if (status === RUN_FULL || status === RUN_PAUSED) return status;
    execution.close();
    run.execution = null;
    endStatement(run.tx);
    if (status !== RUN_DONE) throw new SqlError(SQLSTATE.internal_error, 'a statement that only reads met a lock on its way');
    return status;
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}

/** Runs a statement of the engine's own to its end, inside the engine, in a transaction that is under way; its run has the rows. */
export function runDirect(
  engine: Engine,
  session: Session,
  tx: Transaction,
  program: Program,
  parameters: Parameters,
  context: StatementContext,
): StatementRun {
  const run: StatementRun = {
    tx,
    parameters,
    context,
    rows: [],
    rowsMax: Number.POSITIVE_INFINITY,
    changes: 0,
    canceled: () => session.isCancelled(),
    execution: null,
    takeRows: () => [],
    pause: null,
    pauseAt: Number.POSITIVE_INFINITY,
    settle: () => {},
  };
  attempt(engine, session, tx, program, run, engine.catalog.version(session));
  return run;
}

/** Gives up a run that was full: the statement ends. Inside or outside the engine. */
export function dropExecution(engine: Engine, run: StatementRun): void {
  const { execution } = run;
  run.execution = null;
  if (execution === null) return;
  entered(engine, () => {
    execution.close();
    endStatement(run.tx);
  });
}

/** Runs `body` inside the engine. */
export function entered<Result>(engine: Pick<Engine, 'shm'>, body: () => Result): Result {
  const { shm } = engine;
  enterEngine(shm);
  let thrown: unknown;
  try {
    return body();
  } catch (error) {
    thrown = error;
    throw error;
  } finally {
    leaveEngine(shm, thrown);
  }
}
