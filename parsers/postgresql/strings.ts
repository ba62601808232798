/**
 * What PostgreSQL's string and name literals stand for: E'' escapes, U&'' code points.
 */

import { syntaxError } from '../../engine/sblr/parse-error.ts';
import { lexicalError } from './errors.ts';

const SIMPLE: { readonly [letter: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };
const OCTAL = /^[0-7]{1,3}/;
const HEX_BYTE = /^[0-9a-fA-F]{1,2}/;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** The content of one piece of E'...', between its quotes. `offset`: where the piece lies in the text. */
export function withoutEscapes(piece: string, offset: number): string {
  if (!piece.includes('\\')) return piece.replaceAll("''", "'");
  let result = '';
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length > 0) result += decoded(bytes, offset);
    bytes = [];
  };
  for (let at = 0; at < piece.length; ) {
    const byte = piece[at] === '\\' ? byteEscape(piece, at + 1) : null;
    if (byte !== null) {
      if (byte.value === 0) throw syntaxError('invalid byte sequence for encoding "UTF8": 0x00', offset + at);
      bytes.push(byte.value);
      at = byte.end;
      continue;
    }
    flush();
    if (piece[at] === "'") at++;
    if (piece[at] !== '\\') {
      result += piece[at++];
      continue;
    }
    const letter = piece[at + 1] ?? '';
    if (letter === 'u' || letter === 'U') {
      const unicode = unicodeEscape(piece, at, letter === 'u' ? 4 : 8, offset);
      result += unicode.text;
      at = unicode.end;
    } else {
      result += SIMPLE[letter] ?? letter;
      at += 2;
    }
  }
  flush();
  return result;
}

function byteEscape(piece: string, at: number): { value: number; end: number } | null {
  const octal = OCTAL.exec(piece.slice(at, at + 3));
  if (octal !== null) return { value: Number.parseInt(octal[0], 8) & 255, end: at + octal[0].length };
  if (piece[at] !== 'x') return null;
  const hex = HEX_BYTE.exec(piece.slice(at + 1, at + 3));
  return hex === null ? null : { value: Number.parseInt(hex[0], 16), end: at + 1 + hex[0].length };
}

function decoded(bytes: readonly number[], offset: number): string {
  try {
    return strictUtf8.decode(Uint8Array.from(bytes));
  } catch {
    const shown = bytes.map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
    throw syntaxError(`invalid byte sequence for encoding "UTF8": ${shown}`, offset);
  }
}

function unicodeEscape(piece: string, at: number, digits: number, offset: number): { text: string; end: number } {
  const end = at + 2 + digits;
  const hex = piece.slice(at + 2, end);
  if (hex.length < digits || !/^[0-9a-fA-F]+$/.test(hex)) {
    throw syntaxError('invalid Unicode escape', offset + at, 'Unicode escapes must be \\uXXXX or \\UXXXXXXXX.');
  }
  const point = Number.parseInt(hex, 16);
  if (point >= 0xd800 && point <= 0xdbff && piece[end] === '\\' && (piece[end + 1] === 'u' || piece[end + 1] === 'U')) {
    const second = Number.parseInt(piece.slice(end + 2, end + (piece[end + 1] === 'u' ? 6 : 10)), 16);
    if (second >= 0xdc00 && second <= 0xdfff) {
      const joined = 0x10000 + ((point - 0xd800) << 10) + (second - 0xdc00);
      return { text: String.fromCodePoint(joined), end: end + (piece[end + 1] === 'u' ? 6 : 10) };
    }
  }
  return { text: codePoint(point, offset + at), end };
}

function codePoint(point: number, offset: number): string {
  if (point >= 0xd800 && point <= 0xdfff) throw lexicalError('invalid Unicode surrogate pair', '', offset);
  if (point === 0 || point > 0x10ffff) throw syntaxError('invalid Unicode escape value', offset);
  return String.fromCodePoint(point);
}

/** The content of U&'...' or U&"...", its quotes undoubled before: `\XXXX`, `\+XXXXXX`, the escape twice. */
export function unicodeUnescape(content: string, mark: string, offset: number): string {
  let result = '';
  for (let at = 0; at < content.length; ) {
    if (content[at] !== mark) {
      result += content[at++];
      continue;
    }
    if (content[at + 1] === mark) {
      result += mark;
      at += 2;
      continue;
    }
    const isLong = content[at + 1] === '+';
    const begin = at + (isLong ? 2 : 1);
    const end = begin + (isLong ? 6 : 4);
    const hex = content.slice(begin, end);
    if (hex.length !== end - begin || !/^[0-9a-fA-F]+$/.test(hex)) {
      throw syntaxError('invalid Unicode escape', offset + at, 'Unicode escapes must be \\XXXX or \\+XXXXXX.');
    }
    const point = Number.parseInt(hex, 16);
    const pair = point >= 0xd800 && point <= 0xdbff ? lowSurrogate(content, end, mark) : 0;
    result += pair === 0 ? codePoint(point, offset + at) : String.fromCharCode(point, pair);
    at = pair === 0 ? end : end + 5;
  }
  return result;
}

/** The second half of a pair as \XXXX at `at`, or 0. */
function lowSurrogate(content: string, at: number, mark: string): number {
  if (content[at] !== mark) return 0;
  const point = Number.parseInt(content.slice(at + 1, at + 5), 16);
  return point >= 0xdc00 && point <= 0xdfff ? point : 0;
}
