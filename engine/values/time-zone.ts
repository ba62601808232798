/**
 * Time zones: IANA names through Intl, the usual abbreviations, and fixed offsets in POSIX form (`UTC+5` lies west of Greenwich).
 * Offsets are seconds east. What Intl says is kept: asking it costs microseconds.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { DAY_MICROSECONDS, checkInstant, type Instant, splitInstant, timeOfDay } from './calendar.ts';

export interface Zone {
  readonly name: string;
  /** Seconds east, or null: it depends on the time. */
  readonly fixed: number | null;
  readonly format: Intl.DateTimeFormat | null;
  /** By quarter of an hour since 1970: zones change on one, since they are kept by the clock. */
  readonly known: Map<number, number>;
}

const HOURS: { readonly [abbreviation: string]: number } = {
  utc: 0, gmt: 0, z: 0, zulu: 0, ut: 0, wet: 0, west: 1, bst: 1, cet: 1, cest: 2, met: 1, mest: 2, eet: 2, eest: 3, ist: 2, idt: 3,
  sast: 2, msk: 3, msd: 4, pkt: 5, bdt: 6, ict: 7, sgt: 8, hkt: 8, pht: 8, awst: 8, jst: 9, kst: 9, acst: 9.5, acdt: 10.5, aest: 10,
  aedt: 11, nzst: 12, nzdt: 13, nst: -3.5, ndt: -2.5, art: -3, brt: -3, ast: -4, adt: -3, est: -5, edt: -4, cst: -6, cdt: -5, mst: -7,
  mdt: -6, pst: -8, pdt: -7, akst: -9, akdt: -8, hst: -10,
}; // biome-ignore format: a table

/** Seconds east of an abbreviation (lower case), or undefined. */
export function abbreviationOffset(abbreviation: string): number | undefined {
  const hours = Object.hasOwn(HOURS, abbreviation) ? HOURS[abbreviation] : undefined;
  return hours === undefined ? undefined : hours * 3600;
}

const zones = new Map<string, Zone | null>();
const POSIX = /^(?:[a-z]{3,}|<[^<>]*>)?([+-]?)(\d{1,3})(?::(\d\d)(?::(\d\d))?)?$/i;

function makeZone(name: string): Zone | null {
  const short = abbreviationOffset(name.toLowerCase());
  // A full name goes before an abbreviation: EST, MST and HST are both and mean the same.
  const fixed = (seconds: number): Zone => ({ name, fixed: seconds, format: null, known: new Map() });
  if (short === 0) return fixed(0);
  const posix = POSIX.exec(name);
  if (posix !== null && (posix[1] !== '' || !/^[a-z]{3,}/i.test(name) || !isKnown(name))) {
    const seconds = Number(posix[2]) * 3600 + Number(posix[3] ?? 0) * 60 + Number(posix[4] ?? 0);
    if (Number(posix[2]) > 167) return null;
    return fixed(posix[1] === '-' ? seconds : 0 - seconds);
  }
  if (short !== undefined) return fixed(short);
  const format = intlFormat(name);
  return format === null ? null : { name: format.resolvedOptions().timeZone, fixed: null, format, known: new Map() };
}
const isKnown = (name: string): boolean => intlFormat(name) !== null;

function intlFormat(name: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // Intl's way to say that it does not know the name.
    return null;
  }
}

/** The zone of that name, or null. */
export function findZone(name: string): Zone | null {
  let zone = zones.get(name);
  if (zone === undefined) {
    // Names come from users: what they invent is not kept for ever.
    if (zones.size > 2000) zones.clear();
    zone = makeZone(name);
    zones.set(name, zone);
  }
  return zone;
}
/** The zone of that name; 22023. */
export function zoneOf(name: string): Zone {
  const zone = findZone(name);
  if (zone === null) throw new SqlError(SQLSTATE.invalid_parameter_value, `time zone "${name}" not recognized`);
  return zone;
}

const CYCLE_SECONDS = 12622780800;
/** Intl ends where Date does; the rules of the calendar repeat after 400 years. */
const SECONDS_MAX = 8.64e12 - CYCLE_SECONDS;

/** Seconds east of Greenwich at a time in seconds since 1970. */
export function offsetAt(zone: Zone, seconds: number): number {
  if (zone.fixed !== null) return zone.fixed;
  let at = Math.floor(seconds);
  if (at > SECONDS_MAX) at -= Math.ceil((at - SECONDS_MAX) / CYCLE_SECONDS) * CYCLE_SECONDS;
  if (at < -SECONDS_MAX) at += Math.ceil((-SECONDS_MAX - at) / CYCLE_SECONDS) * CYCLE_SECONDS;
  const quarter = Math.floor(at / 900);
  // Before standard time came, clocks changed at any second.
  const key = at < -1500000000 ? -1e12 + at : quarter;
  let offset = zone.known.get(key);
  if (offset === undefined) {
    if (zone.known.size > 20000) zone.known.clear();
    offset = askIntl(zone, at < -1500000000 ? at : quarter * 900);
    zone.known.set(key, offset);
  }
  return offset;
}

