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
import { lookupFrame } from '../../shm/page-table.ts';
import { frameOffset } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { fetchFrame, touch } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX, PAGE_BYTES } from '../storage/heap/heap-page.ts';
import { PAGE_HEADER_BYTES } from '../storage/page.layout.ts';
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
    if (!copyNewest(txns, page, slot, out, row, table.id)) {
      // There is none, unless the collector has taken it from a snapshot that was given up (TX-T17).
      checkBound(tx);
      return 0;
    }
    if (testing) yieldPoint('read.copied');
    const length = settle(tx, out, row);
    if (length !== READ_AGAIN) return length;
  }
}

/**
 * Copies the newest version of a row, wherever it lies, one consistent image; false: there is no row at this home. `table` only
 * helps to guess where in its page the row lies.
 */
export function copyNewest(txns: Transactions, page: number, slot: number, out: ByteViews, row: number, table = 0): boolean {
  for (;;) {
    if (!copySlot(txns, table, page, slot, out, row)) return false;
    const word = out.i32[(row + 12) >> 2];
    if ((word & (ROW_FORWARD | ROW_BODY)) === 0) return true;
    if ((word & ROW_BODY) !== 0) return false;
    const bodyPage = stubBodyPage(out.i32, row);
    const bodySlot = stubBodySlot(out.i32, row);
    if (testing) yieldPoint('read.forwarded');
    // It may have moved again between the two pages: what lies there now says whose body it is.
    if (!copySlot(txns, table, bodyPage, bodySlot, out, row)) continue;
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

/**
 * Where a row probably lies: pages are filled from the front, slot by slot, so it is the slot's number times the usual room of
 * this table's rows (txns.rowWords, in 1/1024 pairs of words), as the last row that lay elsewhere showed.
 */
const FIRST_WORD = PAGE_HEADER_BYTES >>> 2;
const GUESS_MAX = PAGE_WORDS - 4;
const GUESS_SHIFT = 10;

function learn(rowWords: Int32Array, table: number, slot: number, from: number): void {
  if (slot > 0 && from >= FIRST_WORD) rowWords[table & 63] = (((from - FIRST_WORD) << (GUESS_SHIFT - 1)) / slot + 1) | 0;
}

/** Copies what lies in a slot, with the home row id behind a body; false: the slot is free or was never there. */
function copySlot(txns: Transactions, table: number, page: number, slot: number, out: ByteViews, row: number): boolean {
  const { shm, cache } = txns;
  const { rowWords } = txns;
  const i32 = shm.i32;
  const bounded = slot < HEAP_SLOTS_MAX ? slot : 0;
  let guess = FIRST_WORD + ((Math.imul(bounded, rowWords[table & 63]) >>> GUESS_SHIFT) << 1);
  if (guess > GUESS_MAX) guess = GUESS_MAX;
  for (;;) {
    let frame = lookupFrame(shm, page);
    // A page that has to be read in gets its second chance with the next use (clock-hand.ts), not with this one.
    const wasThere = frame >= 0;
    if (!wasThere) frame = fetchFrame(cache, page);
    const base = shm.framesBase + frame * FRAME_BYTES;
    const version = readBegin(i32, base);
    // One view for all of it, and the loads close together, before anything is decided: each is another cache line, and the
    // processor begins those early whose instructions it can see. The row's own does not wait for the directory's if the guess is
    // right.
    const words = shm.frameSegments[frame >>> shm.frameShift].i32;
    const at = frameOffset(shm, frame) >>> 2;
    let entry = words[at + PAGE_WORDS - 1 - bounded];
    const guessed = words[at + guess + 3];
    const slots = words[at + SLOT_COUNT_WORD] & 0xffff;
    if (version === READ_LATCHED) {
      awaitVersion(shm, frame);
      continue;
    }
    if (i32[(base + FRAME_PAGE_ID) >>> 2] !== page) continue;
    let from = 0;
    if (slot >= slots || slot !== bounded) entry = 0;
    else {
      // Nothing here is true before the version was found unmoved: offset and length are bounded by what a page can have.
      from = (entry & 0x1ff8) >>> 2;
      const head = from === guess ? guessed : words[at + from + 3];
      let count = (((head & ROW_LENGTH_MASK) + 7) >>> 3) << 1;
      if ((head & ROW_BODY) !== 0) count += ROW_HOME_BYTES >>> 2;
      if (from + count > PAGE_WORDS) count = PAGE_WORDS - from;
      copyPairs(out.i32, row >>> 2, words, at + from, count);
    }
    if (testing) yieldPoint('read.beforeValid');
    if (!readUnchanged(shm, base, version)) continue;
    if (from !== guess) learn(rowWords, table, slot, from);
    if (wasThere) touch(cache, frame);
    txns.ints[COPY_FRAME] = frame;
    txns.ints[COPY_PAGE] = page;
    txns.ints[COPY_VERSION] = version;
    txns.ints[COPY_SLOT] = slot;
    txns.ints[COPY_AT] = (at + from) << 2;
    return entry !== 0;
  }
}
