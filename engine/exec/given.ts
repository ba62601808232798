/** The values that a program gives with a call, in the order of the statement's parameters. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { ShapeParts } from './shape.ts';

type Parts = Pick<ShapeParts, 'clientParameters' | 'parameterNames'>;

/**
 * Numbered parameters take their values one by one, or as one array where that cannot be the value itself. Named ones take one object
 * (its keys with or without the mark before the name), or their values in the order of their first appearance. 08P01, 42P02.
 */
export function valuesOf(parts: Parts, given: readonly unknown[]): readonly unknown[] {
  const { clientParameters, parameterNames } = parts;
  if (parameterNames.length > 0 && given.length === 1 && isRecord(given[0])) return named(parameterNames, given[0]);
  if (given.length === clientParameters) return given;
  const [list] = given;
  if (given.length === 1 && Array.isArray(list)) {
    if (list.length === clientParameters) return list;
    throw wrongCount(parts, list.length);
  }
  throw wrongCount(parts, given.length);
}

/** What a program gives with a call that takes one argument for all values. */
export type GivenValues = readonly unknown[] | { readonly [name: string]: unknown };

/** The same as a list of arguments. */
export const argumentsOf = (values: GivenValues): readonly unknown[] => (Array.isArray(values) ? values : [values]);

/** An object that holds values by name, and is no value itself. */
function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value) || value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return false;
  return !String((value as { [Symbol.toStringTag]?: string })[Symbol.toStringTag]).startsWith('Temporal.');
}

const MARKS = [':', '$', '@'];

function named(names: readonly string[], values: { readonly [name: string]: unknown }): unknown[] {
  return names.map((name) => {
    if (Object.hasOwn(values, name)) return values[name];
    const mark = MARKS.find((one) => Object.hasOwn(values, one + name));
    if (mark !== undefined) return values[mark + name];
    // A class may have it as a getter.
    if (name in values && !(name in Object.prototype)) return values[name];
    throw new SqlError(SQLSTATE.undefined_parameter, `there is no value for parameter :${name}`, {
      hint: `give an object with ${names.join(', ')}; null is a value`,
    });
  });
}

function wrongCount({ clientParameters, parameterNames }: Parts, given: number): SqlError {
  const plural = clientParameters === 1 ? '' : 's';
  return new SqlError(
    SQLSTATE.protocol_violation,
    `the statement has ${clientParameters} parameter${plural}, but ${given} ${given === 1 ? 'value was' : 'values were'} given`,
    { hint: parameterNames.length === 0 ? undefined : `give one object with ${parameterNames.join(', ')}` },
  );
}
