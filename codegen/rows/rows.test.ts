/**
 * Row images: every value comes back from encoder, readers and decoders; older layouts read their defaults; nothing of the
 * user's gets into generated source. Run again from a printed seed with ROWS_SEED=n.
 */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert';
import { test } from 'node:test';
import { type ByteViews, privateViews } from '../../engine/storage/rows/byte-views.ts';
import { imageLayout, imageLength, ROW_BYTES_MAX, ROW_NULLS, ROW_OVERFLOW } from '../../engine/storage/rows/row-image.ts';
import { type Column, layoutRow, type RowLayout } from '../../engine/storage/rows/row-layout.ts';
import { createRowInput, OverflowReference, type RowInput, type RowValue } from '../../engine/storage/rows/row-value.ts';
import { compiledSources } from './compile.ts';
import { arrayDecoder, columnReader, objectDecoder, type OverflowFetch, type RowReader } from './decoder.ts';
import { encodeError, encodeRow, ROW_WIDE, rowEncoder } from './encoder.ts';
import { keyMaker } from './key-extractor.ts';
import { COLUMN_KINDS, randomColumns, randomOf, randomValue } from './random-rows.ts';
import { rowUpgrade } from './upgrade.ts';

const seeds = process.env.ROWS_SEED === undefined ? [1, 2, 3, Date.now() % 1_000_000_007] : [Number(process.env.ROWS_SEED)];

const noOverflow: OverflowFetch = () => {
  throw new Error('no value of this row lies in a chain');
};

const encode = (layout: RowLayout, views: ByteViews, input: RowInput, row = 0): number =>
  rowEncoder(layout)(views.i32, views.u16, views.u8, views.f64, views.bytesView, row, input.numbers, input.values);

const read = <Result>(reader: RowReader<Result>, views: ByteViews, row = 0, overflow = noOverflow): Result =>
  reader(views.i32, views.u16, views.u8, views.f64, views.bytesView, row, overflow);

const inputOf = (values: (RowValue | undefined)[]): RowInput => ({ numbers: new Float64Array(values.length), values });

/** Buffers and byte arrays alike. */
const plain = (value: RowValue): unknown => (value instanceof Uint8Array ? [...value] : value);

const scaled = (value: RowValue, column: Column): RowValue => {
  if (column.kind !== 'numeric' || typeof value !== 'string') return value;
  return Number(value.replace('.', '')) === 0 ? (0).toFixed(column.scale ?? 0) : value;
};

for (const seed of seeds) {
  test(`random rows come back from array, object and column readers (ROWS_SEED=${seed})`, () => {
    const random = randomOf(seed);
    for (let round = 0; round < 150; round++) {
      const columns = randomColumns(random, random(random(10) === 0 ? 150 : 14));
      const layout = layoutRow(columns, random(1024));
      const values = columns.map((column) => scaled(randomValue(random, column), column));
      const views = privateViews(32768);
      views.u8.fill(0xaa);
      const row = 8 * random(100);
      const length = encode(layout, views, inputOf(values), row);
      if (length === ROW_WIDE) continue;
      ok(length >= layout.fixedEnd && length <= ROW_BYTES_MAX, `status ${length}`);
      deepStrictEqual([imageLength(views.i32, row), imageLayout(views.i32, row)], [length, layout.number]);
      strictEqual((views.i32[(row + 12) >> 2] & ROW_NULLS) !== 0, values.includes(null));
      for (let pad = length; (pad & 7) !== 0; pad++) strictEqual(views.u8[row + pad], 0);
      deepStrictEqual(read(arrayDecoder(layout), views, row).map(plain), values.map(plain));
      deepStrictEqual(
        Object.entries(read(objectDecoder(layout), views, row)).map(([, value]) => plain(value)),
        values.map(plain),
      );
      columns.slice(0, 20).forEach((_, index) => {
        deepStrictEqual(plain(read(columnReader(layout, index), views, row)), plain(values[index]));
      });
    }
  });

  test(`rows of older layouts read added columns with their defaults (ROWS_SEED=${seed})`, () => {
    const random = randomOf(seed);
    for (let round = 0; round < 60; round++) {
      const all = randomColumns(random, 2 + random(10)).map((column, id) => {
        const missing = scaled(randomValue(random, column), column);
        return { ...column, id, ...(missing === null ? {} : { missing }) };
      });
      const old = layoutRow(all.slice(0, random(all.length)), 3);
      const current = layoutRow(
        all.filter((_, index) => index >= old.columns.length || random(5) > 0),
        9,
      );
      const values = old.columns.map((column) => scaled(randomValue(random, column), column));
      const views = privateViews(16384);
      if (encode(old, views, inputOf(values)) === ROW_WIDE) continue;
      views.f64[0] = -77;
      const to = privateViews(16384);
      to.u8.fill(0x55);
      const length = rowUpgrade([undefined, undefined, undefined, old, current], current)(views, 0, to, 8);
      if (length < 0) continue;
      const expected = current.columns.map((column) =>
        column.id < old.columns.length ? values[column.id] : (column.missing ?? null),
      );
      strictEqual(imageLength(to.i32, 8), length);
      strictEqual(imageLayout(to.i32, 8), 9);
      strictEqual(to.f64[1], -77);
      deepStrictEqual(read(arrayDecoder(current), to, 8).map(plain), expected.map(plain));
    }
  });
}

