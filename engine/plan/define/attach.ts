/** ATTACH and DETACH PARTITION, INHERIT and NO INHERIT: tables that are there become children of others, or cease to be. */

import { SQLSTATE, SqlError } from '../../../shm/errors.ts';
import { holdTable, replaceTable, tableRow } from '../../catalog/alter-table.ts';
import { leaveParents } from '../../catalog/drop.ts';
import { LOCK_ALL, LOCK_WRITERS } from '../../catalog/kernel-port.ts';
import type { CatalogColumn, CatalogTable } from '../../catalog/objects.ts';
import { conditionText } from '../../catalog/partition-text.ts';
import { type IndexRow, storedBound, type TableRow } from '../../catalog/stored.ts';
import type { SourceAlterAction, SourceName, SourcePartitionBound } from '../../sblr/source.gen.ts';
import { hasRows } from './alter-table.ts';
import { type DefinitionEnvironment, fault, qualified, readerOf } from './environment.ts';
import { boundsOf, leavesOf, linkChild, parentNamed } from './family.ts';
import { addPartIndex } from './family-alter.ts';
import { boundOf } from './partition.ts';

const relationOf = (id: number, { catalog, tx }: DefinitionEnvironment): CatalogTable =>
  catalog.entry(tx, id)?.relation as CatalogTable;

const invalid = (message: string, at: number): SqlError => fault(SQLSTATE.wrong_object_type, message, at);

// ---- columns and checks of parent and child ----

/** The child's columns and checks as those of a child of this parent. 42804, 42710 */
function fitted(
  parent: CatalogTable,
  child: TableRow,
  at: number,
  isPartition: boolean,
): Pick<TableRow['body'], 'columns' | 'checks'> {
  const visible = (columns: readonly CatalogColumn[]): CatalogColumn[] => columns.filter(({ hidden }) => hidden === null);
  const theirs = visible(parent.columns);
  const lacking = theirs.find(({ name }) => !visible(child.body.columns).some((own) => own.name === name));
  if (lacking !== undefined) throw fault(SQLSTATE.datatype_mismatch, `child table is missing column "${lacking.name}"`, at);
  const surplus = visible(child.body.columns).find(({ name }) => !theirs.some((one) => one.name === name));
  if (isPartition && surplus !== undefined)
    throw fault(
      SQLSTATE.datatype_mismatch,
      `table "${child.name}" contains column "${surplus.name}" not found in parent "${parent.name}"`,
      at,
      {
        detail: 'The new partition may contain only the columns present in parent.',
      },
    );
  const columns = child.body.columns.map((own) => {
    const column = own.hidden === null ? theirs.find(({ name }) => name === own.name) : undefined;
    if (column === undefined) return own;
    const { type } = own;
    if (type.name !== column.type.name || type.length !== column.type.length || type.scale !== column.type.scale)
      throw fault(SQLSTATE.datatype_mismatch, `child table "${child.name}" has different type for column "${own.name}"`, at);
    if (column.notNull && !own.notNull)
      throw fault(SQLSTATE.datatype_mismatch, `column "${own.name}" in child table must be marked NOT NULL`, at);
    if ((column.generated === undefined) !== (own.generated === undefined))
      throw fault(
        SQLSTATE.datatype_mismatch,
        `column "${own.name}" in child table must ${column.generated === undefined ? 'not ' : ''}be a generated column`,
        at,
      );
    return { ...own, inherited: (own.inherited ?? 0) + 1, isLocal: isPartition ? false : (own.isLocal ?? true) };
  });
  const checks = child.body.checks.map((own) => {
    const check = parent.checks.find(({ name }) => name === own.name);
    if (check === undefined) return own;
    if (check.expression.text !== own.expression.text)
      throw fault(
        SQLSTATE.datatype_mismatch,
        `child table "${child.name}" has different definition for check constraint "${own.name}"`,
        at,
      );
    return { ...own, inherited: (own.inherited ?? 0) + 1, isLocal: isPartition ? false : (own.isLocal ?? true) };
  });
  const missing = parent.checks.find(({ name }) => !checks.some((own) => own.name === name));
  if (missing !== undefined) throw fault(SQLSTATE.datatype_mismatch, `child table is missing constraint "${missing.name}"`, at);
  return { columns, checks };
}

