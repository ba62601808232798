/**
 * CREATE TABLE -> TableDefinition: types by the dialect's names, serial and identity columns, constraints of columns and of the table,
 * with the errors that PostgreSQL gives. What is not there yet (foreign keys, generated columns, AS) is 0A000.
 */

import { SQLSTATE } from '../../../shm/errors.ts';
import type { CheckDefinition, ColumnDefinition, IndexDefinition, TableDefinition } from '../../catalog/definitions.ts';
import { columnKind } from '../../catalog/kernel-columns.ts';
import type { StoredExpression } from '../../catalog/objects.ts';
import { resolveType } from '../../sblr/resolve-type.ts';
import type {
  SourceColumnDef,
  SourceConstraint,
  SourceCreateTableNode,
  SourceOption,
  SourceType,
} from '../../sblr/source.gen.ts';
import { sqlType, type SqlType, withNullable } from '../../sblr/types.ts';
import { bindExpression } from '../bind/bind.ts';
import type { ExpressionColumn } from '../bind/environment.ts';
import {
  type DefinitionEnvironment,
  fault,
  qualified,
  readerOf,
  repeated,
  storedExpression,
  unsupported,
} from './environment.ts';
import { collationNamed } from './index.ts';
import { inheritedOf, mergedChecks } from './family.ts';
import { takenOver } from './like.ts';
import { mustHoldKey, partitioningOf } from './partition.ts';
import { sequenceNumbers } from './sequence.ts';

const SERIAL: { readonly [name: string]: 'int2' | 'int4' | 'int8' } = {
  smallserial: 'int2',
  serial2: 'int2',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
};

const COLUMNS_MAX = 1600;

/** Storage parameters that have no meaning here; pg_dump and pgbench write them. */
const WITHOUT_EFFECT = /^(fillfactor|toast_tuple_target|parallel_workers|user_catalog_table|(toast\.)?autovacuum_.*)$/;

export function defineTable(source: SourceCreateTableNode, environment: DefinitionEnvironment): TableDefinition {
  checkWhole(source);
  const name = qualified(source.name, environment.semantics);
  if (source.persistence === 'temporary' && name.schema !== null && name.schema !== 'pg_temp')
    throw fault(SQLSTATE.invalid_table_definition, 'cannot create temporary relation in non-temporary schema', source.name.at);
  const family = inheritedOf(source, name.name, environment);
  const merged = new Set(family.columns.map((column) => column.name));
  const own = source.columns.filter((column) => !merged.has(column.name));
  const columns = own.map((column) => defineColumn(column, name.name, environment));
  const likes = source.likes.map((like) => ({ before: like.before, taken: takenOver(like, environment) }));
  /** All columns in their order: each its own, by its place, or one that LIKE has taken over. */
  const order: (number | ColumnDefinition)[] = columns.map((_, at) => at);
  for (const { before, taken } of [...likes].reverse()) order.splice(Math.min(before, order.length), 0, ...taken.columns);
  order.unshift(...family.columns);
  const all = order.map((one) => (typeof one === 'number' ? columns[one] : one));
  const twice = repeated(all.map((column) => column.name));
  if (twice !== undefined) throw fault(SQLSTATE.duplicate_column, `column "${twice}" specified more than once`, source.at);
  const expressionColumns = all.map(({ name: own, type }, at) => ({ name: own, type, attribute: at + 1 }));
  const work: Work = { table: name.name, columns: expressionColumns, environment };
  const constraints = [...source.columns.flatMap(columnConstraints), ...source.constraints];
  const keys = constraints.filter((one) => one.kind === 'primaryKey' || one.kind === 'unique');
  const indexes = [...indexesOf(keys, work), ...family.indexes];
  mustHaveOnePrimary(indexes, name.name, source.at);
  const primary = indexes.find((index) => index.primary);
  const keyed = new Set(primary?.keys.flatMap(({ key }) => ('column' in key ? [key.column] : [])));
  const defaults = own.map((column, at) => defaultOf(column, columns[at], work));
  const isGenerated = (column: SourceColumnDef): boolean => column.constraints.some(({ kind }) => kind === 'generated');
  const generatedColumns = new Set([
    ...own.filter(isGenerated).map((column) => column.name),
    ...family.columns.filter((column) => column.generated != null).map((column) => column.name),
  ]);
  const generated = own.map((column, at) =>
    generatedOf(column, columns[at], expressionColumns, name.name, { ...environment, generatedColumns }),
  );
  const isComputed = (column: string): boolean => generatedColumns.has(column);
  const partitioning =
    source.partitionBy === null
      ? undefined
      : partitioningOf(
          source.partitionBy,
          name.name,
          expressionColumns.map((column) => ({ ...column, isGenerated: isComputed(column.name) })),
          environment,
        );
  if (partitioning !== undefined)
    for (const index of indexes) mustHoldKey(partitioning, index, name.name, all, (attribute) => all[attribute - 1].name);
  return {
    name,
    family: {
      ...(family.parents.length === 0 ? {} : { parents: family.parents.map(({ id }) => id) }),
      ...(family.bound === undefined ? {} : { bound: family.bound }),
      ...(partitioning === undefined ? {} : { partitioning }),
    },
    persistence: source.persistence,
    columns: order.map((one) => {
      const column = typeof one === 'number' ? { ...columns[one], default: defaults[one], generated: generated[one] } : one;
      return {
        ...column,
        notNull: column.notNull || keyed.has(column.name),
        type: withNullable(column.type, !(column.notNull || keyed.has(column.name))),
      };
    }),
    indexes: [
      ...indexes,
      ...likes.flatMap(({ taken }) => taken.indexes.filter(({ primary: isPrimary }) => !(isPrimary && primary !== undefined))),
    ],
    checks: [
      ...mergedChecks(
        family.checks,
        constraints.filter((one) => one.kind === 'check').map((one) => defineCheck(one, work)),
        name.name,
      ),
      ...likes.flatMap(({ taken }) => taken.checks),
    ],
    onCommit: source.onCommit === 'none' ? 'preserve' : source.onCommit,
  };
}

