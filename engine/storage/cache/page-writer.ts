/**
 * The page writer: writes dirty pages in batches through the double-write file (SM-W5). Whoever needs it runs it: a pool job, a
 * checkpoint, or a foreground thread that finds no clean frame. One at a time owns it.
 *
 *   1  copy each page under a shared hold; its recoveryLsn moves to 'writing', and recoveryLsn is NEVER until it changes again
 *   2  hooks work on the copies: stamps of durable commits are resolved, 'all visible' is found out (SM-P1); checksum
 *   3  flush the log up to the greatest LSN among the copies
 *   4  header and images to the double-write file, sync; images in place, sync.   Temporary pages: in place, no more
 *   5  a frame whose recoveryLsn is still NEVER is clean; in any case 'writing' is NEVER again
 *
 * A page stays DIRTY throughout, so it is not evicted, and a checkpoint that looks at both positions loses none. If the owner
 * dies, whoever buries it takes 'writing' back into recoveryLsn (bury.ts).
 *
 * What goes wrong in 4: no room (files are grown before, SM-F1, but some file systems need room even to overwrite) leaves
 * everything dirty and is reported; anything else makes the memory unusable, for nobody knows what is in the file (SM-W4).
 */

import { assert } from '../../../shm/assert.ts';
import { criticalCount, poison } from '../../../shm/critical.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { heldFrame, holdFrame, latchFrame, releaseFrame, unlatchFrame, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_DIRTY } from '../../../shm/frame.layout.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { type Frame, type Lsn, NO_FRAME, NO_PAGE, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { sleepOnWord, waitOnWord } from '../../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import {
  pageFlags,
  pageGreatestStamp,
  pageLsn,
  pagePageId,
  pageType,
  setPageBoot,
  setPageFlags,
  setPageGreatestStamp,
  setPagePageId,
} from '../page.layout.gen.ts';
import { PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT } from '../page.layout.ts';
import {
  addCacheSharedBatches,
  addCacheSharedDirtyFrames,
  CACHE_SHARED_BATCHES,
  CACHE_SHARED_WRITER,
  cacheSharedDatabaseHigh,
  cacheSharedDatabaseLow,
  compareExchangeCacheSharedWriter,
  loadCacheSharedBatches,
  loadCacheSharedWriter,
  storeCacheSharedWriter,
} from './cache.layout.gen.ts';
import { BATCH_PAGES } from './cache.layout.ts';
import { freeDeadWriter } from './bury.ts';
import { forgetCandidates, nextDirtyFrame } from './dirty-frames.ts';
import { formatBatchHeader } from './double-write.ts';
import { pageIdWord, recoveryWord, stateWord, writingWord } from './frame-words.ts';
import { NEVER, type PageCache } from './page-cache.ts';
import { pagePosition, sealImage } from './page-image.ts';

const testing = TESTING;

/** Frames of the batch in the order of their images, and whether each may take over 'all visible' from its copy. */
interface Batch {
  readonly frames: Int32Array;
  /** The page of each copy; the frame of a temporary page that is freed meanwhile may get another. */
  readonly pages: Int32Array;
  readonly visible: Uint8Array;
  count: number;
  /** Images before this one are of temporary pages. */
  temporary: number;
}

// ---- ownership ----

/** Takes the writer if nobody has it. */
export function tryTakeWriter(cache: PageCache): boolean {
  return compareExchangeCacheSharedWriter(cache.i32, cache.shared, 0, cache.shm.thread + 1) === 0;
}

/** Takes the writer, waiting until its owner is through with a batch. */
export function takeWriter(cache: PageCache): void {
  while (!tryTakeWriter(cache)) {
    const owner = loadCacheSharedWriter(cache.i32, cache.shared);
    assert(owner !== cache.shm.thread + 1, 'the writer is not taken twice by one thread');
    if (testing) yieldPoint('writer.wait');
    if (owner !== 0) sleepOnWord(cache.shm, cache.shared + CACHE_SHARED_WRITER, owner);
    freeDeadWriter(cache);
  }
}

export function giveWriter(cache: PageCache): void {
  storeCacheSharedWriter(cache.i32, cache.shared, 0);
  Atomics.notify(cache.i32, (cache.shared + CACHE_SHARED_WRITER) >>> 2);
}

// ---- entry points ----

/**
 * Writes up to `atMost` dirty pages, oldest first, that have changes from before `below`; returns how many. Waits for another
 * writer first. No latch, no hold. 53100 and 57P02 as the file's head says.
 */
export function writePages(cache: PageCache, atMost: number, below: Lsn = NEVER): number {
  takeWriter(cache);
  try {
    return writeOwned(cache, atMost, below);
  } finally {
    giveWriter(cache);
  }
}

