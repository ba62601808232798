/**
 * The overflow chains of a row image: each belongs to that one version, and goes with it.
 *
 *   a version that a committed change has replaced   when no snapshot needs it, by whoever walks its chunk (TX-T18)
 *   a tombstone                                      after its slot is free, by whoever freed it
 *   a change that was undone                         by its undo entry (not here)
 */

import { freeOverflow, type OverflowStore, type OverflowTable } from '../storage/overflow/overflow.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { imageLayout, OVERFLOW_BIT, ROW_OVERFLOW } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';

/** First pages of the chains that the image at `row` names, into `chains`, which is emptied before. */
export function chainsOf(table: TableRuntime, views: ByteViews, row: number, chains: number[]): void {
  chains.length = 0;
  if ((views.i32[(row + 12) >> 2] & ROW_OVERFLOW) === 0) return;
  const layout = table.layouts[imageLayout(views.i32, row)];
  if (layout === undefined) return;
  for (const column of layout.columns) {
    if (column.bytes !== 0) continue;
    const half = (row + column.at) >> 1;
    if ((views.u16[half + 1] & OVERFLOW_BIT) !== 0) chains.push(views.i32[(row + views.u16[half]) >> 2]);
  }
}

/** Gives the chains back. A thread that dies in between leaves pages that nobody uses, never a page that is used twice. */
export function freeChains(store: OverflowStore, table: OverflowTable, chains: number[]): void {
  for (let first = chains.pop(); first !== undefined; first = chains.pop()) freeOverflow(store, table, first, null);
}
