/** ALTER TABLE: constraints added, taken away, looked at again, renamed. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { mustBeNewConstraint, replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { IndexDefinition, Notice } from '../../catalog/definitions.ts';
import { chooseName } from '../../catalog/names.ts';
import type { CatalogForeignKey } from '../../catalog/objects.ts';
import type { TableRow } from '../../catalog/stored.ts';
import { constraintNames } from '../../catalog/alter-table.ts';
import type { SourceAlterAction, SourceConstraint, SourceOption } from '../../sblr/source.gen.ts';
import { expressionColumns, hasRows, setNotNull } from './alter-table.ts';
import { conditionText, type DefinitionEnvironment, fault, readerOf } from './environment.ts';
import { addForeignKeyOf, validateForeignKey } from './foreign-key.ts';
import { rebuildIndexes } from './reindex.ts';
import { renameObject } from './schema.ts';
import { defineCheck, keyIndex, uniqueness } from './table.ts';

const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });

export function addConstraint(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  addConstraintOf(id, action.constraint as SourceConstraint, environment);
}

/** Adds a constraint to a table that may have rows. 23514, 23505, 23503, 42710 */
export function addConstraintOf(id: number, source: SourceConstraint, environment: DefinitionEnvironment): void {
  switch (source.kind) {
    case 'check':
      return addCheck(id, source, environment);
    case 'primaryKey':
    case 'unique':
      return source.index === null ? addKey(id, source, environment) : adoptIndex(id, source, environment);
    case 'references':
      return addForeignKeyOf(id, source, environment, false);
    default:
  }
}

function addCheck(id: number, source: SourceConstraint, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  const check = defineCheck(source, { table: row.name, columns: expressionColumns(row), environment });
  const taken = constraintNames(row);
  const [only] = check.columns.length === 1 ? check.columns : [null];
  const name = check.name ?? chooseName(row.name, only, 'check', (one) => taken.has(one));
  mustBeNewConstraint(row, name);
  if (!source.notValid) mustFulfil(row, name, conditionText(check.expression, environment), environment);
  const notValid = source.notValid ? { notValid: true } : {};
  const checks = [...row.body.checks, { name, expression: check.expression, ...notValid }];
  replaceTable(catalog, tx, row, { checks });
}

/** 23514 where a row does not. */
function mustFulfil(row: TableRow, name: string, condition: string, environment: DefinitionEnvironment): void {
  if (!hasRows(row, `not (${condition})`, environment)) return;
  throw new SqlError(SQLSTATE.check_violation, `check constraint "${name}" of relation "${row.name}" is violated by some row`, {
    schema: readerOf(environment).schemaName(row.schema),
    table: row.name,
    constraint: name,
  });
}

const noFill = (): never => {
  throw new TypeError('a key has no expressions');
};

function addKey(id: number, source: SourceConstraint, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const row = tableRow(catalog, tx, id);
  mustBeOnlyPrimary(row, source);
  const definition: IndexDefinition = keyIndex(source, { table: row.name, columns: expressionColumns(row), environment });
  if (definition.name !== null) mustBeNewConstraint(row, definition.name);
  if (definition.primary)
    for (const { key } of definition.keys) {
      const column = row.body.columns.find(({ name }) => 'column' in key && name === key.column);
      if (column !== undefined) setNotNull(id, column.number, environment);
    }
  catalog.createIndex(tx, session, id, definition, noFill);
}

function mustBeOnlyPrimary(row: TableRow, source: SourceConstraint): void {
  if (source.kind !== 'primaryKey' || !row.body.indexes.some(({ primary }) => primary)) return;
  throw fault(SQLSTATE.invalid_table_definition, `multiple primary keys for table "${row.name}" are not allowed`, source.at);
}

/** UNIQUE USING INDEX, PRIMARY KEY USING INDEX: the index becomes the constraint's, and has its name. */
function adoptIndex(id: number, source: SourceConstraint, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  mustBeOnlyPrimary(row, source);
  const index = row.body.indexes.find(({ name }) => name === source.index);
  if (index === undefined) throw fault(SQLSTATE.undefined_object, `index "${source.index}" does not exist`, source.at);
  const refuse = (message: string, code: string = SQLSTATE.wrong_object_type): never => {
    throw fault(code, message, source.at);
  };
  if (index.constraint !== null)
    refuse(`index "${index.name}" is already associated with a constraint`, SQLSTATE.object_not_in_prerequisite_state);
  if (!index.unique) refuse(`"${index.name}" is not a unique index`);
  if (index.predicate !== undefined) refuse(`index "${index.name}" is a partial index`);
  const keyed = index.keys.map(({ attribute }) => row.body.columns.find(({ number }) => number === attribute));
  if (keyed.some((column) => column?.hidden !== null)) refuse(`index "${index.name}" contains expressions`);
  if (index.keys.some(({ descending, nullsFirst }) => descending || nullsFirst))
    refuse(`index "${index.name}" column number 1 does not have default sorting behavior`);
  const primary = source.kind === 'primaryKey';
  if (primary) for (const { attribute } of index.keys) setNotNull(id, attribute, environment);
  const name = source.name ?? index.name;
  mustBeNewConstraint(row, name);
  const now = tableRow(catalog, tx, id);
  const uses = { ...uniqueness(source), primary, constraint: index.name };
  replaceTable(catalog, tx, now, { indexes: now.body.indexes.map((one) => (one.id === index.id ? { ...one, ...uses } : one)) });
  // One that keeps duplicates off at any moment is of another make.
  if (source.deferrable) rebuildIndexes(id, index.id, environment);
  const own = catalog.entry(tx, index.id)?.row;
  if (own !== undefined && name !== index.name) renameObject(own, name, environment);
}

