/**
 * Memory that is about to be needed, touched ahead of who fills it.
 *
 *   frames   [ in use ......... framesTaken | touched ahead .......... | never touched ... ]
 *
 * The system hands out memory when it is first written to, a small piece at a time, with zeros in it: in a virtual machine that was
 * a sixth of the time of who loads a table. A thread that has nothing else to do takes it over while the cache is filling quickly.
 * A touch adds 0 to a word of the piece: whoever takes the frame meanwhile loses nothing by it.
 */

import { framesTaken } from '../../../shm/clock-hand.ts';
import { frameOffset, frameSegment, type SharedMemory } from '../../../shm/shared-memory.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';

/** The system's piece. */
const PIECE_BYTES = 4096;
/** Frames touched in one go: about 0.3 ms. */
const SLICE = 16;
/** With fewer frames in use the cache is small and nobody is in a hurry. */
const USED_MIN = 1024;
/** Frames taken between two looks from which on the cache counts as filling quickly. */
const HURRY = 64;
/** Frames that are touched ahead at most; and no more than half of those in use. */
const AHEAD_MAX = 4096;

/** Of one thread. */
export interface TouchAhead {
  readonly shm: SharedMemory;
  /** Frames below this one are in use or touched. */
  touched: number;
  /** Up to which frame it goes now. */
  goal: number;
  /** framesTaken() when the goal was set. */
  seen: number;
}

export const createTouchAhead = (shm: SharedMemory): TouchAhead => ({ shm, touched: 0, goal: 0, seen: framesTaken(shm) });

/** Touches a few frames, if any is to be. False: there is nothing to do now. Nothing is held, nothing waits. */
export function touchAhead(ahead: TouchAhead): boolean {
  const { shm } = ahead;
  const taken = framesTaken(shm);
  if (taken - ahead.seen >= HURRY) {
    ahead.seen = taken;
    if (taken >= USED_MIN) ahead.goal = Math.min(taken + Math.min(AHEAD_MAX, taken >>> 1), shm.frameCount);
  }
  const from = Math.max(ahead.touched, taken);
  const to = Math.min(from + SLICE, ahead.goal);
  for (let frame = from; frame < to; frame++) {
    const words = frameSegment(shm, frame).i32;
    const at = frameOffset(shm, frame);
    for (let piece = 0; piece < PAGE_BYTES; piece += PIECE_BYTES) Atomics.add(words, (at + piece) >>> 2, 0);
  }
  ahead.touched = Math.max(from, to);
  return to > from;
}
