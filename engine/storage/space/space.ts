/**
 * Free space: the context of a thread, and taking and giving back pages of the data file.
 *
 * A page is allocated in the log group of the change that needs it (SM-W6), where latches are held and nothing may be read,
 * written or waited for. So it happens in two steps:
 *
 *   1  reservePages()      no latch. Finds free pages, keeps others away from them, makes the file long enough (53100 here)
 *   2  groupBegin(log, ...)
 *      latch the pages of the change: parent before child, left before right
 *      allocateReserved()  last of all: latches the allocation page, writes ALLOCATE into the group, sets the bits
 *      groupEnd(log)
 *      endSpaceChanges()   the allocation page gets the group's LSN and is let go; the reservation ends
 *      pageChanged(), unlatchPage() on the others
 *
 * Pages go back alike: prepareRetire() before the latches, retireInGroup() in the group that makes them unreachable, and
 * after everything is let go queueRetired(). Retired pages become free, without a log record, once that group is durable and
 * every epoch has passed (SM-F2, retired.ts); after a crash they are free at once, because nobody remembers them.
 *
 * A group allocates and retires in the order of page ids when it touches more than one allocation page.
 */

import { assert } from '../../../shm/assert.ts';
import { framesTaken } from '../../../shm/clock-hand.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import { registerBurier } from '../../../shm/deaths.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { type RegionRequest, regionOf, type SharedMemory } from '../../../shm/shared-memory.ts';
import type { Frame, Lsn, PageId } from '../../../shm/types.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { dataPages, growDataFile } from '../cache/grow.ts';
import {
  fetchFrame,
  latchPage,
  latchResident,
  onPageRead,
  type PageCache,
  pageChanged,
  pageIdOf,
  pagePlace,
  pageViews,
  unlatchPage,
} from '../cache/page-cache.ts';
import { groupBegin, groupEnd, groupRecord } from '../log/group.ts';
import type { Log } from '../log/log-context.ts';
import { RECORD } from '../log/records.ts';
import { PAGE_TYPE_ALLOCATION } from '../page.layout.ts';
import { bitState, freeRetired, freeRun, lastUsed, markRetired, markUsed, nextFree, PAGE_USED } from './allocation-page.ts';
import { ALLOCATION_PAGE_AT, allocationPageOf, GROUP_FIXED_PAGES, GROUP_PAGES, groupOf, isAllocationPage } from './geometry.ts';
import { registerSpaceRecords } from './records.ts';
import {
  endReservation,
  forgetReservationsOf,
  isReserved,
  reservationEnd,
  reservationLength,
  tryAddReservation,
} from './reservations.ts';
import {
  RESERVATION_BYTES,
  RETIRED_RUN_BYTES,
  SPACE_SHARED_BYTES,
  setSpaceSharedFirstGroup,
  spaceSharedFirstGroup,
} from './space.layout.gen.ts';
import { RESERVATIONS, RETIRED_RUNS, TEMPORARY_PIECES } from './space.layout.ts';
import { takeTemporaryPages } from './temporary-pages.ts';

const testing = TESTING;

/** Longest run that can be reserved: an eighth of a group. */
export const RESERVE_PAGES_MAX = GROUP_PAGES / 8;
/** Allocation pages that one group may touch. */
const GROUP_ALLOCATION_PAGES = 4;

/** Bytes of log that each allocateReserved() and retireInGroup() adds to its group. */
export const SPACE_RECORD_BYTES = 40;

export interface Space {
  readonly shm: SharedMemory;
  readonly cache: PageCache;
  readonly log: Log;
  /** Byte offset of SPACE_SHARED in the control segment; behind it the tables. */
  readonly shared: number;
  readonly reservations: number;
  readonly retired: number;
  readonly temporary: number;
  /** Allocation pages latched by the open group, in the order of their ids. */
  readonly latched: Int32Array;
  latchedCount: number;
  /** First pages of the reservations that the open group uses up. */
  readonly used: Int32Array;
  usedCount: number;
  /** Runs that this thread has retired and that are not in the queue yet (holdRetired()); null: each goes there at once. */
  held: { readonly first: PageId; readonly count: number; readonly lsn: Lsn }[] | null;
  /** Most bytes that all memory budgets, and all spill files, may have together. */
  memoryMax: number;
  spillMax: number;
}

/** What free space wants in the control segment. */
export const spaceRegions = (): RegionRequest[] => [
  {
    name: 'space',
    bytes: SPACE_SHARED_BYTES + RESERVATIONS * RESERVATION_BYTES + RETIRED_RUNS * RETIRED_RUN_BYTES + TEMPORARY_PIECES * 4,
  },
];

