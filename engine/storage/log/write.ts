/**
 * The leader's writing: from the ring into segment files, as batches. Only who holds the leader word calls in here.
 *
 * A batch never crosses the end of a segment; one that would is cut there, at any multiple of 8. A small batch is put
 * together in a buffer and written by one call; a large one goes from the ring in one gather write.
 */

import { crc32 } from 'node:zlib';
import { assert } from '../../../shm/assert.ts';
import { storeInOrder } from '../../../shm/in-order.ts';
import { loadGuarded53, storeGuarded53 } from '../../../shm/shared53.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { copyWords } from '../rows/byte-views.ts';
import { type VfsFile, writeZeros, ZEROS } from '../vfs/vfs.ts';
import { type BatchPlace, batchFileBytes, CHECKSUM_FROM, fillBatchHeader } from './batch.ts';
import { LOG_BATCH_BYTES, setLogBatchChecksum } from './log-batch.layout.gen.ts';
import type { Log } from './log-context.ts';
import {
  LOG_SHARED_BATCHES,
  LOG_SHARED_DURABLE_LSN,
  LOG_SHARED_FILE_FREE,
  LOG_SHARED_PREVIOUS_BATCH_LSN,
  LOG_SHARED_PREVIOUS_CHECKSUM,
  LOG_SHARED_RELEASED_REST,
  LOG_SHARED_RING_USED,
  LOG_SHARED_SEGMENT_OFFSET,
  LOG_SHARED_WRITTEN_LSN,
  LOG_SHARED_WRITTEN_TURN,
  peekLogSharedFirstUnsynced,
  peekLogSharedLastReady,
  peekLogSharedPreviousChecksum,
  peekLogSharedReleasedRest,
  peekLogSharedSegment,
  peekLogSharedSegmentOffset,
  peekLogSharedUnwritten,
  peekLogSharedZeroedTo,
  storeLogSharedFirstUnsynced,
  storeLogSharedSegment,
  storeLogSharedSegmentOffset,
  storeLogSharedZeroedTo,
} from './log-shared.layout.gen.ts';
import { BLOCK_BYTES, BLOCK_HALVES, TURN_BYTES } from './units.ts';
import { prepareSegment, segmentPath, setSegmentStart, usableBlocks, ZERO_AHEAD, ZEROED_AT_ONCE } from './segments.ts';

const testing = TESTING;

/** Log bytes of one batch at most: recovery must hold a batch whole to check it. */
export const BATCH_LOG_BYTES_MAX = 4 << 20;
/** Batches of up to so many log bytes are copied together; larger ones are gathered. */
const SMALL_BATCH_BYTES = 32 << 10;
/** Batches of up to so many log bytes are copied by a loop, and the view that their checksum is made over is kept. */
const LOOP_BYTES_MAX = 2048;
/** Length of log.batch.checked. */
export const BATCH_CHECKED_MAX = LOOP_BYTES_MAX / 8 + 1;
/** Size of log.batch. */
export const BATCH_SCRATCH_BYTES = SMALL_BATCH_BYTES + 1024;
/** Flushes of up to so many log bytes are a few transactions; larger ones bring much at a time. */
const SMALL_FLUSH_BYTES = 64 << 10;
/** With less room than this left a segment is full. */
const SEGMENT_REST_MIN = 2 * BLOCK_BYTES;

/** Prepared segments hold everything up to `end`, or this throws (53100) with nothing written. */
export function ensureSpace(log: Log, end: number): void {
  const { control, shared } = log;
  const bytes = end - loadGuarded53(control, shared + LOG_SHARED_WRITTEN_LSN);
  const { segmentBytes } = log.options;
  const usableBytes = usableBlocks(segmentBytes) * BLOCK_BYTES;
  for (;;) {
    const here = segmentBytes - peekLogSharedSegmentOffset(control, shared);
    const ready = peekLogSharedLastReady(control, shared) - peekLogSharedSegment(control, shared);
    const batches = 1 + Math.floor(bytes / BATCH_LOG_BYTES_MAX) + Math.ceil(bytes / usableBytes);
    if (bytes + batches * 2 * BLOCK_BYTES <= Math.max(0, here - 3 * BLOCK_BYTES) + ready * usableBytes) return;
    prepareSegment(log);
  }
}

