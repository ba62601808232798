/**
 * Parts of tables changed one by one: columns, constraints, names. The caller has checked what is asked for and holds the table (or has
 * it locked here); each change is a new version of the table's row, and where rows are read otherwise a further layout of the kernel's.
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import { kernelIndex, kernelName } from './create.ts';
import { dropIndexOf, removeStatistics } from './drop.ts';
import { noRelation } from './errors.ts';
import { columnsNamedIn } from './expression-columns.ts';
import { kernelColumn } from './kernel-columns.ts';
import { LOCK_ALL, LOCK_WRITERS } from './kernel-port.ts';
import type { CatalogColumn, CatalogForeignKey } from './objects.ts';
import type { StatisticsRow, TableBody, TableRow } from './stored.ts';
import { forgetStatistics } from './stored-statistics.ts';

/** A new version of the table with other parts. */
export function replaceTable(catalog: Catalog, tx: Transaction, table: TableRow, changes: Partial<TableBody>): TableRow {
  const row: TableRow = { ...table, version: catalog.nextId(), body: { ...table.body, ...changes } };
  catalog.replace(tx, row);
  return row;
}

/** The table as it is now. */
export function tableRow(catalog: Catalog, tx: Transaction, id: number): TableRow {
  const row = catalog.entry(tx, id)?.row;
  if (row?.kind !== 'table') throw noRelation(`#${id}`);
  return row;
}

/** Waits until nobody else writes to the table (or uses it); for rights that are not ownership. */
export function holdTable(
  catalog: Catalog,
  tx: Transaction,
  id: number,
  others: typeof LOCK_ALL | typeof LOCK_WRITERS,
): TableRow {
  for (let row = tableRow(catalog, tx, id); ; ) {
    catalog.port.lock(tx, row.body.kernelTable, others);
    const after = tableRow(catalog, tx, id);
    if (after.body.kernelTable === row.body.kernelTable) return after;
    row = after;
  }
}

// ---- columns ----

/** A column at the end; rows of before read `missing` there. It may still have to be filled. */
export function addColumn(
  catalog: Catalog,
  tx: Transaction,
  table: TableRow,
  column: Omit<CatalogColumn, 'number' | 'kernelColumn'>,
  missing: RowValue,
): { readonly table: TableRow; readonly column: CatalogColumn } {
  const { columns, kernelTable, nextAttribute } = table.body;
  const number = Math.max(nextAttribute ?? 1, ...columns.map((one) => one.number + 1));
  const made: CatalogColumn = {
    ...column,
    number,
    kernelColumn: catalog.port.columnCount(kernelTable),
    kernelId: catalog.nextId(),
  };
  const stored = { ...kernelColumn(made), nullable: true };
  catalog.port.addColumns(tx, kernelTable, [missing === null ? stored : { ...stored, missing }]);
  const visible = columns.filter(({ hidden }) => hidden === null);
  const hidden = columns.filter((one) => one.hidden !== null);
  const changed = replaceTable(catalog, tx, table, { columns: [...visible, made, ...hidden], nextAttribute: number + 1 });
  return { table: changed, column: made };
}

/** Takes a column out, with the indexes, constraints and sequences that are about it. Rows stay as they are. */
export function dropColumn(catalog: Catalog, tx: Transaction, before: TableRow, attribute: number): void {
  let table = holdTable(catalog, tx, before.id, LOCK_ALL);
  const column = table.body.columns.find(({ number }) => number === attribute);
  if (column === undefined) return;
  const reads = (expression: { readonly source: unknown } | null | undefined): boolean =>
    expression != null && columnsNamedIn(expression.source).has(column.name);
  const gone = new Set(
    table.body.columns.filter(({ number, hidden }) => number === attribute || reads(hidden)).map(({ number }) => number),
  );
  for (const { name, attributes } of table.body.foreignKeys ?? [])
    if (attributes.includes(attribute)) dropConstraint(catalog, tx, tableRow(catalog, tx, table.id), name);
  for (const index of table.body.indexes) {
    const isOver = index.keys.some((key) => gone.has(key.attribute)) || index.include?.some((one) => gone.has(one)) === true;
    if (isOver || reads(index.predicate)) dropIndexOf(catalog, tx, tableRow(catalog, tx, table.id), index.id);
  }
  for (const one of catalog.statisticsOf(tx, table)) if (isStatisticsOver(one, column)) removeStatistics(catalog, tx, one);
  forgetStatistics(catalog, tx, table.id, [attribute], []);
  table = tableRow(catalog, tx, table.id);
  for (const { kernelColumn: place, number } of table.body.columns)
    if (gone.has(number)) catalog.port.makeNullable(tx, table.body.kernelTable, place);
  for (const id of catalog.ownedSequences(tx, table)) {
    const row = catalog.entry(tx, id)?.row;
    if (row?.kind !== 'sequence' || row.body.ownerAttribute !== attribute) continue;
    catalog.remove(tx, row);
    catalog.port.dropSequence(tx, row.body.kernel);
  }
  const comments = Object.entries(table.body.comments ?? {}).filter(([part]) => part !== `column:${attribute}`);
  replaceTable(catalog, tx, table, {
    columns: table.body.columns.filter(({ number }) => !gone.has(number)),
    checks: table.body.checks.filter(({ expression }) => !reads(expression)),
    comments: Object.fromEntries(comments),
    nextAttribute: Math.max(table.body.nextAttribute ?? 1, ...table.body.columns.map(({ number }) => number + 1)),
  });
}

