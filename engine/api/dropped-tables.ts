/**
 * Giving back the pages of what was dropped: tables, indexes, sequences. In the background, when every snapshot is past the drop.
 *
 *   stored      the row of sys.tables says when it was dropped; its pages go, then the row
 *   at open     before anything is allocated: what was given back before a crash is free from there on, and looks like anybody's
 *   temporary   nobody but the session that dropped it could see it: when the transaction that dropped it is through
 */

import { isPoisoned } from '../../shm/critical.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { JOB_OTHER, registerJob, registerMark, registerPeriodic } from '../jobs/jobs.ts';
import { forgetHeld, holdRetired, letRetiredGo } from '../storage/space/retired.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE } from '../txn/begin.ts';
import { slotOf } from '../txn/slots.ts';
import { TABLE_WRITE, useTable } from '../txn/table-locks.ts';
import { DURABLE_OFF, ROW_DONE, ROW_PAGE, ROW_SLOT, SEEN_STAMP, type Transaction } from '../txn/transactions.ts';
import { loadTxnSharedBound, loadTxnSlotNumber } from '../txn/txn.layout.gen.ts';
import { droppedCount, noteDropped, takeDropped } from './catalog-words.ts';
import type { Kernel } from './kernel.ts';
import { droppedName, freeDropped, isDropped, isUntouched } from './schema.ts';
import { SYS_TABLES_ID } from './system-tables.ts';
import type { StoredTable } from './table-definition.ts';
import { findTable, tableIds, withdrawTable } from './table-directory.ts';

/** Drops that may wait before a thread of the foreground looks after them. */
const FIRST_MARK = 8;
const SECOND_MARK = 256;

/** Once a kernel: the job that frees what was dropped. */
export function registerDroppedJob(kernel: Kernel): void {
  const { jobs, parts } = kernel;
  const dropped = (): number => droppedCount(parts.catalog);
  registerJob(jobs, JOB_OTHER, () => {
    freeDroppedTables(kernel);
    return false;
  });
  registerMark(jobs, { kind: JOB_OTHER, read: dropped, first: FIRST_MARK, second: SECOND_MARK });
  registerPeriodic(jobs, { kind: JOB_OTHER, milliseconds: 1000, wanted: () => dropped() > 0 });
}

/**
 * Frees what can be freed. True: some is left, because somebody may still see it. `isAlone`: at open, where nobody is there to see
 * anything. 58030, 53100.
 */
export function freeDroppedTables(kernel: Kernel, isAlone = false): boolean {
  const { parts } = kernel;
  const { directory } = parts;
  takeDropped(parts.catalog);
  let left = 0;
  for (const id of tableIds(directory)) {
    const stored = findTable(directory, id)?.stored;
    if (stored === undefined || !isDropped(stored)) continue;
    if (!(stored.temporary ? freeTemporary(kernel, stored) : freeStored(kernel, stored, isAlone))) left++;
  }
  if (left > 0) noteDropped(parts.catalog);
  return left > 0;
}

function freeTemporary(kernel: Kernel, stored: StoredTable): boolean {
  const { parts } = kernel;
  const number = stored.droppedBy ?? 0;
  if (number !== 0 && loadTxnSlotNumber(parts.txns.i32, slotOf(parts.txns, number)) === number) return false;
  if (withdrawTable(parts.directory, stored.id)) freeDropped(parts, stored);
  return true;
}

/** Freeing has a session of its own: it may run as a slice of a statement, in the midst of a transaction. */
const sessions = new WeakMap<Kernel, number>();

function sessionOf(kernel: Kernel): number {
  let session = sessions.get(kernel);
  if (session === undefined) {
    session = kernel.openSession();
    sessions.set(kernel, session);
  }
  return session;
}

/** False: somebody may still see it, or the drop is not committed, or another thread is at it. */
function freeStored(kernel: Kernel, stored: StoredTable, isAlone: boolean): boolean {
  const { parts } = kernel;
  const tx = kernel.begin({ session: sessionOf(kernel), durability: DURABLE_OFF });
  try {
    beginStatement(tx, STATEMENT_SIMPLE, true);
    const freed = removeRow(kernel, tx, stored, isAlone);
    endStatement(tx);
    if (freed) {
      holdRetired(parts.space);
      giveBack(parts, stored, isAlone);
      kernel.commit(tx);
      letRetiredGo(parts.space);
      withdrawTable(parts.directory, stored.id);
    }
    return freed;
  } catch (error) {
    if (isAlone && hasCode(error, SQLSTATE.disk_full) && isUntouched(parts, stored)) return false;
    throw error;
  } finally {
    forgetHeld(parts.space);
    if (tx.open && !isPoisoned(parts.shm)) kernel.rollback(tx);
  }
}

/** At open what cannot be read stays allocated, as nobody's: it is garbage, and everything else is to be reached. */
function giveBack(parts: Kernel['parts'], stored: StoredTable, isAlone: boolean): void {
  try {
    freeDropped(parts, stored);
  } catch (error) {
    if (!isAlone || !hasCode(error, SQLSTATE.data_corrupted)) throw error;
    const reason = (error as SqlError).message;
    process.emitWarning(`pages of a dropped table are not used again: ${reason}`, { type: 'ScratchBirdWarning' });
  }
}

const hasCode = (error: unknown, code: string): boolean => error instanceof SqlError && error.code === code;

/** Removes the row of a dropped table that nobody sees any more. */
function removeRow(kernel: Kernel, tx: Transaction, stored: StoredTable, isAlone: boolean): boolean {
  const { txns, locks } = kernel.parts;
  const tables = kernel.tables.byId(SYS_TABLES_ID);
  if (useTable(locks, tx, SYS_TABLES_ID, TABLE_WRITE)) return false;
  if (!tables.find(tx, 'sys.tables_name', [droppedName(stored.id)], tables.newRow())) return false;
  const stamp = tx.times[SEEN_STAMP];
  if (stamp < 0 || (!isAlone && stamp > loadTxnSharedBound(txns.i32, txns.shared))) return false;
  return tables.remove(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]) === ROW_DONE;
}
