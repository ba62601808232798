/**
 * Values as PostgreSQL's text, digits straight into the output (SBLR-R2): put...(bytes, at, value) writes and returns where it ended.
 * Room is the caller's business; TEXT_BYTES says how much a value takes at most.
 *
 * Hot: no allocation but in the branches that say so.
 */

import type { TypeName } from '../../engine/sblr/types.ts';
import { dateText, timestampText, timestamptzText } from '../../engine/values/time-text.ts';
import { float4Text, float8Text } from '../../engine/values/floats.ts';
import { offsetAt, type Zone } from '../../engine/values/time-zone.ts';
import { readInstant, readLong, scaledText } from './row-helpers.ts';

/** The longest text of a value of each type; types that are not here vary. */
export const TEXT_BYTES: { readonly [type in TypeName]?: number } = {
  bool: 1,
  int2: 6,
  int4: 11,
  int8: 20,
  oid: 10,
  float4: 24,
  float8: 32,
  date: 20,
  time: 20,
  timestamp: 40,
  timestamptz: 48,
  uuid: 36,
};
/** A numeric that is a scaled integer: sign, 17 digits and a point, zeros behind the point. */
export const SCALED_BYTES = 64;

/** '00' to '99'. */
const TENS = new Uint8Array(100);
const ONES = new Uint8Array(100);
for (let n = 0; n < 100; n++) {
  TENS[n] = 48 + Math.floor(n / 10);
  ONES[n] = 48 + (n % 10);
}

/** Texts that are made the long way. */
export function putAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
  return at + text.length;
}

export function putFlag(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value === 0 ? 102 : 116;
  return at + 1;
}

/** 0 to 99, two digits. */
function putPair(bytes: Uint8Array, at: number, n: number): number {
  bytes[at] = TENS[n];
  bytes[at + 1] = ONES[n];
  return at + 2;
}

const digitCount = (n: number): number => {
  if (n < 100000) return n < 100 ? (n < 10 ? 1 : 2) : n < 1000 ? 3 : n < 10000 ? 4 : 5;
  if (n < 10000000) return n < 1000000 ? 6 : 7;
  return n < 100000000 ? 8 : n < 1000000000 ? 9 : 10;
};

/** 0 to 2^31 - 1, in so many digits, zeros in front. */
function putDigits(bytes: Uint8Array, at: number, n: number, digits: number): number {
  const end = at + digits;
  let to = end;
  let rest = n;
  while (to - at > 1) {
    const less = (rest / 100) | 0;
    const two = rest - less * 100;
    bytes[--to] = ONES[two];
    bytes[--to] = TENS[two];
    rest = less;
  }
  if (to > at) bytes[at] = 48 + rest;
  return end;
}

export function putInt(bytes: Uint8Array, at: number, value: number): number {
  if (value >= 0) {
    if (value < 10) {
      bytes[at] = 48 + value;
      return at + 1;
    }
    return putDigits(bytes, at, value, digitCount(value));
  }
  bytes[at] = 45;
  if (value === -2147483648) return putAscii(bytes, at + 1, '2147483648');
  return putDigits(bytes, at + 1, -value, digitCount(-value));
}

const HUNDRED_MILLION = 100_000_000;

/** A safe integer that is not negative. */
function putWhole(bytes: Uint8Array, at: number, value: number): number {
  if (value < 2147483648) return putDigits(bytes, at, value | 0, digitCount(value));
  const high = Math.floor(value / HUNDRED_MILLION);
  const low = value - high * HUNDRED_MILLION;
  return putDigits(bytes, putDigits(bytes, at, high | 0, digitCount(high)), low | 0, 8);
}

export function putLongText(bytes: Uint8Array, at: number, value: number | bigint): number {
  // Cold, and allocates: beyond 2^53.
  if (typeof value === 'bigint') return putAscii(bytes, at, String(value));
  if (value >= 0) return putWhole(bytes, at, value);
  bytes[at] = 45;
  return putWhole(bytes, at + 1, -value);
}

