/**
 * Log records of heap changes: their payloads, how they are written, redone and undone. One page each.
 *
 *   record        header                          payload (at record + 40)
 *   heapInsert    slot                            after image
 *   heapInsertMany slot = first, aux16 = count    after images one behind the other, for slots first, first + 1, ...
 *   heapUpdate    slot                            before image, after image
 *   heapDelete    slot                            stamp of the tombstone (f64), before image
 *   heapFreeSlot  slot                            -
 *   heapForward   slot                            body page u32, body slot u32
 *   heapBody      slot, aux16 = capacity          home page u32, home slot u32, image as it was at its old place
 *   heapTrim      aux16 = count                   (slot | capacity << 16) u32 for each
 *   heapRestore   slot, compensation              image to put back: undo without its record at hand
 *
 * Images are padded to 8 bytes and carry their stamps; their back word is 0 and their place flags are clear, because both
 * mean something in this process only (SM-W8). A row that moves: heapBody, heapForward, and for a second move
 * heapFreeSlot of the old body, in one group (SM-W6); the update that needed the room follows as an ordinary record on the
 * body's page. Undo finds a row at its home or where the home's stub says.
 *
 * Hot file: nothing here allocates; the caller holds the page latch and has reserved the record.
 */

import { assert } from '../../../shm/assert.ts';
import { logRecordAux16, logRecordSlot, logRecordType, setLogRecordAux16 } from '../log/log-record.layout.gen.ts';
import { LOG_RECORD_BYTES } from '../log/log-record.layout.gen.ts';
import { RECORD } from '../log/records.ts';
import { copyWords, type WordViews } from '../rows/byte-views.ts';
import { forgetPlace, imageLength, paddedLength, ROW_BODY, ROW_HOME_BYTES } from '../rows/row-image.ts';
import {
  heapFreeSlot,
  heapForward,
  heapImageOffset,
  heapMarkDeleted,
  heapPlaceAt,
  heapResize,
  heapWriteBody,
  heapWriteImage,
} from './heap-page.ts';
import { heapApplyTrims } from './heap-trim.ts';

const padded = (length: number): number => (length + 7) & ~7;

/** Bytes of whole records, header included, for images of these lengths (in bytes). */
export const heapInsertBytes = (length: number): number => LOG_RECORD_BYTES + padded(length);
export const heapUpdateBytes = (before: number, after: number): number => LOG_RECORD_BYTES + padded(before) + padded(after);
export const heapDeleteBytes = (before: number): number => LOG_RECORD_BYTES + 8 + padded(before);
export const heapBodyBytes = (length: number): number => LOG_RECORD_BYTES + 8 + padded(length);
export const heapTrimBytes = (count: number): number => LOG_RECORD_BYTES + padded(count * 4);
export const HEAP_FREE_SLOT_BYTES = LOG_RECORD_BYTES;
export const HEAP_FORWARD_BYTES = LOG_RECORD_BYTES + 8;

/** Writes the image at `from` into the log's memory at byte offset `at`, without what belongs to its place. Returns the end. */
export function logImage(toI32: Int32Array, at: number, fromI32: Int32Array, from: number): number {
  const length = paddedLength(fromI32, from);
  copyWords(toI32, at, fromI32, from, length);
  forgetPlace(toI32, at);
  return at + length;
}

/** Payload of a heapInsert record whose header lies at `record`: the image at `from`. Also of heapRestore. */
export function logHeapInsert(to: WordViews, record: number, fromI32: Int32Array, from: number): void {
  logImage(to.i32, record + LOG_RECORD_BYTES, fromI32, from);
}

/** First half of a heapUpdate's payload. Returns the byte offset for the second, logImage() of the after image. */
export function logHeapUpdateBefore(to: WordViews, record: number, fromI32: Int32Array, from: number): number {
  return logImage(to.i32, record + LOG_RECORD_BYTES, fromI32, from);
}

/** Payload of a heapDelete: the image before, still without the tombstone's stamp, and that stamp. */
export function logHeapDelete(to: WordViews, record: number, stamp: number, fromI32: Int32Array, from: number): void {
  to.f64[(record + LOG_RECORD_BYTES) >> 3] = stamp;
  logImage(to.i32, record + LOG_RECORD_BYTES + 8, fromI32, from);
}

/** Payload of a heapForward. */
export function logHeapForward(to: WordViews, record: number, bodyPage: number, bodySlot: number): void {
  to.i32[(record + LOG_RECORD_BYTES) >> 2] = bodyPage;
  to.i32[(record + LOG_RECORD_BYTES + 4) >> 2] = bodySlot;
}

/** Payload of a heapBody: `capacity` is what the slot got, at least bodyBytes(length of the image at `from`). */
export function logHeapBody(
  to: WordViews,
  record: number,
  capacity: number,
  homePage: number,
  homeSlot: number,
  fromI32: Int32Array,
  from: number,
): void {
  setLogRecordAux16(to.u16, record, capacity);
  to.i32[(record + LOG_RECORD_BYTES) >> 2] = homePage;
  to.i32[(record + LOG_RECORD_BYTES + 4) >> 2] = homeSlot;
  logImage(to.i32, record + LOG_RECORD_BYTES + 8, fromI32, from);
}

