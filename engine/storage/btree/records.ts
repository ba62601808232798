/**
 * Log records of the B+tree: written here, redone here; undone through the normal calls (SM-W7: logical).
 *
 *   record               header fields                                                     payload
 *   indexInsert, Delete  page leaf, slot row slot, aux32 row page, aux32Second root,       key
 *                        aux16 kind, extra key bytes
 *   indexRoot            page (any node)                                                   used ranges of a node, see below
 *   indexNodeTruncate    page, slot entries kept, aux16 HIGH_*, extra key bytes,           high fence's key
 *                        aux32 fence row page, aux32Second fence row slot
 *   indexParentInsert    page, slot index, extra key bytes, aux16 row slot, aux32 row page,
 *                        aux32Second child                                                 separator's key
 *   indexParentDelete    page, slot index                                                  -
 *
 * A node image is a count of ranges, then (byte offset u16, bytes u16) for each, then their bytes: redo clears the page and puts
 * them in place. Redo functions are pure work on one page; the page's LSN is the recovery driver's.
 */

import {
  logRecordPage,
  setLogRecordAux16,
  setLogRecordAux32,
  setLogRecordAux32Second,
  setLogRecordExtra,
  logRecordAux16,
  logRecordAux32,
  logRecordAux32Second,
  logRecordExtra,
  logRecordSlot,
} from '../log/log-record.layout.gen.ts';
import { groupRecord } from '../log/group.ts';
import { publish, reserve, startRecord } from '../log/log.ts';
import type { Log } from '../log/log-context.ts';
import {
  type PageViews,
  RECORD,
  RECORD_COMPENSATION,
  RECORD_GROUP_END,
  type RecordViews,
  registerRecord,
  type UndoContext,
} from '../log/records.ts';
import { PAGE_BYTES, PAGE_TYPE, pagePageId, setPagePageId } from '../page.layout.gen.ts';
import type { ByteViews } from '../rows/byte-views.ts';
import { createKeyScratch, type KeyScratch } from '../rows/runtime.ts';
import { KIND_BYTES } from './node.layout.ts';
import { nodeInsert, nodeRemove, nodeSearch, nodeTruncate } from './node.ts';
import { usedRanges } from './node-split.ts';
import type { IndexChange } from './tree.ts';

const HEADER_BYTES = 40;
const redoKey: KeyScratch = createKeyScratch();
const ranges = new Int32Array(16);

/** Bytes of a key in a record. */
export function keyBytes(kind: number, key: KeyScratch): number {
  return kind === KIND_BYTES ? key.length : 4 * kind;
}

/** Bytes of an indexInsert or indexDelete record. */
export function entryRecordBytes(kind: number, key: KeyScratch): number {
  return (HEADER_BYTES + keyBytes(kind, key) + 7) & ~7;
}

function writeKey(views: RecordViews, at: number, kind: number, key: KeyScratch): void {
  if (kind !== KIND_BYTES) {
    views.i32[at >> 2] = key.i32[0];
    if (kind === 2) views.i32[(at + 4) >> 2] = key.i32[1];
    return;
  }
  for (let i = 0; i < key.length; i++) views.u8[at + i] = key.u8[i];
}

function readKey(views: RecordViews, record: number, key: KeyScratch): void {
  const at = record + HEADER_BYTES;
  const bytes = logRecordExtra(views.u16, record);
  key.length = bytes;
  // A byte key's words are never looked at, a word key's bytes neither: reading both spares the kind.
  key.i32[0] = views.i32[at >> 2];
  key.i32[1] = bytes === 8 ? views.i32[(at + 4) >> 2] : 0;
  for (let i = 0; i < bytes; i++) key.u8[i] = views.u8[at + i];
}

/**
 * Logs the insertion or removal of one entry, under the leaf's latch, with credit taken. log.scratch has its positions. The ring
 * is one piece here: reserve() gives the record a place without a break.
 */
