/**
 * The tables of a kernel, for one thread: which there are, making, changing and dropping them (schema.ts), and the Table
 * objects that this thread works with. Everything here runs inside the engine.
 */

import { assert } from '../../shm/assert.ts';
import type { Column } from '../storage/rows/row-layout.ts';
import { checkDatabase } from '../storage/check.ts';
import { giveBackPage } from '../storage/space/heap-map-extents.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE } from '../txn/begin.ts';
import { waitDeadline } from '../txn/conflict.ts';
import { lockTable, TABLE_ACCESS, TABLE_WRITE, useTable, waitForTableUsers } from '../txn/table-locks.ts';
import { ROW_DONE, ROW_DUPLICATE, ROW_PAGE, ROW_SLOT, ROW_WAIT, type RowStatus, type Transaction } from '../txn/transactions.ts';
import { SYSTEM_TABLES } from '../catalog/system-tables.ts';
import { noteDropped } from './catalog-words.ts';
import type { Kernel } from './kernel.ts';
import { nextIndexId, nextTableId, startIds } from './kernel-words.ts';
import { freeDroppedTables } from './dropped-tables.ts';
import { nameTables } from './open-database.ts';
import {
  buildIndexOn,
  droppedForm,
  droppedName,
  isDropped,
  rootsForm,
  withColumn,
  withColumns,
  withNullable,
  withoutIndex,
} from './schema.ts';
import { structureCheckers } from './structure-check.ts';
import {
  duplicateTable,
  findStoredByName,
  insertStored,
  readStoredTables,
  SYS_TABLES,
  SYS_TABLES_ID,
  undefinedTable,
  updateStored,
} from './system-tables.ts';
import { Table } from './table.ts';
import {
  FIRST_USER_TABLE,
  type IndexDefinition,
  type StoredTable,
  type TableDefinition,
  tableRuntime,
} from './table-definition.ts';
import { findTable, publishTable, tableIds } from './table-directory.ts';
import { createIndexRoot, createTablePages, freeTablePages } from './table-pages.ts';
import { noteForm, noteNamed, notePages } from './undo-other.ts';

export class KernelTables {
  /** Sequences of temporary tables have names that begin so: at open they are dropped. */
  readonly temporaryPrefix = TEMPORARY_PREFIX;
  readonly #kernel: Kernel;
  /** Tables that are seen not to be temporary, which none becomes; ids are not used again. */
  readonly #lasting = new Set<number>();
  readonly #tables = new Map<number, Table>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  // ---- at open ----

  /** Makes sys.tables (root 0), or reads it and publishes what it names. After a crash unlogged tables begin empty. */
  start(tablesRoot: number, clean: boolean): void {
    if (tablesRoot === 0) {
      this.#createSystemTables();
      this.#createTemporarySystemTables();
      return;
    }
    this.#loadTables(tablesRoot);
    freeDroppedTables(this.#kernel, true);
    this.#dropTemporary();
    if (!clean) this.#emptyUnlogged();
    this.#createTemporarySystemTables();
    this.freeDroppedTables();
  }

  #createSystemTables(): void {
    const kernel = this.#kernel;
    const { parts } = kernel;
    startIds(parts.shm, FIRST_USER_TABLE - 1, 0);
    const stored = createTablePages(parts, SYS_TABLES, SYS_TABLES_ID, () => nextIndexId(parts.shm));
    publishTable(parts.directory, stored);
    const tx = kernel.begin();
    this.#insertRowOf(tx, stored);
    for (const definition of SYSTEM_TABLES) {
      if (definition.temporary) continue;
      const own = createTablePages(parts, definition, definition.id, () => nextIndexId(parts.shm));
      publishTable(parts.directory, own);
      this.#insertRowOf(tx, own);
    }
    kernel.commit(tx);
    nameTables(parts, stored.mapRoot);
  }

