import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode, WindowFrames } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { BoundFrame, BoundWindowCall } from '../../engine/sblr/bound-relations.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { BOOL, call, col, con, ESTIMATE, FLOAT8, INT4, INT8, JitFixture, notNull, out, par, scan, TEXT } from './jit-fixture.ts';

const types: SqlType[] = [notNull(INT4), TEXT, INT4, FLOAT8, notNull(INT4), sqlType('jsonb')];
const rows: RowValue[][] = Array.from({ length: 1500 }, (_, id) => [
  id,
  id % 11 === 5 ? null : `p${(id * 7) % 23}`,
  id % 13 === 2 ? null : (id * 31) % 40,
  (id % 17) * 0.5,
  (id * 17) % 1000,
  id % 5 === 0 ? null : `{"k": ${id % 3}}`,
]);
const ample = new JitFixture();
const tight = new JitFixture(1 << 14);
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
  fixture.table(
    2,
    'e',
    types.map((type, index) => ({ name: `c${index}`, type })),
  );
  return table;
});

const column = (index: number): BoundExpression => col(index + 1, types[index]);
const DEFAULT: BoundFrame = {
  unit: 'range',
  start: 'unboundedPreceding',
  startValue: null,
  end: 'current',
  endValue: null,
  rangeKey: null,
  exclude: 'none',
};
const windowCall = (
  id: number,
  primitive: string,
  type: SqlType,
  given: BoundExpression[],
  more: Partial<BoundWindowCall> = {},
): BoundWindowCall => ({
  column: id,
  primitive,
  arguments: given,
  filter: null,
  frame: DEFAULT,
  type,
  ...more,
});
const around: BoundFrame = {
  ...DEFAULT,
  unit: 'rows',
  start: 'preceding',
  startValue: par(0, INT8),
  end: 'following',
  endValue: con(1, INT8),
};
const near: BoundFrame = {
  ...DEFAULT,
  start: 'preceding',
  startValue: call('int4.sub', INT4, column(2), con(3, INT4)),
  end: 'current',
  rangeKey: column(2),
};
const functions: BoundWindowCall[] = [
  windowCall(50, 'row_number', notNull(INT8), []),
  windowCall(51, 'rank', notNull(INT8), []),
  windowCall(52, 'sum.int4', INT8, [column(4)]),
  windowCall(53, 'sum.int4', INT8, [column(2)], { frame: around }),
  windowCall(54, 'count', notNull(INT8), [column(2)], { filter: call('int4.less', BOOL, column(4), con(500, INT4)) }),
  windowCall(55, 'lag.any', INT4, [column(0)]),
  windowCall(56, 'sum.float8', FLOAT8, [column(3)], { frame: { ...DEFAULT, end: 'unboundedFollowing' } }),
  windowCall(57, 'count.star', notNull(INT8), [], { frame: near }),
  windowCall(58, 'max.text', TEXT, [column(1)], { frame: { ...DEFAULT, unit: 'rows' } }),
].map((one) => (one.primitive === 'lag.any' ? { ...one, primitive: 'lag' } : one));
const outputs = functions.map(({ column: id, type }) => out(`f${id}`, id, type));

const byOrder = (a: RowValue[], b: RowValue[]): number =>
  a[2] === b[2] ? 0 : a[2] === null ? 1 : b[2] === null ? -1 : (a[2] as number) - (b[2] as number);
const addUp = (list: readonly RowValue[]): number | null => {
  const there = list.filter((value) => value !== null) as number[];
  return there.length === 0 ? null : there.reduce((sum, value) => sum + value, 0);
};

