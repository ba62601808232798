/** What stops a statement between two morsels: a full result, its time, the cancel word. Its answer is the same however often it does. */

import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode } from '../../engine/plan/physical.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, out, scan, TEXT } from './jit-fixture.ts';

const specs = [
  { name: 'id', type: notNull(INT4) },
  { name: 'a', type: INT4 },
  { name: 'name', type: TEXT },
];
const rows: RowValue[][] = Array.from({ length: 3000 }, (_, id) => [
  id,
  id % 11 === 4 ? null : (id * 37) % 50,
  id % 6 === 0 ? null : `name ${(id * 7) % 100}`,
]);
const indexes = [
  { name: 'i0', columns: ['id'], unique: true },
  { name: 'i1', columns: ['a', { column: 'id', descending: true }] },
];
/** Sorts of more than a few rows write runs there. */
const fixture = new JitFixture(1 << 14);
after(() => fixture.close());
const table = fixture.table(1, 't', specs, indexes);
fixture.fill(table, rows);
const output = specs.map(({ name, type }, index) => out(name, index + 1, type));

const sortKey = (index: number, descending: boolean) => ({
  expression: col(index + 1, specs[index].type),
  descending,
  nullsFirst: descending,
});
const byA = (x: RowValue[], y: RowValue[]): number =>
  x[1] === y[1] ? 0 : x[1] === null ? 1 : y[1] === null ? -1 : (x[1] as number) - (y[1] as number);
const sortedByA = rows.slice().sort(byA);
const HUGE = 9223372036854775807n;

const sort = (keys: ReturnType<typeof sortKey>[]): PhysicalNode => ({
  node: 'Sort',
  input: scan(table),
  keys,
  estimate: ESTIMATE,
});
const top = (limit: RowValue, offset: RowValue): PhysicalNode => ({
  node: 'TopN',
  input: scan(table),
  keys: [sortKey(1, false)],
  limit: con(limit, INT8),
  offset: con(offset, INT8),
  estimate: ESTIMATE,
});
const range = (index: number, low: number, high: number, backward: boolean): PhysicalNode => ({
  ...scan(table),
  node: 'IndexRange',
  index,
  equal: [],
  low: { value: con(low, INT4), inclusive: true },
  high: { value: con(high, INT4), inclusive: false },
  backward,
});

/** a up, ids down, as the second index has them. */
const inIndexOrder = rows
  .filter(([, a]) => a !== null && (a as number) >= 10 && (a as number) < 30)
  .sort((x, y) => (x[1] as number) - (y[1] as number) || (y[0] as number) - (x[0] as number));

const SHAPES: readonly (readonly [what: string, root: PhysicalNode, expected: RowValue[][]])[] = [
  ['scan', scan(table), rows],
  ['sort through runs', sort([sortKey(1, false)]), sortedByA],
  [
    'sort by two keys',
    sort([sortKey(1, true), sortKey(0, true)]),
    rows.slice().sort((x, y) => -byA(x, y) || (y[0] as number) - (x[0] as number)),
  ],
  ['first rows', top(40, 3), sortedByA.slice(3, 43)],
  ['first rows that do not fit', top(2500, 100), sortedByA.slice(100, 2600)],
  ['first rows, as many as there are', top(HUGE, 0), sortedByA],
  ['no rows, for all are passed over', top(10, HUGE), []],
  ['range', range(1000, 100, 900, false), rows.slice(100, 900)],
  ['range backward', range(1000, 100, 900, true), rows.slice(100, 900).reverse()],
  ['range of two columns', range(1001, 10, 30, false), inIndexOrder],
  ['range of two columns backward', range(1001, 10, 30, true), inIndexOrder.slice().reverse()],
  [
    'points',
    { ...scan(table), node: 'IndexPoints', index: 1000, values: Array.from({ length: 600 }, (_, id) => con(id * 3, INT4)) },
    rows.filter(([id]) => (id as number) % 3 === 0 && (id as number) < 1800),
  ],
  [
    'distinct',
    { node: 'HashDistinct', input: scan(table), columns: [3], estimate: ESTIMATE },
    rows.filter((row, at) => rows.findIndex((one) => one[2] === row[2]) === at),
  ],
];

test('an answer is the same with tiny results, with pauses at every chance, and with both', () => {
  for (const [what, root, expected] of SHAPES) {
    for (const max of [1, 3, 1000, Infinity]) {
      for (const pause of [null, () => true]) {
        const ran = fixture.run({ kind: 'query', root, output }, [], [], max, { pause });
        deepStrictEqual(ran.rows, expected, `${what}, ${max} rows at a time`);
        if (pause !== null && expected.length > 600) ok(ran.steps > 1, `${what} does not pause`);
      }
    }
  }
});

test('a cancel word ends a statement wherever it is, and leaves nothing behind', async () => {
  for (const [what, root, expected] of SHAPES) {
    for (const max of [2, Infinity]) {
      for (let wanted = 0, isDone = false; !isDone && wanted < 12; wanted++) {
        let looks = 0;
        const run = async (): Promise<void> => {
          fixture.run({ kind: 'query', root, output }, [], [], max, { canceled: () => looks++ >= wanted });
        };
        if (wanted === 0 && expected.length > 0) await rejects(run, { code: '57014' }, `${what}, ${max}`);
        else {
          await run().catch((error: { code?: string }) => strictEqual(error.code, '57014', what));
          isDone = looks <= wanted;
        }
      }
      deepStrictEqual(fixture.run({ kind: 'query', root, output }).rows, expected, what);
    }
  }
  strictEqual(fixture.kernel.check().problems.length, 0);
});

const WIDE = sqlType('numeric');

test('equal rows keep their order through runs, whatever their keys are made of', () => {
  // Numerics that are equal and written differently, texts that share their beginning.
  const wide = fixture.table(2, 'w', [
    { name: 'id', type: notNull(INT4) },
    { name: 'n', type: WIDE },
    { name: 's', type: TEXT },
  ]);
  const many = Array.from({ length: 2000 }, (_, id): RowValue[] => [
    id,
    ['1', '1.0', '1.00', '-0.5', null, '1000'][id % 6],
    id % 5 === 0 ? null : 'x'.repeat(20) + (id % 3),
  ]);
  fixture.fill(wide, many);
  const columns = [out('id', 1, notNull(INT4)), out('n', 2, WIDE), out('s', 3, TEXT)];
  for (const [index, keyOf] of [
    [1, (row: RowValue[]) => (row[1] === null ? Infinity : Number(row[1]))],
    [2, (row: RowValue[]) => (row[2] === null ? 9 : Number((row[2] as string).at(-1)))],
  ] as const) {
    const root: PhysicalNode = {
      node: 'Sort',
      input: scan(wide),
      keys: [{ expression: col(index + 1, index === 1 ? WIDE : TEXT), descending: false, nullsFirst: false }],
      estimate: ESTIMATE,
    };
    const expected = many.slice().sort((x, y) => (keyOf(x) === keyOf(y) ? 0 : keyOf(x) - keyOf(y)));
    deepStrictEqual(fixture.run({ kind: 'query', root, output: columns }).rows, expected);
  }
});
