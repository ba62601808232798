/**
 * LOCK TABLE, VACUUM, CHECKPOINT. Old versions go by themselves (engine/txn/collector.ts) and their room is used again; what is left for
 * VACUUM are entries of keys that rows have had, and pages that nobody has looked at since their rows came to rest, so that
 * index-only reads need not look at the rows (engine/txn/settle-entries.ts); and ANALYZE.
 *
 *   mode of LOCK                                    what others may do with the table meanwhile
 *   ACCESS SHARE, ROW SHARE, ROW EXCLUSIVE          all but define it (engine/exec/session-statements.ts: the table is used)
 *   SHARE UPDATE EXCLUSIVE ... EXCLUSIVE            read it
 *   ACCESS EXCLUSIVE                                nothing
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import { LOCK_ALL, LOCK_WRITERS } from '../catalog/kernel-port.ts';
import { dialectFor } from '../exec/dialect-for.ts';
import type { UtilityResult } from '../exec/engine.ts';
import { qualified, shownName } from '../plan/define/environment.ts';
import type { SourceName, SourceStatement } from '../sblr/source.gen.ts';
import type { Session } from '../session/session.ts';
import { STATEMENT_SIMPLE } from '../txn/begin.ts';
import { settleEntries } from '../txn/settle-entries.ts';
import { TABLE_ACCESS, useTable } from '../txn/table-locks.ts';
import { ROW_DONE, ROW_WAIT, type Transaction } from '../txn/transactions.ts';
import type { SqlCatalog } from './sql-catalog.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;

const done = (tag: string): UtilityResult => ({ tag, notices: [], rows: [] });

/** LOCK TABLE in a mode that keeps others out. 42P01, 42809, 42501, 55P03. */
export function lockTables(sql: SqlCatalog, session: Session, tx: Transaction, statement: Node<'lockTable'>): UtilityResult {
  const before = tx.lockTimeout;
  if (statement.nowait) tx.lockTimeout = 0;
  try {
    for (const name of statement.tables) lockOne(sql, session, tx, name, statement.mode === 'access exclusive');
  } finally {
    tx.lockTimeout = before;
  }
  return done('LOCK TABLE');
}

function lockOne(sql: SqlCatalog, session: Session, tx: Transaction, source: SourceName, isAll: boolean): void {
  const { catalog, engine } = sql;
  const name = qualified(source, dialectFor(engine, session).semantics);
  for (let last = -1; ; ) {
    const reader = sql.reader(session, tx);
    const table = reader.findRelation(name.schema, name.name);
    if (table === null)
      throw new SqlError(SQLSTATE.undefined_table, `relation "${shownName(name)}" does not exist`, { position: source.at });
    if (table.kind !== 'table')
      throw new SqlError(SQLSTATE.wrong_object_type, `cannot lock relation "${table.name}"`, {
        detail: 'This operation is only supported for tables in this mode.',
      });
    if (table.kernelTable === last) return;
    const mayLock = (['update', 'delete', 'truncate'] as const).some((right) => reader.allows(table.id, right));
    if (!mayLock) throw new SqlError(SQLSTATE.insufficient_privilege, `permission denied for table ${table.name}`);
    catalog.port.lock(tx, table.kernelTable, isAll ? LOCK_ALL : LOCK_WRITERS);
    // Whoever it waited for may have given it another kernel table.
    last = table.kernelTable;
  }
}

/** True when VACUUM's options ask for statistics. 42601. */
export function isAnalyzing({ options }: Node<'vacuum'>): boolean {
  let analyze = false;
  for (const { name, value, at } of options) {
    if (!VACUUM_OPTIONS.has(name))
      throw new SqlError(SQLSTATE.syntax_error, `unrecognized VACUUM option "${name}"`, { position: at });
    const text = value === null ? 'on' : value.op === 'constant' ? value.text : '';
    if (name === 'analyze' || name === 'analyse') analyze = !['off', 'false', '0'].includes(text);
  }
  return analyze;
}

const VACUUM_OPTIONS = new Set(
  `analyze analyse verbose full freeze disable_page_skipping skip_locked index_cleanup process_toast truncate parallel
  process_main buffer_usage_limit`.split(/\s+/),
);

/** Those of the tables that the role owns, one after the other. */
export function vacuumed(sql: SqlCatalog, session: Session, tx: Transaction, tables: readonly CatalogTable[]): UtilityResult {
  const { kernel } = sql;
  const { parts } = kernel;
  const reader = sql.reader(session, tx);
  const notices: UtilityResult['notices'][number][] = [];
  kernel.tidy();
  for (const table of tables) {
    if (!reader.owns(table.owner)) {
      const message = `skipping "${table.name}" --- only table or database owner can vacuum it`;
      notices.push({ severity: 'WARNING', code: '01000', message });
      continue;
    }
    kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      if (useTable(parts.locks, tx, table.kernelTable, TABLE_ACCESS)) return ROW_WAIT;
      const { runtime } = kernel.tables.byId(table.kernelTable);
      settleEntries(parts.txns, runtime, () => tx.cancelled?.() === true);
      return ROW_DONE;
    });
  }
  return { ...done('VACUUM'), notices };
}

export function checkpointed(sql: SqlCatalog): UtilityResult {
  // False: another thread is at it, and will have done what was asked for.
  sql.kernel.checkpoint();
  return done('CHECKPOINT');
}
