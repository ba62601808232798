/**
 * For tests of the compiler: a kernel in a temporary directory, tables as the catalog would describe them, plans written by hand, and
 * a runner that does with programs what engine/exec does.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKernel, type Kernel } from '../../engine/api/kernel.ts';
import { writeValue } from '../../engine/api/undo-other.ts';
import type { IndexDefinition } from '../../engine/api/table-definition.ts';
import type { Table } from '../../engine/api/table.ts';
import type { CatalogTable } from '../../engine/catalog/objects.ts';
import type { PhysicalStatement } from '../../engine/plan/physical.ts';
import {
  type CompileEnvironment,
  type KernelAccess,
  type Parameters,
  type Program,
  type RowFormat,
  type Run,
  RUN_DONE,
  RUN_FULL,
  RUN_PAUSED,
  type StatementContext,
} from '../../engine/plan/program.ts';
import type { BoundExpression } from '../../engine/sblr/bound.ts';
import { type SqlType, sqlType } from '../../engine/sblr/types.ts';
import type { Column, ColumnKind } from '../../engine/storage/rows/row-layout.ts';
import type { RowValue } from '../../engine/storage/rows/row-value.ts';
import { readReferenced } from '../../engine/storage/overflow/overflow.ts';
import { beginStatement, endStatement, STATEMENT_SIMPLE, STATEMENT_WRITING } from '../../engine/txn/begin.ts';
import { undoStatement } from '../../engine/txn/rollback.ts';
import { ROW_DONE, type Transaction } from '../../engine/txn/transactions.ts';
import { createCompiler } from './jit.ts';
import { isFloatType, isLongType, isWordType } from './value.ts';

export interface ColumnSpec {
  readonly name: string;
  readonly type: SqlType;
}

function kindOf(type: SqlType): ColumnKind {
  switch (type.name) {
    case 'int2':
      return 'int16';
    case 'int4':
      return 'int32';
    case 'int8':
    case 'oid':
      return 'int64';
    case 'float4':
      return 'float32';
    case 'float8':
      return 'float64';
    case 'numeric':
      return type.scale >= 0 && type.length > 0 && type.length <= 15 ? 'numeric' : 'wideNumeric';
    case 'varchar':
    case 'char':
    case 'name':
      return 'text';
    case 'bytea':
      return 'bytes';
    case 'jsonb':
      return 'json';
    default:
      return type.name as ColumnKind;
  }
}

const columnOf = ({ name, type }: ColumnSpec): Column => ({
  name,
  kind: kindOf(type),
  nullable: type.nullable,
  ...(kindOf(type) === 'numeric' ? { precision: type.length, scale: type.scale } : {}),
});

export interface TestTable {
  readonly catalog: CatalogTable;
  readonly kernel: Table;
}

function accessOf({ parts }: Kernel, workMemory: number): KernelAccess {
  return {
    parts: parts.txns,
    locks: parts.locks,
    overflowWriter: (tx, runtime) => (bytes) => writeValue(tx, parts.overflow, runtime, bytes),
    overflowFetch: () => (i32, reference) => readReferenced(parts.overflow, i32, reference),
    workMemory,
  };
}

export class JitFixture {
  readonly kernel: Kernel;
  readonly #directory: string;
  readonly tables = new Map<number, TestTable>();
  readonly environment: CompileEnvironment;
  virtual: { [name: string]: readonly (readonly RowValue[])[] } = {};

  constructor(workMemory = 1 << 24) {
    this.#directory = mkdtempSync(join(tmpdir(), 'scratchbird-jit-'));
    this.kernel = openKernel(join(this.#directory, 'data'), { logSegment: 1 << 20, pool: 0, durability: 'off' });
    this.environment = {
      table: (id) => (this.tables.get(id) as TestTable).catalog,
      runtime: (table) => (this.tables.get(table.id) as TestTable).kernel.runtime,
      virtualRows: (name) => this.virtual[name],
      kernel: accessOf(this.kernel, workMemory),
    };
  }

  close(): void {
    this.kernel.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Makes a table; attribute n is column n of the list, from 1. */
  table(id: number, name: string, columns: readonly ColumnSpec[], indexes: readonly IndexDefinition[] = []): TestTable {
    const kernel = this.kernel.createTable({ name, columns: columns.map(columnOf), indexes });
    const catalog: CatalogTable = {
      kind: 'table',
      id,
      version: 1,
      schema: 'public',
      name,
      owner: 1,
      persistence: 'permanent',
      kernelTable: kernel.runtime.id,
      columns: columns.map((column, index) => ({
        number: index + 1,
        name: column.name,
        type: column.type,
        notNull: !column.type.nullable,
        default: null,
        identity: 'none',
        sequence: 0,
        hidden: null,
        kernelColumn: index,
      })),
      indexes: indexes.map((index, position) => ({
        id: 1000 + position,
        name: index.name,
        unique: index.unique === true,
        nullsDistinct: true,
        primary: false,
        method: index.method ?? 'btree',
        keys: index.columns.map((entry) => {
          const wanted = typeof entry === 'string' ? { column: entry } : entry;
          const descending = 'descending' in wanted && wanted.descending === true;
          return {
            attribute: columns.findIndex(({ name: one }) => one === wanted.column) + 1,
            descending,
            nullsFirst: 'nullsFirst' in wanted ? wanted.nullsFirst === true : descending,
          };
        }),
        kernelIndex: position,
        constraint: null,
      })),
      checks: [],
      statistics: null,
    } as CatalogTable;
    const made = { catalog, kernel };
    this.tables.set(id, made);
    return made;
  }

  /** Inserts rows without the compiler. */
  fill(table: TestTable, rows: readonly (readonly RowValue[])[]): void {
    const tx = this.kernel.begin();
    const image = table.kernel.newRow();
    this.kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      for (const row of rows) {
        table.kernel.encode(image, row, tx);
        table.kernel.insert(tx, image);
      }
      return ROW_DONE;
    });
    this.kernel.commit(tx);
  }

  compile(plan: PhysicalStatement, parameters: readonly SqlType[] = [], format: RowFormat = 'array'): Program {
    return createCompiler().compile(plan, parameters, format, this.environment);
  }

  /** Compiles and runs in a transaction of its own; rows and changes. `looks`: what it finds between morsels. */
  run(
    plan: PhysicalStatement,
    types: readonly SqlType[] = [],
    values: readonly RowValue[] = [],
    rowsMax = Infinity,
    looks: Looks = {},
  ): Ran {
    const tx = this.kernel.begin();
    try {
      const ran = this.runIn(tx, this.compile(plan, types), parametersOf(types, values), rowsMax, looks);
      this.kernel.commit(tx);
      return ran;
    } catch (error) {
      if (tx.open) this.kernel.rollback(tx);
      throw error;
    }
  }

  /** Runs a program in a transaction: an undone statement that met a conflict is reported, not repeated. */
  runIn(tx: Transaction, program: Program, parameters: Parameters, rowsMax = Infinity, looks: Looks = {}): Ran {
    return this.kernel.enter(() => {
      beginStatement(tx, program.simple || !program.writes ? STATEMENT_SIMPLE : STATEMENT_WRITING, program.writes);
      const run = { ...newRun(tx, parameters, rowsMax), ...looks };
      const execution = program.start(run);
      try {
        const all: unknown[] = [];
        let steps = 0;
        for (;;) {
          const status = execution.step();
          steps++;
          for (const row of run.rows) all.push(row);
          run.rows.length = 0;
          if (status === RUN_FULL || status === RUN_PAUSED) continue;
          execution.close();
          if (status !== RUN_DONE) {
            undoStatement(tx, true);
            endStatement(tx);
            return { rows: all, changes: 0, status, steps };
          }
          endStatement(tx);
          return { rows: all, changes: run.changes, status, steps };
        }
      } catch (error) {
        execution.close();
        undoStatement(tx, false);
        endStatement(tx);
        throw error;
      }
    });
  }
}