function mustHaveOnePrimary(indexes: readonly IndexDefinition[], table: string, at: number): void {
  if (indexes.filter(({ primary }) => primary).length < 2) return;
  throw fault(SQLSTATE.invalid_table_definition, `multiple primary keys for table "${table}" are not allowed`, at);
}

export interface Work {
  readonly table: string;
  readonly columns: readonly ExpressionColumn[];
  readonly environment: DefinitionEnvironment;
}

function checkWhole(source: SourceCreateTableNode): void {
  if (source.columns.length > COLUMNS_MAX)
    throw fault(SQLSTATE.too_many_columns, `tables can have at most ${COLUMNS_MAX} columns`, source.at);
  if (source.onCommit !== 'none' && source.persistence !== 'temporary')
    throw fault(SQLSTATE.invalid_table_definition, 'ON COMMIT can only be used on temporary tables', source.at);
  for (const option of source.options) tableOption(option);
}

/** The text of a storage parameter, none of which has an effect. 22023 for one that there is not. */
export function tableOption({ name, value, at }: SourceOption): string {
  if (WITHOUT_EFFECT.test(name.toLowerCase())) return value?.op === 'constant' ? value.text : 'true';
  throw fault(SQLSTATE.invalid_parameter_value, `unrecognized parameter "${name}"`, at);
}

/** PRIMARY KEY, UNIQUE and CHECK of a column, as the table's would be written. */
export function columnConstraints(column: SourceColumnDef): SourceConstraint[] {
  return column.constraints.flatMap((constraint): SourceConstraint[] => {
    switch (constraint.kind) {
      case 'primaryKey':
      case 'unique':
      case 'references':
        return [{ ...constraint, columns: [column.name] }];
      case 'check':
        return [constraint];
      default:
        return [];
    }
  });
}

// ---- columns ----

/** Without its default, which may be checked only when all columns are known. */
export function defineColumn(source: SourceColumnDef, table: string, environment: DefinitionEnvironment): ColumnDefinition {
  if (source.type === null) throw unsupported('a column without a type is', source.at);
  const collated = collationNamed(source.collation, environment);
  const serial = serialOf(source.type);
  const type = serial === null ? storedType(source, source.type, environment) : sqlType(serial);
  const notNull = nullability(source, table, serial !== null);
  const identity = identityOf(source, type, table, serial !== null);
  const numbers = identity.constraint?.options ?? [];
  const sequence =
    serial === null && identity.kind === 'none'
      ? null
      : sequenceNumbers(numbers, type.name as 'int2' | 'int4' | 'int8', source.at);
  return {
    name: source.name,
    type,
    notNull: notNull || identity.kind !== 'none',
    default: null,
    generated: null,
    identity: identity.kind,
    sequence,
    ...collated,
  };
}

