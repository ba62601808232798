/**
 * Reads the log from its segment files, batch by batch, into a window of plain log bytes, and decides where it ends.
 *
 *   segment file   | hdr | log bytes | pad | hdr | log bytes | pad | ...
 *                              \                    |
 *   window         | consumed | not yet consumed ... appended |   room   |
 *                  ^ windowStart (log position)               ^ endLsn
 *
 * The log goes on with a batch that begins where the last one ended and names it, in the same segment or at the start of
 * the next one. A boot that cut the log begins the next segment at the place of the cut, with a higher boot number: what
 * the window holds above that place is dropped (it was never consumed, because it was incomplete).
 *
 * Where nothing goes on, the log has ended, or it is damaged (SM-W2): if any later batch of this boot knows that more
 * than this was on disk, or the checkpoint did, it is damage, and recovery stops with file, place and reason (SM-W10).
 * Otherwise it is a torn tail, which never was acknowledged.
 */

import { crc32 } from 'node:zlib';
import { dataDamaged, type SqlError } from '../../../shm/errors.ts';
import { batchChecksum, batchFileBytes, batchIsWhole, headerFault } from '../log/batch.ts';
import {
  LOG_BATCH_BYTES,
  logBatchBoot,
  logBatchChecksum,
  logBatchLength,
  logBatchLsn,
  logBatchMagic,
  logBatchPreviousChecksum,
  logBatchPreviousLsn,
  logBatchSegment,
  logBatchSyncedLsn,
} from '../log/log-batch.layout.gen.ts';
import type { RecordViews } from '../log/records.ts';
import { listSegments, segmentPath } from '../log/segments.ts';
import { BLOCK_BYTES } from '../log/units.ts';
import { BATCH_LOG_BYTES_MAX } from '../log/write.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { type BatchIndex, addBatch, cutBatches, makeBatchIndex } from './batch-index.ts';

/** Bytes read from a segment at once, at most: the largest batch fits. */
const CHUNK_BYTES = BATCH_LOG_BYTES_MAX + (1 << 20);
/** Bytes of the first read: a database that was closed has next to nothing behind its checkpoint. */
const FIRST_CHUNK_BYTES = 64 << 10;
const WINDOW_BYTES = 3 * BATCH_LOG_BYTES_MAX;

export interface LogPlace {
  directory: string;
  databaseHigh: number;
  databaseLow: number;
  segmentBytes: number;
}

/** What the meta page says about the log. */
export interface LogKnown {
  /** Where recovery begins, a record boundary, and the segment it lies in. */
  lsn: number;
  segment: number;
  /** Position known to be on disk when the meta page was written; at least lsn. */
  durableLsn: number;
  /** The database was closed: nothing behind durableLsn was ever promised to be there. */
  closed?: boolean;
}

export interface ByteWindow extends RecordViews {
  bytes: Buffer;
}

export interface LogReader {
  readonly vfs: Vfs;
  readonly place: LogPlace;
  readonly known: LogKnown;
  window: ByteWindow;
  /** Log position of the window's byte 0, and of the end of what it holds. */
  windowStart: number;
  endLsn: number;
  readonly chunk: ByteWindow;
  /** The piece of the segment that chunk holds. */
  chunkOffset: number;
  chunkBytes: number;
  /** Bytes that the next read takes. */
  readBytes: number;
  /** Where the next batch is looked for. */
  segment: number;
  offset: number;
  file: VfsFile | null;
  /** The last batch that was taken. */
  boot: number;
  previousLsn: number;
  previousChecksum: number;
  /** Log position that is known to be on disk, not only in the files: batches say so. */
  syncedLsn: number;
  /** False until a batch was taken: then there is no chain to compare with. */
  chained: boolean;
  readonly batches: BatchIndex;
  /** Log position at which each segment begins that was read. */
  readonly starts: { segment: number; lsn: number }[];
  /** Why it ended. */
  ended: string;
}

export function makeWindow(bytes: number): ByteWindow {
  const buffer = new ArrayBuffer(bytes);
  const view = Buffer.from(buffer);
  return {
    bytes: view,
    u8: view,
    u16: new Uint16Array(buffer),
    i32: new Int32Array(buffer),
    u32: new Uint32Array(buffer),
    f64: new Float64Array(buffer),
  };
}

