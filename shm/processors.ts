/**
 * Which processor the calling thread runs on, and how it gets to another one.
 *
 * Where there are few processors the system puts a thread that is woken beside the one that woke it, looks for no idle one as long as
 * both together have little to do, and leaves them there: two threads that wait for each other in turn (committers that share a flush)
 * then run one after the other on one processor while another one sleeps. Who finds itself there moves away. It may run everywhere
 * again at once: what is decided here is only where it is now.
 */

import { systemCalls } from './system-calls.ts';

/** Nobody knows. */
export const UNKNOWN_PROCESSOR = -1;

/** As many processors as a mask of the system's usual size has. */
const MASK_BYTES = 128;

interface Masks {
  readonly allowed: Uint8Array;
  readonly allowedAt: bigint;
  readonly others: Uint8Array;
  readonly othersAt: bigint;
}

let masks: Masks | null = null;

/** The processor the calling thread runs on; a moment later it may be another one. */
export function processorNow(): number {
  return systemCalls()?.sched_getcpu() ?? UNKNOWN_PROCESSOR;
}

/**
 * Moves the calling thread to another of the processors that it may run on, if there is one. Takes some ten microseconds; true when it
 * runs elsewhere now.
 */
export function leaveProcessor(processor: number): boolean {
  const calls = systemCalls();
  if (calls === null || processor < 0 || processor >= MASK_BYTES * 8) return false;
  if (masks === null) {
    const allowed = new Uint8Array(new ArrayBuffer(MASK_BYTES));
    const others = new Uint8Array(new ArrayBuffer(MASK_BYTES));
    masks = { allowed, allowedAt: calls.pointer(allowed.buffer), others, othersAt: calls.pointer(others.buffer) };
  }
  const { allowed, allowedAt, others, othersAt } = masks;
  const bytes = BigInt(MASK_BYTES);
  allowed.fill(0);
  if (calls.sched_getaffinity(0, bytes, allowedAt) !== 0) return false;
  others.set(allowed);
  others[processor >> 3] &= ~(1 << (processor & 7));
  if (others.every((byte) => byte === 0)) return false;
  if (calls.sched_setaffinity(0, bytes, othersAt) !== 0) return false;
  calls.sched_setaffinity(0, bytes, allowedAt);
  return true;
}
