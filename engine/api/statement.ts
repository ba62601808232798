/**
 * A prepared statement, as a program uses it: get, all, iterate, run. Familiar from better-sqlite3.
 *
 * Hot: get() of a point query. Everything it needs lies in this object: the run with its parameters is used again by each call, and
 * nothing but the row is allocated.
 */

import type { CatalogReader } from '../catalog/objects.ts';
import { answered } from '../exec/answered.ts';
import type { Connection, Result } from '../exec/connection.ts';
import { mayRunDirect, NOT_DONE, runDirect } from '../exec/direct.ts';
import { faceRow, faceRows, type RowFaces } from '../exec/faces.ts';
import { writeOnlyWord } from '../exec/parameter-slots.ts';
import { createParameters } from '../exec/parameters.ts';
import { placed, type Prepared } from '../exec/prepare.ts';
import { entered, runProgram, STALE, type StatementRun } from '../exec/run.ts';
import type { Shape } from '../exec/shape.ts';
import { type BlockEnds, blockEnds } from '../exec/utility-statements.ts';
import type { Program, EmbeddedFormat } from '../plan/program.ts';
import { describeType } from '../catalog/virtual/describe.ts';
import type { OutputColumn } from '../sblr/bound.ts';
import type { SqlType } from '../sblr/types.ts';
import { RowIterator } from './row-iterator.ts';

/** A column of a result. */
export interface ColumnDescription {
  readonly name: string;
  /** As PostgreSQL names it inside: 'int4', 'timestamptz'. */
  readonly type: string;
  readonly nullable: boolean;
  /** numeric: digits in all; varchar, char: characters. Null: no limit. */
  readonly length: number | null;
  readonly scale: number | null;
  /** Where it comes from unchanged: schema, table and column; null for what is computed. */
  readonly schema: string | null;
  readonly table: string | null;
  readonly column: string | null;
}

/** What run() answers. */
export interface RunResult {
  /** Rows inserted, updated or deleted. */
  readonly changes: number;
  /** Rows of RETURNING. */
  readonly rows?: unknown[];
}

export class Statement<Row = Record<string, unknown>> {
  readonly #connection: Connection;
  #prepared: Prepared;
  #format: EmbeddedFormat = 'object';
  /** What the calls below use again and again; null: the statement changed, or has not run. */
  #shape: Shape | null = null;
  #program: Program | null = null;
  #run: StatementRun | null = null;
  /** The literals of the text are in the slots of the run. */
  #hasLiterals = false;
  /** One value is given, and nothing else is written when it runs again. */
  #takesOne = false;
  #faces: RowFaces | null = null;
  #isRunning = false;
  /** BEGIN or COMMIT. */
  #ends: BlockEnds | null = null;
  /** Rows that the last run has changed. */
  #changes = 0;

  /** @internal */
  constructor(connection: Connection, text: string) {
    this.#connection = connection;
    this.#prepared = connection.prepare(text);
  }

  /** The text it was prepared from. */
  get source(): string {
    return this.#prepared.text;
  }

  /** True for what answers rows: get(), all() and iterate() are of use. */
  get reader(): boolean {
    return this.#connection.outputOf(this.#current()).length > 0;
  }

  /** True for what changes no row and no table: queries, SHOW, EXPLAIN. */
  get readonly(): boolean {
    const { parts, output, plan } = this.#connection.refresh(this.#current());
    if (plan?.spools?.some(({ change }) => change !== undefined) === true && parts.kind !== 'explain') return false;
    return parts.kind === 'query' || parts.kind === 'explain' || (parts.kind === 'utility' && output.length > 0);
  }

  /** Rows are arrays from now on; false: objects again. */
  raw(on = true): Statement<unknown[]> {
    this.#format = on ? 'array' : 'object';
    this.#shape = null;
    return this as unknown as Statement<unknown[]>;
  }

  /** The first row, or undefined. */
  get(...values: unknown[]): Row | undefined {
    const row = this.#one(values);
    if (row !== NOT_DONE) return row as Row | undefined;
    const rows = this.#rows(values, 1);
    return rows.length === 0 ? undefined : (rows[0] as Row);
  }

  /** All rows. */
  all(...values: unknown[]): Row[] {
    const row = this.#one(values);
    if (row === NOT_DONE) return this.#rows(values, Number.POSITIVE_INFINITY) as Row[];
    return row === undefined ? [] : [row as Row];
  }

