/**
 * Rows of COPY's binary format: a signature, flags, an extension; then rows: number of fields, length and bytes of each (-1: NULL);
 * -1 in the place of the number ends them. Given pieces of the input, it answers a row at a time (as copy-lines.ts).
 */

import { SqlError } from '../../shm/errors.ts';
import { CopyPieces } from './copy-pieces.ts';

/** What a file begins with; flags and length of the extension follow. */
export const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const HEADER_BYTES = SIGNATURE.length + 8;
/** Files with row ids of old. */
const HAS_OIDS = 1 << 16;

const bad = (message: string): SqlError => new SqlError('22P04', message);

export class BinaryRows extends CopyPieces {
  readonly #columns: number;
  #isLast = false;
  #isOver = false;
  #hasHeader = false;
  row = 0;
  readonly starts: number[] = [];
  readonly lengths: number[] = [];

  constructor(columns: number) {
    super();
    this.#columns = columns;
  }

  #marked = { at: 0, row: 0 };

  /** rewind() comes back to here, if nothing is pushed meanwhile. */
  mark(): void {
    if (!this.#hasHeader) this.#header();
    this.#marked = { at: this.at, row: this.row };
  }

  rewind(): void {
    this.at = this.#marked.at;
    this.row = this.#marked.row;
    this.#isOver = false;
  }

  finish(): void {
    this.#isLast = true;
  }

  /** True: a row, its values at starts and lengths. 22P04. */
  next(): boolean {
    if (this.#isOver) return false;
    if (!this.#hasHeader && !this.#header()) return this.#missing();
    const { bytes, end } = this;
    let at = this.at;
    if (at + 2 > end) return this.#isLast && at === end ? false : this.#missing();
    const count = bytes.readInt16BE(at);
    at += 2;
    if (count === -1) {
      this.#isOver = true;
      this.at = at;
      return false;
    }
    if (count !== this.#columns) throw bad(`row field count is ${count}, expected ${this.#columns}`);
    for (let index = 0; index < count; index++) {
      if (at + 4 > end) return this.#missing();
      const length = bytes.readInt32BE(at);
      at += 4;
      if (length < -1) throw bad('invalid field size');
      if (at + Math.max(0, length) > end) return this.#missing();
      this.starts[index] = at;
      this.lengths[index] = length;
      at += Math.max(0, length);
    }
    this.at = at;
    this.row++;
    return true;
  }

  #missing(): false {
    if (this.#isLast) throw bad('unexpected EOF in COPY data');
    return false;
  }

  #header(): boolean {
    const { bytes, end } = this;
    if (end < HEADER_BYTES) return false;
    if (!bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE)) throw bad('COPY file signature not recognized');
    const flags = bytes.readUInt32BE(SIGNATURE.length);
    if ((flags & HAS_OIDS) !== 0) throw bad('invalid COPY file header (WITH OIDS)');
    if (flags >>> 16 !== 0) throw bad('unrecognized critical flags in COPY file header');
    const extension = bytes.readInt32BE(SIGNATURE.length + 4);
    if (extension < 0) throw bad('invalid COPY file header (wrong length)');
    if (end < HEADER_BYTES + extension) return false;
    this.at = HEADER_BYTES + extension;
    this.#hasHeader = true;
    return true;
  }
}