/** This thread's view. Once a thread, after its cache and its log. */
export function createSpace(shm: SharedMemory, cache: PageCache, log: Log): Space {
  const shared = regionOf(shm, 'space');
  const reservations = shared + SPACE_SHARED_BYTES;
  const retired = reservations + RESERVATIONS * RESERVATION_BYTES;
  const space: Space = {
    shm,
    cache,
    log,
    shared,
    reservations,
    retired,
    temporary: retired + RETIRED_RUNS * RETIRED_RUN_BYTES,
    latched: new Int32Array(GROUP_ALLOCATION_PAGES),
    latchedCount: 0,
    used: new Int32Array(GROUP_ALLOCATION_PAGES),
    usedCount: 0,
    held: null,
    memoryMax: Number.POSITIVE_INFINITY,
    spillMax: Number.POSITIVE_INFINITY,
  };
  registerSpaceRecords();
  onPageRead(cache, PAGE_TYPE_ALLOCATION, (views, page) => {
    // What an earlier boot retired: nobody of that boot is left. During redo the log may still allocate and retire them.
    return !cache.acceptBlank && freeRetired(views, page, 0, GROUP_PAGES) > 0;
  });
  registerBurier(shm, 'late', (_shm, thread) => forgetReservationsOf(space, thread));
  return space;
}

// ---- reserving ----

/**
 * Finds `count` free pages in a row and keeps others away from them until the group that allocates them has ended, or
 * releaseReservation(). The file is long enough afterwards. Returns the first. No latch, no hold. 53100 when the disk is
 * full, 53000 when too many runs are reserved.
 */
export function reservePages(space: Space, count: number): PageId {
  assert(count >= 1 && count <= RESERVE_PAGES_MAX, 'a run of pages has a possible length');
  // A single page that is not to be had tells that the groups before have none at all.
  const start = spaceSharedFirstGroup(space.shm.i32, space.shared);
  for (let group = start; ; group++) {
    const first = reserveInGroup(space, group, count);
    if (first < 0) {
      if (count === 1) raiseFirstGroup(space, group);
      continue;
    }
    if (testing) yieldPoint('space.reserved');
    try {
      growDataFile(space.cache, first + count);
    } catch (error) {
      releaseReservation(space, first);
      throw error;
    }
    return first;
  }
}

function reserveInGroup(space: Space, group: number, count: number): PageId {
  const { cache, shm } = space;
  const base = group * GROUP_PAGES;
  growDataFile(cache, base + GROUP_FIXED_PAGES);
  const frame = latchPage(cache, base + ALLOCATION_PAGE_AT);
  acquireLatch(shm, space.shared);
  const bit = findRun(space, frame, base, count);
  const added = bit < 0 || tryAddReservation(space, base + bit, count);
  releaseLatch(shm, space.shared);
  unlatchPage(cache, frame);
  if (!added) {
    throw new SqlError(SQLSTATE.insufficient_resources, `${RESERVATIONS} runs of pages are reserved already`, {
      hint: 'let fewer statements write at once',
    });
  }
  return bit < 0 ? -1 : base + bit;
}

/** First bit of a run that is neither allocated nor reserved, or -1. */
function findRun(space: Space, frame: Frame, base: PageId, count: number): number {
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  for (let bit = GROUP_FIXED_PAGES; ; ) {
    bit = nextFree(views, page, bit);
    if (bit + count > GROUP_PAGES) return -1;
    const run = freeRun(views, page, bit, count);
    if (run < count) {
      bit += run;
      continue;
    }
    const reserved = reservationEnd(space, base + bit, count);
    if (reserved < 0) return bit;
    bit = reserved - base;
  }
}

/** No free page before `group` + 1, as far as one look can tell; a page that is freed lowers it again. */
function raiseFirstGroup(space: Space, group: number): void {
  acquireLatch(space.shm, space.shared);
  const i32 = space.shm.i32;
  if (spaceSharedFirstGroup(i32, space.shared) === group) setSpaceSharedFirstGroup(i32, space.shared, group + 1);
  releaseLatch(space.shm, space.shared);
}

/** Gives a reserved run back that no group has allocated. */
export function releaseReservation(space: Space, first: PageId): void {
  acquireLatch(space.shm, space.shared);
  endReservation(space, first);
  lowerFirstGroup(space, groupOf(first));
  releaseLatch(space.shm, space.shared);
}

/** Under the space latch: there may be a free page in this group. */
export function lowerFirstGroup(space: Space, group: number): void {
  const i32 = space.shm.i32;
  if (group < spaceSharedFirstGroup(i32, space.shared)) setSpaceSharedFirstGroup(i32, space.shared, group);
}

// ---- inside a group ----

/**
 * Allocates the pages of a reservation, which begins with `first`, in the open log group: the first `count` of them, all when
 * left out. After all other latches of the group are taken.
 */
export function allocateReserved(space: Space, first: PageId, count = reservationLength(space, first)): void {
  assert(isReserved(space, first, count), 'pages are reserved before they are allocated');
  const frame = latchAllocation(space, first);
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  for (let bit = first % GROUP_PAGES; bit < (first % GROUP_PAGES) + count; bit++) {
    assert(bitState(views, page, bit) !== PAGE_USED, 'a page that is allocated was free');
  }
  markUsed(views, page, first % GROUP_PAGES, count);
  writeRecord(space, RECORD.allocate, first, count);
  space.used[space.usedCount++] = first;
}

