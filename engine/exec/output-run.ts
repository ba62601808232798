/**
 * A prepared statement that writes its rows into a connection's output, in the bytes of a RowFormat (SBLR-R1, R3). One object for a
 * prepared statement or portal and a format; it may begin again and again.
 *
 *   const run = new OutputRun(connection, prepared, format, output);
 *   let state = run.begin(values, rowsMax);                                  a session of its own thread: it may wait
 *   let state = await run.beginAsync(values, rowsMax);                       a session of an event loop
 *
 *   'done'        the statement has ended: run.rows, run.changes, run.tag; what it changed is durable
 *   'full'        the output is past its mark: send it, wait until it is read, then resume(rowsMax) / resumeAsync(rowsMax)
 *   'suspended'   rowsMax rows are written: the portal is suspended; resume() gives the next ones
 *   thrown        output.at is where it was when this call began. SqlErrors have their character position
 *
 * begin(values): JavaScript values, or EncodedValues of a Bind message. rowsMax 0 or left out: no limit. The Async calls return the
 * state itself when nothing had to be waited for, else a promise: `const s = run.beginAsync(...); typeof s === 'string' ? ... :
 * s.then(...)` keeps point reads off the event loop. close() gives up what is left; whoever opens another transaction, or ends one,
 * closes the runs that it does not want any more (a run in a block that the next statement finds open takes the rest of its rows
 * into memory, as a portal must).
 *
 * Where the columns are no longer those of the format: 0A000, 'cached plan must not change result type'.
 */

