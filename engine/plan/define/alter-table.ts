/** ALTER TABLE: columns. Adding one does not touch the rows, unless each row gets a value of its own. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { addColumn, changeColumn, replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { Notice } from '../../catalog/definitions.ts';
import { readersOf } from '../../catalog/dependents.ts';
import { columnsNamedIn } from '../../catalog/expression-columns.ts';
import { columnKind } from '../../catalog/kernel-columns.ts';
import { isKept, type CatalogColumn, type CatalogTable, policyUses } from '../../catalog/objects.ts';
import type { TableRow } from '../../catalog/stored.ts';
import { canBeKey } from '../../catalog/token-classes.ts';
import type { BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import { resolveType, shownType } from '../../sblr/resolve-type.ts';
import type { SourceAlterAction, SourceColumnDef, SourceExpression } from '../../sblr/source.gen.ts';
import { type SqlType, withNullable } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import { bindColumnDefault, bindExpression } from '../bind/bind.ts';
import { walkExpression } from '../bind/tree.ts';
import { quoteName } from '../../catalog/virtual/describe.ts';
import { addConstraintOf } from './alter-constraints.ts';
import { type DefinitionEnvironment, fault, readerOf, storedExpression } from './environment.ts';
import { addIdentity, changeIdentity, dropIdentity } from './identity.ts';
import { collationNamed } from './index.ts';
import { renameTableColumn } from './rename.ts';
import { boundOver, fillStatement, rewrite } from './rewrite.ts';
import { retypeStatistics } from './statistics.ts';
import { columnConstraints, defineColumn, generatedOf, tableOption } from './table.ts';

const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });

export const rowOf = (id: number, { catalog, tx }: DefinitionEnvironment): TableRow => tableRow(catalog, tx, id);

const relationOf = (id: number, { catalog, tx }: DefinitionEnvironment): CatalogTable =>
  catalog.entry(tx, id)?.relation as CatalogTable;

/** A column that SQL sees. 42703 */
export function columnNamed(row: TableRow, name: string | null, at: number): CatalogColumn {
  const found = row.body.columns.find((column) => column.hidden === null && column.name === name);
  if (found !== undefined) return found;
  throw fault(SQLSTATE.undefined_column, `column "${name}" of relation "${row.name}" does not exist`, at);
}

export const shownTable = (row: TableRow, environment: DefinitionEnvironment): string =>
  `${quoteName(readerOf(environment).schemaName(row.schema))}.${quoteName(row.name)}`;

/** Columns as expressions of the catalog name them. */
export const expressionColumns = (row: TableRow) =>
  row.body.columns.filter(({ hidden }) => hidden === null).map(({ name, number, type }) => ({ name, type, attribute: number }));

// ---- ADD COLUMN ----

export function addTableColumn(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const source = action.column as SourceColumnDef;
  const row = rowOf(id, environment);
  if (row.body.columns.some(({ hidden, name }) => hidden === null && name === source.name)) {
    const message = `column "${source.name}" of relation "${row.name}" already exists`;
    if (action.ifExists) return [notice(`${message}, skipping`)];
    throw fault(SQLSTATE.duplicate_column, message, source.at);
  }
  const definition = defineColumn(source, row.name, environment);
  const own = { name: source.name, attribute: 0, type: definition.type };
  const given = source.constraints.find(({ kind }) => kind === 'default')?.expression ?? null;
  const bound = given === null ? null : boundDefault(given, row, own, environment);
  const generated = generatedOf(source, definition, [...expressionColumns(row), own], row.name, environment);
  const isComputed = generated !== null || definition.sequence !== null || (bound !== null && isVolatile(bound));
  const missing = bound === null || isComputed ? null : constantOf(bound, source.name, environment);
  const isFilled = isComputed || missing === undefined;
  const column: Omit<CatalogColumn, 'number' | 'kernelColumn'> = {
    ...{ name: source.name, type: withNullable(definition.type, !definition.notNull), notNull: definition.notNull },
    default: given === null ? null : storedExpression(given, environment),
    ...{ identity: definition.identity, sequence: 0, hidden: null },
    ...(definition.collation === undefined ? {} : { collation: definition.collation }),
    ...(generated === null ? {} : { generated }),
  };
  const isPrimary = source.constraints.some(({ kind }) => kind === 'primaryKey');
  const added = addColumn(catalog, tx, row, column, isFilled ? null : (missing as RowValue));
  if (definition.sequence !== null)
    addIdentity(id, added.column.number, definition.sequence, definition.identity, environment, true);
  if (isFilled) fillColumn(id, added.column.number, bound, environment);
  const holdsNull = (definition.notNull || isPrimary) && !isFilled && missing === null;
  if (holdsNull && hasRows(rowOf(id, environment), 'true', environment))
    throw nullInside(row.name, source.name, row, environment);
  for (const constraint of columnConstraints(source)) addConstraintOf(id, constraint, environment);
  return [];
}

