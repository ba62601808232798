/**
 * Texts of parameters whose usual form is read from its bytes, so that no text is made of them: what dumps and drivers send. Whatever
 * looks otherwise is left to the type's input function: NaN, or '', says so.
 *
 * Hot: no allocation.
 */

import { daysInMonth, daysOf } from '../values/calendar.ts';

const DAY_MICROSECONDS = 86_400_000_000;

/** Two digits; -100 or less for anything else. */
function pairAt(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 48;
  const ones = bytes[at + 1] - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -10000;
}

/** 'yyyy-mm-dd' as days since 1970. */
export function quickDate(bytes: Uint8Array, at: number, length: number): number {
  if (length !== 10 || bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return Number.NaN;
  const year = pairAt(bytes, at) * 100 + pairAt(bytes, at + 2);
  const month = pairAt(bytes, at + 5);
  const day = pairAt(bytes, at + 8);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return Number.NaN;
  return daysOf(year, month, day);
}

/** 'yyyy-mm-dd hh:mm:ss' and up to six digits behind a point, as microseconds since 1970. */
export function quickTimestamp(bytes: Uint8Array, at: number, length: number): number {
  if (length < 19 || length > 26 || bytes[at + 10] !== 32 || bytes[at + 13] !== 58 || bytes[at + 16] !== 58) return Number.NaN;
  const days = quickDate(bytes, at, 10);
  const hours = pairAt(bytes, at + 11);
  const minutes = pairAt(bytes, at + 14);
  const seconds = pairAt(bytes, at + 17);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) return Number.NaN;
  let fraction = 0;
  if (length > 19) {
    if (bytes[at + 19] !== 46 || length === 20) return Number.NaN;
    let unit = 100_000;
    for (let index = at + 20; index < at + length; index++, unit /= 10) {
      const digit = bytes[index] - 48;
      if (digit < 0 || digit > 9) return Number.NaN;
      fraction += digit * unit;
    }
  }
  const instant = days * DAY_MICROSECONDS + (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + fraction;
  return Number.isSafeInteger(instant) ? instant : Number.NaN;
}

/** Powers of ten that a double holds exactly, as far as quickFloat() needs them. */
const TENS = Float64Array.from({ length: 16 }, (_, power) => 10 ** power);

/**
 * A decimal without exponent and of at most 15 digits: two integers that doubles hold exactly, so that their quotient is the nearest
 * double.
 */
export function quickFloat(bytes: Uint8Array, at: number, length: number): number {
  const end = at + length;
  const isNegative = bytes[at] === 45;
  const from = isNegative ? at + 1 : at;
  let digits = 0;
  let behind = -1;
  let value = 0;
  for (let index = from; index < end; index++) {
    const digit = bytes[index] - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      digits++;
    } else if (digit === -2 && behind < 0) behind = digits;
    else return Number.NaN;
  }
  if (digits === 0 || digits > 15) return Number.NaN;
  if (behind >= 0) value /= TENS[digits - behind];
  return isNegative ? -value : value;
}

const DIGITS_MAX = 30;

/** True for a decimal as it is kept: '-12.50', no plus, no zeros in front, no exponent. */
export function isPlainDecimal(bytes: Uint8Array, at: number, length: number): boolean {
  const end = at + length;
  const from = bytes[at] === 45 ? at + 1 : at;
  if (end === from || end - from > DIGITS_MAX) return false;
  let point = -1;
  let isZero = true;
  for (let index = from; index < end; index++) {
    const byte = bytes[index];
    if (byte === 46 && point < 0) point = index;
    else if (byte < 48 || byte > 57) return false;
    else if (byte !== 48) isZero = false;
  }
  const whole = (point < 0 ? end : point) - from;
  if (whole === 0 || point === end - 1 || (bytes[from] === 48 && whole > 1)) return false;
  return !(isZero && from > at);
}
