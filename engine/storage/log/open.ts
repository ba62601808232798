/**
 * Opening and closing the log: what it needs of the shared memory, the context of a thread, and the start of a boot.
 *
 *   createSharedMemory({ ..., regions: [LOG_REGION, ...] })
 *   attachLog(shm, world, options)      each thread, after attachThread()
 *   startLog(log, start)                one thread, once a boot: after createLog() or recovery has said where the log goes on
 *   closeLog(log)                       each thread, before detachThread()
 */

import { assert } from '../../../shm/assert.ts';
import { poison } from '../../../shm/critical.ts';
import { THREAD_PENDING_LOG, THREAD_PENDING_LOG2 } from '../../../shm/control.layout.gen.ts';
import { registerBurier } from '../../../shm/deaths.ts';
import { type RegionRequest, regionOf, type SharedMemory, threadSlot } from '../../../shm/shared-memory.ts';
import type { World } from '../world.ts';
import { returnAllCredit } from './credit.ts';
import { makeGroupScratch } from './group.ts';
import { startStamps } from './commit.ts';
import type { Log, LogOptions } from './log-context.ts';
import {
  LOG_SHARED_BYTES,
  LOG_SHARED_RING_USED,
  LOG_SHARED_LEADS,
  LOG_SHARED_TAIL,
  LOG_SHARED_WRITTEN_TURN,
  loadLogSharedLeader,
  loadLogSharedPreparer,
  loadLogSharedSegment,
  storeLogSharedCommitEnd,
  storeLogSharedDurableHorizon,
  storeLogSharedDurableLsn,
  storeLogSharedFileFree,
  storeLogSharedFirstUnsynced,
  storeLogSharedKeepLsn,
  storeLogSharedLastReady,
  storeLogSharedLookerProcessor,
  storeLogSharedOldest,
  storeLogSharedPreviousBatchLsn,
  storeLogSharedPreviousChecksum,
  storeLogSharedSegment,
  storeLogSharedSegmentOffset,
  storeLogSharedTail,
  storeLogSharedVisibleHorizon,
  storeLogSharedWrittenLsn,
  storeLogSharedWrittenTurn,
} from './log-shared.layout.gen.ts';
import {
  createSegmentFile,
  listSegments,
  noteUnwritten,
  reserveBlocks,
  SEGMENT_STARTS,
  segmentPath,
  setSegmentStart,
  usableBlocks,
} from './segments.ts';
import { TURN_BYTES } from './units.ts';
import { BATCH_CHECKED_MAX, BATCH_SCRATCH_BYTES } from './write.ts';

/** Where a database's log begins: above 0, which stands for "never logged". */
export const FIRST_LSN = 64;

/** What the log asks for in the control segment. */
export const LOG_REGION: RegionRequest = { name: 'log', bytes: LOG_SHARED_BYTES + SEGMENT_STARTS * 8 };

export const LOG_DEFAULTS = {
  segmentBytes: 64 << 20,
  durability: 'commit',
  relaxedMilliseconds: 10,
  archive: null,
} as const satisfies Partial<LogOptions>;

/** Smallest segment: a batch of each kind must have its place. Tests use small ones. */
const SEGMENT_BYTES_MIN = 16 << 10;

/** Where and how the log goes on in this boot. */
export interface LogStart {
  /** Position of the next record. */
  lsn: number;
  /** Number of the segment it goes to, at its byte 0: one that no valid batch of the log is in. */
  segment: number;
  /** Start and checksum of the last valid batch; 0 and 0 for a new database. */
  previousBatchLsn: number;
  previousChecksum: number;
  /** Segments from which recovery may still read, with the log position at which each begins; rising, without gaps. */
  kept: { segment: number; lsn: number }[];
  /** Position from which the log is needed, until a checkpoint says otherwise. */
  keepLsn: number;
  /** Greatest stamp given so far. */
  highestStamp: number;
}

/** How a new database's log starts. */
export const firstLogStart = (): LogStart => ({
  lsn: FIRST_LSN,
  segment: 1,
  previousBatchLsn: 0,
  previousChecksum: 0,
  kept: [],
  keepLsn: FIRST_LSN,
  highestStamp: 0,
});

