import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HashProbe, JoinKind, LoopJoin, PhysicalNode } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { canonical } from './helpers.ts';
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
  NUMERIC,
  notNull,
  out,
  scan,
  TEXT,
  TIMESTAMP,
  type TestTable,
} from './jit-fixture.ts';

const PRICE = sqlType('numeric', true, 10, 2);
const KINDS: readonly JoinKind[] = ['inner', 'left', 'right', 'full', 'semi', 'anti', 'mark', 'single'];
const MARK = 99;
/** Columns of the right table have their ids from here. */
const RIGHT = 50;

const fixture = new JitFixture();
after(() => fixture.close());

type Row = readonly RowValue[];
type Match = (left: Row, right: Row) => boolean | null;

/** What a join gives, row by row. */
function nested(kind: JoinKind, lefts: readonly Row[], rights: readonly Row[], match: Match, width: number): Row[] {
  const none = new Array<RowValue>(width).fill(null);
  const found = new Set<Row>();
  const rows: Row[] = [];
  for (const left of lefts) {
    const matches = rights.filter((right) => match(left, right) === true);
    for (const right of matches) found.add(right);
    if (kind === 'semi' ? matches.length > 0 : kind === 'anti' && matches.length === 0) rows.push(left);
    else if (kind === 'mark') {
      const open = rights.some((right) => match(left, right) === null);
      rows.push([...left, matches.length > 0 ? true : open ? null : false]);
    } else if (kind !== 'semi' && kind !== 'anti') {
      for (const right of matches) rows.push([...left, ...right]);
      if (matches.length === 0 && kind !== 'inner' && kind !== 'right') rows.push([...left, ...none]);
    }
  }
  const alone = new Array<RowValue>(lefts[0]?.length ?? width).fill(null);
  if (kind === 'right' || kind === 'full') for (const right of rights) if (!found.has(right)) rows.push([...alone, ...right]);
  return rows;
}

const shown = (row: unknown): string =>
  JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : Object.is(value, Number.NaN) ? 'NaN' : value));
const sorted = (rows: readonly unknown[]): string[] => rows.map(shown).sort();

const scanRight = (table: TestTable) => {
  const plain = scan(table);
  return { ...plain, columns: plain.columns.map((use) => ({ ...use, column: use.column + RIGHT })) };
};

function outputOf(kind: JoinKind, left: TestTable, right: TestTable) {
  const columns = left.catalog.columns.map(({ number, name, type }) => out(name, number, type));
  if (kind === 'semi' || kind === 'anti') return columns;
  if (kind === 'mark') return [...columns, out('mark', MARK, BOOL)];
  const others = right.catalog.columns.map(({ number, name, type }) => out(`r_${name}`, number + RIGHT, type));
  return [...columns, ...others];
}

const equalOf = (type: SqlType): string => `${type.name === 'varchar' ? 'text' : type.name}.equal`;

/** Equality of key values as SQL has it. */
function sameKeys(types: readonly SqlType[], lefts: Row, rights: Row, nullsMatch: boolean): boolean | null {
  let answer: boolean | null = true;
  for (const [at, { name }] of types.entries()) {
    const [a, b] = [lefts[at], rights[at]];
    if (a === null || b === null) {
      if (nullsMatch) {
        if (a !== b) return false;
      } else answer = null;
      continue;
    }
    const [x, y] = [canonical(name, a), canonical(name, b)];
    if (x !== y && !(Number.isNaN(x) && Number.isNaN(y))) return false;
  }
  return answer;
}

function hashJoin(
  kind: JoinKind,
  left: PhysicalNode,
  right: PhysicalNode,
  types: readonly SqlType[],
  more: Partial<HashProbe> = {},
) {
  const keys = types.map((type, at) => ({
    left: col(at + 2, type),
    right: col(at + 2 + RIGHT, type),
    equal: equalOf(type),
    nullsMatch: false,
  }));
  const mark = kind === 'mark' ? MARK : -1;
  return {
    node: 'HashProbe',
    kind,
    input: left,
    build: right,
    keys,
    unique: false,
    condition: null,
    mark,
    estimate: ESTIMATE,
    ...more,
  } as HashProbe;
}

const loopJoin = (kind: JoinKind, left: PhysicalNode, right: PhysicalNode, condition: BoundExpression | null): LoopJoin => ({
  node: 'LoopJoin',
  kind,
  input: left,
  build: right,
  condition,
  mark: kind === 'mark' ? MARK : -1,
  estimate: ESTIMATE,
});

