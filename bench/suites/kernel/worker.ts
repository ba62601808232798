/**
 * A thread of the benchmark: attaches to the database it is given, and carries out orders. Each order is warmed up, then the
 * threads of a turn meet, and all work for the same time; the answer is how many operations a second this one did.
 *
 *   order -> warm up -> arrive, wait for the others -> work until the time is up -> answer
 */
import { parentPort, workerData } from 'node:worker_threads';
import { attachKernel, type Kernel, type KernelHandle } from '../../../engine/api/kernel.ts';
import { randomKeys } from './items.ts';
import { meet, workFor } from './meeting.ts';
import { createPaths, type ItemPaths, readItems, updateItems } from './paths.ts';

export interface WorkerStart {
  readonly handle: KernelHandle;
  readonly table: string;
  /** Word 0 counts the threads that have arrived in this turn. */
  readonly meeting: Int32Array;
}

export interface Order {
  /** 'read'; 'update': durable in groups of 100; 'commit': sessions of an event loop, each durable after every row. */
  readonly kind: 'read' | 'update' | 'commit';
  /** This thread's keys: from `low` to `high` - 1. */
  readonly low: number;
  readonly high: number;
  /** Threads of the turn. */
  readonly party: number;
  /** Sessions of this thread ('commit'). */
  readonly sessions: number;
  readonly warmupMilliseconds: number;
  readonly milliseconds: number;
}

/** Operations a second, or what went wrong. */
export type Answer = { readonly rate: number } | { readonly error: string };

const KEYS = 1 << 16;
const READ_BATCH = 1024;
const GROUP = 100;

function readBody(kernel: Kernel, paths: ItemPaths, keys: Int32Array): () => number {
  let at = 0;
  return () => {
    const from = at;
    at = (at + READ_BATCH) & (KEYS - 1);
    const tx = kernel.begin({ readOnly: true });
    kernel.enter(() => readItems(paths, tx, keys, from, from + READ_BATCH));
    kernel.commit(tx);
    return READ_BATCH;
  };
}

function updateBody(kernel: Kernel, paths: ItemPaths, keys: Int32Array): () => number {
  let at = 0;
  return () => {
    const from = at;
    at = at + 2 * GROUP > KEYS ? 0 : at + GROUP;
    const tx = kernel.begin();
    kernel.enter(() => updateItems(paths, tx, keys, from, from + GROUP));
    kernel.commit(tx);
    return GROUP;
  };
}

/** One session of an event loop: it goes on when its last commit is on disk. Returns how many it made. */
async function session(kernel: Kernel, paths: ItemPaths, keys: Int32Array, first: number, until: number): Promise<number> {
  const own = kernel.openSession();
  let commits = 0;
  for (let at = first; performance.now() < until; at = (at + 1) & (KEYS - 1)) {
    const tx = kernel.begin({ session: own });
    kernel.enter(() => updateItems(paths, tx, keys, at, at + 1));
    kernel.precommit(tx);
    await kernel.whenDurable(tx);
    commits++;
  }
  kernel.closeSession(own);
  return commits;
}

async function sessionsFor(
  kernel: Kernel,
  paths: ItemPaths,
  keys: Int32Array,
  count: number,
  milliseconds: number,
): Promise<number> {
  const start = performance.now();
  const all = Array.from({ length: count }, (_, n) =>
    session(kernel, paths, keys, n * Math.floor(KEYS / count), start + milliseconds),
  );
  const commits = (await Promise.all(all)).reduce((sum, one) => sum + one, 0);
  return (commits * 1000) / (performance.now() - start);
}

async function carryOut(kernel: Kernel, paths: ItemPaths, meeting: Int32Array, order: Order): Promise<number> {
  const keys = randomKeys(KEYS, order.low, order.high, order.low + 1);
  if (order.kind === 'commit') {
    await sessionsFor(kernel, paths, keys, order.sessions, order.warmupMilliseconds);
    meet(meeting, order.party);
    return sessionsFor(kernel, paths, keys, order.sessions, order.milliseconds);
  }
  const body = order.kind === 'read' ? readBody(kernel, paths, keys) : updateBody(kernel, paths, keys);
  workFor(order.warmupMilliseconds, body);
  meet(meeting, order.party);
  return workFor(order.milliseconds, body);
}

const { handle, table, meeting } = workerData as WorkerStart;
const kernel = attachKernel(handle);
const paths = createPaths(kernel, kernel.table(table));

parentPort?.on('message', (order: Order | 'end') => {
  if (order === 'end') {
    kernel.close();
    parentPort?.close();
    return;
  }
  carryOut(kernel, paths, meeting, order).then(
    (rate) => parentPort?.postMessage({ rate } satisfies Answer),
    (error: unknown) =>
      parentPort?.postMessage({
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      } satisfies Answer),
  );
});
parentPort?.postMessage('attached');