/** For who found no clean frame: writes one batch, or waits until somebody else has written one. */
export function makeCleanFrames(cache: PageCache): void {
  const seen = loadCacheSharedBatches(cache.i32, cache.shared);
  if (tryTakeWriter(cache)) {
    let written = 0;
    try {
      written = writeOwned(cache, BATCH_PAGES, NEVER);
    } finally {
      giveWriter(cache);
    }
    if (written > 0) return;
    // All frames are latched, held or being read: a moment, until somebody is through.
    waitOnWord(cache.shm, cache.i32, cache.shared + CACHE_SHARED_BATCHES, seen, 1);
    return;
  }
  if (testing) yieldPoint('writer.waitBatch');
  sleepOnWord(cache.shm, cache.shared + CACHE_SHARED_BATCHES, seen);
  freeDeadWriter(cache);
}

/** The same as writePages() for a thread that owns the writer. */
export function writeOwned(cache: PageCache, atMost: number, below: Lsn): number {
  assert(criticalCount(cache.shm) === 0 && heldFrame(cache.shm) === NO_FRAME, 'nothing is written under a latch or hold (SM-L5)');
  forgetCandidates(cache);
  let written = 0;
  while (written < atMost) {
    const count = writeBatch(cache, Math.min(BATCH_PAGES, atMost - written), below);
    if (count === 0) break;
    written += count;
  }
  return written;
}

// ---- one batch ----

