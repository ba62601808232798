/**
 * From what a program gives to what generated code reads: JavaScript values become parameters of a statement's types.
 *
 *   SQL type             takes
 *   boolean              boolean; 'true', 'f' ... as text
 *   integers             number without a fraction, bigint, text
 *   real, double         number, bigint, text
 *   numeric              number (its shortest decimal form), bigint, text
 *   text, varchar, char  string; numbers, booleans and Dates in their text form
 *   bytea                Uint8Array (a Buffer is one), ArrayBuffer; text in hex or escape form
 *   date, timestamps     Date (its UTC time), Temporal.PlainDate, PlainDateTime, Instant, ZonedDateTime; text
 *   time                 Temporal.PlainTime; text
 *   interval             Temporal.Duration, { months, days, microseconds }; text
 *   uuid                 text, 16 bytes
 *   json, jsonb          text is JSON as it stands; every other value is written as JSON
 *   arrays               arrays, of more dimensions arrays of arrays; typed arrays; text
 *   rows                 objects by the names of attributes, arrays by their order; text
 *   enum, ranges         text
 *   null and undefined are NULL.
 *
 * Hot: an integer, a double and a string go through without an allocation.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Parameters } from '../plan/program.ts';
import { elementOf, isEnumType, isObjectNumber, isRowType, type SqlType, type TypeName } from '../sblr/types.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import type { ValueContext } from '../values/context.ts';
import { inputValue } from '../values/functions-casts.ts';
import { nestedWriter } from './nested-parameters.ts';

/** Parameters for so many slots: all NULL. */
export function createParameters(count: number): Parameters {
  return {
    nulls: new Uint8Array(count).fill(1),
    numbers: new Float64Array(count),
    values: new Array<RowValue | undefined>(count).fill(null),
  };
}

/** Writes one value of a program. 22P02, 22003, 22007 and the like, naming the parameter. */
export type ParameterWriter = (to: Parameters, index: number, value: unknown, context: ValueContext) => void;

function putNull(to: Parameters, index: number): void {
  to.nulls[index] = 1;
  to.numbers[index] = 0;
  to.values[index] = null;
}

function putNumber(to: Parameters, index: number, value: number): void {
  to.nulls[index] = 0;
  to.numbers[index] = value;
  to.values[index] = undefined;
}

function putValue(to: Parameters, index: number, value: RowValue): void {
  to.nulls[index] = 0;
  to.values[index] = value;
}

const NUMBER_TYPES: ReadonlySet<TypeName> = new Set<TypeName>([
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'oid',
]);

const isNumberType = (name: TypeName): boolean => NUMBER_TYPES.has(name) || isEnumType(name) || isObjectNumber(name);

/** Writes a value that is already in the engine's form (RowValue). */
export function putRowValue(to: Parameters, index: number, type: SqlType, value: RowValue): void {
  if (value === null) putNull(to, index);
  else if (typeof value === 'boolean' && type.name === 'bool') putNumber(to, index, value ? 1 : 0);
  else if (typeof value === 'number' && isNumberType(type.name)) putNumber(to, index, value);
  else putValue(to, index, value);
}

const LIMITS: { readonly [type in TypeName]?: readonly [number, number] } = {
  int2: [-32768, 32767],
  int4: [-2147483648, 2147483647],
  oid: [0, 4294967295],
};

const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

const shownType: { readonly [type in TypeName]?: string } = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  varchar: 'character varying',
  char: 'character',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
  time: 'time without time zone',
};

function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value;
  const made = value.constructor;
  return typeof made === 'function' && made.name !== '' ? made.name : 'object';
}

/** What a program's own code threw while its value was read: a getter, toJSON, a proxy, a depth that JSON cannot write. 22023 */
export function unreadable(what: string, error: unknown): SqlError {
  if (error instanceof SqlError) return error;
  const why = error instanceof Error ? error.message : typeof error;
  return new SqlError(SQLSTATE.invalid_parameter_value, `${what} cannot be read: ${why}`, { cause: error });
}

function wrong(index: number, type: SqlType, value: unknown): SqlError {
  const shown = kindOf(value);
  return new SqlError(
    SQLSTATE.invalid_text_representation,
    `parameter $${index + 1} is of type ${shownType[type.name] ?? type.name} and cannot be ${/^[aeiou]/i.test(shown) ? 'an' : 'a'} ${shown}`,
  );
}

const outOfRange = (index: number, type: SqlType, value: unknown): SqlError =>
  new SqlError(
    SQLSTATE.numeric_value_out_of_range,
    `parameter $${index + 1}: value ${String(value).slice(0, 60)} is out of range for type ${shownType[type.name] ?? type.name}`,
  );

