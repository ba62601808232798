/** to_timestamp and to_date: text read by a template. Blanks and punctuation between fields are forgiven, as PostgreSQL does without FX. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import {
  dateOutOfRange,
  DATE_DAYS_END,
  DAYS_MIN,
  daysInMonth,
  daysOf,
  type Instant,
  isLeap,
  isoWeekStart,
  JULIAN_EPOCH,
  joinInstant,
} from './calendar.ts';
import { addMicroseconds } from './time-math.ts';
import { type FormatNode, parseTimeFormat } from './time-format.ts';
import { abbreviationOffset, findZone, fromLocal, type Zone } from './time-zone.ts';

const MONTHS = 'january february march april may june july august september october november december'.split(' ');
const DAYS = 'sunday monday tuesday wednesday thursday friday saturday'.split(' ');
const ROMAN = 'viii vii xii iii iv ix xi vi ii x v i'.split(' ');
const ROMAN_VALUES: { readonly [text: string]: number } = {
  i: 1, ii: 2, iii: 3, iv: 4, v: 5, vi: 6, vii: 7, viii: 8, ix: 9, x: 10, xi: 11, xii: 12,
}; // biome-ignore format: a table

/** Digits that a field takes where another follows at once. */
const WIDTHS: { readonly [key: string]: number } = {
  HH24: 2, HH12: 2, HH: 2, MI: 2, SS: 2, MS: 3, US: 6, SSSS: 5, SSSSS: 5, MM: 2, DD: 2, DDD: 3, IDDD: 3, D: 1, ID: 1, WW: 2, W: 1, IW: 2, CC: 2,
  Q: 1, J: 7, YYYY: 4, YYY: 3, YY: 2, Y: 1, IYYY: 4, IYY: 3, IY: 2, I: 1, 'Y,YYY': 5, FF1: 1, FF2: 2, FF3: 3, FF4: 4, FF5: 5, FF6: 6, TZH: 2, TZM: 2,
}; // biome-ignore format: a table

class Reader {
  readonly text: string;
  at = 0;
  readonly fields = new Map<string, number>();
  offset: number | null = null;
  zone: Zone | null = null;
  meridiem: 'am' | 'pm' | null = null;
  isBc = false;
  isTwelve = false;

  constructor(text: string) {
    this.text = text;
  }
  skipBlanks(): void {
    while (/\s/.test(this.text[this.at] ?? '')) this.at++;
  }
  set(name: string, value: number): void {
    const known = this.fields.get(name);
    if (known !== undefined && known !== value) {
      throw new SqlError(SQLSTATE.invalid_datetime_format, `conflicting values for "${name}" field in formatting string`, {
        detail: 'This value contradicts a previous setting for the same field type.',
      });
    }
    this.fields.set(name, value);
  }
}

const badValue = (text: string, key: string, detail?: string): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, `invalid value "${text}" for "${key}"`, { detail });
const outOfRange = (text: string): SqlError =>
  new SqlError(SQLSTATE.datetime_field_overflow, `date/time field value out of range: "${text}"`);

/** Is what follows a field no digit, so that this one may be longer than its width? */
function isOpenEnded(nodes: readonly FormatNode[], index: number): boolean {
  const next = nodes[index + 1];
  if (next === undefined) return true;
  if (next.key === null) return !/\d/.test(next.text[0]);
  return WIDTHS[next.key.toUpperCase()] === undefined;
}

function readNumber(reader: Reader, node: FormatNode, open: boolean): { value: number; digits: number } {
  reader.skipBlanks();
  const key = (node.key as string).toUpperCase();
  const width = WIDTHS[key];
  const pattern = open || node.isFilled ? /^[-+]?\d+/ : new RegExp(`^[-+]?\\d{1,${width}}`);
  const match = pattern.exec(reader.text.slice(reader.at, reader.at + 20));
  if (match === null) {
    const found = reader.text.slice(reader.at, reader.at + width);
    throw badValue(found, key, 'Value must be an integer.');
  }
  reader.at += match[0].length;
  if (node.suffix !== '' && /^[a-z]{2}/i.test(reader.text.slice(reader.at))) reader.at += 2;
  const value = Number(match[0]);
  if (Math.abs(value) > 2147483647) throw badValue(match[0], key, 'Value must be in the range -2147483648 to 2147483647.');
  return { value, digits: match[0].replace(/^[-+]/, '').length };
}

function readWord(reader: Reader, words: readonly string[], key: string): number {
  reader.skipBlanks();
  const rest = reader.text.slice(reader.at).toLowerCase();
  const index = words.findIndex((word) => rest.startsWith(word));
  if (index < 0) {
    const found = /^\S*/.exec(reader.text.slice(reader.at))?.[0] ?? '';
    throw badValue(found, key, 'The given value did not match any of the allowed values for this field.');
  }
  reader.at += words[index].length;
  return index;
}
const shortened = (words: readonly string[]): string[] => words.map((word) => word.slice(0, 3));

