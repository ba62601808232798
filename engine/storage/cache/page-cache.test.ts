import assert, { deepStrictEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { framesTaken } from '../../../shm/clock-hand.ts';
import { isPoisoned } from '../../../shm/critical.ts';
import { markDead, threadGeneration } from '../../../shm/deaths.ts';
import { diskFull } from '../../../shm/errors.ts';
import { tableEntries, tableInsert } from '../../../shm/page-table.ts';
import { handleOf, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';
import { setYieldHook, TESTING } from '../../../shm/yield-point.ts';
import { pageBoot } from '../page.layout.gen.ts';
import { PAGE_TYPE_HEAP, TEMPORARY_PAGE } from '../page.layout.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import {
  FIRST_PAGE,
  FakeLog,
  makeFiles,
  makePage,
  memoryOf,
  openCache,
  readValue,
  seedOf,
  worldOf,
  writeValue,
} from './cache-fixture.ts';
import { growTemporaryFile } from './grow.ts';
import {
  createPageCache,
  dirtyFrames,
  fetchFrame,
  onPageCopy,
  onPageRead,
  pageChanged,
  pageIdOf,
  startPageCache,
} from './page-cache.ts';
import { giveWriter, takeWriter, tryTakeWriter, writePages } from './page-writer.ts';
import { readAhead } from './read-ahead.ts';
import { claimFrame } from './victim.ts';

const diskWithFiles = (seed: number | string = 1): SimulatedVfs => {
  const disk = new SimulatedVfs({ seed });
  makeFiles(disk);
  return disk;
};

test('a random history on a tiny cache reads what a plain model says, before and after a restart', () => {
  const seed = seedOf('page cache model');
  const random = new SeededRandom(seed);
  for (const frames of [4, 5, 9, 40]) {
    const disk = diskWithFiles(seed);
    const fixture = openCache(disk, frames, 1);
    const model = new Map<number, number>();
    for (let step = 0; step < 4000; step++) {
      const page = FIRST_PAGE + random.below(100);
      const value = random.int32();
      if (!model.has(page)) makePage(fixture, page, value);
      else if (random.chance(0.5)) writeValue(fixture, page, value);
      else {
        strictEqual(readValue(fixture.cache, page), model.get(page));
        continue;
      }
      model.set(page, value);
      if (random.chance(0.01)) writePages(fixture.cache, 1 + random.below(80));
      if (random.chance(0.01)) fixture.cache.scanning = !fixture.cache.scanning;
    }
    writePages(fixture.cache, 1000);
    strictEqual(dirtyFrames(fixture.cache), 0);
    const entries = tableEntries(fixture.shm);
    strictEqual(new Set(entries.map((entry) => entry.pageId)).size, entries.length, 'no page is in two frames');
    const again = openCache(disk.crash(), frames, 2);
    for (const [page, value] of model) strictEqual(readValue(again.cache, page), value);
  }
});

test('a page is never written before the log that describes it is durable (SM-W5)', () => {
  const fixture = openCache(diskWithFiles(), 4, 1);
  makePage(fixture, FIRST_PAGE, 1);
  const end = fixture.log.end;
  strictEqual(fixture.log.durable, 0);
  writePages(fixture.cache, 10);
  strictEqual(fixture.log.durable, end);
});

test('open refuses a cache with fewer than four frames a thread', () => {
  const disk = diskWithFiles();
  const fixture = openCache(disk, 7, 1);
  assert.throws(() => startPageCache(fixture.cache, { boot: 1, databaseHigh: 7, databaseLow: 9 }, 2), { code: '53200' });
});

test('a page that was never written is an error, and the frame is free again', () => {
  const fixture = openCache(diskWithFiles(), 4, 1);
  for (let attempt = 0; attempt < 10; attempt++) {
    assert.throws(() => fetchFrame(fixture.cache, FIRST_PAGE), {
      code: 'XX001',
      message: /page 16 .*data at byte 131072.*never written/,
    });
  }
  strictEqual(tableEntries(fixture.shm).length, 0);
  makePage(fixture, FIRST_PAGE, 5);
  strictEqual(readValue(fixture.cache, FIRST_PAGE), 5);
});

test('an I/O error of a read is reported, and the page can be read afterwards', () => {
  const disk = diskWithFiles();
  const fixture = openCache(disk, 4, 1);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 8; page++) makePage(fixture, page, page);
  writePages(fixture.cache, 100);
  disk.plan({ failRead: 1 });
  assert.throws(() => readValue(fixture.cache, FIRST_PAGE), { code: '58030' });
  strictEqual(readValue(fixture.cache, FIRST_PAGE), FIRST_PAGE);
});

