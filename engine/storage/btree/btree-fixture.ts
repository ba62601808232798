/** For tests: cache, log, free space and a tree over a simulated disk, in this thread or seen from another one. */

import { createSharedMemory, type SharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { cacheRegions, createPageCache, type PageCache, startPageCache } from '../cache/page-cache.ts';
import { createDatabaseFiles, openDatabaseFiles } from '../database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../log/flush.ts';
import type { Log, LogOptions } from '../log/log-context.ts';
import { attachLog, firstLogStart, LOG_DEFAULTS, LOG_REGION, type LogStart, startLog } from '../log/open.ts';
import { createKeyScratch, type IndexKind, type KeyScratch } from '../rows/runtime.ts';
import { createSpace, type Space, spaceRegions } from '../space/space.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { ManualClock, SeededRandom, type World } from '../world.ts';
import { createTree, type IndexChange, type Tree } from './tree.ts';

export const DIRECTORY = '/database';

export interface Store {
  shm: SharedMemory;
  cache: PageCache;
  log: Log;
  space: Space;
  tree: Tree;
}

export interface StoreOptions {
  frames?: number;
  framesPerSegment?: number;
  ringBytes?: number;
  boot?: number;
  start?: LogStart;
}

export const fixtureWorld = (vfs: Vfs): World => ({
  vfs,
  clock: new ManualClock(1_700_000_000_000_000, 1),
  random: new SeededRandom(1),
});

export const logOptions = (boot: number, directory = DIRECTORY): LogOptions => ({
  ...LOG_DEFAULTS,
  directory: `${directory}/log`,
  databaseHigh: 1,
  databaseLow: 2,
  boot,
  segmentBytes: 1 << 20,
});

export const startOf = (boot: number) => ({ boot, databaseHigh: 1, databaseLow: 2 });

export function fixtureMemory(given: StoreOptions): SharedMemory {
  return createSharedMemory({
    frames: given.frames ?? 256,
    framesPerSegment: given.framesPerSegment ?? 64,
    threadSlots: 16,
    ringBytes: given.ringBytes ?? 256 << 10,
    heapBytes: 1 << 20,
    versionBytes: 1 << 20,
    regions: [LOG_REGION, ...cacheRegions(), ...spaceRegions()],
  });
}

/** A store on an empty disk, created and started, this thread attached. */
export function createStore(vfs: Vfs, given: StoreOptions = {}, directory = DIRECTORY): Store {
  createDatabaseFiles(vfs, directory);
  return openStore(vfs, fixtureMemory(given), given, directory);
}

/** The first thread of a boot: starts log and cache. */
export function openStore(vfs: Vfs, shm: SharedMemory, given: StoreOptions, directory = DIRECTORY): Store {
  attachThread(shm, THREAD_ROLE_HOST);
  const store = joinStore(vfs, shm, given.boot ?? 1, directory);
  startPageCache(store.cache, startOf(given.boot ?? 1), 1);
  startLog(store.log, given.start ?? firstLogStart());
  return store;
}

/** The views of a thread that is attached already. */
export function joinStore(vfs: Vfs, shm: SharedMemory, boot: number, directory = DIRECTORY): Store {
  const world = fixtureWorld(vfs);
  const files = openDatabaseFiles(vfs, directory);
  const log = attachLog(shm, world, logOptions(boot, directory));
  const cache = createPageCache(shm, world, files, {
    durableLsn: () => durableLsn(log),
    flushTo: (lsn) => flushTo(log, lsn),
    endLsn: () => tailLsn(log),
  });
  cache.boot = boot;
  const space = createSpace(shm, cache, log);
  return { shm, cache, log, space, tree: createTree(shm, cache, log, space) };
}

export const changeOf = (transaction: number, logged = true): IndexChange => ({
  logged,
  transaction,
  table: 9,
  previous: 0,
  compensation: false,
  lastRecord: 0,
});

/** Keys from integers, in the same order, for every kind. `spread`: byte keys of very different lengths. */
export function keyOf(kind: IndexKind, number: number, spread = 0): KeyScratch {
  const key = createKeyScratch();
  if (kind === 'i32') {
    key.i32[0] = number;
    key.length = 4;
  } else if (kind === 'i64') {
    const value = number * 3_000_000_001;
    key.i32[0] = Math.floor(value / 4294967296);
    key.i32[1] = value - Math.floor(value / 4294967296) * 4294967296;
    key.length = 8;
  } else {
    const text = Buffer.from(`key ${String(number + 1e9).padStart(11, '0')}`);
    key.u8.set(text);
    // Behind the number: bytes that follow from it, so that equal numbers are equal keys.
    const more = spread === 0 ? 0 : (Math.imul(number, 0x9e3779b1) >>> 3) % spread;
    for (let i = 0; i < more; i++) key.u8[text.length + i] = (number + i) & 255;
    key.length = text.length + more;
  }
  return key;
}

/** A key as text that sorts like nothing, for comparing. */
export function keyText(kind: IndexKind, key: KeyScratch): string {
  if (kind === 'i32') return String(key.i32[0]);
  if (kind === 'i64') return `${key.i32[0]}:${key.i32[1] >>> 0}`;
  return Buffer.from(key.u8.subarray(0, key.length)).toString('latin1');
}

export function seedOf(name: string): number {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: SCRATCHBIRD_SEED=${seed}`);
  return seed;
}
