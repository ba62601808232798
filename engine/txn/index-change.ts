/**
 * Index entries of a row that is changed: extracting its keys, the unique check, putting entries in (SM-B1, SM-B3).
 *
 * The heap row is changed first, then the indexes; so whoever finds an entry finds a row that has, or had, its key.
 *
 * Hot: an insert does this once an index. No allocation for keys of fixed width.
 */

import { limitExceeded } from '../../shm/errors.ts';
import { indexInsert, kindNumber } from '../storage/btree/insert.ts';
import { entryRecordBytes } from '../storage/btree/records.ts';
import { INDEX_DONE, INDEX_MOVED } from '../storage/btree/tree.ts';
import { indexInsertUnique } from '../storage/btree/unique.ts';
import { claimUndo, takeCredit } from '../storage/log/credit.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLayout } from '../storage/rows/row-image.ts';
import {
  KEY_BYTES_MAX,
  KEY_OK,
  KEY_OVERFLOW,
  type IndexRuntime,
  type KeyScratch,
  type TableRuntime,
} from '../storage/rows/runtime.ts';
import { ROW_DONE, type RowStatus, type Transaction, type Transactions } from './transactions.ts';
import { setTxnSlotLastLsn, setTxnSlotUndoCredit, txnSlotLastLsn, txnSlotUndoCredit } from './txn.layout.gen.ts';
import { checkUnique, witnessOf } from './unique.ts';

/** insertEntry: the entry was put in. */
export const ENTRY_NEW = 100;

/** The key of the image at `row` into `key`. Throws 54000 for a key beyond 2,000 bytes. No page may be held. */
export function extractKey(txns: Transactions, index: IndexRuntime, views: ByteViews, row: number, key: KeyScratch): void {
  if (!findKey(txns, index, views, row, key))
    throw limitExceeded('the length of an index key in bytes (or more)', KEY_BYTES_MAX + 1, KEY_BYTES_MAX);
}

/**
 * The same; false: the key is too long for an index, so there is no entry for the image. Rows are in the heap before their keys are
 * made, so whoever undoes or meets one that was refused for its key meets such an image. No page may be held.
 */
export function findKey(txns: Transactions, index: IndexRuntime, views: ByteViews, row: number, key: KeyScratch): boolean {
  let status = index.extract(views.i32, views.u16, views.u8, views.f64, row, key);
  if (status === KEY_OVERFLOW) status = index.extractWide(views, row, key, txns.readOverflow);
  return status === KEY_OK;
}

/** The same for an image of any layout. Uses txns.other for one that is not current. */
export function findCurrentKey(
  txns: Transactions,
  table: TableRuntime,
  index: IndexRuntime,
  views: ByteViews,
  row: number,
  key: KeyScratch,
): boolean {
  if (imageLayout(views.i32, row) === table.layout.number) return findKey(txns, index, views, row, key);
  table.upgrade(views, row, txns.other, 0);
  return findKey(txns, index, txns.other, 0, key);
}

/** True when a key that is already there refuses another one: not for NULLs that are distinct. */
export const refusesDuplicates = (index: IndexRuntime, key: KeyScratch): boolean =>
  index.unique && !(index.nullsDistinct && key.nulls > 0);

/**
 * Puts the entry for row (page, slot) into index `at` of the table. Its key is in `key`; a unique index was checked, with the
 * witness of position `at`. ENTRY_NEW, ROW_DONE (it was there already), or why not: ROW_WAIT, ROW_DUPLICATE.
 */
export function insertEntry(
  tx: Transaction,
  table: TableRuntime,
  at: number,
  key: KeyScratch,
  page: number,
  slot: number,
): number {
  const txns = tx.context;
  const index = table.indexes[at];
  const change = prepareChange(tx, table);
  if (table.logged) claimEntry(tx, index, key);
  if (!refusesDuplicates(index, key)) {
    const status = indexInsert(txns.tree, index, key, page, slot, change);
    noteRecord(tx);
    return status === INDEX_DONE ? ENTRY_NEW : ROW_DONE;
  }
  const witness = witnessOf(txns, at);
  for (;;) {
    const status = indexInsertUnique(txns.tree, index, key, page, slot, change, witness);
    if (status !== INDEX_MOVED) {
      noteRecord(tx);
      return status === INDEX_DONE ? ENTRY_NEW : ROW_DONE;
    }
    const verdict: RowStatus = checkUnique(tx, table, at, key, page, slot, true);
    if (verdict !== ROW_DONE) return verdict;
  }
}

/** The log's view of a change that this transaction makes to an index of the table. */
export function prepareChange(tx: Transaction, table: TableRuntime): Transactions['change'] {
  const change = tx.context.change;
  change.logged = table.logged;
  change.transaction = tx.number;
  change.table = table.id;
  change.previous = txnSlotLastLsn(tx.context.f64, tx.slot);
  change.compensation = false;
  change.lastRecord = 0;
  return change;
}

function noteRecord(tx: Transaction): void {
  const change = tx.context.change;
  if (change.lastRecord !== 0) setTxnSlotLastLsn(tx.context.f64, tx.slot, change.lastRecord);
}

/** The compensation record of an entry is as long as its record (SM-W7). */
function claimEntry(tx: Transaction, index: IndexRuntime, key: KeyScratch): void {
  const bytes = entryRecordBytes(kindNumber(index.kind), key);
  takeCredit(tx.context.log, bytes, bytes);
  claim(tx, bytes);
}

/** Moves file credit that was taken as undoBytes to the transaction. */
export function claim(tx: Transaction, bytes: number): void {
  const { log, f64 } = tx.context;
  claimUndo(log, bytes);
  setTxnSlotUndoCredit(f64, tx.slot, txnSlotUndoCredit(f64, tx.slot) + bytes);
}
