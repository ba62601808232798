import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode } from '../../engine/plan/physical.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import { col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, NUMERIC, out, par, scan, TEXT } from './jit-fixture.ts';

const PRICE = sqlType('numeric', true, 10, 2);
const specs = [
  { name: 'id', type: notNull(INT4) },
  { name: 'a', type: INT4 },
  { name: 'name', type: TEXT },
  { name: 'price', type: PRICE },
  { name: 'wide', type: NUMERIC },
];
const rows: RowValue[][] = [];
for (let id = 0; id < 2000; id++) {
  rows.push([
    id,
    id % 7 === 3 ? null : (id * 37) % 50,
    id % 6 === 0 ? null : `${'\u{10000}\uffffzyxwé'[id % 7] ?? 'q'}${id % 20}`,
    id % 5 === 0 ? null : `${(id * 13) % 300}.${String(id % 4 === 0 ? 25 : 50)}`,
    id % 9 === 0 ? null : `${id % 100}${id % 2 === 0 ? '.0' : '.00'}`,
  ]);
}
for (const row of rows) if (typeof row[2] === 'string' && !row[2].isWellFormed()) row[2] = `\u{10000}${row[0]}`;
const indexes = [
  { name: 'i0', columns: ['id'], unique: true },
  { name: 'i1', columns: ['a'] },
  { name: 'i2', columns: [{ column: 'a', descending: true }, 'id'] },
  { name: 'i3', columns: ['price'] },
  { name: 'i4', columns: ['name', 'a'] },
  { name: 'i5', columns: ['a'], method: 'hash' as const },
  { name: 'i6', columns: ['name'], method: 'hash' as const },
];
const small = new JitFixture(1 << 14);
const fixture = new JitFixture();
after(() => {
  small.close();
  fixture.close();
});
const [one, other] = [small, fixture].map((where) => {
  const table = where.table(1, 't', specs, indexes);
  where.fill(table, rows);
  return table;
});
const output = specs.map(({ name, type }, index) => out(name, index + 1, type));
const types = specs.map(({ type }) => type);

const byUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
function order(index: number, descending: boolean, nullsFirst: boolean) {
  return (a: RowValue[], b: RowValue[]): number => {
    const [x, y] = [a[index], b[index]];
    if (x === null || y === null) return x === y ? 0 : (x === null) === nullsFirst ? -1 : 1;
    const found = index === 2 ? byUtf8(x as string, y as string) : Number(x) - Number(y);
    return descending ? -found : found;
  };
}
const key = (index: number, descending: boolean, nullsFirst: boolean) => ({
  expression: col(index + 1, types[index]),
  descending,
  nullsFirst,
});

test('rows are sorted by every type in both directions, NULLs where they belong, in memory and through runs', () => {
  for (let index = 0; index < types.length; index++) {
    for (const [descending, nullsFirst] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]) {
      const expected = rows.slice().sort(order(index, descending, nullsFirst));
      const root = (table: typeof one): PhysicalNode => ({
        node: 'Sort',
        input: scan(table),
        keys: [key(index, descending, nullsFirst)],
        estimate: ESTIMATE,
      });
      deepStrictEqual(fixture.run({ kind: 'query', root: root(other), output }).rows, expected);
      deepStrictEqual(small.run({ kind: 'query', root: root(one), output }).rows, expected);
      const top: PhysicalNode = {
        ...(root(other) as Extract<PhysicalNode, { node: 'Sort' }>),
        node: 'TopN',
        limit: con(20, INT8),
        offset: par(0, INT8),
      };
      deepStrictEqual(fixture.run({ kind: 'query', root: top, output }, [INT8], [5]).rows, expected.slice(5, 25));
    }
  }
});

test('a result may stop at every row and goes on without giving one twice', () => {
  const limit = (input: PhysicalNode, count: number, skip: number): PhysicalNode => ({
    node: 'LimitCount',
    input,
    limit: con(count, INT8),
    offset: con(skip, INT8),
    estimate: ESTIMATE,
  });
  const range = {
    ...scan(other),
    node: 'IndexRange' as const,
    index: 1000,
    equal: [],
    low: { value: con(100, INT4), inclusive: true },
    high: { value: con(200, INT4), inclusive: false },
    backward: true,
  };
  const cases: [PhysicalNode, RowValue[][]][] = [
    [scan(other), rows],
    [limit(scan(other), 30, 400), rows.slice(400, 430)],
    [range, rows.slice(100, 200).reverse()],
    [{ node: 'Sort', input: scan(other), keys: [key(0, true, false)], estimate: ESTIMATE }, rows.slice().reverse()],
  ];
  for (const [root, expected] of cases) {
    for (const max of [1, 2, 7, 5000]) {
      const ran = fixture.run({ kind: 'query', root, output }, [], [], max);
      deepStrictEqual(ran.rows, expected);
      if (max === 1) strictEqual(ran.steps >= expected.length, true);
    }
  }
  deepStrictEqual(fixture.run({ kind: 'query', root: limit(scan(other), 0, 0), output }).rows, []);
  throws(() => fixture.run({ kind: 'query', root: limit(scan(other), -1, 0), output }), /LIMIT must not be negative/);
});

