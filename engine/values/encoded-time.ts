/**
 * time with time zone: a time of the day and an offset. The value is a text that has the order of the moment, then of the offset: 13 digits
 * of the time as it is in Greenwich, in microseconds and moved so that none is negative, and 6 of the offset in seconds, moved likewise.
 */

import { addExactly, DAY_MICROSECONDS, type Instant } from './calendar.ts';
import type { IntervalValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from './context.ts';
import { badParameter, badSyntax } from './errors.ts';
import type { Implementation } from './functions.ts';
import { extractTime, partOf } from './time-fields.ts';
import { addToTime, overlaps } from './time-math.ts';
import { parseTime } from './time-parse.ts';
import { offsetText, timeText } from './time-text.ts';
import { offsetAtInstant, toLocal, type Zone, zoneOf } from './time-zone.ts';
import { numericAdd } from './decimal-short.ts';

const MOVED = 200_000_000_000;
const OFFSET_MOVED = 100_000;
const SECOND = 1_000_000;

export interface ZonedTime {
  readonly time: number;
  /** Seconds east of Greenwich. */
  readonly offset: number;
}

export const encodeTime = ({ time, offset }: ZonedTime): string =>
  String(time - offset * SECOND + MOVED).padStart(13, '0') + String(OFFSET_MOVED - offset).padStart(6, '0');
export function timeOf(encoded: string): ZonedTime {
  const offset = OFFSET_MOVED - Number(encoded.slice(13));
  return { time: Number(encoded.slice(0, 13)) - MOVED + offset * SECOND, offset };
}

const sessionZone = (context: ValueContext): Zone => zoneOf(context.timeZone);

const ZONED = /^(.*?)\s*(?:([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?|\s*([A-Za-z][\w/+-]*))$/;

export function readZonedTime(text: string, context: ValueContext): string {
  const type = 'time with time zone';
  const given = text.trim();
  const word = /^[A-Za-z]+[./][\w./]*/.exec(given);
  if (word !== null) throw badParameter(`time zone "${word[0].toLowerCase()}" not recognized`);
  const match = ZONED.exec(given);
  const name = match?.[6];
  if (match === null || match[1] === '' || (name !== undefined && /^(?:am|pm)$/i.test(name))) {
    const time = parseTime(given, context);
    return encodeTime({ time, offset: offsetAtInstant(sessionZone(context), context.transactionTime) });
  }
  const dated = /^(\d{4}-\d\d-\d\d)[ T](.*)$/.exec(match[1]);
  const time = parseTime(dated === null ? match[1] : dated[2], context);
  if (name !== undefined)
    return encodeTime({ time, offset: /^z$/i.test(name) ? 0 : offsetAtInstant(zoneOf(name), context.transactionTime) });
  const [hours, minutes, seconds] = [match[3], match[4] ?? '0', match[5] ?? '0'].map(Number);
  if (hours > 15 || minutes > 59 || seconds > 59) throw badSyntax(type, text);
  const offset = hours * 3600 + minutes * 60 + seconds;
  return encodeTime({ time, offset: match[2] === '-' ? -offset : offset });
}

export function writeZonedTime(encoded: string): string {
  const { time, offset } = timeOf(encoded);
  return timeText(time) + offsetText(offset);
}

const ofDay = (time: number): number => ((time % DAY_MICROSECONDS) + DAY_MICROSECONDS) % DAY_MICROSECONDS;

function extract(name: string, encoded: string): string | null {
  const { time, offset } = timeOf(encoded);
  switch (name.toLowerCase()) {
    case 'timezone':
      return String(offset);
    case 'timezone_hour':
    case 'timezone_h':
      return String(Math.trunc(offset / 3600));
    case 'timezone_minute':
    case 'timezone_m':
      return String(Math.trunc(offset / 60) % 60);
    case 'epoch': {
      const epoch = extractTime('epoch', time);
      return epoch === null ? null : numericAdd(epoch, String(-offset));
    }
    default:
      return extractTime(name, time);
  }
}

const moved = (encoded: string, span: IntervalValue, sign: 1 | -1): string => {
  const { time, offset } = timeOf(encoded);
  return encodeTime({ time: addToTime(time, span, sign), offset });
};

/** The same moment as it is read elsewhere. */
function shifted(encoded: string, offset: number): string {
  const { time, offset: own } = timeOf(encoded);
  return encodeTime({ time: ofDay(time + (offset - own) * SECOND), offset });
}
function atOffset(span: IntervalValue, encoded: string): string {
  if (span.months !== 0 || span.days !== 0) throw badParameter('interval time zone must not include months or days');
  return shifted(encoded, Math.trunc(Number(span.microseconds) / SECOND));
}

function ofInstant(instant: Instant, context: ValueContext): string | null {
  if (instant === Infinity || instant === -Infinity) return null;
  const zone = sessionZone(context);
  const local = BigInt(toLocal(zone, instant));
  const day = BigInt(DAY_MICROSECONDS);
  return encodeTime({ time: Number(((local % day) + day) % day), offset: offsetAtInstant(zone, instant) });
}

function ofDate(date: number, encoded: string): Instant {
  if (!Number.isFinite(date)) return date;
  const { time, offset } = timeOf(encoded);
  return addExactly(date * DAY_MICROSECONDS, time - offset * SECOND);
}

const rounded = (encoded: string, digits: number): string => {
  if (digits < 0) return encoded;
  const { time, offset } = timeOf(encoded);
  const unit = 10 ** (6 - Math.min(digits, 6));
  return encodeTime({ time: Math.round(time / unit) * unit, offset });
};

const table: { [primitive: string]: Implementation } = {
  'timetz.extract': extract,
  'timetz.part': (name: string, value: string) => partOf(name, extract(name, value)),
  'timetz.add.interval': (value: string, span: IntervalValue) => moved(value, span, 1),
  'interval.add.timetz': (span: IntervalValue, value: string) => moved(value, span, 1),
  'timetz.sub.interval': (value: string, span: IntervalValue) => moved(value, span, -1),
  'date.add.timetz': ofDate,
  'timetz.add.date': (value: string, date: number) => ofDate(date, value),
  'timetz.overlaps': overlaps as unknown as Implementation,
  'timetz.atZone': (zone: string, value: string, context: ValueContext) =>
    shifted(value, offsetAtInstant(zoneOf(zone), context.transactionTime)),
  'timetz.atOffset': atOffset,
  'timetz.to.timetz': rounded,
  'timetz.to.time': (value: string) => timeOf(value).time,
  'time.to.timetz': (time: number, context: ValueContext) =>
    encodeTime({ time, offset: offsetAtInstant(sessionZone(context), context.transactionTime) }),
  'timestamptz.to.timetz': ofInstant,
  'timetz.now': (context: ValueContext) => ofInstant(context.transactionTime, context),
  'timetz.now.digits': (digits: number, context: ValueContext) =>
    rounded(ofInstant(context.transactionTime, context) as string, digits),
};
export const zonedTimeFunctions: { readonly [primitive: string]: Implementation } = table;
