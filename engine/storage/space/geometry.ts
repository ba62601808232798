/**
 * Where in the data file the pages lie that say what the other pages are used for.
 *
 *   group g:    base = g * GROUP_PAGES
 *     base + 0, 1     meta pages (group 0; set aside in the others)
 *     base + 2        allocation page: two bits for each page of the group
 *     base + 3 .. 6   free-space pages: one byte for each page of the group
 *     base + 7 ...    everything else
 *
 * All of these are found by arithmetic. Their first content follows from their number, so that none of them needs a log
 * record to come into being: whoever reads a blank one formats it.
 *
 * An allocation page holds two bitmaps, bit b of each for page base + b:
 *
 *   allocated  retired
 *       0         0      free
 *       1         0      in use
 *       1         1      in use by nobody who comes new: free once the commit is durable and every epoch has passed (SM-F2)
 */

import { assert } from '../../../shm/assert.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';
import {
  setPageBoot,
  setPageExtra1,
  setPageFreeEnd,
  setPageFreeStart,
  setPagePageId,
  setPageRight,
  setPageType,
} from '../page.layout.gen.ts';
import { NO_PAGE_STORED, PAGE_HEADER_BYTES, PAGE_TYPE_ALLOCATION, PAGE_TYPE_FREE_SPACE } from '../page.layout.ts';
import type { PageViews } from '../log/records.ts';

/** Bytes of one of the two bitmaps of an allocation page. */
export const BITMAP_BYTES = (PAGE_BYTES - PAGE_HEADER_BYTES) / 2;
/** Words of one of them. */
export const BITMAP_WORDS = BITMAP_BYTES / 4;
/** Byte offsets of the bitmaps in the page. */
export const ALLOCATED_AT = PAGE_HEADER_BYTES;
export const RETIRED_AT = PAGE_HEADER_BYTES + BITMAP_BYTES;

/** Pages that one allocation page looks after: 254 MiB. */
export const GROUP_PAGES = BITMAP_BYTES * 8;
/** Bytes of fill classes on a free-space page. */
export const CLASSES_PER_PAGE = PAGE_BYTES - PAGE_HEADER_BYTES;
export const ALLOCATION_PAGE_AT = 2;
export const FREE_SPACE_PAGE_AT = 3;
export const FREE_SPACE_PAGES = GROUP_PAGES / CLASSES_PER_PAGE;
/** Pages at the start of each group that are never handed out. */
export const GROUP_FIXED_PAGES = FREE_SPACE_PAGE_AT + FREE_SPACE_PAGES;

assert(Number.isInteger(FREE_SPACE_PAGES), 'free-space pages cover a group exactly');

/** Meta pages, written alternately. */
export const META_PAGES = 2;

export const groupOf = (pageId: number): number => Math.floor(pageId / GROUP_PAGES);
export const allocationPageOf = (pageId: number): number => pageId - (pageId % GROUP_PAGES) + ALLOCATION_PAGE_AT;

/** True for allocation pages: they are never evicted, so that a group can be allocated in under latches. */
export const isAllocationPage = (pageId: number): boolean => pageId >= 0 && pageId % GROUP_PAGES === ALLOCATION_PAGE_AT;

/** True for pages whose first content follows from their number. */
export function isSpacePage(pageId: number): boolean {
  if (pageId < 0) return false;
  const place = pageId % GROUP_PAGES;
  return place >= ALLOCATION_PAGE_AT && place < GROUP_FIXED_PAGES;
}

/** Fills a zeroed image of an allocation or free-space page with its first content. */
export function formatSpacePage(views: PageViews, page: number, pageId: number, boot: number): void {
  const allocation = isAllocationPage(pageId);
  setPagePageId(views.u32, page, pageId);
  setPageBoot(views.u32, page, boot);
  setPageType(views.u8, page, allocation ? PAGE_TYPE_ALLOCATION : PAGE_TYPE_FREE_SPACE);
  setPageFreeStart(views.u16, page, PAGE_HEADER_BYTES);
  setPageFreeEnd(views.u16, page, PAGE_HEADER_BYTES);
  setPageRight(views.u32, page, NO_PAGE_STORED);
  if (!allocation) return;
  views.u8[page + ALLOCATED_AT] = (1 << GROUP_FIXED_PAGES) - 1;
  setPageExtra1(views.u32, page, GROUP_FIXED_PAGES);
}
