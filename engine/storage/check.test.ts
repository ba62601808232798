import assert, { deepStrictEqual, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { PAGE_BYTES } from '../../shm/types.ts';
import { fetchFrame, latchNewPage, pagePlace, pageTouched, pageViews, unlatchPage } from './cache/page-cache.ts';
import { sealImage } from './cache/page-image.ts';
import { checkDatabase } from './check.ts';
import { writeAllPages } from './checkpoint.ts';
import { openDatabaseFiles } from './database-files.ts';
import { inspectFilePage } from './inspect-page.ts';
import {
  PAGE,
  PAGE_TYPE_ALLOCATION,
  PAGE_TYPE_FREE_SPACE,
  PAGE_TYPE_HEAP,
  PAGE_TYPE_HEAP_MAP,
  PAGE_TYPE_MAX,
  PAGE_TYPE_META,
  pageTypeName,
} from './page.layout.ts';
import { privateViews } from './rows/byte-views.ts';
import { formatPage } from './space/format-page.ts';
import { noteFreeBytes } from './space/free-classes.ts';
import { addHeapPage, createHeapMap, eachHeapMapRun } from './space/heap-map.ts';
import { takePage } from './space/space.ts';
import { createStore, openStore, type Store, takeCheckpoint } from './space/space-fixture.ts';
import { SimulatedVfs } from './vfs/simulated-vfs.ts';

const DATA = '/database/data';

interface Sample {
  disk: SimulatedVfs;
  store: Store;
  root: number;
  /** A page of each type; under 0 one that is in the double-write file. */
  pages: Map<number, number>;
}

/** A database with a page of each type on disk. */
function sampleDatabase(): Sample {
  const disk = new SimulatedVfs({ seed: 1 });
  createStore(disk);
  const store = openStore(disk, 64);
  const { space, cache } = store;
  const root = createHeapMap(space, 5);
  const heap = addHeapPage(space, root, 5, PAGE_TYPE_HEAP, 5);
  addHeapPage(space, root, 5, PAGE_TYPE_HEAP, 5);
  noteFreeBytes(space, heap, 8000);
  const pages = new Map([
    [PAGE_TYPE_HEAP, heap],
    [PAGE_TYPE_HEAP_MAP, root],
    [PAGE_TYPE_ALLOCATION, 2],
    [PAGE_TYPE_FREE_SPACE, 3],
  ]);
  for (let type = 1; type <= PAGE_TYPE_MAX; type++) {
    if (pages.has(type) || type === PAGE_TYPE_META) continue;
    const page = takePage(space, false);
    const frame = latchNewPage(cache, page);
    formatPage(pageViews(cache, frame), pagePlace(cache, frame), page, type, 5);
    pageTouched(cache, frame);
    unlatchPage(cache, frame);
    pages.set(type, page);
  }
  const last = takePage(space, false);
  writeAllPages(cache);
  takeCheckpoint(store);
  // One page more, so that the double-write file has nothing of the others.
  const frame = latchNewPage(cache, last);
  formatPage(pageViews(cache, frame), pagePlace(cache, frame), last, PAGE_TYPE_HEAP, 5);
  pageTouched(cache, frame);
  unlatchPage(cache, frame);
  writeAllPages(cache);
  pages.set(0, last);
  return { disk, store, root, pages };
}

test('a sound database passes, its pages belong to who claims them, and the others are told', () => {
  const { store, root, pages } = sampleDatabase();
  const report = checkDatabase(store.space, [
    ({ claim }) => eachHeapMapRun(store.space, root, (first, count) => claim(first, count, 'table 5')),
  ]);
  deepStrictEqual(report.problems, []);
  deepStrictEqual(
    report.unowned,
    [...pages.values()].filter((page) => page > 6 && page !== root && page !== pages.get(PAGE_TYPE_HEAP)).sort((a, b) => a - b),
  );
  strictEqual(report.pagesChecked, 126);
});

test('a page that two claim, or that is not allocated, is told', () => {
  const { store, root } = sampleDatabase();
  const { problems } = checkDatabase(store.space, [
    ({ claim }) => claim(root, 1, 'table 5'),
    ({ claim }) => claim(root, 1, 'index 9'),
    ({ claim }) => claim(100, 1, 'table 6'),
  ]);
  deepStrictEqual(
    problems.map((problem) => problem.what),
    [`page ${root} belongs to table 5 and to index 9`, 'page 100 of table 6 is not allocated'],
  );
});

test('every header field of every page type that rots in the file is detected, and named by file, page and place (SM-W10)', () => {
  const { disk, store, pages } = sampleDatabase();
  for (const [type, page] of pages) {
    for (const [name, field] of Object.entries(PAGE.fields)) {
      const from = page * PAGE_BYTES + field.at;
      const flipped = disk.flipBits(DATA, 1, from, from + field.bytes);
      const problems = checkDatabase(store.space).problems.filter((problem) => problem.page === page);
      assert(problems.length > 0, `${name} of ${pageTypeName(type)}`);
      assert(
        problems[0].what.includes(`page ${page} `) && problems[0].what.includes(`${DATA} at byte ${page * PAGE_BYTES}`),
        problems[0].what,
      );
      const again = openDatabaseFiles(disk, '/database');
      assert(inspectFilePage(again, page).includes('is damaged'));
      for (const [offset, bit] of flipped) {
        const views = privateViews(8);
        again.data.read(offset, views.bytesView, 0, 1);
        disk.corrupt(DATA, offset, Uint8Array.of(views.u8[0] ^ (1 << bit)));
      }
    }
  }
  deepStrictEqual(checkDatabase(store.space).problems, []);
});

test('a reader of a page that rotted gets XX001 with file, byte, expected and actual checksum', () => {
  const { disk, pages } = sampleDatabase();
  for (const [type, page] of pages) {
    // These two are met at open already: the one is read, the other repaired.
    if (type === PAGE_TYPE_ALLOCATION || type === 0) continue;
    disk.flipBits(DATA, 1, page * PAGE_BYTES + 64, (page + 1) * PAGE_BYTES);
    const { cache } = openStore(disk, 16);
    const place = new RegExp(
      `page ${page} \\(checksum\\) is damaged: ${DATA} at byte ${page * PAGE_BYTES}: expected 0x[0-9a-f]+, found 0x[0-9a-f]+`,
    );
    assert.throws(() => fetchFrame(cache, page), { code: 'XX001', message: place });
  }
});

/** What a wrong program might write, with a right checksum: [type, field, value, text of the finding]. */
const IMPOSSIBLE: [number, keyof typeof PAGE.fields, number, RegExp][] = [
  [PAGE_TYPE_HEAP, 'pageId', 1234, /page id/],
  [PAGE_TYPE_HEAP, 'type', 200, /type/],
  [PAGE_TYPE_HEAP, 'lsn', -8, /lsn is -8/],
  [PAGE_TYPE_HEAP, 'lsn', 2 ** 50, /lsn is/],
  [PAGE_TYPE_HEAP, 'boot', 99, /boot is 99/],
  [PAGE_TYPE_HEAP, 'greatestStamp', Number.NaN, /greatestStamp is NaN/],
  [PAGE_TYPE_HEAP, 'slotCount', 60000, /slotCount/],
  [PAGE_TYPE_HEAP, 'freeStart', 8193, /freeStart/],
  [PAGE_TYPE_HEAP, 'freeEnd', 9000, /freeEnd/],
  [PAGE_TYPE_HEAP, 'garbage', 9000, /garbage/],
  [PAGE_TYPE_ALLOCATION, 'flags', 1, /flags/],
  [PAGE_TYPE_ALLOCATION, 'level', 1, /level/],
  [PAGE_TYPE_ALLOCATION, 'owner', 1, /owner/],
  [PAGE_TYPE_ALLOCATION, 'right', 1, /right/],
  [PAGE_TYPE_ALLOCATION, 'extra0', 1, /extra0/],
  [PAGE_TYPE_ALLOCATION, 'extra1', 1, /extra1/],
  [PAGE_TYPE_ALLOCATION, 'extra2', 1, /extra2/],
  [PAGE_TYPE_ALLOCATION, 'extra3', 1, /extra3/],
  [PAGE_TYPE_FREE_SPACE, 'type', PAGE_TYPE_HEAP, /type is 2, which cannot be at this place/],
  [PAGE_TYPE_FREE_SPACE, 'slotCount', 1, /slotCount/],
  [PAGE_TYPE_FREE_SPACE, 'freeEnd', 65, /freeEnd/],
  [PAGE_TYPE_FREE_SPACE, 'greatestStamp', 1, /greatestStamp/],
  [PAGE_TYPE_HEAP_MAP, 'slotCount', 7, /freeStart/],
  [PAGE_TYPE_HEAP_MAP, 'level', 2, /level/],
  [PAGE_TYPE_HEAP_MAP, 'owner', 99, /usable/],
  [PAGE_TYPE_HEAP_MAP, 'extra0', 0, /pages is 0/],
  [PAGE_TYPE_HEAP_MAP, 'extra1', 9, /usable is 9/],
];

for (const [type, name, value, text] of IMPOSSIBLE) {
  test(`check() names ${name} of a ${pageTypeName(type)} page that is ${value}`, () => {
    const { disk, pages } = sampleDatabase();
    const page = pages.get(type)!;
    const files = openDatabaseFiles(disk, '/database');
    const views = privateViews(PAGE_BYTES);
    files.data.read(page * PAGE_BYTES, views.bytesView, 0, PAGE_BYTES);
    const field = PAGE.fields[name];
    if (field.bytes === 8) views.f64[field.at >>> 3] = value;
    else if (field.bytes === 4) views.u32[field.at >>> 2] = value;
    else if (field.bytes === 2) views.u16[field.at >>> 1] = value;
    else views.u8[field.at] = value;
    sealImage(views, 0);
    files.data.write(page * PAGE_BYTES, views.bytesView, 0, PAGE_BYTES);
    const { space } = openStore(disk, 64);
    const problems = checkDatabase(space).problems.filter((problem) => problem.page === page);
    assert(
      problems.some((problem) => text.test(problem.what)),
      problems.map((problem) => problem.what).join('; '),
    );
  });
}

test('the inspector prints fields by name and the bytes that are not zero', () => {
  const { disk, root } = sampleDatabase();
  const text = inspectFilePage(openDatabaseFiles(disk, '/database'), root);
  assert.match(text, new RegExp(`page ${root} \\(heap map\\)`));
  assert.match(text, /slotCount +1/);
  assert.match(text, /usable +2/);
  assert.match(text, / {2}64 {2}[0-9a-f]{8} /);
  assert.match(inspectFilePage(openDatabaseFiles(disk, '/database'), 1), /format/);
  assert.match(inspectFilePage(openDatabaseFiles(disk, '/database'), 120), /never written/);
});
