/** The shared hash map: stripes in the control segment, entries in the heap. The drawing and the rules: hash-map.ts. */

import { defineStruct } from './struct.ts';

export const MAP_STRIPE = defineStruct({
  name: 'mapStripe',
  doc: 'One of the independent parts of a shared hash map, on a cache line of its own',
  bytes: 64,
  fields: {
    latch: { type: 'atomic32', doc: 'word latch of the stripe' },
    count: { type: 'i32', doc: 'entries in it' },
    buckets: { type: 'i32', unit: 'bytes', doc: 'offset of its bucket words in the heap, 0 = none yet' },
    bucketBits: { type: 'i32', doc: 'log2 of the number of buckets' },
  },
});

export const MAP_ENTRY = defineStruct({
  name: 'mapEntry',
  doc: 'An entry of a shared hash map, in the heap',
  bytes: 16,
  fields: {
    keyHigh: { type: 'i32', doc: 'first word of the key' },
    keyLow: { type: 'i32', doc: 'second word of the key' },
    value: { type: 'i32', doc: 'a byte offset or other number, never 0' },
    next: { type: 'i32', unit: 'bytes', doc: 'offset of the next entry of the bucket, 0 = last' },
  },
});
