/** Reading messages of a client: numbers and texts between two places. What is not as agreed is a protocol violation (08P01). */

import { wireError } from '../errors.ts';

/** Reads through the body of one message. */
export class MessageReader {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  byte(): number {
    this.#check(1);
    return this.bytes[this.at++];
  }

  half(): number {
    this.#check(2);
    const { bytes, at } = this;
    this.at = at + 2;
    return ((bytes[at] << 24) | (bytes[at + 1] << 16)) >> 16;
  }

  word(): number {
    this.#check(4);
    const { bytes, at } = this;
    this.at = at + 4;
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }

  /** A text that ends with a zero. 22021 for what is no UTF-8. */
  text(): string {
    const { bytes, at } = this;
    const zero = this.#zero();
    this.at = zero + 1;
    if (zero === at) return '';
    const text = bytes.utf8Slice(at, zero);
    if (text.includes('\ufffd')) checkText(bytes, at, zero);
    return text;
  }

  /** The name of a statement or a portal: a text of which there are few, and which comes again and again. Hot. */
  name(): string {
    const { bytes, at } = this;
    const zero = this.#zero();
    const length = zero - at;
    if (length === 0 || length > NAME_MAX) return this.text();
    let hash = length;
    for (let index = at; index < zero; index++) hash = (hash * 31 + bytes[index]) | 0;
    const known = names[hash & (NAMES - 1)];
    if (known.length === length && isSame(known, bytes, at)) {
      this.at = zero + 1;
      return known;
    }
    const name = this.text();
    if (name.length === length) names[hash & (NAMES - 1)] = name;
    return name;
  }

  #zero(): number {
    const { bytes, end } = this;
    for (let at = this.at; at < end; at++) {
      if (bytes[at] === 0) return at;
      if (at - this.at === LOOP_MAX) {
        const found = bytes.indexOf(0, at);
        if (found >= 0 && found < end) return found;
        break;
      }
    }
    throw invalid('a text does not end');
  }

  /** Place of the next `count` bytes. */
  skip(count: number): number {
    if (count < 0) throw invalid('a length is negative');
    this.#check(count);
    const { at } = this;
    this.at = at + count;
    return at;
  }

  #check(count: number): void {
    if (this.at + count > this.end) throw invalid('it is too short');
  }

  /** The message ends here. */
  done(): void {
    if (this.at !== this.end) throw invalid('it is too long');
  }
}

const LOOP_MAX = 64;

/** Names that are kept, a power of two, and the longest of them. */
const NAMES = 512;
const NAME_MAX = 32;
const names: string[] = new Array<string>(NAMES).fill('');

function isSame(text: string, bytes: Buffer, at: number): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) !== bytes[at + index]) return false;
  return true;
}

const invalid = (why: string): Error => wireError('08P01', `invalid message format: ${why}`);

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The replacement character may stand there itself. */
function checkText(bytes: Buffer, start: number, end: number): void {
  try {
    decoder.decode(bytes.subarray(start, end));
  } catch (error) {
    throw wireError('22021', 'invalid byte sequence for encoding "UTF8"', error);
  }
}
