/**
 * Keys that are looked at only when their row is in (deferrable constraints, SM-B5): the index takes every entry, and who has put one
 * in asks whether others have the key. checkUnique() decides, as for keys that are looked at before.
 */

import { collectKey } from '../storage/btree/unique.ts';
import { ROW_DELETED } from '../storage/rows/row-image.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { findCurrentKey } from './index-change.ts';
import { copyNewest } from './row-read.ts';
import { ROW_DONE, type RowStatus, type Transaction } from './transactions.ts';
import { checkUnique, witnessOf } from './unique.ts';
import { isOwn } from './visibility.ts';

const testing = TESTING;

/**
 * Whether index `at` has entries of other rows with the key of the image at `row` of `views`, whose own entry is in. A false yes costs
 * a further look; no is certain: whoever brings the key later finds this entry.
 */
export function isKeyShared(tx: Transaction, table: TableRuntime, at: number, views: ByteViews, row: number): boolean {
  const txns = tx.context;
  const index = table.indexes[at];
  if (testing) yieldPoint('lateUnique.entered');
  if (!findCurrentKey(txns, table, index, views, row, txns.key) || (index.nullsDistinct && txns.key.nulls > 0)) return false;
  const witness = witnessOf(txns, at);
  collectKey(txns.tree, index, txns.key, witness);
  return witness.rowCount > 1;
}

/** The key of a row that this transaction has put in or changed, against all others: as checkUnique(). ROW_DONE: or it is gone. */
export function checkOwnKey(tx: Transaction, table: TableRuntime, at: number, page: number, slot: number): RowStatus {
  const txns = tx.context;
  const index = table.indexes[at];
  const { image } = txns;
  if (!copyNewest(txns, page, slot, image, 0)) return ROW_DONE;
  if (!isOwn(tx, image, 0) || (image.i32[3] & ROW_DELETED) !== 0) return ROW_DONE;
  if (!findCurrentKey(txns, table, index, image, 0, txns.key) || (index.nullsDistinct && txns.key.nulls > 0)) return ROW_DONE;
  return checkUnique(tx, table, at, txns.key, page, slot);
}
