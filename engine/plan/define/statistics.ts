/** CREATE, ALTER and DROP STATISTICS; COMMENT finds them here. What ANALYZE does with them: catalog/extended-statistics.ts. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { isStatisticsOver } from '../../catalog/alter-table.ts';
import { boundText } from '../../catalog/bound-text.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { shownStatistics } from '../../catalog/dependents.ts';
import { isTemporarySchema } from '../../catalog/entries.ts';
import { denied, mustOwn, noSchema } from '../../catalog/errors.ts';
import { clipName } from '../../catalog/names.ts';
import type { CatalogColumn, StatisticsKey, StatisticsKind } from '../../catalog/objects.ts';
import { type StatisticsBody, statisticsKey, statisticsName, type StatisticsRow, type TableRow } from '../../catalog/stored.ts';
import { forgetStatistics } from '../../catalog/stored-statistics.ts';
import { isInterpreted } from '../../sblr/interpret.ts';
import { foldParts } from '../../sblr/resolve-type.ts';
import type { SourceExpression, SourceName, SourceStatement } from '../../sblr/source.gen.ts';
import { bindExpression } from '../bind/bind.ts';
import {
  type DefinitionEnvironment,
  fault,
  qualified,
  readerOf,
  repeated,
  shownName,
  storedExpression,
  unsupported,
} from './environment.ts';
import { changeOwner, otherSchema } from './schema.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;

const KEYS_MAX = 8;
const TARGET_MAX = 10_000;
const KINDS: readonly StatisticsKind[] = ['ndistinct', 'dependencies', 'mcv'];
/** Types that PostgreSQL has no order for. */
const UNORDERED = new Set('json jsonpath xid cid aclitem txid_snapshot'.split(' '));
/** Columns that every table has without naming them. */
const SYSTEM_COLUMNS = new Set('tableoid xmin cmin xmax cmax ctid'.split(' '));

const notice = (message: string, code = '00000'): Notice => ({ severity: 'NOTICE', code, message });

// ---- CREATE ----

/** 42P01, 42809, 42501, 42710, 42P17, 42701, 42703, 54011, 0A000 */
export function createStatistics(source: Node<'createStatistics'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session, semantics } = environment;
  const table = tableOf(source.table, environment);
  const given = qualified(source.name, semantics);
  const name = { ...given, name: clipName(given.name) };
  const place = catalog.placeFor(tx, session, name, isTemporarySchema(table.schema));
  if (catalog.isTaken(tx, place.schema, statisticsKey(name.name))) {
    const message = `statistics object "${name.name}" already exists`;
    if (!source.ifNotExists) throw fault(SQLSTATE.duplicate_object, message, source.name.at);
    return [notice(`${message}, skipping`, SQLSTATE.duplicate_object)];
  }
  const body: StatisticsBody = {
    owner: place.owner,
    grants: null,
    kinds: kindsOf(source),
    keys: keysOf(source, table, environment),
    target: -1,
  };
  catalog.change(tx, () => {
    const row: StatisticsRow = {
      ...{ id: catalog.nextId(), schema: place.schema, name: statisticsKey(name.name), kind: 'statistics' },
      ...{ parent: table.id, version: catalog.nextId(), body },
    };
    catalog.insert(tx, row);
  });
  return [];
}

function tableOf(source: SourceName, environment: DefinitionEnvironment): TableRow {
  const wanted = qualified(source, environment.semantics);
  const reader = readerOf(environment);
  const row = reader.findEntry(wanted.schema, wanted.name)?.row;
  if (row === undefined || reader.findRelation(wanted.schema, wanted.name)?.kind === 'virtual') {
    if (row === undefined && reader.findRelation(wanted.schema, wanted.name) === null)
      throw fault(SQLSTATE.undefined_table, `relation "${shownName(wanted)}" does not exist`, source.at);
    throw fault(SQLSTATE.insufficient_privilege, `permission denied: "${wanted.name}" is a system catalog`, source.at);
  }
  if (row.kind !== 'table')
    throw fault(SQLSTATE.wrong_object_type, `cannot define statistics for relation "${wanted.name}"`, source.at, {
      detail: `This operation is not supported for ${row.kind === 'index' ? 'indexes' : `${row.kind}s`}.`,
    });
  if (!reader.owns(row.body.owner)) throw mustOwn('table', row.name);
  return row;
}

