/**
 * Checks and prints heap pages: for check(), for the tests, and for the inspector. Trusts nothing on the page.
 */

import { PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT, PAGE_KEYS_LEFT, PAGE_HEADER_BYTES, PAGE_TYPE_HEAP } from '../page.layout.ts';
import {
  pageFlags,
  pageFreeEnd,
  pageFreeStart,
  pageGarbage,
  pageGreatestStamp,
  pageSlotCount,
  pageType,
} from '../page.layout.gen.ts';
import type { WordViews } from '../rows/byte-views.ts';
import {
  imageLayout,
  imageLength,
  paddedLength,
  ROW_BODY,
  ROW_CAPACITY_MIN,
  ROW_DELETED,
  ROW_FLAGS_KNOWN,
  ROW_FORWARD,
  ROW_HEADER_BYTES,
  ROW_HOME_BYTES,
  ROW_LOCKED,
  ROW_REKEYED,
  ROW_STUB_BYTES,
  stubBodyPage,
  stubBodySlot,
} from '../rows/row-image.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES, slotEntry } from './heap-page.ts';
import { heapPageFirstFree, heapPageFreeSlots } from './heap-page.layout.gen.ts';

/**
 * What is wrong with a heap page, one sentence each; empty when it is sound. `layouts`: how many row layouts the table has,
 * if the caller knows.
 */
export function checkHeapPage(views: WordViews, page: number, layouts?: number): string[] {
  const { u16, u32 } = views;
  const problems: string[] = [];
  const type = pageType(views.u8, page);
  if (type !== PAGE_TYPE_HEAP) return [`the type is ${type}, not that of a heap page`];
  const count = pageSlotCount(u16, page);
  const start = pageFreeStart(u16, page);
  const end = pageFreeEnd(u16, page);
  if (count > HEAP_SLOTS_MAX) return [`it claims ${count} slots, at most ${HEAP_SLOTS_MAX} are possible`];
  if (end !== PAGE_BYTES - 4 * count) problems.push(`freeEnd is ${end}, ${count} slots end at ${PAGE_BYTES - 4 * count} (H1)`);
  if (start < PAGE_HEADER_BYTES || start > end || start % 8 !== 0) problems.push(`freeStart is ${start}, freeEnd ${end} (H1)`);
  if (count > 0 && slotEntry(u32, page, count - 1) === 0) problems.push(`the last slot, ${count - 1}, is free (H1)`);
  checkFreeSlots(views, page, count, problems);
  checkPlaces(views, page, count, start, problems);
  if (problems.length > 0) return problems;
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(u32, page, slot);
    if (entry !== 0) checkRow(views, page, slot, entry, layouts, problems);
  }
  return problems;
}

function checkFreeSlots(views: WordViews, page: number, count: number, problems: string[]): void {
  const firstFree = heapPageFirstFree(views.u16, page);
  const claimed = heapPageFreeSlots(views.u16, page);
  let free = 0;
  for (let slot = 0; slot < count; slot++) {
    if (slotEntry(views.u32, page, slot) !== 0) continue;
    free++;
    if (slot < firstFree) problems.push(`slot ${slot} is free, but firstFree is ${firstFree} (H5)`);
  }
  if (free !== claimed) problems.push(`${free} slots are free, the header says ${claimed} (H5)`);
  if (firstFree > count) problems.push(`firstFree is ${firstFree}, beyond the ${count} slots (H5)`);
}

function checkPlaces(views: WordViews, page: number, count: number, start: number, problems: string[]): void {
  const rows: { slot: number; from: number; to: number }[] = [];
  let used = 0;
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(views.u32, page, slot);
    if (entry === 0) continue;
    const from = entry & 0xffff;
    const capacity = entry >>> 16;
    used += capacity;
    rows.push({ slot, from, to: from + capacity });
    if (from < PAGE_HEADER_BYTES || from % 8 !== 0 || from + capacity > start)
      problems.push(`slot ${slot} has its row at ${from}, capacity ${capacity}, outside ${PAGE_HEADER_BYTES}..${start} (H2)`);
    if (capacity < ROW_CAPACITY_MIN || capacity % 8 !== 0) problems.push(`slot ${slot} has a capacity of ${capacity} (H2)`);
  }
  rows.sort((a, b) => a.from - b.from);
  for (let index = 1; index < rows.length; index++) {
    if (rows[index].from < rows[index - 1].to)
      problems.push(`the rows of slots ${rows[index - 1].slot} and ${rows[index].slot} overlap (H2)`);
  }
  const garbage = pageGarbage(views.u16, page);
  const expected = start - PAGE_HEADER_BYTES - used;
  if (garbage !== expected) problems.push(`garbage is ${garbage}, the rows leave ${expected} (H3)`);
}