/** The log's context of the calling thread, which is attached to `shm`. No I/O. */
export function attachLog(shm: SharedMemory, world: World, options: LogOptions): Log {
  assert(shm.thread >= 0 && shm.thread < 128, 'the thread is attached');
  assert(options.segmentBytes % 4096 === 0 && options.segmentBytes >= SEGMENT_BYTES_MIN, 'a log segment is a multiple of 4 KiB');
  assert(options.boot > 0, 'boots are counted from 1');
  const { ringBytes, ring } = shm;
  const shared = regionOf(shm, LOG_REGION.name);
  const slot = threadSlot(shm, shm.thread);
  const batch = Buffer.from(new ArrayBuffer(BATCH_SCRATCH_BYTES));
  const log: Log = {
    shm,
    world,
    options,
    control: shm.i32,
    shared,
    starts: shm.f64,
    startsIndex: (shared + LOG_SHARED_BYTES) / 8,
    ringBytes,
    ringUnits: ringBytes / 8,
    ringUnitMask: ringBytes / 8 - 1,
    ringView: ring.bytesView,
    reservationMax: ringBytes / 4,
    // Little of a small ring, so that many threads that keep some do not fill it.
    creditKept: Math.min(16 << 10, Math.floor(ringBytes / 1024)) & ~7,
    fileKept: Math.min(64 << 10, Math.floor(options.segmentBytes / 256)) * 2,
    tailWord: (shared + LOG_SHARED_TAIL) >>> 2,
    turnWord: (shared + LOG_SHARED_WRITTEN_TURN) >>> 2,
    pendingWord: (slot + THREAD_PENDING_LOG) >>> 2,
    creditWord: (slot + THREAD_PENDING_LOG2) >>> 2,
    fileCredit: 0,
    scratch: new Float64Array(8),
    growing: { open: false, at: 0, bytes: 0, startUnit: 0, endUnit: 0, leads: 0, count: 0, lsn: new Float64Array(1) },
    askWriter: null,
    answeredAt: 0,
    apartAt: 0,
    handedOver: 0,
    leadsWord: (shared + LOG_SHARED_LEADS) >>> 2,
    group: makeGroupScratch(4096),
    file: null,
    fileSegment: -1,
    batch: {
      bytes: batch,
      checked: new Array(BATCH_CHECKED_MAX).fill(undefined),
      u8: batch,
      u16: new Uint16Array(batch.buffer),
      i32: new Int32Array(batch.buffer),
      u32: new Uint32Array(batch.buffer),
      f64: new Float64Array(batch.buffer),
    },
    waiting: [],
    waitingLooked: false,
    u8: ring.u8,
    u16: ring.u16,
    i32: ring.i32,
    u32: ring.u32,
    f64: ring.f64,
  };
  shm.i32[log.creditWord] = 0;
  registerBurier(shm, 'early', (memory, thread) => buryLogUser(memory, shared, thread));
  return log;
}

/** A thread died outside critical sections: its ring credit comes back. Half a flush cannot be put right. */
function buryLogUser(shm: SharedMemory, shared: number, thread: number): void {
  if (loadLogSharedLeader(shm.i32, shared) === thread + 1) poison(shm, 'a thread died while it wrote the log');
  if (loadLogSharedPreparer(shm.i32, shared) === thread + 1) poison(shm, 'a thread died while it prepared a log segment');
  // It may have been the one that looked for the end of a flush.
  storeLogSharedLookerProcessor(shm.i32, shared, 0);
  const credit = Atomics.exchange(shm.i32, (threadSlot(shm, thread) + THREAD_PENDING_LOG2) >>> 2, 0);
  Atomics.sub(shm.i32, (shared + LOG_SHARED_RING_USED) >>> 2, credit);
}

/**
 * Sets the shared state for a boot and prepares the segment it begins with. Files of the directory that are neither kept
 * nor written by this boot are removed. Throws 53100 when there is no room for a segment.
 */
