/** Functions of numerics that count: factorial, greatest common divisor, buckets. */

import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import { Decimal, decimalOf, NAN, overflowsFormat, rescale } from './decimal.ts';

export function factorial(n: number | bigint): string {
  if (n < 0) throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'factorial of a negative number is undefined');
  if (n > 32177) throw overflowsFormat();
  const product = (from: bigint, to: bigint): bigint =>
    to - from < 8n ? range(from, to) : product(from, (from + to) >> 1n) * product(((from + to) >> 1n) + 1n, to);
  return String(n < 2 ? 1n : product(2n, BigInt(n)));
}
function range(from: bigint, to: bigint): bigint {
  let result = from;
  for (let n = from + 1n; n <= to; n++) result *= n;
  return result;
}

export function gcdDecimal(a: Decimal, b: Decimal): Decimal {
  if (!a.isFinite || !b.isFinite) return NAN;
  const scale = Math.max(a.scale, b.scale);
  let x = rescale(a.units, a.scale, scale);
  let y = rescale(b.units, b.scale, scale);
  while (y !== 0n) [x, y] = [y, x % y];
  return new Decimal(x < 0n ? -x : x, scale);
}
export function lcmDecimal(a: Decimal, b: Decimal): Decimal {
  if (!a.isFinite || !b.isFinite) return NAN;
  const scale = Math.max(a.scale, b.scale);
  if (a.units === 0n || b.units === 0n) return new Decimal(0n, scale);
  const divisor = gcdDecimal(a, b);
  const x = rescale(a.units, a.scale, scale);
  const y = rescale(b.units, b.scale, scale);
  const product = (x / divisor.units) * y;
  return new Decimal(product < 0n ? -product : product, scale);
}

/** Bucket of `count` equal ones between two bounds: 0 below, count + 1 above; bounds may fall. */
export function widthBucket(operand: string, low: string, high: string, count: number): number {
  const bad = (message: string): SqlError => new SqlError(SQLSTATE.invalid_argument_for_width_bucket_function, message);
  if (count <= 0) throw bad('count must be greater than zero');
  const [value, from, to] = [operand, low, high].map(decimalOf);
  if (value.kind === 'nan' || from.kind === 'nan' || to.kind === 'nan')
    throw bad('operand, lower bound, and upper bound cannot be NaN');
  if (!from.isFinite || !to.isFinite) throw bad('lower and upper bounds must be finite');
  const scale = Math.max(value.scale, from.scale, to.scale);
  let start = rescale(from.units, from.scale, scale);
  let end = rescale(to.units, to.scale, scale);
  if (start === end) throw bad('lower bound cannot equal upper bound');
  const falls = start > end;
  if (!value.isFinite) return (value.kind === 'infinity') !== falls ? bucketAbove(count) : 0;
  let at = rescale(value.units, value.scale, scale);
  if (falls) {
    start = -start;
    end = -end;
    at = -at;
  }
  if (at < start) return 0;
  if (at >= end) return bucketAbove(count);
  return Number(((at - start) * BigInt(count)) / (end - start)) + 1;
}
function bucketAbove(count: number): number {
  if (count === 2147483647) throw new SqlError(SQLSTATE.numeric_value_out_of_range, 'integer out of range');
  return count + 1;
}
