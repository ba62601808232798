import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalInsert, PhysicalNode, PhysicalStatement, PhysicalUpdate } from '../../engine/plan/physical.ts';
import type { BoundExpression, BoundNewRow } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { RUN_WAIT } from '../../engine/plan/program.ts';
import { SqlError } from '../../shm/errors.ts';
import {
  BOOL,
  call,
  col,
  con,
  DATE,
  ESTIMATE,
  FLOAT8,
  INT4,
  INT8,
  JitFixture,
  notNull,
  out,
  par,
  parametersOf,
  scan,
  type TestTable,
  TEXT,
  TIMESTAMP,
} from './jit-fixture.ts';

const fixture = new JitFixture();
after(() => fixture.close());
const PRICE = sqlType('numeric', true, 10, 2);
const types: SqlType[] = [notNull(INT4), INT4, INT8, PRICE, TEXT, FLOAT8, DATE, TIMESTAMP, BOOL];
const specs = types.map((type, index) => ({ name: `c${index}`, type }));
let nextId = 1;
const makeTable = (extra: { name: string; columns: string[]; unique: boolean }[] = []): TestTable =>
  fixture.table(nextId, `t${nextId++}`, specs, [{ name: 'key', columns: ['c0'], unique: true }, ...extra]);
const all = (table: TestTable): RowValue[][] =>
  fixture.run({ kind: 'query', root: scan(table), output: types.map((type, index) => out(`c${index}`, index + 1, type)) })
    .rows as RowValue[][];

const newRow = (table: TestTable, expressions: readonly BoundExpression[]): BoundNewRow => ({
  table: table.catalog.id,
  attributes: expressions.map((expression, index) => ({ attribute: index + 1, expression, type: types[index] })),
  row: types.map((type, index) => ({ column: 101 + index, attribute: index + 1, type })),
  checks: [],
});
const ONE: PhysicalNode = { node: 'ValuesScan', columns: [], rows: [[]], estimate: ESTIMATE };
const insertOf = (table: TestTable, more: Partial<PhysicalInsert> = {}): PhysicalInsert => ({
  kind: 'insert',
  table: table.catalog.id,
  source: ONE,
  row: newRow(
    table,
    types.map((type, index) => par(index, type)),
  ),
  conflict: null,
  returning: [],
  output: [],
  estimate: ESTIMATE,
  ...more,
});
const sample = (id: number): RowValue[] => [
  id,
  id % 3 === 0 ? null : id,
  id % 4 === 0 ? 2n ** 60n + BigInt(id) : -id * 5e9,
  id % 5 === 0 ? null : `${id}.25`,
  id % 7 === 0 ? null : `näme ${id}`,
  id % 2 === 0 ? id / 8 : null,
  id % 6 === 0 ? Infinity : id,
  id % 8 === 0 ? -Infinity : id * 1e9,
  id % 2 === 0,
];

test('prepared rows go in as they are and come out again', () => {
  const table = makeTable();
  const program = fixture.compile(insertOf(table), types);
  ok(program.writes && program.simple);
  const tx = fixture.kernel.begin();
  for (let id = 0; id < 200; id++) strictEqual(fixture.runIn(tx, program, parametersOf(types, sample(id))).changes, 1);
  const long = [1000, null, null, null, 'x'.repeat(30_000), null, null, null, null];
  fixture.runIn(tx, program, parametersOf(types, long));
  fixture.kernel.commit(tx);
  deepStrictEqual(all(table), [...Array.from({ length: 200 }, (_, id) => sample(id)), long]);
});

