/**
 * Building an index of a table that has rows: an entry for every key that some version of a row has which somebody may still see,
 * sorted, and put together bottom-up (build.ts). Rows that lie in the order of their keys go in as they lie (page-keys.ts). Nobody
 * writes to the table meanwhile.
 */

import { arrayDecoder } from '../../codegen/rows/decoder.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { buildIndex } from '../storage/btree/build.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import { HEAP_SLOTS_MAX } from '../storage/heap/heap-page.ts';
import { pageSlotCount } from '../storage/page.layout.gen.ts';
import { readReferenced } from '../storage/overflow/overflow.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { imageLayout, ROW_DELETED, ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import { isNested } from '../storage/rows/nested-value.ts';
import { arrayText } from '../values/array-text.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import {
  createKeyList,
  createKeyScratch,
  type IndexRuntime,
  type KeyList,
  type KeyScratch,
  type TableRuntime,
} from '../storage/rows/runtime.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { raiseBoundNow } from '../txn/collector.ts';
import { extractKey } from '../txn/index-change.ts';
import { isListed, listKeys, takeKey } from '../txn/index-keys.ts';
import { copyNewest } from '../txn/row-read.ts';
import type { Transaction } from '../txn/transactions.ts';
import { loadTxnSharedBound } from '../txn/txn.layout.gen.ts';
import { sameKeys } from '../txn/unique.ts';
import { copyVersion } from '../txn/visibility.ts';
import { ENTRY_UNIQUE, IndexEntries } from './index-entries.ts';
import type { KernelParts } from './kernel-parts.ts';
import {
  checkCancelled,
  createKeyReader,
  KEY_WORDS,
  type KeyReader,
  KeysInOrder,
  readPageKeys,
  rowsInOrder,
} from './page-keys.ts';
import type { StoredIndex } from './table-definition.ts';

interface Fill {
  readonly parts: KernelParts;
  readonly table: TableRuntime;
  readonly index: IndexRuntime;
  /** Rows with one key are refused. */
  readonly isChecked: boolean;
  readonly entries: IndexEntries;
  readonly image: ByteViews;
  readonly current: ByteViews;
  readonly key: KeyScratch;
  readonly keys: KeyList;
  /** Key of the newest version of a row. */
  readonly newest: KeyScratch;
  /** A row has had another key that some snapshot may still see. */
  inexact: boolean;
}

/**
 * Fills an empty index; true: only with entries for keys that rows have now (SM-P2). 23505 when one that is checked meets two rows with
 * one key, before any page is made; 57014.
 */
export function fillIndex(
  parts: KernelParts,
  tx: Transaction,
  table: TableRuntime,
  stored: StoredIndex,
  index: IndexRuntime,
  isChecked: boolean,
): boolean {
  raiseBoundNow(parts.txns);
  const reader = index.kind !== 'bytes' && !isListed(index) ? createKeyReader(parts, table, index) : null;
  if (reader !== null && rowsInOrder(reader, tx)) {
    buildIndex(parts.tree, index, new KeysInOrder(reader), table.logged);
    return true;
  }
  const entries = new IndexEntries(index.kind, parts.space);
  const fill: Fill = {
    parts,
    table,
    index,
    isChecked,
    entries,
    image: privateViews(ROW_SCRATCH_BYTES),
    current: privateViews(ROW_SCRATCH_BYTES),
    key: createKeyScratch(),
    keys: createKeyList(),
    newest: createKeyScratch(),
    inexact: false,
  };
  try {
    collectEntries(fill, tx, reader);
    if (isChecked) checkDuplicates(fill, stored);
    buildIndex(parts.tree, index, entries.ordered(), table.logged);
    return !fill.inexact;
  } finally {
    entries.close();
  }
}

function collectEntries(fill: Fill, tx: Transaction, reader: KeyReader | null): void {
  const { parts, table } = fill;
  const pages = heapPageCount(parts.space, table.mapRoot);
  for (let number = 0; number < pages; number++) {
    const page = heapPage(parts.space, table.mapRoot, number);
    checkCancelled(tx);
    if (reader === null || !collectKeys(fill, reader, page)) collectRows(fill, page);
  }
}

/** False: some row of the page needs more than its page. */
function collectKeys(fill: Fill, reader: KeyReader, page: number): boolean {
  const { index, entries, key, isChecked } = fill;
  const { words } = reader;
  const count = readPageKeys(reader, page);
  for (let at = 0; at < count * KEY_WORDS; at += KEY_WORDS) {
    key.i32[0] = words[at];
    key.i32[1] = words[at + 1];
    const unique = isChecked && !(index.nullsDistinct && words[at + 3] !== 0);
    entries.add(key, page, words[at + 2], unique ? ENTRY_UNIQUE : 0);
  }
  return count >= 0;
}

