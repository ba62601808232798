import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isPoisoned } from '../../shm/critical.ts';
import { handleOf, type SharedMemory } from '../../shm/shared-memory.ts';
import { attachedThreads } from '../../shm/threads.ts';
import {
  jobsMemory,
  jobsOf,
  load,
  poolOptions,
  store,
  WORD_BEGUN,
  WORD_DONE,
  WORD_FAULT,
  WORD_GO,
  WORD_LEVEL,
  WORD_SUM,
} from '../../test/jobs/bodies.ts';
import {
  JOB_COLLECT,
  JOB_FLUSH,
  JOB_OTHER,
  JOB_STAMP,
  JOB_STATISTICS,
  JOB_WRITE_PAGES,
  type Jobs,
  poolThreads,
  registerMark,
} from './jobs.ts';
import { foregroundSlice, LOOK_EVERY } from './marks.ts';
import { createPool, endPool, type Pool, startPool, stopPool } from './pool.ts';
import { isPending, putJob, putJobOnce, queuedJobs, wantPool } from './queue.ts';

/** A hang, not a slow machine: threads of the pool come last where there is more to do than there are processors. */
const TIMEOUT = 240_000;

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + TIMEOUT;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(2);
  }
}

interface Running {
  shm: SharedMemory;
  jobs: Jobs;
  pool: Pool;
  errors: unknown[];
}

function make(threads: number): Running {
  const shm = jobsMemory();
  const jobs = jobsOf(shm);
  const errors: unknown[] = [];
  const pool = createPool(jobs, { ...poolOptions(shm, threads), report: (error) => errors.push(error) });
  return { shm, jobs, pool, errors };
}

async function started(threads: number): Promise<Running> {
  const running = make(threads);
  for (let thread = 0; thread < threads; thread++) startPool(running.pool);
  await until('the threads run', () => poolThreads(running.jobs) === threads);
  return running;
}

async function end({ pool, jobs, shm }: Running): Promise<void> {
  stopPool(pool);
  equal(queuedJobs(jobs), 0);
  equal(poolThreads(jobs), 0);
  equal(attachedThreads(shm), 1, 'the host alone is attached');
  await endPool(pool);
}

test('pool threads run every job once, from many threads, and once-jobs without duplicates', { timeout: TIMEOUT }, async () => {
  const running = await started(2);
  const { jobs, shm, errors } = running;
  const count = 3000;
  const putters = [1, 2].map(
    () => new Worker(new URL('../../test/jobs/putter.ts', import.meta.url), { workerData: { handle: handleOf(shm), count } }),
  );
  const codes = await Promise.all(putters.map(async (putter) => (await once(putter, 'exit'))[0]));
  deepEqual(codes, [0, 0]);
  await until('the queue is empty', () => queuedJobs(jobs) === 0);
  await end(running);
  equal(load(jobs, WORD_SUM), count * (count + 1));
  ok(!isPending(jobs, JOB_WRITE_PAGES));
  ok(load(jobs, WORD_DONE) > 2 * count, 'the jobs that are queued once ran too');
  deepEqual(errors, []);
});

test('the first mark starts the pool, in a host that never turns its event loop', { timeout: TIMEOUT }, async () => {
  const running = make(1);
  const { jobs } = running;
  registerMark(jobs, { kind: JOB_OTHER, read: () => load(jobs, WORD_LEVEL), first: 1, second: 1e9 });
  const deadline = performance.now() + TIMEOUT;
  for (let turn = 0; turn < 2 * LOOK_EVERY; turn++) foregroundSlice(jobs);
  equal(running.pool.piscinas.length, 0);
  store(jobs, WORD_LEVEL, 1);
  while (poolThreads(jobs) === 0 && performance.now() < deadline) {
    foregroundSlice(jobs);
    Atomics.wait(jobs.i32, 0, Atomics.load(jobs.i32, 0), 1);
  }
  equal(poolThreads(jobs), 1);
  await end(running);
});

test('one thread is started first, and another when the work outgrows it', { timeout: TIMEOUT }, async () => {
  const running = make(2);
  const { jobs } = running;
  registerMark(jobs, { kind: JOB_OTHER, read: () => load(jobs, WORD_LEVEL), first: 1, second: 1e6 });
  const look = (): void => {
    for (let turn = 0; turn < LOOK_EVERY; turn++) foregroundSlice(jobs);
  };
  store(jobs, WORD_LEVEL, 1);
  look();
  look();
  equal(running.pool.piscinas.length, 1, 'while it is on its way no other is asked for');
  await until('the thread runs', () => poolThreads(jobs) === 1);
  store(jobs, WORD_LEVEL, 1e6 - 1);
  look();
  equal(running.pool.piscinas.length, 1);
  store(jobs, WORD_LEVEL, 1e9);
  look();
  equal(running.pool.piscinas.length, 2);
  await until('both run', () => poolThreads(jobs) === 2);
  store(jobs, WORD_LEVEL, 0);
  await end(running);
});

