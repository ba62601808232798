/**
 * The pool: threads that do background work, started when there is enough of it, one after the other as there is more: a thread
 * that starts takes a processor from those who work for as long as it loads its modules. In the host thread, a Piscina for each.
 *
 *   createPool()   arms: a thread that wants the pool wakes the host, or the host sees it on its next writing call
 *   startPool()    one more thread starts; nothing needs the host's event loop, so a host in a long synchronous run gets it too
 *   stopPool()     blocks until they have detached, then does what is left in the queue
 *   a thread dies  its slot is buried, its job goes back into the queue (queue.ts), another thread takes its seat
 *
 * Nothing here keeps the process alive. A thread that dies inside a critical section has poisoned the handle: it is not
 * replaced, and open() recovers (architecture.md, Threads).
 */

import { createRequire } from 'node:module';
import type { Piscina } from 'piscina';
import { assert } from '../../shm/assert.ts';
import { isPoisoned, poison, poisonError } from '../../shm/critical.ts';
import { checkDeaths, isAlive, markDead, threadGeneration } from '../../shm/deaths.ts';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { isAttached } from '../../shm/threads.ts';
import { storeJobsSharedPoolState } from './jobs.layout.gen.ts';
import { POOL_STARTED, POOL_STOPPING, POOL_WANTED } from './jobs.layout.ts';
import type { Jobs } from './jobs.ts';
import { isPoolStopping, wakePool } from './pool-loop.ts';
import { type PoolTask, SEAT_ASKED, SEAT_FREE, SEAT_GENERATION, SEAT_RUNNING, SEAT_THREAD, SEAT_WORDS } from './pool-worker.ts';
import { drainJobs } from './run.ts';

export interface PoolOptions {
  /** At least 1; for none, make no pool: writing calls do the work in slices. */
  readonly threads: number;
  /** URL of the module that attaches a thread (AttachPoolThread in pool-worker.ts). */
  readonly attach: string;
  /** What that module needs: can be posted to a thread. */
  readonly handle: unknown;
  /** Is told why a thread of the pool ended before its time. process.emitWarning() when left out. */
  readonly report?: (error: unknown) => void;
}

/** Of the host thread. */
export interface Pool {
  readonly jobs: Jobs;
  readonly options: PoolOptions;
  readonly seats: Int32Array;
  /** Of each seat that was ever filled, one with a single thread. */
  readonly piscinas: Piscina[];
  /** Tasks that have not ended. */
  readonly tasks: Set<Promise<void>>;
  /** Threads in a row that ended before their time. */
  failures: number;
  /** When the last one did, milliseconds of performance.now(). */
  failedAt: number;
}

/** So many threads in a row that end early, and their seats stay empty: the foreground does the work. */
const FAILURES_MAX = 8;
/** A failure so long after the last one begins a new row, if the thread had come to run. */
const ROW_OF_FAILURES_MS = 10_000;
/** Before a thread is replaced, times two for each failure in the row. */
const RESTART_AFTER_MS = 10;
/** A thread that has not stopped by then never will. */
const STOP_WITHIN_MS = 60_000;
/** Sleep while threads stop, between two looks whether they live. */
const STOP_LOOK_MS = 20;

/** Makes the pool of the open database; no thread yet. For the host thread, which is attached. */
export function createPool(jobs: Jobs, options: PoolOptions): Pool {
  assert(options.threads >= 1, 'a pool has threads');
  const pool: Pool = {
    jobs,
    options,
    seats: new Int32Array(new SharedArrayBuffer(options.threads * SEAT_WORDS * 4)),
    piscinas: [],
    tasks: new Set(),
    failures: 0,
    failedAt: 0,
  };
  jobs.startPool = () => tryStartPool(pool);
  void startWhenWanted(pool);
  return pool;
}

/** A pool that cannot be started fails no statement: the foreground goes on doing the work. */
function tryStartPool(pool: Pool): void {
  try {
    startPool(pool);
  } catch (error) {
    report(pool, error);
  }
}

/** For a host that sits in its event loop while other threads work. The promise does not keep the loop alive. */
async function startWhenWanted(pool: Pool): Promise<void> {
  const { i32, poolWord } = pool.jobs;
  while (pool.jobs.startPool !== null) {
    const state = Atomics.load(i32, poolWord);
    if (state === POOL_WANTED) tryStartPool(pool);
    const wait = Atomics.waitAsync(i32, poolWord, state);
    if (wait.async) await wait.value;
  }
}

/** Starts one more thread, unless all are there or the pool was stopped. Returns at once. */
export function startPool(pool: Pool): void {
  const { jobs, options, piscinas } = pool;
  const { i32, poolWord } = jobs;
  const seat = piscinas.length;
  const isLast = seat + 1 >= options.threads;
  if (isLast) jobs.startPool = null;
  if (seat >= options.threads || Atomics.load(i32, poolWord) === POOL_STOPPING || isPoisoned(jobs.shm)) return;
  Atomics.store(i32, poolWord, POOL_STARTED);
  Atomics.notify(i32, poolWord);
  // Loaded here: a database that never needs the pool does not pay for it.
  const { Piscina } = createRequire(import.meta.url)('piscina') as typeof import('piscina');
  // With its thread from the start, which gets its task without a word to the host's event loop.
  const piscina = new Piscina({ minThreads: 1, maxThreads: 1, idleTimeout: Number.POSITIVE_INFINITY });
  piscina.on('workerCreate', letProcessEnd);
  piscina.on('error', (error: unknown) => report(pool, error));
  piscinas.push(piscina);
  fillSeat(pool, seat);
}

