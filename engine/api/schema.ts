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
import type { Column } from '../storage/rows/row-layout.ts';
import { PAGE_USED } from '../storage/space/allocation-page.ts';
import { pageUse } from '../storage/space/space.ts';
import type { Transaction } from '../txn/transactions.ts';
import { fillIndex } from './fill-index.ts';
import type { KernelParts } from './kernel-parts.ts';
import { nextIndexId } from './kernel-words.ts';
import { type IndexDefinition, type StoredTable, tableRuntime } from './table-definition.ts';
import { createIndexPages, freeTablePages } from './table-pages.ts';
import { notePages } from './undo-other.ts';

/** Dropped tables stand under names that begin so: no user's name can. */
export const DROPPED_PREFIX = '\u0000dropped:';

/** The row of a table that is dropped: out of the way of its name. */
export const droppedForm = (stored: StoredTable, transaction: number): StoredTable => ({
  ...stored,
  name: droppedName(stored.id),
  droppedBy: transaction,
});

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

/** The table with a column that may be NULL: a further layout, unless it is so already. */
export function withNullable(stored: StoredTable, place: number): StoredTable {
  const columns = currentColumns(stored);
  if (columns[place].nullable) return stored;
  const changed = columns.map((column, at) => ({
    ...column,
    id: column.id ?? at,
    nullable: column.nullable || at === place,
  }));
  const result = { ...stored, layouts: [...stored.layouts, changed] };
  tableRuntime(result);
  return result;
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
 * ends. 23505 when a unique one meets two rows with one key, 57014.
 */
export function buildIndexOn(parts: KernelParts, tx: Transaction, stored: StoredTable, definition: IndexDefinition): StoredTable {
  const { logged, temporary } = stored;
  const index = createIndexPages(parts, currentColumns(stored), definition, nextIndexId(parts.shm), logged, temporary);
  notePages(tx, stored.id, 0, [index.root], !temporary);
  const changed = { ...stored, indexes: [...stored.indexes, index] };
  const runtime = tableRuntime(changed);
  const exact = fillIndex(
    parts,
    tx,
    runtime,
    index,
    runtime.indexes[runtime.indexes.length - 1],
    definition.isChecked ?? index.unique,
  );
  return exact ? changed : { ...stored, indexes: [...stored.indexes, { ...index, inexact: true }] };
}

/** Roots of its indexes, and of what else it has. */
export const rootsOf = (stored: StoredTable): number[] => [...stored.indexes.map((index) => index.root), ...(stored.roots ?? [])];

/** Nothing by which its pages are found was given back yet: it can be gone on with at any time (table-pages.ts). */
export const isUntouched = (parts: KernelParts, stored: StoredTable): boolean =>
  [...rootsOf(stored), stored.mapRoot].every((root) => root <= 0 || pageUse(parts.space, root) === PAGE_USED);

/** Gives back what a dropped table had. Its row goes in the same stay inside the engine (table-pages.ts). */
export function freeDropped(parts: KernelParts, stored: StoredTable): void {
  assert(isDropped(stored), 'only a dropped table is freed');
  freeTablePages(parts, stored.mapRoot, rootsOf(stored), 0);
}
