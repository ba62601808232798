/**
 * Page table: which frame holds a page. A hash table whose chains run through the frame descriptors.
 *
 *   bucket word                                      frame 6               frame 1
 *    31      30          29            0            +----------------+    +----------------+
 *   +-------+----------+----------------+           | tableKey       |    | tableKey       |
 *   | latch | sleepers | frame + 1, or 0| --------> | next = 2       | -> | next = 0       |
 *   +-------+----------+----------------+           +----------------+    +----------------+
 *
 * A change latches the bucket through its own word. A lookup takes nothing: it walks the chain and may be led astray by
 * a frame that moves to another bucket meanwhile. So a hit is only a hint (hold or validate it against the frame's
 * page id) and a miss may be wrong (tableFind tells for certain). The walk is bounded.
 *
 * SM-L7: between latching and releasing a bucket nothing allocates, throws or calls out. Hot.
 */

import { assert } from './assert.ts';
import { enterCritical, leaveCritical } from './critical.ts';
import { FRAME_BYTES, FRAME_NEXT, FRAME_PAGE_ID, FRAME_TABLE_KEY } from './frame.layout.gen.ts';
import { frameBase, type SharedMemory } from './shared-memory.ts';
import { type ByteOffset, type Frame, NO_FRAME, type PageId } from './types.ts';
import { sleepOnWord, spinPause } from './wait.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

const LATCH = 1 << 31;
const SLEEPERS = 1 << 30;
const FRAME_BITS = 0x3fffffff;
/** Longer walks are taken for a chain that changed under way. */
const WALK_MAX = 64;
/** Odd, and far from a power of two: where pages come to lie whose ids differ in the upper bits only. */
const UPPER_MULTIPLIER = 0x9e37;

/**
 * Index of a page's bucket. Neighbouring pages have neighbouring buckets: 16 to a cache line, so that the part of the table
 * that is used is small enough to stay near the processor. Ids beyond the table's size begin again elsewhere.
 */
function bucketIndex(shm: SharedMemory, pageId: PageId): number {
  const shift = shm.tableShift;
  // A shift counts modulo 32: -shift is the number of bits of a bucket's number.
  return (pageId + Math.imul(pageId >>> -shift, UPPER_MULTIPLIER)) & (-1 >>> shift);
}

function bucketOf(shm: SharedMemory, pageId: PageId): ByteOffset {
  return shm.tableBase + (bucketIndex(shm, pageId) << 2);
}

/** The frame that held the page just now, loaded; NO_FRAME when none was met. Both to be verified by the caller. */
export function lookupFrame(shm: SharedMemory, pageId: PageId): Frame {
  const i32 = shm.i32;
  const wanted = pageId | 0;
  let link = i32[(shm.tableBase >>> 2) + bucketIndex(shm, wanted)] & FRAME_BITS;
  for (let steps = 0; link !== 0 && steps < WALK_MAX; steps++) {
    const base = shm.framesBase + (link - 1) * FRAME_BYTES;
    if (i32[(base + FRAME_PAGE_ID) >>> 2] === wanted) return link - 1;
    link = i32[(base + FRAME_NEXT) >>> 2];
  }
  return NO_FRAME;
}

/** The frame that a page is looked for in first, or NO_FRAME: not verified in any way, for who only wants its memory to come near. */
export function firstFrame(shm: SharedMemory, pageId: PageId): Frame {
  return (shm.i32[(shm.tableBase >>> 2) + bucketIndex(shm, pageId | 0)] & FRAME_BITS) - 1;
}

/** The frame that is in the table under this page, loaded or still loading; NO_FRAME when there is none, for certain. */
export function tableFind(shm: SharedMemory, pageId: PageId): Frame {
  const bucket = bucketOf(shm, pageId);
  const head = latchBucket(shm, bucket);
  const found = findInChain(shm, head, pageId);
  unlatchBucket(shm, bucket, head);
  return found;
}

/**
 * Puts a frame into the table under a page and returns it; if another frame is there already, returns that one and
 * leaves the own as it was. The caller owns the frame (latched, or state LOADING) and sets its state and page id.
 */
