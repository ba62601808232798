/**
 * A dialect of ten entries that means other things than PostgreSQL wherever a dialect may: what the engine does with it shows that
 * nothing of a dialect is in the engine.
 *
 *   names in upper case       7 / 2 is 3.5             NULL || 'a' is 'a'        1 + 'x' is text: + joins strings
 *   ORDER BY: input first     GROUP BY: output first   HAVING sees aliases       columns of a group that are no keys: any of its
 *   NULLs below all values    `int` of no literal: every integer literal is bigint, and columns without a name are EXPR
 */

import type { DialectSemantics, Signature } from '../../engine/sblr/semantics.ts';
import type { TypeName } from '../../engine/sblr/types.ts';

const signature = (primitive: string, result: TypeName, ...given: TypeName[]): Signature => ({
  primitive,
  result,
  arguments: given,
});
const compared = (name: string): Signature[] =>
  (['int8', 'numeric', 'text', 'bool'] as const).map((type) => signature(`${type}.${name}`, 'bool', type, type));

export const testDialect: DialectSemantics = {
  dialect: 'test',
  algorithm: 'postgresql',
  folding: 'upper',
  types: [
    { name: 'bool', names: ['LOGICAL'], category: 'B', preferred: true, shown: 'LOGICAL' },
    { name: 'int4', names: ['SMALL'], category: 'N', preferred: false, shown: 'SMALL' },
    { name: 'int8', names: ['WHOLE'], category: 'N', preferred: false, shown: 'WHOLE' },
    { name: 'numeric', names: ['EXACT'], category: 'N', preferred: true, shown: 'EXACT' },
    { name: 'text', names: ['STRING'], category: 'S', preferred: true, shown: 'STRING' },
  ],
  operators: {
    '/': [{ ...signature('numeric.div.postgresql', 'numeric', 'numeric', 'numeric') }],
    '||': [{ ...signature('text.concat.nullIsEmpty', 'text', 'text', 'text') }],
    '+': [signature('int8.add', 'int8', 'int8', 'int8'), signature('text.concat', 'text', 'text', 'text')],
    '=': compared('equal'),
    '<': compared('less'),
  },
  functions: {
    COUNT: [
      { ...signature('count.star', 'int8'), aggregate: true },
      { ...signature('count', 'int8', 'any'), aggregate: true },
    ],
  },
  casts: [
    { from: 'int4', to: 'int8', context: 'implicit', primitive: 'int4.to.int8' },
    { from: 'int4', to: 'numeric', context: 'implicit', primitive: 'int4.to.numeric' },
    { from: 'int8', to: 'numeric', context: 'implicit', primitive: 'int8.to.numeric' },
    { from: 'int8', to: 'text', context: 'implicit', primitive: 'int8.to.text' },
    { from: 'unknown', to: 'int8', context: 'implicit', primitive: 'text.to.int8' },
  ],
  comparison: { equal: '=', notEqual: '<>', less: '<', lessOrEqual: '<=', greater: '>', greaterOrEqual: '>=' },
  like: { like: 'LIKE', ilike: 'ILIKE', similar: 'SIMILAR' },
  valueFunctions: {},
  literals: { integers: ['int8'], decimal: 'numeric', string: 'text' },
  orderByName: ['input', 'output'],
  groupByName: ['output', 'input'],
  havingSeesAliases: true,
  groupedColumns: 'any',
  nullOrder: 'lowest',
  unknownBecomes: 'text',
  unnamedColumn: 'EXPR',
  searchPath: ['MAIN'],
};
