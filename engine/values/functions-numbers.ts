/** Primitives of numbers, and comparison of every type (engine/sblr/primitives-numbers.ts). */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { RowValue } from '../storage/rows/row-value.ts';
import { type Comparison, comparisons } from './compare.ts';
import { compareNested } from './compare-nested.ts';
import type { ValueContext } from './context.ts';
import {
  Decimal,
  decimalOf,
  divideWhole,
  floorDecimal,
  formatDecimal,
  minimalScale,
  parseDecimalText,
  roundTo,
  signOf,
  truncateDecimal,
} from './decimal.ts';
import {
  expDecimal,
  lnDecimal,
  log10Decimal,
  logDecimal,
  numericDivide,
  numericModulo,
  powerDecimal,
  sqrtDecimal,
} from './decimal-functions.ts';
import { factorial, gcdDecimal, lcmDecimal, widthBucket } from './decimal-whole.ts';
import { numericAbs, numericAdd, numericMul, numericNegate, numericSub } from './decimal-short.ts';
import * as degrees from './degrees.ts';
import { badParameter, outOfRange } from './errors.ts';
import * as floats from './floats.ts';
import type { Implementation } from './functions.ts';
import * as integers from './integers.ts';
import { sizeBytes, sizePretty } from './size-pretty.ts';

type Table = { [primitive: string]: Implementation };

const table: Table = Object.create(null);

function addComparisons(type: string, given: Comparison): void {
  const compare = given as unknown as (a: RowValue, b: RowValue) => number;
  table[`${type}.equal`] = (a, b) => compare(a, b) === 0;
  table[`${type}.notEqual`] = (a, b) => compare(a, b) !== 0;
  table[`${type}.less`] = (a, b) => compare(a, b) < 0;
  table[`${type}.lessOrEqual`] = (a, b) => compare(a, b) <= 0;
  table[`${type}.greater`] = (a, b) => compare(a, b) > 0;
  table[`${type}.greaterOrEqual`] = (a, b) => compare(a, b) >= 0;
  table[`${type}.compare`] = compare;
}
/** Values made of others say themselves what they are; enums are numbers. */
for (const [type, compare] of [
  ['nested', compareNested],
  ['enum', (a: number, b: number) => a - b],
] as const) {
  const order = compare as (a: RowValue, b: RowValue) => number;
  table[`${type}.equal`] = (a, b) => order(a, b) === 0;
  table[`${type}.notEqual`] = (a, b) => order(a, b) !== 0;
  table[`${type}.less`] = (a, b) => order(a, b) < 0;
  table[`${type}.lessOrEqual`] = (a, b) => order(a, b) <= 0;
  table[`${type}.greater`] = (a, b) => order(a, b) > 0;
  table[`${type}.greaterOrEqual`] = (a, b) => order(a, b) >= 0;
}

for (const [type, compare] of Object.entries(comparisons))
  if (type !== 'varchar' && type !== 'name') addComparisons(type, compare);

const same = (a: RowValue): RowValue => a;
for (const type of ['int2', 'int4', 'int8', 'float4', 'float8', 'numeric']) table[`${type}.plus`] = same;

Object.assign(table, {
  'int2.add': integers.int2Add,
  'int2.sub': integers.int2Sub,
  'int2.mul': integers.int2Mul,
  'int2.div.trunc': integers.int2Div,
  'int2.mod': integers.int4Mod,
  'int2.negate': (a: number) => integers.int2Of(0 - a),
  'int2.abs': (a: number) => integers.int2Of(Math.abs(a)),
  'int2.bitAnd': (a: number, b: number) => a & b,
  'int2.bitOr': (a: number, b: number) => a | b,
  'int2.bitXor': (a: number, b: number) => a ^ b,
  'int2.bitNot': (a: number) => ~a,
  'int2.shiftLeft': integers.int2ShiftLeft,
  'int2.shiftRight': (a: number, b: number) => a >> b,
  'int4.add': integers.int4Add,
  'int4.sub': integers.int4Sub,
  'int4.mul': integers.int4Mul,
  'int4.div.trunc': integers.int4Div,
  'int4.mod': integers.int4Mod,
  'int4.negate': (a: number) => integers.int4Of(0 - a),
  'int4.abs': (a: number) => integers.int4Of(Math.abs(a)),
  'int4.bitAnd': (a: number, b: number) => a & b,
  'int4.bitOr': (a: number, b: number) => a | b,
  'int4.bitXor': (a: number, b: number) => a ^ b,
  'int4.bitNot': (a: number) => ~a,
  'int4.shiftLeft': (a: number, b: number) => a << b,
  'int4.shiftRight': (a: number, b: number) => a >> b,
  'int8.add': integers.int8Add,
  'int8.sub': integers.int8Sub,
  'int8.mul': integers.int8Mul,
  'int8.div.trunc': integers.int8Div,
  'int8.mod': integers.int8Mod,
  'int8.negate': integers.int8Negate,
  'int8.abs': integers.int8Abs,
  'int8.bitAnd': integers.int8And,
  'int8.bitOr': integers.int8Or,
  'int8.bitXor': integers.int8Xor,
  'int8.bitNot': integers.int8Not,
  'int8.shiftLeft': integers.int8ShiftLeft,
  'int8.shiftRight': integers.int8ShiftRight,
  'int4.gcd': integers.int4Gcd,
  'int8.gcd': integers.int8Gcd,
  'int4.lcm': integers.int4Lcm,
  'int8.lcm': integers.int8Lcm,
  'int8.factorial': factorial,
  'int4.toHex': (a: number) => integers.unsignedText(a, 32, 16),
  'int8.toHex': (a: integers.Int8) => integers.unsignedText(a, 64, 16),
  'int4.toOctal': (a: number) => integers.unsignedText(a, 32, 8),
  'int8.toOctal': (a: integers.Int8) => integers.unsignedText(a, 64, 8),
  'int4.toBinary': (a: number) => integers.unsignedText(a, 32, 2),
  'int8.toBinary': (a: integers.Int8) => integers.unsignedText(a, 64, 2),
  'int8.sizePretty': (a: integers.Int8) => sizePretty(BigInt(a)),
  'numeric.sizePretty': numericSizePretty,
  'text.sizeBytes': sizeBytes,
  'any.numNulls': (...given: RowValue[]) => given.reduce<number>((count, value) => (value === null ? count + 1 : count), 0),
  'any.numNonNulls': (...given: RowValue[]) => given.reduce<number>((count, value) => (value === null ? count : count + 1), 0),
});

