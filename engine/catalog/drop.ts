/**
 * DROP: what depends goes along with CASCADE, and refuses without (2BP01; dependents.ts).
 *
 *   table      its indexes, its checks, the sequences it owns, its statistics
 *   index      nothing; but the index of a constraint is the constraint's
 *   sequence   defaults that draw from it
 *   schema     everything in it
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import { dropColumn, dropConstraint, holdTable, removePolicy, replaceTable } from './alter-table.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession, Notice } from './definitions.ts';
import { checkDependents, dependentsOf, isOfExtension, type Part } from './dependents.ts';
import { isTemporarySchema } from './entries.ts';
import { noRelation } from './errors.ts';
import { LOCK_ALL, LOCK_WRITERS } from './kernel-port.ts';
import { extensionName, type ObjectRow, type SequenceRow, type StatisticsRow, type TableRow } from './stored.ts';
import { forgetStatistics } from './stored-statistics.ts';

export interface DropOptions {
  readonly cascade: boolean;
  /** Dropped by the same statement: no reason to refuse. */
  readonly together?: readonly number[];
}

/** Drops objects, and with CASCADE all that rests on them. 2BP01, 42501 */
export function dropObjects(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  ids: readonly number[],
  options: DropOptions,
): Notice[] {
  const reader = catalog.reader(tx, session);
  const targets: Part[] = ids.map((id) => {
    const row = catalog.ownRow(tx, session, id);
    if (row.kind === 'table') catalog.lockTable(tx, session, id, LOCK_ALL);
    if (row.kind === 'sequence') refuseIdentity(catalog, tx, row, ids);
    refuseMember(catalog, tx, row);
    return { kind: 'object', row: catalog.entry(tx, id)?.row ?? row };
  });
  const together = (options.together ?? []).flatMap((id): Part[] => {
    const row = catalog.entry(tx, id)?.row;
    return row === undefined || ids.includes(id) ? [] : [{ kind: 'object', row }];
  });
  const dependents = dependentsOf([...targets, ...together], reader);
  const notices = checkDependents(targets, dependents, options.cascade, reader);
  for (const { part } of [...dependents].reverse()) dropPart(catalog, tx, session, part);
  for (const target of targets) dropPart(catalog, tx, session, target);
  return notices;
}

/** What came with an extension goes with it only. 2BP01 */
function refuseMember(catalog: Catalog, tx: Transaction, row: ObjectRow): void {
  if (row.kind !== 'function' || row.body.extension === undefined) return;
  const extension = catalog.entry(tx, row.body.extension)?.row;
  if (extension?.kind !== 'extension') return;
  const name = extensionName(extension);
  throw new SqlError(
    SQLSTATE.dependent_objects_still_exist,
    `cannot drop function ${row.body.shown} because extension ${name} requires it`,
    { hint: `You can drop extension ${name} instead.` },
  );
}

/** Drops parts of tables, and with CASCADE all that rests on them. */
export function dropParts(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  targets: readonly Part[],
  cascade: boolean,
): Notice[] {
  const reader = catalog.reader(tx, session);
  const dependents = dependentsOf(targets, reader);
  const notices = checkDependents(targets, dependents, cascade, reader);
  for (const { part } of [...dependents].reverse()) dropPart(catalog, tx, session, part);
  for (const target of targets) dropPart(catalog, tx, session, target);
  return notices;
}

function dropPart(catalog: Catalog, tx: Transaction, session: CatalogSession, part: Part): void {
  const row = catalog.entry(tx, part.row.id)?.row;
  if (row === undefined) return;
  if (part.kind === 'object') dropWhole(catalog, tx, session, row);
  else if (part.kind === 'ofDomain') clearDomain(catalog, tx, row, part.name);
  else if (row.kind !== 'table') return;
  else if (part.kind === 'constraint') dropConstraint(catalog, tx, row, part.name);
  else if (part.kind === 'policy') removePolicy(catalog, tx, row, part.name);
  else if (part.kind === 'index') dropIndexOf(catalog, tx, row, part.index);
  else if (part.kind === 'column') dropColumn(catalog, tx, row, part.attribute);
  else clearDefault(catalog, tx, row, part.attribute);
}

