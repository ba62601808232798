/**
 * Intervals: months, days and microseconds, each with its own sign; arithmetic keeps them apart, comparison takes 30 days a month and 24
 * hours a day. The greatest (least) value of all three fields is infinity (-infinity).
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import { type Instant, intervalOutOfRange, normalInstant } from './calendar.ts';
import { divisionByZero } from './errors.ts';
import { roundHalfEven } from './floats.ts';

const INT64_MAX = 9223372036854775807n;
const INT64_MIN = -9223372036854775808n;
const INT32_MAX = 2147483647;
const INT32_MIN = -2147483648;

export const INFINITE_INTERVAL: IntervalValue = { months: INT32_MAX, days: INT32_MAX, microseconds: INT64_MAX };
export const MINUS_INFINITE_INTERVAL: IntervalValue = { months: INT32_MIN, days: INT32_MIN, microseconds: INT64_MIN };

/** 1 infinity, -1 -infinity, 0 finite. */
export function infinityOf(value: IntervalValue): number {
  const { months, days, microseconds } = value;
  if (months === INT32_MAX && days === INT32_MAX && microseconds === INT64_MAX) return 1;
  if (months === INT32_MIN && days === INT32_MIN && microseconds === INT64_MIN) return -1;
  return 0;
}
export const isInfiniteInterval = (value: IntervalValue): boolean => infinityOf(value) !== 0;
const infinite = (sign: number): IntervalValue => (sign > 0 ? INFINITE_INTERVAL : MINUS_INFINITE_INTERVAL);

/** An interval of its parts; 22008 where one does not fit, or all three would look like an infinity. */
export function makeInterval(months: number, days: number, microseconds: Instant): IntervalValue {
  if (!(months <= INT32_MAX && months >= INT32_MIN && days <= INT32_MAX && days >= INT32_MIN)) throw intervalOutOfRange();
  let time = microseconds;
  if (typeof time === 'bigint') {
    if (time > INT64_MAX || time < INT64_MIN) throw intervalOutOfRange();
    time = normalInstant(time);
  } else if (!Number.isSafeInteger(time)) throw intervalOutOfRange();
  const value = { months: months + 0, days: days + 0, microseconds: typeof time === 'number' ? time + 0 : time };
  if (isInfiniteInterval(value)) throw intervalOutOfRange();
  return value;
}

export function addTime(a: Instant, b: Instant, sign: 1 | -1): Instant {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + sign * b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return BigInt(a) + BigInt(sign) * BigInt(b);
}

export function addIntervals(a: IntervalValue, b: IntervalValue, sign: 1 | -1): IntervalValue {
  const left = infinityOf(a);
  const right = sign * infinityOf(b);
  if (left !== 0 || right !== 0) {
    if (left !== 0 && right !== 0 && left !== right) throw intervalOutOfRange();
    return infinite(left !== 0 ? left : right);
  }
  return makeInterval(a.months + sign * b.months, a.days + sign * b.days, addTime(a.microseconds, b.microseconds, sign));
}

export function negateInterval(a: IntervalValue): IntervalValue {
  const sign = infinityOf(a);
  if (sign !== 0) return infinite(-sign);
  return makeInterval(-a.months, -a.days, typeof a.microseconds === 'number' ? -a.microseconds : -a.microseconds);
}

const SECONDS_A_DAY = 86400;

/** Rounded to whole microseconds of a second, as floats are that hold seconds. */
const toMicro = (seconds: number): number => roundHalfEven(seconds * 1000000) / 1000000;

/** Fractions of months become days, fractions of days time (30 days, 24 hours). */
function scaled(a: IntervalValue, factor: number, divides: boolean): IntervalValue {
  const by = (value: number): number => (divides ? value / factor : value * factor);
  const exactMonths = by(a.months);
  const exactDays = by(a.days);
  if (!(Math.abs(exactMonths) <= 2147483648 && Math.abs(exactDays) <= 2147483648)) throw intervalOutOfRange();
  const months = Math.trunc(exactMonths);
  let days = Math.trunc(exactDays);
  let daysOfMonths = toMicro((exactMonths - months) * 30);
  let seconds = toMicro((exactDays - days + daysOfMonths - Math.trunc(daysOfMonths)) * SECONDS_A_DAY);
  if (Math.abs(seconds) >= SECONDS_A_DAY) {
    const extra = Math.trunc(seconds / SECONDS_A_DAY);
    days += extra;
    seconds -= extra * SECONDS_A_DAY;
  }
  daysOfMonths = Math.trunc(daysOfMonths);
  const time = roundHalfEven(by(Number(a.microseconds)) + seconds * 1000000);
  if (!Number.isFinite(time)) throw intervalOutOfRange();
  return makeInterval(months, days + daysOfMonths, Number.isSafeInteger(time) ? time : BigInt(time));
}

