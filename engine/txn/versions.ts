/**
 * Back versions (TX-T17, TX-T18): what rows looked like before, in 64 KiB chunks of the versions segment.
 *
 *   `back` word   | logical chunk              | unit of 8 bytes in it |      0 = no version before this one
 *   directory     one entry a logical chunk: place in the segment, or list of temporary pages; counts
 *   chunk         8 bytes unused | version | version | ...       in order of writing, by one thread
 *   version       table, page, slot, flags, length | row image with its stamp and back word
 *
 *   free -> open -> full -> retired -> free
 *
 * A chunk may be freed when no run of versions in it is unfinished and the oldest snapshot has reached the highest stamp of a
 * transaction that wrote here. A run is the versions of one transaction that follow each other in one chunk: it is counted
 * when it starts, and uncounted by whoever stamps or undoes its transaction, after the stamp has been noted. Memory is used
 * again only after an epoch, so that a reader who is on its way to a version of an undone change finds it whole.
 *
 * A version in the chain with a stamp in flight belongs to the transaction that wrote its successor: nobody else can have
 * replaced it. So such a version is seen by its own transaction only, and need not be resolved by readers.
 *
 * Hot: an update appends one version. Room is reserved before the page latch; appendVersion() runs under it.
 */

import { assert } from '../../shm/assert.ts';
import { advanceEpoch, epochPassed } from '../../shm/epoch.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { copyWords } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_OVERFLOW } from '../storage/rows/row-image.ts';
import type { Transactions } from './transactions.ts';
import { CHUNK_FREE, CHUNK_FULL, CHUNK_OPEN, CHUNK_RETIRED, VERSION_LOCK, VERSION_MARKED } from './txn.layout.ts';
import {
  TXN_SHARED_CHUNK_LATCH,
  TXN_THREAD_BYTES,
  VERSION_BYTES,
  VERSION_CHUNK_BYTES,
  addTxnSharedChunksInUse,
  addVersionChunkMarks,
  addVersionChunkUnfinished,
  loadVersionChunkHighest,
  loadVersionChunkPlace,
  loadVersionChunkState,
  loadVersionChunkUnfinished,
  setTxnSharedChunkEnd,
  setTxnSharedChunkNext,
  setTxnSharedPlacesFree,
  setTxnSharedPlacesTaken,
  setTxnSlotLastChunk,
  setVersionChunkEpoch,
  setVersionChunkUsed,
  setVersionChunkWaitingPlace,
  setVersionChunkWalked,
  setVersionFlags,
  setVersionLength,
  setVersionPage,
  setVersionSlot,
  setVersionTable,
  storeTxnThreadOpenChunk,
  storeVersionChunkHighest,
  storeVersionChunkMarks,
  storeVersionChunkPlace,
  storeVersionChunkState,
  storeVersionChunkUnfinished,
  storeVersionChunkWriter,
  txnSharedChunkEnd,
  txnSharedChunkNext,
  txnSharedPlacesFree,
  txnSharedPlacesTaken,
  txnSlotLastChunk,
  versionChunkEpoch,
} from './txn.layout.gen.ts';

const testing = TESTING;

/** The first bytes of a chunk are not used, so that no version has address 0. */
export const FIRST_VERSION = 8;

/** txns.ints: 1 when the version that was appended began a run (UNDO_RUN). */
export const RUN_STARTED = 0;

/** openChunk: taken, no place in the segment, no free logical number. */
const CHUNK_TAKEN = 0;
const NO_PLACE = 1;
const NO_NUMBER = 2;

/** Byte offset of a logical chunk's directory entry. */
export const chunkEntry = (txns: Transactions, chunk: number): number => txns.chunksBase + chunk * VERSION_CHUNK_BYTES;

/** Logical chunk that an address lies in. */
export const chunkOfAddress = (txns: Transactions, address: number): number => address >>> txns.unitShift;

/**
 * Makes sure that this thread's chunk has room for a version of a row of `bytes`. No latch, no hold: it may collect, and write
 * chunks to temporary pages. 72000 and 53100 in their extremes.
 */
export function reserveVersion(txns: Transactions, bytes: number): void {
  const need = VERSION_BYTES + ((bytes + 7) & ~7);
  if (txns.chunk >= 0 && txns.chunkUsed + need <= txns.options.chunkBytes) return;
  assert(need + FIRST_VERSION <= txns.options.chunkBytes, 'a version fits a chunk');
  closeChunk(txns);
  for (let tries = 0; ; tries++) {
    const outcome = openChunk(txns);
    if (outcome === CHUNK_TAKEN) return;
    txns.makeRoom(txns, outcome === NO_NUMBER, tries);
  }
}

/** Ends writing to this thread's chunk: from now on it may be spilled and freed. */
export function closeChunk(txns: Transactions): void {
  if (txns.chunk < 0) return;
  const entry = chunkEntry(txns, txns.chunk);
  txns.chunk = -1;
  storeTxnThreadOpenChunk(txns.i32, txns.threadsBase + txns.shm.thread * TXN_THREAD_BYTES, 0);
  storeVersionChunkState(txns.i32, entry, CHUNK_FULL);
}

