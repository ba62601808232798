/**
 * What a thread that died outside of critical sections leaves behind in the cache: frames it was reading into, the page
 * writer, and the growing of a file (architecture.md, Threads).
 *
 * Who waits for one of these puts it right by itself: it holds nothing then, and it cannot go on before. What nobody waits
 * for is put right by the late burial. Each is taken over by a compare-and-exchange of the word that names the owner.
 */

import { registerBurier } from '../../../shm/deaths.ts';
import { framesTaken } from '../../../shm/clock-hand.ts';
import { compareExchangeFrameOwner, loadFrameOwner, loadFrameState, loadFrameTableKey } from '../../../shm/frame.layout.gen.ts';
import { FRAME_STATE_DIRTY, FRAME_STATE_LOADING } from '../../../shm/frame.layout.ts';
import { tableFind, tableRemove } from '../../../shm/page-table.ts';
import { frameBase } from '../../../shm/shared-memory.ts';
import { isAttached } from '../../../shm/threads.ts';
import { type Frame, NO_PAGE, type ThreadNumber } from '../../../shm/types.ts';
import {
  CACHE_SHARED_GROWER,
  compareExchangeCacheSharedCheckpointer,
  compareExchangeCacheSharedGrower,
  compareExchangeCacheSharedWriter,
  loadCacheSharedCheckpointer,
  loadCacheSharedGrower,
  loadCacheSharedWriter,
} from './cache.layout.gen.ts';
import { writingWord } from './frame-words.ts';
import { freeFrame } from './miss.ts';
import { NEVER, type PageCache } from './page-cache.ts';
import { giveWriter, takeBack } from './page-writer.ts';

/** Makes this thread able to bury others. Once a thread, when its cache is made. */
export function registerCacheBurier(cache: PageCache): void {
  registerBurier(cache.shm, 'late', (shm, thread) => {
    for (let frame = 0; frame < framesTaken(shm); frame++) takeOverFrame(cache, frame, thread);
    takeOverWriter(cache, thread);
    takeOverGrower(cache, thread);
    compareExchangeCacheSharedCheckpointer(cache.i32, cache.shared, thread + 1, 0);
  });
}

/** True when the word names a thread that is known to be dead. */
export const isOwnerDead = (cache: PageCache, owner: number): boolean => owner !== 0 && !isAttached(cache.shm, owner - 1);

/** Frees a frame whose reader has died, if it has. */
export function freeDeadFrame(cache: PageCache, frame: Frame): void {
  const owner = loadFrameOwner(cache.i32, frameBase(cache.shm, frame));
  if (isOwnerDead(cache, owner)) takeOverFrame(cache, frame, owner - 1);
}

/** Frees the page writer if its owner has died. */
export function freeDeadWriter(cache: PageCache): void {
  const owner = loadCacheSharedWriter(cache.i32, cache.shared);
  if (isOwnerDead(cache, owner)) takeOverWriter(cache, owner - 1);
}

/** Frees the right to make a file longer, if who has it has died. */
export function freeDeadGrower(cache: PageCache): void {
  const owner = loadCacheSharedGrower(cache.i32, cache.shared);
  if (isOwnerDead(cache, owner)) takeOverGrower(cache, owner - 1);
}

/** Lets the next checkpoint begin if who took one has died: what it had written is as good as before. */
export function freeDeadCheckpointer(cache: PageCache): void {
  const owner = loadCacheSharedCheckpointer(cache.i32, cache.shared);
  if (isOwnerDead(cache, owner)) compareExchangeCacheSharedCheckpointer(cache.i32, cache.shared, owner, 0);
}

/** The thread died between claiming the frame and showing the page. */
function takeOverFrame(cache: PageCache, frame: Frame, thread: ThreadNumber): void {
  const { shm, i32 } = cache;
  const base = frameBase(shm, frame);
  if (loadFrameState(i32, base) !== FRAME_STATE_LOADING) return;
  if (compareExchangeFrameOwner(i32, base, thread + 1, shm.thread + 1) !== thread + 1) return;
  const key = loadFrameTableKey(i32, base);
  if (key !== NO_PAGE && tableFind(shm, key) === frame) tableRemove(shm, key, frame);
  freeFrame(cache, frame);
}

/** The thread died while it wrote a batch: nobody knows how far it came, so its pages count as not written. */
function takeOverWriter(cache: PageCache, thread: ThreadNumber): void {
  const { shm, i32, f64 } = cache;
  if (compareExchangeCacheSharedWriter(i32, cache.shared, thread + 1, shm.thread + 1) !== thread + 1) return;
  for (let frame = 0; frame < framesTaken(shm); frame++) {
    const dirty = loadFrameState(i32, frameBase(shm, frame)) === FRAME_STATE_DIRTY;
    if (dirty && f64[writingWord(shm, frame)] !== NEVER) takeBack(cache, frame);
  }
  giveWriter(cache);
}

/** Nothing was promised on what the dead thread may have written behind the known end of the file. */
function takeOverGrower(cache: PageCache, thread: ThreadNumber): void {
  if (compareExchangeCacheSharedGrower(cache.i32, cache.shared, thread + 1, 0) !== thread + 1) return;
  Atomics.notify(cache.i32, (cache.shared + CACHE_SHARED_GROWER) >>> 2);
}
