/**
 * Heap pages against a plain model: random changes, each one also written as a log record and redone on a second page, which
 * compacts at other times than the first. Run again from a printed seed with HEAP_SEED=n.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { copyWords, privateViews, type ByteViews } from '../rows/byte-views.ts';
import { PAGE_ALL_VISIBLE, PAGE_TYPE_HEAP } from '../page.layout.ts';
import { formatPage } from '../space/format-page.ts';
import { setPageFlags, setPageGreatestStamp } from '../page.layout.gen.ts';
import {
  bodyHomePage,
  bodyHomeSlot,
  imageLength,
  paddedLength,
  ROW_BODY,
  ROW_BYTES_MAX,
  ROW_DELETED,
  ROW_FORWARD,
  ROW_PLACE_FLAGS,
  rowWordOf,
  stubBodyPage,
  stubBodySlot,
} from '../rows/row-image.ts';
import { setLogRecordSlot, setLogRecordType } from '../log/log-record.layout.gen.ts';
import { RECORD } from '../log/records.ts';
import { checkHeapPage, printHeapPage } from './heap-check.ts';
import { compactHeapPage } from './heap-compact.ts';
import {
  bodyBytes,
  heapCapacity,
  heapForward,
  heapFreeSlot,
  heapImageOffset,
  heapMarkDeleted,
  heapPlace,
  heapRoom,
  heapWriteBody,
  heapWriteImage,
} from './heap-page.ts';
import * as records from './heap-records.ts';
import { heapApplyTrims, heapCollectTrims, heapTrimGain, TRIMS_MAX } from './heap-trim.ts';

const PAGE = 8192;
const seeds = process.env.HEAP_SEED === undefined ? [1, 2, 3, 4, 5, Date.now() % 1_000_000_007] : [Number(process.env.HEAP_SEED)];

function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** An image of `length` bytes in `views` at 0, filled with bytes that follow from `fill`. */
function makeImage(views: ByteViews, length: number, stamp: number, fill: number): void {
  views.u8.fill(0, 0, (length + 7) & ~7);
  for (let at = 16; at < length; at++) views.u8[at] = (fill + at * 7) & 0xff;
  views.f64[0] = stamp;
  views.i32[2] = 0;
  views.i32[3] = rowWordOf(0, fill % 5, length);
}

const stubWord = (word: number): boolean => (word & ROW_FORWARD) !== 0;

/** What the page holds for people who do not care where: each slot's image, flags and capacity. */
function contents(views: ByteViews, page: number): string[] {
  const lines: string[] = [];
  for (let slot = 0; slot < 290; slot++) {
    const row = heapImageOffset(views, page, slot);
    if (row < 0) continue;
    const extra = (views.i32[(row + 12) >> 2] & ROW_BODY) === 0 ? 0 : 8;
    const bytes = Buffer.from(views.u8.subarray(row, row + paddedLength(views.i32, row) + extra)).toString('hex');
    lines.push(`${slot} ${heapCapacity(views, page, slot)} ${bytes}`);
  }
  return lines;
}

interface Expected {
  hex: string;
  stamp: number;
  stub: boolean;
  body: boolean;
}

