/** One thread of threads.test.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { type SharedMemoryHandle, viewSharedMemory } from '../../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../../shm/threads.ts';
import { RealVfs } from '../vfs/real-vfs.ts';
import { takeCredit } from './credit.ts';
import { flushTo } from './flush.ts';
import { claimEnd, commitNumbered, type FixtureOptions, fixtureOptions, fixtureWorld, writeNumbered } from './log-fixture.ts';
import type { Log } from './log-context.ts';
import { storeLogSharedLeader } from './log-shared.layout.gen.ts';
import { attachLog, closeLog } from './open.ts';
import { whenDurable } from './when-durable.ts';

export interface ThreadWork {
  kind: 'blocking' | 'async' | 'die with credit' | 'die leading';
  handle: SharedMemoryHandle;
  given: Omit<FixtureOptions, 'archive'>;
  /** Numbers of the records: first, first + 1, ... */
  first: number;
  count: number;
}

const COMMIT_EVERY = 40;

function commit(log: Log, transaction: number): number {
  claimEnd(log);
  return commitNumbered(log, transaction);
}

async function run(work: ThreadWork, log: Log): Promise<number> {
  let end = 0;
  for (let index = 0; index < work.count; index++) {
    const number = work.first + index;
    end = writeNumbered(log, number + 1, number, index % 97 === 0 ? 3000 : index % 23);
    if (index % COMMIT_EVERY !== 0) continue;
    end = commit(log, number + 1);
    if (work.kind === 'async') await whenDurable(log, end);
    else flushTo(log, end);
  }
  if (work.kind === 'async') await whenDurable(log, end);
  else flushTo(log, end);
  return end;
}

const work = workerData as ThreadWork;
const shm = viewSharedMemory(work.handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
const log = attachLog(shm, fixtureWorld(new RealVfs()), fixtureOptions(work.given));
if (work.kind === 'die with credit') {
  takeCredit(log, 16 << 10);
  parentPort?.postMessage([-1]);
} else if (work.kind === 'die leading') {
  storeLogSharedLeader(log.control, log.shared, shm.thread + 1);
  parentPort?.postMessage([-1]);
} else {
  const end = await run(work, log);
  closeLog(log);
  detachThread(shm);
  parentPort?.postMessage([end]);
}