export function tableInsert(shm: SharedMemory, pageId: PageId, frame: Frame): Frame {
  const bucket = bucketOf(shm, pageId);
  const base = frameBase(shm, frame);
  const head = latchBucket(shm, bucket);
  const found = findInChain(shm, head, pageId);
  if (found !== NO_FRAME) {
    unlatchBucket(shm, bucket, head);
    return found;
  }
  Atomics.store(shm.i32, (base + FRAME_TABLE_KEY) >>> 2, pageId);
  Atomics.store(shm.i32, (base + FRAME_NEXT) >>> 2, head);
  if (testing) yieldPoint('pageTable.insert');
  unlatchBucket(shm, bucket, frame + 1);
  return frame;
}

/** Takes the frame out of the table, where it is under this page. The caller owns the frame and has cleared its page id. */
export function tableRemove(shm: SharedMemory, pageId: PageId, frame: Frame): void {
  const bucket = bucketOf(shm, pageId);
  let head = latchBucket(shm, bucket);
  let before = 0;
  let link = head;
  while (link !== 0 && link !== frame + 1) {
    before = link;
    link = Atomics.load(shm.i32, (frameBase(shm, link - 1) + FRAME_NEXT) >>> 2);
  }
  const found = link !== 0;
  if (found) {
    const after = Atomics.load(shm.i32, (frameBase(shm, frame) + FRAME_NEXT) >>> 2);
    if (before === 0) head = after;
    else Atomics.store(shm.i32, (frameBase(shm, before - 1) + FRAME_NEXT) >>> 2, after);
    Atomics.store(shm.i32, (frameBase(shm, frame) + FRAME_NEXT) >>> 2, 0);
  }
  if (testing) yieldPoint('pageTable.remove');
  unlatchBucket(shm, bucket, head);
  assert(found, 'a frame that is removed from the page table is in it');
}

function findInChain(shm: SharedMemory, head: number, pageId: PageId): Frame {
  for (let link = head; link !== 0; ) {
    const base = frameBase(shm, link - 1);
    if (Atomics.load(shm.i32, (base + FRAME_TABLE_KEY) >>> 2) === (pageId | 0)) return link - 1;
    link = Atomics.load(shm.i32, (base + FRAME_NEXT) >>> 2);
  }
  return NO_FRAME;
}

/** Returns the head of the chain, without the two bits. */
function latchBucket(shm: SharedMemory, bucket: ByteOffset): number {
  const word = bucket >>> 2;
  for (let turn = 0; ; turn++) {
    const seen = Atomics.load(shm.i32, word);
    if ((seen & LATCH) === 0) {
      enterCritical(shm);
      if (Atomics.compareExchange(shm.i32, word, seen, seen | LATCH) === seen) return seen & FRAME_BITS;
      leaveCritical(shm);
    } else if (!spinPause(turn)) {
      if ((seen & SLEEPERS) === 0 && Atomics.compareExchange(shm.i32, word, seen, seen | SLEEPERS) !== seen) continue;
      sleepOnWord(shm, bucket, seen | SLEEPERS);
    }
  }
}

function unlatchBucket(shm: SharedMemory, bucket: ByteOffset, head: number): void {
  const before = Atomics.exchange(shm.i32, bucket >>> 2, head);
  if ((before & SLEEPERS) !== 0) Atomics.notify(shm.i32, bucket >>> 2);
  leaveCritical(shm);
}

/** Every page in the table with its frame, walked bucket by bucket: for checks, tests and the inspector. */
export function tableEntries(shm: SharedMemory): { pageId: PageId; frame: Frame }[] {
  const entries: { pageId: PageId; frame: Frame }[] = [];
  for (let bucket = 0; bucket < 2 ** (32 - shm.tableShift); bucket++) {
    let link = Atomics.load(shm.i32, (shm.tableBase >>> 2) + bucket) & FRAME_BITS;
    for (let steps = 0; link !== 0 && steps <= shm.frameCount; steps++) {
      const base = frameBase(shm, link - 1);
      entries.push({ pageId: Atomics.load(shm.i32, (base + FRAME_TABLE_KEY) >>> 2), frame: link - 1 });
      link = Atomics.load(shm.i32, (base + FRAME_NEXT) >>> 2);
    }
  }
  return entries;
}
