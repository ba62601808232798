/** Templates of dates and times (YYYY, Month, HH24 ...) read into nodes, and to_char with them. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import {
  type Civil,
  civilOf,
  dayOfYear,
  daysOf,
  type Instant,
  isInfinite,
  isoWeek,
  JULIAN_EPOCH,
  splitInstant,
  timeOfDay,
  weekday,
} from './calendar.ts';
import { isInfiniteInterval } from './interval.ts';
import { ordinal, roman } from './number-format.ts';
import { offsetAtInstant, toLocal, type Zone, zoneAbbreviation } from './time-zone.ts';

export interface FormatNode {
  /** The keyword as written, or null for other text. */
  readonly key: string | null;
  readonly text: string;
  /** FM: no padding. */
  readonly isFilled: boolean;
  /** TH or th behind it. */
  readonly suffix: '' | 'TH' | 'th';
}

const KEYWORDS = (
  'A.D. A.M. AD AM B.C. BC CC DAY DDD DD DY Day Dy D FF1 FF2 FF3 FF4 FF5 FF6 FX HH24 HH12 HH IDDD ID IW IYYY IYY IY I J MI MM MONTH MON MS ' +
  'Month Mon OF P.M. PM Q RM SSSSS SSSS SS TZH TZM TZ US WW W Y,YYY YYYY YYY YY Y a.d. a.m. ad am b.c. bc cc day ddd dd dy d ff1 ff2 ff3 ' +
  'ff4 ff5 ff6 fx hh24 hh12 hh iddd id iw iyyy iyy iy i j mi mm month mon ms of p.m. pm q rm sssss ssss ss tzh tzm tz us ww w y,yyy yyyy ' +
  'yyy yy y'
)
  .split(' ')
  .sort((a, b) => b.length - a.length);

const KEPT_MAX = 200;
const kept = new Map<string, readonly FormatNode[]>();

export function parseTimeFormat(format: string): readonly FormatNode[] {
  let nodes = kept.get(format);
  if (nodes === undefined) {
    nodes = readNodes(format);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(format, nodes);
  }
  return nodes;
}

function readNodes(format: string): FormatNode[] {
  const nodes: FormatNode[] = [];
  const other = (text: string): void => void nodes.push({ key: null, text, isFilled: false, suffix: '' });
  for (let at = 0; at < format.length; ) {
    let next = at;
    let isFilled = false;
    for (
      let prefix = /^(FM|fm|TM|tm)/.exec(format.slice(next));
      prefix !== null;
      prefix = /^(FM|fm|TM|tm)/.exec(format.slice(next))
    ) {
      isFilled ||= prefix[0] === 'FM' || prefix[0] === 'fm';
      next += 2;
    }
    const key = KEYWORDS.find((keyword) => format.startsWith(keyword, next));
    if (key !== undefined) {
      next += key.length;
      const suffix = (/^(TH|th)/.exec(format.slice(next))?.[0] ?? '') as FormatNode['suffix'];
      nodes.push({ key, text: key, isFilled, suffix });
      at = next + suffix.length;
      if (/^SP/i.test(format.slice(at))) at += 2;
      continue;
    }
    if (next > at && next < format.length) {
      at = next;
      continue;
    }
    if (next >= format.length && next > at) break;
    at = readText(format, at, other);
  }
  return nodes;
}
function readText(format: string, at: number, other: (text: string) => void): number {
  if (format[at] === '"') {
    const match = /^"((?:[^"\\]|\\[\s\S])*)"?/.exec(format.slice(at)) as RegExpExecArray;
    const text = match[1].replace(/\\([\s\S])/g, '$1');
    if (text !== '') other(text);
    return at + match[0].length;
  }
  const from = format[at] === '\\' && at + 1 < format.length && format[at + 1] === '"' ? at + 1 : at;
  const text = String.fromCodePoint(format.codePointAt(from) as number);
  other(text);
  return from + text.length;
}

const MONTHS = 'January February March April May June July August September October November December'.split(' ');
const DAYS = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** What is formatted: fields of a time of the calendar, or of an interval. */
interface Fields {
  readonly civil: Civil;
  readonly days: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micro: number;
  readonly isInterval: boolean;
  readonly zone: Zone | null;
  readonly instant: Instant;
}