function writeBatch(cache: PageCache, atMost: number, below: Lsn): number {
  const batch: Batch = {
    frames: collect(cache, atMost, below),
    pages: new Int32Array(BATCH_PAGES),
    visible: new Uint8Array(BATCH_PAGES),
    count: 0,
    temporary: 0,
  };
  copyPages(cache, batch);
  if (batch.count === 0) return 0;
  try {
    if (testing) yieldPoint('writer.copied');
    prepareCopies(cache, batch);
    writeTemporary(cache, batch);
    if (batch.count > batch.temporary) writeThroughDoubleWrite(cache, batch);
  } catch (error) {
    for (let index = 0; index < batch.count; index++) takeBack(cache, batch.frames[index]);
    if (error instanceof SqlError && error.code !== SQLSTATE.io_error) throw error;
    const failure = poison(
      cache.shm,
      `a page could not be written: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
    throw error instanceof SqlError ? failure : error;
  }
  if (testing) yieldPoint('writer.inPlace');
  for (let index = 0; index < batch.count; index++) settle(cache, batch, index);
  cache.counts.batches++;
  cache.counts.written += batch.count;
  addCacheSharedBatches(cache.i32, cache.shared, 1);
  Atomics.notify(cache.i32, (cache.shared + CACHE_SHARED_BATCHES) >>> 2);
  return batch.count;
}

/**
 * Dirty frames by page: temporary ones first, neighbours in the file next to each other. Each once: of two images of one page in a
 * batch the older one could hand 'all visible' to a page that has changed since.
 */
function collect(cache: PageCache, atMost: number, below: Lsn): Int32Array {
  const found = new Set<Frame>();
  while (found.size < atMost) {
    const frame = nextDirtyFrame(cache, below);
    // Found again: the search has gone round.
    if (frame < 0 || found.has(frame)) break;
    found.add(frame);
  }
  const { i32, shm } = cache;
  return Int32Array.from(found).sort((a, b) => i32[pageIdWord(shm, a)] - i32[pageIdWord(shm, b)]);
}

/** Place of an image in the batch buffer; the header is in front of the first. */
const imageAt = (cache: PageCache, index: number): number => cache.batch + (index + 1) * PAGE_BYTES;

function copyPages(cache: PageCache, batch: Batch): void {
  for (let index = 0; index < batch.frames.length; index++) {
    const frame = batch.frames[index];
    const pageId = copyPage(cache, frame, imageAt(cache, batch.count));
    if (pageId === NO_PAGE) continue;
    batch.pages[batch.count] = pageId;
    batch.frames[batch.count++] = frame;
    if (pageId < 0) batch.temporary = batch.count;
  }
}

/** Copies a page under a hold and notes what the copy covers. NO_PAGE when the frame is not dirty any more. */
function copyPage(cache: PageCache, frame: Frame, to: number): PageId {
  const { shm, f64 } = cache;
  const pageId = Atomics.load(cache.i32, pageIdWord(shm, frame));
  if (pageId === NO_PAGE || !holdFrame(shm, frame, pageId)) return NO_PAGE;
  const recovery = recoveryWord(shm, frame);
  const dirty = Atomics.load(cache.i32, stateWord(shm, frame)) === FRAME_STATE_DIRTY && f64[recovery] !== NEVER;
  if (dirty) {
    const at = frameOffset(shm, frame);
    shm.control.u8.set(frameSegment(shm, frame).u8.subarray(at, at + PAGE_BYTES), to);
    f64[writingWord(shm, frame)] = f64[recovery];
    f64[recovery] = NEVER;
  }
  releaseFrame(shm, frame);
  return dirty ? pageId : NO_PAGE;
}

function prepareCopies(cache: PageCache, batch: Batch): void {
  const copies = cache.shm.control;
  for (let index = 0; index < batch.count; index++) {
    const at = imageAt(cache, index);
    const pageId = batch.pages[index];
    if (index < batch.temporary) setPagePageId(copies.u32, at, pageId);
    assert((pagePageId(copies.u32, at) | 0) === pageId, 'a page that is written knows its own number');
    const hook = cache.copyHooks[pageType(copies.u8, at)];
    batch.visible[index] = hook !== null && hook(copies, at, pageId) ? 1 : 0;
    setPageBoot(copies.u32, at, cache.boot);
    sealImage(copies, at);
  }
}

function writeTemporary(cache: PageCache, batch: Batch): void {
  writeInPlace(cache, batch, 0, batch.temporary);
}

function writeThroughDoubleWrite(cache: PageCache, batch: Batch): void {
  const { files, shm } = cache;
  const bytes = shm.control.bytesView;
  const first = imageAt(cache, batch.temporary);
  const end = imageAt(cache, batch.count);
  flushLog(cache, batch);
  if (testing) yieldPoint('writer.flushed');
  const origin = {
    databaseHigh: cacheSharedDatabaseHigh(cache.i32, cache.shared),
    databaseLow: cacheSharedDatabaseLow(cache.i32, cache.shared),
    boot: cache.boot,
    batch: loadCacheSharedBatches(cache.i32, cache.shared) >>> 0,
  };
  formatBatchHeader(shm.control, cache.batch, first, batch.count - batch.temporary, origin);
  files.doubleWrite.writeParts(0, [bytes.subarray(cache.batch, cache.batch + PAGE_BYTES), bytes.subarray(first, end)]);
  files.doubleWrite.sync();
  if (testing) yieldPoint('writer.doubleWritten');
  writeInPlace(cache, batch, batch.temporary, batch.count);
  files.data.sync();
}

/** Nothing is written before the log that describes it is on disk. */
function flushLog(cache: PageCache, batch: Batch): void {
  let lsn = 0;
  for (let index = batch.temporary; index < batch.count; index++) {
    lsn = Math.max(lsn, pageLsn(cache.shm.control.f64, imageAt(cache, index)));
  }
  if (lsn > cache.log.durableLsn()) cache.log.flushTo(lsn);
}

/** Writes images [from, to) where they belong, neighbours in one call. */
function writeInPlace(cache: PageCache, batch: Batch, from: number, to: number): void {
  const { bytesView } = cache.shm.control;
  const file = from < batch.temporary ? cache.files.temporary : cache.files.data;
  for (let index = from; index < to; ) {
    const pageId = batch.pages[index];
    let run = 1;
    while (index + run < to && batch.pages[index + run] === pageId + run) run++;
    file.write(pagePosition(pageId), bytesView, imageAt(cache, index), run * PAGE_BYTES);
    index += run;
  }
}

/** The image is in the file: the frame is clean unless the page has changed since it was copied. */
function settle(cache: PageCache, batch: Batch, index: number): void {
  const { shm, f64 } = cache;
  const frame = batch.frames[index];
  latchFrame(shm, frame);
  f64[writingWord(shm, frame)] = NEVER;
  const changed = f64[recoveryWord(shm, frame)] !== NEVER;
  // Clean already: a temporary page that was freed meanwhile.
  if (changed || Atomics.load(cache.i32, stateWord(shm, frame)) !== FRAME_STATE_DIRTY) {
    unlatchFrameUnchanged(shm, frame);
    return;
  }
  Atomics.store(cache.i32, stateWord(shm, frame), FRAME_STATE_CLEAN);
  addCacheSharedDirtyFrames(cache.i32, cache.shared, -1);
  if (batch.visible[index] === 0) {
    unlatchFrameUnchanged(shm, frame);
    return;
  }
  takeOverVisibility(cache, frame, imageAt(cache, index));
  unlatchFrame(shm, frame);
}

/** SM-P1: nothing in the page was in flight when it was copied, and it has not changed since. */
function takeOverVisibility(cache: PageCache, frame: Frame, copy: number): void {
  const segment = frameSegment(cache.shm, frame);
  const at = frameOffset(cache.shm, frame);
  const copies = cache.shm.control;
  setPageFlags(
    segment.u8,
    at,
    pageFlags(segment.u8, at) | (pageFlags(copies.u8, copy) & (PAGE_ALL_VISIBLE | PAGE_ENTRIES_EXACT)),
  );
  setPageGreatestStamp(segment.f64, at, pageGreatestStamp(copies.f64, copy));
}

/** The copy will not reach the file: the frame needs the log from where it did before. */
export function takeBack(cache: PageCache, frame: Frame): void {
  const { shm, f64 } = cache;
  latchFrame(shm, frame);
  const recovery = recoveryWord(shm, frame);
  const writing = writingWord(shm, frame);
  if (f64[writing] < f64[recovery]) f64[recovery] = f64[writing];
  f64[writing] = NEVER;
  unlatchFrameUnchanged(shm, frame);
}
