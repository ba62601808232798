/** FOREIGN KEY: the table and columns that it refers to, checked as PostgreSQL does, and the rows that are there already. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { addForeignKey, constraintNames, holdTable, tableRow } from '../../catalog/alter-table.ts';
import { LOCK_WRITERS } from '../../catalog/kernel-port.ts';
import { chooseName, indexColumnsName } from '../../catalog/names.ts';
import { type CatalogColumn, type CatalogForeignKey, type CatalogIndex, isDeclaredUnique } from '../../catalog/objects.ts';
import type { TableRow } from '../../catalog/stored.ts';
import { quoteName } from '../../catalog/virtual/describe.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceConstraint } from '../../sblr/source.gen.ts';
import type { SqlType } from '../../sblr/types.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, shownName } from './environment.ts';

const COLUMNS_MAX = 32;

const WHOLE = ['int2', 'int4', 'int8'];
const TEXTS = ['text', 'varchar'];

/** Keys of both types are the same bytes for equal values, or can be made so. */
const areComparable = (a: SqlType, b: SqlType): boolean =>
  a.name === b.name || [WHOLE, TEXTS].some((group) => group.includes(a.name) && group.includes(b.name));

function columnsOf(row: TableRow, names: readonly string[], at: number): CatalogColumn[] {
  return names.map((name) => {
    const found = row.body.columns.find((column) => column.hidden === null && column.name === name);
    if (found !== undefined) return found;
    throw fault(SQLSTATE.undefined_column, `column "${name}" referenced in foreign key constraint does not exist`, at);
  });
}

/** The table that REFERENCES names. 42P01, 42809 */
function parentOf(source: SourceConstraint, environment: DefinitionEnvironment): TableRow {
  const { catalog, tx, semantics } = environment;
  const named = source.table as NonNullable<typeof source.table>;
  const name = qualified(named, semantics);
  const reader = readerOf(environment);
  const found = reader.findRelation(name.schema, name.name);
  if (found === null) throw fault(SQLSTATE.undefined_table, `relation "${shownName(name)}" does not exist`, named.at);
  if (found.kind !== 'table')
    throw fault(SQLSTATE.wrong_object_type, `referenced relation "${found.name}" is not a table`, named.at);
  return tableRow(catalog, tx, found.id);
}

/** Columns and unique index that the key refers to. 42704, 42830, 42501 */
function referredOf(
  parent: TableRow,
  source: SourceConstraint,
  environment: DefinitionEnvironment,
): { columns: CatalogColumn[]; index: CatalogIndex } {
  const found = referredColumns(parent, source);
  const numbers = found.columns.map(({ number }) => number);
  if (readerOf(environment).allows(parent.id, 'references', undefined, numbers)) return found;
  throw fault(SQLSTATE.insufficient_privilege, `permission denied for table ${parent.name}`, source.at);
}

function referredColumns(parent: TableRow, source: SourceConstraint): { columns: CatalogColumn[]; index: CatalogIndex } {
  const { at } = source;
  const { indexes, columns } = parent.body;
  if (source.referenced.length === 0) {
    const index = indexes.find(({ primary }) => primary);
    if (index === undefined)
      throw fault(SQLSTATE.undefined_object, `there is no primary key for referenced table "${parent.name}"`, at);
    if (!index.unique) throw deferrableFault(`primary key for referenced table "${parent.name}"`, at);
    const keyed = index.keys.map(({ attribute }) => columns.find(({ number }) => number === attribute) as CatalogColumn);
    return { columns: keyed, index };
  }
  const named = columnsOf(parent, source.referenced, at);
  const numbers = named.map(({ number }) => number);
  const fits = ({ keys, predicate, ...index }: CatalogIndex): boolean =>
    isDeclaredUnique(index) &&
    predicate === undefined &&
    keys.length === numbers.length &&
    keys.every((key) => numbers.includes(key.attribute));
  const isDistinct = new Set(numbers).size === numbers.length;
  const found = isDistinct ? indexes.filter(fits) : [];
  const index = found.find((one) => one.primary && one.unique) ?? found.find(({ unique }) => unique);
  if (index !== undefined) return { columns: named, index };
  if (found.length > 0) throw deferrableFault(`unique constraint for referenced table "${parent.name}"`, at);
  throw fault(
    SQLSTATE.invalid_foreign_key,
    `there is no unique constraint matching given keys for referenced table "${parent.name}"`,
    at,
  );
}

const deferrableFault = (what: string, at: number) =>
  fault(SQLSTATE.object_not_in_prerequisite_state, `cannot use a deferrable ${what}`, at);

function mustPersistAlike(row: TableRow, parent: TableRow, at: number): void {
  const { persistence } = row.body;
  const other = parent.body.persistence;
  const refuse = (message: string): never => {
    throw fault(SQLSTATE.invalid_table_definition, message, at);
  };
  if (persistence === 'permanent' && other !== 'permanent')
    refuse('constraints on permanent tables may reference only permanent tables');
  if (persistence === 'unlogged' && other === 'temporary')
    refuse('constraints on unlogged tables may reference only permanent or unlogged tables');
  if (persistence === 'temporary' && other !== 'temporary')
    refuse('constraints on temporary tables may reference only temporary tables');
}