/** Those that are named; without names all of them, of a single expression none. */
function kindsOf({ kinds, items, at }: Node<'createStatistics'>): StatisticsKind[] {
  const [first] = items;
  const isSingle = items.length === 1 && first.op !== 'column';
  if (isSingle && kinds.length > 0)
    throw fault(
      SQLSTATE.syntax_error,
      'when building statistics on a single expression, statistics kinds may not be specified',
      at,
    );
  for (const kind of kinds)
    if (!KINDS.includes(kind as StatisticsKind)) throw fault(SQLSTATE.syntax_error, `unrecognized statistics kind "${kind}"`, at);
  if (isSingle) return [];
  return KINDS.filter((kind) => kinds.length === 0 || kinds.includes(kind));
}

/** Columns in the order of their attributes, then expressions as they come. */
function keysOf(source: Node<'createStatistics'>, table: TableRow, environment: DefinitionEnvironment): StatisticsKey[] {
  const { items, at } = source;
  const columns: StatisticsKey[] = [];
  const expressions: StatisticsKey[] = [];
  for (const item of items) {
    if (items.length > KEYS_MAX) throw fault('54011', `cannot have more than ${KEYS_MAX} columns in statistics`, at);
    const column = columnNamed(item, table, environment);
    if (column === null) expressions.push(expressionKey(item, table, environment));
    else columns.push({ attribute: column.number, expression: null, bound: '', type: column.type });
  }
  if (columns.length + expressions.length < 2 && expressions.length === 0)
    throw fault(SQLSTATE.invalid_object_definition, 'extended statistics require at least 2 columns', at);
  if (repeated(columns.map(({ attribute }) => String(attribute))) !== undefined)
    throw fault(SQLSTATE.duplicate_column, 'duplicate column name in statistics definition', at);
  if (repeated(expressions.map(({ bound }) => bound.replace(/"at":\d+/g, ''))) !== undefined)
    throw fault(SQLSTATE.duplicate_column, 'duplicate expression in statistics definition', at);
  return [...columns.sort((a, b) => a.attribute - b.attribute), ...expressions];
}

const orderless = (what: string, type: string, at: number): SqlError =>
  fault(
    SQLSTATE.feature_not_supported,
    `${what} cannot be used in statistics because its type ${type} has no default btree operator class`,
    at,
  );

/** Null: an expression. */
function columnNamed(item: SourceExpression, table: TableRow, { semantics }: DefinitionEnvironment): CatalogColumn | null {
  if (item.op !== 'column' || item.name.parts.length !== 1) return null;
  const [name] = foldParts(item.name, semantics);
  const column = table.body.columns.find((one) => one.hidden === null && one.name === name);
  if (column === undefined) {
    if (SYSTEM_COLUMNS.has(name)) throw unsupported('statistics creation on system columns is', item.at);
    throw fault(SQLSTATE.undefined_column, `column "${name}" does not exist`, item.at);
  }
  if (UNORDERED.has(column.type.name)) throw orderless(`column "${name}"`, column.type.name, item.at);
  return column;
}

function expressionKey(source: SourceExpression, table: TableRow, environment: DefinitionEnvironment): StatisticsKey {
  const columns = table.body.columns
    .filter(({ hidden }) => hidden === null)
    .map(({ name, number, type }) => ({ name, type, attribute: number }));
  const { semantics } = environment;
  const of = { semantics, table: table.name, columns, target: null, catalog: readerOf(environment) };
  const { expression } = bindExpression(source, { ...of, purpose: 'value' });
  if (UNORDERED.has(expression.type.name)) throw orderless('expression', expression.type.name, source.at);
  if (!isInterpreted(expression))
    throw unsupported(
      'statistics over such an expression are',
      source.at,
      'operators and functions that are built in and immutable, CASE and COALESCE can be used',
    );
  return {
    attribute: 0,
    expression: storedExpression(source, environment),
    bound: boundText(expression),
    type: expression.type,
  };
}

// ---- finding them ----

/** Null: there is none of the name. 3F000 */
function findStatistics(source: SourceName, environment: DefinitionEnvironment): StatisticsRow | null {
  const wanted = qualified(source, environment.semantics);
  const reader = readerOf(environment);
  const row = reader.findEntry(wanted.schema, statisticsKey(wanted.name))?.row;
  return row?.kind === 'statistics' ? row : null;
}

const missing = (source: SourceName, { semantics }: DefinitionEnvironment): string =>
  `statistics object "${shownName(qualified(source, semantics))}" does not exist`;

