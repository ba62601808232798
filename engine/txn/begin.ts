/**
 * The beginning of transactions and statements: statement numbers and limits (TX-T4), snapshots, transaction numbers.
 *
 *   kind of statement                                     limit              number of its writes
 *   writes nothing, or at most one row read by key        current number     current number
 *   any other that writes                                 number - 1         a number nothing was written under yet
 *
 * So a statement that inserts into what it reads does not meet its own rows. A portal that is opened, and a savepoint, fix what
 * was written so far under its number: the next write takes a new one.
 *
 * Hot: an embedded program begins a transaction and a statement for each call.
 */

import { assert } from '../../shm/assert.ts';
import { limitExceeded, outOfSlots, SqlError, SQLSTATE } from '../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { claimUndo, END_CLAIM_BYTES, takeCredit } from '../storage/log/credit.ts';
import { tailLsn } from '../storage/log/flush.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { rollbackOrphans } from './rollback.ts';
import { drawNumber, NO_SLOT } from './slots.ts';
import { stampEnded } from './stamper.ts';
import { sessionAt } from './sessions.ts';
import { dropSnapshot, takeSnapshot, takeSnapshotAsOf } from './snapshot.ts';
import { STATEMENTS } from './stamps.ts';
import {
  type BeginOptions,
  COMMIT_END,
  COMMIT_STAMP,
  DEPENDENCY,
  DURABLE_COMMIT,
  LAST_COMMIT,
  OWN_BASE,
  OWN_LIMIT,
  OWN_STAMP,
  READ_COMMITTED,
  type Savepoint,
  type Transaction,
  type Transactions,
} from './transactions.ts';
import {
  addTxnSharedSessionAges,
  peekSessionAge,
  peekTxnSlotNumber,
  setTxnSlotFirstLsn,
  setTxnSlotUndoCredit,
  storeSessionAge,
  storeSessionTransaction,
  txnSlotLastLsn,
} from './txn.layout.gen.ts';
import { undoEntries, undoRowsInLast } from './undo.ts';

const testing = TESTING;

const NO_OPTIONS: BeginOptions = {};

function createTransaction(txns: Transactions): Transaction {
  return {
    context: txns,
    times: new Float64Array(12),
    ints: new Int32Array(8),
    session: -1,
    isolation: READ_COMMITTED,
    durability: DURABLE_COMMIT,
    readOnly: false,
    open: false,
    failed: false,
    number: 0,
    slot: 0,
    statement: 0,
    limit: 0,
    statementUsed: false,
    advance: false,
    simple: true,
    asOf: false,
    snapshotTaken: false,
    waitsFor: 0,
    reruns: 0,
    writtenTable: -1,
    lockTimeout: -1,
    mayBlock: true,
    cancelled: null,
    undoPiece: 0,
    undoAt: 0,
    undoEnd: 0,
    undoLast: 0,
    markEntries: 0,
    markRows: 0,
    markLsn: 0,
    markGrown: 0,
  };
}

/**
 * Begins a transaction in a session of this thread. `lastCommit` is the stamp of the session's last commit (0: none): it sees
 * that (TX-T19). The object is valid until commit() or rollback().
 */
