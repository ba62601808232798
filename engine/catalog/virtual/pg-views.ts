/** Views of pg_catalog: what PostgreSQL 15 makes of its tables for people. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ColumnStatistics } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import type { SettingFact } from '../session-facts.ts';
import { columnOf, indexDefinition, quoteName, typeOid, viewText } from './describe.ts';
import { databaseRows } from './pg-catalog.ts';
import { virtualKind } from './registry.ts';
import { indexesOf, roleName, sequencesOf, tablesOf, viewsOf, virtualTablesOf } from './relations.ts';
import { arrayValue, int8Value, type RowMakers, type VirtualRow } from './virtual-table.ts';

function* tableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    yield {
      schemaname: table.schema,
      tablename: table.name,
      tableowner: roleName(reader, table.owner),
      hasindexes: table.indexes.length > 0,
      hasrules: false,
      hastriggers: (table.foreignKeys?.length ?? 0) + (table.referrers?.length ?? 0) > 0,
      rowsecurity: table.rowSecurity?.enabled === true,
    };
  }
  for (const { id, schema, name } of virtualTablesOf()) {
    if (virtualKind(id) === 'v') continue;
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

function* indexRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, index } of indexesOf(reader)) {
    yield {
      schemaname: table.schema,
      tablename: table.name,
      indexname: index.name,
      indexdef: indexDefinition({ reader, pretty: false }, table, index),
    };
  }
}

function* sequenceRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const sequence of sequencesOf(reader)) {
    const { value, called } = reader.port.sequenceState(sequence.page);
    yield {
      schemaname: sequence.schema,
      sequencename: sequence.name,
      sequenceowner: roleName(reader, sequence.owner),
      data_type: typeOid(sequence.type),
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

export const textsOf = (values: readonly RowValue[]): RowValue =>
  values.length === 0
    ? null
    : arrayValue(
        'text',
        values.map((value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))),
      );

function* statisticsRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const table of tablesOf(reader)) {
    for (const column of table.statistics?.columns ?? []) {
      const known = columnOf(table, column.attribute);
      if (known.hidden !== null || !reader.allows(table.id, 'select')) continue;
      yield { schemaname: table.schema, tablename: table.name, attname: known.name, ...statisticsFacts(column) };
    }
  }
}

/** What pg_stats and pg_stats_ext_exprs show alike. */
export const statisticsFacts = (column: ColumnStatistics): VirtualRow => ({
  inherited: false,
  null_frac: column.nullFraction,
  avg_width: Math.round(column.averageBytes),
  n_distinct: column.distinct,
  most_common_vals: textsOf(column.common.map(({ value }) => value)),
  most_common_freqs:
    column.common.length === 0
      ? null
      : arrayValue(
          'float4',
          column.common.map(({ fraction }) => fraction),
        ),
  histogram_bounds: textsOf(column.histogram),
  correlation: column.correlation,
});

const CONTEXTS = { internal: 'internal', user: 'user' } as const;

function settingRow({ name, value, initial, description, domain, readOnly, unit, isSet }: SettingFact): VirtualRow {
  const { kind, least, greatest, words } = domain;
  return {
    ...{ name, setting: value, unit, short_desc: description, vartype: kind, boot_val: initial, reset_val: initial },
    category: readOnly ? 'Preset Options' : name.includes('.') ? 'Customized Options' : 'Client Connection Defaults',
    context: readOnly ? CONTEXTS.internal : CONTEXTS.user,
    source: isSet ? 'session' : 'default',
    min_val: least === undefined ? null : String(least),
    max_val: greatest === undefined ? null : String(greatest),
    enumvals: words === undefined ? null : arrayValue('text', [...words]),
    pending_restart: false,
  };
}

function* preparedRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, text, madeAt, types, isOfSql } of reader.session.facts?.preparedStatements() ?? []) {
    const numbers = types.map((type) => type.domain ?? typeOid(type.name));
    yield {
      ...{ name, statement: text, prepare_time: madeAt, parameter_types: arrayValue('regtype', numbers), from_sql: isOfSql },
      ...{ generic_plans: 0, custom_plans: 0 },
    };
  }
}

function* cursorRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { name, text, scroll, hold, binary, madeAt } of reader.session.facts?.openCursors() ?? [])
    yield { name, statement: text, is_holdable: hold, is_binary: binary, is_scrollable: scroll, creation_time: madeAt };
}

function* settingRows(reader: SessionReader): Iterable<VirtualRow> {
  const own = [...(reader.session.facts?.settings() ?? [])];
  for (const one of own) yield settingRow(one);
  const known = new Set(own.map(({ name }) => name));
  for (const [name, setting] of Object.entries(reader.port.settings)) {
    if (known.has(name)) continue;
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

function* viewRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { schema, name, owner, query } of viewsOf(reader))
    yield { schemaname: schema, viewname: name, viewowner: roleName(reader, owner), definition: viewText(query) };
}

function* ruleRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { schema, name, query } of viewsOf(reader)) {
    const definition = `CREATE RULE "_RETURN" AS\n    ON SELECT TO ${quoteName(schema)}.${quoteName(name)} DO INSTEAD ${viewText(query)}`;
    yield { schemaname: schema, tablename: name, rulename: '_RETURN', definition };
  }
}

/** Sizes as planning sees them: rows that are there, and nothing of what has been. */
function* statTableRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { id, schema, name, kernelTable } of tablesOf(reader)) {
    const { rows } = reader.port.size(kernelTable);
    yield {
      relid: id,
      schemaname: schema,
      relname: name,
      n_live_tup: rows,
      n_dead_tup: 0,
      n_mod_since_analyze: reader.port.changes(kernelTable),
    };
  }
}

function* statIndexRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const { table, index } of indexesOf(reader))
    yield { relid: table.id, indexrelid: index.id, schemaname: table.schema, relname: table.name, indexrelname: index.name };
}

const sequenceStatRows = (reader: SessionReader): VirtualRow[] =>
  sequencesOf(reader).map(({ id, schema, name }) => ({ relid: id, schemaname: schema, relname: name }));

const zoneRow = (name: string): VirtualRow => ({
  name,
  abbrev: name,
  utc_offset: { months: 0, days: 0, microseconds: 0 },
  is_dst: false,
});

export const PG_VIEWS: RowMakers = {
  pg_tables: tableRows,
  pg_indexes: indexRows,
  pg_views: viewRows,
  pg_rules: ruleRows,
  pg_sequences: sequenceRows,
  pg_stats: statisticsRows,
  pg_settings: settingRows,
  pg_prepared_statements: preparedRows,
  pg_cursors: cursorRows,
  pg_timezone_names: () => ['UTC', ...Intl.supportedValuesOf('timeZone')].map(zoneRow),
  pg_stat_all_tables: statTableRows,
  pg_stat_user_tables: statTableRows,
  pg_stat_all_indexes: statIndexRows,
  pg_stat_user_indexes: statIndexRows,
  pg_statio_all_tables: statTableRows,
  pg_statio_user_tables: statTableRows,
  pg_statio_all_sequences: sequenceStatRows,
  pg_statio_user_sequences: sequenceStatRows,
  pg_stat_database: (reader) => databaseRows(reader).map(({ oid, datname }) => ({ datid: oid, datname })),
};
