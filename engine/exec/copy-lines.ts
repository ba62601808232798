/**
 * Rows of COPY's text and CSV formats, split into fields where they lie: an object that is given pieces of the input and answers a row
 * at a time. A row that is not whole yet waits for the next piece.
 *
 *   next()        true: fields 0 to count - 1 of a row, starts[i] and lengths[i] (-1: NULL) in bytes or, once unescaped, in `scratch`
 *   push(bytes)   the next piece; finish(): there is none
 *   mark()        where rewind() comes back to
 *
 * Hot: a field without escapes is not moved.
 */

import { SqlError } from '../../shm/errors.ts';
import type { CopyOptions } from './copy-options.ts';
import { CopyPieces } from './copy-pieces.ts';

const LF = 10;
const CR = 13;
const BACKSLASH = 92;

const bad = (message: string, hint?: string): SqlError => new SqlError('22P04', message, { hint });

/** \b \f \n \r \t \v */
const ESCAPES: { readonly [letter: number]: number } = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9, 118: 11 };

export class CopyLines extends CopyPieces {
  readonly #options: CopyOptions;
  readonly #nil: Buffer;
  readonly #isCsv: boolean;
  #isLast = false;
  /** The end mark has come: what follows is not read. */
  #isOver = false;
  /** How lines end: 0 not known yet, LF, CR, or LF + CR for both. */
  #ending = 0;
  /** Number of the line of the row, and of the next. */
  line = 0;
  #nextLine = 1;
  count = 0;
  readonly starts: number[] = [];
  readonly lengths: number[] = [];
  /** Which fields lie in `scratch`; which were quoted. */
  readonly moved: boolean[] = [];
  readonly quoted: boolean[] = [];
  scratch: Buffer = Buffer.allocUnsafe(1024);
  #scratchEnd = 0;

  constructor(options: CopyOptions) {
    super();
    this.#options = options;
    this.#nil = Buffer.from(options.nil);
    this.#isCsv = options.format === 'csv';
  }

  #marked = { at: 0, line: 0, ending: 0 };

  /** rewind() comes back to here, if nothing is pushed meanwhile. */
  mark(): void {
    this.#marked = { at: this.at, line: this.#nextLine, ending: this.#ending };
  }

  rewind(): void {
    const { at, line, ending } = this.#marked;
    this.at = at;
    this.#nextLine = line;
    this.#ending = ending;
    this.#isOver = false;
  }

  finish(): void {
    this.#isLast = true;
  }

  /** True: there is a row. False: more input is needed, or there is none. 22P04. */
  next(): boolean {
    if (this.#isOver || this.at >= this.end) return false;
    this.#scratchEnd = 0;
    this.count = 0;
    const found = this.#isCsv ? this.#csvRow() : this.#textRow();
    if (!found) return false;
    if (this.#isEndMark()) {
      this.#isOver = true;
      return false;
    }
    return true;
  }

  /** `\.` alone. */
  #isEndMark(): boolean {
    if (this.count !== 1 || this.quoted[0]) return false;
    const start = this.#rawStart;
    return this.rawLength === 2 && this.bytes[start] === BACKSLASH && this.bytes[start + 1] === 46;
  }

  /** Of a row of one field: its bytes as they came. */
  rawLength = 0;
  #rawStart = 0;