/** Values of each type, NULL among them, some of them equal in different spellings. */
const VALUES: readonly (readonly [SqlType, readonly RowValue[]])[] = [
  [INT4, [1, 2, 3, null, -2147483648, 2147483647]],
  [INT2, [1, 2, null, -32768]],
  [BOOL, [true, false, null]],
  [INT8, [1, 2, null, 9007199254740993n, -9007199254740995n, 4294967297]],
  [FLOAT8, [0, -0, 1.5, Number.NaN, null, Number.POSITIVE_INFINITY]],
  [PRICE, ['1.50', '2.00', null, '-0.01']],
  [NUMERIC, ['1.50', '1.5', null, '123456789012345678901234567890']],
  [TEXT, ['a', 'b', null, '', 'é', '\u{10000}', 'a longer text than others']],
  [DATE, [0, 1, null, Number.POSITIVE_INFINITY]],
  [TIMESTAMP, [0, 1, null, Number.NEGATIVE_INFINITY]],
  [sqlType('uuid'), ['00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000002', null]],
  [sqlType('bytea'), [Buffer.from('a'), Buffer.from('b'), null]],
  [sqlType('jsonb'), ['{"a": 1}', '[1, 2]', null]],
  [sqlType('interval'), [{ months: 1, days: 0, microseconds: 0 }, { months: 0, days: 30, microseconds: 0 }, null]],
];

let tables = 0;
function tableOf(types: readonly SqlType[], rows: readonly Row[]): TestTable {
  const id = ++tables;
  const columns = types.map((type, at) => ({ name: `c${at}`, type }));
  const table = fixture.table(id, `t${id}`, [{ name: 'id', type: notNull(INT4) }, ...columns]);
  fixture.fill(table, rows);
  return table;
}

/** Each value some times on the left, and other times on the right. */
function sidesOf(values: readonly RowValue[]): { lefts: Row[]; rights: Row[] } {
  const lefts: Row[] = [];
  const rights: Row[] = [];
  values.forEach((value, at) => {
    for (let time = 0; time <= at % 3; time++) lefts.push([lefts.length, value]);
    for (let time = 0; time < (at + 2) % 4; time++) rights.push([rights.length, value]);
  });
  return { lefts, rights };
}

function checkAll(kinds: readonly JoinKind[], types: readonly SqlType[], lefts: Row[], rights: Row[], what: string): void {
  const [left, right] = [tableOf(types, lefts), tableOf(types, rights)];
  const stored = fixture.run({ kind: 'query', root: scan(left), output: outputOf('semi', left, right) }).rows as Row[];
  const others = fixture.run({ kind: 'query', root: scan(right), output: outputOf('semi', right, left) }).rows as Row[];
  for (const kind of kinds) {
    for (const nullsMatch of [false, true]) {
      const match: Match = (a, b) => sameKeys(types, a.slice(1), b.slice(1), nullsMatch);
      const probe = hashJoin(kind, scan(left), scanRight(right), types);
      const root = { ...probe, keys: probe.keys.map((key) => ({ ...key, nullsMatch })) };
      const plan = { kind: 'query', root, output: outputOf(kind, left, right) } as const;
      if (kind === 'single' && stored.some((a) => others.filter((b) => match(a, b) === true).length > 1)) {
        throws(() => fixture.run(plan), { code: '21000' });
        continue;
      }
      const expected = sorted(nested(kind, stored, others, match, types.length + 1));
      for (const rowsMax of [Number.POSITIVE_INFINITY, 1, 3]) {
        const ran = fixture.run(plan, [], [], rowsMax, { pause: () => rowsMax === 3 });
        deepStrictEqual(sorted(ran.rows), expected, `${what} ${kind} ${nullsMatch} ${rowsMax}`);
      }
    }
  }
}

test('a hash join of every kind finds what a nested loop finds, whatever the type of its keys', () => {
  for (const [type, values] of VALUES) {
    const { lefts, rights } = sidesOf(values);
    checkAll(KINDS, [type], lefts, rights, type.name);
    checkAll(
      KINDS,
      [notNull(type)],
      ...((['lefts', 'rights'] as const).map((side) => ({ lefts, rights })[side].filter((row) => row[1] !== null)) as [
        Row[],
        Row[],
      ]),
      `${type.name} not null`,
    );
  }
});

test('joins with an empty side, and with two', () => {
  const { lefts, rights } = sidesOf([1, 2, 3, null]);
  checkAll(KINDS, [INT4], lefts, [], 'empty right');
  checkAll(KINDS, [INT4], [], rights, 'empty left');
  checkAll(KINDS, [INT4], [], [], 'both empty');
});

