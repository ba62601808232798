/**
 * What check() verifies of tables: every heap page against itself, every row against every index, every entry against the heap,
 * every overflow chain; and whose each page is.
 *
 * Nobody writes meanwhile. An entry whose row has another key by now, or none, is stale, not wrong: entries are not versioned
 * (SM-B1), and the collector's lists die with the process (SM-B4). A row without its entry is wrong: nobody would find it.
 */

import { SqlError } from '../../shm/errors.ts';
import { checkIndex } from '../storage/btree/check.ts';
import { eachIndexPage } from '../storage/btree/create.ts';
import { type Cursor, createCursor, cursorAt, cursorKey, nextBatch } from '../storage/btree/cursor.ts';
import { holdPage, pagePlace, pageViews, releasePage } from '../storage/cache/page-cache.ts';
import type { CheckContext, StructureChecker } from '../storage/check.ts';
import { checkHeapPage } from '../storage/heap/heap-check.ts';
import { HEAP_SLOTS_MAX, slotEntry } from '../storage/heap/heap-page.ts';
import { eachOverflowPage } from '../storage/overflow/overflow.ts';
import { pageFlags, pageSlotCount, pageType } from '../storage/page.layout.gen.ts';
import { PAGE_ENTRIES_EXACT, PAGE_TYPE_HEAP } from '../storage/page.layout.ts';
import { type ByteViews, copyWords, privateViews } from '../storage/rows/byte-views.ts';
import {
  imageLayout,
  OVERFLOW_BIT,
  ROW_BODY,
  ROW_DELETED,
  ROW_FORWARD,
  ROW_OVERFLOW,
  ROW_SCRATCH_BYTES,
} from '../storage/rows/row-image.ts';
import { createKeyList, createKeyScratch, type IndexRuntime, type KeyList, type KeyScratch } from '../storage/rows/runtime.ts';
import { eachHeapMapRun, heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { extractKey, findCurrentKey } from '../txn/index-change.ts';
import { isListed, listKeys, takeKey } from '../txn/index-keys.ts';
import { copyNewest } from '../txn/row-read.ts';
import { NAMED_INDEXES } from '../txn/row-update.ts';
import { sameKeys } from '../txn/unique.ts';
import type { KernelParts } from './kernel-parts.ts';
import { isDropped, rootsOf } from './schema.ts';
import { findTable, tableIds } from './table-directory.ts';
import type { TableEntry } from './table-directory.ts';
import { eachPageLeft } from './table-pages.ts';

/** Rows and entries that the check met. */
export interface TableFigures {
  rows: number;
  entries: number;
  staleEntries: number;
}

/** One checker for each table that is published. */
export function structureCheckers(parts: KernelParts, figures: TableFigures): StructureChecker[] {
  return tableIds(parts.directory).flatMap((id) => {
    const entry = findTable(parts.directory, id);
    return entry === undefined ? [] : [(context: CheckContext) => checkTable(parts, entry, context, figures)];
  });
}

function checkTable(parts: KernelParts, entry: TableEntry, context: CheckContext, figures: TableFigures): void {
  const { stored } = entry;
  const name = `table "${stored.name}" (${stored.id})`;
  if (isDropped(stored)) {
    // Nobody reads it any more, and its pages go back one by one.
    eachPageLeft(parts, stored.mapRoot, rootsOf(stored), (first, count) => context.claim(first, count, name));
    return;
  }
  for (const root of stored.roots ?? []) {
    context.attempt(root, () => eachIndexPage(parts.tree, root, (page) => context.claim(page, 1, name)));
  }
  if (stored.mapRoot === 0) return;
  eachHeapMapRun(parts.space, stored.mapRoot, (first, count) => context.claim(first, count, name));
  const pages = heapPageCount(parts.space, stored.mapRoot);
  const scratch = createScratch(entry.runtime.indexes);
  for (let index = 0; index < pages; index++) {
    const page = heapPage(parts.space, stored.mapRoot, index);
    context.attempt(page, () => checkHeap(parts, entry, page, scratch, context, figures));
  }
  for (const [at, index] of entry.runtime.indexes.entries()) {
    const owner = `index "${stored.indexes[at].name}"`;
    const complain = (page: number, what: string): void => context.complain(page, `${owner}: page ${page >>> 0} ${what}`);
    context.attempt(index.root, () => {
      eachIndexPage(parts.tree, index.root, (page) => context.claim(page, 1, owner));
      const found = checkIndex(parts.tree, index, complain, (key) => {
        const isThere = hasRow(parts, key.i32[2], key.i32[3]);
        if (!isThere) figures.staleEntries++;
        if (!isExact(parts, entry, index, at, key, isThere))
          complain(key.i32[2], `says that entries are exact, and one is of ${isThere ? 'another key' : 'no row'} (SM-P2)`);
      });
      figures.entries += found.entries;
    });
  }
}

/** What looking at a table's rows needs, made once. */
interface Scratch {
  readonly image: ByteViews;
  readonly upgraded: ByteViews;
  readonly key: KeyScratch;
  readonly found: KeyScratch;
  readonly keys: KeyList;
  /** Of each index. */
  readonly cursors: readonly Cursor[];
}

const createScratch = (indexes: readonly IndexRuntime[]): Scratch => ({
  image: privateViews(ROW_SCRATCH_BYTES),
  upgraded: privateViews(ROW_SCRATCH_BYTES),
  key: createKeyScratch(),
  found: createKeyScratch(),
  keys: createKeyList(),
  cursors: indexes.map((index) => createCursor(index.kind, 1)),
});

/** Copies a page, so that nothing is held while it is looked at. */
function copyPage(parts: KernelParts, page: number): ByteViews {
  const copy = privateViews(PAGE_BYTES);
  const frame = holdPage(parts.cache, page);
  copyWords(copy.i32, 0, pageViews(parts.cache, frame).i32, pagePlace(parts.cache, frame), PAGE_BYTES);
  releasePage(parts.cache, frame);
  return copy;
}

function checkHeap(
  parts: KernelParts,
  entry: TableEntry,
  page: number,
  scratch: Scratch,
  context: CheckContext,
  figures: TableFigures,
): void {
  const copy = copyPage(parts, page);
  if (pageType(copy.u8, 0) !== PAGE_TYPE_HEAP) {
    context.complain(page, `page ${page >>> 0} of table "${entry.stored.name}" is no heap page`);
    return;
  }
  for (const problem of checkHeapPage(copy, 0, entry.stored.layouts.length)) context.complain(page, problem);
  const slots = Math.min(pageSlotCount(copy.u16, 0), HEAP_SLOTS_MAX);
  const { image } = scratch;
  for (let slot = 0; slot < slots; slot++) {
    const place = slotEntry(copy.u32, 0, slot);
    if (place === 0) continue;
    const word = copy.i32[((place & 0x1fff) + 12) >> 2];
    if ((word & ROW_BODY) !== 0) continue;
    if (!copyNewest(parts.txns, page, slot, image, 0)) {
      const what = (word & ROW_FORWARD) !== 0 ? 'names a body that is not there' : 'cannot be read';
      context.complain(page, `row ${page >>> 0}:${slot} of table "${entry.stored.name}" ${what}`);
      continue;
    }
    if ((image.i32[3] & ROW_DELETED) !== 0) continue;
    figures.rows++;
    checkRow(parts, entry, page, slot, scratch, context);
  }
}

function checkRow(
  parts: KernelParts,
  entry: TableEntry,
  page: number,
  slot: number,
  scratch: Scratch,
  context: CheckContext,
): void {
  const { runtime, stored } = entry;
  const { key, keys } = scratch;
  let current = scratch.image;
  if ((current.i32[3] & ROW_OVERFLOW) !== 0) checkChains(parts, entry, page, slot, current, context);
  if (imageLayout(current.i32, 0) !== runtime.layout.number) {
    current = scratch.upgraded;
    runtime.upgrade(scratch.image, 0, current, 0);
  }
  for (let at = 0; at < runtime.indexes.length; at++) {
    const index = runtime.indexes[at];
    if (!isListed(index)) {
      extractKey(parts.txns, index, current, 0, key);
      look(at);
      continue;
    }
    listKeys(parts.txns, runtime, index, current, 0, keys);
    for (let which = 0; which < keys.count; which++) {
      takeKey(keys, which, key);
      look(at);
    }
  }

  function look(at: number): void {
    if (hasEntry(parts, runtime.indexes[at], scratch, scratch.cursors[at], page, slot)) return;
    const row = `row ${page >>> 0}:${slot} of table "${stored.name}"`;
    context.complain(page, `${row} is missing in index "${stored.indexes[at].name}"`);
  }
}

/** Whether the index has the entry of the key for the row. */
function hasEntry(
  parts: KernelParts,
  index: IndexRuntime,
  { key, found }: Scratch,
  cursor: Cursor,
  page: number,
  slot: number,
): boolean {
  cursorAt(cursor, key, page, slot);
  if (nextBatch(parts.tree, index.root, cursor) === 0) return false;
  cursorKey(cursor, 0, found);
  return sameKeys(index, key, found) && found.i32[2] === page && found.i32[3] === slot;
}

function checkChains(
  parts: KernelParts,
  entry: TableEntry,
  page: number,
  slot: number,
  image: ByteViews,
  context: CheckContext,
): void {
  const layout = entry.runtime.layouts[imageLayout(image.i32, 0)];
  if (layout === undefined) return;
  const name = `table "${entry.stored.name}" (${entry.stored.id}), row ${page >>> 0}:${slot}`;
  for (const column of layout.columns) {
    if (column.bytes !== 0 || (image.u16[(column.at >> 1) + 1] & OVERFLOW_BIT) === 0) continue;
    const first = image.i32[image.u16[column.at >> 1] >> 2];
    try {
      eachOverflowPage(parts.overflow, first, (chainPage) => context.claim(chainPage, 1, name));
    } catch (error) {
      if (!(error instanceof SqlError)) throw error;
      context.complain(page, `${name}: ${error.message}`);
    }
  }
}

/** Whether an entry is of the key that its row has now, if the row's page says that all are. */
function isExact(
  parts: KernelParts,
  { runtime }: TableEntry,
  index: IndexRuntime,
  at: number,
  key: KeyScratch,
  isThere: boolean,
): boolean {
  if (index.inexact === true || isListed(index) || at >= NAMED_INDEXES) return true;
  const frame = holdPage(parts.cache, key.i32[2]);
  const flags = pageFlags(pageViews(parts.cache, frame).u8, pagePlace(parts.cache, frame));
  releasePage(parts.cache, frame);
  if ((flags & PAGE_ENTRIES_EXACT) === 0) return true;
  const { txns } = parts;
  return isThere && findCurrentKey(txns, runtime, index, txns.image, 0, txns.otherKey) && sameKeys(index, txns.otherKey, key);
}

function hasRow(parts: KernelParts, page: number, slot: number): boolean {
  const image = parts.txns.image;
  return copyNewest(parts.txns, page, slot, image, 0);
}
