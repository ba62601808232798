/**
 * Where values of one type lie among those of a smaller one: `a.atMost.b` is the largest value of b that is not above a value of a,
 * `below` the largest under it, `atLeast` and `above` the smallest from the other side; NULL: there is none. `a.as.b` is the same
 * value, or NULL where b has not got it. An index on a column of b answers conditions on its values made a's by them.
 *
 * A timestamp with time zone lies elsewhere in each zone: its bounds are a week too wide (ZONE_DAYS), whatever the zone.
 */

import {
  DATE_DAYS_END,
  DAYS_MIN,
  type Instant,
  isInfinite,
  joinInstant,
  splitInstant,
  TIMESTAMP_DAYS_END,
  timeOfDay,
} from './calendar.ts';
import { type Decimal, decimalOf, tenTo } from './decimal.ts';
import type { Implementation } from './functions.ts';
import { type Int8, int8Of } from './integers.ts';

type Side = 'atMost' | 'below' | 'atLeast' | 'above';

const SIDES: readonly Side[] = ['atMost', 'below', 'atLeast', 'above'];

/** Least and greatest values. */
const INTEGERS = {
  int2: [-32768n, 32767n],
  int4: [-2147483648n, 2147483647n],
  int8: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

/** Offsets of zones are less (167 hours), and so is what a change of the offset adds. */
const ZONE_DAYS = 8;

/** The whole number on a side of `floor`, or of what lies between it and the next one. */
function whole(side: Side, floor: bigint, isExact: boolean): bigint {
  if (side === 'atMost') return floor;
  if (side === 'below') return isExact ? floor - 1n : floor;
  return side === 'atLeast' && isExact ? floor : floor + 1n;
}

/** Kept within a type; null: none of its values is on this side. */
function within(side: Side, value: bigint, [least, greatest]: readonly [bigint, bigint]): Int8 | null {
  const isUpper = side === 'atMost' || side === 'below';
  if (value > greatest) return isUpper ? int8Of(greatest) : null;
  if (value < least) return isUpper ? null : int8Of(least);
  return int8Of(value);
}

/** NaN is above every number. */
function numericBound(side: Side, value: Decimal, limits: readonly [bigint, bigint]): Int8 | null {
  if (!value.isFinite) return within(side, value.kind === 'minusInfinity' ? limits[0] - 2n : limits[1] + 2n, limits);
  const unit = tenTo(value.scale);
  const rest = ((value.units % unit) + unit) % unit;
  return within(side, whole(side, (value.units - rest) / unit, rest === 0n), limits);
}

function sameInteger(value: Decimal, [least, greatest]: readonly [bigint, bigint]): Int8 | null {
  const unit = tenTo(value.scale);
  if (!value.isFinite || value.units % unit !== 0n) return null;
  const integer = value.units / unit;
  return integer < least || integer > greatest ? null : int8Of(integer);
}

function dateBound(side: Side, instant: Instant): number | null {
  if (instant === Infinity) return side === 'above' ? null : side === 'below' ? DATE_DAYS_END - 1 : Infinity;
  if (instant === -Infinity) return side === 'below' ? null : side === 'above' ? DAYS_MIN : -Infinity;
  const days = Number(whole(side, BigInt(splitInstant(instant)), timeOfDay === 0));
  return days < DAYS_MIN ? -Infinity : days;
}

function sameDate(instant: Instant): number | null {
  if (isInfinite(instant)) return Number(instant);
  const days = splitInstant(instant);
  return timeOfDay === 0 ? days : null;
}

/** Days before or behind it, an infinity where there are none. */
function shifted(instant: Instant, days: number, end: number, join: (day: number, time: number) => Instant): Instant {
  if (isInfinite(instant)) return instant;
  const day = splitInstant(instant) + days;
  return day < DAYS_MIN ? -Infinity : day >= end ? Infinity : join(day, timeOfDay);
}

export const boundFunctions: { [primitive: string]: Implementation } = {
  'timestamp.as.date': sameDate,
};
for (const side of SIDES) {
  const days = side === 'atMost' || side === 'below' ? ZONE_DAYS : -ZONE_DAYS;
  for (const to of ['int2', 'int4', 'int8'] as const) {
    const limits = INTEGERS[to];
    for (const from of ['int4', 'int8'] as const) {
      if (from > to)
        boundFunctions[`${from}.${side}.${to}`] = (value: Int8) => within(side, whole(side, BigInt(value), true), limits);
    }
    boundFunctions[`numeric.${side}.${to}`] = (value: string) => numericBound(side, decimalOf(value), limits);
    boundFunctions[`numeric.as.${to}`] = (value: string) => sameInteger(decimalOf(value), limits);
  }
  boundFunctions[`timestamp.${side}.date`] = (value: Instant) => dateBound(side, value);
  boundFunctions[`timestamptz.${side}.date`] = (value: Instant) => shifted(value, days, DATE_DAYS_END, (day) => day);
  boundFunctions[`timestamptz.${side}.timestamp`] = (value: Instant) => shifted(value, days, TIMESTAMP_DAYS_END, joinInstant);
}
