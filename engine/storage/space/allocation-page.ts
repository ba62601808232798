/**
 * The two bitmaps of an allocation page: pure functions over a page that the caller has latched (geometry.ts draws it).
 *
 * The header's extra0 is a hint: no word of the bitmap before it has a free bit. extra1 counts the allocated bits.
 */

import { assert } from '../../../shm/assert.ts';
import { pageExtra0, pageExtra1, setPageExtra0, setPageExtra1 } from '../page.layout.gen.ts';
import { ALLOCATED_AT, BITMAP_WORDS, GROUP_PAGES, RETIRED_AT } from './geometry.ts';

/** What a page is used for, as its two bits say. */
export const PAGE_FREE = 0;
export const PAGE_USED = 1;
export const PAGE_RETIRED = 2;

/** The part of the views that is needed: a segment's, a copy's, or recovery's. */
export interface WordViews {
  readonly u32: Uint32Array;
}

const isSet = (u32: Uint32Array, bitmap: number, bit: number): boolean =>
  (u32[(bitmap >>> 2) + (bit >>> 5)] & (1 << (bit & 31))) !== 0;

function write(u32: Uint32Array, bitmap: number, bit: number, on: boolean): void {
  const word = (bitmap >>> 2) + (bit >>> 5);
  u32[word] = on ? u32[word] | (1 << (bit & 31)) : u32[word] & ~(1 << (bit & 31));
}

/** PAGE_FREE, PAGE_USED or PAGE_RETIRED. */
export function bitState(views: WordViews, page: number, bit: number): number {
  if (!isSet(views.u32, page + ALLOCATED_AT, bit)) return PAGE_FREE;
  return isSet(views.u32, page + RETIRED_AT, bit) ? PAGE_RETIRED : PAGE_USED;
}

/** Marks a run as used. Redo comes here too: pages that became free without a log record may still be marked retired. */
export function markUsed(views: WordViews, page: number, first: number, count: number): void {
  assert(first + count <= GROUP_PAGES, 'a run lies in one group');
  const u32 = views.u32;
  for (let bit = first; bit < first + count; bit++) {
    if (!isSet(u32, page + ALLOCATED_AT, bit)) setPageExtra1(u32, page, pageExtra1(u32, page) + 1);
    write(u32, page + ALLOCATED_AT, bit, true);
    write(u32, page + RETIRED_AT, bit, false);
  }
}

/** Marks a run as retired. */
export function markRetired(views: WordViews, page: number, first: number, count: number): void {
  assert(first + count <= GROUP_PAGES, 'a run lies in one group');
  const u32 = views.u32;
  for (let bit = first; bit < first + count; bit++) {
    if (!isSet(u32, page + ALLOCATED_AT, bit)) setPageExtra1(u32, page, pageExtra1(u32, page) + 1);
    write(u32, page + ALLOCATED_AT, bit, true);
    write(u32, page + RETIRED_AT, bit, true);
  }
}

/** Makes retired pages of a run free; others are left alone. Returns how many. */
export function freeRetired(views: WordViews, page: number, first: number, count: number): number {
  const u32 = views.u32;
  let freed = 0;
  for (let bit = first; bit < first + count; bit++) {
    const word = bit >>> 5;
    if ((bit & 31) === 0 && u32[((page + RETIRED_AT) >>> 2) + word] === 0) {
      bit += 31;
      continue;
    }
    if (!isSet(u32, page + RETIRED_AT, bit)) continue;
    write(u32, page + RETIRED_AT, bit, false);
    write(u32, page + ALLOCATED_AT, bit, false);
    setPageExtra1(u32, page, pageExtra1(u32, page) - 1);
    if (word < pageExtra0(u32, page)) setPageExtra0(u32, page, word);
    freed++;
  }
  return freed;
}

/**
 * The first free bit from `from` on, or GROUP_PAGES when there is none. Moves the hint when the search began there.
 */
export function nextFree(views: WordViews, page: number, from: number): number {
  const u32 = views.u32;
  const bitmap = (page + ALLOCATED_AT) >>> 2;
  const hint = pageExtra0(u32, page);
  let word = Math.max(from >>> 5, hint);
  const fromHint = word === hint;
  let mask = word === from >>> 5 ? -1 << (from & 31) : -1;
  for (; word < BITMAP_WORDS; word++) {
    const free = ~u32[bitmap + word] & mask;
    if (free !== 0) return (word << 5) + 31 - Math.clz32(free & -free);
    if (fromHint && u32[bitmap + word] === 0xffffffff && pageExtra0(u32, page) === word) setPageExtra0(u32, page, word + 1);
    mask = -1;
  }
  return GROUP_PAGES;
}

/** How many bits from `first` on are free, at most `atMost`. */
export function freeRun(views: WordViews, page: number, first: number, atMost: number): number {
  const end = Math.min(first + atMost, GROUP_PAGES);
  let bit = first;
  while (bit < end && !isSet(views.u32, page + ALLOCATED_AT, bit)) bit++;
  return bit - first;
}

/** The last allocated bit, or -1. */
export function lastUsed(views: WordViews, page: number): number {
  const bitmap = (page + ALLOCATED_AT) >>> 2;
  for (let word = BITMAP_WORDS - 1; word >= 0; word--) {
    const used = views.u32[bitmap + word];
    if (used !== 0) return (word << 5) + 31 - Math.clz32(used);
  }
  return -1;
}

/** Allocated bits, counted one by one: what extra1 must be. */
export function countUsed(views: WordViews, page: number): number {
  let count = 0;
  for (let bit = 0; bit < GROUP_PAGES; bit++) if (isSet(views.u32, page + ALLOCATED_AT, bit)) count++;
  return count;
}
