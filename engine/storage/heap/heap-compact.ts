/**
 * Compaction of a heap page: rows are pushed together in the order of their slots, so that all free room is one gap.
 *
 * A change of places only: capacities, images and slots stay, so it is not logged and any redo may compact when it likes.
 */

import { PAGE_HEADER_BYTES } from '../page.layout.ts';
import { pageFreeStart, pageSlotCount, setPageFreeStart, setPageGarbage } from '../page.layout.gen.ts';
import { copyWords, type WordViews } from '../rows/byte-views.ts';

/** This thread's copy of the page's rows while they are put back; compaction waits for nothing, so one is enough. */
const copy = new Int32Array(8192 / 4);

/**
 * Pushes all rows together. `growSlot` (or -1) gets `growCapacity` bytes instead of what it has and comes last; the page has
 * the room for it.
 */
export function compactHeapPage(views: WordViews, page: number, growSlot: number, growCapacity: number): void {
  const { i32, u32, u16 } = views;
  const count = pageSlotCount(u16, page);
  const last = (page + 8192 - 4) >>> 2;
  copyWords(copy, PAGE_HEADER_BYTES, i32, page + PAGE_HEADER_BYTES, pageFreeStart(u16, page) - PAGE_HEADER_BYTES);
  let next = PAGE_HEADER_BYTES;
  for (let slot = 0; slot < count; slot++) {
    const entry = u32[last - slot];
    if (entry === 0 || slot === growSlot) continue;
    const capacity = entry >>> 16;
    copyWords(i32, page + next, copy, entry & 0xffff, capacity);
    u32[last - slot] = next | (capacity << 16);
    next += capacity;
  }
  if (growSlot >= 0) {
    const entry = u32[last - growSlot];
    copyWords(i32, page + next, copy, entry & 0xffff, entry >>> 16);
    u32[last - growSlot] = next | (growCapacity << 16);
    next += growCapacity;
  }
  setPageFreeStart(u16, page, next);
  setPageGarbage(u16, page, 0);
}
