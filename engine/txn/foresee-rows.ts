/**
 * Bringing rows near that undo entries name, before they are worked on one by one: a large transaction has changed rows all over its
 * tables, and for each of them page table, descriptor, page header, directory and row lie on cache lines of their own, of which one
 * says where the next is. Some entries at a time, all lines of one kind are under way together, instead of one after the other.
 *
 * Nothing depends on it: what is read may be anything, is bounded by its page, and dropped.
 *
 * Hot file: free functions over typed arrays, no allocation.
 */

import { FRAME_BYTES, FRAME_VERSION } from '../../shm/frame.layout.gen.ts';
import { firstFrame } from '../../shm/page-table.ts';
import { frameOffset, type SharedMemory } from '../../shm/shared-memory.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { HEAP_SLOTS_MAX } from '../storage/heap/heap-page.ts';
import { PAGE_TYPE } from '../storage/page.layout.gen.ts';
import type { ByteViews } from '../storage/rows/byte-views.ts';
import { UNDO_ENTRY_BYTES, undoEntryPage, undoEntrySlot } from './txn.layout.gen.ts';

/** Entries that are brought near at a time: their lines fit what a processor keeps nearest. */
export const FORESEEN_MAX = 16;

const PAGE_WORDS = PAGE_BYTES >>> 2;
const OFFSET_WORDS = PAGE_WORDS - 1;

/** This thread's: frame of each entry's page, or -1; what its directory says; last what was read, so that no compiler leaves it out. */
const frames = new Int32Array(FORESEEN_MAX);
const places = new Int32Array(FORESEEN_MAX + 1);

/** Begins to read what the `count` undo entries from byte offset `first` of `views` on name; at most FORESEEN_MAX. */
export function foreseeRows(shm: SharedMemory, views: ByteViews, first: number, count: number): void {
  const { i32, frameSegments, frameShift, framesBase } = shm;
  let read = 0;
  for (let at = 0; at < count; at++) {
    const entry = first + at * UNDO_ENTRY_BYTES;
    const frame = firstFrame(shm, undoEntryPage(views.i32, entry));
    frames[at] = frame;
    if (frame < 0) continue;
    const slot = undoEntrySlot(views.u16, entry);
    const words = frameSegments[frame >>> frameShift].i32;
    const page = frameOffset(shm, frame) >>> 2;
    places[at] = words[page + PAGE_WORDS - 1 - (slot < HEAP_SLOTS_MAX ? slot : 0)];
    read ^= words[page + (PAGE_TYPE >>> 2)] ^ i32[(framesBase + frame * FRAME_BYTES + FRAME_VERSION) >>> 2];
  }
  for (let at = 0; at < count; at++) {
    const frame = frames[at];
    if (frame < 0) continue;
    read ^= frameSegments[frame >>> frameShift].i32[(frameOffset(shm, frame) >>> 2) + ((places[at] >>> 2) & OFFSET_WORDS)];
  }
  places[FORESEEN_MAX] = read;
}
