/**
 * Chunks of back versions in temporary pages (TX-T17): where they go when the versions segment is full, because a snapshot is
 * old or a transaction large.
 *
 *   bytes 0.. of the chunk -> runs of 8128 bytes, each behind the header of a temporary page; the pages follow each other
 *
 * The directory entry then names the first page instead of a place. The place is used again after an epoch, so that a reader
 * who found it there reads what was there. Versions in pages do not change any more; a stamp in flight in one of them says
 * enough (versions.ts).
 */

import { assert } from '../../shm/assert.ts';
import { enterCritical, leaveCritical } from '../../shm/critical.ts';
import { advanceEpoch, epochPassed } from '../../shm/epoch.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { frameOffset, frameSegment } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { holdPage, latchNewPage, latchPage, pageTouched, releasePage, unlatchPage } from '../storage/cache/page-cache.ts';
import { PAGE_HEADER_BYTES, PAGE_TYPE_VERSION } from '../storage/page.layout.ts';
import { copyWords, type ByteViews } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_HEADER_BYTES } from '../storage/rows/row-image.ts';
import { formatPage } from '../storage/space/format-page.ts';
import { freeTemporaryPages, takeTemporaryPages } from '../storage/space/temporary-pages.ts';
import type { Transactions } from './transactions.ts';
import { CHUNK_FULL, VERSION_VOID } from './txn.layout.ts';
import {
  TXN_SHARED_CHUNK_LATCH,
  VERSION_BYTES,
  VERSION_FLAGS,
  addTxnSharedChunksSpilled,
  loadVersionChunkPlace,
  loadVersionChunkState,
  setVersionChunkEpoch,
  setVersionChunkWaitingPlace,
  setVersionFlags,
  storeVersionChunkPlace,
  versionChunkEpoch,
  versionChunkUsed,
  versionChunkWaitingPlace,
  versionFlags,
  versionLength,
} from './txn.layout.gen.ts';
import { chunkEntry, FIRST_VERSION, givePlace, residentVersion } from './versions.ts';

const testing = TESTING;

/** Bytes of a chunk in one page. */
const PART_BYTES = 8192 - PAGE_HEADER_BYTES;

/** Temporary pages of a chunk with so many bytes used. */
export const pagesOfChunk = (used: number): number => Math.ceil(used / PART_BYTES);

/**
 * Writes a full, resident chunk to temporary pages. One thread at a time (the collector's word). No latch, no hold. 53100 when
 * the temporary file cannot grow: nothing has changed then.
 */
export function spillChunk(txns: Transactions, chunk: number): void {
  const entry = chunkEntry(txns, chunk);
  const place = loadVersionChunkPlace(txns.i32, entry);
  const used = versionChunkUsed(txns.i32, entry);
  const pages = pagesOfChunk(used);
  const first = takeTemporaryPages(txns.space, pages);
  for (let part = 0; part < pages; part++) {
    const frame = latchNewPage(txns.cache, first + part);
    const v = frameSegment(txns.shm, frame);
    const at = frameOffset(txns.shm, frame);
    formatPage(v, at, first + part, PAGE_TYPE_VERSION, 0);
    const from = (place - 1) * txns.options.chunkBytes + part * PART_BYTES;
    copyWords(v.i32, at + PAGE_HEADER_BYTES, txns.versions.i32, from, Math.min(PART_BYTES, used - part * PART_BYTES));
    pageTouched(txns.cache, frame);
    unlatchPage(txns.cache, frame);
  }
  if (testing) yieldPoint('spill.written');
  // One step: a chunk whose place is taken for left while its versions are still read there would be overwritten.
  enterCritical(txns.shm);
  storeVersionChunkPlace(txns.i32, entry, first);
  setVersionChunkEpoch(txns.i32, entry, advanceEpoch(txns.shm));
  setVersionChunkWaitingPlace(txns.i32, entry, place);
  addTxnSharedChunksSpilled(txns.i32, txns.shared, 1);
  leaveCritical(txns.shm);
  if (testing) yieldPoint('spill.moved');
}

/** The place that a spilled chunk left is free once its epoch has passed. True if it was given back by this call. */
export function freeSpilledPlace(txns: Transactions, chunk: number): boolean {
  const entry = chunkEntry(txns, chunk);
  const place = versionChunkWaitingPlace(txns.i32, entry);
  if (place === 0 || !epochPassed(txns.shm, versionChunkEpoch(txns.i32, entry))) return false;
  carryVoids(txns, place, loadVersionChunkPlace(txns.i32, entry), versionChunkUsed(txns.i32, entry));
  const latch = txns.shared + TXN_SHARED_CHUNK_LATCH;
  acquireLatch(txns.shm, latch);
  setVersionChunkWaitingPlace(txns.i32, entry, 0);
  givePlace(txns, place - 1);
  releaseLatch(txns.shm, latch);
  return true;
}

