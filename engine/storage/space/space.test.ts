import assert, { deepStrictEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { enterEngine, leaveEngine } from '../../../shm/entry.ts';
import { checkDatabase } from '../check.ts';
import { EXTENT_PAGES } from '../database-files.ts';
import { flushAll } from '../log/flush.ts';
import { SimulatedCrash } from '../vfs/simulated-faults.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import { dataPages } from '../cache/grow.ts';
import { PAGE_FREE, PAGE_RETIRED, PAGE_USED } from './allocation-page.ts';
import { GROUP_FIXED_PAGES, GROUP_PAGES } from './geometry.ts';
import { giveBackPage } from './heap-map-extents.ts';
import { freeRetiredPages, retiredRuns } from './retired.ts';
import { groupBegin, groupEnd } from '../log/group.ts';
import {
  allocateReserved,
  endSpaceChanges,
  prepareRetire,
  releaseReservation,
  reservePages,
  retireInGroup,
  pageUse,
  type Space,
  takePage,
} from './space.ts';
import { createStore, openStore, type Store, seedOf, takeCheckpoint } from './space-fixture.ts';

function newStore(seed: number, frames = 16): { disk: SimulatedVfs; store: Store } {
  const disk = new SimulatedVfs({ seed });
  createStore(disk);
  return { disk, store: openStore(disk, frames) };
}

/** Allocates a run in a group of its own. */
function allocate(space: Space, count: number): number {
  const first = reservePages(space, count);
  groupBegin(space.log, 40);
  allocateReserved(space, first);
  groupEnd(space.log);
  endSpaceChanges(space, space.log.scratch);
  return first;
}

test('pages are allocated, retired and freed as a plain model says', () => {
  const seed = seedOf('space model');
  const random = new SeededRandom(seed);
  const { store } = newStore(seed);
  const { space } = store;
  const used = new Set<number>();
  for (let step = 0; step < 3000; step++) {
    const list = [...used];
    if (random.chance(0.6) || list.length === 0) {
      const count = random.chance(0.7) ? 1 : 1 + random.below(40);
      const first = allocate(space, count);
      assert(first % GROUP_PAGES >= GROUP_FIXED_PAGES);
      assert(first + count <= dataPages(store.cache), 'the file is long enough');
      for (let page = first; page < first + count; page++) {
        assert(!used.has(page), `page ${page} is handed out twice`);
        used.add(page);
      }
    } else {
      const page = list[random.below(list.length)];
      giveBackPage(space, page, 0);
      used.delete(page);
      strictEqual(pageUse(space, page), PAGE_RETIRED);
    }
    if (random.chance(0.1)) {
      flushAll(space.log);
      freeRetiredPages(space, random.below(20));
    }
    if (random.chance(0.01)) takeCheckpoint(store);
  }
  flushAll(space.log);
  freeRetiredPages(space, 100000);
  strictEqual(retiredRuns(space), 0);
  for (let page = GROUP_FIXED_PAGES; page < dataPages(store.cache); page++) {
    strictEqual(pageUse(space, page), used.has(page) ? PAGE_USED : PAGE_FREE);
  }
  deepStrictEqual(checkDatabase(space).problems, []);
});

test('a retired page is used again only after its group is durable and every thread was outside once (SM-F2)', () => {
  const { store } = newStore(1);
  const { space } = store;
  const page = takePage(space, false);
  flushAll(space.log);
  enterEngine(store.shm);
  giveBackPage(space, page, 0);
  strictEqual(freeRetiredPages(space, 10), 0, 'not durable');
  flushAll(space.log);
  strictEqual(freeRetiredPages(space, 10), 0, 'this thread has been inside all the time');
  leaveEngine(store.shm);
  strictEqual(freeRetiredPages(space, 10), 1);
  strictEqual(pageUse(space, page), PAGE_FREE);
  strictEqual(takePage(space, false), page);
});

test("a reserved run is nobody else's, and free again when it is released", () => {
  const { store } = newStore(1);
  const first = reservePages(store.space, 10);
  const second = reservePages(store.space, 10);
  strictEqual(second, first + 10);
  releaseReservation(store.space, first);
  strictEqual(reservePages(store.space, 5), first);
  strictEqual(pageUse(store.space, second), PAGE_FREE, 'a reservation is not in the bitmap');
});

test('a full disk is met when pages are reserved; reads go on, and there is room again when there is room (SM-F1)', () => {
  const { disk, store } = newStore(1, 64);
  const { space } = store;
  const pages: number[] = [];
  disk.plan({ freeBytes: 3 << 20 });
  assert.throws(
    () => {
      for (;;) pages.push(takePage(space, false));
    },
    { code: '53100' },
  );
  assert(pages.length > EXTENT_PAGES);
  takeCheckpoint(store);
  strictEqual(pageUse(space, pages[0]), PAGE_USED);
  assert.throws(() => takePage(space, false), { code: '53100' });
  disk.plan({ freeBytes: null });
  const next = takePage(space, false);
  assert(!pages.includes(next));
});

test('the second group of pages has an allocation page of its own', () => {
  const { store } = newStore(1, 16);
  const { space } = store;
  const firsts: number[] = [];
  while (firsts.length === 0 || firsts.at(-1)! < GROUP_PAGES) firsts.push(allocate(space, 4000));
  const last = firsts.at(-1)!;
  strictEqual(last, GROUP_PAGES + GROUP_FIXED_PAGES);
  strictEqual(pageUse(space, last + 3999), PAGE_USED);
  strictEqual(pageUse(space, last + 4000), PAGE_FREE);
  for (const first of firsts) for (let page = first; page < first + 4000; page++) assert(page % GROUP_PAGES >= GROUP_FIXED_PAGES);
});

interface Model {
  used: Set<number>;
}

/** One random step in one group: allocates some, retires some. What the group does enters the model when it is durable. */
function step(space: Space, random: SeededRandom, model: Model): void {
  const take = random.below(3);
  const runs: number[][] = [];
  for (let index = 0; index < take; index++) {
    const count = 1 + random.below(5);
    runs.push([reservePages(space, count), count]);
  }
  runs.sort((a, b) => a[0] - b[0]);
  const list = [...model.used];
  const give = list.length > 20 && random.chance(0.7) ? [list[random.below(list.length)]] : [];
  for (const page of give) prepareRetire(space, page);
  if (runs.length + give.length === 0) return;
  groupBegin(space.log, 400);
  for (const [first] of runs) allocateReserved(space, first);
  for (const page of give) retireInGroup(space, page, 1);
  groupEnd(space.log);
  endSpaceChanges(space, space.log.scratch);
  for (const [first, count] of runs) for (let page = first; page < first + count; page++) model.used.add(page);
  for (const page of give) model.used.delete(page);
}

test('whatever a crash hits, the bitmaps are those of the durable groups: no page lost, none handed out twice (SM-W6)', () => {
  const seed = seedOf('space crashes');
  const random = new SeededRandom(seed);
  for (let round = 0; round < 12; round++) {
    let disk = new SimulatedVfs({ seed: seed + round });
    createStore(disk);
    let durable = new Set<number>();
    for (let boot = 0; boot < 6; boot++) {
      let store: Store;
      const model: Model = { used: new Set(durable) };
      // States that may survive: the last known durable one and every one after it.
      let possible: Set<number>[] = [durable];
      disk.plan({ crashAfter: random.below(120) });
      try {
        store = openStore(disk, 8);
        for (const page of durable) strictEqual(pageUse(store.space, page), PAGE_USED);
        for (;;) {
          step(store.space, random, model);
          possible.push(new Set(model.used));
          if (random.chance(0.2)) {
            flushAll(store.log);
            possible = [new Set(model.used)];
          }
          if (random.chance(0.2)) freeRetiredPages(store.space, 5);
          if (random.chance(0.05)) takeCheckpoint(store);
        }
      } catch (error) {
        if (!(error instanceof SimulatedCrash) && !disk.isDown) throw error;
      }
      disk = disk.crash();
      const probe = openStore(disk, 8);
      const found = new Set<number>();
      for (let page = GROUP_FIXED_PAGES; page < dataPages(probe.cache); page++) {
        const use = pageUse(probe.space, page);
        assert(use !== PAGE_RETIRED || page % GROUP_PAGES < GROUP_FIXED_PAGES, 'nothing of an earlier boot is left retired');
        if (use === PAGE_USED) found.add(page);
      }
      const text = (pages: Set<number>): string => [...pages].sort((a, b) => a - b).join();
      const key = text(found);
      assert(
        possible.some((state) => text(state) === key),
        `round ${round}, boot ${boot}: the bitmaps are those of no moment`,
      );
      deepStrictEqual(checkDatabase(probe.space).problems, []);
      durable = found;
    }
  }
});
