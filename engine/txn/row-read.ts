/**
 * Reading a row by its row id: optimistically, without latch or hold (SM-L2, SM-L3).
 *
 * The newest image is copied to memory of the caller, validated, and only then looked at; the version that the transaction
 * sees then takes its place (visibility.ts). A row that has moved is fetched from where its home says; a body that is met
 * without its home is no row.
 *
 * Hot file: free functions, no allocation.
 */

import { awaitVersion, readBegin, readUnchanged, READ_LATCHED } from '../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID } from '../../shm/frame.layout.gen.ts';
import { frameOffset } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { fetchFrame } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES } from '../storage/heap/heap-page.ts';
import { PAGE_SLOT_COUNT } from '../storage/page.layout.gen.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import {
  bodyHomePage,
  bodyHomeSlot,
  ROW_BODY,
  ROW_FORWARD,
  ROW_HOME_BYTES,
  ROW_LENGTH_MASK,
  stubBodyPage,
  stubBodySlot,
} from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { checkBound } from './snapshot.ts';
import { SERIALIZABLE, type Transaction, type Transactions } from './transactions.ts';
import { READ_AGAIN, settle } from './visibility.ts';

const testing = TESTING;

/**
 * The version of row (page, slot) that the transaction sees, copied to byte offset `row` of `out` (ROW_SCRATCH_BYTES of room).
 * Returns its length in bytes, 0 if it sees none. A snapshot is taken; no page held. May read pages.
 */
export function readRow(tx: Transaction, table: TableRuntime, page: number, slot: number, out: ByteViews, row: number): number {
  const txns = tx.context;
  if (tx.isolation === SERIALIZABLE && txns.hooks.rowRead !== null) txns.hooks.rowRead(tx, table, page, slot);
  for (;;) {
    if (!copyNewest(txns, page, slot, out, row)) {
      // There is none, unless the collector has taken it from a snapshot that was given up (TX-T17).
      checkBound(tx);
      return 0;
    }
    if (testing) yieldPoint('read.copied');
    const length = settle(tx, out, row);
    if (length !== READ_AGAIN) return length;
  }
}

/** Copies the newest version of a row, wherever it lies, one consistent image; false: there is no row at this home. */
export function copyNewest(txns: Transactions, page: number, slot: number, out: ByteViews, row: number): boolean {
  for (;;) {
    if (!copySlot(txns, page, slot, out, row)) return false;
    const word = out.i32[(row + 12) >> 2];
    if ((word & (ROW_FORWARD | ROW_BODY)) === 0) return true;
    if ((word & ROW_BODY) !== 0) return false;
    const bodyPage = stubBodyPage(out.i32, row);
    const bodySlot = stubBodySlot(out.i32, row);
    if (testing) yieldPoint('read.forwarded');
    // It may have moved again between the two pages: what lies there now says whose body it is.
    if (!copySlot(txns, bodyPage, bodySlot, out, row)) continue;
    if ((out.i32[(row + 12) >> 2] & ROW_BODY) === 0) continue;
    if (bodyHomePage(out.i32, row) === page && bodyHomeSlot(out.i32, row) === slot) return true;
  }
}

/** txns.ints after copyNewest(): frame, page and version from which the image was copied: a witness that it has not changed. */
export const COPY_FRAME = 12;
export const COPY_PAGE = 13;
export const COPY_VERSION = 14;
/** Slot, and byte offset of the image in the frame's views. */
export const COPY_SLOT = 16;
export const COPY_AT = 17;

/** Copies an even number of words. */
function copyPairs(to: Int32Array, write: number, from: Int32Array, read: number, count: number): void {
  for (let word = 0; word < count; word += 2) {
    to[write + word] = from[read + word];
    to[write + word + 1] = from[read + word + 1];
  }
}

const PAGE_WORDS = PAGE_BYTES >>> 2;
/** The slot count is the lower half of this word. */
const SLOT_COUNT_WORD = PAGE_SLOT_COUNT >>> 2;

/** Copies what lies in a slot, with the home row id behind a body; false: the slot is free or was never there. */
function copySlot(txns: Transactions, page: number, slot: number, out: ByteViews, row: number): boolean {
  const { shm, cache } = txns;
  const i32 = shm.i32;
  for (;;) {
    const frame = fetchFrame(cache, page);
    const base = cache.framesBase + frame * FRAME_BYTES;
    const version = readBegin(i32, base);
    if (version === READ_LATCHED) {
      awaitVersion(shm, frame);
      continue;
    }
    if (i32[(base + FRAME_PAGE_ID) >>> 2] !== page) continue;
    // One view for all of it, and nothing between the loads that could wait: each is another cache line, and the processor
    // begins those early whose instructions it can see.
    const words = shm.frameSegments[frame >>> shm.frameShift].i32;
    const at = frameOffset(shm, frame) >>> 2;
    let entry = 0;
    let from = 0;
    if (slot < (words[at + SLOT_COUNT_WORD] & 0xffff) && slot < HEAP_SLOTS_MAX) {
      entry = words[at + PAGE_WORDS - 1 - slot];
      // Nothing here is true before the version was found unmoved: offset and length are bounded by what a page can have.
      from = (entry & 0x1ff8) >>> 2;
      const head = words[at + from + 3];
      let count = (((head & ROW_LENGTH_MASK) + 7) >>> 3) << 1;
      if ((head & ROW_BODY) !== 0) count += ROW_HOME_BYTES >>> 2;
      if (from + count > PAGE_WORDS) count = PAGE_WORDS - from;
      copyPairs(out.i32, row >>> 2, words, at + from, count);
    }
    if (testing) yieldPoint('read.beforeValid');
    if (!readUnchanged(shm, base, version)) continue;
    txns.ints[COPY_FRAME] = frame;
    txns.ints[COPY_PAGE] = page;
    txns.ints[COPY_VERSION] = version;
    txns.ints[COPY_SLOT] = slot;
    txns.ints[COPY_AT] = (at + from) << 2;
    return entry !== 0;
  }
}
