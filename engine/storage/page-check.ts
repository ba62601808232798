/**
 * What must hold for a page image by itself, field by field: after the checksum has said that it is what somebody wrote, this
 * says whether it can be right. Each finding names the field (SM-W10).
 *
 * The parts that own a page type register what else must hold for it (registerPageChecker); this file knows the header, and the
 * pages of free space and heap maps.
 */

import { PAGE_BYTES, type PageId } from '../../shm/types.ts';
import {
  pageBoot,
  pageExtra0,
  pageExtra1,
  pageExtra2,
  pageExtra3,
  pageFlags,
  pageFreeEnd,
  pageFreeStart,
  pageGarbage,
  pageGreatestStamp,
  pageLevel,
  pageLsn,
  pageOwner,
  pagePageId,
  pageRight,
  pageSlotCount,
  pageType,
} from './page.layout.gen.ts';
import {
  NO_PAGE_STORED,
  PAGE_HEADER_BYTES,
  PAGE_TYPE_ALLOCATION,
  PAGE_TYPE_FREE_SPACE,
  PAGE_TYPE_HEAP_MAP,
  PAGE_TYPE_MAX,
} from './page.layout.ts';
import type { ByteViews } from './rows/byte-views.ts';
import { countUsed } from './space/allocation-page.ts';
import {
  ALLOCATED_AT,
  ALLOCATION_PAGE_AT,
  BITMAP_WORDS,
  GROUP_FIXED_PAGES,
  GROUP_PAGES,
  isSpacePage,
  RETIRED_AT,
} from './space/geometry.ts';
import { MAP_ENTRIES_MAX, mapEntry } from './space/heap-map-page.ts';
import {
  heapMapEntryIndex,
  heapMapEntryPage,
  heapMapPages,
  heapMapUsable,
  HEAP_MAP_ENTRY_BYTES,
} from './space/space.layout.gen.ts';

/** Told what is wrong, in one sentence that begins with the field's name. */
export type Complain = (what: string) => void;

/** Looks at a page of one type. The image is private to the caller: it may be slow. */
export type PageChecker = (views: ByteViews, page: number, pageId: PageId, complain: Complain) => void;

/** What the rest of the database says about pages. */
export interface PageLimits {
  /** Number of this boot. */
  boot: number;
  /** End of the log. */
  endLsn: number;
}

const checkers: (PageChecker | undefined)[] = new Array<PageChecker | undefined>(PAGE_TYPE_MAX + 1).fill(undefined);

/** Says what must hold for pages of a type, besides the header. Once a thread; again with the same function does nothing. */
export function registerPageChecker(type: number, checker: PageChecker): void {
  checkers[type] = checker;
}

/** Checks the image at byte offset `page`, whose checksum is right. Calls `complain` for each field that cannot be so. */
export function checkPageImage(views: ByteViews, page: number, pageId: PageId, limits: PageLimits, complain: Complain): void {
  const type = pageType(views.u8, page);
  if ((pagePageId(views.u32, page) | 0) !== pageId) complain(`pageId is ${pagePageId(views.u32, page)}`);
  // A page that has left its structure has no type, and nothing else that counts.
  if (type === 0) return;
  if (type > PAGE_TYPE_MAX) return complain(`type is ${type}`);
  const space = type === PAGE_TYPE_ALLOCATION || type === PAGE_TYPE_FREE_SPACE;
  if (space !== isSpacePage(pageId)) complain(`type is ${type}, which cannot be at this place`);
  checkPositions(views, page, limits, complain);
  checkNumbers(views, page, type, complain);
  if (type === PAGE_TYPE_ALLOCATION) checkAllocation(views, page, pageId, complain);
  if (type === PAGE_TYPE_FREE_SPACE) checkUnused(views, page, complain);
  if (type === PAGE_TYPE_HEAP_MAP) checkHeapMap(views, page, pageId, complain);
  checkers[type]?.(views, page, pageId, complain);
}

function checkPositions(views: ByteViews, page: number, limits: PageLimits, complain: Complain): void {
  const lsn = pageLsn(views.f64, page);
  if (!(lsn >= 0 && lsn <= limits.endLsn) || lsn % 8 !== 0) complain(`lsn is ${lsn}, the log ends at ${limits.endLsn}`);
  const boot = pageBoot(views.u32, page);
  if (boot > limits.boot) complain(`boot is ${boot}, this is boot ${limits.boot}`);
  const stamp = pageGreatestStamp(views.f64, page);
  if (!(stamp >= 0 && stamp <= Number.MAX_SAFE_INTEGER)) complain(`greatestStamp is ${stamp}`);
}

function checkNumbers(views: ByteViews, page: number, type: number, complain: Complain): void {
  const { u16 } = views;
  if (pageSlotCount(u16, page) > PAGE_BYTES / 4) complain(`slotCount is ${pageSlotCount(u16, page)}`);
  if (pageFreeStart(u16, page) > pageFreeEnd(u16, page)) complain(`freeStart is ${pageFreeStart(u16, page)}, behind freeEnd`);
  if (pageFreeEnd(u16, page) > PAGE_BYTES) complain(`freeEnd is ${pageFreeEnd(u16, page)}`);
  if (pageGarbage(u16, page) > PAGE_BYTES - PAGE_HEADER_BYTES) complain(`garbage is ${pageGarbage(u16, page)}`);
  if (type !== PAGE_TYPE_HEAP_MAP && isPlain(type) && pageLevel(u16, page) !== 0) complain(`level is ${pageLevel(u16, page)}`);
  if (isPlain(type)) checkPlain(views, page, complain);
}

