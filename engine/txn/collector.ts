/**
 * The collector: frees back versions, tombstones and index entries that no snapshot needs (TX-T17, TX-T18, SM-B4). It never
 * stops a writer: it reads like a reader, latches one page at a time, and where somebody was faster it looks again.
 *
 *   bound      intent = min(published snapshots, visible horizon); bound = what they show after the intent is stated (TX-T6)
 *   chunk      nothing unfinished, highest stamp <= bound: its marked versions are walked, then it is retired, and freed an
 *              epoch later. Chunks without marks are freed unread.
 *   version    each key it had: is there a version of the row that anyone may still see, or fall back to, with this key? If
 *              not, its entry goes, provided the row's page has not moved since it was read (SM-B4)
 *   tombstone  when its entries are gone, its slot too
 *
 * One thread collects at a time.
 */

import { oldestSnapshotOf } from '../../shm/threads.ts';
import { epochPassed } from '../../shm/epoch.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { indexRemove } from '../storage/btree/remove.ts';
import { INDEX_DONE, INDEX_MOVED } from '../storage/btree/tree.ts';
import { visibleHorizon } from '../storage/log/flush.ts';
import { copyWords } from '../storage/rows/byte-views.ts';
import { paddedLength, ROW_DELETED } from '../storage/rows/row-image.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { freeSpilledPages, freeSpilledPlace, readSpilledHeader, readSpilledVersion } from './chunk-spill.ts';
import { extractCurrent } from './index-change.ts';
import { freeTombstone } from './row-free.ts';
import { COPY_FRAME, COPY_PAGE, COPY_VERSION, copyNewest } from './row-read.ts';
import type { Transactions } from './transactions.ts';
import { CHUNK_FULL, CHUNK_OPEN, CHUNK_RETIRED, VERSION_DELETED, VERSION_MARKED } from './txn.layout.ts';
import {
  VERSION_BYTES,
  addTxnSharedCollections,
  addTxnSharedDeadEntries,
  compareExchangeTxnSharedCollector,
  loadTxnSharedBound,
  loadTxnSharedIntent,
  loadVersionChunkMarks,
  loadVersionChunkPlace,
  loadVersionChunkState,
  setTxnSharedCollectCursor,
  setVersionChunkWalked,
  storeTxnSharedBound,
  storeTxnSharedCollector,
  storeTxnSharedIntent,
  storeVersionChunkMarks,
  txnSharedChunkEnd,
  txnSharedCollectCursor,
  versionChunkEpoch,
  versionChunkUsed,
  versionChunkWalked,
  versionFlags,
  versionLength,
  versionPage,
  versionSlot,
  versionTable,
} from './txn.layout.gen.ts';
import { hasKey } from './unique.ts';
import { chunkEntry, chunkPassed, freeRetired, residentVersion, retireChunk } from './versions.ts';
import { copyVersion } from './visibility.ts';

const testing = TESTING;

/** txns.scratch: the bound of this round: every snapshot is at it or above. */
export const OLDEST = 6;

/** A collection of everything that can go; returns chunks freed. For jobs and slices; `atMost` bounds the chunks looked at. */
export function collect(txns: Transactions, atMost: number): number {
  if (!beginCollecting(txns)) return 0;
  try {
    raiseBound(txns, false);
    collectDead(txns);
    return collectChunks(txns, atMost);
  } finally {
    endCollecting(txns);
  }
}

/** Becomes the one that collects; false if another thread is. */
export function beginCollecting(txns: Transactions): boolean {
  return compareExchangeTxnSharedCollector(txns.i32, txns.shared, 0, txns.shm.thread + 1) === 0;
}

export function endCollecting(txns: Transactions): void {
  addTxnSharedCollections(txns.i32, txns.shared, 1);
  storeTxnSharedCollector(txns.i32, txns.shared, 0);
}

/**
 * Raises the bound to what the published snapshots allow; `force` raises it past them: their owners get 72000. Afterwards
 * txns.scratch[OLDEST] is it.
 */
