import { deepStrictEqual, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { IndexJoin, JoinKind, PhysicalNode } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { BOOL, call, col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, out, scan, TEXT } from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

const PRICE = sqlType('numeric', true, 10, 2);
const specs = [
  { name: 'id', type: notNull(INT4) },
  { name: 'x', type: INT4 },
  { name: 's', type: TEXT },
  { name: 'p', type: PRICE },
  { name: 'big', type: INT8 },
];
const rowOf = (id: number, at: number): RowValue[] => [
  id,
  at % 6 === 0 ? null : at % 9,
  at % 7 === 0 ? null : `s${at % 5}`,
  at % 4 === 0 ? null : `${at}.25`,
  at % 3 === 0 ? 9007199254740993n : at,
];
const lefts = Array.from({ length: 80 }, (_, at) => rowOf(at, at));
const rights = Array.from({ length: 50 }, (_, at) => rowOf(at * 2, at));
const a = fixture.table(1, 'a', specs);
const b = fixture.table(2, 'b', specs, [
  { name: 'by_id', columns: ['id'], unique: true },
  { name: 'by_x', columns: ['x'] },
  { name: 'by_s_x', columns: ['s', 'x'] },
  { name: 'by_big', columns: ['big'] },
  { name: 'by_p', columns: ['p'] },
  { name: 'hashed', columns: ['s'], method: 'hash' },
  { name: 'down', columns: [{ column: 'id', descending: true }], unique: true },
]);
fixture.fill(a, lefts);
fixture.fill(b, rights);
const B = 20;

interface Case {
  readonly index: number;
  readonly key: readonly number[];
  readonly point: boolean;
}
const CASES: readonly Case[] = [
  { index: 0, key: [0], point: true },
  { index: 6, key: [0], point: true },
  { index: 1, key: [1], point: false },
  { index: 2, key: [2], point: false },
  { index: 2, key: [2, 1], point: false },
  { index: 3, key: [4], point: false },
  { index: 4, key: [3], point: false },
  { index: 5, key: [2], point: false },
];
const KINDS: readonly JoinKind[] = ['inner', 'left', 'semi', 'anti', 'single'];
const innerTypes: SqlType[] = specs.map(({ type }) => type);

function joinOf(
  kind: JoinKind,
  { index, key, point }: Case,
  input: PhysicalNode,
  more: { filter?: BoundExpression; condition?: BoundExpression } = {},
): IndexJoin {
  const { node: _, estimate: __, ...inner } = scan(b, more.filter ?? null, B + 9);
  return {
    node: 'IndexJoin',
    kind,
    input,
    inner: { ...inner, columns: inner.columns.map((use) => ({ ...use, column: use.column + B })) },
    index: 1000 + index,
    key: key.map((at) => col(at + 1, innerTypes[at])),
    point,
    condition: more.condition ?? null,
    mark: -1,
    estimate: ESTIMATE,
  };
}

const outputOf = (kind: JoinKind) => [
  ...specs.map(({ name, type }, at) => out(name, at + 1, type)),
  ...(kind === 'semi' || kind === 'anti' ? [] : specs.map(({ name, type }, at) => out(`b_${name}`, at + 1 + B, type))),
];

type Match = (left: readonly RowValue[], right: readonly RowValue[]) => boolean;
function nested(kind: JoinKind, match: Match): RowValue[][] {
  return lefts.flatMap((left) => {
    const found = rights.filter((right) => match(left, right));
    if (kind === 'semi') return found.length > 0 ? [left] : [];
    if (kind === 'anti') return found.length > 0 ? [] : [left];
    const pairs = found.map((right) => [...left, ...right]);
    return pairs.length > 0 || kind === 'inner' ? pairs : [[...left, null, null, null, null, null]];
  });
}

const shown = (row: unknown): string => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
const sorted = (rows: readonly unknown[]): string[] => rows.map(shown).sort();

test('an index finds what a nested loop finds: points, prefixes, hashes, every kind of join', () => {
  for (const one of CASES) {
    const keys: Match = (left, right) => one.key.every((at) => left[at] !== null && left[at] === right[at]);
    for (const kind of KINDS) {
      const plan = { kind: 'query', root: joinOf(kind, one, scan(a)), output: outputOf(kind) } as const;
      if (kind === 'single' && lefts.some((left) => rights.filter((right) => keys(left, right)).length > 1)) {
        throws(() => fixture.run(plan), { code: '21000' });
        continue;
      }
      for (const rowsMax of [Number.POSITIVE_INFINITY, 3]) {
        const { rows } = fixture.run(plan, [], [], rowsMax, { pause: () => true });
        deepStrictEqual(sorted(rows), sorted(nested(kind, keys)), `${kind} ${JSON.stringify(one)}`);
      }
    }
  }
});

test('a filter of the other side, and a condition over both', () => {
  const filter = call('int4.less', BOOL, col(B + 1, INT4), con(60, INT4));
  const condition = call('numeric.less', BOOL, col(B + 4, PRICE), col(4, PRICE));
  for (const one of CASES) {
    const match: Match = (left, right) =>
      one.key.every((at) => left[at] !== null && left[at] === right[at]) &&
      (right[0] as number) < 60 &&
      left[3] !== null &&
      right[3] !== null &&
      Number(right[3]) < Number(left[3]);
    for (const kind of ['inner', 'left', 'semi', 'anti'] as const) {
      const plan = { kind: 'query', root: joinOf(kind, one, scan(a), { filter, condition }), output: outputOf(kind) } as const;
      deepStrictEqual(sorted(fixture.run(plan).rows), sorted(nested(kind, match)), `${kind} ${JSON.stringify(one)}`);
    }
  }
});

test('rows of a range are looked up further, and twice in a row; a point stays one function', () => {
  const range: PhysicalNode = {
    node: 'IndexRange',
    table: 2,
    alias: 'b',
    columns: specs.map(({ type }, at) => ({ column: at + 1, attribute: at + 1, type })),
    rowId: -1,
    filter: null,
    index: 1000,
    equal: [],
    low: { value: con(10, INT4), inclusive: true },
    high: null,
    backward: false,
    estimate: ESTIMATE,
  } as PhysicalNode;
  const first = joinOf('inner', CASES[2], range);
  const inner = joinOf('inner', CASES[0], first);
  const second: IndexJoin = {
    ...inner,
    inner: { ...inner.inner, columns: inner.inner.columns.map((use) => ({ ...use, column: use.column + 40 })), rowId: -1 },
  };
  const output = [
    out('a', 1, INT4),
    out('b', B + 1, INT4),
    out('c', B + 41, INT4),
    out('s', B + 43, TEXT),
    out('s2', B + 43, TEXT),
  ];
  const expected = rights
    .filter(([id]) => (id as number) >= 10)
    .flatMap((left) =>
      rights
        .filter((right) => left[1] !== null && left[1] === right[1])
        .map((right) => [left[0], right[0], left[0], left[2], left[2]]),
    );
  deepStrictEqual(sorted(fixture.run({ kind: 'query', root: second, output }).rows), sorted(expected));

  const point = { ...range, node: 'IndexPoint', key: [con(20, INT4)] } as unknown as PhysicalNode;
  const one = fixture.compile({ kind: 'query', root: joinOf('inner', CASES[0], point), output: [out('b', B + 3, TEXT)] });
  strictEqual(one.direct !== null, true);
  const many = fixture.compile({ kind: 'query', root: joinOf('inner', CASES[2], point), output: [out('b', B + 3, TEXT)] });
  strictEqual(many.direct, null);
});