/** Two words of a row. */
export function putLongDigits(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high === low >> 31) return putInt(bytes, at, low);
  return putLongText(bytes, at, readLong(low, high));
}

const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power);

/** value / 10^scale. */
export function putScaled(bytes: Uint8Array, at: number, value: number, scale: number): number {
  let to = at;
  let rest = value;
  if (value < 0) {
    bytes[to++] = 45;
    rest = -value;
  }
  if (scale === 0) return putWhole(bytes, to, rest);
  // Below 10^15 the quotient is not rounded up to the next integer.
  if (!(rest < 1e15) || scale > 15) return putAscii(bytes, to, scaledText(rest, scale));
  const whole = Math.floor(rest / POWERS[scale]);
  const fraction = rest - whole * POWERS[scale];
  to = putWhole(bytes, to, whole);
  bytes[to++] = 46;
  if (scale <= 8) return putDigits(bytes, to, fraction | 0, scale);
  const high = Math.floor(fraction / HUNDRED_MILLION);
  to = putDigits(bytes, to, high | 0, scale - 8);
  return putDigits(bytes, to, (fraction - high * HUNDRED_MILLION) | 0, 8);
}

export function putFloat8(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) return putInt(bytes, at, value);
  return putAscii(bytes, at, float8Text(value));
}

export function putFloat4(bytes: Uint8Array, at: number, value: number): number {
  if ((value | 0) === value && (value !== 0 || 1 / value > 0) && value < 100000 && value > -100000)
    return putInt(bytes, at, value);
  return putAscii(bytes, at, float4Text(value));
}

// ---- times ----

/** First and last day of the years 1 to 9999. */
const DAY_FIRST = -719162;
const DAY_LAST = 2932896;
const DAY_MICROSECONDS = 86_400_000_000;

/**
 * 'yyyy-mm-dd' of a day between DAY_FIRST and DAY_LAST. Source: H. Hinnant, chrono-compatible low-level date algorithms,
 * civil_from_days; all of it in int32.
 */
function putCivil(bytes: Uint8Array, at: number, day: number): number {
  const days = day + 719468;
  const era = (days / 146097) | 0;
  const ofEra = days - era * 146097;
  const yearOfEra = ((ofEra - ((ofEra / 1460) | 0) + ((ofEra / 36524) | 0) - ((ofEra / 146096) | 0)) / 365) | 0;
  const ofYear = ofEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const shifted = ((5 * ofYear + 2) / 153) | 0;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const century = (year / 100) | 0;
  putPair(bytes, at, century);
  putPair(bytes, at + 2, year - century * 100);
  bytes[at + 4] = 45;
  putPair(bytes, at + 5, month);
  bytes[at + 7] = 45;
  return putPair(bytes, at + 8, ofYear - (((153 * shifted + 2) / 5) | 0) + 1);
}

/** A date's word. */
export function putDate(bytes: Uint8Array, at: number, word: number): number {
  if (word >= DAY_FIRST && word <= DAY_LAST) return putCivil(bytes, at, word);
  // Cold, and allocates.
  if (word === 0x7fffffff) return putAscii(bytes, at, 'infinity');
  return putAscii(bytes, at, word === -0x80000000 ? '-infinity' : dateText(word));
}

/** Microseconds of a day as 'hh:mm:ss.ffffff', without zeros at the end. */
function putClock(bytes: Uint8Array, at: number, time: number): number {
  const seconds = (time / 1_000_000) | 0;
  const minutes = (seconds / 60) | 0;
  const hours = (minutes / 60) | 0;
  putPair(bytes, at, hours);
  bytes[at + 2] = 58;
  putPair(bytes, at + 3, minutes - hours * 60);
  bytes[at + 5] = 58;
  const end = putPair(bytes, at + 6, seconds - minutes * 60);
  const rest = (time - seconds * 1_000_000) | 0;
  if (rest === 0) return end;
  bytes[end] = 46;
  let last = putDigits(bytes, end + 1, rest, 6);
  while (bytes[last - 1] === 48) last--;
  return last;
}

export const putTime = (bytes: Uint8Array, at: number, time: number | bigint): number => putClock(bytes, at, Number(time));

