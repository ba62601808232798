/** Casts, forms of output and input, modifiers (engine/sblr/primitives-casts.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { type ArrayValue, isNested, type RangeValue, type RecordValue } from '../storage/rows/nested-value.ts';
import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import { bytesText, parseBytes } from './bytes.ts';
import { isInfinite, type Instant, joinInstant, splitInstant, timeOfDay } from './calendar.ts';
import { trimBlanks } from './compare.ts';
import type { ValueContext } from './context.ts';
import { decimalOf, fitDecimal, formatDecimal, parseDecimalText } from './decimal.ts';
import { badSyntax, outOfRange } from './errors.ts';
import { float4Text, float8Text, floatToInteger, nearestFloat4, parseFloat4, parseFloat8, toFloat4 } from './floats.ts';
import type { Implementation } from './functions.ts';
import { decimalToInteger } from './functions-numbers.ts';
import { parseUuid } from './functions-text.ts';
import { int2Of, int4Of, int8Of, type Int8, type IntegerType, parseInteger } from './integers.ts';
import { infinityOf, roundInterval } from './interval.ts';
import { fitFields, parseFields } from './interval-fields.ts';
import { parseInterval } from './interval-parse.ts';
import { ENCODED_INPUT, ENCODED_OUTPUT } from './encoded-types.ts';
import { parseJsonPath } from './json-path-parse.ts';
import { writeJsonPath } from './json-path-tree.ts';
import { type JsonKind, jsonbOf, parseJson, quoteJson } from './json.ts';
import { attributesOf, type Forms, madeJson, madeText, madeValue } from './nested-text.ts';
import { makeMultirange } from './ranges.ts';
import { fitChar, fitVarchar, toName } from './text.ts';
import { parseDate, parseTime, parseTimestamp, parseTimestamptz } from './time-parse.ts';
import { dateText, intervalText, timestampText, timestamptzText, timeText } from './time-text.ts';
import { fromLocal, toLocal, zoneOf } from './time-zone.ts';
import { userType } from './user-types.ts';

const table: { [primitive: string]: Implementation } = Object.create(null);

const SHOWN: { readonly [type: string]: string } = {
  varbit: 'bit varying',
  timetz: 'time with time zone',
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  varchar: 'character varying',
  char: 'character',
  time: 'time without time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
};

const same = (value: RowValue): RowValue => value;

/** Value to text as clients are shown it, by type. */
const OUTPUT: { readonly [type: string]: Implementation } = {
  bool: (value: boolean) => (value ? 't' : 'f'),
  int2: String,
  int4: String,
  int8: String,
  oid: String,
  float4: float4Text,
  float8: float8Text,
  numeric: same,
  text: same,
  varchar: same,
  char: same,
  name: same,
  jsonpath: same,
  ...ENCODED_OUTPUT,
  bytea: bytesText,
  date: dateText,
  time: timeText,
  timestamp: timestampText,
  timestamptz: (value: Instant, context: ValueContext) => timestamptzText(value, zoneOf(context.timeZone)),
  interval: intervalText,
  uuid: same,
  json: same,
  jsonb: same,
  char1: same,
  pg_node_tree: same,
  void: same,
};

/** Text of a value of that type, as a client is shown it: the one function for all results that are text. */
export function outputText(type: string, value: RowValue, context: ValueContext): string {
  const output = OUTPUT[type];
  return output === undefined ? madeText(type, value, context, FORMS) : (output(value, context) as string);
}

const BLANKS_AROUND = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

function parseBoolean(text: string): boolean {
  const word = text.replace(BLANKS_AROUND, '').toLowerCase();
  if (word === '1' || word === 'on') return true;
  if (word === '0') return false;
  if (word !== '') {
    if ('true'.startsWith(word) || 'yes'.startsWith(word)) return true;
    if ('false'.startsWith(word) || 'no'.startsWith(word)) return false;
    if ('off'.startsWith(word) && word.length > 1) return false;
  }
  throw badSyntax('boolean', text);
}