/** The other way. What came from nobody else is the table's own now. */
function freed(parent: CatalogTable, child: TableRow): Pick<TableRow['body'], 'columns' | 'checks'> {
  const own = <Part extends { readonly name: string; readonly inherited?: number; readonly isLocal?: boolean }>(
    part: Part,
    isTheirs: boolean,
  ): Part => {
    if (!isTheirs) return part;
    const inherited = Math.max(0, (part.inherited ?? 1) - 1);
    return { ...part, inherited, isLocal: inherited === 0 ? true : (part.isLocal ?? true) };
  };
  const names = new Set(parent.columns.filter(({ hidden }) => hidden === null).map(({ name }) => name));
  const checks = new Set(parent.checks.map(({ name }) => name));
  return {
    columns: child.body.columns.map((column) => own(column, column.hidden === null && names.has(column.name))),
    checks: child.body.checks.map((check) => own(check, checks.has(check.name))),
  };
}

function childNamed(name: SourceName, environment: DefinitionEnvironment): CatalogTable {
  return parentNamed(name, environment);
}

/** A table may not be its own ancestor. 42P07 */
function refuseCircle(parent: CatalogTable, child: CatalogTable, environment: DefinitionEnvironment): void {
  if (!isBelow(parent.id, child, environment)) return;
  throw new SqlError(SQLSTATE.duplicate_table, 'circular inheritance not allowed', {
    detail: `"${parent.name}" is already a child of "${child.name}".`,
  });
}

const isBelow = (id: number, table: CatalogTable, environment: DefinitionEnvironment): boolean =>
  table.id === id || (table.children ?? []).some((child) => isBelow(id, relationOf(child, environment), environment));

// ---- partitions ----

export function attachPartition(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const { at } = action;
  const parent = relationOf(id, environment);
  if (parent.partitioning === undefined) throw invalid(`table "${parent.name}" is not partitioned`, at);
  const named = childNamed(action.table as SourceName, environment);
  if (named.bound !== undefined) throw invalid(`"${named.name}" is already a partition`, at);
  if (named.parents !== undefined) throw invalid('cannot attach inheritance child as partition', at);
  if (named.children !== undefined && named.partitioning === undefined)
    throw invalid('cannot attach inheritance parent as partition', at);
  refuseCircle(parent, named, environment);
  const bound = boundOf(action.bound as SourcePartitionBound, parent, named.name, boundsOf(parent, environment), environment);
  const child = catalog.lockTable(tx, session, named.id, LOCK_ALL);
  const parts = fitted(parent, child, at, true);
  const siblings = boundsOf(parent, environment).flatMap((one) => (one.bound.kind === 'default' ? [] : [one.bound]));
  const condition = conditionText(parent, bound, siblings);
  for (const leaf of leavesOf(child.id, environment))
    if (condition !== null && hasRows(tableRow(catalog, tx, leaf), `(${condition}) is not true`, environment))
      throw new SqlError(SQLSTATE.check_violation, `partition constraint of relation "${child.name}" is violated by some row`, {
        table: child.name,
      });
  replaceTable(catalog, tx, child, { ...parts, parents: [id], bound: storedBound(bound) });
  linkChild(child.id, environment);
  for (const index of relationOf(id, environment).indexes) addPartIndex(child.id, id, index, environment);
}

