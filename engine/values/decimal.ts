/**
 * Numerics: exact decimals of any size with a scale, NaN and the infinities. Outside this room they are text ('12.30', 'NaN',
 * '-Infinity'); the scale belongs to the value, not to equality or order. Nothing passes through a rounding double: doubles are used
 * only where every step on the way is an integer below 2^53.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { badSyntax, divisionByZero } from './errors.ts';

/** Digits before and behind the point, at most. */
const INTEGER_DIGITS_MAX = 131072;
export const SCALE_MAX = 16383;
/** Of results of division, roots, logarithms. */
export const RESULT_SCALE_MAX = 1000;
export const SIGNIFICANT_DIGITS = 16;

const powers: bigint[] = [1n];
/** 10^exponent. */
export function tenTo(exponent: number): bigint {
  if (exponent > 2000) return 10n ** BigInt(exponent);
  for (let at = powers.length; at <= exponent; at++) powers.push(powers[at - 1] * 10n);
  return powers[exponent];
}

export type DecimalKind = 'finite' | 'nan' | 'infinity' | 'minusInfinity';

export class Decimal {
  readonly kind: DecimalKind;
  /** value * 10^scale; 0 for what is not finite. */
  readonly units: bigint;
  readonly scale: number;

  constructor(units: bigint, scale: number, kind: DecimalKind = 'finite') {
    this.kind = kind;
    this.units = units;
    this.scale = scale;
  }

  get isFinite(): boolean {
    return this.kind === 'finite';
  }
}

export const NAN = new Decimal(0n, 0, 'nan');
export const INFINITE = new Decimal(0n, 0, 'infinity');
export const MINUS_INFINITE = new Decimal(0n, 0, 'minusInfinity');
export const ZERO = new Decimal(0n, 0);
export const ONE = new Decimal(1n, 0);

export const overflowsFormat = (): SqlError =>
  new SqlError(SQLSTATE.numeric_value_out_of_range, 'value overflows numeric format');

/** Reads the form that formatDecimal() writes: no blanks, no exponent. */
export function decimalOf(text: string): Decimal {
  const last = text.charCodeAt(text.length - 1);
  if (last > 57) return text === 'NaN' ? NAN : text === 'Infinity' ? INFINITE : MINUS_INFINITE;
  const point = text.indexOf('.');
  if (point < 0) return new Decimal(BigInt(text), 0);
  return new Decimal(BigInt(text.slice(0, point) + text.slice(point + 1)), text.length - point - 1);
}

export function formatUnits(units: bigint, scale: number): string {
  if (scale === 0) return units.toString();
  const negative = units < 0n;
  const digits = (negative ? -units : units).toString().padStart(scale + 1, '0');
  const point = digits.length - scale;
  return (negative ? '-' : '') + digits.slice(0, point) + '.' + digits.slice(point);
}

export function formatDecimal(value: Decimal): string {
  switch (value.kind) {
    case 'finite':
      return formatUnits(value.units, value.scale);
    case 'nan':
      return 'NaN';
    default:
      return value.kind === 'infinity' ? 'Infinity' : '-Infinity';
  }
}

/** Checked to be within the format. */
function whole(units: bigint, scale: number): Decimal {
  // A quick bound: 2^435411 is about 10^131072.
  const value = new Decimal(units, scale);
  if (units > SAFE_UNITS || units < -SAFE_UNITS) {
    if (digitsOf(units) - scale > INTEGER_DIGITS_MAX) throw overflowsFormat();
  }
  return value;
}
const SAFE_UNITS = 10n ** 1000n;

/** Decimal digits of |units|; 0 for zero. */
export const digitsOf = (units: bigint): number => (units === 0n ? 0 : (units < 0n ? -units : units).toString().length);

/** units at another scale: cut off half away from zero, or filled with zeros. */
export function rescale(units: bigint, from: number, to: number): bigint {
  if (to >= from) return to === from ? units : units * tenTo(to - from);
  return divideRounded(units, tenTo(from - to));
}

