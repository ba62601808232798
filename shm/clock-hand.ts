/**
 * Which frame to use next: fresh ones first, then a second-chance clock over all frames.
 *
 *        hand
 *         v
 *   [0][1][0][1][1][0] ...      referenced: 1 -> set to 0 and passed over; 0 -> offered, unless dirty, loading or in use
 *
 * A choice is a hint: whoever takes it latches the frame with tryLatchFrame() (SM-L5) and looks again whether it is
 * still clean or empty. A sequential scan reuses the frames of a small ring of its own (ScanRing), so that it does not
 * push everything else out of the cache. Any number of threads; nothing here waits or allocates, but for new rings.
 */

import { CONTROL_CLOCK_HAND, CONTROL_FRAMES_TAKEN } from './control.layout.gen.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_READERS, FRAME_REFERENCED, FRAME_STATE, FRAME_VERSION } from './frame.layout.gen.ts';
import { FRAME_STATE_CLEAN, FRAME_STATE_EMPTY } from './frame.layout.ts';
import { READERS_COUNT } from './frame-readers.ts';
import { CONTROL_BASE, frameBase, type SharedMemory } from './shared-memory.ts';
import { type ByteOffset, type Frame, NO_FRAME, NO_PAGE, type PageId } from './types.ts';

/** A frame that was never used, or NO_FRAME when all have been. Its page id is NO_PAGE, its state EMPTY; it is the caller's. */
export function takeFreshFrame(shm: SharedMemory): Frame {
  const word = (CONTROL_BASE + CONTROL_FRAMES_TAKEN) >>> 2;
  if (Atomics.load(shm.i32, word) >= shm.frameCount) return NO_FRAME;
  const frame = Atomics.add(shm.i32, word, 1);
  if (frame >= shm.frameCount) return NO_FRAME;
  Atomics.store(shm.i32, (frameBase(shm, frame) + FRAME_PAGE_ID) >>> 2, NO_PAGE);
  return frame;
}

/** Frames that were handed out at least once: those below this number; walkers of all frames stop here. */
export function framesTaken(shm: SharedMemory): number {
  return Math.min(Atomics.load(shm.i32, (CONTROL_BASE + CONTROL_FRAMES_TAKEN) >>> 2), shm.frameCount);
}

/** Says that the frame is in use, so that the hand passes it over once. */
export function referenceFrame(i32: Int32Array, frame: ByteOffset): void {
  const word = (frame + FRAME_REFERENCED) >>> 2;
  // Looked at first: a line that is only read stays in every core's cache.
  if (i32[word] === 0) i32[word] = 1;
}

/**
 * A clean or empty frame that nobody uses just now, or NO_FRAME when two rounds met none: then pages have to be written
 * first. Does not offer fresh frames (takeFreshFrame).
 */
export function nextVictim(shm: SharedMemory): Frame {
  const i32 = shm.i32;
  const count = framesTaken(shm);
  const hand = (CONTROL_BASE + CONTROL_CLOCK_HAND) >>> 2;
  for (let steps = 2 * count; steps > 0; steps--) {
    const frame = (Atomics.add(i32, hand, 1) >>> 0) % count;
    const base = shm.framesBase + frame * FRAME_BYTES;
    if (!isUnused(i32, base)) continue;
    const referenced = (base + FRAME_REFERENCED) >>> 2;
    if (i32[referenced] === 0) return frame;
    i32[referenced] = 0;
  }
  return NO_FRAME;
}

/** Clean or empty, not latched, not held. */
function isUnused(i32: Int32Array, base: ByteOffset): boolean {
  const state = i32[(base + FRAME_STATE) >>> 2];
  if (state !== FRAME_STATE_CLEAN && state !== FRAME_STATE_EMPTY) return false;
  return (i32[(base + FRAME_VERSION) >>> 2] & 1) === 0 && (i32[(base + FRAME_READERS) >>> 2] & READERS_COUNT) === 0;
}

/** Frames that one sequential scan fills in turn. */
export interface ScanRing {
  readonly frames: Int32Array;
  /** The page that the scan put into each. */
  readonly pages: Int32Array;
  at: number;
}

export function createScanRing(frames: number): ScanRing {
  return { frames: new Int32Array(frames).fill(NO_FRAME), pages: new Int32Array(frames).fill(NO_PAGE), at: 0 };
}

/**
 * The ring's next frame, if it still holds the scan's own page and nobody else has come to use it; else NO_FRAME, and the
 * caller takes one as usual. In both cases it enters what it took with scanRingTook().
 */
export function scanRingVictim(shm: SharedMemory, ring: ScanRing): Frame {
  const frame = ring.frames[ring.at];
  if (frame === NO_FRAME) return NO_FRAME;
  const base = frameBase(shm, frame);
  if (!isUnused(shm.i32, base) || shm.i32[(base + FRAME_REFERENCED) >>> 2] !== 0) return NO_FRAME;
  return shm.i32[(base + FRAME_PAGE_ID) >>> 2] === ring.pages[ring.at] ? frame : NO_FRAME;
}

/** The scan reads this page into this frame; the ring moves on. The frame's reference word must stay 0. */
export function scanRingTook(ring: ScanRing, frame: Frame, pageId: PageId): void {
  ring.frames[ring.at] = frame;
  ring.pages[ring.at] = pageId;
  ring.at = ring.at + 1 === ring.frames.length ? 0 : ring.at + 1;
}
