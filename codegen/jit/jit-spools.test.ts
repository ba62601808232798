import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode, PhysicalQuery, Recurse, SpoolPlan } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { BOOL, call, col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, out, scan, TEXT } from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());
const table = fixture.table(1, 't', [
  { name: 'id', type: notNull(INT4) },
  { name: 'above', type: INT4 },
  { name: 'name', type: TEXT },
]);
const rows: RowValue[][] = Array.from({ length: 500 }, (_, id) => [
  id,
  id === 0 ? null : (id - 1) >> 1,
  id % 3 === 0 ? null : `n${id}`,
]);
fixture.fill(table, rows);

const values = (columns: number[], ...list: RowValue[][]): PhysicalNode => ({
  node: 'ValuesScan',
  columns: columns.map((column) => ({ column, type: INT4 })),
  rows: list.map((row) => row.map((value) => con(value, INT4))),
  estimate: ESTIMATE,
});
const compute = (input: PhysicalNode, column: number, expression: BoundExpression): PhysicalNode => ({
  node: 'Compute',
  input,
  columns: [{ column, expression }],
  estimate: ESTIMATE,
});
const filter = (input: PhysicalNode, condition: BoundExpression): PhysicalNode => ({
  node: 'Filter',
  input,
  condition,
  estimate: ESTIMATE,
});
const less = (a: BoundExpression, b: BoundExpression) => call('int4.less', BOOL, a, b);
const plus = (a: BoundExpression, b: BoundExpression) => call('int4.add', INT4, a, b);
const limit = (input: PhysicalNode, count: number): PhysicalNode => ({
  node: 'LimitCount',
  input,
  limit: con(count, INT8),
  offset: null,
  estimate: ESTIMATE,
});
const work = (number: number, column: number, source: number): PhysicalNode => ({
  node: 'WorkScan',
  work: number,
  alias: 'w',
  columns: [{ column, source, type: INT4 }],
  filter: null,
  estimate: ESTIMATE,
});
const recurse = (
  number: number,
  all: boolean,
  base: PhysicalNode,
  step: PhysicalNode,
  ids: [number, number, number],
): Recurse => ({
  node: 'Recurse',
  work: number,
  base,
  step,
  all,
  columns: [{ column: ids[2], base: ids[0], step: ids[1], type: INT4 }],
  estimate: ESTIMATE,
});
const query = (root: PhysicalNode, columns: number[], spools: SpoolPlan[] = []): PhysicalQuery => ({
  kind: 'query',
  root,
  output: columns.map((column) => out(`c${column}`, column, INT4)),
  spools,
});

/** 1, 2, 3, ... below `end`. */
const numbers = (number: number, at: number, end: number | null): Recurse => {
  const scanned = work(number, at + 1, at + 3);
  const below = end === null ? scanned : filter(scanned, less(col(at + 1, INT4), con(end, INT4)));
  return recurse(number, true, values([at], [1]), compute(below, at + 2, plus(col(at + 1, INT4), con(1, INT4))), [
    at,
    at + 2,
    at + 3,
  ]);
};

test('a recursion runs its step until no row comes', () => {
  for (const max of [1e9, 3]) {
    deepStrictEqual(
      fixture.run(query(numbers(0, 10, 2000), [13]), [], [], max).rows,
      Array.from({ length: 2000 }, (_, index) => [index + 1]),
    );
  }
  const none = recurse(0, true, filter(values([10], [1]), less(col(10, INT4), con(0, INT4))), work(0, 11, 13), [10, 11, 13]);
  deepStrictEqual(fixture.run(query(none, [13])).rows, []);
});

test('a limit ends a recursion that would not end, and so does the cancel word', () => {
  for (const max of [1e9, 1]) {
    deepStrictEqual(fixture.run(query(limit(numbers(0, 10, null), 4), [13]), [], [], max).rows, [[1], [2], [3], [4]]);
  }
  let looks = 0;
  throws(
    () =>
      fixture.run(query(limit(filter(numbers(0, 10, null), less(col(13, INT4), con(0, INT4))), 1), [13]), [], [], 1e9, {
        canceled: () => ++looks > 50,
      }),
    {
      code: '57014',
    },
  );
});

