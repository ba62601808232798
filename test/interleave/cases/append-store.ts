/** What the cases about appended rows share: a table whose rows come in the order of its only key, beside the table of kernel-store.ts. */

import type { Kernel } from '../../../engine/api/kernel.ts';
import { STATEMENT_SIMPLE } from '../../../engine/api/kernel.ts';
import type { Table } from '../../../engine/api/table.ts';
import type { RowStatus, Transaction } from '../../../engine/txn/transactions.ts';
import { IDS, ownRows } from './kernel-store.ts';

const LINES = 'lines';

let made = false;

/** On the scheduler's thread: makes the table in the first run; a committed row begins this run's keys. */
export function prepareLines(first: number): void {
  const { kernel } = ownRows();
  if (!made) {
    kernel.createTable({
      name: LINES,
      columns: [
        { name: 'id', kind: 'int32', nullable: false },
        { name: 'a', kind: 'int32', nullable: false },
        { name: 'b', kind: 'int32', nullable: false },
      ],
      indexes: [{ name: 'lines_id', columns: ['id'], unique: true }],
    });
    made = true;
  }
  const tx = kernel.begin();
  appendLine(kernel, tx, first);
  kernel.commit(tx);
}

export function appendLine(kernel: Kernel, tx: Transaction, id: number): RowStatus {
  const table = kernel.table(LINES);
  const image = imageOf(table);
  return kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    table.encode(image, [id, id, id], tx);
    return table.insert(tx, image);
  });
}

const images = new WeakMap<Table, ReturnType<Table['newRow']>>();

function imageOf(table: Table): ReturnType<Table['newRow']> {
  const image = images.get(table) ?? table.newRow();
  images.set(table, image);
  return image;
}

/** Ids of the run's rows, rising: through the heap, and through the index. */
export function linesOf(kernel: Kernel, first: number): readonly [heap: number[], index: number[]] {
  const heap: number[] = [];
  const index: number[] = [];
  const tx = kernel.begin({ readOnly: true });
  const table = kernel.table(LINES);
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    table.scan(tx, ([id]) => void heap.push(id as number));
    table.range(tx, 'lines_id', [first], [first + IDS - 1], ([id]) => void index.push(id as number));
    return 1;
  });
  kernel.rollback(tx);
  return [heap.filter((id) => id >= first && id < first + IDS).sort((a, b) => a - b), index];
}