/** Payload of a heapTrim: a list that heapCollectTrims() wrote to `from` from word `at` on. */
export function logHeapTrim(to: WordViews, record: number, from: Uint32Array, at: number, count: number): void {
  setLogRecordAux16(to.u16, record, count);
  const start = (record + LOG_RECORD_BYTES) >>> 2;
  for (let index = 0; index < count; index++) to.u32[start + index] = from[at + index];
  if (count & 1) to.u32[start + count] = 0;
}

/** Byte offset of the image before the change in a heapUpdate or heapDelete record. */
export const recordBeforeImage = (views: WordViews, record: number): number =>
  record + LOG_RECORD_BYTES + (logRecordType(views.u8, record) === RECORD.heapDelete ? 8 : 0);

/** Byte offset of the image after the change in a heapInsert or heapUpdate record. */
export function recordAfterImage(views: WordViews, record: number): number {
  const first = record + LOG_RECORD_BYTES;
  return logRecordType(views.u8, record) === RECORD.heapUpdate ? first + paddedLength(views.i32, first) : first;
}

/** Redo of each type, to a page that does not have the record yet. Shaped as registerRecord() wants it. */
export function redoHeapInsert(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  redoInsertedRow(page, pageOffset, logRecordSlot(views.u16, record), views.i32, record + LOG_RECORD_BYTES);
}

export function redoHeapInsertMany(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  const first = logRecordSlot(views.u16, record);
  const count = logRecordAux16(views.u16, record);
  let image = record + LOG_RECORD_BYTES;
  for (let slot = first; slot < first + count; slot++) {
    redoInsertedRow(page, pageOffset, slot, views.i32, image);
    image += paddedLength(views.i32, image);
  }
}

export function redoHeapUpdate(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  heapPutImage(page, pageOffset, logRecordSlot(views.u16, record), views.i32, recordAfterImage(views, record));
}

export function redoHeapDelete(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  heapMarkDeleted(page, pageOffset, logRecordSlot(views.u16, record), views.f64[(record + LOG_RECORD_BYTES) >> 3], 0);
}

export function redoHeapFreeSlot(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  heapFreeSlot(page, pageOffset, logRecordSlot(views.u16, record));
}

export function redoHeapForward(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  const payload = (record + LOG_RECORD_BYTES) >> 2;
  heapForward(page, pageOffset, logRecordSlot(views.u16, record), views.i32[payload], views.i32[payload + 1]);
}

export function redoHeapBody(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  const slot = logRecordSlot(views.u16, record);
  const payload = record + LOG_RECORD_BYTES;
  heapPlaceAt(page, pageOffset, slot, logRecordAux16(views.u16, record));
  heapWriteBody(page, pageOffset, slot, views.i32, payload + 8, views.i32[payload >> 2], views.i32[(payload + 4) >> 2]);
}

export function redoHeapTrim(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  heapApplyTrims(page, pageOffset, views.u32, (record + LOG_RECORD_BYTES) >>> 2, logRecordAux16(views.u16, record));
}

export function redoHeapRestore(views: WordViews, record: number, page: WordViews, pageOffset: number): void {
  heapPutImage(page, pageOffset, logRecordSlot(views.u16, record), views.i32, record + LOG_RECORD_BYTES);
}

/**
 * Undoes a record on the page its row lies on now, at run time and as redo of the compensation record that names it:
 * `slot` is the row's slot there (the body's, if it has moved since). An insert frees the slot; of several rows it is called
 * for each, last first; the home stub of a row that has moved is freed by a heapFreeSlot of its own.
 */
export function undoHeapRecord(views: WordViews, record: number, page: WordViews, pageOffset: number, slot: number): void {
  const type = logRecordType(views.u8, record);
  if (type === RECORD.heapInsert || type === RECORD.heapInsertMany) {
    heapFreeSlot(page, pageOffset, slot);
    return;
  }
  assert(type === RECORD.heapUpdate || type === RECORD.heapDelete, 'only changes of rows are undone on a heap page');
  heapPutImage(page, pageOffset, slot, views.i32, recordBeforeImage(views, record));
}

/**
 * Replaces the row of a slot by the image at `from` and gives the slot more capacity if it needs it. False: the page has no
 * room, nothing was changed. An image from before always fits: the slot kept its capacity.
 */
export function heapReplace(page: WordViews, pageOffset: number, slot: number, fromI32: Int32Array, from: number): boolean {
  const row = heapImageOffset(page, pageOffset, slot);
  assert(row >= 0, 'an image replaces a row');
  const home = (page.i32[(row + 12) >> 2] & ROW_BODY) === 0 ? 0 : ROW_HOME_BYTES;
  if (!heapResize(page, pageOffset, slot, paddedLength(fromI32, from) + home)) return false;
  heapWriteImage(page, pageOffset, slot, fromI32, from);
  return true;
}

function heapPutImage(page: WordViews, pageOffset: number, slot: number, fromI32: Int32Array, from: number): void {
  const fits = heapReplace(page, pageOffset, slot, fromI32, from);
  assert(fits, 'a record that is redone or undone has the room it had');
}

/** Redo of one inserted row. */
export function redoInsertedRow(page: WordViews, pageOffset: number, slot: number, fromI32: Int32Array, from: number): void {
  heapPlaceAt(page, pageOffset, slot, imageLength(fromI32, from));
  heapWriteImage(page, pageOffset, slot, fromI32, from);
}
