/** information_schema, with the columns of PostgreSQL 15: tables, columns, keys and sequences that the role may see. */

import type { CatalogColumn, CatalogIndex, CatalogTable, CatalogVirtualTable } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { columnOf, defaultText, describeType } from './describe.ts';
import { roleName, sequencesOf, shownRelation, tablesOf, virtualTablesOf, visible } from './relations.ts';
import { defineVirtual, type VirtualRow, type VirtualTable } from './virtual-table.ts';

const view = (name: string, id: number, columns: string, make: (reader: SessionReader) => Iterable<VirtualRow>): VirtualTable =>
  defineVirtual('information_schema', name, id, columns, make);

const catalogOf = (reader: SessionReader): string => reader.port.settings.database ?? 'scratchbird';

const yesNo = (is: boolean): string => (is ? 'YES' : 'NO');

/** Stored tables on which the role has some right. */
const seenTables = (reader: SessionReader): CatalogTable[] =>
  tablesOf(reader).filter((table) =>
    (['select', 'insert', 'update', 'delete', 'truncate'] as const).some((right) => reader.allows(table.id, right)),
  );

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { schema, name, persistence } of seenTables(reader)) {
    yield {
      table_catalog: catalogOf(reader),
      table_schema: schema,
      table_name: name,
      table_type: persistence === 'temporary' ? 'LOCAL TEMPORARY' : 'BASE TABLE',
      is_insertable_into: 'YES',
      is_typed: 'NO',
      commit_action: persistence === 'temporary' ? 'PRESERVE' : null,
    };
  }
  for (const { schema, name } of virtualTablesOf()) {
    yield {
      table_catalog: catalogOf(reader),
      table_schema: schema,
      table_name: name,
      table_type: schema === 'information_schema' ? 'VIEW' : 'BASE TABLE',
      is_insertable_into: 'NO',
      is_typed: 'NO',
    };
  }
}

// ---- columns ----

const INTEGER_BITS: { readonly [type: string]: number } = { int2: 16, int4: 32, int8: 64 };
const OCTETS_MAX = 1_073_741_824;
const CHARACTER_BYTES = 4;

function typeColumns({ type }: CatalogColumn): VirtualRow {
  const { name, length, scale } = type;
  const { shown } = describeType(name);
  const base = { data_type: shown, udt_name: describeType(name).name };
  if (name === 'varchar' || name === 'char') {
    if (length < 0) return { ...base, character_octet_length: OCTETS_MAX };
    return { ...base, character_maximum_length: length, character_octet_length: length * CHARACTER_BYTES };
  }
  if (name === 'text') return { ...base, character_octet_length: OCTETS_MAX };
  if (name in INTEGER_BITS) {
    return { ...base, numeric_precision: INTEGER_BITS[name], numeric_precision_radix: 2, numeric_scale: 0 };
  }
  if (name === 'float4' || name === 'float8') {
    return { ...base, numeric_precision: name === 'float4' ? 24 : 53, numeric_precision_radix: 2 };
  }
  if (name === 'numeric') {
    if (length < 0) return { ...base, numeric_precision_radix: 10 };
    return { ...base, numeric_precision: length, numeric_precision_radix: 10, numeric_scale: scale };
  }
  if (name === 'date') return { ...base, datetime_precision: 0 };
  if (['time', 'timestamp', 'timestamptz', 'interval'].includes(name)) {
    return { ...base, datetime_precision: length < 0 ? 6 : length };
  }
  return base;
}

