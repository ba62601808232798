/** Runs bodies of test/shm/bodies.ts in real worker threads over one shared memory. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createSharedMemory, handleOf, type SharedMemory, type SharedMemoryOptions } from '../../shm/shared-memory.ts';
import type { bodies } from './bodies.ts';

export type BodyName = keyof typeof bodies;

export interface Part {
  body: BodyName;
  data?: Record<string, number>;
}

export interface StartOptions {
  resourceLimits?: { maxOldGenerationSizeMb?: number; stackSizeMb?: number };
}

export interface StartedThread {
  readonly worker: Worker;
  /** Ends with the body's result; fails with what the body threw or the thread died of. */
  readonly result: Promise<unknown>;
  /** Resolves once the thread has ended, however. */
  readonly ended: Promise<void>;
}

/** A small memory with regions for the tests: 'words' (4 KiB), 'map', 'queue'. */
export function smallMemory(options: Partial<SharedMemoryOptions> = {}): SharedMemory {
  return createSharedMemory({
    frames: 64,
    threadSlots: 8,
    ringBytes: 65536,
    heapBytes: 4 << 20,
    versionBytes: 65536,
    framesPerSegment: 16,
    regions: [
      { name: 'words', bytes: 4096 },
      { name: 'map', bytes: 4096 },
      { name: 'queue', bytes: 8192 },
    ],
    ...options,
  });
}

/** Starts one body in a thread of its own, attached to the memory. It waits for word 0 of `go` to become 1. */
export function startThread(shm: SharedMemory, part: Part, go: Int32Array, options: StartOptions = {}): StartedThread {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { handle: handleOf(shm), body: part.body, data: part.data ?? {}, go },
    ...options,
  });
  const ended = once(worker, 'exit').then(
    () => undefined,
    () => undefined,
  );
  const result = new Promise<unknown>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the thread ended with ${code} and gave no result`)));
  });
  // Whoever lets a thread die does not look at its result.
  result.catch(() => undefined);
  return { worker, result, ended };
}

/** Runs all parts at once, each in its own thread, and returns their results in order. */
export async function runThreads(shm: SharedMemory, parts: readonly Part[]): Promise<unknown[]> {
  const go = new Int32Array(new SharedArrayBuffer(8));
  const threads = parts.map((part) => startThread(shm, part, go));
  while (Atomics.load(go, 1) < parts.length) await sleep(2);
  Atomics.store(go, 0, 1);
  Atomics.notify(go, 0);
  try {
    return await Promise.all(threads.map((thread) => thread.result));
  } finally {
    await Promise.all(threads.map((thread) => thread.worker.terminate()));
  }
}

/** Starts one thread and waits until its body has run up to where it stores 1 into word 1023 of 'words'. */
export async function startUntilReady(shm: SharedMemory, part: Part, options: StartOptions = {}): Promise<StartedThread> {
  const go = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(go, 0, 1);
  const word = (shm.regions.words >>> 2) + READY_WORD;
  Atomics.store(shm.i32, word, 0);
  const thread = startThread(shm, part, go, options);
  let failure: unknown;
  thread.result.catch((error: unknown) => {
    failure = error;
  });
  while (Atomics.load(shm.i32, word) === 0) {
    if (failure !== undefined) throw failure;
    await sleep(2);
  }
  return thread;
}

/** Index in 'words' of the word that a body sets when it has come to its point. */
export const READY_WORD = 1023;

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