export function logEntry(
  log: Log,
  type: typeof RECORD.indexInsert | typeof RECORD.indexDelete,
  change: IndexChange,
  root: number,
  kind: number,
  page: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
): void {
  const bytes = entryRecordBytes(kind, key);
  const at = reserve(log, bytes);
  // The padding behind the key must not carry old bytes of the ring.
  log.f64[(at + bytes - 8) >>> 3] = 0;
  log.scratch[2] = change.previous;
  const flags = change.compensation ? RECORD_COMPENSATION | RECORD_GROUP_END : RECORD_GROUP_END;
  startRecord(log, at, bytes, type, flags, change.transaction, change.table, page, rowSlot);
  setLogRecordExtra(log.u16, at, keyBytes(kind, key));
  setLogRecordAux16(log.u16, at, kind);
  setLogRecordAux32(log.u32, at, rowPage);
  setLogRecordAux32Second(log.u32, at, root);
  writeKey(log, at + HEADER_BYTES, kind, key);
  publish(log, at, bytes);
  change.lastRecord = log.scratch[0];
  if (!change.compensation) change.previous = log.scratch[0];
}

/** Adds the image of a node to the open group. */
export function logImage(log: Log, root: number, v: ByteViews, node: number): void {
  const count = usedRanges(v, node, ranges);
  let bytes = 4 + 4 * count;
  for (let range = 0; range < count; range++) bytes += ranges[range * 2 + 1];
  const record = groupRecord(log, RECORD.indexRoot, 0, 0, pagePageId(v.u32, node), 0, bytes);
  const group = log.group;
  setLogRecordAux32Second(group.u32, record, root);
  let at = record + HEADER_BYTES;
  group.u32[at >> 2] = count;
  at += 4;
  for (let range = 0; range < count; range++, at += 4) {
    group.u16[at >> 1] = ranges[range * 2];
    group.u16[(at + 2) >> 1] = ranges[range * 2 + 1];
  }
  for (let range = 0; range < count; range++) {
    const from = node + ranges[range * 2];
    const end = ranges[range * 2 + 1];
    for (let i = 0; i < end; i += 4) group.i32[(at + i) >> 2] = v.i32[(from + i) >> 2];
    at += end;
  }
}

/** Adds a nodeTruncate() to the open group. */
export function logTruncate(
  log: Log,
  root: number,
  page: number,
  kind: number,
  count: number,
  mode: number,
  high: KeyScratch,
): void {
  const record = groupRecord(log, RECORD.indexNodeTruncate, 0, 0, page, count, keyBytes(kind, high));
  const { group } = log;
  setLogRecordExtra(group.u16, record, keyBytes(kind, high));
  setLogRecordAux16(group.u16, record, mode);
  setLogRecordAux32(group.u32, record, high.i32[2]);
  setLogRecordAux32Second(group.u32, record, high.i32[3]);
  writeKey(group, record + HEADER_BYTES, kind, high);
  // The root is not needed to redo it; it stays in the table field for who reads the log.
  group.u32[(record + 12) >> 2] = root;
}

/** Adds the insertion of a child behind the entry `index - 1` of an inner node to the open group. */
export function logParentInsert(
  log: Log,
  root: number,
  page: number,
  kind: number,
  index: number,
  separator: KeyScratch,
  child: number,
): void {
  const record = groupRecord(log, RECORD.indexParentInsert, 0, root, page, index, keyBytes(kind, separator));
  const { group } = log;
  setLogRecordExtra(group.u16, record, keyBytes(kind, separator));
  setLogRecordAux16(group.u16, record, separator.i32[3]);
  setLogRecordAux32(group.u32, record, separator.i32[2]);
  setLogRecordAux32Second(group.u32, record, child);
  writeKey(group, record + HEADER_BYTES, kind, separator);
}

/** Adds the removal of entry `index` of an inner node to the open group. */
export function logParentDelete(log: Log, root: number, page: number, index: number): void {
  groupRecord(log, RECORD.indexParentDelete, 0, root, page, index, 0);
}

// ---- redo ----

function redoInsert(views: RecordViews, record: number, page: PageViews, node: number): void {
  readKey(views, record, redoKey);
  const v = page as ByteViews;
  const rowPage = logRecordAux32(views.u32, record) | 0;
  const rowSlot = logRecordSlot(views.u16, record);
  nodeInsert(v, node, nodeSearch(v, node, 0, redoKey, rowPage, rowSlot), redoKey, rowPage, rowSlot, 0);
}

function redoDelete(views: RecordViews, record: number, page: PageViews, node: number): void {
  readKey(views, record, redoKey);
  const v = page as ByteViews;
  nodeRemove(v, node, nodeSearch(v, node, 0, redoKey, logRecordAux32(views.u32, record) | 0, logRecordSlot(views.u16, record)));
}

