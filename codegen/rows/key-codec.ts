/**
 * Key codec: bytes whose order is the order of the values (SBLR-V7). One codec for indexes, sorts, merge joins and ranges.
 *
 *   key of kind 'bytes' = for each column
 *     nullable columns: one byte, 0 NULL that comes first, 1 a value, 2 NULL that comes last
 *     a value, all its bytes inverted if the column is descending:
 *       bool                        1 byte
 *       int16, int32, date          4 bytes, high byte first, sign bit inverted
 *       int64, time, timestamp(tz)  8 bytes, likewise; of timestamps with 2^30 taken from the high word, round the end: the
 *                                   infinities come to lie at the ends (row-layout.ts)
 *       numeric                     8 bytes: its scaled integer as an int64
 *       float32, float64            8 bytes: the bits of the double; positive: sign bit inverted, negative: all; -0 as 0, one NaN,
 *                                   above Infinity
 *       wideNumeric                 see wide-numeric.ts
 *       uuid                        16 bytes as they are
 *       interval                    days of 24 hours (a month has 30) 6 bytes, rest in microseconds 5 bytes: equal
 *                                   intervals have equal keys, so '1 month' cannot be told from '30 days' again
 *       text, bytes, json           the bytes, 0 as (0, 255), then (0, 0); without escapes and end if it is the key's last
 *                                   column and ascending
 *       nested                      nested-key.ts, escaped likewise: opaque
 *       collated text               the collation's sort key, escaped likewise: opaque, cannot be turned back
 *
 * Hot file: functions that generated extractors call; views and offsets, no allocation.
 */

import { KEY_BYTES_MAX } from '../../engine/storage/rows/runtime.ts';
import { putWideNumericKey } from '../../engine/storage/rows/wide-numeric.ts';

const floatBits = new Float64Array(1);
const floatWords = new Int32Array(floatBits.buffer);

/** The two words of a double in an order that signed high, unsigned low words have. Left in mappedWords: low, high. */
export const mappedWords = new Int32Array(2);

export function mapFloat(value: number): void {
  // + 0 turns -0 into 0.
  floatBits[0] = value + 0;
  let low = floatWords[0];
  let high = floatWords[1];
  if (Number.isNaN(value)) {
    low = 0;
    high = 0x7ff80000;
  }
  const flip = high >> 31;
  mappedWords[0] = low ^ flip;
  mappedWords[1] = high ^ (flip & 0x7fffffff);
}

/** The double whose words mapFloat() made. */
export function unmapFloat(low: number, high: number): number {
  const flip = high >> 31;
  floatWords[0] = low ^ flip;
  floatWords[1] = high ^ (flip & 0x7fffffff);
  return floatBits[0];
}

/** A signed word, high byte first. Returns the end. `value` is already inverted for descending columns, here and below. */
export function putKeyInt32(to: Uint8Array, at: number, value: number): number {
  to[at] = (value >>> 24) ^ 0x80;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
  return at + 4;
}

export function putKeyInt64(to: Uint8Array, at: number, low: number, high: number): number {
  to[at] = (high >>> 24) ^ 0x80;
  to[at + 1] = high >>> 16;
  to[at + 2] = high >>> 8;
  to[at + 3] = high;
  to[at + 4] = low >>> 24;
  to[at + 5] = low >>> 16;
  to[at + 6] = low >>> 8;
  to[at + 7] = low;
  return at + 8;
}

/** A double; `mask` is 0, or -1 for descending. */
export function putKeyFloat(to: Uint8Array, at: number, value: number, mask: number): number {
  mapFloat(value);
  return putKeyInt64(to, at, mappedWords[0] ^ mask, mappedWords[1] ^ mask);
}

/** An exact integer below 2^53. */
export function putKeyInteger(to: Uint8Array, at: number, value: number, mask: number): number {
  return putKeyInt64(to, at, (value | 0) ^ mask, Math.floor(value / 4294967296) ^ mask);
}