/** Throws XX001 when the segment that the checkpoint names is not there. */
export function openLogReader(vfs: Vfs, place: LogPlace, known: LogKnown): LogReader {
  const path = segmentPath(place.directory, known.segment);
  if (!vfs.exists(path)) {
    throw dataDamaged({
      file: path,
      offset: 0,
      what: 'log segment',
      expected: 'the file that the checkpoint names',
      actual: 'no file',
    });
  }
  return {
    vfs,
    place,
    known,
    window: makeWindow(WINDOW_BYTES),
    windowStart: known.lsn,
    endLsn: known.lsn,
    chunk: makeWindow(CHUNK_BYTES),
    chunkOffset: 0,
    chunkBytes: 0,
    readBytes: FIRST_CHUNK_BYTES,
    segment: known.segment,
    offset: 0,
    file: null,
    boot: 0,
    previousLsn: 0,
    previousChecksum: 0,
    syncedLsn: known.durableLsn,
    chained: false,
    batches: makeBatchIndex(),
    starts: [],
    ended: '',
  };
}

export function closeLogReader(reader: LogReader): void {
  if (reader.file !== null) reader.file.close();
  reader.file = null;
}

/**
 * Appends the next batch to the window; `consumed` is the log position below which the window's bytes are needed no more.
 * Window offsets change: recompute them from windowStart. False at the end of the log; throws XX001 on damage.
 */
export function readMore(reader: LogReader, consumed: number): boolean {
  for (;;) {
    if (reader.ended !== '') return false;
    const fault = faultHere(reader, consumed);
    if (fault === '') {
      const useful = takeBatch(reader, consumed);
      if (useful) return true;
      continue;
    }
    // At a segment's end, or where a later boot cut the log, the next segment goes on.
    if ((reader.offset > 0 || !reader.chained) && goesOnInNextSegment(reader, consumed)) continue;
    endHere(reader, fault);
    return false;
  }
}

/** Has the chunk hold the bytes of the segment from `offset` on; returns how many it has, 0 beyond the file's end. */
function fillChunk(reader: LogReader, offset: number, bytes: number): number {
  if (offset < reader.chunkOffset || offset + bytes > reader.chunkOffset + reader.chunkBytes) {
    reader.chunkOffset = offset;
    reader.chunkBytes = 0;
    if (reader.file === null) {
      const path = segmentPath(reader.place.directory, reader.segment);
      if (!reader.vfs.exists(path)) return 0;
      reader.file = reader.vfs.open(path, 'existing');
    }
    const wanted = Math.min(Math.max(reader.readBytes, bytes), reader.place.segmentBytes - offset);
    reader.chunkBytes = reader.file.read(offset, reader.chunk.bytes, 0, wanted);
    reader.readBytes = Math.min(reader.readBytes * 8, CHUNK_BYTES);
  }
  return Math.max(0, reader.chunkOffset + reader.chunkBytes - offset);
}

/**
 * Syncs the segments that may hold more than is known to be on disk: a process that is killed leaves what it wrote to the system
 * alone, and from now on all that was read counts as durable.
 */
export function syncLogTail(reader: LogReader): void {
  const { vfs, place, starts } = reader;
  for (let at = 0; at < starts.length; at++) {
    const end = at + 1 < starts.length ? starts[at + 1].lsn : Number.POSITIVE_INFINITY;
    if (end <= reader.syncedLsn) continue;
    const file = vfs.open(segmentPath(place.directory, starts[at].segment), 'existing');
    try {
      file.sync();
    } finally {
      file.close();
    }
  }
}

function moveTo(reader: LogReader, segment: number): void {
  closeLogReader(reader);
  reader.segment = segment;
  reader.offset = 0;
  reader.chunkOffset = 0;
  reader.chunkBytes = 0;
}

