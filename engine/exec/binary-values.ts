/**
 * Values in PostgreSQL's binary form as RowValues (SBLR-R4): the way back of codegen/rows/wire-binary.ts. Each is checked: its length
 * (08P01 when bytes are missing, 22P03 when there are too many), its range (22003, 22008), its text (22021).
 */

import { isUtf8 } from 'node:buffer';
import { SHORT_TEXT_MAX, shortText } from '../../codegen/rows/short-text.ts';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { elementOf, isObjectNumber, type TypeName } from '../sblr/types.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import {
  DATE_DAYS_END,
  DAYS_MIN,
  dateOutOfRange,
  type Instant,
  TIMESTAMP_DAYS_END,
  timestampOutOfRange,
} from '../values/calendar.ts';
import { describeType } from '../catalog/virtual/describe.ts';
import { DIMENSIONS_MAX, ITEMS_MAX, tooManyItems } from '../values/array-text.ts';
import type { ValueContext } from '../values/context.ts';
import { inputValue } from '../values/functions-casts.ts';

type Read = (bytes: Buffer, at: number, length: number, type: TypeName, context: ValueContext) => RowValue;

const tooShort = (): SqlError => new SqlError(SQLSTATE.protocol_violation, 'insufficient data left in message');
const badBinary = (message: string): SqlError => new SqlError('22P03', message);

/** Thrown with the number of the value by whoever knows it. */
export const tooLongBinary = (what: string): SqlError => badBinary(`incorrect binary data format in ${what}`);

/** 22021, with the bytes of the first character that is none, as PostgreSQL tells them. */
export function notUtf8(bytes: Uint8Array): SqlError {
  const at = invalidAt(bytes);
  const first = bytes[at];
  const wanted = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 1;
  const shown = [...bytes.subarray(at, at + wanted)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return new SqlError(SQLSTATE.character_not_in_repertoire, `invalid byte sequence for encoding "UTF8": ${shown}`);
}

function invalidAt(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === 0) return at;
    const width = bytes[at] < 0x80 ? 1 : bytes[at] < 0xe0 ? 2 : bytes[at] < 0xf0 ? 3 : 4;
    if (at + width > bytes.length || !isUtf8(bytes.subarray(at, at + width))) return at;
    at += width;
  }
  return 0;
}