function serialOf(type: SourceType): 'int2' | 'int4' | 'int8' | null {
  const { parts, quoted } = type.name;
  if (parts.length !== 1 || quoted[0] === true) return null;
  const serial = SERIAL[parts[0].toLowerCase()];
  if (serial === undefined) return null;
  if (type.dimensions > 0) throw unsupported('array of serial is', type.at);
  return serial;
}

/** 42704 for an unknown type, 42P16 for one that no column can have. */
export function storedType(column: SourceColumnDef, source: SourceType, environment: DefinitionEnvironment): SqlType {
  const reader = readerOf(environment);
  const type = resolveType(source, environment.semantics, (schema, name) => reader.findType(schema, name));
  if (columnKind(type) === undefined)
    throw fault(SQLSTATE.invalid_table_definition, `column "${column.name}" has pseudo-type ${type.name}`, column.at);
  return type;
}

function nullability(source: SourceColumnDef, table: string, isSerial: boolean): boolean {
  const said = source.constraints.filter(({ kind }) => kind === 'notNull' || kind === 'null');
  const conflicting = said.some(({ kind }) => kind !== said[0].kind) || (isSerial && said.some(({ kind }) => kind === 'null'));
  if (conflicting) {
    throw fault(
      SQLSTATE.syntax_error,
      `conflicting NULL/NOT NULL declarations for column "${source.name}" of table "${table}"`,
      said[said.length - 1].at,
    );
  }
  return isSerial || said.some(({ kind }) => kind === 'notNull');
}

function identityOf(source: SourceColumnDef, type: SqlType, table: string, isSerial: boolean) {
  const found = source.constraints.filter(({ kind }) => kind === 'identityAlways' || kind === 'identityByDefault');
  const [constraint] = found;
  if (constraint === undefined) return { kind: 'none' as const, constraint: undefined };
  const refuse = (message: string, code: string, at = constraint.at): never => {
    throw fault(code, message, at);
  };
  const place = `column "${source.name}" of table "${table}"`;
  if (found.length > 1) refuse(`multiple identity specifications for ${place}`, SQLSTATE.syntax_error, found[1].at);
  if (isSerial || source.constraints.some(({ kind }) => kind === 'default'))
    refuse(`both default and identity specified for ${place}`, SQLSTATE.syntax_error);
  if (source.constraints.some(({ kind }) => kind === 'null'))
    refuse(`conflicting NULL/NOT NULL declarations for ${place}`, SQLSTATE.syntax_error);
  if (!['int2', 'int4', 'int8'].includes(type.name))
    refuse('identity column type must be smallint, integer, or bigint', SQLSTATE.invalid_parameter_value);
  return { kind: constraint.kind === 'identityAlways' ? ('always' as const) : ('byDefault' as const), constraint };
}

export function defaultOf(source: SourceColumnDef, column: ColumnDefinition, { table, columns, environment }: Work) {
  const found = source.constraints.filter(({ kind }) => kind === 'default');
  if (found.length > 1 || (found.length === 1 && column.sequence !== null)) {
    const message = `multiple default values specified for column "${column.name}" of table "${table}"`;
    throw fault(SQLSTATE.syntax_error, message, found[found.length - 1].at);
  }
  const expression = found[0]?.expression;
  if (expression === undefined || expression === null) return null;
  const own = columns.find((candidate) => candidate.name === column.name) as ExpressionColumn;
  const others = columns.filter((candidate) => candidate !== own);
  bindExpression(expression, {
    semantics: environment.semantics,
    table,
    // The column itself first: messages name it.
    columns: [own, ...others],
    purpose: 'default',
    target: column.type,
    catalog: readerOf(environment),
  });
  return storedExpression(expression, environment);
}