/** Microseconds since 1970 that lie in the years 1 to 9999. */
function putMoment(bytes: Uint8Array, at: number, instant: number): number {
  const day = Math.floor(instant / DAY_MICROSECONDS);
  const end = putCivil(bytes, at, day | 0);
  bytes[end] = 32;
  return putClock(bytes, end + 1, instant - day * DAY_MICROSECONDS);
}

const MOMENT_FIRST = DAY_FIRST * DAY_MICROSECONDS;
const MOMENT_END = (DAY_LAST + 1) * DAY_MICROSECONDS;
const SAFE_HIGH = 0x200000;
/** An offset is less than a week. */
const WEEK = 7 * DAY_MICROSECONDS;

// Multiples of a day in microseconds are exact far beyond 2^53: the bounds are.
export function putTimestamp(bytes: Uint8Array, at: number, value: number | bigint): number {
  if (typeof value === 'number' && value >= MOMENT_FIRST && value < MOMENT_END) return putMoment(bytes, at, value);
  return putAscii(bytes, at, timestampText(value));
}

export function putTimestamptz(bytes: Uint8Array, at: number, value: number | bigint, zone: Zone): number {
  if (typeof value !== 'number' || !(value >= MOMENT_FIRST + WEEK && value < MOMENT_END - WEEK)) {
    return putAscii(bytes, at, timestamptzText(value, zone));
  }
  const offset = zone.fixed !== null ? zone.fixed : offsetAt(zone, Math.floor(value / 1_000_000));
  const local = value + offset * 1_000_000;
  // What is not exact any more is not written.
  if (!Number.isSafeInteger(local)) return putAscii(bytes, at, timestamptzText(value, zone));
  return putOffset(bytes, putMoment(bytes, at, local), offset);
}

/** '+02', '-03:30', '-04:56:02'. */
function putOffset(bytes: Uint8Array, at: number, seconds: number): number {
  const magnitude = seconds < 0 ? -seconds : seconds;
  const hours = (magnitude / 3600) | 0;
  const rest = magnitude - hours * 3600;
  bytes[at] = seconds < 0 ? 45 : 43;
  let to = hours < 100 ? putPair(bytes, at + 1, hours) : putInt(bytes, at + 1, hours);
  if (rest === 0) return to;
  const minutes = (rest / 60) | 0;
  bytes[to] = 58;
  to = putPair(bytes, to + 1, minutes);
  if (rest === minutes * 60) return to;
  bytes[to] = 58;
  return putPair(bytes, to + 1, rest - minutes * 60);
}

/** Two words of a row. Every safe integer lies in the years 1 to 9999. */
export function putTimestampWords(bytes: Uint8Array, at: number, low: number, high: number): number {
  if (high > -SAFE_HIGH && high < SAFE_HIGH) return putMoment(bytes, at, high * 4294967296 + (low >>> 0));
  return putTimestamp(bytes, at, readInstant(low, high));
}

export const putTimestamptzWords = (bytes: Uint8Array, at: number, low: number, high: number, zone: Zone): number =>
  putTimestamptz(bytes, at, readInstant(low, high), zone);

// ---- bytes ----

const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));

function putHexByte(bytes: Uint8Array, at: number, byte: number): number {
  bytes[at] = HEX[byte >> 4];
  bytes[at + 1] = HEX[byte & 15];
  return at + 2;
}

/** 16 bytes of a row as 36 characters. */
export function putUuid(bytes: Uint8Array, at: number, from: Uint8Array, place: number): number {
  let to = at;
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) bytes[to++] = 45;
    to = putHexByte(bytes, to, from[place + index]);
  }
  return to;
}

/** '\x' and two digits a byte: 2 + 2 * length bytes. */
export function putHex(bytes: Uint8Array, at: number, from: Uint8Array, place: number, length: number): number {
  bytes[at] = 92;
  bytes[at + 1] = 120;
  let to = at + 2;
  for (let index = place; index < place + length; index++) to = putHexByte(bytes, to, from[index]);
  return to;
}
