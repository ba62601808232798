/**
 * The log inspector: prints the log as recovery reads it, one line a record.
 *
 *   1064  heap insert            88 B  transaction 7  table 5  page 9 slot 1  previous 976  ...payload
 *
 * It stops where recovery would stop, and says why; damage is shown as an error line, not thrown.
 */

import { SqlError } from '../../../shm/errors.ts';
import {
  logRecordFlags,
  logRecordPage,
  logRecordPrevious,
  logRecordSlot,
  logRecordTable,
  logRecordTransaction,
  logRecordType,
} from '../log/log-record.layout.gen.ts';
import {
  RECORD_COMPENSATION,
  RECORD_GROUP,
  RECORD_GROUP_END,
  RECORD_NO_PAGE,
  type RecordViews,
  recordKind,
} from '../log/records.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { closeLogReader, type LogKnown, type LogPlace, openLogReader } from './log-reader.ts';
import { nextRecord, readRecords } from './record-reader.ts';

/** Gives one line a record to `print`, from `known.lsn` to the log's end, and a last one that says why it ends there. */
export function inspectLog(vfs: Vfs, place: LogPlace, known: LogKnown, print: (line: string) => void): void {
  try {
    const reader = openLogReader(vfs, place, known);
    const records = readRecords(reader);
    try {
      while (nextRecord(records)) print(describeRecord(records.views, records.at, records.lsn[0], records.length));
      print(`${records.lsn[1]}  end of the log in segment ${reader.segment} at byte ${reader.offset}: ${reader.ended}`);
    } finally {
      closeLogReader(reader);
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    print(`error ${error.code}: ${error.message}`);
  }
}

/** One record in a line. */
export function describeRecord(views: RecordViews, at: number, lsn: number, length: number): string {
  const type = logRecordType(views.u8, at);
  const kind = recordKind(type);
  const parts = [String(lsn).padStart(12), (kind?.name ?? `type ${type}`).padEnd(20), `${length} B`.padStart(8)];
  const transaction = logRecordTransaction(views.u32, at);
  if (transaction !== 0) parts.push(`transaction ${transaction}`);
  if (logRecordTable(views.u32, at) !== 0) parts.push(`table ${logRecordTable(views.u32, at)}`);
  if (logRecordPage(views.u32, at) !== RECORD_NO_PAGE) {
    parts.push(`page ${logRecordPage(views.u32, at)} slot ${logRecordSlot(views.u16, at)}`);
  }
  if (logRecordPrevious(views.f64, at) !== 0) parts.push(`previous ${logRecordPrevious(views.f64, at)}`);
  const flags = logRecordFlags(views.u8, at);
  if ((flags & RECORD_GROUP) !== 0) parts.push('in a group');
  if ((flags & RECORD_GROUP_END) !== 0) parts.push('ends a group');
  if ((flags & RECORD_COMPENSATION) !== 0) parts.push('compensation');
  const payload = kind?.print?.(views, at) ?? '';
  if (payload !== '') parts.push(payload);
  return parts.join('  ');
}
