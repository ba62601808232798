/**
 * Change sets: what a serializable commit leaves for those who validate after it (TX-T16).
 *
 *   | CHANGE_SET | row | key | key | ... | row | key | ...      rows by id, with each key they had before or have now
 *   | CHANGE_SET | table | table | ...                            all rows of these tables
 *
 * A set is made from the transaction's undo list before its commit: each entry names a row and the version before; the row itself
 * is the version after. So what was undone is not in it. It is made of whole tables where the list is long or spilled, and where
 * the heap has no room: past a quarter of it for all sets.
 *
 * The sets are linked in the order of their stamps. A reader who follows `older` asks `olderStamp` first: a set is freed only
 * when no open serializable transaction can ask for it (serializable.ts).
 */

import { heapAllocate, heapBlockBytes } from '../../shm/allocator.ts';
import { type ByteViews, copyWords, privateViews } from '../storage/rows/byte-views.ts';
import { imageLayout } from '../storage/rows/row-image.ts';
import { type IndexRuntime, KEY_OK, KEY_OVERFLOW, type TableRuntime } from '../storage/rows/runtime.ts';
import type { Locks } from './locks.ts';
import {
  addLockSharedWholeTables,
  CHANGE_SET_BYTES,
  CHANGED_KEY_BYTES,
  CHANGED_ROW_BYTES,
  changedKeyIndex,
  changedKeyLength,
  changedRowKeys,
  changedRowPage,
  changedRowSize,
  changedRowSlot,
  changedRowTable,
  changeSetCount,
  changeSetKind,
  lockSharedSetBytes,
  setChangedKeyIndex,
  setChangedKeyLength,
  setChangedRowKeys,
  setChangedRowPage,
  setChangedRowSize,
  setChangedRowSlot,
  setChangedRowTable,
  setChangeSetCount,
  setChangeSetKind,
  setChangeSetSize,
} from './locks.layout.gen.ts';
import { CHANGES_ROWS, CHANGES_TABLES, KEY_UNKNOWN } from './locks.layout.ts';
import { copyNewest } from './row-read.ts';
import { hasKey, hasRow, orderedLength, putOrdered, type ReadSet } from './serializable-reads.ts';
import type { Transactions } from './transactions.ts';
import {
  txnSlotUndoCount,
  txnSlotUndoFirst,
  txnSlotUndoSpilled,
  UNDO_ENTRY_BYTES,
  UNDO_PIECE_BYTES,
  undoEntryBack,
  undoEntryCount,
  undoEntryFlags,
  undoEntryKind,
  undoEntryPage,
  undoEntrySlot,
  undoEntryTable,
  undoPieceNext,
} from './txn.layout.gen.ts';
import { UNDO_DELETE, UNDO_INSERT, UNDO_UPDATE, UNDO_VOID } from './txn.layout.ts';
import { PIECE_ENTRIES } from './undo-piece.ts';
import { copyVersion } from './visibility.ts';

/** Entries of an undo list beyond which a change set becomes whole tables at once. */
const ENTRIES_MAX = 65536;

const pad = (bytes: number): number => (bytes + 7) & ~7;

/** The part of the heap that change sets may take before they become whole tables. */
const rowsLimit = (locks: Locks): number => locks.heap.i32.length; // Words, so a quarter of the bytes.

/**
 * The change set of the transaction in `slot` that has read and changed what `reads` says, in a heap block of its own: its
 * offset, with reads.setBytes; 0: there is no room in the heap at all. No latch, no hold: it reads rows.
 */
export function makeChangeSet(locks: Locks, reads: ReadSet, slot: number): number {
  const { i32 } = locks;
  const many = txnSlotUndoSpilled(i32, slot) > 0 || txnSlotUndoCount(i32, slot) > ENTRIES_MAX;
  let bytes = many ? -1 : buildRows(locks, slot);
  if (bytes > 0 && lockSharedSetBytes(i32, locks.shared) + heapBlockBytes(bytes) > rowsLimit(locks)) bytes = -1;
  let set = bytes > 0 ? heapAllocate(locks.shm, bytes) : 0;
  if (set === 0) {
    addLockSharedWholeTables(i32, locks.shared, 1);
    bytes = buildTables(locks, reads);
    set = heapAllocate(locks.shm, bytes);
    if (set === 0) return 0;
  }
  copyWords(locks.heap.i32, set, locks.build.i32, 0, bytes);
  setChangeSetSize(locks.heap.i32, set, bytes);
  reads.setBytes = bytes;
  return set;
}

// ---- making ----

function buildTables(locks: Locks, reads: ReadSet): number {
  makeRoom(locks, 0, CHANGE_SET_BYTES + reads.changed.size * 4);
  const { i32 } = locks.build;
  let at = CHANGE_SET_BYTES;
  for (const table of reads.changed) {
    i32[at >> 2] = table;
    at += 4;
  }
  setChangeSetKind(i32, 0, CHANGES_TABLES);
  setChangeSetCount(i32, 0, reads.changed.size);
  return pad(at);
}

