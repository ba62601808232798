/**
 * What generated row code calls: conversions that are too long to stand in it, and everything cold. They take views and
 * offsets, never rows as objects (SBLR-V9).
 *
 * Hot: putText, readText, readLong. The rest runs once a value at an API boundary.
 */

import { isUtf8 } from 'node:buffer';
import { INLINE_VALUE_BYTES_MAX } from '../../engine/storage/rows/row-image.ts';
import { nestedBytes, readNested } from '../../engine/storage/rows/nested-bytes.ts';
import { isNested } from '../../engine/storage/rows/nested-value.ts';
import { type IntervalValue, OverflowReference, type RowValue } from '../../engine/storage/rows/row-value.ts';
import {
  decimalText,
  NOT_NUMERIC,
  NUMERIC_RANGE,
  parseDecimal,
  wideNumericBytes,
  wideNumericText,
} from '../../engine/storage/rows/wide-numeric.ts';
import {
  setOverflowReferenceCodec,
  setOverflowReferenceLength,
  setOverflowReferencePage,
  setOverflowReferenceStored,
} from '../../engine/storage/rows/row.layout.gen.ts';
import { SHORT_TEXT_MAX, shortText } from './short-text.ts';

/** A value must go to an overflow chain first. */
export const WIDE = -1;
/** Not a value of the column's type. */
export const WRONG_TYPE = -2;
/** Out of the type's range. */
export const OUT_OF_RANGE = -3;

/** Without write()'s looking at what it was given. */
interface Utf8Writer {
  utf8Write(text: string, at: number): number;
}

const TEXT_LOOP_MAX = 48;

/** Writes a string of at most INLINE_VALUE_BYTES_MAX characters as UTF-8 and returns its bytes, or WIDE. */
export function putText(u8: Uint8Array, bytes: Buffer, at: number, text: string): number {
  const length = text.length;
  if (length <= TEXT_LOOP_MAX) {
    let index = 0;
    for (; index < length; index++) {
      const code = text.charCodeAt(index);
      if (code > 127) break;
      u8[at + index] = code;
    }
    if (index === length) return length;
  }
  const written = (bytes as unknown as Utf8Writer).utf8Write(text, at);
  return written > INLINE_VALUE_BYTES_MAX ? WIDE : written;
}

/** Writes bytes; for text they must be UTF-8. Returns how many, WIDE or WRONG_TYPE. */
export function putBytes(u8: Uint8Array, at: number, value: unknown, text: boolean): number {
  if (!(value instanceof Uint8Array) || (text && !isUtf8(value))) return WRONG_TYPE;
  if (value.length > INLINE_VALUE_BYTES_MAX) return WIDE;
  u8.set(value, at);
  return value.length;
}

/** Writes a wide numeric. Returns its bytes, WIDE, WRONG_TYPE or OUT_OF_RANGE. */
export function putWide(u8: Uint8Array, at: number, value: unknown): number {
  const bytes = wideBytes(value);
  return typeof bytes === 'number' ? bytes : putBytes(u8, at, bytes, false);
}

/** Writes a nested value. Returns its bytes, WIDE or WRONG_TYPE. */
export function putNested(u8: Uint8Array, at: number, value: unknown): number {
  return isNested(value) ? putBytes(u8, at, nestedBytes(value), false) : WRONG_TYPE;
}

function wideBytes(value: unknown): Uint8Array | number {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return WRONG_TYPE;
  const bytes = wideNumericBytes(value);
  return bytes === NOT_NUMERIC ? WRONG_TYPE : bytes === NUMERIC_RANGE ? OUT_OF_RANGE : bytes;
}

/** The bytes a variable-width value is stored as, or a status: what an overflow chain will hold. */
export function variableBytes(kind: string, value: RowValue | undefined): Uint8Array | number {
  if (kind === 'wideNumeric') return wideBytes(value);
  if (kind === 'nested') return isNested(value) ? nestedBytes(value) : WRONG_TYPE;
  if (typeof value === 'string' && kind !== 'bytes') return Buffer.from(value);
  return value instanceof Uint8Array && (kind === 'bytes' || isUtf8(value)) ? value : WRONG_TYPE;
}

/** Writes the reference of an overflow chain; `at` is a multiple of 4. */
export function putReference(i32: Int32Array, at: number, reference: OverflowReference): void {
  const u32 = i32 as unknown as Uint32Array;
  setOverflowReferencePage(u32, at, reference.page);
  setOverflowReferenceLength(u32, at, reference.length);
  setOverflowReferenceStored(u32, at, reference.stored);
  setOverflowReferenceCodec(u32, at, reference.codec);
}

export const isReference = (value: unknown): boolean => value instanceof OverflowReference;

const LONG_MAX = 2n ** 63n - 1n;

/** Words of the infinities of timestamps: they lie between the numbers that wrap around and those that do not. */
const INSTANT_INFINITY_HIGH = -0x40000001;
const INSTANT_MINUS_INFINITY_HIGH = -0x40000000;
/** A key's high word: signed, its order is that of the instants, -infinity first. */
export const INSTANT_KEY_BIAS = -0x40000000;
/** The first moment that no timestamp is: a key that stands behind all of them has it. */
const INSTANT_LAST = 9224318016000000000n;

/**
 * Writes two words, low first. `instant`: microseconds since 1970 up to 294276 AD are a little more than 63 bits; they wrap around, for
 * nothing is as long before 1970.
 */
export function putBig(i32: Int32Array, word: number, value: bigint, instant: boolean): boolean {
  if (value > (instant ? INSTANT_LAST : LONG_MAX) || value < -LONG_MAX - 1n) return false;
  if (instant && value < -(2n ** 61n)) return false;
  i32[word] = Number(BigInt.asIntN(32, value));
  i32[word + 1] = Number(BigInt.asIntN(32, value >> 32n));
  return true;
}

