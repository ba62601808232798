/**
 * Reading pages ahead that are known to be needed: a range scan's next leaves, a bulk fetch's rows. Neighbours in the file are
 * read in one call. It never writes, waits or fails: a page that cannot be had cheaply now is read, and complained about, when
 * it is needed.
 */

import { SqlError } from '../../../shm/errors.ts';
import { frameOffset, frameSegment } from '../../../shm/shared-memory.ts';
import { lookupFrame, tableInsert } from '../../../shm/page-table.ts';
import { type Frame, NO_FRAME, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { abandonFrame, admitImage, finishLoad, freeFrame } from './miss.ts';
import type { PageCache } from './page-cache.ts';
import { isTemporaryPage, pagePosition } from './page-image.ts';
import { tryClaimFrame } from './victim.ts';

/** Pages read in one call. */
const RUN_PAGES = 32;

/** One thread's buffer for a run, made when it is first needed. */
let buffer: Uint8Array | null = null;

/**
 * Brings those of the first `count` pages into the cache that are not there; returns how many were read. At most a quarter of
 * the cache. Nothing latched or held.
 */
export function readAhead(cache: PageCache, pageIds: ArrayLike<PageId>, count: number): number {
  const most = Math.min(count, cache.shm.frameCount >>> 2);
  let read = 0;
  for (let index = 0; index < most; ) {
    const first = pageIds[index];
    if (lookupFrame(cache.shm, first) !== NO_FRAME) {
      index++;
      continue;
    }
    let run = 1;
    while (index + run < most && run < RUN_PAGES && isNext(cache, pageIds, index, run)) run++;
    read += readRun(cache, first, run);
    index += run;
  }
  return read;
}

const isNext = (cache: PageCache, pageIds: ArrayLike<PageId>, index: number, run: number): boolean =>
  pageIds[index + run] === pageIds[index] + run && lookupFrame(cache.shm, pageIds[index + run]) === NO_FRAME;

/** Claims a frame for each page of the run, reads them together, shows them. */
function readRun(cache: PageCache, first: PageId, count: number): number {
  const frames: Frame[] = [];
  while (frames.length < count) {
    const pageId = first + frames.length;
    const frame = tryClaimFrame(cache, pageId);
    if (frame === NO_FRAME) break;
    if (tableInsert(cache.shm, pageId, frame) !== frame) {
      freeFrame(cache, frame);
      break;
    }
    frames.push(frame);
  }
  if (frames.length === 0) return 0;
  const file = isTemporaryPage(first) ? cache.files.temporary : cache.files.data;
  const bytes = (buffer ??= new Uint8Array(RUN_PAGES * PAGE_BYTES));
  let shown = 0;
  try {
    const got = file.read(pagePosition(first), bytes, 0, frames.length * PAGE_BYTES);
    bytes.fill(0, got, frames.length * PAGE_BYTES);
    for (; shown < frames.length; shown++) show(cache, frames[shown], first + shown, bytes, shown, file.path);
  } catch (error) {
    // Whoever needs the page reads it by itself, and meets the same error there.
    if (!(error instanceof SqlError)) throw error;
  } finally {
    for (let rest = shown; rest < frames.length; rest++) abandonFrame(cache, frames[rest], first + rest);
  }
  return shown;
}

function show(cache: PageCache, frame: Frame, pageId: PageId, bytes: Uint8Array, index: number, path: string): void {
  const from = index * PAGE_BYTES;
  frameSegment(cache.shm, frame).u8.set(bytes.subarray(from, from + PAGE_BYTES), frameOffset(cache.shm, frame));
  finishLoad(cache, frame, pageId, admitImage(cache, frame, pageId, path));
}
