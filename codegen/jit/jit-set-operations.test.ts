import { deepStrictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HashSetOp, PhysicalNode } from '../../engine/plan/physical.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { col, con, ESTIMATE, FLOAT8, INT4, INT8, JitFixture, notNull, NUMERIC, out, scan, TEXT } from './jit-fixture.ts';

const ample = new JitFixture();
const tight = new JitFixture(1 << 13);
after(() => {
  ample.close();
  tight.close();
});
const specs = (types: readonly SqlType[]) => types.map((type, index) => ({ name: `c${index}`, type }));
const LEFT = [notNull(INT4), TEXT, sqlType('numeric', true, 10, 2), INT8, notNull(FLOAT8)];
const RIGHT = [INT4, TEXT, NUMERIC, INT8, FLOAT8];
const RESULT = [INT4, TEXT, NUMERIC, INT8, FLOAT8];

/** Rows with duplicates and NULLs; `seed` shifts them. */
function rowsOf(count: number, seed: number, nullable: boolean): RowValue[][] {
  return Array.from({ length: count }, (_, index) => {
    const n = (index * 7 + seed) % 600;
    return [
      nullable && n % 50 === 3 ? null : n % 40,
      n % 9 === 2 ? null : `t${n % 5}é`,
      n % 11 === 4 ? null : nullable && n % 2 === 0 ? `${n % 3}.5` : `${n % 3}.50`,
      n % 13 === 5 ? null : n % 100 === 7 ? 2n ** 60n : n % 2,
      nullable && n % 51 === 1 ? null : n % 3 === 0 ? 0 : 1.5,
    ];
  });
}
const data = { a: rowsOf(1500, 0, false), b: rowsOf(1100, 300, true) };
const tables = [ample, tight].map((fixture) => {
  const a = fixture.table(1, 'a', specs(LEFT));
  const b = fixture.table(2, 'b', specs(RIGHT));
  fixture.fill(a, data.a);
  fixture.fill(b, data.b);
  fixture.table(3, 'e', specs(RIGHT));
  return { a, b };
});

const shifted = (fixture: JitFixture, id: number, by: number): PhysicalNode => {
  const node = scan(fixture.tables.get(id) as (typeof tables)[0]['a']);
  return { ...node, columns: node.columns.map((one) => ({ ...one, column: one.column + by })) };
};
const setOp = (
  kind: HashSetOp['kind'],
  all: boolean,
  left: PhysicalNode,
  right: PhysicalNode,
  ids: { left: number; right: number; into: number },
  width = RESULT.length,
): HashSetOp => ({
  node: 'HashSetOp',
  kind,
  all,
  left,
  right,
  columns: RESULT.slice(0, width).map((type, index) => ({
    column: ids.into + index,
    left: ids.left + index,
    right: ids.right + index,
    type,
  })),
  estimate: ESTIMATE,
});
const query = (root: PhysicalNode, into: number, width = RESULT.length) => ({
  kind: 'query' as const,
  root,
  output: RESULT.slice(0, width).map((type, index) => out(`c${index}`, into + index, type)),
});

const keyOf = (row: RowValue[], width: number): string =>
  row
    .slice(0, width)
    .map((value, index) =>
      value === null ? '~' : index === 2 ? Number(value) : `${typeof value === 'bigint' ? 'n' : ''}${value}`,
    )
    .join('|');
function model(kind: HashSetOp['kind'], all: boolean, left: RowValue[][], right: RowValue[][], width: number): string[] {
  const counts = new Map<string, [number, number]>();
  const add = (row: RowValue[], side: 0 | 1): void => {
    const key = keyOf(row, width);
    const found = counts.get(key) ?? [0, 0];
    found[side]++;
    counts.set(key, found);
  };
  for (const row of left) add(row, 0);
  for (const row of right) add(row, 1);
  const times = ([l, r]: [number, number]): number => {
    if (kind === 'union') return all ? l + r : 1;
    if (kind === 'intersect') return all ? Math.min(l, r) : l > 0 && r > 0 ? 1 : 0;
    return all ? Math.max(0, l - r) : l > 0 && r === 0 ? 1 : 0;
  };
  return [...counts].flatMap(([key, count]) => new Array<string>(times(count)).fill(key)).sort();
}
const keysOf = (list: unknown[], width: number): string[] => (list as RowValue[][]).map((row) => keyOf(row, width)).sort();

const KINDS: [HashSetOp['kind'], boolean][] = [
  ['union', true],
  ['union', false],
  ['intersect', true],
  ['intersect', false],
  ['except', true],
  ['except', false],
];

