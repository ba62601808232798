/** Texts of dates and times cut into tokens, and what each of them says: depending on what is known already, and on how long it is. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ValueContext } from './context.ts';
import { daysInMonth, daysOf, JULIAN_EPOCH } from './calendar.ts';
import { abbreviationOffset, findZone, type Zone, zoneOf } from './time-zone.ts';

/** Words that are times themselves. */
export type Special = 'infinity' | '-infinity' | 'epoch' | 'now';

const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const LONG_MONTHS = 'january february march april may june july august september october november december'.split(' ');
const WEEKDAYS = new Set(
  ('sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday ' + 'at on').split(
    ' ',
  ),
);

function monthOf(word: string): number {
  if (word === 'sept') return 9;
  return (word.length === 3 ? MONTHS : LONG_MONTHS).indexOf(word) + 1;
}

/** What has been read so far; NaN for a field that is not known. */
export class Reader {
  readonly text: string;
  readonly type: string;
  readonly context: ValueContext | undefined;
  year = NaN;
  month = NaN;
  day = NaN;
  dayOfYear = NaN;
  julian = NaN;
  twoDigits = false;
  textMonth = false;
  bc: boolean | null = null;
  meridiem: 'am' | 'pm' | null = null;
  time = NaN;
  hour = 0;
  offset: number | null = null;
  zone: Zone | null = null;
  special: Special | null = null;
  relative: number | null = null;

  constructor(text: string, type: string, context: ValueContext | undefined) {
    this.text = text;
    this.type = type;
    this.context = context;
  }

  bad(): SqlError {
    return new SqlError(SQLSTATE.invalid_datetime_format, `invalid input syntax for type ${this.type}: "${this.text}"`);
  }
  overflow(hint?: string): SqlError {
    return new SqlError(SQLSTATE.datetime_field_overflow, `date/time field value out of range: "${this.text}"`, { hint });
  }
}

export const hasDate = (reader: Reader): boolean =>
  !Number.isNaN(reader.julian) ||
  !Number.isNaN(reader.dayOfYear) ||
  (!Number.isNaN(reader.year) && !Number.isNaN(reader.month) && !Number.isNaN(reader.day));

const TOKEN =
  /^(\d+):([\d:.]*)|^(\d+(?:[-/.])(?:[a-z]+|\d+)(?:[-/.](?:\d+))?)(?![\d:_]|[a-su-z]|t(?!\d))|^(\d+(?:\.\d*)?|\.\d+)|^([+-])\s*(\d+(?::\d*){0,2})|^([+-])([a-z]+)|^([a-z]+(?:[-/_+.][a-z\d_+:/-]*|\d[a-z\d]*)?)/;

/** Reads the whole text into the reader's fields. 22007, 22008, 22009. */
export function readTokens(reader: Reader): void {
  let rest = reader.text.toLowerCase();
  for (;;) {
    rest = rest.replace(/^[\s,;()]+/, '');
    if (rest === '') return;
    const clock = /^t(\d+(?:\.\d*)?)?(?![\d:a-z])|^t(?=\d)/.exec(rest);
    if (clock !== null) {
      if (clock[1] !== undefined) readClock(reader, clock[1]);
      else if (clock[0].length === rest.length || !hasDate(reader)) throw reader.bad();
      rest = rest.slice(clock[0].length);
      continue;
    }
    const match = TOKEN.exec(rest);
    if (match === null) throw reader.bad();
    if (match[1] !== undefined) readTime(reader, match[0]);
    else if (match[3] !== undefined) rest = readDateToken(reader, match, rest);
    else if (match[4] !== undefined) readNumber(reader, match[4]);
    else if (match[5] !== undefined) readOffset(reader, match[5], match[6]);
    else if (match[7] !== undefined) readSigned(reader, match[7], match[8]);
    else readWord(reader, match[9]);
    rest = rest.slice(match[0].length);
  }
}

/** `12.5` looks like the start of a date, but it is a number. */
function readDateToken(reader: Reader, match: RegExpExecArray, rest: string): string {
  const parts = match[3].split(/[-/.]/);
  if (parts.length === 2 && match[3].includes('.') && /^\d+$/.test(parts[1])) readNumber(reader, match[3]);
  else if (hasDate(reader)) throw reader.bad();
  else readDate(reader, parts);
  return rest;
}

