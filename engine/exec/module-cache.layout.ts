/** The cache of bound statements that threads share: region 'modules' of the control segment. The drawing and the rules: module-cache.ts. */

import { defineStruct } from '../../shm/struct.ts';

/** Entries of one bucket. */
export const BUCKET_SLOTS = 7;

export const MODULE_CACHE = defineStruct({
  name: 'moduleCache',
  doc: 'Head of the shared cache of bound statements; words that different threads write on lines of their own',
  bytes: 320,
  fields: {
    hand: { at: 0, type: 'atomic32', doc: 'buckets that the hand has passed, wraps' },
    room: { at: 64, type: 'atomic32', unit: 'bytes', doc: 'room that the entries take in the heap' },
    count: { at: 68, type: 'atomic32', doc: 'entries' },
    hits: { at: 128, type: 'atomic32', doc: 'statements that were found (statistics), wraps' },
    misses: { at: 192, type: 'atomic32', doc: 'statements that were not found, or were out of date (statistics), wraps' },
    evicted: { at: 256, type: 'atomic32', doc: 'entries that had to go for others (statistics), wraps' },
  },
});

export const MODULE_BUCKET = defineStruct({
  name: 'moduleBucket',
  doc: 'A part of the cache under its own latch',
  bytes: 128,
  fields: {
    latch: { at: 0, type: 'atomic32', doc: 'word latch of the bucket' },
    next: { at: 4, type: 'i32', doc: 'slot where the second chance goes on' },
    slots: { at: 16, type: 'bytes', length: 112, doc: 'BUCKET_SLOTS slots of 16 bytes' },
  },
});

export const MODULE_SLOT = defineStruct({
  name: 'moduleSlot',
  doc: 'An entry of a bucket',
  bytes: 16,
  fields: {
    hash: { type: 'i32', doc: 'hash of the key' },
    block: { type: 'i32', unit: 'bytes', doc: 'offset of the entry in the heap, 0 = the slot is free' },
    used: { type: 'i32', doc: '1 = asked for since the hand passed' },
    size: { type: 'i32', unit: 'bytes', doc: 'size of the block as it was asked for' },
  },
});

export const MODULE_BLOCK = defineStruct({
  name: 'moduleBlock',
  doc: 'Head of an entry in the heap; the key behind it, padded with zeros to whole words, then the content likewise',
  bytes: 16,
  fields: {
    keyBytes: { type: 'i32', unit: 'bytes', doc: 'length of the key' },
    contentBytes: { type: 'i32', unit: 'bytes', doc: 'length of the content' },
  },
});
