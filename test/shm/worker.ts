/** One thread of a test: attaches, waits for the start, runs its body, posts the result. */
import { parentPort, workerData } from 'node:worker_threads';
import { type SharedMemoryHandle, viewSharedMemory } from '../../shm/shared-memory.ts';
import { attachThread, detachThread, THREAD_ROLE_ATTACHED } from '../../shm/threads.ts';
import { bodies } from './bodies.ts';

const { handle, body, data, go } = workerData as {
  handle: SharedMemoryHandle;
  body: keyof typeof bodies;
  data: Record<string, number>;
  go: Int32Array;
};
const shm = viewSharedMemory(handle);
attachThread(shm, THREAD_ROLE_ATTACHED);
Atomics.add(go, 1, 1);
while (Atomics.load(go, 0) === 0) Atomics.wait(go, 0, 0, 100);
const result = await bodies[body](shm, data);
if (result !== 'keeps its slot') detachThread(shm);
parentPort?.postMessage(result);
