import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { HashProbe, JoinKind, PhysicalNode } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import { loadSpaceSharedSpillNumber } from '../../engine/storage/space/space.layout.gen.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
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
  scan,
  TEXT,
  type TestTable,
} from './jit-fixture.ts';

const KINDS: readonly JoinKind[] = ['inner', 'left', 'right', 'full', 'semi', 'anti', 'single', 'mark'];
const B = 20;
const MARK = 99;
const tight = new JitFixture(65536);
const wide = new JitFixture();
after(() => {
  tight.close();
  wide.close();
});
const { space } = tight.kernel.parts;
const filesMade = (): number => loadSpaceSharedSpillNumber(space.shm.i32, space.shared);

const specs = [
  { name: 'id', type: notNull(INT4) },
  { name: 'k', type: INT4 },
  { name: 'l', type: INT8 },
  { name: 's', type: TEXT },
  { name: 'n', type: NUMERIC },
  { name: 'y', type: sqlType('bytea') },
];
const rowOf = (id: number, range: number): RowValue[] => {
  const key = (id * 7919) % range;
  const isNull = id % 17 === 3;
  return [
    id,
    isNull ? null : key,
    isNull ? null : key % 5 === 0 ? 9007199254740993n + BigInt(key) : key,
    isNull ? null : `key number ${key}`,
    isNull ? null : `${key}.50`,
    isNull ? null : Buffer.from(`b${key}`),
  ];
};
const lefts = Array.from({ length: 3000 }, (_, id) => rowOf(id, 2900));
const rights = Array.from({ length: 6000 }, (_, id) => rowOf(id, 5300));
const tables = new Map<JitFixture, { a: TestTable; b: TestTable; c: TestTable }>();
for (const fixture of [tight, wide]) {
  const [a, b, c] = [fixture.table(1, 'a', specs), fixture.table(2, 'b', specs), fixture.table(3, 'c', specs)];
  fixture.fill(a, lefts);
  fixture.fill(b, rights);
  fixture.fill(
    c,
    Array.from({ length: 5000 }, (_, id) => rowOf(id, 5)),
  );
  tables.set(fixture, { a, b, c });
}

const moved = (table: TestTable, by: number) => {
  const plain = scan(table);
  return { ...plain, columns: plain.columns.map((use) => ({ ...use, column: use.column + by })) };
};
const keyOf = (at: number, type: SqlType, left: number, right: number) => ({
  left: col(left + at + 1, type),
  right: col(right + at + 1, type),
  equal: `${type.name}.equal`,
  nullsMatch: false,
});
function joinOf(
  kind: JoinKind,
  input: PhysicalNode,
  build: PhysicalNode,
  keys: HashProbe['keys'],
  condition: BoundExpression | null = null,
): HashProbe {
  return {
    node: 'HashProbe',
    kind,
    input,
    build,
    keys,
    unique: false,
    condition,
    mark: kind === 'mark' ? MARK : -1,
    estimate: ESTIMATE,
  };
}
function outputOf(kind: JoinKind, ...more: number[]) {
  const own = [out('id', 1, INT4), out('s', 4, TEXT), out('l', 3, INT8)];
  if (kind === 'semi' || kind === 'anti') return own;
  if (kind === 'mark') return [...own, out('mark', MARK, BOOL)];
  return [...own, ...[B, ...more].flatMap((by) => [out('b', by + 1, INT4), out('bl', by + 3, INT8), out('bn', by + 5, NUMERIC)])];
}
const shown = (row: unknown): string => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
const sorted = (rows: readonly unknown[]): string[] => rows.map(shown).sort();

type Root = (where: { a: TestTable; b: TestTable; c: TestTable }) => PhysicalNode;
function compare(root: Root, output: ReturnType<typeof outputOf>, what: string, rowsMax = Number.POSITIVE_INFINITY): void {
  const [expected, before] = [
    sorted(wide.run({ kind: 'query', root: root(tables.get(wide) as never), output }).rows),
    filesMade(),
  ];
  const ran = tight.run({ kind: 'query', root: root(tables.get(tight) as never), output }, [], [], rowsMax, {
    pause: () => rowsMax < 1000,
  });
  deepStrictEqual(sorted(ran.rows), expected, what);
  ok(filesMade() > before, `${what} went to a file`);
  strictEqual(spillUsed(space), 0);
}

test('a join past its memory gives what it gives in memory: every kind, every way of keys', () => {
  const keys = [1, 2, 3, 4, 5].map((at) => [keyOf(at, specs[at].type, 0, B)]);
  const both = [keyOf(1, INT4, 0, B), keyOf(3, TEXT, 0, B)];
  for (const key of [...keys, both]) {
    for (const kind of KINDS) {
      // Of so few rows with one key hardly any finds two: the others are errors, here as there.
      if (kind === 'single') continue;
      compare(
        ({ a, b }) => joinOf(kind, scan(a), moved(b, B), key),
        outputOf(kind),
        `${kind} ${key[0].equal}`,
        kind === 'left' ? 700 : undefined,
      );
    }
  }
});

