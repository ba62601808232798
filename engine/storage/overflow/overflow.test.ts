/** Overflow chains over a simulated disk. Run again from a printed seed with SCRATCHBIRD_SEED=n. */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { createStore, type Store, seedOf } from '../btree/btree-fixture.ts';
import { latchPage, pagePlace, pageViews, unlatchPage } from '../cache/page-cache.ts';
import { logRecordPrevious } from '../log/log-record.layout.gen.ts';
import {
  pageExtra0,
  pageGreatestStamp,
  pageRight,
  setPageExtra0,
  setPageExtra2,
  setPageRight,
  setPageType,
} from '../page.layout.gen.ts';
import { NO_PAGE_STORED } from '../page.layout.ts';
import { privateViews } from '../rows/byte-views.ts';
import type { OverflowReference } from '../rows/row-value.ts';
import { PAGE_RETIRED, PAGE_USED } from '../space/allocation-page.ts';
import { pageUse } from '../space/space.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { compressValue, OVERFLOW_CODEC } from './compression.ts';
import {
  freeOverflow,
  OVERFLOW_UNDO_BYTES,
  type OverflowOwner,
  type OverflowStore,
  overflowPages,
  readOverflow,
  readReferenced,
  writeOverflow,
} from './overflow.ts';
import { checkOverflowPage, OVERFLOW_PAGE_BYTES, redoOverflowWrite } from './overflow-page.ts';

const TABLE = { id: 9, logged: true, temporary: false };

const storeOf = (store: Store): OverflowStore => ({
  cache: store.cache,
  log: store.log,
  space: store.space,
  temporary: {
    allocate: () => {
      throw new Error('no temporary table here');
    },
    free: () => {},
  },
});

const newStore = (given: Parameters<typeof createStore>[1] = {}): OverflowStore =>
  storeOf(createStore(new SimulatedVfs({ seed: 1 }), given));

const newOwner = (): OverflowOwner => ({ transaction: 5, previous: 0, claimed: 0 });

