/**
 * The key codec: order of keys = order of values, there and back. Run again from a printed seed with ROWS_SEED=n.
 */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { type ByteViews, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { imageLength } from '../../engine/storage/rows/row-image.ts';
import { type Column, layoutRow, type RowLayout } from '../../engine/storage/rows/row-layout.ts';
import { OverflowReference, type RowValue } from '../../engine/storage/rows/row-value.ts';
import {
  createKeyScratch,
  type IndexKind,
  KEY_OK,
  KEY_OVERFLOW,
  KEY_TOO_LONG,
  type KeyScratch,
} from '../../engine/storage/rows/runtime.ts';
import { columnReader } from './decoder.ts';
import { rowEncoder } from './encoder.ts';
import { decodeKey } from './key-decode.ts';
import {
  indexKind,
  type KeyColumn,
  keyExtractor,
  keyMaker,
  keySuccessor,
  keyTooLong,
  sameKeyTest,
  wideKeyExtractor,
} from './key-extractor.ts';
import { columnsInKey, keyImage } from './key-image.ts';
import { COLUMN_KINDS, compareValues, randomColumns, randomOf, randomValue } from './random-rows.ts';

const seeds = process.env.ROWS_SEED === undefined ? [1, 2, 3, Date.now() % 1_000_000_007] : [Number(process.env.ROWS_SEED)];

/** Keys of one kind by their order. */
function compareKeys(kind: IndexKind, a: KeyScratch, b: KeyScratch): number {
  if (kind === 'bytes') return Buffer.compare(a.u8.subarray(0, a.length), b.u8.subarray(0, b.length));
  if (a.i32[0] !== b.i32[0] || kind === 'i32') return a.i32[0] - b.i32[0];
  return (a.i32[1] >>> 0) - (b.i32[1] >>> 0);
}

function compareRows(
  columns: readonly Column[],
  keys: readonly KeyColumn[],
  a: readonly RowValue[],
  b: readonly RowValue[],
): number {
  for (const key of keys) {
    const [left, right] = [a[key.column], b[key.column]];
    const first = key.nullsFirst ?? key.descending === true;
    if (left === null || right === null) {
      if (left === right) continue;
      return (left === null) === first ? -1 : 1;
    }
    const order = compareValues(columns[key.column].kind, left, right);
    if (order !== 0) return key.descending === true ? -order : order;
  }
  return 0;
}

function checkOrder(
  columns: readonly Column[],
  keys: readonly KeyColumn[],
  rows: readonly RowValue[][],
  kindWanted?: IndexKind,
): void {
  const layout = layoutRow(columns);
  const kind = kindWanted ?? indexKind(layout, keys);
  const extract = keyExtractor(layout, keys, kind);
  const same = sameKeyTest(layout, keys);
  const encode = rowEncoder(layout);
  const numbers = new Float64Array(columns.length);
  const maker = keyMaker(layout, keys, kind);
  const made = rows.map((values) => {
    const views = privateViews(16384);
    const key = createKeyScratch();
    ok(encode(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, numbers, values) > 0);
    const status = extract(views.i32, views.u16, views.u8, views.f64, 0, key);
    const other = createKeyScratch();
    strictEqual(maker.encode({ numbers, values: keys.map((part) => values[part.column]) }, other), status);
    if (status === KEY_OK) {
      strictEqual(compareKeys(kind, key, other), 0, 'keys of rows and of values are the same');
      strictEqual(key.nulls, keys.filter((part) => values[part.column] === null).length);
    }
    return { values, views, key, status };
  });
  const fit = made.filter((one) => one.status === KEY_OK);
  for (const a of fit) {
    decodeKey(layout, keys, kind, a.key).forEach((value, index) => {
      const column = columns[keys[index].column];
      const before = a.values[keys[index].column];
      strictEqual(value === null, before === null);
      if (value === undefined) strictEqual(column.kind, 'nested', 'only keys of nested values cannot be had back');
      else if (value !== null) strictEqual(compareValues(column.kind, value, before), 0, `${column.kind} comes back`);
    });
    checkImage(layout, keys, kind, a.key, a.views);
    for (const b of fit) {
      const order = Math.sign(compareRows(columns, keys, a.values, b.values));
      strictEqual(
        Math.sign(compareKeys(kind, a.key, b.key)),
        order,
        `${JSON.stringify(keys)} ${kind}: ${String(a.values)} / ${String(b.values)}`,
      );
      if (same(a.views, 0, b.views, 0)) strictEqual(order, 0, 'sameKey is certain');
    }
    ok(same(a.views, 0, a.views, 0));
  }
}

/** The row made from a key has what the key holds, bit for bit. */
function checkImage(layout: RowLayout, keys: readonly KeyColumn[], kind: IndexKind, key: KeyScratch, from: ByteViews): void {
  const wanted = columnsInKey(layout, keys);
  const views = privateViews(16384);
  views.u8.fill(0xa5);
  const row = 8;
  // Other bytes lie around it.
  const bytes = Buffer.concat([
    Buffer.from('before'),
    key.u8.subarray(0, kind === 'bytes' ? key.length : 0),
    Buffer.from('behind'),
  ]);
  const words = Int32Array.of(7, 7, key.i32[0], key.i32[1]);
  const make = keyImage(layout, keys, kind, wanted);
  const length = make(words, bytes, kind === 'bytes' ? 6 : 2, 6 + key.length, views.i32, views.u16, views.u8, views.f64, row);
  strictEqual(imageLength(views.i32, row), length);
  for (const column of wanted) {
    const read = columnReader(layout, column);
    const value = read(views.i32, views.u16, views.u8, views.f64, views.bytesView, row, noOverflow);
    const before = read(from.i32, from.u16, from.u8, from.f64, from.bytesView, 0, noOverflow);
    deepStrictEqual(value, before, `${layout.columns[column].kind} out of a key`);
  }
}

const noOverflow = (): never => {
  throw new Error('a key holds no reference');
};

for (const seed of seeds) {
  test(`keys of one column of each kind have the order of its values (ROWS_SEED=${seed})`, () => {
    const random = randomOf(seed);
    for (const kind of COLUMN_KINDS) {
      for (const variant of [0, 1, 2, 3, 4, 5]) {
        const nullable = variant >= 2;
        const descending = variant % 2 === 1;
        const columns: Column[] = [{ name: 'x', kind, nullable, precision: 9, scale: 3 }];
        const keys = [{ column: 0, descending, ...(variant >= 4 ? { nullsFirst: !descending } : {}) }];
        const rows = Array.from({ length: 40 }, () => [randomValue(random, columns[0])]);
        checkOrder(columns, keys, rows);
        checkOrder(columns, keys, rows, 'bytes');
      }
    }
  });

  test(`keys of several columns have the order of the rows (ROWS_SEED=${seed})`, () => {
    const random = randomOf(seed);
    for (let round = 0; round < 40; round++) {
      const columns = randomColumns(random, 5);
      const keys = [0, 1, 2, 3, 4]
        .slice(0, 1 + random(5))
        .map(() => ({ column: random(5), descending: random(2) === 0, nullsFirst: random(2) === 0 }));
      const pools = columns.map((column) => [
        randomValue(random, column),
        randomValue(random, column),
        randomValue(random, column),
      ]);
      const rows = Array.from({ length: 20 }, () => pools.map((pool) => pool[random(3)]));
      checkOrder(columns, keys, rows);
    }
  });
}

test('a range over the beginning of a key takes in exactly the keys that have it', () => {
  const layout = layoutRow([
    { name: 'a', kind: 'text', nullable: true },
    { name: 'b', kind: 'int32', nullable: false },
  ]);
  const maker = keyMaker(layout, [{ column: 0 }, { column: 1 }]);
  const keyOf = (values: RowValue[]): KeyScratch => {
    const key = createKeyScratch();
    strictEqual(maker.encode({ numbers: new Float64Array(2), values }, key, values.length), KEY_OK);
    return key;
  };
  const texts = ['', 'a', 'a\0', 'ab', 'b', '\u{10ffff}', null];
  for (const wanted of texts) {
    const low = keyOf([wanted]);
    const high = keyOf([wanted]);
    strictEqual(keySuccessor(high), true);
    for (const text of texts) {
      for (const number of [-(2 ** 31), 0, 2 ** 31 - 1]) {
        const key = keyOf([text, number]);
        strictEqual(compareKeys('bytes', key, low) >= 0 && compareKeys('bytes', key, high) < 0, text === wanted);
      }
    }
  }
  const all = createKeyScratch();
  all.u8.fill(255, 0, 3);
  all.length = 3;
  strictEqual(keySuccessor(all), false, 'nothing lies above');
});

test('a collation key is taken as opaque bytes', () => {
  const layout = layoutRow([
    { name: 'a', kind: 'text', nullable: false },
    { name: 'b', kind: 'int32', nullable: false },
  ]);
  // Folds case, and writes a 0 behind each letter: the codec must escape it.
  const collation = (u8: Uint8Array, from: number, length: number, to: Uint8Array, at: number, limit: number): number => {
    if (at + 2 * length > limit) return -1;
    for (let index = 0; index < length; index++) {
      to[at++] = u8[from + index] | 32;
      to[at++] = 0;
    }
    return at;
  };
  const keys = [{ column: 0, collation }, { column: 1 }];
  const maker = keyMaker(layout, keys);
  const keyOf = (text: string, number: number): KeyScratch => {
    const key = createKeyScratch();
    strictEqual(maker.encode({ numbers: new Float64Array(2), values: [text, number] }, key), KEY_OK);
    return key;
  };
  strictEqual(compareKeys('bytes', keyOf('ABC', 1), keyOf('abc', 1)), 0);
  ok(compareKeys('bytes', keyOf('ABC', 9), keyOf('abcd', 1)) < 0);
  ok(compareKeys('bytes', keyOf('b', 0), keyOf('ABCD', 1)) > 0);
  deepStrictEqual(decodeKey(layout, keys, 'bytes', keyOf('ABC', 7)), [undefined, 7]);
  strictEqual(maker.encode({ numbers: new Float64Array(2), values: ['x'.repeat(1001), 1] }, createKeyScratch()), KEY_TOO_LONG);
});

test('a key is 2,000 bytes at most', () => {
  const layout = layoutRow([{ name: 'a', kind: 'text', nullable: false }]);
  const input = (length: number): { numbers: Float64Array; values: RowValue[] } => ({
    numbers: new Float64Array(1),
    values: ['x'.repeat(length)],
  });
  const maker = keyMaker(layout, [{ column: 0 }]);
  strictEqual(maker.encode(input(2000), createKeyScratch()), KEY_OK);
  for (const length of [2001, 2048, 2049, 100_000]) strictEqual(maker.encode(input(length), createKeyScratch()), KEY_TOO_LONG);
  throws(
    () => {
      throw keyTooLong();
    },
    { code: '54000' },
  );
  const escaped = keyMaker(layout, [{ column: 0, descending: true }]);
  strictEqual(escaped.encode({ numbers: new Float64Array(1), values: ['\0'.repeat(1200)] }, createKeyScratch()), KEY_TOO_LONG);
});

test('the key of a value in an overflow chain is made from what the chain holds', () => {
  const layout = layoutRow([
    { name: 'a', kind: 'int32', nullable: true },
    { name: 'b', kind: 'text', nullable: false },
    { name: 'c', kind: 'text', nullable: false },
  ]);
  const keys = [{ column: 2 }, { column: 0 }, { column: 1 }];
  const views = privateViews(16384);
  const encode = rowEncoder(layout);
  const key = createKeyScratch();
  const plain = createKeyScratch();
  const extract = keyExtractor(layout, keys, 'bytes');
  encode(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, new Float64Array(3), [5, 'inline', 'chained']);
  strictEqual(extract(views.i32, views.u16, views.u8, views.f64, 0, plain), KEY_OK);
  encode(views.i32, views.u16, views.u8, views.f64, views.bytesView, 0, new Float64Array(3), [
    5,
    'inline',
    new OverflowReference(7, 7, 7, 0),
  ]);
  strictEqual(extract(views.i32, views.u16, views.u8, views.f64, 0, key), KEY_OVERFLOW);
  const wide = wideKeyExtractor(layout, keys, 'bytes');
  strictEqual(
    wide(views, 0, key, () => Buffer.from('chained')),
    KEY_OK,
  );
  strictEqual(compareKeys('bytes', key, plain), 0);
  strictEqual(
    wide(views, 0, key, () => Buffer.alloc(9000)),
    KEY_TOO_LONG,
  );
  strictEqual(
    wide(views, 0, key, () => Buffer.alloc(90_000)),
    KEY_TOO_LONG,
  );
});
