/**
 * What transactions do besides changing rows, and how it is taken back: overflow chains they wrote, tables and indexes they
 * made. At run time through an undo entry of kind UNDO_OTHER, in recovery through the record itself.
 *
 *   undo entry   spare = OTHER_OVERFLOW   page = first page of the chain
 *                spare = OTHER_PAGES      page = map root (0: an index only), back = a block of roots in the heap segment
 *                spare = OTHER_FORM       back = a block with the table's former form as JSON: the directory gets it back
 *                spare = OTHER_NAMED      table = an id that was published: the directory forgets it
 *                spare = OTHER_CATALOG    page = how much the transaction had changed of the catalog before
 *   record       RECORD.catalog           aux32 = map root, payload: count, then the index roots
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { assert } from '../../shm/assert.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { type Log, PREVIOUS, START } from '../storage/log/log-context.ts';
import { LOG_RECORD_BYTES, logRecordAux32, logRecordTable, setLogRecordAux32 } from '../storage/log/log-record.layout.gen.ts';
import {
  RECORD,
  RECORD_COMPENSATION,
  RECORD_GROUP_END,
  RECORD_NO_PAGE,
  registerRecord,
  type UndoContext,
} from '../storage/log/records.ts';
import { freeOverflow, type OverflowOwner, type OverflowStore, writeOverflow } from '../storage/overflow/overflow.ts';
import type { OverflowReference } from '../storage/rows/row-value.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { becomeWriter } from '../txn/begin.ts';
import type { Transaction, Transactions } from '../txn/transactions.ts';
import {
  loadTxnSlotNumber,
  setTxnSlotLastLsn,
  setTxnSlotUndoCredit,
  txnSlotLastLsn,
  txnSlotUndoCredit,
  undoEntryBack,
  undoEntryBefore,
  undoEntryPage,
  undoEntrySpare,
  undoEntryTable,
} from '../txn/txn.layout.gen.ts';
import { UNDO_OTHER } from '../txn/txn.layout.ts';
import { addUndo, reserveUndo } from '../txn/undo.ts';
import { moveCatalog } from './catalog-words.ts';
import { forgetHeld, holdRetired, letRetiredGo } from '../storage/space/retired.ts';
import { findTable, publishTable, type TableDirectory, withdrawTable } from './table-directory.ts';
import type { StoredTable } from './table-definition.ts';
import { freeTablePages, type PageParts } from './table-pages.ts';

const OTHER_OVERFLOW = 1;
const OTHER_PAGES = 2;
const OTHER_FORM = 3;
const OTHER_NAMED = 4;
const OTHER_CATALOG = 5;

/** Writes a value of a row to an overflow chain that the transaction owns. No latch, no hold. 53100. */
export function writeValue(tx: Transaction, store: OverflowStore, table: TableRuntime, value: Uint8Array): OverflowReference {
  if (tx.number === 0) becomeWriter(tx);
  const txns = tx.context;
  reserveUndo(tx);
  const owner = ownerOf(txns, tx.slot);
  const reference = writeOverflow(store, table, owner, value);
  // The entry's `before` is what stood there before the chain: what is to be undone after it.
  addUndo(tx, UNDO_OTHER, 0, table.id, reference.page | 0, 0, 0, OTHER_OVERFLOW);
  settleOwner(txns, tx.slot, owner);
  return reference;
}

function ownerOf(txns: Transactions, slot: number): OverflowOwner {
  return {
    transaction: loadTxnSlotNumber(txns.i32, slot) >>> 0,
    previous: txnSlotLastLsn(txns.f64, slot),
    claimed: txnSlotUndoCredit(txns.f64, slot),
  };
}

function settleOwner(txns: Transactions, slot: number, owner: OverflowOwner): void {
  setTxnSlotLastLsn(txns.f64, slot, owner.previous);
  setTxnSlotUndoCredit(txns.f64, slot, owner.claimed);
}

const recordBytes = (roots: number): number => (LOG_RECORD_BYTES + 4 + roots * 4 + 7) & ~7;

/**
 * The transaction has made a table (or, with map root 0, an index of one) with these roots: rollback, also after a crash, gives
 * their pages back. Called right after they were made. No latch, no hold.
 */
export function notePages(tx: Transaction, table: number, mapRoot: number, roots: readonly number[], logged: boolean): void {
  if (tx.number === 0) becomeWriter(tx);
  const txns = tx.context;
  const { shm, log } = txns;
  reserveUndo(tx);
  const block = heapAllocate(shm, 4 + roots.length * 4);
  if (block === 0) throw outOfMemory('the roots of a new table', 4 + roots.length * 4);
  shm.heap.i32[block >>> 2] = roots.length;
  for (const [index, root] of roots.entries()) shm.heap.i32[(block >>> 2) + 1 + index] = root;
  addUndo(tx, UNDO_OTHER, 0, table, mapRoot, 0, block, OTHER_PAGES);
  if (!logged) return;
  const bytes = recordBytes(roots.length);
  takeCredit(log, bytes);
  const at = reserve(log, bytes);
  log.scratch[PREVIOUS] = txnSlotLastLsn(txns.f64, tx.slot);
  startRecord(log, at, bytes, RECORD.catalog, RECORD_GROUP_END, tx.number >>> 0, table, RECORD_NO_PAGE, 0);
  setLogRecordAux32(log.u32, at, mapRoot);
  log.i32[(at + LOG_RECORD_BYTES) >>> 2] = roots.length;
  for (let index = 0; index < roots.length; index++) log.i32[((at + LOG_RECORD_BYTES) >>> 2) + 1 + index] = roots[index];
  publish(log, at, bytes);
  setTxnSlotLastLsn(txns.f64, tx.slot, log.scratch[START]);
}

