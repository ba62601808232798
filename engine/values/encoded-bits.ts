/** bit and varbit: the value is a text of '0' and '1'. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badParameter, outOfRange, tooLarge } from './errors.ts';
import type { Implementation } from './functions.ts';
import { type Int8, int8Of } from './integers.ts';

const BITS_MAX = 83_886_080;

const mismatch = (message: string): SqlError => new SqlError(SQLSTATE.string_data_length_mismatch, message);

/** '101', 'b101', 'x5'. 22P02 */
export function readBits(text: string): string {
  const isHex = /^[xX]/.test(text);
  const digits = /^[bBxX]/.test(text) ? text.slice(1) : text;
  const allowed = isHex ? /[^\da-fA-F]/ : /[^01]/;
  const wrong = allowed.exec(digits);
  if (wrong !== null) {
    throw new SqlError(
      SQLSTATE.invalid_text_representation,
      `"${wrong[0]}" is not a valid ${isHex ? 'hexadecimal' : 'binary'} digit`,
    );
  }
  return isHex ? [...digits].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('') : digits;
}

function combined(a: string, b: string, what: string, combine: (x: boolean, y: boolean) => boolean): string {
  if (a.length !== b.length) throw mismatch(`cannot ${what} bit strings of different sizes`);
  let result = '';
  for (let at = 0; at < a.length; at++) result += combine(a[at] === '1', b[at] === '1') ? '1' : '0';
  return result;
}

function shifted(value: string, by: number): string {
  if (by >= value.length || by <= -value.length) return '0'.repeat(value.length);
  return by >= 0 ? value.slice(by) + '0'.repeat(by) : '0'.repeat(-by) + value.slice(0, by);
}

const negative = (): SqlError => new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');

function substring(value: string, from: number, length: number): string {
  if (length < 0) throw negative();
  const start = Math.max(from, 1);
  return value.slice(start - 1, Math.max(from + length - 1, start - 1));
}
function overlay(value: string, by: string, from: number, length: number): string {
  if (from <= 0) throw new SqlError(SQLSTATE.substring_error, 'negative substring length not allowed');
  if (from + length > 2147483647) throw outOfRange('integer');
  return value.slice(0, from - 1) + by + value.slice(Math.max(from - 1 + length, 0));
}

function inRange(value: string, at: number): void {
  if (at >= 0 && at < value.length) return;
  throw new SqlError(SQLSTATE.array_subscript_error, `bit index ${at} out of valid range (0..${value.length - 1})`);
}
function setBit(value: string, at: number, bit: number): string {
  inRange(value, at);
  if (bit !== 0 && bit !== 1) throw badParameter('new bit must be 0 or 1');
  return value.slice(0, at) + bit + value.slice(at + 1);
}

/** What a number's cast gives before its length is known: of it the last bits are taken. */
const NUMBER = '#';
export const writeBits = (value: string): string => (value.startsWith(NUMBER) ? value.slice(-1) : value);

/** bit(n): exactly as many; an explicit cast cuts and fills at the right. */
function fitBits(value: string, length: number, isExplicit: boolean): string {
  if (value.startsWith(NUMBER)) return ofBits(value.slice(1), length);
  if (length < 1 || value.length === length) return value;
  if (!isExplicit) throw mismatch(`bit string length ${value.length} does not match type bit(${length})`);
  return value.slice(0, length).padEnd(length, '0');
}
function fitVaryingBits(value: string, length: number, isExplicit: boolean): string {
  if (length < 1 || value.length <= length) return value;
  if (!isExplicit)
    throw new SqlError(SQLSTATE.string_data_right_truncation, `bit string too long for type bit varying(${length})`);
  return value.slice(0, length);
}

/** The last ones; its first one fills what is longer. */
const ofBits = (bits: string, length: number): string => bits.padStart(length, bits[0]).slice(-Math.max(length, 1));

/** The last bits of a number; a number's sign fills what is longer. */
const ofNumber =
  (size: number) =>
  (value: Int8, length: number): string => {
    const wanted = length < 1 ? 1 : length;
    if (wanted > BITS_MAX) throw tooLarge();
    const sign = Number(value) < 0 ? '1' : '0';
    return BigInt.asUintN(size, BigInt(value)).toString(2).padStart(size, '0').padStart(wanted, sign).slice(-wanted);
  };
const toNumber = (value: string, size: number, type: string): bigint => {
  if (value.length > size) throw outOfRange(type);
  return BigInt.asIntN(size, BigInt(`0b0${value}`));
};

const same = (value: string): string => value;

const table: { [primitive: string]: Implementation } = {
  'bit.bitAnd': (a: string, b: string) => combined(a, b, 'AND', (x, y) => x && y),
  'bit.bitOr': (a: string, b: string) => combined(a, b, 'OR', (x, y) => x || y),
  'bit.bitXor': (a: string, b: string) => combined(a, b, 'XOR', (x, y) => x !== y),
  'bit.bitNot': (value: string) => value.replace(/[01]/g, (bit) => (bit === '0' ? '1' : '0')),
  'bit.shiftLeft': shifted,
  'bit.shiftRight': (value: string, by: number) => shifted(value, -by),
  'varbit.concat': (a: string, b: string) => a + b,
  'bit.length': (value: string) => value.length,
  'bit.octetLength': (value: string) => Math.ceil(value.length / 8),
  'bit.bitCount': (value: string) => value.replaceAll('0', '').length,
  'bit.position': (part: string, value: string) => value.indexOf(part) + 1,
  'bit.substring.from': (value: string, from: number) =>
    substring(value, from, Math.max(value.length - Math.min(from, 1) + 1, 0)),
  'bit.substring': substring,
  'bit.overlay': overlay,
  'bit.overlay.from': (value: string, by: string, from: number) => overlay(value, by, from, by.length),
  'bit.getBit': (value: string, at: number) => {
    inRange(value, at);
    return Number(value[at]);
  },
  'bit.setBit': setBit,
  'bit.to.bit': fitBits,
  'varbit.to.varbit': fitVaryingBits,
  'bit.to.varbit': same,
  'varbit.to.bit': same,
  'int4.to.bit': (value: number) => NUMBER + ofNumber(32)(value, 32),
  'int8.to.bit': (value: Int8) => NUMBER + ofNumber(64)(value, 64),
  'int4.bit': ofNumber(32),
  'int8.bit': ofNumber(64),
  'bit.to.int4': (value: string) => Number(toNumber(value, 32, 'integer')),
  'bit.to.int8': (value: string) => int8Of(toNumber(value, 64, 'bigint')),
};
export const bitFunctions: { readonly [primitive: string]: Implementation } = table;
