/**
 * Tables of operators and functions as lines of text, of which each names primitives; argument and result types are the primitive's own
 * unless the line says otherwise.
 *
 *   abs: int2.abs float8.add<float4,float8> text.concat.nullIsEmpty<any>@output array_agg<anynonarray>#0
 *        primitive                          types of the signature   how arguments given for `any` are handed over
 *                                           #n: the name of the n-th argument's type comes behind them
 *   max.timestamp!same                      what is known of the result's digits (ResultRule), where it is not the usual
 */

import { primitiveOf } from '../../engine/sblr/primitives.ts';
import type { AggregateSignature, ResultRule, SetSignature, Signature, WindowSignature } from '../../engine/sblr/semantics.ts';
import type { TypeName } from '../../engine/sblr/types.ts';

const ITEM = /^([\w.]+)(?:<([\w,[\]]*)>)?(?:@([\w.]+))?(?:#(\d))?(?:!(\w+))?$/;

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
  const rule = (match[5] as ResultRule | undefined) ?? RULES[primitive.name];
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
export function readTable(...texts: readonly string[]): { [name: string]: readonly Signature[] } {
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

/** The SQL standard's. */
export const WINDOW_FUNCTIONS = `
row_number: row_number
rank: rank
dense_rank: dense_rank
percent_rank: percent_rank
cume_dist: cume_dist
ntile: ntile
lag: lag lag.offset lag.default
lead: lead lead.offset lead.default
first_value: first_value
last_value: last_value
nth_value: nth_value
`;