test('NULLs that match, conditions beside the keys, rows that find one', () => {
  const same = [{ ...keyOf(3, TEXT, 0, B), nullsMatch: true }];
  const condition = call('int4.less', BOOL, col(B + 1, INT4), col(1, INT4));
  const unique = call('int4.equal', BOOL, col(B + 1, INT4), col(1, INT4));
  for (const kind of KINDS) {
    compare(({ a, b }) => joinOf(kind, scan(a), moved(b, B), same, unique), outputOf(kind), `${kind} with NULLs`);
    if (kind === 'single') continue;
    compare(
      ({ a, b }) => joinOf(kind, scan(a), moved(b, B), [keyOf(1, INT4, 0, B)], condition),
      outputOf(kind),
      `${kind} with a condition`,
    );
  }
});

test('a join behind a join, and one that is the build side of another, all past their memory', () => {
  for (const [first, second] of [
    ['inner', 'left'],
    ['full', 'full'],
    ['left', 'right'],
    ['anti', 'left'],
  ] as const) {
    const root: Root = ({ a, b, c }) => {
      const inner = joinOf(
        first,
        scan(a),
        moved(c, 60),
        [keyOf(1, INT4, 0, 60)],
        call('int4.equal', BOOL, col(61, INT4), col(1, INT4)),
      );
      return joinOf(second, inner, moved(b, B), [keyOf(3, TEXT, 0, B)]);
    };
    compare(root, outputOf(second), `${first} ${second}`);
  }
  const bushy: Root = ({ a, b }) => {
    const inner = joinOf('full', moved(b, B), moved(a, 60), [keyOf(3, TEXT, B, 60)]);
    return joinOf('left', scan(a), inner, [keyOf(1, INT4, 0, B)]);
  };
  compare(bushy, outputOf('left', 60), 'bushy');
});

/** Both of them; true of every pair, for the texts that are read. */
const alsoText = (condition: BoundExpression): BoundExpression => ({
  op: 'and',
  operands: [condition, call('text.notEqual', BOOL, col(B + 4, TEXT), con('', TEXT))],
  type: BOOL,
});

test('many rows of few keys: a part that cannot be split is read piece by piece', () => {
  for (const kind of KINDS) {
    const pair = alsoText(call('int4.equal', BOOL, col(B + 1, INT4), col(1, INT4)));
    compare(
      ({ a, c }) => joinOf(kind, filtered(a, 1, 600), moved(c, B), [keyOf(1, INT4, 0, B)], pair),
      outputOf(kind),
      `${kind} of few keys`,
    );
  }
});

const filtered = (table: TestTable, column: number, below: number): PhysicalNode => ({
  ...scan(table),
  filter: call('int4.less', BOOL, col(column, INT4), con(below, INT4)),
});

test('a loop join whose other side does not fit goes through it piece by piece', () => {
  const near = call('int4.equal', BOOL, call('int4.div.trunc', INT4, col(B + 1, INT4), con(40, INT4)), col(1, INT4));
  const same = call('text.equal', BOOL, col(4, TEXT), col(B + 4, TEXT));
  const sameId = call('int4.equal', BOOL, col(1, INT4), col(B + 1, INT4));
  for (const kind of KINDS) {
    for (const condition of kind === 'single' ? [alsoText(sameId)] : [alsoText(near), same]) {
      compare(
        ({ a, b }) => ({
          ...{ node: 'LoopJoin', kind, input: filtered(a, 1, 60), build: moved(b, B), condition },
          ...{ mark: kind === 'mark' ? MARK : -1, estimate: ESTIMATE },
        }),
        outputOf(kind),
        `${kind} loop`,
        kind === 'left' ? 70 : undefined,
      );
    }
  }
  throws(
    () => {
      const { a, b } = tables.get(tight) as { a: TestTable; b: TestTable };
      const root: PhysicalNode = {
        ...{ node: 'LoopJoin', kind: 'single', input: filtered(a, 1, 60), build: moved(b, B), condition: near },
        ...{ mark: -1, estimate: ESTIMATE },
      };
      tight.run({ kind: 'query', root, output: outputOf('single') });
    },
    { code: '21000' },
  );
});

/** Sides that come in order, by a key and the number of the row. */
function mergeOf(
  kind: JoinKind,
  a: PhysicalNode,
  b: PhysicalNode,
  keys: HashProbe['keys'],
  order: { descending: boolean; nullsFirst: boolean },
  condition: BoundExpression | null = null,
): PhysicalNode {
  const sortedBy = (input: PhysicalNode, side: 'left' | 'right', id: number): PhysicalNode => ({
    node: 'Sort',
    input,
    keys: [...keys.map((key) => key[side]), col(id, INT4)].map((expression) => ({ expression, ...order })),
    estimate: ESTIMATE,
  });
  const { unique: _, ...probe } = joinOf(kind, sortedBy(a, 'left', 1), sortedBy(b, 'right', B + 1), keys, condition);
  return { ...probe, node: 'MergeJoin', orders: keys.map(() => order) };
}

