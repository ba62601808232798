/** Arithmetic of dates, times and intervals: months by the calendar, days by the clock of a zone, the rest in microseconds. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import {
  checkInstant,
  civilOf,
  DATE_DAYS_END,
  DAY_MICROSECONDS,
  DAYS_MIN,
  dateOutOfRange,
  daysInMonth,
  daysOf,
  type Instant,
  intervalOutOfRange,
  isInfinite,
  joinInstant,
  splitInstant,
  timeOfDay,
  timestampOutOfRange,
} from './calendar.ts';
import { INFINITE_INTERVAL, infinityOf, justifyHours, MINUS_INFINITE_INTERVAL, makeInterval } from './interval.ts';
import { fromLocal, toLocal, type Zone } from './time-zone.ts';

function checkDate(days: number): number {
  if (!(days >= DAYS_MIN && days < DATE_DAYS_END)) throw dateOutOfRange();
  return days;
}
export const addDays = (date: number, days: number): number => (isInfinite(date) ? date : checkDate(date + days));

export function subtractDates(a: number, b: number): number {
  if (isInfinite(a) || isInfinite(b)) throw new SqlError(SQLSTATE.datetime_field_overflow, 'cannot subtract infinite dates');
  return a - b;
}

/** Months later, on the same day or the last that the month has. */
function addMonths(days: number, months: number): number {
  const civil = civilOf(days);
  const month = civil.year * 12 + civil.month - 1 + months;
  const year = Math.floor(month / 12);
  const inYear = month - year * 12 + 1;
  return daysOf(year, inYear, Math.min(civil.day, daysInMonth(year, inYear)));
}

/** Infinities of a sum, or null when both are finite. */
function infiniteSum(instant: Instant, sign: number): Instant | null {
  if (isInfinite(instant)) {
    if (sign !== 0 && sign > 0 !== (instant as number) > 0) throw timestampOutOfRange();
    return instant;
  }
  return sign === 0 ? null : sign > 0 ? Infinity : -Infinity;
}

export function addToTimestamp(instant: Instant, span: IntervalValue, sign: 1 | -1): Instant {
  const infinite = infiniteSum(instant, sign * infinityOf(span));
  if (infinite !== null) return infinite;
  let result = instant;
  if (span.months !== 0 || span.days !== 0) {
    let days = splitInstant(instant);
    const time = timeOfDay;
    if (span.months !== 0) days = addMonths(days, sign * span.months);
    result = joinInstant(days + sign * span.days, time);
  }
  return addMicroseconds(result, span.microseconds, sign);
}

export function addMicroseconds(instant: Instant, microseconds: Instant, sign: 1 | -1): Instant {
  if (typeof instant === 'number' && typeof microseconds === 'number') {
    const sum = instant + sign * microseconds;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return checkInstant(BigInt(instant) + BigInt(sign) * BigInt(microseconds));
}

/** The same where days have the length that the zone gives them. */
export function addToTimestamptz(instant: Instant, span: IntervalValue, sign: 1 | -1, zone: Zone): Instant {
  const infinite = infiniteSum(instant, sign * infinityOf(span));
  if (infinite !== null) return infinite;
  let result = instant;
  if (span.months !== 0 || span.days !== 0) {
    const whole = { months: span.months, days: span.days, microseconds: 0 };
    result = fromLocal(zone, addToTimestamp(toLocal(zone, instant), whole, sign));
  }
  return addMicroseconds(result, span.microseconds, sign);
}

/** Days and time between two instants. */
export function subtractTimestamps(a: Instant, b: Instant): IntervalValue {
  if (isInfinite(a) || isInfinite(b)) {
    if (a === b) throw intervalOutOfRange();
    const isPositive = isInfinite(a) ? (a as number) > 0 : (b as number) < 0;
    return isPositive ? INFINITE_INTERVAL : MINUS_INFINITE_INTERVAL;
  }
  const difference =
    typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a - b) ? a - b : BigInt(a) - BigInt(b);
  return justifyHours(makeInterval(0, 0, difference));
}

/** Microsecond of the day, wherever the sum leads. */
export function addToTime(time: number, span: IntervalValue, sign: 1 | -1): number {
  if (infinityOf(span) !== 0) {
    const message = sign > 0 ? 'cannot add infinite interval to time' : 'cannot subtract infinite interval from time';
    throw new SqlError(SQLSTATE.datetime_field_overflow, message);
  }
  const rest = Number(BigInt(span.microseconds) % BigInt(DAY_MICROSECONDS));
  const sum = (time + sign * rest) % DAY_MICROSECONDS;
  return sum < 0 ? sum + DAY_MICROSECONDS : sum;
}

/** Years, months, days and time from b to a, by the calendar. */
export function age(a: Instant, b: Instant): IntervalValue {
  if (isInfinite(a) || isInfinite(b)) return subtractTimestamps(a, b);
  const negative = a < b;
  const firstDays = splitInstant(a);
  const firstTime = timeOfDay;
  const secondDays = splitInstant(b);
  const secondTime = timeOfDay;
  const first = civilOf(firstDays);
  const second = civilOf(secondDays);
  const sign = negative ? -1 : 1;
  let time = sign * (firstTime - secondTime);
  let days = sign * (first.day - second.day);
  let months = sign * ((first.year - second.year) * 12 + first.month - second.month);
  if (time < 0) {
    time += DAY_MICROSECONDS;
    days--;
  }
  const borrowed = negative ? first : second;
  while (days < 0) {
    days += daysInMonth(borrowed.year, borrowed.month);
    months--;
  }
  return makeInterval(sign * months, sign * days, sign * time);
}

export function bin(stride: IntervalValue, source: Instant, origin: Instant): Instant {
  if (isInfinite(source)) return source;
  if (isInfinite(origin)) throw new SqlError(SQLSTATE.datetime_field_overflow, 'origin out of range');
  if (infinityOf(stride) !== 0)
    throw new SqlError(SQLSTATE.datetime_field_overflow, 'timestamps cannot be binned into infinite intervals');
  if (stride.months !== 0) {
    throw new SqlError(SQLSTATE.feature_not_supported, 'timestamps cannot be binned into intervals containing months or years');
  }
  const width = BigInt(stride.days) * BigInt(DAY_MICROSECONDS) + BigInt(stride.microseconds);
  if (width <= 0n) throw new SqlError(SQLSTATE.datetime_field_overflow, 'stride must be greater than zero');
  const distance = BigInt(source) - BigInt(origin);
  if (BigInt.asIntN(64, distance) !== distance) throw intervalOutOfRange();
  let rest = distance % width;
  if (rest < 0n) rest += width;
  return checkInstant(BigInt(source) - rest);
}

/** Do two spans overlap? An end that is NULL is not known; a start that is NULL takes the end's place. */
export function overlaps(
  start1: Instant | null,
  end1: Instant | null,
  start2: Instant | null,
  end2: Instant | null,
): boolean | null {
  const first = ordered(start1, end1);
  const second = ordered(start2, end2);
  if (first === null || second === null) return null;
  const [early, late] = first.start <= second.start ? [first, second] : [second, first];
  if (early.start < late.start) {
    if (early.end === null) return null;
    if (late.start < early.end) return true;
    return late.end === null ? null : false;
  }
  return early.end === null || late.end === null ? null : true;
}
function ordered(start: Instant | null, end: Instant | null): { start: Instant; end: Instant | null } | null {
  if (start === null) return end === null ? null : { start: end, end: null };
  return end !== null && start > end ? { start: end, end: start } : { start, end };
}
