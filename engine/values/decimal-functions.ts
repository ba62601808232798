/**
 * Roots, powers, exponentials and logarithms of numerics, in integers scaled by a power of ten. Scales of results are chosen as
 * PostgreSQL chooses them: about 16 significant digits, and no fewer places than the operands have.
 */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import {
  Decimal,
  decimalOf,
  digitsOf,
  divideDecimals,
  divideToScale,
  formatDecimal,
  INFINITE,
  leadingDigit,
  moduloDecimals,
  NAN,
  ONE,
  overflowsFormat,
  RESULT_SCALE_MAX,
  rescale,
  SIGNIFICANT_DIGITS,
  signOf,
  tenTo,
  ZERO,
} from './decimal.ts';

/** Places beyond those asked for that intermediate results carry. */
const GUARD = 12;
const LOG10_E = Math.LOG10E;
const WEIGHT_MAX = 131072;

const limited = (scale: number): number => Math.min(Math.max(scale, 0), RESULT_SCALE_MAX);
const toDouble = (value: Decimal): number => Number(formatDecimal(value));

export function integerRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << (BigInt(value.toString(2).length + 1) >> 1n);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

function rootToScale(value: Decimal, scale: number): Decimal {
  // floor(sqrt) with one more place, then rounded: exact, because a root that is no integer lies strictly between two.
  const places = Math.max(scale + 1, Math.ceil(value.scale / 2));
  const root = integerRoot(value.units * tenTo(2 * places - value.scale));
  return new Decimal(rescale(root, places, scale), scale);
}

export function sqrtDecimal(value: Decimal): Decimal {
  if (value.kind === 'nan') return NAN;
  if (signOf(value) < 0) {
    throw new SqlError(SQLSTATE.invalid_argument_for_power_function, 'cannot take square root of a negative number');
  }
  if (!value.isFinite) return value;
  const { weight } = leadingDigit(value);
  const places = weight >= 0 ? 2 * weight + 1 : 1 - ((1 - weight * 4) >> 1);
  return rootToScale(value, limited(Math.max(SIGNIFICANT_DIGITS - places, value.scale)));
}
export const rootDecimal = rootToScale;

const constants = new Map<number, bigint>();
/** ln(10) * 10^places. */
function lnTen(places: number): bigint {
  let known = constants.get(places);
  if (known === undefined) {
    const guarded = places + GUARD;
    // ln 10 = 23 * 2 atanh(1/31) + 17 * 2 atanh(1/49) ... by Machin-like formula: 46 atanh(1/31) + 34 atanh(1/49) + 20 atanh(1/161)
    const sum = 46n * atanhInverse(31n, guarded) + 34n * atanhInverse(49n, guarded) + 20n * atanhInverse(161n, guarded);
    known = rescale(sum, guarded, places);
    constants.set(places, known);
  }
  return known;
}
function atanhInverse(x: bigint, places: number): bigint {
  let power = tenTo(places) / x;
  let sum = power;
  const square = x * x;
  for (let n = 3n; power !== 0n; n += 2n) {
    power /= square;
    sum += power / n;
  }
  return sum;
}

/** ln(value) * 10^places of a value > 0, exact but for the last few guard digits. */
function lnUnits(value: Decimal, places: number): bigint {
  const working = places + GUARD;
  const unit = tenTo(working);
  const exponent = digitsOf(value.units) - value.scale;
  // m in [0.1, 1): value = m * 10^exponent; near 1 the value itself is taken, so that nothing cancels.
  const near = exponent === 1 && value.units < 2n * tenTo(value.scale);
  const shift = near ? 0 : exponent;
  let m = working >= value.scale - 0 + shift ? value.units * tenTo(working - value.scale - shift) : 0n;
  if (working < value.scale + shift) m = value.units / tenTo(value.scale + shift - working);
  let doublings = 0;
  while (doublings < 3 && (m < (unit * 95n) / 100n || m > (unit * 105n) / 100n)) {
    m = integerRoot(m * unit);
    doublings++;
  }
  const z = ((m - unit) * unit) / (m + unit);
  const square = (z * z) / unit;
  let power = z;
  let sum = z;
  for (let n = 3n; power !== 0n; n += 2n) {
    power = (power * square) / unit;
    sum += power / n;
  }
  const logarithm = (sum << BigInt(1 + doublings)) + BigInt(shift) * lnTen(working);
  return rescale(logarithm, working, places);
}

