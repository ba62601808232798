/**
 * The pages of a table: making its heap map, adding pages, finding page number n, giving all back.
 *
 * Adding happens in two log groups (SM-W6), so that a crash in between loses nothing: an extent is allocated and entered in
 * the map (its pages may hold anything from a former life); then, one at a time, pages are formatted and 'usable' moves on.
 * Readers look at pages below 'usable' only. Extents grow with the table, from 1 page to 8 MiB.
 *
 * A map in the temporary file (root < 0) works the same without log.
 */

import { NO_PAGE, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import {
  fetchNewFrame,
  holdPage,
  latchNewPage,
  latchPage,
  latchResident,
  pagePlace,
  pageViews,
  releasePage,
  unlatchPage,
} from '../cache/page-cache.ts';
import { groupBegin, groupCancel, groupEnd } from '../log/group.ts';
import { RECORD } from '../log/records.ts';
import { pageLevel, pageSlotCount } from '../page.layout.gen.ts';
import { FORMAT_RECORD_BYTES, formatPage, logFormat } from './format-page.ts';
import { addExtent, changed, logMap, logMapNode, MAP_RECORD_BYTES, mapNodeBytes } from './heap-map-extents.ts';
import { extentLength, formatMapPage, mapEntry, mapFind } from './heap-map-page.ts';
import { privateViews } from '../rows/byte-views.ts';
import { allocateReserved, endSpaceChanges, releaseReservation, reservePages, SPACE_RECORD_BYTES, type Space } from './space.ts';
import { heapMapEntryIndex, heapMapEntryPage, heapMapPages, heapMapUsable, setHeapMapUsable } from './space.layout.gen.ts';
import { takeTemporaryPages } from './temporary-pages.ts';

// ---- making ----

/** Makes the heap map of a table, empty, and returns its root page. Nothing latched or held. 53100. */
export function createHeapMap(space: Space, table: number, temporary = false): PageId {
  const { cache } = space;
  const logged = !temporary;
  const root = logged ? reservePages(space, 1) : takeTemporaryPages(space, 1);
  if (logged) beginOrRelease(space, root, mapNodeBytes(0) + SPACE_RECORD_BYTES);
  const frame = latchNewPage(cache, root);
  formatMapPage(pageViews(cache, frame), pagePlace(cache, frame), root, root, table, 0);
  if (logged) {
    logMapNode(space, frame, root, 0);
    allocateReserved(space, root);
    groupEnd(space.log);
    endSpaceChanges(space, space.log.scratch);
  }
  changed(space, frame, logged);
  unlatchPage(cache, frame);
  return root;
}

/** Begins a group; if that fails, a reservation goes back. */
function beginOrRelease(space: Space, first: PageId, bytes: number): void {
  try {
    groupBegin(space.log, bytes);
  } catch (error) {
    releaseReservation(space, first);
    throw error;
  }
}

// ---- looking ----

/** Pages that may be read, numbers 0 and up. Nothing latched or held. */
export function heapPageCount(space: Space, root: PageId): number {
  const frame = holdPage(space.cache, root);
  const count = heapMapUsable(pageViews(space.cache, frame).u32, pagePlace(space.cache, frame));
  releasePage(space.cache, frame);
  return count;
}

/** Page number `index` of the table, or NO_PAGE beyond the usable ones. Nothing latched or held. */
export function heapPage(space: Space, root: PageId, index: number): PageId {
  return heapRange(space, root, index, rangeScratch) > 0 ? rangeScratch[0] : NO_PAGE;
}

const rangeScratch = new Int32Array(2);

/**
 * The table's pages from number `index` on as far as they are neighbours in the file: out[0] = the first, out[1] = how many,
 * which is also returned; 0 beyond the usable ones. For scans and for handing out page ranges.
 */
export function heapRange(space: Space, root: PageId, index: number, out: Int32Array): number {
  return rangeOf(space, root, index, heapPageCount(space, root), out);
}

/** The same among the first `limit` pages, usable or not. */
function rangeOf(space: Space, root: PageId, index: number, limit: number, out: Int32Array): number {
  out[1] = 0;
  for (let mapPage = root, level = 1; index < limit && level >= 0; level--) {
    const frame = holdPage(space.cache, mapPage);
    const views = pageViews(space.cache, frame);
    const page = pagePlace(space.cache, frame);
    const entry = mapFind(views, page, index);
    const found = entry < 0 ? NO_PAGE : heapMapEntryPage(views.u32, mapEntry(page, entry)) | 0;
    const inner = pageLevel(views.u16, page) > 0;
    const skipped = entry < 0 ? 0 : index - heapMapEntryIndex(views.u32, mapEntry(page, entry));
    const length = inner || entry < 0 ? 0 : extentLength(views, page, entry);
    releasePage(space.cache, frame);
    if (found === NO_PAGE) return 0;
    if (inner) {
      mapPage = found;
      continue;
    }
    out[0] = found + skipped;
    out[1] = Math.min(length - skipped, limit - index);
    return out[1];
  }
  return 0;
}

// ---- adding ----

/**
 * Formats one more page for the table, of this type and owner, and returns it, neither latched nor held. The number is
 * heapPageCount() - 1 unless others add too. `logged` is false for temporary tables only: the pages of unlogged tables are
 * allocated and formatted with the log, what is put into them is not. Nothing latched or held. 53100.
 */
export function addHeapPage(space: Space, root: PageId, table: number, type: number, owner: number): PageId {
  for (;;) {
    const index = heapPageCount(space, root);
    const last = lastMapPage(space, root);
    if (index >= mapPages(space, last)) {
      addExtent(space, root, last, index);
      continue;
    }
    if (rangeOf(space, root, index, index + 1, rangeScratch) === 0) continue;
    const pageId = rangeScratch[0];
    if (formatNext(space, root, index, pageId, table, type, owner)) return pageId;
  }
}

/** Pages up to the end of a level 0 map page, usable or not. */
function mapPages(space: Space, last: PageId): number {
  const frame = holdPage(space.cache, last);
  const pages = heapMapPages(pageViews(space.cache, frame).u32, pagePlace(space.cache, frame));
  releasePage(space.cache, frame);
  return pages;
}

/** The level 0 page to which extents are added. */
export function lastMapPage(space: Space, root: PageId): PageId {
  const frame = holdPage(space.cache, root);
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  const count = pageSlotCount(views.u16, page);
  const last = pageLevel(views.u16, page) === 0 ? root : heapMapEntryPage(views.u32, mapEntry(page, count - 1)) | 0;
  releasePage(space.cache, frame);
  return last;
}

/** One group: the page is formatted, and usable moves past it. False when another thread was faster, or frames were short. */
function formatNext(
  space: Space,
  root: PageId,
  index: number,
  pageId: PageId,
  table: number,
  type: number,
  owner: number,
): boolean {
  const { cache, log } = space;
  const logged = root >= 0;
  fetchNewFrame(cache, pageId);
  if (logged) groupBegin(log, FORMAT_RECORD_BYTES + MAP_RECORD_BYTES);
  const rootFrame = latchPage(cache, root);
  const views = pageViews(cache, rootFrame);
  const at = pagePlace(cache, rootFrame);
  const frame = heapMapUsable(views.u32, at) === index ? latchResident(cache, pageId) : -1;
  if (frame < 0) {
    unlatchPage(cache, rootFrame);
    if (logged) groupCancel(log);
    return false;
  }
  formatPage(pageViews(cache, frame), pagePlace(cache, frame), pageId, type, owner);
  setHeapMapUsable(views.u32, at, index + 1);
  if (logged) {
    logFormat(space, table, pageId, type, owner);
    logMap(space, RECORD.mapGrow, root, index + 1, 0);
    groupEnd(log);
  }
  changed(space, rootFrame, logged);
  changed(space, frame, logged);
  unlatchPage(cache, frame);
  unlatchPage(cache, rootFrame);
  return true;
}

// ---- checking ----

/** Claims the pages of a heap map for check(): `claim(first, count)` for each extent and each map page. Nothing latched or held. */
export function eachHeapMapRun(space: Space, root: PageId, claim: (first: PageId, count: number) => void): void {
  const runs: [PageId, number][] = [[root, 1]];
  const children: PageId[] = [];
  collectRuns(space, root, runs, children);
  for (const child of children) {
    runs.push([child, 1]);
    collectRuns(space, child, runs, []);
  }
  for (const [first, count] of runs) claim(first, count);
}

/** Works on a copy of the map page. */
function collectRuns(space: Space, mapPage: PageId, runs: [PageId, number][], children: PageId[]): void {
  const copy = privateViews(PAGE_BYTES);
  const frame = holdPage(space.cache, mapPage);
  const at = pagePlace(space.cache, frame);
  copy.u8.set(pageViews(space.cache, frame).u8.subarray(at, at + PAGE_BYTES));
  releasePage(space.cache, frame);
  for (let entry = 0; entry < pageSlotCount(copy.u16, 0); entry++) {
    const first = heapMapEntryPage(copy.u32, mapEntry(0, entry)) | 0;
    if (pageLevel(copy.u16, 0) > 0) children.push(first);
    else runs.push([first, extentLength(copy, 0, entry)]);
  }
}