/** Text goes through the type's input function. */
function putText(to: Parameters, index: number, type: SqlType, text: string, context: ValueContext): void {
  if (!text.isWellFormed()) throw notUnicode(index);
  putRowValue(to, index, type, inputValue(type.name, text, context));
}

function integerWriter(type: SqlType): ParameterWriter {
  const [least, greatest] = LIMITS[type.name] ?? [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
  return (to, index, value, context) => {
    if (typeof value === 'number') {
      if (value >= least && value <= greatest && Math.floor(value) === value) {
        to.nulls[index] = 0;
        to.numbers[index] = value;
        to.values[index] = undefined;
        return;
      }
      if (!Number.isFinite(value) || Math.floor(value) !== value) {
        throw new SqlError(
          SQLSTATE.invalid_text_representation,
          `parameter $${index + 1}: invalid input syntax for type ${shownType[type.name] ?? type.name}: "${value}"`,
        );
      }
      // Past 2^53 a double is still a certain integer.
      if (type.name !== 'int8' || Math.abs(value) > 2 ** 63) throw outOfRange(index, type, value);
      putBig(to, index, type, BigInt(value));
    } else if (typeof value === 'bigint') putBig(to, index, type, value);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (value === null || value === undefined) putNull(to, index);
    else throw wrong(index, type, value);
  };
}

function putBig(to: Parameters, index: number, type: SqlType, value: bigint): void {
  const small = Number(value);
  const [least, greatest] = LIMITS[type.name] ?? [INT8_MIN, INT8_MAX];
  if (value < BigInt(least) || value > BigInt(greatest)) throw outOfRange(index, type, value);
  if (Number.isSafeInteger(small)) putNumber(to, index, small);
  else putValue(to, index, value);
}

function floatWriter(type: SqlType): ParameterWriter {
  const narrow = type.name === 'float4';
  return (to, index, value, context) => {
    if (typeof value === 'number') {
      const kept = narrow ? Math.fround(value) : value;
      if (narrow && !Number.isFinite(kept) && Number.isFinite(value)) throw outOfRange(index, type, value);
      to.nulls[index] = 0;
      to.numbers[index] = kept;
      to.values[index] = undefined;
    } else if (typeof value === 'bigint') putNumber(to, index, narrow ? Math.fround(Number(value)) : Number(value));
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (value === null || value === undefined) putNull(to, index);
    else throw wrong(index, type, value);
  };
}

const numericWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'number' || typeof value === 'bigint') putText(to, index, type, String(value), context);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else throw wrong(index, type, value);
  };

const textWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value) => {
    if (typeof value === 'string') {
      to.nulls[index] = 0;
      to.values[index] = value;
      if (value.includes('\0')) throw nulByte(index);
      if (!value.isWellFormed()) throw notUnicode(index);
    } else if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
      putValue(to, index, String(value));
    else if (value instanceof Date) {
      if (Number.isNaN(value.getTime())) throw invalidDate(index);
      putValue(to, index, value.toISOString());
    } else if (isTemporal(value)) putValue(to, index, String(value));
    else throw wrong(index, type, value);
  };

const nulByte = (index: number): SqlError =>
  new SqlError(SQLSTATE.character_not_in_repertoire, `parameter $${index + 1}: text cannot hold the character with code zero`);

const notUnicode = (index: number): SqlError =>
  new SqlError(SQLSTATE.character_not_in_repertoire, `parameter $${index + 1}: text with half a surrogate pair is not Unicode`);

const invalidDate = (index: number): SqlError =>
  new SqlError(SQLSTATE.invalid_datetime_format, `parameter $${index + 1} is an invalid Date`);

const booleanWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (typeof value === 'boolean') putNumber(to, index, value ? 1 : 0);
    else if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (value === 0 || value === 1) putNumber(to, index, value);
    else throw wrong(index, type, value);
  };

const bytesWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (ArrayBuffer.isView(value)) putValue(to, index, bytesOf(value, index));
    else if (value instanceof ArrayBuffer) putValue(to, index, new Uint8Array(value));
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else throw wrong(index, type, value);
  };

/** The bytes of a view, whatever properties a program has given it. 22023 when its memory is gone. */
function bytesOf(view: ArrayBufferView, index: number): Uint8Array {
  const { buffer, byteOffset, byteLength } = view;
  // A view that has fallen out of a buffer which shrank says that it is empty.
  if (buffer instanceof ArrayBuffer && (buffer.detached || (byteLength === 0 && buffer.resizable)))
    throw new SqlError(SQLSTATE.invalid_parameter_value, `parameter $${index + 1}: the memory of these bytes is gone`);
  return view instanceof Uint8Array && !Object.hasOwn(view, 'length') ? view : new Uint8Array(buffer, byteOffset, byteLength);
}

