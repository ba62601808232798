/**
 * Virtual tables: relations whose rows are made from the catalog when they are read. Found by schema and name, or by id. Those of
 * pg_catalog and information_schema are PostgreSQL 15's, all of them (postgresql-relations.ts); what nobody can make here has no rows.
 */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { CatalogSequence, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { INFORMATION_SCHEMA } from './information-schema.ts';
import { INFORMATION_SCHEMA_GRANTS } from './information-schema-grants.ts';
import { INFORMATION_SCHEMA_KEYS } from './information-schema-keys.ts';
import { INFORMATION_SCHEMA_ROUTINES } from './information-schema-routines.ts';
import { PG_ACCESS } from './pg-access.ts';
import { PG_CATALOG } from './pg-catalog.ts';
import { PG_CONSTRAINTS } from './pg-constraints.ts';
import { PG_DEPENDS } from './pg-depends.ts';
import { PG_FAMILIES } from './pg-families.ts';
import { PG_RELATIONS } from './pg-relations.ts';
import { PG_ROUTINES } from './pg-routines.ts';
import { PG_STAT, STATEMENTS } from './pg-stat.ts';
import { PG_STATISTICS } from './pg-statistics.ts';
import { PG_TYPES } from './pg-types.ts';
import { PG_RIGHTS } from './pg-rights.ts';
import { PG_VIEWS } from './pg-views.ts';
import { INFORMATION_SCHEMA_RELATIONS, PG_CATALOG_RELATIONS } from './postgresql-relations.ts';
import { SYS_VIEWS } from './sys.ts';
import { defineVirtual, type RowMakers, type VirtualTable } from './virtual-table.ts';

const pgMakers = (): RowMakers => ({
  ...PG_CATALOG,
  ...PG_RELATIONS,
  ...PG_TYPES,
  ...PG_CONSTRAINTS,
  ...PG_DEPENDS,
  ...PG_FAMILIES,
  ...PG_ROUTINES,
  ...PG_ACCESS,
  ...PG_RIGHTS,
  ...PG_VIEWS,
  ...PG_STAT,
  ...PG_STATISTICS,
});

const informationMakers = (): RowMakers => ({
  ...INFORMATION_SCHEMA,
  ...INFORMATION_SCHEMA_KEYS,
  ...INFORMATION_SCHEMA_GRANTS,
  ...INFORMATION_SCHEMA_ROUTINES,
});

const LINE = /^(\S+) (\d+) ([rv]) (.*)$/;
const none = () => [];

const defined = (schema: string, lines: string, makers: RowMakers): VirtualTable[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [, name, id, kind, columns] = LINE.exec(line) as RegExpExecArray;
      return defineVirtual(schema, name, Number(id), columns, makers[name] ?? none, kind as 'r' | 'v');
    });

interface Registry {
  readonly all: readonly VirtualTable[];
  readonly byName: ReadonlyMap<string, VirtualTable>;
  readonly byId: ReadonlyMap<number, VirtualTable>;
}
let registry: Registry | null = null;

/** Made when it is first asked. */
function known(): Registry {
  if (registry !== null) return registry;
  const all = [
    ...defined('pg_catalog', PG_CATALOG_RELATIONS, pgMakers()),
    ...defined('information_schema', INFORMATION_SCHEMA_RELATIONS, informationMakers()),
    STATEMENTS,
    ...SYS_VIEWS,
  ];
  registry = {
    all,
    byName: new Map(all.map((table) => [`${table.relation.schema}.${table.relation.name}`, table])),
    byId: new Map(all.map((table) => [table.relation.id, table])),
  };
  return registry;
}

export const virtualTable = (schema: string, name: string): CatalogVirtualTable | null =>
  known().byName.get(`${schema}.${name}`)?.relation ?? null;

export const virtualTableById = (id: number): CatalogVirtualTable | null => known().byId.get(id)?.relation ?? null;

/** All of them, for the catalogs that list relations. */
export const virtualTables = (): readonly CatalogVirtualTable[] => known().all.map((table) => table.relation);

/** As pg_class shows it: a table or a view. */
export const virtualKind = (id: number): 'r' | 'v' => known().byId.get(id)?.kind ?? 'v';

/** The rows, all columns and tableoid, as this reader's session sees them. `name` is 'pg_catalog.pg_class', or of pg_catalog alone. */
export function virtualRows(
  name: string,
  reader: SessionReader,
  wanted?: { readonly attribute: number; readonly value: RowValue },
): Iterable<readonly RowValue[]> {
  if (name.startsWith(SEQUENCE_ROWS)) return sequenceRows(Number(name.slice(SEQUENCE_ROWS.length)), reader);
  const { byName } = known();
  const table = byName.get(name) ?? byName.get(`pg_catalog.${name}`);
  if (table === undefined) return [];
  const column = wanted === undefined ? undefined : table.relation.columns[wanted.attribute - 1];
  return table.rows(reader, wanted === undefined || column === undefined ? null : { column: column.name, value: wanted.value });
}

// ---- sequences read like tables ----

const SEQUENCE_ROWS = 'sequence:';
const STATE_COLUMNS = 'last_value int8!, log_cnt int8!, is_called bool!';

/** What SELECT ... FROM a sequence sees. */
export const sequenceRelation = ({ id, schema, name }: CatalogSequence): CatalogVirtualTable =>
  defineVirtual(schema, name, id, STATE_COLUMNS, none).relation;

export const sequenceRowsName = (id: number): string => SEQUENCE_ROWS + String(id);

function sequenceRows(id: number, reader: SessionReader): RowValue[][] {
  const sequence = reader.relation(id);
  if (sequence?.kind !== 'sequence') return [];
  const { value, called } = reader.port.sequenceState(sequence.page);
  return [[value, 0, called]];
}
