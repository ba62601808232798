/**
 * The header every row image begins with (shared-memory.md, 'Rows and heap'). A row starts at a multiple of 8.
 */

import { defineStruct } from '../../../shm/struct.ts';

export const ROW = defineStruct({
  name: 'row',
  doc: 'Header of a row image',
  bytes: 16,
  fields: {
    stamp: {
      at: 0,
      type: 'f64',
      doc: 'who wrote this version: >= 0 committed at, < 0 transaction and statement in flight (TX-T1, TX-T2)',
    },
    back: {
      at: 8,
      type: 'i32',
      doc: 'address of the previous version in the versions segment, 0 = none (TX-T17)',
      unit: '8 bytes',
    },
    word: {
      at: 12,
      type: 'i32',
      doc: 'flags in bits 24-31, layout number in bits 14-23, length of the image in bytes in bits 0-13',
    },
  },
});

export const OVERFLOW_REFERENCE = defineStruct({
  name: 'overflowReference',
  doc: 'What stands in a row for a value that lies in an overflow chain; starts at a multiple of 4',
  bytes: 16,
  fields: {
    page: { at: 0, type: 'u32', doc: 'first page of the chain' },
    length: { at: 4, type: 'u32', doc: 'length of the value', unit: 'bytes' },
    stored: { at: 8, type: 'u32', doc: 'length of what the chain holds', unit: 'bytes' },
    codec: { at: 12, type: 'u32', doc: 'how the chain holds it: 0 as it is, 1 zstd' },
  },
});
