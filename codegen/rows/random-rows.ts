/**
 * Random columns and values, leaning towards the extreme ones, and a plain comparator of values: for tests and fuzzers.
 * Everything follows from the seed.
 */

import type { ColumnKind } from '../../engine/storage/rows/row-layout.ts';
import type { Column } from '../../engine/storage/rows/row-layout.ts';
import type { ArrayValue } from '../../engine/storage/rows/nested-value.ts';
import { compareNested } from '../../engine/values/compare-nested.ts';
import type { IntervalValue, RowValue } from '../../engine/storage/rows/row-value.ts';
import { parseDecimal } from '../../engine/storage/rows/wide-numeric.ts';

export type Random = (below: number) => number;

/** Random integers below a bound; the same for the same seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export const COLUMN_KINDS: readonly ColumnKind[] = [
  'bool',
  'int16',
  'int32',
  'int64',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'float32',
  'float64',
  'numeric',
  'wideNumeric',
  'text',
  'bytes',
  'json',
  'uuid',
  'interval',
  'nested',
];

const pick = <Value>(random: Random, values: readonly Value[]): Value => values[random(values.length)];

const LONGS = [
  0n,
  1n,
  -1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 53n - 1n,
  -(2n ** 53n),
  -(2n ** 53n) - 1n,
  2n ** 62n,
  2n ** 63n - 2n,
  -(2n ** 63n) + 1n,
];
const SINGLES = [
  0,
  -0,
  1,
  -1,
  0.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  Math.fround(3.4e38),
  2 ** -149,
];
const DOUBLES = [...SINGLES, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MIN_VALUE, 0.1, 1e300];
const TEXTS = [
  '',
  'a',
  'ab',
  'a\0',
  'a\0\0b',
  '\0',
  '\x01',
  'é',
  '漢字',
  '😀',
  '\uffff',
  'ASCII text that is a little longer than thirty-two bytes',
  'zz',
];

const asLong = (value: bigint): number | bigint => (value > -(2n ** 53n) && value < 2n ** 53n ? Number(value) : value);

/** The infinities, and what is a little more than 63 bits. */
const INSTANTS: readonly (number | bigint)[] = [
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  2n ** 63n - 1n,
  2n ** 63n,
  9_224_318_015_999_999_999n,
];

/** Nothing is longer before 1970 than some thousand years. */
function instantOf(value: number | bigint): number | bigint {
  return value < -(2n ** 61n) ? asLong(BigInt(value) / 8n) : value;
}

function randomLong(random: Random): number | bigint {
  if (random(2) === 0) return asLong(pick(random, LONGS));
  return asLong(BigInt.asIntN(63, (BigInt(random(2 ** 32)) << 31n) ^ BigInt(random(2 ** 32))) >> BigInt(random(60)));
}

function randomDecimal(random: Random, digitsMax: number, scale: number): string {
  let digits = '';
  for (let left = random(digitsMax + 1); left > 0; left--) digits += random(3) === 0 ? '0' : String(random(10));
  const all = digits.replace(/^0+/, '').padStart(scale + 1, '0');
  const text = all.slice(0, all.length - scale) + (scale > 0 ? '.' + all.slice(all.length - scale) : '');
  return random(2) === 0 && /[1-9]/.test(text) ? '-' + text : text;
}

function randomBytes(random: Random): Buffer {
  return Buffer.from(
    Array.from({ length: random(random(4) === 0 ? 400 : 12) }, () => pick(random, [0, 1, 255, 254, random(256)])),
  );
}

/** Arrays of one type: keys of others are compared with each other nowhere. */
function randomArray(random: Random): ArrayValue {
  const count = random(4);
  const items = Array.from({ length: count }, (): RowValue => {
    if (random(4) === 0) return null;
    return random(2) === 0 ? pick(random, TEXTS) : pick(random, ['a', 'b', 'a\0', 'é']);
  });
  const lengths = count === 0 ? [] : count === 2 && random(2) === 0 ? [1, 2] : [count];
  return { kind: 'array', element: 'text', lengths, lowers: lengths.map(() => pick(random, [1, 1, 0, -3])), items };
}

