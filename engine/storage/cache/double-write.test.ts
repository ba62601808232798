import assert, { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { PAGE_BYTES } from '../../../shm/types.ts';
import { openDatabaseFiles } from '../database-files.ts';
import { SimulatedCrash } from '../vfs/simulated-faults.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import {
  type CacheFixture,
  DIRECTORY,
  FIRST_PAGE,
  makeFiles,
  makePage,
  openCache,
  readValue,
  seedOf,
  writeValue,
} from './cache-fixture.ts';
import { repairFromDoubleWrite } from './double-write.ts';
import { writePages } from './page-writer.ts';

const PAGES = 90;

/** Pages 16... with value 1 on disk, value 2 dirty in the cache. */
function twoGenerations(seed: number): { disk: SimulatedVfs; fixture: CacheFixture } {
  const disk = new SimulatedVfs({ seed });
  makeFiles(disk);
  const fixture = openCache(disk, 100, 1);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) makePage(fixture, page, 1);
  writePages(fixture.cache, PAGES);
  for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) writeValue(fixture, page, 2);
  return { disk, fixture };
}

function writeUntilCrash(disk: SimulatedVfs, fixture: CacheFixture, crashAfter: number): boolean {
  disk.plan({ crashAfter });
  try {
    writePages(fixture.cache, PAGES);
    return false;
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
    return true;
  }
}

test('whatever write a crash hits, every page is whole after the repair: old or new (SM-W5)', () => {
  const seed = seedOf('double-write');
  let repairs = 0;
  for (let round = 0; round < 6; round++) {
    for (let crashAfter = 0; ; crashAfter++) {
      const { disk, fixture } = twoGenerations(seed + round * 1000 + crashAfter);
      const crashed = writeUntilCrash(disk, fixture, crashAfter);
      const survivor = disk.crash();
      repairs += repairFromDoubleWrite(openDatabaseFiles(survivor, DIRECTORY), 7, 9).length;
      const again = openCache(survivor, 100, 2);
      for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) {
        const value = readValue(again.cache, page);
        assert(value === 1 || value === 2, `page ${page} holds ${value}`);
        if (!crashed) strictEqual(value, 2);
      }
      if (!crashed) break;
    }
  }
  assert(repairs > 0, 'some crash has torn a page');
});

test('a crash during the repair is repaired by the next one', () => {
  const seed = seedOf('double-write, twice');
  const random = new SeededRandom(seed);
  for (let round = 0; round < 40; round++) {
    const { disk, fixture } = twoGenerations(seed + round);
    writeUntilCrash(disk, fixture, 2 + random.below(6));
    let survivor = disk.crash();
    survivor.plan({ crashAfter: random.below(4) });
    try {
      repairFromDoubleWrite(openDatabaseFiles(survivor, DIRECTORY), 7, 9);
    } catch (error) {
      if (!(error instanceof SimulatedCrash)) throw error;
    }
    survivor = survivor.crash();
    repairFromDoubleWrite(openDatabaseFiles(survivor, DIRECTORY), 7, 9);
    const again = openCache(survivor, 100, 2);
    for (let page = FIRST_PAGE; page < FIRST_PAGE + PAGES; page++) assert([1, 2].includes(readValue(again.cache, page)));
  }
});

test('a page that rotted is not covered up with a stale copy of the double-write file', () => {
  const { disk, fixture } = twoGenerations(1);
  writePages(fixture.cache, PAGES);
  // The last batch has the last pages only; one of the first batch rots.
  disk.corrupt(`${DIRECTORY}/data`, FIRST_PAGE * PAGE_BYTES + 5000, Uint8Array.of(1, 2, 3));
  repairFromDoubleWrite(openDatabaseFiles(disk, DIRECTORY), 7, 9);
  const again = openCache(disk, 100, 2);
  assert.throws(() => readValue(again.cache, FIRST_PAGE), {
    code: 'XX001',
    message: /page 16 \(checksum\).*data at byte 131072: expected 0x.*found 0x/,
  });
});

test('the double-write file of another database is refused', () => {
  const { disk, fixture } = twoGenerations(1);
  writePages(fixture.cache, PAGES);
  assert.throws(() => repairFromDoubleWrite(openDatabaseFiles(disk, DIRECTORY), 7, 10), {
    code: 'XX001',
    message: /double-write header \(database id\)/,
  });
});

test('an empty, short or damaged double-write file repairs nothing and hurts nothing', () => {
  const { disk, fixture } = twoGenerations(1);
  strictEqual(repairFromDoubleWrite(openDatabaseFiles(disk, DIRECTORY), 7, 9).length, 0);
  writePages(fixture.cache, PAGES);
  for (const offset of [0, 4, 20, 24, 64, 70, 300]) {
    disk.corrupt(`${DIRECTORY}/double-write`, offset, Uint8Array.of(0xff, 0xfe));
    strictEqual(repairFromDoubleWrite(openDatabaseFiles(disk, DIRECTORY), 7, 9).length, 0);
  }
  openDatabaseFiles(disk, DIRECTORY).doubleWrite.truncate(100);
  strictEqual(repairFromDoubleWrite(openDatabaseFiles(disk, DIRECTORY), 7, 9).length, 0);
});