/** Answers by id, row by row, as the standard says. */
function model(partitionOf: (row: RowValue[]) => unknown): Map<number, RowValue[]> {
  const answers = new Map<number, RowValue[]>();
  for (const key of new Set(rows.map(partitionOf))) {
    const all = rows
      .filter((row) => partitionOf(row) === key)
      .sort((a, b) => byOrder(a, b) || (a[0] as number) - (b[0] as number));
    all.forEach((row, place) => {
      const peersTo = all.filter((other) => byOrder(other, row) <= 0);
      const close = all.filter((other) =>
        row[2] === null
          ? other[2] === null
          : other[2] !== null && (other[2] as number) >= (row[2] as number) - 3 && (other[2] as number) <= (row[2] as number),
      );
      answers.set(row[0] as number, [
        place + 1,
        all.filter((other) => byOrder(other, row) < 0).length + 1,
        addUp(peersTo.map((other) => other[4])),
        addUp(all.slice(Math.max(0, place - 2), place + 2).map((other) => other[2])),
        peersTo.filter((other) => other[2] !== null && (other[4] as number) < 500).length,
        place === 0 ? null : all[place - 1][0],
        addUp(all.map((other) => other[3])),
        close.length,
        all
          .slice(0, place + 1)
          .reduce<RowValue>(
            (best, other) => (other[1] !== null && (best === null || (other[1] as string) > (best as string)) ? other[1] : best),
            null,
          ),
      ]);
    });
  }
  return answers;
}
const node = (input: PhysicalNode, partition: number[], calls = functions, order: number[] = [2]): WindowFrames => ({
  node: 'WindowFrames',
  input,
  partition: partition.map(column),
  order: order.map((index) => ({ expression: column(index), descending: false, nullsFirst: false })),
  functions: calls,
  estimate: ESTIMATE,
});

test('window functions see their partition in order, with frames of rows and values, in memory and through files', () => {
  const partitions: [number[], (row: RowValue[]) => unknown][] = [
    [[1], (row) => row[1]],
    [[], () => 0],
    [[5], (row) => row[5]],
    [[1, 4], (row) => `${row[1]}/${row[4]}`],
  ];
  for (const [partition, partitionOf] of partitions) {
    const expected = model(partitionOf);
    for (const [fixture, table] of [
      [ample, large],
      [tight, small],
    ] as const) {
      const query = { kind: 'query' as const, root: node(scan(table), partition), output: [out('id', 1, INT4), ...outputs] };
      for (const max of [1e9, 11]) {
        const ran = fixture.run(query, [INT8], [2], max, { pause: () => max === 11 }).rows as RowValue[][];
        strictEqual(ran.length, rows.length);
        for (const [id, ...answers] of ran) deepStrictEqual(answers, expected.get(id as number), `row ${id} of ${partition}`);
      }
    }
  }
  strictEqual(spillUsed(tight.kernel.parts.space), 0);
});

test('window nodes stack, and stand below sorts and groups; no row gives no answer', () => {
  const first = node(scan(large), [1], [windowCall(50, 'row_number', notNull(INT8), [])]);
  const second: WindowFrames = {
    ...node(first, [1], [windowCall(60, 'sum.int8', sqlType('numeric'), [col(50, INT8)])], []),
  };
  const root: PhysicalNode = {
    node: 'Sort',
    input: second,
    keys: [{ expression: column(0), descending: false, nullsFirst: false }],
    estimate: ESTIMATE,
  };
  const ran = ample.run({
    kind: 'query',
    root,
    output: [out('id', 1, INT4), out('n', 50, INT8), out('s', 60, sqlType('numeric'))],
  }).rows as RowValue[][];
  const expected = model((row) => row[1]);
  for (const [id, number, sum] of ran) {
    const size = rows.filter((row) => row[1] === rows[id as number][1]).length;
    strictEqual(number, (expected.get(id as number) as RowValue[])[0]);
    strictEqual(sum, String((size * (size + 1)) / 2));
  }
  const empty = node(scan(ample.tables.get(2) as typeof large), [1]);
  deepStrictEqual(ample.run({ kind: 'query', root: empty, output: outputs }, [INT8], [2]).rows, []);
});