test('a host in its event loop starts the pool that another thread wants', { timeout: TIMEOUT }, async () => {
  const running = make(1);
  wantPool(running.jobs);
  await until('the thread runs', () => poolThreads(running.jobs) === 1);
  await end(running);
});

test('stopping ends threads between two slices and does the rest in the host', { timeout: TIMEOUT }, async () => {
  const running = await started(2);
  const { jobs } = running;
  const slices = 20_000;
  putJob(jobs, JOB_STAMP, slices, 0, 0);
  await until('it has begun', () => load(jobs, WORD_DONE) > 0);
  await end(running);
  equal(load(jobs, WORD_DONE), slices);
});

test('a pool that is stopped before its threads came lets none of them in', { timeout: TIMEOUT }, async () => {
  const running = make(2);
  startPool(running.pool);
  startPool(running.pool);
  stopPool(running.pool);
  await endPool(running.pool);
  equal(attachedThreads(running.shm), 1);
  deepEqual(running.errors, []);
});

test('a thread that is ended in the middle of a job is replaced, and the job is done', { timeout: TIMEOUT }, async () => {
  const running = await started(1);
  const { jobs, pool, shm, errors } = running;
  putJob(jobs, JOB_STATISTICS, 0, 0, 0);
  await until('the job has begun', () => load(jobs, WORD_BEGUN) === 1);
  await pool.piscinas[0].threads[0].terminate();
  await until('another thread has begun it', () => load(jobs, WORD_BEGUN) === 2);
  equal(poolThreads(jobs), 1);
  equal(errors.length, 1);
  store(jobs, WORD_GO, 1);
  await until('the job is done', () => load(jobs, WORD_DONE) === 1);
  ok(!isPoisoned(shm));
  await end(running);
});

test('an error in a job ends its thread, which is replaced; the host is told', { timeout: TIMEOUT }, async () => {
  const running = await started(1);
  const { jobs, errors } = running;
  store(jobs, WORD_FAULT, 2);
  putJobOnce(jobs, JOB_FLUSH);
  await until('the job has failed', () => load(jobs, WORD_BEGUN) === 1);
  store(jobs, WORD_FAULT, 0);
  await until('it was tried again', () => load(jobs, WORD_DONE) === 1);
  await until('the host knows', () => errors.length === 1);
  ok(/the test wants it so/.test(String(errors[0])), String(errors[0]));
  await until('the thread is replaced', () => poolThreads(jobs) === 1);
  await end(running);
});

test('a thread that is ended inside a critical section ends the database, and is not replaced', {
  timeout: TIMEOUT,
}, async () => {
  const { jobs, pool, shm, errors } = await started(1);
  putJob(jobs, JOB_COLLECT, 0, 0, 0);
  await until('the job has begun', () => load(jobs, WORD_BEGUN) === 1);
  await pool.piscinas[0].threads[0].terminate();
  await until('it is noticed', () => isPoisoned(shm) && errors.length > 0);
  await sleep(50);
  equal(load(jobs, WORD_BEGUN), 1);
  throws(() => stopPool(pool), { code: '57P02' });
  await endPool(pool);
});

test('a module that cannot attach a thread is reported, and tried a few times only', { timeout: TIMEOUT }, async () => {
  const shm = jobsMemory();
  const jobs = jobsOf(shm);
  const errors: unknown[] = [];
  const attach = new URL('./no-such-module.js', import.meta.url).href;
  const pool = createPool(jobs, { threads: 1, attach, handle: null, report: (error) => errors.push(error) });
  pool.failures = 5;
  pool.failedAt = performance.now();
  startPool(pool);
  await until('it gives up', () => pool.failures === 8);
  await sleep(20);
  equal(errors.length, 3);
  equal(pool.tasks.size, 0);
  putJob(jobs, JOB_OTHER, 1, 0, 0);
  for (let turn = 0; turn < LOOK_EVERY; turn++) foregroundSlice(jobs);
  equal(load(jobs, WORD_DONE), 1, 'the foreground does the work');
  stopPool(pool);
  await endPool(pool);
});

test('a process with an idle pool and nothing else to do exits', { timeout: TIMEOUT }, async () => {
  const program = new URL('../../test/jobs/idle-pool.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=scratchbird-source', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  const [code, signal] = await once(child, 'close');
  deepEqual([code, signal, printed], [0, null, 'the pool runs\n']);
});