function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed | 1;
  for (let at = 0; at < length; at++) {
    state = Math.imul(state, 1664525) + 1013904223;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function readBack(store: OverflowStore, reference: OverflowReference): Buffer {
  const into = Buffer.alloc(reference.length + 7, 0xee);
  readOverflow(store, reference.page | 0, reference.length, reference.stored, reference.codec, into, 3);
  deepStrictEqual([...into.subarray(0, 3), ...into.subarray(reference.length + 3)], [0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee]);
  const image = privateViews(64);
  image.u32.set([reference.page, reference.length, reference.stored, reference.codec], 4);
  ok(readReferenced(store, image.i32, 16).equals(into.subarray(3, reference.length + 3)));
  return into.subarray(3, reference.length + 3);
}

function chainOf(store: OverflowStore, first: number): number[] {
  const pages: number[] = [];
  for (let page = first; page !== NO_PAGE_STORED; ) {
    pages.push(page);
    const frame = latchPage(store.cache, page | 0);
    deepStrictEqual(checkOverflowPage(pageViews(store.cache, frame), pagePlace(store.cache, frame)), []);
    page = pageRight(pageViews(store.cache, frame).u32, pagePlace(store.cache, frame));
    unlatchPage(store.cache, frame);
  }
  return pages;
}

test('values of all lengths come back, compressed where that pays', () => {
  const seed = seedOf('overflow lengths');
  const store = newStore();
  const owner = newOwner();
  const lengths = [
    1,
    24,
    2049,
    OVERFLOW_PAGE_BYTES - 1,
    OVERFLOW_PAGE_BYTES,
    OVERFLOW_PAGE_BYTES + 1,
    2 * OVERFLOW_PAGE_BYTES,
    100_000,
  ];
  for (const length of lengths) {
    for (const value of [noise(length, seed + length), Buffer.alloc(length, 'text that repeats itself '), Buffer.alloc(length)]) {
      const reference = writeOverflow(store, TABLE, owner, value);
      strictEqual(reference.length, length);
      ok(readBack(store, reference).equals(value));
      strictEqual(chainOf(store, reference.page).length, overflowPages(reference.stored));
    }
  }
  strictEqual(compressValue(noise(50_000, 1)).codec, OVERFLOW_CODEC.plain);
  strictEqual(compressValue(Buffer.alloc(50_000, 'ab')).codec, OVERFLOW_CODEC.zstd);
});

test('a value of four times the log ring goes through a ring of 64 KiB and few frames', () => {
  const store = newStore({ ringBytes: 64 << 10, frames: 16, framesPerSegment: 16 });
  const value = noise(256 << 10, 3);
  const reference = writeOverflow(store, TABLE, newOwner(), value);
  ok(readBack(store, reference).equals(value));
});

test('a chain that is freed is retired to its last page', () => {
  const store = newStore();
  const owner = newOwner();
  const reference = writeOverflow(store, TABLE, owner, noise(60_000, 1));
  const pages = chainOf(store, reference.page);
  for (const page of pages) strictEqual(pageUse(store.space, page), PAGE_USED);
  freeOverflow(store, TABLE, reference.page, null);
  for (const page of pages) strictEqual(pageUse(store.space, page), PAGE_RETIRED);
});

test('a rollback takes a chain back page by page, paid for by what its transaction had claimed', () => {
  const store = newStore();
  const owner = newOwner();
  owner.previous = 8;
  const reference = writeOverflow(store, TABLE, owner, noise(30_000, 1));
  const pages = chainOf(store, reference.page);
  strictEqual(owner.claimed, pages.length * OVERFLOW_UNDO_BYTES);
  const before = pages.map((page) => {
    const frame = latchPage(store.cache, page);
    const lsn = pageGreatestStamp(pageViews(store.cache, frame).f64, pagePlace(store.cache, frame));
    unlatchPage(store.cache, frame);
    return lsn;
  });
  strictEqual(before[before.length - 1], 8, 'the tail was written first');
  deepStrictEqual(
    [...before].sort((a, b) => b - a),
    before,
    'each page names the record before its own',
  );
  freeOverflow(store, TABLE, reference.page, owner);
  strictEqual(logRecordPrevious(store.log.group.f64, 0), 8, 'nothing of the chain is left to undo');
  strictEqual(owner.claimed, 0);
  for (const page of pages) strictEqual(pageUse(store.space, page), PAGE_RETIRED);
});

test('redo of a page makes the page that was written', () => {
  const store = newStore();
  const owner = newOwner();
  owner.previous = 88;
  for (const length of [1, 777, OVERFLOW_PAGE_BYTES]) {
    const reference = writeOverflow(store, TABLE, owner, noise(length, 9));
    const frame = latchPage(store.cache, reference.page);
    const views = pageViews(store.cache, frame);
    const place = pagePlace(store.cache, frame);
    const redone = privateViews(8192);
    redone.u8.fill(0xaa);
    // The group's scratch still holds the record: header and payload as they went into the log.
    redoOverflowWrite(store.log.group, 0, redone, 0);
    deepStrictEqual(redone.u8.subarray(16), new Uint8Array(views.u8.subarray(place + 16, place + 8192)));
    unlatchPage(store.cache, frame);
  }
});

test('a chain that is damaged is reported with its page, and never read on', () => {
  const store = newStore();
  const value = noise(20_000, 1);
  const damage: [string, (page: number, views: ReturnType<typeof pageViews>) => void][] = [
    ['type', (page, views) => setPageType(views.u8, page, 2)],
    ['bytes', (page, views) => setPageExtra0(views.u32, page, pageExtra0(views.u32, page) - 1)],
    ['bytes beyond the page', (page, views) => setPageExtra0(views.u32, page, 60_000)],
    ['bytes to the end', (page, views) => setPageExtra2(views.u32, page, 3)],
    ['next', (page, views) => setPageRight(views.u32, page, NO_PAGE_STORED)],
    ['next names itself', (page, views) => setPageRight(views.u32, page, views.u32[(page + 4) >> 2])],
  ];
  for (const [name, change] of damage) {
    const reference = writeOverflow(store, TABLE, newOwner(), value);
    const frame = latchPage(store.cache, reference.page);
    change(pagePlace(store.cache, frame), pageViews(store.cache, frame));
    unlatchPage(store.cache, frame);
    throws(() => readBack(store, reference), { code: 'XX001' }, name);
  }
  const packed = writeOverflow(store, TABLE, newOwner(), Buffer.alloc(9000, 'abc'));
  const frame = latchPage(store.cache, packed.page);
  pageViews(store.cache, frame).u8[pagePlace(store.cache, frame) + 70] ^= 0xff;
  unlatchPage(store.cache, frame);
  throws(() => readOverflow(store, packed.page | 0, packed.length + 1, packed.stored, packed.codec, Buffer.alloc(9001), 0), {
    code: 'XX001',
  });
  throws(() => readOverflow(store, packed.page | 0, packed.length, packed.stored, 9, Buffer.alloc(9000), 0), { code: 'XX001' });
});