test('keys of several columns of different types', () => {
  const pairs: Row[] = [];
  for (const a of [1, 2, null]) for (const b of ['x', 'y', null]) pairs.push([pairs.length, a, b]);
  checkAll(
    KINDS,
    [INT4, TEXT],
    pairs,
    pairs.filter((_, at) => at % 2 === 0),
    'words',
  );
  const wide: Row[] = pairs.map(([id, a, b]) => [id, a, b === null ? null : Buffer.from(String(b))]);
  checkAll(
    KINDS,
    [INT4, sqlType('bytea')],
    wide,
    wide.filter((_, at) => at % 2 === 0),
    'map',
  );
});

test('conditions beside the keys, and alone: NULL is no match, but leaves a mark open', () => {
  const rows: Row[] = [];
  for (let id = 0; id < 60; id++) rows.push([id, id % 7 === 0 ? null : id % 4, id % 5 === 0 ? null : id % 9]);
  const [lefts, rights] = [rows.slice(0, 40), rows.slice(15)];
  const [left, right] = [tableOf([INT4, INT4], lefts), tableOf([INT4, INT4], rights)];
  const condition = call('int4.less', BOOL, col(3, INT4), col(3 + RIGHT, INT4));
  const less: Match = (a, b) => (a[2] === null || b[2] === null ? null : (a[2] as number) < (b[2] as number));
  const both: Match = (a, b) => {
    const same = a[1] === null || b[1] === null ? null : a[1] === b[1];
    const isLess = less(a, b);
    return same === false || isLess === false ? false : same === null || isLess === null ? null : true;
  };
  for (const kind of KINDS.filter((one) => one !== 'single')) {
    for (const [match, root] of [
      [both, hashJoin(kind, scan(left), scanRight(right), [INT4], { condition })],
      [less, loopJoin(kind, scan(left), scanRight(right), condition)],
      [() => true, loopJoin(kind, scan(left), scanRight(right), null)],
    ] as const) {
      const plan = { kind: 'query', root, output: outputOf(kind, left, right) } as const;
      const expected = sorted(nested(kind, lefts, rights, match as Match, 3));
      for (const rowsMax of [Number.POSITIVE_INFINITY, 7]) {
        deepStrictEqual(sorted(fixture.run(plan, [], [], rowsMax, { pause: () => true }).rows), expected, `${root.node} ${kind}`);
      }
    }
  }
});

test('a unique build side, and single joins that find one row', () => {
  const lefts: Row[] = Array.from({ length: 50 }, (_, id) => [id, id % 9 === 0 ? null : id % 13]);
  const rights: Row[] = Array.from({ length: 10 }, (_, id) => [id, id * 3]);
  const sparse: Row[] = Array.from({ length: 10 }, (_, id) => [id, id % 2 === 0 ? id : id * 100000007]);
  for (const others of [rights, sparse]) {
    const [left, right] = [tableOf([INT4], lefts), tableOf([INT4], others)];
    for (const kind of KINDS) {
      for (const unique of [false, true]) {
        const root = hashJoin(kind, scan(left), scanRight(right), [INT4], { unique });
        const rows = fixture.run({ kind: 'query', root, output: outputOf(kind, left, right) }).rows;
        const expected = nested(kind, lefts, others, (a, b) => sameKeys([INT4], [a[1]], [b[1]], false), 2);
        deepStrictEqual(sorted(rows), sorted(expected), kind);
      }
    }
  }
});