  /** Runs it for its effect. */
  run(...values: unknown[]): RunResult {
    const row = this.#one(values);
    if (row !== NOT_DONE) {
      const { changes } = this.#run as StatementRun;
      if ((this.#shape as Shape).output.length === 0) return { changes };
      return { changes, rows: row === undefined ? [] : [row] };
    }
    if (this.#ends !== null && this.#prepared.scope === this.#connection.session.scope) {
      this.#connection.runEnds(this.#prepared, this.#ends);
      return { changes: 0 };
    }
    const run = this.#ready();
    if (run === null) {
      const { changes, rows, columns } = this.#utility(values);
      return columns.length === 0 ? { changes } : { changes, rows };
    }
    const rows = this.#go(run, values, Number.POSITIVE_INFINITY);
    const changes = this.#changes;
    return rows === null ? { changes } : { changes, rows };
  }

  /** Row by row, as the loop asks for them. What it sees is the state when it began. */
  iterate(...values: unknown[]): IterableIterator<Row> & Disposable {
    return new RowIterator<Row>(this.#connection, this.#current(), values, this.#format);
  }

  /** The columns of its result; none for statements without rows. */
  columns(): ColumnDescription[] {
    const connection = this.#connection;
    const output = connection.outputOf(this.#current());
    return entered(connection.engine, () =>
      describe(output, connection.engine.catalog.reader(connection.session, connection.session.transaction)),
    );
  }

  /** Types of its parameters, in order, as the names of SQL. */
  parameters(): string[] {
    const { parts } = this.#connection.refresh(this.#current());
    return parts.parameters.slice(0, parts.clientParameters).map(({ name }) => name);
  }

  /** As the session reads it now: a search path may have been set since. */
  #current(): Prepared {
    const { session } = this.#connection;
    if (this.#prepared.scope !== session.scope) this.#prepared = this.#connection.prepare(this.#prepared.text);
    return this.#prepared;
  }

  #utility(values: unknown[]): Result {
    return this.#connection.run(this.#current(), values, this.#format);
  }

  #rows(values: unknown[], rowsMax: number): unknown[] {
    const run = this.#ready();
    if (run === null) return this.#utility(values).rows;
    return this.#go(run, values, rowsMax) ?? [];
  }

  /** The run to use; null for statements that are not compiled. */
  #ready(): StatementRun | null {
    const connection = this.#connection;
    const { shape } = this.#current();
    if (shape === this.#shape && shape.version === connection.engine.catalog.version(connection.session)) return this.#run;
    return this.#compile();
  }

  #compile(): StatementRun | null {
    const connection = this.#connection;
    const shape = connection.refresh(this.#prepared);
    this.#shape = shape;
    this.#program = null;
    this.#ends = null;
    if (!shape.isCompiled) {
      this.#run = null;
      this.#ends = blockEnds(shape);
      return null;
    }
    this.#program = shape.program(connection.engine, connection.session, this.#format);
    this.#run = connection.createRun(createParameters(shape.parts.parameters.length));
    this.#hasLiterals = false;
    this.#takesOne = shape.parts.clientParameters === 1 && shape.lateLiterals.length === 0;
    this.#faces = shape.faces(connection.engine, this.#format);
    return this.#run;
  }

  /** The statement begins: its clock runs, its parameters are there. */
  #begin(shape: Shape, run: StatementRun, values: unknown[]): void {
    const connection = this.#connection;
    connection.begin();
    if (!this.#hasLiterals) {
      connection.bindLiterals(this.#prepared, shape, run.parameters);
      this.#hasLiterals = true;
    }
    if (this.#takesOne && values.length === 1 && writeOnlyWord(shape.writers, run.parameters, values[0])) return;
    connection.bindGiven(this.#prepared, shape, values, run.parameters);
  }

  /** Its row, or undefined, where it runs as one function and nobody is in the way; else NOT_DONE. */
  #one(values: unknown[]): unknown {
    const shape = this.#shape;
    const program = this.#program;
    if (shape === null || program === null || program.direct === null || this.#isRunning) return NOT_DONE;
    const connection = this.#connection;
    const { engine, session } = connection;
    if (this.#prepared.scope !== session.scope || !mayRunDirect(session, program)) return NOT_DONE;
    session.settleCursors();
    this.#isRunning = true;
    let row: unknown;
    try {
      const run = this.#run as StatementRun;
      this.#begin(shape, run, values);
      row = runDirect(engine, session, program, run, shape.version);
    } catch (error) {
      session.failBlock();
      throw placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
    } finally {
      this.#isRunning = false;
    }
    const faces = this.#faces;
    if (faces !== null && typeof row === 'object') faceRow(row, faces, this.#format === 'object', connection.context);
    return row;
  }

  /** Rows, or null for a statement without any. */
  #go(run: StatementRun, values: unknown[], rowsMax: number): unknown[] | null {
    const connection = this.#connection;
    const { engine, session } = connection;
    // A function of a parameter, or a notice handler, may call the same statement again.
    if (this.#isRunning) {
      const { rows, changes } = this.#utility(values);
      this.#changes = changes;
      return rows;
    }
    session.settleCursors();
    this.#isRunning = true;
    try {
      let shape = this.#shape as Shape;
      for (;;) {
        this.#begin(shape, run, values);
        const program = this.#program as Program;
        run.rowsMax = program.writes ? Number.POSITIVE_INFINITY : rowsMax;
        if (runProgram(engine, session, program, run, shape.version) !== STALE) break;
        run = this.#compile() ?? run;
        shape = this.#shape as Shape;
      }
      // Not the caller's run: definitions may have asked for another one.
      this.#changes = run.changes;
      return this.#finish(shape, run);
    } catch (error) {
      run.rows.length = 0;
      session.failBlock();
      throw placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
    } finally {
      this.#isRunning = false;
    }
  }

  #finish(shape: Shape, run: StatementRun): unknown[] | null {
    if (shape.output.length === 0) return null;
    const connection = this.#connection;
    if (run.execution !== null) connection.dropExecution(run);
    const rows = run.takeRows();
    const faces = this.#faces;
    if (faces !== null) faceRows(rows, 0, faces, this.#format === 'object', connection.context);
    return rows;
  }
}

/** As PostgreSQL names it inside; arrays begin with a line. */
const shownName = ({ name }: SqlType): string => (/[[:]/.test(name) ? describeType(name).name : name);

function describe(output: readonly OutputColumn[], catalog: CatalogReader): ColumnDescription[] {
  return output.map(({ name, type, table, attribute }) => {
    const length = type.length < 0 ? null : type.length;
    const scale = type.scale < 0 ? null : type.scale;
    const from = table === 0 ? null : catalog.relation(table);
    const column =
      from === null || from.kind === 'sequence' ? undefined : from.columns.find(({ number }) => number === attribute);
    const origin = { schema: from?.schema ?? null, table: from?.name ?? null, column: column?.name ?? null };
    return { name, type: shownName(type), nullable: type.nullable, length, scale, ...origin };
  });
}
