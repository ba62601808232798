/** Dates and times in paths: .datetime(), and how they are compared. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Instant } from './calendar.ts';
import { compareIntegers } from './compare.ts';
import type { ValueContext } from './context.ts';
import { quoteJson } from './json.ts';
import { type JsonItem, stringOf } from './json-item.ts';
import { PathFault } from './json-path-fault.ts';
import { dateText, timestampText, timeText } from './time-text.ts';
import { parseDate, parseTime, parseTimestamp, parseTimestamptz } from './time-parse.ts';

const DATE = /^\d{4,}-\d{1,2}-\d{1,2}$/;
const TIME = /^\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,6})?$/;
const TIME_WITH_ZONE = /^\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,6})?[+-]\d{1,2}(?::\d{1,2})?$/;
const TIMESTAMP = /^\d{4,}-\d{1,2}-\d{1,2}[ T]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d{1,6})?([+-]\d{1,2}(?::\d{1,2})?)?$/;

const bad = (message: string, hint?: string): PathFault =>
  new PathFault(SQLSTATE.invalid_argument_for_sql_json_datetime_function, message, hint === undefined ? {} : { hint });

const made = (type: string, instant: Instant, text: string): JsonItem => ({
  kind: 'datetime',
  type,
  instant,
  text: quoteJson(text),
  start: 0,
});

/** As the forms of ISO 8601 say. 22031 */
export function datetimeOf(item: JsonItem, template: string | null, context: ValueContext | null): JsonItem {
  if (item.kind !== 'string') throw bad('jsonpath item method .datetime() can only be applied to a string');
  if (template !== null)
    throw new SqlError(SQLSTATE.feature_not_supported, 'the template of jsonpath item method .datetime() is not supported');
  const text = stringOf(item);
  try {
    return read(text, context);
  } catch (error) {
    if (error instanceof SqlError && /^220/.test(error.code)) throw new PathFault(error.code, error.message);
    throw error;
  }
}

function read(text: string, context: ValueContext | null): JsonItem {
  if (DATE.test(text)) {
    const days = parseDate(text);
    return made('date', days, dateText(days));
  }
  if (TIME.test(text)) {
    const time = parseTime(text);
    return made('time', time, timeText(time));
  }
  if (TIME_WITH_ZONE.test(text)) throw new SqlError(SQLSTATE.feature_not_supported, 'times with a time zone are not supported');
  const match = TIMESTAMP.exec(text);
  if (match === null)
    throw bad(
      `datetime format is not recognized: "${text}"`,
      'Use a datetime template argument to specify the input data format.',
    );
  const zone = match[1];
  if (zone === undefined) {
    const instant = parseTimestamp(text);
    return made('timestamp', instant, timestampText(instant).replace(' ', 'T'));
  }
  const instant = parseTimestamptz(text, context ?? undefined);
  const shown = timestampText(parseTimestamp(text.slice(0, -zone.length))).replace(' ', 'T');
  const [, sign, hours, minutes = '00'] = /^([+-])(\d+)(?::(\d+))?$/.exec(zone) as RegExpExecArray;
  return made('timestamptz', instant, `${shown}${sign}${hours.padStart(2, '0')}:${minutes.padStart(2, '0')}`);
}

const SHOWN: { readonly [type: string]: string } = { date: 'date', timestamp: 'timestamp', timestamptz: 'timestamptz' };
const DAY = 86400000000;

function instantOf({ type, instant }: JsonItem, other: string, context: ValueContext | null): Instant {
  if (type === other) return instant as Instant;
  if (other === 'timestamptz') {
    if (context === null) {
      throw new SqlError(
        SQLSTATE.feature_not_supported,
        `cannot convert value from ${SHOWN[type as string]} to timestamptz without time zone usage`,
        { hint: 'Use *_tz() function for time zone support.' },
      );
    }
    const local = type === 'date' ? Number(instant) * DAY : (instant as Instant);
    return parseTimestamptz(timestampText(local), context);
  }
  return Number(instant) * DAY;
}

/** Null: times of a day and dates have no order. */
export function compareDatetimes(a: JsonItem, b: JsonItem, context: ValueContext | null): number | null {
  if ((a.type === 'time') !== (b.type === 'time')) return null;
  const rank = ['date', 'timestamp', 'timestamptz'];
  const wider = rank[Math.max(rank.indexOf(a.type as string), rank.indexOf(b.type as string))] ?? 'time';
  return compareIntegers(instantOf(a, wider, context), instantOf(b, wider, context));
}