const nullInside = (table: string, column: string, row: TableRow, environment: DefinitionEnvironment): SqlError =>
  new SqlError(SQLSTATE.not_null_violation, `column "${column}" of relation "${table}" contains null values`, {
    schema: readerOf(environment).schemaName(row.schema),
    table,
    column,
  });

function boundDefault(
  source: SourceExpression,
  row: TableRow,
  own: { readonly name: string; readonly attribute: number; readonly type: SqlType },
  environment: DefinitionEnvironment,
): BoundExpression {
  return bindExpression(source, {
    ...{ semantics: environment.semantics, table: row.name, columns: [own, ...expressionColumns(row)] },
    ...{ purpose: 'default', target: own.type, catalog: readerOf(environment) },
  }).expression;
}

function isVolatile(expression: BoundExpression): boolean {
  let found = false;
  walkExpression(expression, (node) => {
    if (node.op === 'subquery' || (node.op === 'call' && primitiveOf(node.primitive).volatility === 'volatile')) found = true;
    return !found;
  });
  return found;
}

/** The value that a default has now, in a form that the kernel keeps; undefined: it has none. */
function constantOf(expression: BoundExpression, name: string, environment: DefinitionEnvironment): RowValue | undefined {
  const output = [{ name, column: 0, type: expression.type, table: 0, attribute: 0 }];
  const root = {
    ...{
      op: 'project' as const,
      input: { op: 'values' as const, columns: [], rows: [[]] },
      columns: [{ column: 0, expression }],
    },
  };
  const module = {
    ...{ statement: { kind: 'query' as const, root, output }, parameters: [], clientParameters: 0, shaping: [], uses: [] },
    columns: 1,
  };
  const [row] = environment.run(module) as RowValue[][];
  const [value] = row;
  return isPlain(value) ? value : undefined;
}

/** JSON gives it back as it was. */
const isPlain = (value: RowValue): boolean =>
  value === null ||
  typeof value === 'boolean' ||
  typeof value === 'string' ||
  (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0));

/** Gives a column its value in every row. */
function fillColumn(id: number, attribute: number, given: BoundExpression | null, environment: DefinitionEnvironment): void {
  const table = relationOf(id, environment);
  const column = table.columns.find(({ number }) => number === attribute) as CatalogColumn;
  const value =
    given ?? boundOver(table, column, environment) ?? bindColumnDefault(column, environment.semantics, readerOf(environment));
  environment.run(fillStatement(table, new Map([[attribute, value]])));
}

/** Whether the table has a row for which a condition holds. */
export function hasRows(row: TableRow, condition: string, environment: DefinitionEnvironment): boolean {
  return environment.sql(`select 1 from only ${shownTable(row, environment)} where ${condition} limit 1`).length > 0;
}

// ---- DROP, RENAME ----

export function dropTableColumn(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx, session } = environment;
  const row = rowOf(id, environment);
  if (action.ifExists && !row.body.columns.some(({ hidden, name }) => hidden === null && name === action.name))
    return [notice(`column "${action.name}" of relation "${row.name}" does not exist, skipping`)];
  const { number } = columnNamed(row, action.name, action.at);
  return catalog.dropParts(tx, session, [{ kind: 'column', row, attribute: number }], action.cascade);
}

export function renameColumn(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  renameTableColumn(rowOf(id, environment), action.name ?? '', action.to ?? '', action.at, environment);
}

// ---- ALTER COLUMN ----

