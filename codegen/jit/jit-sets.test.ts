import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HashAggregate, PhysicalNode } from '../../engine/plan/physical.ts';
import type { BoundAggregate } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { col, ESTIMATE, FLOAT8, INT4, INT8, JitFixture, notNull, NUMERIC, out, scan, TEXT } from './jit-fixture.ts';

const PRICE = sqlType('numeric', true, 10, 2);
const types: SqlType[] = [notNull(INT4), notNull(INT4), TEXT, PRICE, NUMERIC, INT8, FLOAT8];
const rows: RowValue[][] = [];
for (let id = 0; id < 3000; id++) {
  rows.push([
    id,
    id % 7,
    id % 5 === 1 ? null : `tëxt ${id % 400}`,
    id % 11 === 0 ? null : `${id % 9}.50`,
    id % 13 === 0 ? null : id % 2 === 0 ? `${id % 3}.0` : `${id % 3}`,
    id % 3 === 0 ? null : id % 100 === 1 ? 2n ** 60n + BigInt(id % 7) : id % 10,
    id * 0.25,
  ]);
}
const ample = new JitFixture();
const tight = new JitFixture(1 << 14);
after(() => {
  ample.close();
  tight.close();
});
const columns = types.map((type, index) => ({ name: `c${index}`, type }));
const [large, small] = [ample, tight].map((fixture) => {
  const table = fixture.table(1, 't', columns);
  fixture.fill(table, rows);
  fixture.table(2, 'empty', columns);
  return table;
});

const count: BoundAggregate = {
  column: 30,
  primitive: 'count.star',
  arguments: [],
  distinct: false,
  order: [],
  filter: null,
  type: notNull(INT8),
};
const over = (column: number, primitive: string, index: number, type: SqlType, more: Partial<BoundAggregate> = {}) => ({
  ...count,
  column,
  primitive,
  arguments: [col(index + 1, types[index])],
  type,
  ...more,
});
const aggregates: BoundAggregate[] = [
  count,
  over(31, 'sum.int8', 5, NUMERIC),
  over(32, 'min.numeric', 3, PRICE),
  over(33, 'sum.float8', 6, FLOAT8),
  over(34, 'count', 2, notNull(INT8), { distinct: true }),
  over(35, 'max.text', 2, TEXT, { filter: { op: 'isTest', test: 'null', negated: false, operand: col(4, PRICE), type: INT4 } }),
];
const outputs = aggregates.map(({ column, type }) => out(`c${column}`, column, type));

function plan(input: PhysicalNode, keys: number[], sets: number[][], grouping: number[]): HashAggregate {
  return {
    node: 'HashAggregate',
    input,
    keys: keys.map((index) => ({ column: 20 + index, expression: col(index + 1, types[index]) })),
    aggregates,
    sets: sets.map((set) => ({ keys: set })),
    grouping: grouping.length === 0 ? [] : [{ column: 40, keys: grouping }],
    estimate: ESTIMATE,
  };
}
const query = (root: PhysicalNode, keys: number[], grouped: boolean) => ({
  kind: 'query' as const,
  root,
  output: [
    ...keys.map((index) => out(`k${index}`, 20 + index, { ...types[index], nullable: true })),
    ...outputs,
    ...(grouped ? [out('g', 40, notNull(INT4))] : []),
  ],
});
const sorted = (list: unknown[]): string[] =>
  (list as RowValue[][]).map((row) => row.map((value) => `${typeof value}:${String(value)}`).join('|')).sort();

/** One aggregation for each set, put together. */
function apart(fixture: JitFixture, table: typeof large, keys: number[], sets: number[][], grouping: number[]): string[] {
  return sets.flatMap((set) => {
    const chosen = set.map((at) => keys[at]);
    const ran = fixture.run(query(plan(scan(table), chosen, [], []), chosen, false)).rows as RowValue[][];
    const bits = grouping.reduce((sum, key) => sum * 2 + (set.includes(key) ? 0 : 1), 0);
    return sorted(
      ran.map((row) => [
        ...keys.map((_, at) => (set.includes(at) ? row[set.indexOf(at)] : null)),
        ...row.slice(chosen.length),
        ...(grouping.length > 0 ? [bits] : []),
      ]),
    );
  });
}

const CASES: { keys: number[]; sets: number[][] }[] = [
  { keys: [1, 2], sets: [[0, 1], [0], []] },
  { keys: [1, 2], sets: [[0], [1], [0], [], []] },
  { keys: [2, 3, 5], sets: [[0, 1, 2], [1, 2], [2], [0, 2]] },
  { keys: [1, 4], sets: [[0, 1], [1], []] },
  { keys: [6], sets: [[0], []] },
];

test('ROLLUP with NULL groups: each row counts once for every set, and GROUPING tells the NULLs apart', () => {
  for (const { keys, sets } of CASES) {
    const grouping = keys.map((_, index) => index);
    const expected = apart(ample, large, keys, sets, grouping).sort();
    const ran = ample.run(query(plan(scan(large), keys, sets, grouping), keys, true));
    deepStrictEqual(sorted(ran.rows), expected);
    deepStrictEqual(sorted(ample.run(query(plan(scan(large), keys, sets, grouping), keys, true), [], [], 7).rows), expected);
  }
});

test('the empty set has a row where no row comes; the others have none', () => {
  const empty = scan(ample.tables.get(2) as typeof large);
  for (const keys of [[1, 2], [1, 4], []]) {
    const ran = ample.run(
      query(
        plan(empty, keys, [keys.map((_, index) => index).slice(0, 1), [], []].slice(keys.length === 0 ? 1 : 0), []),
        keys,
        false,
      ),
    );
    strictEqual(ran.rows.length, 2);
    for (const row of ran.rows as RowValue[][]) {
      deepStrictEqual(
        row.slice(0, keys.length),
        keys.map(() => null),
      );
      deepStrictEqual(row.slice(keys.length), [0, null, null, null, 0, null]);
    }
  }
});

test('groups beyond work_mem wait in files and come out as they would without', () => {
  for (const { keys, sets } of [...CASES, { keys: [0], sets: [] }, { keys: [2, 5], sets: [] }, { keys: [4, 0], sets: [] }]) {
    const made = (fixture: JitFixture, table: typeof large, max: number): string[] =>
      sorted(fixture.run(query(plan(scan(table), keys, sets, []), keys, false), [], [], max).rows);
    const expected = made(ample, large, 100_000);
    for (const max of [100_000, 100]) deepStrictEqual(made(tight, small, max), expected);
  }
  strictEqual(spillUsed(tight.kernel.parts.space), 0);
});
