/**
 * What log records of heap rows mean: redo of each, and how recovery takes back those of transactions that did not end (SM-W7,
 * SM-W9), through latches and compensation records as at run time.
 *
 * A record names the page its row lay on; a change also the row's home (aux32, aux32Second), from which the row is found where
 * it lies now. A row that does not carry the transaction's stamp has been given up already: nothing is left to undo.
 *
 * Until this is done no page hook may have resolved stamps: those of losers are what is looked for here.
 */

import { assert } from '../../shm/assert.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { unlatchFrameUnchanged } from '../../shm/frame-latch.ts';
import { appendKind, itemOffsets, NO_INDEX, readItemKey, registerAppendRecord } from '../storage/append-record.ts';
import { indexRemove } from '../storage/btree/remove.ts';
import type { IndexChange } from '../storage/btree/tree.ts';
import { kindOf } from '../storage/btree/undo.ts';
import { latchPage, pageChanged, unlatchPage } from '../storage/cache/page-cache.ts';
import { heapFreeSlot, heapImageOffset } from '../storage/heap/heap-page.ts';
import { imageBeforeChange, recordHomeSlot } from '../storage/heap/heap-change.ts';
import {
  HEAP_FREE_SLOT_BYTES,
  heapInsertBytes,
  heapReplace,
  logHeapInsert,
  recordBeforeImage,
} from '../storage/heap/heap-records.ts';
import { registerHeapRecords } from '../storage/heap/heap-register.ts';
import { takeCredit } from '../storage/log/credit.ts';
import { PREVIOUS } from '../storage/log/log-context.ts';
import {
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordPage,
  logRecordSlot,
  logRecordTable,
  setLogRecordAux16,
  logRecordType,
} from '../storage/log/log-record.layout.gen.ts';
import { publish, reserve, startRecord } from '../storage/log/log.ts';
import {
  type PageViews,
  RECORD,
  RECORD_COMPENSATION,
  RECORD_GROUP_END,
  type RecordViews,
  registerRecord,
  type UndoContext,
} from '../storage/log/records.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLength, ROW_FORWARD, stubBodyPage, stubBodySlot } from '../storage/rows/row-image.ts';
import { isBodyOf, latchRow, NO_ROW, PLACE_AT, PLACE_PAGE, PLACE_ROW, PLACE_SLOT } from './row-place.ts';
import { stampNumber } from './stamps.ts';
import type { Transactions } from './transactions.ts';
import { freeSlotsOf } from './undo-change.ts';

/** Registers the records of rows, once a thread. `txnsOf` finds the thread's context in what recovery was given. */
export function registerRowRecords(txnsOf: (engine: unknown) => Transactions): void {
  const undoOne = (context: UndoContext): void => {
    undoInsert(txnsOf(context.engine), context, logRecordSlot(context.views.u16, context.record), true);
  };
  const undoMany = (context: UndoContext): void => {
    const first = logRecordSlot(context.views.u16, context.record);
    for (let row = logRecordAux16(context.views.u16, context.record) - 1; row >= 0; row--) {
      undoInsert(txnsOf(context.engine), context, first + row, row === 0);
    }
  };
  const undoImage = (context: UndoContext): void => undoChange(txnsOf(context.engine), context);
  registerAppendRecord((context) => undoAppend(txnsOf(context.engine), context));
  registerHeapRecords({ insert: undoOne, insertMany: undoMany, update: undoImage, change: undoImage, delete: undoImage });
  registerRecord(RECORD.heapUndo, { name: 'heap undo of inserts', redo: redoHeapUndo });
}

/** heapUndo: slot = first, aux16 = count; those that are free already are passed over. */
function redoHeapUndo(views: RecordViews, record: number, page: PageViews, pageOffset: number): void {
  freeSlotsOf(page as ByteViews, pageOffset, logRecordSlot(views.u16, record), logRecordAux16(views.u16, record));
}

const isOf = (v: ByteViews, row: number, transaction: number): boolean =>
  v.f64[row >> 3] < 0 && stampNumber(v.f64[row >> 3]) === transaction >>> 0;

