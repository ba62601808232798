/** extract, date_part and date_trunc: fields of dates, times and intervals. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import {
  civilOf,
  DAY_MICROSECONDS,
  dayOfYear,
  daysOf,
  type Instant,
  isInfinite,
  isoWeek,
  isoWeekStart,
  JULIAN_EPOCH,
  joinInstant,
  splitInstant,
  timeOfDay,
  weekday,
} from './calendar.ts';
import { Decimal, divideDecimals, formatDecimal, formatUnits, addDecimals } from './decimal.ts';
import { formatShort } from './decimal-short.ts';
import { badParameter } from './errors.ts';
import { infinityOf, makeInterval } from './interval.ts';
import { fromLocal, offsetAtInstant, toLocal, type Zone } from './time-zone.ts';

export const FIELD_NAMES: { readonly [field: string]: string } = {
  microsecond: 'microsecond microseconds us usec usecs usecond useconds microsecon',
  millisecond: 'millisecond milliseconds ms msec msecs mseconds millisecon',
  second: 'second seconds s sec secs',
  minute: 'minute minutes m min mins',
  hour: 'hour hours h hr hrs',
  day: 'day days d',
  week: 'week weeks w',
  month: 'month months mon mons',
  quarter: 'quarter qtr',
  year: 'year years y yr yrs',
  decade: 'decade decades dec decs',
  century: 'century centuries c cent',
  millennium: 'millennium millennia mil mils',
  epoch: 'epoch',
  julian: 'julian jd j',
  isoyear: 'isoyear',
  dow: 'dow',
  isodow: 'isodow',
  doy: 'doy',
  timezone: 'timezone',
  timezone_hour: 'timezone_h timezone_hour',
  timezone_minute: 'timezone_m timezone_minute',
};
const fields = new Map<string, string>(
  Object.entries(FIELD_NAMES).flatMap(([field, names]) => names.split(' ').map((name) => [name, field] as const)),
);

const unknown = (name: string, type: string): SqlError =>
  badParameter(`unit "${name.toLowerCase()}" not recognized for type ${type}`);
const unsupported = (name: string, type: string): SqlError =>
  new SqlError(SQLSTATE.feature_not_supported, `unit "${name.toLowerCase()}" not supported for type ${type}`);

function fieldOf(name: string, type: string): string {
  const field = fields.get(name.toLowerCase().replace(/^\s+|\s+$/g, ''));
  if (field === undefined) throw unknown(name, type);
  return field;
}

/** There is no year 0. */
const shownYear = (year: number): number => (year > 0 ? year : year - 1);
const century = (year: number): number => (year > 0 ? Math.trunc((year + 99) / 100) : -Math.trunc((99 - (year - 1)) / 100));
const millennium = (year: number): number =>
  year > 0 ? Math.trunc((year + 999) / 1000) : -Math.trunc((999 - (year - 1)) / 1000);
const decade = (year: number): number => (year >= 0 ? Math.trunc(year / 10) : -Math.trunc((8 - (year - 1)) / 10));

/** A whole number of a date, or null: it is no field of the calendar. */
function dateField(field: string, days: number): number | null {
  switch (field) {
    case 'day':
      return civilOf(days).day;
    case 'month':
      return civilOf(days).month;
    case 'quarter':
      return Math.floor((civilOf(days).month - 1) / 3) + 1;
    case 'year':
      return shownYear(civilOf(days).year);
    case 'decade':
      return decade(civilOf(days).year);
    case 'century':
      return century(civilOf(days).year);
    case 'millennium':
      return millennium(civilOf(days).year);
    case 'week':
      return isoWeek(days).week;
    case 'isoyear':
      return shownYear(isoWeek(days).year);
    case 'dow':
      return weekday(days);
    case 'isodow':
      return weekday(days) === 0 ? 7 : weekday(days);
    case 'doy':
      return dayOfYear(civilOf(days).year, days);
    default:
      return null;
  }
}
/** Text of a field of a time of day, or null. */
function timeField(field: string, time: number): string | null {
  switch (field) {
    case 'microsecond':
      return String(time % 60000000);
    case 'millisecond':
      return formatShort(time % 60000000, 3);
    case 'second':
      return formatShort(time % 60000000, 6);
    case 'minute':
      return String(Math.floor(time / 60000000) % 60);
    case 'hour':
      return String(Math.floor(time / 3600000000));
    default:
      return null;
  }
}

const RISING = new Set(['year', 'decade', 'century', 'millennium', 'julian', 'isoyear', 'epoch']);
const ZONE_FIELDS = new Set(['timezone', 'timezone_hour', 'timezone_minute']);

/** Of an infinite time: what always rises is infinite, the rest is not known. */
function infiniteField(field: string, sign: boolean): string | null {
  return RISING.has(field) ? (sign ? 'Infinity' : '-Infinity') : null;
}

