/**
 * A file of rows, whatever its format, as an import takes it:
 *
 *   columns       their names in the file, and what they seem to be
 *   rows(types)   the pieces of a COPY ... FROM STDIN with copyOptions, for a table whose columns have these types
 */

import { createReadStream, statSync } from 'node:fs';
import { CommandError } from './command-error.ts';

export interface FileColumn {
  readonly name: string;
  /** For a table that is made for it. */
  readonly type: string;
}

export interface ImportSource {
  readonly columns: readonly FileColumn[];
  readonly copyOptions: string;
  /** `types`: of the table's columns, in the order of `columns`; null: it is left out (never asked of CSV). */
  rows(types: readonly (string | null)[]): AsyncIterable<Uint8Array>;
}

/** What reading is told. */
export interface ReadOptions {
  readonly delimiter: string | undefined;
  /** The first line holds names. */
  readonly hasHeader: boolean;
  readonly nullText: string;
  readonly encoding: string | undefined;
  /** Keys that the first rows do not have are left out. */
  readonly ignoresUnknown: boolean;
}

/** Bytes of a file, or of what is piped in, and how far they have been read. */
export class Input {
  readonly name: string;
  /** 0: nobody knows. */
  readonly size: number;
  done = 0;
  readonly #stream: AsyncIterator<Buffer>;
  #first: Buffer | null = null;

  constructor(file: string) {
    this.name = file === '-' ? 'the standard input' : file;
    this.size = file === '-' ? 0 : sizeOf(file);
    const stream = file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 18 });
    this.#stream = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** The first bytes, at least as many if there are; they come again. */
  async beginning(bytes: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let length = 0; length < bytes; ) {
      const { done, value } = await this.#stream.next();
      if (done === true) break;
      pieces.push(value);
      length += value.length;
    }
    this.#first = Buffer.concat(pieces);
    return this.#first;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    const first = this.#first;
    this.#first = null;
    if (first !== null && first.length > 0) yield this.#counted(first);
    for (;;) {
      const { done, value } = await this.#stream.next();
      if (done === true) return;
      yield this.#counted(value);
    }
  }

  #counted(piece: Buffer): Buffer {
    this.done += piece.length;
    return piece;
  }
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (error) {
    throw new CommandError(
      `cannot read ${file}: ${(error as Error).message}`,
      'name a file that there is, or - for the standard input',
    );
  }
}

/** Rows as COPY's text format has them, a piece at a time. */
export class CopyText {
  #text = '';

  /** One row. */
  row(values: readonly (string | null)[]): void {
    let line = '';
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (index > 0) line += '\t';
      line += value === null ? '\\N' : escaped(value);
    }
    this.#text += `${line}\n`;
  }

  get isFull(): boolean {
    return this.#text.length > 1 << 16;
  }

  take(): Buffer {
    const bytes = Buffer.from(this.#text);
    this.#text = '';
    return bytes;
  }

  get isEmpty(): boolean {
    return this.#text === '';
  }
}

const ESCAPES: { readonly [character: string]: string } = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
const escaped = (value: string): string =>
  /[\\\t\n\r]/.test(value) ? value.replace(/[\\\t\n\r]/g, (found) => ESCAPES[found]) : value;
