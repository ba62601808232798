/** How PostgreSQL's catalogs describe things: numbers and names of types, modifiers, definitions as text. */

import { type BaseTypeName, elementOf, isArrayType, type SqlType, typeId, type TypeName } from '../../sblr/types.ts';
import { userType } from '../../values/user-types.ts';
import type { SessionReader } from '../reader.ts';
import { expressionShown } from '../shown.ts';
import {
  type CatalogColumn,
  type CatalogIndex,
  type CatalogIndexKey,
  type CatalogTable,
  isDeclaredUnique,
  type StoredExpression,
  type StoredQuery,
} from '../objects.ts';
import { defaultTokens } from '../token-classes.ts';

/** Numbers that PostgreSQL has given: access methods, a collation. */
export const AM_HEAP = 2;
export const AM_BTREE = 403;
export const AM_HASH = 405;
export const AM_GIN = 2742;
export const COLLATION_C = 950;
export const COLLATION_POSIX = 951;
export const COLLATION_DEFAULT = 100;

/** Kinds of derivedId(). */
export const DEFAULT_ID = 1;
export const CONSTRAINT_ID = 2;
export const RULE_ID = 3;

/** A type as pg_type has it. */
export interface TypeDescription {
  readonly oid: number;
  /** pg_type.typname */
  readonly name: string;
  /** What format_type() says. */
  readonly shown: string;
  /** Bytes; -1: varies. */
  readonly length: number;
  readonly category: string;
  readonly preferred: boolean;
  readonly array: number;
  /** c, s, i, d */
  readonly align: string;
  readonly byValue: boolean;
  /** p, x, m */
  readonly storage: string;
}

const describe = (
  oid: number,
  name: string,
  shown: string,
  length: number,
  category: string,
  array: number,
  preferred = false,
): TypeDescription => {
  const byValue = length > 0 && length <= 8;
  const align = length === 8 || length === 16 ? 'd' : length === 2 ? 's' : length === 1 ? 'c' : 'i';
  const storage = length >= 0 ? 'p' : name === 'numeric' || name === 'inet' || name === 'cidr' ? 'm' : 'x';
  return { oid, name, shown, length, category, preferred, array, align, byValue, storage };
};

