/**
 * Values in PostgreSQL's binary form, from RowValues: put...(bytes, at, value) writes and returns where it ended. Room is the caller's
 * business; BINARY_BYTES says how much the types of fixed width take.
 *
 * Hot: no allocation but for bigints.
 */

import type { TypeName } from '../../engine/sblr/types.ts';
import type { IntervalValue, RowValue } from '../../engine/storage/rows/row-value.ts';
import { parseDecimal } from '../../engine/storage/rows/wide-numeric.ts';

/** Bytes of a value; types that are not here vary. */
export const BINARY_BYTES: { readonly [type in TypeName]?: number } = {
  bool: 1,
  int2: 2,
  int4: 4,
  int8: 8,
  oid: 4,
  float4: 4,
  float8: 8,
  date: 4,
  time: 8,
  timestamp: 8,
  timestamptz: 8,
  interval: 16,
  uuid: 16,
};

/** PostgreSQL counts from 2000-01-01. */
const EPOCH_DAYS = 10957;
const EPOCH_MICROSECONDS = 946_684_800_000_000;

export function putByte(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value;
  return at + 1;
}

export function putWord(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

export function putHalf(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
  return at + 2;
}

/** Two words, low and high, as they lie in rows. */
export const putLongWords = (bytes: Uint8Array, at: number, low: number, high: number): number =>
  putWord(bytes, putWord(bytes, at, high), low);

export function putLong(bytes: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'number') {
    const high = Math.floor(value / 4294967296);
    return putLongWords(bytes, at, value - high * 4294967296, high);
  }
  return putLongWords(bytes, at, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
}

const scratch = new Float64Array(1);
const scratchWords = new Int32Array(scratch.buffer);
const scratchSingle = new Float32Array(1);
const scratchSingleWord = new Int32Array(scratchSingle.buffer);

export function putDouble(bytes: Uint8Array, at: number, value: number): number {
  scratch[0] = value;
  return putLongWords(bytes, at, scratchWords[0], scratchWords[1]);
}

export function putSingle(bytes: Uint8Array, at: number, value: number): number {
  scratchSingle[0] = value;
  return putWord(bytes, at, scratchSingleWord[0]);
}

/** Days since 1970; the infinities are the extreme words. */
export function putDay(bytes: Uint8Array, at: number, days: number): number {
  if (days === Number.POSITIVE_INFINITY) return putWord(bytes, at, 0x7fffffff);
  return putWord(bytes, at, days === Number.NEGATIVE_INFINITY ? -0x80000000 : days - EPOCH_DAYS);
}

export function putInstant(bytes: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'bigint') return putLong(bytes, at, value - BigInt(EPOCH_MICROSECONDS));
  if (value === Number.POSITIVE_INFINITY) return putLongWords(bytes, at, -1, 0x7fffffff);
  if (value === Number.NEGATIVE_INFINITY) return putLongWords(bytes, at, 0, -0x80000000);
  const moved = value - EPOCH_MICROSECONDS;
  // Only what is far before 1970 leaves the doubles.
  if (moved < Number.MIN_SAFE_INTEGER) return putLong(bytes, at, BigInt(value) - BigInt(EPOCH_MICROSECONDS));
  return putLong(bytes, at, moved);
}

export function putInterval(bytes: Uint8Array, at: number, { months, days, microseconds }: IntervalValue): number {
  return putWord(bytes, putWord(bytes, putLong(bytes, at, microseconds), days), months);
}

/** 36 characters. */
export function putUuidText(bytes: Uint8Array, at: number, text: string): number {
  let end = at;
  for (let index = 0; index < 36; index += 2) {
    if (text.charCodeAt(index) === 45) index++;
    bytes[end++] = (hexDigit(text.charCodeAt(index)) << 4) | hexDigit(text.charCodeAt(index + 1));
  }
  return end;
}

const hexDigit = (code: number): number => (code & 15) + (code > 57 ? 9 : 0);

const NUMERIC_NEGATIVE = 0x4000;
const NUMERIC_SPECIAL: { readonly [text: string]: number } = { NaN: 0xc000, Infinity: 0xd000, '-Infinity': 0xf000 };

/** What PostgreSQL's macro makes of the bits that say infinity. */
const INFINITY_SCALE = 0x20;

/** Bytes that a numeric of so many characters takes at most. */
export const numericRoom = (characters: number): number => 12 + characters;