/** What a run finds between morsels: a cancel word, a time that is over. */
export type Looks = Partial<Pick<Run, 'canceled' | 'pause'>>;

export interface Ran {
  readonly rows: unknown[];
  readonly changes: number;
  readonly status: number;
  readonly steps: number;
}

export function newRun(tx: Transaction, parameters: Parameters, rowsMax = Infinity): Run & { rows: unknown[] } {
  return { tx, parameters, context: CONTEXT, rows: [], rowsMax, changes: 0, canceled: () => false, pause: null };
}

/** Parameters as engine/exec hands them over. */
export function parametersOf(types: readonly SqlType[], values: readonly RowValue[]): Parameters {
  const nulls = new Uint8Array(types.length);
  const numbers = new Float64Array(types.length);
  const given: (RowValue | undefined)[] = new Array(types.length).fill(undefined);
  types.forEach((type, index) => {
    const value = values[index];
    if (value === null) {
      nulls[index] = 1;
      given[index] = null;
    } else if (typeof value !== 'bigint' && (isWordType(type) || isLongType(type) || isFloatType(type))) {
      numbers[index] = Number(value);
    } else given[index] = value;
  });
  return { nulls, numbers, values: given };
}

const refuse = (): never => {
  throw new Error('no sequences here');
};

export const CONTEXT: StatementContext = {
  statementTime: 0,
  transactionTime: 0,
  timeZone: 'UTC',
  user: 'u',
  sessionUser: 'u',
  database: 'd',
  schema: 'public',
  searchPath: ['public'],
  setting: () => null,
  setSetting: refuse,
  random: () => 0.5,
  clock: () => 0,
  nextValue: refuse,
  currentValue: refuse,
  setValue: refuse,
  lastValue: refuse,
  sequenceByName: refuse,
} as unknown as StatementContext;

