/**
 * How much room each page has, to within 32 bytes: one byte a page on the free-space pages (SM-F1). A hint: not logged,
 * possibly stale, corrected by whoever meets a page that has more or less room.
 *
 * Class c stands for at least 32 * c free bytes; 0 also for 'nobody knows'.
 */

import { tryLatchFrame, unlatchFrameUnchanged } from '../../../shm/frame-latch.ts';
import { NO_PAGE, type PageId } from '../../../shm/types.ts';
import { fetchFrame, holdPage, pageIdOf, pagePlace, pageTouched, pageViews, releasePage } from '../cache/page-cache.ts';
import { PAGE_HEADER_BYTES } from '../page.layout.ts';
import { CLASSES_PER_PAGE, FREE_SPACE_PAGE_AT, GROUP_PAGES } from './geometry.ts';
import { heapRange } from './heap-map.ts';
import type { Space } from './space.ts';

/** Bytes of a step. */
export const CLASS_BYTES = 32;

/** The class of a page with so many free bytes: rounded down. */
export const classOf = (bytes: number): number => Math.min(bytes >>> 5, 255);

/** The least class whose pages have `bytes` free, if the hint is right. */
export const classFor = (bytes: number): number => Math.min((bytes + CLASS_BYTES - 1) >>> 5, 255);

const hintPageOf = (pageId: PageId): PageId => {
  const place = pageId % GROUP_PAGES;
  return pageId - place + FREE_SPACE_PAGE_AT + Math.floor(place / CLASSES_PER_PAGE);
};

const hintAt = (pageId: PageId): number => PAGE_HEADER_BYTES + ((pageId % GROUP_PAGES) % CLASSES_PER_PAGE);

/**
 * Notes how many bytes are free on a page. Temporary pages have no hints. Costs a look when the class is the same; when another
 * thread has the hint page just now, the note is dropped. Nothing latched or held.
 */
export function noteFreeBytes(space: Space, pageId: PageId, bytes: number): void {
  if (pageId < 0) return;
  const { cache, shm } = space;
  const wanted = classOf(bytes);
  const hintPage = hintPageOf(pageId);
  const frame = fetchFrame(cache, hintPage);
  const views = pageViews(cache, frame);
  const at = pagePlace(cache, frame) + hintAt(pageId);
  // Not validated: a wrong look costs a wrong hint at most.
  if (views.u8[at] === wanted || !tryLatchFrame(shm, frame)) return;
  if (pageIdOf(cache, frame) === hintPage) {
    views.u8[at] = wanted;
    pageTouched(cache, frame);
  }
  unlatchFrameUnchanged(shm, frame);
}

/** The class noted for a page. Nothing latched or held. */
export function freeClass(space: Space, pageId: PageId): number {
  if (pageId < 0) return 0;
  const frame = holdPage(space.cache, hintPageOf(pageId));
  const noted = pageViews(space.cache, frame).u8[pagePlace(space.cache, frame) + hintAt(pageId)];
  releasePage(space.cache, frame);
  return noted;
}

/** Where a search for room goes on, and what it found. One for each table and thread. */
export interface RoomSearch {
  /** Number of the table's page at which the next search begins. */
  next: number;
  /** The page found. */
  page: PageId;
  /** For the caller: times it need not search. */
  rest: number;
}

const range = new Int32Array(2);

/**
 * Looks for a page of the table that has `bytes` free by its hint, from search.next on, through `atMost` pages. Returns it, or
 * NO_PAGE: search.next is then where the next search goes on, 0 after the last page. Nothing latched or held.
 */
export function findRoom(space: Space, root: PageId, bytes: number, atMost: number, search: RoomSearch): PageId {
  const least = classFor(bytes);
  search.page = NO_PAGE;
  for (let looked = 0; looked < atMost; ) {
    const length = root < 0 ? 0 : heapRange(space, root, search.next, range);
    if (length === 0) {
      search.next = 0;
      return NO_PAGE;
    }
    const first = range[0];
    const end = first + Math.min(length, atMost - looked);
    const found = findClass(space, first, end, least);
    looked += end - first;
    search.next += (found === NO_PAGE ? end : found) - first;
    if (found === NO_PAGE) continue;
    search.page = found;
    return found;
  }
  return NO_PAGE;
}

/** The first of the pages [first, end) whose class is at least `least`. */
function findClass(space: Space, first: PageId, end: PageId, least: number): PageId {
  const { cache } = space;
  for (let page = first; page < end; ) {
    const covered = Math.min(end, page + CLASSES_PER_PAGE - ((page % GROUP_PAGES) % CLASSES_PER_PAGE));
    const frame = holdPage(cache, hintPageOf(page));
    const u8 = pageViews(cache, frame).u8;
    const at = pagePlace(cache, frame) + hintAt(page) - page;
    while (page < covered && u8[at + page] < least) page++;
    releasePage(cache, frame);
    if (page < covered) return page;
  }
  return NO_PAGE;
}
