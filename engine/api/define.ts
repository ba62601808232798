/** Definitions of a session: the statement goes to plan/ddl.ts, what it makes the engine do comes back here. */

import type { Engine, UtilityResult } from '../exec/engine.ts';
import { createParameters } from '../exec/parameters.ts';
import { runDirect } from '../exec/run.ts';
import type { SessionContext } from '../exec/context.ts';
import { define as defineIn } from '../plan/ddl.ts';
import { isPlanned, optimize } from '../plan/optimize/optimize.ts';
import type { BoundModule } from '../sblr/bound.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';
import type { Session } from '../session/session.ts';
import type { Transaction } from '../txn/transactions.ts';
import { checkpointed, isAnalyzing, lockTables, vacuumed } from './maintenance.ts';
import type { SqlCatalog } from './sql-catalog.ts';

/** Runs a definition inside the engine; the session is in a block, `tx` its transaction. */
export function define(
  sql: SqlCatalog,
  session: Session,
  tx: Transaction,
  statement: SourceStatement,
  context: SessionContext,
): UtilityResult {
  const { engine, catalog } = sql;
  const { dialect } = engine;
  if (statement.op === 'lockTable') return lockTables(sql, session, tx, statement);
  if (statement.op === 'checkpoint') return checkpointed(sql);
  if (statement.op === 'vacuum') {
    if (isAnalyzing(statement)) define(sql, session, tx, { op: 'analyze', at: statement.at, tables: statement.tables }, context);
    return vacuumed();
  }
  const { tag, notices } = defineIn(statement, {
    catalog,
    tx,
    session: sql.sessionOf(session),
    semantics: dialect.semantics,
    semanticsOf: (name) => engine.dialectOf(name).semantics,
    textOf: (source) => dialect.render(source),
    run: (module) => runModule(sql, engine, session, tx, module, context),
  });
  return { tag, notices, rows: [] };
}

/** A statement of the engine's own in the transaction. */
function runModule(
  sql: SqlCatalog,
  engine: Engine,
  session: Session,
  tx: Transaction,
  module: BoundModule,
  context: SessionContext,
): void {
  const { statement } = module;
  if (!isPlanned(statement)) throw new SqlError(SQLSTATE.internal_error, 'a definition runs statements that have a plan');
  engine.active = session;
  const plan = optimize(statement, {
    table: (id) => engine.environment.table(id),
    size: (table) => sql.size(table),
    parameter: () => undefined,
  });
  const program = engine.compiler.compile(plan, module.parameters, 'array', engine.environment);
  runDirect(engine, session, tx, program, createParameters(module.parameters.length), context);
}
