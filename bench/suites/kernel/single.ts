/** Measures of one thread: point reads, inserts, updates, a filtered sum, durable commits, and reads past the cache. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openKernel } from '../../../engine/api/kernel.ts';
import { DATA_FILE } from '../../../engine/storage/database-files.ts';
import { READ_COMMITTED, REPEATABLE_READ } from '../../../engine/txn/transactions.ts';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { operationsPerSecond, ratePerSecond, seconds } from '../../harness/rate.ts';
import {
  createKernelItems,
  fillKernelItems,
  fillSqliteItems,
  insertAll,
  insertAllSqlite,
  ITEM,
  itemNames,
  type KernelItems,
  kernelOptions,
  openSqliteItems,
  randomKeys,
  readSqliteItems,
  type SqliteItems,
  updateSqliteItems,
} from './items.ts';
import { createPaths, readItems, readOneEach, sumItems, updateItems } from './paths.ts';

const BATCH = 1000;
/** Keys that a measure goes through, in batches, round and round. */
const KEYS = 1_000_000;

/** Gives the keys of one batch after the other. */
function rounds(length: number): () => number {
  let at = -BATCH;
  return () => {
    at = at + 2 * BATCH > length ? 0 : at + BATCH;
    return at;
  };
}

function same(what: string, ours: number, theirs: number): void {
  if (ours !== theirs) throw new Error(`${what}: ours is ${ours}, the peer's ${theirs}`);
}

function close(ours: KernelItems, theirs: SqliteItems | undefined): void {
  ours.kernel.close();
  theirs?.database.close();
}

/**
 * Random point reads. 'latest': every read sees what was committed before it (ours: a snapshot for each statement; SQLite: `get`
 * outside a transaction). 'one': all reads of a turn see one state (repeatable read; SQLite: `get` within a transaction).
 */
function readTurns(
  context: BenchContext,
  ours: KernelItems,
  theirs: SqliteItems | undefined,
  rows: number,
  snapshot: 'latest' | 'one',
): Running {
  const keys = randomKeys(context.size(KEYS, 4 * BATCH), 0, rows);
  const { kernel, paths } = ours;
  const tx = kernel.begin({ readOnly: true, isolation: snapshot === 'one' ? REPEATABLE_READ : READ_COMMITTED });
  const sum = kernel.enter(() => readItems(paths, tx, keys, 0, BATCH));
  context.digest(sum);
  if (theirs !== undefined) same('sum of the rows read', sum, readSqliteItems(theirs, keys, 0, BATCH));
  return {
    ours: () => {
      const next = rounds(keys.length);
      return operationsPerSecond(context, BATCH, () => {
        const from = next();
        kernel.enter(() => readItems(paths, tx, keys, from, from + BATCH));
      });
    },
    peer: theirs && (() => readTheirs(context, theirs, keys, snapshot === 'one')),
    teardown: () => {
      kernel.rollback(tx);
      close(ours, theirs);
    },
  };
}

async function readTheirs(context: BenchContext, items: SqliteItems, keys: Int32Array, inTransaction: boolean): Promise<number> {
  const next = rounds(keys.length);
  if (inTransaction) items.database.exec('begin');
  const rate = await operationsPerSecond(context, BATCH, () => {
    const from = next();
    readSqliteItems(items, keys, from, from + BATCH);
  });
  if (inTransaction) items.database.exec('commit');
  return rate;
}

function pointRead(context: BenchContext, snapshot: 'latest' | 'one'): Running {
  const rows = context.size(1_000_000, 5000);
  const names = itemNames();
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  return readTurns(context, fillKernelItems(context.directory, rows, names, kernelOptions(context)), theirs, rows, snapshot);
}

/** The same, each read a transaction of its own: what a caller pays who asks once. */
function pointReadAlone(context: BenchContext): Running {
  const rows = context.size(1_000_000, 5000);
  const names = itemNames();
  const keys = randomKeys(context.size(KEYS, 4 * BATCH), 0, rows);
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const ours = fillKernelItems(context.directory, rows, names, kernelOptions(context));
  context.digest(readOneEach(ours.kernel, ours.paths, keys, 0, BATCH));
  return {
    ours: () => {
      const next = rounds(keys.length);
      return operationsPerSecond(context, BATCH, () => {
        const from = next();
        readOneEach(ours.kernel, ours.paths, keys, from, from + BATCH);
      });
    },
    peer: theirs && (() => readTheirs(context, theirs, keys, false)),
    teardown: () => close(ours, theirs),
  };
}

/** Into a new database each turn; the commit, on disk, is part of the time. */
function insert(context: BenchContext): Running {
  const rows = context.size(1_000_000, 3000);
  const names = itemNames();
  let turn = 0;
  const place = (): string => join(context.directory, `${turn++}`);
  warmInserts(context, names, place);
  return {
    ours: async () => {
      const items = createKernelItems(place(), kernelOptions(context));
      const time = await seconds(() => insertAll(items, rows, names));
      items.kernel.close();
      context.digest(rows);
      return rows / time;
    },
    peer: context.hasPeer
      ? async () => {
          const items = newSqlite(place());
          const time = await seconds(() => insertAllSqlite(items, rows, names));
          items.database.close();
          return rows / time;
        }
      : undefined,
  };
}

function newSqlite(directory: string): SqliteItems {
  mkdirSync(directory);
  return openSqliteItems(directory);
}

function warmInserts(context: BenchContext, names: readonly string[], place: () => string): void {
  const rows = context.size(100_000, 1000);
  const ours = createKernelItems(place(), kernelOptions(context));
  insertAll(ours, rows, names);
  const theirs = context.hasPeer ? newSqlite(place()) : undefined;
  if (theirs !== undefined) insertAllSqlite(theirs, rows, names);
  close(ours, theirs);
}

