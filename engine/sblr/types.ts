/**
 * Types of SQL values as the binder derives them (SBLR-N6): a name, modifiers, and what is known besides.
 *
 * Values outside a row are RowValues (engine/storage/rows/row-value.ts):
 *   bool boolean; int2, int4, float4, float8 number; int8, time, timestamp(tz) number while safe, else bigint; +-Infinity for the
 *   infinities of date and timestamps; date days; numeric decimal text; text, varchar, char, json, jsonb, jsonpath, name string;
 *   money, bit strings, addresses, timetz, numbers of transactions: string (engine/values/encoded-types.ts);
 *   bytea Uint8Array; uuid text of 36 characters; interval IntervalValue; oid and its like (regclass ...) number;
 *   enum: a number whose order is that of the labels; arrays, rows, ranges: NestedValue; NULL null
 */

/**
 * The engine's types. `unknown` only until resolution (SBLR-N7), `void` for functions without a result, `any` and its like only in
 * signatures and primitives (semantics.ts). 'char1' is PostgreSQL's "char", of one byte; pg_node_tree an
 * expression in a catalog, shown as its text.
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
  'jsonpath',
  'money',
  'bit',
  'varbit',
  'timetz',
  'inet',
  'cidr',
  'macaddr',
  'macaddr8',
  'xid',
  'xid8',
  'cid',
  'tid',
  'pg_snapshot',
  'txid_snapshot',
  'aclitem',
  'name',
  'oid',
  'char1',
  'pg_node_tree',
  'regclass',
  'regtype',
  'regproc',
  'regprocedure',
  'regnamespace',
  'regrole',
  'regoper',
  'oidvector',
  'int2vector',
  'record',
  'int4range',
  'int8range',
  'numrange',
  'daterange',
  'tsrange',
  'tstzrange',
  'int4multirange',
  'int8multirange',
  'nummultirange',
  'datemultirange',
  'tsmultirange',
  'tstzmultirange',
  'unknown',
  'void',
  'any',
  'anyelement',
  'anyarray',
  'anynonarray',
  'anyenum',
  'anyrange',
  'anymultirange',
  'anycompatible',
  'anycompatiblearray',
  'anycompatiblenonarray',
  'anycompatiblerange',
] as const;
export type BaseTypeName = (typeof TYPE_NAMES)[number];
/**
 * What a type is known by: a base type; an enum or row type by its object id (that of a table is its row type's); an array by the type
 * of its elements. Two types are the same if and only if their names are. A domain is its base type, and says so in SqlType.domain.
 */
export type TypeName = BaseTypeName | `enum:${number}` | `row:${number}` | `${string}[]`;

export interface SqlType {
  readonly name: TypeName;
  /**
   * varchar, char: characters at most; -1 any. numeric: digits in all, -1 any. time, timestamps: digits of the second, -1 six.
   * Arrays: as for their elements.
   */
  readonly length: number;
  /** numeric: digits behind the point; -1: each value has its own. Otherwise -1. */
  readonly scale: number;
  /** May be NULL. Derived, and only ever too wide. */
  readonly nullable: boolean;
  /** Integers and numerics with a scale: |value * 10^scale| < 10^digits. 0: no bound is known. */
  readonly digits: number;
  /** Object id of the domain that the value has been checked against; left out: none. */
  readonly domain?: number;
}

const DIGITS: { readonly [name in TypeName]?: number } = { int2: 5, int4: 10, int8: 19, oid: 10 };

/** A type with its usual bound. numeric: length is the precision. */
export function sqlType(name: TypeName, nullable = true, length = -1, scale = -1): SqlType {
  const digits = name === 'numeric' ? (scale >= 0 && length > 0 ? length : 0) : (DIGITS[name] ?? 0);
  return { name, length, scale, nullable, digits };
}

export const withNullable = (type: SqlType, nullable: boolean): SqlType =>
  type.nullable === nullable ? type : { ...type, nullable };