function readTime(reader: Reader, text: string): void {
  if (!Number.isNaN(reader.time)) throw reader.bad();
  // Behind the hours a field may be empty.
  const match = /^(\d+):(\d*)(?::(\d*)(\.\d*)?)?$/.exec(text);
  if (match !== null) return setClock(reader, Number(match[1]), Number(match[2]), Number(match[3] ?? 0), match[4]);
  const short = /^(\d+):(\d+)(\.\d*)$/.exec(text);
  if (short === null) throw reader.bad();
  setClock(reader, 0, Number(short[1]), Number(short[2]), short[3]);
}

function setClock(reader: Reader, hour: number, minute: number, second: number, fraction = ''): void {
  const micro = fraction.length > 1 ? Math.round(Number(fraction) * 1000000) : 0;
  if (minute > 59 || second > 60 || hour > 24) throw reader.overflow();
  if (hour === 24 && (minute > 0 || second > 0 || micro > 0)) throw reader.overflow();
  reader.hour = hour;
  reader.time = ((hour * 60 + minute) * 60 + second) * 1000000 + micro;
}

function readDate(reader: Reader, parts: readonly string[]): void {
  let words = 0;
  for (const part of parts) {
    if (!/^[a-z]/.test(part)) continue;
    const month = monthOf(part);
    if (month === 0 || words++ > 0) throw reader.bad();
    reader.month = month;
    reader.textMonth = true;
  }
  for (const part of parts) if (/^\d/.test(part)) readField(reader, part);
}

/** A number of a date: what it is depends on what is known already, and on how long it is. */
function readField(reader: Reader, text: string): void {
  const value = Number(text);
  const knows = { year: !Number.isNaN(reader.year), month: !Number.isNaN(reader.month), day: !Number.isNaN(reader.day) };
  if (text.length === 3 && knows.year && !knows.month && !knows.day && value >= 1 && value <= 366) {
    reader.dayOfYear = value;
  } else if (!knows.year && !knows.month && !knows.day) {
    if (text.length >= 3) setYear(reader, text);
    else reader.month = value;
  } else if (knows.year && !knows.month) {
    reader.month = value;
  } else if (knows.month && !knows.day && !knows.year) {
    if (reader.textMonth && text.length >= 3) setYear(reader, text);
    else reader.day = value;
  } else if (knows.month && knows.year && !knows.day) {
    if (reader.textMonth && text.length >= 3 && reader.twoDigits) {
      reader.day = reader.year;
      setYear(reader, text);
    } else reader.day = value;
  } else if (knows.month && knows.day && !knows.year) {
    setYear(reader, text);
  } else if (!knows.month && knows.day) {
    reader.month = value;
  } else readRunTogether(reader, text);
}
function setYear(reader: Reader, text: string): void {
  reader.year = Number(text);
  reader.twoDigits = text.length <= 2;
}

/** yymmdd, yyyymmdd, hhmm, hhmmss, with a fraction of the second or not. */
function readRunTogether(reader: Reader, text: string): void {
  const point = text.indexOf('.');
  const digits = point < 0 ? text : text.slice(0, point);
  if (point < 0 && !hasDate(reader) && digits.length >= 6) {
    reader.day = Number(digits.slice(-2));
    reader.month = Number(digits.slice(-4, -2));
    setYear(reader, digits.slice(0, -4));
  } else readClock(reader, text);
}
/** hhmm, hhmmss, with a fraction of the second or not. */
function readClock(reader: Reader, text: string): void {
  const match = /^(\d\d)(\d\d)(\d\d)?(\.\d*)?$/.exec(text);
  if (match === null || !Number.isNaN(reader.time) || (match[3] === undefined && match[4] !== undefined)) throw reader.bad();
  setClock(reader, Number(match[1]), Number(match[2]), Number(match[3] ?? 0), match[4]);
}

function readNumber(reader: Reader, text: string): void {
  const point = text.indexOf('.');
  const whole = point < 0 ? text.length : point;
  if (point >= 0 && !hasDate(reader) && whole <= 2) throw reader.bad();
  if (point > 2 || (text.length >= 6 && (!hasDate(reader) || Number.isNaN(reader.time)))) {
    const dayOfYear = /^(\d{4})\.(\d{3})$/.exec(text);
    if (dayOfYear !== null && !hasDate(reader)) {
      reader.year = Number(dayOfYear[1]);
      reader.dayOfYear = Number(dayOfYear[2]);
      return;
    }
    readRunTogether(reader, text);
  } else if (point >= 0) throw reader.bad();
  else readField(reader, text);
}

