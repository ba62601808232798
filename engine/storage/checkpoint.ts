/**
 * Fuzzy checkpoints: how far back recovery has to read the log, moved forward while everybody works on (SM-W9).
 *
 *   1  end = end of the log now. Every page with a change from before `end` is written; pages that change meanwhile may stay dirty
 *   2  second look: end = end of the log now; keep = the smallest of: end, what any dirty page needs, the first record of any
 *      transaction slot in use (SM-W8)
 *   3  the meta page says: recovery begins at keep. Then log segments below it may be used again
 *
 * A change is either seen or behind `end`: its record is reserved and its page marked under one latch (SM-W1), and the look
 * waits for a latch that is held. So a record below `end` has marked its page by the time the frame is looked at.
 *
 * One at a time: a word of its own says who. The page writer it owns for the time of some batches only, so that others find
 * clean frames meanwhile. Driven by log volume: checkpointDue().
 */

import { framesTaken } from '../../shm/clock-hand.ts';
import { checkPoison } from '../../shm/critical.ts';
import { awaitVersion } from '../../shm/frame-latch.ts';
import { loadFrameState, loadFrameVersion } from '../../shm/frame.layout.gen.ts';
import { FRAME_STATE_DIRTY } from '../../shm/frame.layout.ts';
import { frameBase } from '../../shm/shared-memory.ts';
import type { Bytes, Lsn } from '../../shm/types.ts';
import { sleepOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { freeDeadCheckpointer } from './cache/bury.ts';
import {
  CACHE_SHARED_CHECKPOINTER,
  compareExchangeCacheSharedCheckpointer,
  loadCacheSharedCheckpointer,
  loadCacheSharedCheckpointLsn,
  storeCacheSharedCheckpointer,
  storeCacheSharedCheckpointLsn,
} from './cache/cache.layout.gen.ts';
import { oldestRecoveryLsn } from './cache/dirty-frames.ts';
import { NEVER, type PageCache } from './cache/page-cache.ts';
import { giveWriter, takeWriter, writePages } from './cache/page-writer.ts';
import { wantHugePages } from './cache/victim.ts';
import { type Meta, readMeta, writeMeta } from './meta.ts';

const testing = TESTING;

/** Pages that a checkpoint writes before it looks whether the handle is still sound. */
const SLICE_PAGES = 1024;
/** Times that dirty pages are written again because somebody was quicker, before the rest is left to the next checkpoint. */
const ROUNDS_MAX = 4;

/** What a checkpoint needs of the log and of transactions. */
export interface CheckpointPorts {
  /** First log position of any transaction slot in use; Infinity when there is none. */
  firstLsnInUse(): Lsn;
  highestTransaction(): number;
  highestStamp(): number;
  /** Number of the log segment that a position lies in. */
  segmentOfLsn(lsn: Lsn): number;
  /** The log below `keepLsn` is not needed any more: the meta page that says so is on disk. */
  checkpointPassed(keepLsn: Lsn): void;
}

/** True when so many bytes were logged since the last checkpoint that the next one is due. */
export function checkpointDue(cache: PageCache, everyBytes: Bytes): boolean {
  return cache.log.endLsn() - loadCacheSharedCheckpointLsn(cache.i32, cache.shared) >= everyBytes;
}

/**
 * Takes a checkpoint; false when another thread is at it. `change` may alter what the meta page says besides (close sets
 * cleanShutdown). Returns after the meta page is on disk. Nothing latched or held. Errors of the page writer.
 */
export function checkpoint(cache: PageCache, ports: CheckpointPorts, change: (meta: Meta) => void = noChange): boolean {
  if (compareExchangeCacheSharedCheckpointer(cache.i32, cache.shared, 0, cache.shm.thread + 1) !== 0) {
    freeDeadCheckpointer(cache);
    return false;
  }
  try {
    writeOlderPages(cache);
    if (testing) yieldPoint('checkpoint.written');
    const end = cache.log.endLsn();
    const inUse = ports.firstLsnInUse();
    const keep = Math.min(inUse, oldestNeeded(cache, end));
    if (testing) yieldPoint('checkpoint.looked');
    // The end of the log is where recovery would begin with nothing to do: it has to exist on disk.
    cache.log.flushTo(keep);
    const meta = readMeta(cache.files);
    meta.boot = cache.boot;
    meta.cleanShutdown = false;
    meta.checkpointLsn = keep;
    meta.durableLsn = Math.max(cache.log.durableLsn(), keep);
    meta.logSegment = ports.segmentOfLsn(keep);
    meta.highestTransaction = ports.highestTransaction();
    meta.highestStamp = ports.highestStamp();
    change(meta);
    writeMeta(cache.files, meta);
    if (testing) yieldPoint('checkpoint.meta');
    storeCacheSharedCheckpointLsn(cache.i32, cache.shared, end);
    ports.checkpointPassed(keep);
    wantHugePages(cache, framesTaken(cache.shm));
    return true;
  } finally {
    giveCheckpointer(cache);
  }
}

const noChange = (): void => {};

/** Changes what the meta page says besides checkpoints (the root of sys.tables); waits for a checkpoint under way. On disk on return. */
export function changeMeta(cache: PageCache, change: (meta: Meta) => void): void {
  const { i32, shared, shm } = cache;
  while (compareExchangeCacheSharedCheckpointer(i32, shared, 0, shm.thread + 1) !== 0) {
    const owner = loadCacheSharedCheckpointer(i32, shared);
    if (owner !== 0) sleepOnWord(shm, shared + CACHE_SHARED_CHECKPOINTER, owner);
    freeDeadCheckpointer(cache);
  }
  try {
    const meta = readMeta(cache.files);
    change(meta);
    writeMeta(cache.files, meta);
  } finally {
    giveCheckpointer(cache);
  }
}

/** Lets others take checkpoints again. */
export function giveCheckpointer(cache: PageCache): void {
  storeCacheSharedCheckpointer(cache.i32, cache.shared, 0);
  Atomics.notify(cache.i32, (cache.shared + CACHE_SHARED_CHECKPOINTER) >>> 2);
}

/** Writes every page that has a change from before now. A page that is changed all the time may escape; the next look sees it. */
function writeOlderPages(cache: PageCache): void {
  const before = cache.log.endLsn();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    let written = 0;
    for (;;) {
      const some = writePages(cache, SLICE_PAGES, before);
      written += some;
      checkPoison(cache.shm);
      if (some < SLICE_PAGES) break;
    }
    if (written === 0) return;
  }
}