test('several rows of VALUES, RETURNING held to the end', () => {
  const table = makeTable();
  const source: PhysicalNode = {
    node: 'ValuesScan',
    columns: types.map((type, index) => ({ column: index + 1, type })),
    rows: Array.from({ length: 50 }, (_, id) => sample(id).map((value, index) => con(value, types[index]))),
    estimate: ESTIMATE,
  };
  const plan = insertOf(table, {
    source,
    row: newRow(
      table,
      types.map((type, index) => col(index + 1, type)),
    ),
    returning: [{ column: 200, expression: call('int4.add', INT4, col(101, INT4), con(1, INT4)) }],
    output: [out('next', 200, INT4), out('c4', 105, TEXT)],
  });
  const ran = fixture.run(plan);
  strictEqual(ran.changes, 50);
  deepStrictEqual(
    ran.rows,
    Array.from({ length: 50 }, (_, id) => [id + 1, sample(id)[4]]),
  );
  deepStrictEqual(
    all(table),
    Array.from({ length: 50 }, (_, id) => sample(id)),
  );
  // What it reads of its own table does not grow under it.
  const copy = insertOf(table, {
    source: scan(table),
    row: newRow(
      table,
      types.map((type, index) => (index === 0 ? call('int4.add', INT4, col(1, INT4), con(1000, INT4)) : col(index + 1, type))),
    ),
  });
  strictEqual(fixture.run(copy).changes, 50);
  strictEqual(all(table).length, 100);
});

const codeOf = (body: () => unknown): string => {
  try {
    body();
  } catch (error) {
    ok(error instanceof SqlError, String(error));
    return `${error.code} ${error.message} ${error.detail ?? ''}`;
  }
  return 'none';
};

test('constraints refuse a row with their code and their name', () => {
  const table = makeTable();
  fixture.run(insertOf(table), types, sample(1));
  strictEqual(
    codeOf(() => fixture.run(insertOf(table), types, sample(1))),
    '23505 duplicate key value violates unique constraint "key" Key (c0)=(1) already exists.',
  );
  strictEqual(
    codeOf(() => fixture.run(insertOf(table), types, [null, ...sample(1).slice(1)])),
    `23502 null value in column "c0" of relation "${table.catalog.name}" violates not-null constraint ` +
      'Failing row contains (null, 1, -5000000000, 1.25, näme 1, null, 1970-01-02, 1970-01-01 00:16:40, f).',
  );
  const checked = insertOf(table);
  const row = {
    ...checked.row,
    checks: [{ name: `"it's"`, expression: call('int4.greater', BOOL, col(102, INT4), con(0, INT4)) }],
  };
  ok(codeOf(() => fixture.run({ ...checked, row }, types, [5, -1, ...sample(1).slice(2)])).startsWith('23514'));
  strictEqual(fixture.run({ ...checked, row }, types, [5, null, ...sample(1).slice(2)]).changes, 1);
});

test('ON CONFLICT passes over a row or changes the one that is there, once', () => {
  const table = makeTable();
  const source = (...ids: number[]): PhysicalNode => ({
    node: 'ValuesScan',
    columns: [
      { column: 1, type: INT4 },
      { column: 2, type: INT4 },
    ],
    rows: ids.map((id) => [con(id, INT4), con(id * 10, INT4)]),
    estimate: ESTIMATE,
  });
  const row = newRow(
    table,
    types.map((type, index) => (index < 2 ? col(index + 1, type) : con(null, type))),
  );
  const nothing = insertOf(table, {
    source: source(1, 2, 1),
    row,
    conflict: { action: 'nothing', indexes: [], existing: [], change: null, where: null },
  });
  strictEqual(fixture.run(nothing).changes, 2);
  const existing = types.map((type, index) => ({ column: 301 + index, attribute: index + 1, type }));
  const change = {
    ...newRow(
      table,
      types.map((type, index) => (index === 1 ? call('int4.add', INT4, col(302, INT4), col(102, INT4)) : col(301 + index, type))),
    ),
    row: types.map((type, index) => ({ column: 401 + index, attribute: index + 1, type })),
  };
  const conflict = {
    action: 'update' as const,
    indexes: [1000],
    existing,
    change,
    where: call('int4.notEqual', BOOL, col(302, INT4), con(20, INT4)),
  };
  const returning = [{ column: 500, expression: col(102, INT4) }];
  const output = [out('a', 500, INT4)];
  const update = insertOf(table, { source: source(1, 2, 3), row, conflict, returning, output });
  const ran = fixture.run(update);
  strictEqual(ran.changes, 2);
  deepStrictEqual(ran.rows, [[20], [30]]);
  deepStrictEqual(
    all(table).map(([id, a]) => [id, a]),
    [
      [1, 20],
      [2, 20],
      [3, 30],
    ],
  );
  ok(codeOf(() => fixture.run({ ...update, source: source(9, 9) })).startsWith('21000'));
  ok(codeOf(() => fixture.run({ ...update, source: source(3, 3) })).startsWith('21000'));
});