function readOffset(reader: Reader, sign: string, text: string): void {
  if (Number.isNaN(reader.time) && reader.zone === null && reader.special === null && !hasDate(reader)) throw reader.bad();
  const parts = text.split(':').map(Number);
  if (parts.length === 1 && text.length > 2) {
    parts[0] = Number(text.slice(0, -2));
    parts.push(Number(text.slice(-2)));
  }
  const [hours, minutes = 0, seconds = 0] = parts;
  if (hours > 15 || minutes > 59 || seconds > 59) {
    throw new SqlError('22009', `time zone displacement out of range: "${reader.text}"`);
  }
  const offset = hours * 3600 + minutes * 60 + seconds;
  reader.offset = sign === '-' ? -offset : offset;
  reader.zone = null;
}
function readSigned(reader: Reader, sign: string, word: string): void {
  if (word !== 'infinity' && word !== 'inf') throw reader.bad();
  reader.special = sign === '-' ? '-infinity' : 'infinity';
}

function readWord(reader: Reader, word: string): void {
  if (reader.special !== null && word !== 'bc') throw reader.bad();
  const julian = /^j(\d+)$/.exec(word);
  if (julian !== null) reader.julian = Number(julian[1]);
  else if (WEEKDAYS.has(word)) return;
  else if (word === 'am' || word === 'pm') reader.meridiem = word;
  else if (word === 'bc' || word === 'ad') reader.bc = word === 'bc';
  else if (word === 'infinity' || word === 'epoch' || word === 'now') reader.special = word;
  else if (word === 'today') reader.relative = 0;
  else if (word === 'tomorrow') reader.relative = 1;
  else if (word === 'yesterday') reader.relative = -1;
  else if (word === 'allballs') {
    setClock(reader, 0, 0, 0);
    reader.offset = 0;
  } else if (monthOf(word) > 0) readMonth(reader, word);
  else if (/^[a-z]+[-/.]\d/.test(word) && monthOf(word.split(/[-/.]/)[0]) > 0) readDate(reader, word.split(/[-/.]/));
  else readZone(reader, word);
}
/** `January 8`: a number that was read as a month before was a day. */
function readMonth(reader: Reader, word: string): void {
  if (!Number.isNaN(reader.month)) {
    if (reader.textMonth || !Number.isNaN(reader.day) || reader.month < 1 || reader.month > 31) throw reader.bad();
    reader.day = reader.month;
  }
  reader.month = monthOf(word);
  reader.textMonth = true;
}
function readZone(reader: Reader, word: string): void {
  if (reader.offset !== null || reader.zone !== null) throw reader.bad();
  const offset = abbreviationOffset(word);
  if (offset !== undefined) {
    reader.offset = offset;
    return;
  }
  if (word.includes('/') || findZone(word) !== null) reader.zone = zoneOf(originalCase(reader, word));
  else throw reader.bad();
}
/** The word as it was written: it is shown in the error. */
function originalCase(reader: Reader, word: string): string {
  const at = reader.text.toLowerCase().indexOf(word);
  return reader.text.slice(at, at + word.length);
}

/** Day of the fields. 22008. */
export function daysOfFields(reader: Reader): number {
  if (!Number.isNaN(reader.julian)) return reader.julian - JULIAN_EPOCH;
  let { year } = reader;
  if (reader.bc === true) {
    if (year <= 0) throw reader.overflow();
    year = 1 - year;
  } else if (reader.twoDigits) year += year < 70 ? 2000 : 1900;
  else if (year === 0) throw reader.overflow();
  if (!Number.isNaN(reader.dayOfYear)) return daysOf(year, 1, 1) + reader.dayOfYear - 1;
  const { month, day } = reader;
  if (month < 1 || month > 12) {
    throw reader.overflow(reader.textMonth ? undefined : 'Perhaps you need a different "DateStyle" setting.');
  }
  if (day < 1 || day > daysInMonth(year, month)) {
    throw reader.overflow(day < 1 || day > 31 ? 'Perhaps you need a different "DateStyle" setting.' : undefined);
  }
  return daysOf(year, month, day);
}
