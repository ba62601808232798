/**
 * Opening a database: a new one is created, an existing one is recovered, and the kernel's parts of this thread are returned.
 *
 *   lock the directory
 *   new        files, meta page without tables -> log -> sys.tables in one ordinary transaction -> meta page that names it
 *   existing   meta page -> torn pages from the double-write file -> redo -> log -> undo -> stamps of winners -> checkpoint or meta page
 *
 * Creation counts when the meta page names sys.tables; what a crash left before that is made anew. A crash during recovery is
 * safe: every step can be begun again (SM-W9).
 */

import { join } from 'node:path';
import { assert } from '../../shm/assert.ts';
import { SqlError } from '../../shm/errors.ts';
import { createSharedMemory, type SharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_HOST } from '../../shm/threads.ts';
import { PAGE_BYTES } from '../../shm/types.ts';
import { initialiseJobs } from '../jobs/jobs.ts';
import { repairFromDoubleWrite } from '../storage/cache/double-write.ts';
import { dirtyFrames, type PageCache, startPageCache } from '../storage/cache/page-cache.ts';
import { changeMeta, checkpoint, startCheckpoints } from '../storage/checkpoint.ts';
import {
  closeDatabaseFiles,
  createDatabaseFiles,
  DATA_FILE,
  emptyTemporaryFiles,
  LOG_DIRECTORY,
} from '../storage/database-files.ts';
import { flushAll } from '../storage/log/flush.ts';
import { firstLogStart, FIRST_LSN, startLog } from '../storage/log/open.ts';
import { type Meta, newMeta, readMeta, writeMeta } from '../storage/meta.ts';
import { finishPages } from '../storage/recovery/finish.ts';
import { redoLog } from '../storage/recovery/recover.ts';
import { undoLosers } from '../storage/recovery/undo.ts';
import type { VfsLock } from '../storage/vfs/vfs.ts';
import type { World } from '../storage/world.ts';
import { installReadHook } from '../txn/page-hooks.ts';
import { startNumbers } from '../txn/slots.ts';
import { checkpointPorts } from './background.ts';
import type { KernelSettings } from './kernel-options.ts';
import {
  assembleParts,
  attachKernelLog,
  type KernelParts,
  type KernelPlace,
  kernelRegions,
  openCache,
  registerKernelRecords,
} from './kernel-parts.ts';
import { KERNEL_REGIONS } from './kernel-words.ts';

export interface OpenedDatabase {
  readonly parts: KernelParts;
  readonly place: KernelPlace;
  readonly settings: KernelSettings;
  readonly lock: VfsLock;
  /** Heap map of sys.tables, 0 for a new database, whose tables are still to be made. */
  readonly tablesRoot: number;
  /** What recovery did, for the log line of open(). */
  readonly recovered: RecoveryFigures | null;
}

export interface RecoveryFigures {
  readonly records: number;
  readonly applied: number;
  readonly losers: number;
  readonly milliseconds: number;
}

/** Opens the directory for this process, in the calling thread. 55006 when another process, or this one, has it open. */
export function openDatabase(directory: string, settings: KernelSettings, world: World): OpenedDatabase {
  const { vfs } = world;
  vfs.makeDirectory(directory);
  const lock = vfs.lock(directory);
  try {
    const meta = metaOf(world, directory);
    return meta === null
      ? createDatabase(directory, settings, world, lock)
      : recoverDatabase(directory, settings, world, lock, meta);
  } catch (error) {
    releaseQuietly(lock, error);
    throw error;
  }
}

/** The first error is what counts; a lock that cannot be released either goes with the process. */
function releaseQuietly(lock: VfsLock, first: unknown): void {
  try {
    lock.release();
  } catch (second) {
    if (first instanceof SqlError && second instanceof SqlError) return;
    throw first;
  }
}

/** What the database says of itself; null when there is none, or its creation was not finished. XX001 when it is damaged. */
function metaOf(world: World, directory: string): Meta | null {
  const { vfs } = world;
  const path = join(directory, DATA_FILE);
  if (!vfs.exists(path)) return null;
  const file = vfs.open(path, 'existing');
  try {
    const bytes = new Uint8Array(PAGE_BYTES * 2);
    const length = file.read(0, bytes, 0, bytes.length);
    if (length === 0 || bytes.every((byte) => byte === 0)) return null;
    const meta = readMeta({ directory, data: file, temporary: file, doubleWrite: file });
    return meta.tablesRoot === 0 ? null : meta;
  } finally {
    file.close();
  }
}

function makeMemory(settings: KernelSettings): SharedMemory {
  const shm = createSharedMemory({
    frames: Math.floor(settings.cacheBytes / PAGE_BYTES),
    threadSlots: settings.threads,
    ringBytes: settings.ringBytes,
    heapBytes: settings.heapBytes,
    versionBytes: settings.versionBytes,
    regions: kernelRegions(settings, KERNEL_REGIONS(settings.threads)),
  });
  initialiseJobs(shm, Math.max(1024, 2 ** Math.ceil(Math.log2(settings.threads * 4))));
  attachThread(shm, THREAD_ROLE_HOST);
  registerKernelRecords();
  return shm;
}

// ---- creating ----

