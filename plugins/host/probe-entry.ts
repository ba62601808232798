/** The thread in which a version of a plugin tries itself (probe.ts). */

import { parentPort, workerData } from 'node:worker_threads';
import { runScript, selfTest } from './loaded-plugin.ts';
import { readPluginFile } from './plugin-file.ts';
import type { ProbeAnswer } from './probe.ts';

function fault(text: string): string | null {
  try {
    selfTest(runScript(readPluginFile(text, 'file')));
    return null;
  } catch (error) {
    return (error as Error).message.replace(/^plugin .* is refused: /, '');
  }
}

/** Answers once. */
export function runProbe(): void {
  const answer: ProbeAnswer = { fault: fault(workerData as string) };
  parentPort?.postMessage(answer);
}
