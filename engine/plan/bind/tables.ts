/** Stored and virtual tables under their names. */

import type { CatalogColumn, CatalogRelation, CatalogTable, CatalogVirtualTable } from '../../catalog/objects.ts';
import type { TableColumnUse } from '../../sblr/bound.ts';
import { foldName, foldParts } from '../../sblr/resolve-type.ts';
import type { SourceAlias, SourceName } from '../../sblr/source.gen.ts';
import { elementOf, typeId, withNullable } from '../../sblr/types.ts';
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
  for (const { type } of columns) if (type.name.includes(':')) state.useType(typeId(elementOf(type.name) ?? type.name));
  return columns.map((column) => ({ column: state.newColumn(), attribute: column.number, type: columnType(column) }));
}

/** What reading one of a relation's columns asks for; undefined: nothing, for the role may read all. */
export function columnReader(relation: CatalogRelation, state: BindState): ((attribute: number) => () => void) | undefined {
  if (state.mayAll(relation, 'select')) return undefined;
  return (attribute) => () => state.use(relation, 'select', [attribute]);
}

/** A table as names see it; `reads`: its columns ask for the right to read them; `uses` gives the ids of its columns. */
export function scopeRelation(
  table: CatalogTable | CatalogVirtualTable,
  alias: string,
  uses: readonly TableColumnUse[],
  names: readonly string[],
  onRead: () => void,
  reads?: (attribute: number) => () => void,
): ScopeRelation {
  const columns: ScopeColumn[] = visibleColumns(table).map((column, index) => {
    const use = uses.find((one) => one.attribute === column.number) as TableColumnUse;
    const own = { name: names[index] ?? column.name, column: use.column, type: use.type };
    const seen: ScopeColumn = { ...own, table: table.id, attribute: column.number };
    return reads === undefined ? seen : { ...seen, mayRead: reads(column.number) };
  });
  const schema = alias === table.name ? table.schema : null;
  return { alias, schema, name: table.name, columns, onRead, stored: table.id };
}

/** AS name (columns): the name, and the columns' new names. 42P10 */
export function aliasNames(
  alias: SourceAlias | null,
  name: string,
  available: number,
  state: BindState,
  what = 'table',
): { readonly name: string; readonly columns: readonly string[] } {
  if (alias === null) return { name, columns: [] };
  const given = foldName(alias.name, alias.quoted, state.semantics);
  if (alias.columns.length > available)
    throw fault(
      SQLSTATE.invalid_column_reference,
      `${what} "${given}" has ${available} columns available but ${alias.columns.length} columns specified`,
      alias.at,
    );
  return { name: given, columns: alias.columns };
}