/** Takes a check, or the default, from a domain. */
function clearDomain(catalog: Catalog, tx: Transaction, row: ObjectRow, check: string | null): void {
  if (row.kind !== 'type' || row.body.domain === null) return;
  const { domain } = row.body;
  const left = check === null ? { default: null } : { checks: domain.checks.filter(({ name }) => name !== check) };
  catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, domain: { ...domain, ...left } } });
}

/** The object alone, with what is part of it. */
function dropWhole(catalog: Catalog, tx: Transaction, session: CatalogSession, row: ObjectRow): void {
  switch (row.kind) {
    case 'table':
      return removeTable(catalog, tx, row);
    case 'sequence':
      return removeSequence(catalog, tx, row.id);
    case 'index':
      dropIndex(catalog, tx, session, row.id, { cascade: true });
      return;
    case 'statistics':
      return removeStatistics(catalog, tx, row);
    case 'extension':
      for (const { row: one } of catalog.reader(tx, session).all()) if (isOfExtension(one, row.id)) catalog.remove(tx, one);
      return catalog.remove(tx, row);
    default:
      catalog.remove(tx, row);
  }
}

/** Takes a table out of its parents' lists. What the default partition holds changes with its siblings. */
export function leaveParents(catalog: Catalog, tx: Transaction, table: TableRow): void {
  for (const id of table.body.parents ?? []) {
    if (catalog.entry(tx, id) === null) continue;
    const parent = holdTable(catalog, tx, id, table.body.bound === undefined ? LOCK_WRITERS : LOCK_ALL);
    replaceTable(catalog, tx, parent, { children: (parent.body.children ?? []).filter((child) => child !== table.id) });
    if (table.body.bound === undefined) continue;
    for (const sibling of parent.body.children ?? []) {
      const row = catalog.entry(tx, sibling)?.row;
      if (row?.kind === 'table' && row.body.bound?.kind === 'default' && row.id !== table.id) replaceTable(catalog, tx, row, {});
    }
  }
}

function removeTable(catalog: Catalog, tx: Transaction, before: TableRow): void {
  leaveParents(catalog, tx, before);
  for (const id of before.body.children ?? []) {
    const child = catalog.entry(tx, id)?.row;
    if (child?.kind === 'table' && child.body.bound !== undefined) removeTable(catalog, tx, holdTable(catalog, tx, id, LOCK_ALL));
  }
  for (const { name } of before.body.foreignKeys ?? []) {
    const row = catalog.entry(tx, before.id)?.row;
    if (row?.kind === 'table') dropConstraint(catalog, tx, row, name);
  }
  const table = catalog.entry(tx, before.id)?.row;
  if (table?.kind !== 'table') return;
  const owned = catalog.ownedSequences(tx, table);
  for (const index of table.body.indexes) removeEntry(catalog, tx, index.id);
  for (const one of catalog.statisticsOf(tx, table)) catalog.remove(tx, one);
  for (const sequence of owned) removeSequence(catalog, tx, sequence);
  catalog.remove(tx, table);
  catalog.port.dropTable(tx, table.body.kernelTable);
}

/** Takes CREATE STATISTICS back, with what was found for it. */
export function removeStatistics(catalog: Catalog, tx: Transaction, row: StatisticsRow): void {
  forgetStatistics(catalog, tx, row.parent, [], [row.id]);
  catalog.remove(tx, row);
}

export function dropTable(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  options: DropOptions,
): Notice[] {
  return dropObjects(catalog, tx, session, [id], options);
}

function removeEntry(catalog: Catalog, tx: Transaction, id: number): void {
  const entry = catalog.entry(tx, id);
  if (entry !== null) catalog.remove(tx, entry.row);
}

function removeSequence(catalog: Catalog, tx: Transaction, id: number): void {
  const row = catalog.entry(tx, id)?.row;
  if (row === undefined || row.kind !== 'sequence') return;
  catalog.remove(tx, row);
  catalog.port.dropSequence(tx, row.body.kernel);
}

