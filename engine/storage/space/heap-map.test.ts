import assert, { deepStrictEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { NO_PAGE } from '../../../shm/types.ts';
import { dataPages } from '../cache/grow.ts';
import { holdPage, latchPage, pagePlace, pageTouched, pageViews, releasePage, unlatchPage } from '../cache/page-cache.ts';
import { checkDatabase } from '../check.ts';
import { flushAll } from '../log/flush.ts';
import { pageOwner, pageType } from '../page.layout.gen.ts';
import { PAGE_TYPE_HEAP } from '../page.layout.ts';
import { SimulatedCrash } from '../vfs/simulated-faults.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { PAGE_USED } from './allocation-page.ts';
import { classFor, findRoom, freeClass, noteFreeBytes } from './free-classes.ts';
import { addHeapPage, createHeapMap, eachHeapMapRun, heapPage, heapPageCount, heapRange } from './heap-map.ts';
import { extentPages, retireHeapMap } from './heap-map-extents.ts';
import { MAP_ENTRIES_MAX, mapAddExtent } from './heap-map-page.ts';
import { freeRetiredPages } from './retired.ts';
import { pageUse, type Space } from './space.ts';
import { createStore, openStore, seedOf, type Store, takeCheckpoint } from './space-fixture.ts';
import { setHeapMapUsable } from './space.layout.gen.ts';
import { temporaryPagesUsed } from './temporary-pages.ts';

function newStore(seed: number, frames = 16): { disk: SimulatedVfs; store: Store } {
  const disk = new SimulatedVfs({ seed });
  createStore(disk);
  return { disk, store: openStore(disk, frames) };
}

const add = (space: Space, root: number, table: number): number => addHeapPage(space, root, table, PAGE_TYPE_HEAP, table);

/** Type and owner of a page. */
function describe(space: Space, page: number): [number, number] {
  const frame = holdPage(space.cache, page);
  const views = pageViews(space.cache, frame);
  const at = pagePlace(space.cache, frame);
  const described: [number, number] = [pageType(views.u8, at), pageOwner(views.u32, at)];
  releasePage(space.cache, frame);
  return described;
}

test('extents grow with the table, from one page to 8 MiB', () => {
  deepStrictEqual(
    [0, 1, 15, 16, 31, 32, 64, 1024, 8191, 8192, 100000].map(extentPages),
    [1, 1, 1, 2, 2, 4, 8, 128, 512, 1024, 1024],
  );
});

for (const temporary of [false, true]) {
  test(`tables that grow in turn have the pages they were given, in order${temporary ? ', in the temporary file too' : ''}`, () => {
    const { store } = newStore(1);
    const { space } = store;
    const tables = [1, 2, 3].map((table) => ({ table, root: createHeapMap(space, table, temporary), pages: [] as number[] }));
    const random = new SeededRandom(seedOf('heap map'));
    for (let step = 0; step < 600; step++) {
      const { table, root, pages } = tables[random.below(3)];
      pages.push(add(space, root, table));
    }
    const all = tables.flatMap(({ pages }) => pages);
    strictEqual(new Set(all).size, all.length);
    const range = new Int32Array(2);
    for (const { table, root, pages } of tables) {
      strictEqual(heapPageCount(space, root), pages.length);
      pages.forEach((page, index) => {
        strictEqual(heapPage(space, root, index), page);
        if (index % 7 === 0) deepStrictEqual(describe(space, page), [PAGE_TYPE_HEAP, table]);
      });
      strictEqual(heapPage(space, root, pages.length), NO_PAGE);
      const walked: number[] = [];
      while (heapRange(space, root, walked.length, range) > 0)
        for (let page = 0; page < range[1]; page++) walked.push(range[0] + page);
      deepStrictEqual(walked, pages);
    }
    deepStrictEqual(checkDatabase(space).problems, []);
    for (const { root } of tables) retireHeapMap(space, root, 0);
    flushAll(store.log);
    freeRetiredPages(space, 10000);
    strictEqual(temporaryPagesUsed(space), 0);
    for (let page = 7; page < dataPages(store.cache); page++) assert(pageUse(space, page) !== PAGE_USED);
  });
}

/** Fills the map's last page with extents of one page that are nobody's neighbours. */
function fillMap(space: Space, mapPage: number, from: number): void {
  const frame = latchPage(space.cache, mapPage);
  const views = pageViews(space.cache, frame);
  const at = pagePlace(space.cache, frame);
  for (let entry = views.u16[(at + 32) >>> 1]; entry < MAP_ENTRIES_MAX; entry++) mapAddExtent(views, at, from + entry * 2, 1);
  pageTouched(space.cache, frame);
  unlatchPage(space.cache, frame);
}

for (const temporary of [false, true]) {
  test(`a map that outgrows its page keeps its root${temporary ? ', in the temporary file too' : ''}`, () => {
    const { store } = newStore(1, 32);
    const { space } = store;
    const root = createHeapMap(space, 5, temporary);
    const first = add(space, root, 5);
    const far = temporary ? (0x80000000 | 0) + 100_000 : 1_000_000;
    fillMap(space, root, far);
    setUsable(space, root, MAP_ENTRIES_MAX);
    const next = add(space, root, 5);
    strictEqual(heapPage(space, root, 0), first);
    strictEqual(heapPage(space, root, 1), far + 2);
    strictEqual(heapPage(space, root, MAP_ENTRIES_MAX - 1), far + (MAP_ENTRIES_MAX - 1) * 2);
    strictEqual(heapPage(space, root, MAP_ENTRIES_MAX), next);
    const runs: number[] = [];
    eachHeapMapRun(space, root, (page, count) => {
      for (let index = 0; index < count; index++) runs.push(page + index);
    });
    strictEqual(new Set(runs).size, runs.length);
    assert(runs.length > MAP_ENTRIES_MAX + 1);
    // And once more: the second page of level 0 gets full.
    const count = heapPageCount(space, root);
    fillMap(space, runs.find((page) => page !== root && isLastMap(space, page)) ?? NO_PAGE, far + 500_000);
    setUsable(space, root, count + MAP_ENTRIES_MAX - 1 + extentPages(MAP_ENTRIES_MAX) - 1);
    const last = add(space, root, 5);
    strictEqual(heapPage(space, root, heapPageCount(space, root) - 1), last);
    if (!temporary) deepStrictEqual(checkDatabase(space).problems, []);
  });
}

const isLastMap = (space: Space, page: number): boolean => {
  if (page > 0 ? page >= dataPages(space.cache) : page > (0x80000000 | 0) + 90_000) return false;
  const frame = latchPage(space.cache, page);
  const views = pageViews(space.cache, frame);
  const at = pagePlace(space.cache, frame);
  const is = views.u8[at + 20] === 11 && views.u16[(at + 32) >>> 1] < MAP_ENTRIES_MAX;
  unlatchPage(space.cache, frame);
  return is;
};

function setUsable(space: Space, root: number, usable: number): void {
  const frame = latchPage(space.cache, root);
  setHeapMapUsable(pageViews(space.cache, frame).u32, pagePlace(space.cache, frame), usable);
  pageTouched(space.cache, frame);
  unlatchPage(space.cache, frame);
}

test('whatever a crash hits, a table has all pages that were durable, formatted, and no page belongs to two (SM-W6)', () => {
  const seed = seedOf('heap map crashes');
  const random = new SeededRandom(seed);
  for (let round = 0; round < 15; round++) {
    let disk = new SimulatedVfs({ seed: seed + round });
    createStore(disk);
    const setUp = openStore(disk, 16);
    const roots = [createHeapMap(setUp.space, 1), createHeapMap(setUp.space, 2)];
    takeCheckpoint(setUp);
    const pages: number[][] = [[], []];
    const sure = [0, 0];
    for (let boot = 0; boot < 4; boot++) {
      disk.plan({ crashAfter: random.below(150) });
      try {
        const { space, log } = openStore(disk, 8);
        for (;;) {
          const which = random.below(2);
          pages[which].push(add(space, roots[which], which + 1));
          if (random.chance(0.1)) {
            flushAll(log);
            for (const each of [0, 1]) sure[each] = pages[each].length;
          }
          if (random.chance(0.03)) takeCheckpoint({ ...setUp, space, cache: space.cache, log });
        }
      } catch (error) {
        if (!(error instanceof SimulatedCrash) && !disk.isDown) throw error;
      }
      disk = disk.crash();
      const { space } = openStore(disk, 8);
      const seen = new Set<number>();
      for (const each of [0, 1]) {
        const count = heapPageCount(space, roots[each]);
        assert(count >= sure[each] && count <= pages[each].length, `${count} pages, ${sure[each]} were durable`);
        pages[each].length = count;
        sure[each] = count;
        pages[each].forEach((page, index) => {
          strictEqual(heapPage(space, roots[each], index), page);
          deepStrictEqual(describe(space, page), [PAGE_TYPE_HEAP, each + 1]);
          assert(!seen.has(page));
          seen.add(page);
        });
      }
      const report = checkDatabase(space, [
        ({ claim }) => {
          for (const root of roots) eachHeapMapRun(space, root, (first, count) => claim(first, count, `table ${root}`));
        },
      ]);
      deepStrictEqual(report.problems, []);
      deepStrictEqual(report.unowned, [], 'no page is lost');
    }
  }
});

test('a search for room finds pages by their hints, through map and file borders, and goes on where it stopped', () => {
  const { store } = newStore(1, 32);
  const { space } = store;
  const root = createHeapMap(space, 1);
  const pages = Array.from({ length: 300 }, () => add(space, root, 1));
  for (const [index, page] of pages.entries()) noteFreeBytes(space, page, index % 50 === 49 ? 4000 : 100);
  strictEqual(freeClass(space, pages[49]), 125);
  strictEqual(freeClass(space, pages[0]), 3);
  const search = { next: 0, page: NO_PAGE, rest: 0 };
  const found: number[] = [];
  for (let call = 0; call < 1000 && found.length < 6; call++) {
    const page = findRoom(space, root, 3900, 20, search);
    if (page === NO_PAGE) continue;
    found.push(page);
    search.next++;
  }
  deepStrictEqual(
    found,
    pages.filter((_, index) => index % 50 === 49),
  );
  strictEqual(classFor(4000), 125);
  strictEqual(classFor(4001), 126, 'a page of the class has at least that much');
});
