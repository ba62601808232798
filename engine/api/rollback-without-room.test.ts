/**
 * A rollback that has to read a page where all frames are dirty and the disk is full (SM-W7, TX-T15): the transaction is left to
 * others, who take it back when there is room.
 */

import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { diskFull } from '../../shm/errors.ts';
import { writePages } from '../storage/cache/page-writer.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../storage/world.ts';
import { ROW_DONE, ROW_PAGE, ROW_SLOT, type Transaction } from '../txn/transactions.ts';
import { type Kernel, openKernel, STATEMENT_SIMPLE } from './kernel.ts';
import { rowCount } from './kernel-fixture.ts';
import type { Table } from './table.ts';

const ALL = 1 << 20;

interface Place {
  readonly page: number;
  readonly slot: number;
}

/** Puts rows in; where they lie. */
function insert(kernel: Kernel, table: Table, tx: Transaction, from: number, count: number): Place[] {
  const row = table.newRow();
  const places: Place[] = [];
  for (let id = from; id < from + count; id++) {
    const status = kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      table.encode(row, [id, 'x'.repeat(1500)], tx);
      return table.insert(tx, row);
    });
    strictEqual(status, ROW_DONE);
    places.push({ page: tx.ints[ROW_PAGE], slot: tx.ints[ROW_SLOT] });
  }
  return places;
}

function update(kernel: Kernel, table: Table, tx: Transaction, places: readonly Place[]): void {
  const row = table.newRow();
  for (const [id, { page, slot }] of places.entries()) {
    const status = kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      table.encode(row, [id, 'y'.repeat(1500)], tx);
      return table.update(tx, page, slot, row);
    });
    strictEqual(status, ROW_DONE);
  }
}

test('what cannot be rolled back for want of room is rolled back when there is some', () => {
  const kernel = openKernel('/shop', {
    ...{ cacheSize: '1MB', logRing: '1MB', logSegment: '4MB', heapSize: '4MB', versionSize: '4MB' },
    ...{ threads: 2, transactionSlots: 16, sessions: 16, pool: 0 },
    world: { vfs: new SimulatedVfs({ seed: 5 }), clock: new ManualClock(1_700_000_000_000_000, 1), random: new SeededRandom(7) },
  });
  const columns = [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'note', kind: 'text', nullable: true },
  ] as const;
  const make = (name: string): Table =>
    kernel.createTable({ name, columns, indexes: [{ name: `${name}_id`, columns: ['id'], unique: true }] });
  const [held, many] = [make('held'), make('many')];
  const before = kernel.begin();
  insert(kernel, held, before, 0, 1);
  const places = insert(kernel, many, before, 0, 1000);
  kernel.commit(before);

  const lost = kernel.begin();
  insert(kernel, held, lost, 1, 3);
  const { cache } = kernel.parts;
  kernel.enter(() => void writePages(cache, ALL));
  const { data } = cache.files;
  const write = data.write;
  data.write = () => {
    throw diskFull('/shop/data');
  };
  const filling = kernel.begin();
  throws(() => update(kernel, many, filling, places), { code: '53100' });
  kernel.rollback(lost);
  ok(!lost.open, 'its session has something else to do');
  const waiting = kernel.begin();
  throws(() => insert(kernel, held, waiting, 1, 1), { code: '53100' });
  kernel.rollback(waiting);

  data.write = write;
  kernel.rollback(filling);
  const next = kernel.begin();
  insert(kernel, held, next, 2, 1);
  kernel.commit(next);
  kernel.tidy();
  strictEqual(rowCount(kernel, held), 2);
  strictEqual(rowCount(kernel, many), 1000);
  deepStrictEqual(kernel.check().problems, []);
  kernel.close();
});
