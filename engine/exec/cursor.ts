/**
 * A cursor over a statement that only reads: rows in batches, as they are asked for; what it gives is the state when it began.
 *
 *   outside a block   a portal: a transaction of its own with its own snapshot and its own use of the tables (TX-T14). Whatever its
 *                     session does meanwhile, it reads on where it was (SBLR-E3), and holds one batch
 *   in a block        it reads in the block's transaction, whose next statement takes another snapshot: before that it takes the rest
 *
 * DDL of its own session cannot wait for it, nor can a statement that waits for somebody else's DDL: both make it take the rest, too.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { EmbeddedFormat } from '../plan/program.ts';
import type { OpenPortal } from '../session/session.ts';
import type { Transaction } from '../txn/transactions.ts';
import { answered } from './answered.ts';
import type { Connection } from './connection.ts';
import { faceRows } from './faces.ts';
import { createParameters } from './parameters.ts';
import { placed, type Prepared } from './prepare.ts';
import { entered, runPortal, runProgram, STALE, type StatementRun, stepOn } from './run.ts';
import type { Shape } from './shape.ts';

/** Rows fetched at a time: few at first, for who only wants some. */
const FIRST_ROWS = 32;
const ROWS = 512;
/** Milliseconds that a portal waits for DDL before it looks whether its session was cancelled. */
const PORTAL_WAIT = 100;

export class Cursor implements OpenPortal {
  readonly #connection: Connection;
  readonly #prepared: Prepared;
  readonly #values: readonly unknown[];
  readonly #format: EmbeddedFormat;
  /** Rows stay RowValues. */
  readonly #isRaw: boolean;
  #shape: Shape | null = null;
  /** What goes on; null: everything was taken, or it has not begun. */
  #run: StatementRun | null = null;
  #portal: Transaction | null = null;
  #rows: unknown[] = [];
  #next = 0;
  #isBegun = false;

  constructor(connection: Connection, prepared: Prepared, values: readonly unknown[], format: EmbeddedFormat, isRaw = false) {
    this.#connection = connection;
    this.#prepared = prepared;
    this.#values = values;
    this.#format = format;
    this.#isRaw = isRaw;
  }

  /** True when there is a next row: take() gives it. */
  advance(): boolean {
    if (!this.#isBegun) this.#begin();
    while (this.#next >= this.#rows.length) {
      if (this.#run === null) return false;
      this.#fetch(ROWS);
    }
    return true;
  }

  /** It holds something of its session: there is more to fetch. */
  get isOpen(): boolean {
    return this.#run !== null;
  }

  take(): unknown {
    return this.#rows[this.#next++];
  }

  /** Nobody wants more. */
  close(): void {
    this.#isBegun = true;
    this.#rows = [];
    this.#next = 0;
    const run = this.#run;
    this.#run = null;
    if (run !== null && run.execution !== null && run.tx.open) this.#connection.dropExecution(run);
    this.#end();
  }

  /** The rest is taken now. */
  settle(): void {
    while (this.#run !== null) this.#fetch(Number.POSITIVE_INFINITY);
  }

  // ---- beginning ----

  #begin(): void {
    this.#isBegun = true;
    const connection = this.#connection;
    const { engine, session } = connection;
    session.settleCursors();
    const shape = connection.refresh(this.#prepared);
    const isQuery = shape.isCompiled && shape.plan?.kind === 'query';
    if (!isQuery || shape.program(engine, session, this.#format).writes) {
      this.#rows = connection.run(this.#prepared, this.#values, this.#format).rows;
      return;
    }
    try {
      connection.begin();
      if (session.transaction === null) this.#beginPortal();
      else this.#beginInBlock();
    } catch (error) {
      this.#run = null;
      this.#end();
      throw this.#failed(error);
    }
  }

  #beginInBlock(): void {
    const { engine, session } = this.#connection;
    for (;;) {
      const { shape, run } = this.#newRun();
      if (runProgram(engine, session, shape.program(engine, session, this.#format), run, shape.version) === STALE) continue;
      this.#began(shape, run);
      if (this.#run !== null) session.cursorOpened(this);
      return;
    }
  }

  #beginPortal(): void {
    const { engine, session } = this.#connection;
    const { lockTimeout } = session.settings;
    const limit = lockTimeout < 0 ? Number.POSITIVE_INFINITY : performance.now() + lockTimeout;
    for (;;) {
      const { shape, run } = this.#newRun();
      const before = performance.now();
      const portal = entered(engine, () => session.openPortal(Math.min(PORTAL_WAIT, Math.max(0, Math.ceil(limit - before)))));
      this.#portal = portal;
      try {
        const program = shape.program(engine, session, this.#format);
        if (runPortal(engine, session, portal, program, run, shape.version) !== STALE) {
          this.#began(shape, run);
          if (this.#run === null) this.#end();
          else session.portals.add(this);
          return;
        }
      } catch (error) {
        if (!this.#mayWaitOn(error, before, limit)) throw error;
      }
      this.#end();
    }
  }

  /** Somebody's DDL is in the way, and there is time. What fails at once would fail again. */
  #mayWaitOn(error: unknown, before: number, limit: number): boolean {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.lock_not_available) return false;
    const now = performance.now();
    return now < limit && now - before >= PORTAL_WAIT / 2 && !this.#connection.session.isCancelled();
  }

  #newRun(): { shape: Shape; run: StatementRun } {
    const connection = this.#connection;
    const shape = connection.refresh(this.#prepared);
    const run = connection.createRun(createParameters(shape.parts.parameters.length));
    connection.bind(this.#prepared, shape, this.#values, run.parameters);
    run.rowsMax = FIRST_ROWS;
    return { shape, run };
  }

  #began(shape: Shape, run: StatementRun): void {
    this.#shape = shape;
    this.#take(run);
    if (run.execution !== null) this.#run = run;
  }

  // ---- going on ----

  #fetch(rowsMax: number): void {
    const run = this.#run as StatementRun;
    const { engine, session } = this.#connection;
    run.rowsMax = rowsMax;
    engine.active = session;
    try {
      stepOn(engine, run);
    } catch (error) {
      this.#run = null;
      this.#end();
      throw this.#failed(error);
    }
    this.#take(run);
    if (run.execution !== null) return;
    this.#run = null;
    this.#end();
  }

  #take(run: StatementRun): void {
    const connection = this.#connection;
    const rows = run.takeRows();
    const faces = this.#isRaw ? null : (this.#shape as Shape).faces(connection.engine, this.#format);
    if (faces !== null) faceRows(rows, 0, faces, this.#format === 'object', connection.context);
    if (this.#next >= this.#rows.length) {
      this.#rows = rows;
      this.#next = 0;
    } else for (const row of rows) this.#rows.push(row);
  }

  /** It reads no more: what it held of the session goes. */
  #end(): void {
    const { engine, session } = this.#connection;
    session.cursorClosed(this);
    session.portals.delete(this);
    const portal = this.#portal;
    this.#portal = null;
    if (portal !== null && session.isOpen) entered(engine, () => session.closePortal(portal));
  }

  #failed(error: unknown): unknown {
    const { engine, session } = this.#connection;
    session.failBlock();
    return placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
  }
}
