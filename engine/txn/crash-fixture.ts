/** For tests: recovery of a store on a simulated disk after a crash. */

import { attachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { createTree } from '../storage/btree/tree.ts';
import { registerBtree } from '../storage/btree/undo.ts';
import { repairFromDoubleWrite } from '../storage/cache/double-write.ts';
import { createPageCache, startPageCache } from '../storage/cache/page-cache.ts';
import { openDatabaseFiles } from '../storage/database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../storage/log/flush.ts';
import { attachLog, FIRST_LSN, startLog } from '../storage/log/open.ts';
import { finishPages } from '../storage/recovery/finish.ts';
import { redoLog } from '../storage/recovery/recover.ts';
import { undoLosers } from '../storage/recovery/undo.ts';
import type { TableRuntime } from '../storage/rows/runtime.ts';
import { registerSpaceRecords } from '../storage/space/records.ts';
import { createSpace } from '../storage/space/space.ts';
import type { SimulatedVfs } from '../storage/vfs/simulated-vfs.ts';
import { createTransactions } from './open.ts';
import { installReadHook } from './page-hooks.ts';
import { registerRowRecords } from './recovery-undo.ts';
import { startNumbers } from './slots.ts';
import {
  DIRECTORY,
  type FixtureOptions,
  fixtureMemory,
  fixtureWorld,
  logOptions,
  optionsOf,
  TABLE_ID,
  type TxnStore,
} from './txn-fixture.ts';

registerSpaceRecords();
registerRowRecords((engine) => (engine as TxnStore).txns);
registerBtree((engine) => (engine as TxnStore).txns.tree);

/** What recovery makes of the disk that a crash left, beginning at log position `lsn`: pages on the disk have all from before. */
export function recoverStore(vfs: SimulatedVfs, table: TableRuntime, sizes: FixtureOptions, lsn = FIRST_LSN): TxnStore {
  const shm = fixtureMemory(sizes);
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, DIRECTORY);
  repairFromDoubleWrite(files, 1, 2);
  const world = fixtureWorld(vfs);
  const allDurable = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => Number.MAX_SAFE_INTEGER };
  const cache = createPageCache(shm, world, files, allDurable);
  startPageCache(cache, { boot: 0, databaseHigh: 1, databaseLow: 2 }, 1);
  const known = { lsn, segment: 1, durableLsn: lsn, boot: 1, highestTransaction: 0, highestStamp: 0 };
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
    options: optionsOf(sizes),
  });
  startNumbers(txns, state.highestTransaction);
  const store: TxnStore = { shm, txns, table, world };
  undoLosers(state, log, store);
  installReadHook(cache, state.winners);
  startPageCache(cache, { boot: state.boot, databaseHigh: 1, databaseLow: 2 }, 1);
  finishPages(state, cache);
  return store;
}