test('numbers are taken from the typed array where a value is undefined, as the row stores them', () => {
  const kinds = [
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
  ] as const;
  const layout = layoutRow(kinds.map((kind) => ({ name: kind, kind, nullable: true, precision: 9, scale: 2 })));
  const input = createRowInput(kinds.length);
  input.numbers.set([1, -5, 7, -(2 ** 40), 3, 99, Number.NEGATIVE_INFINITY, 12, 0.5, -0, 1234]);
  const views = privateViews(16384);
  ok(encode(layout, views, input) > 0);
  deepStrictEqual(read(arrayDecoder(layout), views), [
    true,
    -5,
    7,
    -(2 ** 40),
    3,
    99,
    Number.NEGATIVE_INFINITY,
    12,
    0.5,
    -0,
    '12.34',
  ]);
});

test('a value that does not fit its column is refused with column and reason', () => {
  const cases: [Column['kind'], RowValue | undefined, string][] = [
    ['bool', 1, '22P02'],
    ['int16', 32768, '22003'],
    ['int32', 0.5, '22003'],
    ['int32', '1', '22P02'],
    ['int32', undefined, '22P02'],
    ['int64', 2 ** 60, '22003'],
    ['int64', 2n ** 63n, '22003'],
    ['date', 2 ** 31 - 1, '22003'],
    ['time', -1, '22003'],
    ['time', 86_400_000_001, '22003'],
    ['timestamp', 9_224_318_016_000_000_001n, '22003'],
    ['timestamp', -(2n ** 62n), '22003'],
    ['timestamp', Number.NaN, '22P02'],
    ['float32', 1e300, '22003'],
    ['float64', '1', '22P02'],
    ['numeric', '1234567890', '22003'],
    ['numeric', 'x', '22P02'],
    ['wideNumeric', 'x', '22P02'],
    ['wideNumeric', '1e200000', '22003'],
    ['text', 5, '22P02'],
    ['text', Uint8Array.of(0xff), '22P02'],
    ['bytes', 'text', '22P02'],
    ['uuid', '123', '22P02'],
    ['interval', 5, '22P02'],
    ['int32', null, '23502'],
  ];
  for (const [kind, value, code] of cases) {
    const layout = layoutRow([
      { name: 'first', kind: 'int32', nullable: false },
      { name: 'odd one', kind, nullable: false, precision: 9, scale: 0 },
    ]);
    const input = inputOf([1, value]);
    input.numbers[1] = Number.NaN;
    const status = encode(layout, privateViews(16384), input);
    ok(status < ROW_WIDE, `${kind} ${String(value)}: ${status}`);
    const error = encodeError(layout, status);
    strictEqual(error.code, code, `${kind} ${String(value)}`);
    ok(error.message.includes('"odd one"'));
  }
});

test('short numerics round half away from zero to their scale', () => {
  const layout = layoutRow([{ name: 'n', kind: 'numeric', nullable: false, precision: 5, scale: 2 }]);
  const stored = (value: RowValue): RowValue => {
    const views = privateViews(16384);
    ok(encode(layout, views, inputOf([value])) > 0);
    return read(columnReader(layout, 0), views);
  };
  deepStrictEqual(['1.005', '-1.005', '0.004', '999.99', 5, 7n, '1e2', '-0.001'].map(stored), [
    '1.01',
    '-1.01',
    '0.00',
    '999.99',
    '5.00',
    '7.00',
    '100.00',
    '0.00',
  ]);
  ok(encode(layout, privateViews(16384), inputOf(['999.995'])) < ROW_WIDE);
});

