import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { BoundAggregate, BoundExpression } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { aggregates } from '../../engine/values/aggregates.ts';
import {
  BOOL,
  call,
  col,
  con,
  DATE,
  ESTIMATE,
  FLOAT8,
  INT2,
  INT4,
  INT8,
  JitFixture,
  notNull,
  NUMERIC,
  out,
  scan,
  TEXT,
} from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

const PRICE = sqlType('numeric', true, 10, 2);
const types: SqlType[] = [notNull(INT4), INT4, INT8, PRICE, TEXT, FLOAT8, DATE, NUMERIC, BOOL];
const table = fixture.table(
  1,
  't',
  types.map((type, index) => ({ name: `c${index}`, type })),
);
const rows: RowValue[][] = [];
for (let id = 0; id < 3000; id++) {
  const isNull = (n: number): boolean => (id * 7 + n) % 5 === 0;
  rows.push([
    id,
    isNull(1) ? null : (id % 17) - 8,
    isNull(2) ? null : id % 50 === 0 ? 2n ** 61n + BigInt(id % 100) : (id % 23) - 11,
    isNull(3) ? null : `${(id % 31) - 15}.50`.replace('-0.', '-0.'),
    isNull(4) ? null : `kéy ${id % 19}`,
    isNull(5) ? null : (id % 13) * 0.5,
    isNull(6) ? null : id % 29 === 0 ? Infinity : id % 12,
    isNull(7) ? null : id % 3 === 0 ? `${id % 4}.0` : `${id % 4}`,
    isNull(8) ? null : id % 2 === 0,
  ]);
}
fixture.fill(table, rows);

const column = (index: number): BoundExpression => col(index + 1, types[index]);
const aggregate = (
  id: number,
  primitive: string,
  type: SqlType,
  given: BoundExpression[],
  more: Partial<BoundAggregate> = {},
): BoundAggregate => ({
  column: id,
  primitive,
  arguments: given,
  distinct: false,
  order: [],
  filter: null,
  type,
  ...more,
});

/** The same with engine/values' aggregates, row by row. */
function model(
  keys: number[],
  list: readonly BoundAggregate[],
  indexes: readonly (number | null)[],
  filter: (row: RowValue[]) => boolean,
): Map<string, RowValue[]> {
  const groups = new Map<string, { keys: RowValue[]; states: unknown[] }>();
  for (const row of rows) {
    const text = JSON.stringify(
      keys.map((key) => (row[key] === null ? null : types[key].name === 'numeric' ? Number(row[key]) : String(row[key]))),
    );
    let group = groups.get(text);
    if (group === undefined) {
      group = { keys: keys.map((key) => row[key]), states: list.map(({ primitive }) => aggregates[primitive].init()) };
      groups.set(text, group);
    }
    list.forEach((one, at) => {
      if (one.filter !== null && !filter(row)) return;
      const index = indexes[at];
      (group as { states: unknown[] }).states[at] = aggregates[one.primitive].step(
        (group as { states: unknown[] }).states[at],
        ...(index === null ? [] : [row[index]]),
      );
    });
  }
  return new Map(
    [...groups].map(([text, { keys: values, states }]) => [
      text,
      [...values, ...states.map((state, at) => aggregates[list[at].primitive].result(state))],
    ]),
  );
}

const LIST: [string, SqlType, number | null][] = [
  ['count.star', INT8, null],
  ['count', INT8, 4],
  ['sum.int4', INT8, 1],
  ['sum.int8', NUMERIC, 2],
  ['sum.numeric', { ...NUMERIC, scale: 2 }, 3],
  ['avg.int4', NUMERIC, 1],
  ['avg.int8', NUMERIC, 2],
  ['avg.numeric', NUMERIC, 3],
  ['sum.float8', FLOAT8, 5],
  ['avg.float8', FLOAT8, 5],
  ['min.int4', INT4, 1],
  ['max.int4', INT4, 1],
  ['min.int8', INT8, 2],
  ['max.int8', INT8, 2],
  ['min.numeric', PRICE, 3],
  ['max.numeric', PRICE, 3],
  ['max.date', DATE, 6],
  ['min.date', DATE, 6],
];
const GENERAL: [string, SqlType, number | null][] = [
  ['min.text', TEXT, 4],
  ['max.text', TEXT, 4],
  ['bool_and', BOOL, 8],
  ['sum.numeric', NUMERIC, 7],
];