/** e^(x / 10^places) as units at `scale`. */
function expToScale(x: bigint, places: number, scale: number, weight: number): Decimal {
  // The result has about `weight` digits before the point; the argument needs as many more places.
  const working = Math.max(scale + Math.max(weight, 0) + GUARD + 4, 8);
  const unit = tenTo(working);
  const argument = rescale(x, places, working);
  const ten = lnTen(working);
  let tens = argument / ten;
  let rest = argument - tens * ten;
  if (rest < 0n) {
    rest += ten;
    tens -= 1n;
  }
  const halvings = 8n;
  rest >>= halvings;
  let term = unit;
  let sum = unit;
  for (let n = 1n; term !== 0n; n++) {
    term = (term * rest) / unit / n;
    sum += term;
  }
  for (let n = 0n; n < halvings; n++) sum = (sum * sum) / unit;
  const exponent = Number(tens);
  const to = scale + exponent;
  if (to >= working) return new Decimal(sum * tenTo(to - working), scale);
  return new Decimal(to < -working ? 0n : rescale(sum, working, to < 0 ? to : to), scale);
}

export function expDecimal(value: Decimal): Decimal {
  if (!value.isFinite) return value.kind === 'minusInfinity' ? ZERO : value;
  const double = toDouble(value);
  const weight = Math.trunc(Math.min(Math.max(double * LOG10_E, -2000), 2000));
  const scale = limited(Math.max(SIGNIFICANT_DIGITS - weight, value.scale));
  if (Math.abs(double) >= 6000) {
    if (double > 0) throw overflowsFormat();
    return new Decimal(0n, scale);
  }
  return expToScale(value.units, value.scale, scale, Math.ceil(Math.abs(double) * LOG10_E));
}

const ln10Double = Math.LN10;

/** Decimal weight of ln(value), estimated as PostgreSQL does. */
function lnWeight(value: Decimal): number {
  if (signOf(value) <= 0) return 0;
  const tenth = rescale(value.units, value.scale, Math.max(value.scale, 1));
  const unit = tenTo(Math.max(value.scale, 1) - 1);
  if (tenth >= 9n * unit && tenth <= 11n * unit) {
    const distance = new Decimal(value.units - tenTo(value.scale), value.scale);
    if (distance.units === 0n) return 0;
    const { weight, digit } = leadingDigit(distance);
    return weight * 4 + Math.trunc(Math.log10(digit));
  }
  const { weight, digit } = leadingDigit(value);
  const rest = firstTwo(value, weight);
  const logarithm = rest === null ? Math.log(digit) + weight * 4 * ln10Double : Math.log(rest) + (weight - 1) * 4 * ln10Double;
  return Math.trunc(Math.log10(Math.abs(logarithm)));
}
/** The first two base-10000 digits as one number, or null when there is but one. */
function firstTwo(value: Decimal, weight: number): number | null {
  const digits = (value.units < 0n ? -value.units : value.units).toString();
  const count = digits.length - value.scale - 4 * (weight - 1);
  const isLast = /^0*$/.test(digits.slice(Math.max(count - 4, 0)));
  return isLast ? null : Number(digits.slice(0, count).padEnd(count, '0'));
}

function checkLogarithm(value: Decimal): void {
  if (value.kind === 'nan') return;
  if (signOf(value) === 0) throw new SqlError(SQLSTATE.invalid_argument_for_logarithm, 'cannot take logarithm of zero');
  if (signOf(value) < 0)
    throw new SqlError(SQLSTATE.invalid_argument_for_logarithm, 'cannot take logarithm of a negative number');
}

