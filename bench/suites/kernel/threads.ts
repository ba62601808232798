/** Measures of several threads: reads and durable updates of two against one, and asynchronous sessions on two event loops. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { BenchContext, Measure, Running } from '../../harness/measure.ts';
import { ratePerSecond } from '../../harness/rate.ts';
import {
  fillKernelItems,
  fillSqliteItems,
  ITEM,
  itemNames,
  type KernelItems,
  kernelOptions,
  randomKeys,
  type SqliteItems,
  updateSqliteItems,
} from './items.ts';
import type { Answer, Order, WorkerStart } from './worker.ts';

export const THREADS = 2;

/** Threads that are attached to one database. */
export interface Crew {
  readonly workers: readonly Worker[];
  readonly meeting: Int32Array;
}

const startCrew = ({ kernel }: KernelItems): Promise<Crew> =>
  startThreads(
    new URL('./worker.ts', import.meta.url),
    (meeting): WorkerStart => ({ handle: kernel.handle, table: ITEM.name, meeting }),
  );

/** Two threads that run `file`, ready for orders. */
export async function startThreads(file: URL, dataOf: (meeting: Int32Array) => unknown): Promise<Crew> {
  const meeting = new Int32Array(new SharedArrayBuffer(64));
  const workerData = dataOf(meeting);
  const workers = Array.from({ length: THREADS }, () => new Worker(file, { workerData }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  return { workers, meeting };
}

export async function endCrew({ workers }: Crew): Promise<void> {
  const exits = workers.map((worker) => once(worker, 'exit'));
  for (const worker of workers) worker.postMessage('end');
  await Promise.all(exits);
}

/** One turn of the first `party` threads, each with its share of the keys. Returns operations a second of all of them. */
export async function turn(
  context: BenchContext,
  crew: Crew,
  kind: Order['kind'],
  rows: number,
  party: number,
  sessions = 0,
): Promise<number> {
  Atomics.store(crew.meeting, 0, 0);
  const share = Math.floor(rows / THREADS);
  const answers = crew.workers.slice(0, party).map(async (worker, n) => {
    const answer = once(worker, 'message');
    worker.postMessage({
      kind,
      // Reads may meet; writers keep to their own keys, however many threads there are.
      low: kind === 'read' ? 0 : n * share,
      high: kind === 'read' ? rows : (n + 1) * share,
      party,
      sessions,
      warmupMilliseconds: context.small ? 5 : 400,
      milliseconds: context.small ? 20 : 1500,
    } satisfies Order);
    return (await answer)[0] as Answer;
  });
  let rate = 0;
  for (const answer of await Promise.all(answers)) {
    if ('error' in answer) throw new Error(`a thread failed: ${answer.error}`);
    rate += answer.rate;
  }
  return rate;
}

/** Two threads against one of them. */
async function twoAgainstOne(context: BenchContext, kind: 'read' | 'update'): Promise<Running> {
  const rows = context.size(1_000_000, 5000);
  const items = fillKernelItems(context.directory, rows, itemNames(), kernelOptions(context));
  const crew = await startCrew(items);
  context.digest(rows);
  // The first turn of a thread compiles what it runs.
  await turn(context, crew, kind, rows, THREADS);
  return {
    ours: () => turn(context, crew, kind, rows, THREADS),
    peer: () => turn(context, crew, kind, rows, 1),
    teardown: async () => {
      await endCrew(crew);
      items.kernel.close();
    },
  };
}

export const SESSIONS = 8;

/** Durable updates of random rows, one after the other. */
export function oneConnection(context: BenchContext, items: SqliteItems, rows: number): () => ReturnType<typeof ratePerSecond> {
  const keys = randomKeys(65536, 0, rows);
  let at = 0;
  return () =>
    ratePerSecond(context, () => {
      at = (at + 1) & 65535;
      updateSqliteItems(items, keys, at, at + 1);
      return 1;
    });
}

/** Sessions that do not wait one for the other, on two event loops; the peer is one connection that waits for each commit. */
async function asynchronousCommits(context: BenchContext): Promise<Running> {
  const rows = context.size(100_000, 2000);
  const names = itemNames();
  const items = fillKernelItems(context.directory, rows, names, kernelOptions(context));
  const theirs = context.hasPeer ? fillSqliteItems(context.directory, rows, names) : undefined;
  const crew = await startCrew(items);
  context.digest(rows);
  return {
    ours: () => turn(context, crew, 'commit', rows, THREADS, SESSIONS / THREADS),
    peer: theirs && oneConnection(context, theirs, rows),
    teardown: async () => {
      await endCrew(crew);
      items.kernel.close();
      theirs?.database.close();
    },
  };
}

const ONE_THREAD = { better: 'higher', peerName: 'one thread', aim: 2 } as const;

export const threadMeasures: readonly Measure[] = [
  { name: 'point read, 2 threads', unit: 'rows/s', ...ONE_THREAD, bar: 1.8, setup: (context) => twoAgainstOne(context, 'read') },
  {
    name: 'disjoint updates durable by 100, 2 threads',
    unit: 'rows/s',
    ...ONE_THREAD,
    bar: 1.7,
    setup: (context) => twoAgainstOne(context, 'update'),
  },
  {
    name: 'durable commit, 8 sessions on 2 threads',
    unit: 'commits/s',
    better: 'higher',
    peerName: 'better-sqlite3',
    needs: ['better-sqlite3'],
    bar: 2,
    aim: 4,
    setup: asynchronousCommits,
  },
];
