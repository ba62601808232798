/**
 * The collector: frees back versions, tombstones and index entries that no snapshot needs (TX-T17, TX-T18, SM-B4). It never
 * stops a writer: it reads like a reader, latches one page at a time, and where somebody was faster it looks again.
 *
 *   bound      intent = min(published snapshots, visible horizon); bound = what they show after the intent is stated (TX-T6)
 *   chunk      nothing unfinished, highest stamp <= bound: its marked versions are walked (collect-rows.ts), then it is retired,
 *              and freed an epoch later. Chunks without marks are freed unread. Of a chunk that is still written to, what has
 *              been written so far is walked: a thread that deletes some rows and then rests leaves nothing behind.
 *   met dead   what readers have met dead of an earlier boot (dead-list.ts): no back version names it
 *
 * One thread collects at a time, in slices: the place in the directory and the bytes of a chunk that were walked stand in shared
 * memory, so that any thread goes on. A version counts as walked once nothing of it is left but its overflow chains: whoever dies
 * in between leaves pages that nobody uses, and never frees one twice.
 */

import { checkPoison } from '../../shm/critical.ts';
import { checkDeaths } from '../../shm/deaths.ts';
import { epochPassed } from '../../shm/epoch.ts';
import { waitOnWord } from '../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { freeSpilledPages, freeSpilledPlace, readSpilledHeader } from './chunk-spill.ts';
import { collectVersion, freeVersionChains } from './collect-rows.ts';
import { raiseBound } from './collector-bound.ts';
import { collectMetDead, metDead } from './dead-list.ts';
import { LATER, OLDEST } from './row-free.ts';
import type { Transactions } from './transactions.ts';
import { CHUNK_FULL, CHUNK_OPEN, CHUNK_RETIRED, VERSION_MARKED } from './txn.layout.ts';
import {
  addTxnSharedCollections,
  addVersionChunkMarks,
  compareExchangeTxnSharedCollector,
  loadTxnSharedChunksInUse,
  loadTxnSharedChunksLeft,
  loadTxnSharedCollector,
  loadVersionChunkMarks,
  loadVersionChunkState,
  setTxnSharedCollectCursor,
  setVersionChunkWalked,
  storeTxnSharedChunksLeft,
  storeTxnSharedCollector,
  TXN_SHARED_COLLECTOR,
  txnSharedChunkEnd,
  txnSharedCollectCursor,
  versionChunkEpoch,
  versionChunkUsed,
  versionChunkWaitingPlace,
  versionChunkWalked,
  versionFlags,
  versionLength,
  versionPage,
  versionSlot,
  versionTable,
} from './txn.layout.gen.ts';
import { chunkEntry, chunkPassed, freeRetired, residentVersion, retireChunk } from './versions.ts';

const testing = TESTING;

/** Rows of a slice. */
export const COLLECT_ROWS = 64;

/** Chunks that a slice looks at: some loads each. */
const SLICE_CHUNKS = 4096;

/** Headers of unmarked versions are passed over at this many to a row of the slice. */
const HEADERS_PER_ROW = 64;

/**
 * A slice: looks at `rows` marked versions or tombstones at most, and at some thousand chunks. True when there is more to do at
 * once. Does nothing while another thread collects. No latch, no hold. 53100 when the disk is full: what was done is done.
 */
export function collect(txns: Transactions, rows: number = COLLECT_ROWS): boolean {
  if (!beginCollecting(txns)) return false;
  try {
    raiseBound(txns);
    txns.collecting.left = rows;
    collectMetDead(txns);
    collectChunks(txns, SLICE_CHUNKS);
    return txns.collecting.left <= 0 || txns.collecting.unlooked > 0;
  } finally {
    endCollecting(txns);
  }
}

/** Collects until a whole round finds nothing more: for close() and for tests. */
export function collectAll(txns: Transactions): void {
  while (collect(txns, COLLECT_ROWS * 16));
}

/** Raises the bound without collecting, unless another thread collects: what follows then meets fewer old versions. No latch, no hold. */
export function raiseBoundNow(txns: Transactions): void {
  if (!beginCollecting(txns)) return;
  try {
    raiseBound(txns);
  } finally {
    endCollecting(txns);
  }
}

/** True when there may be something to collect: for whoever queues the job. */
export const hasGarbage = (txns: Transactions): boolean => txnSharedChunkEnd(txns.i32, txns.shared) > 0 || metDead(txns) > 0;

/**
 * Chunks that have come since the last slice of collection: what makes another one worth its while. Those that it had to leave
 * (open ones, what an old snapshot or a large transaction needs) count no more, and the more of them there are, the more must come:
 * a slice looks at each. What becomes free without new ones is left to the clock.
 */
export function chunksToCollect(txns: Transactions): number {
  const left = loadTxnSharedChunksLeft(txns.i32, txns.shared);
  return loadTxnSharedChunksInUse(txns.i32, txns.shared) - left - (left >> 3);
}

/** Becomes the one that collects; false if another thread is. What a thread that dies has, its burial gives back (bury.ts). */
export function beginCollecting(txns: Transactions): boolean {
  if (compareExchangeTxnSharedCollector(txns.i32, txns.shared, 0, txns.shm.thread + 1) !== 0) return false;
  if (testing) yieldPoint('collect.begun');
  return true;
}