test('temporary pages share the cache, are not logged and are written without the double-write file', () => {
  const fixture = openCache(diskWithFiles(), 4, 1);
  growTemporaryFile(fixture.cache, 64);
  for (let number = 0; number < 20; number++) makePage(fixture, (TEMPORARY_PAGE + number) | 0, number * 3);
  for (let number = 0; number < 20; number++) strictEqual(readValue(fixture.cache, (TEMPORARY_PAGE + number) | 0), number * 3);
  strictEqual(fixture.log.flushes, 0);
});

test('a page of an earlier boot is shown to the read hook before anyone sees it, once (SM-W8)', () => {
  const disk = diskWithFiles();
  const first = openCache(disk, 4, 1);
  makePage(first, FIRST_PAGE, 1);
  writePages(first.cache, 10);
  const second = openCache(disk, 4, 2);
  const shown: number[] = [];
  onPageRead(second.cache, PAGE_TYPE_HEAP, (views, page, pageId) => {
    shown.push(pageId, pageBoot(views.u32, page));
    views.i32[(page + 4096) >>> 2] = 77;
    return true;
  });
  strictEqual(readValue(second.cache, FIRST_PAGE), 77);
  strictEqual(dirtyFrames(second.cache), 1);
  for (let page = FIRST_PAGE + 1; page < FIRST_PAGE + 10; page++) makePage(second, page, page);
  strictEqual(readValue(second.cache, FIRST_PAGE), 77, 'written and read again');
  deepStrictEqual(shown, [FIRST_PAGE, 1]);
});

test('the copy hook works on the copy only; all visible goes over to a page that has not changed (SM-W5, SM-P1)', () => {
  const fixture = openCache(diskWithFiles(), 4, 1);
  onPageCopy(fixture.cache, PAGE_TYPE_HEAP, (copy, page, pageId) => {
    copy.i32[(page + 4096) >>> 2] = -1;
    copy.u8[page + 21] |= 1;
    copy.f64[(page + 24) >>> 3] = 99;
    return pageId === FIRST_PAGE;
  });
  makePage(fixture, FIRST_PAGE, 5);
  makePage(fixture, FIRST_PAGE + 1, 6);
  writePages(fixture.cache, 10);
  strictEqual(readValue(fixture.cache, FIRST_PAGE), 5, 'the page itself keeps its rows');
  const flags = (page: number): number => {
    const frame = fetchFrame(fixture.cache, page);
    const segment = fixture.shm.frameSegments[frame >>> fixture.shm.frameShift];
    return segment.u8[((frame & 15) << 13) + 21];
  };
  strictEqual(flags(FIRST_PAGE), 1);
  strictEqual(flags(FIRST_PAGE + 1), 0, 'something in it was in flight');
});

test('a page that changes while its batch is being copied is in that batch once (SM-P1)', { skip: !TESTING }, () => {
  const fixture = openCache(diskWithFiles(), 4, 1);
  const { cache } = fixture;
  const copied: string[] = [];
  onPageCopy(cache, PAGE_TYPE_HEAP, (_copy, _page, pageId) => {
    copied.push(`batch ${cache.counts.batches}: page ${pageId}`);
    return true;
  });
  makePage(fixture, FIRST_PAGE, 5);
  makePage(fixture, FIRST_PAGE + 1, 6);
  const changed = fetchFrame(cache, FIRST_PAGE);
  let holds = 0;
  const before = setYieldHook((name) => {
    if (name === 'frameLatch.countedUp' && ++holds === 2) pageChanged(cache, changed, fixture.log.next());
  });
  try {
    writePages(cache, 10);
  } finally {
    setYieldHook(before);
  }
  const pages = [`batch 0: page ${FIRST_PAGE}`, `batch 0: page ${FIRST_PAGE + 1}`, `batch 1: page ${FIRST_PAGE}`];
  deepStrictEqual(copied, pages);
});

