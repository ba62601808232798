/**
 * What the background jobs of a kernel do (engine/jobs): handlers, marks and clocks, the same in every thread.
 */

import {
  createJobs,
  JOB_CHECKPOINT,
  JOB_COLLECT,
  JOB_FLUSH,
  JOB_FREE_PAGES,
  JOB_PREPARE_SEGMENT,
  JOB_ROLL_BACK,
  JOB_STAMP,
  JOB_WRITE_PAGES,
  type Jobs,
  registerJob,
  registerMark,
  registerPeriodic,
} from '../jobs/jobs.ts';
import { registerJobsBurier } from '../jobs/queue.ts';
import { registerDeathWatch } from '../jobs/run.ts';
import { dirtyFrames, NEVER } from '../storage/cache/page-cache.ts';
import { writePages } from '../storage/cache/page-writer.ts';
import { checkpoint, checkpointDue, type CheckpointPorts } from '../storage/checkpoint.ts';
import { flushAll, tailLsn } from '../storage/log/flush.ts';
import {
  checkpointPassed,
  prepareSegment,
  ringInUse,
  segmentOfLsn,
  segmentsReady,
  segmentWanted,
} from '../storage/log/segments.ts';
import { loadLogSharedLastStamp } from '../storage/log/log-shared.layout.gen.ts';
import { loadCacheSharedCheckpointLsn } from '../storage/cache/cache.layout.gen.ts';
import { freeRetiredPages, retiredRuns } from '../storage/space/retired.ts';
import { advanceEpoch } from '../../shm/epoch.ts';
import { systemCalls } from '../../shm/system-calls.ts';
import { chunksToCollect, collect } from '../txn/collector.ts';
import { rollbackOrphans } from '../txn/rollback.ts';
import { lastNumber, oldestTransactionLsn } from '../txn/slots.ts';
import { stampEnded, stampQueueLength } from '../txn/stamper.ts';
import { loadTxnSharedChunksInUse, loadTxnSharedUndoQueue } from '../txn/txn.layout.gen.ts';
import type { KernelParts } from './kernel-parts.ts';

/** What a checkpoint asks the kernel. */
export function checkpointPorts(parts: KernelParts): CheckpointPorts {
  const { txns, log } = parts;
  return {
    firstLsnInUse: () => oldestTransactionLsn(txns, Number.POSITIVE_INFINITY),
    highestTransaction: () => lastNumber(txns),
    highestStamp: () => loadLogSharedLastStamp(log.control, log.shared),
    segmentOfLsn: (lsn) => segmentOfLsn(log, lsn),
    checkpointPassed: (lsn) => checkpointPassed(log, lsn),
  };
}

/** This thread's context of background work, with everything registered. */
export function createKernelJobs(parts: KernelParts): Jobs {
  const jobs = createJobs(parts.shm, parts.world.clock);
  registerJobsBurier(jobs);
  registerDeathWatch(jobs);
  registerHandlers(jobs, parts);
  registerMarks(jobs, parts);
  return jobs;
}

function registerHandlers(jobs: Jobs, parts: KernelParts): void {
  const { txns, log, cache, space, shm } = parts;
  const ports = checkpointPorts(parts);
  registerJob(
    jobs,
    JOB_STAMP,
    (_jobs, _a, _b, _c, budget) => stampEnded(txns, budget * 16) < budget * 16 && stampQueueLength(txns) > 0,
  );
  registerJob(jobs, JOB_COLLECT, (_jobs, _a, _b, _c, budget) => collect(txns, budget));
  registerJob(
    jobs,
    JOB_WRITE_PAGES,
    (_jobs, _a, _b, _c, budget) => writePages(cache, budget, NEVER) === budget && dirtyFrames(cache) > shm.frameCount / 4,
  );
  registerJob(jobs, JOB_CHECKPOINT, () => {
    checkpoint(cache, ports);
    return false;
  });
  registerJob(jobs, JOB_PREPARE_SEGMENT, () => {
    if (segmentsReady(log) < 1) prepareSegment(log);
    return false;
  });
  registerJob(jobs, JOB_FREE_PAGES, (_jobs, _a, _b, _c, budget) => {
    advanceEpoch(shm);
    return freeRetiredPages(space, budget) > 0 && retiredRuns(space) > 0;
  });
  registerJob(jobs, JOB_ROLL_BACK, () => rollbackOrphans(txns, 1) > 0);
  registerJob(jobs, JOB_FLUSH, () => {
    flushAll(log);
    return false;
  });
}

function registerMarks(jobs: Jobs, parts: KernelParts): void {
  const { txns, log, cache, space, shm, settings } = parts;
  registerMark(jobs, { kind: JOB_STAMP, read: () => stampQueueLength(txns), first: 1, second: settings.transactionSlots / 4 });
  registerMark(jobs, {
    kind: JOB_WRITE_PAGES,
    read: () => dirtyFrames(cache),
    start: (shm.frameCount * 3) / 8,
    first: shm.frameCount / 2,
    second: (shm.frameCount * 7) / 8,
  });
  registerMark(jobs, {
    kind: JOB_CHECKPOINT,
    read: () => tailLsn(log) - loadCacheSharedCheckpointLsn(shm.i32, cache.shared),
    start: settings.checkpointBytes / 2,
    first: settings.checkpointBytes,
    second: settings.checkpointBytes * 3,
  });
  // A small database never needs a second one. Where room comes without zeros, who needs it takes it in a few milliseconds itself:
  // no thread is started for that.
  const hurry = systemCalls() === null ? 7 / 8 : Infinity;
  registerMark(jobs, { kind: JOB_PREPARE_SEGMENT, read: () => segmentWanted(log), early: 1 / 2, first: hurry, second: Infinity });
  if (settings.durability === 'commit') {
    // Who writes much leaves it to a pool that runs to bring it to the disk, in pieces, so that little is left for the commit to write;
    // past half the ring it does so itself (credit.ts).
    registerMark(jobs, {
      kind: JOB_FLUSH,
      read: () => ringInUse(log),
      early: log.ringBytes / 16,
      first: Infinity,
      second: Infinity,
    });
  }
  registerMark(jobs, { kind: JOB_FREE_PAGES, read: () => retiredRuns(space), first: 16, second: 100_000 });
  registerMark(jobs, { kind: JOB_COLLECT, read: () => chunksToCollect(txns), first: 8, second: 128 });
  registerMark(jobs, { kind: JOB_ROLL_BACK, read: () => loadTxnSharedUndoQueue(txns.i32, txns.shared), first: 1, second: 1000 });
  registerPeriodic(jobs, {
    kind: JOB_COLLECT,
    milliseconds: 1000,
    wanted: () => loadTxnSharedChunksInUse(txns.i32, txns.shared) > 0,
  });
  registerPeriodic(jobs, { kind: JOB_FREE_PAGES, milliseconds: 1000, wanted: () => retiredRuns(space) > 0 });
  if (settings.durability === 'relaxed') {
    registerPeriodic(jobs, { kind: JOB_FLUSH, milliseconds: log.options.relaxedMilliseconds, wanted: null });
  }
  registerPeriodic(jobs, { kind: JOB_CHECKPOINT, milliseconds: 300_000, wanted: () => checkpointDue(cache, 1 << 20) });
}