/**
 * A decimal text: number of digits, weight of the first, sign, scale; then the digits, each of four decimal ones (numeric.c,
 * numeric_send).
 */
export function putNumeric(bytes: Uint8Array, at: number, text: string): number {
  const special = NUMERIC_SPECIAL[text];
  if (special !== undefined) return putHead(bytes, at, 0, 0, special, text === 'NaN' ? 0 : INFINITY_SCALE);
  const decimal = parseDecimal(text);
  if (decimal === null) throw new Error('not a decimal text');
  const { negative, scale } = decimal;
  const whole = decimal.digits.length - decimal.scale;
  // The point lies between two groups.
  const lead = ((whole % 4) + 4) % 4;
  const groups = `${lead === 0 ? '' : '0'.repeat(4 - lead)}${decimal.digits}`;
  let weight = Math.ceil(whole / 4) - 1;
  let first = 0;
  const count = Math.ceil(groups.length / 4);
  const digitAt = (group: number): number => Number(groups.slice(group * 4, group * 4 + 4).padEnd(4, '0'));
  let last = count;
  while (last > first && digitAt(last - 1) === 0) last--;
  while (first < last && digitAt(first) === 0) {
    first++;
    weight--;
  }
  if (first === last) weight = 0;
  let end = putHead(bytes, at, last - first, weight, negative && last > first ? NUMERIC_NEGATIVE : 0, Math.max(0, scale));
  for (let group = first; group < last; group++) end = putHalf(bytes, end, digitAt(group));
  return end;
}

const GROUP = 10_000;
const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power);
/** Groups of a number's two sides; of the fraction the first group of digits first. */
const groups = new Int32Array(8);

/** Bytes that a scaled integer takes at most. */
export const SCALED_NUMERIC_BYTES = 8 + 2 * groups.length;

/** Scales and numbers that putScaledNumeric() takes: all steps are exact then. */
export const isShortScaled = (value: number, scale: number): boolean => scale <= 12 && value > -1e15 && value < 1e15;

/** value / 10^scale. Hot: no text is made. */
export function putScaledNumeric(bytes: Uint8Array, at: number, value: number, scale: number): number {
  const magnitude = value < 0 ? -value : value;
  let whole = Math.floor(magnitude / POWERS[scale]);
  const fractions = (scale + 3) >> 2;
  let fraction = (magnitude - whole * POWERS[scale]) * POWERS[fractions * 4 - scale];
  let first = 4;
  for (; whole > 0; first--) {
    const rest = Math.floor(whole / GROUP);
    groups[first - 1] = whole - rest * GROUP;
    whole = rest;
  }
  for (let index = 3 + fractions; index >= 4; index--) {
    const rest = Math.floor(fraction / GROUP);
    groups[index] = fraction - rest * GROUP;
    fraction = rest;
  }
  let last = 4 + fractions;
  while (last > first && groups[last - 1] === 0) last--;
  while (first < last && groups[first] === 0) first++;
  const weight = first === last ? 0 : 3 - first;
  let end = putHead(bytes, at, last - first, weight, value < 0 ? NUMERIC_NEGATIVE : 0, scale);
  for (let index = first; index < last; index++) end = putHalf(bytes, end, groups[index]);
  return end;
}

function putHead(bytes: Uint8Array, at: number, digits: number, weight: number, sign: number, scale: number): number {
  return putHalf(bytes, putHalf(bytes, putHalf(bytes, putHalf(bytes, at, digits), weight), sign), scale);
}

/** Writes a value of a type of fixed width. */
export function putFixed(bytes: Uint8Array, at: number, type: TypeName, value: RowValue): number {
  switch (type) {
    case 'bool':
      bytes[at] = value === true ? 1 : 0;
      return at + 1;
    case 'int2':
      return putHalf(bytes, at, value as number);
    case 'int4':
    case 'oid':
      return putWord(bytes, at, value as number);
    case 'int8':
    case 'time':
      return putLong(bytes, at, value as number | bigint);
    case 'float4':
      return putSingle(bytes, at, value as number);
    case 'float8':
      return putDouble(bytes, at, value as number);
    case 'date':
      return putDay(bytes, at, value as number);
    case 'timestamp':
    case 'timestamptz':
      return putInstant(bytes, at, value as number | bigint);
    case 'interval':
      return putInterval(bytes, at, value as IntervalValue);
    case 'uuid':
      return putUuidText(bytes, at, value as string);
    default:
      throw new Error(`values of type ${type} vary in length`);
  }
}
