/**
 * The proleptic Gregorian calendar. A date is days since 1970-01-01, a timestamp microseconds since then: a number while safe, else a
 * bigint; +-Infinity are the infinities. Years are counted astronomically inside: 0 is 1 BC.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';

export const DAY_MICROSECONDS = 86400000000;
const DAY_BIG = 86400000000n;
export type Instant = number | bigint;

/** 4713-11-24 BC, where Julian days begin. */
export const DAYS_MIN = -2440588;
/** First day that a timestamp, or a date, cannot have: 294277-01-01, 5874898-01-01. */
export const TIMESTAMP_DAYS_END = 106762940;
export const DATE_DAYS_END = 2145042906;
/** Julian day of 1970-01-01. */
export const JULIAN_EPOCH = 2440588;

export const timestampOutOfRange = (): SqlError => new SqlError(SQLSTATE.datetime_field_overflow, 'timestamp out of range');
export const dateOutOfRange = (): SqlError => new SqlError(SQLSTATE.datetime_field_overflow, 'date out of range');
export const intervalOutOfRange = (): SqlError => new SqlError(SQLSTATE.datetime_field_overflow, 'interval out of range');

export interface Civil {
  year: number;
  month: number;
  day: number;
}

/** Days since 1970 of a date; month 1 to 12, day may be any. */
export function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function civilOf(days: number): Civil {
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

export const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const LENGTHS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
export const daysInMonth = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : LENGTHS[month - 1]);

/** Microsecond of the day that splitInstant() found. */
export let timeOfDay = 0;

/** Day of an instant; the rest of it is left in `timeOfDay`. */
export function splitInstant(instant: Instant): number {
  if (typeof instant === 'bigint') {
    let rest = instant % DAY_BIG;
    if (rest < 0n) rest += DAY_BIG;
    timeOfDay = Number(rest);
    return Number((instant - rest) / DAY_BIG);
  }
  let days = Math.floor(instant / DAY_MICROSECONDS);
  let rest = instant - days * DAY_MICROSECONDS;
  if (rest < 0) {
    days--;
    rest += DAY_MICROSECONDS;
  } else if (rest >= DAY_MICROSECONDS) {
    days++;
    rest -= DAY_MICROSECONDS;
  }
  timeOfDay = rest;
  return days;
}

/** The instant of a day and microseconds from its beginning, which may lie outside the day. 22008 beyond the range. */
export function joinInstant(days: number, time: number): Instant {
  const instant = days * DAY_MICROSECONDS + time;
  if (instant < 9007199254740991 && instant > -9007199254740991) return instant;
  const whole = BigInt(days) * DAY_BIG + BigInt(time);
  const day = splitInstant(whole);
  if (!(day >= DAYS_MIN && day < TIMESTAMP_DAYS_END)) throw timestampOutOfRange();
  return normalInstant(whole);
}

/** A bigint as an instant: a number while safe. */
export function normalInstant(instant: bigint): Instant {
  const number = Number(instant);
  return Number.isSafeInteger(number) ? number : instant;
}

export function checkInstant(instant: bigint): Instant {
  if (instant < BigInt(DAYS_MIN) * DAY_BIG || instant >= BigInt(TIMESTAMP_DAYS_END) * DAY_BIG) throw timestampOutOfRange();
  return normalInstant(instant);
}

export const isInfinite = (value: Instant): boolean => value === Infinity || value === -Infinity;

/** Sum of instants and spans, whatever form they have; no check of the range. */
export function addExactly(a: Instant, b: Instant): Instant {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return normalInstant(BigInt(a) + BigInt(b));
}

/** Day of the week: 0 Sunday. */
export const weekday = (days: number): number => (((days + 4) % 7) + 7) % 7;

export const dayOfYear = (year: number, days: number): number => days - daysOf(year, 1, 1) + 1;

/** ISO 8601: the year to which the week belongs, and the week. */
export function isoWeek(days: number): { year: number; week: number } {
  const thursday = days - ((weekday(days) + 6) % 7) + 3;
  const { year } = civilOf(thursday);
  return { year, week: Math.floor((thursday - daysOf(year, 1, 1)) / 7) + 1 };
}
/** Monday of an ISO week. */
export function isoWeekStart(year: number, week: number): number {
  const fourth = daysOf(year, 1, 4);
  return fourth - ((weekday(fourth) + 6) % 7) + 7 * (week - 1);
}