export function alterColumn(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const row = rowOf(id, environment);
  const column = columnNamed(row, action.name, action.at);
  const change = (to: (column: CatalogColumn) => CatalogColumn): void => void changeColumn(catalog, tx, row, column.number, to);
  const place = `column "${column.name}" of relation "${row.name}"`;
  switch (action.kind) {
    case 'setDefault':
      setDefault(row, column, action, environment);
      return [];
    case 'dropDefault':
      mustHaveNoValue(column, place, action.at);
      change((one) => ({ ...one, default: null, sequence: 0 }));
      return [];
    case 'setNotNull':
      setNotNull(id, column.number, environment);
      return [];
    case 'dropNotNull':
      if (row.body.indexes.some(({ primary, keys }) => primary && keys.some((key) => key.attribute === column.number)))
        throw fault(SQLSTATE.invalid_table_definition, `column "${column.name}" is in a primary key`, action.at);
      if (column.identity !== 'none') throw fault(SQLSTATE.syntax_error, `${place} is an identity column`, action.at);
      change((one) => ({ ...one, notNull: false, type: withNullable(one.type, true) }));
      return [];
    case 'setType':
      setType(row, column, action, environment);
      return [];
    case 'addIdentity':
    case 'setIdentity':
      changeIdentity(id, column, action, environment);
      return [];
    case 'dropIdentity':
      return dropIdentity(id, column, action, environment);
    case 'dropExpression': {
      if (column.generated === undefined) {
        const message = `${place} is not a stored generated column`;
        if (action.ifExists) return [notice(`${message}, skipping`)];
        throw fault(SQLSTATE.object_not_in_prerequisite_state, message, action.at);
      }
      change(({ generated: _, ...one }) => one);
      return [];
    }
    default:
      throw fault(SQLSTATE.feature_not_supported, `ALTER TABLE ${action.kind} is not supported`, action.at);
  }
}

function mustHaveNoValue(column: CatalogColumn, place: string, at: number): void {
  if (column.identity !== 'none')
    throw fault(SQLSTATE.syntax_error, `${place} is an identity column`, at, {
      hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP IDENTITY instead.',
    });
  if (column.generated !== undefined)
    throw fault(SQLSTATE.syntax_error, `${place} is a generated column`, at, {
      hint: 'Use ALTER TABLE ... ALTER COLUMN ... DROP EXPRESSION instead.',
    });
}

function setDefault(row: TableRow, column: CatalogColumn, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const expression = action.expression as SourceExpression;
  const place = `column "${column.name}" of relation "${row.name}"`;
  if (column.identity !== 'none') throw fault(SQLSTATE.syntax_error, `${place} is an identity column`, action.at);
  if (column.generated !== undefined) throw fault(SQLSTATE.syntax_error, `${place} is a generated column`, action.at);
  boundDefault(expression, row, { name: column.name, attribute: column.number, type: column.type }, environment);
  const given = storedExpression(expression, environment);
  changeColumn(catalog, tx, row, column.number, (one) => ({ ...one, default: given, sequence: 0 }));
}

/** SET NOT NULL, and what a primary key asks of its columns. 23502 */
export function setNotNull(id: number, attribute: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = rowOf(id, environment);
  const column = row.body.columns.find(({ number }) => number === attribute) as CatalogColumn;
  if (column.notNull) return;
  if (hasRows(row, `${quoteName(column.name)} is null`, environment)) throw nullInside(row.name, column.name, row, environment);
  changeColumn(catalog, tx, row, attribute, (one) => ({ ...one, notNull: true, type: withNullable(one.type, false) }));
}

// ---- TYPE ----

function setType(row: TableRow, column: CatalogColumn, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx, session, semantics } = environment;
  const source = action.type as NonNullable<typeof action.type>;
  const collated = collationNamed(action.collation, environment);
  const resolved = resolveType(source, semantics, (schema, name) => readerOf(environment).findType(schema, name));
  if (columnKind(resolved) === undefined)
    throw fault(SQLSTATE.invalid_table_definition, `column "${column.name}" has pseudo-type ${resolved.name}`, action.at);
  const [reader] = readersOf(catalog, tx, session, row.id, column.number);
  if (reader !== undefined)
    throw fault(SQLSTATE.feature_not_supported, 'cannot alter type of a column used by a view or rule', action.at, {
      detail: `rule _RETURN on view ${reader.name} depends on column "${column.name}"`,
    });
  const policy = row.body.policies?.find((one) =>
    policyUses(one).some(({ object, columns }) => object === row.id && columns.includes(column.number)),
  );
  if (policy !== undefined)
    throw fault(SQLSTATE.feature_not_supported, 'cannot alter type of a column used in a policy definition', action.at, {
      detail: `policy ${policy.name} on table ${row.name} depends on column "${column.name}"`,
    });
  const type = withNullable(resolved, !column.notNull);
  const computed = row.body.columns.find((one) => one.generated != null && columnsNamedIn(one.generated.source).has(column.name));
  if (computed !== undefined)
    throw fault(SQLSTATE.feature_not_supported, 'cannot alter type of a column used by a generated column', action.at, {
      detail: `Column "${column.name}" is used by generated column "${computed.name}".`,
    });
  const value = newValue(row, column, type, action, environment);
  const columns = row.body.columns.map((one) => (one.number === column.number ? retyped(one, type, collated) : one));
  mustStillFit({ ...row, body: { ...row.body, columns } }, column.number, environment);
  if (value === null) replaceTable(catalog, tx, row, { columns });
  else {
    rewrite(row, { columns }, new Map([[column.number, value]]), environment);
    retypeStatistics(row.id, column, environment);
  }
}

