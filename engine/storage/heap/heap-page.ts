/**
 * Heap page: the rows of a table, in slots (shared-memory.md, 'Rows and heap').
 *
 *   byte 0                  64                    freeStart         freeEnd                               8192
 *        +------------------+---------------------+-----------------+-----------------------------------------+
 *        | page header      | row | hole | row ...|       gap       | slot n-1 | ... | slot 1 | slot 0        |
 *        +------------------+---------------------+-----------------+-----------------------------------------+
 *   slot s, a u32 at 8192 - 4 * (s + 1): byte offset of its row in the page | capacity in bytes << 16; 0 = free
 *
 * Invariants, checked by checkHeapPage():
 *   H1  64 <= freeStart <= freeEnd = 8192 - 4 * slotCount; the last slot of the directory is not free
 *   H2  rows lie between 64 and freeStart, at multiples of 8, and do not overlap; capacities are multiples of 8, at least 24
 *   H3  garbage = freeStart - 64 - the sum of all capacities
 *   H4  a row's image (for a body: and its home row id) is not longer than its capacity
 *   H5  freeSlots counts the free slots, none of them is below firstFree
 *   H6  PAGE_ALL_VISIBLE only if every row is a plain one with a stamp >= 0, none above greatestStamp; PAGE_ENTRIES_EXACT only
 *       if besides none has had other keys
 *
 * formatPage() of space/ makes an empty one. A slot keeps its capacity when its row shrinks, so that undo always finds room;
 * heap-trim.ts takes surplus back once the row's stamp says that the change is committed. Capacities, and which slots exist,
 * change by logged records only and follow from them exactly; where in the page a row lies does not matter to the log. So redo
 * never lacks room.
 *
 * Hot file: free functions over the views of a latched page. No lock, no log, no allocation, nothing thrown but
 * broken invariants.
 */

import { assert } from '../../../shm/assert.ts';
import { PAGE_ALL_VISIBLE, PAGE_ENTRIES_EXACT, PAGE_HEADER_BYTES, PAGE_KEYS_LEFT } from '../page.layout.ts';
import {
  pageFlags,
  pageFreeEnd,
  pageFreeStart,
  pageGarbage,
  pageSlotCount,
  setPageFlags,
  setPageFreeEnd,
  setPageFreeStart,
  setPageGarbage,
  setPageSlotCount,
} from '../page.layout.gen.ts';
import { copyWords, type WordViews } from '../rows/byte-views.ts';
import {
  paddedLength,
  ROW_BODY,
  ROW_CAPACITY_MIN,
  ROW_DELETED,
  ROW_FORWARD,
  ROW_REKEYED,
  ROW_HOME_BYTES,
  ROW_PLACE_FLAGS,
  ROW_STUB_BYTES,
} from '../rows/row-image.ts';
import { compactHeapPage } from './heap-compact.ts';
import { heapPageFirstFree, heapPageFreeSlots, setHeapPageFirstFree, setHeapPageFreeSlots } from './heap-page.layout.gen.ts';

export const PAGE_BYTES = 8192;

/** More slots than any page can hold rows (each takes 28 bytes): bounds loops over pages that are not validated yet (SM-L3). */
export const HEAP_SLOTS_MAX = Math.floor((PAGE_BYTES - PAGE_HEADER_BYTES) / (ROW_CAPACITY_MIN + 4));

/** No slot, no room. */
export const NO_SLOT = -1;

/** Word index of slot s's directory entry in u32: `slotWord(page) - s`. */
export const slotWord = (page: number): number => (page + PAGE_BYTES - 4) >>> 2;

/** Directory entry of a slot below slotCount: offset | capacity << 16, as it is stored; 0 = free. */
export const slotEntry = (u32: Uint32Array, page: number, slot: number): number => u32[((page + PAGE_BYTES - 4) >>> 2) - slot];

/** Capacity of the smallest slot that holds an image of this length. */
export const capacityFor = (length: number): number => (length <= ROW_CAPACITY_MIN ? ROW_CAPACITY_MIN : (length + 7) & ~7);

