/**
 * Short numerics as texts, without BigInt: operands of at most 15 digits are read as integers with a scale, and a result is taken only
 * if it is an integer below 2^53. Hot file: no allocation but the resulting text.
 */

import {
  addDecimals,
  compareDecimals,
  decimalOf,
  formatDecimal,
  multiplyDecimals,
  negateDecimal,
  subtractDecimals,
} from './decimal.ts';

const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** Scale of what readShort() has read. */
let shortScale = 0;

/** value * 10^scale of a plain text of at most 15 digits, the scale in shortScale; NaN for any other text. */
function readShort(text: string): number {
  const length = text.length;
  if (length > 17) return NaN;
  let at = 0;
  const negative = text.charCodeAt(0) === 45;
  if (negative) at = 1;
  if (length - at > 16) return NaN;
  let units = 0;
  let point = -1;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) units = units * 10 + digit;
    else if (digit === -2 && point < 0) point = at;
    else return NaN;
  }
  if (point < 0 && length - (negative ? 1 : 0) > 15) return NaN;
  shortScale = point < 0 ? 0 : length - point - 1;
  return negative ? -units : units;
}

/** Text of an integer below 2^53 with `scale` digits behind the point. */
export function formatShort(units: number, scale: number): string {
  if (scale === 0) return '' + (units + 0);
  const negative = units < 0;
  let digits = '' + (negative ? -units : units);
  if (digits.length <= scale) digits = '0'.repeat(scale + 1 - digits.length) + digits;
  const point = digits.length - scale;
  return (negative ? '-' : '') + digits.slice(0, point) + '.' + digits.slice(point);
}

function combine(a: string, b: string, sign: 1 | -1): string {
  let left = readShort(a);
  if (!Number.isNaN(left)) {
    const scale = shortScale;
    let right = readShort(b);
    if (!Number.isNaN(right)) {
      const other = shortScale;
      if (scale < other) left *= POWERS[other - scale];
      else if (other < scale) right *= POWERS[scale - other];
      const sum = left + sign * right;
      // Safe operands and a safe sum: nothing was rounded.
      if (Number.isSafeInteger(left) && Number.isSafeInteger(right) && Number.isSafeInteger(sum))
        return formatShort(sum, scale > other ? scale : other);
    }
  }
  const first = decimalOf(a);
  const second = decimalOf(b);
  return formatDecimal(sign > 0 ? addDecimals(first, second) : subtractDecimals(first, second));
}

export const numericAdd = (a: string, b: string): string => combine(a, b, 1);
export const numericSub = (a: string, b: string): string => combine(a, b, -1);

export function numericMul(a: string, b: string): string {
  const left = readShort(a);
  if (!Number.isNaN(left)) {
    const scale = shortScale;
    const product = left * readShort(b);
    if (Number.isSafeInteger(product)) return formatShort(product, scale + shortScale);
  }
  return formatDecimal(multiplyDecimals(decimalOf(a), decimalOf(b)));
}

export function compareNumerics(a: string, b: string): number {
  if (a === b) return 0;
  let left = readShort(a);
  if (!Number.isNaN(left)) {
    const scale = shortScale;
    let right = readShort(b);
    if (!Number.isNaN(right)) {
      if (scale < shortScale) left *= POWERS[shortScale - scale];
      else right *= POWERS[scale - shortScale];
      if (Number.isSafeInteger(left) && Number.isSafeInteger(right)) return left < right ? -1 : left > right ? 1 : 0;
    }
  }
  return compareDecimals(decimalOf(a), decimalOf(b));
}

export function numericNegate(a: string): string {
  const first = a.charCodeAt(0);
  if (first > 57 || /^-?[0.]+$/.test(a)) return formatDecimal(negateDecimal(decimalOf(a)));
  return first === 45 ? (a === '-Infinity' ? 'Infinity' : a.slice(1)) : '-' + a;
}
export const numericAbs = (a: string): string => (a.charCodeAt(0) === 45 ? a.slice(1) : a);
