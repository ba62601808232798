/**
 * Heap map pages: which pages a table has, by number. Pure functions over a page that the caller has latched or held; redo
 * uses the same ones.
 *
 *   root, level 1   (map page, index) (map page, index) ...        only once level 0 no longer fits one page
 *                        |
 *   level 0         (first page, index) (first page, index) ...    one entry an extent; its length is up to the next index,
 *                                                                  that of the last up to `pages`
 *
 * The pages of a table are numbered 0, 1, 2 ... in the order in which they came. The root keeps its id (SM-F3): when it is
 * full, its entries move to a page of their own and it becomes level 1. An extent that follows the one before it in the file
 * makes that one longer. `usable` in the root says how many pages have been formatted; a table never gives a page back alone.
 *
 *   M1  entries rise in index; the first has the index at which the page begins
 *   M2  pages > index of the last entry, or equal to the page's start if it has no entries
 *   M3  usable <= pages
 */

import { assert } from '../../../shm/assert.ts';
import { PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import type { PageViews } from '../log/records.ts';
import {
  pageLevel,
  pageSlotCount,
  setPageFreeEnd,
  setPageFreeStart,
  setPageLevel,
  setPageSlotCount,
} from '../page.layout.gen.ts';
import { PAGE_HEADER_BYTES, PAGE_TYPE_HEAP_MAP } from '../page.layout.ts';
import { formatPage } from './format-page.ts';
import {
  HEAP_MAP_ENTRY_BYTES,
  heapMapEntryIndex,
  heapMapEntryPage,
  heapMapPages,
  heapMapUsable,
  setHeapMapUsable,
  setHeapMapEntryIndex,
  setHeapMapEntryPage,
  setHeapMapPages,
  setHeapMapTable,
} from './space.layout.gen.ts';

/** Entries of a map page. */
export const MAP_ENTRIES_MAX = (PAGE_BYTES - PAGE_HEADER_BYTES) / HEAP_MAP_ENTRY_BYTES;

/** Byte offset of an entry. */
export const mapEntry = (page: number, entry: number): number => page + PAGE_HEADER_BYTES + entry * HEAP_MAP_ENTRY_BYTES;

/** Makes an empty map page whose first extent will be the table's page `start`. */
export function formatMapPage(views: PageViews, page: number, pageId: PageId, root: PageId, table: number, start: number): void {
  formatPage(views, page, pageId, PAGE_TYPE_HEAP_MAP, root);
  setHeapMapPages(views.u32, page, start);
  setHeapMapTable(views.u32, page, table);
}

function setCount(views: PageViews, page: number, count: number): void {
  setPageSlotCount(views.u16, page, count);
  setPageFreeStart(views.u16, page, PAGE_HEADER_BYTES + count * HEAP_MAP_ENTRY_BYTES);
  setPageFreeEnd(views.u16, page, PAGE_BYTES);
}

function pushEntry(views: PageViews, page: number, first: PageId, index: number): void {
  const count = pageSlotCount(views.u16, page);
  assert(count < MAP_ENTRIES_MAX, 'a map page has room for the entry');
  setHeapMapEntryPage(views.u32, mapEntry(page, count), first);
  setHeapMapEntryIndex(views.u32, mapEntry(page, count), index);
  setCount(views, page, count + 1);
}

/** True when an extent that begins with `first` can be added to this level 0 page. */
export function mapHasRoom(views: PageViews, page: number, first: PageId): boolean {
  return pageSlotCount(views.u16, page) < MAP_ENTRIES_MAX || followsLast(views, page, first);
}

function followsLast(views: PageViews, page: number, first: PageId): boolean {
  const count = pageSlotCount(views.u16, page);
  if (count === 0) return false;
  const last = mapEntry(page, count - 1);
  const length = heapMapPages(views.u32, page) - heapMapEntryIndex(views.u32, last);
  return (heapMapEntryPage(views.u32, last) | 0) + length === first;
}

/** Adds an extent to a level 0 page. */
export function mapAddExtent(views: PageViews, page: number, first: PageId, count: number): void {
  assert(pageLevel(views.u16, page) === 0, 'extents stand in level 0');
  const pages = heapMapPages(views.u32, page);
  if (!followsLast(views, page, first)) pushEntry(views, page, first, pages);
  setHeapMapPages(views.u32, page, pages + count);
}

/** Takes the last entry out of a map page of either level. */
export function mapCutLast(views: PageViews, page: number): void {
  const count = pageSlotCount(views.u16, page);
  assert(count > 0, 'a map page that is cut has entries');
  const last = mapEntry(page, count - 1);
  setHeapMapPages(views.u32, page, heapMapEntryIndex(views.u32, last));
  setHeapMapEntryPage(views.u32, last, 0);
  setHeapMapEntryIndex(views.u32, last, 0);
  setCount(views, page, count - 1);
  // Nothing is usable beyond what is left; only a root says what is.
  const pages = heapMapPages(views.u32, page);
  if (heapMapUsable(views.u32, page) > pages) setHeapMapUsable(views.u32, page, pages);
}

/** Links a level 0 page, which begins with the table's page `index`, into the root; a root of level 0 becomes level 1 first. */
export function mapLinkChild(views: PageViews, root: number, child: PageId, index: number): void {
  if (pageLevel(views.u16, root) === 0) {
    views.i32.fill(0, (root + PAGE_HEADER_BYTES) >>> 2, (root + PAGE_BYTES) >>> 2);
    setPageLevel(views.u16, root, 1);
    setCount(views, root, 0);
  }
  pushEntry(views, root, child, index);
  // What a root of level 1 stands for ends where its last child ends; it does not follow that.
  setHeapMapPages(views.u32, root, index);
}

/** The entry that covers the table's page `index`: the last whose index is not greater. -1 when there is none. */
export function mapFind(views: PageViews, page: number, index: number): number {
  const u32 = views.u32;
  let low = 0;
  let high = Math.min(pageSlotCount(views.u16, page), MAP_ENTRIES_MAX);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (heapMapEntryIndex(u32, mapEntry(page, middle)) <= index) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** How many pages the extent of a level 0 entry has. */
export function extentLength(views: PageViews, page: number, entry: number): number {
  const u32 = views.u32;
  const end =
    entry + 1 < pageSlotCount(views.u16, page) ? heapMapEntryIndex(u32, mapEntry(page, entry + 1)) : heapMapPages(u32, page);
  return end - heapMapEntryIndex(u32, mapEntry(page, entry));
}
