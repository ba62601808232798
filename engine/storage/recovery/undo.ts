/**
 * The undo pass (SM-W9): takes back what transactions without an end record did, the latest change first across all of
 * them, through the same calls as at run time. Each change taken back writes a compensation record into the new boot's log
 * (SM-W7), so that a crash here loses nothing: the next recovery redoes the compensations and goes on below them.
 *
 * Records of no transaction (structure changes) are never undone (SM-W6).
 */

import { assert } from '../../../shm/assert.ts';
import { PREVIOUS } from '../log/log-context.ts';
import { takeEndCredit } from '../log/credit.ts';
import { writeAbort } from '../log/commit.ts';
import type { Log } from '../log/log-context.ts';
import {
  LOG_RECORD_BYTES,
  logRecordAux32,
  logRecordFlags,
  logRecordLength,
  logRecordPrevious,
  logRecordTransaction,
  logRecordType,
} from '../log/log-record.layout.gen.ts';
import { RECORD, RECORD_COMPENSATION, recordKind, type UndoContext } from '../log/records.ts';
import { findBatch } from './batch-index.ts';
import { type ByteWindow, closeLogReader, type LogReader, makeWindow, rereadBatch } from './log-reader.ts';
import type { Loser } from './open-transactions.ts';
import type { RecoveryState } from './recover.ts';
import { LOG_BATCH_BYTES } from '../log/log-batch.layout.gen.ts';

/** Takes all losers back and writes their abort records. `engine` goes to the undo functions as context.engine. */
export function undoLosers(state: RecoveryState, log: Log, engine: unknown): void {
  const found = makeRecordFinder(state.reader);
  const context: UndoContext = { views: found.record, record: 0, transaction: 0, lsn: new Float64Array(4), rows: 0, engine };
  const queue = makeQueue(state.losers);
  try {
    for (let loser = queue[0]; loser !== undefined; loser = queue[0]) {
      if (loser.undoNext === 0) {
        takeEndCredit(log);
        log.scratch[PREVIOUS] = 0;
        writeAbort(log, loser.transaction);
        removeTop(queue);
      } else {
        undoOne(found, context, loser);
        siftDown(queue, 0);
      }
    }
  } finally {
    closeLogReader(state.reader);
  }
}

function undoOne(found: RecordFinder, context: UndoContext, loser: Loser): void {
  const lsn = loser.undoNext;
  const length = findRecord(found, lsn);
  const views = found.record;
  assert(logRecordTransaction(views.u32, 0) === loser.transaction, "a transaction's records are chained to its own");
  const previous = logRecordPrevious(views.f64, 0);
  assert(previous < lsn, 'the chain of a transaction leads backwards');
  loser.undoNext = previous;
  const { left, leftBy } = loser;
  loser.left = 0;
  if ((logRecordFlags(views.u8, 0) & RECORD_COMPENSATION) !== 0) {
    // Rows from the end of the record that it names are undone already: it says how many are left.
    if (logRecordType(views.u8, 0) === RECORD.heapUndo) loser.left = logRecordAux32(views.u32, 0);
    loser.leftBy = lsn;
    return;
  }
  const kind = recordKind(logRecordType(views.u8, 0));
  if (kind === undefined || kind.undo === undefined) return;
  context.views = views;
  context.transaction = loser.transaction;
  context.lsn[0] = lsn;
  context.lsn[1] = lsn + length;
  context.lsn[2] = previous;
  context.lsn[3] = left === 0 ? lsn : leftBy;
  context.rows = left;
  kind.undo(context);
}

/** Finds records by log position, in the batches that redo has checked. */
interface RecordFinder {
  reader: LogReader;
  batch: ByteWindow;
  /** Index of the batch in `batch`, -1 for none. */
  loaded: number;
  /** The record, at byte 0. */
  record: ByteWindow;
}

const makeRecordFinder = (reader: LogReader): RecordFinder => ({
  reader,
  batch: makeWindow(reader.chunk.bytes.length),
  loaded: -1,
  record: makeWindow(64 << 10),
});

/** Copies the record at `lsn` to found.record; returns its length. */
function findRecord(found: RecordFinder, lsn: number): number {
  copyLog(found, lsn, LOG_RECORD_BYTES);
  const length = logRecordLength(found.record.u32, 0);
  if (length > found.record.bytes.length) found.record = makeWindow(length * 2);
  copyLog(found, lsn, length);
  return length;
}

function copyLog(found: RecordFinder, lsn: number, bytes: number): void {
  const { batches } = found.reader;
  for (let done = 0; done < bytes; ) {
    const index = findBatch(batches, lsn + done);
    assert(index >= 0, 'undo stays within the log that redo has read');
    if (found.loaded !== index) {
      found.loaded = -1;
      rereadBatch(found.reader, index, found.batch);
      found.loaded = index;
    }
    const from = lsn + done - batches.lsn[index];
    // Where a later boot cut the log, the earlier batch counts up to the cut only.
    const limit =
      index + 1 < batches.count
        ? Math.min(batches.length[index], batches.lsn[index + 1] - batches.lsn[index])
        : batches.length[index];
    const count = Math.min(bytes - done, limit - from);
    found.batch.bytes.copy(found.record.bytes, done, LOG_BATCH_BYTES + from, LOG_BATCH_BYTES + from + count);
    done += count;
  }
}

/** Max-heap by undoNext. Those with nothing left to undo sink to the end and get their abort records last. */
function makeQueue(losers: readonly Loser[]): Loser[] {
  const queue = losers.map((loser) => ({ ...loser }));
  for (let at = (queue.length >>> 1) - 1; at >= 0; at--) siftDown(queue, at);
  return queue;
}

function siftDown(queue: Loser[], from: number): void {
  for (let at = from; ; ) {
    let largest = at;
    const left = at * 2 + 1;
    if (left < queue.length && queue[left].undoNext > queue[largest].undoNext) largest = left;
    if (left + 1 < queue.length && queue[left + 1].undoNext > queue[largest].undoNext) largest = left + 1;
    if (largest === at) return;
    const moved = queue[at];
    queue[at] = queue[largest];
    queue[largest] = moved;
    at = largest;
  }
}

function removeTop(queue: Loser[]): void {
  const last = queue.pop();
  if (last === undefined || queue.length === 0) return;
  queue[0] = last;
  siftDown(queue, 0);
}
