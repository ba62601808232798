/**
 * The torture run's tables, how the model's rows become rows of them, and the few ways in which the run reads and writes them.
 * Everything that knows the kernel's interface for rows is here.
 *
 *   items     id = session * KEYS + key; five indexes of all kinds over it: each must agree with the rows
 *   progress  session, number
 *   bank      id, balance
 *   claims    key, owner
 */

import type { Kernel } from '../../engine/api/kernel.ts';
import type { Table } from '../../engine/api/table.ts';
import type { TableDefinition } from '../../engine/api/table-definition.ts';
import type { ByteViews } from '../../engine/storage/rows/byte-views.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { STATEMENT_SIMPLE } from '../../engine/txn/begin.ts';
import {
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_GONE,
  ROW_PAGE,
  ROW_SLOT,
  type RowStatus,
  type Transaction,
} from '../../engine/txn/transactions.ts';
import { expect, sqlCode } from './failure.ts';
import { BANK_ROWS, BANK_START, KEYS, type ModelRow } from './model.ts';

const ITEMS: TableDefinition = {
  name: 'items',
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'session', kind: 'int32', nullable: false },
    { name: 'version', kind: 'int32', nullable: false },
    { name: 'amount', kind: 'float64', nullable: false },
    { name: 'tag', kind: 'int32', nullable: true },
    { name: 'label', kind: 'text', nullable: false },
    { name: 'note', kind: 'text', nullable: true },
  ],
  indexes: [
    { name: 'items_id', columns: ['id'], unique: true },
    { name: 'items_amount', columns: ['amount'] },
    { name: 'items_tag', columns: ['tag'] },
    { name: 'items_label', columns: ['label', 'id'], unique: true },
    { name: 'items_version', columns: ['session', { column: 'version', descending: true }] },
  ],
};

const PROGRESS: TableDefinition = {
  name: 'progress',
  columns: [
    { name: 'session', kind: 'int32', nullable: false },
    { name: 'number', kind: 'int32', nullable: false },
  ],
  indexes: [{ name: 'progress_session', columns: ['session'], unique: true }],
};

const BANK: TableDefinition = {
  name: 'bank',
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'balance', kind: 'int64', nullable: false },
  ],
  indexes: [{ name: 'bank_id', columns: ['id'], unique: true }],
};

const CLAIMS: TableDefinition = {
  name: 'claims',
  columns: [
    { name: 'key', kind: 'int32', nullable: false },
    { name: 'owner', kind: 'int32', nullable: false },
  ],
  indexes: [{ name: 'claims_key', columns: ['key'], unique: true }],
};

/** Indexes of items, besides the one by id, whose ranges must give each row once and in order. */
export const ITEM_INDEXES: readonly string[] = (ITEMS.indexes ?? []).map((index) => index.name);

export interface TortureTables {
  readonly items: Table;
  readonly progress: Table;
  readonly bank: Table;
  readonly claims: Table;
  /** Room for one row that is written, and for one that is read. */
  readonly row: ByteViews;
  readonly found: ByteViews;
}

/** Values of an item in the order of its columns. */
export function itemValues(session: number, key: number, row: ModelRow): RowValue[] {
  const tag = row.version % 5 === 0 ? null : row.version % 40;
  const label = `label-${(row.version % 997).toString(36)}`;
  return [session * KEYS + key, session, row.version, row.amount, tag, label, row.note];
}

/** True when two lists of values are the same. */
export const sameValues = (left: readonly RowValue[], right: readonly RowValue[]): boolean =>
  left.length === right.length && left.every((value, index) => value === right[index]);

/** Values for messages: long texts by their length and ends. */
export const showValues = (values: readonly RowValue[]): string =>
  `(${values.map((value) => (typeof value === 'string' && value.length > 40 ? `'${value.slice(0, 16)}...${value.slice(-8)}' of ${value.length}` : String(value))).join(', ')})`;

/** The tables of an open database, or null when they have not been created yet. */
export function findTables(kernel: Kernel): TortureTables | null {
  try {
    return tablesOf(kernel);
  } catch (error) {
    if (sqlCode(error) === '42P01') return null;
    throw error;
  }
}

function tablesOf(kernel: Kernel): TortureTables {
  const items = kernel.table('items');
  return {
    items,
    progress: kernel.table('progress'),
    bank: kernel.table('bank'),
    claims: kernel.table('claims'),
    row: items.newRow(),
    found: items.newRow(),
  };
}