/** Takes a free logical number and a place in the segment for it. */
function openChunk(txns: Transactions): number {
  const { i32, shared, shm } = txns;
  acquireLatch(shm, shared + TXN_SHARED_CHUNK_LATCH);
  const place = takePlace(txns);
  if (place < 0) {
    releaseLatch(shm, shared + TXN_SHARED_CHUNK_LATCH);
    return NO_PLACE;
  }
  const chunk = findFreeChunk(txns);
  if (chunk < 0) {
    givePlace(txns, place);
    releaseLatch(shm, shared + TXN_SHARED_CHUNK_LATCH);
    return NO_NUMBER;
  }
  const entry = chunkEntry(txns, chunk);
  storeVersionChunkUnfinished(i32, entry, 0);
  storeVersionChunkMarks(i32, entry, 0);
  setVersionChunkUsed(i32, entry, FIRST_VERSION);
  setVersionChunkWalked(i32, entry, FIRST_VERSION);
  setVersionChunkWaitingPlace(i32, entry, 0);
  storeVersionChunkHighest(i32, entry, 0);
  storeVersionChunkWriter(i32, entry, shm.thread + 1);
  storeVersionChunkPlace(i32, entry, place + 1);
  storeVersionChunkState(i32, entry, CHUNK_OPEN);
  addTxnSharedChunksInUse(i32, shared, 1);
  releaseLatch(shm, shared + TXN_SHARED_CHUNK_LATCH);
  storeTxnThreadOpenChunk(i32, txns.threadsBase + shm.thread * TXN_THREAD_BYTES, chunk + 1);
  txns.chunk = chunk;
  txns.chunkPlace = place * txns.options.chunkBytes;
  txns.chunkUsed = FIRST_VERSION;
  return CHUNK_TAKEN;
}

/** Under the chunk latch: a place in the segment, or -1. */
function takePlace(txns: Transactions): number {
  const { i32, shared } = txns;
  const free = txnSharedPlacesFree(i32, shared);
  if (free !== 0) {
    setTxnSharedPlacesFree(i32, shared, txns.versions.i32[((free - 1) * txns.options.chunkBytes) >>> 2]);
    return free - 1;
  }
  const taken = txnSharedPlacesTaken(i32, shared);
  if (taken >= txns.places) return -1;
  setTxnSharedPlacesTaken(i32, shared, taken + 1);
  return taken;
}

/** Under the chunk latch: the place may be used again. */
export function givePlace(txns: Transactions, place: number): void {
  const { i32, shared } = txns;
  txns.versions.i32[(place * txns.options.chunkBytes) >>> 2] = txnSharedPlacesFree(i32, shared);
  setTxnSharedPlacesFree(i32, shared, place + 1);
}

/** Under the chunk latch: the lowest free logical number, so that those in use lie close together. */
function findFreeChunk(txns: Transactions): number {
  const { i32, shared } = txns;
  const { chunks } = txns.options;
  for (let chunk = txnSharedChunkNext(i32, shared); chunk < chunks; chunk++) {
    if (loadVersionChunkState(i32, chunkEntry(txns, chunk)) !== CHUNK_FREE) continue;
    setTxnSharedChunkNext(i32, shared, chunk + 1);
    if (chunk >= txnSharedChunkEnd(i32, shared)) setTxnSharedChunkEnd(i32, shared, chunk + 1);
    return chunk;
  }
  setTxnSharedChunkNext(i32, shared, chunks);
  return -1;
}

/**
 * Appends the image at byte offset `row` of `views` (a latched page) as a back version of row (homePage, homeSlot), written for
 * the transaction in `slot`. Returns its address; txns.ints[RUN_STARTED] says whether it began a run. reserveVersion() was called.
 */
export function appendVersion(
  txns: Transactions,
  slot: number,
  table: number,
  homePage: number,
  homeSlot: number,
  change: number,
  i32: Int32Array,
  row: number,
): number {
  const length = paddedLength(i32, row);
  // Overflow chains go with the version that names them: the collector has to look at it.
  const owns = (i32[(row + 12) >> 2] & ROW_OVERFLOW) !== 0 && (change & VERSION_LOCK) === 0;
  const flags = owns ? change | VERSION_MARKED : change;
  const chunk = txns.chunk;
  const entry = chunkEntry(txns, chunk);
  if (txnSlotLastChunk(txns.i32, slot) !== chunk) {
    startRun(txns, slot);
    txns.ints[RUN_STARTED] = 1;
  } else txns.ints[RUN_STARTED] = 0;
  const at = txns.chunkPlace + txns.chunkUsed;
  const versions = txns.versions;
  setVersionTable(versions.u32, at, table);
  setVersionPage(versions.i32, at, homePage);
  setVersionSlot(versions.u16, at, homeSlot);
  setVersionFlags(versions.u16, at, flags);
  setVersionLength(versions.i32, at, VERSION_BYTES + length);
  copyWords(versions.i32, at + VERSION_BYTES, i32, row, length);
  if ((flags & VERSION_MARKED) !== 0) addVersionChunkMarks(txns.i32, entry, 1);
  const address = (chunk << txns.unitShift) | (txns.chunkUsed >>> 3);
  txns.chunkUsed += VERSION_BYTES + length;
  setVersionChunkUsed(txns.i32, entry, txns.chunkUsed);
  if (testing) yieldPoint('versions.appended');
  return address;
}

