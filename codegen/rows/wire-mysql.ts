/**
 * Values in MySQL's forms (dev.mysql.com/doc/dev/mysql-server, 'Text Resultset' and 'Binary Protocol Value').
 *
 *   mysqlText     conditions 1 and 0, bytes as they are, times with the column's digits; the length in front is the format's
 *   mysqlBinary   numbers little-endian, of as many bytes as their type has; times as a length and fields; others as in text
 */

import { SQLSTATE, SqlError } from '../../shm/errors.ts';
import type { RowOutput } from '../../plugins/contract/output.ts';
import type { ValueForm } from '../../plugins/contract/row-format.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { civilOf, isInfinite, splitInstant, timeOfDay } from '../../engine/values/calendar.ts';
import type { ValueContext } from '../../engine/values/context.ts';
import { outputText } from '../../engine/values/functions-casts.ts';
import { implementations } from '../../engine/values/functions.ts';
import { dateText } from '../../engine/values/time-text.ts';
import { offsetAtInstant, zoneOf } from '../../engine/values/time-zone.ts';
import { putBytes, putText, type ValueWriter } from './row-writer.ts';

/** Bytes of numbers in the binary form. */
const BINARY: { readonly [type: string]: number } = { bool: 8, int2: 2, int4: 4, int8: 8, oid: 8, float4: 4, float8: 8 };
const TIMES: readonly string[] = ['date', 'time', 'timestamp', 'timestamptz'];
const MICROSECONDS = 1_000_000;
const DAY_BYTES = 4;
const SECOND_BYTES = 3;
const FRACTION_BYTES = 4;

/** A value says itself how long it is. */
export const hasOwnLength = (type: TypeName, form: ValueForm): boolean =>
  form === 'mysqlBinary' && (type in BINARY || TIMES.includes(type));

/** Writer of a type. `digits`: of the second; -1: as many as there are. */
export function mysqlWriter(type: TypeName, form: ValueForm, digits: number): ValueWriter {
  if (type === 'bytea') return (output, value) => putBytes(output, value as Uint8Array);
  if (form === 'mysqlBinary' && type in BINARY) return numberWriter(type, BINARY[type]);
  if (form === 'mysqlBinary' && TIMES.includes(type)) return timeWriter(type, digits);
  switch (type) {
    case 'bool':
      return (output, value) => putText(output, value === true ? '1' : '0');
    case 'float4':
    case 'float8': {
      const show = implementations[`${type}.loose.text`];
      return (output, value) => putText(output, show(value) as string);
    }
    case 'date':
      return (output, value) => putText(output, dateText(known(value as number)));
    case 'char':
      return (output, value) => putText(output, (value as string).replace(/ +$/, ''));
    case 'time':
      return (output, value) => putText(output, clockText(Number(value), digits));
    case 'timestamp':
    case 'timestamptz':
      return (output, value, context) => putText(output, momentText(local(type, value, context), digits));
    default:
      return (output, value, context) => putText(output, outputText(type, value, context));
  }
}

function numberWriter(type: TypeName, width: number): ValueWriter {
  return (output, value) => {
    output.need(width);
    const { bytes, at } = output;
    output.at += width;
    if (type === 'bool') bytes.writeBigInt64LE(value === true ? 1n : 0n, at);
    else if (type === 'float8') bytes.writeDoubleLE(value as number, at);
    else if (type === 'float4') bytes.writeFloatLE(value as number, at);
    else if (width === 8) bytes.writeBigInt64LE(BigInt(value as number | bigint), at);
    else bytes.writeIntLE(value as number, at, width);
  };
}

/** What the session's clock shows. */
function local(type: TypeName, value: RowValue, { timeZone }: ValueContext): number | bigint {
  const instant = value as number | bigint;
  if (type !== 'timestamptz') return instant;
  const offset = offsetAtInstant(zoneOf(timeZone), instant) * MICROSECONDS;
  return typeof instant === 'bigint' ? instant + BigInt(offset) : instant + offset;
}

const padded = (value: number, width: number): string => String(value).padStart(width, '0');

function clockText(time: number, digits: number): string {
  const seconds = Math.floor(time / MICROSECONDS);
  const whole = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => padded(part, 2))
    .join(':');
  const fraction = padded(time % MICROSECONDS, 6);
  const shown = digits < 0 ? fraction.replace(/0+$/, '') : fraction.slice(0, digits);
  return shown === '' ? whole : `${whole}.${shown}`;
}

/** First and last day of the years 1 to 9999: MySQL has no others, and no infinity. */
const DAY_FIRST = -719162;
const DAY_LAST = 2932896;

/** A day that MySQL's clients know. 22008 */
function known(days: number): number {
  if (days >= DAY_FIRST && days <= DAY_LAST) return days;
  throw new SqlError(SQLSTATE.datetime_field_overflow, 'a date outside the years 1 to 9999 is none of MySQL');
}

const daysOf = (instant: number | bigint): number =>
  known(isInfinite(instant) ? Number.POSITIVE_INFINITY : splitInstant(instant));

function momentText(instant: number | bigint, digits: number): string {
  const { year, month, day } = civilOf(daysOf(instant));
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)} ${clockText(timeOfDay, digits)}`;
}

/** A length, then year, month, day, hour, minute, second, microseconds: what is zero at the end is left out. */
function timeWriter(type: TypeName, digits: number): ValueWriter {
  const scale = 10 ** (6 - Math.max(digits < 0 ? 6 : digits, 0));
  return (output, value, context) => {
    output.need(1 + 1 + DAY_BYTES + DAY_BYTES + SECOND_BYTES + FRACTION_BYTES);
    if (type === 'time') putTime(output, cut(Number(value), scale));
    else if (type === 'date') putMoment(output, known(value as number), 0);
    else {
      const days = daysOf(local(type, value, context));
      putMoment(output, days, cut(timeOfDay, scale));
    }
  };
}

const cut = (time: number, scale: number): number => Math.floor(time / scale) * scale;

function putMoment(output: RowOutput, days: number, time: number): void {
  const { year, month, day } = civilOf(days);
  const { bytes } = output;
  const start = output.at++;
  bytes.writeUInt16LE(year, output.at);
  bytes[output.at + 2] = month;
  bytes[output.at + 3] = day;
  output.at += DAY_BYTES;
  if (time !== 0) putClock(output, time);
  bytes[start] = output.at - start - 1;
}

/** A sign and days are in front. */
function putTime(output: RowOutput, time: number): void {
  const { bytes } = output;
  const start = output.at++;
  if (time !== 0) {
    bytes.fill(0, output.at, output.at + 1 + DAY_BYTES);
    output.at += 1 + DAY_BYTES;
    putClock(output, time);
  }
  bytes[start] = output.at - start - 1;
}

function putClock(output: RowOutput, time: number): void {
  const { bytes } = output;
  const seconds = Math.floor(time / MICROSECONDS);
  bytes[output.at] = Math.floor(seconds / 3600);
  bytes[output.at + 1] = Math.floor(seconds / 60) % 60;
  bytes[output.at + 2] = seconds % 60;
  output.at += SECOND_BYTES;
  const fraction = time % MICROSECONDS;
  if (fraction === 0) return;
  bytes.writeUInt32LE(fraction, output.at);
  output.at += FRACTION_BYTES;
}