/** `width` characters, the sign among them. */
const padded = (value: number, width: number, isFilled: boolean): string => {
  const text = String(Math.abs(value));
  if (value >= 0) return isFilled ? text : text.padStart(width, '0');
  return `-${isFilled ? text : text.padStart(width - 1, '0')}`;
};
/** Room for a sign where there is one. */
const wide = (value: number, width: number): number => (value < 0 ? width + 1 : width);
/** Letters as the keyword is written: MONTH, Month, month. */
const cased = (word: string, key: string): string => {
  if (key === key.toUpperCase()) return word.toUpperCase();
  return key === key.toLowerCase() ? word.toLowerCase() : word;
};

const notForIntervals = (): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, 'invalid format specification for an interval value', {
    detail: 'Intervals are not tied to specific calendar dates.',
  });

/** Words and what has its own form; null: a number. */
function formatWord(fields: Fields, node: FormatNode): string | null {
  const key = node.key as string;
  const { civil, days, isInterval } = fields;
  const name = (names: readonly string[], index: number, width: number): string => {
    if (isInterval) throw notForIntervals();
    const word = cased(width > 3 ? names[index] : names[index].slice(0, 3), key);
    return width > 3 && !node.isFilled ? word.padEnd(9) : word;
  };
  switch (key.toUpperCase()) {
    case 'MONTH':
      return name(MONTHS, civil.month - 1, 9);
    case 'MON':
      return name(MONTHS, civil.month - 1, 3);
    case 'DAY':
      return name(DAYS, weekday(days), 9);
    case 'DY':
      return name(DAYS, weekday(days), 3);
    case 'AM':
    case 'PM':
      return cased(fields.hour % 24 >= 12 ? 'Pm' : 'Am', key);
    case 'A.M.':
    case 'P.M.':
      return cased(fields.hour % 24 >= 12 ? 'P.m.' : 'A.m.', key);
    case 'AD':
    case 'BC':
      if (isInterval) throw notForIntervals();
      return cased(civil.year <= 0 ? 'Bc' : 'Ad', key);
    case 'A.D.':
    case 'B.C.':
      if (isInterval) throw notForIntervals();
      return cased(civil.year <= 0 ? 'B.c.' : 'A.d.', key);
    case 'RM':
      return romanMonth(fields, node, key);
    default:
      return key.toUpperCase().startsWith('TZ') || key.toUpperCase() === 'OF' ? formatZone(fields, node, key) : null;
  }
}
function romanMonth({ civil, isInterval }: Fields, { isFilled }: FormatNode, key: string): string {
  let { month } = civil;
  if (isInterval && month <= 0) {
    if (month === 0 && civil.year === 0) return '';
    month = month === 0 ? 12 : month + 13;
  }
  const text = cased(roman(month), key);
  return isFilled ? text : text.padEnd(4);
}
function formatZone({ zone, isInterval, instant }: Fields, node: FormatNode, key: string): string {
  if (isInterval) throw notForIntervals();
  const offset = zone === null ? 0 : offsetAtInstant(zone, instant);
  const magnitude = Math.abs(offset);
  const hours = (offset < 0 ? '-' : '+') + padded(Math.floor(magnitude / 3600), 2, node.isFilled && key.toUpperCase() === 'OF');
  const minutes = padded(Math.floor(magnitude / 60) % 60, 2, false);
  switch (key.toUpperCase()) {
    case 'TZ':
      return zone === null ? '' : cased(zoneAbbreviation(zone, instant), key);
    case 'TZH':
      return hours;
    case 'TZM':
      return minutes;
    default:
      return minutes === '00' ? hours : `${hours}:${minutes}`;
  }
}

/** Years without 0, but for intervals. */
function yearText({ isInterval }: Fields, year: number, key: string, isFilled: boolean): string {
  const shown = isInterval || year > 0 ? year : 1 - year;
  if (key.includes(',')) return `${Math.trunc(shown / 1000)},${padded(Math.abs(shown % 1000), 3, false)}`;
  const size = key.replace('I', 'Y').length;
  return padded(size === 4 ? shown : shown % 10 ** size, wide(shown, size), isFilled);
}

function century({ civil, isInterval }: Fields): number {
  if (isInterval) return Math.trunc(civil.year / 100);
  return civil.year > 0 ? Math.trunc((civil.year - 1) / 100) + 1 : Math.trunc(civil.year / 100) - 1;
}

