/** A database on a simulated disk with its catalog, and definitions to try it with; for tests. */

import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import { Catalog, SUPERUSER } from '../catalog/catalog.ts';
import type { CatalogSession, ColumnDefinition, IndexDefinition, TableDefinition } from '../catalog/definitions.ts';
import type { CatalogTable } from '../catalog/objects.ts';
import { sqlType, type TypeName } from '../sblr/types.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../storage/world.ts';
import { ROW_DONE, type Transaction } from '../txn/transactions.ts';
import { CatalogPort } from './catalog-port.ts';
import { type Kernel, openKernel, STATEMENT_SIMPLE } from './kernel.ts';

export const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`catalog tests: SCRATCHBIRD_SEED=${SEED}`);

export const newDisk = (): SimulatedVfs => {
  const vfs = new SimulatedVfs({ seed: SEED });
  vfs.makeDirectory('/data');
  vfs.syncDirectory('/');
  return vfs;
};

export const openOn = (vfs: SimulatedVfs): Kernel =>
  openKernel('/data/shop', {
    cacheSize: '4MB',
    logRing: '256KB',
    logSegment: '1MB',
    heapSize: '4MB',
    versionSize: '4MB',
    threads: 8,
    transactionSlots: 64,
    sessions: 32,
    pool: 0,
    world: { vfs, clock: new ManualClock(1_700_000_000_000_000, 1), random: new SeededRandom(SEED) },
  });

export interface Store {
  readonly kernel: Kernel;
  readonly catalog: Catalog;
  readonly session: CatalogSession;
}

export function openStore(vfs: SimulatedVfs): Store {
  const kernel = openOn(vfs);
  const catalog = new Catalog(new CatalogPort(kernel));
  catalog.open(
    () => kernel.begin(),
    (tx) => kernel.commit(tx),
  );
  return { kernel, catalog, session: catalog.openSession(SUPERUSER, ['$user', 'public']) };
}

export const column = (name: string, type: TypeName, options: Partial<ColumnDefinition> = {}): ColumnDefinition => ({
  name,
  type: sqlType(type),
  notNull: false,
  default: null,
  identity: 'none',
  sequence: null,
  ...options,
});

export const index = (columns: readonly string[], options: Partial<IndexDefinition> = {}): IndexDefinition => ({
  name: null,
  unique: false,
  nullsDistinct: true,
  primary: false,
  method: 'btree',
  constraint: false,
  keys: columns.map((name) => ({ key: { column: name }, descending: false, nullsFirst: false })),
  ...options,
});

export const SEQUENCE = {
  type: 'int4',
  start: 1n,
  increment: 1n,
  minimum: 1n,
  maximum: 2147483647n,
  cache: 1,
  cycle: false,
} as const;

export const item = (options: Partial<TableDefinition> = {}): TableDefinition => ({
  name: { schema: null, name: 'item' },
  persistence: 'permanent',
  columns: [column('id', 'int4', { notNull: true, sequence: SEQUENCE }), column('name', 'text'), column('price', 'float8')],
  indexes: [
    index(['id'], { unique: true, primary: true, constraint: true }),
    index(['name'], { unique: true, constraint: true }),
  ],
  checks: [],
  onCommit: 'preserve',
  ...options,
});

export function own<Result>({ kernel }: Store, body: (tx: Transaction) => Result): Result {
  const tx = kernel.begin();
  try {
    const result = body(tx);
    kernel.commit(tx);
    return result;
  } catch (error) {
    if (tx.open) kernel.rollback(tx);
    throw error;
  }
}

export const find = ({ catalog, session }: Store, name: string, tx: Transaction | null = null): CatalogTable | null =>
  catalog.reader(tx, session).findRelation(null, name) as CatalogTable | null;

export function insertRows({ kernel }: Store, tx: Transaction, table: CatalogTable, from: number, to: number): void {
  const stored = kernel.tableById(table.kernelTable);
  const row = stored.newRow();
  for (let id = from; id < to; id++) {
    const status = kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      const values = [id, `name ${id}`, id % 7, ...new Array(stored.runtime.layout.columns.length - 3).fill(null)];
      stored.encode(row, values, tx);
      return stored.insert(tx, row);
    });
    strictEqual(status, ROW_DONE);
  }
}

export function countRows({ kernel }: Store, table: CatalogTable): number {
  let rows = 0;
  const tx = kernel.begin();
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    kernel.tableById(table.kernelTable).scan(tx, () => void rows++);
    return ROW_DONE;
  });
  kernel.rollback(tx);
  return rows;
}

export function expectSound({ kernel }: Store): void {
  kernel.tidy();
  const report = kernel.check();
  deepStrictEqual(report.problems, []);
  deepStrictEqual(report.unowned, []);
}
