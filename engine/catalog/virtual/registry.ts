/** Virtual tables: relations whose rows are made from the catalog when they are read. Found by schema and name, or by id. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { INFORMATION_SCHEMA } from './information-schema.ts';
import { PG_CATALOG } from './pg-catalog.ts';
import { PG_VIEWS } from './pg-views.ts';
import { PG_STAT } from './pg-stat.ts';
import { SYS_VIEWS } from './sys.ts';
import type { VirtualTable } from './virtual-table.ts';

const ALL: readonly VirtualTable[] = [...PG_CATALOG, ...PG_VIEWS, ...PG_STAT, ...INFORMATION_SCHEMA, ...SYS_VIEWS];

const byName = new Map(ALL.map((table) => [`${table.relation.schema}.${table.relation.name}`, table]));
const byId = new Map(ALL.map((table) => [table.relation.id, table]));

export const virtualTable = (schema: string, name: string): CatalogVirtualTable | null =>
  byName.get(`${schema}.${name}`)?.relation ?? null;

export const virtualTableById = (id: number): CatalogVirtualTable | null => byId.get(id)?.relation ?? null;

/** All of them, for the catalogs that list relations. */
export const virtualTables = (): readonly CatalogVirtualTable[] => ALL.map((table) => table.relation);

/** The rows, all columns, as this reader's session sees them. `name` is 'pg_catalog.pg_class', or of pg_catalog alone. */
export function virtualRows(name: string, reader: SessionReader): Iterable<readonly RowValue[]> {
  const table = byName.get(name) ?? byName.get(`pg_catalog.${name}`);
  return table === undefined ? [] : table.rows(reader);
}