export function startLog(log: Log, start: LogStart): void {
  const { control, shared, world, options } = log;
  assert(loadLogSharedSegment(control, shared) === 0, 'the log is started once a boot');
  assert(start.lsn % 8 === 0 && start.lsn >= FIRST_LSN, 'the log goes on at a record boundary');
  setUpFiles(log, start);
  storeLogSharedTail(control, shared, (start.lsn / 8) | 0);
  storeLogSharedWrittenTurn(control, shared, Math.floor(start.lsn / TURN_BYTES));
  storeLogSharedWrittenLsn(control, shared, start.lsn);
  storeLogSharedDurableLsn(control, shared, start.lsn);
  storeLogSharedCommitEnd(control, shared, start.lsn);
  startStamps(log, start.highestStamp);
  storeLogSharedDurableHorizon(control, shared, start.highestStamp);
  storeLogSharedVisibleHorizon(control, shared, start.highestStamp);
  storeLogSharedPreviousBatchLsn(control, shared, start.previousBatchLsn);
  storeLogSharedPreviousChecksum(control, shared, start.previousChecksum | 0);
  for (const { segment, lsn } of start.kept) setSegmentStart(log, segment, lsn);
  setSegmentStart(log, start.segment, start.lsn);
  storeLogSharedKeepLsn(control, shared, start.keepLsn);
  storeLogSharedOldest(control, shared, start.kept.length === 0 ? start.segment : start.kept[0].segment);
  storeLogSharedFirstUnsynced(control, shared, start.segment);
  storeLogSharedLastReady(control, shared, start.segment);
  storeLogSharedFileFree(control, shared, usableBlocks(options.segmentBytes) - reserveBlocks(options.segmentBytes));
  storeLogSharedSegmentOffset(control, shared, 0);
  storeLogSharedSegment(control, shared, start.segment);
  assert(world.vfs.exists(segmentPath(options.directory, start.segment)), 'the first segment of the boot is prepared');
}

function setUpFiles(log: Log, start: LogStart): void {
  const { vfs } = log.world;
  const { directory, segmentBytes } = log.options;
  if (!vfs.exists(directory)) {
    vfs.makeDirectory(directory);
    vfs.syncDirectory(parentOf(directory));
  }
  const lowest = start.kept.length === 0 ? start.segment : start.kept[0].segment;
  const spare = listSegments(vfs, directory).filter((segment) => segment < lowest || segment >= start.segment);
  // A file that is there saves writing a new one. Which life its batches are of, their headers tell.
  const reused = spare.find((segment) => segment !== start.segment && isWhole(log, segment));
  for (const segment of spare) {
    if (segment !== reused) vfs.remove(segmentPath(directory, segment));
  }
  if (reused === undefined) {
    // A database that was just made is about to be filled; one that is opened is about to answer.
    const isNew = start.kept.length === 0;
    createSegmentFile(vfs, directory, start.segment, segmentBytes, isNew);
    noteUnwritten(log, start.segment, !isNew);
  } else {
    vfs.rename(segmentPath(directory, reused), segmentPath(directory, start.segment));
    vfs.syncDirectory(directory);
  }
}

function isWhole(log: Log, segment: number): boolean {
  const file = log.world.vfs.open(segmentPath(log.options.directory, segment), 'existing');
  try {
    return file.size() === log.options.segmentBytes;
  } finally {
    file.close();
  }
}

function parentOf(directory: string): string {
  const trimmed = directory.replace(/[\\/]+$/, '');
  const end = Math.max(trimmed.lastIndexOf('/'), trimmed.lastIndexOf('\\'));
  return end > 0 ? trimmed.slice(0, end) : trimmed.slice(0, end + 1) || '.';
}

/** The thread uses the log no more: its credit goes back, its file is closed. Nothing is flushed. */
export function closeLog(log: Log): void {
  assert(!log.group.open && log.waiting.length === 0, 'nobody waits for the log any more');
  returnAllCredit(log);
  if (log.file !== null) log.file.close();
  log.file = null;
  log.fileSegment = -1;
}