function askIntl(zone: Zone, seconds: number): number {
  const fields: { [type: string]: number } = {};
  let isBefore = false;
  for (const { type, value } of (zone.format as Intl.DateTimeFormat).formatToParts(seconds * 1000)) {
    if (type === 'era') isBefore = value.startsWith('B');
    else fields[type] = Number(value);
  }
  const date = new Date(0);
  date.setUTCFullYear(isBefore ? 1 - fields.year : fields.year, fields.month - 1, fields.day);
  date.setUTCHours(fields.hour, fields.minute, fields.second);
  return Math.round(date.getTime() / 1000) - seconds;
}

const toSeconds = (instant: Instant): number => {
  const days = splitInstant(instant);
  return days * 86400 + Math.floor(timeOfDay / 1000000);
};

export const offsetAtInstant = (zone: Zone, instant: Instant): number =>
  zone.fixed !== null ? zone.fixed : offsetAt(zone, toSeconds(instant));

function shift(instant: Instant, seconds: number): Instant {
  if (typeof instant === 'number') {
    const moved = instant + seconds * 1000000;
    if (Number.isSafeInteger(moved)) return moved;
  }
  return checkInstant(BigInt(instant) + BigInt(seconds) * 1000000n);
}

/** What a clock in the zone shows. Infinities stay. */
export function toLocal(zone: Zone, instant: Instant): Instant {
  if (instant === Infinity || instant === -Infinity) return instant;
  return shift(instant, offsetAtInstant(zone, instant));
}

/**
 * Offset that holds when a clock in the zone shows `local`. A time that comes twice is the later one (standard time); one that is left
 * out is read with the offset from before the gap.
 */
export function offsetOfLocal(zone: Zone, local: Instant): number {
  if (zone.fixed !== null) return zone.fixed;
  const seconds = toSeconds(local);
  const before = offsetAt(zone, seconds - DAY_MICROSECONDS / 1000000);
  const after = offsetAt(zone, seconds + DAY_MICROSECONDS / 1000000);
  if (before === after) {
    // Two changes within two days have been seen; the offset of the time itself tells them.
    const here = offsetAt(zone, seconds - before);
    return here === before || offsetAt(zone, seconds - here) !== here ? before : here;
  }
  if (offsetAt(zone, seconds - after) === after) return after;
  return before;
}
export function fromLocal(zone: Zone, local: Instant): Instant {
  if (local === Infinity || local === -Infinity) return local;
  return shift(local, -offsetOfLocal(zone, local));
}

/** Abbreviation or offset as to_char's TZ shows it. */
export function zoneAbbreviation(zone: Zone, instant: Instant): string {
  const offset = offsetAtInstant(zone, instant);
  if (zone.fixed === 0) return 'UTC';
  const found = SHOWN[zone.name]?.[offset];
  if (found !== undefined) return found;
  if (offset % 60 !== 0) return 'LMT';
  const minutes = Math.abs(offset) / 60;
  const text =
    String(Math.floor(minutes / 60)).padStart(2, '0') + (minutes % 60 === 0 ? '' : String(minutes % 60).padStart(2, '0'));
  return (offset < 0 ? '-' : '+') + text;
}
const us = (standard: number, letter: string): { [offset: number]: string } => ({
  [standard * 3600]: `${letter}ST`,
  [standard * 3600 + 3600]: `${letter}DT`,
});
const central = { 3600: 'CET', 7200: 'CEST' };
const SHOWN: { readonly [zone: string]: { readonly [offset: number]: string } } = {
  'America/New_York': us(-5, 'E'),
  'America/Chicago': us(-6, 'C'),
  'America/Denver': us(-7, 'M'),
  'America/Los_Angeles': us(-8, 'P'),
  'Europe/London': { 0: 'GMT', 3600: 'BST' },
  'Europe/Berlin': central,
  'Europe/Paris': central,
  'Europe/Madrid': central,
  'Europe/Rome': central,
  'Europe/Vienna': central,
  'Europe/Zurich': central,
  'Europe/Amsterdam': central,
  'Asia/Tokyo': { 32400: 'JST' },
  'Asia/Kolkata': { 19800: 'IST' },
  'Australia/Sydney': { 36000: 'AEST', 39600: 'AEDT' },
};
