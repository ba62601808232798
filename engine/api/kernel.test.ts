import { deepStrictEqual, ok, strictEqual, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { flushAll } from '../storage/log/flush.ts';
import { readMeta } from '../storage/meta.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { ManualClock, SeededRandom } from '../storage/world.ts';
import { ROW_DONE, ROW_DUPLICATE, ROW_PAGE, ROW_SLOT, type Transaction } from '../txn/transactions.ts';
import { type Kernel, openKernel, STATEMENT_SIMPLE } from './kernel.ts';
import type { Table } from './table.ts';
import type { TableDefinition } from './table-definition.ts';

const SEED = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
console.log(`kernel tests: SCRATCHBIRD_SEED=${SEED}`);

const newDisk = (): SimulatedVfs => {
  const vfs = new SimulatedVfs({ seed: SEED });
  vfs.makeDirectory('/data');
  vfs.syncDirectory('/');
  return vfs;
};

const openOn = (vfs: SimulatedVfs): Kernel =>
  openKernel('/data/shop', {
    cacheSize: '2MB',
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

const ITEM: TableDefinition = {
  name: 'item',
  columns: [
    { name: 'id', kind: 'int32', nullable: false },
    { name: 'name', kind: 'text', nullable: true },
    { name: 'price', kind: 'float64', nullable: false },
  ],
  indexes: [
    { name: 'item_id', columns: ['id'], unique: true },
    { name: 'item_name', columns: ['name', { column: 'price', descending: true }] },
  ],
};

function insert(kernel: Kernel, tx: Transaction, table: Table, values: Parameters<Table['encode']>[1]): number {
  const row = table.newRow();
  return kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    table.encode(row, values, tx);
    return table.insert(tx, row);
  });
}

function fill(kernel: Kernel, table: Table, from: number, to: number): void {
  const tx = kernel.begin();
  for (let id = from; id < to; id++) strictEqual(insert(kernel, tx, table, [id, `item ${id % 10}`, id / 2]), ROW_DONE);
  kernel.commit(tx);
}

/** Runs `body` in a statement that reads. */
function read<Result>(kernel: Kernel, body: (tx: Transaction) => Result): Result {
  const tx = kernel.begin();
  let result: Result | undefined;
  kernel.statement(tx, STATEMENT_SIMPLE, false, () => {
    result = body(tx);
    return ROW_DONE;
  });
  kernel.rollback(tx);
  return result as Result;
}

const rowsOf = (kernel: Kernel, table: Table): unknown[][] =>
  read(kernel, (tx) => {
    const rows: unknown[][] = [];
    table.scan(tx, (values) => rows.push(values));
    return rows.sort((a, b) => Number(a[0]) - Number(b[0]));
  });

function expectSound(kernel: Kernel): void {
  kernel.tidy();
  deepStrictEqual(kernel.check().problems, []);
}

test('rows are found by key, by range in both directions and by scan, before and after closing', () => {
  const vfs = newDisk();
  let kernel = openOn(vfs);
  fill(kernel, kernel.createTable(ITEM), 0, 100);
  for (let round = 0; round < 2; round++) {
    const table = kernel.table('item');
    const row = table.newRow();
    strictEqual(rowsOf(kernel, table).length, 100);
    strictEqual(
      read(kernel, (tx) => table.find(tx, 'item_id', [42], row)),
      true,
    );
    deepStrictEqual(table.decode(row), [42, 'item 2', 21]);
    strictEqual(
      read(kernel, (tx) => table.find(tx, 'item_id', [100], row)),
      false,
    );
    const forward: unknown[] = [];
    const backward: unknown[] = [];
    read(kernel, (tx) => table.range(tx, 'item_name', ['item 3'], ['item 4'], (values) => forward.push(values[0])));
    read(kernel, (tx) => table.range(tx, 'item_name', ['item 3'], ['item 4'], (values) => backward.push(values[0]), true));
    deepStrictEqual(forward, [93, 83, 73, 63, 53, 43, 33, 23, 13, 3, 94, 84, 74, 64, 54, 44, 34, 24, 14, 4]);
    deepStrictEqual(backward, forward.toReversed());
    expectSound(kernel);
    kernel.close();
    kernel = openOn(vfs);
  }
  kernel.close();
});

test('a second opening of the directory names the owner', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  throws(() => openOn(vfs), { code: '55006' });
  kernel.close();
  openOn(vfs).close();
});

test('what was committed survives a crash, what was not is gone, with long values in chains', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  const table = kernel.createTable(ITEM);
  fill(kernel, table, 0, 50);
  const long = 'é'.repeat(20_000);
  const tx = kernel.begin();
  strictEqual(insert(kernel, tx, kernel.table('item'), [50, null, 1]), ROW_DONE);
  kernel.commit(tx);
  const wide = kernel.createTable({ name: 'note', columns: [{ name: 'text', kind: 'text', nullable: false }] });
  const writing = kernel.begin();
  insert(kernel, writing, wide, [long]);
  kernel.commit(writing);
  const lost = kernel.begin();
  insert(kernel, lost, kernel.table('item'), [51, null, 1]);
  insert(kernel, lost, wide, [`${long}lost`]);
  kernel.parts.files.data.sync();
  const again = openOn(vfs.crash());
  strictEqual(rowsOf(again, again.table('item')).length, 51);
  deepStrictEqual(rowsOf(again, again.table('note')), [[long]]);
  expectSound(again);
  again.close();
});