test('reading ahead brings pages in, neighbours together, and stumbles over nothing', () => {
  const disk = diskWithFiles();
  const fixture = openCache(disk, 64, 1);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 30; page++) makePage(fixture, page, page);
  writePages(fixture.cache, 100);
  const again = openCache(disk, 64, 1);
  const pages = Array.from({ length: 16 }, (_, index) => FIRST_PAGE + index * (index % 3 === 0 ? 1 : 2));
  const distinct = new Set(pages).size;
  strictEqual(readAhead(again.cache, pages, pages.length), distinct);
  strictEqual(again.cache.counts.misses, 0);
  for (const page of pages) strictEqual(readValue(again.cache, page), page);
  strictEqual(again.cache.counts.misses, 0);
  strictEqual(readAhead(again.cache, [200, 201], 2), 0, 'pages that were never written are left to who needs them');
  assert.throws(() => readValue(again.cache, 200), { code: 'XX001' });
});

test('a sequential scan does not drive out pages that are in use', () => {
  const disk = diskWithFiles();
  const fixture = openCache(disk, 64, 1);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 200; page++) makePage(fixture, page, page);
  writePages(fixture.cache, 1000);
  const again = openCache(disk, 64, 2);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 20; page++) readValue(again.cache, page);
  again.cache.scanning = true;
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 200; page++) readValue(again.cache, page);
  again.cache.scanning = false;
  const misses = again.cache.counts.misses;
  for (let page = FIRST_PAGE; page < FIRST_PAGE + 20; page++) readValue(again.cache, page);
  strictEqual(again.cache.counts.misses, misses);
});

test('a frame whose reader died is freed by who waits for it, a writer that died gives its pages back', () => {
  const disk = diskWithFiles();
  const fixture = openCache(disk, 8, 1);
  makePage(fixture, FIRST_PAGE, 41);
  writePages(fixture.cache, 10);
  const other = viewSharedMemory(handleOf(fixture.shm));
  attachThread(other, THREAD_ROLE_ATTACHED);
  const otherCache = createPageCache(other, worldOf(disk), fixture.files, new FakeLog());
  // The other thread dies while it reads page 17, and owning the writer with a copy of page 16 on its way.
  const frame = claimFrame(otherCache, FIRST_PAGE + 1);
  tableInsert(other, FIRST_PAGE + 1, frame);
  takeWriter(otherCache);
  writeValue(fixture, FIRST_PAGE, 42);
  const dirty = fetchFrame(fixture.cache, FIRST_PAGE);
  const recovery = (fixture.shm.framesBase + dirty * 64 + 32) >>> 3;
  const lsn = fixture.shm.f64[recovery];
  fixture.shm.f64[recovery + 2] = lsn;
  fixture.shm.f64[recovery] = Number.POSITIVE_INFINITY;
  markDead(fixture.shm, other.thread, threadGeneration(fixture.shm, other.thread));
  strictEqual(tryTakeWriter(fixture.cache), false);
  takeWriter(fixture.cache);
  giveWriter(fixture.cache);
  strictEqual(fixture.shm.f64[recovery], lsn, 'what was being written is needed from where it was before');
  assert.throws(() => fetchFrame(fixture.cache, FIRST_PAGE + 1), { code: 'XX001' });
  makePage(fixture, FIRST_PAGE + 1, 43);
  strictEqual(readValue(fixture.cache, FIRST_PAGE + 1), 43);
  for (let f = 0; f < framesTaken(fixture.shm); f++) assert(pageIdOf(fixture.cache, f) !== 0);
});

test('a page that cannot be written poisons the handle; no room to write it does not, and nothing is lost', () => {
  const disk = diskWithFiles();
  const full = openCache(disk, 8, 1);
  makePage(full, FIRST_PAGE, 1);
  const write = full.files.doubleWrite.writeParts;
  full.files.doubleWrite.writeParts = () => {
    throw diskFull('double-write');
  };
  assert.throws(() => writePages(full.cache, 10), { code: '53100' });
  strictEqual(dirtyFrames(full.cache), 1);
  full.files.doubleWrite.writeParts = write;
  strictEqual(writePages(full.cache, 10), 1);
  const failing = openCache(disk, 8, 1);
  makePage(failing, FIRST_PAGE, 1);
  disk.plan({ failWrite: 1 });
  assert.throws(() => writePages(failing.cache, 10), { code: '57P02' });
  strictEqual(isPoisoned(failing.shm), true);
});

test('the descriptors of frames that are not needed are not touched', () => {
  strictEqual(framesTaken(memoryOf(1024)), 0);
});
