/**
 * Copying a database while everybody works on: what the copy holds is what a crash at its end would have left, and opening it
 * recovers it.
 *
 *   1  a checkpoint; then its word is kept: the meta page stays as it is, and the log from there on stays (SM-W9)
 *   2  the data file, extent by extent, each while the page writer is held: no page is half written (SM-W5). Later images than
 *      those of the checkpoint do no harm: redo compares positions
 *   3  the log is flushed: it covers every page that was copied; its segments are copied up to there; then, in one step, what
 *      has come since, and zeros behind it
 *   4  the data file grows to what it has become: records of the copied log may name pages of new extents (SM-F1)
 *
 * Temporary pages, spilled rows and the double-write file have nothing to say in another life. Tables without log are empty in the
 * copy, as after a crash.
 */

import { join } from 'node:path';
import { SqlError, SQLSTATE } from '../../shm/errors.ts';
import type { Bytes } from '../../shm/types.ts';
import { CACHE_SHARED_CHECKPOINTER, compareExchangeCacheSharedCheckpointer } from './cache/cache.layout.gen.ts';
import type { PageCache } from './cache/page-cache.ts';
import { giveWriter, takeWriter } from './cache/page-writer.ts';
import { checkpoint, type CheckpointPorts, giveCheckpointer } from './checkpoint.ts';
import { createDatabaseFiles, DATA_FILE, databaseExists, EXTENT_BYTES, LOG_DIRECTORY } from './database-files.ts';
import { flushAll, writtenPlace } from './log/flush.ts';
import type { Log } from './log/log-context.ts';
import { segmentOfLsn, segmentPath } from './log/segments.ts';
import { readMeta } from './meta.ts';
import { type Vfs, type VfsFile, writeZeros } from './vfs/vfs.ts';

/** How far it is; `total` is an estimate until the end: the database may grow. */
export interface BackupProgress {
  readonly copied: Bytes;
  readonly total: Bytes;
}

/** Times that somebody else's checkpoint is waited for. */
const TRIES = 3000;

/**
 * Copies the database into a directory that holds none; yields after each extent, nothing held but the checkpoint's word: the caller
 * may do other work in between, and ends the copy by return() when it does not want it any more. 42P04 when there is a database
 * already, 53100, 58030, 55006 when a checkpoint does not end.
 */
export function* copyDatabase(
  cache: PageCache,
  log: Log,
  ports: CheckpointPorts,
  to: string,
): Generator<BackupProgress, void, void> {
  const { vfs } = log.world;
  if (databaseExists(vfs, to)) {
    throw new SqlError('42P04', `there is a database in ${to} already`, { hint: 'name another directory, or remove that one' });
  }
  yield* holdCheckpoint(cache, ports);
  try {
    const keep = readMeta(cache.files).checkpointLsn;
    createDatabaseFiles(vfs, to);
    const data = vfs.open(join(to, DATA_FILE), 'existing');
    try {
      const copied = yield* copyData(cache, data);
      flushAll(log);
      const first = writtenPlace(log);
      yield* copyLog(log, vfs, to, { segment: segmentOfLsn(log, keep), offset: 0 }, first, copied);
      // What was written meanwhile, in one go: what was committed before this step is in the copy.
      flushAll(log);
      const last = writtenPlace(log);
      for (const _ of copyLog(log, vfs, to, first, last, copied));
      fillSegment(log, vfs, to, last.segment);
      const size = cache.files.data.size();
      if (size > data.size()) writeZeros(data, data.size(), size - data.size());
      data.sync();
    } finally {
      data.close();
    }
    vfs.syncDirectory(join(to, LOG_DIRECTORY));
    vfs.syncDirectory(to);
  } finally {
    giveCheckpointer(cache);
  }
}

/** Takes a checkpoint, and its word before anybody takes another one. */
function* holdCheckpoint(cache: PageCache, ports: CheckpointPorts): Generator<BackupProgress, void, void> {
  const { i32, shared, shm } = cache;
  for (let tries = 0; tries < TRIES; tries++) {
    if (checkpoint(cache, ports) && compareExchangeCacheSharedCheckpointer(i32, shared, 0, shm.thread + 1) === 0) return;
    // Another thread is at it: its checkpoint does as well, once it has ended.
    if (compareExchangeCacheSharedCheckpointer(i32, shared, 0, shm.thread + 1) === 0) return;
    yield { copied: 0, total: cache.files.data.size() };
    Atomics.wait(
      i32,
      (shared + CACHE_SHARED_CHECKPOINTER) >>> 2,
      Atomics.load(i32, (shared + CACHE_SHARED_CHECKPOINTER) >>> 2),
      10,
    );
  }
  throw new SqlError(SQLSTATE.object_in_use, 'a checkpoint has been under way for long', { hint: 'try the backup again' });
}

function* copyData(cache: PageCache, to: VfsFile): Generator<BackupProgress, Bytes, void> {
  const buffer = new Uint8Array(EXTENT_BYTES);
  const { data } = cache.files;
  for (let at = 0; ; ) {
    takeWriter(cache);
    let got: number;
    try {
      got = data.read(at, buffer, 0, EXTENT_BYTES);
    } finally {
      giveWriter(cache);
    }
    if (got === 0) return at;
    to.write(at, buffer, 0, got);
    at += got;
    yield { copied: at, total: data.size() };
  }
}

interface LogPlace {
  readonly segment: number;
  readonly offset: Bytes;
}

/** The log from one place to another, which has been written: behind it may be half a batch of somebody's. */
function* copyLog(
  log: Log,
  vfs: Vfs,
  to: string,
  from: LogPlace,
  end: LogPlace,
  before: Bytes,
): Generator<BackupProgress, void, void> {
  const { segmentBytes, directory } = log.options;
  const buffer = new Uint8Array(EXTENT_BYTES);
  let copied = before;
  const total = before + (end.segment - from.segment + 1) * segmentBytes;
  for (let { segment } = from; segment <= end.segment; segment++) {
    const source = vfs.open(segmentPath(directory, segment), 'existing');
    const file = vfs.open(segmentPath(join(to, LOG_DIRECTORY), segment), 'create');
    try {
      const limit = segment === end.segment ? end.offset : segmentBytes;
      for (let at = segment === from.segment ? from.offset : 0; at < limit; ) {
        const got = source.read(at, buffer, 0, Math.min(EXTENT_BYTES, limit - at));
        if (got === 0) break;
        file.write(at, buffer, 0, got);
        at += got;
        copied += got;
        yield { copied, total };
      }
      file.sync();
    } finally {
      source.close();
      file.close();
    }
  }
}

/** A segment is of full size, zeros behind its last batch. */
function fillSegment(log: Log, vfs: Vfs, to: string, segment: number): void {
  const file = vfs.open(segmentPath(join(to, LOG_DIRECTORY), segment), 'existing');
  try {
    writeZeros(file, file.size(), log.options.segmentBytes - file.size());
    file.sync();
  } finally {
    file.close();
  }
}