/** The same, and waits for another thread that is at it; false once `cancelled` says that nobody needs it any more. No latch, no hold. */
export function becomeCollector(txns: Transactions, cancelled: () => boolean): boolean {
  for (let tries = 1; !beginCollecting(txns); tries++) {
    if (cancelled()) return false;
    if (tries % DEATH_TRIES === 0) checkDeaths(txns.shm);
    checkPoison(txns.shm);
    const owner = loadTxnSharedCollector(txns.i32, txns.shared);
    if (owner !== 0) waitOnWord(txns.shm, txns.i32, txns.shared + TXN_SHARED_COLLECTOR, owner, 1);
  }
  return true;
}

/** How often who waits for the collector looks whether it is alive, which is I/O for each thread. */
const DEATH_TRIES = 256;

export function endCollecting(txns: Transactions): void {
  addTxnSharedCollections(txns.i32, txns.shared, 1);
  storeTxnSharedChunksLeft(txns.i32, txns.shared, loadTxnSharedChunksInUse(txns.i32, txns.shared));
  storeTxnSharedCollector(txns.i32, txns.shared, 0);
}

/**
 * Looks at chunks, `atMost` of them, from where the last slice stopped, for as long as collecting.left lasts; returns how many
 * gave memory back. Called by who collects, after raiseBound().
 */
export function collectChunks(txns: Transactions, atMost: number): number {
  const { i32, shared } = txns;
  const end = txnSharedChunkEnd(i32, shared);
  let chunk = txnSharedCollectCursor(i32, shared);
  if (chunk >= end) chunk = 0;
  let freed = 0;
  let looked = 0;
  while (looked < end && looked < atMost) {
    if (collectChunk(txns, chunk)) freed++;
    // The chunk in whose turn the slice was used up comes first in the next.
    if (txns.collecting.left <= 0) break;
    looked++;
    chunk = chunk + 1 < end ? chunk + 1 : 0;
  }
  txns.collecting.unlooked = end - looked;
  setTxnSharedCollectCursor(i32, shared, chunk);
  return freed;
}

/** Moves one chunk on; true if memory was given back. */
function collectChunk(txns: Transactions, chunk: number): boolean {
  const entry = chunkEntry(txns, chunk);
  const state = loadVersionChunkState(txns.i32, entry);
  if (state === CHUNK_RETIRED) return free(txns, chunk, entry);
  if (state !== CHUNK_OPEN && state !== CHUNK_FULL) return false;
  const placeFreed = freeSpilledPlace(txns, chunk);
  // Until then the temporary pages may lack what was voided in the old place.
  if (versionChunkWaitingPlace(txns.i32, entry) !== 0) return false;
  // Read before it is known to be passed: what is appended later is not.
  const used = versionChunkUsed(txns.i32, entry);
  if (testing) yieldPoint('collect.used');
  if (!chunkPassed(txns, entry, txns.scratch[OLDEST])) return placeFreed;
  if (loadVersionChunkMarks(txns.i32, entry) > 0 && !walkMarks(txns, chunk, entry, used)) return placeFreed;
  if (state !== CHUNK_FULL) return placeFreed;
  if (testing) yieldPoint('collect.retire');
  retireChunk(txns, chunk);
  return free(txns, chunk, entry) || placeFreed;
}

function free(txns: Transactions, chunk: number, entry: number): boolean {
  if (!epochPassed(txns.shm, versionChunkEpoch(txns.i32, entry))) return false;
  freeSpilledPlace(txns, chunk);
  freeSpilledPages(txns, chunk);
  return freeRetired(txns, chunk);
}

/** Looks at the marked versions of a chunk that nobody needs, up to byte `used`. False: not all of them, so it is not to be freed. */
function walkMarks(txns: Transactions, chunk: number, entry: number, used: number): boolean {
  const { collecting } = txns;
  let headers = collecting.left * HEADERS_PER_ROW;
  for (let at = versionChunkWalked(txns.i32, entry); at < used; ) {
    if (collecting.left <= 0 || headers-- <= 0) {
      collecting.left = 0;
      return false;
    }
    const address = (chunk << txns.unitShift) | (at >>> 3);
    let header = residentVersion(txns, address);
    let views = txns.versions;
    if (header < 0) {
      views = collecting.header;
      header = 0;
      readSpilledHeader(txns, address, views);
    }
    const next = at + versionLength(views.i32, header);
    const flags = versionFlags(views.u16, header);
    if ((flags & VERSION_MARKED) === 0) setVersionChunkWalked(txns.i32, entry, next);
    else {
      const table = txns.findTable(versionTable(views.u32, header));
      const page = versionPage(views.i32, header);
      const slot = versionSlot(views.u16, header);
      collecting.left--;
      if (table !== undefined && collectVersion(txns, table, page, slot, address, flags) === LATER) return false;
      setVersionChunkWalked(txns.i32, entry, next);
      // More marks may have come behind `used`, in an open chunk.
      addVersionChunkMarks(txns.i32, entry, -1);
      if (testing) yieldPoint('collect.walked');
      if (table !== undefined) freeVersionChains(txns, table, address, flags);
    }
    at = next;
  }
  return true;
}
