/** Types of the engine as MySQL's clients know them: numbers, lengths, flags and digits of column definitions; and of parameters. */

import type { SqlType, TypeName } from '../../engine/sblr/types.ts';
import type { ValueForm } from '../../plugins/contract/row-format.ts';
import { BINARY_COLLATION, TEXT_COLLATION } from './wire/words.ts';

const TYPE = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  null: 6,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  time: 11,
  datetime: 12,
  year: 13,
  varchar: 15,
  json: 245,
  newdecimal: 246,
  tinyBlob: 249,
  mediumBlob: 250,
  longBlob: 251,
  blob: 252,
  varString: 253,
  string: 254,
} as const;

const FLAG = { notNull: 1, blob: 16, binary: 128, numeric: 32768 } as const;

/** Bytes that a character may take. */
const CHARACTER_BYTES = 4;
const TEXT_BYTES = 0xffffffff;
/** Digits behind the point are not fixed. */
const NOT_FIXED = 31;

export interface ColumnFace {
  readonly type: number;
  /** Characters or bytes that a value takes at most, as clients set up their columns by it. */
  readonly length: number;
  readonly flags: number;
  readonly decimals: number;
  readonly collation: number;
}

const number = (type: number, length: number, decimals = 0): Omit<ColumnFace, 'flags'> & { flags: number } => ({
  ...{ type, length, decimals, flags: FLAG.binary | FLAG.numeric, collation: BINARY_COLLATION },
});
const text = (type: number, length: number, flags = 0, collation = TEXT_COLLATION) => ({
  ...{ type, length, decimals: 0, flags, collation },
});
const time = (type: number, length: number, digits: number) => ({
  ...{ type, length: length + (digits > 0 ? digits + 1 : 0), decimals: digits, flags: FLAG.binary, collation: BINARY_COLLATION },
});

const secondDigits = (length: number): number => (length < 0 ? 6 : length);

function faceOf({ name, length, scale }: SqlType) {
  switch (name) {
    case 'bool':
      return number(TYPE.longlong, 1);
    case 'int2':
      return number(TYPE.short, 6);
    case 'int4':
      return number(TYPE.long, 11);
    case 'int8':
    case 'oid':
      return number(TYPE.longlong, 20);
    case 'float4':
      return number(TYPE.float, 12, NOT_FIXED);
    case 'float8':
      return number(TYPE.double, 22, NOT_FIXED);
    case 'numeric':
      return number(TYPE.newdecimal, (length < 0 ? 65 : length) + 2, Math.max(scale, 0));
    case 'date':
      return time(TYPE.date, 10, 0);
    case 'time':
      return time(TYPE.time, 10, secondDigits(length));
    case 'timestamp':
      return time(TYPE.datetime, 19, secondDigits(length));
    case 'timestamptz':
      return time(TYPE.timestamp, 19, secondDigits(length));
    case 'char':
      return text(TYPE.string, Math.max(length, 1) * CHARACTER_BYTES);
    case 'varchar':
      return text(TYPE.varString, length < 0 ? TEXT_BYTES : length * CHARACTER_BYTES);
    case 'bytea':
      return text(TYPE.blob, TEXT_BYTES, FLAG.blob | FLAG.binary, BINARY_COLLATION);
    case 'json':
    case 'jsonb':
      return text(TYPE.json, TEXT_BYTES, FLAG.blob | FLAG.binary);
    case 'unknown':
      return text(TYPE.null, 0, FLAG.binary, BINARY_COLLATION);
    default:
      return text(TYPE.varString, TEXT_BYTES);
  }
}

/** How a column is described. */
export function columnFace(type: SqlType): ColumnFace {
  const face = faceOf(type);
  return type.nullable ? face : { ...face, flags: face.flags | FLAG.notNull };
}

/** Digits of the second that its values show. */
export const shownDigits = ({ name, length }: SqlType): number =>
  name === 'time' || name === 'timestamp' || name === 'timestamptz' ? secondDigits(length) : -1;

export const formsOf = (types: readonly SqlType[], form: ValueForm): ValueForm[] => types.map(() => form);

// ---- parameters ----

/** The engine's type of a parameter by the number that the client gives; null: it says nothing. Undefined: there is none. */
export function parameterType(number: number): TypeName | null | undefined {
  switch (number) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.int24:
    case TYPE.long:
    case TYPE.longlong:
    case TYPE.year:
      return 'int8';
    case TYPE.float:
    case TYPE.double:
      return 'float8';
    case TYPE.newdecimal:
      return 'numeric';
    case TYPE.date:
      return 'date';
    case TYPE.time:
      return 'time';
    case TYPE.timestamp:
    case TYPE.datetime:
      return 'timestamp';
    case TYPE.varchar:
    case TYPE.varString:
    case TYPE.string:
    case TYPE.json:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.blob:
      return 'text';
    case TYPE.null:
      return null;
    default:
      return undefined;
  }
}

/** Bytes of a parameter that has a fixed number of them; 0: it says itself how many. */
export function parameterBytes(number: number): number {
  switch (number) {
    case TYPE.tiny:
      return 1;
    case TYPE.short:
    case TYPE.year:
      return 2;
    case TYPE.int24:
    case TYPE.long:
    case TYPE.float:
      return 4;
    case TYPE.longlong:
    case TYPE.double:
      return 8;
    default:
      return 0;
  }
}

export const isFloatType = (number: number): boolean => number === TYPE.float || number === TYPE.double;
export const isTimeType = (number: number): boolean =>
  number === TYPE.date || number === TYPE.time || number === TYPE.timestamp || number === TYPE.datetime;
export const isClockType = (number: number): boolean => number === TYPE.time;