/** A column of another type: its collation goes where the new one names none. */
function retyped(
  { collation: _, ...column }: CatalogColumn,
  type: SqlType,
  collated: { readonly collation?: string },
): CatalogColumn {
  return { ...column, type, ...collated };
}

/** The values of before as the new type has them; null: they are stored alike. 42804 */
function newValue(
  row: TableRow,
  column: CatalogColumn,
  type: SqlType,
  action: SourceAlterAction,
  environment: DefinitionEnvironment,
): BoundExpression | null {
  const { semantics } = environment;
  const at = action.at;
  const own: SourceExpression = { op: 'column', at, name: { op: 'name', at, parts: [column.name], quoted: [true] } };
  const expression = action.expression ?? own;
  if (action.expression === null && isWider(column.type, type)) return null;
  const target = { semantics, table: row.name, columns: expressionColumns(row), catalog: readerOf(environment) };
  try {
    return bindExpression(expression, { ...target, purpose: 'value', target: type }).expression;
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.datatype_mismatch) throw error;
    const shown = shownType(type.name, semantics);
    if (action.expression !== null)
      throw fault(
        SQLSTATE.datatype_mismatch,
        `result of USING clause for column "${column.name}" cannot be cast automatically to type ${shown}`,
        at,
        { hint: 'You might need to add an explicit cast.' },
      );
    throw fault(SQLSTATE.datatype_mismatch, `column "${column.name}" cannot be cast automatically to type ${shown}`, at, {
      hint: `You might need to specify "USING ${quoteName(column.name)}::${shown}".`,
    });
  }
}

/** Texts that any length holds. */
function isWider(from: SqlType, to: SqlType): boolean {
  const isText = (name: string): boolean => name === 'varchar' || name === 'text';
  if (!isText(from.name) || !isText(to.name)) return false;
  return to.name === 'text' || to.length < 0 || (from.name === 'varchar' && from.length >= 0 && from.length <= to.length);
}

/** What the table says of the column still means something with its new type. */
function mustStillFit(row: TableRow, attribute: number, environment: DefinitionEnvironment): void {
  const column = row.body.columns.find(({ number }) => number === attribute) as CatalogColumn;
  const columns = expressionColumns(row);
  const catalog = readerOf(environment);
  const of = (dialect: string) => ({ semantics: environment.semanticsOf(dialect), table: row.name, columns, catalog });
  for (const { expression } of row.body.checks)
    bindExpression(expression.source, { ...of(expression.dialect), purpose: 'check', target: null });
  for (const { hidden, number } of row.body.columns)
    if (hidden !== null && isKept(row.body.indexes, number))
      bindExpression(hidden.source, { ...of(hidden.dialect), purpose: 'index', target: null });
  for (const { keys, method } of row.body.indexes)
    if (keys.some((key) => key.attribute === attribute && !canBeKey(column.type, method, key)))
      throw new SqlError(
        SQLSTATE.undefined_object,
        `data type ${column.type.name} has no default operator class for access method "${method}"`,
      );
  if (column.default === null) return;
  const own = { name: column.name, attribute, type: column.type };
  try {
    boundDefault(column.default.source, row, own, environment);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.datatype_mismatch) throw error;
    const shown = shownType(column.type.name, environment.semantics);
    throw new SqlError(
      SQLSTATE.datatype_mismatch,
      `default for column "${column.name}" cannot be cast automatically to type ${shown}`,
    );
  }
}

// ---- the table ----

export function tableOptions(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = rowOf(id, environment);
  const options: { [name: string]: string } = { ...row.body.options };
  for (const option of action.options) {
    const text = tableOption(option);
    if (action.kind === 'setOptions') options[option.name] = text;
    else delete options[option.name];
  }
  replaceTable(catalog, tx, row, { options });
}

export function setLogged(id: number, logged: boolean, environment: DefinitionEnvironment): void {
  const row = rowOf(id, environment);
  if (row.body.persistence === 'temporary')
    throw new SqlError(
      SQLSTATE.invalid_table_definition,
      `cannot change logged status of table "${row.name}" because it is temporary`,
    );
  const persistence = logged ? 'permanent' : 'unlogged';
  if (row.body.persistence !== persistence) rewrite(row, { persistence }, new Map(), environment);
}
