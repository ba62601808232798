/** The order of SQL values outside rows, as indexes have it (text by code points, which is the order of its bytes), and their widths. */

import type { IntervalValue, RowValue } from '../storage/rows/row-value.ts';
import { isNestedType, type SqlType } from '../sblr/types.ts';
import { nestedBytes } from '../storage/rows/nested-bytes.ts';
import { isNested } from '../storage/rows/nested-value.ts';

export type ValueOrder = (a: RowValue, b: RowValue) => number;

const plain: ValueOrder = (a, b) => ((a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0);

/** NaN equals itself and is greater than everything. */
const floats: ValueOrder = (a, b) => {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) ? -1 : plain(a, b);
};

/** Surrogates stand for characters behind all others. */
const codeRank = (code: number): number => (code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code);

const texts: ValueOrder = (a, b) => {
  const left = a as string;
  const right = b as string;
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const one = left.charCodeAt(at);
    const other = right.charCodeAt(at);
    if (one !== other) return codeRank(one) - codeRank(other);
  }
  return left.length - right.length;
};

const NUMERIC_RANK: { readonly [text: string]: number } = { '-Infinity': -1, Infinity: 1, NaN: 2 };

/** Digits of a decimal as an integer over 10^scale. */
function scaled(text: string): { value: bigint; scale: number } {
  const point = text.indexOf('.');
  if (point < 0) return { value: BigInt(text), scale: 0 };
  return { value: BigInt(text.slice(0, point) + text.slice(point + 1)), scale: text.length - point - 1 };
}

const numerics: ValueOrder = (a, b) => {
  if (a === b) return 0;
  const left = String(a);
  const right = String(b);
  const leftRank = NUMERIC_RANK[left] ?? 0;
  const rightRank = NUMERIC_RANK[right] ?? 0;
  if (leftRank !== 0 || rightRank !== 0) return leftRank - rightRank;
  const one = scaled(left);
  const other = scaled(right);
  const scale = Math.max(one.scale, other.scale);
  return plain(
    (one.value * 10n ** BigInt(scale - one.scale)) as RowValue,
    (other.value * 10n ** BigInt(scale - other.scale)) as RowValue,
  );
};

const DAY = 86_400_000_000n;
const intervalLength = ({ months, days, microseconds }: IntervalValue): bigint =>
  (BigInt(months) * 30n + BigInt(days)) * DAY + BigInt(microseconds);

/** Compares two values of the type that are not NULL; null: the type has no order. */
export function orderOf(type: SqlType): ValueOrder | null {
  switch (type.name) {
    case 'json':
    case 'jsonb':
      return null;
    case 'numeric':
      return numerics;
    case 'float4':
    case 'float8':
      return floats;
    case 'text':
    case 'varchar':
    case 'char':
    case 'name':
      return texts;
    case 'bytea':
      return (a, b) => Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'interval':
      return (a, b) => plain(intervalLength(a as IntervalValue) as RowValue, intervalLength(b as IntervalValue) as RowValue);
    default:
      // Those of arrays, rows and ranges are not kept: histograms hold plain values.
      return isNestedType(type.name) ? null : plain;
  }
}

const WIDTHS: { readonly [type: string]: number } = { bool: 1, int2: 2, int4: 4, float4: 4, date: 4, uuid: 16, interval: 16 };

/** Bytes of a value, as pg_stats counts them. */
export function valueBytes(type: SqlType, value: RowValue): number {
  if (typeof value === 'string' && type.name !== 'uuid') return Buffer.byteLength(value, 'utf8');
  if (value instanceof Uint8Array) return value.length;
  return isNested(value) ? nestedBytes(value).length : (WIDTHS[type.name] ?? 8);
}
