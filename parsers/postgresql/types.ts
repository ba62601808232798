/**
 * Types of the engine as PostgreSQL's clients know them: numbers (pg_type.oid), lengths and modifiers. Types of their own (enums,
 * composites, domains) have the number of their object; arrays the number that PostgreSQL gives beside the type.
 */

import type { TypeName } from '../../engine/sblr/types.ts';

/** [oid, oid of the array, bytes (-1: varies)] */
type Numbers = readonly [number, number, number];

const NUMBERS: { readonly [name: string]: Numbers } = {
  bool: [16, 1000, 1],
  bytea: [17, 1001, -1],
  char1: [18, 1002, 1],
  name: [19, 1003, 64],
  int8: [20, 1016, 8],
  int2: [21, 1005, 2],
  int4: [23, 1007, 4],
  int2vector: [22, 1006, -1],
  pg_node_tree: [194, 0, -1],
  regproc: [24, 1008, 4],
  text: [25, 1009, -1],
  oid: [26, 1028, 4],
  tid: [27, 1010, 6],
  xid: [28, 1011, 4],
  cid: [29, 1012, 4],
  oidvector: [30, 1013, -1],
  json: [114, 199, -1],
  xml: [142, 143, -1],
  cidr: [650, 651, -1],
  float4: [700, 1021, 4],
  float8: [701, 1022, 8],
  unknown: [25, 1009, -1],
  macaddr8: [774, 775, 8],
  money: [790, 791, 8],
  macaddr: [829, 1040, 6],
  inet: [869, 1041, -1],
  aclitem: [1033, 1034, 12],
  char: [1042, 1014, -1],
  varchar: [1043, 1015, -1],
  date: [1082, 1182, 4],
  time: [1083, 1183, 8],
  timestamp: [1114, 1115, 8],
  timestamptz: [1184, 1185, 8],
  interval: [1186, 1187, 16],
  timetz: [1266, 1270, 12],
  bit: [1560, 1561, -1],
  varbit: [1562, 1563, -1],
  numeric: [1700, 1231, -1],
  regprocedure: [2202, 2207, 4],
  regoper: [2203, 2208, 4],
  regoperator: [2204, 2209, 4],
  regclass: [2205, 2210, 4],
  regtype: [2206, 2211, 4],
  record: [2249, 2287, -1],
  anyarray: [2277, 0, -1],
  void: [2278, 0, 4],
  uuid: [2950, 2951, 16],
  txid_snapshot: [2970, 2949, -1],
  jsonb: [3802, 3807, -1],
  int4range: [3904, 3905, -1],
  numrange: [3906, 3907, -1],
  tsrange: [3908, 3909, -1],
  tstzrange: [3910, 3911, -1],
  daterange: [3912, 3913, -1],
  int8range: [3926, 3927, -1],
  jsonpath: [4072, 4073, -1],
  regnamespace: [4089, 4090, 4],
  regrole: [4096, 4097, 4],
  regconfig: [3734, 3735, 4],
  regdictionary: [3769, 3770, 4],
  regcollation: [4191, 4192, 4],
  int4multirange: [4451, 6150, -1],
  nummultirange: [4532, 6151, -1],
  tsmultirange: [4533, 6152, -1],
  tstzmultirange: [4534, 6153, -1],
  datemultirange: [4535, 6155, -1],
  int8multirange: [4536, 6157, -1],
  pg_snapshot: [5038, 5039, -1],
  xid8: [5069, 271, 8],
};

/** `enum:16385`, `row:16390`: the object's number. */
const ownNumber = (name: string): number => Number(/^[a-z]+:(\d+)/.exec(name)?.[1] ?? 25);

/** pg_type.oid of a type. */
export function typeOid(name: TypeName | string): number {
  if (name.endsWith('[]')) return NUMBERS[name.slice(0, -2)]?.[1] ?? ownNumber(name) + 1;
  return NUMBERS[name]?.[0] ?? ownNumber(name);
}

/** pg_type.typlen */
export const typeLength = (name: TypeName | string): number => NUMBERS[name]?.[2] ?? (name.startsWith('enum:') ? 4 : -1);

const names = new Map<number, string>();
for (const [name, [oid, array]] of Object.entries(NUMBERS)) {
  if (name === 'unknown') continue;
  names.set(oid, name);
  if (array > 0) names.set(array, `${name}[]`);
}

/** The type with this number; null for 0 and for unknown (705): the statement says what it is. Undefined: there is none. */
export function typeOfOid(oid: number): string | null | undefined {
  return oid === 0 || oid === 705 ? null : names.get(oid);
}
