import { ok, strictEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { checkIndex } from '../storage/btree/check.ts';
import { createTree } from '../storage/btree/tree.ts';
import { registerBtree } from '../storage/btree/undo.ts';
import { repairFromDoubleWrite } from '../storage/cache/double-write.ts';
import { createPageCache, startPageCache } from '../storage/cache/page-cache.ts';
import { openDatabaseFiles } from '../storage/database-files.ts';
import { durableLsn, flushAll, flushTo, tailLsn } from '../storage/log/flush.ts';
import { attachLog, FIRST_LSN, startLog } from '../storage/log/open.ts';
import { finishPages } from '../storage/recovery/finish.ts';
import { redoLog } from '../storage/recovery/recover.ts';
import { undoLosers } from '../storage/recovery/undo.ts';
import { registerSpaceRecords } from '../storage/space/records.ts';
import { createSpace } from '../storage/space/space.ts';
import { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { createTransactions } from './open.ts';
import { installReadHook } from './page-hooks.ts';
import { registerRowRecords } from './recovery-undo.ts';
import { startNumbers } from './slots.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import {
  createTxnStore,
  DIRECTORY,
  entriesOf,
  type FixtureOptions,
  fixtureMemory,
  fixtureWorld,
  logOptions,
  optionsOf,
  type Row,
  seedOf,
  Session,
  TABLE_ID,
  type TxnStore,
} from './txn-fixture.ts';
import { rowsOf, stateAfter, TxnModel } from './txn-model.ts';

registerSpaceRecords();
registerRowRecords((engine) => (engine as TxnStore).txns);
registerBtree((engine) => (engine as TxnStore).txns.tree);

const SIZES: FixtureOptions = { frames: 64, ringBytes: 64 << 10, versionBytes: 512 << 10, txn: { chunkBytes: 16384, slots: 16 } };

/** What recovery makes of the disk that a crash left. */
function recover(vfs: SimulatedVfs, table: TableRuntime): TxnStore {
  const shm = fixtureMemory(SIZES);
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, DIRECTORY);
  repairFromDoubleWrite(files, 1, 2);
  const world = fixtureWorld(vfs);
  const allDurable = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => Number.MAX_SAFE_INTEGER };
  const cache = createPageCache(shm, world, files, allDurable);
  startPageCache(cache, { boot: 0, databaseHigh: 1, databaseLow: 2 }, 1);
  const known = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN, boot: 1, highestTransaction: 0, highestStamp: 0 };
  const state = redoLog(vfs, logOptions(1), known, cache);
  const log = attachLog(shm, world, logOptions(state.boot));
  startLog(log, state.start);
  cache.log = { durableLsn: () => durableLsn(log), flushTo: (lsn) => flushTo(log, lsn), endLsn: () => tailLsn(log) };
  const space = createSpace(shm, cache, log);
  const tree = createTree(shm, cache, log, space);
  const txns = createTransactions({
    shm,
    cache,
    log,
    space,
    tree,
    findTable: (id) => (id === TABLE_ID ? table : undefined),
    readOverflow: () => new Uint8Array(0),
    options: optionsOf(SIZES),
  });
  startNumbers(txns, state.highestTransaction);
  const store: TxnStore = { shm, txns, table, world };
  undoLosers(state, log, store);
  installReadHook(cache, state.winners);
  startPageCache(cache, { boot: state.boot, databaseHigh: 1, databaseLow: 2 }, 1);
  finishPages(state, cache);
  return store;
}

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
  let after = recover(disk, store.table);
  let found = contentOf(after);
  // Recovery again from what it left, at whatever point it was cut: nothing may change.
  if (random.chance(0.7)) {
    if (random.chance(0.5)) flushAll(after.txns.log);
    disk = disk.crash();
    after = recover(disk, store.table);
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
