/**
 * What generated statements call: comparisons of bytes for use under a hold (no allocation, no wait), canonical values, and what
 * row code calls (codegen/rows). Everything by name in jitHelpers.
 */

import { comparisonFor } from '../../engine/values/compare-nested.ts';
import { copyWords } from '../../engine/storage/rows/byte-views.ts';
import { isNested } from '../../engine/storage/rows/nested-value.ts';
import type { IntervalValue, RowValue } from '../../engine/storage/rows/row-value.ts';
import { createKeyScratch, type TableRuntime } from '../../engine/storage/rows/runtime.ts';
import { findRowI32 } from '../../engine/txn/index-read.ts';
import { BOUND_INCLUSIVE } from '../../engine/txn/serializable-reads.ts';
import { noteRange } from '../../engine/txn/serializable.ts';
import { ROW_PAGE, ROW_SLOT, SERIALIZABLE } from '../../engine/txn/transactions.ts';
import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import { canonicalJson, numericKey } from '../rows/canonical-text.ts';
import { nestedKey } from '../rows/nested-key.ts';
import { rowHelpers } from '../rows/row-helpers.ts';
import { lockNoted } from './change-part.ts';
import type { State } from './state.ts';

/** Whether two pieces of memory hold the same bytes. */
export function sameBytes(a: Uint8Array, at: number, b: Uint8Array, from: number, length: number): boolean {
  for (let index = 0; index < length; index++) if (a[at + index] !== b[from + index]) return false;
  return true;
}

/** Order of two pieces of memory as unsigned bytes, the shorter first where one is the other's beginning. */
export function compareBytes(a: Uint8Array, at: number, aLength: number, b: Uint8Array, from: number, bLength: number): number {
  const length = aLength < bLength ? aLength : bLength;
  for (let index = 0; index < length; index++) {
    const difference = a[at + index] - b[from + index];
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Whether two texts are the same but for blanks at their ends: char(n). */
export function samePadded(a: Uint8Array, at: number, aLength: number, b: Uint8Array, from: number, bLength: number): boolean {
  const length = aLength < bLength ? aLength : bLength;
  for (let index = 0; index < length; index++) if (a[at + index] !== b[from + index]) return false;
  for (let index = length; index < aLength; index++) if (a[at + index] !== 32) return false;
  for (let index = length; index < bLength; index++) if (b[from + index] !== 32) return false;
  return true;
}

/**
 * Year of a date, of Gregory's calendar as if it had always been; there is no year 0. Infinities are years, too.
 * Source: H. Hinnant, chrono-compatible low-level date algorithms, civil_from_days.
 */
export function yearOfWord(word: number): number {
  if (word === 0x7fffffff) return Number.POSITIVE_INFINITY;
  if (word === -0x80000000) return Number.NEGATIVE_INFINITY;
  const days = word + 719468;
  const era = Math.floor(days / 146097);
  const day = days - era * 146097;
  const year = Math.floor((day - Math.floor(day / 1460) + Math.floor(day / 36524) - Math.floor(day / 146096)) / 365);
  const dayOfYear = day - (365 * year + Math.floor(year / 4) - Math.floor(year / 100));
  // Its years begin in March.
  const full = year + era * 400 + (dayOfYear >= 306 ? 1 : 0);
  return full > 0 ? full : full - 1;
}

/** Order of two strings by code points, which is that of their UTF-8 bytes; JavaScript's own differs for surrogates only. */
export function compareText(a: string, b: string): number {
  const length = a.length < b.length ? a.length : b.length;
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x === y) continue;
    if (x >= 0xd800 && y >= 0xd800) return (x >= 0xe000 ? x - 0x2800 : x + 0x2000) - (y >= 0xe000 ? y - 0x2800 : y + 0x2000);
    return x - y;
  }
  return a.length - b.length;
}

/** A LIKE pattern that has nothing but `%`: the pieces between, as bytes. */
export interface Pattern {
  /** The text begins with the first piece and ends with the last; with one piece it is that piece. */
  readonly pieces: readonly Uint8Array[];
  /** By piece and byte: how far a piece may be moved on that meets this byte where its own last one is to be. */
  readonly shifts: readonly Uint8Array[];
}

export function patternOf(pattern: string): Pattern | null {
  if (/[_\\]/.test(pattern)) return null;
  const pieces = pattern.split('%').map((piece) => Buffer.from(piece));
  return { pieces, shifts: pieces.map(shiftsOf) };
}

/** Source: R. N. Horspool, Practical fast searching in strings, 1980. */
function shiftsOf(piece: Uint8Array): Uint8Array {
  const shifts = new Uint8Array(256).fill(Math.min(255, piece.length));
  const last = piece.length - 1;
  for (let at = 0; at < last; at++) shifts[piece[at]] = Math.min(255, last - at);
  return shifts;
}

/** Whether text matches. Allocates nothing. */
export function matchBytes({ pieces, shifts }: Pattern, u8: Uint8Array, at: number, length: number): boolean {
  const first = pieces[0];
  if (pieces.length === 1) return first.length === length && sameBytes(u8, at, first, 0, length);
  const last = pieces[pieces.length - 1];
  if (first.length + last.length > length || !sameBytes(u8, at, first, 0, first.length)) return false;
  const end = at + length - last.length;
  if (!sameBytes(u8, end, last, 0, last.length)) return false;
  let from = at + first.length;
  for (let index = 1; index < pieces.length - 1; index++) {
    const piece = pieces[index];
    const until = piece.length - 1;
    if (until < 0) continue;
    const shift = shifts[index];
    const byte = piece[until];
    for (;;) {
      if (from + until >= end) return false;
      const met = u8[from + until];
      if (met === byte && sameBytes(u8, from, piece, 0, until)) break;
      from += shift[met];
    }
    from += piece.length;
  }
  return true;
}