const updateOf = (
  table: TestTable,
  source: PhysicalNode,
  changes: { readonly [index: number]: BoundExpression },
  more: Partial<PhysicalUpdate> = {},
): PhysicalUpdate => ({
  kind: 'update',
  table: table.catalog.id,
  source,
  rowId: 99,
  row: newRow(
    table,
    types.map((type, index) => changes[index] ?? col(index + 1, type)),
  ),
  changed: Object.keys(changes).map((index) => Number(index) + 1),
  returning: [],
  output: [],
  estimate: ESTIMATE,
  ...more,
});

test('updates in place and anew, by key, by scan, by range and behind a sort', () => {
  const fill = (): TestTable => {
    const table = makeTable([{ name: 'second', columns: ['c1'], unique: false }]);
    fixture.fill(
      table,
      Array.from({ length: 300 }, (_, id) => sample(id)),
    );
    return table;
  };
  const point = (table: TestTable): PhysicalNode => ({
    ...scan(table, null, 99),
    node: 'IndexPoint',
    index: 1000,
    key: [par(0, INT4)],
  });
  const byKey = fill();
  const plus = call('int4.add', INT4, col(2, INT4), par(1, INT4));
  const program = fixture.compile(
    updateOf(byKey, point(byKey), { 1: plus, 5: con(1.5, FLOAT8), 3: par(2, PRICE), 7: con(77, TIMESTAMP) }),
    [INT4, INT4, PRICE],
  );
  ok(program.simple);
  const tx = fixture.kernel.begin();
  for (let id = 0; id < 300; id += 2)
    strictEqual(
      fixture.runIn(tx, program, parametersOf([INT4, INT4, PRICE], [id, 1000, id % 4 === 0 ? null : '7.50'])).changes,
      1,
    );
  strictEqual(fixture.runIn(tx, program, parametersOf([INT4, INT4, PRICE], [5000, 1, null])).changes, 0);
  fixture.kernel.commit(tx);
  const expected = (keep: (id: number) => boolean, change: (row: RowValue[]) => void): RowValue[][] =>
    Array.from({ length: 300 }, (_, id) => {
      const row = sample(id);
      if (keep(id)) change(row);
      return row;
    });
  const sorted = (table: TestTable): RowValue[][] => all(table).sort((a, b) => (a[0] as number) - (b[0] as number));
  deepStrictEqual(
    sorted(byKey),
    expected(
      (id) => id % 2 === 0,
      (row) => {
        const id = row[0] as number;
        row[1] = row[1] === null ? null : (row[1] as number) + 1000;
        row[5] = 1.5;
        row[3] = id % 4 === 0 ? null : '7.50';
        row[7] = 77;
      },
    ),
  );
  const filter = call('int4.less', BOOL, col(2, INT4), con(150, INT4));
  const byScan = fill();
  const longer = { 4: call('text.concat', TEXT, col(5, TEXT), par(0, TEXT)) };
  const ran = fixture.run(
    {
      ...updateOf(byScan, scan(byScan, filter, 99), longer),
      returning: [{ column: 600, expression: col(105, TEXT) }],
      output: [out('n', 600, TEXT)],
    },
    [TEXT],
    ['!'.repeat(5000)],
  );
  const hit = (id: number): boolean => id % 3 !== 0 && id < 150;
  strictEqual(ran.changes, 100);
  deepStrictEqual(ran.rows.length, 100);
  deepStrictEqual(
    sorted(byScan),
    expected(hit, (row) => (row[4] = row[4] === null ? null : `${row[4]}${'!'.repeat(5000)}`)),
  );
  // Fixed-width columns of rows whose text lies in a chain.
  strictEqual(fixture.run(updateOf(byScan, scan(byScan, filter, 99), { 1: con(5, INT4) })).changes, 100);
  deepStrictEqual(
    sorted(byScan),
    expected(hit, (row) => {
      row[4] = row[4] === null ? null : `${row[4]}${'!'.repeat(5000)}`;
      row[1] = 5;
    }),
  );
  const byRange = fill();
  const range: PhysicalNode = {
    ...scan(byRange, null, 99),
    node: 'IndexRange',
    index: 1001,
    equal: [],
    low: null,
    high: { value: con(150, INT4), inclusive: false },
    backward: false,
  };
  strictEqual(fixture.run(updateOf(byRange, range, { 1: plus }), [INT4, INT4], [0, 1]).changes, 100);
  deepStrictEqual(
    sorted(byRange),
    expected(hit, (row) => (row[1] = (row[1] as number) + 1)),
  );
  const bySort = fill();
  const top: PhysicalNode = {
    node: 'TopN',
    input: scan(bySort, filter, 99),
    keys: [{ expression: col(1, INT4), descending: true, nullsFirst: false }],
    limit: con(10, INT8),
    offset: null,
    estimate: ESTIMATE,
  };
  strictEqual(fixture.run(updateOf(bySort, top, { 8: con(null, BOOL) })).changes, 10);
  strictEqual(all(bySort).filter((row) => row[8] === null).length, 10);
  strictEqual(fixture.kernel.check().problems.length, 0);
});

