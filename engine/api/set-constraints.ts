/** SET CONSTRAINTS: which deferrable constraints wait for the end of the transaction; those that no longer do are looked after at once. */

import { dialectFor } from '../exec/dialect-for.ts';
import type { CatalogIndex, CatalogTable } from '../catalog/objects.ts';
import type { SessionContext } from '../exec/context.ts';
import type { UtilityResult } from '../exec/engine.ts';
import { settleDeferred } from '../exec/references.ts';
import { foldParts } from '../sblr/resolve-type.ts';
import type { SourceName, SourceSetConstraintsNode } from '../sblr/source.gen.ts';
import type { Session } from '../session/session.ts';
import type { Transaction } from '../txn/transactions.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SqlCatalog } from './sql-catalog.ts';

interface NamedConstraint {
  readonly table: number;
  readonly name: string;
}

/** A UNIQUE or PRIMARY KEY constraint, and those of partitions that are parts of it. */
function partsOf(
  index: CatalogIndex,
  { id }: CatalogTable,
  tables: readonly CatalogTable[],
): (NamedConstraint & { readonly deferrable: boolean })[] {
  const below = tables.flatMap((table) =>
    table.indexes.filter(({ parent }) => parent === index.id).flatMap((part) => partsOf(part, table, tables)),
  );
  return [{ table: id, name: index.constraint ?? '', deferrable: index.deferrable !== undefined }, ...below];
}

/** Constraints of a name, in its schema or in the first schema of the path that has one. 42704, 42809 */
function constraintsNamed(sql: SqlCatalog, session: Session, tx: Transaction, name: SourceName): NamedConstraint[] {
  const reader = sql.catalog.reader(tx, sql.sessionOf(session));
  const parts = foldParts(name, dialectFor(sql.engine, session).semantics);
  const wanted = parts[parts.length - 1];
  const tables = reader.all().flatMap(({ relation }) => (relation?.kind === 'table' ? [relation] : []));
  for (const schema of parts.length > 1 ? [parts[0]] : reader.currentSchemas(true)) {
    const found = tables
      .filter((table) => table.schema === schema)
      .flatMap((table) => {
        const keys = (table.foreignKeys ?? []).filter((key) => key.name === wanted);
        const index = table.indexes.find(({ constraint }) => constraint === wanted);
        return [
          ...keys.map((key) => ({ table: table.id, name: key.name, deferrable: key.deferrable })),
          ...(index === undefined ? [] : partsOf(index, table, tables)),
        ];
      });
    if (found.length === 0) continue;
    if (found.some(({ deferrable }) => !deferrable))
      throw new SqlError(SQLSTATE.wrong_object_type, `constraint "${wanted}" is not deferrable`, { position: name.at });
    return found;
  }
  throw new SqlError(SQLSTATE.undefined_object, `constraint "${parts.join('.')}" does not exist`, { position: name.at });
}

export function constraintsSet(
  sql: SqlCatalog,
  session: Session,
  tx: Transaction,
  statement: SourceSetConstraintsNode,
  context: SessionContext,
): UtilityResult {
  const all = statement.names.length === 0;
  const named = all ? null : statement.names.flatMap((name) => constraintsNamed(sql, session, tx, name));
  session.deferral.set(named, statement.deferred);
  if (!statement.deferred) {
    const chosen = (table: number, name: string): boolean =>
      named === null || named.some((one) => one.table === table && one.name === name);
    const main = { context, canceled: () => session.isCancelled() };
    settleDeferred(sql.engine, session, tx, main, (event) => chosen(event.table, event.constraint));
  }
  const message = 'SET CONSTRAINTS can only be used in transaction blocks';
  const notices = session.isImplicit ? [{ severity: 'WARNING', code: '25P01', message }] : [];
  return { tag: 'SET CONSTRAINTS', notices, rows: [] };
}
