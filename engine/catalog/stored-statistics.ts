/** Rows of sys.statistics, and the statistics that they stand for. */

import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import { columnsOfText } from './bound-text.ts';
import type { Catalog } from './catalog.ts';
import { isTemporarySchema } from './entries.ts';
import type { ColumnStatistics, ExtendedStatistics, TableStatistics } from './objects.ts';
import { readValue, type StoredValue, storeValue, type TableRow } from './stored.ts';
import { STATISTICS_BY_OBJECT, SYS_STATISTICS, SYS_TEMPORARY_STATISTICS } from './system-tables.ts';

/**
 * Rows of sys.statistics: that of the table, one for each column, and one for each object of CREATE STATISTICS, whose number, below 0, is
 * where an attribute stands.
 */
export function statisticsValues(object: number, statistics: TableStatistics): RowValue[][] {
  const { rows, pages, columns, pairs = [], extended = [] } = statistics;
  return [
    [object, 0, JSON.stringify({ rows, pages, ...(pairs.length === 0 ? {} : { pairs }) })],
    ...columns.map((column): RowValue[] => [object, column.attribute, JSON.stringify(storedColumn(column))]),
    ...extended.map((one): RowValue[] => [object, -one.object, JSON.stringify(storedExtended(one))]),
  ];
}

const storedColumn = (column: ColumnStatistics): StoredStatistics => ({
  ...column,
  common: column.common.map(({ value, fraction }) => ({ value: storeValue(value), fraction })),
  histogram: column.histogram.map(storeValue),
});

const columnOf = (stored: StoredStatistics): ColumnStatistics => ({
  ...stored,
  common: stored.common.map(({ value, fraction }) => ({ value: readValue(value), fraction })),
  histogram: stored.histogram.map(readValue),
});

const storedExtended = (extended: ExtendedStatistics) => ({
  ...extended,
  expressions: extended.expressions.map((one) => ({ ...one, statistics: storedColumn(one.statistics) })),
  common: extended.common.map((one) => ({ ...one, values: one.values.map(storeValue) })),
});

function extendedOf(stored: ReturnType<typeof storedExtended>): ExtendedStatistics {
  return {
    ...stored,
    expressions: stored.expressions.map((one) => ({ ...one, statistics: columnOf(one.statistics) })),
    common: stored.common.map((one) => ({ ...one, values: one.values.map(readValue) })),
  };
}

interface StoredStatistics extends Omit<ColumnStatistics, 'common' | 'histogram'> {
  readonly common: readonly { readonly value: StoredValue; readonly fraction: number }[];
  readonly histogram: readonly StoredValue[];
}

export function statisticsOf(rows: readonly (readonly RowValue[])[]): TableStatistics | null {
  const head = rows.find((row) => row[1] === 0);
  if (head === undefined) return null;
  const bodies = (isWanted: (attribute: number) => boolean): unknown[] =>
    rows.filter((row) => isWanted(row[1] as number)).map((row) => JSON.parse(String(row[2])));
  const columns = (bodies((attribute) => attribute > 0) as StoredStatistics[]).map(columnOf);
  const extended = (bodies((attribute) => attribute < 0) as ReturnType<typeof storedExtended>[]).map(extendedOf);
  const whole = JSON.parse(String(head[2])) as Omit<TableStatistics, 'columns'>;
  return { ...whole, columns, ...(extended.length === 0 ? {} : { extended }) };
}

/** The table has these statistics from now on. What was known of columns and objects that they leave out is forgotten. */
export function storeStatistics(catalog: Catalog, tx: Transaction, row: TableRow, statistics: TableStatistics): void {
  const before = catalog.entry(tx, row.id)?.statistics ?? null;
  catalog.replace(tx, { ...row, version: catalog.nextId() }, statistics);
  const table = isTemporarySchema(row.schema) ? SYS_TEMPORARY_STATISTICS : SYS_STATISTICS;
  const rows = statisticsValues(row.id, statistics);
  for (const values of rows) {
    const key = values.slice(0, 2);
    if (!catalog.port.replace(tx, table, STATISTICS_BY_OBJECT, key, values)) catalog.port.insert(tx, table, values);
  }
  const kept = new Set(rows.map(([, attribute]) => attribute));
  for (const [, attribute] of before === null ? [] : statisticsValues(row.id, before))
    if (!kept.has(attribute)) catalog.port.remove(tx, table, STATISTICS_BY_OBJECT, [row.id, attribute]);
}

/** Forgets what was found of some columns, and of objects of CREATE STATISTICS, in those below too: they have gone, or hold other values. */
export function forgetStatistics(
  catalog: Catalog,
  tx: Transaction,
  id: number,
  attributes: readonly number[],
  objects: readonly number[],
): void {
  const entry = catalog.entry(tx, id);
  if (entry?.row.kind !== 'table') return;
  if (objects.length > 0) for (const child of entry.row.body.children ?? []) forgetStatistics(catalog, tx, child, [], objects);
  if (entry.statistics === null) return;
  const { columns, extended = [], pairs = [], ...rest } = entry.statistics;
  const isKept = (attribute: number): boolean => !attributes.includes(attribute);
  const isAbout = (one: ExtendedStatistics): boolean =>
    !one.keys.every(isKept) || one.expressions.some(({ bound }) => ![...columnsOfText(bound)].every(isKept));
  const left = extended.filter((one) => !objects.includes(one.object) && !isAbout(one));
  storeStatistics(catalog, tx, entry.row, {
    ...rest,
    columns: columns.filter(({ attribute }) => isKept(attribute)),
    pairs: pairs.filter((pair) => pair.attributes.every(isKept)),
    ...(left.length === 0 ? {} : { extended: left }),
  });
}
