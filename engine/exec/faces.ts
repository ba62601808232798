/**
 * How values of a result look to the program: RowValues that JavaScript has no equal for get a face. Applied to whole rows behind the
 * generated code, only to columns that need it.
 *
 *   bool boolean, int2, int4, float4, float8 number, text string, bytea Uint8Array, uuid string      as they are
 *   int8       number while it is exact, else bigint             int8: 'bigint' always bigint, 'number' always number
 *   numeric    text, as PostgreSQL's clients have it             numeric: 'number' rounds
 *   date       '2026-11-21'                                      times: 'temporal' PlainDate, ...; 'text' PostgreSQL's text
 *   time       '12:30:00'
 *   timestamp, timestamptz   Date (UTC); +-Infinity for the infinities; text beyond the years of a Date; microseconds are cut off
 *   interval   text; json, jsonb   parsed
 *   enum       its label; regclass and its like   the name
 *   arrays     arrays of faces, of more dimensions arrays of arrays; first indexes other than 1 are not seen
 *   rows       objects of faces by the names of attributes; of rows without a type f1, f2 ...
 *   ranges     text
 */

import { isEncodedType, isEnumType, isNestedType, isObjectNumber, type SqlType, sqlType, type TypeName } from '../sblr/types.ts';
import { type ArrayValue, isNested, type RecordValue } from '../storage/rows/nested-value.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from '../values/context.ts';
import { implementations } from '../values/functions.ts';
import { outputText } from '../values/functions-casts.ts';
import { attributesOf } from '../values/nested-text.ts';

export interface FaceOptions {
  /** 'auto' */
  readonly int8: 'auto' | 'bigint' | 'number';
  /** 'text' */
  readonly numeric: 'text' | 'number';
  /** 'date' */
  readonly times: 'date' | 'temporal' | 'text';
  /** 'parse' */
  readonly json: 'parse' | 'text';
}

export const DEFAULT_FACES: FaceOptions = { int8: 'auto', numeric: 'text', times: 'date', json: 'parse' };

/** Turns a value that is not NULL into what the program gets. */
export type Face = (value: RowValue, context: ValueContext) => unknown;

interface TemporalTypes {
  readonly PlainDate: { from(text: string): unknown };
  readonly PlainTime: { from(text: string): unknown };
  readonly PlainDateTime: { from(text: string): unknown };
  readonly Instant: { fromEpochNanoseconds(nanoseconds: bigint): unknown };
}

const temporal = (): TemporalTypes => (globalThis as unknown as { Temporal: TemporalTypes }).Temporal;

const isInfinite = (value: RowValue): boolean => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

const asText =
  (type: SqlType): Face =>
  (value, context) =>
    implementations[`${type.name}.output`](value, context);

/** Milliseconds beyond which there is no Date: 275760 AD. */
const DATE_MAX = 8.64e15;

const asDate =
  (type: SqlType): Face =>
  (value, context) => {
    if (isInfinite(value)) return value;
    const time = typeof value === 'bigint' ? Number(value / 1000n) : Math.floor((value as number) / 1000);
    return Math.abs(time) > DATE_MAX ? asText(type)(value, context) : new Date(time);
  };

/** Days and microseconds since 1970 in ISO 8601; years beyond four digits carry a sign. */
function isoDate(days: number): string {
  const text = new Date(days * 86_400_000).toISOString();
  return text.slice(0, text.indexOf('T'));
}

function asTemporal(type: SqlType): Face {
  const text = asText(type);
  switch (type.name) {
    case 'date':
      return (value) => (isInfinite(value) ? value : temporal().PlainDate.from(isoDate(value as number)));
    case 'time':
      return (value, context) => temporal().PlainTime.from(String(text(value, context)));
    case 'timestamptz':
      return (value) => (isInfinite(value) ? value : temporal().Instant.fromEpochNanoseconds(BigInt(value as bigint) * 1000n));
    default:
      return (value) => {
        if (isInfinite(value)) return value;
        const microseconds = BigInt(value as number | bigint);
        const days = Number(
          (microseconds - (((microseconds % 86_400_000_000n) + 86_400_000_000n) % 86_400_000_000n)) / 86_400_000_000n,
        );
        const rest = Number(microseconds - BigInt(days) * 86_400_000_000n);
        return temporal().PlainDateTime.from(`${isoDate(days)}T${clockText(rest)}`);
      };
  }
}

