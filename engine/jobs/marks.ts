/**
 * Marks: when background work is queued, when the pool is started, and when a writing call does a slice itself.
 *
 *   below the first mark     nobody hurries; without a pool every LOOK_EVERY-th writing call does a slice
 *   early mark               a pool that runs does it; none is started for that, and writing calls go on
 *   start mark               the pool is wanted, so that it is there at the first mark; writing calls go on
 *   first mark, urgent job   the pool is wanted; until it runs, every writing call does a slice
 *   second mark              every writing call does a slice, pool or not; one more thread of the pool is wanted
 *
 * foregroundSlice() is hot: one load and one count where there is nothing to do; it allocates nothing.
 */

import { JOBS_SHARED_PERIODIC_AT } from './jobs.layout.gen.ts';
import { ATTENTION_BEHIND, ATTENTION_OVERRUN, POOL_WANTED } from './jobs.layout.ts';
import type { Jobs } from './jobs.ts';
import { putJobOnce, queuedJobs, wantPool } from './queue.ts';
import { runJob } from './run.ts';

/** Writing calls between two looks of a thread at the marks. */
export const LOOK_EVERY = 128;

const loadsInOrder = process.arch === 'x64';

/** On entry to a writing call, where nothing is latched or held: at most one slice. Throws only what runJob() throws. */
export function foregroundSlice(jobs: Jobs): void {
  // A plain load where loads stay in order: a word that is seen a moment late is seen by the next call.
  const attention = look(jobs.i32, jobs.attentionWord);
  if (++jobs.entries >= LOOK_EVERY || attention !== 0) attend(jobs);
}

const look = (i32: Int32Array, word: number): number => (loadsInOrder ? i32[word] : Atomics.load(i32, word));

/** While the work is behind each writing call comes here. */
function attend(jobs: Jobs): void {
  const { i32 } = jobs;
  const isLook = jobs.entries >= LOOK_EVERY;
  if (isLook) lookAtMarks(jobs);
  if (jobs.startPool !== null && look(i32, jobs.poolWord) === POOL_WANTED) jobs.startPool();
  const attention = look(i32, jobs.attentionWord);
  const isPoolThere = look(i32, jobs.runningWord) > 0;
  const isDue = (attention & ATTENTION_OVERRUN) !== 0 || (!isPoolThere && (isLook || attention !== 0));
  if (isDue) runJob(jobs);
}

/** Reads all marks and clocks, queues what is due, and says in `attention` how far behind the work is. */
export function lookAtMarks(jobs: Jobs): void {
  const { i32 } = jobs;
  jobs.entries = 0;
  // Cleared first: an urgent job that is queued from here on sets its bit after us, one from before is counted below.
  // Every writing call reads this word: it is written only where that changes something (SM-S3).
  if (Atomics.load(i32, jobs.attentionWord) !== 0) Atomics.store(i32, jobs.attentionWord, 0);
  const isPoolThere = Atomics.load(i32, jobs.runningWord) > 0;
  let attention = 0;
  for (let index = 0; index < jobs.marks.length; index++) {
    const mark = jobs.marks[index];
    const value = mark.read();
    if (value < mark.first) {
      if (isPoolThere) {
        if (mark.early !== undefined && value >= mark.early) putJobOnce(jobs, mark.kind);
      } else if (mark.start !== undefined && value >= mark.start) wantPool(jobs);
      continue;
    }
    putJobOnce(jobs, mark.kind);
    attention |= value >= mark.second ? ATTENTION_BEHIND | ATTENTION_OVERRUN : ATTENTION_BEHIND;
  }
  if (jobs.periodics.length > 0) queuePeriodics(jobs, milliseconds(jobs));
  const queued = queuedJobs(jobs);
  if (queued >= jobs.queueFirst || Atomics.load(i32, jobs.urgentWord) > 0) attention |= ATTENTION_BEHIND;
  if (queued >= jobs.queueSecond) attention |= ATTENTION_OVERRUN;
  if (attention !== 0) Atomics.or(i32, jobs.attentionWord, attention);
  const isWanted = isPoolThere ? (attention & ATTENTION_OVERRUN) !== 0 : attention !== 0;
  if (isWanted) wantPool(jobs);
}

/** The clock in milliseconds, an int32 that wraps: compared by difference. */
const milliseconds = (jobs: Jobs): number => Math.floor(jobs.clock.now() / 1000) | 0;

function queuePeriodics(jobs: Jobs, now: number): void {
  for (let index = 0; index < jobs.periodics.length; index++) {
    const periodic = jobs.periodics[index];
    if (periodic.wanted !== null && !periodic.wanted()) continue;
    const word = periodicWord(jobs, periodic.kind);
    const last = Atomics.load(jobs.i32, word);
    if (last === 0) {
      // The first interval begins with the first look.
      Atomics.compareExchange(jobs.i32, word, 0, now === 0 ? 1 : now);
      continue;
    }
    const passed = (now - last) | 0;
    // Below 0 the clock was set back: begin anew.
    if (passed >= 0 && passed < periodic.milliseconds) continue;
    if (Atomics.compareExchange(jobs.i32, word, last, now) === last) putJobOnce(jobs, periodic.kind);
  }
}

/** Milliseconds until a job is queued by time that is wanted already; `atMost` if that is sooner. At least 1. */
export function untilPeriodic(jobs: Jobs, atMost: number): number {
  const now = milliseconds(jobs);
  let until = atMost;
  for (let index = 0; index < jobs.periodics.length; index++) {
    const periodic = jobs.periodics[index];
    if (periodic.wanted !== null && !periodic.wanted()) continue;
    const passed = (now - Atomics.load(jobs.i32, periodicWord(jobs, periodic.kind))) | 0;
    until = Math.min(until, passed < 0 ? 1 : periodic.milliseconds - passed);
  }
  return Math.max(1, until);
}

const periodicWord = (jobs: Jobs, kind: number): number => ((jobs.shared + JOBS_SHARED_PERIODIC_AT) >>> 2) + kind;
