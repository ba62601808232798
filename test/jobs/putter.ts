/** A thread that queues jobs: 1..count one by one with arguments, and after each one that is queued once. */
import { workerData } from 'node:worker_threads';
import { JOB_OTHER, JOB_WRITE_PAGES } from '../../engine/jobs/jobs.ts';
import { putJob, putJobOnce } from '../../engine/jobs/queue.ts';
import { type SharedMemoryHandle, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { jobsOf } from './bodies.ts';

const { handle, count } = workerData as { handle: SharedMemoryHandle; count: number };
const shm = viewSharedMemory(handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
const jobs = jobsOf(shm);
const nothing = new Int32Array(new SharedArrayBuffer(4));
for (let number = 1; number <= count; number++) {
  while (!putJob(jobs, JOB_OTHER, number, 0, 0)) Atomics.wait(nothing, 0, 0, 1);
  putJobOnce(jobs, JOB_WRITE_PAGES);
}
detachThread(shm);
