/**
 * heapChange: the log record of an update that leaves a row's length and layout as they are. It carries the words that differ
 * instead of two images, a third of the bytes for a small change of a small row.
 *
 *   header    slot; aux32 = home page; aux32Second = home slot (12 bits) | statement number (20 bits) above it
 *             extra = first word that differs, counted from the start of the image; aux16 = words
 *   +40 f64   stamp before            the stamp after is that of the transaction and statement
 *   +48       words before, words after
 *
 * Redo needs the image before on the page, undo the one after: the page has exactly these where a record is redone by page LSN,
 * and where the changes of a transaction, which has the row to itself, are undone from the last one on. Header words other than the
 * stamp are the same before and after, but for what belongs to the place (SM-W8). Who reads the log as a stream of changes
 * keeps the rows by their home row ids and makes the image after from the one before, as redo does.
 *
 * Hot file: nothing here allocates; the caller holds the page latch and has reserved the record.
 */

import { assert } from '../../../shm/assert.ts';
import {
  LOG_RECORD_BYTES,
  logRecordAux16,
  logRecordAux32Second,
  logRecordExtra,
  logRecordSlot,
  logRecordTransaction,
  setLogRecordAux16,
  setLogRecordAux32,
  setLogRecordAux32Second,
  setLogRecordExtra,
} from '../log/log-record.layout.gen.ts';
import { copyWords, type WordViews } from '../rows/byte-views.ts';
import { forgetPlace, paddedLength, ROW_HEADER_BYTES, ROW_OVERFLOW, ROW_PLACE_FLAGS } from '../rows/row-image.ts';
import { heapChangeWords } from './heap-page.ts';

/** changedWords: the images differ in more than words. */
export const WHOLE_IMAGES = -1;

export const HOME_SLOT_BITS = 12;
const HOME_SLOT_MASK = (1 << HOME_SLOT_BITS) - 1;
/** Statement numbers in a stamp (TX-T2). */
const STATEMENTS = 1 << (32 - HOME_SLOT_BITS);

/** Bytes of the whole record with so many words. */
export const heapChangeBytes = (words: number): number => LOG_RECORD_BYTES + 8 + words * 8;

/**
 * Compares the image at `old` with the one that is to replace it: first differing word << 16 | number of words up to the last
 * one; WHOLE_IMAGES where lengths, layouts or flags differ or values lie in overflow chains. 0 words: nothing differs.
 */
export function changedWords(oldI32: Int32Array, old: number, newI32: Int32Array, row: number): number {
  const word = oldI32[(old + 12) >> 2];
  if ((((word ^ newI32[(row + 12) >> 2]) & ~ROW_PLACE_FLAGS) | (word & ROW_OVERFLOW)) !== 0) return WHOLE_IMAGES;
  const from = old >> 2;
  const to = row >> 2;
  let first = ROW_HEADER_BYTES >> 2;
  let end = paddedLength(oldI32, old) >> 2;
  while (first < end && oldI32[from + first] === newI32[to + first]) first++;
  while (end > first && oldI32[from + end - 1] === newI32[to + end - 1]) end--;
  return (first << 16) | (end - first);
}

/** Fills a heapChange whose header lies at `record`: of row (homePage, homeSlot) by `statement`, `changed` from changedWords(). */
export function logHeapChange(
  to: WordViews,
  record: number,
  homePage: number,
  homeSlot: number,
  statement: number,
  changed: number,
  from: WordViews,
  old: number,
  newI32: Int32Array,
  row: number,
): void {
  const first = changed >>> 16;
  const words = changed & 0xffff;
  setLogRecordExtra(to.u16, record, first);
  setLogRecordAux16(to.u16, record, words);
  setLogRecordAux32(to.u32, record, homePage);
  setLogRecordAux32Second(to.u32, record, homeSlot | (statement << HOME_SLOT_BITS));
  to.f64[(record + LOG_RECORD_BYTES) >> 3] = from.f64[old >> 3];
  const { i32 } = to;
  const oldI32 = from.i32;
  let write = (record + LOG_RECORD_BYTES + 8) >> 2;
  const oldWord = (old >> 2) + first;
  for (let word = 0; word < words; word++) i32[write++] = oldI32[oldWord + word];
  const newWord = (row >> 2) + first;
  for (let word = 0; word < words; word++) i32[write++] = newI32[newWord + word];
}

/** The row's home slot. */
export const recordHomeSlot = (views: WordViews, record: number): number =>
  logRecordAux32Second(views.u32, record) & HOME_SLOT_MASK;

/** The stamp that the change gave the row. */
const stampAfter = (views: WordViews, record: number): number =>
  -(logRecordTransaction(views.u32, record) * STATEMENTS + (logRecordAux32Second(views.u32, record) >>> HOME_SLOT_BITS));

/** Redo, shaped as registerRecord() wants it. */
export function redoHeapChange(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  const first = logRecordExtra(views.u16, record);
  const words = logRecordAux16(views.u16, record);
  const from = record + LOG_RECORD_BYTES + 8 + words * 4;
  heapChangeWords(
    page,
    pageOffset,
    logRecordSlot(views.u16, record),
    stampAfter(views, record),
    0,
    first,
    words,
    views.i32,
    from,
  );
}

/**
 * Writes the image before the change to `to`, made from the image that it left behind at byte offset `row` of `page`. Returns its
 * length, padded to 8 bytes.
 */
export function imageBeforeChange(views: WordViews, record: number, page: WordViews, row: number, to: WordViews): number {
  const first = logRecordExtra(views.u16, record);
  const words = logRecordAux16(views.u16, record);
  const length = paddedLength(page.i32, row);
  const before = (record + LOG_RECORD_BYTES + 8) >> 2;
  const word = (row >> 2) + first;
  assert(ROW_HEADER_BYTES <= first * 4 && (first + words) * 4 <= length, 'a change lies inside its row');
  for (let at = 0; at < words; at++) {
    assert(page.i32[word + at] === views.i32[before + words + at], 'a change is undone where its words stand');
  }
  copyWords(to.i32, 0, page.i32, row, length);
  copyWords(to.i32, first * 4, views.i32, before * 4, words * 4);
  to.f64[0] = views.f64[(record + LOG_RECORD_BYTES) >> 3];
  forgetPlace(to.i32, 0);
  return length;
}
