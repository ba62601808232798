/** What tests of the kernel's tables share. */

import { ROW_DONE } from '../txn/transactions.ts';
import { type Kernel, STATEMENT_SIMPLE } from './kernel.ts';
import type { Table } from './table.ts';

/** Rows that a new transaction sees. */
export function rowCount(kernel: Kernel, table: Table): number {
  const tx = kernel.begin();
  let rows = 0;
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    rows = 0;
    table.scan(tx, () => rows++);
    return ROW_DONE;
  });
  kernel.rollback(tx);
  return rows;
}
