/**
 * COPY ... TO: the rows of a table or a query through the writers of rows, in a format that the options describe.
 *
 *   const copy = new CopyOut(connection, prepared, source, output, isFramed);
 *   let state = copy.begin();                'full': send what is there, then resume(); 'done': copy.rows
 *   beginAsync(), resumeAsync()              for sessions of an event loop, as of OutputRun
 *
 * With `isFramed` each row, and what stands before and behind the rows, is a CopyData message of its own ('d', length); the messages
 * around (CopyOutResponse, CopyDone) are the caller's: copy.columns and copy.options.format say what they hold.
 */

import { rowWriter } from '../../codegen/rows/row-writer.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import { type RowFormat, rowFormat, type Quoting } from '../../plugins/contract/row-format.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Connection } from './connection.ts';
import { SIGNATURE } from './copy-binary.ts';
import { type CopyOptions, copyOptions, type SourceCopy } from './copy-options.ts';
import { copiedColumns, copiedTable, prepareSource, readingSource } from './copy-statement.ts';
import { OutputRun, type OutputState } from './output-run.ts';
import type { Prepared } from './prepare.ts';

const COPY_DATA = 0x64;
const LF = 10;

export class CopyOut {
  readonly #connection: Connection;
  readonly #isFramed: boolean;
  readonly options: CopyOptions;
  readonly #names: readonly string[];
  readonly #run: OutputRun;
  output: RowOutput;
  /** The rows, and what stands before them. */
  #isBegun = false;

  /** Prepares what it reads. 42P01, 42501 and the like. */
  constructor(connection: Connection, prepared: Prepared, source: SourceCopy, output: RowOutput, isFramed: boolean) {
    this.#connection = connection;
    this.#isFramed = isFramed;
    this.output = output;
    this.options = copyOptions(source);
    if (this.options.encoding !== 'utf8')
      throw new SqlError(SQLSTATE.feature_not_supported, 'COPY TO with an encoding other than UTF8 is not supported');
    const columns = source.table === null ? [] : copiedColumns(source, copiedTable(connection, source));
    const reading = readingSource(source, columns.map(({ name }) => name)); // biome-ignore format: one step
    const read = prepareSource(connection, reading, [], prepared);
    this.#names = read.shape.output.map(({ name }) => name);
    if (source.query !== null && this.#names.length === 0)
      throw new SqlError(SQLSTATE.feature_not_supported, 'COPY query must have a RETURNING clause');
    this.#run = new OutputRun(connection, read, copyFormat(this.options, this.#names, isFramed), output);
  }

  get columns(): number {
    return this.#names.length;
  }

  get rows(): number {
    return this.#run.rows;
  }

  begin(): OutputState {
    this.#before();
    return this.#behind(this.#run.begin([]));
  }

  resume(): OutputState {
    this.#run.output = this.output;
    return this.#behind(this.#run.resume());
  }

  beginAsync(): OutputState | Promise<OutputState> {
    this.#before();
    return this.#behindAsync(this.#run.beginAsync([]));
  }

  resumeAsync(): OutputState | Promise<OutputState> {
    this.#run.output = this.output;
    return this.#behindAsync(this.#run.resumeAsync());
  }

  close(): void {
    this.#run.close();
  }

  #behindAsync(state: OutputState | Promise<OutputState>): OutputState | Promise<OutputState> {
    return typeof state === 'string' ? this.#behind(state) : state.then((later) => this.#behind(later));
  }

  /** The signature, or the names. */
  #before(): void {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { format, header } = this.options;
    if (format === 'binary') this.#piece(Buffer.concat([SIGNATURE, Buffer.alloc(8)]));
    else if (header !== false) {
      const names = copyFormat({ ...this.options, forceQuote: [] }, this.#names, this.#isFramed);
      rowWriter(names, this.#names.map(() => 'text'))(this.output, this.#names, this.#connection.context); // biome-ignore format: one step
    }
  }

  #behind(state: OutputState): OutputState {
    if (state === 'done' && this.options.format === 'binary') this.#piece(Buffer.from([0xff, 0xff]));
    return state;
  }

  #piece(bytes: Buffer): void {
    const { output } = this;
    output.need(bytes.length + 5);
    if (this.#isFramed) {
      output.bytes[output.at] = COPY_DATA;
      output.bytes.writeInt32BE(bytes.length + 4, output.at + 1);
      output.at += 5;
    }
    bytes.copy(output.bytes, output.at);
    output.at += bytes.length;
  }
}

/** The rows of a COPY: columns by name. */
function copyFormat(options: CopyOptions, names: readonly string[], isFramed: boolean): RowFormat {
  const { format, delimiter, nil } = options;
  const frame = isFramed
    ? { begin: [COPY_DATA], length: { bytes: 4, littleEndian: false, countsItself: true } as const }
    : { begin: [], length: null };
  if (format === 'binary') {
    return rowFormat({
      ...frame,
      head: [names.length >> 8, names.length & 0xff],
      prefix: 'i32be',
      nil: [0xff, 0xff, 0xff, 0xff],
      columns: names.map(() => 'binary' as const),
    });
  }
  return rowFormat({
    ...frame,
    nil: [...Buffer.from(nil)],
    between: [delimiter],
    end: [LF],
    quoting: quotingOf(options, names),
    columns: names.map(() => 'text' as const),
  });
}

function quotingOf({ format, delimiter, quote, escape: mark, forceQuote }: CopyOptions, names: readonly string[]): Quoting {
  if (format === 'text') return { kind: 'backslash', delimiter };
  for (const name of forceQuote)
    if (name !== '*' && !names.includes(name))
      throw new SqlError(SQLSTATE.invalid_column_reference, `FORCE_QUOTE column "${name}" not referenced by COPY`);
  const force = names.map((name) => forceQuote.includes('*') || forceQuote.includes(name));
  return { kind: 'quotes', delimiter, quote, escape: mark, force };
}
