/** INTERVAL YEAR TO MONTH and the like: the unit of a number without one, and what of an interval the fields let through. */

import type { IntervalValue } from '../storage/rows/row-value.ts';
import { normalInstant } from './calendar.ts';
import { isInfiniteInterval, roundInterval } from './interval.ts';
import { parseInterval } from './interval-parse.ts';

export type IntervalField = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

const HOUR = 3_600_000_000n;
const MINUTE = 60_000_000n;

/** The smallest of the fields: 'day to hour' has hours. */
const smallest = (fields: string): IntervalField => fields.slice(fields.lastIndexOf(' ') + 1) as IntervalField;

const cutTo = (microseconds: number | bigint, unit: bigint): number | bigint =>
  normalInstant((BigInt(microseconds) / unit) * unit);

/** An interval without what is smaller than its fields; seconds rounded to `digits`, below 0 as they are. */
export function fitFields(value: IntervalValue, fields: string, digits: number): IntervalValue {
  if (isInfiniteInterval(value)) return value;
  const { months, days, microseconds } = value;
  switch (smallest(fields)) {
    case 'year':
      return { months: Math.trunc(months / 12) * 12 + 0, days: 0, microseconds: 0 };
    case 'month':
      return { months, days: 0, microseconds: 0 };
    case 'day':
      return { months, days, microseconds: 0 };
    case 'hour':
      return { months, days, microseconds: cutTo(microseconds, HOUR) };
    case 'minute':
      return { months, days, microseconds: cutTo(microseconds, MINUTE) };
    default:
      return roundInterval(value, digits);
  }
}

/** Reads an interval with fields: INTERVAL '1' YEAR. */
export const parseFields = (text: string, fields: string, digits: number): IntervalValue =>
  fitFields(parseInterval(text, smallest(fields), fields === 'minute to second'), fields, digits);