function runModel(seed: number, steps: number): void {
  const random = randomOf(seed);
  const views = privateViews(2 * PAGE);
  const replica = privateViews(2 * PAGE);
  const page = PAGE;
  const image = privateViews(16384);
  const record = privateViews(32768);
  const trims = new Uint32Array(TRIMS_MAX);
  const model = new Map<number, Expected>();
  formatPage(views, page, 7, PAGE_TYPE_HEAP, 3);
  formatPage(replica, page, 7, PAGE_TYPE_HEAP, 3);
  const start = (type: number, slot: number): void => {
    setLogRecordType(record.u8, 8, type);
    setLogRecordSlot(record.u16, 8, slot);
  };
  const anySlot = (): number => [...model.keys()][random(model.size)];
  const hexOf = (): string => Buffer.from(image.u8.subarray(16, imageLength(image.i32, 0))).toString('hex');
  const newImage = (stamp: number): number => {
    const length = random(10) === 0 ? 16 + random(ROW_BYTES_MAX - 16) : 16 + random(random(3) === 0 ? 600 : 60);
    makeImage(image, length, stamp, random(256));
    return length;
  };
  for (let step = 0; step < steps; step++) {
    const choice = random(20);
    const stamp = random(3) === 0 ? -1 - random(1000) : random(1e9);
    if (choice < 8 || model.size === 0) {
      const length = newImage(stamp);
      const room = heapRoom(views, page);
      const slot = heapPlace(views, page, length);
      strictEqual(slot >= 0, ((Math.max(24, length) + 7) & ~7) <= room, 'heapRoom tells what heapPlace can do');
      if (slot < 0) continue;
      ok(!model.has(slot));
      heapWriteImage(views, page, slot, image.i32, 0);
      model.set(slot, { hex: hexOf(), stamp, stub: false, body: false });
      start(RECORD.heapInsert, slot);
      records.logHeapInsert(record, 8, image.i32, 0);
      records.redoHeapInsert(record, 8, replica, page);
    } else if (choice < 13) {
      const slot = anySlot();
      const before = model.get(slot)!;
      if (before.stub) continue;
      newImage(stamp);
      start(RECORD.heapUpdate, slot);
      const after = records.logHeapUpdateBefore(record, 8, views.i32, heapImageOffset(views, page, slot));
      if (!records.heapReplace(views, page, slot, image.i32, 0)) continue;
      records.logImage(record.i32, after, image.i32, 0);
      records.redoHeapUpdate(record, 8, replica, page);
      model.set(slot, { ...before, hex: hexOf(), stamp });
      if (random(3) === 0) {
        records.undoHeapRecord(record, 8, views, page, slot);
        records.undoHeapRecord(record, 8, replica, page, slot);
        model.set(slot, before);
      }
    } else if (choice < 14) {
      const slot = anySlot();
      const before = model.get(slot)!;
      if (before.stub) continue;
      start(RECORD.heapDelete, slot);
      records.logHeapDelete(record, 8, stamp, views.i32, heapImageOffset(views, page, slot));
      heapMarkDeleted(views, page, slot, stamp, 0);
      records.redoHeapDelete(record, 8, replica, page);
      ok((views.i32[(heapImageOffset(views, page, slot) + 12) >> 2] & ROW_DELETED) !== 0);
      // Only an undo follows a delete here, or a free slot.
      if (random(2) === 0) {
        records.undoHeapRecord(record, 8, views, page, slot);
        records.undoHeapRecord(record, 8, replica, page, slot);
      } else {
        start(RECORD.heapFreeSlot, slot);
        heapFreeSlot(views, page, slot);
        records.redoHeapFreeSlot(record, 8, replica, page);
        model.delete(slot);
      }
    } else if (choice < 16) {
      const slot = anySlot();
      heapFreeSlot(views, page, slot);
      start(RECORD.heapFreeSlot, slot);
      records.redoHeapFreeSlot(record, 8, replica, page);
      model.delete(slot);
    } else if (choice === 16) {
      const slot = anySlot();
      if (model.get(slot)!.body) continue;
      const body = random(2 ** 31);
      heapForward(views, page, slot, body, 5);
      start(RECORD.heapForward, slot);
      records.logHeapForward(record, 8, body, 5);
      records.redoHeapForward(record, 8, replica, page);
      const row = heapImageOffset(views, page, slot);
      deepStrictEqual([stubBodyPage(views.i32, row), stubBodySlot(views.i32, row)], [body, 5]);
      model.set(slot, {
        hex: Buffer.from(views.u8.subarray(row + 16, row + 24)).toString('hex'),
        stamp: 0,
        stub: true,
        body: false,
      });
    } else if (choice === 17) {
      const length = newImage(stamp);
      const slot = heapPlace(views, page, bodyBytes(length) + random(2) * 64);
      if (slot < 0) continue;
      heapWriteBody(views, page, slot, image.i32, 0, 99, 3);
      const row = heapImageOffset(views, page, slot);
      deepStrictEqual([bodyHomePage(views.i32, row), bodyHomeSlot(views.i32, row)], [99, 3]);
      start(RECORD.heapBody, slot);
      records.logHeapBody(record, 8, heapCapacity(views, page, slot), 99, 3, image.i32, 0);
      records.redoHeapBody(record, 8, replica, page);
      model.set(slot, { hex: hexOf(), stamp, stub: false, body: true });
    } else if (choice === 18) {
      const gain = heapTrimGain(views, page);
      const room = heapRoom(views, page);
      const count = heapCollectTrims(views, page, trims, 0);
      heapApplyTrims(views, page, trims, 0, count);
      strictEqual(heapRoom(views, page) >= room + gain - 11, true, 'a trim wins what it promised');
      start(RECORD.heapTrim, 0);
      records.logHeapTrim(record, 8, trims, 0, count);
      records.redoHeapTrim(record, 8, replica, page);
    } else {
      compactHeapPage(random(2) === 0 ? views : replica, page, -1, 0);
    }
    if (step % 10 !== 0) continue;
    deepStrictEqual(checkHeapPage(views, page), []);
    deepStrictEqual(checkHeapPage(replica, page), []);
    deepStrictEqual(contents(replica, page), contents(views, page), 'redo makes the same page');
    for (const [slot, expected] of model) {
      const row = heapImageOffset(views, page, slot);
      const word = views.i32[(row + 12) >> 2];
      strictEqual(Buffer.from(views.u8.subarray(row + 16, row + imageLength(views.i32, row))).toString('hex'), expected.hex);
      deepStrictEqual(
        [views.f64[row >> 3], stubWord(word), (word & ROW_BODY) !== 0],
        [expected.stamp, expected.stub, expected.body],
      );
    }
  }
}

