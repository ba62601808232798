/**
 * A session with what it needs to run text: the face of exec for the entries. Of one thread.
 *
 *   prepare(text) -> Prepared -> run(prepared, values, format) -> rows, changes
 *   script(text): statement by statement, in one implicit block (dialects.md C2: batch)
 */

import { EncodedValues } from '../../plugins/contract/encoded-values.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import { SqlError, SQLSTATE, withoutOverflow, withPosition } from '../../shm/errors.ts';
import type { EmbeddedFormat, Execution, Parameters, Program } from '../plan/program.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import { NO_CHARACTERISTICS, type Session } from '../session/session.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { Transaction } from '../txn/transactions.ts';
import { dialectFor } from './dialect-for.ts';
import { Analysis } from './analyze.ts';
import { answered, hinted, isTold } from './answered.ts';
import { SessionContext } from './context.ts';
import { copied } from './copy-files.ts';
import type { SourceCopy } from './copy-options.ts';
import { decodeParameters } from './encoded-parameters.ts';
import type { Engine, Notice, UtilityResult } from './engine.ts';
import { faceRows, rowFaces } from './faces.ts';
import { valuesOf } from './given.ts';
import { writeParameter } from './parameter-slots.ts';
import { createParameters, unreadable } from './parameters.ts';
import { type ParameterTypes, parseSettings } from './make-shape.ts';
import { type NextStatement, placed, type Prepared, prepareNext, prepareOne, prepareOneOrNone, refresh } from './prepare.ts';
import { callOf, runCall, runCallAsync } from './procedures.ts';
import { dropExecution, entered, runProgram, STALE, type StatementRun } from './run.ts';
import { runProgramAsync } from './run-async.ts';
import { isSessionStatement, SessionStatements } from './session-statements.ts';
import type { Shape } from './shape.ts';
import { type BlockEnds, sourceOf, UtilityStatements } from './utility-statements.ts';

/** What a statement answers. */
export interface Result {
  readonly rows: unknown[];
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** Names of the columns; empty: it answers no rows. */
  readonly columns: readonly string[];
  /** 'SELECT', 'INSERT', 'CREATE TABLE'. */
  readonly tag: string;
  /** Of a statement that is not compiled: its rows as the engine has them. */
  readonly told?: { readonly rows: readonly (readonly RowValue[])[]; readonly output: readonly OutputColumn[] };
}

/** What EXECUTE stands for. */
export interface Executed {
  readonly prepared: Prepared;
  readonly values: readonly unknown[];
}

/** Values of parameters as a program or as a message gives them. */
export type GivenInput = readonly unknown[] | EncodedValues;

const TAGS = { query: 'SELECT', insert: 'INSERT', update: 'UPDATE', delete: 'DELETE', merge: 'MERGE' } as const;

export class Connection {
  readonly engine: Engine;
  readonly session: Session;
  readonly context: SessionContext;
  /** What the session has given names to. */
  readonly statements: SessionStatements;
  /** Statements that are not compiled. */
  readonly utility: UtilityStatements;
  /** Told of notices and warnings. */
  onNotice: ((notice: Notice) => void) | null = null;
  /** Calls of procedures under way. */
  calls = 0;

  constructor(engine: Engine, session: Session) {
    this.engine = engine;
    this.session = session;
    this.context = new SessionContext(engine, session);
    this.statements = new SessionStatements(this);
    this.utility = new UtilityStatements(this);
    session.maySet = (name, value) => engine.catalog.checkMaySet(session, name, value);
  }

  // ---- preparing ----

  /** Prepares one statement. In a block an error fails the block. */
  prepare(text: string): Prepared {
    this.#checkBlock(text);
    try {
      return entered(this.engine, () => prepareOne(this.engine, this.session, text));
    } catch (error) {
      this.session.failBlock();
      throw hinted(withoutOverflow(error), text);
    }
  }

  /** The same with types that the client gives some parameters; null for a text without a statement. */
  prepareTyped(text: string, types: ParameterTypes | undefined): Prepared | null {
    this.#checkBlock(text);
    try {
      return entered(this.engine, () => prepareOneOrNone(this.engine, this.session, text, types));
    } catch (error) {
      this.session.failBlock();
      throw withoutOverflow(error);
    }
  }

  /** The statement of a text that begins at or behind `from`. */
  prepareNext(text: string, from: number): NextStatement {
    this.#checkBlock(from === 0 ? text : text.slice(from, from + 40));
    try {
      return entered(this.engine, () => prepareNext(this.engine, this.session, text, from));
    } catch (error) {
      this.session.failBlock();
      throw withoutOverflow(error);
    }
  }

