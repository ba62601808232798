/**
 * The cache of bound statements that all threads of a database share (SBLR-N3): key bytes -> content bytes. What they mean is
 * shared-shapes.ts's.
 *
 *   control segment, region 'modules'                       heap segment
 *   +------+----------+----------+- ... -+                  +------+-----------+---------------+
 *   | head | bucket 0 | bucket 1 |       |  slot of 7 ----> | head | key bytes | content bytes |
 *   +------+----------+----------+- ... -+                  +------+-----------+---------------+
 *             latch, 7 slots: hash, block, used
 *
 * The hash names a bucket and only finds: keys are compared byte by byte (SBLR-N2). Whoever looks copies what it finds under the
 * bucket's latch, so an entry can be replaced or taken out at any time. Second chance: in a full bucket, and over all buckets when
 * the entries together take more of the heap than they may.
 *
 * Under a latch nothing allocates, waits or throws (SM-L7): blocks are allocated and filled before it and freed after it. A thread that
 * dies between the two leaves at most that one block unused until the database is closed.
 */

import { heapAllocate, heapBlockBytes, heapFree } from '../../shm/allocator.ts';
import { acquireLatch, releaseLatch } from '../../shm/latch.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { TESTING, yieldPoint } from '../../shm/yield-point.ts';
import { BUCKET_SLOTS } from './module-cache.layout.ts';
import {
  addModuleCacheRoom,
  addModuleCacheCount,
  addModuleCacheEvicted,
  addModuleCacheHand,
  addModuleCacheHits,
  addModuleCacheMisses,
  loadModuleCacheRoom,
  loadModuleCacheCount,
  loadModuleCacheEvicted,
  loadModuleCacheHits,
  loadModuleCacheMisses,
  MODULE_BLOCK_BYTES,
  MODULE_BUCKET_BYTES,
  MODULE_BUCKET_SLOTS,
  MODULE_CACHE_BYTES,
  MODULE_SLOT_BYTES,
  moduleBlockContentBytes,
  moduleBlockKeyBytes,
  moduleBucketNext,
  moduleSlotBlock,
  moduleSlotSize,
  moduleSlotHash,
  moduleSlotUsed,
  setModuleBlockContentBytes,
  setModuleBlockKeyBytes,
  setModuleBucketNext,
  setModuleSlotBlock,
  setModuleSlotSize,
  setModuleSlotHash,
  setModuleSlotUsed,
} from './module-cache.layout.gen.ts';

const testing = TESTING;

const BUCKETS = 512;
/** Larger statements are bound by each thread for itself: copying them would hold the latch for long. */
const ENTRY_BYTES_MAX = 64 * 1024;
/** Of the heap: the rest is for undo lists and locks. */
const SHARE_OF_HEAP = 1 / 8;

export const moduleCacheRegion = (): RegionRequest => ({
  name: 'modules',
  bytes: MODULE_CACHE_BYTES + BUCKETS * MODULE_BUCKET_BYTES,
});

export interface ModuleCache {
  readonly shm: SharedMemory;
  readonly head: number;
  readonly limit: number;
  /** Room of this thread for what it finds. */
  readonly found: Int32Array;
}

/** Figures of the cache, all threads together. */
export interface ModuleCacheFigures {
  readonly count: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly evicted: number;
}

/** A key ready for comparison: its bytes, padded with zeros to whole words, and its hash. */
export interface ModuleKey {
  readonly words: Int32Array;
  readonly bytes: number;
  readonly hash: number;
}

/** Once a thread. `limit`: bytes of the heap that entries may take; an eighth of it unless said otherwise. */
export function createModuleCache(shm: SharedMemory, limit = Math.floor(shm.heapBytes * SHARE_OF_HEAP)): ModuleCache {
  return { shm, head: regionOf(shm, 'modules'), limit, found: new Int32Array(ENTRY_BYTES_MAX >>> 2) };
}

const wordsFor = (bytes: number): number => (bytes + 3) >>> 2;

export function moduleKey(bytes: Uint8Array): ModuleKey {
  const words = new Int32Array(wordsFor(bytes.length));
  new Uint8Array(words.buffer).set(bytes);
  let hash = bytes.length;
  for (const word of words) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return { words, bytes: bytes.length, hash: hash ^ (hash >>> 16) };
}

