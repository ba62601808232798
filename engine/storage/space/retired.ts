/**
 * Pages that nobody reaches any more, on their way back to the free ones (SM-F2, SM-L6).
 *
 *   retireInGroup()   their bits say 'retired', in the group that makes them unreachable
 *   queueRetired()    after everything is let go: waits for the log to be durable up to that group (or the commit that the
 *                     drop belongs to), and for every thread inside the engine to have been outside once
 *   freeRetiredPages() by anyone, in passing and as a job: bits say 'free'. No log record: after a crash what the bitmaps call
 *                     retired is free at once
 *
 * Where many groups give back what one record says is done, and any of them can fail, nothing may be used again before that record: a
 * second attempt would take pages away from those who have them by then.
 *
 *   holdRetired() ... retire, retire ... the record ... letRetiredGo()     or forgetHeld(): they stay retired until the next open
 *
 * The queue is a ring in the control segment. What does not fit is not lost: it is free at the next open.
 */

import { assert } from '../../../shm/assert.ts';
import { advanceEpoch, epochPassed } from '../../../shm/epoch.ts';
import { acquireLatch, releaseLatch } from '../../../shm/latch.ts';
import type { Lsn, PageId } from '../../../shm/types.ts';
import { TESTING, yieldPoint } from '../../../shm/yield-point.ts';
import { latchPage, pagePlace, pageTouched, pageViews, unlatchPage } from '../cache/page-cache.ts';
import { freeRetired } from './allocation-page.ts';
import { allocationPageOf, GROUP_PAGES, groupOf } from './geometry.ts';
import { lowerFirstGroup, type Space } from './space.ts';
import {
  RETIRED_RUN_BYTES,
  retiredRunCount,
  retiredRunEpoch,
  retiredRunFirst,
  retiredRunLsn,
  setRetiredRunCount,
  setRetiredRunEpoch,
  setRetiredRunFirst,
  setRetiredRunLsn,
  setSpaceSharedRetiredHead,
  setSpaceSharedRetiredLost,
  setSpaceSharedRetiredTail,
  spaceSharedRetiredHead,
  spaceSharedRetiredLost,
  spaceSharedRetiredTail,
} from './space.layout.gen.ts';
import { RETIRED_RUNS } from './space.layout.ts';

const testing = TESTING;

const runAt = (space: Space, position: number): number => space.retired + ((position >>> 0) % RETIRED_RUNS) * RETIRED_RUN_BYTES;

/** Runs that wait. */
export const retiredRuns = (space: Space): number =>
  (spaceSharedRetiredTail(space.shm.i32, space.shared) - spaceSharedRetiredHead(space.shm.i32, space.shared)) | 0;

/** Queues a retired run; `lsn` is the end of the group or commit that must be durable first. Nothing latched or held. */
export function queueRetired(space: Space, first: PageId, count: number, lsn: Lsn): void {
  const { shm, shared } = space;
  if (space.held !== null) {
    space.held.push({ first, count, lsn });
    return;
  }
  const epoch = advanceEpoch(shm);
  acquireLatch(shm, shared);
  if (retiredRuns(space) === RETIRED_RUNS) {
    setSpaceSharedRetiredLost(shm.i32, shared, spaceSharedRetiredLost(shm.i32, shared) + count);
  } else {
    const tail = spaceSharedRetiredTail(shm.i32, shared);
    const run = runAt(space, tail);
    setRetiredRunLsn(shm.f64, run, lsn);
    setRetiredRunFirst(shm.i32, run, first);
    setRetiredRunCount(shm.i32, run, count);
    setRetiredRunEpoch(shm.i32, run, epoch);
    setSpaceSharedRetiredTail(shm.i32, shared, (tail + 1) | 0);
  }
  releaseLatch(shm, shared);
}

/** From here on what this thread retires stays out of the queue. */
export function holdRetired(space: Space): void {
  assert(space.held === null, 'what is retired is held once');
  space.held = [];
}

/** What was held goes into the queue. Nothing latched or held. */
export function letRetiredGo(space: Space): void {
  const held = space.held ?? [];
  space.held = null;
  for (const { first, count, lsn } of held) queueRetired(space, first, count, lsn);
}

/** The giving back was cut short, or is over: what is still held is free at the next open, and not before. */
export function forgetHeld(space: Space): void {
  space.held = null;
}

/** Frees up to `atMost` runs whose time has come, in the order in which they came; returns how many. Nothing latched or held. */
export function freeRetiredPages(space: Space, atMost: number): number {
  if (retiredRuns(space) === 0) return 0;
  const durable = space.cache.log.durableLsn();
  let freed = 0;
  while (freed < atMost && freeFirstRun(space, durable)) freed++;
  return freed;
}

function freeFirstRun(space: Space, durable: Lsn): boolean {
  const { shm, shared } = space;
  acquireLatch(shm, shared);
  const head = spaceSharedRetiredHead(shm.i32, shared);
  const run = runAt(space, head);
  const ready =
    retiredRuns(space) > 0 && retiredRunLsn(shm.f64, run) <= durable && epochPassed(shm, retiredRunEpoch(shm.i32, run));
  const first = retiredRunFirst(shm.i32, run);
  const count = retiredRunCount(shm.i32, run);
  // Taken out before it is freed: if this thread dies in between, the run stays retired until the next open.
  if (ready) setSpaceSharedRetiredHead(shm.i32, shared, (head + 1) | 0);
  releaseLatch(shm, shared);
  if (!ready) return false;
  if (testing) yieldPoint('space.retiredReady');
  freeRun(space, first, count);
  return true;
}

function freeRun(space: Space, first: PageId, count: number): void {
  const { cache, shm } = space;
  const frame = latchPage(cache, allocationPageOf(first));
  freeRetired(pageViews(cache, frame), pagePlace(cache, frame), first % GROUP_PAGES, count);
  pageTouched(cache, frame);
  unlatchPage(cache, frame);
  acquireLatch(shm, space.shared);
  lowerFirstGroup(space, groupOf(first));
  releaseLatch(shm, space.shared);
}