export function raiseBound(txns: Transactions, force: boolean): void {
  const { i32, shared, scratch } = txns;
  const horizon = visibleHorizon(txns.log);
  const candidate = force ? horizon : oldestPublished(txns, horizon);
  if (candidate > loadTxnSharedIntent(i32, shared)) storeTxnSharedIntent(i32, shared, candidate);
  if (testing) yieldPoint('collect.intent');
  const oldest = force ? candidate : oldestPublished(txns, candidate);
  if (oldest > loadTxnSharedBound(i32, shared)) storeTxnSharedBound(i32, shared, oldest);
  scratch[OLDEST] = loadTxnSharedBound(i32, shared);
  if (testing) yieldPoint('collect.bound');
}

function oldestPublished(txns: Transactions, ceiling: number): number {
  let oldest = ceiling;
  for (let thread = 0; thread < txns.shm.threadSlots; thread++) {
    const snapshot = oldestSnapshotOf(txns.shm, thread);
    if (snapshot !== 0 && snapshot < oldest) oldest = snapshot;
  }
  return oldest;
}

/** Looks at chunks from where the last round stopped; returns how many became free. Called by who collects. */
export function collectChunks(txns: Transactions, atMost: number): number {
  const { i32, shared } = txns;
  const end = txnSharedChunkEnd(i32, shared);
  let chunk = txnSharedCollectCursor(i32, shared);
  let freed = 0;
  for (let looked = 0; looked < end && looked < atMost; looked++, chunk++) {
    if (chunk >= end) chunk = 0;
    if (collectChunk(txns, chunk)) freed++;
  }
  setTxnSharedCollectCursor(i32, shared, chunk);
  return freed;
}

/** Moves one chunk on; true if its memory was freed. */
function collectChunk(txns: Transactions, chunk: number): boolean {
  const entry = chunkEntry(txns, chunk);
  const state = loadVersionChunkState(txns.i32, entry);
  if (state === CHUNK_RETIRED) return free(txns, chunk, entry);
  if (state !== CHUNK_OPEN && state !== CHUNK_FULL) return false;
  const placeFreed = freeSpilledPlace(txns, chunk);
  // Read before it is known to be passed: what is appended later is not.
  const used = versionChunkUsed(txns.i32, entry);
  if (!chunkPassed(txns, entry, txns.scratch[OLDEST])) return placeFreed;
  if (loadVersionChunkMarks(txns.i32, entry) > 0) walkMarks(txns, chunk, entry, used);
  if (state !== CHUNK_FULL) return placeFreed;
  retireChunk(txns, chunk);
  return free(txns, chunk, entry) || placeFreed;
}

function free(txns: Transactions, chunk: number, entry: number): boolean {
  if (!epochPassed(txns.shm, versionChunkEpoch(txns.i32, entry))) return false;
  freeSpilledPlace(txns, chunk);
  freeSpilledPages(txns, chunk);
  return freeRetired(txns, chunk);
}

/** Looks at the marked versions of a chunk that nobody needs, up to byte `used`. */
function walkMarks(txns: Transactions, chunk: number, entry: number, used: number): void {
  let at = versionChunkWalked(txns.i32, entry);
  let walked = 0;
  while (at < used) {
    const address = (chunk << txns.unitShift) | (at >>> 3);
    const resident = residentVersion(txns, address);
    let views = txns.versions;
    let header = resident;
    if (resident < 0) {
      readSpilledHeader(txns, address, txns.spill);
      views = txns.spill;
      header = 0;
    }
    const flags = versionFlags(views.u16, header);
    const length = versionLength(views.i32, header);
    if ((flags & VERSION_MARKED) !== 0) {
      walked++;
      const table = txns.findTable(versionTable(views.u32, header));
      const page = versionPage(views.i32, header);
      const slot = versionSlot(views.u16, header);
      if (table !== undefined) collectVersion(txns, table, page, slot, address, (flags & VERSION_DELETED) !== 0);
    }
    at += length;
  }
  setVersionChunkWalked(txns.i32, entry, at);
  // More marks may have come behind `used`, in an open chunk.
  Atomics.sub(txns.i32, marksWord(entry), walked);
  if (loadVersionChunkPlace(txns.i32, entry) === 0) storeVersionChunkMarks(txns.i32, entry, 0);
}

const marksWord = (entry: number): number => (entry + 12) >>> 2;

