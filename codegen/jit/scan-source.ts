/**
 * All rows of a table, page by page (SBLR-G1): the page's rendering runs under the hold, what it copied waits in the state and is
 * looked at after the page is let go (SM-L4).
 *
 * Statements that change or lock what they scan need row ids: for them the rows of a page are chosen here, slot by slot.
 */

import { holdPage, pagePlace, pageViews, releasePage } from '../../engine/storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES } from '../../engine/storage/heap/heap-page.ts';
import { PAGE_SLOT_COUNT, PAGE_TYPE } from '../../engine/storage/page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../../engine/storage/page.layout.ts';
import { imageLayout, ROW_BODY, ROW_DELETED, ROW_FORWARD, rowIdOf } from '../../engine/storage/rows/row-image.ts';
import type { TableRuntime } from '../../engine/storage/rows/runtime.ts';
import type { ScanLoops } from '../../engine/storage/rows/scan-loops.ts';
import { heapPageCount, heapRange } from '../../engine/storage/space/heap-map.ts';
import { readCurrent } from '../../engine/txn/index-read.ts';
import { noteTable } from '../../engine/txn/serializable.ts';
import { checkBound } from '../../engine/txn/snapshot.ts';
import { createTableScan, scanPage, type TableScan } from '../../engine/txn/table-scan.ts';
import { DEPENDENCY, SERIALIZABLE, SNAPSHOT, WATCH } from '../../engine/txn/transactions.ts';
import type { Few } from './few.ts';
import type { State } from './state.ts';

const NO_STATE = new Float64Array(0);

/** Scans of this thread that nobody runs. */
const spareScans: TableScan[] = [];
const SPARE_MAX = 8;

export class ScanReader {
  readonly #table: TableRuntime;
  /** Taken when it begins, given back when the run is closed. */
  #scan: TableScan = null as unknown as TableScan;
  readonly #loops: ScanLoops;
  readonly #range = new Int32Array(2);
  readonly #withIds: boolean;
  readonly #isOrdered: boolean;
  readonly #slots: Int32Array;
  readonly #few: Few | null;
  #pages = 0;
  #next = 0;
  #inRange = 0;
  /** Rows of the page that are in the state and not yet taken. */
  taken = 0;

  /** `few`: counts the rows that are copied. `isOrdered`: rows of a page come by their slots, whoever changes them meanwhile. */
  constructor(c: State, table: TableRuntime, loops: ScanLoops, withIds: boolean, few: Few | null, isOrdered = false) {
    this.#table = table;
    this.#few = few;
    this.#withIds = withIds || isOrdered;
    this.#isOrdered = isOrdered;
    this.#slots = this.#withIds ? new Int32Array(HEAP_SLOTS_MAX) : new Int32Array(0);
    this.#loops = {
      page: loops.page,
      // Rows that are read one by one lie in private memory: there is time to make room for them.
      rows: (i32, u32, u16, u8, f64, offsets, count, state) => {
        if (i32 === this.#scan.image.i32 || i32 === this.#scan.upgraded.i32) c.makeRoom();
        loops.rows(i32, u32, u16, u8, f64, offsets, count, state);
      },
    };
  }