/** The version that comes next in this thread's chunk begins a run of the transaction in `slot`: its undo entry says so (UNDO_RUN). */
export function startRun(txns: Transactions, slot: number): void {
  addVersionChunkUnfinished(txns.i32, chunkEntry(txns, txns.chunk), 1);
  setTxnSlotLastChunk(txns.i32, slot, txns.chunk);
}

/** The version at an address is marked after all: its successor's keys differ (TX-T18). Its writer calls it, chunk still open. */
export function markVersion(txns: Transactions, address: number, flags: number): void {
  const chunk = chunkOfAddress(txns, address);
  const place = loadVersionChunkPlace(txns.i32, chunkEntry(txns, chunk));
  assert(place > 0, 'a version that is being written is resident');
  const word = ((place - 1) * txns.options.chunkBytes + (address & txns.unitMask) * 8 + 10) >>> 1;
  const before = txns.versions.u16[word];
  txns.versions.u16[word] = before | flags | VERSION_MARKED;
  if ((before & VERSION_MARKED) === 0) addVersionChunkMarks(txns.i32, chunkEntry(txns, chunk), 1);
}

/** Byte offset in the versions segment of a version's header, or -1 when its chunk is spilled, or -2 when it is gone. */
export function residentVersion(txns: Transactions, address: number): number {
  const place = loadVersionChunkPlace(txns.i32, chunkEntry(txns, address >>> txns.unitShift));
  if (place > 0) return (place - 1) * txns.options.chunkBytes + (address & txns.unitMask) * 8;
  return place === 0 ? -2 : -1;
}

/** Before finishRun() of a run whose transaction has committed, at txns.scratch[`stampAt`]. */
export function noteStamp(txns: Transactions, chunk: number, stampAt: number): void {
  raiseHighest(txns, chunkEntry(txns, chunk), stampAt);
  if (testing) yieldPoint('versions.stampNoted');
}

/** A run of versions in this chunk is done with: its transaction was stamped, or undone. Once for each run; in a critical section. */
export function finishRun(txns: Transactions, chunk: number): void {
  const left = addVersionChunkUnfinished(txns.i32, chunkEntry(txns, chunk), -1) - 1;
  assert(left >= 0, 'a run of versions is finished once');
}

/** Several stampers may finish runs in one chunk at once: the maximum goes in under the chunk latch. */
function raiseHighest(txns: Transactions, entry: number, stampAt: number): void {
  const latch = txns.shared + TXN_SHARED_CHUNK_LATCH;
  if (loadVersionChunkHighest(txns.i32, entry) >= txns.scratch[stampAt]) return;
  acquireLatch(txns.shm, latch);
  if (loadVersionChunkHighest(txns.i32, entry) < txns.scratch[stampAt]) {
    storeVersionChunkHighest(txns.i32, entry, txns.scratch[stampAt]);
  }
  releaseLatch(txns.shm, latch);
}

/** True when no snapshot needs a version of this chunk any more: `oldest` is the collector's bound. */
export function chunkPassed(txns: Transactions, entry: number, oldest: number): boolean {
  return loadVersionChunkUnfinished(txns.i32, entry) === 0 && loadVersionChunkHighest(txns.i32, entry) <= oldest;
}

/** full -> retired: after an epoch freeRetired() may free it. The collector's bound has passed it. */
export function retireChunk(txns: Transactions, chunk: number): void {
  const entry = chunkEntry(txns, chunk);
  assert(loadVersionChunkState(txns.i32, entry) === CHUNK_FULL, 'a chunk that is retired is full');
  setVersionChunkEpoch(txns.i32, entry, advanceEpoch(txns.shm));
  storeVersionChunkState(txns.i32, entry, CHUNK_RETIRED);
}

/** retired -> free, if its epoch has passed. Returns true then. Spilled chunks have given back their pages before. */
export function freeRetired(txns: Transactions, chunk: number): boolean {
  const entry = chunkEntry(txns, chunk);
  if (!epochPassed(txns.shm, versionChunkEpoch(txns.i32, entry))) return false;
  const latch = txns.shared + TXN_SHARED_CHUNK_LATCH;
  acquireLatch(txns.shm, latch);
  const place = loadVersionChunkPlace(txns.i32, entry);
  storeVersionChunkPlace(txns.i32, entry, 0);
  if (place > 0) givePlace(txns, place - 1);
  storeVersionChunkState(txns.i32, entry, CHUNK_FREE);
  if (chunk < txnSharedChunkNext(txns.i32, txns.shared)) setTxnSharedChunkNext(txns.i32, txns.shared, chunk);
  addTxnSharedChunksInUse(txns.i32, txns.shared, -1);
  releaseLatch(txns.shm, latch);
  if (testing) yieldPoint('versions.freed');
  return true;
}
