/**
 * Looking ahead in the log: the pages that the next records change are touched before their turn comes, many at once.
 *
 * Random changes meet their pages far from the processor: frame, header, slot directory and row are each waited for, one after the
 * other, for every record. Here the same words are loaded for some dozens of records in one loop a step; nothing in a loop waits
 * for what another of its turns has loaded, so the processor has many of these loads under way together.
 *
 *   records   | next ................................ LOOK_RECORDS |      lengths lead from one to the next
 *   pages     frame of each    ->    header, slot directory of each    ->    row of each
 *
 * Nothing is decided here, and nothing changes: a record that is not whole, a page that is not in the cache, words that make no
 * sense are passed over, and redo (recover.ts) meets them as it would have. Hot, no allocation.
 */

import { lookupFrame } from '../../../shm/page-table.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';
import { type PageCache, pagePlace, pageViews } from '../cache/page-cache.ts';
import { slotEntry } from '../heap/heap-page.ts';
import { LOG_RECORD_BYTES, LOG_RECORD_PAGE, LOG_RECORD_SLOT } from '../log/log-record.layout.gen.ts';
import { PAGE_LSN } from '../page.layout.gen.ts';
import type { RecordReader } from './record-reader.ts';

/** Records that one look covers. */
export const LOOK_RECORDS = 64;
/** Slots of a page end far below this: what lies in its last half is the directory, or a row. */
const SLOT_MASK = 1023;

export interface LookAhead {
  readonly frames: Int32Array;
  readonly slots: Int32Array;
  /** Keeps what was loaded from being left out by the compiler. */
  sink: number;
}

export const makeLookAhead = (): LookAhead => ({
  frames: new Int32Array(LOOK_RECORDS),
  slots: new Int32Array(LOOK_RECORDS),
  sink: 0,
});

/** Touches the pages of up to LOOK_RECORDS records behind the one that was read last, as far as the window holds them. */
export function lookAhead(ahead: LookAhead, records: RecordReader, cache: PageCache): void {
  const count = findFrames(ahead, records, cache);
  ahead.sink = (ahead.sink + touchDirectories(ahead, cache, count)) | 0;
  ahead.sink = (ahead.sink + touchRows(ahead, cache, count)) | 0;
}

/** Frames and slots of the next records whose page is in the cache; returns how many. */
function findFrames(ahead: LookAhead, records: RecordReader, cache: PageCache): number {
  const { frames, slots } = ahead;
  const { reader, lsn } = records;
  const { i32, u32, u16 } = reader.window;
  const end = reader.endLsn - reader.windowStart;
  let at = lsn[1] - reader.windowStart;
  let found = 0;
  for (let record = 0; record < LOOK_RECORDS && at + LOG_RECORD_BYTES <= end; record++) {
    const frame = lookupFrame(cache.shm, i32[(at + LOG_RECORD_PAGE) >>> 2]);
    if (frame >= 0) {
      frames[found] = frame;
      slots[found++] = u16[(at + LOG_RECORD_SLOT) >>> 1] & SLOT_MASK;
    }
    const length = u32[at >>> 2];
    if (length < LOG_RECORD_BYTES) break;
    at += length;
  }
  return found;
}

function touchDirectories(ahead: LookAhead, cache: PageCache, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const frame = ahead.frames[index];
    const page = pagePlace(cache, frame);
    const { u32 } = pageViews(cache, frame);
    sum ^= u32[(page + PAGE_LSN) >>> 2] ^ slotEntry(u32, page, ahead.slots[index]);
  }
  return sum;
}

function touchRows(ahead: LookAhead, cache: PageCache, count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const frame = ahead.frames[index];
    const page = pagePlace(cache, frame);
    const { u32 } = pageViews(cache, frame);
    sum ^= u32[(page + (slotEntry(u32, page, ahead.slots[index]) & (PAGE_BYTES - 4))) >>> 2];
  }
  return sum;
}
