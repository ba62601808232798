/** What PostgreSQL means, as data (dialects.md, 'Semantics are data'): put together from tables of lines (parsers/kit/signatures.ts). */

import type { DialectSemantics } from '../../engine/sblr/semantics.ts';
import { readTable, WINDOW_FUNCTIONS } from '../kit/signatures.ts';
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
import { AGGREGATES, OPERATORS, ORDERED_SETS, SET_FUNCTIONS } from './semantics-operators.ts';
import { OTHER_FUNCTIONS, OTHER_TYPES, PARAMETER_NAMES } from './semantics-others.ts';
import { SYSTEM_FUNCTIONS, SYSTEM_OPERATORS } from './semantics-system.ts';
import { CASTS, TYPES } from './semantics-types.ts';

/** Dates are compared with timestamps by operators of their own: those beyond the timestamps, too. */
const COMPARED = { 'date.to.timestamp': 'date.beside.timestamp', 'date.to.timestamptz': 'date.beside.timestamptz' };

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
