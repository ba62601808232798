/** Floating point: arithmetic that tells overflow and underflow, shortest text, order with NaN last (NaN = NaN, -0 = 0). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badSyntax, divisionByZero, outOfRange } from './errors.ts';

const overflow = (): SqlError => new SqlError(SQLSTATE.numeric_value_out_of_range, 'value out of range: overflow');
const underflow = (): SqlError => new SqlError(SQLSTATE.numeric_value_out_of_range, 'value out of range: underflow');

const isInfinite = (x: number): boolean => x === Infinity || x === -Infinity;

function checked(result: number, anyInfinite: boolean, mayBeZero: boolean): number {
  if (isInfinite(result) && !anyInfinite) throw overflow();
  if (result === 0 && !mayBeZero) throw underflow();
  return result;
}

export const floatAdd = (a: number, b: number): number => checked(a + b, isInfinite(a) || isInfinite(b), true);
export const floatSub = (a: number, b: number): number => checked(a - b, isInfinite(a) || isInfinite(b), true);
export const floatMul = (a: number, b: number): number => checked(a * b, isInfinite(a) || isInfinite(b), a === 0 || b === 0);
export function floatDiv(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  return checked(a / b, isInfinite(a), a === 0 || isInfinite(b));
}
const round4 = Math.fround;
export const float4Add = (a: number, b: number): number => checked(round4(a + b), isInfinite(a) || isInfinite(b), true);
export const float4Sub = (a: number, b: number): number => checked(round4(a - b), isInfinite(a) || isInfinite(b), true);
export const float4Mul = (a: number, b: number): number =>
  checked(round4(a * b), isInfinite(a) || isInfinite(b), a === 0 || b === 0);
export function float4Div(a: number, b: number): number {
  if (b === 0 && !Number.isNaN(a)) throw divisionByZero();
  return checked(round4(a / b), isInfinite(a), a === 0 || isInfinite(b));
}

export function compareFloats(a: number, b: number): number {
  if (a < b) return -1;
  if (a > b) return 1;
  if (a === b) return 0;
  return Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1;
}

/** To the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor === 0 && x < 0 ? -0 : floor;
  if (rest > 0.5) return floor + 1 === 0 ? -0 : floor + 1;
  if (!(rest === 0.5)) return x;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && x < 0 ? -0 : even;
}

/** float4 of a double; 22003 where it does not fit. */
export function toFloat4(x: number): number {
  const result = round4(x);
  return checked(result, isInfinite(x), x === 0);
}

const power = (code: string, message: string): SqlError => new SqlError(code, message);

export function floatPower(a: number, b: number): number {
  if (Number.isNaN(a)) return b === 0 ? 1 : a;
  if (Number.isNaN(b)) return a === 1 ? 1 : b;
  if (a === 0 && b < 0) throw power(SQLSTATE.invalid_argument_for_power_function, 'zero raised to a negative power is undefined');
  if (a < 0 && !Number.isInteger(b) && !isInfinite(b)) {
    const message = 'a negative number raised to a non-integer power yields a complex result';
    throw power(SQLSTATE.invalid_argument_for_power_function, message);
  }
  if ((a === 1 || a === -1) && isInfinite(b)) return 1;
  return checked(a ** b, isInfinite(a) || isInfinite(b), a === 0 || isInfinite(a) || isInfinite(b));
}
export function floatSqrt(x: number): number {
  if (x < 0) throw power(SQLSTATE.invalid_argument_for_power_function, 'cannot take square root of a negative number');
  return Math.sqrt(x);
}
export const floatExp = (x: number): number => checked(Math.exp(x), isInfinite(x), x === -Infinity);
function logarithm(x: number, of: (x: number) => number): number {
  if (x === 0) throw power(SQLSTATE.invalid_argument_for_logarithm, 'cannot take logarithm of zero');
  if (x < 0) throw power(SQLSTATE.invalid_argument_for_logarithm, 'cannot take logarithm of a negative number');
  return of(x);
}
export const floatLn = (x: number): number => logarithm(x, Math.log);
export const floatLog10 = (x: number): number => logarithm(x, Math.log10);

/** Of an angle: infinities have none. */
export const ofAngle =
  (of: (x: number) => number) =>
  (x: number): number => {
    if (isInfinite(x)) throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'input is out of range');
    return of(x);
  };
/** A function with a domain: NaN for an argument that is none. */
export const withDomain =
  (of: (x: number) => number) =>
  (x: number): number => {
    const result = of(x);
    if (Number.isNaN(result) && !Number.isNaN(x))
      throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'input is out of range');
    return result;
  };
export const floatCot = ofAngle((x) => 1 / Math.tan(x));
export const floatDegrees = (x: number): number => floatDiv(x, Math.PI / 180);
export const floatRadians = (x: number): number => floatMul(x, Math.PI / 180);
/** They overflow to an infinity without an error. */
export const floatCosh = Math.cosh;
export const floatSinh = Math.sinh;

const SPECIAL: { readonly [text: string]: number } = {
  nan: NaN,
  inf: Infinity,
  infinity: Infinity,
  '+inf': Infinity,
  '+infinity': Infinity,
  '-inf': -Infinity,
  '-infinity': -Infinity,
};
const FLOAT = /^[ \t\n\v\f\r]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[ \t\n\v\f\r]*$/;