/** Writes [written, end) into the segments; gives back ring space, and file credit that the batches did not need. */
export function writeBatches(log: Log, end: number, overhead: number): void {
  const { control, shared } = log;
  const { segmentBytes } = log.options;
  let released = peekLogSharedReleasedRest(control, shared) + overhead;
  const from = loadGuarded53(control, shared + LOG_SHARED_WRITTEN_LSN);
  let lsn = from;
  while (lsn < end) {
    const offset = peekLogSharedSegmentOffset(control, shared);
    const rest = segmentBytes - offset;
    if (rest < SEGMENT_REST_MIN) {
      nextSegment(log, lsn);
      continue;
    }
    const length = Math.min(end - lsn, rest - LOG_BATCH_BYTES, BATCH_LOG_BYTES_MAX);
    writeBatch(log, lsn, length, offset);
    lsn += length;
    storeInOrder(control, (shared + LOG_SHARED_SEGMENT_OFFSET) >>> 2, offset + batchFileBytes(length));
    storeInOrder(control, (shared + LOG_SHARED_WRITTEN_TURN) >>> 2, Math.floor(lsn / TURN_BYTES));
    storeGuarded53(control, shared + LOG_SHARED_WRITTEN_LSN, lsn);
    log.shm.atomic.add(shared + LOG_SHARED_RING_USED, -length);
    log.shm.atomic.add(shared + LOG_SHARED_BATCHES, 1);
    // What the records paid, less what the batch took.
    released += length * 2 + length / 8 - (batchFileBytes(length) / BLOCK_BYTES) * BLOCK_HALVES;
  }
  zeroAhead(log, end - from);
  const blocks = Math.floor(released / BLOCK_HALVES);
  storeInOrder(control, (shared + LOG_SHARED_RELEASED_REST) >>> 2, released - blocks * BLOCK_HALVES);
  if (blocks !== 0) log.shm.atomic.add(shared + LOG_SHARED_FILE_FREE, blocks);
}

/**
 * A segment that only has room (fallocate) costs each flush that reaches new blocks of it a change of what the file system knows of the
 * file, on disk before fdatasync returns: half as long again. So who writes little writes zeros behind it, for many flushes to come. To
 * whoever reads the file that is nothing: it reads as zeros there. Large flushes go on as they are, the change is little beside them.
 */
function zeroAhead(log: Log, flushed: number): void {
  const { control, shared } = log;
  const segment = peekLogSharedSegment(control, shared);
  if ((peekLogSharedUnwritten(control, shared) & (1 << (segment & 31))) === 0 || flushed > SMALL_FLUSH_BYTES) return;
  const offset = peekLogSharedSegmentOffset(control, shared);
  if (offset <= peekLogSharedZeroedTo(control, shared)) return;
  const to = Math.min(Math.ceil((offset + 1) / ZERO_AHEAD) * ZERO_AHEAD, log.options.segmentBytes);
  storeLogSharedZeroedTo(control, shared, to);
  if (to > offset) writeZeros(fileOf(log, segment), offset, to - offset, ZEROED_AT_ONCE);
}

function nextSegment(log: Log, lsn: number): void {
  const { control, shared } = log;
  const segment = peekLogSharedSegment(control, shared) + 1;
  assert(segment <= peekLogSharedLastReady(control, shared), 'what is in the ring fits prepared segments (SM-W4)');
  setSegmentStart(log, segment, lsn);
  storeLogSharedSegmentOffset(control, shared, 0);
  storeLogSharedZeroedTo(control, shared, 0);
  storeLogSharedSegment(control, shared, segment);
  if (testing) yieldPoint('log.segmentBegun');
}

/** The segment's file for this thread: kept open until another segment is written. */
function fileOf(log: Log, segment: number): VfsFile {
  if (log.file !== null && log.fileSegment === segment) return log.file;
  if (log.file !== null) log.file.close();
  log.file = null;
  log.file = log.world.vfs.open(segmentPath(log.options.directory, segment), 'existing');
  log.fileSegment = segment;
  return log.file;
}