/** Why the batch at the reader's place is not the next one of the log, or ''. */
function faultHere(reader: LogReader, consumed: number): string {
  const { place, offset, chunk } = reader;
  if (place.segmentBytes - offset < 2 * BLOCK_BYTES) return 'the segment is full';
  if (fillChunk(reader, offset, LOG_BATCH_BYTES) < LOG_BATCH_BYTES) return 'the file ends here';
  let at = offset - reader.chunkOffset;
  const fault = headerFault(chunk, at, offset, { ...place, segment: reader.segment });
  if (fault !== '') return fault;
  const length = logBatchLength(chunk.u32, at);
  if (length > BATCH_LOG_BYTES_MAX) return `length ${length} can not be`;
  if (fillChunk(reader, offset, LOG_BATCH_BYTES + length) < LOG_BATCH_BYTES + length) return 'the file ends within it';
  at = offset - reader.chunkOffset;
  const checksum = batchChecksum(chunk.bytes, chunk, at);
  if (checksum !== logBatchChecksum(chunk.u32, at)) {
    return `checksum is ${checksum.toString(16)}, expected ${logBatchChecksum(chunk.u32, at).toString(16)}`;
  }
  return chainFault(reader, at, consumed);
}

function chainFault(reader: LogReader, at: number, consumed: number): string {
  const { u32, f64 } = reader.chunk;
  const lsn = logBatchLsn(f64, at);
  const boot = logBatchBoot(u32, at);
  if (!reader.chained)
    return lsn <= reader.known.lsn ? '' : `it begins at log position ${lsn}, expected at most ${reader.known.lsn}`;
  if (boot < reader.boot) return `boot ${boot} wrote it, before boot ${reader.boot}`;
  if (lsn !== reader.endLsn && !(boot > reader.boot && lsn < reader.endLsn && lsn >= consumed)) {
    return `it begins at log position ${lsn}, expected ${reader.endLsn}`;
  }
  if (logBatchPreviousLsn(f64, at) !== reader.previousLsn || logBatchPreviousChecksum(u32, at) !== reader.previousChecksum) {
    return 'it continues another batch than the last one';
  }
  return '';
}

/** Takes the batch at the reader's place. False if all of it lies below the place where recovery begins. */
function takeBatch(reader: LogReader, consumed: number): boolean {
  const { chunk, offset } = reader;
  const at = offset - reader.chunkOffset;
  const lsn = logBatchLsn(chunk.f64, at);
  const length = logBatchLength(chunk.u32, at);
  if (offset === 0) reader.starts.push({ segment: reader.segment, lsn });
  reader.boot = logBatchBoot(chunk.u32, at);
  reader.previousLsn = lsn;
  reader.previousChecksum = logBatchChecksum(chunk.u32, at);
  reader.syncedLsn = Math.max(reader.syncedLsn, logBatchSyncedLsn(chunk.f64, at));
  reader.offset = offset + batchFileBytes(length);
  const useful = lsn + length > reader.known.lsn;
  if (lsn < reader.endLsn && reader.chained) cutBatches(reader.batches, lsn);
  if (useful) {
    addBatch(reader.batches, lsn, length, reader.segment, offset);
    appendToWindow(reader, consumed, lsn, length, at + LOG_BATCH_BYTES);
  } else {
    reader.endLsn = lsn + length;
  }
  reader.chained = true;
  return useful;
}

function appendToWindow(reader: LogReader, consumed: number, lsn: number, length: number, at: number): void {
  // The first batch may begin below the place where recovery begins.
  const skip = Math.max(0, reader.known.lsn - lsn);
  reader.endLsn = lsn + skip;
  if (reader.endLsn < reader.windowStart || !reader.chained) reader.windowStart = reader.endLsn;
  let used = reader.endLsn - reader.windowStart;
  if (used + length > reader.window.bytes.length) {
    const drop = Math.max(0, Math.min(consumed, reader.endLsn) - reader.windowStart);
    const window = used - drop + length > reader.window.bytes.length ? makeWindow((used - drop + length) * 2) : reader.window;
    reader.window.bytes.copy(window.bytes, 0, drop, used);
    reader.window = window;
    reader.windowStart += drop;
    used -= drop;
  }
  reader.chunk.bytes.copy(reader.window.bytes, used, at + skip, at + length);
  reader.endLsn = lsn + length;
}

/** Steps to the next segment if the log goes on there; back to its place if not. */
function goesOnInNextSegment(reader: LogReader, consumed: number): boolean {
  const { segment, offset } = reader;
  moveTo(reader, segment + 1);
  if (faultHere(reader, consumed) === '') return true;
  moveTo(reader, segment);
  reader.offset = offset;
  return false;
}

