/**
 * The statements of a session that are not compiled: the ends and beginnings of blocks, settings, definitions, EXPLAIN. On an event
 * loop definitions and the end of a transaction wait for others without blocking it (define-async.ts).
 */

import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { EmbeddedFormat } from '../plan/program.ts';
import type { SourceStatement } from '../sblr/source.gen.ts';
import { type Characteristics, NO_CHARACTERISTICS } from '../session/session.ts';
import type { Transaction } from '../txn/transactions.ts';
import type { Connection, Result } from './connection.ts';
import { untilDone } from './define-async.ts';
import type { UtilityResult } from './engine.ts';
import { entered, limitWait } from './run.ts';
import type { Shape } from './shape.ts';
import { isDefinition, runControl, runExplain, transactionEnd } from './utility.ts';

/** A statement that begins or ends a block and says no more than that. */
export type BlockEnds = 'commit' | (Characteristics & { readonly start: boolean });

const beginTag = (start: boolean): string => (start ? 'START TRANSACTION' : 'BEGIN');

/** Null: it is none. */
export function blockEnds(shape: Shape): BlockEnds | null {
  if (shape.parts.kind !== 'utility') return null;
  const statement = sourceOf(shape);
  if (statement.op === 'begin') {
    const { isolation, readOnly, start } = statement;
    return { isolation, readOnly, start };
  }
  return statement.op === 'commit' && !statement.chain ? 'commit' : null;
}

export function sourceOf(shape: Shape): SourceStatement {
  const { statement } = shape.module;
  if (statement.kind !== 'utility') throw new SqlError(SQLSTATE.internal_error, 'a planned statement is no utility');
  return statement.statement;
}

const resultOf = (tag: string): Result => ({ rows: [], changes: 0, columns: [], tag });

/** A definition under way: its transaction, and what it changed of that for as long as it takes. */
interface Defining {
  readonly tx: Transaction;
  /** It is in a block of its own. */
  readonly own: boolean;
  readonly limit: number;
}

/** Statements that are their own transaction, and what they are called. */
const ALONE: { readonly [op: string]: string } = {
  ...{ vacuum: 'VACUUM', createDatabase: 'CREATE DATABASE', dropDatabase: 'DROP DATABASE' },
};

export class UtilityStatements {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  run(shape: Shape, format: EmbeddedFormat): Result {
    const connection = this.#connection;
    const { engine, session } = connection;
    if (shape.isExplain) {
      connection.refuseInFailed();
      const answer = entered(engine, () => runExplain(engine, session, shape));
      return connection.told(shape, format, answer);
    }
    const statement = sourceOf(shape);
    const end = transactionEnd(statement);
    if (end !== null) return resultOf(this.#end(end));
    // One that was prepared before.
    if (statement.op !== 'rollbackTo') connection.refuseInFailed();
    if (statement.op === 'begin') {
      this.#begin(statement);
      return resultOf(beginTag(statement.start));
    }
    this.#checkPlace(statement);
    const answer = entered(engine, () => (isDefinition(statement) ? this.#define(statement) : runControl(session, statement)));
    return connection.told(shape, format, answer);
  }

  /** The same on an event loop. */
  async runAsync(shape: Shape, format: EmbeddedFormat): Promise<Result> {
    const connection = this.#connection;
    const { session } = connection;
    if (shape.isExplain) return this.run(shape, format);
    const statement = sourceOf(shape);
    if (transactionEnd(statement) === 'commit' && session.transaction !== null) return resultOf(await this.commitAsync());
    if (!isDefinition(statement)) return this.run(shape, format);
    connection.refuseInFailed();
    this.#checkPlace(statement);
    const { answer, own } = await this.#defineAsync(statement);
    const result = connection.told(shape, format, answer);
    if (own) await this.commitAsync();
    return result;
  }

  /**
   * BEGIN or COMMIT: nothing of them depends on the catalog, and a program runs them with each transaction, so they take the short
   * way. Its tag.
   */
  runEnds(kind: BlockEnds): string {
    this.#connection.session.settleCursors();
    if (kind === 'commit') return this.#end('commit');
    this.#connection.refuseInFailed();
    this.#begin(kind);
    return beginTag(kind.start);
  }

  #checkPlace({ op }: SourceStatement): void {
    const { transaction } = this.#connection.session;
    const alone = ALONE[op];
    if (alone !== undefined && transaction !== null)
      throw new SqlError(SQLSTATE.active_sql_transaction, `${alone} cannot run inside a transaction block`);
    if (op === 'lockTable' && transaction === null)
      throw new SqlError(SQLSTATE.no_active_sql_transaction, 'LOCK TABLE can only be used in transaction blocks');
  }

  // ---- blocks ----

  #begin(wanted: Characteristics): void {
    const { engine, session } = this.#connection;
    const { shm } = engine;
    let began = false;
    enterEngine(shm);
    let thrown: unknown;
    try {
      began = session.begin(wanted, engine.now());
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      leaveEngine(shm, thrown);
    }
    if (!began) this.#warn('25001', 'there is already a transaction in progress');
  }

