import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode, TopN } from '../../engine/plan/physical.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { implementations } from '../../engine/values/functions.ts';
import { comparatorOf } from './helpers.ts';
import { col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, out, scan } from './jit-fixture.ts';
import { compareKeys, KeySort } from './key-sort.ts';

const seed = Number(process.env.SCRATCHBIRD_SEED ?? 7);
let state = seed;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

test('keys are sorted as their bytes are, equal ones by their number', () => {
  for (let round = 0; round < 60; round++) {
    const count = 1 + random(round % 6 === 0 ? 6000 : 400);
    const shared = random(12);
    const keys = Array.from({ length: count }, () => {
      const key = new Uint8Array(shared + random(round % 3 === 0 ? 3 : 14)).fill(7);
      for (let at = shared; at < key.length; at++) key[at] = 1 + random(round % 2 === 0 ? 2 : 254);
      return key;
    });
    const ends = new Int32Array(count + 1);
    keys.forEach((key, index) => {
      ends[index + 1] = ends[index] + key.length;
    });
    const { order } = new KeySort(Buffer.concat(keys), ends, count);
    const expected = keys.map((_, index) => index).sort((a, b) => Buffer.compare(keys[a], keys[b]) || a - b);
    deepStrictEqual(
      [...order],
      expected.map((index) => index + 1),
      `seed ${seed}, round ${round}`,
    );
    strictEqual(compareKeys(keys[0], 0, keys[0].length, keys[0], 0, keys[0].length), 0);
  }
});

const types: SqlType[] = [
  notNull(INT4),
  sqlType('bool'),
  sqlType('int2'),
  INT8,
  sqlType('float8'),
  sqlType('numeric', true, 9, 3),
  sqlType('numeric'),
  sqlType('text'),
  sqlType('char', true, 6),
  sqlType('date'),
  sqlType('timestamp'),
  sqlType('timestamptz'),
  sqlType('uuid'),
  sqlType('interval'),
  sqlType('bytea'),
  sqlType('jsonb'),
];
const pick = <Item>(...items: Item[]): Item => items[random(items.length)];
const values: ((id: number) => RowValue)[] = [
  (id) => id,
  () => random(2) === 1,
  () => random(20) - 10,
  () => pick<RowValue>(random(9) - 4, random(2 ** 31) * 4096, 2n ** 62n + BigInt(random(5)), -(2n ** 62n) - BigInt(random(5))),
  () => pick(random(100) / 7 - 5, Number.NaN, Infinity, -Infinity, 0),
  () => `${random(2000) - 1000}.${String(random(3) * 250).padStart(3, '0')}`,
  () =>
    pick('NaN', `${random(50)}.0`, `-${random(50)}.50`, `${random(9)}e30`.replace('e30', '0'.repeat(30)), `0.00${random(100)}`),
  () => pick('', 'a', 'ab', 'a\u0001', '\u{1f600}x', 'ￒ', 'Zürich', `text ${random(40)}`),
  () => pick('a     ', 'b     ', 'ab    ', 'a b   '),
  () => pick(Infinity, -Infinity, random(40000) - 20000),
  () => pick<RowValue>(Infinity, -Infinity, random(2 ** 31) * 1e6, -random(2 ** 31) * 1e5),
  () => pick<RowValue>(Infinity, -Infinity, random(2 ** 31) * 1e6, 0),
  () => `0000000${random(9)}-0000-4000-8000-00000000000${random(9)}`,
  () => ({ months: random(5) - 2, days: random(90) - 45, microseconds: random(2 ** 31) * 100 - 1e11 }),
  () => Uint8Array.from({ length: random(4) }, () => pick(0, 1, 255)),
  () => pick('1', '"a"', '[1, 2]', 'null', '{"a": 1}'),
];
const rows: RowValue[][] = Array.from({ length: 1200 }, (_, id) =>
  values.map((value, index) => (index > 0 && random(8) === 0 ? null : value(id))),
);
const ample = new JitFixture();
const tight = new JitFixture(1 << 15);
after(() => {
  ample.close();
  tight.close();
});
const [large, small] = [ample, tight].map((fixture) => {
  const table = fixture.table(
    1,
    't',
    types.map((type, index) => ({ name: `c${index}`, type })),
  );
  fixture.fill(table, rows);
  return table;
});
const output = [out('id', 1, INT4)];