const bucketOf = (cache: ModuleCache, hash: number): number =>
  cache.head + MODULE_CACHE_BYTES + ((hash >>> 0) % BUCKETS) * MODULE_BUCKET_BYTES;

const slotOf = (bucket: number, slot: number): number => bucket + MODULE_BUCKET_SLOTS + slot * MODULE_SLOT_BYTES;

/** True when the block holds this key. Under the latch. */
function holdsKey(heap: Int32Array, block: number, key: ModuleKey): boolean {
  if (moduleBlockKeyBytes(heap, block) !== key.bytes) return false;
  const { words } = key;
  const from = (block + MODULE_BLOCK_BYTES) >>> 2;
  for (let word = 0; word < words.length; word++) if (heap[from + word] !== words[word]) return false;
  return true;
}

/** The slot that holds the key, or -1. Under the latch. */
function findSlot(cache: ModuleCache, bucket: number, key: ModuleKey): number {
  const { i32 } = cache.shm;
  const heap = cache.shm.heap.i32;
  for (let at = 0; at < BUCKET_SLOTS; at++) {
    const slot = slotOf(bucket, at);
    const block = moduleSlotBlock(i32, slot);
    if (block !== 0 && moduleSlotHash(i32, slot) === key.hash && holdsKey(heap, block, key)) return slot;
  }
  return -1;
}

/** Copies the content of a block into `found` and returns its length. Under the latch. */
function copyContent(cache: ModuleCache, block: number): number {
  const heap = cache.shm.heap.i32;
  const { found } = cache;
  const length = moduleBlockContentBytes(heap, block);
  const from = ((block + MODULE_BLOCK_BYTES) >>> 2) + wordsFor(moduleBlockKeyBytes(heap, block));
  const words = wordsFor(length);
  for (let word = 0; word < words; word++) found[word] = heap[from + word];
  return length;
}

/** The content of a key, a copy; null when it is not there. */
export function findModule(cache: ModuleCache, key: ModuleKey): Buffer | null {
  const { shm } = cache;
  const bucket = bucketOf(cache, key.hash);
  let length = -1;
  acquireLatch(shm, bucket);
  const slot = findSlot(cache, bucket, key);
  if (slot >= 0) {
    setModuleSlotUsed(shm.i32, slot, 1);
    length = copyContent(cache, moduleSlotBlock(shm.i32, slot));
  }
  releaseLatch(shm, bucket);
  return length < 0 ? null : Buffer.from(new Uint8Array(cache.found.buffer, 0, length));
}

/** Keeps content under a key, instead of what was there. False: it is too large, or there is no room. */
export function keepModule(cache: ModuleCache, key: ModuleKey, content: Uint8Array): boolean {
  const { shm } = cache;
  const words = wordsFor(content.length);
  const bytes = MODULE_BLOCK_BYTES + (key.words.length + words) * 4;
  const size = heapBlockBytes(bytes);
  if (bytes > ENTRY_BYTES_MAX || size > cache.limit) return false;
  makeRoom(cache, size);
  const block = heapAllocate(shm, bytes);
  if (block === 0) return false;
  fillBlock(shm, block, key, content);
  if (testing) yieldPoint('modules.filled');
  const former = publish(cache, key, block, bytes);
  addModuleCacheRoom(shm.i32, cache.head, size);
  addModuleCacheCount(shm.i32, cache.head, 1);
  if (former.block !== 0) freeBlock(cache, former.block, former.bytes);
  return true;
}

function fillBlock(shm: SharedMemory, block: number, key: ModuleKey, content: Uint8Array): void {
  const heap = shm.heap.i32;
  setModuleBlockKeyBytes(heap, block, key.bytes);
  setModuleBlockContentBytes(heap, block, content.length);
  const from = (block + MODULE_BLOCK_BYTES) >>> 2;
  heap.set(key.words, from);
  const behind = (from + key.words.length) << 2;
  shm.heap.u8.set(content, behind);
}

