import { deepStrictEqual, strictEqual } from 'node:assert';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { checkDatabase } from '../check.ts';
import { flushAll } from '../log/flush.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { createHeapMap, eachHeapMapRun, heapPage, heapPageCount } from './heap-map.ts';
import { freeRetiredPages } from './retired.ts';
import { createStore, handleOfStore, openStore, type Store, seedOf } from './space-fixture.ts';
import type { SpaceResult, SpaceTask } from './space-test-worker.ts';

function verify({ space }: Store, roots: number[], results: SpaceResult[]): void {
  for (const [which, root] of roots.entries()) {
    const expected = results.flatMap((result) => result.added[which]).sort((a, b) => a - b);
    const found = Array.from({ length: heapPageCount(space, root) }, (_, index) => heapPage(space, root, index));
    deepStrictEqual(
      found.sort((a, b) => a - b),
      expected,
      'the table has the pages that the threads were given',
    );
  }
  const report = checkDatabase(space, [
    ({ claim }) => {
      for (const root of roots) eachHeapMapRun(space, root, (first, count) => claim(first, count, `table at ${root}`));
      for (const result of results) for (const page of result.kept) claim(page, 1, 'a thread');
    },
  ]);
  deepStrictEqual(report.problems, []);
  deepStrictEqual(report.unowned, []);
}

test("three threads take, give back and add pages: none is lost, none is anybody else's, also after a crash", async () => {
  const seed = seedOf('space threads');
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-space-'));
  try {
    const vfs = new RealVfs();
    createStore(vfs, directory);
    const store = openStore(vfs, 24, directory);
    const roots = [createHeapMap(store.space, 1), createHeapMap(store.space, 2)];
    const workers = [0, 1, 2].map((index) => {
      const task: SpaceTask = {
        handle: handleOfStore(store),
        directory,
        boot: store.cache.boot,
        seed: seed + index,
        roots,
        steps: 1500,
      };
      return new Worker(new URL('./space-test-worker.ts', import.meta.url), { workerData: task });
    });
    const results = (await Promise.all(workers.map((worker) => once(worker, 'message')))).map(
      ([result]) => result as SpaceResult,
    );
    await Promise.all(workers.map((worker) => worker.terminate()));
    flushAll(store.log);
    freeRetiredPages(store.space, 100_000);
    verify(store, roots, results);
    // Nothing is closed: what follows is what a crash would find.
    const again = openStore(vfs, 24, directory);
    verify(again, roots, results);
    strictEqual(again.cache.boot, store.cache.boot + 1);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