export function extractDate(name: string, date: number): string | null {
  const field = fieldOf(name, 'date');
  if (field === 'epoch' || field === 'julian' || dateFieldNames.has(field)) {
    if (isInfinite(date)) return infiniteField(field, date > 0);
    if (field === 'epoch') return String(date * 86400);
    return String(field === 'julian' ? date + JULIAN_EPOCH : dateField(field, date));
  }
  throw unsupported(name, 'date');
}
const dateFieldNames = new Set('day month quarter year decade century millennium week isoyear dow isodow doy'.split(' '));

export function extractTime(name: string, time: number): string | null {
  const type = 'time without time zone';
  const field = fieldOf(name, type);
  if (field === 'epoch') return formatShort(time, 6);
  const text = timeField(field, time);
  if (text === null) throw unsupported(name, type);
  return text;
}

/** A timestamp, or one with time zone: `instant` is what counts for epoch, `zone` what its clock shows. */
export function extractTimestamp(name: string, instant: Instant, zone: Zone | null): string | null {
  const type = zone === null ? 'timestamp without time zone' : 'timestamp with time zone';
  const field = fieldOf(name, type);
  if (isInfinite(instant)) return infiniteField(field, (instant as number) > 0);
  if (zone === null && ZONE_FIELDS.has(field)) throw unsupported(name, type);
  if (field === 'epoch') return typeof instant === 'number' ? formatShort(instant, 6) : formatUnits(epochUnits(instant), 6);
  if (zone !== null && ZONE_FIELDS.has(field)) return zoneField(field, offsetAtInstant(zone, instant));
  const days = splitInstant(zone === null ? instant : toLocal(zone, instant));
  const time = timeOfDay;
  if (field === 'julian') {
    const fraction = divideDecimals(new Decimal(BigInt(time), 0), new Decimal(BigInt(DAY_MICROSECONDS), 0));
    return formatDecimal(addDecimals(new Decimal(BigInt(days + JULIAN_EPOCH), 0), fraction));
  }
  return timeField(field, time) ?? String(dateField(field, days));
}
/** Beyond 63 bits PostgreSQL divides numerics, to four digits behind the point. */
const epochUnits = (instant: bigint): bigint => (instant < 2n ** 63n - 1n ? instant : ((instant + 50n) / 100n) * 100n);

function zoneField(field: string, offset: number): string {
  if (field === 'timezone') return String(offset);
  return String(Math.trunc(field === 'timezone_hour' ? offset / 3600 : (offset % 3600) / 60) + 0);
}

export function extractInterval(name: string, value: IntervalValue): string | null {
  const type = 'interval';
  const field = fieldOf(name, type);
  const infinity = infinityOf(value);
  if (infinity !== 0) return infiniteInterval(name, field, infinity > 0);
  const years = Math.trunc(value.months / 12);
  const time = BigInt(value.microseconds);
  switch (field) {
    case 'hour':
      return String(time / 3600000000n);
    case 'day':
      return String(value.days);
    case 'week':
      return String(Math.trunc(value.days / 7) + 0);
    case 'month':
      return String((value.months % 12) + 0);
    case 'quarter':
      return String(value.months >= 0 ? Math.trunc((value.months % 12) / 3) + 1 : -(Math.trunc(-(value.months % 12) / 3) + 1));
    case 'year':
      return String(years + 0);
    case 'decade':
      return String(Math.trunc(years / 10) + 0);
    case 'century':
      return String(Math.trunc(years / 100) + 0);
    case 'millennium':
      return String(Math.trunc(years / 1000) + 0);
    case 'epoch': {
      // A year is 365.25 days here.
      const days = BigInt(years) * 1461n * 21600n + BigInt((value.months % 12) * 30 + value.days) * 86400n;
      return formatUnits(days * 1000000n + time, 6);
    }
    case 'minute':
      return String((time / 60000000n) % 60n);
    case 'second':
      return formatUnits(time % 60000000n, 6);
    case 'millisecond':
      return formatUnits(time % 60000000n, 3);
    case 'microsecond':
      return String(time % 60000000n);
    default:
      throw unsupported(name, type);
  }
}
/** A field as a double, seconds and their fractions added up as PostgreSQL adds them. */
export function partOf(name: string, text: string | null): number | null {
  if (text === null) return null;
  const field = fields.get(name.toLowerCase());
  if ((field !== 'second' && field !== 'millisecond') || !text.includes('.')) return Number(text);
  const micro = Number(text.replace('.', ''));
  const seconds = Math.trunc(micro / 1000000);
  const rest = micro - seconds * 1000000;
  return field === 'second' ? seconds + rest / 1000000 : seconds * 1000 + rest / 1000;
}