function checkRow(
  views: WordViews,
  page: number,
  slot: number,
  entry: number,
  layouts: number | undefined,
  problems: string[],
): void {
  const { i32, f64 } = views;
  const row = page + (entry & 0xffff);
  const word = i32[(row + 12) >> 2];
  const stamp = f64[row >> 3];
  const length = imageLength(i32, row);
  const home = (word & ROW_BODY) === 0 ? 0 : ROW_HOME_BYTES;
  const capacity = entry >>> 16;
  if (length < ROW_HEADER_BYTES || paddedLength(i32, row) + home > capacity) {
    problems.push(`slot ${slot}: an image of ${length} bytes in a capacity of ${capacity} (H4)`);
  }
  if ((word & 0xff000000 & ~ROW_FLAGS_KNOWN) !== 0) problems.push(`slot ${slot}: unknown flags ${(word >>> 24).toString(16)}`);
  if (!Number.isInteger(stamp)) problems.push(`slot ${slot}: the stamp is ${stamp}`);
  if ((word & ROW_FORWARD) !== 0) {
    if ((word & 0xff000000) !== ROW_FORWARD || length !== ROW_STUB_BYTES || stamp !== 0) {
      problems.push(`slot ${slot}: a forwarding stub with flags ${(word >>> 24).toString(16)}, ${length} bytes, stamp ${stamp}`);
    }
    if (stubBodySlot(i32, row) >>> 0 >= HEAP_SLOTS_MAX) problems.push(`slot ${slot}: forwards to slot ${stubBodySlot(i32, row)}`);
  } else if (layouts !== undefined && imageLayout(i32, row) >= layouts) {
    problems.push(`slot ${slot}: layout ${imageLayout(i32, row)}, the table has ${layouts}`);
  }
  const exact = (pageFlags(views.u8, page) & PAGE_ENTRIES_EXACT) !== 0;
  if (exact && (word & ROW_REKEYED) !== 0)
    problems.push(`slot ${slot}: has had other keys, and its page says that none has (H6)`);
  if (exact && (pageFlags(views.u8, page) & PAGE_KEYS_LEFT) !== 0)
    problems.push('a page says that its entries are exact, and that keys are left of rows that are gone (H6)');
  if ((pageFlags(views.u8, page) & PAGE_ALL_VISIBLE) === 0) {
    if (exact) problems.push('a page says that its entries are exact, and not that its rows are all visible (H6)');
    return;
  }
  if (!(stamp >= 0) || (word & (ROW_DELETED | ROW_FORWARD | ROW_BODY)) !== 0) {
    problems.push(`slot ${slot}: not a row that everybody sees on a page that says all are (H6)`);
  } else if (stamp > pageGreatestStamp(f64, page)) {
    problems.push(`slot ${slot}: stamp ${stamp} is above the page's greatest, ${pageGreatestStamp(f64, page)} (H6)`);
  }
}

/** A heap page in lines of text: one for each slot. */
export function printHeapPage(views: WordViews, page: number): string[] {
  const count = Math.min(pageSlotCount(views.u16, page), HEAP_SLOTS_MAX);
  const lines: string[] = [];
  for (let slot = 0; slot < count; slot++) {
    const entry = slotEntry(views.u32, page, slot);
    lines.push(entry === 0 ? `${slot}: free` : `${slot}: ${printRow(views, page, entry)}`);
  }
  return lines;
}

function printRow(views: WordViews, page: number, entry: number): string {
  const { i32, f64 } = views;
  const offset = entry & 0xffff;
  const row = page + offset;
  if (offset > PAGE_BYTES - ROW_CAPACITY_MIN || offset % 8 !== 0) return `at ${offset}: outside the page`;
  const word = i32[(row + 12) >> 2];
  const place = `at ${offset}, ${imageLength(i32, row)} of ${entry >>> 16} bytes`;
  if ((word & ROW_FORWARD) !== 0) return `${place}, body in page ${stubBodyPage(i32, row) >>> 0} slot ${stubBodySlot(i32, row)}`;
  const flags = [
    [ROW_DELETED, 'deleted'],
    [ROW_BODY, 'body'],
    [ROW_LOCKED, 'locked'],
    [ROW_REKEYED, 'rekeyed'],
  ].flatMap(([flag, name]) => ((word & (flag as number)) !== 0 ? [name as string] : []) as string[]);
  return [`${place}, layout ${imageLayout(i32, row)}, stamp ${f64[row >> 3]}, back ${i32[(row + 8) >> 2]}`, ...flags].join(', ');
}
