/**
 * Room for another chunk of back versions: by collecting, by writing old chunks to temporary pages, at the format's limit by
 * giving up the oldest snapshot (TX-T17). Writers are never stopped by readers; they may wait a moment for an epoch.
 */

import { checkDeaths } from '../../shm/deaths.ts';
import { renewEpoch } from '../../shm/epoch.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { isScheduled, waitOnWord } from '../../shm/wait.ts';
import { canSpill, freeSpilledPlace, spillChunk } from './chunk-spill.ts';
import { beginCollecting, COLLECT_ROWS, collectChunks, endCollecting } from './collector.ts';
import { cancelOldestSnapshot, raiseBound } from './collector-bound.ts';
import { snapshotTooOld } from './snapshot.ts';
import { stampEnded } from './stamper.ts';
import type { Transactions } from './transactions.ts';
import { TXN_SHARED_COLLECTIONS, txnSharedChunkEnd } from './txn.layout.gen.ts';

/** Rounds of a millisecond that a writer waits for memory that is about to become free. */
const WAIT_ROUNDS = 10_000;

/** Rounds after which a writer at the limit has no hope left: nobody reads the past, and still nothing is free. */
const LIMIT_ROUNDS = 100;

/** Rows and chunks looked at in one round. */
const ROUND_ROWS = COLLECT_ROWS * 16;
const ROUND_CHUNKS = 1 << 20;

/** Chunks written to temporary pages in one round: looking for them costs a walk through the directory. */
const SPILL_CHUNKS = 16;

/**
 * Called when there is no place in the versions segment or, `numbers`, no logical number. Returns when it may be worth trying
 * again. No latch, no hold: nothing that was read before may be in use. 53200 when nothing helps; 53100 when the disk is full;
 * 72000 when all of the 32 GiB are versions that running transactions have made.
 */
export function makeChunkRoom(txns: Transactions, numbers: boolean, tries: number): void {
  renewEpoch(txns.shm);
  stampEnded(txns, 1024);
  if (beginCollecting(txns)) {
    try {
      if (collectRound(txns, numbers, tries)) return;
    } finally {
      endCollecting(txns);
    }
  }
  if (tries > WAIT_ROUNDS) throw outOfMemory('the versions segment', txns.options.chunkBytes);
  if (isScheduled()) checkDeaths(txns.shm);
  const word = txns.shared + TXN_SHARED_COLLECTIONS;
  waitOnWord(txns.shm, txns.i32, word, Atomics.load(txns.i32, word >>> 2), 1);
}

/** As the one that collects: true if there should be room now. */
function collectRound(txns: Transactions, numbers: boolean, tries: number): boolean {
  raiseBound(txns);
  if (collectTwice(txns)) return true;
  if (numbers) {
    // What is retired only waits for an epoch; after that whoever reads the past gets 72000.
    if (tries === 0) return false;
    if (!cancelOldestSnapshot(txns) && tries > LIMIT_ROUNDS) throw snapshotTooOld();
    return collectTwice(txns);
  }
  if (freePlaces(txns) > 0) return true;
  if (!spillOldest(txns)) return false;
  renewEpoch(txns.shm);
  return freePlaces(txns) > 0;
}

/** What the first look retires the second one may free. */
function collectTwice(txns: Transactions): boolean {
  txns.collecting.left = ROUND_ROWS;
  const freed = collectChunks(txns, ROUND_CHUNKS);
  renewEpoch(txns.shm);
  return freed > 0 || collectChunks(txns, ROUND_CHUNKS) > 0;
}

/** Places of spilled chunks whose epoch has passed. */
function freePlaces(txns: Transactions): number {
  const end = txnSharedChunkEnd(txns.i32, txns.shared);
  let freed = 0;
  for (let chunk = 0; chunk < end; chunk++) if (freeSpilledPlace(txns, chunk)) freed++;
  return freed;
}

/** Writes some full chunks to temporary pages; false if there are none. */
function spillOldest(txns: Transactions): boolean {
  const end = txnSharedChunkEnd(txns.i32, txns.shared);
  let spilled = 0;
  for (let chunk = 0; chunk < end && spilled < SPILL_CHUNKS; chunk++) {
    if (!canSpill(txns, chunk)) continue;
    spillChunk(txns, chunk);
    spilled++;
  }
  return spilled > 0;
}
