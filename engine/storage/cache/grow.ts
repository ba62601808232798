/**
 * Making the data and the temporary file longer: room is allocated before anything counts on it, so that a full disk
 * is met here (53100) and never when a page is written (SM-F1, SM-W4). No sync: the log makes the file as long again.
 */

import { assert } from '../../../shm/assert.ts';
import { criticalCount } from '../../../shm/critical.ts';
import { limitExceeded } from '../../../shm/errors.ts';
import { PAGE_BYTES } from '../../../shm/types.ts';
import { sleepOnWord } from '../../../shm/wait.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { EXTENT_PAGES } from '../database-files.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import { freeDeadGrower } from './bury.ts';
import {
  CACHE_SHARED_DATA_PAGES,
  CACHE_SHARED_GROWER,
  CACHE_SHARED_TEMPORARY_PAGES,
  compareExchangeCacheSharedGrower,
  loadCacheSharedDataPages,
  loadCacheSharedGrower,
  loadCacheSharedTemporaryPages,
  storeCacheSharedGrower,
} from './cache.layout.gen.ts';
import type { PageCache } from './page-cache.ts';

const testing = TESTING;

/** Page ids end here: 16 TiB. */
export const FILE_PAGES_MAX = 2 ** 31 - 1;

/** Length of the data file in pages. */
export const dataPages = (cache: PageCache): number => loadCacheSharedDataPages(cache.i32, cache.shared);

/** Length of the temporary file in pages. */
export const temporaryPages = (cache: PageCache): number => loadCacheSharedTemporaryPages(cache.i32, cache.shared);

/** Makes the data file at least so many pages long. May wait for another thread that does. No latch. 53100, 54000. */
export function growDataFile(cache: PageCache, pages: number): void {
  if (pages > dataPages(cache)) grow(cache, cache.files.data, CACHE_SHARED_DATA_PAGES, pages);
}

/** The same for the temporary file. */
export function growTemporaryFile(cache: PageCache, pages: number): void {
  if (pages > temporaryPages(cache)) grow(cache, cache.files.temporary, CACHE_SHARED_TEMPORARY_PAGES, pages);
}

function grow(cache: PageCache, file: VfsFile, field: number, pages: number): void {
  assert(criticalCount(cache.shm) === 0, 'no file grows under a latch (SM-L5)');
  if (pages > FILE_PAGES_MAX) throw limitExceeded(`the number of pages in ${file.path}`, pages, FILE_PAGES_MAX);
  takeGrower(cache);
  try {
    const word = (cache.shared + field) >>> 2;
    for (let have = Atomics.load(cache.i32, word); have < pages; ) {
      const next = Math.min((Math.floor(have / EXTENT_PAGES) + 1) * EXTENT_PAGES, FILE_PAGES_MAX);
      file.allocate(have * PAGE_BYTES, (next - have) * PAGE_BYTES);
      if (testing) yieldPoint('grow.written');
      Atomics.store(cache.i32, word, next);
      have = next;
    }
  } finally {
    storeCacheSharedGrower(cache.i32, cache.shared, 0);
    Atomics.notify(cache.i32, (cache.shared + CACHE_SHARED_GROWER) >>> 2);
  }
}

function takeGrower(cache: PageCache): void {
  while (compareExchangeCacheSharedGrower(cache.i32, cache.shared, 0, cache.shm.thread + 1) !== 0) {
    const owner = loadCacheSharedGrower(cache.i32, cache.shared);
    if (testing) yieldPoint('grow.wait');
    if (owner !== 0) sleepOnWord(cache.shm, cache.shared + CACHE_SHARED_GROWER, owner);
    freeDeadGrower(cache);
  }
}
