/**
 * An integer of up to 53 bits that several threads read and write: times, log positions, stamps (rule SM-S5).
 * Atomics do not work on doubles, so it is two words behind a sequence word.
 *
 *   byte  0          4        8
 *         +----------+--------+--------+
 *         | sequence | high   | low    |     value = high * 2^32 + low as unsigned; negative values work
 *         +----------+--------+--------+
 *
 *   writer   CAS sequence s -> s+1 (odd: nobody else may write), store high, store low, store sequence s+2
 *   reader   s = load sequence, even; load high, low; sequence still s: what was read is one value
 *
 * Any number of readers and writers. A store belongs into a critical section (rule SM-L7): a thread that dies inside it
 * leaves the sequence odd. Whoever comes next then looks for dead threads through the check that attachThread() has
 * installed, which ends with the error of a poisoned handle; where none is installed, with an error of its own.
 */

import { loadInOrder, storeInOrder } from './in-order.ts';
import { hasYieldHook, TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

const HIGH_UNIT = 4294967296;

/** About 2 us of spinning, the time in which a writer on another core is through. */
const SPIN_LIMIT = 64;
/** A writer that lost its core is back within this; after it the writer is taken for dead. */
const WAIT_LIMIT_MS = 5000;
/** How often a waiting thread looks for deaths, in milliseconds. */
const CHECK_EVERY_MS = 50;

/** Weak: a handle that was given up, and not closed, must not keep its memory. */
const stallChecks = new WeakMap<Int32Array, () => void>();

/** What to do while a word of this memory stays half-written: it throws when the writer is dead. null takes it out. */
export function stallsOn(i32: Int32Array, check: (() => void) | null): void {
  if (check === null) stallChecks.delete(i32);
  else stallChecks.set(i32, check);
}

/** The writer of a shared word died half-way: the memory cannot be trusted any more. */
export class AbandonedWordError extends Error {
  override readonly name = 'AbandonedWordError';
}

/** Waits until the sequence is even and returns it. Out of line: it is met once in a million accesses. */
function awaitEven(i32: Int32Array, word: number): number {
  for (let turn = 0; turn < SPIN_LIMIT; turn++) {
    const sequence = Atomics.load(i32, word);
    if ((sequence & 1) === 0) return sequence;
    Atomics.pause();
  }
  const deadline = performance.now() + WAIT_LIMIT_MS;
  let checkAt = performance.now() + CHECK_EVERY_MS;
  for (;;) {
    const sequence = Atomics.load(i32, word);
    if ((sequence & 1) === 0) return sequence;
    if (testing && hasYieldHook()) yieldPoint('shared53.wait');
    const now = performance.now();
    if (now > checkAt) {
      stallChecks.get(i32)?.();
      checkAt = now + CHECK_EVERY_MS;
    }
    if (now > deadline) throw new AbandonedWordError(`shared word ${word} was left half-written`);
    // Nobody notifies: a writer pays nothing for the rare sleeper, who looks again by itself.
    Atomics.wait(i32, word, sequence, 0.05);
  }
}

/** The value at a byte offset, whole: never half of one store and half of another. */
export function loadShared53(i32: Int32Array, byteOffset: number): number {
  const word = byteOffset >>> 2;
  for (;;) {
    let sequence = loadInOrder(i32, word);
    if ((sequence & 1) !== 0) sequence = awaitEven(i32, word);
    const high = loadInOrder(i32, word + 1);
    const low = loadInOrder(i32, word + 2);
    // A call, and so no load that a compiler could take for the first one.
    if (Atomics.load(i32, word) === sequence) return high * HIGH_UNIT + (low >>> 0);
  }
}

/** Stores a safe integer; a fraction is cut off. The last of several writers wins. */
export function storeShared53(i32: Int32Array, byteOffset: number, value: number): void {
  const word = byteOffset >>> 2;
  const high = Math.floor(value / HIGH_UNIT);
  let sequence = loadInOrder(i32, word);
  for (;;) {
    if ((sequence & 1) !== 0) sequence = awaitEven(i32, word);
    const seen = Atomics.compareExchange(i32, word, sequence, sequence + 1);
    if (seen === sequence) break;
    sequence = seen;
  }
  storeInOrder(i32, word + 1, high);
  storeInOrder(i32, word + 2, value | 0);
  // In one order with all other Atomics: horizons and intents are published by it.
  Atomics.store(i32, word, sequence + 2);
}

/** The value, for who alone may store it now (it holds the latch that guards it): nobody is in between. */
export function loadGuarded53(i32: Int32Array, byteOffset: number): number {
  const word = byteOffset >>> 2;
  return i32[word + 1] * HIGH_UNIT + (i32[word + 2] >>> 0);
}

/**
 * Stores a value that nobody else may store now: the writer of the sequence is known, so it takes no read-modify-write, and no
 * fence. Readers are those of loadShared53(). What is to be seen before the caller looks at anything else needs a fence behind it.
 */
export function storeGuarded53(i32: Int32Array, byteOffset: number, value: number): void {
  const word = byteOffset >>> 2;
  const sequence = loadInOrder(i32, word);
  storeInOrder(i32, word, sequence + 1);
  storeInOrder(i32, word + 1, Math.floor(value / HIGH_UNIT));
  storeInOrder(i32, word + 2, value | 0);
  storeInOrder(i32, word, sequence + 2);
}

/**
 * Whether the value was stored since `sequence` was seen: one load instead of four, for who keeps a copy of a value that
 * seldom changes. Get `sequence` from shared53Sequence() before reading the value.
 */
export const shared53Unchanged = (i32: Int32Array, byteOffset: number, sequence: number): boolean =>
  loadInOrder(i32, byteOffset >>> 2) === sequence;

/** The sequence of the latest store, odd amid one (then a copy kept under it is never taken for current). */
export const shared53Sequence = (i32: Int32Array, byteOffset: number): number => Atomics.load(i32, byteOffset >>> 2);