function collectRows(fill: Fill, page: number): void {
  const { txns, cache } = fill.parts;
  const frame = holdPage(cache, page);
  const slots = Math.min(pageSlotCount(pageViews(cache, frame).u16, pagePlace(cache, frame)), HEAP_SLOTS_MAX);
  releasePage(cache, frame);
  for (let slot = 0; slot < slots; slot++) if (copyNewest(txns, page, slot, fill.image, 0)) collectRow(fill, page, slot);
}

/** All versions of one row, the newest first; it is in `image`. */
function collectRow(fill: Fill, page: number, slot: number): void {
  const { parts, image } = fill;
  const { txns } = parts;
  const bound = loadTxnSharedBound(txns.i32, txns.shared);
  for (let newest = true; ; newest = false) {
    if (newest && !isListed(fill.index)) keyOfImage(fill, image, fill.newest);
    if ((image.i32[3] & ROW_DELETED) === 0) {
      if (isListed(fill.index)) addListed(fill, page, slot);
      else addKey(fill, page, slot, newest);
    }
    const back = image.i32[2];
    // Older ones are followed only from a version that some snapshot may not see (TX-T17).
    if (back === 0 || (image.f64[0] >= 0 && image.f64[0] <= bound)) return;
    copyVersion(txns, back, image, 0, null);
  }
}

/** The entry of the image. */
function addKey(fill: Fill, page: number, slot: number, newest: boolean): void {
  const { index, key, entries, image, isChecked } = fill;
  keyOfImage(fill, image, key);
  if (!sameKeys(index, fill.newest, key)) fill.inexact = true;
  entries.add(key, page, slot, newest && isChecked && !(index.nullsDistinct && key.nulls > 0) ? ENTRY_UNIQUE : 0);
}

function keyOfImage({ parts, table, index, current }: Fill, image: ByteViews, key: KeyScratch): void {
  extractKey(parts.txns, index, currentImage(table, image, current), 0, key);
}

/** Of an index with several entries a row, those of the image. */
function addListed({ parts, table, index, key, keys, entries, image, current }: Fill, page: number, slot: number): void {
  listKeys(parts.txns, table, index, image, 0, keys, current);
  for (let at = 0; at < keys.count; at++) {
    takeKey(keys, at, key);
    entries.add(key, page, slot, 0);
  }
}

function currentImage(table: TableRuntime, image: ByteViews, room: ByteViews): ByteViews {
  if (imageLayout(image.i32, 0) === table.layout.number) return image;
  table.upgrade(image, 0, room, 0);
  return room;
}

/** Of equal keys, which follow each other, one row's newest version at most may have it. */
function checkDuplicates(fill: Fill, stored: StoredIndex): void {
  const ordered = fill.entries.ordered();
  const before = createKeyScratch();
  let found = false;
  while (ordered.next()) {
    if ((ordered.flags & ENTRY_UNIQUE) === 0) continue;
    const { key } = ordered;
    if (found && sameKeys(fill.index, before, key)) throw duplicateKey(fill, stored, key.i32[2], key.i32[3]);
    found = true;
    before.i32.set(key.i32);
    before.length = key.length;
    if (fill.index.kind === 'bytes') before.u8.set(key.u8.subarray(0, key.length));
  }
}

function duplicateKey(fill: Fill, stored: StoredIndex, page: number, slot: number): SqlError {
  const { parts, table, image } = fill;
  copyNewest(parts.txns, page, slot, image, 0);
  const row = currentImage(table, image, fill.current);
  const decode = arrayDecoder(table.layout);
  const values = decode(row.i32, row.u16, row.u8, row.f64, row.bytesView, 0, (i32, reference) =>
    readReferenced(parts.overflow, i32, reference),
  ) as RowValue[];
  const names = stored.keys.map((key) => table.layout.columns[key.column].name).join(', ');
  const shown = stored.keys.map((key) => shownValue(values[key.column])).join(', ');
  return new SqlError(SQLSTATE.unique_violation, `could not create unique index "${stored.name}"`, {
    detail: `Key (${names})=(${shown}) is duplicated.`,
    hint: 'remove all rows but one that have it, or make the index without UNIQUE',
  });
}

function shownValue(value: RowValue): string {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (isNested(value) && value.kind === 'array') return arrayText(value, shownValue);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