/** What toString() calls in the end. */
interface Slices {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Text of bytes that are UTF-8 without a zero byte. Hot: ASCII takes one look at each byte. */
export function textOfBytes(bytes: Buffer, at: number, length: number): string {
  const end = at + length;
  for (let index = at; index < end; index++) {
    const byte = bytes[index];
    if (byte > 127 || byte === 0) return checkedText(bytes, at, end);
  }
  return length <= SHORT_TEXT_MAX ? shortText(bytes, at, length) : (bytes as unknown as Slices).latin1Slice(at, end);
}

function checkedText(bytes: Buffer, at: number, end: number): string {
  const own = bytes.subarray(at, end);
  if (!isUtf8(own) || own.includes(0)) throw notUtf8(own);
  return (bytes as unknown as Slices).utf8Slice(at, end);
}

/** A reader of `width` bytes. */
const fixed =
  (width: number, read: (bytes: Buffer, at: number) => RowValue): Read =>
  (bytes, at, length) => {
    if (length < width) throw tooShort();
    if (length > width) throw tooLongBinary('bind parameter');
    return read(bytes, at);
  };

function readLong(bytes: Buffer, at: number): Instant {
  const high = bytes.readInt32BE(at);
  if (high >= -0x1fffff && high < 0x200000) return high * 4294967296 + bytes.readUInt32BE(at + 4);
  const value = bytes.readBigInt64BE(at);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** PostgreSQL counts from 2000-01-01. */
const EPOCH_DAYS = 10957;
const EPOCH_MICROSECONDS = 946_684_800_000_000n;
const DAY_MICROSECONDS = 86_400_000_000n;
const LONG_MAX = 2n ** 63n - 1n;

function readDay(bytes: Buffer, at: number): number {
  const word = bytes.readInt32BE(at);
  if (word === 0x7fffffff) return Number.POSITIVE_INFINITY;
  if (word === -0x80000000) return Number.NEGATIVE_INFINITY;
  const days = word + EPOCH_DAYS;
  if (days < DAYS_MIN || days >= DATE_DAYS_END) throw dateOutOfRange();
  return days;
}

function readInstant(bytes: Buffer, at: number): Instant {
  const value = bytes.readBigInt64BE(at);
  if (value === LONG_MAX) return Number.POSITIVE_INFINITY;
  if (value === -LONG_MAX - 1n) return Number.NEGATIVE_INFINITY;
  const moved = value + EPOCH_MICROSECONDS;
  if (moved < BigInt(DAYS_MIN) * DAY_MICROSECONDS || moved >= BigInt(TIMESTAMP_DAYS_END) * DAY_MICROSECONDS)
    throw timestampOutOfRange();
  const number = Number(moved);
  return Number.isSafeInteger(number) ? number : moved;
}

function readTime(bytes: Buffer, at: number): number {
  const value = readLong(bytes, at);
  if (value < 0 || value > 86_400_000_000) throw new SqlError(SQLSTATE.datetime_field_overflow, 'time out of range');
  return Number(value);
}

function readUuid(bytes: Buffer, at: number): string {
  const hex = bytes.toString('hex', at, at + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const SPECIAL: { readonly [sign: number]: string } = { 49152: 'NaN', 53248: 'Infinity', 61440: '-Infinity' };
const SCALE_MASK = 0x3fff;

/** Number of digits, weight, sign, scale; digits of base 10,000. Digits beyond the scale are cut off (numeric_recv). */
function readNumeric(bytes: Buffer, at: number, length: number): string {
  if (length < 8) throw tooShort();
  const count = bytes.readUInt16BE(at);
  const weight = bytes.readInt16BE(at + 2);
  const sign = bytes.readUInt16BE(at + 4);
  const scale = bytes.readUInt16BE(at + 6);
  if (sign !== 0 && sign !== 0x4000 && SPECIAL[sign] === undefined) throw badBinary('invalid sign in external "numeric" value');
  if ((scale & SCALE_MASK) !== scale) throw badBinary('invalid scale in external "numeric" value');
  if (length < 8 + 2 * count) throw tooShort();
  if (length > 8 + 2 * count) throw tooLongBinary('bind parameter');
  let digits = '';
  for (let index = 0; index < count; index++) {
    const digit = bytes.readUInt16BE(at + 8 + 2 * index);
    if (digit > 9999) throw badBinary('invalid digit in external "numeric" value');
    digits += String(digit).padStart(4, '0');
  }
  if (SPECIAL[sign] !== undefined) return SPECIAL[sign];
  return decimalOfGroups(digits, 4 * (weight + 1), scale, sign === 0x4000);
}

/** `point`: digits before the point. */
function decimalOfGroups(digits: string, point: number, scale: number, negative: boolean): string {
  const whole = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const rest = point < 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  const fraction = rest.slice(0, scale).padEnd(scale, '0');
  const text = whole.replace(/^0+(?=\d)/, '') || '0';
  const isZero = !/[1-9]/.test(text + fraction);
  return `${negative && !isZero ? '-' : ''}${text}${scale > 0 ? `.${fraction}` : ''}`;
}

const throughText: Read = (bytes, at, length, type, context) => inputValue(type, textOfBytes(bytes, at, length), context);

const READERS: { readonly [type: string]: Read } = {
  bool: fixed(1, (bytes, at) => bytes[at] !== 0),
  int2: fixed(2, (bytes, at) => bytes.readInt16BE(at)),
  int4: fixed(4, (bytes, at) => bytes.readInt32BE(at)),
  int8: fixed(8, readLong),
  oid: fixed(4, (bytes, at) => bytes.readUInt32BE(at)),
  float4: fixed(4, (bytes, at) => bytes.readFloatBE(at)),
  float8: fixed(8, (bytes, at) => bytes.readDoubleBE(at)),
  date: fixed(4, readDay),
  time: fixed(8, readTime),
  timestamp: fixed(8, readInstant),
  timestamptz: fixed(8, readInstant),
  interval: fixed(16, (bytes, at) => ({
    months: bytes.readInt32BE(at + 12),
    days: bytes.readInt32BE(at + 8),
    microseconds: readLong(bytes, at),
  })),
  uuid: fixed(16, readUuid),
  numeric: readNumeric,
  bytea: (bytes, at, length) => new Uint8Array(bytes.subarray(at, at + length)),
  jsonb: (bytes, at, length, type, context) => {
    if (length < 1) throw tooShort();
    if (bytes[at] !== 1) throw new SqlError(SQLSTATE.internal_error, `unsupported jsonb version number ${bytes[at]}`);
    return throughText(bytes, at + 1, length - 1, type, context);
  },
};

/** codegen/rows/wire-array.ts says how it is laid out. */
function readArray(bytes: Buffer, from: number, length: number, element: TypeName, context: ValueContext): RowValue {
  const end = from + length;
  let at = from;
  const word = (): number => {
    if (at + 4 > end) throw tooShort();
    at += 4;
    return bytes.readInt32BE(at - 4);
  };
  const depth = word();
  if (depth < 0 || depth > DIMENSIONS_MAX) throw badBinary(`invalid number of dimensions: ${depth}`);
  const flags = word();
  if (flags !== 0 && flags !== 1) throw badBinary(`invalid array flags`);
  // The elements are taken to be of the type that is asked for, as PostgreSQL asks it to be.
  const given = word() >>> 0;
  const wanted = describeType(element).oid;
  if (given !== wanted)
    throw new SqlError(SQLSTATE.datatype_mismatch, `binary data has array element type ${given} instead of expected ${wanted}`);
  const lengths: number[] = [];
  const lowers: number[] = [];
  for (let index = 0; index < depth; index++) {
    lengths.push(word());
    lowers.push(word());
  }
  const count = depth === 0 ? 0 : lengths.reduce((product, one) => product * one, 1);
  if (lengths.some((one) => one < 0) || count > ITEMS_MAX) throw tooManyItems();
  const items: RowValue[] = [];
  for (let index = 0; index < count; index++) {
    const size = word();
    if (size < -1 || at + Math.max(size, 0) > end) throw tooShort();
    items.push(size < 0 ? null : binaryValue(bytes, at, size, element, context));
    at += Math.max(size, 0);
  }
  if (at !== end) throw tooLongBinary('bind parameter');
  return count === 0
    ? { kind: 'array', element, lengths: [], lowers: [], items }
    : { kind: 'array', element, lengths, lowers, items };
}

/** The value of `length` bytes at `at`. Types without a binary form of their own have their text. */
export function binaryValue(bytes: Buffer, at: number, length: number, type: TypeName, context: ValueContext): RowValue {
  const element = elementOf(type);
  if (element !== null) return readArray(bytes, at, length, element, context);
  const read = READERS[isObjectNumber(type) ? 'oid' : type] ?? throughText;
  return read(bytes, at, length, type, context);
}