/** Puts a block into its slot; returns what was there. */
function publish(cache: ModuleCache, key: ModuleKey, block: number, bytes: number): { block: number; bytes: number } {
  const { shm } = cache;
  const { i32 } = shm;
  const bucket = bucketOf(cache, key.hash);
  const former = { block: 0, bytes: 0 };
  acquireLatch(shm, bucket);
  let slot = findSlot(cache, bucket, key);
  if (slot < 0) slot = freeSlot(i32, bucket);
  const isOther = moduleSlotBlock(i32, slot) !== 0 && moduleSlotHash(i32, slot) !== key.hash;
  former.block = moduleSlotBlock(i32, slot);
  former.bytes = moduleSlotSize(i32, slot);
  setModuleSlotHash(i32, slot, key.hash);
  setModuleSlotBlock(i32, slot, block);
  setModuleSlotSize(i32, slot, bytes);
  setModuleSlotUsed(i32, slot, 0);
  releaseLatch(shm, bucket);
  if (isOther) addModuleCacheEvicted(i32, cache.head, 1);
  return former;
}

/** A slot for a new entry: a free one, else the next that was not asked for since it was passed. Under the latch. */
function freeSlot(i32: Int32Array, bucket: number): number {
  for (let at = 0; at < BUCKET_SLOTS; at++) if (moduleSlotBlock(i32, slotOf(bucket, at)) === 0) return slotOf(bucket, at);
  for (;;) {
    const at = moduleBucketNext(i32, bucket);
    setModuleBucketNext(i32, bucket, (at + 1) % BUCKET_SLOTS);
    const slot = slotOf(bucket, at);
    if (moduleSlotUsed(i32, slot) === 0) return slot;
    setModuleSlotUsed(i32, slot, 0);
  }
}

function freeBlock(cache: ModuleCache, block: number, bytes: number): void {
  const { shm, head } = cache;
  addModuleCacheRoom(shm.i32, head, -heapBlockBytes(bytes));
  addModuleCacheCount(shm.i32, head, -1);
  heapFree(shm, block, bytes);
}

/** Takes out what was not asked for lately until so many bytes fit. Two rounds at most: then everything has had its chance. */
function makeRoom(cache: ModuleCache, bytes: number): void {
  const { shm, head, limit } = cache;
  for (let turn = 0; turn < 2 * BUCKETS && loadModuleCacheRoom(shm.i32, head) + bytes > limit; turn++) {
    const hand = addModuleCacheHand(shm.i32, head, 1);
    sweep(cache, head + MODULE_CACHE_BYTES + ((hand >>> 0) % BUCKETS) * MODULE_BUCKET_BYTES);
  }
}

/** Takes out of a bucket what was not asked for since the last time. */
function sweep(cache: ModuleCache, bucket: number): void {
  const { shm } = cache;
  for (let at = 0; at < BUCKET_SLOTS; at++) {
    const slot = slotOf(bucket, at);
    // Most are empty: whether one is filled just now makes no difference.
    if (moduleSlotBlock(shm.i32, slot) === 0) continue;
    acquireLatch(shm, bucket);
    const block = moduleSlotBlock(shm.i32, slot);
    const bytes = moduleSlotSize(shm.i32, slot);
    const goes = block !== 0 && moduleSlotUsed(shm.i32, slot) === 0;
    if (goes) setModuleSlotBlock(shm.i32, slot, 0);
    setModuleSlotUsed(shm.i32, slot, 0);
    releaseLatch(shm, bucket);
    if (!goes) continue;
    freeBlock(cache, block, bytes);
    addModuleCacheEvicted(shm.i32, cache.head, 1);
  }
}

export function noteModuleHit(cache: ModuleCache): void {
  addModuleCacheHits(cache.shm.i32, cache.head, 1);
}

export function noteModuleMiss(cache: ModuleCache): void {
  addModuleCacheMisses(cache.shm.i32, cache.head, 1);
}

export function moduleCacheFigures({ shm, head }: ModuleCache): ModuleCacheFigures {
  const { i32 } = shm;
  return {
    count: loadModuleCacheCount(i32, head),
    bytes: loadModuleCacheRoom(i32, head),
    hits: loadModuleCacheHits(i32, head) >>> 0,
    misses: loadModuleCacheMisses(i32, head) >>> 0,
    evicted: loadModuleCacheEvicted(i32, head) >>> 0,
  };
}