/** Whether CREATE STATISTICS names the column, or an expression that does. */
export const isStatisticsOver = ({ body }: StatisticsRow, { number, name }: Pick<CatalogColumn, 'number' | 'name'>): boolean =>
  body.keys.some(
    ({ attribute, expression }) => attribute === number || (expression !== null && columnsNamedIn(expression.source).has(name)),
  );

/** A column with other properties; where it may be NULL from now on, rows can say so. */
export function changeColumn(
  catalog: Catalog,
  tx: Transaction,
  table: TableRow,
  attribute: number,
  change: (column: CatalogColumn) => CatalogColumn,
): TableRow {
  const columns = table.body.columns.map((column) => (column.number === attribute ? change(column) : column));
  const before = table.body.columns.find(({ number }) => number === attribute);
  const after = columns.find(({ number }) => number === attribute);
  if (before?.notNull === true && after?.notNull === false)
    catalog.port.makeNullable(tx, table.body.kernelTable, before.kernelColumn);
  return replaceTable(catalog, tx, table, { columns });
}

// ---- constraints ----

/** Takes a constraint out of a table. False: it has none of this name. */
export function dropConstraint(catalog: Catalog, tx: Transaction, before: TableRow, name: string): boolean {
  const table = holdTable(catalog, tx, before.id, LOCK_ALL);
  const { checks, indexes, foreignKeys = [], comments = {} } = table.body;
  const { [`constraint:${name}`]: _, ...others } = comments;
  const index = indexes.find(({ constraint }) => constraint === name);
  if (index !== undefined) {
    dropIndexOf(catalog, tx, table, index.id);
    return true;
  }
  if (checks.some((check) => check.name === name)) {
    replaceTable(catalog, tx, table, { checks: checks.filter((check) => check.name !== name), comments: others });
    return true;
  }
  const key = foreignKeys.find((one) => one.name === name);
  if (key === undefined) return false;
  replaceTable(catalog, tx, table, { foreignKeys: foreignKeys.filter((one) => one !== key), comments: others });
  // Its parts in partitions go with it.
  for (const child of table.body.children ?? []) {
    const row = tableRow(catalog, tx, child);
    for (const part of row.body.foreignKeys ?? []) if (part.parent === name) dropConstraint(catalog, tx, row, part.name);
  }
  if (catalog.entry(tx, key.table) === null) return true;
  const parent = holdTable(catalog, tx, key.table, LOCK_WRITERS);
  const referrers = (parent.body.referrers ?? []).filter((one) => one.table !== table.id || one.constraint !== name);
  replaceTable(catalog, tx, parent, { referrers });
  return true;
}

/** Takes a policy out of a table. */
export function removePolicy(catalog: Catalog, tx: Transaction, before: TableRow, name: string): void {
  const table = holdTable(catalog, tx, before.id, LOCK_ALL);
  replaceTable(catalog, tx, table, { policies: (table.body.policies ?? []).filter((policy) => policy.name !== name) });
}

/** Adds a foreign key to a table, and to the one that it refers to what refers to it. */
export function addForeignKey(catalog: Catalog, tx: Transaction, id: number, key: CatalogForeignKey): void {
  const parent = holdTable(catalog, tx, key.table, LOCK_WRITERS);
  replaceTable(catalog, tx, parent, { referrers: [...(parent.body.referrers ?? []), { table: id, constraint: key.name }] });
  const table = holdTable(catalog, tx, id, LOCK_WRITERS);
  replaceTable(catalog, tx, table, { foreignKeys: [...(table.body.foreignKeys ?? []), key] });
}

/** Names that constraints of the table have. */
export const constraintNames = ({ body }: TableRow): Set<string> =>
  new Set([
    ...body.checks.map(({ name }) => name),
    ...body.indexes.flatMap(({ constraint }) => (constraint === null ? [] : [constraint])),
    ...(body.foreignKeys ?? []).map(({ name }) => name),
  ]);

/** 42710 where the table has a constraint of the name. */
export function mustBeNewConstraint(table: TableRow, name: string): void {
  if (!constraintNames(table).has(name)) return;
  throw new SqlError(SQLSTATE.duplicate_object, `constraint "${name}" for relation "${table.name}" already exists`);
}

// ---- the whole ----

/**
 * New pages for a table whose rows are written anew: the table as it becomes, still empty; who called fills it, then drops the old kernel
 * table. Columns lie in the order of their attributes again.
 */
export function newKernelTable(catalog: Catalog, tx: Transaction, table: TableRow, changes: Partial<TableBody>): TableRow {
  const body = { ...table.body, ...changes };
  const columns = body.columns.map((column, place) => {
    const { kernelId: _, ...plain } = column;
    return { ...plain, kernelColumn: place };
  });
  const version = catalog.nextId();
  const indexes = [...body.indexes].sort((a, b) => a.kernelIndex - b.kernelIndex);
  const kernelTable = catalog.port.createTable(tx, {
    name: kernelName(table.id, table.name, version),
    columns: columns.map(kernelColumn),
    indexes: indexes.map((index) => kernelIndex(index, columns)),
    logged: body.persistence === 'permanent',
    temporary: body.persistence === 'temporary',
  });
  const row: TableRow = { ...table, version, body: { ...body, columns, kernelTable } };
  catalog.replace(tx, row);
  return row;
}