/** Number and width of a keyword; null for those of intervals that have none. */
function numberOf(fields: Fields, key: string): readonly [number, number] | null {
  const { civil, days, hour, minute, second, micro, isInterval } = fields;
  const yearDay = isInterval ? civil.year * 360 + (civil.month - 0) * 30 + civil.day : dayOfYear(civil.year, days);
  switch (key) {
    case 'HH':
    case 'HH12':
      return [hour % 12 === 0 ? 12 : hour % 12, wide(hour, 2)];
    case 'HH24':
      return [hour, wide(hour, 2)];
    case 'MI':
      return [minute, wide(minute, 2)];
    case 'SS':
      return [second, wide(second, 2)];
    case 'MS':
      return [Math.trunc(micro / 1000), 3];
    case 'US':
      return [micro, 6];
    case 'SSSS':
    case 'SSSSS':
      return [hour * 3600 + minute * 60 + second, 1];
    case 'MM':
      return [civil.month, wide(civil.month, 2)];
    case 'DD':
      return [civil.day, 2];
    case 'DDD':
      return [yearDay, 3];
    case 'IDDD': {
      const { year, week } = isoWeek(days);
      return [days - isoStart(year) + 1 + week * 0, 3];
    }
    case 'D':
      if (isInterval) throw notForIntervals();
      return [weekday(days) + 1, 1];
    case 'ID':
      if (isInterval) throw notForIntervals();
      return [weekday(days) === 0 ? 7 : weekday(days), 1];
    case 'WW':
      return [Math.trunc((yearDay - 1) / 7) + 1, 2];
    case 'W':
      return [Math.trunc((civil.day - 1) / 7) + 1, 1];
    case 'IW':
      if (isInterval) throw notForIntervals();
      return [isoWeek(days).week, 2];
    case 'CC':
      return [century(fields), wide(century(fields), 2)];
    case 'Q':
      return civil.month === 0 ? null : [Math.trunc((civil.month - 1) / 3) + 1, 1];
    case 'J':
      return [days + JULIAN_EPOCH, 1];
    default:
      return null;
  }
}
/** First day of the ISO year. */
function isoStart(year: number): number {
  const fourth = daysOf(year, 1, 4);
  return fourth - ((weekday(fourth) + 6) % 7);
}

function formatNode(fields: Fields, node: FormatNode): string {
  if (node.key === null) return node.text;
  const word = formatWord(fields, node);
  if (word !== null) return word;
  const key = node.key.toUpperCase();
  let text: string;
  if (/^FF\d$/.test(key)) text = padded(Math.trunc(fields.micro / 10 ** (6 - Number(key[2]))), Number(key[2]), false);
  else if (/^[YI][Y,]*$/.test(key)) {
    if (key[0] === 'I' && fields.isInterval) throw notForIntervals();
    const year = key[0] === 'I' ? isoWeek(fields.days).year : fields.civil.year;
    text = yearText(fields, year, key, node.isFilled);
  } else {
    const number = numberOf(fields, key);
    if (number === null) return '';
    text = padded(number[0], number[1], node.isFilled && key !== 'MS' && key !== 'US');
  }
  return node.suffix === '' ? text : text + ordinal(text, node.suffix === 'TH');
}

function formatFields(fields: Fields, format: string): string {
  let text = '';
  for (const node of parseTimeFormat(format)) if (node.key?.toUpperCase() !== 'FX') text += formatNode(fields, node);
  return text;
}

export function formatInstant(instant: Instant, format: string, zone: Zone | null): string | null {
  if (format === '' || isInfinite(instant)) return null;
  const days = splitInstant(zone === null ? instant : toLocal(zone, instant));
  const seconds = Math.floor(timeOfDay / 1000000);
  return formatFields(
    {
      civil: civilOf(days),
      days,
      hour: Math.floor(seconds / 3600),
      minute: Math.floor(seconds / 60) % 60,
      second: seconds % 60,
      micro: timeOfDay - seconds * 1000000,
      isInterval: false,
      zone,
      instant,
    },
    format,
  );
}

export function formatInterval(value: IntervalValue, format: string): string | null {
  if (format === '' || isInfiniteInterval(value)) return null;
  const time = BigInt(value.microseconds);
  const part = (unit: bigint, of: bigint): number => Number((time / unit) % of);
  return formatFields(
    {
      civil: { year: Math.trunc(value.months / 12), month: value.months % 12, day: value.days },
      days: value.days,
      hour: Number(time / 3600000000n),
      minute: part(60000000n, 60n),
      second: part(1000000n, 60n),
      micro: Number(time % 1000000n),
      isInterval: true,
      zone: null,
      instant: 0,
    },
    format,
  );
}
