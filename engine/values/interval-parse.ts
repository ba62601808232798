/** Reads intervals: `1 year 2 mons 3 days 04:05:06.7 ago`, `1-2`, `3 4:05`, ISO 8601 (`P1Y2M3DT4H`, `P0001-02-03T04:05:06`). */

import type { IntervalValue } from '../storage/rows/row-value.ts';
import { normalInstant } from './calendar.ts';
import { badInterval, INFINITE_INTERVAL, infinityOf, intervalFieldOverflow, MINUS_INFINITE_INTERVAL } from './interval.ts';

type Unit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium';

const NAMES: { readonly [unit in Unit]: string } = {
  microsecond: 'microsecond microseconds microsecon us usec usecs usecond useconds',
  millisecond: 'millisecond milliseconds ms msec msecs mseconds millisecon',
  second: 'second seconds s sec secs',
  minute: 'minute minutes m min mins',
  hour: 'hour hours h hr hrs',
  day: 'day days d',
  week: 'week weeks w',
  month: 'month months mon mons',
  year: 'year years y yr yrs',
  decade: 'decade decades dec decs',
  century: 'century centuries c cent',
  millennium: 'millennium millennia mil mils',
};
const units = new Map<string, Unit>(
  Object.entries(NAMES).flatMap(([unit, names]) => names.split(' ').map((name) => [name, unit as Unit] as const)),
);

const MICROSECONDS: { readonly [unit in Unit]?: number } = {
  microsecond: 1,
  millisecond: 1000,
  second: 1000000,
  minute: 60000000,
  hour: 3600000000,
};
const MONTHS: { readonly [unit in Unit]?: number } = { year: 12, decade: 120, century: 1200, millennium: 12000 };
const DAY = 86400000000;

/** What is being added up. */
interface Sum {
  months: number;
  days: number;
  time: bigint;
}

/** A fraction of a unit, as whole microseconds: more than half of one counts. */
function addFraction(sum: Sum, fraction: number, microseconds: number): void {
  const exact = fraction * microseconds;
  const cut = Math.trunc(exact);
  const rest = exact - cut;
  sum.time += BigInt(cut + (rest > 0.5 ? 1 : rest < -0.5 ? -1 : 0));
}
function addFractionOfDays(sum: Sum, fraction: number, days: number): void {
  const exact = fraction * days;
  const cut = Math.trunc(exact);
  sum.days += cut;
  addFraction(sum, exact - cut, DAY);
}

function addUnit(sum: Sum, unit: Unit, value: number, fraction: number): void {
  const microseconds = MICROSECONDS[unit];
  if (microseconds !== undefined) {
    sum.time += BigInt(value) * BigInt(microseconds);
    addFraction(sum, fraction, microseconds);
  } else if (unit === 'day') {
    sum.days += value;
    addFraction(sum, fraction, DAY);
  } else if (unit === 'week') {
    sum.days += value * 7;
    addFractionOfDays(sum, fraction, 7);
  } else if (unit === 'month') {
    sum.months += value;
    addFractionOfDays(sum, fraction, 30);
  } else {
    const months = MONTHS[unit] as number;
    sum.months += value * months + Math.round(fraction * months);
  }
}

const ITEM =
  /^([+-]?)(\d+):(\d*)(?::(\d*(?:\.\d*)?)|(\.\d*))?|^([+-]?)(\d+)-(\d+)(?![\d.:-])|^([+-]?(?:\d+(?:\.\d*)?|\.\d+)|\.)|^([a-z]+)/;

/** 2020-02-29: no years and months with something behind them. */
const DATE_LIKE = /^[+-]?\d+-\d*-/;

interface Token {
  readonly kind: 'time' | 'yearMonth' | 'number' | 'word';
  readonly match: RegExpExecArray;
}

function tokensOf(text: string, original: string): Token[] {
  const tokens: Token[] = [];
  let rest = text;
  for (;;) {
    rest = rest.replace(/^[\s@,]+/, '').replace(/^([+-])\s+/, '$1');
    if (rest === '') return tokens;
    if (DATE_LIKE.test(rest)) throw badInterval(original);
    const match = ITEM.exec(rest);
    if (match === null) throw badInterval(original);
    const kind =
      match[2] !== undefined ? 'time' : match[7] !== undefined ? 'yearMonth' : match[9] !== undefined ? 'number' : 'word';
    tokens.push({ kind, match });
    rest = rest.slice(match[0].length);
  }
}

function addTimeToken(sum: Sum, match: RegExpExecArray, text: string, isMinutes = false): void {
  const sign = match[1] === '-' ? -1n : 1n;
  let [hours, minutes, seconds] = [match[2], match[3], match[4] ?? '0'];
  // Two fields with a fraction are minutes and seconds.
  if (match[5] !== undefined || (isMinutes && match[4] === undefined))
    [hours, minutes, seconds] = ['0', match[2], match[3] + (match[5] ?? '')];
  const [whole, fraction = ''] = seconds.split('.');
  if (Number(minutes) > 59 || Number(whole) > 60) throw intervalFieldOverflow(text);
  const micro = Math.round(Number(`0.${fraction}0`) * 1000000);
  sum.time += sign * ((BigInt(hours) * 3600n + BigInt(minutes) * 60n + BigInt(whole)) * 1000000n + BigInt(micro));
}

