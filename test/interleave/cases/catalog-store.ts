/** What the catalog's interleaving cases share: a table of the catalog in the kernel's database, and using it as statements do. */

import { CatalogPort } from '../../../engine/api/catalog-port.ts';
import { type Kernel, STATEMENT_SIMPLE } from '../../../engine/api/kernel.ts';
import { Catalog, SUPERUSER } from '../../../engine/catalog/catalog.ts';
import type { CatalogSession, ColumnDefinition, IndexDefinition } from '../../../engine/catalog/definitions.ts';
import type { CatalogTable } from '../../../engine/catalog/objects.ts';
import { sqlType } from '../../../engine/sblr/types.ts';
import { TABLE_WRITE, useTable } from '../../../engine/txn/table-locks.ts';
import { COMMIT_STAMP, ROW_RERUN, ROW_WAIT, type RowStatus, type Transaction } from '../../../engine/txn/transactions.ts';

export interface OwnCatalog {
  readonly kernel: Kernel;
  readonly catalog: Catalog;
  readonly session: CatalogSession;
}

const known = new WeakMap<Kernel, OwnCatalog>();

/** The catalog of this thread. */
export function catalogOf(kernel: Kernel): OwnCatalog {
  let found = known.get(kernel);
  if (found === undefined) {
    const catalog = new Catalog(new CatalogPort(kernel));
    catalog.open(
      () => kernel.begin(),
      (tx) => kernel.commit(tx),
    );
    found = { kernel, catalog, session: catalog.openSession(SUPERUSER, ['public']) };
    known.set(kernel, found);
  }
  return found;
}

const column = (name: string): ColumnDefinition => ({
  name,
  type: sqlType('int4', false),
  notNull: true,
  default: null,
  identity: 'none',
  sequence: null,
});

export const indexOn = (name: string, unique: boolean): IndexDefinition => ({
  name: null,
  unique,
  nullsDistinct: true,
  primary: false,
  method: 'btree',
  keys: [{ key: { column: name }, descending: false, nullsFirst: false }],
  constraint: false,
});

/** Makes a table of columns id and v, with a unique index on id. */
export function makeTable(own: OwnCatalog, name: string): CatalogTable {
  return transact(own, (tx) =>
    own.catalog.createTable(tx, own.session, {
      name: { schema: null, name },
      persistence: 'permanent',
      columns: [column('id'), column('v')],
      indexes: [indexOn('id', true)],
      checks: [],
      onCommit: 'preserve',
    }),
  ).result;
}

export function transact<Result>({ kernel }: OwnCatalog, body: (tx: Transaction) => Result): { result: Result; stamp: number } {
  const tx = kernel.begin();
  try {
    const result = body(tx);
    const { times } = tx;
    kernel.commit(tx);
    return { result, stamp: times[COMMIT_STAMP] };
  } catch (error) {
    if (tx.open) kernel.rollback(tx);
    throw error;
  }
}

export const tableNamed = ({ catalog, session }: OwnCatalog, name: string, tx: Transaction | null): CatalogTable =>
  catalog.reader(tx, session).findRelation(null, name) as CatalogTable;

/** Inserts a row into whatever the name stands for when the table's lock is got (TX-T14): use it, then look at the version. */
export function insertInto(own: OwnCatalog, tx: Transaction, name: string, id: number): RowStatus {
  const { kernel, catalog } = own;
  return kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    const version = catalog.currentVersion(tx);
    const { kernelTable } = tableNamed(own, name, tx);
    if (useTable(kernel.parts.locks, tx, kernelTable, TABLE_WRITE)) return ROW_WAIT;
    if (catalog.currentVersion(tx) !== version) return ROW_RERUN;
    const table = kernel.tableById(kernelTable);
    const row = table.newRow();
    table.encode(row, [id, id % 3], tx);
    return table.insert(tx, row);
  });
}

/** Ids of the rows, in order. */
export function idsIn(own: OwnCatalog, name: string): number[] {
  const { kernel } = own;
  const found: number[] = [];
  transact(own, (tx) =>
    kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
      kernel.tableById(tableNamed(own, name, tx).kernelTable).scan(tx, ([id]) => void found.push(id as number));
      return 1;
    }),
  );
  return found.sort((a, b) => a - b);
}