export function detachPartition(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx, session } = environment;
  const parent = relationOf(id, environment);
  if (parent.partitioning === undefined) throw invalid(`table "${parent.name}" is not partitioned`, action.at);
  const named = childNamed(action.table as SourceName, environment);
  if (named.bound === undefined || named.parents?.[0] !== id)
    throw fault(SQLSTATE.undefined_table, `relation "${named.name}" is not a partition of relation "${parent.name}"`, action.at);
  const child = catalog.lockTable(tx, session, named.id, LOCK_ALL);
  leaveParents(catalog, tx, child);
  const now = tableRow(catalog, tx, named.id);
  const { bound: _, parents: __, ...rest } = now.body;
  const indexes = now.body.indexes.map(({ parent: ___, ...index }) => index);
  const foreignKeys = (now.body.foreignKeys ?? []).map(({ parent: ___, ...key }) => key);
  const body = { ...rest, ...freed(parent, now), indexes, ...(foreignKeys.length === 0 ? {} : { foreignKeys }) };
  catalog.replace(tx, { ...now, version: catalog.nextId(), body });
}

/** ALTER INDEX ... ATTACH PARTITION: what a dump says of an index that is a part already, or becomes one. */
export function attachIndex(row: IndexRow, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const name = qualified(action.table as SourceName, environment.semantics);
  const part = readerOf(environment).findEntry(name.schema, name.name)?.row;
  if (part?.kind !== 'index') throw fault(SQLSTATE.undefined_table, `relation "${name.name}" does not exist`, action.at);
  const parent = relationOf(row.parent, environment);
  const index = parent.indexes.find(({ id }) => id === row.id);
  const child = tableRow(catalog, tx, part.parent);
  if (index === undefined || child.body.parents?.[0] !== parent.id)
    throw fault(
      SQLSTATE.invalid_object_definition,
      `cannot attach index "${part.name}" as a partition of index "${row.name}"`,
      action.at,
      {
        detail: `Index "${part.name}" is not an index on any partition of table "${parent.name}".`,
      },
    );
  const own = child.body.indexes.find(({ id }) => id === part.id);
  if (own?.parent === row.id) return;
  const indexes = child.body.indexes.map((one) => (one.id === part.id ? { ...one, parent: row.id } : one));
  replaceTable(catalog, tx, child, { indexes });
}

// ---- inheritance ----

export function inherit(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const { at } = action;
  const child = tableRow(catalog, tx, id);
  const parent = parentNamed(action.table as SourceName, environment);
  if (parent.partitioning !== undefined) throw invalid(`cannot inherit from partitioned table "${parent.name}"`, at);
  if (parent.bound !== undefined) throw invalid('cannot inherit from a partition', at);
  if (child.body.bound !== undefined) throw invalid('cannot change inheritance of a partition', at);
  if (child.body.partitioning !== undefined) throw invalid('cannot change inheritance of partitioned table', at);
  if (child.body.parents?.includes(parent.id) === true)
    throw fault(SQLSTATE.duplicate_table, `relation "${parent.name}" would be inherited from more than once`, at);
  refuseCircle(parent, relationOf(id, environment), environment);
  replaceTable(catalog, tx, child, { ...fitted(parent, child, at, false), parents: [...(child.body.parents ?? []), parent.id] });
  const row = holdTable(catalog, tx, parent.id, LOCK_WRITERS);
  replaceTable(catalog, tx, row, { children: [...(row.body.children ?? []), id] });
}

export function noInherit(id: number, action: SourceAlterAction, environment: DefinitionEnvironment): void {
  const { catalog, tx } = environment;
  const child = tableRow(catalog, tx, id);
  const parent = parentNamed(action.table as SourceName, environment);
  if (child.body.bound !== undefined) throw invalid('cannot change inheritance of a partition', action.at);
  if (child.body.parents?.includes(parent.id) !== true)
    throw fault(SQLSTATE.undefined_table, `relation "${parent.name}" is not a parent of relation "${child.name}"`, action.at);
  const row = holdTable(catalog, tx, parent.id, LOCK_WRITERS);
  replaceTable(catalog, tx, row, { children: (row.body.children ?? []).filter((one) => one !== id) });
  const parents = child.body.parents.filter((one) => one !== parent.id);
  replaceTable(catalog, tx, child, { ...freed(parent, child), parents });
}