/** The keys of one dead version; for that of a deleted row also the slot. */
function collectVersion(txns: Transactions, table: TableRuntime, page: number, slot: number, address: number, deleted: boolean): void {
  for (let at = 0; at < table.indexes.length; at++) {
    if (!readVersion(txns, address)) return;
    extractCurrent(txns, table, table.indexes[at], txns.image, 0, txns.key);
    collectEntry(txns, table, at, page, slot);
  }
  if (deleted) freeTombstone(txns, table, page, slot);
}

/** Copies a version to txns.image, from wherever it lies. */
function readVersion(txns: Transactions, address: number): boolean {
  const at = residentVersion(txns, address);
  if (at === -2) return false;
  if (at === -1) readSpilledVersion(txns, address, txns.image, 0);
  else {
    const image = at + VERSION_BYTES;
    copyWords(txns.image.i32, 0, txns.versions.i32, image, paddedLength(txns.versions.i32, image));
  }
  return true;
}

/** Removes the entry (txns.key, row) unless a version that counts has the key (SM-B4). */
function collectEntry(txns: Transactions, table: TableRuntime, at: number, page: number, slot: number): void {
  const index = table.indexes[at];
  const { change, witness } = txns;
  for (;;) {
    if (keyLives(txns, table, at, page, slot)) return;
    if (testing) yieldPoint('collect.entry');
    change.logged = table.logged;
    change.transaction = 0;
    change.table = table.id;
    change.previous = 0;
    change.compensation = false;
    const status = indexRemove(txns.tree, index, txns.key, page, slot, change, witness.page === NO_WITNESS ? null : witness);
    if (status === INDEX_MOVED) continue;
    if (status === INDEX_DONE) addTxnSharedDeadEntries(txns.i32, txns.shared, 1);
    return;
  }
}

/** txns.witness.page when the row has no page to look at. */
const NO_WITNESS = -1;

/**
 * Whether a version that a snapshot may see, or that an undo would bring back, has txns.key: from the newest to the first that
 * every snapshot sees. Leaves the place of the newest in txns.witness.
 */
function keyLives(txns: Transactions, table: TableRuntime, at: number, page: number, slot: number): boolean {
  const { image, ints, witness } = txns;
  const there = copyNewest(txns, page, slot, image, 0);
  witness.frame = ints[COPY_FRAME];
  witness.page = ints[COPY_PAGE];
  witness.version = ints[COPY_VERSION];
  if (!there) return false;
  for (;;) {
    const stamp = image.f64[0];
    const back = image.i32[2];
    if ((image.i32[3] & ROW_DELETED) === 0 && hasKey(txns, table, table.indexes[at], image, 0, txns.key)) return true;
    if ((stamp >= 0 && stamp <= txns.scratch[OLDEST]) || back === 0) return false;
    if (residentVersion(txns, back) === -2) return true;
    copyVersion(txns, back, image, 0, null);
  }
}

/** A reader has met a tombstone that may be dead, or a stale entry: the collector looks at it when it can. */
export function noteDead(txns: Transactions, table: number, page: number, slot: number): void {
  if ((txns.deadCount + 1) * 3 > txns.dead.length) return;
  const at = txns.deadCount++ * 3;
  txns.dead[at] = table;
  txns.dead[at + 1] = page;
  txns.dead[at + 2] = slot;
}

/** Looks at the tombstones that readers of this thread have met: those of an earlier boot have no back version that names them. */
function collectDead(txns: Transactions): void {
  const count = txns.deadCount;
  txns.deadCount = 0;
  for (let at = 0; at < count * 3; at += 3) {
    const table = txns.findTable(txns.dead[at] >>> 0);
    if (table !== undefined) collectTombstone(txns, table, txns.dead[at + 1], txns.dead[at + 2]);
  }
}

/** A tombstone that every snapshot sees: its entries, then its slot. */
export function collectTombstone(txns: Transactions, table: TableRuntime, page: number, slot: number): void {
  for (let at = 0; at < table.indexes.length; at++) {
    if (!copyNewest(txns, page, slot, txns.image, 0)) return;
    if ((txns.image.i32[3] & ROW_DELETED) === 0 || !(txns.image.f64[0] >= 0 && txns.image.f64[0] <= txns.scratch[OLDEST])) return;
    extractCurrent(txns, table, table.indexes[at], txns.image, 0, txns.key);
    collectEntry(txns, table, at, page, slot);
  }
  freeTombstone(txns, table, page, slot);
}