/** Nothing goes on at the reader's place. Throws if more than this is known to have been on disk. */
function endHere(reader: LogReader, fault: string): void {
  const { segment, offset } = reader;
  const full = reader.place.segmentBytes - offset < 2 * BLOCK_BYTES;
  const damage = full
    ? damageAt(reader, segment + 1, 0, 'the log does not go on here')
    : damageAt(reader, segment, offset, fault);
  if (reader.endLsn < reader.known.durableLsn) throw damage(reader.known.durableLsn);
  // A database that was closed has said itself where its log ends.
  if (reader.known.closed !== true || reader.endLsn > reader.known.durableLsn) {
    const synced = highestSynced(reader, segment, offset);
    if (synced > reader.endLsn) throw damage(synced);
  }
  moveTo(reader, segment);
  reader.offset = offset;
  reader.ended = fault;
}

function damageAt(reader: LogReader, segment: number, offset: number, fault: string): (known: number) => SqlError {
  return (known) =>
    dataDamaged({
      file: segmentPath(reader.place.directory, segment),
      offset,
      what: `log batch at log position ${reader.endLsn} (the log was on disk up to ${known} at least)`,
      expected: 'the next batch',
      actual: fault,
    });
}

/** The highest log position that any whole batch behind this place knew to be on disk; batches of earlier boots do not count. */
function highestSynced(reader: LogReader, segment: number, offset: number): number {
  let highest = 0;
  for (const look of listSegments(reader.vfs, reader.place.directory)) {
    if (look < segment) continue;
    moveTo(reader, look);
    const found = highestSyncedIn(reader, look === segment ? offset : 0);
    if (found > highest) highest = found;
    // A segment is written from its start: where not one header of its own is found, no later one was begun.
    if (found < 0 && look > segment) break;
  }
  return highest;
}

/** The same in the rest of one segment; -1 if it has no header of its own. */
function highestSyncedIn(reader: LogReader, from: number): number {
  const { chunk, place } = reader;
  let highest = -1;
  for (let offset = from; offset < place.segmentBytes; offset += BLOCK_BYTES) {
    if (fillChunk(reader, offset, LOG_BATCH_BYTES) < LOG_BATCH_BYTES) break;
    const at = offset - reader.chunkOffset;
    if (logBatchMagic(chunk.u32, at) === 0 || logBatchSegment(chunk.u32, at) !== reader.segment) continue;
    if (headerFault(chunk, at, offset, { ...place, segment: reader.segment }) !== '') continue;
    if (highest < 0) highest = 0;
    if (logBatchBoot(chunk.u32, at) < reader.boot || logBatchSyncedLsn(chunk.f64, at) <= Math.max(highest, reader.endLsn))
      continue;
    const bytes = LOG_BATCH_BYTES + logBatchLength(chunk.u32, at);
    if (fillChunk(reader, offset, bytes) < bytes) continue;
    const moved = offset - reader.chunkOffset;
    if (batchIsWhole(chunk.bytes, chunk, moved)) highest = logBatchSyncedLsn(chunk.f64, moved);
  }
  return highest;
}

/** Checks a batch read again (undo) and returns its log bytes; throws XX001 if it has changed since. */
export function rereadBatch(reader: LogReader, index: number, target: ByteWindow): number {
  const { batches } = reader;
  const segment = batches.segment[index];
  const offset = batches.offset[index];
  const bytes = LOG_BATCH_BYTES + batches.length[index];
  if (reader.file === null || reader.segment !== segment) {
    moveTo(reader, segment);
    reader.file = reader.vfs.open(segmentPath(reader.place.directory, segment), 'existing');
  }
  const got = reader.file.read(offset, target.bytes, 0, bytes);
  const actual = got < bytes ? 'the file ends within it' : crc32(target.bytes.subarray(8, bytes));
  const expected = logBatchChecksum(target.u32, 0);
  if (actual !== expected) {
    throw dataDamaged({ file: reader.file.path, offset, what: 'log batch', expected, actual });
  }
  return batches.length[index];
}