/** Creates the tables with their first rows, all or nothing: one transaction. */
export function createTables(kernel: Kernel, sessions: number): TortureTables {
  const tx = kernel.begin();
  const items = kernel.createTableIn(tx, ITEMS);
  const progress = kernel.createTableIn(tx, PROGRESS);
  const bank = kernel.createTableIn(tx, BANK);
  const claims = kernel.createTableIn(tx, CLAIMS);
  const tables: TortureTables = { items, progress, bank, claims, row: items.newRow(), found: items.newRow() };
  for (let session = 0; session < sessions; session++) insertValues(kernel, tables, tx, progress, [session, 0]);
  for (let id = 0; id < BANK_ROWS; id++) insertValues(kernel, tables, tx, bank, [id, BANK_START]);
  kernel.commit(tx);
  return tablesOf(kernel);
}

/** Inserts a row in a statement of its own. ROW_DONE or ROW_DUPLICATE. */
export function insertValues(
  kernel: Kernel,
  tables: TortureTables,
  tx: Transaction,
  table: Table,
  values: RowValue[],
): RowStatus {
  return kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    table.encode(tables.row, values, tx);
    return table.insert(tx, tables.row);
  });
}

/** The values of the row with this key, null when the transaction sees none. Within a statement. */
export function findValues(
  tables: TortureTables,
  tx: Transaction,
  table: Table,
  index: string,
  key: RowValue[],
): RowValue[] | null {
  return table.find(tx, index, key, tables.found) ? table.decode(tables.found) : null;
}

/**
 * Replaces the row with this key by what `change` makes of its values; null deletes it. In a statement of its own, that reads
 * at most this row by its unique key. ROW_DONE, ROW_GONE or ROW_DUPLICATE.
 */
export function changeValues(
  kernel: Kernel,
  tables: TortureTables,
  tx: Transaction,
  table: Table,
  index: string,
  key: RowValue,
  change: (values: RowValue[]) => RowValue[] | null,
): RowStatus {
  return kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    const values = findValues(tables, tx, table, index, [key]);
    if (values === null) return ROW_GONE;
    const page = tx.ints[ROW_PAGE];
    const slot = tx.ints[ROW_SLOT];
    const changed = change(values);
    if (changed === null) return table.remove(tx, page, slot);
    table.encode(tables.row, changed, tx);
    return table.update(tx, page, slot, tables.row);
  });
}

/** Runs a statement that only reads. */
export function read(kernel: Kernel, tx: Transaction, body: () => void): void {
  const status = kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    body();
    return ROW_DONE;
  });
  expect(status === ROW_DONE, () => `a statement that only reads ended with status ${status}`);
}

/** The sum of all balances, with the number of rows, as one statement sees them. */
export function bankSum(kernel: Kernel, tables: TortureTables, tx: Transaction): { sum: number; rows: number } {
  let sum = 0;
  let rows = 0;
  read(kernel, tx, () => {
    sum = 0;
    rows = 0;
    tables.bank.scan(tx, (values) => {
      sum += Number(values[1]);
      rows++;
    });
  });
  return { sum, rows };
}

/** What is wrong with the bank, or nothing. */
export function expectBank(kernel: Kernel, tables: TortureTables, tx: Transaction, who: string): void {
  const { sum, rows } = bankSum(kernel, tables, tx);
  expect(
    sum === BANK_ROWS * BANK_START && rows === BANK_ROWS,
    () => `${who}: the bank has ${rows} rows with ${sum} in all, instead of ${BANK_ROWS} with ${BANK_ROWS * BANK_START}`,
  );
}

/** A transaction takes a claim, or finds it taken; or gives it up. */
export function changeClaim(
  kernel: Kernel,
  tables: TortureTables,
  tx: Transaction,
  key: number,
  owner: number,
  give: boolean,
): void {
  const status = give
    ? changeValues(kernel, tables, tx, tables.claims, 'claims_key', key, () => null)
    : insertValues(kernel, tables, tx, tables.claims, [key, owner]);
  expect(
    status === ROW_DONE || status === (give ? ROW_GONE : ROW_DUPLICATE),
    () => `${give ? 'giving up' : 'taking'} claim ${key} ended with status ${status}`,
  );
}
