/** What the views of information_schema share: which objects a role sees there, how they are named, how types are taken apart. */

import type { SqlType } from '../../sblr/types.ts';
import { userType } from '../../values/user-types.ts';
import type { CatalogTable, CatalogView } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { describeType } from './describe.ts';
import { tablesOf, viewsOf } from './relations.ts';
import type { VirtualRow } from './virtual-table.ts';

export const catalogOf = (reader: SessionReader): string => reader.session.database ?? 'scratchbird';

export const yesNo = (is: boolean): string => (is ? 'YES' : 'NO');

const RIGHTS = ['select', 'insert', 'update', 'delete', 'truncate'] as const;
const isSeen = (reader: SessionReader, id: number): boolean => RIGHTS.some((right) => reader.allows(id, right));

/** Stored tables on which the role has some right. */
export const seenTables = (reader: SessionReader): CatalogTable[] => tablesOf(reader).filter(({ id }) => isSeen(reader, id));

export const seenViews = (reader: SessionReader): CatalogView[] => viewsOf(reader).filter(({ id }) => isSeen(reader, id));

export const tableHead = (reader: SessionReader, { schema, name }: { schema: string; name: string }): VirtualRow => ({
  table_catalog: catalogOf(reader),
  table_schema: schema,
  table_name: name,
});

export const constraintHead = (reader: SessionReader, schema: string, name: string): VirtualRow => ({
  constraint_catalog: catalogOf(reader),
  constraint_schema: schema,
  constraint_name: name,
});

// ---- types ----

export const INTEGER_BITS: { readonly [type: string]: number } = { int2: 16, int4: 32, int8: 64 };
const OCTETS_MAX = 1_073_741_824;
const CHARACTER_BYTES = 4;

/** Lengths and precisions. */
export function sizeColumns({ name, length, scale }: SqlType): VirtualRow {
  if (name === 'varchar' || name === 'char') {
    if (length < 0) return { character_octet_length: OCTETS_MAX };
    return { character_maximum_length: length, character_octet_length: length * CHARACTER_BYTES };
  }
  if (name === 'text') return { character_octet_length: OCTETS_MAX };
  if (name in INTEGER_BITS) return { numeric_precision: INTEGER_BITS[name], numeric_precision_radix: 2, numeric_scale: 0 };
  if (name === 'float4' || name === 'float8')
    return { numeric_precision: name === 'float4' ? 24 : 53, numeric_precision_radix: 2 };
  if (name === 'numeric') {
    if (length < 0) return { numeric_precision_radix: 10 };
    return { numeric_precision: length, numeric_precision_radix: 10, numeric_scale: scale };
  }
  if (name === 'bit' || name === 'varbit') return length < 0 ? {} : { character_maximum_length: length };
  if (name === 'date') return { datetime_precision: 0 };
  if (['time', 'timetz', 'timestamp', 'timestamptz', 'interval'].includes(name))
    return { datetime_precision: length < 0 ? 6 : length };
  return {};
}

/** ARRAY, USER-DEFINED, or the type's name. */
export function dataType({ name }: SqlType): string {
  if (name.endsWith('[]')) return 'ARRAY';
  return name.includes(':') ? 'USER-DEFINED' : describeType(name).shown;
}

/** udt_..., of a domain its base. */
export function udtColumns(reader: SessionReader, { name }: SqlType): VirtualRow {
  const made = /(?:enum|row):(\d+)/.exec(name);
  const schema = made === null ? 'pg_catalog' : (reader.userType(Number(made[1])) ?? userType(Number(made[1])))?.schema;
  return { udt_catalog: catalogOf(reader), udt_schema: schema ?? 'pg_catalog', udt_name: describeType(name).name };
}

export function domainColumns(reader: SessionReader, { domain }: SqlType): VirtualRow {
  const made = domain === undefined ? null : reader.userType(domain);
  if (made === null) return {};
  return { domain_catalog: catalogOf(reader), domain_schema: made.schema, domain_name: made.name };
}
