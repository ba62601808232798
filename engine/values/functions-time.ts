/** Primitives of dates, times and intervals (engine/sblr/primitives-time.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import {
  checkInstant,
  DAY_MICROSECONDS,
  DAYS_MIN,
  DATE_DAYS_END,
  daysInMonth,
  daysOf,
  type Instant,
  intervalOutOfRange,
  isInfinite,
  joinInstant,
  normalInstant,
  splitInstant,
  timeOfDay,
} from './calendar.ts';
import type { ValueContext } from './context.ts';
import { decimalOf } from './decimal.ts';
import { badParameter } from './errors.ts';
import { formatFloat, formatInt4, formatInt8, formatNumber, parseNumber } from './number-format.ts';
import { formatInstant, formatInterval } from './time-format.ts';
import { parseDateBy, parseTimestampBy } from './time-format-parse.ts';
import { roundHalfEven } from './floats.ts';
import type { Implementation } from './functions.ts';
import { castFunctions } from './functions-casts.ts';
import * as interval from './interval.ts';
import * as fields from './time-fields.ts';
import * as math from './time-math.ts';
import { intervalText, pair } from './time-text.ts';
import { fromLocal, toLocal, zoneAbbreviation, type Zone, zoneOf } from './time-zone.ts';
import { civilOf, weekday } from './calendar.ts';

const dateToTimestamp = castFunctions['date.to.timestamp'] as (date: number) => Instant;
const roundInstant = castFunctions['timestamp.to.timestamp'] as (value: Instant, digits: number) => Instant;
const sessionZone = (context: ValueContext): Zone => zoneOf(context.timeZone);

const overflow = (message: string): SqlError => new SqlError(SQLSTATE.datetime_field_overflow, message);

function addTimeToDate(date: number, time: number): Instant {
  const start = dateToTimestamp(date);
  return isInfinite(start) ? start : math.addMicroseconds(start, time, 1);
}
/** Negative years count backwards from 1 BC. */
function checkedDays(year: number, month: number, day: number): number {
  const astronomical = year < 0 ? year + 1 : year;
  const isDate = year !== 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(astronomical, month);
  if (!isDate) throw overflow(`date field value out of range: ${year}-${pair(Math.max(month, 0))}-${pair(Math.max(day, 0))}`);
  const days = daysOf(astronomical, month, day);
  if (days < DAYS_MIN || days >= DATE_DAYS_END) throw overflow(`date out of range: ${year}-${pair(month)}-${pair(day)}`);
  return days;
}
function makeTime(hour: number, minute: number, seconds: number): number {
  const micro = roundHalfEven(seconds * 1000000);
  const time = (hour * 60 + minute) * 60000000 + micro;
  const fits = hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59 && micro >= 0 && micro <= 60000000;
  if (!fits || time > DAY_MICROSECONDS)
    throw overflow(`time field value out of range: ${hour}:${pair(Math.max(minute, 0))}:${seconds}`);
  return time;
}
const makeTimestamp = (year: number, month: number, day: number, hour: number, minute: number, seconds: number): Instant =>
  joinInstant(checkedDays(year, month, day), makeTime(hour, minute, seconds));

function makeInterval(years = 0, months = 0, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0): IntervalValue {
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  const micro = roundHalfEven(seconds * 1000000);
  if (Math.abs(micro) >= 2 ** 63) throw intervalOutOfRange();
  const time = BigInt(hours) * 3600000000n + BigInt(minutes) * 60000000n + BigInt(micro);
  return interval.makeInterval(years * 12 + months, weeks * 7 + days, normalInstant(time));
}

/** Halves to even, counted from 2000 as PostgreSQL counts. */
function fromEpoch(seconds: number): Instant {
  if (Number.isNaN(seconds)) throw overflow('timestamp cannot be NaN');
  if (!Number.isFinite(seconds)) return seconds;
  const since2000 = roundHalfEven((seconds - 946684800) * 1000000);
  if (Math.abs(since2000) > 9.3e18) throw overflow(`timestamp out of range: "${seconds}"`);
  return checkInstant(BigInt(since2000) + 946684800000000n);
}