for (const seed of seeds) {
  test(`random changes of a page agree with a model, and redo makes the same page (HEAP_SEED=${seed})`, () =>
    runModel(seed, 6000));
}

test('an update that shrinks a row can be undone after the page was filled to its last byte', () => {
  const views = privateViews(PAGE);
  const image = privateViews(16384);
  const record = privateViews(32768);
  formatPage(views, 0, 1, PAGE_TYPE_HEAP, 1);
  makeImage(image, 4000, 100, 1);
  const slot = heapPlace(views, 0, 4000);
  heapWriteImage(views, 0, slot, image.i32, 0);
  setLogRecordType(record.u8, 0, RECORD.heapUpdate);
  setLogRecordSlot(record.u16, 0, slot);
  records.logHeapUpdateBefore(record, 0, views.i32, heapImageOffset(views, 0, slot));
  makeImage(image, 40, -5, 2);
  ok(records.heapReplace(views, 0, slot, image.i32, 0));
  strictEqual(heapTrimGain(views, 0), 0, 'nothing is taken while the change is in flight');
  makeImage(image, 24, 200, 3);
  for (let other = heapPlace(views, 0, 24); other >= 0; other = heapPlace(views, 0, 24))
    heapWriteImage(views, 0, other, image.i32, 0);
  records.undoHeapRecord(record, 0, views, 0, slot);
  strictEqual(imageLength(views.i32, heapImageOffset(views, 0, slot)), 4000);
  deepStrictEqual(checkHeapPage(views, 0), []);
});

test('a page holds one row of the greatest length, and its body', () => {
  const views = privateViews(PAGE);
  const image = privateViews(16384);
  formatPage(views, 0, 1, PAGE_TYPE_HEAP, 1);
  makeImage(image, ROW_BYTES_MAX, 1, 1);
  const slot = heapPlace(views, 0, bodyBytes(ROW_BYTES_MAX));
  strictEqual(slot, 0);
  heapWriteBody(views, 0, slot, image.i32, 0, 4, 4);
  deepStrictEqual(checkHeapPage(views, 0), []);
  strictEqual(heapPlace(views, 0, 24), -1);
});

