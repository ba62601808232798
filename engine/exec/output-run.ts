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
 *
 * Hot: a point query binds its values, runs as one function and allocates nothing.
 */

import type { RowOutput } from '../../plugins/contract/output.ts';
import type { RowFormat as WireFormat } from '../../plugins/contract/row-format.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { type BytesFormat, type Program, RUN_PAUSED } from '../plan/program.ts';
import type { OpenCursor, Session } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { zoneOf } from '../values/time-zone.ts';
import { answered } from './answered.ts';
import type { Connection, GivenInput, Result } from './connection.ts';
import { mayRunDirect, NOT_DONE, runDirect } from './direct.ts';
import { createParameters } from './parameters.ts';
import { placed, type Prepared, prepareNext } from './prepare.ts';
import { entered, type Outcome, runProgram, STALE, type StatementRun, stepOn } from './run.ts';
import { pauseAfterSlice, runProgramAsync } from './run-async.ts';
import type { Shape } from './shape.ts';
import { type BlockEnds, blockEnds } from './utility-statements.ts';
import { RowsOfValues, WaitingRows } from './waiting-rows.ts';

export type OutputState = 'done' | 'full' | 'suspended';

const ALL = Number.POSITIVE_INFINITY;
const limitOf = (rowsMax: number): number => (rowsMax > 0 ? rowsMax : ALL);

/** How the session's settings have values written. */
function bytesFormat(format: WireFormat, { settings }: Session): BytesFormat {
  return {
    format,
    isIso: settings.get('datestyle').startsWith('ISO'),
    isHex: settings.get('bytea_output') === 'hex',
    zone: zoneOf(settings.get('timezone')),
  };
}

export class OutputRun implements OpenCursor {
  readonly #connection: Connection;
  #prepared: Prepared;
  /** What was given; the statement that runs is another one behind EXECUTE. */
  #given: Prepared;
  readonly #format: WireFormat;
  output: RowOutput;
  /** Rows written since it began. */
  rows = 0;
  /** Rows inserted, updated or deleted. */
  changes = 0;
  /** 'SELECT', 'INSERT', 'CREATE TABLE': of the statement that ended. */
  tag = '';
  /** Used by each begin() for as long as the statement is the same. */
  #shape: Shape | null = null;
  #version = 0;
  #program: Program | null = null;
  #run: StatementRun | null = null;
  #hasLiterals = false;
  /** BEGIN or COMMIT, which take the short way. */
  #ends: BlockEnds | null = null;
  /** The run goes on. */
  #goesOn = false;
  /** Rows that are there already: taken before another statement began, or given as values. */
  #waiting: WaitingRows | RowsOfValues | null = null;

  constructor(connection: Connection, prepared: Prepared, format: WireFormat, output: RowOutput) {
    this.#connection = connection;
    this.#prepared = prepared;
    this.#given = prepared;
    this.#format = format;
    this.output = output;
  }

  /** It runs the same statement with other literals from now on. */
  renew(prepared: Prepared): void {
    this.#given = prepared;
    this.#prepared = prepared;
    this.#hasLiterals = false;
  }