function offsetOfInterval(zone: IntervalValue): number | bigint {
  if (interval.isInfiniteInterval(zone)) throw badParameter('interval time zone must be finite');
  if (zone.months !== 0 || zone.days !== 0) {
    throw badParameter(`interval time zone "${intervalText(zone)}" must not include months or days`);
  }
  return zone.microseconds;
}
function atOffset(zone: IntervalValue, instant: Instant, sign: 1 | -1): Instant {
  if (isInfinite(instant)) return instant;
  // Zones are kept in whole seconds.
  const offset = BigInt(offsetOfInterval(zone)) / 1000000n;
  return math.addMicroseconds(instant, Number(offset) * 1000000, sign);
}

const localNow = (context: ValueContext): Instant => toLocal(sessionZone(context), context.transactionTime);
const today = (context: ValueContext): number => splitInstant(localNow(context));
function timeNow(context: ValueContext): number {
  splitInstant(localNow(context));
  return timeOfDay;
}
/** `Sat Nov 21 15:04:05.123456 2026 UTC` */
function timeOfDayText(context: ValueContext): string {
  const zone = sessionZone(context);
  const now = context.clock();
  const days = splitInstant(toLocal(zone, now));
  const time = timeOfDay;
  const { year, month, day } = civilOf(days);
  const seconds = Math.floor(time / 1000000);
  const clock = `${pair(Math.floor(seconds / 3600))}:${pair(Math.floor(seconds / 60) % 60)}:${pair(seconds % 60)}`;
  const names = `${'SunMonTueWedThuFriSat'.substr(weekday(days) * 3, 3)} ${'JanFebMarAprMayJunJulAugSepOctNovDec'.substr(month * 3 - 3, 3)}`;
  return `${names} ${pair(day)} ${clock}.${String(time % 1000000).padStart(6, '0')} ${year} ${zoneAbbreviation(zone, now)}`;
}

type AddSpan = (value: Instant, span: IntervalValue, context: ValueContext) => Instant;

/** OVERLAPS where an end is given as the span behind its start. */
function overlapsOfSpans(type: string, add: AddSpan): { [primitive: string]: Implementation } {
  type Start = Instant | null;
  type Span = IntervalValue | null;
  const end = (start: Start, span: Span, context: ValueContext): Start =>
    start === null || span === null ? null : add(start, span, context);
  return {
    [`${type}.overlaps.spans`]: (a: Start, span: Span, b: Start, other: Span, context: ValueContext) =>
      math.overlaps(a, end(a, span, context), b, end(b, other, context)),
    [`${type}.overlaps.firstSpan`]: (a: Start, span: Span, b: Start, last: Start, context: ValueContext) =>
      math.overlaps(a, end(a, span, context), b, last),
    [`${type}.overlaps.lastSpan`]: (a: Start, last: Start, b: Start, span: Span, context: ValueContext) =>
      math.overlaps(a, last, b, end(b, span, context)),
  };
}

