/**
 * What a table takes over from those that it inherits from, or whose partition it is: columns, checks; of a partitioned table indexes and
 * foreign keys as well. And the ties between them: each table knows its parents and its children.
 */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { addForeignKey, holdTable, replaceTable, tableRow } from '../../catalog/alter-table.ts';
import type { CheckDefinition, ColumnDefinition, IndexDefinition, Notice } from '../../catalog/definitions.ts';
import { mustOwn } from '../../catalog/errors.ts';
import { columnsNamedIn, withNames } from '../../catalog/expression-columns.ts';
import { LOCK_ALL, LOCK_WRITERS } from '../../catalog/kernel-port.ts';
import { chooseName, indexColumnsName } from '../../catalog/names.ts';
import { constraintNames } from '../../catalog/alter-table.ts';
import type { CatalogColumn, CatalogTable, PartitionBound, StoredExpression } from '../../catalog/objects.ts';
import { conditionText } from '../../catalog/partition-text.ts';
import type { TableRow } from '../../catalog/stored.ts';
import { shownType } from '../../sblr/resolve-type.ts';
import type { SourceColumnDef, SourceCreateTableNode, SourceName } from '../../sblr/source.gen.ts';
import { hasRows } from './alter-table.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf, repeated, shownName } from './environment.ts';
import { validateForeignKey } from './foreign-key.ts';
import { indexLike } from './like.ts';
import { boundOf } from './partition.ts';
import { defaultOf, storedType } from './table.ts';

export interface Inherited {
  readonly parents: readonly CatalogTable[];
  readonly columns: readonly ColumnDefinition[];
  readonly checks: readonly CheckDefinition[];
  readonly indexes: readonly IndexDefinition[];
  readonly bound?: PartitionBound;
}

const NOTHING: Inherited = { parents: [], columns: [], checks: [], indexes: [] };

/** Whose table is to be inherited from. 42P01, 42809, 42501 */
export function parentNamed(name: SourceName, environment: DefinitionEnvironment): CatalogTable {
  const wanted = qualified(name, environment.semantics);
  const reader = readerOf(environment);
  const found = reader.findRelation(wanted.schema, wanted.name);
  if (found === null) throw fault(SQLSTATE.undefined_table, `relation "${shownName(wanted)}" does not exist`, name.at);
  if (found.kind !== 'table')
    throw fault(SQLSTATE.wrong_object_type, `inherited relation "${found.name}" is not a table or foreign table`, name.at);
  if (!reader.owns(found.owner)) throw mustOwn('table', found.name);
  return found;
}

/** Siblings of a partition, with their bounds. */
export const boundsOf = (parent: CatalogTable, environment: DefinitionEnvironment) =>
  (parent.children ?? []).flatMap((id) => {
    const child = readerOf(environment).relation(id);
    return child?.kind === 'table' && child.bound !== undefined ? [{ id, name: child.name, bound: child.bound }] : [];
  });

/** What CREATE TABLE takes over. */
export function inheritedOf(source: SourceCreateTableNode, name: string, environment: DefinitionEnvironment): Inherited {
  if (source.partitionOf !== null && source.bound !== null) return partitionOf(source, source.partitionOf, name, environment);
  if (source.inherits.length === 0) return NOTHING;
  if (source.partitionBy !== null)
    throw fault(SQLSTATE.syntax_error, 'cannot create partitioned table as inheritance child', source.at);
  const parents = source.inherits.map((one) => parentNamed(one, environment));
  const twice = repeated(parents.map(({ id }) => String(id)));
  if (twice !== undefined)
    throw fault(
      SQLSTATE.duplicate_table,
      `relation "${parents.find(({ id }) => String(id) === twice)?.name}" would be inherited from more than once`,
      source.at,
    );
  for (const parent of parents) mustBePlain(parent, source);
  const columns = mergedColumns(parents, environment);
  return {
    parents,
    columns: columns.map((column) => withOwn(column, source, name, environment)),
    checks: parentChecks(parents, name, environment),
    indexes: [],
  };
}

/** A partitioned table and a partition have no other children and parents. 42809 */
function mustBePlain(parent: CatalogTable, source: SourceCreateTableNode): void {
  if (parent.partitioning !== undefined)
    throw fault(SQLSTATE.wrong_object_type, `cannot inherit from partitioned table "${parent.name}"`, source.at);
  if (parent.bound !== undefined)
    throw fault(SQLSTATE.wrong_object_type, `cannot inherit from partition "${parent.name}"`, source.at);
  if (source.persistence !== 'temporary' && parent.persistence === 'temporary')
    throw fault(SQLSTATE.wrong_object_type, `cannot inherit from temporary relation "${parent.name}"`, source.at);
}

