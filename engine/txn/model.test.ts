import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checkIndex } from '../storage/btree/check.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { slotsInUse } from './slots.ts';
import { createTxnStore, entriesOf, type FixtureOptions, Session, seedOf, type TxnStore } from './txn-fixture.ts';
import { compareRows, type ModelOptions, TxnModel } from './txn-model.ts';

/** Every index entry names a row with that key, and every row has its entries; nothing is left over once all is collected. */
function checkEntries(store: TxnStore, rows: readonly { id: number; v: number }[], exact: boolean): void {
  const keys = (at: number): string =>
    entriesOf(store, at)
      .map((entry) => entry.split(' ')[0])
      .sort()
      .join();
  const wanted = (of: (row: { id: number; v: number }) => number): string =>
    rows
      .map((row) => String(of(row)))
      .sort()
      .join();
  if (exact)
    strictEqual(
      keys(0),
      wanted((row) => row.id),
    );
  if (exact)
    strictEqual(
      keys(1),
      wanted((row) => row.v),
    );
  for (const index of store.table.indexes) {
    checkIndex(
      store.txns.tree,
      index,
      (page, message) => ok(false, `page ${page} ${message}`),
      () => {},
    );
  }
}

function run(name: string, given: FixtureOptions, options: ModelOptions, steps: number): void {
  const seed = seedOf(name);
  const store = createTxnStore(new SimulatedVfs({ seed }), given);
  const model = new TxnModel(store, new SeededRandom(seed), options);
  for (let step = 0; step < steps; step++) model.step();
  const rows = model.finish();
  const reader = new Session(store);
  reader.begin();
  compareRows(reader.all(), rows);
  reader.commit();
  strictEqual(slotsInUse(store.txns), 0);
  checkEntries(store, rows, false);
}

test('random transactions of six sessions see what the model says, at two isolation levels', () => {
  run('sessions', {}, { ids: 60, sessions: 6, noteMax: 100, commitDurably: 0.5 }, 20_000);
});

test('the same with few rows, long notes, tiny chunks and undo lists, and 8 transaction slots', () => {
  const txn = { slots: 8, chunkBytes: 16384, undoBytes: 12288 };
  run(
    'tiny',
    { txn, versionBytes: 128 << 10, ringBytes: 64 << 10, frames: 64 },
    { ids: 200, sessions: 6, noteMax: 3000, commitDurably: 0.2 },
    10_000,
  );
});
