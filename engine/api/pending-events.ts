/** Tables of which something is put off to the end of the transaction stay as they are until then: 55006. */

import type { CatalogTable } from '../catalog/objects.ts';
import type { SessionReader } from '../catalog/reader.ts';
import { dialectFor } from '../exec/dialect-for.ts';
import type { ReferenceEvent } from '../plan/program.ts';
import { foldParts } from '../sblr/resolve-type.ts';
import type { SourceName, SourceStatement } from '../sblr/source.gen.ts';
import type { Session } from '../session/session.ts';
import type { Transaction } from '../txn/transactions.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SqlCatalog } from './sql-catalog.ts';

/** Changes that no event notices. */
const UNNOTICED = new Set(['renameTo', 'renameColumn', 'setSchema']);

/** What is changed in a way that events may notice, and how the statement is called. */
function changedBy(statement: SourceStatement): { readonly names: readonly SourceName[]; readonly words: string } | null {
  switch (statement.op) {
    case 'truncate':
      return { names: statement.tables, words: 'TRUNCATE' };
    case 'createIndex':
      return { names: [statement.table], words: 'CREATE INDEX' };
    case 'drop':
      return statement.kind === 'table' ? { names: statement.names, words: 'DROP TABLE' } : null;
    case 'alter': {
      const { kind, name, actions } = statement;
      // An index gives its name to its constraint.
      if (kind === 'index') return { names: [name], words: 'ALTER INDEX' };
      if (kind !== 'table' || actions.every((action) => UNNOTICED.has(action.kind))) return null;
      return { names: [name], words: 'ALTER TABLE' };
    }
    default:
      return null;
  }
}

/** The tables that an event is about: the one that has the constraint, or the one that a foreign key refers to. */
function isAbout({ kind, table, constraint }: ReferenceEvent, id: number, reader: SessionReader): boolean {
  if (table === id || kind === 'unique' || kind === 'refers') return table === id;
  const relation = reader.relation(table);
  return relation?.kind === 'table' && relation.foreignKeys?.find(({ name }) => name === constraint)?.table === id;
}

/** 55006 */
export function refusePending(sql: SqlCatalog, session: Session, tx: Transaction, statement: SourceStatement): void {
  const { events } = session.deferral;
  const changed = events.length === 0 ? null : changedBy(statement);
  if (changed === null) return;
  const reader = sql.catalog.reader(tx, sql.sessionOf(session));
  const { semantics } = dialectFor(sql.engine, session);
  for (const name of changed.names) {
    const parts = foldParts(name, semantics);
    const row = reader.findEntry(parts.length > 1 ? parts[0] : null, parts[parts.length - 1])?.row;
    if (row === undefined) continue;
    const table = reader.relation(row.kind === 'index' ? row.parent : row.id) as CatalogTable | null;
    if (table === null || !events.some((event) => isAbout(event, table.id, reader))) continue;
    const message = `cannot ${changed.words} "${table.name}" because it has pending trigger events`;
    throw new SqlError(SQLSTATE.object_in_use, message, { position: name.at });
  }
}
