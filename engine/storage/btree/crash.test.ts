import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { repairFromDoubleWrite } from '../cache/double-write.ts';
import { createPageCache, startPageCache } from '../cache/page-cache.ts';
import { createDatabaseFiles, openDatabaseFiles } from '../database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../log/flush.ts';
import { attachLog, FIRST_LSN, startLog } from '../log/open.ts';
import { finishPages } from '../recovery/finish.ts';
import { redoLog } from '../recovery/recover.ts';
import { undoLosers } from '../recovery/undo.ts';
import { registerSpaceRecords } from '../space/records.ts';
import { createSpace } from '../space/space.ts';
import { SimulatedVfs } from '../vfs/simulated-vfs.ts';
import { SeededRandom } from '../world.ts';
import {
  changeOf,
  DIRECTORY,
  fixtureMemory,
  fixtureWorld,
  keyOf,
  keyText,
  logOptions,
  openStore,
  type Store,
  seedOf,
  startOf,
} from './btree-fixture.ts';
import { checkIndex } from './check.ts';
import { createIndex } from './create.ts';
import { indexInsert } from './insert.ts';
import { indexRemove } from './remove.ts';
import { createTree, INDEX_DONE, type TreeIndex } from './tree.ts';
import { registerBtree } from './undo.ts';

registerSpaceRecords();
registerBtree((engine) => (engine as Store).tree);

const SIZES = { frames: 40, framesPerSegment: 16, ringBytes: 64 << 10 };

/** What recovery finds on the disk that a crash left. */
function recover(vfs: SimulatedVfs): Store {
  const shm = fixtureMemory(SIZES);
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, DIRECTORY);
  repairFromDoubleWrite(files, 1, 2);
  const world = fixtureWorld(vfs);
  const allDurable = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => Number.MAX_SAFE_INTEGER };
  const cache = createPageCache(shm, world, files, allDurable);
  startPageCache(cache, startOf(0), 1);
  const known = { lsn: FIRST_LSN, segment: 1, durableLsn: FIRST_LSN, boot: 1, highestTransaction: 0, highestStamp: 0 };
  const state = redoLog(vfs, logOptions(1), known, cache);
  const log = attachLog(shm, world, logOptions(state.boot));
  startLog(log, state.start);
  cache.log = { durableLsn: () => durableLsn(log), flushTo: (lsn) => flushTo(log, lsn), endLsn: () => tailLsn(log) };
  const space = createSpace(shm, cache, log);
  const store = { shm, cache, log, space, tree: createTree(shm, cache, log, space) };
  undoLosers(state, log, store);
  startPageCache(cache, startOf(state.boot), 1);
  finishPages(state, cache);
  return store;
}

function contentOf(store: Store, index: TreeIndex): string[] {
  const found: string[] = [];
  checkIndex(
    store.tree,
    index,
    (page, message) => assert.fail(`page ${page} ${message}`),
    (key) => found.push(`${keyText(index.kind, key)} ${key.i32[2]}`),
  );
  return found.sort();
}

interface Done {
  insert: boolean;
  number: number;
}

interface Work {
  done: Done[];
  root: number;
  /** So many changes were known to be on disk. */
  durable: number;
}

/** Random changes until the disk goes down; returns those that were logged, in order, with their positions. */
function workUntilCrash(vfs: SimulatedVfs, random: SeededRandom, kind: TreeIndex['kind'], spread: number, loser: boolean): Work {
  const done: Done[] = [];
  let root = -1;
  let durable = 0;
  const committed = changeOf(0);
  const begun = { lsn: 0, insert: false, number: 0 };
  try {
    vfs.makeDirectory(DIRECTORY);
    createDatabaseFiles(vfs, DIRECTORY);
    vfs.syncDirectory('/');
    const store = openStore(vfs, fixtureMemory(SIZES), {});
    root = createIndex(store.tree, kind, true, false, 6);
    const index = { root, kind };
    flushTo(store.log, tailLsn(store.log));
    vfs.plan({ crashAfter: 20 + random.below(400) });
    const open = changeOf(77);
    for (let turn = 0; turn < 100_000; turn++) {
      const number = random.below(400);
      const key = keyOf(kind, number, spread);
      // Entries of row page 5 belong to a transaction that never ends; they are undone.
      if (loser && random.chance(0.3)) {
        indexInsert(store.tree, index, key, 5, 1, open);
        continue;
      }
      const grow = Math.floor(turn / 700) % 2 === 0;
      const insert = grow ? random.chance(0.8) : random.chance(0.2);
      Object.assign(begun, { lsn: committed.lastRecord, insert, number });
      const status = insert
        ? indexInsert(store.tree, index, key, 1, 1, committed)
        : indexRemove(store.tree, index, key, 1, 1, committed, null);
      if (status === INDEX_DONE) {
        done.push({ insert, number });
        begun.lsn = committed.lastRecord;
      }
      if (random.chance(0.02)) {
        flushTo(store.log, tailLsn(store.log));
        durable = done.length;
      }
    }
  } catch (error) {
    // What the engine makes of it differs: the log's leader and the page writer poison the handle.
    if (!vfs.isDown) throw error;
    // The last change may have been logged before the machine went down in what came after it.
    if (committed.lastRecord !== begun.lsn) done.push({ insert: begun.insert, number: begun.number });
  }
  return { done, root, durable };
}

function crashAndCompare(seed: number, kind: TreeIndex['kind'], spread: number, loser: boolean): number {
  const random = new SeededRandom(seed);
  const vfs = new SimulatedVfs({ seed });
  const { done, root, durable } = workUntilCrash(vfs, random, kind, spread, loser);
  assert.ok(root > 0);
  const index = { root, kind };
  let disk = vfs.crash();
  let store = recover(disk);
  const found = contentOf(store, index);
  if (loser) flushTo(store.log, tailLsn(store.log));
  // Recovery again, from what it left: nothing may change.
  if (random.chance(0.5)) {
    disk = disk.crash();
    store = recover(disk);
    assert.deepEqual(contentOf(store, index), found, `seed ${seed}: a second recovery changed something`);
  }
  // What survived is what the changes up to some moment make; a durable one is never missing.
  const model = new Set<number>();
  const text = (): string =>
    [...model]
      .map((number) => `${keyText(kind, keyOf(kind, number, spread))} 1`)
      .sort()
      .join('\n');
  const wanted = found.join('\n');
  const matches: number[] = [];
  if (text() === wanted) matches.push(0);
  for (const [at, change] of done.entries()) {
    if (change.insert) model.add(change.number);
    else model.delete(change.number);
    if (model.size === found.length && text() === wanted) matches.push(at + 1);
  }
  assert.ok(matches.length > 0, `seed ${seed}: the index is as it was at no moment`);
  assert.ok(matches.at(-1)! >= durable, `seed ${seed}: a durable change is missing`);
  return done.length;
}

for (const kind of ['i32', 'i64', 'bytes'] as const) {
  test(`${kind}: after a crash at any point the index is sound and as it was at one moment`, () => {
    const seed = seedOf(`crash ${kind}`);
    for (let round = 0; round < 12; round++) crashAndCompare(seed + round, kind, kind === 'bytes' ? 600 : 0, false);
  });
}

test('changes of a transaction that did not end are taken back after a crash, through splits and merges', () => {
  const seed = seedOf('losers');
  for (let round = 0; round < 12; round++) crashAndCompare(seed + round, round % 2 === 0 ? 'i32' : 'bytes', 300, true);
});
