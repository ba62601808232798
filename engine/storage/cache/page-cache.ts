/**
 * The page cache as one thread sees it: its context, and what everybody does with pages: find them, latch or hold them,
 * say that they have changed.
 *
 *   EMPTY --claim--> LOADING --read, verify--> CLEAN --pageChanged--> DIRTY
 *     ^                |                        | ^                     |
 *     +--- failed -----+        evicted --------+ +------ written ------+
 *
 * Two log positions stand in the descriptor of a dirty frame, both written under its latch or by the page writer under a hold:
 *
 *   recoveryLsn    start of the first record that is neither in the file nor in the copy on its way there; NEVER if none
 *   spareDouble    'writing': what recoveryLsn was when that copy was taken; NEVER when there is no copy on its way
 *
 * Page ids are int32: negative ones lie in the temporary file, which is neither logged nor checkpointed.
 *
 * Rules upheld: SM-L5 (a page that is read in is in state LOADING, not latched; no I/O under a latch or hold), SM-W10.
 * The miss is in miss.ts, the writer in page-writer.ts.
 *
 * Hot file: plain functions over typed arrays. Log positions are handed over in a Float64Array, because a double that goes
 * into a function that is not inlined would be allocated.
 */

import { assert } from '../../../shm/assert.ts';
import { createScanRing, type ScanRing } from '../../../shm/clock-hand.ts';
import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { holdFrame, latchFrame, releaseFrame, unlatchFrame } from '../../../shm/frame-latch.ts';
import { FRAME_BYTES, FRAME_PAGE_ID, FRAME_RECOVERY_LSN, FRAME_REFERENCED, FRAME_STATE } from '../../../shm/frame.layout.gen.ts';
import { FRAME_STATE_DIRTY } from '../../../shm/frame.layout.ts';
import { lookupFrame } from '../../../shm/page-table.ts';
import { frameOffset, frameSegment, type RegionRequest, regionOf, type SharedMemory } from '../../../shm/shared-memory.ts';
import { type Frame, type Lsn, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import type { DatabaseFiles } from '../database-files.ts';
import { PAGE_LSN } from '../page.layout.gen.ts';
import { PAGE_TYPE_MAX } from '../page.layout.ts';
import type { ByteViews } from '../rows/byte-views.ts';
import type { World } from '../world.ts';
import { BATCH_PAGES } from './cache.layout.ts';
import { registerCacheBurier } from './bury.ts';
import {
  CACHE_SHARED_BYTES,
  CACHE_SHARED_DIRTY_FRAMES,
  cacheSharedBoot,
  setCacheSharedBoot,
  setCacheSharedDatabaseHigh,
  setCacheSharedDatabaseLow,
  storeCacheSharedDataPages,
  storeCacheSharedTemporaryPages,
} from './cache.layout.gen.ts';
import { missFrame } from './miss.ts';

/** In place of a log position: there is none. Greater than all. */
export const NEVER: Lsn = Number.POSITIVE_INFINITY;
/** Recovery position of a change that no log record describes (hints, temporary pages): it holds no log back. */
export const UNLOGGED: Lsn = Number.MAX_SAFE_INTEGER;

/** Frames that every thread may need at once; open() refuses a cache with fewer. */
export const FRAMES_PER_THREAD_MIN = 4;

/** What the cache needs of the log. */
export interface LogPort {
  /** Everything below is on disk. */
  durableLsn(): Lsn;
  /** Blocks until everything below `lsn` is on disk. Called without latch or hold. */
  flushTo(lsn: Lsn): void;
  /** End of everything that was reserved so far, published or not. */
  endLsn(): Lsn;
}

/**
 * Looks at an image that an earlier boot wrote, before anyone else sees it (SM-W8). Returns true when it changed something
 * that should reach the file: the page is dirty then.
 */
export type PageReadHook = (views: ByteViews, page: number, pageId: PageId) => boolean;

/**
 * Works on the copy that is about to be written (SM-W5, SM-P1): resolves stamps of durable commits, raises the copy's LSN
 * accordingly, sets PAGE_ALL_VISIBLE and greatestStamp. Returns true when the page in the cache, if nobody has changed it
 * meanwhile, may take over these two from the copy: nothing in it was in flight.
 */
export type PageCopyHook = (copy: ByteViews, page: number, pageId: PageId) => boolean;

export interface PageCache {
  readonly shm: SharedMemory;
  /** Views of the control segment. */
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly framesBase: number;
  /** Byte offsets of CACHE_SHARED and of the batch buffer in the control segment. */
  readonly shared: number;
  readonly batch: number;
  readonly world: World;
  readonly files: DatabaseFiles;
  log: LogPort;
  /** Number of this boot, 0 until the cache is started. */
  boot: number;
  /** By page type. */
  readonly readHooks: (PageReadHook | null)[];
  readonly copyHooks: (PageCopyHook | null)[];
  /** During recovery: a page that was never written is no error, the log will format it. */
  acceptBlank: boolean;
  /** Set during a sequential scan: its pages go round in a few frames of their own instead of driving out the others. */
  scanning: boolean;
  readonly ring: ScanRing;
  /** The part of each frame that is checksummed, made when first needed; empty for caches so large that it would not pay. */
  readonly checkedParts: (Uint8Array | undefined)[];
  /** Frames found dirty and not written yet, oldest first (page-writer.ts). */
  readonly candidates: Int32Array;
  candidateNext: number;
  candidateCount: number;
  /** Above so many dirty frames a miss writes some first: a few stay clean, for pages that are needed together. */
  readonly dirtyMax: number;
  /** The frame from which on the cache counts as used: then it gets huge pages, and this goes beyond all frames. */
  hugePagesFrom: number;
  /** Counted by this thread, for observation. */
  readonly counts: PageCacheCounts;
}

export interface PageCacheCounts {
  misses: number;
  waits: number;
  written: number;
  batches: number;
}

/** Smaller caches, in frames, fit what the processor remembers of addresses. */
const HUGE_PAGES_CACHE = 4096;
/** Frames in use at which huge pages are asked for: an idle database does without the memory around what it touches. */
const HUGE_PAGES_AFTER = 512;

/** Frames a scan goes round in. */
const RING_FRAMES = 32;
/** Pages that one search for dirty frames remembers. */
const CANDIDATES = 4096;

/**
 * Frames that stay clean. A structure change latches three pages at once, and each must be in the cache when its turn comes: a
 * thread with four frames needs three of them for that.
 */
const cleanFrames = (frames: number): number => (frames < 64 ? Math.ceil(frames * 0.75) : Math.min(frames >>> 2, 512));

/** What the cache wants in the control segment. */
export const cacheRegions = (): RegionRequest[] => [
  { name: 'cache', bytes: CACHE_SHARED_BYTES },
  { name: 'cacheBatch', bytes: (BATCH_PAGES + 1) * 8192 },
];

/** This thread's view of the cache. Hooks and log are set before the first page is used. */
export function createPageCache(shm: SharedMemory, world: World, files: DatabaseFiles, log: LogPort): PageCache {
  const shared = regionOf(shm, 'cache');
  const cache: PageCache = {
    shm,
    i32: shm.i32,
    f64: shm.f64,
    framesBase: shm.framesBase,
    shared,
    batch: regionOf(shm, 'cacheBatch'),
    world,
    files,
    log,
    boot: cacheSharedBoot(shm.i32, shared),
    readHooks: new Array<PageReadHook | null>(PAGE_TYPE_MAX + 1).fill(null),
    copyHooks: new Array<PageCopyHook | null>(PAGE_TYPE_MAX + 1).fill(null),
    acceptBlank: false,
    scanning: false,
    ring: createScanRing(Math.max(1, Math.min(RING_FRAMES, shm.frameCount >>> 2))),
    checkedParts: [],
    candidates: new Int32Array(Math.min(CANDIDATES, shm.frameCount)),
    candidateNext: 0,
    candidateCount: 0,
    dirtyMax: shm.frameCount - cleanFrames(shm.frameCount),
    hugePagesFrom: shm.frameCount < HUGE_PAGES_CACHE ? Number.MAX_SAFE_INTEGER : HUGE_PAGES_AFTER,
    counts: { misses: 0, waits: 0, written: 0, batches: 0 },
  };
  registerCacheBurier(cache);
  return cache;
}

/** How a boot starts, told by who opens the database before any other thread has a cache. */
export interface CacheStart {
  boot: number;
  databaseHigh: number;
  databaseLow: number;
}

/**
 * Starts the cache for this boot: by the thread that opens the database, once. Other threads make theirs afterwards.
 * 53200 when the cache is too small for `threads` threads.
 */
export function startPageCache(cache: PageCache, start: CacheStart, threads: number): void {
  const { shm, i32, shared } = cache;
  if (shm.frameCount < threads * FRAMES_PER_THREAD_MIN) {
    const text = `a cache of ${shm.frameCount} pages is too small for ${threads} threads`;
    throw new SqlError(SQLSTATE.out_of_memory, text, { hint: `each thread needs ${FRAMES_PER_THREAD_MIN} pages of 8 KiB` });
  }
  setCacheSharedBoot(i32, shared, start.boot);
  setCacheSharedDatabaseHigh(i32, shared, start.databaseHigh);
  setCacheSharedDatabaseLow(i32, shared, start.databaseLow);
  storeCacheSharedDataPages(i32, shared, Math.floor(cache.files.data.size() / PAGE_BYTES));
  storeCacheSharedTemporaryPages(i32, shared, 0);
  cache.boot = start.boot;
}

/** Views of the segment that a frame's image lies in; with pagePlace() the address of a page's bytes. */
export const pageViews = (cache: PageCache, frame: Frame): ByteViews => frameSegment(cache.shm, frame);
/** Byte offset of a frame's image in pageViews(). */
export const pagePlace = (cache: PageCache, frame: Frame): number => frameOffset(cache.shm, frame);

/**
 * The frame a page is in, read in first if it is in none. It is neither latched nor held: by the time the caller looks, the
 * frame may hold another page, so the caller validates (readBegin, page id, readValid), or uses latchPage or holdPage.
 * May read, write pages and flush the log: no latch and no hold by the caller. XX001 for a damaged page.
 */
export function fetchFrame(cache: PageCache, pageId: PageId): Frame {
  const frame = lookupFrame(cache.shm, pageId);
  if (frame < 0) return missFrame(cache, pageId, true);
  touch(cache, frame);
  return frame;
}

/** Gives a frame its second chance. A word that is set already is not written: the line stays shared between cores. */
export function touch(cache: PageCache, frame: Frame): void {
  const word = (cache.framesBase + frame * FRAME_BYTES + FRAME_REFERENCED) >>> 2;
  if (!cache.scanning && cache.i32[word] === 0) cache.i32[word] = 1;
}

/**
 * A frame for a page that was just allocated, without reading it. Its content is whatever it is (zeros, or the page's former
 * life): the caller latches it and formats all of it. Not latched; if it is evicted before that, call this again.
 */
export function fetchNewFrame(cache: PageCache, pageId: PageId): Frame {
  const frame = lookupFrame(cache.shm, pageId);
  return frame < 0 ? missFrame(cache, pageId, false) : frame;
}

/** Latches a page exclusively, reading it in if need be. Ended by unlatchPage(). */
export function latchPage(cache: PageCache, pageId: PageId): Frame {
  for (;;) {
    const frame = fetchFrame(cache, pageId);
    latchFrame(cache.shm, frame);
    if (pageIdOf(cache, frame) === pageId) return frame;
    unlatchFrame(cache.shm, frame);
  }
}

/** The same for a page that was just allocated: it is not read, and the caller formats all of it. */
export function latchNewPage(cache: PageCache, pageId: PageId): Frame {
  for (;;) {
    const frame = fetchNewFrame(cache, pageId);
    latchFrame(cache.shm, frame);
    if (pageIdOf(cache, frame) === pageId) return frame;
    unlatchFrame(cache.shm, frame);
  }
}

/**
 * Latches a page if it is in the cache, else -1: for a second and third page under a latch, in the order of SM-L5. A caller
 * that gets -1 lets everything go, fetches the page and starts again. A miss may be spurious.
 */
export function latchResident(cache: PageCache, pageId: PageId): Frame {
  const frame = lookupFrame(cache.shm, pageId);
  if (frame < 0) return -1;
  latchFrame(cache.shm, frame);
  if (pageIdOf(cache, frame) === pageId) return frame;
  unlatchFrame(cache.shm, frame);
  return -1;
}

/** Lets a latched page go. */
export function unlatchPage(cache: PageCache, frame: Frame): void {
  unlatchFrame(cache.shm, frame);
}

/** Holds a page in shared mode, reading it in if need be (SM-L4: one a thread). Ended by releasePage(). */
export function holdPage(cache: PageCache, pageId: PageId): Frame {
  for (;;) {
    const frame = fetchFrame(cache, pageId);
    if (holdFrame(cache.shm, frame, pageId)) return frame;
  }
}

/** Ends a hold. */
export function releasePage(cache: PageCache, frame: Frame): void {
  releaseFrame(cache.shm, frame);
}

/** The page in a frame, or NO_PAGE. Certain only under a latch or hold of the frame, or before readValid(): so a plain load. */
export function pageIdOf(cache: PageCache, frame: Frame): PageId {
  return cache.i32[(cache.framesBase + frame * FRAME_BYTES + FRAME_PAGE_ID) >>> 2];
}

/**
 * The latched page has changed. lsns[0] is the recovery position: start of the record (of a compensation record: of the record
 * it undoes, SM-W7; of a stamp: of the commit record). lsns[1] becomes the page's LSN if it is greater: end of the record. So
 * the log's scratch can be given as it is after reserve() and groupEnd().
 */
export function pageChanged(cache: PageCache, frame: Frame, lsns: Float64Array): void {
  const shm = cache.shm;
  const image = shm.frameSegments[frame >>> shm.frameShift].f64;
  const at = (frameOffset(shm, frame) + PAGE_LSN) >>> 3;
  if (lsns[1] > image[at]) image[at] = lsns[1];
  const base = cache.framesBase + frame * FRAME_BYTES;
  const recovery = (base + FRAME_RECOVERY_LSN) >>> 3;
  if (lsns[0] < cache.f64[recovery]) cache.f64[recovery] = lsns[0];
  markDirty(cache, base);
}

/** The latched page has changed in a way that no log record describes: a hint, or anything on a temporary or unlogged page. */
export function pageTouched(cache: PageCache, frame: Frame): void {
  const base = cache.framesBase + frame * FRAME_BYTES;
  const recovery = (base + FRAME_RECOVERY_LSN) >>> 3;
  if (UNLOGGED < cache.f64[recovery]) cache.f64[recovery] = UNLOGGED;
  markDirty(cache, base);
}

/** Under the latch only its owner and the page writer, who takes it too, write the state. */
function markDirty(cache: PageCache, base: number): void {
  const state = (base + FRAME_STATE) >>> 2;
  if (cache.i32[state] === FRAME_STATE_DIRTY) return;
  Atomics.store(cache.i32, state, FRAME_STATE_DIRTY);
  Atomics.add(cache.i32, (cache.shared + CACHE_SHARED_DIRTY_FRAMES) >>> 2, 1);
}

/** How many frames are dirty. */
export const dirtyFrames = (cache: PageCache): number =>
  Atomics.load(cache.i32, (cache.shared + CACHE_SHARED_DIRTY_FRAMES) >>> 2);

/** Calls `hook` for each page of this type that an earlier boot wrote, as it is read in. */
export function onPageRead(cache: PageCache, type: number, hook: PageReadHook): void {
  assert(cache.readHooks[type] === null, 'a page type has one read hook');
  cache.readHooks[type] = hook;
}

/** Calls `hook` for the copy of each page of this type that is about to be written. */
export function onPageCopy(cache: PageCache, type: number, hook: PageCopyHook): void {
  assert(cache.copyHooks[type] === null, 'a page type has one copy hook');
  cache.copyHooks[type] = hook;
}