const TYPES: { readonly [name in BaseTypeName]: TypeDescription } = {
  bool: describe(16, 'bool', 'boolean', 1, 'B', 1000, true),
  bytea: describe(17, 'bytea', 'bytea', -1, 'U', 1001),
  name: describe(19, 'name', 'name', 64, 'S', 1003),
  int8: describe(20, 'int8', 'bigint', 8, 'N', 1016),
  int2: describe(21, 'int2', 'smallint', 2, 'N', 1005),
  int4: describe(23, 'int4', 'integer', 4, 'N', 1007),
  text: describe(25, 'text', 'text', -1, 'S', 1009, true),
  oid: describe(26, 'oid', 'oid', 4, 'N', 1028, true),
  json: describe(114, 'json', 'json', -1, 'U', 199),
  float4: describe(700, 'float4', 'real', 4, 'N', 1021),
  float8: describe(701, 'float8', 'double precision', 8, 'N', 1022, true),
  pg_node_tree: describe(194, 'pg_node_tree', 'pg_node_tree', -1, 'Z', 0),
  unknown: describe(705, 'unknown', 'unknown', -2, 'X', 0),
  char: describe(1042, 'bpchar', 'character', -1, 'S', 1014),
  varchar: describe(1043, 'varchar', 'character varying', -1, 'S', 1015),
  date: describe(1082, 'date', 'date', 4, 'D', 1182),
  time: describe(1083, 'time', 'time without time zone', 8, 'D', 1183),
  timestamp: describe(1114, 'timestamp', 'timestamp without time zone', 8, 'D', 1115),
  timestamptz: describe(1184, 'timestamptz', 'timestamp with time zone', 8, 'D', 1185, true),
  interval: describe(1186, 'interval', 'interval', 16, 'T', 1187, true),
  numeric: describe(1700, 'numeric', 'numeric', -1, 'N', 1231),
  char1: describe(18, 'char', '"char"', 1, 'Z', 1002),
  int2vector: describe(22, 'int2vector', 'int2vector', -1, 'A', 1006),
  regproc: describe(24, 'regproc', 'regproc', 4, 'N', 1008),
  oidvector: describe(30, 'oidvector', 'oidvector', -1, 'A', 1013),
  regprocedure: describe(2202, 'regprocedure', 'regprocedure', 4, 'N', 2207),
  regoper: describe(2203, 'regoper', 'regoper', 4, 'N', 2208),
  regclass: describe(2205, 'regclass', 'regclass', 4, 'N', 2210),
  regtype: describe(2206, 'regtype', 'regtype', 4, 'N', 2211),
  regrole: describe(4096, 'regrole', 'regrole', 4, 'N', 4097),
  regnamespace: describe(4089, 'regnamespace', 'regnamespace', 4, 'N', 4090),
  record: describe(2249, 'record', 'record', -1, 'P', 2287),
  int4range: describe(3904, 'int4range', 'int4range', -1, 'R', 3905),
  numrange: describe(3906, 'numrange', 'numrange', -1, 'R', 3907),
  tsrange: describe(3908, 'tsrange', 'tsrange', -1, 'R', 3909),
  tstzrange: describe(3910, 'tstzrange', 'tstzrange', -1, 'R', 3911),
  daterange: describe(3912, 'daterange', 'daterange', -1, 'R', 3913),
  int8range: describe(3926, 'int8range', 'int8range', -1, 'R', 3927),
  int4multirange: describe(4451, 'int4multirange', 'int4multirange', -1, 'R', 6150),
  nummultirange: describe(4532, 'nummultirange', 'nummultirange', -1, 'R', 6151),
  tsmultirange: describe(4533, 'tsmultirange', 'tsmultirange', -1, 'R', 6152),
  tstzmultirange: describe(4534, 'tstzmultirange', 'tstzmultirange', -1, 'R', 6153),
  datemultirange: describe(4535, 'datemultirange', 'datemultirange', -1, 'R', 6155),
  int8multirange: describe(4536, 'int8multirange', 'int8multirange', -1, 'R', 6157),
  any: describe(2276, 'any', '"any"', 4, 'P', 0),
  void: describe(2278, 'void', 'void', 4, 'P', 0),
  uuid: describe(2950, 'uuid', 'uuid', 16, 'U', 2951),
  jsonb: describe(3802, 'jsonb', 'jsonb', -1, 'U', 3807),
  money: describe(790, 'money', 'money', 8, 'N', 791),
  bit: describe(1560, 'bit', 'bit', -1, 'V', 1561),
  varbit: describe(1562, 'varbit', 'bit varying', -1, 'V', 1563, true),
  timetz: describe(1266, 'timetz', 'time with time zone', 12, 'D', 1270),
  inet: describe(869, 'inet', 'inet', -1, 'I', 1041, true),
  cidr: describe(650, 'cidr', 'cidr', -1, 'I', 651),
  macaddr: describe(829, 'macaddr', 'macaddr', 6, 'U', 1040),
  macaddr8: describe(774, 'macaddr8', 'macaddr8', 8, 'U', 775),
  xid: describe(28, 'xid', 'xid', 4, 'U', 1011),
  xid8: describe(5069, 'xid8', 'xid8', 8, 'U', 271),
  cid: describe(29, 'cid', 'cid', 4, 'U', 1012),
  tid: describe(27, 'tid', 'tid', 6, 'U', 1010),
  pg_snapshot: describe(5038, 'pg_snapshot', 'pg_snapshot', -1, 'U', 5039),
  txid_snapshot: describe(2970, 'txid_snapshot', 'txid_snapshot', -1, 'U', 2949),
  aclitem: describe(1033, 'aclitem', 'aclitem', 16, 'U', 1034),
  jsonpath: describe(4072, 'jsonpath', 'jsonpath', -1, 'U', 4073),
  anyarray: describe(2277, 'anyarray', 'anyarray', -1, 'P', 0),
  anyelement: describe(2283, 'anyelement', 'anyelement', 4, 'P', 0),
  anynonarray: describe(2776, 'anynonarray', 'anynonarray', 4, 'P', 0),
  anyenum: describe(3500, 'anyenum', 'anyenum', 4, 'P', 0),
  anyrange: describe(3831, 'anyrange', 'anyrange', -1, 'P', 0),
  anymultirange: describe(4537, 'anymultirange', 'anymultirange', -1, 'P', 0),
  anycompatible: describe(5077, 'anycompatible', 'anycompatible', 4, 'P', 0),
  anycompatiblearray: describe(5078, 'anycompatiblearray', 'anycompatiblearray', -1, 'P', 0),
  anycompatiblenonarray: describe(5079, 'anycompatiblenonarray', 'anycompatiblenonarray', 4, 'P', 0),
  anycompatiblerange: describe(5080, 'anycompatiblerange', 'anycompatiblerange', -1, 'P', 0),
};

/** Built-in types, those of arrays left out. */
export const baseTypes = (): readonly (readonly [BaseTypeName, TypeDescription])[] =>
  Object.entries(TYPES) as [BaseTypeName, TypeDescription][];

