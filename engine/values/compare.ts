/**
 * Order and equality of values of one type: text by code points (C collation, which is the order of the UTF-8 bytes, not that of UTF-16
 * units), char without the blanks at its end, floats with NaN last, numerics without regard to scale, intervals by their length.
 */

import type { IntervalValue } from '../storage/rows/row-value.ts';
import { compareNumerics } from './decimal-short.ts';
import { compareFloats } from './floats.ts';
import { compareJsonb } from './jsonb-compare.ts';

export type Comparison = (a: never, b: never) => number;

/** Numbers, bigints, and the infinities of dates among them. */
export const compareIntegers = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);

/** Surrogates stand for code points above all others, so they are moved behind the units from 0xe000 on. */
const moved = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit);

export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  const length = a.length < b.length ? a.length : b.length;
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at);
    const right = b.charCodeAt(at);
    if (left !== right) return moved(left) < moved(right) ? -1 : 1;
  }
  return a.length < b.length ? -1 : 1;
}

/** Without the blanks at the end. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}
export const compareChars = (a: string, b: string): number => compareTexts(trimBlanks(a), trimBlanks(b));

export const compareBytes = (a: Uint8Array, b: Uint8Array): number => Math.sign(Buffer.compare(a, b));

export const DAY = 86400000000;
const DAYS_OF_MONTH = 30;

/** Microseconds of an interval, a month taken as 30 days and a day as 24 hours; a bigint beyond 2^53. */
export function intervalSpan(value: IntervalValue): number | bigint {
  const days = value.months * DAYS_OF_MONTH + value.days;
  if (typeof value.microseconds === 'number') {
    const span = days * DAY + value.microseconds;
    if (Number.isSafeInteger(span) && Number.isSafeInteger(days * DAY)) return span;
  }
  return BigInt(days) * 86400000000n + BigInt(value.microseconds);
}
export function compareIntervals(a: IntervalValue, b: IntervalValue): number {
  return compareIntegers(intervalSpan(a), intervalSpan(b));
}
export const compareBooleans = (a: boolean, b: boolean): number => (a === b ? 0 : a ? 1 : -1);

/** By type name. */
export const comparisons: { readonly [type: string]: Comparison } = {
  bool: compareBooleans,
  int2: compareIntegers,
  int4: compareIntegers,
  int8: compareIntegers,
  oid: compareIntegers,
  float4: compareFloats,
  float8: compareFloats,
  numeric: compareNumerics,
  text: compareTexts,
  varchar: compareTexts,
  name: compareTexts,
  char: compareChars,
  char1: compareTexts,
  bytea: compareBytes,
  date: compareIntegers,
  time: compareIntegers,
  timestamp: compareIntegers,
  timestamptz: compareIntegers,
  interval: compareIntervals,
  uuid: compareTexts,
  money: compareTexts,
  bit: compareTexts,
  varbit: compareTexts,
  timetz: compareTexts,
  inet: compareTexts,
  cidr: compareTexts,
  macaddr: compareTexts,
  macaddr8: compareTexts,
  xid: compareTexts,
  xid8: compareTexts,
  cid: compareTexts,
  tid: compareTexts,
  aclitem: compareTexts,
  jsonb: compareJsonb,
};