/** Turns on both sides before anything is timed: in the first ones V8 meets what it has not compiled for, and compiles again. */
const UPDATE_WARMUP = 3;

/** Each turn one transaction with its durable commit; warmed up by some on both sides. */
function update(context: BenchContext): Running {
  const rows = context.size(1_000_000, 5000);
  const changes = context.size(200_000, 2000);
  const names = itemNames();
  const keys = randomKeys(changes, 0, rows);
  const ours = fillKernelItems(context.directory, rows, names, kernelOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const updateOurs = ({ kernel, paths }: KernelItems, count: number): void => {
    const tx = kernel.begin();
    for (let from = 0; from < count; from += BATCH) kernel.enter(() => updateItems(paths, tx, keys, from, from + BATCH));
    kernel.commit(tx);
  };
  const updateTheirs = (items: SqliteItems, count: number): void => {
    items.database.exec('begin');
    for (let from = 0; from < count; from += BATCH) updateSqliteItems(items, keys, from, from + BATCH);
    items.database.exec('commit');
  };
  // They have all versions, undo entries and pages of the log that a turn takes, and for SQLite its log, in memory once.
  for (let turn = 0; turn < UPDATE_WARMUP; turn++) {
    updateOurs(ours, changes);
    if (theirs !== undefined) updateTheirs(theirs, changes);
  }
  context.digest(changes);
  return {
    ours: async () => changes / (await seconds(() => updateOurs(ours, changes))),
    peer: theirs && (async () => changes / (await seconds(() => updateTheirs(theirs, changes)))),
    teardown: () => close(ours, theirs),
  };
}

function filteredSum(context: BenchContext): Running {
  const rows = context.size(1_000_000, 5000);
  const names = itemNames();
  const ours = fillKernelItems(context.directory, rows, names, kernelOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const { kernel, paths } = ours;
  const tx = kernel.begin();
  const sum = (): number => {
    kernel.enter(() => sumItems(paths, tx));
    return paths.state[0];
  };
  const expected = sum();
  context.digest(expected);
  if (theirs !== undefined) same('filtered sum', expected, theirs.sum.get() as unknown as number);
  return {
    ours: async () => rows * (await operationsPerSecond(context, 1, () => same('filtered sum', sum(), expected))),
    peer: theirs && (async () => rows * (await operationsPerSecond(context, 1, () => void theirs.sum.get()))),
    teardown: () => {
      kernel.rollback(tx);
      close(ours, theirs);
    },
  };
}

/** One session that waits for the disk after each row it changes. */
function durableCommit(context: BenchContext): Running {
  const rows = context.size(100_000, 2000);
  const names = itemNames();
  const keys = randomKeys(65536, 0, rows);
  const ours = fillKernelItems(context.directory, rows, names, kernelOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const { kernel, paths } = ours;
  let at = 0;
  context.digest(rows);
  return {
    ours: () =>
      ratePerSecond(context, () => {
        at = (at + 1) & 65535;
        const tx = kernel.begin();
        kernel.enter(() => updateItems(paths, tx, keys, at, at + 1));
        kernel.commit(tx);
        return 1;
      }),
    peer:
      theirs &&
      (() =>
        ratePerSecond(context, () => {
          at = (at + 1) & 65535;
          updateSqliteItems(theirs, keys, at, at + 1);
          return 1;
        })),
    teardown: () => close(ours, theirs),
  };
}

/** Rows of about 140 bytes; both caches are a quarter of the smaller of the two files, which the OS has cached. */
function pastTheCache(context: BenchContext): Running {
  const rows = context.size(1_000_000, 20_000);
  const names = itemNames(100);
  const { directory } = context;
  const filled = fillKernelItems(directory, rows, names, kernelOptions(context));
  filled.kernel.close();
  const bytes = [statSync(join(directory, 'ours', DATA_FILE)).size];
  if (context.hasPeer) {
    fillSqliteItems(directory, rows, names).database.close();
    bytes.push(statSync(join(directory, 'items.sqlite')).size);
  }
  const cacheSize = Math.floor(Math.min(...bytes) / 4);
  const kernel = openKernel(join(directory, 'ours'), { ...kernelOptions(context), cacheSize });
  const ours = { kernel, paths: createPaths(kernel, kernel.table(ITEM.name)) };
  return readTurns(context, ours, context.hasPeer ? openSqliteItems(directory, cacheSize) : undefined, rows, 'latest');
}

const SQLITE = { better: 'higher', peerName: 'better-sqlite3', needs: ['better-sqlite3'] } as const;

export const singleMeasures: readonly Measure[] = [
  { name: 'point read', unit: 'rows/s', ...SQLITE, bar: 6, aim: 10, setup: (context) => pointRead(context, 'latest') },
  { name: 'point read, all in one snapshot', unit: 'rows/s', ...SQLITE, setup: (context) => pointRead(context, 'one') },
  { name: 'point read, a transaction each', unit: 'rows/s', ...SQLITE, setup: pointReadAlone },
  { name: 'insert in one transaction', unit: 'rows/s', ...SQLITE, bar: 2, aim: 4, setup: insert },
  { name: 'update in one transaction', unit: 'rows/s', ...SQLITE, bar: 3, aim: 6, setup: update },
  { name: 'durable commit, 1 session', unit: 'commits/s', ...SQLITE, bar: 1, aim: 1.3, setup: durableCommit },
  { name: 'filtered sum', unit: 'rows/s', ...SQLITE, bar: 4, aim: 8, setup: filteredSum },
  { name: 'point read, data 4x the cache', unit: 'rows/s', ...SQLITE, bar: 0.8, aim: 1.2, setup: pastTheCache },
];