  /** Its tag. */
  #end(end: 'commit' | 'rollback'): string {
    const { engine, session } = this.#connection;
    const wasOpen = session.transaction !== null;
    if (!wasOpen) this.#warn('25P01', 'there is no transaction in progress');
    if (end === 'rollback') {
      entered(engine, () => session.rollbackBlock());
      return 'ROLLBACK';
    }
    return this.#commit() || !wasOpen ? 'COMMIT' : 'ROLLBACK';
  }

  /** False: the block had failed, or there was none. */
  #commit(): boolean {
    const { engine, session } = this.#connection;
    const { shm } = engine;
    enterEngine(shm);
    let thrown: unknown;
    try {
      return session.commitBlock();
    } catch (error) {
      thrown = error;
      throw error;
    } finally {
      leaveEngine(shm, thrown);
    }
  }

  /** Waits for whom it has to wait, and for the disk, without blocking. Its tag. */
  async commitAsync(): Promise<string> {
    const { engine, session } = this.#connection;
    await this.#settleDeferred();
    const tx = entered(engine, () => session.precommitBlock());
    if (tx === null) return 'ROLLBACK';
    await entered(engine, () => session.whenDurable(tx));
    return 'COMMIT';
  }

  /** What was put off to the end of the block, before the end: then nothing of it is left that would wait. */
  async #settleDeferred(): Promise<void> {
    const { engine, session } = this.#connection;
    const tx = session.transaction;
    if (tx === null || tx.failed || session.deferral.events.length === 0) return;
    const limit = limitWait(session, tx);
    try {
      await untilDone(engine, tx, () => session.deferral.settle?.(tx));
    } catch (error) {
      if (tx.open && !isLost(error)) entered(engine, () => session.rollbackBlock());
      throw error;
    } finally {
      tx.lockTimeout = limit;
    }
  }

  #warn(code: string, message: string): void {
    this.#connection.notify({ severity: 'WARNING', code, message });
  }

  // ---- definitions: in the block's transaction, or in a block of its own ----

  #define(statement: SourceStatement): UtilityResult {
    const { engine, session, context } = this.#connection;
    const defining = this.#beginDefinition();
    let result: UtilityResult;
    try {
      result = engine.catalog.define(session, defining.tx, statement, context);
    } catch (error) {
      this.#endDefinition(defining, error);
      throw error;
    }
    this.#endDefinition(defining, null);
    if (defining.own) session.commitBlock();
    return result;
  }

  async #defineAsync(statement: SourceStatement): Promise<{ readonly answer: UtilityResult; readonly own: boolean }> {
    const { engine, session, context } = this.#connection;
    const defining = entered(engine, () => this.#beginDefinition());
    const { tx, own } = defining;
    try {
      const answer = await untilDone(engine, tx, () => engine.catalog.define(session, tx, statement, context));
      entered(engine, () => this.#endDefinition(defining, null));
      return { answer, own };
    } catch (error) {
      entered(engine, () => this.#endDefinition(defining, error));
      throw error;
    }
  }

  #beginDefinition(): Defining {
    const { engine, session } = this.#connection;
    session.settlePortals();
    if (session.transaction !== null && session.rules.definitions === 'commit') session.commitBlock();
    const own = session.begin(NO_CHARACTERISTICS, engine.now(), true);
    const tx = session.transaction as Transaction;
    session.startClock();
    const limit = limitWait(session, tx);
    tx.cancelled = () => session.isCancelled();
    return { tx, own, limit };
  }

  /** `error`: what it ended with, null: it is done. */
  #endDefinition({ tx, own, limit }: Defining, error: unknown): void {
    tx.lockTimeout = limit;
    tx.cancelled = null;
    if (error !== null && own && !isLost(error)) this.#connection.session.rollbackBlock();
  }
}

/** The handle is lost: nothing can be taken back. */
const isLost = (error: unknown): boolean => error instanceof SqlError && error.code.startsWith('57P');
