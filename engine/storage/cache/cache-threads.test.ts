import { strictEqual } from 'node:assert';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { tableEntries } from '../../../shm/page-table.ts';
import { handleOf } from '../../../shm/shared-memory.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { FIRST_PAGE, makeFiles, makePage, openCache, readValue, seedOf } from './cache-fixture.ts';
import type { CounterTask } from './cache-test-worker.ts';
import { dirtyFrames } from './page-cache.ts';
import { writePages } from './page-writer.ts';

const PAGES = 120;

async function runWorkers(frames: number, threads: number, steps: number, seed: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-cache-'));
  try {
    const vfs = new RealVfs();
    makeFiles(vfs, directory);
    const fixture = openCache(vfs, frames, 1, directory);
    for (let page = 0; page < PAGES; page++) makePage(fixture, FIRST_PAGE + page, 0);
    const workers = Array.from({ length: threads }, (_, index) => {
      const task: CounterTask = {
        handle: handleOf(fixture.shm),
        directory,
        seed: seed + index,
        firstPage: FIRST_PAGE,
        pages: PAGES,
        steps,
      };
      return new Worker(new URL('./cache-test-worker.ts', import.meta.url), { workerData: task });
    });
    const results = await Promise.all(workers.map((worker) => once(worker, 'message')));
    const expected = new Array<number>(PAGES).fill(0);
    for (const [{ added, mismatches }] of results) {
      strictEqual(mismatches, 0, 'no page was seen half-changed, or in the place of another');
      for (let page = 0; page < PAGES; page++) expected[page] += added[page];
    }
    for (let page = 0; page < PAGES; page++) strictEqual(readValue(fixture.cache, FIRST_PAGE + page), expected[page]);
    writePages(fixture.cache, 1000);
    strictEqual(dirtyFrames(fixture.cache), 0);
    const entries = tableEntries(fixture.shm).map((entry) => entry.pageId);
    strictEqual(new Set(entries).size, entries.length);
    const again = openCache(vfs, 8, 2, directory);
    for (let page = 0; page < PAGES; page++)
      strictEqual(readValue(again.cache, FIRST_PAGE + page), expected[page], 'in the file');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('three threads on a cache of four frames each lose no change and see no wrong page', async () => {
  const seed = seedOf('cache threads');
  await runWorkers(16, 3, 4000, seed);
});

test('two threads on a cache that nearly holds everything', async () => {
  const seed = seedOf('cache threads, larger');
  await runWorkers(100, 2, 20000, seed);
});