/** The largest capacity a further row could get on this page, in bytes; below ROW_CAPACITY_MIN: none. */
export function heapRoom(views: WordViews, page: number): number {
  const u16 = views.u16;
  const directory = heapPageFreeSlots(u16, page) > 0 ? 0 : 4;
  return Math.max(0, pageFreeEnd(u16, page) - directory - pageFreeStart(u16, page) + pageGarbage(u16, page)) & ~7;
}

/** Byte offset (in the views) of a slot's row, or -1 when the slot is free or beyond the directory. */
export function heapImageOffset(views: WordViews, page: number, slot: number): number {
  if (slot >= pageSlotCount(views.u16, page)) return -1;
  const entry = slotEntry(views.u32, page, slot);
  return entry === 0 ? -1 : page + (entry & 0xffff);
}

/** Capacity of a slot in bytes; 0: free or beyond the directory. */
export function heapCapacity(views: WordViews, page: number, slot: number): number {
  return slot >= pageSlotCount(views.u16, page) ? 0 : slotEntry(views.u32, page, slot) >>> 16;
}

/**
 * Finds a slot with room for `bytes` and takes it. Returns it, or NO_SLOT. The caller writes the image at once
 * (heapWriteImage), in the same latch. Clears PAGE_ALL_VISIBLE (SM-P1).
 */
export function heapPlace(views: WordViews, page: number, bytes: number): number {
  const u16 = views.u16;
  const capacity = capacityFor(bytes);
  const fromFree = heapPageFreeSlots(u16, page) > 0;
  const gap = pageFreeEnd(u16, page) - pageFreeStart(u16, page) - (fromFree ? 0 : 4);
  if (capacity > gap) {
    if (capacity > gap + pageGarbage(u16, page)) return NO_SLOT;
    compactHeapPage(views, page, NO_SLOT, 0);
  }
  const slot = fromFree ? findFreeSlot(views, page) : pageSlotCount(u16, page);
  takeSlot(views, page, slot, capacity);
  return slot;
}

/** As heapPlace, for a given free slot: redo. The room is there, because it was there when the record was written. */
export function heapPlaceAt(views: WordViews, page: number, slot: number, bytes: number): void {
  const u16 = views.u16;
  const capacity = capacityFor(bytes);
  assert(slot < HEAP_SLOTS_MAX && heapCapacity(views, page, slot) === 0, 'a row is placed into a free slot');
  const directory = Math.max(0, slot + 1 - pageSlotCount(u16, page)) * 4;
  const gap = pageFreeEnd(u16, page) - pageFreeStart(u16, page) - directory;
  if (capacity > gap) {
    assert(capacity <= gap + pageGarbage(u16, page), 'a record that is redone has the room it had');
    compactHeapPage(views, page, NO_SLOT, 0);
  }
  takeSlot(views, page, slot, capacity);
}

/**
 * The slot that a row of `length` bytes would get behind all others, or NO_SLOT: no room in the gap, or a slot further up is free.
 * Changes nothing, and may be asked of a page that is not latched (SM-L3).
 */
export function heapAppendSlot(views: WordViews, page: number, length: number): number {
  const u16 = views.u16;
  if (heapPageFreeSlots(u16, page) !== 0) return NO_SLOT;
  const fits = capacityFor(length) <= pageFreeEnd(u16, page) - pageFreeStart(u16, page) - 4;
  return fits ? pageSlotCount(u16, page) : NO_SLOT;
}

/** Takes the slot that heapAppendSlot() named and writes the image at `from` into it. The page is latched and has not changed since. */
export function heapAppend(views: WordViews, page: number, slot: number, fromI32: Int32Array, from: number): void {
  const { i32, u32, u16 } = views;
  const length = paddedLength(fromI32, from);
  const capacity = capacityFor(length);
  const start = pageFreeStart(u16, page);
  const end = pageFreeEnd(u16, page) - 4;
  assert(slot === pageSlotCount(u16, page) && start + capacity <= end, 'a row is appended where there is room');
  setPageSlotCount(u16, page, slot + 1);
  setPageFreeEnd(u16, page, end);
  setPageFreeStart(u16, page, start + capacity);
  if (heapPageFirstFree(u16, page) === slot) setHeapPageFirstFree(u16, page, slot + 1);
  u32[(page + end) >>> 2] = start | (capacity << 16);
  clearAllVisible(views, page);
  const row = page + start;
  copyWords(i32, row, fromI32, from, length);
  i32[(row + 12) >> 2] &= ~ROW_PLACE_FLAGS;
}

