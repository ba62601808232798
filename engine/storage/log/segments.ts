/**
 * Segment files: `000000000017.log` and so on, all of one size, allocated before the first batch goes in
 * (SM-W4), and used again under a higher number once no recovery can need them.
 *
 *   oldest ........ firstUnsynced .. segment | segment + 1 .. lastReady
 *   kept for recovery, oldest first  written | prepared, empty (of this life)
 *
 * One thread at a time prepares or recycles: it has put its number + 1 into the word `preparer`. A new file is written
 * under a temporary name, synced and renamed: a file under its final name is whole. A recycled one is renamed, and the
 * directory synced, before anyone writes to it.
 */

import { join } from 'node:path';
import { assert } from '../../../shm/assert.ts';
import { checkPoison } from '../../../shm/critical.ts';
import { checkDeaths } from '../../../shm/deaths.ts';
import { SqlError, SQLSTATE } from '../../../shm/errors.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { waitOnWord } from '../../../shm/wait.ts';
import { type Vfs, writeZeros } from '../vfs/vfs.ts';
import type { Log } from './log-context.ts';
import {
  addLogSharedFileFree,
  compareExchangeLogSharedPreparer,
  LOG_SHARED_PREPARER,
  loadLogSharedFileFree,
  loadLogSharedFirstUnsynced,
  loadLogSharedKeepLsn,
  loadLogSharedLastReady,
  loadLogSharedOldest,
  loadLogSharedRingUsed,
  loadLogSharedSegment,
  loadLogSharedUnwritten,
  logSharedPreparerWord,
  storeLogSharedKeepLsn,
  storeLogSharedLastReady,
  storeLogSharedOldest,
  storeLogSharedPreparer,
  storeLogSharedUnwritten,
} from './log-shared.layout.gen.ts';
import { BLOCK_BYTES } from './units.ts';

const testing = TESTING;

/** Room for the start positions of so many segments, at number modulo this. More can not exist at once. */
export const SEGMENT_STARTS = 4096;
/** Prepared segments that are kept when a checkpoint lets many go: the rest is removed. */
const READY_MAX = 8;
/**
 * Bytes of zeros in one write. Linux keeps what one write brings as one piece of its memory, and looks at every block of the piece
 * with each later write into it: 2.3 us for a batch of 1 KiB where pieces are 1 MiB, 1.0 where they are 128 KiB. Smaller pieces would
 * make the loop hot: the machine code that V8 then makes of it costs an idle process 4 MiB.
 */
export const ZEROED_AT_ONCE = 128 << 10;
/** Zeros that a small flush writes ahead: what the file system notes of them is on disk by the next one, so not too often. */
export const ZERO_AHEAD = 4 * ZEROED_AT_ONCE;
/** Blocks of each segment that may stay unused: its last two where no batch fits, and the header of a batch that was cut there. */
const BLOCKS_LOST = 3;

export const segmentName = (segment: number): string => `${String(segment).padStart(12, '0')}.log`;

export const segmentPath = (directory: string, segment: number): string => join(directory, segmentName(segment));

/** Number of a segment file by its name, or -1 for any other file. */
export const segmentOfName = (name: string): number => (/^\d{12}\.log$/.test(name) ? Number(name.slice(0, 12)) : -1);

/** Numbers of the segment files in a directory, rising. */
export function listSegments(vfs: Vfs, directory: string): number[] {
  return vfs
    .list(directory)
    .map(segmentOfName)
    .filter((segment) => segment >= 0);
}

/** Blocks of an empty segment that batches can count on. */
export const usableBlocks = (segmentBytes: number): number => segmentBytes / BLOCK_BYTES - BLOCKS_LOST;

/** Blocks nobody is promised, for flushes that no credit paid for (credit.ts). */
export const reserveBlocks = (segmentBytes: number): number => Math.min(128, segmentBytes / BLOCK_BYTES / 8);

/** Log position at which a segment that is written or was written begins. */
export const segmentStart = (log: Log, segment: number): number => log.starts[log.startsIndex + (segment % SEGMENT_STARTS)];

export function setSegmentStart(log: Log, segment: number, lsn: number): void {
  log.starts[log.startsIndex + (segment % SEGMENT_STARTS)] = lsn;
}

/** The segment in which a log position lies that is still kept: for the meta page's checkpoint. */
export function segmentOfLsn(log: Log, lsn: number): number {
  const oldest = loadLogSharedOldest(log.control, log.shared);
  let segment = loadLogSharedSegment(log.control, log.shared);
  while (segment > oldest && segmentStart(log, segment) > lsn) segment--;
  assert(segmentStart(log, segment) <= lsn, 'the log of this position is still kept');
  return segment;
}

/** Prepared segments ahead of the one that is written. */
export const segmentsReady = (log: Log): number =>
  loadLogSharedLastReady(log.control, log.shared) - loadLogSharedSegment(log.control, log.shared);

/**
 * How much of a segment the log has promised since the last one was prepared, 0 to 1; 0 while a spare segment is there.
 * At 1 who needs more prepares it before it goes on.
 */
export function segmentWanted(log: Log): number {
  if (segmentsReady(log) > 0) return 0;
  const free = loadLogSharedFileFree(log.control, log.shared) / usableBlocks(log.options.segmentBytes);
  return Math.min(1, Math.max(0, 1 - free));
}

/** Bytes of the ring that are reserved and not written yet, or in the hands of threads that may reserve them. */
export const ringInUse = (log: Log): number => loadLogSharedRingUsed(log.control, log.shared);

