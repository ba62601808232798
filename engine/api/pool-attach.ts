/** How a thread of the pool attaches (engine/jobs/pool-worker.ts imports this by its address). */

import { Helper } from '../../codegen/jit/gather-worker.ts';
import type { GatherTask } from '../../codegen/jit/gather-task.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { AccessedKernel, helpersOf } from './accessed-kernel.ts';
import { registerAutoAnalyze } from './auto-analyze.ts';
import { attachPoolKernel, type Kernel, type KernelHandle } from './kernel.ts';

export function attachPoolThread(handle: unknown): { jobs: Jobs; detach: () => void } {
  const kernel = attachPoolKernel(handle as KernelHandle);
  const leave = helpStatements(kernel);
  registerAutoAnalyze(kernel);
  return {
    jobs: kernel.jobs,
    detach: () => {
      leave();
      kernel.close();
    },
  };
}

/** The thread takes part in statements that are spread. Returns what ends that. */
function helpStatements(kernel: Kernel): () => void {
  const helpers = helpersOf(kernel);
  if (helpers === null) return () => {};
  let task: GatherTask | null = null;
  const access = new AccessedKernel(kernel, () => task?.workMemory ?? 0, null);
  const helper = new Helper({
    helpers,
    access,
    runtime: (table) => kernel.tableById(table.kernelTable).runtime,
    within(body) {
      kernel.enter(() => {
        const tx = kernel.begin({ readOnly: true });
        try {
          body(tx);
        } finally {
          kernel.rollback(tx);
        }
      });
    },
  });
  const next = helpers.listen();
  kernel.jobs.help = () => {
    let helped = false;
    for (let message = next(); message !== undefined; message = next()) {
      task = message as GatherTask;
      if (helper.help(task)) helped = true;
      task = null;
    }
    return helped;
  };
  return () => helpers.close();
}