test('UNION, INTERSECT and EXCEPT, with ALL and without, count rows as SQL does; NULLs are equal; values are equal whatever their spelling', () => {
  const ids = { left: 1, right: 101, into: 201 };
  for (const [kind, all] of KINDS) {
    for (const width of [5, 2, 1]) {
      const expected = model(kind, all, data.a, data.b, width);
      for (const fixture of [ample, tight]) {
        const root = setOp(kind, all, shifted(fixture, 1, 0), shifted(fixture, 2, 100), ids, width);
        for (const max of [1e9, 5]) {
          const ran = fixture.run(query(root, 201, width), [], [], max);
          deepStrictEqual(keysOf(ran.rows, width), expected, `${kind} ${all} ${width} ${max}`);
        }
      }
    }
  }
});

test('an empty side', () => {
  const ids = { left: 1, right: 101, into: 201 };
  for (const [kind, all] of KINDS) {
    for (const [left, right] of [
      [1, 3],
      [3, 1],
      [3, 3],
    ]) {
      const [a, b] = [left, right].map((id) => (id === 1 ? data.a : []));
      const root = setOp(kind, all, shifted(ample, left, 0), shifted(ample, right, 100), ids);
      deepStrictEqual(keysOf(ample.run(query(root, 201)).rows, 5), model(kind, all, a, b, 5));
    }
  }
});

test('a limit inside a side ends that side only; one behind the operation ends both', () => {
  const limited = (input: PhysicalNode, count: number): PhysicalNode => ({
    node: 'LimitCount',
    input,
    limit: con(count, INT8),
    offset: null,
    estimate: ESTIMATE,
  });
  const ids = { left: 1, right: 101, into: 201 };
  for (const max of [1e9, 3]) {
    const both = setOp('union', true, limited(shifted(ample, 1, 0), 10), limited(shifted(ample, 2, 100), 20), ids);
    const expected = [...data.a.slice(0, 10), ...data.b.slice(0, 20)];
    deepStrictEqual(keysOf(ample.run(query(both, 201), [], [], max).rows, 5), keysOf(expected, 5));
    deepStrictEqual(
      (ample.run(query(limited(both, 15), 201), [], [], max).rows as RowValue[][]).map((row) => keyOf(row, 5)),
      expected.slice(0, 15).map((row) => keyOf(row, 5)),
    );
    const distinct: PhysicalNode = {
      node: 'HashDistinct',
      input: shifted(ample, 2, 100),
      columns: [101, 102, 103, 104, 105],
      estimate: ESTIMATE,
    };
    const own = setOp('union', true, shifted(ample, 1, 0), distinct, ids);
    for (let again = 0; again < 2; again++) {
      deepStrictEqual(
        keysOf(ample.run(query(own, 201), [], [], max).rows, 5),
        [...keysOf(data.a, 5), ...new Set(keysOf(data.b, 5))].sort(),
      );
    }
  }
});

test('operations nest, and are grouped and sorted', () => {
  const inner = setOp('except', true, shifted(ample, 1, 0), shifted(ample, 2, 100), { left: 1, right: 101, into: 201 });
  const outer = setOp(
    'union',
    false,
    inner,
    setOp('intersect', false, shifted(ample, 1, 300), shifted(ample, 2, 400), { left: 301, right: 401, into: 501 }),
    {
      left: 201,
      right: 501,
      into: 601,
    },
  );
  const expected = [
    ...new Set([...model('except', true, data.a, data.b, 5), ...model('intersect', false, data.a, data.b, 5)]),
  ].sort();
  deepStrictEqual(keysOf(ample.run(query(outer, 601)).rows, 5), expected);
  const groups: PhysicalNode = {
    node: 'HashAggregate',
    input: setOp('union', true, shifted(ample, 1, 0), shifted(ample, 2, 100), { left: 1, right: 101, into: 201 }),
    keys: [],
    aggregates: [
      { column: 700, primitive: 'sum.int4', arguments: [col(201, INT4)], distinct: false, order: [], filter: null, type: INT8 },
      { column: 701, primitive: 'count.star', arguments: [], distinct: false, order: [], filter: null, type: INT8 },
    ],
    estimate: ESTIMATE,
  };
  const sum = [...data.a, ...data.b].reduce((total, row) => total + Number(row[0] ?? 0), 0);
  deepStrictEqual(ample.run({ kind: 'query', root: groups, output: [out('s', 700, INT8), out('n', 701, INT8)] }).rows, [
    [sum, 2600],
  ]);
  const sorted: PhysicalNode = {
    node: 'Sort',
    input: setOp('union', true, shifted(ample, 1, 0), shifted(ample, 2, 100), { left: 1, right: 101, into: 201 }),
    keys: [{ expression: col(203, NUMERIC), descending: false, nullsFirst: true }],
    estimate: ESTIMATE,
  };
  const ran = ample.run(query(sorted, 201)).rows as RowValue[][];
  deepStrictEqual(keysOf(ran, 5), model('union', true, data.a, data.b, 5));
  const numbers = ran.map((row) => (row[2] === null ? -1 : Number(row[2])));
  deepStrictEqual(
    numbers,
    numbers.slice().sort((a, b) => a - b),
  );
});
