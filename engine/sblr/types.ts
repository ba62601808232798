/**
 * Types of SQL values as the binder derives them (SBLR-N6): a name, modifiers, and what is known besides.
 *
 * Values outside a row are RowValues (engine/storage/rows/row-value.ts):
 *   bool boolean; int2, int4, float4, float8 number; int8, time, timestamp(tz) number while safe, else bigint; +-Infinity for the
 *   infinities of date and timestamps; date days; numeric decimal text; text, varchar, char, json, jsonb, name string;
 *   bytea Uint8Array; uuid text of 36 characters; interval IntervalValue; NULL null
 */

/**
 * The engine's types. `unknown` only until resolution (SBLR-N7), `void` for functions without a result, `any` only in signatures and
 * primitives (semantics.ts).
 */
export const TYPE_NAMES = [
  'bool',
  'int2',
  'int4',
  'int8',
  'float4',
  'float8',
  'numeric',
  'text',
  'varchar',
  'char',
  'bytea',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'interval',
  'uuid',
  'json',
  'jsonb',
  'name',
  'oid',
  'unknown',
  'void',
  'any',
] as const;
export type TypeName = (typeof TYPE_NAMES)[number];

export interface SqlType {
  readonly name: TypeName;
  /** varchar, char: characters at most; -1 any. numeric: digits in all, -1 any. time, timestamps: digits of the second, -1 six. */
  readonly length: number;
  /** numeric: digits behind the point; -1: each value has its own. Otherwise -1. */
  readonly scale: number;
  /** May be NULL. Derived, and only ever too wide. */
  readonly nullable: boolean;
  /** Integers and numerics with a scale: |value * 10^scale| < 10^digits. 0: no bound is known. */
  readonly digits: number;
}

const DIGITS: { readonly [name in TypeName]?: number } = { int2: 5, int4: 10, int8: 19, oid: 10 };

/** A type with its usual bound. numeric: length is the precision. */
export function sqlType(name: TypeName, nullable = true, length = -1, scale = -1): SqlType {
  const digits = name === 'numeric' ? (scale >= 0 && length > 0 ? length : 0) : (DIGITS[name] ?? 0);
  return { name, length, scale, nullable, digits };
}

export const withNullable = (type: SqlType, nullable: boolean): SqlType =>
  type.nullable === nullable ? type : { ...type, nullable };

export const sameType = (a: SqlType, b: SqlType): boolean => a.name === b.name && a.length === b.length && a.scale === b.scale;