// ---- plans by hand ----

export const INT2 = sqlType('int2');
export const INT4 = sqlType('int4');
export const INT8 = sqlType('int8');
export const FLOAT8 = sqlType('float8');
export const BOOL = sqlType('bool');
export const TEXT = sqlType('text');
export const NUMERIC = sqlType('numeric');
export const DATE = sqlType('date');
export const TIMESTAMP = sqlType('timestamp');
export const notNull = (type: SqlType): SqlType => ({ ...type, nullable: false });

export const col = (column: number, type: SqlType): BoundExpression => ({ op: 'column', column, type });
export const par = (index: number, type: SqlType): BoundExpression => ({ op: 'parameter', index, type });
export const con = (value: RowValue, type: SqlType): BoundExpression => ({ op: 'constant', value, type });
export const call = (primitive: string, type: SqlType, ...given: BoundExpression[]): BoundExpression => ({
  op: 'call',
  primitive,
  arguments: given,
  type,
  at: 7,
});
export const and = (...operands: BoundExpression[]): BoundExpression => ({ op: 'and', operands, type: BOOL });
export const or = (...operands: BoundExpression[]): BoundExpression => ({ op: 'or', operands, type: BOOL });
export const not = (operand: BoundExpression): BoundExpression => ({ op: 'not', operand, type: BOOL });
export const ESTIMATE = { rows: 1, cost: 1 };
export const out = (name: string, column: number, type: SqlType) => ({ name, column, type, table: 0, attribute: 0 });

/** A scan of a table whose column n has column id n (from 1). */
export const scan = ({ catalog }: TestTable, filter: BoundExpression | null = null, rowId = -1) => ({
  node: 'PageScan' as const,
  table: catalog.id,
  alias: catalog.name,
  columns: catalog.columns.map(({ number, type }) => ({ column: number, attribute: number, type })),
  rowId,
  filter,
  estimate: ESTIMATE,
});