/** Bytes of the set in locks.build, or -1 when it would take more than the limit. */
function buildRows(locks: Locks, slot: number): number {
  const { heap, i32, txns } = locks;
  let left = txnSlotUndoCount(i32, slot);
  let at = CHANGE_SET_BYTES;
  let rows = 0;
  for (let piece = txnSlotUndoFirst(i32, slot); piece !== 0 && left > 0; piece = undoPieceNext(heap.i32, piece)) {
    const entries = Math.min(left, PIECE_ENTRIES);
    for (let index = 0; index < entries; index++) {
      const entry = piece + UNDO_PIECE_BYTES + index * UNDO_ENTRY_BYTES;
      const kind = undoEntryKind(heap.u8, entry);
      if ((undoEntryFlags(heap.u8, entry) & UNDO_VOID) !== 0) continue;
      if (kind !== UNDO_INSERT && kind !== UNDO_UPDATE && kind !== UNDO_DELETE) continue;
      const table = txns.findTable(undoEntryTable(heap.u32, entry));
      // A table that this transaction dropped again: nobody else has seen it.
      if (table === undefined) continue;
      const first = undoEntrySlot(heap.u16, entry);
      const count = kind === UNDO_INSERT ? undoEntryCount(heap.u16, entry) : 1;
      for (let row = first; row < first + count; row++) {
        at = buildRow(locks, table, undoEntryPage(heap.i32, entry), row, undoEntryBack(heap.i32, entry), at);
        rows++;
      }
      if (at > rowsLimit(locks)) return -1;
    }
    left -= entries;
  }
  setChangeSetKind(locks.build.i32, 0, CHANGES_ROWS);
  setChangeSetCount(locks.build.i32, 0, rows);
  return at;
}

/** One row: its keys as they are now, and as they were in the version that the change has put away. */
function buildRow(locks: Locks, table: TableRuntime, page: number, slot: number, back: number, at: number): number {
  const { txns } = locks;
  let end = at + CHANGED_ROW_BYTES;
  let keys = 0;
  makeRoom(locks, at, CHANGED_ROW_BYTES);
  if (copyNewest(txns, page, slot, txns.image, 0)) {
    end = buildKeys(locks, table, end);
    keys += table.indexes.length;
  }
  if (back !== 0) {
    copyVersion(txns, back, txns.image, 0, null);
    end = buildKeys(locks, table, end);
    keys += table.indexes.length;
  }
  const { build } = locks;
  setChangedRowTable(build.u32, at, table.id);
  setChangedRowPage(build.i32, at, page);
  setChangedRowSlot(build.u16, at, slot);
  setChangedRowKeys(build.u16, at, keys);
  setChangedRowSize(build.i32, at, end - at);
  return end;
}

/** The keys of the image in txns.image. */
function buildKeys(locks: Locks, table: TableRuntime, from: number): number {
  const { txns } = locks;
  let views = txns.image;
  let fits = true;
  if (imageLayout(views.i32, 0) !== table.layout.number) {
    fits = table.upgrade(views, 0, txns.other, 0) >= 0;
    views = txns.other;
  }
  let at = from;
  for (const index of table.indexes) at = buildKey(locks, txns, index, views, fits, at);
  return at;
}

function buildKey(locks: Locks, txns: Transactions, index: IndexRuntime, views: ByteViews, fits: boolean, at: number): number {
  const { key } = txns;
  let status = fits ? index.extract(views.i32, views.u16, views.u8, views.f64, 0, key) : -1;
  if (status === KEY_OVERFLOW) status = index.extractWide(views, 0, key, txns.readOverflow);
  const length = status === KEY_OK ? orderedLength(index.kind, key) : 0;
  makeRoom(locks, at, CHANGED_KEY_BYTES + pad(length));
  const { build } = locks;
  setChangedKeyIndex(build.u32, at, index.id);
  setChangedKeyLength(build.u16, at, status === KEY_OK ? length : KEY_UNKNOWN);
  if (status === KEY_OK) putOrdered(index.kind, key, build.u8, at + CHANGED_KEY_BYTES);
  return at + CHANGED_KEY_BYTES + pad(length);
}

/** locks.build has room for `bytes` from `at` on. */
function makeRoom(locks: Locks, at: number, bytes: number): void {
  const before = locks.build;
  if (at + bytes <= before.u8.length) return;
  const more = privateViews(Math.max(before.u8.length * 2, at + bytes));
  more.u8.set(before.u8);
  locks.build = more;
}

// ---- asking ----

/** True when the change set changes something that was read. Nothing is allocated: it is also asked under a latch. */
export function changesWhatWasRead(locks: Locks, reads: ReadSet, set: number): boolean {
  const heap = locks.heap;
  const count = changeSetCount(heap.i32, set);
  let at = set + CHANGE_SET_BYTES;
  if (changeSetKind(heap.i32, set) === CHANGES_TABLES) {
    for (let index = 0; index < count; index++) if (reads.touched.has(heap.i32[(at >> 2) + index])) return true;
    return false;
  }
  for (let row = 0; row < count; row++) {
    if (rowWasRead(heap, reads, at)) return true;
    at += changedRowSize(heap.i32, at);
  }
  return false;
}

function rowWasRead(heap: ByteViews, reads: ReadSet, at: number): boolean {
  const table = changedRowTable(heap.u32, at);
  if (!reads.touched.has(table)) return false;
  if (reads.whole.has(table)) return true;
  if (hasRow(reads, changedRowPage(heap.i32, at), changedRowSlot(heap.u16, at))) return true;
  const keys = changedRowKeys(heap.u16, at);
  let key = at + CHANGED_ROW_BYTES;
  for (let index = 0; index < keys; index++) {
    const length = changedKeyLength(heap.u16, key);
    const known = length !== KEY_UNKNOWN;
    if (hasKey(reads, changedKeyIndex(heap.u32, key), heap, key + CHANGED_KEY_BYTES, known ? length : -1)) return true;
    key += CHANGED_KEY_BYTES + (known ? pad(length) : 0);
  }
  return false;
}
