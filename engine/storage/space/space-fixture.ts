/** For tests of free space: cache, log and space over a disk that may crash, and the way back up. */

import {
  createSharedMemory,
  handleOf,
  type SharedMemory,
  type SharedMemoryHandle,
  viewSharedMemory,
} from '../../../shm/shared-memory.ts';
import { attachThread, THREAD_ROLE_HOST } from '../../../shm/threads.ts';
import { repairFromDoubleWrite } from '../cache/double-write.ts';
import { cacheRegions, createPageCache, type LogPort, type PageCache, startPageCache } from '../cache/page-cache.ts';
import { checkpoint, startCheckpoints } from '../checkpoint.ts';
import { createDatabaseFiles, emptyTemporaryFiles, LOG_DIRECTORY, openDatabaseFiles } from '../database-files.ts';
import { durableLsn, flushTo, tailLsn } from '../log/flush.ts';
import type { Log, LogOptions } from '../log/log-context.ts';
import { attachLog, FIRST_LSN, firstLogStart, LOG_DEFAULTS, LOG_REGION, startLog } from '../log/open.ts';
import { checkpointPassed, segmentOfLsn } from '../log/segments.ts';
import { newMeta, readMeta, writeMeta } from '../meta.ts';
import { finishPages } from '../recovery/finish.ts';
import { redoLog } from '../recovery/recover.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { ManualClock, SeededRandom, type World } from '../world.ts';
import { registerSpaceRecords } from './records.ts';
import { createSpace, restoreDataFile, type Space, spaceRegions } from './space.ts';

export const DIRECTORY = '/database';
const ID = { databaseHigh: 7, databaseLow: 9 };
const SEGMENT_BYTES = 64 << 10;

export interface Store {
  shm: SharedMemory;
  cache: PageCache;
  log: Log;
  space: Space;
}

export const worldOf = (vfs: Vfs): World => ({
  vfs,
  clock: new ManualClock(1_700_000_000_000_000, 1),
  random: new SeededRandom(1),
});

const logOptions = (directory: string, boot: number): LogOptions => ({
  ...LOG_DEFAULTS,
  ...ID,
  directory: `${directory}/${LOG_DIRECTORY}`,
  boot,
  segmentBytes: SEGMENT_BYTES,
});

export const memoryOf = (frames: number): SharedMemory =>
  createSharedMemory({
    frames,
    framesPerSegment: 64,
    threadSlots: 8,
    ringBytes: 64 << 10,
    heapBytes: 1 << 20,
    versionBytes: 64 << 10,
    regions: [LOG_REGION, ...cacheRegions(), ...spaceRegions()],
  });

const portOf = (log: Log): LogPort => ({
  durableLsn: () => durableLsn(log),
  flushTo: (lsn) => flushTo(log, lsn),
  endLsn: () => tailLsn(log),
});

/** During redo there is no log to flush: what is read from it is on disk. */
const READING: LogPort = { durableLsn: () => Number.MAX_SAFE_INTEGER, flushTo: () => {}, endLsn: () => Number.MAX_SAFE_INTEGER };

/** Makes an empty database. */
export function createStore(vfs: Vfs, directory = DIRECTORY): void {
  createDatabaseFiles(vfs, directory);
  const files = openDatabaseFiles(vfs, directory);
  const shm = memoryOf(16);
  attachThread(shm, THREAD_ROLE_HOST);
  const log = attachLog(shm, worldOf(vfs), logOptions(directory, 1));
  startLog(log, firstLogStart());
  const meta = newMeta(ID.databaseHigh, ID.databaseLow, 0);
  meta.boot = 1;
  meta.logSegmentBytes = SEGMENT_BYTES;
  meta.checkpointLsn = FIRST_LSN;
  meta.durableLsn = FIRST_LSN;
  meta.logSegment = segmentOfLsn(log, FIRST_LSN);
  writeMeta(files, meta);
}

/** Opens a database as the engine does: repair, redo, a new boot, a checkpoint. This thread is attached. */
export function openStore(vfs: Vfs, frames: number, directory = DIRECTORY): Store {
  const shm = memoryOf(frames);
  attachThread(shm, THREAD_ROLE_HOST);
  const files = openDatabaseFiles(vfs, directory);
  const meta = readMeta(files);
  repairFromDoubleWrite(files, ID.databaseHigh, ID.databaseLow);
  emptyTemporaryFiles(vfs, files);
  registerSpaceRecords();
  const cache = createPageCache(shm, worldOf(vfs), files, READING);
  startPageCache(cache, { ...ID, boot: meta.boot }, 1);
  const known = {
    lsn: meta.checkpointLsn,
    segment: meta.logSegment,
    durableLsn: meta.durableLsn,
    boot: meta.boot,
    highestTransaction: 0,
    highestStamp: 0,
  };
  const state = redoLog(vfs, logOptions(directory, 0), known, cache);
  const log = attachLog(shm, cache.world, logOptions(directory, state.boot));
  startLog(log, state.start);
  cache.log = portOf(log);
  startPageCache(cache, { ...ID, boot: state.boot }, 1);
  const space = createSpace(shm, cache, log);
  finishPages(state, cache);
  restoreDataFile(space);
  startCheckpoints(cache, meta.checkpointLsn);
  const store = { shm, cache, log, space };
  takeCheckpoint(store);
  return store;
}

export function takeCheckpoint({ cache, log }: Store): boolean {
  return checkpoint(cache, {
    firstLsnInUse: () => Number.POSITIVE_INFINITY,
    highestTransaction: () => 0,
    highestStamp: () => 0,
    segmentOfLsn: (lsn) => segmentOfLsn(log, lsn),
    checkpointPassed: (lsn) => checkpointPassed(log, lsn),
  });
}

/** What another thread needs to join. */
export const handleOfStore = (store: Store): SharedMemoryHandle => handleOf(store.shm);

/** The store as another thread sees it; the thread is attached. */
export function joinStore(vfs: Vfs, handle: SharedMemoryHandle, boot: number, directory: string): Store {
  const shm = viewSharedMemory(handle);
  attachThread(shm, THREAD_ROLE_HOST);
  const world = worldOf(vfs);
  const log = attachLog(shm, world, logOptions(directory, boot));
  const cache = createPageCache(shm, world, openDatabaseFiles(vfs, directory), portOf(log));
  return { shm, cache, log, space: createSpace(shm, cache, log) };
}

export function seedOf(name: string): number {
  const seed = Number(process.env.SCRATCHBIRD_SEED ?? Math.floor(Math.random() * 2 ** 31));
  console.log(`${name}: SCRATCHBIRD_SEED=${seed}`);
  return seed;
}