  #textRow(): boolean {
    const { bytes, end } = this;
    const { delimiter } = this.#options;
    let at = this.at;
    let start = at;
    let escapes = false;
    let lines = 1;
    for (;;) {
      if (at >= end) {
        if (!this.#isLast) return false;
        break;
      }
      const byte = bytes[at];
      if (byte === BACKSLASH) {
        if (at + 1 >= end && !this.#isLast) return false;
        escapes = true;
        if (bytes[at + 1] === LF) lines++;
        at += 2;
      } else if (byte === delimiter) {
        this.#textField(start, at, escapes);
        start = ++at;
        escapes = false;
      } else if (byte === LF || byte === CR) {
        if (byte === CR && at + 1 >= end && !this.#isLast) return false;
        if (this.#endsLine(at)) break;
        at++;
      } else at++;
    }
    const stop = Math.min(at, end);
    this.#textField(start, stop, escapes);
    this.#leave(stop, lines);
    return true;
  }

  #leave(at: number, lines: number): void {
    const { bytes } = this;
    let next = at;
    if (bytes[next] === CR) next++;
    if (bytes[next] === LF && (next === at || this.#ending === LF + CR)) next++;
    this.at = next;
    // As PostgreSQL counts: a row that goes over several lines has the number of its last.
    this.line = this.#nextLine + lines - 1;
    this.#nextLine += lines;
  }

  /** A CR or LF that ends the line; 22P04 where lines have ended otherwise before. */
  #endsLine(at: number): boolean {
    const { bytes } = this;
    const kind = bytes[at] === LF ? LF : bytes[at + 1] === LF ? LF + CR : CR;
    if (this.#ending === 0) this.#ending = kind;
    if (this.#ending === kind) return true;
    const what = kind === LF ? 'newline' : 'carriage return';
    const shown = kind === LF ? '\\n' : '\\r';
    if (this.#isCsv) throw bad(`unquoted ${what} found in data`, `Use quoted CSV field to represent ${what}.`);
    throw bad(`literal ${what} found in data`, `Use "${shown}" to represent ${what}.`);
  }

  #field(start: number, length: number, moved: boolean, quoted: boolean): void {
    const { count } = this;
    this.starts[count] = start;
    this.lengths[count] = length;
    this.moved[count] = moved;
    this.quoted[count] = quoted;
    this.count = count + 1;
  }

  #isNil(start: number, end: number): boolean {
    const nil = this.#nil;
    if (end - start !== nil.length) return false;
    for (let index = 0; index < nil.length; index++) if (this.bytes[start + index] !== nil[index]) return false;
    return true;
  }

  #textField(start: number, end: number, escapes: boolean): void {
    this.rawLength = end - start;
    this.#rawStart = start;
    if (this.#isNil(start, end)) this.#field(start, -1, false, false);
    else if (!escapes) this.#field(start, end - start, false, false);
    else this.#unescaped(start, end);
  }

  #scratchRoom(length: number): void {
    if (this.#scratchEnd + length <= this.scratch.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.scratch.length * 2, this.#scratchEnd + length));
    this.scratch.copy(larger, 0, 0, this.#scratchEnd);
    this.scratch = larger;
  }

  #unescaped(start: number, end: number): void {
    this.#scratchRoom(end - start);
    const { bytes, scratch } = this;
    const from = this.#scratchEnd;
    let to = from;
    for (let at = start; at < end; ) {
      const byte = bytes[at++];
      if (byte !== BACKSLASH || at >= end) {
        scratch[to++] = byte;
        continue;
      }
      const next = bytes[at++];
      if (next >= 48 && next <= 55) {
        let value = next - 48;
        for (let more = 0; more < 2 && at < end && bytes[at] >= 48 && bytes[at] <= 55; more++)
          value = value * 8 + bytes[at++] - 48;
        scratch[to++] = value & 0xff;
      } else if (next === 120 && at < end && isHex(bytes[at])) {
        let value = hexDigit(bytes[at++]);
        if (at < end && isHex(bytes[at])) value = value * 16 + hexDigit(bytes[at++]);
        scratch[to++] = value;
      } else scratch[to++] = ESCAPES[next] ?? next;
    }
    this.#scratchEnd = to;
    this.#field(from, to - from, true, false);
  }

  #csvRow(): boolean {
    const { bytes, end } = this;
    const { delimiter, quote } = this.#options;
    let at = this.at;
    let start = at;
    let lines = 1;
    let hasQuotes = false;
    for (;;) {
      if (at >= end) {
        if (!this.#isLast) return false;
        break;
      }
      const byte = bytes[at];
      if (byte === quote) {
        hasQuotes = true;
        const stop = this.#quotedEnd(at + 1);
        if (stop < 0) {
          if (!this.#isLast) return false;
          throw bad('unterminated CSV quoted field');
        }
        for (let index = at; index < stop; index++) if (bytes[index] === LF) lines++;
        at = stop;
      } else if (byte === delimiter) {
        this.#csvField(start, at, hasQuotes);
        start = ++at;
        hasQuotes = false;
      } else if (byte === LF || byte === CR) {
        if (byte === CR && at + 1 >= end && !this.#isLast) return false;
        if (this.#endsLine(at)) break;
      } else at++;
    }
    const stop = Math.min(at, end);
    this.#csvField(start, stop, hasQuotes);
    this.#leave(stop, lines);
    return true;
  }

  /** Behind the quote that ends what begins at `at`; -1: it is not there yet. */
  #quotedEnd(at: number): number {
    const { bytes, end } = this;
    const { quote, escape: mark } = this.#options;
    for (let index = at; index < end; index++) {
      const byte = bytes[index];
      if (byte === mark) {
        // Whether it escapes what follows is told by that.
        if (index + 1 >= end) return byte === quote && this.#isLast ? index + 1 : -1;
        const next = bytes[index + 1];
        if (next === quote || next === mark) {
          index++;
          continue;
        }
      }
      if (byte === quote) return index + 1;
    }
    return -1;
  }

  #csvField(start: number, end: number, hasQuotes: boolean): void {
    this.rawLength = end - start;
    this.#rawStart = start;
    if (!hasQuotes) {
      this.#field(start, this.#isNil(start, end) ? -1 : end - start, false, false);
      return;
    }
    this.#scratchRoom(end - start);
    const { bytes, scratch } = this;
    const { quote, escape: mark } = this.#options;
    const from = this.#scratchEnd;
    let to = from;
    let inside = false;
    for (let at = start; at < end; at++) {
      const byte = bytes[at];
      if (!inside) {
        if (byte === quote) inside = true;
        else scratch[to++] = byte;
        continue;
      }
      const next = at + 1 < end ? bytes[at + 1] : -1;
      if (byte === mark && (next === quote || next === mark)) {
        scratch[to++] = next;
        at++;
      } else if (byte === quote) inside = false;
      else scratch[to++] = byte;
    }
    this.#scratchEnd = to;
    this.#field(from, to - from, true, true);
  }

  /** A field that was quoted has the text of NULL. */
  isQuotedNil(field: number): boolean {
    return this.scratch.subarray(this.starts[field], this.starts[field] + this.lengths[field]).equals(this.#nil);
  }

  get nil(): Buffer {
    return this.#nil;
  }
}

const isHex = (code: number): boolean => (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102);
const hexDigit = (code: number): number => (code & 15) + (code > 57 ? 9 : 0);
