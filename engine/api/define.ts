/** Definitions of a session: the statement goes to plan/ddl.ts, what it makes the engine do comes back here. */

import type { CatalogTable } from '../catalog/objects.ts';
import { dialectFor } from '../exec/dialect-for.ts';
import type { UtilityResult } from '../exec/engine.ts';
import { parseSettings } from '../exec/make-shape.ts';
import { createParameters } from '../exec/parameters.ts';
import { runDirect, type StatementRun } from '../exec/run.ts';
import type { SessionContext } from '../exec/context.ts';
import { madeTypesOf } from '../plan/bind/environment.ts';
import { bind } from '../plan/bind/bind.ts';
import { type DefinitionEnvironment, define as defineIn, tablesOf } from '../plan/ddl.ts';
import { isPlanned, optimize } from '../plan/optimize/optimize.ts';
import type { BoundModule } from '../sblr/bound.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';
import type { CompileEnvironment } from '../plan/program.ts';
import type { Session } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import { makeVerifier as makeMysqlVerifier } from '../../parsers/mysql/auth.ts';
import { isVerifier, makeVerifier } from '../../parsers/postgresql/auth.ts';
import { checkpointed, isAnalyzing, lockTables, vacuumed } from './maintenance.ts';
import { refusePending } from './pending-events.ts';
import { constraintsSet } from './set-constraints.ts';
import type { SqlCatalog } from './sql-catalog.ts';

/** Of a new password, what each dialect's exchange needs (C4); a verifier of PostgreSQL's is none of a password that others could show. */
const verifiersOf = (password: string): { readonly [kind: string]: string } =>
  isVerifier(password) ? { scram: password } : { scram: makeVerifier(password), mysql: makeMysqlVerifier(password) };

/** Runs a definition inside the engine; the session is in a block, `tx` its transaction. */
export function define(
  sql: SqlCatalog,
  session: Session,
  tx: Transaction,
  statement: SourceStatement,
  context: SessionContext,
): UtilityResult {
  const { engine, catalog } = sql;
  const dialect = dialectFor(engine, session);
  if (statement.op === 'setConstraints') return constraintsSet(sql, session, tx, statement, context);
  if (statement.op === 'lockTable') return lockTables(sql, session, tx, statement);
  if (statement.op === 'checkpoint') return checkpointed(sql);
  refusePending(sql, session, tx, statement);
  const environment: Omit<DefinitionEnvironment, 'fillHidden'> = {
    catalog,
    tx,
    session: sql.sessionOf(session),
    semantics: dialect.semantics,
    semanticsOf: (name) => engine.dialectOf(name).semantics,
    textOf: (source) => dialect.render(source),
    textIn: (name, source) => engine.dialectOf(name).render(source),
    parse: (text) => dialect.parse(text, parseSettings(session)).map(({ source }) => source),
    verifiersOf,
    run: (module, tableOf) => runModule(sql, session, tx, module, context, tableOf).rows as RowValue[][],
    change: (module) => runModule(sql, session, tx, module, context).changes,
    sql: (text) => runText(sql, session, tx, text, context),
    sessionsIn: (database) => engine.signals?.sessionsIn(database) ?? 0,
  };
  if (statement.op === 'vacuum') {
    const isWanted = isAnalyzing(statement);
    const done = vacuumed(sql, session, tx, tablesOf(statement.tables, environment as DefinitionEnvironment));
    if (isWanted) define(sql, session, tx, { op: 'analyze', at: statement.at, tables: statement.tables }, context);
    return done;
  }
  const { tag, notices } = defineIn(statement, environment);
  return { tag, notices, rows: [] };
}

/** A statement of the engine's own in the transaction: the run has its rows, and how many it changed. */
function runModule(
  sql: SqlCatalog,
  session: Session,
  tx: Transaction,
  module: BoundModule,
  context: SessionContext,
  tableOf: (id: number) => CatalogTable | null = () => null,
): StatementRun {
  const { engine } = sql;
  const { statement } = module;
  if (!isPlanned(statement)) throw new SqlError(SQLSTATE.internal_error, 'a definition runs statements that have a plan');
  engine.active = session;
  const environment: CompileEnvironment = {
    table: (id) => tableOf(id) ?? engine.environment.table(id),
    runtime: (table) => engine.environment.runtime(table),
    virtualRows: (name, lookup) => engine.environment.virtualRows(name, lookup),
    kernel: engine.environment.kernel,
  };
  const plan = optimize(statement, {
    table: (id) => environment.table(id),
    size: (table) => sql.size(table),
    parameter: () => undefined,
  });
  const program = engine.compiler.compile(plan, module.parameters, 'array', environment);
  return runDirect(engine, session, tx, program, createParameters(module.parameters.length), context);
}

/** A query of the engine's own, under the superuser's rights. */
function runText(sql: SqlCatalog, session: Session, tx: Transaction, text: string, context: SessionContext): RowValue[][] {
  const { engine, catalog } = sql;
  const { dialect } = engine;
  const reader = catalog.reader(tx, sql.sessionOf(session));
  const [{ source }] = dialect.parse(text, { standardStrings: true, namedParameters: false });
  const module = bind(source, {
    catalog: {
      version: reader.version,
      findRelation: (schema, name) => reader.findRelation(schema, name),
      relation: (id) => reader.relation(id),
      ...madeTypesOf(reader),
      findRoutines: (schema, name) => reader.findRoutines(schema, name),
      allows: () => true,
    },
    semantics: dialect.semantics,
    semanticsOf: (name) => engine.dialectOf(name).semantics,
    ...{ parameterTypes: [], literals: [], policy: 'infer' },
  });
  return runModule(sql, session, tx, module, context).rows as RowValue[][];
}
