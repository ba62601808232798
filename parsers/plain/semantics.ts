/**
 * What plain means, as tables: names are as they are written, integers are int4 or int8, decimals numeric, and six comparisons of equal
 * types are all the operators there are. How a value of another type is read from text: the cast from unknown.
 */

import type { CastRule, DialectSemantics, Signature } from '../../engine/sblr/semantics.ts';
import type { TypeName } from '../../engine/sblr/types.ts';

const COMPARED: readonly TypeName[] = [
  'int2',
  'int4',
  'int8',
  'float8',
  'numeric',
  'text',
  'bool',
  'date',
  'timestamp',
  'timestamptz',
];

const comparison = (name: string): Signature[] =>
  COMPARED.map((type) => ({ arguments: [type, type], result: 'bool', primitive: `${type}.${name}` }));

/** From narrow to wide. */
const NUMBERS: readonly TypeName[] = ['int2', 'int4', 'int8', 'numeric', 'float8'];
const NARROWER: readonly (readonly [TypeName, TypeName])[] = NUMBERS.flatMap((from, index) =>
  NUMBERS.slice(index + 1).map((to) => [from, to] as const),
);

const CASTS: readonly CastRule[] = [
  ...NARROWER.map(([from, to]): CastRule => ({ from, to, context: 'implicit', primitive: `${from}.to.${to}` })),
  ...NARROWER.map(([to, from]): CastRule => ({ from, to, context: 'assignment', primitive: `${from}.to.${to}` })),
  ...COMPARED.filter((type) => type !== 'text').map(
    (to): CastRule => ({ from: 'unknown', to, context: 'implicit', primitive: `text.to.${to}` }),
  ),
];

export const semantics: DialectSemantics = {
  dialect: 'plain',
  algorithm: 'postgresql',
  folding: 'none',
  types: [
    { name: 'bool', names: ['bool'], category: 'B', preferred: true, shown: 'bool' },
    { name: 'int2', names: ['int2'], category: 'N', preferred: false, shown: 'int2' },
    { name: 'int4', names: ['int4'], category: 'N', preferred: false, shown: 'int4' },
    { name: 'int8', names: ['int8'], category: 'N', preferred: false, shown: 'int8' },
    { name: 'numeric', names: ['numeric'], category: 'N', preferred: false, shown: 'numeric' },
    { name: 'float8', names: ['float8'], category: 'N', preferred: true, shown: 'float8' },
    { name: 'text', names: ['text'], category: 'S', preferred: true, shown: 'text' },
    { name: 'date', names: ['date'], category: 'D', preferred: false, shown: 'date' },
    { name: 'timestamp', names: ['timestamp'], category: 'D', preferred: false, shown: 'timestamp' },
    { name: 'timestamptz', names: ['timestamptz'], category: 'D', preferred: true, shown: 'timestamptz' },
  ],
  operators: {
    '=': comparison('equal'),
    '<>': comparison('notEqual'),
    '<': comparison('less'),
    '<=': comparison('lessOrEqual'),
    '>': comparison('greater'),
    '>=': comparison('greaterOrEqual'),
  },
  functions: {},
  casts: CASTS,
  comparison: { equal: '=', notEqual: '<>', less: '<', lessOrEqual: '<=', greater: '>', greaterOrEqual: '>=' },
  like: { like: 'like', ilike: 'ilike', similar: 'similar' },
  valueFunctions: {},
  literals: { integers: ['int4', 'int8', 'numeric'], decimal: 'numeric', string: 'unknown' },
  orderByName: ['output', 'input'],
  groupByName: ['input', 'output'],
  havingSeesAliases: false,
  groupedColumns: 'error',
  nullOrder: 'highest',
  unknownBecomes: 'text',
  unnamedColumn: '?',
  searchPath: ['public'],
};
