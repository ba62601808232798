/** What generated code calls to write values as bytes of sort keys (sort-keys.ts). Masks are -1 or 255 for descending keys, else 0. */

import type { NestedValue } from '../../engine/storage/rows/nested-value.ts';
import type { IntervalValue } from '../../engine/storage/rows/row-value.ts';
import { wideNumericBytes } from '../../engine/storage/rows/wide-numeric.ts';
import { putWideNumericKey } from '../../engine/storage/rows/wide-numeric.ts';
import { putKeyFloat, putKeyInt32, putKeyInt64, putKeyInterval } from '../rows/key-codec.ts';
import { nestedKey } from '../rows/nested-key.ts';
import type { RowSorter } from './row-sorter.ts';

const TWO_32 = 4294967296;

/** An int8, time or timestamp. `bias` is taken from the high word: of timestamps, which are a little more than 63 bits above zero. */
export function putKeyLong(to: Uint8Array, at: number, value: number | bigint, mask: number, bias: number): number {
  if (typeof value === 'number') {
    if (value - value !== 0)
      return putKeyInt64(to, at, (value > 0 ? -1 : 0) ^ mask, (value > 0 ? 0x7fffffff : -0x80000000) ^ mask);
    return putKeyInt64(to, at, (value | 0) ^ mask, ((Math.floor(value / TWO_32) - bias) | 0) ^ mask);
  }
  return putKeyInt64(to, at, Number(BigInt.asIntN(32, value)) ^ mask, ((Number(value >> 32n) - bias) | 0) ^ mask);
}

const span = new Int32Array(4);

export function putKeySpan(to: Uint8Array, at: number, { months, days, microseconds }: IntervalValue, mask: number): number {
  span[0] = months;
  span[1] = days;
  const whole = BigInt(microseconds);
  span[2] = Number(BigInt.asIntN(32, whole));
  span[3] = Number(BigInt.asIntN(32, whole >> 32n));
  return putKeyInterval(to, at, span, 0, mask);
}

/** A numeric of any size. */
export function putKeyDecimal(sorter: RowSorter, at: number, text: string, mask: number): number {
  const bytes = wideNumericBytes(text) as Uint8Array;
  const room = 16 + bytes.length * 4;
  const keys = sorter.room(at, room);
  return putWideNumericKey(keys, at, at + room, bytes, 0, bytes.length, mask);
}

/** Text as UTF-8, a zero as (0, 255), and (0, 0) behind it unless nothing follows. */
export function putKeyString(sorter: RowSorter, at: number, text: string, mask: number, isLast: boolean): number {
  const { length } = text;
  const keys = sorter.room(at, length * 2 + 2);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 127 || code === 0) return putKeyBinary(sorter, at - index, Buffer.from(text), mask, isLast);
    keys[at++] = code ^ mask;
  }
  return isLast ? at : putEnd(keys, at, mask);
}

/** The same of bytes in a page; there is room. */
export function putKeyChars(
  keys: Uint8Array,
  at: number,
  memory: Uint8Array,
  from: number,
  length: number,
  mask: number,
  isLast: boolean,
): number {
  for (let index = from, end = from + length; index < end; index++) {
    const byte = memory[index];
    keys[at++] = byte ^ mask;
    if (byte === 0) keys[at++] = 255 ^ mask;
  }
  return isLast ? at : putEnd(keys, at, mask);
}

export function putKeyBinary(sorter: RowSorter, at: number, bytes: Uint8Array, mask: number, isLast: boolean): number {
  const keys = sorter.room(at, bytes.length * 2 + 2);
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    keys[at++] = byte ^ mask;
    if (byte === 0) keys[at++] = 255 ^ mask;
  }
  return isLast ? at : putEnd(keys, at, mask);
}

/** An array or a range. */
export function putKeyNested(sorter: RowSorter, at: number, value: NestedValue, mask: number, isLast: boolean): number {
  return putKeyBinary(sorter, at, nestedKey(value), mask, isLast);
}

function putEnd(keys: Uint8Array, at: number, mask: number): number {
  keys[at] = mask;
  keys[at + 1] = mask;
  return at + 2;
}

export const keyHelpers = {
  putKeyInt32,
  putKeyFloat,
  putKeyLong,
  putKeySpan,
  putKeyDecimal,
  putKeyString,
  putKeyChars,
  putKeyBinary,
  putKeyNested,
};
