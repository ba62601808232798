/** For tests of the cache: memory, files and a log that is nothing but two numbers; and pages that hold one number. */

import { createSharedMemory, frameOffset, frameSegment, type SharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { type Frame, PAGE_BYTES, type PageId } from '../../../shm/types.ts';
import { createDatabaseFiles, type DatabaseFiles, EXTENT_PAGES, openDatabaseFiles } from '../database-files.ts';
import { writeZeros } from '../vfs/vfs.ts';
import { pageLsn, setPagePageId, setPageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../page.layout.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { ManualClock, SeededRandom, type World } from '../world.ts';
import {
  cacheRegions,
  createPageCache,
  holdPage,
  latchPage,
  type LogPort,
  type PageCache,
  pageChanged,
  releasePage,
  startPageCache,
  unlatchPage,
  fetchNewFrame,
  latchResident,
} from './page-cache.ts';
import { spaceRegions } from '../space/space.ts';

export const DIRECTORY = '/database';
/** Pages that the tests use: behind those with a fixed place. */
export const FIRST_PAGE = 16;

/** A log that is durable as soon as somebody asks. */
export class FakeLog implements LogPort {
  durable = 0;
  end = 64;
  flushes = 0;
  readonly lsns = new Float64Array(2);

  durableLsn(): number {
    return this.durable;
  }

  endLsn(): number {
    return this.end;
  }

  flushTo(lsn: number): void {
    this.durable = Math.max(this.durable, lsn);
    this.flushes++;
  }

  /** One record more; returns where it lies, as pageChanged() wants it. */
  next(): Float64Array {
    this.lsns[0] = this.end;
    this.end += 40;
    this.lsns[1] = this.end;
    return this.lsns;
  }
}

export interface CacheFixture {
  shm: SharedMemory;
  cache: PageCache;
  log: FakeLog;
  files: DatabaseFiles;
}

export const memoryOf = (frames: number): SharedMemory =>
  createSharedMemory({
    frames,
    framesPerSegment: 16,
    threadSlots: 16,
    ringBytes: 4096,
    heapBytes: 1 << 20,
    versionBytes: 1 << 16,
    regions: [...cacheRegions(), ...spaceRegions()],
  });

export const worldOf = (vfs: Vfs): World => ({ vfs, clock: new ManualClock(), random: new SeededRandom(1) });

/** Empty files with room for `extents` extents of pages. */
export function makeFiles(vfs: Vfs, directory = DIRECTORY, extents = 2): void {
  createDatabaseFiles(vfs, directory);
  const files = openDatabaseFiles(vfs, directory);
  writeZeros(files.data, 0, extents * EXTENT_PAGES * PAGE_BYTES);
  files.data.sync();
}

/** A cache of so many frames over existing files, this thread attached and started. */
export function openCache(vfs: Vfs, frames: number, boot: number, directory = DIRECTORY): CacheFixture {
  const shm = memoryOf(frames);
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, directory);
  const log = new FakeLog();
  const cache = createPageCache(shm, worldOf(vfs), files, log);
  startPageCache(cache, { boot, databaseHigh: 7, databaseLow: 9 }, 1);
  return { shm, cache, log, files };
}

const valueAt = (cache: PageCache, frame: Frame): number => (frameOffset(cache.shm, frame) + 4096) >>> 2;

/** Formats a page that was never written, or anew, with a number in it. */
export function makePage(fixture: CacheFixture, pageId: PageId, value: number, type: number = PAGE_TYPE_HEAP): void {
  const { cache } = fixture;
  for (;;) {
    fetchNewFrame(cache, pageId);
    const frame = latchResident(cache, pageId);
    if (frame < 0) continue;
    const views = frameSegment(cache.shm, frame);
    const page = frameOffset(cache.shm, frame);
    views.u8.fill(0, page, page + PAGE_BYTES);
    setPagePageId(views.u32, page, pageId);
    setPageType(views.u8, page, type);
    views.i32[valueAt(cache, frame)] = value;
    pageChanged(cache, frame, fixture.log.next());
    unlatchPage(cache, frame);
    return;
  }
}

export function writeValue(fixture: CacheFixture, pageId: PageId, value: number): void {
  const { cache } = fixture;
  const frame = latchPage(cache, pageId);
  frameSegment(cache.shm, frame).i32[valueAt(cache, frame)] = value;
  pageChanged(cache, frame, fixture.log.next());
  unlatchPage(cache, frame);
}

export function readValue(cache: PageCache, pageId: PageId): number {
  const frame = holdPage(cache, pageId);
  const value = frameSegment(cache.shm, frame).i32[valueAt(cache, frame)];
  releasePage(cache, frame);
  return value;
}

export function readLsn(cache: PageCache, pageId: PageId): number {
  const frame = holdPage(cache, pageId);
  const lsn = pageLsn(frameSegment(cache.shm, frame).f64, frameOffset(cache.shm, frame));
  releasePage(cache, frame);
  return lsn;
}

/** The seed of a random test: printed, and taken from SCRATCHBIRD_SEED to run it again. */
export function seedOf(name: string): number {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: SCRATCHBIRD_SEED=${seed}`);
  return seed;
}