/** Puts the image before an update or a delete back. */
function undoChange(txns: Transactions, context: UndoContext): void {
  const { views, record } = context;
  const change = logRecordType(views.u8, record) === RECORD.heapChange;
  const homePage = logRecordAux32(views.u32, record) | 0;
  const homeSlot = change ? recordHomeSlot(views as ByteViews, record) : logRecordAux32Second(views.u32, record);
  const length = change
    ? placedLength(txns, homePage, homeSlot)
    : imageLength(views.i32, recordBeforeImage(views as ByteViews, record));
  takeCredit(txns.log, heapInsertBytes(length));
  const frame = latchRow(txns, homePage, homeSlot);
  if (frame === NO_ROW) return;
  const v = frameSegment(txns.shm, frame);
  const row = txns.ints[PLACE_ROW];
  if (!isOf(v, row, context.transaction)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  if (change) {
    imageBeforeChange(views as ByteViews, record, v, row, txns.image);
    putBack(txns, context, frame, v, txns.image, 0);
  } else putBack(txns, context, frame, v, views as ByteViews, recordBeforeImage(views as ByteViews, record));
}

/** Length of the row's newest image, which nobody else changes now; 0: there is no row. */
function placedLength(txns: Transactions, homePage: number, homeSlot: number): number {
  const frame = latchRow(txns, homePage, homeSlot);
  if (frame === NO_ROW) return 0;
  const length = imageLength(frameSegment(txns.shm, frame).i32, txns.ints[PLACE_ROW]);
  unlatchFrameUnchanged(txns.shm, frame);
  return length;
}

/** Under the latch of the row at PLACE_*: the image at `before` of `from` is the row again, with its compensation record; unlatches. */
function putBack(txns: Transactions, context: UndoContext, frame: number, v: ByteViews, from: ByteViews, before: number): void {
  const { log, ints } = txns;
  const place = ints[PLACE_SLOT];
  const fits = heapReplace(v, ints[PLACE_AT], place, from.i32, before);
  assert(fits, 'a slot keeps its capacity until the change is stamped');
  const bytes = heapInsertBytes(imageLength(from.i32, before));
  const to = reserve(log, bytes);
  log.scratch[PREVIOUS] = context.lsn[2];
  const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
  const table = logRecordTable(context.views.u32, context.record);
  startRecord(log, to, bytes, RECORD.heapRestore, flags, context.transaction >>> 0, table, ints[PLACE_PAGE], place);
  logHeapInsert(log as unknown as ByteViews, to, from.i32, before);
  publish(log, to, bytes);
  pageChanged(txns.cache, frame, log.scratch);
  unlatchPage(txns.cache, frame);
}

/** Frees the slot of an insert, and its body if it has moved. `last`: nothing of the record is left then. */
function undoInsert(txns: Transactions, context: UndoContext, slot: number, last: boolean): void {
  const { views, record } = context;
  const page = logRecordPage(views.u32, record) | 0;
  const table = logRecordTable(views.u32, record);
  freeBody(txns, context, table, page, slot);
  takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  if (!isMine(v, at, slot, context.transaction)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  heapFreeSlot(v, at, slot);
  logFree(txns, context, table, page, slot, last ? context.lsn[2] : context.lsn[0]);
  pageChanged(txns.cache, frame, txns.log.scratch);
  unlatchPage(txns.cache, frame);
}

/**
 * Takes back the rows of an append record: their entries, last first, then their slots with one compensation record. Before that
 * one the rows are still the transaction's: after a crash all of this is done again, and finds what is gone.
 */
function undoAppend(txns: Transactions, context: UndoContext): void {
  const { views, record } = context;
  const table = logRecordTable(views.u32, record);
  const page = logRecordPage(views.u32, record) | 0;
  const first = logRecordSlot(views.u16, record);
  const kind = appendKind(views, record);
  const items = itemOffsets(views, record);
  const rows = context.rows === 0 ? items.length : context.rows;
  const root = logRecordAux32Second(views.u32, record) | 0;
  const index = { root, kind: kindOf(kind) };
  const { transaction } = context;
  const again = context.lsn[3];
  const change: IndexChange = { logged: true, transaction, table, previous: again, compensation: true, lastRecord: 0 };
  for (let row = rows - 1; row >= 0 && kind !== NO_INDEX; row--) {
    readItemKey(views, items[row], kind, txns.key);
    indexRemove(txns.tree, index, txns.key, page, first + row, change, null);
  }
  for (let row = rows - 1; row >= 0; row--) freeBody(txns, context, table, page, first + row);
  takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  const frame = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  for (let slot = first + rows - 1; slot >= first; slot--) if (isMine(v, at, slot, transaction)) heapFreeSlot(v, at, slot);
  logFree(txns, context, table, page, first, context.lsn[2], RECORD.heapUndo, rows);
  pageChanged(txns.cache, frame, txns.log.scratch);
  unlatchPage(txns.cache, frame);
}

/** The slot's row is the transaction's, or the stub of one that has moved. */
function isMine(v: ByteViews, at: number, slot: number, transaction: number): boolean {
  const row = heapImageOffset(v, at, slot);
  return row >= 0 && ((v.i32[(row + 12) >> 2] & ROW_FORWARD) !== 0 || isOf(v, row, transaction));
}

function freeBody(txns: Transactions, context: UndoContext, table: number, page: number, slot: number): void {
  const home = latchPage(txns.cache, page);
  const v = frameSegment(txns.shm, home);
  const stub = heapImageOffset(v, frameOffset(txns.shm, home), slot);
  const forwarded = stub >= 0 && (v.i32[(stub + 12) >> 2] & ROW_FORWARD) !== 0;
  const bodyPage = forwarded ? stubBodyPage(v.i32, stub) : 0;
  const bodySlot = forwarded ? stubBodySlot(v.i32, stub) : 0;
  unlatchFrameUnchanged(txns.shm, home);
  if (!forwarded) return;
  takeCredit(txns.log, HEAP_FREE_SLOT_BYTES);
  const frame = latchPage(txns.cache, bodyPage);
  const b = frameSegment(txns.shm, frame);
  const at = frameOffset(txns.shm, frame);
  const row = heapImageOffset(b, at, bodySlot);
  if (row < 0 || !isBodyOf(b, row, page, slot) || !isOf(b, row, context.transaction)) {
    unlatchFrameUnchanged(txns.shm, frame);
    return;
  }
  heapFreeSlot(b, at, bodySlot);
  // A crash here leaves the stub without its body: this record is undone again, and finds that.
  logFree(txns, context, table, bodyPage, bodySlot, context.lsn[3]);
  pageChanged(txns.cache, frame, txns.log.scratch);
  unlatchPage(txns.cache, frame);
}

function logFree(
  txns: Transactions,
  context: UndoContext,
  table: number,
  page: number,
  slot: number,
  previous: number,
  type: number = RECORD.heapFreeSlot,
  count = 0,
): void {
  const { log } = txns;
  const record = reserve(log, HEAP_FREE_SLOT_BYTES);
  log.scratch[PREVIOUS] = previous;
  const flags = RECORD_COMPENSATION | RECORD_GROUP_END;
  startRecord(log, record, HEAP_FREE_SLOT_BYTES, type, flags, context.transaction >>> 0, table, page, slot);
  if (count !== 0) setLogRecordAux16(log.u16, record, count);
  publish(log, record, HEAP_FREE_SLOT_BYTES);
}
