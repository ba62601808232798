/**
 * What PostgreSQL means, as data (dialects.md, 'Semantics are data'): put together from tables of lines, of which each names primitives;
 * argument and result types are the primitive's own unless the line says otherwise.
 *
 *   abs: int2.abs float8.add<float4,float8> text.concat.nullIsEmpty<any>@output array_agg<anynonarray>#0
 *        primitive                          types of the signature   how arguments given for `any` are handed over
 *                                           #n: the name of the n-th argument's type comes behind them
 */

import { primitiveOf } from '../../engine/sblr/primitives.ts';
import type {
  AggregateSignature,
  DialectSemantics,
  ResultRule,
  SetSignature,
  Signature,
  WindowSignature,
} from '../../engine/sblr/semantics.ts';
import type { TypeName } from '../../engine/sblr/types.ts';
import { ARRAY_OPERATORS, ARRAYS } from './semantics-arrays.ts';
import { CATALOG_FUNCTIONS, CATALOG_ROW_FUNCTIONS } from './semantics-catalog.ts';
import { ENCODED_FUNCTIONS, ENCODED_OPERATORS } from './semantics-encoded.ts';
import { FUNCTIONS } from './semantics-functions.ts';
import {
  FURTHER_FUNCTIONS,
  FURTHER_OPERATORS,
  POPULATE_FUNCTIONS,
  RECORD_FUNCTIONS,
  ROW_FUNCTIONS,
} from './semantics-further.ts';
import { AGGREGATES, OPERATORS, ORDERED_SETS, SET_FUNCTIONS, WINDOW_FUNCTIONS } from './semantics-operators.ts';
import { OTHER_FUNCTIONS, OTHER_TYPES, PARAMETER_NAMES } from './semantics-others.ts';
import { SYSTEM_FUNCTIONS, SYSTEM_OPERATORS } from './semantics-system.ts';
import { CASTS, TYPES } from './semantics-types.ts';

const ITEM = /^([\w.]+)(?:<([\w,[\]]*)>)?(?:@([\w.]+))?(?:#(\d))?$/;

/** Dates are compared with timestamps by operators of their own: those beyond the timestamps, too. */
const COMPARED = { 'date.to.timestamp': 'date.beside.timestamp', 'date.to.timestamptz': 'date.beside.timestamptz' };

/** Scales and bounds on digits; everything else has none. */
const RULES: { readonly [primitive: string]: ResultRule } = {
  'numeric.add': 'add',
  'numeric.sub': 'add',
  'numeric.mul': 'multiply',
  'numeric.mod': 'modulo',
  'numeric.negate': 'same',
  'numeric.plus': 'same',
  'numeric.abs': 'same',
  'numeric.ceil': 'whole',
  'numeric.floor': 'whole',
  'numeric.round': 'whole',
  'numeric.trunc': 'whole',
  'numeric.sign': 'whole',
  'min.numeric': 'same',
  'max.numeric': 'same',
  'sum.numeric': 'sum',
};

function readSignature(item: string): Signature | AggregateSignature | WindowSignature | SetSignature {
  const match = ITEM.exec(item);
  if (match === null) throw new Error(`the signature cannot be read: ${item}`);
  const primitive = primitiveOf(match[1]);
  const rule = RULES[primitive.name];
  return {
    arguments: match[2] === undefined ? primitive.arguments : (match[2].split(',') as TypeName[]),
    result: primitive.result,
    primitive: primitive.name,
    ...(rule === undefined ? {} : { rule }),
    ...(primitive.variadic && primitive.name !== 'interval.make.some' ? { variadic: true } : {}),
    ...(match[4] === undefined ? {} : { named: Number(match[4]) }),
    ...(match[3] === undefined ? {} : { any: match[3] as NonNullable<Signature['any']> }),
    ...(primitive.aggregate ? { aggregate: true as const } : {}),
    ...(primitive.window ? { window: true as const } : {}),
    ...(primitive.rows ? { rows: true as const } : {}),
  };
}

/** Tables by name whose entries are made when they are first looked at: a process that runs one statement needs few of them. */
function readTable(...texts: readonly string[]): { [name: string]: readonly Signature[] } {
  const items = new Map<string, string[]>();
  for (const line of texts.join('\n').split('\n')) {
    const colon = line.lastIndexOf(': ');
    if (colon < 0) continue;
    const name = line.slice(0, colon);
    items.set(name, [...(items.get(name) ?? []), ...line.slice(colon + 2).split(' ')]);
  }
  const table: { [name: string]: readonly Signature[] } = Object.create(null);
  for (const [name, signatures] of items) {
    Object.defineProperty(table, name, {
      configurable: true,
      enumerable: true,
      get: () => {
        const value = signatures.map(readSignature);
        Object.defineProperty(table, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return table;
}

export const semantics: DialectSemantics = {
  dialect: 'postgresql',
  algorithm: 'postgresql',
  folding: 'lower',
  types: TYPES,
  operators: readTable(OPERATORS, ARRAY_OPERATORS, FURTHER_OPERATORS, ENCODED_OPERATORS, SYSTEM_OPERATORS),
  functions: readTable(
    FUNCTIONS,
    FURTHER_FUNCTIONS,
    ENCODED_FUNCTIONS,
    SYSTEM_FUNCTIONS,
    CATALOG_FUNCTIONS,
    ARRAYS,
    AGGREGATES,
    WINDOW_FUNCTIONS,
    SET_FUNCTIONS,
  ),
  orderedSets: readTable(ORDERED_SETS),
  rowFunctions: { ...ROW_FUNCTIONS, ...CATALOG_ROW_FUNCTIONS },
  recordFunctions: RECORD_FUNCTIONS,
  populateFunctions: POPULATE_FUNCTIONS,
  hypotheticals: { rank: 'rank', dense_rank: 'dense_rank', percent_rank: 'percent_rank', cume_dist: 'cume_dist' },
  parameterNames: PARAMETER_NAMES,
  unsupportedTypes: OTHER_TYPES,
  unsupportedFunctions: OTHER_FUNCTIONS,
  casts: CASTS,
  comparison: { equal: '=', notEqual: '<>', less: '<', lessOrEqual: '<=', greater: '>', greaterOrEqual: '>=', casts: COMPARED },
  like: {
    like: '~~',
    ilike: '~~*',
    similar: 'similar',
    likeEscape: 'like_escape',
    similarEscape: { function: 'similar_to_escape', operator: '~' },
  },
  groupingFunction: 'grouping',
  valueFunctions: {
    current_date: 'current_date',
    current_time: 'current_time',
    current_timestamp: 'current_timestamp',
    localtime: 'localtime',
    localtimestamp: 'localtimestamp',
    current_user: 'current_user',
    user: 'current_user',
    current_role: 'current_user',
    session_user: 'session_user',
    current_catalog: 'current_database',
    current_schema: 'current_schema',
  },
  literals: { integers: ['int4', 'int8'], decimal: 'numeric', string: 'unknown' },
  orderByName: ['output', 'input', 'outer'],
  groupByName: ['input', 'output', 'outer'],
  havingSeesAliases: false,
  groupedColumns: 'dependent',
  nullOrder: 'highest',
  unknownBecomes: 'text',
  unnamedColumn: '?column?',
  searchPath: ['public', 'pg_catalog'],
};