test('crash after crash: what recovery leaves to a later checkpoint is recovered again, and no boot has the number of another', () => {
  let vfs = newDisk();
  let kernel = openOn(vfs);
  fill(kernel, kernel.createTable(ITEM), 0, 1500);
  const checkpoints: number[] = [];
  for (let round = 1; round <= 4; round++) {
    vfs = vfs.crash();
    kernel = openOn(vfs);
    const { boot, checkpointLsn, cleanShutdown } = readMeta(kernel.parts.files);
    deepStrictEqual([boot, cleanShutdown], [kernel.parts.cache.boot, false]);
    checkpoints.push(checkpointLsn);
    strictEqual(kernel.recovered?.losers, round === 1 ? 0 : 1);
    strictEqual(rowsOf(kernel, kernel.table('item')).length, 1500 + (round - 1) * 10);
    expectSound(kernel);
    fill(kernel, kernel.table('item'), 1490 + round * 10, 1500 + round * 10);
    insert(kernel, kernel.begin(), kernel.table('item'), [9000 + round, 'lost', 1]);
    kernel.parts.files.data.sync();
    flushAll(kernel.parts.log);
  }
  strictEqual(checkpoints[1], checkpoints[0], 'so many pages are not written while somebody waits');
  kernel.checkpoint();
  ok(readMeta(kernel.parts.files).checkpointLsn > checkpoints[0]);
  kernel = openOn(vfs.crash());
  strictEqual(rowsOf(kernel, kernel.table('item')).length, 1540);
  kernel.close();
});

test('a duplicate key is refused and leaves the transaction as it was', () => {
  const kernel = openOn(newDisk());
  const table = kernel.createTable(ITEM);
  fill(kernel, table, 0, 10);
  const tx = kernel.begin();
  strictEqual(insert(kernel, tx, table, [10, 'ten', 1]), ROW_DONE);
  strictEqual(insert(kernel, tx, table, [5, 'five', 1]), ROW_DUPLICATE);
  kernel.commit(tx);
  strictEqual(rowsOf(kernel, table).length, 11);
  expectSound(kernel);
  kernel.close();
});

test('a table that is made and rolled back leaves nothing, and its name is free', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  const tx = kernel.begin();
  const table = kernel.createTableIn(tx, ITEM);
  insert(kernel, tx, table, [1, 'x', 1]);
  kernel.rollback(tx);
  throws(() => kernel.table('item'), { code: '42P01' });
  kernel.tidy();
  deepStrictEqual([kernel.check().problems, kernel.check().unowned], [[], []]);
  fill(kernel, kernel.createTable(ITEM), 0, 5);
  const unfinished = kernel.begin();
  kernel.createTableIn(unfinished, { ...ITEM, name: 'other' });
  kernel.checkpoint();
  const again = openOn(vfs.crash());
  throws(() => again.table('other'), { code: '42P01' });
  strictEqual(rowsOf(again, again.table('item')).length, 5);
  deepStrictEqual([again.check().problems, again.check().unowned], [[], []]);
  again.close();
});

test('a dropped table is gone at once, its pages when no snapshot needs them, also over a crash', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  fill(kernel, kernel.createTable(ITEM), 0, 500);
  kernel.dropTable('item');
  throws(() => kernel.table('item'), { code: '42P01' });
  const again = openOn(vfs.crash());
  throws(() => again.table('item'), { code: '42P01' });
  again.tidy();
  deepStrictEqual([again.check().problems, again.check().unowned], [[], []]);
  fill(again, again.createTable(ITEM), 0, 20);
  expectSound(again);
  again.close();
});

test('an index that is made later holds every row; a unique one refuses doubles; rollback takes it away', () => {
  const kernel = openOn(newDisk());
  fill(kernel, kernel.createTable(ITEM), 0, 200);
  const table = kernel.createIndex('item', { name: 'item_price', columns: ['price'], unique: true });
  const row = table.newRow();
  strictEqual(
    read(kernel, (tx) => table.find(tx, 'item_price', [50], row)),
    true,
  );
  strictEqual(table.decode(row)[0], 100);
  throws(() => kernel.createIndex('item', { name: 'bad', columns: ['name'], unique: true }), { code: '23505' });
  strictEqual(kernel.table('item').stored.indexes.length, 3);
  fill(kernel, kernel.table('item'), 200, 220);
  expectSound(kernel);
  kernel.close();
});