  begin(c: State): void {
    const { space } = c.tx.context;
    this.#scan ??= spareScans.pop() ?? createTableScan();
    if (c.tx.isolation === SERIALIZABLE) noteTable(c.kernel.locks, c.tx, this.#table.id);
    this.#pages = heapPageCount(space, this.#table.mapRoot);
    this.#next = 0;
    this.#inRange = 0;
    this.taken = 0;
    c.count = 0;
    c.used = 0;
  }

  /** Pages of the table as of when it began. */
  get pages(): number {
    return this.#pages;
  }

  /** Goes on with these pages of it, by their numbers; nextPage() is false at their end. */
  window(from: number, to: number): void {
    this.#next = from;
    this.#pages = to;
    this.#inRange = 0;
  }

  close(): void {
    if (this.#scan !== null && spareScans.length < SPARE_MAX) spareScans.push(this.#scan);
    this.#scan = null as unknown as TableScan;
  }

  /** Runs the loops over the next page; false when there is none. What was copied lies in c.copies, c.count rows. */
  nextPage(c: State): boolean {
    if (this.#next >= this.#pages) return false;
    if (this.#inRange === 0) {
      this.#inRange = heapRange(c.tx.context.space, this.#table.mapRoot, this.#next, this.#range);
      if (this.#inRange === 0) return false;
    }
    c.count = 0;
    c.used = 0;
    this.taken = 0;
    const page = this.#range[0]++;
    this.#inRange--;
    this.#next++;
    c.pages++;
    c.makeRoom();
    if (this.#withIds) this.#pageWithIds(c, page);
    else scanPage(c.tx, this.#table, page, this.#scan, this.#loops, NO_STATE);
    if (this.#few !== null) this.#few.rows += c.count;
    return true;
  }

  /** As scanPage(), with row ids. */
  #pageWithIds(c: State, page: number): void {
    const { tx } = c;
    const { cache } = tx.context;
    const frame = holdPage(cache, page);
    const views = pageViews(cache, frame);
    const at = pagePlace(cache, frame);
    let later = 0;
    if (views.u8[at + PAGE_TYPE] === PAGE_TYPE_HEAP) {
      const { i32, u32, f64 } = views;
      const { offsets } = this.#scan;
      const snapshot = tx.times[SNAPSHOT];
      const directory = (at + PAGE_BYTES - 4) >>> 2;
      const slots = views.u16[(at + PAGE_SLOT_COUNT) >>> 1];
      const layout = this.#table.layout.number;
      let count = 0;
      let greatest = 0;
      for (let slot = 0; slot < slots; slot++) {
        const entry = u32[directory - slot];
        if (entry === 0) continue;
        const row = at + (entry & 0x1fff);
        const word = i32[(row + 12) >> 2];
        if ((word & ROW_BODY) !== 0) continue;
        const stamp = f64[row >> 3];
        const asItStands = (word & ROW_FORWARD) === 0 && stamp >= 0 && stamp <= snapshot;
        if (asItStands && stamp > greatest) greatest = stamp;
        if (asItStands && (word & ROW_DELETED) !== 0) continue;
        if (asItStands && imageLayout(i32, row) === layout) {
          this.#slots[count] = slot;
          offsets[count++] = row;
        } else this.#scan.later[later++] = slot;
      }
      if (greatest > tx.times[WATCH] && greatest > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = greatest;
      if (count > 0) this.#loops.rows(i32, u32, views.u16, views.u8, f64, offsets, count, NO_STATE);
    }
    releasePage(cache, frame);
    checkBound(tx);
    for (let row = 0; row < c.count; row++) c.rowIds[row] = rowIdOf(page, this.#slots[c.origins[row]]);
    for (let index = 0; index < later; index++) this.#readLater(c, page, this.#scan.later[index]);
    if (this.#isOrdered && later > 0) orderRows(c);
  }

  #readLater(c: State, page: number, slot: number): void {
    const { image, one } = this.#scan;
    if (readCurrent(c.tx, this.#table, page, slot, image) === 0) return;
    one[0] = 0;
    const before = c.count;
    this.#loops.rows(image.i32, image.u32, image.u16, image.u8, image.f64, one, 1, NO_STATE);
    if (c.count > before) c.rowIds[before] = rowIdOf(page, slot);
  }
}

/** Rows that were read behind the others go to their places among them: a few. */
function orderRows({ rowIds, offsets, count }: State): void {
  for (let row = 1; row < count; row++) {
    const id = rowIds[row];
    const offset = offsets[row];
    let place = row;
    for (; place > 0 && rowIds[place - 1] > id; place--) {
      rowIds[place] = rowIds[place - 1];
      offsets[place] = offsets[place - 1];
    }
    rowIds[place] = id;
    offsets[place] = offset;
  }
}