test('a merge join gives what a hash join gives, in the order of its input: in memory and from a file', () => {
  const ways = [
    { keys: [keyOf(1, INT4, 0, B)], order: { descending: false, nullsFirst: false } },
    { keys: [keyOf(2, INT8, 0, B)], order: { descending: true, nullsFirst: true } },
    { keys: [keyOf(3, TEXT, 0, B)], order: { descending: false, nullsFirst: true } },
    { keys: [keyOf(4, NUMERIC, 0, B)], order: { descending: true, nullsFirst: false } },
    { keys: [keyOf(5, specs[5].type, 0, B), keyOf(1, INT4, 0, B)], order: { descending: false, nullsFirst: false } },
  ];
  const near = alsoText(call('int4.equal', BOOL, call('int4.div.trunc', INT4, col(B + 1, INT4), con(40, INT4)), col(1, INT4)));
  const at = outputOf('inner').findIndex(({ column }) => column === 1);
  for (const [way, { keys, order }] of ways.entries()) {
    const kinds: readonly JoinKind[] =
      way === 3 ? ['inner', 'left', 'right', 'full', 'semi', 'anti'] : way % 2 === 0 ? ['full'] : ['left'];
    for (const kind of kinds) {
      for (const [right, condition] of [
        ['b', null],
        ['c', near],
      ] as const) {
        const root = (where: { a: TestTable; b: TestTable; c: TestTable }, isMerge: boolean): PhysicalNode => {
          const a = right === 'c' ? filtered(where.a, 2, 40) : scan(where.a);
          return isMerge
            ? mergeOf(kind, a, moved(where[right], B), keys, order, condition)
            : joinOf(kind, a, moved(where[right], B), keys, condition);
        };
        const what = `${kind} merge ${right} ${keys[0].equal}`;
        const output = outputOf(kind);
        const run = (fixture: JitFixture, isMerge: boolean, rowsMax?: number): readonly unknown[][] =>
          fixture.run({ kind: 'query', root: root(tables.get(fixture) as never, isMerge), output }, [], [], rowsMax)
            .rows as unknown[][];
        const expected = sorted(run(wide, false));
        const before = filesMade();
        const [merged, spilled] = [run(wide, true), run(tight, true, kind === 'left' ? 500 : undefined)];
        deepStrictEqual(sorted(merged), expected, what);
        deepStrictEqual(sorted(spilled), expected, `${what} from a file`);
        if (kind !== 'semi' && kind !== 'anti') ok(filesMade() > before, `${what} went to a file`);
        if (kind === 'right' || kind === 'full') continue;
        const ids = [...new Set(merged.map((row) => row[at]))];
        const runs = merged.map((row) => row[at]).filter((id, place, all) => place === 0 || all[place - 1] !== id);
        deepStrictEqual(runs, ids, `${what}: rows of one row of the input follow one another`);
        deepStrictEqual([...new Set(spilled.map((row) => row[at]))], ids, `${what}: the order is that of the input`);
      }
    }
  }
  strictEqual(spillUsed(space), 0);
});

test('sums over a join past its memory, a limit, an error, a cancel word: files are given back', () => {
  const { a, b } = tables.get(tight) as { a: TestTable; b: TestTable };
  const joined = joinOf('inner', scan(a), moved(b, B), [keyOf(3, TEXT, 0, B)]);
  const sum: PhysicalNode = {
    node: 'HashAggregate',
    input: joined,
    keys: [],
    aggregates: [
      { column: 70, primitive: 'sum.int4', arguments: [col(B + 1, INT4)], distinct: false, order: [], filter: null, type: INT8 },
    ],
    estimate: ESTIMATE,
  };
  const output = [out('n', 70, INT8)];
  const expected = lefts.reduce(
    (total, left) =>
      total + rights.filter((right) => left[3] !== null && right[3] === left[3]).reduce((n, row) => n + (row[0] as number), 0),
    0,
  );
  deepStrictEqual(tight.run({ kind: 'query', root: sum, output }).rows, [[expected]]);
  const limited: PhysicalNode = { node: 'LimitCount', input: joined, limit: con(5, INT8), offset: null, estimate: ESTIMATE };
  strictEqual(tight.run({ kind: 'query', root: limited, output: outputOf('inner') }, [], [], 2).rows.length, 5);
  strictEqual(spillUsed(space), 0);
  const failing: PhysicalNode = {
    node: 'Compute',
    input: joined,
    columns: [{ column: 71, expression: call('int4.add', INT4, con(2147483600, INT4), col(B + 1, INT4)) }],
    estimate: ESTIMATE,
  };
  throws(() => tight.run({ kind: 'query', root: failing, output: [out('x', 71, INT4)] }), { code: '22003' });
  strictEqual(spillUsed(space), 0);
  for (const stop of [3, 10, 30, 60]) {
    let looks = 0;
    throws(
      () =>
        tight.run({ kind: 'query', root: joined, output: outputOf('inner') }, [], [], 100, { canceled: () => ++looks > stop }),
      {
        code: '57014',
      },
    );
    strictEqual(spillUsed(space), 0);
  }
});
