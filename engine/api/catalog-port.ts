/** The kernel as the catalog needs it (engine/catalog/kernel-port.ts): rows of system tables, tables, sequences, versions. */

import { assert } from '../../shm/assert.ts';
import { handleClosed } from '../../shm/errors.ts';
import type { KernelIndex, KernelPort, KernelTable, RowsRead, SampledRows, TableSize } from '../catalog/kernel-port.ts';
import { LOCK_ALL } from '../catalog/kernel-port.ts';
import { changesOf, setThreshold } from '../jobs/table-changes.ts';
import { awaitHorizon } from '../storage/log/commit.ts';
import type { Column } from '../storage/rows/row-layout.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { createSequence, describeSequence, nextValue, resultInteger, resultLsn, setSequence } from '../storage/sequence.ts';
import type { SequenceOptions } from '../storage/sequence-options.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE } from '../txn/begin.ts';
import { TABLE_ACCESS, TABLE_WRITE, useTable } from '../txn/table-locks.ts';
import {
  DEPENDENCY,
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_PAGE,
  ROW_SLOT,
  ROW_WAIT,
  type RowStatus,
  type Savepoint,
  type Transaction,
} from '../txn/transactions.ts';
import { catalogVersion, nextCatalogSession, noteDdl } from './catalog-words.ts';
import { forgetChanged } from './changed-rows.ts';
import type { Kernel } from './kernel.ts';
import { heapSize, sampleHeap } from './sample-rows.ts';
import type { Table } from './table.ts';
import type { IndexDefinition } from './table-definition.ts';
import { noteCatalogChange } from './undo-other.ts';

