/**
 * Taking back what rows gave up: a slot keeps its capacity while the change that shrank its row may be undone; once the
 * row's stamp says committed, the surplus may go. The decision depends on stamps, which are not in the log, so it is
 * logged itself: one HEAP_TRIM record lists the slots and their new capacities.
 */

import { pageSlotCount } from '../page.layout.gen.ts';
import type { WordViews } from '../rows/byte-views.ts';
import { paddedLength, ROW_BODY, ROW_CAPACITY_MIN, ROW_HOME_BYTES } from '../rows/row-image.ts';
import { HEAP_SLOTS_MAX, heapShrink, slotWord } from './heap-page.ts';

/** Room for the trims of any page. */
export const TRIMS_MAX = HEAP_SLOTS_MAX;

/** What a trim of the page would win, in bytes. */
export function heapTrimGain(views: WordViews, page: number): number {
  const count = pageSlotCount(views.u16, page);
  const last = slotWord(page);
  let gain = 0;
  for (let slot = 0; slot < count; slot++) gain += surplus(views, page, views.u32[last - slot]);
  return gain;
}

/** Writes slot | new capacity << 16 for each slot with surplus to `out` from word `at` on; returns how many. Changes nothing. */
export function heapCollectTrims(views: WordViews, page: number, out: Uint32Array, at: number): number {
  const count = pageSlotCount(views.u16, page);
  const last = slotWord(page);
  let found = 0;
  for (let slot = 0; slot < count; slot++) {
    const entry = views.u32[last - slot];
    const bytes = surplus(views, page, entry);
    if (bytes === 0) continue;
    out[at + found] = slot | (((entry >>> 16) - bytes) << 16);
    found++;
  }
  return found;
}

/** Applies a list that heapCollectTrims() made. */
export function heapApplyTrims(views: WordViews, page: number, from: Uint32Array, at: number, count: number): void {
  for (let index = at; index < at + count; index++) {
    heapShrink(views.u32, views.u16, page, from[index] & 0xffff, from[index] >>> 16);
  }
}

function surplus(views: WordViews, page: number, entry: number): number {
  if (entry === 0) return 0;
  const row = page + (entry & 0xffff);
  // In flight: the change may be undone. (A stub has stamp 0 and never more than its 24 bytes.)
  if (!(views.f64[row >> 3] >= 0)) return 0;
  const home = (views.i32[(row + 12) >> 2] & ROW_BODY) === 0 ? 0 : ROW_HOME_BYTES;
  return Math.max(0, (entry >>> 16) - Math.max(ROW_CAPACITY_MIN, paddedLength(views.i32, row) + home));
}