/** A numeric of at most 15 digits, of these `scale` behind the point, as its scaled integer. */
export function scaledOf(text: string, scale: number): number {
  const point = text.indexOf('.');
  if (point < 0) return Number(text) * 10 ** scale;
  const behind = text.length - point - 1;
  return Number(text.slice(0, point) + text.slice(point + 1)) * 10 ** (scale - behind);
}

const DAY = 86_400_000_000n;

function intervalKey({ months, days, microseconds }: IntervalValue): bigint {
  return (BigInt(months) * 30n + BigInt(days)) * DAY + BigInt(microseconds);
}

/** The canonical value of a RowValue that is not NULL (keys.ts). */
export function canonical(type: string, value: RowValue): number | bigint | string | boolean {
  switch (type) {
    case 'bool':
      return value === true ? 1 : 0;
    case 'date':
      return rowHelpers.dateWord(value as number);
    case 'numeric':
      return numericKey(value as string);
    case 'char':
      return (value as string).replace(/ +$/, '');
    case 'bytea':
      return Buffer.from(value as Uint8Array).toString('latin1');
    case 'interval':
      return intervalKey(value as IntervalValue);
    case 'jsonb':
      return canonicalJson(value as string);
    default:
      return isNested(value) ? Buffer.from(nestedKey(value)).toString('latin1') : (value as number | bigint | string);
  }
}

/** A part of a key of several values. */
export function keyPart(key: unknown): string {
  if (key === null) return '~;';
  return typeof key === 'string' ? `${key.length}:${key}` : `${String(key)};`;
}

/** Hash of a canonical key. */
export function hashOfKey(key: unknown): number {
  const text = typeof key === 'string' ? key : String(key);
  let hash = text.length;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16777619) ^ (hash >>> 15);
  return Math.imul(hash ^ (hash >>> 13), -2048144789);
}

/** Doubles as words, canonical: no -0, one NaN. */
export const wordDouble = new Float64Array(1);
export const wordPair = new Int32Array(wordDouble.buffer);

export function doubleWords(value: number): void {
  wordDouble[0] = Number.isNaN(value) ? Number.NaN : value + 0;
}

/** Order of two values that are not NULL: by type, for sorting. */
export function comparatorOf(type: string): (a: never, b: never) => number {
  switch (type) {
    case 'text':
    case 'varchar':
    case 'name':
      return compareText as (a: never, b: never) => number;
    case 'uuid':
    case 'int8':
    case 'oid':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return plainOrder as (a: never, b: never) => number;
    case 'float4':
    case 'float8':
      return floatOrder as (a: never, b: never) => number;
    default:
      return comparisonFor(type);
  }
}

export const plainOrder = (a: number, b: number): number => (a < b ? -1 : a > b ? 1 : 0);

export function floatOrder(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
}

/** Writes an int8, time or timestamp into two words; false when it has no room there. */
export function putLong(i32: Int32Array, word: number, value: number | bigint, instant: boolean): boolean {
  if (typeof value === 'bigint') return rowHelpers.putBig(i32, word, value, instant);
  if (value - value !== 0) return rowHelpers.putInfinite(i32, word, value);
  i32[word] = value | 0;
  i32[word + 1] = Math.floor(value / 4294967296);
  return true;
}

/** The row whose 'i32' index at `position` has this key, into c.out; 0: none. A serializable reader notes what it looked for. */
export function findWord(c: State, table: TableRuntime, position: number, key: number): number {
  const { tx } = c;
  if (tx.isolation === SERIALIZABLE) {
    wordKey.i32[0] = key;
    wordKey.length = 4;
    noteRange(c.kernel.locks, tx, table.id, table.indexes[position], wordKey, BOUND_INCLUSIVE, wordKey, BOUND_INCLUSIVE);
  }
  c.pages++;
  const length = findRowI32(tx, table, position, key, c.out);
  if (length !== 0) c.rowIds[0] = (tx.ints[ROW_PAGE] >>> 0) * 4096 + tx.ints[ROW_SLOT];
  return length;
}

const wordKey = createKeyScratch();

/** LIMIT and OFFSET as counters; NULL: none. */
export function limitOf(value: number | bigint | null): number {
  if (value === null) return Number.POSITIVE_INFINITY;
  if (value < 0) throw new SqlError('2201W', 'LIMIT must not be negative');
  return Number(value);
}

export function offsetOf(value: number | bigint | null): number {
  if (value === null) return 0;
  if (value < 0) throw new SqlError('2201X', 'OFFSET must not be negative');
  return Number(value);
}

/** A join that may find one row has found another. */
export function refuseSecondRow(): never {
  throw new SqlError(SQLSTATE.cardinality_violation, 'more than one row returned by a subquery used as an expression');
}

/** An object with these keys. */
export function objectOf(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index++) made[names[index]] = values[index];
  return made;
}

/** Everything by name, as the factories of generated code take it. */
export const jitHelpers: Readonly<Record<string, unknown>> = {
  ...rowHelpers,
  putLong,
  limitOf,
  offsetOf,
  lockNoted,
  copyWords,
  sameBytes,
  compareBytes,
  compareText,
  samePadded,
  yearOfWord,
  matchBytes,
  numericKey,
  canonical,
  keyPart,
  hashOfKey,
  scaledOf,
  doubleWords,
  wordPair,
  plainOrder,
  floatOrder,
  objectOf,
  findWord,
  refuseSecondRow,
};
