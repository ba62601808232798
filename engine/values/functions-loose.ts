/** Texts read as numbers and times without being asked, and NULL where others fail (engine/sblr/primitives-loose.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { daysInMonth, daysOf, type Instant, joinInstant } from './calendar.ts';
import type { ValueContext } from './context.ts';
import { decimalOf, divideToScale, formatDecimal, moduloDecimals, roundDecimal } from './decimal.ts';
import { badSyntax, outOfRange } from './errors.ts';
import { floatDiv, float4Text, float8Text } from './floats.ts';
import type { Implementation } from './functions.ts';
import { type Int8, int2Of, int4Of, int8Div, int8Mod, int8Of } from './integers.ts';
import { fromLocal, zoneOf } from './time-zone.ts';

const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/;

const leading = (text: string): number => Number(NUMBER.exec(text)?.[0] ?? 0);

const SMALL_DIGITS = 15;

/** A text that is a number as a whole, rounded; halves away from zero. 22P02, 22003 */
function rounded(text: string, type: string): Int8 {
  const number = NUMBER.exec(text)?.[0];
  if (number === undefined || text.slice(number.length).trim() !== '') throw badSyntax(type, text);
  const plain = number.trim();
  if (/^[+-]?\d+$/.test(plain)) return plain.length <= SMALL_DIGITS ? Number(plain) : int8Of(BigInt(plain.replace('+', '')));
  const value = Number(plain);
  if (Number.isSafeInteger(Math.trunc(value)) === false) throw outOfRange(type);
  if (/e/i.test(plain)) return Math.sign(value) * Math.round(Math.abs(value)) + 0;
  return int8Of(roundDecimal(decimalOf(plain.replace('+', '')), 0).units);
}

// ---- dates and times ----

const MICROSECONDS = 1_000_000;
const DIGITS_OF_SECOND = 6;

interface Moment {
  readonly days: number;
  readonly time: number;
}

const wrong = (type: string, text: string): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, `invalid input syntax for type ${type}: "${text}"`);

//                 year         month          day              hour         minute           second         fraction
const PARTED =
  /^(\d{4}|\d{2})[^\w\s](\d{1,2})[^\w\s](\d{1,2})(?:(?:T|\s+)(\d{1,2})(?:[^\w\s](\d{1,2})(?:[^\w\s](\d{1,2})(?:\.(\d*))?)?)?)?$/;
const JOINED = /^(\d{4}|\d{2})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})(?:\.(\d*))?)?$/;

/** Two digits of a year: 70 to 99 are of the last century. */
const yearOf = (digits: string): number =>
  digits.length === 4 ? Number(digits) : Number(digits) + (Number(digits) < 70 ? 2000 : 1900);

/** Microseconds of digits behind the point; the seventh rounds. */
function fractionOf(digits: string): number {
  if (digits.length <= DIGITS_OF_SECOND) return Number(digits.padEnd(DIGITS_OF_SECOND, '0'));
  return Math.round(Number(`${digits.slice(0, DIGITS_OF_SECOND)}.${digits.slice(DIGITS_OF_SECOND)}`));
}

function clockOf(hour: number, minute: number, second: number, fraction: string): number | null {
  if (hour > 23 || minute > 59 || second > 59) return null;
  return ((hour * 60 + minute) * 60 + second) * MICROSECONDS + fractionOf(fraction);
}