function parseOid(text: string): number {
  const match = /^\s*([+-]?\d+)\s*$/.exec(text);
  if (match === null) throw badSyntax('oid', text);
  const value = Number(match[1]);
  if (value > 4294967295 || value < -2147483648) {
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `value "${text}" is out of range for type oid`);
  }
  return value < 0 ? value + 4294967296 : value;
}

const OCTAL = /^\\([0-3][0-7]{2})$/;
/** The first byte of a text, '\\ooo' for one beyond ASCII. */
function oneByte(text: string): string {
  const octal = OCTAL.exec(text);
  if (octal !== null) return byteText(Number.parseInt(octal[1], 8));
  return text === '' ? '' : byteText(Buffer.from(text.slice(0, 2))[0]);
}
const byteText = (byte: number): string =>
  byte === 0 ? '' : byte < 128 ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
const byteOf = (text: string): number => {
  const octal = OCTAL.exec(text);
  const byte = octal === null ? (text === '' ? 0 : text.charCodeAt(0)) : Number.parseInt(octal[1], 8);
  return byte > 127 ? byte - 256 : byte;
};

function checkJson(text: string): string {
  parseJson(text, false);
  return text;
}

/** Text to value, by type. */
const INPUT: { readonly [type: string]: Implementation } = {
  bool: parseBoolean,
  int2: (text: string) => parseInteger(text, 'int2'),
  int4: (text: string) => parseInteger(text, 'int4'),
  int8: (text: string) => parseInteger(text, 'int8'),
  oid: parseOid,
  float4: parseFloat4,
  float8: parseFloat8,
  numeric: (text: string) => formatDecimal(parseDecimalText(text)),
  text: same,
  varchar: same,
  char: same,
  name: toName,
  bytea: parseBytes,
  date: parseDate,
  time: parseTime,
  timestamp: parseTimestamp,
  timestamptz: parseTimestamptz,
  interval: (text: string) => parseInterval(text),
  uuid: parseUuid,
  json: checkJson,
  jsonb: jsonbOf,
  ...ENCODED_INPUT,
  jsonpath: (text: string) => writeJsonPath(parseJsonPath(text)),
  char1: oneByte,
  pg_node_tree: () => {
    throw new SqlError(SQLSTATE.feature_not_supported, 'cannot accept a value of type pg_node_tree');
  },
};

/** The value of that type that a text means: the input function. */
export function inputValue(type: string, text: string, context: ValueContext): RowValue {
  const input = INPUT[type];
  return input === undefined ? madeValue(type, text, context, FORMS) : input(text, context);
}

/** A value as the modifiers of its type want it, without an explicit cast: cut to length where only blanks go, else 22001. */
function fit(type: string, value: RowValue, length: number, scale: number): RowValue {
  if (length < 0 || value === null) return value;
  if (isArrayValue(value)) return { ...value, items: value.items.map((item) => fit(value.element, item, length, scale)) };
  const modify = table[`${type}.to.${type}`];
  if (type === 'numeric') return modify(value, length, Math.max(scale, 0));
  return type === 'varchar' || type === 'char' ? modify(value, length, false) : modify(value, length);
}
const isArrayValue = (value: RowValue): value is ArrayValue => isNested(value) && value.kind === 'array';

const FORMS: Forms = { output: outputText, input: inputValue, json: jsonText, fit };

/** Functions that make JSON, by type. */
const asJsonOf: { [type: string]: Implementation } = Object.create(null);

/** A value as JSON. */
export function jsonText(type: string, value: RowValue, context: ValueContext): string {
  const made = madeJson(type, value, context, FORMS);
  if (made !== null) return made;
  const json = asJsonOf[type];
  return json === undefined ? quoteJson(outputText(type, value, context)) : (json(value, context) as string);
}