/** GENERATED ALWAYS AS (...) STORED: over the table's other columns, and the same for ever. 42P17, 42601 */
export function generatedOf(
  source: SourceColumnDef,
  column: ColumnDefinition,
  columns: readonly ExpressionColumn[],
  table: string,
  environment: DefinitionEnvironment,
): StoredExpression | null {
  const found = source.constraints.filter(({ kind }) => kind === 'generated');
  const expression = found[0]?.expression;
  if (expression === undefined || expression === null) return null;
  const place = `column "${column.name}" of table "${table}"`;
  if (found.length > 1) throw fault(SQLSTATE.syntax_error, `multiple generation clauses specified for ${place}`, found[1].at);
  if (source.constraints.some(({ kind }) => kind === 'default'))
    throw fault(SQLSTATE.syntax_error, `both default and generation expression specified for ${place}`, found[0].at);
  if (column.sequence !== null)
    throw fault(SQLSTATE.syntax_error, `both identity and generation expression specified for ${place}`, found[0].at);
  const own = columns.filter((candidate) => candidate.name === column.name);
  const { attributes } = bindExpression(expression, {
    ...{ semantics: environment.semantics, table, columns: [...columns.filter((one) => !own.includes(one)), ...own] },
    ...{ purpose: 'generated', target: column.type, catalog: readerOf(environment) },
  });
  const generated = environment.generatedColumns ?? new Set<string>();
  const read = columns.find((one) => attributes.includes(one.attribute) && (own.includes(one) || generated.has(one.name)));
  if (read !== undefined)
    throw fault(
      SQLSTATE.invalid_object_definition,
      `cannot use generated column "${read.name}" in column generation expression`,
      expression.at,
      {
        detail: 'A generated column cannot reference another generated column.',
      },
    );
  return storedExpression(expression, environment);
}

// ---- constraints ----

export function defineCheck(source: SourceConstraint, { table, columns, environment }: Work): CheckDefinition {
  const { expression } = source;
  if (expression === null) throw fault(SQLSTATE.syntax_error, 'CHECK has no expression', source.at);
  const { semantics } = environment;
  const catalog = readerOf(environment);
  const { attributes } = bindExpression(expression, { semantics, table, columns, purpose: 'check', target: null, catalog });
  const names = columns.filter(({ attribute }) => attributes.includes(attribute)).map(({ name }) => name);
  return { name: source.name, columns: names, expression: storedExpression(expression, environment) };
}

/** Indexes of PRIMARY KEY and UNIQUE; the primary key's first; two over the same columns are one unless both are named. */
function indexesOf(keys: readonly SourceConstraint[], work: Work): IndexDefinition[] {
  const primaries = keys.filter(({ kind }) => kind === 'primaryKey');
  if (primaries.length > 1) {
    const message = `multiple primary keys for table "${work.table}" are not allowed`;
    throw fault(SQLSTATE.invalid_table_definition, message, primaries[1].at);
  }
  const indexes: IndexDefinition[] = [];
  for (const source of [...primaries, ...keys.filter(({ kind }) => kind === 'unique')]) {
    const index = keyIndex(source, work);
    const same = indexes.findIndex((other) => isSameKey(other, index) && (other.name === null || index.name === null));
    if (same < 0) indexes.push(index);
    else indexes[same] = { ...indexes[same], name: indexes[same].name ?? index.name };
  }
  return indexes;
}

const isSameKey = (a: IndexDefinition, b: IndexDefinition): boolean =>
  a.deferrable === b.deferrable && a.nullsDistinct === b.nullsDistinct && JSON.stringify(a.keys) === JSON.stringify(b.keys);

/** Whether a key is unique at any moment, or when it is looked at. */
export const uniqueness = ({
  deferrable,
  initiallyDeferred,
}: Pick<SourceConstraint, 'deferrable' | 'initiallyDeferred'>): Pick<IndexDefinition, 'unique' | 'deferrable'> =>
  deferrable ? { unique: false, deferrable: initiallyDeferred ? 'deferred' : 'immediate' } : { unique: true };

export function keyIndex(source: SourceConstraint, { columns, table }: Work): IndexDefinition {
  const isPrimary = source.kind === 'primaryKey';
  const twice = repeated(source.columns);
  if (twice !== undefined) {
    const what = isPrimary ? 'primary key' : 'unique';
    throw fault(SQLSTATE.duplicate_column, `column "${twice}" appears twice in ${what} constraint`, source.at);
  }
  for (const name of source.columns) {
    if (columns.some((column) => column.name === name)) continue;
    throw fault(SQLSTATE.undefined_column, `column "${name}" named in key does not exist`, source.at, {
      hint: `table "${table}" has no such column`,
    });
  }
  return {
    name: source.name,
    ...uniqueness(source),
    nullsDistinct: isPrimary || source.nullsDistinct,
    primary: isPrimary,
    method: 'btree',
    keys: source.columns.map((column) => ({ key: { column }, descending: false, nullsFirst: false })),
    constraint: true,
    include: source.include,
  };
}
