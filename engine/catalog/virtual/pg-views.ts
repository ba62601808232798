/** Views of pg_catalog: what PostgreSQL 15 makes of its tables for people. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ColumnStatistics } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { columnOf, indexDefinition } from './describe.ts';
import { indexesOf, roleName, sequencesOf, tablesOf, viewsOf, virtualTablesOf } from './relations.ts';
import { defineVirtual, int8Value, type VirtualRow, type VirtualTable } from './virtual-table.ts';

const view = (name: string, id: number, columns: string, make: (reader: SessionReader) => Iterable<VirtualRow>): VirtualTable =>
  defineVirtual('pg_catalog', name, id, columns, make);

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    yield {
      schemaname: table.schema,
      tablename: table.name,
      tableowner: roleName(reader, table.owner),
      hasindexes: table.indexes.length > 0,
      hasrules: false,
      hastriggers: false,
      rowsecurity: false,
    };
  }
  for (const { schema, name } of virtualTablesOf()) {
    if (schema !== 'pg_catalog') continue;
    const owner = reader.roles()[0]?.name ?? '';
    yield {
      schemaname: schema,
      tablename: name,
      tableowner: owner,
      hasindexes: false,
      hasrules: false,
      hastriggers: false,
      rowsecurity: false,
    };
  }
}

function* viewRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { schema, name, owner, query } of viewsOf(reader))
    yield { schemaname: schema, viewname: name, viewowner: roleName(reader, owner), definition: ` ${query.text};` };
}

function* indexRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, index } of indexesOf(reader)) {
    yield { schemaname: table.schema, tablename: table.name, indexname: index.name, indexdef: indexDefinition(table, index) };
  }
}

function* sequenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const { value, called } = reader.port.sequenceState(sequence.page);
    yield {
      schemaname: sequence.schema,
      sequencename: sequence.name,
      sequenceowner: roleName(reader, sequence.owner),
      data_type: { int2: 'smallint', int4: 'integer', int8: 'bigint' }[sequence.type],
      start_value: int8Value(sequence.start),
      min_value: int8Value(sequence.minimum),
      max_value: int8Value(sequence.maximum),
      increment_by: int8Value(sequence.increment),
      cycle: sequence.cycle,
      cache_size: sequence.cache,
      last_value: called ? value : null,
    };
  }
}

const listText = (values: readonly RowValue[]): string | null =>
  values.length === 0
    ? null
    : `{${values.map((value) => (typeof value === 'string' ? JSON.stringify(value) : String(value))).join(',')}}`;

function* statisticsRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    for (const column of table.statistics?.columns ?? []) {
      const known = columnOf(table, column.attribute);
      if (known.hidden !== null || !reader.allows(table.id, 'select')) continue;
      yield { schemaname: table.schema, tablename: table.name, attname: known.name, ...statisticsRow(column) };
    }
  }
}

const statisticsRow = (column: ColumnStatistics): VirtualRow => ({
  inherited: false,
  null_frac: column.nullFraction,
  avg_width: Math.round(column.averageBytes),
  n_distinct: column.distinct,
  most_common_vals: listText(column.common.map(({ value }) => value)),
  most_common_freqs: listText(column.common.map(({ fraction }) => fraction)),
  histogram_bounds: listText(column.histogram),
  correlation: column.correlation,
});

function* settingRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const [name, setting] of Object.entries(reader.port.settings)) {
    yield {
      name,
      setting,
      category: 'Preset Options',
      short_desc: name.replaceAll('_', ' '),
      context: 'internal',
      vartype: /^\d+$/.test(setting) ? 'integer' : 'string',
      source: 'default',
      boot_val: setting,
      reset_val: setting,
      pending_restart: false,
    };
  }
}

const userRow = ({ id, name, superuser }: { id: number; name: string; superuser: boolean }): VirtualRow => ({
  usename: name,
  usesysid: id,
  usecreatedb: superuser,
  usesuper: superuser,
  userepl: superuser,
  usebypassrls: superuser,
  passwd: '********',
});

export const PG_VIEWS: readonly VirtualTable[] = [
  view(
    'pg_tables',
    12010,
    'schemaname name, tablename name, tableowner name, tablespace name, hasindexes bool, hasrules bool, hastriggers bool, rowsecurity bool',
    tableRows,
  ),
  view('pg_indexes', 12020, 'schemaname name, tablename name, indexname name, tablespace name, indexdef text', indexRows),
  view('pg_views', 12005, 'schemaname name, viewname name, viewowner name, definition text', viewRows),
  view(
    'pg_matviews',
    12015,
    'schemaname name, matviewname name, matviewowner name, tablespace name, hasindexes bool, ispopulated bool, definition text',
    () => [],
  ),
  view(
    'pg_sequences',
    12025,
    'schemaname name, sequencename name, sequenceowner name, data_type text, start_value int8, min_value int8, max_value int8, increment_by int8, cycle bool, cache_size int8, last_value int8',
    sequenceRows,
  ),
  view(
    'pg_stats',
    12030,
    'schemaname name, tablename name, attname name, inherited bool, null_frac float4, avg_width int4, n_distinct float4, most_common_vals text, most_common_freqs text, histogram_bounds text, correlation float4, most_common_elems text, most_common_elem_freqs text, elem_count_histogram text',
    statisticsRows,
  ),
  view(
    'pg_settings',
    12040,
    'name text, setting text, unit text, category text, short_desc text, extra_desc text, context text, vartype text, source text, min_val text, max_val text, enumvals text, boot_val text, reset_val text, sourcefile text, sourceline int4, pending_restart bool',
    settingRows,
  ),
  view(
    'pg_user',
    12001,
    'usename name, usesysid oid, usecreatedb bool, usesuper bool, userepl bool, usebypassrls bool, passwd text, valuntil timestamptz, useconfig text',
    (reader) =>
      reader
        .roles()
        .filter(({ login }) => login)
        .map(userRow),
  ),
];