/**
 * Piscina keeps the process alive while a task runs, and has no switch for it: the port to a thread is ref'd when a task is
 * posted. Here a task runs for ever; so the thread's record, which Piscina hands out under a symbol, loses its ref().
 */
function letProcessEnd(worker: object): void {
  const symbol = Object.getOwnPropertySymbols(worker).find((one) => one.description === 'Piscina.kWorkerData');
  assert(symbol !== undefined, 'Piscina hands out the record of a thread');
  const record = (worker as Record<symbol, { ref: () => unknown; unref: () => unknown }>)[symbol];
  record.ref = () => record;
  record.unref();
}

function fillSeat(pool: Pool, seat: number): void {
  const { attach, handle } = pool.options;
  const { piscinas, seats } = pool;
  Atomics.store(seats, seat * SEAT_WORDS + SEAT_THREAD, 0);
  Atomics.store(seats, seat * SEAT_WORDS, SEAT_ASKED);
  const task: PoolTask = { attach, handle, seats, seat, isLast: seat + 1 === pool.options.threads };
  const filename = new URL('./pool-worker.ts', import.meta.url).href;
  const done = piscinas[seat]
    .run(task, { filename, name: 'runPoolThread' })
    .then(
      () => undefined,
      (error: unknown) => threadEnded(pool, seat, error),
    )
    .finally(() => pool.tasks.delete(done));
  pool.tasks.add(done);
}

/** The thread in the seat died, or an error ended it. Never throws: nobody awaits it. */
function threadEnded(pool: Pool, seat: number, error: unknown): void {
  const { jobs, seats } = pool;
  const word = seat * SEAT_WORDS;
  Atomics.store(seats, word, SEAT_FREE);
  // A thread that had no time to begin is no failure.
  if (isPoolStopping(jobs)) return;
  const thread = Atomics.load(seats, word + SEAT_THREAD) - 1;
  if (thread >= 0) markDead(jobs.shm, thread, Atomics.load(seats, word + SEAT_GENERATION));
  try {
    buryNow(jobs);
  } catch (late) {
    report(pool, late);
    return;
  }
  const now = performance.now();
  // One that has never run failed at its start, however long that took.
  const isNewRow = thread >= 0 && now - pool.failedAt > ROW_OF_FAILURES_MS;
  pool.failures = isNewRow ? 1 : pool.failures + 1;
  pool.failedAt = now;
  report(pool, error);
  if (pool.failures >= FAILURES_MAX) return;
  setTimeout(() => {
    if (!isPoolStopping(jobs) && !isPoisoned(jobs.shm)) fillSeat(pool, seat);
  }, RESTART_AFTER_MS << pool.failures).unref();
}

/** Both halves of the burial; entering the engine does the late one. */
function buryNow(jobs: Jobs): void {
  checkDeaths(jobs.shm);
  enterEngine(jobs.shm);
  leaveEngine(jobs.shm);
}

function report(pool: Pool, error: unknown): void {
  if (pool.options.report !== undefined) {
    pool.options.report(error);
    return;
  }
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`a background thread ended: ${reason}`, { type: 'ScratchBirdWarning' });
}

/**
 * Stops the threads and waits, blocking, until each has ended its slice and detached; then does what is left in the queue.
 * Throws 57P02 when the handle is poisoned, or a thread does not come back.
 */
export function stopPool(pool: Pool): void {
  const { jobs, seats } = pool;
  jobs.startPool = null;
  storeJobsSharedPoolState(jobs.i32, jobs.shared, POOL_STOPPING);
  Atomics.notify(jobs.i32, jobs.poolWord);
  wakePool(jobs);
  const deadline = performance.now() + STOP_WITHIN_MS;
  for (let seat = 0; seat < pool.options.threads; seat++) {
    const word = seat * SEAT_WORDS;
    Atomics.compareExchange(seats, word, SEAT_ASKED, SEAT_FREE);
    while (!isSeatFree(pool, word)) {
      const state = Atomics.load(seats, word);
      if (state !== SEAT_FREE) Atomics.wait(seats, word, state, STOP_LOOK_MS);
      if (state === Atomics.load(seats, word)) checkDeaths(jobs.shm);
      if (performance.now() > deadline) throw poison(jobs.shm, `background thread ${seat} did not stop`);
    }
  }
  if (isPoisoned(jobs.shm)) throw poisonError(jobs.shm);
  drainJobs(jobs);
}

/** True when no thread of the seat touches the database any more: it left, or it is dead. */
function isSeatFree(pool: Pool, word: number): boolean {
  const { jobs, seats } = pool;
  const state = Atomics.load(seats, word);
  if (state === SEAT_FREE) return true;
  if (state !== SEAT_RUNNING) return false;
  const thread = Atomics.load(seats, word + SEAT_THREAD) - 1;
  // Gives its slot back before its seat.
  if (thread < 0) return false;
  if (threadGeneration(jobs.shm, thread) !== Atomics.load(seats, word + SEAT_GENERATION)) return true;
  // One that died inside a critical section stays attached.
  return !isAttached(jobs.shm, thread) || (isPoisoned(jobs.shm) && !isAlive(jobs.shm, thread));
}

/** Ends the threads themselves, after stopPool(): resolves when all are gone. They do not keep the process alive without. */
export async function endPool(pool: Pool): Promise<void> {
  const piscinas = pool.piscinas.splice(0);
  if (piscinas.length === 0) return;
  assert(isPoolStopping(pool.jobs), 'a pool is stopped before its threads are ended');
  const isAwaited = setInterval(() => undefined, STOP_WITHIN_MS);
  try {
    await Promise.all(piscinas.map((piscina) => piscina.destroy()));
    await Promise.all(pool.tasks);
  } finally {
    clearInterval(isAwaited);
  }
}
