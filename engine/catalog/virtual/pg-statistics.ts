/** pg_statistic_ext and what belongs to it: what CREATE STATISTICS asks for, and what ANALYZE has found. */

import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ExtendedStatistics, StatisticsKind } from '../objects.ts';
import type { SessionReader } from '../reader.ts';
import { statisticsName, type StatisticsRow } from '../stored.ts';
import { columnOf, quoteName } from './describe.ts';
import { statisticsFacts, textsOf } from './pg-views.ts';
import { roleName, schemaIdOf, shownRelation } from './relations.ts';
import { arrayValue, type Lookup, type RowMakers, type VirtualRow, vectorValue } from './virtual-table.ts';

const LETTERS: { readonly [kind in StatisticsKind]: string } = { ndistinct: 'd', dependencies: 'f', mcv: 'm' };
const EXPRESSIONS = 'e';

const statisticsOf = (reader: SessionReader): StatisticsRow[] =>
  reader.all('statistics').flatMap(({ row }) => (row.kind === 'statistics' ? [row] : []));

const attributesOf = ({ body }: StatisticsRow): number[] =>
  body.keys.flatMap(({ attribute }) => (attribute === 0 ? [] : [attribute]));

const expressionsOf = ({ body }: StatisticsRow): string[] =>
  body.keys.flatMap(({ expression }) => (expression === null ? [] : [expression.text]));

const kindsOf = (row: StatisticsRow): RowValue =>
  arrayValue('char1', [...row.body.kinds.map((kind) => LETTERS[kind]), ...(expressionsOf(row).length > 0 ? [EXPRESSIONS] : [])]);

/** What was found for it; null: nothing yet. */
function foundFor(reader: SessionReader, { id, parent }: StatisticsRow): ExtendedStatistics | null {
  const table = reader.relation(parent);
  return table?.kind === 'table' ? (table.statistics?.extended?.find(({ object }) => object === id) ?? null) : null;
}

// ---- texts ----

const distinctText = ({ distinct }: ExtendedStatistics): string | null =>
  distinct.length === 0 ? null : `{${distinct.map(({ keys, count }) => `"${keys.join(', ')}": ${count}`).join(', ')}}`;

function dependenciesText({ dependencies }: ExtendedStatistics): string | null {
  if (dependencies.length === 0) return null;
  return `{${dependencies.map(({ from, to, degree }) => `"${from.join(', ')} => ${to}": ${degree.toFixed(6)}`).join(', ')}}`;
}

/** pg_get_statisticsobjdef_columns() */
export function statisticsKeysText(reader: SessionReader, row: StatisticsRow): string {
  const table = reader.relation(row.parent);
  const parts = row.body.keys.map(({ attribute, expression }) => {
    if (expression === null) return table?.kind === 'table' ? quoteName(columnOf(table, attribute).name) : '';
    return expression.source.op === 'call' ? expression.text : `(${expression.text})`;
  });
  return parts.join(', ');
}

/** pg_get_statisticsobjdef() */
export function statisticsDefinition(reader: SessionReader, row: StatisticsRow): string {
  const { kinds, keys } = row.body;
  // All kinds are what is gathered when none is named; of one expression none can be.
  const named = keys.length === 1 || kinds.length === Object.keys(LETTERS).length ? '' : ` (${kinds.join(', ')})`;
  const name = `${quoteName(reader.schemaName(row.schema))}.${quoteName(statisticsName(row))}`;
  const of = shownRelation(reader, row.parent) ?? '';
  return `CREATE STATISTICS ${name}${named} ON ${statisticsKeysText(reader, row)} FROM ${of}`;
}

// ---- rows ----

function* objectRows(reader: SessionReader, lookup: Lookup | null): Iterable<VirtualRow> {
  for (const row of statisticsOf(reader)) {
    if (lookup !== null && row.parent !== lookup.value) continue;
    const expressions = expressionsOf(row);
    yield {
      ...{ oid: row.id, stxrelid: row.parent, stxname: statisticsName(row), stxowner: row.body.owner },
      stxnamespace: schemaIdOf(reader, reader.schemaName(row.schema)),
      stxstattarget: row.body.target,
      stxkeys: vectorValue('int2', attributesOf(row)),
      stxkind: kindsOf(row),
      stxexprs: expressions.length === 0 ? null : expressions.join(', '),
    };
  }
}

function* dataRows(reader: SessionReader): Iterable<VirtualRow> {
  if (reader.role()?.superuser !== true) return;
  for (const row of statisticsOf(reader)) {
    const found = foundFor(reader, row);
    if (found === null) continue;
    yield {
      ...{ stxoid: row.id, stxdinherit: false },
      ...{ stxdndistinct: distinctText(found), stxddependencies: dependenciesText(found) },
      stxdmcv: found.common.length === 0 ? null : JSON.stringify(found.common.map(({ fraction, base }) => [fraction, base])),
      stxdexpr: found.expressions.length === 0 ? null : textsOf(found.expressions.map(({ statistics }) => statistics.distinct)),
    };
  }
}

function headOf(reader: SessionReader, row: StatisticsRow): VirtualRow | null {
  const table = reader.relation(row.parent);
  if (table?.kind !== 'table' || !reader.allows(table.id, 'select')) return null;
  return {
    ...{ schemaname: table.schema, tablename: table.name, inherited: false },
    ...{ statistics_schemaname: reader.schemaName(row.schema), statistics_name: statisticsName(row) },
    statistics_owner: roleName(reader, row.body.owner),
  };
}

const valueText = (value: RowValue): RowValue =>
  value === null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

function commonOf({ common, keys }: ExtendedStatistics): VirtualRow {
  if (common.length === 0) return {};
  const shape = { kind: 'array' as const, lengths: [common.length, keys.length], lowers: [1, 1] };
  const all = common.flatMap(({ values }) => values);
  return {
    most_common_vals: { ...shape, element: 'text', items: all.map(valueText) },
    most_common_val_nulls: { ...shape, element: 'bool', items: all.map((value) => value === null) },
    most_common_freqs: arrayValue(
      'float8',
      common.map(({ fraction }) => fraction),
    ),
    most_common_base_freqs: arrayValue(
      'float8',
      common.map(({ base }) => base),
    ),
  };
}

function* viewRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const row of statisticsOf(reader)) {
    const head = headOf(reader, row);
    const found = foundFor(reader, row);
    const table = reader.relation(row.parent);
    if (head === null || found === null || table?.kind !== 'table') continue;
    const names = attributesOf(row).map((attribute) => columnOf(table, attribute).name);
    yield {
      ...head,
      attnames: names.length === 0 ? null : arrayValue('name', names),
      exprs: textsOf(expressionsOf(row)),
      kinds: kindsOf(row),
      ...{ n_distinct: distinctText(found), dependencies: dependenciesText(found) },
      ...commonOf(found),
    };
  }
}

function* expressionRows(reader: SessionReader): Iterable<VirtualRow> {
  for (const row of statisticsOf(reader)) {
    const head = headOf(reader, row);
    const found = foundFor(reader, row);
    if (head === null || found === null) continue;
    const texts = expressionsOf(row);
    for (const [at, { statistics }] of found.expressions.entries())
      yield { ...head, expr: texts[at] ?? '', ...statisticsFacts(statistics) };
  }
}

export const PG_STATISTICS: RowMakers = {
  pg_statistic_ext: objectRows,
  pg_statistic_ext_data: dataRows,
  pg_stats_ext: viewRows,
  pg_stats_ext_exprs: expressionRows,
};
