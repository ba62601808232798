/**
 * A miss: the page is in no frame, or in one that is still being read.
 *
 *   claim a victim (LOADING, no page)  ->  publish it in the page table  ->  read, verify, hooks  ->  CLEAN, page id, wake
 *            another frame is there already: give the victim back, wait until that one is loaded
 *            the read fails: take the frame out of the table, EMPTY, wake; the error names file and place (SM-W10)
 *
 * Nobody can reach the image while it is read: the frame has no page id, so no hold succeeds and no latch is kept.
 *
 * Rules upheld: SM-L5 (LOADING, not latched; waiters have a bound), SM-W8 (the read hook runs before the page id is set).
 * Hot where the data is larger than the cache: one read and one checksum, no allocation.
 */

import { assert } from '../../../shm/assert.ts';
import { criticalCount, enterCritical, leaveCritical } from '../../../shm/critical.ts';
import { awaitVersion, heldFrame } from '../../../shm/frame-latch.ts';
import {
  FRAME_STATE,
  loadFramePageId,
  loadFrameState,
  loadFrameSpare0,
  loadFrameTableKey,
  storeFrameSpare0,
  storeFramePageId,
  storeFrameState,
  storeFrameTableKey,
} from '../../../shm/frame.layout.gen.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_DIRTY, FRAME_STATE_EMPTY, FRAME_STATE_LOADING } from '../../../shm/frame.layout.ts';
import { tableInsert, tableRemove } from '../../../shm/page-table.ts';
import { frameBase, frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { type Frame, NO_FRAME, NO_PAGE, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { sleepOnWord } from '../../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { pageBoot, pageType, setPageBoot } from '../page.layout.gen.ts';
import { formatSpacePage, isSpacePage } from '../space/geometry.ts';
import { CACHE_SHARED_DIRTY_FRAMES } from './cache.layout.gen.ts';
import { freeDeadFrame } from './bury.ts';
import { recoveryWord } from './frame-words.ts';
import { type PageCache, UNLOGGED } from './page-cache.ts';
import { checkedPart, IMAGE_BLANK, IMAGE_SOUND, imageDamaged, imageState, isTemporaryPage, pagePosition } from './page-image.ts';
import { claimFrame, wantHugePages } from './victim.ts';

const testing = TESTING;

/** Above so many frames a view for each would take too much memory: it is made anew for every read. */
const CHECKED_PARTS_MAX = 1 << 16;

/** The frame of a page that was not found. `read` is false for a page whose content does not matter (it is zeros then). */
export function missFrame(cache: PageCache, pageId: PageId, read: boolean): Frame {
  const shm = cache.shm;
  assert(criticalCount(shm) === 0, 'no page is read under a latch (SM-L5)');
  assert(heldFrame(shm) === NO_FRAME, 'no page is read under a hold (SM-L4)');
  cache.counts.misses++;
  for (;;) {
    const frame = claimFrame(cache, pageId);
    if (read && !cache.acceptBlank) wantHugePages(cache, frame);
    if (testing) yieldPoint('cache.claimed');
    const taken = tableInsert(shm, pageId, frame);
    if (taken === frame) {
      if (testing) yieldPoint('cache.published');
      load(cache, frame, pageId, read);
      return frame;
    }
    freeFrame(cache, frame);
    if (awaitLoaded(cache, taken, pageId)) return taken;
  }
}

/** Waits until somebody else's read of the page is through. False when the frame is not the page's any more. */
function awaitLoaded(cache: PageCache, frame: Frame, pageId: PageId): boolean {
  const shm = cache.shm;
  const base = frameBase(shm, frame);
  for (;;) {
    const state = loadFrameState(shm.i32, base);
    if (loadFrameTableKey(shm.i32, base) !== pageId || state === FRAME_STATE_EMPTY) return false;
    if (state !== FRAME_STATE_LOADING) {
      // Loaded and without its page id: it is being taken away, under its latch. Asking again at once would claim frame after frame.
      if (loadFramePageId(shm.i32, base) !== pageId) awaitVersion(shm, frame);
      return true;
    }
    cache.counts.waits++;
    if (testing) yieldPoint('cache.awaitLoaded');
    // Announced first, looked at again afterwards: whoever shows the page does it the other way round.
    storeFrameSpare0(shm.i32, base, 1);
    if (loadFrameState(shm.i32, base) !== FRAME_STATE_LOADING) continue;
    sleepOnWord(shm, base + FRAME_STATE, FRAME_STATE_LOADING);
    freeDeadFrame(cache, frame);
  }
}

/** Fills a frame that is in the table under the page, and lets everybody at it; or frees it and throws. */
function load(cache: PageCache, frame: Frame, pageId: PageId, read: boolean): void {
  let dirty = false;
  try {
    if (read) dirty = readImage(cache, frame, pageId);
    else clearImage(cache, frame);
  } catch (error) {
    abandonFrame(cache, frame, pageId);
    throw error;
  }
  if (testing) yieldPoint('cache.read');
  finishLoad(cache, frame, pageId, dirty);
}

function clearImage(cache: PageCache, frame: Frame): void {
  const at = frameOffset(cache.shm, frame);
  frameSegment(cache.shm, frame).i32.fill(0, at >>> 2, (at + PAGE_BYTES) >>> 2);
}

/** Reads, verifies, runs the read hook. Returns true when the page differs from what is in the file. */
function readImage(cache: PageCache, frame: Frame, pageId: PageId): boolean {
  const segment = frameSegment(cache.shm, frame);
  const at = frameOffset(cache.shm, frame);
  const file = isTemporaryPage(pageId) ? cache.files.temporary : cache.files.data;
  const got = file.read(pagePosition(pageId), segment.bytesView, at, PAGE_BYTES);
  // Behind the end of the file there are zeros that nobody has written yet.
  if (got < PAGE_BYTES) segment.u8.fill(0, at + got, at + PAGE_BYTES);
  return admitImage(cache, frame, pageId, file.path);
}

/** Verifies the image in a frame and makes it ready to be seen (SM-W8). True when it differs from the file's. */
export function admitImage(cache: PageCache, frame: Frame, pageId: PageId, path: string): boolean {
  const segment = frameSegment(cache.shm, frame);
  const at = frameOffset(cache.shm, frame);
  const state = imageState(segment, at, pageId, checkedPartOf(cache, frame));
  if (state !== IMAGE_SOUND) {
    if (state !== IMAGE_BLANK || !(cache.acceptBlank || isSpacePage(pageId)))
      throw imageDamaged(segment, at, pageId, state, path);
    if (isSpacePage(pageId)) formatSpacePage(segment, at, pageId, cache.boot);
    return false;
  }
  if (pageBoot(segment.u32, at) === cache.boot) return false;
  const hook = cache.readHooks[pageType(segment.u8, at)];
  const changed = hook !== null && hook(segment, at, pageId);
  setPageBoot(segment.u32, at, cache.boot);
  return changed;
}

function checkedPartOf(cache: PageCache, frame: Frame): Uint8Array {
  const { shm, checkedParts } = cache;
  if (shm.frameCount > CHECKED_PARTS_MAX) return checkedPart(frameSegment(shm, frame).bytesView, frameOffset(shm, frame));
  return (checkedParts[frame] ??= checkedPart(frameSegment(shm, frame).bytesView, frameOffset(shm, frame)));
}

/**
 * The image is complete: shows the page. The page id comes last, and without the latch: whoever sees it sees all the rest, and
 * before that nobody keeps the latch or a hold.
 */
export function finishLoad(cache: PageCache, frame: Frame, pageId: PageId, dirty: boolean): void {
  const { shm } = cache;
  const { i32 } = shm;
  const base = frameBase(shm, frame);
  enterCritical(shm);
  if (dirty) {
    cache.f64[recoveryWord(shm, frame)] = UNLOGGED;
    Atomics.add(i32, (cache.shared + CACHE_SHARED_DIRTY_FRAMES) >>> 2, 1);
  }
  storeFrameState(i32, base, dirty ? FRAME_STATE_DIRTY : FRAME_STATE_CLEAN);
  storeFramePageId(i32, base, pageId);
  leaveCritical(shm);
  wakeWaiters(cache, base);
}

/** Who waits for the frame to be loaded has said so in its first spare word. */
function wakeWaiters(cache: PageCache, base: number): void {
  if (loadFrameSpare0(cache.i32, base) === 0) return;
  storeFrameSpare0(cache.i32, base, 0);
  Atomics.notify(cache.i32, (base + FRAME_STATE) >>> 2);
}

/** A frame that was claimed and published, but could not be filled. */
export function abandonFrame(cache: PageCache, frame: Frame, pageId: PageId): void {
  tableRemove(cache.shm, pageId, frame);
  freeFrame(cache, frame);
}

/** A claimed frame that is in no table goes back to those that are empty. */
export function freeFrame(cache: PageCache, frame: Frame): void {
  const base = frameBase(cache.shm, frame);
  storeFrameTableKey(cache.i32, base, NO_PAGE);
  storeFrameState(cache.i32, base, FRAME_STATE_EMPTY);
  wakeWaiters(cache, base);
}
