/**
 * The parts of the kernel put together for one thread: contexts over the shared memory, and what they hand each other.
 *
 *   shm -> log -> cache -> space -> tree -> transactions (locks, overflow, sequences, tables)
 *
 * The same function serves the thread that opens the database and every thread that attaches later. While recovery redoes
 * there is no log yet: the cache is then told that everything is durable, for redo makes nothing that the log does not have.
 */

import { assert } from '../../shm/assert.ts';
import type { RegionRequest, SharedMemory } from '../../shm/shared-memory.ts';
import { registerBtree } from '../storage/btree/undo.ts';
import { createTree, type Tree } from '../storage/btree/tree.ts';
import { createTableChanges, type TableChanges } from '../jobs/table-changes.ts';
import { cacheRegions, createPageCache, type LogPort, type PageCache } from '../storage/cache/page-cache.ts';
import { type DatabaseFiles, openDatabaseFiles } from '../storage/database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../storage/log/flush.ts';
import type { Log, LogOptions } from '../storage/log/log-context.ts';
import { attachLog, LOG_DEFAULTS, LOG_REGION } from '../storage/log/open.ts';
import { checkHeapPage, printHeapPage } from '../storage/heap/heap-check.ts';
import { registerPagePrinter } from '../storage/inspect-page.ts';
import { registerPageChecker } from '../storage/page-check.ts';
import { PAGE_TYPE_HEAP, PAGE_TYPE_OVERFLOW } from '../storage/page.layout.ts';
import { checkOverflowPage } from '../storage/overflow/overflow-page.ts';
import { registerOverflowRecords } from '../storage/overflow/overflow-records.ts';
import { type OverflowStore, readReferenced } from '../storage/overflow/overflow.ts';
import { registerSpaceRecords } from '../storage/space/records.ts';
import { createSpace, type Space, spaceRegions } from '../storage/space/space.ts';
import { freeTemporaryPages, takeTemporaryPages } from '../storage/space/temporary-pages.ts';
import { createSequences, registerSequenceRecords, type Sequences } from '../storage/sequence.ts';
import type { World } from '../storage/world.ts';
import { createLocks, lockRegions, type Locks } from '../txn/locks.ts';
import { createTransactions, txnRegions } from '../txn/open.ts';
import { type Transactions, TXN_DEFAULTS, type TxnOptions } from '../txn/transactions.ts';
import { registerRowRecords } from '../txn/recovery-undo.ts';
import { type CatalogWords, catalogRegion, createCatalogWords, undoDdl } from './catalog-words.ts';
import { type ChangedRows, createChangedRows } from './changed-rows.ts';
import type { KernelSettings } from './kernel-options.ts';
import { createTableDirectory, directoryRegion, findTable, type TableDirectory } from './table-directory.ts';
import { registerCatalogRecords, undoOther } from './undo-other.ts';

/** What names the database and its boot, the same for all threads. */
export interface KernelPlace {
  readonly directory: string;
  readonly logDirectory: string;
  readonly databaseHigh: number;
  readonly databaseLow: number;
  readonly serverId: number;
  readonly boot: number;
  /** The last boot ended with close(): nothing of it was lost. */
  readonly clean: boolean;
}

export interface KernelParts {
  readonly shm: SharedMemory;
  readonly world: World;
  readonly settings: KernelSettings;
  readonly files: DatabaseFiles;
  readonly cache: PageCache;
  readonly log: Log;
  readonly space: Space;
  readonly tree: Tree;
  readonly txns: Transactions;
  readonly locks: Locks;
  readonly overflow: OverflowStore;
  readonly sequences: Sequences;
  readonly directory: TableDirectory;
  readonly catalog: CatalogWords;
  readonly tableChanges: TableChanges;
  readonly changedRows: ChangedRows;
}

export const txnOptionsOf = (settings: KernelSettings): TxnOptions => ({
  ...TXN_DEFAULTS,
  slots: settings.transactionSlots,
  sessions: settings.sessions,
  chunkBytes: settings.chunkBytes,
  // A list of 300,000 entries need not go to temporary pages where the heap has room for some thirty of them.
  undoBytes: Math.max(TXN_DEFAULTS.undoBytes, Math.floor(settings.heapBytes / 32)),
});

