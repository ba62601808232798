/**
 * Reads dates, times and timestamps in the forms in use: ISO 8601, month first (1/8/1999), with names of months, run together, Julian
 * days, BC, AM and PM, zones by offset, abbreviation or name, and the words infinity, epoch, now, today, tomorrow, yesterday.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ValueContext } from './context.ts';
import {
  DATE_DAYS_END,
  DAY_MICROSECONDS,
  DAYS_MIN,
  daysInMonth,
  daysOf,
  type Instant,
  joinInstant,
  splitInstant,
  timeOfDay,
} from './calendar.ts';
import { daysOfFields, hasDate, Reader, readTokens, type Special } from './time-tokens.ts';
import { fromLocal, toLocal, type Zone, zoneOf } from './time-zone.ts';

/** What a text says: day and microseconds in it, and its zone. */
interface Parsed {
  special: Special | null;
  days: number;
  hasDate: boolean;
  time: number;
  hasTime: boolean;
  offset: number | null;
  zone: Zone | null;
}

const sessionZone = (context: ValueContext | undefined): Zone => zoneOf(context?.timeZone ?? 'UTC');

function parseFields(text: string, type: string, context: ValueContext | undefined): Parsed {
  const reader = new Reader(text, type, context);
  readTokens(reader);
  if (reader.meridiem !== null) {
    if (Number.isNaN(reader.time) || reader.hour > 12) throw reader.overflow();
    if (reader.meridiem === 'am' && reader.hour === 12) reader.time -= 12 * 3600000000;
    if (reader.meridiem === 'pm' && reader.hour !== 12) reader.time += 12 * 3600000000;
  }
  let days = 0;
  let isDated = reader.special !== null;
  if (reader.relative !== null) {
    days = splitInstant(toLocal(sessionZone(context), context?.transactionTime ?? 0)) + reader.relative;
    isDated = true;
  } else if (hasDate(reader)) {
    days = daysOfFields(reader);
    isDated = true;
  } else if (!(Number.isNaN(reader.year) && Number.isNaN(reader.month) && Number.isNaN(reader.day))) throw reader.bad();
  const hasTime = !Number.isNaN(reader.time);
  const { special, offset, zone } = reader;
  return { special, days, hasDate: isDated, time: hasTime ? reader.time : 0, hasTime, offset, zone };
}

const badText = (text: string, type: string): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, `invalid input syntax for type ${type}: "${text}"`);

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:([+-])(\d\d)(?::?(\d\d))?|(Z))?$/;

/** The usual form, without any ado; null for what it does not know or what is not in range. */
function parseIso(text: string): Parsed | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = [
    match[1],
    match[2],
    match[3],
    match[4] ?? 0,
    match[5] ?? 0,
    match[6] ?? 0,
  ].map(Number);
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59) return null;
  if (match[8] !== undefined && (match[4] === undefined || Number(match[9]) > 15 || Number(match[10] ?? 0) > 59)) return null;
  const micro = match[7] === undefined ? 0 : Number(match[7].padEnd(6, '0'));
  const seconds = Number(match[9] ?? 0) * 3600 + Number(match[10] ?? 0) * 60;
  return {
    special: null,
    days: daysOf(year, month, day),
    hasDate: true,
    time: ((hour * 60 + minute) * 60 + second) * 1000000 + micro,
    hasTime: match[4] !== undefined,
    offset: match[11] !== undefined ? 0 : match[8] === undefined ? null : match[8] === '-' ? -seconds : seconds,
    zone: null,
  };
}

const outOfRange = (text: string, type: string): SqlError =>
  new SqlError(SQLSTATE.datetime_field_overflow, `${type} out of range: "${text}"`);

function specialInstant(parsed: Parsed, context: ValueContext | undefined): Instant {
  if (parsed.special === 'epoch') return 0;
  if (parsed.special === 'now') return context?.transactionTime ?? 0;
  return parsed.special === 'infinity' ? Infinity : -Infinity;
}

function joined(parsed: Parsed, text: string): Instant {
  if (!(parsed.days >= DAYS_MIN && parsed.days <= 106762940)) throw outOfRange(text, 'timestamp');
  try {
    return joinInstant(parsed.days, parsed.time);
  } catch (error) {
    if (error instanceof SqlError) throw outOfRange(text, 'timestamp');
    throw error;
  }
}

/** A timestamp without a zone: one that the text names is ignored. */
export function parseTimestamp(text: string, context?: ValueContext): Instant {
  const parsed = parseIso(text) ?? parseFields(text, 'timestamp', context);
  if (parsed.special === 'now') return toLocal(sessionZone(context), specialInstant(parsed, context));
  if (parsed.special !== null) return specialInstant(parsed, context);
  if (!parsed.hasDate) throw badText(text, 'timestamp');
  return joined(parsed, text);
}

export function parseTimestamptz(text: string, context?: ValueContext): Instant {
  const type = 'timestamp with time zone';
  const parsed = parseIso(text) ?? parseFields(text, type, context);
  if (parsed.special !== null) return specialInstant(parsed, context);
  if (!parsed.hasDate) throw badText(text, type);
  if (parsed.offset !== null) {
    parsed.time -= parsed.offset * 1000000;
    return joined(parsed, text);
  }
  return fromLocal(parsed.zone ?? sessionZone(context), joined(parsed, text));
}

export function parseDate(text: string, context?: ValueContext): number {
  const parsed = parseIso(text) ?? parseFields(text, 'date', context);
  if (parsed.special === 'now') return splitInstant(toLocal(sessionZone(context), context?.transactionTime ?? 0));
  if (parsed.special !== null) return Number(specialInstant(parsed, context));
  if (!parsed.hasDate) throw badText(text, 'date');
  if (!(parsed.days >= DAYS_MIN && parsed.days < DATE_DAYS_END)) throw outOfRange(text, 'date');
  return parsed.days;
}

/** Microseconds of the day; 24:00:00 is one. */
export function parseTime(text: string, context?: ValueContext): number {
  const type = 'time';
  const compact = /^\s*[tT]?(\d{4}|\d{6})(\.\d+)?\s*$/.exec(text);
  const parsed = parseFields(compact === null ? text : `t${compact[1]}${compact[2] ?? ''}`, type, context);
  if (parsed.special === 'now') {
    splitInstant(toLocal(sessionZone(context), context?.transactionTime ?? 0));
    return timeOfDay;
  }
  if (!parsed.hasTime || parsed.special !== null || parsed.time > DAY_MICROSECONDS) throw badText(text, type);
  return parsed.time;
}
