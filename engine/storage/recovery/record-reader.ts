/**
 * Walks the records of the log in order: the window of the log reader, one record after the other, whole groups only.
 *
 *   while (nextRecord(records)) { records.views, records.at, records.lsn ... }
 *
 * A group whose end mark is not in the log any more never happened (SM-W6): the log ends before it. So does it before a
 * record that is not complete. A record that can not be, inside a batch whose checksum is right, is damage (SM-W10).
 */

import { dataDamaged, type SqlError } from '../../../shm/errors.ts';
import { LOG_RECORD_BYTES } from '../log/log-record.layout.gen.ts';
import { RECORD_GROUP, RECORD_GROUP_END, RECORD_TYPES_MAX, type RecordViews } from '../log/records.ts';
import { segmentPath } from '../log/segments.ts';
import { findBatch } from './batch-index.ts';
import { type LogReader, readMore } from './log-reader.ts';

/** No record is longer: a ring is at most 1 GiB, a reservation a quarter of it. */
const RECORD_BYTES_MAX = 1 << 28;

export interface RecordReader {
  readonly reader: LogReader;
  views: RecordViews;
  /** Byte offset of the record in views. */
  at: number;
  length: number;
  /** [0] start of the record, [1] its end. */
  readonly lsn: Float64Array;
  /** Log position up to which the group that was begun is known to be whole. */
  groupEnd: number;
}

export function readRecords(reader: LogReader): RecordReader {
  const lsn = new Float64Array(4);
  lsn[1] = reader.known.lsn;
  return { reader, views: reader.window, at: 0, length: 0, lsn, groupEnd: 0 };
}

/** Steps to the next record; false at the end of the log. Then lsn[1] is where the log goes on. */
export function nextRecord(records: RecordReader): boolean {
  const { reader, lsn } = records;
  const start = lsn[1];
  let window = reader.window;
  let at = start - reader.windowStart;
  let left = reader.endLsn - start;
  let length = left >= LOG_RECORD_BYTES ? window.u32[at >>> 2] : 0;
  if (length > left || left < LOG_RECORD_BYTES) {
    length = fillRecord(records, start);
    if (length === 0) return false;
    window = reader.window;
    at = start - reader.windowStart;
    left = reader.endLsn - start;
  }
  const kind = window.u32[(at + 4) >>> 2];
  if (length < LOG_RECORD_BYTES || (length & 7) !== 0 || (kind & 0xff) === 0 || (kind & 0xff) >= RECORD_TYPES_MAX) {
    throw recordDamaged(records, start, at);
  }
  if ((kind & (RECORD_GROUP << 8)) !== 0 && start >= records.groupEnd) {
    if (!wholeGroup(records, start)) return false;
    window = reader.window;
    at = start - reader.windowStart;
  }
  records.views = window;
  records.at = at;
  records.length = length;
  lsn[0] = start;
  lsn[1] = start + length;
  return true;
}

/** Has the window hold the record at `start` whole; returns its length, or 0 where the log ends before it is complete. */
function fillRecord(records: RecordReader, start: number): number {
  const { reader } = records;
  for (;;) {
    const at = start - reader.windowStart;
    const left = reader.endLsn - start;
    if (left >= LOG_RECORD_BYTES) {
      const length = reader.window.u32[at >>> 2];
      if (length < LOG_RECORD_BYTES || length > RECORD_BYTES_MAX) throw recordDamaged(records, start, at);
      if (length <= left) return length;
    }
    if (!readMore(reader, start)) return 0;
  }
}

/** Looks for the end mark of the group that begins at `start`. */
function wholeGroup(records: RecordReader, start: number): boolean {
  const { reader } = records;
  let next = start;
  for (;;) {
    // All of the group stays in the window: `start` is what is still needed.
    while (reader.endLsn - next < LOG_RECORD_BYTES) if (!readMore(reader, start)) return false;
    let at = next - reader.windowStart;
    const length = reader.window.u32[at >>> 2];
    if (length < LOG_RECORD_BYTES || length > RECORD_BYTES_MAX || (length & 7) !== 0) throw recordDamaged(records, next, at);
    while (reader.endLsn - next < length) if (!readMore(reader, start)) return false;
    at = next - reader.windowStart;
    const flags = reader.window.u8[at + 5];
    next += length;
    if ((flags & RECORD_GROUP_END) !== 0) break;
    if ((flags & RECORD_GROUP) === 0) throw recordDamaged(records, next - length, at);
  }
  records.groupEnd = next;
  return true;
}

/** The batch is sound, its content is not: written so, or a record of a version this one does not know. */
export function recordDamaged(records: RecordReader, lsn: number, at: number): SqlError {
  const { reader } = records;
  const batch = findBatch(reader.batches, lsn);
  const { u32, u8 } = reader.window;
  return dataDamaged({
    file: segmentPath(reader.place.directory, batch < 0 ? reader.segment : reader.batches.segment[batch]),
    offset: batch < 0 ? reader.offset : reader.batches.offset[batch],
    what: `log record at log position ${lsn}`,
    expected: 'a record',
    actual: `length ${u32[at >>> 2]}, type ${u8[at + 4]}, flags ${u8[at + 5]}`,
  });
}