/** Gives a slot at least `bytes` of capacity on this page; its row may move within the page. False: no room. */
export function heapResize(views: WordViews, page: number, slot: number, bytes: number): boolean {
  const { u32, u16 } = views;
  const entry = slotEntry(u32, page, slot);
  const before = entry >>> 16;
  const capacity = capacityFor(bytes);
  assert(entry !== 0, 'a free slot has no row to resize');
  if (capacity <= before) return true;
  const start = pageFreeStart(u16, page);
  const gap = pageFreeEnd(u16, page) - start;
  const offset = entry & 0xffff;
  const growth = capacity - before;
  if (growth > gap + pageGarbage(u16, page)) return false;
  clearAllVisible(views, page);
  if (offset + before === start && growth <= gap) {
    u32[slotWord(page) - slot] = offset | (capacity << 16);
    setPageFreeStart(u16, page, start + growth);
  } else if (capacity <= gap) {
    copyWords(views.i32, page + start, views.i32, page + offset, before);
    u32[slotWord(page) - slot] = start | (capacity << 16);
    setPageFreeStart(u16, page, start + capacity);
    setPageGarbage(u16, page, pageGarbage(u16, page) + before);
  } else {
    compactHeapPage(views, page, slot, capacity);
  }
  return true;
}

/**
 * Makes a copy of the image at `from` (byte offset in fromI32) the slot's row, stamp and back included. What belongs to the
 * place stays: the body flag with its home row id, and the row-lock flag. The capacity suffices.
 */
export function heapWriteImage(views: WordViews, page: number, slot: number, fromI32: Int32Array, from: number): void {
  const i32 = views.i32;
  const entry = slotEntry(views.u32, page, slot);
  const row = page + (entry & 0xffff);
  const length = paddedLength(fromI32, from);
  const place = i32[(row + 12) >> 2] & ROW_PLACE_FLAGS;
  assert((place & ROW_FORWARD) === 0, 'an image is written to the body, not over the stub that names it');
  clearAllVisible(views, page);
  if ((place & ROW_BODY) === 0) {
    assert(length <= entry >>> 16, 'an image fits the slot it is written to');
    copyWords(i32, row, fromI32, from, length);
  } else {
    assert(length + ROW_HOME_BYTES <= entry >>> 16, 'an image and its home row id fit the slot they are written to');
    const home = (row + paddedLength(i32, row)) >> 2;
    const homePage = i32[home];
    const homeSlot = i32[home + 1];
    copyWords(i32, row, fromI32, from, length);
    i32[(row + length) >> 2] = homePage;
    i32[(row + length + 4) >> 2] = homeSlot;
  }
  i32[(row + 12) >> 2] = (i32[(row + 12) >> 2] & ~ROW_PLACE_FLAGS) | place;
}

/**
 * Gives the slot's row other words from `first` on (counted in words from its start, behind the header), a stamp and a back word; length
 * and flags stay. The words come from byte offset `from` of fromI32.
 */
export function heapChangeWords(
  views: WordViews,
  page: number,
  slot: number,
  stamp: number,
  back: number,
  first: number,
  words: number,
  fromI32: Int32Array,
  from: number,
): void {
  const { i32 } = views;
  const row = page + (slotEntry(views.u32, page, slot) & 0xffff);
  assert((i32[(row + 12) >> 2] & ROW_FORWARD) === 0, 'words are written to the body, not over the stub that names it');
  assert(first * 4 >= 16 && (first + words) * 4 <= paddedLength(i32, row), 'words are written inside their row');
  clearAllVisible(views, page);
  views.f64[row >> 3] = stamp;
  i32[(row + 8) >> 2] = back;
  const to = (row >> 2) + first;
  const source = from >> 2;
  for (let word = 0; word < words; word++) i32[to + word] = fromI32[source + word];
}