/** Quotient, halves away from zero. divisor > 0. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const half = divisor >> 1n;
  if (dividend >= 0n) return (dividend + half) / divisor;
  return -((half - dividend) / divisor);
}

export function roundDecimal(value: Decimal, scale: number): Decimal {
  if (!value.isFinite || value.scale === scale) return value;
  return whole(rescale(value.units, value.scale, scale), scale);
}

const sign = (value: Decimal): number => {
  if (value.kind === 'finite') return value.units > 0n ? 1 : value.units < 0n ? -1 : 0;
  return value.kind === 'infinity' ? 1 : value.kind === 'minusInfinity' ? -1 : 0;
};
export const signOf = sign;

export function negateDecimal(a: Decimal): Decimal {
  if (a.kind === 'finite') return new Decimal(-a.units, a.scale);
  return a.kind === 'nan' ? NAN : a.kind === 'infinity' ? MINUS_INFINITE : INFINITE;
}

export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (!a.isFinite || !b.isFinite) {
    if (a.kind === 'nan' || b.kind === 'nan') return NAN;
    if (a.isFinite) return b;
    return b.isFinite || a.kind === b.kind ? a : NAN;
  }
  const scale = Math.max(a.scale, b.scale);
  return whole(rescale(a.units, a.scale, scale) + rescale(b.units, b.scale, scale), scale);
}
export const subtractDecimals = (a: Decimal, b: Decimal): Decimal => addDecimals(a, negateDecimal(b));

/** An infinity or NaN of that sign; NaN for 0. */
const unbounded = (of: number): Decimal => (of > 0 ? INFINITE : of < 0 ? MINUS_INFINITE : NAN);

export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  if (!a.isFinite || !b.isFinite) return a.kind === 'nan' || b.kind === 'nan' ? NAN : unbounded(sign(a) * sign(b));
  const scale = a.scale + b.scale;
  const product = whole(a.units * b.units, scale);
  return scale > SCALE_MAX ? roundDecimal(product, SCALE_MAX) : product;
}

/** Weight of the first base-10000 digit, and that digit: PostgreSQL chooses scales by them. */
export function leadingDigit(value: Decimal): { weight: number; digit: number } {
  if (value.units === 0n) return { weight: 0, digit: 0 };
  const digits = (value.units < 0n ? -value.units : value.units).toString();
  const exponent = digits.length - 1 - value.scale;
  const weight = Math.floor(exponent / 4);
  const count = exponent - 4 * weight + 1;
  return { weight, digit: Number(digits.slice(0, count).padEnd(count, '0')) };
}

const limited = (scale: number): number => Math.min(Math.max(scale, 0), RESULT_SCALE_MAX);

/** Scale of a quotient: at least 16 significant digits, and as many places as either operand. */
export function divisionScale(a: Decimal, b: Decimal): number {
  const first = leadingDigit(a);
  const second = leadingDigit(b);
  const weight = first.weight - second.weight - (first.digit <= second.digit ? 1 : 0);
  return limited(Math.max(SIGNIFICANT_DIGITS - 4 * weight, a.scale, b.scale));
}

export function divideToScale(a: Decimal, b: Decimal, scale: number): Decimal {
  if (b.units === 0n) throw divisionByZero();
  let dividend = a.units;
  let divisor = b.units;
  const shift = scale + b.scale - a.scale;
  if (shift >= 0) dividend *= tenTo(shift);
  else divisor *= tenTo(-shift);
  if (divisor < 0n) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return whole(divideRounded(dividend, divisor), scale);
}

/** What a division is when an operand is not finite; null when both are. */
function specialQuotient(a: Decimal, b: Decimal): Decimal | null {
  if (a.isFinite && b.isFinite) return null;
  if (a.kind === 'nan' || b.kind === 'nan') return NAN;
  if (!a.isFinite) {
    if (!b.isFinite) return NAN;
    if (sign(b) === 0) throw divisionByZero();
    return unbounded(sign(a) * sign(b));
  }
  return ZERO;
}

export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  return specialQuotient(a, b) ?? divideToScale(a, b, divisionScale(a, b));
}
/** The quotient cut to a whole number. */
export function divideWhole(a: Decimal, b: Decimal): Decimal {
  const special = specialQuotient(a, b);
  if (special !== null) return special;
  if (b.units === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return new Decimal(rescale(a.units, a.scale, scale) / rescale(b.units, b.scale, scale), 0);
}
export function moduloDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.kind === 'nan' || b.kind === 'nan') return NAN;
  if (!a.isFinite) {
    if (sign(b) === 0) throw divisionByZero();
    return NAN;
  }
  if (!b.isFinite) return a;
  if (b.units === 0n) throw divisionByZero();
  const scale = Math.max(a.scale, b.scale);
  return new Decimal(rescale(a.units, a.scale, scale) % rescale(b.units, b.scale, scale), scale);
}

const RANK: { readonly [kind in DecimalKind]: number } = { minusInfinity: -1, finite: 0, infinity: 1, nan: 2 };