/** Before the latches of a group that will retire `first`: makes sure that its allocation page is in the cache. */
export function prepareRetire(space: Space, first: PageId): void {
  fetchFrame(space.cache, allocationPageOf(first));
}

/** Retires a run of pages of one group of pages in the open log group. After all other latches of the group are taken. */
export function retireInGroup(space: Space, first: PageId, count: number): void {
  const frame = latchAllocation(space, first);
  const views = pageViews(space.cache, frame);
  const page = pagePlace(space.cache, frame);
  for (let bit = first % GROUP_PAGES; bit < (first % GROUP_PAGES) + count; bit++) {
    assert(bitState(views, page, bit) === PAGE_USED, 'a page that is retired was in use');
  }
  markRetired(views, page, first % GROUP_PAGES, count);
  writeRecord(space, RECORD.retire, first, count);
}

function writeRecord(space: Space, type: number, first: PageId, count: number): void {
  const at = groupRecord(space.log, type, 0, 0, allocationPageOf(first), 0, 0);
  const u32 = space.log.group.u32;
  u32[(at + 32) >>> 2] = first;
  u32[(at + 36) >>> 2] = count;
}

/** The latched allocation page; latches it unless the group has it already. It is in the cache: it is never evicted. */
function latchAllocation(space: Space, pageId: PageId): Frame {
  const wanted = allocationPageOf(pageId);
  const { cache, latched } = space;
  for (let index = 0; index < space.latchedCount; index++) {
    if (pageIdOfLatched(space, index) === wanted) return latched[index];
  }
  assert(space.latchedCount < GROUP_ALLOCATION_PAGES, 'a group touches few allocation pages');
  assert(
    space.latchedCount === 0 || pageIdOfLatched(space, space.latchedCount - 1) < wanted,
    'allocation pages are latched in the order of their ids (SM-L5)',
  );
  for (let attempt = 0; ; attempt++) {
    const frame = latchResident(cache, wanted);
    if (frame >= 0) {
      latched[space.latchedCount++] = frame;
      return frame;
    }
    assert(attempt < 1_000_000, 'the allocation page of a prepared run is in the cache');
  }
}

const pageIdOfLatched = (space: Space, index: number): PageId =>
  pageViews(space.cache, space.latched[index]).i32[(pagePlace(space.cache, space.latched[index]) + 4) >>> 2];

/**
 * After groupEnd(), or when the group turned out to need no page: the latched allocation pages are let go, with the group's
 * positions when `lsns` (the log's scratch) is given; the reservations that were used end.
 */
export function endSpaceChanges(space: Space, lsns: Float64Array): void {
  for (let index = 0; index < space.latchedCount; index++) {
    pageChanged(space.cache, space.latched[index], lsns);
    unlatchPage(space.cache, space.latched[index]);
  }
  space.latchedCount = 0;
  for (let index = 0; index < space.usedCount; index++) releaseReservation(space, space.used[index]);
  space.usedCount = 0;
}

// ---- looking ----

/** What the bitmaps say about a page: PAGE_FREE, PAGE_USED, PAGE_RETIRED (allocation-page.ts). No latch, no hold. */
export function pageUse(space: Space, pageId: PageId): number {
  const frame = latchPage(space.cache, allocationPageOf(pageId));
  const use = bitState(pageViews(space.cache, frame), pagePlace(space.cache, frame), pageId % GROUP_PAGES);
  unlatchPage(space.cache, frame);
  return use;
}

/** Groups that the data file reaches into. */
export const groupCount = (space: Space): number => groupOf(dataPages(space.cache) - 1) + 1;

/** A page in a group of its own, outside any latch: in the temporary file, or allocated by it alone. Its content is undefined. */
export function takePage(space: Space, temporary: boolean): PageId {
  if (temporary) return takeTemporaryPages(space, 1);
  const page = reservePages(space, 1);
  try {
    groupBegin(space.log, SPACE_RECORD_BYTES);
  } catch (error) {
    releaseReservation(space, page);
    throw error;
  }
  allocateReserved(space, page);
  groupEnd(space.log);
  endSpaceChanges(space, space.log.scratch);
  return page;
}

/**
 * At the end of recovery, before anything new is allocated: makes the data file as long as the bitmaps that the log has touched
 * say. Extents are not synced when they are written. 53100.
 */
export function restoreDataFile(space: Space): void {
  const { shm, cache } = space;
  let pages = 0;
  for (let frame = 0; frame < framesTaken(shm); frame++) {
    const pageId = pageIdOf(cache, frame);
    if (pageId < 0 || !isAllocationPage(pageId)) continue;
    const last = lastUsed(pageViews(cache, frame), pagePlace(cache, frame));
    pages = Math.max(pages, pageId - ALLOCATION_PAGE_AT + last + 1);
  }
  growDataFile(cache, pages);
}