function columnRow(
  reader: SessionReader,
  table: CatalogTable | CatalogVirtualTable,
  column: CatalogColumn,
  position: number,
): VirtualRow {
  const sequence = column.identity === 'none' ? null : reader.relation(column.sequence);
  const numbers = sequence !== null && sequence.kind === 'sequence' ? sequence : null;
  return {
    ...typeColumns(column),
    table_catalog: catalogOf(reader),
    table_schema: table.schema,
    table_name: table.name,
    column_name: column.name,
    ordinal_position: position,
    column_default: defaultText(column, (id) => shownRelation(reader, id)),
    is_nullable: yesNo(!column.notNull),
    udt_catalog: catalogOf(reader),
    udt_schema: 'pg_catalog',
    dtd_identifier: String(column.number),
    is_self_referencing: 'NO',
    is_identity: yesNo(column.identity !== 'none'),
    identity_generation: column.identity === 'none' ? null : column.identity === 'always' ? 'ALWAYS' : 'BY DEFAULT',
    identity_start: numbers === null ? null : String(numbers.start),
    identity_increment: numbers === null ? null : String(numbers.increment),
    identity_maximum: numbers === null ? null : String(numbers.maximum),
    identity_minimum: numbers === null ? null : String(numbers.minimum),
    identity_cycle: numbers === null ? 'NO' : yesNo(numbers.cycle),
    is_generated: 'NEVER',
    is_updatable: yesNo(table.kind === 'table'),
  };
}

function* columnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of [...seenTables(reader), ...virtualTablesOf()]) {
    for (const [at, column] of visible(table).entries()) yield columnRow(reader, table, column, at + 1);
  }
}

// ---- constraints ----

interface Key {
  readonly table: CatalogTable;
  readonly index: CatalogIndex;
}

const keysOf = (reader: SessionReader): Key[] =>
  seenTables(reader).flatMap((table) => table.indexes.flatMap((index) => (index.constraint === null ? [] : [{ table, index }])));

const constraintHead = (reader: SessionReader, table: CatalogTable, name: string): VirtualRow => ({
  constraint_catalog: catalogOf(reader),
  constraint_schema: table.schema,
  constraint_name: name,
});

const tableHead = (reader: SessionReader, table: CatalogTable): VirtualRow => ({
  table_catalog: catalogOf(reader),
  table_schema: table.schema,
  table_name: table.name,
});

function* constraintRows(reader: SessionReader): Iterable<VirtualRow> {
  const common = { is_deferrable: 'NO', initially_deferred: 'NO', enforced: 'YES' };
  for (const table of seenTables(reader)) {
    const head = tableHead(reader, table);
    for (const { constraint, primary, nullsDistinct } of table.indexes) {
      if (constraint === null) continue;
      const type = primary ? 'PRIMARY KEY' : 'UNIQUE';
      const nulls = primary ? null : yesNo(nullsDistinct);
      yield { ...constraintHead(reader, table, constraint), ...head, ...common, constraint_type: type, nulls_distinct: nulls };
    }
    for (const { name } of table.checks)
      yield { ...constraintHead(reader, table, name), ...head, ...common, constraint_type: 'CHECK' };
    for (const column of visible(table)) {
      if (!column.notNull) continue;
      yield { ...constraintHead(reader, table, notNullName(table, column)), ...head, ...common, constraint_type: 'CHECK' };
    }
  }
}

/** NOT NULL has no name of its own; PostgreSQL makes one of numbers. */
const notNullName = (table: CatalogTable, column: CatalogColumn): string => `2200_${table.id}_${column.number}_not_null`;

function* keyColumnRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, index } of keysOf(reader)) {
    for (const [at, key] of index.keys.entries()) {
      yield {
        ...constraintHead(reader, table, index.constraint ?? ''),
        ...tableHead(reader, table),
        column_name: columnOf(table, key.attribute).name,
        ordinal_position: at + 1,
      };
    }
  }
}

function* checkRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of seenTables(reader)) {
    for (const { name, expression } of table.checks) {
      yield { ...constraintHead(reader, table, name), check_clause: `(${expression.text})` };
    }
    for (const column of visible(table)) {
      if (column.notNull)
        yield { ...constraintHead(reader, table, notNullName(table, column)), check_clause: `${column.name} IS NOT NULL` };
    }
  }
}

// ---- the rest ----

function* schemaRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, owner } of reader.schemas()) {
    yield { catalog_name: catalogOf(reader), schema_name: name, schema_owner: roleName(reader, owner) };
  }
}

function* sequenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const owner = sequence.ownerTable === 0 ? null : reader.relation(sequence.ownerTable);
    const isIdentity = owner?.kind === 'table' && columnOf(owner, sequence.ownerAttribute)?.identity !== 'none';
    if (isIdentity || !reader.allows(sequence.id, 'select')) continue;
    yield {
      sequence_catalog: catalogOf(reader),
      sequence_schema: sequence.schema,
      sequence_name: sequence.name,
      data_type: { int2: 'smallint', int4: 'integer', int8: 'bigint' }[sequence.type],
      numeric_precision: INTEGER_BITS[sequence.type],
      numeric_precision_radix: 2,
      numeric_scale: 0,
      start_value: String(sequence.start),
      minimum_value: String(sequence.minimum),
      maximum_value: String(sequence.maximum),
      increment: String(sequence.increment),
      cycle_option: yesNo(sequence.cycle),
    };
  }
}

export const INFORMATION_SCHEMA: readonly VirtualTable[] = [
  view(
    'tables',
    13010,
    'table_catalog name, table_schema name, table_name name, table_type varchar, self_referencing_column_name name, reference_generation varchar, user_defined_type_catalog name, user_defined_type_schema name, user_defined_type_name name, is_insertable_into varchar, is_typed varchar, commit_action varchar',
    tableRows,
  ),
  view(
    'columns',
    13015,
    'table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, column_default varchar, is_nullable varchar, data_type varchar, character_maximum_length int4, character_octet_length int4, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, datetime_precision int4, interval_type varchar, interval_precision int4, character_set_catalog name, character_set_schema name, character_set_name name, collation_catalog name, collation_schema name, collation_name name, domain_catalog name, domain_schema name, domain_name name, udt_catalog name, udt_schema name, udt_name name, scope_catalog name, scope_schema name, scope_name name, maximum_cardinality int4, dtd_identifier name, is_self_referencing varchar, is_identity varchar, identity_generation varchar, identity_start varchar, identity_increment varchar, identity_maximum varchar, identity_minimum varchar, identity_cycle varchar, is_generated varchar, generation_expression varchar, is_updatable varchar',
    columnRows,
  ),
  view(
    'table_constraints',
    13020,
    'constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, constraint_type varchar, is_deferrable varchar, initially_deferred varchar, enforced varchar, nulls_distinct varchar',
    constraintRows,
  ),
  view(
    'key_column_usage',
    13025,
    'constraint_catalog name, constraint_schema name, constraint_name name, table_catalog name, table_schema name, table_name name, column_name name, ordinal_position int4, position_in_unique_constraint int4',
    keyColumnRows,
  ),
  view(
    'check_constraints',
    13030,
    'constraint_catalog name, constraint_schema name, constraint_name name, check_clause varchar',
    checkRows,
  ),
  view(
    'referential_constraints',
    13035,
    'constraint_catalog name, constraint_schema name, constraint_name name, unique_constraint_catalog name, unique_constraint_schema name, unique_constraint_name name, match_option varchar, update_rule varchar, delete_rule varchar',
    () => [],
  ),
  view(
    'schemata',
    13040,
    'catalog_name name, schema_name name, schema_owner name, default_character_set_catalog name, default_character_set_schema name, default_character_set_name name, sql_path varchar',
    schemaRows,
  ),
  view(
    'sequences',
    13045,
    'sequence_catalog name, sequence_schema name, sequence_name name, data_type varchar, numeric_precision int4, numeric_precision_radix int4, numeric_scale int4, start_value varchar, minimum_value varchar, maximum_value varchar, increment varchar, cycle_option varchar',
    sequenceRows,
  ),
  view(
    'views',
    13050,
    'table_catalog name, table_schema name, table_name name, view_definition varchar, check_option varchar, is_updatable varchar, is_insertable_into varchar, is_trigger_updatable varchar, is_trigger_deletable varchar, is_trigger_insertable_into varchar',
    () => [],
  ),
];