/** The transaction changes what the directory says of a table: `stored` is the form to go back to. No latch, no hold. */
export function noteForm(tx: Transaction, directory: TableDirectory, stored: StoredTable): void {
  if (tx.number === 0) becomeWriter(tx);
  const { shm } = tx.context;
  assert(directory.shm === shm, 'the directory is of the same memory');
  const text = Buffer.from(JSON.stringify(stored), 'utf8');
  reserveUndo(tx);
  const block = heapAllocate(shm, 4 + text.length);
  if (block === 0) throw outOfMemory('the former form of a table', 4 + text.length);
  shm.heap.u32[block >>> 2] = text.length;
  text.copy(shm.heap.bytesView, block + 4);
  addUndo(tx, UNDO_OTHER, 0, stored.id, 0, 0, block, OTHER_FORM);
}

/** The transaction has published a table id that stands for pages alone: rollback withdraws it. No latch, no hold. */
export function noteNamed(tx: Transaction, table: number): void {
  noteOther(tx, table, 0, OTHER_NAMED);
}

/** The transaction is about to change the catalog for the `mark`th time: its thread is told when that is undone. No latch, no hold. */
export function noteCatalogChange(tx: Transaction, mark: number): void {
  noteOther(tx, 0, mark, OTHER_CATALOG);
}

function noteOther(tx: Transaction, table: number, page: number, spare: number): void {
  if (tx.number === 0) becomeWriter(tx);
  reserveUndo(tx);
  addUndo(tx, UNDO_OTHER, 0, table, page, 0, 0, spare);
}

function restoreForm(directory: TableDirectory, block: number): void {
  const { shm } = directory;
  const length = shm.heap.u32[block >>> 2];
  publishTable(directory, JSON.parse(shm.heap.bytesView.toString('utf8', block + 4, block + 4 + length)) as StoredTable);
  heapFree(shm, block, 4 + length);
  moveCatalog(shm);
}

/** Takes back an entry of kind UNDO_OTHER: TxnHooks.undoOther. */
export function undoOther(
  store: OverflowStore,
  directory: TableDirectory,
  txns: Transactions,
  slot: number,
  entry: number,
  catalogUndone: (mark: number) => void,
): void {
  const { i32, u32 } = txns.heap;
  const page = undoEntryPage(i32, entry);
  const table = undoEntryTable(u32, entry);
  if (undoEntrySpare(i32, entry) === OTHER_NAMED) {
    withdrawTable(directory, table);
    return;
  }
  if (undoEntrySpare(i32, entry) === OTHER_CATALOG) {
    catalogUndone(page);
    return;
  }
  if (undoEntrySpare(i32, entry) === OTHER_OVERFLOW) {
    const runtime = txns.findTable(table);
    const owner = ownerOf(txns, slot);
    const { logged, temporary } = runtime ?? { logged: true, temporary: false };
    freeOverflow(store, { id: table, logged, temporary }, page, owner);
    settleOwner(txns, slot, owner);
    return;
  }
  const block = undoEntryBack(i32, entry);
  if (undoEntrySpare(i32, entry) === OTHER_FORM) {
    restoreForm(directory, block);
    return;
  }
  const count = i32[block >>> 2];
  const roots = [...i32.subarray((block >>> 2) + 1, (block >>> 2) + 1 + count)];
  const temporary = page < 0 || (roots.length > 0 && roots[0] < 0);
  holdRetired(store.space);
  try {
    freeTablePages(store, page, roots, 0);
    if (!temporary) {
      compensate(txns.log, loadTxnSlotNumber(txns.i32, slot) >>> 0, table, undoEntryBefore(txns.heap.f64, entry));
      setTxnSlotLastLsn(txns.f64, slot, txns.log.scratch[START]);
    }
    letRetiredGo(store.space);
  } finally {
    forgetHeld(store.space);
  }
  if (page !== 0 && findTable(directory, table) !== undefined) withdrawTable(directory, table);
  heapFree(txns.shm, block, 4 + count * 4);
}

/** Writes the compensation record: `next`, what came before, is to be undone next (SM-W7). Its start is in log.scratch. */
function compensate(log: Log, transaction: number, table: number, next: number): void {
  takeCredit(log, LOG_RECORD_BYTES);
  const at = reserve(log, LOG_RECORD_BYTES);
  log.scratch[PREVIOUS] = next;
  const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
  startRecord(log, at, LOG_RECORD_BYTES, RECORD.catalog, flags, transaction, table, RECORD_NO_PAGE, 0);
  publish(log, at, LOG_RECORD_BYTES);
}

/** What recovery does with the record of a transaction that did not end. */
export function registerCatalogRecords(partsOf: (engine: unknown) => PageParts & { txns: Transactions }): void {
  registerRecord(RECORD.catalog, {
    name: 'table made',
    undo: (context) => undoCatalog(context, partsOf(context.engine)),
    print: (views, record) => `table ${logRecordTable(views.u32, record)}, map root ${logRecordAux32(views.u32, record)}`,
  });
}

function undoCatalog(context: UndoContext, parts: PageParts & { txns: Transactions }): void {
  const { views, record, transaction } = context;
  const mapRoot = logRecordAux32(views.u32, record) | 0;
  const table = logRecordTable(views.u32, record);
  const first = (record + LOG_RECORD_BYTES) >>> 2;
  const roots = [...views.i32.subarray(first + 1, first + 1 + views.i32[first])];
  const next = context.lsn[2];
  freeTablePages(parts, mapRoot, roots, 0);
  compensate(parts.txns.log, transaction, table, next);
}