test('values above a quarter of a page go to overflow, then the largest until the row fits; they come back', () => {
  const layout = layoutRow([
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'a', kind: 'text', nullable: true },
    { name: 'b', kind: 'bytes', nullable: true },
    ...Array.from({ length: 6 }, (_, index): Column => ({ name: `c${index}`, kind: 'text', nullable: false })),
    { name: 'n', kind: 'wideNumeric', nullable: false },
  ]);
  const chains: Uint8Array[] = [];
  const write = (bytes: Uint8Array): OverflowReference => {
    chains.push(bytes);
    return new OverflowReference(0xfffffff0 + chains.length - 1, bytes.length, bytes.length, 0);
  };
  const fetch: OverflowFetch = (i32, reference) => {
    strictEqual(reference % 4, 0);
    return chains[(i32[reference >> 2] >>> 0) - 0xfffffff0];
  };
  const short = 'é'.repeat(900);
  const values = [
    7,
    'x'.repeat(100_000),
    Buffer.alloc(2049, 3),
    short,
    short,
    'y'.repeat(1999),
    short,
    short,
    'z',
    '1' + '0'.repeat(9000),
  ];
  const views = privateViews(16384);
  const length = encodeRow(layout, views, 0, inputOf(values), write);
  ok(length > 0 && length <= ROW_BYTES_MAX);
  deepStrictEqual(
    chains.slice(0, 3).map((chain) => chain.length),
    [100_000, 4 + 4 * 1001, 2049],
  );
  strictEqual(chains[3].length, 1999, 'then the largest of the others, as the row was still too long');
  ok((views.i32[3] & ROW_OVERFLOW) !== 0);
  deepStrictEqual(read(arrayDecoder(layout), views, 0, fetch).map(plain), values.map(plain));
});

test('a row that cannot fit is refused with 54000, and nothing is written to chains', () => {
  const layout = layoutRow(
    Array.from({ length: 900 }, (_, index): Column => ({ name: `c${index}`, kind: 'text', nullable: false })),
  );
  const write = (): OverflowReference => {
    throw new Error('a chain was written');
  };
  throws(() => encodeRow(layout, privateViews(16384), 0, inputOf(layout.columns.map(() => '123456789012')), write), {
    code: '54000',
  });
  throws(
    () =>
      encodeRow(
        layout,
        privateViews(16384),
        0,
        inputOf(layout.columns.map((_, index) => (index === 899 ? 5 : 'x'.repeat(3000)))),
        write,
      ),
    { code: '22P02' },
  );
  throws(
    () => layoutRow(Array.from({ length: 2000 }, (_, index): Column => ({ name: `c${index}`, kind: 'int32', nullable: false }))),
    { code: '54000' },
  );
  throws(() => layoutRow([], 1024), { code: '54000' });
});

test("nothing of the user's gets into generated source, and tables of one shape share it", () => {
  const marker = 'Zq7markZ';
  const before = new Set(compiledSources());
  for (const seed of seeds) {
    const random = randomOf(seed);
    for (let round = 0; round < 30; round++) {
      const columns = randomColumns(random, 1 + random(12)).map((column, index): Column => {
        const name = `${marker}${index}${['"', '\\', '`\n*/', '__proto__', "');evil('"][random(5)]}`;
        const missing = column.kind === 'text' || column.kind === 'json' ? `${marker}default');evil('` : null;
        return { ...column, name, missing };
      });
      const layout = layoutRow(columns, random(1024));
      const other = layoutRow(
        columns.map((column, index) => ({ ...column, name: `n${index}`, missing: null })),
        5,
      );
      const views = privateViews(16384);
      rowUpgrade([layout], other);
      objectDecoder(layout);
      arrayDecoder(layout);
      keyMaker(
        layout,
        [
          { column: 0, collation: () => -1 },
          { column: columns.length - 1, descending: true },
        ],
        'bytes',
      );
      rowEncoder(layout);
      const known = [...compiledSources()].length;
      rowEncoder(other);
      objectDecoder(other);
      arrayDecoder(other);
      strictEqual([...compiledSources()].length, known, 'equal shapes give equal text');
      encode(layout, views, inputOf(columns.map((column) => (column.kind === 'text' ? marker : randomValue(random, column)))));
    }
  }
  for (const source of compiledSources()) {
    ok(!source.includes(marker));
    ok(!source.includes('evil'));
    if (!before.has(source)) ok(source.length < 40_000);
  }
});

test('a column may be called __proto__', () => {
  const layout = layoutRow([{ name: '__proto__', kind: 'int32', nullable: false }]);
  const views = privateViews(16384);
  encode(layout, views, inputOf([5]));
  const object = read(objectDecoder(layout), views);
  deepStrictEqual(Object.entries(object), [['__proto__', 5]]);
  strictEqual(Object.getPrototypeOf(object), Object.prototype);
});

test('each kind takes its place: widest first, then references, every value aligned', () => {
  const layout = layoutRow(COLUMN_KINDS.map((kind) => ({ name: kind, kind, nullable: true })));
  let end = 24;
  for (const column of [...layout.columns].sort((a, b) => a.at - b.at)) {
    strictEqual(column.at, end);
    strictEqual(column.at % Math.min(8, column.bytes || 4), 0);
    end += column.bytes || 4;
  }
  strictEqual(layout.fixedEnd, end);
});