export function lnDecimal(value: Decimal): Decimal {
  checkLogarithm(value);
  if (!value.isFinite) return value;
  const scale = limited(Math.max(SIGNIFICANT_DIGITS - lnWeight(value), value.scale));
  return new Decimal(lnUnits(value, scale), scale);
}

const TEN = new Decimal(10n, 0);
export const log10Decimal = (value: Decimal): Decimal => logDecimal(TEN, value);

export function logDecimal(base: Decimal, value: Decimal): Decimal {
  if (base.kind === 'nan' || value.kind === 'nan') return NAN;
  checkLogarithm(base);
  checkLogarithm(value);
  if (!base.isFinite) return value.isFinite ? ZERO : NAN;
  if (!value.isFinite) return INFINITE;
  const baseWeight = lnWeight(base);
  const valueWeight = lnWeight(value);
  const weight = valueWeight - baseWeight;
  const scale = limited(Math.max(SIGNIFICANT_DIGITS - weight, base.scale, value.scale));
  const baseScale = Math.max(scale + weight - baseWeight + 8, 0) + GUARD;
  const valueScale = Math.max(scale + weight - valueWeight + 8, 0) + GUARD;
  const lnBase = new Decimal(lnUnits(base, baseScale), baseScale);
  return divideToScale(new Decimal(lnUnits(value, valueScale), valueScale), lnBase, scale);
}

const isWhole = (value: Decimal): boolean => value.units % tenTo(value.scale) === 0n;

/** Powers of NaN and the infinities; null when both are finite. */
function specialPower(base: Decimal, exponent: Decimal): Decimal | null {
  if (base.isFinite && exponent.isFinite) return null;
  const isOne = (value: Decimal): boolean => value.isFinite && value.units === tenTo(value.scale);
  if (base.kind === 'nan') return exponent.isFinite && exponent.units === 0n ? ONE : NAN;
  if (exponent.kind === 'nan') return isOne(base) ? ONE : NAN;
  if (exponent.isFinite && exponent.units === 0n) return ONE;
  if (isOne(base)) return ONE;
  if (signOf(base) === 0 && signOf(exponent) < 0) throw zeroToNegative();
  if (!exponent.isFinite) {
    const size = base.isFinite ? compareToOne(base) : 1;
    if (size === 0) return ONE;
    return size > 0 === signOf(exponent) > 0 ? INFINITE : ZERO;
  }
  if (signOf(base) > 0) return signOf(exponent) > 0 ? INFINITE : ZERO;
  if (!isWhole(exponent)) throw complex();
  if (signOf(exponent) < 0) return ZERO;
  const isOdd = (exponent.units / tenTo(exponent.scale)) % 2n !== 0n;
  return isOdd ? base : INFINITE;
}
function compareToOne(value: Decimal): number {
  const magnitude = value.units < 0n ? -value.units : value.units;
  const unit = tenTo(value.scale);
  return magnitude > unit ? 1 : magnitude < unit ? -1 : 0;
}
const zeroToNegative = (): SqlError =>
  new SqlError(SQLSTATE.invalid_argument_for_power_function, 'zero raised to a negative power is undefined');
const complex = (): SqlError =>
  new SqlError(
    SQLSTATE.invalid_argument_for_power_function,
    'a negative number raised to a non-integer power yields a complex result',
  );

export function powerDecimal(base: Decimal, exponent: Decimal): Decimal {
  const special = specialPower(base, exponent);
  if (special !== null) return special;
  if (base.units === 0n && exponent.units < 0n) throw zeroToNegative();
  const whole = isWhole(exponent);
  if (base.units < 0n && !whole) throw complex();
  if (whole) {
    const count = exponent.units / tenTo(exponent.scale);
    if (count >= -2147483648n && count <= 2147483647n) return powerWhole(base, Number(count), exponent.scale);
  }
  if (base.units === 0n) return new Decimal(0n, SIGNIFICANT_DIGITS);
  return powerReal(base, exponent, whole);
}

