/**
 * Number literals (scan.l): 42, 0x2A, 0o52, 0b101010, 1_000, 4.2, .5, 1e-3.
 */

import { DIGIT, HEX_DIGIT, hasFlag, isIdentifierStart } from '../kit/characters.ts';
import { CHARACTERS } from './characters.ts';
import { lexicalError } from './errors.ts';

const UNDERSCORE = 95;
const POINT = 46;
const ZERO = 48;
const PLUS = 43;
const MINUS = 45;

/** Behind digits with single underscores between them. `first`: whether an underscore may lead, as behind 0x. */
function digitsEnd(text: string, from: number, flag: number, first: boolean): number {
  let at = from;
  if (first && text.charCodeAt(at) === UNDERSCORE && hasFlag(CHARACTERS, text.charCodeAt(at + 1), flag)) at++;
  while (hasFlag(CHARACTERS, text.charCodeAt(at), flag)) {
    at++;
    if (text.charCodeAt(at) === UNDERSCORE && hasFlag(CHARACTERS, text.charCodeAt(at + 1), flag)) at++;
  }
  return at;
}

const RADIXES: { readonly [letter: string]: { radix: number; name: string; digits: RegExp } } = {
  x: { radix: 16, name: 'hexadecimal', digits: /^[0-9a-f]$/i },
  o: { radix: 8, name: 'octal', digits: /^[0-7]$/ },
  b: { radix: 2, name: 'binary', digits: /^[01]$/ },
};

/** End of the number at `from`: decimal point and exponent included. Throws 42601 where a letter or a digit too many follows. */
export function numberEnd(text: string, from: number): number {
  if (text.charCodeAt(from) === ZERO) {
    const radix = RADIXES[text[from + 1]?.toLowerCase() ?? ''];
    if (radix !== undefined) return radixEnd(text, from, radix);
  }
  let at = digitsEnd(text, from, DIGIT, false);
  if (text.charCodeAt(at) === POINT && text.charCodeAt(at + 1) !== POINT) at = digitsEnd(text, at + 1, DIGIT, false);
  at = exponentEnd(text, from, at);
  if (isIdentifierStart(CHARACTERS, text.charCodeAt(at))) throw junk(text, from, at);
  return at;
}

function exponentEnd(text: string, from: number, at: number): number {
  if ((text.charCodeAt(at) | 32) !== 101) return at;
  const sign = text.charCodeAt(at + 1);
  const digits = sign === PLUS || sign === MINUS ? at + 2 : at + 1;
  const end = digitsEnd(text, digits, DIGIT, false);
  if (end === digits) throw junk(text, from, at);
  return end;
}

function radixEnd(text: string, from: number, radix: (typeof RADIXES)[string]): number {
  const begin = from + 2;
  const end = digitsEnd(text, begin, HEX_DIGIT, true);
  for (let at = begin; at < end; at++) {
    if (text[at] === '_' || radix.digits.test(text[at])) continue;
    if (at === begin) throw lexicalError(`invalid ${radix.name} integer`, text.slice(from, begin), from);
    throw junk(text, from, at);
  }
  if (end === begin) throw lexicalError(`invalid ${radix.name} integer`, text.slice(from, begin), from);
  if (isIdentifierStart(CHARACTERS, text.charCodeAt(end))) throw junk(text, from, end);
  return end;
}

function junk(text: string, from: number, at: number): Error {
  let end = at;
  while (isIdentifierStart(CHARACTERS, text.charCodeAt(end)) || hasFlag(CHARACTERS, text.charCodeAt(end), DIGIT)) end++;
  return lexicalError('trailing junk after numeric literal', text.slice(from, end), from);
}

const isWhole = (image: string): boolean => /^[0-9]+$/.test(image);

/** A number as written, in decimal digits without underscores; the exponent stays. */
export function plainNumber(image: string): string {
  const plain = image.includes('_') ? image.replaceAll('_', '') : image;
  if (plain.length > 2 && plain.charCodeAt(0) === ZERO && /^0[xob]/i.test(plain)) return BigInt(plain).toString();
  return plain;
}

/** Whether a plain number is an integer, of any size. */
export const isInteger = isWhole;

const INT8_DIGITS = 19;
const INT8_MAX = '9223372036854775807';

/** PostgreSQL: an integer beyond int8 is numeric. */
export function fitsInt8(digits: string): boolean {
  const plain = digits.replace(/^0+(?=\d)/, '');
  return plain.length < INT8_DIGITS || (plain.length === INT8_DIGITS && plain <= INT8_MAX);
}
