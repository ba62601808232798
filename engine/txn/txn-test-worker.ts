/** For threads.test.ts: a real thread that moves amounts between rows, waits for others, and runs again when it must. */

import { parentPort, workerData } from 'node:worker_threads';
import { enterEngine, leaveEngine } from '../../shm/entry.ts';
import { SqlError } from '../../shm/errors.ts';
import { type SharedMemoryHandle, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachedThreads, attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { closeLog } from '../storage/log/open.ts';
import { RealVfs } from '../storage/vfs/real-vfs.ts';
import { SeededRandom } from '../storage/world.ts';
import { commitDurable } from './commit.ts';
import { failSerialization, waitForConflict } from './conflict.ts';
import { leaveTransactions } from './open.ts';
import { recycle, rollback, undoStatement } from './rollback.ts';
import { closeSession } from './sessions.ts';
import {
  READ_COMMITTED,
  REPEATABLE_READ,
  ROW_DONE,
  ROW_DUPLICATE,
  ROW_GONE,
  ROW_RERUN,
  ROW_WAIT,
  type RowStatus,
} from './transactions.ts';
import { type FixtureOptions, joinTxnStore, Session, tableOf } from './txn-fixture.ts';

export interface Job {
  handle: SharedMemoryHandle;
  options: FixtureOptions;
  directory: string;
  roots: [number, number, number];
  seed: number;
  transactions: number;
  rows: number;
  /** Turns of a pause between two changes, so that transactions of two threads overlap. */
  pause: number;
  /** Rows with ids from here on belong to this thread: inserted and deleted at will. */
  own: number;
}

export interface Outcome {
  commits: number;
  deadlocks: number;
  serializations: number;
  waits: number;
}

const job = workerData as Job;
const shm = viewSharedMemory(job.handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
const store = joinTxnStore(new RealVfs(), shm, job.options, job.directory);
store.table = tableOf(...job.roots);
const session = new Session(store);
const random = new SeededRandom(job.seed);
const outcome: Outcome = { commits: 0, deadlocks: 0, serializations: 0, waits: 0 };

/** A statement until it is through. */
function run(statement: () => RowStatus): RowStatus {
  for (;;) {
    const status = statement();
    const tx = session.tx!;
    if (status === ROW_RERUN && tx.isolation !== READ_COMMITTED) failSerialization(tx);
    if (status !== ROW_WAIT && status !== ROW_RERUN) return status;
    undoStatement(tx, true);
    if (status !== ROW_WAIT) continue;
    outcome.waits++;
    waitForConflict(tx);
  }
}

function transfer(): void {
  const from = random.below(job.rows);
  const to = random.below(job.rows);
  const amount = random.below(10);
  for (const [id, change] of [
    [from, -amount],
    [to, amount],
  ] as const) {
    const status = run(() => {
      // One statement: it reads the row it changes, on the snapshot it runs with.
      return session.change(id, change);
    });
    if (status !== ROW_DONE) throw new Error(`row ${id}: status ${status}`);
    for (let turn = random.below(job.pause + 1); turn > 0; turn--) Atomics.pause();
  }
}

function comeAndGo(): void {
  const id = job.own + random.below(20);
  const status = run(() => session.insert(id, 0, 'x'.repeat(random.below(200))));
  if (status === ROW_DUPLICATE && run(() => session.delete(id)) === ROW_GONE) throw new Error(`row ${id} came and went`);
}

function sum(): void {
  let total = 0;
  for (const row of session.all()) if (row.id < job.rows) total += row.v;
  if (total !== job.rows * 100) throw new Error(`a snapshot saw ${total} in all`);
}

function transaction(): void {
  session.begin({ isolation: random.chance(0.3) ? REPEATABLE_READ : READ_COMMITTED });
  const tx = session.tx!;
  if (random.chance(0.02)) sum();
  transfer();
  if (random.chance(0.3)) comeAndGo();
  if (random.chance(0.1)) {
    rollback(tx);
    session.tx = null;
  } else {
    session.commit();
    if (random.chance(0.05)) commitDurable(tx);
    outcome.commits++;
  }
}

// All begin together, so that they meet.
const ready = performance.now() + 10_000;
while (attachedThreads(shm) < 3 && performance.now() < ready) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
for (let turn = 0; turn < job.transactions; turn++) {
  enterEngine(shm);
  try {
    transaction();
  } catch (error) {
    if (!(error instanceof SqlError) || (error.code !== '40P01' && error.code !== '40001')) throw error;
    if (error.code === '40P01') outcome.deadlocks++;
    else outcome.serializations++;
    rollback(session.tx!);
    recycle(session.tx!);
    session.tx = null;
  } finally {
    leaveEngine(shm);
  }
}
enterEngine(shm);
closeSession(store.txns, session.session);
leaveTransactions(store.txns);
leaveEngine(shm);
closeLog(store.txns.log);
detachThread(shm);
parentPort!.postMessage(outcome);