test('redo of several inserts into one page', () => {
  const views = privateViews(PAGE);
  const record = privateViews(32768);
  const image = privateViews(16384);
  formatPage(views, 0, 1, PAGE_TYPE_HEAP, 1);
  setLogRecordType(record.u8, 0, RECORD.heapInsertMany);
  setLogRecordSlot(record.u16, 0, 0);
  let at = 40;
  for (let row = 0; row < 10; row++) {
    makeImage(image, 20 + row * 9, 50, row);
    at = records.logImage(record.i32, at, image.i32, 0);
  }
  record.u16[15] = 10;
  records.redoHeapInsertMany(record, 0, views, 0);
  deepStrictEqual(checkHeapPage(views, 0), []);
  for (let row = 0; row < 10; row++) strictEqual(imageLength(views.i32, heapImageOffset(views, 0, row)), 20 + row * 9);
});

test('every field of a heap page and of its rows that is damaged is found by checkHeapPage', () => {
  const good = privateViews(PAGE);
  const image = privateViews(16384);
  formatPage(good, 0, 1, PAGE_TYPE_HEAP, 1);
  for (let row = 0; row < 6; row++) {
    makeImage(image, 40, 1000 + row, row);
    heapWriteImage(good, 0, heapPlace(good, 0, 40), image.i32, 0);
  }
  heapFreeSlot(good, 0, 2);
  setPageFlags(good.u8, 0, PAGE_ALL_VISIBLE);
  setPageGreatestStamp(good.f64, 0, 1005);
  deepStrictEqual(checkHeapPage(good, 0, 5), []);
  const row = heapImageOffset(good, 0, 3);
  const damaged = (name: string, change: (views: ByteViews) => void): void => {
    const views = privateViews(PAGE);
    copyWords(views.i32, 0, good.i32, 0, PAGE);
    change(views);
    ok(checkHeapPage(views, 0, 5).length > 0, name);
    printHeapPage(views, 0);
  };
  for (const [name, at] of Object.entries({
    slotCount: 32,
    freeStart: 34,
    freeEnd: 36,
    garbage: 38,
    freeSlots: 48,
    slot0: 8188,
    slot3: 8176,
    capacity3: 8178,
  })) {
    for (let bit = 0; bit < 16; bit++) damaged(`${name} bit ${bit}`, (views) => (views.u16[at >> 1] ^= 1 << bit));
  }
  damaged('type', (views) => (views.u8[20] = 4));
  damaged('firstFree', (views) => (views.u16[25] = 3));
  damaged('greatestStamp', (views) => (views.f64[3] = 1000));
  damaged('the length of a row', (views) => (views.i32[(row + 12) >> 2] |= 0x3000));
  damaged('a length below the header', (views) => (views.i32[(row + 12) >> 2] &= ~0x3fff));
  damaged('the layout of a row', (views) => (views.i32[(row + 12) >> 2] |= 0x3ff << 14));
  for (let bit = 24; bit < 32; bit++) {
    // Locked, nulls, overflow and other keys before may be on any row; the row decoder knows better.
    if (bit >= 27 && bit <= 30) continue;
    damaged(`flag bit ${bit}`, (views) => (views.i32[(row + 12) >> 2] ^= 1 << bit));
  }
  damaged('entries exact, and not all visible', (views) => (views.u8[21] = (views.u8[21] & ~1) | 2));
  damaged('entries exact, and a row with other keys', (views) => {
    views.u8[21] |= 2;
    views.i32[(row + 12) >> 2] |= 1 << 30;
  });
  damaged('a stamp in flight', (views) => (views.f64[row >> 3] = -1));
  damaged('a stamp that is no number', (views) => (views.f64[row >> 3] = Number.NaN));
  damaged('two rows in one place', (views) => (views.u32[(8188 - 4) >> 2] = views.u32[8188 >> 2]));
  strictEqual(ROW_PLACE_FLAGS & ROW_DELETED, 0);
});
