/** How a thread of the pool attaches (engine/jobs/pool-worker.ts imports this by its address). */

import type { Jobs } from '../jobs/jobs.ts';
import { attachPoolKernel, type KernelHandle } from './kernel.ts';

export function attachPoolThread(handle: unknown): { jobs: Jobs; detach: () => void } {
  const kernel = attachPoolKernel(handle as KernelHandle);
  return { jobs: kernel.jobs, detach: () => kernel.close() };
}
