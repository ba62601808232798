/**
 * Integers of 16, 32 and 64 bits: exact, and an error where they overflow (22003) or are divided by zero (22012).
 * int8 is a number while it is safe (|x| < 2^53), else a bigint.
 */

import { badSyntax, divisionByZero, outOfRange, textOutOfRange } from './errors.ts';

export type Int8 = number | bigint;

const INT8_MIN = -(2n ** 63n);
const INT8_MAX = 2n ** 63n - 1n;

const NAMES = { int2: 'smallint', int4: 'integer', int8: 'bigint' } as const;
export type IntegerType = keyof typeof NAMES;

/** The value in int8's form; 22003 beyond 64 bits. */
export function int8Of(value: bigint): Int8 {
  if (value > INT8_MAX || value < INT8_MIN) throw outOfRange('bigint');
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function int2Of(value: number): number {
  if (value > 32767 || value < -32768) throw outOfRange('smallint');
  return value;
}
export function int4Of(value: number): number {
  if (value > 2147483647 || value < -2147483648) throw outOfRange('integer');
  return value;
}

// Sums and differences of 32-bit integers are exact doubles; products need 64 bits only beyond the range.
export const int2Add = (a: number, b: number): number => int2Of(a + b);
export const int2Sub = (a: number, b: number): number => int2Of(a - b);
export const int2Mul = (a: number, b: number): number => int2Of(a * b + 0);
export const int4Add = (a: number, b: number): number => int4Of(a + b);
export const int4Sub = (a: number, b: number): number => int4Of(a - b);
export const int4Mul = (a: number, b: number): number => int4Of(a * b + 0);

export function int2Div(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return int2Of((a / b) | 0);
}
export function int4Div(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return int4Of(Math.trunc(a / b) + 0);
}
export function int4Mod(a: number, b: number): number {
  if (b === 0) throw divisionByZero();
  return (a % b) | 0;
}

export function int8Add(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return int8Of(BigInt(a) + BigInt(b));
}
export function int8Sub(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return int8Of(BigInt(a) - BigInt(b));
}
export function int8Mul(a: Int8, b: Int8): Int8 {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b;
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return int8Of(BigInt(a) * BigInt(b));
}
export function int8Div(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  // The quotient of two safe integers, cut, is exact as long as it is computed from an exact multiple.
  if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0;
  return int8Of(BigInt(a) / BigInt(b));
}
export function int8Mod(a: Int8, b: Int8): Int8 {
  if (b === 0) throw divisionByZero();
  if (typeof a === 'number' && typeof b === 'number') return (a % b) + 0;
  return int8Of(BigInt(a) % BigInt(b));
}
export const int8Negate = (a: Int8): Int8 => (typeof a === 'number' ? 0 - a : int8Of(-a));
export const int8Abs = (a: Int8): Int8 => (typeof a === 'number' ? Math.abs(a) : int8Of(a < 0n ? -a : a));

const both = (a: Int8, b: Int8, operation: (a: bigint, b: bigint) => bigint): Int8 => int8Of(operation(BigInt(a), BigInt(b)));
export const int8And = (a: Int8, b: Int8): Int8 => both(a, b, (x, y) => x & y);
export const int8Or = (a: Int8, b: Int8): Int8 => both(a, b, (x, y) => x | y);
export const int8Xor = (a: Int8, b: Int8): Int8 => both(a, b, (x, y) => x ^ y);
export const int8Not = (a: Int8): Int8 => int8Of(~BigInt(a));
/** Only the low six bits of the distance count, as in the machine's instruction. */
export const int8ShiftLeft = (a: Int8, distance: number): Int8 => int8Of(BigInt.asIntN(64, BigInt(a) << BigInt(distance & 63)));
export const int8ShiftRight = (a: Int8, distance: number): Int8 => int8Of(BigInt(a) >> BigInt(distance & 63));
export const int2ShiftLeft = (a: number, distance: number): number => ((a << distance) << 16) >> 16;

export function gcd(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
export const int8Gcd = (a: Int8, b: Int8): Int8 => int8Of(gcd(BigInt(a), BigInt(b)));
export const int4Gcd = (a: number, b: number): number => int4Of(Number(gcd(BigInt(a), BigInt(b))));
function lcm(a: Int8, b: Int8): bigint {
  const x = BigInt(a);
  const y = BigInt(b);
  if (x === 0n || y === 0n) return 0n;
  const product = (x / gcd(x, y)) * y;
  return product < 0n ? -product : product;
}
export const int8Lcm = (a: Int8, b: Int8): Int8 => int8Of(lcm(a, b));
export function int4Lcm(a: number, b: number): number {
  return int4Of(Number(lcm(a, b)));
}

/** Two's complement digits in base 2, 8 or 16. */
export const unsignedText = (value: Int8, bits: number, base: number): string =>
  BigInt.asUintN(bits, BigInt(value)).toString(base);

const DECIMAL_SHORT = /^\s*([+-]?\d{1,15})\s*$/;
const WITH_UNDERSCORES = /^\s*([+-]?)(\d+(?:_\d+)*|0[xX](?:_?[\da-fA-F]+)+|0[oO](?:_?[0-7]+)+|0[bB](?:_?[01]+)+)\s*$/;
const MINIMUM = { int2: -32768n, int4: -2147483648n, int8: INT8_MIN } as const;
const MAXIMUM = { int2: 32767n, int4: 2147483647n, int8: INT8_MAX } as const;
const SPACES = /^[ \t\n\v\f\r]*$|[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]/;

/** Reads an integer as SQL text has it: decimal, 0x, 0o, 0b, underscores between digits, blanks around. 22P02, 22003. */
export function parseInteger(text: string, type: IntegerType): Int8 {
  const match = DECIMAL_SHORT.exec(text);
  let value: bigint;
  if (match !== null) {
    const number = Number(match[1]) + 0;
    if (type === 'int8' || (number <= 2147483647 && number >= -2147483648 && type === 'int4')) return number;
    value = BigInt(number);
  } else {
    const other = WITH_UNDERSCORES.exec(text);
    if (other === null || SPACES.test(text)) throw badSyntax(NAMES[type], text);
    value = BigInt(other[2].replaceAll('_', ''));
    if (other[1] === '-') value = -value;
  }
  if (value < MINIMUM[type] || value > MAXIMUM[type]) throw textOutOfRange(NAMES[type], text);
  return int8Of(value);
}
