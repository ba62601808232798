/**
 * Statements about what a session has given names to: PREPARE, EXECUTE, DEALLOCATE; DECLARE, FETCH, MOVE, CLOSE; LISTEN, NOTIFY;
 * DISCARD. One object a connection.
 *
 *   EXECUTE p (1 + 1)   executed(): the statement of p and its values; whoever runs it runs that one instead
 *   FETCH 10 FROM c     run(): rows of RowValues with the columns of the cursor's query
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import { resolveType, shownType, type TypeFinder } from '../sblr/resolve-type.ts';
import type { SourceExpression, SourceFrom, SourceStatement } from '../sblr/source.gen.ts';
import type { SqlType } from '../sblr/types.ts';
import type { BlockWatcher } from '../session/block-watcher.ts';
import { dialectFor } from './dialect-for.ts';
import type { Connection, Executed } from './connection.ts';
import type { UtilityResult } from './engine.ts';
import { NamedCursor } from './named-cursor.ts';
import { type Prepared, prepareOneOrNone } from './prepare.ts';
import { entered } from './run.ts';
import { letGoAllAdvisory } from '../txn/advisory.ts';
import type { CursorFact, PreparedFact } from '../catalog/session-facts.ts';

type Node<Op extends SourceStatement['op']> = Extract<SourceStatement, { op: Op }>;

/** A prepared statement with a name. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
  readonly prepared: Prepared;
  /** Made by PREPARE, not by a message of the protocol. */
  readonly isOfSql: boolean;
  /** Microseconds since 1970. */
  readonly madeAt: number;
}

const told = (tag: string, more: Partial<UtilityResult> = {}): UtilityResult => ({ tag, notices: [], rows: [], ...more });

/** Statements that run() runs. */
const OWN: ReadonlySet<SourceStatement['op']> = new Set([
  ...(['prepare', 'deallocate', 'declareCursor', 'fetch', 'closeCursor', 'discard', 'listen', 'unlisten', 'notify'] as const),
]);

/** Modes of LOCK TABLE in which a table is only used. */
const USING = ['access share', 'row share', 'row exclusive'];

export const isSessionStatement = (statement: SourceStatement): boolean =>
  OWN.has(statement.op) || (statement.op === 'lockTable' && USING.includes(statement.mode));