  /** System tables whose rows live for this boot. */
  #createTemporarySystemTables(): void {
    const { parts } = this.#kernel;
    for (const definition of SYSTEM_TABLES) {
      if (!definition.temporary) continue;
      publishTable(
        parts.directory,
        createTablePages(parts, definition, definition.id, () => nextIndexId(parts.shm)),
      );
    }
  }

  #loadTables(tablesRoot: number): void {
    const kernel = this.#kernel;
    const { parts } = kernel;
    const tx = kernel.begin({ readOnly: true });
    beginStatement(tx, STATEMENT_SIMPLE, false);
    const tables = readStoredTables(parts, tx, tablesRoot);
    endStatement(tx);
    kernel.rollback(tx);
    for (const stored of tables) publishTable(parts.directory, stored);
    const indexIds = tables.flatMap((stored) => stored.indexes.map((index) => index.id));
    startIds(parts.shm, Math.max(FIRST_USER_TABLE - 1, ...tables.map((stored) => stored.id)), Math.max(0, ...indexIds));
  }

  /** Those of sessions that are no more. */
  #dropTemporary(): void {
    const { directory } = this.#kernel.parts;
    for (const id of tableIds(directory)) {
      if (findTable(directory, id)?.stored.name.startsWith(TEMPORARY_PREFIX) !== true) continue;
      const tx = this.#kernel.begin();
      this.dropById(tx, id);
      this.#kernel.commit(tx);
    }
  }

  /**
   * What unlogged tables held is not known after a crash: each gets new pages. Index pages of before are found by what nobody
   * claims: their way from the root is not in the log.
   */
  #emptyUnlogged(): void {
    const kernel = this.#kernel;
    const { parts } = kernel;
    const unlogged = tableIds(parts.directory).flatMap((id) => {
      const stored = findTable(parts.directory, id)?.stored;
      return stored === undefined || stored.logged || isDropped(stored) ? [] : [stored];
    });
    if (unlogged.length === 0) return;
    for (const stored of unlogged) {
      const columns = stored.layouts[stored.layouts.length - 1] ?? [];
      const { mapRoot } = createTablePages(parts, { name: stored.name, columns, logged: false }, stored.id, () => 0);
      const indexes = stored.indexes.map((index) => ({ ...index, root: createIndexRoot(parts, index, false, false) }));
      const fresh: StoredTable = { ...stored, mapRoot, indexes };
      const tx = kernel.begin();
      this.#replaceRow(tx, stored.name, fresh);
      kernel.commit(tx);
      publishTable(parts.directory, fresh);
      freeTablePages(parts, stored.mapRoot, [], 0);
    }
    const report = checkDatabase(parts.space, structureCheckers(parts, { rows: 0, entries: 0, staleEntries: 0 }));
    for (const page of report.unowned) giveBackPage(parts.space, page, 0);
  }

  // ---- finding ----

  /** The table with this name, as the transaction sees it. 42P01. */
  byName(tx: Transaction, name: string): Table {
    const stored = this.#storedByName(tx, name);
    if (stored === null) throw undefinedTable(name);
    return this.byId(stored.id);
  }

  /** The table with this id; it is known to this boot. */
  byId(id: number): Table {
    const { parts } = this.#kernel;
    const entry = findTable(parts.directory, id);
    if (entry === undefined) throw undefinedTable(`#${id}`);
    const known = this.#tables.get(id);
    if (known !== undefined && known.runtime === entry.runtime) return known;
    const table = new Table(parts, entry.stored, entry.runtime);
    this.#tables.set(id, table);
    return table;
  }

  #storedByName(tx: Transaction, name: string): StoredTable | null {
    let stored: StoredTable | null = null;
    this.#kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      stored = findStoredByName(this.byId(SYS_TABLES_ID), tx, name);
      return ROW_DONE;
    });
    return stored ?? this.#temporaryByName(name);
  }

  #temporaryByName(name: string): StoredTable | null {
    const { directory } = this.#kernel.parts;
    for (const id of tableIds(directory)) {
      if (this.#lasting.has(id)) continue;
      const entry = findTable(directory, id);
      if (entry?.stored.temporary === false) this.#lasting.add(id);
      else if (entry?.stored.name === name) return entry.stored;
    }
    return null;
  }

  // ---- making and changing ----

  create(tx: Transaction, definition: TableDefinition): Table {
    const { parts } = this.#kernel;
    tableRuntime(probeOf(definition));
    if (this.#storedByName(tx, definition.name) !== null) throw duplicateTable(definition.name);
    const id = nextTableId(parts.shm);
    const stored = createTablePages(parts, definition, id, () => nextIndexId(parts.shm));
    publishTable(parts.directory, stored);
    const roots = stored.indexes.map((index) => index.root);
    notePages(tx, id, stored.mapRoot, roots, !stored.temporary);
    if (!stored.temporary) this.#insertRowOf(tx, stored);
    return this.byId(id);
  }

  drop(tx: Transaction, name: string): void {
    this.dropById(tx, this.byName(tx, name).stored.id);
  }

  dropById(tx: Transaction, id: number): void {
    const { parts } = this.#kernel;
    this.lock(tx, id, TABLE_ACCESS);
    const { stored } = this.byId(id);
    const dropped = droppedForm(stored, tx.number);
    noteDropped(parts.catalog);
    if (!stored.temporary) this.#replaceRow(tx, stored.name, dropped);
    noteForm(tx, parts.directory, stored);
    publishTable(parts.directory, dropped);
  }

  createIndex(tx: Transaction, name: string, definition: IndexDefinition): Table {
    return this.createIndexById(tx, this.byName(tx, name).stored.id, definition);
  }

  createIndexById(tx: Transaction, id: number, definition: IndexDefinition): Table {
    return this.#change(tx, id, TABLE_WRITE, (stored) => buildIndexOn(this.#kernel.parts, tx, stored, definition));
  }

  /** Takes an index out of its table; its pages go when every snapshot is past that. */
  dropIndex(tx: Transaction, id: number, position: number): Table {
    return this.#change(tx, id, TABLE_ACCESS, (stored) => {
      const { parts } = this.#kernel;
      const { root } = stored.indexes[position];
      const out = nextTableId(parts.shm);
      const dropped = { ...rootsForm(out, droppedName(out), [root]), temporary: stored.temporary, droppedBy: tx.number };
      noteDropped(parts.catalog);
      this.#publishRoots(tx, dropped);
      return withoutIndex(stored, position);
    });
  }

  /** Pages that a transaction has just made, under an id of their own: rollback gives them back. */
  createRoots(tx: Transaction, name: string, roots: readonly number[]): number {
    const id = nextTableId(this.#kernel.parts.shm);
    notePages(tx, id, 0, roots, true);
    this.#publishRoots(tx, rootsForm(id, name, roots));
    return id;
  }

  #publishRoots(tx: Transaction, stored: StoredTable): void {
    // First: whatever fails from here on, its row for want of room, the name goes again.
    noteNamed(tx, stored.id);
    publishTable(this.#kernel.parts.directory, stored);
    if (!stored.temporary) this.#insertRowOf(tx, stored);
  }

  addColumn(tx: Transaction, name: string, column: Column): Table {
    return this.#change(tx, this.byName(tx, name).stored.id, TABLE_ACCESS, (stored) => withColumn(stored, column));
  }

  addColumns(tx: Transaction, id: number, columns: readonly Column[]): Table {
    return this.#change(tx, id, TABLE_ACCESS, (stored) => withColumns(stored, columns));
  }

  makeNullable(tx: Transaction, id: number, place: number): Table {
    return this.#change(tx, id, TABLE_ACCESS, (stored) => withNullable(stored, place));
  }

  /** The new form is published before the locks go with the commit: whoever writes next works with it. */
  #change(tx: Transaction, id: number, refuses: number, change: (stored: StoredTable) => StoredTable): Table {
    const { parts } = this.#kernel;
    this.lock(tx, id, refuses);
    const { stored } = this.byId(id);
    const changed = change(stored);
    if (!stored.temporary) this.#replaceRow(tx, stored.name, changed);
    noteForm(tx, parts.directory, stored);
    publishTable(parts.directory, changed);
    return this.byId(stored.id);
  }

  /** Waits until nobody else uses the table in a way that is refused (TX-T14). */
  lock(tx: Transaction, table: number, refuses: number): void {
    const { locks } = this.#kernel.parts;
    const deadline = waitDeadline(tx);
    this.#kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      for (;;) {
        const status = lockTable(locks, tx, table, refuses);
        if (status !== ROW_WAIT || tx.waitsFor !== 0) return status;
        waitForTableUsers(locks, tx, deadline);
      }
    });
  }

  // ---- rows of sys.tables ----

  #insertRowOf(tx: Transaction, stored: StoredTable): void {
    const insert = (): RowStatus => insertStored(this.byId(SYS_TABLES_ID), tx, stored) as RowStatus;
    const status = this.#kernel.statement(tx, STATEMENT_SIMPLE, true, insert);
    if (status === ROW_DUPLICATE) throw duplicateTable(stored.name);
    assert(status === ROW_DONE, 'a row of sys.tables goes in or meets one with its name');
  }

  #replaceRow(tx: Transaction, name: string, stored: StoredTable): void {
    const status = this.#kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      const tables = this.byId(SYS_TABLES_ID);
      if (useTable(this.#kernel.parts.locks, tx, SYS_TABLES_ID, TABLE_WRITE)) return ROW_WAIT;
      if (findStoredByName(tables, tx, name) === null) throw undefinedTable(name);
      return updateStored(tables, tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT], stored) as RowStatus;
    });
    if (status === ROW_DUPLICATE) throw duplicateTable(stored.name);
    if (status !== ROW_DONE) throw undefinedTable(name);
  }

  /** Gives back what dropped tables had, once every snapshot is past their drop. True: some are left. */
  freeDroppedTables(): boolean {
    return freeDroppedTables(this.#kernel);
  }
}

const TEMPORARY_PREFIX = '\u0000temporary:';

/** A definition as if it were stored: generating from it finds what is wrong before any page is made. */
const probeOf = (definition: TableDefinition): StoredTable => ({
  id: 0,
  name: definition.name,
  mapRoot: 0,
  logged: true,
  temporary: false,
  layouts: [definition.columns],
  indexes: [],
});
