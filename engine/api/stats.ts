/** Figures of an open database: db.stats(). */

import { heapUsedBytes } from '../../shm/allocator.ts';
import { attachedThreads } from '../../shm/threads.ts';
import type { Engine } from '../exec/engine.ts';
import { type ModuleCacheFigures, moduleCacheFigures } from '../exec/module-cache.ts';
import { dirtyFrames } from '../storage/cache/page-cache.ts';
import { durableLsn, tailLsn } from '../storage/log/flush.ts';
import type { Kernel } from './kernel.ts';

/** Figures as of now. Those of `statements` but for `shared` are of the thread that asks; all others are of the database. */
export interface DatabaseStats {
  /** The page cache. */
  readonly cache: {
    /** Bytes that it may take. */
    readonly bytes: number;
    /** Pages that have changed since they were written. */
    readonly dirtyPages: number;
  };
  readonly statements: {
    /** Texts and shapes of statements that are kept, and about how much of V8's heap they take with their compiled code. */
    readonly cached: number;
    readonly bytes: number;
    /** Statements that were prepared: known already, and not. */
    readonly hits: number;
    readonly misses: number;
    /** Of those that were not known: parsed, bound and planned here; the others came from another thread. */
    readonly bound: number;
    /** What the threads share: entries, bytes in shared memory, statements found there and not found, entries that had to go. */
    readonly shared: ModuleCacheFigures;
  };
  /** Shared memory for undo lists, locks and shared statements. */
  readonly heap: { readonly bytes: number; readonly used: number };
  /** The log: bytes written since the database was made, and how many of them are on disk. */
  readonly log: { readonly written: number; readonly durable: number };
  /** Threads that have the database open, background threads included. */
  readonly threads: number;
}

export function databaseStats(kernel: Kernel, engine: Engine): DatabaseStats {
  const { cache, log, settings, shm } = kernel.parts;
  const { hits, misses, bound } = engine.cache;
  return {
    cache: { bytes: settings.cacheBytes, dirtyPages: dirtyFrames(cache) },
    statements: {
      cached: engine.cache.count,
      bytes: engine.cache.bytes,
      hits,
      misses,
      bound,
      shared: moduleCacheFigures(engine.modules),
    },
    heap: { bytes: shm.heapBytes, used: heapUsedBytes(shm) },
    log: { written: tailLsn(log), durable: durableLsn(log) },
    threads: attachedThreads(shm),
  };
}
