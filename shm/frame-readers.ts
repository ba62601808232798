/** Counting shared holds of a frame up and down (SM-L4); the protocol is in frame-latch.ts. Hot. */

import { FRAME_READERS } from './frame.layout.gen.ts';
import type { ByteOffset } from './types.ts';

/** The holds in a readers word. */
export const READERS_COUNT = 0x3fffffff;
/** Somebody who latches exclusively sleeps until the count is 0. */
export const READERS_NOTIFY = 0x40000000;

/** One hold more. */
export function countReaderUp(i32: Int32Array, frame: ByteOffset): void {
  Atomics.add(i32, (frame + FRAME_READERS) >>> 2, 1);
}

/** One hold fewer; the last one wakes the thread that waits to have the frame to itself. */
export function countReaderDown(i32: Int32Array, frame: ByteOffset): void {
  const word = (frame + FRAME_READERS) >>> 2;
  const before = Atomics.sub(i32, word, 1);
  if (before === (READERS_NOTIFY | 1)) Atomics.notify(i32, word);
}
