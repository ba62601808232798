/**
 * Shared hash map: a key of two words -> one word that is not 0, mostly a byte offset in the heap.
 *
 *   control segment                      heap segment
 *   +----------+----------+- ... -+      +-----------------+      +--------------------+
 *   | stripe 0 | stripe 1 |       | ---> | bucket words    | ---> | key | value | next | -> ...
 *   +----------+----------+- ... -+      +-----------------+      +--------------------+
 *     latch, count, where its buckets are
 *
 * The key's hash names one of MAP_STRIPES stripes; each is a chained table of its own under its own latch and grows by
 * itself: it doubles its buckets when there are two entries to a bucket, so growing stops 1/64 of the keys at a time.
 * MAP_BYTES of zeroes in the control segment are an empty map.
 *
 * Whole operations: mapGet, mapInsert, mapRemove. Several steps under one latch: mapLatch gives the stripe; then
 * mapFindLatched, mapSetLatched, mapInsertLatched (with an entry reserved before), mapRemoveLatched (which returns the
 * entry for mapReturn); then mapUnlatch. Inside nothing allocates (SM-L7): entries and buckets come before the latch
 * and go back after it.
 */

import { heapAllocate, heapFree } from './allocator.ts';
import {
  MAP_ENTRY_BYTES,
  MAP_ENTRY_NEXT,
  MAP_STRIPE_BUCKETS,
  MAP_STRIPE_BYTES,
  mapEntryKeyHigh,
  mapEntryKeyLow,
  mapEntryNext,
  mapEntryValue,
  mapStripeBucketBits,
  mapStripeBuckets,
  mapStripeCount,
  setMapEntryKeyHigh,
  setMapEntryKeyLow,
  setMapEntryNext,
  setMapEntryValue,
  setMapStripeBucketBits,
  setMapStripeBuckets,
  setMapStripeCount,
} from './hash-map.layout.gen.ts';
import { acquireLatch, releaseLatch } from './latch.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { ByteOffset } from './types.ts';

export const MAP_STRIPES = 64;
/** Room of a map in the control segment: ask for a region of this size. */
export const MAP_BYTES = MAP_STRIPES * MAP_STRIPE_BYTES;
/** From mapInsert(): the heap is full. */
export const MAP_FULL = 0;

const STRIPE_SHIFT = 26;
const FIRST_BUCKET_BITS = 4;

function hashOf(high: number, low: number): number {
  let hash = Math.imul(high, 0x85ebca6b) ^ low;
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return hash ^ (hash >>> 16);
}

/** Latches the part of the map that the key belongs to and returns it. Throws when the handle is poisoned. */
export function mapLatch(shm: SharedMemory, map: ByteOffset, high: number, low: number): ByteOffset {
  const stripe = map + (hashOf(high, low) >>> STRIPE_SHIFT) * MAP_STRIPE_BYTES;
  acquireLatch(shm, stripe);
  return stripe;
}

export function mapUnlatch(shm: SharedMemory, stripe: ByteOffset): void {
  releaseLatch(shm, stripe);
}

/** Byte offset, in the heap, of the bucket word of a key. The stripe has buckets. */
function bucketOf(shm: SharedMemory, stripe: ByteOffset, high: number, low: number): ByteOffset {
  const mask = (1 << mapStripeBucketBits(shm.i32, stripe)) - 1;
  return mapStripeBuckets(shm.i32, stripe) + ((hashOf(high, low) & mask) << 2);
}

/** The offset of the key's entry, or 0. */
function entryOf(shm: SharedMemory, stripe: ByteOffset, high: number, low: number): ByteOffset {
  if (mapStripeBuckets(shm.i32, stripe) === 0) return 0;
  const heap = shm.heap.i32;
  let entry = heap[bucketOf(shm, stripe, high, low) >>> 2];
  while (entry !== 0 && (mapEntryKeyHigh(heap, entry) !== high || mapEntryKeyLow(heap, entry) !== low)) {
    entry = mapEntryNext(heap, entry);
  }
  return entry;
}

