/**
 * Ring buffer: a bounded queue that any number of threads put entries of fixed size into and take them from.
 *
 *            head                    tail
 *             v                       v
 *   +-------+-------+-------+-------+-------+-------+
 *   | free  | entry | entry | being | free  | free  |      each cell: sequence word, then the entry's words
 *   |       |       |       | put   |       |       |
 *   +-------+-------+-------+-------+-------+-------+
 *
 *   cell n of round r:  sequence = n + r * capacity        free, waits for entry number n + r * capacity
 *                       sequence = that + 1                holds the entry
 *   put    tail t, cell's sequence = t: CAS tail t -> t+1, write the entry, sequence = t+1
 *   take   head h, cell's sequence = h+1: CAS head h -> h+1, read the entry, sequence = h + capacity
 *
 * (Vyukov's bounded queue.) Numbers are 32 bits and wrap; they are compared by difference. From winning the CAS to
 * storing the sequence is a critical section: who dies in it leaves a cell that nobody else can use. Nobody waits: a
 * full queue and an empty one are answers.
 */

import { assert } from './assert.ts';
import { enterCritical, leaveCritical } from './critical.ts';
import {
  RING_BUFFER_BYTES,
  RING_BUFFER_HEAD,
  RING_BUFFER_TAIL,
  ringBufferCapacity,
  ringBufferEntryWords,
  setRingBufferCapacity,
  setRingBufferEntryWords,
} from './ring-buffer.layout.gen.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { ByteOffset, Bytes } from './types.ts';
import { TESTING, yieldPoint } from './yield-point.ts';

const testing = TESTING;

/** Bytes of a cell: sequence and entry, on cache lines of its own (SM-S3). */
const cellBytes = (entryWords: number): Bytes => Math.ceil((4 + entryWords * 4) / 64) * 64;

/** Room of a queue in the control segment: ask for a region of this size. Capacity is a power of two. */
export function ringBufferBytes(capacity: number, entryWords: number): Bytes {
  return RING_BUFFER_BYTES + capacity * cellBytes(entryWords);
}

/** Sets a queue up in zeroed memory, before other threads see it. */
export function initialiseRingBuffer(shm: SharedMemory, ring: ByteOffset, capacity: number, entryWords: number): void {
  assert(capacity >= 2 && (capacity & (capacity - 1)) === 0, 'the capacity of a queue is a power of two');
  setRingBufferCapacity(shm.i32, ring, capacity);
  setRingBufferEntryWords(shm.i32, ring, entryWords);
  const first = cellWord(shm, ring, 0);
  const words = cellBytes(entryWords) >>> 2;
  for (let cell = 0; cell < capacity; cell++) shm.i32[first + cell * words] = cell;
}

function cellWord(shm: SharedMemory, ring: ByteOffset, number: number): number {
  const cell = number & (ringBufferCapacity(shm.i32, ring) - 1);
  return (ring + RING_BUFFER_BYTES + cell * cellBytes(ringBufferEntryWords(shm.i32, ring))) >>> 2;
}

/** Puts an entry, copied from words of `source` from index `at`; false when the queue is full. */
export function ringBufferPut(shm: SharedMemory, ring: ByteOffset, source: Int32Array, at: number): boolean {
  const i32 = shm.i32;
  const tailWord = (ring + RING_BUFFER_TAIL) >>> 2;
  let tail = Atomics.load(i32, tailWord);
  for (;;) {
    const word = cellWord(shm, ring, tail);
    const distance = (Atomics.load(i32, word) - tail) | 0;
    if (distance < 0) return false;
    if (distance === 0) {
      enterCritical(shm);
      if (Atomics.compareExchange(i32, tailWord, tail, (tail + 1) | 0) === tail) {
        if (testing) yieldPoint('ringBuffer.put');
        const words = ringBufferEntryWords(i32, ring);
        for (let index = 0; index < words; index++) i32[word + 1 + index] = source[at + index];
        Atomics.store(i32, word, (tail + 1) | 0);
        leaveCritical(shm);
        return true;
      }
      leaveCritical(shm);
    }
    tail = Atomics.load(i32, tailWord);
  }
}

/** Takes the oldest entry, copied to words of `target` from index `at`; false when there is none that is complete. */
export function ringBufferTake(shm: SharedMemory, ring: ByteOffset, target: Int32Array, at: number): boolean {
  const i32 = shm.i32;
  const headWord = (ring + RING_BUFFER_HEAD) >>> 2;
  let head = Atomics.load(i32, headWord);
  for (;;) {
    const word = cellWord(shm, ring, head);
    const distance = (Atomics.load(i32, word) - ((head + 1) | 0)) | 0;
    if (distance < 0) return false;
    if (distance === 0) {
      enterCritical(shm);
      if (Atomics.compareExchange(i32, headWord, head, (head + 1) | 0) === head) {
        if (testing) yieldPoint('ringBuffer.take');
        const words = ringBufferEntryWords(i32, ring);
        for (let index = 0; index < words; index++) target[at + index] = i32[word + 1 + index];
        Atomics.store(i32, word, (head + ringBufferCapacity(i32, ring)) | 0);
        leaveCritical(shm);
        return true;
      }
      leaveCritical(shm);
    }
    head = Atomics.load(i32, headWord);
  }
}

/** Entries in the queue, just now. */
export function ringBufferCount(shm: SharedMemory, ring: ByteOffset): number {
  const tail = Atomics.load(shm.i32, (ring + RING_BUFFER_TAIL) >>> 2);
  return Math.max(0, (tail - Atomics.load(shm.i32, (ring + RING_BUFFER_HEAD) >>> 2)) | 0);
}