test('a hash index finds rows by equality', () => {
  const kernel = openOn(newDisk());
  const table = kernel.createTable({ ...ITEM, indexes: [{ name: 'by_name', columns: ['name'], method: 'hash' }] });
  const tx = kernel.begin();
  for (let id = 0; id < 100; id++) insert(kernel, tx, table, [id, `name ${id}`, 0]);
  kernel.commit(tx);
  const row = table.newRow();
  strictEqual(
    read(kernel, (reading) => table.find(reading, 'by_name', ['name 77'], row)),
    true,
  );
  strictEqual(table.decode(row)[0], 77);
  strictEqual(
    read(kernel, (reading) => table.find(reading, 'by_name', ['name 100'], row)),
    false,
  );
  expectSound(kernel);
  kernel.close();
});

test('a column that is added later is read from old rows with its value for them, and written to new ones', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  fill(kernel, kernel.createTable(ITEM), 0, 10);
  const table = kernel.addColumn('item', { name: 'stock', kind: 'int32', nullable: false, missing: 7 });
  const tx = kernel.begin();
  insert(kernel, tx, table, [10, 'new', 1, 99]);
  kernel.commit(tx);
  const again = openOn(vfs.crash());
  const rows = rowsOf(again, again.table('item'));
  deepStrictEqual(
    [rows[0], rows[10]],
    [
      [0, 'item 0', 0, 7],
      [10, 'new', 1, 99],
    ],
  );
  throws(() => again.addColumn('item', { name: 'stock', kind: 'int32', nullable: true }), { code: '42710' });
  throws(() => again.addColumn('item', { name: 'more', kind: 'int32', nullable: false }), { code: '23502' });
  expectSound(again);
  again.close();
});

test('unlogged tables survive a close and are empty after a crash; temporary ones live as long as the database is open', () => {
  const vfs = newDisk();
  let kernel = openOn(vfs);
  fill(kernel, kernel.createTable({ ...ITEM, logged: false }), 0, 300);
  const temporary = kernel.createTable({ ...ITEM, name: 'scratch', temporary: true });
  fill(kernel, temporary, 0, 300);
  strictEqual(rowsOf(kernel, kernel.table('scratch')).length, 300);
  kernel.close();
  kernel = openOn(vfs);
  throws(() => kernel.table('scratch'), { code: '42P01' });
  strictEqual(rowsOf(kernel, kernel.table('item')).length, 300);
  fill(kernel, kernel.table('item'), 300, 400);
  const again = openOn(vfs.crash());
  strictEqual(rowsOf(again, again.table('item')).length, 0);
  fill(again, again.table('item'), 0, 100);
  deepStrictEqual([again.check().problems, again.check().unowned], [[], []]);
  again.close();
});

test('a row is updated and deleted by its row id, and older snapshots go on seeing what they saw', () => {
  const kernel = openOn(newDisk());
  const table = kernel.createTable(ITEM);
  fill(kernel, table, 0, 10);
  const older = kernel.begin({ isolation: 2, session: kernel.openSession() });
  const row = table.newRow();
  kernel.statement(older, STATEMENT_SIMPLE, false, () => (table.find(older, 'item_id', [3], row) ? ROW_DONE : ROW_DUPLICATE));
  const tx = kernel.begin();
  kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    ok(table.find(tx, 'item_id', [3], row));
    const page = tx.ints[ROW_PAGE];
    const slot = tx.ints[ROW_SLOT];
    table.encode(row, [3, 'changed', 0], tx);
    return table.update(tx, page, slot, row);
  });
  kernel.statement(tx, STATEMENT_SIMPLE, true, () => {
    ok(table.find(tx, 'item_id', [4], row));
    return table.remove(tx, tx.ints[ROW_PAGE], tx.ints[ROW_SLOT]);
  });
  kernel.commit(tx);
  kernel.tidy();
  kernel.statement(older, STATEMENT_SIMPLE, false, () => {
    ok(table.find(older, 'item_id', [3], row));
    deepStrictEqual(table.decode(row), [3, 'item 3', 1.5]);
    ok(table.find(older, 'item_id', [4], row));
    return ROW_DONE;
  });
  kernel.rollback(older);
  deepStrictEqual(
    rowsOf(kernel, table).map((values) => values[1]),
    ['item 0', 'item 1', 'item 2', 'changed', 'item 5', 'item 6', 'item 7', 'item 8', 'item 9'],
  );
  expectSound(kernel);
  kernel.close();
});

test('closing rolls back what is open, and what is open in sessions', () => {
  const vfs = newDisk();
  const kernel = openOn(vfs);
  fill(kernel, kernel.createTable(ITEM), 0, 5);
  const own = kernel.begin();
  strictEqual(insert(kernel, own, kernel.table('item'), [5, 'open', 1]), ROW_DONE);
  const other = kernel.begin({ session: kernel.openSession(), isolation: 2 });
  strictEqual(insert(kernel, other, kernel.table('item'), [6, 'open too', 1]), ROW_DONE);
  kernel.close();
  const again = openOn(vfs);
  strictEqual(rowsOf(again, again.table('item')).length, 5);
  expectSound(again);
  again.close();
});
