import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ApplyMemo, HashAggregate, JoinKind, PhysicalNode, PhysicalQuery, Subplan } from '../../engine/plan/physical.ts';
import type { BoundExpression, BoundSubplan } from '../../engine/sblr/bound.ts';
import type { SqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import {
  BOOL,
  call,
  col,
  con,
  DATE,
  ESTIMATE,
  INT4,
  INT8,
  JitFixture,
  NUMERIC,
  notNull,
  out,
  parametersOf,
  scan,
  TEXT,
  TIMESTAMP,
} from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

const lefts: RowValue[][] = Array.from({ length: 60 }, (_, id) => [id, id % 7 === 0 ? null : id % 6, `s${id % 4}`]);
const rights: RowValue[][] = Array.from({ length: 30 }, (_, id) => [id, id % 5 === 0 ? null : id % 9, `s${id % 3}`]);
const specs = [
  { name: 'id', type: notNull(INT4) },
  { name: 'x', type: INT4 },
  { name: 's', type: TEXT },
];
const a = fixture.table(1, 'a', specs);
const b = fixture.table(2, 'b', specs, [{ name: 'b_id', columns: ['id'], unique: true }]);
fixture.fill(a, lefts);
fixture.fill(b, rights);

/** Columns of b have their ids from here; what a plan reads of the one around it from there. */
const B = 20;
const OUTER = 40;
const scanB = (filter: BoundExpression | null = null): PhysicalNode => {
  const plain = scan(b, filter);
  return { ...plain, columns: plain.columns.map((use) => ({ ...use, column: use.column + B })) };
};
const sameX = call('int4.equal', BOOL, col(B + 2, INT4), col(OUTER, INT4));
const compute = (input: PhysicalNode, column: number, expression: BoundExpression): PhysicalNode => ({
  node: 'Compute',
  input,
  columns: [{ column, expression }],
  estimate: ESTIMATE,
});
const ask = (kind: BoundSubplan['kind'], plan: number, type: SqlType, ...outer: BoundExpression[]): BoundSubplan => ({
  op: 'subplan',
  kind,
  plan,
  outer,
  type,
  at: 3,
});
const query = (root: PhysicalNode, column: number, type: SqlType, subplans: readonly Subplan[]): PhysicalQuery => ({
  kind: 'query',
  root,
  output: [out('id', 1, INT4), out('value', column, type)],
  subplans,
});
const outerX = [{ column: OUTER, type: INT4 }];
const sum: HashAggregate = {
  node: 'HashAggregate',
  input: scanB(sameX),
  keys: [],
  aggregates: [
    { column: 60, primitive: 'sum.int4', arguments: [col(B + 1, INT4)], distinct: false, order: [], filter: null, type: INT8 },
  ],
  estimate: ESTIMATE,
};
const matches = (x: RowValue): RowValue[][] => (x === null ? [] : rights.filter((row) => row[1] === x));

test('a scalar subquery is asked by the values that it reads, whether answers are kept or not', () => {
  for (const memo of [true, false]) {
    const subplan: Subplan = { root: sum, outer: outerX, columns: [{ column: 60, type: INT8 }], memo };
    const root = compute(scan(a), 70, ask('scalar', 0, INT8, col(2, INT4)));
    const expected = lefts.map(([id, x]) => {
      const found = matches(x ?? null);
      return [id, found.length === 0 ? null : found.reduce((total, row) => total + (row[0] as number), 0)];
    });
    for (const rowsMax of [Number.POSITIVE_INFINITY, 7]) {
      deepStrictEqual(fixture.run(query(root, 70, INT8, [subplan]), [], [], rowsMax, { pause: () => true }).rows, expected);
    }
  }
});

test('EXISTS stops at the first row; ANY tells a NULL from a false', () => {
  const exists: Subplan = { root: scanB(sameX), outer: outerX, columns: [], memo: true };
  const root = compute(scan(a), 70, ask('exists', 0, BOOL, col(2, INT4)));
  deepStrictEqual(
    fixture.run(query(root, 70, BOOL, [exists])).rows,
    lefts.map(([id, x]) => [id, matches(x).length > 0]),
  );
  const smaller = call('int4.less', BOOL, col(B + 2, INT4), col(OUTER, INT4));
  const any: Subplan = {
    root: compute(scanB(call('int4.less', BOOL, col(B + 1, INT4), con(10, INT4))), 61, smaller),
    outer: outerX,
    columns: [{ column: 61, type: BOOL }],
    memo: true,
  };
  const asked = compute(scan(a), 70, ask('any', 0, BOOL, col(2, INT4)));
  deepStrictEqual(
    fixture.run(query(asked, 70, BOOL, [any])).rows,
    lefts.map(([id, x]) => {
      const answers = rights
        .slice(0, 10)
        .map((row) => (x === null || row[1] === null ? null : (row[1] as number) < (x as number)));
      return [id, answers.includes(true) ? true : answers.includes(null) ? null : false];
    }),
  );
});

test('a point lookup with a subquery asks it anew in each run', () => {
  const counted = fixture.table(40, 'counted', specs);
  fixture.fill(counted, rights.slice(0, 3));
  const count: PhysicalNode = {
    ...sum,
    input: scan(counted),
    aggregates: [{ ...sum.aggregates[0], primitive: 'count.star', arguments: [] }],
  };
  const point: PhysicalNode = {
    node: 'IndexPoint',
    table: 2,
    alias: 'b',
    columns: [{ column: 1, attribute: 1, type: INT4 }],
    rowId: -1,
    filter: null,
    index: 1000,
    key: [con(4, INT4)],
    estimate: ESTIMATE,
  };
  const subplan: Subplan = { root: count, outer: [], columns: [{ column: 60, type: INT8 }], memo: true };
  const program = fixture.compile(query(compute(point, 70, ask('scalar', 0, INT8)), 70, INT8, [subplan]));
  strictEqual(program.direct, null);
  for (const expected of [3, 5]) {
    const tx = fixture.kernel.begin();
    deepStrictEqual(fixture.runIn(tx, program, parametersOf([], [])).rows, [[4, expected]]);
    fixture.kernel.commit(tx);
    fixture.fill(counted, rights.slice(10, 12));
  }
});

test('a scalar subquery of two rows is an error, of none NULL; one without outer columns runs once', () => {
  const value: Subplan = { root: scanB(sameX), outer: outerX, columns: [{ column: B + 3, type: TEXT }], memo: true };
  const root = compute(scan(a), 70, ask('scalar', 0, TEXT, col(2, INT4)));
  throws(() => fixture.run(query(root, 70, TEXT, [value])), { code: '21000' });
  const point: Subplan = {
    root: {
      node: 'IndexPoint',
      table: 2,
      alias: 'b',
      columns: [{ column: B + 3, attribute: 3, type: TEXT }],
      rowId: -1,
      filter: null,
      index: 1000,
      key: [col(OUTER, INT4)],
      estimate: ESTIMATE,
    },
    outer: outerX,
    columns: [{ column: B + 3, type: TEXT }],
    memo: true,
  };
  const found = compute(scan(a), 70, ask('scalar', 0, TEXT, col(1, INT4)));
  deepStrictEqual(
    fixture.run(query(found, 70, TEXT, [point])).rows,
    lefts.map(([id]) => [id, rights[id as number]?.[2] ?? null]),
  );
  const none: Subplan = { root: scanB(), outer: [], columns: [{ column: B + 1, type: INT4 }], memo: true };
  const limited = {
    ...none,
    root: { node: 'LimitCount', input: scanB(), limit: con(1, INT8), offset: con(4, INT8), estimate: ESTIMATE },
  };
  const once = compute(scan(a), 70, ask('scalar', 0, INT4));
  deepStrictEqual(
    fixture.run(query(once, 70, INT4, [limited as Subplan])).rows,
    lefts.map(([id]) => [id, 4]),
  );
  throws(() => fixture.run(query(once, 70, INT4, [none])), { code: '21000' });
});

test('outer values of every type, in conditions that the page decides and others', () => {
  const types: readonly (readonly [SqlType, readonly RowValue[], string])[] = [
    [INT8, [1, 2, null, 9007199254740993n], 'int8'],
    [TEXT, ['a', 'é', null, ''], 'text'],
    [NUMERIC, ['1.5', '2', null, '99999999999999999999'], 'numeric'],
    [DATE, [1, 2, null, Number.POSITIVE_INFINITY], 'date'],
    [TIMESTAMP, [1, 2, null, Number.NEGATIVE_INFINITY], 'timestamp'],
    [BOOL, [true, false, null], 'bool'],
  ];
  types.forEach(([type, values, name], at) => {
    const table = fixture.table(10 + at, `t${at}`, [
      { name: 'id', type: notNull(INT4) },
      { name: 'v', type },
    ]);
    fixture.fill(
      table,
      [...values, ...values].map((value, id) => [id, value]),
    );
    const plain = scan(table, call(`${name}.equal`, BOOL, col(B + 2, type), col(OUTER, type)));
    const inner = { ...plain, columns: plain.columns.map((use) => ({ ...use, column: use.column + B })) };
    const count: PhysicalNode = {
      node: 'HashAggregate',
      input: inner,
      keys: [],
      aggregates: [{ column: 60, primitive: 'count.star', arguments: [], distinct: false, order: [], filter: null, type: INT8 }],
      estimate: ESTIMATE,
    };
    const subplan: Subplan = {
      root: count,
      outer: [{ column: OUTER, type }],
      columns: [{ column: 60, type: INT8 }],
      memo: at % 2 === 0,
    };
    const root = compute(scan(table), 70, ask('scalar', 0, INT8, col(2, type)));
    deepStrictEqual(
      fixture.run(query(root, 70, INT8, [subplan])).rows,
      [...values, ...values].map((value, id) => [id, value === null ? 0 : 2]),
      name,
    );
  });
});

test('a lateral side joins by its rows, in every kind', () => {
  const kinds: readonly JoinKind[] = ['inner', 'left', 'semi', 'anti', 'mark'];
  const subplan: Subplan = {
    root: scanB(sameX),
    outer: outerX,
    columns: [
      { column: B + 1, type: INT4 },
      { column: B + 3, type: TEXT },
    ],
    memo: true,
  };
  const condition = call('int4.less', BOOL, col(B + 1, INT4), col(1, INT4));
  for (const kind of kinds) {
    const mark = kind === 'mark' ? 90 : -1;
    const root: ApplyMemo = {
      node: 'ApplyMemo',
      kind,
      input: scan(a),
      plan: 0,
      outer: [col(2, INT4)],
      condition,
      mark,
      estimate: ESTIMATE,
    };
    const output = [
      out('id', 1, INT4),
      ...(kind === 'inner' || kind === 'left' ? [out('b', B + 1, INT4), out('s', B + 3, TEXT)] : []),
      ...(kind === 'mark' ? [out('mark', 90, BOOL)] : []),
    ];
    const expected = lefts.flatMap(([id, x]) => {
      const found = matches(x).filter((row) => (row[0] as number) < (id as number));
      if (kind === 'semi') return found.length > 0 ? [[id]] : [];
      if (kind === 'anti') return found.length > 0 ? [] : [[id]];
      if (kind === 'mark') return [[id, found.length > 0]];
      const pairs = found.map((row) => [id, row[0], row[2]]);
      return pairs.length === 0 && kind === 'left' ? [[id, null, null]] : pairs;
    });
    for (const rowsMax of [Number.POSITIVE_INFINITY, 2]) {
      deepStrictEqual(fixture.run({ kind: 'query', root, output, subplans: [subplan] }, [], [], rowsMax).rows, expected, kind);
    }
  }
});

test('a build side that reads nothing of what changes is collected once, and begins anew with each run', () => {
  const third = { ...scan(a), columns: scan(a).columns.map((use) => ({ ...use, column: use.column + 100 })) };
  for (const kind of ['inner', 'right', 'full', 'left'] as const) {
    const joined: PhysicalNode = {
      node: 'HashProbe',
      kind,
      input: scanB(sameX),
      build: third,
      keys: [{ left: col(B + 3, TEXT), right: col(103, TEXT), equal: 'text.equal', nullsMatch: false }],
      unique: false,
      condition: null,
      mark: -1,
      estimate: ESTIMATE,
    };
    const count: PhysicalNode = {
      node: 'HashAggregate',
      input: joined,
      keys: [],
      aggregates: [{ column: 60, primitive: 'count.star', arguments: [], distinct: false, order: [], filter: null, type: INT8 }],
      estimate: ESTIMATE,
    };
    const subplan: Subplan = { root: count, outer: outerX, columns: [{ column: 60, type: INT8 }], memo: false };
    const root = compute(scan(a), 70, ask('scalar', 0, INT8, col(2, INT4)));
    const expected = lefts.map(([id, x]) => {
      const own = matches(x);
      const pairs = own.flatMap((row) => lefts.filter((left) => left[2] === row[2]));
      const lone = own.filter((row) => !lefts.some((left) => left[2] === row[2])).length;
      const rest = lefts.filter((left) => !pairs.includes(left)).length;
      return [
        id,
        pairs.length + (kind === 'left' || kind === 'full' ? lone : 0) + (kind === 'right' || kind === 'full' ? rest : 0),
      ];
    });
    deepStrictEqual(fixture.run(query(root, 70, INT8, [subplan])).rows, expected, kind);
  }
});

test('the step of a recursion looks its rows up in a table that is made once', () => {
  const edges = fixture.table(30, 'edges', [
    { name: 'from', type: notNull(INT4) },
    { name: 'to', type: INT4 },
  ]);
  fixture.fill(
    edges,
    Array.from({ length: 200 }, (_, id) => [id, id % 50 === 49 ? null : id + 1]),
  );
  const work: PhysicalNode = {
    node: 'WorkScan',
    work: 0,
    alias: 'r',
    columns: [{ column: 80, source: 70, type: INT4 }],
    filter: null,
    estimate: ESTIMATE,
  };
  const step: PhysicalNode = {
    node: 'HashProbe',
    kind: 'inner',
    input: scan(edges),
    build: work,
    keys: [{ left: col(1, INT4), right: col(80, INT4), equal: 'int4.equal', nullsMatch: false }],
    unique: false,
    condition: null,
    mark: -1,
    estimate: ESTIMATE,
  };
  const base: PhysicalNode = {
    node: 'ValuesScan',
    columns: [{ column: 90, type: INT4 }],
    rows: [[con(3, INT4)], [con(120, INT4)]],
    estimate: ESTIMATE,
  };
  const root: PhysicalNode = {
    node: 'Recurse',
    work: 0,
    base,
    step,
    all: true,
    columns: [{ column: 70, base: 90, step: 2, type: INT4 }],
    estimate: ESTIMATE,
  };
  const found = fixture.run({ kind: 'query', root, output: [out('n', 70, INT4)] }).rows.map((row) => (row as RowValue[])[0]);
  const chain = (from: number, to: number): RowValue[] => [...Array.from({ length: to - from + 1 }, (_, at) => from + at), null];
  const order = (values: readonly RowValue[]): RowValue[] => values.slice().sort((x, y) => Number(x ?? -1) - Number(y ?? -1));
  deepStrictEqual(order(found), order([...chain(3, 49), ...chain(120, 149)]));
});

test('an error inside has its place, and the statement can be run again', () => {
  const failing: Subplan = {
    root: compute(
      scanB(call('int4.equal', BOOL, col(B + 1, INT4), con(0, INT4))),
      61,
      call('int4.add', INT4, con(2147483640, INT4), col(OUTER, INT4)),
    ),
    outer: outerX,
    columns: [{ column: 61, type: INT4 }],
    memo: true,
  };
  const plan = query(compute(scan(a), 70, ask('scalar', 0, INT4, col(1, INT4))), 70, INT4, [failing]);
  throws(() => fixture.run(plan), { code: '22003', position: 7 });
  strictEqual(fixture.run(query(compute(scan(a), 70, con(1, INT4)), 70, INT4, [])).rows.length, 60);
});