export function begin(txns: Transactions, session: number, options: BeginOptions = NO_OPTIONS, lastCommit = 0): Transaction {
  const tx = txns.spare.length > 0 ? txns.spare.pop()! : createTransaction(txns);
  assert(!tx.open, 'a transaction object is used for one transaction at a time');
  const times = tx.times;
  times[DEPENDENCY] = 0;
  times[LAST_COMMIT] = lastCommit;
  times[OWN_BASE] = 0;
  times[OWN_STAMP] = 0;
  times[OWN_LIMIT] = 0;
  times[COMMIT_STAMP] = 0;
  times[COMMIT_END] = 0;
  tx.session = session;
  tx.isolation = options.isolation ?? READ_COMMITTED;
  tx.durability = options.durability ?? DURABLE_COMMIT;
  tx.readOnly = options.readOnly === true || options.asOf !== undefined;
  tx.lockTimeout = options.lockTimeout ?? -1;
  tx.mayBlock = true;
  tx.cancelled = null;
  tx.open = true;
  tx.failed = false;
  tx.number = 0;
  tx.slot = 0;
  tx.statement = 1;
  tx.limit = 1;
  tx.statementUsed = false;
  tx.advance = false;
  tx.simple = true;
  tx.asOf = options.asOf !== undefined;
  tx.waitsFor = 0;
  tx.reruns = 0;
  tx.writtenTable = -1;
  tx.undoPiece = 0;
  tx.undoAt = 0;
  tx.undoEnd = 0;
  tx.undoLast = 0;
  tx.markEntries = 0;
  tx.markRows = 0;
  tx.markLsn = 0;
  tx.markGrown = 0;
  storeSessionAge(txns.i32, sessionAt(txns, session), addTxnSharedSessionAges(txns.i32, txns.shared, 1));
  if (options.asOf !== undefined) takeSnapshotAsOf(tx, options.asOf);
  return tx;
}

/** 25P02 for a transaction that can only be rolled back, 25P01 for one that has ended. */
export function checkOpen(tx: Transaction): void {
  if (!tx.open)
    throw new SqlError(SQLSTATE.no_active_sql_transaction, 'the transaction has ended', { hint: 'begin another one' });
  if (tx.failed) {
    throw new SqlError(SQLSTATE.in_failed_sql_transaction, 'the transaction has failed', {
      hint: 'roll it back, or back to a savepoint',
    });
  }
}

/** Statements that write nothing, or at most one row that they read by a unique key before: they see all of their own. */
export const STATEMENT_SIMPLE = 0;
/** Statements that write while they read: they see what was there before them (no Halloween). */
export const STATEMENT_WRITING = 1;

/**
 * Begins a statement, or runs it again: a fresh snapshot at read committed (TX-T9), the transaction's at the other levels.
 * `writes`: it changes or locks rows. 54000 past 2^20 statement numbers.
 */
export function beginStatement(tx: Transaction, kind: number, writes: boolean): void {
  checkOpen(tx);
  if (!tx.asOf && (!tx.snapshotTaken || tx.isolation === READ_COMMITTED)) takeSnapshot(tx, writes);
  tx.simple = kind === STATEMENT_SIMPLE;
  if (!tx.simple && (tx.statementUsed || tx.advance)) advanceStatement(tx);
  setLimit(tx, tx.simple ? tx.statement : tx.statement - 1);
  tx.markEntries = undoEntries(tx);
  tx.markRows = undoRowsInLast(tx);
  tx.markLsn = tx.slot === 0 ? 0 : txnSlotLastLsn(tx.context.f64, tx.slot);
  tx.markGrown = grownRows(tx);
  if (testing) yieldPoint('statement.begun');
}

/** Rows of the transaction's last record, if that is one that may grow; else 0. */
function grownRows(tx: Transaction): number {
  if (tx.slot === 0) return 0;
  const { f64, log } = tx.context;
  return log.growing.lsn[0] === txnSlotLastLsn(f64, tx.slot) ? log.growing.count : 0;
}

/** Ends a statement: at read committed its snapshot goes. Its rows may be given out once dependencyMet() (TX-T11). */
export function endStatement(tx: Transaction): void {
  if (tx.isolation === READ_COMMITTED && !tx.asOf) dropSnapshot(tx);
  tx.reruns = 0;
}

/** A place to go back to. The next write takes a new statement number (TX-T4). */
export function savepoint(tx: Transaction): Savepoint {
  checkOpen(tx);
  tx.advance = tx.statementUsed;
  const lsn = tx.slot === 0 ? 0 : txnSlotLastLsn(tx.context.f64, tx.slot);
  // Inserts that follow begin an undo entry, and with it a record: going back here takes whole ones (undo.ts).
  tx.undoLast = 0;
  return { entries: undoEntries(tx), rows: 0, lsn };
}

/** A portal was opened: returns the limit up to which it sees versions of its own transaction (TX-T4). */
export function openPortal(tx: Transaction): number {
  checkOpen(tx);
  tx.advance = tx.statementUsed;
  return tx.limit;
}