export function multiplyInterval(a: IntervalValue, factor: number): IntervalValue {
  if (Number.isNaN(factor)) throw intervalOutOfRange();
  const sign = infinityOf(a);
  const isBoundless = !Number.isFinite(factor);
  if (sign !== 0 || isBoundless) {
    const direction = sign !== 0 ? sign * Math.sign(factor) : Math.sign(factor) * signOfInterval(a);
    if (direction === 0 || Number.isNaN(direction)) throw intervalOutOfRange();
    return infinite(direction);
  }
  return scaled(a, factor, false);
}
function signOfInterval(a: IntervalValue): number {
  const span = BigInt(a.months * 30 + a.days) * 86400000000n + BigInt(a.microseconds);
  return span > 0n ? 1 : span < 0n ? -1 : 0;
}
export function divideInterval(a: IntervalValue, divisor: number): IntervalValue {
  if (divisor === 0) throw divisionByZero();
  if (Number.isNaN(divisor)) throw intervalOutOfRange();
  const sign = infinityOf(a);
  if (sign !== 0) {
    if (!Number.isFinite(divisor)) throw intervalOutOfRange();
    return infinite(sign * Math.sign(divisor));
  }
  return scaled(a, divisor, true);
}

const DAY = 86400000000;
function splitTime(microseconds: Instant): { days: number; time: number } {
  const days = Number(BigInt(microseconds) / BigInt(DAY));
  return { days, time: Number(BigInt(microseconds) % BigInt(DAY)) };
}

/** Whole days out of the time, with one sign for both. */
export function justifyHours(a: IntervalValue): IntervalValue {
  if (isInfiniteInterval(a)) return a;
  const split = splitTime(a.microseconds);
  let days = a.days + split.days;
  let { time } = split;
  if (days > 0 && time < 0) {
    time += DAY;
    days--;
  } else if (days < 0 && time > 0) {
    time -= DAY;
    days++;
  }
  return makeInterval(a.months, days, time);
}
export function justifyDays(a: IntervalValue): IntervalValue {
  if (isInfiniteInterval(a)) return a;
  let months = a.months + Math.trunc(a.days / 30);
  let days = a.days % 30;
  if (months > 0 && days < 0) {
    days += 30;
    months--;
  } else if (months < 0 && days > 0) {
    days -= 30;
    months++;
  }
  return makeInterval(months, days, a.microseconds);
}
export function justifyInterval(a: IntervalValue): IntervalValue {
  if (isInfiniteInterval(a)) return a;
  const split = splitTime(a.microseconds);
  const allDays = a.days + split.days;
  let months = a.months + Math.trunc(allDays / 30);
  let days = allDays % 30;
  let { time } = split;
  if (months > 0 && (days < 0 || (days === 0 && time < 0))) {
    days += 30;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && time > 0))) {
    days -= 30;
    months++;
  }
  if (days > 0 && time < 0) {
    time += DAY;
    days--;
  } else if (days < 0 && time > 0) {
    time -= DAY;
    days++;
  }
  return makeInterval(months, days, time);
}

/** Rounded to `digits` digits of the second. */
export function roundInterval(a: IntervalValue, digits: number): IntervalValue {
  if (digits < 0 || digits >= 6 || isInfiniteInterval(a)) return a;
  const unit = BigInt(10 ** (6 - digits));
  const time = BigInt(a.microseconds);
  const half = unit / 2n;
  const rounded = time >= 0n ? ((time + half) / unit) * unit : -(((half - time) / unit) * unit);
  return makeInterval(a.months, a.days, rounded);
}

export const badInterval = (text: string): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, `invalid input syntax for type interval: "${text}"`);
export const intervalFieldOverflow = (text: string): SqlError =>
  new SqlError(SQLSTATE.interval_field_overflow, `interval field value out of range: "${text}"`);
