/**
 * The type rules of results (SBLR-N6): what is known of an exact result's scale and digits. `length` stays -1: a result has no
 * modifiers, but where its scale is the same for every value that is known (numeric) and where its digits are bounded too.
 */

import type { ResultRule } from './semantics.ts';
import { type SqlType, sqlType, type TypeName } from './types.ts';

/** Scale that every value of the type has; -1: each its own. */
const scaleOf = (type: SqlType): number => (isInteger(type.name) ? 0 : type.name === 'numeric' ? type.scale : -1);

const isInteger = (name: TypeName): boolean => name === 'int2' || name === 'int4' || name === 'int8' || name === 'oid';

interface Bounds {
  readonly scale: number;
  readonly digits: number;
}

/** Digits once the value is written with `scale` digits behind the point. */
const widened = (type: SqlType, scale: number): number => type.digits + scale - scaleOf(type);

function addBounds(left: SqlType, right: SqlType): Bounds {
  const scale = Math.max(scaleOf(left), scaleOf(right));
  const known = left.digits > 0 && right.digits > 0;
  return { scale, digits: known ? Math.max(widened(left, scale), widened(right, scale)) + 1 : 0 };
}

function boundsOf(rule: ResultRule, types: readonly SqlType[]): Bounds {
  const [left, right = left] = types;
  const unscaled = scaleOf(left) < 0 || scaleOf(right) < 0;
  switch (rule) {
    case 'same':
      return { scale: scaleOf(left), digits: left.digits };
    case 'sum':
      return { scale: scaleOf(left), digits: 0 };
    case 'four':
      return { scale: scaleOf(left) < 0 ? -1 : scaleOf(left) + 4, digits: 0 };
    case 'whole':
      return { scale: 0, digits: scaleOf(left) >= 0 && left.digits > 0 ? Math.max(left.digits - scaleOf(left), 0) + 1 : 0 };
    case 'add':
      return unscaled ? NOTHING : addBounds(left, right);
    case 'multiply':
      if (unscaled) return NOTHING;
      return {
        scale: scaleOf(left) + scaleOf(right),
        digits: left.digits > 0 && right.digits > 0 ? left.digits + right.digits : 0,
      };
    case 'modulo': {
      if (unscaled) return NOTHING;
      const scale = Math.max(scaleOf(left), scaleOf(right));
      const known = left.digits > 0 && right.digits > 0;
      return { scale, digits: known ? Math.min(widened(left, scale), widened(right, scale)) : 0 };
    }
  }
}

const NOTHING: Bounds = { scale: -1, digits: 0 };

/** Type of a primitive's result for arguments that are of its argument types already. */
export function resultType(name: TypeName, rule: ResultRule | undefined, types: readonly SqlType[], nullable: boolean): SqlType {
  const plain = sqlType(name, nullable);
  if (rule === undefined || types.length === 0) return plain;
  if (name === 'numeric') return { ...plain, ...boundsOf(rule, types) };
  // The smallest of several values has as many digits of the second as they.
  if (rule === 'same' && !isInteger(name) && types[0].name === name) return { ...plain, length: types[0].length };
  // An integer's own width is a bound already: out of range is an error.
  if (!isInteger(name) || rule === 'sum') return plain;
  const { digits } = boundsOf(rule, types);
  return digits > 0 && digits < plain.digits ? { ...plain, digits } : plain;
}

/** What a cast knows of its result: the value's scale and digits survive where the cast does not round. */
export function castBounds(from: SqlType, to: SqlType): SqlType {
  if (to.length >= 0 || from.digits === 0) return to;
  if (to.name === 'numeric' && scaleOf(from) >= 0) return { ...to, scale: scaleOf(from), digits: from.digits };
  if (isInteger(to.name) && isInteger(from.name) && from.digits < to.digits) return { ...to, digits: from.digits };
  return to;
}