test('without ALL rows that were there end a walk in a circle; pauses change nothing', () => {
  const step = compute(work(0, 11, 13), 12, call('int4.mod', INT4, plus(col(11, INT4), con(3, INT4)), con(10, INT4)));
  const root = recurse(0, false, values([10], [1], [1], [null]), step, [10, 12, 13]);
  const expected = [[1], [null], [4], [7], [0], [3], [6], [9], [2], [5], [8]];
  deepStrictEqual(fixture.run(query(root, [13])).rows, expected);
  deepStrictEqual(fixture.run(query(root, [13]), [], [], 2, { pause: () => true }).rows, expected);
});

test('a tree is walked by a join of the rows that came last', () => {
  const step: PhysicalNode = {
    node: 'HashProbe',
    kind: 'inner',
    input: scan(table),
    build: work(0, 11, 13),
    keys: [{ left: col(2, INT4), right: col(11, INT4), equal: 'int4.equal', nullsMatch: false }],
    unique: false,
    condition: null,
    mark: -1,
    estimate: ESTIMATE,
  };
  const root = recurse(0, true, values([10], [0]), step, [10, 1, 13]);
  const ran = fixture.run(query(root, [13])).rows.map((row) => (row as number[])[0]);
  deepStrictEqual(
    ran.slice().sort((a, b) => a - b),
    rows.map(([id]) => id),
  );
  strictEqual(ran[0], 0);
});

test('a recursion inside the step of another one begins anew each time', () => {
  const inner = numbers(1, 30, 3);
  const step: PhysicalNode = {
    node: 'LoopJoin',
    kind: 'inner',
    input: filter(work(0, 11, 13), less(col(11, INT4), con(3, INT4))),
    build: inner,
    condition: null,
    mark: -1,
    estimate: ESTIMATE,
  };
  const root = recurse(0, true, values([10], [1]), compute(step, 12, plus(col(11, INT4), con(1, INT4))), [10, 12, 13]);
  const ran = fixture.run(query(root, [13])).rows.map((row) => (row as number[])[0]);
  deepStrictEqual(ran, [1, 2, 2, 2, ...new Array(9).fill(3)]);
});

test('WITH is collected once, however often it is read, and may read what stands before it', () => {
  let asked = 0;
  const spools: SpoolPlan[] = [
    {
      name: 'a',
      root: filter(scan(table), less(col(1, INT4), con(100, INT4))),
      columns: [
        { column: 1, type: INT4 },
        { column: 3, type: TEXT },
      ],
    },
    {
      name: 'b',
      root: {
        node: 'SpoolScan',
        spool: 0,
        alias: 'a',
        columns: [{ column: 41, source: 1, type: INT4 }],
        filter: less(col(41, INT4), con(50, INT4)),
        estimate: ESTIMATE,
      },
      columns: [{ column: 41, type: INT4 }],
    },
  ];
  const read = (spool: number, column: number, source: number): PhysicalNode => ({
    node: 'SpoolScan',
    spool,
    alias: 'x',
    columns: [{ column, source, type: INT4 }],
    filter: null,
    estimate: ESTIMATE,
  });
  const root: PhysicalNode = {
    node: 'HashSetOp',
    kind: 'union',
    all: true,
    left: read(1, 50, 41),
    right: {
      node: 'HashSetOp',
      kind: 'union',
      all: true,
      left: read(1, 51, 41),
      right: read(0, 52, 1),
      columns: [{ column: 53, left: 51, right: 52, type: INT4 }],
      estimate: ESTIMATE,
    },
    columns: [{ column: 54, left: 50, right: 53, type: INT4 }],
    estimate: ESTIMATE,
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => [index]);
  for (const max of [1e9, 7]) {
    const looks = { pause: () => ++asked % 2 === 0 };
    deepStrictEqual(fixture.run(query(root, [54], spools), [], [], max, looks).rows, [...upTo(50), ...upTo(50), ...upTo(100)]);
  }
  deepStrictEqual(fixture.run(query(limit(read(0, 52, 1), 2), [52], spools)).rows, upTo(2));
});