/** Reads a float. 22P02; 22003 for one that is too large, or too small to be told from zero. */
export function parseFloat8(text: string): number {
  return parseAs(text, 'double precision', Number);
}
export function parseFloat4(text: string): number {
  return parseAs(text, 'real', nearestFloat4);
}
function parseAs(text: string, type: string, read: (text: string) => number): number {
  const match = FLOAT.exec(text);
  if (match === null) {
    const special = SPECIAL[text.trim().toLowerCase()];
    if (special === undefined) throw badSyntax(type, text);
    return special;
  }
  const value = read(match[1]);
  if (isInfinite(value) || (value === 0 && /[1-9]/.test(match[1].replace(/[eE].*/, '')))) {
    throw new SqlError(SQLSTATE.numeric_value_out_of_range, `"${match[1]}" is out of range for type ${type}`);
  }
  return value;
}

/** The float4 next to a decimal: rounding by way of a double goes wrong only where that double lies halfway between two floats. */
export function nearestFloat4(text: string): number {
  const double = Number(text);
  const single = round4(double);
  const other = single + 2 * (double - single);
  if (double === single || round4(other) !== other || !Number.isFinite(single)) return single;
  const exact = compareDecimalTexts(text, double);
  if (exact === 0) return single;
  const [low, high] = single < other ? [single, other] : [other, single];
  return exact > 0 ? high : low;
}

/** Sign of (decimal text - double), exactly. */
function compareDecimalTexts(text: string, double: number): number {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e');
  const point = mantissa.indexOf('.');
  const places = (point < 0 ? 0 : mantissa.length - point - 1) - Number(exponent);
  let left = BigInt(mantissa.replace('.', '').replace('+', ''));
  // double = right / 2^shift
  let right = double;
  let shift = 0;
  while (!Number.isInteger(right)) {
    right *= 2;
    shift++;
  }
  left *= 2n ** BigInt(shift) * (places < 0 ? 10n ** BigInt(-places) : 1n);
  const scaled = BigInt(right) * (places > 0 ? 10n ** BigInt(places) : 1n);
  return left < scaled ? -1 : left > scaled ? 1 : 0;
}

/** Digits and exponent as PostgreSQL lays them out: plain from 1e-4 up to (not including) 10^whole. */
function layOut(text: string, whole: number): string {
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign, first, rest = '', exponentText] = match;
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= whole) {
    const digits = String(Math.abs(exponent)).padStart(2, '0');
    return `${sign}${first}${rest === '' ? '' : '.' + rest}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  const digits = first + rest;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1) return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** The shortest text that reads back as the same double. */
export function float8Text(x: number): string {
  const magnitude = x < 0 ? -x : x;
  if (magnitude < 1e15 && magnitude >= 1e-4) return String(x);
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  if (!Number.isFinite(x)) return String(x);
  if (x < 0) return '-' + float8Text(-x);
  let text = x.toExponential();
  // Beyond 10^40 no decimal of 17 digits lies halfway.
  if (magnitude >= 1e15 && magnitude < 1e41) {
    for (let digits = Math.max(text.indexOf('e') - 1, 1); isBetween8(x, text); digits++)
      text = x.toExponential(digits).replace(/\.?0*e/, 'e');
  }
  return layOut(text, 15);
}
/** Does the decimal lie halfway between two floats? Reading it back would rest on how halves are rounded. */
function isBetween4(x: number, decimal: number): boolean {
  const other = x + 2 * (decimal - x);
  return decimal !== x && round4(other) === other;
}
/** Of two texts equally near, the one that ends in an even digit; toExponential() takes the larger. */
function evenOf(x: number, text: string): string {
  const last = text.indexOf('e') - 1;
  const digit = text.charCodeAt(last) - 48;
  if (digit % 2 === 0) return text;
  const lower = text.slice(0, last) + String(digit - 1) + text.slice(last + 1);
  const isTie = Math.abs(Number(text) - x) === Math.abs(x - Number(lower));
  return isTie && round4(Number(lower)) === x ? lower : text;
}
function isBetween8(x: number, text: string): boolean {
  const [mantissa, exponent] = text.split('e');
  const point = mantissa.indexOf('.');
  const places = Number(exponent) - (point < 0 ? 0 : mantissa.length - point - 1);
  if (places < 0) return false;
  const decimal = BigInt(mantissa.replace('.', '')) * 10n ** BigInt(places);
  const other = BigInt(x) + 2n * (decimal - BigInt(x));
  return decimal !== BigInt(x) && BigInt(Number(other)) === other;
}

/** The shortest text that reads back as the same float4. */
export function float4Text(x: number): string {
  if (x === 0) return Object.is(x, -0) ? '-0' : '0';
  if (!Number.isFinite(x)) return String(x);
  for (let digits = 0; digits < 9; digits++) {
    const text = x.toExponential(digits);
    if (round4(Number(text)) === x && !isBetween4(x, Number(text))) return layOut(evenOf(x, text).replace(/\.?0*e/, 'e'), 6);
  }
  return layOut(x.toExponential(8), 6);
}

/** Rounds half to even and checks the range; `name` as in `integer out of range`. */
export function floatToInteger(x: number, minimum: number, maximum: number, name: string): number {
  const rounded = roundHalfEven(x);
  // A NaN fails both comparisons.
  if (!(rounded >= minimum && rounded <= maximum)) throw outOfRange(name);
  return rounded + 0;
}
