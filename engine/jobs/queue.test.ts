import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { test } from 'node:test';
import { enterCritical, isPoisoned, leaveCritical } from '../../shm/critical.ts';
import { markDead, threadGeneration } from '../../shm/deaths.ts';
import { handleOf, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, collectDeadThreads, THREAD_ROLE_POOL } from '../../shm/threads.ts';
import { jobsMemory, jobsOf, load, store, WORD_BEGUN, WORD_DONE, WORD_FAULT, WORD_SUM } from '../../test/jobs/bodies.ts';
import {
  JOB_FLUSH,
  JOB_OTHER,
  JOB_ROLL_BACK,
  JOB_STAMP,
  JOB_WRITE_PAGES,
  jobRuns,
  type Jobs,
  poolThreads,
  registerJob,
} from './jobs.ts';
import { ATTEMPTS_MAX, isPending, putJob, putJobOnce, queuedJobs, setPoolThread, takeJob } from './queue.ts';
import { drainJobs, runJob } from './run.ts';

/** A second thread's view, in this thread: it can die when the test says so. */
function another(jobs: Jobs): Jobs {
  const shm = viewSharedMemory(handleOf(jobs.shm));
  attachThread(shm, THREAD_ROLE_POOL);
  return jobsOf(shm);
}

const die = (seenBy: Jobs, dead: Jobs): void =>
  markDead(seenBy.shm, dead.shm.thread, threadGeneration(seenBy.shm, dead.shm.thread));

test('jobs run in the order in which they were queued, with their arguments', () => {
  const jobs = jobsOf(jobsMemory());
  const seen: number[][] = [];
  registerJob(jobs, JOB_ROLL_BACK, (_jobs, a, b, c) => {
    seen.push([a, b, c]);
    return false;
  });
  for (let number = 0; number < 5; number++) ok(putJob(jobs, JOB_ROLL_BACK, number, 10 - number, 7));
  equal(drainJobs(jobs), 5);
  deepEqual(
    seen,
    [0, 1, 2, 3, 4].map((number) => [number, 10 - number, 7]),
  );
  equal(queuedJobs(jobs), 0);
});

test('a kind that is queued once is in the queue once, until a thread has taken it', () => {
  const jobs = jobsOf(jobsMemory());
  for (let turn = 0; turn < 100; turn++) ok(putJobOnce(jobs, JOB_WRITE_PAGES));
  equal(queuedJobs(jobs), 1);
  ok(isPending(jobs, JOB_WRITE_PAGES));
  ok(runJob(jobs));
  ok(!isPending(jobs, JOB_WRITE_PAGES));
  ok(putJobOnce(jobs, JOB_WRITE_PAGES));
  equal(drainJobs(jobs), 1);
});

test('what is found while a job of its kind runs is queued again', () => {
  const jobs = jobsOf(jobsMemory());
  let runs = 0;
  registerJob(jobs, JOB_ROLL_BACK, (own) => {
    if (++runs === 1) ok(putJobOnce(own, JOB_ROLL_BACK));
    return false;
  });
  putJobOnce(jobs, JOB_ROLL_BACK);
  equal(drainJobs(jobs), 2);
  equal(runs, 2);
});

test('a job comes back slice by slice, with the arguments that its last slice left', () => {
  const jobs = jobsOf(jobsMemory());
  putJob(jobs, JOB_STAMP, 5, 0, 0);
  putJob(jobs, JOB_OTHER, 1, 0, 0);
  ok(runJob(jobs));
  ok(runJob(jobs));
  equal(load(jobs, WORD_SUM), 1, 'the other job had its turn before the second slice');
  equal(drainJobs(jobs), 4);
  equal(load(jobs, WORD_DONE), 6);
  equal(jobRuns(jobs, JOB_STAMP), 5);
});

