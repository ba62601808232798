import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { SqlError } from '../../shm/errors.ts';
import { compiledSources } from '../rows/compile.ts';
import { createCompiler } from './jit.ts';
import {
  BOOL,
  call,
  col,
  con,
  ESTIMATE,
  FLOAT8,
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
} from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());

/** The longest function of a text: what stands between two that begin at the margin. */
const longestFunction = (text: string): number =>
  Math.max(
    0,
    ...text
      .split(/(?=function g\d+\()|return\(function/)
      .slice(1)
      .map((piece) => piece.length),
  );
const FUNCTION_BYTES_MAX = 24 * 1024;

function checkSize(plan: PhysicalStatement): void {
  for (const { text } of sourcesOf(plan)) ok(longestFunction(text) <= FUNCTION_BYTES_MAX, `${longestFunction(text)} bytes`);
}
const sourcesOf = (plan: PhysicalStatement): { text: string }[] =>
  createCompiler()
    .explainCode(plan, [], fixture.environment)
    .split(/^-- /m)
    .map((text) => ({ text }));

test('a table of 500 columns is written, read and changed by functions that V8 optimises', () => {
  const types = Array.from({ length: 500 }, (_, n) =>
    n === 0 ? notNull(INT4) : n % 3 === 0 ? TEXT : n % 3 === 1 ? INT4 : FLOAT8,
  );
  const table = fixture.table(
    1,
    'wide',
    types.map((type, n) => ({ name: `c${n}`, type })),
    [{ name: 'k', columns: ['c0'], unique: true }],
  );
  const row = (id: number): RowValue[] =>
    types.map((type, n) => (n === 0 ? id : (n + id) % 7 === 0 ? null : type === TEXT ? `t${n}` : type === FLOAT8 ? n / 4 : n));
  const output = types.map((type, n) => out(`c${n}`, n + 1, type));
  const attributes = types.map((type, n) => ({ attribute: n + 1, expression: par(n, type), type }));
  const insert: PhysicalStatement = {
    kind: 'insert',
    table: 1,
    source: { node: 'ValuesScan', columns: [], rows: [[]], estimate: ESTIMATE },
    row: { table: 1, attributes, row: [], checks: [] },
    conflict: null,
    returning: [],
    output: [],
    estimate: ESTIMATE,
  };
  checkSize(insert);
  for (let id = 0; id < 5; id++) strictEqual(fixture.run(insert, types, row(id)).changes, 1);
  const query: PhysicalStatement = { kind: 'query', root: scan(table), output };
  deepStrictEqual(fixture.run(query).rows, [0, 1, 2, 3, 4].map(row));
  checkSize(query);
  const point: PhysicalStatement = {
    kind: 'query',
    root: { ...scan(table), node: 'IndexPoint', index: 1000, key: [par(0, INT4)] },
    output,
  };
  const program = fixture.compile(point, [INT4], 'object');
  const tx = fixture.kernel.begin();
  deepStrictEqual(fixture.runIn(tx, program, parametersOf([INT4], [3])).rows, [
    Object.fromEntries(row(3).map((value, n) => [`c${n}`, value])),
  ]);
  fixture.kernel.commit(tx);
});

const small = fixture.table(2, 'small', [
  { name: 'a', type: INT4 },
  { name: 'b', type: TEXT },
  { name: 'n', type: INT8 },
]);
fixture.fill(
  small,
  Array.from({ length: 2100 }, (_, n) => [n % 10 === 9 ? null : n, n % 10 === 3 ? null : `b${n}`, BigInt(n) * 3n]).map((row) => [
    row[0],
    row[1],
    Number(row[2]),
  ]) as RowValue[][],
);
const A = col(1, INT4);
const computed = (expression: BoundExpression): PhysicalStatement => ({
  kind: 'query',
  root: { node: 'Compute', input: scan(small), columns: [{ column: 9, expression }], estimate: ESTIMATE },
  output: [out('a', 1, INT4), out('x', 9, expression.type)],
});

test('a CASE of 2,000 arms, of values and of conditions', () => {
  const whens = (operand: BoundExpression) =>
    Array.from({ length: 2000 }, (_, n) => ({
      condition: call('int4.equal', BOOL, operand, con(n, INT4)),
      result: con(`is ${n}`, TEXT),
    }));
  const searched: BoundExpression = { op: 'case', whens: whens(A), otherwise: con(null, TEXT), type: TEXT };
  const simple: BoundExpression = {
    op: 'let',
    local: 0,
    value: A,
    body: { op: 'case', whens: whens({ op: 'local', local: 0, type: INT4 }), otherwise: con('else', TEXT), type: TEXT },
    type: TEXT,
  };
  for (const [expression, otherwise] of [
    [searched, null],
    [simple, 'else'],
  ] as const) {
    const plan = computed(expression);
    checkSize(plan);
    for (const [a, x] of fixture.run(plan).rows as RowValue[][])
      strictEqual(x, a !== null && (a as number) < 2000 ? `is ${a}` : otherwise);
  }
});

test('IN with 5,000 values, NULL among them or not; long chains of OR', () => {
  const list = Array.from({ length: 5000 }, (_, n) => con(n * 2, INT4));
  const inside = (items: BoundExpression[], negated: boolean): BoundExpression => ({
    op: 'in',
    operand: A,
    list: items,
    equal: 'int4.equal',
    negated,
    type: BOOL,
  });
  const values = (plan: PhysicalStatement): RowValue[] => (fixture.run(plan).rows as RowValue[][]).map(([a]) => a);
  const query = (filter: BoundExpression): PhysicalStatement => ({
    kind: 'query',
    root: scan(small, filter),
    output: [out('a', 1, INT4)],
  });
  const present = Array.from({ length: 2100 }, (_, n) => n).filter((n) => n % 10 !== 9);
  checkSize(query(inside(list, false)));
  deepStrictEqual(
    values(query(inside(list, false))),
    present.filter((n) => n % 2 === 0),
  );
  deepStrictEqual(
    values(query(inside(list, true))),
    present.filter((n) => n % 2 === 1),
  );
  deepStrictEqual(values(query(inside([...list, con(null, INT4)], true))), []);
  deepStrictEqual(values(query(inside([con(4, INT4), con(null, INT4)], false))), [4]);
  deepStrictEqual(values(query(inside([con(4, INT4), con(null, INT4)], true))), []);
  const chain: BoundExpression = {
    op: 'or',
    operands: Array.from({ length: 500 }, (_, n) => call('int4.equal', BOOL, A, con(n * 3, INT4))),
    type: BOOL,
  };
  checkSize(query(chain));
  deepStrictEqual(
    values(query(chain)),
    present.filter((n) => n % 3 === 0 && n < 1500),
  );
  deepStrictEqual(
    values(query({ op: 'not', operand: chain, type: BOOL })),
    present.filter((n) => n % 3 !== 0 || n >= 1500),
  );
});

test('arithmetic is exact or an error at its place; wide rows and narrow ones agree', () => {
  const table = fixture.table(3, 'sums', [
    { name: 'a', type: INT4 },
    { name: 'n', type: INT8 },
  ]);
  const rows: RowValue[][] = [
    [2147483647, 9007199254740991],
    [5, 2n ** 62n],
    [null, null],
    [-2147483648, -(2n ** 63n)],
    [0, 0],
  ] as RowValue[][];
  fixture.fill(table, rows);
  const n = col(2, INT8);
  const plus = (by: number): PhysicalStatement => ({
    kind: 'query',
    root: {
      node: 'Compute',
      input: scan(table, call('int8.greater', BOOL, n, con(-1, INT8))),
      columns: [{ column: 9, expression: call('int8.add', INT8, n, con(by, INT8)) }],
      estimate: ESTIMATE,
    },
    output: [out('x', 9, INT8)],
  });
  deepStrictEqual(fixture.run(plus(1)).rows, [[9007199254740992n], [2n ** 62n + 1n], [1]]);
  const sum = (expression: BoundExpression, filter: BoundExpression): PhysicalStatement => ({
    kind: 'query',
    root: {
      node: 'HashAggregate',
      input: scan(table, filter),
      keys: [],
      aggregates: [
        { column: 9, primitive: 'sum.int8', arguments: [expression], distinct: false, order: [], filter: null, type: NUMERIC },
      ],
      estimate: ESTIMATE,
    },
    output: [out('x', 9, NUMERIC)],
  });
  const positive = call('int8.greater', BOOL, n, con(-5, INT8));
  deepStrictEqual(fixture.run(sum(call('int8.mul', INT8, n, con(1, INT8)), positive)).rows, [
    [String(2n ** 62n + 9007199254740991n)],
  ]);
  try {
    fixture.run(sum(call('int8.mul', INT8, n, con(3, INT8)), positive));
    ok(false, 'an overflow is an error');
  } catch (error) {
    ok(error instanceof SqlError, String(error));
    strictEqual(error.code, '22003');
    strictEqual(error.position, 7);
  }
  const failing = (primitive: string, given: BoundExpression): string => {
    const expression = call(primitive, INT4, col(1, INT4), given);
    const plan: PhysicalStatement = {
      kind: 'query',
      root: { node: 'Compute', input: scan(table), columns: [{ column: 9, expression }], estimate: ESTIMATE },
      output: [out('x', 9, INT4)],
    };
    try {
      return JSON.stringify(fixture.run(plan).rows);
    } catch (error) {
      return `${(error as SqlError).code} ${(error as Error).message}`;
    }
  };
  strictEqual(failing('int4.add', con(1, INT4)), '22003 integer out of range');
  strictEqual(failing('int4.div.trunc', con(0, INT4)), '22012 division by zero');
  strictEqual(failing('int4.div.trunc', con(-1, INT4)), '22003 integer out of range');
  strictEqual(failing('int4.div.trunc', con(2, INT4)), '[[1073741823],[2],[null],[-1073741824],[0]]');
  strictEqual(failing('int4.mod', con(-1, INT4)), '[[0],[0],[null],[0],[0]]');
});

test('nothing of the user stands in generated source', () => {
  const evil = '`$' + '{process.exit()}"\'\\\n\u2028*/ evil_name';
  const table = fixture.table(
    4,
    evil,
    [
      { name: evil, type: notNull(INT4) },
      { name: `${evil}2`, type: TEXT },
    ],
    [{ name: `${evil}3`, columns: [evil], unique: true }],
  );
  fixture.fill(table, [[1, evil]]);
  const filter = call('text.equal', BOOL, col(2, TEXT), con(evil, TEXT));
  const root = {
    node: 'Filter' as const,
    input: { ...scan(table, filter), node: 'IndexPoint' as const, index: 1000, key: [con(1, INT4)] },
    condition: call('text.like', BOOL, col(2, TEXT), con(`%${evil.replaceAll('\\', '\\\\')}`, TEXT)),
    estimate: ESTIMATE,
  };
  const output = [out(evil, 1, INT4), out(`${evil}2`, 2, TEXT)];
  const program = fixture.compile({ kind: 'query', root, output }, [], 'object');
  const tx = fixture.kernel.begin();
  deepStrictEqual(fixture.runIn(tx, program, parametersOf([], [])).rows, [{ [evil]: 1, [`${evil}2`]: evil }]);
  fixture.kernel.commit(tx);
  deepStrictEqual(fixture.run({ kind: 'query', root: scan(table, filter), output }).rows, [[1, evil]]);
  for (const source of compiledSources()) ok(!source.includes('evil') && !source.includes('process.exit'), source);
});

test('one shape has one text', () => {
  const plan = (value: number): PhysicalStatement => ({
    kind: 'query',
    root: scan(small, call('int4.less', BOOL, A, con(value, INT4))),
    output: [out('a', 1, INT4)],
  });
  fixture.run(plan(1));
  const before = [...compiledSources()].length;
  fixture.run(plan(2));
  strictEqual([...compiledSources()].length, before);
});