/** A type as pg_type has it: arrays and types that users have made, too. */
export function describeType(name: TypeName): TypeDescription {
  if (isArrayType(name)) return describeArray(describeType(elementOf(name) as TypeName));
  const id = typeId(name);
  if (id === 0) return TYPES[name as BaseTypeName];
  const user = userType(id);
  const shown = user === undefined ? `#${id}` : quoteName(user.name);
  const array = user?.arrayId ?? 0;
  return name.startsWith('enum:')
    ? { ...describe(id, user?.name ?? `#${id}`, shown, 4, 'E', array), align: 'i' }
    : { ...describe(id, user?.name ?? `#${id}`, shown, -1, 'C', array), align: 'd' };
}

function describeArray(element: TypeDescription): TypeDescription {
  const { align } = element;
  const own = describe(
    element.array === 0 ? 2287 : element.array,
    `_${element.name}`.slice(0, 63),
    `${element.shown}[]`,
    -1,
    'A',
    0,
  );
  return { ...own, align: align === 'd' ? 'd' : 'i' };
}

/** pg_attribute.attcollation: names have C, other texts what the database has. */
export function collationOf(name: TypeName): number {
  const base = elementOf(name) ?? name;
  return base === 'name' ? COLLATION_C : describeType(base).category === 'S' ? COLLATION_DEFAULT : 0;
}

/** Of a column: what it says itself, else that of its type. */
export const columnCollation = ({ collation, type }: CatalogColumn): number =>
  collation === undefined ? collationOf(type.name) : collation === 'POSIX' ? COLLATION_POSIX : COLLATION_C;

/** PostgreSQL's number of a type. */
export const typeOid = (name: TypeName): number => describeType(name).oid;

/** What a client is told that a result's column is: of a domain its base. */
export const columnOid = ({ name }: SqlType): number => typeOid(name);

const byOid = new Map<number, TypeName>();

/** The built-in type of this number, arrays included; null: it is none of them. */
export function builtInType(oid: number): TypeName | null {
  if (byOid.size === 0) {
    for (const [name, { oid: own, array }] of baseTypes()) {
      byOid.set(own, name);
      if (array !== 0) byOid.set(array, `${name}[]`);
    }
  }
  return byOid.get(oid) ?? null;
}

/** format_type(): character varying(20), timestamp(3) without time zone. */
export function formatType(type: SqlType): string {
  const element = isArrayType(type.name) ? elementOf(type.name) : null;
  if (element !== null) return `${formatType({ ...type, name: element })}[]`;
  if (type.domain !== undefined) return quoteName(userType(type.domain)?.name ?? `#${type.domain}`);
  const { shown } = describeType(type.name);
  if (type.length < 0) return shown;
  if (type.name === 'numeric') return `numeric(${type.length},${type.scale})`;
  if (type.name === 'time' || type.name === 'timestamp' || type.name === 'timestamptz') {
    const [first, ...rest] = shown.split(' ');
    return `${first}(${type.length}) ${rest.join(' ')}`;
  }
  return type.name === 'varchar' || type.name === 'char' || type.name === 'interval' ? `${shown}(${type.length})` : shown;
}

/** Words that cannot stand as names of columns and tables without quotes. */
const RESERVED = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char ' +
    'character check coalesce collate collation column concurrently constraint create cross current_catalog current_date ' +
    'current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do ' +
    'else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike in ' +
    'initially inner inout int integer intersect interval into is isnull join lateral leading least left like limit localtime ' +
    'localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or order out outer ' +
    'overlaps overlay placing position precision primary real references returning right row select session_user setof similar ' +
    'smallint some substring symmetric table tablesample then time timestamp to trailing treat trim true union unique user using ' +
    'values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest ' +
    'xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable'
  ).split(' '),
);

/** quote_ident() */
export const quoteName = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;

export const columnOf = (table: CatalogTable, attribute: number): CatalogColumn =>
  table.columns.find((column) => column.number === attribute) as CatalogColumn;

/** A key of an index as its definition shows it: a column, or an expression, in parentheses unless it is a call. */
function keyText({ reader, pretty }: Showing, table: CatalogTable, attribute: number): string {
  const column = columnOf(table, attribute);
  if (column.hidden === null) return quoteName(column.name);
  const shown = expressionShown(reader, column.hidden, { purpose: 'index', table, type: null });
  const text = pretty ? shown.pretty : shown.plain;
  return shown.isCall ? text : `(${text})`;
}

/** For whom a definition is put into words, and with how many parentheses. */
export interface Showing {
  readonly reader: SessionReader;
  readonly pretty: boolean;
}

function keyOrder({ descending, nullsFirst }: CatalogIndex['keys'][number]): string {
  const nulls = nullsFirst === descending ? '' : nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return `${descending ? ' DESC' : ''}${nulls}`;
}