/** Value to JSON: numbers bare (but not NaN and infinities), true and false, JSON as it is, times in ISO 8601 with T, others quoted. */
function asJson(type: string): Implementation {
  const output = OUTPUT[type];
  if (type === 'bool') return (value: boolean) => (value ? 'true' : 'false');
  if (type === 'json' || type === 'jsonb') return same;
  if (['int2', 'int4', 'int8', 'numeric', 'float4', 'float8'].includes(type)) {
    return (value: RowValue) => {
      const text = output(value) as string;
      return /^-?\d/.test(text) ? text : `"${text}"`;
    };
  }
  if (type === 'date') return (value: number) => quoteJson(dateText(value));
  if (type === 'timestamp') return (value: Instant) => quoteJson(timestampText(value).replace(' ', 'T'));
  if (type === 'timestamptz') {
    return (value: Instant, context: ValueContext) => {
      // JSON's readers want minutes in the offset.
      const text = timestamptzText(value, zoneOf(context.timeZone)).replace(' ', 'T');
      return quoteJson(text.replace(/([+-]\d\d)( BC)?$/, '$1:00$2'));
    };
  }
  return (value: RowValue, context: ValueContext) => quoteJson(output(value, context) as string);
}

for (const type of Object.keys(OUTPUT)) {
  // Nothing is cast to it or from it.
  if (type === 'void') continue;
  table[`${type}.output`] = OUTPUT[type];
  table[`${type}.to.text`] = OUTPUT[type];
  table[`text.to.${type}`] = INPUT[type];
  const json = asJson(type);
  table[`${type}.asJson`] = json;
  asJsonOf[type] = json;
  table[`${type}.asJsonb`] =
    type === 'jsonb' ? same : (value: RowValue, context: ValueContext) => jsonbOf(json(value, context) as string);
  table[`${type}.typeof`] = () => SHOWN[type] ?? type;
}

// ---- types that are made of others: what type it is comes behind the value ----

table['any.output'] = (value: RowValue, type: string, context: ValueContext) => outputText(type, value, context);
table['any.to.text'] = table['any.output'];
table['text.to.any'] = (text: string, type: string, context: ValueContext) => inputValue(type, text, context);
table['any.asJson'] = (value: RowValue, type: string, context: ValueContext) => jsonText(type, value, context);
table['any.asJsonb'] = (value: RowValue, type: string, context: ValueContext) => jsonbOf(jsonText(type, value, context));
table['any.typeof'] = (_: RowValue, type: string, context: ValueContext) => shownName(type, context);

/** As format_type() has it. */
function shownName(type: string, context: ValueContext): string {
  if (type.endsWith('[]')) return `${shownName(type.slice(0, -2), context)}[]`;
  const colon = type.indexOf(':');
  if (colon < 0) return type === 'char1' ? '"char"' : (SHOWN[type] ?? type);
  const id = Number(type.slice(colon + 1));
  return context.types?.objectName('regtype', id) ?? userType(id)?.name ?? String(id);
}

/** Each element by the primitive of that name; none: as it is. */
table['array.convert'] = (array: ArrayValue, element: string, primitive: string, ...given: unknown[]) => {
  // Primitives that take no context do not look at it.
  const convert = table[primitive];
  if (convert === undefined) return { ...array, element };
  return { ...array, element, items: array.items.map((item) => (item === null ? null : convert(item, ...given))) };
};
/** The modifiers of an array's elements. */
table['array.modify'] = (array: ArrayValue, element: string, length: number, scale: number, explicit: boolean) => {
  const modify = table[`${element}.to.${element}`];
  const more = element === 'numeric' ? [scale] : element === 'varchar' || element === 'char' ? [explicit] : [];
  return { ...array, items: array.items.map((item) => (item === null ? null : modify(item, length, ...more))) };
};

