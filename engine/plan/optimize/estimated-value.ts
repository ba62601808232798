/** What a lifted literal, or a call of what is known, is worth to an estimate. */

import type { BoundCall, BoundExpression } from '../../sblr/bound.ts';
import { primitiveOf } from '../../sblr/primitives.ts';
import type { SqlType } from '../../sblr/types.ts';
import type { RowValue } from '../../storage/rows/row-value.ts';
import type { ValueContext } from '../../values/context.ts';
import { implementations } from '../../values/functions.ts';

/** An estimate is as good in one time zone as in another; 'now' and the like have no value here. */
const CONTEXT = { timeZone: 'UTC', setting: () => null } as unknown as ValueContext;

/** A literal is text until the statement runs: its value as one of its type, undefined where the run will raise an error. */
export function estimatedValue(text: string, type: SqlType): RowValue | undefined {
  const input = implementations[`text.to.${type.name}`];
  if (input === undefined) return text;
  try {
    return input(text, CONTEXT);
  } catch {
    return undefined;
  }
}

/** Calls that take no time, of values that statistics know: what a statement asks of days and numbers. */
const ESTIMATED =
  /^(?:timestamptz|timestamp|date|interval|int[248]|numeric|float[48])\.|^text\.to\.(?:timestamptz|timestamp|date)$/;

/** What a call gives when its arguments are known; undefined: they are not, or it fails. `now` is when the plan is made. */
export function estimatedCall(
  { primitive, arguments: given }: BoundCall,
  known: (expression: BoundExpression) => RowValue | undefined,
): RowValue | undefined {
  if (primitive === 'timestamptz.now') return Date.now() * 1000;
  if (!ESTIMATED.test(primitive)) return undefined;
  const implementation = implementations[primitive];
  const values: RowValue[] = [];
  for (const one of given) {
    const value = known(one);
    if (value === undefined || value === null) return value;
    values.push(value);
  }
  if (implementation === undefined || primitiveOf(primitive).volatility === 'volatile') return undefined;
  try {
    return implementation(...values, CONTEXT);
  } catch {
    return undefined;
  }
}