/** Those of a name, whoever owns them. 42704 */
export function statisticsNamed(source: SourceName, environment: DefinitionEnvironment): StatisticsRow {
  const wanted = qualified(source, environment.semantics);
  if (wanted.schema !== null && readerOf(environment).schemaId(wanted.schema) === null) throw noSchema(wanted.schema);
  const row = findStatistics(source, environment);
  if (row === null) throw fault(SQLSTATE.undefined_object, missing(source, environment), source.at);
  return row;
}

/** 42501 */
function mustBeOwn(row: StatisticsRow, environment: DefinitionEnvironment): void {
  const reader = readerOf(environment);
  if (!reader.owns(row.body.owner)) throw mustOwn('statistics object', shownStatistics(row, reader));
}

// ---- ALTER, DROP ----

export function alterStatistics(source: Node<'alterStatistics'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  if (source.ifExists && findStatistics(source.name, environment) === null)
    return [notice(`${missing(source.name, environment)}, skipping`)];
  const row = statisticsNamed(source.name, environment);
  mustBeOwn(row, environment);
  catalog.change(tx, () => {
    if (source.action === 'rename') renamed(row, clipName(source.to), environment);
    else if (source.action === 'schema') moved(row, source.to, environment);
    else if (source.action === 'owner') changeOwner(row, source.to, environment);
    else retargeted(row, source, environment);
  });
  return [];
}

function mustBeFree(schema: number, name: string, environment: DefinitionEnvironment): void {
  if (!environment.catalog.isTaken(environment.tx, schema, statisticsKey(name))) return;
  const within = readerOf(environment).schemaName(schema);
  throw new SqlError(SQLSTATE.duplicate_object, `statistics object "${name}" already exists in schema "${within}"`);
}

function renamed(row: StatisticsRow, to: string, { catalog, tx, ...rest }: DefinitionEnvironment): void {
  mustBeFree(row.schema, to, { catalog, tx, ...rest });
  catalog.replace(tx, { ...row, name: statisticsKey(to), version: catalog.nextId() });
}

function moved(row: StatisticsRow, to: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const schema = otherSchema(row.schema, to, environment);
  if (schema === null) return;
  if (!readerOf(environment).mayCreateIn(schema)) throw denied('schema', to);
  mustBeFree(schema, statisticsName(row), environment);
  catalog.replace(tx, { ...row, schema, version: catalog.nextId() });
}

/** 22023 below -1; what is too large is cut, as PostgreSQL does. */
function retargeted(row: StatisticsRow, { to, at }: Node<'alterStatistics'>, { catalog, tx }: DefinitionEnvironment): void {
  const given = Number(to);
  if (given < -1) throw fault(SQLSTATE.invalid_parameter_value, `statistics target ${given} is too low`, at);
  const target = Math.min(given, TARGET_MAX);
  catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, target } });
}

/** 42704, 42501 */
export function dropStatistics(source: Node<'dropStatistics'>, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const notices: Notice[] = [];
  const rows = source.names.flatMap((name): StatisticsRow[] => {
    if (source.ifExists && findStatistics(name, environment) === null) {
      notices.push(notice(`${missing(name, environment)}, skipping`));
      return [];
    }
    const row = statisticsNamed(name, environment);
    mustBeOwn(row, environment);
    return [row];
  });
  const ids = [...new Set(rows.map(({ id }) => id))];
  if (ids.length > 0) notices.push(...catalog.drop(tx, session, ids, source.cascade));
  return notices;
}

// ---- a column of another type ----

/** What was found of the column is about other values; expressions mean something with its new type, or it is an error. */
export function retypeStatistics(id: number, column: CatalogColumn, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const table = catalog.entry(tx, id)?.row;
  if (table?.kind !== 'table') return;
  const over = catalog.statisticsOf(tx, table).filter((one) => isStatisticsOver(one, column));
  for (const one of over) {
    const keys = one.body.keys.map((key): StatisticsKey => {
      if (key.expression !== null) {
        const of = { ...environment, semantics: environment.semanticsOf(key.expression.dialect) };
        return { ...expressionKey(key.expression.source, table, of), expression: key.expression };
      }
      const now = table.body.columns.find(({ number }) => number === key.attribute);
      return now === undefined ? key : { ...key, type: now.type };
    });
    catalog.replace(tx, { ...one, version: catalog.nextId(), body: { ...one.body, keys } } as StatisticsRow);
  }
  forgetStatistics(catalog, tx, id, [column.number], []);
}