/** Field by field; of a row without a type what differs goes through its text. 42846 */
table['record.convert'] = (record: RecordValue, type: string, context: ValueContext) => {
  const attributes = attributesOf(type, context);
  if (attributes === null) return record;
  if (attributes.length !== record.fields.length) {
    const detail = `Input has too ${record.fields.length < attributes.length ? 'few' : 'many'} columns.`;
    throw new SqlError(SQLSTATE.cannot_coerce, `cannot cast type record to ${shownName(type, context)}`, { detail });
  }
  const fields = record.fields.map((field, index) => {
    const { type: wanted, length, scale } = attributes[index];
    const given = record.types[index];
    if (field === null) return null;
    const value = given === wanted ? field : inputValue(wanted, outputText(given, field, context), context);
    return fit(wanted, value, length, scale);
  });
  return { kind: 'record', types: attributes.map((attribute) => attribute.type), fields };
};
table['range.to.multirange'] = (range: RangeValue) => makeMultirange(range.element, [range]);

table['unknown.typeof'] = () => 'unknown';
table['text.to.text'] = same;
table['char.to.text'] = trimBlanks;
table['char.output'] = same;
table['char.to.name'] = (value: string) => toName(trimBlanks(value));
table['bool.to.text'] = (value: boolean) => (value ? 'true' : 'false');

// ---- numbers ----

const NAMES = { int2: 'smallint', int4: 'integer', int8: 'bigint' } as const;
const LIMITS = { int2: 32768, int4: 2147483648 } as const;

function floatToInt8(value: number): Int8 {
  const rounded = floatToInteger(value, -(2 ** 63), 2 ** 63, 'bigint');
  if (rounded === 2 ** 63) throw outOfRange('bigint');
  return Number.isSafeInteger(rounded) ? rounded : int8Of(BigInt(rounded));
}

/** Six significant digits of a float4, fifteen of a float8: what they hold for sure. */
function floatToNumeric(digits: number): Implementation {
  return (value: number) => {
    if (!Number.isFinite(value)) return String(value);
    const decimal = parseDecimalText(value.toPrecision(digits).replace(/(\.\d*?)0+(?=e|$)/, '$1'));
    return formatDecimal(decimal);
  };
}

function numericToFloat4(text: string): number {
  const value = nearestFloat4(text);
  if (!Number.isFinite(value) && /\d/.test(text)) {
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `"${text}" is out of range for type real`);
  }
  return value;
}
function numericToFloat8(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) && /\d/.test(text)) {
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `"${text}" is out of range for type double precision`);
  }
  return value;
}

for (const from of ['int2', 'int4', 'int8'] as const) {
  for (const to of ['int2', 'int4', 'int8'] as const) if (from !== to) table[`${from}.to.${to}`] = same;
  table[`${from}.to.float4`] = (value: Int8) => (typeof value === 'number' ? Math.fround(value) : nearestFloat4(String(value)));
  table[`${from}.to.float8`] = Number;
  table[`${from}.to.numeric`] = String;
}
const orNull = (limit: number) => (value: Int8) => (value >= -limit && value < limit ? Number(value) : null);
table['int4.as.int2'] = orNull(LIMITS.int2);
table['int8.as.int2'] = orNull(LIMITS.int2);
table['int8.as.int4'] = orNull(LIMITS.int4);
table['int4.to.int2'] = int2Of;
table['int8.to.int2'] = (value: Int8) => int2Of(Number(value));
table['int8.to.int4'] = (value: Int8) => int4Of(Number(value));
for (const from of ['float4', 'float8']) {
  for (const to of ['int2', 'int4'] as const) {
    table[`${from}.to.${to}`] = (value: number) => floatToInteger(value, -LIMITS[to], LIMITS[to] - 1, NAMES[to]);
  }
  table[`${from}.to.int8`] = floatToInt8;
}
Object.assign(table, {
  'float4.to.float8': same,
  'float8.to.float4': toFloat4,
  'float4.to.numeric': floatToNumeric(6),
  'float8.to.numeric': floatToNumeric(15),
  'numeric.to.int2': (value: string) => decimalToInteger(value, 'smallint'),
  'numeric.to.int4': (value: string) => decimalToInteger(value, 'integer'),
  'numeric.to.int8': (value: string) => decimalToInteger(value, 'bigint'),
  'numeric.to.float4': numericToFloat4,
  'numeric.to.float8': numericToFloat8,
  'char1.to.int4': byteOf,
  'int4.to.char1': (value: number) => {
    if (value < -128 || value > 127) throw outOfRange('"char"');
    return byteText(value & 255);
  },
  'bool.to.int4': (value: boolean) => (value ? 1 : 0),
  'int4.to.bool': (value: number) => value !== 0,
  'int2.to.oid': (value: number) => value >>> 0,
  'int4.to.oid': (value: number) => value >>> 0,
  'int8.to.oid': (value: Int8) => {
    if (value < 0 || value > 4294967295) throw outOfRange('OID');
    return Number(value);
  },
  'oid.to.int4': (value: number) => value | 0,
  'oid.to.int8': same,
});

