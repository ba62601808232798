/**
 * Rows one by one: a cursor over a statement that only reads. It reads on in batches while nothing else happens in its session; when
 * another statement runs, it takes what it still wants first, so that what it gives is the state when it began.
 */

import { answered } from '../exec/answered.ts';
import type { Connection } from '../exec/connection.ts';
import { faceRows } from '../exec/faces.ts';
import { createParameters } from '../exec/parameters.ts';
import { placed, type Prepared } from '../exec/prepare.ts';
import { runProgram, STALE, type StatementRun, stepOn } from '../exec/run.ts';
import type { Shape } from '../exec/shape.ts';
import type { RowFormat } from '../plan/program.ts';
import type { OpenCursor } from '../session/session.ts';

/** Rows fetched at a time: few at first, for who only wants some. */
const FIRST_ROWS = 32;
const ROWS = 512;

export class RowIterator<Row> implements IterableIterator<Row>, Disposable, OpenCursor {
  readonly #connection: Connection;
  readonly #prepared: Prepared;
  readonly #values: unknown[];
  readonly #format: RowFormat;
  #run: StatementRun | null = null;
  #shape: Shape | null = null;
  #rows: unknown[] = [];
  #next = 0;
  #begun = false;

  constructor(connection: Connection, prepared: Prepared, values: unknown[], format: RowFormat) {
    this.#connection = connection;
    this.#prepared = prepared;
    this.#values = values;
    this.#format = format;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Row> {
    if (!this.#begun) this.#begin();
    if (this.#next >= this.#rows.length) {
      if (this.#run === null) return { done: true, value: undefined };
      this.#fetch(ROWS);
      if (this.#rows.length === 0) return this.next();
    }
    return { done: false, value: this.#rows[this.#next++] as Row };
  }

  return(): IteratorResult<Row> {
    this.#close();
    this.#rows = [];
    this.#begun = true;
    return { done: true, value: undefined };
  }

  [Symbol.dispose](): void {
    this.return();
  }

  #begin(): void {
    this.#begun = true;
    const connection = this.#connection;
    const { engine, session } = connection;
    session.settleCursors();
    for (;;) {
      const shape = connection.refresh(this.#prepared);
      const isQuery = shape.isCompiled && shape.plan?.kind === 'query';
      if (!isQuery) {
        this.#rows = connection.run(this.#prepared, this.#values, this.#format).rows;
        return;
      }
      const program = shape.program(engine, session, this.#format);
      if (program.writes) {
        this.#rows = connection.run(this.#prepared, this.#values, this.#format).rows;
        return;
      }
      try {
        connection.begin();
        const run = connection.createRun(createParameters(shape.parts.parameters.length));
        connection.bind(this.#prepared, shape, this.#values, run.parameters);
        run.rowsMax = FIRST_ROWS;
        if (runProgram(engine, session, program, run, shape.version) === STALE) continue;
        this.#shape = shape;
        this.#take(run);
        if (run.execution === null) return;
        this.#run = run;
        session.cursorOpened(this);
        return;
      } catch (error) {
        session.failBlock();
        throw placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
      }
    }
  }

  #take(run: StatementRun): void {
    const connection = this.#connection;
    const rows = run.takeRows();
    const faces = (this.#shape as Shape).faces(connection.engine, this.#format);
    if (faces !== null) faceRows(rows, 0, faces, this.#format === 'object', connection.context);
    if (this.#next >= this.#rows.length) {
      this.#rows = rows;
      this.#next = 0;
    } else for (const row of rows) this.#rows.push(row);
  }

  #fetch(rowsMax: number): void {
    const run = this.#run as StatementRun;
    const { engine, session } = this.#connection;
    run.rowsMax = rowsMax;
    try {
      stepOn(engine, run);
    } catch (error) {
      this.#run = null;
      session.cursorClosed(this);
      session.failBlock();
      throw placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
    }
    this.#take(run);
    if (run.execution !== null) return;
    this.#run = null;
    session.cursorClosed(this);
  }

  /** Another statement is about to run: the rest is taken now. */
  settle(): void {
    while (this.#run !== null) this.#fetch(Number.POSITIVE_INFINITY);
  }

  #close(): void {
    const run = this.#run;
    this.#run = null;
    this.#connection.session.cursorClosed(this);
    if (run !== null && run.execution !== null) this.#connection.dropExecution(run);
  }
}