/** Adds the foreign key to the table; `isNew`: it has no rows yet. */
export function addForeignKeyOf(id: number, source: SourceConstraint, environment: DefinitionEnvironment, isNew: boolean): void {
  const { catalog, tx, semantics } = environment;
  const { at } = source;
  const parent = parentOf(source, environment);
  holdTable(catalog, tx, parent.id, LOCK_WRITERS);
  const row = holdTable(catalog, tx, id, LOCK_WRITERS);
  mustPersistAlike(row, parent, at);
  if (source.columns.length > COLUMNS_MAX)
    throw fault(SQLSTATE.too_many_columns, `cannot have more than ${COLUMNS_MAX} keys in a foreign key`, at);
  const columns = columnsOf(row, source.columns, at);
  const referred = referredOf(parent, source, environment);
  if (columns.length !== referred.columns.length)
    throw fault(SQLSTATE.invalid_foreign_key, 'number of referencing and referenced columns for foreign key disagree', at);
  const taken = constraintNames(row);
  const name = source.name ?? chooseName(row.name, indexColumnsName(source.columns), 'fkey', (one) => taken.has(one));
  if (taken.has(name))
    throw fault(SQLSTATE.duplicate_object, `constraint "${name}" for relation "${row.name}" already exists`, at);
  for (const [place, { type, name: own }] of columns.entries()) {
    const other = referred.columns[place];
    if (areComparable(type, other.type)) continue;
    const shown = (one: SqlType): string => shownType(one.name, semantics);
    throw fault(SQLSTATE.datatype_mismatch, `foreign key constraint "${name}" cannot be implemented`, at, {
      detail: `Key columns "${own}" of the referencing table and "${other.name}" of the referenced table are of incompatible types: ${shown(type)} and ${shown(other.type)}.`,
    });
  }
  const only = columnsOf(row, source.deleteColumns, at).map(({ number, name: own }) => {
    if (columns.some((column) => column.number === number)) return number;
    throw fault(
      SQLSTATE.invalid_column_reference,
      `column "${own}" referenced in ON DELETE SET action must be part of foreign key`,
      at,
    );
  });
  mustBeSettable(columns, source);
  const key: CatalogForeignKey = {
    name,
    attributes: columns.map(({ number }) => number),
    ...{ table: parent.id, referenced: referred.columns.map(({ number }) => number), index: referred.index.id },
    ...{ match: source.match, onDelete: source.onDelete, onUpdate: source.onUpdate, deleteAttributes: only },
    ...{ deferrable: source.deferrable, deferred: source.initiallyDeferred, notValid: source.notValid },
  };
  addForeignKey(catalog, tx, id, key);
  if (!isNew && !source.notValid) validateForeignKey(id, key, environment);
}

/** A generated column cannot be given a value by an action. 42601 */
function mustBeSettable(columns: readonly CatalogColumn[], { onDelete, onUpdate, at }: SourceConstraint): void {
  const computed = columns.some(({ generated }) => generated !== undefined);
  const sets = (action: string): boolean => action === 'setNull' || action === 'setDefault';
  const refuse = (what: string): never => {
    throw fault(SQLSTATE.syntax_error, `invalid ${what} action for foreign key constraint containing generated column`, at);
  };
  if (computed && (sets(onUpdate) || onUpdate === 'cascade')) refuse('ON UPDATE');
  if (computed && sets(onDelete)) refuse('ON DELETE');
}

/** Looks whether every row that is there has what it refers to. 23503 */
export function validateForeignKey(id: number, key: CatalogForeignKey, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const reader = readerOf(environment);
  const row = tableRow(catalog, tx, id);
  const parent = tableRow(catalog, tx, key.table);
  const place = (one: TableRow): string => `${quoteName(reader.schemaName(one.schema))}.${quoteName(one.name)}`;
  const nameIn = (one: TableRow, attribute: number): string =>
    one.body.columns.find(({ number }) => number === attribute)?.name ?? '';
  const own = key.attributes.map((attribute) => nameIn(row, attribute));
  const other = key.referenced.map((attribute) => nameIn(parent, attribute));
  const given = own.map((name) => `c.${quoteName(name)} is not null`).join(' and ');
  const equal = own.map((name, at) => `p.${quoteName(other[at])} = c.${quoteName(name)}`).join(' and ');
  const shown = own.map((name) => `c.${quoteName(name)}::text`).join(', ');
  const violation = (detail: string): SqlError =>
    new SqlError(
      SQLSTATE.foreign_key_violation,
      `insert or update on table "${row.name}" violates foreign key constraint "${key.name}"`,
      { detail, schema: reader.schemaName(row.schema), table: row.name, constraint: key.name },
    );
  if (key.match === 'full' && own.length > 1) {
    const mixed = own.map((name) => `c.${quoteName(name)} is null`).join(' or ');
    const some = own.map((name) => `c.${quoteName(name)} is not null`).join(' or ');
    if (environment.sql(`select 1 from only ${place(row)} c where (${mixed}) and (${some}) limit 1`).length > 0)
      throw violation('MATCH FULL does not allow mixing of null and nonnull key values.');
  }
  const [lost] = environment.sql(
    `select ${shown} from only ${place(row)} c where ${given} and not exists (select 1 from ${parent.body.partitioning === undefined ? 'only ' : ''}${place(parent)} p where ${equal}) limit 1`,
  );
  if (lost !== undefined)
    throw violation(`Key (${own.join(', ')})=(${lost.join(', ')}) is not present in table "${parent.name}".`);
}