/** Temporal objects tell what they are by their tag; their text is ISO 8601, which the input functions read. */
const isTemporal = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  String((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]).startsWith('Temporal.');

/** Zone names in brackets are Temporal's own: the offset before them says it. */
const temporalText = (value: unknown): string => String(value).replace(/\[.*$/, '');

const MICROSECONDS = 1000;
const DAY_MILLISECONDS = 86_400_000;

function timeWriter(type: SqlType): ParameterWriter {
  return (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (value instanceof Date) putDate(to, index, type, value, context);
    else if (isTemporal(value)) putText(to, index, type, temporalText(value), context);
    else if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) putNumber(to, index, value);
    else throw wrong(index, type, value);
  };
}

function putDate(to: Parameters, index: number, type: SqlType, value: Date, context: ValueContext): void {
  const time = value.getTime();
  if (Number.isNaN(time)) throw invalidDate(index);
  if (type.name === 'date') putNumber(to, index, Math.floor(time / DAY_MILLISECONDS));
  else if (type.name === 'time')
    putNumber(to, index, (time - Math.floor(time / DAY_MILLISECONDS) * DAY_MILLISECONDS) * MICROSECONDS);
  else if (Number.isSafeInteger(time * MICROSECONDS)) putNumber(to, index, time * MICROSECONDS);
  else putText(to, index, type, value.toISOString().replace('+0', ''), context);
}

const intervalWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (isTemporal(value)) putText(to, index, type, String(value), context);
    else if (typeof value === 'object' && 'microseconds' in value && 'days' in value && 'months' in value)
      putValue(to, index, intervalOf(value as IntervalValue, index, type));
    else throw wrong(index, type, value);
  };

/** A copy: the program's object may change. */
function intervalOf({ months, days, microseconds }: IntervalValue, index: number, type: SqlType): IntervalValue {
  const isWhole = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value;
  const isLong =
    typeof microseconds === 'bigint' ? BigInt.asIntN(64, microseconds) === microseconds : Number.isSafeInteger(microseconds);
  if (!isWhole(months) || !isWhole(days) || !isLong)
    throw outOfRange(index, type, `${String(months)} months ${String(days)} days ${String(microseconds)} microseconds`);
  const isSafe = typeof microseconds === 'bigint' && Number.isSafeInteger(Number(microseconds));
  return { months: months + 0, days: days + 0, microseconds: isSafe ? Number(microseconds) : microseconds };
}

const uuidWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (value instanceof Uint8Array && value.length === 16)
      putText(to, index, type, Buffer.from(value).toString('hex'), context);
    else throw wrong(index, type, value);
  };

const jsonWriter =
  (type: SqlType): ParameterWriter =>
  (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else {
      const text = typeof value === 'string' ? value : (JSON.stringify(value, bigAsNumber) as string | undefined);
      if (text === undefined) throw wrong(index, type, value);
      putText(to, index, type, text, context);
    }
  };

/** JSON numbers have any number of digits; JSON.stringify refuses bigint. */
const bigAsNumber = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value)) : value;

/** The writer of a type. */
export function parameterWriter(type: SqlType): ParameterWriter {
  switch (type.name) {
    case 'bool':
      return booleanWriter(type);
    case 'int2':
    case 'int4':
    case 'int8':
    case 'oid':
      return integerWriter(type);
    case 'float4':
    case 'float8':
      return floatWriter(type);
    case 'numeric':
      return numericWriter(type);
    case 'bytea':
      return bytesWriter(type);
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return timeWriter(type);
    case 'interval':
      return intervalWriter(type);
    case 'uuid':
      return uuidWriter(type);
    case 'json':
    case 'jsonb':
      return jsonWriter(type);
    default:
      return otherWriter(type);
  }
}

function otherWriter(type: SqlType): ParameterWriter {
  const { name } = type;
  if (elementOf(name) !== null || isRowType(name)) return nestedWriter(type, parameterWriter, putText);
  const isText = name === 'text' || name === 'varchar' || name === 'char' || name === 'name';
  if (isText) return textWriter(type);
  // By the input function: enums, ranges, names of objects.
  return (to, index, value, context) => {
    if (value === null || value === undefined) putNull(to, index);
    else if (typeof value === 'string') putText(to, index, type, value, context);
    else if (typeof value === 'number' && isObjectNumber(name)) putText(to, index, type, String(value), context);
    else throw wrong(index, type, value);
  };
}