test('deletes by key and by scan, with RETURNING of the old row', () => {
  const table = makeTable();
  fixture.fill(
    table,
    Array.from({ length: 100 }, (_, id) => sample(id)),
  );
  const remove = (source: PhysicalNode): PhysicalStatement => ({
    kind: 'delete',
    table: table.catalog.id,
    source,
    rowId: 99,
    returning: [{ column: 600, expression: col(5, TEXT) }],
    output: [out('n', 600, TEXT)],
    estimate: ESTIMATE,
  });
  const point: PhysicalNode = { ...scan(table, null, 99), node: 'IndexPoint', index: 1000, key: [con(8, INT4)] };
  deepStrictEqual(fixture.run(remove(point)).rows, [['näme 8']]);
  deepStrictEqual(fixture.run(remove(point)).rows, []);
  strictEqual(fixture.run(remove(scan(table, call('int4.greater', BOOL, col(1, INT4), con(49, INT4)), 99))).changes, 50);
  deepStrictEqual(
    all(table).map(([id]) => id),
    Array.from({ length: 50 }, (_, id) => id).filter((id) => id !== 8),
  );
});

test('rows that another transaction holds are waited for, passed over, or refused', () => {
  const table = makeTable();
  fixture.fill(
    table,
    Array.from({ length: 10 }, (_, id) => sample(id)),
  );
  const other = fixture.kernel.openSession();
  const holder = fixture.kernel.begin({ session: other });
  const lock = (wait: 'wait' | 'nowait' | 'skip'): PhysicalStatement => ({
    kind: 'query',
    root: {
      node: 'LockRow',
      input: scan(table, null, 99),
      table: table.catalog.id,
      rowId: 99,
      strength: 'update',
      wait,
      estimate: ESTIMATE,
    },
    output: [out('c0', 1, INT4)],
  });
  const point: PhysicalNode = { ...scan(table, null, 99), node: 'IndexPoint', index: 1000, key: [con(3, INT4)] };
  strictEqual(
    fixture.runIn(holder, fixture.compile(updateOf(table, point, { 1: con(1, INT4) })), parametersOf([], [])).changes,
    1,
  );
  const tx = fixture.kernel.begin();
  const run = (plan: PhysicalStatement) => fixture.runIn(tx, fixture.compile(plan), parametersOf([], []));
  strictEqual(run(lock('wait')).status, RUN_WAIT);
  strictEqual(run(updateOf(table, point, { 1: con(2, INT4) })).status, RUN_WAIT);
  deepStrictEqual(
    run(lock('skip')).rows,
    [0, 1, 2, 4, 5, 6, 7, 8, 9].map((id) => [id]),
  );
  throws(() => run(lock('nowait')), /locked by another/);
  fixture.kernel.rollback(tx);
  fixture.kernel.rollback(holder);
});