/** Types whose header has no more than this file knows. */
const isPlain = (type: number): boolean =>
  type === PAGE_TYPE_ALLOCATION || type === PAGE_TYPE_FREE_SPACE || type === PAGE_TYPE_HEAP_MAP;

function checkPlain(views: ByteViews, page: number, complain: Complain): void {
  const { u8, u16, u32, f64 } = views;
  if (pageFlags(u8, page) !== 0) complain(`flags are ${pageFlags(u8, page)}`);
  if (pageGreatestStamp(f64, page) !== 0) complain(`greatestStamp is ${pageGreatestStamp(f64, page)}`);
  if (pageGarbage(u16, page) !== 0) complain(`garbage is ${pageGarbage(u16, page)}`);
  if (pageRight(u32, page) !== NO_PAGE_STORED) complain(`right is ${pageRight(u32, page)}`);
  if (pageExtra3(u32, page) !== 0) complain(`extra3 is ${pageExtra3(u32, page)}`);
}

/** Fields that neither kind of space page uses. */
function checkUnused(views: ByteViews, page: number, complain: Complain): void {
  const { u16, u32 } = views;
  if (pageSlotCount(u16, page) !== 0) complain(`slotCount is ${pageSlotCount(u16, page)}`);
  if (pageFreeStart(u16, page) !== PAGE_HEADER_BYTES) complain(`freeStart is ${pageFreeStart(u16, page)}`);
  if (pageFreeEnd(u16, page) !== PAGE_HEADER_BYTES) complain(`freeEnd is ${pageFreeEnd(u16, page)}`);
  if (pageOwner(u32, page) !== 0) complain(`owner is ${pageOwner(u32, page)}`);
  if (pageType(views.u8, page) === PAGE_TYPE_ALLOCATION) return;
  if (pageExtra0(u32, page) !== 0) complain(`extra0 is ${pageExtra0(u32, page)}`);
  if (pageExtra1(u32, page) !== 0) complain(`extra1 is ${pageExtra1(u32, page)}`);
  if (pageExtra2(u32, page) !== 0) complain(`extra2 is ${pageExtra2(u32, page)}`);
}

function checkAllocation(views: ByteViews, page: number, pageId: PageId, complain: Complain): void {
  const { u32 } = views;
  checkUnused(views, page, complain);
  if (pageId % GROUP_PAGES !== ALLOCATION_PAGE_AT) complain('type is that of an allocation page, which cannot be at this place');
  if (pageExtra2(u32, page) !== 0) complain(`extra2 is ${pageExtra2(u32, page)}`);
  const used = countUsed(views, page);
  if (pageExtra1(u32, page) !== used) complain(`extra1 counts ${pageExtra1(u32, page)} pages in use, the bits ${used}`);
  const hint = Math.min(pageExtra0(u32, page), BITMAP_WORDS);
  if (pageExtra0(u32, page) > BITMAP_WORDS) complain(`extra0 is ${pageExtra0(u32, page)}`);
  for (let word = 0; word < BITMAP_WORDS; word++) {
    const allocated = u32[((page + ALLOCATED_AT) >>> 2) + word];
    const retired = u32[((page + RETIRED_AT) >>> 2) + word];
    if ((retired & ~allocated) !== 0) complain(`bitmaps: a page of word ${word} is retired and not allocated`);
    if (word < hint && allocated !== 0xffffffff) complain(`extra0 says that word ${word} is full`);
  }
  const fixed = (1 << GROUP_FIXED_PAGES) - 1;
  if ((u32[(page + ALLOCATED_AT) >>> 2] & fixed) !== fixed) complain('bitmaps: a page with a fixed place counts as free');
}

function checkHeapMap(views: ByteViews, page: number, pageId: PageId, complain: Complain): void {
  const { u16, u32 } = views;
  const count = pageSlotCount(u16, page);
  const level = pageLevel(u16, page);
  const isRoot = (pageOwner(u32, page) | 0) === pageId;
  if (level > 1 || (level === 1 && !isRoot)) complain(`level is ${level}`);
  if (count > MAP_ENTRIES_MAX) return complain(`slotCount is ${count}`);
  if (pageFreeStart(u16, page) !== PAGE_HEADER_BYTES + count * HEAP_MAP_ENTRY_BYTES)
    complain(`freeStart is ${pageFreeStart(u16, page)}`);
  if (pageFreeEnd(u16, page) !== PAGE_BYTES) complain(`freeEnd is ${pageFreeEnd(u16, page)}`);
  const pages = heapMapPages(u32, page);
  let before = -1;
  for (let entry = 0; entry < count; entry++) {
    const at = mapEntry(page, entry);
    const index = heapMapEntryIndex(u32, at);
    if (index <= before) complain(`entry ${entry} has index ${index}, not above the one before`);
    if (heapMapEntryPage(u32, at) === NO_PAGE_STORED || heapMapEntryPage(u32, at) === 0) complain(`entry ${entry} names no page`);
    before = index;
  }
  if (count > 0 && (level === 0 ? pages <= before : pages < before))
    complain(`pages is ${pages}, the last entry begins at ${before}`);
  if (!isRoot && heapMapUsable(u32, page) !== 0) complain(`usable is ${heapMapUsable(u32, page)} in a page that is no root`);
  if (isRoot && level === 0 && heapMapUsable(u32, page) > pages)
    complain(`usable is ${heapMapUsable(u32, page)} of ${pages} pages`);
}
