/**
 * COPY ... FROM: rows from bytes into a table. They are parsed where they lie, their values go into the slots of an INSERT, which
 * checks, defaults and indexes them like any other, and all of it is one transaction. An INSERT of one row that is one straight
 * function runs for row after row of a piece, as one statement; where it is not, or somebody is in the way, one of many rows does.
 *
 *   const copy = new CopyIn(connection, prepared);
 *   copy.begin();                           the table, its columns, a transaction if there is none
 *   copy.feed(bytes)                        a piece of the input, of any length; kept only while the call runs
 *   copy.finish() / copy.abort(why)         the end: rows are counted in copy.rows; or 57014 and nothing of it stays
 *
 * feed() and finish() of a session of an event loop (`isAsync`) answer a promise where they must wait for somebody, else nothing.
 * Errors tell their line: context `COPY t, line 3, column a: "x"`; the transaction has been given up then.
 */

import { SqlError, SQLSTATE, withContext } from '../../shm/errors.ts';
import type { CatalogColumn } from '../catalog/objects.ts';
import type { Parameters, Program } from '../plan/program.ts';
import { sqlType } from '../sblr/types.ts';
import { NO_CHARACTERISTICS } from '../session/session.ts';
import { answered } from './answered.ts';
import { BinaryRows } from './copy-binary.ts';
import { applyForce, fieldText, headerFault } from './copy-header.ts';
import { CopyLines } from './copy-lines.ts';
import { type CopyOptions, copyOptions, type SourceCopy } from './copy-options.ts';
import { copiedColumns, copiedTable, insertingSource, prepareSource } from './copy-statement.ts';
import type { Connection } from './connection.ts';
import { decodeParameter } from './encoded-parameters.ts';
import { createParameters } from './parameters.ts';
import { placed, type Prepared } from './prepare.ts';
import { mayRunRows, runDirectRows } from './direct.ts';
import { entered, runProgram, STALE, type StatementRun } from './run.ts';
import { runProgramAsync } from './run-async.ts';

/** Parameters of one statement, and rows. */
const PARAMETERS_MAX = 768;
const ROWS_MAX = 64;
/** Characters of a value that an error shows. */
const SHOWN_MAX = 100;
/** Milliseconds that rows go in between two turns of the event loop, and rows between two looks at the clock. */
const SLICE_MS = 5;
const ROWS_A_LOOK = 64;

/** An INSERT of so many rows. */
interface Inserter {
  readonly rows: number;
  readonly prepared: Prepared;
  readonly run: StatementRun;
}

export class CopyIn {
  readonly #connection: Connection;
  readonly #prepared: Prepared;
  readonly #source: SourceCopy;
  readonly options: CopyOptions;
  readonly #isAsync: boolean;
  /** FORCE_NULL and FORCE_NOT_NULL say something. */
  readonly #isForced: boolean;
  #columns: readonly CatalogColumn[] = [];
  #table = '';
  #lines: CopyLines;
  #binary: BinaryRows | null = null;
  #isOwn = false;
  #isOpen = false;
  /** Values of the rows that wait, and the line of each. */
  #parameters: Parameters = createParameters(0);
  #waiting = 0;
  #batch = 1;
  readonly #lineOf: number[] = [];
  readonly #inserters = new Map<number, Inserter>();
  #headerDone: boolean;
  /** Of the statement that rows go in by one by one: how many have come, and when the event loop is to turn. */
  #taken = 0;
  #until = 0;
  #isSliceOver = false;
  readonly #nextRow: () => boolean;
  rows = 0;

  constructor(connection: Connection, prepared: Prepared, source: SourceCopy, isAsync = false) {
    this.#connection = connection;
    this.#prepared = prepared;
    this.#source = source;
    this.#isAsync = isAsync;
    this.options = copyOptions(source);
    const { format, forceNotNull, forceNull } = this.options;
    this.#isForced = format === 'csv' && forceNotNull.length + forceNull.length > 0;
    this.#lines = new CopyLines(this.options);
    this.#headerDone = this.options.header === false;
    this.#nextRow = () => this.#takeOne();
  }

