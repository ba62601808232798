import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { FunctionScan, PhysicalNode } from '../../engine/plan/physical.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { BOOL, call, col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, NUMERIC, out } from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

const series = (primitive: string, type: SqlType, given: RowValue[], types: SqlType[] = given.map(() => type)): FunctionScan => ({
  node: 'FunctionScan',
  primitive,
  alias: 's',
  arguments: given.map((value, index) => con(value, types[index])),
  columns: [{ column: 1, type: notNull(type) }],
  ordinality: 2,
  filter: null,
  estimate: ESTIMATE,
});
const run = (root: PhysicalNode, type: SqlType, max = 1e9): RowValue[][] =>
  fixture.run({ kind: 'query', root, output: [out('v', 1, type), out('n', 2, INT8)] }, [], [], max).rows as RowValue[][];

test('generate_series gives its values with their numbers, in batches, whatever the room', () => {
  const expected = Array.from({ length: 3000 }, (_, index) => [index - 5, index + 1]);
  for (const max of [1e9, 1, 7]) deepStrictEqual(run(series('generate_series.int4', INT4, [-5, 2994]), INT4, max), expected);
  deepStrictEqual(run(series('generate_series.int4.step', INT4, [5, 0, -2]), INT4), [
    [5, 1],
    [3, 2],
    [1, 3],
  ]);
  deepStrictEqual(run(series('generate_series.int4', INT4, [1, 0]), INT4), []);
  deepStrictEqual(run(series('generate_series.numeric.step', NUMERIC, ['1.0', '2', '0.5']), NUMERIC), [
    ['1.0', 1],
    ['1.5', 2],
    ['2.0', 3],
  ]);
  const big = 2n ** 62n;
  deepStrictEqual(run(series('generate_series.int8', INT8, [big, big + 1n]), INT8), [
    [big, 1],
    [big + 1n, 2],
  ]);
});

test('a NULL gives no row, a step of zero is an error, a filter chooses', () => {
  deepStrictEqual(run(series('generate_series.int4', INT4, [1, null]), INT4), []);
  throws(() => run(series('generate_series.int4.step', INT4, [1, 2, 0]), INT4), { code: '22023' });
  const filter = call('int4.less', BOOL, col(1, INT4), con(3, INT4));
  deepStrictEqual(run({ ...series('generate_series.int4', INT4, [1, 1000]), filter }, INT4), [
    [1, 1],
    [2, 2],
  ]);
});

test('days go by the calendar', () => {
  const interval = { months: 1, days: 0, microseconds: 0 };
  const type = sqlType('timestamp');
  const root = series('generate_series.timestamp', type, [0, 86_400_000_000 * 90, interval], [type, type, sqlType('interval')]);
  strictEqual(run(root, type).length, 4);
});