/** date_part's seconds of an interval: summed as doubles, as PostgreSQL does. */
export function intervalPart(name: string, value: IntervalValue): number | null {
  if (fields.get(name.toLowerCase()) === 'epoch' && infinityOf(value) === 0) {
    const years = Math.trunc(value.months / 12);
    const sum = Number(value.microseconds) / 1000000 + 365.25 * 86400 * years;
    return sum + 30 * 86400 * (value.months % 12) + 86400 * value.days;
  }
  return partOf(name, extractInterval(name, value));
}

const INFINITE_INTERVAL_FIELDS = new Set(['hour', 'day', 'year', 'decade', 'century', 'millennium', 'epoch']);
function infiniteInterval(name: string, field: string, isPositive: boolean): string | null {
  if (INFINITE_INTERVAL_FIELDS.has(field)) return isPositive ? 'Infinity' : '-Infinity';
  if (['week', 'month', 'quarter', 'minute', 'second', 'millisecond', 'microsecond'].includes(field)) return null;
  throw unsupported(name, 'interval');
}

const TIME_UNITS: { readonly [field: string]: number } = {
  microsecond: 1,
  millisecond: 1000,
  second: 1000000,
  minute: 60000000,
  hour: 3600000000,
  day: DAY_MICROSECONDS,
};

function truncateDays(field: string, days: number): number | null {
  const { year, month } = civilOf(days);
  switch (field) {
    case 'week': {
      const week = isoWeek(days);
      return isoWeekStart(week.year, week.week);
    }
    case 'month':
      return daysOf(year, month, 1);
    case 'quarter':
      return daysOf(year, 3 * Math.floor((month - 1) / 3) + 1, 1);
    case 'year':
      return daysOf(year, 1, 1);
    case 'decade':
      return daysOf(year > 0 ? Math.trunc(year / 10) * 10 : -(Math.trunc((8 - (year - 1)) / 10) * 10), 1, 1);
    case 'century':
      return daysOf(year > 0 ? Math.trunc((year + 99) / 100) * 100 - 99 : -(Math.trunc((99 - (year - 1)) / 100) * 100) + 1, 1, 1);
    case 'millennium':
      return daysOf(
        year > 0 ? Math.trunc((year + 999) / 1000) * 1000 - 999 : -(Math.trunc((999 - (year - 1)) / 1000) * 1000) + 1,
        1,
        1,
      );
    default:
      return null;
  }
}

function truncateLocal(name: string, field: string, local: Instant, type: string): Instant {
  const days = splitInstant(local);
  const time = timeOfDay;
  const unit = TIME_UNITS[field];
  if (unit !== undefined) return joinInstant(days, time - (time % unit));
  const start = truncateDays(field, days);
  if (start === null) throw unsupported(name, type);
  return joinInstant(start, 0);
}

/** Words that name fields, but no units. */
const NO_UNITS = new Set(['epoch', 'julian', 'isoyear', 'dow', 'isodow', 'doy']);
function unitOf(name: string, type: string): string {
  const field = fieldOf(name, type);
  if (NO_UNITS.has(field)) throw unknown(name, type);
  return field;
}

export function truncateTimestamp(name: string, instant: Instant, zone: Zone | null): Instant {
  const type = zone === null ? 'timestamp without time zone' : 'timestamp with time zone';
  const field = unitOf(name, type);
  if (isInfinite(instant)) {
    if (TIME_UNITS[field] === undefined && truncateDays(field, 0) === null) throw unsupported(name, type);
    return instant;
  }
  if (zone === null) return truncateLocal(name, field, instant, type);
  const local = truncateLocal(name, field, toLocal(zone, instant), type);
  // Within a day the offset stays that of the time itself.
  if (TIME_UNITS[field] === undefined || field === 'day') return fromLocal(zone, local);
  const offset = offsetAtInstant(zone, instant);
  return joinInstant(splitInstant(local), timeOfDay - offset * 1000000);
}

const MONTH_UNITS: { readonly [field: string]: number } = {
  month: 1,
  quarter: 3,
  year: 12,
  decade: 120,
  century: 1200,
  millennium: 12000,
};

export function truncateInterval(name: string, value: IntervalValue): IntervalValue {
  const field = unitOf(name, 'interval');
  const unit = TIME_UNITS[field];
  const months = MONTH_UNITS[field];
  if (unit === undefined && months === undefined) throw unsupported(name, 'interval');
  if (infinityOf(value) !== 0) return value;
  if (months !== undefined) return makeInterval(value.months - (value.months % months), 0, 0);
  if (field === 'day') return makeInterval(value.months, value.days, 0);
  const time = BigInt(value.microseconds);
  return makeInterval(value.months, value.days, time - (time % BigInt(unit)));
}