export const sameType = (a: SqlType, b: SqlType): boolean =>
  a.name === b.name && a.length === b.length && a.scale === b.scale && a.domain === b.domain;

// ---- type names ----

const BASE_NAMES: ReadonlySet<string> = new Set<string>(TYPE_NAMES);
const NAME = /^([a-z][a-z0-9_]*|(?:enum|row):[1-9]\d{0,9})(\[\])?$/;

/** Whether a text is the name of a type: for what comes from outside. */
export function isTypeName(text: unknown): text is TypeName {
  const match = typeof text === 'string' ? NAME.exec(text) : null;
  return match !== null && (match[1].includes(':') || BASE_NAMES.has(match[1]));
}

export const isArrayType = (name: TypeName): name is `${string}[]` => name.endsWith('[]');

/** Array of these elements; an array of arrays is one of more dimensions, and so the same type. */
export const arrayOf = (element: TypeName): TypeName => (isArrayType(element) ? element : `${element}[]`);

/** Type of the elements, or null for what is no array. */
export function elementOf(name: TypeName): TypeName | null {
  if (isArrayType(name)) return name.slice(0, -2) as TypeName;
  return name === 'oidvector' ? 'oid' : name === 'int2vector' ? 'int2' : null;
}

export const isEnumType = (name: TypeName): boolean => name.startsWith('enum:') && !name.endsWith('[]');

/** A row type: of a table, made by CREATE TYPE, or of no name. */
export const isRowType = (name: TypeName): boolean => name === 'record' || (name.startsWith('row:') && !name.endsWith('[]'));

/** Object id of an enum or row type; 0: it is none. */
export function typeId(name: TypeName): number {
  const colon = name.indexOf(':');
  return colon < 0 || name.endsWith('[]') ? 0 : Number(name.slice(colon + 1));
}

const OBJECT_NUMBERS: ReadonlySet<TypeName> = new Set<TypeName>(
  'regclass regtype regproc regprocedure regnamespace regrole regoper'.split(' ') as TypeName[],
);
/** Numbers of objects that are shown as names: oid in every other respect. */
export const isObjectNumber = (name: TypeName): boolean => OBJECT_NUMBERS.has(name);

export const RANGE_SUBTYPES: { readonly [name: string]: TypeName } = {
  int4range: 'int4',
  int8range: 'int8',
  numrange: 'numeric',
  daterange: 'date',
  tsrange: 'timestamp',
  tstzrange: 'timestamptz',
};
const MULTIRANGES: { readonly [name: string]: TypeName } = {
  int4multirange: 'int4range',
  int8multirange: 'int8range',
  nummultirange: 'numrange',
  datemultirange: 'daterange',
  tsmultirange: 'tsrange',
  tstzmultirange: 'tstzrange',
};
export const isRangeType = (name: TypeName): boolean => name in RANGE_SUBTYPES;
export const isMultirangeType = (name: TypeName): boolean => name in MULTIRANGES;
/** The range of a multirange. */
export const rangeOfMultirange = (name: TypeName): TypeName | null => MULTIRANGES[name] ?? null;
export const multirangeOf = (name: TypeName): TypeName | null =>
  (Object.keys(MULTIRANGES).find((one) => MULTIRANGES[one] === name) as TypeName | undefined) ?? null;

/** Types whose values are NestedValues. */
export const isNestedType = (name: TypeName): boolean =>
  elementOf(name) !== null || isRowType(name) || isRangeType(name) || isMultirangeType(name);

const ENCODED: ReadonlySet<string> = new Set(
  'money bit varbit timetz inet cidr macaddr macaddr8 xid xid8 cid tid pg_snapshot txid_snapshot aclitem'.split(' '),
);
/** Types whose values are texts in a form of their own, which nobody is shown (engine/values/encoded-types.ts). */
export const isEncodedType = (name: TypeName): boolean => ENCODED.has(name);

/** Names in signatures that stand for several types. */
export const isPolymorphic = (name: TypeName): boolean => name.startsWith('any') && !name.endsWith('[]');
