/**
 * The log record of rows that are put behind the others of a heap page, each with its entry behind the others of an index's last
 * leaf: one record for as many as follow each other (log/growing.ts), changing two pages.
 *
 *   header   page, slot = first slot, aux16 = rows; rows lie in slots that follow each other
 *            aux32 = leaf, aux32Second = root, extra = kind of the index's nodes, 0: no index, and aux32 is no page
 *   payload  for each row an item:   image, padded to 8 | key
 *            image: without the blanks at its end; its back word says how many words of them (rows/blank-tail.ts)
 *            key: KIND_I32 one word and a word of zeros; KIND_I64 two words; KIND_BYTES u32 length, bytes, padded to 8
 *
 * An item is one change of both pages under both latches; each page's LSN is the end of the last item that was put there. Redo of
 * a page begins behind what it has (`from`).
 *
 * Hot where it says so; the rest is for recovery.
 */

import { assert } from '../../shm/assert.ts';
import { NO_PAGE, type PageId } from '../../shm/types.ts';
import { KIND_BYTES } from './btree/node.layout.ts';
import { nodeInsert, nodeSearch } from './btree/node.ts';
import { logImage, redoInsertedRow } from './heap/heap-records.ts';
import type { Log } from './log/log-context.ts';
import {
  LOG_RECORD_BYTES,
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordExtra,
  logRecordPage,
  logRecordSlot,
  setLogRecordAux16,
  setLogRecordAux32,
  setLogRecordAux32Second,
  setLogRecordExtra,
} from './log/log-record.layout.gen.ts';
import { type PageViews, RECORD, type RecordViews, registerRecord, type UndoContext } from './log/records.ts';
import { restoreBlanks, withoutBlanks } from './rows/blank-tail.ts';
import { type ByteViews, copyWords, privateViews } from './rows/byte-views.ts';
import { forgetPlace, imageLength, ROW_SCRATCH_BYTES } from './rows/row-image.ts';
import { createKeyScratch, type KeyScratch } from './rows/runtime.ts';

/** In place of an index's kind: the table has none. */
export const NO_INDEX = 0;

const redoKey = createKeyScratch();
const redoImage = privateViews(ROW_SCRATCH_BYTES);

/** Bytes of an item's key. Hot. */
export function itemKeyBytes(kind: number, key: KeyScratch): number {
  if (kind === NO_INDEX) return 0;
  return kind === KIND_BYTES ? (4 + key.length + 7) & ~7 : 8;
}

/** What the header of an append record says besides that of every record; `rows` rows. Hot. */
export function setAppendHeader(log: Log, record: number, rows: number, leaf: PageId, root: PageId, kind: number): void {
  setLogRecordExtra(log.u16, record, kind);
  setLogRecordAux16(log.u16, record, rows);
  setLogRecordAux32(log.u32, record, leaf);
  setLogRecordAux32Second(log.u32, record, root);
}

/** A record that has grown stands for so many rows. Hot. */
export const setAppendRows = (log: Log, record: number, rows: number): void => setLogRecordAux16(log.u16, record, rows);

/** Bytes of an item's image without `blanks` words at its end. Hot. */
export const itemImageBytes = (i32: Int32Array, row: number, blanks: number): number =>
  withoutBlanks(imageLength(i32, row), blanks);

/** Writes an item into the ring at `at`: the image at `row` without `blanks` words at its end, the key of its entry. Hot. */
export function writeAppendItem(
  log: Log,
  at: number,
  fromI32: Int32Array,
  row: number,
  blanks: number,
  kind: number,
  key: KeyScratch,
): void {
  const to = blanks === 0 ? logImage(log.i32, at, fromI32, row) : logCutImage(log.i32, at, fromI32, row, blanks);
  if (kind === NO_INDEX) return;
  const word = to >> 2;
  if (kind !== KIND_BYTES) {
    log.i32[word] = key.i32[0];
    log.i32[word + 1] = kind === 2 ? key.i32[1] : 0;
    return;
  }
  // The padding must not carry old bytes of the ring.
  log.f64[(to + itemKeyBytes(kind, key) - 8) >> 3] = 0;
  log.i32[word] = key.length;
  for (let i = 0; i < key.length; i++) log.u8[to + 4 + i] = key.u8[i];
}

/** Hot. Returns the end. */
function logCutImage(toI32: Int32Array, at: number, fromI32: Int32Array, row: number, blanks: number): number {
  const bytes = itemImageBytes(fromI32, row, blanks);
  const words = (imageLength(fromI32, row) >> 2) - blanks;
  copyWords(toI32, at, fromI32, row, words * 4);
  forgetPlace(toI32, at);
  toI32[(at + 8) >> 2] = blanks;
  // The padding must not carry old bytes of the ring.
  if ((words & 1) !== 0) toI32[(at >> 2) + words] = 0;
  return at + bytes;
}