function check(keys: number[], list: [string, SqlType, number | null][], filtered: boolean): void {
  const filter = filtered ? call('int4.less', BOOL, column(1), con(3, INT4)) : null;
  const bounds = list.map(([primitive, type, index], at) =>
    aggregate(200 + at, primitive, type, index === null ? [] : [column(index)], { filter }),
  );
  const expected = model(
    keys,
    bounds,
    list.map(([, , index]) => index),
    (row) => row[1] !== null && (row[1] as number) < 3,
  );
  const output = [
    ...keys.map((key, at) => out(`k${at}`, 100 + at, types[key])),
    ...bounds.map(({ column: id, type }) => out(`a${id}`, id, type)),
  ];
  const ran = fixture.run({
    kind: 'query',
    root: {
      node: 'HashAggregate',
      input: scan(table),
      keys: keys.map((key, at) => ({ column: 100 + at, expression: column(key) })),
      aggregates: bounds,
      estimate: ESTIMATE,
    },
    output,
  });
  strictEqual(ran.rows.length, expected.size);
  for (const row of ran.rows as RowValue[][]) {
    const text = JSON.stringify(
      keys.map((key, at) => (row[at] === null ? null : types[key].name === 'numeric' ? Number(row[at]) : String(row[at]))),
    );
    deepStrictEqual(row, expected.get(text), text);
  }
}

test('aggregates without keys are those of engine/values', () => {
  for (const filtered of [false, true]) {
    check([], LIST, filtered);
    check([], [...GENERAL, ...LIST], filtered);
  }
});

test('groups by keys of every type hold what they hold in JavaScript', () => {
  for (const keys of [[1], [2], [3], [4], [5], [6], [7], [8], [1, 4], [2, 6], [4, 8, 1], [7, 4]]) {
    check(keys, LIST, false);
    check(keys, [...LIST.slice(0, 4), ...GENERAL], true);
  }
});

test('many groups make the tables grow', () => check([0], LIST, false));

test('DISTINCT counts a value once, ORDER BY inside a call orders it', () => {
  const plan = (one: BoundAggregate) => ({
    kind: 'query' as const,
    root: { node: 'HashAggregate' as const, input: scan(table), keys: [], aggregates: [one], estimate: ESTIMATE },
    output: [out('x', 200, one.type)],
  });
  const distinct = fixture.run(plan(aggregate(200, 'count', INT8, [column(7)], { distinct: true }))).rows;
  deepStrictEqual(distinct, [
    [
      new Set(
        rows
          .map((row) => row[7])
          .filter((value) => value !== null)
          .map(Number),
      ).size,
    ],
  ]);
  const order = [{ expression: column(0), descending: true, nullsFirst: false }];
  const filter = call('int4.less', BOOL, column(0), con(8, INT4));
  const agg = fixture.run(plan(aggregate(200, 'string_agg.text', TEXT, [column(4), con(',', TEXT)], { order, filter }))).rows;
  deepStrictEqual(agg, [
    [
      rows
        .slice(0, 8)
        .reverse()
        .map((row) => row[4])
        .filter((text) => text !== null)
        .join(','),
    ],
  ]);
  void INT2;
});

test('one row by key and one row of VALUES make one group', () => {
  const list = [aggregate(200, 'count.star', INT8, [])];
  const keyed = fixture.table(2, 'keyed', [{ name: 'a', type: notNull(INT4) }], [{ name: 'k', columns: ['a'], unique: true }]);
  fixture.fill(keyed, [[5], [6]]);
  const point = { ...scan(keyed), node: 'IndexPoint' as const, index: 1000, key: [con(5, INT4)] };
  const values = {
    node: 'ValuesScan' as const,
    columns: [{ column: 1, type: INT4 }],
    rows: [[con(5, INT4)]],
    estimate: ESTIMATE,
  };
  for (const input of [point, values]) {
    const keys = [{ column: 100, expression: col(1, INT4) }];
    const root = { node: 'HashAggregate' as const, input, keys, aggregates: list, estimate: ESTIMATE };
    deepStrictEqual(fixture.run({ kind: 'query', root, output: [out('k', 100, INT4), out('n', 200, INT8)] }).rows, [[5, 1]]);
  }
});
