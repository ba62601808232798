import { strictEqual, throws } from 'node:assert/strict';
import { after, test } from 'node:test';
import type { PhysicalNode, PhysicalQuery } from '../../engine/plan/physical.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { spillUsed } from '../../engine/storage/space/spill-files.ts';
import { BOOL, call, col, con, ESTIMATE, INT4, INT8, JitFixture, notNull, NUMERIC, out, scan, TEXT } from './jit-fixture.ts';

const fixture = new JitFixture(1 << 14);
Object.assign(fixture.environment.kernel, { memoryLimit: 1 << 18 });
after(() => fixture.close());
const table = fixture.table(1, 't', [
  { name: 'id', type: notNull(INT4) },
  { name: 'name', type: TEXT },
  { name: 'wide', type: NUMERIC },
]);
const rows: RowValue[][] = Array.from({ length: 20_000 }, (_, id) => [id, `a name that is long ${id}`, `${id}.5`]);
fixture.fill(table, rows);

const query = (root: PhysicalNode, column: number): PhysicalQuery => ({ kind: 'query', root, output: [out('c', column, INT8)] });
const counting = (input: PhysicalNode, distinct: number | null, keys: number[] = []): PhysicalNode => ({
  node: 'HashAggregate',
  input,
  keys: keys.map((key) => ({ column: 60 + key, expression: col(key, table.catalog.columns[key - 1].type) })),
  aggregates: [
    {
      column: 50,
      primitive: distinct === null ? 'count.star' : 'count',
      arguments: distinct === null ? [] : [col(distinct, table.catalog.columns[distinct - 1].type)],
      distinct: distinct !== null,
      order: [],
      filter: null,
      type: notNull(INT8),
    },
  ],
  estimate: ESTIMATE,
});

test('what cannot wait in files ends with an error where it grows too large, and the next statement has its memory', () => {
  const distinct = (columns: number[]): PhysicalNode => ({
    node: 'HashDistinct',
    input: scan(table),
    columns,
    estimate: ESTIMATE,
  });
  const numbers: PhysicalNode = {
    node: 'Recurse',
    work: 0,
    base: { node: 'ValuesScan', columns: [{ column: 70, type: INT4 }], rows: [[con(1, INT4)]], estimate: ESTIMATE },
    step: {
      node: 'Compute',
      input: {
        node: 'WorkScan',
        work: 0,
        alias: 'w',
        columns: [{ column: 71, source: 73, type: INT4 }],
        filter: null,
        estimate: ESTIMATE,
      },
      columns: [{ column: 72, expression: call('int4.add', INT4, col(71, INT4), con(1, INT4)) }],
      estimate: ESTIMATE,
    },
    all: false,
    columns: [{ column: 73, base: 70, step: 72, type: INT4 }],
    estimate: ESTIMATE,
  };
  const spooled: PhysicalQuery = {
    ...query(
      {
        node: 'SpoolScan',
        spool: 0,
        alias: 's',
        columns: [{ column: 80, source: 1, type: INT4 }],
        filter: null,
        estimate: ESTIMATE,
      },
      80,
    ),
    spools: [
      {
        name: 's',
        root: scan(table),
        columns: [
          { column: 1, type: INT4 },
          { column: 2, type: TEXT },
        ],
      },
    ],
  };
  const beside = { ...scan(table), columns: scan(table).columns.map((use) => ({ ...use, column: use.column + 20 })) };
  const joined = {
    kind: 'mark',
    input: { ...scan(table), filter: call('int4.less', BOOL, col(1, INT4), con(40, INT4)) },
    build: beside,
    condition: call('text.equal', BOOL, col(2, TEXT), col(22, TEXT)),
    mark: 90,
    estimate: ESTIMATE,
  } as const;
  const key = { left: col(1, INT4), right: col(21, INT4), equal: 'int4.equal', nullsMatch: false };
  const cases: PhysicalQuery[] = [
    query(counting(distinct([2]), null), 50),
    query(counting(distinct([3]), null), 50),
    query(counting(numbers, null), 50),
  ];
  for (const one of cases) {
    throws(() => fixture.run(one), { code: '53200' });
    strictEqual(fixture.run(query(counting(scan(table), null), 50)).rows.length, 1);
  }
  // Different values of one group wait in a file.
  strictEqual((fixture.run(query(counting(scan(table), 2), 50)).rows as RowValue[][])[0][0], rows.length);
  // Rows of WITH do, and so do those of joins, whatever their way.
  strictEqual(fixture.run(spooled).rows.length, rows.length);
  strictEqual(fixture.run(query({ ...joined, node: 'LoopJoin' }, 1)).rows.length, 40);
  strictEqual(fixture.run(query({ ...joined, node: 'HashProbe', keys: [key], unique: false }, 1)).rows.length, 40);
  strictEqual(spillUsed(fixture.kernel.parts.space), 0);
});

test('groups of any number, and their sets of DISTINCT, stay below work_mem by waiting in files', () => {
  for (const keys of [[2], [3], [1, 2]]) {
    const groups = counting(scan(table), 2, keys);
    const ran = fixture.run(query(counting(groups, null), 50)).rows as RowValue[][];
    strictEqual(ran[0][0], rows.length);
  }
  strictEqual(spillUsed(fixture.kernel.parts.space), 0);
});