/** The value of a key, 0 if there is none. Keys are compared as int32 words. */
export function mapFindLatched(shm: SharedMemory, stripe: ByteOffset, high: number, low: number): number {
  const entry = entryOf(shm, stripe, high | 0, low | 0);
  return entry === 0 ? 0 : mapEntryValue(shm.heap.i32, entry);
}

/** Changes the value of a key that is there; false if it is not. */
export function mapSetLatched(shm: SharedMemory, stripe: ByteOffset, high: number, low: number, value: number): boolean {
  const entry = entryOf(shm, stripe, high | 0, low | 0);
  if (entry === 0) return false;
  setMapEntryValue(shm.heap.i32, entry, value);
  return true;
}

/** Room for an insertion of this key, taken before the latch: an entry for mapInsertLatched(), or 0 when the heap is full. */
export function mapReserve(shm: SharedMemory, map: ByteOffset, high: number, low: number): ByteOffset {
  const stripe = map + (hashOf(high | 0, low | 0) >>> STRIPE_SHIFT) * MAP_STRIPE_BYTES;
  if (!growStripe(shm, stripe)) return 0;
  return heapAllocate(shm, MAP_ENTRY_BYTES);
}

/** Gives back an entry that was reserved and not used, or one that was removed. 0 is none. Not under the latch. */
export function mapReturn(shm: SharedMemory, entry: ByteOffset): void {
  if (entry !== 0) heapFree(shm, entry, MAP_ENTRY_BYTES);
}

/** Inserts a key that is not there, into an entry from mapReserve(). */
export function mapInsertLatched(
  shm: SharedMemory,
  stripe: ByteOffset,
  entry: ByteOffset,
  high: number,
  low: number,
  value: number,
): void {
  const heap = shm.heap.i32;
  const bucket = bucketOf(shm, stripe, high | 0, low | 0);
  setMapEntryKeyHigh(heap, entry, high);
  setMapEntryKeyLow(heap, entry, low);
  setMapEntryValue(heap, entry, value);
  setMapEntryNext(heap, entry, heap[bucket >>> 2]);
  heap[bucket >>> 2] = entry;
  setMapStripeCount(shm.i32, stripe, mapStripeCount(shm.i32, stripe) + 1);
}

/** Takes a key out; returns its entry for mapReturn(), or 0 if it was not there. */
export function mapRemoveLatched(shm: SharedMemory, stripe: ByteOffset, high: number, low: number): ByteOffset {
  const entry = entryOf(shm, stripe, high | 0, low | 0);
  if (entry === 0) return 0;
  const heap = shm.heap.i32;
  // The word that names the entry: the bucket, or the next word of the entry before.
  let link = bucketOf(shm, stripe, high | 0, low | 0);
  while (heap[link >>> 2] !== entry) link = heap[link >>> 2] + MAP_ENTRY_NEXT;
  heap[link >>> 2] = mapEntryNext(heap, entry);
  setMapStripeCount(shm.i32, stripe, mapStripeCount(shm.i32, stripe) - 1);
  return entry;
}

// ---- whole operations ----

/** The value of a key, 0 if there is none. */
export function mapGet(shm: SharedMemory, map: ByteOffset, high: number, low: number): number {
  const stripe = mapLatch(shm, map, high | 0, low | 0);
  const value = mapFindLatched(shm, stripe, high, low);
  mapUnlatch(shm, stripe);
  return value;
}

/** Inserts a key unless it is there. Returns the value that is there now, the old or the new one; MAP_FULL for no room. */
export function mapInsert(shm: SharedMemory, map: ByteOffset, high: number, low: number, value: number): number {
  const entry = mapReserve(shm, map, high, low);
  if (entry === 0) return MAP_FULL;
  const stripe = mapLatch(shm, map, high | 0, low | 0);
  const found = mapFindLatched(shm, stripe, high, low);
  if (found === 0) mapInsertLatched(shm, stripe, entry, high, low, value);
  mapUnlatch(shm, stripe);
  if (found !== 0) mapReturn(shm, entry);
  return found === 0 ? value : found;
}