test('DISTINCT gives the first row of each value', () => {
  const root: PhysicalNode = { node: 'HashDistinct', input: scan(other), columns: [2, 5], estimate: ESTIMATE };
  const seen = new Set<string>();
  const expected = rows.filter((row) => {
    const text = `${row[1]}/${row[4] === null ? null : Number(row[4])}`;
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
  deepStrictEqual(fixture.run({ kind: 'query', root, output }).rows, expected);
});

test('ranges of indexes hold what lies between their bounds, whatever the direction, the type and the bounds', () => {
  const sorted = (list: RowValue[][]) => list.map(([id]) => id as number).sort((a, b) => a - b);
  const bounds = ['none', 'inclusive', 'exclusive'] as const;
  const cases = [
    { index: 1000, column: 0, low: 50, high: 1950 },
    { index: 1001, column: 1, low: 10, high: 40 },
    { index: 1002, column: 1, low: 10, high: 40 },
    { index: 1003, column: 3, low: '10.254', high: '250.50' },
    { index: 1003, column: 3, low: '10.25', high: '250.505' },
    { index: 1003, column: 3, low: '-99999999999', high: '99999999999' },
    { index: 1004, column: 2, low: 'w1', high: 'z' },
  ];
  for (const { index, column, low, high } of cases) {
    const compare = (value: RowValue, bound: RowValue): number =>
      column === 2 ? byUtf8(value as string, bound as string) : Number(value) - Number(bound);
    for (const lowHow of bounds) {
      for (const highHow of bounds) {
        const expected = rows.filter((row) => {
          const value = row[column];
          if (value === null) return lowHow === 'none' && highHow === 'none';
          const [x, y] = [compare(value, low), compare(value, high)];
          return (
            (lowHow === 'none' || x > 0 || (x === 0 && lowHow === 'inclusive')) &&
            (highHow === 'none' || y < 0 || (y === 0 && highHow === 'inclusive'))
          );
        });
        for (const backward of [false, true]) {
          const type = column === 3 ? NUMERIC : types[column];
          const bound = (how: string, value: RowValue) =>
            how === 'none' ? null : { value: con(value, type), inclusive: how === 'inclusive' };
          const root = {
            ...scan(other),
            node: 'IndexRange' as const,
            index,
            equal: [],
            low: bound(lowHow, low),
            high: bound(highHow, high),
            backward,
          };
          const ran = fixture.run({ kind: 'query', root, output }).rows as RowValue[][];
          deepStrictEqual(sorted(ran), sorted(expected), `${index} ${lowHow} ${highHow}`);
          const descending = (index === 1002) !== backward;
          const inOrder = ran.slice().sort(order(column, descending, descending));
          deepStrictEqual(
            ran.map((row) => row[column]),
            inOrder.map((row) => row[column]),
          );
        }
      }
    }
  }
});

test('equal columns before a range, hash indexes and lists of keys', () => {
  const ids = (root: PhysicalNode, values: RowValue[] = []) =>
    (fixture.run({ kind: 'query', root, output: [output[0]] }, [TEXT, INT4], values).rows as number[][])
      .map(([id]) => id)
      .sort((a, b) => a - b);
  const where = (keep: (row: RowValue[]) => boolean) => rows.filter(keep).map(([id]) => id);
  const range = (index: number, equal: ReturnType<typeof con>[], low: number | null) => ({
    ...scan(other),
    node: 'IndexRange' as const,
    index,
    equal,
    low: low === null ? null : { value: con(low, INT4), inclusive: false },
    high: null,
    backward: false,
  });
  deepStrictEqual(
    ids(range(1004, [par(0, TEXT)], 20), ['q7', null]),
    where((row) => row[2] === 'q7' && row[1] !== null && (row[1] as number) > 20),
  );
  deepStrictEqual(
    ids(range(1004, [par(0, TEXT)], null), ['q7', null]),
    where((row) => row[2] === 'q7'),
  );
  deepStrictEqual(ids(range(1004, [par(0, TEXT)], null), [null, null]), []);
  deepStrictEqual(
    ids(range(1005, [par(1, INT4)], null), [null, 37]),
    where((row) => row[1] === 37),
  );
  deepStrictEqual(
    ids(range(1006, [par(0, TEXT)], null), ['q7', null]),
    where((row) => row[2] === 'q7'),
  );
  const points = {
    ...scan(other),
    node: 'IndexPoints' as const,
    index: 1001,
    values: [par(1, INT4), con(5, INT4), con(5, INT4), con(null, INT4), con(1000, INT4)],
  };
  deepStrictEqual(
    ids(points, [null, 8]),
    where((row) => row[1] === 8 || row[1] === 5),
  );
});
