/**
 * What this thread's open transactions have changed, until they commit: statistics see what is committed, and a count that ran ahead
 * of it would be taken as looked at.
 *
 *   statement --rows--> changedRows() --commit--> engine/jobs/table-changes.ts, for all threads;  rollback: nothing
 */

import { noteChanges, type TableChanges } from '../jobs/table-changes.ts';
import { COMMIT_STAMP, type Transaction, type Transactions } from '../txn/transactions.ts';

export interface ChangedRows {
  /** Table (its kernel's number) and rows of each transaction that has told of some. */
  readonly open: Map<Transaction, Map<number, number>>;
  /** Is called when a commit has told of some. */
  told: (() => void) | null;
}

/** Once a thread, after createCatalogWords(). */
export function createChangedRows({ hooks }: Transactions, changes: TableChanges): ChangedRows {
  const rows: ChangedRows = { open: new Map(), told: null };
  const { ended } = hooks;
  hooks.ended = (tx) => {
    ended?.(tx);
    if (rows.open.size > 0) tell(rows, changes, tx);
  };
  return rows;
}

/** The transaction has changed so many rows of a table. */
export function changedRows({ open }: ChangedRows, tx: Transaction, table: number, rows: number): void {
  let tables = open.get(tx);
  if (tables === undefined) {
    tables = new Map();
    open.set(tx, tables);
  }
  tables.set(table, (tables.get(table) ?? 0) + rows);
}

/** What the transaction has changed of a table so far does not count: it was seen. */
export function forgetChanged({ open }: ChangedRows, tx: Transaction, table: number): void {
  open.get(tx)?.delete(table);
}

function tell({ open, told }: ChangedRows, changes: TableChanges, tx: Transaction): void {
  const tables = open.get(tx);
  if (tables === undefined) return;
  open.delete(tx);
  if (tx.times[COMMIT_STAMP] === 0) return;
  for (const [table, rows] of tables) noteChanges(changes, table, rows);
  told?.();
}