function partitionOf(
  source: SourceCreateTableNode,
  named: SourceName,
  name: string,
  environment: DefinitionEnvironment,
): Inherited {
  const parent = parentNamed(named, environment);
  if (parent.partitioning === undefined) throw fault(SQLSTATE.wrong_object_type, `"${parent.name}" is not partitioned`, named.at);
  const columns = mergedColumns([parent], environment);
  const unknown = source.columns.find((column) => !columns.some((one) => one.name === column.name));
  if (unknown !== undefined) throw fault(SQLSTATE.undefined_column, `column "${unknown.name}" does not exist`, unknown.at);
  const bound = boundOf(
    source.bound as NonNullable<typeof source.bound>,
    parent,
    name,
    boundsOf(parent, environment),
    environment,
  );
  return {
    parents: [parent],
    columns: columns.map((column) => withOwn(column, source, name, environment)),
    checks: parentChecks([parent], name, environment),
    indexes: parent.indexes.map((index) => ({ ...indexLike(index, parent), parent: index.id })),
    bound,
  };
}

/** Columns of all parents in their order; those of one name are one. 42804 */
function mergedColumns(parents: readonly CatalogTable[], { semantics }: DefinitionEnvironment): ColumnDefinition[] {
  const found = new Map<string, ColumnDefinition>();
  for (const parent of parents)
    for (const column of parent.columns) {
      if (column.hidden !== null) continue;
      const before = found.get(column.name);
      if (before === undefined) found.set(column.name, inheritedColumn(column));
      else if (!isAlike(before.type, column.type))
        throw new SqlError(SQLSTATE.datatype_mismatch, `inherited column "${column.name}" has a type conflict`, {
          detail: `${shownType(before.type.name, semantics)} versus ${shownType(column.type.name, semantics)}`,
        });
      else
        found.set(column.name, {
          ...before,
          notNull: before.notNull || column.notNull,
          default: before.default ?? column.default,
          inherited: (before.inherited ?? 1) + 1,
        });
    }
  return [...found.values()];
}

const isAlike = (a: CatalogColumn['type'], b: CatalogColumn['type']): boolean =>
  a.name === b.name && a.length === b.length && a.scale === b.scale && a.domain === b.domain;

const inheritedColumn = ({ name, type, notNull, identity, sequence, generated, ...rest }: CatalogColumn): ColumnDefinition => ({
  ...{ name, type, notNull, default: rest.default, identity: 'none', sequence: null, inherited: 1, isLocal: false },
  generated: generated ?? null,
  ...(rest.collation === undefined ? {} : { collation: rest.collation }),
  // What draws from the parent's sequence goes on to; an identity is the parent's alone.
  ...(identity === 'none' && sequence !== 0 ? { drawsFrom: sequence } : {}),
});

/** A column that the table itself names as well: its type must be that of the parents, the rest is added. */
function withOwn(
  column: ColumnDefinition,
  { columns, partitionOf: parent }: SourceCreateTableNode,
  table: string,
  environment: DefinitionEnvironment,
): ColumnDefinition {
  const own = columns.find(({ name }) => name === column.name);
  if (own === undefined) return column;
  if (own.type !== null) mustBeOfType(own, column, environment);
  const isNotNull = own.constraints.some(({ kind }) => kind === 'notNull' || kind === 'primaryKey');
  const attribute = 1;
  const work = { table, columns: [{ name: column.name, type: column.type, attribute }], environment };
  const given = defaultOf(own, column, work);
  return {
    ...column,
    isLocal: parent === null || own.type !== null,
    notNull: column.notNull || isNotNull,
    default: given ?? column.default,
    ...(given === null ? {} : { drawsFrom: 0 }),
  };
}

function mustBeOfType(own: SourceColumnDef, column: ColumnDefinition, environment: DefinitionEnvironment): void {
  const type = storedType(own, own.type as NonNullable<typeof own.type>, environment);
  if (isAlike(type, column.type)) return;
  const { semantics } = environment;
  throw fault(SQLSTATE.datatype_mismatch, `column "${column.name}" has a type conflict`, own.at, {
    detail: `${shownType(column.type.name, semantics)} versus ${shownType(type.name, semantics)}`,
  });
}

/** An expression of one table as another one's: what is qualified by its name is so by the other's. */
function renamed(expression: StoredExpression, from: string, to: string, { textIn }: DefinitionEnvironment): StoredExpression {
  const source = withNames(expression.source, new Map(), new Map([[from, to]]));
  return { ...expression, source, text: textIn(expression.dialect, source) };
}

function parentChecks(parents: readonly CatalogTable[], name: string, environment: DefinitionEnvironment): CheckDefinition[] {
  const found = new Map<string, CheckDefinition>();
  for (const parent of parents)
    for (const check of parent.checks) {
      const expression = renamed(check.expression, parent.name, name, environment);
      const before = found.get(check.name);
      if (before !== undefined && before.expression.text !== expression.text)
        throw new SqlError(
          SQLSTATE.duplicate_object,
          `check constraint name "${check.name}" appears multiple times but with different expressions`,
        );
      const columns = [...columnsNamedIn(expression.source)];
      const inherited = (before?.inherited ?? 0) + 1;
      found.set(check.name, { name: check.name, columns, expression, inherited, isLocal: false });
    }
  return [...found.values()];
}