/** The operator class, where it is not the one that its type has by itself. */
const keyClass = (table: CatalogTable, { attribute, tokens }: CatalogIndexKey): string =>
  tokens === undefined || tokens === defaultTokens(columnOf(table, attribute).type) ? '' : ` ${tokens}`;

/** The keys that its author wrote. */
export const shownKeys = ({ keys, unique, predicate }: CatalogIndex): CatalogIndex['keys'] =>
  unique && predicate !== undefined ? keys.slice(0, -1) : keys;

function predicateText({ reader, pretty }: Showing, table: CatalogTable, predicate: StoredExpression): string {
  const shown = expressionShown(reader, predicate, { purpose: 'check', table, type: null });
  return pretty ? shown.pretty : shown.plain;
}

/** pg_get_indexdef() of one column. */
export const indexColumnText = (showing: Showing, table: CatalogTable, index: CatalogIndex, number: number): string => {
  const attribute = [...shownKeys(index).map((key) => key.attribute), ...(index.include ?? [])][number - 1];
  return attribute === undefined ? '' : keyText(showing, table, attribute);
};

/** pg_get_indexdef() */
export function indexDefinition(showing: Showing, table: CatalogTable, index: CatalogIndex): string {
  const keys = shownKeys(index)
    .map((key) => keyText(showing, table, key.attribute) + keyClass(table, key) + keyOrder(key))
    .join(', ');
  const included = (index.include ?? []).map((attribute) => quoteName(columnOf(table, attribute).name)).join(', ');
  const more = `${included === '' ? '' : ` INCLUDE (${included})`}`;
  const where = index.predicate === undefined ? '' : ` WHERE ${predicateText(showing, table, index.predicate)}`;
  const isUnique = isDeclaredUnique(index);
  const nulls = isUnique && !index.nullsDistinct ? ' NULLS NOT DISTINCT' : '';
  const own = `${quoteName(table.schema)}.${quoteName(table.name)}`;
  const isSeen = showing.pretty && showing.reader.findRelation(null, table.name)?.id === table.id;
  const place = `${table.partitioning === undefined ? '' : 'ONLY '}${isSeen ? quoteName(table.name) : own}`;
  return `CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${quoteName(index.name)} ON ${place} USING ${index.method} (${keys})${more}${nulls}${where}`;
}

/** pg_get_viewdef() */
export const viewText = ({ text }: StoredQuery): string => ` ${text};`;

/** pg_get_constraintdef() of a key. */
export function keyDefinition(table: CatalogTable, index: CatalogIndex): string {
  const columns = index.keys.map((key) => quoteName(columnOf(table, key.attribute).name)).join(', ');
  const included = (index.include ?? []).map((attribute) => quoteName(columnOf(table, attribute).name)).join(', ');
  const deferrable = index.deferrable === undefined ? '' : ' DEFERRABLE';
  const deferred = index.deferrable === 'deferred' ? ' INITIALLY DEFERRED' : '';
  const more = `${included === '' ? '' : ` INCLUDE (${included})`}${deferrable}${deferred}`;
  if (index.primary) return `PRIMARY KEY (${columns})${more}`;
  return `UNIQUE ${index.nullsDistinct ? '' : 'NULLS NOT DISTINCT '}(${columns})${more}`;
}

/** A constant with the type that it is read as; null: what stands there is none. */
function constantDefault({ source, text }: StoredExpression, type: SqlType, typeName: (type: SqlType) => string): string | null {
  if (source.op !== 'constant') return null;
  switch (source.kind) {
    case 'boolean':
      return source.text.toLowerCase();
    case 'null':
    case 'string':
      return `${text}::${typeName({ ...type, length: -1, scale: -1 })}`;
    default:
      return null;
  }
}

/** pg_get_expr() of a column's default; null: it has none. */
export function defaultText(
  column: CatalogColumn,
  sequenceName: (id: number) => string | null,
  typeName: (type: SqlType) => string,
): string | null {
  if (column.generated !== undefined) return column.generated.text;
  if (column.default !== null) return constantDefault(column.default, column.type, typeName) ?? column.default.text;
  if (column.sequence === 0 || column.identity !== 'none') return null;
  const name = sequenceName(column.sequence);
  return name === null ? null : `nextval('${name.replaceAll("'", "''")}'::regclass)`;
}

/** Numbers of constraints and defaults, which have no objects of their own: stable as long as their place in the table is. */
export const derivedId = (table: number, kind: number, position: number): number =>
  0x80000000 + (((Math.imul(table, 2654435761) >>> 3) ^ (kind << 24) ^ position) & 0x7fffffff);
