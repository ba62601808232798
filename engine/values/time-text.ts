/** Dates, times and intervals as text, in the ISO style. Hot: a timestamp costs one string. */

import type { IntervalValue } from '../storage/rows/row-value.ts';
import { civilOf, type Instant, splitInstant, timeOfDay } from './calendar.ts';
import { isInfiniteInterval } from './interval.ts';
import { offsetAtInstant, toLocal, type Zone } from './time-zone.ts';

const PAIRS: readonly string[] = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, '0'));

export const pair = (n: number): string => (n < 100 ? PAIRS[n] : String(n));

/** The year of the calendar, at least four digits; years before 1 are counted backwards. */
const yearText = (year: number): string => String(year > 0 ? year : 1 - year).padStart(4, '0');

function civilText(days: number): string {
  const { year, month, day } = civilOf(days);
  return `${year > 999 ? year : yearText(year)}-${PAIRS[month]}-${PAIRS[day]}`;
}
const isBeforeChrist = (days: number): boolean => days < -719162;

export function dateText(days: number): string {
  if (days === Infinity) return 'infinity';
  if (days === -Infinity) return '-infinity';
  return isBeforeChrist(days) ? `${civilText(days)} BC` : civilText(days);
}

/** '.25' without zeros at the end; '' for none. */
export function fractionText(microseconds: number): string {
  if (microseconds === 0) return '';
  let text = '.' + String(microseconds).padStart(6, '0');
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (end !== text.length) text = text.slice(0, end);
  return text;
}

export function timeText(time: number): string {
  const seconds = Math.floor(time / 1000000);
  const minutes = Math.floor(seconds / 60);
  const rest = time - seconds * 1000000;
  const clock = `${PAIRS[Math.floor(minutes / 60)]}:${PAIRS[minutes % 60]}:${PAIRS[seconds % 60]}`;
  return rest === 0 ? clock : clock + fractionText(rest);
}

export function timestampText(instant: Instant): string {
  if (instant === Infinity) return 'infinity';
  if (instant === -Infinity) return '-infinity';
  const days = splitInstant(instant);
  const text = `${civilText(days)} ${timeText(timeOfDay)}`;
  return isBeforeChrist(days) ? `${text} BC` : text;
}

/** '+02', '-03:30', '-04:56:02'. */
export function offsetText(seconds: number): string {
  const magnitude = Math.abs(seconds);
  const hours = Math.floor(magnitude / 3600);
  const minutes = Math.floor(magnitude / 60) % 60;
  let text = `${seconds < 0 ? '-' : '+'}${PAIRS[hours]}`;
  if (minutes !== 0 || magnitude % 60 !== 0) text += `:${PAIRS[minutes]}`;
  return magnitude % 60 === 0 ? text : `${text}:${PAIRS[magnitude % 60]}`;
}

export function timestamptzText(instant: Instant, zone: Zone): string {
  if (instant === Infinity) return 'infinity';
  if (instant === -Infinity) return '-infinity';
  const offset = offsetAtInstant(zone, instant);
  const days = splitInstant(toLocal(zone, instant));
  const text = `${civilText(days)} ${timeText(timeOfDay)}${offsetText(offset)}`;
  return isBeforeChrist(days) ? `${text} BC` : text;
}

const part = (value: number, name: string, previousNegative: boolean, isFirst: boolean): string => {
  const sign = previousNegative && value > 0 ? '+' : '';
  return `${isFirst ? '' : ' '}${sign}${value} ${name}${value === 1 ? '' : 's'}`;
};

/** As PostgreSQL shows an interval: `1 year 2 mons -3 days +04:05:06.7`. */
export function intervalText(value: IntervalValue): string {
  const { microseconds } = value;
  if (isInfiniteInterval(value)) return value.months > 0 ? 'infinity' : '-infinity';
  const years = Math.trunc(value.months / 12);
  const months = value.months % 12;
  let text = '';
  let negative = false;
  for (const [amount, name] of [
    [years, 'year'],
    [months, 'mon'],
    [value.days, 'day'],
  ] as const) {
    if (amount === 0) continue;
    text += part(amount, name, negative, text === '');
    negative = amount < 0;
  }
  if (microseconds === 0 || microseconds === 0n) return text === '' ? '00:00:00' : text;
  const isMinus = microseconds < 0;
  const sign = isMinus ? '-' : negative ? '+' : '';
  return `${text}${text === '' ? '' : ' '}${sign}${spanText(microseconds)}`;
}

/** Hours, minutes and seconds of |microseconds|; hours may be many. */
export function spanText(microseconds: Instant): string {
  if (typeof microseconds === 'number') {
    const time = Math.abs(microseconds);
    const seconds = Math.floor(time / 1000000);
    const minutes = Math.floor(seconds / 60);
    return `${pair(Math.floor(minutes / 60))}:${pair(minutes % 60)}:${pair(seconds % 60)}${fractionText(time - seconds * 1000000)}`;
  }
  const time = microseconds < 0n ? -microseconds : microseconds;
  const hours = time / 3600000000n;
  const rest = Number(time % 3600000000n);
  return `${hours}:${timeText(rest).slice(3)}`;
}