/** The portal that is fetched from sees its own limit; beginStatement() of the next statement sets another. */
export function usePortal(tx: Transaction, limit: number): void {
  tx.simple = false;
  setLimit(tx, limit);
}

/**
 * Before each change of a row: the transaction has its number, and its writes the right statement number. 25006 for one that
 * only reads; 53300 when all transaction slots are in use; 53100 when the disk is full.
 */
export function beginWrite(tx: Transaction, table: TableRuntime): void {
  if (tx.statementUsed && !tx.advance && tx.open && !tx.failed) return;
  beginWriteSlow(tx, table);
}

/** The transaction uses the table for writing from now on. True: somebody is in the way, tx.waitsFor says who. Once a change. */
export function isRefused(tx: Transaction, table: TableRuntime): boolean {
  if (tx.writtenTable === table.id) return false;
  const { tableUsed } = tx.context.hooks;
  if (tableUsed === null) return false;
  if (tableUsed(tx, table)) return true;
  tx.writtenTable = table.id;
  return false;
}

function beginWriteSlow(tx: Transaction, table: TableRuntime): void {
  checkOpen(tx);
  if (tx.readOnly && !table.temporary) {
    throw new SqlError(SQLSTATE.read_only_sql_transaction, 'the transaction only reads', {
      hint: tx.asOf ? 'a state of the past cannot be changed' : 'begin one that may write',
    });
  }
  if (tx.number === 0) becomeWriter(tx);
  if (tx.advance) {
    advanceStatement(tx);
    if (tx.simple) setLimit(tx, tx.statement);
  }
  tx.statementUsed = true;
}

/** Draws the transaction number: from here on it has a slot. Lockers do so too (TX-T13). */
export function becomeWriter(tx: Transaction): void {
  const txns = tx.context;
  const log = txns.log;
  takeCredit(log, 0, END_CLAIM_BYTES);
  const at = sessionAt(txns, tx.session);
  const tail = tailLsn(log);
  const slot = takeSlot(tx, peekSessionAge(txns.i32, at));
  claimUndo(log, END_CLAIM_BYTES);
  setTxnSlotUndoCredit(txns.f64, slot, END_CLAIM_BYTES);
  setTxnSlotFirstLsn(txns.f64, slot, tail);
  tx.slot = slot;
  tx.number = peekTxnSlotNumber(txns.i32, slot);
  const base = (tx.number >>> 0) * STATEMENTS;
  tx.times[OWN_BASE] = base;
  tx.times[OWN_STAMP] = -(base + tx.statement);
  tx.times[OWN_LIMIT] = -(base + tx.limit);
  storeSessionTransaction(txns.i32, at, tx.number);
}

/** A slot that only waits for somebody to stamp or undo its rows is freed first; then 53300 (SM-S6). */
function takeSlot(tx: Transaction, age: number): number {
  const txns = tx.context;
  let slot = drawNumber(txns, tx.session, age);
  if (slot !== NO_SLOT) return slot;
  stampEnded(txns, Number.MAX_SAFE_INTEGER);
  rollbackOrphans(txns, txns.options.slots);
  takeCredit(txns.log, 0, END_CLAIM_BYTES);
  slot = drawNumber(txns, tx.session, age);
  if (slot === NO_SLOT) throw outOfSlots('transaction', txns.options.slots);
  return slot;
}

function setLimit(tx: Transaction, limit: number): void {
  tx.limit = limit;
  const base = tx.times[OWN_BASE];
  if (base !== 0) tx.times[OWN_LIMIT] = -(base + limit);
}

/** The next writes carry a number that nothing was written under. */
function advanceStatement(tx: Transaction): void {
  if (tx.statement + 1 >= STATEMENTS) {
    throw limitExceeded('the number of writing statements of a transaction', tx.statement + 1, STATEMENTS - 1);
  }
  tx.statement++;
  tx.statementUsed = false;
  tx.advance = false;
  const base = tx.times[OWN_BASE];
  if (base !== 0) tx.times[OWN_STAMP] = -(base + tx.statement);
}
