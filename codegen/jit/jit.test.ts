import { deepStrictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { sqlType } from '../../engine/sblr/types.ts';
import {
  BOOL,
  call,
  col,
  con,
  ESTIMATE,
  INT4,
  INT8,
  JitFixture,
  notNull,
  NUMERIC,
  out,
  par,
  parametersOf,
  scan,
  TEXT,
  FLOAT8,
  and,
  or,
  not,
} from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

const PRICE = sqlType('numeric', true, 10, 2);
const items = fixture.table(
  1,
  'item',
  [
    { name: 'id', type: notNull(INT4) },
    { name: 'a', type: INT4 },
    { name: 'big', type: INT8 },
    { name: 'price', type: PRICE },
    { name: 'name', type: TEXT },
    { name: 'f', type: FLOAT8 },
  ],
  [
    { name: 'item_id', columns: ['id'], unique: true },
    { name: 'item_a', columns: ['a'] },
    { name: 'item_name', columns: ['name', 'a'] },
  ],
);
const rows: RowValue[][] = [];
for (let id = 0; id < 1000; id++) {
  rows.push([
    id,
    id % 7 === 3 ? null : id % 10,
    id % 11 === 5 ? null : id % 13 === 0 ? 2n ** 62n + BigInt(id) : id * 1000003,
    id % 5 === 0 ? null : `${id}.${String(id % 100).padStart(2, '0')}`,
    id % 6 === 0 ? null : id % 4 === 0 ? `naïve ${id % 20}` : `name ${id % 20}`,
    id % 9 === 0 ? null : id / 3,
  ]);
}
fixture.fill(items, rows);

const [, A, BIG, PRICED, NAME, F] = [
  col(1, notNull(INT4)),
  col(2, INT4),
  col(3, INT8),
  col(4, PRICE),
  col(5, TEXT),
  col(6, FLOAT8),
];
const ALL = [
  out('id', 1, INT4),
  out('a', 2, INT4),
  out('big', 3, INT8),
  out('price', 4, PRICE),
  out('name', 5, TEXT),
  out('f', 6, FLOAT8),
];

test('a scan gives every row as it was put in', () => {
  deepStrictEqual(fixture.run({ kind: 'query', root: scan(items), output: ALL }).rows, rows);
});

test('a point read gives its row as an object, and nothing for NULL', () => {
  const plan = {
    kind: 'query' as const,
    root: { ...scan(items), node: 'IndexPoint' as const, index: 1000, key: [par(0, INT4)] },
    output: ALL,
  };
  const program = fixture.compile(plan, [INT4], 'object');
  const tx = fixture.kernel.begin();
  const get = (id: number | null): unknown[] => fixture.runIn(tx, program, parametersOf([INT4], [id])).rows;
  const [id, a, big, price, name, f] = rows[17];
  deepStrictEqual(get(17), [{ id, a, big, price, name, f }]);
  deepStrictEqual(get(5000), []);
  deepStrictEqual(get(null), []);
  fixture.kernel.commit(tx);
});

test('conditions in the page and beside it choose the same rows as JavaScript', () => {
  const cases: [ReturnType<typeof call>, (row: RowValue[]) => boolean | null][] = [
    [call('int4.less', BOOL, A, con(4, INT4)), (r) => (r[1] === null ? null : (r[1] as number) < 4)],
    [call('int8.greater', BOOL, BIG, con(500_000_000, INT8)), (r) => (r[2] === null ? null : (r[2] as bigint) > 500_000_000)],
    [call('text.equal', BOOL, NAME, par(0, TEXT)), (r) => (r[4] === null ? null : r[4] === 'naïve 4')],
    [call('text.like', BOOL, NAME, par(1, TEXT)), (r) => (r[4] === null ? null : /^n.*e .*1/.test(r[4] as string))],
    [call('numeric.less', BOOL, PRICED, par(2, NUMERIC)), (r) => (r[3] === null ? null : Number(r[3]) < 333.333)],
    [call('float8.greaterOrEqual', BOOL, F, con(100.5, FLOAT8)), (r) => (r[5] === null ? null : (r[5] as number) >= 100.5)],
  ];
  const and3 = (x: boolean | null, y: boolean | null) =>
    x === false || y === false ? false : x === null || y === null ? null : true;
  const or3 = (x: boolean | null, y: boolean | null) =>
    x === true || y === true ? true : x === null || y === null ? null : false;
  const types = [TEXT, TEXT, NUMERIC];
  const values = ['naïve 4', 'n%e %1%', '333.333'];
  const check = (condition: ReturnType<typeof call>, model: (row: RowValue[]) => boolean | null) => {
    const query = { kind: 'query' as const, root: scan(items, condition), output: [ALL[0]] };
    const expected = rows.filter((row) => model(row) === true).map(([id]) => [id]);
    deepStrictEqual(fixture.run(query, types, values).rows, expected);
    const wide = {
      kind: 'query' as const,
      root: {
        node: 'Filter' as const,
        input: { node: 'LimitCount' as const, input: scan(items), limit: null, offset: con(0, INT8), estimate: ESTIMATE },
        condition,
        estimate: ESTIMATE,
      },
      output: [ALL[0]],
    };
    deepStrictEqual(fixture.run(wide, types, values).rows, expected);
  };
  for (const [x, mx] of cases) {
    check(x, mx);
    check(not(x), (r) => (mx(r) === null ? null : !mx(r)));
    for (const [y, my] of cases) {
      check(and(x, y), (r) => and3(mx(r), my(r)));
      check(or(not(x), y), (r) => or3(mx(r) === null ? null : !mx(r), my(r)));
      check(not(and(x, or(y, not(x)))), (r) => {
        const nx = mx(r) === null ? null : !mx(r);
        const all = and3(mx(r), or3(my(r), nx));
        return all === null ? null : !all;
      });
    }
  }
});

test('NULL AND false is false as a value, NULL OR true is true', () => {
  const isNull = call('int4.less', BOOL, con(null, INT4), con(1, INT4));
  const value = (expression: ReturnType<typeof call>) => {
    const root = { node: 'Compute' as const, input: scan(items), columns: [{ column: 9, expression }], estimate: ESTIMATE };
    return (fixture.run({ kind: 'query', root, output: [{ ...ALL[0], column: 9 }] }).rows as RowValue[][]).map(([one]) => one);
  };
  const positive = call('int4.greaterOrEqual', BOOL, col(1, notNull(INT4)), con(0, INT4));
  const unknown = call('int4.less', BOOL, A, con(-1, INT4));
  deepStrictEqual(
    value(and(isNull, not(positive))),
    rows.map(() => false),
  );
  deepStrictEqual(
    value(or(isNull, positive)),
    rows.map(() => true),
  );
  deepStrictEqual(
    value(and(unknown, not(positive))),
    rows.map(() => false),
  );
  deepStrictEqual(
    value(or(not(positive), unknown)),
    rows.map((row) => (row[1] === null ? null : false)),
  );
});