export function compareDecimals(a: Decimal, b: Decimal): number {
  if (!a.isFinite || !b.isFinite) return Math.sign(RANK[a.kind] - RANK[b.kind]);
  const scale = Math.max(a.scale, b.scale);
  const left = rescale(a.units, a.scale, scale);
  const right = rescale(b.units, b.scale, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

export function floorDecimal(value: Decimal, up: boolean): Decimal {
  if (!value.isFinite || value.scale === 0) return value;
  const unit = tenTo(value.scale);
  let units = value.units / unit;
  const rest = value.units % unit;
  if (up ? rest > 0n : rest < 0n) units += up ? 1n : -1n;
  return new Decimal(units, 0);
}
export function truncateDecimal(value: Decimal, scale: number): Decimal {
  if (!value.isFinite) return value;
  const at = Math.min(Math.max(scale, -INTEGER_DIGITS_MAX), SCALE_MAX);
  const target = Math.max(at, 0);
  if (at >= value.scale) return new Decimal(rescale(value.units, value.scale, target), target);
  const unit = tenTo(value.scale - at);
  const cut = (value.units / unit) * tenTo(target - at);
  return new Decimal(cut, target);
}
export function roundTo(value: Decimal, scale: number): Decimal {
  if (!value.isFinite) return value;
  const at = Math.min(Math.max(scale, -INTEGER_DIGITS_MAX), SCALE_MAX);
  if (at >= 0) return roundDecimal(value, at);
  return whole(rescale(value.units, value.scale, at) * tenTo(-at), 0);
}

/** Digits behind the point that are not zeros at the end. */
export function minimalScale(value: Decimal): number {
  let { units, scale } = value;
  if (units === 0n) return 0;
  while (scale > 0 && units % 10n === 0n) {
    units /= 10n;
    scale--;
  }
  return scale;
}

const NUMERIC = /^([+-]?)(\d+(?:_\d+)*)?(?:\.(\d+(?:_\d+)*)?)?(?:[eE]([+-]?\d+(?:_\d+)*))?$/;
const RADIX = /^([+-]?)(0[xX](?:_?[\da-fA-F]+)+|0[oO](?:_?[0-7]+)+|0[bB](?:_?[01]+)+)$/;
const SPECIAL: { readonly [text: string]: Decimal } = {
  nan: NAN,
  inf: INFINITE,
  infinity: INFINITE,
  '+inf': INFINITE,
  '+infinity': INFINITE,
  '-inf': MINUS_INFINITE,
  '-infinity': MINUS_INFINITE,
};
const BLANKS_AROUND = /^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g;

/** Reads a numeric as SQL text has it. 22P02; 22003 when it is beyond the format. */
export function parseDecimalText(text: string): Decimal {
  const trimmed = text.replace(BLANKS_AROUND, '');
  const match = NUMERIC.exec(trimmed);
  if (match === null || (match[2] === undefined && match[3] === undefined)) return parseOther(text, trimmed);
  const integer = (match[2] ?? '').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  const exponent = match[4] === undefined ? 0 : Number(match[4].replaceAll('_', ''));
  if (Math.abs(exponent) >= 1073741823) throw exponent > 0 ? overflowsFormat() : badSyntax('numeric', text);
  const digits = (integer + fraction).replace(/^0+/, '');
  const scale = fraction.length - exponent;
  if (digits === '') return new Decimal(0n, Math.min(Math.max(scale, 0), SCALE_MAX));
  if (digits.length - scale > INTEGER_DIGITS_MAX) throw overflowsFormat();
  let units = BigInt(digits);
  if (match[1] === '-') units = -units;
  if (scale < 0) return new Decimal(units * tenTo(-scale), 0);
  if (scale > SCALE_MAX) {
    if (scale - digits.length > SCALE_MAX) return new Decimal(0n, SCALE_MAX);
    return new Decimal(rescale(units, scale, SCALE_MAX), SCALE_MAX);
  }
  return new Decimal(units, scale);
}

function parseOther(text: string, trimmed: string): Decimal {
  const special = SPECIAL[trimmed.toLowerCase()];
  if (special !== undefined) return special;
  const match = RADIX.exec(trimmed);
  if (match === null) throw badSyntax('numeric', text);
  const units = BigInt(match[2].replaceAll('_', ''));
  return new Decimal(match[1] === '-' ? -units : units, 0);
}

/** Rounded to `scale` and checked to have at most `precision` digits; 22003. A negative scale rounds before the point. */
export function fitDecimal(value: Decimal, precision: number, scale: number): Decimal {
  if (precision < 0 || value.kind === 'nan') return value;
  if (!value.isFinite) {
    throw fieldOverflow(`A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`);
  }
  const rounded = scale >= 0 ? roundDecimal(value, scale) : roundTo(value, scale);
  const limit = precision - scale;
  if (digitsOf(rounded.units) - rounded.scale > limit) {
    const bound = limit <= 0 && limit === 0 ? '1' : `10^${limit}`;
    throw fieldOverflow(
      `A field with precision ${precision}, scale ${scale} must round to an absolute value less than ${bound}.`,
    );
  }
  return rounded;
}
const fieldOverflow = (detail: string): SqlError =>
  new SqlError(SQLSTATE.numeric_value_out_of_range, 'numeric field overflow', { detail });