import type { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import type { RowFormat as WireFormat } from '../../plugins/contract/row-format.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { type RowWriter, rowWriter } from '../../codegen/rows/row-writer.ts';
import type { OpenCursor } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { answered } from './answered.ts';
import type { Connection, Result } from './connection.ts';
import { createParameters } from './parameters.ts';
import { placed, type Prepared } from './prepare.ts';
import { runProgram, STALE, type StatementRun, stepOn } from './run.ts';
import { runProgramAsync } from './run-async.ts';
import type { Shape } from './shape.ts';

export type OutputState = 'done' | 'full' | 'suspended';

export type GivenInput = readonly unknown[] | EncodedValues;

/** Rows that are fetched at a time. */
const ROWS = 256;

export class OutputRun implements OpenCursor {
  readonly #connection: Connection;
  #prepared: Prepared;
  readonly #given: Prepared;
  readonly #format: WireFormat;
  output: RowOutput;
  /** Rows written since it began. */
  rows = 0;
  /** Rows inserted, updated or deleted. */
  changes = 0;
  /** 'SELECT', 'INSERT', 'CREATE TABLE': of the statement that ended. */
  tag = '';
  /** What goes on; null: everything was fetched, or it has not begun. */
  #run: StatementRun | null = null;
  #pending: readonly (readonly RowValue[])[] = [];
  #next = 0;
  #writer: RowWriter | null = null;
  #shape: Shape | null = null;

  constructor(connection: Connection, prepared: Prepared, format: WireFormat, output: RowOutput) {
    this.#connection = connection;
    this.#prepared = prepared;
    this.#given = prepared;
    this.#format = format;
    this.output = output;
  }

  begin(values: GivenInput, rowsMax = 0): OutputState {
    const { engine, session } = this.#connection;
    this.#reset();
    const given = this.#standsFor(values);
    const start = this.output.at;
    try {
      for (;;) {
        const shape = this.#ready();
        if (!shape.isCompiled) return this.#told(this.#connection.run(this.#prepared, [], 'array'), rowsMax);
        const { run, program } = this.#newRun(shape, given);
        if (runProgram(engine, session, program, run, shape.version) === STALE) continue;
        return this.#began(run, shape, rowsMax);
      }
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  beginAsync(values: GivenInput, rowsMax = 0): OutputState | Promise<OutputState> {
    this.#reset();
    return this.#beginAsync(this.#standsFor(values), rowsMax);
  }

  async #beginAsync(values: GivenInput, rowsMax: number): Promise<OutputState> {
    const { engine, session } = this.#connection;
    const start = this.output.at;
    try {
      for (;;) {
        const shape = this.#ready();
        if (!shape.isCompiled) return this.#told(await this.#connection.runAsync(this.#prepared, [], 'array'), rowsMax);
        const { run, program } = this.#newRun(shape, values);
        run.pause = () => performance.now() >= run.pauseAt;
        if ((await runProgramAsync(engine, session, program, run, shape.version)) === STALE) continue;
        return this.#began(run, shape, rowsMax);
      }
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  resume(rowsMax = 0): OutputState {
    const start = this.output.at;
    try {
      return this.#give(rowsMax);
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  async resumeAsync(rowsMax = 0): Promise<OutputState> {
    return this.resume(rowsMax);
  }

  /** There is more to come: it holds something of its session. */
  get isOpen(): boolean {
    return this.#run !== null || this.#next < this.#pending.length;
  }

  /** Gives up the rest. */
  close(): void {
    const run = this.#run;
    this.#reset();
    if (run !== null && run.execution !== null && run.tx.open) this.#connection.dropExecution(run);
    this.#connection.session.cursorClosed(this);
  }

  /** The rest is taken now: another statement of the session begins. */
  settle(): void {
    const rows = this.#pending.slice(this.#next);
    while (this.#run !== null) {
      this.#fetch(this.#run, Number.POSITIVE_INFINITY);
      rows.push(...this.#pending);
    }
    this.#pending = rows;
    this.#next = 0;
  }

  // ---- beginning ----

  /** EXECUTE stands for another statement and its values. What is compiled finds no cursor of its block open. */
  #standsFor(values: GivenInput): GivenInput {
    const executed = this.#given.shape.plan === null ? this.#connection.executed(this.#given) : null;
    this.#prepared = executed?.prepared ?? this.#given;
    if (this.#prepared.shape.plan !== null) this.#connection.session.settleCursors();
    return executed?.values ?? values;
  }

  #reset(): void {
    this.rows = 0;
    this.changes = 0;
    this.tag = '';
    this.#run = null;
    this.#pending = [];
    this.#next = 0;
  }

  #ready(): Shape {
    const shape = this.#connection.refresh(this.#prepared);
    if (shape !== this.#shape) {
      const output = shape.plan === null ? this.#connection.outputOf(this.#prepared) : shape.output;
      if (output.length !== this.#format.columns.length)
        throw new SqlError(SQLSTATE.feature_not_supported, 'cached plan must not change result type');
      this.#writer = rowWriter(
        this.#format,
        output.map(({ type }) => type.name),
      );
      this.#shape = shape.plan === null ? null : shape;
    }
    return shape;
  }

  #newRun(shape: Shape, values: GivenInput) {
    const connection = this.#connection;
    const { engine, session } = connection;
    connection.begin();
    const run = connection.createRun(createParameters(shape.parts.parameters.length));
    connection.bindInput(this.#prepared, shape, values, run.parameters);
    const program = shape.program(engine, session, 'array');
    if (!program.writes) run.rowsMax = ROWS;
    return { run, program };
  }

  #began(run: StatementRun, shape: Shape, rowsMax: number): OutputState {
    this.#take(run);
    this.changes = run.changes;
    this.tag = this.#connection.tagOf(shape);
    if (this.#run !== null) this.#connection.session.cursorOpened(this);
    return this.#give(rowsMax);
  }

  #told(result: Result, rowsMax: number): OutputState {
    this.#pending = result.told?.rows ?? [];
    this.changes = result.changes;
    this.tag = result.tag;
    return this.#give(rowsMax);
  }

  // ---- going on ----

  #take(run: StatementRun): void {
    this.#pending = run.takeRows() as RowValue[][];
    this.#next = 0;
    this.#run = run.execution === null ? null : run;
  }

  #fetch(run: StatementRun, rowsMax: number): void {
    const { engine, session } = this.#connection;
    run.rowsMax = rowsMax;
    engine.active = session;
    stepOn(engine, run);
    this.#take(run);
    if (this.#run === null) session.cursorClosed(this);
  }

  #give(rowsMax: number): OutputState {
    const { output } = this;
    const { context } = this.#connection;
    const writer = this.#writer as RowWriter;
    for (let left = rowsMax > 0 ? rowsMax : Number.POSITIVE_INFINITY; ; left--) {
      // As PostgreSQL has it: who gets as many rows as it asked for is not told whether there are more.
      if (left === 0) return 'suspended';
      while (this.#next >= this.#pending.length) {
        if (this.#run === null) return 'done';
        this.#fetch(this.#run, ROWS);
      }
      if (output.at >= output.mark) return 'full';
      writer(output, this.#pending[this.#next++], context);
      this.rows++;
    }
  }

  #failed(error: unknown, start: number): unknown {
    const { engine, session } = this.#connection;
    this.output.at = start;
    this.#reset();
    session.cursorClosed(this);
    session.failBlock();
    return placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
  }
}
