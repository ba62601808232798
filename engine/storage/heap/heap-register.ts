/**
 * What the log knows of heap pages: redo and printing of their records. Undo belongs to txn: it finds where the row is now
 * and writes the compensation record; undoHeapRecord() does the page.
 */

import {
  LOG_RECORD_BYTES,
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordExtra,
  logRecordSlot,
} from '../log/log-record.layout.gen.ts';
import { RECORD, type RecordViews, registerRecord, type UndoContext } from '../log/records.ts';
import { imageLength } from '../rows/row-image.ts';
import { recordHomeSlot, redoHeapChange } from './heap-change.ts';
import {
  recordAfterImage,
  recordBeforeImage,
  redoHeapBody,
  redoHeapDelete,
  redoHeapForward,
  redoHeapFreeSlot,
  redoHeapInsert,
  redoHeapInsertMany,
  redoHeapRestore,
  redoHeapTrim,
  redoHeapUpdate,
} from './heap-records.ts';

/** Undo of the row changes, as UndoContext describes it. */
export interface HeapUndo {
  readonly insert: (context: UndoContext) => void;
  readonly insertMany: (context: UndoContext) => void;
  readonly update: (context: UndoContext) => void;
  readonly change: (context: UndoContext) => void;
  readonly delete: (context: UndoContext) => void;
}

/** Registers the record types of heap pages, once for each thread. */
export function registerHeapRecords(undo: HeapUndo): void {
  const slot = (views: RecordViews, record: number): string => `slot ${logRecordSlot(views.u16, record)}`;
  const home = (views: RecordViews, record: number): string =>
    `row ${logRecordAux32(views.u32, record)}:${logRecordAux32Second(views.u32, record)}`;
  const count = (views: RecordViews, record: number): number => logRecordAux16(views.u16, record);
  const after = (views: RecordViews, record: number): number => imageLength(views.i32, recordAfterImage(views, record));
  const before = (views: RecordViews, record: number): number => imageLength(views.i32, recordBeforeImage(views, record));
  registerRecord(RECORD.heapInsert, {
    name: 'heap insert',
    redo: redoHeapInsert,
    undo: undo.insert,
    print: (views, record) => `${slot(views, record)}, ${after(views, record)} bytes`,
  });
  registerRecord(RECORD.heapInsertMany, {
    name: 'heap insert of several',
    redo: redoHeapInsertMany,
    undo: undo.insertMany,
    print: (views, record) => `${count(views, record)} rows from ${slot(views, record)} on`,
  });
  registerRecord(RECORD.heapUpdate, {
    name: 'heap update',
    redo: redoHeapUpdate,
    undo: undo.update,
    print: (views, record) => `${home(views, record)}, ${before(views, record)} bytes become ${after(views, record)}`,
  });
  registerRecord(RECORD.heapChange, {
    name: 'heap change',
    redo: redoHeapChange,
    undo: undo.change,
    print: (views, record) =>
      `row ${logRecordAux32(views.u32, record)}:${recordHomeSlot(views, record)}, ${count(views, record)} words at ${logRecordExtra(views.u16, record) * 4}`,
  });
  registerRecord(RECORD.heapDelete, {
    name: 'heap delete',
    redo: redoHeapDelete,
    undo: undo.delete,
    print: (views, record) => `${home(views, record)}, ${before(views, record)} bytes`,
  });
  registerRecord(RECORD.heapFreeSlot, { name: 'heap free slot', redo: redoHeapFreeSlot, print: slot });
  registerRecord(RECORD.heapForward, {
    name: 'heap forward',
    redo: redoHeapForward,
    print: (views, record) => {
      const payload = (record + LOG_RECORD_BYTES) >> 2;
      return `${slot(views, record)} to page ${views.i32[payload] >>> 0} slot ${views.i32[payload + 1]}`;
    },
  });
  registerRecord(RECORD.heapBody, {
    name: 'heap body',
    redo: redoHeapBody,
    print: (views, record) => `${slot(views, record)}, capacity ${count(views, record)}`,
  });
  registerRecord(RECORD.heapTrim, {
    name: 'heap trim',
    redo: redoHeapTrim,
    print: (views, record) => `${count(views, record)} slots`,
  });
  registerRecord(RECORD.heapRestore, { name: 'heap restore', redo: redoHeapRestore, print: slot });
}