function createDatabase(directory: string, settings: KernelSettings, world: World, lock: VfsLock): OpenedDatabase {
  const { vfs, random, clock } = world;
  createDatabaseFiles(vfs, directory);
  vfs.syncDirectory(parentOf(directory));
  const meta = newMeta(random.int32(), random.int32(), clock.now());
  meta.boot = 1;
  meta.checkpointLsn = FIRST_LSN;
  meta.durableLsn = FIRST_LSN;
  meta.logSegment = 1;
  meta.logSegmentBytes = settings.segmentBytes;
  meta.highestTransaction = settings.firstTransaction;
  meta.serverId = random.int32() & 0xffff;
  const shm = makeMemory(settings);
  let cache: PageCache | null = null;
  try {
    cache = openCache(shm, world, directory);
    writeMeta(cache.files, meta);
    startPageCache(cache, meta, 1);
    const place = placeOf(directory, meta, 1, true);
    const log = attachKernelLog(cache, settings, place);
    startLog(log, firstLogStart());
    const parts = assembleParts(cache, log, settings, place);
    startNumbers(parts.txns, settings.firstTransaction);
    installReadHook(cache, null);
    startCheckpoints(cache, FIRST_LSN);
    return { parts, place, settings, lock, tablesRoot: 0, recovered: null };
  } catch (error) {
    if (cache !== null) closeDatabaseFiles(cache.files);
    leaveMemory(shm);
    throw error;
  }
}

/** The thread gives its slot back if it can; memory that a failed open leaves is nobody's. */
function leaveMemory(shm: SharedMemory): void {
  if (shm.thread >= 0 && shm.i32[shm.threadBase >>> 2] === 0 && shm.i32[(shm.threadBase >>> 2) + 1] === 0) detachThread(shm);
}

/** sys.tables has been made: from now on the database exists. */
export function nameTables(parts: KernelParts, tablesRoot: number): void {
  flushAll(parts.log);
  const meta = readMeta(parts.files);
  meta.tablesRoot = tablesRoot;
  writeMeta(parts.files, meta);
}

// ---- recovering ----

function recoverDatabase(directory: string, settings: KernelSettings, world: World, lock: VfsLock, meta: Meta): OpenedDatabase {
  const own = { ...settings, segmentBytes: meta.logSegmentBytes };
  const started = performance.now();
  const shm = makeMemory(own);
  let cache: PageCache | null = null;
  try {
    cache = openCache(shm, world, directory);
    emptyTemporaryFiles(world.vfs, cache.files);
    repairFromDoubleWrite(cache.files, meta.databaseHigh, meta.databaseLow);
    // Boot 0: which stamps won is not known before the end of the log, so no page is resolved yet.
    startPageCache(cache, { ...meta, boot: 0 }, 1);
    const known = {
      lsn: meta.checkpointLsn,
      segment: meta.logSegment,
      durableLsn: meta.durableLsn,
      closed: meta.cleanShutdown,
      boot: meta.boot,
      highestTransaction: meta.highestTransaction,
      highestStamp: meta.highestStamp,
    };
    const logPlace = {
      directory: join(directory, LOG_DIRECTORY),
      databaseHigh: meta.databaseHigh,
      databaseLow: meta.databaseLow,
      segmentBytes: meta.logSegmentBytes,
    };
    const state = redoLog(world.vfs, logPlace, known, cache);
    const place = placeOf(directory, meta, state.boot, meta.cleanShutdown);
    const log = attachKernelLog(cache, own, place);
    startLog(log, state.start);
    const parts = assembleParts(cache, log, own, place);
    startNumbers(parts.txns, state.highestTransaction);
    undoLosers(state, log, parts);
    startPageCache(cache, { ...meta, boot: state.boot }, 1);
    installReadHook(cache, state.winners);
    finishPages(state, cache);
    startCheckpoints(cache, meta.checkpointLsn);
    endRecovery(cache, parts, state.boot);
    const recovered = {
      records: state.records,
      applied: state.applied,
      losers: state.losers.length,
      milliseconds: performance.now() - started,
    };
    return { parts, place, settings: own, lock, tablesRoot: meta.tablesRoot, recovered };
  } catch (error) {
    if (cache !== null) closeDatabaseFiles(cache.files);
    leaveMemory(shm);
    throw error;
  }
}

/** Above this part of the cache pages that recovery changed are written later. */
const WRITTEN_NOW = 1 / 16;

/**
 * The meta page names the new boot before any page does. What is in the cache need not be written for that: a crash from here on
 * is one more crash during recovery, and the log since the last checkpoint counts for the next one.
 */
function endRecovery(cache: PageCache, parts: KernelParts, boot: number): void {
  if (dirtyFrames(cache) <= cache.shm.frameCount * WRITTEN_NOW) {
    const done = checkpoint(cache, checkpointPorts(parts));
    assert(done, 'nobody else takes a checkpoint while the database is opened');
    return;
  }
  changeMeta(cache, (meta) => {
    meta.boot = boot;
    meta.cleanShutdown = false;
  });
}

const placeOf = (directory: string, meta: Meta, boot: number, clean: boolean): KernelPlace => ({
  directory,
  logDirectory: join(directory, LOG_DIRECTORY),
  databaseHigh: meta.databaseHigh,
  databaseLow: meta.databaseLow,
  serverId: meta.serverId,
  boot,
  clean,
});

function parentOf(directory: string): string {
  return join(directory, '..');
}