function writeBatch(log: Log, lsn: number, length: number, offset: number): void {
  const { control, shared } = log;
  const segment = peekLogSharedSegment(control, shared);
  const place: BatchPlace = {
    lsn,
    length,
    segment,
    offset,
    previousLsn: loadGuarded53(control, shared + LOG_SHARED_PREVIOUS_BATCH_LSN),
    previousChecksum: peekLogSharedPreviousChecksum(control, shared) >>> 0,
    syncedLsn: loadGuarded53(control, shared + LOG_SHARED_DURABLE_LSN),
  };
  fillBatchHeader(log.batch, log.options, place);
  const file = fileOf(log, segment);
  const checksum = length <= SMALL_BATCH_BYTES ? writeSmall(log, file, place) : writeLarge(log, file, place);
  storeGuarded53(control, shared + LOG_SHARED_PREVIOUS_BATCH_LSN, lsn);
  storeInOrder(control, (shared + LOG_SHARED_PREVIOUS_CHECKSUM) >>> 2, checksum | 0);
}

/** Where in the ring a log position lies. */
const ringOffset = (log: Log, lsn: number): number => ((lsn / 8) % log.ringUnits) * 8;

function writeSmall(log: Log, file: VfsFile, place: BatchPlace): number {
  const { bytes, u32 } = log.batch;
  const { length } = place;
  const at = ringOffset(log, place.lsn);
  const first = Math.min(length, log.ringBytes - at);
  copyFromRing(log, LOG_BATCH_BYTES, at, first);
  if (first < length) copyFromRing(log, LOG_BATCH_BYTES + first, 0, length - first);
  const fileBytes = batchFileBytes(length);
  for (let word = (LOG_BATCH_BYTES + length) >>> 2; word < fileBytes >>> 2; word++) u32[word] = 0;
  const checksum = crc32(checked(log, length));
  setLogBatchChecksum(u32, 0, checksum);
  file.write(place.offset, bytes, 0, fileBytes);
  return checksum;
}

/** Into the batch's buffer. A commit has a few records: the loop is through before a call that copies has begun. */
function copyFromRing(log: Log, to: number, from: number, length: number): void {
  if (length <= LOOP_BYTES_MAX) copyWords(log.batch.i32, to, log.i32, from, length);
  else log.ringView.copy(log.batch.bytes, to, from, from + length);
}

/** What the checksum is over. Commits of one program have few lengths: the views of short batches are kept. */
function checked({ batch }: Log, length: number): Buffer {
  if (length > LOOP_BYTES_MAX) return batch.bytes.subarray(CHECKSUM_FROM, LOG_BATCH_BYTES + length);
  const index = length >>> 3;
  let view = batch.checked[index];
  if (view === undefined) {
    view = batch.bytes.subarray(CHECKSUM_FROM, LOG_BATCH_BYTES + length);
    batch.checked[index] = view;
  }
  return view;
}

function writeLarge(log: Log, file: VfsFile, place: BatchPlace): number {
  const { length } = place;
  const at = ringOffset(log, place.lsn);
  const first = Math.min(length, log.ringBytes - at);
  const header = log.batch.bytes.subarray(0, LOG_BATCH_BYTES);
  const parts: Buffer[] = [header, log.ringView.subarray(at, at + first)];
  if (first < length) parts.push(log.ringView.subarray(0, length - first));
  let checksum = crc32(header.subarray(CHECKSUM_FROM));
  for (let part = 1; part < parts.length; part++) checksum = crc32(parts[part], checksum);
  setLogBatchChecksum(log.batch.u32, 0, checksum);
  file.writeParts(place.offset, [...parts, ZEROS.subarray(0, batchFileBytes(length) - LOG_BATCH_BYTES - length)]);
  return checksum;
}

/** fdatasync of every segment that was written since the last one, the current one last. */
export function syncWritten(log: Log): void {
  const { control, shared } = log;
  const segment = peekLogSharedSegment(control, shared);
  for (let earlier = peekLogSharedFirstUnsynced(control, shared); earlier < segment; earlier++) {
    const file = log.world.vfs.open(segmentPath(log.options.directory, earlier), 'existing');
    try {
      file.sync();
    } finally {
      file.close();
    }
  }
  fileOf(log, segment).sync();
  if (peekLogSharedFirstUnsynced(control, shared) !== segment) storeLogSharedFirstUnsynced(control, shared, segment);
}
