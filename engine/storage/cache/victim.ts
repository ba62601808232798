/**
 * Claiming a frame for a page: a fresh one, else one that a clean page is evicted from, else after writing dirty pages.
 *
 * A claimed frame is LOADING, in no table, without a page id, and belongs to the thread that stands in its owner word. The
 * version has moved on, so that whoever reads the former page optimistically starts again (SM-L2, SM-L5: try-latch, and
 * only at reader count 0).
 *
 * Allocation pages stay: pages are allocated under latches, where nothing can be read in (space/geometry.ts).
 */

import { scanRingTook, scanRingVictim, nextVictim, takeFreshFrame } from '../../../shm/clock-hand.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { tryLatchFrame, unlatchFrame, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import {
  FRAME_OWNER,
  FRAME_REFERENCED,
  FRAME_TABLE_KEY,
  loadFramePageId,
  loadFrameState,
  storeFramePageId,
  storeFrameState,
} from '../../../shm/frame.layout.gen.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_EMPTY, FRAME_STATE_LOADING } from '../../../shm/frame.layout.ts';
import { tableRemove } from '../../../shm/page-table.ts';
import { adviseHugePages } from '../../../shm/huge-pages.ts';
import { frameBase } from '../../../shm/shared-memory.ts';
import { type Frame, NO_FRAME, NO_PAGE, type PageId } from '../../../shm/types.ts';
import { isAllocationPage } from '../space/geometry.ts';
import { recoveryWord, writingWord } from './frame-words.ts';
import { dirtyFrames, NEVER, type PageCache } from './page-cache.ts';
import { makeCleanFrames } from './page-writer.ts';

/** Milliseconds after which a cache whose frames are all in use counts as too small. */
const CLAIM_MILLISECONDS = 10_000;

/**
 * A frame for `pageId`, claimed for the calling thread, which holds nothing. May write pages and flush the log. Where the disk is full
 * reads go on for as long as there is a clean frame. 53100; 53200 when for ten seconds no frame came free.
 */
export function claimFrame(cache: PageCache, pageId: PageId): Frame {
  let deadline = 0;
  // With few clean frames left, pages that are needed together would drive each other out for ever.
  const full = dirtyFrames(cache) > cache.dirtyMax ? cleanIfRoom(cache) : null;
  for (;;) {
    const frame = tryClaimFrame(cache, pageId);
    if (frame !== NO_FRAME) return frame;
    if (full !== null) throw full;
    if (deadline === 0) deadline = performance.now() + CLAIM_MILLISECONDS;
    else if (performance.now() > deadline) throw cacheTooSmall(cache);
    makeCleanFrames(cache);
  }
}

/** The error that says that there is no room for what would have to be written; null: it is written. */
function cleanIfRoom(cache: PageCache): SqlError | null {
  try {
    makeCleanFrames(cache);
    return null;
  } catch (error) {
    if (error instanceof SqlError && error.code === SQLSTATE.disk_full) return error;
    throw error;
  }
}

/**
 * Asks for huge pages once `frames` are in use: for who reads much. Whoever fills a cache with new pages would pay for them where it
 * is least wanted, for to be handed 2 MiB of zeros takes longer than to be handed as much in small pieces that were in use before
 * (5 ms and 1 ms in a virtual machine). Each thread asks once, which does no harm.
 */
export function wantHugePages(cache: PageCache, frames: number): void {
  if (frames < cache.hugePagesFrom) return;
  const { shm } = cache;
  cache.hugePagesFrom = Number.MAX_SAFE_INTEGER;
  adviseHugePages(shm.control.buffer);
  for (const segment of shm.frameSegments) adviseHugePages(segment.buffer);
}

/** The same without writing: NO_FRAME when no clean frame was met. */
export function tryClaimFrame(cache: PageCache, pageId: PageId): Frame {
  const { shm, ring } = cache;
  let frame = takeFreshFrame(shm);
  if (frame === NO_FRAME && cache.scanning) frame = scanRingVictim(shm, ring);
  // A choice is a hint: another thread may be faster. After as many disappointments as there are frames something must be written.
  for (let attempts = 0; attempts <= shm.frameCount; attempts++) {
    if (frame !== NO_FRAME && take(cache, frame)) {
      if (cache.scanning) scanRingTook(ring, frame, pageId);
      else shm.i32[(frameBase(shm, frame) + FRAME_REFERENCED) >>> 2] = 1;
      return frame;
    }
    frame = nextVictim(shm);
    if (frame === NO_FRAME) return NO_FRAME;
  }
  return NO_FRAME;
}

/** Empties a frame and claims it, if nobody uses it. */
function take(cache: PageCache, frame: Frame): boolean {
  const { shm } = cache;
  const { i32 } = shm;
  const base = frameBase(shm, frame);
  if (!tryLatchFrame(shm, frame)) return false;
  const state = loadFrameState(i32, base);
  const pageId = loadFramePageId(i32, base);
  // An empty frame with a page id is a fresh one that another thread is just being handed.
  // A clean one without a page id is about to be shown.
  const usable =
    state === FRAME_STATE_CLEAN
      ? pageId !== NO_PAGE && !isAllocationPage(pageId)
      : state === FRAME_STATE_EMPTY && pageId === NO_PAGE;
  if (!usable) {
    unlatchFrameUnchanged(shm, frame);
    return false;
  }
  // In this order, so that a burial finds enough to put right at each step; the latch makes death in here a poisoning anyway.
  storeFramePageId(i32, base, NO_PAGE);
  if (state === FRAME_STATE_CLEAN) tableRemove(shm, pageId, frame);
  // Plain: the state, stored after them, carries them over to others.
  i32[(base + FRAME_TABLE_KEY) >>> 2] = NO_PAGE;
  i32[(base + FRAME_REFERENCED) >>> 2] = 0;
  i32[(base + FRAME_OWNER) >>> 2] = shm.thread + 1;
  cache.f64[recoveryWord(shm, frame)] = NEVER;
  cache.f64[writingWord(shm, frame)] = NEVER;
  storeFrameState(i32, base, FRAME_STATE_LOADING);
  unlatchFrame(shm, frame);
  return true;
}

function cacheTooSmall(cache: PageCache): SqlError {
  return new SqlError(SQLSTATE.out_of_memory, `none of the ${cache.shm.frameCount} pages of the cache came free within 10 s`, {
    hint: 'make cache_size larger, or use fewer threads',
  });
}
