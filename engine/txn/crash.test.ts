import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checkIndex } from '../storage/btree/check.ts';
import { flushAll } from '../storage/log/flush.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { recoverStore } from './crash-fixture.ts';
import { createTxnStore, entriesOf, type FixtureOptions, type Row, seedOf, Session, type TxnStore } from './txn-fixture.ts';
import { rowsOf, stateAfter, TxnModel } from './txn-model.ts';

const SIZES: FixtureOptions = { frames: 64, ringBytes: 64 << 10, versionBytes: 512 << 10, txn: { chunkBytes: 16384, slots: 16 } };

const shown = (rows: readonly Row[]): string => rows.map((row) => `${row.id}:${row.v}:${row.note.length}`).join();

function contentOf(store: TxnStore): string {
  const session = new Session(store);
  session.begin();
  const rows = session.all();
  for (const row of rows) strictEqual(shown([session.get(row.id)!]), shown([row]));
  session.commit();
  for (const index of store.table.indexes) {
    checkIndex(
      store.txns.tree,
      index,
      (page, message) => ok(false, `page ${page} ${message}`),
      () => {},
    );
  }
  for (const [at, of] of [(row: Row) => row.id, (row: Row) => row.v].entries()) {
    const keys = new Set(entriesOf(store, at).map((entry) => Number(entry.split(' ')[0])));
    for (const row of rows) ok(keys.has(of(row)), `row ${row.id} has its entry in index ${at}`);
  }
  return shown(rows);
}

function crashAndCompare(seed: number): void {
  const random = new SeededRandom(seed);
  const vfs = new SimulatedVfs({ seed });
  const store = createTxnStore(vfs, SIZES);
  flushAll(store.txns.log);
  const model = new TxnModel(store, random, { ids: 80, sessions: 5, noteMax: 2500, commitDurably: 0.3 });
  vfs.plan({ crashAfter: 10 + random.below(300) });
  try {
    for (let step = 0; step < 20_000; step++) model.step();
  } catch (error) {
    if (!vfs.isDown) throw error;
  }
  let disk = vfs.crash();
  let after = recoverStore(disk, store.table, SIZES);
  let found = contentOf(after);
  // Recovery again from what it left, at whatever point it was cut: nothing may change.
  if (random.chance(0.7)) {
    if (random.chance(0.5)) flushAll(after.txns.log);
    disk = disk.crash();
    after = recoverStore(disk, store.table, SIZES);
    strictEqual(contentOf(after), found, `seed ${seed}: a second recovery changed something`);
  }
  found = contentOf(after);
  const matches: number[] = [];
  for (let count = 0; count <= model.commits.length; count++) {
    if (shown(rowsOf(stateAfter(model.commits, count))) === found) matches.push(count);
  }
  ok(matches.length > 0, `seed ${seed}: the table is as it was after no commit`);
  ok(matches.at(-1)! >= model.durable, `seed ${seed}: ${model.durable} commits were durable, ${matches.at(-1)} are there`);
  // Life goes on.
  const session = new Session(after);
  session.begin();
  session.insert(1000, 1);
  session.commit();
  session.begin();
  strictEqual(session.get(1000)?.v, 1);
  session.commit();
}

test('after a crash at any point the table is as some commit left it, no acknowledged one missing', () => {
  const seed = seedOf('crash');
  for (let round = 0; round < 40; round++) crashAndCompare(seed + round);
});
