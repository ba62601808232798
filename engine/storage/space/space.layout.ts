/**
 * What the threads share about free space: reservations, pages that wait to become free, the temporary pages in use; and
 * the entries of heap maps. The bitmaps themselves are pages (geometry.ts).
 */

import { defineStruct } from '../../../shm/struct.ts';

/** Runs of pages that can be reserved at the same time. */
export const RESERVATIONS = 512;
/** Runs of pages that can wait for their epoch at the same time; what does not fit becomes free at the next open. */
export const RETIRED_RUNS = 8192;
/** Temporary pages in one piece of the shared heap: a bit each. */
export const TEMPORARY_PIECE_PAGES = 32768;
/** Pieces at most: 2^30 temporary pages, 8 TiB. */
export const TEMPORARY_PIECES = 32768;

export const SPACE_SHARED = defineStruct({
  name: 'spaceShared',
  doc: 'Shared words of the free space',
  bytes: 256,
  fields: {
    latch: { at: 0, type: 'atomic32', doc: 'word latch over everything here' },
    firstGroup: { at: 4, type: 'i32', doc: 'groups before this one have no free page' },
    reservations: { at: 8, type: 'i32', doc: 'entries of the reservation table that may be in use: all behind are free' },
    retiredHead: { at: 64, type: 'i32', doc: 'runs taken from the queue of retired pages, wraps' },
    retiredTail: { at: 68, type: 'i32', doc: 'runs put into it, wraps' },
    retiredLost: { at: 72, type: 'i32', unit: 'pages', doc: 'retired pages that did not fit the queue: free at the next open' },
    temporaryFirst: { at: 128, type: 'i32', doc: 'temporary pages before this one are in use' },
    temporaryUsed: { at: 132, type: 'i32', unit: 'pages', doc: 'temporary pages in use' },
    memoryUsed: {
      at: 192,
      type: 'f64',
      unit: 'bytes',
      doc: 'promised by all memory budgets (memory-budget.ts), under the latch',
    },
    spillUsed: { at: 200, type: 'f64', unit: 'bytes', doc: 'length of all spill files, under the latch' },
    spillNumber: { at: 208, type: 'atomic32', doc: 'spill files made in this boot' },
  },
});

export const RESERVATION = defineStruct({
  name: 'reservation',
  doc: "Pages that a thread will allocate in a log group soon: free in the bitmap, but nobody else's",
  bytes: 16,
  fields: {
    first: { at: 0, type: 'i32', doc: 'first page' },
    count: { at: 4, type: 'i32', unit: 'pages', doc: 'length of the run, 0 = the entry is free' },
    thread: { at: 8, type: 'i32', doc: 'thread + 1 that reserved it' },
    unused: { at: 12, type: 'i32', doc: '0' },
  },
});

export const RETIRED_RUN = defineStruct({
  name: 'retiredRun',
  doc: 'Pages that become free once the log is durable up to a position and an epoch has passed (SM-F2)',
  bytes: 24,
  fields: {
    lsn: { at: 0, type: 'f64', unit: 'bytes', doc: 'end of the group or commit that made them unreachable' },
    first: { at: 8, type: 'i32', doc: 'first page' },
    count: { at: 12, type: 'i32', unit: 'pages', doc: 'length of the run' },
    epoch: { at: 16, type: 'i32', doc: 'the epoch that must have passed' },
    unused: { at: 20, type: 'i32', doc: '0' },
  },
});

export const HEAP_MAP_ENTRY = defineStruct({
  name: 'heapMapEntry',
  doc: 'Entry of a heap map: in level 0 an extent, in level 1 a page of level 0',
  bytes: 8,
  fields: {
    page: { at: 0, type: 'u32', doc: 'first page of the extent, or the map page below' },
    index: { at: 4, type: 'u32', doc: 'how many pages of the table come before it' },
  },
});

export const HEAP_MAP = defineStruct({
  name: 'heapMap',
  doc: 'Heap map page: which pages a table has, in the order in which they were added; entries start at byte 64',
  bytes: 64,
  fields: {
    pages: {
      at: 48,
      type: 'u32',
      unit: 'pages',
      doc: 'pages of all extents in and below this page, plus those before its first',
    },
    usable: {
      at: 52,
      type: 'u32',
      unit: 'pages',
      doc: 'root only: pages that were formatted; those behind belong to the table but hold nothing',
    },
    table: { at: 56, type: 'u32', doc: 'table id' },
  },
});