function powerReal(base: Decimal, exponent: Decimal, whole: boolean): Decimal {
  const magnitude = new Decimal(base.units < 0n ? -base.units : base.units, base.scale);
  const weight = lnWeight(magnitude);
  const low = Math.max(8 - weight, 0);
  const double = toDouble(new Decimal(rescale(lnUnits(magnitude, low) * exponent.units, low + exponent.scale, low), low));
  if (Math.abs(double) > 6020) {
    if (double > 0) throw overflowsFormat();
    return new Decimal(0n, RESULT_SCALE_MAX);
  }
  const decimalWeight = Math.trunc(double * LOG10_E);
  const scale = limited(Math.max(SIGNIFICANT_DIGITS - decimalWeight, base.scale, exponent.scale));
  const places = Math.max(scale + Math.max(decimalWeight, 0) + GUARD + digitsOf(exponent.units), 8);
  const argument = lnUnits(magnitude, places) * exponent.units;
  const result = expToScale(argument, places + exponent.scale, scale, Math.abs(decimalWeight) + 1);
  const isOdd = whole && (exponent.units / tenTo(exponent.scale)) % 2n !== 0n;
  return base.units < 0n && isOdd ? new Decimal(-result.units, scale) : result;
}

/** Decimal weight of base^count, estimated from the leading 16 digits. */
function powerWeight(base: Decimal, count: number): number {
  if (base.units === 0n) return 0;
  const digits = (base.units < 0n ? -base.units : base.units).toString();
  const leading = digits.slice(0, 17);
  return count * (Math.log10(Number(leading)) + (digits.length - leading.length) - base.scale);
}

function powerWhole(base: Decimal, count: number, exponentScale: number): Decimal {
  const weight = powerWeight(base, count);
  if (weight > WEIGHT_MAX) throw overflowsFormat();
  if (weight + 1 < -RESULT_SCALE_MAX) return new Decimal(0n, RESULT_SCALE_MAX);
  const scale = limited(Math.max(SIGNIFICANT_DIGITS - Math.trunc(weight), base.scale, exponentScale));
  if (count === 0) return new Decimal(tenTo(scale), scale);
  if (base.units === 0n) return new Decimal(0n, scale);
  const digits = scale + Math.max(Math.trunc(weight), 0) + GUARD + Math.ceil(Math.log10(Math.abs(count) + 1)) * 2;
  const power = powerUnits(base, Math.abs(count), digits);
  if (count > 0) return new Decimal(rescaleAny(power.units, power.scale, scale), scale);
  const unit = tenTo(digits + digitsOf(power.units));
  return new Decimal(rescaleAny(unit / power.units, digits + digitsOf(power.units) - power.scale, scale), scale);
}

/** rescale() for scales below zero too. */
function rescaleAny(units: bigint, from: number, to: number): bigint {
  return to >= from ? units * tenTo(to - from) : rescale(units, from - to, 0);
}

/** |base|^count with its sign, to at least `digits` significant digits; the scale may be negative. */
function powerUnits(base: Decimal, count: number, digits: number): { units: bigint; scale: number } {
  const keep = digits + 20;
  let resultUnits = 1n;
  let resultScale = 0;
  let units = base.units;
  let scale = base.scale;
  for (let rest = count; ; ) {
    if (rest % 2 === 1) {
      resultUnits *= units;
      resultScale += scale;
      const over = digitsOf(resultUnits) - keep;
      if (over > 0) {
        resultUnits = rescale(resultUnits, over, 0);
        resultScale -= over;
      }
    }
    rest = Math.floor(rest / 2);
    if (rest === 0) break;
    units *= units;
    scale *= 2;
    const over = digitsOf(units) - keep;
    if (over > 0) {
      units = rescale(units, over, 0);
      scale -= over;
    }
  }
  return { units: resultUnits, scale: resultScale };
}

export const numericDivide = (a: string, b: string): string => formatDecimal(divideDecimals(decimalOf(a), decimalOf(b)));
export const numericModulo = (a: string, b: string): string => formatDecimal(moduloDecimals(decimalOf(a), decimalOf(b)));