test('what stands behind joins: filters, sums, orders, limits, further joins', () => {
  const lefts: Row[] = Array.from({ length: 3000 }, (_, id) => [id, id % 50]);
  const rights: Row[] = Array.from({ length: 150 }, (_, id) => [id, id % 50]);
  const [left, right] = [tableOf([notNull(INT4)], lefts), tableOf([notNull(INT4)], rights)];
  const joined = hashJoin('inner', scan(left), scanRight(right), [INT4]);
  const counted: PhysicalNode = {
    node: 'HashAggregate',
    input: joined,
    keys: [{ column: 200, expression: col(1 + RIGHT, INT4) }],
    aggregates: [
      { column: 201, primitive: 'count.star', arguments: [], distinct: false, order: [], filter: null, type: INT8 },
      { column: 202, primitive: 'sum.int4', arguments: [col(1, INT4)], distinct: false, order: [], filter: null, type: INT8 },
    ],
    estimate: ESTIMATE,
  };
  const output = [out('id', 200, INT4), out('n', 201, INT8), out('s', 202, INT8)];
  const expected = rights.map(([id, key]) => {
    const own = lefts.filter((row) => row[1] === key);
    return [id, own.length, own.reduce((sum, row) => sum + (row[0] as number), 0)];
  });
  deepStrictEqual(sorted(fixture.run({ kind: 'query', root: counted, output }).rows), sorted(expected));

  const limited: PhysicalNode = {
    node: 'LimitCount',
    input: joined,
    limit: con(7, INT8),
    offset: con(5, INT8),
    estimate: ESTIMATE,
  };
  const plan = { kind: 'query', root: limited, output: outputOf('inner', left, right) } as const;
  strictEqual(fixture.run(plan).rows.length, 7);
  strictEqual(fixture.run(plan, [], [], 2).rows.length, 7);

  const top: PhysicalNode = {
    node: 'TopN',
    input: joined,
    keys: [
      { expression: col(1, INT4), descending: true, nullsFirst: true },
      { expression: col(1 + RIGHT, INT4), descending: false, nullsFirst: false },
    ],
    limit: con(4, INT8),
    offset: null,
    estimate: ESTIMATE,
  };
  deepStrictEqual(fixture.run({ kind: 'query', root: top, output: [out('a', 1, INT4), out('b', 1 + RIGHT, INT4)] }).rows, [
    [2999, 49],
    [2999, 99],
    [2999, 149],
    [2998, 48],
  ]);
});

test('a limit above an outer join counts over its tail', () => {
  const [left, right] = [
    tableOf([INT4], [[0, 1]]),
    tableOf(
      [INT4],
      Array.from({ length: 20 }, (_, id) => [id, id]),
    ),
  ];
  for (const limit of [0, 1, 2, 5, 100]) {
    for (const kind of ['right', 'full'] as const) {
      const input = hashJoin(kind, scan(left), scanRight(right), [INT4]);
      const root: PhysicalNode = { node: 'LimitCount', input, limit: con(limit, INT8), offset: null, estimate: ESTIMATE };
      const ran = fixture.run({ kind: 'query', root, output: outputOf(kind, left, right) }, [], [], 3);
      strictEqual(ran.rows.length, Math.min(limit, 20));
    }
  }
});

test('three tables, one of them the build side of a build side', () => {
  const rows: Row[] = Array.from({ length: 30 }, (_, id) => [id, id % 6]);
  const [a, b, c] = [tableOf([INT4], rows), tableOf([INT4], rows.slice(0, 12)), tableOf([INT4], rows.slice(3, 9))];
  const third = (table: TestTable) => {
    const plain = scan(table);
    return { ...plain, columns: plain.columns.map((use) => ({ ...use, column: use.column + 70 })) };
  };
  const inner = hashJoin('full', scanRight(b), third(c), [], {
    keys: [{ left: col(2 + RIGHT, INT4), right: col(72, INT4), equal: 'int4.equal', nullsMatch: false }],
  });
  const root = hashJoin('left', scan(a), inner, [INT4]);
  const output = [out('a', 1, INT4), out('b', 1 + RIGHT, INT4), out('c', 71, INT4)];
  const pairs = nested('full', rows.slice(0, 12), rows.slice(3, 9), (x, y) => x[1] === y[1], 2);
  const expected = nested('left', rows, pairs, (x, y) => x[1] === y[1], 4).map((row) => [row[0], row[2], row[4]]);
  deepStrictEqual(sorted(fixture.run({ kind: 'query', root, output }).rows), sorted(expected));
});

test('a cancel word ends a join in the middle of one row, and a pause waits for its end', () => {
  const rows: Row[] = Array.from({ length: 400 }, (_, id) => [id, 1]);
  const table = tableOf([INT4], rows);
  const inner = loopJoin('inner', scan(table), scanRight(table), null);
  const third = { ...scan(table), columns: scan(table).columns.map((use) => ({ ...use, column: use.column + 70 })) };
  const root = loopJoin('inner', inner, third, null);
  const output = [out('a', 1, INT4)];
  let looks = 0;
  throws(() => fixture.run({ kind: 'query', root, output }, [], [], Infinity, { canceled: () => ++looks > 20 }), {
    code: '57014',
  });
  looks = 0;
  const small = loopJoin('inner', scan(table), scanRight(table), null);
  const ran = fixture.run({ kind: 'query', root: small, output }, [], [], Infinity, { pause: () => ++looks % 2 === 0 });
  strictEqual(ran.rows.length, 160000);
});
