/**
 * Records that carry the words of a row that differ: against the images they stand for.
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { test } from 'node:test';
import { setLogRecordSlot, setLogRecordTransaction, setLogRecordType } from '../log/log-record.layout.gen.ts';
import { RECORD } from '../log/records.ts';
import { PAGE_TYPE_HEAP } from '../page.layout.ts';
import { type ByteViews, privateViews } from '../rows/byte-views.ts';
import { ROW_NULLS, ROW_OVERFLOW, rowWordOf } from '../rows/row-image.ts';
import { formatPage } from '../space/format-page.ts';
import { SeededRandom } from '../world.ts';
import {
  changedWords,
  heapChangeBytes,
  imageBeforeChange,
  logHeapChange,
  recordHomeSlot,
  redoHeapChange,
  WHOLE_IMAGES,
} from './heap-change.ts';
import { heapChangeWords, heapImageOffset, heapPlace, heapWriteImage } from './heap-page.ts';
import { heapUpdateBytes } from './heap-records.ts';

const PAGE = 8192;

/** An image of `length` bytes in `views` at 0, filled with bytes that follow from `fill`. */
function makeImage(views: ByteViews, length: number, stamp: number, fill: number): void {
  views.u8.fill(0, 0, (length + 7) & ~7);
  for (let at = 16; at < length; at++) views.u8[at] = (fill + at * 7) & 0xff;
  views.f64[0] = stamp;
  views.i32[2] = 0;
  views.i32[3] = rowWordOf(0, fill % 5, length);
}

test('SM-W7: a change of words is redone from the image before and undone from the one after, whatever words they are', () => {
  const views = privateViews(PAGE);
  const replica = privateViews(PAGE);
  const image = privateViews(16384);
  const before = privateViews(16384);
  const record = privateViews(32768);
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`changes of words: SCRATCHBIRD_SEED=${seed}`);
  const generator = new SeededRandom(seed);
  for (let round = 0; round < 300; round++) {
    const length = 16 + generator.below(round % 10 === 0 ? 3000 : 80);
    for (const page of [views, replica]) formatPage(page, 0, 1, PAGE_TYPE_HEAP, 1);
    makeImage(image, length, 100 + round, generator.below(256));
    const slot = heapPlace(views, 0, length);
    heapWriteImage(views, 0, slot, image.i32, 0);
    strictEqual(heapPlace(replica, 0, length), slot);
    heapWriteImage(replica, 0, slot, image.i32, 0);
    const old = heapImageOffset(views, 0, slot);
    for (let change = generator.below(4); change > 0 && length > 16; change--) {
      image.u8[16 + generator.below(length - 16)] = generator.below(256);
    }
    const number = 1 + generator.below(2 ** 32 - 1);
    const statement = generator.below(2 ** 20);
    image.f64[0] = -(number * 2 ** 20 + statement);
    const changed = changedWords(views.i32, old, image.i32, 0);
    ok(changed !== WHOLE_IMAGES);
    const words = changed & 0xffff;
    setLogRecordType(record.u8, 0, RECORD.heapChange);
    setLogRecordSlot(record.u16, 0, slot);
    setLogRecordTransaction(record.u32, 0, number);
    logHeapChange(record, 0, 77, 4095, statement, changed, views, old, image.i32, 0);
    strictEqual(recordHomeSlot(record, 0), 4095);
    ok(heapChangeBytes(words) <= heapUpdateBytes(length, length));
    const bytesBefore = Buffer.from(views.u8.slice(old, old + length));
    heapChangeWords(views, 0, slot, image.f64[0], 0, changed >>> 16, words, image.i32, (changed >>> 16) * 4);
    redoHeapChange(record, 0, replica, 0);
    deepStrictEqual(replica.u8, views.u8);
    deepStrictEqual(views.u8.slice(old, old + length), image.u8.slice(0, length));
    strictEqual(imageBeforeChange(record, 0, views, old, before), (length + 7) & ~7);
    deepStrictEqual(Buffer.from(before.u8.slice(0, length)), bytesBefore);
  }
});

test('images of other length, layout or flags, and those with overflow chains, are logged whole', () => {
  const one = privateViews(16384);
  const other = privateViews(16384);
  makeImage(one, 48, 1, 1);
  makeImage(other, 56, 1, 1);
  strictEqual(changedWords(one.i32, 0, other.i32, 0), WHOLE_IMAGES);
  makeImage(other, 48, 1, 1);
  strictEqual(changedWords(one.i32, 0, other.i32, 0) & 0xffff, 0);
  other.i32[3] |= ROW_NULLS;
  strictEqual(changedWords(one.i32, 0, other.i32, 0), WHOLE_IMAGES);
  one.i32[3] |= ROW_NULLS | ROW_OVERFLOW;
  other.i32[3] |= ROW_OVERFLOW;
  strictEqual(changedWords(one.i32, 0, other.i32, 0), WHOLE_IMAGES);
});