/** Short years lie in the century around 2020. */
function fullYear(value: number, digits: number): number {
  if (digits >= 4) return value;
  if (value < 70) return value + 2000;
  if (value < 100) return value + 1900;
  return value < 520 ? value + 2000 : value + 1000;
}

function readKey(reader: Reader, nodes: readonly FormatNode[], index: number): void {
  const node = nodes[index];
  const key = (node.key as string).toUpperCase();
  if (key === 'FX') return;
  if (key === 'MONTH') reader.set('MM', (readWord(reader, [...MONTHS, ...shortened(MONTHS)], key) % 12) + 1);
  else if (key === 'MON') reader.set('MM', readWord(reader, shortened(MONTHS), key) + 1);
  else if (key === 'DAY') readWord(reader, [...DAYS, ...shortened(DAYS)], key);
  else if (key === 'DY') readWord(reader, shortened(DAYS), key);
  else if (key === 'RM') reader.set('MM', ROMAN_VALUES[ROMAN[readWord(reader, ROMAN, key)]]);
  else if (/^[AP]\.?M/.test(key)) {
    reader.meridiem = readWord(reader, key.includes('.') ? ['a.m.', 'p.m.'] : ['am', 'pm'], key) === 0 ? 'am' : 'pm';
    reader.isTwelve = true;
  } else if (/^(A\.?D|B\.?C)/.test(key))
    reader.isBc = readWord(reader, key.includes('.') ? ['a.d.', 'b.c.'] : ['ad', 'bc'], key) === 1;
  else if (key === 'TZ' || key === 'OF' || key === 'TZH' || key === 'TZM') readZone(reader, node, key);
  else readField(reader, node, key, isOpenEnded(nodes, index));
}

function readZone(reader: Reader, node: FormatNode, key: string): void {
  reader.skipBlanks();
  const rest = reader.text.slice(reader.at);
  if (key === 'TZM') {
    reader.set('TZM', readNumber(reader, node, false).value);
    return;
  }
  const offset = /^([-+ ]?)(\d{1,2})(?::?(\d{2}))?/.exec(rest);
  if (key === 'TZH') {
    const match = /^([-+ ]?)(\d{1,2})/.exec(rest);
    if (match === null) throw badValue(rest.slice(0, 2), key, 'Value must be an integer.');
    reader.at += match[0].length;
    reader.set('TZH', Number(match[2]));
    reader.set('TZS', match[1] === '-' ? -1 : 1);
    return;
  }
  if (offset !== null && (key === 'OF' || offset[1] !== '')) {
    reader.at += offset[0].length;
    const seconds = Number(offset[2]) * 3600 + Number(offset[3] ?? 0) * 60;
    reader.offset = offset[1] === '-' ? -seconds : seconds;
    return;
  }
  const word = /^[A-Za-z_]+(?:\/[A-Za-z_]+)*/.exec(rest)?.[0] ?? '';
  const seconds = abbreviationOffset(word.toLowerCase());
  if (seconds !== undefined) reader.offset = seconds;
  else {
    reader.zone = findZone(word);
    if (reader.zone === null) throw badValue(word, key, 'Time zone abbreviation is not recognized.');
  }
  reader.at += word.length;
}

function readField(reader: Reader, node: FormatNode, key: string, open: boolean): void {
  if (key === 'Y,YYY') {
    reader.skipBlanks();
    const match = /^(\d+),(\d{3})/.exec(reader.text.slice(reader.at));
    if (match === null) throw new SqlError(SQLSTATE.invalid_datetime_format, 'invalid input string for "Y,YYY"');
    reader.at += match[0].length;
    reader.set('YYYY', Number(match[1]) * 1000 + Number(match[2]));
    return;
  }
  const { value, digits } = readNumber(reader, node, open);
  if (/^Y+$/.test(key)) reader.set('YYYY', fullYear(value, key === 'YYYY' ? Math.max(digits, 4) : Math.min(digits, 4)));
  else if (/^IY*$/.test(key)) reader.set('IYYY', fullYear(value, key === 'IYYY' ? Math.max(digits, 4) : Math.min(digits, 4)));
  else if (key === 'MS') reader.set('MS', value * (digits === 1 ? 100 : digits === 2 ? 10 : 1));
  else if (key === 'US' || key.startsWith('FF')) reader.set('US', value * 10 ** Math.max(6 - digits, 0));
  else if (key.startsWith('HH')) {
    if (key !== 'HH24') reader.isTwelve = true;
    reader.set('HH', value);
  } else reader.set(key === 'SSSSS' ? 'SSSS' : key, value);
}

const isSeparator = (character: string | undefined): boolean => character !== undefined && /[^\p{L}\p{N}\s]/u.test(character);

