/**
 * Giving back what was dropped, cut short by a disk that fails, and maybe by a crash after that: pages that went back belong to others
 * afterwards, and whoever goes on with it must not take them away from those (SM-F2).
 */

import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { freeRetiredPages } from '../storage/space/retired.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../storage/world.ts';
import { collect } from '../txn/collector.ts';
import { ROW_DONE } from '../txn/transactions.ts';
import { type Kernel, openKernel, STATEMENT_SIMPLE } from './kernel.ts';
import { rowCount } from './kernel-fixture.ts';
import type { Table } from './table.ts';
import type { TableDefinition } from './table-definition.ts';

const openOn = (vfs: SimulatedVfs): Kernel =>
  openKernel('/shop', {
    ...{ cacheSize: '2MB', logRing: '256KB', logSegment: '1MB', heapSize: '4MB', versionSize: '4MB' },
    ...{ threads: 2, transactionSlots: 16, sessions: 16, pool: 0 },
    world: { vfs, clock: new ManualClock(1_700_000_000_000_000, 1), random: new SeededRandom(7) },
  });

const definition = (name: string): TableDefinition => ({
  name,
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'number', kind: 'int32', nullable: false },
    { name: 'note', kind: 'text', nullable: true },
  ],
  indexes: [
    { name: `${name}_id`, columns: ['id'], unique: true },
    { name: `${name}_number`, columns: ['number'], unique: true },
    { name: `${name}_note`, columns: ['note'] },
  ],
});

const ROWS = 300;

function fill(kernel: Kernel, table: Table): void {
  const tx = kernel.begin();
  const row = table.newRow();
  for (let id = 0; id < ROWS; id++) {
    const status = kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
      table.encode(row, [id, -id, `note ${id} `.repeat(8)], tx);
      return table.insert(tx, row);
    });
    strictEqual(status, ROW_DONE);
  }
  kernel.commit(tx);
}

/** A table has been dropped that nobody sees any more, and whose pages are to be read again. */
function withDropped(): { vfs: SimulatedVfs; kernel: Kernel } {
  const vfs = new SimulatedVfs({ seed: 5 });
  const first = openOn(vfs);
  fill(first, first.createTable(definition('gone')));
  first.close();
  const kernel = openOn(vfs);
  const tx = kernel.begin();
  kernel.dropTableIn(tx, 'gone');
  kernel.commit(tx);
  kernel.enter(() => collect(kernel.parts.txns, 1024));
  return { vfs, kernel };
}

/** Tables that take the pages that are free; then comes whatever is left of the giving back. */
function useAgain(kernel: Kernel, fault: string): void {
  kernel.enter(() => freeRetiredPages(kernel.parts.space, 1000));
  for (const name of ['a', 'b', 'c', 'd']) fill(kernel, kernel.createTable(definition(name)));
  for (let time = 0; time < 2; time++) {
    kernel.enter(() => kernel.tables.freeDroppedTables());
    kernel.tidy();
  }
  deepStrictEqual(kernel.check().problems, [], fault);
  for (const name of ['a', 'b', 'c', 'd']) strictEqual(rowCount(kernel, kernel.table(name)), ROWS, fault);
}

for (const ends of ['goes on', 'crashes']) {
  test(`a disk that fails to read in the midst of it; the database ${ends}`, () => {
    let met = 0;
    for (let at = 1; at < 30; at += 1 + (at >> 1)) {
      const { vfs, kernel } = withDropped();
      vfs.plan({ failRead: at, only: '/data' });
      try {
        kernel.enter(() => kernel.tables.freeDroppedTables());
      } catch (error) {
        strictEqual((error as { code?: string }).code, '58030');
        met++;
      }
      vfs.plan({ failRead: 0, only: '' });
      deepStrictEqual(kernel.check().problems, [], `read ${at}`);
      kernel.checkpoint();
      const now = ends === 'crashes' ? openOn(vfs.crash()) : kernel;
      useAgain(now, `read ${at}`);
      now.close();
    }
    ok(met > 3, 'the disk failed in the midst of it');
  });
}