// ---- DROP, VALIDATE, ALTER, RENAME ----

export function dropConstraintNamed(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const row = tableRow(catalog, tx, id);
  const name = action.name ?? '';
  if (!constraintNames(row).has(name)) {
    const message = `constraint "${name}" of relation "${row.name}" does not exist`;
    if (action.ifExists) return [notice(`${message}, skipping`)];
    throw fault(SQLSTATE.undefined_object, message, action.at);
  }
  return catalog.dropParts(tx, session, [{ kind: 'constraint', row, name }], action.cascade);
}

const missing = (row: TableRow, name: string, at: number): SqlError =>
  fault(SQLSTATE.undefined_object, `constraint "${name}" of relation "${row.name}" does not exist`, at);

export function validateConstraint(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  const name = action.name ?? '';
  const check = row.body.checks.find((one) => one.name === name);
  if (check !== undefined) {
    if (check.notValid !== true) return;
    mustFulfil(row, name, check.expression.text, environment);
    const checks = row.body.checks.map((one) => (one === check ? { name, expression: check.expression } : one));
    replaceTable(catalog, tx, row, { checks });
    return;
  }
  const key = (row.body.foreignKeys ?? []).find((one) => one.name === name);
  if (key === undefined) {
    if (!constraintNames(row).has(name)) throw missing(row, name, action.at);
    throw fault(
      SQLSTATE.wrong_object_type,
      `constraint "${name}" of relation "${row.name}" is not a foreign key or check constraint`,
      action.at,
    );
  }
  if (!key.notValid) return;
  validateForeignKey(id, key, environment);
  changeKey(row, key, { notValid: false }, environment);
}

function changeKey(
  row: TableRow,
  key: CatalogForeignKey,
  changes: Partial<CatalogForeignKey>,
  { catalog, tx }: DefinitionEnvironment,
): void {
  const foreignKeys = (row.body.foreignKeys ?? []).map((one) => (one.name === key.name ? { ...one, ...changes } : one));
  replaceTable(catalog, tx, row, { foreignKeys });
}

const flagOf = (options: readonly SourceOption[], name: string): boolean => {
  const value = options.find((option) => option.name === name)?.value;
  return value?.op === 'constant' && value.text === 'true';
};

/** ALTER CONSTRAINT: when a foreign key is looked at. */
export function alterConstraint(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  const name = action.name ?? '';
  const key = (row.body.foreignKeys ?? []).find((one) => one.name === name);
  if (key === undefined) {
    if (!constraintNames(row).has(name)) throw missing(row, name, action.at);
    throw fault(
      SQLSTATE.wrong_object_type,
      `constraint "${name}" of relation "${row.name}" is not a foreign key constraint`,
      action.at,
    );
  }
  const deferrable = flagOf(action.options, 'deferrable');
  changeKey(row, key, { deferrable, deferred: flagOf(action.options, 'deferred') }, environment);
}

export function renameConstraint(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  const name = action.name ?? '';
  const to = action.to ?? '';
  if (!constraintNames(row).has(name))
    throw fault(SQLSTATE.undefined_object, `constraint "${name}" for table "${row.name}" does not exist`, action.at);
  mustBeNewConstraint(row, to);
  const index = row.body.indexes.find(({ constraint }) => constraint === name);
  const own = index === undefined ? undefined : catalog.entry(tx, index.id)?.row;
  if (own !== undefined) return renameObject(own, to, environment);
  const checks = row.body.checks.map((check) => (check.name === name ? { ...check, name: to } : check));
  const key = (row.body.foreignKeys ?? []).find((one) => one.name === name);
  const foreignKeys = (row.body.foreignKeys ?? []).map((one) => (one === key ? { ...one, name: to } : one));
  const { [`constraint:${name}`]: comment, ...others } = row.body.comments ?? {};
  const comments = comment === undefined ? others : { ...others, [`constraint:${to}`]: comment };
  replaceTable(catalog, tx, row, { checks, foreignKeys, comments });
  if (key === undefined) return;
  const parent = tableRow(catalog, tx, key.table);
  const referrers = (parent.body.referrers ?? []).map((one) =>
    one.table === id && one.constraint === name ? { table: id, constraint: to } : one,
  );
  replaceTable(catalog, tx, parent, { referrers });
}