export function putKeyUuid(to: Uint8Array, at: number, u8: Uint8Array, from: number, mask: number): number {
  for (let byte = 0; byte < 16; byte++) to[at + byte] = u8[from + byte] ^ mask;
  return at + 16;
}

const DAY = 86_400_000_000;
const DAYS_BIAS = 2 ** 47;

/** The interval at word `word`: its days and the rest of a day. */
export function putKeyInterval(to: Uint8Array, at: number, i32: Int32Array, word: number, mask: number): number {
  const low = i32[word + 2];
  const high = i32[word + 3];
  const whole = i32[word] * 30 + i32[word + 1];
  let carried: number;
  let rest: number;
  if (high >= -0x200000 && high < 0x200000) {
    const microseconds = high * 4294967296 + (low >>> 0);
    carried = Math.floor(microseconds / DAY);
    rest = microseconds - carried * DAY;
    // The quotient is rounded before it is cut off; put right where that went wrong.
    if (rest < 0) {
      carried--;
      rest += DAY;
    } else if (rest >= DAY) {
      carried++;
      rest -= DAY;
    }
  } else {
    const microseconds = (BigInt(high) << 32n) | BigInt(low >>> 0);
    const day = BigInt(DAY);
    const modulo = ((microseconds % day) + day) % day;
    rest = Number(modulo);
    carried = Number((microseconds - modulo) / day);
  }
  at = putUnsigned(to, at, whole + carried + DAYS_BIAS, 6, mask);
  return putUnsigned(to, at, rest, 5, mask);
}

function putUnsigned(to: Uint8Array, at: number, value: number, bytes: number, mask: number): number {
  for (let byte = bytes - 1; byte >= 0; byte--) {
    const above = Math.floor(value / 256);
    to[at + byte] = (value - above * 256) ^ mask;
    value = above;
  }
  return at + bytes;
}

/** Bytes with escapes and end, each xor `mask` (0 or 255). Returns the end, or -1 beyond the longest key. */
export function putKeyBytes(to: Uint8Array, at: number, u8: Uint8Array, from: number, length: number, mask: number): number {
  if (at + length > KEY_BYTES_MAX) return -1;
  for (let index = from, end = from + length; index < end; index++) {
    const byte = u8[index];
    to[at++] = byte ^ mask;
    if (byte !== 0) continue;
    to[at++] = 255 ^ mask;
    if (at > KEY_BYTES_MAX) return -1;
  }
  to[at] = mask;
  to[at + 1] = mask;
  return at + 2;
}

/** Bytes as they are: the last column, ascending. */
export function putKeyTail(to: Uint8Array, at: number, u8: Uint8Array, from: number, length: number): number {
  if (at + length > KEY_BYTES_MAX) return -1;
  for (let index = 0; index < length; index++) to[at + index] = u8[from + index];
  return at + length;
}

/**
 * Makes a sort key: reads `length` UTF-8 bytes at `from`, writes at `at` of `to`, at most up to `limit`. Returns the end, or -1
 * if it would be longer. Order of the bytes = order of the texts.
 */
export type CollationKey = (u8: Uint8Array, from: number, length: number, to: Uint8Array, at: number, limit: number) => number;

const collated = new Uint8Array(KEY_BYTES_MAX);

export function putKeyCollated(
  to: Uint8Array,
  at: number,
  collation: CollationKey,
  u8: Uint8Array,
  from: number,
  length: number,
  mask: number,
): number {
  const end = collation(u8, from, length, collated, 0, KEY_BYTES_MAX);
  return end < 0 ? -1 : putKeyBytes(to, at, collated, 0, end, mask);
}

export function putKeyWide(to: Uint8Array, at: number, u8: Uint8Array, from: number, length: number, mask: number): number {
  return putWideNumericKey(to, at, KEY_BYTES_MAX, u8, from, length, mask);
}

/** Whether two pieces of memory hold the same bytes. */
export function sameBytes(a: Uint8Array, aFrom: number, b: Uint8Array, bFrom: number, length: number): boolean {
  for (let index = 0; index < length; index++) {
    if (a[aFrom + index] !== b[bFrom + index]) return false;
  }
  return true;
}
