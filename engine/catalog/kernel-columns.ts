/** How the kernel stores a column of an SQL type (SBLR, 'Types'), and what may be the key of an index. */

import type { Column, ColumnKind } from '../storage/rows/row-layout.ts';
import { elementOf, isEnumType, isNestedType, isObjectNumber, type SqlType, type TypeName } from '../sblr/types.ts';
import type { CatalogColumn } from './objects.ts';

/** Digits that a double holds exactly: numeric(p <= 15, s) is a scaled integer. */
const SHORT_DIGITS = 15;

const KINDS: { readonly [name in TypeName]?: ColumnKind } = {
  bool: 'bool',
  int2: 'int16',
  int4: 'int32',
  int8: 'int64',
  oid: 'int64',
  float4: 'float32',
  float8: 'float64',
  text: 'text',
  varchar: 'text',
  char: 'text',
  name: 'text',
  char1: 'text',
  bytea: 'bytes',
  date: 'date',
  time: 'time',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  interval: 'interval',
  uuid: 'uuid',
  json: 'json',
  jsonb: 'json',
  jsonpath: 'text',
  money: 'text',
  bit: 'text',
  varbit: 'text',
  timetz: 'text',
  inet: 'text',
  cidr: 'text',
  macaddr: 'text',
  macaddr8: 'text',
  xid: 'text',
  xid8: 'text',
  cid: 'text',
  tid: 'text',
  pg_snapshot: 'text',
  txid_snapshot: 'text',
  aclitem: 'text',
};

/** The kind of column that holds values of the type; undefined: no column can have it (unknown, void). */
export function columnKind(type: SqlType): ColumnKind | undefined {
  if (type.name !== 'numeric') return KINDS[type.name] ?? otherKind(type.name);
  return isShortNumeric(type) ? 'numeric' : 'wideNumeric';
}

/** An enum's numbers are in the order of its labels; rows without a type of their own are in no column. */
function otherKind(name: TypeName): ColumnKind | undefined {
  if (isEnumType(name)) return 'float64';
  if (isObjectNumber(name)) return 'int64';
  return isNestedType(name) && name !== 'record' ? 'nested' : undefined;
}

const isShortNumeric = (type: SqlType): boolean =>
  type.length >= 1 && type.length <= SHORT_DIGITS && type.scale >= 0 && type.scale <= type.length;

/** The kernel's column. Its id is the attribute number, so that rows of older layouts are read right. */
export function kernelColumn(column: CatalogColumn): Column {
  const kind = columnKind(column.type);
  if (kind === undefined) throw new TypeError(`no column has type ${column.type.name}`);
  const base = { name: column.name, kind, nullable: !column.notNull, id: column.kernelId ?? column.number };
  if (column.type.name === 'char') return { ...base, blankPadded: true };
  return kind === 'numeric' ? { ...base, precision: column.type.length, scale: column.type.scale } : base;
}

/** Types without an order: no index, no histogram. jsonb's order is not that of its bytes. */
export const isOrdered = ({ name }: SqlType): boolean => {
  const inner = elementOf(name) ?? name;
  return inner !== 'json' && inner !== 'jsonb' && inner !== 'jsonpath' && !inner.startsWith('row:');
};
