/** FROM: stored and virtual tables under their names. */

import type { CatalogColumn, CatalogRelation, CatalogTable, CatalogVirtualTable } from '../../catalog/objects.ts';
import type { BoundGet, BoundRelation, TableColumnUse } from '../../sblr/bound.ts';
import { foldName, foldParts } from '../../sblr/resolve-type.ts';
import type { SourceAlias, SourceFrom, SourceName, SourceTableRefNode } from '../../sblr/source.gen.ts';
import { withNullable } from '../../sblr/types.ts';
import { SQLSTATE } from '../../../shm/errors.ts';
import { fault, noRelation, unsupported } from './errors.ts';
import { type ScopeColumn, type ScopeRelation, visibleColumns } from './scope.ts';
import type { BindState } from './state.ts';

/** The relation a name finds. 42P01 */
export function findCatalogRelation(name: SourceName, state: BindState): CatalogRelation {
  const parts = foldParts(name, state.semantics);
  if (parts.length > 2) throw unsupported('cross-database references are', name.at);
  const schema = parts.length === 2 ? parts[0] : null;
  const found = state.environment.catalog.findRelation(schema, parts[parts.length - 1]);
  if (found === null) throw noRelation(parts.join('.'), name.at);
  return found;
}

/** A stored table that a statement changes. 42P01, 42809 */
export function findTable(name: SourceName, state: BindState): CatalogTable {
  const found = findCatalogRelation(name, state);
  if (found.kind === 'table') return found;
  if (found.kind === 'virtual')
    throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${found.name}" is a system catalog`, name.at);
  throw fault(SQLSTATE.wrong_object_type, `cannot change ${found.kind} "${found.name}"`, name.at);
}

/** Type of a column as rows give it. */
const columnType = (column: CatalogColumn) => withNullable(column.type, !column.notNull);

/** Fresh column ids for a table's columns. */
export function useColumns(state: BindState, columns: readonly CatalogColumn[]): TableColumnUse[] {
  return columns.map((column) => ({ column: state.newColumn(), attribute: column.number, type: columnType(column) }));
}

/** A table as names see it; `uses` gives the ids of its columns. */
export function scopeRelation(
  table: CatalogTable | CatalogVirtualTable,
  alias: string,
  uses: readonly TableColumnUse[],
  names: readonly string[],
  onRead: () => void,
): ScopeRelation {
  const columns: ScopeColumn[] = visibleColumns(table).map((column, index) => {
    const use = uses.find((one) => one.attribute === column.number) as TableColumnUse;
    return { name: names[index] ?? column.name, column: use.column, type: use.type, table: table.id, attribute: column.number };
  });
  const schema = alias === table.name ? table.schema : null;
  return { alias, schema, name: table.name, columns, onRead };
}

/** AS name (columns): the name, and the columns' new names. 42P10 */
export function aliasNames(
  alias: SourceAlias | null,
  table: CatalogTable | CatalogVirtualTable,
  state: BindState,
): { readonly name: string; readonly columns: readonly string[] } {
  if (alias === null) return { name: table.name, columns: [] };
  const name = foldName(alias.name, alias.quoted, state.semantics);
  const available = visibleColumns(table).length;
  if (alias.columns.length > available)
    throw fault(
      SQLSTATE.invalid_column_reference,
      `table "${name}" has ${available} columns available but ${alias.columns.length} columns specified`,
      alias.at,
    );
  return { name, columns: alias.columns };
}

export interface BoundFrom {
  readonly relation: BoundRelation;
  readonly scope: ScopeRelation;
  /** The stored table and the reference, for locks. */
  readonly get: BoundGet | null;
}

function bindTableRef(source: SourceTableRefNode, state: BindState, withRowId: boolean): BoundFrom {
  if (source.sample !== null) throw unsupported('TABLESAMPLE is', source.sample.at);
  const found = findCatalogRelation(source.name, state);
  if (found.kind === 'sequence') throw unsupported('reading a sequence like a table is', source.at);
  const names = aliasNames(source.alias, found, state);
  state.use(found, 'select');
  const columns = useColumns(state, visibleColumns(found));
  const scope = scopeRelation(found, names.name, columns, names.columns, () => {});
  if (found.kind === 'virtual')
    return { relation: { op: 'virtual', name: `${found.schema}.${found.name}`, alias: names.name, columns }, scope, get: null };
  const rowId = withRowId ? state.newColumn() : -1;
  const get: BoundGet = { op: 'get', table: found.id, alias: names.name, columns, rowId };
  return { relation: get, scope, get };
}

const UNSUPPORTED: { readonly [op in SourceFrom['op']]?: string } = {
  queryRef: 'subqueries in FROM are',
  functionRef: 'functions in FROM are',
  join: 'joins are',
};

/** The one item of FROM. */
export function bindFrom(items: readonly SourceFrom[], state: BindState, withRowId: boolean): BoundFrom {
  if (items.length > 1) throw unsupported('joins are', items[1].at, 'a statement reads one table');
  const [item] = items;
  if (item.op !== 'tableRef') throw unsupported(UNSUPPORTED[item.op] ?? `${item.op} is`, item.at);
  return bindTableRef(item, state, withRowId);
}