function redoImage(views: RecordViews, record: number, page: PageViews, node: number): void {
  const v = page;
  v.i32.fill(0, (node + PAGE_TYPE) >> 2, (node + PAGE_BYTES) >> 2);
  setPagePageId(v.u32, node, logRecordPage(views.u32, record));
  let at = record + HEADER_BYTES;
  const count = views.u32[at >> 2];
  let data = at + 4 + 4 * count;
  at += 4;
  for (let range = 0; range < count; range++, at += 4) {
    const to = node + views.u16[at >> 1];
    const bytes = views.u16[(at + 2) >> 1];
    for (let i = 0; i < bytes; i += 4) v.i32[(to + i) >> 2] = views.i32[(data + i) >> 2];
    data += bytes;
  }
}

function redoTruncate(views: RecordViews, record: number, page: PageViews, node: number): void {
  readKey(views, record, redoKey);
  redoKey.i32[2] = logRecordAux32(views.u32, record) | 0;
  redoKey.i32[3] = logRecordAux32Second(views.u32, record) | 0;
  nodeTruncate(page as ByteViews, node, logRecordSlot(views.u16, record), logRecordAux16(views.u16, record), redoKey);
}

function redoParentInsert(views: RecordViews, record: number, page: PageViews, node: number): void {
  readKey(views, record, redoKey);
  const rowPage = logRecordAux32(views.u32, record) | 0;
  const child = logRecordAux32Second(views.u32, record) | 0;
  nodeInsert(
    page as ByteViews,
    node,
    logRecordSlot(views.u16, record),
    redoKey,
    rowPage,
    logRecordAux16(views.u16, record),
    child,
  );
}

function redoParentDelete(views: RecordViews, record: number, page: PageViews, node: number): void {
  nodeRemove(page as ByteViews, node, logRecordSlot(views.u16, record));
}

// ---- undo ----

/** What the undo functions do, given by the entry: they need the thread's tree, which records do not know. */
export type UndoEntry = (
  context: UndoContext,
  root: number,
  kind: number,
  key: KeyScratch,
  rowPage: number,
  rowSlot: number,
  transaction: number,
  table: number,
) => void;

function undoWith(undo: UndoEntry): (context: UndoContext) => void {
  const key = createKeyScratch();
  return (context) => {
    const { views, record } = context;
    readKey(views, record, key);
    const kind = logRecordAux16(views.u16, record);
    const root = logRecordAux32Second(views.u32, record) | 0;
    const rowPage = logRecordAux32(views.u32, record) | 0;
    const transaction = views.u32[(record + 8) >> 2];
    const table = views.u32[(record + 12) >> 2];
    undo(context, root, kind, key, rowPage, logRecordSlot(views.u16, record), transaction, table);
  };
}

function printEntry(views: RecordViews, record: number): string {
  const row = `${logRecordAux32(views.u32, record)}:${logRecordSlot(views.u16, record)}`;
  const kind = logRecordAux16(views.u16, record);
  const at = record + HEADER_BYTES;
  let key = '';
  if (kind === KIND_BYTES) {
    for (let i = 0; i < logRecordExtra(views.u16, record); i++) key += views.u8[at + i].toString(16).padStart(2, '0');
  } else key = kind === 1 ? `${views.i32[at >> 2]}` : `${views.i32[at >> 2] * 4294967296 + views.u32[(at + 4) >> 2]}`;
  return `root ${logRecordAux32Second(views.u32, record)} key ${key} row ${row}`;
}

/** Registers the records of B+trees, once a thread; see undo.ts for the two functions. */
export function registerIndexRecords(undoInsert: UndoEntry, undoDelete: UndoEntry): void {
  registerRecord(RECORD.indexInsert, { name: 'index insert', redo: redoInsert, undo: undoWith(undoInsert), print: printEntry });
  registerRecord(RECORD.indexDelete, { name: 'index delete', redo: redoDelete, undo: undoWith(undoDelete), print: printEntry });
  registerRecord(RECORD.indexRoot, { name: 'index node', redo: redoImage, formats: true });
  registerRecord(RECORD.indexNodeTruncate, { name: 'index node truncate', redo: redoTruncate });
  registerRecord(RECORD.indexParentInsert, { name: 'index parent insert', redo: redoParentInsert });
  registerRecord(RECORD.indexParentDelete, { name: 'index parent delete', redo: redoParentDelete });
}
