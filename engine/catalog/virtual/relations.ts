/** The relations of a session, for the catalogs that list them. */

import type {
  CatalogColumn,
  CatalogIndex,
  CatalogRelation,
  CatalogSequence,
  CatalogTable,
  CatalogView,
  CatalogVirtualTable,
} from '../objects.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { elementOf, isArrayType, type SqlType } from '../../sblr/types.ts';
import type { SessionReader } from '../reader.ts';
import type { RoutineRow, TypeRow } from '../stored.ts';
import { SCHEMA_INFORMATION, SCHEMA_PG_CATALOG, SCHEMA_SYS } from '../system-tables.ts';
import { formatType, quoteName } from './describe.ts';
import { virtualTables } from './registry.ts';

export const SCHEMA_PG_TOAST = 99;

const relations = <Kind extends CatalogRelation['kind']>(
  reader: SessionReader,
  kind: Kind & ('table' | 'view' | 'sequence'),
): (CatalogRelation & { readonly kind: Kind })[] =>
  reader.all(kind).map(({ relation }) => relation as CatalogRelation & { readonly kind: Kind });

export const tablesOf = (reader: SessionReader): CatalogTable[] => relations(reader, 'table');

/** The table of a number, if it is one: what a lookup by it finds. */
export function oneTable(reader: SessionReader, id: RowValue): CatalogTable[] {
  const found = reader.relation(Number(id));
  return found?.kind === 'table' ? [found] : [];
}

export const viewsOf = (reader: SessionReader): CatalogView[] => relations(reader, 'view');

export const sequencesOf = (reader: SessionReader): CatalogSequence[] => relations(reader, 'sequence');

export const typesOf = (reader: SessionReader): TypeRow[] =>
  reader.all('type').flatMap(({ row }) => (row.kind === 'type' ? [row] : []));

export const routinesOf = (reader: SessionReader): RoutineRow[] =>
  [...reader.all('function'), ...reader.all('procedure')]
    .flatMap(({ row }) => (row.kind === 'function' || row.kind === 'procedure' ? [row] : []))
    .sort((a, b) => a.id - b.id);

/** The engine's own schema is found by its name only: dumps would take it for a schema that somebody has made. */
export const HIDDEN_SCHEMA = 'sys';

export const virtualTablesOf = (): readonly CatalogVirtualTable[] =>
  virtualTables().filter(({ schema }) => schema !== HIDDEN_SCHEMA);

export const visible = (table: CatalogTable | CatalogVirtualTable | CatalogView): CatalogColumn[] =>
  table.columns.filter((column) => column.hidden === null);

/** Id of a relation's schema; temporary ones have numbers of their own behind all others. */
export function schemaIdOf(reader: SessionReader, schema: string): number {
  if (schema === 'pg_catalog') return SCHEMA_PG_CATALOG;
  if (schema === 'information_schema') return SCHEMA_INFORMATION;
  if (schema === 'sys') return SCHEMA_SYS;
  const temporary = /^pg_temp_(\d+)$/.exec(schema);
  return temporary === null ? (reader.schemaId(schema) ?? 0) : temporarySchemaId(Number(temporary[1]));
}

/** What catalogs show as the number of a temporary schema. */
export const temporarySchemaId = (session: number): number => 0x70000000 + session;

/** A relation's name as an expression would write it: with its schema unless the search path finds it. */
export function shownRelation(reader: SessionReader, id: number): string | null {
  const relation = reader.relation(id);
  if (relation === null) return null;
  const isFound = reader.findRelation(null, relation.name)?.id === id;
  return isFound ? quoteName(relation.name) : `${quoteName(relation.schema)}.${quoteName(relation.name)}`;
}

/** The relation that a text names: 'items', 'app."Odd Name"'. */
export function namedRelation(reader: SessionReader, name: string): CatalogRelation | null {
  const parts = [...name.matchAll(/"((?:[^"]|"")*)"|[^".]+/g)].map(([plain, quoted]) =>
    quoted === undefined ? plain.toLowerCase() : quoted.replaceAll('""', '"'),
  );
  return reader.findRelation(parts.length > 1 ? parts[parts.length - 2] : null, parts[parts.length - 1]);
}

/** A type as format_type() names it, with the schema of one that the search path does not show. */
export function shownType(reader: SessionReader, type: SqlType): string {
  const element = isArrayType(type.name) ? elementOf(type.name) : null;
  if (element !== null) return `${shownType(reader, { ...type, name: element })}[]`;
  const id = type.domain ?? Number(/:(\d+)/.exec(type.name)?.[1] ?? 0);
  const row = id === 0 ? undefined : reader.entry(id)?.row;
  if (row?.kind !== 'type') return type.name === 'char' && type.length < 0 ? 'bpchar' : formatType(type);
  const schema = reader.schemaName(row.schema);
  const name = quoteName(row.name);
  return reader.searchPath().includes(schema) ? name : `${quoteName(schema)}.${name}`;
}

export interface TableIndex {
  readonly table: CatalogTable;
  readonly index: CatalogIndex;
}

/** Every index with its table. */
export const indexesOf = (reader: SessionReader): TableIndex[] =>
  tablesOf(reader).flatMap((table) => table.indexes.map((index) => ({ table, index })));

/** The index of this number with its table. */
export function indexTable(reader: SessionReader, id: number): TableIndex | null {
  const row = reader.entry(id)?.row;
  const table = row?.kind === 'index' ? reader.relation(row.parent) : null;
  const index = table?.kind === 'table' ? table.indexes.find((one) => one.id === id) : undefined;
  return table?.kind !== 'table' || index === undefined ? null : { table, index };
}

export const roleName = (reader: SessionReader, id: number): string => reader.roles().find((role) => role.id === id)?.name ?? '';
