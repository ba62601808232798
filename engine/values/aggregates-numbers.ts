/** Exact sums, averages and spreads of integers and numerics. */

import type { Aggregate } from './aggregates.ts';
import {
  addDecimals,
  Decimal,
  decimalOf,
  divideDecimals,
  divideToScale,
  divisionScale,
  formatDecimal,
  rescale,
  tenTo,
} from './decimal.ts';
import { formatShort } from './decimal-short.ts';
import { rootDecimal } from './decimal-functions.ts';
import type { Int8 } from './integers.ts';

/** A sum: doubles as long as every step is an exact integer, a bigint beside it for what went beyond. */
interface Sum {
  count: number;
  /** sum * 10^scale is `short` + `long`. */
  short: number;
  long: bigint;
  scale: number;
  /** Values that have this scale; the others have fewer digits. */
  atScale: number;
  /** Sum of what is not finite, or null. */
  special: Decimal | null;
}
const newSum = (): Sum => ({ count: 0, short: 0, long: 0n, scale: 0, atScale: 0, special: null });

function addUnits(sum: Sum, units: number): void {
  const next = sum.short + units;
  if (Number.isSafeInteger(next)) sum.short = next;
  else {
    sum.long += BigInt(sum.short) + BigInt(units);
    sum.short = 0;
  }
}
function addInteger(sum: Sum, value: Int8 | null): Sum {
  if (value === null) return sum;
  sum.count++;
  if (typeof value === 'number') addUnits(sum, value);
  else sum.long += value;
  return sum;
}
function addNumeric(sum: Sum, value: string | null): Sum {
  if (value === null) return sum;
  sum.count++;
  const point = value.indexOf('.');
  const scale = point < 0 ? 0 : value.length - point - 1;
  if (scale === sum.scale && value.length < 16) {
    const units = Number(point < 0 ? value : value.slice(0, point) + value.slice(point + 1));
    if (Number.isSafeInteger(units)) {
      addUnits(sum, units);
      sum.atScale++;
      return sum;
    }
  }
  const decimal = decimalOf(value);
  if (!decimal.isFinite) {
    sum.special = sum.special === null ? decimal : addDecimals(sum.special, decimal);
    return sum;
  }
  if (decimal.scale > sum.scale) {
    sum.long = rescale(sum.long + BigInt(sum.short), sum.scale, decimal.scale);
    sum.short = 0;
    sum.scale = decimal.scale;
    sum.atScale = 0;
  }
  if (decimal.scale === sum.scale) sum.atScale++;
  sum.long += rescale(decimal.units, decimal.scale, sum.scale);
  return sum;
}
function removeInteger(sum: Sum, value: Int8 | null): boolean {
  if (value === null) return true;
  sum.count--;
  if (typeof value === 'number') addUnits(sum, -value);
  else sum.long -= value;
  return true;
}
/** Not what is not finite, nor the last value that gives the sum its scale. */
function removeNumeric(sum: Sum, value: string | null): boolean {
  if (value === null) return true;
  if (sum.special !== null) return false;
  const decimal = decimalOf(value);
  if (decimal.scale === sum.scale && --sum.atScale === 0) return false;
  sum.count--;
  sum.long -= rescale(decimal.units, decimal.scale, sum.scale);
  return true;
}
function mergeSums(sum: Sum, other: Sum): Sum {
  const scale = Math.max(sum.scale, other.scale);
  const whole = ({ short, long, scale: own }: Sum): bigint => rescale(long + BigInt(short), own, scale);
  // One that comes from another thread has lost its class on the way.
  const specials = [sum.special, other.special].flatMap((one) =>
    one === null ? [] : [new Decimal(one.units, one.scale, one.kind)],
  );
  return {
    count: sum.count + other.count,
    short: 0,
    long: whole(sum) + whole(other),
    scale,
    atScale: (sum.scale === scale ? sum.atScale : 0) + (other.scale === scale ? other.atScale : 0),
    special: specials.length === 0 ? null : specials.reduce(addDecimals),
  };
}
const total = (sum: Sum): Decimal => sum.special ?? new Decimal(sum.long + BigInt(sum.short), sum.scale);