const table: { [primitive: string]: Implementation } = {
  'date.extract': fields.extractDate,
  'date.part': (name: string, date: number) => fields.partOf(name, fields.extractTimestamp(name, dateToTimestamp(date), null)),
  'time.extract': fields.extractTime,
  'time.part': (name: string, time: number) => fields.partOf(name, fields.extractTime(name, time)),
  'timestamp.extract': (name: string, value: Instant) => fields.extractTimestamp(name, value, null),
  'timestamp.part': (name: string, value: Instant) => fields.partOf(name, fields.extractTimestamp(name, value, null)),
  'timestamptz.extract': (name: string, value: Instant, context: ValueContext) =>
    fields.extractTimestamp(name, value, sessionZone(context)),
  'timestamptz.part': (name: string, value: Instant, context: ValueContext) =>
    fields.partOf(name, fields.extractTimestamp(name, value, sessionZone(context))),
  'interval.extract': fields.extractInterval,
  'interval.part': fields.intervalPart,
  'date.isFinite': Number.isFinite,
  'timestamp.isFinite': (value: Instant) => !isInfinite(value),
  'timestamptz.isFinite': (value: Instant) => !isInfinite(value),
  'interval.isFinite': (value: IntervalValue) => !interval.isInfiniteInterval(value),
  'date.add.int4': math.addDays,
  'int4.add.date': (days: number, date: number) => math.addDays(date, days),
  'date.sub.int4': (date: number, days: number) => math.addDays(date, -days),
  'date.sub': math.subtractDates,
  'date.add.interval': (date: number, span: IntervalValue) => math.addToTimestamp(dateToTimestamp(date), span, 1),
  'interval.add.date': (span: IntervalValue, date: number) => math.addToTimestamp(dateToTimestamp(date), span, 1),
  'date.sub.interval': (date: number, span: IntervalValue) => math.addToTimestamp(dateToTimestamp(date), span, -1),
  'date.add.time': addTimeToDate,
  'time.add.date': (time: number, date: number) => addTimeToDate(date, time),
  'time.add.interval': (time: number, span: IntervalValue) => math.addToTime(time, span, 1),
  'interval.add.time': (span: IntervalValue, time: number) => math.addToTime(time, span, 1),
  'time.sub.interval': (time: number, span: IntervalValue) => math.addToTime(time, span, -1),
  'time.sub': (a: number, b: number) => ({ months: 0, days: 0, microseconds: a - b }),
  'timestamp.add.interval': (value: Instant, span: IntervalValue) => math.addToTimestamp(value, span, 1),
  'interval.add.timestamp': (span: IntervalValue, value: Instant) => math.addToTimestamp(value, span, 1),
  'timestamp.sub.interval': (value: Instant, span: IntervalValue) => math.addToTimestamp(value, span, -1),
  'timestamp.sub': math.subtractTimestamps,
  'timestamptz.add.interval': (value: Instant, span: IntervalValue, context: ValueContext) =>
    math.addToTimestamptz(value, span, 1, sessionZone(context)),
  'interval.add.timestamptz': (span: IntervalValue, value: Instant, context: ValueContext) =>
    math.addToTimestamptz(value, span, 1, sessionZone(context)),
  'timestamptz.sub.interval': (value: Instant, span: IntervalValue, context: ValueContext) =>
    math.addToTimestamptz(value, span, -1, sessionZone(context)),
  'timestamptz.add.zone': (value: Instant, span: IntervalValue, zone: string) =>
    math.addToTimestamptz(value, span, 1, zoneOf(zone)),
  'timestamptz.sub.zone': (value: Instant, span: IntervalValue, zone: string) =>
    math.addToTimestamptz(value, span, -1, zoneOf(zone)),
  'timestamptz.sub': math.subtractTimestamps,
  'interval.add': (a: IntervalValue, b: IntervalValue) => interval.addIntervals(a, b, 1),
  'interval.sub': (a: IntervalValue, b: IntervalValue) => interval.addIntervals(a, b, -1),
  'interval.negate': interval.negateInterval,
  'interval.mul': interval.multiplyInterval,
  'float8.mul.interval': (factor: number, span: IntervalValue) => interval.multiplyInterval(span, factor),
  'interval.div': interval.divideInterval,
  'interval.justifyHours': interval.justifyHours,
  'interval.justifyDays': interval.justifyDays,
  'interval.justifyInterval': interval.justifyInterval,
  'timestamp.age': math.age,
  'timestamptz.age': (a: Instant, b: Instant, context: ValueContext) =>
    math.age(toLocal(sessionZone(context), a), toLocal(sessionZone(context), b)),
  'timestamp.age.today': (value: Instant, context: ValueContext) => math.age(dateToTimestamp(today(context)), value),
  'timestamptz.age.today': (value: Instant, context: ValueContext) =>
    math.age(dateToTimestamp(today(context)), toLocal(sessionZone(context), value)),
  'timestamp.truncate': (name: string, value: Instant) => fields.truncateTimestamp(name, value, null),
  'timestamptz.truncate': (name: string, value: Instant, context: ValueContext) =>
    fields.truncateTimestamp(name, value, sessionZone(context)),
  'timestamptz.truncate.zone': (name: string, value: Instant, zone: string) =>
    fields.truncateTimestamp(name, value, zoneOf(zone)),
  'interval.truncate': fields.truncateInterval,
  'timestamp.bin': math.bin,
  'timestamptz.bin': math.bin,
  'timestamp.atZone': (zone: string, value: Instant) => (isInfinite(value) ? value : fromLocal(zoneOf(zone), value)),
  'timestamptz.atZone': (zone: string, value: Instant) => (isInfinite(value) ? value : toLocal(zoneOf(zone), value)),
  'timestamp.atOffset': (zone: IntervalValue, value: Instant) => atOffset(zone, value, -1),
  'timestamptz.atOffset': (zone: IntervalValue, value: Instant) => atOffset(zone, value, 1),
  'timestamp.atLocal': (value: Instant, context: ValueContext) => fromLocal(sessionZone(context), value),
  'timestamptz.atLocal': (value: Instant, context: ValueContext) => toLocal(sessionZone(context), value),
  'date.make': checkedDays,
  'time.make': makeTime,
  'timestamp.make': makeTimestamp,
  'timestamptz.make': (y: number, mo: number, d: number, h: number, mi: number, s: number, context: ValueContext) =>
    fromLocal(sessionZone(context), makeTimestamp(y, mo, d, h, mi, s)),
  'timestamptz.make.zone': (y: number, mo: number, d: number, h: number, mi: number, s: number, zone: string) =>
    fromLocal(zoneOf(zone), makeTimestamp(y, mo, d, h, mi, s)),
  'interval.make': makeInterval,
  'interval.make.some': makeInterval,
  'interval.make.none': () => makeInterval(),
  'timestamptz.fromEpoch': fromEpoch,
  'timestamptz.now': (context: ValueContext) => context.transactionTime,
  'timestamptz.statement': (context: ValueContext) => context.statementTime,
  'timestamptz.clock': (context: ValueContext) => context.clock(),
  'timestamptz.now.digits': (digits: number, context: ValueContext) => roundInstant(context.transactionTime, digits),
  'timestamp.now': localNow,
  'timestamp.now.digits': (digits: number, context: ValueContext) => roundInstant(localNow(context), digits),
  'time.now': timeNow,
  'time.now.digits': (digits: number, context: ValueContext) => castFunctions['time.to.time'](timeNow(context), digits),
  'date.now': today,
  'timestamptz.timeOfDay': timeOfDayText,
  'timestamp.overlaps': math.overlaps,
  'timestamptz.overlaps': math.overlaps,
  'time.overlaps': math.overlaps,
  ...overlapsOfSpans('timestamp', (value, span) => math.addToTimestamp(value, span, 1)),
  ...overlapsOfSpans('timestamptz', (value, span, context) => math.addToTimestamptz(value, span, 1, sessionZone(context))),
  ...overlapsOfSpans('time', (value, span) => math.addToTime(value as number, span, 1)),
};

Object.assign(table, {
  'timestamptz.parse': (text: string, format: string, context: ValueContext) =>
    parseTimestampBy(text, format, sessionZone(context)),
  'date.parse': parseDateBy,
  'numeric.parse': parseNumber,
  'timestamp.toChar': (value: Instant, format: string) => formatInstant(value, format, null),
  'timestamptz.toChar': (value: Instant, format: string, context: ValueContext) =>
    formatInstant(value, format, sessionZone(context)),
  'interval.toChar': formatInterval,
  'int4.toChar': formatInt4,
  'int8.toChar': formatInt8,
  'numeric.toChar': (value: string, format: string) => formatNumber(decimalOf(value), format),
  'float4.toChar': (value: number, format: string) => formatFloat(value, format, 6),
  'float8.toChar': (value: number, format: string) => formatFloat(value, format, 15),
});

export const timeFunctions: { readonly [primitive: string]: Implementation } = table;