/** Words of blanks that the item at `item` does without. */
const itemBlanks = (views: RecordViews, item: number): number => views.i32[(item + 8) >> 2];

/** Byte offset of the key of the item at `item`. */
const itemKey = (views: RecordViews, item: number): number => item + itemImageBytes(views.i32, item, itemBlanks(views, item));

/** Byte offset behind the item at `item`. */
export function itemEnd(views: RecordViews, item: number, kind: number): number {
  const key = itemKey(views, item);
  if (kind === NO_INDEX) return key;
  return kind === KIND_BYTES ? key + ((4 + views.i32[key >> 2] + 7) & ~7) : key + 8;
}

/** The key of the item at `item`. */
export function readItemKey(views: RecordViews, item: number, kind: number, key: KeyScratch): void {
  const at = itemKey(views, item);
  key.i32[0] = views.i32[at >> 2];
  key.i32[1] = kind === 2 ? views.i32[(at + 4) >> 2] : 0;
  key.length = kind === KIND_BYTES ? views.i32[at >> 2] : 4 * kind;
  if (kind === KIND_BYTES) for (let i = 0; i < key.length; i++) key.u8[i] = views.u8[at + 4 + i];
}

/** Kind of the nodes whose entries the record has, or NO_INDEX. */
export const appendKind = (views: RecordViews, record: number): number => logRecordExtra(views.u16, record);

/** Leaf of the entries, or NO_PAGE. */
const appendLeaf = (views: RecordViews, record: number): PageId => logRecordAux32(views.u32, record) | 0;

function redoRows(views: RecordViews, record: number, page: PageViews, pageOffset: number, from: number): void {
  const kind = appendKind(views, record);
  const first = logRecordSlot(views.u16, record);
  let item = record + LOG_RECORD_BYTES;
  for (let row = 0; row < logRecordAux16(views.u16, record); row++) {
    const end = itemEnd(views, item, kind);
    if (end - record > from) redoRow(views, item, page, pageOffset, first + row);
    item = end;
  }
}

function redoRow(views: RecordViews, item: number, page: PageViews, pageOffset: number, slot: number): void {
  const blanks = itemBlanks(views, item);
  if (blanks === 0) return redoInsertedRow(page, pageOffset, slot, views.i32, item);
  restoreBlanks(views.i32, item, blanks, redoImage.i32);
  redoInsertedRow(page, pageOffset, slot, redoImage.i32, 0);
}

function redoEntries(views: RecordViews, record: number, page: PageViews, node: number, from: number): void {
  const kind = appendKind(views, record);
  const rowPage = logRecordPage(views.u32, record) | 0;
  const first = logRecordSlot(views.u16, record);
  const v = page as ByteViews;
  let item = record + LOG_RECORD_BYTES;
  for (let row = 0; row < logRecordAux16(views.u16, record); row++) {
    const end = itemEnd(views, item, kind);
    if (end - record > from) {
      readItemKey(views, item, kind, redoKey);
      nodeInsert(v, node, nodeSearch(v, node, 0, redoKey, rowPage, first + row), redoKey, rowPage, first + row, 0);
    }
    item = end;
  }
}

/** Byte offset of each item of the record, from the first one on. For undo, which goes backwards. */
export function itemOffsets(views: RecordViews, record: number): number[] {
  const kind = appendKind(views, record);
  const offsets: number[] = [];
  let item = record + LOG_RECORD_BYTES;
  for (let row = 0; row < logRecordAux16(views.u16, record); row++, item = itemEnd(views, item, kind)) offsets.push(item);
  assert(offsets.length > 0, 'an append record has a row');
  return offsets;
}

/** Registers the record, once a thread. Undo is txn's: recovery-undo.ts. */
export function registerAppendRecord(undo: (context: UndoContext) => void): void {
  registerRecord(RECORD.append, {
    name: 'rows appended',
    redo: redoRows,
    second: (views, record) => (appendKind(views, record) === NO_INDEX ? NO_PAGE : appendLeaf(views, record)),
    redoSecond: redoEntries,
    undo,
    print: (views, record) => {
      const rows = `${logRecordAux16(views.u16, record)} rows from slot ${logRecordSlot(views.u16, record)} on`;
      if (appendKind(views, record) === NO_INDEX) return rows;
      return `${rows}, entries in leaf ${appendLeaf(views, record)} of root ${logRecordAux32Second(views.u32, record)}`;
    },
  });
}
