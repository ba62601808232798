/**
 * Scanning a table page by page: what a snapshot sees of one heap page goes through a pair of generated loops.
 *
 *   page all visible, greatest stamp <= snapshot    the page loop runs over it as it lies (SM-P1)
 *   else, under the hold: rows that are seen as they stand            -> the row loop
 *         after the hold: rows with older versions, in flight, moved
 *                         away, or of an older layout, read one by one -> the row loop, on a copy
 *
 * The hold is shared (SM-L4): under it nothing waits, reads another page, or allocates; so what needs another page waits until
 * the page is let go. Between two pages nothing is held, and (page number, slot) is a place to go on from (TableScan.firstSlot).
 *
 * Hot file: free functions, nothing allocated per row.
 */

import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES } from '../storage/heap/heap-page.ts';
import { PAGE_FLAGS, PAGE_GREATEST_STAMP, PAGE_SLOT_COUNT, PAGE_TYPE } from '../storage/page.layout.gen.ts';
import { PAGE_ALL_VISIBLE, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { imageLayout, ROW_BODY, ROW_DELETED, ROW_FORWARD, ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import type { ScanLoops } from '../storage/rows/scan-loops.ts';
import { noteTombstone } from './dead-list.ts';
import { readRow } from './row-read.ts';
import { checkBound } from './snapshot.ts';
import { DEPENDENCY, SNAPSHOT, type Transaction, WATCH } from './transactions.ts';

const testing = TESTING;

/** Scratch of one scan. Reused from page to page. */
export interface TableScan {
  /** Byte offsets of rows that are seen as they stand. */
  readonly offsets: Int32Array;
  /** Slots that must be read after the page is let go. */
  readonly later: Int32Array;
  laterCount: number;
  /** Slots of tombstones that no back version of this process names. */
  readonly tombstones: Int32Array;
  tombstoneCount: number;
  readonly image: ByteViews;
  readonly upgraded: ByteViews;
  readonly one: Int32Array;
  /** Pages that lie together, see heapRange(). */
  readonly range: Int32Array;
  /** Slots below this one are passed over, once: a scan that was interrupted in a page goes on there. */
  firstSlot: number;
}

export function createTableScan(): TableScan {
  return {
    offsets: new Int32Array(HEAP_SLOTS_MAX),
    later: new Int32Array(HEAP_SLOTS_MAX),
    laterCount: 0,
    tombstones: new Int32Array(HEAP_SLOTS_MAX),
    tombstoneCount: 0,
    image: privateViews(ROW_SCRATCH_BYTES),
    upgraded: privateViews(ROW_SCRATCH_BYTES),
    one: new Int32Array(1),
    range: new Int32Array(2),
    firstSlot: 0,
  };
}

/**
 * Runs the loops over what the transaction sees of one page of the table. Each row once; its order within the page is not
 * promised. A snapshot is taken; no page held. May read pages.
 */
export function scanPage(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  scan: TableScan,
  loops: ScanLoops,
  state: Float64Array,
): void {
  const cache = tx.context.cache;
  const frame = holdPage(cache, page);
  const views = pageViews(cache, frame);
  const at = pagePlace(cache, frame);
  scan.laterCount = 0;
  scan.tombstoneCount = 0;
  if (views.u8[at + PAGE_TYPE] === PAGE_TYPE_HEAP) {
    const slots = views.u16[(at + PAGE_SLOT_COUNT) >>> 1];
    const greatest = views.f64[(at + PAGE_GREATEST_STAMP) >>> 3];
    const times = tx.times;
    if (
      scan.firstSlot === 0 &&
      (views.u8[at + PAGE_FLAGS] & PAGE_ALL_VISIBLE) !== 0 &&
      greatest <= times[SNAPSHOT] &&
      table.layouts.length === 1
    ) {
      if (greatest > times[WATCH] && greatest > times[DEPENDENCY]) times[DEPENDENCY] = greatest;
      loops.page(views.i32, views.u32, views.u16, views.u8, views.f64, at, slots, state);
    } else {
      const count = chooseRows(tx, table, views, at, slots, scan);
      if (count > 0) loops.rows(views.i32, views.u32, views.u16, views.u8, views.f64, scan.offsets, count, state);
    }
  }
  if (testing) yieldPoint('scan.held');
  releasePage(cache, frame);
  // A row that is missing may have been taken from a snapshot that was given up (TX-T17).
  checkBound(tx);
  for (let index = 0; index < scan.tombstoneCount; index++) noteTombstone(tx.context, table, page, scan.tombstones[index]);
  for (let index = 0; index < scan.laterCount; index++) scanLater(tx, table, page, scan.later[index], scan, loops, state);
}

/** Under the hold: offsets of the rows that are seen as they stand; the slots of the others go to scan.later. */
function chooseRows(tx: Transaction, table: TableRuntime, views: ByteViews, at: number, slots: number, scan: TableScan): number {
  const { i32, u32, f64 } = views;
  const times = tx.times;
  const snapshot = times[SNAPSHOT];
  const layout = table.layout.number;
  const directory = (at + PAGE_BYTES - 4) >>> 2;
  let count = 0;
  let later = 0;
  let greatest = 0;
  for (let slot = scan.firstSlot; slot < slots; slot++) {
    const entry = u32[directory - slot];
    if (entry === 0) continue;
    const row = at + (entry & 0x1fff);
    const word = i32[(row + 12) >> 2];
    if ((word & ROW_BODY) !== 0) continue;
    const stamp = f64[row >> 3];
    if ((word & ROW_FORWARD) !== 0 || !(stamp >= 0 && stamp <= snapshot)) {
      scan.later[later++] = slot;
    } else {
      if (stamp > greatest) greatest = stamp;
      if ((word & ROW_DELETED) !== 0) {
        if (i32[(row + 8) >> 2] === 0) scan.tombstones[scan.tombstoneCount++] = slot;
        continue;
      }
      if (imageLayout(i32, row) === layout) scan.offsets[count++] = row;
      else scan.later[later++] = slot;
    }
  }
  if (greatest > times[WATCH] && greatest > times[DEPENDENCY]) times[DEPENDENCY] = greatest;
  scan.laterCount = later;
  return count;
}

/** A row that needs more than its page: read by its id, brought to the current layout. */
function scanLater(
  tx: Transaction,
  table: TableRuntime,
  page: number,
  slot: number,
  scan: TableScan,
  loops: ScanLoops,
  state: Float64Array,
): void {
  if (readRow(tx, table, page, slot, scan.image, 0) === 0) return;
  let from = scan.image;
  if (imageLayout(from.i32, 0) !== table.layout.number) {
    table.upgrade(from, 0, scan.upgraded, 0);
    from = scan.upgraded;
  }
  scan.one[0] = 0;
  loops.rows(from.i32, from.u32, from.u16, from.u8, from.f64, scan.one, 1, state);
}