test('a job does not run another, and a full queue says so', () => {
  const jobs = jobsOf(jobsMemory());
  let inner = true;
  registerJob(jobs, JOB_ROLL_BACK, (own) => {
    inner = runJob(own);
    return false;
  });
  putJob(jobs, JOB_ROLL_BACK, 0, 0, 0);
  let queued = 1;
  while (putJob(jobs, JOB_OTHER, 1, 0, 0)) queued++;
  equal(queued, jobs.limit);
  ok(!putJobOnce(jobs, JOB_WRITE_PAGES));
  ok(!isPending(jobs, JOB_WRITE_PAGES), 'what found no room is not held for queued');
  equal(drainJobs(jobs), queued);
  equal(inner, false);
});

test('an expected failure is reported once until the kind works again, and stops nobody', () => {
  const reports: number[] = [];
  const jobs = jobsOf(jobsMemory(), { report: (kind) => reports.push(kind) });
  store(jobs, WORD_FAULT, 1);
  for (let turn = 0; turn < 3; turn++) {
    putJobOnce(jobs, JOB_FLUSH);
    equal(drainJobs(jobs), 1, 'a job that is queued once is left to its next queueing');
  }
  deepEqual(reports, [JOB_FLUSH]);
  store(jobs, WORD_FAULT, 0);
  putJobOnce(jobs, JOB_FLUSH);
  drainJobs(jobs);
  store(jobs, WORD_FAULT, 1);
  putJob(jobs, JOB_FLUSH, 1, 2, 3);
  equal(drainJobs(jobs), ATTEMPTS_MAX, 'a job with arguments is tried again');
  deepEqual(reports, [JOB_FLUSH, JOB_FLUSH]);
  ok(!isPoisoned(jobs.shm));
});

test('a bug in a job is thrown, the job is tried again, and the third time ends the database', () => {
  const jobs = jobsOf(jobsMemory());
  store(jobs, WORD_FAULT, 2);
  putJobOnce(jobs, JOB_FLUSH);
  for (let turn = 1; turn < ATTEMPTS_MAX; turn++) {
    throws(() => runJob(jobs), /the test wants it so/);
    equal(queuedJobs(jobs), 1);
  }
  throws(() => runJob(jobs), { code: '57P02', message: /flush the log/ });
  equal(load(jobs, WORD_BEGUN), ATTEMPTS_MAX);
  ok(isPoisoned(jobs.shm));
});

test('a job that returns inside a critical section ends the database', () => {
  const jobs = jobsOf(jobsMemory());
  registerJob(jobs, JOB_ROLL_BACK, (own) => {
    enterCritical(own.shm);
    return false;
  });
  putJob(jobs, JOB_ROLL_BACK, 0, 0, 0);
  throws(() => runJob(jobs), { code: '57P02' });
  ok(isPoisoned(jobs.shm));
  leaveCritical(jobs.shm);
});

test('the job of a thread that dies is run by another', () => {
  const jobs = jobsOf(jobsMemory());
  const other = another(jobs);
  setPoolThread(other, true);
  equal(poolThreads(jobs), 1);
  putJob(jobs, JOB_OTHER, 42, 0, 0);
  putJobOnce(jobs, JOB_WRITE_PAGES);
  ok(takeJob(other));
  die(jobs, other);
  collectDeadThreads(jobs.shm);
  equal(poolThreads(jobs), 0);
  equal(drainJobs(jobs), 2);
  equal(load(jobs, WORD_SUM), 42);
});

test('a job that threads die of again and again ends the database', () => {
  const jobs = jobsOf(jobsMemory());
  putJob(jobs, JOB_OTHER, 1, 0, 0);
  for (let turn = 1; turn <= ATTEMPTS_MAX; turn++) {
    const other = another(jobs);
    ok(takeJob(other));
    die(jobs, other);
    if (turn < ATTEMPTS_MAX) collectDeadThreads(jobs.shm);
    else throws(() => collectDeadThreads(jobs.shm), { code: '57P02', message: /other work/ });
  }
});
