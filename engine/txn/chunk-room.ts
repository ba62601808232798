/**
 * Room for another chunk of back versions: by collecting, by writing an old chunk to temporary pages, at the format's limit by
 * giving up the oldest snapshot (TX-T17). Writers are never stopped by readers; they may wait a moment for an epoch.
 */

import { renewEpoch } from '../../shm/epoch.ts';
import { outOfMemory } from '../../shm/errors.ts';
import { isScheduled, waitOnWord } from '../../shm/wait.ts';
import { checkDeaths } from '../../shm/deaths.ts';
import { canSpill, freeSpilledPlace, spillChunk } from './chunk-spill.ts';
import { beginCollecting, collectChunks, endCollecting, raiseBound } from './collector.ts';
import { stampEnded } from './stamper.ts';
import type { Transactions } from './transactions.ts';
import { TXN_SHARED_COLLECTIONS, txnSharedChunkEnd } from './txn.layout.gen.ts';

/** Rounds of a millisecond that a writer waits for memory that is about to become free. */
const WAIT_ROUNDS = 10_000;

/** Chunks looked at in one round of collecting. */
const ROUND_CHUNKS = 1 << 20;

/**
 * Called when there is no place in the versions segment or, `numbers`, no logical number. Returns when it may be worth trying
 * again. No latch, no hold: nothing that was read before may be in use. 53200 when nothing helps.
 */
export function makeChunkRoom(txns: Transactions, numbers: boolean, tries: number): void {
  renewEpoch(txns.shm);
  stampEnded(txns, 1024);
  if (beginCollecting(txns)) {
    try {
      // At the limit of 32 GiB whoever reads the past gets 72000.
      raiseBound(txns, numbers && tries > 0);
      const freed = collectChunks(txns, ROUND_CHUNKS);
      renewEpoch(txns.shm);
      if (freed > 0 || collectChunks(txns, ROUND_CHUNKS) > 0 || freePlaces(txns) > 0) return;
      if (!numbers && spillOldest(txns)) {
        renewEpoch(txns.shm);
        if (freePlaces(txns) > 0) return;
      }
    } finally {
      endCollecting(txns);
    }
  }
  if (tries > WAIT_ROUNDS) throw outOfMemory('the versions segment', txns.options.chunkBytes);
  if (isScheduled()) checkDeaths(txns.shm);
  const word = txns.shared + TXN_SHARED_COLLECTIONS;
  waitOnWord(txns.shm, txns.i32, word, Atomics.load(txns.i32, word >>> 2), 1);
}

/** Places of spilled chunks whose epoch has passed. */
function freePlaces(txns: Transactions): number {
  const end = txnSharedChunkEnd(txns.i32, txns.shared);
  let freed = 0;
  for (let chunk = 0; chunk < end; chunk++) if (freeSpilledPlace(txns, chunk)) freed++;
  return freed;
}

/** Writes one full chunk to temporary pages; false if there is none. */
function spillOldest(txns: Transactions): boolean {
  const end = txnSharedChunkEnd(txns.i32, txns.shared);
  for (let chunk = 0; chunk < end; chunk++) {
    if (!canSpill(txns, chunk)) continue;
    spillChunk(txns, chunk);
    return true;
  }
  return false;
}
