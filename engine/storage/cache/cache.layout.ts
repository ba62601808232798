/**
 * What the threads share about the page cache besides the frame descriptors, and the header of the double-write file.
 *
 * Words that different threads write often lie on different cache lines (SM-S3).
 */

import { defineStruct } from '../../../shm/struct.ts';

/** Most pages that are written together through the double-write file. */
export const BATCH_PAGES = 64;

export const CACHE_SHARED = defineStruct({
  name: 'cacheShared',
  doc: 'Shared words of the page cache',
  bytes: 512,
  fields: {
    writer: { at: 0, type: 'atomic32', doc: 'thread + 1 that owns the double-write file and the batch buffer, 0 = nobody' },
    batches: { at: 4, type: 'atomic32', doc: 'batches written since open, wraps; who waits for a clean frame sleeps on it' },
    writeHand: { at: 8, type: 'atomic32', doc: 'frame at which the next search for dirty pages begins' },
    dirtyFrames: { at: 64, type: 'atomic32', doc: 'frames in state DIRTY' },
    dataPages: {
      at: 128,
      type: 'atomic32',
      unit: 'pages',
      doc: 'length of the data file: everything below has its room, and reads at least as zeros',
    },
    temporaryPages: { at: 132, type: 'atomic32', unit: 'pages', doc: 'length of the temporary file' },
    grower: { at: 136, type: 'atomic32', doc: 'thread + 1 that makes a file longer, 0 = nobody' },
    checkpointer: { at: 256, type: 'atomic32', doc: 'thread + 1 that takes a checkpoint, 0 = nobody' },
    checkpointLsn: { at: 260, type: 'shared53', unit: 'bytes', doc: 'end of the log at the last checkpoint' },
    boot: { at: 192, type: 'i32', doc: 'number of this boot' },
    databaseHigh: { at: 196, type: 'i32', doc: 'database id, first word' },
    databaseLow: { at: 200, type: 'i32', doc: 'database id, second word' },
  },
});

export const DOUBLE_WRITE = defineStruct({
  name: 'doubleWrite',
  doc: 'First page of the double-write file; the images of the batch follow it in the order of their entries',
  bytes: 8192,
  fields: {
    checksum: { at: 0, type: 'u32', doc: 'zlib.crc32 of bytes 4..8192' },
    magic: { at: 4, type: 'u32', doc: 'DOUBLE_WRITE_MAGIC' },
    databaseHigh: { at: 8, type: 'i32', doc: 'database id, first word' },
    databaseLow: { at: 12, type: 'i32', doc: 'database id, second word' },
    boot: { at: 16, type: 'u32', doc: 'boot that wrote the batch' },
    batch: { at: 20, type: 'u32', doc: 'number of the batch within the boot' },
    count: { at: 24, type: 'u32', unit: 'pages', doc: 'pages in the batch, at most BATCH_PAGES' },
    entries: { at: 64, type: 'bytes', length: 512, doc: 'page id and checksum of each image, two u32' },
  },
});

/** 'SBdw' */
export const DOUBLE_WRITE_MAGIC = 0x77644253;
