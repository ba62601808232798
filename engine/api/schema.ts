/**
 * Making and changing tables, inside a transaction (TX-T14): rows of sys.tables like any others, and pages that rollback, also
 * after a crash, gives back (undo-other.ts).
 *
 *   create   pages -> directory -> row of sys.tables
 *   drop     the row is renamed out of the way and marked; when every snapshot is past that, its pages go, then the row
 *   index    writers kept out -> pages, entries of all versions that somebody may see -> row and directory
 *   index out   everybody kept out -> what it was stands under an id of its own, dropped like a table -> row and directory
 *   column   everybody kept out -> a further layout; rows are read through it as they are (ADD COLUMN does not rewrite)
 */

import { assert } from '../../shm/assert.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { indexInsert } from '../storage/btree/insert.ts';
import { createWitness, type IndexChange } from '../storage/btree/tree.ts';
import { collectKey } from '../storage/btree/unique.ts';
import { HEAP_SLOTS_MAX } from '../storage/heap/heap-page.ts';
import { type ByteViews, privateViews } from '../storage/rows/byte-views.ts';
import { imageLayout, ROW_DELETED, ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import type { Column } from '../storage/rows/row-layout.ts';
import { createKeyScratch, type IndexRuntime, type TableRuntime } from '../storage/rows/runtime.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { extractKey, refusesDuplicates } from '../txn/index-change.ts';
import { copyNewest } from '../txn/row-read.ts';
import type { Transaction } from '../txn/transactions.ts';
import { loadTxnSharedBound } from '../txn/txn.layout.gen.ts';
import { hasKey } from '../txn/unique.ts';
import { copyVersion } from '../txn/visibility.ts';
import type { KernelParts } from './kernel-parts.ts';
import { nextIndexId } from './kernel-words.ts';
import { type IndexDefinition, type StoredTable, tableRuntime } from './table-definition.ts';
import { createIndexPages, freeTablePages } from './table-pages.ts';
import { notePages } from './undo-other.ts';

/** Dropped tables stand under names that begin so: no user's name can. */
export const DROPPED_PREFIX = '\u0000dropped:';

/** The row of a table that is dropped: out of the way of its name. */
export const droppedForm = (stored: StoredTable): StoredTable => ({ ...stored, name: droppedName(stored.id) });

export const isDropped = (stored: StoredTable): boolean => stored.name.startsWith(DROPPED_PREFIX);

/** The table with one more column, at the end. Rows of before read `missing`, or NULL. 42701, 23502. */
export function withColumn(stored: StoredTable, column: Column): StoredTable {
  const columns = currentColumns(stored);
  if (columns.some((existing) => existing.name === column.name)) {
    throw new SqlError(SQLSTATE.duplicate_object, `table "${stored.name}" has a column "${column.name}" already`);
  }
  if (!column.nullable && (column.missing === undefined || column.missing === null)) {
    throw new SqlError(SQLSTATE.not_null_violation, `column "${column.name}" is NOT NULL and has no value for rows that exist`, {
      hint: 'give `missing`, or make it nullable',
    });
  }
  const id = Math.max(...columns.map((existing, index) => existing.id ?? index)) + 1;
  const added = [...columns.map((existing, index) => ({ ...existing, id: existing.id ?? index })), { ...column, id }];
  const changed = { ...stored, layouts: [...stored.layouts, added] };
  tableRuntime(changed);
  return changed;
}

/** The table with more columns at the end, each with an id of its own: NULL in the rows of before. */
export function withColumns(stored: StoredTable, added: readonly Column[]): StoredTable {
  const changed = { ...stored, layouts: [...stored.layouts, [...currentColumns(stored), ...added]] };
  tableRuntime(changed);
  return changed;
}

/** The table without the index at a position. */
export const withoutIndex = (stored: StoredTable, position: number): StoredTable => ({
  ...stored,
  indexes: stored.indexes.filter((_, at) => at !== position),
});

/** Pages without a table: a sequence, or what DROP INDEX took out. */
export const rootsForm = (id: number, name: string, roots: readonly number[]): StoredTable => ({
  id,
  name,
  mapRoot: 0,
  logged: true,
  temporary: false,
  layouts: [[{ name: 'none', kind: 'int32', nullable: false }]],
  indexes: [],
  roots,
});

/** The name of a dropped object, by its id. */
export const droppedName = (id: number): string => `${DROPPED_PREFIX}${id}`;

const currentColumns = (stored: StoredTable): readonly Column[] => stored.layouts[stored.layouts.length - 1] as readonly Column[];

/**
 * Makes an index of a table that has rows, and returns the table with it. Nobody else writes to the table until the transaction
 * ends. 23505 when a unique one meets two rows with one key.
 */
export function buildIndexOn(parts: KernelParts, tx: Transaction, stored: StoredTable, definition: IndexDefinition): StoredTable {
  const { logged, temporary } = stored;
  const index = createIndexPages(parts, currentColumns(stored), definition, nextIndexId(parts.shm), logged, temporary);
  notePages(tx, stored.id, 0, [index.root], !temporary);
  const changed = { ...stored, indexes: [...stored.indexes, index] };
  const runtime = tableRuntime(changed);
  fillIndex(parts, runtime, runtime.indexes[runtime.indexes.length - 1], definition.name);
  return changed;
}

/** An entry for every key that some version of a row has which somebody may still see. */
function fillIndex(parts: KernelParts, table: TableRuntime, index: IndexRuntime, name: string): void {
  const { txns, space } = parts;
  const image = privateViews(ROW_SCRATCH_BYTES);
  // The entries are nobody's: rollback gives the pages back instead of taking entry after entry out.
  const change: IndexChange = {
    logged: table.logged,
    transaction: 0,
    table: table.id,
    previous: 0,
    compensation: false,
    lastRecord: 0,
  };
  const fill: Fill = { parts, table, index, change, name, current: privateViews(ROW_SCRATCH_BYTES), key: createKeyScratch() };
  const pages = heapPageCount(space, table.mapRoot);
  for (let number = 0; number < pages; number++) {
    const page = heapPage(space, table.mapRoot, number);
    for (let slot = 0; slot < HEAP_SLOTS_MAX; slot++) {
      if (!copyNewest(txns, page, slot, image, 0)) continue;
      fillRow(fill, page, slot, image);
    }
  }
}

interface Fill {
  readonly parts: KernelParts;
  readonly table: TableRuntime;
  readonly index: IndexRuntime;
  readonly change: IndexChange;
  readonly name: string;
  readonly current: ByteViews;
  readonly key: ReturnType<typeof createKeyScratch>;
}

/** All versions of one row, the newest first; it is in `image`. */
function fillRow(fill: Fill, page: number, slot: number, image: ByteViews): void {
  const { txns } = fill.parts;
  const bound = loadTxnSharedBound(txns.i32, txns.shared);
  for (let newest = true; ; newest = false) {
    const deleted = (image.i32[3] & ROW_DELETED) !== 0;
    if (!deleted) fillVersion(fill, page, slot, image, newest);
    const back = image.i32[2];
    // Older ones are followed only from a version that some snapshot may not see (TX-T17).
    if (back === 0 || (image.f64[0] >= 0 && image.f64[0] <= bound)) return;
    copyVersion(txns, back, image, 0, null);
  }
}

function fillVersion(fill: Fill, page: number, slot: number, image: ByteViews, newest: boolean): void {
  const { table, index, key, parts } = fill;
  let from = image;
  if (imageLayout(image.i32, 0) !== table.layout.number) {
    table.upgrade(image, 0, fill.current, 0);
    from = fill.current;
  }
  extractKey(parts.txns, index, from, 0, key);
  if (newest && refusesDuplicates(index, key)) checkDuplicate(fill, page, slot);
  indexInsert(parts.tree, index, key, page, slot, fill.change);
}

/** Another row whose newest version has the key. */
function checkDuplicate(fill: Fill, page: number, slot: number): void {
  const { parts, table, index, key, name } = fill;
  const { txns } = parts;
  const other = privateViews(ROW_SCRATCH_BYTES);
  const witness = createWitness();
  collectKey(parts.tree, index, key, witness);
  for (let entry = 0; entry < witness.rowCount; entry++) {
    const otherPage = witness.rowPages[entry];
    const otherSlot = witness.rowSlots[entry];
    if (otherPage === page && otherSlot === slot) continue;
    if (!copyNewest(txns, otherPage, otherSlot, other, 0) || (other.i32[3] & ROW_DELETED) !== 0) continue;
    if (hasKey(txns, table, index, other, 0, key)) {
      throw new SqlError(SQLSTATE.unique_violation, `index "${name}" cannot be made: two rows have the same key`, {
        hint: 'remove one of them, or make the index without `unique`',
      });
    }
  }
}

/** Gives back what a dropped table had. Its row goes in the same stay inside the engine (table-pages.ts). */
export function freeDropped(parts: KernelParts, stored: StoredTable): void {
  assert(isDropped(stored), 'only a dropped table is freed');
  freeTablePages(
    parts,
    stored.mapRoot,
    [...stored.indexes.map((index) => index.root), ...(stored.roots ?? [])],
    0,
  );
}