/** Checks of parents and of the table itself: one of the same name and meaning is one. 42710 */
export function mergedChecks(
  inherited: readonly CheckDefinition[],
  own: readonly CheckDefinition[],
  table: string,
): CheckDefinition[] {
  const merged = inherited.map((check) => {
    const same = own.find(({ name }) => name === check.name);
    if (same === undefined) return check;
    if (same.expression.text !== check.expression.text)
      throw new SqlError(SQLSTATE.duplicate_object, `constraint "${check.name}" for relation "${table}" already exists`);
    return { ...check, isLocal: true };
  });
  return [...merged, ...own.filter(({ name }) => name === null || !inherited.some((check) => check.name === name))];
}

// ---- ties ----

/** Notes a new child at its parents; a partition takes rows that the default one must not have, and the parent's foreign keys. */
export function linkChild(id: number, environment: DefinitionEnvironment): Notice[] {
  const { catalog, tx } = environment;
  const child = tableRow(catalog, tx, id);
  for (const parent of child.body.parents ?? []) {
    const row = holdTable(catalog, tx, parent, child.body.bound === undefined ? LOCK_WRITERS : LOCK_ALL);
    replaceTable(catalog, tx, row, { children: [...(row.body.children ?? []), id] });
  }
  if (child.body.bound === undefined) return [];
  freeOfDefault(id, environment);
  const [parent] = child.body.parents as readonly number[];
  for (const key of tableRow(catalog, tx, parent).body.foreignKeys ?? []) copyForeignKey(id, parent, key.name, environment);
  return [];
}

const relationOf = (id: number, { catalog, tx }: DefinitionEnvironment): CatalogTable =>
  catalog.entry(tx, id)?.relation as CatalogTable;

/** The default partition, if there is one, has no row that the new partition holds; it is another one from now on. 23514 */
function freeOfDefault(id: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const child = relationOf(id, environment);
  const parent = relationOf((child.parents as readonly number[])[0], environment);
  const other = boundsOf(parent, environment).find((one) => one.bound.kind === 'default' && one.id !== id);
  if (other === undefined || child.bound === undefined) return;
  const row = holdTable(catalog, tx, other.id, LOCK_ALL);
  const condition = conditionText(parent, child.bound, []);
  for (const leaf of leavesOf(row.id, environment))
    if (condition !== null && hasRows(tableRow(catalog, tx, leaf), condition, environment))
      throw new SqlError(
        SQLSTATE.check_violation,
        `updated partition constraint for default partition "${other.name}" would be violated by some row`,
        { table: other.name },
      );
  touch(row.id, environment);
}

/** A new version of a table and of all below it: what statements know of their bounds has changed. */
export function touch(id: number, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const row = tableRow(catalog, tx, id);
  replaceTable(catalog, tx, row, {});
  for (const child of row.body.children ?? []) touch(child, environment);
}

/** Tables below that have rows of their own; the table itself, if it is no partitioned one. */
export function leavesOf(id: number, environment: DefinitionEnvironment): number[] {
  const { catalog, tx } = environment;
  const { partitioning, children = [] } = tableRow(catalog, tx, id).body;
  return [...(partitioning === undefined ? [id] : []), ...children.flatMap((child) => leavesOf(child, environment))];
}

/** Gives a partition a foreign key of its parent. */
export function copyForeignKey(id: number, parent: number, name: string, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const whole = tableRow(catalog, tx, parent);
  const row = tableRow(catalog, tx, id);
  const key = (whole.body.foreignKeys ?? []).find((one) => one.name === name);
  if (key === undefined) return;
  const attributes = key.attributes.map((attribute) => sameAttribute(whole, row, attribute));
  const taken = constraintNames(row);
  const columns = attributes.map((attribute) => row.body.columns.find(({ number }) => number === attribute)?.name ?? '');
  const own = taken.has(name) ? chooseName(row.name, indexColumnsName(columns), 'fkey', (one) => taken.has(one)) : name;
  const deleteAttributes = key.deleteAttributes.map((attribute) => sameAttribute(whole, row, attribute));
  const part = { ...key, name: own, attributes, deleteAttributes, parent: name };
  addForeignKey(catalog, tx, id, part);
  if (!key.notValid) validateForeignKey(id, part, environment);
  for (const child of row.body.children ?? []) copyForeignKey(child, id, own, environment);
}

/** The attribute of a child that has the name of the parent's. */
export function sameAttribute(parent: TableRow, child: TableRow, attribute: number): number {
  const name = parent.body.columns.find(({ number }) => number === attribute)?.name;
  return child.body.columns.find((column) => column.hidden === null && column.name === name)?.number ?? 0;
}

/** A table and all below it. */
export function withBelow(table: CatalogTable, environment: DefinitionEnvironment): CatalogTable[] {
  const reader = readerOf(environment);
  const below = (table.children ?? []).flatMap((id) => {
    const child = reader.relation(id);
    return child?.kind === 'table' ? withBelow(child, environment) : [];
  });
  return [table, ...below];
}
