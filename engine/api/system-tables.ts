/**
 * sys.tables: the rows that say which tables there are (SM-F3). Ordinary rows of an ordinary table, so that making a table is
 * transactional; its own first row describes itself, and the meta page names the root of its heap map only.
 *
 *   sys.tables   id int32 (unique) | name text (unique) | definition json: a StoredTable
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { heapPage, heapPageCount } from '../storage/space/heap-map.ts';
import { privateViews } from '../storage/rows/byte-views.ts';
import { ROW_SCRATCH_BYTES } from '../storage/rows/row-image.ts';
import { HEAP_SLOTS_MAX } from '../storage/heap/heap-page.ts';
import { readCurrent } from '../txn/index-read.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { KernelParts } from './kernel-parts.ts';
import { Table } from './table.ts';
import { type StoredTable, type TableDefinition, tableRuntime } from './table-definition.ts';

export const SYS_TABLES_ID = 1;

export const SYS_TABLES: TableDefinition = {
  name: 'sys.tables',
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'name', kind: 'text', nullable: false },
    { name: 'definition', kind: 'json', nullable: false },
  ],
  indexes: [
    { name: 'sys.tables_id', columns: ['id'], unique: true },
    { name: 'sys.tables_name', columns: ['name'], unique: true },
  ],
};

const DEFINITION = 2;

/** The row of a table. */
const rowOf = (stored: StoredTable): (number | string)[] => [stored.id, stored.name, JSON.stringify(stored)];

/** Adds the row of a new table; a single row operation, inside a statement. 42P07 when the name is taken. */
export function insertStored(tables: Table, tx: Transaction, stored: StoredTable): number {
  const row = tables.newRow();
  tables.encode(row, rowOf(stored), tx);
  return tables.insert(tx, row);
}

/** Replaces the row of a table that lies at (page, slot). */
export function updateStored(tables: Table, tx: Transaction, page: number, slot: number, stored: StoredTable): number {
  const row = tables.newRow();
  tables.encode(row, rowOf(stored), tx);
  return tables.update(tx, page, slot, row);
}

/** The table with this name that the transaction sees, and its row's place in tx.ints; null when there is none. */
export function findStoredByName(tables: Table, tx: Transaction, name: string): StoredTable | null {
  const row = tables.newRow();
  if (!tables.find(tx, 'sys.tables_name', [name], row)) return null;
  return JSON.parse(String(tables.decode(row)[DEFINITION])) as StoredTable;
}

/**
 * Every table that the transaction sees, in the order of the heap. Needs no index: before the row of sys.tables itself is read,
 * nobody knows its indexes.
 */
export function readStoredTables(parts: KernelParts, tx: Transaction, mapRoot: number): StoredTable[] {
  const bare = { ...tableRuntime(bareTable(mapRoot)) };
  const table = new Table(parts, bareTable(mapRoot), bare);
  const out = privateViews(ROW_SCRATCH_BYTES);
  const found: StoredTable[] = [];
  const pages = heapPageCount(parts.space, mapRoot);
  for (let index = 0; index < pages; index++) {
    const page = heapPage(parts.space, mapRoot, index);
    for (let slot = 0; slot < HEAP_SLOTS_MAX; slot++) {
      if (readCurrent(tx, bare, page, slot, out) > 0)
        found.push(JSON.parse(String(table.decode(out)[DEFINITION])) as StoredTable);
    }
  }
  return found;
}

const bareTable = (mapRoot: number): StoredTable => ({
  id: SYS_TABLES_ID,
  name: SYS_TABLES.name,
  mapRoot,
  logged: true,
  temporary: false,
  layouts: [SYS_TABLES.columns],
  indexes: [],
});

export const undefinedTable = (name: string): SqlError =>
  new SqlError(SQLSTATE.undefined_table, `table "${name}" does not exist`, { hint: 'createTable() makes it' });

export const duplicateTable = (name: string): SqlError =>
  new SqlError(SQLSTATE.duplicate_table, `table "${name}" exists already`, { hint: 'drop it, or choose another name' });
