/**
 * Frame descriptor: one for each 8 KiB page image of the cache, in the control segment, on a cache line of its own.
 *
 *   version word                                 readers word
 *   31                          1   0            31   30              29                  0
 *  +-----+------------------------+---+         +----+---------------+---------------------+
 *  |sleep| version (even = free)  |odd|         | 0  | notify at zero| shared holds        |
 *  +-----+------------------------+---+         +----+---------------+---------------------+
 *
 *   EMPTY --claimed by a reader of the page--> LOADING --read in--> CLEAN <--> DIRTY
 *     ^                                          |                    |
 *     +------------- read failed ----------------+--- evicted --------+
 *
 * pageId changes only under the exclusive latch of the frame, so that a hold or a validated version proves it. While
 * the frame is empty or loading it is NO_PAGE: one compare tells a reader that there is nothing to read. The page
 * table (page-table.ts) keys its chain on tableKey, which is set as long as the frame is in the table.
 *
 * A frame that was never handed out is all zeroes; takeFreshFrame() (clock-hand.ts) sets it up.
 */

import { defineStruct } from './struct.ts';

export const FRAME_STATE_EMPTY = 0;
export const FRAME_STATE_LOADING = 1;
export const FRAME_STATE_CLEAN = 2;
export const FRAME_STATE_DIRTY = 3;

export const FRAME = defineStruct({
  name: 'frame',
  doc: 'Descriptor of a cache frame',
  bytes: 64,
  fields: {
    version: { type: 'atomic32', doc: 'even: free, odd: latched exclusively; bit 31: someone sleeps on it (SM-L1)' },
    readers: { type: 'atomic32', doc: 'threads that hold the frame in shared mode; bit 30: notify when it falls to 0 (SM-L4)' },
    pageId: { type: 'atomic32', doc: 'page that can be read here, or NO_PAGE while empty or loading' },
    tableKey: { type: 'atomic32', doc: 'page under which the frame is in the page table; equals pageId once loaded' },
    state: { type: 'atomic32', doc: 'one of FRAME_STATE_...' },
    next: { type: 'atomic32', doc: 'frame + 1 of the next in the bucket of the page table, 0 = last' },
    referenced: { type: 'atomic32', doc: 'second chance: set by who uses the frame, cleared by the clock hand' },
    owner: { type: 'atomic32', doc: 'thread + 1 that set LOADING, so that others can tell when it died' },
    recoveryLsn: { at: 32, type: 'f64', unit: 'bytes', doc: 'log position of the first record that made the page dirty' },
    spare0: { at: 40, type: 'atomic32', doc: 'free for the cache' },
    spare1: { type: 'atomic32', doc: 'free for the cache' },
    spareDouble: { at: 48, type: 'f64', doc: 'free for the cache' },
  },
});
