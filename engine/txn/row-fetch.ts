/**
 * Other ways to a table's rows: by a list of row ids, a random sample, and page ranges handed out to several threads.
 *
 *   fetchRows     row ids (sorted by page they cost one page access each page) -> the row loop
 *   sampleRows    pages drawn at random -> the loops of a scan
 *   morsels       one shared counter: each thread adds to it and scans the page numbers it got (SBLR, 'Many threads')
 */

import { heapAllocate, heapFree } from '../../shm/allocator.ts';
import { outOfMemory } from '../../shm/errors.ts';
import type { SharedMemory } from '../../shm/shared-memory.ts';
import type { ByteOffset } from '../../shm/types.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import type { ScanLoops } from '../storage/rows/scan-loops.ts';
import { heapPage, heapPageCount, heapRange } from '../storage/space/heap-map.ts';
import type { Random } from '../storage/world.ts';
import { readCurrent } from './index-read.ts';
import { scanPage, type TableScan } from './table-scan.ts';
import type { Transaction } from './transactions.ts';

/**
 * Runs the row loop over the rows with these ids that the transaction sees, one after the other, in their order; returns how many.
 * A snapshot is taken; no page held. Allocates nothing per row.
 */
export function fetchRows(
  tx: Transaction,
  table: TableRuntime,
  pages: Int32Array,
  slots: Int32Array,
  count: number,
  scan: TableScan,
  loops: ScanLoops,
  state: Float64Array,
): number {
  const { image, one } = scan;
  let seen = 0;
  one[0] = 0;
  for (let index = 0; index < count; index++) {
    if (readCurrent(tx, table, pages[index], slots[index], image) === 0) continue;
    loops.rows(image.i32, image.u32, image.u16, image.u8, image.f64, one, 1, state);
    seen++;
  }
  return seen;
}

/**
 * Runs the loops over `count` pages of the table drawn at random, with repetition; all of them when it has no more. Every row is
 * as likely as its page (rows of a page come together). Returns the pages looked at.
 */
export function sampleRows(
  tx: Transaction,
  table: TableRuntime,
  count: number,
  random: Random,
  scan: TableScan,
  loops: ScanLoops,
  state: Float64Array,
): number {
  const { space } = tx.context;
  const pages = heapPageCount(space, table.mapRoot);
  const wanted = Math.min(count, pages);
  for (let drawn = 0; drawn < wanted; drawn++) {
    const index = wanted === pages ? drawn : Math.floor(random.next() * pages);
    scanPage(tx, table, heapPage(space, table.mapRoot, index), scan, loops, state);
  }
  return wanted;
}

/** Bytes of the shared counter: a cache line, for many threads add to it (SM-S3). */
const COUNTER_BYTES = 64;

/** Page numbers of a table that are handed out in ranges. Plain data but for the counter: can be posted to other threads. */
export interface Morsels {
  /** Byte offset of the counter in the heap segment. */
  readonly counter: ByteOffset;
  /** Pages of the table when the scan began. */
  readonly pages: number;
  /** Pages of a range. */
  readonly pagesEach: number;
}

/** Begins handing out the pages that a table has now. 53200 when the heap segment is full. */
export function createMorsels(tx: Transaction, table: TableRuntime, pagesEach: number): Morsels {
  const { shm, space } = tx.context;
  const counter = heapAllocate(shm, COUNTER_BYTES);
  if (counter === 0) throw outOfMemory('the counter of a parallel scan', COUNTER_BYTES);
  Atomics.store(shm.heap.i32, counter >>> 2, 0);
  return { counter, pages: heapPageCount(space, table.mapRoot), pagesEach };
}

/** First page number of the next range, of pagesEach or what is left; -1 when all are handed out. Any thread. */
export function nextMorsel(shm: SharedMemory, morsels: Morsels): number {
  const first = Atomics.add(shm.heap.i32, morsels.counter >>> 2, morsels.pagesEach);
  return first < morsels.pages ? first : -1;
}

/** Nobody takes ranges any more. */
export function freeMorsels(shm: SharedMemory, morsels: Morsels): void {
  heapFree(shm, morsels.counter, COUNTER_BYTES);
}

/** Runs the loops over the page numbers [from, to) of a table. A snapshot is taken; no page held. */
export function scanRange(
  tx: Transaction,
  table: TableRuntime,
  from: number,
  to: number,
  scan: TableScan,
  loops: ScanLoops,
  state: Float64Array,
): void {
  const { space } = tx.context;
  for (let index = from; index < to; ) {
    const count = Math.min(heapRange(space, table.mapRoot, index, scan.range), to - index);
    if (count === 0) return;
    for (let page = 0; page < count; page++) scanPage(tx, table, scan.range[0] + page, scan, loops, state);
    index += count;
  }
}