/** Takes a key out and returns its value; 0 if it was not there. */
export function mapRemove(shm: SharedMemory, map: ByteOffset, high: number, low: number): number {
  const stripe = mapLatch(shm, map, high | 0, low | 0);
  const entry = mapRemoveLatched(shm, stripe, high, low);
  const value = entry === 0 ? 0 : mapEntryValue(shm.heap.i32, entry);
  mapUnlatch(shm, stripe);
  mapReturn(shm, entry);
  return value;
}

/** Entries in the map, stripe by stripe: exact when nobody changes it. */
export function mapCount(shm: SharedMemory, map: ByteOffset): number {
  let count = 0;
  for (let stripe = 0; stripe < MAP_STRIPES; stripe++) count += mapStripeCount(shm.i32, map + stripe * MAP_STRIPE_BYTES);
  return count;
}

/** Every entry, stripe by stripe, each under its latch: for checks and the inspector. */
export function mapEntries(shm: SharedMemory, map: ByteOffset): { high: number; low: number; value: number }[] {
  const entries: { high: number; low: number; value: number }[] = [];
  const heap = shm.heap.i32;
  for (let stripe = map; stripe < map + MAP_BYTES; stripe += MAP_STRIPE_BYTES) {
    const found: number[] = [];
    acquireLatch(shm, stripe);
    const buckets = mapStripeBuckets(shm.i32, stripe);
    const end = buckets === 0 ? 0 : buckets + (4 << mapStripeBucketBits(shm.i32, stripe));
    for (let bucket = buckets; bucket < end; bucket += 4) {
      for (let entry = heap[bucket >>> 2]; entry !== 0; entry = mapEntryNext(heap, entry)) {
        found.push(mapEntryKeyHigh(heap, entry), mapEntryKeyLow(heap, entry), mapEntryValue(heap, entry));
      }
    }
    releaseLatch(shm, stripe);
    for (let at = 0; at < found.length; at += 3) entries.push({ high: found[at], low: found[at + 1], value: found[at + 2] });
  }
  return entries;
}

// ---- growing ----

/**
 * Sees to it that the stripe has buckets, and doubles them when they are too few. False only when it has none and the
 * heap is full: too few buckets are slow, not wrong.
 */
function growStripe(shm: SharedMemory, stripe: ByteOffset): boolean {
  const buckets = mapStripeBuckets(shm.i32, stripe);
  const bits = mapStripeBucketBits(shm.i32, stripe);
  if (buckets !== 0 && mapStripeCount(shm.i32, stripe) < 2 << bits) return true;
  const newBits = buckets === 0 ? FIRST_BUCKET_BITS : bits + 1;
  const fresh = heapAllocate(shm, 4 << newBits);
  if (fresh === 0) return buckets !== 0;
  shm.heap.i32.fill(0, fresh >>> 2, (fresh + (4 << newBits)) >>> 2);
  acquireLatch(shm, stripe);
  // Somebody else may have been faster.
  const unchanged = mapStripeBuckets(shm.i32, stripe) === buckets && mapStripeBucketBits(shm.i32, stripe) === bits;
  if (unchanged) moveEntries(shm, stripe, fresh, newBits);
  releaseLatch(shm, stripe);
  if (!unchanged) heapFree(shm, fresh, 4 << newBits);
  else if (buckets !== 0) heapFree(shm, buckets, 4 << bits);
  return true;
}

function moveEntries(shm: SharedMemory, stripe: ByteOffset, fresh: ByteOffset, newBits: number): void {
  const heap = shm.heap.i32;
  const old = shm.i32[(stripe + MAP_STRIPE_BUCKETS) >>> 2];
  const end = old === 0 ? 0 : old + (4 << mapStripeBucketBits(shm.i32, stripe));
  setMapStripeBuckets(shm.i32, stripe, fresh);
  setMapStripeBucketBits(shm.i32, stripe, newBits);
  for (let bucket = old; bucket < end; bucket += 4) {
    for (let entry = heap[bucket >>> 2]; entry !== 0; ) {
      const next = mapEntryNext(heap, entry);
      const target = bucketOf(shm, stripe, mapEntryKeyHigh(heap, entry), mapEntryKeyLow(heap, entry));
      setMapEntryNext(heap, entry, heap[target >>> 2]);
      heap[target >>> 2] = entry;
      entry = next;
    }
  }
}
