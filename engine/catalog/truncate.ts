/**
 * TRUNCATE: the table gets a new, empty kernel table; the old one is dropped with the transaction, and its pages go when no
 * snapshot needs them. RESTART IDENTITY does the same with the sequences that its columns own.
 */

import type { Transaction } from '../txn/transactions.ts';
import type { Catalog } from './catalog.ts';
import { newKernelTable } from './alter-table.ts';
import { kernelName } from './create.ts';
import type { CatalogSession } from './definitions.ts';
import { denied, noRelation } from './errors.ts';
import { LOCK_ALL } from './kernel-port.ts';
import type { TableRow } from './stored.ts';

export function truncateTables(
  catalog: Catalog,
  tx: Transaction,
  session: CatalogSession,
  tables: readonly number[],
  restartIdentity: boolean,
): void {
  for (const id of new Set(tables)) {
    const row = catalog.entry(tx, id)?.row;
    if (row === undefined || row.kind !== 'table') throw noRelation(`#${id}`);
    if (!catalog.reader(tx, session).allows(id, 'truncate')) throw denied('table', row.name);
    truncateOne(catalog, tx, lock(catalog, tx, row), restartIdentity);
  }
}

/** As lockTable(), for a right that is not ownership. */
function lock(catalog: Catalog, tx: Transaction, before: TableRow): TableRow {
  for (let row = before; ; ) {
    catalog.port.lock(tx, row.body.kernelTable, LOCK_ALL);
    const after = catalog.entry(tx, row.id)?.row;
    if (after === undefined || after.kind !== 'table') throw noRelation(before.name);
    if (after.body.kernelTable === row.body.kernelTable) return after;
    row = after;
  }
}

function truncateOne(catalog: Catalog, tx: Transaction, table: TableRow, restartIdentity: boolean): void {
  newKernelTable(catalog, tx, table, {});
  catalog.port.dropTable(tx, table.body.kernelTable);
  if (!restartIdentity) return;
  for (const sequence of catalog.ownedSequences(tx, table)) restart(catalog, tx, sequence);
}

function restart(catalog: Catalog, tx: Transaction, id: number): void {
  const row = catalog.entry(tx, id)?.row;
  if (row === undefined || row.kind !== 'sequence') return;
  const { body } = row;
  const version = catalog.nextId();
  const options = {
    start: BigInt(body.start),
    increment: BigInt(body.increment),
    minimum: BigInt(body.minimum),
    maximum: BigInt(body.maximum),
    cycle: body.cycle,
  };
  const made = catalog.port.createSequence(tx, kernelName(id, row.name, version), options, body.persistence === 'temporary');
  catalog.replace(tx, { ...row, version, body: { ...body, page: made.page, kernel: made.kernel } });
  catalog.port.dropSequence(tx, body.kernel);
}