  /** A failed block takes nothing but its end; the end is prepared as ever. */
  #checkBlock(text: string): void {
    if (!/^\s*(rollback|commit|abort|end)\b/i.test(text)) this.refuseInFailed();
  }

  /** 25P02 in a block that has failed. */
  refuseInFailed(): void {
    if (this.session.status !== 'failed') return;
    throw new SqlError(
      SQLSTATE.in_failed_sql_transaction,
      'current transaction is aborted, commands ignored until end of transaction block',
    );
  }

  /** The statement as the catalog is now. Inside or outside the engine. */
  refresh(prepared: Prepared): Shape {
    const { shape } = prepared;
    if (shape.version === this.engine.catalog.version(this.session)) return shape;
    return entered(this.engine, () => refresh(this.engine, this.session, prepared));
  }

  // ---- parameters ----

  /** Writes a program's values and the literals of the text into the slots of the statement. 08P01 when their number is wrong. */
  bind(prepared: Prepared, shape: Shape, given: readonly unknown[], to: Parameters): void {
    this.bindLiterals(prepared, shape, to);
    this.bindGiven(prepared, shape, given, to);
  }

  /** The literals of the text: for slots that are used again and again, once. */
  bindLiterals(prepared: Prepared, { parts, writers }: Shape, to: Parameters): void {
    const { literals } = prepared;
    const { clientParameters } = parts;
    let index = 0;
    try {
      for (; index < literals.length; index++) {
        writeParameter(writers, to, clientParameters + index, literals[index].value, this.context);
      }
    } catch (error) {
      throw this.#atLiteral(prepared, index, error);
    }
  }

  /** A literal that its type does not read, at its place: that of its token, as the binder's errors have it. */
  #atLiteral({ own }: Prepared, literal: number, error: unknown): unknown {
    if (!(error instanceof SqlError) || error.position !== undefined) return error;
    const { engine, session } = this;
    return withPosition(error, dialectFor(engine, session).literalOrdinals(own, parseSettings(session))[literal]);
  }

  /** The rest: a program's values, and what literals mean now. Hot. */
  bindGiven(prepared: Prepared, shape: Shape, given: readonly unknown[], to: Parameters): void {
    const { writers } = shape;
    const { clientParameters } = shape.parts;
    let index = -1;
    try {
      const values = valuesOf(shape.parts, given);
      for (index = 0; index < clientParameters; index++) writeParameter(writers, to, index, values[index], this.context);
    } catch (error) {
      throw unreadable(index < 0 ? 'what is given for the parameters' : `parameter $${index + 1}`, error);
    }
    this.#bindLate(prepared, shape, to);
  }

  #bindLate({ literals }: Prepared, { writers, lateLiterals, parts: { clientParameters } }: Shape, to: Parameters): void {
    for (let at = 0; at < lateLiterals.length; at++) {
      const late = lateLiterals[at];
      writeParameter(writers, to, late, literals[late - clientParameters].value, this.context);
    }
  }

  /** bind() of values as a program or as a message gives them. */
  bindInput(prepared: Prepared, shape: Shape, given: GivenInput, to: Parameters): void {
    if (!(given instanceof EncodedValues)) return this.bind(prepared, shape, given, to);
    this.bindLiterals(prepared, shape, to);
    decodeParameters(shape.parts, given, to, this.context);
    this.#bindLate(prepared, shape, to);
  }

  createRun(parameters: Parameters): StatementRun {
    return new OneRun(this, parameters);
  }

  /** Gives up a run that was full. */
  dropExecution(run: StatementRun): void {
    dropExecution(this.engine, run);
  }

  // ---- running ----

  /** A statement begins: its times are not drawn, its clock runs. */
  begin(): void {
    this.context.begin();
    this.session.startClock();
  }

  /** BEGIN or COMMIT, the short way (UtilityStatements). Its tag. */
  runEnds(prepared: Prepared, kind: BlockEnds): string {
    try {
      return this.utility.runEnds(kind);
    } catch (error) {
      throw this.#failed(prepared, error);
    }
  }

  /** Runs a prepared statement to its end. `faced` false: rows are of RowValues. */
  run(prepared: Prepared, given: GivenInput, format: EmbeddedFormat, faced = true): Result {
    const { engine, session } = this;
    const own = prepared.shape.plan === null ? this.#ownStatement(prepared, format) : null;
    if (own !== null) return 'values' in own ? this.run(own.prepared, own.values, format, faced) : own;
    session.settleCursors();
    try {
      for (;;) {
        const shape = this.refresh(prepared);
        if (!shape.isCompiled) {
          if (callOf(shape) !== null) return runCall(this, shape, given, format);
          const result = shape.isAnalyze ? this.#analyze(prepared, shape, given, format) : this.utility.run(shape, format);
          if (result === null) continue;
          return result;
        }
        this.begin();
        const run = this.createRun(createParameters(shape.parts.parameters.length));
        this.bindInput(prepared, shape, given, run.parameters);
        const program = shape.program(engine, session, format);
        if (runProgram(engine, session, program, run, shape.version) === STALE) continue;
        return this.#answer(shape, program, run, format, faced);
      }
    } catch (error) {
      throw this.#failed(prepared, error);
    }
  }

  /** The same on an event loop: waits for rows and for the disk without blocking. */
  async runAsync(prepared: Prepared, given: GivenInput, format: EmbeddedFormat, faced = true): Promise<Result> {
    const { engine, session } = this;
    const own = prepared.shape.plan === null ? this.#ownStatement(prepared, format) : null;
    if (own !== null) return 'values' in own ? this.runAsync(own.prepared, own.values, format, faced) : own;
    session.settleCursors();
    try {
      for (;;) {
        const shape = this.refresh(prepared);
        if (!shape.isCompiled) {
          if (callOf(shape) !== null) return await runCallAsync(this, shape, given, format);
          const result = shape.isAnalyze
            ? await this.#analyzeAsync(prepared, shape, given, format)
            : await this.utility.runAsync(shape, format);
          if (result === null) continue;
          return result;
        }
        this.begin();
        const run = this.createRun(createParameters(shape.parts.parameters.length));
        this.bindInput(prepared, shape, given, run.parameters);
        const program = shape.program(engine, session, format);
        run.pause = () => performance.now() >= run.pauseAt;
        if ((await runProgramAsync(engine, session, program, run, shape.version)) === STALE) continue;
        return this.#answer(shape, program, run, format, faced);
      }
    } catch (error) {
      throw this.#failed(prepared, error);
    }
  }

  /** The COPY that a statement is; null: another one. */
  copyOf({ shape }: Prepared): SourceCopy | null {
    if (shape.parts.kind !== 'utility') return null;
    const statement = sourceOf(shape);
    return statement.op === 'copy' ? statement : null;
  }

  /** What EXECUTE stands for; itself and no values for every other statement. 26000. */
  executed(prepared: Prepared): Executed | null {
    const { shape } = prepared;
    if (shape.parts.kind !== 'utility') return null;
    const statement = sourceOf(shape);
    if (statement.op !== 'execute') return null;
    try {
      return this.statements.executed(statement);
    } catch (error) {
      throw this.#failed(prepared, error);
    }
  }

  /** Columns of what a statement answers, as of now. */
  outputOf(prepared: Prepared): readonly OutputColumn[] {
    const shape = this.refresh(prepared);
    if (shape.parts.kind !== 'utility') return shape.output;
    const statement = sourceOf(shape);
    if (statement.op === 'execute') return this.outputOf(this.statements.statement(statement.name).prepared);
    return this.statements.output(statement) ?? shape.output;
  }

  /** A statement about names of the session, or what EXECUTE stands for; null: another one. It leaves open cursors where they are. */
  #ownStatement(prepared: Prepared, format: EmbeddedFormat): Result | Executed | null {
    const { shape } = prepared;
    if (shape.parts.kind !== 'utility') return null;
    const statement = sourceOf(shape);
    if (statement.op === 'execute') return this.executed(prepared);
    if (statement.op === 'copy') return copied(this, prepared, statement);
    if (!isSessionStatement(statement)) return null;
    try {
      return this.told(shape, format, this.statements.run(statement));
    } catch (error) {
      throw this.#failed(prepared, error);
    }
  }

  #answer(shape: Shape, program: Program, run: StatementRun, format: EmbeddedFormat, faced: boolean): Result {
    const faces = faced ? shape.faces(this.engine, format) : null;
    if (faces !== null) faceRows(run.rows, 0, faces, format === 'object', this.context);
    return { rows: run.rows, changes: run.changes, columns: program.output.map(({ name }) => name), tag: this.tagOf(shape) };
  }

  /** 'SELECT', 'INSERT': of a compiled statement. */
  tagOf(shape: Shape): string {
    const plan = shape.plan as NonNullable<typeof shape.plan>;
    return TAGS[plan.kind === 'spread' ? plan.command : plan.kind];
  }

  /** Errors of a statement fail its block; their position becomes one of the text. */
  #failed(prepared: Prepared, error: unknown): unknown {
    this.session.failBlock();
    return placed(this.engine, this.session, prepared, answered(this.session, prepared.shape, error));
  }

  /** All statements of a text, one after the other; outside a block they are one (dialects.md C2). */
  script(text: string): Result | null {
    const { session, engine } = this;
    let last: Result | null = null;
    let from = 0;
    try {
      while (from < text.length) {
        this.#checkBlock(text.slice(from, from + 40));
        const { prepared, end } = entered(engine, () => prepareNext(engine, session, text, from));
        const isLast = end >= text.length || /^[\s;]*$/.test(text.slice(end));
        if (prepared !== null) {
          if (!(isLast && session.transaction === null))
            entered(engine, () => session.begin(NO_CHARACTERISTICS, engine.now(), true));
          last = this.run(prepared, [], 'object');
        }
        from = end;
      }
      if (session.isImplicit) entered(engine, () => session.commitBlock());
    } catch (error) {
      if (session.isImplicit) entered(engine, () => session.rollbackBlock());
      else session.failBlock();
      throw hinted(withoutOverflow(error), text);
    }
    return last;
  }

  /** EXPLAIN ANALYZE. Null: the catalog has moved on, nothing was done. */
  #analyze(prepared: Prepared, shape: Shape, given: GivenInput, format: EmbeddedFormat): Result | null {
    const { run, analysis } = this.#beginAnalysis(prepared, shape, given);
    if (runProgram(this.engine, this.session, analysis.program, run, shape.version) === STALE) return null;
    return this.#analyzed(shape, format, analysis);
  }

  async #analyzeAsync(prepared: Prepared, shape: Shape, given: GivenInput, format: EmbeddedFormat): Promise<Result | null> {
    const { run, analysis } = this.#beginAnalysis(prepared, shape, given);
    run.pause = () => performance.now() >= run.pauseAt;
    if ((await runProgramAsync(this.engine, this.session, analysis.program, run, shape.version)) === STALE) return null;
    return this.#analyzed(shape, format, analysis);
  }

  #beginAnalysis(prepared: Prepared, shape: Shape, given: GivenInput): { run: StatementRun; analysis: Analysis } {
    this.begin();
    const run = this.createRun(createParameters(shape.parts.parameters.length));
    this.bindInput(prepared, shape, given, run.parameters);
    return { run, analysis: new Analysis(this.engine, this.session, shape, run) };
  }

  #analyzed(shape: Shape, format: EmbeddedFormat, analysis: Analysis): Result {
    const { engine, session } = this;
    return this.told(
      shape,
      format,
      entered(engine, () => analysis.answer(engine, session, shape)),
    );
  }

  /** What a statement answers that is not compiled. */
  told(shape: Shape, format: EmbeddedFormat, result: UtilityResult): Result {
    const { notices, tag, rows: values, changes = 0, output = shape.output } = result;
    for (const notice of notices) this.notify(notice);
    const columns = output.map(({ name }) => name);
    const rows = format === 'array' ? values.map((row) => [...row]) : values.map((row) => namedRow(columns, row));
    const faces = rowFaces(output, this.engine.faces, format === 'object');
    if (faces !== null) faceRows(rows, 0, faces, format === 'object', this.context);
    return { rows, changes, columns, tag, told: { rows: values, output } };
  }

  /** Tells of a notice that weighs enough (client_min_messages). */
  notify(notice: Notice): void {
    if (isTold(this.session, notice)) this.onNotice?.(notice);
  }

  /** Rolls back what is open and ends the session, and what is temporary with it. */
  close(): void {
    const { engine, session } = this;
    if (!session.isOpen) return;
    for (const portal of [...session.portals]) portal.close();
    entered(engine, () => {
      try {
        session.rollbackBlock();
        engine.catalog.endSession(session);
      } finally {
        session.close();
      }
    });
  }
}

const namedRow = (columns: readonly string[], row: readonly RowValue[]): unknown =>
  Object.fromEntries(columns.map((name, at) => [name, row[at]]));

/** A run: made once for a prepared statement that is used again and again. */
class OneRun implements StatementRun {
  tx = null as unknown as Transaction;
  readonly parameters: Parameters;
  readonly context: SessionContext;
  rows: unknown[] = [];
  rowsMax = Number.POSITIVE_INFINITY;
  changes = 0;
  execution: Execution | null = null;
  readonly canceled: () => boolean;
  pause: (() => boolean) | null = null;
  pauseAt = Number.POSITIVE_INFINITY;
  counts: Float64Array | null = null;
  output: RowOutput | null = null;
  outputStart = 0;
  written = 0;

  constructor(connection: Connection, parameters: Parameters) {
    this.parameters = parameters;
    this.context = connection.context;
    this.canceled = () => connection.session.isCancelled();
  }

  /** Nothing to take: its caller waits for all of it. */
  settle(): void {}

  takeRows(): unknown[] {
    const { rows } = this;
    this.rows = [];
    return rows;
  }
}