/** heapChangeWords() for who knows where the row lies: the image at byte offset `row`, which is of this page, is no stub. */
export function heapRewriteWords(
  views: WordViews,
  row: number,
  stamp: number,
  back: number,
  first: number,
  words: number,
  fromI32: Int32Array,
  from: number,
): void {
  const { i32 } = views;
  clearAllVisible(views, row & ~(PAGE_BYTES - 1));
  views.f64[row >> 3] = stamp;
  i32[(row + 8) >> 2] = back;
  const to = (row >> 2) + first;
  const source = from >> 2;
  for (let word = 0; word < words; word++) i32[to + word] = fromI32[source + word];
}

/** Turns the row into a tombstone: its bytes stay until the slot is freed. */
export function heapMarkDeleted(views: WordViews, page: number, slot: number, stamp: number, back: number): void {
  const row = page + (slotEntry(views.u32, page, slot) & 0xffff);
  clearAllVisible(views, page);
  views.f64[row >> 3] = stamp;
  views.i32[(row + 8) >> 2] = back;
  views.i32[(row + 12) >> 2] |= ROW_DELETED;
}

/**
 * Frees a slot and its room. Free slots at the end of the directory leave it. The entries of a tombstone's last key are gone by now; of
 * keys before, whose versions a crash may have taken along, nobody knows, and a stub does not say.
 */
export function heapFreeSlot(views: WordViews, page: number, slot: number): void {
  const { u32, u16 } = views;
  const entry = slotEntry(u32, page, slot);
  assert(slot < pageSlotCount(u16, page) && entry !== 0, 'a slot is freed once');
  clearAllVisible(views, page);
  const word = views.i32[(page + (entry & 0xffff) + 12) >> 2];
  if ((word & ROW_FORWARD) !== 0 || ((word & ROW_DELETED) !== 0 && (word & ROW_REKEYED) !== 0))
    setPageFlags(views.u8, page, pageFlags(views.u8, page) | PAGE_KEYS_LEFT);
  giveUp(u16, page, (entry & 0xffff) + (entry >>> 16), entry >>> 16);
  u32[slotWord(page) - slot] = 0;
  let count = pageSlotCount(u16, page);
  let free = heapPageFreeSlots(u16, page) + 1;
  while (count > 0 && u32[slotWord(page) - (count - 1)] === 0) {
    count--;
    free--;
  }
  setPageSlotCount(u16, page, count);
  setPageFreeEnd(u16, page, PAGE_BYTES - 4 * count);
  setHeapPageFreeSlots(u16, page, free);
  setHeapPageFirstFree(u16, page, Math.min(heapPageFirstFree(u16, page), slot, count));
  if (count === 0) {
    setPageFreeStart(u16, page, PAGE_HEADER_BYTES);
    setPageGarbage(u16, page, 0);
  }
}

/** Makes a slot name the body of its row, or names a new body. The stub keeps 24 bytes; the rest is given up: undo goes to the body. */
export function heapForward(views: WordViews, page: number, slot: number, bodyPage: number, bodySlot: number): void {
  const { i32, u32, u16 } = views;
  const entry = slotEntry(u32, page, slot);
  const row = page + (entry & 0xffff);
  clearAllVisible(views, page);
  views.f64[row >> 3] = 0;
  i32[(row + 8) >> 2] = 0;
  i32[(row + 12) >> 2] = ROW_FORWARD | ROW_STUB_BYTES;
  i32[(row + 16) >> 2] = bodyPage;
  i32[(row + 20) >> 2] = bodySlot;
  heapShrink(u32, u16, page, slot, ROW_CAPACITY_MIN);
}