// ---- bytes ----

const toBytes =
  (size: number) =>
  (value: Int8): Uint8Array => {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value));
    return bytes.slice(8 - size);
  };
const fromBytes =
  (size: number, type: IntegerType) =>
  (value: Uint8Array): Int8 => {
    if (value.length > size) throw outOfRange(NAMES[type]);
    let number = 0n;
    for (const byte of value) number = (number << 8n) | BigInt(byte);
    return int8Of(value.length === size ? BigInt.asIntN(size * 8, number) : number);
  };

// ---- JSON ----

const KINDS: { readonly [kind in JsonKind]: string } = {
  null: 'null',
  boolean: 'boolean',
  number: 'numeric',
  string: 'string',
  array: 'array',
  object: 'object',
};
/** A bare scalar of jsonb as a number or a boolean; null is NULL. */
const fromJsonb =
  (wanted: JsonKind, type: string, of: (text: string) => RowValue) =>
  (text: string): RowValue => {
    const node = parseJson(text);
    if (node.kind === 'null') return null;
    if (node.kind !== wanted) {
      const what = node.kind === 'array' || node.kind === 'object' ? `${node.kind}` : KINDS[node.kind];
      throw new SqlError(SQLSTATE.invalid_parameter_value, `cannot cast jsonb ${what} to type ${SHOWN[type] ?? type}`);
    }
    return of(node.value);
  };
for (const type of ['int2', 'int4', 'int8', 'float4', 'float8']) {
  table[`jsonb.to.${type}`] = fromJsonb('number', type, (text) => table[`numeric.to.${type}`](text));
}

Object.assign(table, {
  'int2.to.bytea': toBytes(2),
  'int4.to.bytea': toBytes(4),
  'int8.to.bytea': toBytes(8),
  'bytea.to.int2': fromBytes(2, 'int2'),
  'bytea.to.int4': fromBytes(4, 'int4'),
  'bytea.to.int8': fromBytes(8, 'int8'),
  'jsonb.to.numeric': fromJsonb('number', 'numeric', (text) => text),
  'jsonb.to.bool': fromJsonb('boolean', 'bool', (text) => text === 'true'),
  'jsonb.to.json': same,
  'json.to.jsonb': jsonbOf,
});

// ---- dates and times ----

function dateToTimestamp(days: number): Instant {
  if (isInfinite(days)) return days;
  if (days >= 106762940) throw new SqlError(SQLSTATE.datetime_field_overflow, 'date out of range for timestamp');
  return joinInstant(days, 0);
}

/** Behind every timestamp, before infinity; before every one, behind -infinity. */
const BEYOND_TIMESTAMPS = 9_224_318_016_000_000_000n;
const BELOW_TIMESTAMPS = -210_866_803_200_000_001n;

