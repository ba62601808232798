/**
 * Which dirty frames are written next: oldest first, found by looking through the descriptors a window at a time.
 *
 * What is found is remembered in cache.candidates and looked at again, under a hold, when its turn comes. Only the owner of
 * the writer comes here. Order is by what stood in the descriptor at a glance; it decides nothing but the order.
 */

import { framesTaken } from '../../../shm/clock-hand.ts';
import { FRAME_STATE_DIRTY } from '../../../shm/frame.layout.ts';
import type { Frame, Lsn } from '../../../shm/types.ts';
import { loadCacheSharedWriteHand, storeCacheSharedWriteHand } from './cache.layout.gen.ts';
import { recoveryWord, stateWord, writingWord } from './frame-words.ts';
import type { PageCache } from './page-cache.ts';

/** Frames looked at in one go; of these the oldest are written first. */
const WINDOW_FRAMES = 16384;

/** Forgets what was found, so that the next search begins anew. */
export function forgetCandidates(cache: PageCache): void {
  cache.candidateNext = 0;
  cache.candidateCount = 0;
}

/** The next frame to write that has something from before `below`, or -1 when a whole round finds none. */
export function nextDirtyFrame(cache: PageCache, below: Lsn): Frame {
  for (let looked = 0; ; ) {
    while (cache.candidateNext < cache.candidateCount) {
      const frame = cache.candidates[cache.candidateNext++];
      if (isDirtyBelow(cache, frame, below)) return frame;
    }
    if (looked >= framesTaken(cache.shm)) return -1;
    looked += findCandidates(cache, below);
  }
}

function isDirtyBelow(cache: PageCache, frame: Frame, below: Lsn): boolean {
  return (
    Atomics.load(cache.i32, stateWord(cache.shm, frame)) === FRAME_STATE_DIRTY &&
    cache.f64[recoveryWord(cache.shm, frame)] < below
  );
}

/** Looks through one window; returns how many frames that were. */
function findCandidates(cache: PageCache, below: Lsn): number {
  const { shm, f64 } = cache;
  const frames = framesTaken(shm);
  const start = loadCacheSharedWriteHand(cache.i32, cache.shared) % frames;
  const room = cache.candidates.length;
  const window = Math.min(WINDOW_FRAMES, frames);
  let count = 0;
  let looked = 0;
  for (; looked < window && count < room; looked++) {
    const frame = (start + looked) % frames;
    if (isDirtyBelow(cache, frame, below)) cache.candidates[count++] = frame;
  }
  storeCacheSharedWriteHand(cache.i32, cache.shared, (start + looked) % frames);
  cache.candidates.subarray(0, count).sort((a, b) => f64[recoveryWord(shm, a)] - f64[recoveryWord(shm, b)]);
  cache.candidateNext = 0;
  cache.candidateCount = count;
  return looked;
}

/** Smallest position from which a frame needs the log, or `atMost`. The caller has settled that nobody is amid a change. */
export function oldestRecoveryLsn(cache: PageCache, frame: Frame, atMost: Lsn): Lsn {
  const { shm, f64 } = cache;
  return Math.min(atMost, f64[recoveryWord(shm, frame)], f64[writingWord(shm, frame)]);
}
