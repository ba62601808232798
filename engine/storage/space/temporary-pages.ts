/**
 * Pages of the temporary file: temporary tables and their indexes, spilled versions. Same cache, no log, no checkpoint; which
 * are in use stands in bitmaps in the shared heap, gone with the process as the pages are.
 *
 * Their numbers are negative (page-image.ts). Who frees a page has made sure that no thread still reads it: there is no epoch
 * here. A dead thread's pages stay taken until the next open, unless the burial of what used them gives them back.
 */

import { assert } from '../../../shm/assert.ts';
import { HEAP_PIECE_BYTES, heapAllocate, heapFree } from '../../../shm/allocator.ts';
import { diskFull, outOfMemory } from '../../../shm/errors.ts';
import { latchFrame, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_DIRTY } from '../../../shm/frame.layout.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import { lookupFrame } from '../../../shm/page-table.ts';
import type { PageId } from '../../../shm/types.ts';
import { addCacheSharedDirtyFrames } from '../cache/cache.layout.gen.ts';
import { recoveryWord, stateWord } from '../cache/frame-words.ts';
import { growTemporaryFile } from '../cache/grow.ts';
import { NEVER, type PageCache, pageIdOf } from '../cache/page-cache.ts';
import { TEMPORARY_PAGE } from '../page.layout.ts';
import type { Space } from './space.ts';
import {
  setSpaceSharedTemporaryFirst,
  setSpaceSharedTemporaryUsed,
  spaceSharedTemporaryFirst,
  spaceSharedTemporaryUsed,
} from './space.layout.gen.ts';
import { TEMPORARY_PIECE_PAGES, TEMPORARY_PIECES } from './space.layout.ts';

assert(TEMPORARY_PIECE_PAGES === HEAP_PIECE_BYTES * 8, 'a piece has a bit for each of its pages');

const pieceAt = (space: Space, piece: number): number => (space.temporary + piece * 4) >>> 2;

/** Takes a run of `count` temporary pages and returns the first; their content is undefined. Nothing latched. 53100, 53200. */
export function takeTemporaryPages(space: Space, count: number): PageId {
  assert(count >= 1 && count <= TEMPORARY_PIECE_PAGES, 'a run of temporary pages lies in one piece');
  const { shm } = space;
  for (;;) {
    acquireLatch(shm, space.shared);
    const place = findFree(space, count);
    if (place.run) mark(space, place.page, count, true);
    releaseLatch(shm, space.shared);
    if (!place.run) {
      addPiece(space, place.page);
      continue;
    }
    const first = (place.page | TEMPORARY_PAGE) as PageId;
    try {
      growTemporaryFile(space.cache, place.page + count);
    } catch (error) {
      freeTemporaryPages(space, first, count);
      throw error;
    }
    return first;
  }
}

/** Gives a run back. What is in the cache of it need not be written any more. Nothing latched or held. */
export function freeTemporaryPages(space: Space, first: PageId, count: number): void {
  for (let page = first; page < first + count; page++) forget(space.cache, page);
  acquireLatch(space.shm, space.shared);
  mark(space, first & 0x7fffffff, count, false);
  releaseLatch(space.shm, space.shared);
}

/** Temporary pages in use. */
export const temporaryPagesUsed = (space: Space): number => spaceSharedTemporaryUsed(space.shm.i32, space.shared);

/** What a search found: a run of free pages, or the number of the piece that has to be made first. Reused: no allocation under the latch. */
const found = { page: 0, run: false };

/** Under the latch. */
function findFree(space: Space, count: number): { page: number; run: boolean } {
  const heap = space.shm.heap.u32;
  const start = count === 1 ? spaceSharedTemporaryFirst(space.shm.i32, space.shared) : 0;
  found.run = false;
  for (let piece = (start / TEMPORARY_PIECE_PAGES) >>> 0; ; piece++) {
    found.page = piece;
    if (piece >= TEMPORARY_PIECES) return found;
    const bitmap = space.shm.i32[pieceAt(space, piece)];
    if (bitmap === 0) return found;
    const bit = findRunInPiece(heap, bitmap >>> 2, count);
    if (bit < 0) continue;
    found.page = piece * TEMPORARY_PIECE_PAGES + bit;
    found.run = true;
    if (count === 1) setSpaceSharedTemporaryFirst(space.shm.i32, space.shared, found.page + 1);
    return found;
  }
}

function findRunInPiece(heap: Uint32Array, bitmap: number, count: number): number {
  let run = 0;
  for (let bit = 0; bit < TEMPORARY_PIECE_PAGES; bit++) {
    const word = heap[bitmap + (bit >>> 5)];
    if (word === 0xffffffff && (bit & 31) === 0) {
      run = 0;
      bit += 31;
      continue;
    }
    run = (word & (1 << (bit & 31))) === 0 ? run + 1 : 0;
    if (run === count) return bit - count + 1;
  }
  return -1;
}

/** Under the latch. */
function mark(space: Space, page: number, count: number, used: boolean): void {
  const { shm, shared } = space;
  const bitmap = shm.i32[pieceAt(space, Math.floor(page / TEMPORARY_PIECE_PAGES))] >>> 2;
  const heap = shm.heap.u32;
  for (let bit = page % TEMPORARY_PIECE_PAGES, end = bit + count; bit < end; bit++) {
    const word = bitmap + (bit >>> 5);
    heap[word] = used ? heap[word] | (1 << (bit & 31)) : heap[word] & ~(1 << (bit & 31));
  }
  setSpaceSharedTemporaryUsed(shm.i32, shared, spaceSharedTemporaryUsed(shm.i32, shared) + (used ? count : -count));
  if (!used && page < spaceSharedTemporaryFirst(shm.i32, shared)) setSpaceSharedTemporaryFirst(shm.i32, shared, page);
}

/** Adds the bitmap of a further piece, unless another thread has. */
function addPiece(space: Space, piece: number): void {
  if (piece >= TEMPORARY_PIECES) throw diskFull(space.cache.files.temporary.path);
  const { shm } = space;
  const bitmap = heapAllocate(shm, HEAP_PIECE_BYTES);
  if (bitmap === 0) throw outOfMemory('the shared heap', HEAP_PIECE_BYTES);
  shm.heap.u32.fill(0, bitmap >>> 2, (bitmap + HEAP_PIECE_BYTES) >>> 2);
  acquireLatch(shm, space.shared);
  const mine = shm.i32[pieceAt(space, piece)] === 0;
  if (mine) shm.i32[pieceAt(space, piece)] = bitmap;
  releaseLatch(shm, space.shared);
  if (!mine) heapFree(shm, bitmap, HEAP_PIECE_BYTES);
}

/** A page that is free needs no writing. */
function forget(cache: PageCache, pageId: PageId): void {
  const { shm } = cache;
  const frame = lookupFrame(shm, pageId);
  if (frame < 0) return;
  latchFrame(shm, frame);
  if (pageIdOf(cache, frame) === pageId && cache.i32[stateWord(shm, frame)] === FRAME_STATE_DIRTY) {
    cache.f64[recoveryWord(shm, frame)] = NEVER;
    Atomics.store(cache.i32, stateWord(shm, frame), FRAME_STATE_CLEAN);
    addCacheSharedDirtyFrames(cache.i32, cache.shared, -1);
  }
  unlatchFrameUnchanged(shm, frame);
}