/** Writes an infinity into the two words of a timestamp; false for any other number. */
export function putInfinite(i32: Int32Array, word: number, value: number): boolean {
  if (value !== Number.POSITIVE_INFINITY && value !== Number.NEGATIVE_INFINITY) return false;
  i32[word] = value > 0 ? -1 : 0;
  i32[word + 1] = value > 0 ? INSTANT_INFINITY_HIGH : INSTANT_MINUS_INFINITY_HIGH;
  return true;
}

/** A date's word: the infinities have the extreme ones. NaN for what is no date. */
export function dateWord(value: number): number {
  if (value === Number.POSITIVE_INFINITY) return 0x7fffffff;
  if (value === Number.NEGATIVE_INFINITY) return -0x80000000;
  return (value | 0) === value && value < 0x7fffffff && value > -0x80000000 ? value : Number.NaN;
}

export function readDate(word: number): number {
  if (word === 0x7fffffff) return Number.POSITIVE_INFINITY;
  return word === -0x80000000 ? Number.NEGATIVE_INFINITY : word;
}

/** The double of two words, or a bigint where Number.isSafeInteger would say no. */
export function readLong(low: number, high: number): number | bigint {
  if (high >= -0x200000 && high < 0x200000 && (high !== -0x200000 || low !== 0)) return high * 4294967296 + (low >>> 0);
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

export function readInstant(low: number, high: number): number | bigint {
  if (high > INSTANT_MINUS_INFINITY_HIGH) return readLong(low, high);
  if (high === INSTANT_INFINITY_HIGH && low === -1) return Number.POSITIVE_INFINITY;
  if (high === INSTANT_MINUS_INFINITY_HIGH && low === 0) return Number.NEGATIVE_INFINITY;
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** A short numeric as its scaled integer; rounds half away from zero; NaN for what is no number, Infinity if too large. */
export function scaledNumber(value: unknown, scale: number): number {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return Number.NaN;
  const decimal = parseDecimal(String(value));
  if (decimal === null) return Number.NaN;
  const kept = decimal.digits.length - decimal.scale + scale;
  if (kept < 0) return 0;
  if (kept > 16) return Number.POSITIVE_INFINITY;
  const digits = decimal.digits.slice(0, kept).padEnd(kept, '0');
  const roundUp = decimal.digits.charCodeAt(kept) >= 53 ? 1 : 0;
  const magnitude = Number(digits === '' ? 0 : digits) + roundUp;
  return decimal.negative && magnitude !== 0 ? -magnitude : magnitude;
}

/** Decimal text of a scaled integer. */
export function scaledText(value: number, scale: number): string {
  return scale === 0 ? String(value) : decimalText(String(Math.abs(value)), scale, value < 0);
}

const HEX = /^[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$/;

export function putUuid(u8: Uint8Array, at: number, value: unknown): boolean {
  if (value instanceof Uint8Array) {
    if (value.length !== 16) return false;
    u8.set(value, at);
    return true;
  }
  if (typeof value !== 'string' || !HEX.test(value)) return false;
  u8.set(Buffer.from(value.replaceAll('-', ''), 'hex'), at);
  return true;
}

export function readUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const isWord = (value: unknown): value is number => typeof value === 'number' && (value | 0) === value;

export function putInterval(i32: Int32Array, word: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { months, days, microseconds } = value as IntervalValue;
  if (!isWord(months) || !isWord(days)) return false;
  if (typeof microseconds !== 'bigint' && !Number.isSafeInteger(microseconds)) return false;
  i32[word] = months;
  i32[word + 1] = days;
  return putBig(i32, word + 2, BigInt(microseconds), false);
}

export function readInterval(i32: Int32Array, word: number): IntervalValue {
  return { months: i32[word], days: i32[word + 1], microseconds: readLong(i32[word + 2], i32[word + 3]) };
}

/** What toString() calls in the end; half its time for short text. */
interface Slices {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

/** Text from UTF-8 bytes; ASCII, which is most of it, is read as Latin-1. */
export function readText(u8: Uint8Array, bytes: Buffer, at: number, length: number): string {
  const end = at + length;
  for (let index = at; index < end; index++) {
    if (u8[index] > 127) return (bytes as unknown as Slices).utf8Slice(at, end);
  }
  if (length <= SHORT_TEXT_MAX) return shortText(u8, at, length);
  return (bytes as unknown as Slices).latin1Slice(at, end);
}

/** Bytes of their own. */
export const readBytes = (bytes: Buffer, at: number, length: number): Uint8Array => Buffer.from(bytes.subarray(at, at + length));

/** A variable-width value given as the bytes an overflow chain held. */
export function valueOfBytes(kind: number, bytes: Uint8Array): RowValue {
  if (kind === 1) return bytes;
  if (kind === 2) return wideNumericText(bytes, 0, bytes.length);
  if (kind === 3) return readNested(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

export const readWide = wideNumericText;

/** Everything above by name, as the factories of generated code take it. */
export const rowHelpers = {
  putText,
  putBytes,
  putWide,
  putNested,
  putReference,
  isReference,
  putBig,
  putInfinite,
  dateWord,
  readDate,
  readLong,
  readInstant,
  scaledNumber,
  scaledText,
  putUuid,
  readUuid,
  putInterval,
  readInterval,
  readText,
  readBytes,
  readWide,
  readNested,
  valueOfBytes,
} as const;

/** The line by which generated source takes them in. */
export const TAKE_HELPERS = `const{${Object.keys(rowHelpers).join(',')}}=h;`;