/** Takes capacity from a slot: all beyond `capacity`, a multiple of 8 that its row fits in. */
export function heapShrink(u32: Uint32Array, u16: Uint16Array, page: number, slot: number, capacity: number): void {
  const entry = slotEntry(u32, page, slot);
  const offset = entry & 0xffff;
  const before = entry >>> 16;
  if (capacity >= before) return;
  u32[slotWord(page) - slot] = offset | (capacity << 16);
  giveUp(u16, page, offset + before, before - capacity);
}

/**
 * Writes a row that lives elsewhere into a slot with room for it (heapPlace with bodyBytes): the image at `from`, as a body.
 */
export function heapWriteBody(
  views: WordViews,
  page: number,
  slot: number,
  fromI32: Int32Array,
  from: number,
  homePage: number,
  homeSlot: number,
): void {
  const i32 = views.i32;
  const entry = slotEntry(views.u32, page, slot);
  const row = page + (entry & 0xffff);
  const length = paddedLength(fromI32, from);
  assert(length + ROW_HOME_BYTES <= entry >>> 16, 'a body and its home row id fit the slot they are written to');
  copyWords(i32, row, fromI32, from, length);
  i32[(row + 12) >> 2] = (i32[(row + 12) >> 2] & ~ROW_FORWARD) | ROW_BODY;
  i32[(row + length) >> 2] = homePage;
  i32[(row + length + 4) >> 2] = homeSlot;
}

/** Bytes a body takes whose image has this length. */
export const bodyBytes = (length: number): number => ((length + 7) & ~7) + ROW_HOME_BYTES;

/** Every change of a row clears the flags in the same latch (SM-P1, SM-P2). */
export function clearAllVisible(views: WordViews, page: number): void {
  setPageFlags(views.u8, page, pageFlags(views.u8, page) & ~(PAGE_ALL_VISIBLE | PAGE_ENTRIES_EXACT));
}

/** Room that ends at `end` in the page is not needed any more: gap if it touches the gap, a hole otherwise. */
function giveUp(u16: Uint16Array, page: number, end: number, bytes: number): void {
  if (end === pageFreeStart(u16, page)) setPageFreeStart(u16, page, end - bytes);
  else setPageGarbage(u16, page, pageGarbage(u16, page) + bytes);
}

function findFreeSlot(views: WordViews, page: number): number {
  const last = slotWord(page);
  const count = pageSlotCount(views.u16, page);
  let slot = heapPageFirstFree(views.u16, page);
  while (slot < count && views.u32[last - slot] !== 0) slot++;
  assert(slot < count, 'freeSlots counts the free slots (H5)');
  setHeapPageFirstFree(views.u16, page, slot);
  return slot;
}

/** Enters a slot whose capacity the gap has room for; the directory grows to it, slots between being free. */
function takeSlot(views: WordViews, page: number, slot: number, capacity: number): void {
  const { i32, u32, u16 } = views;
  const start = pageFreeStart(u16, page);
  const count = pageSlotCount(u16, page);
  const last = slotWord(page);
  if (slot < count) {
    const free = heapPageFreeSlots(u16, page) - 1;
    setHeapPageFreeSlots(u16, page, free);
    // Taken from the front; where redo takes another one, the bound stays: it is only a bound.
    if (slot === heapPageFirstFree(u16, page)) setHeapPageFirstFree(u16, page, slot + 1);
  } else {
    for (let between = count; between < slot; between++) u32[last - between] = 0;
    setPageSlotCount(u16, page, slot + 1);
    setPageFreeEnd(u16, page, PAGE_BYTES - 4 * (slot + 1));
    setHeapPageFreeSlots(u16, page, heapPageFreeSlots(u16, page) + slot - count);
    if (slot === count && heapPageFirstFree(u16, page) === count) setHeapPageFirstFree(u16, page, slot + 1);
  }
  u32[last - slot] = start | (capacity << 16);
  setPageFreeStart(u16, page, start + capacity);
  clearAllVisible(views, page);
  // Old bytes would be taken for place flags of the row that comes.
  i32[(page + start + 12) >> 2] = 0;
}