/** Where a date stands among timestamps, also one that is none: for comparisons, which PostgreSQL makes without a cast. */
const dateBesideTimestamps = (days: number): Instant =>
  !isInfinite(days) && days >= 106762940 ? BEYOND_TIMESTAMPS : dateToTimestamp(days);

function dateBesideInstants(days: number, context: ValueContext): Instant {
  const local = dateBesideTimestamps(days);
  if (local === BEYOND_TIMESTAMPS) return local;
  try {
    return fromLocal(zoneOf(context.timeZone), local);
  } catch (error) {
    if (!(error instanceof SqlError) || error.code !== SQLSTATE.datetime_field_overflow) throw error;
    return days > 0 ? BEYOND_TIMESTAMPS : BELOW_TIMESTAMPS;
  }
}

const timestampToDate = (value: Instant): number => (isInfinite(value) ? Number(value) : splitInstant(value));
function timestampToTime(value: Instant): number | null {
  if (isInfinite(value)) return null;
  splitInstant(value);
  return timeOfDay;
}

/** Half units away from zero, as integers are rounded. */
function roundMicroseconds(value: number, digits: number): number {
  if (digits < 0 || digits >= 6) return value;
  const unit = 10 ** (6 - digits);
  return Math.floor((value + unit / 2) / unit) * unit;
}
function roundInstant(value: Instant, digits: number): Instant {
  if (digits < 0 || digits >= 6 || isInfinite(value)) return value;
  const days = splitInstant(value);
  // Before 2000 halves go down, for PostgreSQL counts from there.
  const rest = timeOfDay;
  const unit = 10 ** (6 - digits);
  const rounded = days < 10957 ? Math.ceil((rest - unit / 2) / unit) * unit : roundMicroseconds(rest, digits);
  return joinInstant(days, rounded);
}

function intervalToTime(value: IntervalValue): number {
  if (infinityOf(value) !== 0) throw new SqlError(SQLSTATE.datetime_field_overflow, 'cannot convert infinite interval to time');
  const rest = Number(BigInt(value.microseconds) % 86400000000n);
  return rest < 0 ? rest + 86400000000 : rest;
}

Object.assign(table, {
  'date.to.timestamp': dateToTimestamp,
  'date.to.timestamptz': (days: number, context: ValueContext) => fromLocal(zoneOf(context.timeZone), dateToTimestamp(days)),
  'date.beside.timestamp': dateBesideTimestamps,
  'date.beside.timestamptz': dateBesideInstants,
  'timestamp.to.date': timestampToDate,
  'timestamp.to.time': timestampToTime,
  'timestamp.to.timestamptz': (value: Instant, context: ValueContext) => fromLocal(zoneOf(context.timeZone), value),
  'timestamptz.to.timestamp': (value: Instant, context: ValueContext) => toLocal(zoneOf(context.timeZone), value),
  'timestamptz.to.date': (value: Instant, context: ValueContext) => timestampToDate(toLocal(zoneOf(context.timeZone), value)),
  'timestamptz.to.time': (value: Instant, context: ValueContext) => timestampToTime(toLocal(zoneOf(context.timeZone), value)),
  'interval.to.time': intervalToTime,
  'time.to.interval': (value: number) => ({ months: 0, days: 0, microseconds: value }),
  'numeric.to.numeric': (value: string, precision: number, scale: number) =>
    formatDecimal(fitDecimal(decimalOf(value), precision, scale)),
  'varchar.to.varchar': fitVarchar,
  'char.to.char': fitChar,
  'time.to.time': roundMicroseconds,
  'timestamp.to.timestamp': roundInstant,
  'timestamptz.to.timestamptz': roundInstant,
  'interval.to.interval': roundInterval,
  'text.to.interval.fields': parseFields,
  'interval.to.interval.fields': fitFields,
});

export const castFunctions: { readonly [primitive: string]: Implementation } = table;