export class SessionStatements implements BlockWatcher {
  readonly #connection: Connection;
  /** Those of PREPARE and those that messages of the protocol have named. */
  readonly statements = new Map<string, NamedStatement>();
  /** Counts up whenever a name may have come to mean another statement, or none. */
  version = 0;
  readonly cursors = new Map<string, NamedCursor>();

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.session.watcher = this;
  }

  /** Runs one of them, inside the engine where it must be: nothing here is. */
  run(statement: SourceStatement): UtilityResult {
    switch (statement.op) {
      case 'lockTable':
        return this.#use(statement);
      case 'prepare':
        return this.#prepare(statement);
      case 'deallocate':
        return this.#deallocate(statement.name);
      case 'declareCursor':
        return this.#declare(statement);
      case 'fetch':
        return this.#fetch(statement);
      case 'closeCursor':
        return this.#close(statement.name);
      case 'listen':
      case 'unlisten':
      case 'notify':
        return this.#channel(statement);
      case 'discard':
        return this.#discard(statement.what);
      default:
        throw new SqlError(SQLSTATE.internal_error, `${statement.op} is no statement about names of a session`);
    }
  }

  /** A table that a statement has read stays in use to the end of the block (TX-T14). */
  #use({ tables, nowait }: Node<'lockTable'>): UtilityResult {
    const connection = this.#connection;
    const { engine, session } = connection;
    const { transaction } = session;
    if (transaction === null) throw outsideBlock('LOCK TABLE');
    const timeout = session.settings.get('lock_timeout');
    if (nowait) session.settings.set('lock_timeout', '1', true);
    try {
      for (const name of tables) {
        const table = dialectFor(engine, session).render({
          op: 'tableRef',
          at: 0,
          name,
          only: false,
          alias: null,
          sample: null,
        } as SourceFrom);
        connection.run(connection.prepare(`select 1 from ${table} limit 1`), [], 'array');
      }
    } finally {
      if (nowait) session.settings.set('lock_timeout', timeout, true);
    }
    return told('LOCK TABLE');
  }

  /** In a block it counts from the commit on, else now. */
  #channel(statement: Node<'listen' | 'unlisten' | 'notify'>): UtilityResult {
    const { session } = this.#connection;
    const { notifications } = session;
    if (statement.op === 'notify') notifications.notify(statement.channel, statement.payload ?? '');
    else if (statement.op === 'listen') notifications.listen(statement.channel);
    else notifications.unlisten(statement.channel);
    if (session.transaction === null) notifications.committed((send) => send());
    return told(statement.op.toUpperCase());
  }

  /** Columns of what FETCH gives; of others null. */
  output(statement: SourceStatement): readonly OutputColumn[] | null {
    return statement.op === 'fetch' && !statement.move ? this.#cursor(statement.name).columns : null;
  }

  // ---- prepared statements ----

  statement(name: string): NamedStatement {
    const found = this.statements.get(name);
    if (found !== undefined) return found;
    throw new SqlError(SQLSTATE.invalid_sql_statement_name, `prepared statement "${name}" does not exist`);
  }

  /** Gives a statement its name. 42P05. */
  keep(statement: NamedStatement): void {
    if (this.statements.has(statement.name))
      throw new SqlError(SQLSTATE.duplicate_prepared_statement, `prepared statement "${statement.name}" already exists`);
    this.statements.set(statement.name, statement);
    this.version++;
  }

  /** Lets go of a name, if it is one. */
  forget(name: string): void {
    if (this.statements.delete(name)) this.version++;
  }

  #prepare({ name, types, statement }: Node<'prepare'>): UtilityResult {
    const { engine, session } = this.#connection;
    if (this.statements.has(name))
      throw new SqlError(SQLSTATE.duplicate_prepared_statement, `prepared statement "${name}" already exists`);
    const text = dialectFor(engine, session).render(statement);
    const catalog = engine.catalog.reader(session, session.transaction);
    const find: TypeFinder = (schema, one) => catalog.findType?.(schema, one) ?? null;
    const declared = types.map((type): SqlType => resolveType(type, dialectFor(engine, session).semantics, find));
    const prepared = entered(engine, () =>
      prepareOneOrNone(engine, session, text, declared.length === 0 ? undefined : declared),
    ) as Prepared;
    this.keep({ name, text, prepared, isOfSql: true, madeAt: engine.now() });
    return told('PREPARE');
  }

  #forgetAll(): void {
    this.statements.clear();
    this.version++;
  }

  #deallocate(name: string | null): UtilityResult {
    if (name === null) this.#forgetAll();
    else this.forget(this.statement(name).name);
    return told(name === null ? 'DEALLOCATE ALL' : 'DEALLOCATE');
  }

  /** What EXECUTE runs, and with which values. 26000, 42601. */
  executed({ name, arguments: given }: Node<'execute'>): Executed {
    const { prepared } = this.statement(name);
    const { clientParameters, parameters } = this.#connection.refresh(prepared).parts;
    if (given.length !== clientParameters) {
      throw new SqlError(SQLSTATE.syntax_error, `wrong number of parameters for prepared statement "${name}"`, {
        detail: `Expected ${clientParameters} parameters but got ${given.length}.`,
      });
    }
    return { prepared, values: given.length === 0 ? [] : this.#values(given, parameters) };
  }

  /** The values of arguments, as texts of their parameters' types. */
  #values(given: readonly SourceExpression[], types: readonly SqlType[]): readonly unknown[] {
    const connection = this.#connection;
    const { dialect } = connection.engine;
    const texts = given.map(plainText);
    if (!texts.includes(undefined)) return texts;
    const items = given.map((one, index) => {
      const type = shownType(types[index].name, dialect.semantics);
      return `cast(cast(${dialect.render(one)} as ${type}) as text)`;
    });
    return connection.run(connection.prepare(`select ${items.join(', ')}`), [], 'array').rows[0] as unknown[];
  }

  // ---- cursors ----

  #cursor(name: string): NamedCursor {
    const found = this.cursors.get(name);
    if (found !== undefined) return found;
    throw new SqlError(SQLSTATE.invalid_cursor_name, `cursor "${name}" does not exist`);
  }

  #declare({ name, hold, scroll, binary, query }: Node<'declareCursor'>): UtilityResult {
    const connection = this.#connection;
    const { engine, session } = connection;
    const isInBlock = session.transaction !== null;
    if (!isInBlock && !hold) {
      throw new SqlError(SQLSTATE.no_active_sql_transaction, 'DECLARE CURSOR can only be used in transaction blocks', {
        hint: 'begin a transaction, or declare it WITH HOLD',
      });
    }
    if (this.cursors.has(name)) throw new SqlError(SQLSTATE.duplicate_cursor, `cursor "${name}" already exists`);
    const text = dialectFor(engine, session).render(query);
    const options = { name, text, scroll: scroll === 'scroll', hold, binary, madeAt: engine.now() };
    this.cursors.set(name, new NamedCursor(connection, connection.prepare(text), options, isInBlock, session.savepointCount));
    return told('DECLARE CURSOR');
  }

  #fetch({ name, move, direction, count }: Node<'fetch'>): UtilityResult {
    const cursor = this.#cursor(name);
    const rows = cursor.fetch(direction, count);
    if (move) return told('MOVE', { changes: rows.length });
    return told('FETCH', { rows, changes: rows.length, output: cursor.columns });
  }

  #close(name: string | null): UtilityResult {
    const closed = name === null ? [...this.cursors.values()] : [this.#cursor(name)];
    for (const cursor of closed) this.#drop(cursor);
    return told(name === null ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR');
  }

  #drop(cursor: NamedCursor): void {
    this.cursors.delete(cursor.options.name);
    cursor.close();
  }

  // ---- what ends with a block ----

  blockEnds(committed: boolean): void {
    for (const cursor of this.cursors.values()) {
      if (!cursor.isOfBlock) continue;
      if (committed && cursor.options.hold) cursor.isOfBlock = false;
      else this.#drop(cursor);
    }
  }

  /** Savepoints behind the first `count` are gone: what was declared since the last of them, too. */
  rolledBackTo(count: number): void {
    for (const cursor of this.cursors.values()) if (cursor.isOfBlock && cursor.savepoints >= count) this.#drop(cursor);
  }

  released(count: number): void {
    for (const cursor of this.cursors.values()) cursor.savepoints = Math.min(cursor.savepoints, count);
  }

  // ---- what catalogs show ----

  *preparedStatements(): Iterable<PreparedFact> {
    for (const { name, text, madeAt, prepared, isOfSql } of this.statements.values()) {
      const { parameters, clientParameters } = prepared.shape.parts;
      yield { name, text, madeAt, types: parameters.slice(0, clientParameters), isOfSql };
    }
  }

  *openCursors(): Iterable<CursorFact> {
    for (const { options } of this.cursors.values()) yield options;
  }

  // ---- DISCARD ----

  #discard(what: Node<'discard'>['what']): UtilityResult {
    const { engine, session } = this.#connection;
    if (what === 'all') {
      if (session.transaction !== null)
        throw new SqlError(SQLSTATE.active_sql_transaction, 'DISCARD ALL cannot run inside a transaction block');
      this.#close(null);
      session.resetSettings();
      this.#forgetAll();
      session.notifications.unlisten(null);
      letGoAllAdvisory(session.txns, session.slot);
    }
    if (what === 'all' || what === 'temporary') {
      if (session.transaction !== null)
        throw new SqlError(SQLSTATE.feature_not_supported, 'DISCARD TEMP inside a transaction block is not supported');
      entered(engine, () => engine.catalog.endSession(session));
    }
    if (what === 'all' || what === 'sequences') engine.catalog.forgetSequences(session);
    // Plans are kept by text, for all sessions; each is checked before it is used.
    return told(what === 'temporary' ? 'DISCARD TEMP' : `DISCARD ${what.toUpperCase()}`);
  }
}

const outsideBlock = (what: string): SqlError =>
  new SqlError(SQLSTATE.no_active_sql_transaction, `${what} can only be used in transaction blocks`);

/** The text of a plain constant, null of NULL; undefined: it must be evaluated. */
function plainText(expression: SourceExpression): string | null | undefined {
  if (expression.op !== 'constant') return undefined;
  if (expression.kind === 'null') return null;
  return expression.kind === 'integer' || expression.kind === 'string' ? expression.text : undefined;
}