Object.assign(table, {
  'float4.add': floats.float4Add,
  'float4.sub': floats.float4Sub,
  'float4.mul': floats.float4Mul,
  'float4.div': floats.float4Div,
  'float4.negate': (a: number) => -a,
  'float4.abs': Math.abs,
  'float8.add': floats.floatAdd,
  'float8.sub': floats.floatSub,
  'float8.mul': floats.floatMul,
  'float8.div': floats.floatDiv,
  'float8.negate': (a: number) => -a,
  'float8.abs': Math.abs,
  'float8.power': floats.floatPower,
  'float8.sqrt': floats.floatSqrt,
  'float8.cbrt': Math.cbrt,
  'float8.exp': floats.floatExp,
  'float8.ln': floats.floatLn,
  'float8.log10': floats.floatLog10,
  'float8.ceil': Math.ceil,
  'float8.floor': Math.floor,
  'float8.round': floats.roundHalfEven,
  'float8.trunc': Math.trunc,
  'float8.sign': (a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0),
  'float8.degrees': floats.floatDegrees,
  'float8.radians': floats.floatRadians,
  'float8.sin': floats.ofAngle(Math.sin),
  'float8.cos': floats.ofAngle(Math.cos),
  'float8.tan': floats.ofAngle(Math.tan),
  'float8.cot': floats.floatCot,
  'float8.asin': floats.withDomain(Math.asin),
  'float8.acos': floats.withDomain(Math.acos),
  'float8.atan': Math.atan,
  'float8.atan2': Math.atan2,
  'float8.sind': degrees.sind,
  'float8.cosd': degrees.cosd,
  'float8.tand': degrees.tand,
  'float8.cotd': degrees.cotd,
  'float8.asind': degrees.asind,
  'float8.acosd': degrees.acosd,
  'float8.atand': degrees.atand,
  'float8.atan2d': degrees.atan2d,
  'float8.sinh': floats.floatSinh,
  'float8.cosh': floats.floatCosh,
  'float8.tanh': Math.tanh,
  'float8.asinh': Math.asinh,
  'float8.acosh': floats.withDomain(Math.acosh),
  'float8.atanh': floats.withDomain(Math.atanh),
  'float8.pi': () => Math.PI,
  'float8.random': (context: ValueContext) => context.random(),
  'float8.widthBucket': floatBucket,
});

/** A bucket of doubles; the division is exact only in decimals, so it is done there. */
function floatBucket(operand: number, low: number, high: number, count: number): number {
  if (count <= 0 || !Number.isFinite(low) || !Number.isFinite(high) || Number.isNaN(operand) || low === high) {
    const [a, b, c] = [operand, low, high].map((value) => formatDecimal(parseDecimalText(String(value))));
    return widthBucket(a, b, c, count);
  }
  const falls = low > high;
  if (falls ? operand > low : operand < low) return 0;
  if (falls ? operand <= high : operand >= high) return integers.int4Of(count + 1);
  const bucket = Math.floor(((falls ? low - operand : operand - low) / (falls ? low - high : high - low)) * count);
  return Math.min(bucket, count - 1) + 1;
}

function numericSizePretty(a: string): string {
  const value = decimalOf(a);
  const { units } = truncateDecimal(value, 0);
  if (!value.isFinite) return `${a} PB`;
  return units < 10240n && units > -10240n ? `${a} bytes` : sizePretty(units);
}

