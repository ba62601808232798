/** A catalog of a few tables in memory, for tests of the binder and of what stands above it. */

import type {
  CatalogCheck,
  CatalogColumn,
  CatalogIndex,
  CatalogReader,
  CatalogTable,
  StoredExpression,
} from '../../catalog/objects.ts';
import type { Right } from '../../sblr/bound.ts';
import type { DialectSemantics } from '../../sblr/semantics.ts';
import type { SourceExpression } from '../../sblr/source.gen.ts';
import { type SqlType, sqlType } from '../../sblr/types.ts';
import type { BindEnvironment } from './environment.ts';

export const stored = (source: SourceExpression, dialect = 'postgresql'): StoredExpression => ({ dialect, text: '', source });

export const tableColumn = (number: number, name: string, type: SqlType, more: Partial<CatalogColumn> = {}): CatalogColumn => ({
  number,
  name,
  type,
  notNull: false,
  default: null,
  identity: 'none',
  sequence: 0,
  hidden: null,
  kernelColumn: number - 1,
  ...more,
});

export const uniqueIndex = (id: number, name: string, attributes: readonly number[], primary = false): CatalogIndex => ({
  id,
  name,
  unique: true,
  nullsDistinct: true,
  primary,
  method: 'btree',
  keys: attributes.map((attribute) => ({ attribute, descending: false, nullsFirst: false })),
  kernelIndex: 0,
  constraint: name,
});

export const table = (
  id: number,
  name: string,
  columns: readonly CatalogColumn[],
  indexes: readonly CatalogIndex[] = [],
  checks: readonly CatalogCheck[] = [],
): CatalogTable => ({
  kind: 'table',
  id,
  version: 1,
  schema: 'public',
  name,
  owner: 1,
  persistence: 'permanent',
  kernelTable: id,
  columns,
  indexes,
  checks,
  statistics: null,
});

/** A column of every kind: what `create table t (...)` in the differential tests makes too. */
export const TABLE_T = table(
  10,
  't',
  [
    tableColumn(1, 'id', sqlType('int4'), { notNull: true }),
    tableColumn(2, 'a', sqlType('int4')),
    tableColumn(3, 'b', sqlType('int8')),
    tableColumn(4, 's', sqlType('text')),
    tableColumn(5, 'v', sqlType('varchar', true, 10)),
    tableColumn(6, 'c', sqlType('char', true, 4)),
    tableColumn(7, 'n', sqlType('numeric')),
    tableColumn(8, 'p', sqlType('numeric', true, 10, 2)),
    tableColumn(9, 'f', sqlType('float8')),
    tableColumn(10, 'r', sqlType('float4')),
    tableColumn(11, 'i', sqlType('int2')),
    tableColumn(12, 'k', sqlType('bool')),
    tableColumn(13, 'd', sqlType('date')),
    tableColumn(14, 'ts', sqlType('timestamp')),
    tableColumn(15, 'tz', sqlType('timestamptz')),
    tableColumn(16, 'iv', sqlType('interval')),
    tableColumn(17, 'j', sqlType('jsonb')),
    tableColumn(18, 'u', sqlType('uuid')),
    tableColumn(19, 'y', sqlType('bytea')),
  ],
  [uniqueIndex(11, 't_pkey', [1], true)],
);

export const CREATE_T = `create table t (id int primary key, a int, b bigint, s text, v varchar(10), c char(4), n numeric, p numeric(10,2),
  f float8, r real, i smallint, k boolean, d date, ts timestamp, tz timestamptz, iv interval, j jsonb, u uuid, y bytea)`;

export function catalogOf(tables: readonly CatalogTable[], denied: readonly Right[] = []): CatalogReader {
  return {
    version: 1,
    findRelation: (schema, name) => tables.find((one) => one.name === name && (schema === null || schema === one.schema)) ?? null,
    relation: (id) => tables.find((one) => one.id === id) ?? null,
    allows: (_, right) => !denied.includes(right),
  };
}

export const environmentOf = (
  semantics: DialectSemantics,
  tables: readonly CatalogTable[] = [TABLE_T],
  more: Partial<BindEnvironment> = {},
): BindEnvironment => ({
  catalog: catalogOf(tables),
  semantics,
  semanticsOf: () => semantics,
  parameterTypes: [],
  literals: [],
  policy: 'infer',
  ...more,
});
