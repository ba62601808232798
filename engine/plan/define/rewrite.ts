/**
 * Rows written anew: in place, where columns get values (an update of every row), or into a new kernel table, where they are stored in
 * another way. Column ids are attribute numbers, as expressions of the catalog have them.
 */

import { holdTable, newKernelTable, tableRow } from '../../catalog/alter-table.ts';
import { LOCK_ALL } from '../../catalog/kernel-port.ts';
import { type CatalogColumn, type CatalogTable, isKept } from '../../catalog/objects.ts';
import type { TableBody, TableRow } from '../../catalog/stored.ts';
import type { BoundExpression, BoundModule, BoundPlanned, TableColumnUse } from '../../sblr/bound.ts';
import { bindExpression } from '../bind/bind.ts';
import { renamedExpression } from '../optimize/rename.ts';
import { type DefinitionEnvironment, readerOf } from './environment.ts';

/** The table's rows as they were, while the table has its new form already. */
const BEFORE = -1;

const usesOf = (table: CatalogTable, from = 0): TableColumnUse[] =>
  table.columns.map(({ number, type }) => ({ column: from + number, attribute: number, type }));

const moduleOf = (statement: BoundPlanned, table: CatalogTable, columns: number): BoundModule => ({
  ...{ statement, parameters: [], clientParameters: 0, shaping: [], columns },
  uses: [{ object: table.id, version: table.version, rights: [], columnRights: [] }],
});

/** An expression of the catalog over the columns of a table: ids are attributes. */
export function boundOver(
  table: CatalogTable,
  column: Pick<CatalogColumn, 'hidden' | 'generated' | 'name' | 'type'>,
  environment: DefinitionEnvironment,
): BoundExpression | null {
  const expression = column.hidden ?? column.generated;
  if (expression == null) return null;
  const columns = table.columns
    .filter(({ hidden }) => hidden === null)
    .map(({ name, number, type }) => ({ name, type, attribute: number }));
  return bindExpression(expression.source, {
    semantics: environment.semanticsOf(expression.dialect),
    table: table.name,
    columns,
    purpose: column.hidden === null ? 'value' : 'index',
    target: column.hidden === null ? column.type : null,
    catalog: readerOf(environment),
  }).expression;
}

/** The statement that gives columns their values in every row. */
export function fillStatement(table: CatalogTable, values: ReadonlyMap<number, BoundExpression>): BoundModule {
  const rowId = Math.max(...table.columns.map((column) => column.number)) + 1;
  const row = usesOf(table, rowId);
  const attributes = table.columns.map(({ number, type }) => ({
    attribute: number,
    type,
    expression: values.get(number) ?? ({ op: 'column', column: number, type } as const),
  }));
  const statement = {
    kind: 'update' as const,
    table: table.id,
    source: { op: 'get' as const, table: table.id, alias: table.name, columns: usesOf(table), rowId },
    ...{ rowId, row: { table: table.id, attributes, row, checks: [] }, changed: [...values.keys()], returning: [], output: [] },
  };
  return moduleOf(statement, table, 2 * rowId + 1);
}

/**
 * Writes the table anew in another form. `values`: columns whose values become others, over the old row; all others stay, but for those
 * that are computed from others.
 */
export function rewrite(
  before: TableRow,
  changes: Partial<TableBody>,
  values: ReadonlyMap<number, BoundExpression>,
  environment: DefinitionEnvironment,
): void {
  const { catalog, tx } = environment;
  const old = catalog.entry(tx, before.id)?.relation as CatalogTable;
  newKernelTable(catalog, tx, before, changes);
  const table = catalog.entry(tx, before.id)?.relation as CatalogTable;
  const above = Math.max(...table.columns.map(({ number }) => number), ...old.columns.map(({ number }) => number)) + 1;
  const columns = usesOf(old);
  const attributes = table.columns.map((column) => {
    const { number, type } = column;
    const computed = boundOver(table, column, environment);
    const was = columns.find(({ attribute }) => attribute === number);
    const kept: BoundExpression =
      was === undefined ? { op: 'constant', value: null, type } : { op: 'column', column: number, type: was.type };
    const expression = computed === null ? (values.get(number) ?? kept) : renamedExpression(computed, (one) => above + one);
    return { attribute: number, type, expression };
  });
  const statement = {
    kind: 'insert' as const,
    table: table.id,
    source: { op: 'get' as const, table: BEFORE, alias: table.name, columns, rowId: -1 },
    ...{ row: { table: table.id, attributes, row: usesOf(table, above), checks: [] }, conflict: null, returning: [], output: [] },
  };
  environment.run(moduleOf(statement, table, 2 * above), (id) => (id === BEFORE ? old : null));
  catalog.port.dropTable(tx, before.body.kernelTable);
}

/** Layouts that a table may have, whatever it costs to write it anew: below the kernel's limit by what one statement adds. */
const LAYOUTS_MOST = 960;
/** Past these a small table is written anew, for each further layout costs time whenever the table is opened or changed. */
const LAYOUTS_FEW = 32;

/** Before the table gets a further layout: written anew, it has one, and nothing of columns that are gone. */
export function makeRoomForLayout(id: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const { port } = catalog;
  const { kernelTable } = tableRow(catalog, tx, id).body;
  const layouts = port.layoutCount(kernelTable);
  if (layouts < LAYOUTS_FEW || (layouts < LAYOUTS_MOST && port.size(kernelTable).pages > layouts)) return;
  const row = holdTable(catalog, tx, id, LOCK_ALL);
  const { columns, indexes, nextAttribute } = row.body;
  const kept = columns.filter(({ hidden, number }) => hidden === null || isKept(indexes, number));
  const next = Math.max(nextAttribute ?? 1, ...columns.map(({ number }) => number + 1));
  rewrite(row, { columns: kept, nextAttribute: next }, new Map(), environment);
}