/**
 * Prepares one more segment, or waits while another thread does. No latch may be held. Throws 53100 when there is no
 * room; nothing has changed then, and a later call tries again.
 */
export function prepareSegment(log: Log): void {
  const { control, shared } = log;
  const me = log.shm.thread + 1;
  const other = compareExchangeLogSharedPreparer(control, shared, 0, me);
  if (other !== 0) {
    waitOnWord(log.shm, control, shared + LOG_SHARED_PREPARER, other, 100);
    checkDeaths(log.shm);
    checkPoison(log.shm);
    return;
  }
  try {
    const segment = loadLogSharedLastReady(control, shared) + 1;
    if (segment - loadLogSharedOldest(control, shared) >= SEGMENT_STARTS - 1) throw tooManySegments(log);
    if (!recycleInto(log, segment)) {
      createSegmentFile(log.world.vfs, log.options.directory, segment, log.options.segmentBytes);
      noteUnwritten(log, segment, true);
    }
    segmentBecameReady(log, segment);
  } finally {
    stopPreparing(log);
  }
}

function tooManySegments(log: Log): SqlError {
  return new SqlError(
    SQLSTATE.disk_full,
    `the log in ${log.options.directory} has ${SEGMENT_STARTS - 1} segments that recovery may need`,
    {
      hint: 'end the oldest transactions, and check that checkpoints and archiving get on',
    },
  );
}

function segmentBecameReady(log: Log, segment: number): void {
  if (testing) yieldPoint('log.segmentReady');
  storeLogSharedLastReady(log.control, log.shared, segment);
  addLogSharedFileFree(log.control, log.shared, usableBlocks(log.options.segmentBytes));
}

/** What is only said to be so: nothing but speed depends on it (write.ts, zeroAhead). By who prepares segments. */
export function noteUnwritten(log: Log, segment: number, isUnwritten: boolean): void {
  const { control, shared } = log;
  const bit = 1 << (segment & 31);
  const before = loadLogSharedUnwritten(control, shared);
  storeLogSharedUnwritten(control, shared, isUnwritten ? before | bit : before & ~bit);
}

function stopPreparing(log: Log): void {
  storeLogSharedPreparer(log.control, log.shared, 0);
  Atomics.notify(log.control, logSharedPreparerWord(log.shared));
}

/**
 * Makes a segment that reads as zeros and has its room: temporary name, sync, rename, sync of the directory. `written`: by writing
 * zeros, which takes longer, and leaves the system's memory for the file ready for what is written over them.
 */
export function createSegmentFile(vfs: Vfs, directory: string, segment: number, segmentBytes: number, written = false): void {
  const temporary = join(directory, 'prepared.tmp');
  const file = vfs.open(temporary, 'create');
  try {
    file.truncate(0);
    if (written) writeZeros(file, 0, segmentBytes, ZEROED_AT_ONCE);
    else file.allocate(0, segmentBytes);
    file.sync();
  } catch (error) {
    // What was written so far takes room that others need now; the name is used again by the next try.
    file.truncate(0);
    throw error;
  } finally {
    file.close();
  }
  vfs.rename(temporary, segmentPath(directory, segment));
  vfs.syncDirectory(directory);
}

/** True if the oldest segment is needed no more and archived: by the caller's leave it gets another number. */
function oldestIsFree(log: Log): boolean {
  const { control, shared } = log;
  const oldest = loadLogSharedOldest(control, shared);
  if (oldest >= loadLogSharedSegment(control, shared) || oldest >= loadLogSharedFirstUnsynced(control, shared)) return false;
  // Not at equality: a meta page that was written before the next segment began still names this one.
  if (segmentStart(log, oldest + 1) >= loadLogSharedKeepLsn(control, shared)) return false;
  const archive = log.options.archive;
  return archive === null || archive(segmentPath(log.options.directory, oldest), oldest);
}

function recycleInto(log: Log, segment: number): boolean {
  if (!oldestIsFree(log)) return false;
  const { directory } = log.options;
  const oldest = loadLogSharedOldest(log.control, log.shared);
  log.world.vfs.rename(segmentPath(directory, oldest), segmentPath(directory, segment));
  log.world.vfs.syncDirectory(directory);
  storeLogSharedOldest(log.control, log.shared, oldest + 1);
  noteUnwritten(log, segment, false);
  return true;
}

/**
 * A checkpoint is on disk that makes recovery begin at `keepLsn` or later: segments wholly below it are prepared for
 * reuse, and removed beyond a few. Another thread that is at it already does so for us.
 */
export function checkpointPassed(log: Log, keepLsn: number): void {
  const { control, shared } = log;
  if (keepLsn <= loadLogSharedKeepLsn(control, shared)) return;
  storeLogSharedKeepLsn(control, shared, keepLsn);
  if (compareExchangeLogSharedPreparer(control, shared, 0, log.shm.thread + 1) !== 0) return;
  try {
    while (oldestIsFree(log)) {
      const next = loadLogSharedLastReady(control, shared) + 1;
      if (segmentsReady(log) < READY_MAX) {
        recycleInto(log, next);
        segmentBecameReady(log, next);
      } else {
        const oldest = loadLogSharedOldest(control, shared);
        log.world.vfs.remove(segmentPath(log.options.directory, oldest));
        storeLogSharedOldest(control, shared, oldest + 1);
      }
    }
  } finally {
    stopPreparing(log);
  }
}