/** A date with or without a time; null: the text is none. */
function momentOf(text: string): Moment | null {
  const plain = text.trim();
  const match = PARTED.exec(plain) ?? JOINED.exec(plain);
  if (match === null) return null;
  const [year, month, day] = [yearOf(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  const time = clockOf(Number(match[4] ?? 0), Number(match[5] ?? 0), Number(match[6] ?? 0), match[7] ?? '');
  return time === null ? null : { days: daysOf(year, month, day), time };
}

function timestamp(text: string): Instant {
  const moment = momentOf(text);
  if (moment === null) throw wrong('timestamp', text);
  return joinInstant(moment.days, moment.time);
}

function date(text: string): number {
  const moment = momentOf(text);
  if (moment === null) throw wrong('date', text);
  return moment.days;
}

const TIME = /^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?)$/;
const JOINED_TIME = /^(\d{2})(\d{2})(\d{2})(?:\.(\d*))?$/;

function time(text: string): number {
  const plain = text.trim();
  const match = TIME.exec(plain) ?? JOINED_TIME.exec(plain);
  const found =
    match === null
      ? (momentOf(plain)?.time ?? null)
      : clockOf(Number(match[1]), Number(match[2] ?? 0), Number(match[3] ?? 0), match[4] ?? '');
  if (found === null) throw wrong('time', text);
  return found;
}

// ---- floats as texts ----

/** With an exponent from 10^15 on, and below 10^-14: no sign in it. */
function looseFloat(value: number, shortest: string): string {
  const size = Math.abs(value);
  if (value === 0) return shortest.startsWith('-') ? '-0' : '0';
  const [digits, exponent] = (/e/.test(shortest) ? shortest : value.toExponential()).split('e');
  const isShort = !/e/.test(shortest);
  if (size >= 1e15 || size < 1e-15) return `${digits}e${Number(exponent)}`;
  return isShort ? shortest : plainDigits(shortest);
}

function plainDigits(text: string): string {
  const [mantissa, exponent] = text.split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole, fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length ? sign + digits.padEnd(point, '0') : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Of `length` characters from the n-th, counted from 1, or from the end when it is negative; the 0-th is none. */
function substring(text: string, from: number, length: number): string {
  const characters = [...text];
  const start = from > 0 ? from - 1 : characters.length + from;
  if (from === 0 || start < 0 || length < 1) return '';
  return characters.slice(start, Math.min(start + length, characters.length)).join('');
}

/** Characters in front of the first place, and one; 0: nowhere. */
function locate(needle: string, text: string): number {
  const at = text.indexOf(needle);
  return at < 0 ? 0 : [...text.slice(0, at)].length + 1;
}

const FOUR_DIGITS = 4;

export const looseFunctions: { readonly [primitive: string]: Implementation } = {
  'int2.to.bool': (value: number) => value !== 0,
  'int8.to.bool': (value: Int8) => value !== 0,
  'numeric.to.bool': (value: string) => /[1-9]/.test(value),
  'float4.to.bool': (value: number) => value !== 0,
  'float8.to.bool': (value: number) => value !== 0,
  'bool.to.int8': (value: boolean) => (value ? 1 : 0),
  'text.leading.bool': (text: string) => leading(text) !== 0,
  'text.leading.float8': leading,
  'text.rounded.int2': (text: string) => int2Of(Number(rounded(text, 'smallint'))),
  'text.rounded.int4': (text: string) => int4Of(Number(rounded(text, 'integer'))),
  'text.rounded.int8': (text: string) => rounded(text, 'bigint'),
  'text.loose.date': date,
  'text.loose.timestamp': timestamp,
  'text.loose.timestamptz': (text: string, context: ValueContext) => fromLocal(zoneOf(context.timeZone), timestamp(text)),
  'text.loose.time': time,
  'float8.loose.text': (value: number) => looseFloat(value, float8Text(value)),
  'float4.loose.text': (value: number) => looseFloat(value, float4Text(value)),
  'numeric.div.four': (a: string, b: string) => {
    const [dividend, divisor] = [decimalOf(a), decimalOf(b)];
    return divisor.units === 0n ? null : formatDecimal(divideToScale(dividend, divisor, dividend.scale + FOUR_DIGITS));
  },
  'float8.div.orNull': (a: number, b: number) => (b === 0 ? null : floatDiv(a, b)),
  'int8.div.orNull': (a: Int8, b: Int8) => (b === 0 ? null : int8Div(a, b)),
  'int8.mod.orNull': (a: Int8, b: Int8) => (b === 0 ? null : int8Mod(a, b)),
  'numeric.mod.orNull': (a: string, b: string) => {
    const divisor = decimalOf(b);
    return divisor.units === 0n ? null : formatDecimal(moduloDecimals(decimalOf(a), divisor));
  },
  'float8.mod.orNull': (a: number, b: number) => (b === 0 ? null : a % b),
  'bool.xor': (a: boolean, b: boolean) => a !== b,
  'text.locate': locate,
  'text.concat.all': (...texts: string[]) => texts.join(''),
  'text.substring.loose': (text: string, from: Int8) => substring(text, Number(from), Number.POSITIVE_INFINITY),
  'text.substring.loose.length': (text: string, from: Int8, length: Int8) => substring(text, Number(from), Number(length)),
  'date.daysSinceMonday': (days: number) => (((days + 3) % 7) + 7) % 7,
};