/**
 * The log position from which the pages in the cache need the log, at most `end`. Under the page writer, so that no copy is on
 * its way without standing in its descriptor.
 */
function oldestNeeded(cache: PageCache, end: Lsn): Lsn {
  const { shm } = cache;
  let oldest = end;
  takeWriter(cache);
  try {
    for (let frame = 0; frame < framesTaken(shm); frame++) {
      const base = frameBase(shm, frame);
      // Somebody is amid a change whose record may lie below `end`, and has not said so yet.
      if ((loadFrameVersion(shm.i32, base) & 1) !== 0) awaitChange(cache, frame);
      if (loadFrameState(shm.i32, base) === FRAME_STATE_DIRTY) oldest = oldestRecoveryLsn(cache, frame, oldest);
    }
  } finally {
    giveWriter(cache);
  }
  return oldest;
}

/** Waits until the latch that was seen is given back; a later one does not matter. */
function awaitChange(cache: PageCache, frame: number): void {
  const base = frameBase(cache.shm, frame);
  const seen = loadFrameVersion(cache.i32, base) & VERSION_BITS;
  while ((seen & 1) !== 0 && (loadFrameVersion(cache.i32, base) & VERSION_BITS) === seen) awaitVersion(cache.shm, frame);
}

const VERSION_BITS = 0x7fffffff;

/** Writes all dirty pages, temporary ones too: before the files are closed. */
export function writeAllPages(cache: PageCache): void {
  while (writePages(cache, SLICE_PAGES, NEVER) > 0) checkPoison(cache.shm);
}

/** Told by who opened the database: where its last checkpoint was. */
export function startCheckpoints(cache: PageCache, lsn: Lsn): void {
  storeCacheSharedCheckpointLsn(cache.i32, cache.shared, lsn);
}