const ofDecimal =
  (of: (value: Decimal) => Decimal) =>
  (a: string): string =>
    formatDecimal(of(decimalOf(a)));
const ofDecimals =
  (of: (a: Decimal, b: Decimal) => Decimal) =>
  (a: string, b: string): string =>
    formatDecimal(of(decimalOf(a), decimalOf(b)));

function sign(a: string): string {
  return a === 'NaN' ? a : String(signOf(decimalOf(a)));
}
function trimScale(a: string): string {
  const value = decimalOf(a);
  return value.isFinite ? formatDecimal(truncateDecimal(value, minimalScale(value))) : a;
}

Object.assign(table, {
  'numeric.add': numericAdd,
  'numeric.sub': numericSub,
  'numeric.mul': numericMul,
  'numeric.div.postgresql': numericDivide,
  'numeric.div.whole': ofDecimals(divideWhole),
  'numeric.mod': numericModulo,
  'numeric.negate': numericNegate,
  'numeric.abs': numericAbs,
  'numeric.sign': sign,
  'numeric.ceil': ofDecimal((value) => floorDecimal(value, true)),
  'numeric.floor': ofDecimal((value) => floorDecimal(value, false)),
  'numeric.round': ofDecimal((value) => roundTo(value, 0)),
  'numeric.round.scale': (a: string, scale: number) => formatDecimal(roundTo(decimalOf(a), scale)),
  'numeric.trunc': ofDecimal((value) => truncateDecimal(value, 0)),
  'numeric.trunc.scale': (a: string, scale: number) => formatDecimal(truncateDecimal(decimalOf(a), scale)),
  'numeric.power': ofDecimals(powerDecimal),
  'numeric.sqrt': ofDecimal(sqrtDecimal),
  'numeric.exp': ofDecimal(expDecimal),
  'numeric.ln': ofDecimal(lnDecimal),
  'numeric.log10': ofDecimal(log10Decimal),
  'numeric.log': ofDecimals(logDecimal),
  'numeric.gcd': ofDecimals(gcdDecimal),
  'numeric.lcm': ofDecimals(lcmDecimal),
  'numeric.scale': (a: string) => finiteScale(a, (value) => value.scale),
  'numeric.minScale': (a: string) => finiteScale(a, minimalScale),
  'numeric.trimScale': trimScale,
  'numeric.widthBucket': widthBucket,
  'int4.random': (low: number, high: number, context: ValueContext) => Number(randomBetween(BigInt(low), BigInt(high), context)),
  'int8.random': (low: integers.Int8, high: integers.Int8, context: ValueContext) =>
    integers.int8Of(randomBetween(BigInt(low), BigInt(high), context)),
  'numeric.random': randomNumeric,
});

function finiteScale(a: string, of: (value: Decimal) => number): number | null {
  const value = decimalOf(a);
  return value.isFinite ? of(value) : null;
}

/** Any integer of the range, each as likely as another: 48 bits are drawn at a time, and a draw beyond the last full round is repeated. */
function randomBetween(low: bigint, high: bigint, context: ValueContext): bigint {
  if (low > high) throw badParameter('lower bound must be less than or equal to upper bound');
  const count = high - low + 1n;
  let draws = 1;
  while (1n << BigInt(48 * draws) < count) draws++;
  const all = 1n << BigInt(48 * draws);
  for (;;) {
    let drawn = 0n;
    for (let draw = 0; draw < draws; draw++) drawn = (drawn << 48n) | BigInt(Math.floor(context.random() * 2 ** 48));
    if (drawn < all - (all % count)) return low + (drawn % count);
  }
}

function randomNumeric(low: string, high: string, context: ValueContext): string {
  const from = decimalOf(low);
  const to = decimalOf(high);
  if (!from.isFinite || !to.isFinite) {
    const [name, value] = from.isFinite ? ['upper', to] : ['lower', from];
    throw badParameter(`${name} bound cannot be ${value.kind === 'nan' ? 'NaN' : 'infinity'}`);
  }
  const scale = Math.max(from.scale, to.scale);
  const at = (value: Decimal): bigint => truncateDecimal(value, scale).units;
  const units = randomBetween(at(from), at(to), context);
  return formatDecimal(new Decimal(units, scale));
}

/** A decimal rounded to an integer type; 22003, or 0A000 for NaN and the infinities. */
export function decimalToInteger(a: string, type: 'smallint' | 'integer' | 'bigint'): integers.Int8 {
  const value = decimalOf(a);
  if (!value.isFinite) {
    throw new SqlError(SQLSTATE.feature_not_supported, `cannot convert ${value.kind === 'nan' ? 'NaN' : 'infinity'} to ${type}`);
  }
  const { units } = roundTo(value, 0);
  const bits = type === 'smallint' ? 16 : type === 'integer' ? 32 : 64;
  if (BigInt.asIntN(bits, units) !== units) throw outOfRange(type);
  return integers.int8Of(units);
}

export const numberFunctions: { readonly [primitive: string]: Implementation } = table;