interface Key {
  index: number;
  descending: boolean;
  nullsFirst: boolean;
}
const compareOf = (index: number): ((a: never, b: never) => number) =>
  (implementations[`${types[index].name}.compare`] as (a: never, b: never) => number) ?? comparatorOf(types[index].name);
function compareBy(keys: readonly Key[]) {
  return (a: RowValue[], b: RowValue[]): number => {
    for (const { index, descending, nullsFirst } of keys) {
      const [x, y] = [a[index], b[index]];
      if (x === null || y === null) {
        if (x === y) continue;
        return (x === null) === nullsFirst ? -1 : 1;
      }
      const found =
        index === 7
          ? Buffer.compare(Buffer.from(x as string), Buffer.from(y as string))
          : compareOf(index)(x as never, y as never);
      if (found !== 0) return descending ? -found : found;
    }
    return 0;
  };
}
const sortKeys = (keys: readonly Key[]) =>
  keys.map(({ index, descending, nullsFirst }) => ({ expression: col(index + 1, types[index]), descending, nullsFirst }));
const idsOf = (list: unknown[]): RowValue[] => (list as RowValue[][]).map(([id]) => id);

test('every type sorts as its comparison says, alone and before others, in memory and through files', () => {
  for (let index = 1; index < types.length; index++) {
    const second = 1 + random(types.length - 1);
    for (const keys of [
      [{ index, descending: random(2) === 0, nullsFirst: random(2) === 0 }],
      [
        { index, descending: random(2) === 0, nullsFirst: random(2) === 0 },
        { index: second, descending: random(2) === 0, nullsFirst: random(2) === 0 },
      ],
    ]) {
      const expected = rows
        .slice()
        .sort(compareBy(keys))
        .map(([id]) => id);
      for (const [fixture, table] of [
        [ample, large],
        [tight, small],
      ] as const) {
        const root: PhysicalNode = { node: 'Sort', input: scan(table), keys: sortKeys(keys), estimate: ESTIMATE };
        deepStrictEqual(idsOf(fixture.run({ kind: 'query', root, output }).rows), expected, `seed ${seed}, ${types[index].name}`);
      }
    }
  }
  strictEqual(spillUsed(tight.kernel.parts.space), 0);
});

test('top-N with ties keeps what is equal to the last row, and no more', () => {
  for (const index of [1, 2, 7, 13, 15]) {
    const keys = [{ index, descending: index % 2 === 0, nullsFirst: index % 3 === 0 }];
    const order = rows.slice().sort(compareBy(keys));
    for (const [limit, skip] of [
      [1, 0],
      [10, 3],
      [300, 0],
      [0, 5],
      [5000, 0],
    ]) {
      const compare = compareBy(keys);
      let end = Math.min(order.length, limit + skip);
      while (limit > 0 && end < order.length && compare(order[end], order[end - 1]) === 0) end++;
      const expected = limit === 0 ? [] : order.slice(skip, end).map(([id]) => id);
      for (const [fixture, table] of [
        [ample, large],
        [tight, small],
      ] as const) {
        const input = scan(table);
        const top: TopN = {
          node: 'TopN',
          input,
          keys: sortKeys(keys),
          limit: con(limit, INT8),
          offset: con(skip, INT8),
          ties: true,
          estimate: ESTIMATE,
        };
        const sorted: PhysicalNode = { node: 'Sort', input, keys: sortKeys(keys), estimate: ESTIMATE };
        const behind: PhysicalNode = {
          node: 'LimitCount',
          input: sorted,
          limit: con(limit, INT8),
          offset: con(skip, INT8),
          ties: sortKeys(keys),
          estimate: ESTIMATE,
        };
        for (const root of index === 15 ? [top] : [top, behind]) {
          for (const max of [1e9, 9]) {
            const ran = fixture.run({ kind: 'query', root, output }, [], [], max);
            deepStrictEqual(idsOf(ran.rows), expected, `${types[index].name} ${limit} ${skip} ${root.node}`);
          }
        }
      }
    }
  }
});