export function dropIndex(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  _options: DropOptions,
): Notice[] {
  const row = catalog.ownRow(tx, session, id);
  if (row.kind !== 'index') throw noRelation(row.name);
  const table = catalog.lockTable(tx, session, row.parent, LOCK_ALL);
  const index = table.body.indexes.find((candidate) => candidate.id === id);
  if (index === undefined) throw noRelation(row.name);
  const whole = index.parent === undefined ? undefined : catalog.entry(tx, index.parent)?.row;
  if (whole !== undefined) {
    throw new SqlError(
      SQLSTATE.dependent_objects_still_exist,
      `cannot drop index ${row.name} because index ${whole.name} requires it`,
      { hint: `You can drop index ${whole.name} instead.` },
    );
  }
  if (index.constraint !== null) {
    throw new SqlError(
      SQLSTATE.dependent_objects_still_exist,
      `cannot drop index ${row.name} because constraint ${index.constraint} on table ${table.name} requires it`,
      { hint: `You can drop constraint ${index.constraint} on table ${table.name} instead.` },
    );
  }
  dropIndexOf(catalog, tx, table, id);
  return [];
}

/** Takes an index out of its table; the table is locked. */
export function dropIndexOf(catalog: Catalog, tx: Transaction, table: TableRow, id: number): void {
  const index = table.body.indexes.find((candidate) => candidate.id === id);
  if (index === undefined) return;
  catalog.port.dropIndex(tx, table.body.kernelTable, index.kernelIndex);
  const indexes = table.body.indexes
    .filter((other) => other.id !== id)
    .map((other) => (other.kernelIndex > index.kernelIndex ? { ...other, kernelIndex: other.kernelIndex - 1 } : other));
  catalog.replace(tx, { ...table, version: catalog.nextId(), body: { ...table.body, indexes } });
  removeEntry(catalog, tx, id);
  // Its parts in partitions go with it.
  for (const child of table.body.children ?? []) {
    const row = catalog.entry(tx, child)?.row;
    const part = row?.kind === 'table' ? row.body.indexes.find(({ parent }) => parent === id) : undefined;
    if (part !== undefined) dropIndexOf(catalog, tx, holdTable(catalog, tx, child, LOCK_ALL), part.id);
  }
}

export function dropSequence(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  options: DropOptions,
): Notice[] {
  return dropObjects(catalog, tx, session, [id], options);
}

/** The sequence of an identity column is the column's. 2BP01 */
function refuseIdentity(catalog: Catalog, tx: Transaction, sequence: SequenceRow, dropped: readonly number[]): void {
  const table = sequence.parent === 0 ? undefined : catalog.entry(tx, sequence.parent)?.row;
  if (table?.kind !== 'table' || dropped.includes(table.id)) return;
  const column = table.body.columns.find((candidate) => candidate.sequence === sequence.id);
  if (column === undefined || column.identity === 'none') return;
  throw new SqlError(
    SQLSTATE.dependent_objects_still_exist,
    `cannot drop sequence ${sequence.name} because column ${column.name} of table ${table.name} requires it`,
    { hint: `You can drop column ${column.name} of table ${table.name} instead.` },
  );
}

function clearDefault(catalog: Catalog, tx: Transaction, before: TableRow, attribute: number): void {
  catalog.port.lock(tx, before.body.kernelTable, LOCK_ALL);
  const row = catalog.entry(tx, before.id)?.row;
  if (row?.kind !== 'table') throw noRelation(before.name);
  const columns = row.body.columns.map((column) =>
    column.number === attribute ? { ...column, default: null, sequence: 0 } : column,
  );
  catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, columns } });
}

/** Everything temporary of a session, tables before what is left. */
export function dropTemporary(catalog: Catalog, tx: Transaction, session: CatalogSession): void {
  if (session.id === 0) return;
  const own = catalog
    .reader(tx, session)
    .all()
    .filter(({ row }) => isTemporarySchema(row.schema));
  for (const kind of ['view', 'table', 'sequence', 'function', 'procedure'] as const)
    for (const { row } of own)
      if (row.kind === kind && catalog.entry(tx, row.id) !== null) dropObjects(catalog, tx, session, [row.id], { cascade: true });
}
