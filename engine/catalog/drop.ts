/**
 * DROP of tables, indexes and sequences: what depends goes along with CASCADE, and refuses without (2BP01).
 *
 *   table      its indexes, its checks, the sequences it owns
 *   index      nothing; but the index of a constraint is the constraint's
 *   sequence   defaults that draw from it
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import type { CatalogSession, Notice } from './definitions.ts';
import { isTemporarySchema } from './entries.ts';
import { noRelation } from './errors.ts';
import { LOCK_ALL } from './kernel-port.ts';
import type { CatalogColumn } from './objects.ts';
import { sequencesNamedIn } from './sequence-names.ts';
import type { SequenceRow, TableRow } from './stored.ts';

export interface DropOptions {
  readonly cascade: boolean;
  /** Dropped by the same statement: no reason to refuse. */
  readonly together?: readonly number[];
}

const DEPENDENTS_HINT = 'Use DROP ... CASCADE to drop the dependent objects too.';

const notice = (message: string): Notice => ({ severity: 'NOTICE', code: '00000', message });

export function dropTable(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  options: DropOptions,
): Notice[] {
  const table = catalog.lockTable(tx, session, id, LOCK_ALL);
  const owned = table.body.columns.flatMap((column) => (column.sequence === 0 ? [] : [column.sequence]));
  const notices = refuseDependents(catalog, tx, session, `table ${table.name}`, owned, {
    ...options,
    together: [...(options.together ?? []), id],
  });
  for (const index of table.body.indexes) removeEntry(catalog, tx, index.id);
  for (const sequence of owned) removeSequence(catalog, tx, sequence);
  catalog.remove(tx, table);
  catalog.port.dropTable(tx, table.body.kernelTable);
  return notices;
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
  if (index.constraint !== null) {
    throw new SqlError(
      SQLSTATE.dependent_objects_still_exist,
      `cannot drop index ${row.name} because constraint ${index.constraint} on table ${table.name} requires it`,
      { hint: `You can drop constraint ${index.constraint} on table ${table.name} instead.` },
    );
  }
  catalog.port.dropIndex(tx, table.body.kernelTable, index.kernelIndex);
  const indexes = table.body.indexes
    .filter((other) => other.id !== id)
    .map((other) => (other.kernelIndex > index.kernelIndex ? { ...other, kernelIndex: other.kernelIndex - 1 } : other));
  catalog.replace(tx, { ...table, version: catalog.nextId(), body: { ...table.body, indexes } });
  catalog.remove(tx, row);
  return [];
}

export function dropSequence(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  id: number,
  options: DropOptions,
): Notice[] {
  const row = catalog.ownRow(tx, session, id);
  if (row.kind !== 'sequence') throw noRelation(row.name);
  const owner = row.parent === 0 ? undefined : catalog.entry(tx, row.parent)?.row;
  if (owner !== undefined && owner.kind === 'table') refuseIdentity(row, owner);
  const notices = refuseDependents(catalog, tx, session, `sequence ${row.name}`, [id], options);
  removeSequence(catalog, tx, id);
  return notices;
}

function refuseIdentity(sequence: SequenceRow, table: TableRow): void {
  const column = table.body.columns.find((candidate) => candidate.sequence === sequence.id);
  if (column === undefined || column.identity === 'none') return;
  throw new SqlError(
    SQLSTATE.dependent_objects_still_exist,
    `cannot drop sequence ${sequence.name} because column ${column.name} of table ${table.name} requires it`,
    { hint: `You can drop column ${column.name} of table ${table.name} instead.` },
  );
}

/** A column that draws from one of the sequences. */
interface Dependent {
  readonly table: TableRow;
  readonly column: CatalogColumn;
  readonly sequence: number;
}

/** Defaults that draw from the sequences: taken away with CASCADE, else 2BP01. */
function refuseDependents(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  what: string,
  sequences: readonly number[],
  options: DropOptions,
): Notice[] {
  const dependents = dependentsOf(catalog, tx, session, sequences).filter(
    ({ table }) => !(options.together ?? []).includes(table.id),
  );
  if (dependents.length === 0) return [];
  const shown = ({ table, column }: Dependent): string => `default value for column ${column.name} of table ${table.name}`;
  if (!options.cascade) {
    throw new SqlError(SQLSTATE.dependent_objects_still_exist, `cannot drop ${what} because other objects depend on it`, {
      detail: dependents
        .map((one) => `${shown(one)} depends on sequence ${catalog.entry(tx, one.sequence)?.row.name ?? ''}`)
        .join('\n'),
      hint: DEPENDENTS_HINT,
    });
  }
  for (const { table, column } of dependents) clearDefault(catalog, tx, session, table.id, column.number);
  return dependents.length === 1
    ? [notice(`drop cascades to ${shown(dependents[0])}`)]
    : [notice(`drop cascades to ${dependents.length} other objects`)];
}

function dependentsOf(catalog: Catalog, tx: Transaction, session: CatalogSession, sequences: readonly number[]): Dependent[] {
  if (sequences.length === 0) return [];
  const reader = catalog.reader(tx, session);
  return reader.all().flatMap(({ row }) => {
    if (row.kind !== 'table') return [];
    return row.body.columns.flatMap((column) => {
      const sequence = sequences.find(
        (one) => column.sequence === one || (column.default !== null && sequencesNamedIn(column.default, reader).includes(one)),
      );
      return sequence === undefined ? [] : [{ table: row, column, sequence }];
    });
  });
}

function clearDefault(catalog: Catalog, tx: Transaction, session: CatalogSession, table: number, attribute: number): void {
  const row = catalog.lockTable(tx, session, table, LOCK_ALL);
  const columns = row.body.columns.map((column) =>
    column.number === attribute ? { ...column, default: null, sequence: 0 } : column,
  );
  catalog.replace(tx, { ...row, version: catalog.nextId(), body: { ...row.body, columns } });
}

/** Everything temporary of a session, tables before the sequences that are left. */
export function dropTemporary(catalog: Catalog, tx: Transaction, session: CatalogSession): void {
  if (session.id === 0) return;
  const own = catalog
    .reader(tx, session)
    .all()
    .filter(({ row }) => isTemporarySchema(row.schema));
  for (const { row } of own) if (row.kind === 'table') dropTable(catalog, tx, session, row.id, { cascade: true });
  for (const { row } of own) {
    if (row.kind === 'sequence' && catalog.entry(tx, row.id) !== null)
      dropSequence(catalog, tx, session, row.id, { cascade: true });
  }
}