/** Everything that the parts want in the control segment. */
export function kernelRegions(settings: KernelSettings, further: readonly RegionRequest[]): RegionRequest[] {
  const options = txnOptionsOf(settings);
  return [
    LOG_REGION,
    ...cacheRegions(),
    ...spaceRegions(),
    ...txnRegions(options, settings.threads),
    ...lockRegions(options, settings.threads),
    directoryRegion(),
    catalogRegion(settings.threads),
    ...further,
  ];
}

/** While there is no log: everything is durable. */
const ALL_DURABLE: LogPort = {
  durableLsn: () => Number.MAX_SAFE_INTEGER,
  flushTo: () => {},
  endLsn: () => Number.MAX_SAFE_INTEGER,
};

/** The cache before there is a log: what recovery redoes on. */
export function openCache(shm: SharedMemory, world: World, directory: string): PageCache {
  const files = openDatabaseFiles(world.vfs, directory);
  try {
    return createPageCache(shm, world, files, ALL_DURABLE);
  } catch (error) {
    for (const file of [files.data, files.temporary, files.doubleWrite]) file.close();
    throw error;
  }
}

export function logOptionsOf(settings: KernelSettings, place: KernelPlace): LogOptions {
  return {
    ...LOG_DEFAULTS,
    directory: place.logDirectory,
    databaseHigh: place.databaseHigh,
    databaseLow: place.databaseLow,
    boot: place.boot,
    segmentBytes: settings.segmentBytes,
    durability: settings.durability,
  };
}

/** Attaches the log and gives it to the cache. */
export function attachKernelLog(cache: PageCache, settings: KernelSettings, place: KernelPlace): Log {
  const log = attachLog(cache.shm, cache.world, logOptionsOf(settings, place));
  cache.log = {
    durableLsn: () => durableLsn(log),
    flushTo: (lsn) => flushTo(log, lsn),
    endLsn: () => tailLsn(log),
  };
  return log;
}

/** The rest, over a cache and a log. */
export function assembleParts(cache: PageCache, log: Log, settings: KernelSettings, place: KernelPlace): KernelParts {
  const { shm, world } = cache;
  assert(log.shm === shm, 'cache and log are of one memory');
  const space = createSpace(shm, cache, log);
  const tree = createTree(shm, cache, log, space);
  const directory = createTableDirectory(shm);
  const overflow = overflowStore(cache, log, space);
  const txns = createTransactions({
    shm,
    cache,
    log,
    space,
    tree,
    findTable: (id) => findTable(directory, id)?.runtime,
    readOverflow: (views, reference) => readReferenced(overflow, views.i32, reference),
    options: txnOptionsOf(settings),
    hooks: {
      undoOther: (context, slot, entry) =>
        undoOther(overflow, directory, context, slot, entry, (mark) => undoDdl(catalog, slot, mark)),
    },
  });
  const locks = createLocks(txns);
  const catalog = createCatalogWords(txns);
  const sequences = createSequences(cache, log, space, place.clean);
  const { files } = cache;
  const tableChanges = createTableChanges(shm);
  const changedRows = createChangedRows(txns, tableChanges);
  return {
    shm,
    world,
    settings,
    files,
    cache,
    log,
    space,
    tree,
    txns,
    locks,
    overflow,
    sequences,
    directory,
    catalog,
    tableChanges,
    changedRows,
  };
}

function overflowStore(cache: PageCache, log: Log, space: Space): OverflowStore {
  return {
    cache,
    log,
    space,
    temporary: {
      allocate: () => takeTemporaryPages(space, 1),
      free: (page) => freeTemporaryPages(space, page, 1),
    },
  };
}

/** What the log's records mean: once a thread, before it recovers or rolls anything back. */
export function registerKernelRecords(): void {
  registerPages();
  registerSpaceRecords();
  registerSequenceRecords();
  registerCatalogRecords((engine) => engine as KernelParts);
  registerRowRecords((engine) => (engine as KernelParts).txns);
  registerBtree((engine) => (engine as KernelParts).tree);
  registerOverflowRecords((engine) => (engine as KernelParts).overflow);
}

/** How pages of rows are checked and printed. */
function registerPages(): void {
  registerPageChecker(PAGE_TYPE_HEAP, (views, page, _pageId, complain) => {
    for (const problem of checkHeapPage(views, page)) complain(problem);
  });
  registerPageChecker(PAGE_TYPE_OVERFLOW, (views, page, _pageId, complain) => {
    for (const problem of checkOverflowPage(views, page)) complain(problem);
  });
  registerPagePrinter(PAGE_TYPE_HEAP, (views, page) => printHeapPage(views, page).join('\n'));
}
