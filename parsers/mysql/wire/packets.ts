/**
 * Packets of MySQL's protocol: a length of three bytes and a number, little-endian, then the payload. What is longer than 0xffffff bytes
 * goes on in the next packet.
 */

import type { RowOutput } from '../../../plugins/contract/output.ts';
import { plainError } from '../../../engine/sblr/parse-error.ts';

export const HEAD = 4;
export const LONGEST = 0xffffff;

const REPLACEMENT = '\ufffd';

/** 22021: the bytes are no UTF-8. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes(REPLACEMENT) || Buffer.from(text).equals(bytes)) return text;
  throw plainError('22021', 'the bytes are no text of the character set utf8mb4');
}

/** Reads a payload from its beginning. 08P01 where it ends too early. */
export class PacketReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  begin(bytes: Buffer, at: number, end: number): void {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get rest(): number {
    return this.end - this.at;
  }

  #skip(count: number): number {
    const { at } = this;
    if (count > this.end - at) throw plainError('08P01', 'Malformed communication packet');
    this.at = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.#skip(1)];
  }

  u16(): number {
    return this.bytes.readUInt16LE(this.#skip(2));
  }

  u32(): number {
    return this.bytes.readUInt32LE(this.#skip(4));
  }

  skip(count: number): void {
    this.#skip(count);
  }

  take(count: number): Buffer {
    const start = this.#skip(count);
    return this.bytes.subarray(start, start + count);
  }

  /** To the zero byte, which is taken too; without one to the end. */
  zeroText(): string {
    const found = this.bytes.subarray(this.at, this.end).indexOf(0);
    const length = found < 0 ? this.rest : found;
    const text = textOf(this.take(length));
    if (found >= 0) this.at++;
    return text;
  }

  restText(): string {
    return textOf(this.take(this.rest));
  }

  /** A length-encoded integer. */
  length(): number {
    const first = this.u8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.u16();
    if (first === 0xfd) return this.bytes.readUIntLE(this.#skip(3), 3);
    const long = this.bytes.readBigUInt64LE(this.#skip(8));
    if (long > BigInt(LONGEST) * 256n) throw plainError('08P01', 'Malformed communication packet');
    return Number(long);
  }
}

/** Writes packets into a connection's output, each with the number behind the one before. */
export class PacketWriter {
  readonly #output: () => RowOutput;
  #start = 0;
  /** Number of the next packet. */
  number = 0;

  constructor(output: () => RowOutput) {
    this.#output = output;
  }

  begin(): void {
    const output = this.#output();
    this.#start = output.at;
    output.need(HEAD);
    output.at += HEAD;
  }

  end(): void {
    const output = this.#output();
    const length = output.at - this.#start - HEAD;
    if (length >= LONGEST) throw plainError('54000', `a packet of ${length} bytes is too long`);
    output.bytes.writeUInt32LE(length, this.#start);
    output.bytes[this.#start + 3] = this.number;
    this.number = (this.number + 1) & 0xff;
  }

  uint(value: number, width: number): void {
    const output = this.#output();
    output.need(width);
    output.bytes.writeUIntLE(value, output.at, width);
    output.at += width;
  }

  length(value: number): void {
    if (value < 0xfb) this.uint(value, 1);
    else if (value < 0x10000) {
      this.uint(0xfc, 1);
      this.uint(value, 2);
    } else if (value <= LONGEST) {
      this.uint(0xfd, 1);
      this.uint(value, 3);
    } else {
      this.uint(0xfe, 1);
      this.uint(value % 2 ** 32, 4);
      this.uint(Math.floor(value / 2 ** 32), 4);
    }
  }

  raw(bytes: Uint8Array): void {
    const output = this.#output();
    output.need(bytes.length);
    output.bytes.set(bytes, output.at);
    output.at += bytes.length;
  }

  zeros(count: number): void {
    this.raw(new Uint8Array(count));
  }

  text(text: string): void {
    this.raw(Buffer.from(text));
  }

  zeroText(text: string): void {
    this.text(text);
    this.uint(0, 1);
  }

  lengthText(text: string): void {
    const bytes = Buffer.from(text);
    this.length(bytes.length);
    this.raw(bytes);
  }

  /** Numbers the rows that lie in the output from `from` on. Returns how many there are. Hot. */
  numberRows(from: number): number {
    const { bytes, at: end } = this.#output();
    let count = 0;
    for (let at = from; at < end; count++) {
      bytes[at + 3] = this.number;
      this.number = (this.number + 1) & 0xff;
      at += HEAD + (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16));
    }
    return count;
  }
}