/** Microseconds of a day as 'hh:mm:ss.ffffff'. */
function clockText(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${parts.map((part) => String(part).padStart(2, '0')).join(':')}.${String(microseconds % 1_000_000).padStart(6, '0')}`;
}

/** The face of a type; null: values stay as they are. */
export function faceOf(type: SqlType, options: FaceOptions): Face | null {
  switch (type.name) {
    case 'int8':
      if (options.int8 === 'bigint') return (value) => BigInt(value as number | bigint);
      return options.int8 === 'number' ? (value) => Number(value) : null;
    case 'numeric':
      return options.numeric === 'number' ? (value) => Number(value) : null;
    case 'date':
    case 'time':
      return options.times === 'temporal' ? asTemporal(type) : asText(type);
    case 'timestamp':
    case 'timestamptz':
      if (options.times === 'text') return asText(type);
      return options.times === 'temporal' ? asTemporal(type) : asDate(type);
    case 'interval':
      return asText(type);
    case 'json':
    case 'jsonb':
      return options.json === 'parse' ? (value) => JSON.parse(value as string) : null;
    default:
      if (isNestedType(type.name)) return nestedFace(type.name, options);
      if (!isEnumType(type.name) && !isObjectNumber(type.name) && !isEncodedType(type.name)) return null;
      return (value, context) => outputText(type.name, value, context);
  }
}

/** Values that are made of others: each part has its own face. */
function nestedFace(name: TypeName, options: FaceOptions): Face {
  return (value, context) => {
    if (!isNested(value) || (value.kind !== 'array' && value.kind !== 'record')) return outputText(name, value, context);
    return value.kind === 'array' ? arrayFace(value, options, context) : recordFace(name, value, options, context);
  };
}

function arrayFace({ element, lengths, items }: ArrayValue, options: FaceOptions, context: ValueContext): unknown[] {
  const face = faceOf(sqlType(element as TypeName), options);
  let faced: unknown[] = items.map((item) => (item === null || face === null ? item : face(item, context)));
  for (let at = lengths.length - 1; at > 0; at--) {
    const rows: unknown[] = [];
    for (let from = 0; from < faced.length; from += lengths[at]) rows.push(faced.slice(from, from + lengths[at]));
    faced = rows;
  }
  return faced;
}

function recordFace(name: TypeName, { types, fields, names }: RecordValue, options: FaceOptions, context: ValueContext): unknown {
  const attributes = attributesOf(name, context);
  const entries = fields.map((field, index) => {
    const face = faceOf(sqlType(types[index] as TypeName), options);
    return [
      attributes?.[index]?.name ?? names?.[index] ?? `f${index + 1}`,
      field === null || face === null ? field : face(field, context),
    ];
  });
  return Object.fromEntries(entries);
}

/** Faces of the columns that have one. */
export interface RowFaces {
  readonly names: readonly string[];
  readonly places: readonly number[];
  readonly faces: readonly Face[];
}

/** Null: no column has one, rows are right as they are. */
export function rowFaces(
  columns: readonly { readonly name: string; readonly type: SqlType }[],
  options: FaceOptions,
  isObject: boolean,
): RowFaces | null {
  const names: string[] = [];
  const places: number[] = [];
  const faces: Face[] = [];
  columns.forEach(({ name, type }, place) => {
    const face = faceOf(type, options);
    // Of columns with one name an object keeps the last.
    if (face === null || (isObject && columns.findLastIndex((column) => column.name === name) !== place)) return;
    names.push(name);
    places.push(place);
    faces.push(face);
  });
  return faces.length === 0 ? null : { names, places, faces };
}

/** Gives the rows from `from` on their faces, in place. */
export function faceRows(rows: unknown[], from: number, faces: RowFaces, isObject: boolean, context: ValueContext): void {
  for (let at = from; at < rows.length; at++) faceRow(rows[at], faces, isObject, context);
}

export function faceRow(given: unknown, faces: RowFaces, isObject: boolean, context: ValueContext): void {
  const row = given as { [key: string | number]: unknown };
  for (let index = 0; index < faces.faces.length; index++) {
    const key = isObject ? faces.names[index] : faces.places[index];
    const value = row[key];
    if (value !== null) row[key] = faces.faces[index](value as RowValue, context);
  }
}