/** Of one thread. */
export class CatalogPort implements KernelPort {
  readonly #kernel: Kernel;
  /** The catalog reads in a session of its own: the caller's may be in the midst of a transaction. */
  #session = -1;
  readonly settings: { readonly [name: string]: string };

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    const { settings } = kernel.parts;
    this.settings = {
      shared_buffers: `${Math.floor(settings.cacheBytes / 8192)}`,
      max_connections: `${settings.sessions}`,
      synchronous_commit: settings.durability === 'commit' ? 'on' : 'off',
      block_size: '8192',
      autovacuum: settings.analyzeEvery > 0 ? 'on' : 'off',
      autovacuum_analyze_threshold: `${settings.analyzeThreshold}`,
      autovacuum_analyze_scale_factor: `${settings.analyzeScale}`,
      autovacuum_naptime: `${settings.analyzeEvery / 1000}`,
    };
  }

  // ---- rows of system tables ----

  read(body: (rows: RowsRead) => void): number {
    const kernel = this.#kernel;
    return kernel.enter(() => {
      if (this.#session < 0) this.#session = kernel.openSession();
      // A commit whose locks are gone may not have raised the horizon yet.
      awaitHorizon(kernel.parts.log);
      const tx = kernel.begin({ session: this.#session });
      try {
        // As a statement that writes: at the precommitted horizon (TX-T9), so that what let a lock go is seen.
        beginStatement(tx, STATEMENT_SIMPLE, true);
        body({ find: (table, index, key) => this.#find(tx, table, index, key), all: (table) => this.#all(tx, table) });
        endStatement(tx);
        return tx.times[DEPENDENCY];
      } finally {
        kernel.rollback(tx);
      }
    });
  }

  #find(tx: Transaction, id: number, index: string, key: readonly RowValue[]): RowValue[][] {
    const table = this.#kernel.tables.byId(id);
    const found: RowValue[][] = [];
    const { keys, unique } = table.stored.indexes[table.indexAt(index)];
    if (unique && keys.length === key.length) {
      const row = table.newRow();
      if (table.find(tx, index, key, row)) found.push(table.decode(row));
    } else table.range(tx, index, key, key, (values) => found.push(values));
    return found;
  }

  #all(tx: Transaction, id: number): RowValue[][] {
    const found: RowValue[][] = [];
    this.#kernel.tables.byId(id).scan(tx, (values) => found.push(values));
    return found;
  }

  insert(tx: Transaction, id: number, values: readonly RowValue[]): boolean {
    const table = this.#kernel.tables.byId(id);
    const row = table.newRow();
    const status = this.#kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      table.encode(row, values, tx);
      return table.insert(tx, row) as RowStatus;
    });
    return status !== ROW_DUPLICATE;
  }

  replace(tx: Transaction, id: number, index: string, key: readonly RowValue[], values: readonly RowValue[]): boolean {
    return this.#changeRow(tx, id, index, key, (table, row) => {
      table.encode(row, values, tx);
      return table.update(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT], row) as RowStatus;
    });
  }

  remove(tx: Transaction, id: number, index: string, key: readonly RowValue[]): boolean {
    return this.#changeRow(tx, id, index, key, (table) => table.remove(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]));
  }

  #changeRow(
    tx: Transaction,
    id: number,
    index: string,
    key: readonly RowValue[],
    change: (table: Table, row: ReturnType<Table['newRow']>) => RowStatus,
  ): boolean {
    const kernel = this.#kernel;
    const table = kernel.tables.byId(id);
    const row = table.newRow();
    let found = false;
    const status = kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      if (useTable(kernel.parts.locks, tx, id, TABLE_WRITE)) return ROW_WAIT;
      found = table.find(tx, index, key, row);
      return found ? change(table, row) : ROW_DONE;
    });
    return found && status === ROW_DONE;
  }

  // ---- tables ----

  createTable(tx: Transaction, { name, columns, indexes, logged, temporary }: KernelTable): number {
    const { tables } = this.#kernel;
    return this.#kernel.enter(
      () => tables.create(tx, { name, columns, logged, temporary, indexes: indexes.map(definitionOf) }).stored.id,
    );
  }

  dropTable(tx: Transaction, id: number): void {
    this.#kernel.enter(() => this.#kernel.tables.dropById(tx, id));
  }

  createIndex(tx: Transaction, id: number, index: KernelIndex): void {
    this.#kernel.enter(() => this.#kernel.tables.createIndexById(tx, id, definitionOf(index)));
  }

  dropIndex(tx: Transaction, id: number, position: number): void {
    this.#kernel.enter(() => this.#kernel.tables.dropIndex(tx, id, position));
  }

  addColumns(tx: Transaction, id: number, columns: readonly Column[]): void {
    this.#kernel.enter(() => this.#kernel.tables.addColumns(tx, id, columns));
  }

  makeNullable(tx: Transaction, id: number, place: number): void {
    this.#kernel.enter(() => this.#kernel.tables.makeNullable(tx, id, place));
  }

  columnCount(id: number): number {
    return this.#kernel.enter(() => this.#kernel.tables.byId(id).runtime.layout.columns.length);
  }

  layoutCount(id: number): number {
    return this.#kernel.enter(() => this.#kernel.tables.byId(id).stored.layouts.length);
  }

  lock(tx: Transaction, id: number, others: number): void {
    this.#kernel.enter(() => this.#kernel.tables.lock(tx, id, others === LOCK_ALL ? TABLE_ACCESS : TABLE_WRITE));
  }

  changes(id: number): number {
    return changesOf(this.#kernel.parts.tableChanges, id);
  }

  analyzed(tx: Transaction, id: number, rows: number, seen: number): void {
    const { settings, tableChanges, changedRows } = this.#kernel.parts;
    forgetChanged(changedRows, tx, id);
    const threshold = settings.analyzeThreshold + settings.analyzeScale * rows;
    setThreshold(tableChanges, id, seen, threshold);
  }

  size(id: number): TableSize {
    return this.#kernel.enter(() => heapSize(this.#kernel.parts, this.#kernel.tables.byId(id)));
  }

  sample(tx: Transaction, id: number, rows: number, each?: (values: readonly RowValue[]) => void): SampledRows {
    const kernel = this.#kernel;
    let sampled: SampledRows | null = null;
    kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      if (useTable(kernel.parts.locks, tx, id, TABLE_ACCESS)) return ROW_WAIT;
      sampled = sampleHeap(kernel.parts, tx, kernel.tables.byId(id), rows, each);
      return ROW_DONE;
    });
    assert(sampled !== null, 'a statement that is done has run');
    return sampled;
  }

  // ---- sequences ----

  createSequence(tx: Transaction, name: string, options: SequenceOptions, temporary: boolean): { kernel: number; page: number } {
    const { tables, parts } = this.#kernel;
    return this.#kernel.enter(() => {
      const page = createSequence(parts.sequences, options);
      return { kernel: tables.createRoots(tx, temporary ? `${tables.temporaryPrefix}${name}` : name, [page]), page };
    });
  }

  dropSequence(tx: Transaction, kernel: number): void {
    this.dropTable(tx, kernel);
  }

  nextValue(page: number): number | bigint {
    const { sequences } = this.#kernel.parts;
    return this.#kernel.enter(() => {
      nextValue(sequences, page);
      return resultInteger(sequences);
    });
  }

  /** Position up to which the log must be durable before the last value leaves the process. */
  valueLsn(): number {
    return resultLsn(this.#kernel.parts.sequences);
  }

  setValue(page: number, value: number | bigint, called: boolean): void {
    this.#kernel.enter(() => setSequence(this.#kernel.parts.sequences, page, value, called));
  }

  sequenceState(page: number): { value: number | bigint; called: boolean } {
    return this.#kernel.enter(() => describeSequence(this.#kernel.parts.sequences, page));
  }

  // ---- transactions ----

  savepoint(tx: Transaction): Savepoint {
    return this.#kernel.savepoint(tx);
  }

  rollbackTo(tx: Transaction, to: Savepoint): void {
    this.#kernel.rollbackTo(tx, to);
  }

  noteDdl(tx: Transaction, mark: number): void {
    const { catalog, txns } = this.#kernel.parts;
    this.#kernel.enter(() => {
      noteDdl(catalog, txns, tx);
      noteCatalogChange(tx, mark);
    });
  }

  onUndone(listener: (tx: Transaction, mark: number) => void): void {
    this.#kernel.parts.catalog.undone = listener;
  }

  onEnd(listener: (tx: Transaction) => void): void {
    this.#kernel.parts.catalog.ended = listener;
  }

  version(): number {
    return catalogVersion(this.#kernel.parts.catalog);
  }

  dependOn(tx: Transaction, stamp: number): void {
    if (!tx.open) throw handleClosed('the transaction');
    if (stamp > tx.times[DEPENDENCY]) tx.times[DEPENDENCY] = stamp;
  }

  nextSession(): number {
    return nextCatalogSession(this.#kernel.parts.catalog);
  }

  now(): number {
    return this.#kernel.parts.world.clock.now();
  }

  random(): number {
    return this.#kernel.parts.world.random.next();
  }
}

const definitionOf = (index: KernelIndex): IndexDefinition => ({
  name: index.name,
  unique: index.unique,
  isChecked: index.isChecked,
  nullsDistinct: index.nullsDistinct,
  method: index.method,
  columns: index.keys,
});

export const catalogPort = (kernel: Kernel): CatalogPort => new CatalogPort(kernel);
