/**
 * A version is tried before any worker sees it: in a thread of its own, which may loop, run out of memory or end, and is given a
 * bounded time and heap. What it says is a reason to refuse the version, or nothing.
 */

import { Worker } from 'node:worker_threads';
import type { PluginFile } from './plugin-file.ts';
import { refused } from './plugin-file.ts';

/** Milliseconds to compile and to try itself: grammars are built in it. */
const PROBE_MS = 10_000;
const PROBE_HEAP_MB = 512;

export interface ProbeAnswer {
  /** Null: it is as it should be. */
  readonly fault: string | null;
}

/** Resolves when the version has tried itself; rejects with 42P17 and the reason. */
export async function probe(text: string, { manifest }: PluginFile, milliseconds = PROBE_MS): Promise<void> {
  const what = `${manifest.name} ${manifest.version}`;
  const worker = new Worker(new URL('./probe-thread.ts', import.meta.url), {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: PROBE_HEAP_MB, stackSizeMb: 8 },
    name: `probe of ${what}`,
  });
  const fault = await answerOf(worker, milliseconds);
  await worker.terminate();
  if (fault !== null) throw refused(what, fault);
}

function answerOf(worker: Worker, milliseconds: number): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(`it did not come to an end within ${milliseconds / 1000} s`), milliseconds);
    const answer = (fault: string | null): void => {
      clearTimeout(timer);
      resolve(fault);
    };
    worker.once('message', ({ fault }: ProbeAnswer) => answer(fault));
    worker.once('error', (error: Error) => answer(`it ended its thread: ${error.message}`));
    worker.once('exit', (code) => answer(`it ended its thread with ${code}`));
  });
}