function addNumber(sum: Sum, text: string, unit: Unit): void {
  const match = /^([+-]?)(\d*)(\.\d*)?(e[+-]?\d+)?$/.exec(text);
  if (match === null) throw badInterval(text);
  const sign = match[1] === '-' ? -1 : 1;
  if (match[4] !== undefined) {
    const value = Number(text);
    addUnit(sum, unit, Math.trunc(value), value - Math.trunc(value));
    return;
  }
  if (match[2].length > 15) {
    const microseconds = MICROSECONDS[unit];
    if (microseconds === undefined) throw intervalFieldOverflow(text);
    sum.time += BigInt(sign) * BigInt(match[2]) * BigInt(microseconds);
    return;
  }
  const fraction = match[3] === undefined || match[3] === '.' ? 0 : Number(match[3]);
  addUnit(sum, unit, sign * Number(match[2]), sign * fraction);
}

/** Read from the right, as units stand behind their numbers; what has no unit takes the one that its right neighbour leaves. */
function readVerbose(text: string, original: string, bare: Unit, isMinutes: boolean): Sum {
  const tokens = tokensOf(text, original);
  if (tokens.length === 0) throw badInterval(original);
  const sum: Sum = { months: 0, days: 0, time: 0n };
  const seen = new Set<string>();
  const use = (unit: string): void => {
    if (seen.has(unit)) throw badInterval(original);
    seen.add(unit);
  };
  let ago = false;
  let unit: Unit | null = null;
  let pending = false;
  for (let at = tokens.length - 1; at >= 0; at--) {
    const { kind, match } = tokens[at];
    if (kind === 'word') {
      if (match[0] === 'ago' && at === tokens.length - 1 && at > 0) ago = true;
      else {
        const found = units.get(match[0]);
        if (found === undefined || pending) throw badInterval(original);
        unit = found;
        pending = true;
      }
      continue;
    }
    if (kind === 'time') {
      if (pending) throw badInterval(original);
      for (const one of ['hour', 'minute', 'second']) use(one);
      addTimeToken(sum, match, original, isMinutes);
      unit = 'day';
    } else if (kind === 'yearMonth') {
      use('month');
      if (Number(match[8]) >= 12) throw intervalFieldOverflow(original);
      const months = Number(match[7]) * 12 + Number(match[8]);
      sum.months += match[6] === '-' ? -months : months;
      unit = 'month';
    } else {
      const of: Unit = unit ?? bare;
      use(of);
      addNumber(sum, match[0], of);
      // '1 2 hours': what stands before hours are days.
      if (of === 'hour') unit = 'day';
    }
    pending = false;
  }
  if (pending) throw badInterval(original);
  return ago ? { months: -sum.months, days: -sum.days, time: -sum.time } : sum;
}

const ISO = /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)([YMWDHS])/;
const ISO_DATE = /^([+-]?\d+)-(\d+)(?:-(\d+))?(?=T|$)/;
const ISO_CLOCK = /^([+-]?)(\d+):(\d+)(?::(\d+(?:\.\d*)?))?$/;
const ISO_UNITS: { readonly [letter: string]: Unit } = { Y: 'year', M: 'month', W: 'week', D: 'day', H: 'hour', S: 'second' };

function readIso(text: string): Sum {
  const sum: Sum = { months: 0, days: 0, time: 0n };
  let rest = text.slice(1);
  let inTime = false;
  if (rest === '') throw badInterval(text);
  while (rest !== '') {
    if (rest[0] === 'T' && !inTime) {
      inTime = true;
      rest = rest.slice(1);
      if (rest === '') throw badInterval(text);
      continue;
    }
    const date = inTime ? null : ISO_DATE.exec(rest);
    const clock = inTime ? ISO_CLOCK.exec(rest) : null;
    if (date !== null) {
      sum.months += Number(date[1]) * 12 + Number(date[2]);
      sum.days += Number(date[3] ?? 0);
      rest = rest.slice(date[0].length);
    } else if (clock !== null) {
      addTimeToken(sum, clock, text);
      rest = '';
    } else {
      const match = ISO.exec(rest);
      if (match === null || 'HS'.includes(match[2]) !== (inTime && match[2] !== 'M')) throw badInterval(text);
      addNumber(sum, match[1], match[2] === 'M' && inTime ? 'minute' : ISO_UNITS[match[2]]);
      rest = rest.slice(match[0].length);
    }
  }
  return sum;
}

/**
 * Reads an interval. 22007; 22015 when it does not fit. `bare` is the unit of a number that has none; `isMinutes`: 2:03 are minutes and
 * seconds.
 */
export function parseInterval(text: string, bare: Unit = 'second', isMinutes = false): IntervalValue {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (lower === 'infinity' || lower === '+infinity') return INFINITE_INTERVAL;
  if (lower === '-infinity') return MINUS_INFINITE_INTERVAL;
  const sum = /^P/.test(trimmed) ? readIso(trimmed) : readVerbose(lower, text, bare, isMinutes);
  const fits = (value: number): boolean => value >= -2147483648 && value <= 2147483647;
  if (!fits(sum.months) || !fits(sum.days) || BigInt.asIntN(64, sum.time) !== sum.time) throw intervalFieldOverflow(text);
  const value = { months: sum.months + 0, days: sum.days + 0, microseconds: normalInstant(sum.time) };
  if (infinityOf(value) !== 0) throw intervalFieldOverflow(text);
  return value;
}
