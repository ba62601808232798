/** What the log knows of overflow chains: redo, undo and printing of their records. */

import {
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordPage,
  logRecordTable,
} from '../log/log-record.layout.gen.ts';
import { RECORD, registerRecord, type UndoContext } from '../log/records.ts';
import { type OverflowOwner, type OverflowStore, takeBackOverflowPage } from './overflow.ts';
import { redoOverflowWrite } from './overflow-page.ts';

/** Registers the record types. `storeOf` finds the thread's store in what open() gave to recovery as `engine`. */
export function registerOverflowRecords(storeOf: (engine: unknown) => OverflowStore): void {
  registerRecord(RECORD.overflowWrite, {
    name: 'overflow write',
    redo: redoOverflowWrite,
    undo: (context) => undoOverflowWrite(context, storeOf(context.engine)),
    formats: true,
    print: (views, record) =>
      `${logRecordAux16(views.u16, record)} bytes of ${logRecordAux32(views.u32, record)}, next page ${logRecordAux32Second(views.u32, record) | 0}`,
  });
  registerRecord(RECORD.overflowFree, {
    name: 'overflow take back',
    print: (views, record) => `page ${logRecordAux32(views.u32, record)}`,
  });
}

/** A transaction that did not end wrote a page: nobody else can know it, so it goes back. */
function undoOverflowWrite(context: UndoContext, store: OverflowStore): void {
  const { views, record } = context;
  const owner: OverflowOwner = { transaction: context.transaction, previous: 0, claimed: 0 };
  takeBackOverflowPage(store, logRecordTable(views.u32, record), logRecordPage(views.u32, record) | 0, owner, context.lsn[2]);
}