function sumText(sum: Sum): string | null {
  if (sum.count === 0) return null;
  if (sum.long === 0n && sum.special === null) return formatShort(sum.short, sum.scale);
  return formatDecimal(total(sum));
}
const average = (sum: Sum): string | null =>
  sum.count === 0 ? null : formatDecimal(divideDecimals(total(sum), new Decimal(BigInt(sum.count), 0)));

const table: { [primitive: string]: Aggregate<Sum> } = {
  'sum.int8': { init: newSum, step: addInteger, result: sumText, remove: removeInteger, merge: mergeSums },
  'sum.numeric': { init: newSum, step: addNumeric, result: sumText, remove: removeNumeric, merge: mergeSums },
  'avg.numeric': { init: newSum, step: addNumeric, result: average, remove: removeNumeric, merge: mergeSums },
};
for (const type of ['int2', 'int4', 'int8'])
  table[`avg.${type}`] = { init: newSum, step: addInteger, result: average, remove: removeInteger, merge: mergeSums };

/** Count, sum and sum of squares, as integers at one scale. */
interface Spread {
  count: number;
  sum: bigint;
  squares: bigint;
  scale: number;
  /** Values that have this scale. */
  atScale: number;
  isNan: boolean;
}
function addSquare(state: Spread, value: Int8 | string | null): Spread {
  if (value === null) return state;
  state.count++;
  const decimal = typeof value === 'string' ? decimalOf(value) : new Decimal(BigInt(value), 0);
  if (!decimal.isFinite) {
    state.isNan = true;
    return state;
  }
  if (decimal.scale > state.scale) {
    const factor = tenTo(decimal.scale - state.scale);
    state.sum *= factor;
    state.squares *= factor * factor;
    state.scale = decimal.scale;
    state.atScale = 0;
  }
  if (decimal.scale === state.scale) state.atScale++;
  const units = rescale(decimal.units, decimal.scale, state.scale);
  state.sum += units;
  state.squares += units * units;
  return state;
}

function removeSquare(state: Spread, value: Int8 | string | null): boolean {
  if (value === null) return true;
  if (state.isNan) return false;
  const decimal = typeof value === 'string' ? decimalOf(value) : new Decimal(BigInt(value), 0);
  if (decimal.scale === state.scale && --state.atScale === 0) return false;
  const units = rescale(decimal.units, decimal.scale, state.scale);
  state.count--;
  state.sum -= units;
  state.squares -= units * units;
  return true;
}

function spreadOf(state: Spread, isSample: boolean, isRoot: boolean): string | null {
  const { count, scale } = state;
  if (count === 0 || (isSample && count === 1)) return null;
  if (state.isNan) return 'NaN';
  const n = BigInt(count);
  const numerator = new Decimal(n * state.squares - state.sum * state.sum, scale * 2);
  if (numerator.units <= 0n) return '0';
  const divisor = new Decimal(isSample ? n * (n - 1n) : n * n, 0);
  const resultScale = divisionScale(numerator, divisor);
  const variance = divideToScale(numerator, divisor, resultScale);
  return formatDecimal(isRoot ? rootDecimal(variance, resultScale) : variance);
}

const spreads: { [primitive: string]: Aggregate<Spread> } = {};
for (const type of ['int2', 'int4', 'int8', 'numeric']) {
  for (const [name, isSample, isRoot] of [
    ['var_pop', false, false],
    ['var_samp', true, false],
    ['stddev_pop', false, true],
    ['stddev_samp', true, true],
  ] as const) {
    spreads[`${name}.${type}`] = {
      init: () => ({ count: 0, sum: 0n, squares: 0n, scale: 0, atScale: 0, isNan: false }),
      step: addSquare,
      remove: removeSquare,
      result: (state) => spreadOf(state, isSample, isRoot),
    };
  }
}

export const NUMERIC_AGGREGATES: { readonly [primitive: string]: Aggregate } = { ...table, ...spreads };