/** Gives the pages of a spilled chunk back: nobody can reach its versions any more. */
export function freeSpilledPages(txns: Transactions, chunk: number): void {
  const entry = chunkEntry(txns, chunk);
  const first = loadVersionChunkPlace(txns.i32, entry);
  if (first >= 0) return;
  storeVersionChunkPlace(txns.i32, entry, 0);
  freeTemporaryPages(txns.space, first, pagesOfChunk(versionChunkUsed(txns.i32, entry)));
  addTxnSharedChunksSpilled(txns.i32, txns.shared, -1);
}

/** True for a chunk that may be spilled. */
export function canSpill(txns: Transactions, chunk: number): boolean {
  const entry = chunkEntry(txns, chunk);
  return (
    loadVersionChunkState(txns.i32, entry) === CHUNK_FULL &&
    loadVersionChunkPlace(txns.i32, entry) > 0 &&
    versionChunkWaitingPlace(txns.i32, entry) === 0
  );
}

/** Copies the image of a spilled version to byte offset `row` of `out`. No latch or hold by the caller. */
export function readSpilledVersion(txns: Transactions, address: number, out: ByteViews, row: number): void {
  const first = loadVersionChunkPlace(txns.i32, chunkEntry(txns, address >>> txns.unitShift));
  // Freed since it was looked up: the caller's check of the collector's bound says so.
  if (first >= 0) return;
  const from = (address & txns.unitMask) * 8 + VERSION_BYTES;
  copySpilled(txns, first, from, ROW_HEADER_BYTES, out, row);
  const length = paddedLength(out.i32, row);
  copySpilled(txns, first, from, length, out, row);
}

/**
 * The change that made the version at `address` is about to be undone: the row will have it again, overflow chains included, so
 * the collector has nothing to do with it. By whoever undoes, while the run of the version is unfinished. No latch, no hold.
 */
export function voidVersion(txns: Transactions, address: number): void {
  const resident = residentVersion(txns, address);
  if (resident >= 0) {
    setVersionFlags(txns.versions.u16, resident, versionFlags(txns.versions.u16, resident) | VERSION_VOID);
    // If it is being written to temporary pages just now, freeSpilledPlace() carries the flag over.
    return;
  }
  const first = loadVersionChunkPlace(txns.i32, chunkEntry(txns, address >>> txns.unitShift));
  assert(first < 0, 'a version of an unfinished run is resident or spilled');
  voidSpilled(txns, first, (address & txns.unitMask) * 8);
}

/** `at`: byte offset of the version in its chunk. Its header may lie in two pages. */
function voidSpilled(txns: Transactions, first: number, at: number): void {
  const part = Math.floor((at + VERSION_FLAGS) / PART_BYTES);
  const frame = latchPage(txns.cache, first + part);
  const { u16 } = frameSegment(txns.shm, frame);
  const header = frameOffset(txns.shm, frame) + PAGE_HEADER_BYTES + (at - part * PART_BYTES);
  setVersionFlags(u16, header, versionFlags(u16, header) | VERSION_VOID);
  pageTouched(txns.cache, frame);
  unlatchPage(txns.cache, frame);
}

/** What was voided at the place that a chunk has left, by threads that had seen it there. No thread is on its way any more. */
function carryVoids(txns: Transactions, place: number, first: number, used: number): void {
  const { u16, i32 } = txns.versions;
  const base = (place - 1) * txns.options.chunkBytes;
  for (let at = FIRST_VERSION; at < used; at += versionLength(i32, base + at)) {
    if ((versionFlags(u16, base + at) & VERSION_VOID) !== 0) voidSpilled(txns, first, at);
  }
}

/** Copies a version's header to byte 0 of `out`. */
export function readSpilledHeader(txns: Transactions, address: number, out: ByteViews): void {
  const first = loadVersionChunkPlace(txns.i32, chunkEntry(txns, address >>> txns.unitShift));
  if (first < 0) copySpilled(txns, first, (address & txns.unitMask) * 8, VERSION_BYTES, out, 0);
}

/** A piece of a spilled chunk, which may lie in two pages. */
function copySpilled(txns: Transactions, first: number, from: number, bytes: number, out: ByteViews, to: number): void {
  for (let done = 0; done < bytes; ) {
    const at = from + done;
    const part = Math.floor(at / PART_BYTES);
    const inPart = at - part * PART_BYTES;
    const count = Math.min(bytes - done, PART_BYTES - inPart);
    const frame = holdPage(txns.cache, first + part);
    const page = frameOffset(txns.shm, frame) + PAGE_HEADER_BYTES;
    copyWords(out.i32, to + done, frameSegment(txns.shm, frame).i32, page + inPart, count);
    releasePage(txns.cache, frame);
    done += count;
  }
}