/** A value in the form the decoders return. */
export function randomValue(random: Random, column: Column): RowValue {
  if (column.nullable && random(5) === 0) return null;
  switch (column.kind) {
    case 'bool':
      return random(2) === 1;
    case 'int16':
      return pick(random, [0, 1, -1, 32767, -32768, random(65536) - 32768]);
    case 'int32':
      return pick(random, [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random(2 ** 32) - 2 ** 31]);
    case 'date':
      return pick(random, [
        0,
        -1,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        2 ** 31 - 2,
        1 - 2 ** 31,
        random(60000) - 30000,
      ]);
    case 'time':
      return pick(random, [0, 86_400_000_000, random(2 ** 32) * 20]);
    case 'int64':
      return random(8) === 0 ? pick(random, [2n ** 63n - 1n, -(2n ** 63n)]) : randomLong(random);
    case 'timestamp':
    case 'timestamptz':
      return random(6) === 0 ? pick(random, INSTANTS) : instantOf(randomLong(random));
    case 'float32':
      return random(2) === 0 ? pick(random, SINGLES) : Math.fround((random(2 ** 32) - 2 ** 31) / 2 ** random(40));
    case 'float64':
      return random(2) === 0 ? pick(random, DOUBLES) : ((random(2 ** 32) - 2 ** 31) * (1 + random(2 ** 32))) / 2 ** random(90);
    case 'numeric':
      return randomDecimal(random, column.precision ?? 15, column.scale ?? 0);
    case 'wideNumeric':
      return random(10) === 0
        ? pick(random, ['NaN', 'Infinity', '-Infinity'])
        : randomDecimal(random, pick(random, [2, 20, 60, 700]), random(random(2) === 0 ? 4 : 40));
    case 'text':
    case 'json':
      return random(3) === 0
        ? pick(random, TEXTS)
        : Array.from({ length: random(random(6) === 0 ? 300 : 10) }, () => pick(random, ['a', 'b', '\0', 'é', '字'])).join('');
    case 'bytes':
      return randomBytes(random);
    case 'uuid': {
      const hex = Array.from({ length: 32 }, () => pick(random, ['0', 'f', random(16).toString(16)])).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    }
    case 'interval': {
      const small = (): number => random(7) - 3;
      const wide = (): number => pick(random, [2 ** 31 - 1, -(2 ** 31), small(), random(2 ** 32) - 2 ** 31]);
      if (random(2) === 0) return { months: small(), days: small() * 30, microseconds: small() * 86_400_000_000 + small() };
      return { months: wide(), days: wide(), microseconds: randomLong(random) };
    }
    case 'nested':
      return randomArray(random);
  }
}

/** A table's columns: `count` of random kinds. */
export function randomColumns(random: Random, count: number): Column[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = pick(random, COLUMN_KINDS);
    const precision = 1 + random(15);
    return {
      name: `column${index}`,
      kind,
      nullable: random(2) === 0,
      ...(kind === 'numeric' ? { precision, scale: random(precision + 1) } : {}),
    };
  });
}

const order = (a: number | bigint, b: number | bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function compareFloats(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return order(a, b);
}

function compareDecimals(a: string, b: string): number {
  const rank = (text: string): number => (text === 'NaN' ? 3 : text === 'Infinity' ? 2 : text === '-Infinity' ? 0 : 1);
  if (rank(a) !== 1 || rank(b) !== 1) return rank(a) - rank(b);
  const [left, right] = [parseDecimal(a)!, parseDecimal(b)!];
  const scale = Math.max(left.scale, right.scale);
  const scaled = (value: typeof left): bigint =>
    BigInt(value.digits || '0') * 10n ** BigInt(scale - value.scale) * (value.negative ? -1n : 1n);
  return order(scaled(left), scaled(right));
}

const span = (value: IntervalValue): bigint =>
  (BigInt(value.months) * 30n + BigInt(value.days)) * 86_400_000_000n + BigInt(value.microseconds);

/** How two values of a column are ordered, NULLs aside: below 0, 0 or above 0. */
export function compareValues(kind: ColumnKind, a: RowValue, b: RowValue): number {
  switch (kind) {
    case 'float32':
    case 'float64':
      return compareFloats(a as number, b as number);
    case 'numeric':
    case 'wideNumeric':
      return compareDecimals(a as string, b as string);
    case 'text':
    case 'json':
      return Buffer.compare(Buffer.from(a as string), Buffer.from(b as string));
    case 'bytes':
      return Buffer.compare(a as Uint8Array, b as Uint8Array);
    case 'uuid':
      return (a as string) < (b as string) ? -1 : a === b ? 0 : 1;
    case 'interval':
      return order(span(a as IntervalValue), span(b as IntervalValue));
    case 'nested':
      return compareNested(a as ArrayValue, b as ArrayValue);
    case 'bool':
      return Number(a) - Number(b);
    default:
      return order(a as number, b as number);
  }
}
