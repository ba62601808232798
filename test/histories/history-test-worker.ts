/** A thread of histories.test.ts: runs its transactions once all threads are there, and posts what it recorded. */
import { parentPort, workerData } from 'node:worker_threads';
import { attachKernel, type KernelHandle } from '../../engine/api/kernel.ts';
import { Rows } from '../interleave/cases/kernel-store.ts';
import { type HistoryPlan, runTransactions } from './transactions.ts';

export interface HistoryStart {
  readonly handle: KernelHandle;
  /** One for each history. */
  readonly plans: readonly HistoryPlan[];
  /** Word 0 counts threads that are ready for the next history. */
  readonly meeting: Int32Array;
  readonly threads: number;
}

const { handle, plans, meeting, threads } = workerData as HistoryStart;
const kernel = attachKernel(handle);
const rows = new Rows(kernel);
const histories = plans.map((plan, at) => {
  const all = (at + 1) * threads;
  Atomics.add(meeting, 0, 1);
  Atomics.notify(meeting, 0);
  for (let here = Atomics.load(meeting, 0); here < all; here = Atomics.load(meeting, 0)) Atomics.wait(meeting, 0, here);
  return runTransactions(rows, plan);
});
kernel.close();
parentPort?.postMessage(histories);