function readAll(text: string, format: string): Reader {
  const reader = new Reader(text);
  const nodes = parseTimeFormat(format);
  const isFixed = nodes.some(({ key }) => key?.toUpperCase() === 'FX');
  let extra = 0;
  for (let index = 0; index < nodes.length && reader.at < text.length; index++) {
    const node = nodes[index];
    if (node.key !== null) {
      // Punctuation that the text has and the template has not.
      if (!isFixed) {
        reader.skipBlanks();
        const isSigned = /^(TZH|OF|TZ)$/i.test(node.key);
        while (extra > 0 && isSeparator(text[reader.at]) && !isSigned) {
          reader.at++;
          extra--;
        }
        reader.skipBlanks();
        if (reader.at >= text.length) break;
      }
      readKey(reader, nodes, index);
      extra = 0;
      if (!isFixed && nodes[index + 1]?.key === null) while (/\s/.test(text[reader.at] ?? '')) reader.at++;
      continue;
    }
    const isBlank = /^\s/.test(node.text);
    if (isFixed) reader.at += node.text.length;
    else if (isBlank || isSeparator(node.text)) {
      if (/\s/.test(text[reader.at] ?? '') || isSeparator(text[reader.at])) reader.at++;
      else extra++;
      reader.skipBlanks();
    } else {
      for (const _ of node.text) if (reader.at < text.length) reader.at++;
    }
  }
  return reader;
}

function daysOfFields(reader: Reader): number {
  const { fields, text } = reader;
  const julian = fields.get('J');
  if (julian !== undefined) return julian - JULIAN_EPOCH;
  const isoYear = fields.get('IYYY');
  if (isoYear !== undefined) {
    const start = isoWeekStart(isoYear, fields.get('IW') ?? 1);
    const isoDay = fields.get('IDDD');
    return isoDay === undefined ? start + (fields.get('ID') ?? 1) - 1 : isoWeekStart(isoYear, 1) + isoDay - 1;
  }
  let year = fields.get('YYYY');
  const century = fields.get('CC');
  if (year === undefined) year = century === undefined ? (reader.isBc ? 1 : 0) : (century - 1) * 100 + 1;
  else if (century !== undefined) year = (century - 1) * 100 + (year % 100 === 0 ? 100 : year % 100);
  if (reader.isBc && year > 0) year = 1 - year;
  else if (year < 0) year += 1;
  const yearDay = fields.get('DDD');
  if (yearDay !== undefined && !fields.has('MM')) {
    if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) throw outOfRange(text);
    return daysOf(year, 1, 1) + yearDay - 1;
  }
  const yearWeek = fields.get('WW');
  if (yearWeek !== undefined && !fields.has('MM')) return daysOf(year, 1, 1) + (yearWeek - 1) * 7;
  const month = fields.get('MM') ?? 1;
  const week = fields.get('W');
  const day = fields.get('DD') ?? (week === undefined ? 1 : (week - 1) * 7 + 1);
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw outOfRange(text);
  return daysOf(year, month, day);
}

function timeOfFields(reader: Reader): number {
  const { fields, text } = reader;
  const seconds = fields.get('SSSS');
  let hour = fields.get('HH') ?? 0;
  let minute = fields.get('MI') ?? 0;
  let second = fields.get('SS') ?? 0;
  if (reader.isTwelve && fields.has('HH')) {
    if (hour < 1 || hour > 12) {
      throw new SqlError(SQLSTATE.invalid_datetime_format, `hour "${hour}" is invalid for the 12-hour clock`, {
        hint: 'Use the 24-hour clock, or give an hour between 1 and 12.',
      });
    }
    if (reader.meridiem === 'pm' && hour < 12) hour += 12;
    else if (reader.meridiem === 'am' && hour === 12) hour = 0;
  }
  if (seconds !== undefined) {
    if (seconds < 0 || seconds >= 86400) throw outOfRange(text);
    hour = Math.floor(seconds / 3600);
    minute = Math.floor(seconds / 60) % 60;
    second = seconds % 60;
  }
  const micro = (fields.get('MS') ?? 0) * 1000 + (fields.get('US') ?? 0);
  if (hour < 0 || hour >= 24 || minute < 0 || minute > 59 || second < 0 || second > 59 || micro >= 1000000)
    throw outOfRange(text);
  return ((hour * 60 + minute) * 60 + second) * 1000000 + micro;
}

export function parseTimestampBy(text: string, format: string, zone: Zone): Instant {
  const reader = readAll(text, format);
  const local = joinInstant(daysOfFields(reader), timeOfFields(reader));
  const hours = reader.fields.get('TZH');
  if (hours !== undefined)
    reader.offset = (reader.fields.get('TZS') ?? 1) * (hours * 3600 + (reader.fields.get('TZM') ?? 0) * 60);
  if (reader.offset === null) return fromLocal(reader.zone ?? zone, local);
  return addMicroseconds(local, reader.offset * 1000000, -1);
}
export function parseDateBy(text: string, format: string): number {
  const reader = readAll(text, format);
  const days = daysOfFields(reader);
  timeOfFields(reader);
  if (days < DAYS_MIN || days >= DATE_DAYS_END) throw dateOutOfRange();
  return days;
}
