/**
 * Keys of deferrable constraints. Their indexes take any entry; when a row has got its key, others that have it too are looked
 * for, and the row is noted where there are entries of any. Behind the statement, or at the commit, what was noted is looked at
 * again:
 *
 *   row of this transaction with the key     another row that has it, or may get it back     23505, or wait (unique.ts)
 *   gone since, or has another key           nothing: what became of it was noted by itself
 *
 * Of two transactions that bring one key each puts its entry in before it looks, so one of them at least notes its row, and waits
 * for the other before it commits (SM-B5).
 */

import type { CatalogIndex, CatalogTable } from '../../engine/catalog/objects.ts';
import type { CompileEnvironment, ReferenceEvent } from '../../engine/plan/program.ts';
import { privateViews, type ByteViews } from '../../engine/storage/rows/byte-views.ts';
import { imageLayout, ROW_SCRATCH_BYTES, rowIdPage, rowIdSlot } from '../../engine/storage/rows/row-image.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { copyNewest } from '../../engine/txn/row-read.ts';
import { ROW_DUPLICATE, type RowStatus, type Transaction } from '../../engine/txn/transactions.ts';
import { checkOwnKey, isKeyShared } from '../../engine/txn/late-unique.ts';
import { arrayDecoder } from '../rows/decoder.ts';
import { duplicateError } from './change-errors.ts';
import type { State } from './state.ts';

export interface LateKey {
  /** Its index, by its place among the kernel's. */
  readonly position: number;
  readonly constraint: string;
}

/** The deferrable keys that a change touches. `changed`: attributes that an update sets; null: rows come. */
export const lateKeysOf = ({ indexes }: CatalogTable, changed: readonly number[] | null): LateKey[] =>
  indexes
    .filter(({ deferrable }) => deferrable !== undefined)
    .filter(({ keys }) => changed === null || keys.some(({ attribute }) => changed.includes(attribute)))
    .map(({ kernelIndex, constraint, name }) => ({ position: kernelIndex, constraint: constraint ?? name }));

/** Row (page, slot) has the image at `row` of `views` now: notes those of its keys that others may have. */
export function noteShared(
  c: State,
  keys: readonly LateKey[],
  table: number,
  runtime: TableRuntime,
  views: ByteViews,
  row: number,
  rowId: number,
): void {
  for (const { position, constraint } of keys) {
    if (!isKeyShared(c.tx, runtime, position, views, row)) continue;
    c.run.references ??= [];
    c.run.references.push({ kind: 'unique', table, constraint, row: rowId, values: [], next: null });
  }
}

/** Looks at a key that was noted: ROW_DONE, or ROW_WAIT, ROW_RERUN. 23505 */
export function checkLateKey(
  environment: CompileEnvironment,
  tx: Transaction,
  table: CatalogTable,
  event: ReferenceEvent,
): RowStatus {
  const index = table.indexes.find(({ constraint }) => constraint === event.constraint) as CatalogIndex;
  const runtime = environment.runtime(table);
  const rowId = event.row as number;
  const status = checkOwnKey(tx, runtime, index.kernelIndex, rowIdPage(rowId), rowIdSlot(rowId));
  if (status !== ROW_DUPLICATE) return status;
  const image = privateViews(ROW_SCRATCH_BYTES);
  const current = privateViews(ROW_SCRATCH_BYTES);
  copyNewest(tx.context, rowIdPage(rowId), rowIdSlot(rowId), image, 0);
  const isCurrent = imageLayout(image.i32, 0) === runtime.layout.number;
  if (!isCurrent) runtime.upgrade(image, 0, current, 0);
  const { i32, u16, u8, f64, bytesView } = isCurrent ? image : current;
  const row = arrayDecoder(runtime.layout)(i32, u16, u8, f64, bytesView, 0, environment.kernel.overflowFetch());
  throw duplicateError(table, index, row);
}