  /** Number of columns: what CopyInResponse says. Once it has begun. */
  get columns(): number {
    return this.#columns.length;
  }

  begin(): void {
    const { engine, session } = this.#connection;
    session.settleCursors();
    this.#isOwn = session.transaction === null;
    if (this.#isOwn) entered(engine, () => session.begin(NO_CHARACTERISTICS, engine.now(), true));
    this.#isOpen = true;
    try {
      const table = copiedTable(this.#connection, this.#source);
      this.#table = table.name;
      this.#columns = copiedColumns(this.#source, table);
      if (this.options.format === 'binary') this.#binary = new BinaryRows(this.#columns.length);
      const width = Math.max(1, this.#columns.length);
      // With a condition a row that fails is not known by how many were inserted before it.
      this.#batch = this.#source.where !== null ? 1 : Math.max(1, Math.min(ROWS_MAX, Math.floor(PARAMETERS_MAX / width)));
      this.#inserter(this.#batch);
      this.#parameters = createParameters(this.#batch * this.#columns.length);
      this.#checkNames(this.options);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #checkNames({ forceNotNull, forceNull }: CopyOptions): void {
    for (const name of [...forceNotNull, ...forceNull]) {
      if (name !== '*' && !this.#columns.some((column) => column.name === name))
        throw new SqlError(SQLSTATE.invalid_column_reference, `FORCE_NULL column "${name}" not referenced by COPY`);
    }
  }

  feed(bytes: Buffer): Promise<void> | undefined {
    try {
      const piece = this.options.encoding === 'utf8' ? bytes : Buffer.from(bytes.toString(this.options.encoding));
      (this.#binary ?? this.#lines).push(piece);
      return this.#orFailed(this.#take());
    } catch (error) {
      throw this.#failed(error);
    }
  }

  finish(): Promise<void> | undefined {
    try {
      (this.#binary ?? this.#lines).finish();
      const taken = this.#take();
      return this.#orFailed(taken === undefined ? this.#end() : taken.then(() => this.#end()));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #orFailed(waits: Promise<void> | undefined): Promise<void> | undefined {
    return waits?.catch((error) => {
      throw this.#failed(error);
    });
  }

  /** The client, or whoever gave the input, has failed. */
  abort(why: string): SqlError {
    return this.#failed(new SqlError(SQLSTATE.query_canceled, `COPY from stdin failed: ${why}`)) as SqlError;
  }

  // ---- rows ----

  /** Rows that are whole. */
  #take(): Promise<void> | undefined {
    const source = this.#binary ?? this.#lines;
    if (!this.#headerDone) {
      if (!source.next()) return undefined;
      this.#header();
    }
    const one = this.#inserter(1);
    const program = one.prepared.shape.program(this.#connection.engine, this.#connection.session, 'array');
    if (this.#waiting > 0 || !mayRunRows(program)) return this.#takeBatches();
    return this.#takeRows(one, program);
  }

  /** One statement for all rows that are there, or as many as fit a turn of the event loop. */
  #takeRows(one: Inserter, program: Program): Promise<void> | undefined {
    const connection = this.#connection;
    const { engine, session } = connection;
    const source = this.#binary ?? this.#lines;
    source.mark();
    connection.begin();
    this.#taken = 0;
    this.#isSliceOver = false;
    this.#until = this.#isAsync ? performance.now() + SLICE_MS : Number.POSITIVE_INFINITY;
    this.#parameters = one.run.parameters;
    let areIn: boolean;
    try {
      areIn = runDirectRows(engine, session, program, one.run, one.prepared.shape.version, this.#nextRow);
    } catch (error) {
      throw this.#lineOf[0] > 0 ? this.#at(error, this.#lineOf[0]) : error;
    }
    if (!areIn) {
      // Somebody is in the way of one of them.
      source.rewind();
      this.#parameters = createParameters(this.#batch * this.#columns.length);
      const taken = this.#takeBatches();
      return taken === undefined ? this.#flush() : taken.then(() => this.#flush());
    }
    this.rows += one.run.changes;
    if (!this.#isSliceOver) return undefined;
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#take());
  }

  /** The next row into the parameters. False: there is none yet, or the event loop is to turn. */
  #takeOne(): boolean {
    if ((++this.#taken & (ROWS_A_LOOK - 1)) === 0) {
      this.#checkCancelled();
      if (performance.now() >= this.#until) {
        this.#isSliceOver = true;
        return false;
      }
    }
    // What is wrong with the form of the input is no row's error.
    this.#lineOf[0] = 0;
    if (!(this.#binary ?? this.#lines).next()) return false;
    this.#row(0, this.#parameters);
    return true;
  }

  #checkCancelled(): void {
    if (this.#connection.session.isCancelled())
      throw new SqlError(SQLSTATE.query_canceled, 'canceling statement due to user request');
  }

  /** Rows that are whole, batch by batch. */
  #takeBatches(): Promise<void> | undefined {
    const source = this.#binary ?? this.#lines;
    while (source.next()) {
      this.#row(this.#waiting, this.#parameters);
      if (++this.#waiting < this.#batch) continue;
      const inserted = this.#insert(this.#batch, 0);
      if (inserted !== undefined) return inserted.then(() => this.#takeBatches());
    }
    return undefined;
  }

  #header(): void {
    this.#headerDone = true;
    if (this.options.header !== 'match') return;
    const fault = headerFault(this.#lines, this.#columns, this.options.nil);
    if (fault !== null) throw this.#at(fault, this.#lines.line);
  }

  /** Values of a row, the `at`-th of those that wait. Hot. */
  #row(at: number, to: Parameters): void {
    const { context } = this.#connection;
    const columns = this.#columns;
    const from = at * columns.length;
    if (this.#binary !== null) {
      this.#lineOf[at] = this.#binary.row;
      for (let index = 0; index < columns.length; index++) this.#binaryValue(to, index, from + index);
      return;
    }
    const lines = this.#lines;
    const { starts, lengths, moved } = lines;
    this.#lineOf[at] = lines.line;
    if (lines.count !== columns.length) this.#checkCount(lines.count);
    let index = 0;
    try {
      for (; index < columns.length; index++) {
        if (this.#isForced) applyForce(this.options, lines, columns[index].name, index);
        const bytes = moved[index] ? lines.scratch : lines.bytes;
        decodeParameter(to, from + index, columns[index].type, 'text', bytes, starts[index], lengths[index], context);
      }
    } catch (error) {
      throw this.#at(error, lines.line, index);
    }
  }

  #checkCount(count: number): void {
    const columns = this.#columns;
    const { line } = this.#lines;
    if (count > columns.length && !(columns.length === 0 && this.#lines.rawLength === 0))
      throw this.#at(new SqlError('22P04', 'extra data after last expected column'), line);
    if (count < columns.length) throw this.#at(new SqlError('22P04', `missing data for column "${columns[count].name}"`), line);
  }

  #binaryValue(to: Parameters, index: number, slot: number): void {
    const rows = this.#binary as BinaryRows;
    const { type } = this.#columns[index];
    try {
      decodeParameter(to, slot, type, 'binary', rows.bytes, rows.starts[index], rows.lengths[index], this.#connection.context);
    } catch (error) {
      throw this.#at(error, rows.row, index);
    }
  }

  // ---- inserting ----

  #inserter(rows: number): Inserter {
    const connection = this.#connection;
    const { engine, session } = connection;
    const known = this.#inserters.get(rows);
    if (known !== undefined && known.prepared.shape.version === engine.catalog.version(session)) return known;
    const names = this.#columns.map(({ name }) => name);
    const types = Array.from({ length: rows }, () => this.#columns.map(({ type }) => sqlType(type.name))).flat();
    const prepared = prepareSource(connection, insertingSource(this.#source, names, rows), types, this.#prepared);
    const run = connection.createRun(createParameters(types.length));
    const made = { rows, prepared, run };
    this.#inserters.set(rows, made);
    return made;
  }

  /** Inserts `rows` of those that wait, from number `from` on. */
  #insert(rows: number, from: number): Promise<void> | undefined {
    const connection = this.#connection;
    const { engine, session } = connection;
    for (;;) {
      const { prepared, run } = this.#inserter(rows);
      const { shape } = prepared;
      connection.begin();
      this.#give(run.parameters, from);
      const program: Program = shape.program(engine, session, 'array');
      try {
        const outcome = this.#isAsync
          ? runProgramAsync(engine, session, program, run, shape.version)
          : runProgram(engine, session, program, run, shape.version);
        if (outcome instanceof Promise) return outcome.then((late) => this.#inserted(run, rows, from, late === STALE), (error) => { throw this.#atRow(error, run, from); }); // biome-ignore format: two outcomes
        if (outcome === STALE) this.#inserters.delete(rows);
        else return this.#inserted(run, rows, from, false);
      } catch (error) {
        throw this.#atRow(error, run, from);
      }
    }
  }

  #inserted(run: StatementRun, rows: number, from: number, isStale: boolean): Promise<void> | undefined {
    if (isStale) {
      this.#inserters.delete(rows);
      return this.#insert(rows, from);
    }
    this.rows += run.changes;
    if (from === 0 && rows === this.#waiting) this.#waiting = 0;
    return undefined;
  }

  #give(to: Parameters, from: number): void {
    const parameters = this.#parameters;
    const start = from * this.#columns.length;
    for (let index = 0; index < to.values.length; index++) {
      to.nulls[index] = parameters.nulls[start + index];
      to.numbers[index] = parameters.numbers[start + index];
      to.values[index] = parameters.values[start + index];
    }
  }

  /** Rows that wait, one by one. */
  #flush(from = 0): Promise<void> | undefined {
    for (let row = from; row < this.#waiting; row++) {
      const inserted = this.#insert(1, row);
      if (inserted !== undefined) return inserted.then(() => this.#flush(row + 1));
    }
    this.#waiting = 0;
    return undefined;
  }

  /** What is left; then the transaction ends. */
  #end(): Promise<void> | undefined {
    const flushed = this.#flush();
    return flushed === undefined ? this.#commit() : flushed.then(() => this.#commit());
  }

  #commit(): Promise<void> | undefined {
    this.#isOpen = false;
    const { engine, session } = this.#connection;
    if (!this.#isOwn) return undefined;
    if (!this.#isAsync || session.holdsAnswers) {
      entered(engine, () => session.commitBlock());
      return undefined;
    }
    const tx = entered(engine, () => session.precommitBlock());
    return tx === null ? undefined : entered(engine, () => session.whenDurable(tx));
  }

  // ---- errors ----

  /** The row that failed is the one behind those that the statement has inserted. */
  #atRow(error: unknown, run: StatementRun, from: number): unknown {
    return this.#at(error, this.#lineOf[from + run.changes] ?? this.#lineOf[from]);
  }

  #at(error: unknown, line: number, column = -1): unknown {
    if (!(error instanceof SqlError) || error.context !== undefined) return error;
    let context = `COPY ${this.#table}, line ${line}`;
    if (column >= 0) {
      const name = this.#columns[column].name;
      if (this.#binary !== null) context += `, column ${name}`;
      else if (this.#lines.lengths[column] < 0) context += `, column ${name}: null input`;
      else context += `, column ${name}: "${shortened(fieldText(this.#lines, column))}"`;
    }
    return withContext(error, context);
  }

  #failed(error: unknown): unknown {
    const { engine, session } = this.#connection;
    if (!this.#isOpen) return error;
    this.#isOpen = false;
    if (this.#isOwn) entered(engine, () => session.rollbackBlock());
    else session.failBlock();
    return placed(engine, session, this.#prepared, answered(session, this.#prepared.shape, error));
  }
}

const shortened = (text: string): string => (text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}...`);
