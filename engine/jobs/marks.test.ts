import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { jobsMemory, jobsOf, load, store, WORD_DONE, WORD_LEVEL } from '../../test/jobs/bodies.ts';
import { ManualClock } from '../storage/world.ts';
import { POOL_NONE, POOL_WANTED } from './jobs.layout.ts';
import {
  JOB_OTHER,
  JOB_ROLL_BACK,
  JOB_WRITE_PAGES,
  type Jobs,
  type JobsOptions,
  registerJob,
  registerMark,
  registerPeriodic,
  SLICE,
} from './jobs.ts';
import { foregroundSlice, LOOK_EVERY, lookAtMarks, untilPeriodic } from './marks.ts';
import { putJob, putJobOnce, queuedJobs, setPoolThread } from './queue.ts';
import { drainJobs } from './run.ts';

const FIRST = 500;
const SECOND = 1000;

/** Without the jobs by time that the folder has itself. */
function quiet(options: JobsOptions = {}, clock?: ManualClock): Jobs {
  const jobs = jobsOf(jobsMemory(), options, clock);
  jobs.periodics.length = 0;
  return jobs;
}

function levelled(level: number): Jobs {
  const jobs = quiet();
  registerMark(jobs, { kind: JOB_WRITE_PAGES, read: () => load(jobs, WORD_LEVEL), first: FIRST, second: SECOND });
  store(jobs, WORD_LEVEL, level);
  return jobs;
}

const poolState = (jobs: Jobs): number => Atomics.load(jobs.i32, jobs.poolWord);

function call(jobs: Jobs, times: number): void {
  for (let turn = 0; turn < times; turn++) foregroundSlice(jobs);
}

test('below the first mark writing calls queue nothing and do nothing', () => {
  const jobs = levelled(FIRST - 1);
  call(jobs, 10 * LOOK_EVERY);
  equal(load(jobs, WORD_DONE), 0);
  equal(poolState(jobs), POOL_NONE);
});

test('at the first mark the pool is wanted, and until it runs each writing call does a slice', () => {
  const jobs = levelled(FIRST);
  call(jobs, LOOK_EVERY);
  equal(poolState(jobs), POOL_WANTED);
  equal(load(jobs, WORD_DONE), 1);
  equal(load(jobs, WORD_LEVEL), FIRST - SLICE);
  call(jobs, 1);
  equal(load(jobs, WORD_DONE), 2);
  setPoolThread(jobs, true);
  call(jobs, 1);
  equal(load(jobs, WORD_DONE), 2, 'a pool runs now');
});

test('at an early mark a pool that runs does it, and writing calls go on', () => {
  const jobs = quiet();
  registerMark(jobs, { kind: JOB_WRITE_PAGES, read: () => load(jobs, WORD_LEVEL), early: 10, first: FIRST, second: SECOND });
  store(jobs, WORD_LEVEL, 9);
  call(jobs, 4 * LOOK_EVERY);
  equal(poolState(jobs), POOL_NONE);
  store(jobs, WORD_LEVEL, 10);
  call(jobs, 4 * LOOK_EVERY);
  equal(poolState(jobs), POOL_NONE);
  deepEqual([load(jobs, WORD_DONE), queuedJobs(jobs)], [0, 0]);
  setPoolThread(jobs, true);
  call(jobs, 4 * LOOK_EVERY);
  deepEqual([load(jobs, WORD_DONE), queuedJobs(jobs)], [0, 1], 'it waits for the pool');
  setPoolThread(jobs, false);
});

test('at the second mark writing calls do slices, though a pool runs', () => {
  const jobs = levelled(SECOND);
  setPoolThread(jobs, true);
  call(jobs, LOOK_EVERY + 2);
  equal(load(jobs, WORD_DONE), 3);
  equal(poolState(jobs), POOL_WANTED, 'one more thread');
  setPoolThread(jobs, false);
});

test('without a pool a little work gets done too, a slice at each look', () => {
  const jobs = quiet();
  putJob(jobs, JOB_OTHER, 1, 0, 0);
  putJob(jobs, JOB_OTHER, 1, 0, 0);
  call(jobs, LOOK_EVERY - 1);
  equal(load(jobs, WORD_DONE), 0);
  call(jobs, 1);
  equal(load(jobs, WORD_DONE), 1);
  call(jobs, LOOK_EVERY);
  equal(load(jobs, WORD_DONE), 2);
  equal(poolState(jobs), POOL_NONE);
});

test('an urgent job is done by the next writing call, and asks for the pool', () => {
  const jobs = quiet();
  let ran = 0;
  registerJob(jobs, JOB_ROLL_BACK, () => {
    ran++;
    return false;
  });
  putJobOnce(jobs, JOB_ROLL_BACK);
  equal(poolState(jobs), POOL_WANTED);
  call(jobs, 1);
  equal(ran, 1);
});

test('a long queue passes the marks like any quantity', () => {
  const jobs = quiet({ queueFirst: 4, queueSecond: 8 });
  for (let turn = 0; turn < 4; turn++) putJob(jobs, JOB_OTHER, 1, 0, 0);
  lookAtMarks(jobs);
  equal(poolState(jobs), POOL_WANTED);
  setPoolThread(jobs, true);
  call(jobs, 1);
  equal(queuedJobs(jobs), 4);
  for (let turn = 0; turn < 4; turn++) putJob(jobs, JOB_OTHER, 1, 0, 0);
  lookAtMarks(jobs);
  call(jobs, 1);
  equal(queuedJobs(jobs), 7);
  setPoolThread(jobs, false);
});

test('the host starts the pool on its next writing call after somebody wanted it', () => {
  const jobs = levelled(FIRST);
  let started = 0;
  jobs.startPool = () => {
    started++;
    jobs.startPool = null;
  };
  call(jobs, 2 * LOOK_EVERY);
  equal(started, 1);
});

test('a job by time is queued once an interval, by whoever looks first, and when it is wanted', () => {
  const clock = new ManualClock();
  const jobs = quiet({}, clock);
  let isWanted = true;
  registerPeriodic(jobs, { kind: JOB_OTHER, milliseconds: 50, wanted: () => isWanted });
  const lookAfter = (milliseconds: number): number => {
    clock.advance(milliseconds * 1000);
    const before = queuedJobs(jobs);
    lookAtMarks(jobs);
    const put = queuedJobs(jobs) - before;
    drainJobs(jobs);
    return put;
  };
  lookAfter(0);
  equal(lookAfter(49), 0);
  equal(untilPeriodic(jobs, 100), 1);
  equal(lookAfter(1), 1);
  equal(untilPeriodic(jobs, 100), 50);
  isWanted = false;
  equal(lookAfter(500), 0);
  equal(untilPeriodic(jobs, 100), 100);
  isWanted = true;
  equal(lookAfter(0), 1);
});

test('the check on entry to a writing call costs a load and a count where there is nothing to do', () => {
  const jobs = quiet();
  const before = process.memoryUsage().heapUsed;
  call(jobs, 1_000_000);
  const grown = process.memoryUsage().heapUsed - before;
  ok(grown < 1_000_000, `a million calls grew the heap by ${grown} bytes`);
});