  begin(values: GivenInput, rowsMax = 0): OutputState {
    const { engine, session } = this.#connection;
    const start = this.#opening();
    const given = this.#standsFor(values);
    try {
      for (;;) {
        const program = this.#ready();
        if (program === null || this.#isKept(program, rowsMax))
          return this.#told(this.#connection.run(this.#prepared, given, 'array', false), rowsMax);
        const run = this.#bound(given, rowsMax);
        if (this.#runsDirect(program, run)) return this.#gave(run);
        run.pause = null;
        if (runProgram(engine, session, program, run, this.#version) !== STALE) return this.#gave(run);
      }
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  beginAsync(values: GivenInput, rowsMax = 0): OutputState | Promise<OutputState> {
    const { engine, session } = this.#connection;
    const start = this.#opening();
    const given = this.#standsFor(values);
    try {
      const program = this.#ready();
      // What was put off to the end may have to wait for others.
      if (this.#ends !== null && session.deferral.events.length === 0) return this.#end(this.#ends);
      if (program === null || this.#isKept(program, rowsMax)) return this.#toldAsync(given, rowsMax, start);
      const run = this.#bound(given, rowsMax);
      if (this.#runsDirect(program, run)) return this.#gave(run);
      pauseAfterSlice(run);
      const outcome = runProgramAsync(engine, session, program, run, this.#version);
      if (outcome instanceof Promise) return this.#ended(outcome, values, run, rowsMax, start);
      return outcome === STALE ? this.beginAsync(values, rowsMax) : this.#gave(run);
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  async #ended(outcome: Promise<Outcome>, values: GivenInput, run: StatementRun, rowsMax: number, start: number) {
    try {
      if ((await outcome) !== STALE) return this.#gave(run);
    } catch (error) {
      throw this.#failed(error, start);
    }
    return this.beginAsync(values, rowsMax);
  }

  resume(rowsMax = 0): OutputState {
    const start = this.output.at;
    try {
      if (this.#waiting !== null) return this.#give(limitOf(rowsMax));
      if (!this.#goesOn) return 'done';
      const run = this.#goingOn(rowsMax);
      run.pause = null;
      this.#step(run);
      return this.#gave(run);
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  resumeAsync(rowsMax = 0): OutputState | Promise<OutputState> {
    if (this.#waiting !== null || !this.#goesOn) return this.resume(rowsMax);
    const start = this.output.at;
    try {
      const run = this.#goingOn(rowsMax);
      pauseAfterSlice(run);
      if (this.#step(run) === RUN_PAUSED) return this.#untilUnpaused(run, rowsMax, start);
      return this.#gave(run);
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  async #untilUnpaused(run: StatementRun, rowsMax: number, start: number): Promise<OutputState> {
    try {
      for (;;) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        // Closed meanwhile, or settled by another statement.
        if (!this.#goesOn) return this.resume(rowsMax);
        pauseAfterSlice(run);
        if (this.#step(run) !== RUN_PAUSED) return this.#gave(run);
      }
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  /** There is more to come: it holds something of its session. */
  get isOpen(): boolean {
    return this.#goesOn || this.#waiting !== null;
  }

  /** Gives up the rest. */
  close(): void {
    if (!this.isOpen) return;
    const run = this.#run;
    const goesOn = this.#goesOn;
    this.#goesOn = false;
    this.#waiting = null;
    if (goesOn && run !== null && run.execution !== null && run.tx.open) this.#connection.dropExecution(run);
    this.#connection.session.cursorClosed(this);
  }

  /** The rest is taken now: another statement of the session begins. */
  settle(): void {
    if (!this.#goesOn) return;
    const run = this.#run as StatementRun;
    const waiting = new WaitingRows();
    run.pause = null;
    run.output = waiting.memory;
    run.rowsMax = 1;
    while (this.#goesOn) {
      run.written = 0;
      this.#step(run);
      waiting.took(run.written ?? 0);
      this.#goesOn = run.execution !== null;
    }
    this.#connection.session.cursorClosed(this);
    this.changes = run.changes;
    this.tag = this.#connection.tagOf(this.#shape as Shape);
    this.#waiting = waiting;
  }

  // ---- beginning ----

  /** The statement that runs, and its values: EXECUTE stands for another one. What is compiled finds no cursor of its block open. */
  #standsFor(values: GivenInput): GivenInput {
    const connection = this.#connection;
    if (this.#given.scope !== connection.session.scope) this.#prepareAgain();
    const executed = this.#given.shape.plan === null ? connection.executed(this.#given) : null;
    const prepared = executed?.prepared ?? this.#given;
    if (prepared !== this.#prepared) {
      this.#prepared = prepared;
      this.#shape = null;
    }
    if (prepared.shape.plan !== null) connection.session.settleCursors();
    return executed?.values ?? values;
  }

  /** Returns where the output is. */
  #opening(): number {
    this.close();
    this.rows = 0;
    this.changes = 0;
    this.tag = '';
    return this.output.at;
  }

  /** The program as the catalog and the session's settings are now; null: a statement that is not compiled. */
  #ready(): Program | null {
    const connection = this.#connection;
    const { engine, session } = connection;
    const shape = connection.refresh(this.#prepared);
    if (shape === this.#shape && shape.version === this.#version) return this.#program;
    const output = shape.plan === null ? connection.outputOf(this.#prepared) : shape.output;
    if (output.length !== this.#format.columns.length)
      throw new SqlError(SQLSTATE.feature_not_supported, 'cached plan must not change result type');
    this.#shape = shape;
    this.#version = shape.version;
    this.#run = null;
    this.#hasLiterals = false;
    this.#program = shape.isCompiled ? shape.program(engine, session, bytesFormat(this.#format, session)) : null;
    this.#ends = session.holdsAnswers ? blockEnds(shape) : null;
    return this.#program;
  }

  /** Answers are held back until what they rest on is on disk: a commit has its outcome at once. */
  #end(ends: BlockEnds): OutputState {
    this.tag = this.#connection.runEnds(this.#prepared, ends);
    return 'done';
  }

  /** The settings that say what it means are others now. */
  #prepareAgain(): void {
    const { engine, session } = this.#connection;
    const { text, start, types } = this.#given;
    const { prepared } = entered(engine, () => prepareNext(engine, session, text, start, types));
    if (prepared !== null) this.#given = prepared;
  }

  /** Rows of a change wait until it is done: they are kept where not all are asked for at once. */
  #isKept(program: Program, rowsMax: number): boolean {
    return program.writes && rowsMax > 0 && program.output.length > 0;
  }

  #bound(values: GivenInput, rowsMax: number): StatementRun {
    const connection = this.#connection;
    const shape = this.#shape as Shape;
    connection.begin();
    this.#run ??= connection.createRun(createParameters(shape.parts.parameters.length));
    const run = this.#run;
    if (!this.#hasLiterals) connection.bindLiterals(this.#prepared, shape, run.parameters);
    this.#hasLiterals = true;
    connection.bindInput(this.#prepared, shape, values, run.parameters);
    run.output = this.output;
    run.outputStart = this.output.at;
    run.written = 0;
    run.rowsMax = limitOf(rowsMax);
    return run;
  }

  /** True: it has run as one function. */
  #runsDirect(program: Program, run: StatementRun): boolean {
    const { engine, session } = this.#connection;
    if (program.direct === null || !mayRunDirect(session, program)) return false;
    const row = runDirect(engine, session, program, run, this.#version);
    if (row === NOT_DONE) return false;
    run.execution = null;
    run.written = row === undefined ? 0 : 1;
    return true;
  }

  // ---- giving rows ----

  /** The run, about to write as many rows. */
  #goingOn(rowsMax: number): StatementRun {
    const run = this.#run as StatementRun;
    run.output = this.output;
    run.written = 0;
    run.rowsMax = limitOf(rowsMax);
    return run;
  }

  #step(run: StatementRun): number {
    const { engine, session } = this.#connection;
    engine.active = session;
    return stepOn(engine, run);
  }

  /** What it means for the caller that a run has stopped. */
  #gave(run: StatementRun): OutputState {
    const written = run.written ?? 0;
    const { session } = this.#connection;
    this.rows += written;
    const goesOn = run.execution !== null;
    if (goesOn !== this.#goesOn) {
      this.#goesOn = goesOn;
      if (goesOn) session.cursorOpened(this);
      else session.cursorClosed(this);
    }
    if (!goesOn) {
      this.changes = run.changes;
      this.tag = this.#connection.tagOf(this.#shape as Shape);
    }
    // As PostgreSQL has it: who gets as many rows as it asked for is not told whether there are more.
    if (written >= run.rowsMax) return 'suspended';
    return goesOn ? 'full' : 'done';
  }

  #told(result: Result, rowsMax: number): OutputState {
    const output = result.told?.output ?? (this.#shape as Shape).output;
    const types = output.map(({ type }) => type.name);
    const rows = result.told?.rows ?? (result.rows as RowValue[][]);
    this.changes = result.changes;
    this.tag = result.tag;
    if (rows.length === 0) return 'done';
    this.#waiting = new RowsOfValues(this.#format, types, rows, this.#connection.context);
    return this.#give(limitOf(rowsMax));
  }

  async #toldAsync(values: GivenInput, rowsMax: number, start: number): Promise<OutputState> {
    try {
      return this.#told(await this.#connection.runAsync(this.#prepared, values, 'array', false), rowsMax);
    } catch (error) {
      throw this.#failed(error, start);
    }
  }

  #give(rowsMax: number): OutputState {
    const { output } = this;
    const waiting = this.#waiting as WaitingRows | RowsOfValues;
    for (let left = rowsMax; ; left--) {
      if (left === 0) return 'suspended';
      if (!waiting.hasNext) {
        this.#waiting = null;
        return 'done';
      }
      if (output.at >= output.mark) return 'full';
      waiting.give(output);
      this.rows++;
    }
  }

  #failed(error: unknown, start: number): unknown {
    const { engine, session } = this.#connection;
    this.output.at = start;
    this.#goesOn = false;
    this.#waiting = null;
    this.#run = null;
    this.#hasLiterals = false;
    session.cursorClosed(this);
    session.failBlock();
    return placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
  }
}
